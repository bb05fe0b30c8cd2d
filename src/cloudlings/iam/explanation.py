"""A decision told to a person: one short paragraph, then a table of every layer, as text or HTML.

The paragraph says what was asked, what came out and what decided: the statement that denied or allowed,
or what was missing where. The table quotes the statements. Nothing hangs on colour.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from cloudlings.iam.decision import Decision, Layer, LayerVerdict
from cloudlings.iam.near import near_misses
from cloudlings.iam.request import Request
from cloudlings.iam.statements import Statement

_LAYERS: dict[Layer, str] = {
    "rule": "the service's own rule",
    "rcp": "resource control policies",
    "scp": "service control policies",
    "vpce": "VPC endpoint policy",
    "public-access-block": "Block Public Access",
    "resource": "resource policy",
    "trust": "trust policy",
    "grant": "KMS grants",
    "identity": "identity policies",
    "boundary": "permissions boundary",
    "session": "session policy",
}
_VERDICTS = {"allow": "allows", "deny": "DENIES", "silent": "does not allow", "not-applicable": "has no say"}
_OUTCOMES = {
    "Allowed": "Allowed",
    "ExplicitDeny": "Denied, by an explicit Deny",
    "ImplicitDeny": "Denied, since nothing allows it",
}


def summary(decision: Decision) -> str:
    """The decision in one short paragraph of plain words."""
    asked = _asked(decision.request)
    if decision.outcome == "ExplicitDeny":
        return f"{asked}: denied. {_deniers(decision)} An explicit Deny beats every Allow."
    if decision.outcome == "ImplicitDeny":
        return f"{asked}: denied. {_missing(decision)}"
    return f"{asked}: allowed. {_allowers(decision)}".rstrip()


def explain(decision: Decision) -> str:
    """The paragraph, then each layer with its verdict and the statements that made it, as text."""
    lines = [summary(decision), ""]
    width = max((len(_LAYERS[layer.layer]) for layer in decision.layers), default=0)
    for layer in decision.layers:
        note = f" ({layer.note})" if layer.note else ""
        lines.append(f"  {_LAYERS[layer.layer]:<{width}}  {_VERDICTS[layer.verdict]}{note}")
        lines += [f"  {'':<{width}}    {one.label}: {quote(one)}" for one in layer.statements]
    return "\n".join(lines).rstrip()


def explain_html(decision: Decision) -> str:
    """The same as a fragment of HTML: the paragraph open, the table folded. Everything in it is escaped."""
    rows = "".join(_row(layer) for layer in decision.layers)
    return (
        f'<div class="iam-decision"><p><strong>{escape(_OUTCOMES[decision.outcome])}.</strong> '
        f"{escape(summary(decision))}</p>"
        f"<details><summary>Every layer that had a say</summary>"
        f'<table><thead><tr><th scope="col">Layer</th><th scope="col">Verdict</th>'
        f'<th scope="col">Statements</th></tr></thead><tbody>{rows}</tbody></table></details></div>'
    )


def quote(statement: Statement, limit: int = 400) -> str:
    """The statement as JSON on one line, cut off behind ``limit`` characters."""
    text = json.dumps(dict(statement.source), ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _row(layer: LayerVerdict) -> str:
    statements = "".join(
        f"<p>{escape(one.label)}</p><pre>{escape(quote(one))}</pre>" for one in layer.statements
    )
    note = f"<br>{escape(layer.note)}" if layer.note else ""
    return (
        f'<tr><th scope="row">{escape(_LAYERS[layer.layer])}</th>'
        f"<td>{escape(_VERDICTS[layer.verdict])}{note}</td><td>{statements}</td></tr>"
    )


def _asked(request: Request) -> str:
    who = request.principal.arn or "an anonymous caller"
    return f"{who} asks for {request.action} on {request.resource}"


def _deniers(decision: Decision) -> str:
    named = _labels(decision.statements)
    return f"{_capital(_join(named))} {'denies' if len(named) == 1 else 'deny'} it."


def _missing(decision: Decision) -> str:
    """What would have had to allow and did not, layer by layer."""
    lacking = [_capital(_lack(layer)) for layer in decision.missing]
    resource = decision.layer("resource")
    alone = [layer.layer for layer in decision.missing] == ["identity"]
    if alone and resource.verdict == "silent" and decision.request.same_account:
        lacking.append("Nor does the resource policy.")
    lacking += [_capital(str(near)) for near in near_misses(decision)[:1]]
    return " ".join(lacking) or "Nothing allows it."


def _lack(layer: LayerVerdict) -> str:
    if layer.layer in ("rule", "public-access-block", "scp"):
        return f"{layer.note}."
    none = not layer.statements and layer.note == "there is none"
    if none:
        return f"there is no {_LAYERS[layer.layer]} that allows it."
    lead = f"the {_LAYERS[layer.layer]}"
    if layer.layer == "identity":
        lead = "the caller's identity policies"
    note = f" ({layer.note})" if layer.note else ""
    return f"no statement of {lead} allows it{note}."


def _allowers(decision: Decision) -> str:
    if decision.statements:
        return f"{_capital(_join(_labels(decision.statements)))} {_allow_verb(decision.statements)} it."
    for layer in decision.layers:
        if layer.layer in ("rule", "grant", "identity") and layer.verdict == "allow":
            note = "a KMS grant lets the caller do so" if layer.layer == "grant" else layer.note
            return f"{_capital(note)}." if note else ""
    return ""


def _allow_verb(statements: Iterable[Statement]) -> str:
    return "allows" if len(set(_labels(statements))) == 1 else "allow"


def _labels(statements: Iterable[Statement]) -> list[str]:
    return list(dict.fromkeys(statement.label for statement in statements))


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
