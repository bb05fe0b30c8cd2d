"""Where moto puts databases, and what it leaves out: zones, a forced failover, restores, global clusters.

``correct`` is called once, in moto's own process, after ``moto_databases.correct``.
"""

from __future__ import annotations

from typing import Any

# Events RDS-EVENT-0013 and RDS-EVENT-0049: RDS User Guide, "Amazon RDS event categories and event messages".
EVENTS = {
    "FAILOVER_START": {"Categories": ["failover"], "Message": "Multi-AZ instance failover started"},
    "FAILOVER_FINISH": {"Categories": ["failover"], "Message": "Multi-AZ instance failover completed"},
}


def correct() -> None:
    """Databases in zones of their group, a standby that takes over, global clusters with a writer."""
    from moto.rds import models, responses

    models.Event.EVENT_MAP.update(EVENTS)
    _in_its_group(models.DBInstance)
    _in_its_clusters_group(models.DBInstanceClustered)
    _exchanged(responses.RDSResponse)
    _as_asked(models.RDSBackend)
    _replica_in_one_zone(models.RDSBackend)
    _not_managed(models.RDSBackend)
    _with_a_writer(models)


def zones_of(database: Any) -> list[str]:
    """The names of the zones of an instance's subnet group, in their order; none without a group."""
    group = getattr(database, "db_subnet_group", None)
    return sorted({subnet.availability_zone for subnet in getattr(group, "_subnets", None) or []})


def _other_zone(database: Any) -> str:
    """Where the standby stands: in another zone of the group, or of the Region where there is no group."""
    zone = str(database.availability_zone)
    others = [each for each in zones_of(database) if each != zone]
    return others[0] if others else f"{database.region}{'b' if zone.endswith('a') else 'a'}"


def _in_its_group(kind: Any) -> None:
    """An instance stands in a zone of its subnet group (RDS API reference, CreateDBInstance,
    AvailabilityZone); moto puts all into the first zone of the Region."""
    start = kind.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        start(self, *args, **kwargs)
        _move_in(self)

    kind.__init__ = __init__


def _move_in(database: Any) -> None:
    zones = zones_of(database)
    if zones and database.availability_zone not in zones:
        database.availability_zone = zones[0]


def _in_its_clusters_group(kind: Any) -> None:
    """An instance of a cluster stands in the cluster's subnet group (RDS API reference, CreateDBInstance,
    DBSubnetGroupName)."""
    start = kind.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        start(self, *args, **kwargs)
        name = self.cluster.db_subnet_group_name
        if self._db_subnet_group_name is None and name != "default":
            self.db_subnet_group_name = name
            _move_in(self)

    kind.__init__ = __init__


def _exchanged(response: Any) -> None:
    """After a forced failover the standby's zone is the primary's (RDS User Guide, "Failing over a Multi-AZ
    DB instance")."""
    reboot = response.reboot_db_instance

    def reboot_db_instance(self: Any) -> Any:
        answer = reboot(self)
        database = self.backend.describe_db_instances(self.params.get("DBInstanceIdentifier"))[0]
        if _is_true(self.params.get("ForceFailover")) and database.multi_az:
            database.availability_zone = _other_zone(database)
            for event in EVENTS:
                self.backend.add_event(event, database)
        return answer

    response.reboot_db_instance = reboot_db_instance


def _as_asked(backend: Any) -> None:
    """What a restore to a point in time says no to, is no, and without a word it is not protected (RDS API
    reference, RestoreDBInstanceToPointInTime, DeletionProtection). moto leaves out every value that is false.
    """
    to_time = backend.restore_db_instance_to_point_in_time

    def restore_db_instance_to_point_in_time(self: Any, source: str, target: str, overrides: Any) -> Any:
        made = to_time(self, source, target, overrides)
        for name in ("multi_az", "publicly_accessible"):
            if overrides.get(name) is not None:
                setattr(made, name, _is_true(overrides.get(name)))
        made.deletion_protection = _is_true(overrides.get("deletion_protection"))
        return made

    backend.restore_db_instance_to_point_in_time = restore_db_instance_to_point_in_time


def _replica_in_one_zone(backend: Any) -> None:
    """A replica has a standby only where one is asked for (RDS API reference, CreateDBInstanceReadReplica,
    MultiAZ); moto makes it by copying its source."""
    replicate = backend.create_db_instance_read_replica

    def create_db_instance_read_replica(self: Any, db_kwargs: Any) -> Any:
        made = replicate(self, db_kwargs)
        made.multi_az = _is_true(db_kwargs.get("multi_az"))
        return made

    backend.create_db_instance_read_replica = create_db_instance_read_replica


def _not_managed(backend: Any) -> None:
    """A restored database has the password that it had, and nobody manages it (RDS API reference,
    RestoreDBInstanceFromDBSnapshot and …ToPointInTime, ManageMasterUserPassword: for Oracle only)."""
    for operation in ("restore_db_instance_from_db_snapshot", "restore_db_instance_to_point_in_time"):
        setattr(backend, operation, _left_alone(getattr(backend, operation)))


def _left_alone(restore: Any) -> Any:
    def restoring(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = restore(self, *args, **kwargs)
        secret = made.__dict__.pop("master_user_secret", None)
        if secret is not None:
            secret.delete_secret()
            made.manage_master_user_password, made.master_user_password = False, None
        return made

    return restoring


def _with_a_writer(models: Any) -> None:
    """A global cluster's source may be in any Region, and is its writer (RDS API reference,
    CreateGlobalCluster, SourceDBClusterIdentifier; GlobalClusterMember, IsWriter)."""
    create = models.RDSBackend.create_global_cluster

    def create_global_cluster(self: Any, **asked: Any) -> Any:
        arn = str(asked.get("source_db_cluster_identifier") or "")
        parts = arn.split(":")
        if len(parts) > 5 and parts[3] != self.region_name and asked.get("engine") is None:
            home = models.rds_backends[self.account_id][parts[3]]
            source = home.describe_db_clusters(db_cluster_identifier=arn)[0]
            own = {"source_db_cluster_identifier": None, "engine": source.engine}
            made = create(self, **{**asked, **own, "engine_version": source.engine_version})
            source.global_cluster_identifier = made.global_cluster_arn
            made.members.append(source)
        else:
            made = create(self, **asked)
        for member in made.members[:1]:
            member.is_writer = True
        return made

    models.RDSBackend.create_global_cluster = create_global_cluster


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
