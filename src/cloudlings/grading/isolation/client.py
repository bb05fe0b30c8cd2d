"""A zygote, as the rest of cloudlings holds it: started once, given submissions one after the other."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Protocol

import cloudlings
from cloudlings.errors import GradingError, SandboxUnavailable
from cloudlings.grading.isolation import leftovers
from cloudlings.grading.isolation.job import Graded, Job, raised
from cloudlings.sandbox.emulators import function_box

_START_SECONDS = 120
# Beyond the cells' time: the sandbox, the checks, a busy machine.
_REST_SECONDS = 300
_LARGEST_ANSWER = 256 * 2**20
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


class Answering(Protocol):
    """What takes jobs and answers them: a process, or a connection to one."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """None while it answers."""

    def kill(self) -> None:
        """End it."""

    def wait(self) -> int:
        """Until it has ended."""


class Zygote:
    """A handle on a process that grades in boxes; it is started when the first submission comes."""

    def __init__(self) -> None:
        self._process: Answering | None = None
        self._rest = b""

    def grade(self, job: Job) -> Graded:
        """What came of a submission.

        Errors: SandboxUnavailable when its sandbox or the process failed, so that nothing can be said about
        the work; GradingError where no box can be made; other CloudlingsErrors for a lab that is not as it
        must be.
        """
        process = self._started()
        assert process.stdin is not None
        deadline = time.monotonic() + job.submission_seconds + _REST_SECONDS
        found: dict[str, Any] | None = None
        try:
            process.stdin.write(job.to_line())
            process.stdin.flush()
            while "ended" not in (line := self._line(deadline)):
                found = line
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise SandboxUnavailable(
                f"The process that grades has ended or hangs ({type(error).__name__}).",
                next_step="grade this submission again",
            ) from error
        if line.get("come_again"):
            self.close()
        if found is None:
            raise SandboxUnavailable(
                "The grading of this submission ended without a word.",
                next_step="grade it again",
            )
        if "error" in found:
            raise raised(found)
        return Graded.from_json(found)

    def close(self) -> None:
        """End it, with all that it has started."""
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            process.kill()
            process.wait()
            leftovers.sweep()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _started(self) -> Answering:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cloudlings.grading.isolation.zygote"],
            # All that it is given is to be seen in every box.
            env=bare_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            bufsize=0,
        )
        try:
            said = self._line(time.monotonic() + _START_SECONDS)
        except (EOFError, TimeoutError) as error:
            self.close()
            raise GradingError(
                "The process that grades did not start.", next_step="cloudlings doctor, then grade again"
            ) from error
        if "error" in said:
            self.close()
            raise raised(said)
        return self._process

    def _line(self, deadline: float) -> dict[str, Any]:
        """The next line that it says. Raises EOFError when it ends, TimeoutError when it does not say one."""
        assert self._process is not None
        assert self._process.stdout is not None
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or len(self._rest) > _LARGEST_ANSWER:
                raise TimeoutError
            if select.select([self._process.stdout], [], [], min(left, 5))[0]:
                some = os.read(self._process.stdout.fileno(), 2**18)
                if not some:
                    raise EOFError
                self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found


@functools.cache
def shared() -> Zygote:
    """This process's own zygote: it ends with it."""
    found = Zygote()
    atexit.register(found.close)
    return found


@functools.cache
def why_not() -> str:
    """Why no box can be had on this machine, in words; "" where one can. One is really entered, once."""
    if not sys.platform.startswith("linux"):
        return "boxes need Linux"
    command = [sys.executable, "-P", "-m", "cloudlings.grading.isolation.probe"]
    try:
        done = subprocess.run(
            command, env=bare_environment(), capture_output=True, text=True, timeout=60, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the trial box was not made ({type(error).__name__})"
    said = (done.stdout + done.stderr).strip().splitlines()
    # Functions of the learner's run in a box of their own, by bubblewrap.
    return said[-1] if said else function_box.why_not()


def require() -> None:
    """Errors: GradingError where no box can be had, with how to get one."""
    why = why_not()
    if why:
        raise GradingError(
            f"Students' code runs in a box, and none can be made on this machine: {why}.",
            next_step=(
                "allow user namespaces and install bubblewrap, or grade in the container of docker compose "
                "(docs/instructors.md tells how); or trust these students with your account: "
                "--trust-submissions (nbgrader: c.GradeOnAccount.trust_submissions = True)"
            ),
        )


def bare_environment() -> dict[str, str]:
    """What a process that makes boxes is given: nothing of this one's that may not be seen in them."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
    return {
        **kept,
        "PATH": path,
        "PYTHONPATH": str(Path(cloudlings.__file__).parents[1]),
        "HOME": "/nonexistent",
        "IPYTHONDIR": "/nonexistent",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
