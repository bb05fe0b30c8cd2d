"""VPC: networks, routes, groups, gateways and endpoints."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same, within

CODES = "EC2 API reference, Error codes"
BLOCKS = "VPC User Guide, VPC CIDR blocks; Subnet CIDR blocks"
GROUPS = "VPC User Guide, Security group rules; EC2 API reference, AuthorizeSecurityGroupIngress"
ACLS = "VPC User Guide, Network ACL basics"
ROUTES = "VPC User Guide, Route table concepts"
QUOTAS = "VPC User Guide, Amazon VPC quotas"
ENDPOINTS = "AWS PrivateLink Guide, Gateway endpoints; Interface endpoints"
NATS = "VPC User Guide, NAT gateways"


def rule(port: int = 443, source: str = "10.0.0.0/8", **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]} | more


def allow(aws: Aws, group: str, *rules: dict[str, Any]) -> None:
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(rules))


refused(
    "VPC", "InvalidVpc.Range", "A VPC's block is no larger than /16.", BLOCKS, lambda a: a.vpc("10.0.0.0/8")
)
refused(
    "VPC", "InvalidVpc.Range", "A VPC's block is no smaller than /28.", BLOCKS, lambda a: a.vpc("10.0.0.0/29")
)
refused("VPC", "InvalidParameterValue", "A VPC's block is a CIDR block.", CODES, lambda a: a.vpc("10.0.0/16"))
refused(
    "VPC",
    "InvalidSubnet.Range",
    "A subnet's block is within its VPC's.",
    BLOCKS,
    lambda a: a.subnet(a.vpc(), "10.1.0.0/24"),
)
refused(
    "VPC",
    "InvalidSubnet.Range",
    "A subnet's block is no smaller than /28.",
    BLOCKS,
    lambda a: a.subnet(a.vpc(), "10.0.0.0/29"),
)
refused(
    "VPC",
    "InvalidParameterValue",
    "A subnet's zone is one of the Region's.",
    CODES,
    lambda a: a.subnet(a.vpc(), "10.0.1.0/24", "z"),
)


@probe("VPC", BLOCKS, "InvalidSubnet.Conflict")
def overlapping(aws: Aws) -> None:
    """Subnets of a VPC do not overlap."""
    vpc = aws.vpc()
    aws.subnet(vpc, "10.0.0.0/20")
    aws.subnet(vpc, "10.0.8.0/24")


@probe("VPC", BLOCKS)
def five_reserved(aws: Aws) -> None:
    """Five addresses of every subnet are AWS's own: a /24 has 251 to give."""
    subnet = aws.subnet(aws.vpc())
    same(aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"], 251)


@probe("VPC", CODES, "DependencyViolation")
def vpc_with_subnet(aws: Aws) -> None:
    """A VPC with a subnet in it is not deleted."""
    vpc = aws.vpc()
    aws.subnet(vpc)
    aws.ec2.delete_vpc(VpcId=vpc)


@probe("VPC", CODES, "DependencyViolation")
def vpc_with_gateway(aws: Aws) -> None:
    """A VPC with an internet gateway is not deleted."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    aws.ec2.delete_vpc(VpcId=vpc)


@probe("VPC", CODES, "DependencyViolation")
def vpc_with_group(aws: Aws) -> None:
    """A VPC with a security group of one's own is not deleted."""
    vpc = aws.vpc()
    aws.group(vpc)
    aws.ec2.delete_vpc(VpcId=vpc)


@probe("VPC", CODES)
def vpc_with_nothing(aws: Aws) -> None:
    """A VPC with nothing of one's own is deleted, and its main route table, default ACL and group with it."""
    vpc = aws.vpc()
    aws.ec2.delete_vpc(VpcId=vpc)
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    same(aws.ec2.describe_route_tables(Filters=mine)["RouteTables"], [])
    same(aws.ec2.describe_security_groups(Filters=mine)["SecurityGroups"], [])
    same(aws.ec2.describe_network_acls(Filters=mine)["NetworkAcls"], [])


@probe("VPC", CODES, "DependencyViolation")
def subnet_in_use(aws: Aws) -> None:
    """A subnet with a network interface in it is not deleted."""
    subnet = aws.subnet(aws.vpc())
    aws.ec2.create_network_interface(SubnetId=subnet)
    aws.ec2.delete_subnet(SubnetId=subnet)


@probe("VPC", CODES, "DependencyViolation")
def subnet_with_instance(aws: Aws) -> None:
    """A subnet with an instance in it is not deleted."""
    subnet = aws.subnet(aws.vpc())
    aws.instance(subnet)
    aws.ec2.delete_subnet(SubnetId=subnet)


@probe("VPC", CODES, "DependencyViolation")
def attached_gateway(aws: Aws) -> None:
    """An internet gateway that is attached is not deleted."""
    aws.ec2.delete_internet_gateway(InternetGatewayId=aws.gateway(aws.vpc()))


@probe("VPC", CODES, "InvalidParameterValue")
def second_gateway(aws: Aws) -> None:
    """A VPC has one internet gateway."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    aws.gateway(vpc)


@probe("VPC", CODES, "Resource.AlreadyAssociated")
def gateway_of_another(aws: Aws) -> None:
    """An internet gateway is attached to one VPC at a time."""
    gateway = aws.gateway(aws.vpc())
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=aws.vpc("10.1.0.0/16"))


@probe("VPC", CODES, "Gateway.NotAttached")
def detach_nothing(aws: Aws) -> None:
    """A gateway that is not attached is not detached."""
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=aws.vpc())


@probe("VPC", CODES, "DependencyViolation")
def detach_under_addresses(aws: Aws) -> None:
    """A gateway stays while its VPC has public addresses mapped."""
    vpc = aws.vpc()
    gateway = aws.gateway(vpc)
    aws.nat(aws.subnet(vpc))
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


@probe("VPC", "VPC User Guide, DNS attributes for your VPC")
def dns_of_a_vpc(aws: Aws) -> None:
    """A VPC resolves names and gives no public host names, unless told otherwise."""
    vpc = aws.vpc()
    support = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    names = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    same((support["EnableDnsSupport"]["Value"], names["EnableDnsHostnames"]["Value"]), (True, False))


@probe("VPC", "VPC User Guide, Default VPCs")
def default_vpc(aws: Aws) -> None:
    """The default VPC is 172.31.0.0/16, with a /20 in each zone, public addresses, and a way out."""
    vpc = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnets = aws.ec2.describe_subnets(Filters=mine)["Subnets"]
    zones = aws.ec2.describe_availability_zones()["AvailabilityZones"]
    same(vpc["CidrBlock"], "172.31.0.0/16")
    same({s["CidrBlock"].rpartition("/")[2] for s in subnets}, {"20"})
    same({s["MapPublicIpOnLaunch"] for s in subnets}, {True})
    same({s["AvailabilityZone"] for s in subnets}, {z["ZoneName"] for z in zones})
    routes = aws.ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["Routes"]
    assert any(r.get("GatewayId", "").startswith("igw-") for r in routes), "no route to an internet gateway"


# --- security groups ------------------------------------------------------------------------------


@probe("VPC", CODES, "InvalidGroup.Duplicate")
def same_name(aws: Aws) -> None:
    """A VPC's security groups have names of their own."""
    vpc = aws.vpc()
    aws.group(vpc, "web")
    aws.group(vpc, "web")


refused(
    "VPC",
    "InvalidParameterValue",
    "A group's name does not begin with sg-.",
    "EC2 API reference, CreateSecurityGroup",
    lambda a: a.group(a.vpc(), "sg-web"),
)
refused(
    "VPC",
    "InvalidParameterValue",
    "A group's description keeps to its characters.",
    "EC2 API reference, CreateSecurityGroup",
    lambda a: a.ec2.create_security_group(GroupName="w", Description="naïve <b>", VpcId=a.vpc()),
)
refused(
    "VPC",
    ("InvalidParameterValue", "InvalidGroup.Reserved"),
    "No group of one's own is called default.",
    CODES,
    lambda a: a.group(a.vpc(), "default"),
)


@probe("VPC", CODES, "InvalidPermission.Duplicate")
def same_rule(aws: Aws) -> None:
    """A rule that a group has is not added again."""
    group = aws.group(aws.vpc())
    allow(aws, group, rule())
    allow(aws, group, rule())


@probe("VPC", CODES, "InvalidPermission.Duplicate")
def same_rule_by_another_description(aws: Aws) -> None:
    """A description does not make another rule."""
    group = aws.group(aws.vpc())
    allow(aws, group, rule(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "one"}]))
    allow(aws, group, rule(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "two"}]))


