"""From a name, an id or an address to the ends that it can stand for.

A place may stand for several ends: a load balancer has a node in each of its subnets, a database may be
in any of its subnet group's. They are tried one by one: one that works is enough, others become warnings.
"""

from __future__ import annotations

from dataclasses import replace

from .addresses import block
from .filters import UNFILTERED_TYPES
from .index import Index, service_name, subnet_of
from .journey import INTERNET, WIDE_PORTS, End, component
from .model import (
    AutoScalingGroup,
    Database,
    Endpoint,
    Function,
    Instance,
    Interface,
    InternetGateway,
    LoadBalancer,
    NatGateway,
    Subnet,
    Thing,
    Vpc,
)
from .result import Component, Verdict
from .special import no_end

#: Stands in for a public address of a load balancer or database that nobody needs to know (RFC 5737).
_SOME_PUBLIC = {4: 0xC0000201, 6: 0x20010DB8 << 96}
_DEAD_DATABASE = frozenset({"stopped", "stopping", "deleting", "deleted", "failed"})
_FUNCTION_HINT = "it is invoked through the Lambda API"


class NoSuchPlace(Exception):
    """A place that is not in the network, or stands for several things: becomes a trace of ``verdict``."""

    def __init__(self, code: str, text: str, verdict: Verdict = "unknown") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.verdict = verdict


def find(index: Index, place: str) -> Thing:
    """The thing with this id, else with this name.

    Raises:
        NoSuchPlace: when there is none, or several have the name.
    """
    if place in index.things:
        return index.things[place]
    named = index.names.get(place, [])
    if len(named) > 1:
        named = [thing for thing in named if not isinstance(thing, Interface)] or named
    if len(named) == 1:
        return named[0]
    if not named:
        raise NoSuchPlace("NO_SOURCE_OR_DESTINATION", f"Nothing in the network has the id or name {place}.")
    listed = ", ".join(thing.id for thing in named)
    raise NoSuchPlace("NO_SOURCE_OR_DESTINATION", f"Several things have the name {place}: {listed}.")


def family_of(index: Index, place: str) -> int | None:
    """The address family that a place asks for: 6 for ``internet6`` and IPv6 addresses; None for either."""
    if place == "internet":
        return 4
    if place == "internet6":
        return 6
    if place.startswith("service:"):
        return 4
    found = block(place)
    if found is not None:
        return found.family
    thing = index.things.get(place) or next(iter(index.names.get(place, ())), None)
    if thing is None:
        return None
    interfaces = [each for each in interfaces_of(index, thing) if each is not None]
    if interfaces and all(each.ipv6 and not each.private_ips for each in interfaces):
        return 6
    return None


def interfaces_of(index: Index, thing: Thing) -> list[Interface]:
    """The interfaces of a thing, those that are in the network."""
    if isinstance(thing, Interface):
        return [thing]
    if isinstance(thing, Instance | LoadBalancer | Database | Function | Endpoint):
        return [index.interfaces[name] for name in thing.interfaces if name in index.interfaces]
    return []


def ends(index: Index, place: str, family: int, other: str, role: str) -> list[End]:
    """The ends that a place can stand for, seen from the other place.

    Raises:
        NoSuchPlace: when it can stand for none.
    """
    if place in ("internet", "internet6"):
        return [End(INTERNET, outside="internet")]
    if place.startswith("service:"):
        return _service_ends(index, place, family, other)
    if block(place) is not None:
        return _literal(index, place, other, role)
    return _thing_ends(index, find(index, place), family, role)


def _thing_ends(index: Index, thing: Thing, family: int, role: str) -> list[End]:
    match thing:
        case Instance():
            found = instance_ends(index, thing, family)
        case Interface():
            found = _interface_ends(thing, family, None)
        case LoadBalancer():
            found = balancer_ends(index, thing, family)
        case Database():
            found = _database_ends(index, thing, family)
        case Function():
            found = _function_ends(index, thing, family, role)
        case Subnet():
            found = _subnet_ends(index, thing, family)
        case Vpc():
            found = [
                end
                for each in index.network.subnets
                if each.vpc == thing.id
                for end in _busy(index, each, family)
            ]
        case InternetGateway():
            return [End(component(thing), outside="internet")]
        case NatGateway():
            found = [_nat(index, thing, role)]
        case Endpoint():
            found = _endpoint_ends(index, thing, family)
        case AutoScalingGroup():
            members = [index.things.get(name) for name in thing.instances]
            found = [
                end
                for each in members
                if isinstance(each, Instance)
                for end in instance_ends(index, each, family)
            ]
        case _:
            text = f"{component(thing)} is a {component(thing).kind}, which cannot be an end of a trace."
            raise NoSuchPlace("UNSUPPORTED_COMPONENT", text)
    if not found:
        kind = f"IPv{family} address" if family == 6 else "network interface"
        text = f"{component(thing)} has no {kind} in the network, so nothing starts or ends there."
        raise NoSuchPlace("UNASSOCIATED_COMPONENT", text)
    return found


