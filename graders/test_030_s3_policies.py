"""Graders of 030-s3-policies: what the buckets let through, what age does to objects, what is copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.cost import STORAGE_CLASSES, StorageProfile, cheapest, storage_bill, unfit
from cloudlings.grading.bucket_rules import (
    ANY_S3,
    OVER_TLS,
    compared,
    default_is,
    has_bucket_key,
    key_arn,
    nobody_from_outside,
    refuses_other_keys,
    refuses_plain_http,
    still_lets_work,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.lifecycle_rules import off_plan, plans
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.replication_rules import (
    copy_is_in,
    is_versioned,
    may_replicate_and_nothing_else,
    only_s3_takes_it_on,
    role_named_by,
    rule_copies_everything,
)
from cloudlings.grading.s3_state import (
    bucket_policy,
    default_encryption,
    head,
    lifecycle_of,
    public_access_block,
    region_of,
    replication_of,
    require_bucket,
    versioning,
)
from cloudlings.iam import Policies, Principal
from cloudlings.models import archive, replication
from cloudlings.models.lifecycle import problems
from cloudlings.models.plan import first_difference


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
        "bucket/* when StringNotEquals s3:x-amz-server-side-encryption-aws-kms-key-id is the key's ARN. The "
        "default encryption: SSEAlgorithm aws:kms with KMSMasterKeyID.",
    ],
)
def test_tls_only(account: Account, brief: Brief) -> None:
    bucket = brief.flights
    require_bucket(account, bucket)
    policy = bucket_policy(account, bucket)
    default = default_encryption(account, bucket)
    not_attempted_unless(
        policy != _inherited(bucket, REFERER) or default.get("SSEAlgorithm", "AES256") != "AES256",
        f"{bucket} still has the policy and the encryption that the last owner left.",
    )
    key = key_arn(account, "alias/kestrel-flights")
    found = Policies.of(
        identity=[ANY_S3], resource=readable(policy, f"policy of {bucket}") if policy is not None else None
    )
    arn = f"arn:aws:s3:::{bucket}"
    nobody_from_outside(found, account, arn)
    refuses_plain_http(found, account, arn)
    default_is(default, key, bucket)
    refuses_other_keys(found, account, arn, key)
    still_lets_work(found, account, arn, key, default["SSEAlgorithm"])
    has_bucket_key(default, bucket)


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
    example = first_example(compared(found, only, account, arn, context=OVER_TLS), "over")
    assert example is None, Because(
        found=f"The policy of {bucket} was put to every request but CloudFront's s3:GetObject for "
        f"{distribution}.",
        consequence=f"{sentence(example)}.",
        counterexample=decided_by(example),
        concept=_too_open(example, distribution),
    )
    exactly = {**OVER_TLS, "aws:SourceArn": distribution, "aws:SourceAccount": account.id}
    itself = [Principal("service", CLOUDFRONT)]
    example = first_example(compared(found, only, account, arn, context=exactly, principals=itself), "under")
    assert example is None, Because(
        found=f"The policy of {bucket} was put to s3:GetObject by CloudFront for {distribution}.",
        consequence=f"{sentence(example)}: the maps on the website stay white.",
        counterexample=decided_by(example),
        concept="Objects have ARNs of their own, below the bucket's, and s3:GetObject is asked of those.",
    )


CLOUDFRONT = "cloudfront.amazonaws.com"


def _too_open(example: Any, distribution: str) -> str:
    """What to think about: the right distribution that may do too much, or somebody else."""
    if example.request.principal.arn != CLOUDFRONT:
        return (
            "A Principal says whose requests a statement is about, before any condition is looked at. The "
            "conditions' keys tell on whose behalf somebody asks, or what the caller has written; who asks "
            "is another question."
        )
    if example.request.context.get("aws:SourceArn") == distribution:
        return (
            "The caller is the right one: Kestrel's own distribution. What it may do is more than reading "
            "objects: each action is a permission of its own, and a wildcard takes in many."
        )
    return (
        "The service principal says which service asks, not for whom: every customer's distribution asks "
        "under the same name."
    )


def _for_distribution(arn: str, distribution: str) -> dict[str, Any]:
    return document(
        allow(
            "s3:GetObject",
            f"{arn}/*",
            Principal={"Service": CLOUDFRONT},
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
    differs = first_difference(rules, plans(brief), versioning="Enabled", default_minimum=minimum)
    assert differs is None, off_plan(differs, bucket)


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
    hours = archive.standard_hours(storage_class)
    late = f"A standard retrieval from {storage_class} takes up to {hours:g} hours."
    reason = unfit(_profile(values), storage_class) or (late if hours > values["within_hours"] else "")
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
        asked or kept != brief.survey_class,
        f"The sandbox's journal holds no accepted RestoreObject request for {key} in {bucket} yet.",
    )
    assert kept == brief.survey_class, Because(
        found=f"{key} in {bucket} is now in {kept}; it was archived in {brief.survey_class}.",
        consequence="Kestrel pays for a permanent copy of a survey that one court reads once.",
        concept="A restore is a temporary copy; writing the object again is a new object.",
    )
    _asked_rightly(asked, brief, key)


def _restore_requests(account: Account, bucket: str, key: str) -> list[dict[str, Any]]:
    """The learner's accepted RestoreObject requests for the object, oldest first."""
    arn = f"arn:aws:s3:::{bucket}/{key}"
    return [
        row
        for row in account.journal()
        if row["operation"] == "RestoreObject" and row["resource"] == arn and row["status"] < 300
    ]


