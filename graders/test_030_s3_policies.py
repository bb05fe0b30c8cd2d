"""Graders of 030-s3-policies: what the buckets let through, what age does to objects, what is copied."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.cost import STORAGE_CLASSES, StorageProfile, cheapest, storage_bill, unfit
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.proofs import allow, decided_by, deny, document, first_example, readable, sentence
from cloudlings.grading.s3_state import (
    bucket_policy,
    default_encryption,
    head,
    lifecycle_of,
    or_none,
    public_access_block,
    region_of,
    replication_of,
    require_bucket,
    role_by_arn,
    role_policies,
    versioning,
)
from cloudlings.iam import Policies, Principal, prove
from cloudlings.models import archive, replication
from cloudlings.models.lifecycle import StoredObject, Version, problems
from cloudlings.models.plan import Difference, Plan, first_difference

ANY_S3 = document(allow("s3:*", "*"))
SSE = "s3:x-amz-server-side-encryption"
SSE_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
KMS_KINDS = ("aws:kms", "aws:kms:dsse")


def _inherited(bucket: str, condition: Mapping[str, Any] | None) -> dict[str, Any]:
    """The bucket policy that the last owner left."""
    statement: dict[str, Any] = {
        "Sid": "WebsiteRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": "2012-10-17", "Statement": [statement]}


REFERER = {"StringLike": {"aws:Referer": "https://www.kestrel-surveys.example/*"}}


FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
FLAG_MEANS = {
    "BlockPublicAcls": "anyone who may write an ACL there can make an object public",
    "IgnorePublicAcls": "an object that was made public by an ACL before stays public",
    "BlockPublicPolicy": "the next policy that allows everyone is taken without a word",
    "RestrictPublicBuckets": "a policy that allows everyone and is already there goes on working",
}


@task(
    "block-public",
    points=3,
    title="Nobody is the public",
    ref="L03-T1",
    hints=[
        "Block Public Access has four settings, and a bucket is closed when all four hold. Which of them "
        "does each of your two buckets have? get_public_access_block tells.",
        "The call is put_public_access_block; its PublicAccessBlockConfiguration replaces all four at "
        "once, and what you leave out counts as false.",
        "s3.put_public_access_block(Bucket=…, PublicAccessBlockConfiguration={the four names, each True}), "
        "once for brief.flights and once for brief.tiles.",
    ],
)
def test_block_public(account: Account, brief: Brief) -> None:
    buckets = (brief.flights, brief.tiles)
    for bucket in buckets:
        require_bucket(account, bucket)
    flags = {bucket: _flags(account, bucket) for bucket in buckets}
    not_attempted_unless(
        any(value for found in flags.values() for value in found.values()),
        f"Block Public Access is as the last owner left it on {' and '.join(buckets)}: all four settings "
        "are off.",
    )
    for bucket, found in flags.items():
        off = [name for name in FLAGS if not found[name]]
        assert not off, Because(
            found=f"Block Public Access of {bucket} was read: {', '.join(off)} "
            f"{'is' if len(off) == 1 else 'are'} off.",
            consequence=f"With {off[0]} off, {FLAG_MEANS[off[0]]}.",
            concept="Two settings refuse what is new, two disarm what is there: each covers a door of its "
            "own.",
        )


def _flags(account: Account, bucket: str) -> dict[str, bool]:
    """The four settings as they count for a bucket: its own, or the account's for all buckets."""
    own, everywhere = public_access_block(account, bucket), public_access_block(account)
    return {name: own.get(name, False) or everywhere.get(name, False) for name in FLAGS}