def interface_end(interface: Interface, family: int, owner: Thing | None, nth: int = 0) -> End:
    """An interface as an end, standing for the thing that uses it."""
    texts = interface.ipv6 if family == 6 else interface.private_ips
    found = block(texts[nth]) if nth < len(texts) else None
    if family == 6:
        public = found.low if found is not None else None
    else:
        text = interface.public_ips[nth] if nth < len(interface.public_ips) else ""
        pair = block(text) if text else None
        public = pair.low if pair is not None else None
    shown = component(owner) if owner is not None else component(interface)
    trouble = None
    if found is None:
        trouble = ("UNASSOCIATED_COMPONENT", f"{shown} has no IPv{family} address.")
    return End(
        shown,
        address=found.low if found is not None else 0,
        public=public,
        interface=interface,
        subnet=interface.subnet,
        vpc=interface.vpc,
        groups=interface.security_groups,
        filtered=bool(interface.security_groups) or interface.type not in UNFILTERED_TYPES,
        trouble=trouble,
    )


def _interface_ends(interface: Interface, family: int, owner: Thing | None) -> list[End]:
    """An interface by its primary address, and by each other one that has a public address."""
    further = range(1, len(interface.private_ips)) if family == 4 else ()
    public = [nth for nth in further if nth < len(interface.public_ips) and interface.public_ips[nth]]
    return [interface_end(interface, family, owner, nth) for nth in (0, *public)]


def instance_ends(index: Index, instance: Instance, family: int) -> list[End]:
    """An instance's interfaces, first the primary one."""
    found = [
        end for each in interfaces_of(index, instance) for end in _interface_ends(each, family, instance)
    ]
    if family == 6:
        found = [end for end in found if end.trouble is None] or found
    if instance.state in ("running", "pending"):
        return found
    trouble = ("BAD_STATE", f"Instance {component(instance)} is {instance.state}.")
    return [replace(end, trouble=trouble) for end in found]


def balancer_ends(index: Index, balancer: LoadBalancer, family: int) -> list[End]:
    """A load balancer's nodes: one for each of its subnets. The scheme decides whether they are public."""
    nodes = [interface_end(each, family, balancer) for each in interfaces_of(index, balancer)]
    seen = {node.subnet for node in nodes}
    nodes += [
        _stand_in(index, name, balancer, family, balancer.security_groups)
        for name in balancer.subnets
        if name not in seen and name in index.subnets
    ]
    public = _SOME_PUBLIC[family] if balancer.scheme == "internet-facing" else None
    if family == 4 and balancer.ip_address_type == "dualstack-without-public-ipv4":
        public = None
    trouble = None
    if balancer.state == "failed":
        trouble = ("BAD_STATE", f"Load balancer {component(balancer)} is {balancer.state}.")
    elif family == 6 and not balancer.ip_address_type.startswith("dualstack"):
        trouble = ("UNASSOCIATED_COMPONENT", f"Load balancer {component(balancer)} takes IPv4 only.")
    filtered = bool(balancer.security_groups) or balancer.type in ("application", "classic")
    return [
        replace(
            node,
            public=(node.public or public) if public is not None else None,
            groups=balancer.security_groups or node.groups,
            filtered=filtered,
            ports=WIDE_PORTS,
            balancer=balancer,
            trouble=trouble,
        )
        for node in nodes
    ]


def _stand_in(index: Index, subnet: str, owner: Thing, family: int, groups: tuple[str, ...]) -> End:
    """An end in a subnet, for a managed resource whose interface is not in the network."""
    where = index.subnets[subnet]
    texts = where.ipv6_cidrs if family == 6 else (where.cidr,)
    inside = block(texts[0]) if texts else None
    return End(
        component(owner),
        address=inside.low + 4 if inside is not None else 0,
        subnet=subnet,
        vpc=where.vpc,
        groups=groups,
        filtered=True,
        trouble=None
        if inside is not None
        else ("UNASSOCIATED_COMPONENT", f"Subnet {subnet} has no IPv{family} range."),
    )


