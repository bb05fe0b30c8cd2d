"""What a presigned address gives a stranger, and what a presigned form takes from one."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from cloudlings.account import Account
from cloudlings.errors import LeadsElsewhere
from cloudlings.grading.contest_bucket import client, shortly
from cloudlings.grading.task import Because
from cloudlings.lab import Brief

MIB = 1024 * 1024
LIMIT = 5 * MIB
# A file as small as a photo may be: a form may refuse smaller ones, which are none.
SMALL = b"\xff\xd8\xff" + bytes(1021)
# The end of the keys under which a form is tried: no file of the learner's has such a name.
PROBE = "posted-by-the-check-and-taken-away.jpg"


def address(url: str) -> SplitResult:
    """The parts of an address; empty ones where it is none."""
    try:
        return urlsplit(url)
    except ValueError:  # no address at all
        return urlsplit("")


def sent(account: Account, url: str) -> Mapping[str, Any]:
    """What a stranger's GET of an address is answered; one that leads elsewhere fails the task."""
    try:
        return account.send(url)
    except LeadsElsewhere:
        raise AssertionError(
            Because(
                found=f"The address {shortly(url)} does not lead to this lab's S3.",
                consequence="The juror gets an error, or somebody else's page.",
                concept="The client that signs also writes the address: its endpoint and Region are in it.",
            )
        ) from None


def gives_the_photo(brief: Brief, path: str, reply: Mapping[str, Any]) -> None:
    """The answer to a stranger's GET is the photo."""
    code = reply["body"].decode("utf-8", "replace").partition("<Code>")[2].partition("</Code>")[0]
    assert reply["status"] == 200, Because(
        found=f"A stranger's GET of the URL was answered with {reply['status']} {code}.",
        consequence="The juror sees an error.",
        concept="The signature covers method, host, key and lifetime; and the key must exist. A URL that was "
        "handed in more than an hour ago has ended.",
    )
    assert reply["body"] == brief.photo.encode(), Because(
        found=f"The URL gives {unquote(path)}: {len(reply['body'])} bytes that are not those of "
        f"{brief.photo_key}.",
        consequence="The juror judges another photo.",
        concept="A presigned URL is for one object: the one that it was signed for.",
    )


def number(text: Any) -> int:
    """A text of digits as a number; 0 for any other."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0


def takes(account: Account, brief: Brief, form: Mapping[str, Any], key: str) -> None:
    """The form takes a small file under this key."""
    status = posted(account, brief, form, key, SMALL)
    assert _was_kept(status), Because(
        found=f"The form was posted with the key {key}, {len(SMALL):,} bytes: S3 answered {status}.",
        consequence=f"User {brief.user_id} cannot upload a photo.",
        concept="Every field of the form must meet the policy's conditions, the key and the bucket too; an "
        "ended policy lets nothing in.",
    )


def takes_no_other_key(account: Account, brief: Brief, form: Mapping[str, Any]) -> None:
    """The form refuses what it `takes` under another user's keys, and under no user's."""
    for key, who in (
        (f"users/{brief.user_id}0/{PROBE}", "another user"),
        (f"winners-{PROBE}", "the contest"),
    ):
        status = posted(account, brief, form, key, SMALL)
        assert not _was_kept(status), Because(
            found=f"The form was posted with the key {key}: S3 answered {status}, and kept it.",
            consequence=f"User {brief.user_id} writes over the files of {who}.",
            concept="What the policy does not limit, whoever has the form may choose. A prefix ends where "
            "its last character does.",
        )


def _was_kept(status: int) -> bool:
    """Whether a form's file was: S3 answers 200, 201 or 204, or leads on to the form's page of success."""
    return status < 300 or status == 303


def posted(account: Account, brief: Brief, form: Mapping[str, Any], key: str, body: bytes) -> int:
    """The form sent as a browser sends it; what it left behind is taken away again."""
    fields = {**form["fields"], "key": key}
    lines = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--edge\r\nContent-Disposition: form-data; name="file"; filename="probe.jpg"\r\n\r\n'
    data = "".join([*lines, file]).encode() + body + b"\r\n--edge--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    try:
        reply = account.send(str(form["url"]), method="POST", headers=kind, body=data)
    except LeadsElsewhere:
        raise AssertionError(
            Because(
                found=f"The form's address {shortly(form['url'])} does not lead to this lab's S3.",
                consequence="Nothing arrives.",
                concept="The client that signs also writes the address.",
            )
        ) from None
    status = int(reply["status"])
    if _was_kept(status):
        client(account, brief).delete_object(Bucket=brief.bucket, Key=key)
    return status


def policy_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The form's policy as data; empty when there is none."""
    try:
        found = json.loads(base64.b64decode(str(fields.get("policy", ""))))
    except ValueError:
        found = None
    assert isinstance(found, dict), Because(
        found=f"The form has the fields {', '.join(fields)}, and no policy that can be read.",
        consequence="S3 refuses it.",
        concept="A form without a policy is a stranger's.",
    )
    return found


