"""Where a function in subnets is: its network, its zones, what the network costs, its role."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.attached_rules import interfaces_of, makes_interfaces_only, without_nat
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import Function, NatGateway

BRIEF = Brief({"records": "reader", "records_role": "reader-role"})


def attached(**where: Any) -> Network:
    return Network(
        functions=(Function("f-2", "vpc-2", name="other"), Function("f-1", name="reader", **where))
    )


def test_interfaces() -> None:
    """Those of the function, in the network of the records."""
    assert interfaces_of(attached(vpc="vpc-1", interfaces=("eni-1", "eni-2")), BRIEF, "vpc-1") == [
        "eni-1",
        "eni-2",
    ]


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Network(), "reader is in no network; the records are in vpc-1"),
        (attached(vpc="vpc-2", interfaces=("eni-1",)), "reader is in vpc-2; the records"),
        (attached(vpc="vpc-1"), "reader is in vpc-1"),
    ],
)
def test_no_interfaces(network: Network, words: str) -> None:
    """A function that is not attached, is elsewhere, or has no interface yet."""
    with pytest.raises(AssertionError, match=words):
        interfaces_of(network, BRIEF, "vpc-1")


@pytest.mark.parametrize("state", ["available", "pending"])
def test_a_nat_gateway(state: str) -> None:
    """One that is there or on its way is paid for."""
    with pytest.raises(AssertionError, match="vpc-1 has the NAT gateway nat-1"):
        without_nat(Network(nat_gateways=(NatGateway("nat-1", "vpc-1", state=state),)), "vpc-1")


@pytest.mark.parametrize(
    ("vpc", "state"),
    [("vpc-1", "deleted"), ("vpc-1", "deleting"), ("vpc-1", "failed"), ("vpc-2", "available")],
)
def test_no_nat_gateway(vpc: str, state: str) -> None:
    """One that is gone is none, and one of another network is nobody's business."""
    without_nat(Network(nat_gateways=(NatGateway("nat-1", vpc, state=state),)), "vpc-1")


class Nobody:
    """An account without the role."""

    id, region_name = "111122223333", "eu-west-1"

    def client(self, _service: str) -> Nobody:
        return self

    def get_role(self, **_asked: Any) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetRole")

    def list_roles(self) -> Any:
        return {"Roles": [{"RoleName": "another"}]}


def test_no_role() -> None:
    """A role that is gone is told, with those that are there."""
    account: Any = Nobody()
    with pytest.raises(AssertionError, match="The roles are another"):
        makes_interfaces_only(account, BRIEF, [])
