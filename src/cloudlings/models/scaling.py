"""What scaling policies do to a group: one adjustment, or a whole load trace minute by minute.

Pure: policies as ``describe_policies`` and alarms as ``describe_alarms`` give them. Source: Amazon EC2 Auto
Scaling User Guide, "Step and simple scaling policies", "Target tracking scaling policies", "Scaling
cooldowns", "Set the default instance warmup". AWS does not publish target tracking's formula: here it is
capacity × metric / target, rounded up, after 3 minutes above the target or 15 minutes more than 10 % below
it, as its alarms show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, inf
from typing import Any

from cloudlings.errors import ModelError
from cloudlings.models.alarms import Alarm, evaluate

HIGH_MINUTES, LOW_MINUTES, LOW_SHARE = 3, 15, 0.9
DEFAULT_COOLDOWN = 300


def adjusted(capacity: int, kind: str, amount: int, at_least: int = 0) -> int:
    """The capacity that an adjustment asks for, before least and most are looked at.

    ``kind`` is ChangeInCapacity, ExactCapacity or PercentChangeInCapacity; a percentage is rounded towards
    zero, and to one where it is less than one; ``at_least`` is MinAdjustmentMagnitude. `ModelError` for
    another kind.
    """
    match kind:
        case "ExactCapacity":
            return amount
        case "ChangeInCapacity":
            return capacity + amount
        case "PercentChangeInCapacity":
            change = capacity * amount / 100
            size = max(int(abs(change)) or (1 if change else 0), at_least if change else 0)
            return capacity + (size if change > 0 else -size)
    raise ModelError(
        f"“{kind}” is no adjustment type.",
        next_step="Use ChangeInCapacity, ExactCapacity or PercentChangeInCapacity.",
    )


def step_for(steps: Sequence[Mapping[str, Any]], difference: float) -> int | None:
    """The ScalingAdjustment of the step that a breach falls into; None when it falls into none.

    ``difference`` is metric minus the alarm's threshold. From 0 up a step includes its lower bound and not
    its upper one; below 0 it is the other way round.
    """
    for step in steps:
        low, high = _bounds(step)
        inside = low <= difference < high if difference >= 0 else low < difference <= high
        if inside:
            return int(step["ScalingAdjustment"])
    return None


def _bounds(step: Mapping[str, Any]) -> tuple[float, float]:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return (-inf if low is None else float(low), inf if high is None else float(high))


@dataclass(frozen=True)
class Trigger:
    """An alarm that calls a policy: what it compares, and the seconds of one period."""

    alarm: Alarm
    period: int = 60

    @property
    def minutes(self) -> int:
        return max(1, ceil(self.period / 60))

    def breaching(self, history: Sequence[float]) -> bool:
        """Whether it is in ALARM after these values, one a minute, the newest last."""
        width = self.minutes
        whole = [history[end - width : end] for end in range(len(history), 0, -width) if end >= width]
        points = [sum(chunk) / width for chunk in reversed(whole[: self.alarm.range])]
        return len(points) >= self.alarm.needed and evaluate(self.alarm, points).state == "ALARM"


def trigger(alarm: Mapping[str, Any]) -> Trigger:
    """A metric alarm of ``describe_alarms``."""
    made = Alarm(
        float(alarm["Threshold"]),
        str(alarm["ComparisonOperator"]),
        int(alarm.get("EvaluationPeriods") or 1),
        int(alarm.get("DatapointsToAlarm") or 0),
        alarm.get("TreatMissingData") or "missing",
    )
    return Trigger(made, int(alarm.get("Period") or 60))


@dataclass(frozen=True)
class Driven:
    """A scaling policy and the alarms that call it; a target tracking policy brings its own."""

    policy: Mapping[str, Any]
    triggers: tuple[Trigger, ...] = ()

    @property
    def kind(self) -> str:
        return str(self.policy.get("PolicyType") or "SimpleScaling")


@dataclass(frozen=True)
class Fleet:
    """A group: sizes, the minutes until a new instance serves, its default cooldown in seconds."""

    least: int
    most: int
    wish: int
    boot: int = 2
    cooldown: int = DEFAULT_COOLDOWN


@dataclass(frozen=True)
class Work:
    """What arrives, a value a minute, in percent of one instance's CPU (450: four and a half instances full).

    ``requests`` is how many requests a minute are one percent: for policies on requests per target.
    """

    load: Sequence[float]
    requests: float = 0.0

    def metric(self, name: str, minute: int, serving: int) -> float:
        """A metric's value in a minute. `ModelError` for one that this model has no value of."""
        if name == "ASGAverageCPUUtilization":
            return min(100.0, self.load[minute] / serving) if serving else 100.0
        if name == "ALBRequestCountPerTarget" and self.requests:
            return self.load[minute] * self.requests / max(1, serving)
        raise ModelError(
            f"This model has no values of the metric {name}.",
            next_step="It knows ASGAverageCPUUtilization and ALBRequestCountPerTarget.",
        )


