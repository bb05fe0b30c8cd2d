"""Roles: who may take one on, what its sessions may do, and which there are."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading import roles
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.roles import Caller, caller, may_exactly, only_takes_on, require_role
from cloudlings.iam import Policies, Principal
from cloudlings.iam.gathering import Gathered

ID = "111122223333"


class Iam:
    """An account with roles of these names, and a client of itself."""

    id = ID

    def __init__(self, *names: str) -> None:
        self.names = names

    def client(self, _: str) -> Iam:
        return self

    def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803
        if RoleName not in self.names:
            raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "GetRole")
        return {"Role": {"RoleName": RoleName}}

    def list_roles(self) -> dict[str, Any]:
        return {"Roles": [{"RoleName": name} for name in self.names]}


def account(*names: str) -> Account:
    return cast(Account, Iam(*names))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "The roles are none"),
        (("AWSServiceRoleForRDS",), "The roles are none"),
        (("worker", "AWSServiceRoleForRDS", "Collector"), r"The roles are Collector, worker\."),
    ],
)
def test_a_role_that_is_not_there(names: tuple[str, ...], words: str) -> None:
    """Those that people made are told, and not those of AWS's services."""
    assert require_role(account("collector", *names), "collector", "No badge.") == {"RoleName": "collector"}
    with pytest.raises(AssertionError, match=f"no role collector in this account. {words}"):
        require_role(account(*names), "collector", "No badge.")


EC2 = {"Service": "ec2.amazonaws.com"}
PERSON = {"AWS": f"arn:aws:iam::{ID}:role/person"}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def taken_on(*statements: dict[str, Any], by: dict[str, str] | None = None, **more: Any) -> None:
    role = {
        "RoleName": "collector",
        "Arn": f"arn:aws:iam::{ID}:role/collector",
        "AssumeRolePolicyDocument": document(*statements),
    }
    only_takes_on(account(), role, by or EC2, who="the one", **more)


def test_a_role_for_one() -> None:
    """It alone, and under its condition where there is one; what AWS fills in when it asks is told."""
    taken_on(trust(EC2))
    taken_on(trust(PERSON, Condition=MFA), by=PERSON, condition=MFA)
    of_here = {"StringEquals": {"aws:SourceAccount": ID}}
    taken_on(trust(EC2, Condition=of_here), context={"aws:SourceAccount": ID})


@pytest.mark.parametrize(
    ("statements", "more", "words"),
    [
        ([trust({"Service": "lambda.amazonaws.com"})], {}, "The one cannot take it on"),
        ([trust(EC2), trust(PERSON)], {}, "Not only the one can take it on"),
        ([trust({"AWS": "*"})], {}, "Not only the one can take it on"),
        ([trust(PERSON)], {"by": PERSON, "condition": MFA}, "Not only the one can take it on"),
        ([trust(PERSON, Condition=MFA)], {"by": PERSON}, "The one cannot take it on"),
    ],
    ids=["another", "a second", "everybody", "without the condition", "a condition too many"],
)
def test_a_role_for_others(statements: list[dict[str, Any]], more: dict[str, Any], words: str) -> None:
    """Too few, or too many."""
    with pytest.raises(AssertionError, match=words):
        taken_on(*statements, **more)


READINGS = "arn:aws:s3:::readings"
JOB = document(allow("s3:PutObject", f"{READINGS}/buoys/*"))
NOTE = document(allow("sns:Publish", f"arn:aws:sns:eu-west-1:{ID}:alarms"))


def session(*documents: Any, **context: Any) -> Caller:
    arn = f"arn:aws:sts::{ID}:assumed-role/collector/session"
    return Caller(Principal("session", arn), Policies.of(identity=documents), context)


def may(who: Caller, job: Any = JOB) -> None:
    may_exactly(account(), who, least=job, most=job, job="the job", stops="all stands still")


