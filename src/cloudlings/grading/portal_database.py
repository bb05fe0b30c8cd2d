"""What graders of the portal's database read: its settings, its rows, its groups, its last snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.database_rules import endpoint_of
from cloudlings.grading.database_state import Raw, login_at, rows_of, secret_login
from cloudlings.grading.task import Because, not_attempted_unless
from cloudlings.grading.vpc_state import shown

AUDITOR = "auditor"
"""A user of the database's own, made with the rows; a restore and a replica have it, too."""


def setting(account: Account, name: str) -> dict[str, Any]:
    """The JSON object in a parameter; the check fails for anything else, and is not attempted without one."""
    ssm = account.client("ssm")
    try:
        text = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        text = ""
    not_attempted_unless(text, f"There is no parameter {name} in {account.region_name}.")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    assert isinstance(found, dict), Because(
        found=f"The parameter {name} holds no JSON object.",
        consequence="The portal stops at its start: it reads its settings as JSON.",
        concept="host, port, dbname, sslmode and secret: what a driver needs, and where the password is.",
    )
    return found


def pointed_at(every: Mapping[str, Raw], said: Mapping[str, Any], name: str) -> Raw:
    """The instance to which the settings in a parameter lead; the check fails when they lead to none."""
    wanted = (said.get("host"), str(said.get("port")))
    places = {each: endpoint_of(raw) for each, raw in every.items()}
    found = [each for each, place in places.items() if (place["host"], str(place["port"])) == wanted]
    names = [f"{each} {place['host']}:{place['port']}" for each, place in places.items()]
    assert found, Because(
        found=f"The parameter {name} leads to {said.get('host')}:{said.get('port')}; there are "
        f"{shown(names)}.",
        consequence="The portal waits for an address at which nobody answers.",
        concept="An endpoint is read from RDS (describe_db_instances), not typed.",
    )
    return every[found[0]]


def rows_of_clinic(brief: Mapping[str, Any]) -> int:
    """How many appointments the clinic of the accident has: row n belongs to clinic n modulo their number."""
    clinics = list(brief["clinics"])
    place = clinics.index(brief["clinic"])
    return sum(number % len(clinics) == place for number in range(1, int(brief["rows"]) + 1))


def appointments(account: Account, brief: Mapping[str, Any], database: Raw) -> tuple[int, int] | None:
    """Appointments in all, and of the accident's clinic, None where no PostgreSQL could tell."""
    managed = secret_login(account, database)
    logins = [login_at(database, AUDITOR, str(brief["auditor_password"])), *([managed] if managed else [])]
    clinic = str(brief["clinic"]).replace("'", "''")
    statement = f"select count(*), count(*) filter (where clinic = '{clinic}') from appointments"
    found = rows_of(account, logins, statement)
    if found is None:
        return None
    return (int(found[0][0]), int(found[0][1])) if found else (0, 0)


def has_a_snapshot(account: Account, name: str) -> bool:
    """Whether there is a snapshot of an instance that somebody asked for."""
    found = account.client("rds").describe_db_snapshots()["DBSnapshots"]
    return any(each["DBInstanceIdentifier"] == name and each["SnapshotType"] == "manual" for each in found)


def groups_of(database: Raw) -> set[str]:
    """The ids of the security groups that an instance carries."""
    return {each["VpcSecurityGroupId"] for each in database.get("VpcSecurityGroups", [])}
