"""Cases built and read back through a sandbox: what tests of the reader and the long run share."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from cloudlings.network.around import within
from cloudlings.network.cases import Case, check, load_cases
from cloudlings.network.reader import read_network
from cloudlings.network.topology import load_topology
from cloudlings.sandbox import Sandbox
from tests.network.build import build
from tests.network.gaps import gap, lost

CASES: Mapping[str, Case] = {
    case.id: case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in load_cases(file)
}
FIXED_PUBLIC_ADDRESS = re.compile(r"^54\.80\.|^2600:1f18:")
"""Public addresses that a topology loaded without an emulator hands out: emulators hand out their own."""

REFUSED = {
    ("AcceptVpcPeeringConnection", "InvalidStateTransition"): "peers of overlapping ranges",
    ("CreateRoute", "InvalidParameterValue"): "a route to a gateway of another VPC",
    ("DeleteSecurityGroup", "DependencyViolation"): "deleting a group that a rule refers to",
    ("DetachInternetGateway", "DependencyViolation"): "detaching a gateway under public addresses in use",
}
"""What a sandbox that says no like AWS does not let anybody build; the engine knows it from data only."""


def unreadable(case: Case) -> str:
    """Why a case cannot be asked of a network that an emulator made; "" when it can."""
    ends = {str(case.query.get(end, "")) for end in ("src", "dst")}
    nats = [one for one in load_topology(case.topology).interfaces if one.type == "nat_gateway"]
    if any(FIXED_PUBLIC_ADDRESS.match(end) for end in ends) or ends & {nat.private_ips[0] for nat in nats}:
        return "it names an address that an emulator does not hand out"
    return gap(case.topology) or lost(case.topology)


def differences(sandbox: Sandbox, case: Case) -> list[str]:
    """Builds a case as a learner, in an account of its own, reads it as a grader, and asks its question."""
    account = f"{100_000_000_000 + zlib.crc32(case.id.encode())}"
    sandbox.provision(account)
    try:
        ids = build(case.topology, sandbox.session(account, "learner", "us-east-1")).ids
    except ClientError as error:
        reason = REFUSED.get((error.operation_name, error.response["Error"]["Code"]))
        if reason is None:
            raise
        pytest.skip(f"gap: the sandbox refuses it as AWS does: {reason}")
    network = read_network(sandbox.session(account, "grader", "us-east-1"))
    assert network.unread == ()
    return check(case, within(network, {ids[vpc] for vpc in case.topology["vpcs"]}))
