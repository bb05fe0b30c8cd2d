"""RDS and the real PostgreSQL behind it: told of each change, and shown as far as it is."""

from __future__ import annotations

from typing import Any

from cloudlings.sandbox import databases
from cloudlings.sandbox.databases.model import POSTGRES, State, status
from cloudlings.sandbox.model import Response
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, after, before, reshape

_MAKING = (
    "CreateDBInstance", "CreateDBInstanceReadReplica", "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
)  # fmt: skip
_CHANGING = (
    "ModifyDBInstance", "DeleteDBInstance", "StartDBInstance", "StopDBInstance", "PromoteReadReplica",
    "CreateDBSnapshot", "CopyDBSnapshot", "DeleteDBSnapshot", "CreateDBCluster", "ModifyDBCluster",
    "DeleteDBCluster", "FailoverDBCluster", "StartDBCluster", "StopDBCluster", "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime", "CreateDBClusterSnapshot", "DeleteDBClusterSnapshot",
)  # fmt: skip
_ON_THE_WAY = {"StartDBInstance": "starting", "StopDBInstance": "stopping", "RebootDBInstance": "rebooting"}
# A new database is there within moments: whoever looks waits for it, rather than look again in half a minute,
# as boto3's waiters do.
LONGEST_LOOK = 15.0


@before("rds", "CreateDBInstance")
def version_that_is_here(given: Given) -> dict[str, Any] | None:
    """Without a version, an instance has the one that answers.

    Source: RDS API reference, CreateDBInstance, EngineVersion: a default of RDS's, which changes over time.
    """
    found = databases.here()
    asked = given.input
    if found is None or found.programs is None or asked.get("Engine") != "postgres":
        return None
    return None if asked.get("EngineVersion") else {**asked, "EngineVersion": found.programs.version}


@before("rds", "RestoreDBInstanceToPointInTime")
async def time_that_has_been(given: Given) -> Refusal | None:
    """A database is restored to a time since it was made, and not one to come.

    Source: RDS User Guide, "Restoring a DB instance to a specified time for Amazon RDS".
    """
    import datetime as dt

    until, source = given.input.get("RestoreTime"), given.input.get("SourceDBInstanceIdentifier")
    if not until or not source or given.input.get("UseLatestRestorableTime"):
        return None
    found = (await given.read("DescribeDBInstances", DBInstanceIdentifier=source)).get("DBInstances")
    began, moment = found[0].get("InstanceCreateTime") if found else None, _moment(until)
    if moment is not None and moment > dt.datetime.now(dt.UTC):
        return Refusal("InvalidParameterValue", f"The specified RestoreTime {until} is in the future.")
    made = _moment(began)
    if moment is not None and made is not None and moment < made:
        message = f"The specified RestoreTime {until} is before the earliest restorable time {began}."
        return Refusal("InvalidParameterValue", message)
    return None


def _moment(value: Any) -> Any:
    import datetime as dt

    if isinstance(value, int | float):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@after("rds", *_MAKING, *_CHANGING)
async def told_of_changes(given: Given, response: Response) -> Response:
    """The real databases follow what RDS was asked for.

    Source: Amazon RDS User Guide, "DB instance status": what a database does follows each request.
    """
    found = databases.here()
    if found is not None and response.status < 300:
        found.touched(given.call.account_id)
    return response


@reshape("rds", *_MAKING, "StartDBInstance", "StopDBInstance", "RebootDBInstance")
async def status_on_the_way(given: Given, output: Output) -> None:
    """What is begun is shown as begun.

    Source: RDS User Guide, "Viewing Amazon RDS DB instance status".
    """
    database, found = output.get("DBInstance") or {}, databases.here()
    if found is None or database.get("Engine") not in POSTGRES:
        return
    operation = given.call.operation
    database["DBInstanceStatus"] = _ON_THE_WAY.get(operation, "creating")
    if operation in _MAKING:
        database.pop("Endpoint", None)
    if operation == "RebootDBInstance":
        await found.reboot(database.get("DbiResourceId", ""))


@reshape("rds", "DescribeDBInstances")
async def instances_as_they_are(given: Given, output: Output) -> None:
    """An instance's status and endpoint are those of its server: an address of the loopback that any tool of
    this machine reaches, with the port that the instance was given.

    Source: RDS API reference, DBInstance, Endpoint and DBInstanceStatus.
    """
    found = databases.here()
    shown = [each for each in output.get("DBInstances", []) if each.get("Engine") in POSTGRES]
    if found is None or not shown:
        return
    await found.settled(given.call.account_id, LONGEST_LOOK)
    for database in shown:
        resource_id = database.get("DbiResourceId", "")
        state, place = found.state(resource_id), found.endpoint(resource_id)
        database["DBInstanceStatus"] = status(database.get("DBInstanceStatus", ""), state)
        if place is not None and state is not State.COMING:
            database.setdefault("Endpoint", {}).update({"Address": place[0], "Port": place[1]})
        elif state is State.COMING:
            database.pop("Endpoint", None)


@reshape("rds", "DescribeDBClusters")
async def clusters_as_they_are(given: Given, output: Output) -> None:
    """A cluster's endpoints lead to its writer, and to a reader.

    Source: Aurora User Guide, "Types of Aurora endpoints".
    """
    found = databases.here()
    shown = [each for each in output.get("DBClusters", []) if each.get("Engine") in POSTGRES]
    if found is None or not shown:
        return
    await found.settled(given.call.account_id, LONGEST_LOOK)
    for cluster in shown:
        writers: list[tuple[str, int]] = []
        readers: list[tuple[str, int]] = []
        for member in cluster.get("DBClusterMembers", []):
            name = member.get("DBInstanceIdentifier", "")
            place = found.endpoint(found.named(given.call.account_id, given.call.region, name))
            if place is not None:
                (writers if member.get("IsClusterWriter") else readers).append(place)
        if writers:
            cluster["Endpoint"], cluster["Port"] = writers[0]
            cluster["ReaderEndpoint"] = (readers or writers)[0][0]


@reshape("rds", "DescribeDBSnapshots", "DescribeDBClusterSnapshots")
async def snapshots_as_they_are(given: Given, output: Output) -> None:  # noqa: ARG001 - it only waits
    """A snapshot that is shown as available holds its data.

    Source: RDS API reference, DBSnapshot, Status.
    """
    found = databases.here()
    if found is not None:
        await found.settled(given.call.account_id, LONGEST_LOOK)
