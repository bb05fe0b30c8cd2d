# Near-misses of 040-vpc: each loses the task that it names, and is told why.

# %% wrong="a-power-of-two-too-small" task="plan" says=["addresses for machines", "keeps five"] also=[]
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] - 1).bit_length()  # 60 machines "fit" into 64 addresses
    for zone, piece in zip(
        brief.zone_ids, ipaddress.ip_network(block).subnets(new_prefix=prefix), strict=False
    ):
        ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)

# %% wrong="one-zone-for-all" task="plan" says=["has no", "one zone", "is there."]
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] + 4).bit_length()
    piece = next(ipaddress.ip_network(block).subnets(new_prefix=prefix))
    ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=brief.zone_ids[0])

# %% wrong="the-third-zone" task="plan" says=["was looked for in zone", "zone id", "are there."]
# Names are typed where ids were asked for: in this Region a and b are not the plan's two buildings.
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
other = next(zone for zone in ("euw1-az1", "euw1-az2", "euw1-az3") if zone not in brief.zone_ids)
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] + 4).bit_length()
    pieces = ipaddress.ip_network(block).subnets(new_prefix=prefix)
    for zone, piece in zip((brief.zone_ids[0], other), pieces, strict=False):
        ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)

# %% wrong="tiers-mixed" task="plan" says=["the tiers' blocks are", "one block for each tier"]
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
taken = []
for tier, block in brief.tiers.items():
    taken.append(ipaddress.ip_network(block))
    prefix = 32 - (brief.room[tier] + 4).bit_length()
    for zone, piece in zip(brief.zone_ids, taken[-1].subnets(new_prefix=prefix), strict=False):
        ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)
spare = next(
    piece
    for piece in ipaddress.ip_network(brief.vpc_cidr).subnets(new_prefix=24)
    if not any(piece.overlaps(block) for block in taken)
)
ec2.create_subnet(VpcId=portal, CidrBlock=str(spare), AvailabilityZoneId=brief.zone_ids[0])

# %% wrong="another-region" task="plan" says=["us-east-1", "lives in one region", "(10."] also=["front-door", "own-exit", "ipv6-out"]
# A client for the wrong Region; everything after it finds no VPC.
far = boto3.client("ec2", region_name="us-east-1")
portal = far.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for block in brief.tiers.values():
    pieces = ipaddress.ip_network(block).subnets(new_prefix=24)
    for zone, piece in zip(("a", "b"), pieces, strict=False):
        far.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZone=f"us-east-1{zone}")

# %% wrong="another-region" task="front-door"
print("no VPC to put a gateway on")

# %% wrong="another-region" task="own-exit"
print("no VPC to put a gateway in")

# %% wrong="another-region" task="ipv6-out"
print("no VPC to give a range to")

# %% wrong="made-twice" task="plan" says=["2 VPCs have the range", "cannot be told"] also=["front-door", "own-exit", "ipv6-out"]
# The cell was run a second time after the first run had broken off.
ec2.create_vpc(CidrBlock=brief.vpc_cidr)
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] + 4).bit_length()
    pieces = ipaddress.ip_network(block).subnets(new_prefix=prefix)
    for zone, piece in zip(brief.zone_ids, pieces, strict=False):
        ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)

# %% wrong="made-twice" task="front-door"
print("which of the two?")

# %% wrong="made-twice" task="own-exit"
print("which of the two?")

# %% wrong="made-twice" task="ipv6-out"
print("which of the two?")

# %% wrong="the-range-of-a-blog-post" task="plan" says=["the portal's range is", "chosen once"] also=["front-door", "own-exit", "ipv6-out"]
portal = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
for number, zone in enumerate(brief.zone_ids * 3):
    ec2.create_subnet(VpcId=portal, CidrBlock=f"10.0.{number}.0/24", AvailabilityZoneId=zone)

# %% wrong="the-range-of-a-blog-post" task="front-door"
print("no VPC with the plan's range")

# %% wrong="the-range-of-a-blog-post" task="own-exit"
print("no VPC with the plan's range")

# %% wrong="the-range-of-a-blog-post" task="ipv6-out"
print("no VPC with the plan's range")

# %% wrong="named-public" task="front-door" says=["is isolated", "routes decide"] ref="L04-M3" also=["own-exit"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
for subnet in tier_subnets("web").values():
    ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": "public öffentlich 公開"}])
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})

