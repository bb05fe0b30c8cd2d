"""IAM and STS: documents, quotas, what depends on what, and how long sessions last."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from cloudlings.sandbox.authorization import managed
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

Kind = Literal["managed", "inline", "session", "trust"]
_DOCUMENTS: dict[str, tuple[str, Kind]] = {
    "CreatePolicy": ("PolicyDocument", "managed"),
    "CreatePolicyVersion": ("PolicyDocument", "managed"),
    "PutUserPolicy": ("PolicyDocument", "inline"),
    "PutRolePolicy": ("PolicyDocument", "inline"),
    "PutGroupPolicy": ("PolicyDocument", "inline"),
    "CreateRole": ("AssumeRolePolicyDocument", "trust"),
    "UpdateAssumeRolePolicy": ("PolicyDocument", "trust"),
}
QUOTA_KEYS, QUOTA_VERSIONS, QUOTA_ATTACHED, QUOTA_GROUPS, QUOTA_TAGS = 2, 5, 10, 10, 50
_INLINE = {"User": 2048, "Role": 10_240, "Group": 5120}


@before("iam", *_DOCUMENTS)
async def well_formed_document(given: Given) -> Refusal | None:
    """A policy keeps to the policy language and to its size, and a trust policy's principals are there.

    Source: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM and AWS STS quotas"; IAM API
    reference, CreatePolicy (MalformedPolicyDocument, LimitExceeded).
    """
    from cloudlings.iam.validation import validate
    from cloudlings.sandbox.rules.principals import missing

    member, kind = _DOCUMENTS[given.call.operation]
    document = given.input.get(member, "")
    for problem in validate(document, kind):
        if problem.code == "LimitExceeded":
            what = "ACLSizePerRole" if kind == "trust" else "PolicySize"
            most = 2048 if kind == "trust" else 6144
            return Refusal("LimitExceeded", f"Cannot exceed quota for {what}: {most}", 409)
        return Refusal(problem.code, problem.message)
    nobody = await missing(given, document) if kind == "trust" else ""
    if nobody:
        return Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{nobody}"')
    return None


@before("sts", "AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetFederationToken")
def document_of_a_session(given: Given) -> Refusal | None:
    """A session's policy keeps to the policy language.

    Source: STS API reference, AssumeRole (MalformedPolicyDocument).
    """
    from cloudlings.iam.validation import validate

    document = given.input.get("Policy")
    problems = validate(document, "session") if document else ()
    return Refusal(problems[0].code, problems[0].message) if problems else None


@before("iam", "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy")
async def size_of_inline_policies(given: Given) -> Refusal | None:
    """All inline policies of an identity together keep to its quota, white space aside.

    Source: IAM User Guide, "IAM and AWS STS quotas": user 2,048, role 10,240, group 5,120 characters.
    """
    import json

    asked = given.input
    kind = given.call.operation.removeprefix("Put").removesuffix("Policy")
    name = asked.get(f"{kind}Name", "")
    size = 0
    listed = await given.read(f"List{kind}Policies", **{f"{kind}Name": name})
    for policy in [p for p in listed.get("PolicyNames", []) if p != asked.get("PolicyName")]:
        found = await given.read(f"Get{kind}Policy", **{f"{kind}Name": name, "PolicyName": policy})
        size += len("".join(str(found.get("PolicyDocument", "")).split()))
    size += len(json.dumps(json.loads(asked["PolicyDocument"]), separators=(",", ":")))
    if size > _INLINE[kind]:
        message = f"Maximum policy size of {_INLINE[kind]} bytes exceeded for {kind.lower()} {name}"
        return Refusal("LimitExceeded", message, 409)
    return None


async def _count(given: Given, operation: str, member: str, **parameters: Any) -> list[Any]:
    found: list[Any] = (await given.read(operation, **parameters)).get(member, [])
    return found


def _quota(what: str, most: int) -> Refusal:
    return Refusal("LimitExceeded", f"Cannot exceed quota for {what}: {most}", 409)


@before("iam", "CreateAccessKey")
async def two_keys(given: Given) -> Refusal | None:
    """A user has two access keys.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    user = given.input.get("UserName")
    named = {"UserName": user} if user else {}
    if len(await _count(given, "ListAccessKeys", "AccessKeyMetadata", **named)) >= QUOTA_KEYS:
        return _quota("AccessKeysPerUser", QUOTA_KEYS)
    return None


@before("iam", "CreatePolicyVersion")
async def five_versions(given: Given) -> Refusal | None:
    """A managed policy has five versions.

    Source: IAM User Guide, "IAM and AWS STS quotas"; "Versioning IAM policies".
    """
    arn = given.input.get("PolicyArn", "")
    if len(await _count(given, "ListPolicyVersions", "Versions", PolicyArn=arn)) >= QUOTA_VERSIONS:
        message = (
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
            "existing version."
        )
        return Refusal("LimitExceeded", message, 409)
    return None


