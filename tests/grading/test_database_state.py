"""What graders of databases read of the journal, and of cases."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.account.sql import CANNOT_CONNECT_NOW, Login
from cloudlings.errors import GraderError, ModelError, SandboxUnavailable
from cloudlings.grading.database_state import (
    has_by_now,
    journalled,
    literals,
    login_at,
    own_secret_login,
    password_holds,
    refused,
    rows_of,
    secret_login,
    stands_isolated,
    subnet_group,
)
from cloudlings.grading.store_cases import CASES, asked
from cloudlings.models.stores import choose
from cloudlings.network import Network
from cloudlings.network.model import InternetGateway, Route, RouteTable, Subnet, Vpc

MADE: dict[str, Any] = {
    "DBInstanceIdentifier": "db-1",
    "MasterUsername": "keeper",
    "DBName": "appointments",
    "Endpoint": {"Address": "127.0.0.9", "Port": 5433},
    "MasterUserSecret": {"SecretArn": "rds!db-1"},
}
ELSEWHERE = MADE | {"Endpoint": {"Address": "db-1.example", "Port": 5433}}
PASSWORD = "Correct-horse-9"


class Stub:
    """An account with secrets and parameters as texts by name, and databases that say what was told them."""

    def __init__(
        self,
        secrets: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        answers: Mapping[str, dict[str, Any]] | None = None,
        refusal: str = "",
    ) -> None:
        self.secrets, self.parameters = secrets or {}, parameters or {}
        self.answers, self.refusal = answers or {}, refusal

    def client(self, service: str, region_name: str | None = None) -> Stub:
        del service, region_name
        return self

    def list_secrets(self) -> dict[str, Any]:
        return {"SecretList": [{"Name": name, "ARN": name} for name in self.secrets]}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.secrets[SecretId]}

    def get_paginator(self, operation: str) -> Stub:
        del operation
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Parameters": [{"Name": name}]} for name in self.parameters]

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803
        return {"Parameter": {"Value": self.parameters[Name]}}

    def describe_db_subnet_groups(self, DBSubnetGroupName: str) -> dict[str, Any]:  # noqa: N803
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, "DescribeDBSubnetGroups")
        return {"DBSubnetGroups": [{"DBSubnetGroupName": DBSubnetGroupName}]}

    def ask(self, login: Login, statement: str) -> dict[str, Any]:
        """By user, database or password: the first that something was told about."""
        del statement
        told = (self.answers.get(each) for each in (login.user, login.database, login.password))
        return next(
            (each for each in told if each), {"error": "password authentication failed", "code": "28P01"}
        )


def account(*given: Any, **more: Any) -> Account:
    return cast(Account, Stub(*given, **more))


def kept(**fields: Any) -> str:
    return json.dumps({"username": "keeper", "password": PASSWORD} | fields)


LETS_IN = {PASSWORD: {"rows": [[1]]}}


def row(operation: str, resource: str, status: int = 200, **more: Any) -> dict[str, Any]:
    return {
        "operation": operation,
        "resource": resource,
        "status": status,
        "error": "",
        "undone": False,
    } | more


def test_journalled() -> None:
    """An operation counts if it was carried out on that resource, and was not taken back."""
    rows = [
        row("PromoteReadReplica", "study"),
        row("PromoteReadReplica", "late", undone=True),
        row("PromoteReadReplica", "never", 400),
    ]
    assert [journalled(rows, "PromoteReadReplica", name) for name in ("study", "late", "never", "none")] == [
        True,
        False,
        False,
        False,
    ]


def test_refused() -> None:
    """The last refusal of a call is told by its code."""
    rows = [row("CreateDBSubnetGroup", "g", 400, error="InvalidSubnet"), row("CreateDBSubnetGroup", "other")]
    assert (refused(rows, "CreateDBSubnetGroup", "g"), refused(rows, "CreateDBSubnetGroup", "other")) == (
        "InvalidSubnet",
        "",
    )


def test_every_case_has_a_store() -> None:
    """Each case of the lab is one that the model answers."""
    try:
        assert all(choose(case).store for case in CASES.values())
    except ModelError as error:
        pytest.fail(str(error))


def test_unknown_case() -> None:
    """A case that the brief has and the table has not is the grader's own fault."""
    with pytest.raises(GraderError):
        asked("a horse")


def test_cases_of_the_lab() -> None:
    """The lab's brief draws from these cases, and from no others."""
    path = Path(__file__).parents[2] / "solutions/080-rds/brief.py"
    assert set(runpy.run_path(str(path))["CASES"]) == set(CASES)


