# ---
# title: "Who may come in: security groups, network ACLs, endpoints"
# minutes: 90
# needs: [040-vpc]
# objectives:
#   - let each tier in through one door, by who calls and not by where from
#   - say what a network ACL does to a request and to its reply, before it happens
#   - write rules in the order in which they are read
#   - reach AWS services without the internet, and limit what passes
#   - find the rule behind a REJECT
#   - say from how many gigabytes on an endpoint pays
# regions: [eu-west-1]
# ref: L05
# ---

# %% [markdown]
# <!-- covers: L05-06 L05-10 -->
# ## The portal is built, and every door is open
#
# You built Hazelmere's network in the last lab; a contractor then put machines into it, "and the security later". Later is
# today. The routes are right: they say where a packet **can** go. Two kinds of rules say which packets **may**.
#
# ![A packet meets the subnet's NACL, then the machine's security group; the reply meets the NACL again](img/gates.svg)
#
# | | security group | network ACL (NACL) |
# |---|---|---|
# | stands at | a network interface | a subnet's edge |
# | rules | allow only; all of them count | allow and deny; the lowest number that fits decides |
# | the reply | is remembered, and passes | is a new packet, and needs a rule |
# | a new one | nothing in, everything out | nothing in, nothing out |
#
# Coming in, a packet meets the NACL first and the group second; going out, the other way round.

# %%
import json

import boto3

ec2 = boto3.client("ec2")
REGION = boto3.session.Session().region_name
ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]


def where(name, value):
    """A filter for EC2's describe calls."""
    return [{"Name": name, "Values": [value]}]


PORTAL = ec2.describe_vpcs(Filters=where("cidr", brief.vpc_cidr))["Vpcs"][0]["VpcId"]
SUBNETS = {
    tier: [
        one["SubnetId"]
        for block in blocks
        for one in ec2.describe_subnets(Filters=where("cidr-block", block))["Subnets"]
    ]
    for tier, blocks in brief.subnets.items()
}


def machines():
    """The portal's machines: name to network interface, found by their addresses."""
    found = {
        one["PrivateIpAddress"]: one["NetworkInterfaceId"]
        for one in ec2.describe_network_interfaces(Filters=where("vpc-id", PORTAL))["NetworkInterfaces"]
    }
    return {name: found[address] for name, address in brief.hosts.items()}


for name, number in machines().items():
    print(f"{name:8} {brief.hosts[name]:15} {number}")

# %%
draw(PORTAL)

# %% [markdown]
# Eight machines, each shown as its network interface (instances come in the next lab): two `front` machines, where the load
# balancer will be; two `app`; two databases; a `bastion`; and a `mailer`, which sends letters and has no business with
# anybody. Be the stranger: knock at a database from the mailer, and at the front on the port of SSH.

# %%
reach(machines()["mailer"], machines()["db_a"], brief.database_port)
reach("internet", machines()["front_a"], 22)

# %%
for group in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    print(group["GroupId"], group["GroupName"])
    for rule in group["IpPermissions"]:
        who = [one["CidrIp"] for one in rule["IpRanges"]] + [one["CidrIpv6"] for one in rule["Ipv6Ranges"]]
        who += ["carriers of " + one["GroupId"] for one in rule["UserIdGroupPairs"]]
        print("    in:", rule["IpProtocol"], rule.get("FromPort"), "-", rule.get("ToPort"), "from", *who)

# %% [markdown]
# <!-- covers: L05-01 L05-02 L05-11 -->
# ## Task 1: one door each
#
# A group's rule can name **another group** as its source: *whoever carries the front group may call port X*. Such a rule
# survives new machines, new zones and new addresses. A range of addresses lets in whoever happens to live there: the
# mailer lives in the app subnet.
#
# All rules of all groups of a machine add up: [there is no deny, and no order](
# https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html). So the most open rule wins, and an old group
# that stays on a machine keeps its door open.
#
# Build the chain, and leave nothing else open, on any port, in either family:
#
# | from ↓ to → | front | app | database |
# |---|---|---|---|
# | internet | tcp 443 | – | – |
# | front | (443, as anybody) | tcp `brief.app_port` | – |
# | app | (443) | – | tcp `brief.database_port` |
# | mailer | (443) | – | – |


# %% task="chain"
### BEGIN SOLUTION
def group(name, rule):
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=PORTAL)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
    return made


def tcp(port, **source):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}


