"""What a form's policy says, as a check reads it: bad input is told in words."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest

from cloudlings.grading.presigned_rules import address, ends_soon, number, policy_of, sizes_allowed


def packed(policy: Any) -> dict[str, str]:
    return {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3600", 3600), (3600, 3600), ("²", 0), ("٣", 0), ("-5", 0), ("3.5", 0), (None, 0), ("9" * 5000, 0)],
)
def test_number(text: Any, value: int) -> None:
    """Digits are a number, everything else is none."""
    assert number(text) == value


@pytest.mark.parametrize("url", ["", "no address", "http://[::1", "http://[x]/"])
def test_an_address_that_is_none(url: str) -> None:
    """Parts, empty where there are none; never an error."""
    assert address(url).query == ""


@pytest.mark.parametrize("fields", [{}, {"policy": "*"}, {"policy": "Zm9v"}, packed([1]), {"policy": "ü"}])
def test_a_form_without_a_policy(fields: dict[str, str]) -> None:
    """None, no base64, no JSON, no object: each is told."""
    with pytest.raises(AssertionError, match="no policy that can be read"):
        policy_of(fields)


@pytest.mark.parametrize(
    ("policy", "sizes"),
    [
        ({"conditions": [["content-length-range", 1, 5_242_880], {"bucket": "b"}]}, [5_242_880]),
        ({"conditions": [["Content-Length-Range", "1", "9"], ["content-length-range", 0, "x"]]}, [9, 0]),
        ({"conditions": [["content-length-range", 1]]}, []),
        ({"conditions": None}, []),
        ({"conditions": "content-length-range"}, []),
        ({}, []),
    ],
)
def test_the_sizes_that_a_policy_allows(policy: dict[str, Any], sizes: list[int]) -> None:
    """The upper ends of its ranges; none where it sets none."""
    assert list(sizes_allowed(policy_of(packed(policy)))) == sizes


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", "soon", ""]
)
def test_a_form_that_never_ends(text: str) -> None:
    """A far end, and one that cannot be read, are too far."""
    with pytest.raises(AssertionError, match="is valid until"):
        ends_soon({"expiration": text})


def test_a_form_that_ends_soon() -> None:
    """Ten minutes from now, in any zone."""
    zone = dt.timezone(dt.timedelta(hours=-5))
    ends_soon({"expiration": (dt.datetime.now(zone) + dt.timedelta(minutes=10)).isoformat()})
