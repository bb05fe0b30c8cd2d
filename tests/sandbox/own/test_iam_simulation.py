"""IAM's policy simulator on its real API: its answers are the engine's, in AWS's shape and words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.sandbox import Sandbox
from tests.sandbox.own.simulating import CASES, difference, gap

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
NO_SECRETS = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::data/secret/*"}


def policy(*statements: dict[str, Any]) -> str:
    """A policy of some statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    """The code and message of an error."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def one(answer: dict[str, Any]) -> dict[str, Any]:
    """The only result of a simulation."""
    (found,) = answer["EvaluationResults"]
    return dict(found)


@pytest.fixture
def iam(learner: boto3.Session) -> Any:
    """The learner's IAM client."""
    return learner.client("iam")


def test_the_simulator_says_of_cases_what_the_engine_says(iam: Any) -> None:
    """One IAM case in eight, put to SimulateCustomPolicy, comes out as the engine decides it."""
    asked = [case for case in CASES.values() if not gap(case)][::8]
    assert [told for case in asked if (told := difference(iam, case))] == []


def test_most_cases_can_be_expressed() -> None:
    """Two cases of three can be put to the API; the others say why not."""
    assert sum(not gap(case) for case in CASES.values()) > len(CASES) * 2 / 3


def test_one_result_for_each_action_and_one_for_each_resource(iam: Any) -> None:
    """An action's result is the hardest of its resources'; each resource has its own, with its statements."""
    arns = ["arn:aws:s3:::data/a.csv", "arn:aws:s3:::data/secret/b.csv"]
    asked = {"PolicyInputList": [policy(READ, NO_SECRETS)], "ResourceArns": arns}
    found = one(iam.simulate_custom_policy(**asked, ActionNames=["s3:GetObject"]))
    assert found["EvalDecision"] == "explicitDeny"
    assert found["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    by_arn = {each["EvalResourceName"]: each for each in found["ResourceSpecificResults"]}
    assert [by_arn[arn]["EvalResourceDecision"] for arn in arns] == ["allowed", "explicitDeny"]
    assert found["MatchedStatements"] == by_arn[arns[1]]["MatchedStatements"]
    assert by_arn[arns[0]]["MatchedStatements"] != by_arn[arns[1]]["MatchedStatements"]
    alone = one(
        iam.simulate_custom_policy(**{**asked, "ResourceArns": arns[:1]}, ActionNames=["s3:GetObject"])
    )
    assert (alone["EvalResourceName"], alone["EvalDecision"]) == (arns[0], "allowed")


def test_a_statement_is_told_by_its_policy_and_its_place(iam: Any) -> None:
    """Positions are those of AWS's own example: behind the opening bracket, and behind the closing one."""
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    context = [
        {
            "ContextKeyName": "aws:CurrentTime",
            "ContextKeyValues": ["2019-04-25T11:00:00Z"],
            "ContextKeyType": "date",
        }
    ]
    found = one(
        iam.simulate_custom_policy(
            PolicyInputList=[document], ActionNames=["dynamodb:CreateBackup"], ContextEntries=context
        )
    )
    assert found["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": 38},
            "EndPosition": {"Line": 1, "Column": 167},
        }
    ]
    assert "ResourceSpecificResults" not in found


def test_keys_without_a_value_are_named(iam: Any) -> None:
    """A key that a statement about the action reads, and that has no value, is a missing context value."""
    picky = {**READ, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    other = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"Bool": {"ec2:IsLaunchTemplateResource": "true"}}}  # fmt: skip  # noqa: E501
    asked = {"PolicyInputList": [policy(picky, other)], "ResourceArns": ["arn:aws:s3:::data/a"]}
    found = one(iam.simulate_custom_policy(**asked, ActionNames=["s3:GetObject"]))
    assert found["EvalDecision"] == "implicitDeny"
    assert found["MissingContextValues"] == ["aws:SourceIp"]
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.2.3"], "ContextKeyType": "ip"}
    found = one(iam.simulate_custom_policy(**asked, ActionNames=["s3:GetObject"], ContextEntries=[entry]))
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])


