"""Asking the checker, and starting it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

import cloudlings.errors
from cloudlings.errors import CheckerUnavailable, CloudlingsError
from cloudlings.grading.records import Standing
from cloudlings.grading.replies import Hint, OpenLab
from cloudlings.grading.verdict import Status, Verdict

_START_SECONDS = 30
# A check may restore a database or wait for an event; anything longer is a hang.
_CHECK_SECONDS = 180


class Checker:
    """A handle on the checker of one home, for the learner's own personal values or those of a ``seed``.

    Every method may raise what the other side raised.
    """

    def __init__(self, home: Path, *, seed: str | None = None) -> None:
        self.home = home
        self._http = httpx.Client(
            # No TLS on a UNIX socket: reading all certificates would take longer than the question.
            transport=httpx.HTTPTransport(uds=str(socket_of(home)), verify=False),
            base_url="http://checker",
            timeout=_CHECK_SECONDS,
            trust_env=False,
            params={"seed": seed} if seed else {},
        )

    @classmethod
    def find(cls, home: Path, *, seed: str | None = None) -> Checker | None:
        """The checker that runs in this home, or None."""
        if not socket_of(home).exists():
            return None
        checker = cls(home, seed=seed)
        try:
            checker._ask("GET", "/health")
        except CheckerUnavailable:
            return None
        return checker

    @classmethod
    def start(cls, root: Path, home: Path, *, seed: str | None = None) -> Checker:
        """Starts the checker in a process of its own and waits until it answers; finds a running one."""
        running = cls.find(home, seed=seed)
        if running is not None:
            return running
        home.mkdir(parents=True, exist_ok=True)
        log = home / "checker.log"
        command = [sys.executable, "-m", "cloudlings.grading.checker", str(root), str(home)]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            # One that ended cleanly has left the home to another, which is found in a moment.
            failed = process.poll() not in (None, 0)
            running = cls.find(home, seed=seed)
            if running is not None:
                return running
            if failed:
                break
            time.sleep(0.02)
        raise CheckerUnavailable("The checker did not start.", next_step=f"its last words are in {log}")

    def stop(self) -> None:
        """Ends the checker's process; a check under way is finished first."""
        pid = int(self._ask("GET", "/health")["pid"])
        self._http.close()
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and Checker.find(self.home) is not None:
            time.sleep(0.02)

    def open(self, lab: str) -> OpenLab:
        """Makes a lab ready and says how to work in it."""
        return OpenLab(**self._ask("POST", f"/labs/{lab}/open"))

    def reset(self, lab: str) -> OpenLab:
        """Puts a lab's accounts back to their start."""
        return OpenLab(**self._ask("POST", f"/labs/{lab}/reset"))

    def check(self, lab: str, task: str | None = None) -> list[Verdict]:
        """Checks one task, or all of a lab's."""
        path = f"/labs/{quote(lab)}/check" + (f"/{quote(task, safe='')}" if task else "")
        return [Verdict.from_json(row) for row in self._ask("POST", path)]

    def hint(self, lab: str, task: str) -> Hint:
        """The next hint of a task."""
        return Hint(**self._ask("POST", f"/labs/{quote(lab)}/hint/{quote(task, safe='')}"))

    def progress(self, lab: str) -> list[tuple[str, int, Standing]]:
        """Each task's title and points, and where the learner stands."""
        rows = self._ask("GET", f"/labs/{lab}/progress")
        return [
            (
                row["title"],
                row["points"],
                Standing(**{**row["standing"], "status": Status(row["standing"]["status"])}),
            )
            for row in rows
        ]

    def _ask(self, method: str, path: str) -> Any:
        try:
            answer = self._http.request(method, path)
        except (httpx.HTTPError, OSError) as error:
            raise CheckerUnavailable(
                "The checker does not answer. This says nothing about your work, and no point is lost.",
                next_step="start it with: cloudlings start, then check again",
            ) from error
        body = answer.json()
        if answer.status_code >= 400:
            raise _raised(body)
        return body


def socket_of(home: Path) -> Path:
    """Where the checker of a home listens."""
    return short_enough(home / "checker.sock")


def short_enough(path: Path) -> Path:
    """A path for a UNIX socket: the one given or, where that is too long for one, another in the folder for
    temporary files."""
    return path if len(str(path)) < 100 else _short(path)


def _short(path: Path) -> Path:
    import hashlib
    import tempfile

    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"cloudlings-{os.getuid()}-{digest}.sock"


def _raised(body: Mapping[str, str]) -> CloudlingsError:
    kind = getattr(cloudlings.errors, body.get("error", ""), CloudlingsError)
    raised: CloudlingsError = CloudlingsError.__new__(kind)
    CloudlingsError.__init__(raised, body.get("message", ""), next_step=body.get("next_step", ""))
    return raised
