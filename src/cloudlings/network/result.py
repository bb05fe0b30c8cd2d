"""What the engine answers with: traces, their hops, and the explanations of what stopped them.

The words are those of AWS's Reachability Analyzer (``NetworkInsightsAnalysis``, ``PathComponent``,
``Explanation`` in the EC2 API), and :meth:`Trace.as_analysis` gives its shapes. Codes that begin with
``X_`` are this course's own, for what the analyzer has no code for. Every code is described at
https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .model import NetworkAclEntry, Route, SecurityGroupRule, TransitGatewayRoute

Verdict = Literal["reachable", "blocked", "unknown"]
Phase = Literal["forward", "return"]
Rule = SecurityGroupRule | NetworkAclEntry | Route | TransitGatewayRoute


@dataclass(frozen=True, slots=True)
class Component:
    """A component on a path: its id, its name, and what kind of thing it is ("security group", …)."""

    id: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name and self.name != self.id else self.id


@dataclass(frozen=True, slots=True)
class Header:
    """The packet at a hop, as text: addresses and ports are ranges where there is more than one."""

    protocol: str
    source: str
    source_ports: str
    destination: str
    destination_ports: str

    def __str__(self) -> str:
        def end(address: str, ports: str) -> str:
            return f"{address} port {ports}" if ports else address

        arrow = f"{end(self.source, self.source_ports)} → {end(self.destination, self.destination_ports)}"
        return f"{self.protocol} {arrow}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a path cannot be taken (or may fail): AWS's code, the component that decided, and a sentence.

    ``direction``: ingress or egress, seen from the component. ``phase``: on the request or on the reply.
    ``text`` is one plain sentence with real ids; ``rule`` the rule that decided, None where the absence of
    a rule did. ``related``: other components that the decision is about (the subnet of an ACL …).
    """

    code: str
    component: Component
    text: str
    phase: Phase = "forward"
    direction: str = ""
    rule: Rule | None = None
    related: tuple[Component, ...] = ()
    header: Header | None = None

    @property
    def components(self) -> tuple[Component, ...]:
        """The deciding component, then the related ones."""
        return (self.component, *self.related)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: the component, the rule by which it decided, and the packet there.

    ``allowed`` is False where the packet is stopped; the walk goes on, so that every blocker is found.
    """

    sequence: int
    phase: Phase
    component: Component
    allowed: bool
    text: str
    direction: str = ""
    rule: Rule | None = None
    subnet: str = ""
    vpc: str = ""
    attached_to: Component | None = None
    header: Header | None = None
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer to "can this reach that?", with the path there and back and every reason.

    ``explanations``: of a blocked trace, all blockers on the best path, request first; of an unknown one,
    what the engine cannot look into. ``warnings``: of a reachable trace, what makes it partial or
    fragile. ``sentence``: one sentence for a learner. ``tried``: how many paths were walked.
    """

    source: str
    destination: str
    protocol: str
    port: int | None
    verdict: Verdict
    sentence: str
    forward: tuple[Hop, ...] = ()
    back: tuple[Hop, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    warnings: tuple[Explanation, ...] = ()
    tried: int = 1

    @property
    def reachable(self) -> bool:
        """True only when the verdict is reachable: unknown does not pass."""
        return self.verdict == "reachable"

    @property
    def blocked(self) -> bool:
        """True only when the verdict is blocked: unknown does not pass here either."""
        return self.verdict == "blocked"

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The hops of the request, then those of the reply."""
        return self.forward + self.back

    @property
    def codes(self) -> tuple[str, ...]:
        """The explanation codes, in the order of the path, each once."""
        return tuple(dict.fromkeys(explanation.code for explanation in self.explanations))

    @property
    def path(self) -> tuple[str, ...]:
        """The ids of the components on the path, there and back, each once."""
        return tuple(dict.fromkeys(hop.component.id for hop in self.hops))

    @property
    def blocking(self) -> tuple[Component, ...]:
        """The components that stop the packet, in the order of the path, each once."""
        return tuple(dict.fromkeys(explanation.component for explanation in self.explanations))

    def as_analysis(self) -> dict[str, Any]:
        """The trace in the shape of EC2's ``NetworkInsightsAnalysis``."""
        from .analysis import analysis

        return analysis(self)

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing about a network that no single trace shows.

    ``severity``: "problem" (something does not work or is open), "risk" (works until something fails) or
    "note". ``packet``: for a rule that can never match, the packet that the earlier rule takes.
    """

    code: str
    severity: Literal["problem", "risk", "note"]
    component: Component
    text: str
    related: tuple[Component, ...] = ()
    packet: Header | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a grader's statement found: it holds or not, a learner's sentence, the traces it rests on.

    Its truth value is ``holds``; an undecided one (``unknown``) does not hold.
    """

    holds: bool
    sentence: str
    unknown: bool = False
    traces: tuple[Trace, ...] = ()

    def __bool__(self) -> bool:
        return self.holds

    @property
    def trace(self) -> Trace | None:
        """The trace that decided it: the first, or None for a statement that needs none."""
        return self.traces[0] if self.traces else None
