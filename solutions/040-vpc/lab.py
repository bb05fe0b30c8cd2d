# ---
# title: "A network of your own: plan it, route it, follow the packets"
# minutes: 90
# needs: [000-orientation]
# objectives:
#   - plan address ranges that still fit in three years
#   - make a subnet public, private or isolated, by routes and by nothing else
#   - give each zone a way out that does not die with another zone
#   - let machines out over IPv6 without letting anybody in
#   - repair a network that was built by accident
#   - say where a packet goes before you send it, and what the road costs
# regions: [eu-west-1]
# ref: L04
# ---

# %% [markdown]
# <!-- covers: L04-01 L04-18 -->
# ## Hazelmere Clinics
#
# Hazelmere runs forty clinics. Its *booking* network was clicked together in an afternoon, years ago. Now a portal for
# patients is coming, and this time somebody plans: you. You build the portal's network, then put the old one right.
#
# A **VPC** (virtual private cloud) is a network of your own in one Region: think of an office building. The building has
# a range of room numbers (its CIDR block), floors that hold one department each (subnets), and at every floor's lift a
# sign that says which way to go for which number (a **route table**). The signs are all that there is. A floor called
# "archive" is open to the street when its sign points to the street.
#
# ![Three subnets, three signs: public, private, isolated](img/signs.svg)

# %%
import ipaddress

import boto3

ec2 = boto3.client("ec2")


def where(name, value):
    """A filter for EC2's describe calls."""
    return [{"Name": name, "Values": [value]}]


for vpc in ec2.describe_vpcs()["Vpcs"]:
    names = {tag["Key"]: tag["Value"] for tag in vpc["Tags"]}
    print(
        vpc["VpcId"], f"{vpc['CidrBlock']:16}", names.get("Name", ""), "(default)" if vpc["IsDefault"] else ""
    )

# %% [markdown]
# <!-- covers: L04-17 -->
# Four networks, and you made none of them. Three are Hazelmere's. The other, `172.31.0.0/16`, is the **default VPC**: AWS
# puts one into every Region, so that a first machine has a place to be. All its subnets are public and hand out
# public addresses. It is made for trying things out; what a company runs has no business there, and nothing in this lab
# goes there.
#
# Draw the network that you inherit. The colours are kinds of subnets: read them together with the names. (`brief.job` is
# the contractor's job number, which is all that is left of the paperwork.)

# %%
draw("booking")

# %% [markdown]
# <!-- covers: L04-04 -->
# Two of three names in that picture lie. `private-app` is green: public. `isolated-data` is blue: it reaches the internet
# through a NAT gateway. **The myth:** "it is private, it is called private." [Routes decide](
# https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html#subnet-types), and only routes:
#
# | kind | its table leads |
# |---|---|
# | public | to an internet gateway |
# | private | out through something else, such as a NAT gateway |
# | isolated | nowhere outside the VPC |
#
# We come back to this one. First you build one that is right.
#
# <!-- covers: L04-02 L04-16 -->
# ## Task 1: room for three tiers
#
# `10.47.0.0/16` means: the first 16 bits are fixed, the other 16 are yours, which makes 65,536 addresses. A range is for
# ever: it must not overlap with anything that you may want to connect one day. Your plan:

# %%
print("the portal's VPC:", brief.vpc_cidr, "  zones:", ", ".join(brief.zone_ids))
for tier in ("web", "app", "data"):
    print(f"{tier:5} tier in {brief.tiers[tier]:17} room for {brief.room[tier]:4} machines in each zone")

# %% [markdown]
# Each tier has a block of its own, so that a firewall or an auditor can name a tier by its range.
#
# **Predict**, then run: the archive's subnet is a /24, so 256 addresses, and one machine is in it. How many are free?

# %%
your_guess = None

# %%
for subnet in ec2.describe_subnets()["Subnets"]:
    if ipaddress.ip_network(subnet["CidrBlock"]).subnet_of(ipaddress.ip_network(brief.archive_cidr)):
        print(subnet["CidrBlock"], "guessed", your_guess, "- free:", subnet["AvailableIpAddressCount"])

