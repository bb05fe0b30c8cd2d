"""What moto's RDS must remember for its databases to be real ones, and how it tells what there is to be.

An instance needs an id that is its own, a snapshot needs one too, and a restored instance must know from
what: then whatever happens to an account (a restart, a reset, an undo), what its databases are to be can be
read from moto alone. ``correct`` is called once, in moto's own process.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def correct() -> None:
    """Let databases and snapshots remember what they are and where their data came from."""
    from moto.rds import models

    _own_ids(models)
    _snapshots_of_data(models)
    _origins(models.RDSBackend)
    _changed_subnet_groups(models.RDSBackend)
    _backups_of_clusters(models.RDSBackend)


def _own_ids(models: Any) -> None:
    """Every instance has a resource id of its own (RDS API reference, DBInstance, DbiResourceId)."""
    start = models.DBInstance.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        start(self, *args, **kwargs)
        _name(self)
        if self.engine == "postgres" and self.db_cluster_identifier is None:
            _default_options(self)

    models.DBInstance.__init__ = __init__
    backend = models.RDSBackend
    replicate = backend.create_db_instance_read_replica

    def create_db_instance_read_replica(self: Any, db_kwargs: Any) -> Any:
        # moto makes it by copying its source.
        replica = replicate(self, db_kwargs)
        _name(replica)
        return replica

    backend.create_db_instance_read_replica = create_db_instance_read_replica


def _changed_subnet_groups(backend: Any) -> None:
    """A subnet group that is changed stays (RDS API reference, ModifyDBSubnetGroup); moto takes it away."""
    change = backend.modify_db_subnet_group

    def modify_db_subnet_group(self: Any, subnet_name: str, *args: Any, **kwargs: Any) -> Any:
        group = change(self, subnet_name, *args, **kwargs)
        self.subnet_groups[subnet_name] = group
        return group

    backend.modify_db_subnet_group = modify_db_subnet_group


def _default_options(database: Any) -> None:
    """From version 10 on, a default option group is named by the major version alone (RDS User Guide,
    "Working with option groups")."""
    major = str(database.engine_version).partition(".")[0]
    if not database.option_group_supplied and major.isdecimal() and int(major) >= 10:
        database.option_group_name = f"default:postgres-{major}"


def _name(database: Any) -> None:
    database.dbi_resource_id = "db-" + "".join(secrets.choice(_LETTERS) for _ in range(26))
    database.data_origin = None


def _snapshots_of_data(models: Any) -> None:
    """A snapshot, a cluster's too, names the data that it holds; a copy of it holds the same."""
    for kind in (models.DBSnapshot, models.DBClusterSnapshot):
        _name_data(kind)
    backend = models.RDSBackend
    _copy_data(backend, "copy_db_snapshot", "database_snapshots")
    _copy_data(backend, "copy_db_cluster_snapshot", "cluster_snapshots")


def _name_data(kind: Any) -> None:
    start = kind.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        start(self, *args, **kwargs)
        self.data_id = "data-" + secrets.token_hex(10)
        cluster = getattr(self, "cluster", None)
        writer = getattr(cluster, "writer", None)
        self.data_of = getattr(writer, "dbi_resource_id", getattr(cluster, "data_of", ""))

    kind.__init__ = __init__


