"""A part of a network: one VPC and all that it touches through peerings and transit gateways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cloudlings.errors import NetworkError
from cloudlings.network.model import Network


def around(network: Network, vpc: str) -> Network:
    """The VPC with this id (or Name), those connected with it, and what is in them.

    Peering is not transitive, but a trace has to see the VPC behind a peer to say so. Raises NetworkError
    when the VPC is not there.
    """
    known = {one.id: one.id for one in network.vpcs} | {one.name: one.id for one in network.vpcs if one.name}
    if vpc not in known:
        raise NetworkError(f"There is no VPC {vpc}.", next_step=f"There are: {', '.join(known) or 'none'}.")
    return within(network, _connected(network, known[vpc]))


def within(network: Network, inside: set[str]) -> Network:
    """The VPCs with these ids, and what is in them or between them."""
    attachments = tuple(one for one in network.transit_gateway_attachments if one.resource in inside)
    gateways = {one.transit_gateway for one in attachments}
    groups = tuple(one for one in network.target_groups if not one.vpc or one.vpc in inside)
    interfaces = tuple(one for one in network.interfaces if one.vpc in inside)
    present = {one.id for one in interfaces}
    subnets = tuple(one for one in network.subnets if one.vpc in inside)
    subnet_ids = {one.id for one in subnets}
    return replace(
        network,
        vpcs=tuple(one for one in network.vpcs if one.id in inside),
        subnets=subnets,
        route_tables=tuple(one for one in network.route_tables if one.vpc in inside),
        internet_gateways=tuple(one for one in network.internet_gateways if not one.vpc or one.vpc in inside),
        egress_only_gateways=tuple(
            one for one in network.egress_only_gateways if not one.vpc or one.vpc in inside
        ),
        nat_gateways=tuple(one for one in network.nat_gateways if one.vpc in inside),
        peerings=tuple(one for one in network.peerings if {one.requester, one.accepter} & inside),
        transit_gateways=tuple(one for one in network.transit_gateways if one.id in gateways),
        transit_gateway_attachments=tuple(
            one for one in network.transit_gateway_attachments if one.transit_gateway in gateways
        ),
        transit_gateway_route_tables=tuple(
            one for one in network.transit_gateway_route_tables if one.transit_gateway in gateways
        ),
        endpoints=tuple(one for one in network.endpoints if one.vpc in inside),
        security_groups=tuple(one for one in network.security_groups if one.vpc in inside),
        network_acls=tuple(one for one in network.network_acls if one.vpc in inside),
        interfaces=interfaces,
        instances=tuple(one for one in network.instances if present & set(one.interfaces)),
        load_balancers=tuple(one for one in network.load_balancers if one.vpc in inside),
        target_groups=groups,
        databases=tuple(one for one in network.databases if one.vpc in inside),
        functions=tuple(one for one in network.functions if not one.vpc or one.vpc in inside),
        auto_scaling_groups=tuple(
            one for one in network.auto_scaling_groups if subnet_ids & set(one.subnets)
        ),
    )


def _connected(network: Network, start: str) -> set[str]:
    """The ids of the VPCs that can be got to from ``start`` by any chain of connections."""
    links: list[set[str]] = [
        {one.requester, one.accepter} for one in network.peerings if one.state != "deleted"
    ]
    by_gateway: dict[str, set[str]] = {}
    for attachment in network.transit_gateway_attachments:
        by_gateway.setdefault(attachment.transit_gateway, set()).add(attachment.resource)
    return _spread({start}, [*links, *by_gateway.values()])


def _spread(inside: set[str], links: Iterable[set[str]]) -> set[str]:
    rest = list(links)
    while touching := [link for link in rest if link & inside]:
        rest = [link for link in rest if not link & inside]
        inside = inside.union(*touching)
    return inside
