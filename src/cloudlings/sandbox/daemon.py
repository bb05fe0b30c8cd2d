"""The sandbox's process: ports, emulators, gateway and control socket, from start to stop.

``python -m cloudlings.sandbox.daemon --home DIR``, started by ``Sandbox.start``. The order matters for
the time to the first answer: ports and listeners first (so that requests can wait), then the
process that answers first, then this process's own heavy imports, and the other emulators last.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cloudlings.errors import PortError, SandboxError
from cloudlings.sandbox import garbage
from cloudlings.sandbox.routes import BY_SERVICE, give_all_to

if TYPE_CHECKING:
    from cloudlings.sandbox.control import Control
    from cloudlings.sandbox.emulators.contract import Emulator

HOST = "127.0.0.1"
# Set in a container, whose published ports arrive by another interface than its loopback.
BIND = "CLOUDLINGS_BIND"
# The kernel's limit on a UNIX socket's path is 108 bytes, 104 on macOS.
LONGEST_SOCKET_PATH = 100


@dataclass
class Files:
    """Where a sandbox keeps what. ``state`` is None for a temporary one, which keeps nothing; one that does
    not save ``often`` keeps checkpoints alone."""

    root: Path
    run: Path
    state: Path | None
    often: bool = True

    @property
    def record(self) -> Path:
        """What is running, for ``Sandbox.find``."""
        return self.root / "sandbox.json"

    @property
    def control(self) -> Path:
        return self.run / "control.sock"


@dataclass
class Doors:
    """The two listening ports, and what there is to say about them."""

    main: socket.socket
    plain: socket.socket
    notices: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.main.getsockname()[1])

    @property
    def plain_port(self) -> int:
        return int(self.plain.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until it is told to stop. What went wrong is said on the ``--ready`` pipe."""
    options = _options(arguments)
    with os.fdopen(options.ready, "w") as ready:
        try:
            _run(options, ready)
        except SandboxError as error:
            _say(ready, {"error": error.message, "next_step": error.next_step})
            return 1
        except PermissionError as error:
            _say(ready, {"error": f"No permission to write {error.filename}.", "next_step": _WRITE})
            return 1
    return 0


_WRITE = "Choose a folder that you may write to with CLOUDLINGS_HOME=DIR, or mend the folder's permissions."


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloudlings.sandbox.daemon")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--plain-port", type=int, default=0)
    parser.add_argument("--temporary", action="store_true")
    parser.add_argument("--only-checkpoints", action="store_true")
    parser.add_argument("--upstream", default="")
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--lifeline", type=int, default=-1)
    return parser.parse_args(arguments)


def _say(ready: IO[str], what: dict[str, Any]) -> None:
    try:
        ready.write(json.dumps(what) + "\n")
        ready.flush()
    except BrokenPipeError:
        pass  # whoever started the sandbox has gone; the sandbox stays


def _run(options: argparse.Namespace, ready: IO[str]) -> None:
    files = _files(options)
    lock = _lock(files.root)
    doors = open_doors(options.port, options.plain_port)
    emulators = _emulators(files, doors, options.upstream)
    for emulator in emulators.values():
        emulator.listen()
    first = BY_SERVICE["iam"].emulator
    for name in sorted(emulators, key=lambda name: name != first):
        emulators[name].spawn()
    # Imported while the emulators' processes import what they need.
    from cloudlings.sandbox.control import Control

    control = Control(files, doors, emulators)
    garbage.look_seldom()
    let_go = False
    try:
        let_go = asyncio.run(_serve(control, files, ready, options.lifeline))
    finally:
        files.record.unlink(missing_ok=True)
        lock.close()
    if let_go:
        # Its owner was to remove the home, and has ended before that; the checker in it ends with it.
        shutil.rmtree(options.home, ignore_errors=True)


