"""What graders ask of an Auto Scaling group as it is described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.fleet_rules import (
    behind_the_door,
    calls_no_error_well,
    each_zone_can_do_alone,
    hears_of_illness,
    is_a_good_machine,
    serves_all,
    survives_loss_of,
)
from cloudlings.network import Network
from cloudlings.network.model import (
    Instance,
    Interface,
    InternetGateway,
    Listener,
    LoadBalancer,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Target,
    TargetGroup,
    Vpc,
)

NETWORK = Network(
    vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
    subnets=(
        Subnet("subnet-a", "vpc-1", "10.0.1.0/24", "eu-west-1a"),
        Subnet("subnet-a2", "vpc-1", "10.0.2.0/24", "eu-west-1a"),
        Subnet("subnet-b", "vpc-1", "10.0.3.0/24", "eu-west-1b"),
    ),
)
PAGE, API = (f"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{name}/1" for name in ("page", "api"))
GROUP: dict[str, Any] = {
    "AutoScalingGroupName": "booking",
    "MinSize": 2,
    "MaxSize": 6,
    "VPCZoneIdentifier": "subnet-a, subnet-b",
    "HealthCheckType": "ELB",
    "HealthCheckGracePeriod": 90,
    "TargetGroupARNs": [PAGE, API],
}


def asked(group: dict[str, Any]) -> None:
    """All three questions, one after the other."""
    survives_loss_of(NETWORK, group, "The page")
    hears_of_illness(group, 90)
    serves_all(group, [PAGE, API], 6)


SET_ASIDE = {"SuspendedProcesses": [{"ProcessName": "AZRebalance"}]}


@pytest.mark.parametrize(
    "change", [{}, {"HealthCheckType": "EC2,ELB"}, {"MinSize": 3}, {"MaxSize": 9}, SET_ASIDE]
)
def test_a_good_group(change: dict[str, Any]) -> None:
    """Two machines in two zones, told by their load balancer, with room to grow."""
    asked(GROUP | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MinSize": 1}, "keeps at least 1 machine in eu-west-1a and eu-west-1b"),
        ({"VPCZoneIdentifier": "subnet-a"}, "keeps at least 2 machines in eu-west-1a "),
        ({"VPCZoneIdentifier": "subnet-a,subnet-a2"}, "0 are left"),
        ({"VPCZoneIdentifier": None}, "machines in none"),
        ({"HealthCheckType": "EC2"}, "judges its machines by EC2"),
        ({"HealthCheckType": "EC2,EBS"}, "judges its machines by EC2,EBS"),
        (
            {"SuspendedProcesses": [{"ProcessName": "ReplaceUnhealthy"}, {"ProcessName": "AZRebalance"}]},
            "has its processes ReplaceUnhealthy suspended",
        ),
        ({"HealthCheckGracePeriod": None}, "0 seconds after its launch; its program answers after 90"),
        ({"HealthCheckGracePeriod": 0}, "0 seconds after its launch; its program answers after 90"),
        ({"TargetGroupARNs": [PAGE]}, "not registered with api"),
        ({"MaxSize": 5}, "may grow to 5; 6"),
    ],
)
def test_what_is_missing_is_told(change: dict[str, Any], words: str) -> None:
    """One zone, no ear for illness, no patience, half registered, no room."""
    with pytest.raises(AssertionError, match=words):
        asked(GROUP | change)


@pytest.mark.parametrize(("codes", "error"), [("200-499", "404"), ("200,503", "503"), ("200-599", "404")])
def test_an_error_is_not_well(codes: str, error: str) -> None:
    """A range that holds an error's code is told with it."""
    calls_no_error_well("letters", ["200", "200-299", "200,204"])
    with pytest.raises(AssertionError, match=f"answers {codes}: {error}"):
        calls_no_error_well("letters", ["200", codes])


TEMPLATE: dict[str, Any] = {
    "ImageId": "ami-own",
    "InstanceType": "t3.small",
    "MetadataOptions": {"HttpTokens": "required"},
    "Monitoring": {"Enabled": True},
    "IamInstanceProfile": {"Name": "web"},
    "SecurityGroupIds": ["sg-machines"],
}


