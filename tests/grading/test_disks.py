"""What a volume gives, by its type."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.disks import (
    bill_of,
    copies_no_disk,
    lacks,
    lets_go_of_the_rest,
    made_since,
    throughput,
    worn_by,
)
from cloudlings.grading.ec2_state import Ec2State

# From the EBS User Guide, "Amazon EBS volume types".
GIVEN = [
    ({"VolumeType": "gp3", "Size": 100, "Throughput": 400}, 400),
    ({"VolumeType": "gp3", "Size": 100}, 125),
    ({"VolumeType": "gp2", "Size": 1000, "Iops": 3000}, 250),
    ({"VolumeType": "gp2", "Size": 171}, 250),
    ({"VolumeType": "gp2", "Size": 170}, 128),
    ({"VolumeType": "io1", "Size": 100, "Iops": 1000}, 256),
    ({"VolumeType": "io1", "Size": 500, "Iops": 18_000}, 500),
    ({"VolumeType": "io1", "Size": 1000, "Iops": 48_000}, 750),
    ({"VolumeType": "io1", "Size": 2000, "Iops": 64_000}, 1000),
    ({"VolumeType": "io2", "Size": 100, "Iops": 1000}, 256),
    ({"VolumeType": "io2", "Size": 100, "Iops": 100_000}, 4000),
    ({"VolumeType": "st1", "Size": 2048}, 80),
    ({"VolumeType": "sc1", "Size": 2048}, 24),
    ({"VolumeType": "standard", "Size": 100}, 0),
]


@pytest.mark.parametrize(("volume", "most"), GIVEN, ids=lambda value: str(value))
def test_a_type_gives_its_throughput(volume: dict[str, Any], most: float) -> None:
    """gp3 has a figure of its own; the others have what their type, IOPS or size give."""
    assert throughput(volume) == pytest.approx(most)


def test_a_volume_is_billed_as_it_is_described() -> None:
    """A gp3 pays for what is above 3,000 IOPS and 125 MiB/s."""
    volume = {"VolumeType": "gp3", "Size": 100, "Iops": 4000, "Throughput": 225}
    assert bill_of(volume).usd == pytest.approx(100 * 0.08 + 1000 * 0.005 + 100 * 0.04)


@pytest.mark.parametrize(
    ("volume", "dollars"),
    [({"VolumeType": "gp2"}, 10), ({"VolumeType": "gp3", "Iops": None, "Throughput": None}, 8)],
)
def test_figures_that_ec2_does_not_tell_cost_nothing(volume: dict[str, Any], dollars: float) -> None:
    """Not every type has them."""
    assert bill_of({"Size": 100} | volume).usd == pytest.approx(dollars)


LACKING = [
    ({"Size": 400}, "400 GiB, where 500"),
    ({"Iops": 3000}, "3,000 IOPS, where 6,000"),
    ({"Throughput": 125}, "125 MiB/s, where 500"),
    ({}, ""),
    ({"VolumeType": "io2", "Throughput": None}, ""),
]


@pytest.mark.parametrize(("change", "word"), LACKING, ids=lambda value: str(value))
def test_what_a_volume_lacks_is_told_one_thing_at_a_time(change: dict[str, Any], word: str) -> None:
    """Size, IOPS, throughput; nothing when all is there, whatever the type."""
    enough = {"VolumeType": "gp3", "Size": 500, "Iops": 6000, "Throughput": 500}
    said = lacks(enough | change, 500, 6000, 500)
    assert word in said
    assert bool(said) == bool(word)


def machine(name: str, **disks: str) -> dict[str, Any]:
    """A machine with these volumes by device."""
    mappings = [{"DeviceName": device, "Ebs": {"VolumeId": volume}} for device, volume in disks.items()]
    return {"InstanceId": name, "ImageId": "ami-1", "RootDeviceName": "root", "BlockDeviceMappings": mappings}


FIRST = machine("i-first", root="vol-root", data="vol-data")


def told(snapshot: str, lineage: dict[str, str]) -> str:
    """What is said of a twin with a second disk of a snapshot; "" when nothing is."""
    twin = machine("i-twin", root="vol-twin", data="vol-second")
    volumes = {
        name: {"VolumeId": name, "Size": 100, "VolumeType": "gp3", "SnapshotId": "snap-root"}
        for name in ("vol-root", "vol-data", "vol-twin")
    }
    volumes["vol-second"] = volumes["vol-data"] | {"VolumeId": "vol-second", "SnapshotId": snapshot}
    mapping = [{"DeviceName": "root", "Ebs": {"SnapshotId": "snap-root"}}, {"DeviceName": "none"}]
    mapping.append({"DeviceName": "data", "Ebs": {"SnapshotId": "snap-in-image"}})
    state = Ec2State({}, volumes, {"ami-1": {"BlockDeviceMappings": mapping}})
    try:
        copies_no_disk(state, FIRST, twin, lineage)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("snapshot", "lineage"),
    [
        ("snap-in-image", {}),
        ("snap-data", {"vol-second": "snap-data", "snap-data": "vol-data"}),
    ],
)
def test_a_copy_of_the_readings_is_told(snapshot: str, lineage: dict[str, str]) -> None:
    """It came with the image, or of a snapshot of the first machine's disk."""
    assert "i-twin has vol-second (100 GiB) beside its root disk" in told(snapshot, lineage)


