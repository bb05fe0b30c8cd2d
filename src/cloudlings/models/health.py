"""When a load balancer calls a target healthy, by the answers to its health checks.

Pure. Source: Application Load Balancers Guide, "Health checks for Application Load Balancer target groups"
(HealthyThresholdCount, UnhealthyThresholdCount, HealthCheckIntervalSeconds, Matcher, fail-open).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cloudlings.errors import ModelError

Health = Literal["initial", "healthy", "unhealthy"]


@dataclass(frozen=True)
class Check:
    """A target group's health check: seconds between two, how many in a row change the state, which codes
    pass."""

    interval: int = 30
    healthy_after: int = 5
    unhealthy_after: int = 2
    codes: str = "200"

    def passes(self, code: int | None) -> bool:
        """Whether an answer counts as a success; None stands for no answer in time."""
        return code is not None and code in matcher(self.codes)


def matcher(codes: str) -> frozenset[int]:
    """The HTTP codes of a matcher: ``200``, ``200,302``, ``200-299``. Raises `ModelError` for anything
    else."""
    found: set[int] = set()
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise ModelError(
                f"“{codes}” is no list of HTTP codes.", next_step="Write 200, 200,302 or 200-299."
            )
        found |= set(range(int(first), int(last or first) + 1))
    return frozenset(found)


def health(check: Check, answers: Iterable[int | None], start: Health = "initial") -> tuple[Health, ...]:
    """The state after each answer. A new target is called healthy by its first success."""
    states: list[Health] = []
    state, good, bad = start, 0, 0
    for code in answers:
        good, bad = (good + 1, 0) if check.passes(code) else (0, bad + 1)
        if state == "initial":
            state = "healthy" if good else "unhealthy" if bad >= check.unhealthy_after else state
        elif state == "healthy" and bad >= check.unhealthy_after:
            state = "unhealthy"
        elif state == "unhealthy" and good >= check.healthy_after:
            state = "healthy"
        states.append(state)
    return tuple(states)


def noticed_after(check: Check) -> int:
    """How many seconds may pass from the moment a target fails until no new request is sent to it."""
    return check.interval * check.unhealthy_after


def takes_requests(states: Sequence[Health]) -> tuple[bool, ...]:
    """Which targets get requests: the healthy ones, and every registered one when none is healthy
    (fail-open)."""
    if any(state == "healthy" for state in states):
        return tuple(state == "healthy" for state in states)
    return tuple(True for _ in states)
