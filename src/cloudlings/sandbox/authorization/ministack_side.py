"""Inside MiniStack's process: what it tells the gateway about principals and resources, and what it decides
no more.

The gateway authorises every request before it is sent on, so MiniStack's own checks of permissions are off;
it still tells users apart, and gives a function a session of its role. What MiniStack does between its own
services (S3 notifications to a queue, a topic to a queue) it goes on judging by the policies of those
resources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

Facts = dict[str, Any]


def calls() -> dict[str, Callable[..., Any]]:
    """The control calls by verb."""
    return {
        "principal_facts": principal_facts,
        "resource_facts": resource_facts,
        "object_facts": object_facts,
    }


# --- off: what the gateway decides ---------------------------------------------------------------

# Called without AWS credentials of the caller's own; MiniStack's authorizers and auth types decide these.
_STILL_JUDGED = ("execute-api:Invoke", "lambda:InvokeFunctionUrl")


def leave_decisions_to_the_gateway() -> None:
    """Turn MiniStack's own checks of permissions off. Called once, when its modules are loaded."""
    from ministack.core import iam_evaluator
    from ministack.services import s3, sns, sqs

    judged = iam_evaluator.enforce

    def enforce(access_key_id: str, iam_action: str, *rest: Any, **named: Any) -> Any:
        if iam_action in _STILL_JUDGED:
            return judged(access_key_id, iam_action, *rest, **named)
        return None

    foreign_bucket_allows, for_cloudfront = s3._foreign_bucket_allows, s3._cloudfront_origin_allows

    def cloudfront_origin_allows(*args: Any, **named: Any) -> Any:
        # What CloudFront fetches never passes the gateway.
        s3._foreign_bucket_allows = foreign_bucket_allows
        try:
            return for_cloudfront(*args, **named)
        finally:
            s3._foreign_bucket_allows = _always

    iam_evaluator.enforce = enforce
    iam_evaluator.evaluate_trust_policy = _always
    s3._foreign_bucket_allows = _always
    s3._cloudfront_origin_allows = cloudfront_origin_allows
    sns._enforce_topic_policy = lambda *_, **__: None
    sqs._enforce_queue_policy = lambda *_, **__: None


def _always(*_: Any, **__: Any) -> bool:
    return True


# --- principals ----------------------------------------------------------------------------------


def principal_facts(access_key_id: str) -> Facts | None:
    """Whoever a key stands for, with the documents of every policy of theirs; None for an unknown key."""
    from ministack.services import iam, sts

    session = sts._sessions.get(access_key_id)
    if session is None:
        for (account, key), record in list(iam._access_keys._data.items()):
            if key == access_key_id:
                return _user(account, record["UserName"])
        return None
    return _session(session)


def _session(session: Facts) -> Facts | None:
    arn = str(session.get("Arn", ""))
    account, resource = arn.split(":")[4], arn.split(":", 5)[5]
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        found = _role(account, rest.partition("/")[0], arn)
        found["id"] = (
            f"{found['id']}:{arn.rpartition('/')[2]}" if found["id"] else str(session.get("UserId", ""))
        )
    elif kind == "federated-user":
        found = _user(account, str(session.get("PrincipalName") or "")) | {
            "type": "federated-user",
            "arn": arn,
        }
        found["user_arn"] = str(session.get("SourcePrincipalArn", ""))
    elif kind == "user":
        found = _user(account, rest.rpartition("/")[2])
    else:
        found = _nobody("root", arn, account)
    found["tags"] |= {tag["Key"]: tag["Value"] for tag in session.get("SessionTags") or ()}
    found["temporary"] = True
    found["issued"] = session.get("IssuedAt")
    found["source_identity"] = session.get("SourceIdentity")
    passed = session.get("SessionPolicies")
    if passed is not None:
        inline = [["session policy", passed["Policy"]]] if passed.get("Policy") else []
        found["session"] = [*inline, *_managed(passed.get("PolicyArns", ()), account)]
    return found


def _nobody(kind: str, arn: str, account: str) -> Facts:
    from ministack.services import s3

    return {
        "canonical_id": s3._canonical_owner_id(account),
        "type": kind, "arn": arn, "account": account, "role_arn": "", "user_arn": "", "id": "",
        "identity": [], "groups": [], "boundary": None, "session": None, "tags": {},
        "temporary": False, "issued": None, "source_identity": None, **_organization(account),
    }  # fmt: skip