@pytest.mark.parametrize(
    ("snapshot", "lineage"), [("", {}), ("snap-else", {"vol-second": "snap-else", "snap-else": "vol-else"})]
)
def test_another_disk_is_no_copy(snapshot: str, lineage: dict[str, str]) -> None:
    """An empty one, or one with other data, such as an archive's."""
    assert told(snapshot, lineage) == ""


def test_disks_that_were_made_since() -> None:
    """Neither root disks of machines that run, nor inherited ones, nor copies of these; a copy of one's own
    is one's own."""
    ended = machine("i-ended", root="vol-left") | {"State": {"Name": "terminated"}}
    rootless = machine("i-bare", data="vol-data") | {"State": {"Name": "stopped"}}
    running = FIRST | {"State": {"Name": "running"}}
    names = ("vol-root", "vol-data", "vol-left", "vol-ours", "vol-copy-of-ours", "vol-copy")
    lineage = {"vol-copy-of-ours": "snap-1", "snap-1": "vol-ours", "vol-copy": "snap-2", "snap-2": "vol-gone"}
    machines = {each["InstanceId"]: each for each in (running, ended, rootless)}
    state = Ec2State(machines, {name: {"VolumeId": name} for name in names}, {})
    found = [each["VolumeId"] for each in made_since(state, {"vol-ours", "i-ours"}, lineage)]
    assert found == ["vol-data", "vol-left", "vol-copy"]


def test_where_a_disk_is() -> None:
    """On its machines, or on none."""
    assert worn_by({"Attachments": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]}) == " on i-1 and i-2"
    assert worn_by({"Attachments": []}) == worn_by({}) == ""


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (["vol-s"], r"vol-s \(scratch\) is still there"),
        (["vol-r"], r"vol-r \(root\) is still there"),
        (["vol-s", "vol-r"], r"vol-s \(scratch\) and vol-r \(root\) are still there"),
    ],
)
def test_disks_that_nobody_needs(left: list[str], words: str) -> None:
    """Scratch and root go with the machine; the observations stay."""
    listed = {"instance": "i-1", "observations": "vol-o", "scratch": "vol-s", "root": "vol-r"}
    lets_go_of_the_rest(Ec2State({}, {"vol-o": {}}, {}), listed)
    state = Ec2State({}, {name: {} for name in ("vol-o", *left)}, {})
    with pytest.raises(AssertionError, match=words):
        lets_go_of_the_rest(state, listed)


def test_an_inventory_without_a_root() -> None:
    """That of a lab that was laid before."""
    lets_go_of_the_rest(Ec2State({}, {"vol-r": {}}, {}), {"scratch": "vol-s"})
