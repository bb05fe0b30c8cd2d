"""Restores from the archive classes."""

from __future__ import annotations

import pytest

from cloudlings.errors import ModelError
from cloudlings.models import archive


@pytest.mark.parametrize(
    ("storage_class", "deadline", "tier"),
    [
        ("GLACIER", 24, "Bulk"),
        ("GLACIER", 12, "Bulk"),
        ("GLACIER", 8, "Standard"),
        ("GLACIER", 1, "Expedited"),
        ("DEEP_ARCHIVE", 72, "Bulk"),
        ("DEEP_ARCHIVE", 24, "Standard"),
        ("DEEP_ARCHIVE", 6, ""),
    ],
)
def test_cheapest_tier(storage_class: str, deadline: float, tier: str) -> None:
    """The cheapest tier is the slowest that is surely in time, and there may be none."""
    assert archive.cheapest_tier(storage_class, deadline) == tier


def test_not_an_archive() -> None:
    """Glacier Instant Retrieval is read directly: nothing is restored from it."""
    with pytest.raises(ModelError, match="GLACIER_IR"):
        archive.tiers("GLACIER_IR")
    assert archive.standard_hours("GLACIER_IR") == 0
