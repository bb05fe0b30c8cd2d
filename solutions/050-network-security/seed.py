"""Hazelmere's portal as it was left: the routes are right, and every door stands open."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

ZONES = ("euw1-az1", "euw1-az2")
WORLD4, WORLD6 = [{"CidrIp": "0.0.0.0/0"}], [{"CidrIpv6": "::/0"}]
LOG_GROUP = "/hazelmere/kiosks"


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the portal's VPC and changes nothing."""
    session = accounts["main"]
    ec2 = session.client("ec2")
    if ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief["vpc_cidr"]]}])["Vpcs"]:
        return
    vpc = _vpc(ec2, brief["vpc_cidr"], "portal")
    subnets = {tier: _subnets(ec2, vpc, tier, blocks) for tier, blocks in brief["subnets"].items()}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    # Machines first: what takes any free address of a subnet comes after those that want a certain one.
    _machines(ec2, vpc, subnets, brief)
    _routes(ec2, vpc, subnets, gateway)
    _reports_acl(ec2, vpc, subnets["reports"], brief["vpc_cidr"])
    _stores(session, brief)
    _kiosks(session, brief)


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _vpc(ec2: Any, cidr: str, name: str) -> str:
    vpc = str(ec2.create_vpc(CidrBlock=cidr, TagSpecifications=_named("vpc", name))["Vpc"]["VpcId"])
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    return vpc


def _subnets(ec2: Any, vpc: str, tier: str, blocks: Iterable[str]) -> list[str]:
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZoneId=zone,
            TagSpecifications=_named("subnet", f"{tier}-{zone[-1]}"),
        )["Subnet"]["SubnetId"]
        for block, zone in zip(blocks, ZONES, strict=True)
    ]


def _table(ec2: Any, vpc: str, name: str, subnets: Iterable[str], **target: str) -> None:
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=_named("route-table", name))
    table = made["RouteTable"]["RouteTableId"]
    if target:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)


def _routes(ec2: Any, vpc: str, subnets: Mapping[str, list[str]], gateway: str) -> None:
    """As lab 040 leaves a network: web public, app and reports out by the NAT gateway of their zone."""
    _table(ec2, vpc, "web", subnets["web"], GatewayId=gateway)
    _table(ec2, vpc, "data", subnets["data"])
    for number, zone in enumerate("ab"):
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        home = subnets["web"][number]
        nat = ec2.create_nat_gateway(SubnetId=home, AllocationId=address)["NatGateway"]["NatGatewayId"]
        _table(
            ec2,
            vpc,
            f"private-{zone}",
            (subnets["app"][number], subnets["reports"][number]),
            NatGatewayId=nat,
        )


def _group(ec2: Any, vpc: str, name: str, about: str, rules: list[dict[str, Any]]) -> str:
    group = ec2.create_security_group(GroupName=name, Description=about, VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    return str(group)


def _tcp(first: int, last: int, **who: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **who}


def _interface(ec2: Any, name: str, subnet: str, address: str, groups: list[str]) -> str:
    made = ec2.create_network_interface(
        SubnetId=subnet,
        PrivateIpAddress=address,
        Groups=groups,
        Description=name,
        TagSpecifications=_named("network-interface", name),
    )
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def _machines(ec2: Any, vpc: str, subnets: Mapping[str, list[str]], brief: Mapping[str, Any]) -> None:
    """Eight machines, all in one group that lets everybody in, and two more groups that hide more holes."""
    everything = _group(
        ec2, vpc, "launch-wizard-1", "made on the first afternoon", [_tcp(0, 65535, IpRanges=WORLD4)]
    )
    old = brief["subnets"]["web"][0].replace(".0/24", ".0/32")
    admin = _group(
        ec2,
        vpc,
        "admin",
        "SSH and remote desktop",
        [
            _tcp(22, 22, IpRanges=[*WORLD4, {"CidrIp": old}], Ipv6Ranges=WORLD6),
            _tcp(3389, 3389, IpRanges=WORLD4),
        ],
    )
    _group(ec2, vpc, "test-2023", "used by nothing", [{"IpProtocol": "-1", "Ipv6Ranges": WORLD6}])
    homes = {"front": "web", "bastion": "web", "app": "app", "mailer": "app", "db": "data"}
    for name, address in brief["hosts"].items():
        role, _, zone = name.partition("_")
        subnet = subnets[homes[role]]["ab".index(zone or "a")]
        groups = [everything, admin] if role in ("app", "bastion") else [everything]
        made = _interface(ec2, name.replace("_", "-"), subnet, address, groups)
        if homes[role] == "web":
            public = ec2.allocate_address(Domain="vpc")["AllocationId"]
            ec2.associate_address(AllocationId=public, NetworkInterfaceId=made)


def _entry(ec2: Any, acl: str, number: int, egress: bool, action: str, cidr: str, ports: Any = None) -> None:
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=number,
        Egress=egress,
        RuleAction=action,
        CidrBlock=cidr,
        Protocol="6" if ports else "-1",
        **({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}),
    )


