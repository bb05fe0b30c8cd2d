"""Everything that MiniStack holds of one account, as one pickle: put aside, put back, dropped.

MiniStack keeps each service's resources in dictionaries whose keys begin with the account. Those are taken as
they are, all services together, so that what they share stays shared. Large contents (objects, code) are
written once, by their hash, and referred to.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators import private_keys, saved
from cloudlings.sandbox.emulators.keeping import Accounts, made_by

# Contents from this size on are kept as blobs, so that a snapshot costs no copy of them.
BLOB_SIZE = 16 * 1024
_SERVICES = "ministack.services."
_FRESH = 60.0


def stores() -> Iterator[tuple[str, str, dict[tuple[Any, ...], Any]]]:
    """(module, name, contents by scoped key) of every store of every loaded service that keeps accounts
    apart."""
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    seen: set[int] = set()
    for module_name, module in sorted(sys.modules.items()):
        if module_name.startswith(_SERVICES):
            for name, value in list(vars(module).items()):
                scoped = isinstance(value, (AccountScopedDict, AccountRegionScopedDict))
                # A store that another module imported is the same one.
                if scoped and id(value) not in seen:
                    seen.add(id(value))
                    yield module_name, name, value._data
    yield clock.__name__, "kept", clock.kept


class MiniStackAccounts(Accounts):
    """The accounts of this process's MiniStack. ``blobs`` is the folder for large contents."""

    def __init__(self, blobs: Path | None) -> None:
        self.made_by = made_by("ministack")
        self._blobs = blobs or Path(os.devnull)
        self._owners: set[str] = set()

    def watch_owners(self) -> None:
        """Note whose bucket a request is about: a bucket's name does not tell its account."""
        from ministack.services import s3

        find = s3._bucket_owner_account

        def find_and_note(name: str) -> str | None:
            owner: str | None = find(name)
            if owner:
                self._owners.add(owner)
            return owner

        s3._bucket_owner_account = find_and_note

    def also(self, accounts: Sequence[str]) -> Sequence[str]:
        owners, self._owners = self._owners, set()
        return sorted({*accounts, *owners})

    def dump(self, account_id: str) -> tuple[bytes, tuple[str, ...]]:
        kept = {
            (module, name): {key: value for key, value in list(data.items()) if key[0] == account_id}
            for module, name, data in stores()
        }
        kept = {place: found for place, found in kept.items() if found}
        if not kept:
            return b"", ()
        self._blobs.mkdir(exist_ok=True, mode=0o700)
        buffer = io.BytesIO()
        pickler = _Pickler(buffer, self._blobs)
        pickler.dump(kept)
        return buffer.getvalue(), tuple(sorted(pickler.blobs))

    def load(self, account_id: str, body: bytes) -> None:
        kept = _Unpickler(io.BytesIO(body), self._blobs).load()
        for module_name in sorted({module for module, _ in kept}):
            importlib.import_module(module_name)
        places = {(module, name): data for module, name, data in stores()}
        for place, found in kept.items():
            places[place].update(found)
        _settle(account_id)

    def drop(self, account_id: str) -> None:
        for _, _, data in stores():
            for key in [key for key in list(data) if key[0] == account_id]:
                data.pop(key, None)

    def known(self) -> list[str]:
        return sorted({str(key[0]) for _, _, data in stores() for key in list(data)})

    def prune(self, used: set[str]) -> None:
        if self._blobs.is_dir():
            for path in self._blobs.iterdir():
                # A blob that was written a moment ago may belong to a file that is being written.
                if path.name not in used and time.time() - path.stat().st_mtime > _FRESH:
                    path.unlink(missing_ok=True)


class _Pickler(pickle.Pickler):
    """Large contents by reference; locks anew; private keys by their encoding."""

    def __init__(self, file: io.BytesIO, blobs: Path) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._folder = blobs
        self.blobs: set[str] = set()

    def persistent_id(self, item: Any) -> str | None:
        if type(item) is not bytes or len(item) < BLOB_SIZE:
            return None
        name = hashlib.blake2b(item, digest_size=20).hexdigest()
        path = self._folder / name
        if name not in self.blobs:
            try:
                os.utime(path)
            except FileNotFoundError:
                saved.replace(path, item)
            self.blobs.add(name)
        return name

    def reducer_override(self, item: Any) -> Any:
        kind = type(item)
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        if kind is dict or kind.__module__ in ("builtins", "collections", "datetime", "decimal"):
            return NotImplemented
        if hasattr(item, "private_bytes"):
            return _private_key, (private_keys.encoded(item),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, blobs: Path) -> None:
        super().__init__(file)
        self._folder = blobs

    def persistent_load(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()


# The name under which files that are there refer to it.
_private_key = private_keys.decoded

_LOCKS: dict[type, Any] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Event: threading.Event,
    threading.Condition: threading.Condition,
}


def _settle(account_id: str) -> None:
    """Bring what was read back to life: work that was under way has ended, and pollers are wanted again."""
    for _, name, data in stores():
        if name == "_executions":
            _end_executions(account_id, data)
    functions = sys.modules.get(f"{_SERVICES}lambda_svc")
    if functions is not None and functions._esms.has_any():
        functions._ensure_poller()
    pipes = sys.modules.get(f"{_SERVICES}pipes")
    if pipes is not None and pipes._pipes.has_any():
        pipes._ensure_poller()


def _end_executions(account_id: str, executions: dict[tuple[Any, ...], Any]) -> None:
    """Nothing runs an execution on that was read back; a state machine's says so as AWS would say an
    abort."""
    for key, execution in executions.items():
        if key[0] == account_id and isinstance(execution, dict) and execution.get("status") == "RUNNING":
            from ministack.core.responses import now_iso

            execution.update(
                status="FAILED",
                stopDate=now_iso(),
                error="States.Runtime",
                cause="The sandbox was stopped, or taken back to an earlier state, while this execution ran.",
            )