def _files(options: argparse.Namespace) -> Files:
    root = options.home.absolute() / "sandbox"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(0o700)
    run = root / "run"
    if len(str(run / "ministack.sock")) > LONGEST_SOCKET_PATH:
        # A temporary folder may be too deep as well; /tmp is on every system that has UNIX sockets.
        deep = len(tempfile.gettempdir()) > LONGEST_SOCKET_PATH // 2
        run = Path(tempfile.mkdtemp(prefix="cloudlings-", dir="/tmp" if deep else None))
    run.mkdir(exist_ok=True, mode=0o700)
    state = root / ("localstack" if options.upstream else "state")
    return Files(root, run, None if options.temporary else state, often=not options.only_checkpoints)


def _lock(root: Path) -> IO[str]:
    lock = (root / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SandboxError(
            f"Another sandbox is already starting or running in {root}.", next_step="busy"
        ) from None
    return lock


def open_doors(port: int, plain_port: int) -> Doors:
    """Listen on both ports of the loopback; where one is taken, on another, which is noted."""
    notices: list[str] = []
    main_door = _listen(port)
    if main_door is None:
        main_door = _listen(0)
        notices.append(_taken(port, main_door))
    plain = _listen(plain_port)
    if plain is None:
        plain = _listen(0)
        notices.append(_taken(plain_port, plain))
    if main_door is None or plain is None:
        raise PortError(
            "No port of the loopback interface can be opened.",
            next_step="Run `cloudlings doctor`, and check whether this machine lets programs listen.",
        )
    return Doors(main_door, plain, notices)


def _taken(port: int, instead: socket.socket | None) -> str:
    other = instead.getsockname()[1] if instead else "no other"
    return f"Port {port} is taken by another program, so the sandbox listens on port {other}."


def _listen(port: int) -> socket.socket | None:
    # The protocol is named, for only then does asyncio turn Nagle's delay off.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((os.environ.get(BIND) or HOST, port))
        door.listen(1024)
    except OSError:
        door.close()
        return None
    door.setblocking(False)
    return door


def _emulators(files: Files, doors: Doors, upstream: str) -> dict[str, Emulator]:
    more: dict[str, dict[str, str]] = {}
    if upstream:
        _check_other(upstream, doors)
        give_all_to("localstack", f"it is what --upstream {upstream} names")
        more["localstack"] = {"url": upstream}
    names = sorted({route.emulator for route in BY_SERVICE.values()})
    return {
        name: importlib.import_module(f"cloudlings.sandbox.emulators.{name}").emulator(
            files.run, files.state / name if files.state else None, doors.url, **more.get(name, {})
        )
        for name in names
    }


def _check_other(upstream: str, doors: Doors) -> None:
    """The gateway in front of itself would pass each request on for ever."""
    if upstream in (doors.url, f"http://{HOST}:{doors.plain_port}"):
        raise SandboxError(
            f"Nothing listens at {upstream} but the sandbox itself.",
            next_step="Start LocalStack first (docs/sandbox.md tells how), then this command again.",
        )


async def _serve(control: Control, files: Files, ready: IO[str], lifeline: int) -> bool:
    """Until it is told to stop; True when its owner let go of it instead."""
    stopping, let_go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if lifeline >= 0:
        # The owner of a temporary sandbox holds the other end; it closes when the owner ends, however.
        loop.add_reader(lifeline, _let_go, loop, lifeline, (let_go, stopping))
    await control.start(stopping)
    _record(control, files)
    _say(ready, {"ok": True})
    await stopping.wait()
    await control.stop()
    return let_go.is_set()


def _let_go(loop: asyncio.AbstractEventLoop, lifeline: int, told: Sequence[asyncio.Event]) -> None:
    # A closed pipe stays readable: watched on, it would keep a processor busy until the end.
    loop.remove_reader(lifeline)
    for event in told:
        event.set()


def _record(control: Control, files: Files) -> None:
    draft = files.record.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(control.health() | {"control": str(files.control), "started": time.time()}, file)
    draft.replace(files.record)


if __name__ == "__main__":
    sys.exit(main())
