"""Runs probes: each in an account of its own, against one endpoint."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.credentials import Credentials as BotoCredentials
from botocore.credentials import ReadOnlyCredentials
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
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in _SKIPPED and not module.name.startswith("test_"):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return tuple(PROBES)


class Keys(BotoCredentials):  # type: ignore[misc]
    """The keys of whichever account is looked at now: clients take long to make, and are shared."""

    now: Credentials

    def __init__(self) -> None:
        super().__init__("nobody", "nothing")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(self.now.access_key_id, self.now.secret_access_key, None)


class Accounts:
    """Accounts at one endpoint. ``provision`` gives the keys of a number of 12 digits."""

    def __init__(self, endpoint: str, provision: Callable[[str], Credentials]) -> None:
        self._provision = provision
        self._keys = Keys()
        self._sessions = lru_cache(lambda region: self._session(endpoint, region))
        self._client = lru_cache(lambda service, region: self._sessions(region).client(service))

    def _session(self, endpoint: str, region: str) -> Any:
        made = session(endpoint, Credentials("", "nobody", "nothing"), region)
        made._session._credentials = self._keys
        return made

    def new(self) -> Aws:
        """A fresh account; the clients of the one before are its own now."""
        number = str(next(_numbers))
        self._keys.now = self._provision(number)
        return Aws(self._client, number)


@contextmanager
def embedded() -> Iterator[Callable[[], Aws]]:
    """A temporary sandbox, and a way to make accounts in it."""
    with Sandbox.temporary() as sandbox:
        yield Accounts(sandbox.endpoint_url, sandbox.provision).new


def at(endpoint: str) -> Callable[[], Aws]:
    """Accounts at an endpoint that takes any 12 digits for an account's key."""
    return Accounts(endpoint, lambda number: Credentials(number, number, "test")).new


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
