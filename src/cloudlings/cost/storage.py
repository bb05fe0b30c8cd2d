"""What a way of using S3 costs in each storage class, so that the cheapest that fits can be chosen.

The rules are those of S3's user guide ("Understanding S3 storage classes", "Constraints for transitions"):
minimum storage durations, the smallest size that is billed, metadata of archived objects, monitoring.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloudlings.cost.estimate import Estimate, bill
from cloudlings.cost.prices import price_table
from cloudlings.errors import PriceError

GB = 2**30
KB = 2**10
MONITORED_BYTES = 128 * KB


@dataclass(frozen=True)
class StorageClass:
    """What holds for a class besides its prices.

    ``minimum_days`` and ``minimum_bytes`` are billed even when an object is kept shorter or is smaller;
    ``overhead_*`` are added to each archived object (index in the class, name in Standard).
    """

    name: str
    minimum_days: int = 0
    minimum_bytes: int = 0
    overhead_class_bytes: int = 0
    overhead_standard_bytes: int = 0
    immediate: bool = True
    zones: int = 3


STORAGE_CLASSES = {
    one.name: one
    for one in (
        StorageClass("STANDARD"),
        StorageClass("INTELLIGENT_TIERING"),
        StorageClass("STANDARD_IA", minimum_days=30, minimum_bytes=128 * KB),
        StorageClass("ONEZONE_IA", minimum_days=30, minimum_bytes=128 * KB, zones=1),
        StorageClass("GLACIER_IR", minimum_days=90, minimum_bytes=128 * KB),
        StorageClass(
            "GLACIER",
            minimum_days=90,
            overhead_class_bytes=32 * KB,
            overhead_standard_bytes=8 * KB,
            immediate=False,
        ),
        StorageClass(
            "DEEP_ARCHIVE",
            minimum_days=180,
            overhead_class_bytes=32 * KB,
            overhead_standard_bytes=8 * KB,
            immediate=False,
        ),
    )
}


@dataclass(frozen=True)
class StorageProfile:
    """How data is used, in an ordinary month.

    ``gb``: what is stored; ``objects``: in how many objects; ``puts``, ``gets``: requests a month;
    ``retrieved_gb``: what those reads bring back; ``kept_days``: how long an object is kept;
    ``immediate``: a read must answer in milliseconds; ``survives_a_zone``: losing a zone must not lose data;
    ``untouched_30_days``, ``untouched_90_days``: the share of the data not read for that long
    (Intelligent-Tiering moves it); ``by_transition``: objects come by a lifecycle rule, not by PUT;
    ``retrieval``: the tier of restores (standard, bulk, expedited).
    """

    gb: float
    objects: int
    puts: float = 0
    gets: float = 0
    retrieved_gb: float = 0
    kept_days: float = 365
    immediate: bool = True
    survives_a_zone: bool = True
    untouched_30_days: float = 0
    untouched_90_days: float = 0
    by_transition: bool = False
    retrieval: str = "standard"

    def __post_init__(self) -> None:
        if self.gb <= 0 or self.objects <= 0 or self.kept_days <= 0:
            raise PriceError("A storage profile needs gb, objects and kept_days above zero.")
        if not 0 <= self.untouched_90_days <= self.untouched_30_days <= 1:
            raise PriceError("Shares of untouched data lie between 0 and 1, and 90 days is part of 30 days.")


def unfit(profile: StorageProfile, name: str) -> str:
    """Why a class does not fit the profile, in a sentence; empty when it does."""
    rules = _class(name)
    if profile.immediate and not rules.immediate:
        return f"{name} has to be restored first, minutes to hours: reads must answer in milliseconds."
    if profile.survives_a_zone and rules.zones < 2:
        return f"{name} keeps data in one Availability Zone: losing the zone loses the data."
    return ""


def storage_bill(profile: StorageProfile, name: str) -> Estimate:
    """What the profile costs a month in class ``name`` (an S3 name, such as STANDARD_IA), fit or not."""
    rules = _class(name)
    stored = (
        list(_intelligent_tiering(profile))
        if name == "INTELLIGENT_TIERING"
        else list(_stored(profile, rules))
    )
    return bill(name, price_table(), *stored, *_requests(profile, rules))


def cheapest(profile: StorageProfile, among: Iterable[str] = tuple(STORAGE_CLASSES)) -> tuple[Estimate, ...]:
    """The bills of every class that fits the profile, the cheapest first."""
    return tuple(
        sorted((storage_bill(profile, n) for n in among if not unfit(profile, n)), key=lambda e: e.usd)
    )


def _class(name: str) -> StorageClass:
    if name not in STORAGE_CLASSES:
        known = ", ".join(STORAGE_CLASSES)
        raise PriceError(f"S3 has no storage class {name!r} in the table.", next_step=f"Use one of: {known}.")
    return STORAGE_CLASSES[name]


def _stored(profile: StorageProfile, rules: StorageClass) -> Iterable[tuple[str, str, str, float]]:
    each = profile.gb * GB / profile.objects
    billed = profile.objects * (max(each, rules.minimum_bytes) + rules.overhead_class_bytes) / GB
    early = max(1.0, rules.minimum_days / profile.kept_days)
    yield (f"s3.{rules.name}.gb_month", rules.name, "storage", billed)
    yield (
        f"s3.{rules.name}.gb_month",
        rules.name,
        f"deleted before {rules.minimum_days} days",
        billed * (early - 1),
    )
    overhead = profile.objects * rules.overhead_standard_bytes / GB
    yield ("s3.STANDARD.gb_month", rules.name, "names of archived objects, in Standard", overhead)


def _intelligent_tiering(profile: StorageProfile) -> Iterable[tuple[str, str, str, float]]:
    name = "INTELLIGENT_TIERING"
    monitored = profile.gb * GB / profile.objects >= MONITORED_BYTES
    idle_30, idle_90 = (profile.untouched_30_days, profile.untouched_90_days) if monitored else (0.0, 0.0)
    yield (f"s3.{name}.frequent.gb_month", name, "frequent access", profile.gb * (1 - idle_30))
    yield (f"s3.{name}.infrequent.gb_month", name, "not read for 30 days", profile.gb * (idle_30 - idle_90))
    yield (f"s3.{name}.archive_instant.gb_month", name, "not read for 90 days", profile.gb * idle_90)
    yield (f"s3.{name}.monitoring", name, "objects monitored", profile.objects / 1000 if monitored else 0)


def _requests(profile: StorageProfile, rules: StorageClass) -> Iterable[tuple[str, str, str, float]]:
    name = rules.name
    arrives = "transition" if profile.by_transition and name != "STANDARD" else "put"
    yield (f"s3.{name}.{arrives}", name, "objects arriving", profile.puts / 1000)
    yield (f"s3.{name}.get", name, "reads", profile.gets / 1000)
    if not rules.immediate:
        yield (f"s3.{name}.retrieval.{profile.retrieval}", name, "restored", profile.retrieved_gb)
        yield (f"s3.{name}.retrieval.{profile.retrieval}.requests", name, "restores", profile.gets / 1000)
    elif name not in ("STANDARD", "INTELLIGENT_TIERING"):
        yield (f"s3.{name}.retrieval", name, "retrieved", profile.retrieved_gb)
