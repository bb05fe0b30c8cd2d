"""Whether a replication's configuration takes everything to the copy."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.replication_rules import copy_is_in, rule_copies_everything
from cloudlings.lab import Brief

RULE: dict[str, Any] = {
    "ID": "all",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": "arn:aws:s3:::copy"},
}
SOME = RULE | {"ID": "some", "Filter": {"Prefix": "2026/"}, "Priority": 2}
QUIET = {"DeleteMarkerReplication": {"Status": "Disabled"}}


@pytest.mark.parametrize(
    "rules",
    [
        [RULE],
        [RULE | {"Filter": {"Prefix": ""}}],
        [RULE, SOME],
        [RULE, SOME | QUIET | {"Priority": 0}],
        [RULE, SOME | {"Destination": {"Bucket": "arn:aws:s3:::another"}} | QUIET],
        [RULE, {"ID": "old", "Status": "Disabled", "Prefix": ""}],
    ],
    ids=[
        "one",
        "an empty prefix",
        "a second",
        "a second below",
        "a second elsewhere",
        "an old one, disabled",
    ],
)
def test_everything_is_copied(rules: list[dict[str, Any]]) -> None:
    """By one rule, whatever others do below it or elsewhere."""
    rule_copies_everything({"Rules": rules}, "reports", "copy")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "0 replication rules, none of them enabled"),
        ([RULE | {"Status": "Disabled"}], "1 replication rules, none of them enabled"),
        ([RULE | {"Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}], "go to arn:aws:s3:::elsewhere"),
        ([RULE | {"Destination": {}}], "Nothing arrives in copy"),
        (
            [{key: RULE[key] for key in ("ID", "Status", "Destination")}],
            "has no Filter, no Priority, no Delete",
        ),
        ([SOME], 'takes only {"Prefix": "2026/"}'),
        ([RULE | {"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}], "takes only"),
        ([RULE | QUIET], "objects and not delete markers"),
        ([RULE, SOME | QUIET], "The rule some of reports copies objects and not delete markers"),
    ],
)
def test_something_is_left_behind(rules: list[dict[str, Any]], words: str) -> None:
    """No rule at work, another bucket, the old schema, a part, or no delete markers."""
    with pytest.raises(AssertionError, match=words):
        rule_copies_everything({"Rules": rules}, "reports", "copy")


@pytest.mark.parametrize(
    ("where", "words"), [("", "no bucket copy"), ("eu-west-1", "is in eu-west-1; the copies")]
)
def test_where_the_copies_are(where: str, words: str) -> None:
    """Nowhere, or in another Region than was agreed."""
    brief = Brief({"reports_copy": "copy", "copy_region": "eu-north-1"})
    copy_is_in("eu-north-1", brief)
    with pytest.raises(AssertionError, match=words):
        copy_is_in(where, brief)
