"""What graders of small pictures plant, the event that they send, and what they say of what comes of it."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import unquote_plus

import pytest

from cloudlings.account import Account
from cloudlings.grading.portrait_rules import Place, event, makes_small_ones, pictures
from cloudlings.models.pictures import Picture, painted, read, shrunk, write

Function = Callable[[dict[str, bytes], dict[str, Any]], None]
PLACE = Place("b", "in/", "small/", 96)


def test_the_same_place_gets_the_same_pictures() -> None:
    """A verdict can be recomputed: what is planted follows from the learner's values alone."""
    assert pictures(PLACE) == pictures(PLACE)
    assert pictures(PLACE) != pictures(replace(PLACE, bucket="c"))


def test_one_is_wide_and_one_is_small_already() -> None:
    """One picture must shrink, the other must not grow."""
    wide, small = pictures(PLACE).values()
    assert wide.width > wide.height > PLACE.side
    assert max(small.width, small.height) < PLACE.side


def test_keys_in_events_are_as_in_a_url() -> None:
    """A key with spaces, a plus, a percent sign and an accent is another text in the event."""
    keys = list(pictures(PLACE))
    told = [row["s3"]["object"]["key"] for row in event(PLACE, *keys)["Records"]]
    assert [unquote_plus(key) for key in told] == keys
    assert told[0] != keys[0]


def test_a_folder_repeats_the_prefix() -> None:
    """Who changes the prefix wherever it stands in a key writes another key than the one asked for."""
    _, small = pictures(PLACE)
    everywhere = small.replace(PLACE.uploads, PLACE.thumbs)
    assert everywhere != PLACE.thumbs + small.removeprefix(PLACE.uploads)


class Shop:
    """An account with one bucket and one function, which is handed the bucket and an event."""

    def __init__(self, function: Function) -> None:
        self.objects = {"in/mine.png": b"mine"}
        self._function = function

    def client(self, _: str) -> Shop:
        return self

    def put_object(self, **asked: Any) -> None:
        self.objects[asked["Key"]] = asked["Body"]

    def get_object(self, **asked: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[asked["Key"]])}

    def delete_object(self, **asked: Any) -> None:
        self.objects.pop(asked["Key"], None)

    def get_paginator(self, _: str) -> Shop:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": k, "ETag": str(hash(body))} for k, body in self.objects.items()]}]

    def invoke(self, **asked: Any) -> dict[str, Any]:
        try:
            self._function(self.objects, json.loads(asked["Payload"]))
        except RuntimeError as error:
            told = {"errorType": "ClientError", "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(told).encode())}
        return {"Payload": io.BytesIO(b"null")}


def small_ones(
    change: Callable[[Picture], Picture] = lambda picture: picture,
    *,
    name: Callable[[str], str] = lambda key: PLACE.thumbs + key.removeprefix(PLACE.uploads),
    side: int = PLACE.side,
) -> Function:
    """A function that does it right, but for what is given."""

    def handler(objects: dict[str, bytes], sent: dict[str, Any]) -> None:
        for row in sent["Records"]:
            key = unquote_plus(row["s3"]["object"]["key"])
            objects[name(key)] = write(change(shrunk(read(objects[key]), side)))

    return handler


def judged(function: Function, *, left: Sequence[str] = ()) -> tuple[str, Shop]:
    """What the check says, "" where nothing is wrong; and what is left. ``left``: keys that were left behind
    by a check before it."""
    shop = Shop(function)
    shop.objects.update(dict.fromkeys(left, b"old"))
    try:
        makes_small_ones(cast("Account", shop), "portraits", PLACE)
    except AssertionError as error:
        return str(error.args[0]), shop
    return "", shop


def painted_over(change: Callable[[tuple[int, ...]], tuple[int, ...]], part: str) -> Function:
    """One that changes the colours in a part of each picture."""

    def other(picture: Picture) -> Picture:
        def colour(x: int, y: int) -> tuple[int, ...]:
            here = {"all": True, "last": x * 2 >= picture.width and y * 2 >= picture.height}[part]
            return change(picture.at(x, y)) if here else picture.at(x, y)

        return painted(picture.width, picture.height, colour)

    return small_ones(other)


def _failing(why: str) -> Function:
    def handler(_: dict[str, bytes], __: dict[str, Any]) -> None:
        raise RuntimeError(why)

    return handler


def _numbered() -> Function:
    count = itertools.count()

    def handler(objects: dict[str, bytes], sent: dict[str, Any]) -> None:
        small_ones()(objects, sent)
        objects[f"{PLACE.thumbs}log-{next(count)}"] = b""

    return handler


def _changing() -> Function:
    count = itertools.count()

    def handler(objects: dict[str, bytes], sent: dict[str, Any]) -> None:
        small_ones()(objects, sent)
        for key in [key for key in objects if key.startswith(PLACE.thumbs)]:
            objects[key] += str(next(count)).encode()

    return handler


def _only_twice() -> Function:
    count = itertools.count()

    def handler(objects: dict[str, bytes], sent: dict[str, Any]) -> None:
        if next(count) < 2:
            small_ones()(objects, sent)

    return handler


def _no_picture(objects: dict[str, bytes], sent: dict[str, Any]) -> None:
    small_ones()(objects, sent)
    for key in [key for key in objects if key.startswith(PLACE.thumbs)]:
        objects[key] = b"GIF89a"


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture,
        lambda picture: painted(
            picture.width, picture.height, lambda x, y: tuple(min(v + 20, 255) for v in picture.at(x, y))
        ),
        lambda picture: painted(picture.width, picture.height, lambda x, y: (*picture.at(x, y), 255)),
    ],
    ids=["as-they-are", "a-shade-lighter", "with-alpha"],
)
def test_small_pictures_are_found_good_and_the_bucket_is_left_as_it_was(
    change: Callable[[Picture], Picture],
) -> None:
    """Whatever encodes them, a shade is no other colour; what was planted and made is taken away again."""
    said, shop = judged(small_ones(change))
    assert said == ""
    assert shop.objects == {"in/mine.png": b"mine"}


