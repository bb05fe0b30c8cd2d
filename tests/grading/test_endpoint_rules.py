"""What graders ask of endpoints: whether one is there, and what its policy lets pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudlings.grading.endpoint_rules import S3_NEEDS, alive, hands_over, lets_through
from cloudlings.grading.proofs import allow, document
from cloudlings.network.model import Endpoint

BUCKET = ["arn:aws:s3:::records", "arn:aws:s3:::records/*"]


def judged(*statements: dict[str, Any]) -> None:
    """The rule, asked about an endpoint with a policy of these statements; without one when there is none."""
    policy = json.dumps(document(*statements)) if statements else ""
    endpoint = Endpoint("vpce-1", "vpc-1", "com.amazonaws.eu-west-1.s3", policy=policy)
    lets_through("111122223333", endpoint, S3_NEEDS, "s3:*", BUCKET)


@pytest.mark.parametrize(
    ("state", "there"), [("available", True), ("Pending", True), ("deleting", False), ("deleted", False)]
)
def test_an_endpoint_that_was_deleted_is_none(state: str, there: bool) -> None:
    """AWS goes on showing it for a while."""
    assert alive(Endpoint("vpce-1", "vpc-1", "s3", state=state)) is there


def test_a_policy_of_the_own_bucket_passes() -> None:
    """The bucket and its objects, by any action of the service."""
    judged(allow("s3:*", BUCKET, Principal="*"))


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([], "carried out"),
        ([allow("s3:*", "*", Principal="*")], "carried out"),
        ([allow("s3:GetObject", BUCKET[1], Principal="*")], "refused on its own road"),
    ],
    ids=["no policy", "everything", "reading only"],
)
def test_a_policy_that_is_too_wide_or_too_narrow_fails(statements: list[Any], words: str) -> None:
    """An endpoint without a policy of its own lets everything pass."""
    with pytest.raises(AssertionError) as failed:
        judged(*statements)
    told = failed.value.args[0]
    assert words in str(told)
    # What is refused on the own road is a request; which statement lets one too many pass is shown as well.
    assert bool(told.counterexample) is (words == "carried out")


def test_what_comes_by_an_endpoint_says_so() -> None:
    """A condition on the endpoint's own VPC, or on the endpoint, refuses nothing that comes by it."""
    for key, own in (("aws:SourceVpc", "vpc-1"), ("aws:SourceVpce", "vpce-1")):
        judged(allow("s3:*", BUCKET, Principal="*", Condition={"StringEquals": {key: own}}))
        with pytest.raises(AssertionError, match="refused on its own road"):
            judged(allow("s3:*", BUCKET, Principal="*", Condition={"StringEquals": {key: "another"}}))


SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:portal/database-AbCdEf"


@pytest.mark.parametrize(
    ("resource", "passes"),
    [
        ("*", True), (SECRET, True), (f"{SECRET[:-6]}??????", True), (BUCKET, False),
        (f"{SECRET[:-7]}", False),
    ],
    ids=["everything", "the secret", "its name", "a bucket", "its name without the end"],
)  # fmt: skip
def test_a_secret_is_handed_over_or_not(resource: Any, passes: bool) -> None:
    """The policy of an endpoint names the secret, or lets everything pass; a bucket's lets none pass."""
    policy = json.dumps(document(allow("*", resource, Principal="*")))
    door = Endpoint("vpce-2", "vpc-1", "com.amazonaws.eu-west-1.secretsmanager", "Interface", policy=policy)
    if passes:
        hands_over("111122223333", door, "secretsmanager:GetSecretValue", SECRET)
        return
    with pytest.raises(AssertionError, match="reaches the endpoint, and is refused there"):
        hands_over("111122223333", door, "secretsmanager:GetSecretValue", SECRET)
