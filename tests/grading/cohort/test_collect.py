"""Taking in what a learning platform gives: everybody's own work, and nothing that climbs out or fills the
disk.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.cohort.collect import collect
from cloudlings.grading.nbgrader.course import Student, add_students

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cohort")]
LAB = "990-notes"
STUDENTS = (
    Student("amara", email="a.okafor@example.edu"),
    Student("mateo", lms_user_id="48213"),
    Student("li"),
    Student("alice"),
)


@pytest.fixture(scope="module")
def course(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = copy_course(tmp_path_factory.mktemp("collected") / "clouds-2026")
    add_students(folder, STUDENTS)
    return folder


def archive(*members: tuple[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(info)
            file.writestr(info, data)
    return made.getvalue()


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


GOOD = {
    "amara_LATE_812_notes.ipynb": (b"{}", "amara", {f"{LAB}.ipynb": b"{}"}),
    "48213-Silva.zip": (archive(("work/990-notes.ipynb", b"{1}"), ("work/data/a.csv", b"1")), "mateo",
                        {f"{LAB}.ipynb": b"{1}", "data/a.csv": b"1"}),
    "li - 990.zip": (archive((f"{LAB}.ipynb", b"{2}"), ("__MACOSX/._x", b"x"), (".DS_Store", b"x")), "li",
                     {f"{LAB}.ipynb": b"{2}"}),
}  # fmt: skip
BAD = {
    "climbs": (archive(("../../gradebook.db", b"x")), "leads out of it"),
    "climbs-by-backslash": (archive(("..\\..\\gradebook.db", b"x")), "leads out of it"),
    "absolute": (archive(("/etc/x", b"x")), "leads out of it"),
    "link": (archive((f"{LAB}.ipynb", b"/etc/passwd"), change=link), "leads out of it"),
    "bomb": (archive((f"{LAB}.ipynb", bytes(60 * 2**20))), "unpacks to"),
    "larger-than-all": (archive(*((f"{n}", bytes(50 * 2**20)) for n in range(3))), "unpacks to"),
    "many-files": (archive(*((f"{n}", b"") for n in range(600))), "600 files"),
    "no-zip": (b"PK\x03\x04 and then nothing", "zip"),
    "empty": (b"", "zip"),
}


def test_good(course: Path, tmp_path: Path) -> None:
    """A student is found by id, platform id or email in a file's name; what a platform wraps around is left
    out.
    """
    for name, (data, _, _) in GOOD.items():
        (tmp_path / name).write_bytes(data)
    taken = {each.file: (each.student, each.problem) for each in collect(course, LAB, tmp_path)}
    assert taken == {name: (student, "") for name, (_, student, _) in GOOD.items()}
    for _, student, files in GOOD.values():
        place = course / "submitted" / student / LAB
        found = {
            str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()
        }
        assert found == files
    again = collect(course, LAB, tmp_path)
    assert all("is there already" in each.problem for each in again)


@pytest.mark.parametrize("case", BAD)
def test_bad(course: Path, tmp_path: Path, case: str) -> None:
    """An archive that is none, climbs out or is a bomb is named, with why, and leaves nothing behind."""
    data, why = BAD[case]
    (tmp_path / "alice.zip").write_bytes(data)
    (taken,) = collect(course, LAB, tmp_path)
    assert taken.student == "alice"
    assert why in taken.problem
    assert not (course / "submitted" / "alice").exists()
    assert not (course / "submitted" / "gradebook.db").exists()


def test_nobody(course: Path, tmp_path: Path) -> None:
    """A file whose name names nobody, or two, is nobody's."""
    for name in ("whoever.zip", "li and alice.zip", "malice.zip"):
        (tmp_path / name).write_bytes(b"")
    taken = {each.file: each.problem for each in collect(course, LAB, tmp_path)}
    assert taken == {
        "whoever.zip": "its name names nobody in the gradebook",
        "malice.zip": "its name names nobody in the gradebook",
        "li and alice.zip": "its name names alice, li",
    }
