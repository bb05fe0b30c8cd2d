"""What a bucket's policy and default encryption must hold, proven over all requests to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, decided_by, deny, document, first_example, sentence
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, prove

ANY_S3 = document(allow("s3:*", "*"))
SSE = "s3:x-amz-server-side-encryption"
KMS_KINDS = ("aws:kms", "aws:kms:dsse")
SSE_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def key_arn(account: Account, alias: str) -> str:
    """The ARN of the key behind an alias; fails the task when there is none."""
    reply = or_none(lambda: account.client("kms").describe_key(KeyId=alias), "NotFoundException")
    assert reply is not None, Because(
        found=f"There is no key {alias} in this account any more.",
        consequence="What it has encrypted cannot be read.",
        concept="Data encrypted under a key lives as long as the key; reset_lab() lays the start state "
        "again.",
    )
    return str(reply["KeyMetadata"]["Arn"])


def default_is(default: Mapping[str, Any], key: str, bucket: str) -> None:
    """Uploads that say nothing are stored under the key, by SSE-KMS or DSSE-KMS."""
    kind, named = default.get("SSEAlgorithm", "nothing"), str(default.get("KMSMasterKeyID", ""))
    right = kind in KMS_KINDS and named in (
        key,
        key.rsplit("/", 1)[-1],
        "alias/kestrel-flights",
        _alias_arn(key),
    )
    assert right, Because(
        found=f"The default encryption of {bucket} is "
        f"{kind}{f' with {named}' if named else ', with no key named'}.",
        consequence="An upload that says nothing about encryption is stored under another key than "
        f"alias/kestrel-flights ({key}).",
        concept="The default is what S3 does for those who do not ask; a policy judges only what they ask.",
    )


def has_bucket_key(default: Mapping[str, Any], bucket: str) -> None:
    """Under SSE-KMS the bucket has a Bucket Key; S3 has none for DSSE-KMS."""
    assert default.get("BucketKeyEnabled") or default.get("SSEAlgorithm") == "aws:kms:dsse", Because(
        found=f"The default encryption of {bucket} is {default.get('SSEAlgorithm')}, without a Bucket Key.",
        consequence="S3 calls KMS for each frame that is written or read, and each call is billed.",
        concept="A Bucket Key is one that S3 takes from KMS for a while, and makes the objects' keys with.",
    )


def _alias_arn(key: str) -> str:
    return f"{key.rsplit(':', 1)[0]}:alias/kestrel-flights"


OVER_TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
OVER_PLAIN_HTTP = {"aws:SecureTransport": "false", "s3:TlsVersion": None}


def compared(granted: Policies, needed: Policies, account: Account, arn: str, **narrower: Any) -> Any:
    """The proof over requests to one bucket and its objects, as AWS sends them."""
    narrower = {"actions": ["s3:*"], **narrower}
    return prove(
        granted,
        needed,
        account=account.id,
        resources=[arn, f"{arn}/*"],
        as_aws_sends=True,
        outsiders_may=True,
        **narrower,
    )


def nobody_from_outside(found: Policies, account: Account, arn: str) -> None:
    """Nothing in the bucket policy lets in who does not belong to the account."""
    alone, own = Policies.of(resource=found.resource), {"AWS": f"arn:aws:iam::{account.id}:root"}
    ours = document(allow("s3:*", [arn, f"{arn}/*"], Principal=own))
    example = first_example(
        compared(alone, Policies.of(identity=[ANY_S3], resource=ours), account, arn, context=OVER_TLS), "over"
    )
    assert example is None, Because(
        found=f"The policy of {arn} was put to every kind of request from outside the account.",
        consequence=f"{sentence(example)}.",
        counterexample=decided_by(example),
        concept="An Allow to everyone is public, whatever its condition seems to say: headers such as "
        "Referer and User-Agent are written by the caller.",
    )


def refuses_plain_http(found: Policies, account: Account, arn: str) -> None:
    """Every request over plain HTTP is refused, to an administrator too."""
    nothing = Policies.of(identity=[ANY_S3], resource=document(deny("s3:*", [arn, f"{arn}/*"], {})))
    comparison = compared(found, nothing, account, arn, context=OVER_PLAIN_HTTP)
    example = first_example(comparison, "over")
    assert example is None, Because(
        found=f"The policy of {arn} was put to every request over plain HTTP, also from an administrator.",
        consequence=f"{sentence(example)}, and whoever is on the way reads or changes it.",
        counterexample=decided_by(example),
        concept="A statement refuses only what matches all of it: its ARNs (the bucket is one, its objects "
        "are others), its actions, and every condition in it, ANDed, with an operator that fits the key's "
        "type.",
    )


def refuses_other_keys(found: Policies, account: Account, arn: str, key: str) -> None:
    """An upload names our key, or says nothing and gets the default."""
    rule = document(
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE_KEY: key}, "Null": {SSE_KEY: "false"}}),
        deny("s3:PutObject", f"{arn}/*", {"Null": {SSE: "false", SSE_KEY: "true"}}),
    )
    needed = Policies.of(identity=[ANY_S3], resource=rule)
    comparison = compared(found, needed, account, arn, actions=["s3:PutObject"], context=OVER_TLS)
    example = first_example(comparison, "over")
    assert example is None, Because(
        found=f"The policy of {arn} was put to every way in which an upload can ask for encryption.",
        consequence=f"{sentence(example)}: the object is stored under another key than "
        "alias/kestrel-flights.",
        counterexample=decided_by(example),
        concept="Asking for AES256, for another key, and for aws:kms without a key are three different "
        "requests. Each must meet a Deny that matches it, also where a condition key is absent.",
    )


WORK = ("s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObject", "s3:PutObject")
MORE_WORK = ("s3:ListBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy")


def still_lets_work(found: Policies, account: Account, arn: str, key: str, kind: str) -> None:
    """Kestrel's own people, over TLS and with the right key, can go on working."""
    rule = document(
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE_KEY: key}}),
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE: kind}}),
    )
    needed = Policies.of(identity=[ANY_S3], resource=rule)
    comparison = compared(found, needed, account, arn, actions=[*WORK, *MORE_WORK], context=OVER_TLS)
    example = first_example(comparison, "under")
    assert example is None, Because(
        found=f"The policy of {arn} was put to ordinary work over TLS, with uploads that name "
        "alias/kestrel-flights.",
        consequence=f"{sentence(example)}. That stops Kestrel's own people.",
        counterexample=decided_by(example),
        concept="A Deny for everybody is for administrators too. Refuse what is wrong, and only that.",
    )
