"""What LocalStack's AWS API tells about resources: policy, owner, tags, and what conditions may mind."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cloudlings.sandbox.emulators.localstack_api import Api
from cloudlings.sandbox.emulators.localstack_identities import REGION, Facts, Iam, canonical_id, pairs
from cloudlings.sandbox.model import Response

# A ciphertext of LocalStack's begins with the id of its key (localstack.services.kms.models).
_KEY_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
# LocalStack looks for a bucket in every account, whoever asks.
ROOT = "000000000000"
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "authenticated",
}


class Resources:
    """Reads resources. ``accounts`` gives the accounts in which a bucket may be."""

    def __init__(self, api: Api, iam: Iam, accounts: Callable[[], Sequence[str]]) -> None:
        self._api = api
        self._iam = iam
        self._accounts = accounts
        self._owners: dict[str, str] = {}
        self._readers: dict[str, Callable[[str, str, str], Awaitable[Facts]]] = {
            "s3": self._bucket, "sqs": self._queue, "sns": self._topic, "lambda": self._function,
            "kms": self._key, "secretsmanager": self._secret, "iam": self._identity, "events": self._bus,
            "dynamodb": self._table, "ec2": self._ec2, "cloudformation": self._stack, "ssm": self._parameter,
        }  # fmt: skip

    async def of(self, arn: str, account_id: str, region: str) -> Facts:
        """What is known of a resource, as ``Informant.ask("resource_facts")`` gives it."""
        service = arn.split(":")[2] if arn.startswith("arn:") else "kms"
        reader = self._readers.get(service)
        parts = arn.split(":")
        owner = parts[4] if len(parts) > 5 and parts[4].isdecimal() else account_id
        where = parts[3] if len(parts) > 5 and parts[3] else region
        return await reader(arn, owner, where or REGION) if reader else {"owner": owner, "tags": {}}

    # --- S3 ----------------------------------------------------------------------------------------

    async def owner(self, bucket: str) -> str:
        """The account that has a bucket; "" when nobody has it."""
        if (await self._api.answer(ROOT, REGION, "s3", "HeadBucket", Bucket=bucket)).status == 404:
            self._owners.pop(bucket, None)
            return ""
        if bucket in self._owners:
            return self._owners[bucket]
        for account_id in self._accounts():
            if await self._has(account_id, bucket):
                self._owners[bucket] = account_id
                return account_id
        return ""

    def observe(self, operation: str, account_id: str, bucket: str) -> None:
        """Note whose a bucket is that was made just now."""
        if operation == "CreateBucket":
            self._owners[bucket] = account_id
        elif operation == "DeleteBucket":
            self._owners.pop(bucket, None)

    async def _has(self, account_id: str, bucket: str) -> bool:
        found = await self._api.ask(account_id, REGION, "s3", "ListBuckets") or {}
        return any(one.get("Name") == bucket for one in found.get("Buckets") or ())

    async def _bucket(self, arn: str, account: str, region: str) -> Facts:  # noqa: ARG002
        name = arn.partition(":::")[2].partition("/")[0]
        owner = await self.owner(name)
        if not owner:
            return {"missing": True}

        async def read(operation: str) -> Response:
            return await self._api.answer(owner, REGION, "s3", operation, Bucket=name)

        policy, acl, block, controls, encryption, tags = await asyncio.gather(
            *map(read, ("GetBucketPolicy", "GetBucketAcl", "GetPublicAccessBlock",
                        "GetBucketOwnershipControls", "GetBucketEncryption", "GetBucketTagging"))
        )  # fmt: skip
        enforced = b"BucketOwnerEnforced" in controls.body
        return {
            "policy": policy.body.decode("utf-8", "replace") if policy.status == 200 else None,
            "owner": owner,
            "restricted": _is_true(block, "RestrictPublicBuckets"),
            "acl": [] if enforced else _acl(acl, owner, ignored=_is_true(block, "IgnorePublicAcls")),
            "acls": not enforced,
            "encryption": encryption.body.decode("utf-8", "replace") if encryption.status == 200 else "",
            "tags": _xml_tags(tags),
            "uses_kms": True,
        }

    async def object(self, bucket: str, key: str, version: str) -> Facts:
        """An object's KMS key, tags and ACL; {} when there is none."""
        owner = await self.owner(bucket)
        if not owner:
            return {}
        which = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}

        async def read(operation: str, **parameters: Any) -> Response:
            return await self._api.answer(owner, REGION, "s3", operation, **parameters)

        head, tags, acl, controls = await asyncio.gather(
            read("HeadObject", **which), read("GetObjectTagging", **which), read("GetObjectAcl", **which),
            read("GetBucketOwnershipControls", Bucket=bucket),
        )  # fmt: skip
        if head.status >= 300:
            return {}
        enforced = b"BucketOwnerEnforced" in controls.body
        kms = dict(head.headers).get("x-amz-server-side-encryption-aws-kms-key-id", "")
        return {
            "tags": _xml_tags(tags),
            "acl": [] if enforced else _acl(acl, owner, ignored=False),
            "kms_key": kms,
        }

    # --- what has a policy ---------------------------------------------------------------------------

    async def _queue(self, arn: str, account: str, region: str) -> Facts:
        name = arn.rpartition(":")[2]
        ask = _asker(self._api, account, region, "sqs")
        found = await ask("GetQueueUrl", QueueName=name)
        if not found:
            return {"owner": account}
        url = found["QueueUrl"]
        shown = await ask("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]) or {}
        tags = await ask("ListQueueTags", QueueUrl=url) or {}
        policy = (shown.get("Attributes") or {}).get("Policy")
        return {"owner": account, "policy": policy or None, "tags": pairs(tags.get("Tags"))}

    async def _topic(self, arn: str, account: str, region: str) -> Facts:
        ask = _asker(self._api, account, region, "sns")
        topic = ":".join(arn.split(":")[:6])
        shown = await ask("GetTopicAttributes", TopicArn=topic) or {}
        tags = await ask("ListTagsForResource", ResourceArn=topic) or {}
        policy = (shown.get("Attributes") or {}).get("Policy")
        return {"owner": account, "policy": policy or None, "tags": pairs(tags.get("Tags"))}

    async def _function(self, arn: str, account: str, region: str) -> Facts:
        ask = _asker(self._api, account, region, "lambda")
        bare = ":".join(arn.split(":")[:7])
        shown = await ask("GetPolicy", FunctionName=bare) or {}
        tags = await ask("ListTags", Resource=bare) or {}
        return {"owner": account, "policy": shown.get("Policy"), "tags": pairs(tags.get("Tags"))}

    async def _secret(self, arn: str, account: str, region: str) -> Facts:
        ask = _asker(self._api, account, region, "secretsmanager")
        name = arn.partition(":secret:")[2]
        described = await ask("DescribeSecret", SecretId=name) or await ask("DescribeSecret", SecretId=arn)
        if not described:
            return {}
        policy = await ask("GetResourcePolicy", SecretId=described["ARN"]) or {}
        return {
            "owner": account, "arn": described["ARN"], "tags": pairs(described.get("Tags")),
            "policy": policy.get("ResourcePolicy"),
        }  # fmt: skip

    async def _key(self, arn: str, account: str, region: str) -> Facts:
        name = _key_of_ciphertext(arn) if arn.startswith("kms-ciphertext:") else arn
        if name.startswith("arn:") and not name.split(":", 5)[-1].startswith(("key/", "alias/")):
            return {}
        ask = _asker(self._api, account, region, "kms")
        described = await ask("DescribeKey", KeyId=name) if name else None
        if not described:
            return {}
        meta = described["KeyMetadata"]
        which = {"KeyId": meta["KeyId"]}
        policy, grants, tags, aliases = await asyncio.gather(
            ask("GetKeyPolicy", PolicyName="default", **which), ask("ListGrants", **which),
            ask("ListResourceTags", **which), ask("ListAliases", **which),
        )  # fmt: skip
        return {
            "arn": meta["Arn"], "policy": (policy or {}).get("Policy"), "owner": account,
            "grants": (grants or {}).get("Grants") or [], "tags": pairs((tags or {}).get("Tags")),
            "aliases": [one["AliasName"] for one in (aliases or {}).get("Aliases") or ()],
        }  # fmt: skip

    async def _identity(self, arn: str, account: str, region: str) -> Facts:  # noqa: ARG002
        return await self._iam.resource(arn, account)

    async def _bus(self, arn: str, account: str, region: str) -> Facts:
        name = arn.partition(":event-bus/")[2]
        shown = await _asker(self._api, account, region, "events")("DescribeEventBus", Name=name or "default")
        return {"owner": account, "policy": (shown or {}).get("Policy") or None}

    async def _table(self, arn: str, account: str, region: str) -> Facts:
        ask = _asker(self._api, account, region, "dynamodb")
        base = arn.partition("/index/")[0].partition("/stream/")[0]
        table = (await ask("DescribeTable", TableName=base.rpartition(":table/")[2]) or {}).get("Table") or {}
        hashed = _hashed(table)
        index = arn.partition("/index/")[2]
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            for one in table.get(kind) or ():
                hashed = _hashed(one) if one.get("IndexName") == index else hashed
        policy = (await ask("GetResourcePolicy", ResourceArn=base) or {}).get("Policy") if table else None
        tags = (await ask("ListTagsOfResource", ResourceArn=base) or {}).get("Tags") if table else None
        return {"owner": account, "policy": policy, "tags": pairs(tags), "partition_key": hashed[:1]}

    # --- what has tags or attributes ---------------------------------------------------------------------

    async def _stack(self, arn: str, account: str, region: str) -> Facts:
        name = arn.partition(":stack/")[2].partition("/")[0]
        shown = await _asker(self._api, account, region, "cloudformation")("DescribeStacks", StackName=name)
        stacks = (shown or {}).get("Stacks") or ()
        return {"arn": stacks[0]["StackId"], "owner": account} if stacks else {}

    async def _parameter(self, arn: str, account: str, region: str) -> Facts:
        name = arn.partition(":parameter")[2]
        ask = _asker(self._api, account, region, "ssm")
        for tried in (name, name.removeprefix("/")):
            found = await ask("ListTagsForResource", ResourceType="Parameter", ResourceId=tried)
            if found:
                return {"owner": account, "tags": pairs(found.get("TagList"))}
        return {"owner": account, "tags": {}}

    async def _ec2(self, arn: str, account: str, region: str) -> Facts:
        kind, _, name = arn.split(":", 5)[5].partition("/")
        if name in ("", "*"):
            return {}
        ask = _asker(self._api, account, region, "ec2")
        wanted = [{"Name": "resource-id", "Values": [name]}]
        tags = await ask("DescribeTags", Filters=wanted) or {}
        found: Facts = {"tags": pairs(tags.get("Tags")), "keys": {}}
        described = _DESCRIBED.get(kind)
        if described is None:
            return found
        operation, parameter, path, keys = described
        one: Any = await ask(operation, **{parameter: [name]})
        for step in path:
            one = (one or {}).get(step) or [None]
            one = one[0]
        if not one:
            return {**found, "missing": True}
        vpc = {"ec2:Vpc": f"arn:aws:ec2:{region}:{account}:vpc/{one['VpcId']}"} if one.get("VpcId") else {}
        read = {key: _at(one, where) for key, where in keys.items()}
        found["keys"] = vpc | {key: value for key, value in read.items() if value}
        return found


# EC2's kinds of resources: how one is described, where it is in the answer, and the condition keys that
# Service Authorization Reference, "Amazon EC2", gives it.
_DESCRIBED: dict[str, tuple[str, str, tuple[str, ...], dict[str, str]]] = {
    "instance": ("DescribeInstances", "InstanceIds", ("Reservations", "Instances"), {
        "ec2:InstanceType": "InstanceType", "ec2:AvailabilityZone": "Placement.AvailabilityZone",
        "ec2:Tenancy": "Placement.Tenancy", "ec2:InstanceID": "InstanceId",
        "ec2:InstanceProfile": "IamInstanceProfile.Arn", "ec2:EbsOptimized": "EbsOptimized",
        "ec2:RootDeviceType": "RootDeviceType",
    }),
    "subnet": ("DescribeSubnets", "SubnetIds", ("Subnets",), {
        "ec2:AvailabilityZone": "AvailabilityZone", "ec2:SubnetID": "SubnetId",
    }),
    "security-group": ("DescribeSecurityGroups", "GroupIds", ("SecurityGroups",), {
        "ec2:SecurityGroupID": "GroupId",
    }),
    "route-table": ("DescribeRouteTables", "RouteTableIds", ("RouteTables",), {
        "ec2:RouteTableID": "RouteTableId",
    }),
    "volume": ("DescribeVolumes", "VolumeIds", ("Volumes",), {
        "ec2:VolumeSize": "Size", "ec2:VolumeType": "VolumeType", "ec2:VolumeID": "VolumeId",
        "ec2:Encrypted": "Encrypted", "ec2:AvailabilityZone": "AvailabilityZone",
    }),
    "image": ("DescribeImages", "ImageIds", ("Images",), {
        "ec2:ImageID": "ImageId", "ec2:Owner": "OwnerId", "ec2:RootDeviceType": "RootDeviceType",
        "ec2:Public": "Public", "ec2:ImageType": "ImageType",
    }),
    "vpc": ("DescribeVpcs", "VpcIds", ("Vpcs",), {
        "ec2:VpcID": "VpcId", "ec2:Tenancy": "InstanceTenancy",
    }),
}  # fmt: skip


def _at(one: Facts, where: str) -> str:
    value: Any = one
    for step in where.split("."):
        value = (value or {}).get(step)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _asker(
    api: Api, account: str, region: str, service: str
) -> Callable[..., Awaitable[dict[str, Any] | None]]:
    async def ask(operation: str, **parameters: Any) -> dict[str, Any] | None:
        return await api.ask(account, region, service, operation, **parameters)

    return ask


def _hashed(of: Facts) -> list[str]:
    return [key["AttributeName"] for key in of.get("KeySchema") or () if key.get("KeyType") == "HASH"]


def _key_of_ciphertext(arn: str) -> str:
    try:
        data = base64.b64decode(arn.partition(":")[2], validate=False)
    except ValueError:
        return ""
    found = _KEY_ID.match(data)
    return found[0].decode() if found else ""


def _is_true(response: Response, name: str) -> bool:
    return response.status == 200 and f"<{name}>true</{name}>".encode() in response.body.replace(
        b"True", b"true"
    )


_GRANT = re.compile(r"<Grant\b.*?</Grant>", re.DOTALL)


def _acl(response: Response, owner: str, *, ignored: bool) -> list[list[str]]:
    """[grantee, permission]: ``everyone``, ``authenticated``, or a canonical id."""
    if response.status != 200:
        return []
    found = []
    everyones = _inside(response.body.decode("utf-8", "replace"), "ID")
    for grant in _GRANT.findall(response.body.decode("utf-8", "replace")):
        permission = _inside(grant, "Permission")
        uri, identity = _inside(grant, "URI"), _inside(grant, "ID")
        if uri in _GROUPS and not ignored:
            found.append([_GROUPS[uri], permission])
        elif identity:
            found.append([canonical_id(owner) if identity == everyones else identity, permission])
    return found


def _xml_tags(response: Response) -> dict[str, str]:
    if response.status != 200:
        return {}
    text = response.body.decode("utf-8", "replace")
    return {
        _inside(tag, "Key"): _inside(tag, "Value") for tag in re.findall(r"<Tag>.*?</Tag>", text, re.DOTALL)
    }


def _inside(text: str, name: str) -> str:
    from xml.sax.saxutils import unescape

    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return unescape(found[1], {"&quot;": '"', "&apos;": "'"}) if found else ""
