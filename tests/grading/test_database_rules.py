"""What graders ask of a database as RDS shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.database_rules import (
    answers_on,
    has_a_standby,
    is_encrypted,
    is_private,
    keeps_backups,
    nobody_types_its_password,
    only_for,
    own_subnet_group,
    wears_its_own,
)
from cloudlings.grading.forms_rules import (
    is_for_the_app,
    is_protected,
    lets_everybody_in,
    shares_no_group,
    still_runs,
)
from cloudlings.network import Network
from cloudlings.network.model import (
    Database,
    Interface,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

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
        ("engine", {"Engine": "mysql"}, "db-1 is mysql on port 5433"),
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


LAID = {"default", "portal-app"}


@pytest.mark.parametrize(
    ("worn", "made", "words"),
    [
        (
            {"default"},
            {"doorway"},
            "the VPC's default group; doorway is carried by no database.*nobody obeys",
        ),
        (set(), {"a", "b"}, "a and b are carried by no database.*nobody obeys"),
        (
            {"default", "portal-app"},
            set(),
            "no group but those of others, portal-app[.]\n.*opens the appointments",
        ),
    ],
)
def test_rules_that_nobody_wears(worn: set[str], made: set[str], words: str) -> None:
    """A group that was made works for those who carry it, and one of others is not one's own."""
    wears_its_own("db-1", {"doorway", "default"}, made, LAID)
    wears_its_own("db-1", {"doorway", "portal-app"}, made, LAID)
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        wears_its_own("db-1", worn, made, LAID)


class NoSecrets:
    """An account without a secret, and a client of itself."""

    def client(self, _: str, region_name: str | None = None) -> NoSecrets:
        del region_name
        return self

    def list_secrets(self) -> dict[str, Any]:
        return {"SecretList": []}


def test_a_password_that_was_typed() -> None:
    """Where users may log in by IAM as well, the master user keeps the password that was typed."""
    account = cast(Account, NoSecrets())
    nobody_types_its_password(account, GOOD | {"MasterUserSecret": {"SecretArn": "arn:aws:secretsmanager:1"}})
    for more in ({}, {"IAMDatabaseAuthenticationEnabled": True}):
        with pytest.raises(AssertionError, match="no secret holds the password of its user portal"):
            nobody_types_its_password(account, GOOD | {"MasterUsername": "portal"} | more)


def test_one_that_is_gone() -> None:
    """What runs is repaired in place."""
    assert still_runs({"db-1": GOOD}, "db-1") is GOOD
    with pytest.raises(AssertionError, match="db-9 is not there any more"):
        still_runs({"db-1": GOOD}, "db-9")


SUBNETS = {"app": "10.0.10.0/24", "web": "10.0.0.0/24", "data": "10.0.20.0/24"}
OUT = (SecurityGroupRule("egress", "-1", cidr="0.0.0.0/0"),)
INSIDE = {"app": "eni-app", "mailer": "eni-mailer"}


def rule(port: int, *, to: int = 0, **source: str) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", "tcp", port, to or port, **source)


def portal(*rules: SecurityGroupRule) -> Network:
    """A network with db-1 behind these rules, and with a database of another network before it."""
    machines = {"app": "10.0.10.5", "mailer": "10.0.10.6", "db": "10.0.20.7"}
    return Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)), Vpc("vpc-2", ("10.9.0.0/16",))),
        subnets=tuple(Subnet(name, "vpc-1", cidr, "eu-west-1a") for name, cidr in SUBNETS.items()),
        route_tables=(RouteTable("rtb-1", "vpc-1", (Route("10.0.0.0/16", "local"),), main=True),),
        network_acls=(
            NetworkAcl(
                "acl-1",
                "vpc-1",
                tuple(SUBNETS),
                (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow")),
                default=True,
            ),
        ),
        security_groups=(
            SecurityGroup("sg-app", "vpc-1", OUT),
            SecurityGroup("sg-mailer", "vpc-1", OUT),
            SecurityGroup("sg-db", "vpc-1", rules),
            SecurityGroup("sg-open", "vpc-1", (rule(22, cidr="0.0.0.0/0"),)),
        ),
        interfaces=tuple(
            Interface(
                f"eni-{name}",
                "vpc-1",
                "data" if name == "db" else "app",
                private_ips=(address,),
                security_groups=(f"sg-{name}",),
            )
            for name, address in machines.items()
        ),
        databases=(
            Database("db-2", "vpc-2", port=5433),
            Database("db-1", "vpc-1", ("data",), ("sg-db",), ("eni-db",), 5433),
        ),
    )


FOR_THE_APP: dict[str, Callable[[Network], None]] = {
    "the portal's": lambda network: only_for(network, "db-1", 5433, INSIDE, {"app"}),
    "the forms": lambda network: is_for_the_app(network, GOOD, 5433, INSIDE),
}


@pytest.mark.parametrize("judge", FOR_THE_APP.values(), ids=FOR_THE_APP)
@pytest.mark.parametrize("source", [{"group": "sg-app"}, {"cidr": "10.0.10.5/32"}], ids=["group", "address"])
def test_a_door_for_the_app(judge: Callable[[Network], None], source: dict[str, str]) -> None:
    """The app's group, or its one address, on the database's port."""
    judge(portal(rule(5433, **source)))


@pytest.mark.parametrize("judge", FOR_THE_APP.values(), ids=FOR_THE_APP)
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (rule(5433, cidr="10.0.10.0/24"), "takes over (the )?mailer"),
        (rule(5433, cidr="10.0.0.0/24"), "a new machine in web can reach db-1"),
        (rule(5433, cidr="10.0.20.0/24"), "a new machine in data can reach db-1"),
        (rule(5433, cidr="10.0.10.8/30"), "a new machine at 10.0.10.8 in app can reach db-1"),
        (rule(22, group="sg-app"), "other ports of db-1. eni-app can reach db-1 on tcp port 22"),
        (rule(5434, to=5440, group="sg-app"), "can reach db-1 on tcp port 5434"),
    ],
    ids=[
        "the app's subnet",
        "the web",
        "its own subnet",
        "a few addresses",
        "another port",
        "ports from the next on",
    ],
)
def test_a_door_that_is_too_wide(
    judge: Callable[[Network], None], more: SecurityGroupRule, words: str
) -> None:
    """Another rule beside the right one: a neighbour's, that of machines to come, other ports."""
    with pytest.raises(AssertionError, match=words):
        judge(portal(rule(5433, group="sg-app"), more))


@pytest.mark.parametrize("judge", FOR_THE_APP.values(), ids=FOR_THE_APP)
def test_a_door_that_is_shut(judge: Callable[[Network], None]) -> None:
    """The app itself must be let in."""
    with pytest.raises(AssertionError, match="no inbound rule"):
        judge(portal())


@pytest.mark.parametrize(
    ("carried", "rules", "everybody"),
    [
        ("sg-db", [rule(5433, cidr="0.0.0.0/0")], True),
        ("sg-db", [rule(22, group="sg-app"), rule(5433, cidr="::/0")], True),
        ("sg-db", [rule(5433, group="sg-app")], False),
        ("sg-db", [], False),
        ("sg-app", [rule(5433, cidr="0.0.0.0/0")], False),
    ],
)
def test_a_rule_for_the_whole_world(carried: str, rules: list[SecurityGroupRule], everybody: bool) -> None:
    """Any rule of a group that the database carries; those of other groups are not its own."""
    found = GOOD | {"VpcSecurityGroups": [{"VpcSecurityGroupId": carried}]}
    assert lets_everybody_in(portal(*rules), found) is everybody
