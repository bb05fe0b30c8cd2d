"""RDS with a real PostgreSQL behind it, through boto3 and psql."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudlings.errors import SandboxError
from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.databases import machine
from tests.sandbox.conftest import code_of
from tests.sandbox.databases.conftest import PASSWORD, Sql, endpoint, make, shown

pytestmark = pytest.mark.xdist_group("databases")


@pytest.fixture(scope="module")
def shared(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """An endpoint that several tests ask."""
    sandbox.provision("777788889999")
    yield make(sandbox.session("777788889999", "learner", "us-east-1").client("rds"), "shared")
    sandbox.reset("777788889999")


def test_an_instance_answers_sql(rds: Any, sql: Sql) -> None:
    """A new instance is creating, then available, and its endpoint takes SQL with the master's password."""
    made = rds.create_db_instance(
        DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20,
        MasterUsername="keeper", MasterUserPassword=PASSWORD, DBName="shop", Port=5544,
    )["DBInstance"]  # fmt: skip
    assert (made["DBInstanceStatus"], "Endpoint" in made) == ("creating", False)
    found = shown(rds, "shop")
    assert (found["DBInstanceStatus"], found["Endpoint"]["Port"]) == ("available", 5544)
    assert ip_address(found["Endpoint"]["Address"]).is_loopback
    assert sql(found["Endpoint"], "create table t (a int); insert into t values (1); table t") == "1"
    assert sql(found["Endpoint"], "select rolsuper from pg_roles where rolname = current_user") == "f"
    assert sql(found["Endpoint"], "show server_version").startswith(found["EngineVersion"])
    assert "authentication failed" in sql(found["Endpoint"], "select 1", password="wrong-horse-1")
    assert sql(found["Endpoint"], "select ssl from pg_stat_ssl limit 1", sslmode="require") == "t"


def test_a_new_password_holds(rds: Any, sql: Sql) -> None:
    """A modified master password replaces the old one, for a database that runs and for one that does not."""
    place = make(rds, "shop")
    assert sql(place, "select 1") == "1"
    for password in ("another-horse-2", "a'third-horse-3"):
        rds.modify_db_instance(
            DBInstanceIdentifier="shop", MasterUserPassword=password, ApplyImmediately=True
        )
        shown(rds, "shop")
        assert sql(place, "select 1", password=password) == "1"
        assert "authentication failed" in sql(place, "select 1")
        rds.reboot_db_instance(DBInstanceIdentifier="shop")


def test_a_managed_password(rds: Any, learner: boto3.Session, sql: Sql) -> None:
    """A password that RDS manages is the one in its secret."""
    place = make(rds, "shop", ManageMasterUserPassword=True)
    arn = shown(rds, "shop")["MasterUserSecret"]["SecretArn"]
    kept = json.loads(learner.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert sql(place, "select 1", user=kept["username"], password=kept["password"]) == "1"


def test_stopped_and_started(rds: Any, sql: Sql) -> None:
    """A stopped instance answers nobody; started again it has its data."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    assert rds.stop_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == "stopping"
    assert shown(rds, "shop")["DBInstanceStatus"] == "stopped"
    assert "refused" in sql(place, "select 1")
    started = rds.start_db_instance(DBInstanceIdentifier="shop")["DBInstance"]
    assert started["DBInstanceStatus"] == "starting"
    assert sql(endpoint(rds, "shop"), "table t") == "7"


def test_a_snapshot_brings_data_back(rds: Any, sql: Sql) -> None:
    """A restored instance has what there was when the snapshot was taken; so has one of a copy of it."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="before")
    rds.describe_db_snapshots(DBSnapshotIdentifier="before")
    sql(place, "drop table t")
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="before", TargetDBSnapshotIdentifier="copied")
    rds.delete_db_snapshot(DBSnapshotIdentifier="before")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="copied")
    assert sql(endpoint(rds, "again"), "table t") == "7"
    assert "does not exist" in sql(place, "table t")