front = group("portal-front", tcp(443, IpRanges=[{"CidrIp": "0.0.0.0/0"}]))
app = group("portal-app", tcp(brief.app_port, UserIdGroupPairs=[{"GroupId": front}]))
database = group("portal-database", tcp(brief.database_port, UserIdGroupPairs=[{"GroupId": app}]))
for name, number in machines().items():
    wanted = {"front": front, "app": app, "db": database}.get(name.partition("_")[0])
    if wanted:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[wanted])
### END SOLUTION

# %%
reach(machines()["mailer"], machines()["db_a"], brief.database_port)
reach(machines()["app_a"], machines()["db_a"], brief.database_port)

# %% [markdown]
# Your groups let **everything out**, as every new group does, and no rule lets the databases' replies back to the app: the
# group remembers who called. That is what *stateful* means. Who carries what now?

# %%
for one in ec2.describe_network_interfaces(Filters=where("vpc-id", PORTAL))["NetworkInterfaces"]:
    print(f"{one['Description'][:24]:24}", *(carried["GroupName"] for carried in one["Groups"]))

# %% [markdown]
# <!-- covers: L05-03 L05-04 -->
# ## Task 2: nobody administers from the whole internet
#
# Look again at the list of groups above. How many rules include port 22 for the whole world? `0–65535` does. Protocol
# `-1` does. `::/0` is the whole world too, in the family that people forget. A group that no machine carries is one click
# away from being carried.
#
# **A myth** is in there as well. Example rules on the web let "the bastion" in as `10.0.1.0/32`. The first four addresses
# of a subnet and its last [belong to AWS](https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html): that rule
# lets in nobody.
#
# Take out every inbound rule of this VPC's groups that lets more than one host, or the carriers of a group, in on SSH
# (22) or remote desktop (3389), or strangers in on the database's port. Then choose how people get in:
#
# - **Session Manager**: an agent on the machine calls out; no open port at all, every session logged. The best, if you can;
# - a **bastion** that takes SSH from one address (`brief.office`), and app machines that take it from the bastion.

# %% task="no-world-ssh"
### BEGIN SOLUTION
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023"):
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])
### END SOLUTION

# %% [markdown]
# <!-- covers: L05-05 L05-07 L05-08 L05-09 -->
# ## Task 3: ten flows through an inherited NACL
#
# Between tiers stands a second wall, at the edge of a subnet. The VPC's **default** NACL lets everything through, both
# ways. [One that you make yourself](https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html) refuses
# everything until you write rules. Somebody made one for the `reports` tier, from an example on the web:


