"""What an alarm says of data that is fed to it, and when a composite alarm's rule holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models import watch

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "watch.yaml").read_text())
LETTERS = {"o": "OK", "A": "ALARM", "i": "INSUFFICIENT_DATA"}
VALUES = {"0": 0.0, "X": 5.0, "-": None}
RULES = [(row["states"], rule, wanted) for row in CASES["rules"] for rule, wanted in row["is"].items()]


def points_of(values: Sequence[float | None]) -> watch.Points:
    """A metric with one value a minute, its maximum as the statistic."""

    def points(start: float, end: float, period: int) -> tuple[list[float | None], float]:
        found: list[float | None] = []
        at = start
        while at < end:
            inside = [
                value for n, value in enumerate(values) if at <= n * 60 < at + period and value is not None
            ]
            found.append(max(inside, default=None))
            at += period
        return found, float(sum(value is not None for value in found))

    return points


@pytest.mark.parametrize("case", CASES["alarms"], ids=lambda case: case["source"])
def test_states(case: dict[str, Any]) -> None:
    """Each row of watch.yaml gives the states of its letters."""
    one = watch.watched({"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", **case["alarm"]})
    values = [VALUES[mark] for mark in case["data"].split()]
    found = watch.states(one, points_of(values), len(values))
    assert list(found) == [LETTERS[letter] for letter in case["states"].split()]


@pytest.mark.parametrize(("states", "rule", "wanted"), RULES, ids=[rule for _, rule, _ in RULES])
def test_rule(states: dict[str, Any], rule: str, wanted: bool) -> None:
    """A composite alarm's rule holds, or not, by the states of the alarms that it names."""
    assert watch.holds(rule, states) is wanted


@pytest.mark.parametrize(
    "rule", ["", "ALARM(a", "ALARM(a) ALARM(b)", "a AND b", "ALARM(gone)", "NOT", "(ALARM(a)"]
)
def test_unread_rule(rule: str) -> None:
    """A rule that cannot be read is an error, and lets nothing pass."""
    with pytest.raises(ModelError):
        watch.holds(rule, {"a": "OK", "b": "OK"})


def test_band() -> None:
    """An alarm on an anomaly detection band is not decided here."""
    with pytest.raises(ModelError, match="band"):
        watch.watched({"AlarmName": "a", "ThresholdMetricId": "band"})


def test_alarmed_at() -> None:
    """The minute counts from where one asks, and an alarm that was on before does not count."""
    assert watch.alarmed_at(["OK", "OK", "ALARM"], since=1) == 2
    assert watch.alarmed_at(["ALARM", "ALARM"], since=1) is None
    assert watch.alarmed_at(["OK", "OK"]) is None


def test_entered_at() -> None:
    """An action is carried out when its state begins, not while it lasts."""
    assert watch.entered_at(["ALARM", "INSUFFICIENT_DATA", "OK"], {"INSUFFICIENT_DATA"}) == 2
    assert watch.entered_at(["ALARM", "ALARM", "OK"], {"OK", "ALARM"}, since=1) == 2
    assert watch.entered_at(["OK", "ALARM", "OK"], ()) is None
    assert watch.entered_at(["OK"], {"OK"}) is None


def test_the_alarms_that_a_rule_asks() -> None:
    """Each by its name, also where the rule has its ARN."""
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:far off"
    assert watch.named_in(f'ALARM(a) AND NOT (OK("b c") OR ALARM("{arn}"))') == {"a", "b c", "far off"}
    assert watch.named_in("TRUE") == frozenset()
