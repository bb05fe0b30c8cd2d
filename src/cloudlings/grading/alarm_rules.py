"""What graders of alarms share: metrics by the minute, fed to the account's alarms, and who is woken.

A `Feed` holds what each metric gets in each minute. Alarms are read from the account, never changed: what
they would have said is worked out by ``cloudlings.models.watch``, with the sandbox's statistics and math.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ExpressionError, ModelError
from cloudlings.grading.task import Because
from cloudlings.models import watch
from cloudlings.models.alarms import State
from cloudlings.sandbox.cloudwatch import queries, statistics
from cloudlings.sandbox.cloudwatch.statistics import Sample

Raw = Mapping[str, Any]
Minute = Sequence[tuple[float, float]]
"""What a metric gets in one minute: values, and how often each."""


@dataclass(frozen=True)
class Metric:
    """A metric by what names it: namespace, name and all of its dimensions; ``unit`` is that of its data."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()
    unit: str = "Count"

    @classmethod
    def of(cls, namespace: str, name: str, unit: str = "Count", **dimensions: str) -> Metric:
        """``Metric.of("AWS/SQS", "NumberOfMessagesSent", QueueName="orders")``."""
        return cls(namespace, name, frozenset(dimensions.items()), unit)

    def is_asked_by(self, asked: Raw) -> bool:
        """Whether a metric of the API's shape is this one: with the same dimensions, no more and no fewer."""
        return (self.namespace, self.name, self.dimensions) == _names(asked)


def _names(asked: Raw) -> tuple[Any, Any, frozenset[tuple[str, str]]]:
    """What names a metric of the API's shape."""
    pairs = frozenset((str(one["Name"]), str(one["Value"])) for one in asked.get("Dimensions") or ())
    return asked.get("Namespace"), asked.get("MetricName"), pairs