def _user(account: str, name: str) -> Facts:
    from ministack.services import iam

    user = iam._users.get_scoped(account, None, name) or {}
    inline = iam._user_inline_policies.get_scoped(account, None, name) or {}
    found = _nobody("user", str(user.get("Arn") or f"arn:aws:iam::{account}:user/{name}"), account)
    found["id"] = user.get("UserId", "")
    found["identity"] = [
        *([policy, document] for policy, document in inline.items()),
        *_managed(user.get("AttachedPolicies", ()), account),
    ]
    for (owner, group_name), group in list(iam._groups._data.items()):
        if owner == account and name in group.get("Users", ()):
            own = iam._group_inline_policies.get_scoped(account, None, group_name) or {}
            found["groups"] += [[policy, document] for policy, document in own.items()]
            found["groups"] += _managed(group.get("AttachedPolicies", ()), account)
    return _with_entity(found, user, account)


def _role(account: str, name: str, arn: str) -> Facts:
    from ministack.services import iam

    role = iam._roles.get_scoped(account, None, name) or {}
    found = _nobody("session", arn, account)
    found["id"], found["role_arn"] = role.get("RoleId", ""), role.get("Arn", "")
    found["identity"] = [
        *([policy, document] for policy, document in (role.get("InlinePolicies") or {}).items()),
        *_managed(role.get("AttachedPolicies", ()), account),
    ]
    return _with_entity(found, role, account)


def _with_entity(found: Facts, entity: Facts, account: str) -> Facts:
    found["tags"] = {tag["Key"]: tag["Value"] for tag in entity.get("Tags") or ()}
    boundary = entity.get("PermissionsBoundary")
    if isinstance(boundary, dict):
        boundary = boundary.get("PermissionsBoundaryArn")
    if boundary:
        found["boundary"] = _managed([boundary], account)[0]
    return found


def _managed(arns: Any, account: str) -> list[list[Any]]:
    """[label, document] of managed policies; a document that is not here is None, for the gateway to find."""
    from ministack.services import iam

    found = []
    for arn in arns:
        record = iam._policies.get_scoped(account, None, arn) or iam._aws_managed_policies.get(arn)
        versions = (record or {}).get("Versions", {})
        found.append([arn, versions.get((record or {}).get("DefaultVersionId", "v1"), {}).get("Document")])
    return found


def _organization(account: str) -> Facts:
    """The organization that an account is in: its id, path and SCPs, level by level."""
    from ministack.services import organizations as orgs

    for (master, member), record in list(orgs._accounts._data.items()):
        if member != account:
            continue
        organization = orgs._orgs.get_scoped(master, None, "self") or {}
        targets, parent = [account], record.get("_ParentId")
        while parent:
            targets.append(parent)
            parent = (orgs._ous.get_scoped(master, None, parent) or {}).get("_ParentId")
        path = "/".join([organization.get("Id", ""), *reversed(targets[1:])]) + "/"
        levels = list(reversed(targets))
        return {
            "org": organization.get("Id"), "org_path": path, "management": master,
            "scp": [_attached(master, target, "SERVICE_CONTROL_POLICY") for target in levels],
            "rcp": [_attached(master, target, "RESOURCE_CONTROL_POLICY") for target in levels],
        }  # fmt: skip
    return {"org": None, "org_path": None, "management": None, "scp": [], "rcp": []}


def _attached(master: str, target: str, kind: str) -> list[list[Any]]:
    from ministack.services import organizations as orgs

    found = []
    for (owner, policy_id), targets in list(orgs._attachments._data.items()):
        policy = orgs._policies.get_scoped(master, None, policy_id) or {}
        if owner == master and target in targets and policy.get("Type") == kind:
            found.append([policy.get("Name", policy_id), policy.get("_Content")])
    return found


# --- resources -----------------------------------------------------------------------------------


def resource_facts(arn: str, account_id: str, region: str) -> Facts:
    """What is known of a resource: its whole ARN, its policy, its owner, its tags; less where there is less.

    A name without the part that AWS makes up (a secret's, a user's without its path) is found all the same.
    """
    from ministack.core.responses import request_scope

    service = arn.split(":")[2] if arn.startswith("arn:") else "kms"
    reader = _READERS.get(service, _tagged)
    parts = arn.split(":")
    owner = parts[4] if len(parts) > 5 and parts[4].isdecimal() else account_id
    where = parts[3] if len(parts) > 5 and parts[3] else region
    with request_scope(owner, where or "us-east-1"):
        found = reader(arn, owner) or {}
    if found.get("owner", account_id) != account_id:
        found["organization"] = _organization(found["owner"])
    return found


