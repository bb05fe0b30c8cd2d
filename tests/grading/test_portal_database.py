"""The portal's settings, rows and groups, as graders read them from what was recorded."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.account.evidence import Evidence, Read, canonical
from cloudlings.account.sql import CANNOT_CONNECT_NOW, Login
from cloudlings.grading.portal_database import (
    AUDITOR,
    appointments,
    groups_of,
    has_a_snapshot,
    pointed_at,
    rows_of_clinic,
    setting,
)
from cloudlings.grading.task import NotAttempted

REGION, NAME = "eu-west-1", "/hazelmere/database"
MINE: dict[str, Any] = {"Endpoint": {"Address": "127.1.2.3", "Port": 5432}}
NEW: dict[str, Any] = {"Endpoint": {"Address": "127.9.9.9", "Port": 5432}}


def recorded(service: str, operation: str, parameters: dict[str, Any], **answer: Any) -> Account:
    """An account of which one read is known."""
    read = Read(service, REGION, operation, canonical(parameters), 0, **answer)
    return Account("123456789012", None, region=REGION, evidence=Evidence([read]))


def kept(text: str) -> Account:
    """An account with one parameter."""
    return recorded(
        "ssm",
        "GetParameter",
        {"Name": NAME, "WithDecryption": True},
        answer={"Parameter": {"Value": text}},
    )


def test_setting() -> None:
    """A parameter's JSON object is given as it is."""
    assert setting(kept('{"host": "127.1.2.3"}'), NAME) == {"host": "127.1.2.3"}


@pytest.mark.parametrize("text", ["host=127.1.2.3", "[1]", '"text"', "null"])
def test_no_object(text: str) -> None:
    """What is no JSON object fails the check."""
    with pytest.raises(AssertionError, match="no JSON object"):
        setting(kept(text), NAME)


def test_no_setting() -> None:
    """Without the parameter the task was not attempted."""
    missing = {"Code": "ParameterNotFound", "Message": "", "Status": 400}
    account = recorded("ssm", "GetParameter", {"Name": NAME, "WithDecryption": True}, error=missing)
    with pytest.raises(NotAttempted, match=NAME):
        setting(account, NAME)


@pytest.mark.parametrize("port", [5432, "5432"])
def test_pointed_at(port: Any) -> None:
    """Settings lead to the instance at their address and port, a number or its text."""
    every = {"mine": MINE, "new": NEW, "being made": {}}
    assert pointed_at(every, {"host": "127.9.9.9", "port": port}, NAME) is NEW


@pytest.mark.parametrize("said", [{"host": "127.1.2.3", "port": 5433}, {"host": "db", "port": 5432}])
def test_pointed_at_none(said: dict[str, Any]) -> None:
    """Settings that lead elsewhere fail the check, which names what there is."""
    with pytest.raises(AssertionError, match=r"there are mine 127\.1\.2\.3:5432"):
        pointed_at({"mine": MINE}, said, NAME)


def test_rows_of_clinic() -> None:
    """Rows go round the clinics from the second on: row 1 is of clinic 1, row 4 of clinic 0."""
    brief = {"clinics": ["a", "b", "c", "d"], "rows": 5}
    assert [rows_of_clinic(brief | {"clinic": name}) for name in "abcd"] == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("kind", "of", "there"),
    [("manual", "mine", True), ("automated", "mine", False), ("manual", "new", False)],
)
def test_snapshot(kind: str, of: str, there: bool) -> None:
    """A snapshot counts if somebody asked for it, and it is of that instance."""
    found = {"DBSnapshots": [{"DBInstanceIdentifier": of, "SnapshotType": kind}]}
    assert has_a_snapshot(recorded("rds", "DescribeDBSnapshots", {}, answer=found), "mine") is there


def test_a_snapshot_among_others() -> None:
    """The nightly ones stand beside it."""
    found = [{"DBInstanceIdentifier": "mine", "SnapshotType": kind} for kind in ("automated", "manual")]
    assert has_a_snapshot(recorded("rds", "DescribeDBSnapshots", {}, answer={"DBSnapshots": found}), "mine")


def test_groups() -> None:
    """An instance's groups are told by id; one that is not there has none."""
    assert groups_of({"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]}) == {"sg-1"}
    assert groups_of({}) == set()


class Asked:
    """An account with one secret of RDS's, and a database that answers these users; questions are kept."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers, self.questions = answers, [""]

    def client(self, service: str, region_name: str | None = None) -> Asked:
        del service, region_name
        return self

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        return {"SecretString": json.dumps({"username": "keeper", "password": SecretId})}

    def ask(self, login: Login, statement: str) -> dict[str, Any]:
        self.questions.append(statement)
        passwords = {AUDITOR: "look-only", "keeper": "arn"}
        if login.user in self.answers and login.password == passwords[login.user]:
            return self.answers[login.user]
        return {"error": "password authentication failed", "code": "28P01"}


BRIEF = {"clinic": "St. John's", "auditor_password": "look-only"}
KEPT_BY_RDS = {**MINE, "MasterUserSecret": {"SecretArn": "arn"}}


@pytest.mark.parametrize(
    ("database", "answers", "rows"),
    [
        (KEPT_BY_RDS, {"auditor": {"rows": [[10, 4]]}, "keeper": {"rows": [[0, 0]]}}, (10, 4)),
        (KEPT_BY_RDS, {"keeper": {"rows": [["9", "3"]]}}, (9, 3)),
        (MINE, {"keeper": {"rows": [[9, 3]]}}, (0, 0)),
        (MINE, {"auditor": {"error": "no such table", "code": "42P01"}}, (0, 0)),
        (MINE, {"auditor": {"error": "none here", "code": CANNOT_CONNECT_NOW}}, None),
    ],
    ids=["auditor", "master user", "nobody", "no table", "no PostgreSQL"],
)
def test_appointments(database: dict[str, Any], answers: dict[str, Any], rows: Any) -> None:
    """The auditor is asked, then the master user whose secret RDS keeps; a clinic's name is quoted."""
    asked = Asked(**answers)
    assert appointments(cast(Account, asked), BRIEF, database) == rows
    assert "clinic = 'St. John''s'" in asked.questions[-1]
