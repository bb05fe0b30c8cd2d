# Near-misses of 050-network-security: each loses the task that it names, and is told why.

# %% wrong="whole-range-for-the-database" task="chain" says=["mailer", "add up"] ref="L05-M2"
def group(name, rule):
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=PORTAL)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
    return made


def tcp(port, **source):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}


front = group("portal-front", tcp(443, IpRanges=[{"CidrIp": "0.0.0.0/0"}]))
app = group("portal-app", tcp(brief.app_port, UserIdGroupPairs=[{"GroupId": front}]))
database = group("portal-database", tcp(brief.database_port, IpRanges=[{"CidrIp": brief.vpc_cidr}]))
for name, number in machines().items():
    wanted = {"front": front, "app": app, "db": database}.get(name.partition("_")[0])
    if wanted:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[wanted])

# %% wrong="the-apps-subnet-as-source" task="chain" says=["mailer", "a way to db"]
# The mailer lives in the app subnet as well.
front, app, database = (
    ec2.create_security_group(GroupName=f"portal-{name}", Description=name, VpcId=PORTAL)["GroupId"]
    for name in ("front", "app", "database")
)
for number, port, sources in (
    (front, 443, ["0.0.0.0/0"]),
    (app, brief.app_port, brief.subnets["web"]),
    (database, brief.database_port, brief.subnets["app"]),
):
    ranges = [{"CidrIp": source} for source in sources]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
    ec2.authorize_security_group_ingress(GroupId=number, IpPermissions=[rule])
for name, number in machines().items():
    wanted = {"front": front, "app": app, "db": database}.get(name.partition("_")[0])
    if wanted:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[wanted])

# %% wrong="old-group-stays" task="chain" says=["launch-wizard-1", "add up"]
# The new groups are right, and come in addition. (Task 2 empties the old group, so the chain is right later.)
front, app, database = (
    ec2.create_security_group(GroupName=f"portal-{name}", Description=name, VpcId=PORTAL)["GroupId"]
    for name in ("front", "app", "database")
)
world, first, second = [{"CidrIp": "0.0.0.0/0"}], [{"GroupId": front}], [{"GroupId": app}]
for number, port, source in (
    (front, 443, {"IpRanges": world}),
    (app, brief.app_port, {"UserIdGroupPairs": first}),
    (database, brief.database_port, {"UserIdGroupPairs": second}),
):
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
    ec2.authorize_security_group_ingress(GroupId=number, IpPermissions=[rule])
for one in ec2.describe_network_interfaces(Filters=where("vpc-id", PORTAL))["NetworkInterfaces"]:
    wanted = {"front": front, "app": app, "db": database}.get(one["Description"].partition("-")[0])
    if wanted:
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=one["NetworkInterfaceId"],
            Groups=[wanted, *(carried["GroupId"] for carried in one["Groups"])],
        )

# %% wrong="old-group-stays" task="no-world-ssh" says=["launch-wizard-1", "tcp 22"]
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] == "test-2023":
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])

# %% wrong="one-zone-only" task="chain" says=["a way to front_b"]
# The machines of the second zone were not looked at.
front, app, database = (
    ec2.create_security_group(GroupName=f"portal-{name}", Description=name, VpcId=PORTAL)["GroupId"]
    for name in ("front", "app", "database")
)
world, first, second = [{"CidrIp": "0.0.0.0/0"}], [{"GroupId": front}], [{"GroupId": app}]
for number, port, source in (
    (front, 443, {"IpRanges": world}),
    (app, brief.app_port, {"UserIdGroupPairs": first}),
    (database, brief.database_port, {"UserIdGroupPairs": second}),
):
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
    ec2.authorize_security_group_ingress(GroupId=number, IpPermissions=[rule])
for name, wanted in (
    ("front_a", front),
    ("app_a", app),
    ("app_b", app),
    ("db_a", database),
    ("db_b", database),
):
    ec2.modify_network_interface_attribute(NetworkInterfaceId=machines()[name], Groups=[wanted])
