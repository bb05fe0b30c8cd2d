"""A film that was uploaded in three parts: told by what S3 keeps of the parts, or by the bytes."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.contest_bucket import content
from cloudlings.grading.film_rules import aborted, of_three
from cloudlings.lab import Brief

BRIEF = Brief({"bucket": "films", "film_key": "a.mp4", "film_bytes": 30, "home_region": "eu-west-1"})
FILM = b"a.mp4;" * 5
CUT = (12, 12, 6)


def tagged(data: bytes, sizes: tuple[int, ...]) -> str:
    digests, at = b"", 0
    for size in sizes:
        digests += hashlib.md5(data[at : at + size], usedforsecurity=False).digest()
        at += size
    return f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(sizes)}"'


class Store:
    """An account with one object, of which S3 tells the parts' sizes, or does not."""

    def __init__(self, data: bytes, sizes: tuple[int, ...] = ()) -> None:
        self.data, self.sizes = data, sizes

    def client(self, _service: str, region_name: str) -> Store:
        del region_name
        return self

    def get_object_attributes(self, **_asked: Any) -> dict[str, Any]:
        parts = {"TotalPartsCount": 3} | (
            {"Parts": [{"Size": size} for size in self.sizes]} if self.sizes else {}
        )
        return {"ObjectParts": parts}

    def get_object(self, **_asked: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.data)}


def judged(data: bytes, etag: str, sizes: tuple[int, ...] = ()) -> None:
    account: Any = Store(data, sizes)
    of_three(account, BRIEF, {"ETag": etag, "ContentLength": len(data)})


def test_the_film() -> None:
    """By the sizes of its parts and its ETag; by its bytes where S3 does not tell the sizes."""
    judged(b"not read", tagged(FILM, CUT), CUT)
    judged(FILM, '"of another kind-3"')


@pytest.mark.parametrize(
    ("data", "etag", "sizes", "words"),
    [
        (FILM, '"0123"', (), "in no parts"),
        (FILM, tagged(FILM, (15, 15)), (15, 15), "in 2 parts"),
        (FILM, tagged(FILM[::-1], CUT), CUT, "a jump"),
        (FILM + b"a", tagged(FILM + b"a", (12, 12, 7)), (12, 12, 7), "has 31 bytes"),
        (FILM[6:], tagged(FILM, CUT), (), "has 24 bytes"),
    ],
)
def test_no_film(data: bytes, etag: str, sizes: tuple[int, ...], words: str) -> None:
    """In one piece, in two, put together otherwise, too long, too short."""
    with pytest.raises(AssertionError, match=words):
        judged(data, etag, sizes)


class Inbox:
    """An account whose bucket holds these keys."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def client(self, _service: str, region_name: str) -> Inbox:
        del region_name
        return self

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Bucket != "inbox" or Key not in self.keys:
            raise ClientError({"Error": {"Code": "404", "Message": ""}}, "HeadObject")
        return {"ContentLength": 11}


def test_an_upload_that_was_completed_is_not_aborted() -> None:
    """It has become an object; others in the same folder are the learner's."""
    brief = Brief({"inbox": "inbox", "home_region": "eu-west-1"})
    inbox: Any = Inbox("films/mine.mp4")
    aborted(inbox, brief)
    inbox = Inbox("films/tunnel-2.mp4")
    with pytest.raises(AssertionError, match=r"1 new objects where uploads were unfinished: films/tunnel-2"):
        aborted(inbox, brief)


def test_an_archived_object_has_no_bytes_to_compare() -> None:
    """A GET of it fails the task and says why; another error is an error."""

    class Vault(Inbox):
        def get_object(self, **_asked: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": self.keys[0], "Message": ""}}, "GetObject")

    brief = Brief({"home_region": "eu-west-1"})
    vault: Any = Vault("InvalidObjectState")
    with pytest.raises(AssertionError, match="the object is archived"):
        content(vault, brief, "b", "k")
    vault = Vault("SlowDown")
    with pytest.raises(ClientError):
        content(vault, brief, "b", "k")
    vault = Vault("NoSuchKey")
    assert content(vault, brief, "b", "k") == b""
