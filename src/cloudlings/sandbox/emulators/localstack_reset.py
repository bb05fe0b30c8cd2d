"""Emptying one account in LocalStack by its AWS API: it has no way of its own to forget one account only.

Only services and Regions that requests through the gateway wrote to are looked at.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators.localstack_api import Api
from cloudlings.sandbox.model import Call

Found = dict[str, Any]
# What depends on other things goes once they have gone: so many rounds at most.
_ROUNDS: Final = 8
# In seconds: whoever waits for the reset waits a little longer.
_PATIENCE: Final = 80.0


class Touched:
    """Which services of which Regions were written to, by account. ``file`` None keeps it in memory."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._places: dict[str, set[tuple[str, str]]] = {}
        if file is not None and file.exists():
            known = json.loads(file.read_text())
            self._places = {a: {(s, r) for s, r in places} for a, places in known.items()}

    def of(self, account_id: str) -> set[tuple[str, str]]:
        """(boto3 service, Region) of an account."""
        return self._places.get(account_id, set())

    def add(self, call: Call) -> None:
        """Note a request that writes."""
        places = self._places.setdefault(call.account_id, set())
        made = {(call.service, call.region)}
        if call.service == "cloudformation":
            # A stack may make anything.
            made |= {(kind.service, call.region) for kind in _KINDS} | {
                ("s3", call.region),
                ("iam", call.region),
            }
        if made <= places:
            return
        places |= made
        self._write()

    def forget(self, account_id: str) -> None:
        """The account is empty."""
        if self._places.pop(account_id, None) is not None:
            self._write()

    def _write(self) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            text = json.dumps({account: sorted(places) for account, places in self._places.items()})
            draft = self._file.with_suffix(".draft")
            draft.write_text(text)
            draft.replace(self._file)


@dataclass(frozen=True)
class Kind:
    """One kind of resource: how it is listed, and how each found is deleted.

    ``where`` leads to the list in the answer; ``by`` is (parameter of the deletion, member of what was found;
    "" for what was found itself); ``many`` says that the parameter takes a list; ``more`` is said besides.
    """

    service: str
    listing: str
    where: tuple[str, ...]
    deletion: str
    by: tuple[str, str]
    many: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    asks: Mapping[str, Any] = field(default_factory=dict)
    # What is in every new account, or goes by itself: (member, pattern of its value).
    keeps: tuple[str, str] = ("", "")


