"""Bills that learners work out by hand: each is the sum that a task compares an answer with.

All quantities are a month's; a GB is 2**30 bytes; prices are us-east-1's list prices.
"""

from __future__ import annotations

from math import ceil

from cloudlings.cost.estimate import Estimate, Line, bill, hours
from cloudlings.cost.prices import HOURS_PER_MONTH, price_table
from cloudlings.errors import PriceError

LAMBDA_FREE_REQUESTS = 1_000_000
LAMBDA_FREE_GB_SECONDS = 400_000
LAMBDA_FREE_STORAGE_MB = 512
GP3_INCLUDED_IOPS = 3_000
GP3_INCLUDED_MBPS = 125


def nat_bill(
    gb: float,
    *,
    gateways: int = 1,
    public_addresses: int | None = None,
    cross_az_gb: float = 0.0,
    internet_gb: float = 0.0,
) -> Estimate:
    """What NAT gateways cost: hours, the GB through them (both directions), addresses, and the trips.

    ``gb`` is all that passes; ``cross_az_gb`` the part that comes from another Availability Zone;
    ``internet_gb`` the part that leaves for the internet. Each gateway has one public address unless told.
    """
    addresses = gateways if public_addresses is None else public_addresses
    return bill(
        "NAT gateways",
        price_table(),
        ("nat.hour", "NAT gateways", "hours", hours() * gateways),
        ("nat.gb", "NAT gateways", "data processed", gb),
        ("ipv4.hour", "public IPv4 addresses", "hours", hours() * addresses),
        (
            "transfer.az.each_direction",
            "between Availability Zones",
            "charged on both sides",
            2 * cross_az_gb,
        ),
        ("transfer.internet", "to the internet", "data transfer out", internet_gb),
    )


def endpoint_bill(gb: float, *, zones: int, endpoints: int = 1) -> Estimate:
    """What interface endpoints cost: an hour's price in each of their zones, and the GB through them."""
    return bill(
        "Interface endpoints",
        price_table(),
        ("endpoint.interface.hour", "interface endpoints", "hours in each zone", hours() * zones * endpoints),
        ("endpoint.interface.gb", "interface endpoints", "data processed", gb),
    )


def break_even_gb(*, zones: int, endpoints: int = 1, gateways_removed: int = 0) -> float:
    """The GB a month from which interface endpoints cost less than sending the same data through NAT.

    Only the data's price is weighed unless ``gateways_removed`` NAT gateways, with an address each, go too.
    """
    table = price_table()
    saved_per_gb = table["nat.gb"].usd - table["endpoint.interface.gb"].usd
    fixed = (
        endpoint_bill(0, zones=zones, endpoints=endpoints).usd - nat_bill(0, gateways=gateways_removed).usd
    )
    return max(0.0, fixed / saved_per_gb)


def lambda_bill(
    invocations: float,
    *,
    milliseconds: float,
    memory_mb: int,
    architecture: str = "x86_64",
    storage_mb: int = LAMBDA_FREE_STORAGE_MB,
    cold_starts: float = 0.0,
    init_milliseconds: float = 0.0,
    free_tier: bool = False,
) -> Estimate:
    """What a function costs: requests, and memory × time billed by the whole millisecond, INIT included.

    ``free_tier`` takes off the requests and GB-seconds that every account has free each month.
    """
    seconds = (invocations * ceil(milliseconds) + cold_starts * ceil(init_milliseconds)) / 1000
    gb_seconds = seconds * memory_mb / 1024
    if free_tier:
        invocations = max(0.0, invocations - LAMBDA_FREE_REQUESTS)
        gb_seconds = max(0.0, gb_seconds - LAMBDA_FREE_GB_SECONDS)
    storage = seconds * max(0, storage_mb - LAMBDA_FREE_STORAGE_MB) / 1024
    return bill(
        "Lambda",
        price_table(),
        ("lambda.requests", "function", "requests", invocations / 1e6),
        (f"lambda.{architecture}.gb_second", "function", "memory × time", gb_seconds),
        ("lambda.storage.gb_second", "function", "storage above 512 MB × time", storage),
    )


