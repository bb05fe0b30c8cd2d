"""A course of the small lab with submissions, graded by nbgrader's own commands: what the tests share."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cloudlings.sandbox.databases import machine

LAB = "990-notes"
ROOT = Path(__file__).parent / "course"
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "submissions.yaml").read_text())
TASKS = {"keep-note": 3.0, "mend-setting": 2.0, "count-notes": 1.0}
MARK = "a-process-that-a-submission-left"
RIGHT = {
    "keep-note": "s3.create_bucket(Bucket=brief.bucket)\n"
    's3.put_object(Bucket=brief.bucket, Key="note.txt", Body=brief.word)',
    "mend-setting": 'ssm.put_parameter(Name="/notes/setting", Value=brief.word, Overwrite=True)',
    "count-notes": 'answer("count-notes", {"count": 1, "word": brief.word})',
}

Notebook = dict[str, Any]


@dataclass(frozen=True)
class GradedCourse:
    """The course's folder, what autograde said, and the points: from the gradebook, and the exported rows."""

    folder: Path
    said: str
    points: Mapping[str, Mapping[str, float | None]]
    exported: Mapping[str, Mapping[str, str]]

    def page(self, student: str) -> str:
        """The words of a student's feedback."""
        page = (self.folder / "feedback" / student / LAB / f"{LAB}.html").read_text()
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())

    def printed(self, student: str) -> str:
        """What the cells of a student's graded notebook printed."""
        notebook = json.loads((self.folder / "autograded" / student / LAB / f"{LAB}.ipynb").read_text())
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        return "".join("".join(output.get("text", "")) + output.get("evalue", "") for output in outputs)


def nbgrader(folder: Path, *arguments: str, expect: int = 0, seconds: float = 420) -> str:
    """Runs a stock command of nbgrader in the course's folder; what it said."""
    # As an instructor may: by its full path, with the environment not activated.
    command = [str(Path(sys.executable).parent / "nbgrader"), *arguments]
    environment = {**os.environ, "PATH": os.defpath, "JUPYTERHUB_USER": "amara"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
    )
    said = done.stdout + done.stderr
    assert done.returncode == expect, said
    return said


def submit(folder: Path, case: Mapping[str, Any], lab: str = LAB) -> None:
    """Puts one case's submission where nbgrader collects them."""
    target = folder / "submitted" / case["student"] / lab
    target.mkdir(parents=True)
    for name, text in case.get("files", {}).items():
        (target / name).write_text(text)
    text = case["file"] if "file" in case else json.dumps(_notebook(folder, case, lab))
    text = text.replace("@GRADEBOOK@", str(folder / "gradebook.db")).replace("@MARK@", MARK)
    private = [folder / "course_secret", folder / "gradebook.db", *sorted((ROOT / "graders").glob("*.py"))]
    text = text.replace("@PRIVATE@", json.dumps([str(path) for path in private])[1:-1].replace('"', "'"))
    (target / f"{lab}.ipynb").write_text(text)


def grade_course(folder: Path, students: Collection[str], *, config: str = "") -> GradedCourse:
    """The course in ``folder``, with these students' submissions graded, given feedback on, and exported."""
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(f"c.GradeOnAccount.cell_seconds = 10\n{config}\n")
    for case in CASES:
        if case["student"] in students:
            submit(folder, case)
    said = nbgrader(folder, "autograde", LAB)
    nbgrader(folder, "generate_feedback", LAB)
    return GradedCourse(folder, said, points(folder), exported(folder))


