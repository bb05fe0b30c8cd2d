"""The engine: four verdicts, never a traceback for a learner, and a verdict again from its evidence."""

from __future__ import annotations

import json

import boto3
import pytest
from moto import mock_aws

from cloudlings.account import Account
from cloudlings.errors import EvidenceMissing, SandboxUnavailable
from cloudlings.grading.engine import check, recheck
from cloudlings.grading.task import MARK, Because, not_attempted_unless, task
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Brief

BRIEF = Brief({"bucket": "plans-7"})


def graded(function):
    marked = task("keep-plans", points=3, title="Keep the plans", ref="L99-T1", hints=["a", "b"])(function)
    return getattr(marked, MARK)


@pytest.fixture
def session():
    with mock_aws():
        yield boto3.Session("AKIAIOSFODNN7EXAMPLE", "fake", region_name="us-east-1")


@pytest.fixture
def accounts(session):
    return lambda task: {"main": Account("123456789012", session, probes=task.probes)}


@graded
def keep_plans(account, brief):
    names = [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    not_attempted_unless(names, "No bucket is there yet.")
    # Raised as it is: pytest's rewriting of assertions in tests would turn the reason into a string.
    if brief.bucket not in names:
        raise AssertionError(Because(f"The buckets are {names}", "the plans have no place", "names"))


def test_nothing_there_is_not_attempted(accounts):
    """An untouched account earns nothing and is told so kindly."""
    verdict = check("990-x", keep_plans, accounts, BRIEF)
    assert (verdict.status, verdict.points, verdict.max_points) == (Status.NOT_ATTEMPTED, 0, 3)
    assert verdict.message == "No bucket is there yet."


def test_a_wrong_answer_is_told_what_was_found(accounts, session):
    """The reason's parts arrive as the verdict's parts."""
    session.client("s3").create_bucket(Bucket="plans-8")
    verdict = check("990-x", keep_plans, accounts, BRIEF)
    assert verdict.status is Status.FAILED
    assert (verdict.found, verdict.consequence, verdict.concept) == (
        "The buckets are ['plans-8']", "the plans have no place", "names",
    )  # fmt: skip


def test_a_right_answer_earns_the_points(accounts, session):
    """All points, none more."""
    session.client("s3").create_bucket(Bucket="plans-7")
    verdict = check("990-x", keep_plans, accounts, BRIEF)
    assert (verdict.status, verdict.points) == (Status.PASSED, 3)


def test_a_plain_message_is_a_reason_too(accounts):
    """An assertion with a string is a failure with that string."""

    @graded
    def plain():
        raise AssertionError("the door is open")

    assert check("990-x", plain, accounts, BRIEF).found == "the door is open"


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), AssertionError(), KeyError("Vpcs")])
def test_a_broken_grader_takes_no_points_and_shows_no_traceback(accounts, error):
    """A crash in the check, or an assertion without words, is ours: unavailable, the details folded."""

    @graded
    def broken():
        raise error

    verdict = check("990-x", broken, accounts, BRIEF)
    assert verdict.status is Status.UNAVAILABLE
    assert "Traceback" not in verdict.message
    assert type(error).__name__ in verdict.details["traceback"]


def test_an_unknown_fixture_is_the_authors_fault(accounts):
    """A grader that asks for what is not offered breaks, and its details name what is offered."""

    @graded
    def asks(gateway):
        pass

    verdict = check("990-x", asks, accounts, BRIEF)
    assert verdict.status is Status.UNAVAILABLE
    assert "account, accounts, answer, brief" in verdict.details["traceback"]


def test_a_sandbox_that_is_down_scores_neither_way():
    """No account could be had: unavailable, and the next step is said."""

    def down(task):
        raise SandboxUnavailable("The sandbox is not running.", next_step="cloudlings start")

    verdict = check("990-x", keep_plans, down, BRIEF)
    assert verdict.status is Status.UNAVAILABLE
    assert "cloudlings start" in verdict.message


def test_a_verdict_can_be_computed_again_from_its_evidence(accounts, session):
    """A mended grader judges the recorded reads, through JSON, without the account."""
    session.client("s3").create_bucket(Bucket="plans-8")
    first = Verdict.from_json(json.loads(json.dumps(check("990-x", keep_plans, accounts, BRIEF).to_json())))

    @graded
    def mended(account):
        assert account.client("s3").list_buckets()["Buckets"], "empty"

    @graded
    def asks_more(account):
        account.client("s3").get_bucket_policy(Bucket="plans-8")

    ids = {"main": "123456789012"}
    assert recheck(first, keep_plans, ids, BRIEF).message == first.message
    assert recheck(first, mended, ids, BRIEF).passed
    with pytest.raises(EvidenceMissing):
        recheck(first, asks_more, ids, BRIEF)


def test_a_verdict_is_computed_again_in_the_region_of_its_lab(session):
    """A grader that names no Region read in the lab's: the same reads answer it again."""

    @graded
    def counts_keys(account):
        assert account.client("ec2").describe_key_pairs()["KeyPairs"], "no key"

    def there(task):
        return {"main": Account("123456789012", session, region="eu-west-1", probes=task.probes)}

    session.client("ec2", region_name="eu-west-1").create_key_pair(KeyName="mine")
    first = check("990-x", counts_keys, there, BRIEF)
    assert first.passed
    assert recheck(first, counts_keys, {"main": "123456789012"}, BRIEF, region="eu-west-1").passed
