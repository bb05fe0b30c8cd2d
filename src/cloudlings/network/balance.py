"""Load balancers: from a listener to a target, as a connection of the load balancer's own."""

from __future__ import annotations

from dataclasses import replace

from . import places, travel
from .addresses import clip
from .journey import WIDE_PORTS, End, Leg, Walk, component
from .model import Function, Instance, Listener, LoadBalancer, Target, TargetGroup
from .result import Component

_CARRIES = {
    "HTTP": ("tcp",),
    "HTTPS": ("tcp",),
    "TCP": ("tcp",),
    "SSL": ("tcp",),
    "TLS": ("tcp",),
    "UDP": ("udp",),
    "QUIC": ("udp",),
    "TCP_UDP": ("tcp", "udp"),
    "TCP_QUIC": ("tcp", "udp"),
}


def through_balancer(walk: Walk, leg: Leg, node: End) -> None:
    """The request has reached a node of a load balancer: find its listener, and walk on to a target."""
    balancer = node.balancer
    assert balancer is not None
    part = component(balancer)
    listener = _listener(walk, leg, balancer)
    if listener is None:
        ports = ", ".join(f"{each.protocol} {each.port}" for each in balancer.listeners) or "none"
        code = "ELB_LISTENERS_MISMATCH" if balancer.type == "classic" else "ELBV2_LISTENERS_MISMATCH"
        text = (
            f"Load balancer {part} has no listener for {walk.question.protocol} port "
            f"{_ports(walk)}; its listeners: {ports}."
        )
        walk.stop(code, part, text, "forward", leg=leg)
        _say_ports(walk, leg, balancer)
        return
    leg.pieces = [
        piece._replace(server=clip(piece.server, listener.port, listener.port) or piece.server)
        for piece in leg.pieces
    ]
    if listener.answers_itself and not listener.target_groups:
        walk.hop(leg, "forward", part, f"Listener {listener.port} of load balancer {part} answers by itself.")
        return
    _to_target(walk, leg, node, balancer, listener)


def _say_ports(walk: Walk, leg: Leg, balancer: LoadBalancer) -> None:
    """Which port each listener that speaks the protocol asks for."""
    code = (
        "ELB_LISTENER_PORT_RESTRICTION" if balancer.type == "classic" else "ELBV2_LISTENER_PORT_RESTRICTION"
    )
    for each in balancer.listeners:
        if walk.question.protocol in _CARRIES.get(each.protocol, ()):
            part = Component(each.id or f"{balancer.id}:{each.port}", "listener")
            text = f"Listener {part} of load balancer {component(balancer)} takes port {each.port} only."
            walk.stop(code, part, text, "forward", related=(component(balancer),), leg=leg)


def _ports(walk: Walk) -> str:
    low, high = walk.question.server_ports[0]
    return str(low) if low == high else "(any)"


def _listener(walk: Walk, leg: Leg, balancer: LoadBalancer) -> Listener | None:
    fitting = [
        each
        for each in balancer.listeners
        if walk.question.protocol in _CARRIES.get(each.protocol, ())
        and any(clip(piece.server, each.port, each.port) for piece in leg.pieces)
    ]
    return walk.choose(fitting) if fitting else None


def _to_target(walk: Walk, leg: Leg, node: End, balancer: LoadBalancer, listener: Listener) -> None:
    part = component(balancer)
    groups = [
        group
        for name in listener.target_groups
        if isinstance(group := walk.index.things.get(name), TargetGroup)
    ]
    registered = [(group, target) for group in groups for target in group.targets]
    if not registered:
        names = ", ".join(str(component(group)) for group in groups) or "none"
        text = f"Listener {listener.port} of load balancer {part} has no target (target groups: {names})."
        related = tuple(component(group) for group in groups)
        walk.stop("ELBV2_LISTENER_HAS_NO_TG", part, text, "forward", related=related, leg=leg)
        return
    usable = [pair for pair in registered if _in_reach(walk, node, balancer, *pair)]
    if not usable:
        _none_in_zone(walk, leg, node, balancer)
        return
    group, target = walk.choose(usable)
    _second_leg(walk, leg, node, balancer, group, target)


def _in_reach(walk: Walk, node: End, balancer: LoadBalancer, group: TargetGroup, target: Target) -> bool:
    """Whether the zones allow it: a target's zone must be enabled, and be the node's without cross-zone."""
    zone = target.az if target.az and target.az != "all" else _zone(walk, group, target)
    if not zone:
        return True
    if balancer.cross_zone if group.cross_zone is None else group.cross_zone:
        enabled = {walk.index.subnets[name].az for name in balancer.subnets if name in walk.index.subnets}
        return zone in enabled or not enabled
    here = walk.index.subnets.get(node.subnet)
    return here is None or here.az == zone


