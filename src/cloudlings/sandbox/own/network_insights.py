"""EC2's Reachability Analyzer on its real API: paths, and analyses that the network engine answers.

Source: EC2 API reference, those operations; error codes as AWS's own CloudFormation handlers know them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any, Final

from cloudlings.errors import CloudlingsError
from cloudlings.sandbox.own.reachability import KINDS, Question, analyse, arn_of, with_arns
from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers

if TYPE_CHECKING:
    import boto3

QUOTA_PATHS, QUOTA_ANALYSES = 100, 1000
_PAGE: Final = 100
_KEPT_OF_A_PATH: Final = (
    "SourceIp", "DestinationIp", "Protocol", "DestinationPort", "FilterAtSource", "FilterAtDestination",
)  # fmt: skip
# What may be an end of a path, and how EC2 tells whether it is there.
_ENDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "i": ("DescribeInstances", "Reservations", "instance-id"),
    "eni": ("DescribeNetworkInterfaces", "NetworkInterfaces", "network-interface-id"),
    "igw": ("DescribeInternetGateways", "InternetGateways", "internet-gateway-id"),
    "pcx": ("DescribeVpcPeeringConnections", "VpcPeeringConnections", "vpc-peering-connection-id"),
    "tgw": ("DescribeTransitGateways", "TransitGateways", "transit-gateway-id"),
    "tgw-attach": (
        "DescribeTransitGatewayAttachments",
        "TransitGatewayAttachments",
        "transit-gateway-attachment-id",
    ),
    "vgw": ("DescribeVpnGateways", "VpnGateways", "vpn-gateway-id"),
    "vpce": ("DescribeVpcEndpoints", "VpcEndpoints", "vpc-endpoint-id"),
}


# --- paths ---------------------------------------------------------------------------------------


@answers("ec2", "CreateNetworkInsightsPath")
async def create_path(given: Handling) -> Answer:
    """Keep a path: from where, to where, by which protocol and port."""
    asked, paths = given.input, _paths(given)
    refused = _wrong_input(asked) or _again(paths.values(), asked)
    if refused is not None:
        return refused
    same = _same_token(paths.values(), asked)
    if same is not None:
        return {"NetworkInsightsPath": _shown(same)}
    for end, name in (("Source", asked.get("Source")), ("Destination", asked.get("Destination"))):
        refused = await _missing_end(given, end, str(name)) if name else None
        if refused is not None:
            return refused
    if len(paths) >= QUOTA_PATHS:
        return Refusal(
            "NetworkInsightsPath.LimitExceeded", f"You have reached the limit of {QUOTA_PATHS} paths."
        )
    if asked.get("DryRun"):
        return _dry_run()
    path = _path(given, asked)
    paths[path["NetworkInsightsPathId"]] = path
    return {"NetworkInsightsPath": _shown(path)}


@answers("ec2", "DescribeNetworkInsightsPaths")
def describe_paths(given: Handling) -> Answer:
    """The paths, oldest first."""
    paths, asked = _paths(given), given.input
    wanted = asked.get("NetworkInsightsPathIds", [])
    unknown = _unknown("NetworkInsightsPath", wanted, paths)
    if unknown is not None:
        return unknown
    found = [one for id_, one in paths.items() if not wanted or id_ in wanted]
    found = [one for one in found if _fits(one, asked.get("Filters", []), _PATH_FILTERS)]
    return _page(found, "NetworkInsightsPaths", asked)


@answers("ec2", "DeleteNetworkInsightsPath")
def delete_path(given: Handling) -> Answer:
    """Forget a path that no analysis is about any more."""
    id_ = given.input.get("NetworkInsightsPathId", "")
    unknown = _unknown("NetworkInsightsPath", [id_], _paths(given))
    if unknown is not None:
        return unknown
    about = [a for a in _analyses(given).values() if a["NetworkInsightsPathId"] == id_]
    if about:
        code = "AnalysisExistsForNetworkInsightsPath"
        return Refusal(code, f"The network insights path {id_} has {len(about)} analyses. Delete them first.")
    if given.input.get("DryRun"):
        return _dry_run()
    del _paths(given)[id_]
    return {"NetworkInsightsPathId": id_}


def _path(given: Handling, asked: Output) -> Output:
    id_ = f"nip-{secrets.token_hex(9)[:17]}"
    path: Output = {
        "NetworkInsightsPathId": id_,
        "NetworkInsightsPathArn": f"{_arns(given)}:network-insights-path/{id_}",
        "CreatedDate": round(time.time(), 3),
        "Tags": _tags(asked, "network-insights-path"),
        "_token": asked.get("ClientToken", ""),
        "_asked": _without_token(asked),
    }
    for end in ("Source", "Destination"):
        name = str(asked.get(end) or "")
        if name:
            path[end] = name.rpartition("/")[2]
            path[f"{end}Arn"] = name if "/" in name else arn_of(name, given.account_id, given.region)
    return path | {name: asked[name] for name in _KEPT_OF_A_PATH if asked.get(name) is not None}


def _wrong_input(asked: Output) -> Refusal | None:
    """What EC2 refuses of a path before it looks for its ends."""
    if not asked.get("Source") or not (asked.get("Destination") or asked.get("DestinationIp")):
        lacking = "Source" if not asked.get("Source") else "Destination"
        return Refusal("MissingParameter", f"The request must contain the parameter {lacking}")
    if asked.get("Protocol") not in ("tcp", "udp"):
        return _invalid("Protocol", asked.get("Protocol"), "Valid values: tcp, udp.")
    port = asked.get("DestinationPort")
    if port is not None and not (isinstance(port, int) and 0 <= port <= 65535):
        return _invalid("DestinationPort", port, "Ports are 0 to 65535.")
    for name in ("SourceIp", "DestinationIp"):
        if asked.get(name) and not _is_address(asked[name]):
            return _invalid(name, asked[name], "It is no IPv4 address.")
    return _wrong_filters(asked)


def _wrong_filters(asked: Output) -> Refusal | None:
    for name, others in (
        ("FilterAtSource", ("SourceIp", "DestinationPort")),
        ("FilterAtDestination", ("DestinationIp",)),
    ):
        found = asked.get(name)
        if not found:
            continue
        both = next((other for other in others if asked.get(other) is not None), None)
        if both is not None:
            message = f"The parameter {name} cannot be used with the parameter {both}"
            return Refusal("InvalidParameterCombination", message)
        for key in ("SourceAddress", "DestinationAddress"):
            if found.get(key) and not _is_address(found[key]):
                return _invalid(f"{name}.{key}", found[key], "It is no IPv4 address.")
        for key in ("SourcePortRange", "DestinationPortRange"):
            ports = found.get(key) or {}
            if int(ports.get("FromPort", 0)) > int(ports.get("ToPort", 65535)):
                return _invalid(f"{name}.{key}", ports, "FromPort is greater than ToPort.")
    return None


async def _missing_end(given: Handling, end: str, name: str) -> Refusal | None:
    """Why something cannot be an end of a path: EC2 has no such kind of end, or it is not there."""
    id_ = name.rpartition("/")[2]
    known = _ENDS.get(id_.rpartition("-")[0])
    if known is None:
        able = ", ".join(KINDS[prefix] for prefix in _ENDS)
        return _invalid(end, name, f"It must be one of: {able}.")
    operation, member, filter_name = known
    found = await given.read(operation, Filters=[{"Name": filter_name, "Values": [id_]}])
    if found.get(member):
        return None
    return Refusal(f"NetworkInsights{end}.NotFound", f"The {end.lower()} '{name}' does not exist")


def _again(paths: Iterable[Output], asked: Output) -> Refusal | None:
    """A token that stood for another path."""
    same = _same_token(paths, asked)
    if same is None or same["_asked"] == _without_token(asked):
        return None
    message = "The client token was used before, with other parameters."
    return Refusal("IdempotentParameterMismatch", message)


def _same_token(kept: Iterable[Output], asked: Output) -> Output | None:
    token = asked.get("ClientToken")
    return next((one for one in kept if token and one["_token"] == token), None)


def _without_token(asked: Output) -> Output:
    return {name: value for name, value in asked.items() if name not in ("ClientToken", "DryRun")}


# --- analyses ------------------------------------------------------------------------------------


@answers("ec2", "StartNetworkInsightsAnalysis")
def start_analysis(given: Handling) -> Answer:
    """Have a path analysed; the answer comes before the result."""
    asked, analyses = given.input, _analyses(given)
    id_ = asked.get("NetworkInsightsPathId", "")
    refused = _unknown("NetworkInsightsPath", [id_], _paths(given)) or _again(analyses.values(), asked)
    if refused is not None:
        return refused
    same = _same_token(analyses.values(), asked)
    if same is not None:
        return {"NetworkInsightsAnalysis": _shown(same)}
    if len(analyses) >= QUOTA_ANALYSES:
        code = "NetworkInsightsAnalysis.LimitExceeded"
        return Refusal(code, f"You have reached the limit of {QUOTA_ANALYSES} analyses.")
    if asked.get("DryRun"):
        return _dry_run()
    analysis = _analysis(given, asked)
    analyses[analysis["NetworkInsightsAnalysisId"]] = analysis
    _begin(given, analysis)
    return {"NetworkInsightsAnalysis": _shown(analysis)}


@answers("ec2", "DescribeNetworkInsightsAnalyses")
def describe_analyses(given: Handling) -> Answer:
    """The analyses, oldest first."""
    analyses, asked = _analyses(given), given.input
    wanted, path = asked.get("NetworkInsightsAnalysisIds", []), asked.get("NetworkInsightsPathId")
    unknown = _unknown("NetworkInsightsAnalysis", wanted, analyses)
    if unknown is None and path:
        unknown = _unknown("NetworkInsightsPath", [path], _paths(given))
    if unknown is not None:
        return unknown
    for one in analyses.values():
        _begin(given, one)
    found = [one for id_, one in analyses.items() if not wanted or id_ in wanted]
    found = [one for one in found if not path or one["NetworkInsightsPathId"] == path]
    found = [one for one in found if _is_between(one["StartDate"], asked)]
    found = [one for one in found if _fits(one, asked.get("Filters", []), _ANALYSIS_FILTERS)]
    return _page(found, "NetworkInsightsAnalyses", asked)


@answers("ec2", "DeleteNetworkInsightsAnalysis")
def delete_analysis(given: Handling) -> Answer:
    """Forget an analysis."""
    id_ = given.input.get("NetworkInsightsAnalysisId", "")
    unknown = _unknown("NetworkInsightsAnalysis", [id_], _analyses(given))
    if unknown is not None:
        return unknown
    if given.input.get("DryRun"):
        return _dry_run()
    del _analyses(given)[id_]
    return {"NetworkInsightsAnalysisId": id_}


def _analysis(given: Handling, asked: Output) -> Output:
    id_ = f"nia-{secrets.token_hex(9)[:17]}"
    named = {
        name: asked[name]
        for name in ("AdditionalAccounts", "FilterInArns", "FilterOutArns")
        if asked.get(name)
    }
    return {
        "NetworkInsightsAnalysisId": id_,
        "NetworkInsightsAnalysisArn": f"{_arns(given)}:network-insights-analysis/{id_}",
        "NetworkInsightsPathId": asked["NetworkInsightsPathId"],
        **named,
        "StartDate": round(time.time(), 3),
        "Status": "running",
        "Tags": _tags(asked, "network-insights-analysis"),
        "_token": asked.get("ClientToken", ""),
        "_asked": _without_token(asked),
    }


_under_way: set[tuple[str, str]] = set()


def _begin(given: Handling, analysis: Output) -> None:
    """Have an analysis carried out, if nobody does: the sandbox may have stopped while it was running."""
    id_ = analysis["NetworkInsightsAnalysisId"]
    path = _paths(given).get(analysis["NetworkInsightsPathId"])
    if analysis["Status"] != "running" or path is None or (given.account_id, id_) in _under_way:
        return
    filters = (_ids(analysis.get("FilterInArns")), _ids(analysis.get("FilterOutArns")))
    _under_way.add((given.account_id, id_))
    given.begin(_carry_out(given, id_, Question(dict(path), *filters)))


async def _carry_out(given: Handling, id_: str, question: Question) -> None:
    """Analyse, and keep what was found; nothing is kept of an analysis that is gone by then."""
    try:
        session = await given.services.session(given.account_id, given.region)
        found = await asyncio.to_thread(_found, session, question, given.region)
    except CloudlingsError as error:
        found = {"Status": "failed", "StatusMessage": f"The network cannot be read: {error.message}"}
    except Exception as error:
        print(f"analysis {id_} failed: {type(error).__name__}: {error}", flush=True)
        found = {"Status": "failed", "StatusMessage": "The analysis failed inside the sandbox."}
    finally:
        _under_way.discard((given.account_id, id_))
    analysis = _analyses(given).get(id_)
    if analysis is not None:
        analysis.update(with_arns(found, given.account_id, given.region))
        given.keep()


def _found(session: boto3.Session, question: Question, region: str) -> Output:
    from cloudlings.network import read_network

    return analyse(read_network(session, region=region), question)


# --- what both share -----------------------------------------------------------------------------


def _paths(given: Handling) -> dict[str, Output]:
    found: dict[str, Output] = given.kept.setdefault("network-insights-paths", {})
    return found


def _analyses(given: Handling) -> dict[str, Output]:
    found: dict[str, Output] = given.kept.setdefault("network-insights-analyses", {})
    return found


def _arns(given: Handling) -> str:
    return f"arn:aws:ec2:{given.region}:{given.account_id}"


def _shown(kept: Output) -> Output:
    return {name: value for name, value in kept.items() if not name.startswith("_") and value != ""}


def _tags(asked: Output, kind: str) -> list[Output]:
    return [t for s in asked.get("TagSpecifications", []) if s.get("ResourceType") == kind for t in s["Tags"]]


def _ids(arns: list[str] | None) -> tuple[str, ...]:
    return tuple(arn.rpartition("/")[2] for arn in arns or ())


def _unknown(what: str, wanted: list[str], kept: Mapping[str, Any]) -> Refusal | None:
    missing = [id_ for id_ in wanted if id_ not in kept]
    if not missing:
        return None
    words = "network insights path" if what == "NetworkInsightsPath" else "network insights analysis"
    return Refusal(f"Invalid{what}Id.NotFound", f"The {words} ID '{', '.join(missing)}' does not exist")


def _invalid(parameter: str, value: Any, why: str) -> Refusal:
    return Refusal("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid. {why}")


def _dry_run() -> Refusal:
    return Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _is_between(epoch: float, asked: Output) -> bool:
    first, last = _epoch(asked.get("AnalysisStartTime")), _epoch(asked.get("AnalysisEndTime"))
    return (first is None or epoch >= first) and (last is None or epoch <= last)


def _epoch(text: Any) -> float | None:
    if text is None:
        return None
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()


_Filters = Mapping[str, Callable[[Output], Any]]


def _range_in(name: str, end: str, key: str) -> Callable[[Output], Any]:
    def read(path: Output) -> Any:
        found = path.get(name, {}).get(f"{end}{key}", {})
        return f"{found.get('FromPort')}-{found.get('ToPort')}" if isinstance(found, dict) else found

    return read


_PATH_FILTERS: _Filters = {
    "source": lambda path: path.get("Source"),
    "destination": lambda path: path.get("Destination"),
    "source-ip": lambda path: path.get("SourceIp"),
    "destination-ip": lambda path: path.get("DestinationIp"),
    "protocol": lambda path: path.get("Protocol"),
    "destination-port": lambda path: path.get("DestinationPort"),
    **{
        f"filter-at-{at.lower()}.{end.lower()}-{word}": _range_in(f"FilterAt{at}", end, key)
        for at in ("Source", "Destination")
        for end in ("Source", "Destination")
        for word, key in (("address", "Address"), ("port-range", "PortRange"))
    },
}
_ANALYSIS_FILTERS: _Filters = {
    "path-found": lambda analysis: str(analysis.get("NetworkPathFound", False)).lower(),
    "status": lambda analysis: analysis["Status"],
}


def _fits(one: Output, filters: list[Output], known: _Filters) -> bool:
    tags = {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])}
    for each in filters:
        name, values = str(each.get("Name", "")), [str(value) for value in each.get("Values", [])]
        if name == "tag-key":
            fits = bool(set(values) & set(tags))
        elif name.startswith("tag:"):
            fits = tags.get(name[4:]) in values
        else:
            fits = name in known and str(known[name](one)) in values
        if not fits:
            return False
    return True


def _page(found: list[Output], member: str, asked: Output) -> Answer:
    token = str(asked.get("NextToken") or "0")
    first = int(token) if token.isdecimal() else -1
    if not 0 <= first <= len(found):
        return _invalid("NextToken", token, "It was not given by this operation.")
    most = asked.get("MaxResults", _PAGE)
    if not 1 <= most <= _PAGE:
        return _invalid("MaxResults", most, f"Expecting a value between 1 and {_PAGE}.")
    last = first + most
    more = str(last) if last < len(found) else None
    return {member: [_shown(one) for one in found[first:last]], "NextToken": more}
