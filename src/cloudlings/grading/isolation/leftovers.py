"""A folder for a process that makes boxes; and what such a process left behind when it was ended by force,
taken away by the next one.

The folder is its owner's while a lock in it is held, which ends with the owner and all that were forked from
it, however they end. The folder's name is also how the boxes' control groups begin.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from cloudlings.grading.isolation import groups

_BEGINNING = "cloudlings-boxes-"
_LOCK = "owner"
# A folder without a lock is one that is being made, or was given up while it was.
_YOUNG_SECONDS = 600


def claim() -> Path:
    """A new folder, this process's own until it ends. What others left is taken away first."""
    sweep()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_BEGINNING))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Somebody who swept may have been faster, and have taken it for one that was left.
        if (folder / _LOCK).exists():
            return folder
        os.close(lock)


def release(folder: Path) -> None:
    """Take away a folder that was claimed, and its groups."""
    groups.remove_all(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Take away the folders, and the groups, of those of this user's that are no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_BEGINNING}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            _take_if_left(folder)


def _take_if_left(folder: Path) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        if time.time() - folder.stat().st_mtime > _YOUNG_SECONDS:
            release(folder)
        return
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            release(folder)
    finally:
        os.close(lock)
