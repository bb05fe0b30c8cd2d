"""A dashboard's graphs, read as the console reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudlings.grading.alarm_rules import Feed, Metric
from cloudlings.grading.dashboards import Graph, answers, drawn, graphs, read, same_line, series, share, shows

ORDERS, FAILURES = (Metric.of("Shop", name, Service="till") for name in ("Orders", "Failures"))
FEED = Feed(3, {ORDERS: [[(1.0, 40.0)]] * 3, FAILURES: [[(1.0, 4.0)], [(0.0, 40.0)], [(1.0, 10.0)]]})


def graph(properties: dict[str, Any], home: str) -> Graph:
    """The one graph of a widget whose metrics are all of one Region."""
    (one,) = read(properties, home)
    return one


def lines(**properties: Any) -> list[Any]:
    return [dict(line) for line in shows(graph({"period": 60, **properties}, "eu-west-1"), FEED)]


def test_statistic() -> None:
    """A graph shows the widget's statistic, a metric's own one first, and Average where none is said."""
    metric = ["Shop", "Orders", "Service", "till"]
    assert lines(stat="Sum", metrics=[metric]) == [{0.0: 40.0, 60.0: 40.0, 120.0: 40.0}]
    assert lines(stat="Sum", metrics=[[*metric, {"stat": "Maximum"}]])[0][0.0] == 1.0
    assert lines(metrics=[metric])[0][0.0] == 1.0


def test_expression_with_shorthands() -> None:
    """An expression over hidden metrics is one line; dots repeat what the metric before has."""
    found = lines(
        stat="Sum",
        metrics=[
            ["Shop", "Failures", "Service", "till", {"id": "f", "visible": False}],
            [".", "Orders", ".", ".", {"id": "o", "visible": False}],
            [{"expression": "100 * f / o", "id": "e"}],
        ],
    )
    assert found == [{0.0: 10.0, 60.0: 0.0, 120.0: 25.0}]


def test_three_dots() -> None:
    """Three dots stand for all of the metric before but what follows them."""
    one = graph({"metrics": [["A/B", "C", "D", "E"], ["...", "F"]]}, "eu-west-1")
    assert one.queries[1]["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "D", "Value": "F"}]


def searching(words: str, stat: str = "Sum", period: int = 60) -> Graph:
    text = f"SEARCH('{{Shop,Service}} {words}', '{stat}', {period})"
    return graph({"metrics": [[{"expression": text, "id": "e"}]]}, "eu-west-1")


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (searching('MetricName="Orders"'), True),
        (searching('MetricName="Orders"', period=300), True),
        (searching('MetricName="Orders"', "Average"), False),
        # Among all that a search finds is what one wants to see.
        (searching('Service="till"'), True),
        (searching('MetricName="Failures"'), False),
        (searching('MetricName="Returns"'), False),
    ],
)
def test_a_search(one: Graph, found: bool) -> None:
    """A search shows the metrics that it finds, by the statistic and the period that its text has."""
    assert answers(one, FEED, lambda period: [series("m", ORDERS, "Sum", period)]) is found


def test_a_search_beside_a_metric() -> None:
    """Each has a period of its own: one by the hour takes nothing from a search by the minute."""
    hourly = ["Shop", "Failures", "Service", "till", {"period": 3600}]
    text = "SEARCH('{Shop,Service} MetricName=\"Orders\"', 'Sum', 60)"
    one = graph({"metrics": [hourly, [{"expression": text, "id": "e"}]]}, "eu-west-1")
    assert answers(one, FEED, lambda period: [series("m", ORDERS, "Sum", period)])


def test_unreadable_widget() -> None:
    """Metrics that are none are a problem in words, and show nothing."""
    one = graph({"title": "broken", "metrics": [["A"]]}, "eu-west-1")
    assert one.problem
    assert shows(one, FEED) == []


def test_region() -> None:
    """A graph is of its widget's Region, or of the one that its metrics name."""
    assert graph({"region": "us-east-1", "metrics": []}, "eu-west-1").region == "us-east-1"
    assert graph({"metrics": [["A", "B", {"region": "us-east-1"}]]}, "eu-west-1").region == "us-east-1"
    assert graph({"metrics": []}, "eu-west-1").region == "eu-west-1"


