"""The policies of the live accounts, kept until something is written that may change one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from cloudlings.errors import PolicyDocumentError
from cloudlings.iam.documents import parse
from cloudlings.iam.request import Grant, Levels, Policies, Principal
from cloudlings.iam.statements import Policy
from cloudlings.sandbox.authorization import managed
from cloudlings.sandbox.authorization.source import Facts, Source
from cloudlings.sandbox.model import Call

# Writes that change no policy, no tag that a policy may mind, and nobody's identity: a service's data only.
# Everything else that is no read makes the gateway look again.
HARMLESS: Final[frozenset[tuple[str, str]]] = frozenset(
    (service, operation)
    for service, operations in {
        "s3": "PutObject DeleteObject DeleteObjects CopyObject CreateMultipartUpload UploadPart "
        "UploadPartCopy CompleteMultipartUpload AbortMultipartUpload RestoreObject PostObject "
        "PreflightObject RenameObject",
        "sqs": "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch "
        "ChangeMessageVisibility ChangeMessageVisibilityBatch PurgeQueue",
        "sns": "Publish PublishBatch",
        "dynamodb": "PutItem UpdateItem DeleteItem BatchWriteItem TransactWriteItems TransactGetItems "
        "ExecuteStatement BatchExecuteStatement ExecuteTransaction",
        "kms": "Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateRandom "
        "Sign Verify GenerateMac VerifyMac GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext",
        "logs": "PutLogEvents StartQuery StopQuery CreateLogStream",
        "cloudwatch": "PutMetricData SetAlarmState",
        "kinesis": "PutRecord PutRecords",
        "firehose": "PutRecord PutRecordBatch",
        "events": "PutEvents",
        "xray": "PutTraceSegments PutTelemetryRecords",
        "sts": "AssumeRole AssumeRoleWithWebIdentity AssumeRoleWithSAML DecodeAuthorizationMessage",
        "cognito-idp": "InitiateAuth RespondToAuthChallenge",
    }.items()
    for operation in operations.split()
)  # fmt: skip
# Emulators go on working after they have answered these, past the gateway: for so long, in seconds, policies
# are read anew for every request.
_WORKS_ON: Final = {"stepfunctions": 30.0}
# Writes of these services change what is known of their own resources only: of nobody's policies, and of no
# other service's resources.
_CHANGES_ITS_OWN: Final = {"ec2": "arn:aws:ec2:"}
_LONGEST = 10_000
# Every ciphertext is another.
_NEVER_KEPT = "kms-ciphertext:"


@dataclass(frozen=True)
class Documents:
    """A principal with the policies that are its own, as ``decide`` takes them.

    ``mentions`` is all their text in lower case: what no policy mentions need not be found out.
    """

    principal: Principal
    policies: Policies
    facts: Facts
    mentions: str


class Account:
    """Principals and resources by key and ARN. One for all accounts: policies reach across them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._principals: dict[str, Documents] = {}
        self._resources: dict[tuple[str, str, str], Facts] = {}
        self._generation = 0
        self._fresh_until = 0.0

    def forget(self) -> None:
        """Look everything up anew."""
        self._generation += 1
        self._principals.clear()
        self._resources.clear()

    def _forget_resources(self, prefix: str) -> None:
        self._generation += 1
        self._resources = {
            key: known for key, known in self._resources.items() if key[0][: len(prefix)] != prefix
        }

    def observe(self, call: Call) -> None:
        """Forget what a request that was answered may have changed."""
        if call.reads or (call.service, call.operation) in HARMLESS:
            return
        if call.service in _CHANGES_ITS_OWN:
            self._forget_resources(_CHANGES_ITS_OWN[call.service])
            return
        self.forget()
        works_on = _WORKS_ON.get(call.service)
        if works_on:
            self._fresh_until = time.monotonic() + works_on

    async def principal(self, access_key_id: str) -> Documents | None:
        """Whoever a key stands for."""
        known = self._principals.get(access_key_id)
        if known is not None and not self._is_changing():
            return known
        generation = self._generation
        facts = await self._source.principal(access_key_id)
        if facts is None:
            return None
        found = documents_of(facts)
        if generation == self._generation:
            self._principals[access_key_id] = found
        return found

    async def resource(self, arn: str, account_id: str, region: str) -> Facts:
        """What is known of a resource."""
        key = (arn, account_id, region)
        known = self._resources.get(key)
        if known is not None and not self._is_changing():
            return known
        generation = self._generation
        found = await self._source.resource(arn, account_id, region)
        if generation == self._generation:
            if len(self._resources) >= _LONGEST:
                self._resources.clear()
            if not arn.startswith(_NEVER_KEPT):
                self._resources[key] = found
        return found

    async def object(self, bucket: str, key: str, version: str) -> Facts:
        """An S3 object, as it is now."""
        return await self._source.object(bucket, key, version)

    def _is_changing(self) -> bool:
        return time.monotonic() < self._fresh_until


