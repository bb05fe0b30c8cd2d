"""What graders of logs share: a function's own lines, saved queries, and queries over events unseen."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.errors import ExpressionError
from cloudlings.grading.task import Because
from cloudlings.sandbox.cloudwatch import insights
from cloudlings.sandbox.cloudwatch.discovered import Record

RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Days that a log group can keep its events. Source: CloudWatch Logs API reference, PutRetentionPolicy."""
_PLATFORM = ("INIT_START", "START RequestId:", "END RequestId:", "REPORT RequestId:")
Line = Mapping[str, Any]
START = 1_790_000_000_000
"""When the events of `records` begin, in milliseconds since 1970."""


def least_retention(days: int) -> int:
    """The fewest days that CloudWatch Logs offers and that are at least so many."""
    return next(each for each in RETENTIONS if each >= days)


# --- functions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What a function did with one event: its answer, its error if any, and the lines that are its own."""

    answer: Any
    error: str
    request: str
    lines: tuple[str, ...]


def ask(account: Account, function: str, event: Mapping[str, Any]) -> Said:
    """One invocation with the end of its log (4 KB). A task declares it as a probe (``lambda:Invoke``)."""
    try:
        found = account.client("lambda").invoke(
            FunctionName=function, LogType="Tail", Payload=json.dumps(event).encode()
        )
    except ClientError as error:
        raise AssertionError(
            Because(
                found=f"Function {function} was sent an order. AWS answered: {error}",
                consequence="No order is taken at all.",
                concept="What runs is changed in place. reset_lab() lays the start state again.",
            )
        ) from error
    payload = found["Payload"]
    text = payload.read() if hasattr(payload, "read") else payload
    tail = base64.b64decode(found.get("LogResult") or "").decode(errors="replace")
    request = re.search(r"START RequestId: (\S+)", tail)
    lines = [line for line in tail.splitlines() if line.strip() and not line.startswith(_PLATFORM)]
    return Said(
        json.loads(text or "null"),
        str(found.get("FunctionError") or ""),
        request[1] if request else "",
        tuple(lines),
    )


def as_object(line: str) -> Line | None:
    """A line as a JSON object; None for anything else."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


# --- queries ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A saved query: its name, its text, and the log groups that it looks into."""

    name: str
    query: str
    groups: frozenset[str]


def saved(account: Account, name: str) -> Asked | None:
    """The query that was saved under a name, the newest if there are several; None if there is none.

    One without log groups, or in another language than Logs Insights' own, fails the check.
    """
    client = account.client("logs")
    found = client.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    mine = [one for one in found if one["name"] == name]
    if not mine:
        return None
    one = max(mine, key=lambda each: int(each.get("lastModified", 0)))
    language, groups = one.get("queryLanguage") or "CWLI", one.get("logGroupNames")
    assert language == "CWLI", Because(
        found=f'Query "{name}" was looked at. Its language is {language}, which is not spoken here.',
        consequence="What it finds cannot be told.",
        concept="Logs Insights has a language of its own, of steps with | between them.",
    )
    assert groups, Because(
        found=f'Query "{name}" was looked at. It is saved without log groups.',
        consequence="Whoever opens it at night must first guess where to look.",
        concept="A saved query is a text and the log groups that it looks into.",
    )
    return Asked(name, one["queryString"], frozenset(groups))


def records(account_id: str, events: Iterable[tuple[int, str, str | Line]]) -> list[Record]:
    """Events as a query meets them: (second, log group, line or message).

    Each group's lines come in together, and those of the group that is met first come in last: when a line
    came in is not when it was written.
    """
    every = list(events)
    batches = list(dict.fromkeys(group for _, group, _ in reversed(every)))
    return [
        Record(
            timestamp=START + 1000 * second,
            message=line if isinstance(line, str) else json.dumps(line),
            stream="web-1",
            log=f"{account_id}:{group}",
            pointer=str(number),
            ingested=START + 1000 * second + 86_400_000 * (1 + batches.index(group)),
        )
        for number, (second, group, line) in enumerate(every)
    ]


def rows(one: Asked, every: Sequence[Record]) -> list[dict[str, str]]:
    """What a query finds among events in its log groups; one that cannot be read fails the check."""
    inside = [record for record in every if record.log.partition(":")[2] in one.groups]
    try:
        outcome = insights.run(insights.parse(one.query), inside)
    except ExpressionError as error:
        raise AssertionError(
            Because(
                found=f'Query "{one.name}" was run. Logs Insights says: {error.message}',
                consequence="At three in the morning it answers with an error.",
                concept="A query knows the fields that it discovers, by their names, and nothing else: "
                "list them first.",
            )
        ) from error
    return [{name: value for name, value in row if name != "@ptr"} for row in outcome.rows]
