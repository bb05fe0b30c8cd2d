"""Access Analyzer's policy checks: what is wrong with a policy document, where, and how much it matters.

Source: IAM User Guide, "Access Analyzer policy check reference": the checks, their kinds and issue codes (a
code is its check's title). What they say is in our words. What AWS's services refuse on write, and no check
here found, is told by ``cloudlings.iam.validation``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cloudlings.iam.validation import Kind, validate
from cloudlings.sandbox.own.json_places import Path, Span, line_and_column, spans

Level = Literal["ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION"]
_LINK: Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    "#access-analyzer-reference-policy-checks-"
)
_ANCHORS: Final = {
    "ERROR": "error", "SECURITY_WARNING": "security-warning", "WARNING": "general-warning",
    "SUGGESTION": "suggestion",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One finding: its issue code, what it says, and the paths in the document that it is about.

    ``offset`` is where reading stopped, in a text that is no JSON.
    """

    level: Level
    code: str
    details: str
    paths: tuple[Path, ...] = ()
    offset: int | None = None


@dataclass(frozen=True)
class Checked:
    """A document to be checked: its data, and what it is attached to.

    ``kind`` is validation's; ``generic`` for a resource policy of no named type.
    """

    data: Any
    kind: Kind
    generic: bool = False

    @property
    def names_principals(self) -> bool:
        """Whether it is a policy of a resource."""
        return self.kind not in ("inline", "scp")


def check(text: str, kind: Kind, *, generic: bool = False) -> tuple[Finding, ...]:
    """Every finding about a policy document, in its order, errors first."""
    from cloudlings.sandbox.own.analyzer.rules import findings

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        offset = error.pos if isinstance(error, json.JSONDecodeError) else 0
        words = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        details = f"The document is not JSON: {words}."
        return (Finding("ERROR", "JSON_SYNTAX_ERROR", details, offset=offset),)
    found = list(findings(Checked(data, kind, generic)))
    if not found:
        found += _refused(text, kind, generic)
    order = tuple(_ANCHORS)
    return tuple(sorted(found, key=lambda one: order.index(one.level)))


def _refused(text: str, kind: Kind, generic: bool) -> Iterator[Finding]:
    """What a service refuses on write, beyond the checks."""
    for problem in validate(text, kind):
        sized = problem.code in ("LimitExceeded", "PolicyTooLarge")
        if sized or not generic:
            yield Finding("ERROR", "INVALID_POLICY_ELEMENT", problem.message, (_path(problem.place.path),))


def _path(place: str) -> Path:
    """``Statement[1].Action`` as a path."""
    parts = filter(None, place.replace("]", "").replace("[", ".").split("."))
    return tuple(int(part) if part.isdecimal() else part for part in parts)


# --- as the API shows them -----------------------------------------------------------------------


def shown(finding: Finding, text: str) -> dict[str, Any]:
    """A finding as ValidatePolicy gives it."""
    known = spans(text)
    if finding.offset is not None:
        locations = [_location((), Span(finding.offset, min(finding.offset + 1, len(text))), text)]
    else:
        locations = [_location(path, _span(path, known), text) for path in finding.paths or ((),)]
    anchor = f"{_ANCHORS[finding.level]}-{finding.code.lower().replace('_', '-')}"
    return {
        "findingDetails": finding.details,
        "findingType": finding.level,
        "issueCode": finding.code,
        "learnMoreLink": _LINK + anchor,
        "locations": locations,
    }


def _span(path: Path, known: Mapping[Path, Span]) -> Span:
    """The place of a path, or of what is nearest above it."""
    if path not in known and path[:2] == ("Statement", 0):
        path = ("Statement", *path[2:])  # an only statement may stand without a list
    while path and path not in known:
        path = path[:-1]
    return known.get(path, Span(0, 0))


def _location(path: Path, span: Span, text: str) -> dict[str, Any]:
    elements = [{"index": part} if isinstance(part, int) else {"value": part} for part in path]
    ends = {"start": _position(span.start, text), "end": _position(span.end, text)}
    return {"path": elements, "span": ends}


def _position(offset: int, text: str) -> dict[str, int]:
    line, column = line_and_column(text, offset)
    return {"line": line, "column": column, "offset": offset}
