"""Instances and images: what can be launched, and in which state what can be done."""

from __future__ import annotations

import base64
import re
from typing import Any

from cloudlings.sandbox.rules.common import one
from cloudlings.sandbox.rules.ebs import bad_tag
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

_IMAGE = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
_INSTANCE = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")
_NAME = re.compile(r"[\w()\[\] ./\-'@]{3,128}", re.ASCII)
LARGEST_USER_DATA = 16_384


def _template(given: Given) -> dict[str, Any]:
    found: dict[str, Any] = given.input.get("LaunchTemplate") or {}
    return found


async def _launched(given: Given) -> dict[str, Any]:
    """What a launch asks for: the request's own words above its template's."""
    asked, template = given.input, _template(given)
    if not template:
        return asked
    named = {k: v for k, v in template.items() if k in ("LaunchTemplateId", "LaunchTemplateName")}
    version = str(template.get("Version") or "$Default")
    found = await given.read("DescribeLaunchTemplateVersions", **named, Versions=[version])
    versions = found.get("LaunchTemplateVersions") or [{}]
    said: dict[str, Any] = versions[0].get("LaunchTemplateData", {}) | asked
    return said


@before("ec2", "RunInstances")
async def image_and_type(given: Given) -> Refusal | None:
    """An instance is made from an image that there is, on a type that there is and that can run it.

    Source: EC2 API reference, Error codes, InvalidAMIID.Malformed, InvalidAMIID.NotFound; RunInstances.
    """
    asked = await _launched(given)
    image_id, kind = asked.get("ImageId"), asked.get("InstanceType", "m1.small")
    if not image_id:
        return Refusal("MissingParameter", "The request must contain the parameter ImageId")
    if not _IMAGE.fullmatch(image_id) and not image_id.startswith("resolve:ssm:"):
        return Refusal("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')
    known = await one(given, "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=[kind])
    if not known:
        return Refusal("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    image = await one(given, "DescribeImages", "Images", ImageIds=[image_id])
    if not image and not image_id.startswith("resolve:ssm:"):
        return Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if image.get("State", "available") != "available":
        return Refusal("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")
    return _architecture(known, image)


def _architecture(kind: dict[str, Any], image: dict[str, Any]) -> Refusal | None:
    takes = kind.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    has = image.get("Architecture")
    if not has or not takes or has in takes:
        return None
    message = (
        f"The architecture '{','.join(takes)}' of the specified "
        "instance type does not match the architecture "
        f"'{has}' of the specified AMI. Specify an instance type "
        "and an AMI that have matching architectures, "
        "and try again."
    )
    return Refusal("InvalidParameterValue", message)


@before("ec2", "RunInstances")
async def numbers_and_data(given: Given) -> Refusal | None:
    """MinCount is at least 1 and at most MaxCount; user data is at most 16 KB before it is encoded.

    Source: EC2 API reference, RunInstances, MinCount, MaxCount, UserData; Tag restrictions.
    """
    asked = await _launched(given)
    least, most = asked.get("MinCount", 1), asked.get("MaxCount", 1)
    if not 1 <= least <= most:
        message = f"Value ({most}) for parameter maxCount is invalid. It must be at least minCount ({least})."
        return Refusal("InvalidParameterValue", message)
    if _size_of(asked.get("UserData") or "") > LARGEST_USER_DATA:
        return Refusal("InvalidParameterValue", f"User data is limited to {LARGEST_USER_DATA} bytes")
    for specification in asked.get("TagSpecifications", []):
        refusal = bad_tag(specification.get("Tags", []))
        if refusal is not None:
            return refusal
    return None


def _size_of(encoded: str) -> int:
    try:
        return len(base64.b64decode(encoded, validate=True))
    except ValueError:
        return len(encoded)


@before("ec2", "RunInstances")
async def as_many_as_can_be(given: Given) -> dict[str, Any] | None:
    """A launch makes MaxCount instances where there is room for them, and here there is; moto makes MinCount.

    Source: EC2 API reference, RunInstances, MaxCount.
    """
    most = given.input.get("MaxCount", 1)
    return None if given.input.get("MinCount", 1) == most else given.input | {"MinCount": most}


@before("ec2", "RunInstances")
async def things_that_a_launch_names(given: Given) -> Refusal | None:
    """Key pair and instance profile are there, and the groups are of the subnet's VPC.

    Source: EC2 API reference, Error codes, InvalidKeyPair.NotFound, InvalidParameter; RunInstances.
    """
    asked = await _launched(given)
    key = asked.get("KeyName")
    if key and not (await given.read("DescribeKeyPairs", KeyNames=[key])).get("KeyPairs"):
        return Refusal("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    profile = (asked.get("IamInstanceProfile") or {}).get("Name")
    if profile and not await given.read("GetInstanceProfile", "iam", InstanceProfileName=profile):
        message = (
            f"Value ({profile}) for parameter iamInstanceProfile.name "
            "is invalid. Invalid IAM Instance Profile name"
        )
        return Refusal("InvalidParameterValue", message)
    return await _groups_elsewhere(given, asked)


async def _groups_elsewhere(given: Given, asked: dict[str, Any]) -> Refusal | None:
    cards = [(asked.get("SubnetId"), asked.get("SecurityGroupIds", []))]
    cards += [(card.get("SubnetId"), card.get("Groups", [])) for card in asked.get("NetworkInterfaces", [])]
    for subnet, groups in cards:
        if not subnet or not groups:
            continue
        place = await one(given, "DescribeSubnets", "Subnets", SubnetIds=[subnet])
        for name in groups:
            group = await one(given, "DescribeSecurityGroups", "SecurityGroups", GroupIds=[name])
            if not group:
                return Refusal("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
            if place and group["VpcId"] != place["VpcId"]:
                message = f"Security group {name} and subnet {subnet} belong to different networks."
                return Refusal("InvalidParameter", message)
    return None


@before("ec2", "RunInstances")
async def disks_of_a_launch(given: Given) -> Refusal | None:
    """A disk keeps to its type's limits, and the root one is no smaller than the image's snapshot.

    Source: EC2 API reference, InvalidBlockDeviceMapping; EBS User Guide, "Amazon EBS volume types".
    """
    from cloudlings.sandbox.rules.ebs import TYPES, limits

    asked = await _launched(given)
    image = await one(given, "DescribeImages", "Images", ImageIds=[asked.get("ImageId", "")])
    sizes = {
        d.get("DeviceName"): d.get("Ebs", {}).get("VolumeSize", 0)
        for d in image.get("BlockDeviceMappings", [])
    }
    for disk in asked.get("BlockDeviceMappings", []):
        ebs = disk.get("Ebs") or {}
        size, kind = ebs.get("VolumeSize"), ebs.get("VolumeType", "gp2")
        least = sizes.get(disk.get("DeviceName"), 0)
        if size is not None and size < least:
            message = f"Volume of size {size}GB is smaller than snapshot, expect size >= {least}GB"
            return Refusal("InvalidBlockDeviceMapping", message)
        if kind in TYPES:
            refusal = limits(kind, size or least or 8, ebs.get("Iops"), ebs.get("Throughput"))
            if refusal is not None:
                return refusal
    return None


@before("ec2", "RunInstances")
async def what_the_template_says(given: Given) -> dict[str, Any] | None:
    """What a launch template says counts where the request says nothing.

    Source: EC2 User Guide, "Launch instances with parameters from a launch template"; RunInstances.
    """
    template = _template(given)
    if not template:
        return None
    merged = await _launched(given)
    known = ("MetadataOptions", "IamInstanceProfile", "Monitoring", "UserData", "BlockDeviceMappings",
             "KeyName", "EbsOptimized", "SecurityGroupIds", "NetworkInterfaces",
             "DisableApiTermination", "TagSpecifications")  # fmt: skip
    added = {name: merged[name] for name in known if name in merged and name not in given.input}
    return given.input | added if added else None


@before("ec2", "RunInstances")
async def same_token_same_instances(given: Given) -> Any:
    """A launch with a client token that was used before launches nothing more.

    Source: EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests"; RunInstances, ClientToken.
    """
    token = given.input.get("ClientToken")
    if not token:
        return None
    found = await given.read("DescribeInstances")
    for group in found.get("Reservations", []):
        if all(each.get("ClientToken") == token for each in group["Instances"]):
            return _as_launched(group)
    return None


def _as_launched(group: dict[str, Any]) -> Any:
    from cloudlings.sandbox import shapes
    from cloudlings.sandbox.model import Response

    empty = Response(200, (("content-type", "text/xml;charset=UTF-8"),), b"<none/>")
    return shapes.write_output("ec2", "RunInstances", empty, group)


@reshape("ec2", "RunInstances")
async def protected_from_the_start(given: Given, output: Output) -> None:
    """An instance can be protected from termination when it is launched.

    Source: EC2 API reference, RunInstances, DisableApiTermination and DisableApiStop.
    """
    asked = await _launched(given)
    for name in ("DisableApiTermination", "DisableApiStop"):
        for instance in output.get("Instances", []) if asked.get(name) else []:
            setting: dict[str, Any] = {name: {"Value": True}}
            await given.write("ModifyInstanceAttribute", InstanceId=instance["InstanceId"], **setting)


@before("ec2", "StartInstances", "StopInstances", "RebootInstances")
async def state_that_allows_it(given: Given) -> Refusal | None:
    """A terminated instance neither starts nor stops nor reboots; a protected one does not stop.

    Source: EC2 User Guide, "Instance lifecycle", "Enable stop protection"; Error codes,
    IncorrectInstanceState and OperationNotPermitted.
    """
    verb = {"StartInstances": "started", "StopInstances": "stopped"}.get(given.call.operation, "rebooted")
    for name in given.input.get("InstanceIds", []):
        state = await _state(given, name)
        if state in ("terminated", "shutting-down"):
            message = f"This instance '{name}' is not in a state from which it can be {verb}."
            return Refusal("IncorrectInstanceState", message)
        if verb == "stopped" and await _is_protected(given, name, "disableApiStop"):
            message = (
                f"The instance '{name}' may not be stopped. Modify its 'disableApiStop' instance attribute "
            )
            return Refusal("OperationNotPermitted", f"{message}and try again.")
    return None


async def _state(given: Given, name: str) -> str:
    found = await one(given, "DescribeInstances", "Reservations", InstanceIds=[name])
    instances = found.get("Instances") or [{}]
    return str(instances[0].get("State", {}).get("Name", ""))


async def _is_protected(given: Given, name: str, attribute: str) -> bool:
    found = await given.read("DescribeInstanceAttribute", InstanceId=name, Attribute=attribute)
    member = attribute[0].upper() + attribute[1:]
    return bool(found.get(member, {}).get("Value"))


@before("ec2", "TerminateInstances")
async def termination_protection(given: Given) -> Refusal | None:
    """A protected instance is not terminated.

    Source: EC2 User Guide, "Change instance termination protection"; Error codes, OperationNotPermitted.
    """
    for name in given.input.get("InstanceIds", []):
        if await _is_protected(given, name, "disableApiTermination"):
            message = (
                f"The instance '{name}' may not be terminated. Modify its 'disableApiTermination' instance "
                "attribute and try again."
            )
            return Refusal("OperationNotPermitted", message)
    return None


@before("ec2", "ModifyInstanceAttribute")
async def stopped_before_it_changes(given: Given) -> Refusal | None:
    """An instance's type and user data change while it is stopped, to a type that there is.

    Source: EC2 User Guide, "Change the instance type"; Error codes, IncorrectInstanceState.
    """
    asked = given.input
    wanted = (asked.get("InstanceType") or {}).get("Value")
    if asked.get("Attribute") == "instanceType":
        wanted = asked.get("Value")
    if wanted is None and not asked.get("UserData"):
        return None
    name = asked.get("InstanceId", "")
    state = await _state(given, name)
    if state and state != "stopped":
        return Refusal("IncorrectInstanceState", f"The instance '{name}' is not in the 'stopped' state.")
    if wanted is not None:
        known = await one(given, "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=[wanted])
        if not known:
            return Refusal("InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType.")
    return None


@before(
    "ec2", "DescribeInstances", "TerminateInstances", "StartInstances", "StopInstances", "RebootInstances"
)
def id_of_an_instance(given: Given) -> Refusal | None:
    """An instance's id looks like one.

    Source: EC2 API reference, Error codes, InvalidInstanceID.Malformed.
    """
    for name in given.input.get("InstanceIds", []):
        if not _INSTANCE.fullmatch(name):
            return Refusal("InvalidInstanceID.Malformed", f'Invalid id: "{name}"')
    return None


@before("ec2", "CreateImage", "RegisterImage", "CopyImage")
async def name_of_an_image(given: Given) -> Refusal | None:
    """An image's name has 3 to 128 of AWS's characters, and no other image of the account has it.

    Source: EC2 API reference, CreateImage, Name; Error codes, InvalidAMIName.Malformed and .Duplicate.
    """
    name = given.input.get("Name", "")
    if not _NAME.fullmatch(name):
        message = (
            "AMI names must be between 3 and 128 characters long, "
            "and may contain letters, numbers, '(', ')', "
            "'.', '-', '/' and '_'"
        )
        return Refusal("InvalidAMIName.Malformed", message)
    for image in (await given.read("DescribeImages", Owners=["self"])).get("Images", []):
        if image.get("Name") == name:
            message = f"AMI name {name} is already in use by AMI {image['ImageId']}"
            return Refusal("InvalidAMIName.Duplicate", message)
    return None


@before("ec2", "DeleteNetworkInterface")
async def interface_in_use(given: Given) -> Refusal | None:
    """An attached interface is detached before it is deleted.

    Source: EC2 API reference, DeleteNetworkInterface; Error codes, InvalidNetworkInterface.InUse.
    """
    name = given.input.get("NetworkInterfaceId", "")
    card = await one(given, "DescribeNetworkInterfaces", "NetworkInterfaces", NetworkInterfaceIds=[name])
    if (card.get("Attachment") or {}).get("InstanceId") or card.get("RequesterManaged"):
        message = f"Network interface '{name}' is currently in use."
        return Refusal("InvalidNetworkInterface.InUse", message)
    return None


@reshape("ec2", "DescribeInstances", "RunInstances")
def groups_and_disks_that_are_there(_: Given, output: Output) -> None:
    """An instance has the groups of its first interface; a terminated one has no addresses.

    Source: EC2 API reference, Instance, SecurityGroups; EC2 User Guide, "Instance lifecycle".
    """
    for group in output.get("Reservations", [output]):
        for instance in group.get("Instances", []):
            cards = instance.get("NetworkInterfaces", [])
            if cards and not instance.get("SecurityGroups"):
                instance["SecurityGroups"] = cards[0].get("Groups", [])
            for disk in instance.get("BlockDeviceMappings", []):
                # moto takes every root disk for /dev/sda1.
                if disk["DeviceName"] == "/dev/sda1" and len(instance["BlockDeviceMappings"]) == 1:
                    disk["DeviceName"] = instance.get("RootDeviceName") or "/dev/sda1"
            if instance.get("State", {}).get("Name") == "terminated":
                for member in ("PublicIpAddress", "PrivateIpAddress", "SubnetId", "VpcId"):
                    instance.pop(member, None)
                instance |= {"PublicDnsName": "", "PrivateDnsName": "", "NetworkInterfaces": []}
                instance |= {"SecurityGroups": [], "BlockDeviceMappings": []}