def test_what_a_late_event_of_the_last_check_left_is_held_against_nobody() -> None:
    """Nor does it help: a function that makes nothing is told so."""
    wide, small = pictures(PLACE)
    for left in ([wide], [PLACE.thumbs + wide.removeprefix(PLACE.uploads)], [wide, small]):
        said, shop = judged(small_ones(), left=left)
        assert (said, shop.objects) == ("", {"in/mine.png": b"mine"})
    everything = [wide, small, *(PLACE.thumbs + key.removeprefix(PLACE.uploads) for key in (wide, small))]
    assert judged(lambda *_: None, left=everything)[0]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda objects, sent: None, ["is not there; new are: no objects"]),
        (small_ones(name=lambda key: f"{PLACE.thumbs}x/{len(key)}"), ["is not there", "new are: small/x/"]),
        (small_ones(name=lambda key: f"{key}.small"), ["wrote in/", ".small", "sets itself off"]),
        (_failing("AccessDenied (s3:ListBucket)"), ["It ended with", "may not list the bucket"]),
        (_failing("NoSuchBucket"), ["It ended with", "NoSuchBucket"]),
        (_no_picture, ["was read", "no PNG"]),
        (small_ones(side=200), ["should fit into 96"]),
        (
            small_ones(lambda one: painted(one.height, one.height, lambda x, y: one.at(x, y))),
            ["doctors look squeezed"],
        ),
        (painted_over(lambda _: (0, 0, 0), "last"), ["has the colour", "somebody else's face"]),
        (painted_over(lambda c: ((c[0] + 128) % 256, c[1], c[2]), "all"), ["has the colour"]),
        (painted_over(lambda c: (c[0], c[1], (c[2] + 128) % 256), "all"), ["has the colour"]),
        (painted_over(lambda c: (c[0],), "all"), ["has the colour"]),
        (_numbered(), ["a second time", "log-1 was new or other"]),
        (_changing(), ["a second time", "was new or other"]),
        (_only_twice(), ["is not there"]),
    ],
)
def test_what_is_wrong_with_them_is_told(function: Function, words: Sequence[str]) -> None:
    """Each slip fails with what was seen; what the check planted is taken away all the same."""
    said, shop = judged(function)
    assert [word for word in words if word not in said] == []
    assert "may not list" not in said or "ListBucket" in said
    assert not [key for key in shop.objects if key in pictures(PLACE)]
