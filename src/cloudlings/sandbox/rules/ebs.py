"""EBS: what each type of volume can be, where it can be attached, and what depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloudlings.sandbox.rules.common import invalid, one
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape


@before("ec2", "DescribeSnapshots")
def owners_by_filter(given: Given) -> dict[str, Any] | None:
    """An account's own snapshots are asked for by a filter, which moto minds before it writes its answer.

    Source: EC2 API reference, DescribeSnapshots, filter owner-id. moto knows more than a thousand snapshots
    of public images, and to write them all takes half a second.
    """
    owners = given.input.get("OwnerIds", [])
    if not owners or not all(owner == "self" or owner.isdecimal() for owner in owners):
        return None
    account = given.call.account_id
    named = [account if owner == "self" else owner for owner in owners]
    asked = {key: value for key, value in given.input.items() if key != "OwnerIds"}
    return {**asked, "Filters": [*asked.get("Filters", []), {"Name": "owner-id", "Values": named}]}


@reshape("ec2", "DescribeSnapshots")
def only_the_owners_snapshots(given: Given, output: Output) -> None:
    """OwnerIds narrows the answer: ``self`` is the caller's account, ``amazon`` Amazon's public ones.

    Source: EC2 API reference, DescribeSnapshots, Owner.N. moto takes the parameter and ignores it, so an
    empty account seems to own the snapshots of every public image.
    """
    account = given.call.account_id
    wanted = {account if owner == "self" else owner for owner in given.input.get("OwnerIds", [])}
    if not wanted:
        return

    def is_asked_for(snapshot: dict[str, Any]) -> bool:
        owner = snapshot.get("OwnerId", "")
        return owner in wanted or ("amazon" in wanted and owner != account)

    output["Snapshots"] = [each for each in output.get("Snapshots", []) if is_asked_for(each)]


@dataclass(frozen=True)
class VolumeType:
    """What a type of volume can be: sizes in GiB, IOPS, IOPS a GiB; throughput in MiB/s."""

    sizes: tuple[int, int]
    iops: tuple[int, int] = (0, 0)
    ratio: int = 0
    needs_iops: bool = False
    throughput: tuple[int, int] = (0, 0)


TYPES = {
    "gp3": VolumeType((1, 65_536), (3000, 80_000), 500, throughput=(125, 2000)),
    "gp2": VolumeType((1, 16_384)),
    "io1": VolumeType((4, 16_384), (100, 64_000), 50, needs_iops=True),
    "io2": VolumeType((4, 65_536), (100, 256_000), 1000, needs_iops=True),
    "st1": VolumeType((125, 16_384)),
    "sc1": VolumeType((125, 16_384)),
    "standard": VolumeType((1, 1024)),
}


@before("ec2", "CreateVolume")
def what_a_volume_can_be(given: Given) -> Refusal | None:
    """Size, IOPS and throughput keep to the limits of the volume's type.

    Source: EBS User Guide, "Amazon EBS volume types"; EC2 API reference, CreateVolume.
    """
    asked = given.input
    if asked.get("Size") is None and not asked.get("SnapshotId"):
        message = "The request must contain the parameter size/snapshotId"
        return Refusal("MissingParameter", message)
    kind = asked.get("VolumeType", "gp2")
    if kind not in TYPES:
        return Refusal("UnknownVolumeType", f"Unknown volume type '{kind}'")
    return limits(kind, asked.get("Size"), asked.get("Iops"), asked.get("Throughput"))


def limits(kind: str, size: Any, iops: Any, throughput: Any) -> Refusal | None:
    """What AWS says to a volume of a type with these figures, any of them None."""
    known = TYPES[kind]
    if iops is not None and not known.iops[1]:
        message = f"The parameter iops is not supported for {kind} volumes."
        return Refusal("InvalidParameterCombination", message)
    if throughput is not None and not known.throughput[1]:
        message = f"The parameter throughput is not supported for {kind} volumes."
        return Refusal("InvalidParameterCombination", message)
    if iops is None and known.needs_iops:
        message = f"The parameter iops must be specified for {kind} volumes."
        return Refusal("MissingParameter", message)
    figures = (
        ("size", size, known.sizes, "GiB"),
        ("iops", iops, known.iops, ""),
        ("throughput", throughput, known.throughput, "MiB/s"),
    )
    for what, figure, (least, most), unit in figures:
        if isinstance(figure, int) and not least <= figure <= most:
            side, bound = ("low; minimum", least) if figure < least else ("high; maximum", most)
            message = f"Volume {what} of {figure}{unit} is too {side} is {bound}{unit}."
            return Refusal("InvalidParameterValue", message)
    return _ratios(kind, size, iops, throughput)


def _ratios(kind: str, size: Any, iops: Any, throughput: Any) -> Refusal | None:
    most = TYPES[kind].ratio
    # The baseline of gp3 comes with every size.
    if iops and size and most and iops > size * most and (kind != "gp3" or iops > 3000):
        message = (
            f"Iops to volume size ratio of {iops / size:f} is too high; maximum is {most:f} IOPS per GiB."
        )
        return Refusal("InvalidParameterValue", message)
    if throughput and throughput > (iops or 3000) * 0.25:
        ratio = throughput / (iops or 3000)
        message = (
            f"Throughput (MiBps) to iops ratio of {ratio:f} is too high; maximum is 0.250000 MiBps per iops."
        )
        return Refusal("InvalidParameterValue", message)
    return None


@before("ec2", "CreateVolume")
async def zone_of_a_volume(given: Given) -> Refusal | None:
    """A volume is made in a zone of the Region.

    Source: EC2 API reference, Error codes, InvalidZone.NotFound.
    """
    zone = given.input.get("AvailabilityZone")
    found = (await given.read("DescribeAvailabilityZones")).get("AvailabilityZones", [])
    if zone and found and zone not in {z["ZoneName"] for z in found}:
        return Refusal("InvalidZone.NotFound", f"The zone '{zone}' does not exist.")
    return None


@before("ec2", "CreateVolume")
async def volume_of_a_snapshot(given: Given) -> Refusal | dict[str, Any] | None:
    """A volume is no smaller than its snapshot, and encrypted when the snapshot is.

    Source: EC2 API reference, CreateVolume, Size; EBS User Guide, "Amazon EBS encryption".
    """
    asked = given.input
    if not asked.get("SnapshotId"):
        return None
    snapshot = await one(given, "DescribeSnapshots", "Snapshots", SnapshotIds=[asked["SnapshotId"]])
    if not snapshot:
        return None
    size, least = asked.get("Size"), snapshot.get("VolumeSize", 0)
    if size is not None and size < least:
        message = (
            f"Volume of {size}GiB is smaller than snapshot '{asked['SnapshotId']}', expect size >= {least}GiB"
        )
        return Refusal("InvalidParameterValue", message)
    if snapshot.get("Encrypted") and asked.get("Encrypted") is False:
        message = "The parameter encrypted is invalid: a volume from an encrypted snapshot is encrypted."
        return Refusal("InvalidParameter", message)
    if snapshot.get("Encrypted") and not asked.get("Encrypted"):
        return asked | {"Encrypted": True}
    return None


@before("ec2", "CreateVolume")
async def encryption_by_default(given: Given) -> dict[str, Any] | None:
    """With encryption by default on, every new volume is encrypted.

    Source: EBS User Guide, "Enable Amazon EBS encryption by default".
    """
    if given.input.get("Encrypted"):
        return None
    on = (await given.read("GetEbsEncryptionByDefault")).get("EbsEncryptionByDefault")
    return given.input | {"Encrypted": True} if on else None


@before("ec2", "CreateVolume")
def figures_of_its_own(given: Given) -> dict[str, Any] | None:
    """gp3 starts with 3,000 IOPS and 125 MiB/s.

    Source: EBS User Guide, "General Purpose SSD volumes"; EC2 API reference, CreateVolume.
    """
    asked = given.input
    if asked.get("VolumeType") != "gp3":
        return None
    return {"Iops": 3000, "Throughput": 125} | asked


@reshape("ec2", "CreateVolume", "DescribeVolumes")
def figures_that_are_shown(_: Given, output: Output) -> None:
    """gp2 shows three IOPS a GiB, from 100 to 16,000; gp3 its baseline.

    Source: EBS User Guide, "General Purpose SSD volumes".
    """
    for volume in output.get("Volumes", [output]):
        kind, size = volume.get("VolumeType"), volume.get("Size")
        if kind == "gp2" and isinstance(size, int):
            volume["Iops"] = min(max(100, 3 * size), 16_000)
        elif kind == "gp3":
            volume["Iops"] = volume.get("Iops") or 3000
            volume["Throughput"] = volume.get("Throughput") or 125
        if "Encrypted" not in volume and "VolumeId" in volume:
            volume["Encrypted"] = False


@before("ec2", "ModifyVolume")
async def volume_that_changes(given: Given) -> Refusal | None:
    """A volume grows and never shrinks; its figures keep to its type.

    Source: EBS User Guide, "Requirements for Amazon EBS volume modifications"; "Amazon EBS volume types".
    """
    asked = given.input
    volume = await one(given, "DescribeVolumes", "Volumes", VolumeIds=[asked.get("VolumeId", "")])
    size, kind = asked.get("Size"), asked.get("VolumeType", volume.get("VolumeType", "gp2"))
    if volume and size is not None and size < volume["Size"]:
        return Refusal("InvalidParameterValue", "New size cannot be smaller than existing size")
    if kind not in TYPES:
        return Refusal("UnknownVolumeType", f"Unknown volume type '{kind}'")
    iops, throughput = asked.get("Iops"), asked.get("Throughput")
    if not volume or (iops is None and TYPES[kind].needs_iops and volume.get("Iops")):
        return None
    return limits(kind, size or volume["Size"], iops, throughput)


@before("ec2", "AttachVolume")
async def volume_that_can_be_attached(given: Given) -> Refusal | None:
    """A volume is attached in its own zone, to one instance, under a device name that is free.

    Source: EC2 API reference, AttachVolume; Error codes, InvalidVolume.ZoneMismatch and VolumeInUse.
    """
    asked = given.input
    volume = await one(given, "DescribeVolumes", "Volumes", VolumeIds=[asked.get("VolumeId", "")])
    found = await one(given, "DescribeInstances", "Reservations", InstanceIds=[asked.get("InstanceId", "")])
    if not volume or not found:
        return None
    instance = found["Instances"][0]
    zone, state = instance["Placement"]["AvailabilityZone"], instance["State"]["Name"]
    if state not in ("running", "stopped"):
        message = f"Instance '{instance['InstanceId']}' is not 'running'."
        return Refusal("IncorrectState", message)
    if volume["State"] == "in-use" or volume.get("Attachments"):
        message = f"{volume['VolumeId']} is already attached to an instance"
        return Refusal("VolumeInUse", message)
    if volume["AvailabilityZone"] != zone:
        message = f"The volume '{volume['VolumeId']}' is not in the same availability zone as instance "
        return Refusal("InvalidVolume.ZoneMismatch", f"{message}'{instance['InstanceId']}'")
    device = asked.get("Device")
    if device in {disk["DeviceName"] for disk in instance.get("BlockDeviceMappings", [])}:
        message = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        return Refusal("InvalidParameterValue", message)
    return None


@before("ec2", "DetachVolume")
async def volume_that_is_attached(given: Given) -> Refusal | None:
    """Only an attached volume is detached.

    Source: EC2 API reference, Error codes, IncorrectState.
    """
    name = given.input.get("VolumeId", "")
    volume = await one(given, "DescribeVolumes", "Volumes", VolumeIds=[name])
    if volume and not volume.get("Attachments"):
        return Refusal("IncorrectState", f"Volume '{name}' is in the 'available' state.")
    return None


@before("ec2", "DeleteVolume")
async def attached_volume_stays(given: Given) -> Refusal | None:
    """An attached volume is not deleted.

    Source: EC2 API reference, DeleteVolume: the volume must be in the available state.
    """
    name = given.input.get("VolumeId", "")
    volume = await one(given, "DescribeVolumes", "Volumes", VolumeIds=[name])
    for link in volume.get("Attachments", []):
        return Refusal("VolumeInUse", f"Volume {name} is currently attached to {link.get('InstanceId')}")
    return None


@before("ec2", "DeleteSnapshot")
async def snapshot_of_an_image(given: Given) -> Refusal | None:
    """A snapshot that a registered image is made of stays.

    Source: EC2 API reference, DeleteSnapshot; Error codes, InvalidSnapshot.InUse.
    """
    name = given.input.get("SnapshotId", "")
    for image in (await given.read("DescribeImages", Owners=["self"])).get("Images", []):
        disks = [disk.get("Ebs", {}).get("SnapshotId") for disk in image.get("BlockDeviceMappings", [])]
        if name in disks:
            message = f"The snapshot {name} is currently in use by {image['ImageId']}"
            return Refusal("InvalidSnapshot.InUse", message)
    return None


@before("ec2", "CreateTags")
def tags_of_ones_own(given: Given) -> Refusal | None:
    """A tag's key is at most 127 characters here and does not begin with aws:; a resource has 50 at most.

    Source: EC2 User Guide, "Tag restrictions"; Error codes, TagLimitExceeded.
    """
    tags = given.input.get("Tags", [])
    if len(tags) > 50:
        return Refusal("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return bad_tag(tags)


def bad_tag(tags: list[dict[str, Any]]) -> Refusal | None:
    """What AWS says to tags that it does not take."""
    for tag in tags:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if key.lower().startswith("aws:"):
            message = "Tag keys starting with 'aws:' are reserved for internal use"
            return Refusal("InvalidParameterValue", message)
        if len(key) > 128:
            return invalid(key, "tagKey", "Tag key exceeds the maximum length of 128 characters")
        if len(value) > 256:
            return invalid(value, "tagValue", "Tag value exceeds the maximum length of 256 characters")
    return None