@pytest.mark.parametrize(
    "text",
    ["no JSON", '["password"]', '"password"', "7", '{"username": "keeper"}'],
)
def test_a_secret_that_holds_no_login(text: str) -> None:
    """Whatever else a secret may hold is read, and is no login."""
    assert secret_login(account({"rds!db-1": text}), MADE) is None
    assert own_secret_login(account({"own": text}), MADE) is None


def test_the_secret_that_rds_manages() -> None:
    """It names its user, or means the master user; one that is gone gives none."""
    login = Login("127.0.0.9", 5433, "keeper", PASSWORD, "appointments")
    assert secret_login(account({"rds!db-1": kept()}), MADE) == login
    assert secret_login(account({"rds!db-1": json.dumps({"password": PASSWORD})}), MADE) == login
    assert secret_login(account({}), MADE) is None
    assert secret_login(account({"rds!db-1": kept()}), MADE | {"MasterUserSecret": None}) is None


@pytest.mark.parametrize(
    ("text", "proved", "found"),
    [
        (kept(), True, True),
        (kept(password="a1b2c3d4"), False, True),
        (kept(password="a1b2c3d4"), True, False),
        (kept(password="a1b2c3d"), False, False),
        (kept(username="auditor"), True, False),
        (kept(username="auditor"), False, False),
    ],
    ids=["lets in", "unproved", "another password", "too short for RDS", "another user", "unproved either"],
)
def test_a_secret_of_ones_own(text: str, proved: bool, found: bool) -> None:
    """It names the master user, with a password that RDS takes, and lets in where that is tried."""
    login = own_secret_login(account({"own": text}, answers=LETS_IN), MADE, proved=proved)
    assert (login is not None) is found


def test_the_first_secret_that_lets_in() -> None:
    """Those of RDS, of others and of old passwords are passed by."""
    secrets = {"rds!db-1": kept(), "old": kept(password="Wrong-horse-9"), "text": "[]", "own": kept()}
    login = own_secret_login(account(secrets, answers=LETS_IN), MADE)
    assert login is not None
    assert login.password == PASSWORD


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({}, ("127.0.0.9", 5433, "appointments")),
        ({"Endpoint": None}, ("", 0, "appointments")),
        ({"DBName": None}, ("127.0.0.9", 5433, "postgres")),
    ],
    ids=["made", "being made", "made with no database"],
)
def test_where_to_log_in(change: dict[str, Any], place: tuple[str, int, str]) -> None:
    """An instance has no endpoint while it is being made; every PostgreSQL has the database postgres."""
    login = login_at(MADE | change, "keeper", PASSWORD)
    assert (login.host, login.port, login.database) == place


@pytest.mark.parametrize(
    ("made", "answer", "holds"),
    [
        (MADE, {"rows": [[1]]}, True),
        (MADE, {"error": "no PostgreSQL", "code": CANNOT_CONNECT_NOW}, True),
        (MADE, {"error": "password authentication failed", "code": "28P01"}, False),
        (ELSEWHERE, {"error": "nobody asks", "code": ""}, True),
    ],
    ids=["let in", "no PostgreSQL here", "refused", "another engine"],
)
def test_a_password_holds_unless_the_database_says_no(
    made: dict[str, Any], answer: dict[str, Any], holds: bool
) -> None:
    """Where no PostgreSQL could tell, it counts as holding."""
    found = account(answers={PASSWORD: answer})
    assert password_holds(found, login_at(made, "keeper", PASSWORD)) is holds


@pytest.mark.parametrize(
    ("made", "secrets", "there"),
    [
        (MADE, {"rds!db-1": kept()}, True),
        (MADE | {"MasterUserSecret": None}, {"own": kept()}, True),
        (MADE, {}, False),
        (ELSEWHERE, {"rds!db-1": kept()}, False),
    ],
    ids=["by RDS's secret", "by one's own", "no secret", "another engine"],
)
def test_a_database_made_since_then(made: dict[str, Any], secrets: dict[str, str], there: bool) -> None:
    """It is there when the master user is let into it."""
    assert has_by_now(account(secrets, answers=LETS_IN), made, "later") is there


