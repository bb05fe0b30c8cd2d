"""The contest's bucket and what lies in it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.s3_state import or_none, region_of
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def client(account: Account, brief: Brief) -> Any:
    """An S3 client for the contest's Region."""
    return account.client("s3", region_name=brief.home_region)


def content(account: Account, brief: Brief, bucket: str, key: str) -> bytes:
    """An object's bytes; none when a GET finds nothing. An archived object fails the task."""
    try:
        reply = or_none(
            lambda: client(account, brief).get_object(Bucket=bucket, Key=key),
            "NoSuchKey",
            "NoSuchBucket",
            "404",
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code != "InvalidObjectState":
            raise
        raise AssertionError(
            Because(
                found=f"A GET of {key} in {bucket} was answered with {code}: the object is archived.",
                consequence="Whoever wants to read it has to ask for a restore, and to wait for hours.",
                concept="A storage class decides what a read costs, and in the archives when it is answered.",
            )
        ) from None
    return b"" if reply is None else bytes(reply["Body"].read())


def keys_below(account: Account, brief: Brief, bucket: str, prefix: str) -> dict[str, int]:
    """Every key below a prefix with its size."""
    pages = client(account, brief).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {thing["Key"]: thing["Size"] for page in pages for thing in page.get("Contents", [])}


def own_bucket(account: Account, brief: Brief) -> None:
    """The bucket of task 1, which the other tasks build on."""
    assert region_of(account, brief.bucket, brief.home_region), Because(
        found=f"There is no bucket {brief.bucket} in this account. {seen(account)}",
        consequence="There is no place for what this task puts away.",
        concept="Each task builds on the ones before it.",
    )


def seen(account: Account) -> str:
    """The buckets of the account, in a sentence."""
    names = [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    return f"It has {len(names)} buckets{''.join(f', {name}' for name in names)}."


def shortly(value: Any) -> str:
    """A value as it was handed in, its first 160 characters."""
    text = repr(value)
    return text[:160]
