"""Bills of databases: machines and disks, counted."""

from __future__ import annotations

import pytest

from cloudlings.cost import price_table
from cloudlings.cost.databases import database_bill


@pytest.mark.parametrize(("asked", "machines"), [({}, 1), ({"multi_az": True}, 2), ({"replicas": 2}, 3)])
def test_machines(asked: dict[str, int], machines: int) -> None:
    """A standby and each replica are a machine and a disk more; backups are billed once."""
    prices = price_table()
    one = 730 * prices["rds.postgres.db.t4g.medium"].usd + 100 * prices["rds.storage.gp3"].usd
    found = database_bill("db.t4g.medium", 100, extra_backup_gb=40, **asked)  # type: ignore[arg-type]
    assert found.usd == pytest.approx(machines * one + 40 * prices["rds.backup.gb_month"].usd)
