"""The course page's process: finding it, starting it, stopping it. `cloudlings.web` is what answers there.

It listens twice: on the loopback, where each browser shows a token, and on a UNIX socket that only its owner
can open, through which JupyterLab shows the page to whoever it let in itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from cloudlings.errors import CourseError

FILE = "page.json"
COURSE = "page-course"
"""Names the folder of the nbgrader course that an instructor looks at. No address on the page can."""
_START_SECONDS = 30


@dataclass(frozen=True)
class Page:
    """A course page that runs: its process, its port on the loopback, and the token that opens it."""

    pid: int
    port: int
    token: str

    @property
    def url(self) -> str:
        """Opens the page in a browser, once: the token becomes a cookie there."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


def note(home: Path, page: Page) -> None:
    """Write down what runs, for its owner alone."""
    path = home / FILE
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(page), file)
    draft.replace(path)


def find(home: Path) -> Page | None:
    """The course page that runs in a home, or None."""
    try:
        page = Page(**json.loads((home / FILE).read_text()))
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(str(socket_of(home)))
    except (OSError, ValueError, TypeError):
        return None
    return page


def begin(root: Path, home: Path) -> subprocess.Popen[bytes] | None:
    """Start the page in a process of its own, without waiting for it; None where it runs already."""
    if find(home) is not None:
        return None
    home.mkdir(parents=True, exist_ok=True)
    with (home / "page.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cloudlings.web", str(root), str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def start(root: Path, home: Path) -> Page:
    """The course page of a home, started where it does not run. Errors: CourseError."""
    process = begin(root, home)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        # One that ended cleanly has left the home to another, which is found in a moment.
        failed = process is not None and process.poll() not in (None, 0)
        page = find(home)
        if page is not None:
            return page
        if failed:
            break
        time.sleep(0.02)
    raise CourseError(
        "The course page did not start.", next_step=f"its last words are in {home / 'page.log'}"
    )


def stop(home: Path) -> None:
    """End the course page of a home, if it runs."""
    page = find(home)
    if page is None:
        return
    os.kill(page.pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and find(home) is not None:
        time.sleep(0.02)


def tell_course(home: Path, folder: Path) -> None:
    """From now on the page shows an instructor how this nbgrader course goes."""
    home.mkdir(parents=True, exist_ok=True)
    (home / COURSE).write_text(str(folder.resolve()), encoding="utf-8")


def course_folder(home: Path) -> Path | None:
    """The course that the page was told of, or None."""
    try:
        return Path((home / COURSE).read_text(encoding="utf-8"))
    except OSError:
        return None


def socket_of(home: Path) -> Path:
    """Where the page of a home listens for JupyterLab."""
    from cloudlings.grading.checker.client import short_enough

    return short_enough(home / "page.sock")
