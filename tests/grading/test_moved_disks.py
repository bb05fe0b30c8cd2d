"""Disks that were moved to another zone, and the type that IOPS ask for."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.disks import GP3_MOST_IOPS, chooses_the_cheapest
from cloudlings.grading.moved_disks import is_encrypted_gp3, of_the_zone

DISK: dict[str, Any] = {
    "VolumeId": "vol-1",
    "AvailabilityZone": "eu-west-1b",
    "Encrypted": True,
    "VolumeType": "gp3",
    "Size": 100,
}


def test_a_disk_of_the_zone_is_chosen() -> None:
    """One beside it in another zone does no harm; alone it fails."""
    elsewhere = DISK | {"VolumeId": "vol-2", "AvailabilityZone": "eu-west-1a"}
    assert of_the_zone([elsewhere, DISK], "eu-west-1b") == [DISK]
    with pytest.raises(AssertionError, match="eu-west-1a; app_b is in eu-west-1b"):
        of_the_zone([elsewhere], "eu-west-1b")


@pytest.mark.parametrize(
    ("slip", "words"),
    [({"Encrypted": False}, "eu-west-1b is not encrypted"), ({"VolumeType": "gp2"}, "is a gp2")],
)
def test_a_moved_disk_is_encrypted_and_cheap(slip: dict[str, Any], words: str) -> None:
    """Both are decided when the volume is made."""
    is_encrypted_gp3(DISK)
    with pytest.raises(AssertionError, match=words):
        is_encrypted_gp3(DISK | slip)


@pytest.mark.parametrize(
    ("iops", "right", "wrong", "words"),
    [(GP3_MOST_IOPS, "GP3", "io2", r"\$9 a month more"), (GP3_MOST_IOPS + 1, "io2", "gp3", "cannot be made")],
)
def test_gp3_is_chosen_as_long_as_it_can(iops: int, right: str, wrong: str, words: str) -> None:
    """At its most IOPS it still can."""
    chooses_the_cheapest({"hot": right}, "hot", iops, 9)
    with pytest.raises(AssertionError, match=words):
        chooses_the_cheapest({"hot": wrong}, "hot", iops, 9)
