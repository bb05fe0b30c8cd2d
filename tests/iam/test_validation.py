"""What AWS refuses on write: its code, its words, and the place."""

import json
from typing import Any

import pytest

from cloudlings.iam import parse, validate
from cloudlings.iam.validation import Kind

GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


def policy(**changes: Any) -> dict[str, Any]:
    """A policy of one statement; an element set to None is left out."""
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **changes}
    return {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in one.items() if value is not None}],
    }


def bucket(**changes: Any) -> dict[str, Any]:
    """A bucket policy."""
    return policy(**{"Principal": "*", **changes})


def trust(**changes: Any) -> dict[str, Any]:
    """A trust policy."""
    return policy(
        **{"Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole", "Resource": None, **changes}
    )


GOOD: list[tuple[Kind, dict[str, Any]]] = [
    ("managed", policy()),
    ("managed", policy(Action="*", Resource="*")),
    ("managed", policy(Action=None, NotAction="iam:*", Resource="*")),
    ("managed", policy(Resource="arn:aws:sqs")),
    ("managed", policy(Resource="arn:aws:s3:us-east-1:111122223333:accesspoint/a/object/*")),
    ("inline", policy(Resource="arn:aws:s3:::b/${aws:username}/*")),
    ("bucket", bucket()),
    ("bucket", bucket(Action="s3:*", Resource=["arn:aws:s3:::b", "arn:aws:s3:::b/*"])),
    (
        "bucket",
        bucket(Action=["s3:GetObject", "s3:ListBucket"], Resource=["arn:aws:s3:::b", "arn:aws:s3:::b/*"]),
    ),
    ("bucket", bucket(Principal={"Service": "cloudtrail.amazonaws.com"}, Action="s3:PutObject")),
    ("bucket", bucket(Effect="Deny", Principal=None, NotPrincipal={"AWS": "111122223333"})),
    ("bucket", bucket(Resource="arn:aws:s3:::*/*")),
    (
        "bucket",
        bucket(
            Action="s3:ListBucket", Resource="arn:aws:s3:::b", Condition={"StringLike": {"s3:prefix": "a/*"}}
        ),
    ),
    ("bucket", bucket(Action="s3:*", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
    (
        "bucket",
        bucket(Action="s3:PutObject", Condition={"StringEquals": {"s3:RequestObjectTag/team": "red"}}),
    ),
    ("trust", trust()),
    ("trust", trust(Action=["sts:AssumeRole", "sts:TagSession"])),
    ("trust", trust(Principal={"AWS": "AROAEXAMPLEID1234567"})),
    ("trust", trust(Principal={"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})),
    (
        "trust",
        trust(
            Principal={"Federated": GITHUB},
            Action="sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}},
        ),
    ),
    ("key", policy(Principal={"AWS": "arn:aws:iam::111122223333:root"}, Action="kms:*", Resource="*")),
    ("queue", policy(Principal="*", Action="sqs:*", Resource="*")),
    ("rcp", policy(Effect="Deny", Principal="*", Action="s3:*", Resource="*")),
    ("scp", policy(Effect="Deny", Action="s3:*", Resource="*")),
]

BAD: list[tuple[Kind, Any, str, str, str]] = [
    ("managed", "{", "MalformedPolicyDocument", "This policy contains invalid Json", ""),
    ("managed", "[]", "MalformedPolicyDocument", "This policy contains invalid Json", ""),
    ("managed", policy(Effect="allow"), "MalformedPolicyDocument", "Syntax errors in policy.", ""),
    (
        "bucket",
        bucket(Condition={"StringLike": {"s3:prefix": "a/*"}}),
        "MalformedPolicy",
        "Conditions do not apply to combination of actions and resources in statement",
        "s3:prefix",
    ),
    (
        "bucket",
        bucket(Condition={"StringLike": {"s3:prefx": "a/*"}}),
        "MalformedPolicy",
        "Policy has an invalid condition key",
        "s3:prefx",
    ),
    (
        "inline",
        policy(Condition={"StringEquals": {"username": "ana"}}),
        "MalformedPolicyDocument",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        "username",
    ),
    ("managed", json.dumps(policy(Foo=1)), "MalformedPolicyDocument", "Syntax errors in policy.", ""),
    ("managed", {"Version": "2012-10-17", "Statement": []}, "MalformedPolicyDocument", "Syntax errors", ""),
    (
        "managed",
        policy(Principal="*"),
        "MalformedPolicyDocument",
        "should not specify a principal",
        "Principal",
    ),
    ("managed", policy(Resource=None), "MalformedPolicyDocument", "must contain resources", "Statement[0]"),
    ("managed", policy(Resource=[]), "MalformedPolicyDocument", "must contain resources", "Statement[0]"),
    ("managed", policy(Action=[]), "MalformedPolicyDocument", "must contain actions", "Statement[0]"),
    (
        "managed",
        policy(Action="GetObject"),
        "MalformedPolicyDocument",
        "must be prefaced by a vendor",
        "Action",
    ),
    ("managed", policy(Action="s3:Get:Object"), "MalformedPolicyDocument", "only one colon", "Action"),
    ("managed", policy(Action="s 3:Get"), "MalformedPolicyDocument", "Vendor s 3 is not valid", "Action"),
    (
        "managed",
        policy(Resource="b/*"),
        "MalformedPolicyDocument",
        'must be in ARN format or "*"',
        "Resource",
    ),
    ("managed", policy(Resource="arn:was:s3:::b"), "MalformedPolicyDocument", 'Partition "was"', "Resource"),
    (
        "managed",
        policy(Resource="arn:aws:s*:::b"),
        "MalformedPolicyDocument",
        "cannot contain regexes",
        "Resource",
    ),
    (
        "managed",
        policy(Resource="arn:aws:iam:us-east-1:111122223333:user/a"),
        "MalformedPolicyDocument",
        "cannot contain region information",
        "Resource",
    ),
    (
        "managed",
        policy(Resource="arn:aws:s3:us-east-1::b"),
        "MalformedPolicyDocument",
        "can not contain region information",
        "Resource",
    ),
    ("managed", policy(Sid="a b"), "MalformedPolicyDocument", "must be alpha-numeric", "Sid"),
    ("managed", policy(Resource="arn:aws:s3:::" + "b" * 7000), "LimitExceeded", "PolicySize: 6144", ""),
    ("bucket", "{", "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", ""),
    ("bucket", policy(), "MalformedPolicy", "Missing required field Principal", "Statement[0]"),
    ("bucket", bucket(Resource=None), "MalformedPolicy", "Missing required field Resource", "Statement[0]"),
    (
        "bucket",
        bucket(Resource="arn:aws:s3:::c/*"),
        "MalformedPolicy",
        "Policy has invalid resource",
        "Resource",
    ),
    ("bucket", bucket(Resource="*"), "MalformedPolicy", "Policy has invalid resource", "Resource"),
    ("bucket", bucket(Action="s3:GetObjekt"), "MalformedPolicy", "Policy has invalid action", "Action"),
    ("bucket", bucket(Action="sqs:SendMessage"), "MalformedPolicy", "Policy has invalid action", "Action"),
    (
        "bucket",
        bucket(Action="s3:ListBucket"),
        "MalformedPolicy",
        "Action does not apply to any resource",
        "Action",
    ),
    (
        "bucket",
        bucket(Action=["s3:ListBucket", "s3:GetObject"]),
        "MalformedPolicy",
        "Action does not apply to any resource",
        "Action",
    ),
    (
        "bucket",
        bucket(Resource="arn:aws:s3:::b"),
        "MalformedPolicy",
        "Action does not apply to any resource",
        "Action",
    ),
    (
        "bucket",
        bucket(Principal={"AWS": "ana"}),
        "MalformedPolicy",
        "Invalid principal in policy",
        "Principal.AWS",
    ),
    (
        "bucket",
        bucket(Principal={"AWS": "arn:aws:iam::111122223333:user/*"}),
        "MalformedPolicy",
        "Invalid principal in policy",
        "Principal.AWS",
    ),
    (
        "bucket",
        bucket(Principal={"Service": "*"}),
        "MalformedPolicy",
        "Invalid principal",
        "Principal.Service",
    ),
    ("bucket", bucket(Resource="arn:aws:s3:::b/" + "x" * 21_000), "PolicyTooLarge", "20480 bytes", ""),
    ("bucket", bucket(Principal=None, NotPrincipal="*"), "MalformedPolicy", "NotPrincipal", "NotPrincipal"),
    ("trust", trust(Resource="*"), "MalformedPolicyDocument", "Has prohibited field Resource", "Resource"),
    (
        "trust",
        trust(Principal=None),
        "MalformedPolicyDocument",
        "Missing required field Principal",
        "Statement[0]",
    ),
    (
        "trust",
        trust(Action="s3:GetObject"),
        "MalformedPolicyDocument",
        "may only specify STS AssumeRole",
        "Action",
    ),
    ("trust", trust(Action="*"), "MalformedPolicyDocument", "may only specify STS AssumeRole", "Action"),
    (
        "trust",
        trust(Principal={"AWS": "arn:aws::iam::111122223333:root"}),
        "MalformedPolicyDocument",
        'Invalid principal in policy: "AWS":"arn:aws::iam::111122223333:root"',
        "Principal.AWS",
    ),
    (
        "trust",
        trust(Principal={"Federated": GITHUB}, Action="sts:AssumeRoleWithWebIdentity"),
        "MalformedPolicyDocument",
        "token.actions.githubusercontent.com:sub",
        "Condition",
    ),
    (
        "key",
        policy(Principal={"AWS": "nobody"}, Action="kms:*", Resource="*"),
        "MalformedPolicyDocumentException",
        "one or more invalid principals",
        "Principal.AWS",
    ),
    ("queue", "{", "InvalidAttributeValue", "Invalid value for the parameter Policy.", ""),
    ("topic", "{", "InvalidParameter", "Policy Error", ""),
    (
        "rcp",
        policy(Effect="Deny", Principal={"AWS": "111122223333"}),
        "MalformedPolicyDocumentException",
        "type",
        "",
    ),
    ("session", policy(Resource="arn:aws:s3:::" + "b" * 3000), "PackedPolicyTooLarge", "too long", ""),
    ("session", policy(Resource="arn:aws:sqs"), "MalformedPolicyDocument", "incomplete", "Resource"),
]


@pytest.mark.parametrize(("kind", "document"), GOOD, ids=range(len(GOOD)))
def test_what_aws_takes(kind: Kind, document: dict[str, Any]) -> None:
    """A good policy has no problem, as a mapping, as text and parsed."""
    name = "b" if kind == "bucket" else ""
    assert validate(document, kind, bucket=name) == ()
    assert validate(json.dumps(document), kind, bucket=name) == ()
    assert validate(parse(document), kind, bucket=name) == ()


@pytest.mark.parametrize(("kind", "document", "code", "words", "place"), BAD, ids=range(len(BAD)))
def test_what_aws_refuses(kind: Kind, document: Any, code: str, words: str, place: str) -> None:
    """The first problem has AWS's code and words, and the place where it stands."""
    problems = validate(document, kind, bucket="b" if kind == "bucket" else "", name="doc")
    assert problems, "AWS would have refused this"
    assert problems[0].code == code
    assert words in problems[0].message
    assert place in problems[0].place.path
    assert problems[0].place.document == "doc"


def test_every_problem_is_found() -> None:
    """All problems are listed, the first one first."""
    found = validate(policy(Action="x", Resource="y", Principal="*"), "managed")
    assert [problem.place.path.rpartition(".")[2] for problem in found] == ["Principal", "Action", "Resource"]


def test_sids_must_differ() -> None:
    """A statement id that stands twice is refused."""
    one = policy(Sid="A")["Statement"][0]
    found = validate({"Version": "2012-10-17", "Statement": [one, one]}, "inline")
    assert [problem.message for problem in found] == [
        "Statement IDs (SID) in a single policy must be unique."
    ]


def test_white_space_does_not_count() -> None:
    """The size of a policy is counted without the white space between its tokens."""
    document = policy(Resource=[f"arn:aws:s3:::bucket-{number}/*" for number in range(150)])
    assert validate(json.dumps(document, indent=20), "managed") == ()


def test_a_bad_document_says_more_in_the_detail() -> None:
    """Behind AWS's few words stands what is wrong, in ours."""
    (problem,) = validate('{"Statement": ,}', "bucket")
    assert "line 1, column 15" in problem.detail


def test_a_number_without_end() -> None:
    """A number of a hundred thousand digits is read as it is spelled."""
    text = json.dumps(bucket(Condition={"NumericEquals": {"s3:max-keys": "N"}}))
    assert {problem.code for problem in validate(text.replace('"N"', "9" * 100_000), "bucket")} <= {
        "MalformedPolicy", "PolicyTooLarge",
    }  # fmt: skip
