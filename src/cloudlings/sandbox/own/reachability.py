"""A path of Reachability Analyzer's, decided by the network engine, in the shape of its analyses.

Sources: EC2 API reference, NetworkInsightsPath, PathRequestFilter, NetworkInsightsAnalysis; VPC Reachability
Analyzer guide, "How Reachability Analyzer works".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cloudlings.network import Network, Trace
    from cloudlings.network.result import Hop

KINDS: Final = {
    "i": "instance", "eni": "network-interface", "igw": "internet-gateway", "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment", "vpce": "vpc-endpoint", "vpce-svc": "vpc-endpoint-service",
    "pcx": "vpc-peering-connection", "vgw": "vpn-gateway", "sg": "security-group", "acl": "network-acl",
    "rtb": "route-table", "subnet": "subnet", "vpc": "vpc", "nat": "natgateway", "pl": "prefix-list",
    "eigw": "egress-only-internet-gateway", "tgw-rtb": "transit-gateway-route-table",
}  # fmt: skip
"""What the ids of EC2 begin with, and what their ARNs call them."""
_BEYOND: Final = ("internet", "internet6")
# More ports than these of a range are not tried: rules divide a range into few parts.
_MOST_PORTS = 64


class Undecided(Exception):
    """What the engine does not decide; the text names it."""


@dataclass(frozen=True)
class Question:
    """One analysis: the path as it was created, and the components that it must or must not pass."""

    path: Mapping[str, Any]
    through: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


def arn_of(component: str, account_id: str, region: str) -> str:
    """The ARN of something in EC2 by its id; "" for what has none."""
    kind = KINDS.get(component.rpartition("-")[0], "")
    return f"arn:aws:ec2:{region}:{account_id}:{kind}/{component}" if kind else ""


def analyse(network: Network, question: Question) -> dict[str, Any]:
    """The members of a NetworkInsightsAnalysis that say what was found; ``failed`` names what is open."""
    from cloudlings.network import trace

    path = question.path
    source, destination = _ends(path)
    try:
        _check_filters(path)
        ports = _ports(network, path)
        traces = (trace(network, source, destination, str(path["Protocol"]), port) for port in ports)
        found = _best(traces, path)
        _check_way(found, question, network)
    except Undecided as error:
        return {"Status": "failed", "StatusMessage": str(error), "NetworkPathFound": False}
    return _as_the_analyzer_shows(found.as_analysis(), network)


def _as_the_analyzer_shows(shown: dict[str, Any], network: Network) -> dict[str, Any]:
    """An analysis whose paths begin and end at the gateway, with the interface before each instance.

    The analyzer has no component beyond a gateway, and tells an instance's interface apart from it.
    """
    for name in ("ForwardPathComponents", "ReturnPathComponents"):
        inside = [each for each in shown.get(name, ()) if each["Component"]["Id"] not in _BEYOND]
        parts = [part for n, each in enumerate(inside) for part in _parts_of(each, network, leaves=n == 0)]
        if parts:
            shown[name] = [{**part, "SequenceNumber": n} for n, part in enumerate(parts, 1)]
    return shown


def _parts_of(part: dict[str, Any], network: Network, *, leaves: bool) -> list[dict[str, Any]]:
    """A component of a path; of an instance, its interface too, on the side where the packet passes it."""
    instance = part["Component"]["Id"]
    header = part.get("OutboundHeader", {})
    ends = header.get("SourceAddresses" if leaves else "DestinationAddresses", [])
    addresses = {str(end).partition("/")[0] for end in ends}
    mine = [one for one in network.interfaces if one.attached_to == instance]
    card = next((one for one in mine if addresses & {*one.private_ips, *one.public_ips}), None)
    if not instance.startswith("i-") or card is None:
        return [part]
    same = ("OutboundHeader", "Subnet", "Vpc")
    shown: dict[str, Any] = {name: value for name, value in part.items() if name in same}
    shown |= {"Component": {"Id": card.id}, "AttachedTo": part["Component"]}
    return [part, shown] if leaves else [shown, part]


# --- what is asked -------------------------------------------------------------------------------


def _ends(path: Mapping[str, Any]) -> tuple[str, str]:
    """Source and destination: beyond a gateway an address says more than the gateway does."""
    at_source = path.get("FilterAtSource") or {}
    source_address = path.get("SourceIp") or at_source.get("SourceAddress")
    outside = str(path["Source"]).startswith(("igw-", "vgw-"))
    source = str(source_address) if source_address and outside else str(path["Source"])
    address = path.get("DestinationIp") or at_source.get("DestinationAddress")
    return source, str(address or path.get("Destination") or "")


def _check_filters(path: Mapping[str, Any]) -> None:
    for name in ("FilterAtSource", "FilterAtDestination"):
        if (path.get(name) or {}).get("SourcePortRange"):
            raise Undecided(f"A range of source ports ({name}) is not decided here.")


def _ports(network: Network, path: Mapping[str, Any]) -> list[int | None]:
    """The ports to try: one, any, or of a range one for each part that some rule treats alike."""
    wanted = (path.get("FilterAtSource") or {}).get("DestinationPortRange")
    if not wanted:
        return [path.get("DestinationPort")]
    first = int(wanted.get("FromPort", 0))
    last = int(wanted.get("ToPort", first))
    edges = {first, last, *(edge for edge in _edges(network) if first <= edge <= last)}
    if len(edges) > _MOST_PORTS:
        raise Undecided(f"The rules cut the ports {first}-{last} into too many parts to try each.")
    return [*sorted(edges)]


def _edges(network: Network) -> Iterator[int]:
    """Where the rules of a network begin and end to treat ports otherwise."""
    bounds = [(rule.from_port, rule.to_port) for group in network.security_groups for rule in group.rules]
    bounds += [(entry.from_port, entry.to_port) for acl in network.network_acls for entry in acl.entries]
    for port in (port for pair in bounds for port in pair):
        if port is not None and port >= 0:
            yield from (port - 1, port, port + 1)


# --- what was found ------------------------------------------------------------------------------


def _best(traces: Iterator[Trace], path: Mapping[str, Any]) -> Trace:
    """The first trace that arrives as the path's filters say; else an undecided one; else the first."""
    others: list[Trace] = []
    for found in traces:
        if found.reachable and _arrives(found, path):
            return found
        others.append(found if not found.reachable else _elsewhere(found, path))
    return next((one for one in others if one.verdict == "unknown"), others[0])


