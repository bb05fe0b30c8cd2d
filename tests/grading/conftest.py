"""What the tests of nbgrader share: one course of the small lab, made and released by the commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudlings.grading.isolation import client

_HERE = Path(__file__).parent
_LAB = "990-notes"


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `cloudlings course init` and `nbgrader generate_assignment` leave it: copied, never changed."""
    folder = tmp_path_factory.mktemp("nbgrader") / "clouds-2026"
    tools = Path(sys.executable).parent
    environment = {**os.environ, "CLOUDLINGS_ROOT": str(_HERE / "course"), "PATH": os.defpath}
    for command in (["cloudlings", "course", "init", str(folder)], ["nbgrader", "generate_assignment", _LAB]):
        subprocess.run(
            [str(tools / command[0]), *command[1:]],
            cwd=folder if folder.is_dir() else None,
            env=environment,
            check=True,
            capture_output=True,
            timeout=120,
        )
    return folder


@pytest.fixture(scope="session")
def copy_course(released_course: Path) -> Callable[[Path], Path]:
    """Makes a course of one's own in a folder: a copy of the released one."""

    def copy(folder: Path) -> Path:
        shutil.copytree(released_course, folder)
        config = folder / "nbgrader_config.py"
        config.write_text(config.read_text().replace(str(released_course), str(folder)))
        if client.why_not():
            # Where no box can be had, these submissions are trusted; what needs a box is skipped.
            with config.open("a") as file:
                file.write("\nc.GradeOnAccount.trust_submissions = True\n")
        return folder

    return copy
