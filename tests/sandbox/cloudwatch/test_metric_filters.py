"""What log events make of metrics, by filters and by the embedded format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import embedded, metric_filters
from cloudlings.sandbox.cloudwatch.data import Datum, Event

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "metric_filters.yaml").read_text())
AT = 1_700_000_040_000
MADE = {"metricName": "M", "metricNamespace": "N"}


def data_of(case: dict[str, Any]) -> list[Datum]:
    events = [Event(AT + 1000 * number, message) for number, message in enumerate(case["events"])]
    return metric_filters.data_of(case["pattern"], [MADE | case["transformation"]], events)


@pytest.mark.parametrize("case", [c for c in CASES if "values" in c], ids=lambda case: case["is"])
def test_values(case: dict[str, Any]) -> None:
    """Events make the values, with the unit and dimensions, of metric_filters.yaml."""
    metric_filters.check(case["pattern"], [MADE | case["transformation"]])
    found = data_of(case)
    assert [datum.value for datum in found] == case["values"]
    assert {datum.unit for datum in found} == {case.get("unit", "None")}
    assert all([list(pair) for pair in datum.dimensions] == case.get("dimensions", []) for datum in found)


@pytest.mark.parametrize("case", [c for c in CASES if "refused" in c], ids=lambda case: case["is"])
def test_refused(case: dict[str, Any]) -> None:
    """A transformation that cannot be is refused."""
    with pytest.raises(ExpressionError) as caught:
        metric_filters.check(case["pattern"], [MADE | case["transformation"]])
    assert case["refused"] in caught.value.message


def test_moment_of_a_value() -> None:
    """A value is of the moment of its event."""
    found = data_of({"pattern": "E", "transformation": {"metricValue": "1"}, "events": ["x", "E"]})
    assert [datum.time for datum in found] == [AT / 1000 + 1]


def test_default_only_where_there_is_nothing() -> None:
    """A minute that has a value already gets no default."""
    events = [Event(AT, "fine")]
    change = MADE | {"metricValue": "1", "defaultValue": 3.0}
    assert metric_filters.data_of("ERROR", [change], events, lambda *_: True) == []


def document(**more: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["Area"]],
        "Metrics": [{"Name": "ms", "Unit": "Milliseconds"}],
    }
    return {
        "_aws": {"Timestamp": AT, "CloudWatchMetrics": [directive | more]},
        "Area": "n",
        "Kind": "k",
        "ms": 42,
    }


def embedded_data(body: dict[str, Any], prefix: str = "") -> embedded.Embedded:
    return embedded.data_of(Event(AT + 5, prefix + json.dumps(body)))


def test_embedded_metric() -> None:
    """A document makes a value with its dimension, unit and moment."""
    assert embedded_data(document()).data == (
        Datum("Shop", "ms", 42.0, AT / 1000, "Milliseconds", (("Area", "n"),)),
    )


def test_embedded_dimension_sets() -> None:
    """Each set of dimensions makes a metric of its own; an empty set is one."""
    found = embedded_data(document(Dimensions=[["Area"], ["Area", "Kind"], []])).data
    assert [datum.dimensions for datum in found] == [(("Area", "n"),), (("Area", "n"), ("Kind", "k")), ()]


def test_embedded_values() -> None:
    """A list of values is as many values."""
    found = embedded_data(document() | {"ms": [1, 2.5, 2.5]}).data
    assert [datum.value for datum in found] == [1.0, 2.5, 2.5]


def test_embedded_after_words() -> None:
    """Words that a function's runtime writes before the document do not count."""
    assert len(embedded_data(document(), "2026-11-21T10:00:00Z 8f5e INFO ").data) == 1


@pytest.mark.parametrize(
    "body",
    [
        document() | {"ms": "42"},
        document() | {"ms": True},
        document() | {"ms": list(range(101))},
        document() | {"Area": 5},
        {key: value for key, value in document().items() if key != "ms"},
        {key: value for key, value in document().items() if key != "Area"},
        document(Metrics=[{"Name": "ms", "Unit": "Hours"}]),
        document(Metrics=[{"Name": "ms", "StorageResolution": 5}]),
        document(Dimensions="Area"),
        document(Dimensions=[["Area"] * 31]),
        document(Namespace=""),
    ],
    ids=str,
)
def test_embedded_not_as_specified(body: dict[str, Any]) -> None:
    """A directive that is not as specified makes no value, and is counted."""
    assert embedded_data(body) == embedded.Embedded((), 1)


@pytest.mark.parametrize("message", ["ERROR", '{"ms": 4}', '{"_aws": 5}', '{"_aws": {"x": 1}}', '{"_aws": '])
def test_not_embedded(message: str) -> None:
    """Any other event makes nothing."""
    assert embedded.data_of(Event(AT, message)) == embedded.Embedded()