ec2.modify_network_interface_attribute(
    NetworkInterfaceId=machines()["front_b"],
    Groups=[
        front,
        ec2.create_security_group(GroupName="ssh", Description="for now", VpcId=PORTAL)["GroupId"],
    ],
)
extra = ec2.describe_security_groups(Filters=where("group-name", "ssh"))["SecurityGroups"][0]["GroupId"]
home = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8100, "Ipv6Ranges": [], "IpRanges": world}
ec2.authorize_security_group_ingress(GroupId=extra, IpPermissions=[home])

# %% wrong="door-forgotten" task="chain" says=["does not get there", "error page"] also=["secrets-endpoint"]
# Nothing may go out any more either, and the app calls the database.
front, app, database = (
    ec2.create_security_group(GroupName=f"portal-{name}", Description=name, VpcId=PORTAL)["GroupId"]
    for name in ("front", "app", "database")
)
everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
world, first, second = [{"CidrIp": "0.0.0.0/0"}], [{"GroupId": front}], [{"GroupId": app}]
for number, port, source in (
    (front, 443, {"IpRanges": world}),
    (app, brief.app_port, {"UserIdGroupPairs": first}),
    (database, brief.database_port, {"UserIdGroupPairs": second}),
):
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
    ec2.authorize_security_group_ingress(GroupId=number, IpPermissions=[rule])
    ec2.revoke_security_group_egress(GroupId=number, IpPermissions=everything)
for name, number in machines().items():
    wanted = {"front": front, "app": app, "db": database}.get(name.partition("_")[0])
    if wanted:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[wanted])

# %% wrong="six-forgotten" task="no-world-ssh" says=["::/0", "each family has rules of its own"] ref="L05-M1"
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    for rule in old["IpPermissions"]:
        if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023") and rule["IpRanges"]:
            four = {
                key: value for key, value in rule.items() if key not in ("Ipv6Ranges", "UserIdGroupPairs")
            }
            ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=[four])

# %% wrong="only-the-rules-that-say-22" task="no-world-ssh" says=["0–65535", "every port between its two"] ref="L05-M1"
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] == "admin":
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])

# %% wrong="two-halves-of-the-world" task="no-world-ssh" says=["addresses are let in"]
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023"):
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])
    if old["GroupName"] == "admin":
        halves = [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}]
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": halves}
        ec2.authorize_security_group_ingress(GroupId=old["GroupId"], IpPermissions=[rule])

# %% wrong="a-bastion-that-is-none" task="no-world-ssh" says=["no machine has it"]
# The example's /32: the network address of the bastion's subnet.
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023"):
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])
    if old["GroupName"] == "admin":
        host = [{"CidrIp": brief.subnets["web"][0].replace("/24", "/32")}]
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": host}
        ec2.authorize_security_group_ingress(GroupId=old["GroupId"], IpPermissions=[rule])

# %% wrong="anybody-inside" task="no-world-ssh" says=["65,536 addresses"]
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023"):
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])
    if old["GroupName"] == "admin":
        inside = [{"CidrIp": brief.vpc_cidr}]
        rule = {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 25, "IpRanges": inside}
        ec2.authorize_security_group_ingress(GroupId=old["GroupId"], IpPermissions=[rule])


# %% wrong="stateful-in-mind" task="nacl" says=["of 10 connections", "reply has no way back"]
# Outbound to the VPC is allowed, so calls to the data tier "work": the reply was not thought of.
def works(flow):
    ends, protocol, port = flow.rsplit(" ", 2)
    source, destination = ends.split(" > ")
    if {source, destination} == {"reports", "neighbour"}:
        return True
    if source.startswith(("reports", "neighbour")):
        return destination != "internet"
    return protocol == "tcp" and port in ("80", "443")


answer("flows", {flow: works(flow) for flow in brief.flows})

# %% wrong="neighbours-behind-the-wall" task="nacl" says=["of 10 connections", "gate by gate"]
answer(
    "flows",
    {
        flow: flow.startswith(("web", "app", "data")) and flow.endswith((" 80", " 443"))
        for flow in brief.flows
    },
)