# %%
def show_nacl(subnet):
    (acl,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    print(acl["NetworkAclId"], "(default)" if acl["IsDefault"] else "")
    for rule in sorted(acl["Entries"], key=lambda one: (one["Egress"], one["RuleNumber"])):
        ports = rule.get("PortRange", {"From": "all", "To": "ports"})
        print(
            f"  {'out' if rule['Egress'] else 'in ':3} {rule['RuleNumber']:6} {rule['RuleAction']:5} "
            f"protocol {rule['Protocol']:2} {rule.get('CidrBlock')} {ports['From']}-{ports['To']}"
        )


show_nacl(SUBNETS["reports"][0])

# %% [markdown]
# A NACL **forgets**. The reply is a packet of its own, judged by the other direction's rules. A caller picks a port above
# 1023 for itself, an *ephemeral* port, and the reply goes **to that port**. A NACL judges what crosses the subnet's edge;
# two machines of one subnet never meet it.
#
# ![The reply to a call goes to the caller's port](img/reply.svg)
#
# **Predict**, for machines without any security group in the way: which of your ten flows work, request and reply? `web`,
# `app`, `data`, `reports` are hosts in the first zone's subnets, `neighbour` is a second one in the subnet of `reports`,
# `reports-b` is in the other zone's. Hand it in with `answer("flows", {text: True or False, …})`. The answer is about the
# NACL **as inherited**.

# %%
for flow in brief.flows:
    print(flow)

# %% [markdown]
# Then **repair** it. These must work: from `web` to `reports`, tcp 80 and 443; from `reports` to the database's port, to the
# internet (443), and between the two reports subnets (443).


# %% task="nacl"
### BEGIN SOLUTION
# Thought out rule by rule: in to reports come tcp 80 and 443 from the VPC; out goes anything to the VPC.
def works(flow):
    ends, protocol, port = flow.rsplit(" ", 2)
    source, destination = ends.split(" > ")
    if {source, destination} == {"reports", "neighbour"}:
        return True  # one subnet: the NACL is not asked
    if source.startswith(("reports", "neighbour")):
        return False  # the reply comes back to a high port, and no inbound rule lets it in
    return protocol == "tcp" and port in ("80", "443")


answer("flows", {flow: works(flow) for flow in brief.flows})

(acl,) = ec2.describe_network_acls(Filters=where("association.subnet-id", SUBNETS["reports"][0]))[
    "NetworkAcls"
]
ec2.create_network_acl_entry(
    NetworkAclId=acl["NetworkAclId"], RuleNumber=120, Egress=False, Protocol="6", RuleAction="allow",
    CidrBlock="0.0.0.0/0", PortRange={"From": 1024, "To": 65535},
)  # fmt: skip
ec2.create_network_acl_entry(
    NetworkAclId=acl["NetworkAclId"], RuleNumber=110, Egress=True, Protocol="6", RuleAction="allow",
    CidrBlock="0.0.0.0/0", PortRange={"From": 443, "To": 443},
)  # fmt: skip
### END SOLUTION

# %%
reach(SUBNETS["reports"][0], SUBNETS["data"][0], brief.database_port)

# %% [markdown]
# Once the NACL is repaired, read who refuses this packet: the databases' **group**, which knows the app and not the reports.
# Two walls, and each must say yes. Whether reports get a door of their own is for Hazelmere to decide.
#
# ## Task 4: two proofs about rule 200
#
# The example's author was proud of rule 200: *deny tcp 22 from anywhere*. What does it do? Prove two things about the
# inbound rules **as inherited** (100 allow tcp 80 and 110 allow tcp 443 from the VPC, 200 deny tcp 22):
#
# - `redundant`: a list without any deny that lets in exactly the same packets;
# - `dead`: a list that holds rule 200 as it is, and in which SSH from inside the VPC gets in all the same.
#
# Write rules as dictionaries: `{"number": 100, "action": "allow", "protocol": "tcp", "cidr": "10.0.0.0/16", "from": 80,
# "to": 80}`; protocol `"-1"` (all) has no ports. Hand in `answer("rule-200", {"redundant": […], "dead": […]})`.


# %% task="rule-200"
### BEGIN SOLUTION
def allow(number, *ports):
    rule = {"number": number, "action": "allow", "protocol": "tcp" if ports else "-1", "cidr": brief.vpc_cidr}
    return rule | ({"from": ports[0], "to": ports[0]} if ports else {})


deny_ssh = {"number": 200, "action": "deny", "protocol": "tcp", "cidr": "0.0.0.0/0", "from": 22, "to": 22}
answer("rule-200", {"redundant": [allow(100, 80), allow(110, 443)], "dead": [allow(100), deny_ssh]})
### END SOLUTION

# %% [markdown]
# A deny after the allows says nothing new, or nothing at all. [Rules are read from the lowest number up, and the first that
# fits decides](https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html): a deny belongs **before** what it takes
# out.
#
# ## Task 5: a NACL that earns its place
#
# The auditors want one sentence to be true for the `data` tier, whatever anybody does to a security group: *databases are
# called from the app and reports tiers only, on any tcp port but never on SSH*. (Monitoring uses many ports.) Databases
# call nobody. Write a NACL of your own for **both** data subnets.

# %% task="own-nacl"
### BEGIN SOLUTION
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(50, False, "deny", "0.0.0.0/0", 22, 22)
for number, block in enumerate([*brief.subnets["app"], *brief.subnets["reports"]]):
    entry(100 + number, False, "allow", block, 0, 65535)
    entry(100 + number, True, "allow", block, 1024, 65535)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)
### END SOLUTION

# %%
show_nacl(SUBNETS["data"][0])
reach(machines()["app_a"], machines()["db_b"], brief.database_port)

# %% [markdown]
# <!-- covers: L05-19 -->
# **When is a NACL worth it?** Seldom. Use groups first: they name who may call, they remember, and nobody has to think of
# ephemeral ports. A NACL is for a coarse sentence that must hold whatever the groups say, and for shutting out an address
# in a hurry, since only a NACL can deny. The default NACL everywhere is a sound design.
#
# <!-- covers: L05-16 -->
# ## Task 6: S3 and DynamoDB without the detour
#
# The app reads letters from `brief.bucket` and appointments from `brief.table`. Where do these packets go?

# %%
reach(SUBNETS["app"][0], "service:s3", 443)

