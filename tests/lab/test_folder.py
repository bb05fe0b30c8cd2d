"""The built lab on disk, and the learner's copy."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from cloudlings.errors import LabError, StaleLab
from cloudlings.lab import Catalogue, Lab, check_fresh, open_copy, write_built

Points = dict[str, float]


def test_a_lab_that_was_just_built_is_fresh(sample: Catalogue, lab: Lab, points: Points) -> None:
    """Building makes the notebook and its pictures what the check wants."""
    labs = sample.root / "labs"
    notebook = write_built(lab, points, labs)
    assert notebook == sample.built("010")
    assert (notebook.parent / "img" / "bucket.svg").read_bytes() == (
        lab.folder / "img" / "bucket.svg"
    ).read_bytes()
    check_fresh(lab, points, labs)


def test_building_again_touches_nothing(sample: Catalogue, lab: Lab, points: Points) -> None:
    """A file that is as it must be is not written again."""
    notebook = write_built(lab, points, sample.root / "labs")
    os.utime(notebook, ns=(1, 1))
    write_built(lab, points, sample.root / "labs")
    assert notebook.stat().st_mtime_ns == 1


@pytest.mark.parametrize(
    ("defect", "says"),
    [
        ("missing", "is missing"),
        ("edited", "cell 'make-bucket_answer' differs"),
        ("broken", "it is no notebook"),
        ("points", "differs"),
        ("shorter", "a cell is missing"),
        ("picture", "bucket.svg is not the same"),
        ("extra picture", "old.svg is not the same"),
    ],
)
def test_a_stale_lab_is_told_with_its_command(
    sample: Catalogue, lab: Lab, points: Points, defect: str, says: str
) -> None:
    """Whatever differs from what the source builds is told, with a command that does mend it."""
    labs = sample.root / "labs"
    notebook = write_built(lab, points, labs)
    _spoil(notebook, defect, points)
    with pytest.raises(StaleLab, match=says) as caught:
        check_fresh(lab, points, labs)
    assert caught.value.next_step == "cloudlings lab build 010-buckets"
    write_built(lab, points, labs)
    check_fresh(lab, points, labs)


def _spoil(notebook: Path, defect: str, points: Points) -> None:
    document = json.loads(notebook.read_text(encoding="utf-8"))
    if defect == "missing":
        notebook.unlink()
    elif defect == "edited":
        next(cell for cell in document["cells"] if cell["id"] == "make-bucket_answer")["source"] = ["x = 1"]
        notebook.write_text(json.dumps(document), encoding="utf-8")
    elif defect == "broken":
        notebook.write_text("{", encoding="utf-8")
    elif defect == "points":
        points["page-size"] = 2
    elif defect == "shorter":
        del document["cells"][-1]
        notebook.write_text(json.dumps(document), encoding="utf-8")
    else:
        name = "bucket.svg" if defect == "picture" else "old.svg"
        (notebook.parent / "img" / name).write_text("<svg/>", encoding="utf-8")


def test_a_copy_is_made_once_and_never_overwritten(
    sample: Catalogue, lab: Lab, points: Points, tmp_path: Path
) -> None:
    """The first opening copies notebook and pictures; a later one leaves the learner's work alone."""
    labs, work = sample.root / "labs", tmp_path / "work"
    built = write_built(lab, points, labs)
    copy = open_copy(lab, labs, work)
    assert copy == work / "010-buckets" / "010-buckets.ipynb"
    assert copy.read_bytes() == built.read_bytes()
    assert (copy.parent / "img" / "bucket.svg").is_file()
    copy.write_text("mine", encoding="utf-8")
    (copy.parent / "img" / "bucket.svg").unlink()
    built.write_text("newer", encoding="utf-8")
    assert open_copy(lab, labs, work) == copy
    assert copy.read_text(encoding="utf-8") == "mine"
    assert (copy.parent / "img" / "bucket.svg").is_file()
    assert not list(copy.parent.rglob(".*"))


def test_two_openings_at_once_make_one_copy(
    sample: Catalogue, lab: Lab, points: Points, tmp_path: Path
) -> None:
    """Programs that open a lab at the same time do not disturb each other."""
    labs = sample.root / "labs"
    built = write_built(lab, points, labs)
    threads = [threading.Thread(target=open_copy, args=(lab, labs, tmp_path / "work")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder = tmp_path / "work" / "010-buckets"
    assert (folder / "010-buckets.ipynb").read_bytes() == built.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["010-buckets.ipynb", "img"]


def test_a_lab_that_is_not_built_cannot_be_opened(sample: Catalogue, lab: Lab, tmp_path: Path) -> None:
    """The error names the command that builds it, and no folder is left behind."""
    with pytest.raises(LabError, match="not built") as caught:
        open_copy(lab, sample.root / "labs", tmp_path / "work")
    assert caught.value.next_step == "cloudlings lab build 010-buckets"
    assert not (tmp_path / "work").exists()


def test_a_folder_that_cannot_be_made_is_told(
    sample: Catalogue, lab: Lab, points: Points, tmp_path: Path
) -> None:
    """Where a file stands in the way, the error is for the person and says where."""
    write_built(lab, points, sample.root / "labs")
    (tmp_path / "work").write_text("a file", encoding="utf-8")
    with pytest.raises(LabError, match="cannot be written"):
        open_copy(lab, sample.root / "labs", tmp_path / "work")
