"""CloudTrail's event history, told from the journal.

Source: CloudTrail API reference, LookupEvents; CloudTrail User Guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from cloudlings.sandbox.authorization.context import SOURCE_IP
from cloudlings.sandbox.model import JournalEntry
from cloudlings.sandbox.own import trail_events as events
from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers

KEPT_FOR: Final = 90 * 86_400.0
_MOST: Final = 50
_Test = Callable[[JournalEntry], bool]
_ATTRIBUTES: Final[Mapping[str, Callable[[str, str], _Test]]] = {
    "EventId": lambda value, account: lambda entry: events.event_id(entry, account) == value,
    "EventName": lambda value, _: lambda entry: events.event_name(entry) == value,
    "EventSource": lambda value, _: lambda entry: events.event_source(entry) == value,
    "ReadOnly": lambda value, _: lambda entry: str(events.is_read(entry)).lower() == value.lower(),
    "Username": lambda value, _: lambda entry: events.user_name(entry) == value,
    "ResourceType": lambda value, _: _about("ResourceType", value),
    "ResourceName": lambda value, _: _about("ResourceName", value),
    "AccessKeyId": lambda value, _: lambda entry: entry.access_key_id == value,
}


def _about(member: str, value: str) -> _Test:
    """What an event is about: its name, or the ARN that the request had."""
    by_arn = member == "ResourceName" and value.startswith("arn:")
    return lambda entry: (
        (by_arn and entry.resource == value) or any(one[member] == value for one in events.resources(entry))
    )


@answers("cloudtrail", "LookupEvents")
async def lookup_events(given: Handling) -> Answer:
    """Management events of the account in this Region, the newest first."""
    asked = given.input
    refused = _refused(asked)
    if refused is not None:
        return refused
    most = int(asked.get("MaxResults") or _MOST)
    before = _before(asked)
    if before is None:
        return Refusal(
            "InvalidNextTokenException", "The token is invalid, or it was given for another lookup."
        )
    found = _found(given, _tests(asked, given.account_id), before)
    page = list(islice(found, most))
    more = next(found, None) if len(page) == most else None
    token = _token(asked, page[-1].number) if more is not None else None
    return {"Events": [await _event(given, entry) for entry in page], "NextToken": token}


def _refused(asked: Output) -> Refusal | None:
    attributes = asked.get("LookupAttributes") or []
    if len(attributes) > 1 or any(not _is_known(one) for one in attributes):
        message = "You can specify one valid lookup attribute at most."
        return Refusal("InvalidLookupAttributesException", message)
    most = asked.get("MaxResults")
    if most is not None and not (isinstance(most, int) and 1 <= most <= _MOST):
        return Refusal("InvalidMaxResultsException", f"MaxResults must be between 1 and {_MOST}.")
    start, end = asked.get("StartTime"), asked.get("EndTime")
    if start is not None and end is not None and start > end:
        message = "The start time must be before the end time."
        return Refusal("InvalidTimeRangeException", message)
    if asked.get("EventCategory", "insight") != "insight":
        return Refusal("InvalidEventCategoryException", "The only valid event category is insight.")
    return None


def _is_known(attribute: Output) -> bool:
    key, value = attribute.get("AttributeKey"), str(attribute.get("AttributeValue") or "")
    if key == "ReadOnly":
        return value.lower() in ("true", "false")
    return key in _ATTRIBUTES and value != ""


def _tests(asked: Output, account_id: str) -> list[_Test]:
    tests = [
        _ATTRIBUTES[one["AttributeKey"]](str(one["AttributeValue"]), account_id)
        for one in asked.get("LookupAttributes") or []
    ]
    start, end = asked.get("StartTime"), asked.get("EndTime")
    # Events are to the second, and so are the bounds that callers take from them.
    oldest = max(time.time() - KEPT_FOR, float(start) if start is not None else 0.0)
    tests.append(lambda entry: int(entry.time) >= int(oldest))
    if end is not None:
        tests.append(lambda entry: int(entry.time) <= int(end))
    if asked.get("EventCategory"):
        tests.append(lambda _: False)  # Insights find nothing unusual in a sandbox
    return tests


def _found(given: Handling, tests: list[_Test], before: int) -> Iterator[JournalEntry]:
    for entry in reversed(given.services.journal(given.account_id)):
        fits = entry.number < before and events.is_management(entry, given.region)
        if fits and all(test(entry) for test in tests):
            yield entry


async def _event(given: Handling, entry: JournalEntry) -> Output:
    identity = await _identity(given, entry)
    return {
        "EventId": events.event_id(entry, given.account_id),
        "EventName": events.event_name(entry),
        "ReadOnly": str(events.is_read(entry)).lower(),
        "AccessKeyId": entry.access_key_id or None,
        "EventTime": int(entry.time),
        "EventSource": events.event_source(entry),
        "Username": events.user_name(entry) or None,
        "Resources": events.resources(entry),
        "CloudTrailEvent": events.record(entry, given.account_id, identity, SOURCE_IP),
    }


# --- who it was ----------------------------------------------------------------------------------


async def _identity(given: Handling, entry: JournalEntry) -> dict[str, Any]:
    """The userIdentity element: as much of it as its type has."""
    arn = entry.principal
    if not arn:
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    account, resource = arn.split(":", 5)[4:6]
    known = {"arn": arn, "accountId": account, "accessKeyId": entry.access_key_id}
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        return await _session(given, entry, rest, known)
    if kind == "root":
        return {"type": "Root", "principalId": account, **known}
    if kind == "federated-user":
        return {"type": "FederatedUser", "principalId": f"{account}:{rest}", **known}
    name = rest.rpartition("/")[2]
    user = (await given.read("GetUser", "iam", UserName=name)).get("User", {})
    return {"type": "IAMUser", "principalId": user.get("UserId", ""), **known, "userName": name}


async def _session(given: Handling, entry: JournalEntry, rest: str, known: dict[str, Any]) -> dict[str, Any]:
    role_name, _, session = rest.partition("/")
    role = (await given.read("GetRole", "iam", RoleName=role_name)).get("Role", {})
    id_ = role.get("RoleId", "")
    issuer = {
        "type": "Role",
        "principalId": id_,
        "arn": role.get("Arn") or f"arn:aws:iam::{known['accountId']}:role/{role_name}",
        "accountId": known["accountId"],
        "userName": role_name,
    }
    attributes = {"creationDate": events.iso(entry.time), "mfaAuthenticated": "false"}
    context = {"sessionIssuer": issuer, "attributes": attributes}
    return {"type": "AssumedRole", "principalId": f"{id_}:{session}", **known, "sessionContext": context}


# --- pages ---------------------------------------------------------------------------------------


def _same(asked: Output) -> list[Any]:
    """What must not change from page to page."""
    return [asked.get(name) for name in ("LookupAttributes", "StartTime", "EndTime", "EventCategory")]


def _token(asked: Output, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([number, _same(asked)]).encode()).decode()


def _before(asked: Output) -> int | None:
    """The number that the page's entries are below; None for a token that is none of this lookup's."""
    token = asked.get("NextToken")
    if not token:
        return 1 << 62
    try:
        number, same = json.loads(base64.urlsafe_b64decode(str(token)))
    except (ValueError, TypeError):
        return None
    return number if isinstance(number, int) and same == _same(asked) else None