@task(
    "tls-only",
    points=5,
    title="TLS only, and one key",
    ref="L03-T2",
    hints=[
        "Think in requests, not in statements. Take one that must be refused, with its ARN and its "
        "conditions, and ask of each of your statements: does it match this request? Then the next: a "
        "listing over plain HTTP, an upload that names the other key, an upload with AES256.",
        "For TLS: one Deny for everybody, with Bool on aws:SecureTransport. Look at its Resource: "
        "s3:ListBucket is asked of the bucket's ARN, s3:GetObject of an object's. For the key: a second "
        "Deny, on s3:PutObject alone.",
        'Deny s3:* on [bucket, bucket/*] when Bool aws:SecureTransport is "false"; Deny s3:PutObject on '
        f"bucket/* when StringNotEquals {SSE_KEY} is the key's ARN. The default encryption: SSEAlgorithm "
        "aws:kms with KMSMasterKeyID.",
    ],
)
def test_tls_only(account: Account, brief: Brief) -> None:
    bucket = brief.flights
    require_bucket(account, bucket)
    policy = bucket_policy(account, bucket)
    default = default_encryption(account, bucket)
    untouched = policy == _inherited(bucket, REFERER) and not default.get("KMSMasterKeyID")
    not_attempted_unless(
        not (untouched and default.get("SSEAlgorithm", "AES256") == "AES256"),
        f"{bucket} still has the policy and the encryption that the last owner left.",
    )
    key = _key_arn(account, "alias/kestrel-flights")
    found = Policies.of(
        identity=[ANY_S3], resource=readable(policy, f"policy of {bucket}") if policy is not None else None
    )
    arn = f"arn:aws:s3:::{bucket}"
    _nobody_from_outside(found, account, arn)
    _refuses_plain_http(found, account, arn)
    _default_is(default, key, bucket)
    _refuses_other_keys(found, account, arn, key)
    _still_lets_work(found, account, arn, key, default["SSEAlgorithm"])


def _key_arn(account: Account, alias: str) -> str:
    reply = or_none(lambda: account.client("kms").describe_key(KeyId=alias), "NotFoundException")
    assert reply is not None, Because(
        found=f"There is no key {alias} in this account any more.",
        consequence="What it has encrypted cannot be read.",
        concept="Data encrypted under a key lives as long as the key; reset_lab() lays the start state "
        "again.",
    )
    return str(reply["KeyMetadata"]["Arn"])


def _default_is(default: Mapping[str, Any], key: str, bucket: str) -> None:
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


def _alias_arn(key: str) -> str:
    return f"{key.rsplit(':', 1)[0]}:alias/kestrel-flights"


OVER_TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
OVER_PLAIN_HTTP = {"aws:SecureTransport": "false", "s3:TlsVersion": None}


def _compared(granted: Policies, needed: Policies, account: Account, arn: str, **narrower: Any) -> Any:
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


def _nobody_from_outside(found: Policies, account: Account, arn: str) -> None:
    """Nothing in the bucket policy lets in who does not belong to the account."""
    alone, own = Policies.of(resource=found.resource), {"AWS": f"arn:aws:iam::{account.id}:root"}
    ours = document(allow("s3:*", [arn, f"{arn}/*"], Principal=own))
    example = first_example(
        _compared(alone, Policies.of(resource=ours), account, arn, context=OVER_TLS), "over"
    )
    assert example is None, Because(
        found=f"The policy of {arn} was put to every kind of request from outside the account.",
        consequence=f"{sentence(example)}.",
        counterexample=decided_by(example),
        concept="An Allow to everyone is public, whatever its condition seems to say: headers such as "
        "Referer and User-Agent are written by the caller.",
    )


def _refuses_plain_http(found: Policies, account: Account, arn: str) -> None:
    nothing = Policies.of(identity=[ANY_S3], resource=document(deny("s3:*", [arn, f"{arn}/*"], {})))
    comparison = _compared(found, nothing, account, arn, context=OVER_PLAIN_HTTP)
    example = first_example(comparison, "over")
    assert example is None, Because(
        found=f"The policy of {arn} was put to every request over plain HTTP, also from an administrator.",
        consequence=f"{sentence(example)}, and whoever is on the way reads or changes it.",
        counterexample=decided_by(example),
        concept="A statement refuses only what matches all of it: its ARNs (the bucket is one, its objects "
        "are others), its actions, and every condition in it, ANDed, with an operator that fits the key's "
        "type.",
    )


def _refuses_other_keys(found: Policies, account: Account, arn: str, key: str) -> None:
    """An upload names our key, or says nothing and gets the default."""
    rule = document(
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE_KEY: key}, "Null": {SSE_KEY: "false"}}),
        deny("s3:PutObject", f"{arn}/*", {"Null": {SSE: "false", SSE_KEY: "true"}}),
    )
    needed = Policies.of(identity=[ANY_S3], resource=rule)
    comparison = _compared(found, needed, account, arn, actions=["s3:PutObject"], context=OVER_TLS)
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


