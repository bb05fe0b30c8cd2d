"""What a database is to be, how PostgreSQL is set up for it, how its state is shown. Nothing here acts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

POSTGRES = ("postgres", "aurora-postgresql")
ADMINISTRATOR = "rdsadmin"
"""The one superuser, as on RDS: nobody else's."""


class State(StrEnum):
    """How far an instance is. ``UP`` answers whoever comes; ``DOWN`` is stopped on purpose."""

    COMING = "coming"
    UP = "up"
    DOWN = "down"
    FAILED = "failed"


@dataclass(frozen=True)
class Instance:
    """One DB instance as moto knows it (see ``moto_databases.facts`` for the fields).

    ``password`` is "" where Secrets Manager has it, under the name ``secret``; ``replica_of`` is the resource
    id of the instance that it follows; ``snapshot`` the data that it begins with, ``copy_of`` the instance
    whose data it begins with, as they were at ``until`` (ISO 8601; "" for now).
    """

    account_id: str
    region: str
    identifier: str
    resource_id: str
    engine: str
    port: int
    user: str
    password: str
    secret: str
    database: str
    stopped: bool
    replica_of: str = ""
    snapshot: str = ""
    copy_of: str = ""
    until: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One DB snapshot: the data that it names, and the resource id of the instance that it is of."""

    account_id: str
    identifier: str
    data_id: str
    of: str
    automated: bool


def instances(account_id: str, rows: Sequence[Mapping[str, Any]]) -> list[Instance]:
    """The instances that a real PostgreSQL can be, sources before the replicas that follow them."""
    found = [_instance(account_id, row) for row in rows if row["engine"] in POSTGRES]
    sources = {each.resource_id: each.replica_of for each in found}
    return sorted(found, key=lambda each: _depth(sources, each.resource_id))


def _depth(sources: Mapping[str, str], resource_id: str) -> int:
    """How many others an instance follows, one behind the other."""
    depth = 0
    while (resource_id := sources.get(resource_id, "")) and depth < len(sources):
        depth += 1
    return depth


def _instance(account_id: str, row: Mapping[str, Any]) -> Instance:
    origin = row["origin"]
    return Instance(
        account_id=account_id,
        region=row["region"],
        identifier=row["identifier"],
        resource_id=row["resource_id"],
        engine=row["engine"],
        port=row["port"] or 5432,
        user=row["user"],
        password=row["password"],
        secret=row["secret"],
        database=row["database"],
        stopped=row["status"] in ("stopped", "stopping"),
        replica_of=row["replica_of"],
        snapshot=origin.get("snapshot", ""),
        copy_of=origin.get("instance", ""),
        until=origin.get("until", ""),
    )


def snapshots(account_id: str, rows: Sequence[Mapping[str, Any]]) -> list[Snapshot]:
    """The snapshots of an account, each data once."""
    found = {
        row["data_id"]: Snapshot(
            account_id, row["identifier"], row["data_id"], row["of"], row["kind"] == "automated"
        )
        for row in rows
        if row["data_id"]
    }
    return list(found.values())


def addresses(instance: Instance, home: str) -> list[str]:
    """Addresses of the loopback to try for an instance, the same ones each time.

    Linux answers on every address of 127.0.0.0/8, so each instance has one of its own and keeps the port that
    it was given; 127.0.0.1 is left to others.
    """
    found = []
    for attempt in range(8):
        digest = hashlib.sha256(f"{home}/{instance.resource_id}/{attempt}".encode()).digest()
        found.append(f"127.{64 + digest[0] % 64}.{digest[1]}.{1 + digest[2] % 254}")
    return found


def settings(port: int, archive: str) -> str:
    """``postgresql.auto.conf`` of one server: small, and on the loopback.

    fsync is off: a killed process loses nothing by that, a power cut may. Of what was written, the archive
    keeps the newest 256 MB. Connections, workers and senders are not fewer than initdb's, or no restore to an
    earlier time begins.
    """
    lines = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 100,
        "superuser_reserved_connections": 5,
        "shared_buffers": "8MB",
        "work_mem": "2MB",
        "maintenance_work_mem": "16MB",
        "max_worker_processes": 8,
        "max_parallel_workers": 0,
        "max_parallel_workers_per_gather": 0,
        "autovacuum_max_workers": 1,
        "autovacuum_naptime": "5min",
        "jit": "off",
        "max_logical_replication_workers": 0,
        "dynamic_shared_memory_type": "mmap",
        "fsync": "off",
        "max_wal_size": "32MB",
        "min_wal_size": "4MB",
        "wal_level": "replica",
        "max_wal_senders": 10,
        "wal_keep_size": "16MB",
        "archive_mode": "on",
        "archive_command": f'cp "%p" "{archive}/%f" && cd "{archive}" && {_TRIM}',
        "hot_standby": "on",
        "ssl": "on",
        "ssl_cert_file": "server.crt",
        "ssl_key_file": "server.key",
        "password_encryption": "scram-sha-256",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "logging_collector": "off",
    }
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in lines.items())


_TRIM = "{ ls -t | tail -n +257 | xargs rm -f; }"


def _quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


ACCESS = """# Everyone by password. Whether a security group lets a packet in is the network engine's to say.
host all all 127.0.0.0/8 scram-sha-256
host replication rdsadmin 127.0.0.0/8 scram-sha-256
"""


def founding(instance: Instance, password: str) -> list[str]:
    """The statements that make an empty server an instance's: its master user, who is no superuser, and its
    database.

    Source: RDS User Guide, "Understanding the rds_superuser role", "Master user account privileges".
    """
    user = name(instance.user)
    said = [
        f"CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD {literal(password)}",
        f"GRANT rds_superuser TO {user} WITH ADMIN OPTION",
        f"ALTER DATABASE postgres OWNER TO {user}",
    ]
    if instance.database and instance.database != "postgres":
        said.append(f"CREATE DATABASE {name(instance.database)} OWNER {user}")
    return said


TEMPLATE = (
    "CREATE ROLE rds_superuser NOLOGIN",
    "GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION",
    "CREATE ROLE rds_iam NOLOGIN",
    "CREATE ROLE rds_replication NOLOGIN",
    # Whoever may make roles could give itself these, and with them the machine's shell and files.
    "SET allow_system_table_mods = on",
    "DELETE FROM pg_authid WHERE rolname IN "
    "('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')",
    "RESET allow_system_table_mods",
)
"""What every server begins with: the roles that RDS has, and none that leads out of the database."""


def new_password(user: str, password: str) -> str:
    """The statement for a new master password."""
    return f"ALTER ROLE {name(user)} PASSWORD {literal(password)}"


def name(text: str) -> str:
    """A name in SQL."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("'", "''") + "'"


def fingerprint(text: str) -> str:
    """Whether a password is another one can be told by this, and no password by it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def status(said: str, state: State) -> str:
    """The status of an instance: moto's, unless its server is not as far yet."""
    if state is State.COMING and said in ("available", "stopped"):
        return "creating"
    if state is State.FAILED and said == "available":
        return "failed"
    return said


def is_name(text: str) -> bool:
    """Whether a folder may be named so: resource ids and data ids are, and nothing that leads elsewhere."""
    return re.fullmatch(r"[A-Za-z0-9-]{1,80}", text) is not None
