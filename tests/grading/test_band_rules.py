"""Alarms on anomaly detection bands: their width, their side, their statistic."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.band_rules import rings_for_too_few, width


@pytest.mark.parametrize(
    ("band", "found"),
    [
        ("ANOMALY_DETECTION_BAND(orders, 3)", 3.0),
        ("  ANOMALY_DETECTION_BAND(orders,2.5 ) ", 2.5),
        ("ANOMALY_DETECTION_BAND(orders)", 2.0),
        ("orders * 2", None),
        ("", None),
    ],
)
def test_width(band: str, found: float | None) -> None:
    """A band's width is its second argument, two without one; another expression has none."""
    assert width(band) == found


def alarm(band: str = "ANOMALY_DETECTION_BAND(o, 3)", stat: str = "Sum", **settings: Any) -> dict[str, Any]:
    """An alarm that rings below a band of 3."""
    return {
        "AlarmName": "few",
        "ThresholdMetricId": "band",
        "ComparisonOperator": "LessThanLowerThreshold",
        "Metrics": [{"Id": "o", "MetricStat": {"Stat": stat}}, {"Id": "band", "Expression": band}],
        **settings,
    }


def test_an_alarm_for_too_few() -> None:
    """An alarm below a band of the agreed width, on sums, is right."""
    rings_for_too_few(alarm(), 3)
    rings_for_too_few(alarm(AlarmActions=["arn:aws:sns:eu-west-1:1:oncall"], ActionsEnabled=False), 3)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (alarm("ANOMALY_DETECTION_BAND(o)"), "agreed is a width of 3"),
        (alarm(ThresholdMetricId="lost"), "agreed is a width of 3"),
        (alarm(ComparisonOperator="GreaterThanUpperThreshold"), "GreaterThanUpperThreshold"),
        (alarm(stat="Average"), "Average of Orders"),
        (alarm("ANOMALY_DETECTION_BAND( latency , 3)"), "few compares o with a band of latency"),
        (
            alarm(
                Metrics=[
                    {"Id": "o", "MetricStat": {"Stat": "Sum"}, "ReturnData": False},
                    {"Id": "x", "MetricStat": {"Stat": "Sum"}},
                    {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(o, 3)"},
                ]
            ),
            "few compares x with a band of o",
        ),
        (alarm(AlarmActions=["arn:aws:sns:eu-west-1:1:oncall"]), "few has actions for ALARM"),
        (alarm(InsufficientDataActions=["arn:aws:sns:eu-west-1:1:oncall"]), "for INSUFFICIENT_DATA"),
    ],
)
def test_an_alarm_for_something_else(made: dict[str, Any], words: str) -> None:
    """Another width, another side or another statistic fails the check, and is named."""
    with pytest.raises(AssertionError, match=words):
        rings_for_too_few(made, 3)
