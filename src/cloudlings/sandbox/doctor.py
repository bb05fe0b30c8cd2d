"""What ``cloudlings doctor`` looks at: whether this machine can run a sandbox, and how the running one is."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators import function_box
from cloudlings.sandbox.environment import removed
from cloudlings.sandbox.handle import Sandbox

# MiniStack pins botocore exactly, and boto3 and the AWS CLI pin it each in their own way.
_TOGETHER = ("botocore", "boto3", "ministack", "moto")
_ENOUGH_DISK = 500 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, what was found, and what to do if it is not."""

    well: bool
    found: str
    next_step: str = ""


def examine(home: Path, port: int = 4566) -> Iterator[Finding]:
    """Look at everything in turn."""
    yield _python()
    yield _packages()
    yield from _folder(home)
    yield _sockets()
    yield _function_box()
    yield _postgresql()
    sandbox = Sandbox.find(home)
    yield _port(port) if sandbox is None else Finding(True, f"The sandbox runs at {sandbox.endpoint_url}.")
    yield from _stranded(home, sandbox)
    if sandbox is not None:
        yield from _running(sandbox)
    yield _machine_keys()


def _python() -> Finding:
    shown = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        sys.version_info >= (3, 11), f"Python {shown}", "cloudlings needs Python 3.11 or newer: install it."
    )


def _packages() -> Finding:
    found, missing = [], []
    for name in _TOGETHER:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(False, f"Not installed: {', '.join(missing)}.", "Run `make start`, which installs it.")
    return Finding(True, ", ".join(found))


def _folder(home: Path) -> Iterator[Finding]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        step = "Choose a folder that you may write to with CLOUDLINGS_HOME=DIR."
        yield Finding(False, f"{home} cannot be written to: {error.strerror}.", step)
        return
    space = os.statvfs(home)
    free = space.f_bavail * space.f_frsize
    yield Finding(
        free > _ENOUGH_DISK,
        f"{home} can be written to; {free // 1024**2:,} MiB are free.",
        "Free some disk space: the sandbox keeps your work there.",
    )


def _sockets() -> Finding:
    with tempfile.TemporaryDirectory() as folder, closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.bind(f"{folder}/probe.sock")
        except OSError as error:
            step = (
                "On Windows, run cloudlings in WSL 2; in a container, allow UNIX sockets in the temp folder."
            )
            return Finding(False, f"UNIX sockets cannot be made: {error.strerror}.", step)
    return Finding(True, "UNIX sockets can be made.")


def _function_box() -> Finding:
    why = function_box.why_not()
    if not why:
        return Finding(True, "Code of Lambda functions runs in a box (bubblewrap).")
    # Well all the same: functions run, and whoever runs them has written them.
    return Finding(
        True,
        f"Code of Lambda functions runs without a box, with your user's rights: {why}. "
        "Where bubblewrap is installed and permitted, that code reaches nothing but the sandbox's endpoint.",
    )


def _postgresql() -> Finding:
    """Nothing is wrong without it: then all of RDS works but SQL."""
    from cloudlings.sandbox.databases import machine

    found = machine.find()
    if found is None:
        return Finding(True, machine.MISSING)
    return Finding(True, f"PostgreSQL {found.version} is here: databases of RDS answer SQL.")


def _port(port: int) -> Finding:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            step = f"The sandbox will choose another port; to have {port}, end the program that uses it."
            return Finding(False, f"Port {port} is taken ({error.strerror}).", step)
    return Finding(True, f"No sandbox is running; port {port} is free.")


def _stranded(home: Path, sandbox: Sandbox | None) -> Iterator[Finding]:
    record = home / "sandbox" / "sandbox.json"
    if sandbox is None and record.exists():
        yield Finding(True, "A sandbox ended without stopping; its work is kept. `cloudlings start` goes on.")


def _running(sandbox: Sandbox) -> Iterator[Finding]:
    try:
        health = sandbox.health()
    except SandboxError as error:
        yield Finding(False, error.message, error.next_step)
        return
    for name, up in health["emulators"].items():
        restarts = health["restarts"].get(name, 0)
        again = f"; it was started again {restarts} time(s)" if restarts else ""
        yield Finding(
            up,
            f"The emulator {name} is {'up' if up else 'down'}{again}.",
            f"Look at {sandbox.home / 'sandbox' / 'log'}, then `cloudlings stop` and `cloudlings start`.",
        )
    yield from (Finding(True, notice) for notice in health["notices"])
    yield _timed("The control socket answers", sandbox.health)


def _timed(what: str, work: Callable[[], object]) -> Finding:
    began = time.perf_counter()
    work()
    return Finding(True, f"{what} in {(time.perf_counter() - began) * 1000:.0f} ms.")


def _machine_keys() -> Finding:
    names = [name for name in removed(os.environ) if name.startswith("AWS_")]
    if not names:
        return Finding(True, "No AWS variables are set in this terminal.")
    shown = ", ".join(names)
    return Finding(
        True, f"This terminal sets {shown}; labs and `cloudlings shell` put the sandbox's in their place."
    )
