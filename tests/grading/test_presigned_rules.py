"""What a form's policy says, as a check reads it: bad input is told in words."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest

from cloudlings.errors import AccountError, EvidenceMissing, LeadsElsewhere
from cloudlings.grading.presigned_rules import (
    LIMIT,
    address,
    ends_soon,
    gives_the_photo,
    limits_size,
    number,
    policy_of,
    sent,
    sizes_allowed,
    takes,
    takes_no_other_key,
)
from cloudlings.lab import Brief

BRIEF = Brief(
    {
        "bucket": "photos",
        "home_region": "eu-west-1",
        "user_id": "u7",
        "photo": "<svg>",
        "photo_key": "a b.svg",
    }
)
OWN = "users/u7/"


def packed(policy: Any) -> dict[str, str]:
    return {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3600", 3600), (3600, 3600), ("²", 0), ("٣", 0), ("-5", 0), ("3.5", 0), (None, 0), ("9" * 5000, 0)],
)
def test_number(text: Any, value: int) -> None:
    """Digits are a number, everything else is none."""
    assert number(text) == value


@pytest.mark.parametrize("url", ["", "no address", "http://[::1", "http://[x]/"])
def test_an_address_that_is_none(url: str) -> None:
    """Parts, empty where there are none; never an error."""
    assert address(url).query == ""


@pytest.mark.parametrize("fields", [{}, {"policy": "*"}, {"policy": "Zm9v"}, packed([1]), {"policy": "ü"}])
def test_a_form_without_a_policy(fields: dict[str, str]) -> None:
    """None, no base64, no JSON, no object: each is told."""
    with pytest.raises(AssertionError, match="no policy that can be read"):
        policy_of(fields)


@pytest.mark.parametrize(
    ("policy", "sizes"),
    [
        ({"conditions": [["content-length-range", 1, 5_242_880], {"bucket": "b"}]}, [5_242_880]),
        ({"conditions": [["Content-Length-Range", "1", "9"], ["content-length-range", 0, "x"]]}, [9, 0]),
        ({"conditions": [["content-length-range", 1]]}, []),
        ({"conditions": None}, []),
        ({"conditions": "content-length-range"}, []),
        ({}, []),
    ],
)
def test_the_sizes_that_a_policy_allows(policy: dict[str, Any], sizes: list[int]) -> None:
    """The upper ends of its ranges; none where it sets none."""
    assert list(sizes_allowed(policy_of(packed(policy)))) == sizes


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", "soon", ""]
)
def test_a_form_that_never_ends(text: str) -> None:
    """A far end, and one that cannot be read, are too far."""
    with pytest.raises(AssertionError, match="is valid until"):
        ends_soon({"expiration": text})


def test_a_form_that_ends_soon() -> None:
    """Ten minutes from now, in any zone."""
    zone = dt.timezone(dt.timedelta(hours=-5))
    ends_soon({"expiration": (dt.datetime.now(zone) + dt.timedelta(minutes=10)).isoformat()})


class Bucket:
    """An account whose S3 takes forms for keys that begin so, of these sizes, with this answer."""

    def __init__(self, begins: str = OWN, smallest: int = 1, largest: int = LIMIT, answer: int = 204) -> None:
        self.begins, self.sizes, self.answer = begins, range(smallest, largest + 1), answer
        self.kept: list[str] = []

    def send(self, url: str, *, method: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        assert (method, headers["Content-Type"]) == ("POST", "multipart/form-data; boundary=edge")
        if not url:
            raise LeadsElsewhere("leads elsewhere")
        _, policy, key, file, _ = body.split(b"--edge")
        assert policy.endswith(b'name="policy"\r\n\r\np\r\n')
        name = key.partition(b'name="key"\r\n\r\n')[2].decode().strip()
        size = len(file.partition(b"\r\n\r\n")[2]) - len(b"\r\n")
        if not name.startswith(self.begins) or size not in self.sizes:
            return {"status": 403}
        self.kept.append(name)
        return {"status": self.answer}

    def client(self, service: str, region_name: str) -> Bucket:
        assert (service, region_name) == ("s3", "eu-west-1")
        return self

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        assert Bucket == "photos"
        self.kept.remove(Key)


FORM = {"url": "http://s3", "fields": {"policy": "p", "key": "users/u7/${filename}"}}


@pytest.mark.parametrize(
    "s3", [Bucket(), Bucket(smallest=1024), Bucket(answer=201), Bucket(answer=303)], ids=lambda s3: s3.answer
)
def test_a_form_within_limits(s3: Bucket) -> None:
    """It takes photos, not the smallest files perhaps, under one's own keys, and shows a page after it; what
    was posted is taken away."""
    account: Any = s3
    takes(account, BRIEF, FORM, f"{OWN}a.jpg")
    takes_no_other_key(account, BRIEF, FORM)
    limits_size(account, BRIEF, FORM, {"conditions": [["content-length-range", 1, LIMIT]]}, OWN)
    assert s3.kept == []


@pytest.mark.parametrize("s3", [Bucket(begins="users/u8/"), Bucket(largest=3), Bucket(answer=307)])
def test_a_form_that_takes_nothing(s3: Bucket) -> None:
    """A form that does not take a photo under one's own key is of no use."""
    account: Any = s3
    with pytest.raises(AssertionError, match="User u7 cannot upload a photo"):
        takes(account, BRIEF, FORM, f"{OWN}a.jpg")


