"""Disks that were moved to another zone: of which snapshot they were born, where they are, what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudlings.account import Account
from cloudlings.cost import volume_bill
from cloudlings.grading.disks import bill_of
from cloudlings.grading.ec2_state import Described, Ec2State, called
from cloudlings.grading.lineage import Lineage, ancestors
from cloudlings.grading.task import Because


def snapshots_of(account: Account, volume: str, lineage: Lineage) -> list[str]:
    """The ids of the snapshots that there are with a volume's data."""
    found = account.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return [each["SnapshotId"] for each in found if volume in ancestors(each["SnapshotId"], lineage)]


def born_of_snapshots(state: Ec2State, volume: str, lineage: Lineage) -> list[Described]:
    """The volumes that were made from snapshots, but for those that came with an own image; of a volume's
    data, those as well."""
    images = {
        disk.get("Ebs", {}).get("SnapshotId")
        for image in state.own_images.values()
        for disk in image.get("BlockDeviceMappings", [])
    }
    return [
        each
        for name, each in state.volumes.items()
        if each.get("SnapshotId") and (each["SnapshotId"] not in images or volume in ancestors(name, lineage))
    ]


def of_the_observations(
    born: Sequence[Described], own: Sequence[str], listed: Mapping[str, str], lineage: Lineage
) -> list[Described]:
    """Those of the volumes that are of today's observations; fails the check when none is.

    ``own`` are the snapshots of the observations, ``listed`` the archive's disks by what they are for.
    """
    right = [each for each in born if listed["observations"] in ancestors(each["VolumeId"], lineage)]
    assert right, Because(
        found=_where_from(born, own, listed, lineage),
        consequence="The analysts work with what is not there, or is a week old.",
        concept="A snapshot holds a disk as it was at its moment; a volume from it begins there.",
    )
    return right


def zone_of(account: Account, block: str) -> str:
    """The zone of the subnet with a range, "" when there is none."""
    wanted = [{"Name": "cidr-block", "Values": [block]}]
    found = account.client("ec2").describe_subnets(Filters=wanted)["Subnets"]
    return next((one["AvailabilityZone"] for one in found), "")


def of_the_zone(right: Sequence[Described], zone: str) -> list[Described]:
    """Those of the volumes that are in a zone, app_b's; fails the check when none is."""
    placed = [each for each in right if each["AvailabilityZone"] == zone]
    assert placed, Because(
        found=f"{called(right[0])} with the observations is in {right[0]['AvailabilityZone']}; app_b is in "
        f"{zone}.",
        consequence="The analysts' machine cannot have it: the call says ZoneMismatch.",
        concept="The zone of a volume is chosen when it is made, and never changes.",
    )
    return placed


def is_encrypted_gp3(volume: Described) -> None:
    """Fails the check unless a volume is encrypted, and of the type gp3."""
    assert volume["Encrypted"], Because(
        found=f"{called(volume)} in {volume['AvailabilityZone']} is not encrypted.",
        consequence="Fifteen years of observations can be read by whoever gets a snapshot of it.",
        concept="What comes from an unencrypted snapshot is unencrypted, unless a step says otherwise.",
    )
    assert volume["VolumeType"] == "gp3", Because(
        found=f"{called(volume)} is a {volume['VolumeType']}.",
        consequence=f"${bill_of(volume).usd:,.2f} a month, where a gp3 of its size is "
        f"${volume_bill('gp3', volume['Size']).usd:,.2f}.",
        concept="Without a type, the API makes the older gp2.",
    )


def _where_from(
    born: Sequence[Described], own: Sequence[str], listed: Mapping[str, str], lineage: Lineage
) -> str:
    if not born:
        return f"There is the snapshot {own[0]}, and no volume was made from a snapshot."
    one = born[0]
    line = ancestors(one["VolumeId"], lineage)
    if len(line) < 2:
        return (
            f"{called(one)} was made from {one['SnapshotId']}, which is not there any more: of which disk it "
            "was a snapshot cannot be told."
        )
    week = " That is the weekly backup." if listed["weekly_backup"] in line else ""
    return (
        f"{called(one)} was made from {one['SnapshotId']}, a snapshot of {line[-1]}.{week} The observations "
        f"of today are on {listed['observations']}."
    )