# %% [markdown]
# <!-- covers: L04-03 L04-11 -->
# AWS [keeps five](https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html) addresses of each subnet: the first
# four (network, router, DNS, reserve) and the last. So `10.0.1.0/32`, which goes round as "the bastion's address" in
# example rules, is nobody's.
#
# A subnet is in **one** zone and stays there, and its range never changes. Two zones and three tiers make six subnets.
# Building the plan:
#
# - a VPC with `brief.vpc_cidr` in this Region;
# - for each tier and each zone of `brief.zone_ids` a subnet, inside the tier's block, with room for as many machines as
#   the plan says. Leave the rest of the block free: that is where the third zone goes.
#
# `ipaddress.ip_network("10.0.0.0/20").subnets(new_prefix=24)` cuts a block into pieces.

# %% task="plan"
### BEGIN SOLUTION
portal = ec2.create_vpc(CidrBlock=brief.vpc_cidr)["Vpc"]["VpcId"]
subnets = {}
for tier, block in brief.tiers.items():
    prefix = 32 - (brief.room[tier] + 5 - 1).bit_length()
    pieces = ipaddress.ip_network(block).subnets(new_prefix=prefix)
    for zone, piece in zip(brief.zone_ids, pieces, strict=False):
        made = ec2.create_subnet(VpcId=portal, CidrBlock=str(piece), AvailabilityZoneId=zone)
        subnets[tier, zone] = made["Subnet"]["SubnetId"]
### END SOLUTION

# %% [markdown]
# The next cells use what is in the account, whatever made it: `tier_subnets("web")` gives your subnets by zone id.


# %%
def tier_subnets(tier):
    """Your subnets of a tier: zone id to subnet id."""
    block = ipaddress.ip_network(brief.tiers[tier])
    return {
        one["AvailabilityZoneId"]: one["SubnetId"]
        for one in ec2.describe_subnets()["Subnets"]
        if ipaddress.ip_network(one["CidrBlock"]).subnet_of(block)
    }


def portal_vpc():
    found = ec2.describe_vpcs(Filters=where("cidr", brief.vpc_cidr))["Vpcs"]
    return found[0]["VpcId"] if found else None


print(portal_vpc(), {tier: tier_subnets(tier) for tier in brief.tiers})

# %% [markdown]
# <!-- covers: L04-05 L04-12 -->
# ## Task 2: the front door
#
# An **internet gateway** joins a VPC with the internet: one for each VPC, attached to the VPC and in no subnet, with no
# hourly price. It changes nothing until a route leads to it. The load balancer that will take the patients' requests
# needs public subnets in two zones: that is what the web tier is for. Machines that do the work are never there.
#
# Attach one, and make the **web tier** public in both zones, so that a machine with a public address there can be reached
# from the internet and answer. The other tiers stay as they are.

# %% task="front-door"
### BEGIN SOLUTION
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=portal_vpc())
public = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
for subnet in tier_subnets("web").values():
    ec2.associate_route_table(RouteTableId=public, SubnetId=subnet)
### END SOLUTION

# %% [markdown]
# Now be a packet. `reach` follows one, there and back, and draws its way. A subnet without a machine stands for one that
# might be launched there.

# %%
for tier in ("web", "app"):
    first = next(iter(tier_subnets(tier).values()), None)
    if first:
        reach("internet", first, 443)

# %% [markdown]
# Even your web subnet did not answer: a machine there gets no public address by itself, and an internet gateway delivers
# to public addresses only. Two things must be true for a way in: **a route and an address**. For the rest of this lab,
# the checks suppose the address and look at the routes. This is what routes say about your six subnets:

# %%
from cloudlings.network import kind, read_network

now = read_network(boto3.Session(), services=["ec2"])
for tier in brief.tiers:
    print(tier, {zone: kind(now, subnet) for zone, subnet in tier_subnets(tier).items()})