def _copy_data(backend: Any, operation: str, kept: str) -> None:
    copy = getattr(backend, operation)

    def copying(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = copy(self, *args, **kwargs)
        names = [str(value) for key, value in kwargs.items() if key.startswith("source_")] or [""]
        source = getattr(self, kept).get(names[0].rpartition(":")[2])
        made.data_id = getattr(source, "data_id", made.data_id)
        return made

    setattr(backend, operation, copying)


def _origins(backend: Any) -> None:
    """A restored database begins with the data of what it is restored from."""
    from_snapshot = backend.restore_db_instance_from_db_snapshot
    to_time = backend.restore_db_instance_to_point_in_time

    def restore_db_instance_from_db_snapshot(self: Any, from_snapshot_id: str, overrides: Any) -> Any:
        made = from_snapshot(self, from_snapshot_id, overrides)
        snapshot = self.database_snapshots.get(from_snapshot_id.rpartition("snapshot:")[2])
        return _restored(made, {"snapshot": getattr(snapshot, "data_id", "")})

    def restore_db_instance_to_point_in_time(self: Any, source: str, target: str, overrides: Any) -> Any:
        until = overrides.get("restore_time")
        original = self.databases.get(source)
        made = to_time(self, source, target, overrides)
        source_id = getattr(original, "dbi_resource_id", "")
        return _restored(made, {"instance": source_id, "until": str(until) if until else ""})

    _origins_of_clusters(backend)
    _volumes_of_clusters(backend)
    backend.restore_db_instance_from_db_snapshot = restore_db_instance_from_db_snapshot
    backend.restore_db_instance_to_point_in_time = restore_db_instance_to_point_in_time


def _origins_of_clusters(backend: Any) -> None:
    """A restored cluster's writer begins with the data of the writer that the cluster had."""
    from_snapshot, to_time = (
        backend.restore_db_cluster_from_snapshot,
        backend.restore_db_cluster_to_point_in_time,
    )

    def restore_db_cluster_from_snapshot(self: Any, from_snapshot_id: str, overrides: Any) -> Any:
        made = from_snapshot(self, from_snapshot_id, overrides)
        snapshot = self.cluster_snapshots.get(from_snapshot_id.rpartition(":")[2])
        made.data_origin = {"snapshot": getattr(snapshot, "data_id", "")}
        return made

    def restore_db_cluster_to_point_in_time(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = to_time(self, *args, **kwargs)
        source = self.clusters.get(str(kwargs.get("source_db_cluster_identifier", "")).rpartition(":")[2])
        until = kwargs.get("restore_to_time")
        writer = getattr(source, "writer", None)
        made.data_origin = {
            "instance": getattr(writer, "dbi_resource_id", ""),
            "until": str(until) if until else "",
        }
        return made

    backend.restore_db_cluster_from_snapshot = restore_db_cluster_from_snapshot
    backend.restore_db_cluster_to_point_in_time = restore_db_cluster_to_point_in_time


def _volumes_of_clusters(backend: Any) -> None:
    """A cluster's data outlives its instances (Aurora User Guide, "Amazon Aurora storage")."""
    delete = backend.delete_db_instance

    def delete_db_instance(self: Any, *args: Any, **kwargs: Any) -> Any:
        gone = delete(self, *args, **kwargs)
        cluster = getattr(gone, "cluster", None)
        if cluster is not None and not cluster.members:
            cluster.data_of = gone.dbi_resource_id
        return gone

    backend.delete_db_instance = delete_db_instance


def _backups_of_clusters(backend: Any) -> None:
    """Automated backups go with their cluster (Aurora User Guide, "Deleting Aurora DB clusters"); moto keeps
    them, and then makes a cluster of the same name in the same minute and says that it did not."""
    delete = backend.delete_db_cluster

    def delete_db_cluster(self: Any, cluster_identifier: str, *args: Any, **kwargs: Any) -> Any:
        deleted = delete(self, cluster_identifier, *args, **kwargs)
        for name, snapshot in list(self.cluster_snapshots.items()):
            of_it = snapshot.db_cluster_identifier == deleted.db_cluster_identifier
            if snapshot.snapshot_type == "automated" and of_it:
                del self.cluster_snapshots[name]
        return deleted

    backend.delete_db_cluster = delete_db_cluster


def _restored(database: Any, origin: dict[str, str]) -> Any:
    """Remember where a database's data came from. moto takes one that is restored to a time for a replica."""
    database.data_origin = origin
    database.source_db_instance_identifier, database.is_replica, database.replicas = None, False, []
    return database


def facts(account_id: str) -> dict[str, list[dict[str, Any]]]:
    """The databases and snapshots of an account in every Region, as the gateway's databases need them.

    ``instances``: region, identifier, resource_id, engine, version, port, user, password ("" where it is not
    kept here), secret (the name of a managed one), database, status, replica_of (a resource id, or ""),
    origin.
    ``snapshots``: region, identifier, data_id, of (the resource id of the instance), kind.
    """
    import moto.backends

    backends = moto.backends.get_backend("rds")
    if account_id not in backends:
        return {"instances": [], "snapshots": []}
    found = list(backends[account_id].values())
    return {
        "instances": [each for backend in found for each in _instances(backend)],
        "snapshots": [each for backend in found for each in _snapshots(backend)],
    }


def _instances(backend: Any) -> Iterator[dict[str, Any]]:
    for database in backend.databases.values():
        cluster = getattr(database, "cluster", None)
        owner = cluster or database
        volume = getattr(cluster, "data_of", "")
        origin = {"instance": volume} if volume else getattr(owner, "data_origin", None) or {}
        secret = getattr(owner, "master_user_secret", None)
        yield {
            "region": backend.region_name,
            "identifier": database.db_instance_identifier,
            "resource_id": database.dbi_resource_id,
            "engine": database.engine,
            "version": database.engine_version,
            "port": int((cluster.port if cluster else database.port) or 0),
            "user": owner.master_username or "",
            "password": "" if secret else getattr(owner, "_master_user_password", None) or "",
            "secret": secret.secret_arn.rpartition(":secret:")[2].rpartition("-")[0] if secret else "",
            "database": (cluster.database_name if cluster else database.db_name) or "",
            "status": "stopped" if cluster and cluster._status == "stopped" else database.status,
            "replica_of": _source(backend, database, cluster),
            "origin": origin,
        }


def _source(backend: Any, database: Any, cluster: Any) -> str:
    """The resource id of the instance that this one follows."""
    if cluster is not None:
        writer = cluster.writer
        return "" if writer is None or writer is database else str(writer.dbi_resource_id)
    name = database.source_db_instance_identifier
    if not name:
        return ""
    try:
        return str(backend.find_db_from_id(name).dbi_resource_id)
    except Exception:  # its source was deleted; moto says so in its own words
        return ""


def _snapshots(backend: Any) -> Iterator[dict[str, Any]]:
    for snapshot in backend.cluster_snapshots.values():
        yield {
            "region": backend.region_name,
            "identifier": snapshot.db_cluster_snapshot_identifier,
            "data_id": getattr(snapshot, "data_id", ""),
            "of": getattr(snapshot, "data_of", ""),
            "kind": snapshot.snapshot_type,
        }
    for snapshot in backend.database_snapshots.values():
        yield {
            "region": backend.region_name,
            "identifier": snapshot.db_snapshot_identifier,
            "data_id": getattr(snapshot, "data_id", ""),
            "of": snapshot.dbi_resource_id,
            "kind": snapshot.snapshot_type,
        }
