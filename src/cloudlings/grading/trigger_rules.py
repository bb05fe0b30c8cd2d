"""Whether a bucket and a clock start a function, and nobody else can: notifications, schedules, policies."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ModelError
from cloudlings.grading.function_state import policy_of, short
from cloudlings.grading.proofs import allow, decided_by, document, first_example, sentence
from cloudlings.grading.roles import only_takes_on, session
from cloudlings.grading.s3_state import role_by_arn
from cloudlings.grading.task import Because
from cloudlings.grading.timed_events import received
from cloudlings.grading.vpc_state import shown
from cloudlings.iam import Policies, prove, prove_resource_policy
from cloudlings.lab import Brief
from cloudlings.models.functions import CALLS
from cloudlings.models.timetable import fires, is_rate, missed

Raw = Mapping[str, Any]
_CREATED = ("Put", "Post", "Copy", "CompleteMultipartUpload")
_WEEK = dt.datetime(2027, 3, 24, tzinfo=dt.UTC)
"""A week in which London's clocks change: a time of day in another zone than UTC shows."""
_LAST_YEAR = 2199
"""The last one of which a cron expression may speak."""


def notifications(account: Account, bucket: str, function_arn: str) -> list[Raw]:
    """A bucket's notifications that lead to a function, or to a version or alias of it."""
    reply = account.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    rows = reply.get("LambdaFunctionConfigurations") or []
    return [row for row in rows if _leads_to(row["LambdaFunctionArn"], function_arn)]


def _leads_to(arn: str, function_arn: str) -> bool:
    return arn == function_arn or arn.startswith(f"{function_arn}:")