class Templates:
    """An account with an image of its own, and a launch template."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.template = template

    def client(self, service: str) -> Templates:
        assert service == "ec2"
        return self

    def describe_images(self, Owners: list[str]) -> dict[str, Any]:  # noqa: N803
        assert Owners == ["self"]
        return {"Images": [{"ImageId": "ami-own"}]}

    def describe_launch_template_versions(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"LaunchTemplateId": "lt-1", "Versions": ["2"]}
        return {"LaunchTemplateVersions": [{"LaunchTemplateData": self.template}]}


LAUNCHES = {**GROUP, "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "2"}}


def account(**change: Any) -> Account:
    return cast(Account, Templates({k: v for k, v in (TEMPLATE | change).items() if v is not None}))


def examined(**change: Any) -> None:
    is_a_good_machine(account(**change), LAUNCHES, kind="t3.small", profile="web")


@pytest.mark.parametrize("profile", [{"Name": "web"}, {"Arn": "arn:aws:iam::1:instance-profile/shops/web"}])
def test_a_good_machine(profile: dict[str, str]) -> None:
    """Its profile is known by its name or by its ARN, whatever the path."""
    examined(IamInstanceProfile=profile)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ImageId": "ami-else"}, "launches image ami-else; Hazelmere's is ami-own"),
        ({"MetadataOptions": None}, "HttpTokens not set"),
        ({"MetadataOptions": {"HttpTokens": "optional"}}, "HttpTokens optional"),
        ({"InstanceType": "t3.large"}, "has the type t3.large; a t3.small"),
        ({"Monitoring": None}, "leaves detailed monitoring off"),
        ({"Monitoring": {"Enabled": False}}, "leaves detailed monitoring off"),
        ({"IamInstanceProfile": None}, "the instance profile none and the key pair none"),
        ({"IamInstanceProfile": {"Name": "admin"}}, "the instance profile admin and"),
        ({"IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/web-2"}}, "profile web-2 and"),
        ({"KeyName": "laptop"}, "the instance profile web and the key pair laptop"),
    ],
)
def test_what_is_wrong_with_a_machine_is_told(change: dict[str, Any], words: str) -> None:
    """A stranger's image, IMDSv1, another size, slow metrics, no role, a key."""
    with pytest.raises(AssertionError, match=words):
        examined(**change)


WORLD = "0.0.0.0/0"
OUT = SecurityGroupRule("egress", "-1", cidr=WORLD)
FROM_DOOR = SecurityGroupRule("ingress", "tcp", 8080, 8080, group="sg-door")
OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))
ZONES = {"a": 1, "b": 2}
DOOR = LoadBalancer(
    "arn:door", "vpc-1", subnets=("web-a", "web-b"), security_groups=("sg-door",),
    listeners=(Listener(443, "HTTPS", (PAGE,)),),
)  # fmt: skip


def site(
    *homes: str, rules: tuple[SecurityGroupRule, ...] = (FROM_DOOR,), worn: str = "sg-machines"
) -> Network:
    """A door in two zones, and behind it a machine in each of the subnets that are named."""
    subnets = [Subnet(f"web-{z}", "vpc-1", f"10.0.{n}.0/24", f"eu-west-1{z}") for z, n in ZONES.items()]
    subnets += [Subnet(f"app-{z}", "vpc-1", f"10.0.1{n}.0/24", f"eu-west-1{z}") for z, n in ZONES.items()]
    visitors = SecurityGroupRule("ingress", "tcp", 443, 443, cidr=WORLD)
    return Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=tuple(subnets),
        route_tables=(
            RouteTable("rtb-main", "vpc-1", main=True),
            RouteTable("rtb-web", "vpc-1", (Route(WORLD, "igw-1"),), ("web-a", "web-b")),
        ),
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
        network_acls=(NetworkAcl("acl-1", "vpc-1", tuple(one.id for one in subnets), OPEN, default=True),),
        security_groups=(
            SecurityGroup("sg-door", "vpc-1", (visitors, OUT)),
            SecurityGroup("sg-machines", "vpc-1", (*rules, OUT)),
            SecurityGroup("sg-wide", "vpc-1", (SecurityGroupRule("ingress", "-1", cidr="10.0.0.0/8"), OUT)),
            SecurityGroup("sg-shut", "vpc-1"),
        ),
        interfaces=tuple(
            Interface(
                f"eni-{n}", "vpc-1", home, private_ips=(f"10.0.1{ZONES[home[-1]]}.{n + 10}",),
                security_groups=(worn,), attached_to=f"i-{n}",
            )
            for n, home in enumerate(homes)
        ),
        instances=tuple(Instance(f"i-{n}", (f"eni-{n}",)) for n, _ in enumerate(homes)),
        load_balancers=(DOOR,),
        target_groups=(
            TargetGroup(PAGE, "vpc-1", 8080, targets=tuple(Target(f"i-{n}") for n, _ in enumerate(homes))),
        ),
    )  # fmt: skip


def group_in(network: Network, *subnets: str) -> dict[str, Any]:
    zones = {subnet.id: subnet.az for subnet in network.subnets}
    there = [
        {"InstanceId": one.attached_to, "AvailabilityZone": zones[one.subnet]} for one in network.interfaces
    ]
    return {**LAUNCHES, "VPCZoneIdentifier": ",".join(subnets), "Instances": there}


