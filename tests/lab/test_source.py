"""Reading a lab's source, and what its author is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import SourceError, UnknownTask
from cloudlings.lab import Lab
from cloudlings.lab.source import read_lab

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "source_errors.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_authors_mistake_is_told_with_its_line(case: dict[str, Any], written: Callable[..., Lab]) -> None:
    """A mistake in a source is an error that names file and line, the mistake, and what to do."""
    with pytest.raises(SourceError) as caught:
        written(case["source"], **({"header": ""} if case.get("whole") else {}))
    place = caught.value.message.split(": ")[0]
    assert place.endswith(f"lab.py:{case['line']}"), caught.value.message
    assert case["says"] in caught.value.message
    assert case["next"] in caught.value.next_step


def test_tasks_come_in_the_order_of_the_source(lab: Lab) -> None:
    """The tasks are those of the marked code cells, in order, each once."""
    assert lab.tasks == ("make-bucket", "keep-versions", "page-size")
    assert [len(lab.cells_of(task)) for task in lab.tasks] == [1, 1, 2]


def test_every_cell_knows_its_line(lab: Lab) -> None:
    """A cell's line is the line of the file on which its text begins."""
    lines = (lab.folder / "lab.py").read_text(encoding="utf-8").splitlines()
    for cell in lab.cells:
        first = cell.source.split("\n")[0]
        assert lines[cell.line - 1].removeprefix("# ") == first.removeprefix("# ")


def test_a_region_knows_its_line(lab: Lab) -> None:
    """A region's line is that of its BEGIN marker."""
    lines = (lab.folder / "lab.py").read_text(encoding="utf-8").splitlines()
    found = [region.line for cell in lab.cells for region in cell.regions]
    assert found == [number for number, line in enumerate(lines, start=1) if "BEGIN SOLUTION" in line]


def test_starter_and_solution_of_a_cell(written: Callable[..., Lab]) -> None:
    """Given lines stand in both; the region is its starter in one and its solution in the other."""
    lab = written(
        '# %% task="a"\nx = 1\n### BEGIN SOLUTION\n### BEGIN STARTER\n# # say it\n# y = ...\n'
        "### END STARTER\ny = 2\n### END SOLUTION\nz = 3\n"
    )
    cell = lab.cells[0]
    assert cell.starter == "x = 1\n# say it\ny = ...\nz = 3"
    assert cell.solution == "x = 1\ny = 2\nz = 3"


def test_an_indented_region_leaves_a_block_that_runs(written: Callable[..., Lab]) -> None:
    """Where the region is the whole body of a block, the default starter fills the body."""
    lab = written('# %% task="a"\ndef f():\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION\n')
    assert lab.cells[0].starter == "def f():\n    # YOUR CODE HERE\n    ..."
    assert lab.cells[0].solution == "def f():\n    return 2"


def test_commands_are_the_notebooks_own_again(written: Callable[..., Lab]) -> None:
    """Commented magics and shell commands lose their comment sign; words that look like commands keep it."""
    lab = written(
        "# %%\n# !aws s3 ls\n# %time x = 1\n# copy the key\n# cat is a word\n\n"
        "# %%\n# %%bash\n# aws s3 ls\n# # a comment\n\n"
        '# %% task="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n'
    )
    assert lab.cells[0].source == "!aws s3 ls\n%time x = 1\n# copy the key\n# cat is a word"
    assert lab.cells[1].source == "%%bash\naws s3 ls\n# a comment"


def test_a_cell_marker_in_a_text_is_text(written: Callable[..., Lab]) -> None:
    """A line like a cell marker or a command inside a string stays as it is."""
    lab = written(
        '# %% task="a"\nx = """\n# %% no cell\n# !ls\n"""\n### BEGIN SOLUTION\ny = 1\n### END SOLUTION\n'
    )
    assert len(lab.cells) == 1
    assert "# %% no cell\n# !ls" in lab.cells[0].source


def test_a_file_from_windows_is_read(written: Callable[..., Lab]) -> None:
    """Line ends of Windows and a byte order mark change nothing."""
    lab = written('# %% task="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n')
    path = lab.folder / "lab.py"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_lab(lab.folder) == lab


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A source in another encoding is an error about the file."""
    (tmp_path / "050-new").mkdir()
    (tmp_path / "050-new" / "lab.py").write_bytes(b"# \xff\xfe")
    with pytest.raises(SourceError, match="UTF-8"):
        read_lab(tmp_path / "050-new")


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    """A folder without a lab.py is an error about the file."""
    with pytest.raises(SourceError, match="no such file"):
        read_lab(tmp_path)


def test_an_unknown_task_is_told_the_nearest(lab: Lab) -> None:
    """Asking a lab for a task that it has not names those that are near."""
    with pytest.raises(UnknownTask) as caught:
        lab.task("make-bukket")
    assert "'make-bucket'" in caught.value.next_step
    assert lab.task("make-bucket") == "make-bucket"


def test_the_header_is_read_with_its_defaults(lab: Lab, sample: Any) -> None:
    """What the header says is there; what it leaves out is the default."""
    assert (lab.title, lab.minutes, lab.needs, lab.regions) == (
        "Buckets: first steps",
        20,
        (),
        ("eu-west-1",),
    )
    assert (lab.accounts, lab.ref, lab.grader) == (("main",), "L99", "test_010_buckets.py")
    other = sample.header("020-queues")
    assert (other.needs, other.regions, other.ref) == (("010-buckets",), ("us-east-1",), None)