@probe("VPC", CODES, "InvalidPermission.Duplicate")
def same_egress(aws: Aws) -> None:
    """A new group lets everything out already."""
    group = aws.group(aws.vpc())
    every = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[every])


@probe("VPC", CODES, "InvalidPermission.NotFound")
def revoke_nothing(aws: Aws) -> None:
    """A rule that a group lacks is not taken away."""
    aws.ec2.revoke_security_group_ingress(GroupId=aws.group(aws.vpc()), IpPermissions=[rule()])


@probe("VPC", GROUPS)
def canonical(aws: Aws) -> None:
    """A rule's block is stored in its canonical form: 100.68.0.18/18 is 100.68.0.0/18."""
    group = aws.group(aws.vpc())
    allow(aws, group, rule(source="100.68.0.18/18"))
    found = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    same(found[0]["IpRanges"][0]["CidrIp"], "100.68.0.0/18")


for _sentence, _rule in {
    "A rule's block is a CIDR block.": rule(source="10.0.0.0/33"),
    "A rule's address has a length.": rule(source="somewhere"),
    "A rule's first port is not above its last.": rule(FromPort=443, ToPort=80),
    "A rule's ports end at 65535.": rule(FromPort=443, ToPort=70000),
    "A rule's protocol is one that there is.": rule(IpProtocol="https"),
    "A rule for TCP says its ports.": {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
}.items():
    refused(
        "VPC",
        ("InvalidParameterValue", "InvalidPermission.Malformed"),
        _sentence,
        GROUPS,
        lambda a, _rule=_rule: allow(a, a.group(a.vpc()), _rule),
    )


@probe("VPC", CODES, "InvalidGroup.NotFound")
def unknown_source_group(aws: Aws) -> None:
    """A rule refers to a group that there is."""
    pair = rule(IpRanges=[], UserIdGroupPairs=[{"GroupId": "sg-0123456789abcdef0"}])
    allow(aws, aws.group(aws.vpc()), pair)


@probe("VPC", CODES, "DependencyViolation")
def referred_group(aws: Aws) -> None:
    """A group that another group's rule names is not deleted."""
    vpc = aws.vpc()
    one, two = aws.group(vpc), aws.group(vpc)
    allow(aws, two, rule(IpRanges=[], UserIdGroupPairs=[{"GroupId": one}]))
    aws.ec2.delete_security_group(GroupId=one)


@probe("VPC", CODES, "DependencyViolation")
def group_named_on_the_way_out(aws: Aws) -> None:
    """A group that another group's outbound rule names is not deleted."""
    vpc = aws.vpc()
    one, two = aws.group(vpc), aws.group(vpc)
    out = rule(IpRanges=[], UserIdGroupPairs=[{"GroupId": one}])
    aws.ec2.authorize_security_group_egress(GroupId=two, IpPermissions=[out])
    aws.ec2.delete_security_group(GroupId=one)


@probe("VPC", CODES, "DependencyViolation")
def group_of_a_load_balancer(aws: Aws) -> None:
    """A group that a load balancer has is not deleted."""
    vpc = aws.vpc()
    group = aws.group(vpc)
    internal = {"Subnets": aws.subnets(vpc), "Scheme": "internal"}
    aws.elbv2.create_load_balancer(Name=aws.name("lb")[:32], SecurityGroups=[group], **internal)
    aws.ec2.delete_security_group(GroupId=group)


@probe("VPC", CODES, "DependencyViolation")
def used_group(aws: Aws) -> None:
    """A group that an interface has is not deleted."""
    vpc = aws.vpc()
    group = aws.group(vpc)
    aws.ec2.create_network_interface(SubnetId=aws.subnet(vpc), Groups=[group])
    aws.ec2.delete_security_group(GroupId=group)


@probe("VPC", CODES, "CannotDelete")
def default_group(aws: Aws) -> None:
    """A VPC's default group is not deleted."""
    own = [{"Name": "vpc-id", "Values": [aws.vpc()]}]
    group = aws.ec2.describe_security_groups(Filters=own)["SecurityGroups"][0]["GroupId"]
    aws.ec2.delete_security_group(GroupId=group)


@probe("VPC", "VPC User Guide, Default security groups for your VPCs")
def default_rules(aws: Aws) -> None:
    """A default group lets its own members in, and everything out."""
    own = [{"Name": "vpc-id", "Values": [aws.vpc()]}]
    group = aws.ec2.describe_security_groups(Filters=own)["SecurityGroups"][0]
    inward, outward = group["IpPermissions"], group["IpPermissionsEgress"]
    same(len(inward), 1)
    same((inward[0]["IpProtocol"], inward[0]["UserIdGroupPairs"][0]["GroupId"]), ("-1", group["GroupId"]))
    same(outward[0]["IpRanges"], [{"CidrIp": "0.0.0.0/0"}])


@probe("VPC", QUOTAS, "RulesPerSecurityGroupLimitExceeded")
def sixty_rules(aws: Aws) -> None:
    """A group has at most 60 rules a direction."""
    group = aws.group(aws.vpc())
    allow(aws, group, *(rule(port) for port in range(1000, 1060)))
    allow(aws, group, rule(2000))


@probe("VPC", QUOTAS, "SecurityGroupsPerInterfaceLimitExceeded")
def five_groups(aws: Aws) -> None:
    """An interface has at most five groups."""
    vpc = aws.vpc()
    groups = [aws.group(vpc) for _ in range(6)]
    aws.ec2.create_network_interface(SubnetId=aws.subnet(vpc), Groups=groups)


@probe("VPC", CODES, "InvalidGroup.NotFound")
def deleted_group(aws: Aws) -> None:
    """A group that was deleted is not found."""
    group = aws.group(aws.vpc())
    aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.describe_security_groups(GroupIds=[group])


# --- network ACLs ---------------------------------------------------------------------------------


def entries(aws: Aws, vpc: str, default: str) -> list[tuple[int, str, bool]]:
    chosen = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": [default]}]
    found = aws.ec2.describe_network_acls(Filters=chosen)["NetworkAcls"][0]["Entries"]
    return sorted((e["RuleNumber"], e["RuleAction"], e["Egress"]) for e in found)


@probe("VPC", ACLS)
def default_acl(aws: Aws) -> None:
    """A default network ACL allows all at 100, and shows the last rule that denies."""
    both = [(100, "allow", False), (100, "allow", True), (32767, "deny", False), (32767, "deny", True)]
    same(entries(aws, aws.vpc(), "true"), both)


@probe("VPC", ACLS)
def custom_acl(aws: Aws) -> None:
    """A network ACL of one's own denies everything until rules are added."""
    vpc = aws.vpc()
    aws.ec2.create_network_acl(VpcId=vpc)
    same(entries(aws, vpc, "false"), [(32767, "deny", False), (32767, "deny", True)])


def entry(aws: Aws, acl: str, number: int = 100, **more: Any) -> None:
    kept = {"Protocol": "-1", "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}
    aws.ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=number, **(kept | more))


def acl(aws: Aws) -> str:
    found: str = aws.ec2.create_network_acl(VpcId=aws.vpc())["NetworkAcl"]["NetworkAclId"]
    return found


@probe("VPC", CODES, "NetworkAclEntryAlreadyExists")
def same_number(aws: Aws) -> None:
    """A network ACL has one rule of a number and direction."""
    made = acl(aws)
    entry(aws, made)
    entry(aws, made)


refused(
    "VPC",
    "InvalidParameterValue",
    "A rule of a network ACL has a number up to 32766.",
    ACLS,
    lambda a: entry(a, acl(a), 32767),
)
refused(
    "VPC",
    "InvalidNetworkAclEntry.NotFound",
    "A rule that a network ACL lacks is not deleted.",
    CODES,
    lambda a: a.ec2.delete_network_acl_entry(NetworkAclId=acl(a), RuleNumber=7, Egress=False),
)


@probe("VPC", CODES, "DependencyViolation")
def used_acl(aws: Aws) -> None:
    """A network ACL that a subnet has is not deleted."""
    vpc = aws.vpc()
    subnet = aws.subnet(vpc)
    made = aws.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    own = [{"Name": "association.subnet-id", "Values": [subnet]}]
    links = aws.ec2.describe_network_acls(Filters=own)["NetworkAcls"][0]["Associations"]
    link = next(each["NetworkAclAssociationId"] for each in links if each["SubnetId"] == subnet)
    aws.ec2.replace_network_acl_association(AssociationId=link, NetworkAclId=made)
    aws.ec2.delete_network_acl(NetworkAclId=made)


@probe("VPC", ACLS, "InvalidParameterValue")
def default_acl_stays(aws: Aws) -> None:
    """A VPC's default network ACL is not deleted."""
    own = [{"Name": "vpc-id", "Values": [aws.vpc()]}]
    made = aws.ec2.describe_network_acls(Filters=own)["NetworkAcls"][0]["NetworkAclId"]
    aws.ec2.delete_network_acl(NetworkAclId=made)


# --- routes ---------------------------------------------------------------------------------------


def table(aws: Aws, vpc: str) -> str:
    found: str = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return found


def main_table(aws: Aws, vpc: str) -> dict[str, Any]:
    own = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    found: dict[str, Any] = aws.ec2.describe_route_tables(Filters=own)["RouteTables"][0]
    return found


@probe("VPC", CODES, "RouteAlreadyExists")
def same_route(aws: Aws) -> None:
    """A route table has one route to a destination."""
    vpc = aws.vpc()
    gateway, routes = aws.gateway(vpc), table(aws, vpc)
    for _ in range(2):
        aws.ec2.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


@probe("VPC", ROUTES, "InvalidParameterValue")
def route_to_another_network(aws: Aws) -> None:
    """A route leads to a gateway of its own VPC."""
    gateway, routes = aws.gateway(aws.vpc("10.1.0.0/16")), table(aws, aws.vpc())
    aws.ec2.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


@probe("VPC", ROUTES, "InvalidParameterValue")
def route_inside(aws: Aws) -> None:
    """A route for a part of the VPC's own block does not lead to an internet gateway."""
    vpc = aws.vpc()
    gateway, routes = aws.gateway(vpc), table(aws, vpc)
    aws.ec2.create_route(RouteTableId=routes, DestinationCidrBlock="10.0.3.0/24", GatewayId=gateway)


@probe("VPC", ROUTES, "InvalidParameterValue")
def local_route(aws: Aws) -> None:
    """The local route is not deleted."""
    routes = table(aws, aws.vpc())
    aws.ec2.delete_route(RouteTableId=routes, DestinationCidrBlock="10.0.0.0/16")


@probe("VPC", ROUTES, "DependencyViolation")
def main_stays(aws: Aws) -> None:
    """The main route table is not deleted."""
    aws.ec2.delete_route_table(RouteTableId=main_table(aws, aws.vpc())["RouteTableId"])


@probe("VPC", ROUTES, "DependencyViolation")
def associated_table(aws: Aws) -> None:
    """A route table that a subnet has is not deleted."""
    vpc = aws.vpc()
    routes = table(aws, vpc)
    aws.ec2.associate_route_table(RouteTableId=routes, SubnetId=aws.subnet(vpc))
    aws.ec2.delete_route_table(RouteTableId=routes)


@probe("VPC", CODES, "Resource.AlreadyAssociated")
def two_tables(aws: Aws) -> None:
    """A subnet has one route table of its own."""
    vpc = aws.vpc()
    subnet = aws.subnet(vpc)
    aws.ec2.associate_route_table(RouteTableId=table(aws, vpc), SubnetId=subnet)
    aws.ec2.associate_route_table(RouteTableId=table(aws, vpc), SubnetId=subnet)


@probe("VPC", ROUTES, "InvalidParameterValue")
def main_association(aws: Aws) -> None:
    """The main association is not taken away."""
    link = main_table(aws, aws.vpc())["Associations"][0]["RouteTableAssociationId"]
    aws.ec2.disassociate_route_table(AssociationId=link)


@probe("VPC", ROUTES, "InvalidRoute.NotFound")
def no_such_route(aws: Aws) -> None:
    """A route that a table lacks is not deleted."""
    aws.ec2.delete_route(RouteTableId=table(aws, aws.vpc()), DestinationCidrBlock="192.0.2.0/24")


@probe("VPC", ROUTES)
def blackhole(aws: Aws) -> None:
    """A route to a NAT gateway that was deleted is a black hole."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    nat, routes = aws.nat(aws.subnet(vpc)), table(aws, vpc)
    aws.ec2.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    aws.ec2.delete_nat_gateway(NatGatewayId=nat)
    found = aws.ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]["Routes"]
    same([r["State"] for r in found if r["DestinationCidrBlock"] == "0.0.0.0/0"], ["blackhole"])


# --- NAT, addresses and peering --------------------------------------------------------------------


@probe("VPC", NATS)
def nat_interface(aws: Aws) -> None:
    """A NAT gateway has an interface of AWS's in its subnet, with both its addresses."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    subnet = aws.subnet(vpc)
    nat = aws.nat(subnet)
    known = aws.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["NatGatewayAddresses"][0]
    own = [{"Name": "subnet-id", "Values": [subnet]}]
    found = aws.ec2.describe_network_interfaces(Filters=own)["NetworkInterfaces"]
    same(
        [(i["InterfaceType"], i["Description"]) for i in found],
        [("nat_gateway", f"Interface for NAT Gateway {nat}")],
    )
    one = found[0]
    same(
        (one["NetworkInterfaceId"], one["PrivateIpAddress"]),
        (known["NetworkInterfaceId"], known["PrivateIp"]),
    )
    same((one["RequesterManaged"], one["Association"]["PublicIp"]), (True, known["PublicIp"]))
    assert one["PrivateIpAddress"].startswith("10.0.1."), one["PrivateIpAddress"]


@probe("VPC", NATS, "MissingParameter")
def nat_without_address(aws: Aws) -> None:
    """A public NAT gateway needs an Elastic IP address."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    aws.ec2.create_nat_gateway(SubnetId=aws.subnet(vpc))


@probe("VPC", NATS)
def private_nat(aws: Aws) -> None:
    """A private NAT gateway has no public address."""
    made = aws.ec2.create_nat_gateway(SubnetId=aws.subnet(aws.vpc()), ConnectivityType="private")[
        "NatGateway"
    ]
    found = aws.ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"][0]
    same([a.get("PublicIp") for a in found["NatGatewayAddresses"]], [None])


refused(
    "VPC",
    "InvalidAllocationID.NotFound",
    "A NAT gateway's address is one that was allocated.",
    CODES,
    lambda a: a.ec2.create_nat_gateway(SubnetId=a.subnet(a.vpc()), AllocationId="eipalloc-0123456789abcdef0"),
)


@probe("VPC", NATS)
def nat_without_gateway(aws: Aws) -> None:
    """A public NAT gateway in a VPC without an internet gateway fails."""
    made = aws.nat(aws.subnet(aws.vpc()))
    found = within(
        3, lambda: aws.ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0].get("FailureCode")
    )
    same(found, "Gateway.NotAttached")


@probe("VPC", CODES, "Gateway.NotAttached")
def address_without_gateway(aws: Aws) -> None:
    """An Elastic IP address is mapped in a VPC with an internet gateway only."""
    made = aws.ec2.create_network_interface(SubnetId=aws.subnet(aws.vpc()))["NetworkInterface"]
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.ec2.associate_address(NetworkInterfaceId=made["NetworkInterfaceId"], AllocationId=address)


@probe("VPC", "EC2 API reference, ReleaseAddress", "InvalidIPAddress.InUse")
def address_in_use(aws: Aws) -> None:
    """An Elastic IP address in use is not released."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    subnet = aws.subnet(vpc)
    eni = aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.ec2.associate_address(NetworkInterfaceId=eni, AllocationId=address)
    aws.ec2.release_address(AllocationId=address)


def last_of_a_subnet(aws: Aws) -> str:
    """A subnet of eleven usable addresses, of which one is free: 10.0.1.9."""
    subnet = aws.subnet(aws.vpc(), "10.0.1.0/28")
    for host in (*range(4, 9), *range(10, 15)):
        aws.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=f"10.0.1.{host}")
    return subnet