def test_each_zone_alone() -> None:
    """Machines behind a door in both zones: it goes on without either."""
    network = site("app-a", "app-b")
    each_zone_can_do_alone(network, DOOR, group_in(network, "app-a", "app-b"))


@pytest.mark.parametrize(("homes", "lost"), [(("app-a", "app-a"), "1a"), (("app-b", "app-b"), "1b")])
def test_machines_that_all_stand_in_one_zone(homes: tuple[str, ...], lost: str) -> None:
    """The group may launch in both; where its machines are now is what counts on the day."""
    network = site(*homes)
    with pytest.raises(AssertionError, match=f"Zone eu-west-{lost} was taken away") as failed:
        each_zone_can_do_alone(network, DOOR, group_in(network, "app-a", "app-b"))
    assert f"Group booking has i-0 in eu-west-{lost} and i-1 in eu-west-{lost}." in str(failed.value)


@pytest.mark.parametrize("homes", [("app-a", "app-b"), ("app-a",), ()], ids=["two", "one", "none yet"])
def test_behind_the_door(homes: tuple[str, ...]) -> None:
    """Machines that run and those that would come next are reached by their door, and by nobody else."""
    network = site(*homes)
    behind_the_door(account(), network, DOOR, group_in(network, "app-a", "app-b"), 8080)


@pytest.mark.parametrize(
    ("network", "template", "words"),
    [
        (site("app-a", rules=()), {}, "from arn:door to eni-0, tcp port 8080"),
        (site("app-a", worn="sg-wide"), {}, "from a stranger's machine in web-a to eni-0"),
        (site("app-a", "app-b"), {"SecurityGroupIds": ["sg-shut"]}, "arn:door to a new machine in app-a"),
        (site(), {"SecurityGroupIds": ["sg-wide"]}, "stranger's machine in web-a to a new machine in app-a"),
        (site("app-a"), {"SecurityGroupIds": ["sg-wide"]}, "to a new machine in app-a"),
        (site("app-a", rules=(FROM_DOOR, replace(FROM_DOOR, from_port=22, to_port=22, group="", cidr=WORLD))),
         {}, "web-a to eni-0, tcp port 22"),
        (site("app-a", rules=(FROM_DOOR, SecurityGroupRule("ingress", "udp", 53, 53, cidr="10.0.2.0/24"))),
         {}, "web-b to eni-0, udp"),
        (site("app-a", rules=(FROM_DOOR, SecurityGroupRule("ingress", "icmp", -1, -1, cidr="10.0.2.0/24"))),
         {}, "web-b to eni-0, icmp"),
    ],
    ids=["no way in", "a wide group", "the next is shut", "the next is open", "one runs, the next is open",
         "SSH", "udp", "ping"],
)  # fmt: skip
def test_not_behind_the_door(network: Network, template: dict[str, Any], words: str) -> None:
    """A machine that runs and one that comes are asked each: a template may have changed since."""
    with pytest.raises(AssertionError) as failed:
        behind_the_door(account(**template), network, DOOR, group_in(network, "app-a", "app-b"), 8080)
    assert words in str(failed.value)


@pytest.mark.parametrize(
    ("name", "words"), [("front row", "web-b (front row), a"), ("", "web-b (10.0.2.0/24)")]
)
def test_a_group_in_a_public_subnet(name: str, words: str) -> None:
    """It is told by its name, and by its range where it has none."""
    network = site()
    network = replace(network, subnets=tuple(replace(each, name=name) for each in network.subnets))
    with pytest.raises(AssertionError) as failed:
        behind_the_door(account(), network, DOOR, group_in(network, "app-a", "web-b"), 8080)
    assert words in str(failed.value)


def test_a_template_without_a_group_gives_the_default_one() -> None:
    """As EC2 does it: what the VPC's default group lets in is what counts."""
    network = site()
    good = SecurityGroup("sg-default", "vpc-1", (FROM_DOOR, OUT), group_name="default")
    other = SecurityGroup("sg-other", "vpc-2", (), group_name="default")
    with_default = replace(network, security_groups=(*network.security_groups, other, good))
    group = group_in(network, "app-a", "app-b")
    behind_the_door(account(SecurityGroupIds=None), with_default, DOOR, group, 8080)
    shut = replace(network, security_groups=(*network.security_groups, replace(good, rules=(OUT,))))
    with pytest.raises(AssertionError, match="every machine unwell"):
        behind_the_door(account(SecurityGroupIds=None), shut, DOOR, group, 8080)


def test_a_group_that_was_just_made_has_no_list_of_machines() -> None:
    """Only the next ones can be asked then."""
    network = site()
    group = group_in(network, "app-a") | {"Instances": None}
    behind_the_door(account(), network, DOOR, group, 8080)