def test_results_come_in_pages(iam: Any) -> None:
    """MaxItems bounds a page, and the marker leads to the next; a marker from elsewhere is refused."""
    actions = [
        f"s3:{name}" for name in ("GetObject", "PutObject", "DeleteObject", "ListBucket", "GetBucketAcl")
    ]
    asked = {"PolicyInputList": [policy(READ)], "ActionNames": actions}
    pages = iam.get_paginator("simulate_custom_policy").paginate(**asked, PaginationConfig={"PageSize": 2})
    found = [[each["EvalActionName"] for each in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:4], actions[4:]]
    assert refusal(iam.simulate_custom_policy, **asked, Marker="x").startswith("InvalidInput: Invalid Marker")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ActionNames": ["s3:Get*"]}, "Invalid Input Actions: s3:Get*"),
        ({"ActionNames": ["GetObject"]}, "Invalid Input Actions: GetObject"),
        ({"ResourceArns": ["data"]}, "ResourceNames are not in a valid ARN format: data."),
        ({"PolicyInputList": ["{"]}, "Invalid Input PolicyInputList.1: Not JSON"),
        ({"PolicyInputList": [" "]}, "Invalid Input PolicyInputList.1: Not JSON"),
        ({"PolicyInputList": [policy({**READ, "Principal": "*"})]}, "should not specify a principal"),
        ({"ResourceOwner": "123456789012"}, "'123456789012' is not a valid as a Resource Owner."),
        ({"CallerArn": "arn:aws:sts::123456789012:assumed-role/a/b"}, "does not clearly define entity"),
        ({"ResourcePolicy": policy({**READ, "Principal": "*"})}, "CallerArn is required"),
        (
            {
                "ResourcePolicy": policy({**READ, "Principal": "*"}),
                "CallerArn": "arn:aws:iam::123456789012:role/app",
            },
            "Caller must be an IAM user in this context.",
        ),
        ({"PermissionsBoundaryPolicyInputList": [policy(READ)] * 2}, "cannot exceed 1 items"),
        ({"ResourceHandlingOption": "EC2-Classic"}, "Invalid Resource Handling Option"),
        ({"ResourceHandlingOption": "EC2-VPC-EBS"}, "requires resources of type instance, image"),
    ],
)
def test_what_the_simulator_does_not_take(iam: Any, changed: dict[str, Any], said: str) -> None:
    """What cannot be simulated is refused as InvalidInput, with what was wrong."""
    asked = {"PolicyInputList": [policy(READ)], "ActionNames": ["s3:GetObject"], **changed}
    answer = refusal(iam.simulate_custom_policy, **asked)
    assert answer.startswith("InvalidInput: ")
    assert said in answer


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numeric", ["ten"]),
        ("boolean", ["yes"]),
        ("date", ["tomorrow"]),
        ("ip", ["10.0.0"]),
        ("binary", ["%"]),
        ("string", ["a", "b"]),
        ("numericList", ["1", "x"]),
    ],
)
def test_context_values_are_of_their_type(iam: Any, kind: str, values: list[str]) -> None:
    """A value that is not of the entry's type is refused."""
    entry = {"ContextKeyName": "s3:max-keys", "ContextKeyValues": values, "ContextKeyType": kind}
    asked = {"PolicyInputList": [policy(READ)], "ActionNames": ["s3:GetObject"], "ContextEntries": [entry]}
    assert refusal(iam.simulate_custom_policy, **asked).startswith("InvalidInput: ")


