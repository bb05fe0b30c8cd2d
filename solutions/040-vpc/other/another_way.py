# Other right answers: three zones, the main table used on purpose, one table for all data, renamed things.

# %% task="plan"
# Three zones, sizes to spare, and names that say nothing.
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] + 5 - 1).bit_length()
    pieces = list(ipaddress.ip_network(block).subnets(new_prefix=prefix))
    for zone, piece in zip(("euw1-az1", "euw1-az2", "euw1-az3"), reversed(pieces[:3]), strict=True):
        made = ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)
        ec2.create_tags(
            Resources=[made["Subnet"]["SubnetId"]],
            Tags=[{"Key": "Name", "Value": f"private Küche {zone} 台所"}],
        )

# %% task="front-door"
# The main table is the public one, on purpose; the others got tables of their own before.
shut = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
for tier in ("app", "data"):
    for subnet in tier_subnets(tier).values():
        ec2.associate_route_table(RouteTableId=shut, SubnetId=subnet)
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
main = next(
    table
    for table in ec2.describe_route_tables(Filters=where("vpc-id", portal_vpc()))["RouteTables"]
    if any(row["Main"] for row in table["Associations"])
)
ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
leftover = ec2.create_internet_gateway()  # attached to nothing

# %% task="own-exit"
# Associations are replaced; a gateway that nobody uses stays in the web tier.
for zone, home in tier_subnets("web").items():
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    subnet = tier_subnets("app")[zone]
    found = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"]
    rows = [row for one in found for row in one["Associations"] if row.get("SubnetId") == subnet]
    if rows:
        ec2.replace_route_table_association(
            AssociationId=rows[0]["RouteTableAssociationId"], RouteTableId=table
        )
    else:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
spare = ec2.allocate_address(Domain="vpc")["AllocationId"]
unused = ec2.create_nat_gateway(SubnetId=home, AllocationId=spare)["NatGateway"]["NatGatewayId"]
ec2.delete_nat_gateway(NatGatewayId=unused)

# %% task="isolate"
# Both data subnets on the table that is there: its way out goes, and is made new for whoever needs it.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if not any(row["Main"] for row in table["Associations"]):
        ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")

# %% task="no-addresses"
# Every subnet, the web tier too; the address goes to the reception's neighbour, in the web tier.
for one in ec2.describe_subnets(Filters=where("vpc-id", old))["Subnets"]:
    ec2.modify_subnet_attribute(SubnetId=one["SubnetId"], MapPublicIpOnLaunch={"Value": False})
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
spare = ec2.create_network_interface(SubnetId=ids[brief.old_subnets["web"][1]])["NetworkInterface"]
homes = {
    one["NetworkInterfaceId"]: one["SubnetId"]
    for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
}
behind = [ids[block] for tier in ("app", "data") for block in brief.old_subnets[tier]]
for address in ec2.describe_addresses()["Addresses"]:
    if homes.get(address.get("NetworkInterfaceId")) in behind:
        ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.associate_address(
            AllocationId=address["AllocationId"], NetworkInterfaceId=spare["NetworkInterfaceId"]
        )
# The reception has a second private address, and no public one for it.
for one in ec2.describe_network_interfaces()["NetworkInterfaces"]:
    if one["PrivateIpAddress"] == brief.places["reception"]:
        ec2.assign_private_ip_addresses(
            NetworkInterfaceId=one["NetworkInterfaceId"], SecondaryPrivateIpAddressCount=1
        )
