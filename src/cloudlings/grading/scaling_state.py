"""What graders of load balancers and Auto Scaling groups share: reading them, and asking what they would
do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ModelError
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import (
    shown,
    with_host,
)
from cloudlings.models.balancer import Request, Routed, route
from cloudlings.models.scaling import Driven, trigger
from cloudlings.network import Network, trace, without_zone
from cloudlings.network.model import Interface, LoadBalancer, Subnet

Raw = Mapping[str, Any]
BASIC_PERIOD = 300
"""Seconds between two values of an instance's metrics without detailed monitoring."""


def balancers_of(account: Account, vpc: str) -> list[Raw]:
    """The Application Load Balancers of a VPC, as described."""
    found = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return [one for one in found if one.get("VpcId") == vpc and one.get("Type") == "application"]


def listeners_of(account: Account, balancer: Raw) -> dict[int, Raw]:
    """A load balancer's listeners by port."""
    arn = balancer["LoadBalancerArn"]
    found = account.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return {int(one["Port"]): one for one in found}


def rules_of(account: Account, listener: Raw) -> list[Raw]:
    """A listener's rules, the default one among them."""
    rules: list[Raw] = account.client("elbv2").describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    return rules


def routed(rules: Sequence[Raw], text: str, caller: str = "198.51.100.7") -> Routed:
    """What becomes of ``METHOD URL`` from an address; rules that the model cannot read fail the check."""
    method, _, url = text.partition(" ")
    try:
        return route(rules, Request(url, method, source_ip=caller))
    except ModelError as error:
        raise AssertionError(
            Because(
                found=f"The rules were read. {error.message}",
                consequence="Where visitors land cannot be told.",
                concept=error.next_step,
            )
        ) from error


def told(way: Routed) -> str:
    """What becomes of a request, in words."""
    if way.kind == "redirect":
        return f"rule {way.rule} redirects to {way.url} ({way.status})"
    if way.kind == "fixed-response":
        return f"rule {way.rule} answers {way.status}"
    names = [arn.rsplit("/", 2)[-2] for arn in way.shares]
    return f"rule {way.rule} forwards to {shown(names)}"


def target_group(account: Account, arn: str) -> Raw:
    """A target group, as described."""
    found: Raw = account.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    return found


def groups_of(account: Account) -> list[Raw]:
    """The account's Auto Scaling groups, as described."""
    found: list[Raw] = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return found


def subnets_of_group(network: Network, group: Raw) -> list[Subnet]:
    """The subnets in which a group launches."""
    names = [part.strip() for part in str(group.get("VPCZoneIdentifier") or "").split(",")]
    return [subnet for subnet in network.subnets if subnet.id in names]


def template_of(account: Account, group: Raw) -> Raw:
    """The launch template's data in the version that a group uses; {} when it uses none."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    used = group.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification")
    if not used:
        return {}
    found = account.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=used["LaunchTemplateId"], Versions=[str(used.get("Version") or "$Default")]
    )
    data: Raw = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return data


def types_of(group: Raw, template: Raw) -> list[str]:
    """The instance types that a group may launch: its overrides', or else its template's; sorted."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    instead = [one.get("InstanceType") or "any that fits" for one in mixed.get("Overrides") or []]
    return sorted(set(instead or [template.get("InstanceType") or "none"]))


def template_groups(template: Raw) -> tuple[str, ...]:
    """The security groups that a template gives its machines."""
    own = template.get("SecurityGroupIds") or []
    cards = [name for card in template.get("NetworkInterfaces") or [] for name in card.get("Groups") or []]
    return (*own, *cards)


def with_machine(network: Network, subnet: Subnet, groups: tuple[str, ...]) -> tuple[Network, str]:
    """The network with the machine that a group would launch next in a subnet, and its name.

    Where no security group is named, EC2 gives it its VPC's default one.
    """
    planned, name = with_host(network, subnet, what="a new machine")
    default = tuple(
        one.id for one in network.security_groups if (one.vpc, one.group_name) == (subnet.vpc, "default")
    )
    made = tuple(
        replace(one, security_groups=groups or default) if one.id == name else one
        for one in planned.interfaces
    )
    return replace(planned, interfaces=made), name


def answering(network: Network, arn: str) -> Network:
    """The network with a load balancer that answers by itself on its ports: targets do not matter."""
    made = tuple(
        replace(
            one,
            listeners=tuple(replace(each, target_groups=(), answers_itself=True) for each in one.listeners),
        )
        if one.id == arn
        else one
        for one in network.load_balancers
    )
    return replace(network, load_balancers=made)


def zones_of(network: Network, subnets: Iterable[str]) -> list[str]:
    """The Availability Zones of some subnets, each once, in order."""
    names = set(subnets)
    return sorted({subnet.az for subnet in network.subnets if subnet.id in names})


