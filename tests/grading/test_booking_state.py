"""What graders find of a booking page: its door, the groups behind it, and which group of machines is its."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading import booking_state
from cloudlings.grading.booking_state import fleet_of, front_of, jobs_of, page_and_api, portal_network
from cloudlings.grading.front_rules import Front
from cloudlings.grading.task import NotAttempted
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import LoadBalancer, Vpc

BRIEF = Brief(
    {
        "vpc_cidr": "10.7.0.0/16",
        "letters": "letters",
        "reports": "reports",
        "domain": "page.example",
        "api": "v2",
    }
)
VPC = Vpc("vpc-1", ("10.7.0.0/16",))


def to(group: str) -> list[dict[str, Any]]:
    return [{"Type": "forward", "TargetGroupArn": group}]


RULES = [
    {
        "Priority": "10",
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v2/*"]}}],
        "Actions": to("arn:api"),
    },
    {"Priority": "default", "IsDefault": True, "Actions": to("arn:page")},
]


class Shop:
    """An account with load balancers (ports by name), one list of rules, target groups and groups."""

    def __init__(
        self,
        doors: dict[str, list[int]] | None = None,
        groups: dict[str, list[str]] | None = None,
        rules: list[dict[str, Any]] | None = None,
    ) -> None:
        self.doors, self.groups = doors or {}, groups or {}
        self.rules = RULES if rules is None else rules

    def client(self, service: str) -> Shop:
        assert service in ("elbv2", "autoscaling")
        return self

    def describe_load_balancers(self) -> dict[str, Any]:
        rows = [
            {
                "LoadBalancerName": name,
                "LoadBalancerArn": f"arn:{name}",
                "VpcId": "vpc-1",
                "Type": "application",
            }
            for name in self.doors
        ]
        elsewhere = {**rows[0], "LoadBalancerName": "elsewhere", "VpcId": "vpc-2"} if rows else {}
        other = {**rows[0], "LoadBalancerName": "by-address", "Type": "network"} if rows else {}
        return {"LoadBalancers": [*rows, elsewhere, other]}

    def describe_listeners(self, LoadBalancerArn: str) -> dict[str, Any]:  # noqa: N803
        ports = self.doors[LoadBalancerArn.removeprefix("arn:")]
        return {"Listeners": [{"Port": port, "ListenerArn": f"{LoadBalancerArn}/{port}"} for port in ports]}

    def describe_rules(self, ListenerArn: str) -> dict[str, Any]:  # noqa: N803
        assert ListenerArn.endswith("/443")
        return {"Rules": self.rules}

    def describe_target_groups(self) -> dict[str, Any]:
        names = ("page", "api", "reports")
        return {"TargetGroups": [{"TargetGroupName": n, "TargetGroupArn": f"arn:{n}"} for n in names]}

    def describe_auto_scaling_groups(self) -> dict[str, Any]:
        rows = [
            {"AutoScalingGroupName": name} | ({"TargetGroupARNs": arns} if arns else {})
            for name, arns in self.groups.items()
        ]
        return {"AutoScalingGroups": rows}


def account(*given: Any, **more: Any) -> Account:
    return cast(Account, Shop(*given, **more))


def found(doors: dict[str, list[int]]) -> Front:
    network = Network(load_balancers=tuple(LoadBalancer(f"arn:{name}", "vpc-1") for name in doors))
    return front_of(account(doors), BRIEF, network, VPC)


@pytest.mark.parametrize(
    ("vpcs", "words"),
    [((), "is not there"), ((Vpc("vpc-2", ("10.8.0.0/16",)),), "is not there"),
     ((VPC, Vpc("vpc-2", VPC.cidrs)), "2 VPCs have the range")],
    ids=["none", "another", "two"],
)  # fmt: skip
def test_the_portal_s_network(monkeypatch: pytest.MonkeyPatch, vpcs: tuple[Vpc, ...], words: str) -> None:
    """It is the one with its range; none and two are told each in their own words."""
    monkeypatch.setattr(booking_state, "network_of", lambda *_: Network(vpcs=(VPC,)))
    assert portal_network(account(), BRIEF)[1] == VPC
    monkeypatch.setattr(booking_state, "network_of", lambda *_: Network(vpcs=vpcs))
    with pytest.raises(AssertionError, match=words):
        portal_network(account(), BRIEF)


@pytest.mark.parametrize(
    ("doors", "name"),
    [
        ({"booking": [80, 443]}, "booking"),
        ({"letters": [80, 443], "booking": [443]}, "booking"),
        ({"first-try": [80], "booking": [443]}, "booking"),
        ({"booking": [80]}, "booking"),
        ({"booking": []}, "booking"),
    ],
    ids=["one", "beside the letters", "beside one that nobody uses", "in clear only", "not listening yet"],
)
def test_the_page_s_door(doors: dict[str, list[int]], name: str) -> None:
    """The one that is new in the VPC and listens on 443; one that does not yet, where it is the only one."""
    front = found(doors)
    assert (front.raw["LoadBalancerName"], front.balancer.id) == (name, f"arn:{name}")
    assert list(front.listeners) == doors[name]


def test_no_door_yet() -> None:
    """The letters' was there before."""
    with pytest.raises(NotAttempted, match="no load balancer but letters"):
        found({"letters": [443]})


