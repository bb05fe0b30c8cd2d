"""Checks of log lines, each of which fails in words: a function's own, and those that a saved query finds."""

from __future__ import annotations

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from cloudlings.grading.log_rules import START, Asked, Said, as_object, records, rows
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def shows_a_life(account_id: str, names: Mapping[str, str], query: Asked, request: str) -> None:
    """Fails unless a saved query shows one request's new lines among others': all, and in order."""
    wanted = _life(names, request)
    found = rows(query, records(account_id, [*wanted, *_others(names, request)]))
    expected = [line["event"] for _, _, line in wanted]
    events = [_named(row, [*expected, "stranger", "neighbour"]) for row in found]
    lost = Counter(expected) - Counter(events)
    assert not lost, Because(
        found=f"The query was run over new lines of request {request} in all three groups. It shows "
        f"{len(expected) - lost.total()} of {len(expected)}: {_lost(wanted, events, lost)}.",
        consequence="The timeline has a hole where the trouble may be.",
        concept="A query looks into the log groups that it is given, and each of its steps at what the one "
        "before it leaves.",
    )
    strange = len(events) - len(expected)
    assert not strange, Because(
        found=f"The query was run over new lines. It shows {strange} that are of other requests.",
        consequence="Two orders' lives are read as one.",
        concept="An id is the same or it is not; to contain it is something else.",
    )
    assert events == expected, Because(
        found=f"The query shows the lines in the order {shown([str(e) for e in events])}; they happened "
        f"as {shown(expected)}.",
        consequence="The effect stands above its cause.",
        concept="Without sort, Logs Insights shows the newest first. A line has several times: when it was "
        "written, and when it came in.",
    )
    told = all(
        any(_tells(value, group) for value in row.values())
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


_Lines = list[tuple[int, str, Mapping[str, Any]]]


def _life(names: Mapping[str, str], request: str) -> _Lines:
    """New lines of one request: some events come twice, in one group or in several."""
    told = (
        ("orders", "INFO", "reopened"),
        ("payments", "WARN", "asked-again"),
        ("payments", "WARN", "asked-again"),
        ("shipping", "INFO", "held"),
        ("payments", "ERROR", "refused"),
        ("shipping", "ERROR", "refused"),
        ("orders", "ERROR", "refused"),
        ("orders", "INFO", "closed"),
    )
    return [
        (
            31 + 2 * number,
            names[service],
            {"level": level, "requestId": request, "event": event}
            | ({"reason": "x"} if level != "INFO" else {}),
        )
        for number, (service, level, event) in enumerate(told)
    ]


def _others(names: Mapping[str, str], request: str) -> list[tuple[int, str, str | Mapping[str, Any]]]:
    """Lines of other requests: some whose ids are like this one's, and an hour of those that came after."""
    later = [
        (100 + number, group, {"level": "INFO", "requestId": f"r-later-{number}", "event": "neighbour"})
        for number, group in enumerate(list(names.values()) * 400)
    ]
    return [
        (32, names["payments"], {"level": "ERROR", "requestId": request + "0", "event": "stranger"}),
        (
            35,
            names["orders"],
            {"level": "ERROR", "requestId": "r-1", "event": "neighbour", "after": request[2:]},
        ),
        (36, names["shipping"], "plain words of an old program"),
        *later,
    ]


def _named(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Which of the known events a row is about: a value that has its name, or the message that holds it."""
    for value in row.values():
        line = as_object(value)
        told = re.split(r"[^\w-]+", value) if line is None else [line.get("event")]
        found = next((name for name in names if name in told), None)
        if found:
            return found
    return None


def _tells(value: str, group: str) -> bool:
    """Whether a value says which log group a line is from: by its name, or by how that ends."""
    return group in value or group.endswith(f"/{value.lstrip('/')}")


def _lost(wanted: _Lines, events: Collection[Any], lost: Mapping[str, int]) -> str:
    """What a timeline lacks, in words: groups of whose own events it has none, or else some events."""
    of_event: dict[str, set[str]] = {}
    for _, group, line in wanted:
        of_event.setdefault(line["event"], set()).add(group)
    own = {event: only for event, (only, *more) in of_event.items() if not more}
    silent = sorted(set(own.values()) - {own[event] for event in events if event in own})
    return f"nothing of {shown(silent)}" if silent else f"not each that says {shown(sorted(lost))}"


def by_region(found: Sequence[Mapping[str, str]], regions: Collection[str]) -> list[dict[str, float]]:
    """What each column of numbers says of the regions, in the columns' order; without rows of no region."""
    columns: dict[str, dict[str, float]] = {}
    for row in found:
        region = next((value for value in _lower(row) if value in regions), None)
        for name, value in row.items() if region else ():
            if value.replace(".", "", 1).isdigit():
                columns.setdefault(name, {})[str(region)] = float(value)
    return list(columns.values())


def _lower(row: Mapping[str, str]) -> list[str]:
    return [value.lower() for value in row.values()]


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
    """Fails where a line tells of a person: a card, beyond what a receipt shows of it, or a mail address."""
    for line in lines:
        what = next((each for text in _readings(line) if (each := _of_a_person(text, secrets))), "")
        assert not what, Because(
            found=f"{function} was sent an order with a {what} "
            "that nobody else has. It stands in a line of its log.",
            consequence=f"Everybody who may read /aws/lambda/{function} reads it, for as long as "
            "the group keeps it, and so does everything that the log is sent on to.",
            concept="A log is read by more people than the database. What is not written cannot leak.",
        )


def _readings(line: str) -> Iterator[str]:
    """A line as anybody can read it: as it stands, and what is only encoded in it."""
    yield line.encode().decode("unicode_escape", errors="ignore") if "\\u" in line else line
    for token in re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", line):
        with suppress(ValueError):
            yield base64.urlsafe_b64decode(
                token.rstrip("=").replace("+", "-").replace("/", "_") + "=" * (-len(token.rstrip("=")) % 4)
            ).decode(errors="ignore")


def _of_a_person(text: str, secrets: Mapping[str, str]) -> str:
    """What a text tells of a person: a card or a mail address, or the most of one; nothing: an empty text."""
    digits = "".join(filter(str.isdigit, secrets["card"]))
    squeezed = text.replace(" ", "").replace("-", "")
    # A receipt shows the first six and the last four at most.
    if any(digits[start : start + 8] in squeezed for start in range(len(digits) - 7)):
        return "card"
    if secrets["email"] in text:
        return "mail address"
    name = re.escape(secrets["email"].partition("@")[0])
    return "part of a mail address" if re.search(rf"(?<![\w.]){name}(?![\w.])", text) else ""


def counts_those_above(account_id: str, group: str, big: float, query: Asked) -> None:
    """Fails unless a saved query counts the orders above an amount by region, and nothing else."""
    lines = _around(group, big)
    found = rows(query, records(account_id, lines))
    regions = {str(line["region"]) for _, _, line in lines}
    columns = by_region(found, regions)
    # Others may have a column for the amounts, too: before the number of orders, or after it.
    right = [each for each in columns if {key: value for key, value in each.items() if value} == ABOVE]
    counted = next(iter([*right, *columns]), {})
    assert counted, Because(
        found=f"The query was run over new orders from four regions. It gives {len(found)} rows, none "
        "with a region and a number.",
        consequence="The question was how many, and where.",
        concept="stats makes a number of many lines; by says for what.",
    )
    several = [name for name in sorted(counted) if sum(name in _lower(row) for row in found) > 1]
    assert not several, Because(
        found="The query was run over new orders of one hour, from half past eleven at night on. It gives "
        f"more than one row for {shown(several)}.",
        consequence="Whoever reads a region's number reads a part of it.",
        concept="by makes a row for each value of all that it names. From when to when, says whoever starts "
        "the query.",
    )
    assert not counted.get("west"), Because(
        found=f"The query counts {counted['west']:g} in west, where new lines tell of orders of "
        f"exactly {big} and below, of two refunds, and of one that was received back.",
        consequence="The campaign is run where nobody buys.",
        concept=f"Above {big} is not from {big} on; and an amount can stand on a line that is no order.",
    )
    told = [f"{number:g} in {region}" for region, number in counted.items()]
    few = sum(counted.values()) < sum(ABOVE.values())
    assert right, Because(
        found=f"The query counts {shown(told)}; the new orders above {big} are spread otherwise.",
        consequence="Regions are compared by wrong numbers.",
        concept="Each step of a query works on what the one before it leaves: what is cut off early is "
        "counted by nobody."
        if few
        else "Numbers are compared as numbers, and each line counts once.",
    )


ABOVE = {"north": 702, "south": 401, "islands": 200}
"""How many orders above the amount each region has in an hour of new lines; the fourth has none."""


def _around(group: str, big: float) -> list[tuple[int, str, Mapping[str, Any]]]:
    """An hour's lines of orders below, of, and above an amount in four regions, and of two refunds and a
    return. Half of them are of the next day."""
    amounts: dict[str, list[float]] = {
        "north": [big + 900.5, *[big + 1] * (ABOVE["north"] - 1), *[20] * 300],
        "south": [big + 0.01] * ABOVE["south"],
        "west": [*[big] * 150, *[big - 1] * 150],
        "islands": [999] * ABOVE["islands"],
    }
    orders = [(region, amount) for region, every in amounts.items() for amount in every]
    random.Random(1).shuffle(orders)
    midnight = 86_400 - START // 1000 % 86_400
    lines = [
        (midnight - 1800 + 3600 * number // len(orders), group, _order_line(number, "received", *order))
        for number, order in enumerate(orders)
    ]
    back = [
        (midnight + 9 * n, group, _order_line(9990 + n, event, "west", 4 * big))
        for n, event in enumerate(("refunded", "received-back", "refunded"))
    ]
    return [*lines, *back]


def _order_line(number: int, event: str, region: str, amount: float) -> Mapping[str, Any]:
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
