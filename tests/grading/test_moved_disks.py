"""Disks that were moved to another zone, and the type that IOPS ask for."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.disks import GP3_MOST_IOPS, chooses_the_cheapest
from cloudlings.grading.ec2_state import Ec2State
from cloudlings.grading.moved_disks import (
    born_of_snapshots,
    is_encrypted_gp3,
    of_the_observations,
    of_the_zone,
    snapshots_of,
    zone_of,
)

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


SNAPSHOTS = {"snap-today": "vol-observations", "snap-weekly": "vol-gone", "snap-scratch": "vol-scratch"}
LISTED = {"observations": "vol-observations", "scratch": "vol-scratch", "weekly_backup": "snap-weekly"}
FILTERS = {"volume-id": "VolumeId", "snapshot-id": "SnapshotId", "cidr-block": "CidrBlock"}


class Ec2:
    """An account with these snapshots and one subnet, and a client of itself."""

    def client(self, _: str) -> Ec2:
        return self

    def describe_snapshots(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        every = [{"SnapshotId": name, "VolumeId": of} for name, of in SNAPSHOTS.items()]
        return {"Snapshots": [each for each in every if self._fits(each, Filters)]}

    def describe_subnets(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        every = [{"CidrBlock": "10.0.1.0/24", "AvailabilityZone": "eu-west-1b"}]
        return {"Subnets": [each for each in every if self._fits(each, Filters)]}

    @staticmethod
    def _fits(thing: dict[str, str], filters: list[dict[str, Any]]) -> bool:
        return all(thing[FILTERS[each["Name"]]] in each["Values"] for each in filters)


ACCOUNT = cast(Account, Ec2())


def born(snapshot: str, name: str = "vol-1") -> dict[str, Any]:
    return DISK | {"VolumeId": name, "SnapshotId": snapshot}


def test_snapshots_and_zones_are_asked_for_by_what_they_are_of() -> None:
    """A range that no subnet has is in no zone."""
    assert snapshots_of(ACCOUNT, "vol-observations") == ["snap-today"]
    assert (zone_of(ACCOUNT, "10.0.1.0/24"), zone_of(ACCOUNT, "10.0.2.0/24")) == ("eu-west-1b", "")


def test_volumes_of_snapshots() -> None:
    """Neither those made empty nor those that came with an own image, whose mapping may have no snapshot."""
    volumes = [
        born("snap-today"),
        born("snap-image", "vol-2"),
        born("", "vol-3"),
        DISK | {"VolumeId": "vol-4"},
    ]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-image"}}, {"DeviceName": "/dev/sdf"}]
    images = {"ami-1": {"BlockDeviceMappings": mapping}, "ami-2": {}}
    state = Ec2State({}, {each["VolumeId"]: each for each in volumes}, images)
    assert born_of_snapshots(state) == volumes[:1]


def test_a_volume_of_the_observations_of_today() -> None:
    """Others beside it do no harm."""
    right = born("snap-today")
    assert of_the_observations(ACCOUNT, [born("snap-weekly", "vol-2"), right], ["snap-today"], LISTED) == [
        right
    ]


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ([], "There is the snapshot snap-today, and no volume was made from a snapshot"),
        (
            [born("snap-weekly")],
            "a snapshot of vol-gone. That is the weekly backup. The observations of today",
        ),
        (
            [born("snap-scratch")],
            "a snapshot of vol-scratch. The observations of today are on vol-observations",
        ),
        ([born("snap-deleted")], "from snap-deleted, which is not there any more"),
    ],
    ids=["none", "a week old", "another disk", "its snapshot is gone"],
)
def test_volumes_of_something_else(volumes: list[dict[str, Any]], words: str) -> None:
    """What they are of is told."""
    with pytest.raises(AssertionError, match=words):
        of_the_observations(ACCOUNT, volumes, ["snap-today"], LISTED)
