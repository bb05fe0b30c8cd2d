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


def two_zones(aws: Aws) -> tuple[str, list[str]]:
    """A VPC of one's own with a subnet group in its two last zones; gives the group's name and the zones."""
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    zones = sorted(z["ZoneName"] for z in ec2.describe_availability_zones()["AvailabilityZones"])[1:3]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.80.{number}.0/24", AvailabilityZone=zone)["Subnet"]
        for number, zone in enumerate(zones)
    ]
    name = aws.name("group")
    ids = [subnet["SubnetId"] for subnet in subnets]
    aws.rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="two", SubnetIds=ids)
    return name, zones


@probe("RDS", "RDS User Guide, Failing over a Multi-AZ DB instance")
def fails_over(aws: Aws) -> None:
    """A forced failover lets the zones of primary and standby change places, and is told by two events."""
    group, zones = two_zones(aws)
    name = made(aws, MultiAZ=True, DBSubnetGroupName=group)
    before = shown(aws, name)
    same(sorted((before["AvailabilityZone"], before["SecondaryAvailabilityZone"])), zones)
    aws.rds.reboot_db_instance(DBInstanceIdentifier=name, ForceFailover=True)
    after = shown(aws, name)
    same(after["AvailabilityZone"], before["SecondaryAvailabilityZone"])
    same(after["SecondaryAvailabilityZone"], before["AvailabilityZone"])
    same(after["Endpoint"], before["Endpoint"])
    events = aws.rds.describe_events(SourceType="db-instance", SourceIdentifier=name)["Events"]
    same(sum("failover" in event["EventCategories"] for event in events), 2)


@probe("RDS", "RDS API reference, RebootDBInstance")
def reboots_in_place(aws: Aws) -> None:
    """A plain reboot of a Multi-AZ database leaves it in its zone, and tells of no failover."""
    name = made(aws, MultiAZ=True)
    before = shown(aws, name)["AvailabilityZone"]
    aws.rds.reboot_db_instance(DBInstanceIdentifier=name)
    events = aws.rds.describe_events(SourceType="db-instance", SourceIdentifier=name)["Events"]
    drilled = any("failover" in event["EventCategories"] for event in events)
    same((shown(aws, name)["AvailabilityZone"], drilled), (before, False))


@probe("RDS", "RDS API reference, RestoreDBInstanceToPointInTime, PubliclyAccessible and MultiAZ")
def restored_as_asked(aws: Aws) -> None:
    """A restore to a time is private and in one zone where that is asked, and not protected from deletion."""
    name = made(aws, PubliclyAccessible=True, MultiAZ=True, DeletionProtection=True)
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=name, TargetDBInstanceIdentifier="again", UseLatestRestorableTime=True,
        PubliclyAccessible=False, MultiAZ=False,
    )  # fmt: skip
    found = shown(aws, "again")
    same([found[name] for name in ("PubliclyAccessible", "MultiAZ", "DeletionProtection")], [False] * 3)


@probe("RDS", "RDS API reference, RestoreDBInstanceToPointInTime, ManageMasterUserPassword")
def restored_without_a_secret(aws: Aws) -> None:
    """A restored PostgreSQL's password is not managed: that can be asked for Oracle only."""
    managed = {key: value for key, value in CREATE.items() if key != "MasterUserPassword"}
    name = aws.name("data")
    aws.rds.create_db_instance(DBInstanceIdentifier=name, ManageMasterUserPassword=True, **managed)
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=name, TargetDBInstanceIdentifier="again", UseLatestRestorableTime=True
    )
    same(["MasterUserSecret" in shown(aws, each) for each in (name, "again")], [True, False])


@probe("RDS", "RDS API reference, CreateGlobalCluster and GlobalClusterMember")
def world(aws: Aws) -> None:
    """A global cluster that is made of a cluster has it as its first member, which writes."""
    aws.rds.create_db_cluster(
        DBClusterIdentifier="fleet", Engine="aurora-postgresql", EngineVersion="16.6",
        MasterUsername="keeper", MasterUserPassword="correct-horse-1",
    )  # fmt: skip
    arn = aws.rds.describe_db_clusters(DBClusterIdentifier="fleet")["DBClusters"][0]["DBClusterArn"]
    aws.rds.create_global_cluster(GlobalClusterIdentifier="world", SourceDBClusterIdentifier=arn)
    (found,) = aws.rds.describe_global_clusters(GlobalClusterIdentifier="world")["GlobalClusters"]
    same([(each["DBClusterArn"], each["IsWriter"]) for each in found["GlobalClusterMembers"]], [(arn, True)])


@probe("RDS", "RDS API reference, CreateDBInstance, DBSubnetGroupName and AvailabilityZone")
def in_its_clusters_group(aws: Aws) -> None:
    """A cluster's instance is in the cluster's subnet group, in a zone of it, and not public in a VPC."""
    group, zones = two_zones(aws)
    aws.rds.create_db_cluster(
        DBClusterIdentifier="fleet", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword="correct-horse-1", DBSubnetGroupName=group,
    )  # fmt: skip
    aws.rds.create_db_instance(
        DBInstanceIdentifier="one", DBClusterIdentifier="fleet", Engine="aurora-postgresql",
        DBInstanceClass="db.r6g.large",
    )  # fmt: skip
    found = shown(aws, "one")
    same((found["DBSubnetGroup"]["DBSubnetGroupName"], found["PubliclyAccessible"]), (group, False))
    same(found["AvailabilityZone"] in zones, True)


def replica_of_managed(aws: Aws) -> None:
    managed = {key: value for key, value in CREATE.items() if key != "MasterUserPassword"}
    name = aws.name("data")
    aws.rds.create_db_instance(DBInstanceIdentifier=name, ManageMasterUserPassword=True, **managed)
    aws.rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=name)


refused(
    "RDS",
    "InvalidParameterValue",
    "A database whose password RDS manages has no read replicas.",
    "RDS User Guide, Limitations for Secrets Manager integration with Amazon RDS",
    replica_of_managed,
)


@probe("RDS", "RDS API reference, CreateDBInstanceReadReplica, MultiAZ")
def replica_in_one_zone(aws: Aws) -> None:
    """A replica of a Multi-AZ database has no standby unless one is asked for."""
    name = made(aws, MultiAZ=True)
    for copy, asked in (("plain", {}), ("double", {"MultiAZ": True})):
        aws.rds.create_db_instance_read_replica(
            DBInstanceIdentifier=copy, SourceDBInstanceIdentifier=name, **asked
        )
    same([shown(aws, copy)["MultiAZ"] for copy in ("plain", "double")], [False, True])