def volume_bill(kind: str, gb: float, *, iops: int = 0, throughput: int = 0) -> Estimate:
    """What an EBS volume of ``kind`` costs: its size, and the IOPS and MB/s that are paid for.

    gp3 includes 3,000 IOPS and 125 MB/s; io1 and io2 pay for every one of ``iops``.
    """
    lines = [(f"ebs.{kind}.gb_month", kind, "storage", gb)]
    if kind == "gp3":
        lines.append(("ebs.gp3.iops_month", kind, "IOPS above 3,000", max(0, iops - GP3_INCLUDED_IOPS)))
        lines.append(
            (
                "ebs.gp3.throughput_month",
                kind,
                "throughput above 125 MB/s",
                max(0, throughput - GP3_INCLUDED_MBPS),
            )
        )
    elif kind in ("io1", "io2"):
        lines.append((f"ebs.{kind}.iops_month", kind, "provisioned IOPS", iops))
    return bill(f"EBS {kind} volume", price_table(), *lines)


def instance_bill(
    instance_type: str,
    *,
    running_hours: float = HOURS_PER_MONTH,
    volume_kind: str = "gp3",
    volume_gb: float = 8,
    public_address_hours: float | None = None,
    elastic_address: bool = False,
) -> Estimate:
    """What an instance costs: hours while it runs, and its volume whether it runs or not.

    A public address is charged while the instance has it: an auto-assigned one goes when the instance
    stops, an Elastic IP address stays (and stays on the bill) for the whole month.
    """
    if not 0 <= running_hours <= HOURS_PER_MONTH:
        raise PriceError(
            f"A month has 730 hours; {running_hours} is not among them.", next_step="Give 0 to 730."
        )
    address = hours() if elastic_address else (public_address_hours or 0.0)
    made = bill(
        f"{instance_type}, {running_hours:g} hours",
        price_table(),
        (f"ec2.{instance_type}", instance_type, "hours running", running_hours),
        ("ipv4.hour", "public IPv4 address", "hours", address),
    )
    volume = volume_bill(volume_kind, volume_gb)
    return Estimate(made.title, made.lines + volume.lines, made.region)


def transfer_bill(*, internet_gb: float = 0, cross_az_gb: float = 0, region_gb: float = 0) -> Estimate:
    """What moving data costs: to the internet (100 GB free), between zones (both sides pay), to a Region."""
    return bill(
        "Data transfer",
        price_table(),
        ("transfer.internet", "to the internet", "out", internet_gb),
        (
            "transfer.az.each_direction",
            "between Availability Zones",
            "charged on both sides",
            2 * cross_az_gb,
        ),
        ("transfer.region", "to another Region", "out", region_gb),
    )


def logs_bill(*, ingested_gb: float = 0, stored_gb: float = 0, scanned_gb: float = 0) -> Estimate:
    """What CloudWatch Logs costs: GB taken in, GB that lie there packed, GB that queries look through."""
    return bill(
        "CloudWatch Logs",
        price_table(),
        ("logs.ingested_gb", "logs", "taken in", ingested_gb),
        ("logs.stored.gb_month", "logs", "stored, packed", stored_gb),
        ("logs.insights.scanned_gb", "Logs Insights", "looked through", scanned_gb),
    )


def metrics_bill(
    metrics: float, *, alarms: float = 0, band_alarms: float = 0, composites: float = 0, dashboards: float = 0
) -> Estimate:
    """What custom metrics cost, by tiers, with alarms (one metric each, or on a band) and dashboards."""
    return bill(
        "CloudWatch",
        price_table(),
        ("cloudwatch.metric_month", "custom metrics", "name and dimensions each", metrics),
        ("cloudwatch.alarm_month", "alarms", "metrics that they look at", alarms),
        ("cloudwatch.band_alarm_month", "alarms on a band", "three metrics each", band_alarms),
        ("cloudwatch.composite_alarm_month", "composite alarms", "each", composites),
        ("cloudwatch.dashboard_month", "dashboards", "each", dashboards),
    )


def total(title: str, *estimates: Estimate) -> Estimate:
    """Several estimates as one."""
    lines: tuple[Line, ...] = tuple(line for one in estimates for line in one.lines)
    return Estimate(title, lines, assumptions=tuple(text for one in estimates for text in one.assumptions))
