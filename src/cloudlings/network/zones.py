"""A network as it is after the loss of an Availability Zone."""

from __future__ import annotations

from dataclasses import replace

from .model import Database, Network


def without_zone(network: Network, zone: str) -> Network:
    """The network without everything that was in a zone.

    Its subnets go, with all that has an interface there; a database that is not Multi-AZ goes when its
    zone is the lost one, or is not known; load balancers and functions lose their part in the zone.
    """
    lost = {subnet.id for subnet in network.subnets if subnet.az == zone}
    interfaces = tuple(each for each in network.interfaces if each.subnet not in lost)
    here = {each.id for each in interfaces}
    instances = tuple(
        each for each in network.instances if not each.interfaces or set(each.interfaces) & here
    )
    left = {each.id for each in instances}

    def keep(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in lost)

    return replace(
        network,
        subnets=tuple(each for each in network.subnets if each.id not in lost),
        interfaces=interfaces,
        instances=instances,
        nat_gateways=tuple(each for each in network.nat_gateways if each.subnet not in lost),
        load_balancers=tuple(replace(each, subnets=keep(each.subnets)) for each in network.load_balancers),
        target_groups=tuple(
            replace(
                group,
                targets=tuple(
                    each for each in group.targets if each.id in left or not _gone(network, each.id)
                ),
            )
            for group in network.target_groups
        ),
        databases=tuple(
            replace(each, subnets=keep(each.subnets))
            for each in network.databases
            if _stays(each, zone, lost)
        ),
        functions=tuple(replace(each, subnets=keep(each.subnets)) for each in network.functions),
        endpoints=tuple(replace(each, subnets=keep(each.subnets)) for each in network.endpoints),
        transit_gateway_attachments=tuple(
            replace(each, subnets=keep(each.subnets)) for each in network.transit_gateway_attachments
        ),
        auto_scaling_groups=tuple(
            replace(
                each,
                subnets=keep(each.subnets),
                instances=tuple(name for name in each.instances if name in left),
            )
            for each in network.auto_scaling_groups
        ),
    )


def _gone(network: Network, target: str) -> bool:
    return any(each.id == target for each in network.instances)


def _stays(database: Database, zone: str, lost: set[str]) -> bool:
    if set(database.subnets) <= lost and database.subnets:
        return False
    return database.multi_az or (bool(database.az) and database.az != zone)
