"""Whether a function makes small pictures of those in a bucket: planted, asked for twice, and taken away."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from cloudlings.account import Account
from cloudlings.grading.function_state import TRACE, answered, invoked
from cloudlings.grading.task import Because
from cloudlings.models.pictures import Picture, painted, read, write

PROBES = ("lambda:Invoke", "s3:PutObject", "s3:DeleteObject")
"""What a task must declare to use this page."""

_MISSING = (
    "To a caller who may not list the bucket S3 says AccessDenied (s3:ListBucket) of a key that is not "
    f"there. Compare the key that was asked for with the one in the bucket. {TRACE}"
)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Place:
    """A bucket, where pictures come in, where small ones go, and how large they may be."""

    bucket: str
    uploads: str
    thumbs: str
    side: int


def pictures(place: Place) -> dict[str, Picture]:
    """Two pictures by key: a wide one with a name that a URL changes, and a small one whose folders
    repeat the prefix."""
    rng = random.Random(f"{place.bucket} {place.uploads}")
    return {
        f"{place.uploads}Dr. Zoë + {rng.randrange(100, 999)} % check.png": _quarters(rng, 300, 180),
        f"{place.uploads}north/{rng.randrange(10, 99)}/{place.uploads}tiny.png": _quarters(rng, 40, 64),
    }


def _quarters(rng: random.Random, width: int, height: int) -> Picture:
    """A picture of four colours that nobody can guess."""
    colours: list[Colour] = [
        (rng.randrange(20, 236), rng.randrange(20, 236), rng.randrange(20, 236)) for _ in range(4)
    ]
    return painted(width, height, lambda x, y: colours[2 * (2 * y >= height) + (2 * x >= width)])


def event(place: Place, *keys: str) -> dict[str, Any]:
    """What S3 sends for new objects: one record each, keys as in a URL."""
    rows = [{"bucket": {"name": place.bucket}, "object": {"key": quote_plus(key, safe="/")}} for key in keys]
    common = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
    return {"Records": [{**common, "s3": row} for row in rows]}


def makes_small_ones(account: Account, function: str, place: Place) -> None:
    """Plants two pictures, invokes the function with both, three times; fails the task for what is wrong."""
    planted = pictures(place)
    # Where each new object starts the function, one that began late in the last check may have left these.
    own = {*planted, *(_small(place, key) for key in planted)}
    before = {key: tag for key, tag in _keys(account, place.bucket).items() if key not in own}
    for key, picture in planted.items():
        account.client("s3").put_object(Bucket=place.bucket, Key=key, Body=write(picture))
    try:
        _first(account, function, place, planted, before)
        _again(account, function, place, planted)
        _without_help(account, function, place, planted, before)
    finally:
        for key in sorted(_keys(account, place.bucket).keys() - before.keys()):
            account.client("s3").delete_object(Bucket=place.bucket, Key=key)


def _small(place: Place, key: str) -> str:
    return place.thumbs + key.removeprefix(place.uploads)


def _keys(account: Account, bucket: str) -> dict[str, str]:
    pages = account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {row["Key"]: row["ETag"] for page in pages for row in page.get("Contents", [])}


def _first(
    account: Account, function: str, place: Place, planted: Mapping[str, Picture], before: Mapping[str, str]
) -> None:
    reply = invoked(account, function, event(place, *planted))
    answered(reply, "an event of two new pictures", _MISSING if "s3:ListBucket" in reply.error else TRACE)
    made = sorted(_keys(account, place.bucket).keys() - before.keys() - planted.keys())
    looping = [key for key in made if key.startswith(place.uploads)]
    assert not looping, Because(
        found=f"For pictures under {place.uploads} the function wrote {looping[0]}.",
        consequence="That is a new object where new objects start the function: it sets itself off, in an "
        "infinite loop, and each round is paid for.",
        concept="Write where you do not listen: another prefix, or another bucket.",
    )
    for key, picture in planted.items():
        _is_small(account, place, _small_one(place, key, made), picture)


def _small_one(place: Place, key: str, made: Sequence[str]) -> str:
    """The key of a picture's small one, which must be among those that were made."""
    wanted = _small(place, key)
    assert wanted in made, Because(
        found=f"An event told of two new pictures, {key} among them. {wanted} is not there; new are: "
        f"{', '.join(made) or 'no objects'}.",
        consequence="The page shows a broken picture.",
        concept="An event may hold several records. Keys in it are written as in a URL: a space is +, "
        "and +, % and letters with accents are percent signs and numbers. What follows the prefix stays.",
    )
    return wanted


def _is_small(account: Account, place: Place, key: str, picture: Picture) -> None:
    body = account.client("s3").get_object(Bucket=place.bucket, Key=key)["Body"].read()
    try:
        small = read(body)
    except ValueError as error:
        raise AssertionError(
            Because(
                found=f"{key} was read: {error}",
                consequence="Browsers show a broken picture.",
                concept="What is stored is bytes; the name does not make them a picture.",
            )
        ) from None
    limit = min(place.side, max(picture.width, picture.height))
    same_shape = abs(small.width / small.height - picture.width / picture.height) < 0.06
    good = same_shape and max(small.width, small.height) <= limit
    assert good, Because(
        found=f"A picture of {picture.width} × {picture.height} became one of {small.width} × "
        f"{small.height}. It should fit into {place.side} × {place.side}.",
        consequence="Pages load slowly, or doctors look squeezed.",
        concept="The longer side decides; both sides shrink by the same share, and none grows.",
    )
    for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)):
        given = picture.at(picture.width * x // 4, picture.height * y // 4)
        shown = small.at(small.width * x // 4, small.height * y // 4)
        assert _close(given, shown), Because(
            found=f"{key} has the colour {shown[:3]} where the picture has {given[:3]}.",
            consequence="A doctor's page shows somebody else's face.",
            concept="Each record has a picture of its own; what one event left behind must not get into "
            "the next.",
        )


def _close(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(other) >= 3 and all(abs(a - b) <= 24 for a, b in zip(one[:3], other[:3], strict=False))


def _again(account: Account, function: str, place: Place, planted: Mapping[str, Picture]) -> None:
    once = _keys(account, place.bucket)
    answered(invoked(account, function, event(place, *planted)), "the same event again")
    twice = _keys(account, place.bucket)
    more = sorted(twice.keys() - once.keys()) + sorted(key for key in once if twice.get(key) != once[key])
    assert not more, Because(
        found=f"The same event was sent a second time. After it, {more[0]} was new or other.",
        consequence="S3 delivers some events twice: such objects pile up, or a picture changes under its "
        "name.",
        concept="Idempotent: doing it twice leaves what doing it once leaves. The key must follow from the "
        "event.",
    )


def _without_help(
    account: Account, function: str, place: Place, planted: Mapping[str, Picture], before: Mapping[str, str]
) -> None:
    """Takes the small ones away and sends the event once more: where the bucket tells the function of each
    new object, by events of one record each, they may have come by those."""
    for key in planted:
        account.client("s3").delete_object(Bucket=place.bucket, Key=_small(place, key))
    answered(invoked(account, function, event(place, *planted)), "an event of two pictures")
    made = sorted(_keys(account, place.bucket).keys() - before.keys() - planted.keys())
    for key in planted:
        _small_one(place, key, made)
