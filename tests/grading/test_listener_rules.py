"""Rules of a listener against the agreed ends of requests: several designs pass, slips show a request."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.listener_rules import send_as_agreed, serve_one_program_each, squeezed
from cloudlings.lab import Brief

BRIEF = Brief({"api": "booking", "domain": "page.example"})
PAGE, API = (f"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{name}/1" for name in ("page", "api"))
NO = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "ContentType": "text/plain"}}


def to(group: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": group}


def rule(priority: int | str, action: dict[str, Any], *paths: str, **more: Any) -> dict[str, Any]:
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}}] if paths else []
    return {
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": [*conditions, *more.get("conditions", [])],
        "Actions": [action],
    }


INTERNAL = rule(10, NO, "/booking/internal/*")
BOOKING = rule(20, to(API), "/booking", "/booking/*")
REST = rule("default", to(PAGE))
GETS = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}


@pytest.mark.parametrize(
    "rules",
    [
        [INTERNAL, BOOKING, REST],
        [REST, BOOKING, INTERNAL],
        [INTERNAL, rule(30, to(API), "/booking"), rule(40, to(API), "/booking/*"), REST],
    ],
    ids=["three", "told in another order", "one path each"],
)  # fmt: skip
def test_as_agreed(rules: list[dict[str, Any]]) -> None:
    """By priority, however the rules are cut and listed."""
    send_as_agreed(rules, BRIEF, PAGE, API)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([REST], "GET https://page.example/booking was put"),
        ([BOOKING, REST], "GET https://page.example/booking/internal/keys was put"),
        ([INTERNAL | {"Priority": "30"}, BOOKING, REST], "booking/internal/keys was put"),
        ([INTERNAL, rule(20, to(API), "/booking*"), REST], "GET https://page.example/bookingtite was put"),
        ([INTERNAL, rule(20, to(API), "*/booking/*", "/booking"), REST], "GET https://page.example/help/booking"),
        ([INTERNAL, rule(20, to(API), "/booking", "/booking/*", conditions=[GETS]), REST], "POST https://page"),
        ([rule(10, NO, "/booking/internal*"), BOOKING, REST], "booking/internally was put"),
        ([rule(10, NO, "/booking/internal/*", conditions=[GETS]), BOOKING, REST], "DELETE https://page"),
    ],
)  # fmt: skip
def test_otherwise(rules: list[dict[str, Any]], words: str) -> None:
    """Nothing refused, the wrong priority, a pattern that is too wide, some methods only."""
    with pytest.raises(AssertionError, match=words):
        send_as_agreed(rules, BRIEF, PAGE, API)


def test_two_programs_have_two_groups() -> None:
    """One group for both is told; where neither is known, nothing is said here."""
    serve_one_program_each(PAGE, API, "booking")
    serve_one_program_each("", "", "booking")
    with pytest.raises(AssertionError, match="both sent to page"):
        serve_one_program_each(PAGE, PAGE, "booking")


def test_white_space_does_not_count() -> None:
    """Requests in an answer are compared without it."""
    assert squeezed(" GET  /a\n") == "GET/a"