def _still_lets_work(found: Policies, account: Account, arn: str, key: str, kind: str) -> None:
    """Kestrel's own people, over TLS and with the right key, can go on working."""
    rule = document(
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE_KEY: key}}),
        deny("s3:PutObject", f"{arn}/*", {"StringNotEquals": {SSE: kind}}),
    )
    needed = Policies.of(identity=[ANY_S3], resource=rule)
    comparison = _compared(found, needed, account, arn, actions=[*WORK, *MORE_WORK], context=OVER_TLS)
    example = first_example(comparison, "under")
    assert example is None, Because(
        found=f"The policy of {arn} was put to ordinary work over TLS, with uploads that name "
        "alias/kestrel-flights.",
        consequence=f"{sentence(example)}. That stops Kestrel's own people.",
        counterexample=decided_by(example),
        concept="A Deny for everybody is for administrators too. Refuse what is wrong, and only that.",
    )


@task(
    "cloudfront-only",
    points=4,
    title="One distribution may read the tiles",
    ref="L03-T3",
    hints=[
        "Two questions decide this policy: who signs CloudFront's requests to S3, and how does S3 know for "
        "which customer's distribution they are made?",
        'The Principal is a service: {"Service": "cloudfront.amazonaws.com"}. Alone it would let every '
        "distribution of every customer in. The condition key aws:SourceArn holds the ARN of the "
        "distribution.",
        "Allow s3:GetObject on arn:aws:s3:::TILES/* to the service cloudfront.amazonaws.com when "
        "StringEquals aws:SourceArn is arn:aws:cloudfront::ACCOUNT:distribution/ID, and nothing else in "
        "the document.",
    ],
)
def test_cloudfront_only(account: Account, brief: Brief) -> None:
    bucket = brief.tiles
    require_bucket(account, bucket)
    policy = bucket_policy(account, bucket)
    not_attempted_unless(
        policy != _inherited(bucket, None), f"{bucket} still has the policy that the last owner left."
    )
    arn = f"arn:aws:s3:::{bucket}"
    distribution = f"arn:aws:cloudfront::{account.id}:distribution/{brief.distribution_id}"
    assert policy is not None, Because(
        found=f"{bucket} has no policy.",
        consequence=f"CloudFront, asking for {distribution}, is refused: the maps on the website stay white.",
        concept="Without an Allow the answer is no, for services as for people.",
    )
    found = Policies.of(resource=readable(policy, f"policy of {bucket}"))
    only = Policies.of(resource=_for_distribution(arn, distribution))
    example = first_example(_compared(found, only, account, arn, context=OVER_TLS), "over")
    assert example is None, Because(
        found=f"The policy of {bucket} was put to every request but CloudFront's s3:GetObject for "
        f"{distribution}.",
        consequence=f"{sentence(example)}.",
        counterexample=decided_by(example),
        concept=_too_open(example, distribution),
    )
    exactly = {**OVER_TLS, "aws:SourceArn": distribution, "aws:SourceAccount": account.id}
    example = first_example(_compared(found, only, account, arn, context=exactly), "under")
    assert example is None, Because(
        found=f"The policy of {bucket} was put to s3:GetObject by CloudFront for {distribution}.",
        consequence=f"{sentence(example)}: the maps on the website stay white.",
        counterexample=decided_by(example),
        concept="Objects have ARNs of their own, below the bucket's, and s3:GetObject is asked of those.",
    )


def _too_open(example: Any, distribution: str) -> str:
    """What to think about: the right distribution that may do too much, or somebody else."""
    if example and example.request.context.get("aws:SourceArn") == distribution:
        return (
            "The caller is the right one: Kestrel's own distribution. What it may do is more than reading "
            "objects: each action is a permission of its own, and a wildcard takes in many."
        )
    return (
        "The service principal says which service asks, not for whom: every customer's distribution asks "
        "under the same name. And what a header says about the caller, the caller has written."
    )


def _for_distribution(arn: str, distribution: str) -> dict[str, Any]:
    return document(
        allow(
            "s3:GetObject",
            f"{arn}/*",
            Principal={"Service": "cloudfront.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceArn": distribution}},
        )
    )


