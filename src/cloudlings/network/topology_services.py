"""The managed parts of a compact topology: databases, load balancers, functions, endpoints, transit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .model import (
    Database,
    Endpoint,
    Function,
    Listener,
    LoadBalancer,
    Target,
    TargetGroup,
    TransitGateway,
    TransitGatewayAttachment,
    TransitGatewayRoute,
    TransitGatewayRouteTable,
)

if TYPE_CHECKING:
    from .topology import Builder


def build(builder: Builder) -> dict[str, Any]:
    """The managed parts, as arguments of ``Network``."""
    balancers, groups = _balancers(builder)
    gateways, attachments, tables = _transit(builder)
    return {
        "databases": _databases(builder),
        "load_balancers": balancers,
        "target_groups": groups,
        "functions": _functions(builder),
        "endpoints": _endpoints(builder),
        "transit_gateways": gateways,
        "transit_gateway_attachments": attachments,
        "transit_gateway_route_tables": tables,
    }


def _vpc_of(builder: Builder, subnets: tuple[str, ...]) -> str:
    return next((builder.subnets[name].vpc for name in subnets if name in builder.subnets), "")


def _databases(builder: Builder) -> tuple[Database, ...]:
    made = []
    for name, given in builder.part("dbs").items():
        subnets, groups = tuple(given["subnets"]), tuple(given.get("sgs", ()))
        public = bool(given.get("public"))
        interfaces = tuple(
            builder.interface(f"{name}-{subnet}", subnet, groups, name, public=public).id
            for subnet in subnets
        )
        vpc = _vpc_of(builder, subnets)
        port = int(given.get("port", 5432))
        state = given.get("state", "available")
        made.append(
            Database(
                name,
                vpc,
                subnets,
                builder.groups(vpc, groups),
                interfaces,
                port,
                public,
                state=state,
                name=name,
            )
        )
    return tuple(made)


def _balancers(builder: Builder) -> tuple[tuple[LoadBalancer, ...], tuple[TargetGroup, ...]]:
    balancers, groups = [], []
    for name, given in builder.part("lbs").items():
        kind = given.get("type", "application")
        group = _target_group(builder, name, given, kind)
        groups.append(group)
        balancers.append(_balancer(builder, name, given, kind, group))
    return tuple(balancers), tuple(groups)


def _balancer(
    builder: Builder, name: str, given: Mapping[str, Any], kind: str, group: TargetGroup
) -> LoadBalancer:
    subnets = tuple(given["subnets"])
    vpc = _vpc_of(builder, subnets)
    open_to_all = kind == "network" and not given.get("sgs")
    security = () if open_to_all else builder.groups(vpc, given.get("sgs", ()))
    scheme = given.get("scheme", "internet-facing")
    more = {"type": "network_load_balancer"} if open_to_all else {}
    interfaces = []
    for subnet in subnets:
        made = builder.interface(
            f"{name}-{subnet}",
            subnet,
            security,
            name,
            public=scheme == "internet-facing",
            ipv6=given.get("ipv6"),
            **more,
        )
        interfaces.append(made.id)
    listeners = tuple(_listener(each, kind, group.id) for each in given.get("listeners", ()))
    return LoadBalancer(
        name,
        vpc,
        kind,
        scheme,
        given.get("state", "active"),
        subnets,
        security,
        tuple(interfaces),
        listeners,
        given.get("cross_zone", kind == "application"),
        "dualstack" if given.get("ipv6") else "ipv4",
        name,
    )


def _listener(given: Any, kind: str, group: str) -> Listener:
    default = "TCP" if kind == "network" else "HTTP"
    port, protocol = (given, default) if isinstance(given, int | str) else (given[0], given[1])
    return Listener(int(port), str(protocol), (group,), f"listener-{port}")


def _target_group(builder: Builder, name: str, given: Mapping[str, Any], kind: str) -> TargetGroup:
    port = int(given.get("target_port", 80))
    protocol = given.get("target_protocol", "TCP" if kind == "network" else "HTTP")
    targets = tuple(
        Target(each) if isinstance(each, str) else Target(str(each[0]), int(each[1]))
        for each in given.get("targets", ())
    )
    named = {**dict.fromkeys(builder.part("lambdas"), "lambda"), **dict.fromkeys(builder.part("lbs"), "alb")}
    kinds = {named.get(each.id, "ip" if each.id[:1].isdigit() else "instance") for each in targets}
    vpc = _vpc_of(builder, tuple(given["subnets"]))
    return TargetGroup(
        f"tg:{name}",
        vpc,
        port,
        protocol,
        next(iter(kinds), "instance"),
        targets,
        given.get("preserve"),
        name=f"tg:{name}",
    )


def _functions(builder: Builder) -> tuple[Function, ...]:
    made = []
    for name, given in builder.part("lambdas").items():
        subnets, groups = tuple(given.get("subnets", ())), tuple(given.get("sgs", ()))
        vpc = _vpc_of(builder, subnets)
        interfaces = tuple(
            builder.interface(
                f"{name}-{subnet}", subnet, groups, name, type="lambda", ipv6=given.get("ipv6")
            ).id
            for subnet in subnets
        )
        security = builder.groups(vpc, groups) if vpc else ()
        made.append(Function(name, vpc, subnets, security, interfaces, bool(given.get("ipv6")), name))
    return tuple(made)


def _endpoints(builder: Builder) -> tuple[Endpoint, ...]:
    made = []
    for name, given in builder.part("endpoints").items():
        kind = given["type"]
        subnets, groups = tuple(given.get("subnets", ())), tuple(given.get("sgs", ()))
        interfaces = tuple(
            builder.interface(f"{name}-{subnet}", subnet, groups, name, type="vpc_endpoint").id
            for subnet in subnets
        )
        policy = given.get("policy")
        made.append(
            Endpoint(
                name,
                given["vpc"],
                f"com.amazonaws.us-east-1.{given['service']}",
                kind,
                given.get("state", "available"),
                tuple(given.get("tables", ())),
                subnets,
                builder.groups(given["vpc"], groups) if kind == "Interface" else (),
                interfaces,
                bool(given.get("dns", kind == "Interface")),
                json.dumps(policy) if policy else "",
                name,
            )
        )
    return tuple(made)


Transit = tuple[
    tuple[TransitGateway, ...], tuple[TransitGatewayAttachment, ...], tuple[TransitGatewayRouteTable, ...]
]


def _transit(builder: Builder) -> Transit:
    gateways: list[TransitGateway] = []
    attachments: list[TransitGatewayAttachment] = []
    tables: list[TransitGatewayRouteTable] = []
    for name, given in builder.part("tgws").items():
        gateways.append(
            TransitGateway(name, given.get("state", "available"), bool(given.get("sg_referencing")), name)
        )
        made = [_attachment(name, vpc, subnets, given) for vpc, subnets in given.get("attach", {}).items()]
        made += [
            TransitGatewayAttachment(f"{name}:{other}", name, other, kind, name=f"{name}:{other}")
            for other, kind in given.get("others", {}).items()
        ]
        attachments += made
        tables += _transit_tables(name, given, [each.id for each in made])
    return tuple(gateways), tuple(attachments), tuple(tables)


def _attachment(
    transit: str, vpc: str, subnets: list[str], given: Mapping[str, Any]
) -> TransitGatewayAttachment:
    state = given.get("attachment_state", {}).get(vpc, "available")
    return TransitGatewayAttachment(
        f"{transit}:{vpc}",
        transit,
        vpc,
        "vpc",
        tuple(subnets),
        state,
        ipv6=bool(given.get("ipv6", True)),
        name=f"{transit}:{vpc}",
    )


def _transit_tables(
    transit: str, given: Mapping[str, Any], attached: list[str]
) -> list[TransitGatewayRouteTable]:
    """The tables given, or the default one: every attachment associated and propagating."""
    if "tables" not in given:
        routes = tuple(_transit_route(transit, [cidr, "blackhole"]) for cidr in given.get("blackhole", ()))
        routes += tuple(_transit_route(transit, each) for each in given.get("routes", ()))
        name = f"{transit}:default"
        return [TransitGatewayRouteTable(name, transit, tuple(attached), tuple(attached), routes, name)]
    return [
        TransitGatewayRouteTable(
            name,
            transit,
            tuple(f"{transit}:{vpc}" for vpc in table.get("associate", ())),
            tuple(f"{transit}:{vpc}" for vpc in table.get("propagate", ())),
            tuple(_transit_route(transit, each) for each in table.get("routes", ())),
            name,
        )
        for name, table in given["tables"].items()
    ]


def _transit_route(transit: str, given: list[str]) -> TransitGatewayRoute:
    destination, target = given
    if target == "blackhole":
        return TransitGatewayRoute(destination, "", "static", "blackhole")
    return TransitGatewayRoute(destination, f"{transit}:{target}", "static")
