"""What a grader of a greeting function asks: is everybody greeted by name, whoever came before?"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cloudlings.account import Account
from cloudlings.grading.function_state import Reply, answered, invoked, short
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def greets_everybody(account: Account, brief: Brief) -> None:
    """Fails the check unless the function greets guests by name, and those without one as everybody.

    A function that has a URL may read the name as a URL's parameter, and answer as a page.
    """
    name = brief.welcome
    rng = random.Random(f"{name} {brief.greeting}")
    guest = rng.choice(("Øyvind", "Nguyễn Thị", "O'Hara", "李雷"))
    wanted = [(guest, guest), (None, "everybody"), ("Ana", "Ana"), ("   ", "everybody"), (guest, guest)]
    open_to_web = or_none(
        lambda: account.client("lambda").get_function_url_config(FunctionName=name),
        "ResourceNotFoundException",
    )
    for given, greeted in wanted:
        event = {} if given is None else {"name": given}
        reply = invoked(account, name, event)
        if open_to_web and not _greets(reply, brief, greeted):
            reply = invoked(account, name, _by_url(event))
        answered(reply, f"the event {short(event)}")
        assert _greets(reply, brief, greeted), Because(
            found=f"{name} was called with {short(event)}. It answered {short(reply.value)}.",
            consequence="The screen at the door shows a wrong greeting, or one for the visitor before.",
            concept="Every answer follows from its own event. A key may be missing, and a name may be blank.",
        )


def _by_url(asked: Mapping[str, str]) -> dict[str, Any]:
    """What a function URL sends: without parameters there is no such key."""
    query = {"queryStringParameters": dict(asked)} if asked else {}
    return {"version": "2.0", "rawPath": "/", "rawQueryString": urlencode(asked), **query}


def _greets(reply: Reply, brief: Brief, name: str) -> bool:
    said = reply.value
    if isinstance(said, Mapping) and "body" in said:
        said = said["body"] if said.get("statusCode") == 200 else None
    return str(said).strip().strip('"') == f"{brief.greeting}, {name}!"