# %% [markdown]
# <!-- covers: L04-06 L04-13 -->
# ## Task 3: a way out for each zone
#
# The app machines call the bank and fetch updates, and nobody may call them. A **NAT gateway** does that: it sends their
# packets on under its own public address, and knows the replies. A packet from an app machine passes five stops:
#
# app subnet's table → NAT gateway → **the table of the subnet where the NAT gateway stands** → internet gateway → out.
#
# The third is the stop at which most builds fail. And a NAT gateway lives in one zone: whoever goes out through the
# other zone's is [cut off when that zone fails](
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html), and pays for each GB that crosses over.
#
# Build it so that either zone may be lost and the app tier of the other still gets out. The data tier gets no way out.

# %% task="own-exit"
### BEGIN SOLUTION
for zone, subnet in tier_subnets("app").items():
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=tier_subnets("web")[zone], AllocationId=address)["NatGateway"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat["NatGatewayId"]])
    table = ec2.create_route_table(VpcId=portal_vpc())["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
### END SOLUTION

# %%
for subnet in tier_subnets("app").values():
    reach(subnet, "internet", 443)

# %% [markdown]
# *New in AWS:* a [regional NAT gateway](https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html) (since
# November 2025) spans the zones by itself and needs no public subnet; it can take up to an hour to begin in a new zone.
# *Here* there is the zonal kind only.
#
# <!-- covers: L04-07 -->
# ## Task 4: IPv6 goes out, too
#
# Some of the bank's systems answer on IPv6 only. IPv6 on AWS has no private addresses behind NAT: each one is an address
# of the whole internet. The one-way door is a gateway of its own, the [egress-only internet gateway](
# https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html): connections that start inside may
# leave, none may come in. Where do you put it? Try what many drawings show:

# %%
try:
    ec2.create_egress_only_internet_gateway(SubnetId=next(iter(tier_subnets("web").values()), "subnet-0"))
except Exception as error:
    print(error)

# %% [markdown]
# It belongs to the **VPC**, as the internet gateway does. A route is for one family: `0.0.0.0/0` says nothing about IPv6,
# `::/0` nothing about IPv4.
#
# Give the VPC an IPv6 range (Amazon's, a /56), each app subnet a /64 of it, and let the app tier out over IPv6 in both
# zones. Nobody may come in by that way, and the data tier stays shut.

# %% task="ipv6-out"
### BEGIN SOLUTION
ec2.associate_vpc_cidr_block(VpcId=portal_vpc(), AmazonProvidedIpv6CidrBlock=True)
supply = ec2.describe_vpcs(VpcIds=[portal_vpc()])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
sixes = ipaddress.ip_network(supply["Ipv6CidrBlock"]).subnets(new_prefix=64)
out = ec2.create_egress_only_internet_gateway(VpcId=portal_vpc())["EgressOnlyInternetGateway"]
for subnet, six in zip(tier_subnets("app").values(), sixes, strict=False):
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(six))
    wanted = where("association.subnet-id", subnet)
    table = ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=out["EgressOnlyInternetGatewayId"],
    )
### END SOLUTION

# %% [markdown]
# <!-- covers: L04-09 -->
# Your network, as the account has it now. Compare the colours with the plan: green, blue and purple rows, two columns.

# %%
if portal_vpc():
    draw(portal_vpc())

# %% [markdown]
# <!-- covers: L04-10 L04-14 -->
# ## Task 5: the records have no way out
#
# Back to the booking network, which is in use while you repair it. Begin with the patients' records. The contractor put
# both data subnets behind the NAT gateway, "for updates". A managed database needs none from there, and a NAT gateway
# asks nobody **who goes out**: a stolen password and one `curl` are enough to carry the records away.
#
# Make both subnets of the data tier (`brief.old_subnets["data"]`) isolated: no way out, in either family. The other
# subnets stay as they are.


