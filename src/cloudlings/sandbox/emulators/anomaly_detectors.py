"""Anomaly detectors of CloudWatch, which MiniStack has not: kept and described, never trained.

Source: CloudWatch API reference, PutAnomalyDetector, DescribeAnomalyDetectors, DeleteAnomalyDetector.
"""

from __future__ import annotations

from typing import Any

from cloudlings.sandbox.emulators.cloudwatch_wire import Answer, Refused

_METRIC = ("Namespace", "MetricName", "Stat")


def answers(cloudwatch: Any) -> dict[str, Answer]:
    """The operations that are answered here; the detectors are saved with MiniStack's own things."""
    from ministack.core.responses import AccountRegionScopedDict

    cloudwatch._anomaly_detectors = AccountRegionScopedDict()
    return {
        "PutAnomalyDetector": lambda asked: _put(cloudwatch, asked),
        "DescribeAnomalyDetectors": lambda asked: _describe(cloudwatch, asked),
        "DeleteAnomalyDetector": lambda asked: _delete(cloudwatch, asked),
    }


def _subject(asked: dict[str, Any]) -> dict[str, Any]:
    """What a detector is of: one metric, named in either of two ways, or a metric math expression."""
    if asked.get("MetricMathAnomalyDetector"):
        return {"MetricMathAnomalyDetector": asked["MetricMathAnomalyDetector"]}
    single = asked.get("SingleMetricAnomalyDetector") or asked
    if not all(single.get(member) for member in _METRIC):
        message = "A detector needs SingleMetricAnomalyDetector or MetricMathAnomalyDetector"
        raise Refused("InvalidParameterCombination", message)
    found = {member: single[member] for member in _METRIC} | {"Dimensions": single.get("Dimensions") or []}
    return {"SingleMetricAnomalyDetector": found}


def _put(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    from ministack.core.responses import new_uuid

    subject = _subject(asked)
    # The older members say the same of a single metric.
    detector = subject | subject.get("SingleMetricAnomalyDetector", {}) | {"StateValue": "PENDING_TRAINING"}
    detector["AnomalyDetectorId"] = new_uuid()
    for member in ("Configuration", "MetricCharacteristics"):
        if asked.get(member):
            detector[member] = asked[member]
    cloudwatch._anomaly_detectors[repr(subject)] = detector
    return {}


def _describe(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    kinds = asked.get("AnomalyDetectorTypes") or ["SINGLE_METRIC"]
    wanted = {
        member: asked[member] for member in ("Namespace", "MetricName", "Dimensions") if asked.get(member)
    }
    found = [
        detector
        for detector in cloudwatch._anomaly_detectors.values()
        if ("METRIC_MATH" if "MetricMathAnomalyDetector" in detector else "SINGLE_METRIC") in kinds
        and all(detector.get(member) == value for member, value in wanted.items())
    ]
    return {"AnomalyDetectors": found[: asked.get("MaxResults") or 100]}


def _delete(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    if cloudwatch._anomaly_detectors.pop(repr(_subject(asked)), None) is None:
        raise Refused("ResourceNotFoundException", "The anomaly detector does not exist.", 404)
    return {}
