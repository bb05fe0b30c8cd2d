"""Taking in a folder as a learning platform gives it: zips and notebooks, named by student somehow."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cloudlings.errors import CourseError
from cloudlings.grading.nbgrader.course import gradebook
from cloudlings.grading.nbgrader.reading import LARGEST

_MOST_FILES, _MOST_BYTES = 500, 128 * 2**20
# Text shrinks to a twentieth; what shrinks to less than this is made to fill a disk.
_HIGHEST_RATIO = 200


@dataclass(frozen=True)
class Taken:
    """One file of the folder: the student whose it is ("" for nobody's), and why it was not taken."""

    file: str
    student: str
    problem: str = ""


@dataclass(frozen=True)
class _Student:
    id: str
    names: tuple[str, ...]


def collect(course: Path, lab: str, folder: Path, *, replace: bool = False) -> tuple[Taken, ...]:
    """Puts each student's work from ``folder`` (zips, notebooks, folders) into ``submitted/STUDENT/LAB``.

    A student is found by id, platform id or email in a file's name. What is there already stays, unless
    ``replace``. Errors: CourseError for a folder that is none; what is wrong with one file concerns only
    that.
    """
    if not folder.is_dir():
        raise CourseError(
            f"{folder} is no folder.", next_step="unpack the platform's archive, and name its folder"
        )
    students = _students(course)
    return tuple(_take(course, lab, path, students, replace) for path in sorted(folder.iterdir()))


def _students(course: Path) -> Sequence[_Student]:
    with gradebook(course.absolute()) as book:
        return [
            _Student(each.id, tuple(name for name in (each.id, each.lms_user_id, each.email) if name))
            for each in book.students
        ]


def _take(course: Path, lab: str, path: Path, students: Sequence[_Student], replace: bool) -> Taken:
    owners = {student.id for student in students for name in student.names if _names(path.name, name)}
    if len(owners) != 1:
        found = f"names {', '.join(sorted(owners))}" if owners else "names nobody in the gradebook"
        return Taken(path.name, "", f"its name {found}")
    (student,) = owners
    target = course / "submitted" / student / lab
    if target.exists() and not replace:
        return Taken(path.name, student, "this student's work is there already (--replace takes the new one)")
    try:
        files = dict(_unpacked(path, lab))
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        return Taken(path.name, student, str(error) or type(error).__name__)
    _write(target, files)
    return Taken(path.name, student)


def _names(file: str, name: str) -> bool:
    """Whether a name stands in a file's name on its own: "li" is not in "alice_2.zip"."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", file, re.IGNORECASE) is not None


def _unpacked(path: Path, lab: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Each file with its place. Raises ValueError for what is no honest archive."""
    if path.is_symlink():
        raise ValueError("it is a link")
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file() and not each.is_symlink() and each.stat().st_size <= LARGEST:
                yield PurePosixPath(each.relative_to(path).as_posix()), each.read_bytes()
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from _members(archive)
    elif path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    else:
        yield PurePosixPath(f"{lab}.ipynb"), path.read_bytes()


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, bytes]]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    declared = sum(member.file_size for member in members)
    if len(members) > _MOST_FILES or declared > _MOST_BYTES:
        raise ValueError(f"it unpacks to {len(members)} files of {declared // 2**20} MB together")
    read = 0
    for member in members:
        place = PurePosixPath(member.filename.replace("\\", "/"))
        linked = (member.external_attr >> 28) == 0o12
        if place.is_absolute() or ".." in place.parts or linked or ":" in place.parts[0]:
            raise ValueError(f"{member.filename!r} in it leads out of it")
        if member.file_size > _HIGHEST_RATIO * max(member.compress_size, 1024):
            raise ValueError(f"{member.filename!r} in it unpacks to {member.file_size // 2**20} MB")
        with archive.open(member) as file:
            # What it declares and what it holds are two things.
            data = file.read(_MOST_BYTES - read + 1)
        read += len(data)
        if read > _MOST_BYTES:
            raise ValueError("it unpacks to more than it says")
        if place.parts[0] not in ("__MACOSX",) and not place.name.startswith("."):
            yield place, data


def _write(target: Path, files: dict[PurePosixPath, bytes]) -> None:
    # Platforms and people put everything into one folder of the archive: it is not part of the work.
    tops = {place.parts[0] for place in files if len(place.parts) > 1}
    inside = len(tops) == 1 and all(len(place.parts) > 1 for place in files)
    if target.exists():
        import shutil

        shutil.rmtree(target)
    target.mkdir(parents=True)
    for place, data in files.items():
        path = target.joinpath(*(place.parts[1:] if inside else place.parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
