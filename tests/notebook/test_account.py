"""A learner looks at their own account: the picture, a packet's way, a decision, a month's price."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from cloudlings.notebook import account


@pytest.fixture
def shown(monkeypatch):
    """What a verb displays, as (html, text)."""
    cards = []

    def display(thing):
        bundle = thing._repr_mimebundle_()
        cards.append((bundle.get("text/html", ""), bundle["text/plain"]))

    monkeypatch.setattr(account, "display", display)
    monkeypatch.setattr("cloudlings.notebook.session.display", display)
    return cards


@pytest.fixture
def subnet(monkeypatch):
    """A VPC with one subnet, reached with the environment's keys."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "fake",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        ec2 = boto3.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]
        yield made


def test_a_vpc_is_drawn(shown, subnet):
    """The picture is SVG with the subnet in it, and the same is there in words."""
    account.draw(subnet["VpcId"])
    ((html, text),) = shown
    assert "<svg" in html
    assert "10.9.1.0/24" in html
    assert subnet["SubnetId"] in text


def test_an_unknown_vpc_is_answered_with_those_there_are(shown, subnet):
    """A slip in the id is answered with words."""
    account.draw("vpc-nowhere")
    ((_, text),) = shown
    assert "vpc-nowhere" in text
    assert subnet["VpcId"] in text


def test_a_packet_is_followed_and_drawn_in_its_own_vpc(shown, subnet):
    """The verdict is said in a sentence, and the picture is of the VPC that the path runs through."""
    account.reach("internet", subnet["SubnetId"], 443)
    (html, sentence), (_, text) = shown
    assert "cannot reach" in sentence
    assert "cannot reach" in html
    assert "10.9.0.0/16" in text
    assert "blocked" in text


def test_a_decision_names_the_statement(shown, subnet):
    """Who may do what, decided from the policies that are in the account."""
    iam = boto3.client("iam")
    iam.create_user(UserName="ana")
    document = '{"Version":"2012-10-17","Statement":{"Sid":"OnlyTls","Effect":"Allow","Action":"s3:Get*",' \
        '"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}'  # fmt: skip
    iam.put_user_policy(UserName="ana", PolicyName="read", PolicyDocument=document)
    account.can("user/ana", "s3:GetObject", "arn:aws:s3:::plans/a", {"aws:SecureTransport": "true"})
    account.can("user/ana", "s3:GetObject", "arn:aws:s3:::plans/a", {"aws:SecureTransport": "false"})
    assert "allowed" in shown[0][1]
    assert "OnlyTls" in shown[0][1]
    assert "denied" in shown[1][1]


def test_a_month_is_priced(shown, subnet, capsys):
    """An empty VPC costs nothing, and the assumptions are said."""
    account.cost()
    assert "$0.00 a month" in capsys.readouterr().out
