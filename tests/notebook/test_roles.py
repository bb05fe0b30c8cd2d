"""``as_role``: a session as a role, by a real AssumeRole in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest

from cloudlings.notebook import as_role
from cloudlings.sandbox import Sandbox, environment

ACCOUNT = "100000000077"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.temporary() as running:
        running.provision(ACCOUNT)
        yield running


@pytest.fixture
def learner(sandbox, monkeypatch):
    """The environment of a learner's kernel, and IAM in it."""
    keys = sandbox.credentials(ACCOUNT, "learner")
    for name, value in environment(sandbox, keys, "us-east-1").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return boto3.client("iam")


@pytest.fixture
def said(monkeypatch):
    """What a cell displays, as text."""
    texts = []
    monkeypatch.setattr(
        "cloudlings.notebook.session.display",
        lambda card: texts.append(card._repr_mimebundle_()["text/plain"]),
    )
    return texts


def trust(principal, **condition):
    """A trust policy for one principal."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


ANYONE_HERE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_a_role_of_your_own_gives_a_session(learner):
    """The session is the role's: its name, its rights, and nothing of yours."""
    learner.create_role(RoleName="app", AssumeRolePolicyDocument=trust(ANYONE_HERE))
    app = as_role("app", "run", tags={"team": "red"})
    assert app.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/app/run")
    with pytest.raises(Exception, match="AccessDenied"):
        app.client("s3").list_buckets()


def test_a_session_policy_narrows_the_session(learner):
    """What the session policy leaves out, the role's session may not."""
    learner.create_role(RoleName="wide", AssumeRolePolicyDocument=trust(ANYONE_HERE))
    learner.attach_role_policy(RoleName="wide", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    only = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    narrow = as_role("wide", policy={"Version": "2012-10-17", "Statement": only})
    assert narrow.client("s3").list_buckets()["Buckets"] == []
    with pytest.raises(Exception, match="not authorized"):
        narrow.client("sqs").list_queues()


def test_a_role_that_trusts_somebody_else_says_whom(learner, said):
    """The message names the role, whom it trusts, and who asked; there is no session."""
    arn = learner.create_role(
        RoleName="fn", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )["Role"]["Arn"]
    assert as_role(arn) is None
    (text,) = said
    assert "Role fn did not let" in text
    assert "lambda.amazonaws.com" in text
    assert ":user/learner" in text


def test_an_external_id_opens_what_asks_for_it(learner, said):
    """Without the external id the role stays closed, with it there is a session."""
    learner.create_role(
        RoleName="partner", AssumeRolePolicyDocument=trust(ANYONE_HERE, **{"sts:ExternalId": "k7"})
    )
    assert as_role("partner") is None
    assert len(said) == 1
    assert as_role("partner", external_id="k7") is not None


def test_a_role_that_is_not_there_is_answered_with_those_that_are(learner, said):
    """A slip in the name is answered with words."""
    assert as_role("ap") is None
    (text,) = said
    assert "There is no role ap" in text