def limits_size(
    account: Account, brief: Brief, form: Mapping[str, Any], policy: Mapping[str, Any], own: str
) -> None:
    """The form takes a photo of 5 MB, and nothing above 5 MiB."""
    status = posted(account, brief, form, f"{own}large-{PROBE}", bytes(LIMIT + 1))
    assert not _was_kept(status), Because(
        found=f"The form was posted with {LIMIT + 1:,} bytes: S3 answered {status}, and kept them.",
        consequence=f"User {brief.user_id} stores films here, and you pay for them.",
        concept="Key and size are two conditions. What no condition speaks of is not limited.",
    )
    largest = min(sizes_allowed(policy), default=0)
    assert largest >= 5_000_000, Because(
        found=f"The policy takes at most {largest:,} bytes.",
        consequence="A photo of 5 MB, which the rules of the contest allow, is refused.",
        concept="The range counts bytes.",
    )


def sizes_allowed(policy: Mapping[str, Any]) -> Iterator[int]:
    """The upper end of every range that the policy sets for a file's size."""
    conditions = policy.get("conditions")
    for condition in conditions if isinstance(conditions, list) else []:
        match condition:
            case [str(kind), _, most] if kind.lower() == "content-length-range":
                yield number(most)


def ends_soon(policy: Mapping[str, Any]) -> None:
    """The form lives for ten minutes or so from when it was signed, whenever one asks."""
    until = _moment(str(policy.get("expiration", "")))
    signed = _signed(policy)
    minutes = (until - (signed or dt.datetime.now(dt.UTC))).total_seconds() / 60
    since = f"{minutes:,.0f} minutes from {'when it was signed' if signed else 'now'}"
    assert minutes <= 15, Because(
        found=f"The form is valid until {until:%Y-%m-%d %H:%M} UTC, {since}.",
        consequence="Whoever gets hold of the page uses it for as long.",
        concept="A form is made when somebody asks for it, so it needs to live only as long as an upload.",
    )
    assert signed is None or minutes >= 4, Because(
        found=f"The form is valid until {until:%Y-%m-%d %H:%M:%S} UTC, {minutes * 60:,.0f} seconds from when "
        "it was signed.",
        consequence="Who chooses a photo first, and has a slow line, is refused at the end of the upload.",
        concept="ExpiresIn counts seconds, and the policy is looked at when the form arrives.",
    )


def _signed(policy: Mapping[str, Any]) -> dt.datetime | None:
    """When a policy was signed, as its own conditions say; None where they do not."""
    conditions = policy.get("conditions")
    for condition in conditions if isinstance(conditions, list) else []:
        match condition:
            case {"x-amz-date": str(text)} | [_, "$x-amz-date", str(text)]:
                with suppress(ValueError):
                    return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    return None


def _moment(text: str) -> dt.datetime:
    """A policy's end; one that cannot be read is as far away as can be."""
    try:
        return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return dt.datetime.max.replace(tzinfo=dt.UTC)
