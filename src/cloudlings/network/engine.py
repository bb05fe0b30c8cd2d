"""``trace``: can this reach that? Walks every way a packet may take, and picks the answer.

One way that works, request and reply, makes a place reachable; ways that fail beside it become
warnings. When none works the answer is unknown if what the engine cannot look into stands in one of
them, else blocked, with every blocker of the way that came closest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .addresses import ALL_PORTS, Piece, Ports, block, show_range, weight
from .index import Index, index_of, protocol_name
from .journey import INTERNET, End, Leg, Question, Walk
from .model import Network
from .places import NoSuchPlace, ends, family_of
from .policies import Allows, policy_refuses
from .result import Component, Explanation, Trace, Verdict
from .travel import connect
from .words import sentence_of

#: The most ways that are walked before a question is given up as too wide to answer.
MOST_WALKS = 4096
#: Reply types of the ICMP messages that ask for one; the others are not answered.
_ICMP_REPLIES = {"icmp": {8: 0, 13: 14, 15: 16, 17: 18}, "icmpv6": {128: 129}}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it was put: names for the answer."""

    source: str
    destination: str
    protocol: str
    port: int | None


def trace(
    network: Network,
    source: str,
    destination: str,
    protocol: str = "tcp",
    port: int | None = None,
    *,
    allows: Allows | None = None,
    family: int | None = None,
) -> Trace:
    """Whether a connection from ``source`` to ``destination`` is possible, there and back.

    A place is an id or a name (instance, interface, subnet, load balancer, database, function, endpoint,
    gateway), an address, ``internet`` (IPv4), ``internet6``, or ``service:NAME`` for an AWS service by its
    name. ``protocol``: tcp, udp, icmp, icmpv6, a protocol number, or "-1" for any. ``port``: the
    destination's; for ICMP the message type (echo when left out); None is any port. ``allows`` is asked
    about endpoint policies (see :class:`EndpointRequest`). ``family``: 4 or 6, for two places that have
    addresses of both; 4 when left out.

    Nothing is raised for a place that is not there, nor for a broken network: the answer is then unknown
    or blocked, with the reason.
    """
    index = index_of(network)
    asked = _Asked(source, destination, str(protocol), port)
    name = protocol_name(protocol)
    if name == "-1":
        protocols = ("tcp", "udp") if port is not None else ("tcp", "udp", "icmp", *index.other_protocols)
        found = [_ask(index, asked, each, port, allows, family) for each in protocols]
        return min(found, key=lambda each: ("reachable", "unknown", "blocked").index(each.verdict))
    return _ask(index, asked, name, port, allows, family)


def _ask(
    index: Index,
    asked: _Asked,
    protocol: str,
    port: int | None,
    allows: Allows | None,
    wanted: int | None,
) -> Trace:
    families = {
        family
        for place in (asked.source, asked.destination)
        if (family := family_of(index, place)) is not None
    }
    if len(families) > 1:
        text = "One end is IPv4 and the other IPv6: no packet goes from one to the other."
        return _settled(asked, "blocked", Explanation("NO_PATH", Component(asked.destination, "place"), text))
    family = next(iter(families), wanted or 4)
    question = _question(protocol, family, port, allows)
    if question is None:
        text = f"There is no {protocol} port {port}."
        return _settled(asked, "unknown", Explanation("NO_PATH", Component(asked.destination, "place"), text))
    try:
        sources = ends(index, asked.source, family, asked.destination, "source")
        destinations = ends(index, asked.destination, family, asked.source, "destination")
    except NoSuchPlace as problem:
        part = Component(asked.destination, "place")
        return _settled(asked, problem.verdict, Explanation(problem.code, part, problem.text))
    return _explore(index, question, asked, sources, destinations)


def _question(protocol: str, family: int, port: int | None, allows: Allows | None) -> Question | None:
    if protocol in ("icmp", "icmpv6"):
        if family == 6:
            kind = 128 if port in (None, 8) else port
            protocol = "icmpv6"
        else:
            kind = 8 if port is None else port
        answer = _ICMP_REPLIES[protocol].get(kind if kind is not None else 8)
        kind = kind if kind is not None else 8
        reply: Ports | None = ((answer, answer),) if answer is not None else None
        return Question(protocol, family, ((kind, kind),), answer is not None, reply, allows)
    if protocol not in ("tcp", "udp"):
        return Question(protocol, family, ALL_PORTS, True, None, allows)
    if port is None:
        return Question(protocol, family, ALL_PORTS, True, None, allows)
    return Question(protocol, family, ((port, port),), True, None, allows) if 0 <= port <= 65535 else None


