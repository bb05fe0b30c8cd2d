"""Images: which one is the newest, by name or by AWS's public parameter, and what it says of IMDS."""

from __future__ import annotations

import re
from typing import Any

from cloudlings.sandbox.rules.common import one
from cloudlings.sandbox.rules.registry import Given, Output, before, reshape

PUBLIC = "/aws/service/ami-amazon-linux-latest/"
_NAMED = re.compile(r"(al2023-ami|al2023-ami-minimal)-kernel-(default|[\d.]+)-(x86_64|arm64)")


async def newest_image(given: Given, name: str) -> str:
    """The id of the image that a public parameter of Amazon Linux 2023 stands for; "" when none is known.

    Source: Amazon Linux 2023 User Guide, "Launching the latest AL2023 AMI".
    """
    asked = _NAMED.fullmatch(name.removeprefix(PUBLIC))
    if not asked:
        return ""
    prefix, kernel, architecture = asked.groups()
    pattern = f"{prefix}-2023*-kernel-{'*' if kernel == 'default' else kernel}-{architecture}"
    named: list[dict[str, Any]] = [{"Name": "name", "Values": [pattern]}]
    found = await given.read("DescribeImages", "ec2", Owners=["amazon"], Filters=named)
    images = sorted(found.get("Images", []), key=lambda image: str(image["Name"]))
    return str(images[0]["ImageId"]) if images else ""


@reshape("ssm", "GetParameter")
async def image_of_a_public_parameter(given: Given, output: Output) -> None:
    """AWS's public parameters of Amazon Linux name an image that can be launched in the Region.

    Source: Systems Manager User Guide, "Calling AMI public parameters". The emulator's own id is of no image.
    """
    image = await newest_image(given, given.input.get("Name", ""))
    if image and "Parameter" in output:
        output["Parameter"]["Value"] = image


@reshape("ssm", "GetParameters")
async def images_of_public_parameters(given: Given, output: Output) -> None:
    """As for one parameter.

    Source: Systems Manager User Guide, "Calling AMI public parameters".
    """
    for parameter in output.get("Parameters", []):
        parameter["Value"] = await newest_image(given, parameter["Name"]) or parameter["Value"]


@before("ec2", "RunInstances")
async def image_by_parameter(given: Given) -> dict[str, Any] | None:
    """An image may be named as ``resolve:ssm:`` and a parameter's name.

    Source: EC2 API reference, RunInstances, ImageId.
    """
    asked = given.input.get("ImageId") or ""
    name = asked.removeprefix("resolve:ssm:").removeprefix("arn:aws:ssm:::parameter")
    image = await newest_image(given, name) if name != asked else ""
    return given.input | {"ImageId": image} if image else None


@before("ec2", "RunInstances")
async def sessions_by_default(given: Given) -> dict[str, Any] | None:
    """An instance of Amazon Linux 2023 wants session tokens (IMDSv2), with a hop limit of 2, unless told.

    Source: EC2 User Guide, "Instance metadata options", "Order of precedence": launch request, account, AMI;
    Amazon Linux 2023 User Guide, "IMDSv2".
    """
    asked = given.input
    options = asked.get("MetadataOptions") or {}
    if options.get("HttpTokens") or asked.get("LaunchTemplate"):
        return None
    image = await one(given, "DescribeImages", "Images", ImageIds=[asked.get("ImageId", "")])
    if not str(image.get("Name", "")).startswith("al2023-"):
        return None
    return asked | {"MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2} | options}
