"""CloudWatch alarms in MiniStack, driven by data: evaluated soon after data arrives and as periods end.

One thread sleeps until the next period of any alarm ends, or until data arrives. What an alarm's state is
decides ``cloudlings.models.alarms``; what happens on a change, ``alarm_actions``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.errors import CloudlingsError, ExpressionError
from cloudlings.models import alarms
from cloudlings.sandbox import clock
from cloudlings.sandbox.cloudwatch import statistics
from cloudlings.sandbox.cloudwatch.statistics import Sample
from cloudlings.sandbox.emulators import alarm_actions, cloudwatch_wire

# Data often comes in several requests: they count together.
_SOON = 0.3
# A look at the alarms even when nobody asks: an account may have been read back from the disk.
_AT_LEAST = 30.0
# What MiniStack leaves out of an alarm.
_MEMBERS = ("Metrics", "EvaluateLowSampleCountPercentile", "ThresholdMetricId")
_SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
_WITHOUT_DEFAULT = (
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "Threshold",
)

Scope = tuple[str, str]


def correct(cloudwatch: Any) -> dict[str, cloudwatch_wire.Answer]:
    """Put MiniStack's alarms right. Returns the operations that are answered here."""
    watcher = Watcher(cloudwatch)
    _watchers[:] = [watcher]
    cloudwatch._evaluate_alarm = lambda _: look_soon()
    cloudwatch._evaluate_all_alarms = look_soon
    cloudwatch._dispatch_alarm_actions = lambda *change: alarm_actions.act_apart(cloudwatch, *change)
    _history(cloudwatch)
    clock.on_advance(watcher.clock_moved)
    put, delete = cloudwatch._put_metric_alarm, cloudwatch._delete_alarms
    compose = cloudwatch._put_composite_alarm
    return {
        "PutMetricAlarm": lambda asked: _put_metric_alarm(cloudwatch, asked, put),
        "PutCompositeAlarm": lambda asked: _put_composite_alarm(cloudwatch, asked, compose),
        "SetAlarmState": lambda asked: _set_alarm_state(cloudwatch, asked, cloudwatch._set_alarm_state),
        "DeleteAlarms": lambda asked: _delete_alarms(cloudwatch, asked, delete),
        "DescribeAlarmsForMetric": lambda asked: _describe_for_metric(cloudwatch, asked),
    }


_watchers: list[Watcher] = []


def look_soon() -> None:
    """Have the alarms of this account and Region evaluated in a moment."""
    from ministack.core.responses import get_account_id, get_region

    for watcher in _watchers:
        watcher.look_soon((get_account_id(), get_region()))


class Watcher:
    """Evaluates alarms, in a thread of its own that is started with the first alarm or datum."""

    def __init__(self, cloudwatch: Any) -> None:
        self._cloudwatch = cloudwatch
        self._asked: dict[Scope, float] = {}
        self._changed = threading.Condition()
        self._evaluating = threading.Lock()
        self._thread: threading.Thread | None = None

    def look_soon(self, scope: Scope) -> None:
        """Evaluate the alarms of an account and Region in a moment."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()
            if scope not in self._asked:
                self._asked[scope] = time.monotonic() + _SOON
                self._changed.notify()

    def clock_moved(self, account_id: str, _: float, __: float) -> None:
        """Evaluate an account's alarms at once: its test clock shows another time."""
        for scope in {key[:2] for key in list(self._cloudwatch._alarms._data) if key[0] == account_id}:
            self.evaluate_all(scope)

    def _run(self) -> None:
        ends: dict[Scope, float] = {}
        while True:
            try:
                ends = self._turn(ends)
            except Exception as error:
                # Without this thread no alarm would ever change.
                print(f"alarms: {type(error).__name__}: {error}", flush=True)
                time.sleep(1)

    def _turn(self, ends: dict[Scope, float]) -> dict[Scope, float]:
        """Sleep until something is due, and do it. Returns when the next periods end."""
        with self._changed:
            self._changed.wait(self._rest(ends))
            due = [scope for scope, at in self._asked.items() if at <= time.monotonic()]
            for scope in due:
                del self._asked[scope]
        due += [scope for scope, at in ends.items() if at <= time.time() and scope not in due]
        for scope in due:
            self.evaluate_all(scope)
        scopes = {key[:2] for key in list(self._cloudwatch._alarms._data)}
        return {scope: self._next_end(scope) for scope in scopes}

    def _rest(self, ends: dict[Scope, float]) -> float:
        asked = min(self._asked.values(), default=float("inf")) - time.monotonic()
        ended = min(ends.values(), default=float("inf")) - time.time()
        return max(0.0, min(asked, ended, _AT_LEAST))

    def _next_end(self, scope: Scope) -> float:
        """When, in real time, the next period of an alarm ends: a moment later, for data that is late."""
        now = clock.now(scope[0])
        periods = [
            period_of(alarm)
            for key, alarm in list(self._cloudwatch._alarms._data.items())
            if key[:2] == scope
        ]
        return time.time() + min((period - now % period for period in periods), default=_AT_LEAST) + 0.1

    def evaluate_all(self, scope: Scope) -> None:
        """Evaluate every metric alarm of an account and Region now."""
        from ministack.core.responses import request_scope

        with self._evaluating, request_scope(*scope):
            for alarm in list(self._cloudwatch._alarms.values()):
                try:
                    evaluate(self._cloudwatch, alarm)
                except CloudlingsError as error:
                    print(f"alarm {alarm.get('AlarmName')}: {error.message}", flush=True)
                except Exception as error:
                    # One alarm's trouble must not keep the others from being seen.
                    print(f"alarm {alarm.get('AlarmName')}: {type(error).__name__}: {error}", flush=True)


