"""What the course must cover: marks in the labs' sources, the inventory, and the page of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloudlings.errors import LabError, StaleLab
from cloudlings.lab import Catalogue, check_coverage, write_coverage
from cloudlings.lab.coverage import Row, coverage_page, inventory, marks, uncovered
from cloudlings.lab.model import Cell, Lab

ROWS = {"L90": (Row("L90-01", "A queue", "service"), Row("L90-02", "A | pipe", "rule"))}


@pytest.fixture
def lab(sample: Catalogue) -> Lab:
    """A lab with one passage about the first row."""
    passage = Cell("markdown", "## Waiting\n\nA queue waits.\n<!-- covers: L90-01 -->", 1)
    return replace(sample.read(sample.names[0]), ref="L90", cells=(passage,))


def test_a_mark_is_found_under_its_heading(lab: Lab) -> None:
    """The place is the nearest heading above."""
    (mark,) = marks(lab)
    assert (mark.row, mark.lab, mark.heading) == ("L90-01", lab.name, "Waiting")


def test_a_mark_on_a_heading_is_that_headings(lab: Lab) -> None:
    """A mark right above a heading is of what follows, a mark above a passage of the heading before."""
    text = "## Waiting\n\n<!-- covers: L90-01 -->\nA queue.\n\n<!-- covers: L90-02 -->\n\n## Pipes\n\nA pipe."
    found = marks(replace(lab, cells=(Cell("markdown", text, 1),)))
    assert [(mark.row, mark.heading) for mark in found] == [("L90-01", "Waiting"), ("L90-02", "Pipes")]


def test_a_row_that_nothing_covers_is_named(lab: Lab) -> None:
    """A lab that forgets a row of its own is told which."""
    (wrong,) = uncovered(ROWS, [lab])
    assert "L90-02 (A | pipe)" in wrong


def test_a_mark_of_no_row_is_named(lab: Lab) -> None:
    """A slip in a mark covers nothing."""
    slip = replace(lab, cells=(*lab.cells, Cell("markdown", "<!-- covers: L90-02, L90-99 -->", 9)))
    (wrong,) = uncovered(ROWS, [slip])
    assert "L90-99" in wrong


def test_rows_of_a_lab_to_come_are_no_fault(lab: Lab) -> None:
    """Only labs that are there must cover theirs; the page counts the others."""
    rows = {**ROWS, "L91": (Row("L91-01", "A topic", "service"),)}
    assert all("L91" not in each for each in uncovered(rows, [lab]))
    assert "## L91\n\n1 row for a lab to come." in coverage_page(rows, [lab])


def test_the_page_says_where(lab: Lab) -> None:
    """Each row has its place, and a table survives a bar in a name."""
    page = coverage_page(ROWS, [lab])
    assert f"| L90-01 | A queue | service | {lab.name}, “Waiting” |" in page
    assert "A \\| pipe | rule | – |" in page


def test_the_course_has_its_inventory(tmp_path: Path, lab: Lab) -> None:
    """The check needs the page that was built from it, and a row more makes it fail by name."""
    (tmp_path / "docs/course").mkdir(parents=True)
    file = tmp_path / "docs/course/inventory.json"
    file.write_text('{"rows_by_lab": {"L90": [{"id": "L90-01", "what": "A queue", "kind": "service"}]}}')
    assert inventory(tmp_path) == {"L90": ROWS["L90"][:1]}
    with pytest.raises(StaleLab):
        check_coverage(tmp_path, [lab])
    write_coverage(tmp_path, [lab])
    check_coverage(tmp_path, [lab])
    file.write_text(file.read_text().replace("}]}}", '}, {"id": "L90-02", "what": "x", "kind": "rule"}]}}'))
    with pytest.raises(LabError, match="L90-02"):
        check_coverage(tmp_path, [lab])


def test_nothing_is_written_where_there_is_no_inventory(tmp_path: Path, lab: Lab) -> None:
    """An installed course without its documents builds its labs all the same."""
    assert not write_coverage(tmp_path, [lab]).exists()