def _explore(
    index: Index, question: Question, asked: _Asked, sources: list[End], destinations: list[End]
) -> Trace:
    """Walk ways until one works, then vary its choices one by one to see which others fail."""
    first: list[Walk] = []
    script: tuple[int, ...] | None = ()
    while script is not None and len(first) < MOST_WALKS:
        walk = _walk(index, question, sources, destinations, script)
        first.append(walk)
        if not walk.blockers and not walk.unknowns:
            return _reachable(
                asked, walk, _variations(index, question, sources, destinations, walk), len(first)
            )
        script = _next(walk)
    if script is not None:
        text = (
            f"More than {MOST_WALKS} ways lead from {asked.source} to {asked.destination}; none tried works."
        )
        part = Component(asked.destination, "place")
        return _settled(asked, "unknown", Explanation("NO_PATH", part, text))
    return _unreachable(asked, first)


def _next(walk: Walk) -> tuple[int, ...] | None:
    """The next script in order, after the choices that a walk made; None when it was the last."""
    taken = [walk.script[at] if at < len(walk.script) else 0 for at in range(len(walk.options))]
    for at in range(len(taken) - 1, -1, -1):
        if taken[at] + 1 < walk.options[at]:
            return (*taken[:at], taken[at] + 1)
    return None


def _variations(
    index: Index, question: Question, sources: list[End], destinations: list[End], walk: Walk
) -> list[Walk]:
    taken = [walk.script[at] if at < len(walk.script) else 0 for at in range(len(walk.options))]
    found: list[Walk] = []
    for at, options in enumerate(walk.options):
        found.extend(
            _walk(index, question, sources, destinations, (*taken[:at], other))
            for other in range(min(options, 16))
            if other != taken[at]
        )
    return found


def _walk(
    index: Index, question: Question, sources: list[End], destinations: list[End], script: tuple[int, ...]
) -> Walk:
    walk = Walk(index, question, script)
    client, server = walk.choose(sources), walk.choose(destinations)
    pieces = _pieces(index, question, client, server)
    leg = Leg(client, server, pieces)
    leg.by_public = server.by_public and not client.outside
    if server.endpoint is not None and server.endpoint.type != "Gateway":
        policy_refuses(walk, leg, "forward", server.endpoint)
    connect(walk, leg)
    _say_part(walk, leg, pieces)
    return walk


def _say_part(walk: Walk, leg: Leg, pieces: list[Piece]) -> None:
    """Say so when only a small part of the internet is reached, or reaches in."""
    if INTERNET not in (leg.client.component, leg.server.component) or not leg.pieces:
        return
    if weight(leg.pieces) * 2 < weight(pieces):
        first = show_range(leg.pieces[0].low, leg.pieces[0].high, walk.question.family)
        more = " and others" if len(leg.pieces) > 1 else ""
        text = f"This is so for a part of the internet only: {first}{more}."
        walk.warn("X_PART_OF_INTERNET", INTERNET, text, "forward")


def _pieces(index: Index, question: Question, client: End, server: End) -> list[Piece]:
    free = server if server.address is None else client if client.address is None else None
    ports = (question.server_ports, client.ports if question.protocol in ("tcp", "udp") else ALL_PORTS)
    if free is None:
        return [Piece(0, 0, *ports)]
    if free.outside == "service":
        spaces = [(each.low, each.high) for each in index.service_blocks(free.service, question.family)]
    elif free.component.kind == "address range":
        found = block(free.component.id)
        spaces = [(found.low, found.high)] if found is not None else []
    else:
        spaces = index.internet(question.family)
    return [Piece(low, high, *ports) for low, high in spaces]


def _reachable(asked: _Asked, walk: Walk, others: list[Walk], walks: int) -> Trace:
    warnings = list(walk.warnings)
    for other in others:
        warnings.extend(
            each for each in (*other.blockers[:1], *other.unknowns[:1]) if _warning(each) not in warnings
        )
    unique = tuple(dict.fromkeys(_warning(each) if each not in walk.warnings else each for each in warnings))
    found = Trace(
        asked.source,
        asked.destination,
        asked.protocol,
        asked.port,
        "reachable",
        "",
        tuple(walk.forward),
        tuple(walk.back),
        (),
        unique,
        walks + len(others),
    )
    return replace(found, sentence=sentence_of(found))


def _warning(explanation: Explanation) -> Explanation:
    return replace(explanation, text=f"Another way fails: {explanation.text}")


def _unreachable(asked: _Asked, walks: list[Walk]) -> Trace:
    open_walks = [walk for walk in walks if not walk.blockers]
    best = min(open_walks or walks, key=lambda walk: (len(walk.blockers), -len(walk.forward)))
    verdict: Verdict = "unknown" if open_walks else "blocked"
    found = Trace(
        asked.source,
        asked.destination,
        asked.protocol,
        asked.port,
        verdict,
        "",
        tuple(best.forward),
        tuple(best.back),
        tuple(best.unknowns if open_walks else best.blockers),
        tuple(best.warnings),
        len(walks),
    )
    return replace(found, sentence=sentence_of(found))


def _settled(asked: _Asked, verdict: Verdict, reason: Explanation) -> Trace:
    found = Trace(asked.source, asked.destination, asked.protocol, asked.port, verdict, "", (), (), (reason,))
    return replace(found, sentence=sentence_of(found))
