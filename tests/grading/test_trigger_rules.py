"""What graders ask of notifications and clocks."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading import trigger_rules
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.roles import Caller
from cloudlings.grading.trigger_rules import (
    clocks,
    hears_of_uploads,
    lets_in_only,
    moment,
    notifications,
    only_one,
    polls_need_no_policy,
    rings_daily,
    scheduler_may_call,
    tells_the_time,
    told_as_they_come,
)
from cloudlings.iam import Policies, Principal
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
        ([row(("prefix", "in"))], "in-old/portrait.png starts.*\n?.*under in/ alone"),
        ([row(("prefix", "in/")), row(("prefix", "in-"), events=["s3:ObjectCreated:Copy"])], "in-old/"),
    ],
)
def test_hears_otherwise(rows: list[dict[str, Any]], words: str) -> None:
    """Too much, too little, twice, or of something else: told in words."""
    with pytest.raises(AssertionError, match=words):
        heard(*rows)


NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


def clock(expression: str, **more: Any) -> dict[str, Any]:
    usual = {"name": "night", "zone": "UTC", "state": "ENABLED", "flexible": False}
    return {**usual, "expression": expression, **more}


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("cron(35 2 * * ? *)", "UTC"),
        ("cron(35 2 ? * * *)", "UTC"),
        ("cron(35 2 ? * SUN-SAT *)", "UTC"),
        ("cron(35 2 1-31 1-12 ? 2026-2199)", "UTC"),
        ("cron(5 8 * * ? *)", "Asia/Kolkata"),
    ],
)
def test_rings(expression: str, zone: str) -> None:
    """Every day at the time, however it is written, and in any zone that has no summer time."""
    for state in ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"):
        rings_daily(clock(expression, zone=zone, state=state), "02:35", NOW)


@pytest.mark.parametrize("days", [-30, 0, 1])
def test_a_first_day(days: int) -> None:
    """A schedule may begin with the next day at the latest."""
    rings_daily(clock("cron(35 2 * * ? *)", since=NOW + dt.timedelta(days=days)), "02:35", NOW)


@pytest.mark.parametrize("rows", [[{"time": 1_790_000_000.0}], []])
def test_this_moment(rows: list[dict[str, Any]]) -> None:
    """By the newest row of the journal, so that a check may be replayed; by the clock without one."""
    account: Any = SimpleNamespace(journal=lambda: rows)
    told = dt.datetime.fromtimestamp(rows[-1]["time"], dt.UTC) if rows else dt.datetime.now(dt.UTC)
    assert abs(moment(account) - told) < dt.timedelta(seconds=5)


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
        (clock("cron(35 2 * * ? *)", since=NOW + dt.timedelta(days=2)), "begins on 03 December 2026"),
        (clock("cron(35 2 * * ? 2027)"), "not on 01 January 2028"),
        (clock("cron(35 2 * * ? 2026-2098)"), "not on 24 March 2099"),
        (clock("cron(35 2 * MAR ? *)"), "not on 01 April 2027"),
        (clock("cron(35 2 1-28,30,31 * ? *)"), "in a week 6 times"),
        (clock("cron(35 2 1-19,21-31 * ? *)"), "not on 20 April 2027"),
        (clock("cron(35 22 * * ? *)", zone="America/New_York"), "not on 08 November 2027"),
        (clock("cron(35 13 * * ? *)", zone="Australia/Sydney"), "not on 04 April 2027"),
        (clock("cron(35 2 * * ? *)", zone="Europe/Hazelmere"), "no time zone"),
    ],
)
def test_rings_otherwise(row: dict[str, Any], words: str) -> None:
    """A rate, swapped fields, some days or years only, another hour or zone, switched off, a window."""
    with pytest.raises(AssertionError, match=words):
        rings_daily(row, "02:35", NOW)


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
    """An account with notifications, rules and schedules, a function's policy and a role.

    The policies are by what has them: the function ("") or one of its aliases.
    """

    id, region_name = "111122223333", "eu-west-1"

    def __init__(self, *arns: str, policy: str = "", trust: Any = None, **aliases: str) -> None:
        self.arns, self.policies, self.trust = arns, {"": policy, **aliases}, trust

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
        return {"Schedules": [{"Name": arn, "GroupName": "nights"} for arn in self.arns[:1]]
                + [{"Name": arn} for arn in self.arns[1:]]}  # fmt: skip

    def get_schedule(self, *, Name: str, GroupName: str) -> Any:  # noqa: N803
        assert GroupName == ("nights" if Name == self.arns[0] else "default")
        zone = {"ScheduleExpressionTimezone": "Europe/London"} if Name == ARN else {}
        return {
            "Name": "own",
            "ScheduleExpression": "cron(0 1 * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": Name, "RoleArn": "role"},
            **zone,
        }

    def get_policy(self, *, FunctionName: str, Qualifier: str = "") -> Any:  # noqa: N803
        assert FunctionName == "small"
        if found := self.policies.get(Qualifier):
            return {"Policy": found}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetPolicy")

    def get_role(self, *, RoleName: str) -> Any:  # noqa: N803
        if self.trust:
            role = {"RoleName": RoleName, "Arn": ROLE, "AssumeRolePolicyDocument": self.trust}
            return {"Role": role}
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetRole")


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
    assert [each.get("group") for each in clocks(account, ARN)] == [None, None, "nights", "default"]
    none: Any = Triggers()
    assert (notifications(none, "b", ARN), clocks(none, ARN)) == ([], [])


BUCKET, RULE = "arn:aws:s3:::photos", "arn:aws:events:eu-west-1:111122223333:rule/night"
OF_BUCKET = {"ArnLike": {"AWS:SourceArn": BUCKET}}
OF_OWN = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}


def let_in(service: str = "s3", arn: str = ARN, **condition: Any) -> str:
    """A function's policy as AddPermission writes it."""
    more = {"Condition": condition} if condition else {}
    principal = {"Service": f"{service}.amazonaws.com"} if service else "*"
    return json.dumps(document(allow("lambda:InvokeFunction", arn, Principal=principal, **more)))


