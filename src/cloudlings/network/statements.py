"""Statements that a grader can write like the task: ``internet.cannot_reach(db)``, ``app.reaches(db, 5432)``.

    view = view_of(network)
    assert view.internet.cannot_reach("db")
    assert view["app"].reaches("db", 5432)
    assert view["app"].reaches_s3_without_nat
    assert view.kind("data-a") == "isolated"
    assert view.survives_loss_of("us-east-1a", ("internet", "alb", 443))

Each is a :class:`Statement`: true or not, with a sentence for the learner and the traces it rests on.
What cannot be told does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from .engine import trace
from .kinds import Kind, kind
from .model import Network
from .policies import Allows
from .result import Statement, Trace
from .words import place as in_words
from .zones import without_zone

_AROUND_THE_INTERNET = frozenset({"NAT gateway", "internet gateway", "egress-only internet gateway"})


@dataclass(frozen=True, slots=True)
class View:
    """A network to make statements about. ``allows`` answers endpoint policies."""

    network: Network
    allows: Allows | None = None

    def __getitem__(self, place: str) -> Place:
        """A place by id, name, address, or ``service:NAME``."""
        return Place(self, place)

    @property
    def internet(self) -> Place:
        """Any host on the internet, over IPv4 and IPv6."""
        return Place(self, "internet")

    def kind(self, subnet: str) -> Kind:
        """The kind of a subnet: public, private, isolated, broken or unknown."""
        return kind(self.network, subnet)

    def is_kind(self, subnet: str, wanted: Kind) -> Statement:
        """Whether a subnet is of a kind, as a statement."""
        found = self.kind(subnet)
        text = f"Subnet {subnet} is {found}" + ("." if found == wanted else f", and {wanted} was looked for.")
        return Statement(found == wanted, text, found == "unknown")

    def survives_loss_of(self, zone: str, *paths: tuple[str, str, int]) -> Statement:
        """Whether paths (source, destination, TCP port) still work when a zone is lost.

        Without paths: from the internet to every listener of every internet-facing load balancer.
        """
        wanted = paths or self._front_doors()
        if not wanted:
            text = f"There is no internet-facing load balancer, so nothing shows that {zone} may be lost."
            return Statement(False, text, unknown=True)
        left = without_zone(self.network, zone)
        traces = tuple(trace(left, *path[:2], "tcp", path[2], allows=self.allows) for path in wanted)
        failed = [each for each in traces if not each.reachable]
        if failed:
            return Statement(
                False, f"Without {zone}: {failed[0].sentence}", _unsure(failed), (failed[0], *traces)
            )
        names = ", ".join(f"{in_words(path[0])} → {path[1]}:{path[2]}" for path in wanted)
        return Statement(True, f"Without {zone}, this still works: {names}.", False, traces)

    def _front_doors(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            ("internet", balancer.id, listener.port)
            for balancer in self.network.load_balancers
            if balancer.scheme == "internet-facing"
            for listener in balancer.listeners
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a view, as the subject of a statement."""

    view: View
    name: str

    def reaches(self, other: str | Place, port: int | None = None, protocol: str = "tcp") -> Statement:
        """Whether it can reach another place: the request arrives and the reply comes back."""
        found = self._trace(self.name, other, protocol, port)
        return Statement(found.reachable, found.sentence, found.verdict == "unknown", (found,))

    def cannot_reach(self, other: str | Place, port: int | None = None, protocol: str = "-1") -> Statement:
        """Whether it certainly cannot reach another place: by default on no port of any protocol.

        Both IPv4 and IPv6 are tried.
        """
        source6 = "internet6" if self.name == "internet" else self.name
        traces = (
            self._trace(self.name, other, protocol, port),
            self._trace(source6, other, protocol, port, 6),
        )
        decided = [each for each in traces if not (each.blocked or _no_such_family(each))]
        if decided:
            return Statement(False, decided[0].sentence, _unsure(decided), (decided[0], *traces))
        return Statement(True, traces[0].sentence, False, traces)

    @property
    def reaches_s3_without_nat(self) -> Statement:
        """Whether it reaches Amazon S3 by an endpoint, around NAT and internet gateways."""
        return self.reaches_service_without_nat("s3")

    def reaches_service_without_nat(self, service: str) -> Statement:
        """Whether it reaches an AWS service by an endpoint of its VPC, not over the internet."""
        found = self._trace(self.name, f"service:{service}", "tcp", 443)
        if not found.reachable:
            return Statement(False, found.sentence, found.verdict == "unknown", (found,))
        around = [hop.component for hop in found.forward if hop.component.kind in _AROUND_THE_INTERNET]
        if around:
            text = f"{self.name} reaches {service}, but by {around[0].kind} {around[0]}, not by an endpoint."
            return Statement(False, text, False, (found,))
        return Statement(True, found.sentence, False, (found,))

    def _trace(
        self, source: str, other: str | Place, protocol: str, port: int | None, family: int | None = None
    ) -> Trace:
        target = other.name if isinstance(other, Place) else other
        return trace(
            self.view.network, source, target, protocol, port, allows=self.view.allows, family=family
        )


def _no_such_family(found: Trace) -> bool:
    """Not reachable over IPv6 for want of an IPv6 address: that is blocked enough."""
    return found.verdict == "unknown" and found.codes == ("UNASSOCIATED_COMPONENT",)


def _unsure(traces: list[Trace]) -> bool:
    return all(each.verdict == "unknown" for each in traces)


def view_of(network: Network, allows: Allows | None = None) -> View:
    """A view to make statements about a network."""
    return View(network, allows)