def test_same_line() -> None:
    """Two lines are the same if they have the same points."""
    assert same_line({0.0: 1.0}, {0.0: 1.0004})
    assert not same_line({0.0: 1.0}, {0.0: 1.0, 60.0: 1.0})


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"metrics": ["Shop"]}, "metric 1 is no list"),
        ({"metrics": [{"expression": "m1"}]}, "metric 1 is no list"),
        ({"metrics": [["Shop", "Orders"], []]}, "metric 2 is no list"),
        ({"metrics": [["Shop", "Orders", "Service"]]}, "metric 1 is not a namespace"),
        ({"metrics": [["..."]]}, "metric 1 is not a namespace"),
        ({"metrics": [["Shop", "."]]}, "a point repeats"),
        ({"metrics": [["Shop", "Orders"]], "period": "soon"}, "cannot be read"),
        ({"metrics": 5}, "cannot be read"),
    ],
)
def test_a_graph_that_cannot_be_read(properties: dict[str, Any], words: str) -> None:
    """What is no metric is a problem in words, and shows nothing."""
    one = graph(properties, "eu-west-1")
    assert words in one.problem
    assert shows(one, FEED) == []


@pytest.mark.parametrize(
    "metric",
    [
        [{"expression": 5}],
        [{"expression": "SEARCH('{Shop} Orders', 'Sum', 60)"}],
        [{"expression": "1/0"}],
        ["Shop", "Orders", {"stat": "bogus"}],
        ["Shop", "Orders", {"region": ["here"]}],
    ],
)
def test_a_graph_that_shows_nothing_of_the_feed(metric: list[Any]) -> None:
    """What has no answer for the metrics that are fed shows nothing, and ends in no error."""
    assert not any(shows(graph({"period": 60, "metrics": [metric]}, "eu-west-1"), FEED))


def test_a_share_is_answered_by_any_graph_that_shows_it() -> None:
    """A graph answers a question by the values of one of its lines, not by how it is written."""
    failed, every = Metric.of("Shop", "Failures"), Metric.of("Shop", "Orders")
    feed = Feed(10, {failed: [[(1.0, 2.0), (0.0, 6.0)]] * 10, every: [[(1.0, 8.0)]] * 10})
    two = [["Shop", name, {"id": name[0].lower(), "visible": False}] for name in ("Failures", "Orders")]

    def right(expression: str, period: int) -> bool:
        metrics = [*two, [{"expression": expression}]]
        one = graph({"stat": "Sum", "period": period, "metrics": metrics}, "eu-west-1")
        return answers(one, feed, lambda seconds: share(failed, every, seconds))

    assert right("f / o * 100", 60)
    assert not right("f / o", 60)
    assert not right("100 * f / o", 3600)


ORDER = ["Shop", "Orders", "Service", "till"]
SUM = {0.0: 40.0, 60.0: 40.0, 120.0: 40.0}


def test_two_regions_in_one_widget() -> None:
    """A widget may show metrics of several Regions: it is a graph of each, of that one's lines alone."""
    two = {"stat": "Sum", "period": 60, "metrics": [ORDER, [*ORDER, {"region": "us-east-1"}]]}
    here, there = read(two, "eu-west-1")
    assert [here.region, there.region] == ["eu-west-1", "us-east-1"]
    assert [dict(line) for line in shows(here, FEED)] == [SUM, {}]
    assert [dict(line) for line in shows(there, FEED)] == [{}, SUM]


