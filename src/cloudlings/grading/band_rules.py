"""What graders of an alarm on an anomaly detection band ask: how wide, on which side, and of what?"""

from __future__ import annotations

import re

from cloudlings.grading.alarm_rules import Raw, told_of
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def rings_for_too_few(alarm: Raw, agreed: float) -> None:
    """Fails the check unless an alarm rings below a band of the agreed width, tells nobody, and looks at
    sums."""
    name = alarm["AlarmName"]
    band = next(
        (str(q.get("Expression", "")) for q in alarm["Metrics"] if q["Id"] == alarm["ThresholdMetricId"]), ""
    )
    assert width(band) == agreed, Because(
        found=f"Alarm {name} has the band {band}; agreed is a width of {agreed} standard deviations.",
        consequence="Narrower, it rings on ordinary days; wider, it sleeps through a bad one.",
        concept="The width is how unusual something must be. A band that says none has 2.",
    )
    of = re.sub(r"[^(]*\(\s*(\w*).*", r"\1", band.strip())
    compared = [q["Id"] for q in alarm["Metrics"] if q["Id"] != alarm["ThresholdMetricId"] and _is_shown(q)]
    assert of in compared, Because(
        found=f"Alarm {name} compares {shown(compared)} with a band of {of}.",
        consequence="One metric is held against what is usual for another.",
        concept="A band is learnt from one time series, and fits that one.",
    )
    assert alarm["ComparisonOperator"] == "LessThanLowerThreshold", Because(
        found=f"Alarm {name} compares by {alarm['ComparisonOperator']}.",
        consequence="On the first day of the sale somebody is woken because all is well, or nobody "
        "because nothing is sold.",
        concept="A band has two sides. Only one of them hurts here.",
    )
    told = told_of(alarm)
    assert not told, Because(
        found=f"Alarm {name} has actions for {shown(sorted(told))}.",
        consequence="On its first odd evening it wakes somebody, and nobody knows yet whether it may be "
        "believed.",
        concept="An alarm acts by its lists of actions, one for each state. One without any changes its "
        "colour, and can be watched.",
    )
    stats = {q["MetricStat"]["Stat"] for q in alarm["Metrics"] if q.get("MetricStat")}
    assert stats == {"Sum"}, Because(
        found=f"Alarm {name} looks at the {shown(sorted(stats))} of Orders, to which each order gives a one.",
        consequence="An average of ones is one, on the best day and on the worst.",
        concept="How many is a sum.",
    )


def _is_shown(query: Raw) -> bool:
    return bool(query.get("ReturnData", True))


def width(band: str) -> float | None:
    """A band's width in standard deviations; none of what is no band."""
    found = re.fullmatch(r"\s*ANOMALY_DETECTION_BAND\(([^,]+)(?:,\s*(\d+(?:\.\d+)?)\s*)?\)\s*", band)
    return float(found[2] or 2) if found else None
