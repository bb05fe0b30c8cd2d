"""Networks and subnets: sizes, dependencies, defaults."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from typing import Any

from cloudlings.sandbox.rules.common import interfaces, invalid, network, one, where
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape


@before("ec2", "CreateVpc")
def size_of_a_network(given: Given) -> Refusal | None:
    """A VPC's block is between /16 and /28.

    Source: VPC User Guide, "VPC CIDR blocks"; EC2 API reference, Error codes, InvalidVpc.Range.
    """
    block = given.input.get("CidrBlock")
    if block is None:
        return None
    found = network(block)
    if found is None:
        return invalid(block, "cidrBlock", "This is not a valid CIDR block.")
    if not 16 <= found.prefixlen <= 28:
        return Refusal("InvalidVpc.Range", f"The CIDR '{block}' is invalid.")
    return None


@before("ec2", "CreateSubnet")
def size_of_a_subnet(given: Given) -> Refusal | None:
    """A subnet's block is between /16 and /28.

    Source: VPC User Guide, "Subnet CIDR blocks"; EC2 API reference, Error codes, InvalidSubnet.Range.
    """
    block = given.input.get("CidrBlock")
    found = network(block)
    if block is not None and found is None:
        return invalid(block, "cidrBlock", "This is not a valid CIDR block.")
    if found is not None and not 16 <= found.prefixlen <= 28:
        return Refusal("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    return None


def _dependency(kind: str, name: str) -> Refusal:
    return Refusal("DependencyViolation", f"The {kind} '{name}' has dependencies and cannot be deleted.")


@before("ec2", "DeleteVpc")
async def network_in_use(given: Given) -> Refusal | None:
    """A VPC is deleted once nothing but its defaults is in it.

    Source: VPC User Guide, "Delete your VPC"; EC2 API reference, Error codes, DependencyViolation.
    """
    name = given.input.get("VpcId", "")
    own, attached = where(vpc_id=name), [{"Name": "attachment.vpc-id", "Values": [name]}]
    looks: tuple[tuple[str, str, list[dict[str, Any]]], ...] = (
        ("DescribeSubnets", "Subnets", own),
        ("DescribeInternetGateways", "InternetGateways", attached),
        ("DescribeSecurityGroups", "SecurityGroups", own),
        ("DescribeRouteTables", "RouteTables", own),
        ("DescribeNetworkAcls", "NetworkAcls", own),
        ("DescribeVpcEndpoints", "VpcEndpoints", own),
    )
    for operation, member, filters in looks:
        found = (await given.read(operation, Filters=filters)).get(member, [])
        if any(not _comes_with_the_network(thing) for thing in found):
            return _dependency("vpc", name)
    return None


def _comes_with_the_network(thing: dict[str, Any]) -> bool:
    main = any(link.get("Main") for link in thing.get("Associations", []))
    gone = thing.get("State") in ("deleted", "deleting")
    return bool(thing.get("IsDefault") or main or thing.get("GroupName") == "default" or gone)


@before("ec2", "DeleteSubnet")
async def subnet_in_use(given: Given) -> Refusal | None:
    """A subnet with a network interface in it stays.

    Source: EC2 API reference, DeleteSubnet; Error codes, DependencyViolation.
    """
    name = given.input.get("SubnetId", "")
    nats = await given.read("DescribeNatGateways", Filter=where(subnet_id=name))
    living = [nat for nat in nats.get("NatGateways", []) if nat.get("State") != "deleted"]
    if living or await interfaces(given, subnet_id=name):
        return _dependency("subnet", name)
    return None


@reshape("ec2", "DescribeNetworkAcls")
async def acls_of_networks_that_are(given: Given, output: Output) -> None:
    """A deleted VPC's ACLs are gone, and every ACL shows the last rule, which denies.

    Source: VPC User Guide, "Network ACL basics" (the default rule, *); EC2 API reference, DeleteVpc.
    """
    vpcs = {vpc["VpcId"] for vpc in (await given.read("DescribeVpcs")).get("Vpcs", [])}
    output["NetworkAcls"] = [acl for acl in output.get("NetworkAcls", []) if acl["VpcId"] in vpcs]
    for acl in output["NetworkAcls"]:
        entries = acl.setdefault("Entries", [])
        for egress in (True, False):
            if not any(e["RuleNumber"] == LAST and e.get("Egress") is egress for e in entries):
                entries.append(_denies(egress))
        entries.sort(key=lambda e: (not e.get("Egress"), e["RuleNumber"]))


LAST = 32767


def _denies(egress: bool) -> dict[str, Any]:
    rule = {"CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "deny", "RuleNumber": LAST}
    return rule | {"Egress": egress}


@before("ec2", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry")
def number_of_a_rule(given: Given) -> Refusal | None:
    """A rule of a network ACL has a number from 1 to 32766.

    Source: EC2 API reference, CreateNetworkAclEntry, RuleNumber.
    """
    number = given.input.get("RuleNumber")
    if isinstance(number, int) and not 1 <= number < LAST:
        return invalid(number, "ruleNumber", "The rule number must be between 1 and 32766.")
    return None


@before("ec2", "DeleteNetworkAclEntry")
async def rule_that_is_there(given: Given) -> Refusal | None:
    """Only a rule that an ACL has is deleted.

    Source: EC2 API reference, Error codes, InvalidNetworkAclEntry.NotFound.
    """
    asked = given.input
    acl = await one(
        given, "DescribeNetworkAcls", "NetworkAcls", NetworkAclIds=[asked.get("NetworkAclId", "")]
    )
    direction = bool(asked.get("Egress"))
    numbers = {e["RuleNumber"] for e in acl.get("Entries", []) if bool(e.get("Egress")) is direction}
    if acl and asked.get("RuleNumber") not in numbers:
        side = "egress" if direction else "ingress"
        message = (
            f"The specified {side} entry with rule number {asked.get('RuleNumber')} does not exist "
            f"in network acl {asked.get('NetworkAclId')}."
        )
        return Refusal("InvalidNetworkAclEntry.NotFound", message)
    return None


@before("ec2", "DeleteNetworkAcl")
async def default_acl_stays(given: Given) -> Refusal | None:
    """A VPC's default ACL stays, and so does an ACL that a subnet has.

    Source: EC2 API reference, DeleteNetworkAcl.
    """
    name = given.input.get("NetworkAclId", "")
    acl = await one(given, "DescribeNetworkAcls", "NetworkAcls", NetworkAclIds=[name])
    if acl.get("IsDefault"):
        return Refusal("InvalidParameterValue", f"cannot delete default network ACL {name}")
    if acl.get("Associations"):
        return _dependency("networkAcl", name)
    return None


@before("ec2", "CreateVpcPeeringConnection")
def peer_of_another_network(given: Given) -> Refusal | None:
    """A VPC is no peer of its own.

    Source: EC2 API reference, CreateVpcPeeringConnection.
    """
    asked = given.input
    if asked.get("VpcId") and asked.get("VpcId") == asked.get("PeerVpcId"):
        message = f"A VPC peering connection cannot be made between {asked['VpcId']} and itself."
        return Refusal("InvalidParameterValue", message)
    return None


_OVERLAPS = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"


@reshape("ec2", "CreateVpcPeeringConnection", "DescribeVpcPeeringConnections")
async def overlapping_peers(given: Given, output: Output) -> None:
    """A peering between networks whose blocks overlap fails at once.

    Source: VPC Peering Guide, "VPC peering limitations": matching or overlapping IPv4 CIDR blocks.
    """
    found = output.get("VpcPeeringConnections", [])
    if "VpcPeeringConnection" in output:
        found = [output["VpcPeeringConnection"]]
    for peering in found:
        one_side = await _block(given, peering["RequesterVpcInfo"])
        other = await _block(given, peering["AccepterVpcInfo"])
        if one_side and other and one_side.overlaps(other):
            peering["Status"] = {"Code": "failed", "Message": _OVERLAPS}


async def _block(given: Given, side: dict[str, Any]) -> Any:
    if side.get("CidrBlock"):
        return network(side["CidrBlock"])
    if side.get("OwnerId", given.call.account_id) != given.call.account_id:
        return None
    vpc = await one(given, "DescribeVpcs", "Vpcs", VpcIds=[side.get("VpcId", "")])
    return network(vpc.get("CidrBlock"))


@before("ec2", "AcceptVpcPeeringConnection")
async def failed_peering(given: Given) -> Refusal | None:
    """A peering that failed is not accepted.

    Source: VPC Peering Guide, "VPC peering connection lifecycle"; Error codes, InvalidStateTransition.
    """
    name = given.input.get("VpcPeeringConnectionId", "")
    own = {"VpcPeeringConnectionIds": [name]}
    peering = await one(given, "DescribeVpcPeeringConnections", "VpcPeeringConnections", **own)
    if not peering:
        return None
    one_side = await _block(given, peering["RequesterVpcInfo"])
    other = await _block(given, peering["AccepterVpcInfo"])
    if one_side and other and one_side.overlaps(other):
        message = f"Invalid state transition for {name}, attempted to transition from failed to active"
        return Refusal("InvalidStateTransition", message)
    return None


@before("ec2", "CreateNetworkInterface", "RunInstances")
async def address_to_give(given: Given) -> Refusal | None:
    """A private address is of its subnet, none of the five that AWS reserves, and free.

    Source: VPC User Guide, "Subnet CIDR blocks"; EC2 API reference, Error codes, InvalidIPAddress.InUse.
    """
    text, subnet_id = given.input.get("PrivateIpAddress"), given.input.get("SubnetId")
    if not text or not subnet_id:
        return None
    subnet = await one(given, "DescribeSubnets", "Subnets", SubnetIds=[subnet_id])
    block = network(subnet.get("CidrBlock"))
    try:
        address = ip_address(text)
    except ValueError:
        return invalid(text, "privateIpAddress", "This is not a valid IP address.")
    if block is None or not isinstance(address, IPv4Address):
        return None
    if address not in block:
        return Refusal("InvalidParameterValue", "Address does not fall within the subnet's address range")
    if int(address) - int(block[0]) < 4 or address == block[-1]:
        return Refusal("InvalidParameterValue", "Address is in subnet's reserved address range")
    if any(i.get("PrivateIpAddress") == text for i in await interfaces(given, subnet_id=subnet_id)):
        return Refusal("InvalidIPAddress.InUse", f"Address {text} is in use.")
    return None