@task(
    "lifecycle",
    points=5,
    title="Let age decide",
    ref="L03-T4",
    hints=[
        "Four kinds of thing lie in this bucket: the newest version of a frame, an old version, an "
        "unfinished upload, an index file. For each, say in a sentence what shall happen, then look which "
        "action is about that kind.",
        "One rule can hold Transitions (for the newest version), NoncurrentVersionExpiration (for old "
        "ones) and AbortIncompleteMultipartUpload. Its Filter decides which keys: compare it letter by "
        "letter with a real key. A tag filter works for objects, but an unfinished upload has no tags.",
        "Status Enabled; Filter Prefix brief.raw_prefix; Transitions [Days ia_days STANDARD_IA, Days "
        "glacier_days GLACIER]; NoncurrentVersionExpiration NoncurrentDays; AbortIncompleteMultipartUpload "
        "DaysAfterInitiation. No Expiration.",
    ],
)
def test_lifecycle(account: Account, brief: Brief) -> None:
    bucket = brief.flights
    require_bucket(account, bucket)
    config = lifecycle_of(account, bucket)
    not_attempted_unless(config.get("Rules"), f"{bucket} has no lifecycle rules yet.")
    rules = config["Rules"]
    minimum = config.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    refused = problems(rules)
    assert not refused, Because(
        found=f"The rules of {bucket} were read. S3 on AWS would refuse them. {refused[0]}",
        consequence="On AWS the call fails, and the frames stay in Standard for ever.",
        concept="Some classes take nothing that is too young, and some actions do not go with some filters.",
    )
    differs = first_difference(rules, _plans(brief), versioning="Enabled", default_minimum=minimum)
    assert differs is None, _off_plan(differs, bucket)


def _plans(brief: Brief) -> Iterable[Plan]:
    """What shall become of the four kinds of thing in the bucket, frames large and small among them."""
    raw, index = {"stage": brief.raw_tag}, {"stage": "index"}
    frame = f"{brief.raw_prefix}2026-05-11/strip-02/frame-0140.tif"
    cold = ((0, "STANDARD"), (brief.ia_days + 1, "STANDARD_IA"), (brief.glacier_days + 1, "GLACIER"))
    for size in (60_000_000, 200_000):
        yield Plan("the frame", StoredObject(frame, size, raw), cold)
        yield Plan("the index file", StoredObject("index/2026-05-11.csv", size, index), ((0, "STANDARD"),))
    replaced = StoredObject(frame, 60_000_000, raw, version=Version.NONCURRENT)
    yield Plan("the old version of", replaced, ((0, "hidden"), (brief.noncurrent_days + 1, "deleted")))
    begun = StoredObject(frame, 0, version=Version.UPLOAD)
    yield Plan("the unfinished upload of", begun, ((0, "STANDARD"), (brief.abort_days + 1, "deleted")))


WHY = {
    "the frame": "Transitions and Expiration are about the newest version, and count from when it was "
    "written.",
    "the index file": "A rule takes every object that its filter lets in.",
    "the old version of": "Old versions have actions of their own, which count from when they were replaced.",
    "the unfinished upload of": "An unfinished upload is no object: it has a key, and neither tags nor "
    "versions.",
}


def _off_plan(differs: Difference | None, bucket: str) -> Because:
    assert differs is not None
    what, key = differs.plan.what, differs.plan.stored.key
    last = differs.fate.changes[-1] if differs.fate.changes else None
    return Because(
        found=f"The rules of {bucket} were played day by day. On day {differs.day}, {what} {key} is "
        f"{_in_words(differs.state)}; the plan says {_in_words(differs.planned)}.",
        consequence=_off_plan_consequence(differs),
        counterexample=f"Rule {last.rule} acted last: {last.what} on day {last.day}."
        if last
        else "No enabled rule touched it.",
        concept=WHY[what],
    )


def _in_words(state: str) -> str:
    words = {"hidden": "hidden (not the newest version)", "deleted": "deleted"}
    return words.get(state, f"in {state}")


def _off_plan_consequence(differs: Difference) -> str:
    key = differs.plan.stored.key
    if differs.state == "deleted":
        return f"{key} is gone and cannot be brought back."
    if differs.state == "hidden" and differs.plan.what == "the frame":
        return f"A customer who asks for {key} gets 404: a delete marker hides it."
    if differs.planned == "deleted":
        return f"Kestrel goes on paying for {differs.plan.what} {key}, month after month."
    if differs.plan.what == "the index file":
        return "The index is read every day, and each reading now costs."
    return "The bill is not what was planned, or a frame is not at hand while the analysts still need it."


