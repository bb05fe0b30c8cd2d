"""The one sentence of a trace, for a learner: what was asked, what was found, and what decides it."""

from __future__ import annotations

from .result import Explanation, Trace


def sentence_of(trace: Trace) -> str:
    """One or two plain sentences with real ids. Never how to repair it."""
    what = f"{place(trace.source)} {{}} {place(trace.destination)}{_on(trace)}"
    if trace.verdict == "reachable":
        path = _via(trace)
        partial = f" But: {trace.warnings[0].text}" if trace.warnings else ""
        return f"{_capital(what.format('can reach'))}{path}, and the replies come back.{partial}"
    if trace.verdict == "unknown":
        reason = trace.explanations[0].text if trace.explanations else ""
        return f"Whether {what.format('can reach')} cannot be told: {reason}"
    first, others = _first(trace)
    more = f" {others} more {'thing stops' if others == 1 else 'things stop'} it." if others else ""
    return f"{_capital(what.format('cannot reach'))}. {first}{more}"


def place(name: str) -> str:
    """A place in words."""
    if name == "internet":
        return "the internet"
    if name == "internet6":
        return "the internet over IPv6"
    if name.startswith("service:"):
        return f"the AWS service {name.removeprefix('service:')}"
    return name


def _on(trace: Trace) -> str:
    if trace.protocol in ("-1", "all"):
        return ""
    if trace.protocol.startswith("icmp"):
        return " by ping (ICMP)" if trace.port in (None, 8, 128) else f" by ICMP type {trace.port}"
    return (
        f" on {trace.protocol} port {trace.port}"
        if trace.port is not None
        else f" on any {trace.protocol} port"
    )


def _via(trace: Trace) -> str:
    kinds = (
        "internet gateway",
        "egress-only internet gateway",
        "NAT gateway",
        "VPC peering connection",
        "transit gateway",
        "VPC endpoint",
        "load balancer",
    )
    passed = [
        str(hop.component)
        for hop in trace.forward
        if hop.component.kind in kinds and hop.component.id not in (trace.source, trace.destination)
    ]
    names = list(dict.fromkeys(passed))
    return f" through {', then '.join(names)}" if names else ""


def _first(trace: Trace) -> tuple[str, int]:
    """The first blocker's sentence, and how many other components stop it too."""
    blockers: dict[tuple[str, str], Explanation] = {}
    for each in trace.explanations:
        blockers.setdefault((each.component.id, each.phase), each)
    reasons = list(blockers.values())
    return (reasons[0].text, len(reasons) - 1) if reasons else ("", 0)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
