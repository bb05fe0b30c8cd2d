"""RDS instances as what they are on AWS: servers, whose states and endpoints are shown."""

from __future__ import annotations

import re
import socket
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.behaviour.probe import Aws, Differs, probe, refused, same

STATUS = "RDS User Guide, Viewing Amazon RDS DB instance status"
INSTANCE = "RDS API reference, DBInstance"
RESTORE = "RDS User Guide, Restoring a DB instance to a specified time"
ENDPOINTS = "Aurora User Guide, Types of Aurora endpoints"
CREATE = {
    "Engine": "postgres",
    "DBInstanceClass": "db.t3.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "keeper",
    "MasterUserPassword": "correct-horse-1",
}
_ASKS_FOR_TLS = struct.pack("!II", 8, 80_877_103)


def shown(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def made(aws: Aws, **more: Any) -> str:
    name = aws.name("data")
    aws.rds.create_db_instance(DBInstanceIdentifier=name, **(CREATE | more))
    aws.rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name)
    return name


def answer(endpoint: dict[str, Any]) -> bytes:
    """What an endpoint says to whoever asks for TLS (PostgreSQL documentation, "SSL Session Encryption")."""
    with socket.create_connection((endpoint["Address"], endpoint["Port"]), timeout=20) as there:
        there.sendall(_ASKS_FOR_TLS)
        return there.recv(1)


@probe("RDS", STATUS)
def created(aws: Aws) -> None:
    """A database that is asked for is creating, and has no endpoint yet."""
    found = aws.rds.create_db_instance(DBInstanceIdentifier="data", **CREATE)["DBInstance"]
    same((found["DBInstanceStatus"], "Endpoint" in found), ("creating", False))


@probe("RDS", INSTANCE)
def answers(aws: Aws) -> None:
    """An available PostgreSQL database answers in PostgreSQL's protocol at its endpoint, on its own port."""
    endpoint = shown(aws, made(aws, Port=5544))["Endpoint"]
    same((endpoint["Port"], answer(endpoint) in (b"S", b"N")), (5544, True))


@probe("RDS", "RDS User Guide, Stopping an Amazon RDS DB instance temporarily")
def stopped(aws: Aws) -> None:
    """A database that is stopped is stopping, then stopped, and answers nobody."""
    name = made(aws)
    endpoint = shown(aws, name)["Endpoint"]
    found = aws.rds.stop_db_instance(DBInstanceIdentifier=name)["DBInstance"]
    same((found["DBInstanceStatus"], shown(aws, name)["DBInstanceStatus"]), ("stopping", "stopped"))
    try:
        said = answer(endpoint)
    except OSError:
        return
    raise Differs(f"it says {said!r}")


@probe("RDS", "RDS User Guide, Starting an Amazon RDS DB instance that was previously stopped")
def started(aws: Aws) -> None:
    """A database that is started again is starting, then available, at the endpoint that it had."""
    name = made(aws)
    before = shown(aws, name)["Endpoint"]
    aws.rds.stop_db_instance(DBInstanceIdentifier=name)
    shown(aws, name)
    found = aws.rds.start_db_instance(DBInstanceIdentifier=name)["DBInstance"]
    same((found["DBInstanceStatus"], shown(aws, name)["DBInstanceStatus"]), ("starting", "available"))
    same((shown(aws, name)["Endpoint"], answer(before) in (b"S", b"N")), (before, True))


@probe("RDS", "RDS API reference, RebootDBInstance")
def rebooted(aws: Aws) -> None:
    """A database that is rebooted is rebooting, then available."""
    name = made(aws)
    found = aws.rds.reboot_db_instance(DBInstanceIdentifier=name)["DBInstance"]
    same((found["DBInstanceStatus"], shown(aws, name)["DBInstanceStatus"]), ("rebooting", "available"))


@probe("RDS", INSTANCE)
def ids(aws: Aws) -> None:
    """Every database has a resource id of its own, a replica of it another."""
    first, second = made(aws), made(aws)
    aws.rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=first)
    found = {shown(aws, name)["DbiResourceId"] for name in (first, second, "copy")}
    same((len(found), all(re.fullmatch(r"db-[A-Z0-9]{26}", each) for each in found)), (3, True))


@probe("RDS", RESTORE)
def restored(aws: Aws) -> None:
    """A database that is restored to a time stands on its own: it is nobody's replica."""
    name = made(aws)
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=name, TargetDBInstanceIdentifier="again", UseLatestRestorableTime=True
    )
    same(shown(aws, "again").get("ReadReplicaSourceDBInstanceIdentifier"), None)
    same(shown(aws, name)["ReadReplicaDBInstanceIdentifiers"], [])


def to_time(aws: Aws, ahead: timedelta) -> None:
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=made(aws),
        TargetDBInstanceIdentifier="again",
        RestoreTime=datetime.now(UTC) + ahead,
    )


refused(
    "RDS",
    "InvalidParameterValue",
    "A database is restored to no time that is to come.",
    RESTORE,
    lambda a: to_time(a, timedelta(hours=1)),
)
refused(
    "RDS",
    "InvalidParameterValue",
    "A database is restored to no time before it was made.",
    RESTORE,
    lambda a: to_time(a, -timedelta(days=2)),
)


@probe("RDS", ENDPOINTS)
def cluster_endpoints(aws: Aws) -> None:
    """A cluster has an endpoint that leads to its writer, and another for its readers."""
    aws.rds.create_db_cluster(
        DBClusterIdentifier="fleet", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword="correct-horse-1",
    )  # fmt: skip
    for name in ("one", "two"):
        aws.rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier="fleet", Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        )  # fmt: skip

    def ends() -> tuple[str, str]:
        found = aws.rds.describe_db_clusters(DBClusterIdentifier="fleet")["DBClusters"][0]
        writer = {"Address": found["Endpoint"], "Port": found["Port"]}
        same(answer(writer) in (b"S", b"N"), True)
        return found["Endpoint"], found["ReaderEndpoint"]

    before = ends()
    same(before[0] != before[1], True)
