"""Making an nbgrader course of the labs: its config, its source notebooks, its gradebook, its students."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from cloudlings.errors import CourseError, GradebookUnavailable
from cloudlings.grading.nbgrader import lean
from cloudlings.grading.nbgrader.secret import FILE as SECRET
from cloudlings.grading.nbgrader.secret import make_secret
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue, Variant, build
from cloudlings.lab.folder import ASSETS

CONFIG = "nbgrader_config.py"
DEFAULTS = {"cell_seconds": 120.0, "submission_seconds": 900.0, "memory_megabytes": 2048, "root": ""}
"""Where a course's config sets nothing else for GradeOnAccount."""
_FIELDS = ("id", "first_name", "last_name", "email", "lms_user_id")
_EXAMPLE = """\
id,first_name,last_name,email
amara,Amara,Okafor,amara@example.edu
mateo,Mateo,Silva,mateo@example.edu
"""
_DEFAULT_GRADEBOOK = '# c.CourseDirectory.db_url = "postgresql+psycopg://NAME@HOST/DATABASE"'
# A student's id names folders and nbgrader's files, and the personal values are made from it.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_COURSE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_IGNORED = "\n".join(
    (SECRET, "gradebook.db*", "cohort/", "submitted/", "autograded/", "feedback/", "verdicts/", "exchange/",
     ".nbgrader.log", "")
)  # fmt: skip


@dataclass(frozen=True)
class Student:
    """One row of a students file. Only ``id`` must be there."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    lms_user_id: str | None = None


def make_course(
    folder: Path,
    catalogue: Catalogue,
    *,
    labs: Sequence[str] = (),
    exchange: Path | None = None,
    db_url: str = "",
) -> tuple[str, ...]:
    """Makes a course in ``folder`` with the named labs, all by default; returns their names.

    ``db_url`` is where the gradebook is, in SQLAlchemy's words; a SQLite file in the folder by default.
    Errors: CourseError when there is a course already or the folder's name cannot be a course's;
    GradebookUnavailable; UnknownLab.
    """
    folder = folder.absolute()
    if (folder / CONFIG).exists():
        raise CourseError(
            f"{folder} is a course already.",
            next_step=f"to add labs to it: cloudlings course add-labs LAB… --course {folder}",
        )
    if not _COURSE_ID.fullmatch(folder.name):
        raise CourseError(
            f"{folder.name!r} cannot be a course's name.",
            next_step="use letters, digits, hyphens: clouds-2026",
        )
    names = tuple(catalogue.name(lab) for lab in labs) or catalogue.names
    folder.mkdir(parents=True, exist_ok=True)
    add_labs(folder, catalogue, names)
    make_secret(folder)
    (folder / "students-example.csv").write_text(_EXAMPLE)
    (folder / ".gitignore").write_text(_IGNORED)
    # Last, so that a course that was interrupted in the making can be made again.
    exchange = exchange or folder / "exchange"
    exchange.mkdir(parents=True, exist_ok=True)
    _write_config(folder, catalogue.root, exchange, db_url)
    try:
        with gradebook(folder):
            pass
    except GradebookUnavailable:
        (folder / CONFIG).unlink()
        raise
    if not db_url:
        (folder / "gradebook.db").chmod(0o600)
    return names


def add_labs(folder: Path, catalogue: Catalogue, labs: Sequence[str]) -> tuple[str, ...]:
    """Writes the source notebooks of labs, with their pictures and files; returns the labs' full names.

    One that is there already is built again: changes made in ``source/`` are kept beside it.
    """
    names = tuple(catalogue.name(lab) for lab in labs)
    for name in names:
        _write_source(folder / "source" / name, catalogue, name)
    return names


def read_students(path: Path) -> tuple[Student, ...]:
    """The students of a CSV file: a column ``id``, and perhaps first_name, last_name, email, lms_user_id.

    Errors: CourseError, with the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}.", next_step="give a CSV file in UTF-8") from None
    if not rows or "id" not in rows[0]:
        raise CourseError(
            f"{path} has no column named id, or nobody in it.",
            next_step=f"begin it with a line like: {','.join(_FIELDS[:4])}",
        )
    students = tuple(_student(path, line, row) for line, row in enumerate(rows, start=2))
    twice = {each.id for each in students if [other.id for other in students].count(each.id) > 1}
    if twice:
        raise CourseError(f"{path} has {', '.join(sorted(twice))} twice.", next_step="keep one line for each")
    return students


