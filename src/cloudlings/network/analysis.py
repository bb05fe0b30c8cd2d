"""A trace in the shape of EC2's NetworkInsightsAnalysis, as botocore ships it."""

from __future__ import annotations

from typing import Any

from .addresses import block
from .model import NetworkAclEntry, Route, SecurityGroupRule, TransitGatewayRoute
from .result import Component, Explanation, Header, Hop, Rule, Trace

#: The member of ``Explanation`` that names a component of a kind.
_MEMBERS = {
    "VPC": "Vpc",
    "subnet": "Subnet",
    "route table": "RouteTable",
    "internet gateway": "InternetGateway",
    "NAT gateway": "NatGateway",
    "VPC peering connection": "VpcPeeringConnection",
    "transit gateway": "TransitGateway",
    "transit gateway attachment": "TransitGatewayAttachment",
    "transit gateway route table": "TransitGatewayRouteTable",
    "VPC endpoint": "VpcEndpoint",
    "prefix list": "PrefixList",
    "security group": "SecurityGroup",
    "network ACL": "Acl",
    "network interface": "NetworkInterface",
}


def analysis(trace: Trace) -> dict[str, Any]:
    """The trace as a ``NetworkInsightsAnalysis``. An unknown one has status ``failed``, as AWS's has."""
    unknown = trace.verdict == "unknown"
    shown: dict[str, Any] = {
        "Status": "failed" if unknown else "succeeded",
        "NetworkPathFound": trace.reachable,
        "Explanations": [explanation(each) for each in trace.explanations],
        "WarningMessage": " ".join(each.text for each in trace.warnings),
    }
    if unknown:
        shown["StatusMessage"] = trace.sentence
    if trace.reachable:
        shown["ForwardPathComponents"] = [path_component(hop) for hop in trace.forward]
        shown["ReturnPathComponents"] = [path_component(hop) for hop in trace.back]
    return shown


def path_component(hop: Hop) -> dict[str, Any]:
    """A hop as a ``PathComponent``."""
    shown: dict[str, Any] = {"SequenceNumber": hop.sequence, "Component": _component(hop.component)}
    if hop.attached_to is not None:
        shown["AttachedTo"] = _component(hop.attached_to)
    if hop.subnet:
        shown["Subnet"] = {"Id": hop.subnet}
    if hop.vpc:
        shown["Vpc"] = {"Id": hop.vpc}
    if hop.header is not None:
        shown["OutboundHeader"] = _header(hop.header)
    if hop.explanations:
        shown["Explanations"] = [explanation(each) for each in hop.explanations]
    return shown | _rule(hop.rule)


def explanation(found: Explanation) -> dict[str, Any]:
    """An explanation in AWS's shape: the code, and each component under the member for its kind."""
    shown: dict[str, Any] = {"ExplanationCode": found.code, "Component": _component(found.component)}
    if found.direction:
        shown["Direction"] = found.direction
    for part in found.components:
        member = _MEMBERS.get(part.kind)
        if member is not None:
            shown.setdefault(member, _component(part))
    if found.header is not None:
        shown["Protocols"] = [found.header.protocol]
    return shown | _rule(found.rule)


def _component(part: Component) -> dict[str, str]:
    return {"Id": part.id, "Name": part.name} if part.name else {"Id": part.id}


def _header(header: Header) -> dict[str, Any]:
    shown: dict[str, Any] = {"Protocol": header.protocol}
    for key, text in (("SourceAddresses", header.source), ("DestinationAddresses", header.destination)):
        found = block(text)
        if found is not None and found.family == 4:
            shown[key] = [text if "/" in text else f"{text}/32"]
    for key, text in (
        ("SourcePortRanges", header.source_ports),
        ("DestinationPortRanges", header.destination_ports),
    ):
        ranges = [_range(part) for part in text.split(", ") if part and part != "any"]
        if ranges:
            shown[key] = ranges
    return shown


def _range(text: str) -> dict[str, int]:
    first, _, last = text.partition("–")
    return {"From": int(first), "To": int(last or first)}


def _ports(first: int | None, last: int | None) -> dict[str, Any]:
    if first is None or first < 0:
        return {}
    return {"PortRange": {"From": first, "To": first if last is None else last}}


def _rule(rule: Rule | None) -> dict[str, Any]:
    match rule:
        case SecurityGroupRule():
            shown = {"Direction": rule.direction, "Protocol": rule.protocol}
            peers = {"Cidr": rule.cidr, "PrefixListId": rule.prefix_list, "SecurityGroupId": rule.group}
            shown |= {key: value for key, value in peers.items() if value}
            return {"SecurityGroupRule": shown | _ports(rule.from_port, rule.to_port)}
        case NetworkAclEntry():
            entry: dict[str, Any] = {
                "Cidr": rule.cidr,
                "Egress": rule.egress,
                "Protocol": rule.protocol,
                "RuleAction": rule.action,
                "RuleNumber": rule.number,
            }
            return {"AclRule": entry | _ports(rule.from_port, rule.to_port)}
        case Route():
            return {"RouteTableRoute": _route(rule)}
        case TransitGatewayRoute():
            transit = {
                "DestinationCidr": rule.destination,
                "State": rule.state,
                "RouteOrigin": rule.type,
                "AttachmentId": rule.attachment,
            }
            return {"TransitGatewayRouteTableRoute": {key: value for key, value in transit.items() if value}}
        case _:
            return {}


_TARGETS = {
    "nat-": "NatGatewayId",
    "pcx-": "VpcPeeringConnectionId",
    "tgw-": "TransitGatewayId",
    "eigw-": "EgressOnlyInternetGatewayId",
    "eni-": "NetworkInterfaceId",
    "i-": "InstanceId",
}


def _route(route: Route) -> dict[str, str]:
    plain = block(route.destination) is not None
    key = "DestinationCidr" if plain else "DestinationPrefixListId"
    member = next((name for prefix, name in _TARGETS.items() if route.target.startswith(prefix)), "GatewayId")
    return {key: route.destination, member: route.target, "Origin": route.origin, "State": route.state}