def documents_of(facts: Facts) -> Documents:
    """A principal's policies, parsed. PolicyError for a document that cannot be read: it decides nothing."""
    principal = Principal(
        facts["type"],
        facts["arn"],
        role_arn=facts["role_arn"],
        user_arn=facts["user_arn"],
        id=facts["id"],
        canonical_id=facts["canonical_id"],
    )
    if facts["type"] == "root":
        return Documents(principal, Policies(scp=_scp(facts["scp"])), facts, "")
    session = facts["session"]
    policies = Policies(
        identity=_parsed(facts["identity"]),
        groups=_parsed(facts["groups"]),
        boundary=next(iter(_parsed([facts["boundary"]])), None) if facts["boundary"] else None,
        session=_parsed(session) if session is not None else (),
        scp=_scp(facts["scp"]),
    )
    every = (*facts["identity"], *facts["groups"], *(session or ()), *filter(None, [facts["boundary"]]))
    texts = [_text(*pair) for pair in (*every, *(pair for level in facts["scp"] for pair in level))]
    return Documents(principal, policies, facts, "\n".join(filter(None, texts)).lower())


_FULL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def levels_of(levels: Iterable[Any]) -> Levels:
    """The policies of an organization's levels, parsed."""
    return tuple(_parsed(level) for level in levels)


def _scp(levels: Iterable[Any]) -> Levels:
    # AWS attaches FullAWSAccess to every new root, unit and account, and the last SCP cannot be detached.
    return levels_of(level or [["FullAWSAccess", _FULL]] for level in levels)


def _parsed(pairs: Iterable[Any]) -> tuple[Policy, ...]:
    found = []
    for label, document in pairs:
        text = _text(label, document)
        if text is None:
            # Attached, and its words are not known: that it allows nothing is the safe reading, and it is
            # told.
            raise PolicyDocumentError(
                f"The document of {label} is not known to this sandbox.",
                next_step="Attach a policy of your own with the same statements.",
            )
        found.append(parse_text(text, str(label).rpartition("/")[2]))
    return tuple(found)


def _text(label: str, document: Any) -> str | None:
    if managed.is_aws_managed(label):
        return managed.document_of(label) or _as_text(document)
    return _as_text(document)


def _as_text(document: Any) -> str | None:
    if document is None or document == "":
        return None
    if not isinstance(document, str):
        return json.dumps(document)
    return unquote(document) if document.lstrip().startswith("%") else document


@lru_cache(maxsize=4096)
def parse_text(text: str, label: str) -> Policy:
    """A policy from its text, parsed once."""
    return parse(text, label)


def resource_policy(facts: Facts, label: str) -> tuple[Policy | None, str]:
    """The policy of a resource, and its text in lower case."""
    text = _as_text(facts.get("policy"))
    if text is None:
        return None, ""
    document = json.loads(text) if text.lstrip().startswith("{") else None
    if isinstance(document, dict) and not document.get("Statement"):
        return None, ""
    return parse_text(text, label), text.lower()


def grants_of(facts: Facts) -> tuple[Grant, ...]:
    """The grants on a KMS key."""
    return tuple(Grant.read(one) for one in facts.get("grants") or ())
