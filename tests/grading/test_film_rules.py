"""A film that was uploaded in three parts: told by what S3 keeps of the parts, or by the bytes."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from cloudlings.grading.film_rules import of_three
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