@dataclass(frozen=True)
class Minute:
    """A minute of a simulation: instances that serve, the wish after its decisions, the CPU, and what
    decided."""

    serving: int
    wish: int
    cpu: float
    why: str = ""


@dataclass
class _State:
    wish: int
    ready: list[int]
    quiet_until: float = 0
    histories: dict[str, list[float]] = field(default_factory=dict)


def simulate(
    fleet: Fleet, driven: Sequence[Driven], work: Work, scheduled: Mapping[int, int] | None = None
) -> tuple[Minute, ...]:
    """The group over a load trace, minute by minute. ``scheduled`` is the least size from a minute on.

    Several policies that want more at once: the largest wish counts. An instance that boots serves nobody
    yet, and a step policy counts it as already asked for.
    """
    state = _State(fleet.wish, [0] * fleet.wish)
    minutes = []
    for minute in range(len(work.load)):
        fleet = replace(fleet, least=(scheduled or {}).get(minute, fleet.least))
        serving = sum(ready <= minute for ready in state.ready)
        wishes = [_wish(fleet, each, work, minute, serving, state) for each in driven]
        more = max((each for each in wishes if each[0] > state.wish), default=None)
        fewer = [each for each in wishes if each[0] < state.wish]
        chosen = more or (max(fewer) if fewer and len(fewer) == len(wishes) else (state.wish, ""))
        wish = max(fleet.least, min(fleet.most, chosen[0]))
        why = chosen[1] if wish != state.wish else ""
        _resize(state, wish, minute + fleet.boot)
        cpu = work.metric("ASGAverageCPUUtilization", minute, serving)
        minutes.append(Minute(serving, wish, cpu, why))
    return tuple(minutes)


def _resize(state: _State, wish: int, ready: int) -> None:
    state.ready += [ready] * (wish - len(state.ready))
    # The newest go first: those that still boot serve nobody.
    del state.ready[wish:]
    state.wish = wish


def response(driven: Sequence[Driven], cpu: float, capacity: int) -> int:
    """The capacity that step and simple policies ask for when CPU has stood at a value for an hour."""
    wishes = [capacity]
    for each in driven:
        for one in each.triggers if each.kind in ("StepScaling", "SimpleScaling") else ():
            if one.breaching([cpu] * 60):
                steps = each.policy.get("StepAdjustments") or []
                amount = (
                    step_for(steps, cpu - one.alarm.threshold)
                    if each.kind == "StepScaling"
                    else int(each.policy.get("ScalingAdjustment") or 0)
                )
                least = int(each.policy.get("MinAdjustmentMagnitude") or 0)
                kind = str(each.policy.get("AdjustmentType"))
                wishes += [] if amount is None else [adjusted(capacity, kind, amount, least)]
    more = [wish for wish in wishes if wish > capacity]
    return max(more) if more else min(wishes)


