"""When an alarm changes state, against the tables of AWS's documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models import alarms
from cloudlings.models.alarms import Alarm

TABLES = yaml.safe_load((Path(__file__).parent / "cases" / "alarms.yaml").read_text())
ROWS = [
    pytest.param(table, row, treatment, state, id=f"{table.get('datapoints', table['periods'])} of "
                 f"{table['periods']}: {row} {treatment}")
    for table in TABLES
    for row, states in table["rows"].items()
    for treatment, state in states.items()
]  # fmt: skip
POINTS = {"0": 0.0, "X": 5.0, "-": None}


def alarm(**parts: Any) -> Alarm:
    return Alarm(**{"threshold": 1.0, "comparison": "GreaterThanThreshold", **parts})


@pytest.mark.parametrize(("table", "row", "treatment", "state"), ROWS)
def test_row(table: dict[str, Any], row: str, treatment: Any, state: str) -> None:
    """Each row of alarms.yaml gives the state of AWS's table."""
    one = alarm(periods=table["periods"], datapoints=table.get("datapoints", 0), missing=treatment)
    found = alarms.evaluate(one, [POINTS[mark] for mark in row.split()])
    assert (found.state or "same") == state


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [2.0]),
        ("GreaterThanOrEqualToThreshold", [1.0, 2.0]),
        ("LessThanThreshold", [0.0]),
        ("LessThanOrEqualToThreshold", [0.0, 1.0]),
    ],
)
def test_comparison(comparison: str, breaching: list[float]) -> None:
    """A comparison says which values are past the threshold."""
    one = alarm(comparison=comparison)
    assert [value for value in (0.0, 1.0, 2.0) if one.breaches(value)] == breaching


def test_unknown_comparison() -> None:
    """A comparison that the model does not know is an error, and lets nothing pass."""
    with pytest.raises(ModelError, match="GreaterThanUpperThreshold"):
        alarms.evaluate(alarm(comparison="GreaterThanUpperThreshold"), [1.0])


def test_reason_of_an_alarm() -> None:
    """The reason tells the data points, the newest first, and the threshold."""
    found = alarms.evaluate(alarm(periods=3, datapoints=2), [7.5, 0.0, 5.0])
    assert (
        "2 out of the last 3 datapoints [5.0, 0.0, 7.5] were greater than the threshold (1.0)" in found.reason
    )
    assert found.looked_at == (5.0, 0.0, 7.5)


def test_reason_with_nothing() -> None:
    """Where there is no data, the reason says what it was taken for."""
    assert (
        "3 missing datapoints were treated as [NonBreaching]"
        in alarms.evaluate(alarm(periods=3, missing="notBreaching"), []).reason
    )
    assert alarms.evaluate(alarm(), []).reason == "Insufficient Data: 1 datapoint was unknown."


@pytest.mark.parametrize(
    ("percentile", "samples", "enough"),
    [(99, 999, False), (99, 1000, True), (50, 20, True), (10, 99, False), (10, 100, True), (100, 9e9, False)],
)
def test_low_samples(percentile: float, samples: float, enough: bool) -> None:
    """A percentile needs ten samples beyond it."""
    assert alarms.enough_samples(percentile, samples) is enough