@before("iam", "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy")
async def ten_policies(given: Given) -> Refusal | None:
    """A user, role or group has ten managed policies, and they are there.

    Source: IAM User Guide, "IAM and AWS STS quotas"; IAM API reference, AttachRolePolicy (NoSuchEntity).
    """
    asked = given.input
    arn, kind = asked.get("PolicyArn", ""), given.call.operation.removeprefix("Attach").removesuffix("Policy")
    if managed.is_aws_managed(arn) and managed.document_of(arn) is None:
        message = f"Policy {arn} does not exist or is not attachable."
        return Refusal("NoSuchEntity", message, 404)
    named = {f"{kind}Name": asked.get(f"{kind}Name", "")}
    attached = await _count(given, f"ListAttached{kind}Policies", "AttachedPolicies", **named)
    arns = {each.get("PolicyArn") for each in attached}
    if arn not in arns and len(arns) >= QUOTA_ATTACHED:
        return _quota(f"PoliciesPer{kind}", QUOTA_ATTACHED)
    return None


@reshape("iam", "GetPolicyVersion")
def document_of_aws(given: Given, output: Output) -> None:
    """A managed policy of AWS's own has the document that AWS publishes.

    Source: AWS Managed Policy Reference Guide.
    """
    arn = given.input.get("PolicyArn", "")
    document = managed.document_of(arn) if managed.is_aws_managed(arn) else None
    if document:
        output["PolicyVersion"]["Document"] = quote(document)


