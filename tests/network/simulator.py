"""A second opinion: single packets through small random networks, by the plainest code that can be.

It shares nothing with the engine but the topology format: sets of ports, Python's ``ipaddress``, one
function a rule. Three VPCs with two peering connections and a transit gateway; TCP port 443.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

VPCS = {"v": "10.0.0.0/16", "w": "10.1.0.0/16", "x": "10.2.0.0/16"}
#: Ports of clients, at every edge that the random rules can cut at.
CLIENT_PORTS = frozenset({32768, 36000, 39999, 40000, 45000, 49151, 49152, 60999})
Ports = frozenset[int]


def random_topology(rng: random.Random) -> dict[str, Any]:
    """Two subnets with an instance each in every VPC; routes, groups and network ACLs at random."""
    made: dict[str, Any] = {"subnets": {}, "tables": {}, "sgs": {}, "nacls": {}, "instances": {}}
    for vpc, cidr in VPCS.items():
        for number in "12":
            name = f"{vpc}{number}"
            range_ = cidr.replace("0.0/16", f"{number}.0/24")
            made["subnets"][name] = {"vpc": vpc, "cidr": range_, "az": rng.choice("ab")}
            made["tables"][f"rt-{name}"] = {"vpc": vpc, "subnets": [name], "routes": _routes(rng, cidr)}
            made["sgs"][f"sg-{name}"] = _group(rng, vpc)
            if rng.random() < 0.5:
                acl = {side: [_entry(rng, each) for each in (10, 20, 30)] for side in ("in", "out")}
                made["nacls"][f"n-{name}"] = {"vpc": vpc, "subnets": [name], **acl}
            made["instances"][f"i-{name}"] = {"subnet": name, "sgs": [f"sg-{name}"]}
    made["vpcs"] = {name: {"cidr": cidr} for name, cidr in VPCS.items()}
    made["pcx"] = {
        "pcx1": {"a": "v", "b": "w", "accept": rng.random() < 0.8},
        "pcx2": {"a": "w", "b": "x", "accept": rng.random() < 0.8},
    }
    made["tgws"] = {"tgw": _transit(rng, made["subnets"])}
    return made


def _routes(rng: random.Random, own: str) -> list[list[str]]:
    targets = ["pcx1", "pcx2", "tgw", "tgw", "gone"]
    wide = ["0.0.0.0/0", "10.0.0.0/8", *VPCS.values(), "10.1.1.0/24", "10.2.2.0/24"]
    chosen = rng.sample(wide, rng.randint(1, 5))
    return [[each, rng.choice(targets)] for each in chosen if not _net(each).subnet_of(_net(own))]


def _group(rng: random.Random, vpc: str) -> dict[str, Any]:
    peers = [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.0.1.0/24",
        f"sg-{rng.choice('vwx')}{rng.choice('12')}",
    ]
    rules = [["tcp", rng.choice(["443", "0-1000", "80"]), rng.choice(peers)] for _ in range(2)]
    return {
        "vpc": vpc,
        "in": rules,
        "out": [["all", "", rng.choice(["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16"])]],
    }


def _entry(rng: random.Random, number: int) -> list[Any]:
    ports = rng.choice(["0-65535", "443", "1024-65535", "32768-65535", "40000-65535"])
    action = rng.choice(["allow", "allow", "allow", "deny"])
    return [number, action, "tcp", ports, rng.choice(["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16"])]


def _transit(rng: random.Random, subnets: dict[str, Any]) -> dict[str, Any]:
    attach: dict[str, list[str]] = {}
    for vpc in VPCS:
        if rng.random() < 0.9:
            zones: dict[str, str] = {}
            for name in (f"{vpc}{number}" for number in rng.choice(["1", "2", "12"])):
                zones.setdefault(subnets[name]["az"], name)
            attach[vpc] = list(zones.values())
    blackhole = rng.sample(["10.1.0.0/16", "10.2.1.0/24", "10.0.0.0/8"], rng.randint(0, 1))
    return {"attach": attach, "blackhole": blackhole, "sg_referencing": rng.random() < 0.5}


def _net(text: str) -> IPv4Network:
    found = ip_network(text, strict=False)
    assert isinstance(found, IPv4Network)
    return found


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


@dataclass(frozen=True)
class Simulator:
    """Packets through one topology."""

    topology: dict[str, Any]

    def connects(self, client: str, server: str) -> bool:
        """Whether client and server, two instances, can hold a connection on TCP port 443."""
        return (
            self._groups_agree(client, server)
            and bool(self._carried(client, server, frozenset({443})))
            and bool(self._carried(server, client, CLIENT_PORTS))
        )

    def _subnet(self, instance: str) -> str:
        return str(self.topology["instances"][instance]["subnet"])

    def _vpc(self, instance: str) -> str:
        return str(self.topology["subnets"][self._subnet(instance)]["vpc"])

    def _zone(self, subnet: str) -> str:
        return str(self.topology["subnets"][subnet]["az"])

    def _address(self, instance: str) -> IPv4Address:
        return _net(self.topology["subnets"][self._subnet(instance)]["cidr"])[10]

    def _target(self, instance: str, to: IPv4Address) -> str:
        """The target of the longest route, "" when there is none."""
        routes = self.topology["tables"][f"rt-{self._subnet(instance)}"]["routes"]
        matching = [(_net(cidr).prefixlen, target) for cidr, target in routes if to in _net(cidr)]
        return str(max(matching)[1]) if matching else ""

    def _filtered(self, subnet: str, side: str, other: IPv4Address, ports: Ports) -> Ports:
        """The ports that a subnet's network ACL lets through."""
        acl = self.topology["nacls"].get(f"n-{subnet}")
        if acl is None:
            return ports
        left, passed = set(ports), set()
        for _, action, _, span, cidr in sorted(acl[side]):
            first, last = _span(span)
            taken = {port for port in left if first <= port <= last} if other in _net(cidr) else set()
            passed |= taken if action == "allow" else set()
            left -= taken
        return frozenset(passed)

    def _carried(self, source: str, target: str, ports: Ports) -> Ports:
        """The destination ports for which a packet gets from one instance's subnet to the other's."""
        here, there = self._subnet(source), self._subnet(target)
        start, end = self._address(source), self._address(target)
        if here == there:
            return ports
        ports = self._filtered(here, "out", end, ports)
        if self._vpc(source) == self._vpc(target):
            return self._filtered(there, "in", start, ports)
        way = self._target(source, end)
        if way.startswith("pcx"):
            peering = self.topology["pcx"][way]
            fits = {peering["a"], peering["b"]} == {self._vpc(source), self._vpc(target)}
            return self._filtered(there, "in", start, ports) if fits and peering["accept"] else frozenset()
        return self._by_transit(source, target, ports) if way == "tgw" else frozenset()

    def _by_transit(self, source: str, target: str, ports: Ports) -> Ports:
        transit = self.topology["tgws"]["tgw"]
        start, end, zone = self._address(source), self._address(target), self._zone(self._subnet(source))
        entry = [name for name in transit["attach"].get(self._vpc(source), ()) if self._zone(name) == zone]
        if not entry or self._vpc(target) not in transit["attach"]:
            return frozenset()
        ports = self._filtered(entry[0], "in", start, ports)
        if any(end in _net(cidr) and _net(cidr).prefixlen >= 16 for cidr in transit["blackhole"]):
            return frozenset()
        landings = transit["attach"][self._vpc(target)]
        near = [name for name in landings if self._zone(name) == zone] or landings
        there = self._subnet(target)
        passed = [
            ports
            if name == there
            else self._filtered(there, "in", start, self._filtered(name, "out", end, ports))
            for name in near
        ]
        return frozenset().union(*passed)

    def _groups_agree(self, client: str, server: str) -> bool:
        mine = self.topology["sgs"][f"sg-{self._subnet(client)}"]
        theirs = self.topology["sgs"][f"sg-{self._subnet(server)}"]
        out = any(self._address(server) in _net(cidr) for _, _, cidr in mine["out"])
        return out and any(self._lets_in(rule, client, server) for rule in theirs["in"])

    def _lets_in(self, rule: list[str], client: str, server: str) -> bool:
        first, last = _span(rule[1])
        if not first <= 443 <= last:
            return False
        if rule[2].startswith("sg-"):
            return rule[2] == f"sg-{self._subnet(client)}" and self._groups_known(client, server)
        return self._address(client) in _net(rule[2])

    def _groups_known(self, client: str, server: str) -> bool:
        """Within a VPC and over peering always; over a transit gateway when it supports references."""
        if self._vpc(client) == self._vpc(server):
            return True
        way = self._target(client, self._address(server))
        transit = self.topology["tgws"]["tgw"]
        attached = {self._vpc(client), self._vpc(server)} <= set(transit["attach"])
        return way.startswith("pcx") or (way == "tgw" and transit["sg_referencing"] and attached)
