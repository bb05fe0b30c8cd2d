"""What Sandpiper hands over: an inbox with folders that are none, unfinished uploads, a price list gone wrong."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state. Every call is idempotent, so a second run changes nothing."""
    s3 = accounts["main"].client("s3", region_name=brief["home_region"])
    stranger = accounts["stranger"].client("s3", region_name=brief["home_region"])
    _bucket(stranger, brief["obvious_name"], brief)
    for name in ("inbox", "shop"):
        _bucket(s3, brief[name], brief)
    _inbox(s3, brief)
    _unfinished(s3, brief)
    _prices(s3, brief)


def minutes(brief: Mapping[str, Any]) -> bytes:
    """The jury's minutes: made from their key and the bucket, so that they stand in no brief."""
    digest = hashlib.sha256(f"{brief['inbox']}/{brief['jury_key']}".encode()).hexdigest()
    return f"The jury met. Vote {digest[:16]}: unanimous.\n".encode()


def prices(brief: Mapping[str, Any]) -> bytes:
    """The price list as it was, before anybody touched it."""
    digest = int(hashlib.sha256(brief["shop"].encode()).hexdigest(), 16)
    rows = [f"print-{size},{digest // 97**size % 90 + 10}.00" for size in range(1, 7)]
    return ("\n".join(["item,eur", *rows]) + "\n").encode()


def views(brief: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Who looked at which photo and when: local times with their offsets, days apart by UTC."""
    start = dt.datetime.fromisoformat(brief["first_day"]).replace(tzinfo=dt.UTC)
    digest = int(hashlib.sha256(brief["inbox"].encode()).hexdigest(), 16)
    for number in range(brief["days"] * 8):
        moment = start + dt.timedelta(hours=3 * number + 2, minutes=digest // (number + 3) % 59)
        zone = dt.timezone(dt.timedelta(hours=(-9, -4, 0, 2, 9)[digest // (number + 7) % 5]))
        yield {"id": number, "at": moment.astimezone(zone).isoformat(), "photo": f"{number % 7}.jpg"}


def _bucket(s3: Any, name: str, brief: Mapping[str, Any]) -> None:
    taken = (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists)
    with contextlib.suppress(*taken):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": brief["home_region"]})


def _inbox(s3: Any, brief: Mapping[str, Any]) -> None:
    bodies: dict[str, bytes] = {"walks/": b"", "walks/nobody yet/": b"", brief["jury_key"]: minutes(brief)}
    for beach in brief["beaches"]:
        bodies |= {f"walks/{beach}/1.jpg": b"\xff\xd8", f"walks/{beach}/raw/1.dng": b"II*\x00"}
    first = brief["beaches"][0]
    bodies |= {
        f"walks/{first}/": b"",
        f"walks/{first}/no-photos-today.txt": b"",
        "walks-2025/old.jpg": b"\xff",
    }
    bodies["raw/views.jsonl"] = "".join(json.dumps(view) + "\n" for view in views(brief)).encode()
    for key, body in bodies.items():
        s3.put_object(Bucket=brief["inbox"], Key=key, Body=body)


def _unfinished(s3: Any, brief: Mapping[str, Any]) -> None:
    """Two uploads that a train tunnel ended."""
    if s3.list_multipart_uploads(Bucket=brief["inbox"]).get("Uploads"):
        return
    for key in ("films/tunnel-1.mp4", "films/tunnel-2.mp4"):
        begun = s3.create_multipart_upload(Bucket=brief["inbox"], Key=key)["UploadId"]
        s3.upload_part(Bucket=brief["inbox"], Key=key, UploadId=begun, PartNumber=1, Body=b"half a film")


def _prices(s3: Any, brief: Mapping[str, Any]) -> None:
    """A list, overwritten by a script, then versioning suspended to save money, then deleted."""
    shop, key = brief["shop"], "prices.csv"
    if s3.list_object_versions(Bucket=shop, Prefix=key).get("Versions"):
        return
    s3.put_bucket_versioning(Bucket=shop, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=shop, Key=key, Body=prices(brief))
    s3.put_object(Bucket=shop, Key=key, Body=b"item,eur\nTraceback (most recent call last):\n")
    s3.put_bucket_versioning(Bucket=shop, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_object(Bucket=shop, Key=key)
