"""The lists of mutants fit the code as it is: one that fits no more would be found when they are next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.__main__ import LISTS, read
from tests.mutants.graders import EXPLAINED


@pytest.mark.parametrize("path", sorted(set(LISTS.glob("*.yaml")) - {EXPLAINED}), ids=lambda path: path.stem)
def test_each_mutant_stands_in_its_file_once(path: Path) -> None:
    """A list is read with every mutant's text found in one place."""
    assert read(path).mutants
