"""What graders of scaling policies ask: does a group settle, jump, and stand ready as agreed? By
simulation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cloudlings.errors import ModelError
from cloudlings.grading.task import Because
from cloudlings.models.alarms import Alarm
from cloudlings.models.scaling import Driven, Fleet, Minute, Trigger, Work, response, simulate
from cloudlings.models.schedule import Sizes, sizes_at

Found = TypeVar("Found")


def readable(what: str, read: Callable[[], Found]) -> Found:
    """What ``read`` gives; something that the models cannot read fails the check, in words."""
    try:
        return read()
    except ModelError as error:
        raise AssertionError(
            Because(
                found=f"{what} was read. {error.message}",
                consequence="What the group would do on a morning cannot be told.",
                concept=error.next_step,
            )
        ) from error


def settles(
    driven: Sequence[Driven], *, target: float, boot: int, most: int, loads: Iterable[float], requests: float
) -> None:
    """Fails the check unless policies bring a group to load over target machines, from below and from
    above."""
    for load in loads:
        high, low = [load] * 120, [80.0] * 120
        fleet = Fleet(2, most, 2, boot=boot)
        minutes = readable("The policy", partial(_played, fleet, driven, high + low, requests))
        for when, given, minute in (("after two hours of it", load, 119), ("two hours after it", 80.0, 239)):
            wanted = min(most, max(2, ceil(round(given / target, 6))))
            here = minutes[minute]
            assert here.serving == wanted, Because(
                found=f"A load of {load / 100:.1f} machines' full CPU, and then of 0.8, was played against "
                f"the group's "
                f"policies. {when.capitalize()}, {here.serving} machines serve at {here.cpu:.0f} % CPU; "
                f"{wanted} would hold {target:g} %.",
                consequence="Visitors wait for machines that are not there."
                if here.serving < wanted
                else "Machines that nobody needs are paid for, day and night.",
                concept="A tracked metric must halve when the machines double; and what grows must shrink "
                "again.",
            )


def _played(fleet: Fleet, driven: Sequence[Driven], load: list[float], requests: float) -> tuple[Minute, ...]:
    return simulate(fleet, driven, Work(load, requests))


def agreed(steps: Sequence[Sequence[float]]) -> Driven:
    """The policy that rows of ``[from CPU %, machines to add]`` describe, with an alarm of two minutes."""
    threshold = steps[0][0]
    ends = [row[0] - threshold for row in steps]
    rows = [
        {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": int(row[1])}
        for low, high, row in zip(ends, [*ends[1:], None], steps, strict=True)
    ]
    policy = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": rows}
    return Driven(policy, (Trigger(Alarm(threshold, "GreaterThanOrEqualToThreshold", 2)),))


def jumps(driven: Sequence[Driven], steps: Sequence[Sequence[float]], told: Sequence[str] = ()) -> None:
    """Fails the check unless every CPU value from below the first step to 100 % adds what the rows say."""
    starts = [row[0] for row in steps]
    asked = sorted(
        {c for s in starts for c in (s, s + 0.5, s + 4, s + 7.5)} | {starts[0] - 5, starts[0] - 1, 99, 100}
    )
    for capacity in (3, 10):
        for cpu in asked:
            wanted = int([0, *(add for start, add in steps if cpu >= start)][-1])
            found = readable("The step policy", partial(response, driven, cpu, capacity)) - capacity
            assert found == wanted, Because(
                found=f"CPU stood at {cpu:g} % with {capacity} machines. The policies change the wish by "
                f"{found:+d}; "
                f"agreed is {wanted:+d}.",
                consequence="In a hole of the line the group watches the storm and does nothing."
                if found < wanted
                else "Twice the machines, twice the bill, and the database meets them all at once.",
                trace=[f"Left out: {each}." for each in told],
                concept="Bounds are differences from the alarm's threshold. The steps must tile the line "
                "above it: "
                "no hole, no overlap, the last one open.",
            )


def in_time(driven: Sequence[Driven], steps: Sequence[Sequence[float]], *, boot: int, most: int) -> None:
    """Fails the check unless a storm is answered as soon as the agreed steps would, give or take two
    minutes."""
    load = [80.0] * 4 + [min(most * 60.0, 80.0 + 90.0 * n) for n in range(1, 16)]
    fleet = Fleet(2, most, 2, boot=boot)
    ours, best = (_played(fleet, each, load, 0) for each in (driven, [agreed(steps)]))
    hot = [sum(minute.cpu >= steps[0][0] for minute in run) for run in (ours, best)]
    full = [sum(minute.serving for minute in run) for run in (ours, best)]
    good = hot[0] <= hot[1] + 2 and full[0] >= 0.8 * full[1]
    assert good, Because(
        found=f"A storm of {len(load)} minutes was played. At its end {ours[-1].serving} machines serve, and "
        f"{best[-1].serving} would with the agreed steps; the wish first rose in minute {_first(ours)}, "
        f"and could "
        f"have in minute {_first(best)}.",
        consequence="The capacity arrives after the spike has passed.",
        concept="What delays: the alarm's periods, a metric that comes every five minutes, a cooldown "
        "after each "
        "change. Together they must be shorter than the ramp.",
    )


def rings(driven: Sequence[Driven], within: int = 120) -> None:
    """Fails the check where a policy's alarms need more than so many seconds of a high metric."""
    for one in driven:
        above = [each for each in one.triggers if each.alarm.comparison.startswith("Greater")]
        needs = min((each.period * each.alarm.needed for each in above), default=0)
        assert needs <= within, Because(
            found=f"The alarm of policy {one.policy['PolicyName']} rings after {needs} seconds above its "
            f"threshold; {within} were asked for.",
            consequence="The machines are asked for when the patients have given up.",
            concept="An alarm looks at whole periods: a period's length, times how many of them must breach.",
        )