def test_a_last_snapshot(rds: Any, sql: Sql) -> None:
    """A deleted instance is gone, and its last snapshot has its data."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    rds.delete_db_instance(DBInstanceIdentifier="shop", FinalDBSnapshotIdentifier="last")
    rds.describe_db_snapshots(DBSnapshotIdentifier="last")
    assert "refused" in sql(place, "select 1")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="last")
    assert sql(endpoint(rds, "again"), "table t") == "7"


def test_a_snapshot_of_nothing(rds: Any, sql: Sql) -> None:
    """A snapshot of a database that nobody has asked anything is restored as an empty one."""
    make(rds, "shop")
    rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="empty")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="empty")
    assert sql(endpoint(rds, "again"), "select current_database()") == "shop"


def test_restored_to_a_time(rds: Any, sql: Sql) -> None:
    """An instance restored to a moment has what there was then; restored to the latest, what there is."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    time.sleep(1.1)
    then = datetime.now(UTC)
    time.sleep(1.1)
    sql(place, "delete from t")
    source = {"SourceDBInstanceIdentifier": "shop"}
    rds.restore_db_instance_to_point_in_time(TargetDBInstanceIdentifier="past", RestoreTime=then, **source)
    rds.restore_db_instance_to_point_in_time(
        TargetDBInstanceIdentifier="now", UseLatestRestorableTime=True, **source
    )
    assert sql(endpoint(rds, "past"), "select count(*) from t") == "1"
    assert sql(endpoint(rds, "now"), "select count(*) from t") == "0"
    assert "ReadReplicaSourceDBInstanceIdentifier" not in shown(rds, "past")
    for wrong in (timedelta(hours=1), -timedelta(days=1)):
        code = code_of(
            rds.restore_db_instance_to_point_in_time,
            TargetDBInstanceIdentifier="never",
            RestoreTime=then + wrong,
            **source,
        )
        assert code == "InvalidParameterValue"


def test_a_replica_follows(rds: Any, sql: Sql) -> None:
    """A replica has what its source writes, takes no writes, and takes them once promoted."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="shop")
    copy = endpoint(rds, "copy")
    assert sql(copy, "table t") == "7"
    sql(place, "insert into t values (8)")
    assert _soon(lambda: sql(copy, "select count(*) from t"), "2") == "2"
    assert "read-only" in sql(copy, "insert into t values (9)")
    rds.promote_read_replica(DBInstanceIdentifier="copy")
    shown(rds, "copy")
    assert sql(copy, "insert into t values (9); select count(*) from t") == "3"
    assert sql(place, "select count(*) from t") == "2"


def test_a_replica_outlives_its_source(rds: Any, sql: Sql) -> None:
    """A replica that nobody had asked anything has its source's data when the source is deleted."""
    sql(make(rds, "shop"), "create table t as select 7 as a")
    rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="shop")
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    assert sql(endpoint(rds, "copy"), "insert into t values (8); select count(*) from t") == "2"


def test_aurora_fails_over(rds: Any, sql: Sql) -> None:
    """A cluster's endpoint leads to its writer, before and after a failover; readers take no writes."""
    rds.create_db_cluster(
        DBClusterIdentifier="fleet", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword=PASSWORD, DatabaseName="shop",
    )  # fmt: skip
    for name in ("one", "two"):
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier="fleet", Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        )  # fmt: skip

    def places() -> tuple[dict[str, Any], dict[str, Any]]:
        found = rds.describe_db_clusters(DBClusterIdentifier="fleet")["DBClusters"][0]
        port = found["Port"]
        return (
            {"Address": found["Endpoint"], "Port": port},
            {"Address": found["ReaderEndpoint"], "Port": port},
        )

    writer, reader = places()
    assert sql(writer, "create table t as select 7 as a; table t") == "7"
    assert "read-only" in sql(reader, "insert into t values (8)")
    rds.failover_db_cluster(DBClusterIdentifier="fleet")
    assert places() == (reader, writer)
    assert sql(reader, "insert into t values (8); select count(*) from t") == "2"
    assert _soon(lambda: sql(writer, "select count(*) from t"), "2") == "2"
    assert "read-only" in sql(writer, "insert into t values (9)")


def test_a_cluster_keeps_its_data(rds: Any, sql: Sql) -> None:
    """A cluster's data outlives its instances, in the cluster and in its snapshots."""
    rds.create_db_cluster(
        DBClusterIdentifier="fleet", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword=PASSWORD, DatabaseName="shop",
    )  # fmt: skip

    def member(name: str, cluster: str) -> dict[str, Any]:
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier=cluster, Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
        )  # fmt: skip
        return endpoint(rds, name)

    sql(member("one", "fleet"), "create table t as select 7 as a")
    rds.create_db_cluster_snapshot(DBClusterIdentifier="fleet", DBClusterSnapshotIdentifier="before")
    rds.describe_db_cluster_snapshots()
    sql(endpoint(rds, "one"), "insert into t values (8)")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="again", SnapshotIdentifier="before", Engine="aurora-postgresql"
    )
    assert sql(member("two", "again"), "select count(*) from t") == "1"
    rds.delete_db_instance(DBInstanceIdentifier="one", SkipFinalSnapshot=True)
    assert sql(member("three", "fleet"), "select count(*) from t") == "2"
    rds.delete_db_instance(DBInstanceIdentifier="three", SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier="fleet", FinalDBSnapshotIdentifier="last")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="later", SnapshotIdentifier="last", Engine="aurora-postgresql"
    )
    assert sql(member("four", "later"), "select count(*) from t") == "2"