def points(folder: Path, lab: str = LAB) -> dict[str, dict[str, float | None]]:
    """Each student's points by task, as the gradebook has them: what was set by hand counts."""
    from cloudlings.grading.nbgrader.course import gradebook

    with gradebook(folder) as book:
        return {
            submission.student.id: {grade.name: grade.score for grade in submission.notebooks[0].grades}
            for submission in book.find_assignment(lab).submissions
        }


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a new PostgreSQL that listens on a UNIX socket only; it ends with the block."""
    programs = machine.find()
    assert programs is not None
    place = Path(tempfile.mkdtemp(prefix="cl-pg-", dir="/tmp"))
    identity: dict[str, Any] = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if programs.owner is not None:
        os.chown(place, *programs.owner)
        identity |= {"user": programs.owner[0], "group": programs.owner[1], "extra_groups": []}
    data = str(place / "data")
    subprocess.run(
        [programs.path("initdb"), "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        timeout=300,
        **identity,
    )
    settings = ["listen_addresses=", f"unix_socket_directories={place}", "fsync=off", "max_connections=40"]
    words = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen([programs.path("postgres"), "-D", data, *words], **identity)
    try:
        _wait_for(str(place), server)
        yield f"postgresql+psycopg://grader@/postgres?host={place}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        shutil.rmtree(place, ignore_errors=True)


def _wait_for(place: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + 120
    while True:
        try:
            psycopg.connect(host=place, user="grader", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


def exported(folder: Path, lab: str = LAB) -> dict[str, dict[str, str]]:
    """The rows of ``nbgrader export``, by student."""
    nbgrader(folder, "export")
    with (folder / "grades.csv").open() as file:
        return {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == lab}


def code(text: str) -> Notebook:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}


def _notebook(folder: Path, case: Mapping[str, Any], lab: str) -> Notebook:
    notebook: Notebook = json.loads((folder / "release" / lab / f"{lab}.ipynb").read_text())
    chosen = {"all": list(RIGHT), "none": []}.get(str(case["answers"]), case["answers"])
    answers = {name: RIGHT[name] for name in chosen} | case.get("then", {})
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"].removesuffix("_answer"), cell["source"])
    if "first" in case:
        notebook["cells"].insert(0, code(case["first"]))
    return CHANGES[case["change"]](notebook) if "change" in case else notebook


def _cells(notebook: Notebook, keep: Callable[[Notebook], bool]) -> list[Notebook]:
    return [cell for cell in notebook["cells"] if keep(cell)]


def _is_check(cell: Notebook) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("grade"))


def open_with_another_seed(notebook: Notebook) -> Notebook:
    for cell in notebook["cells"]:
        if cell["id"] == "open_lab":
            cell["metadata"] = {}
            cell["source"] = f'from cloudlings.notebook import *\nbrief = open_lab("{LAB}", seed="a-friend")'
    return notebook


def delete_the_checks(notebook: Notebook) -> Notebook:
    return notebook | {"cells": _cells(notebook, lambda cell: not _is_check(cell))}


def split_the_answers_and_open_with_another_seed(notebook: Notebook) -> Notebook:
    cells = []
    for cell in open_with_another_seed(notebook)["cells"]:
        if str(cell["id"]).endswith("_answer"):
            # As JupyterLab splits: both halves carry the metadata.
            halves = cell["source"].split("\n", 1)
            cells += [deepcopy(cell) | {"source": half} for half in halves]
        else:
            cells.append(cell)
    return notebook | {"cells": cells}


def duplicate_every_cell(notebook: Notebook) -> Notebook:
    return notebook | {"cells": [copy for cell in notebook["cells"] for copy in (cell, deepcopy(cell))]}


def answer_in_a_copy_of_the_check(notebook: Notebook) -> Notebook:
    for place, cell in enumerate(notebook["cells"]):
        if cell["id"] == "keep-note_check":
            written = deepcopy(cell) | {"source": RIGHT["keep-note"], "id": "a-copy"}
            notebook["cells"].insert(place + 1, written)
            return notebook
    raise AssertionError("the release has no check cell")


def put_the_checks_first(notebook: Notebook) -> Notebook:
    checks = _cells(notebook, _is_check)
    return notebook | {"cells": checks + _cells(notebook, lambda cell: not _is_check(cell))}


def flip_the_flags(notebook: Notebook) -> Notebook:
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader")
        if marks:
            marks |= {"grade": not marks["grade"], "solution": not marks["solution"], "points": 100}
            marks |= {"locked": False, "schema_version": 99, "task": "yes"}
    return notebook


def flip_the_flags_and_add_strange_cells(notebook: Notebook) -> Notebook:
    strange = [
        None, 7, {}, {"cell_type": "code"}, {"cell_type": 3, "source": {"a": 1}},
        {"cell_type": "markdown", "source": "", "metadata": {"nbgrader": {"grade_id": "keep-note"}}},
    ]  # fmt: skip
    return notebook | {
        "cells": [*strange, *flip_the_flags(notebook)["cells"]],
        "metadata": [],
        "nbformat": "four",
    }


def replace_and_multiply_the_checks(notebook: Notebook) -> Notebook:
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        if _is_check(cell):
            cell["source"] = "3.0"
            cell["metadata"]["nbgrader"] |= {"points": 100, "checksum": "0" * 32}
            cells += [deepcopy(cell) | {"id": f"{cell['id']}-{number}"} for number in range(3)]
    bonus = deepcopy(cells[-1]) | {"id": "bonus"}
    bonus["metadata"]["nbgrader"]["grade_id"] = "bonus"
    return notebook | {"cells": [*cells, bonus]}


def write_active_text(notebook: Notebook) -> Notebook:
    text = "A note: 1 < 2.\n\n<script>document.title='mine'</script> <img src=x onerror='document.title=3'>"
    return notebook | {
        "cells": [*notebook["cells"], {"cell_type": "markdown", "metadata": {}, "source": text, "id": "mine"}]
    }


CHANGES: dict[str, Callable[[Notebook], Notebook]] = {
    change.__name__: change
    for change in (
        delete_the_checks, split_the_answers_and_open_with_another_seed, duplicate_every_cell,
        answer_in_a_copy_of_the_check, put_the_checks_first, flip_the_flags_and_add_strange_cells,
        replace_and_multiply_the_checks, write_active_text,
    )
}  # fmt: skip