def _database_ends(index: Index, database: Database, family: int) -> list[End]:
    found = [interface_end(each, family, database) for each in interfaces_of(index, database)]
    if not found:
        names = [name for name in database.subnets if name in index.subnets]
        near = (
            [name for name in names if index.subnets[name].az == database.az] if not database.multi_az else []
        )
        found = [_stand_in(index, name, database, family, database.security_groups) for name in near or names]
    public = _SOME_PUBLIC[family] if database.public else None
    trouble = None
    if database.state in _DEAD_DATABASE:
        trouble = ("BAD_STATE", f"Database {component(database)} is {database.state}.")
    return [
        replace(
            end,
            public=(end.public or public) if database.public else None,
            groups=database.security_groups or end.groups,
            trouble=trouble or end.trouble,
        )
        for end in found
    ]


def _function_ends(index: Index, function: Function, family: int, role: str) -> list[End]:
    shown = component(function)
    if not function.vpc and not function.subnets:
        if role == "source":
            return [End(shown, outside="internet", ports=WIDE_PORTS)]
        raise NoSuchPlace("UNASSOCIATED_COMPONENT", f"Function {shown} is in no VPC: {_FUNCTION_HINT}.")
    found = [interface_end(each, family, function) for each in interfaces_of(index, function)]
    seen = {end.subnet for end in found}
    found += [
        _stand_in(index, name, function, family, function.security_groups)
        for name in function.subnets
        if name not in seen and name in index.subnets
    ]
    trouble = None
    if role == "destination":
        trouble = ("NO_POSSIBLE_DESTINATION", f"Function {shown} accepts no connections: {_FUNCTION_HINT}.")
    elif family == 6 and not function.ipv6:
        trouble = ("UNASSOCIATED_COMPONENT", f"Function {shown} uses IPv4 only.")
    return [
        replace(
            end,
            public=None if family == 4 else end.address,
            groups=function.security_groups or end.groups,
            ports=WIDE_PORTS,
            trouble=trouble or end.trouble,
        )
        for end in found
    ]


def _busy(index: Index, subnet: Subnet, family: int) -> list[End]:
    """The ends of what is in a subnet, gateways left out."""
    found = []
    for interface in index.by_subnet.get(subnet.id, ()):
        if interface.type in UNFILTERED_TYPES and not interface.security_groups:
            continue
        owner = index.things.get(interface.attached_to)
        found.append(interface_end(interface, family, owner))
    return [end for end in found if end.trouble is None]


def _subnet_ends(index: Index, subnet: Subnet, family: int) -> list[End]:
    """What is in a subnet; where nothing is, a host that might be launched there, which no group filters."""
    found = _busy(index, subnet, family)
    if found:
        return found
    host = _stand_in(index, subnet.id, subnet, family, ())
    public = host.address if family == 6 else _SOME_PUBLIC[4] if subnet.map_public_ip else None
    return [replace(host, filtered=False, public=public)]


def _nat(index: Index, nat: NatGateway, role: str) -> End:
    from .nat import nat_end_of

    end = nat_end_of(index, nat)
    if role == "source":
        return end
    text = f"NAT gateway {component(nat)} accepts no connections: it passes on those that start behind it."
    return replace(end, trouble=("NO_POSSIBLE_DESTINATION", text))


def _endpoint_ends(index: Index, endpoint: Endpoint, family: int) -> list[End]:
    if endpoint.type == "Gateway":
        short = service_name(endpoint.service)
        return [End(Component(f"service:{short}", "AWS service"), outside="service", service=short)]
    found = [interface_end(each, family, endpoint) for each in interfaces_of(index, endpoint)]
    seen = {end.subnet for end in found}
    found += [
        _stand_in(index, name, endpoint, family, endpoint.security_groups)
        for name in endpoint.subnets
        if name not in seen and name in index.subnets
    ]
    trouble = None
    if endpoint.state.lower() != "available":
        trouble = ("BAD_STATE", f"Endpoint {component(endpoint)} is {endpoint.state}.")
    return [
        replace(
            end,
            public=None,
            groups=endpoint.security_groups or end.groups,
            endpoint=endpoint,
            trouble=trouble or end.trouble,
        )
        for end in found
    ]


def _service_ends(index: Index, place: str, family: int, other: str) -> list[End]:
    """An AWS service by its name: the interface endpoint that it leads to, else public addresses."""
    short = service_name(place)
    vpc = _vpc_of(index, other)
    endpoint = index.named_endpoint(vpc, short) if vpc else None
    if endpoint is not None:
        return _endpoint_ends(index, endpoint, family) or [_without_interface(index, endpoint, short, family)]
    return [End(Component(f"service:{short}", "AWS service", short), outside="service", service=short)]


