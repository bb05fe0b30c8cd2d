"""From the shapes of ``describe_*`` answers to the model's, for what runs in a network: instances, load
balancers, databases, functions, Auto Scaling groups. See :mod:`cloudlings.network.shapes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cloudlings.network.model import (
    AutoScalingGroup,
    Database,
    Function,
    Instance,
    Interface,
    Listener,
    LoadBalancer,
    Target,
    TargetGroup,
)
from cloudlings.network.shapes import Raw, tag


def instance(item: Raw) -> Instance:
    """An instance of describe_instances."""
    return Instance(
        id=item["InstanceId"],
        interfaces=tuple(row["NetworkInterfaceId"] for row in item.get("NetworkInterfaces") or ()),
        state=(item.get("State") or {}).get("Name", "running"),
        type=item.get("InstanceType", ""),
        auto_scaling_group=tag(item, "aws:autoscaling:groupName"),
        name=tag(item),
    )


def load_balancer(
    item: Raw, interfaces: Iterable[Interface], listeners: Iterable[Listener], attributes: Mapping[str, str]
) -> LoadBalancer:
    """A load balancer of elbv2's describe_load_balancers; an ALB always balances across zones."""
    kind = item.get("Type", "application")
    default = "true" if kind == "application" else "false"
    return LoadBalancer(
        id=item["LoadBalancerArn"],
        vpc=item.get("VpcId", ""),
        type=kind,
        scheme=item.get("Scheme") or "internet-facing",
        state=(item.get("State") or {}).get("Code", "active"),
        subnets=tuple(row["SubnetId"] for row in item.get("AvailabilityZones") or () if row.get("SubnetId")),
        security_groups=tuple(item.get("SecurityGroups") or ()),
        interfaces=tuple(one.id for one in interfaces),
        listeners=tuple(listeners),
        cross_zone=attributes.get("load_balancing.cross_zone.enabled", default) == "true",
        ip_address_type=item.get("IpAddressType") or "ipv4",
        name=item.get("LoadBalancerName", ""),
    )


def classic_load_balancer(
    item: Raw, interfaces: Iterable[Interface]
) -> tuple[LoadBalancer, tuple[TargetGroup, ...]]:
    """A load balancer of elb's describe_load_balancers: each listener gets a target group of its own."""
    name = item["LoadBalancerName"]
    targets = tuple(Target(row["InstanceId"]) for row in item.get("Instances") or ())
    rows = [row["Listener"] for row in item.get("ListenerDescriptions") or ()]
    groups = {
        row["LoadBalancerPort"]: TargetGroup(
            id=f"{name}:{row['LoadBalancerPort']}",
            vpc=item.get("VPCId", ""),
            port=row["InstancePort"],
            protocol=row.get("InstanceProtocol") or row["Protocol"],
            targets=targets,
            name=name,
        )
        for row in rows
    }
    listeners = tuple(
        Listener(row["LoadBalancerPort"], row["Protocol"], (groups[row["LoadBalancerPort"]].id,))
        for row in rows
    )
    balancer = LoadBalancer(
        id=name,
        vpc=item.get("VPCId", ""),
        type="classic",
        scheme=item.get("Scheme") or "internet-facing",
        subnets=tuple(item.get("Subnets") or ()),
        security_groups=tuple(item.get("SecurityGroups") or ()),
        interfaces=tuple(one.id for one in interfaces),
        listeners=listeners,
        name=name,
    )
    return balancer, tuple(groups.values())


def listener(item: Raw, rules: Iterable[Raw]) -> Listener:
    """A listener of describe_listeners, with the target groups that its rules forward to."""
    actions = [*(item.get("DefaultActions") or ())]
    for rule in rules:
        actions += rule.get("Actions") or ()
    groups: list[str] = []
    for action in actions:
        groups += [action["TargetGroupArn"]] if action.get("TargetGroupArn") else []
        groups += [
            row["TargetGroupArn"] for row in (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        ]
    return Listener(
        port=int(item.get("Port") or 0),
        protocol=item.get("Protocol") or "HTTP",
        target_groups=tuple(dict.fromkeys(groups)),
        id=item["ListenerArn"],
        answers_itself=not groups and any(a["Type"] in ("redirect", "fixed-response") for a in actions),
    )


def target_group(item: Raw, health: Iterable[Raw], attributes: Mapping[str, str]) -> TargetGroup:
    """A target group with the registered targets of describe_target_health."""
    preserve = attributes.get("preserve_client_ip.enabled")
    cross = attributes.get("load_balancing.cross_zone.enabled")
    return TargetGroup(
        id=item["TargetGroupArn"],
        vpc=item.get("VpcId") or "",
        port=int(item.get("Port") or 0),
        protocol=item.get("Protocol") or "HTTP",
        type=item.get("TargetType") or "instance",
        targets=tuple(_target(row["Target"]) for row in health),
        preserve_client_ip={"true": True, "false": False}.get(preserve or ""),
        cross_zone={"true": True, "false": False}.get(cross or ""),
        ip_address_type=item.get("IpAddressType") or "ipv4",
        name=item.get("TargetGroupName", ""),
    )


def _target(row: Raw) -> Target:
    return Target(id=row["Id"], port=int(row.get("Port") or 0), az=row.get("AvailabilityZone") or "")


def database(item: Raw, interfaces: Iterable[Interface]) -> Database:
    """A DB instance of describe_db_instances."""
    group = item.get("DBSubnetGroup") or {}
    return Database(
        id=item["DBInstanceIdentifier"],
        vpc=group.get("VpcId", ""),
        subnets=tuple(row["SubnetIdentifier"] for row in group.get("Subnets") or ()),
        security_groups=tuple(row["VpcSecurityGroupId"] for row in item.get("VpcSecurityGroups") or ()),
        interfaces=tuple(one.id for one in interfaces),
        port=int((item.get("Endpoint") or {}).get("Port") or item.get("DbInstancePort") or 0),
        public=bool(item.get("PubliclyAccessible")),
        multi_az=bool(item.get("MultiAZ")),
        state=item.get("DBInstanceStatus", "available"),
        az=item.get("AvailabilityZone") or "",
        name=item["DBInstanceIdentifier"],
    )


def function(item: Raw, interfaces: Iterable[Interface]) -> Function:
    """A function of list_functions."""
    config = item.get("VpcConfig") or {}
    return Function(
        id=item["FunctionArn"],
        vpc=config.get("VpcId") or "",
        subnets=tuple(config.get("SubnetIds") or ()),
        security_groups=tuple(config.get("SecurityGroupIds") or ()),
        interfaces=tuple(one.id for one in interfaces),
        ipv6=bool(config.get("Ipv6AllowedForDualStack")),
        name=item["FunctionName"],
    )


def auto_scaling_group(item: Raw) -> AutoScalingGroup:
    """A group of describe_auto_scaling_groups."""
    return AutoScalingGroup(
        id=item["AutoScalingGroupName"],
        subnets=tuple(
            part.strip() for part in (item.get("VPCZoneIdentifier") or "").split(",") if part.strip()
        ),
        instances=tuple(row["InstanceId"] for row in item.get("Instances") or ()),
        target_groups=tuple(item.get("TargetGroupARNs") or ()),
        min_size=int(item.get("MinSize") or 0),
        max_size=int(item.get("MaxSize") or 0),
        desired=int(item.get("DesiredCapacity") or 0),
        name=item["AutoScalingGroupName"],
    )
