"""S3 Lifecycle by age, against cases from AWS's documentation."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models import lifecycle
from cloudlings.models.lifecycle import StoredObject, Version

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "lifecycle.yaml").read_text())


def stored(given: dict[str, Any]) -> StoredObject:
    fields = {"key": "any/key", **given}
    if isinstance(fields.get("since"), str):
        fields["since"] = dt.datetime.fromisoformat(fields["since"])
    if "since" in fields and fields["since"].tzinfo is None:
        fields["since"] = fields["since"].replace(tzinfo=dt.UTC)
    return StoredObject(**{**fields, "version": Version(fields.get("version", "current"))})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["is"][:60])
def test_case(case: dict[str, Any]) -> None:
    """Each case of lifecycle.yaml comes out as its source says."""
    options = {key: case[key] for key in ("versioning", "default_minimum") if key in case}
    found = {}
    for age in case["at"]:
        fate = lifecycle.simulate(case["rules"], stored(case.get("object", {})), float(age), **options)
        found[age] = fate.storage_class if fate.state == "stored" else fate.state
    assert found == case["at"]


def rule(**parts: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {}, **parts}


IA, GLACIER = "STANDARD_IA", "GLACIER"
TAGGED = {"Tag": {"Key": "a", "Value": "b"}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    (rule(Transitions=[{"Days": 29, "StorageClass": IA}]), "30 days"),
    (
        rule(Transitions=[{"Days": 30, "StorageClass": IA}, {"Days": 45, "StorageClass": GLACIER}]),
        "30 days after",
    ),
    (rule(Transitions=[{"Days": 60, "StorageClass": GLACIER}], Expiration={"Days": 60}), "expire"),
    (rule(Filter=TAGGED, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7}), "upload"),
    (rule(Filter=TAGGED, Expiration={"ExpiredObjectDeleteMarker": True}), "tags"),
    (rule(), "no action"),
    (rule(Status="enabled", Expiration={"Days": 1}), "Status"),
    (rule(Expiration={"Days": 0}), "at least 1 day"),
    (rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD"}]), "STANDARD"),
    (rule(Filter={"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 9}, Expiration={"Days": 1}), "size"),
    (rule(NoncurrentVersionTransitions=[{"NoncurrentDays": 5, "StorageClass": "ONEZONE_IA"}]), "30 days"),
]


@pytest.mark.parametrize(("refused", "word"), REFUSED)
def test_refused(refused: dict[str, Any], word: str) -> None:
    """What S3 refuses is said in words."""
    assert any(word in found for found in lifecycle.problems([refused]))


def test_taken() -> None:
    """Rules that S3 takes have no problems."""
    chain = [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]
    assert lifecycle.problems([rule(Transitions=chain, Expiration={"Days": 61})]) == ()


def test_unknown_element() -> None:
    """An element that Lifecycle does not have is an error by name, and never ignored."""
    with pytest.raises(ModelError, match="NoncurrentVersionExpiry"):
        lifecycle.simulate([rule(NoncurrentVersionExpiry={"Days": 3})], StoredObject("a"), 10)


def test_changes_name_rule_and_day() -> None:
    """A fate tells the day of each change and the rule that made it."""
    rules = [rule(ID="cool", Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}])]
    fate = lifecycle.simulate(rules, StoredObject("a"), 40)
    assert [(change.day, change.rule) for change in fate.changes] == [(31, "cool")]
    assert str(fate) == "in STANDARD_IA"


_CLASSES = ("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


def _some_rule(draw: random.Random) -> dict[str, Any]:
    """A rule with some of what rules have, at some days."""
    moves = [{"Days": draw.choice((0, 29, 60)), "StorageClass": draw.choice(_CLASSES)} for _ in range(2)]
    date = dt.datetime(2026, 2, draw.randint(1, 20), draw.choice((0, 11)), tzinfo=dt.UTC)
    older = [{"NoncurrentDays": draw.choice((0, 12)), "StorageClass": draw.choice(_CLASSES)}]
    parts: dict[str, Any] = {
        "Transitions": moves,
        "Expiration": draw.choice(({"Days": 90}, {"Date": date}, {"ExpiredObjectDeleteMarker": True})),
        "NoncurrentVersionTransitions": older,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 40, "NewerNoncurrentVersions": draw.randint(0, 2)},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return rule(**{name: part for name, part in parts.items() if draw.random() < 0.6})


@pytest.mark.parametrize("seed", range(40))
def test_no_night_is_missed(seed: int) -> None:
    """Nights on which nothing can be due are not looked at, and every night looked at gives the same."""
    draw = random.Random(seed)
    rules = [_some_rule(draw) for _ in range(draw.randint(1, 3))]
    versions, size = draw.choice(list(Version)), draw.choice((1000, 500_000))
    thing = StoredObject("a", size, version=versions, newer_noncurrent=draw.randint(0, 2), expired=True)
    run = lifecycle._Run(tuple(map(lifecycle.parse, rules)), "Enabled", "all_storage_classes_128K")
    subject, changes = thing, []
    for night in range(1, 120):
        moment = dt.datetime(2026, 1, 15, tzinfo=dt.UTC) + dt.timedelta(days=night)
        step = run.night(subject, moment)
        if step is not None:
            subject, what, _ = step
            changes.append((moment, what))
            if what in lifecycle._DELETED:
                break
    fate = lifecycle.simulate(rules, thing, 119, versioning="Enabled")
    assert [(change.at, change.what) for change in fate.changes] == changes