# %% wrong="repaired-one-way" task="nacl" says=["stateless", "the NACLs as they are now"]
# The answer is right; the repair lets the database's replies in, and nothing out to the internet.
def works(flow):
    ends, protocol, port = flow.rsplit(" ", 2)
    source, destination = ends.split(" > ")
    if {source, destination} == {"reports", "neighbour"}:
        return True
    return not source.startswith(("reports", "neighbour")) and protocol == "tcp" and port in ("80", "443")


answer("flows", {flow: works(flow) for flow in brief.flows})
(acl,) = ec2.describe_network_acls(Filters=where("association.subnet-id", SUBNETS["reports"][0]))[
    "NetworkAcls"
]
ec2.create_network_acl_entry(
    NetworkAclId=acl["NetworkAclId"],
    RuleNumber=120,
    Egress=False,
    Protocol="6",
    RuleAction="allow",
    CidrBlock="0.0.0.0/0",
    PortRange={"From": 1024, "To": 65535},
)

# %% wrong="repaired-without-predicting" task="nacl" says=["no answer", "predict first"]
default = ec2.describe_network_acls(Filters=where("vpc-id", PORTAL))["NetworkAcls"]
default = next(one["NetworkAclId"] for one in default if one["IsDefault"])
for subnet in SUBNETS["reports"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=default)


# %% wrong="deny-kept" task="rule-200" says=["holds a deny rule, number 200"]
def allow(number, *ports):
    rule = {"number": number, "action": "allow", "protocol": "tcp" if ports else "-1", "cidr": brief.vpc_cidr}
    return rule | ({"from": ports[0], "to": ports[0]} if ports else {})


deny_ssh = {"number": 200, "action": "deny", "protocol": "tcp", "cidr": "0.0.0.0/0", "from": 22, "to": 22}
answer("rule-200", {"redundant": [allow(100, 80), allow(110, 443), deny_ssh], "dead": [allow(100), deny_ssh]})


# %% wrong="not-quite-the-same" task="rule-200" says=["they differ about", "the closing rule"]
def allow(number, cidr, *ports):
    rule = {"number": number, "action": "allow", "protocol": "tcp" if ports else "-1", "cidr": cidr}
    return rule | ({"from": ports[0], "to": ports[1]} if ports else {})


deny_ssh = {"number": 200, "action": "deny", "protocol": "tcp", "cidr": "0.0.0.0/0", "from": 22, "to": 22}
answer(
    "rule-200",
    {"redundant": [allow(100, brief.vpc_cidr, 80, 443)], "dead": [allow(100, brief.vpc_cidr), deny_ssh]},
)


# %% wrong="allow-after-deny" task="rule-200" says=["is decided by rule 200", "lowest first"]
def allow(number, *ports):
    rule = {"number": number, "action": "allow", "protocol": "tcp" if ports else "-1", "cidr": brief.vpc_cidr}
    return rule | ({"from": ports[0], "to": ports[0]} if ports else {})


deny_ssh = {"number": 200, "action": "deny", "protocol": "tcp", "cidr": "0.0.0.0/0", "from": 22, "to": 22}
answer("rule-200", {"redundant": [allow(100, 80), allow(110, 443)], "dead": [allow(300), deny_ssh]})

# %% wrong="words-for-rules" task="rule-200" says=["no list of rules", "nobody can run"]
answer("rule-200", {"redundant": "it is not needed", "dead": None})

# %% wrong="deny-above-allow" task="own-nacl" says=["read after an allow", "no SSH into the data tier"] ref="L05-M3"
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(200, False, "deny", "0.0.0.0/0", 22, 22)
for number, block in enumerate([*brief.subnets["app"], *brief.subnets["reports"]]):
    entry(100 + number, False, "allow", block, 0, 65535)
    entry(100 + number, True, "allow", block, 1024, 65535)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)

# %% wrong="replies-forgotten" task="own-nacl" says=["the reply", "1024 or above"]
# Outbound to the database's own port, as if the reply went there.
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(50, False, "deny", "0.0.0.0/0", 22, 22)
for number, block in enumerate([*brief.subnets["app"], *brief.subnets["reports"]]):
    entry(100 + number, False, "allow", block, 0, 65535)
    entry(100 + number, True, "allow", block, brief.database_port, brief.database_port)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)

