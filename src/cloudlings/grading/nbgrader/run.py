"""Grading one submission without a box, as the instructor trusts it: its cells in a kernel, its account in a
new sandbox, its verdicts from here. Where students are not to be trusted, see `cloudlings.grading.isolation`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloudlings.grading.home import HOME_VARIABLE
from cloudlings.grading.isolation.job import Cell, Graded, refuse_unknown
from cloudlings.grading.nbgrader.desk import Desk, answering
from cloudlings.grading.nbgrader.kernel import Kernel
from cloudlings.grading.nbgrader.submission import Limits, Submission
from cloudlings.grading.start import GIVEN
from cloudlings.grading.workspace import Workspace
from cloudlings.lab.catalogue import ROOT_VARIABLE
from cloudlings.sandbox import Sandbox, environment

# From the grader's own environment a kernel gets these and no others.
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SYSTEMROOT")


def grade(submission: Submission, cells: Sequence[Cell], tasks: Collection[str], limits: Limits) -> Graded:
    """Runs the cells in order and checks each task at its cell, and at the end where it was not passed.

    Errors: SandboxUnavailable when the sandbox failed, so that nothing can be said about the work; other
    CloudlingsErrors when this machine cannot run a submission.
    """
    with Sandbox.temporary() as sandbox:
        desk = Desk(submission.root, sandbox, submission.seed)
        space = desk.open(submission.lab)
        with _folders(submission.folder) as files:
            ran = _run(desk, space, cells, files, limits)
        # The kernel and all that it started are gone: what is in the account now is what was handed in.
        verdicts = {task: desk.check(submission.lab, task)[0] for task in tasks}
    refuse_unknown(verdicts)
    return Graded(verdicts, *ran)


def _run(
    desk: Desk, space: Workspace, cells: Sequence[Cell], files: Path, limits: Limits
) -> tuple[Mapping[int, Sequence[Any]], Sequence[str]]:
    outputs: dict[int, Sequence[Any]] = {}
    notes: list[str] = []
    variables = _environment(space, files)
    with (
        answering(desk, files / "home"),
        Kernel.running(variables, cwd=files / "work", files=files, limits=limits) as kernel,
    ):
        for cell in cells:
            if cell.checks is not None:
                desk.check(space.lab.name, cell.checks)
            elif cell.source.strip():
                ran = kernel.run(cell.source)
                outputs[cell.number] = ran.outputs
                if ran.trouble:
                    notes.append(f"In [{cell.prompt}]: {ran.trouble}")
            if kernel.dead:
                notes.append(
                    "The cells after it did not run. What was done in the account before that counts."
                )
                break
    return outputs, notes


@contextmanager
def _folders(submitted: Path) -> Iterator[Path]:
    """A place of the submission's own: its home, its temporary files, and a copy of what was handed in."""
    files = Path(tempfile.mkdtemp(prefix="cloudlings-run-"))
    try:
        for name in ("home", "tmp"):
            (files / name).mkdir(mode=0o700)
        if submitted.is_dir():
            shutil.copytree(
                submitted,
                files / "work",
                symlinks=True,
                ignore=shutil.ignore_patterns("*.ipynb", "timestamp.txt"),
            )
        (files / "work").mkdir(exist_ok=True)
        yield files
    finally:
        shutil.rmtree(files, ignore_errors=True)


def _environment(space: Workspace, files: Path) -> dict[str, str]:
    """The kernel's whole environment: nothing of the instructor's but language and time zone."""
    home = str(files / "home")
    tools = str(Path(sys.executable).parent)
    base = {name: os.environ[name] for name in _KEPT if name in os.environ}
    base |= {
        "PATH": os.pathsep.join((tools, os.defpath)),
        "HOME": home,
        "TMPDIR": str(files / "tmp"),
        "IPYTHONDIR": f"{home}/ipython",
        "JUPYTER_CONFIG_DIR": f"{home}/jupyter",
        "JUPYTER_DATA_DIR": f"{home}/jupyter",
        "JUPYTER_RUNTIME_DIR": f"{home}/jupyter",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        HOME_VARIABLE: home,
        ROOT_VARIABLE: str(space.lab.folder.parents[1]),
        GIVEN: "1",
    }
    sandbox, credentials = space.running(), space.credentials()
    return environment(sandbox, credentials, space.region, base=base) | space.variables()
