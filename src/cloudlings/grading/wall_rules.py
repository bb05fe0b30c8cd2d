"""What the walls between tiers must let through and what not: security groups and network ACLs."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.grading.portal_walls import with_places
from cloudlings.grading.task import Because
from cloudlings.grading.tier_rules import Portal
from cloudlings.grading.vpc_state import must_not_reach, must_reach, ports_at_the_edges
from cloudlings.lab import Brief
from cloudlings.network import Network, Trace, trace, view_of

FIRST_OF_CALLERS = 1024
"""The lowest port that a caller chooses for itself: replies go there or above."""


def door_is_open(network: Network, machines: Mapping[str, str], caller: str, name: str, port: int) -> None:
    """Fails the check unless a caller reaches a machine; ``machines`` has the interfaces by name."""
    must_reach(
        network,
        machines.get(caller, caller),
        machines[name],
        port,
        consequence=f"Patients see an error page: {caller} gets no answer from {name}.",
        concept="A connection needs the caller's outbound and the receiver's inbound rules; replies need "
        "none.",
    )


def nothing_else(
    portal: Portal, machines: Mapping[str, str], source: str, name: str, open_port: int | None
) -> None:
    """Fails the check unless a source can do nothing to a machine but tcp on one port (None: nothing at all).

    Every port, protocol and family is asked.
    """
    network, target = portal.network, machines[name]
    start = view_of(network)[machines.get(source, source)]
    if open_port is None:
        wrong = start.cannot_reach(target)
        found = None if wrong else wrong.trace
    else:
        found = _surplus(portal, machines.get(source, source), target, open_port)
    assert found is None, Because(
        found=f"Every port of {name} ({target}) was tried from {_caller(source)}. {found.sentence}",
        consequence=f"Whoever sends from {_caller(source)} has a way to {name} that nobody needs.",
        trace=[f"It is let in by {each}." for each in _let_in_by(found)],
        concept="Security groups only allow, and they add up: what one rule of one group lets in, is in.",
    )


def _caller(source: str) -> str:
    return {"internet": "the internet"}.get(source, source)


def _surplus(portal: Portal, source: str, target: str, open_port: int) -> Trace | None:
    """A connection that is possible beside tcp on the open port, None when there is none."""
    network = portal.network
    ports = [port for port in ports_at_the_edges(network, portal.vpc.id, open_port) if port != open_port]
    asked: list[tuple[str, int | None]] = [("udp", None), ("icmp", None), *(("tcp", port) for port in ports)]
    for protocol, port in asked:
        found = trace(network, source, target, protocol, port)
        if not found.blocked:
            return found
    return None


def _let_in_by(found: Trace) -> list[str]:
    inbound = [
        hop for hop in found.forward if hop.direction == "ingress" and hop.component.kind == "security group"
    ]
    return [f"a rule of {hop.component}" for hop in inbound]


def followed(network: Network, places: Mapping[str, str], flow: str) -> Trace:
    """The packet of a flow as the brief writes it, ``web > reports tcp 443``, followed between the places."""
    ends, _, rest = flow.partition(" tcp ") if " tcp " in flow else flow.partition(" udp ")
    source, destination = (part.strip() for part in ends.split(">"))
    return trace(network, places[source], places[destination], "tcp" if " tcp " in flow else "udp", int(rest))


def reports_work(portal: Portal, brief: Brief) -> None:
    """Fails the check unless the reports tier has every connection that it needs."""
    network, places = with_places(portal.network, portal)
    needs = (
        ("web", "reports", 80, "the doctors' report pages do not open"),
        ("web", "reports", 443, "the doctors' report pages do not open"),
        ("reports", "data", brief.database_port, "reports stay empty: the database's answers do not arrive"),
        ("reports", "internet", 443, "no report can be sent to a hospital"),
        ("reports", "reports-b", 443, "the two halves of the reporting cluster lose each other"),
        ("reports-b", "data", brief.database_port, "in the second zone, reports stay empty"),
    )
    for source, destination, port, consequence in needs:
        must_reach(
            network,
            places[source],
            places[destination],
            port,
            given="The NACLs as they are now. ",
            consequence=f"With this NACL {consequence}.",
            concept="Stateless: each packet is judged alone, the reply as well, by the other direction's "
            "rules.",
        )


def all_but_ssh(network: Network, caller: str, target: str, ports: list[int]) -> None:
    """Fails the check unless a caller reaches a host on every port but that of SSH."""
    must_not_reach(
        network,
        caller,
        target,
        22,
        consequence="The auditors' one sentence, no SSH into the data tier, is not true: one careless "
        "security "
        "group and it is open.",
        concept="The lowest number that fits decides: a deny that is read after an allow is never read.",
    )
    for port in ports:
        if port != 22:
            must_reach(
                network,
                caller,
                target,
                port,
                consequence="Monitoring and the portal itself lose the databases.",
                concept="A network ACL of your own refuses all that no rule allows, in each direction; the "
                "reply "
                "goes to the caller's port, 1024 or above.",
            )


def stays_out(
    network: Network,
    caller: str,
    target: str,
    consequence: str = "The machines that face the internet are one security group away from the records.",
) -> None:
    """Fails the check unless no TCP connection at all is possible."""
    found = view_of(network)[caller].cannot_reach(target, None, "tcp")
    assert found, Because(
        found=f"A packet was followed from {caller} to {target}. {found.sentence}",
        consequence=consequence,
        concept="A second wall is worth having where it says less than the first: here, which tiers.",
    )


def calls_nobody(network: Network, database: str, other: str, ports: list[int]) -> None:
    """Fails the check if a database reaches a host on a port below those to which replies go."""
    for port in ports:
        if port < FIRST_OF_CALLERS:
            must_not_reach(
                network,
                database,
                other,
                port,
                consequence="Who gets hold of a database goes on from there into the tiers that call it.",
                concept="Databases answer, they do not call: what leaves them are replies, and those go to a "
                "caller's port, 1024 or above.",
            )
