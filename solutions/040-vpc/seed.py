"""What Hazelmere Clinics runs today: a booking network built in a hurry, a laboratory and an archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By job number: the machine with an address, which side of the second peering has no route, and what the
# laboratory knows of the booking network: all of it, or the app tier's part.
JOBS = {
    "HZ-104": ("booking", "laboratory", "all"),
    "HZ-117": ("records", "archive", "app"),
    "HZ-123": ("booking", "nobody", "app"),
    "HZ-138": ("records", "nobody", "all"),
    "HZ-142": ("booking", "archive", "all"),
    "HZ-155": ("records", "laboratory", "app"),
}
ANY = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the booking network and changes nothing."""
    ec2 = accounts["main"].client("ec2")
    wanted = [{"Name": "cidr", "Values": [brief["old_cidr"]]}]
    if ec2.describe_vpcs(Filters=wanted)["Vpcs"]:
        return
    old = _vpc(ec2, brief["old_cidr"], "booking")
    laboratory = _vpc(ec2, brief["laboratory_cidr"], "laboratory")
    archive = _vpc(ec2, brief["archive_cidr"], "archive")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=old)
    subnets = _booking(ec2, old, brief)
    homes = {
        "booking": subnets["app"][0],
        "records": subnets["data"][0],
        "reception": subnets["web"][0],
        "scanner": _whole(ec2, laboratory, brief["laboratory_cidr"]),
        "vault": _whole(ec2, archive, brief["archive_cidr"]),
    }
    # Machines first: what takes any free address of a subnet comes after those that want a certain one.
    machines = {name: _machine(ec2, name, home, brief["places"][name]) for name, home in homes.items()}
    _inherited_routes(ec2, old, subnets, gateway)
    exposed, lost, known = JOBS[brief["job"]]
    for name in ("reception", exposed):
        named = _named("elastic-ip", "as-inherited")
        address = ec2.allocate_address(Domain="vpc", TagSpecifications=named)["AllocationId"]
        ec2.associate_address(AllocationId=address, NetworkInterfaceId=machines[name])
    near, middle, far = (brief[f"{name}_cidr"] for name in ("old", "laboratory", "archive"))
    app_part = near.replace(".0.0/16", ".8.0/21")
    first = _peering(ec2, old, laboratory)
    _route(ec2, old, middle, first)
    _route(ec2, laboratory, near if known == "all" else app_part, first)
    second = _peering(ec2, laboratory, archive)
    if lost != "laboratory":
        _route(ec2, laboratory, far, second)
    if lost != "archive":
        _route(ec2, archive, middle, second)


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _vpc(ec2: Any, cidr: str, name: str) -> str:
    return str(ec2.create_vpc(CidrBlock=cidr, TagSpecifications=_named("vpc", name))["Vpc"]["VpcId"])


def _main_table(ec2: Any, vpc: str) -> str:
    wanted = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    return str(ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]["RouteTableId"])


def _whole(ec2: Any, vpc: str, cidr: str) -> str:
    """One subnet in a VPC without any gateway."""
    block = cidr.replace(".0.0/16", ".0.0/24")
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZoneId="euw1-az1")
    return str(made["Subnet"]["SubnetId"])


def _booking(ec2: Any, vpc: str, brief: Mapping[str, Any]) -> dict[str, list[str]]:
    """Six subnets whose names say one thing and whose routes another."""
    subnets: dict[str, list[str]] = {}
    labels = {"web": "public-web", "app": "private-app", "data": "isolated-data"}
    for tier, blocks in brief["old_subnets"].items():
        for block, zone in zip(blocks, ("euw1-az1", "euw1-az2"), strict=True):
            made = ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=block,
                AvailabilityZoneId=zone,
                TagSpecifications=_named("subnet", f"{labels[tier]}-{zone[-1]}"),
            )["Subnet"]["SubnetId"]
            ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})
            subnets.setdefault(tier, []).append(made)
    return subnets


def _inherited_routes(ec2: Any, vpc: str, subnets: Mapping[str, list[str]], gateway: str) -> None:
    """The main table goes to the internet, the only other one sends the data tier through a NAT gateway."""
    everywhere = {"DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_route(RouteTableId=_main_table(ec2, vpc), GatewayId=gateway, **everywhere)
    nat = ec2.create_nat_gateway(
        SubnetId=subnets["web"][0], AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"]
    )["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=_named("route-table", "as-inherited"))
    number = table["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=number, NatGatewayId=nat, **everywhere)
    for subnet in subnets["data"]:
        ec2.associate_route_table(RouteTableId=number, SubnetId=subnet)


def _machine(ec2: Any, name: str, subnet: str, address: str) -> str:
    """A machine, as the network sees it: its interface, with a security group that lets everything through."""
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(
        GroupName=f"{name}-open", Description="lets everything in: this lab is about routes", VpcId=vpc
    )["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ANY])
    made = ec2.create_network_interface(
        SubnetId=subnet,
        PrivateIpAddress=address,
        Groups=[group],
        Description=name,
        TagSpecifications=_named("network-interface", name),
    )
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def _peering(ec2: Any, one: str, other: str) -> str:
    made = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    return str(made["VpcPeeringConnectionId"])


def _route(ec2: Any, vpc: str, destination: str, peering: str) -> None:
    ec2.create_route(
        RouteTableId=_main_table(ec2, vpc), DestinationCidrBlock=destination, VpcPeeringConnectionId=peering
    )
