"""Graders of 040-vpc: where packets go, zone by zone, whatever the subnets are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.cost import nat_bill
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.tier_rules import (
    Portal,
    answers_the_internet,
    goes_out_and_lets_nobody_in,
    has_room,
    knew_the_laboratory,
    leaves_room,
    reaches_the_laboratory,
    survives,
)
from cloudlings.grading.vpc_state import (
    as_predicted,
    inside,
    interface_at,
    made_elsewhere,
    main_table,
    must_not_reach,
    must_reach,
    network_of,
    region_ids,
    routes_in_words,
    shown,
    subnets_of,
    table_for,
    tables_of,
    the_one,
    vpcs_in,
    way_of,
    with_host,
)
from cloudlings.network import Network, Trace, kind, trace
from cloudlings.network.model import Subnet, Vpc

TIERS = ("web", "app", "data")


def _portal(account: Account, brief: Brief) -> Portal:
    """The portal's VPC; where it is not there yet, the check ends as not attempted."""
    network = network_of(account)
    found = vpcs_in(network, brief.vpc_cidr)
    if not found:
        _no_vpc_elsewhere(account)
    not_attempted_unless(
        _strangers(network, brief),
        f"No VPC with the range {brief.vpc_cidr} is in {account.region_name} yet; there are "
        f"{shown([_vpc_in_words(vpc) for vpc in network.vpcs])}.",
    )
    assert found, Because(
        found=f"The portal's range is {brief.vpc_cidr}. The VPCs that are here: "
        f"{shown([_vpc_in_words(vpc) for vpc in network.vpcs])}.",
        consequence="A network outside the plan may collide with the booking network, the laboratory or "
        "an office, and then it can be connected to none of them.",
        concept="A VPC's range is chosen once: it is part of every address that is ever given out in it.",
    )
    vpc = the_one(found, brief.vpc_cidr, "the portal")
    subnets = subnets_of(network, vpc.id)
    return Portal(network, vpc, {tier: inside(subnets, brief.tiers[tier]) for tier in TIERS})


def _no_vpc_elsewhere(account: Account) -> None:
    def ids(region: str) -> list[str]:
        vpcs = account.client("ec2", region_name=region).describe_vpcs()["Vpcs"]
        return [f"{vpc['VpcId']} ({vpc['CidrBlock']})" for vpc in vpcs if not vpc["IsDefault"]]

    where = made_elsewhere(account, "CreateVpc", ids)
    assert not where, Because(
        found=f"The portal's VPC was looked for in {account.region_name}; there is {where}.",
        consequence="Patients' requests would travel to another Region, and the booking network is not "
        "there to be peered with.",
        concept="A VPC lives in one Region, the one of the client that made it.",
    )


def _strangers(network: Network, brief: Brief) -> list[Vpc]:
    known = {brief.old_cidr, brief.laboratory_cidr, brief.archive_cidr, "172.31.0.0/16"}
    return [vpc for vpc in network.vpcs if not known & set(vpc.cidrs)]


def _vpc_in_words(vpc: Vpc) -> str:
    return f"{vpc.id} {vpc.name} ({', '.join(vpc.cidrs)})"


@task(
    "plan",
    points=4,
    title="Room for three tiers in two zones",
    ref="L04-T1",
    hints=[
        "How many addresses can machines have in a /26? It is not 64. The check counts, for each tier and "
        "each of your two zones, the addresses that are left for machines.",
        "AWS keeps five addresses of every subnet. Round the machines plus five up to a power of two; that "
        "is the subnet's size. ipaddress.ip_network(block).subnets(new_prefix=…) cuts a block into pieces.",
        "prefix = 32 - (room + 5 - 1).bit_length(). Two subnets for each tier, from that tier's block, one "
        "with AvailabilityZoneId=brief.zone_ids[0], one with brief.zone_ids[1].",
    ],
)
def test_plan(account: Account, brief: Brief) -> None:
    portal = _portal(account, brief)
    every = subnets_of(portal.network, portal.vpc.id)
    zones = region_ids(account)
    for subnet in every:
        homes = [tier for tier in TIERS if subnet in portal.tiers[tier]]
        blocks = ", ".join(f"{tier} {brief.tiers[tier]}" for tier in TIERS)
        assert homes, Because(
            found=f"Subnet {subnet.id} has the range {subnet.cidr}; the tiers' blocks are {blocks}.",
            consequence="A firewall rule, a route or an audit that speaks of a tier's block misses these "
            "machines, or takes them for another tier's.",
            concept="One block for each tier: then a range says what a machine is for.",
        )
    for tier in TIERS:
        for zone_id in brief.zone_ids:
            has_room(portal, brief, tier, zone_id, zones)
        leaves_room(portal, brief, tier)


