"""What graders of disks share: what a volume gives, what it costs, whether it outlives its machine."""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.cost import Estimate, volume_bill
from cloudlings.grading.ec2_state import Described, called
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def throughput(volume: Described) -> float:
    """MiB/s that a volume can give: its own figure, or what its type has.

    Source: EBS User Guide, "Amazon EBS volume types": io2 a quarter MiB/s for each IOPS up to 4,000, io1 up
    to 1,000, gp2 250; st1 40 and sc1 12 for each TiB.
    """
    kind = volume["VolumeType"]
    if kind == "gp3":
        return float(volume.get("Throughput") or 125)
    iops, tib = volume.get("Iops") or 0, volume["Size"] / 1024
    most = {"io2": min(0.256 * iops, 4000), "io1": min(0.256 * iops, 1000), "gp2": 250}
    return float(most.get(kind, {"st1": min(40 * tib, 500), "sc1": min(12 * tib, 250)}.get(kind, 0)))


def bill_of(volume: Described) -> Estimate:
    """What a volume costs a month, as it is described."""
    return volume_bill(
        volume["VolumeType"],
        volume["Size"],
        iops=volume.get("Iops") or 0,
        throughput=volume.get("Throughput") or 0,
    )


def within(cap: float, volumes: Sequence[Described]) -> None:
    """Fails the check when the volumes together cost more a month than was granted."""
    month = sum(bill_of(each).usd for each in volumes)
    names = [f"{each['VolumeId']} ({each['VolumeType']})" for each in volumes]
    assert month <= cap, Because(
        found=f"{shown(names)} would cost ${month:,.2f} a month; ${cap:,.0f} were granted.",
        consequence=f"${(month - cap) * 12:,.0f} a year are paid for what no test asked for.",
        concept="io1 and io2 charge every IOPS, gp3 only what is above 3,000; a disk that nobody uses is "
        "charged "
        "as well.",
    )


def outlives(instance: Described, volume: Described) -> None:
    """Fails the check when a disk would be deleted with its machine."""
    flags = {
        each["Ebs"]["VolumeId"]: each["Ebs"]["DeleteOnTermination"]
        for each in instance["BlockDeviceMappings"]
    }
    assert not flags.get(volume["VolumeId"]), Because(
        found=f"{volume['VolumeId']} has DeleteOnTermination: True on {called(instance)}.",
        consequence="The day somebody replaces the machine, the readings are gone.",
        concept="The flag belongs to the attachment, not to the disk: it is set for each device of a "
        "machine.",
    )


def lacks(volume: Described, gib: int, iops: int, mibps: int) -> str:
    """What a volume of these figures has that this one has not, in words; "" when nothing."""
    for what, has, least in (
        ("GiB", volume["Size"], gib),
        ("IOPS", volume.get("Iops") or 0, iops),
        ("MiB/s", throughput(volume), mibps),
    ):
        if has < least:
            return f"{has:,g} {what}, where {least:,} are needed"
    return ""