def asked(policy: str, *, arn: str = ARN, service: str = "s3", **aliases: str) -> None:
    account: Any = Triggers(policy=policy, **aliases)
    source, who = (BUCKET, "S3, for bucket photos") if service == "s3" else (RULE, "EventBridge, for night")
    principal = f"{service}.amazonaws.com"
    lets_in_only(account, arn, principal, source=source, with_account=service == "s3", who=who)


@pytest.mark.parametrize(
    ("policy", "service"),
    [
        (let_in(**OF_BUCKET, **OF_OWN), "s3"),
        (let_in("events", ArnLike={"AWS:SourceArn": RULE}), "events"),
        (let_in("events", ArnEquals={"AWS:SourceArn": RULE}, **OF_OWN), "events"),
    ],
    ids=["bucket and account", "rule", "rule and account"],
)
def test_one_service_for_the_sake_of_one_resource(policy: str, service: str) -> None:
    """A bucket's ARN names no account, so the account is asked for; a rule's ARN does."""
    asked(policy, service=service)


@pytest.mark.parametrize(
    ("policy", "service", "words"),
    [
        ("", "s3", "Function small has no resource policy.*Lambda refuses S3, for bucket photos"),
        (let_in("sns", **OF_BUCKET, **OF_OWN), "s3", "was put to S3, for bucket photos. It is refused"),
        (let_in(ArnLike={"AWS:SourceArn": f"{BUCKET}-old"}, **OF_OWN), "s3", "It is refused"),
        (let_in(**OF_BUCKET, StringEquals={"AWS:SourceAccount": "444455556666"}), "s3", "It is refused"),
        (let_in(), "s3", "Not only S3, for bucket photos, gets in.*confused deputy"),
        (let_in(**OF_BUCKET), "s3", "Not only S3"),
        (let_in(**OF_OWN), "s3", "Not only S3"),
        (let_in(ArnLike={"AWS:SourceArn": f"{BUCKET}*"}, **OF_OWN), "s3", "Not only S3"),
        (let_in("", **OF_BUCKET, **OF_OWN), "s3", "Not only S3"),
        (let_in("events"), "events", "Not only EventBridge, for night, gets in"),
        (let_in("events", **OF_OWN), "events", "Not only EventBridge"),
    ],
    ids=[
        "no policy", "another service", "another bucket", "another account", "anybody's bucket",
        "a bucket of that name", "any bucket of ours", "buckets that begin so", "every service",
        "anybody's rule", "any rule of ours",
    ],
)  # fmt: skip
def test_nobody_or_too_many_get_in(policy: str, service: str, words: str) -> None:
    """Whoever is kept out, and whoever gets in beside the one, is told in words."""
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        asked(policy, service=service)