# --- evaluation -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Range:
    """The data points that an alarm looks at, the oldest first, and how many samples they are made of."""

    points: Sequence[float | None]
    samples: float = 0.0


def period_of(alarm: dict[str, Any]) -> int:
    """Seconds of an alarm's period; of metric math, the metrics' longest."""
    stats = [query["MetricStat"]["Period"] for query in alarm.get("Metrics") or () if query.get("MetricStat")]
    longest = max(stats, default=0) or max(
        (q.get("Period") or 0 for q in alarm.get("Metrics") or ()), default=0
    )
    return int(longest or alarm.get("Period") or 60)


def evaluate(cloudwatch: Any, alarm: dict[str, Any]) -> None:
    """Look at an alarm's data, and change its state if that says so.

    An alarm on an anomaly detection band has too little data: no model is trained here.
    """
    if alarm.get("ThresholdMetricId"):
        return
    one = alarms.Alarm(
        threshold=float(alarm.get("Threshold") or 0),
        comparison=str(alarm.get("ComparisonOperator")),
        periods=int(alarm.get("EvaluationPeriods") or 1),
        datapoints=int(alarm.get("DatapointsToAlarm") or 0),
        missing=alarm.get("TreatMissingData") or "missing",
    )
    found = _range(cloudwatch, alarm, one.range)
    extended = str(alarm.get("ExtendedStatistic") or "")
    ignores = alarm.get("EvaluateLowSampleCountPercentile") == "ignore"
    if ignores and extended[:1] == "p" and not alarms.enough_samples(float(extended[1:]), found.samples):
        return
    evaluation = alarms.evaluate(one, found.points)
    if _is_held(alarm, evaluation.state):
        return
    if evaluation.state is not None and evaluation.state != alarm["StateValue"]:
        _change(cloudwatch, alarm, evaluation)
    else:
        alarm_actions.go_on(cloudwatch, alarm, period_of(alarm))


def _range(cloudwatch: Any, alarm: dict[str, Any], number: int) -> Range:
    """The last ``number`` periods by the test clock. The one under way counts once it has data."""
    from ministack.core.responses import get_account_id

    account, period = get_account_id(), period_of(alarm)
    begins = clock.now(account) // period * period
    starts = [begins - back * period for back in range(number, -1, -1)]
    by_start, samples = _data_points(cloudwatch, alarm, starts[0], begins + period)
    points = [by_start.get(start) for start in starts]
    return Range(points[:-1] if points[-1] is None else points[1:], samples)