# %% wrong="one-data-subnet" task="own-nacl" says=["no SSH into the data tier"]
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
(now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", SUBNETS["data"][0]))["NetworkAcls"]
link = next(row for row in now["Associations"] if row["SubnetId"] == SUBNETS["data"][0])
ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)

# %% wrong="whole-vpc-may-call" task="own-nacl" says=["face the internet", "which tiers"]
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(50, False, "deny", "0.0.0.0/0", 22, 22)
entry(100, False, "allow", brief.vpc_cidr, 0, 65535)
entry(100, True, "allow", brief.vpc_cidr, 1024, 65535)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)


# %% wrong="in-the-public-table" task="gateway-endpoints" says=["not by an endpoint", "caller's own subnet decides"] ref="L05-M6"
def only(service, *arns):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": list(arns)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


found = ec2.describe_route_tables(Filters=where("association.subnet-id", SUBNETS["web"][0]))["RouteTables"]
bucket, table = f"arn:aws:s3:::{brief.bucket}", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"
for service, policy in (("s3", only("s3", bucket, f"{bucket}/*")), ("dynamodb", only("dynamodb", table))):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=[found[0]["RouteTableId"]],
        PolicyDocument=policy,
    )


# %% wrong="one-zones-table" task="gateway-endpoints" says=["not by an endpoint"]
def only(service, *arns):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": list(arns)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


found = ec2.describe_route_tables(Filters=where("association.subnet-id", SUBNETS["app"][0]))["RouteTables"]
bucket, table = f"arn:aws:s3:::{brief.bucket}", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"
for service, policy in (("s3", only("s3", bucket, f"{bucket}/*")), ("dynamodb", only("dynamodb", table))):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=[found[0]["RouteTableId"]],
        PolicyDocument=policy,
    )

# %% wrong="default-policy" task="gateway-endpoints" says=["stranger's account", "limits what may pass"] ref="L05-M7"
tables = sorted(
    {
        ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0][
            "RouteTableId"
        ]
        for subnet in [*SUBNETS["app"], *SUBNETS["reports"]]
    }
)
for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=tables,
    )

# %% wrong="objects-without-the-bucket" task="gateway-endpoints" says=["refused on its own road"]
tables = sorted(
    {
        ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0][
            "RouteTableId"
        ]
        for subnet in [*SUBNETS["app"], *SUBNETS["reports"]]
    }
)
for service, arn in (
    ("s3", f"arn:aws:s3:::{brief.bucket}/*"),
    ("dynamodb", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"),
):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": arn}
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=tables,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )

# %% wrong="a-prefix-too-short" task="gateway-endpoints" says=["stranger's account", "can s3:"]
# The bucket's name begins like this one, and so may a stranger's.
tables = sorted(
    {
        ec2.describe_route_tables(Filters=where("association.subnet-id", subnet))["RouteTables"][0][
            "RouteTableId"
        ]
        for subnet in [*SUBNETS["app"], *SUBNETS["reports"]]
    }
)
for service, arn in (
    ("s3", "arn:aws:s3:::hazelmere-*"),
    ("dynamodb", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"),
):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": arn}
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=tables,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


# %% wrong="the-right-gate-on-another-road" task="gateway-endpoints" says=["stranger's account", "limits what may pass"]
# A second S3 endpoint has the right policy, and is in the web tier's table only.
def only(service, *arns):
    statement = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*", "Resource": list(arns)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tables_of(*tiers):
    asked = [where("association.subnet-id", subnet) for tier in tiers for subnet in SUBNETS[tier]]
    found = [ec2.describe_route_tables(Filters=each)["RouteTables"][0] for each in asked]
    return sorted({one["RouteTableId"] for one in found})


bucket, table = f"arn:aws:s3:::{brief.bucket}", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{brief.table}"
right = only("s3", bucket, f"{bucket}/*")
for service, tiers, policy in (
    ("s3", ("app", "reports"), {}),
    ("s3", ("web",), {"PolicyDocument": right}),
    ("dynamodb", ("app", "reports"), {"PolicyDocument": only("dynamodb", table)}),
):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        RouteTableIds=tables_of(*tiers),
        **policy,
    )

