"""What a walk carries: the two ends, the leg between them, and the record of the hops and reasons so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from . import addresses
from .addresses import ALL_PORTS, Piece, Ports
from .index import Index
from .model import Endpoint, Interface, LoadBalancer, Thing
from .result import Component, Explanation, Header, Hop, Phase, Rule

T = TypeVar("T")

#: A client's ephemeral ports: Linux's default, and what NAT gateways, load balancers and Lambda use
#: (https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html).
CLIENT_PORTS: Ports = ((32768, 60999),)
WIDE_PORTS: Ports = ((1024, 65535),)

#: More legs or hops than any sensible network has: past it the path is a loop.
MOST_STEPS = 32

_KINDS = {
    "Vpc": "VPC",
    "Subnet": "subnet",
    "RouteTable": "route table",
    "InternetGateway": "internet gateway",
    "EgressOnlyGateway": "egress-only internet gateway",
    "NatGateway": "NAT gateway",
    "Peering": "VPC peering connection",
    "TransitGateway": "transit gateway",
    "TransitGatewayAttachment": "transit gateway attachment",
    "TransitGatewayRouteTable": "transit gateway route table",
    "Endpoint": "VPC endpoint",
    "PrefixList": "prefix list",
    "SecurityGroup": "security group",
    "NetworkAcl": "network ACL",
    "Interface": "network interface",
    "Instance": "instance",
    "LoadBalancer": "load balancer",
    "TargetGroup": "target group",
    "Database": "database",
    "Function": "function",
    "AutoScalingGroup": "Auto Scaling group",
}


def component(thing: Thing) -> Component:
    """A thing of the model as a component of a result."""
    return Component(thing.id, _KINDS[type(thing).__name__], thing.name)


INTERNET = Component("internet", "the internet")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection: where it sits, and its address as the other end sees it.

    ``address`` is None where it can be any of the leg's pieces. ``outside`` is "" inside the network,
    else "internet", "service" or "private" (an address nobody here has). ``filtered``: security groups apply.
    """

    component: Component
    address: int | None = None
    public: int | None = None
    interface: Interface | None = None
    subnet: str = ""
    vpc: str = ""
    groups: tuple[str, ...] = ()
    filtered: bool = False
    outside: str = ""
    service: str = ""
    ports: Ports = CLIENT_PORTS
    balancer: LoadBalancer | None = None
    endpoint: Endpoint | None = None
    #: It was asked for by its public address.
    by_public: bool = False
    #: Why it can be no end at all (stopped, deleted, …): a code and a sentence.
    trouble: tuple[str, str] | None = None


