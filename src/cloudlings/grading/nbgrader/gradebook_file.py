"""A gradebook that is the same after a submission has run as before, where nothing else protects it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from cloudlings.errors import CourseError

_WAIT_SECONDS = 55


@contextmanager
def unchanged(db_url: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Puts a SQLite gradebook back when the block's code has changed it, and ``tell``s so.

    Code that runs unboxed as the instructor's own user can find the file. One submission runs at a time then:
    what another process writes meanwhile could not be told from a forgery. Errors: CourseError when it is not
    this one's turn within a minute.
    """
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    path = Path(url.database)
    with path.with_name(".cloudlings-autograde.lock").open("w") as lock:
        _take(lock)
        before = path.read_bytes()
        try:
            yield
        finally:
            if not path.is_file() or path.read_bytes() != before:
                _write(path, before)
                tell(
                    "the gradebook was changed while this submission ran, and was put back. If you were "
                    "grading by hand at that moment, do it again."
                )


def _take(lock: IO[str]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise CourseError(
                    "Another autograde runs in this course, and without a box one submission runs at a time.",
                    next_step="wait until it has ended",
                ) from None
            time.sleep(0.1)


def _write(path: Path, content: bytes) -> None:
    for tail in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.chmod(0o600)
    new.replace(path)
