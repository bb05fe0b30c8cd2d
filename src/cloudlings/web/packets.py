"""A packet of the learner's own: what was asked on the page, and each step of its way in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cloudlings.errors import NetworkError

if TYPE_CHECKING:
    from cloudlings.network import Network, Trace
    from cloudlings.network.model import Database, Function, Instance, Interface, LoadBalancer

PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "-1": "any"}
_WITH_PORTS = ("tcp", "udp")
_MOST_PLACES = 200
_LONGEST = 200


@dataclass(frozen=True)
class Question:
    """From where, to where, by what: as it was typed. ``port`` is text, "" for none."""

    source: str = ""
    destination: str = ""
    protocol: str = "tcp"
    port: str = "443"

    @property
    def is_asked(self) -> bool:
        return bool(self.source and self.destination)


@dataclass(frozen=True)
class Step:
    """One hop: what happens there and why, in a sentence, and whether the packet is stopped there."""

    said: str
    stops: bool


@dataclass(frozen=True)
class Place:
    """A place that a packet can begin or end at: what is typed, and what it is."""

    value: str
    label: str


def question(asked: Mapping[str, str]) -> Question:
    """The question in a form's values; what was not asked has its default."""
    protocol = asked.get("protocol", "tcp")
    return Question(
        asked.get("from", "").strip()[:_LONGEST],
        asked.get("to", "").strip()[:_LONGEST],
        protocol if protocol in PROTOCOLS else "tcp",
        asked.get("port", "443").strip()[:_LONGEST],
    )


def followed(network: Network, asked: Question) -> Trace:
    """The packet's way. Errors: NetworkError for a port that is none."""
    from cloudlings.network import trace

    port = _port(asked.port) if asked.protocol in _WITH_PORTS else None
    return trace(network, asked.source, asked.destination, asked.protocol, port)


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 65536:
        return int(text)
    raise NetworkError(f"“{text}” is no port.", next_step="A port is a whole number from 0 to 65535.")


def steps(trace: Trace) -> tuple[Step, ...]:
    """Each hop there, then each hop of the reply."""
    return tuple(Step(hop.text, stops=not hop.allowed) for hop in trace.hops)


def places(network: Network) -> tuple[Place, ...]:
    """What can be chosen: the internet, what has an address of its own, AWS's own services by endpoint."""
    names = Counter(name for one in fields(network) for name in _names(getattr(network, one.name)))
    found = [Place("internet", "anyone on the internet")]
    # A name that several things have leads nowhere; an id always does.
    found += [
        Place(one.name if names[one.name] == 1 else one.id, f"{kind} {one.name or one.id}")
        for kind, one in _things(network)
    ]
    found += [Place(f"service:{name}", f"the service {name}") for name in ("s3", "dynamodb")]
    return tuple(found[:_MOST_PLACES])


def _names(group: object) -> Iterator[str]:
    if isinstance(group, tuple):
        yield from (one.name for one in group if getattr(one, "name", ""))


def _things(
    network: Network,
) -> Iterator[tuple[str, Instance | LoadBalancer | Database | Function | Interface]]:
    yield from (("instance", one) for one in network.instances)
    yield from (("load balancer", one) for one in network.load_balancers)
    yield from (("database", one) for one in network.databases)
    yield from (("function", one) for one in network.functions)
    # What uses an interface is there already.
    yield from (("interface", one) for one in network.interfaces if not one.attached_to)
