"""EventBridge and its Scheduler: what a rule and a schedule must be."""

from __future__ import annotations

import datetime as dt
import re

from cloudlings.sandbox.rules.functions import trusts
from cloudlings.sandbox.rules.registry import Given, Refusal, before

MOST_TARGETS = 5
_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_FIELD = re.compile(r"[0-9A-Za-z*?/,#-]+")


def is_schedule(expression: str) -> bool:
    """Whether a rate or cron expression is one: one of a thing is singular, and cron has six fields.

    Source: EventBridge User Guide, "Creating a scheduled rule", rate expressions and cron expressions.
    """
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        number = int(rate[1])
        return number > 0 and (number == 1) != rate[2].endswith("s")
    cron = _CRON.fullmatch(expression)
    fields = cron[1].split() if cron is not None else []
    if len(fields) != 6 or not all(_FIELD.fullmatch(field) for field in fields):
        return False
    # A day is given by the month or by the week, and the other one is a question mark.
    return (fields[2] == "?") != (fields[4] == "?")


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


@before("events", "PutRule")
def pattern_or_schedule(given: Given) -> Refusal | None:
    """A rule has a pattern or a schedule; a schedule is one, and for the default bus.

    Source: EventBridge API reference, PutRule; EventBridge User Guide, "Creating a scheduled rule".
    """
    asked = given.input
    schedule = asked.get("ScheduleExpression")
    if not asked.get("EventPattern") and not schedule:
        return _invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if not schedule:
        return None
    if not is_schedule(schedule):
        return _invalid("Parameter ScheduleExpression is not valid.")
    if str(asked.get("EventBusName") or "default").rpartition("/")[2] != "default":
        return _invalid("ScheduleExpression is supported only on the default event bus.")
    return None


@before("events", "DeleteRule")
async def rule_without_targets(given: Given) -> Refusal | None:
    """A rule is deleted when it has no targets any more.

    Source: EventBridge API reference, DeleteRule.
    """
    asked = given.input
    bus = {"EventBusName": asked["EventBusName"]} if asked.get("EventBusName") else {}
    found = await given.read("ListTargetsByRule", Rule=asked.get("Name", ""), **bus)
    return _invalid("Rule can't be deleted since it has targets.") if found.get("Targets") else None


@before("events", "PutTargets")
async def five_targets(given: Given) -> Refusal | None:
    """A rule has five targets at most.

    Source: EventBridge User Guide, "Amazon EventBridge quotas", targets per rule.
    """
    asked = given.input
    bus = {"EventBusName": asked["EventBusName"]} if asked.get("EventBusName") else {}
    found = await given.read("ListTargetsByRule", Rule=asked.get("Rule", ""), **bus)
    names = {each["Id"] for each in found.get("Targets", [])} | {
        each.get("Id") for each in asked.get("Targets", [])
    }
    if len(names) > MOST_TARGETS:
        return Refusal("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return None


@before("scheduler", "CreateSchedule", "UpdateSchedule")
def schedule_that_is_one(given: Given) -> Refusal | None:
    """A schedule is a rate, a cron expression, or a moment.

    Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler".
    """
    expression = str(given.input.get("ScheduleExpression") or "")
    if expression.startswith("at(") and expression.endswith(")"):
        try:
            dt.datetime.strptime(expression[3:-1], "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            return _invalid(f"Invalid Schedule Expression {expression}.")
        return None
    # Unlike a rule's, a schedule's unit may be of either number.
    plain = _RATE.fullmatch(expression)
    if (plain is not None and int(plain[1]) > 0) or is_schedule(expression):
        return None
    return _invalid(f"Invalid Schedule Expression {expression}.")


@before("scheduler", "CreateSchedule", "UpdateSchedule")
async def role_that_the_scheduler_can_take(given: Given) -> Refusal | None:
    """A schedule's role is there and trusts the scheduler.

    Source: EventBridge Scheduler User Guide, "Setting up the execution role"; CreateSchedule
    (ValidationException).
    """
    arn = str((given.input.get("Target") or {}).get("RoleArn") or "")
    account, _, path = arn.removeprefix("arn:aws:iam::").partition(":role/")
    if not path or account != given.call.account_id:
        return None
    role = (await given.read("GetRole", "iam", RoleName=path.rpartition("/")[2])).get("Role")
    if role and trusts(role.get("AssumeRolePolicyDocument", ""), "scheduler.amazonaws.com"):
        return None
    said = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    return _invalid(said)