@before("iam", "AddUserToGroup")
async def ten_groups(given: Given) -> Refusal | None:
    """A user is in ten groups.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    groups = await _count(given, "ListGroupsForUser", "Groups", UserName=given.input.get("UserName", ""))
    if len(groups) >= QUOTA_GROUPS and given.input.get("GroupName") not in {
        g.get("GroupName") for g in groups
    }:
        return _quota("GroupsPerUser", QUOTA_GROUPS)
    return None


@before("iam", "TagRole", "TagUser", "TagPolicy", "TagInstanceProfile")
def fifty_tags(given: Given) -> Refusal | None:
    """A resource has 50 tags.

    Source: IAM User Guide, "IAM and AWS STS quotas", tags.
    """
    tags = given.input.get("Tags", [])
    if len(tags) > QUOTA_TAGS:
        return Refusal(
            "LimitExceeded", f"The number of tags has reached the maximum limit: {QUOTA_TAGS}", 409
        )
    keys = [tag.get("Key", "").lower() for tag in tags]
    if len(keys) != len(set(keys)):
        return Refusal(
            "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    return None


@before("iam", "CreateUser", "CreateRole", "CreateGroup", "CreateInstanceProfile", "CreatePolicy")
async def names_apart_from_capitals(given: Given) -> Refusal | None:
    """Names of one kind differ by more than capitals.

    Source: IAM API reference, CreateUser, UserName: names must be unique within the account, by case not
    distinguished.
    """
    kind = given.call.operation.removeprefix("Create")
    name = given.input.get(f"{kind}Name", "")
    operation = f"List{kind}s" if kind != "Policy" else "ListPolicies"
    member = f"{kind}s" if kind != "Policy" else "Policies"
    more = {"Scope": "Local"} if kind == "Policy" else {}
    for found in await _count(given, operation, member, MaxItems=1000, **more):
        if str(found.get(f"{kind}Name", "")).lower() == name.lower():
            message = f"{_SAID.get(kind, kind)} with name {name} already exists."
            if kind == "Policy":
                message = f"A policy called {name} already exists. Duplicate names are not allowed."
            return Refusal("EntityAlreadyExists", message, 409)
    return None


_SAID = {"InstanceProfile": "Instance Profile"}


@before("iam", "DeleteUser")
async def user_with_belongings(given: Given) -> Refusal | None:
    """A user is deleted once keys, password, policies and groups are gone.

    Source: IAM API reference, DeleteUser (DeleteConflict); IAM User Guide, "Deleting an IAM user".
    """
    user = given.input.get("UserName", "")
    if await given.read("GetLoginProfile", UserName=user):
        return _conflict("must delete login profile first.")
    for operation, member, what in (
        ("ListAccessKeys", "AccessKeyMetadata", "must delete access keys first."),
        ("ListAttachedUserPolicies", "AttachedPolicies", "must detach all policies first."),
        ("ListUserPolicies", "PolicyNames", "must delete policies first."),
        ("ListGroupsForUser", "Groups", "must remove users from group first."),
        ("ListMFADevices", "MFADevices", "must delete MFA device first."),
    ):
        if await _count(given, operation, member, UserName=user):
            return _conflict(what)
    return None


def _conflict(what: str) -> Refusal:
    return Refusal("DeleteConflict", f"Cannot delete entity, {what}", 409)


@before("iam", "DeleteGroup")
async def group_with_members(given: Given) -> Refusal | None:
    """A group is deleted once its users and policies are gone.

    Source: IAM API reference, DeleteGroup (DeleteConflict).
    """
    group = given.input.get("GroupName", "")
    for operation, member, what in (
        ("GetGroup", "Users", "must remove users from group first."),
        ("ListAttachedGroupPolicies", "AttachedPolicies", "must detach all policies first."),
        ("ListGroupPolicies", "PolicyNames", "must delete policies first."),
    ):
        if await _count(given, operation, member, GroupName=group):
            return _conflict(what)
    return None


@before("iam", "DeleteRole")
async def role_with_belongings(given: Given) -> Refusal | None:
    """A role is deleted once its policies and instance profiles are gone.

    Source: IAM API reference, DeleteRole (DeleteConflict).
    """
    role = given.input.get("RoleName", "")
    for operation, member, what in (
        ("ListInstanceProfilesForRole", "InstanceProfiles", "must remove roles from instance profile first."),
        ("ListAttachedRolePolicies", "AttachedPolicies", "must detach all policies first."),
        ("ListRolePolicies", "PolicyNames", "must delete policies first."),
    ):
        if await _count(given, operation, member, RoleName=role):
            return _conflict(what)
    return None


@before("iam", "DeletePolicy")
async def policy_in_use(given: Given) -> Refusal | None:
    """A policy is deleted once it is detached and has its default version only.

    Source: IAM API reference, DeletePolicy (DeleteConflict).
    """
    arn = given.input.get("PolicyArn", "")
    found: Output = await given.read("ListEntitiesForPolicy", PolicyArn=arn)
    if any(found.get(member) for member in ("PolicyRoles", "PolicyUsers", "PolicyGroups")):
        return Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(await _count(given, "ListPolicyVersions", "Versions", PolicyArn=arn)) > 1:
        message = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
        return Refusal("DeleteConflict", message, 409)
    return None


@before("iam", "CreateLoginProfile", "UpdateLoginProfile")
async def password_by_the_policy(given: Given) -> Refusal | None:
    """A password keeps to the account's password policy: without one, 8 characters of three kinds.

    Source: IAM User Guide, "Set an account password policy for IAM users", default password policy.
    """
    password = given.input.get("Password")
    if password is None:
        return None
    policy = (await given.read("GetAccountPasswordPolicy")).get("PasswordPolicy", {})
    least = int(policy.get("MinimumPasswordLength", 8))
    if len(password) < least:
        message = f"Password should have a minimum length of {least}"
        return Refusal("PasswordPolicyViolation", message)
    kinds = {
        "RequireUppercaseCharacters": (str.isupper, "uppercase letter"),
        "RequireLowercaseCharacters": (str.islower, "lowercase letter"),
        "RequireNumbers": (str.isdecimal, "number"),
        "RequireSymbols": (lambda c: not c.isalnum(), "symbol"),
    }
    has = {name: any(test(char) for char in password) for name, (test, _) in kinds.items()}
    for name, (_, what) in kinds.items():
        if policy.get(name) and not has[name]:
            return Refusal("PasswordPolicyViolation", f"Password should have at least one {what}")
    if not policy and sum(has.values()) < 3:
        message = "Password should have at least three of: uppercase letter, lowercase letter, number, symbol"
        return Refusal("PasswordPolicyViolation", message)
    return None


@before("sts", "AssumeRole")
async def length_of_a_session(given: Given) -> Refusal | None:
    """A session is no longer than its role allows, and one hour when the caller is a role's session itself.

    Source: STS API reference, AssumeRole, DurationSeconds; IAM User Guide, "Role chaining".
    """
    seconds, arn = given.input.get("DurationSeconds"), given.input.get("RoleArn", "")
    if not isinstance(seconds, int):
        return None
    caller = given.call.caller
    if caller is not None and ":assumed-role/" in caller.arn and seconds > 3600:
        message = (
            "The requested DurationSeconds exceeds the 1 hour session "
            "limit for roles assumed by role chaining"
        )
        return Refusal("ValidationError", message)
    if arn.split(":")[4:5] != [given.call.account_id]:
        return None
    role = (await given.read("GetRole", "iam", RoleName=arn.rpartition("/")[2])).get("Role", {})
    if role and seconds > int(role.get("MaxSessionDuration", 3600)):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        return Refusal("ValidationError", message)
    return None