@task(
    "storage-class",
    points=4,
    title="Choose, and pay",
    ref="L03-T5",
    hints=[
        "A class has three prices: keeping, reading, arriving. First strike out the classes that cannot "
        "answer in time or live in one zone; then do the sum for those that are left.",
        'storage_bill(profile("previews"), "STANDARD_IA") prints one sum with its lines. Compare the '
        "candidates; the largest line tells why one is dear. Look at monitoring for orders, and at "
        "retrieval for previews.",
        "cloudlings.cost.cheapest(profile(name)) sorts the classes that fit by price. For negatives, "
        "within_hours 6 leaves GLACIER in (standard retrieval takes 3-5 hours) and DEEP_ARCHIVE out (12). "
        "put_object takes StorageClass.",
    ],
)
def test_storage_class(account: Account, brief: Brief) -> None:
    require_bucket(account, brief.vault)
    chosen = {name: _class_of(head(account, brief.vault, f"samples/{name}")) for name in brief.profiles}
    not_attempted_unless(
        any(chosen.values()), f"There is no sample in {brief.vault} under samples/ yet: {', '.join(chosen)}."
    )
    for name, storage_class in chosen.items():
        values = brief.profiles[name]
        assert storage_class, Because(
            found=f"There is no object samples/{name} in {brief.vault}.",
            consequence=f"The {values['gb']:,} GB of {name} have no home yet.",
            concept="Each set of data is used in its own way, and has its own cheapest class.",
        )
        _fits(name, values, storage_class)
        _pays(name, values, storage_class)


def _class_of(found: Mapping[str, Any] | None) -> str:
    return str(found.get("StorageClass") or "STANDARD") if found else ""


def _profile(values: Mapping[str, Any]) -> StorageProfile:
    known = {key: value for key, value in values.items() if key != "within_hours"}
    return StorageProfile(**known, immediate=values["within_hours"] == 0)


def _fits(name: str, values: Mapping[str, Any], storage_class: str) -> None:
    assert storage_class in STORAGE_CLASSES, Because(
        found=f"samples/{name} is in {storage_class}, which this course's price list does not hold.",
        consequence="Nobody can say what it costs.",
        concept="The classes for new data are those in the picture of the waterfall.",
    )
    reason, hours = unfit(_profile(values), storage_class), archive.standard_hours(storage_class)
    if hours > values["within_hours"] and not reason:
        reason = f"A standard retrieval from {storage_class} takes up to {hours:g} hours."
    assert not reason, Because(
        found=f"samples/{name} is in {storage_class}. {reason}",
        consequence=f"Reads of {name} must be answered within {values['within_hours']} hours (0: at once), "
        "and survive the loss of an Availability Zone.",
        concept="A class that does not do the job is not cheap at any price.",
    )


def _pays(name: str, values: Mapping[str, Any], storage_class: str) -> None:
    profile = _profile(values)
    fitting = [e for e in cheapest(profile) if archive.standard_hours(e.title) <= values["within_hours"]]
    paid, least = storage_bill(profile, storage_class), fitting[0]
    largest = max(paid.lines, key=lambda line: line.usd)
    assert paid.usd <= least.usd * 1.02, Because(
        found=f"samples/{name} is in {storage_class}. For {values['gb']:,} GB used that way it costs "
        f"${paid.usd:,.2f} a month; another class does the same for ${least.usd:,.2f}.",
        consequence=f"Kestrel pays ${(paid.usd - least.usd) * 12:,.0f} a year for nothing.",
        counterexample=f"The largest line is {largest.what}: ${largest.usd:,.2f}.",
        concept="Keeping, reading and watching have separate prices; the use decides which one counts.",
    )


@task(
    "restore",
    points=3,
    title="An order from the archive",
    ref="L03-T6",
    hints=[
        "An archived object is not readable. You ask for a temporary copy, say for how many days, and "
        "choose how fast.",
        "The call is restore_object; its RestoreRequest has Days and GlacierJobParameters with a Tier. "
        "Compare the slowest time of each tier for the object's class with the deadline.",
        "From GLACIER: Bulk takes up to 12 hours, Standard up to 5. From DEEP_ARCHIVE: Bulk up to 48, "
        "Standard up to 12. The slower one is cheaper. Days is brief.restore_days.",
    ],
)
def test_restore(account: Account, brief: Brief) -> None:
    bucket, key = brief.vault, brief.survey_key
    require_bucket(account, bucket)
    found = head(account, bucket, key)
    assert found is not None, Because(
        found=f"There is no object {key} in {bucket} any more.",
        consequence="The survey that the court asks for is lost.",
        concept="A restore makes a copy and leaves the object where it is; reset_lab() lays the start "
        "state again.",
    )
    kept = str(found.get("StorageClass") or "STANDARD")
    asked = _restore_requests(account, bucket, key)
    not_attempted_unless(
        found.get("Restore") or asked or kept != brief.survey_class,
        f"No restore of {key} in {bucket} was asked for yet.",
    )
    assert kept == brief.survey_class, Because(
        found=f"{key} in {bucket} is now in {kept}; it was archived in {brief.survey_class}.",
        consequence="Kestrel pays for a permanent copy of a survey that one court reads once.",
        concept="A restore is a temporary copy; writing the object again is a new object.",
    )
    _asked_rightly(asked, brief, bucket, key)


