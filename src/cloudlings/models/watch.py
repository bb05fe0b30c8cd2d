"""What an alarm would have said of metrics that are fed to it, minute by minute.

Pure: an alarm's definition and its data points in, a state for each minute out; what one look at the data
says decides ``cloudlings.models.alarms``. Composite alarms are decided by their rule. Source: CloudWatch User
Guide, "Evaluating an alarm", "Percentile-based CloudWatch alarms and low data samples", "Create a composite
alarm"; API reference, PutCompositeAlarm (the rule's words).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.errors import ModelError
from cloudlings.models.alarms import Alarm, State, enough_samples, evaluate

MINUTE = 60
Points = Callable[[float, float, int], tuple[Sequence[float | None], float]]
"""``points(start, end, period)``: a value or None for each period, oldest first; and how many samples."""


@dataclass(frozen=True)
class Watched:
    """An alarm as it decides: the period of its data points, and when it keeps still about few samples.

    ``percentile`` is set where few samples are ignored (``EvaluateLowSampleCountPercentile``).
    """

    alarm: Alarm
    period: int
    percentile: float | None = None


def watched(described: Mapping[str, Any]) -> Watched:
    """An alarm as CloudWatch describes it. Raises `ModelError` for one on an anomaly detection band."""
    if described.get("ThresholdMetricId"):
        raise ModelError(
            f"Alarm {described.get('AlarmName')} compares with an anomaly detection band, which is learnt "
            "from two weeks of data.",
            next_step="look at its settings: this model has no band",
        )
    extended = str(described.get("ExtendedStatistic") or "")
    ignores = described.get("EvaluateLowSampleCountPercentile") == "ignore" and extended[:1] == "p"
    return Watched(
        Alarm(
            threshold=float(described.get("Threshold") or 0),
            comparison=str(described.get("ComparisonOperator")),
            periods=int(described.get("EvaluationPeriods") or 1),
            datapoints=int(described.get("DatapointsToAlarm") or 0),
            missing=described.get("TreatMissingData") or "missing",
        ),
        period_of(described),
        float(extended[1:]) if ignores else None,
    )


def period_of(described: Mapping[str, Any]) -> int:
    """Seconds of an alarm's period; of metric math, its metrics' longest."""
    queries = described.get("Metrics") or ()
    own = [query["MetricStat"]["Period"] for query in queries if query.get("MetricStat")]
    return int(max(own, default=0) or described.get("Period") or MINUTE)


def states(one: Watched, points: Points, minutes: int, first: State = "OK") -> tuple[State, ...]:
    """The state at the end of each minute, from ``first`` on. Time 0 is where the data begins.

    Every minute the alarm looks at the periods that end there, as AWS does for periods of a minute and more.
    """
    found: list[State] = []
    state = first
    for minute in range(1, minutes + 1):
        end = float(minute * MINUTE)
        seen, samples = points(end - one.alarm.range * one.period, end, one.period)
        if one.percentile is None or enough_samples(one.percentile, samples):
            state = evaluate(one.alarm, seen).state or state
        found.append(state)
    return tuple(found)


def alarmed_at(states_by_minute: Sequence[State], since: int = 0) -> int | None:
    """The first minute from ``since`` on, counted from there, at whose end ALARM has begun; or None."""
    return entered_at(states_by_minute, {"ALARM"}, since)


def entered_at(
    states_by_minute: Sequence[State], wanted: Collection[State], since: int = 0, first: State = "OK"
) -> int | None:
    """The first minute from ``since`` on, counted from there, at whose end one of some states has begun."""
    for minute in range(since, len(states_by_minute)):
        before, now = states_by_minute[minute - 1] if minute else first, states_by_minute[minute]
        if now in wanted and before != now:
            return minute - since + 1
    return None


# --- composite alarms -------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"
    r"(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^)\s]+))\s*\)|(?P<sign>[()]))",
    re.I,
)


def holds(rule: str, states_by_name: Mapping[str, State]) -> bool:
    """Whether a composite alarm's rule holds, by the states of the alarms that it names (name or ARN).

    Raises `ModelError` for a rule that cannot be read, or that names an alarm that is not there.
    """
    tokens = list(_tokens(rule))
    value, rest = _either(tokens, states_by_name)
    if rest:
        raise _unread(rule)
    return value


def named_in(rule: str) -> frozenset[str]:
    """The alarms that a composite alarm's rule asks, by name; `ModelError` where it cannot be read."""
    return frozenset(_plain(name) for _, name in _tokens(rule) if name)


def _plain(name: str) -> str:
    """An alarm's name, where a rule has its name or its ARN."""
    return name.rpartition(":alarm:")[2]


def _tokens(rule: str) -> Sequence[tuple[str, str]]:
    found, at = [], 0
    while rule[at:].strip():
        token = _TOKEN.match(rule, at)
        if token is None:
            raise _unread(rule[at:])
        kind = str(token.lastgroup)
        if token["state"]:
            found.append((token["state"].upper(), token["quoted"] or token["plain"] or ""))
        else:
            found.append((str(token[kind]).upper(), ""))
        at = token.end()
    return found


Parsed = tuple[bool, Sequence[tuple[str, str]]]


def _either(tokens: Sequence[tuple[str, str]], known: Mapping[str, State]) -> Parsed:
    value, rest = _both(tokens, known)
    while rest and rest[0][0] == "OR":
        other, rest = _both(rest[1:], known)
        value = value or other
    return value, rest


def _both(tokens: Sequence[tuple[str, str]], known: Mapping[str, State]) -> Parsed:
    value, rest = _one(tokens, known)
    while rest and rest[0][0] == "AND":
        other, rest = _one(rest[1:], known)
        value = value and other
    return value, rest


def _one(tokens: Sequence[tuple[str, str]], known: Mapping[str, State]) -> Parsed:
    if not tokens:
        raise _unread("")
    (kind, name), rest = tokens[0], tokens[1:]
    if kind == "NOT":
        value, rest = _one(rest, known)
        return not value, rest
    if kind == "(":
        value, rest = _either(rest, known)
        if not rest or rest[0][0] != ")":
            raise _unread("(")
        return value, rest[1:]
    if kind in ("TRUE", "FALSE"):
        return kind == "TRUE", rest
    if kind not in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        raise _unread(kind)
    plain = _plain(name)
    if plain not in known:
        raise ModelError(
            f"The rule names the alarm {plain}, which is not there.",
            next_step=f"there are: {', '.join(sorted(known)) or 'none'}",
        )
    return known[plain] == kind, rest


def _unread(where: str) -> ModelError:
    return ModelError(
        f"The composite alarm's rule cannot be read at “{where[:40]}”.",
        next_step="a rule has ALARM(name), OK(name), INSUFFICIENT_DATA(name), AND, OR, NOT and brackets",
    )