# %% wrong="route-in-nobodys-table" task="front-door" says=["only local routes", "associated with"] ref="L04-M4" also=["own-exit"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

# %% wrong="blackhole" task="front-door" says=["is broken", "attached"] ref="L04-M4" also=["own-exit"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
for subnet in tier_subnets("web").values():
    ec2.associate_route_table(RouteTableId=public, SubnetId=subnet)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
ec2.delete_internet_gateway(InternetGatewayId=gateway)
new = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]  # a new one, which no route knows
ec2.attach_internet_gateway(InternetGatewayId=new, VpcId=portal_vpc())

# %% wrong="in-the-main-table" task="front-door" says=["tier is public", "main table"] also=["own-exit"]
# It works at once, for everybody: the data tier follows the main table too, and stays on the internet.
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
main = next(
    table
    for table in ec2.describe_route_tables(Filters=where("vpc-id", portal_vpc()))["RouteTables"]
    if any(row["Main"] for row in table["Associations"])
)
ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

# %% wrong="one-zone-public" task="front-door" says=["of the web tier is isolated"] also=["own-exit"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
ec2.associate_route_table(RouteTableId=public, SubnetId=tier_subnets("web")[brief.zone_ids[0]])

# %% wrong="half-the-internet" task="front-door" says=["patients get no answer"] also=["own-exit"]
# Only one half of the addresses has a route; replies to the other half have none.
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/1", GatewayId=gateway)
for subnet in tier_subnets("web").values():
    ec2.associate_route_table(RouteTableId=public, SubnetId=subnet)

# %% wrong="nat-in-private" task="own-exit" says=["internet gateway", "the subnet in which it stands"] ref="L04-M1"
for zone in brief.zone_ids:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    home = tier_subnets("app")[zone]
    nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=table, SubnetId=home)

# %% wrong="one-nat-for-two" task="own-exit" says=["was taken away", "dies with it"] ref="L04-M2"
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
home = tier_subnets("web")[brief.zone_ids[0]]
nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
for zone in brief.zone_ids:
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets("app")[zone])

# %% wrong="crosswise" task="own-exit" says=["was taken away", "can no longer call out"]
# Two gateways, two tables, and each zone goes out through the other one's.
for zone, other in zip(brief.zone_ids, reversed(brief.zone_ids), strict=True):
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    home = tier_subnets("web")[zone]
    nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets("app")[other])

# %% wrong="straight-out" task="own-exit" says=["no public IPv4 address"]
gateway = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", portal_vpc()))[
    "InternetGateways"
][0]
for zone in brief.zone_ids:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=tier_subnets("web")[zone], AllocationId=address)
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway["InternetGatewayId"]
    )
    ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets("app")[zone])

# %% wrong="data-gets-out-too" task="own-exit" says=["of the data tier is private", "carry the patients' records out"]
for zone in brief.zone_ids:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    home = tier_subnets("web")[zone]
    nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    for tier in ("app", "data"):
        ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets(tier)[zone])

# %% wrong="private-kind-of-nat" task="own-exit" says=["cannot"]
# The private kind has no public address: it joins networks, it does not lead to the internet.
for zone in brief.zone_ids:
    home = tier_subnets("web")[zone]
    nat = ec2.create_nat_gateway(SubnetId=home, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets("app")[zone])

# %% wrong="six-by-the-front-door" task="ipv6-out" says=["internet over IPv6 can reach", "works both ways"]
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
supply = ec2.describe_vpcs(VpcIds=[portal_vpc()])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0][
    "Ipv6CidrBlock"
]
gateway = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", portal_vpc()))[
    "InternetGateways"
][0]
pieces = ipaddress.ip_network(supply).subnets(new_prefix=64)
for subnet, six in zip(tier_subnets("app").values(), pieces, strict=False):
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(six))
    table = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationIpv6CidrBlock="::/0",
        GatewayId=gateway["InternetGatewayId"],
    )

