"""Load balancers: subnets, names, listeners, rules, target groups."""

from __future__ import annotations

import re
from typing import Any

from cloudlings.sandbox.rules.common import one
from cloudlings.sandbox.rules.registry import Given, Refusal, before

_NAME = re.compile(r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)")


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


@before("elbv2", "CreateLoadBalancer", "CreateTargetGroup")
async def name_of_its_own(given: Given) -> Refusal | None:
    """A name has 32 letters, digits and hyphens at most, and no other of its kind has it.

    Source: ELB API reference, CreateLoadBalancer, Name; CreateTargetGroup, Name.
    """
    name, balancer = given.input.get("Name", ""), given.call.operation == "CreateLoadBalancer"
    what = "Load balancer" if balancer else "Target group"
    if not _NAME.fullmatch(name):
        why = "can only contain characters that are alphanumeric characters or hyphens(-)"
        if len(name) > 32:
            why = "cannot be longer than '32' characters"
        elif name.startswith("internal-"):
            why = "cannot begin with 'internal-'"
        elif name.startswith("-") or name.endswith("-"):
            why = "cannot begin or end with a hyphen(-)"
        return _invalid(f"{what} name '{name}' {why}")
    if not balancer:
        return None
    found = (await given.read("DescribeLoadBalancers", Names=[name])).get("LoadBalancers")
    if found and not _same(found[0], given.input):
        message = "A load balancer with the same name exists, but with different settings"
        return Refusal("DuplicateLoadBalancerName", f"{message} ({name})")
    return None


def _same(balancer: dict[str, Any], asked: dict[str, Any]) -> bool:
    subnets = {zone["SubnetId"] for zone in balancer.get("AvailabilityZones", [])}
    scheme = balancer.get("Scheme") == asked.get("Scheme", "internet-facing")
    return scheme and subnets == set(asked.get("Subnets", []))


def _subnets(asked: dict[str, Any]) -> list[str]:
    return asked.get("Subnets") or [each.get("SubnetId", "") for each in asked.get("SubnetMappings", [])]


@before("elbv2", "CreateLoadBalancer", "SetSubnets")
async def subnets_in_two_zones(given: Given) -> Refusal | None:
    """An ALB has one subnet in each of two zones at least, in a VPC with a gateway if it faces the internet.

    Source: Application Load Balancers Guide, "Subnets for your load balancer"; ELB API reference,
    CreateLoadBalancer (InvalidSubnet, SubnetNotFound, InvalidConfigurationRequest).
    """
    asked = given.input
    places = []
    for name in _subnets(asked):
        place = await one(given, "DescribeSubnets", "Subnets", SubnetIds=[name])
        if not place:
            return Refusal("SubnetNotFound", f"The subnet ID '{name}' does not exist")
        places.append(place)
    zones = [place["AvailabilityZone"] for place in places]
    if len(zones) != len(set(zones)):
        message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        return Refusal("InvalidConfigurationRequest", message)
    if asked.get("Type", "application") == "application" and places and len(zones) < 2:
        message = "At least two subnets in two different Availability Zones must be specified"
        return _invalid(message)
    networks = {place["VpcId"] for place in places}
    if len(networks) > 1:
        return Refusal("InvalidConfigurationRequest", "The subnets must be of one VPC")
    if (
        networks
        and asked.get("Scheme", "internet-facing") != "internal"
        and given.call.operation != "SetSubnets"
    ):
        return await _without_gateway(given, networks.pop())
    return None


async def _without_gateway(given: Given, vpc: str) -> Refusal | None:
    own = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    if (await given.read("DescribeInternetGateways", "ec2", Filters=own)).get("InternetGateways"):
        return None
    return Refusal("InvalidSubnet", f"VPC {vpc} has no internet gateway")


@before("elbv2", "CreateLoadBalancer")
async def groups_of_its_network(given: Given) -> Refusal | None:
    """A load balancer's security groups are of its VPC.

    Source: ELB API reference, CreateLoadBalancer (InvalidSecurityGroup, InvalidConfigurationRequest).
    """
    names = _subnets(given.input)
    place = await one(given, "DescribeSubnets", "Subnets", SubnetIds=names[:1]) if names else {}
    for name in given.input.get("SecurityGroups", []):
        group = await one(given, "DescribeSecurityGroups", "SecurityGroups", GroupIds=[name])
        if not group:
            return Refusal("InvalidSecurityGroup", f"Security group '{name}' does not exist")
        if place and group["VpcId"] != place["VpcId"]:
            message = f"One or more security groups are invalid: {name} is not in VPC {place['VpcId']}"
            return Refusal("InvalidConfigurationRequest", message)
    return None


@before("elbv2", "CreateListener")
async def port_of_a_listener(given: Given) -> Refusal | None:
    """A load balancer has one listener on a port, and HTTPS has a certificate.

    Source: ELB API reference, CreateListener (DuplicateListener); Listener, Certificates.
    """
    asked = given.input
    arn, port = asked.get("LoadBalancerArn", ""), asked.get("Port")
    listeners = (await given.read("DescribeListeners", LoadBalancerArn=arn)).get("Listeners", [])
    if port in {listener.get("Port") for listener in listeners}:
        message = f"A listener already exists on port {port} for this load balancer '{arn}'"
        return Refusal("DuplicateListener", message)
    if asked.get("Protocol") in ("HTTPS", "TLS") and not asked.get("Certificates"):
        return _invalid(f"A certificate must be specified for {asked['Protocol']} listeners")
    return await _forwards(given, arn, asked.get("DefaultActions", []))


