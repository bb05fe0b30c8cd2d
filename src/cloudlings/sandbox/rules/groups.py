"""Security groups: names, rules, and what depends on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from cloudlings.sandbox.rules.common import interfaces, invalid, one, where
from cloudlings.sandbox.rules.registry import Given, Refusal, before

_TEXT = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_SET = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
MOST_RULES = 60
MOST_GROUPS = 5
_NAMED = ("tcp", "udp", "icmp", "icmpv6", "-1", "all")
Rule = dict[str, Any]


@before("ec2", "CreateSecurityGroup")
async def name_and_description(given: Given) -> Refusal | None:
    """A group's name and description keep to AWS's characters, and its name is not one of AWS's own.

    Source: EC2 API reference, CreateSecurityGroup, GroupName and GroupDescription.
    """
    name, text = given.input.get("GroupName", ""), given.input.get("Description", "")
    if name.startswith("sg-"):
        return invalid(name, "GroupName", "Group names may not be in the format sg-*")
    if name == "default":
        return Refusal("InvalidGroup.Reserved", "The security group name 'default' is reserved")
    for value, what in ((name, "name"), (text, "description")):
        if not _TEXT.fullmatch(value):
            message = f"Invalid security group {what}. Valid {what}s are strings less than 256 characters "
            return Refusal("InvalidParameterValue", f"{message}from the following set:  {_SET}")
    return None


@before("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def rule_that_means_something(given: Given) -> Refusal | None:
    """A rule's protocol, ports and blocks are ones that there are.

    Source: EC2 API reference, IpPermission; VPC User Guide, "Security group rules".
    """
    for rule in _asked(given):
        refusal = _bad_ports(rule) or _bad_blocks(rule)
        if refusal is not None:
            return refusal
    return None


def _asked(given: Given) -> list[Rule]:
    """The rules of a request; the flat form of one rule as a list of it."""
    asked = given.input
    if asked.get("IpPermissions"):
        return list(asked["IpPermissions"])
    if "IpProtocol" not in asked:
        return []
    kept = {name: asked[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in asked}
    return [kept | {"IpRanges": [{"CidrIp": asked["CidrIp"]}] if asked.get("CidrIp") else []}]


def _bad_ports(rule: Rule) -> Refusal | None:
    protocol = str(rule.get("IpProtocol", "")).lower()
    if protocol not in _NAMED and not (protocol.isdecimal() and int(protocol) <= 255):
        return Refusal(
            "InvalidParameterValue", f"Invalid value '{protocol}' for IP protocol. Unknown protocol."
        )
    if protocol not in ("tcp", "udp", "6", "17"):
        return None
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if first is None or last is None:
        why = "Must specify both from and to ports with TCP/UDP."
        return Refusal("InvalidParameterValue", f"Invalid value '{why}' for portRange.")
    if not (isinstance(first, int) and isinstance(last, int) and 0 <= first <= last <= 65535):
        name = {"6": "TCP", "17": "UDP"}.get(protocol, protocol.upper())
        return Refusal("InvalidParameterValue", f"Invalid {name} port range ({first} to {last}).")
    return None


def _bad_blocks(rule: Rule) -> Refusal | None:
    for text in _blocks(rule):
        try:
            ip_network(text, strict=False)
        except ValueError:
            return Refusal("InvalidParameterValue", f"CIDR block {text} is malformed")
    return None


def _blocks(rule: Rule) -> Iterator[str]:
    yield from (each["CidrIp"] for each in rule.get("IpRanges", []) if each.get("CidrIp"))
    yield from (each["CidrIpv6"] for each in rule.get("Ipv6Ranges", []) if each.get("CidrIpv6"))


@before("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")  # fmt: skip
def canonical_blocks(given: Given) -> dict[str, Any] | None:
    """A block is stored without its host bits: 100.68.0.18/18 is 100.68.0.0/18.

    Source: EC2 API reference, AuthorizeSecurityGroupIngress, CidrIp.
    """
    changed, rules = False, _asked(given)
    for rule in rules:
        for member, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            for each in rule.get(member, []):
                try:
                    canonical = str(ip_network(each.get(name, ""), strict=False))
                except ValueError:
                    continue
                changed, each[name] = changed or canonical != each[name], canonical
    if not changed:
        return None
    flat = ("IpProtocol", "FromPort", "ToPort", "CidrIp")
    return {k: v for k, v in given.input.items() if k not in flat} | {"IpPermissions": rules}


@before("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
async def rule_that_is_there(given: Given) -> Refusal | None:
    """A rule that a group has already is refused, whatever its description; 60 a direction are enough.

    Source: EC2 API reference, Error codes, InvalidPermission.Duplicate and
    RulesPerSecurityGroupLimitExceeded; VPC User Guide, "Amazon VPC quotas".
    """
    group = await _group(given)
    if not group:
        return None
    egress = given.call.operation.endswith("Egress")
    have = [
        key for rule in group["IpPermissionsEgress" if egress else "IpPermissions"] for key in _keys(rule)
    ]
    added = [key for rule in _asked(given) for key in _keys(rule)]
    for key in added:
        if key in have or added.count(key) > 1:
            return Refusal("InvalidPermission.Duplicate", _already(key))
    if len(have) + len(added) > MOST_RULES:
        message = "The maximum number of rules per security group has been reached."
        return Refusal("RulesPerSecurityGroupLimitExceeded", message)
    return None


def _already(key: tuple[Any, ...]) -> str:
    protocol, first, last, source = key
    what = f"peer: {source}, {protocol if protocol != '-1' else 'ALL'}"
    ports = f", from port: {first}, to port: {last}" if first is not None else ""
    return f'the specified rule "{what}{ports}, ALLOW" already exists'


def _keys(rule: Rule) -> Iterator[tuple[Any, ...]]:
    protocol = str(rule.get("IpProtocol", "-1")).lower()
    protocol = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}.get(protocol, protocol)
    ports = (None, None) if protocol == "-1" else (rule.get("FromPort"), rule.get("ToPort"))
    sources = [*_blocks(rule)]
    sources += [each.get("GroupId") or each.get("GroupName", "") for each in rule.get("UserIdGroupPairs", [])]
    sources += [each.get("PrefixListId", "") for each in rule.get("PrefixListIds", [])]
    for source in sources:
        yield (protocol, *ports, source)


async def _group(given: Given) -> dict[str, Any]:
    name = given.input.get("GroupId")
    if name:
        return await one(given, "DescribeSecurityGroups", "SecurityGroups", GroupIds=[name])
    own = where(group_name=given.input.get("GroupName", ""))
    return await one(given, "DescribeSecurityGroups", "SecurityGroups", Filters=own)


@before("ec2", "DeleteSecurityGroup")
async def group_in_use(given: Given) -> Refusal | None:
    """A group stays while an interface has it, or another group's rule names it; a default one always.

    Source: EC2 API reference, DeleteSecurityGroup; Error codes, DependencyViolation and CannotDelete.
    """
    name = given.input.get("GroupId") or (await _group(given)).get("GroupId", "")
    call = given.call
    known = await given.look_up(
        f"arn:aws:ec2:{call.region}:{call.account_id}:security-group/{name}", call.region
    )
    title, used = known.get("name"), known.get("dependents")
    if used is None and not known.get("missing"):  # an emulator that does not tell it at once
        title = (await _group(given)).get("GroupName")
        used = await _is_used(given, name)
    if title == "default":
        message = f'the specified group: "{name}" name: "default" cannot be deleted by a user'
        return Refusal("CannotDelete", message)
    if used:
        return Refusal("DependencyViolation", f"resource {name} has a dependent object")
    return None


async def _is_used(given: Given, group: str) -> bool:
    return bool(
        await _named_by_another(given, group)
        or await interfaces(given, group_id=group)
        or await _guards_a_database(given, group)
    )


async def _guards_a_database(given: Given, group: str) -> bool:
    databases = (await given.read("DescribeDBInstances", "rds")).get("DBInstances", [])
    balancers = (await given.read("DescribeLoadBalancers", "elbv2")).get("LoadBalancers", [])
    guarded = {g["VpcSecurityGroupId"] for db in databases for g in db.get("VpcSecurityGroups", [])}
    return group in guarded | {g for each in balancers for g in each.get("SecurityGroups", [])}


async def _named_by_another(given: Given, group: str) -> bool:
    for rules in ("ip-permission.group-id", "egress.ip-permission.group-id"):
        named = [{"Name": rules, "Values": [group]}]
        found = (await given.read("DescribeSecurityGroups", Filters=named)).get("SecurityGroups", [])
        if any(other["GroupId"] != group for other in found):
            return True
    return False


@before("ec2", "CreateNetworkInterface", "RunInstances", "ModifyNetworkInterfaceAttribute")
def groups_of_an_interface(given: Given) -> Refusal | None:
    """An interface has at most five groups.

    Source: VPC User Guide, "Amazon VPC quotas"; Error codes, SecurityGroupsPerInterfaceLimitExceeded.
    """
    asked = given.input
    lists = [asked.get("Groups", []), asked.get("SecurityGroupIds", [])]
    lists += [card.get("Groups", []) for card in asked.get("NetworkInterfaces", [])]
    if any(len(groups) > MOST_GROUPS for groups in lists):
        message = "The maximum number of security groups per interface has been reached."
        return Refusal("SecurityGroupsPerInterfaceLimitExceeded", message)
    return None
