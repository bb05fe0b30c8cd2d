"""The parameter from which the portal reads where its database is: a secret's name, and no password."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.account.sql import Login
from cloudlings.grading.database_state import Raw, literals, password_holds, secret_login
from cloudlings.grading.task import Because

PASSWORDS = {"password", "passwd", "pwd", "pass", "pgpassword"}


def asks_who_answers(said: Mapping[str, Any], name: str) -> None:
    """Fails the check unless settings make a driver check the database's certificate."""
    assert said.get("sslmode") == "verify-full", Because(
        found=f"The parameter {name} has sslmode {said.get('sslmode')!r}.",
        consequence="Whoever sits between the app and the database can answer in its place, and reads every "
        "password and every name.",
        concept="require encrypts; verify-full also checks by the certificate who answers.",
    )


def names_the_database(said: Mapping[str, Any], name: str, wanted: str) -> None:
    """Fails the check unless settings name the database in the instance that has the tables."""
    assert said.get("dbname") == wanted, Because(
        found=f"The parameter {name} has dbname {said.get('dbname')!r}; the rows are in the database "
        f"{wanted}.",
        consequence="The portal logs in and finds no table, or is told that there is no such database.",
        concept="An instance holds several databases, and a connection is to one of them.",
    )


def leads_to_a_login(account: Account, said: Mapping[str, Any], database: Raw) -> Login:
    """The login in the secret that settings name; fails the check unless it lets into the database."""
    arn = str(said.get("secret", ""))
    login = secret_login(account, {**database, "MasterUserSecret": {"SecretArn": arn}})
    if login is not None and password_holds(account, login):
        return login
    raise AssertionError(
        Because(
            found=f"secret is {arn[:120]!r}: no login to {database['DBInstanceIdentifier']} can be read "
            "there.",
            consequence="The portal has an address and no way in.",
            concept="A setting names the secret; the program reads it when it starts, with its own role.",
        )
    )


def says_no_password(said: Mapping[str, Any], name: str) -> None:
    """Fails the check when settings have a field for a password."""
    _in_one_place(name if any(field.lower() in PASSWORDS for field in said) else "")


def holds_no_password(account: Account, login: Login, databases: Iterable[Raw]) -> None:
    """Fails the check when any parameter holds a master user's password in clear."""
    kept = [login, *(secret_login(account, each) for each in databases)]
    _in_one_place(literals(account, [each.password for each in kept if each]))


def _in_one_place(leak: str) -> None:
    assert not leak, Because(
        found=f"The parameter {leak} holds a master user's password in clear.",
        consequence="Everybody who may read parameters has the patients' records, and rotation breaks the "
        "portal.",
        concept="A password is in one place, from which programs fetch it.",
    )