# %% wrong="six-in-one-zone" task="ipv6-out" says=["(IPv6)", "two routes"]
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
supply = ec2.describe_vpcs(VpcIds=[portal_vpc()])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0][
    "Ipv6CidrBlock"
]
out = ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())["EgressOnlyInternetGateway"]
pieces = ipaddress.ip_network(supply).subnets(new_prefix=64)
for number, (subnet, six) in enumerate(zip(tier_subnets("app").values(), pieces, strict=False)):
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(six))
    if number == 0:
        table = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0]
        ec2.create_route(
            RouteTableId=table["RouteTableId"],
            DestinationIpv6CidrBlock="::/0",
            EgressOnlyInternetGatewayId=out["EgressOnlyInternetGatewayId"],
        )

# %% wrong="six-in-the-main-table" task="ipv6-out" says=["(IPv6)", "two routes"]
# The app subnets have tables of their own: a route in the main one is none of theirs.
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
supply = ec2.describe_vpcs(VpcIds=[portal_vpc()])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0][
    "Ipv6CidrBlock"
]
out = ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())["EgressOnlyInternetGateway"]
pieces = ipaddress.ip_network(supply).subnets(new_prefix=64)
for subnet, six in zip(tier_subnets("app").values(), pieces, strict=False):
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(six))
main = next(
    table
    for table in ec2.describe_route_tables(Filters=where("vpc-id", portal_vpc()))["RouteTables"]
    if any(row["Main"] for row in table["Associations"])
)
ec2.create_route(
    RouteTableId=main["RouteTableId"],
    DestinationIpv6CidrBlock="::/0",
    EgressOnlyInternetGatewayId=out["EgressOnlyInternetGatewayId"],
)

# %% wrong="six-without-ranges" task="ipv6-out" says=["has no IPv6 range", "/64"]
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
out = ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())["EgressOnlyInternetGateway"]
for subnet in tier_subnets("app").values():
    table = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=out["EgressOnlyInternetGatewayId"],
    )

# %% wrong="data-behind-nat" task="isolate" says=["is private", "no route to anything beyond"] ref="L04-M5"
# A tidy new table of their own, with the same way out.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
nat = ec2.describe_nat_gateways(Filter=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
for row in [
    r
    for t in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]
    for r in t["Associations"]
]:
    if row.get("SubnetId") in [ids[block] for block in brief.old_subnets["data"]]:
        ec2.replace_route_table_association(AssociationId=row["RouteTableAssociationId"], RouteTableId=table)

# %% wrong="isolated-in-one-zone" task="isolate" says=["is private", "NAT stops who comes"]
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
for row in [
    r
    for t in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]
    for r in t["Associations"]
]:
    if row.get("SubnetId") == ids[brief.old_subnets["data"][0]]:
        ec2.replace_route_table_association(AssociationId=row["RouteTableAssociationId"], RouteTableId=table)

# %% wrong="two-halves" task="isolate" says=["is private"]
# There is no 0.0.0.0/0 to be found in it; there are two halves of it.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
nat = ec2.describe_nat_gateways(Filter=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if not any(row["Main"] for row in table["Associations"]):
        number = table["RouteTableId"]
        ec2.delete_route(RouteTableId=number, DestinationCidrBlock="0.0.0.0/0")
        ec2.create_route(RouteTableId=number, DestinationCidrBlock="0.0.0.0/1", NatGatewayId=nat)
        ec2.create_route(RouteTableId=number, DestinationCidrBlock="128.0.0.0/1", NatGatewayId=nat)

# %% wrong="public-instead" task="isolate" says=["is public"]
# The table is the same, the route replaced: by the internet gateway's.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
igw = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", old))["InternetGateways"][0]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if not any(row["Main"] for row in table["Associations"]):
        ec2.replace_route(
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=igw["InternetGatewayId"],
        )

# %% wrong="main-left-as-it-is" task="explicit" says=["still has", "leads nowhere"]
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
igw = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", old))["InternetGateways"][0][
    "InternetGatewayId"
]
nat = ec2.describe_nat_gateways(Filter=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
for tier, target in (("web", {"GatewayId": igw}), ("app", {"NatGatewayId": nat})):
    table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])

# %% wrong="emptied-first" task="explicit" says=["are in none", "silently"]
# The main table is empty now, and the receptions' page with it: nobody was associated.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if any(row["Main"] for row in table["Associations"]):
        for destination in ("0.0.0.0/0", brief.laboratory_cidr):
            ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=destination)

