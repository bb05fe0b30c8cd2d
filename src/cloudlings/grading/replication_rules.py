"""What a replication must have: two versioned buckets, a rule for everything, a role with this one job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.s3_state import role_boundary, role_by_arn, role_policies, versioning
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, Principal, prove
from cloudlings.lab import Brief
from cloudlings.models import replication


def copy_is_in(where: str, brief: Brief) -> None:
    """The bucket of the copies is there, in the Region where copies belong. ``where``: its Region."""
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


def is_versioned(account: Account, bucket: str, region: str | None) -> None:
    """The bucket keeps versions."""
    status = versioning(account, bucket, region)
    assert status == "Enabled", Because(
        found=f"Versioning of {bucket} is: {status}.",
        consequence="S3 copies nothing while one of the two buckets does not keep versions: a new object's "
        "replication status becomes FAILED, or the rule is refused.",
        concept="Replication copies versions, so both sides must keep them.",
    )


def rule_copies_everything(config: Mapping[str, Any], source: str, copy: str) -> None:
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
    silent = replication.keeps_deletes_back(present, whole)
    assert not silent, Because(
        found=f"The rule {silent[0].get('ID')} of {source} copies objects and not delete markers, and no "
        "rule of a higher priority takes those objects.",
        consequence=f"What is deleted in {source} is still there in {copy}.",
        concept="A delete in a versioned bucket writes a marker; the rule says whether the marker is copied. "
        "Where several rules take an object to one bucket, the one with the highest priority decides.",
    )


def role_named_by(account: Account, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The role that a replication configuration names; fails the task when it is not there."""
    arn = str(config.get("Role", ""))
    role = role_by_arn(account, arn)
    assert role is not None, Because(
        found=f"The replication configuration names the role {arn}, which is not there.",
        consequence="S3 cannot take it on, and every copy fails.",
        concept="S3 works with a role of yours; the configuration names it by its ARN.",
    )
    return role


def only_s3_takes_it_on(account: Account, role: Mapping[str, Any], source: str) -> None:
    """S3 can take on the role for this bucket, and nobody else can."""
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
        example = first_example(comparison, direction)  # type: ignore[arg-type]
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


def may_replicate_and_nothing_else(account: Account, role: Mapping[str, Any], source: str, copy: str) -> None:
    """The role's policies allow the replication job, and no request beyond it."""
    name = role["RoleName"]
    boundary = role_boundary(account, role)
    found = Policies.of(identity=role_policies(account, name), boundary=boundary)
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
