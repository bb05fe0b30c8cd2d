"""What graders of a listener's rules ask: which rule takes a request, and is it the one that was agreed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.grading.scaling_state import Raw, routed, told
from cloudlings.grading.task import Because
from cloudlings.lab import Brief

CALLERS = ("198.51.100.7", "203.0.113.200")
"""Addresses from which requests are put to the rules: none of them counts."""


def squeezed(text: Any) -> str:
    """A text without its white space: how requests in an answer are compared."""
    return "".join(str(text).split())


def inherited_ways(brief: Brief) -> dict[str, tuple[str, str]]:
    """Target group and rule of each request, by the rules that the seed lays."""

    def rule(priority: str, name: str, *conditions: Mapping[str, Any]) -> Raw:
        actions = [{"Type": "forward", "TargetGroupArn": name}]
        return {
            "Priority": priority,
            "IsDefault": not conditions,
            "Conditions": conditions,
            "Actions": actions,
        }

    def path(pattern: str) -> Mapping[str, Any]:
        return {"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}

    methods = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}
    rules = [
        rule("40", "print", path(f"/{brief.page}/print/*")),
        rule("20", "pages", path(f"/{brief.page}/*"), methods),
        rule("30", "old", {"Field": "host-header", "HostHeaderConfig": {"Values": ["old.*"]}}),
        rule("default", "main"),
    ]
    found = {text: routed(rules, text) for text in brief.urls}
    return {text: (way.target_group, way.rule) for text, way in found.items()}


def serve_one_program_each(page: str, api: str, word: str) -> None:
    """Fails the check where page and API are sent to one target group."""
    assert not page or page != api, Because(
        found=f"GET / and GET /{word}/times are both sent to {page.rsplit('/', 2)[-2]}: "
        f"the API's "
        "group is the page's group as well.",
        consequence="One program gets the other's requests, and neither can grow or fall ill alone.",
        concept="A target group stands for one program: its machines, its port, its question.",
    )


def send_as_agreed(rules: Sequence[Raw], brief: Brief, page: str, api: str) -> None:
    """Fails the check unless rules send each request to the page's group, to the API's, or refuse it."""
    for text, end in _agreed(brief.api).items():
        method, _, path = text.partition(" ")
        asked = f"{method} https://{brief.domain}{path}"
        ways = [routed(rules, asked, caller) for caller in CALLERS]
        arn = {"page": page, "api": api}.get(end)
        good = [way.status == 403 if end == "403" else way.target_group == arn != "" for way in ways]
        way = ways[good.index(False)] if False in good else ways[0]
        assert all(good), Because(
            found=f"{asked} was put to listener 443: {told(way)}.",
            consequence={
                "page": "A visitor who wants the page gets something else.",
                "api": "The booking app asks for times and gets something else.",
                "403": "What only Hazelmere's own programs may ask can be asked by everybody.",
            }[end],
            concept="Rules are read by priority, and the first that fits decides: the special case needs the "
            "lower number. A pattern is compared with the whole path.",
        )


def _agreed(word: str) -> dict[str, str]:
    """Requests, and where each must end."""
    return {
        "GET /": "page",
        f"GET /doctors?x=/{word}/y": "page",
        f"GET /{word}tite": "page",
        f"GET /help/{word}/times": "page",
        "POST /login": "page",
        f"GET /{word}": "api",
        f"GET /{word}/": "api",
        f"POST /{word}/book/7": "api",
        f"GET /{word}/times?day=internal/x": "api",
        f"GET /{word}/internally": "api",
        f"GET /{word}/internal/keys": "403",
        f"DELETE /{word}/internal/a/b": "403",
    }
