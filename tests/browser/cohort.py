"""A course of the small lab that was truly graded, for the instructor's page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cli.terminal import COURSE
from tests.grading import nbgrader_course as nbc

STUDENTS = ("right", "partly-right", "untouched", "corrupt")


def graded_course(folder: Path) -> Path:
    """`cloudlings course init`, four hand-ins, `cloudlings course grade`: as an instructor has it."""
    _run(["cloudlings", "course", "init", str(folder)], folder.parent)
    _run(["nbgrader", "generate_assignment", nbc.LAB], folder)
    (folder / "students.csv").write_text("id\n" + "\n".join(STUDENTS) + "\n")
    _run(["cloudlings", "course", "add-students", "students.csv"], folder)
    for case in nbc.CASES:
        if case["student"] in STUDENTS:
            nbc.submit(folder, case)
    _run(["cloudlings", "course", "grade", nbc.LAB, "--workers", "1"], folder)
    return folder


def _run(words: Sequence[str], folder: Path) -> None:
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "CLOUDLINGS_ROOT": str(COURSE),
        "CLOUDLINGS_HOME": str(folder.parent / "home"),
    }
    environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(tools / words[0]), *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