# %%
def show_tables(cidr):
    """Every route table of the VPC with this range: who uses it, and where it leads."""
    vpc = ec2.describe_vpcs(Filters=where("cidr", cidr))["Vpcs"][0]["VpcId"]
    blocks = {
        one["SubnetId"]: one["CidrBlock"]
        for one in ec2.describe_subnets(Filters=where("vpc-id", vpc))["Subnets"]
    }
    for table in ec2.describe_route_tables(Filters=where("vpc-id", vpc))["RouteTables"]:
        users = ["MAIN" if row["Main"] else blocks[row["SubnetId"]] for row in table["Associations"]]
        print(table["RouteTableId"], "of", ", ".join(users) or "nobody")
        for row in table["Routes"]:
            to = row.get("DestinationCidrBlock") or row.get("DestinationIpv6CidrBlock")
            print(f"    {to:18} -> {next(str(row[key]) for key in row if key.endswith('Id') and row[key])}")


show_tables(brief.old_cidr)

# %% task="isolate"
### BEGIN SOLUTION
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
shut = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
for table in ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]:
    for row in table["Associations"]:
        if row.get("SubnetId"):
            ec2.replace_route_table_association(
                AssociationId=row["RouteTableAssociationId"], RouteTableId=shut
            )
### END SOLUTION

# %% [markdown]
# <!-- covers: L04-24 -->
# How do people get at such a database? Not by making it public. Three ways, best first: a **Session Manager** tunnel
# through a machine in the app tier (no open port at all, every session logged); a **VPN** into the VPC; a **bastion**, one
# small machine in the web tier that takes SSH from one known address. You choose between them in the next lab.

# %%
show_tables(brief.old_cidr)

# %% [markdown]
# <!-- covers: L04-08 -->
# ## Task 6: nobody follows the main table by accident
#
# Every VPC has a **main** route table. "Each subnet must be associated with a table" is often said and not quite so: [a
# subnet without an association follows the main one](
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html), and no listing shows it. Look at the output
# above: the web and app subnets are nowhere. They follow the main table, which leads to the internet.
#
# Put it right in the booking network:
#
# - every subnet is associated with a table; the main table has its local routes and nothing else;
# - the web tier stays public; the app tier becomes private, out through the NAT gateway that is there;
# - **nothing that works today stops working**: whoever talks to the laboratory (`brief.laboratory_cidr`) goes on doing so,
#   the app tier first of all.

# %% task="explicit"
### BEGIN SOLUTION
old = ec2.describe_vpcs(Filters=where("cidr", brief.old_cidr))["Vpcs"][0]["VpcId"]
ids = {
    one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets(Filters=where("vpc-id", old))["Subnets"]
}
tables = ec2.describe_route_tables(Filters=where("vpc-id", old))["RouteTables"]
main = next(table for table in tables if any(row["Main"] for row in table["Associations"]))
leads = {row["DestinationCidrBlock"]: row for row in main["Routes"]}
igw = leads["0.0.0.0/0"]["GatewayId"]
peering = leads[brief.laboratory_cidr]["VpcPeeringConnectionId"]
nat = ec2.describe_nat_gateways(Filters=where("vpc-id", old))["NatGateways"][0]["NatGatewayId"]

web = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=web, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
ec2.create_route(RouteTableId=web, DestinationCidrBlock=brief.laboratory_cidr, VpcPeeringConnectionId=peering)
app = ec2.create_route_table(VpcId=old)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=app, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
ec2.create_route(RouteTableId=app, DestinationCidrBlock=brief.laboratory_cidr, VpcPeeringConnectionId=peering)
for table, tier in ((web, "web"), (app, "app")):
    for block in brief.old_subnets[tier]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=ids[block])
for destination in ("0.0.0.0/0", brief.laboratory_cidr):
    ec2.delete_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock=destination)
### END SOLUTION

# %% [markdown]
# <!-- covers: L04-15 -->
# ## Task 7: no public addresses behind the front
#
# A route and an address, we said: two locks. The second is still open. Every subnet of the booking network hands out
# public addresses, and one machine behind the front has an **Elastic IP address** of its own. Nothing reaches it today.
# One mistaken route, and the world does.

