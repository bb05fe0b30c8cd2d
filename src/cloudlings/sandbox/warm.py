"""A sandbox from a process that has everything imported: forked, not started. For grading a cohort.

The process lives in namespaces of its own by then (a network with nothing on it, a mount at ``place`` that is
empty), so that every such sandbox has the same ports and the same paths: MiniStack reads them when it is
imported.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NoReturn

from cloudlings.errors import SandboxError
from cloudlings.sandbox.handle import Sandbox

PORT, PLAIN_PORT = 4566, 4567
# What a sandbox imports when it is first used, and MiniStack for the first requests.
_GATEWAY = (
    "anyio._core._testing",
    "anyio.lowlevel",
    "anyio.streams.memory",
    "anyio.streams.tls",
    "encodings.idna",
    "cloudlings.sandbox.emulators.process",
    "cloudlings.sandbox.emulators.within",
    "cloudlings.sandbox.session",
    "cloudlings.sandbox.upstream",
    "cloudlings.sandbox.daemon",
    "cloudlings.sandbox.control",
    "cloudlings.sandbox.databases.service",
    "cloudlings.sandbox.emulators.gateway",
    "cloudlings.sandbox.emulators.served",
    "cloudlings.sandbox.emulators.ministack",
    "cloudlings.sandbox.emulators.moto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "psutil",
    "cloudlings.iam.validation",
    "cloudlings.sandbox.authorization.services.compute",
    "cloudlings.sandbox.authorization.services.data",
    "cloudlings.sandbox.authorization.services.ec2",
    "cloudlings.sandbox.authorization.services.identity",
    "cloudlings.sandbox.authorization.services.roles",
    "cloudlings.sandbox.authorization.services.s3",
    "cloudlings.sandbox.emulators.forked",
    "cloudlings.sandbox.emulators.alarm_actions",
    "cloudlings.sandbox.emulators.ministack_alarms",
    "cloudlings.sandbox.emulators.ministack_apis",
    "cloudlings.sandbox.emulators.ministack_async",
    "cloudlings.sandbox.emulators.ministack_events",
    "cloudlings.sandbox.emulators.ministack_functions",
    "cloudlings.sandbox.emulators.ministack_metrics",
    "cloudlings.sandbox.emulators.ministack_queues",
    "cloudlings.sandbox.emulators.ministack_sources",
)
_MINISTACK = ("s3", "iam", "sts", "ssm")
# Imported by MiniStack while it starts, and put right then: nobody uses them before.
_MINISTACK_TOO = (
    "apigateway",
    "apigateway_v1",
    "eventbridge",
    "kms",
    "lambda_svc",
    "organizations",
    "scheduler",
    "sns",
    "sqs",
    "tagging",
)
_MOTO = ("ec2", "iam", "autoscaling", "elbv2", "rds", "kms", "secretsmanager")
_MOTO_TOO = (
    "moto.core.botocore_stubber",
    "moto.ec2.responses",
    "moto.ec2.responses.instances",
    "moto.rds.responses",
)


def preload(place: Path) -> None:
    """Import what every sandbox whose home is ``place`` will need. Starts no thread."""
    for name in _GATEWAY:
        importlib.import_module(name)
    _import_ministack(place)
    # Tried, or looked for, once here, and not by every sandbox.
    from cloudlings.sandbox.databases import machine
    from cloudlings.sandbox.emulators import function_box, keeping

    keeping.made_by("ministack")
    keeping.made_by("moto")
    function_box.available()
    machine.find()


def preload_for(services: Iterable[str]) -> None:
    """Import as well what sandboxes need that are asked for these services, named as boto3's clients. One
    that is asked for others imports what they need itself."""
    from cloudlings.sandbox.routes import BY_MODEL

    if any(BY_MODEL[name].emulator == "moto" for name in services if name in BY_MODEL):
        _import_moto()


@functools.cache
def _import_moto() -> None:
    import moto.backends

    for name in _MOTO:
        moto.backends.get_backend(name)
    for name in _MOTO_TOO:
        importlib.import_module(name)


def _import_ministack(place: Path) -> None:
    """MiniStack reads its settings from the environment while it is imported."""
    from cloudlings.sandbox.emulators import ministack

    run = place / "sandbox" / "run"
    run.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ.update(ministack._environment(run, None, f"http://127.0.0.1:{PORT}"))
    try:
        app = importlib.import_module("ministack.app")
        for name in _MINISTACK:
            app._get_module(name)
        for name in _MINISTACK_TOO:
            importlib.import_module(f"ministack.services.{name}")
    finally:
        os.environ.clear()
        os.environ.update(before)


def found(place: Path, ready: IO[str]) -> Sandbox:
    """The sandbox that a fork of this process has become, when it answers; ``ready`` is where it says so.

    Errors: SandboxError, as for one that is started.
    """
    line = ready.readline()
    said = (
        json.loads(line)
        if line
        else {"error": f"The sandbox ended while it was starting: {_last_words(place)}"}
    )
    if "error" in said:
        raise SandboxError(said["error"], next_step=said.get("next_step") or "cloudlings doctor")
    sandbox = Sandbox.find(place)
    if sandbox is None:
        raise SandboxError("The sandbox started, and was gone at once.", next_step="cloudlings doctor")
    return sandbox


def become(place: Path, ready: int) -> NoReturn:
    """Be the sandbox of ``place``, in a fork of a process that has imported all, until the process namespace
    ends that this is in; ``ready`` is where it says that it answers."""
    from cloudlings.sandbox import daemon
    from cloudlings.sandbox.emulators import process

    status = 1
    try:
        keep_only(ready)
        _log_to(place / "sandbox" / "log")
        os.setsid()
        process.FORKS = True
        arguments = [
            "--home",
            str(place),
            "--port",
            str(PORT),
            "--plain-port",
            str(PLAIN_PORT),
            "--temporary",
        ]
        status = daemon.main([*arguments, "--ready", str(ready)])
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def keep_only(*descriptors: int) -> None:
    """Close every file but the standard ones and these."""
    low = 3
    for descriptor in sorted(descriptors):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 4096)


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    sys.stdout = sys.__stdout__
    sys.stderr = sys.__stderr__


def _last_words(place: Path) -> str:
    try:
        lines = (place / "sandbox" / "log").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it said nothing"
