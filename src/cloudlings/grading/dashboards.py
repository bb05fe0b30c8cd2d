"""What a dashboard shows: its graphs as metric data queries, and their values for metrics that are fed.

Source: CloudWatch API reference, "Dashboard Body Structure and Syntax": metric widgets, the format of each
metric in the array, and its shorthands ``.`` and ``...``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ExpressionError
from cloudlings.grading.alarm_rules import Feed, Metric
from cloudlings.grading.vpc_state import shown
from cloudlings.sandbox.cloudwatch import queries
from cloudlings.sandbox.cloudwatch.series import Series

Wanted = Callable[[int], Sequence[Mapping[str, Any]]]
"""What one wants to see, as metric data queries for a period."""
PERIOD = 300
"""Seconds of a metric widget's period, unless told."""
MINUTE = 60


@dataclass(frozen=True)
class Graph:
    """What a metric widget shows of one Region, and what it asks there. ``problem``: why it shows nothing."""

    title: str
    region: str
    queries: tuple[Mapping[str, Any], ...] = ()
    problem: str = ""


def graphs(account: Account) -> Iterator[tuple[str, Graph]]:
    """The metric widgets of the account's dashboards, by Region, with the dashboard's name."""
    client = account.client("cloudwatch")
    for entry in client.list_dashboards()["DashboardEntries"]:
        name = entry["DashboardName"]
        body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
        widgets = body.get("widgets") if isinstance(body, dict) else None
        for widget in widgets if isinstance(widgets, list) else ():
            if isinstance(widget, dict) and widget.get("type") == "metric":
                for each in read(_options(widget.get("properties")), account.region_name):
                    yield name, each


def read(properties: Mapping[str, Any], home: str) -> tuple[Graph, ...]:
    """A metric widget's properties: a graph for each Region that its metrics are of."""
    title, usual = str(properties.get("title") or "(no title)"), str(properties.get("region") or home)
    try:
        asked = tuple(_queries(properties, usual))
    except (ValueError, TypeError) as error:
        return (Graph(title, usual, problem=f"cannot be read: {error}"),)
    regions = {region for region, _ in asked if region} or {usual}
    return tuple(
        Graph(title, here, tuple(query if region in ("", here) else _empty(query) for region, query in asked))
        for here in sorted(regions)
    )


def _empty(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """A metric that is of another Region than the one that is looked at: it has no values there."""
    asked = query["MetricStat"]
    return {**query, "MetricStat": {**asked, "Metric": {**asked["Metric"], "Namespace": "elsewhere"}}}


def _options(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _queries(properties: Mapping[str, Any], usual: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each of a widget's metrics as a metric data query with its Region; an expression has none."""
    period = int(properties.get("period") or PERIOD)
    previous: list[str] = []
    for number, entry in enumerate(properties.get("metrics") or ()):
        if not isinstance(entry, list) or not entry:
            raise ValueError(f"metric {number + 1} is no list")
        options = _options(entry[-1])
        base = {"Id": options.get("id") or f"auto{number}", "ReturnData": options.get("visible", True)}
        own = int(options.get("period") or period)
        if options.get("expression"):
            yield "", {**base, "Expression": str(options["expression"]), "Period": own}
            continue
        previous = _spelled_out([str(part) for part in entry if not isinstance(part, dict)], previous)
        if len(previous) < 2 or len(previous) % 2:
            raise ValueError(
                f"metric {number + 1} is not a namespace, a name, and for each dimension its name and value"
            )
        dimensions = [
            {"Name": key, "Value": value} for key, value in zip(previous[2::2], previous[3::2], strict=True)
        ]
        measured = {
            "Metric": {"Namespace": previous[0], "MetricName": previous[1], "Dimensions": dimensions},
            "Stat": str(options.get("stat") or properties.get("stat") or "Average"),
            "Period": own,
        }
        yield str(options.get("region") or usual), {**base, "MetricStat": measured}


def _spelled_out(names: Sequence[str], previous: Sequence[str]) -> list[str]:
    """A metric without shorthands: ``.`` repeats one part of the one before, ``...`` all up to the rest."""
    if "..." in names:
        rest = list(names[names.index("...") + 1 :])
        return [*previous[: len(previous) - len(rest)], *rest]
    short = [number for number, part in enumerate(names) if part == "."]
    if short and short[-1] >= len(previous):
        raise ValueError("a point repeats what no metric before it has")
    return [previous[number] if part == "." else part for number, part in enumerate(names)]


def shows(one: Graph, feed: Feed) -> list[Mapping[float, float]]:
    """A graph's lines for metrics that are fed, each its values by second; none where it has no answer."""
    try:
        return [result.values for result in queries.results(one.queries, _source(feed))]
    except ExpressionError:
        return []


def _source(feed: Feed) -> queries.Source:
    """The fed metrics, by name and by search."""
    end = feed.minutes * 60.0

    def search(text: str, statistic: str, period: int) -> tuple[Series, ...]:
        finder = queries.search(text)
        found = [
            series(f"s{number}", metric, statistic, period)
            for number, metric in enumerate(feed.data)
            if finder.finds(metric.namespace, metric.name, dict(metric.dimensions))
        ]
        made = queries.results(found, _source(feed)) if found else []
        return tuple(Series(result.values, period, result.label) for result in made)

    return queries.Source(lambda asked, unit: feed.samples(asked, unit, 0.0, end), 0.0, end, search)


def same_line(left: Mapping[float, float], right: Mapping[float, float]) -> bool:
    """Whether two lines have the same points, to a thousandth."""
    return set(left) == set(right) and all(abs(left[at] - right[at]) <= 0.001 for at in left)


def series(name: str, metric: Metric, stat: str, period: int, shown_too: bool = True) -> Mapping[str, Any]:
    """A metric's statistic as a metric data query."""
    asked = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions],
    }
    return {
        "Id": name,
        "MetricStat": {"Metric": asked, "Stat": stat, "Period": period},
        "ReturnData": shown_too,
    }


def share(failed: Metric, every: Metric, period: int) -> Sequence[Mapping[str, Any]]:
    """Which share of all failed, in percent, as metric data queries."""
    return [
        series("f", failed, "Sum", period, False),
        series("o", every, "Sum", period, False),
        {"Id": "e", "Expression": "100 * f / o", "Period": period, "ReturnData": True},
    ]


def answers(one: Graph, feed: Feed, wanted: Wanted) -> bool:
    """Whether a graph has a line that is what one wants to see, in periods of five minutes at most."""
    periods = {q["MetricStat"]["Period"] for q in one.queries if q.get("MetricStat")}
    if any("SEARCH(" in str(q.get("Expression", "")) for q in one.queries):
        # The period stands in the text: a line has the points of one.
        periods |= {MINUTE, PERIOD}
    lines, source = shows(one, feed), _source(feed)
    right = [queries.results(wanted(period), source)[0].values for period in periods if period <= 300]
    return any(same_line(line, each) for each in right for line in lines)


def drawn(here: Sequence[Graph], feed: Feed) -> str:
    """What some graphs show of a feed, in words."""
    words = [
        f"“{one.title}”: {one.problem or ('empty' if not any(shows(one, feed)) else 'something else')}"
        for one in here[:4]
    ]
    return f"There are {shown(words)}." if words else ""
