"""What graders read of Auto Scaling groups: what they launch, what drives them, and who hears of it."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.scaling_state import (
    answering,
    balancers_of,
    drainer,
    heard,
    interfaces_of,
    policies_of,
    routed,
    subnets_of_group,
    template_groups,
    template_of,
    terminates,
    told,
    types_of,
    with_machine,
    zones_of,
)
from cloudlings.models.balancer import Routed
from cloudlings.network import Network
from cloudlings.network.model import Interface, Listener, LoadBalancer, SecurityGroup, Subnet


def mixed(*types: str) -> dict[str, Any]:
    overrides = [{"InstanceType": each} if each else {"InstanceRequirements": {}} for each in types]
    return {"MixedInstancesPolicy": {"LaunchTemplate": {"Overrides": overrides}}}


@pytest.mark.parametrize(
    ("group", "template", "types"),
    [
        ({}, {"InstanceType": "t3.small"}, ["t3.small"]),
        ({}, {}, ["none"]),
        (mixed(), {"InstanceType": "t3.small"}, ["t3.small"]),
        (mixed("t3.small"), {"InstanceType": "t3.nano"}, ["t3.small"]),
        (mixed("t3.small", "m5.large", "t3.small"), {"InstanceType": "t3.small"}, ["m5.large", "t3.small"]),
        (mixed(""), {"InstanceType": "t3.small"}, ["any that fits"]),
    ],
)
def test_types(group: dict[str, Any], template: dict[str, Any], types: list[str]) -> None:
    """Overrides of a mixed group count in place of the template's type."""
    assert types_of(group, template) == types


def test_groups_of_a_template() -> None:
    """Those of the template itself, and of its interfaces."""
    cards = [{"Groups": ["sg-2"]}, {}]
    assert template_groups({"SecurityGroupIds": ["sg-1"], "NetworkInterfaces": cards}) == ("sg-1", "sg-2")
    assert template_groups({}) == ()


class Reads:
    """An account whose operations answer as they are told; what they are asked is kept."""

    id, region_name = "111122223333", "eu-west-1"

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, dict[str, Any]()

    def client(self, service: str) -> Reads:
        del service
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**asked: Any) -> Any:
            self.asked[operation] = asked
            answer = self.answers[operation]
            return answer(**asked) if callable(answer) else answer

        return call


def account(reads: Reads) -> Account:
    return cast(Account, reads)


def test_a_load_balancer_of_another_kind_or_place_is_not_looked_at() -> None:
    """Only a VPC's own application load balancers."""
    rows = [
        {"LoadBalancerName": "door", "VpcId": "vpc-1", "Type": "application"},
        {"LoadBalancerName": "tcp", "VpcId": "vpc-1", "Type": "network"},
        {"LoadBalancerName": "else", "VpcId": "vpc-2", "Type": "application"},
    ]
    reads = Reads(describe_load_balancers={"LoadBalancers": rows})
    assert [one["LoadBalancerName"] for one in balancers_of(account(reads), "vpc-1")] == ["door"]


def test_rules_that_cannot_be_read_fail_the_check() -> None:
    """In words, with what the model can read."""
    with pytest.raises(AssertionError, match=r"no default rule.*\nWhere visitors land cannot be told"):
        routed([], "GET https://a.example/")


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (Routed("redirect", "10", url="https://a", status=302), "rule 10 redirects to https://a (302)"),
        (Routed("fixed-response", "default", status=403), "rule default answers 403"),
        (Routed("forward", "5", {"arn:x:targetgroup/page/1": 1}), "rule 5 forwards to page"),
        (Routed("forward", "5", {}), "rule 5 forwards to none"),
    ],
)
def test_what_becomes_of_a_request_in_words(way: Routed, words: str) -> None:
    """Each kind of action has its own."""
    assert told(way) == words


NETWORK = Network(
    subnets=(Subnet("subnet-a", "vpc-1"), Subnet("subnet-b", "vpc-1"), Subnet("subnet-c", "vpc-1"))
)


@pytest.mark.parametrize(
    ("zones", "there"),
    [("subnet-a,subnet-c", ["subnet-a", "subnet-c"]), ("subnet-b , subnet-a", ["subnet-a", "subnet-b"]),
     ("", []), (None, [])],
)  # fmt: skip
def test_where_a_group_launches(zones: str | None, there: list[str]) -> None:
    """Its subnets, with or without spaces between them."""
    assert [one.id for one in subnets_of_group(NETWORK, {"VPCZoneIdentifier": zones})] == there