@probe("VPC", BLOCKS)
def a_free_address(aws: Aws) -> None:
    """An interface that names no address gets one that nothing in the subnet has."""
    made = aws.ec2.create_network_interface(SubnetId=last_of_a_subnet(aws))["NetworkInterface"]
    same(made["PrivateIpAddress"], "10.0.1.9")


@probe("VPC", BLOCKS)
def a_free_address_of_an_instance(aws: Aws) -> None:
    """An instance's address is none that an interface in the subnet has."""
    instance = aws.instance(last_of_a_subnet(aws))
    found = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    same(found["PrivateIpAddress"], "10.0.1.9")


@probe("VPC", CODES, "InsufficientFreeAddressesInSubnet")
def no_free_address(aws: Aws) -> None:
    """A subnet whose addresses are all taken takes no more interfaces."""
    subnet = last_of_a_subnet(aws)
    for _ in range(2):
        aws.ec2.create_network_interface(SubnetId=subnet)


@probe("VPC", "VPC Peering Guide, VPC peering limitations")
def overlapping_peers(aws: Aws) -> None:
    """A peering between overlapping networks fails at once."""
    made = aws.ec2.create_vpc_peering_connection(VpcId=aws.vpc(), PeerVpcId=aws.vpc("10.0.128.0/17"))
    name = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    found = aws.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[name])["VpcPeeringConnections"]
    same(found[0]["Status"]["Code"], "failed")