_KINDS: Final = (
    Kind("cloudformation", "DescribeStacks", ("Stacks",), "DeleteStack", ("StackName", "StackName")),
    Kind("sqs", "ListQueues", ("QueueUrls",), "DeleteQueue", ("QueueUrl", "")),
    Kind("sns", "ListSubscriptions", ("Subscriptions",), "Unsubscribe",
         ("SubscriptionArn", "SubscriptionArn")),
    Kind("sns", "ListTopics", ("Topics",), "DeleteTopic", ("TopicArn", "TopicArn")),
    Kind("lambda", "ListEventSourceMappings", ("EventSourceMappings",), "DeleteEventSourceMapping",
         ("UUID", "UUID")),
    Kind("lambda", "ListFunctions", ("Functions",), "DeleteFunction", ("FunctionName", "FunctionName")),
    Kind("dynamodb", "ListTables", ("TableNames",), "DeleteTable", ("TableName", "")),
    Kind("logs", "DescribeLogGroups", ("logGroups",), "DeleteLogGroup", ("logGroupName", "logGroupName")),
    Kind("cloudwatch", "DescribeAlarms", ("MetricAlarms",), "DeleteAlarms", ("AlarmNames", "AlarmName"),
         many=True),
    Kind("scheduler", "ListSchedules", ("Schedules",), "DeleteSchedule", ("Name", "Name")),
    Kind("stepfunctions", "ListStateMachines", ("stateMachines",), "DeleteStateMachine",
         ("stateMachineArn", "stateMachineArn")),
    Kind("kms", "ListAliases", ("Aliases",), "DeleteAlias", ("AliasName", "AliasName")),
    Kind("kms", "ListKeys", ("Keys",), "ScheduleKeyDeletion", ("KeyId", "KeyId"),
         more={"PendingWindowInDays": 7}),
    Kind("secretsmanager", "ListSecrets", ("SecretList",), "DeleteSecret", ("SecretId", "ARN"),
         more={"ForceDeleteWithoutRecovery": True}),
    Kind("ssm", "DescribeParameters", ("Parameters",), "DeleteParameter", ("Name", "Name")),
    Kind("acm", "ListCertificates", ("CertificateSummaryList",), "DeleteCertificate",
         ("CertificateArn", "CertificateArn")),
    Kind("apigateway", "GetRestApis", ("items",), "DeleteRestApi", ("restApiId", "id")),
    Kind("kinesis", "ListStreams", ("StreamNames",), "DeleteStream", ("StreamName", "")),
    Kind("firehose", "ListDeliveryStreams", ("DeliveryStreamNames",), "DeleteDeliveryStream",
         ("DeliveryStreamName", "")),
    Kind("ec2", "DescribeInstances", ("Reservations", "Instances"), "TerminateInstances",
         ("InstanceIds", "InstanceId"), many=True,
         asks={"Filters": [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]}),
    Kind("ec2", "DescribeFlowLogs", ("FlowLogs",), "DeleteFlowLogs", ("FlowLogIds", "FlowLogId"), many=True),
    Kind("ec2", "DescribeNatGateways", ("NatGateways",), "DeleteNatGateway", ("NatGatewayId", "NatGatewayId"),
         keeps=("State", "deleted")),
    Kind("ec2", "DescribeVpcEndpoints", ("VpcEndpoints",), "DeleteVpcEndpoints",
         ("VpcEndpointIds", "VpcEndpointId"), many=True, keeps=("State", "deleted")),
    Kind("ec2", "DescribeVpcPeeringConnections", ("VpcPeeringConnections",), "DeleteVpcPeeringConnection",
         ("VpcPeeringConnectionId", "VpcPeeringConnectionId"), keeps=("Status.Code", "deleted")),
    Kind("ec2", "DescribeAddresses", ("Addresses",), "ReleaseAddress", ("AllocationId", "AllocationId")),
    Kind("ec2", "DescribeNetworkInterfaces", ("NetworkInterfaces",), "DeleteNetworkInterface",
         ("NetworkInterfaceId", "NetworkInterfaceId"), keeps=("Status", "in-use")),
    Kind("ec2", "DescribeVolumes", ("Volumes",), "DeleteVolume", ("VolumeId", "VolumeId")),
    Kind("ec2", "DescribeSnapshots", ("Snapshots",), "DeleteSnapshot", ("SnapshotId", "SnapshotId"),
         asks={"OwnerIds": ["self"]}, keeps=("Description", "Auto-created snapshot for AMI.*")),
    Kind("ec2", "DescribeImages", ("Images",), "DeregisterImage", ("ImageId", "ImageId"),
         asks={"Owners": ["self"]}),
    Kind("ec2", "DescribeKeyPairs", ("KeyPairs",), "DeleteKeyPair", ("KeyName", "KeyName")),
    Kind("ec2", "DescribeLaunchTemplates", ("LaunchTemplates",), "DeleteLaunchTemplate",
         ("LaunchTemplateId", "LaunchTemplateId")),
    Kind("ec2", "DescribeSecurityGroups", ("SecurityGroups",), "DeleteSecurityGroup", ("GroupId", "GroupId"),
         keeps=("GroupName", "default")),
    Kind("ec2", "DescribeSubnets", ("Subnets",), "DeleteSubnet", ("SubnetId", "SubnetId"),
         keeps=("DefaultForAz", "True")),
    Kind("ec2", "DescribeNetworkAcls", ("NetworkAcls",), "DeleteNetworkAcl", ("NetworkAclId", "NetworkAclId"),
         keeps=("IsDefault", "True")),
)  # fmt: skip


async def empty(api: Api, account_id: str, touched: Touched) -> None:
    """Delete everything in an account. Raises SandboxError that names what is still there after all tries."""
    places = touched.of(account_id)
    left: list[str] = []
    deadline = time.monotonic() + _PATIENCE
    for _ in range(_ROUNDS):
        if time.monotonic() > deadline:
            break
        left = [one async for one in _round(api, account_id, places)]
        if not left:
            touched.forget(account_id)
            return
    shown = ", ".join(left[:8])
    raise SandboxError(
        f"LocalStack did not delete everything in account {account_id}. Still there: {shown}.",
        next_step="Delete it yourself, or start LocalStack anew: it is empty then.",
    )


