"""A network from a compact topology: the form of the case files, easy to write by hand (JSON or YAML).

The format is described in tests/network/README.md. Names are ids here: an instance ``web`` has the
id ``web`` and the interface ``eni-web``. What AWS adds by itself is added: main tables, default network
ACLs and security groups, local routes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import NetworkError
from . import topology_services
from .addresses import Block, block, show
from .index import SERVICE_RANGES, protocol_name
from .model import (
    EgressOnlyGateway,
    Instance,
    Interface,
    InternetGateway,
    NatGateway,
    Network,
    NetworkAcl,
    NetworkAclEntry,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

REGION = "us-east-1"
_KEYS = frozenset(
    [
        "vpcs",
        "subnets",
        "igws",
        "eigws",
        "nats",
        "tables",
        "sgs",
        "nacls",
        "instances",
        "dbs",
        "lbs",
        "lambdas",
        "endpoints",
        "pcx",
        "tgws",
        "prefix_lists",
        "after",
        "unsupported",
        "groups",
    ]
)
_ACTIONS = ("delete_nat", "delete_pcx", "detach_igw")
_FIRST_PUBLIC = block("54.80.0.10")


class Builder:
    """Holds what has been built so far, and hands out addresses."""

    def __init__(self, topology: Mapping[str, Any]) -> None:
        unknown = set(topology) - _KEYS
        if unknown:
            raise NetworkError(
                f"The topology has parts that are not known: {', '.join(sorted(unknown))}.",
                next_step=f"Use only {', '.join(sorted(_KEYS))}.",
            )
        for action in topology.get("after") or ():
            if len(action) != 2 or action[0] not in _ACTIONS:
                raise NetworkError(
                    f"{action!r} under after is not known.",
                    next_step=f"Use {', '.join(_ACTIONS)} and a name.",
                )
        self.topology = topology
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.interfaces: list[Interface] = []
        self._hosts: dict[str, int] = {}
        self._publics = 0

    def part(self, name: str) -> Mapping[str, Any]:
        """One part of the topology, {} when it is left out."""
        found = self.topology.get(name)
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise NetworkError(f"{name} is not a mapping of names.", next_step="Write {name: {…}}.")
        return found

    def interface(
        self, name: str, subnet: str, groups: Sequence[str], owner: str, *, public: bool = False, **more: Any
    ) -> Interface:
        """A new interface in a subnet, with the next free addresses."""
        where = self.subnets.get(subnet)
        if where is None:
            raise NetworkError(
                f"{owner} is in subnet {subnet}, which is not there.", next_step="Name a subnet."
            )
        host = self._hosts[subnet] = self._hosts.get(subnet, 9) + 1
        ipv6 = more.pop("ipv6", False)
        made = Interface(
            id=f"eni-{name}",
            vpc=where.vpc,
            subnet=subnet,
            private_ips=(self._host(where.cidr, host),),
            public_ips=(self.public_address(),) if public else ("",),
            ipv6=tuple(self._host(text, host) for text in where.ipv6_cidrs) if ipv6 else (),
            security_groups=self.groups(where.vpc, groups),
            attached_to=owner,
            name=f"eni-{name}",
            **more,
        )
        self.interfaces.append(made)
        return made

    def groups(self, vpc: str, groups: Sequence[str]) -> tuple[str, ...]:
        """The groups given, or the VPC's default one."""
        return tuple(groups) or (f"default:{vpc}",)

    def public_address(self) -> str:
        """The next public IPv4 address."""
        assert _FIRST_PUBLIC is not None
        self._publics += 1
        return show(_FIRST_PUBLIC.low + self._publics, 4)

    @staticmethod
    def _host(cidr: str, host: int) -> str:
        inside = block(cidr)
        if inside is None:
            return ""
        return show(inside.low + min(host, inside.high - inside.low), inside.family)


def load_topology(topology: Mapping[str, Any]) -> Network:
    """The network that a compact topology describes.

    Raises:
        NetworkError: a part that is not known, or that cannot be read. References to things that are not
            there are kept: what they mean is the engine's to say.
    """
    builder = Builder(topology)
    try:
        return _build(builder)
    except (TypeError, ValueError, AttributeError, KeyError) as problem:
        raise NetworkError(
            f"The topology cannot be read: {problem!r}.",
            next_step="Compare it with the cases in tests/network/cases/.",
        ) from problem


