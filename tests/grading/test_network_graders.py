"""What graders of networks share: hosts that might be launched, predictions, and rules that are handed in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudlings.grading.acl_rules import difference, first_match, rules_of
from cloudlings.grading.group_rules import in_words, includes, too_many
from cloudlings.grading.vpc_state import (
    as_predicted,
    inside,
    must_not_reach,
    must_reach,
    ports_at_the_edges,
    the_one,
    with_host,
)
from cloudlings.network import Network, trace
from cloudlings.network.model import (
    InternetGateway,
    NetworkAcl,
    NetworkAclEntry,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

HOME = Subnet("subnet-a", "vpc-1", "10.0.1.0/28", "eu-west-1a", ("2001:db8::/64",))
OTHER = Subnet("subnet-b", "vpc-1", "10.0.2.0/24", "eu-west-1b")
OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))
NETWORK = Network(
    vpcs=(Vpc("vpc-1", ("10.0.0.0/16",), ("2001:db8::/56",)),),
    subnets=(HOME, OTHER),
    route_tables=(
        RouteTable("rtb-main", "vpc-1", (Route("0.0.0.0/0", "igw-1"),), main=True),
        RouteTable("rtb-shut", "vpc-1", (), ("subnet-b",)),
    ),
    internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
    network_acls=(NetworkAcl("acl-1", "vpc-1", ("subnet-a", "subnet-b"), OPEN, default=True),),
)
WORDS = {"consequence": "nothing works", "concept": "a concept"}


def message(failed: pytest.ExceptionInfo[AssertionError]) -> str:
    """What a learner would read."""
    return str(failed.value.args[0])


def test_a_host_that_might_be_launched_has_a_free_address_and_no_group_in_its_way() -> None:
    """The network given is not changed; two hosts in one subnet have two addresses."""
    network, one = with_host(NETWORK, HOME, public=True)
    network, two = with_host(network, HOME, what="another")
    addresses = {each.private_ips[0] for each in network.interfaces}
    assert (one, two, len(addresses)) == (
        "a host with a public address in subnet-a",
        "another in subnet-a",
        2,
    )
    assert trace(network, "internet", one, "tcp", 443).reachable
    assert trace(network, two, one, "tcp", 443).reachable
    assert NETWORK.interfaces == ()


def test_reaching_the_internet_means_both_halves_of_it() -> None:
    """A table that knows one half of the addresses is no way out."""
    half = replace(NETWORK.route_tables[0], routes=(Route("0.0.0.0/1", "igw-1"),))
    network, host = with_host(replace(NETWORK, route_tables=(half,)), HOME, public=True)
    with pytest.raises(AssertionError) as failed:
        must_reach(network, host, "internet", 443, **WORDS)
    assert "to 203.0.113.80" in message(failed)
    network, host = with_host(NETWORK, HOME, public=True)
    must_reach(network, host, "internet", 443, **WORDS)


def test_not_reaching_must_be_certain() -> None:
    """Blocked passes, as does a place without an address of the family; reachable and unknown do not."""
    network, host = with_host(NETWORK, OTHER)
    must_not_reach(network, "internet", host, 443, **WORDS)
    must_not_reach(network, "internet6", host, 443, **WORDS)
    network, host = with_host(NETWORK, HOME, public=True)
    for place in (host, "nobody"):
        with pytest.raises(AssertionError):
            must_not_reach(network, "internet", place, 443, **WORDS)


def test_a_prediction_is_counted_and_not_given_away() -> None:
    """Spaces and case do not count, extra pairs neither; the message names no pair that is wrong."""
    network, shut = with_host(NETWORK, OTHER)
    network, door = with_host(network, HOME, public=True)
    truth = {
        "internet > door": trace(network, "internet", door, "tcp", 443),
        "internet > shut": trace(network, "internet", shut, "tcp", 443),
    }
    as_predicted("pairs", {"Internet>door": True, "internet > shut": False, "else": 3}, truth)
    with pytest.raises(AssertionError) as failed:
        as_predicted("pairs", {"internet > door": True, "internet > shut": True}, truth)
    assert "1 of 2" in message(failed)
    assert "> shut" not in message(failed)
    for given in ("nonsense", None, {"internet > door": "yes"}):
        with pytest.raises(AssertionError, match="neither true nor false"):
            as_predicted("pairs", given, truth)


def test_two_candidates_are_both_named() -> None:
    """Which one is meant cannot be told, so the check says which were seen."""
    pair = [Vpc("vpc-1", ("10.0.0.0/16",)), Vpc("vpc-2", ("10.0.0.0/16",))]
    with pytest.raises(AssertionError, match="vpc-1 and vpc-2"):
        the_one(pair, "10.0.0.0/16", "the portal")
    assert the_one(pair[:1], "10.0.0.0/16", "the portal").id == "vpc-1"


def test_subnets_are_found_by_their_block() -> None:
    """Only those that lie wholly in it, whatever they are called."""
    assert inside([OTHER, HOME], "10.0.0.0/23") == [HOME]
    assert inside([OTHER, HOME], "10.0.0.0/16") == [HOME, OTHER]


def test_ports_at_the_edges_are_those_where_a_rule_changes_its_mind() -> None:
    """Both ends of each rule and their neighbours, of groups and of network ACLs, of this VPC only."""
    rule = SecurityGroupRule("ingress", "tcp", 80, 90, cidr="0.0.0.0/0")
    groups = (
        SecurityGroup("sg-1", "vpc-1", (rule,)),
        SecurityGroup("sg-2", "vpc-9", (replace(rule, to_port=7),)),
    )
    assert ports_at_the_edges(replace(NETWORK, security_groups=groups), "vpc-1", 443) == [
        1, 79, 80, 81, 89, 90, 91, 442, 443, 444, 65535,
    ]  # fmt: skip


ALLOW = {"number": 100, "action": "allow", "protocol": "tcp", "cidr": "10.0.0.0/16", "from": 80, "to": 80}
DENY = {"RuleNumber": 90, "RuleAction": "deny", "Protocol": "6", "CidrBlock": "10.0.1.0/24", "Egress": False,
        "PortRange": {"From": 80, "To": 80}}  # fmt: skip


def test_rules_are_read_in_the_labs_shape_and_in_ec2s() -> None:
    """Outbound rules and the closing one are left out."""
    closing = {**DENY, "RuleNumber": 32767}
    rules = rules_of([ALLOW, DENY, closing, {**DENY, "Egress": True}], "rules", "list")
    assert [(rule.number, rule.action, rule.protocol) for rule in rules] == [
        (100, "allow", "tcp"),
        (90, "deny", "tcp"),
    ]


@pytest.mark.parametrize(
    "rows",
    ["words", None, [], [{"number": 1}], [{**ALLOW, "cidr": "everywhere"}], [{**ALLOW, "action": "maybe"}],
     [{**ALLOW, "from": "http"}], [ALLOW] * 41, 7],
)  # fmt: skip
def test_what_is_no_list_of_rules_is_told_so(rows: object) -> None:
    """Words, never a traceback."""
    with pytest.raises(AssertionError, match="no list of rules"):
        rules_of(rows, "rules", "list")


def test_the_lowest_number_that_fits_decides() -> None:
    """And where none fits, the closing rule is left: None."""
    rules = rules_of([ALLOW, DENY], "rules", "list")
    decided = [first_match(rules, "tcp", address, 80) for address in ("10.0.1.9", "10.0.2.9", "192.0.2.1")]
    assert [each.number if each else None for each in decided] == [90, 100, None]
    assert first_match(rules, "udp", "10.0.2.9", 80) is None


def test_two_lists_differ_about_a_packet_or_about_none() -> None:
    """Order alone is no difference; a range that is one address wider is one."""
    rules = rules_of([ALLOW, DENY], "rules", "list")
    assert difference(rules, reversed(rules), ["10.0.2.9"]) is None
    wider = rules_of([ALLOW, {**DENY, "CidrBlock": "10.0.0.0/23"}], "rules", "list")
    assert difference(rules, wider, ["10.0.2.9"]) == "tcp port 80 from 10.0.0.0"


RULE = SecurityGroupRule("ingress", "tcp", 22, 22)


ALL = replace(RULE, protocol="-1", from_port=None, to_port=None)


@pytest.mark.parametrize(
    ("rule", "port", "expected"),
    [
        (RULE, 22, True),
        (RULE, 23, False),
        (ALL, 22, True),
        (replace(RULE, from_port=0, to_port=65535), 3389, True),
        (replace(RULE, protocol="udp"), 22, False),
    ],
)
def test_a_rule_includes_every_port_between_its_two(
    rule: SecurityGroupRule, port: int, expected: bool
) -> None:
    """By protocol -1 all of them; another protocol none."""
    assert includes(rule, port) is expected


LISTS = (PrefixList("pl-1", ("198.51.100.7/32",)), PrefixList("pl-2", ("198.51.100.0/28",)))


@pytest.mark.parametrize(
    ("rule", "port", "words"),
    [
        (replace(RULE, cidr="0.0.0.0/0"), 22, "4,294,967,296"),
        (replace(RULE, cidr="128.0.0.0/1"), 22, "2,147,483,648"),
        (replace(RULE, cidr="::/0"), 22, "addresses"),
        (replace(RULE, cidr="10.0.0.0/16"), 22, "65,536"),
        (replace(RULE, cidr="10.0.0.0/16"), 5432, ""),
        (replace(RULE, cidr="198.51.100.7/32"), 22, ""),
        (replace(RULE, cidr="10.0.1.5/32"), 22, ""),
        (replace(RULE, cidr="10.0.1.0/32"), 22, "AWS keeps"),
        (replace(RULE, cidr="10.0.1.15/32"), 22, "AWS keeps"),
        (replace(RULE, group="sg-1"), 22, ""),
        (replace(RULE, prefix_list="pl-1"), 22, ""),
        (replace(RULE, prefix_list="pl-2"), 22, "16 addresses"),
        (replace(RULE, prefix_list="pl-unread"), 22, "4,294,967,296"),
    ],
)
def test_a_source_is_one_host_a_group_or_too_many(rule: SecurityGroupRule, port: int, words: str) -> None:
    """A host that cannot be, and a list that cannot be read, count as too many."""
    found = too_many(replace(NETWORK, prefix_lists=LISTS), NETWORK.vpcs[0], rule, port)
    assert (words in found) if words else not found


def test_a_rule_in_words() -> None:
    """Ports and source, as a person says it."""
    assert in_words(replace(RULE, cidr="::/0")) == "(tcp 22 from ::/0)"
    assert in_words(replace(RULE, to_port=30, group="sg-1")) == "(tcp 22–30 from sg-1)"
    assert in_words(replace(RULE, protocol="-1", cidr="0.0.0.0/0")).startswith("(every protocol")
