"""S3 storage classes: what a way of using data costs in each, and which fits."""

import pytest

from cloudlings.cost import StorageProfile, cheapest, storage_bill, unfit
from cloudlings.errors import PriceError

TB = 1024


def names(profile: StorageProfile) -> list[str]:
    return [bill.title for bill in cheapest(profile)]


def test_data_read_all_the_time_is_cheapest_in_standard() -> None:
    """Retrieval fees of the infrequent classes outweigh their lower storage price."""
    busy = StorageProfile(gb=TB, objects=10_000, gets=1e6, retrieved_gb=3 * TB)
    assert names(busy)[0] == "STANDARD"
    assert storage_bill(busy, "STANDARD").usd == pytest.approx(1024 * 0.023 + 1000 * 0.0004)


def test_backups_read_now_and_then_are_cheapest_in_an_infrequent_class() -> None:
    """Read now and then, at once: between Standard and the archives."""
    backups = StorageProfile(gb=TB, objects=1_000, gets=600, retrieved_gb=0.6 * TB)
    assert names(backups)[0] == "STANDARD_IA"


def test_compliance_data_that_can_wait_is_cheapest_in_deep_archive() -> None:
    """Kept seven years, never read: the coldest class."""
    records = StorageProfile(gb=10 * TB, objects=10_000, kept_days=2555, immediate=False)
    assert names(records)[0] == "DEEP_ARCHIVE"


def test_an_archive_does_not_fit_reads_that_cannot_wait() -> None:
    """The reason is told with the class."""
    profile = StorageProfile(gb=1, objects=1)
    assert "restored" in unfit(profile, "GLACIER")
    assert "GLACIER" not in names(profile)
    assert "GLACIER_IR" in names(profile)


def test_one_zone_fits_only_data_that_may_be_lost_with_a_zone() -> None:
    """One Zone-IA is cheaper than Standard-IA, for data that can be made again."""
    assert "Availability Zone" in unfit(StorageProfile(gb=1, objects=1), "ONEZONE_IA")
    thumbnails = StorageProfile(gb=TB, objects=1_000, survives_a_zone=False, retrieved_gb=0.5 * TB)
    assert names(thumbnails)[0] == "ONEZONE_IA"


def test_small_objects_are_billed_as_128_kb_in_infrequent_access() -> None:
    """A million objects of 1 KB are 122 GB on the bill of Standard-IA."""
    small = StorageProfile(gb=1e6 / 2**20, objects=1_000_000)
    assert storage_bill(small, "STANDARD_IA").usd == pytest.approx(1e6 * 128 / 2**20 * 0.0125)
    assert storage_bill(small, "STANDARD").usd < storage_bill(small, "STANDARD_IA").usd


def test_objects_deleted_early_pay_the_rest_of_the_minimum() -> None:
    """Kept 10 days in a class with 30: three times the storage."""
    brief = StorageProfile(gb=100, objects=100, kept_days=10)
    assert storage_bill(brief, "STANDARD_IA").usd == pytest.approx(3 * 1.25)
    assert names(brief)[0] == "STANDARD"


def test_an_archived_object_carries_40_kb_of_metadata() -> None:
    """32 KB at the archive's price and 8 KB at Standard's, for each object."""
    many = StorageProfile(gb=1, objects=1_000_000, immediate=False)
    expected = (1 + 1e6 * 32 / 2**20) * 0.00099 + 1e6 * 8 / 2**20 * 0.023
    assert storage_bill(many, "DEEP_ARCHIVE").usd == pytest.approx(expected)


def test_intelligent_tiering_pays_monitoring_and_follows_what_is_read() -> None:
    """Unpredictable use: no retrieval fee, a small fee for each object."""
    unknown = StorageProfile(
        gb=TB, objects=100_000, retrieved_gb=TB, untouched_30_days=0.8, untouched_90_days=0.5
    )
    expected = TB * (0.2 * 0.023 + 0.3 * 0.0125 + 0.5 * 0.004) + 100 * 0.0025
    assert storage_bill(unknown, "INTELLIGENT_TIERING").usd == pytest.approx(expected)
    assert names(unknown)[0] == "INTELLIGENT_TIERING"


def test_objects_below_128_kb_are_not_monitored() -> None:
    """They stay in the frequent tier, without the monitoring fee."""
    small = StorageProfile(gb=1, objects=100_000, untouched_30_days=1)
    assert storage_bill(small, "INTELLIGENT_TIERING").usd == pytest.approx(0.023)


def test_restoring_pays_for_each_object_and_for_the_data() -> None:
    """AWS's own example: 15 M objects and 100 TB restored from Flexible Retrieval, standard: $1,774."""
    restore = StorageProfile(gb=1, objects=1, gets=15e6, retrieved_gb=102_400, immediate=False)
    lines = {line.what: line.usd for line in storage_bill(restore, "GLACIER").lines}
    assert lines["restores"] + lines["restored"] == pytest.approx(1774)


@pytest.mark.parametrize("wrong", [{"gb": 0}, {"objects": 0}, {"untouched_90_days": 0.5}])
def test_an_impossible_profile_is_refused(wrong: dict[str, float]) -> None:
    """Nothing stored, or more idle for 90 days than for 30."""
    with pytest.raises(PriceError):
        StorageProfile(**{"gb": 1, "objects": 1, **wrong})  # type: ignore[arg-type]


def test_an_unknown_class_is_an_error_by_name() -> None:
    """A misspelt class is told the names that exist."""
    with pytest.raises(PriceError, match="STANDARD-IA") as caught:
        storage_bill(StorageProfile(gb=1, objects=1), "STANDARD-IA")
    assert "STANDARD_IA" in caught.value.next_step
