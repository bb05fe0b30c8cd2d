"""EC2: requests over several resource types, tags given at creation, and the keys that a request itself
tells.

Source: EC2 User Guide, "Example policies to control access to the Amazon EC2 API" (RunInstances over its
resource types) and "Grant permission to tag resources during creation"; Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cloudlings.sandbox.authorization import common
from cloudlings.sandbox.authorization.need import Asked, Context, Need
from cloudlings.sandbox.authorization.registry import needs
from cloudlings.sandbox.authorization.services.roles import pass_role

# The beginning of an id -> the resource's type in ARNs. EC2 API reference, resource ids.
TYPES: Final[Mapping[str, str]] = {
    "i": "instance", "ami": "image", "vpc": "vpc", "subnet": "subnet", "sg": "security-group",
    "vol": "volume", "snap": "snapshot", "rtb": "route-table", "igw": "internet-gateway", "nat": "natgateway",
    "eni": "network-interface", "eipalloc": "elastic-ip", "acl": "network-acl", "vpce": "vpc-endpoint",
    "pcx": "vpc-peering-connection", "lt": "launch-template", "dopt": "dhcp-options", "fl": "vpc-flow-log",
    "tgw": "transit-gateway", "tgw-attach": "transit-gateway-attachment",
    "tgw-rtb": "transit-gateway-route-table",
    "eigw": "egress-only-internet-gateway", "pl": "prefix-list", "key": "key-pair", "cgw": "customer-gateway",
    "vgw": "vpn-gateway", "vpn": "vpn-connection", "sgr": "security-group-rule", "fleet": "fleet",
    "sfr": "spot-fleet-request", "sir": "spot-instances-request",
    "cr": "capacity-reservation", "r": "reserved-instances",
    "pg": "placement-group", "vpce-svc": "vpc-endpoint-service",
}  # fmt: skip


@needs("ec2")
def of_ec2(asked: Asked) -> Iterator[Need]:
    """An operation of EC2 by the common rule, with ec2:CreateTags where it tags what it makes."""
    shared = request_keys(asked)
    for need in common.on_named(asked, asked.call.operation):
        yield Need(need.action, need.resource, {**shared, **need.context})
    yield from _tagging(asked)
    if asked.call.operation in ("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"):
        yield from _profile(asked, asked.input.get("IamInstanceProfile"))


@needs("ec2", "RunInstances")
def run_instances(asked: Asked) -> Iterator[Need]:
    """RunInstances is asked for every kind of thing that a launch uses or makes."""
    shared, launch = request_keys(asked), _launch(asked)
    for kind, name, keys in _launched(asked, launch):
        arn = _arn(asked, kind, name)
        yield Need("ec2:RunInstances", arn, {**shared, **keys})
    yield from _tagging(asked)
    yield from _profile(asked, asked.input.get("IamInstanceProfile"))


def _launch(asked: Asked) -> Context:
    """The keys of the instance itself."""
    market = asked.input.get("InstanceMarketOptions")
    options = asked.input.get("MetadataOptions")
    placement = asked.input.get("Placement")
    found: dict[str, Any] = {
        "ec2:InstanceType": asked.text("InstanceType") or None,
        "ec2:EbsOptimized": asked.text("EbsOptimized") or "false",
        "ec2:Tenancy": _in(placement, "Tenancy") or "default",
        "ec2:AvailabilityZone": _in(placement, "AvailabilityZone") or None,
        "ec2:InstanceMarketType": _in(market, "MarketType") or "on-demand",
        "ec2:MetadataHttpTokens": _in(options, "HttpTokens") or None,
        "ec2:MetadataHttpPutResponseHopLimit": _in(options, "HttpPutResponseHopLimit") or None,
        "ec2:MetadataHttpEndpoint": _in(options, "HttpEndpoint") or None,
    }
    profile = asked.input.get("IamInstanceProfile")
    if isinstance(profile, dict):
        named = _in(profile, "Arn") or asked.arn(
            f"instance-profile/{_in(profile, 'Name')}", service="iam", region=""
        )
        found["ec2:InstanceProfile"] = named
    return {**found, "aws:RequestedRegion": asked.region}


def _launched(asked: Asked, launch: Context) -> Iterator[tuple[str, str, Context]]:
    """(type, id, keys) of each resource of a launch."""
    yield "instance", "*", launch
    image = asked.text("ImageId")
    template = asked.input.get("LaunchTemplate")
    if image or not template:
        yield "image", image or "*", {"ec2:ImageID": image or None}
    interfaces = asked.items("NetworkInterface")
    subnets = asked.texts("SubnetId") + [
        one["SubnetId"] for one in interfaces if isinstance(one.get("SubnetId"), str)
    ]
    for subnet in subnets or ["*"]:
        yield "subnet", subnet, {"ec2:SubnetID": subnet if subnet != "*" else None}
    groups = asked.texts("SecurityGroupId")
    for one in interfaces:
        given = one.get("SecurityGroupId")
        groups += [group for group in (given if isinstance(given, list) else []) if isinstance(group, str)]
    for group in groups or ["*"]:
        yield "security-group", group, {"ec2:SecurityGroupID": group if group != "*" else None}
    kept = [one["NetworkInterfaceId"] for one in interfaces if isinstance(one.get("NetworkInterfaceId"), str)]
    for interface in kept or ["*"]:
        yield "network-interface", interface, {}
    yield "volume", "*", _volume(asked)
    if asked.text("KeyName"):
        yield "key-pair", asked.text("KeyName"), {"ec2:KeyPairName": asked.text("KeyName")}
    if isinstance(template, dict):
        named = template.get("LaunchTemplateId") or "*"
        yield "launch-template", str(named), {"ec2:IsLaunchTemplateResource": "true"}


def _volume(asked: Asked) -> Context:
    for mapping in asked.items("BlockDeviceMapping"):
        disk = mapping.get("Ebs")
        if isinstance(disk, dict):
            return {
                "ec2:VolumeSize": disk.get("VolumeSize"),
                "ec2:VolumeType": disk.get("VolumeType") or "gp2",
                "ec2:Encrypted": str(disk.get("Encrypted", "false")).lower(),
            }
    return {}


@needs("ec2", "CreateTags", "DeleteTags")
def tag_by_hand(asked: Asked) -> Iterator[Need]:
    """Tagging on its own: the action on each resource named."""
    for one in asked.texts("ResourceId") or ["*"]:
        yield Need(f"ec2:{asked.call.operation}", arn_of_id(asked, one), request_keys(asked))


def _tagging(asked: Asked) -> Iterator[Need]:
    """ec2:CreateTags for tags that a creating request carries, on each type that it tags."""
    operation = asked.call.operation
    if not operation.startswith(("Create", "Run", "Allocate", "Copy", "Import", "Request", "Register")):
        return
    for one in asked.items("TagSpecification") or asked.items("TagSpecifications"):
        kind = str(one.get("ResourceType", "*"))
        tags = one.get("Tag") or one.get("Tags")
        if not isinstance(tags, list):
            continue
        pairs = {str(t.get("Key")): str(t.get("Value", "")) for t in tags if isinstance(t, dict)}
        keys: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
        keys |= {"aws:TagKeys": list(pairs), "ec2:CreateAction": operation}
        yield Need("ec2:CreateTags", _arn(asked, kind, "*"), {**request_keys(asked), **keys})


def _profile(asked: Asked, profile: Any) -> Iterator[Need]:
    """PassRole on the role of an instance profile; the account tells which role that is."""
    if not isinstance(profile, dict):
        return
    arn = _in(profile, "Arn") or asked.arn(
        f"instance-profile/{_in(profile, 'Name')}", service="iam", region=""
    )
    yield pass_role(arn, "ec2.amazonaws.com")


def request_keys(asked: Asked) -> Context:
    """Keys that every request to EC2 carries."""
    return {"ec2:Region": asked.region}


def arn_of_id(asked: Asked, name: str) -> str:
    """The ARN of whatever an id names."""
    if name == "*":
        return "*"
    beginning = name.rpartition("-")[0]
    return _arn(asked, TYPES.get(beginning, "*"), name)


def _arn(asked: Asked, kind: str, name: str) -> str:
    # Images and snapshots are written without an account; AWS's own stand under none.
    account = "" if kind in ("image", "snapshot") else asked.account
    return asked.arn(f"{kind}/{name}", service="ec2", account=account)


def _in(structure: Any, name: str) -> str:
    value = structure.get(name) if isinstance(structure, dict) else None
    return str(value) if isinstance(value, str | int) else ""
