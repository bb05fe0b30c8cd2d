"""One execution environment of a Python function: its process, in its box where one can be had."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudlings.sandbox.emulators import function_box
from cloudlings.sandbox.emulators.function_box import Place
from cloudlings.sandbox.emulators.function_door import Door

END, JOIN = "\x00cloudlings:", "\x1e"
# What CloudWatch Logs takes as one event, and what is kept of a flood between two looks.
LONGEST_LINE, MOST_LINES = 262_118, 20_000
_LARGEST_ANSWER = 6_291_556
# Beyond its memory a process may have this much data, which it need not touch: stacks of threads, say.
_SLACK = 160 * 1024 * 1024
_PROCESSES = 256

# Processes end with the thread that started them, so one starts them all and never ends.
_starter = ThreadPoolExecutor(1, thread_name_prefix="function-starter")


def start(command: Sequence[str], **settings: Any) -> subprocess.Popen[Any]:
    """Start a process that ends with this one, where it is in a box."""
    return _starter.submit(lambda: subprocess.Popen(command, **settings)).result()


@dataclass(frozen=True)
class Setup:
    """What a process is started with. ``memory`` and ``storage`` (of /tmp) in MB; the gateway's port."""

    place: Place
    runtime: Path
    handler: str
    variables: Mapping[str, str]
    memory: int
    storage: int
    gate: int


@dataclass(frozen=True)
class Answer:
    """What became of an order. ``end`` is "" for an answer, "timeout", or how the process ended."""

    text: str = ""
    failure: dict[str, Any] | None = None
    peak: int = 0
    end: str = ""


@dataclass
class Output:
    """What a process logs: events with their times (ms), read until the mark of an order, or its end."""

    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    seen: threading.Condition = field(default_factory=threading.Condition)
    marks: set[str] = field(default_factory=set)
    ended: bool = False
    rest: str = ""

    def read(self, descriptor: int, ended: Callable[[], None]) -> None:
        """Take in all there will be; whole lines, and no more of a line than an event holds."""
        with suppress(OSError):
            while chunk := os.read(descriptor, 65536):
                self._take(chunk.decode("utf-8", "replace"))
        with self.seen:
            if self.rest:
                self._line(self.rest)
            self.ended = True
            self.seen.notify_all()
        ended()

    def _take(self, text: str) -> None:
        *lines, self.rest = (self.rest + text).split("\n")
        with self.seen:
            for line in lines:
                self._line(line)
            while len(self.rest) > LONGEST_LINE:
                self._line(self.rest[:LONGEST_LINE])
                self.rest = self.rest[LONGEST_LINE:]
            self.seen.notify_all()

    def _line(self, line: str) -> None:
        before, marked, number = line.partition(END)
        for start in range(0, len(before), LONGEST_LINE):
            text = before[start : start + LONGEST_LINE].replace(JOIN, "\n")
            self.events.append((int(time.time() * 1000), text))
        if marked:
            self.marks.add(number)

    def until(self, mark: str, seconds: float = 1.0) -> list[tuple[int, str]]:
        """The events since the last time, once the mark was seen or nothing more will come."""
        with self.seen:
            self.seen.wait_for(lambda: mark in self.marks or self.ended, seconds)
            self.marks.discard(mark)
            found = list(self.events)
            self.events.clear()
        return found