def _takes(row: Raw, happening: str, key: str) -> bool:
    rules = ((row.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    wanted = {rule["Name"].lower(): rule["Value"] for rule in rules}
    events = {f"s3:ObjectCreated:{happening}", "s3:ObjectCreated:*"}
    good = key.startswith(wanted.get("prefix", "")) and key.endswith(wanted.get("suffix", ""))
    return good and bool(events & set(row["Events"]))


def hears_of_uploads(rows: Sequence[Raw], uploads: str, elsewhere: Sequence[str]) -> None:
    """Fails the task unless every new object under a prefix is told once, and none of the others."""
    for happening in _CREATED:
        key = f"{uploads}a/portrait.png"
        told = [row for row in rows if _takes(row, happening, key)]
        assert len(told) == 1, Because(
            found=f"An object that comes to {key} by {happening} starts the function {len(told)} times.",
            consequence="Some portraits stay without a small copy."
            if not told
            else "Everything is done twice.",
            concept="Objects are created in four ways: Put, Post, Copy, and the end of a multipart upload, "
            "which large files use by themselves.",
        )
    for key in elsewhere:
        told = [row for row in rows if any(_takes(row, happening, key) for happening in _CREATED)]
        assert not told, Because(
            found=f"An object that comes to {key} starts the function as well.",
            consequence="The function hears of what it writes itself: an infinite loop, and each round is "
            "paid for.",
            concept="A notification's filter takes a prefix and a suffix; without one it takes everything.",
        )
    beside = f"{uploads.rstrip('/')}-old/portrait.png"
    told = [row for row in rows if any(_takes(row, happening, beside) for happening in _CREATED)]
    assert not told, Because(
        found=f"An object that comes to {beside} starts the function as well.",
        consequence=f"The function is called for what is not its own, and may read under {uploads} alone.",
        concept="A prefix is the beginning of a key, and no folder: without its last / it fits longer names.",
    )


def lets_in_only(
    account: Account, function_arn: str, principal: str, *, source: str, with_account: bool, who: str
) -> None:
    """Fails the task unless a function's policy lets in one service, for the sake of one resource, alone.

    ``function_arn`` is what the service calls: a version or an alias has a policy of its own. ``who`` names
    the service in a sentence. ``with_account``: the source's ARN names no account; the condition must.
    """
    function, _, qualifier = function_arn.split(":", 6)[6].partition(":")
    name = f"{function}:{qualifier}" if qualifier else function
    policy = policy_of(account, function, qualifier)
    assert policy is not None, Because(
        found=f"Function {name} has no resource policy.",
        consequence=f"Lambda refuses {who}: nothing starts the function.",
        concept="A service that pushes must be let in by the function. (What Lambda polls needs no such "
        "policy.)",
    )
    asked = {"ArnLike": {"aws:SourceArn": source}}
    both = {**asked, "StringEquals": {"aws:SourceAccount": account.id}}
    needs = {"Principal": {"Service": principal}}
    sure = both if with_account else asked
    most = document(allow("lambda:InvokeFunction", function_arn, **needs, Condition=sure))
    least = document(allow("lambda:InvokeFunction", function_arn, **needs, Condition=both))
    options: dict[str, Any] = {"account": account.id, "resources": [function_arn], "as_aws_sends": True}
    given = {"aws:SourceArn": source, "aws:SourceAccount": account.id}
    example = first_example(prove_resource_policy(policy, least, context=given, **options), "under")
    assert example is None, Because(
        found=f"The policy of function {name} was put to {who}. It is refused.",
        consequence="Nothing starts the function.",
        counterexample=decided_by(example),
        concept="The service says for whose sake it calls: aws:SourceArn and aws:SourceAccount must fit.",
    )
    example = first_example(prove_resource_policy(policy, most, **options), "over")
    assert example is None, Because(
        found=f"The policy of function {name} was put to every caller. Not only {who}, gets in.",
        consequence=f"{sentence(example)}: whoever may point such a resource at the function runs it, with "
        "events of their own making (the confused deputy).",
        counterexample=decided_by(example),
        concept="A service acts for all its customers. The policy must say for whose sake it may: "
        "SourceArn, and SourceAccount where the ARN names no account.",
    )


def clocks(account: Account, function_arn: str) -> list[Raw]:
    """What starts a function by the clock: expression, zone, state, flexible, target, a rule's or role's ARN.

    A rule that has the function for a target twice is there twice.
    """
    events = account.client("events")
    rules = [row for row in events.list_rules()["Rules"] if row.get("ScheduleExpression")]
    found: list[Raw] = []
    for rule in rules:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        for target in targets:
            if _leads_to(target["Arn"], function_arn):
                row = {"expression": rule["ScheduleExpression"], "state": rule["State"], "rule": rule["Arn"]}
                found.append(
                    {"name": rule["Name"], "zone": "UTC", "flexible": False, "target": target, **row}
                )
    return [*found, *_schedules(account, function_arn)]


def _schedules(account: Account, function_arn: str) -> list[Raw]:
    scheduler = account.client("scheduler")
    found: list[Raw] = []
    for row in scheduler.list_schedules()["Schedules"]:
        whole = scheduler.get_schedule(Name=row["Name"], GroupName=row.get("GroupName", "default"))
        if _leads_to(whole["Target"]["Arn"], function_arn):
            found.append(
                {
                    "name": whole["Name"],
                    "expression": whole["ScheduleExpression"],
                    "zone": whole.get("ScheduleExpressionTimezone") or "UTC",
                    "state": whole.get("State", "ENABLED"),
                    "flexible": whole["FlexibleTimeWindow"]["Mode"] != "OFF",
                    "since": whole.get("StartDate"),
                    "until": whole.get("EndDate"),
                    "group": row.get("GroupName", "default"),
                    "target": whole["Target"],
                    "role": whole["Target"]["RoleArn"],
                }
            )
    return found


def moment(account: Account) -> dt.datetime:
    """When the account was last asked for something: this moment, in a way that can be replayed."""
    rows = account.journal()
    return dt.datetime.fromtimestamp(rows[-1]["time"] if rows else time.time(), dt.UTC)


def rings_daily(row: Raw, at: str, now: dt.datetime) -> None:
    """Fails the task unless a clock fires every day at a time of day (UTC), and at no other time.

    ``now``: it may begin with the next whole day, and no later.
    """
    name, expression = row["name"], row["expression"]
    assert row["state"] != "DISABLED", Because(
        found=f"{name} is {row['state']}.",
        consequence="Nobody wakes the function.",
        concept="A rule that is disabled keeps its place, and does nothing.",
    )
    assert not is_rate(expression), Because(
        found=f"{name} fires by {expression}.",
        consequence="It counts from the moment at which it was made, so the report comes at a time of its "
        "own.",
        concept="A rate has no time of day; a cron expression has.",
    )
    since = row.get("since")
    assert since is None or since <= now + dt.timedelta(days=1), Because(
        found=f"{name} begins on {since:%d %B %Y}." if since else "",
        consequence="Until then no report is written.",
        concept="A schedule may have a first and a last day; one that has none begins at once, and goes on.",
    )
    until = row.get("until")
    assert until is None, Because(
        found=f"{name} ends on {until}.",
        consequence="After that the report is never written.",
        concept="A schedule may have a first and a last day; one that has none goes on.",
    )
    hour, minute = map(int, at.split(":"))
    days = [_WEEK + dt.timedelta(days=n, hours=hour, minutes=minute) for n in range(4 * 366)]
    later = (days[0].replace(year=year) for year in range(days[-1].year, _LAST_YEAR + 1))
    try:
        rings = list(fires(expression, _WEEK, _WEEK + dt.timedelta(days=7), row["zone"]))
        left_out = next(missed(expression, (*days, *later), row["zone"]), None)
    except ModelError as error:
        raise AssertionError(
            Because(
                found=f"{name} fires by {expression}, which cannot be read: {error.message}",
                consequence="Nobody can say when the report comes.",
                concept="Six fields: minutes, hours, day of month, month, day of week, year.",
            )
        ) from None
    told = ", ".join(f"{ring:%a %H:%M}" for ring in rings[:4]) or "never"
    on_time = rings == days[:7] and not row["flexible"]
    assert on_time, Because(
        found=f"{name} fires by {expression} "
        f"({row['zone']}){' within a window' if row['flexible'] else ''}: in a week {len(rings)} times, "
        f"{told}{' …' if len(rings) > 4 else ''} UTC.",
        consequence=f"The report is due every day at {at} UTC.",
        concept="Minutes come first, then hours. Rules of EventBridge count in UTC; a schedule has a time "
        "zone.",
    )
    assert left_out is None, Because(
        found=f"{name} fires by {expression} ({row['zone']}): in one week at {at} UTC, and not on "
        f"{left_out:%d %B %Y}.",
        consequence=f"The report is due every day at {at} UTC.",
        concept="Days, months and years that a field leaves out stay silent; a time zone with a summer time "
        "moves against UTC.",
    )


def tells_the_time(row: Raw, function: str) -> None:
    """Fails the task unless the event that a clock hands over tells the time at which it was due."""
    scheduler = "role" in row
    for day in (_WEEK, _WEEK + dt.timedelta(days=1)):
        event = received(row["target"], day, scheduler=scheduler)
        due = f"{day:%Y-%m-%dT%H:%M:%SZ}"
        told = event.get("time") if isinstance(event, Mapping) else None
        assert told == due, Because(
            found=f"{row['name']} was looked at as if it fired on {due}. It hands {function} an event of its "
            f"own: {short(event)}.",
            consequence="The function names each report by the time in its event: it fails, or every night "
            "writes over the last one.",
            concept="A clock's event tells when it was due. A target that is given another text gets that, "
            "and nothing else.",
        )


def scheduler_may_call(account: Account, row: Raw) -> None:
    """Fails the task unless a schedule's role may invoke its target, and is taken on by Scheduler alone.

    Scheduler takes it on for the sake of the schedule's group (User Guide, "Confused deputy prevention").
    """
    target = row["target"]["Arn"]
    group = f"arn:aws:scheduler:{account.region_name}:{account.id}:schedule-group/{row['group']}"
    role = role_by_arn(account, row["role"])
    assert role is not None, Because(
        found=f"Schedule {row['name']} names the role {row['role']}, which is not there.",
        consequence="Nothing starts the function.",
        concept="EventBridge Scheduler calls as a role of yours.",
    )
    only_takes_on(account, role, {"Service": "scheduler.amazonaws.com"}, who="EventBridge Scheduler",
                  context={"aws:SourceAccount": account.id, "aws:SourceArn": group})  # fmt: skip
    who = session(account, role["RoleName"], target)
    needed = Policies.of(identity=[document(allow("lambda:InvokeFunction", target))])
    found = prove(who.policies, needed, account=account.id, principals=[who.principal], context=who.context,
                  as_aws_sends=True)  # fmt: skip
    example = first_example(found, "under")
    assert example is None, Because(
        found=f"The policies of {role['RoleName']} were put to the schedule's call.",
        consequence=f"{sentence(example)}: nothing starts the function.",
        counterexample=decided_by(example),
        concept="With Scheduler the caller's role decides, as for any caller in your account.",
    )


def only_one(rung: Sequence[Mapping[str, Any]], function: str) -> None:
    """Fails the check unless exactly one clock wakes a function."""
    assert rung, Because(
        found=f"No rule and no schedule has {function} for a target.",
        consequence="The report is never written.",
        concept="A clock has two parts: when (the rule) and whom (its target).",
    )
    assert len(rung) == 1, Because(
        found=f"{shown([row['name'] for row in rung])} wake {function}.",
        consequence="The report is written more than once.",
        concept="One clock for one job.",
    )


def told_as_they_come(brief: Brief, given: Any) -> None:
    """Fails the check unless an answer says of every service how it brings its events."""
    assert given is not None, Because(
        found='No answer "who-calls" was handed in yet.',
        consequence="Whoever looks for a lost event does not know where to begin.",
        concept="How a trigger brings its events says where a failed one is found.",
    )
    said = given if isinstance(given, Mapping) else {}
    missing = [name for name in brief.triggers if said.get(name) not in ("call", "event", "poll")]
    assert not missing, Because(
        found=f'The answer "who-calls" says neither call, event nor poll of {shown(missing[:3])}.',
        consequence="Whoever looks for a lost event does not know where to begin.",
        concept="Every trigger is one of the three.",
    )
    right = [name for name in brief.triggers if said[name] == CALLS[name]]
    assert len(right) == len(brief.triggers), Because(
        found=f"{len(right)} of {len(brief.triggers)} services are told as they bring their events.",
        consequence="Retries are looked for at the wrong end: a caller repeats a call, Lambda repeats an "
        "event, a queue brings back a batch.",
        concept="Does it wait for the answer? Does it hand over and go on? Or does Lambda fetch?",
    )


def polls_need_no_policy(account: Account, function: str) -> None:
    """Fails the check where a function's policy lets SQS in, which calls nobody."""
    policy = policy_of(account, function)
    assert "sqs.amazonaws.com" not in json.dumps(policy or {}), Because(
        found=f"The policy of {function} lets sqs.amazonaws.com in.",
        consequence="SQS never calls a function. The statement does nothing, and the next reader believes "
        "it.",
        concept="Lambda polls a queue as the function's own role; only who pushes must be let in.",
    )
