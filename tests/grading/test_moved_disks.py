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


LINEAGE = {
    "snap-today": "vol-observations",
    "snap-weekly": "vol-gone",
    "snap-scratch": "vol-scratch",
    "snap-image": "vol-root",
    "snap-of-image": "vol-observations",
    "snap-copy": "snap-today",
    "snap-weekly-copy": "snap-weekly",
    "vol-hop": "snap-today",
    "snap-hop": "vol-hop",
}
LISTED = {"observations": "vol-observations", "scratch": "vol-scratch", "weekly_backup": "snap-weekly"}


class Ec2:
    """An account with these snapshots, without one that was deleted, and one subnet; a client of itself."""

    def client(self, _: str) -> Ec2:
        return self

    def describe_snapshots(self, OwnerIds: list[str]) -> dict[str, Any]:  # noqa: N803
        assert OwnerIds == ["self"]
        return {"Snapshots": [{"SnapshotId": name} for name in ("snap-weekly", "snap-copy", "snap-hop")]}

    def describe_subnets(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        (wanted,) = Filters
        every = [{"CidrBlock": "10.0.1.0/24", "AvailabilityZone": "eu-west-1b"}]
        return {"Subnets": [each for each in every if each["CidrBlock"] in wanted["Values"]]}


ACCOUNT = cast(Account, Ec2())


def born(snapshot: str, name: str = "vol-1") -> dict[str, Any]:
    return DISK | {"VolumeId": name, "SnapshotId": snapshot}


def known(*volumes: dict[str, Any]) -> dict[str, str]:
    return LINEAGE | {each["VolumeId"]: each["SnapshotId"] for each in volumes if each.get("SnapshotId")}


def test_snapshots_and_zones_are_asked_for_by_what_they_are_of() -> None:
    """A copy is of the same data, and so is what came of a volume between; a range that no subnet has is in
    no zone."""
    assert snapshots_of(ACCOUNT, "vol-observations", LINEAGE) == ["snap-copy", "snap-hop"]
    assert (zone_of(ACCOUNT, "10.0.1.0/24"), zone_of(ACCOUNT, "10.0.2.0/24")) == ("eu-west-1b", "")


def test_volumes_of_snapshots() -> None:
    """Neither those made empty nor those that came with an own image, whose mapping may have no snapshot,
    unless they are of the volume that is asked for."""
    volumes = [
        born("snap-today"),
        born("snap-of-image", "vol-5"),
        born("snap-image", "vol-2"),
        born("", "vol-3"),
        DISK | {"VolumeId": "vol-4"},
    ]
    taken = [
        {"DeviceName": f"/dev/{name}", "Ebs": {"SnapshotId": name}}
        for name in ("snap-image", "snap-of-image")
    ]
    images = {"ami-1": {"BlockDeviceMappings": [*taken, {"DeviceName": "/dev/sdf"}]}, "ami-2": {}}
    state = Ec2State({}, {each["VolumeId"]: each for each in volumes}, images)
    assert born_of_snapshots(state, "vol-observations", known(*volumes)) == volumes[:2]


@pytest.mark.parametrize("snapshot", ["snap-today", "snap-copy", "snap-hop"])
def test_a_volume_of_the_observations_of_today(snapshot: str) -> None:
    """By a copy, or by a volume between; others beside it do no harm."""
    volumes = [born("snap-weekly", "vol-2"), born(snapshot)]
    found = of_the_observations(volumes, ["snap-today"], LISTED, known(*volumes))
    assert [each["VolumeId"] for each in found] == ["vol-1"]


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ([], "There is the snapshot snap-today, and no volume was made from a snapshot"),
        (
            [born("snap-weekly")],
            "a snapshot of vol-gone. That is the weekly backup. The observations of today",
        ),
        ([born("snap-weekly-copy")], "from snap-weekly-copy, .*vol-gone. That is the weekly backup"),
        (
            [born("snap-scratch")],
            "a snapshot of vol-scratch. The observations of today are on vol-observations",
        ),
        ([born("snap-deleted")], "from snap-deleted, which is not there any more"),
    ],
    ids=["none", "a week old", "a copy of that", "another disk", "its snapshot is gone"],
)
def test_volumes_of_something_else(volumes: list[dict[str, Any]], words: str) -> None:
    """What they are of is told."""
    with pytest.raises(AssertionError, match=words):
        of_the_observations(volumes, ["snap-today"], LISTED, known(*volumes))