def _data_points(
    cloudwatch: Any, alarm: dict[str, Any], start: float, end: float
) -> tuple[dict[float, float | None], float]:
    from cloudlings.sandbox.emulators import ministack_metrics

    if alarm.get("Metrics"):
        from cloudlings.sandbox.emulators import ministack_queries

        return ministack_queries.watched(cloudwatch, alarm["Metrics"], start, end), 0.0
    dimensions = ministack_metrics.pairs(alarm.get("Dimensions"))
    found = ministack_metrics.samples(
        cloudwatch, str(alarm.get("Namespace")), str(alarm.get("MetricName")), dimensions, alarm.get("Unit")
    )
    statistic = statistics.parse(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average")
    by_period = statistics.by_period(in_test_time(found), start, end, period_of(alarm))
    number = sum(sample.count for inside in by_period.values() for sample in inside)
    return {at: statistic.of(inside) for at, inside in by_period.items()}, number


def in_test_time(found: Sequence[Sample]) -> list[Sample]:
    """Samples at the moments at which they were by the account's test clock."""
    from ministack.core.responses import get_account_id

    account = get_account_id()
    if not clock.moves(account):
        return list(found)
    return [
        Sample(clock.moment(account, each.time), each.count, each.total, each.low, each.high, each.unit)
        for each in found
    ]


def _change(cloudwatch: Any, alarm: dict[str, Any], evaluation: alarms.Evaluation) -> None:
    old, new = alarm["StateValue"], str(evaluation.state)
    now = time.time()
    data = {
        "version": "1.0",
        "queryDate": _stamp(now),
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
        "period": period_of(alarm),
        "recentDatapoints": list(reversed(evaluation.looked_at)),
        "threshold": alarm.get("Threshold"),
    }
    alarm.update(
        StateValue=new,
        StateReason=evaluation.reason,
        StateReasonData=json.dumps({name: each for name, each in data.items() if each is not None}),
        StateUpdatedTimestamp=now,
        StateTransitionedTimestamp=now,
    )
    cloudwatch._record_history(alarm["AlarmName"], old, new, evaluation.reason, reason_data=data)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, evaluation.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}+0000"


@dataclass(frozen=True)
class Held:
    """A state that SetAlarmState set: until when, in test time, and what the data had said before."""

    until: float
    before: str


# By the alarm's ARN.
_held: dict[str, Held] = {}


def _is_held(alarm: dict[str, Any], found: str | None) -> bool:
    """Whether a state that was set stays: up to the end of the period, unless new data says something new.

    Source: CloudWatch API reference, SetAlarmState: it lasts until the alarm is next evaluated.
    """
    from ministack.core.responses import get_account_id

    held = _held.get(alarm["AlarmArn"])
    if held is None:
        return False
    if clock.now(get_account_id()) < held.until and found in (None, held.before):
        return True
    del _held[alarm["AlarmArn"]]
    return False


# --- operations -------------------------------------------------------------------------------------------


def _put_metric_alarm(
    cloudwatch: Any, asked: dict[str, Any], put: Callable[..., tuple[int, Any, bytes]]
) -> dict[str, Any]:
    """Keep an alarm with everything that it was given. Source: CloudWatch API reference, PutMetricAlarm."""
    name = asked.get("AlarmName", "")
    _check_metrics(asked)
    is_new = name not in cloudwatch._alarms
    _checked(put({}, asked, False, True))
    alarm = cloudwatch._alarms[name]
    alarm.update({member: asked[member] for member in _MEMBERS if asked.get(member) is not None})
    alarm["AlarmDescription"] = asked.get("AlarmDescription")
    for member in _WITHOUT_DEFAULT:
        # MiniStack has a default for what the request leaves open.
        if asked.get(member) is None:
            alarm.pop(member, None)
    if not is_new:
        remember(cloudwatch, name, "ConfigurationUpdate", f'Alarm "{name}" updated')
    _held.pop(alarm["AlarmArn"], None)
    look_soon()
    return {}


def _set_alarm_state(
    cloudwatch: Any, asked: dict[str, Any], put: Callable[..., tuple[int, Any, bytes]]
) -> dict[str, Any]:
    from ministack.core.responses import get_account_id

    alarm = cloudwatch._alarms.get(asked.get("AlarmName"))
    before = alarm["StateValue"] if alarm else ""
    _checked(put({}, asked, False, True))
    if alarm:
        now, period = clock.now(get_account_id()), max(period_of(alarm), 60)
        known = _held.get(alarm["AlarmArn"])
        _held[alarm["AlarmArn"]] = Held(now - now % period + period, known.before if known else before)
    return {}