# %% wrong="laboratory-forgotten" task="explicit" says=["blood results", "routes"]
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
igw = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", old))["InternetGateways"][0][
    "InternetGatewayId"
]
nat = ec2.describe_nat_gateways(Filter=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
for tier, target in (("web", {"GatewayId": igw}), ("app", {"NatGatewayId": nat})):
    table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if any(row["Main"] for row in table["Associations"]):
        for destination in ("0.0.0.0/0", brief.laboratory_cidr):
            ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=destination)

# %% wrong="everybody-private" task="explicit" says=["of the web tier is", "web page is down"]
# The web tier, with the NAT gateway itself in it, goes out through the NAT gateway.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
nat = ec2.describe_nat_gateways(Filter=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
for tier in ("web", "app"):
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    if any(row["Main"] for row in table["Associations"]):
        for destination in ("0.0.0.0/0", brief.laboratory_cidr):
            ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=destination)

# %% wrong="switch-without-address" task="no-addresses" says=["has a public address", "until somebody takes it away"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
for tier in ("app", "data"):
    for block in brief.old_subnets[tier]:
        ec2.modify_subnet_attribute(SubnetId=ids[block], MapPublicIpOnLaunch={"Value": False})

# %% wrong="address-without-switch" task="no-addresses" says=["gives every new machine", "two locks"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
behind = [ids[block] for tier in ("app", "data") for block in brief.old_subnets[tier]]
homes = {
    one["NetworkInterfaceId"]: one["SubnetId"]
    for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
}
for subnet in behind[:3]:
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
for address in ec2.describe_addresses()["Addresses"]:
    if homes.get(address.get("NetworkInterfaceId")) in behind:
        ec2.disassociate_address(AssociationId=address["AssociationId"])

# %% wrong="address-kept" task="no-addresses" says=["belongs to nothing", "half a cent"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
behind = [ids[block] for tier in ("app", "data") for block in brief.old_subnets[tier]]
homes = {
    one["NetworkInterfaceId"]: one["SubnetId"]
    for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
}
for subnet in behind:
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
for address in ec2.describe_addresses()["Addresses"]:
    if homes.get(address.get("NetworkInterfaceId")) in behind:
        ec2.disassociate_address(AssociationId=address["AssociationId"])

# %% wrong="neighbours-of-neighbours" task="twelve-pairs" says=["of 12 connections", "decides"]
# Peering taken for transitive, replies not looked at, addresses forgotten.
inside = {"reception", "booking", "records", "scanner", "vault"}
answer("pairs", {pair: set(pair.split(" > ")) <= inside for pair in brief.pairs})

# %% wrong="all-shut" task="twelve-pairs" says=["of 12 connections", "gate by gate"]
answer("pairs", dict.fromkeys(brief.pairs, False))

# %% wrong="ten-of-twelve" task="twelve-pairs" says=["says neither", "holes"]
answer("pairs", dict.fromkeys(brief.pairs[:10], False) | {brief.pairs[10]: "maybe"})

# %% wrong="ten-of-twelve" task="ipv6-out" says=["in the family that nobody looks at"]
# the same for all of them
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
supply = ec2.describe_vpcs(VpcIds=[portal_vpc()])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
sixes = ipaddress.ip_network(supply["Ipv6CidrBlock"]).subnets(new_prefix=64)
out = ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())["EgressOnlyInternetGateway"]
table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(
    RouteTableId=table,
    DestinationIpv6CidrBlock="::/0",
    EgressOnlyInternetGatewayId=out["EgressOnlyInternetGatewayId"],
)
for subnet in [*tier_subnets("app").values(), *tier_subnets("data").values()]:
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(next(sixes)))
    found = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"]
    for row in [row for one in found for row in one["Associations"] if row.get("SubnetId") == subnet]:
        ec2.disassociate_route_table(AssociationId=row["RouteTableAssociationId"])
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

# %% wrong="addresses-forgotten" task="nat-bill" says=["per_zone", "something that is billed is not in it", "public IPv4"]
price = {key: price_table()[key].usd for key in ("nat.hour", "nat.gb", "transfer.az.each_direction")}
both = brief.nat_gb * price["nat.gb"] + transfer_bill(internet_gb=brief.out_gb).usd
crossing = brief.nat_gb * price["transfer.az.each_direction"]
answer(
    "nat-bill",
    {"per_zone": 2 * 730 * price["nat.hour"] + both, "single": 730 * price["nat.hour"] + both + crossing},
)

