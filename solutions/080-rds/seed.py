"""Hazelmere's portal before it has a database of its own, and the contractor's database of forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the portal's VPC and changes nothing."""
    session = accounts["main"]
    ec2 = session.client("ec2")
    if ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief["vpc_cidr"]]}])["Vpcs"]:
        return
    vpc = ec2.create_vpc(CidrBlock=brief["vpc_cidr"], TagSpecifications=_named("vpc", "portal"))["Vpc"][
        "VpcId"
    ]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    subnets = {tier: _subnets(ec2, vpc, tier, blocks) for tier, blocks in brief["subnets"].items()}
    _machines(ec2, vpc, subnets["app"][0], brief)
    _routes(ec2, vpc, subnets)
    _forms(session, vpc, subnets["web"], brief)


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _subnets(ec2: Any, vpc: str, tier: str, blocks: Iterable[str]) -> list[str]:
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZoneId=zone,
            TagSpecifications=_named("subnet", f"{tier}-{zone[-1]}"),
        )["Subnet"]["SubnetId"]
        for block, zone in zip(blocks, ZONES, strict=False)
    ]


def _table(ec2: Any, vpc: str, name: str, subnets: Iterable[str], **target: str) -> None:
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=_named("route-table", name))
    table = made["RouteTable"]["RouteTableId"]
    if target:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)


def _routes(ec2: Any, vpc: str, subnets: Mapping[str, list[str]]) -> None:
    """Web public, app out by NAT, data isolated: but for its third subnet, which went out "for updates"."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets["web"][0], AllocationId=address)["NatGateway"][
        "NatGatewayId"
    ]
    _table(ec2, vpc, "web", subnets["web"], GatewayId=gateway)
    _table(ec2, vpc, "app", subnets["app"], NatGatewayId=nat)
    _table(ec2, vpc, "data", subnets["data"][:2])
    _table(ec2, vpc, "data-updates", subnets["data"][2:], NatGatewayId=nat)


def _group(ec2: Any, vpc: str, name: str, about: str, rules: list[dict[str, Any]]) -> str:
    group = str(ec2.create_security_group(GroupName=name, Description=about, VpcId=vpc)["GroupId"])
    if rules:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    return group


def _machines(ec2: Any, vpc: str, subnet: str, brief: Mapping[str, Any]) -> None:
    """The app and the mailer: neighbours in one subnet, in groups of their own."""
    for name, address in brief["hosts"].items():
        ec2.create_network_interface(
            SubnetId=subnet,
            PrivateIpAddress=address,
            Groups=[_group(ec2, vpc, f"portal-{name}", f"portal {name}", [])],
            Description=name,
            TagSpecifications=_named("network-interface", name),
        )


def _forms(session: Any, vpc: str, subnets: list[str], brief: Mapping[str, Any]) -> None:
    """A database as people click it together: public, open, without backups, its password in a parameter."""
    port = brief["port"]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": WORLD}
    group = _group(session.client("ec2"), vpc, "forms", "works from home, too", [rule])
    rds = session.client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="forms", DBSubnetGroupDescription="where there was room", SubnetIds=subnets
    )
    password = f"forms-{brief['auditor_password'][-8:]}"
    rds.create_db_instance(
        DBInstanceIdentifier=brief["old"],
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        DBName="forms",
        Port=port,
        MasterUsername="forms",
        MasterUserPassword=password,
        BackupRetentionPeriod=0,
        PubliclyAccessible=True,
        DBSubnetGroupName="forms",
        VpcSecurityGroupIds=[group],
    )
    session.client("ssm").put_parameter(Name="/hazelmere/forms/password", Type="String", Value=password)