ZONES = Network(
    subnets=(
        Subnet("subnet-a", "vpc-1", "10.0.1.0/24", "eu-west-1b"),
        Subnet("subnet-b", "vpc-1", "10.0.2.0/24", "eu-west-1a"),
        Subnet("subnet-c", "vpc-1", "10.0.3.0/24", "eu-west-1b"),
        Subnet("subnet-d", "vpc-1", "10.0.4.0/24", "eu-west-1c"),
    ),
    security_groups=(
        SecurityGroup("sg-app", "vpc-1", group_name="app"),
        SecurityGroup("sg-own", "vpc-1", group_name="default"),
        SecurityGroup("sg-else", "vpc-2", group_name="default"),
    ),
    interfaces=(
        Interface("eni-1", "vpc-1", "subnet-a", attached_to="i-1", security_groups=("sg-own",)),
        Interface("eni-2", "vpc-1", "subnet-a", attached_to="i-2", security_groups=("sg-app",)),
    ),
)


@pytest.mark.parametrize(
    ("subnets", "zones"),
    [(("subnet-a", "subnet-b", "subnet-c"), ["eu-west-1a", "eu-west-1b"]), (("subnet-d",), ["eu-west-1c"]),
     ((), [])],
)  # fmt: skip
def test_zones_of_some_subnets(subnets: tuple[str, ...], zones: list[str]) -> None:
    """Each once, in order; those of other subnets do not count."""
    assert zones_of(ZONES, subnets) == zones


def test_interfaces_of_some_instances() -> None:
    """Those of the others are not among them."""
    assert [one.id for one in interfaces_of(ZONES, ["i-2", "i-3"])] == ["eni-2"]


@pytest.mark.parametrize(("given", "worn"), [(("sg-app",), ("sg-app",)), ((), ("sg-own",))])
def test_the_machine_that_a_group_would_launch(given: tuple[str, ...], worn: tuple[str, ...]) -> None:
    """It has its template's security groups, or else its own VPC's default one; the others keep theirs."""
    network, name = with_machine(ZONES, ZONES.subnets[3], given)
    assert {one.id: one.security_groups for one in network.interfaces} == {
        "eni-1": ("sg-own",),
        "eni-2": ("sg-app",),
        name: worn,
    }


USED = {"LaunchTemplateId": "lt-1", "Version": "3"}


@pytest.mark.parametrize(
    ("group", "version"),
    [
        ({"LaunchTemplate": USED}, "3"),
        ({"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}, "$Default"),
        ({"MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": USED}}}, "3"),
    ],
)
def test_the_template_of_a_group(group: dict[str, Any], version: str) -> None:
    """In the version that the group names, or else in its default one; also where instances are mixed."""
    found = {"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": "ami-1"}}]}
    reads = Reads(describe_launch_template_versions=found)
    assert template_of(account(reads), group) == {"ImageId": "ami-1"}
    asked = reads.asked["describe_launch_template_versions"]
    assert asked == {"LaunchTemplateId": "lt-1", "Versions": [version]}


@pytest.mark.parametrize("group", [{}, {"MixedInstancesPolicy": {}}, {"MixedInstancesPolicy": None}])
def test_a_group_without_a_template(group: dict[str, Any]) -> None:
    """One with a launch configuration, as there were: nothing is read."""
    assert template_of(account(Reads()), group) == {}


def test_a_door_that_answers_by_itself_needs_no_machines() -> None:
    """The other doors stay as they are."""
    listeners = (Listener(443, "HTTPS", ("arn:page",)),)
    doors = tuple(LoadBalancer(name, "vpc-1", listeners=listeners) for name in ("arn:a", "arn:b"))
    made = answering(Network(load_balancers=doors), "arn:b").load_balancers
    assert made[0] == doors[0]
    assert made[1].listeners == (Listener(443, "HTTPS", (), answers_itself=True),)


ALARM: dict[str, Any] = {
    "AlarmName": "storm", "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistic": "Average",
    "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "booking"}], "AlarmActions": ["arn:storm"],
    "Threshold": 70, "ComparisonOperator": "GreaterThanThreshold", "Period": 60,
}  # fmt: skip
STEP = {"PolicyName": "storm", "PolicyARN": "arn:storm", "PolicyType": "StepScaling"}


def policies(*alarms: dict[str, Any], policy: dict[str, Any] = STEP, **more: Any) -> Any:
    reads = Reads(
        describe_policies={"ScalingPolicies": [policy]}, describe_alarms={"MetricAlarms": list(alarms)}
    )
    return policies_of(account(reads), "booking", **more)