def _own_acl(ec2: Any, vpc: str, name: str, subnets: Iterable[str]) -> str:
    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=_named("network-acl", name))["NetworkAcl"]
    for subnet in subnets:
        wanted = [{"Name": "association.subnet-id", "Values": [subnet]}]
        (now,) = ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
        link = next(row for row in now["Associations"] if row["SubnetId"] == subnet)
        ec2.replace_network_acl_association(
            AssociationId=link["NetworkAclAssociationId"], NetworkAclId=acl["NetworkAclId"]
        )
    return str(acl["NetworkAclId"])


def _reports_acl(ec2: Any, vpc: str, subnets: list[str], cidr: str) -> None:
    """The inherited NACL of the task "nacl"; src/cloudlings/grading/portal_walls.py knows it by heart."""
    acl = _own_acl(ec2, vpc, "app-tier-nacl", subnets)
    _entry(ec2, acl, 100, False, "allow", cidr, (80, 80))
    _entry(ec2, acl, 110, False, "allow", cidr, (443, 443))
    _entry(ec2, acl, 200, False, "deny", "0.0.0.0/0", (22, 22))
    _entry(ec2, acl, 100, True, "allow", cidr)


def _stores(session: Any, brief: Mapping[str, Any]) -> None:
    """What the portal reads: a bucket of letters, a table of appointments, a secret; and a role for flow logs."""
    s3 = session.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(
            Bucket=brief["bucket"], CreateBucketConfiguration={"LocationConstraint": session.region_name}
        )
    tables = session.client("dynamodb")
    with contextlib.suppress(tables.exceptions.ResourceInUseException):
        tables.create_table(
            TableName=brief["table"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
    secrets = session.client("secretsmanager")
    with contextlib.suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name=brief["secret"], SecretString="a-password-that-nobody-types")
    iam = session.client("iam")
    trust = {"Service": "vpc-flow-logs.amazonaws.com"}
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            RoleName="flow-logs",
            AssumeRolePolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}],
                }
            ),
        )


def _kiosks(session: Any, brief: Mapping[str, Any]) -> None:
    """Another network, in which three connections fail, each for a reason of its own."""
    ec2 = session.client("ec2")
    vpc = _vpc(ec2, brief["kiosk_cidr"], "kiosks")
    net = brief["kiosk_cidr"].removesuffix(".0.0/16")
    front, back = _subnets(ec2, vpc, "kiosk", (f"{net}.1.0/24", f"{net}.2.0/24"))
    acl = _own_acl(ec2, vpc, "back-office-nacl", [back])
    first, second, third, fourth = brief["rule_numbers"]
    port = brief["incidents"]
    _entry(ec2, acl, first, False, "deny", f"{net}.1.0/24", (port["r1"], port["r1"]))
    _entry(ec2, acl, second, False, "allow", brief["kiosk_cidr"], (0, 65535))
    _entry(ec2, acl, third, True, "allow", f"{net}.3.0/24", (1024, 65535))
    _entry(ec2, acl, fourth, True, "deny", f"{net}.1.0/24", (1024, 65535))
    inside = [{"CidrIp": brief["kiosk_cidr"]}]
    open_ = _group(ec2, vpc, "open", "anything inside", [{"IpProtocol": "-1", "IpRanges": inside}])
    quiet = _group(ec2, vpc, "printers", "status pages", [_tcp(80, 80, IpRanges=inside)])
    homes = {"till": (front, open_), "ledger": (back, open_), "printer": (back, quiet)}
    made = {
        name: _interface(ec2, name, home, brief["kiosk_hosts"][name], [group])
        for name, (home, group) in homes.items()
    }
    _log(session, brief, made)


def _log(session: Any, brief: Mapping[str, Any], interfaces: Mapping[str, str]) -> None:
    """Flow log records of the three incidents, and of a connection that is as it should be."""
    account = session.client("sts").get_caller_identity()["Account"]
    logs = session.client("logs")
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="all")
    now = int(time.time()) - 600
    hosts, port = brief["kiosk_hosts"], brief["incidents"]

    def record(at: str, source: str, target: str, ports: tuple[int, int], action: str) -> str:
        return (
            f"2 {account} {interfaces[at]} {hosts[source]} {hosts[target]} {ports[0]} {ports[1]} 6 3 180 "
            f"{now} {now + 55} {action} OK"
        )

    lines = [
        record("till", "till", "ledger", (41022, port["r1"]), "ACCEPT"),
        record("ledger", "till", "ledger", (41022, port["r1"]), "REJECT"),
        record("till", "till", "ledger", (41734, port["r2"]), "ACCEPT"),
        record("ledger", "till", "ledger", (41734, port["r2"]), "ACCEPT"),
        record("ledger", "ledger", "till", (port["r2"], 41734), "REJECT"),
        record("ledger", "ledger", "printer", (52100, 80), "ACCEPT"),
        record("printer", "ledger", "printer", (52100, 80), "ACCEPT"),
        record("ledger", "ledger", "printer", (52218, port["r3"]), "ACCEPT"),
        record("printer", "ledger", "printer", (52218, port["r3"]), "REJECT"),
    ]
    logs.put_log_events(
        logGroupName=LOG_GROUP,
        logStreamName="all",
        logEvents=[
            {"timestamp": (now + number) * 1000, "message": line} for number, line in enumerate(lines)
        ],
    )