def _bucket(arn: str, account: str) -> Facts:  # noqa: ARG001
    from ministack.core.responses import request_scope
    from ministack.services import s3

    name = arn.partition(":::")[2].partition("/")[0]
    owner = s3._bucket_owner_account(name)
    if owner is None:
        return {"missing": True}
    bucket = s3._buckets.get_scoped(owner, None, name) or {}
    with request_scope(owner, bucket.get("region") or "us-east-1"):
        enforced = s3._bucket_owner_enforced(bucket)
        ignored = s3._public_access_blocked(owner, name, "IgnorePublicAcls")
        acl = None if enforced else s3._bucket_acl.get_scoped(owner, None, name)
        return {
            "policy": s3._bucket_policies.get_scoped(owner, None, name),
            "owner": owner,
            "restricted": s3._public_access_blocked(owner, name, "RestrictPublicBuckets"),
            "acl": _acl(acl, ignored=ignored),
            "acls": not enforced,
            "encryption": _text(s3._bucket_encryption.get_scoped(owner, None, name)),
            "tags": _pairs(s3._bucket_tags.get_scoped(owner, None, name)),
            "uses_kms": _uses_kms(),
        }


def _text(stored: Any) -> str:
    return stored.decode("utf-8", "replace") if isinstance(stored, bytes) else stored or ""


def _pairs(stored: Any) -> dict[str, str]:
    if isinstance(stored, dict):
        return {str(key): str(value) for key, value in stored.items()}
    if isinstance(stored, list):
        return {str(tag.get("Key")): str(tag.get("Value", "")) for tag in stored if isinstance(tag, dict)}
    return {}


def _uses_kms() -> bool:
    import sys

    kms = sys.modules.get("ministack.services.kms")
    return bool(kms and kms._keys._data)


_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "authenticated",
}


def _acl(stored: str | None, *, ignored: bool) -> list[list[str]]:
    """[grantee, permission]: ``everyone``, ``authenticated``, or a canonical id."""
    from ministack.services import s3

    groups = [] if ignored else s3._acl_grants(stored)
    public = [[_GROUPS[uri], permission] for uri, permission in groups if uri in _GROUPS]
    return [*public, *([one, permission] for one, permission in s3._acl_grants(stored, "ID"))]


def object_facts(bucket: str, key: str, version: str) -> Facts:
    """An object's KMS key, its tags and its ACL; {} when there is none."""
    from ministack.core.responses import request_scope
    from ministack.services import s3

    owner = s3._bucket_owner_account(bucket)
    if owner is None:
        return {}
    with request_scope(owner, "us-east-1"):
        record = s3._buckets.get_scoped(owner, None, bucket) or {}
        query = {"versionId": [version]} if version else {}
        number = s3._resolve_subresource_version(query, record, key)
        stored = (record.get("objects") or {}).get(key) or {}
        for candidate in s3._object_versions.get_scoped(owner, None, (bucket, key)) or ():
            if version and candidate.get("version_id") == version:
                stored = candidate.get("obj_record") or stored
        ignored = s3._public_access_blocked(owner, bucket, "IgnorePublicAcls")
        acl = None
        if not s3._bucket_owner_enforced(record):
            acl = s3._object_acl.get_scoped(owner, None, (bucket, key, number))
        return {
            "tags": _pairs(s3._object_tags.get_scoped(owner, None, (bucket, key, number))),
            "acl": _acl(acl, ignored=ignored),
            "kms_key": s3._stored_sse_headers(stored).get("x-amz-server-side-encryption-aws-kms-key-id", ""),
        }


def _of_lookup(arn: str, account: str) -> Facts:
    """A resource whose policy MiniStack's own lookup finds."""
    from ministack.core import iam_evaluator

    found = iam_evaluator._resource_policy(arn.split(":")[2], arn)
    facts: Facts = {"owner": account, "tags": _tags(arn)}
    return facts | ({"policy": found[0] or None} if found else {})


def _tags(arn: str) -> dict[str, str]:
    from ministack.services.tagging import resource_tags

    return resource_tags(arn) or {}


def _function(arn: str, account: str) -> Facts:
    # A qualifier's policy is the function's own here; the tags are the function's.
    bare = ":".join(arn.split(":")[:7])
    return _of_lookup(unquote(bare), account)


