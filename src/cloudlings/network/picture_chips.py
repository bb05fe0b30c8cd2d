"""What is in a subnet, as the picture shows it: one chip for a resource, or for many of a kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cloudlings.network.model import Interface, Network, Subnet
from cloudlings.network.picture_svg import Box

NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class Chip:
    """One resource in a subnet, or several of a kind drawn as one: ``ids`` are all that it stands for."""

    ids: tuple[str, ...]
    tag: str
    label: str
    detail: str = ""
    faint: bool = False
    box: Box = NOWHERE
    count: int = 1
    brief: str = ""
    """``detail`` for a narrow box."""


_BALANCERS = {"application": "ALB", "network": "NLB", "gateway": "GWLB", "classic": "CLB"}


def chips_of(network: Network, subnet: Subnet) -> list[Chip]:
    """What is in a subnet: what balances and translates first, then what runs, then the rest."""
    here = [one for one in network.interfaces if one.subnet == subnet.id]
    made = [
        *_balancer_chips(network, subnet, here),
        *_nat_chips(network, subnet, here),
        *_instance_chips(network, here),
        *_service_chips(network, subnet, here),
    ]
    shown = {one for chip in made for one in chip.ids}
    rest = [one for one in here if one.id not in shown and one.attached_to not in shown]
    return made + [Chip((one.id,), "ENI", one.name or one.id, _address([one]), faint=True) for one in rest]


def _balancer_chips(network: Network, subnet: Subnet, here: list[Interface]) -> Iterator[Chip]:
    for balancer in network.load_balancers:
        if subnet.id in balancer.subnets:
            mine = [one for one in here if one.attached_to == balancer.id or one.id in balancer.interfaces]
            tag, detail = _BALANCERS.get(balancer.type, "LB"), _address(mine) or balancer.scheme
            yield Chip(_ids(balancer.id, mine), tag, balancer.name, detail, brief=_brief(mine))


def _nat_chips(network: Network, subnet: Subnet, here: list[Interface]) -> Iterator[Chip]:
    for nat in network.nat_gateways:
        if nat.subnet == subnet.id and nat.state not in ("deleted", "deleting", "failed"):
            mine = [one for one in here if one.id == nat.interface]
            detail = _address(mine) or (nat.public_ips or (nat.private_ip,))[0]
            if nat.connectivity == "private":
                detail = f"{detail} · private NAT"
            yield Chip(_ids(nat.id, mine), "NAT", nat.name or nat.id, detail, brief=_brief(mine))


def _instance_chips(network: Network, here: list[Interface]) -> Iterator[Chip]:
    of = {one.id: one for one in here}
    for instance in network.instances:
        mine = [of[one] for one in instance.interfaces if one in of]
        if mine and instance.state != "terminated":
            stopped = instance.state != "running"
            detail = f"{instance.state} · {_address(mine)}" if stopped else _address(mine)
            brief = instance.state if stopped else _brief(mine)
            name = instance.name or instance.id
            yield Chip(_ids(instance.id, mine), "EC2", name, detail, faint=stopped, brief=brief)


def _service_chips(network: Network, subnet: Subnet, here: list[Interface]) -> Iterator[Chip]:
    for function in network.functions:
        if subnet.id in function.subnets:
            mine = [one for one in here if one.id in function.interfaces]
            yield Chip(_ids(function.id, mine), "λ", function.name, "function")
    for database in network.databases:
        if subnet.id in database.subnets:
            mine = [one for one in here if one.id in database.interfaces]
            home = not database.az or database.az == subnet.az
            role = "" if home else "standby" if database.multi_az else "may move here"
            detail = role or f"{_address(mine[:1])} port {database.port}"
            brief = (
                role or f"{mine[0].private_ips[0] if mine and mine[0].private_ips else ''}:{database.port}"
            )
            yield Chip(_ids(database.id, mine), "RDS", database.name, detail, faint=not home, brief=brief)
    for endpoint in network.endpoints:
        if endpoint.type != "Gateway" and subnet.id in endpoint.subnets:
            mine = [one for one in here if one.id in endpoint.interfaces]
            service = endpoint.service.rpartition(".")[2]
            name = endpoint.name or service
            yield Chip(_ids(endpoint.id, mine), "VPCE", name, f"endpoint: {service}", brief=service)


def _ids(owner: str, interfaces: list[Interface]) -> tuple[str, ...]:
    return (owner, *(one.id for one in interfaces))


def _address(interfaces: list[Interface]) -> str:
    """The private and public address of the first interface that has one."""
    return " · ".join(_addresses(interfaces))


def _brief(interfaces: list[Interface]) -> str:
    """The private address, and that there is a public one."""
    parts = _addresses(interfaces)
    return ", ".join([*parts[:1], *(["public"] if len(parts) > 1 and parts[1] != "IPv6" else [])])


def _addresses(interfaces: list[Interface]) -> list[str]:
    for one in interfaces:
        publics = [address for address in one.public_ips if address]
        parts = [*one.private_ips[:1], *publics[:1]]
        if parts or one.ipv6:
            return [*parts, "IPv6"] if parts and one.ipv6 else parts or [*one.ipv6[:1]]
    return []


def grouped(chips: list[Chip], *, harder: bool) -> list[Chip]:
    """Resources of one kind as one chip: those with a common stem of names, or all of a kind (``harder``)."""
    groups: dict[tuple[str, str], list[Chip]] = {}
    for chip in chips:
        groups.setdefault((chip.tag, "" if harder else stem(chip.label)), []).append(chip)
    stems = Counter(tag for tag, _ in groups)
    made = []
    for (tag, common), members in groups.items():
        if len(members) == 1:
            made += members
            continue
        ids = tuple(one for member in members for one in member.ids)
        number = sum(member.count for member in members)
        what = (
            f"{common} {_WHAT.get(tag, 'interfaces')}"
            if common and stems[tag] > 1
            else _WHAT.get(tag, "interfaces")
        )
        label = f"{number} {what}"
        names = ", ".join(member.label for member in members)
        made.append(Chip(ids, tag, label, names, count=number))
    return made


_WHAT = {
    "EC2": "instances",
    "RDS": "databases",
    "λ": "functions",
    "VPCE": "endpoints",
    "NAT": "NAT gateways",
    "ALB": "load balancers",
    "NLB": "load balancers",
}


_MEMBER = re.compile(r"[-_ .]+([a-z]{2}-[a-z]+-\d)?[a-f]?\d*$|\d+$|(?<=[a-z])[A-F]$")


def stem(name: str) -> str:
    """What members of a tier have in common: ``app`` of app-a, app-us-east-1b, app 2, app3, appB."""
    return _MEMBER.sub("", name).lower() or name.lower()