def _restore_requests(account: Account, bucket: str, key: str) -> list[dict[str, Any]]:
    """The learner's accepted RestoreObject requests for the object, oldest first."""
    arn = f"arn:aws:s3:::{bucket}/{key}"
    return [
        row
        for row in account.journal()
        if row["operation"] == "RestoreObject" and row["resource"] == arn and row["status"] < 300
    ]


def _asked_rightly(asked: list[dict[str, Any]], brief: Brief, bucket: str, key: str) -> None:
    assert asked, Because(
        found=f"The sandbox's journal holds no accepted RestoreObject request for {key} in {bucket}.",
        consequence="When the court's clerk reads it, S3 answers InvalidObjectState.",
        concept="An archived object is read in two steps: ask for a copy, wait, read.",
    )
    # A later request may extend the days and name no tier; one that names a tier corrects the first.
    named = [row["parameters"]["Tier"] for row in asked if row["parameters"].get("Tier")]
    days, tier = asked[-1]["parameters"].get("Days"), (named or ["Standard"])[-1]
    assert str(days) == str(brief.restore_days), Because(
        found=f"The restore of {key} was asked for {days} days; the court needs {brief.restore_days}.",
        consequence="The copy disappears before the hearing, or is paid for longer than it is needed.",
        concept="Days is how long the temporary copy stays; asking again while it is there moves the end.",
    )
    needs = archive.tiers(brief.survey_class)
    assert tier in needs, Because(
        found=f"The restore of {key} was asked in the tier {tier}, and it is in {brief.survey_class}.",
        consequence="S3 on AWS refuses the request, and the clock goes on.",
        concept="Not every archive class has every tier.",
    )
    assert needs[tier] <= brief.deadline_hours, Because(
        found=f"The restore of {key} from {brief.survey_class} was asked in the tier {tier}: up to "
        f"{needs[tier]:g} hours.",
        consequence=f"The court's deadline is {brief.deadline_hours} hours: the copy may come too late.",
        concept="Plan with a tier's slowest time, not with its usual one.",
    )
    slowest = archive.cheapest_tier(brief.survey_class, brief.deadline_hours)
    assert tier == slowest, Because(
        found=f"The restore of {key} from {brief.survey_class} was asked in the tier {tier}; the deadline "
        f"is {brief.deadline_hours} hours.",
        consequence="It comes in time and costs more than it has to: a slower tier is in time as well.",
        concept="Each GB and each request of a faster tier has a higher price.",
    )


@task(
    "replicate",
    points=6,
    title="A copy in another Region",
    ref="L03-T7",
    hints=[
        "Replication is S3 working for you, with a role of yours. Four parts must fit: two versioned "
        "buckets, a role that S3 may take on, what that role may do, and a rule that names role and "
        "destination.",
        "The role's trust policy names the service s3.amazonaws.com. Its permissions: two actions on the "
        "source bucket's ARN, three on the source's objects, three on the copy's objects; each action "
        "belongs to one of those ARNs.",
        "Source: s3:GetReplicationConfiguration, s3:ListBucket. Source/*: "
        "s3:GetObjectVersionForReplication, s3:GetObjectVersionAcl, s3:GetObjectVersionTagging. Copy/*: "
        "s3:ReplicateObject, s3:ReplicateDelete, s3:ReplicateTags. Rule: Priority, Filter {}, "
        "DeleteMarkerReplication Enabled, Destination.",
    ],
)
def test_replicate(account: Account, brief: Brief) -> None:
    source, copy = brief.reports, brief.reports_copy
    require_bucket(account, source)
    config = replication_of(account, source)
    where = region_of(account, copy, brief.copy_region)
    not_attempted_unless(
        config or where or versioning(account, source) != "never enabled",
        f"{source} has no versioning and no replication yet, and {copy} does not exist.",
    )
    _copy_is_in(where, brief)
    for bucket, region in ((source, None), (copy, brief.copy_region)):
        _is_versioned(account, bucket, region)
    assert config, Because(
        found=f"{source} has no replication configuration.",
        consequence=f"A report that is written today is in one Region only: {copy} stays empty.",
        concept="Two versioned buckets know nothing of each other until a rule on the source says so.",
    )
    _rule_copies_everything(config, source, copy)
    role = _role_named_by(account, config)
    _only_s3_takes_it_on(account, role, source)
    _may_replicate_and_nothing_else(account, role, source, copy)