def _build(builder: Builder) -> Network:
    _vpcs(builder)
    _subnets(builder)
    nats = _nats(builder)
    instances = _instances(builder)
    services = topology_services.build(builder)
    return Network(
        vpcs=tuple(builder.vpcs.values()),
        subnets=tuple(builder.subnets.values()),
        route_tables=_tables(builder),
        internet_gateways=_gateways(builder),
        egress_only_gateways=tuple(
            EgressOnlyGateway(name, vpc or "", name=name) for name, vpc in builder.part("eigws").items()
        ),
        nat_gateways=nats,
        peerings=_peerings(builder),
        prefix_lists=_prefix_lists(builder),
        security_groups=_groups(builder),
        network_acls=_acls(builder),
        instances=instances,
        region=REGION,
        unsupported=tuple(builder.part("unsupported").items()),
        interfaces=tuple(builder.interfaces),
        **services,
    )


def _gone(builder: Builder, action: str) -> set[str]:
    return {name for each, name in builder.topology.get("after") or () if each == action}


def _vpcs(builder: Builder) -> None:
    for number, (name, given) in enumerate(builder.part("vpcs").items(), 1):
        ipv6 = given.get("ipv6")
        ranges = (f"2600:1f18:0:{number:x}00::/56",) if ipv6 is True else (ipv6,) if ipv6 else ()
        cidrs = (given["cidr"], *given.get("more", ()))
        bpa = given.get("bpa", "off")
        builder.vpcs[name] = Vpc(name, cidrs, ranges, name, "123456789012", REGION, block_public_access=bpa)


def _subnets(builder: Builder) -> None:
    for name, given in builder.part("subnets").items():
        vpc = builder.vpcs.get(given["vpc"])
        builder.subnets[name] = Subnet(
            name,
            given["vpc"],
            given["cidr"],
            REGION + given.get("az", "a"),
            _ipv6_slice(vpc, given.get("ipv6")),
            name,
            bool(given.get("map_public")),
        )


def _ipv6_slice(vpc: Vpc | None, number: object) -> tuple[str, ...]:
    if number is None or number is False or vpc is None or not vpc.ipv6_cidrs:
        return ()
    whole: Block | None = block(vpc.ipv6_cidrs[0])
    if whole is None:
        return ()
    return (f"{show(whole.low + (int(str(number)) << 64), 6)}/64",)


def _tables(builder: Builder) -> tuple[RouteTable, ...]:
    given = builder.part("tables")
    mains = {each["vpc"] for each in given.values() if each.get("main")}
    tables = []
    for vpc in builder.vpcs:
        own = given.get(f"main:{vpc}", {})
        name = f"main:{vpc}"
        tables.append(_table(name, vpc, own, main=vpc not in mains))
    tables += [
        _table(name, each["vpc"], each, main=bool(each.get("main")))
        for name, each in given.items()
        if not name.startswith("main:")
    ]
    return tuple(tables)


def _table(name: str, vpc: str, given: Mapping[str, Any], *, main: bool) -> RouteTable:
    routes = tuple(
        Route(route[0], route[1] or "", route[2] if len(route) > 2 else "CreateRoute")
        for route in given.get("routes", ())
    )
    return RouteTable(
        name, vpc, routes, tuple(given.get("subnets", ())), main, tuple(given.get("gateways", ())), name
    )


def _gateways(builder: Builder) -> tuple[InternetGateway, ...]:
    detached = _gone(builder, "detach_igw")
    return tuple(
        InternetGateway(name, "" if name in detached else vpc or "", name=name)
        for name, vpc in builder.part("igws").items()
    )


def _nats(builder: Builder) -> tuple[NatGateway, ...]:
    gone = _gone(builder, "delete_nat")
    made = []
    for name, given in builder.part("nats").items():
        if name in gone:
            continue
        private = bool(given.get("private"))
        eip = given.get("eip", True) and not private
        interface = builder.interface(name, given["subnet"], (), name, public=eip, type="nat_gateway")
        bare = Interface(
            **{field: getattr(interface, field) for field in interface.__slots__} | {"security_groups": ()}
        )
        builder.interfaces[-1] = bare
        made.append(
            NatGateway(
                name,
                interface.vpc,
                interface.subnet,
                "private" if private else "public",
                given.get("state", "available"),
                interface.id,
                interface.private_ips[0],
                tuple(text for text in interface.public_ips if text),
                given.get("mode", "zonal"),
                name,
            )
        )
    return tuple(made)


def _peerings(builder: Builder) -> tuple[Peering, ...]:
    gone = _gone(builder, "delete_pcx")
    return tuple(
        Peering(
            name,
            given["a"],
            given["b"],
            given.get("state") or ("active" if given.get("accept", True) else "pending-acceptance"),
            builder.vpcs[given["a"]].cidrs if given["a"] in builder.vpcs else (),
            builder.vpcs[given["b"]].cidrs if given["b"] in builder.vpcs else (),
            name,
        )
        for name, given in builder.part("pcx").items()
        if name not in gone
    )


