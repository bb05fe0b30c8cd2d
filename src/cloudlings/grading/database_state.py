"""What graders of databases share: instances and clusters as RDS shows them, their subnets' kinds, and SQL.

    found = instance(account, brief.database)
    rows = rows_of(account, found, logins, "select count(*) from appointments")

Where this machine has no PostgreSQL, ``rows_of`` gives None: the check then rests on RDS's state alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.account.sql import CANNOT_CONNECT_NOW, Login, is_here
from cloudlings.errors import SandboxUnavailable
from cloudlings.grading.task import Because
from cloudlings.network import Network, kind

Raw = Mapping[str, Any]


def instances(account: Account, region: str | None = None) -> dict[str, Raw]:
    """Every DB instance of a Region, by its identifier."""
    found = account.client("rds", region_name=region).describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each for each in found}


def clusters(account: Account, region: str | None = None) -> dict[str, Raw]:
    """Every DB cluster of a Region, by its identifier."""
    found = account.client("rds", region_name=region).describe_db_clusters()["DBClusters"]
    return {each["DBClusterIdentifier"]: each for each in found}


def subnet_group(account: Account, name: str, region: str | None = None) -> Raw | None:
    """A DB subnet group, None when there is none of that name."""
    try:
        rds = account.client("rds", region_name=region)
        found: Raw = rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("DBSubnetGroupNotFound"):
            return None
        raise
    return found


def subnets_in(group: Raw) -> list[str]:
    """The ids of a subnet group's subnets."""
    return [each["SubnetIdentifier"] for each in group.get("Subnets", [])]


def zones_in(group: Raw) -> set[str]:
    """The names of the zones that a subnet group covers."""
    return {each["SubnetAvailabilityZone"]["Name"] for each in group.get("Subnets", [])}


def stands_isolated(network: Network, group: Raw, *, consequence: str) -> None:
    """Fails the check unless every subnet of a subnet group is isolated, and they cover two zones."""
    name, zones = group["DBSubnetGroupName"], sorted(zones_in(group))
    for subnet in subnets_in(group):
        found = str(kind(network, subnet))
        assert found == "isolated", Because(
            found=f"Subnet {subnet} of the subnet group {name} is {found}, by its routes.",
            consequence=consequence,
            concept="A database may be put into any subnet of its group, by RDS, at the next failover. "
            "What counts is the table of each, not its name.",
        )
    assert len(zones) > 1, Because(
        found=f"The subnet group {name} covers {zones}.",
        consequence="When that zone fails, there is no place for a standby.",
        concept="A subnet group needs two zones at least.",
    )


def secret_login(account: Account, database: Raw, region: str | None = None) -> Login | None:
    """The master user's login from the secret that RDS manages; None where it cannot be read."""
    arn = (database.get("MasterUserSecret") or {}).get("SecretArn")
    return _from_secret(account, database, arn, region) if arn else None


def own_secret_login(
    account: Account, database: Raw, region: str | None = None, *, proved: bool = True
) -> Login | None:
    """The first login in a secret of the learner's own that names the master user, and lets in if ``proved``.

    A secret that RDS made is no secret of one's own: it may be that of a database deleted since.
    """
    secrets = account.client("secretsmanager", region_name=region)
    for each in secrets.list_secrets().get("SecretList", []):
        if each["Name"].startswith("rds!"):
            continue
        login = _from_secret(account, database, each["ARN"], region)
        if login is None or login.user != database.get("MasterUsername") or len(login.password) < 8:
            continue
        if not proved or password_holds(account, login):
            return login
    return None


def _from_secret(account: Account, database: Raw, arn: str, region: str | None) -> Login | None:
    secrets = account.client("secretsmanager", region_name=region)
    try:
        kept = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    except (ClientError, KeyError, ValueError):
        return None
    if not isinstance(kept, dict) or "password" not in kept:
        return None
    return login_at(
        database, str(kept.get("username", database.get("MasterUsername"))), str(kept["password"])
    )


def login_at(database: Raw, user: str, password: str) -> Login:
    """A login to an instance, in the database that it was made with."""
    place = database.get("Endpoint") or {}
    return Login(
        str(place.get("Address", "")), int(place.get("Port") or 0), user, password,
        str(database.get("DBName") or "postgres"),
    )  # fmt: skip


def password_holds(account: Account, login: Login) -> bool:
    """Whether a login lets in; it counts as holding where no PostgreSQL could tell."""
    if not is_here(login.host):
        return True
    found = account.ask(login, "select 1")
    return "rows" in found or found["code"] == CANNOT_CONNECT_NOW


def has_by_now(account: Account, database: Raw, wanted: str) -> bool:
    """Whether the master user is let into a database of this name; False where no PostgreSQL could tell."""
    login = secret_login(account, database) or own_secret_login(account, database)
    if login is None or not is_here(login.host):
        return False
    return "rows" in account.ask(replace(login, database=wanted), "select 1")


def rows_of(account: Account, logins: Iterable[Login], statement: str) -> list[list[Any]] | None:
    """What the first login that is let in reads, None where this machine has no PostgreSQL
    and for other engines.

    A database in which the statement fails gives no rows. SandboxUnavailable when nobody answers.
    """
    said: list[str] = []
    for login in logins:
        if not is_here(login.host):  # another engine: nothing answers SQL for it
            return None
        found = account.ask(login, statement)
        if "rows" in found:
            rows: list[list[Any]] = found["rows"]
            return rows
        if found["code"] == CANNOT_CONNECT_NOW:
            return None
        if found["code"].startswith("42"):  # a table or column that is not there: an answer
            return []
        said.append(found["error"])
    if said and all("refused" in text or "timeout" in text for text in said):
        raise SandboxUnavailable(
            f"The database did not answer: {said[0]}",
            next_step="look with: cloudlings doctor; then check again",
        )
    return []


def journalled(rows: Sequence[Mapping[str, Any]], operation: str, resource: str) -> bool:
    """Whether an operation on a resource was carried out, and its effect not taken back."""
    return any(
        row["operation"] == operation
        and resource in (row["resource"], (row.get("parameters") or {}).get("DBInstanceIdentifier"))
        and row["status"] < 300
        and not row.get("undone")
        for row in rows
    )


def refused(rows: Sequence[Mapping[str, Any]], operation: str, resource: str) -> str:
    """The error code with which the last such call was refused, "" when none was."""
    codes = [
        str(row["error"] or row["status"])
        for row in rows
        if row["operation"] == operation and row["resource"] == resource and row["status"] >= 300
    ]
    return codes[-1] if codes else ""


def _written(word: str) -> set[str]:
    """A word as it stands in plain text, in JSON and in an address."""
    return {word, json.dumps(word)[1:-1], quote(word, safe="")}


def literals(account: Account, words: Iterable[str]) -> str:
    """The name of an SSM parameter, beside the answers, that holds one of these words; "" when none does."""
    ssm = account.client("ssm")
    wanted = [written for word in words if word for written in _written(word)]
    for page in ssm.get_paginator("describe_parameters").paginate():
        for each in page["Parameters"]:
            if each["Name"].startswith("/cloudlings/"):
                continue
            value = ssm.get_parameter(Name=each["Name"])["Parameter"]["Value"]
            if any(word in value for word in wanted):
                return str(each["Name"])
    return ""
