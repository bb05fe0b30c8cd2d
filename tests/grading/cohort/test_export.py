"""Marks as learning platforms take them."""

from __future__ import annotations

import csv
import io

import pytest

from cloudlings.errors import CourseError
from cloudlings.grading.cohort.export import Mark, written

MARKS = (
    Mark("amara", "Amara", "Okafor", "amara@example.edu", "48213", "010-iam", 7.5, 10.0),
    Mark("amara", "Amara", "Okafor", "amara@example.edu", "48213", "030-s3-policies", None, 12.0),
    Mark("mateo", "=HYPERLINK(1)", "", "", "", "010-iam", 0.0, 10.0),
    Mark("mateo", "=HYPERLINK(1)", "", "", "", "030-s3-policies", 12.0, 12.0),
)


def rows(form: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written(MARKS, form))))


def test_csv() -> None:
    """Plain CSV has a row for each student and lab; no score is no number, and a zero is one."""
    head, *found = rows("csv")
    assert head == ["student", "first_name", "last_name", "email", "lab", "score", "max_score"]
    assert [row[5] for row in found] == ["7.5", "", "0.0", "12.0"]


def test_canvas() -> None:
    """Canvas's has a column for each lab, and a row of the points possible."""
    head, possible, amara, mateo = rows("canvas")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "010-iam", "030-s3-policies"]
    assert possible == ["    Points Possible", "", "", "", "", "10.0", "12.0"]
    assert amara == ["Okafor, Amara", "48213", "amara", "amara@example.edu", "", "7.5", ""]
    assert mateo[5:] == ["0.0", "12.0"]


def test_moodle() -> None:
    """Moodle's knows students by ID number or email."""
    head, amara, mateo = rows("moodle")
    assert head == ["First name", "Last name", "ID number", "Email address", "010-iam", "030-s3-policies"]
    assert amara == ["Amara", "Okafor", "48213", "amara@example.edu", "7.5", ""]
    assert mateo[2] == "mateo"


def test_no_formulas() -> None:
    """A student's name is no formula in a spreadsheet."""
    assert rows("moodle")[2][0] == "'=HYPERLINK(1)"


def test_unknown_format() -> None:
    """A format that is none is refused, with those that there are."""
    with pytest.raises(CourseError, match="'xlsx'") as error:
        written(MARKS, "xlsx")
    assert "csv, canvas, moodle" in error.value.next_step
