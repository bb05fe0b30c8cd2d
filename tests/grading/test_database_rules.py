"""What graders ask of a database as RDS shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudlings.grading.database_rules import (
    answers_on,
    has_a_standby,
    is_encrypted,
    is_private,
    keeps_backups,
    own_subnet_group,
    wears_its_own,
)
from cloudlings.grading.forms_rules import is_protected, shares_no_group, still_runs

GOOD: dict[str, Any] = {
    "DBInstanceIdentifier": "db-1",
    "Engine": "postgres",
    "Endpoint": {"Address": "db-1.example", "Port": 5433},
    "PubliclyAccessible": False,
    "StorageEncrypted": True,
    "MultiAZ": True,
    "AvailabilityZone": "eu-west-1a",
    "BackupRetentionPeriod": 7,
    "DBSubnetGroup": {"DBSubnetGroupName": "portal"},
    "DeletionProtection": True,
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
}
REPLICA = {
    "DBInstanceIdentifier": "db-2",
    "ReadReplicaSourceDBInstanceIdentifier": "db-1",
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2"}],
}
Rule = Callable[[dict[str, Any]], Any]

RULES: dict[str, Rule] = {
    "private": is_private,
    "encrypted": is_encrypted,
    "standby": lambda found: has_a_standby(found, {"db-1": found, "db-2": REPLICA}),
    "backups": lambda found: keeps_backups(found, 7, whose="Hazelmere"),
    "engine": lambda found: answers_on(found, 5433),
    "subnets": own_subnet_group,
    "protected": is_protected,
    "alone": lambda found: shares_no_group(found, REPLICA),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_good_one(rule: Rule) -> None:
    """What is asked for is there."""
    rule(GOOD)


@pytest.mark.parametrize(
    ("rule", "change", "words"),
    [
        ("private", {"PubliclyAccessible": True}, "PubliclyAccessible true"),
        ("encrypted", {"StorageEncrypted": None}, "StorageEncrypted false"),
        ("standby", {"MultiAZ": False}, "one zone, eu-west-1a: .* Its read replica db-2 is asynchronous"),
        ("backups", {"BackupRetentionPeriod": 1}, "for 1 day; Hazelmere needs 7"),
        ("backups", {"BackupRetentionPeriod": None}, "for 0 days"),
        ("engine", {"Engine": "oracle-ee"}, "oracle-ee on port 5433"),
        ("engine", {"Endpoint": {"Port": 5432}}, "postgres on port 5432"),
        ("engine", {"Endpoint": {}}, "postgres on port None"),
        ("engine", {"Endpoint": None}, "postgres on port None"),
        ("subnets", {"DBSubnetGroup": {"DBSubnetGroupName": "default"}}, "was put into default"),
        ("subnets", {"DBSubnetGroup": None}, "was put into the default subnet group"),
        ("protected", {"DeletionProtection": None}, "DeletionProtection false"),
        ("alone", {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2"}]}, "db-1 and db-2 both carry sg-2"),
    ],
)
def test_what_is_missing_is_told(rule: str, change: dict[str, Any], words: str) -> None:
    """One that is half made, or made otherwise, fails in words."""
    with pytest.raises(AssertionError, match=words):
        RULES[rule](GOOD | change)


def test_a_portal_without_the_other_database() -> None:
    """Where there is no other one, nothing is shared."""
    shares_no_group(GOOD, {})


@pytest.mark.parametrize(
    ("worn", "made", "words"),
    [
        ({"default"}, {"doorway"}, "doorway is carried by no database"),
        (set(), {"a", "b"}, "a and b are carried by no database"),
    ],
)
def test_rules_that_nobody_wears(worn: set[str], made: set[str], words: str) -> None:
    """A group that was made works for those who carry it."""
    wears_its_own("db-1", {"doorway", "default"}, made)
    with pytest.raises(AssertionError, match=words):
        wears_its_own("db-1", worn, made)


def test_one_that_is_gone() -> None:
    """What runs is repaired in place."""
    assert still_runs({"db-1": GOOD}, "db-1") is GOOD
    with pytest.raises(AssertionError, match="db-9 is not there any more"):
        still_runs({"db-1": GOOD}, "db-9")
