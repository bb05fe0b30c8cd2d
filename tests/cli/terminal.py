"""The command line as a person has it: in a process of its own, on the small course of the grading tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).parents[1] / "grading" / "course"
LAB = "990-notes"
COMMAND = [sys.executable, "-c", "from cloudlings.cli import main; main()"]


def settings(home: Path, **more: str) -> dict[str, str]:
    """The environment of a person in the small course, whose AWS variables are none."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {"CLOUDLINGS_ROOT": str(COURSE), "CLOUDLINGS_HOME": str(home), "COLUMNS": "120"}
    return {**kept, **ours, **more}


def cloudlings(*words: str, home: Path, **more: str) -> tuple[int, str]:
    """One command; its exit code, and all that it printed."""
    done = subprocess.run(
        [*COMMAND, *words],
        env=settings(home, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
