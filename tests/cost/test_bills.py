"""The bills that learners work out by hand."""

import pytest

from cloudlings.cost import (
    break_even_gb,
    endpoint_bill,
    instance_bill,
    lambda_bill,
    logs_bill,
    metrics_bill,
    nat_bill,
    total,
    transfer_bill,
    volume_bill,
)
from cloudlings.errors import PriceError


def test_a_nat_gateway_costs_hours_data_and_its_address() -> None:
    """730 h × ($0.045 + $0.005) + 500 GB × $0.045: the worked examples of the sources, with the address."""
    assert nat_bill(500).usd == pytest.approx(32.85 + 22.50 + 3.65)


def test_two_nat_gateways_cost_twice_the_hours_and_once_the_data() -> None:
    """A NAT gateway in each zone doubles what is fixed, and saves the trip between zones."""
    one, two = nat_bill(1000, cross_az_gb=500), nat_bill(1000, gateways=2)
    assert two.usd - one.usd == pytest.approx(36.50 - 10.00)


def test_a_private_nat_gateway_has_no_public_address() -> None:
    """Its hours and data cost the same."""
    assert nat_bill(0, public_addresses=0).usd == pytest.approx(32.85)


def test_an_interface_endpoint_is_paid_in_every_zone() -> None:
    """$0.01 an hour in each zone: forgetting the zones halves the bill."""
    assert endpoint_bill(100, zones=2).usd == pytest.approx(2 * 7.30 + 1.00)


def test_break_even_is_where_both_bills_meet() -> None:
    """Beyond it the endpoint is cheaper, below it the NAT gateway's data price is."""
    gb = break_even_gb(zones=2)
    assert gb == pytest.approx(14.60 / 0.035)
    assert endpoint_bill(gb, zones=2).usd == pytest.approx(nat_bill(gb, gateways=0).usd)


def test_break_even_is_at_once_when_the_nat_gateway_goes() -> None:
    """One NAT gateway's hours pay for an endpoint in two zones."""
    assert break_even_gb(zones=2, gateways_removed=1) == 0


def test_lambda_is_billed_by_the_whole_millisecond_with_init() -> None:
    """27.55 ms count as 28; the INIT phase of cold starts counts too (since August 2025)."""
    bill = lambda_bill(1e6, milliseconds=27.55, memory_mb=1024, cold_starts=1e4, init_milliseconds=200)
    assert bill.usd == pytest.approx(0.20 + (28_000 + 2_000) * 0.0000166667)


def test_lambda_of_awss_own_example() -> None:
    """3 M requests of 1 s at 512 MB, less the free tier: AWS's page says $18.34 + $0.40."""
    bill = lambda_bill(3e6, milliseconds=1000, memory_mb=512, free_tier=True)
    assert bill.usd == pytest.approx(18.73, abs=0.02)


def test_gp3_pays_only_above_what_it_includes() -> None:
    """300 GB at 10,000 IOPS: 7,000 IOPS are charged; io2 charges all 10,000."""
    assert volume_bill("gp3", 300, iops=10_000).usd == pytest.approx(24 + 35)
    assert volume_bill("gp3", 300, iops=3_000, throughput=125).usd == pytest.approx(24)
    assert volume_bill("io2", 300, iops=10_000).usd == pytest.approx(37.5 + 650)


def test_a_stopped_instance_still_pays_its_volume_and_elastic_address() -> None:
    """Stopped: hours end, the volume and the Elastic IP address stay on the bill."""
    stopped = instance_bill("t3.micro", running_hours=0, volume_gb=30, elastic_address=True)
    assert stopped.usd == pytest.approx(30 * 0.08 + 3.65)


def test_more_hours_than_a_month_has_is_refused() -> None:
    """A quantity that no month has is an error, not a bill."""
    with pytest.raises(PriceError, match="730"):
        instance_bill("t3.micro", running_hours=731)


def test_between_zones_both_sides_pay() -> None:
    """100 GB moved is $2: one cent out, one cent in."""
    assert transfer_bill(cross_az_gb=100).usd == pytest.approx(2.0)


def test_a_total_keeps_every_line() -> None:
    """Adding estimates loses neither lines nor what is not confirmed."""
    both = total("both", nat_bill(1), volume_bill("gp2", 8))
    assert both.usd == pytest.approx(nat_bill(1).usd + 0.8)
    assert [line.what for line in both.unconfirmed] == ["storage"]
    assert "price not confirmed" in str(both)


def test_logs_are_paid_for_coming_in_lying_there_and_being_looked_through() -> None:
    """1,000 GB at $0.50, 150 GB-months at $0.03, and 2,000 GB that queries look through at $0.005."""
    assert logs_bill(ingested_gb=1000).usd == pytest.approx(500)
    assert logs_bill(ingested_gb=1000, stored_gb=150, scanned_gb=2000).usd == pytest.approx(500 + 4.50 + 10)


def test_custom_metrics_cost_less_the_more_there_are() -> None:
    """The first 10,000 cost $0.30 each, the next 240,000 $0.10; alarms and dashboards come on top."""
    assert metrics_bill(12_000).usd == pytest.approx(3000 + 200)
    few = metrics_bill(3, alarms=4, band_alarms=1, composites=1, dashboards=1)
    assert few.usd == pytest.approx(0.90 + 0.40 + 0.30 + 0.50 + 3.00)