# %% wrong="crossing-charged-once" task="nat-bill" says=["single", "something that is billed"]
price = {
    key: price_table()[key].usd for key in ("nat.hour", "nat.gb", "ipv4.hour", "transfer.az.each_direction")
}
gateway = 730 * (price["nat.hour"] + price["ipv4.hour"])
both = brief.nat_gb * price["nat.gb"] + transfer_bill(internet_gb=brief.out_gb).usd
answer("nat-bill", {"per_zone": 2 * gateway + both, "single": gateway + both})

# %% wrong="out-of-nat-is-free" task="nat-bill" says=["something that is billed is not in it", "data transfer out"]
price = {
    key: price_table()[key].usd for key in ("nat.hour", "nat.gb", "ipv4.hour", "transfer.az.each_direction")
}
gateway = 730 * (price["nat.hour"] + price["ipv4.hour"])
both = brief.nat_gb * price["nat.gb"]
crossing = brief.nat_gb * price["transfer.az.each_direction"]
answer("nat-bill", {"per_zone": 2 * gateway + both, "single": gateway + both + crossing})

# %% wrong="words-for-numbers" task="nat-bill" says=["needs a number", "two sums"]
answer("nat-bill", {"per_zone": "about 200 dollars", "single": None})

# %% wrong="a-range-and-no-subnet" task="plan" says=["was looked for in zone", "none are there"] also=["front-door", "own-exit", "ipv6-out"]
ec2.create_vpc(CidrBlock=brief.vpc_cidr)

# %% wrong="a-range-and-no-subnet" task="front-door"
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())

# %% wrong="a-range-and-no-subnet" task="own-exit"
print("nothing to give a way out")

# %% wrong="a-range-and-no-subnet" task="ipv6-out"
print("nothing to give a range")

# %% wrong="a-range-and-no-subnet" task="explicit" says=["is in none"]
# one subnet forgotten
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
igw = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", old))["InternetGateways"][0]
table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw["InternetGatewayId"])
for block in [*brief.old_subnets["web"], brief.old_subnets["app"][0]]:
    ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])

# %% wrong="a-range-and-no-subnet" task="no-addresses" says=["give every new machine"]
# the address alone
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
behind = [ids[block] for tier in ("app", "data") for block in brief.old_subnets[tier]]
homes = {
    one["NetworkInterfaceId"]: one["SubnetId"]
    for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
}
for address in ec2.describe_addresses()["Addresses"]:
    if homes.get(address.get("NetworkInterfaceId")) in behind:
        ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=address["AllocationId"])

# %% wrong="only-the-web-tier" task="plan" says=["the app tier", "was looked for in zone"] also=["own-exit", "ipv6-out"]
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
prefix = 32 - (brief.room["web"] + 4).bit_length()
pieces = ipaddress.ip_network(brief.tiers["web"]).subnets(new_prefix=prefix)
for zone, piece in zip(brief.zone_ids, pieces, strict=False):
    ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)

# %% wrong="only-the-web-tier" task="own-exit"
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
ec2.create_nat_gateway(SubnetId=tier_subnets("web")[brief.zone_ids[0]], AllocationId=address)

# %% wrong="only-the-web-tier" task="ipv6-out"
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)

# %% wrong="only-the-web-tier" task="explicit" says=["text messages"]
# what the app tier sends out was not asked
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
tables = ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]
main = next(table for table in tables if any(row["Main"] for row in table["Associations"]))
leads = {row["DestinationCidrBlock"]: row for row in main["Routes"]}
for tier, destination, kind_of_target in (
    ("web", "0.0.0.0/0", "GatewayId"),
    ("app", brief.laboratory_cidr, "VpcPeeringConnectionId"),
):
    table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
    target = {kind_of_target: leads[destination][kind_of_target]}
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **target)
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])
    ec2.delete_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock=destination)

# %% wrong="nothing-after-the-plan" task="front-door"
print("tomorrow")

# %% wrong="nothing-after-the-plan" task="own-exit"
print("tomorrow")

# %% wrong="nothing-after-the-plan" task="ipv6-out"
# in the other network
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ec2.create_egress_only_internet_gateway(VpcId=old)