class Environment:
    """A process that is started once and takes one order at a time."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.output = Output()
        self._door: Door | None = None
        self.process = self._start()
        threading.Thread(target=self._read, daemon=True, name="function-log").start()

    def _start(self) -> subprocess.Popen[bytes]:
        setup, boxed = self._setup, function_box.available()
        variables = dict(setup.variables) | {"CLOUDLINGS_LIMITS": json.dumps(limits(setup, boxed))}
        if not boxed:
            python = function_box.bare_python(setup.runtime)
            variables["LAMBDA_TASK_ROOT"] = str(setup.place.code)
            return self._spawn(python.command, variables, ())
        python = function_box.boxed_python()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            variables |= function_box.environment()
            variables |= {"CLOUDLINGS_DOOR": str(theirs.fileno()), "CLOUDLINGS_GATE": str(setup.gate)}
            if python.library:
                variables["LD_LIBRARY_PATH"] = (
                    f"{python.library}:{variables.get('LD_LIBRARY_PATH', '')}".rstrip(":")
                )
            process = self._spawn(function_box.command(setup.place), variables, (theirs.fileno(),))
            theirs.close()
            self._lead_on(ours)
        return process

    def _spawn(
        self, command: tuple[str, ...], variables: dict[str, str], descriptors: tuple[int, ...]
    ) -> subprocess.Popen[bytes]:
        return start(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            pass_fds=descriptors,
            cwd=self._setup.place.code,
            start_new_session=True,
        )

    def _lead_on(self, channel: socket.socket) -> None:
        """Take the listener that the process hands out; a process that ends before has none."""
        channel.settimeout(10)
        with suppress(OSError):
            _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
            if descriptors:
                self._door = Door(self._setup.gate)
                self._door.open(socket.socket(fileno=descriptors[0]))

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.output.read(self.process.stderr.fileno(), self._gone)

    def _gone(self) -> None:
        if self._door is not None:
            self._door.close()

    def begin(self, seconds: float) -> Answer:
        """Load the function's code."""
        boxed = function_box.available()
        code, layers = (
            ("/var/task", "/opt") if boxed else (str(self._setup.place.code), str(self._setup.place.layers))
        )
        python = function_box.boxed_python() if boxed else function_box.bare_python(self._setup.runtime)
        paths = {"code": code, "layers": layers, "runtime": list(python.runtime)}
        return self.order({"paths": paths, "handler": self._setup.handler}, seconds)

    def order(self, order: dict[str, Any], seconds: float) -> Answer:
        """Give an order, and wait for its answer for so long; then the process is ended."""
        found: list[bytes] = []
        # A thread, for a pipe is written to and read from without a limit of time.
        talk = threading.Thread(target=self._talk, args=(order, found), daemon=True, name="function-order")
        talk.start()
        talk.join(seconds)
        if talk.is_alive():
            self.stop()
            return Answer(end="timeout")
        if not found:
            return Answer(end=self._how_it_ended())
        return _read_answer(found[0])

    def _talk(self, order: dict[str, Any], found: list[bytes]) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline(2 * _LARGEST_ANSWER)
            if line.endswith(b"\n"):
                found.append(line)

    def _how_it_ended(self) -> str:
        try:
            status = self.process.wait(1)
        except subprocess.TimeoutExpired:
            # It lives, without a way to answer.
            self.stop()
            return "without providing a reason"
        if status in (0, None):
            return "without providing a reason"
        number = -status if status < 0 else status - 128
        return (
            f"with error: signal: {_SIGNALS[number]}"
            if number in _SIGNALS
            else f"with error: exit status {status}"
        )

    def alive(self) -> bool:
        """Whether it can take another order."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process, and all that it has started where it is in a box."""
        with suppress(OSError):
            os.killpg(self.process.pid, 9)
        with suppress(OSError):
            self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError, ValueError):
                if pipe is not None and self.process.poll() is not None:
                    pipe.close()


_SIGNALS = {
    6: "aborted",
    7: "bus error",
    8: "floating point exception",
    9: "killed",
    11: "segmentation fault",
    15: "terminated",
}


def _read_answer(line: bytes) -> Answer:
    try:
        said = json.loads(line)
        text = json.dumps(said.get("result"))
        if len(text) > _LARGEST_ANSWER:
            why = f"Response payload size exceeded maximum allowed payload size ({_LARGEST_ANSWER} bytes)."
            failure = {"errorMessage": why, "errorType": "Function.ResponseSizeTooLarge"}
            return Answer(failure=failure, peak=int(said.get("peak", 0)))
        return Answer(text, said.get("failure"), int(said.get("peak", 0)))
    except (ValueError, AttributeError, TypeError):
        # Only a function that looks for the descriptor of its answers gets here.
        return Answer(end="without providing a reason")


def limits(setup: Setup, boxed: bool) -> dict[str, int]:
    """By name in Python's ``resource``: what a process of a function may have."""
    found = {
        "RLIMIT_DATA": setup.memory * 1024 * 1024 + _SLACK,
        "RLIMIT_FSIZE": setup.storage * 1024 * 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 1024,
    }
    if boxed:
        # The user's other processes count as well, outside the box.
        found["RLIMIT_NPROC"] = (
            _processes(function_box.NOBODY if os.geteuid() == 0 else os.geteuid()) + _PROCESSES
        )
    return found


def _processes(uid: int) -> int:
    count = 0
    for each in os.scandir("/proc"):
        with suppress(OSError):
            count += each.name.isdigit() and each.stat().st_uid == uid
    return count


def make_place(among: Path) -> tuple[Path, Place]:
    """A folder for an environment, among those of others, and its parts."""
    own = Path(tempfile.mkdtemp(dir=among))
    place = Place(own / "code", own / "layers", own / "tmp")
    for folder in (own, place.code, place.layers, place.tmp):
        folder.mkdir(exist_ok=True)
    return own, place


def hand_over(own: Path, place: Place) -> None:
    """Let the function's user, and nobody else of this machine, read its folder and write to its /tmp."""
    if os.geteuid() == 0 and function_box.available():
        os.chown(own, function_box.NOBODY, function_box.NOBODY)
        os.chown(place.tmp, function_box.NOBODY, function_box.NOBODY)
    for folder, _, files in os.walk(own):
        here = Path(folder)
        with suppress(OSError):
            here.chmod(0o700 if here in (own, place.tmp) else 0o755)
        for path in (here / name for name in files):
            with suppress(OSError):
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
