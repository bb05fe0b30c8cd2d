"""What graders of custom metrics share: what a metric got in the last day, and which metrics there are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cloudlings.account import Account
from cloudlings.grading.alarm_rules import Metric, Raw
from cloudlings.grading.vpc_state import shown


def listed(metrics: Sequence[Raw]) -> str:
    """Some of the metrics of a list, each as its name and its dimensions' names."""
    told = {
        f"{one['MetricName']}({', '.join(sorted(pair['Name'] for pair in one['Dimensions']))})"
        for one in metrics
    }
    return shown(sorted(told)[:6])


def listed_in(account: Account, namespace: str) -> list[Raw]:
    """The metrics of a namespace."""
    pages = account.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace)
    return [one for page in pages for one in page["Metrics"]]


def around_now(account: Account) -> tuple[int, int]:
    """A day that holds this moment, in seconds: by the account's newest request, so it can be replayed."""
    rows = account.journal()
    now = int(rows[-1]["time"]) if rows else int(time.time())
    return (now - 86_400) // 60 * 60, now // 60 * 60 + 600


def total_of(account: Account, metric: Metric, when: tuple[int, int]) -> tuple[float, float]:
    """How many values a metric got, and their sum; of its own unit only."""
    found = account.client("cloudwatch").get_metric_statistics(
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": name, "Value": value} for name, value in sorted(metric.dimensions)],
        StartTime=when[0],
        EndTime=when[1],
        Period=3600,
        Statistics=["Sum", "SampleCount"],
        Unit=metric.unit,
    )["Datapoints"]
    return sum(one["SampleCount"] for one in found), sum(one["Sum"] for one in found)


def values_of(account: Account, one: Raw, when: tuple[int, int]) -> float:
    """How many values a listed metric got, of any unit."""
    found = account.client("cloudwatch").get_metric_statistics(
        Namespace=one["Namespace"],
        MetricName=one["MetricName"],
        Dimensions=one["Dimensions"],
        StartTime=when[0],
        EndTime=when[1],
        Period=3600,
        Statistics=["SampleCount"],
    )["Datapoints"]
    return float(sum(point["SampleCount"] for point in found))
