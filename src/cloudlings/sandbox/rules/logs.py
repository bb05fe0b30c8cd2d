"""CloudWatch Logs: events, filters, queries."""

from __future__ import annotations

import re
import time

from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

_DAY = 86_400_000
_COMMANDS = (
    "fields", "display", "filter", "stats", "sort", "limit", "parse", "dedup", "unmask", "pattern",
    "diff", "unnest",
    "filterindex", "source", "anomaly", "join", "subqueries", "lookup", "addtotals",
)  # fmt: skip


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


@reshape("logs", "PutLogEvents")
def events_too_old(given: Given, output: Output) -> None:
    """Events of more than 14 days ago, or 2 hours ahead, are rejected and named.

    Source: CloudWatch Logs API reference, PutLogEvents, RejectedLogEventsInfo.
    """
    now = time.time() * 1000
    moments = [event.get("timestamp", 0) for event in given.input.get("logEvents", [])]
    old = sum(moment < now - 14 * _DAY for moment in moments)
    new = [number for number, moment in enumerate(moments) if moment > now + _DAY / 12]
    if old:
        output.setdefault("rejectedLogEventsInfo", {})["tooOldLogEventEndIndex"] = old
    if new:
        output.setdefault("rejectedLogEventsInfo", {})["tooNewLogEventStartIndex"] = new[0]


@before("logs", "PutMetricFilter", "FilterLogEvents", "PutSubscriptionFilter", "TestMetricFilter")
def pattern_that_closes(given: Given) -> Refusal | None:
    """A pattern's braces, brackets and quotes close.

    Source: CloudWatch Logs User Guide, "Filter pattern syntax"; API reference (InvalidParameterException).
    """
    pattern = str(given.input.get("filterPattern") or "").strip()
    bare = re.sub(r'\\.|"[^"\\]*(?:\\.[^"\\]*)*"', "", pattern)
    pairs = (("{", "}"), ("[", "]"), ("(", ")"))
    if '"' in bare or any(bare.count(a) != bare.count(b) for a, b in pairs):
        return _invalid("Invalid character(s) in term '" + pattern[:80] + "'")
    if pattern.startswith("{") and not pattern.endswith("}"):
        return _invalid(f"Invalid filter pattern: {pattern[:80]}")
    return None


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


@before("logs", "StartQuery")
def query_that_is_one(given: Given) -> Refusal | None:
    """A query is made of commands that there are.

    Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax"; StartQuery
    (MalformedQueryException).
    """
    if given.input.get("queryLanguage") not in (None, "CWLI"):
        return None
    text = re.sub(r"#[^\n]*", "", str(given.input.get("queryString", "")))
    text = re.sub(r'"[^"]*"|\'[^\']*\'|`[^`]*`|/(?:\\.|[^/\n])*/', "x", text)
    for part in text.split("|"):
        word = (part.split() or [""])[0].lower()
        if word and word not in _COMMANDS:
            message = (
                f"unexpected symbol found {part.split()[0]} at line 1 and position {text.find(part.strip())}"
            )
            return Refusal("MalformedQueryException", message)
    return None
