"""The account that Saltmarsh Ferries hands over: a table in the wrong Region, and leftovers in both."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state. Every step looks first, so a second run changes nothing."""
    session = accounts["main"]
    _table_in_the_wrong_region(session, brief)
    for number, region in enumerate((brief["table_region"], brief["bucket_region"])):
        _leftovers(session, region, number, brief["role"])


def _table_in_the_wrong_region(session: Any, brief: Mapping[str, Any]) -> None:
    dynamodb = session.client("dynamodb", region_name=brief["bucket_region"])
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=brief["table"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
        )


def _leftovers(session: Any, region: str, number: int, name: str) -> None:
    """A snapshot, a machine image and a secret that nobody remembers; one more snapshot in the second Region."""
    ec2 = session.client("ec2", region_name=region)
    if not ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
        for left in range(1 + number):
            volume = ec2.create_volume(AvailabilityZone=zone, Size=8 + 4 * left)["VolumeId"]
            ec2.create_snapshot(VolumeId=volume, Description=f"before the move, {name} {left}")
            ec2.delete_volume(VolumeId=volume)
        snapshot = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["SnapshotId"]
        ec2.register_image(
            Name=f"ferry-app-{name}-{number}",
            Architecture="x86_64",
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        )
    secrets = session.client("secretsmanager", region_name=region)
    with contextlib.suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(
            Name=f"ferry/{name}/{'mail' if number else 'payments'}", SecretString="old-and-unused"
        )
