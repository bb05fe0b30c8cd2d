"""Finding labs by their folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudlings.errors import LabError, SourceError, UnknownLab
from cloudlings.lab import Catalogue


def test_labs_are_found_by_their_folders(sample: Catalogue) -> None:
    """Every numbered folder with a lab.py is a lab, in order; others are not."""
    solutions = sample.root / "solutions"
    (solutions / "notes").mkdir()
    (solutions / "notes" / "lab.py").write_text("")
    (solutions / "030-empty").mkdir()
    (solutions / "005-zero").mkdir()
    (solutions / "005-zero" / "lab.py").write_text("")
    assert sample.names == ("005-zero", "010-buckets", "020-queues")


@pytest.mark.parametrize("given", ["010-buckets", "010", "10", "buckets", "Buckets", " 010-buckets/ "])
def test_a_lab_is_known_by_name_number_or_words(sample: Catalogue, given: str) -> None:
    """A person may write the number or the words alone."""
    assert sample.name(given) == "010-buckets"


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("010-bukets", "'010-buckets'"),
        ("quues", "'020-queues'"),
        ("zzz", "010-buckets, 020-queues"),
        ("", "010-"),
    ],
)
def test_an_unknown_lab_is_told_the_nearest(sample: Catalogue, given: str, near: str) -> None:
    """A name that fits no lab names those that are near, or all."""
    with pytest.raises(UnknownLab) as caught:
        sample.name(given)
    assert near in caught.value.next_step


def test_a_name_that_fits_two_labs_is_not_guessed(sample: Catalogue) -> None:
    """Two labs with the same words are told apart by the whole name."""
    (sample.root / "solutions" / "050-queues").mkdir()
    (sample.root / "solutions" / "050-queues" / "lab.py").write_text("")
    with pytest.raises(UnknownLab, match="fits 020-queues, 050-queues"):
        sample.name("queues")


def test_the_next_lab(sample: Catalogue) -> None:
    """After a lab comes the one with the next number; after the last, none."""
    after = sample.after("010")
    assert after is not None
    assert after.name == "020-queues"
    assert sample.after("020") is None


@pytest.mark.parametrize(
    ("need", "says"),
    [("005-gone", "which is no lab"), ("020-queues", "does not come before"), ("030-later", "no lab")],
)
def test_needs_must_be_labs_that_come_before(sample: Catalogue, need: str, says: str) -> None:
    """A lab that needs what is not there, or comes later, is told with the line of 'needs'."""
    path = sample.root / "solutions" / "020-queues" / "lab.py"
    path.write_text(path.read_text(encoding="utf-8").replace("010-buckets", need), encoding="utf-8")
    with pytest.raises(SourceError, match=says) as caught:
        sample.read("020")
    assert "lab.py:4:" in caught.value.message


def test_the_checkout_is_found_from_below(sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command works in any folder of the checkout."""
    monkeypatch.delenv("CLOUDLINGS_ROOT", raising=False)
    (sample.root / "graders").mkdir(exist_ok=True)
    assert Catalogue.here(sample.root / "solutions" / "010-buckets").root == sample.root.resolve()


def test_the_variable_names_the_checkout(
    sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLOUDLINGS_ROOT decides; a folder that is no checkout is told."""
    monkeypatch.setenv("CLOUDLINGS_ROOT", str(sample.root))
    assert Catalogue.here(tmp_path).root == sample.root
    monkeypatch.setenv("CLOUDLINGS_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(LabError, match="no folder solutions"):
        Catalogue.here()
