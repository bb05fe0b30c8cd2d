"""What graders ask of notifications and clocks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.trigger_rules import (
    clocks,
    hears_of_uploads,
    notifications,
    only_one,
    polls_need_no_policy,
    rings_daily,
    tells_the_time,
    told_as_they_come,
)
from cloudlings.lab import Brief

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
        ([row(("prefix", "in/"), ("suffix", ".jpg"))], "0 times.*\n?.*without a small copy"),
        ([row(("prefix", "in/")), row(("prefix", "small/"), events=["s3:ObjectCreated:Put"])], "small/a.png"),
        ([row(("prefix", "in/b"))], "0 times"),
        ([row(("prefix", "in/")), row(("prefix", "in"))], "2 times.*\n?.*done twice"),
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
        (clock("cron(35 2 ? * MON-FRI *)"), r"5 times, Wed 02:35, .* Mon 02:35 … UTC"),
        (clock("cron(35 2 ? * MON-THU *)"), r"4 times, .* Tue 02:35 UTC"),
        (clock("cron(35 2 1 1 ? *)"), "0 times, never UTC"),
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


ARN = "arn:aws:lambda:eu-west-1:111122223333:function:small"


class Triggers:
    """An account with notifications, rules and schedules, and a function's policy."""

    def __init__(self, *arns: str, policy: str = "") -> None:
        self.arns, self.policy = arns, policy

    def client(self, _service: str) -> Triggers:
        return self

    def get_bucket_notification_configuration(self, **_asked: Any) -> Any:
        rows = [{"LambdaFunctionArn": arn} for arn in self.arns]
        return {"LambdaFunctionConfigurations": rows} if rows else {}

    def list_rules(self) -> Any:
        rule = {"Name": "night", "Arn": "r", "State": "ENABLED"}
        return {"Rules": [rule | {"ScheduleExpression": "rate(1 day)"}, rule | {"EventPattern": "{}"}]}

    def list_targets_by_rule(self, **_asked: Any) -> Any:
        return {"Targets": [{"Arn": arn} for arn in self.arns]}

    def list_schedules(self) -> Any:
        return {"Schedules": [{"Name": arn} for arn in self.arns]}

    def get_schedule(self, *, Name: str, GroupName: str) -> Any:  # noqa: N803
        assert GroupName == "default"
        zone = {"ScheduleExpressionTimezone": "Europe/London"} if Name == ARN else {}
        return {
            "Name": "own",
            "ScheduleExpression": "cron(0 1 * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": Name, "RoleArn": "role"},
            **zone,
        }

    def get_policy(self, **_asked: Any) -> Any:
        if self.policy:
            return {"Policy": self.policy}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetPolicy")


def test_what_leads_to_a_function() -> None:
    """By its ARN, or by that of a version or an alias; a name that only begins so is another function's."""
    account: Any = Triggers(ARN, f"{ARN}:live", f"{ARN}er")
    assert [row["LambdaFunctionArn"] for row in notifications(account, "b", ARN)] == [ARN, f"{ARN}:live"]
    found = [(each["name"], each["zone"], each["state"], each["flexible"]) for each in clocks(account, ARN)]
    assert found == [
        ("night", "UTC", "ENABLED", False),
        ("night", "UTC", "ENABLED", False),
        ("own", "Europe/London", "ENABLED", False),
        ("own", "UTC", "ENABLED", False),
    ]
    none: Any = Triggers()
    assert (notifications(none, "b", ARN), clocks(none, ARN)) == ([], [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "No answer"),
        (["poll"], "neither call, event nor poll of SQS and S3"),
        ({"SQS": "poll", "S3": "push"}, "nor poll of S3"),
        ({"SQS": "poll", "S3": ["event"]}, "nor poll of S3"),
        ({"SQS": "poll", "S3": "call"}, "1 of 2 services"),
    ],
)
def test_who_calls(given: Any, words: str) -> None:
    """Every service in one of three words, and the right one."""
    brief = Brief({"triggers": ["SQS", "S3"]})
    told_as_they_come(brief, {"SQS": "poll", "S3": "event"})
    with pytest.raises(AssertionError, match=words):
        told_as_they_come(brief, given)


def test_sqs_calls_nobody() -> None:
    """A policy that lets it in does nothing; none, or one for others, is right."""
    let_in = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ARN}
    for service, fails in (("s3", False), ("sqs", True)):
        statement = {**let_in, "Principal": {"Service": f"{service}.amazonaws.com"}}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        account: Any = Triggers(policy=text)
        if not fails:
            polls_need_no_policy(account, "small")
            continue
        with pytest.raises(AssertionError, match="lets sqs"):
            polls_need_no_policy(account, "small")
    none: Any = Triggers()
    polls_need_no_policy(none, "small")