@pytest.mark.parametrize("value", ["eu-west-1", "us-east-1"])
def test_what_aws_fills_in_at_work_is_known(value: str) -> None:
    """A condition that holds whenever the job is done takes nothing away; any other does."""
    in_ireland = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    who = session(document(allow("s3:PutObject", f"{READINGS}/buoys/*", Condition=in_ireland)))
    filled = {"aws:RequestedRegion": value}

    def check() -> None:
        may_exactly(
            account(), who, least=JOB, most=JOB, job="the job", stops="all stands still", at_work=filled
        )

    if value == "eu-west-1":
        check()
        return
    with pytest.raises(AssertionError, match=r"aws:RequestedRegion = 'us-east-1'\): all stands still"):
        check()


def test_what_aws_fills_in_is_told_where_a_policy_speaks_of_it() -> None:
    """Elsewhere it is no reason."""
    filled = {"aws:RequestedRegion": "eu-west-1"}
    with pytest.raises(AssertionError, match=r"today\.csv: all stands still"):
        may_exactly(
            account(),
            session(),
            least=JOB,
            most=JOB,
            job="the job",
            stops="all stands still",
            existing=[f"{READINGS}/buoys/today.csv"],
            at_work=filled,
        )


def test_what_is_known_at_work_excuses_nothing_beyond_it() -> None:
    """What is allowed elsewhere is allowed."""
    elsewhere = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    more = allow("s3:DeleteObject", f"{READINGS}/*", Condition=elsewhere)
    who = session(document(allow("s3:PutObject", f"{READINGS}/buoys/*"), more))
    filled = {"aws:RequestedRegion": "eu-west-1"}
    with pytest.raises(AssertionError, match="s3:DeleteObject"):
        may_exactly(account(), who, least=JOB, most=JOB, job="the job", stops="nothing", at_work=filled)


def test_a_session_that_may_do_its_job() -> None:
    """Over TLS, as every client of today asks; no more, and no less."""
    may(session(JOB))
    may(
        session(
            document(
                allow(
                    "s3:PutObject", f"{READINGS}/buoys/*", Condition={"Bool": {"aws:SecureTransport": "true"}}
                )
            )
        )
    )


@pytest.mark.parametrize(
    ("who", "job", "words"),
    [
        (
            session(),
            JOB,
            "The policies that count for collector were put to the job.*: all stands still.*different ARNs",
        ),
        (session(document(allow("s3:PutObject", READINGS))), JOB, "all stands still"),
        (session(), NOTE, r"all of its conditions match\.$"),
        (session(document(allow("s3:PutObject", f"{READINGS}/*"))), JOB, "beyond the job.*nobody needs that"),
        (session(JOB, NOTE), JOB, "beyond the job.*sns:Publish"),
    ],
    ids=["nothing", "the bucket itself", "another service", "every prefix", "another action"],
)
def test_a_session_that_may_do_less_or_more(who: Caller, job: Any, words: str) -> None:
    """A bucket and its objects are told apart where S3 was asked, and nowhere else."""
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        may(who, job)


def gathered(policies: Policies, *unread: str) -> Gathered:
    return Gathered(policies, session().principal, {"aws:userid": "AROA:session"}, unread)


def test_a_caller_has_no_tags_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that a policy speaks of is absent, and not free to choose; what was gathered is kept."""
    tagged = document(allow("s3:*", "*", Condition={"StringEquals": {"aws:PrincipalTag/team": "tides"}}))
    monkeypatch.setattr(roles, "gather", lambda *_: gathered(Policies.of(identity=[tagged])))
    found = caller(account(), "arn")
    assert found.context == {"aws:PrincipalTag/team": None, "aws:userid": "AROA:session"}


def test_a_policy_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say what it allows, so the task fails."""
    monkeypatch.setattr(roles, "gather", lambda *_: gathered(Policies.of(), "policy own of collector"))
    with pytest.raises(AssertionError, match="could be read: policy own of collector"):
        caller(account(), "arn")
