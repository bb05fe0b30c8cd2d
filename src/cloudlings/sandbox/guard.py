"""The guard: in this process, botocore sends to the sandbox's addresses or not at all.

An explicit ``endpoint_url``, a profile, or metadata of the machine could still lead a client to real AWS.
Every request of botocore's, the AWS CLI's (version 1) and boto3's leaves by one method; the guard
stands there. It needs nothing of cloudlings but this file, so a kernel, a subprocess or a test can load it
alone.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

ALLOWED = "CLOUDLINGS_ENDPOINTS"
_HTTP = "botocore.httpsession"
# Version 1 of the AWS CLI sends SQS, RDS and a few more to names of its own, whatever AWS_ENDPOINT_URL says.
_CLI_NAMES = "awscli.customizations.overridesslcommonname"
_PREFIXED_ADDRESS = re.compile(r"[a-z0-9-]+\.(\d+\.\d+\.\d+\.\d+(?::\d+)?)")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


class EndpointRefusedError(Exception):
    """A request was about to leave for an address that is not the sandbox's; it was not sent."""


def allowed(url: str, endpoints: Sequence[str]) -> bool:
    """Whether ``url`` is at one of the ``endpoints``: same port, and the same host (a bucket's
    or an account's name before it counts as the same, and so does another name of the loopback)."""
    wanted = urlsplit(url)
    for endpoint in endpoints:
        known = urlsplit(endpoint)
        if wanted.port != known.port or wanted.scheme != known.scheme:
            continue
        host, own = wanted.hostname or "", known.hostname or ""
        if host == own or (own in _LOOPBACK and (host in _LOOPBACK or host.endswith(".localhost"))):
            return True
        if host.endswith(f".{own}"):
            return True
    return False


def drop_host_prefix(request: Any) -> None:
    """Send a request for ``111122223333.127.0.0.1`` to ``127.0.0.1``, as its signed Host header stays.

    S3 Control puts the account before the host; before an address that makes no name that resolves.
    """
    url = urlsplit(request.url)
    found = _PREFIXED_ADDRESS.fullmatch(url.netloc)
    if found:
        request.headers["Host"] = url.netloc
        request.url = url._replace(netloc=found[1]).geturl()


def install(endpoints: Sequence[str] | None = None) -> None:
    """Stand guard in this process. ``endpoints`` are the sandbox's addresses (those that the environment
    of a sandbox names, when left out). Without any, everything is refused. Calling it again replaces them."""
    if endpoints is None:
        endpoints = [part for part in os.environ.get(ALLOWED, "").split(",") if part]
    _Guard.endpoints = tuple(endpoints)
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name])
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        # botocore may never be imported, and importing it here would slow every program's start.
        sys.meta_path.insert(0, _Finder())


class _Guard:
    endpoints: tuple[str, ...] = ()


def _wrap(module: ModuleType) -> None:
    session = module.URLLib3Session
    original: Callable[..., Any] = session.send
    if hasattr(original, "refuses"):
        return

    def refuses(url: str) -> bool:
        return not allowed(url, _Guard.endpoints)

    def send(self: Any, request: Any) -> Any:
        if refuses(request.url):
            raise EndpointRefusedError(_message(request.url))
        drop_host_prefix(request)
        return original(self, request)

    # For those who send by another way of their own.
    send.refuses = refuses  # type: ignore[attr-defined]
    session.send = send


def _forget_names(module: ModuleType) -> None:
    module.SSL_COMMON_NAMES.clear()


_CHANGES: dict[str, Callable[[ModuleType], None]] = {_HTTP: _wrap, _CLI_NAMES: _forget_names}


def _message(url: str) -> str:
    where = urlsplit(url).netloc or url
    here = _Guard.endpoints[0] if _Guard.endpoints else "no sandbox"
    return (
        f"This request was for {where}, and was not sent: here, AWS is the sandbox at {here}. "
        "Next: make the client without endpoint_url and without a profile, and it reaches the sandbox."
    )


class _Finder(importlib.abc.MetaPathFinder):
    """Changes botocore's HTTP session and the AWS CLI's names once something imports them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        change = _CHANGES.get(name)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        loader = spec.loader
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            change(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