def add_students(folder: Path, students: Sequence[Student]) -> None:
    """Puts students into the gradebook; those who are in it get the new names and addresses."""
    with gradebook(folder) as book:
        for student in students:
            known = {name: getattr(student, name) for name in _FIELDS[1:] if getattr(student, name)}
            book.update_or_create_student(student.id, **known)


@contextmanager
def gradebook(folder: Path) -> Iterator[Any]:
    """The course's gradebook, wherever its config keeps it. Errors: CourseError where no course is,
    GradebookUnavailable.
    """
    lean.import_nbgrader()
    from nbgrader.coursedir import CourseDirectory

    with _tools_on_path():
        config = settings_of(folder)
        directory = CourseDirectory(config=config)
        if "root" not in config.CourseDirectory:
            directory.root = str(folder)
        with _opened(directory.db_url, directory.course_id) as book:
            yield book


def _opened(db_url: str, course_id: str) -> Any:
    from nbgrader.api import Gradebook
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    try:
        return Gradebook(db_url, course_id)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise GradebookUnavailable(
            f"The gradebook's address cannot be used: {error}.",
            next_step="write postgresql+psycopg://NAME@HOST/DATABASE, or nothing: then it is a file",
        ) from None
    except DBAPIError as error:
        said = " ".join(str(error.orig).split()) or type(error.orig).__name__
        raise GradebookUnavailable(
            f"The gradebook at {make_url(db_url).render_as_string()} does not answer: {said}",
            next_step="start its database, see that this user may use it, then the same command again",
        ) from error


def settings_of(folder: Path) -> Any:
    """The course's config, as nbgrader reads it. Errors: CourseError where no course is."""
    from traitlets.config import PyFileConfigLoader

    if not (folder / CONFIG).is_file():
        raise CourseError(
            f"{folder} is no course: it has no {CONFIG}.",
            next_step=f"change into the course's folder, or make one: cloudlings course init {folder}",
        )
    return PyFileConfigLoader(CONFIG, path=str(folder)).load_config()


def grading_settings(folder: Path) -> Mapping[str, Any]:
    """The limits that the course's config sets for submissions, and the checkout that it names.

    ``cell_seconds``, ``submission_seconds``, ``memory`` in bytes, ``root`` ("" for none), and ``trusted``:
    whether students' code runs without a box. Errors: CourseError where no course is.
    """
    found = {**DEFAULTS, **settings_of(folder).get("GradeOnAccount", {})}
    return {
        "cell_seconds": float(found["cell_seconds"]),
        "submission_seconds": float(found["submission_seconds"]),
        "memory": int(found["memory_megabytes"]) * 2**20,
        "root": str(found["root"]),
        "trusted": bool(found.get("trust_submissions", False)),
    }


def _write_source(target: Path, catalogue: Catalogue, name: str) -> None:
    lab = catalogue.read(name)
    points = {task.name: float(task.points) for task in tasks_of(catalogue.root, name)}
    content = build(lab, points, variant=Variant.SOURCE)
    notebook = target / f"{name}.ipynb"
    target.mkdir(parents=True, exist_ok=True)
    if notebook.exists() and notebook.read_bytes() != content:
        notebook.replace(notebook.with_suffix(".ipynb.before"))
    notebook.write_bytes(content)
    for assets in ASSETS:
        if (lab.folder / assets).is_dir():
            shutil.copytree(lab.folder / assets, target / assets, dirs_exist_ok=True)


def _write_config(folder: Path, root: Path, exchange: Path, db_url: str) -> None:
    template = Template(Path(__file__).with_name("nbgrader_config.template").read_text())
    values = {
        "course_id": folder.name,
        "course_id_text": repr(folder.name),
        "exchange": repr(str(exchange.absolute())),
        "root": repr(str(root.absolute())),
        "db_url": f"c.CourseDirectory.db_url = {db_url!r}" if db_url else _DEFAULT_GRADEBOOK,
    }
    config = folder / CONFIG
    # An address may hold a password.
    config.touch(mode=0o600)
    config.write_text(template.substitute(values))


def _student(path: Path, line: int, row: Mapping[str, str | None]) -> Student:
    values = {name: (row.get(name) or "").strip() or None for name in _FIELDS}
    number = values.pop("id") or ""
    if not _ID.fullmatch(number):
        raise CourseError(
            f"{path}:{line}: {number!r} cannot be a student's id.",
            next_step="use letters, digits, and . _ @ - after the first: it names folders and files",
        )
    return Student(number, **values)


@contextmanager
def _tools_on_path() -> Iterator[None]:
    """A new gradebook asks `alembic` for its version, by its bare name."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before
