"""What a check says: one of four verdicts, with its points, its words and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """``unavailable`` means that the sandbox did not answer: it scores neither way."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one task's check. ``points`` is what it earned of ``max_points``.

    ``found``, ``consequence``, ``counterexample``, ``trace`` and ``concept`` are the message in teaching
    order; ``next_hint`` is the command that shows the next hint, empty when all were seen. ``evidence``
    holds the reads that the verdict rests on (`cloudlings.account.Evidence.to_json`).
    """

    lab: str
    task: str
    title: str
    status: Status
    points: int
    max_points: int
    found: str
    consequence: str = ""
    counterexample: str = ""
    trace: tuple[str, ...] = ()
    concept: str = ""
    next_hint: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    seconds: float = 0.0

    @property
    def message(self) -> str:
        """The whole message as plain text, a paragraph a part."""
        parts = (self.found, self.consequence, self.counterexample, "\n".join(self.trace), self.concept)
        return "\n".join(part for part in parts if part)

    @property
    def passed(self) -> bool:
        return self.status is Status.PASSED

    def without_evidence(self) -> Verdict:
        return replace(self, evidence=())

    def to_json(self) -> dict[str, Any]:
        """As docs/verdict.schema.json describes it."""
        return {
            # The evidence is JSON already, and most of what there is to copy.
            **asdict(self.without_evidence()),
            "evidence": [dict(row) for row in self.evidence],
            "status": self.status.value,
            "trace": list(self.trace),
            "message": self.message,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Verdict:
        fields = {key: value for key, value in row.items() if key in cls.__dataclass_fields__}
        fields["status"] = Status(fields["status"])
        fields["trace"] = tuple(fields.get("trace", ()))
        return cls(**fields)