@pytest.mark.parametrize(
    ("s3", "who"),
    [
        (Bucket(begins="users/u7"), "another user"),
        (Bucket(begins="winners"), "the contest"),
        (Bucket(begins="", smallest=3), "another user"),
        (Bucket(begins="", answer=303), "another user"),
    ],
)
def test_a_form_for_the_keys_of_others(s3: Bucket, who: str) -> None:
    """Whatever the smallest size is that it takes."""
    account: Any = s3
    with pytest.raises(AssertionError, match=f"writes over the files of {who}"):
        takes_no_other_key(account, BRIEF, FORM)
    assert s3.kept == []


@pytest.mark.parametrize(
    ("s3", "most", "words"),
    [
        (Bucket(largest=LIMIT + 1), LIMIT + 1, "5,242,881 bytes: S3 answered 204, and kept them"),
        (Bucket(largest=LIMIT + 1, answer=303), LIMIT + 1, "S3 answered 303, and kept them"),
        (Bucket(largest=4_999_999), 4_999_999, "takes at most 4,999,999 bytes"),
    ],
)
def test_a_form_for_other_sizes(s3: Bucket, most: int, words: str) -> None:
    """Too large a file, or not one that the contest allows."""
    account: Any = s3
    with pytest.raises(AssertionError, match=words):
        limits_size(account, BRIEF, FORM, {"conditions": [["content-length-range", 1, most]]}, OWN)


def test_a_form_that_leads_elsewhere() -> None:
    """Its address is told, and not an error of the check's."""
    account: Any = Bucket()
    with pytest.raises(AssertionError, match="The form's address '' does not lead to this lab's S3"):
        takes(account, BRIEF, {**FORM, "url": ""}, f"{OWN}a.jpg")


class Elsewhere:
    """An account from which every address leads to an error of this kind."""

    def __init__(self, error: type[AccountError] = LeadsElsewhere) -> None:
        self.error = error

    def send(self, url: str, **_asked: Any) -> Any:
        raise self.error(url)


def test_an_address_that_leads_elsewhere() -> None:
    """It is told, shortened, and not an error of the check's."""
    account: Any = Elsewhere()
    with pytest.raises(AssertionError, match="The address 'http://else/x' does not lead"):
        sent(account, "http://else/x")


def test_what_was_not_recorded_is_no_fault_of_the_learners() -> None:
    """Evidence of an earlier check, from before the form was tried so: nobody can say, and none fails."""
    account: Any = Elsewhere(EvidenceMissing)
    with pytest.raises(EvidenceMissing):
        sent(account, "http://s3/x")
    with pytest.raises(EvidenceMissing):
        takes(account, BRIEF, FORM, f"{OWN}a.jpg")


def test_a_url_that_gives_the_photo() -> None:
    """The photo's bytes, and no others; an error with its code."""
    gives_the_photo(BRIEF, "/photos/a%20b.svg", {"status": 200, "body": b"<svg>"})
    with pytest.raises(AssertionError, match=r"gives /photos/b c: 3 bytes that are not those of a b\.svg"):
        gives_the_photo(BRIEF, "/photos/b%20c", {"status": 200, "body": b"<a>"})
    refused = b"<Error><Code>AccessDenied</Code></Error>"
    with pytest.raises(AssertionError, match="answered with 403 AccessDenied"):
        gives_the_photo(BRIEF, "/photos/a%20b.svg", {"status": 403, "body": refused})


def test_a_form_that_ends_late() -> None:
    """Twenty minutes are more than an upload needs."""
    with pytest.raises(AssertionError, match=r"(19|20) minutes from now"):
        ends_soon({"expiration": (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=20)).isoformat()})


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(60, "60 minutes from when it was signed"), (0.5, "30 seconds from when it was signed")],
)
def test_a_form_lives_as_long_whenever_it_is_looked_at(minutes: float, words: str) -> None:
    """From its signature to its end: waiting makes no long life short, and no short one long."""
    signed = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(minutes=50)
    until = (signed + dt.timedelta(minutes=minutes)).isoformat()
    for condition in (
        {"x-amz-date": f"{signed:%Y%m%dT%H%M%SZ}"},
        ["eq", "$x-amz-date", f"{signed:%Y%m%dT%H%M%SZ}"],
    ):
        with pytest.raises(AssertionError, match=words):
            ends_soon({"expiration": until, "conditions": [condition]})
        ends_soon({"expiration": (signed + dt.timedelta(minutes=10)).isoformat(), "conditions": [condition]})


def test_a_form_signed_at_no_time() -> None:
    """A date that is none is not looked at: nobody knows how long the form has lived."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    ends_soon({"expiration": until.isoformat(), "conditions": [{"x-amz-date": "today"}]})
