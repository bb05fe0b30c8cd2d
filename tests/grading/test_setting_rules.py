"""What graders ask of the portal's settings, and of secrets and databases that they lead to."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.account.sql import Login
from cloudlings.grading.database_rules import holds_the_database, nobody_types_its_password
from cloudlings.grading.setting_rules import (
    asks_who_answers,
    holds_no_password,
    leads_to_a_login,
    names_the_database,
    says_no_password,
)

MADE = {
    "DBInstanceIdentifier": "db-1",
    "MasterUsername": "keeper",
    "Endpoint": {"Address": "127.0.0.9", "Port": 5433},
}


class Vault:
    """An account with secrets, with databases into which their one password lets, and with parameters."""

    def __init__(
        self, secrets: dict[str, str], *databases: str, parameters: dict[str, str] | None = None
    ) -> None:
        self.secrets, self.databases, self.parameters = secrets, databases, parameters or {}

    def get_paginator(self, operation: str) -> Vault:
        del operation
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Parameters": [{"Name": name} for name in self.parameters]}]

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803
        return {"Parameter": {"Value": self.parameters[Name]}}

    def client(self, service: str, region_name: str | None = None) -> Vault:
        del service, region_name
        return self

    def list_secrets(self) -> dict[str, Any]:
        return {"SecretList": [{"Name": name, "ARN": name} for name in self.secrets]}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        login = {"username": "keeper", "password": self.secrets[SecretId]}
        return {"SecretString": json.dumps(login)}

    def ask(self, login: Login, statement: str) -> dict[str, Any]:
        del statement
        return {"rows": [[1]]} if login.database in self.databases else {"error": "none", "code": "3D000"}


def account(secrets: dict[str, str], *databases: str, parameters: dict[str, str] | None = None) -> Account:
    return cast(Account, Vault(secrets, *databases, parameters=parameters))


def test_settings_that_hold() -> None:
    """Settings with the database of the rows, and no field for a password."""
    said = {"host": "h", "dbname": "appointments", "secret": "arn", "sslmode": "verify-full"}
    names_the_database(said, "/db", "appointments")
    asks_who_answers(said, "/db")
    says_no_password(said, "/db")


@pytest.mark.parametrize("said", [{"dbname": "postgres"}, {}])
def test_another_database(said: dict[str, Any]) -> None:
    """The database that every PostgreSQL has is not the one with the rows."""
    with pytest.raises(AssertionError, match=f"/db has dbname {said.get('dbname')!r}.* appointments"):
        names_the_database(said, "/db", "appointments")


@pytest.mark.parametrize("field", ["password", "PGPASSWORD"])
def test_a_field_for_a_password(field: str) -> None:
    """A password is told by its field, whatever stands there."""
    with pytest.raises(AssertionError, match="/db holds a master user's password in clear"):
        says_no_password({field: "", "dbname": "appointments"}, "/db")


@pytest.mark.parametrize(
    ("made", "databases"), [({"DBName": "appointments"}, ()), ({}, ("postgres", "appointments"))]
)
def test_a_database_inside(made: dict[str, str], databases: tuple[str, ...]) -> None:
    """It was made with the instance, or since then."""
    holds_the_database(account({"own": "Correct-horse-9"}, *databases), MADE | made, "appointments")


@pytest.mark.parametrize(
    ("made", "words"), [({}, "it has no DBName"), ({"DBName": "portal"}, "its DBName is portal")]
)
@pytest.mark.parametrize("secrets", [{}, {"own": "Correct-horse-9"}])
def test_no_database_inside(made: dict[str, str], words: str, secrets: dict[str, str]) -> None:
    """An instance without the database is told, with what it was made with."""
    with pytest.raises(AssertionError, match=f"db-1 holds no database appointments: {words}"):
        holds_the_database(account(secrets, "postgres"), MADE | made, "appointments")


def test_a_secret_of_ones_own() -> None:
    """A secret that RDS made for a database deleted since is none of this one's."""
    nobody_types_its_password(account({"own": "Correct-horse-9"}), MADE, proved=False)
    with pytest.raises(AssertionError, match="was typed"):
        nobody_types_its_password(account({"rds!db-1": "Correct-horse-9"}), MADE, proved=False)


@pytest.mark.parametrize("said", [{"sslmode": "require"}, {"sslmode": "verify-ca"}, {}])
def test_settings_that_trust_whoever_answers(said: dict[str, str]) -> None:
    """Only one mode asks the certificate for the name."""
    with pytest.raises(AssertionError, match=f"/db has sslmode {said.get('sslmode')!r}"):
        asks_who_answers(said, "/db")


def test_settings_that_lead_to_a_login() -> None:
    """The secret that they name counts, and not one that the instance has beside it."""
    found = leads_to_a_login(
        account({"own": "Correct-horse-9"}, "postgres"),
        {"secret": "own"},
        MADE | {"MasterUserSecret": {"SecretArn": "rds!db-1"}},
    )
    assert (found.user, found.password) == ("keeper", "Correct-horse-9")


@pytest.mark.parametrize(
    ("said", "databases"),
    [({"secret": "own"}, ("else",)), ({"secret": "gone"}, ("postgres",)), ({}, ("postgres",))],
    ids=["not let in", "gone", "none named"],
)
def test_settings_that_lead_to_no_login(said: dict[str, str], databases: tuple[str, ...]) -> None:
    """A password that does not hold, and a secret that is not there, are no way in."""
    with pytest.raises(AssertionError, match=f"secret is {said.get('secret', '')!r}: no login to db-1"):
        leads_to_a_login(account({"own": "Correct-horse-9"}, *databases), said, MADE)


OF_RDS = MADE | {"MasterUserSecret": {"SecretArn": "rds!db-1"}}
LOGIN = Login("127.0.0.9", 5433, "keeper", "Mine-is-longer", "postgres")


@pytest.mark.parametrize(
    ("parameters", "leak"),
    [
        ({}, ""),
        ({"/note": "nothing"}, ""),
        ({"/note": "nothing", "/mine": "Mine-is-longer"}, "/mine"),
        ({"/theirs": "password=Correct-horse-9"}, "/theirs"),
    ],
)
def test_a_password_in_a_parameter(parameters: dict[str, str], leak: str) -> None:
    """The portal's own password, and that of each database whose secret can be read."""
    vault = account({"rds!db-1": "Correct-horse-9"}, parameters=parameters)
    if not leak:
        holds_no_password(vault, LOGIN, [MADE, OF_RDS])
        return
    with pytest.raises(AssertionError, match=f"The parameter {leak} holds a master user's password"):
        holds_no_password(vault, LOGIN, [MADE, OF_RDS])
