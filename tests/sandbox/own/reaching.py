"""The network cases put to Reachability Analyzer: what of a case it can be asked, and what must come out."""

from __future__ import annotations

import ipaddress
import time
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.network.cases import Case
from cloudlings.sandbox import Sandbox
from tests.network.build import build
from tests.network.reading import CASES, REFUSED, unreadable

__all__ = ["CASES", "analysed", "differences", "gap"]


def gap(case: Case) -> str:
    """Why Reachability Analyzer cannot be asked a case of the sandbox's; "" when it can."""
    query = case.query
    if query.get("kind"):
        return "it asks for no path"
    if str(query.get("proto", "tcp")) not in ("tcp", "udp"):
        return "the analyzer knows tcp and udp"
    source, destination = (str(query[end]) for end in ("src", "dst"))
    if destination == "internet" and source == "internet":
        return "both ends are outside"
    for end in (source, destination):
        if end.startswith("service:") or end == "internet6" or ":" in end:
            return "a service's name and IPv6 are no ends of a path"
    if _is_address(source):
        return "a path that begins at an address is none of the analyzer's"
    if _kind(case, source) is None or (_kind(case, destination) is None and not _is_address(destination)):
        return "an end is no instance, gateway or endpoint"
    return unreadable(case)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _kind(case: Case, end: str) -> str | None:
    if end == "internet":
        return "igws" if len(case.topology.get("igws") or {}) == 1 else None
    sections = (s for s in ("instances", "igws") if end in (case.topology.get(s) or {}))
    return next(sections, None)


def analysed(ec2: Any, **path: Any) -> dict[str, Any]:
    """A path's analysis once it is done."""
    made = ec2.create_network_insights_path(**path)["NetworkInsightsPath"]["NetworkInsightsPathId"]
    begun = ec2.start_network_insights_analysis(NetworkInsightsPathId=made)["NetworkInsightsAnalysis"]
    assert begun["Status"] == "running"
    wanted = [begun["NetworkInsightsAnalysisId"]]
    end = time.monotonic() + 60
    while True:
        found = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=wanted)
        (analysis,) = found["NetworkInsightsAnalyses"]
        if analysis["Status"] != "running" or time.monotonic() > end:
            return dict(analysis)
        time.sleep(0.05)


def differences(sandbox: Sandbox, case: Case) -> list[str]:
    """Builds a case as a learner, in an account of its own, and asks Reachability Analyzer its question."""
    account = f"{200_000_000_000 + zlib.crc32(case.id.encode())}"
    sandbox.provision(account)
    session = sandbox.session(account, "learner", "us-east-1")
    try:
        ids = build(case.topology, session).ids
    except ClientError as error:
        reason = REFUSED.get((error.operation_name, error.response["Error"]["Code"]))
        if reason is None:
            raise
        pytest.skip(f"gap: the sandbox refuses it as AWS does: {reason}")
    analysis = analysed(session.client("ec2"), **_path(case, ids))
    return list(_differences(case.expect, analysis, {made: name for name, made in ids.items()}))


def _path(case: Case, ids: Mapping[str, str]) -> dict[str, Any]:
    query = case.query
    gateways = [ids[name] for name in case.topology.get("igws") or {}]
    source, destination = (str(query[end]) for end in ("src", "dst"))
    path: dict[str, Any] = {"Protocol": str(query.get("proto", "tcp"))}
    path["Source"] = gateways[0] if source == "internet" else ids[source]
    if _is_address(destination):
        path["DestinationIp"] = destination
    else:
        path["Destination"] = gateways[0] if destination == "internet" else ids[destination]
    if query.get("port") not in (None, ""):
        path["DestinationPort"] = int(query["port"])
    return path


def _differences(expect: Mapping[str, Any], analysis: dict[str, Any], names: Mapping[str, str]) -> Any:
    wanted = expect.get("verdict") or ("reachable" if expect["reachable"] else "blocked")
    if analysis["Status"] == "failed":
        found = "unknown"
        if not analysis.get("StatusMessage"):
            yield "it does not say what is not decided"
    else:
        found = "reachable" if analysis["NetworkPathFound"] else "blocked"
    if found != wanted:
        yield f"{found}, expected {wanted}: {analysis}"
        return
    if wanted == "unknown":
        return
    codes = {each["ExplanationCode"] for each in analysis["Explanations"]}
    either = {*expect.get("codes", ()), *expect.get("alt", ())}
    if expect.get("alt") and not codes & either:
        yield f"none of the codes {sorted(either)} among {sorted(codes)}"
    if not expect.get("alt") and not expect.get("warning"):
        yield from (f"code {code} is missing" for code in expect.get("codes") or () if code not in codes)
    yield from (f"code {code} should not be there" for code in expect.get("not_codes") or () if code in codes)
    on = set(_ids(analysis))
    on |= {names[each] for each in on if each in names}
    for name in expect.get("path") or ():
        if wanted == "reachable" and name not in on and not str(name).startswith("internet"):
            yield f"{name} is not on the path"


def _ids(shown: Any) -> Any:
    """Every component that an analysis names."""
    if isinstance(shown, list):
        for each in shown:
            yield from _ids(each)
    elif isinstance(shown, dict):
        yield from (shown[key] for key in ("Id", "Name") if key in shown)
        for each in shown.values():
            yield from _ids(each)
