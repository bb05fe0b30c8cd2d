"""IAM and STS: documents, names, quotas, dependencies, sessions."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same, trust

GRAMMAR = "IAM User Guide, Grammar of the IAM JSON policy language; JSON policy elements"
QUOTAS = "IAM User Guide, IAM and AWS STS quotas"
API = "IAM API reference, common errors of each operation"
STS = "STS API reference, AssumeRole"
GOOD = policy(Effect="Allow", Action="s3:GetObject", Resource="*")


def managed(aws: Aws, document: str = GOOD) -> str:
    made: str = aws.iam.create_policy(PolicyName=aws.name("policy"), PolicyDocument=document)["Policy"]["Arn"]
    return made


def user(aws: Aws) -> str:
    name = aws.name("user")
    aws.iam.create_user(UserName=name)
    return name


def role(aws: Aws, **more: Any) -> str:
    name = aws.name("role")
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2"), **more)
    return name


for _sentence, _document in {
    "A policy is JSON.": "Effect: Allow",
    "A policy's effect is Allow or Deny.": policy(Effect="Permit", Action="s3:*", Resource="*"),
    "A statement has an effect.": policy(Action="s3:*", Resource="*"),
    "A statement has an action.": policy(Effect="Allow", Resource="*"),
    "A statement has a resource.": policy(Effect="Allow", Action="s3:*"),
    "An identity's policy names no principal.": policy(
        Effect="Allow", Principal="*", Action="s3:*", Resource="*"
    ),
    "An action begins with a service.": policy(Effect="Allow", Action="GetObject", Resource="*"),
    "A resource is an ARN or a star.": policy(Effect="Allow", Action="s3:*", Resource="my-bucket"),
    "A condition's operator is one that there is.": policy(
        Effect="Allow", Action="s3:*", Resource="*", Condition={"StringMatches": {"aws:username": "a"}}
    ),
    "A statement has known elements only.": policy(Effect="Allow", Actions="s3:*", Resource="*"),
    "Action and NotAction exclude each other.": policy(
        Effect="Allow", Action="s3:*", NotAction="iam:*", Resource="*"
    ),
    "A version is 2012-10-17 or 2008-10-17.": json.dumps(
        {"Version": "2024-01-01", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    ),
    "A policy has statements.": json.dumps({"Version": "2012-10-17"}),
    "A statement's id is of letters and digits.": policy(
        Sid="my id!", Effect="Allow", Action="s3:*", Resource="*"
    ),
    "Statements have ids of their own.": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}] * 2,
        }
    ),
}.items():
    refused(
        "IAM",
        "MalformedPolicyDocument",
        _sentence,
        GRAMMAR,
        lambda a, _document=_document: managed(a, _document),
    )

for _sentence, _document in {
    "A trust policy has no resource.": policy(
        Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole", Resource="*"
    ),
    "A trust policy names a principal.": policy(Effect="Allow", Action="sts:AssumeRole"),
    "A trust policy is about STS.": policy(
        Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="s3:*"
    ),
    "A trust policy's principals are there.": policy(
        Effect="Allow", Principal={"AWS": "arn:aws:iam::{0}:role/nobody"}, Action="sts:AssumeRole"
    ),
    "A trust policy's services are ones that there are.": policy(
        Effect="Allow", Principal={"Service": "nothing.amazonaws.com"}, Action="sts:AssumeRole"
    ),
}.items():
    refused(
        "IAM",
        "MalformedPolicyDocument",
        _sentence,
        GRAMMAR,
        lambda a, _document=_document: a.iam.create_role(
            RoleName=a.name("role"), AssumeRolePolicyDocument=_document.replace("{0}", a.account_id)
        ),
    )
refused(
    "IAM",
    "MalformedPolicyDocument",
    "An inline policy is held to the grammar too.",
    GRAMMAR,
    lambda a: a.iam.put_role_policy(RoleName=role(a), PolicyName="p", PolicyDocument="{}"),
)
refused(
    "IAM",
    "MalformedPolicyDocument",
    "A role's trust is held to the grammar when it changes.",
    GRAMMAR,
    lambda a: a.iam.update_assume_role_policy(RoleName=role(a), PolicyDocument=GOOD),
)

# --- there already, not there ------------------------------------------------------------------------

for _what, _calls in {
    "user": lambda a: [a.iam.create_user(UserName="one") for _ in range(2)],
    "role": lambda a: [a.role("ec2", "one") for _ in range(2)],
    "group": lambda a: [a.iam.create_group(GroupName="one") for _ in range(2)],
    "policy": lambda a: [a.iam.create_policy(PolicyName="one", PolicyDocument=GOOD) for _ in range(2)],
    "instance profile": lambda a: [
        a.iam.create_instance_profile(InstanceProfileName="one") for _ in range(2)
    ],
}.items():
    refused("IAM", "EntityAlreadyExists", f"The name of a {_what} is given once.", API, _calls)
refused(
    "IAM",
    "EntityAlreadyExists",
    "Users' names differ by more than capitals.",
    "IAM API reference, CreateUser",
    lambda a: [a.iam.create_user(UserName=n) for n in ("alice", "Alice")],
)
for _what, _call, _name in (
    ("user", "get_user", "UserName"),
    ("role", "get_role", "RoleName"),
    ("group", "get_group", "GroupName"),
    ("instance profile", "get_instance_profile", "InstanceProfileName"),
):
    refused(
        "IAM",
        "NoSuchEntity",
        f"A {_what} that is not there is not found.",
        API,
        lambda a, _call=_call, _name=_name: getattr(a.iam, _call)(**{_name: "nobody"}),
    )
refused(
    "IAM",
    "NoSuchEntity",
    "A policy that is attached is there.",
    API,
    lambda a: a.iam.attach_role_policy(RoleName=role(a), PolicyArn="arn:aws:iam::aws:policy/Nothing"),
)
refused(
    "IAM",
    "NoSuchEntity",
    "An account has no password policy until it is given one.",
    API,
    lambda a: a.iam.get_account_password_policy(),
)

# --- dependencies -------------------------------------------------------------------------------------


def owned(aws: Aws, *calls: str, **more: Any) -> str:
    name = user(aws)
    for call in calls:
        getattr(aws.iam, call)(UserName=name, **more)
    return name


for _sentence, _calls in {
    "A user with an access key is not deleted.": lambda a: a.iam.delete_user(
        UserName=owned(a, "create_access_key")
    ),
    "A user with an attached policy is not deleted.": lambda a: a.iam.delete_user(
        UserName=owned(a, "attach_user_policy", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    ),
    "A user with an inline policy is not deleted.": lambda a: a.iam.delete_user(
        UserName=owned(a, "put_user_policy", PolicyName="p", PolicyDocument=GOOD)
    ),
    "A user with a password is not deleted.": lambda a: a.iam.delete_user(
        UserName=owned(a, "create_login_profile", Password="Correct-horse-9")
    ),
}.items():
    refused("IAM", "DeleteConflict", _sentence, "IAM API reference, DeleteUser", _calls)


@probe("IAM", "IAM API reference, DeleteRole", "DeleteConflict")
def role_with_policy(aws: Aws) -> None:
    """A role with an attached policy is not deleted."""
    name = role(aws)
    aws.iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    aws.iam.delete_role(RoleName=name)


@probe("IAM", "IAM API reference, DeleteRole", "DeleteConflict")
def role_with_inline_policy(aws: Aws) -> None:
    """A role with an inline policy is not deleted."""
    name = role(aws)
    aws.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=GOOD)
    aws.iam.delete_role(RoleName=name)


def profile(aws: Aws, *roles: str) -> str:
    name = aws.name("profile")
    aws.iam.create_instance_profile(InstanceProfileName=name)
    for each in roles:
        aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=each)
    return name


@probe("IAM", "IAM API reference, DeleteRole", "DeleteConflict")
def role_in_profile(aws: Aws) -> None:
    """A role in an instance profile is not deleted."""
    name = role(aws)
    profile(aws, name)
    aws.iam.delete_role(RoleName=name)


refused(
    "IAM",
    "DeleteConflict",
    "An instance profile with a role is not deleted.",
    API,
    lambda a: a.iam.delete_instance_profile(InstanceProfileName=profile(a, role(a))),
)
refused(
    "IAM",
    "LimitExceeded",
    "An instance profile has one role.",
    QUOTAS,
    lambda a: profile(a, role(a), role(a)),
)


@probe("IAM", "IAM API reference, DeletePolicy", "DeleteConflict")
def attached_policy(aws: Aws) -> None:
    """A policy that is attached is not deleted."""
    arn = managed(aws)
    aws.iam.attach_role_policy(RoleName=role(aws), PolicyArn=arn)
    aws.iam.delete_policy(PolicyArn=arn)


@probe("IAM", "IAM API reference, DeletePolicy", "DeleteConflict")
def versioned_policy(aws: Aws) -> None:
    """A policy with versions besides its default is not deleted."""
    arn = managed(aws)
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=GOOD)
    aws.iam.delete_policy(PolicyArn=arn)


refused(
    "IAM",
    "DeleteConflict",
    "A policy's default version is not deleted.",
    "IAM API reference, DeletePolicyVersion",
    lambda a: a.iam.delete_policy_version(PolicyArn=managed(a), VersionId="v1"),
)


@probe("IAM", "IAM API reference, DeleteGroup", "DeleteConflict")
def group_with_users(aws: Aws) -> None:
    """A group with a user in it is not deleted."""
    aws.iam.create_group(GroupName="devs")
    aws.iam.add_user_to_group(GroupName="devs", UserName=user(aws))
    aws.iam.delete_group(GroupName="devs")


# --- quotas ---------------------------------------------------------------------------------------------


def long_policy(size: int) -> str:
    return policy(Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::b/" + "x" * size)


@probe("IAM", QUOTAS, "LimitExceeded")
def three_keys(aws: Aws) -> None:
    """A user has two access keys."""
    name = user(aws)
    for _ in range(3):
        aws.iam.create_access_key(UserName=name)


@probe("IAM", QUOTAS, "LimitExceeded")
def six_versions(aws: Aws) -> None:
    """A policy has five versions."""
    arn = managed(aws)
    for _ in range(5):
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=GOOD)


@probe("IAM", QUOTAS, "LimitExceeded")
def eleven_policies(aws: Aws) -> None:
    """A role has ten managed policies."""
    name = role(aws)
    for _ in range(11):
        aws.iam.attach_role_policy(RoleName=name, PolicyArn=managed(aws))


@probe("IAM", QUOTAS, "LimitExceeded")
def eleven_groups(aws: Aws) -> None:
    """A user is in ten groups."""
    name = user(aws)
    for number in range(11):
        aws.iam.create_group(GroupName=f"g{number}")
        aws.iam.add_user_to_group(GroupName=f"g{number}", UserName=name)


refused(
    "IAM",
    "LimitExceeded",
    "A managed policy has at most 6,144 characters.",
    QUOTAS,
    lambda a: managed(a, long_policy(6200)),
)
refused(
    "IAM",
    "LimitExceeded",
    "A user's inline policies have at most 2,048 characters.",
    QUOTAS,
    lambda a: a.iam.put_user_policy(UserName=user(a), PolicyName="p", PolicyDocument=long_policy(2100)),
)
refused(
    "IAM",
    "LimitExceeded",
    "A role's inline policies have at most 10,240 characters.",
    QUOTAS,
    lambda a: a.iam.put_role_policy(RoleName=role(a), PolicyName="p", PolicyDocument=long_policy(10300)),
)
refused(
    "IAM",
    "LimitExceeded",
    "A trust policy has at most 2,048 characters.",
    QUOTAS,
    lambda a: a.iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=policy(
            Effect="Allow",
            Principal={"Service": "ec2.amazonaws.com"},
            Action="sts:AssumeRole",
            Condition={"StringEquals": {"sts:ExternalId": "x" * 2100}},
        ),
    ),
)
refused(
    "IAM",
    ("LimitExceeded", "InvalidInput", "ValidationError"),
    "A role has at most 50 tags.",
    QUOTAS,
    lambda a: a.iam.tag_role(RoleName=role(a), Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)]),
)
refused(
    "IAM",
    "ValidationError",
    "A user's name keeps to its characters.",
    QUOTAS,
    lambda a: a.iam.create_user(UserName="not a name"),
)
refused(
    "IAM",
    "ValidationError",
    "A role's name has at most 64 characters.",
    QUOTAS,
    lambda a: a.role("ec2", "r" * 65),
)
refused(
    "IAM",
    "ValidationError",
    "A role's session is at most 12 hours.",
    "IAM API reference, CreateRole",
    lambda a: role(a, MaxSessionDuration=43_201),
)
refused(
    "IAM",
    "PasswordPolicyViolation",
    "A password keeps to the account's policy.",
    API,
    lambda a: [
        a.iam.update_account_password_policy(MinimumPasswordLength=14),
        a.iam.create_login_profile(UserName=user(a), Password="Short-9"),
    ],
)
gives(
    "IAM",
    "Ids say what they are of.",
    "IAM User Guide, IAM identifiers, Understanding unique ID prefixes",
    ("AIDA", "AROA", "AKIA"),
    lambda a: (
        a.iam.get_user(UserName=user(a))["User"]["UserId"][:4],
        a.iam.get_role(RoleName=role(a))["Role"]["RoleId"][:4],
        a.iam.create_access_key(UserName=user(a))["AccessKey"]["AccessKeyId"][:4],
    ),
)
gives(
    "IAM",
    "A role's session is an hour unless told otherwise.",
    "IAM API reference, Role",
    3600,
    lambda a: a.iam.get_role(RoleName=role(a))["Role"]["MaxSessionDuration"],
)


@probe("IAM", "AWS Managed Policy Reference Guide, AmazonS3ReadOnlyAccess")
def real_document(aws: Aws) -> None:
    """A policy of AWS's own has its real document."""
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    version = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    actions = {each for statement in found["Statement"] for each in statement["Action"]}
    assert {"s3:Get*", "s3:List*", "s3:Describe*"} <= actions, actions


