"""One booking by five doors: the events that a grader sends, and how quick a warm call must be."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from cloudlings.account import Account
from cloudlings.grading.function_state import answered, invoked, short
from cloudlings.grading.task import Because

QUICK_MS, WARM_CALLS = 250, 8
"""A warm call of the intake function: reading the directory takes 400 ms, everything else next to nothing."""


def door(kind: str, booking: str, *, packed: bool = False) -> dict[str, Any]:
    """A booking as each of the five doors wraps it."""
    body = json.dumps({"at": "2027-01-04T08:10", "booking": booking})
    text = base64.b64encode(body.encode()).decode() if packed else body
    web = {"body": text, "isBase64Encoded": packed, "headers": {"content-type": "application/json"}}
    if kind == "api v1":
        return {"version": "1.0", "resource": "/book", "httpMethod": "POST", "path": "/book", **web}
    if kind == "api v2":
        http = {"http": {"method": "POST", "path": "/book"}, "accountId": "anonymous"}
        return {"version": "2.0", "routeKey": "$default", "rawPath": "/book", "requestContext": http, **web}
    if kind == "eventbridge":
        detail = {"detail-type": "Booked", "source": "hazelmere.desk", "detail": {"booking": booking}}
        return {"version": "0", "id": "1", "account": "111122223333", "resources": [], **detail}
    return {"Records": [_record(kind, booking, body)]}


def _record(kind: str, booking: str, body: str, happening: str = "") -> dict[str, Any]:
    if kind == "sqs":
        return {"messageId": booking, "receiptHandle": "x", "body": body, "eventSource": "aws:sqs"}
    if kind == "s3":
        file = {"key": quote_plus(f"new bookings/2027/{booking}.json", safe="/")}
        put = {"bucket": {"name": "b"}, "object": file}
        return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": put}
    images: dict[str, Any] = {"OldImage": {"booking": {"S": "z9-0000"}}} if happening != "INSERT" else {}
    if happening != "REMOVE":
        images["NewImage"] = {"booking": {"S": booking}, "seats": {"N": "1"}}
    row = {"Keys": {"booking": {"S": booking}}, **images, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {"eventSource": "aws:dynamodb", "eventName": happening or "INSERT", "dynamodb": row}


def events(bookings: list[str]) -> list[tuple[str, dict[str, Any], str, list[str]]]:
    """Events that the learner has not seen: what it is, the event, via, and its bookings in order."""
    one, two, three, strange, five, six, seven, eight, nine, ten, *_ = bookings
    queue = {"Records": [*door("sqs", two)["Records"], *door("sqs", three)["Records"]]}
    files = {"Records": [*door("s3", five)["Records"], *door("s3", six)["Records"]]}
    rows = {
        "Records": [
            _record("dynamodb", seven, "", "MODIFY"),
            _record("dynamodb", eight, "", "REMOVE"),
            _record("dynamodb", nine, "", "INSERT"),
        ]
    }
    return [
        ("an event of API Gateway (1.0)", door("api v1", one), "api", [one]),
        ("an event of API Gateway (2.0)", door("api v2", strange), "api", [strange]),
        ("an event of API Gateway (2.0) in base64", door("api v2", ten, packed=True), "api", [ten]),
        ("a batch of SQS", queue, "sqs", [two, three]),
        ("an event of S3", files, "s3", [five, six]),
        ("a batch of a DynamoDB stream (a row that was removed is in it)", rows, "dynamodb", [seven, nine]),
        ("an event of EventBridge", door("eventbridge", one), "eventbridge", [one]),
    ]


def quick_when_warm(account: Account, name: str, event: Any) -> None:
    """Looks for one quick call of several warm ones: a busy machine must not fail anybody."""
    best = min(_warm_calls(account, name, event), default=0.0)
    quick = 0 < best < QUICK_MS
    assert quick, Because(
        found=f"Warm calls of {name} take {best:.0f} ms, by its REPORT lines.",
        consequence="Every visitor waits for it, and every millisecond is paid for.",
        concept="What takes long and is the same for every event belongs outside the handler: it is done "
        "once, when the environment starts.",
    )


def _warm_calls(account: Account, name: str, event: Any) -> list[float]:
    """How long warm calls take, in milliseconds: until one was quick, and at most eight."""
    times: list[float] = []
    for _ in range(WARM_CALLS):
        took = invoked(account, name, event).milliseconds
        times += [took] if took is not None else []
        if took is not None and took < QUICK_MS:
            break
    return times


def books_by_every_door(account: Account, name: str, clinics: Mapping[str, str]) -> None:
    """Fails the check unless a function finds each event's bookings, by its door, with their clinics; and
    unless it is quick when it is warm."""
    rng = random.Random(f"{name} {' '.join(clinics)}")
    codes = [*clinics, "x1"]
    bookings = [f"{rng.choice(codes)}-{rng.randrange(10_000):04d}" for _ in range(12)]
    bookings[3] = f"x1-{rng.randrange(10_000):04d}"
    for what, event, via, held in events(bookings):
        reply = invoked(account, name, event)
        wanted = [
            {"via": via, "booking": each, "clinic": clinics.get(each.partition("-")[0])} for each in held
        ]
        assert answered(reply, what) == wanted, Because(
            found=f"{name} was sent {what} with {len(held)} booking{'s' if len(held) != 1 else ''}. It "
            f"answered {short(reply.value)}.",
            consequence="Patients who come by this door have no appointment, or somebody else's.",
            counterexample=f"The event: {short(event, 420)}",
            concept="Each service wraps its events in its own way: text in text, typed values, URL-written "
            "keys, lists.",
        )
    quick_when_warm(account, name, door("sqs", bookings[0]))
