"""Rules of network ACLs that are handed in: which packets they are about, and what tells two lists apart."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.acl_rules import MOST_RULES, difference, first_match, rules_of

HOME = "10.0.0.0/16"


def row(
    number: int, protocol: Any = "tcp", first: Any = None, last: Any = None, **more: Any
) -> dict[str, Any]:
    return {
        "number": number, "action": "allow", "protocol": protocol, "cidr": HOME, "from": first, "to": last,
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "protocol", "port", "fits"),
    [
        (row(1, "tcp", 80, 90), "tcp", 80, True),
        (row(1, "tcp", 80, 90), "tcp", 90, True),
        (row(1, "tcp", 80, 90), "tcp", 79, False),
        (row(1, "tcp", 80, 90), "tcp", 91, False),
        (row(1, "tcp", 80, 90), "udp", 80, False),
        (row(1, "tcp"), "tcp", 443, True),
        (row(1, "tcp", 80), "tcp", 79, False),
        (row(1, "tcp", None, 80), "tcp", 81, False),
        (row(1, "-1"), "udp", 53, True),
        (row(1, "-1", 80, 80), "tcp", 443, True),
        (row(1, "all", 0, 0), "icmp", 7, True),
        (row(1, "icmp", -1, -1), "icmp", 7, True),
        (row(1, "icmp"), "tcp", 7, False),
    ],
)
def test_which_packets_a_rule_is_about(given: dict[str, Any], protocol: str, port: int, fits: bool) -> None:
    """Ports count where the protocol has some: with protocol -1 and with ICMP, EC2 does not look at them."""
    rules = rules_of([given], "rules", "list")
    assert (first_match(rules, protocol, "10.0.0.9", port) is not None) is fits


@pytest.mark.parametrize(
    ("one", "other"),
    [("tcp", "6"), ("udp", 17), ("icmp", "1"), ("-1", "all"), ("tcp", "TCP"), ("-1", -1), ("47", 47)],
)
def test_two_names_of_one_protocol(one: Any, other: Any) -> None:
    """As people write it, and by the number that describe_network_acls gives."""
    lists = [rules_of([row(1, name)], "rules", "list") for name in (one, other)]
    assert difference(*lists, ["192.0.2.1"]) is None


EVERY = [row(number, name) for number, name in enumerate(("tcp", "udp", "icmp"), 1)]


@pytest.mark.parametrize(
    ("one", "other", "packet"),
    [
        ([row(1, "-1")], EVERY, "protocol 47 from 10.0.0.0"),
        (EVERY, [*EVERY, row(4, "50")], "50 from 10.0.0.0"),
        (EVERY[:2], EVERY, "icmp from 10.0.0.0"),
        ([row(1, "-1")], [row(1, "-1", cidr="10.0.0.0/17")], "tcp port 1 from 10.0.128.0"),
        ([row(1, "tcp", 80, 80)], [row(1, "tcp", 80, 81)], "tcp port 81 from 10.0.0.0"),
        ([row(1)], [row(1), row(0, cidr="10.0.7.7/32", action="deny")], "tcp port 1 from 10.0.7.7"),
    ],
    ids=["all protocols and three of them", "one more", "ICMP", "half the range", "a port", "one host"],
)
def test_a_packet_tells_two_lists_apart(one: list[Any], other: list[Any], packet: str) -> None:
    """Also one of a protocol that only "all" lets in; and it does not matter which list comes first."""
    lists = [rules_of(rows, "rules", "list") for rows in (one, other)]
    assert difference(*lists, []) == difference(*reversed(lists), []) == packet


def test_a_host_at_no_edge_is_asked_about_where_it_is_named() -> None:
    """And a list without a rule lets nobody in."""
    rules = rules_of([row(1)], "rules", "list")
    assert difference((), rules, ["10.0.3.3"]) == "tcp port 1 from 10.0.3.3"


def test_as_many_rules_as_an_acl_can_have() -> None:
    """The closing rule, as describe_network_acls lists it, is none of them."""
    closing = {"RuleNumber": 32767, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    most = [row(number) for number in range(1, MOST_RULES + 1)]
    assert len(rules_of([*most, closing], "rules", "list")) == MOST_RULES
    with pytest.raises(AssertionError, match="no list of rules"):
        rules_of([*most, row(99)], "rules", "list")


def test_a_number_is_taken_once() -> None:
    """Two inbound rules with one number are no list; an outbound one may have it as well."""
    rules_of([row(1), row(2), row(1, Egress=True)], "rule-200", "dead")
    with pytest.raises(AssertionError, match='"dead" has two rules with the number 2'):
        rules_of([row(1), row(2), row(2, "udp")], "rule-200", "dead")