def _prefix_lists(builder: Builder) -> tuple[PrefixList, ...]:
    own = [
        PrefixList(f"pl:{name}", tuple(entries), "123456789012", name)
        for name, entries in builder.part("prefix_lists").items()
    ]
    aws = [
        PrefixList(f"pl:aws-{name}", ranges, "AWS", f"com.amazonaws.{REGION}.{name}")
        for name, ranges in SERVICE_RANGES.items()
    ]
    return (*own, *aws)


def ports_of(text: object) -> tuple[int | None, int | None]:
    """A port, a range ``80-90`` or "" (all) as two numbers."""
    words = str(text if text is not None else "").strip()
    if not words:
        return None, None
    first, dash, last = words.partition("-")
    if not first:
        return -1, -1
    return int(first), int(last) if dash else int(first)


def _groups(builder: Builder) -> tuple[SecurityGroup, ...]:
    made = []
    for vpc in builder.vpcs.values():
        name = f"default:{vpc.id}"
        itself = SecurityGroupRule("ingress", "-1", group=name)
        made.append(SecurityGroup(name, vpc.id, (itself, *_all_out(vpc)), name, "default"))
    for name, given in builder.part("sgs").items():
        vpc = builder.vpcs[given["vpc"]]
        inbound = tuple(_group_rule("ingress", rule) for rule in given.get("in", ()))
        out = given.get("out")
        outbound = _all_out(vpc) if out is None else tuple(_group_rule("egress", rule) for rule in out)
        made.append(SecurityGroup(name, vpc.id, inbound + outbound, name, name))
    return tuple(made)


def _all_out(vpc: Vpc) -> tuple[SecurityGroupRule, ...]:
    every = [SecurityGroupRule("egress", "-1", cidr="0.0.0.0/0")]
    if vpc.ipv6_cidrs:
        every.append(SecurityGroupRule("egress", "-1", cidr="::/0"))
    return tuple(every)


def _group_rule(direction: Any, given: Sequence[Any]) -> SecurityGroupRule:
    protocol = protocol_name(given[0])
    first, last = ports_of(given[1])
    if protocol in ("icmp", "icmpv6") and first is not None:
        last = last if "-" in str(given[1]) else -1
    peer = str(given[2])
    if peer.startswith("pl:"):
        return SecurityGroupRule(direction, protocol, first, last, prefix_list=peer)
    if block(peer) is None and not _looks_like_cidr(peer):
        return SecurityGroupRule(direction, protocol, first, last, group=peer)
    return SecurityGroupRule(direction, protocol, first, last, cidr=peer)


def _looks_like_cidr(text: str) -> bool:
    return "/" in text or ":" in text.removeprefix("default:")


def _acls(builder: Builder) -> tuple[NetworkAcl, ...]:
    made = []
    for vpc in builder.vpcs.values():
        ranges = ("0.0.0.0/0", "::/0") if vpc.ipv6_cidrs else ("0.0.0.0/0",)
        entries = tuple(
            NetworkAclEntry(100 + number, egress, "allow", "-1", cidr)
            for egress in (False, True)
            for number, cidr in enumerate(ranges)
        )
        made.append(
            NetworkAcl(
                f"default-acl:{vpc.id}", vpc.id, (), entries, default=True, name=f"default-acl:{vpc.id}"
            )
        )
    for name, given in builder.part("nacls").items():
        entries = tuple(
            _acl_entry(entry, egress)
            for egress, side in ((False, "in"), (True, "out"))
            for entry in given.get(side, ())
        )
        made.append(NetworkAcl(name, given["vpc"], tuple(given.get("subnets", ())), entries, name=name))
    return tuple(made)


def _acl_entry(given: Sequence[Any], egress: bool) -> NetworkAclEntry:
    number, action, protocol, ports, cidr = given
    first, last = ports_of(ports)
    name = protocol_name(protocol)
    icmp = name in ("icmp", "icmpv6")
    return NetworkAclEntry(
        int(number),
        egress,
        "allow" if action == "allow" else "deny",
        name,
        str(cidr),
        None if icmp else first,
        None if icmp else last,
        (-1 if first is None else first) if icmp else None,
        -1 if icmp else None,
    )


def _instances(builder: Builder) -> tuple[Instance, ...]:
    made = []
    for name, given in builder.part("instances").items():
        subnet = builder.subnets.get(given["subnet"])
        public = given.get("public", subnet.map_public_ip if subnet is not None else False)
        interface = builder.interface(
            name,
            given["subnet"],
            given.get("sgs", ()),
            name,
            public=bool(public or given.get("eip")),
            ipv6=bool(given.get("ipv6")),
            source_dest_check=given.get("source_dest_check", True),
        )
        made.append(Instance(name, (interface.id,), given.get("state", "running"), "t3.micro", name=name))
    return tuple(made)
