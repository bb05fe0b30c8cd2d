"""What a tier of a network must have: room in each zone, the ways that it needs, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import (
    interface_at,
    ip,
    must_reach,
    shown,
    subnets_of,
    vpcs_in,
    way_of,
    with_host,
)
from cloudlings.lab import Brief
from cloudlings.network import Network, kind, without_zone
from cloudlings.network.model import Subnet, Vpc

RESERVED = 5


@dataclass(frozen=True)
class Portal:
    """The learner's VPC as it is now, its subnets by the tier in whose block they lie."""

    network: Network
    vpc: Vpc
    tiers: Mapping[str, list[Subnet]]


def has_room(portal: Portal, brief: Brief, tier: str, zone_id: str, zones: Mapping[str, str]) -> None:
    """The tier has room for its machines in a zone, given by id; ``zones`` maps names to ids."""
    here = [subnet for subnet in portal.tiers[tier] if zones.get(subnet.az) == zone_id]
    seen = [f"{subnet.id} in {zones.get(subnet.az, subnet.az)}" for subnet in portal.tiers[tier]]
    assert here, Because(
        found=f"The {tier} tier ({brief.tiers[tier]}) was looked for in zone {zone_id}: "
        f"{shown(seen)} {'is' if len(seen) == 1 else 'are'} there.",
        consequence=f"When the other zone is lost, the portal has no {tier} tier.",
        concept="A subnet is in one zone. The zone id names the building; a name such as eu-west-1a is a "
        "label of the account's.",
    )
    room = sum(ip(subnet.cidr).num_addresses - RESERVED for subnet in here)
    sizes = shown([f"{subnet.id} {subnet.cidr}" for subnet in here])
    assert room >= brief.room[tier], Because(
        found=f"The {tier} tier in {zone_id} ({sizes}) has {room} addresses for machines; the plan asks for "
        f"{brief.room[tier]}.",
        consequence=f"Machine number {room + 1} is refused with InsufficientFreeAddressesInSubnet, on the "
        "day on which it is needed.",
        concept="Of each subnet AWS keeps five addresses: the first four and the last. A subnet's range "
        "never changes.",
    )


def leaves_room(portal: Portal, brief: Brief, tier: str) -> None:
    """A third zone's subnet fits into what is left of the tier's block, unless one is there already."""
    here = portal.tiers[tier]
    needed = 32 - (brief.room[tier] + RESERVED - 1).bit_length()
    taken = [ip(subnet.cidr) for subnet in here]
    pieces = ip(brief.tiers[tier]).subnets(new_prefix=needed)
    is_free = any(not any(piece.overlaps(each) for each in taken) for piece in pieces)
    assert is_free or len({subnet.az for subnet in here}) > 2, Because(
        found=f"The {tier} tier's block {brief.tiers[tier]} holds {shown([subnet.cidr for subnet in here])}: "
        f"no range for {brief.room[tier]} machines more is free in it.",
        consequence="The day on which a third zone is wanted, the tier has to be built anew, under addresses "
        "that no firewall knows.",
        concept="A subnet's range never changes: what it has taken and does not use is lost to the others.",
    )


def answers_the_internet(portal: Portal, subnet: Subnet) -> None:
    """A host with a public address in the subnet is reached from the internet, and reaches it."""
    network, host = with_host(portal.network, subnet, public=True)
    for source, destination in (("internet", host), (host, "internet")):
        must_reach(
            network,
            source,
            destination,
            443,
            consequence="Patients get no answer from this zone.",
            concept="A way in needs the request to arrive and the reply to find back.",
        )


def goes_out_and_lets_nobody_in(network: Network, subnet: Subnet, tier: str, needs: str) -> None:
    """The subnet is private: its hosts reach the internet; ``needs`` says what for."""
    network, host = with_host(network, subnet)
    must_reach(
        network,
        host,
        "internet",
        443,
        consequence=f"A machine of the {tier} tier there cannot {needs}.",
        concept="A NAT gateway is no door by itself: the subnet in which it stands needs the way to the "
        "internet gateway.",
    )
    assert kind(network, subnet) == "private", Because(
        found=f"Subnet {subnet.id} of the {tier} tier is {kind(network, subnet)}: {way_of(network, subnet)}.",
        consequence=f"What reaches out there can be reached, as soon as a machine of the {tier} tier has a "
        "public address.",
        concept="Private means: out through something that lets nobody in.",
    )


def survives(portal: Portal) -> None:
    """When a zone is lost, the app tier of the others still goes out."""
    zones = sorted({subnet.az for subnet in portal.tiers["app"]})
    for lost in zones:
        left = without_zone(portal.network, lost)
        for subnet in portal.tiers["app"]:
            if subnet.az == lost:
                continue
            network, host = with_host(left, subnet)
            must_reach(
                network,
                host,
                "internet",
                443,
                given=f"Zone {lost} was taken away. ",
                consequence=f"When {lost} fails, the app tier in {subnet.az} ({subnet.cidr}) runs on "
                "and can no longer call out: the failure of one zone is the portal's.",
                concept="A zonal NAT gateway lives in one zone and dies with it.",
            )


def reaches_the_laboratory(
    network: Network,
    subnet: Subnet,
    brief: Brief,
    stops: str = "Blood results no longer reach the booking system",
) -> None:
    """The subnet's hosts reach the laboratory's scanner by the peering."""
    scanner = interface_at(network, brief.places["scanner"], "scanner")
    network, host = with_host(network, subnet)
    ends = [scanner]
    for vpc in vpcs_in(network, brief.laboratory_cidr):
        for other in subnets_of(network, vpc.id):
            network, end = with_host(network, other, what="a machine")
            ends.append(end)
    for end in ends:
        must_reach(
            network,
            host,
            end,
            443,
            consequence=f"{stops}. They did before the repair.",
            concept="A table is everything that its subnets know: moving to another one leaves all routes "
            "of the first behind.",
        )


def knew_the_laboratory(network: Network, subnet: Subnet, brief: Brief) -> bool:
    """Whether the laboratory has a way back to the subnet, so that the two could talk before the repair."""
    homes = {vpc.id for vpc in vpcs_in(network, brief.laboratory_cidr)}
    return any(
        route.target.startswith("pcx-") and ip(subnet.cidr).subnet_of(ip(route.destination))
        for table in network.route_tables
        if table.vpc in homes
        for route in table.routes
        if "." in route.destination
    )
