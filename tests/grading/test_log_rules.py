"""Queries over events that nobody has seen, and the lengths that a log group can keep."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.log_rules import Asked, Said, as_object, ask, least_retention, records, rows, saved

EVENTS = records(
    "123456789012",
    [
        (1, "/shop/orders", {"event": "received", "amount": 120, "region": "north"}),
        (2, "/shop/orders", {"event": "received", "amount": 20, "region": "north"}),
        (3, "/shop/payments", {"event": "received", "amount": 120, "region": "north"}),
    ],
)


@pytest.mark.parametrize(("days", "wanted"), [(1, 1), (50, 60), (380, 400), (500, 545), (3653, 3653)])
def test_least_retention(days: int, wanted: int) -> None:
    """The first length of CloudWatch's that is long enough."""
    assert least_retention(days) == wanted


def test_rows_of_its_groups_only() -> None:
    """A query looks into the log groups that it was saved with."""
    query = "filter amount > 100 | stats count(*) as orders by region"
    found = rows(Asked("q", query, frozenset(["/shop/orders"])), EVENTS)
    assert found == [{"region": "north", "orders": "1"}]


def test_unreadable_query() -> None:
    """A query that Logs Insights cannot read fails the check, with its words."""
    with pytest.raises(AssertionError, match="unexpected symbol"):
        rows(Asked("q", "fields aws:FunctionName", frozenset(["/shop/orders"])), EVENTS)


class Saved:
    """An account whose saved queries are these."""

    def __init__(self, *queries: Mapping[str, Any]) -> None:
        self._queries = queries

    def client(self, _service: str) -> Saved:
        return self

    def describe_query_definitions(self, *, queryDefinitionNamePrefix: str) -> Mapping[str, Any]:  # noqa: N803
        found = [one for one in self._queries if one["name"].startswith(queryDefinitionNamePrefix)]
        return {"queryDefinitions": found}


def entry(name: str, text: str, at: int, **more: Any) -> Mapping[str, Any]:
    groups = {"logGroupNames": ["/shop/orders"]}
    return {"name": name, "queryString": text, "lastModified": at, **groups, **more}


def test_the_newest_of_a_name() -> None:
    """Of several queries of a name the newest counts, and none whose name only begins so."""
    account: Any = Saved(
        entry("q", "old", 1), entry("q", "new", 3), entry("q", "mid", 2), entry("q2", "x", 9)
    )
    assert saved(account, "q") == Asked("q", "new", frozenset(["/shop/orders"]))
    assert saved(account, "other") is None


@pytest.mark.parametrize(
    ("more", "words"),
    [({"logGroupNames": []}, "without log groups"), ({"queryLanguage": "SQL"}, "language is SQL")],
)
def test_a_query_that_cannot_be_run(more: Mapping[str, Any], words: str) -> None:
    """A saved query without log groups, or in another language, fails the check, in words."""
    account: Any = Saved(entry("q", "limit 1", 1, **more))
    with pytest.raises(AssertionError, match=words):
        saved(account, "q")


def test_a_query_without_a_date_or_a_language() -> None:
    """What AWS leaves out is Logs Insights' own language, and the oldest."""
    old = {key: value for key, value in entry("q", "old", 0).items() if key != "lastModified"}
    account: Any = Saved(old, entry("q", "new", 1, queryLanguage=None))
    assert saved(account, "q") == Asked("q", "new", frozenset(["/shop/orders"]))


class Caller:
    """An account with one function, which ends so, or is refused."""

    def __init__(self, payload: Any, log: str = "", **more: Any) -> None:
        self.answer = {"Payload": payload, "LogResult": base64.b64encode(log.encode()).decode(), **more}

    def client(self, _service: str) -> Caller:
        return self

    def invoke(self, **_asked: Any) -> Any:
        if not self.answer["Payload"]:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Slow"}}, "Invoke")
        return self.answer


LOG = """INIT_START Runtime Version: python
START RequestId: r-7 Version: $LATEST
{"level": "INFO"}

  a sentence
END RequestId: r-7
REPORT RequestId: r-7 Duration: 1 ms
"""


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Caller(io.BytesIO(b"[1]"), LOG), Said([1], "", "r-7", ('{"level": "INFO"}', "  a sentence"))),
        (Caller(b'"x"', "half a line"), Said("x", "", "", ("half a line",))),
        (Caller(io.BytesIO(b"")), Said(None, "", "", ())),
        (Caller(b"{}", LogResult=None, FunctionError="Unhandled"), Said({}, "Unhandled", "", ())),
    ],
)
def test_what_a_function_said(answer: Any, found: Said) -> None:
    """Its answer, its error, its request, and the lines that are not the platform's."""
    assert ask(answer, "till", {}) == found


def test_a_function_that_cannot_be_asked() -> None:
    """It is told with AWS's words."""
    account: Any = Caller(b"")
    with pytest.raises(AssertionError, match=r"AWS answered: .*Slow"):
        ask(account, "till", {})


@pytest.mark.parametrize(
    ("line", "found"), [('{"a": 1}', {"a": 1}), ("{}", {}), ("[1]", None), ("7", None), ("a: 1", None)]
)
def test_a_line_as_an_object(line: str, found: Any) -> None:
    """What is no JSON object is none."""
    assert as_object(line) == found
