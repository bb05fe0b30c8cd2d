"""EBS as EC2's API reference has it, where moto lacks it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from cloudlings.sandbox.model import Call, Response
from cloudlings.sandbox.rules.registry import Ask, after


@after("ec2", "DescribeSnapshots")
async def only_the_owners_snapshots(call: Call, response: Response, ask: Ask) -> Response:  # noqa: ARG001
    """OwnerIds narrows the answer: ``self`` is the caller's account, ``amazon`` Amazon's public ones.

    Source: EC2 API reference, DescribeSnapshots, Owner.N. moto takes the parameter and ignores it, so an
    empty account seems to own the snapshots of every public image.
    """
    owners = {value for name, value in call.request.form.items() if name.startswith("Owner.")}
    if not owners or response.status != 200:
        return response
    wanted = {call.account_id if owner == "self" else owner for owner in owners}
    root = ElementTree.fromstring(response.body)
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    ElementTree.register_namespace("", space.strip("{}"))
    for found in root.iter(f"{space}snapshotSet"):
        for item in list(found):
            owner = item.findtext(f"{space}ownerId", "")
            alias = "" if owner == call.account_id else "amazon"
            if owner not in wanted and alias not in wanted:
                found.remove(item)
    return replace(response, body=ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