@dataclass(frozen=True)
class Feed:
    """A stretch of time: what each metric got in each of its ``minutes``; in an empty minute, nothing."""

    minutes: int
    data: Mapping[Metric, Sequence[Minute]]

    def samples(self, asked: Raw, unit: str | None, start: float, end: float) -> list[Sample]:
        """A metric's samples of some time, as CloudWatch stores them; none of a unit that is not asked."""
        first, last = max(int(start // 60), 0), max(int(end // 60), 0)
        minutes = self._stored.get(_names(asked), ())[first:last]
        return [sample for minute in minutes for sample in minute if unit in (None, sample.unit)]

    @cached_property
    def _stored(self) -> Mapping[Any, Sequence[Sequence[Sample]]]:
        """Each metric's samples by minute: alarms look at the same minutes again and again."""
        return {
            (metric.namespace, metric.name, metric.dimensions): [
                [
                    Sample(at * 60 + 30.0, count, value * count, value, value, metric.unit)
                    for value, count in puts
                ]
                for at, puts in enumerate(minutes)
            ]
            for metric, minutes in self.data.items()
        }


def alarms_of(account: Account, region: str | None = None) -> tuple[list[Raw], list[Raw]]:
    """The account's metric alarms and its composite alarms, as described."""
    pages = account.client("cloudwatch", region).get_paginator("describe_alarms")
    metric: list[Raw] = []
    composite: list[Raw] = []
    for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        metric += page.get("MetricAlarms", [])
        composite += page.get("CompositeAlarms", [])
    return metric, composite


def wakes(alarm: Raw, topic: str) -> bool:
    """Whether an alarm tells a topic when it goes into ALARM."""
    return bool(alarm.get("ActionsEnabled", True)) and topic in (alarm.get("AlarmActions") or ())


_ACTIONS: Mapping[State, str] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


def told_of(alarm: Raw, topic: str = "") -> set[State]:
    """The states of an alarm that a topic is told of when they begin; without a topic, that anybody is."""
    if not alarm.get("ActionsEnabled", True):
        return set()
    lists = {state: alarm.get(name) or () for state, name in _ACTIONS.items()}
    return {state for state, actions in lists.items() if (topic in actions if topic else actions)}


def watches(alarm: Raw, metric: Metric) -> bool:
    """Whether an alarm looks at a metric, by itself or in its metric math."""
    asked = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics") or () if query.get("MetricStat")]
    return any(metric.is_asked_by(each) for each in [*asked, alarm])


def is_on_a_band(alarm: Raw) -> bool:
    """Whether an alarm compares with an anomaly detection band, which nobody can foretell."""
    return bool(alarm.get("ThresholdMetricId"))


def said(alarm: Raw, feed: Feed) -> tuple[State, ...]:
    """What one metric alarm would have said at the end of each minute; the unreadable fails the check."""
    name = alarm.get("AlarmName")
    try:
        one = watch.watched(alarm)
        points = _computed if alarm.get("Metrics") else _measured
        return watch.states(one, points(alarm, feed), feed.minutes)
    except (ModelError, ExpressionError) as error:
        raise AssertionError(
            Because(
                found=f"Alarm {name} was read. {error.message}",
                consequence="Whether it would ring cannot be told.",
                concept=error.next_step or "An alarm watches one time series.",
            )
        ) from error


def _starts(start: float, end: float, period: int) -> list[float]:
    return [start + number * period for number in range(int((end - start) // period))]


def _computed(alarm: Raw, feed: Feed) -> watch.Points:
    """The points of an alarm on metric math."""

    def points(start: float, end: float, period: int) -> tuple[Sequence[float | None], float]:
        source = queries.Source(lambda asked, unit: feed.samples(asked, unit, start, end), start, end)
        found = queries.results(alarm["Metrics"], source)
        values = found[0].values if found else {}
        return [values.get(at) for at in _starts(start, end, period)], 0.0

    return points


def _measured(alarm: Raw, feed: Feed) -> watch.Points:
    """The points of an alarm on one metric. Each is worked out once: an alarm looks at it several times."""
    statistic = statistics.parse(str(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"))

    @cache
    def point(start: float, period: int) -> tuple[float | None, float]:
        samples = feed.samples(alarm, alarm.get("Unit"), start, start + period)
        return statistic.of(samples), sum(sample.count for sample in samples)

    def points(start: float, end: float, period: int) -> tuple[Sequence[float | None], float]:
        found = [point(at, period) for at in _starts(start, end, period)]
        return [value for value, _ in found], sum(count for _, count in found)

    return points


@dataclass(frozen=True)
class Woken:
    """Which alarms would have woken somebody in a stretch of time, and in which minute after its event.

    ``stuck`` are those that were in ALARM already when it began, and still are: they tell nobody again.
    """

    by: Mapping[str, int]
    stuck: Sequence[str] = ()

    @property
    def first(self) -> int | None:
        return min(self.by.values(), default=None)

    def within(self, minutes: int) -> bool:
        """Whether somebody was woken, and at most so many minutes after the event."""
        return self.first is not None and self.first <= minutes

    def __str__(self) -> str:
        told = [
            f"{name} (after {minute} min)"
            for name, minute in sorted(self.by.items(), key=lambda each: each[1])
        ]
        stuck = f" ({', '.join(self.stuck)}: in ALARM all the time, also before)" if self.stuck else ""
        return ", ".join(told) or f"none{stuck}"


def woken(
    alarms: tuple[Sequence[Raw], Sequence[Raw]],
    topic: str,
    feed: Feed,
    since: int,
    counted: Collection[str] | None = None,
) -> Woken:
    """Who is woken by a topic in a stretch of time whose event begins at minute ``since``.

    A message wakes, whichever state it tells of: AWS has a list of actions for each.
    ``alarms`` are those of `alarms_of`. ``counted`` names the metric alarms that the question is about (None:
    all); a composite alarm counts if its rule asks one, or asks another composite alarm that does. Alarms on
    anomaly bands are left out.
    """
    played = _Played({str(alarm["AlarmName"]): alarm for kind in alarms for alarm in kind}, feed)
    named = [
        name
        for name, alarm in played.alarms.items()
        if told_of(alarm, topic) and (counted is None or not played.asked_by(name).isdisjoint(counted))
    ]
    minutes = {
        name: watch.entered_at(played.states(name), told_of(played.alarms[name], topic), since)
        for name in named
    }
    stuck = [name for name in named if set(played.states(name)[since - 1 :]) == {"ALARM"}]
    return Woken({name: minute for name, minute in minutes.items() if minute is not None}, stuck)


_UNDECIDED: tuple[State, ...] = ("INSUFFICIENT_DATA",)


class _Played:
    """What alarms would have said of a feed, metric and composite: each is worked out when asked for."""

    def __init__(self, alarms: Mapping[str, Raw], feed: Feed) -> None:
        self.alarms, self._feed = alarms, feed
        self._known: dict[str, tuple[State, ...]] = {}

    def states(self, name: str) -> tuple[State, ...]:
        """An alarm's state at the end of each minute; of one on a band, and of those that ask each other in a
        ring, INSUFFICIENT_DATA."""
        if name not in self._known:
            alarm = self.alarms[name]
            self._known[name] = _UNDECIDED * self._feed.minutes
            if "AlarmRule" in alarm:
                self._known[name] = self._composed(alarm)
            elif not is_on_a_band(alarm):
                self._known[name] = said(alarm, self._feed)
        return self._known[name]

    def asked_by(self, name: str) -> set[str]:
        """An alarm's own name, those that its rule asks, and those that theirs ask."""
        found, open_ = {name}, [name]
        while open_:
            more = _asked(self.alarms.get(open_.pop(), {})) - found
            found |= more
            open_ += more
        return found

    def _composed(self, alarm: Raw) -> tuple[State, ...]:
        asked = {name: self.states(name) for name in _asked(alarm) if name in self.alarms}
        return tuple(
            "ALARM" if _holds(alarm, {name: states[minute] for name, states in asked.items()}) else "OK"
            for minute in range(self._feed.minutes)
        )


def _asked(alarm: Raw) -> frozenset[str]:
    """The alarms that a composite alarm's rule asks; of a metric alarm, none."""
    try:
        return watch.named_in(str(alarm.get("AlarmRule", "")))
    except ModelError as error:
        raise _unread(alarm, error) from error


def _holds(alarm: Raw, states: Mapping[str, State]) -> bool:
    try:
        return watch.holds(str(alarm["AlarmRule"]), states)
    except ModelError as error:
        raise _unread(alarm, error) from error


def _unread(alarm: Raw, error: ModelError) -> AssertionError:
    return AssertionError(
        Because(
            found=f"Composite alarm {alarm.get('AlarmName')} was read. {error.message}",
            consequence="Whether it would ring cannot be told.",
            concept=error.next_step,
        )
    )