def test_an_expression_is_of_its_metrics_region() -> None:
    """A share of the shop overseas is none of the shop at home, whatever the widget's own Region."""
    metrics = [
        ["Shop", name, "Service", "till", {"id": name[0].lower(), "visible": False, "region": "us-east-1"}]
        for name in ("Failures", "Orders")
    ]
    (one,) = read(
        {"stat": "Sum", "period": 60, "metrics": [*metrics, [{"expression": "f / o"}]]}, "eu-west-1"
    )
    assert one.region == "us-east-1"
    assert [list(line) for line in shows(one, FEED)] == [[0.0, 60.0, 120.0]]


class Boards:
    """An account with one dashboard of these widgets."""

    region_name = "eu-west-1"

    def __init__(self, body: Any) -> None:
        self._body = body

    def client(self, _service: str) -> Boards:
        return self

    def list_dashboards(self) -> Any:
        return {"DashboardEntries": [{"DashboardName": "one"}]}

    def get_dashboard(self, *, DashboardName: str) -> Any:  # noqa: N803
        return {"DashboardName": DashboardName, "DashboardBody": json.dumps(self._body)}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"widgets": None},
        {"widgets": ["metric", {"properties": {}}, {"type": "text", "properties": {"markdown": "#"}}]},
    ],
)
def test_no_graph(body: Any) -> None:
    """What is no widget with metrics is passed over."""
    account: Any = Boards(body)
    assert list(graphs(account)) == []


def test_graphs() -> None:
    """Every widget with metrics, with its dashboard's name; one without metrics, or of another shape, too."""
    widgets = [
        {"type": "metric", "properties": {"title": "orders", "metrics": [ORDER]}},
        {"type": "metric", "properties": {"annotations": {"alarms": ["arn"]}}},
        {"type": "metric", "properties": "none"},
    ]
    account: Any = Boards({"widgets": widgets})
    found = list(graphs(account))
    assert [(name, one.title) for name, one in found] == [
        ("one", t) for t in ("orders", "(no title)", "(no title)")
    ]
    assert [len(one.queries) for _, one in found] == [1, 0, 0]


@pytest.mark.parametrize(
    ("widget", "own", "at"),
    [
        ({}, {}, [0.0]),
        ({"period": 60}, {}, [0.0, 60.0, 120.0]),
        ({"period": 60}, {"period": 120}, [0.0, 120.0]),
        ({}, {"period": 60}, [0.0, 60.0, 120.0]),
    ],
)
def test_periods(widget: dict[str, Any], own: dict[str, Any], at: list[float]) -> None:
    """A metric's own period comes first, then the widget's, then five minutes."""
    (line,) = shows(graph({**widget, "metrics": [[*ORDER, own]]}, "eu-west-1"), FEED)
    assert list(line) == at


@pytest.mark.parametrize(("own", "at"), [({}, [0.0, 120.0]), ({"period": 60}, [0.0, 60.0, 120.0])])
def test_period_of_an_expression(own: dict[str, Any], at: list[float]) -> None:
    """An expression without metrics has values by its own period, or by the widget's."""
    one = graph({"period": 120, "metrics": [[{"expression": "TIME_SERIES(1)", **own}]]}, "eu-west-1")
    (line,) = shows(one, FEED)
    assert list(line) == at


def test_drawn() -> None:
    """At most four graphs in words: the unreadable, the empty, and those that show something else."""
    found = [
        read({"title": title, "period": 60, "metrics": metrics}, "eu-west-1")[0]
        for title, metrics in (
            ("a", [["A"]]),
            ("b", [["A", "B"]]),
            ("c", [["A", "B"], ORDER]),
            ("d", []),
            ("e", []),
        )
    ]
    assert drawn(found, FEED) == (
        "There are “a”: cannot be read: metric 1 is not a namespace, a name, and for each dimension its name "
        "and value, “b”: empty, “c”: something else and “d”: empty."
    )
    assert drawn([], FEED) == ""
