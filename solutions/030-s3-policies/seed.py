"""The account that Kestrel Aerial Surveys hands over: public buckets, a broken replica, an archive."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

PUBLIC = ("flights", "tiles")


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state. Every call is idempotent, so a second run changes nothing."""
    session = accounts["main"]
    s3 = session.client("s3")
    _keys(session)
    for name in ("flights", "tiles", "vault", "reports", "logbooks"):
        _bucket(s3, brief[name], session.region_name)
    _open_to_the_world(s3, brief)
    _objects(s3, brief)
    _broken_replication(session, brief)


def _keys(session: Any) -> None:
    """Two keys: the one for the flights, and an old one that nothing should use any more."""
    kms = session.client("kms")
    known = {
        alias["AliasName"]
        for page in kms.get_paginator("list_aliases").paginate()
        for alias in page["Aliases"]
    }
    for name in ("kestrel-flights", "kestrel-2019"):
        if f"alias/{name}" not in known:
            key = kms.create_key(Description=f"{name}: made by the account's last owner")["KeyMetadata"]
            kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])


def _bucket(s3: Any, name: str, region: str) -> None:
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, **where)


def _open_to_the_world(s3: Any, brief: Mapping[str, Any]) -> None:
    """What the last owner did to "make the website work"."""
    policies = {
        "flights": {"StringLike": {"aws:Referer": "https://www.kestrel-surveys.example/*"}},
        "tiles": None,
    }
    for name in PUBLIC:
        bucket = brief[name]
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        )
        statement = {
            "Sid": "WebsiteRead",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        if policies[name]:
            statement["Condition"] = policies[name]
        s3.put_bucket_policy(
            Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
    s3.put_bucket_versioning(Bucket=brief["flights"], VersioningConfiguration={"Status": "Enabled"})


def _objects(s3: Any, brief: Mapping[str, Any]) -> None:
    frame = f"{brief['raw_prefix']}2026-03-02/strip-07/frame-0001.tif"
    s3.put_object(
        Bucket=brief["flights"], Key=frame, Body=b"II*\x00" + bytes(2000), Tagging=f"stage={brief['raw_tag']}"
    )
    s3.put_object(
        Bucket=brief["flights"], Key="index/2026-03-02.csv", Body=b"frame,lat,lon\n", Tagging="stage=index"
    )
    s3.put_object(Bucket=brief["tiles"], Key="12/2011/1275.png", Body=b"\x89PNG\r\n", ContentType="image/png")
    s3.put_object(
        Bucket=brief["vault"],
        Key=brief["survey_key"],
        Body=b"an old survey",
        StorageClass=brief["survey_class"],
    )
    s3.put_object(
        Bucket=brief["vault"], Key="thumbnails/cover.jpg", Body=b"small picture", StorageClass="GLACIER_IR"
    )
    s3.put_object(Bucket=brief["reports"], Key="2026/03/volume-report.pdf", Body=b"%PDF-1.7")


def _broken_replication(session: Any, brief: Mapping[str, Any]) -> None:
    """Pilots' logbooks: a rule of the old kind, to a bucket whose versioning was suspended later."""
    s3, there = session.client("s3"), session.client("s3", region_name=brief["copy_region"])
    source, copy = brief["logbooks"], brief["logbooks_copy"]
    _bucket(there, copy, brief["copy_region"])
    s3.put_bucket_versioning(Bucket=source, VersioningConfiguration={"Status": "Enabled"})
    there.put_bucket_versioning(Bucket=copy, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "copy",
        "Status": "Enabled",
        "Prefix": "",
        "Destination": {"Bucket": f"arn:aws:s3:::{copy}"},
    }
    s3.put_bucket_replication(
        Bucket=source,
        ReplicationConfiguration={"Role": _replication_role(session, source, copy), "Rules": [rule]},
    )
    there.put_bucket_versioning(Bucket=copy, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=source, Key="2026-03-02-GKEST.txt", Body=b"Take-off 09:12, landing 11:40\n")


def _replication_role(session: Any, source: str, copy: str) -> str:
    iam = session.client("iam")
    name = "kestrel-logbook-replication"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=name)["Role"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="replicate",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                        "Resource": f"arn:aws:s3:::{source}",
                    },
                    {
                        "Effect": "Allow",
                        "Action": [
                            "s3:GetObjectVersionForReplication",
                            "s3:GetObjectVersionAcl",
                            "s3:GetObjectVersionTagging",
                        ],
                        "Resource": f"arn:aws:s3:::{source}/*",
                    },
                    {
                        "Effect": "Allow",
                        "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
                        "Resource": f"arn:aws:s3:::{copy}/*",
                    },
                ],
            }
        ),
    )
    return str(role["Arn"])
