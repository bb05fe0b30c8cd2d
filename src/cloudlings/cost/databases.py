"""What an RDS database costs a month: hours, storage and backups, twice the first two with a standby."""

from __future__ import annotations

from cloudlings.cost.estimate import Estimate, bill, hours
from cloudlings.cost.prices import price_table


def database_bill(
    kind: str,
    gb: float,
    *,
    engine: str = "postgres",
    multi_az: bool = False,
    replicas: int = 0,
    storage: str = "gp3",
    extra_backup_gb: float = 0.0,
) -> Estimate:
    """An instance of ``kind`` (``db.t4g.medium``) with ``gb`` of storage.

    A Multi-AZ deployment with one standby bills instance and storage twice; each read replica is an instance
    with storage of its own. ``extra_backup_gb`` is what backups take beyond the size of the database, which
    is free (RDS pricing, "Backup storage").
    """
    copies = (2 if multi_az else 1) + replicas
    return bill(
        f"{kind}, {gb:g} GB",
        price_table(),
        (f"rds.{engine}.{kind}", kind, "instance hours", hours() * copies),
        (f"rds.storage.{storage}", storage, "storage", gb * copies),
        ("rds.backup.gb_month", "backups", "beyond the size of the database", extra_backup_gb),
    )