def test_an_alias_has_a_policy_of_its_own() -> None:
    """Who calls the alias is let in by the alias; what the function itself says does not count."""
    alias = f"{ARN}:live"
    asked("", arn=alias, live=let_in(arn=alias, **OF_BUCKET, **OF_OWN))
    with pytest.raises(AssertionError, match="Function small:live has no resource policy"):
        asked(let_in(**OF_BUCKET, **OF_OWN), arn=alias)


ROLE = "arn:aws:iam::111122223333:role/clock"
GROUP = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group"
MAY = document(allow("lambda:InvokeFunction", ARN))


def trusted(service: str = "scheduler", **condition: Any) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}}
    return document({**statement, "Action": "sts:AssumeRole", **more})


def schedule(monkeypatch: pytest.MonkeyPatch, trust: Any, may: Any, **more: Any) -> None:
    arn = "arn:aws:sts::111122223333:assumed-role/clock/session"
    who = Caller(Principal("session", arn), Policies.of(identity=[may]), {})
    monkeypatch.setattr(trigger_rules, "session", lambda *_: who)
    account: Any = Triggers(trust=trust)
    row = {"name": "night", "role": ROLE, "group": "nights", "target": {"Arn": ARN}, **more}
    scheduler_may_call(account, row)


@pytest.mark.parametrize(
    "trust",
    [
        trusted(),
        trusted(StringEquals={"aws:SourceAccount": "111122223333"}),
        trusted(ArnLike={"aws:SourceArn": f"{GROUP}/nights"}, **OF_OWN),
        trusted(ArnLike={"aws:SourceArn": f"{GROUP}/*"}),
    ],
    ids=["anybody's schedule", "ours", "of one group", "of any group"],
)
def test_a_schedule_calls_as_its_role(monkeypatch: pytest.MonkeyPatch, trust: Any) -> None:
    """Scheduler takes the role on for the sake of the schedule's group, as its guide says."""
    schedule(monkeypatch, trust, MAY)


@pytest.mark.parametrize(
    ("trust", "may", "more", "words"),
    [
        (None, MAY, {}, "night names the role .*role/clock, which is not there"),
        (trusted(), MAY, {"role": f"{ROLE}work"}, "role/clockwork, which is not there"),
        (trusted("events"), MAY, {}, "EventBridge Scheduler cannot take it on"),
        (trusted(ArnLike={"aws:SourceArn": f"{GROUP}/days"}), MAY, {}, "cannot take it on"),
        (trusted(StringEquals={"aws:SourceAccount": "444455556666"}), MAY, {}, "cannot take it on"),
        (document(*trusted()["Statement"], *trusted("ec2")["Statement"]), MAY, {}, "Not only EventBridge S"),
        (trusted(), document(allow("lambda:GetFunction", ARN)), {}, "put to the schedule's call.*nothing st"),
        (trusted(), document(allow("lambda:InvokeFunction", f"{ARN}er")), {}, "put to the schedule's call"),
        (trusted(), MAY, {"target": {"Arn": f"{ARN}:live"}}, "put to the schedule's call"),
    ],
    ids=["no role", "another role", "a rule's service", "another group", "another account",
         "a machine as well", "another action", "another function", "its alias"],
)  # fmt: skip
def test_a_schedule_that_cannot_call(
    monkeypatch: pytest.MonkeyPatch, trust: Any, may: Any, more: dict[str, Any], words: str
) -> None:
    """A role that is not there, that another takes on, or that may not call what the schedule names."""
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        schedule(monkeypatch, trust, may, **more)


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
