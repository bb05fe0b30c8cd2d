"""What a database is to be, and how it is shown: decided without a server."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from cloudlings.sandbox.databases import door, model
from cloudlings.sandbox.databases.model import State

ACCOUNT = "111122223333"


def row(resource_id: str, **more: Any) -> dict[str, Any]:
    """An instance as moto tells of it."""
    return {
        "region": "us-east-1", "identifier": resource_id.lower(), "resource_id": resource_id,
        "engine": "postgres", "version": "15", "port": 5432, "user": "keeper", "password": "secret-99",
        "secret": "", "database": "shop", "status": "available", "replica_of": "", "origin": {},
    } | more  # fmt: skip


def one(**more: Any) -> model.Instance:
    return model.instances(ACCOUNT, [row("db-A", **more)])[0]


def test_other_engines_are_left_to_moto() -> None:
    """Only PostgreSQL's engines have a server."""
    engines = ("postgres", "mysql", "aurora-postgresql", "oracle-ee", "aurora-mysql")
    found = model.instances(ACCOUNT, [row(f"db-{each}", engine=each) for each in engines])
    assert {each.engine for each in found} == {"postgres", "aurora-postgresql"}


def test_sources_come_first() -> None:
    """An instance comes before those that follow it, however long the chain."""
    rows = [row("db-C", replica_of="db-B"), row("db-B", replica_of="db-A"), row("db-A")]
    assert [each.resource_id for each in model.instances(ACCOUNT, rows)] == ["db-A", "db-B", "db-C"]


def test_a_ring_of_replicas_ends() -> None:
    """Instances that follow each other are put in some order, and nobody hangs."""
    rows = [row("db-A", replica_of="db-B"), row("db-B", replica_of="db-A")]
    assert len(model.instances(ACCOUNT, rows)) == 2


def test_copies_of_a_snapshot_are_one_data() -> None:
    """A snapshot and its copy hold the same data once."""
    rows = [
        {"identifier": name, "data_id": "data-1", "of": "db-A", "kind": "manual"} for name in ("one", "two")
    ]
    assert [each.data_id for each in model.snapshots(ACCOUNT, rows)] == ["data-1"]


def test_addresses() -> None:
    """Every instance has addresses of its own on the loopback, the same ones each time, never 127.0.0.1."""
    first, second = one(), model.instances(ACCOUNT, [row("db-B")])[0]
    tried = model.addresses(first, "/home/a")
    assert all(ip_address(each) in ip_network("127.0.0.0/8") and each != "127.0.0.1" for each in tried)
    assert tried == model.addresses(first, "/home/a")
    assert not set(tried) & {*model.addresses(second, "/home/a"), *model.addresses(first, "/home/b")}


@pytest.mark.parametrize("password", ["it's", "a\\'b", "$$;DROP ROLE x;--", 'q"q'])
def test_passwords_stay_words(password: str) -> None:
    """Whatever a password holds, it is one string in SQL."""
    said = model.new_password('o"dd', password)
    assert said == 'ALTER ROLE "o""dd" PASSWORD ' + "'" + password.replace("'", "''") + "'"


def test_the_master_user_is_no_superuser() -> None:
    """The master user makes databases and roles, and is no superuser, as on RDS."""
    said = " ".join(model.founding(one(), "secret-99"))
    assert "CREATEDB CREATEROLE" in said
    assert "rds_superuser" in said
    assert " SUPERUSER" not in said
    assert 'CREATE DATABASE "shop"' in said


def test_no_database_of_its_own() -> None:
    """Without DBName there is the database postgres only."""
    assert not any("CREATE DATABASE" in each for each in model.founding(one(database=""), "secret-99"))


@pytest.mark.parametrize(
    ("said", "state", "shown"),
    [
        ("available", State.COMING, "creating"),
        ("available", State.UP, "available"),
        ("available", State.FAILED, "failed"),
        ("stopped", State.DOWN, "stopped"),
        ("deleting", State.UP, "deleting"),
    ],
)
def test_status(said: str, state: State, shown: str) -> None:
    """A status is moto's, unless the server is not as far, or fails."""
    assert model.status(said, state) == shown


@pytest.mark.parametrize("name", ["..", "a/b", "", "a b", "x" * 81, "a\n"])
def test_folders_lead_nowhere_else(name: str) -> None:
    """A name that could lead out of the folder is none."""
    assert not model.is_name(name)


def test_a_fingerprint_tells_no_password() -> None:
    """A password's fingerprint differs with it, and does not hold it."""
    assert model.fingerprint("secret-99") != model.fingerprint("secret-98")
    assert "secret" not in model.fingerprint("secret-99")


def test_a_refusal_is_postgresqls() -> None:
    """Why there is no database is told as PostgreSQL tells errors."""
    said = door.refusal("nobody is here")
    assert said[:1] == b"E"
    assert int.from_bytes(said[1:5], "big") == len(said) - 1
    assert b"SFATAL\0C57P03\0Mnobody is here\0" in said
