"""RDS and Aurora: subnet groups, settings, snapshots, replicas."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

CREATE = "RDS API reference, CreateDBInstance"
SUBNETS = "RDS User Guide, Working with a DB instance in a VPC"
STORAGE = "RDS User Guide, Amazon RDS DB instance storage"
REPLICAS = "RDS User Guide, Working with DB instance read replicas"
BACKUPS = "RDS User Guide, Introduction to backups"


def group(aws: Aws, *subnets: str) -> str:
    name = aws.name("group")
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=list(subnets)
    )
    return name


def one_zone(aws: Aws) -> list[str]:
    vpc = aws.vpc()
    return [aws.subnet(vpc, "10.0.1.0/24", "a"), aws.subnet(vpc, "10.0.2.0/24", "a")]


def shown(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def gone(aws: Aws, name: str, **more: Any) -> None:
    aws.rds.delete_db_instance(DBInstanceIdentifier=name, **({"SkipFinalSnapshot": True} | more))


refused(
    "RDS",
    "DBSubnetGroupDoesNotCoverEnoughAZs",
    "A subnet group is in two zones at least.",
    SUBNETS,
    lambda a: group(a, *one_zone(a)),
)
refused(
    "RDS",
    "DBSubnetGroupDoesNotCoverEnoughAZs",
    "One subnet is no subnet group.",
    SUBNETS,
    lambda a: group(a, a.subnet(a.vpc())),
)
refused(
    "RDS",
    "InvalidSubnet",
    "A subnet group's subnets are there.",
    SUBNETS,
    lambda a: group(a, "subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
)
refused(
    "RDS",
    "InvalidSubnet",
    "A subnet group's subnets are of one VPC.",
    SUBNETS,
    lambda a: group(a, a.subnet(a.vpc()), a.subnet(a.vpc("10.9.0.0/16"), "10.9.1.0/24", "b")),
)
refused(
    "RDS",
    "DBSubnetGroupAlreadyExists",
    "A subnet group's name is given once.",
    "RDS API reference, CreateDBSubnetGroup",
    lambda a: [
        a.rds.create_db_subnet_group(DBSubnetGroupName="one", DBSubnetGroupDescription="d", SubnetIds=s)
        for s in [a.subnets()] * 2
    ],
)


@probe("RDS", "RDS API reference, DeleteDBSubnetGroup", "InvalidDBSubnetGroupStateFault")
def group_in_use(aws: Aws) -> None:
    """A subnet group that a database is in is not deleted."""
    name = group(aws, *aws.subnets())
    aws.database(DBSubnetGroupName=name)
    aws.rds.delete_db_subnet_group(DBSubnetGroupName=name)


@probe("RDS", "RDS API reference, ModifyDBSubnetGroup")
def group_changed(aws: Aws) -> None:
    """A subnet group that is changed is there with its new subnets."""
    name, vpc = group(aws, *aws.subnets()), aws.vpc("10.9.0.0/16")
    others = {aws.subnet(vpc, "10.9.1.0/24", "a"), aws.subnet(vpc, "10.9.2.0/24", "b")}
    aws.rds.modify_db_subnet_group(DBSubnetGroupName=name, SubnetIds=sorted(others))
    (found,) = aws.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    assert {each["SubnetIdentifier"] for each in found["Subnets"]} == others


for _code, _sentence, _more in (
    ("InvalidParameterValue", "Backups are kept for at most 35 days.", {"BackupRetentionPeriod": 36}),
    ("InvalidParameterValue", "A password has eight characters at least.", {"MasterUserPassword": "Short-9"}),
    (
        "InvalidParameterValue",
        "A password has no slash, quote, at sign or space.",
        {"MasterUserPassword": "correct/horse@9"},
    ),
    ("InvalidParameterValue", "admin is reserved on PostgreSQL.", {"MasterUsername": "admin"}),
    ("InvalidParameterValue", "A master user's name begins with a letter.", {"MasterUsername": "1shop"}),
    ("InvalidParameterValue", "A class is one that there is.", {"DBInstanceClass": "db.t9.micro"}),
    ("InvalidParameterValue", "An engine is one that there is.", {"Engine": "postgresql"}),
    ("InvalidParameterCombination", "An engine's version is one that there is.", {"EngineVersion": "99.1"}),
    ("InvalidParameterValue", "Storage begins with 20 GiB.", {"AllocatedStorage": 5}),
    ("InvalidParameterValue", "Storage ends with 64 TiB.", {"AllocatedStorage": 70_000}),
    ("InvalidParameterValue", "A database needs a password.", {"MasterUserPassword": None}),
    (
        "InvalidParameterCombination",
        "A managed password and one of one's own exclude each other.",
        {"ManageMasterUserPassword": True},
    ),
    (
        "InvalidParameterCombination",
        "A Multi-AZ database is in no zone of one's choice.",
        {"MultiAZ": True, "AvailabilityZone": "us-east-1a"},
    ),
    ("InvalidParameterCombination", "io1 needs IOPS.", {"StorageType": "io1", "AllocatedStorage": 100}),
    ("DBSubnetGroupNotFoundFault", "A database's subnet group is there.", {"DBSubnetGroupName": "nothing"}),
    (
        "DBParameterGroupNotFound",
        "A database's parameter group is there.",
        {"DBParameterGroupName": "nothing"},
    ),
    ("InvalidParameterValue", "A port is from 1150 to 65535.", {"Port": 80}),
    ("InvalidParameterCombination", "Storage grows to more than it is.", {"MaxAllocatedStorage": 20}),
    ("InvalidParameterValue", "A window has a day and a length.", {"PreferredMaintenanceWindow": "noon"}),
):
    refused(
        "RDS",
        _code,
        _sentence,
        CREATE,
        lambda a, _more=_more: a.rds.create_db_instance(
            **{
                k: v
                for k, v in (
                    {
                        "DBInstanceIdentifier": "shop",
                        "DBInstanceClass": "db.t3.micro",
                        "Engine": "postgres",
                        "AllocatedStorage": 20,
                        "MasterUsername": "shop",
                        "MasterUserPassword": "Correct-horse-9",
                    }
                    | _more
                ).items()
                if v is not None
            }
        ),
    )
for _name in ("1shop", "shop--db", "shop-", "shop_db"):
    refused(
        "RDS",
        "InvalidParameterValue",
        f"{_name} is no identifier.",
        CREATE,
        lambda a, _name=_name: a.database(DBInstanceIdentifier=_name),
    )
refused(
    "RDS",
    "DBInstanceAlreadyExists",
    "A database's identifier is given once.",
    CREATE,
    lambda a: [a.database(DBInstanceIdentifier="shop") for _ in range(2)],
)
refused(
    "RDS",
    "DBInstanceNotFound",
    "A database that is not there is not found.",
    CREATE,
    lambda a: shown(a, "none"),
)
refused(
    "RDS",
    "InvalidParameterCombination",
    "A database is deleted with a last snapshot, or without by name.",
    "RDS API reference, DeleteDBInstance",
    lambda a: a.rds.delete_db_instance(DBInstanceIdentifier=a.database()),
)
refused(
    "RDS",
    "InvalidParameterCombination",
    "A protected database is not deleted.",
    "RDS User Guide, Deleting a DB instance",
    lambda a: gone(a, a.database(DeletionProtection=True)),
)
refused(
    "RDS",
    "InvalidParameterCombination",
    "Storage does not shrink.",
    STORAGE,
    lambda a: a.rds.modify_db_instance(
        DBInstanceIdentifier=a.database(AllocatedStorage=100), AllocatedStorage=50
    ),
)
refused(
    "RDS",
    "InvalidDBInstanceState",
    "A running database is not started.",
    "RDS API reference, StartDBInstance",
    lambda a: a.rds.start_db_instance(DBInstanceIdentifier=a.database()),
)
refused(
    "RDS",
    "InvalidParameterCombination",
    "A database in one zone does not fail over.",
    "RDS API reference, RebootDBInstance",
    lambda a: a.rds.reboot_db_instance(DBInstanceIdentifier=a.database(), ForceFailover=True),
)


@probe("RDS", SUBNETS, "InvalidParameterCombination")
def guard_of_another_network(aws: Aws) -> None:
    """A database's security groups are of its VPC."""
    name, other = group(aws, *aws.subnets()), aws.group(aws.vpc("10.9.0.0/16"))
    aws.database(DBSubnetGroupName=name, VpcSecurityGroupIds=[other])