@task(
    "front-door",
    points=3,
    title="The web tier is public, by its routes",
    ref="L04-T2",
    hints=[
        "Neither a name nor a setting makes a subnet public. Ask for each subnet: which route table does it "
        "use, and where does a packet for 0.0.0.0/0 go from there?",
        "An internet gateway is attached to the VPC (attach_internet_gateway). A route in a table leads to "
        "it. A table counts for the subnets that are associated with it, and for no others.",
        "create_internet_gateway, attach_internet_gateway, create_route_table, create_route "
        "(0.0.0.0/0, GatewayId=…), then associate_route_table for each subnet of the web tier.",
    ],
)
def test_front_door(account: Account, brief: Brief) -> None:
    portal = _portal(account, brief)
    gateways = [each for each in portal.network.internet_gateways if each.vpc == portal.vpc.id]
    beyond = [route for t in tables_of(portal.network, portal.vpc.id) for route in t.routes
              if route.target != "local"]  # fmt: skip
    not_attempted_unless(
        portal.tiers["web"] and (gateways or beyond),
        f"{portal.vpc.id} has no internet gateway and no route but the local ones.",
    )
    for subnet in portal.tiers["web"]:
        found = kind(portal.network, subnet)
        assert found == "public", Because(
            found=f"Subnet {subnet.id} ({subnet.name} {subnet.cidr}) of the web tier is {found}. It is "
            f"routed by {way_of(portal.network, subnet)}.",
            consequence="A patient's browser that is sent to a machine there waits until it gives up.",
            concept="Routes decide: a subnet is public when the table that it is associated with leads to an "
            "internet gateway that is attached. Names, tags and settings decide nothing.",
        )
        answers_the_internet(portal, subnet)
    for tier in ("app", "data"):
        for subnet in portal.tiers[tier]:
            assert kind(portal.network, subnet) != "public", Because(
                found=f"Subnet {subnet.id} of the {tier} tier is public: {way_of(portal.network, subnet)}.",
                consequence=f"The day somebody gives a machine of the {tier} tier a public address, the "
                "whole internet can knock at it.",
                concept="A subnet without a table of its own follows the main table, and whatever is in it.",
            )


@task(
    "own-exit",
    points=5,
    title="Each zone has a way out of its own",
    ref="L04-T3",
    hints=[
        "Follow the packet: app machine, its subnet's table, the NAT gateway, the table of the NAT "
        "gateway's own subnet, internet gateway. And then: which of these are gone when one zone is gone?",
        "A NAT gateway stands in a public subnet. One for each zone, and a route table for each zone, so "
        "that each app subnet goes out through the gateway in its own zone.",
        "For each zone: allocate_address, create_nat_gateway(SubnetId=web subnet of the zone), "
        "create_route_table, create_route(0.0.0.0/0, NatGatewayId=…), associate_route_table(app subnet of "
        "the zone).",
    ],
)
def test_own_exit(account: Account, brief: Brief) -> None:
    portal = _portal(account, brief)
    nats = [n for n in portal.network.nat_gateways if n.vpc == portal.vpc.id and n.state != "deleted"]
    moved = [s for s in portal.tiers["app"] if kind(portal.network, s) not in ("isolated", "public")]
    not_attempted_unless(
        portal.tiers["app"] and (nats or moved),
        f"{portal.vpc.id} has no NAT gateway, and no app subnet has a route out.",
    )
    for subnet in portal.tiers["app"]:
        goes_out_and_lets_nobody_in(portal.network, subnet, "app", "fetch an update or call the bank")
    for subnet in portal.tiers["data"]:
        found = kind(portal.network, subnet)
        assert found == "isolated", Because(
            found=f"Subnet {subnet.id} of the data tier is {found}: {way_of(portal.network, subnet)}.",
            consequence="Whoever gets hold of a database has a way to carry the patients' records out.",
            concept="The data tier talks to the app tier, which local routes do. It needs no way out.",
        )
    survives(portal)


