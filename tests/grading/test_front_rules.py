"""What graders ask of a front door: its group's question, its ports, and the metric that is followed."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.front_rules import (
    Front,
    asks_the_right_question,
    faces_the_internet,
    only_its_ports,
    watches_its_own,
)
from cloudlings.network import Network
from cloudlings.network.model import LoadBalancer, SecurityGroup, SecurityGroupRule

BRIEF = {"app_port": 8080, "health_path": "/ok", "health_code": 204}
GROUP: dict[str, Any] = {
    "TargetGroupName": "page",
    "Port": 8080,
    "Protocol": "HTTP",
    "TargetType": "instance",
    "HealthCheckPath": "/ok",
    "Matcher": {"HttpCode": "204"},
}
ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/door/50dc"
SERVED = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/page/73e2"


def front(scheme: str = "internet-facing") -> Front:
    balancer = LoadBalancer(ARN, "vpc-1", scheme=scheme, security_groups=("sg-door",))
    return Front({"LoadBalancerName": "door", "LoadBalancerArn": ARN}, balancer, {})


def test_the_right_question() -> None:
    """The program's port and its one right answer."""
    asks_the_right_question(BRIEF, GROUP)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Port": 80}, "sends HTTP to port 80 of each instance"),
        ({"Protocol": "HTTPS"}, "sends HTTPS"),
        ({"TargetType": "ip"}, "of each ip"),
        ({"HealthCheckPath": "/"}, "asks for / and calls"),
        ({"Matcher": {"HttpCode": "200-299"}}, "answers 200-299"),
        ({"Matcher": {"HttpCode": "200,204"}}, "answers 200,204"),
        ({"Matcher": {"GrpcCode": "12"}}, "answers no HTTP code"),
    ],
)
def test_another_question(change: dict[str, Any], words: str) -> None:
    """Another port, or more right answers than one."""
    with pytest.raises(AssertionError, match=words):
        asks_the_right_question(BRIEF, GROUP | change)


def network(*rules: SecurityGroupRule) -> Network:
    groups = (SecurityGroup("sg-door", "vpc-1", rules), SecurityGroup("sg-other", "vpc-1", (rule("-1"),)))
    return Network(security_groups=groups)


def rule(protocol: str, low: int | None = None, high: int | None = None) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", protocol, low, high, cidr="0.0.0.0/0")


def test_a_door_with_its_ports() -> None:
    """443 and 80, by rules of their own; other groups are not asked."""
    only_its_ports(network(rule("tcp", 443, 443), rule("tcp", 80, 80)), front())
    only_its_ports(network(), front())


@pytest.mark.parametrize(
    "surplus", [rule("-1"), rule("tcp", 80, 443), rule("tcp", 22, 22), rule("udp", 443, 443)]
)
def test_a_door_with_more(surplus: SecurityGroupRule) -> None:
    """All protocols, a range from one to the other, another port, another protocol."""
    with pytest.raises(AssertionError, match=r"sg-door.* lets in"):
        only_its_ports(network(rule("tcp", 443, 443), surplus), front())


def test_a_door_to_the_inside() -> None:
    """An internal load balancer has no visitors."""
    faces_the_internet(front())
    with pytest.raises(AssertionError, match="scheme internal"):
        faces_the_internet(front("internal"))


def predefined(kind: str, label: str = "") -> dict[str, Any]:
    more = {"ResourceLabel": label} if label else {}
    return {"PredefinedMetricSpecification": {"PredefinedMetricType": kind, **more}}


def customized(name: str, **dimensions: str) -> dict[str, Any]:
    about = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {
        "CustomizedMetricSpecification": {
            "MetricName": name, "Namespace": "AWS/EC2", "Dimensions": about, "Statistic": "Average",
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "own"),
    [
        (predefined("ASGAverageCPUUtilization"), True),
        (predefined("ALBRequestCountPerTarget", "app/door/50dc/targetgroup/page/73e2"), True),
        (predefined("ALBRequestCountPerTarget", "app/other/1/targetgroup/page/73e2"), False),
        (predefined("ALBRequestCountPerTarget", "app/door/50dc/targetgroup/else/9"), False),
        (customized("CPUUtilization", AutoScalingGroupName="booking"), True),
        (customized("CPUUtilization", AutoScalingGroupName="letters"), False),
        (customized("CPUUtilization"), False),
    ],
)
def test_whose_metric(config: dict[str, Any], own: bool) -> None:
    """A policy follows its own group, or the requests of its own load balancer and target group."""
    policy = {"PolicyName": "p", "TargetTrackingConfiguration": config}
    if own:
        watches_its_own(policy, "booking", front(), [SERVED])
        return
    with pytest.raises(AssertionError, match="Policy p of group booking follows"):
        watches_its_own(policy, "booking", front(), [SERVED])