refused(
    "VPC",
    "InvalidIPAddress.InUse",
    "An address of a subnet is given once.",
    CODES,
    lambda a: [
        a.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress="10.0.1.10")
        for subnet in [a.subnet(a.vpc())] * 2
    ],
)
refused(
    "VPC",
    "InvalidParameterValue",
    "The first addresses of a subnet are AWS's own.",
    BLOCKS,
    lambda a: a.ec2.create_network_interface(SubnetId=a.subnet(a.vpc()), PrivateIpAddress="10.0.1.1"),
)
refused(
    "VPC",
    "InvalidParameterValue",
    "An interface's address is of its subnet.",
    CODES,
    lambda a: a.ec2.create_network_interface(SubnetId=a.subnet(a.vpc()), PrivateIpAddress="10.0.9.9"),
)


# --- endpoints -------------------------------------------------------------------------------------


def endpoint(aws: Aws, vpc: str, service: str = "s3", **more: Any) -> dict[str, Any]:
    name = f"com.amazonaws.{aws.region}.{service}"
    found: dict[str, Any] = aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, **more)["VpcEndpoint"]
    return found


@probe("VPC", ENDPOINTS)
def gateway_route(aws: Aws) -> None:
    """A gateway endpoint adds a route to the service's prefix list to its route tables."""
    vpc = aws.vpc()
    routes = table(aws, vpc)
    made = endpoint(aws, vpc, RouteTableIds=[routes])
    found = aws.ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]["Routes"]
    mine = [r for r in found if r.get("GatewayId") == made["VpcEndpointId"]]
    same([r["DestinationPrefixListId"][:3] for r in mine], ["pl-"])
    lists = aws.ec2.describe_prefix_lists()["PrefixLists"]
    assert mine[0]["DestinationPrefixListId"] in {each["PrefixListId"] for each in lists}


