"""The estimate of an account that was built through the sandbox, read as a grader reads it."""

from __future__ import annotations

import pytest

from cloudlings.cost import estimate
from cloudlings.sandbox import Sandbox
from tests.network.build import build

SHOP = {
    "vpcs": {"shop": {"cidr": "10.0.0.0/16"}},
    "igws": {"igw": "shop"},
    "subnets": {
        "public-a": {"vpc": "shop", "cidr": "10.0.1.0/24", "az": "a"},
        "public-b": {"vpc": "shop", "cidr": "10.0.2.0/24", "az": "b"},
        "app": {"vpc": "shop", "cidr": "10.0.11.0/24", "az": "a"},
    },
    "nats": {"nat": {"subnet": "public-a"}},
    "sgs": {"sg": {"vpc": "shop", "in": [["tcp", "443", "0.0.0.0/0"]]}},
    "instances": {"web": {"subnet": "app", "sgs": ["sg"]}},
    "dbs": {"orders": {"subnets": ["app", "public-b"], "sgs": ["sg"]}},
    "lbs": {"alb": {"subnets": ["public-a", "public-b"], "sgs": ["sg"], "listeners": [80]}},
    "endpoints": {
        "secrets": {
            "type": "Interface",
            "service": "secretsmanager",
            "vpc": "shop",
            "subnets": ["app", "public-b"],
            "sgs": ["sg"],
        },
        "s3": {"type": "Gateway", "service": "s3", "vpc": "shop", "tables": []},
    },
}
ACCOUNT = "222233334444"


@pytest.mark.xdist_group("network-reading")
def test_a_lab_built_through_the_sandbox_is_priced() -> None:
    """Each resource is a line at its list price for 730 hours; a gateway endpoint and the VPC are free."""
    with Sandbox.temporary() as sandbox:
        sandbox.provision(ACCOUNT)
        build(SHOP, sandbox.session(ACCOUNT, "learner", "us-east-1"))
        made = estimate(sandbox.session(ACCOUNT, "grader", "us-east-1"))
    by_service = {name: round(usd, 2) for name, usd in made.by_service().items()}
    assert made.complete
    assert by_service["nat"] == 32.85
    assert by_service["lb"] == 16.43
    assert by_service["endpoint"] == 14.6
    # One address of the NAT gateway, and one of the load balancer in each of its two zones.
    assert by_service["ipv4"] == 10.95
    assert by_service["ec2"] == 7.59
    assert by_service["rds"] == pytest.approx(11.68 + 20 * 0.115, abs=0.01)
    assert any("not confirmed" in str(line) for line in made.unconfirmed)
