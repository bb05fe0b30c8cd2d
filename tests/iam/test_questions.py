"""The questions of graders: between bounds, a resource policy alone, public access, who can."""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

from typing import Any

import pytest

from cloudlings.iam import (
    Policies,
    Principal,
    between,
    decide,
    prove_resource_policy,
    public_access,
    who_can,
)  # fmt: skip

ACCOUNT, OTHER = "111122223333", "444455556666"
BUCKET = "arn:aws:s3:::app-data"
BOTH = [BUCKET, f"{BUCKET}/*"]
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(
    effect: str, action: Any, resource: Any, condition: Any = None, principal: Any = "*"
) -> dict[str, Any]:
    found = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def deny(action: Any, resource: Any, condition: Any) -> dict[str, Any]:
    return statement("Deny", action, resource, condition)


def allow(action: Any, resource: Any, condition: Any = None, principal: Any = "*") -> dict[str, Any]:
    return statement("Allow", action, resource, condition, principal)


PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
TLS = document(deny("s3:*", BOTH, PLAIN_HTTP))


def test_tls_for_objects_only_leaves_the_bucket_open() -> None:
    """A statement that forgets the bucket's own ARN leaves bucket-level calls over plain HTTP."""
    found = prove_resource_policy(document(deny("s3:*", f"{BUCKET}/*", PLAIN_HTTP)), TLS, account=ACCOUNT)
    assert found.verdict == "over"
    first = found.over[0].request
    assert (first.resource, first.context["aws:SecureTransport"]) == (BUCKET, "false")
    assert first.principal.type == "user"