def interfaces_of(network: Network, instances: Iterable[str]) -> list[Interface]:
    """The interfaces of some instances."""
    wanted = set(instances)
    return [one for one in network.interfaces if one.attached_to in wanted]


@dataclass(frozen=True)
class Policies:
    """A group's scaling policies with the alarms that call them, and the alarms that were left out, with
    why."""

    driven: tuple[Driven, ...]
    left_out: tuple[str, ...] = ()

    def of(self, *kinds: str) -> list[Driven]:
        return [each for each in self.driven if each.kind in kinds]


def policies_of(account: Account, name: str, *, detailed: bool = True) -> Policies:
    """The policies of a group. Alarms count that watch this group's average CPU and call the policy.

    Without detailed monitoring the metric has a value every five minutes, whatever period an alarm asks for.
    """
    policies = account.client("autoscaling").describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    alarms = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    left_out, driven = [], []
    for policy in policies:
        if policy.get("Enabled") is False:
            continue
        calling = [one for one in alarms if policy["PolicyARN"] in (one.get("AlarmActions") or [])]
        fit = [one for one in calling if not _unfit(one, name)]
        left_out += [f"alarm {one['AlarmName']} {_unfit(one, name)}" for one in calling if one not in fit]
        if not calling and policy.get("PolicyType") != "TargetTrackingScaling":
            left_out.append(f"policy {policy['PolicyName']}, which no alarm calls")
        triggers = [trigger(_plain(one)) for one in fit]
        if not detailed:
            triggers = [replace(one, period=max(one.period, BASIC_PERIOD)) for one in triggers]
        driven.append(Driven(policy, tuple(triggers)))
    return Policies(tuple(driven), tuple(left_out))


def _plain(alarm: Raw) -> Raw:
    """An alarm whose list of metrics holds one metric and no expression, as one about that metric."""
    metrics = alarm.get("Metrics") or []
    if len(metrics) != 1 or not metrics[0].get("MetricStat"):
        return alarm
    asked = metrics[0]["MetricStat"]
    return {**alarm, **asked["Metric"], "Statistic": asked.get("Stat"), "Period": asked.get("Period")}


def _unfit(alarm: Raw, group: str) -> str:
    """Why an alarm says nothing of a group's average CPU; "" when it does."""
    alarm = _plain(alarm)
    about = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
    if (alarm.get("Namespace"), alarm.get("MetricName")) != ("AWS/EC2", "CPUUtilization"):
        return f"watches {alarm.get('Namespace')} {alarm.get('MetricName')}"
    if about != {"AutoScalingGroupName": group}:
        return f"watches {about or 'every instance of the Region'}, and not this group"
    if alarm.get("Statistic") != "Average":
        return f"looks at the {alarm.get('Statistic') or alarm.get('ExtendedStatistic')}"
    return "" if alarm.get("ActionsEnabled", True) else "has its actions turned off"


def event(account: Account, source: str, kind: str, about: Sequence[str] = (), **detail: str) -> Raw:
    """An event as EventBridge delivers it; ``about`` are the ARNs of its resources."""
    return {
        "version": "0",
        "id": "12345678-1234-1234-1234-123456789012",
        "source": source,
        "detail-type": kind,
        "account": account.id,
        "time": "2026-11-21T07:31:00Z",
        "region": account.region_name,
        "resources": list(about),
        "detail": detail,
    }


def drainer(account: Account) -> str:
    """The queue from which a drain program reads."""
    return f"arn:aws:sqs:{account.region_name}:{account.id}:drainer"


def terminates(
    account: Account, group: str, what: str = "terminate", *, hook: str = "any", about: Sequence[str] = ()
) -> Raw:
    """The event of a machine of a group that waits at a hook, at the one or the other end of its life."""
    transition = {"terminate": "TERMINATING", "launch": "LAUNCHING"}[what]
    return event(
        account,
        "aws.autoscaling",
        f"EC2 Instance-{what} Lifecycle Action",
        about,
        AutoScalingGroupName=group,
        LifecycleHookName=hook,
        LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
        EC2InstanceId="i-0aaaabbbbccccdddd",
        LifecycleActionToken="87654321-4321-4321-4321-210987654321",
    )


def heard(account: Account, event: Raw, queue: str) -> list[str]:
    """The EventBridge rules that take an event and hand it to a queue, by name; a disabled one does not."""
    events = account.client("events")
    names = []
    for rule in events.list_rules()["Rules"]:
        if rule.get("State") == "DISABLED" or not rule.get("EventPattern"):
            continue
        if not events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))[
            "Result"
        ]:
            continue
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        names += [rule["Name"]] if any(one["Arn"] == queue for one in targets) else []
    return names


def reached_after_losing(network: Network, balancer: LoadBalancer, port: int, zone: str) -> bool:
    """Whether the internet reaches a load balancer's port, and whom it forwards to, without a zone."""
    return trace(without_zone(network, zone), "internet", balancer.id, "tcp", port).reachable
