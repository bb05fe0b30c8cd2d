"""Whether a function in subnets is where it should be: its interfaces, their zones, and its rights."""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.roles import may_exactly, require_role, session
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.lab import Brief
from cloudlings.network import Network

LOGGING = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*")
"""What AWSLambdaBasicExecutionRole allows."""

INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
    "ec2:GetSecurityGroupsForVpc",
)
"""What AWSLambdaVPCAccessExecutionRole, and Lambda's guide, list; the first, second and fourth are needed."""


def interfaces_of(network: Network, brief: Brief, vpc: str) -> list[str]:
    """The interfaces of the records' function, which must be in the VPC of the records."""
    made = next((each for each in network.functions if each.name == brief.records), None)
    good = made is not None and made.vpc == vpc and bool(made.interfaces)
    assert good, Because(
        found=f"{brief.records} is in {(made and made.vpc) or 'no network'}; the records are in {vpc}.",
        consequence="There is no way from one network into another.",
        concept="A function is attached to subnets of one VPC.",
    )
    return list(made.interfaces) if made else []


def in_two_zones(network: Network, brief: Brief, cards: list[str]) -> None:
    """Judges that a zone may fail: interfaces in two, each of which was seen to reach everything."""
    homes = {each.id: each.subnet for each in network.interfaces}
    zones = {each.id: each.az for each in network.subnets}
    used = sorted({zones[homes[card]] for card in cards})
    assert len(used) >= 2, Because(
        found=f"{brief.records} has interfaces in {shown(used)} only.",
        consequence="When this zone fails, nobody reads the records.",
        concept="A function runs in the zones of its subnets: two, so that one may fail.",
    )


def without_nat(network: Network, vpc: str) -> None:
    """Fails the task where a VPC has a NAT gateway that is there or on its way."""
    gone = ("deleted", "deleting", "failed")
    found = [each.id for each in network.nat_gateways if each.vpc == vpc and each.state not in gone]
    assert not found, Because(
        found=f"{vpc} has the NAT gateway {shown(found)}.",
        consequence="It costs by the hour and by the GB, and nothing here needs it.",
        concept="S3 has a gateway endpoint in this network, which costs nothing.",
    )


def makes_interfaces_only(account: Account, brief: Brief, cards: Sequence[str]) -> None:
    """Proves that the role of the records' function may make interfaces, such as its ``cards``, and write
    logs, and nothing else."""
    name = brief.records_role
    require_role(account, name, "Lambda cannot run the function: it has nobody to be.")
    least = [INTERFACES[0], INTERFACES[1], INTERFACES[3]]
    here = f"arn:aws:ec2:{account.region_name}:{account.id}"
    may_exactly(
        account,
        session(account, name),
        least=document(allow(least, "*")),
        most=document(allow(list(INTERFACES), "*"), LOGGING),
        job="what Lambda does in its name (interfaces in subnets, logs)",
        stops="Lambda cannot attach the function",
        existing=[f"{here}:network-interface/{card}" for card in cards],
    )
