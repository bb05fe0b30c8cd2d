"""Checks of log lines, each of which fails in words: a function's own, and those that a saved query finds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
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
        event = value if line is None else line.get("event")
        if event in names:
            return str(event)
    return None


def _silent(wanted: Sequence[tuple[int, str, Mapping[str, Any]]], events: Collection[Any]) -> list[str]:
    return sorted({group for _, group, line in wanted if line["event"] not in events})


def by_region(found: Sequence[Mapping[str, str]], regions: Collection[str]) -> list[dict[str, float]]:
    """What each column of numbers says of the regions, in the columns' order; without rows of no region."""
    columns: dict[str, dict[str, float]] = {}
    for row in found:
        region = next((value for value in row.values() if value in regions), None)
        for name, value in row.items() if region else ():
            if value.replace(".", "", 1).isdigit():
                columns.setdefault(name, {})[str(region)] = float(value)
    return list(columns.values())


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
        f"JSON object, such as: {broken[0][:60]}",
        consequence="Logs Insights finds no fields in them: each question needs a pattern of its own, "
        "until somebody changes the sentence.",
        concept="A line is a set of fields with names. The sentence is for people; a field can be asked.",
    )
    lines = [json.loads(line) for line in said.lines]
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
        shown_card = digits[:12] in squeezed
        discreet = not shown_card and secrets["email"] not in plain
        assert discreet, Because(
            found=f"{function} was sent an order with a {'card' if shown_card else 'mail address'} "
            "that nobody else has. It stands in a line of its log.",
            consequence=f"Everybody who may read /aws/lambda/{function} reads it, for as long as "
            "the group keeps it, and so does everything that the log is sent on to.",
            concept="A log is read by more people than the database. What is not written cannot leak.",
        )


def counts_those_above(account_id: str, group: str, big: float, query: Asked) -> None:
    """Fails unless a saved query counts the orders above an amount by region, and nothing else."""
    lines = _around(group, big)
    found = rows(query, records(account_id, lines))
    regions = {str(line["region"]) for _, _, line in lines}
    columns = by_region(found, regions)
    wanted = {"north": 2, "south": 1, "islands": 1}
    # Others may have a column for the amounts, too: before the number of orders, or after it.
    right = [each for each in columns if {key: value for key, value in each.items() if value} == wanted]
    counted = next(iter([*right, *columns]), {})
    assert counted, Because(
        found=f"The query was run over new orders from four regions. It gives {len(found)} rows, none "
        "with a region and a number.",
        consequence="The question was how many, and where.",
        concept="stats makes a number of many lines; by says for what.",
    )
    assert not counted.get("west"), Because(
        found=f"The query counts {counted['west']:g} in west, where new lines tell of one order of "
        f"exactly {big}, one below, and two refunds.",
        consequence="The campaign is run where nobody buys.",
        concept=f"Above {big} is not from {big} on; and an amount can stand on a line that is no order.",
    )
    told = [f"{number:g} in {region}" for region, number in counted.items()]
    assert right, Because(
        found=f"The query counts {shown(told)}; the new orders above {big} are spread otherwise.",
        consequence="Regions are compared by wrong numbers.",
        concept="Numbers are compared as numbers, and each line counts once.",
    )


def _around(group: str, big: float) -> list[tuple[int, str, Mapping[str, Any]]]:
    """New lines of orders below, of, and above an amount in four regions, and of two refunds."""
    amounts: dict[str, list[float]] = {
        "north": [big + 1, big + 900.5, 20],
        "south": [big + 0.01],
        "west": [big, big - 1],
        "islands": [999],
    }
    lines = [
        (second, group, _order_line(second, "received", amount, region))
        for second, (region, amount) in enumerate(
            (region, amount) for region, every in amounts.items() for amount in every
        )
    ]
    refunds = [(90 + n, group, _order_line(90 + n, "refunded", 4 * big, "west")) for n in range(2)]
    return [*lines, *refunds]


def _order_line(number: int, event: str, amount: float, region: str) -> Mapping[str, Any]:
    """A line of the orders group with all the fields that its lines have."""
    names = {"requestId": f"r-new-{number}", "orderId": f"KW-9{number:04}"}
    return {"level": "INFO", **names, "event": event, "amount": amount, "region": region}


def answers_as_before(function: str, said: Said, wanted: Mapping[str, Any]) -> None:
    """Fails unless a function answers an order with what it answered before it was changed."""
    assert said.answer == wanted, Because(
        found=f"{function} was sent an order and answered {json.dumps(said.answer)[:120]}; "
        f"before, it was {json.dumps(wanted)}.",
        consequence="The shop takes other orders than before.",
        concept="Logging watches. It changes nothing of what it watches.",
    )


def levels_tell_errors(function: str, taken: Said, refused: Said) -> None:
    """Fails unless a refused order has a line of level ERROR, and one that was taken has none."""
    levels = [(as_object(line) or {}).get("level") for line in refused.lines]
    assert "ERROR" in levels, Because(
        found=f"{function} was sent an order of -1, refused it, and wrote the levels "
        f"{shown(list(map(str, levels)))}.",
        consequence='Who asks for level = "ERROR" learns of no refused order.',
        concept="The level is a field with few values, and errors have one of their own.",
    )
    assert "ERROR" not in [(as_object(line) or {}).get("level") for line in taken.lines], Because(
        found=f"{function} took a good order, and wrote a line of level ERROR.",
        consequence="Errors that are none hide those that are.",
        concept="The level is a field with few values, and errors have one of their own.",
    )
