"""What this machine has for real databases: PostgreSQL's programs, and a user who may run them."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROGRAMS = ("initdb", "pg_ctl", "postgres", "pg_basebackup", "psql")
_PACKAGED = Path("/usr/lib/postgresql")
MISSING = (
    "No PostgreSQL is installed here, so databases of RDS answer no SQL; everything else of RDS works. "
    "To have them: install PostgreSQL (Debian and Ubuntu: apt-get install postgresql; macOS: brew install "
    "postgresql), then cloudlings stop and cloudlings start."
)


@dataclass(frozen=True)
class Programs:
    """Where PostgreSQL's programs are, and as whom they run: PostgreSQL refuses root.

    ``user`` is None where the sandbox itself runs as somebody who may.
    """

    folder: Path
    version: str
    user: str | None

    def path(self, program: str) -> str:
        """A program's path."""
        return str(self.folder / program)

    @property
    def owner(self) -> tuple[int, int] | None:
        """Whom the data must belong to (uid, gid), if not to the sandbox's own user."""
        if self.user is None:
            return None
        found = pwd.getpwnam(self.user)
        return found.pw_uid, found.pw_gid


@lru_cache(maxsize=1)
def find() -> Programs | None:
    """The newest PostgreSQL of this machine: packaged, or on the PATH. None where there is none."""
    folders = sorted(_PACKAGED.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in folders:
        if all(os.access(folder / each, os.X_OK) for each in PROGRAMS):
            user = _somebody() if os.geteuid() == 0 else None
            if os.geteuid() == 0 and user is None:
                return None
            return Programs(folder, _version(folder), user)
    return None


def _number(text: str) -> float:
    found = re.match(r"\d+(\.\d+)?", text)
    return float(found[0]) if found else 0.0


def _version(folder: Path) -> str:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)?", said.stdout)
    return found[0] if found else ""


def _somebody() -> str | None:
    """A user of this machine who is not root, and has no more rights than anyone."""
    for name in ("postgres", "nobody"):
        try:
            if pwd.getpwnam(name).pw_uid != 0:
                return name
        except KeyError:
            continue
    return None


_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3
_SHARED = "cloudlings-databases"


def folder_of(programs: Programs | None, state: Path | None, home: Path) -> Path:
    """Where the databases of a sandbox are kept: beside the rest of its state.

    A server that runs as somebody else cannot reach into a folder of root's: then it is one beside the
    machine's own, named after the home. ``state`` is None for a temporary sandbox, whose databases are in
    memory where there is room: a file system on a disk that has seen thousands of files go takes ten times
    as long for the next thousand (ext4 looks for inodes that were not deleted a moment ago).
    """
    mark = hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:16]
    if state is None and _has_room(_MEMORY):
        return _MEMORY / f"{_SHARED}-{os.geteuid()}" / mark
    if programs is None or programs.user is None:
        return (state or home / "sandbox") / "databases"
    return Path("/var/tmp") / _SHARED / mark


def is_shared(base: Path) -> bool:
    """Whether a folder holds the databases of many homes."""
    return base.name.startswith(_SHARED)


def clear_up(base: Path) -> None:
    """Remove the databases of homes that are there no more."""
    for mark in base.glob("*/home"):
        try:
            home = mark.read_text()
        except FileNotFoundError:  # Another sandbox ended just now and took its own away.
            continue
        if not Path(home).is_dir():
            shutil.rmtree(mark.parent, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and room.f_bavail * room.f_frsize >= _ROOM