def _put_composite_alarm(
    cloudwatch: Any, asked: dict[str, Any], put: Callable[..., tuple[int, Any, bytes]]
) -> dict[str, Any]:
    """Keep what holds a composite alarm's actions back. Source: API reference, PutCompositeAlarm."""
    given = {member: asked[member] for member in _SUPPRESSION if asked.get(member) is not None}
    if given and len(given) < len(_SUPPRESSION):
        raise cloudwatch_wire.Refused(
            "ValidationError", f"{', '.join(_SUPPRESSION)} must be specified together"
        )
    _checked(put({}, asked, False, True))
    cloudwatch._composite_alarms[asked["AlarmName"]].update(given)
    return {}


_OF_A_BAND = (
    "GreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
)


def _check_metrics(asked: dict[str, Any]) -> None:
    wanted, threshold = asked.get("Metrics"), asked.get("ThresholdMetricId")
    if (asked.get("ComparisonOperator") in _OF_A_BAND) != bool(threshold):
        message = "ThresholdMetricId and a comparison with the bounds of its band belong together"
        raise cloudwatch_wire.Refused("ValidationError", message)
    if not wanted:
        return
    from cloudlings.sandbox.cloudwatch import queries

    try:
        if threshold:
            queries.check_band(wanted, threshold)
        else:
            queries.check_alarm(wanted)
    except ExpressionError as error:
        raise cloudwatch_wire.Refused("ValidationError", error.message) from None


def _delete_alarms(
    cloudwatch: Any, asked: dict[str, Any], delete: Callable[..., tuple[int, Any, bytes]]
) -> dict[str, Any]:
    names = [
        n
        for n in asked.get("AlarmNames") or ()
        if n in cloudwatch._alarms or n in cloudwatch._composite_alarms
    ]
    _checked(delete({}, asked, False, True))
    for name in names:
        remember(cloudwatch, name, "ConfigurationUpdate", f'Alarm "{name}" deleted')
    return {}


def _checked(reply: tuple[int, Any, bytes]) -> None:
    status, _, body = reply
    if status >= 300:
        error = json.loads(body)
        raise cloudwatch_wire.Refused(
            error.get("__type", "InternalFailure"), error.get("message", ""), status
        )


def _describe_for_metric(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """The alarms of one metric: its dimensions, and the statistic, unit and period that are asked for.

    Source: CloudWatch API reference, DescribeAlarmsForMetric.
    """
    from cloudlings.sandbox.emulators.ministack_metrics import pairs

    def fits(alarm: dict[str, Any]) -> bool:
        same = all(
            alarm.get(member) == asked[member]
            for member in ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Unit", "Period")
            if asked.get(member) is not None
        )
        return same and pairs(alarm.get("Dimensions")) == pairs(asked.get("Dimensions"))

    return {"MetricAlarms": [dict(alarm) for alarm in cloudwatch._alarms.values() if fits(alarm)]}


# --- history ----------------------------------------------------------------------------------------------


def _history(cloudwatch: Any) -> None:
    """What MiniStack writes of a new alarm is no change of state, and nothing tells of its actions."""
    record = cloudwatch._record_history

    def record_history(name: str, old: str, new: str, reason: str, *args: Any, **named: Any) -> None:
        if old == new and reason.startswith("Unchecked"):
            remember(cloudwatch, name, "ConfigurationUpdate", f'Alarm "{name}" created')
        else:
            record(name, old, new, reason, *args, **named)

    cloudwatch._record_history = record_history


def remember(cloudwatch: Any, name: str, kind: str, summary: str, data: dict[str, Any] | None = None) -> None:
    """Write an entry of an alarm's history: of kind ConfigurationUpdate or Action."""
    is_composite = name in cloudwatch._composite_alarms
    cloudwatch._history_entries().append(
        {
            "AlarmName": name,
            "AlarmType": "CompositeAlarm" if is_composite else "MetricAlarm",
            "Timestamp": cloudwatch._ts_iso(time.time()),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data or {"version": "1.0"}),
        }
    )
