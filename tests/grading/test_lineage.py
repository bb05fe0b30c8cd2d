"""What volumes, snapshots and images were made of."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.ec2_state import Ec2State
from cloudlings.grading.lineage import ancestors, lineage_of

ROOT = {"RootDeviceName": "/dev/xvda"}
IMAGES = {
    "ami-made": {"SourceInstanceId": "i-1", "SourceImageId": "ami-amazon", **ROOT},
    "ami-copied": {"SourceImageId": "ami-made", **ROOT},
    "ami-registered": {
        **ROOT,
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-data"}},
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-root"}},
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        ],
    },
    "ami-old": {},
}
VOLUMES: dict[str, dict[str, Any]] = {
    "vol-copy": {"SnapshotId": "snap-copy"},
    "vol-empty": {"SnapshotId": ""},
    "vol-born": {},
    "vol-late": {"SnapshotId": "snap-gone"},
}


def row(operation: str, **parameters: str) -> dict[str, Any]:
    return {"operation": operation, "parameters": parameters}


class Ec2:
    """An account with two snapshots and a journal, and a client of itself."""

    def client(self, _: str) -> Ec2:
        return self

    def describe_snapshots(self, OwnerIds: list[str]) -> dict[str, Any]:  # noqa: N803
        assert OwnerIds == ["self"]
        shown = {"snap-1": "vol-1", "snap-copy": "vol-ffffffff", "snap-root": "vol-root"}
        return {"Snapshots": [{"SnapshotId": name, "VolumeId": of} for name, of in shown.items()]}

    def journal(self) -> list[dict[str, Any]]:
        return [
            {"operation": "DescribeVolumes"},
            row("CopySnapshot", SourceSnapshotId="snap-1", snapshotId="snap-copy"),
            row("CreateSnapshot", VolumeId="vol-hop", snapshotId="snap-gone"),
            row("CreateVolume", SnapshotId="snap-1", volumeId="vol-hop"),
            row("CreateVolume", volumeId="vol-empty"),
            row("CopySnapshot", SourceSnapshotId="snap-1"),
            row("CreateImage", InstanceId="i-1", imageId="ami-gone"),
            row("CopyImage", SourceImageId="ami-gone", imageId="ami-of-gone"),
        ]


LINEAGE = lineage_of(cast(Account, Ec2()), Ec2State({}, VOLUMES, IMAGES))


@pytest.mark.parametrize(
    ("thing", "line"),
    [
        ("snap-1", ["vol-1"]),
        ("vol-copy", ["snap-copy", "snap-1", "vol-1"]),
        ("vol-late", ["snap-gone", "vol-hop", "snap-1", "vol-1"]),
        ("vol-empty", []),
        ("vol-born", []),
        ("ami-made", ["i-1"]),
        ("ami-copied", ["ami-made", "i-1"]),
        ("ami-of-gone", ["ami-gone", "i-1"]),
        ("ami-registered", ["snap-root", "vol-root"]),
        ("ami-old", []),
    ],
)
def test_what_something_was_made_of(thing: str, line: list[str]) -> None:
    """Through copies, whose volume is arbitrary, and through what was deleted meanwhile."""
    assert ancestors(thing, LINEAGE) == line


def test_a_line_that_is_a_ring_ends() -> None:
    """Whatever a journal says."""
    assert ancestors("a", {"a": "b", "b": "a"}) == ["b", "a"]
