"""Lifecycle rules against the plan for Kestrel's frames: the first thing that goes another way is told."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.lifecycle_rules import off_plan, plans
from cloudlings.lab import Brief
from cloudlings.models.plan import first_difference

BRIEF = Brief(
    {
        "raw_prefix": "raw/",
        "raw_tag": "frames",
        "ia_days": 30,
        "glacier_days": 90,
        "noncurrent_days": 14,
        "abort_days": 5,
    }
)
IA, GLACIER = {"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}
TAGGED = {"And": {"Prefix": "raw/", "Tags": [{"Key": "stage", "Value": "frames"}]}}
FRAMES: dict[str, Any] = {
    "ID": "frames",
    "Status": "Enabled",
    "Filter": TAGGED,
    "Transitions": [IA, GLACIER],
    "NoncurrentVersionExpiration": {"NoncurrentDays": 14},
}
BEGUN: dict[str, Any] = {
    "ID": "begun",
    "Status": "Enabled",
    "Filter": {"Prefix": "raw/"},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 5},
}
LARGE = {"Filter": {"And": {"Prefix": "raw/", "ObjectSizeGreaterThan": 1_000_000}}}
KEPT = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1_000_001}}
EARLY = {"NoncurrentVersionExpiration": {"NoncurrentDays": 7}}


def differs(*rules: dict[str, Any]) -> Any:
    return first_difference(rules, plans(BRIEF), versioning="Enabled")


@pytest.mark.parametrize(
    "rules",
    [
        (FRAMES, BEGUN),
        (FRAMES, BEGUN, FRAMES | {"ID": "off", "Status": "Disabled", "Expiration": {"Days": 1}}),
        (FRAMES | BEGUN,),
        (FRAMES | {"Transitions": [IA]}, FRAMES | {"ID": "cold", "Transitions": [GLACIER]}, BEGUN),
    ],
    ids=["two rules", "a disabled one more", "all in one, by prefix", "split in three"],
)  # fmt: skip
def test_the_plan(rules: tuple[dict[str, Any], ...]) -> None:
    """Several sets of rules do what was planned."""
    assert differs(*rules) is None


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((), ("On day 31, the frame", "is in STANDARD; the plan says in STANDARD_IA", "No enabled rule")),
        ((FRAMES | {"Filter": {"Prefix": ""}}, BEGUN), ("the index file", "each reading now costs")),
        ((FRAMES | {"Expiration": {"Days": 365}}, BEGUN), ("the frame", "404: a delete marker hides it")),
        ((FRAMES | {"Expiration": {"Days": 7300}}, BEGUN), ("On day 10000, the frame", "is gone and cannot")),
        ((FRAMES | LARGE, FRAMES | KEPT | {"ID": "cool"}, BEGUN), ("the old version of", "goes on paying")),
        ((FRAMES,), ("the unfinished upload of", "neither tags nor versions", "goes on paying")),
        ((FRAMES | EARLY, BEGUN), ("the old version of", "is gone")),
        ((FRAMES | {"Transitions": [GLACIER]}, BEGUN), ("On day 31", "The bill is not what was planned")),
        ((FRAMES | {"Transitions": [IA, GLACIER | {"Days": 60}]}, BEGUN), ("On day 61", "Rule frames acted")),
        ((FRAMES | {"Filter": TAGGED, "Status": "Disabled"}, BEGUN), ("On day 31",)),
    ],
)  # fmt: skip
def test_off_the_plan(rules: tuple[dict[str, Any], ...], words: tuple[str, ...]) -> None:
    """What is different, since when, by which rule, and what follows."""
    told = str(off_plan(differs(*rules), "kestrel-raw"))
    assert [word for word in words if word not in told] == []
