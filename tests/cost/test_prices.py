"""The price table is dated, sourced, honest about what is not confirmed, and computes tiers."""

import math
from datetime import date

import pytest

from cloudlings.cost import PriceTable, price_table
from cloudlings.errors import PriceError


@pytest.fixture
def table() -> PriceTable:
    return price_table()


def test_every_price_has_a_dated_source(table: PriceTable) -> None:
    """A figure without a source and its date cannot be checked later."""
    assert len(table.prices) > 100
    for price in table.prices.values():
        assert price.sources, price.key
        assert all(isinstance(source.date, date) and source.where for source in price.sources), price.key
        assert price.tiers[-1][0] == math.inf, price.key
        assert all(rate >= 0 for _, rate in price.tiers), price.key


def test_a_figure_from_memory_alone_is_never_confirmed(table: PriceTable) -> None:
    """What no stored page says is used, and marked."""
    believed = [p for p in table.prices.values() if all("from memory" in s.title for s in p.sources)]
    assert believed
    assert not any(price.confirmed for price in believed)


def test_a_confirmed_figure_rests_on_aws_or_on_two_sources(table: PriceTable) -> None:
    """One secondary page is not enough."""
    for price in table.prices.values():
        others = [source for source in price.sources if "from memory" not in source.title]
        by_aws = any(source.title.startswith("AWS re:Post") for source in others)
        assert not price.confirmed or by_aws or len(others) >= 2, price.key


@pytest.mark.parametrize(
    ("gb", "usd"),
    [(0, 0.0), (100, 0.0), (101, 0.09), (10_240, 912.60), (20_480, 912.60 + 870.40)],
)
def test_data_to_the_internet_is_charged_tier_by_tier(table: PriceTable, gb: float, usd: float) -> None:
    """The first 100 GB a month are free, then the price falls with volume."""
    assert table["transfer.internet"].cost(gb) == pytest.approx(usd)


def test_an_unknown_price_is_an_error_by_name(table: PriceTable) -> None:
    """No price is ever taken to be zero because it is missing."""
    with pytest.raises(PriceError, match=r"ec2\.t3\.gigantic") as caught:
        table["ec2.t3.gigantic"]
    assert "ec2.t3.micro" in caught.value.next_step


def test_another_region_has_no_table() -> None:
    """Prices differ by Region: none is silently reused."""
    with pytest.raises(PriceError, match="eu-west-1"):
        price_table("eu-west-1")