@task(
    "ipv6-out",
    points=4,
    title="Out over IPv6, and not in",
    ref="L04-T7",
    hints=[
        "Every IPv6 address of AWS's is one that the internet can reach: there is nothing like a private "
        "range behind a NAT gateway. What kind of gateway lets connections out and none in?",
        "Three parts: an IPv6 range for the VPC and one for each app subnet (a /64), an egress-only "
        "internet gateway on the VPC, and a route ::/0 to it in every table that an app subnet uses.",
        "associate_vpc_cidr_block(AmazonProvidedIpv6CidrBlock=True); associate_subnet_cidr_block(SubnetId, "
        "Ipv6CidrBlock=…/64); create_egress_only_internet_gateway(VpcId=…); "
        "create_route(DestinationIpv6CidrBlock='::/0', EgressOnlyInternetGatewayId=…).",
    ],
)
def test_ipv6_out(account: Account, brief: Brief) -> None:
    portal = _portal(account, brief)
    gateways = [each for each in portal.network.egress_only_gateways if each.vpc == portal.vpc.id]
    not_attempted_unless(
        portal.tiers["app"] and (gateways or portal.vpc.ipv6_cidrs),
        f"{portal.vpc.id} has no IPv6 range and no egress-only internet gateway.",
    )
    for subnet in portal.tiers["app"]:
        assert subnet.ipv6_cidrs, Because(
            found=f"Subnet {subnet.id} of the app tier has no IPv6 range; the VPC has "
            f"{shown(portal.vpc.ipv6_cidrs)}.",
            consequence="Machines there get no IPv6 address, so nothing that speaks only IPv6 can be called.",
            concept="A VPC's IPv6 range is a supply; each subnet takes a /64 of it.",
        )
        network, host = with_host(portal.network, subnet, ipv6=True)
        must_reach(
            network,
            host,
            "internet6",
            443,
            consequence="A call to an IPv6 address times out, from this zone.",
            concept="0.0.0.0/0 and ::/0 are two routes: neither says anything about the other family.",
        )
        must_not_reach(
            network,
            "internet6",
            host,
            443,
            consequence="Every machine of the app tier can be called by anybody, with one route and no NAT "
            "between; only security groups are left.",
            concept="An internet gateway works both ways; IPv6's one-way gateway is another kind.",
        )
    for subnet in portal.tiers["data"]:
        network, host = with_host(portal.network, subnet, ipv6=True)
        must_not_reach(
            network,
            host,
            "internet6",
            443,
            consequence="The records have a way out again, in the family that nobody looks at.",
            concept="Isolated counts for both families.",
        )


@dataclass(frozen=True)
class Old:
    """The booking network as it is now, its subnets by tier."""

    network: Network
    vpc: Vpc
    tiers: Mapping[str, list[Subnet]]


def _old(account: Account, brief: Brief) -> Old:
    network = network_of(account)
    found = vpcs_in(network, brief.old_cidr)
    gone = Because(
        found=f"The booking network ({brief.old_cidr}) and its six subnets were looked for; they are not all "
        "there.",
        consequence="The clinics' receptions cannot book.",
        concept="What runs is repaired in place. reset_lab() lays the start state again.",
    )
    here = {s.cidr: s for vpc in found for s in subnets_of(network, vpc.id)}
    wanted = {block for blocks in brief.old_subnets.values() for block in blocks}
    assert wanted <= here.keys(), gone
    vpc = the_one(found, brief.old_cidr, "the booking network")
    tiers = {tier: [here[block] for block in blocks] for tier, blocks in brief.old_subnets.items()}
    return Old(network, vpc, tiers)


@task(
    "isolate",
    points=3,
    title="The records have no way out",
    ref="L04-T4",
    hints=[
        "Private and isolated are two things: from a private subnet one gets out, from an isolated one "
        "nobody does. Which table do the data subnets use, and where does it lead?",
        "A table that leads nowhere else is enough for both data subnets: a new route table has a local "
        "route and nothing more. Do other subnets need what is in the old one?",
        "create_route_table, then replace_route_table_association with the data subnets' association ids "
        "(describe_route_tables shows them), or disassociate and associate.",
    ],
)
def test_isolate(account: Account, brief: Brief) -> None:
    old = _old(account, brief)
    tables = [table_for(old.network, subnet) for subnet in old.tiers["data"]]
    kinds = {kind(old.network, subnet) for subnet in old.tiers["data"]}
    left = ({(table.name, len(table.routes)) for table in tables}, kinds)
    as_left = ({("as-inherited", 2)}, {"private"})
    not_attempted_unless(left != as_left, "Both data subnets use the NAT gateway's table still.")
    for subnet in old.tiers["data"]:
        found = kind(old.network, subnet)
        assert found == "isolated", Because(
            found=f"Subnet {subnet.id} ({subnet.name} {subnet.cidr}) is {found}: "
            f"{way_of(old.network, subnet)}.",
            consequence="A program on a database machine can send the patients' records to any address in "
            "the world: NAT stops who comes, not who goes.",
            concept="Isolated means no route to anything beyond the VPC, in either family; two halves of the "
            "internet make a default route as well.",
        )