def test_a_policy_and_its_alarm() -> None:
    """Another policy's alarm is not its own; without detailed monitoring a value comes every five minutes."""
    other = {**ALARM, "AlarmName": "other", "AlarmActions": ["arn:calm"]}
    silent = {key: value for key, value in ALARM.items() if key != "AlarmActions"}
    found = policies(ALARM, other, silent)
    assert ([each.period for each in found.driven[0].triggers], found.left_out) == ([60], ())
    assert [each.period for each in policies(ALARM, detailed=False).driven[0].triggers] == [300]
    slow = {**ALARM, "Period": 600}
    assert [each.period for each in policies(slow, detailed=False).driven[0].triggers] == [600]
    assert (found.of("StepScaling"), found.of("SimpleScaling", "TargetTrackingScaling")) == (
        [*found.driven],
        [],
    )


def test_an_alarm_with_a_list_of_one_metric() -> None:
    """It is about that metric, with its period; one with an expression is about none that is known."""
    metric = {key: ALARM[key] for key in ("Namespace", "MetricName", "Dimensions")}
    asked = {"Id": "cpu", "MetricStat": {"Metric": metric, "Period": 120, "Stat": "Average"}}
    kept = {key: ALARM[key] for key in ("AlarmName", "AlarmActions", "Threshold", "ComparisonOperator")}
    found = policies({**kept, "Metrics": [asked]})
    assert ([each.period for each in found.driven[0].triggers], found.left_out) == ([120], ())
    twice = {"Id": "twice", "Expression": "cpu * 2"}
    for metrics in ([asked, twice], [twice], []):
        assert policies({**kept, "Metrics": metrics}).left_out == ("alarm storm watches None None",)


def test_a_policy_that_is_turned_off() -> None:
    """It does nothing: it is not among the group's."""
    assert policies(ALARM, policy={**STEP, "Enabled": True}).driven
    assert not policies(ALARM, policy={**STEP, "Enabled": False}).driven


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Namespace": "Own"}, "watches Own CPUUtilization"),
        ({"MetricName": "NetworkIn"}, "watches AWS/EC2 NetworkIn"),
        ({"Dimensions": []}, "watches every instance of the Region, and not this group"),
        ({"Dimensions": None}, "watches every instance of the Region, and not this group"),
        ({"Dimensions": [{"Name": "InstanceId", "Value": "i-1"}]}, "watches {'InstanceId': 'i-1'}, and not"),
        ({"Statistic": "Maximum"}, "looks at the Maximum"),
        ({"Statistic": None, "ExtendedStatistic": "p90"}, "looks at the p90"),
        ({"ActionsEnabled": False}, "has its actions turned off"),
    ],
)
def test_an_alarm_that_says_nothing_of_the_group(change: dict[str, Any], why: str) -> None:
    """It is left out, and told with why: the policy has an alarm, and it is not this one."""
    found = policies({**ALARM, **change})
    assert found.driven[0].triggers == ()
    assert [each.startswith(f"alarm storm {why}") for each in found.left_out] == [True]


def test_a_policy_that_nobody_calls() -> None:
    """A step policy needs an alarm; a target tracking policy makes its own."""
    assert policies().left_out == ("policy storm, which no alarm calls",)
    assert policies(policy={**STEP, "PolicyType": "TargetTrackingScaling"}).left_out == ()


def bus(**rule: Any) -> Reads:
    """An account with one rule for terminating machines, and a target; EventBridge's own answer is given."""
    state = {"Name": "going", "State": "ENABLED", "EventPattern": '{"source": ["aws.autoscaling"]}', **rule}
    target = state.pop("target", "arn:aws:sqs:eu-west-1:111122223333:drainer")
    return Reads(
        list_rules={"Rules": [state]},
        test_event_pattern=lambda EventPattern, Event: {  # noqa: N803
            "Result": json.loads(Event)["source"] in json.loads(EventPattern)["source"]
        },
        list_targets_by_rule={"Targets": [{"Arn": "arn:else"}, *([{"Arn": target}] if target else [])]},
    )


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({}, ["going"]),
        ({"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}, ["going"]),
        ({"State": "DISABLED"}, []),
        ({"EventPattern": None, "ScheduleExpression": "rate(1 minute)"}, []),
        ({"EventPattern": '{"source": ["aws.ec2"]}'}, []),
        ({"target": "arn:aws:sqs:eu-west-1:111122223333:other"}, []),
        ({"target": ""}, []),
    ],
    ids=[
        "heard",
        "with more events",
        "disabled",
        "a timetable",
        "another pattern",
        "another queue",
        "no queue",
    ],
)
def test_who_hears_of_an_event(rule: dict[str, Any], names: list[str]) -> None:
    """A rule that is on, whose pattern takes the event, and that has the queue among its targets."""
    there = account(bus(**rule))
    assert heard(there, terminates(there, "booking"), drainer(there)) == names
