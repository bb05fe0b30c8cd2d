"""Restores from S3's archive classes: how long each tier takes, and which is the cheapest that is in time.

Source: Amazon S3 User Guide, "Archive retrieval options": from Glacier Flexible Retrieval, expedited 1-5
minutes, standard 3-5 hours, bulk 5-12 hours; from Glacier Deep Archive, standard within 12 hours, bulk within
48, and no expedited tier. The slower tier of a class is never dearer than the faster one (Amazon S3 pricing).
"""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.errors import ModelError

SLOWEST_HOURS: Mapping[str, Mapping[str, float]] = {
    "GLACIER": {"Expedited": 5 / 60, "Standard": 5, "Bulk": 12},
    "DEEP_ARCHIVE": {"Standard": 12, "Bulk": 48},
}
"""The time by which a restore is there, in hours, by storage class and tier (the slow end of AWS's range)."""


def tiers(storage_class: str) -> Mapping[str, float]:
    """The tiers of an archive class with their slowest hours; `ModelError` for a class without restores."""
    if storage_class not in SLOWEST_HOURS:
        raise ModelError(
            f"Nothing is restored from {storage_class}: it is read directly, or no class of S3's.",
            next_step=f"use one of: {', '.join(SLOWEST_HOURS)}",
        )
    return SLOWEST_HOURS[storage_class]


def cheapest_tier(storage_class: str, deadline_hours: float) -> str:
    """The slowest tier that is surely done by the deadline; "" when none is."""
    in_time = [(hours, name) for name, hours in tiers(storage_class).items() if hours <= deadline_hours]
    return max(in_time)[1] if in_time else ""


def standard_hours(storage_class: str) -> float:
    """How long a read takes at most with a standard retrieval: 0 for classes that answer at once."""
    return SLOWEST_HOURS.get(storage_class, {}).get("Standard", 0)
