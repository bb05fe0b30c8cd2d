"""What tells how an answer's own tasks fare, and what may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudlings.lab import Step, own_part
from cloudlings.lab._places import Place

PLACE = Place(Path("lab.py"))


def steps(*rows: str | tuple[str, str]) -> tuple[Step, ...]:
    """A text is a cell outside of tasks; ``("check", task)`` a check; another pair a task's cell."""
    return tuple(
        Step("python", row, None, PLACE) if isinstance(row, str)
        else Step("check", "", row[1], PLACE) if row[0] == "check"
        else Step("python", row[0], row[1], PLACE)
        for row in rows
    )  # fmt: skip


def texts(kept: tuple[Step, ...]) -> list[str]:
    return [step.text or f"check {step.task}" for step in kept]


LAB = steps(
    "import boto3", "print('hello')", ("make()", "one"), ("check", "one"), "look()", ("boto3.x()", "two"),
    ("check", "two"), ("boto3.y()", "three"), ("check", "three"),
)  # fmt: skip


def test_it_ends_with_the_last_check_of_its_tasks() -> None:
    """What comes after it is not looked at."""
    assert texts(own_part(LAB, ["two"])) == ["import boto3", "make()", "boto3.x()", "check two"]
    assert texts(own_part(LAB, ["one", "two"]))[-1] == "check two"


def test_only_its_tasks_are_checked() -> None:
    """The cells of the others stay, since later ones may need what they build."""
    assert texts(own_part(LAB, ["three"])) == [
        "import boto3",
        "make()",
        "boto3.x()",
        "boto3.y()",
        "check three",
    ]


def test_with_no_task_nothing_is_left() -> None:
    """There is nothing to be told."""
    assert own_part(LAB, []) == ()


@pytest.mark.parametrize(
    ("cell", "task"),
    [
        ("limit = 3", "use(limit)"),
        ("def helper():\n    pass", "helper()"),
        ("class Plan:\n    pass", "Plan()"),
        ("import json as js", "js.dumps(1)"),
        ("from os import path", "path.join()"),
        ("for row in rows():\n    pass", "print(row)"),
        ("with open(name) as file:\n    pass", "file.name"),
        ("rows.append(1)", "print(rows)"),
        ("kept['a'] = 1", "print(kept)"),
        ("kept['a']['b'].update(c=1)", "print(kept)"),
        ("client.region = 'x'", "client.go()"),
        ("total += 1", "print(total)"),
        ("limit = 3", "def late():\n    return limit"),
        ("limit = 3", "[each for each in rows if each > limit]"),
        ("limit = 3", "f'{limit}'"),
        ("total = 0", "total = total + 1"),
        ("total = 0", "total += 1"),
        ("rows = []", "rows = rows or [1]"),
        ("answer('a', 1)", "go()"),
        ("!pip list", "go()"),
        ("limit = 3", "!echo {limit}"),
    ],
)
def test_a_cell_that_something_asks_for_stays(cell: str, task: str) -> None:
    """A name that it sets or changes is used later; or it hands something in, or is not plain Python."""
    assert texts(own_part(steps(cell, (task, "one"), ("check", "one")), ["one"])) == [cell, task, "check one"]


@pytest.mark.parametrize(
    ("cell", "task"),
    [
        ("print(client.list())", "client.list()"),
        ("limit = 3\nprint(limit)", "go()"),
        ("def helper():\n    limit = 3\n\n\nhelper()", "use(limit)"),
        ("[limit for limit in rows]", "use(limit)"),
        ("for row in rows:\n    print(row)", "for row in others:\n    keep(row)"),
        ("number = 1", "number = 2\nuse(number)"),
    ],
)
def test_a_cell_that_only_shows_something_goes(cell: str, task: str) -> None:
    """What it sets is its own, or is set again before it is used."""
    assert texts(own_part(steps(cell, (task, "one"), ("check", "one")), ["one"])) == [task, "check one"]


def test_what_a_cell_needs_that_stays_stays_as_well() -> None:
    """And so on, back to the first."""
    kept = own_part(steps("a = 1", "b = a", "c = b", "d = a", ("use(c)", "one"), ("check", "one")), ["one"])
    assert texts(kept) == ["a = 1", "b = a", "c = b", "use(c)", "check one"]


def test_a_script_and_a_template_stay() -> None:
    """They are an answer's own; no name of Python is asked for in them."""
    script = Step("shell", "aws s3 ls $limit", "one", PLACE, answered=True)
    assert own_part((*steps("limit = 3"), script, *steps(("check", "one"))), ["one"])[0] == script