@pytest.mark.parametrize("doors", [{"one": [443], "two": [443]}, {"one": [80], "two": []}])
def test_two_doors(doors: dict[str, list[int]]) -> None:
    """Which one is the page's cannot be told."""
    with pytest.raises(AssertionError, match="2 load balancers could be the booking page's: one and two"):
        found(doors)


def test_where_page_and_api_are_served() -> None:
    """By the rules of 443; without a listener or a rule there, nowhere."""
    assert page_and_api(account({"door": [443]}), BRIEF, found({"door": [443]}))[1:] == (
        "arn:page",
        "arn:api",
    )
    assert page_and_api(account({"door": [80]}), BRIEF, found({"door": [80]})) == ([], "", "")
    assert page_and_api(account({"door": [443]}, rules=[]), BRIEF, found({"door": [443]})) == ([], "", "")


LEFT = {"letters": ["arn:letters"], "workers": ["arn:reports"]}


def fleet(groups: dict[str, list[str]]) -> tuple[str, str, str]:
    group, page, api = fleet_of(account({"door": [443]}, groups), BRIEF, found({"door": [443]}))
    return group["AutoScalingGroupName"], page, api


@pytest.mark.parametrize("served", [["arn:page", "arn:api"], ["arn:page"], ["arn:api"]])
def test_the_page_s_group(served: list[str]) -> None:
    """It is registered with the page's target group or the API's; others beside it are not asked."""
    assert fleet({**LEFT, "spare": [], "booking": served}) == ("booking", "arn:page", "arn:api")


@pytest.mark.parametrize("groups", [{}, {"letters": ["arn:letters"]}, LEFT])
def test_no_group_yet(groups: dict[str, list[str]]) -> None:
    """Those that were there, and the one that does the reports, are no attempt."""
    with pytest.raises(NotAttempted, match="no Auto Scaling group for the booking page; letters was there"):
        fleet(groups)


def test_a_group_behind_no_door() -> None:
    """The message names the new one only: it runs, and nobody comes."""
    with pytest.raises(AssertionError, match=r"^Group spare is there; none is registered"):
        fleet({**LEFT, "spare": []})


def test_two_groups_behind_one_door() -> None:
    """Each follows the load as if it were alone."""
    with pytest.raises(AssertionError, match="2 groups serve the page: blue and green"):
        fleet({**LEFT, "blue": ["arn:page"], "green": ["arn:api"]})


def test_the_jobs_target_group() -> None:
    """By its name."""
    assert [one["TargetGroupArn"] for one in jobs_of(account(), BRIEF)] == ["arn:reports"]
