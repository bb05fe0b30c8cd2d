"""A film that was uploaded in parts: how many, and whether they make the film."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.contest_bucket import client, content
from cloudlings.grading.s3_state import head
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def unfinished(account: Account, brief: Brief, bucket: str) -> list[str]:
    return [
        each["Key"]
        for each in client(account, brief).list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    ]


BEGUN = ("films/tunnel-1.mp4", "films/tunnel-2.mp4")
"""The keys of the uploads that lie unfinished in the inbox."""


def aborted(account: Account, brief: Brief) -> None:
    """The uploads of the inbox were ended without becoming objects."""
    made = [key for key in BEGUN if head(account, brief.inbox, key, brief.home_region)]
    assert not made, Because(
        found=f"{brief.inbox} has {len(made)} new objects where uploads were unfinished: {', '.join(made)}.",
        consequence="Half a film is stored and billed as before, and listings show it like a whole one.",
        concept="Two calls end an upload in parts: one makes an object of what has arrived, the other throws "
        "it away.",
    )


def of_three(account: Account, brief: Brief, found: Mapping[str, Any]) -> None:
    """The object was put together from three parts, and is the film."""
    etag = str(found.get("ETag", "")).strip('"')
    count = etag.partition("-")[2] or "no"
    assert count == "3", Because(
        found=f"{brief.film_key} has the ETag {etag}: it was uploaded in {count} parts.",
        consequence="When the connection breaks near the end, the film begins again from the start."
        if count == "no"
        else "The parts are not those that were planned.",
        concept="The ETag of an upload in parts ends in a hyphen and their number.",
    )
    read = client(account, brief).get_object_attributes
    kept = read(Bucket=brief.bucket, Key=brief.film_key, ObjectAttributes=["ObjectParts"])
    sizes = [part["Size"] for part in kept.get("ObjectParts", {}).get("Parts", [])]
    film = _the_film(brief)
    assert _is_film(account, brief, etag, sizes), Because(
        found=f"{brief.film_key} has {found['ContentLength']:,} bytes, ETag {etag}; the film has "
        f"{len(film):,}.",
        consequence="Somewhere in the film there is a jump.",
        concept="S3 puts parts together by their numbers, as they were cut.",
    )


def _is_film(account: Account, brief: Brief, etag: str, sizes: list[int]) -> bool:
    """Told by the parts' sizes and the ETag; by the bytes where S3 does not say the sizes."""
    if sizes:
        return sum(sizes) == brief.film_bytes and etag == _etag_of(_the_film(brief), sizes)
    return content(account, brief, brief.bucket, brief.film_key) == _the_film(brief)


def _the_film(brief: Brief) -> bytes:
    word = f"{brief.film_key};".encode()
    film: bytes = (word * (brief.film_bytes // len(brief.film_key) + 1))[: brief.film_bytes]
    return film


def _etag_of(film: bytes, sizes: Iterable[int]) -> str:
    """The ETag that S3 makes: the MD5 of the parts' MD5s, and how many there are."""
    digests, at = [], 0
    for size in sizes:
        digests.append(hashlib.md5(film[at : at + size], usedforsecurity=False).digest())
        at += size
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
