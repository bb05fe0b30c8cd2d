"""A small course of two labs, and a way to write a lab's source in a line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudlings.lab import Catalogue, Lab
from cloudlings.lab.source import read_lab

SAMPLE = Path(__file__).parent / "sample"
HEADER = "# ---\n# title: A lab\n# minutes: 10\n# objectives: [one thing]\n# ---\n\n"
POINTS = {"make-bucket": 2, "keep-versions": 1, "page-size": 1.5}
REFS = {"L99-T1": "make-bucket", "L99-T2": "keep-versions", "L99-T3": "page-size"}


@pytest.fixture
def sample(tmp_path: Path) -> Catalogue:
    """The sample course, in a folder of the test's own."""
    shutil.copytree(SAMPLE, tmp_path / "course")
    (tmp_path / "course" / "labs").mkdir(exist_ok=True)
    return Catalogue(tmp_path / "course")


@pytest.fixture
def lab(sample: Catalogue) -> Lab:
    """The sample's first lab."""
    return sample.read("010-buckets")


@pytest.fixture
def points() -> dict[str, float]:
    return dict(POINTS)


@pytest.fixture
def refs() -> dict[str, str]:
    return dict(REFS)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Lab]:
    """Writes a lab's cells below a sound header, and reads the lab."""

    def write(cells: str, *, header: str = HEADER, name: str = "050-new") -> Lab:
        folder = tmp_path / "written" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lab.py").write_text(header + cells, encoding="utf-8")
        return read_lab(folder)

    return write
