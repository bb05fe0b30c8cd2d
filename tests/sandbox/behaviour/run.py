"""Runs probes: each in an account of its own, against one endpoint."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

import tests.sandbox.behaviour as package
from cloudlings.sandbox import Credentials, Sandbox
from cloudlings.sandbox.session import session
from tests.sandbox.behaviour.probe import PROBES, Aws, Differs, Probe, run

_SKIPPED = ("probe", "run", "table", "__main__")
_numbers = itertools.count(300000000001)


@dataclass(frozen=True)
class Result:
    """What became of a probe: ``differs`` is "" when the endpoint did as AWS does."""

    probe: Probe
    differs: str
    seconds: float


def probes() -> tuple[Probe, ...]:
    """Every probe of this package's modules."""
    if not PROBES:
        for module in pkgutil.iter_modules(package.__path__):
            if module.name not in _SKIPPED and not module.name.startswith("test_"):
                importlib.import_module(f"{package.__name__}.{module.name}")
    return tuple(PROBES)


def account(endpoint: str, keys: Callable[[str], Credentials], number: str) -> Aws:
    """An account at an endpoint."""
    mine = keys(number)
    return Aws(lambda service, region: session(endpoint, mine, region).client(service), number)


@contextmanager
def embedded() -> Iterator[Callable[[], Aws]]:
    """A temporary sandbox, and a way to make accounts in it."""
    with Sandbox.temporary() as sandbox:
        yield lambda: account(sandbox.endpoint_url, sandbox.provision, str(next(_numbers)))


def at(endpoint: str) -> Callable[[], Aws]:
    """Accounts at an endpoint that takes any 12 digits for an account's key."""
    return lambda: account(endpoint, lambda n: Credentials(n, n, "test"), str(next(_numbers)))


def outcome(one: Probe, aws: Aws) -> Result:
    """Run a probe."""
    started = time.monotonic()
    differs = ""
    try:
        run(one, aws)
    except Differs as different:
        differs = str(different)
    except (
        BotoCoreError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        ValueError,
        StopIteration,
    ) as error:
        differs = f"{type(error).__name__}: {error}"
    return Result(one, differs, time.monotonic() - started)
