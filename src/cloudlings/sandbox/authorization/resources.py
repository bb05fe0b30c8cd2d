"""What a need becomes once the account has told the rest: whole ARNs, keys behind aliases, roles behind
profiles.

Also the condition keys that the resource itself brings: its tags, its attributes, the partition key of an
item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cloudlings.iam.request import ContextValue
from cloudlings.sandbox.authorization.account import Account
from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.services.s3 import WRITES, headers_of, kms_need, upload_needs
from cloudlings.sandbox.authorization.source import Facts

# Services whose resources have policies of their own, or an ARN that a request tells in part: always looked
# at. Of others, only when a policy minds what the resource is like.
_ALWAYS: Final = frozenset(
    {"s3", "sqs", "sns", "lambda", "kms", "secretsmanager", "iam", "ecr", "kinesis", "events", "dynamodb",
     "cloudformation"}
)  # fmt: skip
# Reading these gives an object's bytes, so S3 needs the key that they are under.
_READS_BYTES: Final = ("s3:GetObject", "s3:GetObjectVersion")
_HEADS: Final = ("HeadObject", "PreflightObject")
# What makes or moves an alias is about the alias itself, and about its key besides.
_ON_ALIASES: Final = ("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias")
_KMS = re.compile(r"<SSEAlgorithm>\s*aws:kms(?::dsse)?\s*</SSEAlgorithm>")
_KMS_KEY = re.compile(r"<KMSMasterKeyID>\s*([^<\s]+)\s*</KMSMasterKeyID>")


@dataclass(frozen=True)
class Resource:
    """A need on a whole ARN, with what is known of the resource."""

    need: Need
    facts: Facts


class Resources:
    """The resources of one request. ``mentions`` is the text of the caller's policies, in lower case."""

    def __init__(self, asked: Asked, account: Account, mentions: str) -> None:
        self._asked, self._account, self._mentions = asked, account, mentions

    async def of(self, needs: Iterable[Need]) -> list[Resource]:
        """Every need, completed; those that an object's or a bucket's encryption adds stand last."""
        found = [one for need in needs for one in await self._completed(need)]
        return found + [one for each in found for one in await self._of_encryption(each)]

    async def _completed(self, need: Need) -> list[Resource]:
        facts = await self._facts(need)
        if need.resource.startswith("kms-"):
            # Without a key there is nothing to guard: the emulator says that there is none.
            return [self._whole(need, facts)] if facts.get("arn") else []
        if need.action == "iam:PassRole" and ":instance-profile/" in need.resource:
            passed = [replace(need, resource=role) for role in facts.get("roles") or ()]
            return [self._whole(one, await self._facts(one)) for one in passed]
        if facts.get("missing") and need.action.startswith("s3:") and need.action != "s3:CreateBucket":
            # S3 looks for the bucket before it looks at permissions.
            return []
        return [self._whole(need, facts)]

    async def _facts(self, need: Need) -> Facts:
        arn = need.resource
        if arn == "*" or (need.action in _ON_ALIASES and ":alias/" in arn and arn.startswith("arn:")):
            return {}
        service = arn.split(":", 3)[2] if arn.startswith("arn:") else "kms"
        minded = "resourcetag" in self._mentions or (f'"{service}:' in self._mentions and service == "ec2")
        if service not in _ALWAYS and not minded:
            return {}
        looked_up = arn.removeprefix("kms-key-of:")
        if service == "s3":
            looked_up = looked_up.partition("/")[0]
        return await self._account.resource(looked_up, self._asked.account, self._asked.region)

    def _whole(self, need: Need, facts: Facts) -> Resource:
        arn = facts.get("arn")
        if need.action.startswith("secretsmanager:") and not arn and need.resource.count(":") == 6:
            # AWS ends a secret's ARN with six characters of its own; no secret, no characters.
            arn = need.resource if need.resource.endswith("-??????") else f"{need.resource}-??????"
        return Resource(replace(need, resource=arn) if arn else need, facts)

    async def _of_encryption(self, one: Resource) -> list[Resource]:
        """S3 uses KMS keys as whoever reads or writes the object."""
        need, facts, asked = one.need, one.facts, self._asked
        bucket, slash, key = need.resource.removeprefix("arn:aws:s3:::").partition("/")
        if not slash or not facts.get("uses_kms"):
            return []
        if need.action in _READS_BYTES and asked.call.operation not in _HEADS:
            version = str(need.context.get("s3:versionid") or "")
            stored = (await self._account.object(bucket, key, version)).get("kms_key", "")
            needs = [kms_need(asked, "kms:Decrypt", stored, need.resource)] if stored else []
        elif need.action == "s3:PutObject" and asked.call.operation in WRITES:
            default = _default_key(facts)
            asks = "x-amz-server-side-encryption" in headers_of(asked)
            needs = list(upload_needs(asked, default, need.resource)) if default and not asks else []
        else:
            needs = []
        return [each for more in needs for each in await self._completed(more)]

    async def keys(self, one: Resource, mentions: str) -> dict[str, ContextValue]:
        """The condition keys that a resource brings. ``mentions`` is the text of every policy asked."""
        service, facts = one.need.action.partition(":")[0], one.facts
        found: dict[str, ContextValue] = dict(facts.get("keys") or {})
        for name, value in (facts.get("tags") or {}).items():
            found[f"aws:ResourceTag/{name}"] = value
            found[f"{service}:ResourceTag/{name}"] = value
        if service == "kms" and facts.get("aliases"):
            found["kms:ResourceAliases"] = facts["aliases"]
        if service == "s3" and "existingobjecttag" in mentions:
            found |= await self._of_object(one.need)
        if service == "iam" and facts.get("boundary"):
            found["iam:PermissionsBoundary"] = facts["boundary"]
        if service == "dynamodb":
            found |= _leading_keys(one)
        return found

    async def _of_object(self, need: Need) -> dict[str, ContextValue]:
        bucket, _, key = need.resource.removeprefix("arn:aws:s3:::").partition("/")
        if not key:
            return {}
        version = str(need.context.get("s3:versionid") or "")
        tags = (await self._account.object(bucket, key, version)).get("tags") or {}
        return {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}


def _default_key(facts: Facts) -> str:
    """The KMS key that a bucket encrypts with by default; "" for another way, or for S3's own key."""
    rules = str(facts.get("encryption") or "")
    found = _KMS_KEY.search(rules) if _KMS.search(rules) else None
    return found[1] if found else ""


def _leading_keys(one: Resource) -> dict[str, ContextValue]:
    """dynamodb:LeadingKeys: the values of the partition key, whose name the table knows."""
    pairs = one.need.context.get("_dynamodb:Key")
    names = one.facts.get("partition_key") or ()
    if not isinstance(pairs, list) or not names:
        return {}
    given = [str(pair).partition("=") for pair in pairs]
    values = [value for name, _, value in given if name in names]
    return {"dynamodb:LeadingKeys": values} if values else {}