ROWS = {"rows": [[7, 3]]}
NO_TABLE = {"error": 'relation "appointments" does not exist', "code": "42P01"}
REFUSED = {"error": "connection failed: Connection refused", "code": ""}
LATE = {"error": "connection timeout expired", "code": ""}
NOT_LET_IN = {"error": "password authentication failed", "code": "28P01"}
NONE_HERE = {"error": "No PostgreSQL is installed", "code": CANNOT_CONNECT_NOW}


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ([ROWS], [[7, 3]]),
        ([NOT_LET_IN, ROWS], [[7, 3]]),
        ([NO_TABLE, ROWS], []),
        ([NONE_HERE, ROWS], None),
        ([NOT_LET_IN], []),
        ([REFUSED, NOT_LET_IN], []),
        ([], []),
    ],
)
def test_rows_of_the_first_that_is_let_in(said: list[dict[str, Any]], rows: list[Any] | None) -> None:
    """A statement that fails is an answer, too: there are no rows; without PostgreSQL there is none."""
    users = {f"user{number}": answer for number, answer in enumerate(said)}
    logins = [login_at(MADE, user, "unknown") for user in users]
    assert rows_of(account(answers=users), logins, "select 1") == rows


def test_rows_of_another_engine() -> None:
    """Nothing answers SQL for it."""
    assert rows_of(account(), [login_at(ELSEWHERE, "keeper", PASSWORD)], "select 1") is None


@pytest.mark.parametrize("said", [[REFUSED], [LATE], [REFUSED, LATE]])
def test_a_database_that_does_not_answer(said: list[dict[str, Any]]) -> None:
    """That is the sandbox's fault, and no verdict on the learner's rows."""
    users = {f"user{number}": answer for number, answer in enumerate(said)}
    logins = [login_at(MADE, user, "unknown") for user in users]
    with pytest.raises(SandboxUnavailable, match=said[0]["error"]):
        rows_of(account(answers=users), logins, "select 1")


def test_journalled_by_its_parameters() -> None:
    """A call may be noted under another resource than the instance that it makes; some have no parameters."""
    of_another = row("CreateDBInstanceReadReplica", "portal", parameters={"DBInstanceIdentifier": "study"})
    assert journalled([of_another], "CreateDBInstanceReadReplica", "study")
    assert not journalled(
        [row("CreateDBInstanceReadReplica", "portal", parameters=None)],
        "CreateDBInstanceReadReplica",
        "study",
    )


def test_refused_without_a_code() -> None:
    """Where no code was noted, the status tells."""
    assert refused([row("CreateDBCluster", "c", 403)], "CreateDBCluster", "c") == "403"


@pytest.mark.parametrize(
    ("parameters", "words", "name"),
    [
        ({"/a": f"user=keeper password={PASSWORD}"}, [PASSWORD], "/a"),
        ({"/a": "nothing", "/b": PASSWORD}, ["another", PASSWORD], "/b"),
        ({"/cloudlings/answers": PASSWORD}, [PASSWORD], ""),
        ({"/a": "nothing"}, [""], ""),
        ({"/a": "nothing"}, [PASSWORD], ""),
        ({"/a": json.dumps({"pass": 'a\\b"c'})}, ['a\\b"c'], "/a"),
        ({"/a": "postgresql://keeper:50%25%2Bx@db-1/appointments"}, ["50%+x"], "/a"),
    ],
)
def test_a_parameter_with_a_password(parameters: dict[str, str], words: list[str], name: str) -> None:
    """Any of the passwords, anywhere in the value, as JSON and addresses write them, too; answers that were
    handed in, and no password, are none."""
    assert literals(account({}, parameters), words) == name


@pytest.mark.parametrize("code", ["DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"])
def test_no_subnet_group(code: str) -> None:
    """One that is not there is none; another refusal is no answer."""
    assert subnet_group(account(), "g") == {"DBSubnetGroupName": "g"}
    assert subnet_group(account(refusal=code), "g") is None
    with pytest.raises(ClientError):
        subnet_group(account(refusal="Throttling"), "g")


def standing(*places: tuple[str, str]) -> None:
    """The rule, asked about a group of these subnets and zones."""
    network = Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=tuple(Subnet(name, "vpc-1", f"10.0.{n}.0/24") for n, name in enumerate(("a", "b", "out"))),
        route_tables=(
            RouteTable("rtb-1", "vpc-1", (Route("10.0.0.0/16", "local"),), main=True),
            RouteTable("rtb-2", "vpc-1", (Route("0.0.0.0/0", "igw-1"),), ("out",)),
        ),
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
    )
    subnets = [{"SubnetIdentifier": name, "SubnetAvailabilityZone": {"Name": zone}} for name, zone in places]
    stands_isolated(network, {"DBSubnetGroupName": "g", "Subnets": subnets}, consequence="It leaks.")


def test_a_home_for_databases() -> None:
    """Two zones, no way out."""
    standing(("a", "1a"), ("b", "1b"))
    with pytest.raises(AssertionError, match=r"covers \['1a'\]"):
        standing(("a", "1a"), ("b", "1a"))
    with pytest.raises(AssertionError, match="Subnet out of the subnet group g is public"):
        standing(("a", "1a"), ("out", "1b"))
