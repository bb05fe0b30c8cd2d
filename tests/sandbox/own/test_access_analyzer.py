"""IAM Access Analyzer on its real API: policy checks by the proofs, and who gets in from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cloudlings.sandbox.own.analyzer.access import Shared, external_access
from cloudlings.sandbox.own.analyzer.checks import check
from tests.sandbox.own.accounts import refusal

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
OUTSIDE = "arn:aws:iam::444455556666:role/partner"


def policy(*statements: dict[str, Any]) -> str:
    """A policy of some statements, each element on a line of its own."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


@pytest.fixture
def analyzer(learner: boto3.Session) -> Any:
    """The learner's Access Analyzer client."""
    return learner.client("accessanalyzer")


USERS = {"AWS": "arn:aws:iam::111122223333:user/*"}
QUEUE = "arn:aws:sqs:us-east-1:111122223333:jobs"
FAULTS: list[tuple[Any, dict[str, Any], str]] = [
    ("inline", {"Effect": "allow"}, "INVALID_EFFECT"),
    ("inline", {"Action": "s3:GetObjekt"}, "INVALID_ACTION"),
    ("inline", {"Action": "s4:GetObject"}, "INVALID_SERVICE_IN_ACTION"),
    ("inline", {"Action": ["s3:*", "s3:GetObject"]}, "REDUNDANT_ACTION"),
    ("inline", {"Action": []}, "EMPTY_ARRAY_ACTION"),
    ("inline", {"Action": None}, "MISSING_ACTION"),
    ("inline", {"Resource": "data/*"}, "INVALID_ARN_PREFIX"),
    ("inline", {"Resource": "arn:aws:s3:data"}, "MISSING_ARN_FIELD"),
    ("inline", {"Resource": "arn:aws:s3::111122223333:data"}, "ARN_ACCOUNT_NOT_ALLOWED"),
    ("inline", {"Resource": "arn:aws:sqs:us-east-1:1234:q"}, "INVALID_ARN_ACCOUNT"),
    ("inline", {"Resource": None}, "MISSING_RESOURCE"),
    ("inline", {"Resources": "*"}, "INVALID_POLICY_ELEMENT"),
    ("inline", {"NotResource": "*"}, "UNSUPPORTED_ELEMENT_COMBINATION"),
    ("inline", {"Principal": "*"}, "UNSUPPORTED_PRINCIPAL"),
    ("inline", {"Action": "iam:PassRole", "Resource": "*"}, "PASS_ROLE_WITH_STAR_IN_RESOURCE"),
    ("inline", {"Action": "iam:Pass*", "Resource": "*"}, "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    (
        "inline",
        {"Action": "iam:PassRole", "Resource": None, "NotResource": QUEUE},
        "PASS_ROLE_WITH_NOT_RESOURCE",
    ),
    ("inline", {"Condition": {"StringIs": {"aws:username": "a"}}}, "INVALID_CONDITION_OPERATOR"),
    ("inline", {"Condition": {"StringEquals": {"user": "a"}}}, "INVALID_CONDITION_KEY_FORMAT"),
    ("inline", {"Condition": {"Bool": {"aws:Nothing": "true"}}}, "INVALID_GLOBAL_CONDITION_KEY"),
    ("inline", {"Condition": {"StringEquals": {"s3:no": "a"}}}, "INVALID_SERVICE_CONDITION_KEY"),
    ("inline", {"Condition": {"StringEquals": {"aws:username": "a*"}}}, "WILDCARD_WITHOUT_LIKE_OPERATOR"),
    ("inline", {"Condition": {"IpAddress": {"aws:SourceIp": "home"}}}, "TYPE_MISMATCH_IP_RANGE"),
    ("inline", {"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}, "TYPE_MISMATCH_DATE"),
    ("inline", {"Condition": {"NumericLessThan": {"s3:max-keys": "few"}}}, "TYPE_MISMATCH_NUMBER"),
    ("inline", {"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "TYPE_MISMATCH_BOOLEAN"),
    ("inline", {"Condition": {"StringEquals": {"aws:SourceIp": "10.0.0.1"}}}, "TYPE_MISMATCH"),
    ("inline", {"Condition": {"StringNotLike": {"s3:prefix": "a/"}}}, "S3_PREFIX_IN_NEGATIVE_CONTEXT"),
    ("inline", {"Condition": {"StringEquals": {"aws:TagKeys": "a"}}}, "MISSING_QUALIFIER"),
    ("bucket", {}, "MISSING_PRINCIPAL"),
    ("bucket", {"Principal": USERS}, "UNSUPPORTED_WILDCARD_IN_PRINCIPAL"),
    ("bucket", {"Principal": {"User": "ana"}}, "INVALID_PRINCIPAL_KEY"),
    ("bucket", {"Principal": "*", "Resource": QUEUE}, "UNSUPPORTED_RESOURCE_ARN_IN_POLICY"),
    ("bucket", {"Principal": {"Service": "sns.amazonaws.com"}}, "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"),
    ("bucket", {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}}, "INVALID_ROLE_REFERENCE"),
    ("bucket", {"NotPrincipal": {"AWS": "111122223333"}}, "ALLOW_WITH_NOTPRINCIPAL"),
    ("scp", {"Principal": "*"}, "SCP_SYNTAX_ERROR_PRINCIPAL"),
    ("rcp", {"Effect": "Deny", "Principal": {"AWS": "111122223333"}}, "RCP_SYNTAX_ERROR_PRINCIPAL"),
]


@pytest.mark.parametrize(("kind", "change", "code"), FAULTS, ids=[code for _, _, code in FAULTS])
def test_each_check_finds_its_fault(kind: Any, change: dict[str, Any], code: str) -> None:
    """A policy with one fault has the finding of its check, and no other."""
    statement = {name: value for name, value in {**READ, **change}.items() if value is not None}
    assert [finding.code for finding in check(policy(statement), kind)] == [code]


def test_a_policy_without_a_fault_has_no_finding() -> None:
    """Nothing is found in a policy that allows one thing."""
    assert check(policy(READ), "inline") == ()


def test_everything_on_everything_is_a_warning() -> None:
    """Whoever may do everything may pass any role."""
    found = check(policy({**READ, "Action": "*", "Resource": "*"}), "inline")
    assert [(one.level, one.code) for one in found] == [
        ("SECURITY_WARNING", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"),
        ("WARNING", "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    ]


def test_faults_of_the_whole_document() -> None:
    """A text that is no JSON, a policy without a version or a statement, statements with one name."""
    assert [f.code for f in check('{"Version": ', "inline")] == ["JSON_SYNTAX_ERROR"]
    assert [f.code for f in check("[]", "inline")] == ["DATA_TYPE_MISMATCH"]
    assert [f.code for f in check("{}", "inline")] == ["MISSING_STATEMENT", "MISSING_VERSION"]
    variable = json.dumps({"Statement": {**READ, "Resource": "arn:aws:s3:::data/${aws:username}"}})
    codes = ["VARIABLE_UNSUPPORTED_IN_VERSION", "MISSING_VERSION"]
    assert [f.code for f in check(variable, "inline")] == codes
    twice = policy({**READ, "Sid": "Read"}, {**READ, "Sid": "Read"})
    assert [f.code for f in check(twice, "inline")] == ["UNIQUE_SIDS_RECOMMENDED"]


def test_a_finding_points_into_the_document(analyzer: Any) -> None:
    """A finding has AWS's type and code, a link to its check, and the path and place of what it is about."""
    document = policy(READ, {**READ, "Action": ["s3:ListBucket", "s3:GetObjekt"]})
    (found,) = analyzer.validate_policy(policyDocument=document, policyType="IDENTITY_POLICY")["findings"]
    assert (found["findingType"], found["issueCode"]) == ("ERROR", "INVALID_ACTION")
    assert found["learnMoreLink"].endswith("#access-analyzer-reference-policy-checks-error-invalid-action")
    (location,) = found["locations"]
    assert location["path"] == [{"value": "Statement"}, {"index": 1}, {"value": "Action"}, {"index": 1}]
    start, end = location["span"]["start"], location["span"]["end"]
    assert document[start["offset"] : end["offset"]] == '"s3:GetObjekt"'
    assert document.splitlines()[start["line"] - 1][start["column"] : end["column"]] == '"s3:GetObjekt"'


def test_no_new_access(analyzer: Any) -> None:
    """An updated policy that grants no more passes; one that does fails, by the statement that does."""
    narrow = {**READ, "Resource": "arn:aws:s3:::data/public/*"}
    ask = analyzer.check_no_new_access
    asked = {"existingPolicyDocument": policy(READ), "policyType": "IDENTITY_POLICY"}
    assert ask(newPolicyDocument=policy(narrow), **asked)["result"] == "PASS"
    wider = {"Sid": "Delete", "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}
    found = ask(newPolicyDocument=policy(READ, wider), **asked)
    assert found["result"] == "FAIL"
    (reason,) = found["reasons"]
    assert (reason["statementIndex"], reason["statementId"]) == (1, "Delete")
    assert "s3:DeleteObject" in reason["description"]


def test_no_new_access_by_a_resource_policy(analyzer: Any) -> None:
    """Taking a Deny away from a bucket's policy is new access."""
    opened = {**READ, "Principal": {"AWS": "444455556666"}}
    closed = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::data/secret/*"}
    asked = {"existingPolicyDocument": policy(opened, closed), "policyType": "RESOURCE_POLICY"}
    assert analyzer.check_no_new_access(newPolicyDocument=policy(opened, closed), **asked)["result"] == "PASS"
    assert analyzer.check_no_new_access(newPolicyDocument=policy(opened), **asked)["result"] == "FAIL"


@pytest.mark.parametrize(
    ("access", "result"),
    [
        ({"actions": ["s3:PutObject"]}, "PASS"),
        ({"actions": ["s3:PutObject", "s3:GetObject"]}, "FAIL"),
        ({"resources": ["arn:aws:s3:::other/*"]}, "PASS"),
        ({"resources": ["arn:aws:s3:::data/secret/*"]}, "FAIL"),
        ({"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::other/*"]}, "PASS"),
        ({"actions": ["s3:*"], "resources": ["arn:aws:s3:::data/a"]}, "FAIL"),
    ],
)
def test_access_not_granted(analyzer: Any, access: dict[str, Any], result: str) -> None:
    """A policy fails when it grants one of the actions on one of the resources."""
    asked = {"policyDocument": policy(READ), "policyType": "IDENTITY_POLICY", "access": [access]}
    found = analyzer.check_access_not_granted(**asked)
    assert found["result"] == result
    assert bool(found.get("reasons")) is (result == "FAIL")


def test_no_public_access(analyzer: Any) -> None:
    """A grant to everyone is public, one that a fixed organization limits is not."""
    ask = analyzer.check_no_public_access
    everyone = {**READ, "Sid": "Open", "Principal": "*"}
    found = ask(policyDocument=policy(everyone), resourceType="AWS::S3::Bucket")
    assert (found["result"], found["reasons"][0]["statementId"]) == ("FAIL", "Open")
    ours = {**everyone, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}
    assert ask(policyDocument=policy(ours), resourceType="AWS::S3::Bucket")["result"] == "PASS"


def test_what_the_checks_do_not_take(analyzer: Any) -> None:
    """Documents that are none, and values that are not listed, are refused."""
    asked = {"policyDocument": "{", "policyType": "IDENTITY_POLICY", "access": [{"actions": ["s3:*"]}]}
    assert refusal(analyzer.check_access_not_granted, **asked).startswith("InvalidParameterException: ")
    asked = {"policyDocument": policy(READ), "resourceType": "AWS::S3::Pail"}
    assert refusal(analyzer.check_no_public_access, **asked).startswith("ValidationException: ")
    asked = {"policyDocument": policy(READ), "policyType": "IDENTITY_POLICY", "access": [{}]}
    assert refusal(analyzer.check_access_not_granted, **asked).startswith("ValidationException: ")


@pytest.fixture
def arn(analyzer: Any) -> str:
    """An analyzer of the account."""
    made: str = analyzer.create_analyzer(analyzerName="ours", type="ACCOUNT")["arn"]
    return made


def found(analyzer: Any, arn: str, **criteria: Any) -> list[dict[str, Any]]:
    """The analyzer's findings that are active, or fit other criteria."""
    criteria = criteria or {"status": {"eq": ["ACTIVE"]}}
    return list(analyzer.list_findings(analyzerArn=arn, filter=criteria)["findings"])


def test_an_analyzer_is_made_once(analyzer: Any, arn: str) -> None:
    """A Region has one analyzer of the account; it is read, listed and deleted."""
    assert analyzer.get_analyzer(analyzerName="ours")["analyzer"]["arn"] == arn
    assert [each["name"] for each in analyzer.list_analyzers(type="ACCOUNT")["analyzers"]] == ["ours"]
    make = analyzer.create_analyzer
    assert refusal(make, analyzerName="ours", type="ACCOUNT").startswith("ConflictException: ")
    assert refusal(make, analyzerName="two", type="ACCOUNT").startswith("ServiceQuotaExceededException: ")
    analyzer.delete_analyzer(analyzerName="ours")
    assert refusal(analyzer.get_analyzer, analyzerName="ours").startswith("ResourceNotFoundException: ")


def test_a_role_that_another_account_may_take_is_a_finding(
    analyzer: Any, arn: str, learner: boto3.Session, account_id: str
) -> None:
    """A trust in another account is told until it is gone; one in the own account never."""
    iam = learner.client("iam")

    def trust(principal: str) -> str:
        return policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})

    iam.create_role(RoleName="own", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{account_id}:root"))
    role = iam.create_role(RoleName="shared", AssumeRolePolicyDocument=trust(OUTSIDE))["Role"]
    (finding,) = found(analyzer, arn)
    assert (finding["resource"], finding["resourceType"]) == (role["Arn"], "AWS::IAM::Role")
    assert (finding["principal"], finding["isPublic"]) == ({"AWS": OUTSIDE}, False)
    assert finding["action"] == ["sts:AssumeRole"]
    iam.delete_role(RoleName="shared")
    assert found(analyzer, arn) == []
    assert analyzer.get_finding(analyzerArn=arn, id=finding["id"])["finding"]["status"] == "RESOLVED"


def test_public_queues_are_findings_and_closed_ones_are_not(
    analyzer: Any, arn: str, learner: boto3.Session, account_id: str
) -> None:
    """What everyone may do is public; a Deny that keeps all out of it leaves no finding."""
    sqs = learner.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account_id}:jobs"
    opened = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(opened)})
    (finding,) = found(analyzer, arn, isPublic={"eq": ["true"]})
    assert (finding["resource"], finding["principal"], finding["condition"]) == (queue, {"AWS": "*"}, {})
    details = analyzer.get_finding_v2(analyzerArn=arn, id=finding["id"])
    assert details["findingType"] == "ExternalAccess"
    assert details["findingDetails"][0]["externalAccessDetails"]["isPublic"]
    closed = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue,
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account_id}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(opened, closed)})
    assert found(analyzer, arn) == []


def test_what_is_as_aws_made_it_is_no_finding(analyzer: Any, arn: str, learner: boto3.Session) -> None:
    """A new bucket, key, topic, queue and secret let nobody in from outside."""
    learner.client("s3").create_bucket(Bucket=f"new-{arn.split(':')[4]}")
    learner.client("kms").create_key()
    learner.client("sns").create_topic(Name="news")
    learner.client("sqs").create_queue(QueueName="jobs")
    learner.client("secretsmanager").create_secret(Name="word", SecretString="x")
    assert found(analyzer, arn) == []


HERE = "111122223333"


@pytest.mark.parametrize(
    ("condition", "ways"),
    [
        ({}, [("*", True)]),
        ({"StringEquals": {"aws:PrincipalAccount": HERE}}, []),
        ({"StringEquals": {"kms:CallerAccount": HERE}}, []),
        ({"StringEquals": {"kms:CallerAccount": "444455556666"}}, [("*", False)]),
        ({"StringEquals": {"aws:PrincipalAccount": "444455556666"}}, [("*", False)]),
        ({"StringEquals": {"aws:SourceAccount": HERE}}, []),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, [("*", False)]),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, [("*", False)]),
    ],
)
def test_a_condition_says_whom_everyone_is(condition: dict[str, Any], ways: list[tuple[str, bool]]) -> None:
    """A key open to everyone is open to those whom its condition leaves."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    document = policy({**statement, "Condition": condition} if condition else statement)
    key = Shared(f"arn:aws:kms:us-east-1:{HERE}:key/1234", "AWS::KMS::Key", document)
    assert [(one.principal[1], one.public) for one in external_access([key], HERE)] == ways


def test_a_function_url_for_everyone_is_public() -> None:
    """What lets anybody call a function by its URL is a public way in."""
    arn = f"arn:aws:lambda:us-east-1:{HERE}:function:hook"
    condition = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    opened = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": arn}
    function = Shared(arn, "AWS::Lambda::Function", policy({**opened, "Condition": condition}))
    assert [one.public for one in external_access([function], HERE)] == [True]


def test_block_public_access_closes_a_public_bucket() -> None:
    """A public bucket policy that Block Public Access restricts lets nobody in from outside."""
    opened = policy({**READ, "Principal": "*"})
    buckets = [Shared("arn:aws:s3:::data", "AWS::S3::Bucket", opened, closed) for closed in (False, True)]
    assert [len(external_access([bucket], HERE)) for bucket in buckets] == [1, 0]


def test_an_archived_finding_stays_so(analyzer: Any, arn: str, learner: boto3.Session) -> None:
    """A finding that is archived is active no more, however often the account is looked at."""
    trust = policy({"Effect": "Allow", "Principal": {"AWS": OUTSIDE}, "Action": "sts:AssumeRole"})
    learner.client("iam").create_role(RoleName="shared", AssumeRolePolicyDocument=trust)
    (finding,) = found(analyzer, arn)
    analyzer.update_findings(analyzerArn=arn, ids=[finding["id"]], status="ARCHIVED")
    assert found(analyzer, arn) == []
    assert [one["id"] for one in found(analyzer, arn, status={"eq": ["ARCHIVED"]})] == [finding["id"]]


def test_findings_are_for_those_who_may_read_them(
    analyzer: Any, arn: str, learner: boto3.Session, account_id: str, as_keys: Callable[..., boto3.Session]
) -> None:
    """Who has no permission of Access Analyzer's is denied it."""
    iam = learner.client("iam")
    iam.create_user(UserName="eve")
    eve = as_keys(account_id, iam.create_access_key(UserName="eve")["AccessKey"]).client("accessanalyzer")
    answer = refusal(eve.list_findings, analyzerArn=arn)
    assert answer.startswith("AccessDeniedException: ")
    assert "access-analyzer:ListFindings" in answer