def _secret(arn: str, account: str) -> Facts:
    from ministack.services import secretsmanager

    name = arn.partition(":secret:")[2]
    record = secretsmanager._secrets.get(name) or secretsmanager._secrets.get(name[:-7])
    return _of_lookup(record["ARN"], account) | {"arn": record["ARN"]} if record else {}


def _key(arn: str, account: str) -> Facts:
    from ministack.core.iam_actions import _kms_key_id_from_ciphertext
    from ministack.services import kms

    name = arn
    if arn.startswith("kms-ciphertext:"):
        name = _kms_key_id_from_ciphertext(arn.partition(":")[2])
    record = kms._resolve_key(name) if name else None
    if not record:
        return {}
    grants = [
        {key: value for key, value in grant.items() if not key.startswith("_")}
        for grant in kms._grants.values()
        if grant.get("KeyId") in (record["KeyId"], record.get("Arn"))
    ]
    aliases = [alias.partition(":alias/")[2] for alias, key in kms._aliases.items() if key == record["KeyId"]]
    return {
        "arn": record["Arn"], "policy": record.get("Policy"), "owner": account, "grants": grants,
        "tags": _tags(record["Arn"]), "aliases": [f"alias/{alias}" for alias in aliases],
    }  # fmt: skip


def _identity(arn: str, account: str) -> Facts:
    from ministack.services import iam

    kind, _, name = arn.split(":", 5)[5].partition("/")
    last = name.rpartition("/")[2]
    stores = {"user": iam._users, "role": iam._roles, "group": iam._groups}
    if kind == "instance-profile":
        profile = iam._instance_profiles.get(last) or {}
        roles = [iam._roles.get(role) or {} for role in profile.get("Roles", ())]
        return {"arn": profile.get("Arn"), "roles": [role["Arn"] for role in roles if role.get("Arn")]}
    if kind == "policy":
        record = iam._policies.get(arn) or {}
        return {"tags": _pairs(record.get("Tags"))}
    record = (stores[kind].get(last) if kind in stores else None) or {}
    facts: Facts = {"owner": account, "tags": _pairs(record.get("Tags")), "missing": not record}
    if record.get("Arn"):
        facts["arn"] = record["Arn"]
    if kind == "role":
        facts["policy"] = record.get("AssumeRolePolicyDocument")
    boundary = record.get("PermissionsBoundary")
    if boundary:
        facts["boundary"] = boundary if isinstance(boundary, str) else boundary.get("PermissionsBoundaryArn")
    return facts


def _bus(arn: str, account: str) -> Facts:
    from ministack.services import eventbridge

    name = arn.partition(":event-bus/")[2]
    return {"owner": account, "policy": eventbridge._event_bus_policies.get(name) if name else None}


def _table(arn: str, account: str) -> Facts:
    from ministack.services import dynamodb

    base = arn.partition("/index/")[0].partition("/stream/")[0]
    table = dynamodb._tables.get(base.rpartition(":table/")[2]) or {}
    hashed = [key["AttributeName"] for key in table.get("KeySchema", ()) if key.get("KeyType") == "HASH"]
    index = arn.partition("/index/")[2]
    for one in (*(table.get("GlobalSecondaryIndexes") or ()), *(table.get("LocalSecondaryIndexes") or ())):
        if one.get("IndexName") == index:
            hashed = [
                key["AttributeName"] for key in one.get("KeySchema", ()) if key.get("KeyType") == "HASH"
            ]
    stored = dynamodb._resource_policies.get(base)
    policy = stored.get("Policy") if isinstance(stored, dict) and "Policy" in stored else stored
    return {"owner": account, "policy": policy or None, "tags": _tags(base), "partition_key": hashed[:1]}


def _tagged(arn: str, account: str) -> Facts:
    return {"owner": account, "tags": _tags(arn)}


def _stack(arn: str, account: str) -> Facts:
    from ministack.services import cloudformation

    record = cloudformation._stacks.get(arn.partition(":stack/")[2].partition("/")[0])
    return {"arn": record["StackId"], "owner": account} if record and record.get("StackId") else {}


_READERS: dict[str, Callable[[str, str], Facts]] = {
    "s3": _bucket, "sqs": _of_lookup, "sns": _of_lookup, "lambda": _function, "kms": _key,
    "secretsmanager": _secret, "ecr": _of_lookup, "kinesis": _of_lookup, "iam": _identity, "events": _bus,
    "dynamodb": _table, "ssm": _tagged, "cloudformation": _stack,
}  # fmt: skip
