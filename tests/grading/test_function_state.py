"""What graders of functions read: settings, replies to an event, policies; what is not there says so."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.function_state import answered, invoked, policy_of, require_function, short


class Functions:
    """An account with functions by name, and one answer to every invocation."""

    def __init__(self, *names: str, payload: bytes = b"null", **answer: Any) -> None:
        self.names, self.payload, self.answer = names, payload, answer

    def client(self, _service: str) -> Functions:
        return self

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        if FunctionName not in self.names:
            raise refused("ResourceNotFoundException")
        return {"FunctionName": FunctionName}

    def get_paginator(self, _operation: str) -> Functions:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Functions": [{"FunctionName": name}]} for name in self.names]

    def invoke(self, **_asked: Any) -> dict[str, Any]:
        if "refused" in self.answer:
            raise refused(self.answer["refused"])
        return {"Payload": io.BytesIO(self.payload), **self.answer}

    def get_policy(self, **_asked: Any) -> dict[str, Any]:
        return {"Policy": self.payload.decode()}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Rate Exceeded."}}, "Invoke")


@pytest.mark.parametrize(
    ("names", "words"),
    [((), "no function hello. The functions are none"), (("b", "a"), "The functions are a, b")],
)
def test_a_function_that_is_not_there(names: tuple[str, ...], words: str) -> None:
    """Those that are there are named."""
    account: Any = Functions(*names)
    with pytest.raises(AssertionError, match=words):
        require_function(account, "hello", "Nobody is greeted.")
    there: Any = Functions("hello")
    assert require_function(there, "hello", "")["FunctionName"] == "hello"


@pytest.mark.parametrize(
    ("payload", "value"), [(b'{"a": 1}', {"a": 1}), (b"", None), (b"no JSON", "no JSON")]
)
def test_a_reply(payload: bytes, value: Any) -> None:
    """What a function answers; nothing is nothing, and what is no JSON is a text."""
    account: Any = Functions(payload=payload)
    reply = invoked(account, "hello", {})
    assert answered(reply) == value
    assert (reply.log, reply.milliseconds) == ("", None)


def test_how_long_it_took() -> None:
    """The duration of the REPORT line, which is not the one that is billed or that INIT took."""
    line = "REPORT RequestId: 1\tDuration: 2.5 ms\tBilled Duration: 403 ms\tInit Duration: 400 ms"
    account: Any = Functions(LogResult=base64.b64encode(line.encode()).decode())
    assert invoked(account, "hello", {}).milliseconds == 2.5


def test_an_error_of_the_function() -> None:
    """It fails the task with its type and message, and with the event."""
    account: Any = Functions(
        payload=b'{"errorType": "KeyError", "errorMessage": "name"}', FunctionError="Unhandled"
    )
    reply = invoked(account, "hello", {"guest": "Ana"})
    assert reply.value is None
    with pytest.raises(AssertionError, match="ended with KeyError: name"):
        answered(reply)


def test_a_function_that_is_throttled() -> None:
    """It is told in words; any other error is none of the learner's."""
    account: Any = Functions(refused="TooManyRequestsException")
    with pytest.raises(AssertionError, match="Lambda refused it: Rate Exceeded"):
        invoked(account, "hello", {})
    broken: Any = Functions(refused="ServiceException")
    with pytest.raises(ClientError):
        invoked(broken, "hello", {})


@pytest.mark.parametrize(
    ("event", "text"), [({"a": "ü"}, '{"a": "ü"}'), ("x" * 18, f'"{"x" * 18}"'), ("x" * 19, f'"{"x" * 19} …')]
)
def test_an_event_in_short(event: Any, text: str) -> None:
    """As JSON; what is too long is cut, and says so."""
    assert short(event, 20) == text


def test_a_policy_that_is_none() -> None:
    """What the engine cannot read fails the task."""
    account: Any = Functions(payload=b'{"Statement": [{"Effect": "Perhaps"}]}')
    with pytest.raises(AssertionError, match="policy of function hello cannot be read"):
        policy_of(account, "hello")