# %% [markdown]
# <!-- covers: L05-12 -->
# Through the NAT gateway, to S3's public addresses. **A myth:** "so it goes over the public internet". It does not [leave
# AWS's network](https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html); what it does is pay the NAT
# gateway for each GB.
#
# A **gateway endpoint** (S3 and DynamoDB only, no charge) is a route: in each table that you give it, a row from the
# service's *prefix list* to the endpoint. It is more specific than `0.0.0.0/0`. Whose packets take it? Those of subnets
# that use **that table**.
#
# Its **policy** is a gate on the road. It grants nothing; it limits what may pass. The default lets everything pass: also
# a thief's upload into a bucket of his own.
#
# Build both endpoints for the app and reports tiers in both zones. Through them passes what the portal does with
# `brief.bucket` (list, get, put) and `brief.table` (get, put, query), and nothing with any other bucket or table.


# %% task="gateway-endpoints"
### BEGIN SOLUTION
def only(service, *arns):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": list(arns)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


tables = set()
for subnet in [*SUBNETS["app"], *SUBNETS["reports"]]:
    found = ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"]
    tables.add(found[0]["RouteTableId"])
bucket, table = f"arn:aws:s3:::{brief.bucket}", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"
for service, policy in (("s3", only("s3", bucket, f"{bucket}/*")), ("dynamodb", only("dynamodb", table))):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=sorted(tables),
        PolicyDocument=policy,
    )
### END SOLUTION

# %%
reach(SUBNETS["app"][0], "service:s3", 443)

# %% [markdown]
# <!-- covers: L05-13 L05-14 L05-15 -->
# ## Task 7: the secret, with no internet at all
#
# Other services come by **interface endpoint** (AWS PrivateLink): a network interface in your subnet that *is* the service.
# With **private DNS** the service's usual name leads to it, and no program changes. It stands in a zone, so two zones want
# two.
#
# An interface has a security group, and **a myth** goes round about it: "the endpoint's group must allow 443 **outbound**".
# Who calls? The app calls, the endpoint is called: [its group needs 443 **inbound**](
# https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html).
#
# Build one for Secrets Manager, such that both app machines reach it with the NAT gateways gone, and each also with the
# other zone gone.

# %% task="secrets-endpoint"
### BEGIN SOLUTION
carried = ec2.describe_network_interfaces(NetworkInterfaceIds=[machines()["app_a"]])["NetworkInterfaces"][0]
callers = [{"GroupId": one["GroupId"]} for one in carried["Groups"]]
door = ec2.create_security_group(GroupName="secrets-door", Description="tcp 443 from the app", VpcId=PORTAL)
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": callers}
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[https])
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
    SubnetIds=SUBNETS["app"],
    SecurityGroupIds=[door["GroupId"]],
    PrivateDnsEnabled=True,
)
### END SOLUTION

# %%
reach(machines()["app_a"], "service:secretsmanager", 443)

# %% [markdown]
# *Here and on AWS:* the sandbox keeps endpoints and their policies, and the packets of `reach` obey them; calls from this
# notebook come from outside the VPC and pass no endpoint.
#
# <!-- covers: L05-17 -->
# ## Task 8: when does an endpoint pay?
#
# "A cent for each GB instead of four and a half" is half the price list. An interface endpoint also bills each **hour, in
# each zone**. Prices of us-east-1, dated:

# %%
from cloudlings.cost import price_table

for key in ("nat.gb", "endpoint.interface.hour", "endpoint.interface.gb", "endpoint.gateway.gb"):
    print(f"{key:26} ${price_table()[key].usd}")
print(
    f"{brief.endpoints} interface endpoints in 2 zones, 730 hours; {brief.service_gb} GB a month to those services,"
)
print(f"and {brief.s3_gb} GB a month to S3, all of it through NAT today. The NAT gateways stay in any case.")

# %% [markdown]
# Hand in `answer("break-even", {"gb": …, "s3_saved": …, "build": …})`: the GB a month at which `brief.endpoints` interface
# endpoints cost as much as the NAT road; the dollars a month that the S3 gateway endpoint saves; and whether, by price
# alone, you would build the interface endpoints for `brief.service_gb` GB (`True` or `False`).

# %% task="break-even"
### BEGIN SOLUTION
price = {
    key: price_table()[key].usd for key in ("nat.gb", "endpoint.interface.hour", "endpoint.interface.gb")
}
hours = brief.endpoints * 2 * 730 * price["endpoint.interface.hour"]
even = hours / (price["nat.gb"] - price["endpoint.interface.gb"])
sums = {"gb": even, "s3_saved": brief.s3_gb * price["nat.gb"], "build": brief.service_gb > even}
answer("break-even", sums)
### END SOLUTION

