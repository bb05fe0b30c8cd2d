"""What graders ask of an Auto Scaling group as it is described."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.fleet_rules import calls_no_error_well, hears_of_illness, serves_all, survives_loss_of
from cloudlings.network import Network
from cloudlings.network.model import Subnet, Vpc

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


@pytest.mark.parametrize("change", [{}, {"HealthCheckType": "EC2,ELB"}, {"MinSize": 3}, {"MaxSize": 9}])
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