def test_across_accounts_each_kind_of_policy_is_told(iam: Any) -> None:
    """Across accounts both sides must allow, and the details say which did."""
    asked = {
        "PolicyInputList": [policy(READ)],
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::data/a"],
        "CallerArn": "arn:aws:iam::111122223333:user/ana",
        "ResourceOwner": "arn:aws:iam::444455556666:root",
    }
    found = one(iam.simulate_custom_policy(**asked))
    assert found["EvalDecision"] == "implicitDeny"
    assert found["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}
    opened = policy({**READ, "Principal": {"AWS": "111122223333"}})
    found = one(iam.simulate_custom_policy(**asked, ResourcePolicy=opened))
    assert found["EvalDecision"] == "allowed"
    assert [each["SourcePolicyId"] for each in found["MatchedStatements"]] == [
        "PolicyInputList.1",
        "ResourcePolicy",
    ]


def test_a_principal_is_simulated_with_all_its_policies(iam: Any) -> None:
    """A user's own, attached and groups' policies and the boundary count; excluded ones do not."""
    iam.create_user(UserName="ana", Tags=[{"Key": "team", "Value": "red"}])
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ana")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=policy(READ))
    iam.put_user_policy(UserName="ana", PolicyName="closed", PolicyDocument=policy(NO_SECRETS))
    arn = iam.get_user(UserName="ana")["User"]["Arn"]
    asked = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]}
    arns = ["arn:aws:s3:::data/a", "arn:aws:s3:::data/secret/b"]
    found = one(iam.simulate_principal_policy(**asked, ResourceArns=arns))["ResourceSpecificResults"]
    assert [each["MatchedStatements"][0]["SourcePolicyId"] for each in found] == ["read", "closed"]
    identifier = {"PolicyName": "closed", "AttachmentType": "user", "AttachmentName": "a*"}
    without = [{"InlinePolicyIdentifier": identifier}]
    found = one(iam.simulate_principal_policy(**asked, ResourceArns=arns[1:], PolicyExclusionList=without))
    assert found["EvalDecision"] == "allowed"
    tight = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    found = one(
        iam.simulate_principal_policy(
            **asked, ResourceArns=arns[:1], PermissionsBoundaryPolicyInputList=[tight]
        )
    )
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_a_principal_that_is_not_there(iam: Any) -> None:
    """A user, group or role that is not in the account is no entity."""
    account = iam.get_user()["User"]["Arn"].split(":")[4]
    for kind in ("user", "group", "role"):
        arn = f"arn:aws:iam::{account}:{kind}/nobody"
        answer = refusal(iam.simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"])
        assert answer == f"NoSuchEntity: The {kind} with name nobody cannot be found."


def test_the_simulator_asks_for_its_own_permission(
    sandbox: Sandbox, iam: Any, account_id: str, as_keys: Callable[..., boto3.Session]
) -> None:
    """Who may not simulate is denied, and the engine is not asked."""
    iam.create_user(UserName="eve")
    keys = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = as_keys(account_id, keys).client("iam")
    asked = {"PolicyInputList": [policy(READ)], "ActionNames": ["s3:GetObject"]}
    assert "iam:SimulateCustomPolicy" in refusal(eve.simulate_custom_policy, **asked)


def test_an_organization_limits_its_accounts(iam: Any) -> None:
    """SCPs given level by level decide with the rest, and are told apart from it."""
    full = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    no_s3 = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    levels = [{"ServiceControlPolicyInputList": [full]}, {"ServiceControlPolicyInputList": [full, no_s3]}]
    asked = {"PolicyInputList": [full], "ActionNames": ["s3:GetObject", "ec2:RunInstances"]}
    found = iam.simulate_custom_policy(**asked, OrderedOrganizationPolicyInputList=levels)[
        "EvaluationResults"
    ]
    told = [(e["EvalDecision"], e["OrganizationsDecisionDetail"]["AllowedByOrganizations"]) for e in found]
    assert told == [("explicitDeny", False), ("allowed", True)]
    assert found[0]["MatchedStatements"] == []


def test_the_keys_that_policies_read(iam: Any) -> None:
    """Condition keys and policy variables are listed, of documents and of a principal's policies."""
    picky = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::data/${aws:username}/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy(picky)])["ContextKeyNames"]
    assert keys == ["aws:SourceIp", "aws:username"]
    iam.create_user(UserName="bo")
    iam.put_user_policy(UserName="bo", PolicyName="own", PolicyDocument=policy(picky))
    arn = iam.get_user(UserName="bo")["User"]["Arn"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == keys


def test_a_member_of_an_organization_is_simulated_under_its_scps(
    sandbox: Sandbox, learner: boto3.Session
) -> None:
    """What an SCP denies the account is denied its users, and the organization is told as the reason."""
    organizations = learner.client("organizations")
    made = organizations.create_account(Email="m@example.com", AccountName="member")
    member: str = made["CreateAccountStatus"]["AccountId"]
    sandbox.provision(member)
    content = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    scp = organizations.create_policy(
        Name="no-s3", Description="d", Type="SERVICE_CONTROL_POLICY", Content=content
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=scp, TargetId=member)
    client = sandbox.session(member, "learner", "us-east-1").client("iam")
    asked = {
        "PolicySourceArn": f"arn:aws:iam::{member}:user/learner",
        "ActionNames": ["s3:GetObject", "sqs:SendMessage"],
    }
    found = client.simulate_principal_policy(**asked)["EvaluationResults"]
    told = [(e["EvalDecision"], e["OrganizationsDecisionDetail"]["AllowedByOrganizations"]) for e in found]
    assert told == [("explicitDeny", False), ("allowed", True)]
    without = client.simulate_principal_policy(**asked, PolicyExclusionList=[{"PolicyType": "scp"}])
    assert [each["EvalDecision"] for each in without["EvaluationResults"]] == ["allowed", "allowed"]