# --- sessions ----------------------------------------------------------------------------------------------


def assumable(aws: Aws, **more: Any) -> str:
    name = aws.name("role")
    root = policy(
        Effect="Allow", Principal={"AWS": f"arn:aws:iam::{aws.account_id}:root"}, Action="sts:AssumeRole"
    )
    made: str = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=root, **more)["Role"]["Arn"]
    return made


refused(
    "STS",
    "ValidationError",
    "A session is no longer than its role allows.",
    STS,
    lambda a: a.sts.assume_role(RoleArn=assumable(a), RoleSessionName="me", DurationSeconds=7200),
)
refused(
    "STS",
    "ValidationError",
    "A session is at most 12 hours.",
    STS,
    lambda a: a.sts.assume_role(
        RoleArn=assumable(a, MaxSessionDuration=43_200), RoleSessionName="me", DurationSeconds=43_201
    ),
)
refused(
    "STS",
    "ValidationError",
    "A session's name keeps to its characters.",
    STS,
    lambda a: a.sts.assume_role(RoleArn=assumable(a), RoleSessionName="not a name"),
)
refused(
    "STS",
    "MalformedPolicyDocument",
    "A session's policy is a policy.",
    STS,
    lambda a: a.sts.assume_role(RoleArn=assumable(a), RoleSessionName="me", Policy='{"Statement": 1}'),
)
refused(
    "STS",
    "AccessDenied",
    "A role that is not there is not assumed.",
    STS,
    lambda a: a.sts.assume_role(RoleArn=f"arn:aws:iam::{a.account_id}:role/nobody", RoleSessionName="me"),
)
refused(
    "STS",
    "ValidationError",
    "GetSessionToken gives at most 36 hours.",
    "STS API reference, GetSessionToken",
    lambda a: a.sts.get_session_token(DurationSeconds=129_601),
)


@probe("STS", STS)
def session(aws: Aws) -> None:
    """A session has temporary keys, the ARN of role and name, and an end."""
    arn = assumable(aws)
    made = aws.sts.assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    who = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/me"
    same((made["AssumedRoleUser"]["Arn"], made["Credentials"]["AccessKeyId"][:4]), (who, "ASIA"))
    assert made["AssumedRoleUser"]["AssumedRoleId"].endswith(":me"), made["AssumedRoleUser"]
