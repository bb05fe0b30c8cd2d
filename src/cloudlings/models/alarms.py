"""When a CloudWatch alarm changes state: M out of N data points, and what missing data counts for.

Pure: data points in, a state and its reason out. Source: CloudWatch User Guide, "Evaluating an alarm",
"Configuring how CloudWatch alarms treat missing data" (with its tables), "Avoiding premature transitions to
alarm state", "Percentile-based CloudWatch alarms and low data samples".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cloudlings.errors import ModelError

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]
EXTRA_PERIODS = 2
"""How many periods more than N an alarm looks at: five for three, in AWS's own tables."""

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
_WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True)
class Alarm:
    """What decides an alarm's state: ``datapoints`` (M) of ``periods`` (N) past the threshold."""

    threshold: float
    comparison: str
    periods: int = 1
    datapoints: int = 0
    missing: Missing = "missing"

    @property
    def needed(self) -> int:
        """M: as many as there are periods, unless told otherwise."""
        return self.datapoints or self.periods

    @property
    def range(self) -> int:
        """How many periods the alarm looks at."""
        return self.periods + EXTRA_PERIODS

    def breaches(self, value: float) -> bool:
        """Whether a data point is past the threshold. Raises ModelError for an unknown comparison."""
        if self.comparison not in _BREACHES:
            known = ", ".join(_BREACHES)
            raise ModelError(
                f"“{self.comparison}” is no comparison that this model knows.",
                next_step=f"It knows: {known}.",
            )
        return _BREACHES[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found: the new state (None: the alarm stays as it is), why, and the data points that
    were looked at, the newest first."""

    state: State | None
    reason: str
    looked_at: tuple[float, ...] = ()


def evaluate(alarm: Alarm, points: Sequence[float | None]) -> Evaluation:
    """The state by the data points of the range, the oldest first; None stands for a missing one."""
    if len(points) < alarm.periods:
        points = (*(None,) * (alarm.periods - len(points)), *points)
    present = [point for point in points if point is not None]
    recent = tuple(reversed(present[-alarm.periods :]))
    breaching = sum(map(alarm.breaches, recent))
    filled = alarm.periods - len(recent)
    if filled and alarm.missing == "breaching":
        breaching += filled
    if not filled or alarm.missing in ("breaching", "notBreaching"):
        return _decided(alarm, recent, breaching, filled)
    return _with_gaps(alarm, points, recent, breaching)


def _with_gaps(
    alarm: Alarm, points: Sequence[float | None], recent: tuple[float, ...], breaching: int
) -> Evaluation:
    """Fewer data points than periods, and missing ones count for nothing."""
    if breaching >= alarm.needed or breaching < len(recent):
        return _decided(alarm, recent, breaching, 0)
    # All that there is breaches, and it is not enough: an alarm when the oldest has had the time to be.
    oldest = next((len(points) - n for n, point in enumerate(points) if point is not None), 0)
    if alarm.missing == "ignore":
        return Evaluation(None, "Missing data is ignored: the alarm stays as it is.", recent)
    if recent and oldest >= alarm.needed:
        return _decided(alarm, recent, alarm.needed, 0)
    unknown = alarm.periods - len(recent)
    reason = f"Insufficient Data: {unknown} datapoint{'s were' if unknown != 1 else ' was'} unknown."
    return Evaluation("INSUFFICIENT_DATA", reason, recent)


def _decided(alarm: Alarm, recent: tuple[float, ...], breaching: int, filled: int) -> Evaluation:
    state: State = "ALARM" if breaching >= alarm.needed else "OK"
    missing = (
        f"{filled} missing datapoint{'s were' if filled != 1 else ' was'} treated as [{_treated(alarm)}]"
    )
    if not recent:
        periods = f"{alarm.periods} period{'s' * (alarm.periods != 1)}"
        return Evaluation(
            state, f"Threshold Crossed: no datapoints were received for {periods} and {missing}."
        )
    past = sum(map(alarm.breaches, recent))
    count, least, change, negation = (
        (past, alarm.needed, "OK -> ALARM", "")
        if state == "ALARM"
        else (len(recent) - past, alarm.periods - alarm.needed + 1, "ALARM -> OK", "not ")
    )
    shown = ", ".join(_shown(value) for value in recent)
    reason = (
        f"Threshold Crossed: {count} out of the last {alarm.periods} datapoints [{shown}] "
        f"{'was' if count == 1 else 'were'} {negation}{_WORDS.get(alarm.comparison, alarm.comparison)} "
        f"the threshold ({_shown(alarm.threshold)}) (minimum {least} datapoint{'s' * (least != 1)} "
        f"for {change} transition)"
    )
    return Evaluation(state, reason + (f"; {missing}." if filled else "."), recent)


def _shown(value: float) -> str:
    return f"{value:.1f}" if value == int(value) else f"{value:.15g}"


def _treated(alarm: Alarm) -> str:
    return "Breaching" if alarm.missing == "breaching" else "NonBreaching"


def enough_samples(percentile: float, samples: float) -> bool:
    """Whether a percentile has enough samples to be significant: 10/(1-p) above the median, 10/p below."""
    share = percentile / 100
    rest = 1 - share if share >= 0.5 else share
    # p100 and p0 have no number of samples that would do.
    return rest > 0 and samples >= round(10 / rest, 6)
