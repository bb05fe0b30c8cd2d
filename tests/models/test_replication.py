"""What a replication configuration copies."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.models import replication

PRESENT: dict[str, Any] = {"Priority": 1, "Filter": {}, "DeleteMarkerReplication": {"Status": "Enabled"}}


def test_lacking() -> None:
    """A rule of the old schema lacks all three parts of the present one."""
    assert replication.lacking({"Prefix": ""}) == ("Filter", "Priority", "DeleteMarkerReplication")
    assert replication.lacking(PRESENT) == ()


@pytest.mark.parametrize(
    ("chosen", "everything"),
    [
        ({}, True),
        ({"Prefix": ""}, True),
        ({"Prefix": "2026/"}, False),
        ({"Tag": {"Key": "a", "Value": "b"}}, False),
        ({"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}, False),
    ],
)
def test_takes_everything(chosen: dict[str, Any], everything: bool) -> None:
    """A filter with a prefix or a tag leaves something out."""
    assert replication.takes_everything({**PRESENT, "Filter": chosen}) is everything


def test_delete_markers() -> None:
    """Delete markers are copied by the old schema, and by the present one where it says so and has no tag."""
    assert replication.copies_delete_markers({"Prefix": ""})
    assert replication.copies_delete_markers(PRESENT)
    assert not replication.copies_delete_markers(
        {**PRESENT, "DeleteMarkerReplication": {"Status": "Disabled"}}
    )
    tagged = {**PRESENT, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}
    assert not replication.copies_delete_markers(tagged)


def test_enabled_rules() -> None:
    """Disabled rules do not count."""
    config = {
        "Rules": [{"Status": "Disabled"}, {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::c"}}]
    }
    assert replication.destinations(replication.enabled_rules(config)) == ["arn:aws:s3:::c"]


@pytest.mark.parametrize(
    ("above", "silent"),
    [
        ({"Priority": 2, "Filter": {"Prefix": "old/"}, "DeleteMarkerReplication": {"Status": "Disabled"}}, 1),
        ({"Priority": 2, "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}, 1),
        ({"Priority": 0, "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}, 0),
        ({"Priority": 2, "Filter": {"Prefix": "old/"}, "DeleteMarkerReplication": {"Status": "Enabled"}}, 0),
    ],
)
def test_the_highest_priority_decides(above: dict[str, Any], silent: int) -> None:
    """A rule without delete markers counts where no rule of a higher priority takes its objects."""
    rules = [PRESENT, above]
    whole = [rule for rule in rules if replication.takes_everything(rule)]
    assert replication.keeps_deletes_back(rules, whole) == [above][:silent]
