"""What graders ask of scaling policies and timetables."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.load_rules import agreed, in_time, jumps, rings, settles, stands_ready
from cloudlings.models.alarms import Alarm
from cloudlings.models.scaling import Driven, Trigger

STEPS = [[70, 1], [80, 2], [90, 4]]
LOADS = [300.0, 500.0]


def tracking(target: float, **more: Any) -> Driven:
    metric = {"PredefinedMetricType": more.pop("metric", "ASGAverageCPUUtilization")}
    config = {"PredefinedMetricSpecification": metric, "TargetValue": target, **more}
    return Driven({"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": config})


def settled(*driven: Driven) -> None:
    settles(driven, target=60, boot=2, most=12, loads=LOADS, requests=15)


def test_settles() -> None:
    """The target itself settles where it should; so do the requests that a machine answers at the target."""
    settled(tracking(60))
    settled(tracking(900, metric="ALBRequestCountPerTarget"))


@pytest.mark.parametrize(
    ("driven", "words"),
    [
        (tracking(45), "paid for"),
        (tracking(80), "wait for machines"),
        (tracking(60, DisableScaleIn=True), "shrink again"),
        (tracking(60, metric="ASGAverageNetworkIn"), "ASGAverageNetworkIn"),
    ],
)
def test_does_not_settle(driven: Driven, words: str) -> None:
    """Too cautious, too bold, never shrinking, and a metric that nobody knows: told in words."""
    with pytest.raises(AssertionError, match=words):
        settled(driven)


def test_jumps() -> None:
    """The agreed steps tile the line; without a policy there is a hole."""
    jumps([agreed(STEPS)], STEPS)
    with pytest.raises(AssertionError, match=r"\+0; agreed is \+1\.\nIn a hole of the line"):
        jumps([], STEPS)


def test_jumps_too_far() -> None:
    """A step that begins too early adds where nothing was agreed."""
    with pytest.raises(AssertionError, match=r"agreed is \+0\.\nTwice the machines"):
        jumps([agreed([[66, 1], *STEPS[1:]])], STEPS)


def test_in_time() -> None:
    """The agreed policy is in time; none at all is not."""
    in_time([agreed(STEPS)], STEPS, boot=2, most=12)
    with pytest.raises(
        AssertionError, match=r"rose in minute none, and could have in minute [1-9].*\n.*spike"
    ):
        in_time([], STEPS, boot=2, most=12)


def one_step(machines: int, minutes: int) -> Driven:
    rows = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": machines}]
    policy = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": rows}
    return Driven(policy, (Trigger(Alarm(70, "GreaterThanOrEqualToThreshold", minutes)),))


@pytest.mark.parametrize(
    ("machines", "minutes"),
    [(2, 3), (8, 8)],
    ids=["hot for long, and nearly as many", "not so hot, and too few"],
)
def test_not_in_time(machines: int, minutes: int) -> None:
    """Both count: the minutes that were hot, and the machines that served meanwhile."""
    in_time([one_step(2, 2)], STEPS, boot=2, most=12)
    with pytest.raises(AssertionError, match="after the spike"):
        in_time([one_step(machines, minutes)], STEPS, boot=2, most=12)


@pytest.mark.parametrize(("period", "needed", "seconds"), [(60, 3, 180), (300, 1, 300)])
def test_rings(period: int, needed: int, seconds: int) -> None:
    """An alarm needs all its periods; a policy without one is not its matter."""
    policy = {"PolicyName": "storm", **agreed(STEPS).policy}
    late = Driven(policy, (Trigger(Alarm(70, "GreaterThanOrEqualToThreshold", needed), period),))
    rings([agreed(STEPS), Driven(policy)])
    with pytest.raises(AssertionError, match=f"storm rings after {seconds} seconds"):
        rings([late])


def test_a_policy_that_takes_machines_away_may_take_its_time() -> None:
    """An alarm below which a group shrinks is no answer to a storm, and is not asked to be quick."""
    policy = {"PolicyName": "calm", **one_step(-1, 15).policy}
    calm = Driven(policy, (Trigger(Alarm(30, "LessThanThreshold", 15), 60),))
    both = [agreed(STEPS), calm]
    jumps(both, STEPS)
    in_time(both, STEPS, boot=2, most=12)
    rings(both)


def action(recurrence: str, least: int | None = None, **more: Any) -> dict[str, Any]:
    size = {} if least is None else {"MinSize": least}
    return {"Recurrence": recurrence, "TimeZone": "Europe/London", **size, **more}


UP, DOWN = action("10 7 * * 1-5", 6), action("0 18 * * 1-5", 2)


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([UP, DOWN], ""),
        ([UP], "paid for each hour"),
        ([DOWN], "first patients"),
        ([{**UP, "TimeZone": "UTC"}, DOWN], "July"),
        ([action("10 7 * * *", 6), DOWN], "July|January"),
        (
            [action("10 7 * * *", 6), action("0 18 * * *", 2)],
            "Saturday 16 January 2027, 12:00 .* 2 are enough",
        ),
        ([action("10 7 * * 1-6", 6), action("0 18 * * *", 2)], "Saturday"),
        ([action("10 7 * * 0-5", 6), action("0 18 * * *", 2)], "Sunday"),
        ([action("10 7 * * 1,3,5", 6), DOWN], "Tuesday 13 July 2027, 07:27 .* sizes are 2 to 12"),
        ([action("10 7 * * 1-3,5", 6), DOWN], "Thursday"),
        ([UP, action("0 18 * * 1-5", 1)], "at least 1 machine; .*\nAn idle group shrinks"),
        ([UP, action("0 18 * * 1-5", 0)], "at least 0 machines; .*\nAn idle group shrinks"),
        ([{**UP, "ScheduledActionName": "up"}], "at least 6 machines, set by up; .*\nMachines stand ready"),
        ([{**UP, "MaxSize": 6, "ScheduledActionName": "up"}, DOWN], "sizes are 6 to 6, set by up\\."),
        ([action("10 4 * * 1-5", 6), DOWN], "2 are enough"),
        ([action("10 7 * * 1-5", DesiredCapacity=6), DOWN], "a least size is not"),
        ([action("10 7 * * 1-5", 6, MaxSize=6), DOWN], "room up to 12"),
        ([{**UP, "TimeZone": "London"}, DOWN], "no time zone"),
        ([action("29 7 * * 1-5", 6), DOWN], "machine boots"),
    ],
)
def test_timetable(actions: list[dict[str, Any]], words: str) -> None:
    """Ready at opening, small again after closing, at night and at weekends; by London's clock."""
    asked: dict[str, Any] = {"opening": "07:30", "closing": "18:00", "ramp": 6, "boot": 180, "most": 12}
    if not words:
        stands_ready(actions, **asked)
        return
    with pytest.raises(AssertionError, match=words):
        stands_ready(actions, **asked)