# %% [markdown]
# Price is one reason. The other is what task 7 showed: with an endpoint, a tier needs no way to the internet at all.
#
# <!-- covers: L05-18 -->
# ## Task 9: which rule said no?
#
# Hazelmere's kiosks have a network of their own (`brief.kiosk_cidr`), and three things there do not work. Its **flow log**
# keeps a record of each connection at each interface. A REJECT does not say who refused.

# %%
lines = boto3.client("logs").filter_log_events(logGroupName="/hazelmere/kiosks")["events"]
print("interface              from            to              ports          verdict")
for line in lines:
    _, _, eni, source, target, source_port, target_port, *_, verdict, _ = line["message"].split()
    print(f"{eni:22} {source:15} {target:15} {source_port:>5} > {target_port:<5}  {verdict}")
print()
for name, port in brief.incidents.items():
    print(name, "is about tcp port", port)
print(dict(brief.kiosk_hosts))

# %% [markdown]
# For each incident find what refused: a NACL's rule (its id and the rule's number), or a security group that has no rule
# for the packet (its id). Look at the groups and NACLs of the kiosks' VPC; the records' [order and direction](
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html) tell the rest.
# `answer("triage", {"r1": {"id": "acl-…", "rule": 100}, "r2": …, "r3": {"id": "sg-…"}})`.
#
# And the portal's own VPC has no flow log. Make one, for REJECTs at least, to a log group; the role `flow-logs` may be
# used for it.

# %%
KIOSKS = ec2.describe_vpcs(Filters=where("cidr", brief.kiosk_cidr))["Vpcs"][0]["VpcId"]
for one in ec2.describe_subnets(Filters=where("vpc-id", KIOSKS))["Subnets"]:
    print(one["CidrBlock"], end=" ")
    show_nacl(one["SubnetId"])
for group_there in ec2.describe_security_groups(Filters=where("vpc-id", KIOSKS))["SecurityGroups"]:
    print(group_there["GroupId"], group_there["GroupName"], group_there["IpPermissions"])

# %% task="triage"
### BEGIN SOLUTION
acls = ec2.describe_network_acls(Filters=where("vpc-id", KIOSKS))["NetworkAcls"]
wall = next(one for one in acls if not one["IsDefault"])
denies = {one["Egress"]: one["RuleNumber"] for one in wall["Entries"] if one["RuleAction"] == "deny"
          and one["RuleNumber"] < 32767}  # fmt: skip
groups = ec2.describe_security_groups(Filters=where("vpc-id", KIOSKS))["SecurityGroups"]
printers = next(one["GroupId"] for one in groups if one["GroupName"] == "printers")
found = {
    "r1": {"id": wall["NetworkAclId"], "rule": denies[False]},  # the request, coming in
    "r2": {"id": wall["NetworkAclId"], "rule": denies[True]},  # the reply, going out to a high port
    "r3": {"id": printers},  # neighbours in one subnet: no NACL between them
}
answer("triage", found)
ec2.create_flow_logs(
    ResourceIds=[PORTAL],
    ResourceType="VPC",
    TrafficType="REJECT",
    LogGroupName="/hazelmere/portal",
    DeliverLogsPermissionArn=boto3.client("iam").get_role(RoleName="flow-logs")["Role"]["Arn"],
)
### END SOLUTION

# %% [markdown]
# *Here and on AWS:* the records above were written when the lab began; packets of the sandbox are not logged. On AWS a flow
# log takes minutes to show a connection, and you pay for each GB of records.
#
# ## What you know now
#
# - Groups allow, remember and add up; name the caller's group, not its range.
# - NACLs are read by number, forget everything, and need the way back: ports 1024 and above.
# - The whole world is `0.0.0.0/0`, `::/0`, `0–65535`, `-1`, and every group that lies around.
# - An endpoint works through the table (gateway) or the group and DNS (interface) of the caller's side; its policy limits
#   what passes.
# - A REJECT names an interface. Direction, order and neighbourhood name the rule.
#
# ## What this would cost, and how to clean up

# %%
cost()

# %% [markdown]
# Groups, NACLs, routes and gateway endpoints are free; NAT gateways, public addresses and interface endpoints are nearly all
# of it. On AWS you would delete the endpoints, the NAT gateways, release the addresses, then the rest. *Here*, `reset_lab()`
# puts everything back.
#
# Next, machines move in: **060-ec2**.
