"""Asynchronous invocations: an event waits, is tried, tried again, given up, and told of.

Sources: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation",
"Capturing records of Lambda asynchronous invocations", "Adding a dead-letter queue". AWS waits one and two
minutes before it tries again after an error; here it is one and two seconds. A throttled event is tried
again after one second, then two, four and so on, at most five apart (AWS: five minutes).
"""

from __future__ import annotations

import contextvars
import datetime as dt
import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators import ministack_delivery as delivery
from cloudlings.sandbox.emulators import ministack_functions, ministack_lineage

LONGEST_WAIT = 5.0
_DEFAULT_AGE, _DEFAULT_RETRIES = 21_600, 2


@dataclass(frozen=True)
class Settings:
    """What holds for a function's asynchronous events. Where they end are ARNs, "" for none."""

    retries: int = _DEFAULT_RETRIES
    age: int = _DEFAULT_AGE
    on_success: str = ""
    on_failure: str = ""
    dead_letters: str = ""


@dataclass(frozen=True)
class Ending:
    """How an event's way ended: ``condition`` as AWS names it, after so many invocations."""

    condition: str
    invocations: int
    result: dict[str, Any]


def correct(service: Any) -> None:
    """Take over asynchronous invocations."""

    def invoke_later(func: dict[str, Any], event: Any) -> None:
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(_work, service, func, event), daemon=True).start()

    service.invoke_async_with_retry = invoke_later


def _work(service: Any, func: dict[str, Any], event: Any) -> None:
    from ministack.core.responses import new_uuid, request_scope

    config = func.get("config") or func
    account_id, region = service._account_region_from_function_config(config)
    number = ministack_functions.invocation_id.get() or new_uuid()
    with request_scope(account_id, region):
        settings = _settings(service, config)
        if ministack_lineage.is_dropped(service, config, ministack_lineage.next_hop(service)):
            ending = Ending("RetriesExhausted", 0, {})
        else:
            ending = _try(service, func, event, number, settings)
        _tell(config, event, number, settings, ending)


def _settings(service: Any, config: dict[str, Any]) -> Settings:
    base = service._functions.get(config.get("FunctionName", "")) or {}
    qualifier = str(config.get("FunctionArn", "")).split(":")[7:8]
    names = [*qualifier, ""] if qualifier in ([], ["$LATEST"]) else qualifier
    found: dict[str, Any] = next(
        (c for c in (service._event_invoke_config(base, name or None) for name in (*names, "$LATEST")) if c),
        {},
    )
    wanted = found.get("DestinationConfig") or {}
    return Settings(
        retries=int(found.get("MaximumRetryAttempts", _DEFAULT_RETRIES)),
        age=int(found.get("MaximumEventAgeInSeconds", _DEFAULT_AGE)),
        on_success=(wanted.get("OnSuccess") or {}).get("Destination", ""),
        on_failure=(wanted.get("OnFailure") or {}).get("Destination", ""),
        dead_letters=(config.get("DeadLetterConfig") or {}).get("TargetArn", ""),
    )


def _try(service: Any, func: dict[str, Any], event: Any, number: str, settings: Settings) -> Ending:
    """Invoke until it is done, or is given up."""
    config = func.get("config") or func
    began, invocations, waits = time.time(), 0, 0
    while True:
        if _is_off(service, config):
            return Ending("RetriesExhausted", invocations, {})
        ministack_functions.invocation_id.set(number)
        result = service._execute_function(func, event)
        if result.get("throttle"):
            waits += 1
            wait = min(service._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2.0 ** (waits - 1), LONGEST_WAIT)
        else:
            invocations += 1
            if not result.get("error"):
                return Ending("Success", invocations, result)
            if invocations > settings.retries:
                return Ending("RetriesExhausted", invocations, result)
            wait = service._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2.0 ** (invocations - 1)
        time.sleep(wait)
        if clock.elapsed(_account(config), began) > settings.age:
            return Ending("EventAgeExceeded", invocations, result)


def _is_off(service: Any, config: dict[str, Any]) -> bool:
    """Whether nothing is to run: an event then goes to where failures go, and is not tried."""
    base = service._functions.get(config.get("FunctionName", "")) or {}
    reserved = service._reserved_concurrency(base, {})
    return bool(reserved == 0)


def _account(config: dict[str, Any]) -> str:
    return str(config.get("FunctionArn", "")).split(":")[4]


def _tell(config: dict[str, Any], event: Any, number: str, settings: Settings, ending: Ending) -> None:
    """Send the record of an event to its destination, and one that failed to the dead letters."""
    succeeded = ending.condition == "Success"
    destination = settings.on_success if succeeded else settings.on_failure
    if destination:
        _send(destination, record(config, event, number, ending), succeeded)
    if not succeeded and settings.dead_letters:
        said = ending.result.get("body")
        message = said.get("errorMessage", "") if isinstance(said, dict) else ""
        code = "429" if ending.result.get("throttle") or not ending.result else "200"
        attributes = {"RequestID": number, "ErrorCode": code, "ErrorMessage": message[:1024]}
        send = delivery.to_topic if ":sns:" in settings.dead_letters else delivery.to_queue
        send(settings.dead_letters, json.dumps(event), attributes=attributes)


def record(config: dict[str, Any], event: Any, number: str, ending: Ending) -> dict[str, Any]:
    """What a destination gets of an event."""
    arn, version = str(config.get("FunctionArn", "")), str(config.get("Version", "$LATEST"))
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answered: dict[str, Any] = {"statusCode": 200, "executedVersion": version}
    if ending.condition != "Success":
        answered["functionError"] = "Unhandled"
    found = {
        "version": "1.0",
        "timestamp": now,
        "requestContext": {
            "requestId": number,
            "functionArn": arn if arn.count(":") > 6 else f"{arn}:$LATEST",
            "condition": ending.condition,
            "approximateInvokeCount": ending.invocations,
        },
        "requestPayload": event,
    }
    if ending.invocations:
        found |= {"responseContext": answered, "responsePayload": ending.result.get("body")}
    return found


def _send(destination: str, found: dict[str, Any], succeeded: bool) -> None:
    service = destination.split(":")[2]
    if service == "sqs":
        delivery.to_queue(destination, json.dumps(found))
    elif service == "sns":
        delivery.to_topic(destination, json.dumps(found))
    elif service == "lambda":
        ministack_functions.invocation_id.set("")
        delivery.to_function(destination, found)
    elif service == "events":
        kind = f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}"
        delivery.to_bus(
            destination, "lambda", kind, found, [found["requestContext"]["functionArn"], destination]
        )