async def _round(api: Api, account_id: str, places: set[tuple[str, str]]) -> AsyncIterator[str]:
    """Delete what there is, once; yields what could not be deleted, or needs another look."""
    for service, region in sorted(places):
        ours = _Place(api, account_id, region, service)
        for kind in (one for one in _KINDS if one.service == service):
            async for left in ours.delete(kind):
                yield left
        special = _SPECIAL.get(service)
        if special is not None:
            async for left in special(ours):
                yield left


@dataclass(frozen=True)
class _Place:
    """One service of one account in one Region."""

    api: Api
    account_id: str
    region: str
    service: str

    async def ask(self, operation: str, **parameters: Any) -> Found | None:
        return await self.api.ask(self.account_id, self.region, self.service, operation, **parameters)

    async def delete(self, kind: Kind) -> AsyncIterator[str]:
        parameter, member = kind.by
        for one in _below(await self.ask(kind.listing, **kind.asks) or {}, kind.where):
            member_kept, pattern = kind.keeps
            if member_kept and re.fullmatch(pattern, str(_member(one, member_kept))):
                continue
            name = one[member] if member else one
            if str(name).startswith("alias/aws/") or _is_gone(one):
                continue
            said = await self.ask(kind.deletion, **{parameter: [name] if kind.many else name, **kind.more})
            if said is None and await self._is_still_there(kind, name):
                yield f"{self.service} {name}"

    async def _is_still_there(self, kind: Kind, name: Any) -> bool:
        if kind.service == "kms":
            # A key that is to be deleted stays for a week, as on AWS.
            return False
        found = _below(await self.ask(kind.listing, **kind.asks) or {}, kind.where)
        return any((one[kind.by[1]] if kind.by[1] else one) == name for one in found)


def _is_gone(one: Any) -> bool:
    return isinstance(one, dict) and one.get("StackStatus") == "DELETE_COMPLETE"


def _below(answer: Found, where: tuple[str, ...]) -> list[Any]:
    found: list[Any] = [answer]
    for step in where:
        found = [each for one in found for each in one.get(step) or ()]
    return found


def _member(one: Any, path: str) -> Any:
    for step in path.split("."):
        one = one.get(step) if isinstance(one, dict) else None
    return one


async def _s3(place: _Place) -> AsyncIterator[str]:
    listed = await place.ask("ListBuckets") or {}
    for bucket in [one["Name"] for one in listed.get("Buckets") or ()]:
        uploads = await place.ask("ListMultipartUploads", Bucket=bucket) or {}
        for one in uploads.get("Uploads") or ():
            await place.ask("AbortMultipartUpload", Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])
        versions = await place.ask("ListObjectVersions", Bucket=bucket) or {}
        for one in [*(versions.get("Versions") or ()), *(versions.get("DeleteMarkers") or ())]:
            which = {"Key": one["Key"], "VersionId": one["VersionId"]}
            if await place.ask("DeleteObject", Bucket=bucket, **which) is None:
                # Locked; a bucket without locks does not take the wish to get past them.
                await place.ask("DeleteObject", Bucket=bucket, BypassGovernanceRetention="true", **which)
        if await place.ask("DeleteBucket", Bucket=bucket) is None:
            yield f"bucket {bucket}"


async def _iam(place: _Place) -> AsyncIterator[str]:
    asked = {"Filter": ["User", "Role", "Group", "LocalManagedPolicy"]}
    every = await place.ask("GetAccountAuthorizationDetails", **asked) or {}
    profiles = (await place.ask("ListInstanceProfiles") or {}).get("InstanceProfiles") or ()
    for profile in profiles:
        which = {"InstanceProfileName": profile["InstanceProfileName"]}
        for role in profile.get("Roles") or ():
            await place.ask("RemoveRoleFromInstanceProfile", RoleName=role["RoleName"], **which)
        await place.ask("DeleteInstanceProfile", **which)
    for kind, listed in (
        ("User", "UserDetailList"),
        ("Role", "RoleDetailList"),
        ("Group", "GroupDetailList"),
    ):
        for entity in every.get(listed) or ():
            await _strip(place, kind, entity)
            if await place.ask(f"Delete{kind}", **{f"{kind}Name": entity[f"{kind}Name"]}) is None:
                yield f"{kind.lower()} {entity[f'{kind}Name']}"
    for policy in every.get("Policies") or ():
        for version in policy.get("PolicyVersionList") or ():
            if not version.get("IsDefaultVersion"):
                which = {"PolicyArn": policy["Arn"], "VersionId": version["VersionId"]}
                await place.ask("DeletePolicyVersion", **which)
        if await place.ask("DeletePolicy", PolicyArn=policy["Arn"]) is None:
            yield f"policy {policy['Arn']}"


