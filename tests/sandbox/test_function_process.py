"""An execution environment by itself, without a box: orders, answers, ends, and its log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudlings.sandbox.emulators import function_box
from cloudlings.sandbox.emulators.function_box import Place
from cloudlings.sandbox.emulators.function_process import Environment, Setup

Make = Callable[[str], Environment]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A way to start the process of a function's code, where no box can be had."""
    monkeypatch.setattr(function_box, "available", lambda: False)
    place = Place(tmp_path / "code", tmp_path / "layers", tmp_path / "tmp")
    for folder in (place.code, place.layers, place.tmp, tmp_path / "runtime"):
        folder.mkdir()
    started: list[Environment] = []

    def start(code: str) -> Environment:
        (place.code / "app.py").write_text(code)
        variables = {"PATH": "/usr/bin:/bin", "AWS_LAMBDA_FUNCTION_NAME": "f"}
        setup = Setup(place, tmp_path / "runtime", "app.handler", variables, 128, 512, 4566)
        started.append(Environment(setup))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def order(event: Any = None) -> dict[str, Any]:
    """An order for one invocation."""
    return {"event": event, "request_id": "r", "arn": "a", "depth": 1, "variables": {}, "deadline": 9e9}


def test_an_event_is_answered(make: Make) -> None:
    """A function's answer comes back as JSON, and what it printed is in its log."""
    environment = make("def handler(event, context):\n    print('seen')\n    return event\n")
    begun = environment.begin(10)
    assert (begun.failure, begun.end) == (None, "")
    answer = environment.order(order({"a": 1}), 10)
    assert (answer.text, answer.failure, answer.end) == ('{"a": 1}', None, "")
    assert [line for _, line in environment.output.until("r")] == ["seen"]
    assert answer.peak > 0


def test_what_is_out_of_time_is_ended(make: Make) -> None:
    """An order that takes too long ends the process."""
    environment = make("def handler(event, context):\n    while True: pass\n")
    environment.begin(10)
    assert environment.order(order(), 0.3).end == "timeout"
    assert not environment.alive()


def test_an_exception_leaves_the_process(make: Make) -> None:
    """An exception is told with its trace, as under /var/task, and the next order is taken."""
    environment = make("def handler(event, context):\n    if event: raise KeyError('k')\n    return 1\n")
    environment.begin(10)
    failure = environment.order(order(True), 10).failure
    assert failure is not None
    assert (failure["errorType"], failure["errorMessage"]) == ("KeyError", "'k'")
    assert '"/var/task/app.py", line 2, in handler' in failure["stackTrace"][0]
    assert environment.order(order(), 10).text == "1"


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("import os\nos._exit(0)", "without providing a reason"),
        ("import sys\nsys.exit(7)", "with error: exit status 7"),
        ("import os\nos.kill(os.getpid(), 9)", "with error: signal: killed"),
    ],
)
def test_an_end_says_how(make: Make, code: str, end: str) -> None:
    """A process that ends by itself says with which status or by which signal."""
    assert make(code).begin(10).end == end


def test_a_flood_is_bounded(make: Make) -> None:
    """Of what a function prints without end, no more is kept than is of use."""
    environment = make("def handler(event, context):\n    for n in range(60000): print(n)\n")
    environment.begin(10)
    environment.order(order(), 20)
    events = environment.output.until("r", 5)
    assert len(events) <= 20_000
    assert events[-1][1] == "59999"


def test_a_line_without_end_is_cut(make: Make) -> None:
    """A line that is longer than an event may be is several events."""
    environment = make("def handler(event, context): print('x' * 600_000)\n")
    environment.begin(10)
    environment.order(order(), 10)
    events = environment.output.until("r", 5)
    assert sum(len(text) for _, text in events) == 600_000
    assert max(len(text) for _, text in events) <= 262_118
