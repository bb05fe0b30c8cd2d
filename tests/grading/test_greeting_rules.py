"""Whether a function greets everybody by name, called with an event of its own or by a URL."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.greeting_rules import greets_everybody
from cloudlings.lab import Brief

BRIEF = Brief({"welcome": "welcome", "greeting": "Hello"})


class Door:
    """An account with one function, which may have a URL."""

    def __init__(self, handler: Callable[[Any], Any], *, url: bool) -> None:
        self.handler, self.url = handler, url

    def client(self, _service: str) -> Door:
        return self

    def get_function_url_config(self, **_asked: Any) -> Any:
        if self.url:
            return {"FunctionUrl": "https://x"}
        raise ClientError(
            {"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetFunctionUrlConfig"
        )

    def invoke(self, *, Payload: bytes, **_asked: Any) -> Any:  # noqa: N803
        return {"Payload": io.BytesIO(json.dumps(self.handler(json.loads(Payload))).encode())}


def greeted(name: str | None) -> str:
    return f"Hello, {(name or '').strip() or 'everybody'}!"


def by_event(event: Any) -> Any:
    return greeted(event.get("name"))


def by_page(event: Any) -> Any:
    """As AWS's examples for function URLs do: without parameters the key is not there."""
    assert "queryStringParameters" not in event or event["queryStringParameters"]
    query = event.get("queryStringParameters") or {}
    return {"statusCode": 200, "body": greeted(query.get("name"))}


@pytest.mark.parametrize(("handler", "url"), [(by_event, False), (by_event, True), (by_page, True)])
def test_greets_everybody(handler: Callable[[Any], Any], url: bool) -> None:
    """By the name in its event; with a URL, by the URL's parameter will do."""
    account: Any = Door(handler, url=url)
    greets_everybody(account, BRIEF)


@pytest.mark.parametrize(
    ("handler", "url"),
    [
        (by_page, False),
        (lambda event: f"Hello, {event.get('name', 'everybody')}!", False),
        (lambda event: {"statusCode": 500, "body": greeted(event.get("name"))}, False),
        (lambda event: {"statusCode": 500, **by_page(event)} | {"statusCode": 404}, True),
    ],
    ids=["a page without a URL", "a blank name", "an error", "an error of a page"],
)
def test_greets_otherwise(handler: Callable[[Any], Any], url: bool) -> None:
    """Not everybody, or with an error's status."""
    account: Any = Door(handler, url=url)
    with pytest.raises(AssertionError, match="welcome was called with"):
        greets_everybody(account, BRIEF)
