"""Who has no business at a machine's door: the machines that are there, and those that a colleague may
launch.

network, names = with_strangers(network, card, {"eni-of-the-relay": "relay"}, {"10.0.1.7": "kiosk"})
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping

from cloudlings.grading.vpc_state import ip, subnets_of, with_host
from cloudlings.network import Network
from cloudlings.network.model import Interface, Subnet


def with_strangers(
    network: Network, card: str, callers: Mapping[str, str], known: Mapping[str, str]
) -> tuple[Network, dict[str, str]]:
    """The network with hosts that might be launched beside a card, and the names of all who are not
    ``callers``.

    Who wears a caller's group is let in with it, and counts as a caller. ``known`` is what people call a
    private address. A host is planted where a colleague's would be, and where a rule lets somebody in.
    """
    target = next(one for one in network.interfaces if one.id == card)
    groups = {group for one in network.interfaces if one.id in callers for group in one.security_groups}
    names = {
        one.id: _called(one, known)
        for one in network.interfaces
        if one.vpc == target.vpc
        and one.id not in (card, *callers)
        and one.security_groups
        and not groups & set(one.security_groups)
        and (not one.attached_to or one.attached_to != target.attached_to)
    }
    for home in (one for one in subnets_of(network, target.vpc) if one.cidr):
        network, host = with_host(network, home)
        names[host] = f"next machine in {home.name or home.id}"
        for address in let_in(network, target.security_groups, home):
            network, host = with_host(network, home, address=address)
            names[host] = f"next machine at {address}"
    return network, names


def _called(one: Interface, known: Mapping[str, str]) -> str:
    named = (known[address] for address in one.private_ips if address in known)
    return next(named, one.attached_to or one.id)


def let_in(network: Network, groups: Collection[str], home: Subnet) -> Iterator[str]:
    """For each range that a rule of these groups lets in, the first address there that is nobody's."""
    lists = {each.id: each.entries for each in network.prefix_lists}
    rules = [rule for each in network.security_groups if each.id in groups for rule in each.rules]
    ranges = {
        block
        for rule in rules
        if rule.direction == "ingress"
        for block in (rule.cidr, *lists.get(rule.prefix_list, ()))
        if block and ":" not in block
    }
    taken = {address for one in network.interfaces if one.vpc == home.vpc for address in one.private_ips}
    for block in sorted(ranges):
        free = _first_free(ip(block), ip(home.cidr), taken)
        if free:
            yield free


def _first_free(block: ipaddress.IPv4Network, home: ipaddress.IPv4Network, taken: set[str]) -> str:
    """The first address of a subnet in a range that is nobody's; AWS keeps a subnet's first four and its last
    (VPC User Guide, "Subnet CIDR blocks")."""
    first = max(int(block[0]), int(home[0]) + 4)
    last = min(int(block[-1]), int(home[-1]) - 1)
    found = (str(ipaddress.IPv4Address(number)) for number in range(first, last + 1))
    return next((address for address in found if address not in taken), "")
