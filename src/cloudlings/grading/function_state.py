"""What graders of functions share: finding them, invoking them with an event, and reading what came back.

reply = invoked(account, "welcome-1f2e", {"name": "Ana"})
assert answered(reply)["greeting"] == "Hello, Ana!"
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.proofs import readable
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because

Raw = Mapping[str, Any]
_DURATION = re.compile(r"REPORT .*?\bDuration: ([\d.]+) ms")
_REFUSED = ("TooManyRequestsException",)


@dataclass(frozen=True)
class Reply:
    """What came of one invocation: the function's value, or its error's type and message; the log's tail.

    ``milliseconds`` is the duration of its REPORT line, without INIT; None when there is none.
    """

    function: str
    event: Any
    value: Any = None
    error: str = ""
    log: str = ""
    milliseconds: float | None = None


def configuration(account: Account, name: str, qualifier: str = "") -> Raw | None:
    """A function's settings; None when there is no such function (or version)."""
    asked = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    found: Raw | None = or_none(
        lambda: account.client("lambda").get_function_configuration(**asked), "ResourceNotFoundException"
    )
    return found


def functions(account: Account) -> dict[str, Raw]:
    """All functions of the lab's Region, by name."""
    pages = account.client("lambda").get_paginator("list_functions").paginate()
    return {each["FunctionName"]: each for page in pages for each in page["Functions"]}


def require_function(account: Account, name: str, consequence: str) -> Raw:
    """A function's settings, or a failed task that says which functions were seen."""
    found = configuration(account, name)
    seen = ", ".join(sorted(functions(account))) if found is None else ""
    assert found is not None, Because(
        found=f"There is no function {name}. The functions are {seen or 'none'}.",
        consequence=consequence,
        concept="What calls a function calls it by its name. reset_lab() lays the start state again.",
    )
    return found


def invoked(account: Account, name: str, event: Any, qualifier: str = "") -> Reply:
    """One synchronous invocation (probe ``lambda:Invoke``). A throttled one fails the task, in words."""
    asked = {"FunctionName": name, "Payload": json.dumps(event).encode(), "LogType": "Tail"}
    try:
        answer = account.client("lambda").invoke(**asked, **({"Qualifier": qualifier} if qualifier else {}))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        raise AssertionError(
            Because(
                found=f"{name} was invoked, and Lambda refused it: {error.response['Error']['Message']}",
                consequence="Nobody's event is handled.",
                concept="A function's reserved concurrency is a ceiling as well: 0 means never.",
            )
        ) from None
    log = base64.b64decode(answer.get("LogResult") or "").decode("utf-8", "replace")
    took = _DURATION.search(log)
    value = _json(answer["Payload"].read())
    return Reply(
        name,
        event,
        value=None if answer.get("FunctionError") else value,
        error=_told(value) if answer.get("FunctionError") else "",
        log=log,
        milliseconds=float(took[1]) if took else None,
    )


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload or b"null")
    except ValueError:
        return payload.decode("utf-8", "replace")


def _told(value: Any) -> str:
    row = value if isinstance(value, Mapping) else {}
    return f"{row.get('errorType', 'an error')}: {row.get('errorMessage', value)}"


TRACE = "The trace is in the function's log group, /aws/lambda/ and its name."
"""Where one reads why a function ended with an error."""


def answered(reply: Reply, what: str = "an event", concept: str = TRACE) -> Any:
    """The function's value; a function that ended with an error fails the task."""
    assert not reply.error, Because(
        found=f"{reply.function} was invoked with {what}. It ended with {reply.error[:300]}",
        consequence="Whoever sent the event gets an error, or hears nothing.",
        counterexample=f"The event: {short(reply.event)}",
        concept=concept,
    )
    return reply.value


def short(event: Any, most: int = 300) -> str:
    """An event as JSON, cut where it is long."""
    text = json.dumps(event, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]} …"


def policy_of(account: Account, function: str, qualifier: str = "") -> Raw | None:
    """A function's resource policy as a document, or that of a version or alias; None when it has none.

    What is no policy fails the task.
    """
    asked = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
    reply = or_none(lambda: account.client("lambda").get_policy(**asked), "ResourceNotFoundException")
    if reply is None:
        return None
    readable(reply["Policy"], f"policy of function {function}")
    found: Raw = json.loads(reply["Policy"])
    return found


def mappings_of(account: Account, function: str, source: str = "") -> list[Raw]:
    """The event source mappings that feed a function; from one source only, by its ARN, if it is given."""
    reply = account.client("lambda").list_event_source_mappings(FunctionName=function)
    return [row for row in reply["EventSourceMappings"] if source in ("", row.get("EventSourceArn"))]


def reserved(account: Account, function: str) -> int | None:
    """A function's reserved concurrency; None when it has none."""
    reply = account.client("lambda").get_function_concurrency(FunctionName=function)
    found: int | None = reply.get("ReservedConcurrentExecutions")
    return found
