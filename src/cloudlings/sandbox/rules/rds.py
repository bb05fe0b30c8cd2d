"""RDS and Aurora: what a database can be, and what can be done to it in which state."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from typing import Any

from cloudlings.sandbox.rules.common import one
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

_IDENTIFIER = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}(?<!-)")
_CLASS = re.compile(
    r"db\.(serverless|(t[234]g?|m[3-8](g|gd|i|id|idn|in)?|r[3-8](g|gd|i|id|idn|in|b|tpr)?|x1e?|x2(g|iedn|idn|iezn)"
    r"|x2gd?|z1d|c6gd|g4dn|p4d)\.(\w+)(\.tpc\d\.mem\dx)?)"
)
_WINDOW = re.compile(r"(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d", re.I)
_HOURS = re.compile(r"\d\d:\d\d-\d\d:\d\d")
_FAMILY = re.compile(
    r"(postgres(9\.[3-6]|1[0-9])|mysql(5\.[5-7]|8\.[0-4])|mariadb(10\.\d+|11\.\d+)|aurora-mysql(5\.7|8\.0)"
    r"|aurora-postgresql(9\.6|1[0-9])|aurora5\.6|oracle-[\w-]+|sqlserver-[\w.-]+|custom-[\w.-]+|neptune1(\.\d)?"
    r"|docdb[345]\.[06]|db2-[\w.-]+)"
)
RESERVED = {"postgres": ("admin", "rdsadmin", "rdsrepladmin"), "mysql": ("rdsadmin", "rdsrepladmin")}
LONGEST_RETENTION = 35
LARGEST = 65_536


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _combination(message: str) -> Refusal:
    return Refusal("InvalidParameterCombination", message)


@before("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup")
async def subnets_in_two_zones(given: Given) -> Refusal | None:
    """A subnet group has subnets that are there, of one VPC, in two zones at least.

    Source: RDS User Guide, "Working with a DB instance in a VPC"; RDS API reference, CreateDBSubnetGroup.
    """
    zones, networks = set(), set()
    for name in given.input.get("SubnetIds", []):
        subnet = await one(given, "DescribeSubnets", "Subnets", SubnetIds=[name])
        if not subnet:
            return Refusal("InvalidSubnet", f"Some input subnets in :[{name}] are invalid.")
        zones.add(subnet["AvailabilityZone"])
        networks.add(subnet["VpcId"])
    if len(networks) > 1:
        return Refusal("InvalidSubnet", "The subnets in a DB subnet group must all be in the same VPC.")
    if len(zones) < 2:
        message = (
            "The DB subnet group doesn't meet Availability Zone (AZ) "
            "coverage requirement. Current AZ coverage: "
            f"{', '.join(sorted(zones))}. Add subnets to cover at least 2 AZs."
        )
        return Refusal("DBSubnetGroupDoesNotCoverEnoughAZs", message)
    return None


@before("rds", "CreateDBSubnetGroup")
async def name_of_a_subnet_group(given: Given) -> Refusal | None:
    """A subnet group's name is given once, and is not default.

    Source: RDS API reference, CreateDBSubnetGroup.
    """
    name = str(given.input.get("DBSubnetGroupName", "")).lower()
    if name == "default":
        return _invalid("The parameter DBSubnetGroupName is not a valid identifier: default is reserved.")
    if await given.read("DescribeDBSubnetGroups", DBSubnetGroupName=name):
        return Refusal("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    return None


async def _databases(given: Given) -> list[dict[str, Any]]:
    return list((await given.read("DescribeDBInstances")).get("DBInstances", []))


@before("rds", "DeleteDBSubnetGroup")
async def subnet_group_in_use(given: Given) -> Refusal | None:
    """A subnet group that a database is in stays.

    Source: RDS API reference, DeleteDBSubnetGroup (InvalidDBSubnetGroupStateFault).
    """
    name = str(given.input.get("DBSubnetGroupName", "")).lower()
    for database in await _databases(given):
        if str((database.get("DBSubnetGroup") or {}).get("DBSubnetGroupName", "")).lower() == name:
            message = (
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{database['DBInstanceIdentifier']} is still using it."
            )
            return Refusal("InvalidDBSubnetGroupStateFault", message)
    return None


@before("rds", "CreateDBInstance", "CreateDBCluster", "CreateDBInstanceReadReplica",
        "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")  # fmt: skip
def identifier(given: Given) -> Refusal | None:
    """An identifier begins with a letter and has letters, digits and single hyphens, none at its end.

    Source: RDS API reference, CreateDBInstance, DBInstanceIdentifier.
    """
    for member in ("DBInstanceIdentifier", "DBClusterIdentifier", "TargetDBInstanceIdentifier"):
        value = given.input.get(member)
        if value is not None and not _IDENTIFIER.fullmatch(value):
            message = (
                f"The parameter {member} is not a valid identifier. "
                "Identifiers must begin with a letter; must "
                "contain only ASCII letters, digits, and hyphens; and "
                "must not end with a hyphen or contain two "
                "consecutive hyphens."
            )
            return _invalid(message)
    return None


@before("rds", "CreateDBInstance", "CreateDBCluster", "ModifyDBInstance", "ModifyDBCluster")
def user_and_password(given: Given) -> Refusal | None:
    """A master user's name is no word that the engine keeps; a password is long enough, or managed.

    Source: RDS API reference, CreateDBInstance, MasterUsername, MasterUserPassword, ManageMasterUserPassword.
    """
    asked = given.input
    name, password = asked.get("MasterUsername"), asked.get("MasterUserPassword")
    managed, engine = asked.get("ManageMasterUserPassword"), str(asked.get("Engine", ""))
    if managed and password is not None:
        return _combination("You can't specify MasterUserPassword when ManageMasterUserPassword is true.")
    kept = RESERVED["postgres" if "postgres" in engine else "mysql"]
    if name is not None and name.lower() in kept:
        message = f"MasterUsername {name} cannot be used as it is a reserved word used by the engine"
        return _invalid(message)
    if name is not None and not re.fullmatch(r"[A-Za-z]\w{0,62}", name):
        return _invalid("The parameter MasterUsername is not valid: it must begin with a letter.")
    if password is not None:
        return _bad_password(password, engine)
    own = given.call.operation == "CreateDBInstance" and not asked.get("DBClusterIdentifier")
    own = own or (given.call.operation == "CreateDBCluster" and not asked.get("ReplicationSourceIdentifier"))
    own = own and not asked.get("GlobalClusterIdentifier")
    if own and not managed and not engine.startswith("custom-"):
        return _invalid("The parameter MasterUserPassword must be provided and must not be blank.")
    return None


def _bad_password(password: str, engine: str) -> Refusal | None:
    what = "The parameter MasterUserPassword is not a valid password"
    if len(password) < 8:
        return _invalid(f"{what} because it is shorter than 8 characters.")
    most = 128 if "postgres" in engine or not engine else 41
    if len(password) > most:
        return _invalid(f"{what} because it is longer than {most} characters.")
    if any(char in '/@" ' or not 33 <= ord(char) <= 126 for char in password):
        return _invalid(f"{what}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.")
    return None


@before("rds", "CreateDBInstance", "ModifyDBInstance", "CreateDBCluster", "ModifyDBCluster",
        "CreateDBInstanceReadReplica")  # fmt: skip
def days_of_backups(given: Given) -> Refusal | None:
    """Backups are kept for 0 to 35 days; Aurora's for 1 to 35.

    Source: RDS User Guide, "Backup retention period"; RDS API reference, BackupRetentionPeriod.
    """
    days = given.input.get("BackupRetentionPeriod")
    least = 1 if given.call.operation.endswith("Cluster") else 0
    if isinstance(days, int) and not least <= days <= LONGEST_RETENTION:
        return _invalid(
            f"Invalid backup retention period: {days}. Must be between {least} and {LONGEST_RETENTION}."
        )
    return None


@before("rds", "CreateDBInstance", "ModifyDBInstance", "CreateDBInstanceReadReplica")
def class_port_and_windows(given: Given) -> Refusal | None:
    """Class, port and windows are ones that there are.

    Source: RDS API reference, CreateDBInstance, DBInstanceClass, Port, PreferredMaintenanceWindow.
    """
    asked = given.input
    kind, port = asked.get("DBInstanceClass"), asked.get("Port", asked.get("DBPortNumber"))
    if kind is not None and not _CLASS.fullmatch(kind):
        return _invalid(f"Invalid DB Instance class: {kind}")
    if isinstance(port, int) and not 1150 <= port <= 65_535:
        return _invalid(f"Invalid endpoint port {port}, must be in the range 1150-65535")
    week, day = asked.get("PreferredMaintenanceWindow"), asked.get("PreferredBackupWindow")
    if week is not None and not _WINDOW.fullmatch(week):
        return _invalid(f"The parameter PreferredMaintenanceWindow is not valid: {week}")
    if day is not None and not _HOURS.fullmatch(day):
        return _invalid(f"The parameter PreferredBackupWindow is not valid: {day}")
    return None


@before("rds", "CreateDBInstance")
async def engine_and_version(given: Given) -> Refusal | None:
    """Engine and version are ones that there are.

    Source: RDS API reference, CreateDBInstance, Engine and EngineVersion; DescribeDBEngineVersions.
    """
    engine, version = given.input.get("Engine", ""), given.input.get("EngineVersion")
    family = engine.removeprefix("aurora-").partition("-")[0]
    known = ("postgres", "postgresql", "mysql", "mariadb", "oracle", "sqlserver", "aurora", "custom", "db2",
             "neptune",              "docdb")  # fmt: skip
    if family not in known or engine == "postgresql":
        return _invalid(f"Invalid DB engine: {engine}")
    if version is None:
        return None
    major = int(re.match(r"\d*", version)[0] or 0)  # type: ignore[index]
    newest = {"postgres": 18, "postgresql": 18, "mysql": 9, "mariadb": 12}.get(family)
    if newest is not None and not 5 <= major <= newest:
        return _combination(f"Cannot find version {version} for {engine}")
    return None


@before("rds", "CreateDBInstance")
def storage_of_a_database(given: Given) -> Refusal | None:
    """Storage is from 20 GiB to 64 TiB, and grows to more than it is.

    Source: RDS User Guide, "Amazon RDS DB instance storage"; RDS API reference, CreateDBInstance.
    """
    asked = given.input
    engine, size = str(asked.get("Engine", "")), asked.get("AllocatedStorage")
    if engine.startswith(("aurora", "neptune", "docdb", "sqlserver", "custom")):
        return None
    kind = asked.get("StorageType", "io1" if asked.get("Iops") else "gp2")
    if size is None:
        return _invalid(
            "Invalid storage size for engine name and storage type: AllocatedStorage is required."
        )
    least = 100 if kind in ("io1", "io2") else 20
    if kind == "standard":
        least = 5
    if not least <= size <= LARGEST:
        return _invalid(f"Invalid storage size for engine name {engine} and storage type {kind}: {size}")
    if kind in ("io1", "io2") and asked.get("Iops") is None:
        return _combination(f"You must specify IOPS for storage type {kind}.")
    most = asked.get("MaxAllocatedStorage")
    if most is not None and most <= size:
        return _combination("Max storage size must be greater than storage size")
    return None


@before("rds", "CreateDBInstance")
async def place_of_a_database(given: Given) -> Refusal | None:
    """A Multi-AZ database is in no zone of one's choice, and its groups are of its VPC.

    Source: RDS API reference, CreateDBInstance, AvailabilityZone; RDS User Guide, "Controlling access with
    security groups".
    """
    asked = given.input
    if asked.get("MultiAZ") and asked.get("AvailabilityZone"):
        return _combination("Requesting a specific availability zone is not valid for Multi-AZ instances.")
    name = asked.get("DBSubnetGroupName")
    found = (
        (await given.read("DescribeDBSubnetGroups", DBSubnetGroupName=name)).get("DBSubnetGroups")
        if name
        else None
    )
    if not found:
        return None
    vpc = found[0].get("VpcId")
    for group_id in asked.get("VpcSecurityGroupIds", []):
        group = await one(given, "DescribeSecurityGroups", "SecurityGroups", GroupIds=[group_id])
        if group and vpc and group["VpcId"] != vpc:
            message = (
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in "
                f"{vpc} and the EC2 security group is in {group['VpcId']}"
            )
            return _combination(message)
    return None


@before("rds", "DeleteDBInstance", "DeleteDBCluster")
async def last_snapshot(given: Given) -> Refusal | None:
    """A database is deleted with a last snapshot, or without one by name; a protected one not at all.

    Source: RDS API reference, DeleteDBInstance; RDS User Guide, "Deleting a DB instance".
    """
    asked = given.input
    cluster = given.call.operation == "DeleteDBCluster"
    skip, snapshot = asked.get("SkipFinalSnapshot"), asked.get("FinalDBSnapshotIdentifier")
    if skip and snapshot:
        return _combination(
            "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot."
        )
    found = None if cluster else await _database(given, asked.get("DBInstanceIdentifier", ""))
    replica = bool(
        found and (found.get("ReadReplicaSourceDBInstanceIdentifier") or found.get("DBClusterIdentifier"))
    )
    if found and found.get("DeletionProtection"):
        message = "Cannot delete protected DB Instance, please disable deletion protection and try again."
        return _combination(message)
    if found and not skip and not snapshot and not replica:
        return _combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    return None


async def _database(given: Given, name: str) -> dict[str, Any]:
    found = (await given.read("DescribeDBInstances", DBInstanceIdentifier=name)).get("DBInstances")
    database: dict[str, Any] = found[0] if found else {}
    return database


@before("rds", "ModifyDBInstance")
async def storage_only_grows(given: Given) -> Refusal | None:
    """Storage is never made smaller.

    Source: RDS User Guide, "Increasing DB instance storage capacity": you can't reduce storage.
    """
    size = given.input.get("AllocatedStorage")
    found = await _database(given, given.input.get("DBInstanceIdentifier", ""))
    if found and isinstance(size, int) and size < found.get("AllocatedStorage", 0):
        return _combination("The allocated storage cannot be reduced.")
    return None


@before("rds", "RebootDBInstance")
async def failover_of_one(given: Given) -> Refusal | None:
    """Only a Multi-AZ database fails over.

    Source: RDS API reference, RebootDBInstance, ForceFailover.
    """
    found = await _database(given, given.input.get("DBInstanceIdentifier", ""))
    if found and given.input.get("ForceFailover") and not found.get("MultiAZ"):
        return _combination("Cannot reboot with failover: the DB instance is not in a Multi-AZ deployment.")
    return None


def _state(name: str, why: str) -> Refusal:
    return Refusal("InvalidDBInstanceState", f"DB instance {name} {why}")


@before("rds", "CreateDBInstanceReadReplica")
async def source_of_a_replica(given: Given) -> Refusal | None:
    """A database that is replicated keeps backups, and RDS does not manage its password.

    Source: RDS User Guide, "Working with DB instance read replicas", Overview: enable automated backups;
    "Limitations for Secrets Manager integration with Amazon RDS".
    """
    name = str(given.input.get("SourceDBInstanceIdentifier", "")).rpartition(":")[2]
    found = await _database(given, name)
    engine = found.get("Engine", "")
    if found.get("MasterUserSecret") and "sqlserver" not in engine:
        return _invalid(
            f"Creating read replicas for source instance with engine {engine} where "
            "ManageMasterUserPassword is enabled is not supported."
        )
    if found and not found.get("BackupRetentionPeriod") and "sqlserver" not in engine:
        message = (
            "Automated backups are not enabled for this database instance. To enable automated backups, use "
            "ModifyDBInstance to set the backup retention period to a non-zero value."
        )
        return Refusal("InvalidDBInstanceState", message)
    return None


@before("rds", "PromoteReadReplica")
async def replica_to_promote(given: Given) -> Refusal | None:
    """Only a replica that is there is promoted; moto fails at one that is not.

    Source: RDS API reference, PromoteReadReplica (InvalidDBInstanceState, DBInstanceNotFound).
    """
    name = given.input.get("DBInstanceIdentifier", "")
    found = await _database(given, name)
    if not found:
        return Refusal("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
    if not found.get("ReadReplicaSourceDBInstanceIdentifier"):
        return _state(name, "is not a read replica.")
    return None


@before("rds", "RestoreDBInstanceToPointInTime")
async def time_to_restore(given: Given) -> Refusal | None:
    """A restore is to a time or to the latest, of a database that keeps backups.

    Source: RDS API reference, RestoreDBInstanceToPointInTime, RestoreTime and UseLatestRestorableTime.
    """
    asked = given.input
    if asked.get("RestoreTime") and asked.get("UseLatestRestorableTime"):
        return _combination("Only one of RestoreTime and UseLatestRestorableTime can be specified.")
    if not asked.get("RestoreTime") and not asked.get("UseLatestRestorableTime"):
        return _combination("Either RestoreTime or UseLatestRestorableTime must be specified.")
    name = str(asked.get("SourceDBInstanceIdentifier", ""))
    found = await _database(given, name) if name else {}
    if found and not found.get("BackupRetentionPeriod"):
        return Refusal("PointInTimeRestoreNotEnabled", f"Point in time restore is not enabled for {name}")
    return None


@before("rds", "CreateDBParameterGroup", "CreateDBClusterParameterGroup")
def family_of_parameters(given: Given) -> Refusal | None:
    """A parameter group's family is one that there is.

    Source: RDS API reference, CreateDBParameterGroup, DBParameterGroupFamily.
    """
    family = given.input.get("DBParameterGroupFamily", "")
    if not _FAMILY.fullmatch(family):
        return _invalid(f"ParameterGroupFamily {family} is not a valid parameter group family")
    return None


@before("rds", "CreateDBCluster")
def engine_mode(given: Given) -> Refusal | None:
    """Aurora's engine mode serverless was version 1, which is gone.

    Source: Aurora User Guide, "What's new": no new Aurora Serverless v1 clusters from 8 January 2025.
    """
    if given.input.get("EngineMode") == "serverless":
        return _invalid("The engine mode serverless you requested is currently unavailable.")
    return None


@reshape("rds", "CreateDBInstance", "DescribeDBInstances", "ModifyDBInstance", "CreateDBInstanceReadReplica",
         "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")  # fmt: skip
async def settings_that_are_shown(given: Given, output: Output) -> None:
    """A database says whether it is public, and a Multi-AZ one its second zone.

    Source: RDS API reference, DBInstance, PubliclyAccessible and SecondaryAvailabilityZone.
    """
    for database in output.get("DBInstances", [output.get("DBInstance", {})]):
        if not database:
            continue
        if database.get("PubliclyAccessible") is None:
            database["PubliclyAccessible"] = await _is_public(given, database)
        if database.get("MultiAZ") and not database.get("SecondaryAvailabilityZone"):
            database["SecondaryAvailabilityZone"] = await _other_zone(given, database)
        database.setdefault("DeletionProtection", False)


async def _is_public(given: Given, database: dict[str, Any]) -> bool:
    """Without a word from the caller: in the default VPC, public; elsewhere not (CreateDBInstance)."""
    group = database.get("DBSubnetGroup") or {}
    if group.get("DBSubnetGroupName", "default") != "default" and group.get("VpcId"):
        vpc = await one(given, "DescribeVpcs", "Vpcs", VpcIds=[group["VpcId"]])
        return bool(vpc.get("IsDefault"))
    return True


async def _other_zone(given: Given, database: dict[str, Any]) -> str:
    first = database.get("AvailabilityZone") or f"{given.call.region}a"
    subnets = (database.get("DBSubnetGroup") or {}).get("Subnets", [])
    zones = sorted({s["SubnetAvailabilityZone"]["Name"] for s in subnets if s.get("SubnetAvailabilityZone")})
    others = [zone for zone in zones if zone != first]
    return others[0] if others else f"{given.call.region}{'b' if first.endswith('a') else 'a'}"


@reshape("rds", "CreateDBInstance", "DescribeDBInstances", "ModifyDBInstance", "CreateDBCluster",
         "DescribeDBClusters")  # fmt: skip
async def secret_of_a_managed_password(given: Given, output: Output) -> None:
    """A managed password is in Secrets Manager, as user and password.

    Source: RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager".
    """
    things = [*output.get("DBInstances", []), *output.get("DBClusters", [])]
    things += [output[name] for name in ("DBInstance", "DBCluster") if name in output]
    for thing in things:
        secret = thing.get("MasterUserSecret")
        if not secret or not secret.get("SecretArn"):
            continue
        name = secret["SecretArn"].rpartition(":secret:")[2].rpartition("-")[0]
        found = await given.read("DescribeSecret", "secretsmanager", SecretId=name)
        if not found and not given.call.reads:
            kept = {"username": thing.get("MasterUsername", ""), "password": secrets.token_urlsafe(24)}
            made = {"Name": name, "SecretString": json.dumps(kept), "ClientRequestToken": str(uuid.uuid4())}
            found = await given.write("CreateSecret", "secretsmanager", **made)
        if found.get("ARN"):
            secret |= {"SecretArn": found["ARN"], "SecretStatus": "active"}