def _first(minutes: Sequence[Minute]) -> str:
    wishes = [minute.wish for minute in minutes]
    return next((str(n) for n, wish in enumerate(wishes) if wish > wishes[0]), "none")


LONDON = ZoneInfo("Europe/London")
_DAYS = tuple(dt.date(2027, month, day) for month, day in ((1, 11), (7, 13), (7, 14), (1, 14), (7, 16)))
"""Each weekday once, in winter or in summer."""
_WEEKEND = (dt.date(2027, 1, 16), dt.date(2027, 7, 18))


def stands_ready(
    actions: Sequence[Mapping[str, Any]], *, opening: str, closing: str, ramp: int, boot: int, most: int
) -> None:
    """Fails the check unless scheduled actions keep ``ramp`` machines from opening on, on weekdays in London,
    and 2 from closing on, at night and at weekends; in winter and in summer."""
    start = Sizes(2, most, 2)
    hour = dt.timedelta(hours=1)
    for day in _DAYS:
        opens, closes = (_local(day, text) for text in (opening, closing))
        booted = opens - dt.timedelta(seconds=boot)
        for moment, wanted in ((booted, ramp), (opens + hour / 2, ramp)):
            found = _sizes(start, actions, moment)
            good = found.least >= ramp and found.most >= most
            assert good, Because(
                found=f"{_when(moment)}: the group's sizes are {found.least} to {found.most}"
                f"{f', set by {found.by}' if found.by else ''}. A machine boots for {boot} s, and at "
                f"{opening} at least "
                f"{wanted} must serve, with room up to {most}.",
                consequence="The page opens with two machines, and the first patients of the day meet an "
                "error.",
                concept="A schedule's times are UTC unless it names a time zone, and a time zone moves in "
                "summer. A "
                "wish alone is taken back by the next policy that finds the machines idle; a least size is "
                "not.",
            )
        for moment in (
            booted - hour - dt.timedelta(minutes=1),
            closes + dt.timedelta(minutes=1),
            _local(day, "03:00"),
        ):
            _is_small(start, actions, moment)
    for day in _WEEKEND:
        _is_small(start, actions, _local(day, "12:00"))


def _is_small(start: Sizes, actions: Sequence[Mapping[str, Any]], moment: dt.datetime) -> None:
    found = _sizes(start, actions, moment)
    assert found.least == 2, Because(
        found=f"{_when(moment)}: the group keeps at least {found.least} machine{'s' * (found.least != 1)}"
        f"{f', set by {found.by}' if found.by else ''}; 2 are enough then, one for each zone.",
        consequence="Machines stand ready for patients who are asleep, and are paid for each hour."
        if found.least > 2
        else "An idle group shrinks to that: when a zone fails at night, or the last machine goes, so does "
        "the page.",
        concept="A scheduled action sets sizes once, and they stay: what goes up at a time needs another "
        "time to "
        "come down.",
    )


def _sizes(start: Sizes, actions: Sequence[Mapping[str, Any]], moment: dt.datetime) -> Sizes:
    return readable("The timetable", lambda: sizes_at(start, actions, moment.astimezone(dt.UTC)))


def _local(day: dt.date, time: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(time), LONDON)


def _when(moment: dt.datetime) -> str:
    return f"{moment:%A %d %B %Y, %H:%M} in London"
