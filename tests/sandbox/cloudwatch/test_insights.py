"""Logs Insights: queries, their rows, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import insights
from cloudlings.sandbox.cloudwatch.discovered import Record

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "insights.yaml").read_text())
AT = 1_700_000_000_000
RECORDS = [
    Record(AT + 60_000 * number, message, "s", "1:group", f"p{number}")
    for number, message in enumerate(CASES["events"])
]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["query"][:70])
def test_rows(case: dict[str, Any]) -> None:
    """A query gives the rows of insights.yaml."""
    found = insights.run(insights.parse(case["query"]), RECORDS)
    assert [{name: value for name, value in row if name != "@ptr"} for row in found.rows] == case["rows"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["query"][:70])
def test_refused(case: dict[str, Any]) -> None:
    """A query that is none is refused, with what is wrong and where."""
    with pytest.raises(ExpressionError) as caught:
        insights.parse(case["query"])
    assert case["says"] in caught.value.message
    assert case.get("at", caught.value.position) == caught.value.position


def test_newest_first() -> None:
    """Without a sort the newest event is the first."""
    found = insights.run(insights.parse("fields @timestamp"), RECORDS[:2])
    assert [dict(row)["@ptr"] for row in found.rows] == ["p1", "p0"]


def test_pointer() -> None:
    """Every row of events has its pointer, and no row of statistics has one."""
    assert dict(insights.run(insights.parse("limit 1"), RECORDS[:1]).rows[0])["@ptr"] == "p0"
    assert "@ptr" not in dict(insights.run(insights.parse("stats count(*)"), RECORDS).rows[0])


def test_counts() -> None:
    """An outcome tells how many events were looked at, and how many fit, whatever the limit."""
    found = insights.run(insights.parse("filter level = 'ERROR' | limit 1"), RECORDS)
    assert (len(found.rows), found.matched, found.scanned) == (1, 2, len(RECORDS))
    assert found.bytes == sum(len(record.message.encode()) for record in RECORDS)


def test_limit_of_the_request() -> None:
    """The request's limit holds beside the query's."""
    assert len(insights.run(insights.parse("limit 5"), RECORDS, 2).rows) == 2


def test_slow_expression() -> None:
    """A regular expression that would take for ever ends the query."""
    query = insights.parse("filter @message like /^(a|aa)+$/")
    with pytest.raises(ExpressionError, match="too long"):
        insights.run(query, [Record(AT, "a" * 60 + "!")])


def test_natural_order() -> None:
    """A sort puts texts before numbers, and numbers in texts by their length (the example of AWS's page)."""
    ordered = ["!", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj", "a12345hfh"]
    ordered += ["0", "01", "1", "2", "3"]
    records = [Record(AT, json.dumps({"v": value})) for value in sorted(ordered)]
    found = insights.run(insights.parse("fields v | sort v"), records)
    assert [dict(row)["v"] for row in found.rows] == ordered