@probe("VPC", ENDPOINTS)
def full_access(aws: Aws) -> None:
    """An endpoint made without a policy allows everything."""
    made = endpoint(aws, aws.vpc())
    found = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    statement = json.loads(found["PolicyDocument"])["Statement"][0]
    same((statement["Effect"], statement["Action"], statement["Resource"]), ("Allow", "*", "*"))


@probe("VPC", ENDPOINTS)
def endpoint_interfaces(aws: Aws) -> None:
    """An interface endpoint has an interface in each of its subnets, with its groups."""
    vpc = aws.vpc()
    aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets, group = aws.subnets(vpc), aws.group(vpc)
    more = {"SubnetIds": subnets, "SecurityGroupIds": [group], "PrivateDnsEnabled": True}
    made = endpoint(aws, vpc, "secretsmanager", VpcEndpointType="Interface", **more)
    found = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    same(sorted(i["SubnetId"] for i in found), sorted(subnets))
    same({i["InterfaceType"] for i in found}, {"vpc_endpoint"})
    same({g["GroupId"] for i in found for g in i["Groups"]}, {group})
    same({i["Description"] for i in found}, {f"VPC Endpoint Interface {made['VpcEndpointId']}"})


refused(
    "VPC",
    "InvalidServiceName",
    "An endpoint is for a service that there is.",
    CODES,
    lambda a: endpoint(a, a.vpc(), "nothing"),
)
refused(
    "VPC",
    "InvalidParameter",
    "Private DNS needs both DNS attributes of the VPC.",
    ENDPOINTS,
    lambda a: endpoint(a, a.vpc(), "sqs", VpcEndpointType="Interface", PrivateDnsEnabled=True),
)