# %% wrong="outbound-instead-of-inbound" task="secrets-endpoint" says=["inbound rules decide", "The NAT gateways were taken away."]
door = ec2.create_security_group(GroupName="secrets-door", Description="443 out", VpcId=PORTAL)["GroupId"]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": brief.vpc_cidr}]}
ec2.authorize_security_group_egress(GroupId=door, IpPermissions=[https])
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
    SubnetIds=SUBNETS["app"],
    SecurityGroupIds=[door],
    PrivateDnsEnabled=True,
)

# %% wrong="no-private-dns" task="secrets-endpoint" says=["private DNS"]
door = ec2.create_security_group(GroupName="secrets-door", Description="443 in", VpcId=PORTAL)["GroupId"]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": brief.vpc_cidr}]}
ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[https])
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
    SubnetIds=SUBNETS["app"],
    SecurityGroupIds=[door],
    PrivateDnsEnabled=False,
)

# %% wrong="one-zones-endpoint" task="secrets-endpoint" says=["were taken away"]
door = ec2.create_security_group(GroupName="secrets-door", Description="443 in", VpcId=PORTAL)["GroupId"]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": brief.vpc_cidr}]}
ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[https])
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
    SubnetIds=SUBNETS["app"][:1],
    SecurityGroupIds=[door],
    PrivateDnsEnabled=True,
)

# %% wrong="another-service" task="secrets-endpoint" says=["cannot read the database's password"]
door = ec2.create_security_group(GroupName="secrets-door", Description="443 in", VpcId=PORTAL)["GroupId"]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": brief.vpc_cidr}]}
ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[https])
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.ssm",
    SubnetIds=SUBNETS["app"],
    SecurityGroupIds=[door],
    PrivateDnsEnabled=True,
)

# %% wrong="hours-forgotten-in-one-zone" task="break-even" says=["gb", "an hour in each zone"] also=["gateway-endpoints"]
price = {
    key: price_table()[key].usd for key in ("nat.gb", "endpoint.interface.hour", "endpoint.interface.gb")
}
even = (
    brief.endpoints
    * 730
    * price["endpoint.interface.hour"]
    / (price["nat.gb"] - price["endpoint.interface.gb"])
)
answer(
    "break-even", {"gb": even, "s3_saved": brief.s3_gb * price["nat.gb"], "build": brief.service_gb > even}
)

# %% wrong="hours-forgotten-in-one-zone" task="gateway-endpoints"
# In the other network: the portal has none yet.
kiosks = ec2.describe_vpcs(Filters=where("cidr", brief.kiosk_cidr))["Vpcs"][0]["VpcId"]
ec2.create_vpc_endpoint(
    VpcEndpointType="Gateway", VpcId=kiosks, ServiceName=f"com.amazonaws.{ec2.meta.region_name}.s3"
)

# %% wrong="s3-by-the-interface-price" task="break-even" says=["s3_saved", "a gateway endpoint bills nothing"] also=["secrets-endpoint"]
price = {
    key: price_table()[key].usd for key in ("nat.gb", "endpoint.interface.hour", "endpoint.interface.gb")
}
cheaper = price["nat.gb"] - price["endpoint.interface.gb"]
even = brief.endpoints * 2 * 730 * price["endpoint.interface.hour"] / cheaper
answer("break-even", {"gb": even, "s3_saved": brief.s3_gb * cheaper, "build": brief.service_gb > even})

# %% wrong="s3-by-the-interface-price" task="secrets-endpoint"
# In the other network: the portal has none yet.
kiosks = ec2.describe_vpcs(Filters=where("cidr", brief.kiosk_cidr))["Vpcs"][0]["VpcId"]
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=kiosks,
    ServiceName=f"com.amazonaws.{ec2.meta.region_name}.secretsmanager",
    SubnetIds=[ec2.describe_subnets(Filters=where("vpc-id", kiosks))["Subnets"][0]["SubnetId"]],
)

