"""DescribeSnapshots and its owners."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from cloudlings.sandbox.model import Call, Request, Response
from cloudlings.sandbox.rules.ebs import only_the_owners_snapshots

BODY = b"""<?xml version="1.0"?><DescribeSnapshotsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
<snapshotSet><item><snapshotId>snap-1</snapshotId><ownerId>111122223333</ownerId></item>
<item><snapshotId>snap-2</snapshotId><ownerId>801119661308</ownerId></item></snapshotSet></DescribeSnapshotsResponse>"""


def asked(form: str) -> list[str]:
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/", "", headers, form.encode())
    call = Call(request, "ec2", "DescribeSnapshots", "eu-west-1", None, "111122223333")

    async def nobody(_: Request) -> Response:
        raise AssertionError("the rule asks nobody")

    answer = asyncio.run(only_the_owners_snapshots(call, Response(200, (), BODY), nobody))
    root = ElementTree.fromstring(answer.body)
    return [element.text or "" for element in root.iter() if element.tag.endswith("snapshotId")]


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
