"""CloudWatch Logs: events, filters, queries."""

from __future__ import annotations

import json

from cloudlings.sandbox.rules.registry import Given, Refusal, before

_DAY = 86_400_000
MOST_FILTERS = 100


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterException", message)


@before("logs", "PutLogEvents")
def events_in_order(given: Given) -> Refusal | None:
    """The events of one request are in order, and within 24 hours.

    Source: CloudWatch Logs API reference, PutLogEvents.
    """
    moments = [event.get("timestamp", 0) for event in given.input.get("logEvents", [])]
    if not moments:
        return None
    if moments != sorted(moments):
        return _invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if moments[-1] - moments[0] > _DAY:
        return _invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    if len(moments) > 10_000:
        return _invalid("The number of log events in a single PutLogEvents request is at most 10000.")
    return None


@before("logs", "PutMetricFilter")
async def filters_of_a_group(given: Given) -> Refusal | None:
    """A log group has 100 metric filters.

    Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas" (LimitExceededException).
    """
    group, name = given.input.get("logGroupName", ""), given.input.get("filterName")
    groups = (await given.read("DescribeLogGroups", logGroupNamePrefix=group)).get("logGroups", [])
    count = next((each.get("metricFilterCount", 0) for each in groups if each["logGroupName"] == group), 0)
    if count < MOST_FILTERS:
        return None
    named = await given.read("DescribeMetricFilters", logGroupName=group, filterNamePrefix=name)
    if any(each.get("filterName") == name for each in named.get("metricFilters", [])):
        return None
    return Refusal("LimitExceededException", "Resource limit exceeded.")


@before("logs", "PutSubscriptionFilter")
async def subscriber_that_can_be_reached(given: Given) -> Refusal | None:
    """A function that is subscribed to logs lets CloudWatch Logs call it; a stream is given a role.

    Source: CloudWatch Logs User Guide, "Log group-level subscription filters"; API reference,
    PutSubscriptionFilter.
    """
    arn, region = str(given.input.get("destinationArn", "")), given.call.region
    if arn.startswith("arn:aws:kinesis:") or arn.startswith("arn:aws:firehose:"):
        return None if given.input.get("roleArn") else _invalid("destinationArn requires a roleArn.")
    if not arn.startswith("arn:aws:lambda:"):
        return None
    parts = arn.split(":")
    qualifier = {"Qualifier": parts[7]} if len(parts) > 7 else {}
    policy = (await given.read("GetPolicy", "lambda", FunctionName=parts[6], **qualifier)).get("Policy")
    if _lets_logs(policy, {"logs.amazonaws.com", f"logs.{region}.amazonaws.com"}):
        return None
    return _invalid(
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to "
        "execute your function."
    )


def _lets_logs(document: str | None, names: set[str]) -> bool:
    """Whether a function's policy has a statement that lets one of these services call it."""
    for statement in json.loads(document or "{}").get("Statement", []):
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        anybody = principal == "*" or (isinstance(principal, dict) and principal.get("AWS") == "*")
        found = {services} if isinstance(services, str) else set(services)
        if statement.get("Effect") == "Allow" and (anybody or names & found):
            return True
    return False


@before("logs", "PutSubscriptionFilter")
async def two_subscriptions(given: Given) -> Refusal | None:
    """A log group has two subscription filters.

    Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas" (LimitExceededException).
    """
    group, name = given.input.get("logGroupName", ""), given.input.get("filterName")
    found = (await given.read("DescribeSubscriptionFilters", logGroupName=group)).get(
        "subscriptionFilters", []
    )
    names = {each.get("filterName") for each in found}
    if name not in names and len(names) >= 2:
        return Refusal("LimitExceededException", "Resource limit exceeded.")
    return None