@dataclass(slots=True)
class Leg:
    """One connection: a trace has one, and one more for every NAT gateway or load balancer on its way."""

    client: End
    server: End
    pieces: list[Piece]
    #: The ends meet over the internet, by their public addresses, though both are in the network.
    by_public: bool = False
    #: How security group references of inbound rules fare: "" kept, else the code that says why not.
    identity: str = ""
    #: The same of outbound rules: a transit gateway keeps none of theirs.
    outbound_identity: str = ""
    #: The client's address is passed on by a load balancer that takes the replies itself.
    preserved: bool = False
    #: The client's packets have left by an internet gateway under its public address.
    translated: bool = False
    #: Where the reply starts, when the server's address is far but a NAT gateway or endpoint answers.
    answering: End | None = None

    def far(self, end: End) -> bool:
        """Whether an end is met by its public address although it is in the network."""
        return self.by_public if end is self.server else self.translated

    def seen(self, end: End) -> int | None:
        """An end's address as the other side sees it; None when it is the free one."""
        return end.public if end.public is not None and self.far(end) else end.address


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, in numbers: protocol name, address family, server ports, what answers a policy."""

    protocol: str
    family: int
    server_ports: Ports
    replies: bool = True
    reply_ports: Ports | None = None
    allows: object = None


@dataclass
class Walk:
    """One walk along one choice of path. Choices come from ``script``; what could be chosen is recorded."""

    index: Index
    question: Question
    script: tuple[int, ...] = ()
    forward: list[Hop] = field(default_factory=list)
    back: list[Hop] = field(default_factory=list)
    blockers: list[Explanation] = field(default_factory=list)
    unknowns: list[Explanation] = field(default_factory=list)
    warnings: list[Explanation] = field(default_factory=list)
    options: list[int] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    steps: int = 0
    #: The header last shown and what it showed: it changes at few hops.
    _shown: tuple[Leg, Phase, list[Piece], bool, Header] | None = None

    def choose(self, options: Sequence[T]) -> T:
        """Take one of several ways on: the script's, or the first. The others are walked another time."""
        at = len(self.options)
        self.options.append(len(options))
        return options[self.script[at] if at < len(self.script) else 0]

    def looping(self) -> bool:
        """Whether the walk has gone on for longer than a path can be."""
        self.steps += 1
        return self.steps > MOST_STEPS

    def hop(
        self,
        leg: Leg,
        phase: Phase,
        part: Component,
        text: str,
        *,
        allowed: bool = True,
        direction: str = "",
        rule: object | None = None,
        subnet: str = "",
        vpc: str = "",
        attached_to: Component | None = None,
        explanations: tuple[Explanation, ...] = (),
    ) -> None:
        """Record a hop."""
        hops = self.forward if phase == "forward" else self.back
        hops.append(
            Hop(
                len(hops) + 1,
                phase,
                part,
                allowed,
                text,
                direction,
                rule if isinstance(rule, Rule) else None,
                subnet,
                vpc,
                attached_to,
                self.header(leg, phase),
                explanations,
            )
        )

    def stop(
        self,
        code: str,
        part: Component,
        text: str,
        phase: Phase,
        *,
        direction: str = "",
        rule: object | None = None,
        related: tuple[Component, ...] = (),
        leg: Leg | None = None,
    ) -> Explanation:
        """Record a blocker, each one once."""
        found = Explanation(
            code,
            part,
            text,
            phase,
            direction,
            rule if isinstance(rule, Rule) else None,
            related,
            self.header(leg, phase) if leg is not None else None,
        )
        if found not in self.blockers:
            self.blockers.append(found)
        return found

    def cannot_tell(self, code: str, part: Component, text: str, phase: Phase) -> Explanation:
        """Record that the engine cannot look into something on the path."""
        found = Explanation(code, part, text, phase)
        if found not in self.unknowns:
            self.unknowns.append(found)
        return found

    def warn(self, code: str, part: Component, text: str, phase: Phase, rule: object | None = None) -> None:
        """Record what makes a path partial or fragile."""
        found = Explanation(code, part, text, phase, rule=rule if isinstance(rule, Rule) else None)
        if found not in self.warnings:
            self.warnings.append(found)

    def header(self, leg: Leg, phase: Phase) -> Header:
        """The packet now, as text: in the request the client is the source, in the reply the server."""
        known = self._shown
        if (
            known is not None
            and known[0] is leg
            and known[1] == phase
            and known[2] is leg.pieces
            and known[3] == leg.translated
        ):
            return known[4]
        shown = self._header(leg, phase)
        self._shown = (leg, phase, leg.pieces, leg.translated, shown)
        return shown

    def _header(self, leg: Leg, phase: Phase) -> Header:
        first = leg.pieces[0] if leg.pieces else Piece(0, 0, self.question.server_ports, ALL_PORTS)
        client = (self.address(leg, leg.client), self._ports(first.client))
        server = (self.address(leg, leg.server), self._ports(first.server))
        source, destination = (client, server) if phase == "forward" else (server, client)
        return Header(self.question.protocol, source[0], source[1], destination[0], destination[1])

    def _ports(self, ports: Ports) -> str:
        return addresses.show_ports(ports) if self.question.protocol in ("tcp", "udp") else ""

    def address(self, leg: Leg, end: End) -> str:
        """An end's address as text; the internet by name while it is still (nearly) all of it."""
        seen = leg.seen(end)
        if seen is not None:
            return addresses.show(seen, self.question.family)
        if not leg.pieces:
            return end.component.id
        if addresses.weight(leg.pieces) > 2**31:
            return "any address on the internet"
        first = leg.pieces[0]
        text = addresses.show_range(first.low, first.high, self.question.family)
        return text if len(leg.pieces) == 1 else f"{text} …"
