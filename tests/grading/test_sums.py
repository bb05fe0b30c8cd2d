"""Bills that learners worked out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudlings.cost import volume_bill
from cloudlings.grading.sums import as_billed, lines

BILLS = {"gp3": volume_bill("gp3", 100), "io2": volume_bill("io2", 100, iops=1000)}


def told(given: Any) -> str:
    """What a learner reads about an answer; "" when it is right."""
    try:
        as_billed("bill", given, BILLS, consequence="Finance decides.")
    except AssertionError as error:
        return str(error)
    return ""


def test_a_sum_within_one_percent_is_right() -> None:
    """Rounding to cents is no mistake."""
    assert told({"gp3": 8.05, "io2": 77.5}) == ""


@pytest.mark.parametrize("given", [None, [], "8", {"gp3": "8", "io2": 77.5}, {"gp3": True, "io2": 77.5}])
def test_what_is_no_number_is_told_so(given: Any) -> None:
    """A text, a truth or nothing is asked for as a number of dollars."""
    assert "needs a number of dollars" in told(given)


def test_a_wrong_sum_is_told_by_how_much_and_not_what_is_right() -> None:
    """The message has the difference and the lines of the bill, and never its sum."""
    message = told({"gp3": 8, "io2": 12.5})
    assert "too little" in message
    assert "provisioned IOPS" in message
    assert "77.5" not in message


def test_a_sum_that_is_too_much() -> None:
    """More than one percent above is told as well as below; the answer itself is given back."""
    assert "2.5% too much" in told({"gp3": 8.2, "io2": 77.5})
    said = {"gp3": 8, "io2": 77.5, "choose": "gp3"}
    assert as_billed("bill", said, BILLS, consequence="Finance decides.") is said


def test_lines_that_are_charged() -> None:
    """What costs nothing on a bill is none of its lines."""
    assert lines(volume_bill("gp3", 100)) == lines(volume_bill("gp3", 100, iops=3000))
    assert "IOPS" in lines(volume_bill("gp3", 100, iops=4000))
    bill = volume_bill("gp3", 100)
    of_nothing = tuple(replace(line, quantity=0) for line in bill.lines)
    assert lines(replace(bill, lines=of_nothing)) == "none"