@probe("RDS", CREATE)
def defaults(aws: Aws) -> None:
    """A database keeps a day of backups, is in one zone, not encrypted, and not public in a private VPC."""
    found = shown(aws, aws.database(DBSubnetGroupName=group(aws, *aws.subnets())))
    same((found["BackupRetentionPeriod"], found["MultiAZ"], found["StorageEncrypted"]), (1, False, False))
    same((found["PubliclyAccessible"], found["DeletionProtection"]), (False, False))
    same((found["Endpoint"]["Port"], found["DBInstanceStatus"]), (5432, "available"))
    same(found["VpcSecurityGroups"][0]["Status"], "active")


@probe("RDS", "RDS User Guide, Configuring and managing a Multi-AZ deployment")
def standby(aws: Aws) -> None:
    """A Multi-AZ database has a second zone, another than its first."""
    found = shown(aws, aws.database(MultiAZ=True, DBSubnetGroupName=group(aws, *aws.subnets())))
    same({found["AvailabilityZone"], found["SecondaryAvailabilityZone"]}, {"us-east-1a", "us-east-1b"})


@probe("RDS", "RDS User Guide, Password management with Amazon RDS and AWS Secrets Manager")
def managed_password(aws: Aws) -> None:
    """A managed password is a secret of AWS's, with user and password."""
    aws.rds.create_db_instance(
        DBInstanceIdentifier="shop",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="shop",
        ManageMasterUserPassword=True,
    )
    found = shown(aws, "shop")["MasterUserSecret"]
    assert ":secret:rds!db-" in found["SecretArn"], found
    secret = aws.secretsmanager.get_secret_value(SecretId=found["SecretArn"])["SecretString"]
    same(sorted(json.loads(secret)), ["password", "username"])