def _asked_rightly(asked: list[dict[str, Any]], brief: Brief, key: str) -> None:
    # A later request may extend the days and name no tier; one that names a tier corrects the first.
    named = [row["parameters"]["Tier"] for row in asked if row["parameters"].get("Tier")]
    days, tier = asked[-1]["parameters"].get("Days"), ["Standard", *named][-1]
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
    late = needs[tier] > brief.deadline_hours
    assert tier == archive.cheapest_tier(brief.survey_class, brief.deadline_hours), Because(
        found=f"The restore of {key} from {brief.survey_class} was asked in the tier {tier}: up to "
        f"{needs[tier]:g} hours. The court's deadline is {brief.deadline_hours} hours.",
        consequence="The copy may come too late."
        if late
        else "It comes in time and costs more than it has to: a slower tier is in time as well.",
        concept="Plan with a tier's slowest time, not with its usual one; a faster tier has a higher price "
        "for each GB and each request.",
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
        where or versioning(account, source) != "never enabled",
        f"{source} has no versioning and no replication yet, and {copy} does not exist.",
    )
    copy_is_in(where, brief)
    for bucket, region in ((source, None), (copy, brief.copy_region)):
        is_versioned(account, bucket, region)
    assert config, Because(
        found=f"{source} has no replication configuration.",
        consequence=f"A report that is written today is in one Region only: {copy} stays empty.",
        concept="Two versioned buckets know nothing of each other until a rule on the source says so.",
    )
    rule_copies_everything(config, source, copy)
    role = role_named_by(account, config)
    only_s3_takes_it_on(account, role, source)
    may_replicate_and_nothing_else(account, role, source, copy)


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
        and [replication.lacking(rule) for rule in config["Rules"]] == [replication.PRESENT_SCHEMA]
        and versioning(account, copy, brief.copy_region) == "Suspended"
        and faster == "never set"
    )
    not_attempted_unless(not before, f"The replication from {source} to {copy} is as the last owner left it.")
    for bucket, region in ((source, None), (copy, brief.copy_region)):
        is_versioned(account, bucket, region)
    assert config, Because(
        found=f"{source} has no replication configuration any more.",
        consequence="The next logbook is in one place only.",
        concept="Replication is a setting of the source bucket.",
    )
    rule_copies_everything(config, source, copy)
    role = role_named_by(account, config)
    only_s3_takes_it_on(account, role, source)
    may_replicate_and_nothing_else(account, role, source, copy)
    assert faster == "Enabled", Because(
        found=f"Transfer acceleration of {source} is: {faster}.",
        consequence="Crews far away upload over the open internet all the way to the bucket's Region.",
        concept="The setting is called accelerate in the API, and has its own call.",
    )
