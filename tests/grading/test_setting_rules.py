"""What graders ask of the portal's settings, and of secrets and databases that they lead to."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.account.sql import Login
from cloudlings.grading.database_rules import holds_the_database, nobody_types_its_password
from cloudlings.grading.setting_rules import names_the_database, says_no_password

MADE = {
    "DBInstanceIdentifier": "db-1",
    "MasterUsername": "keeper",
    "Endpoint": {"Address": "127.0.0.9", "Port": 5433},
}


class Vault:
    """An account with secrets, and with databases into which their one password lets."""

    def __init__(self, secrets: dict[str, str], *databases: str) -> None:
        self.secrets, self.databases = secrets, databases

    def client(self, service: str, region_name: str | None = None) -> Vault:
        del service, region_name
        return self

    def list_secrets(self) -> dict[str, Any]:
        return {"SecretList": [{"Name": name, "ARN": name} for name in self.secrets]}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        login = {"username": "keeper", "password": self.secrets[SecretId]}
        return {"SecretString": json.dumps(login)}

    def ask(self, login: Login, statement: str) -> dict[str, Any]:
        del statement
        return {"rows": [[1]]} if login.database in self.databases else {"error": "none", "code": "3D000"}


def account(secrets: dict[str, str], *databases: str) -> Account:
    return cast(Account, Vault(secrets, *databases))


def test_settings_that_hold() -> None:
    """Settings with the database of the rows, and no field for a password."""
    said = {"host": "h", "dbname": "appointments", "secret": "arn"}
    names_the_database(said, "/db", "appointments")
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