@probe("RDS", REPLICAS, ("InvalidDBInstanceState", "InvalidDBInstanceStateFault"))
def replica_without_backups(aws: Aws) -> None:
    """A database without backups has no replica."""
    name = aws.database(BackupRetentionPeriod=0)
    aws.rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=name)


def replica(aws: Aws) -> tuple[str, str]:
    name = aws.database(BackupRetentionPeriod=7)
    aws.rds.create_db_instance_read_replica(
        DBInstanceIdentifier=f"{name}-copy", SourceDBInstanceIdentifier=name
    )
    return name, f"{name}-copy"


@probe("RDS", REPLICAS)
def replicated(aws: Aws) -> None:
    """A replica names its source, and the source its replica."""
    source, copy = replica(aws)
    same(shown(aws, source)["ReadReplicaDBInstanceIdentifiers"], [copy])
    same(shown(aws, copy)["ReadReplicaSourceDBInstanceIdentifier"], source)


@probe("RDS", REPLICAS)
def promoted(aws: Aws) -> None:
    """A promoted replica has no source any more, and the source no replica."""
    source, copy = replica(aws)
    aws.rds.promote_read_replica(DBInstanceIdentifier=copy)
    found = within(3, lambda: not shown(aws, copy).get("ReadReplicaSourceDBInstanceIdentifier"))
    same((found, shown(aws, source)["ReadReplicaDBInstanceIdentifiers"]), (True, []))


refused(
    "RDS",
    ("InvalidDBInstanceState", "InvalidDBInstanceStateFault"),
    "Only a replica is promoted.",
    REPLICAS,
    lambda a: a.rds.promote_read_replica(DBInstanceIdentifier=a.database()),
)


@probe("RDS", "RDS API reference, RestoreDBInstanceToPointInTime", "DBInstanceAlreadyExists")
def restored_over(aws: Aws) -> None:
    """A database is restored under a new identifier."""
    name = aws.database(BackupRetentionPeriod=7)
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=name, TargetDBInstanceIdentifier=name, UseLatestRestorableTime=True
    )


@probe("RDS", "RDS API reference, RestoreDBInstanceToPointInTime", "InvalidParameterCombination")
def two_times(aws: Aws) -> None:
    """A restore is to a time, or to the latest."""
    name = aws.database(BackupRetentionPeriod=7)
    aws.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=name,
        TargetDBInstanceIdentifier="again",
        UseLatestRestorableTime=True,
        RestoreTime=datetime.now(UTC) - timedelta(minutes=10),
    )


