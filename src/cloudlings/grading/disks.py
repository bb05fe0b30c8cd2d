"""What graders of disks share: what a volume gives, what it costs, whether it outlives its machine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cloudlings.cost import Estimate, volume_bill
from cloudlings.grading.answer_parts import same
from cloudlings.grading.ec2_state import Described, Ec2State, called
from cloudlings.grading.lineage import Lineage, ancestors
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown

GP3_MOST_IOPS = 80_000
"""The most IOPS that one gp3 volume can have (EBS User Guide, General Purpose SSD volumes)."""


def throughput(volume: Described) -> float:
    """MiB/s that a volume can give: its own figure, or what its type has.

    Source: EBS User Guide, "Amazon EBS volume types": io2 a quarter MiB/s for each IOPS up to 4,000; io1 up
    to 500, and above 32,000 IOPS 16 KiB/s for each; gp2 250, up to 170 GiB 128; st1 40 and sc1 12 for each
    TiB.
    """
    kind = volume["VolumeType"]
    if kind == "gp3":
        return float(volume.get("Throughput") or 125)
    iops, tib = volume.get("Iops") or 0, volume["Size"] / 1024
    most = {
        "io2": min(0.256 * iops, 4000),
        "io1": max(min(0.256 * iops, 500), min(iops / 64, 1000)),
        "gp2": 128 if volume["Size"] <= 170 else 250,
        "st1": min(40 * tib, 500),
        "sc1": min(12 * tib, 250),
    }
    return float(most.get(kind, 0))


def bill_of(volume: Described) -> Estimate:
    """What a volume costs a month, as it is described."""
    return volume_bill(
        volume["VolumeType"],
        volume["Size"],
        iops=volume.get("Iops") or 0,
        throughput=volume.get("Throughput") or 0,
    )


def made_since(state: Ec2State, ours: Collection[str], lineage: Lineage) -> list[Described]:
    """The volumes that are neither root disks nor ``ours``, which were inherited, nor copies of those."""
    roots = {state.disks(one).get(one["RootDeviceName"], {}).get("VolumeId") for one in state.alive()}
    return [
        each
        for name, each in state.volumes.items()
        if name not in roots and not set(ours) & {name, *ancestors(name, lineage)}
    ]


def worn_by(volume: Described) -> str:
    """On which machines a volume is, in words; "" when on none."""
    machines = [each["InstanceId"] for each in volume.get("Attachments", [])]
    return f" on {shown(machines)}" if machines else ""


def lets_go_of_the_rest(state: Ec2State, listed: Mapping[str, str]) -> None:
    """Fails the check when a machine is gone and its scratch or root disk is still there.

    ``listed`` are its disks by what they are for; a lab that was laid before has no root among them.
    """
    rest = {disk: listed[disk] for disk in ("scratch", "root") if disk in listed}
    left = [f"{name} ({disk})" for disk, name in rest.items() if name in state.volumes]
    assert not left, Because(
        found=f"The archive is gone, and so should its other disks be: {shown(left)} "
        f"{'is' if len(left) == 1 else 'are'} still there.",
        consequence="It costs money every month, and next year nobody dares delete it.",
        concept="Keep what is needed and let go of the rest: the flag is set for each disk.",
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


def more_for_io2(iops: int) -> float:
    """Dollars a month that an io2 volume of 800 GiB costs above a gp3 of the same IOPS."""
    return volume_bill("io2", 800, iops=iops).usd - volume_bill("gp3", 800, iops=iops).usd


def chooses_the_cheapest(said: Mapping[str, Any], key: str, iops: int, more: float) -> None:
    """Fails the check unless an answer names the cheapest type with these IOPS; ``more`` is what io2 adds."""
    right = "gp3" if iops <= GP3_MOST_IOPS else "io2"
    assert same(said.get(key), right), Because(
        found=f'"{key}" is {said.get(key)!r} for {iops:,} IOPS.',
        consequence=f"${more:,.0f} a month more are paid for the same IOPS."
        if right == "gp3"
        else "The volume cannot be made: the call is refused.",
        concept="The cheapest type that can: each has a most, and what was written about gp3 before "
        "2025 is out "
        "of date.",
    )


def copies_no_disk(state: Ec2State, collector: Described, twin: Described, lineage: Lineage) -> None:
    """Fails the check when a machine has copies of the collector's other disks, by its image or otherwise."""
    image = state.own_images[twin["ImageId"]]
    shared = {each.get("Ebs", {}).get("SnapshotId") for each in image.get("BlockDeviceMappings", [])}
    first = {each["VolumeId"] for each in state.others(collector).values()}
    copies = [
        each
        for each in state.others(twin).values()
        if each.get("SnapshotId") and (each["SnapshotId"] in shared or first & _made_of(each, lineage))
    ]
    sizes = [f"{each['VolumeId']} ({each['Size']} GiB)" for each in copies]
    assert not copies, Because(
        found=f"{called(twin)} has {shown(sizes)} beside its root disk, a copy from the image.",
        consequence=f"${sum(bill_of(each).usd for each in copies):,.0f} a month for readings that the first "
        "collector has already; each further twin as much again.",
        concept="An image holds every disk of the machine, unless its making or the launch leaves one out.",
    )


def _made_of(volume: Described, lineage: Lineage) -> set[str]:
    return set(ancestors(volume["VolumeId"], lineage))
