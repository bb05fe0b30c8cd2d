"""Findings: what they say, and in what order."""

from __future__ import annotations

from cloudlings.network import findings

from .test_trace import network


def test_problems_come_first() -> None:
    """A dead route before a shared NAT gateway before a note."""
    found = findings(
        network("two-zones", tables={"rt-data": {"subnets": [], "routes": [["0.0.0.0/0", "gone"]]}})
    )
    order = [each.severity for each in found]
    assert order == sorted(order, key=["problem", "risk", "note"].index)
    assert {"BLACKHOLE_ROUTE", "CROSS_AZ_NAT", "IMPLICIT_MAIN_TABLE"} <= {each.code for each in found}


def test_a_shadowed_rule_is_shown_with_the_packet_that_the_earlier_one_takes() -> None:
    """The packet is one that both rules are about."""
    acl = {
        "vpc": "v",
        "subnets": ["data"],
        "in": [[100, "deny", "all", "", "10.0.0.0/16"], [110, "allow", "tcp", "5432", "10.0.11.0/24"]],
        "out": [],
    }
    found = next(each for each in findings(network(nacls={"n-data": acl})) if each.code == "SHADOWED_RULE")
    assert found.packet is not None
    assert str(found.packet) == "tcp 10.0.11.1 port 32768 → the subnet port 5432"
    assert found.severity == "problem"
    assert "Rule 110 (allow, inbound) of network ACL n-data can never match: rule 100 (deny)" in found.text


def test_an_earlier_rule_of_another_protocol_or_narrower_range_shadows_nothing() -> None:
    """UDP does not hide TCP, and one port does not hide a range."""
    acl = {
        "vpc": "v",
        "subnets": ["data"],
        "in": [
            [100, "deny", "udp", "", "10.0.0.0/16"],
            [105, "deny", "tcp", "5432", "10.0.0.0/16"],
            [110, "allow", "tcp", "5432-5433", "10.0.11.0/24"],
        ],
        "out": [[100, "deny", "all", "", "0.0.0.0/0"]],
    }
    assert "SHADOWED_RULE" not in {each.code for each in findings(network(nacls={"n-data": acl}))}


def test_admin_ports_open_to_everyone_are_named() -> None:
    """SSH by a range, remote desktop by all traffic; web ports are nobody's business here."""
    texts = [
        each.text
        for each in findings(
            network(
                sgs={
                    "sg-web": {"in": [["all", "", "::/0"]]},
                    "sg-app": {"in": [["tcp", "20-25", "0.0.0.0/0"]]},
                }
            )
        )
        if each.code == "ADMIN_PORT_OPEN"
    ]
    assert texts == [
        "Security group sg-web lets anyone (::/0) in on SSH, remote desktop (RDP).",
        "Security group sg-app lets anyone (0.0.0.0/0) in on SSH.",
    ]
    assert "ADMIN_PORT_OPEN" not in {each.code for each in findings(network())}


def test_a_tier_in_one_zone_is_a_risk_and_in_two_is_none() -> None:
    """A load balancer over two zones, a database in one."""
    built = network("balanced", dbs={"orders": {"subnets": ["data"], "sgs": ["sg-db"]}})
    lonely = {each.component.id for each in findings(built) if each.code == "SINGLE_AZ_TIER"}
    assert lonely == {"orders"}