@task(
    "explicit",
    points=4,
    title="No subnet follows the main table by accident",
    ref="L04-T5",
    hints=[
        "Ask for each of the six subnets: is it in the associations of some table? Those that are in none "
        "follow the main table. What happens to them when you empty it?",
        "Before you take anything out of the main table, write down what each tier needs from it: the web "
        "tier the internet gateway, the app tier the NAT gateway, and the app tier something else too.",
        "A table for web (0.0.0.0/0 to the internet gateway), one for app (0.0.0.0/0 to the NAT gateway, the "
        "laboratory's range to the peering), associate all; then delete_route the rest in the main table.",
    ],
)
def test_explicit(account: Account, brief: Brief) -> None:
    old = _old(account, brief)
    every = [subnet for tier in TIERS for subnet in old.tiers[tier]]
    tables = tables_of(old.network, old.vpc.id)
    main = main_table(old.network, old.vpc.id)
    implicit = [s for s in every if not any(s.id in table.subnets for table in tables)]
    untouched = {s.id for s in implicit} >= {s.id for t in ("web", "app") for s in old.tiers[t]}
    extra = [route for route in main.routes if route.target != "local"]
    not_attempted_unless(
        not (untouched and len(extra) == 2),
        "The main table and the four subnets that follow it are as inherited.",
    )
    assert not implicit, Because(
        found=f"The route tables' associations were read: {shown([s.id for s in implicit])} "
        f"{'is' if len(implicit) == 1 else 'are'} in none, and so routed by the main table "
        f"{main.id}.",
        consequence="The next route that somebody adds to the main table changes these subnets too, "
        "and nobody will have meant it.",
        concept="Every subnet has a table; without an association it is the main one, silently.",
    )
    assert not extra, Because(
        found=f"The main table {main.id} still has {routes_in_words(main)}.",
        consequence="The next subnet that is made in this VPC, by whomever, starts with these routes.",
        concept="The main table is the default for what nobody has thought about: so it leads nowhere.",
    )
    for subnet in old.tiers["web"]:
        found = kind(old.network, subnet)
        assert found == "public", Because(
            found=f"Subnet {subnet.id} of the web tier is {found}: {way_of(old.network, subnet)}.",
            consequence="The receptions' web page is down: a repair took away what was in use.",
            concept="Before a route goes, somebody has to know who uses it.",
        )
    for subnet in old.tiers["app"]:
        goes_out_and_lets_nobody_in(old.network, subnet, "app", "send the appointments' text messages")
        reaches_the_laboratory(old.network, subnet, brief)
    for subnet in old.tiers["web"]:
        if knew_the_laboratory(old.network, subnet, brief):
            stops = "The receptions and the laboratory no longer reach each other"
            reaches_the_laboratory(old.network, subnet, brief, stops)


@task(
    "no-addresses",
    points=2,
    title="No public addresses behind the front",
    ref="L04-T6",
    hints=[
        "A public address comes to a machine in two ways: given at launch, because the subnet says so, or an "
        "Elastic IP address that somebody attached. Look for both, in the app and the data subnets.",
        "modify_subnet_attribute turns MapPublicIpOnLaunch off, one subnet a call. describe_addresses shows "
        "each Elastic IP address with the interface that has it.",
        "modify_subnet_attribute(SubnetId=…, MapPublicIpOnLaunch={'Value': False}) for four subnets; "
        "disassociate_address(AssociationId=…) and release_address(AllocationId=…) for the one address.",
    ],
)
def test_no_addresses(account: Account, brief: Brief) -> None:
    old = _old(account, brief)
    behind = [*old.tiers["app"], *old.tiers["data"]]
    ids = {subnet.id for subnet in behind}
    mapped = [subnet for subnet in behind if subnet.map_public_ip]
    exposed = {
        address: f"{each.id} {each.name}"
        for each in old.network.interfaces
        if each.subnet in ids
        for address in each.public_ips
        if address
    }
    not_attempted_unless(
        len(mapped) < len(behind) or not exposed,
        "All app and data subnets give public addresses at launch; one machine has an Elastic IP address.",
    )
    assert not mapped, Because(
        found=f"{shown([f'{s.id} ({s.name} {s.cidr})' for s in mapped])} still "
        f"{'gives' if len(mapped) == 1 else 'give'} every new machine a public address.",
        consequence="Each one is paid for, by the hour, and is one mistaken route away from the internet.",
        concept="Two locks: no route from outside, and no address to route to.",
    )
    assert not exposed, Because(
        found=f"{shown(list(exposed.values()))} has a public address: {shown(list(exposed))}.",
        consequence="The first route to an internet gateway that somebody adds for another reason puts this "
        "machine on the internet.",
        concept="An Elastic IP address stays with a machine until somebody takes it away, whatever the "
        "subnet says about new ones.",
    )
    machines = {name: interface_at(old.network, brief.places[name], name) for name in _MACHINES}
    front = next(each for each in old.network.interfaces if each.id == machines["reception"])
    assert any(front.public_ips), Because(
        found=f"The machine reception ({front.id}) in the web tier has no public address any more.",
        consequence="Who looks for the receptions' page finds nobody there.",
        concept="What is in front is reached by a public address; what is behind needs none.",
    )
    _no_idle_address(account)