async def _strip(place: _Place, kind: str, entity: Found) -> None:
    """Take away what stops IAM from deleting a user, role or group."""
    name = {f"{kind}Name": entity[f"{kind}Name"]}
    for one in entity.get("AttachedManagedPolicies") or ():
        await place.ask(f"Detach{kind}Policy", PolicyArn=one["PolicyArn"], **name)
    for one in entity.get(f"{kind}PolicyList") or ():
        await place.ask(f"Delete{kind}Policy", PolicyName=one["PolicyName"], **name)
    if kind == "User":
        for group in entity.get("GroupList") or ():
            await place.ask("RemoveUserFromGroup", GroupName=group, **name)
        for key in (await place.ask("ListAccessKeys", **name) or {}).get("AccessKeyMetadata") or ():
            await place.ask("DeleteAccessKey", AccessKeyId=key["AccessKeyId"], **name)
        await place.ask("DeleteLoginProfile", **name)
    if kind in ("User", "Role"):
        await place.ask(f"Delete{kind}PermissionsBoundary", **name)


async def _events(place: _Place) -> AsyncIterator[str]:
    buses = [one["Name"] for one in (await place.ask("ListEventBuses") or {}).get("EventBuses") or ()]
    for bus in buses:
        for rule in (await place.ask("ListRules", EventBusName=bus) or {}).get("Rules") or ():
            which = {"Rule": rule["Name"], "EventBusName": bus}
            targets = (await place.ask("ListTargetsByRule", **which) or {}).get("Targets") or ()
            if targets:
                await place.ask("RemoveTargets", Ids=[one["Id"] for one in targets], **which)
            if await place.ask("DeleteRule", Name=rule["Name"], EventBusName=bus) is None:
                yield f"rule {rule['Name']}"
        if bus != "default" and await place.ask("DeleteEventBus", Name=bus) is None:
            yield f"event bus {bus}"


async def _vpcs(place: _Place) -> AsyncIterator[str]:
    """Internet gateways and route tables before their VPC; the default VPC stays."""
    default = {
        one["VpcId"] for one in (await place.ask("DescribeVpcs") or {}).get("Vpcs") or () if one["IsDefault"]
    }
    for gateway in (await place.ask("DescribeInternetGateways") or {}).get("InternetGateways") or ():
        attached = [one["VpcId"] for one in gateway.get("Attachments") or ()]
        if default & set(attached):
            continue
        which = {"InternetGatewayId": gateway["InternetGatewayId"]}
        for vpc in attached:
            await place.ask("DetachInternetGateway", VpcId=vpc, **which)
        if await place.ask("DeleteInternetGateway", **which) is None:
            yield which["InternetGatewayId"]
    for table in (await place.ask("DescribeRouteTables") or {}).get("RouteTables") or ():
        associations = table.get("Associations") or ()
        if any(one.get("Main") for one in associations):
            continue
        for one in associations:
            await place.ask("DisassociateRouteTable", AssociationId=one["RouteTableAssociationId"])
        if await place.ask("DeleteRouteTable", RouteTableId=table["RouteTableId"]) is None:
            yield table["RouteTableId"]
    for vpc in (await place.ask("DescribeVpcs") or {}).get("Vpcs") or ():
        if vpc["VpcId"] not in default and await place.ask("DeleteVpc", VpcId=vpc["VpcId"]) is None:
            yield vpc["VpcId"]


_SPECIAL: Final = {"s3": _s3, "iam": _iam, "events": _events, "ec2": _vpcs}
