"""What the bridge's processes do not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LOOK = """
import cloudlings.grading.{part}, sys
print("nbformat" in sys.modules, [each for each in ("rfc3987_syntax", "webcolors") if each in sys.modules])
import rfc3987_syntax
"""


def test_no_grammar() -> None:
    """Grading a cohort does not wait for formats that no notebook needs; whoever imports them has them."""
    look = _LOOK.format(part="cohort.grade")
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("True []\n", "")


_ASK = """
import os, sys
from pathlib import Path
from cloudlings.errors import CourseError
from cloudlings.grading.nbgrader.course import gradebook
try:
    with gradebook(Path(os.devnull)):
        pass
except CourseError:
    print("nbgrader.coursedir" in sys.modules, "notebook" in sys.modules, "jupyter_server" in sys.modules)
from nbgrader.server_extensions.formgrader import load_jupyter_server_extension as load
print(callable(load))
"""


def test_no_server() -> None:
    """Who opens a gradebook does not wait for nbgrader's pages; whoever imports them has them."""
    done = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("True False False\nTrue\n", "")


_UNZIP = """
import os, sys, zipfile
from cloudlings.grading.nbgrader import lean
lean.import_nbgrader()
from nbgrader.utils import unzip
print("setuptools" in sys.modules)
with zipfile.ZipFile("handed_in.zip", "w") as archive:
    archive.writestr("lab.ipynb", "{}")
os.mkdir("there")
unzip("handed_in.zip", "there", create_own_folder=False)
print(open("there/lab.ipynb").read())
"""


def test_no_setuptools(tmp_path: Path) -> None:
    """It is imported by what takes an archive apart, and by nobody else."""
    done = subprocess.run(
        [sys.executable, "-c", _UNZIP], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("False\n{}\n", "")
