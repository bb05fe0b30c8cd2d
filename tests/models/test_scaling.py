"""Scaling policies: one adjustment, and a load trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.scaling import Driven, Fleet, Work, adjusted, response, simulate, step_for, trigger

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "scaling.yaml").read_text())
ALARM = {
    "Threshold": 70.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "EvaluationPeriods": 2,
    "Period": 60,
}


@pytest.mark.parametrize("case", CASES["adjustments"], ids=lambda case: case["source"][-40:])
def test_adjustment(case: dict[str, Any]) -> None:
    """Each adjustment of scaling.yaml gives the capacity that its source says."""
    assert adjusted(case["from"], case["kind"], case["by"], case.get("least", 0)) == case["is"]


@pytest.mark.parametrize("case", CASES["steps"], ids=lambda case: case["source"][-40:])
def test_steps(case: dict[str, Any]) -> None:
    """Each breach of scaling.yaml falls into the step that its source says."""
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment")
    steps = [dict(zip(names, row, strict=True)) for row in case["steps"]]
    assert {at: step_for(steps, at) for at in case["is"]} == case["is"]


def test_unknown_kind() -> None:
    """An adjustment type that there is not is an error by name."""
    with pytest.raises(ModelError, match="Double"):
        adjusted(3, "Double", 1)


def tracking(target: float = 60, **more: Any) -> Driven:
    metric = {"PredefinedMetricType": more.pop("metric", "ASGAverageCPUUtilization")}
    config = {"PredefinedMetricSpecification": metric, "TargetValue": target, **more}
    return Driven({"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": config})


def stepping(steps: list[tuple[float, float | None, int]], **alarm: Any) -> Driven:
    rows = [
        {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": by}
        for low, high, by in steps
    ]
    policy = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": rows}
    return Driven(policy, (trigger({**ALARM, **alarm}),))


def test_tracking_settles() -> None:
    """Under steady load a tracked group settles at load over target, rounded up."""
    last = simulate(Fleet(2, 10, 2), [tracking()], Work([460] * 60))[-1]
    assert (last.serving, last.cpu) == (8, 57.5)


def test_tracking_shrinks_slowly() -> None:
    """It grows after 3 minutes and shrinks after 15; and never where scaling in is disabled."""
    load = [460] * 30 + [60] * 40
    wishes = [minute.wish for minute in simulate(Fleet(2, 10, 2), [tracking()], Work(load))]
    assert wishes[1] == 2
    assert wishes[2] == 4
    assert wishes[30 + 13] == 8
    assert wishes[-1] == 2
    kept = simulate(Fleet(2, 10, 2), [tracking(DisableScaleIn=True)], Work(load))
    assert kept[-1].wish == 8


def test_tracking_requests() -> None:
    """Requests per target are followed without the ceiling that CPU has: one decision is enough."""
    policy = tracking(900, metric="ALBRequestCountPerTarget")
    minutes = simulate(Fleet(2, 20, 2), [policy], Work([600] * 10, requests=15))
    assert minutes[2].wish == 10


def test_unknown_metric() -> None:
    """A metric that has no values here is an error by name."""
    with pytest.raises(ModelError, match="ASGAverageNetworkIn"):
        simulate(Fleet(1, 2, 1), [tracking(metric="ASGAverageNetworkIn")], Work([50]))


def test_steps_count_what_boots() -> None:
    """A step is asked once for one breach: instances that boot count as added."""
    driven = stepping([(0, 15, 1), (15, None, 3)])
    wishes = [minute.wish for minute in simulate(Fleet(2, 9, 2, boot=4), [driven], Work([150] * 7))]
    assert wishes == [2, 3, 3, 3, 3, 3, 3]


def test_simple_waits() -> None:
    """A simple policy does nothing more until its cooldown is over."""
    policy = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, "Cooldown": 300}
    driven = Driven(policy, (trigger({**ALARM, "EvaluationPeriods": 1}),))
    wishes = [minute.wish for minute in simulate(Fleet(1, 9, 1, boot=1), [driven], Work([900] * 12))]
    assert wishes == [2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4]


def test_periods() -> None:
    """An alarm of three periods of five minutes rings after a quarter of an hour."""
    driven = stepping([(0, None, 1)], Period=300, EvaluationPeriods=3)
    minutes = simulate(Fleet(1, 9, 1), [driven], Work([90] * 20))
    assert [minute.wish for minute in minutes].index(2) == 14


def test_bounds_and_schedule() -> None:
    """Most is never exceeded, and a schedule's least size holds from its minute on."""
    minutes = simulate(Fleet(1, 3, 1), [tracking()], Work([900] * 30))
    assert max(minute.wish for minute in minutes) == 3
    early = simulate(Fleet(1, 9, 1), [], Work([10] * 10), {5: 4})
    assert [minute.wish for minute in early] == [1] * 5 + [4] * 5


def test_largest_wish_counts() -> None:
    """Of two policies that want more, the one that wants most is followed; less only if all want less."""
    minutes = simulate(Fleet(2, 20, 2), [tracking(), stepping([(0, None, 9)])], Work([190] * 4))
    assert minutes[1].wish == 11


@pytest.mark.parametrize(("cpu", "capacity"), [(69.9, 4), (70, 4), (79, 4), (80, 5), (95, 7)])
def test_response(cpu: float, capacity: int) -> None:
    """At a steady value the largest answer counts; between the threshold and the first step there is none."""
    driven = [stepping([(10, 20, 1), (20, None, 3)])]
    assert response(driven, cpu, 4) == capacity
