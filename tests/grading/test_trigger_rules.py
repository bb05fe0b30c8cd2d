"""What graders ask of notifications and clocks."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.trigger_rules import hears_of_uploads, only_one, rings_daily, tells_the_time

ALL = ["s3:ObjectCreated:*"]


def row(*rules: tuple[str, str], events: list[str] = ALL) -> dict[str, Any]:
    wanted = [{"Name": name, "Value": value} for name, value in rules]
    return {"Events": events, **({"Filter": {"Key": {"FilterRules": wanted}}} if wanted else {})}


def heard(*rows: dict[str, Any]) -> None:
    hears_of_uploads(rows, "in/", ["small/a.png", "reports/a.json"])


@pytest.mark.parametrize(
    "rows",
    [
        [row(("prefix", "in/"))],
        [row(("Prefix", "in/"), ("Suffix", ".png"))],
        [row(("prefix", "in/"), events=[f"s3:ObjectCreated:{way}"]) for way in
         ("Put", "Post", "Copy", "CompleteMultipartUpload")],
    ],
    ids=["prefix", "prefix and suffix", "four ways"],
)  # fmt: skip
def test_hears(rows: list[dict[str, Any]]) -> None:
    """Every new object of the prefix once, and nothing else: written in several ways."""
    heard(*rows)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row()], "infinite loop"),
        ([row(("suffix", ".png"))], "infinite loop"),
        ([row(("prefix", "in/"), events=["s3:ObjectCreated:Put"])], "by Post"),
        ([row(("prefix", "in/b"))], "0 times"),
        ([row(("prefix", "in/")), row(("prefix", "in"))], "2 times"),
        ([row(("prefix", "in/"), events=["s3:ObjectRemoved:*"])], "0 times"),
    ],
)
def test_hears_otherwise(rows: list[dict[str, Any]], words: str) -> None:
    """Too much, too little, twice, or of something else: told in words."""
    with pytest.raises(AssertionError, match=words):
        heard(*rows)


def clock(expression: str, **more: Any) -> dict[str, Any]:
    usual = {"name": "night", "zone": "UTC", "state": "ENABLED", "flexible": False}
    return {**usual, "expression": expression, **more}


@pytest.mark.parametrize(
    "expression", ["cron(35 2 * * ? *)", "cron(35 2 ? * * *)", "cron(35 2 ? * SUN-SAT *)"]
)
def test_rings(expression: str) -> None:
    """Every day at the time, however it is written."""
    rings_daily(clock(expression), "02:35")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (clock("rate(1 day)"), "time of its own"),
        (clock("cron(2 35 * * ? *)"), "cannot be read"),
        (clock("cron(35 2 ? * MON-FRI *)"), "5 times"),
        (clock("cron(35 1 * * ? *)"), "01:35"),
        (clock("cron(35 2 * * ? *)", zone="Europe/London"), "Europe/London"),
        (clock("cron(35 2 * * ? *)", state="DISABLED"), "DISABLED"),
        (clock("cron(35 2 * * ? *)", flexible=True), "window"),
        (clock("cron(35 2 * * ? *)", until="2027-01-01"), "ends on 2027"),
    ],
)
def test_rings_otherwise(row: dict[str, Any], words: str) -> None:
    """A rate, swapped fields, weekdays only, another hour or zone, switched off, a window: told in words."""
    with pytest.raises(AssertionError, match=words):
        rings_daily(row, "02:35")


@pytest.mark.parametrize(("names", "words"), [((), "for a target"), (("night", "noon"), "night.*noon.*wake")])
def test_no_clock_or_several(names: tuple[str, ...], words: str) -> None:
    """A job without a clock, or with two, fails the check."""
    only_one([{"name": "night"}], "report")
    with pytest.raises(AssertionError, match=words):
        only_one([{"name": name} for name in names], "report")


@pytest.mark.parametrize("target", [{}, {"InputPath": "$"}])
def test_tells_the_time(target: dict[str, Any]) -> None:
    """A rule's own event tells when it was due; so does a schedule's text that asks for it."""
    tells_the_time(clock("cron(35 2 * * ? *)", target=target), "report")
    asks = {"Input": '{"time": "<aws.scheduler.scheduled-time>"}'}
    tells_the_time(clock("cron(35 2 * * ? *)", target=asks, role="arn"), "report")


@pytest.mark.parametrize(
    "target",
    [
        {"Input": "{}"},
        {"Input": '{"time": "2027-03-24T00:00:00Z"}'},
        {"Input": '"text"'},
        {"InputPath": "$.detail"},
    ],
)
def test_tells_no_time(target: dict[str, Any]) -> None:
    """An event without the time, with one that never changes, or of another kind: the report has no name."""
    with pytest.raises(AssertionError, match="hands report an event of its own"):
        tells_the_time(clock("cron(35 2 * * ? *)", target=target), "report")
