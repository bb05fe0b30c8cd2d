"""DynamoDB: tables, expressions, capacity."""

from __future__ import annotations

import math
import re
from typing import Any

from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

MOST_GLOBAL, MOST_LOCAL = 20, 5
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b", re.I)


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


@before("dynamodb", "CreateTable")
def indexes_of_a_table(given: Given) -> Refusal | None:
    """A table has 20 global and 5 local indexes.

    Source: DynamoDB Developer Guide, "Quotas in Amazon DynamoDB", secondary indexes per table.
    """
    for member, most, what in (
        ("GlobalSecondaryIndexes", MOST_GLOBAL, "GlobalSecondaryIndex"),
        ("LocalSecondaryIndexes", MOST_LOCAL, "LocalSecondaryIndex"),
    ):
        number = len(given.input.get(member) or [])
        if number > most:
            message = (
                "One or more parameter values were invalid: Number of "
                f"{what}es exceeds per-table limit of {most}"
            )
            return _invalid(message)
    return None


@before("dynamodb", "UpdateItem")
def paths_once(given: Given) -> Refusal | None:
    """An update changes a path once.

    Source: DynamoDB Developer Guide, "Using update expressions in DynamoDB".
    """
    expression = given.input.get("UpdateExpression")
    if not isinstance(expression, str):
        return None
    seen: set[str] = set()
    for path in _paths(expression):
        if path in seen:
            message = (
                "Invalid UpdateExpression: Two document paths overlap "
                "with each other; must remove or rewrite one of "
                f"these paths; path one: [{path}], path two: [{path}]"
            )
            return _invalid(message)
        seen.add(path)
    return None


def _paths(expression: str) -> list[str]:
    """The attributes that an expression changes, as it names them."""
    parts = _CLAUSE.split(expression)
    found = []
    for clause, text in zip(parts[1::2], parts[2::2], strict=False):
        depth, start = 0, 0
        for at, char in enumerate(text + ","):
            depth += (char == "(") - (char == ")")
            if char == "," and depth == 0:
                action = text[start:at].strip()
                start = at + 1
                found.append(
                    action.partition("=")[0].strip() if clause.upper() == "SET" else action.split(" ")[0]
                )
    return [path for path in found if path]


@before("dynamodb", "Query")
async def filter_beside_the_key(given: Given) -> Refusal | None:
    """A query's filter is about attributes that are no key.

    Source: DynamoDB API reference, Query, FilterExpression: it cannot contain key attributes.
    """
    asked = given.input
    expression = asked.get("FilterExpression")
    if not expression:
        return None
    table = (await given.read("DescribeTable", TableName=asked.get("TableName", ""))).get("Table", {})
    schema = table.get("KeySchema", [])
    if asked.get("IndexName"):
        every = table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", [])
        schema = next((i["KeySchema"] for i in every if i["IndexName"] == asked["IndexName"]), [])
    names = asked.get("ExpressionAttributeNames") or {}
    words = {names.get(word, word) for word in re.findall(r"[#\w]+(?![\w.]*\()", expression)}
    for key in schema:
        if key["AttributeName"] in words:
            message = (
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
                f"{key['AttributeName']}"
            )
            return _invalid(message)
    return None


@before("dynamodb", "UpdateTimeToLive")
async def time_to_live_once(given: Given) -> Refusal | None:
    """Time to live is turned on once, and off once.

    Source: DynamoDB API reference, UpdateTimeToLive.
    """
    asked = given.input
    found = await given.read("DescribeTimeToLive", TableName=asked.get("TableName", ""))
    status = (found.get("TimeToLiveDescription") or {}).get("TimeToLiveStatus")
    wanted = (asked.get("TimeToLiveSpecification") or {}).get("Enabled")
    if status == "ENABLED" and wanted:
        return _invalid("TimeToLive is already enabled")
    if status == "DISABLED" and wanted is False:
        return _invalid("TimeToLive is already disabled")
    return None


@before("dynamodb", "UpdateTable")
async def one_stream(given: Given) -> Refusal | None:
    """A table's stream is turned on once.

    Source: DynamoDB API reference, UpdateTable, StreamSpecification.
    """
    wanted = (given.input.get("StreamSpecification") or {}).get("StreamEnabled")
    if not wanted:
        return None
    table = (await given.read("DescribeTable", TableName=given.input.get("TableName", ""))).get("Table", {})
    if (table.get("StreamSpecification") or {}).get("StreamEnabled"):
        return _invalid("Table already has an enabled stream: " + str(table.get("LatestStreamArn", "")))
    return None


@reshape("dynamodb", "PutItem", "GetItem")
def units(given: Given, output: Output) -> None:
    """A write costs a unit for each KB, a consistent read one for each 4 KB, an eventual one half.

    Source: DynamoDB Developer Guide, "DynamoDB provisioned capacity mode", read and write request units.
    """
    consumed = output.get("ConsumedCapacity")
    if not consumed or given.input.get("ProjectionExpression"):
        return
    if given.call.operation == "PutItem":
        consumed["CapacityUnits"] = float(max(1, math.ceil(_size(given.input.get("Item") or {}) / 1024)))
    else:
        blocks = max(1, math.ceil(_size(output.get("Item") or {}) / 4096))
        consumed["CapacityUnits"] = blocks * (1.0 if given.input.get("ConsistentRead") else 0.5)


def _size(item: dict[str, Any]) -> int:
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: dict[str, Any]) -> int:
    """DynamoDB Developer Guide, "DynamoDB item sizes and formats"."""
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return math.ceil(len(content.strip("-0.").replace(".", "")) / 2) + 1
    if kind == "B":
        return len(content) * 3 // 4
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: each}) for each in content)
    if kind == "L":
        return 3 + sum(1 + _value_size(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in content.items())
    return 1