def _zone(walk: Walk, group: TargetGroup, target: Target) -> str:
    """The zone of an instance or of an address in the VPC; "" when it has none that matters."""
    ends = target_ends(walk, group, target)
    found = walk.index.subnets.get(ends[0].subnet) if ends else None
    return found.az if found is not None else ""


def _none_in_zone(walk: Walk, leg: Leg, node: End, balancer: LoadBalancer) -> None:
    part = component(balancer)
    here = walk.index.subnets.get(node.subnet)
    zone = here.az if here is not None else "its zone"
    if balancer.cross_zone:
        text = (
            f"The targets of load balancer {part} are in Availability Zones that are not enabled for "
            "it, so it sends them nothing."
        )
        walk.stop("ELB_INSTALLED_AZ_RESTRICTION", part, text, "forward", leg=leg)
        return
    text = (
        f"Load balancer {part} has no target in {zone}, and without cross-zone load balancing uses no other."
    )
    walk.stop("ELBV2_NO_TARGETS_IN_AZ", part, text, "forward", leg=leg)


def target_ends(walk: Walk, group: TargetGroup, target: Target) -> list[End]:
    """The ends that a registered target stands for, by the group's kind of address."""
    thing = walk.index.things.get(target.id)
    family = _family(group)
    if isinstance(thing, Instance):
        return places.instance_ends(walk.index, thing, family)[:1]
    if isinstance(thing, LoadBalancer):
        return places.balancer_ends(walk.index, thing, family)
    return places.address_ends(walk.index, target.id, group.vpc)


def _second_leg(
    walk: Walk, leg: Leg, node: End, balancer: LoadBalancer, group: TargetGroup, target: Target
) -> None:
    part = component(balancer)
    if group.type == "lambda" or isinstance(walk.index.things.get(target.id), Function):
        walk.hop(leg, "forward", part, f"Load balancer {part} invokes function {target.id}.")
        return
    ends = target_ends(walk, group, target)
    port = target.port or group.port
    if not ends:
        text = (
            f"Target {target.id} of {component(group)} does not exist any more, so {part} sends it nothing."
        )
        walk.stop("TARGET_ADDRESS_RESTRICTION", part, text, "forward", related=(component(group),), leg=leg)
        return
    server = walk.choose(ends)
    preserved = keeps_client_address(balancer, group) and _family(group) == walk.question.family
    text = f"Load balancer {part} sends it to target {server.component} port {port}."
    walk.hop(leg, "forward", part, text, subnet=node.subnet, vpc=node.vpc)
    pieces = [piece._replace(server=((port, port),), client=WIDE_PORTS) for piece in leg.pieces]
    if preserved:
        client = replace(
            node, ports=WIDE_PORTS, balancer=None, address=leg.client.address, public=leg.client.public
        )
        _not_to_itself(walk, leg, part, server)
    else:
        client = _own_end(walk, node, balancer, _family(group))
        pieces = pieces[:1] if leg.client.address is None else pieces
    _connect(walk, Leg(client, server, pieces, preserved=preserved), _family(group))


def _family(group: TargetGroup) -> int:
    """The address family by which a load balancer talks to a group's targets, whatever its clients use."""
    return 6 if group.ip_address_type == "ipv6" else 4


def _own_end(walk: Walk, node: End, balancer: LoadBalancer, family: int) -> End:
    """The node as it meets its targets: by its own address of their family."""
    if family == walk.question.family:
        return replace(node, ports=WIDE_PORTS, balancer=None)
    own = [each for each in places.balancer_ends(walk.index, balancer, family) if each.subnet == node.subnet]
    return replace(own[0] if own else node, ports=WIDE_PORTS, balancer=None)


def _connect(walk: Walk, second: Leg, family: int) -> None:
    """Walk the way to the target, which may be of another address family than the client's."""
    asked = walk.question
    walk.question = replace(asked, family=family)
    travel.connect(walk, second)
    walk.question = asked


def _not_to_itself(walk: Walk, leg: Leg, part: Component, server: End) -> None:
    """A host drops a packet that comes in from its own address."""
    if server.interface is None or server.interface is not leg.client.interface:
        return
    text = (
        f"Load balancer {part} passes the client's address on, and its target {server.component} is the "
        "client itself: a packet that comes in from its own address is dropped."
    )
    walk.stop("X_HAIRPIN", part, text, "forward", related=(server.component,), leg=leg)


def keeps_client_address(balancer: LoadBalancer, group: TargetGroup) -> bool:
    """Whether targets see the client's address: a Network Load Balancer's setting, or the type's default."""
    if balancer.type not in ("network", "gateway"):
        return False
    if group.type == "alb":
        return True
    if group.preserve_client_ip is not None and group.protocol in ("TCP", "TLS"):
        return group.preserve_client_ip
    return group.type == "instance" or group.protocol in ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC")
