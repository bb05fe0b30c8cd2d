"""The answer about one order's trace: whose request, which service, which cause."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.trace_rules import CAUSES, names_the_cause, request_of
from cloudlings.lab import Brief

BRIEF = Brief({"tag": "1f2e", "complaint": "KW-1"})
REQUEST = request_of(BRIEF, "KW-1")


def cause() -> str:
    """The one cause with which the answer passes."""
    right = []
    for each in CAUSES:
        try:
            names_the_cause(BRIEF, REQUEST, {"request": REQUEST, "service": "payments", "cause": each})
            right.append(each)
        except AssertionError:
            continue
    (only,) = right
    return only


def test_each_order_has_a_request_of_its_own() -> None:
    """By learner and by order."""
    assert REQUEST.startswith("r-")
    assert len({REQUEST, request_of(BRIEF, "KW-2"), request_of(Brief({"tag": "aaaa"}), "KW-1")}) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"request": "r-000000000000"}, "received under another"),
        ({"request": None}, "names the request None"),
        ({"service": "checkout"}, "service 'checkout'. The services are orders, payments, shipping"),
        ({"service": "/kittiwake/1f2e/payments"}, "the service has a name of its own"),
        ({"service": "orders"}, "service 'orders', cause .* not the first line"),
        ({"cause": "it is slow"}, "cause 'it is slow'"),
        ({"cause": ["a"]}, "not the first line"),
    ],
)
def test_another_answer(change: dict[str, Any], words: str) -> None:
    """Each wrong part is told, and not what is right."""
    right = {"request": REQUEST, "service": "payments", "cause": cause()}
    with pytest.raises(AssertionError, match=words) as failed:
        names_the_cause(BRIEF, REQUEST, right | change)
    assert right["cause"] not in str(failed.value) or "cause" not in change


@pytest.mark.parametrize("given", [None, "payments", ["r-1"], 7])
def test_an_answer_of_another_shape(given: Any) -> None:
    """Words, never a traceback."""
    with pytest.raises(AssertionError, match="names the request None"):
        names_the_cause(BRIEF, REQUEST, given)