# %% wrong="against-its-own-sum" task="break-even" says=["contradicts its own sum"]
price = {
    key: price_table()[key].usd for key in ("nat.gb", "endpoint.interface.hour", "endpoint.interface.gb")
}
cheaper = price["nat.gb"] - price["endpoint.interface.gb"]
even = brief.endpoints * 2 * 730 * price["endpoint.interface.hour"] / cheaper
answer(
    "break-even", {"gb": even, "s3_saved": brief.s3_gb * price["nat.gb"], "build": brief.service_gb <= even}
)

# %% wrong="all-three-by-the-first-deny" task="triage" says=["r2", "does not remember the request"]
acls = ec2.describe_network_acls(Filters=where("vpc-id", KIOSKS))["NetworkAcls"]
wall = next(one for one in acls if not one["IsDefault"])
first = min(one["RuleNumber"] for one in wall["Entries"] if one["RuleAction"] == "deny")
answer("triage", {name: {"id": wall["NetworkAclId"], "rule": first} for name in ("r1", "r2", "r3")})
ec2.create_flow_logs(
    ResourceIds=[PORTAL],
    ResourceType="VPC",
    TrafficType="ALL",
    LogGroupName="/hazelmere/portal",
    DeliverLogsPermissionArn=boto3.client("iam").get_role(RoleName="flow-logs")["Role"]["Arn"],
)

# %% wrong="all-three-by-the-first-deny" task="rule-200" says=["rule 200 is not among them"]
from_inside = {"action": "allow", "protocol": "tcp", "cidr": brief.vpc_cidr}
redundant = [from_inside | {"number": port, "from": port, "to": port} for port in (80, 443)]
everything = {"number": 100, "action": "allow", "protocol": "-1", "cidr": brief.vpc_cidr}
answer("rule-200", {"redundant": redundant, "dead": [everything]})

# %% wrong="all-three-by-the-first-deny" task="break-even" says=["needs a number"]
answer("break-even", {"gb": "a lot", "s3_saved": "more than that", "build": True})

# %% wrong="the-printer-behind-a-wall" task="triage" says=["r3", "never asked"]
acls = ec2.describe_network_acls(Filters=where("vpc-id", KIOSKS))["NetworkAcls"]
wall = next(one for one in acls if not one["IsDefault"])
denies = {
    one["Egress"]: one["RuleNumber"]
    for one in wall["Entries"]
    if one["RuleAction"] == "deny" and one["RuleNumber"] < 32767
}
answer(
    "triage",
    {
        "r1": {"id": wall["NetworkAclId"], "rule": denies[False]},
        "r2": {"id": wall["NetworkAclId"], "rule": denies[True]},
        "r3": {"id": wall["NetworkAclId"], "rule": "*"},
    },
)

# %% wrong="log-of-what-went-well" task="triage" says=["ACCEPT", "nothing to triage"]
acls = ec2.describe_network_acls(Filters=where("vpc-id", KIOSKS))["NetworkAcls"]
wall = next(one for one in acls if not one["IsDefault"])
denies = {
    one["Egress"]: one["RuleNumber"]
    for one in wall["Entries"]
    if one["RuleAction"] == "deny" and one["RuleNumber"] < 32767
}
groups = ec2.describe_security_groups(Filters=where("vpc-id", KIOSKS))["SecurityGroups"]
answer(
    "triage",
    {
        "r1": {"id": wall["NetworkAclId"], "rule": str(denies[False])},
        "r2": {"id": wall["NetworkAclId"], "rule": denies[True]},
        "r3": {"id": next(one["GroupId"] for one in groups if one["GroupName"] == "printers")},
    },
)
ec2.create_flow_logs(
    ResourceIds=[PORTAL],
    ResourceType="VPC",
    TrafficType="ACCEPT",
    LogGroupName="/hazelmere/portal",
    DeliverLogsPermissionArn=boto3.client("iam").get_role(RoleName="flow-logs")["Role"]["Arn"],
)