def _copy_is_in(where: str, brief: Brief) -> None:
    assert where, Because(
        found=f"There is no bucket {brief.reports_copy} in this account.",
        consequence="The copies have nowhere to go.",
        concept="S3 does not make the destination for you.",
    )
    assert where == brief.copy_region, Because(
        found=f"{brief.reports_copy} is in {where}; the copies belong in {brief.copy_region}.",
        consequence=f"When {where} is down, so is the copy's purpose.",
        concept="A bucket lives in the Region in which it was made, and stays there.",
    )


def _is_versioned(account: Account, bucket: str, region: str | None) -> None:
    status = versioning(account, bucket, region)
    assert status == "Enabled", Because(
        found=f"Versioning of {bucket} is: {status}.",
        consequence="S3 copies nothing while one of the two buckets does not keep versions: a new object's "
        "replication status becomes FAILED, or the rule is refused.",
        concept="Replication copies versions, so both sides must keep them.",
    )


def _rule_copies_everything(config: Mapping[str, Any], source: str, copy: str) -> None:
    """Some enabled rule of the present schema takes every key to the copy, with delete markers."""
    rules = replication.enabled_rules(config)
    assert rules, Because(
        found=f"{source} has {len(config.get('Rules', []))} replication rules, none of them enabled.",
        consequence="Nothing is copied.",
        concept="A rule that is Disabled is kept, and does nothing.",
    )
    there = [rule for rule in rules if replication.destinations([rule]) == [f"arn:aws:s3:::{copy}"]]
    assert there, Because(
        found=f"The enabled rules of {source} go to {', '.join(replication.destinations(rules))}.",
        consequence=f"Nothing arrives in {copy}.",
        concept="A rule names its destination by the bucket's ARN.",
    )
    present = [rule for rule in there if not replication.lacking(rule)]
    assert present, Because(
        found=f"The rule {there[0].get('ID')} from {source} has no "
        f"{', no '.join(replication.lacking(there[0]))}.",
        consequence="AWS refuses a rule that mixes the old schema with the new, or reads it as the old one.",
        concept="The present schema has parts that belong together: Filter, Priority, "
        "DeleteMarkerReplication.",
    )
    whole = [rule for rule in present if replication.takes_everything(rule)]
    assert whole, Because(
        found=f"The rule {present[0].get('ID')} takes only "
        f"{json.dumps(present[0]['Filter'], ensure_ascii=False)}.",
        consequence=f"Other objects of {source} are not copied, and nothing tells you.",
        concept="A filter lets in what it names; an empty one lets in everything.",
    )
    assert any(replication.copies_delete_markers(rule) for rule in whole), Because(
        found=f"The rule {whole[0].get('ID')} copies objects and not delete markers.",
        consequence=f"What is deleted in {source} is still there in {copy}.",
        concept="A delete in a versioned bucket writes a marker; the rule says whether the marker is copied.",
    )


def _role_named_by(account: Account, config: Mapping[str, Any]) -> Mapping[str, Any]:
    arn = str(config.get("Role", ""))
    role = role_by_arn(account, arn)
    assert role is not None, Because(
        found=f"The replication configuration names the role {arn or '(none)'}, which is not there.",
        consequence="S3 cannot take it on, and every copy fails.",
        concept="S3 works with a role of yours; the configuration names it by its ARN.",
    )
    return role


def _only_s3_takes_it_on(account: Account, role: Mapping[str, Any], source: str) -> None:
    name, document_ = role["RoleName"], role["AssumeRolePolicyDocument"]
    anybody = [document(allow("sts:AssumeRole", "*"))]
    found = Policies.of(identity=anybody, trust=readable(document_, f"trust policy of {name}"))
    trust = document({"Effect": "Allow", "Principal": S3_ITSELF, "Action": "sts:AssumeRole"})
    needed = Policies.of(identity=anybody, trust=trust)
    for direction, context in (("over", {}), ("under", _as_replication(account, source))):
        comparison = prove(
            found,
            needed,
            account=account.id,
            resources=[role["Arn"]],
            actions=["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"],
            as_aws_sends=True,
            outsiders_may=True,
            context=context,
        )
        example = first_example(comparison, direction)
        wrong = "Not only S3 can take on the role" if direction == "over" else "S3 cannot take on the role"
        assert example is None, Because(
            found=f"The trust policy of {name} was put to every caller. {wrong}.",
            consequence=f"{sentence(example)}.",
            counterexample=decided_by(example),
            concept="A trust policy says who may become the role; for replication that is one service.",
        )