# %%
for one in ec2.describe_network_interfaces()["NetworkInterfaces"]:
    if one.get("Association", {}).get("PublicIp"):
        print(f"{one['Description']:22}", one["PrivateIpAddress"], "is also", one["Association"]["PublicIp"])

# %% [markdown]
# Take the addresses away in the **app and data** tiers of the booking network: those handed out at launch, and the one
# that is there. Give it back to AWS afterwards: [every public IPv4 address costs](
# https://aws.amazon.com/vpc/pricing/) half a cent an hour, in use or not.

# %% task="no-addresses"
### BEGIN SOLUTION
ids = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]}
behind = [ids[block] for tier in ("app", "data") for block in brief.old_subnets[tier]]
for subnet in behind:
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
homes = {
    one["NetworkInterfaceId"]: one["SubnetId"]
    for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
}
for address in ec2.describe_addresses()["Addresses"]:
    if homes.get(address.get("NetworkInterfaceId")) in behind:
        ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=address["AllocationId"])
### END SOLUTION

# %%
draw("booking")

# %% [markdown]
# <!-- covers: L04-20 -->
# ## Task 8: twelve packets, told beforehand
#
# Networks meet by **peering**: a private connection between two VPCs, each of which needs a **route to the other's range**.
# Ranges must not overlap. And peering is [not transitive](
# https://docs.aws.amazon.com/whitepapers/latest/aws-vpc-connectivity-options/vpc-peering.html): a neighbour's neighbour is
# a stranger.
#
# ![Three networks in a row, two peerings](img/row.svg)
#
# Say for each of the twelve pairs below whether a connection is possible, tcp port 443, request **and** reply, as the
# account is now. Security groups let everything through here, and only `reception` has a public address. The next cell
# prints the machines and all tables. **Write your twelve down before you run `reach`**, and hand them in by their texts:
# `answer("pairs", {"booking > scanner": True or False, …})`.

# %%
for cidr in (brief.old_cidr, brief.laboratory_cidr, brief.archive_cidr):
    print("VPC", cidr)
    show_tables(cidr)
print(dict(brief.places))
for pair in brief.pairs:
    print(pair)

# %% task="twelve-pairs"
### BEGIN SOLUTION
from cloudlings.network import read_network, trace

network = read_network(boto3.Session())
interfaces = {one.private_ips[0]: one.id for one in network.interfaces if one.private_ips}
places = {"internet": "internet", **{name: interfaces[ip] for name, ip in brief.places.items()}}
matrix = {}
for pair in brief.pairs:
    source, destination = pair.split(" > ")
    matrix[pair] = trace(network, places[source], places[destination], "tcp", 443).reachable
answer("pairs", matrix)
### END SOLUTION

# %% [markdown]
# Follow one that surprised you. The engine behind `reach` walks as AWS's [Reachability Analyzer](
# https://docs.aws.amazon.com/vpc/latest/reachability/what-is-reachability-analyzer.html) does and uses its codes; on AWS
# each analysis has a price.

# %%
reach(brief.places["scanner"], brief.places["vault"], 443)

# %% [markdown]
# <!-- covers: L04-21 L04-22 L04-23 -->
# What else joins networks? Four words to know:
#
# | | joins | choose it when |
# |---|---|---|
# | VPC peering | two VPCs | there are few; no hourly price |
# | Transit Gateway | many VPCs and offices, through a hub that *is* transitive | more than a handful; each attachment costs by the hour, and each GB |
# | Site-to-Site VPN | an office and AWS, encrypted over the internet | today, for little money |
# | Direct Connect | an office and AWS, by a line of its own | steady large traffic; weeks to set up |
#
# <!-- covers: L04-25 -->
# And one route leads to a service: a **gateway endpoint** puts a row into a table whose destination is a *prefix list* (S3's
# ranges) and whose target is the endpoint. It is more specific than `0.0.0.0/0`, so S3's packets leave the NAT gateway's
# road. You build one in the next lab. This is what such a table looks like:
#
#     10.47.0.0/16      local
#     0.0.0.0/0         nat-0a1b…
#     pl-6da54004 (S3)  vpce-0c2d…
#
# And this is how the booking system reaches S3 today:

# %%
reach(brief.places["booking"], "service:s3", 443)

# %% [markdown]
# <!-- covers: L04-19 -->
# ## Task 9: what the second way out costs
#
# A NAT gateway is billed three times: by the hour, for each GB through it, and its public address by the hour. What leaves
# for the internet is billed on top; what crosses between zones on **both** sides. Prices of us-east-1, dated:

# %%
from cloudlings.cost import price_table, transfer_bill

for key in ("nat.hour", "nat.gb", "ipv4.hour", "transfer.az.each_direction"):
    print(f"{key:28} ${price_table()[key].usd}")
print(
    f"{'to the internet':28} ${transfer_bill(internet_gb=brief.out_gb).usd:.2f} for {brief.out_gb} GB (100 GB are free)"
)
print(
    f"a month: 730 hours; {brief.nat_gb} GB through NAT, half from each zone, {brief.out_gb} GB of it to the internet"
)

# %% [markdown]
# **Decide** between two designs for the portal: one NAT gateway in each of two zones (`per_zone`), or one gateway that both
# zones use (`single`; half of the GB then cross). Work both bills out, a whole month of each, and hand them in in dollars:
# `answer("nat-bill", {"per_zone": …, "single": …})`. Then say to yourself which you would build, and why.

# %% task="nat-bill"
### BEGIN SOLUTION
price = {
    key: price_table()[key].usd for key in ("nat.hour", "nat.gb", "ipv4.hour", "transfer.az.each_direction")
}
one_gateway = 730 * (price["nat.hour"] + price["ipv4.hour"])
both = brief.nat_gb * price["nat.gb"] + transfer_bill(internet_gb=brief.out_gb).usd
crossing = brief.nat_gb / 2 * 2 * price["transfer.az.each_direction"]
answer("nat-bill", {"per_zone": 2 * one_gateway + both, "single": one_gateway + both + crossing})
### END SOLUTION

# %% [markdown]
# <details><summary>What we would decide</summary>The difference is some tens of dollars a month, and with enough traffic the
# second gateway is the cheaper design, since nothing crosses. So the question is not the gateway: it is
# whether a failed zone may stop the portal. It may not. For a test network that may stop, one is enough.</details>

# %%
extra = 730 * (price_table()["nat.hour"].usd + price_table()["ipv4.hour"].usd)
each_gb = 2 * price_table()["transfer.az.each_direction"].usd / 2  # both sides pay, half of the GB cross
print(
    f"By price alone the second gateway pays from {extra / each_gb:,.0f} GB a month; yours are {brief.nat_gb:,}."
)

# %% [markdown]
# ## What you know now
#
# - Routes make a subnet public, private or isolated. Names, tags and settings do not.
# - A way in needs a route *and* an address; a way out needs every stop, the NAT gateway's own table too.
# - The main table is for what nobody thought about: keep it empty, associate everything.
# - IPv4 and IPv6 are two networks in one; the egress-only gateway is IPv6's one-way door.
# - Peering joins two; a reply needs a route as much as a request.
#
# ## What this would cost, and how to clean up
#
# VPCs, subnets, tables, internet and egress-only gateways and peerings within a zone are free. What you built and
# inherited would cost this a month, traffic not counted:

# %%
cost()

# %% [markdown]
# Almost all of it is NAT gateways and addresses. On AWS, delete in this order: NAT gateways, wait, release their addresses,
# then subnets, tables, gateways, VPCs. *Here*, `reset_lab()` puts everything back. When you run into the limits: five VPCs
# in a Region by default, and AWS raises it on request.
#
# Where you stand, and what is next: routes say where a packet **can** go. Who **may** come, on which port, is the next
# lab: **050-network-security**.