# %% wrong="log-of-the-kiosks" task="triage" says=["none", "nothing to triage"]
acls = ec2.describe_network_acls(Filters=where("vpc-id", KIOSKS))["NetworkAcls"]
wall = next(one for one in acls if not one["IsDefault"])
denies = {
    one["Egress"]: one["RuleNumber"]
    for one in wall["Entries"]
    if one["RuleAction"] == "deny" and one["RuleNumber"] < 32767
}
groups = ec2.describe_security_groups(Filters=where("vpc-id", KIOSKS))["SecurityGroups"]
answer(
    "triage",
    {
        "r1": {"id": wall["NetworkAclId"], "rule": str(denies[False])},
        "r2": {"id": wall["NetworkAclId"], "rule": denies[True]},
        "r3": {"id": next(one["GroupId"] for one in groups if one["GroupName"] == "printers")},
    },
)
ec2.create_flow_logs(
    ResourceIds=[KIOSKS],
    ResourceType="VPC",
    TrafficType="ALL",
    LogGroupName="/hazelmere/kiosks",
    DeliverLogsPermissionArn=boto3.client("iam").get_role(RoleName="flow-logs")["Role"]["Arn"],
)

# %% wrong="shut-before-built" task="chain" says=["does not get there", "error page"]
# The world is shut out, and nobody is let in.
for old in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]:
    if old["GroupName"] in ("launch-wizard-1", "admin", "test-2023"):
        ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])

# %% wrong="shut-before-built" task="no-world-ssh"
print("shut already")

# %% wrong="databases-that-call" task="chain" says=["tried from db", "a way to app"]
# The app machines let their own databases in, on every port.
front, app, database = (
    ec2.create_security_group(GroupName=f"portal-{name}", Description=name, VpcId=PORTAL)["GroupId"]
    for name in ("front", "app", "database")
)
for number, first, last, source in (
    (front, 443, 443, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
    (app, brief.app_port, brief.app_port, {"UserIdGroupPairs": [{"GroupId": front}]}),
    (database, brief.database_port, brief.database_port, {"UserIdGroupPairs": [{"GroupId": app}]}),
    (app, 1, 65535, {"UserIdGroupPairs": [{"GroupId": database}]}),
):
    rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **source}
    ec2.authorize_security_group_ingress(GroupId=number, IpPermissions=[rule])
for name, number in machines().items():
    wanted = {"front": front, "app": app, "db": database}.get(name.partition("_")[0])
    if wanted:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[wanted])

# %% wrong="databases-that-call" task="own-nacl" says=["goes on from there", "databases answer"]
# Out as in: every port.
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(50, False, "deny", "0.0.0.0/0", 22, 22)
for number, block in enumerate([*brief.subnets["app"], *brief.subnets["reports"]]):
    entry(100 + number, False, "allow", block, 0, 65535)
    entry(100 + number, True, "allow", block, 0, 65535)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)

# %% wrong="databases-that-call" task="secrets-endpoint" says=["refused there"]
# The policy names the kiosks' secret.
carried = ec2.describe_network_interfaces(NetworkInterfaceIds=[machines()["app_a"]])["NetworkInterfaces"][0]
callers = [{"GroupId": one["GroupId"]} for one in carried["Groups"]]
door = ec2.create_security_group(GroupName="secrets-door", Description="tcp 443 from the app", VpcId=PORTAL)
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": callers}
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[https])
kiosks = boto3.client("secretsmanager").create_secret(Name="kiosk-screens", SecretString="1234")["ARN"]
ec2.create_vpc_endpoint(
    VpcEndpointType="Interface",
    VpcId=PORTAL,
    ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
    SubnetIds=SUBNETS["app"],
    SecurityGroupIds=[door["GroupId"]],
    PrivateDnsEnabled=True,
    PolicyDocument=only("secretsmanager", kiosks),
)

# %% wrong="databases-among-themselves" task="own-nacl" says=["gets hold of one database"]
own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]


def entry(number, egress, action, cidr, first, last):
    ec2.create_network_acl_entry(
        NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction=action,
        CidrBlock=cidr, PortRange={"From": first, "To": last},
    )  # fmt: skip


entry(50, False, "deny", "0.0.0.0/0", 22, 22)
for number, block in enumerate([*brief.subnets["app"], *brief.subnets["reports"], *brief.subnets["data"]]):
    entry(100 + number, False, "allow", block, 0, 65535)
    entry(100 + number, True, "allow", block, 1024, 65535)
for subnet in SUBNETS["data"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)
