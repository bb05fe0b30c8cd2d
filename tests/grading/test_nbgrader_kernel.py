"""A submission's kernel: what it writes, and how it is ended with all that it started."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cloudlings.errors import GradingError
from cloudlings.grading.nbgrader.kernel import Kernel
from cloudlings.grading.nbgrader.submission import Limits

LIMITS = Limits(cell_seconds=4, submission_seconds=60, memory=4 * 2**30)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    """A short folder: the names of sockets are short."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    for name in ("home", "work", "tmp"):
        (folder / name).mkdir()
    yield folder
    shutil.rmtree(folder)


def kernel(files: Path, limits: Limits = LIMITS, prefix: tuple[str, ...] = ()) -> Any:
    home = str(files / "home")
    environment = {"PATH": os.defpath, "HOME": home, "IPYTHONDIR": home, "TMPDIR": str(files / "tmp")}
    return Kernel.running(environment, cwd=files / "work", files=files, limits=limits, box=prefix)


def text(ran: Any) -> str:
    return "".join(row.get("text", "") or row.get("data", {}).get("text/plain", "") for row in ran.outputs)


def test_cells_in_order(files: Path) -> None:
    """Cells share one kernel; what they write is kept in nbformat's shape, an error of theirs too."""
    with kernel(files) as running:
        assert running.run("x = 6").outputs == []
        assert text(running.run("print('six'); x * 7")) == "six\n42"
        failed = running.run("1 / 0")
        assert (failed.outputs[0].output_type, failed.outputs[0].ename) == ("error", "ZeroDivisionError")
        assert text(running.run("x")) == "6"


def test_interrupted(files: Path) -> None:
    """A cell that runs on is interrupted, and the next one runs in the same kernel."""
    with kernel(files) as running:
        running.run("x = 1")
        assert "still running after 4 s" in running.run("while True: pass").trouble
        assert text(running.run("x")) == "1"
        assert not running.dead


def test_flood(files: Path) -> None:
    """A cell that writes without end is stopped early, and little of it is kept."""
    with kernel(files, Limits(60, 60, 4 * 2**30)) as running:
        started = time.monotonic()
        ran = running.run("while True: print('x' * 10000)")
        assert time.monotonic() - started < 30
        # Its memory limit may have ended it first.
        assert ran.trouble
        assert len(text(ran)) < 300_000
        ended = "The kernel ended in this cell" in ran.trouble
        assert ended or "the rest of this output was not kept" in text(ran)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os._exit(3)", "with exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "by signal 11"),
        ("import os; os.kill(os.getppid(), 9)\nwhile True: pass", "The kernel ended in this cell"),
        (
            "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
            "could not be interrupted",
        ),
    ],
)
def test_ended(files: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str) -> None:
    """A kernel that ends, or has to be ended, says how, and runs no further cell."""
    monkeypatch.setattr("cloudlings.grading.nbgrader.kernel._INTERRUPT_SECONDS", 2)
    with kernel(files, Limits(2, 60, 4 * 2**30)) as running:
        ran = running.run(code)
        assert said in (ran.trouble + running.dead)
        assert running.dead


def test_time_over(files: Path) -> None:
    """When the time for the whole notebook is over, the cells that are left are not run."""
    with kernel(files, Limits(60, 2, 4 * 2**30)) as running:
        assert running.run("while True: pass").trouble
        assert running.run("1").trouble == "It was not run: the time for the whole notebook was over."


def test_memory(files: Path) -> None:
    """A cell that asks for more memory than a submission may have gets Python's own error."""
    with kernel(files) as running:
        assert running.run("x = bytearray(8 * 2**30)").outputs[0].ename == "MemoryError"


def test_nothing_survives(files: Path) -> None:
    """Everything that a cell started has ended when the kernel has, in whatever session it hid."""
    mark = f"left-behind-{os.getpid()}"
    hide = (
        "import os, subprocess, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(999)', '{mark}'], env={{}})\n"
        "    os._exit(0)\n"
        "import time; time.sleep(0.5)"
    )
    with kernel(files) as running:
        running.run(hide)
        assert found(mark)
    assert not found(mark)


def test_does_not_start(files: Path) -> None:
    """A kernel that cannot start is an error at once, with what to try."""
    started = time.monotonic()
    with (
        pytest.raises(GradingError, match="ended at once") as error,
        kernel(files, prefix=("false",)),
    ):
        pass
    assert time.monotonic() - started < 10
    assert "ipykernel_launcher" in error.value.next_step


def found(mark: str) -> list[list[str]]:
    running = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [command for command in running if mark in command]