@pytest.mark.parametrize(
    "written",
    [
        document(deny("s3:*", f"{BUCKET}/*", PLAIN_HTTP), deny("s3:*", BUCKET, PLAIN_HTTP)),
        document(deny("*", BOTH, {"BoolIfExists": {"aws:SecureTransport": "false"}})),
        document(deny("s3:*", BOTH, {"StringEquals": {"aws:SecureTransport": "false"}})),
        document(deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": ["false"]}})),
    ],
)
def test_other_ways_to_ask_for_tls(written: dict[str, Any]) -> None:
    """Other ways to write it are the same on every request that AWS makes."""
    assert prove_resource_policy(written, TLS, account=ACCOUNT, as_aws_sends=True, actions=["s3:*"]).equal


def test_a_bucket_policy_is_about_s3() -> None:
    """NotAction in a bucket policy leaves out its action of S3, and says nothing about other services."""
    written = {
        "Effect": "Deny",
        "Principal": "*",
        "NotAction": "s3:ListBucket",
        "Resource": BOTH,
        "Condition": PLAIN_HTTP,
    }
    found = prove_resource_policy(document(written), TLS, account=ACCOUNT, as_aws_sends=True)
    assert found.verdict == "over"
    assert {example.request.action for example in found.over} == {"s3:ListBucket"}


def test_the_wrong_key() -> None:
    """Refusing every key but one is not the same as asking for any key."""
    right = document(deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEquals": {KEY_ID: KEY}}))
    any_key = document(deny("s3:PutObject", f"{BUCKET}/*", {"Null": {KEY_ID: "true"}}))
    found = prove_resource_policy(any_key, right, account=ACCOUNT, as_aws_sends=True)
    assert found.verdict == "over"
    assert found.over[0].request.action == "s3:PutObject"
    assert found.over[0].request.context[KEY_ID] != KEY
    with_exists = document(deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEqualsIfExists": {KEY_ID: KEY}}))
    assert prove_resource_policy(with_exists, right, account=ACCOUNT, as_aws_sends=True).equal


def test_between_two_bounds() -> None:
    """What lies between the bounds holds; beyond the upper is over, short of the lower is under."""
    least = document(deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEquals": {KEY_ID: KEY}}))
    nothing = document(deny("s3:PutObject", f"{BUCKET}/*", PLAIN_HTTP))
    compare: dict[str, Any] = {"compare": prove_resource_policy, "account": ACCOUNT}
    both = document(*least["Statement"], *nothing["Statement"])
    assert between(least, at_least=both, at_most=least, **compare).equal
    assert between(both, at_least=both, at_most=least, **compare).equal
    assert between(nothing, at_least=both, at_most=least, **compare).verdict == "over"
    stricter = document(*both["Statement"], deny("s3:GetObject", f"{BUCKET}/*", None))
    found = between(stricter, at_least=both, at_most=least, **compare)
    assert found.verdict == "under"
    assert found.under[0].request.action == "s3:GetObject"
    worse = document(*nothing["Statement"], deny("s3:GetObject", f"{BUCKET}/*", None))
    assert between(worse, at_least=both, at_most=least, **compare).verdict == "both"


def test_between_identity_policies() -> None:
    """The bounds of a role: what it must be able to do, and what it may."""

    def of(*actions: str) -> Policies:
        return Policies.of(
            identity=[document({"Effect": "Allow", "Action": list(actions), "Resource": f"{BUCKET}/*"})]
        )

    must, may = of("s3:GetObject"), of("s3:GetObject", "s3:GetObjectTagging")
    assert between(of("s3:GetObject"), at_least=must, at_most=may).equal
    assert between(of("s3:Get*"), at_least=must, at_most=may).verdict == "over"
    assert between(of("s3:GetObjectTagging"), at_least=must, at_most=may).verdict == "under"


def test_grants_to_the_account_and_to_a_user() -> None:
    """A resource policy alone: what it grants counts for callers with nothing of their own, too."""
    user = f"arn:aws:iam::{ACCOUNT}:user/ana"
    direct = document(allow("s3:GetObject", f"{BUCKET}/*", principal={"AWS": user}))
    found = prove_resource_policy(direct, None, account=ACCOUNT)
    assert found.verdict == "over"
    assert found.over[0].request.principal.arn == user
    outside = document(allow("s3:GetObject", f"{BUCKET}/*", principal={"AWS": OTHER}))
    stranger = prove_resource_policy(outside, None, account=ACCOUNT)
    assert {example.request.principal.account for example in stranger.over} == {OTHER}


PUBLIC: list[tuple[str, dict[str, Any], bool]] = [
    ("no condition", allow("s3:GetObject", f"{BUCKET}/*"), True),
    ("referer", allow("s3:GetObject", f"{BUCKET}/*", {"StringLike": {"aws:Referer": "https://x.example/*"}}), True),
    ("user agent", allow("s3:GetObject", f"{BUCKET}/*", {"StringEquals": {"aws:UserAgent": "app"}}), True),
    ("vpc, any", allow("s3:PutObject", f"{BUCKET}/*", {"StringLike": {"aws:SourceVpc": "vpc-*"}}), True),
    ("vpc, fixed", allow("s3:PutObject", f"{BUCKET}/*", {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}), False),
    ("endpoint", allow("s3:PutObject", f"{BUCKET}/*", {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}), False),
    ("organization", allow("s3:GetObject", f"{BUCKET}/*", {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), False),
    ("source", allow("s3:GetObject", f"{BUCKET}/*", {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::logs"}}), False),
    ("narrow range", allow("s3:GetObject", f"{BUCKET}/*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), False),
    ("broad range", allow("s3:GetObject", f"{BUCKET}/*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), True),
    ("one range broad", allow("s3:GetObject", f"{BUCKET}/*",
                              {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "128.0.0.0/2"]}}), True),
    ("if it exists", allow("s3:GetObject", f"{BUCKET}/*", {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), True),
    ("not this vpc", allow("s3:GetObject", f"{BUCKET}/*", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), True),
    ("a variable", allow("s3:GetObject", f"{BUCKET}/*", {"StringLike": {"aws:SourceVpc": "${aws:username}"}}), True),
    ("another account", allow("s3:GetObject", f"{BUCKET}/*", principal={"AWS": OTHER}), False),
    ("a service", allow("s3:GetObject", f"{BUCKET}/*", principal={"Service": "cloudfront.amazonaws.com"}), False),
    ("web identity", allow("s3:PutObject", f"{BUCKET}/*", principal={"Federated": "graph.facebook.com"}), True),
    ("SAML", allow("s3:GetObject", f"{BUCKET}/*", principal={"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}), False),
    ("a key", allow("s3:PutObject", f"{BUCKET}/*", {"StringEquals": {KEY_ID: KEY}}), False),
    ("not these people", {"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "s3:*", "Resource": BUCKET}, True),
    ("only a deny", deny("s3:*", BOTH, PLAIN_HTTP), False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "written", "public"), PUBLIC, ids=[name for name, _, _ in PUBLIC])
def test_the_meaning_of_public(name: str, written: dict[str, Any], public: bool) -> None:
    """A grant to everyone is public unless a fixed value of certain keys limits it."""
    found = public_access(document(written), account=ACCOUNT)
    assert bool(found) is public, name
    assert bool(found.statements) is public


def test_a_public_policy_shows_a_request() -> None:
    """The example is a request by someone outside, on an object that exists, and it goes through."""
    written = document(allow("s3:GetObject", f"{BUCKET}/*"), deny("s3:*", BOTH, PLAIN_HTTP))
    found = public_access(written, account=ACCOUNT, existing=[f"{BUCKET}/cat.jpg"])
    assert found.example is not None
    request = found.example.request
    assert (request.principal.type, request.resource) == ("anonymous", f"{BUCKET}/cat.jpg")
    assert decide(request, Policies.of(resource=written)).allowed


def test_no_policy_is_not_public() -> None:
    """Without a policy nothing is public."""
    assert not public_access(None)


def test_who_can_read() -> None:
    """Everyone who gets in is listed with a request that does, and nobody else."""
    ana, job = f"arn:aws:iam::{ACCOUNT}:user/ana", f"arn:aws:iam::{ACCOUNT}:role/job"
    policies = Policies.of(resource=document(
        allow("s3:GetObject", f"{BUCKET}/*", principal={"AWS": [ana, job]}),
        allow("s3:GetObject", f"{BUCKET}/*", {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
              {"Service": "cloudfront.amazonaws.com"}),
    ))  # fmt: skip
    found = who_can("s3:GetObject", f"{BUCKET}/*", policies, account=ACCOUNT)
    names = {access.principal.role or access.principal.arn for access in found}
    assert names == {ana, job, "cloudfront.amazonaws.com"}
    assert all(decide(access.example.request, policies).allowed for access in found)
    assert who_can("s3:DeleteObject", f"{BUCKET}/*", policies, principals=[Principal("user", ana)]) == ()


def test_who_can_with_their_own_policies() -> None:
    """Given each principal's policies, those who may are listed."""
    read = document({"Effect": "Allow", "Action": "s3:Get*", "Resource": f"{BUCKET}/*"})
    write = document({"Effect": "Allow", "Action": "s3:Put*", "Resource": f"{BUCKET}/*"})
    ana, bob = (Principal("user", f"arn:aws:iam::{ACCOUNT}:user/{name}") for name in ("ana", "bob"))
    own = {ana: Policies.of(identity=[read]), bob: Policies.of(identity=[write])}
    assert [a.principal for a in who_can("s3:GetObject", f"{BUCKET}/a.csv", own)] == [ana]
    assert "user/ana can s3:GetObject" in str(who_can("s3:GetObject", f"{BUCKET}/a.csv", own)[0])


def test_a_public_grant_that_a_deny_closes_has_no_example() -> None:
    """It counts as public all the same, as S3 sees it; nobody from outside gets in."""
    read = {"Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **read}, {"Effect": "Deny", **read}]}
    found = public_access(policy, account=ACCOUNT)
    assert found.public
    assert found.example is None
    open_too = public_access({**policy, "Statement": policy["Statement"][:1]}, account=ACCOUNT)
    assert open_too.example is not None
