"""Words that the rules share."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from typing import Any

from cloudlings.sandbox.rules.registry import Given, Refusal


def where(**values: str) -> list[dict[str, Any]]:
    """EC2's filters: ``vpc_id="vpc-1"`` for the filter vpc-id."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def network(text: Any) -> IPv4Network | None:
    """An IPv4 block, host bits or not; None for anything else."""
    try:
        found = ip_network(str(text), strict=False)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Network) and "/" in str(text) else None


def invalid(value: Any, parameter: str, why: str = "") -> Refusal:
    """EC2's words for a value that is none."""
    said = f"Value ({value}) for parameter {parameter} is invalid."
    return Refusal("InvalidParameterValue", f"{said} {why}".rstrip())


async def interfaces(given: Given, **filters: str) -> list[dict[str, Any]]:
    """The account's network interfaces in this Region, those of AWS's services too."""
    found = await given.read("DescribeNetworkInterfaces", "ec2", Filters=where(**filters))
    return list(found.get("NetworkInterfaces", []))


async def instances(given: Given, **filters: str) -> list[dict[str, Any]]:
    """The account's instances that are not terminated."""
    found = await given.read("DescribeInstances", "ec2", Filters=where(**filters))
    every = [one for group in found.get("Reservations", []) for one in group["Instances"]]
    return [one for one in every if one["State"]["Name"] not in ("terminated", "shutting-down")]


async def one(given: Given, operation: str, member: str, **parameters: Any) -> dict[str, Any]:
    """The first that an EC2 operation describes; {} when there is none."""
    found = (await given.read(operation, "ec2", **parameters)).get(member) or [{}]
    first: dict[str, Any] = found[0]
    return first