refused(
    "RDS",
    "DBInstanceNotFound",
    "A replica that is not there is not promoted.",
    "RDS API reference, PromoteReadReplica",
    lambda a: a.rds.promote_read_replica(DBInstanceIdentifier="none"),
)


@probe("RDS", "RDS API reference, CreateDBSnapshot", "DBSnapshotAlreadyExists")
def same_snapshot(aws: Aws) -> None:
    """A snapshot's identifier is given once."""
    name = aws.database()
    for _ in range(2):
        aws.rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier="one")


refused(
    "RDS",
    "DBSnapshotNotFound",
    "A snapshot that is not there is not restored.",
    "RDS API reference, RestoreDBInstanceFromDBSnapshot",
    lambda a: a.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="again", DBSnapshotIdentifier="none"
    ),
)


@probe("RDS", "RDS API reference, DeleteDBInstance")
def last_snapshot(aws: Aws) -> None:
    """A last snapshot outlives its database."""
    name = aws.database(StorageEncrypted=True)
    gone(aws, name, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier="last")
    found = aws.rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]
    same((found["DBInstanceIdentifier"], found["Encrypted"], found["SnapshotType"]), (name, True, "manual"))


refused(
    "RDS",
    "DBParameterGroupAlreadyExists",
    "A parameter group's name is given once.",
    "RDS API reference, CreateDBParameterGroup",
    lambda a: [
        a.rds.create_db_parameter_group(
            DBParameterGroupName="one", DBParameterGroupFamily="postgres16", Description="d"
        )
        for _ in range(2)
    ],
)
refused(
    "RDS",
    "InvalidParameterValue",
    "A parameter group's family is one that there is.",
    "RDS API reference, CreateDBParameterGroup",
    lambda a: a.rds.create_db_parameter_group(
        DBParameterGroupName="one", DBParameterGroupFamily="postgres99", Description="d"
    ),
)
refused(
    "RDS",
    ("InvalidParameterValue", "InvalidParameterCombination"),
    "Aurora's engine mode serverless is gone.",
    "Aurora User Guide, Using Aurora Serverless v1",
    lambda a: a.rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        EngineMode="serverless",
        MasterUsername="shop",
        MasterUserPassword="Correct-horse-9",
    ),
)
refused(
    "RDS",
    "InvalidParameterValue",
    "admin is reserved on Aurora PostgreSQL.",
    "RDS API reference, CreateDBCluster",
    lambda a: a.rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="admin",
        MasterUserPassword="Correct-horse-9",
    ),
)
refused(
    "RDS",
    ("InvalidParameterValue", "InvalidParameterCombination"),
    "Aurora keeps backups for at most 35 days.",
    "RDS API reference, CreateDBCluster",
    lambda a: a.rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="shop",
        MasterUserPassword="Correct-horse-9",
        BackupRetentionPeriod=36,
    ),
)
refused(
    "RDS",
    "InvalidDBClusterStateFault",
    "A cluster with instances is not deleted.",
    "RDS API reference, DeleteDBCluster",
    lambda a: [
        a.rds.create_db_cluster(
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            MasterUsername="shop",
            MasterUserPassword="Correct-horse-9",
        ),
        a.rds.create_db_instance(
            DBInstanceIdentifier="shop-1",
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        ),
        a.rds.delete_db_cluster(DBClusterIdentifier="shop", SkipFinalSnapshot=True),
    ],
)
gives(
    "RDS",
    "MySQL listens on 3306.",
    CREATE,
    3306,
    lambda a: shown(a, a.database(Engine="mysql"))["Endpoint"]["Port"],
)


@probe("RDS", "Aurora User Guide, Deleting Aurora DB clusters and DB instances")
def cluster_again(aws: Aws) -> None:
    """A cluster's automated backups go with it, and its name is free at once."""
    for _ in range(2):
        aws.rds.create_db_cluster(
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            MasterUsername="shop",
            MasterUserPassword="Correct-horse-9",
        )
        aws.rds.delete_db_cluster(DBClusterIdentifier="shop", SkipFinalSnapshot=True)
    same(aws.rds.describe_db_cluster_snapshots()["DBClusterSnapshots"], [])
