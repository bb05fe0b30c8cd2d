"""CloudWatch Logs Insights: queries and what they give."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.behaviour.cloudwatch import LOGS, group, write
from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

SYNTAX = "CloudWatch Logs User Guide, CloudWatch Logs Insights language query syntax"
FOUND = "CloudWatch Logs User Guide, Supported logs and discovered fields"
EVENTS = (
    json.dumps({"level": "ERROR", "ms": 900, "user": {"id": "ann"}, "tags": ["x", "y"]}),
    json.dumps({"level": "INFO", "ms": 20, "user": {"id": "bob"}}),
    json.dumps({"level": "ERROR", "ms": 100}),
    "25 May 2019 10:24:39,474 [WARN] {foo=2, bar=data} The error was: DataIntegrityException",
)


def ask(aws: Aws, name: str, query: str, **more: Any) -> str:
    now = int(time.time())
    asked = {"logGroupName": name, "startTime": now - 600, "endTime": now + 600, "queryString": query} | more
    number: str = aws.logs.start_query(**asked)["queryId"]
    return number


def outcome(aws: Aws, number: str) -> dict[str, Any]:
    """What a query gives, once it is complete."""

    def done() -> Any:
        found = aws.logs.get_query_results(queryId=number)
        return found if found["status"] == "Complete" else None

    found: dict[str, Any] = within(10, done)
    return found


def rows(aws: Aws, query: str, *messages: str) -> list[dict[str, str]]:
    """The rows of a query over these events, without pointers."""
    name = group(aws)
    write(aws, name, *(messages or EVENTS))
    found = outcome(aws, ask(aws, name, query))["results"]
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in found]


QUERIES = yaml.safe_load((Path(__file__).parent / "insights.yaml").read_text())
for _case in QUERIES:
    gives("Logs", _case["is"], SYNTAX, _case["rows"], lambda a, query=_case["query"]: rows(a, query))
for _sentence, _query in {
    "A query's function is one.": "fields foo(ms)",
    "A query is complete.": "filter ms >",
    "Statistics need an aggregate.": "stats ms by level",
    "Wildcards and names are as many.": "parse @message '* *' as a",
    "A query's regular expression is one.": "filter @message like /(/",
}.items():
    refused(
        "Logs",
        "MalformedQueryException",
        _sentence,
        f"{LOGS}, StartQuery",
        lambda a, query=_query: ask(a, group(a), query),
    )
refused(
    "Logs",
    "ResourceNotFoundException",
    "A query's log group is there.",
    f"{LOGS}, StartQuery",
    lambda a: ask(a, "/none", "limit 1"),
)
refused(
    "Logs",
    "InvalidParameterException",
    "A query's time ends after it begins.",
    f"{LOGS}, StartQuery",
    lambda a: ask(a, group(a), "limit 1", startTime=100, endTime=50),
)


@probe("Logs", f"{LOGS}, QueryCompileError")
def place_of_an_error(aws: Aws) -> None:
    """The error of a query has its place."""
    try:
        ask(aws, group(aws), "fields @message | nonsense")
    except aws.logs.exceptions.MalformedQueryException as error:
        same(error.response["queryCompileError"]["location"], {"startCharOffset": 18, "endCharOffset": 26})
        return
    raise AssertionError("the query was taken")


@probe("Logs", SYNTAX)
def by_time(aws: Aws) -> None:
    """Statistics are by pieces of time."""
    name, now = group(aws), int(time.time())
    begins = (now - now % 300) * 1000
    for at in (begins - 1000, begins - 2000, begins - 400_000):
        write(aws, name, "x", at=at)
    query = "stats count(*) as n by bin(5m) as t | sort t desc"
    found = outcome(aws, ask(aws, name, query, startTime=now - 1200))["results"]
    same([cell["value"] for row in found for cell in row if cell["field"] == "n"], ["2", "1"])
    same({row[0]["value"].endswith(":00.000") for row in found}, {True})


@probe("Logs", f"{LOGS}, GetQueryResults")
def counted(aws: Aws) -> None:
    """A query tells how much it looked at, and how much it found."""
    name = group(aws)
    write(aws, name, *EVENTS)
    found = outcome(aws, ask(aws, name, "filter level = 'ERROR' | limit 1"))
    counts = found["statistics"]
    size = float(sum(map(len, EVENTS)))
    same((counts["recordsScanned"], counts["recordsMatched"], counts["bytesScanned"]), (4.0, 2.0, size))
    same([cell["field"] for cell in found["results"][0]], ["@timestamp", "@message", "@ptr"])


@probe("Logs", f"{LOGS}, GetLogRecord")
def record(aws: Aws) -> None:
    """A pointer leads to an event with all its fields."""
    name = group(aws)
    write(aws, name, EVENTS[1])
    found = outcome(aws, ask(aws, name, "fields @message"))["results"][0]
    pointer = next(cell["value"] for cell in found if cell["field"] == "@ptr")
    fields = aws.logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    same(
        (fields["@message"], fields["user.id"], fields["@log"]),
        (EVENTS[1], "bob", f"{aws.account_id}:{name}"),
    )


@probe("Logs", FOUND)
def reports(aws: Aws) -> None:
    """The fields of a function's REPORT line are there by themselves."""
    function = aws.function("def handler(e, c):\n    return 1\n", MemorySize=256)
    aws.lambda_.invoke(FunctionName=function)
    query = (
        "filter @type = 'REPORT' | stats max(@memorySize) as m, min(@billedDuration) >= min(@duration) as b"
    )
    found = outcome(aws, ask(aws, f"/aws/lambda/{function}", query))["results"]
    same({cell["field"]: cell["value"] for cell in found[0]}, {"m": "256000000", "b": "1"})


@probe("Logs", f"{LOGS}, StartQuery")
def several_groups(aws: Aws) -> None:
    """A query may have several log groups, and tells them apart."""
    names = [group(aws), group(aws)]
    for name in names:
        write(aws, name, "x")
    now = int(time.time())
    asked = {"logGroupNames": names, "startTime": now - 600, "endTime": now + 600}
    number = aws.logs.start_query(**asked, queryString="stats count(*) as n by @log | sort @log")["queryId"]
    found = [[cell["value"] for cell in row] for row in outcome(aws, number)["results"]]
    same(found, [[f"{aws.account_id}:{name}", "1"] for name in sorted(names)])


@probe("Logs", f"{LOGS}, DescribeQueries")
def listed(aws: Aws) -> None:
    """Queries are listed with their state."""
    name = group(aws)
    number = ask(aws, name, "limit 1")
    outcome(aws, number)
    found = aws.logs.describe_queries(logGroupName=name, status="Complete")["queries"]
    same([(query["queryId"], query["queryString"]) for query in found], [(number, "limit 1")])