def test_a_replica_in_another_region(rds: Any, sandbox: Sandbox, account_id: str, sql: Sql) -> None:
    """A replica in another Region has what its source writes."""
    sql(make(rds, "shop"), "create table t as select 7 as a")
    arn = shown(rds, "shop")["DBInstanceArn"]
    there = sandbox.session(account_id, "learner", "eu-west-1").client("rds")
    there.create_db_instance_read_replica(DBInstanceIdentifier="far", SourceDBInstanceIdentifier=arn)
    assert sql(endpoint(there, "far"), "table t") == "7"
    assert "read-only" in sql(endpoint(there, "far"), "insert into t values (8)")


def test_accounts_are_apart(sandbox: Sandbox, account_id: str, rds: Any, sql: Sql) -> None:
    """Two accounts' databases of one name are two; a reset ends one's, and no other's."""
    other = f"{int(account_id) + 500_000_000:012d}"
    sandbox.provision(other)
    theirs = sandbox.session(other, "learner", "us-east-1").client("rds")
    here, there = make(rds, "shop"), make(theirs, "shop")
    assert here["Address"] != there["Address"]
    assert [sql(each, "select 1") for each in (here, there)] == ["1", "1"]
    sandbox.reset(other)
    assert "refused" in sql(there, "select 1")
    assert sql(here, "select 1") == "1"
    assert rds.describe_db_instances()["DBInstances"]
    assert not theirs.describe_db_instances()["DBInstances"]


def test_a_server_that_was_killed_wakes(rds: Any, sql: Sql) -> None:
    """A killed server is there again for whoever comes next, with what was committed."""
    place = make(rds, "shop")
    sql(place, "create table t as select 7 as a")
    sql(place, "insert into t values (8)")
    note = Path(sql(place, "show data_directory"), "postmaster.pid").read_text()
    os.kill(int(note.splitlines()[0]), signal.SIGKILL)
    assert _soon(lambda: sql(place, "select count(*) from t"), "2") == "2"


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to program 'id'",
        "grant pg_execute_server_program to keeper",
        "grant pg_read_server_files to keeper",
        "select pg_read_file('postgresql.auto.conf')",
        "alter role keeper superuser",
        "alter role rdsadmin password 'mine-now-1'",
        "alter system set port = 1",
        "grant rdsadmin to keeper",
    ],
)
def test_the_master_user_stays_inside(shared: dict[str, Any], sql: Sql, statement: str) -> None:
    """The master user reaches neither the machine nor the superuser."""
    assert sql(shared, statement).startswith("ERROR")


def test_no_password_is_shown(rds: Any, sql: Sql) -> None:
    """A replica's settings show no password of the superuser."""
    sql(make(rds, "shop"), "select 1")
    rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="shop")
    said = sql(endpoint(rds, "copy"), "show primary_conninfo")
    assert "passfile=" in said
    assert "password" not in said.replace("passwords", "")


def _soon(ask: Any, wanted: str) -> str:
    """What is answered within ten seconds, once it is what is wanted."""
    deadline = time.monotonic() + 10
    while (found := str(ask())) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_an_account_with_databases_is_not_restored(programs: machine.Programs) -> None:
    """What is in them would not go back, so nothing does; a reset is the way."""
    with Sandbox.temporary(keeps="checkpoints") as sandbox:
        sandbox.provision(account_id := "777788880001")
        learner = sandbox.session(account_id, "learner", "us-east-1")
        sandbox.checkpoint([account_id], "here")
        learner.client("sqs").create_queue(QueueName="letters")
        sandbox.restore([account_id], "here")
        assert not learner.client("sqs").list_queues().get("QueueUrls")
        make(learner.client("rds"), "shop")
        with pytest.raises(SandboxError, match="databases"):
            sandbox.restore([account_id], "here")
        assert shown(learner.client("rds"), "shop")["DBInstanceStatus"] == "available"
