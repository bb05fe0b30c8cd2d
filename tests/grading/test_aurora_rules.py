"""What graders of Aurora say of clusters that are not as they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudlings.grading.aurora_rules import (
    answers_in_two_zones,
    follows_in,
    grows_out_of,
    is_provisioned_postgres,
    members_of,
    scales_between,
)

CLUSTER: dict[str, Any] = {
    "DBClusterIdentifier": "register",
    "Engine": "aurora-postgresql",
    "EngineMode": "provisioned",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0},
}
HERE = "arn:aws:rds:us-east-1:123456789012:cluster:register"
THERE = "arn:aws:rds:eu-west-1:123456789012:cluster:register-dublin"
SOURCE = {"DBClusterArn": HERE}
WORLD = {HERE: True, THERE: False}


def instance(name: str, zone: str, kind: str = "db.serverless") -> dict[str, Any]:
    return {"DBInstanceIdentifier": name, "AvailabilityZone": zone, "DBInstanceClass": kind}


PAIR = [instance("one", "us-east-1a"), instance("two", "us-east-1b")]


def follows(members: dict[str, bool], there: dict[str, Any]) -> None:
    follows_in("eu-west-1", "world", members, "register-dublin", there)


def test_as_asked() -> None:
    """A cluster that is as it was asked for fails nothing."""
    is_provisioned_postgres(CLUSTER)
    scales_between(CLUSTER, 0.5, 8)
    answers_in_two_zones(CLUSTER, PAIR)
    grows_out_of("world", WORLD, SOURCE, "register")
    follows(WORLD, {"register-dublin": {}})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda: is_provisioned_postgres(CLUSTER | {"Engine": "aurora-mysql"}), "register is aurora-mysql"),
        (lambda: is_provisioned_postgres(CLUSTER | {"EngineMode": "serverless"}), "engine mode serverless"),
        (lambda: scales_between(CLUSTER, 0, 8), "paid for at night"),
        (lambda: scales_between(CLUSTER, 1, 8), "further than was paid for"),
        (lambda: scales_between(CLUSTER, 0.5, 16), "cannot grow as far"),
        (
            lambda: scales_between(
                CLUSTER | {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.0, "MaxCapacity": 8.0}},
                0.5,
                8,
            ),
            "until the cluster has woken",
        ),
        (
            lambda: scales_between({"DBClusterIdentifier": "register"}, 0.5, 8),
            "scales from None to None ACUs",
        ),
        (lambda: answers_in_two_zones(CLUSTER, []), "register has no instance"),
        (lambda: answers_in_two_zones(CLUSTER, PAIR[:1]), "register has 1 instance, in us-east-1a"),
        (
            lambda: answers_in_two_zones(CLUSTER, [PAIR[0], PAIR[0]]),
            "register has 2 instances, in us-east-1a",
        ),
        (
            lambda: answers_in_two_zones(CLUSTER, [*PAIR, instance("big", "us-east-1c", "db.r6g.large")]),
            "of a fixed size: big",
        ),
        (lambda: grows_out_of("world", {}, SOURCE, "register"), "has no members; register is not among them"),
        (lambda: grows_out_of("world", {THERE: True}, SOURCE, "register"), "has eu-west-1 members"),
        (lambda: grows_out_of("world", WORLD, {}, "register"), "register is not among them"),
        (
            lambda: grows_out_of(
                "world", WORLD, SOURCE | {"MasterUserSecret": {"SecretArn": "a"}}, "register"
            ),
            "that RDS manages",
        ),
        (lambda: follows({HERE: True}, {"register-dublin": {}}), "a cluster of its own"),
        (lambda: follows({HERE: True}, {}), "register-dublin in eu-west-1 is not there"),
        (lambda: follows(WORLD | {THERE: True}, {"register-dublin": {}}), "is the writer of world"),
    ],
)
def test_otherwise(rule: Callable[[], None], said: str) -> None:
    """What is otherwise is told with its name."""
    with pytest.raises(AssertionError) as told:
        rule()
    assert said in str(told.value)


def test_members() -> None:
    """Members are told by their ARNs, and who writes; a world without any has none."""
    found = members_of({"GlobalClusterMembers": [{"DBClusterArn": HERE, "IsWriter": True}]})
    assert (found, members_of({})) == ({HERE: True}, {})