_MACHINES = ("reception", "booking", "records")


def _no_idle_address(account: Account) -> None:
    inherited = [{"Name": "tag:Name", "Values": ["as-inherited"]}]
    addresses = account.client("ec2").describe_addresses(Filters=inherited)["Addresses"]
    idle = [one["PublicIp"] for one in addresses if not one.get("AssociationId")]
    assert not idle, Because(
        found=f"The address {shown(idle)} was taken from its machine. It belongs to nothing now, and the "
        "account keeps it.",
        consequence="Hazelmere pays half a cent an hour for an address that nobody uses.",
        concept="Taking an Elastic IP address from a machine leaves it in the account; giving it back to AWS "
        "is a step of its own.",
    )


@task(
    "twelve-pairs",
    points=4,
    title="Twelve packets, told beforehand",
    ref="L04-T8",
    hints=[
        "For each pair walk twice: the request by the tables on its way, then the reply by the tables on the "
        "way back. A pair is True when both arrive. Draw the three networks and their tables first.",
        "Three rules decide most of them: a packet from outside reaches only who has a public address and a "
        "public subnet; a peering carries packets between its two VPCs and never on to a third; a route on "
        "one side is half a connection.",
        'answer("pairs", {"booking > scanner": True or False, …}) with the twelve texts of brief.pairs. '
        "reach(source, destination, 443) follows one packet, if you want to check a doubt.",
    ],
)
def test_twelve_pairs(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("pairs")
    not_attempted_unless(given is not None, 'No answer "pairs" was handed in yet.')
    network = network_of(account)
    as_predicted("pairs", given, {pair: _pair(network, brief, pair) for pair in brief.pairs})


def _pair(network: Network, brief: Brief, pair: str) -> Trace:
    ends = [part.strip() for part in pair.split(">")]
    places = [end if end == "internet" else interface_at(network, brief.places[end], end) for end in ends]
    return trace(network, places[0], places[1], "tcp", 443)


@task(
    "nat-bill",
    points=3,
    title="What the second way out costs",
    ref="L04-T9",
    hints=[
        "Write down each thing that is billed, for each of the two designs: hours of gateways, hours of "
        "their public addresses, GB through them, GB between zones, GB to the internet. Which differ?",
        "In the design with one gateway, half of brief.nat_gb crosses to the other zone first, and a GB "
        "between zones is charged on both sides. A month has 730 hours. To the internet, 100 GB are free.",
        'answer("nat-bill", {"per_zone": …, "single": …}) in dollars a month, each within 1 %: gateways × '
        "730 × (nat.hour + ipv4.hour) + GB × nat.gb + crossing GB × 2 × transfer.az + the internet's GB.",
    ],
)
def test_nat_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("nat-bill")
    not_attempted_unless(given is not None, 'No answer "nat-bill" was handed in yet.')
    half = brief.nat_gb / 2
    bills = {
        "per_zone": nat_bill(brief.nat_gb, gateways=2, internet_gb=brief.out_gb),
        "single": nat_bill(brief.nat_gb, gateways=1, cross_az_gb=half, internet_gb=brief.out_gb),
    }
    said = given if isinstance(given, dict) else {}
    for name, bill in bills.items():
        number = said.get(name)
        assert isinstance(number, int | float), Because(
            found=f'The answer "nat-bill" has {number!r} for {name}; it needs a number of dollars.',
            consequence="Finance decides without you.",
            concept="Two designs, two sums.",
        )
        off = abs(number - bill.usd) / bill.usd
        assert off <= 0.01, Because(
            found=f"{name}: ${number:,.2f} a month was handed in, which is {off:.1%} off.",
            consequence="The choice rests on a wrong sum: " + _forgotten(number - bill.usd),
            concept="Lines of this bill: "
            + ", ".join(sorted({f"{line.resource} ({line.what})" for line in bill.lines}))
            + ".",
        )


def _forgotten(difference: float) -> str:
    return "something is counted twice." if difference > 0 else "something that is billed is not in it."
