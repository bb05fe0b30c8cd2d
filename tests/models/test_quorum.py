"""Quorums, against Aurora's published design and against counting."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.quorum import (
    AURORA,
    Quorum,
    counts,
    failures,
    left_with,
    survives_zone,
    survives_zone_and_one,
)

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "quorum.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["source"][-40:])
def test_case(case: dict[str, Any]) -> None:
    """Each loss of quorum.yaml leaves what its source says."""
    quorum = Quorum(*case["of"])
    assert {gone: left_with(quorum, gone.split()) for gone in case["left"]} == case["left"]


def test_sixty_four() -> None:
    """Six copies can be lost in 64 ways: up to two losses leave writes, three leave reads."""
    assert len(set(failures(AURORA))) == 64
    writes, reads = sum(comb(6, lost) for lost in range(3)), comb(6, 3)
    assert counts(AURORA) == {"write": writes, "read": reads, "none": 64 - writes - reads}


@pytest.mark.parametrize(
    ("quorum", "sound", "zone", "one_more"),
    [
        (AURORA, True, "write", "read"),
        (Quorum(1, 3, 2, 2), True, "write", "none"),
        (Quorum(2, 3, 3, 3), False, "write", "write"),
        (Quorum(2, 3, 5, 2), True, "read", "read"),
        (Quorum(3, 2, 4, 3), True, "read", "none"),
    ],
)
def test_designs(quorum: Quorum, sound: bool, zone: str, one_more: str) -> None:
    """A design is told by whether its quorums overlap, and by what a zone, and a copy more, leave of it."""
    assert (quorum.sound, survives_zone(quorum), survives_zone_and_one(quorum)) == (sound, zone, one_more)


@pytest.mark.parametrize("wrong", ["d", "a3", ""])
def test_unknown_copy(wrong: str) -> None:
    """A copy or a zone that there is not is an error."""
    with pytest.raises(ModelError):
        left_with(AURORA, [wrong])


def test_too_many_votes() -> None:
    """No quorum needs more votes than there are copies, or none."""
    for wrong in ((1, 3, 4, 2), (1, 3, 0, 2), (0, 3, 1, 1)):
        with pytest.raises(ModelError):
            Quorum(*wrong)
