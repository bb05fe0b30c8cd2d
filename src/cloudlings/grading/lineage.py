"""Where data came from: what volumes, snapshots and images were made of.

lineage = lineage_of(account, state)
"vol-observations" in ancestors("vol-copy", lineage)
"""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.account import Account
from cloudlings.grading.ec2_state import Described, Ec2State

Lineage = Mapping[str, str]
"""By the id of a volume, a snapshot or an image, the id of what it was made of."""

_MADE = {
    "CreateSnapshot": ("snapshotId", "VolumeId"),
    "CopySnapshot": ("snapshotId", "SourceSnapshotId"),
    "CreateVolume": ("volumeId", "SnapshotId"),
    "CreateImage": ("imageId", "InstanceId"),
    "CopyImage": ("imageId", "SourceImageId"),
}


def lineage_of(account: Account, state: Ec2State) -> Lineage:
    """What each volume, snapshot and image of an account was made of, as far as EC2 or the journal tells.

    The journal has the last word: a copy of a snapshot shows an arbitrary volume (EC2 API reference,
    Snapshot), and what was between may have been deleted.
    """
    own = account.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    found = {each["SnapshotId"]: str(each["VolumeId"]) for each in own}
    found |= {name: each["SnapshotId"] for name, each in state.volumes.items() if each.get("SnapshotId")}
    found |= {name: _source_of(image) for name, image in state.own_images.items()}
    for row in account.journal():
        made, of = (row.get("parameters", {}).get(each) for each in _MADE.get(row["operation"], ("", "")))
        if made and of:
            found[made] = of
    return found


def _source_of(image: Described) -> str:
    """An image's machine or image; of one that was registered, the snapshot of its root disk."""
    disks = {each["DeviceName"]: each.get("Ebs", {}) for each in image.get("BlockDeviceMappings", [])}
    root = disks.get(image.get("RootDeviceName", ""), {}).get("SnapshotId", "")
    return str(image.get("SourceInstanceId") or image.get("SourceImageId") or root)


def ancestors(thing: str, lineage: Lineage) -> list[str]:
    """What something was made of, what that was made of, and so on."""
    found: list[str] = []
    # No line is longer than all that is known, were it a ring.
    for _ in lineage:
        thing = lineage.get(thing, "")
        if not thing:
            break
        found.append(thing)
    return found
