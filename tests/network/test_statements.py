"""Statements for graders: true or not, with a sentence and the traces they rest on."""

from __future__ import annotations

from dataclasses import replace

from cloudlings.network import view_of
from cloudlings.network.model import AutoScalingGroup

from .test_trace import network


def test_the_internet_cannot_reach_a_private_database() -> None:
    """All protocols and both address families are tried."""
    found = view_of(network()).internet.cannot_reach("db")
    assert found
    assert found.sentence.startswith("The internet cannot reach db")
    assert {trace.source for trace in found.traces} == {"internet", "internet6"}


def test_the_internet_reaches_over_ipv6_what_it_cannot_over_ipv4() -> None:
    """Closed over IPv4, open over IPv6: the statement does not hold, and says over what."""
    closed = {"sg-web": {"in": [["tcp", "22", "::/0"]]}}
    found = view_of(network("dual-stack", sgs=closed)).internet.cannot_reach("web")
    assert not found
    assert "over IPv6 can reach web" in found.sentence
    assert found.trace is not None
    assert found.trace.source == "internet6"


def test_reaching_and_not_reaching_by_port() -> None:
    """One port may be open and another closed; places may be given as places."""
    view = view_of(network())
    assert view["app"].reaches("db", 5432)
    assert view["app"].reaches(view["db"], 5432)
    assert not view["app"].reaches("db", 3306)
    assert view["app"].cannot_reach("db", 3306, "tcp")
    assert not view["app"].cannot_reach("db")


def test_nothing_is_proven_about_what_is_not_there() -> None:
    """A wrong name makes neither statement true."""
    view = view_of(network())
    assert not view.internet.cannot_reach("dbb")
    assert view.internet.cannot_reach("dbb").unknown
    assert not view["app"].reaches("dbb", 5432)
    assert view["app"].reaches("dbb", 5432).unknown


def test_s3_without_nat() -> None:
    """By the NAT gateway does not count, by an endpoint does."""
    by_nat = view_of(network())["app"].reaches_s3_without_nat
    assert not by_nat
    assert by_nat.sentence == "app reaches s3, but by NAT gateway nat, not by an endpoint."
    endpoint = {"s3": {"type": "Gateway", "service": "s3", "vpc": "v", "tables": ["rt-priv"]}}
    assert view_of(network(endpoints=endpoint))["app"].reaches_s3_without_nat
    assert not view_of(network())["db"].reaches_s3_without_nat


def test_the_kind_of_a_subnet() -> None:
    """As a word, and as a statement."""
    view = view_of(network())
    assert view.kind("data") == "isolated"
    assert view.is_kind("pub", "public")
    assert view.is_kind("pub", "private").sentence == "Subnet pub is public, and private was looked for."


def two_zones(**nats: dict[str, str]) -> dict[str, object]:
    """An internet-facing load balancer over two zones with a target in each."""
    return {
        "sgs": {"sg-app": {"in": [["tcp", "8080", "sg-alb"]]}},
        "instances": {"app2": {"subnet": "priv2", "sgs": ["sg-app"]}},
        "lbs": {"alb": {"targets": ["app", "app2"]}},
        "nats": nats,
    }


def test_the_loss_of_a_zone_is_survived_with_a_target_in_each() -> None:
    """The other zone's node and target carry on."""
    view = view_of(network("balanced", **two_zones()))
    assert view.survives_loss_of("us-east-1a")
    assert view.survives_loss_of("us-east-1b")


def test_the_loss_of_a_zone_is_not_survived_by_a_tier_in_that_zone_alone() -> None:
    """Without zone a there is no target left."""
    change = two_zones()
    change["lbs"] = {"alb": {"targets": ["app"]}}
    found = view_of(network("balanced", **change)).survives_loss_of("us-east-1a")
    assert not found
    assert found.sentence.startswith("Without us-east-1a: ")


def test_the_loss_of_a_zone_takes_its_nat_gateway_along() -> None:
    """The machines of the other zone lose the internet when they share one NAT gateway."""
    view = view_of(network("balanced", **two_zones()))
    assert not view.survives_loss_of("us-east-1a", ("app2", "internet", 443))
    assert view.survives_loss_of("us-east-1b", ("app", "internet", 443))


def test_a_database_survives_a_zone_when_it_is_multi_az_only() -> None:
    """A single instance is gone with its zone, wherever its subnet group reaches."""
    change = {
        "subnets": {"data2": {"vpc": "v", "cidr": "10.0.22.0/24", "az": "b"}},
        "tables": {"rt-data": {"subnets": ["data", "data2"]}},
        "instances": {"app2": {"subnet": "priv2", "sgs": ["sg-app"]}},
        "dbs": {"orders": {"subnets": ["data", "data2"], "sgs": ["sg-db"]}},
    }
    single = network("two-zones", **change)
    path = ("app2", "orders", 5432)
    assert not view_of(single).survives_loss_of("us-east-1a", path)
    multi = replace(single, databases=tuple(replace(each, multi_az=True) for each in single.databases))
    assert view_of(multi).survives_loss_of("us-east-1a", path)
    elsewhere = replace(single, databases=tuple(replace(each, az="us-east-1b") for each in single.databases))
    assert view_of(elsewhere).survives_loss_of("us-east-1a", path)


def test_without_a_front_door_survival_is_not_claimed() -> None:
    """Nothing to look at is no proof."""
    found = view_of(network()).survives_loss_of("us-east-1a")
    assert not found
    assert found.unknown


def test_an_auto_scaling_group_stands_for_its_instances() -> None:
    """A tier may be named by its group."""
    tier = replace(network(), auto_scaling_groups=(AutoScalingGroup("asg-app", ("priv",), ("app",)),))
    assert view_of(tier)["asg-app"].reaches("db", 5432)