async def _forwards(given: Given, balancer: str, actions: list[dict[str, Any]]) -> Refusal | None:
    for action in actions:
        weighted = (action.get("ForwardConfig") or {}).get("TargetGroups", [])
        for arn in {action.get("TargetGroupArn"), *(each.get("TargetGroupArn") for each in weighted)} - {
            None
        }:
            found = (await given.read("DescribeTargetGroups", TargetGroupArns=[arn])).get("TargetGroups")
            if not found:
                return Refusal("TargetGroupNotFound", f"Target groups '{arn}' not found")
            others = [each for each in found[0].get("LoadBalancerArns", []) if each != balancer]
            if others:
                message = (
                    "The following target groups cannot be associated with more than one load balancer: "
                )
                return Refusal("TargetGroupAssociationLimit", f"{message}{arn}")
    return None


@before("elbv2", "DeleteRule")
async def default_rule_stays(given: Given) -> Refusal | None:
    """A listener's default rule goes with its listener.

    Source: ELB API reference, DeleteRule: you can't delete the default rule (OperationNotPermitted).
    """
    arn = given.input.get("RuleArn", "")
    listener = arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]
    rules = (await given.read("DescribeRules", ListenerArn=listener)).get("Rules", [])
    if any(rule["RuleArn"] == arn and rule.get("IsDefault") for rule in rules):
        return Refusal("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
    return None


@before("elbv2", "DeleteLoadBalancer")
async def protected_balancer(given: Given) -> Refusal | None:
    """A protected load balancer is not deleted.

    Source: Application Load Balancers Guide, "Deletion protection" (OperationNotPermitted).
    """
    arn = given.input.get("LoadBalancerArn", "")
    found = (await given.read("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)).get("Attributes", [])
    if any(a["Key"] == "deletion_protection.enabled" and a.get("Value") == "true" for a in found):
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        return Refusal("OperationNotPermitted", message)
    return None


@before("elbv2", "CreateTargetGroup", "ModifyTargetGroup")
async def health_check(given: Given) -> Refusal | None:
    """A check's timeout is shorter than its interval; its path begins with a slash; its codes are 200 to 499.

    Source: ELB API reference, CreateTargetGroup; Application Load Balancers Guide, "Health checks".
    """
    asked = given.input
    known: dict[str, Any] = {"HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5}
    if given.call.operation == "ModifyTargetGroup":
        arn = asked.get("TargetGroupArn", "")
        known |= (
            (await given.read("DescribeTargetGroups", TargetGroupArns=[arn])).get("TargetGroups") or [{}]
        )[0]
    interval = asked.get("HealthCheckIntervalSeconds", known["HealthCheckIntervalSeconds"])
    timeout = asked.get("HealthCheckTimeoutSeconds", known["HealthCheckTimeoutSeconds"])
    if timeout >= interval:
        return _invalid(
            f"Health check timeout '{timeout}' must be smaller than or equal to the interval '{interval}'"
        )
    path = asked.get("HealthCheckPath")
    if path is not None and not path.startswith("/"):
        return _invalid(f"Health check path '{path}' must begin with a '/' character")
    return _bad_codes((asked.get("Matcher") or {}).get("HttpCode"))


def _bad_codes(codes: str | None) -> Refusal | None:
    for part in (codes or "").split(",") if codes else []:
        bounds = [int(each) for each in part.split("-") if each.isdecimal()]
        if not bounds or min(bounds) < 200 or max(bounds) > 499:
            return _invalid(f"Health check matcher HTTP code '{codes}' must be within '200-499' inclusive")
    return None


@before("elbv2", "RegisterTargets")
async def targets_of_its_network(given: Given) -> Refusal | None:
    """An instance that is registered runs in the target group's VPC.

    Source: ELB API reference, RegisterTargets (InvalidTarget).
    """
    arn = given.input.get("TargetGroupArn", "")
    found = (await given.read("DescribeTargetGroups", TargetGroupArns=[arn])).get("TargetGroups") or [{}]
    if found[0].get("TargetType", "instance") != "instance":
        return None
    for target in given.input.get("Targets", []):
        group = await one(given, "DescribeInstances", "Reservations", InstanceIds=[target.get("Id", "")])
        instance = (group.get("Instances") or [{}])[0]
        if not instance or instance.get("State", {}).get("Name") == "terminated":
            return Refusal(
                "InvalidTarget", f"The following targets are not in a running state: '{target.get('Id')}'"
            )
        if found[0].get("VpcId") and instance.get("VpcId") != found[0]["VpcId"]:
            message = (
                "The following targets are not in the target group "
                f"VPC '{found[0]['VpcId']}': '{target['Id']}'"
            )
            return Refusal("InvalidTarget", message)
    return None
