# Other right answers: rules outside the groups' cells, egress locked, a bastion, the default NACL, S3 by parts.

# %% task="chain"
# Outbound locked as well: each group lets out what its machines call, and no more.
def made(name):
    number = ec2.create_security_group(GroupName=f"密 {name}"[2:], Description=name, VpcId=PORTAL)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=number, IpPermissions=everything)
    return number


def rule(port, **source):
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}]


doors = {"front": made("tor"), "app": made("werk"), "db": made("keller")}
link = {name: [{"GroupId": number}] for name, number in doors.items()}
world = [{"CidrIp": "0.0.0.0/0"}]
ec2.authorize_security_group_ingress(GroupId=doors["front"], IpPermissions=rule(443, IpRanges=world))
for caller, called, port in (("front", "app", brief.app_port), ("app", "db", brief.database_port)):
    ec2.authorize_security_group_egress(
        GroupId=doors[caller], IpPermissions=rule(port, UserIdGroupPairs=link[called])
    )
    ec2.authorize_security_group_ingress(
        GroupId=doors[called], IpPermissions=rule(port, UserIdGroupPairs=link[caller])
    )
ec2.authorize_security_group_egress(GroupId=doors["app"], IpPermissions=rule(443, IpRanges=world))
# The databases copy to each other.
ec2.authorize_security_group_ingress(
    GroupId=doors["db"], IpPermissions=rule(brief.database_port, UserIdGroupPairs=link["db"])
)
ec2.authorize_security_group_egress(
    GroupId=doors["db"], IpPermissions=rule(brief.database_port, UserIdGroupPairs=link["db"])
)
for name, number in machines().items():
    if name.partition("_")[0] in doors:
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=number, Groups=[doors[name.partition("_")[0]]]
        )

# %% task="no-world-ssh"
# A bastion: SSH from the office's one address, and from the bastion to whoever carries the old admin group.
groups = {
    one["GroupName"]: one
    for one in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]
}
for name in ("launch-wizard-1", "admin", "test-2023"):
    ec2.revoke_security_group_ingress(
        GroupId=groups[name]["GroupId"], IpPermissions=groups[name]["IpPermissions"]
    )
ec2.delete_security_group(GroupId=groups["test-2023"]["GroupId"])
jump = ec2.create_security_group(GroupName="bastion", Description="the jump host", VpcId=PORTAL)["GroupId"]
office = [{"CidrIp": f"{brief.office}/32"}]
ec2.authorize_security_group_ingress(GroupId=jump, IpPermissions=rule(22, IpRanges=office))
ec2.authorize_security_group_ingress(
    GroupId=groups["admin"]["GroupId"],
    IpPermissions=[
        *rule(22, UserIdGroupPairs=[{"GroupId": jump}]),
        *rule(3389, IpRanges=[{"CidrIp": f"{brief.hosts['bastion']}/32"}]),
    ],
)
ec2.modify_network_interface_attribute(NetworkInterfaceId=machines()["bastion"], Groups=[jump])

# %% task="nacl"
# The prediction by the engine, in a copy of the account in which no group is in the way; then the default NACL.
from cloudlings.grading.vpc_state import with_host
from cloudlings.network import read_network, trace

network = read_network(boto3.Session(), services=("ec2",))
by_id = {subnet.id: subnet for subnet in network.subnets}
places = {"internet": "internet"}
for name in ("web", "app", "data", "reports", "neighbour", "reports-b"):
    tier, zone = {"neighbour": ("reports", 0), "reports-b": ("reports", 1)}.get(name, (name, 0))
    network, places[name] = with_host(network, by_id[SUBNETS[tier][zone]], what=name)
told = {}
for flow in brief.flows:
    ends, protocol, port = flow.rsplit(" ", 2)
    source, destination = ends.split(" > ")
    told[flow] = trace(network, places[source], places[destination], protocol, int(port)).reachable
answer("flows", told)
default = next(acl.id for acl in network.network_acls if acl.default and acl.vpc == PORTAL)
for subnet in SUBNETS["reports"]:
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=default)


# %% task="rule-200"
# In EC2's own shape, outbound rules among them; dead because port ranges come before.
def as_ec2(number, action, cidr, *ports, egress=False):
    row = {"RuleNumber": number, "RuleAction": action, "CidrBlock": cidr, "Egress": egress, "Protocol": "6"}
    return row | {"PortRange": {"From": ports[0], "To": ports[-1]}}


answer(
    "rule-200",
    {
        "redundant": [
            as_ec2(7, "allow", brief.vpc_cidr, 443),
            as_ec2(9, "allow", brief.vpc_cidr, 80),
            as_ec2(10, "allow", "0.0.0.0/0", 1, 65535, egress=True),
        ],
        "dead": [
            as_ec2(150, "allow", brief.subnets["web"][0], 20, 25),
            as_ec2(200, "deny", "0.0.0.0/0", 22),
        ],
    },
)

# %% task="own-nacl"
# Without a deny: two ranges leave out port 22. One NACL for each subnet.
for subnet in SUBNETS["data"]:
    own = ec2.create_network_acl(VpcId=PORTAL)["NetworkAcl"]["NetworkAclId"]
    number = 10
    for block in (*brief.subnets["app"], *brief.subnets["reports"]):
        for egress, first, last in ((False, 0, 21), (False, 23, 65535), (True, 1024, 65535)):
            number += 1
            ec2.create_network_acl_entry(
                NetworkAclId=own, RuleNumber=number, Egress=egress, Protocol="6", RuleAction="allow",
                CidrBlock=block, PortRange={"From": first, "To": last},
            )  # fmt: skip
    (now,) = ec2.describe_network_acls(Filters=where("association.subnet-id", subnet))["NetworkAcls"]
    link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=own)

# %% task="secrets-endpoint"
# One group for the whole VPC's range, a further endpoint beside it; each with a policy: this secret and no other.
door = ec2.create_security_group(GroupName="aws-services", Description="https", VpcId=PORTAL)["GroupId"]
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=rule(443, IpRanges=[{"CidrIp": brief.vpc_cidr}])
)
secrets = boto3.client("secretsmanager")
secrets.create_secret(Name="kiosk-screens", SecretString="1234")
secret = secrets.describe_secret(SecretId=brief.secret)["ARN"]
for service, policy in (
    ("ssm", only("ssm", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/*")),
    ("secretsmanager", only("secretsmanager", secret)),
):
    ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=PORTAL,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        SubnetIds=SUBNETS["app"],
        SecurityGroupIds=[door],
        PrivateDnsEnabled=True,
        PolicyDocument=policy,
    )