@probe("VPC", CODES, "RouteAlreadyExists")
def two_gateways(aws: Aws) -> None:
    """A route table has one endpoint for a service."""
    vpc = aws.vpc()
    routes = table(aws, vpc)
    endpoint(aws, vpc, RouteTableIds=[routes])
    endpoint(aws, vpc, RouteTableIds=[routes])


refused(
    "VPC",
    "InvalidPolicyDocument",
    "An endpoint's policy is a policy.",
    CODES,
    lambda a: endpoint(
        a, a.vpc(), PolicyDocument=policy(Effect="Permit", Principal="*", Action="*", Resource="*")
    ),
)
gives(
    "VPC",
    "A subnet gives no public addresses unless told to.",
    "VPC User Guide, Modify the IP addressing attributes",
    False,
    lambda a: a.ec2.describe_subnets(SubnetIds=[a.subnet(a.vpc())])["Subnets"][0]["MapPublicIpOnLaunch"],
)


@probe("VPC", "VPC User Guide, Egress-only internet gateways")
def egress_only(aws: Aws) -> None:
    """An egress-only gateway is attached to its VPC, and ::/0 may lead to it."""
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    made = aws.ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    name, routes = made["EgressOnlyInternetGatewayId"], table(aws, vpc)
    same([(a["State"], a["VpcId"]) for a in made["Attachments"]], [("attached", vpc)])
    aws.ec2.create_route(
        RouteTableId=routes, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=name
    )
    found = aws.ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]["Routes"]
    same(
        [r["EgressOnlyInternetGatewayId"] for r in found if r.get("DestinationIpv6CidrBlock") == "::/0"],
        [name],
    )
    aws.ec2.delete_route(RouteTableId=routes, DestinationIpv6CidrBlock="::/0")
    found = aws.ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]["Routes"]
    same([r for r in found if r.get("DestinationIpv6CidrBlock") == "::/0"], [])