def _arrives(found: Trace, path: Mapping[str, Any]) -> bool:
    """Whether the packet ends at the destination that was named, and is as the filter there wants it."""
    last = found.forward[-1] if found.forward else None
    if last is None:
        return True
    named = path.get("Destination")
    if named and found.destination != named and named not in _parts(found.forward):
        return False
    wanted = path.get("FilterAtDestination") or {}
    if last.header is None or not wanted:
        return True
    address, source = wanted.get("DestinationAddress"), wanted.get("SourceAddress")
    if (address and address != last.header.destination) or (source and source != last.header.source):
        return False
    return _has_port(wanted, last.header.destination_ports)


def _has_port(wanted: Mapping[str, Any], ports: str) -> bool:
    found = wanted.get("DestinationPortRange")
    if not found or not ports.isdecimal():
        return True
    first = int(found.get("FromPort", 0))
    return first <= int(ports) <= int(found.get("ToPort", first))


def _parts(hops: tuple[Hop, ...]) -> set[str]:
    """Every component that a path passes."""
    on = {hop.component.id for hop in hops}
    return on | {hop.attached_to.id for hop in hops if hop.attached_to is not None}


def _elsewhere(found: Trace, path: Mapping[str, Any]) -> Trace:
    """A trace that ends somewhere else than the path asks: there is no such path."""
    from dataclasses import replace

    from cloudlings.network import Component, Explanation

    end = str(path.get("Destination") or path.get("DestinationIp") or found.destination)
    text = f"Packets get through, but not to {end} as the path's filters ask."
    explanation = Explanation("NO_PATH", Component(end, "place"), text)
    return replace(found, verdict="blocked", sentence=text, explanations=(explanation,))


def _check_way(found: Trace, question: Question, network: Network) -> None:
    """A way that must pass, or must not pass, a component: the engine looks for none but the best."""
    if not found.reachable:
        return
    on = _parts(found.hops)
    on |= {card.id for card in network.interfaces if card.attached_to in on}
    lacking = [one for one in question.through if one not in on]
    met = [one for one in question.around if one in on]
    if lacking or met:
        asked = f"through {', '.join(lacking)}" if lacking else f"around {', '.join(met)}"
        raise Undecided(f"The path that was found is another one; one {asked} is not looked for here.")


def with_arns(shown: Any, account_id: str, region: str) -> Any:
    """An analysis with the ARN of every component that has one."""
    if isinstance(shown, list):
        return [with_arns(each, account_id, region) for each in shown]
    if not isinstance(shown, dict):
        return shown
    found = {name: with_arns(each, account_id, region) for name, each in shown.items()}
    arn = arn_of(str(found.get("Id", "")), account_id, region)
    return {**found, "Arn": arn} if arn else found