def own_metric(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """The customized metric of a target tracking policy, {} where it has none.

    A list of metrics that holds one, and no expression, is that one.
    """
    own: Mapping[str, Any] = (policy.get("TargetTrackingConfiguration") or {}).get(
        "CustomizedMetricSpecification"
    ) or {}
    listed = own.get("Metrics") or []
    if len(listed) != 1 or not listed[0].get("MetricStat"):
        return own
    asked = listed[0]["MetricStat"]
    return {**asked["Metric"], "Statistic": asked.get("Stat")}


def metric_name(policy: Mapping[str, Any]) -> str:
    """The metric that a target tracking policy follows, by its predefined name."""
    config = policy.get("TargetTrackingConfiguration") or {}
    own = own_metric(policy)
    if own.get("Namespace") == "AWS/EC2" and own.get("MetricName") == "CPUUtilization":
        return "ASGAverageCPUUtilization"
    named = (config.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    return str(named or own.get("MetricName"))


def _wish(
    fleet: Fleet, driven: Driven, work: Work, minute: int, serving: int, state: _State
) -> tuple[int, str]:
    """What one policy wants the group to be in this minute, and why; the present wish when it wants
    nothing."""
    name = str(driven.policy.get("PolicyName") or driven.kind)
    if driven.kind == "TargetTrackingScaling":
        return _tracked(driven.policy, work, minute, serving, state, name)
    if driven.kind not in ("StepScaling", "SimpleScaling"):
        return state.wish, ""
    history = state.histories.setdefault(name, [])
    history.append(work.metric("ASGAverageCPUUtilization", minute, serving))
    for each in driven.triggers:
        if each.breaching(history):
            if driven.kind == "StepScaling":
                return _stepped(driven.policy, history[-1] - each.alarm.threshold, serving, state, name)
            return _simple(fleet, driven.policy, minute, state, name)
    return state.wish, ""


def _tracked(
    policy: Mapping[str, Any], work: Work, minute: int, serving: int, state: _State, name: str
) -> tuple[int, str]:
    config = policy["TargetTrackingConfiguration"]
    target = float(config["TargetValue"])
    history = state.histories.setdefault(name, [])
    value = work.metric(metric_name(policy), minute, serving)
    history.append(value)
    needed = ceil(round(serving * value / target, 6))
    recent = history[-HIGH_MINUTES:]
    if len(recent) == HIGH_MINUTES and min(recent) > target:
        return max(state.wish, needed), f"{name}: {value:.0f} is above {target:g}"
    calm = history[-LOW_MINUTES:]
    if len(calm) == LOW_MINUTES and max(calm) < LOW_SHARE * target and not config.get("DisableScaleIn"):
        return max(1, min(state.wish, needed)), f"{name}: {value:.0f} is well below {target:g}"
    return state.wish, ""


def _stepped(
    policy: Mapping[str, Any], difference: float, serving: int, state: _State, name: str
) -> tuple[int, str]:
    amount = step_for(policy.get("StepAdjustments") or [], difference)
    if amount is None:
        return state.wish, ""
    least = int(policy.get("MinAdjustmentMagnitude") or 0)
    wanted = adjusted(serving, str(policy.get("AdjustmentType")), amount, least)
    if wanted < serving and state.wish > serving:
        return state.wish, ""  # nothing is taken away while something boots
    if wanted > serving:
        return max(state.wish, wanted), f"{name}: {difference:+.0f} from the threshold"
    return min(state.wish, wanted), f"{name}: {difference:+.0f} from the threshold"


def _simple(
    fleet: Fleet, policy: Mapping[str, Any], minute: int, state: _State, name: str
) -> tuple[int, str]:
    if minute < state.quiet_until:
        return state.wish, ""
    cooldown = policy.get("Cooldown")
    state.quiet_until = minute + (fleet.cooldown if cooldown is None else int(cooldown)) / 60
    amount, least = int(policy.get("ScalingAdjustment") or 0), int(policy.get("MinAdjustmentMagnitude") or 0)
    wanted = adjusted(state.wish, str(policy.get("AdjustmentType")), amount, least)
    return wanted, f"{name}: its alarm rang"
