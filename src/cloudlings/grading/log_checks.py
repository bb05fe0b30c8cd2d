"""Checks of log lines, each of which fails in words: a function's own, and those that a saved query finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cloudlings.grading.log_rules import Asked, Said, as_object, records, rows
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def shows_a_life(account_id: str, names: Mapping[str, str], query: Asked, request: str) -> None:
    """Fails unless a saved query shows one request's new lines among others': all, and in order."""
    wanted: list[tuple[int, str, Mapping[str, Any]]] = [
        (31, names["orders"], {"level": "INFO", "requestId": request, "event": "reopened"}),
        (33, names["payments"], {"level": "WARN", "requestId": request, "event": "asked-again"}),
        (37, names["shipping"], {"level": "INFO", "requestId": request, "event": "held"}),
        (41, names["payments"], {"level": "ERROR", "requestId": request, "event": "refused", "reason": "x"}),
    ]
    others: list[tuple[int, str, str | Mapping[str, Any]]] = [
        (32, names["payments"], {"level": "ERROR", "requestId": request + "0", "event": "stranger"}),
        (
            35,
            names["orders"],
            {"level": "ERROR", "requestId": "r-1", "event": "neighbour", "after": request[2:]},
        ),
        (36, names["shipping"], "plain words of an old program"),
    ]
    found = rows(query, records(account_id, [*wanted, *others]))
    events = [
        _named(row, [line["event"] for _, _, line in wanted] + ["stranger", "neighbour"]) for row in found
    ]
    expected = [line["event"] for _, _, line in wanted]
    assert set(expected) <= set(events), Because(
        found=f"The query was run over new lines of request {request} in all three groups. It shows "
        f"{len([each for each in events if each in expected])} of {len(expected)}: nothing of "
        f"{shown(_silent(wanted, events))}.",
        consequence="The timeline has a hole where the trouble may be.",
        concept="A query looks into the log groups that it is given, and at lines that its filter lets "
        "through.",
    )
    strange = [each for each in events if each not in expected]
    assert not strange, Because(
        found=f"The query was run over new lines. It shows {len(strange)} that are of other requests.",
        consequence="Two orders' lives are read as one.",
        concept="An id is the same or it is not; to contain it is something else.",
    )
    assert events == expected, Because(
        found=f"The query shows the lines in the order {shown([str(e) for e in events])}; they happened "
        f"as {shown(expected)}.",
        consequence="The effect stands above its cause.",
        concept="Without sort, Logs Insights shows the newest first.",
    )
    told = all(
        any(str(v).endswith(group) for v in row.values())
        for row, (_, group, _) in zip(found, wanted, strict=True)
    )
    assert told, Because(
        found="The rows of the query have the fields "
        f"{shown(sorted({key for row in found for key in row}))}. None "
        "says which log group a line is from.",
        consequence="Three services say “failed”, and nobody knows which said it first.",
        concept="Each event knows its log group and stream, as discovered fields whose names begin with "
        "@. There is no field with a function's name.",
    )


def _named(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Which of the known events a row is about: the value itself, or the message that holds it."""
    for value in row.values():
        line = as_object(value)
        if value in names or (line and line.get("event") in names):
            return value if value in names else str(line and line["event"])
    return None


def _silent(wanted: Sequence[tuple[int, str, Mapping[str, Any]]], events: Collection[Any]) -> list[str]:
    return sorted({group for _, group, line in wanted if line["event"] not in events})


def by_region(row: Mapping[str, str], regions: Collection[str]) -> Iterator[tuple[str, int]]:
    """The region that a row is about, and its first number; nothing for a row without either."""
    region = next((value for value in row.values() if value in regions), None)
    numbers = [value for value in row.values() if value.replace(".", "", 1).isdigit()]
    if region and numbers:
        # The first number is the count: others may sum the amounts.
        yield region, int(float(numbers[0]))


def lines_are_fields(function: str, said: Said) -> None:
    """Fails unless all that a function wrote are JSON objects that name level, request, event and order."""
    assert said.lines, Because(
        found=f"{function} was sent an order. It wrote nothing at all.",
        consequence="No data is left of the customer, and none of the order.",
        concept="Silence is not privacy: one leaves out the person, and keeps the event.",
    )
    broken = [line for line in said.lines if as_object(line) is None]
    assert not broken, Because(
        found=f"{function} was sent an order. {len(broken)} of its {len(said.lines)} lines are no "
        f"JSON object, such as: {broken[0][:60] if broken else ''}",
        consequence="Logs Insights finds no fields in them: each question needs a pattern of its own, "
        "until somebody changes the sentence.",
        concept="A line is a set of fields with names. The sentence is for people; a field can be asked.",
    )
    lines = [as_object(line) or {} for line in said.lines]
    lacking = sorted(
        {name for line in lines for name in ("level", "requestId", "event", "orderId") if not line.get(name)}
    )
    assert not lacking, Because(
        found=f"{function} was sent an order. Among its {len(lines)} lines there are some without "
        f"{shown(lacking)}.",
        consequence="Such a line is not found by the question that it would answer.",
        concept="Fields help if every line has them, under the same names.",
    )
    strange = [line["requestId"] for line in lines if line["requestId"] != said.request]
    assert not strange, Because(
        found=f"{function} handled request {said.request}; its lines say "
        f"{shown(sorted(set(map(str, strange))))}.",
        consequence="The lines of one order cannot be gathered, and not joined with Lambda's own.",
        concept="The request's id is given by Lambda, with each call.",
    )


def lines_are_discreet(function: str, lines: Sequence[str], secrets: Mapping[str, str]) -> None:
    digits = "".join(filter(str.isdigit, secrets["card"]))
    for line in lines:
        plain = line.encode().decode("unicode_escape", errors="ignore") if "\\u" in line else line
        squeezed = plain.replace(" ", "").replace("-", "")
        shown_card = digits in squeezed or digits[:12] in squeezed
        discreet = not shown_card and secrets["email"] not in plain
        assert discreet, Because(
            found=f"{function} was sent an order with a {'card' if shown_card else 'mail address'} "
            "that nobody else has. It stands in a line of its log.",
            consequence=f"Everybody who may read /aws/lambda/{function} reads it, for as long as "
            "the group keeps it, and so does everything that the log is sent on to.",
            concept="A log is read by more people than the database. What is not written cannot leak.",
        )
