"""DescribeSnapshots and its owners."""

from __future__ import annotations

import pytest

from cloudlings.sandbox.model import Call, Request, Response
from cloudlings.sandbox.rules.ebs import only_the_owners_snapshots, owners_by_filter
from cloudlings.sandbox.rules.registry import Given

FOUND = [
    {"SnapshotId": "snap-1", "OwnerId": "111122223333"},
    {"SnapshotId": "snap-2", "OwnerId": "801119661308"},
]


async def nobody(_service: str, _request: Request) -> Response:
    raise AssertionError("the rule asks nobody")


async def nothing(_arn: str, _region: str) -> dict[str, object]:
    raise AssertionError("the rule looks nothing up")


def given(form: str) -> Given:
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/", "", headers, form.encode())
    call = Call(request, "ec2", "DescribeSnapshots", "eu-west-1", None, "111122223333")
    return Given(call, nobody, nothing)


def asked(form: str) -> list[str]:
    output = {"Snapshots": list(FOUND)}
    only_the_owners_snapshots(given(form), output)
    return [each["SnapshotId"] for each in output["Snapshots"]]


@pytest.mark.parametrize(
    ("form", "seen"),
    [
        ("Action=DescribeSnapshots", ["snap-1", "snap-2"]),
        ("Action=DescribeSnapshots&Owner.1=self", ["snap-1"]),
        ("Action=DescribeSnapshots&Owner.1=801119661308", ["snap-2"]),
        ("Action=DescribeSnapshots&Owner.1=self&Owner.2=801119661308", ["snap-1", "snap-2"]),
        ("Action=DescribeSnapshots&Owner.1=999999999999", []),
    ],
)
def test_owners(form: str, seen: list[str]) -> None:
    """Only the snapshots of the owners asked for are in the answer; without owners, all."""
    assert asked(form) == seen


def test_own_snapshots_are_asked_for_by_a_filter() -> None:
    """The account's number stands for self, beside the filters that were asked for; amazon is no number."""
    own = {"Name": "owner-id", "Values": ["111122223333", "801119661308"]}
    found = owners_by_filter(
        given(
            "Action=DescribeSnapshots&Owner.1=self&Owner.2=801119661308"
            "&Filter.1.Name=status&Filter.1.Value.1=completed"
        )
    )
    assert found == {"Filters": [{"Name": "status", "Values": ["completed"]}, own]}
    assert owners_by_filter(given("Action=DescribeSnapshots&Owner.1=self&Owner.2=amazon")) is None
    assert owners_by_filter(given("Action=DescribeSnapshots")) is None