def _without_interface(index: Index, endpoint: Endpoint, service: str, family: int) -> End:
    """An endpoint whose last subnet is gone (a lost zone): the service's name has no address."""
    text = f"Endpoint {component(endpoint)} has no network interface, so the name of {service} leads nowhere."
    trouble = ("NO_POSSIBLE_DESTINATION", text)
    somewhere = next((each.low for each in index.vpc_blocks(endpoint.vpc, family)), 0)
    return End(component(endpoint), address=somewhere, vpc=endpoint.vpc, endpoint=endpoint, trouble=trouble)


def _vpc_of(index: Index, place: str) -> str:
    """The VPC that a place is in, "" when it is in none."""
    try:
        thing = find(index, place)
    except NoSuchPlace:
        return _address_vpc(index, place)
    if isinstance(thing, Vpc):
        return thing.id
    if isinstance(thing, Instance | AutoScalingGroup):
        members = thing.instances if isinstance(thing, AutoScalingGroup) else (thing.id,)
        for name in members:
            member = index.things.get(name)
            for interface in interfaces_of(index, member) if isinstance(member, Instance) else ():
                return interface.vpc
        return ""
    vpc = getattr(thing, "vpc", "")
    if not vpc and isinstance(thing, Function) and thing.subnets and thing.subnets[0] in index.subnets:
        return index.subnets[thing.subnets[0]].vpc
    return str(vpc)


def _address_vpc(index: Index, place: str) -> str:
    found = block(place)
    if found is None:
        return ""
    return next((vpc for (vpc, address) in index.private if address == found.low), "")


def _literal(index: Index, place: str, other: str, role: str) -> list[End]:
    """An address, or a range of them: an interface's private or public one, or one that is outside."""
    found = block(place)
    assert found is not None
    if found.low != found.high:
        return [End(Component(place, "address range"), outside="internet")]
    vpc = _vpc_of(index, other)
    # An emulator may hand out public addresses of any range, so those that are somebody's come first.
    why = no_end(index, found, vpc, role) if found.low not in index.public else None
    if why is not None:
        verdict, code, text = why
        raise NoSuchPlace(code, text, verdict)
    inside = address_ends(index, place, vpc)
    if role == "destination" and found.family == 4:
        # Whoever asks by the private address cannot mean the public one: the internet has no way to it.
        inside = [end if end.by_public else replace(end, public=None) for end in inside]
    return inside or [End(Component(place, "address"), address=found.low, outside="internet")]


def address_ends(index: Index, text: str, vpc: str) -> list[End]:
    """Who has an address: an interface of the VPC, of another one, or by its public address. Else nobody."""
    found = block(text)
    if found is None:
        return []
    near = index.private.get((vpc, found.low))
    homes = [near] if near is not None else []
    if not homes and index.in_vpc(vpc, found.low, found.family):
        return [_nobody(index, vpc, found.low, text, found.family)]
    homes += [
        each for (where, address), each in index.private.items() if address == found.low and where != vpc
    ][:1]
    for interface in homes:
        return [_owned(index, interface, text, found.family)]
    public = index.public.get(found.low)
    if public is not None:
        return [replace(_owned(index, public, text, found.family), by_public=True)]
    return []


def _owned(index: Index, interface: Interface, text: str, family: int) -> End:
    texts = interface.ipv6 if family == 6 else interface.private_ips
    nth = texts.index(text) if text in texts else 0
    if text in interface.public_ips:
        nth = interface.public_ips.index(text)
    owner = index.things.get(interface.attached_to)
    if isinstance(owner, NatGateway):
        return replace(_nat(index, owner, "destination"))
    if isinstance(owner, Instance):
        like = instance_ends(index, owner, family)
        end = interface_end(interface, family, owner, nth)
        return replace(end, trouble=like[0].trouble) if like else end
    if isinstance(owner, LoadBalancer | Database):
        whole = (
            balancer_ends(index, owner, family)
            if isinstance(owner, LoadBalancer)
            else _database_ends(index, owner, family)
        )
        return next((end for end in whole if end.interface is interface), whole[0])
    return interface_end(interface, family, owner, nth)


def _nobody(index: Index, vpc: str, address: int, text: str, family: int) -> End:
    where = subnet_of(index, vpc, address, family)
    trouble = ("NO_POSSIBLE_DESTINATION", f"No network interface in VPC {vpc} has the address {text}.")
    return End(
        Component(text, "address"),
        address=address,
        subnet=where.id if where is not None else "",
        vpc=vpc,
        trouble=trouble,
    )