S3_ITSELF = {"Service": "s3.amazonaws.com"}


def _as_replication(account: Account, source: str) -> dict[str, Any]:
    """What AWS fills in when S3 takes on the role for a replication: whose bucket it works for."""
    return {"aws:SourceAccount": account.id, "aws:SourceArn": f"arn:aws:s3:::{source}"}


def _may_replicate_and_nothing_else(
    account: Account, role: Mapping[str, Any], source: str, copy: str
) -> None:
    name = role["RoleName"]
    found = Policies.of(identity=role_policies(account, name))
    here, there = f"arn:aws:s3:::{source}", f"arn:aws:s3:::{copy}"
    caller = [Principal("session", f"arn:aws:sts::{account.id}:assumed-role/{name}/s3-replication")]
    least = prove(found, _job(here, there), account=account.id, principals=caller, as_aws_sends=True)
    example = first_example(least, "under")
    assert example is None, Because(
        found=f"The policies of {name} were put to the replication job from {source} to {copy}.",
        consequence=f"{sentence(example)}: S3, working as this role, is refused and the copy fails.",
        concept="Each action is asked of one kind of ARN: some of the bucket, some of its objects.",
    )
    locks = ("s3:GetObjectRetention", "s3:GetObjectLegalHold")
    most = prove(found, _job(here, there, *locks), account=account.id, principals=caller, as_aws_sends=True)
    example = first_example(most, "over")
    assert example is None, Because(
        found=f"The policies of {name} were put to every request that the replication job does not make.",
        consequence=f"{sentence(example)}.",
        counterexample=decided_by(example),
        concept="Least privilege: what a role can do beyond its job is what an attacker, or a mistake, can "
        "do with it.",
    )


def _job(here: str, there: str, *locks: str) -> Policies:
    """The actions that S3's user guide lists for the replication role; ``locks`` go with Object Lock."""
    reads = [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        *locks,
    ]
    writes = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    return Policies.of(
        identity=[
            document(
                allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], here),
                allow(reads, f"{here}/*"),
                allow(writes, f"{there}/*"),
            )
        ]
    )


@task(
    "repair-replica",
    points=4,
    title="The copy that everybody believes in",
    ref="L03-T8",
    hints=[
        "A new logbook's ReplicationStatus says FAILED. Ask both buckets the same question: do you keep "
        "versions?",
        "get_bucket_versioning on both sides; then compare the rule with the one that you wrote for the "
        "reports: which three parts does it not have? For the acceleration, let the CLI tell you the "
        "names: aws s3api help.",
        "Versioning Enabled on brief.logbooks_copy (in its Region); put_bucket_replication with Priority, "
        "Filter {}, DeleteMarkerReplication Enabled; put_bucket_accelerate_configuration with Status "
        "Enabled.",
    ],
)
def test_repair_replica(account: Account, brief: Brief) -> None:
    source, copy = brief.logbooks, brief.logbooks_copy
    require_bucket(account, source)
    require_bucket(account, copy, brief.copy_region)
    config = replication_of(account, source)
    faster = (
        account.client("s3").get_bucket_accelerate_configuration(Bucket=source).get("Status", "never set")
    )
    before = (
        config is not None
        and [rule.get("ID") for rule in config["Rules"]] == ["copy"]
        and replication.lacking(config["Rules"][0]) == replication.PRESENT_SCHEMA
        and versioning(account, copy, brief.copy_region) == "Suspended"
        and faster == "never set"
    )
    not_attempted_unless(not before, f"The replication from {source} to {copy} is as the last owner left it.")
    for bucket, region in ((source, None), (copy, brief.copy_region)):
        _is_versioned(account, bucket, region)
    assert config, Because(
        found=f"{source} has no replication configuration any more.",
        consequence="The next logbook is in one place only.",
        concept="Replication is a setting of the source bucket.",
    )
    _rule_copies_everything(config, source, copy)
    _role_named_by(account, config)
    assert faster == "Enabled", Because(
        found=f"Transfer acceleration of {source} is: {faster}.",
        consequence="Crews far away upload over the open internet all the way to the bucket's Region.",
        concept="The setting is called accelerate in the API, and has its own call.",
    )