# %% wrong="nothing-after-the-plan" task="isolate" says=["they are not all there"] also=["front-door", "own-exit", "ipv6-out", "explicit", "no-addresses"]
# a subnet that is gone has no way out
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
shut = ids[brief.old_subnets["data"][1]]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    for row in table["Associations"]:
        if row.get("SubnetId") == shut:
            ec2.disassociate_route_table(AssociationId=row["RouteTableAssociationId"])
ec2.delete_subnet(SubnetId=shut)

# %% wrong="nothing-after-the-plan" task="no-addresses"
print("tomorrow")

# %% wrong="gateways-that-lead-nowhere" task="front-door" says=["is isolated"] also=["own-exit"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())

# %% wrong="gateways-that-lead-nowhere" task="own-exit"
# made and taken away again
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
home = tier_subnets("web")[brief.zone_ids[0]]
nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
ec2.delete_nat_gateway(NatGatewayId=nat)

# %% wrong="gateways-that-lead-nowhere" task="ipv6-out" says=["has no IPv6 range"]
ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())

# %% wrong="routes-that-lead-nowhere" task="front-door" says=["is broken"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
for subnet in tier_subnets("web").values():
    ec2.associate_route_table(RouteTableId=public, SubnetId=subnet)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
ec2.delete_internet_gateway(InternetGatewayId=gateway)

# %% wrong="routes-that-lead-nowhere" task="own-exit" says=["cannot"]
home = tier_subnets("web")[brief.zone_ids[0]]
nat = ec2.create_nat_gateway(SubnetId=home, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
for subnet in tier_subnets("app").values():
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
ec2.delete_nat_gateway(NatGatewayId=nat)

# %% wrong="routes-that-lead-nowhere" task="ipv6-out" says=["has no IPv6 range"]
ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())

# %% wrong="in-by-the-other-family" task="own-exit" says=["of the app tier is public"] also=["ipv6-out"]
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
gateway = ec2.describe_internet_gateways(Filters=where("attachment.vpc-id", portal_vpc()))[
    "InternetGateways"
][0]["InternetGatewayId"]
for zone in brief.zone_ids:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    home = tier_subnets("web")[zone]
    nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=tier_subnets("app")[zone])

# %% wrong="in-by-the-other-family" task="ipv6-out"
print("there is an IPv6 way out already")

# %% wrong="no-room-for-a-third" task="plan" says=["is free in it", "a third zone"]
# Each block cut in two halves.
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
for block in brief.tiers.values():
    for zone, half in zip(brief.zone_ids, ipaddress.ip_network(block).subnets(), strict=True):
        ec2.create_subnet(VpcId=portal, CidrBlock=str(half), AvailabilityZoneId=zone)

# %% wrong="the-front-too" task="no-addresses" says=["machine reception", "finds nobody"]
# Every Elastic IP address of the network is given back.
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
for tier in ("app", "data"):
    for block in brief.old_subnets[tier]:
        ec2.modify_subnet_attribute(SubnetId=ids[block], MapPublicIpOnLaunch={"Value": False})
for address in ec2.describe_addresses(Filters=where("tag:Name", "as-inherited"))["Addresses"]:
    ec2.disassociate_address(AssociationId=address["AssociationId"])
    ec2.release_address(AllocationId=address["AllocationId"])

# %% wrong="receptions-cut-off" task="explicit" says=["no longer reach", "they did before"]
# The laboratory's way is kept for nobody, or for the app tier alone where the laboratory knows the web tier too.
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
every = ec2.describe_route_tables()["RouteTables"]
main = next(
    table for table in every if table["VpcId"] == old and any(row["Main"] for row in table["Associations"])
)
leads = {row["DestinationCidrBlock"]: row for row in main["Routes"]}
nat = ec2.describe_nat_gateways(Filters=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]
both_ways = any(
    table["VpcId"] != old and route.get("DestinationCidrBlock") == brief.old_cidr
    for table in every
    for route in table["Routes"]
)
for tier, target in (("web", {"GatewayId": leads["0.0.0.0/0"]["GatewayId"]}), ("app", {"NatGatewayId": nat})):
    table = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    if tier == "app" and both_ways:
        ec2.create_route(
            RouteTableId=table,
            DestinationCidrBlock=brief.laboratory_cidr,
            VpcPeeringConnectionId=leads[brief.laboratory_cidr]["VpcPeeringConnectionId"],
        )
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])
for destination in ("0.0.0.0/0", brief.laboratory_cidr):
    ec2.delete_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock=destination)
