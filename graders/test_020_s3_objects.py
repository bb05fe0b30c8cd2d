"""Graders of 020-s3-objects: what lies under which key, what a stranger gets, what was really done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from cloudlings.grading.contest_bucket import client, content, keys_below, own_bucket, seen, shortly
from cloudlings.grading.day_rules import holds_its_day, is_mark, partition, utc_day
from cloudlings.grading.film_rules import aborted, of_three, unfinished
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.loop_rules import about, looped
from cloudlings.grading.presigned_rules import (
    PROBE,
    address,
    ends_soon,
    gives_the_photo,
    limits_size,
    number,
    policy_of,
    sent,
    takes,
    takes_no_other_key,
)
from cloudlings.grading.s3_state import head, region_of, require_bucket, versioning


@task(
    "bucket",
    points=2,
    title="A bucket, in its Region",
    ref="L02-T1",
    hints=[
        "A bucket has two properties for life: its name and its Region. Who decides the Region when you say "
        "nothing about it?",
        "create_bucket takes CreateBucketConfiguration with a LocationConstraint. The name is in the brief, "
        "and so is the Region.",
        's3.create_bucket(Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": '
        "brief.home_region}) with a client for that Region.",
    ],
)
def test_bucket(account: Account, brief: Brief) -> None:
    laid = (brief.inbox, brief.shop)
    made = [
        bucket["Name"]
        for bucket in account.client("s3").list_buckets()["Buckets"]
        if bucket["Name"] not in laid
    ]
    not_attempted_unless(made, "There is no bucket yet but the ones that Sandpiper had.")
    where = region_of(account, brief.bucket, brief.home_region)
    assert where, Because(
        found=f"There is no bucket {brief.bucket} in this account. {seen(account)}",
        consequence=f"Whoever writes to {brief.bucket} gets NoSuchBucket.",
        concept="A bucket's name is its address: one letter more is another bucket, perhaps another "
        "company's.",
    )
    assert where == brief.home_region, Because(
        found=f"{brief.bucket} is in {where}; the contest's data must stay in {brief.home_region}.",
        consequence=f"Every photo is kept in {where}, and read from there.",
        concept="The namespace is shared, the data is Regional: a bucket stays where it was made.",
    )


@task(
    "photo-with-metadata",
    points=3,
    title="Bytes, and what describes them",
    ref="L02-T2",
    hints=[
        "An upload has three parts: the bytes, the type that a browser is told, and words of your own. Which "
        "argument of put_object holds which?",
        "put_object takes Body, ContentType and Metadata (a dict of text). upload_file takes the last two in "
        "ExtraArgs. The digest is hashlib.sha256(bytes).hexdigest().",
        'put_object(…, Body=photo, ContentType="image/svg+xml", Metadata={"photographer": '
        'brief.photographer, "frame": brief.frame}); answer("sha256", hashlib.sha256(…).hexdigest()) of the '
        "downloaded bytes.",
    ],
)
def test_photo_with_metadata(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("sha256")
    there = region_of(account, brief.bucket, brief.home_region)
    found = head(account, brief.bucket, brief.photo_key, brief.home_region) if there else None
    not_attempted_unless(
        found or given is not None,
        f'There is no object {brief.photo_key} yet, and no answer "sha256".',
    )
    own_bucket(account, brief)
    assert found is not None, Because(
        found=f"There is no object {brief.photo_key} in {brief.bucket}.",
        consequence="The photo is not in the contest.",
        concept="A key is the whole string, slashes and all.",
    )
    _described(found, brief)
    _same_bytes(account, brief)
    right = hashlib.sha256(_minutes(brief)).hexdigest()
    assert str(given).strip().lower() == right, Because(
        found='No answer "sha256" was handed in yet; the photo is in its place.'
        if given is None
        else f'The answer "sha256" is {given!r}; the bytes of {brief.jury_key} have another digest.',
        consequence="Whether you have what the jury wrote is not known."
        if given is None
        else "What you have is not what the jury wrote.",
        concept="A digest is of the exact bytes: a text that was decoded, stripped or printed is another.",
    )


def _described(found: Mapping[str, Any], brief: Brief) -> None:
    kind = found.get("ContentType", "no type")
    # A type may carry parameters, and is the same in capitals.
    assert kind.partition(";")[0].strip().lower() == "image/svg+xml", Because(
        found=f"{brief.photo_key} has the type {kind}.",
        consequence="A browser that is sent there saves a file, or shows letters, in place of the picture.",
        concept="S3 does not look into the bytes: the type is what the upload said.",
    )
    wanted = {"photographer": brief.photographer, "frame": brief.frame}
    kept = {str(key).lower(): value for key, value in found.get("Metadata", {}).items()}
    lacking = [name for name, value in wanted.items() if kept.get(name) != value]
    assert not lacking, Because(
        found=f"The metadata of {brief.photo_key} is {json.dumps(kept, ensure_ascii=False)}: "
        f"{' and '.join(lacking)} not as in the brief.",
        consequence="Nobody can tell whose photo it is without opening it.",
        concept="Metadata is written with the object, as names and text; a later PUT without it has none.",
    )


def _same_bytes(account: Account, brief: Brief) -> None:
    body = content(account, brief, brief.bucket, brief.photo_key)
    assert body == brief.photo.encode(), Because(
        found=f"{brief.photo_key} holds {len(body)} bytes, SHA-256 "
        f"{hashlib.sha256(body).hexdigest()[:12]}…; the photo's is "
        f"{hashlib.sha256(brief.photo.encode()).hexdigest()[:12]}….",
        consequence="The jury sees another picture.",
        concept="S3 keeps exactly the bytes that it is given.",
    )


def _minutes(brief: Brief) -> bytes:
    """As the lab's start state wrote them."""
    digest = hashlib.sha256(f"{brief.inbox}/{brief.jury_key}".encode()).hexdigest()
    return f"The jury met. Vote {digest[:16]}: unanimous.\n".encode()


@task(
    "folders",
    points=3,
    title="Folders that are none",
    ref="L02-T3",
    hints=[
        "A listing can group keys by a character. Where does it put the groups, and where the keys that are "
        "not in a group?",
        "A marker is an object whose key ends in a slash; an empty file with a name is none. "
        "list_objects_v2(Prefix=…, Delimiter=…) answers with CommonPrefixes.",
        'Delete the keys under walks/ that end in "/". Then answer("folders", [group["Prefix"] for group in '
        'list_objects_v2(Bucket=…, Prefix="walks/", Delimiter="/")["CommonPrefixes"]]).',
    ],
)
def test_folders(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    require_bucket(account, brief.inbox, brief.home_region)
    keys, given = keys_below(account, brief, brief.inbox, ""), answer("folders")
    laid = {f"walks/{beach}/{name}" for beach in brief.beaches for name in ("1.jpg", "raw/1.dng")}
    laid |= {f"walks/{brief.beaches[0]}/no-photos-today.txt", "walks-2025/old.jpg", brief.jury_key}
    markers = {"walks/", "walks/nobody yet/", f"walks/{brief.beaches[0]}/"}
    not_attempted_unless(
        given is not None or not markers <= set(keys),
        f'The marker objects are still in {brief.inbox}, and no answer "folders" was handed in.',
    )
    lost = sorted(laid - set(keys))
    assert not lost, Because(
        found=f"{', '.join(lost[:3])} {'is' if len(lost) == 1 else 'are'} no longer in {brief.inbox}.",
        consequence="That was no folder: it was somebody's file.",
        concept="A file may be empty, and a key with slashes is a file like any other.",
    )
    left = sorted(key for key in keys if key.startswith("walks/") and key.endswith("/"))
    assert not left, Because(
        found=f"{brief.inbox} still holds the object {left[0]!r}, {keys[left[0]]} bytes.",
        consequence="Whoever lists photos gets an entry that is none, and a folder of which nothing is left "
        "goes on being shown.",
        concept="A folder that is shown is either a group of keys or an object of its own; S3 needs only the "
        "first.",
    )
    groups = _groups(account, brief)
    said = [str(each) for each in given] if isinstance(given, list) else []
    assert sorted(said) == groups, Because(
        found=f'The answer "folders" is {shortly(given)}. S3 groups what is below walks/ into {len(groups)} '
        "common prefixes, and they are not these.",
        consequence="A page that shows folders would show others than there are.",
        concept="A common prefix runs from the key's beginning to the next delimiter after the prefix, "
        "delimiter included, and comes once.",
    )


def _groups(account: Account, brief: Brief) -> list[str]:
    pages = client(account, brief).get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")
    return sorted(group["Prefix"] for page in found for group in page.get("CommonPrefixes", []))


@task(
    "presigned-download",
    points=4,
    title="One file, one hour, no credentials",
    ref="L02-T4",
    probes=["http:GET"],
    hints=[
        "The juror has nothing but the address. So the address itself must carry who allows it, what "
        "exactly, and until when.",
        "The client makes it without asking S3: generate_presigned_url with the operation's name, its "
        "parameters, and ExpiresIn in seconds.",
        's3.generate_presigned_url("get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, '
        'ExpiresIn=3600), handed in with answer("download", url).',
    ],
)
def test_presigned_download(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    url = answer("download")
    not_attempted_unless(url, 'No answer "download" was handed in yet.')
    own_bucket(account, brief)
    parts = address(str(url))
    query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    opened = sent(account, bare)
    assert opened["status"] >= 400, Because(
        found=f"A stranger's GET of {bare}, without any signature, was answered with {opened['status']}.",
        consequence="Anyone on the internet reads this photo, today and for good, and whatever else the "
        "bucket lets out.",
        concept="One juror, one hour: that needs no opening of the bucket.",
    )
    old = "signature" in query
    assert "x-amz-signature" in query, Because(
        found=f"The address {shortly(str(url))} "
        f"{'is signed in the old way, Signature Version 2' if old else 'carries no signature'}.",
        consequence="A bucket made since June 2020 refuses it: the juror sees an error."
        if old
        else "S3 takes whoever sends it for a stranger.",
        concept="A presigned URL holds a signature over one request, made with somebody's credentials. Which "
        "version boto3 makes depends on the Region that its client is for.",
    )
    assert query.get("x-amz-expires") == "3600", Because(
        found=f"The URL says that it lives {query.get('x-amz-expires', 'no')} seconds.",
        consequence="Whoever finds it later, in a forwarded mail or a log, reads the photo still."
        if number(query.get("x-amz-expires")) > 3600
        else "The juror who opens it after lunch is refused.",
        concept="A URL is a key that can be copied: the shortest life that works is the right one.",
    )
    gives_the_photo(brief, parts.path, sent(account, str(url)))


@task(
    "presigned-upload",
    points=5,
    title="Let them upload, within limits",
    ref="L02-T5",
    probes=["http:POST", "s3:DeleteObject"],
    hints=[
        "Three limits: which keys, how large, how long. A signed PUT can hold the first and the last. What "
        "can S3 check before it keeps the bytes of a form?",
        "generate_presigned_post: a Key that ends in ${filename} brings its own starts-with condition; the "
        "size is a condition of its own; ExpiresIn is in seconds.",
        's3.generate_presigned_post(brief.bucket, f"users/{brief.user_id}/${{filename}}", '
        'Conditions=[["content-length-range", 1, 5242880]], ExpiresIn=600), handed in whole.',
    ],
)
def test_presigned_upload(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    form = answer("upload")
    not_attempted_unless(form, 'No answer "upload" was handed in yet.')
    own_bucket(account, brief)
    whole = isinstance(form, dict) and isinstance(form.get("fields"), dict) and form.get("url")
    assert whole, Because(
        found=f'The answer "upload" is {shortly(form)}: not the url and fields of a form.',
        consequence="An address for a PUT takes any size: one user fills the bucket in an afternoon, at "
        "your cost.",
        concept="A form's policy is read by S3 before the bytes are kept; a signed PUT has no such page.",
    )
    policy = policy_of(form["fields"])
    own = f"users/{brief.user_id}/"
    takes(account, brief, form, f"{own}{PROBE}")
    takes_no_other_key(account, brief, form)
    limits_size(account, brief, form, policy, own)
    ends_soon(policy)


@task(
    "read-after-write",
    points=3,
    title="What does a read see?",
    ref="L02-T6",
    hints=[
        "An experiment that can prove a claim wrong: what would you see if it were right, and how often "
        "must you look?",
        "In each round: put new bytes, get at once, compare. Count what differs. A claim that says 'may' is "
        "refuted by AWS's guarantee, and your count fits one of the two.",
        "for number in range(200): put_object, get_object, compare; then delete_object, get_object; then "
        'answer("consistency", {"stale": count, "a": …, "b": …}) with True for the claim that AWS '
        "guarantees.",
    ],
)
def test_read_after_write(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("consistency")
    rows = about(account.journal(), brief)
    not_attempted_unless(rows or given is not None, f"Nobody has written {brief.loop_key} yet.")
    own_bucket(account, brief)
    looped(brief, rows)
    given = given if isinstance(given, dict) else {}
    assert given.get("stale") == 0, Because(
        found=f'The answer "consistency" counts {given.get("stale")!r} stale reads; the journal holds none '
        "that could be.",
        consequence="Somebody will add a wait for nothing.",
        concept="A stale read is one that gives the bytes from before the overwrite that has just succeeded.",
    )
    for name, claim in brief.claims.items():
        right = "may answer the old bytes" not in claim
        assert given.get(name) is right, Because(
            found=f"Your verdict on claim {name} is {given.get(name)!r}; a verdict is True or False. The "
            f"claim: {claim}",
            consequence="Code that believes the wrong claim waits, polls and retries where S3 has answered "
            "already.",
            concept="What was true of S3 until December 2020 is in many books still.",
        )


@task(
    "bring-back",
    points=4,
    title="Bring back version one",
    ref="L02-T7",
    hints=[
        "Nothing is lost: the history of the key is still there. Which entry of it do you want on top, and "
        "what is above it now?",
        "list_object_versions shows versions and markers. Removing a marker uncovers the next one below. A "
        "copy of an old version onto the same key becomes the newest. And the setting that keeps versions "
        "has three states.",
        "put_bucket_versioning Enabled; copy_object(Bucket, Key, CopySource={Bucket, Key, VersionId: the "
        "oldest}).",
    ],
)
def test_bring_back(account: Account, brief: Brief) -> None:
    shop, key = brief.shop, "prices.csv"
    require_bucket(account, shop, brief.home_region)
    status = versioning(account, shop, brief.home_region)
    listed = head(account, shop, key, brief.home_region)
    not_attempted_unless(
        status != "Suspended" or listed is not None,
        f"{key} is still deleted, and versioning of {shop} suspended.",
    )
    assert listed is not None, Because(
        found=f"A GET of {key} in {shop} finds nothing; versioning is {status}.",
        consequence="The shop has no prices.",
        concept="A delete marker is the newest version of its key, and a GET gives the newest.",
    )
    body = content(account, brief, shop, key)
    assert body == _prices(brief), Because(
        found=f"A GET of {key} in {shop} gives {len(body)} bytes that begin with "
        f"{body[:40].decode('utf-8', 'replace')!r}: not those of the first version.",
        consequence="Customers pay what a script left behind, or what somebody remembered.",
        concept="Under the marker lie all versions, the newest first. Which one is good, only you know.",
    )
    assert status == "Enabled", Because(
        found=f"Versioning of {shop} is {status}.",
        consequence="The next overwrite replaces the price list, and nothing brings it back.",
        concept="A bucket that has suspended versioning keeps its old versions and makes no new ones.",
    )


def _prices(brief: Brief) -> bytes:
    """As the lab's start state wrote the first version."""
    digest = int(hashlib.sha256(brief.shop.encode()).hexdigest(), 16)
    rows = [f"print-{size},{digest // 97**size % 90 + 10}.00" for size in range(1, 7)]
    return ("\n".join(["item,eur", *rows]) + "\n").encode()


@task(
    "three-parts",
    points=4,
    title="Three parts",
    ref="L02-T8",
    hints=[
        "An upload in parts has a life: it is begun, gets parts, and is completed or aborted. In which state "
        "are those in the inbox?",
        "create_multipart_upload gives an UploadId that each further call needs; complete_multipart_upload "
        "takes the list of part numbers and ETags. list_multipart_uploads shows what was begun.",
        "Two parts of 5 MiB and the rest as third (or TransferConfig(multipart_threshold=1, "
        "multipart_chunksize=5 * 1024 * 1024)); abort_multipart_upload for each upload of "
        "list_multipart_uploads on the inbox.",
    ],
)
def test_three_parts(account: Account, brief: Brief) -> None:
    require_bucket(account, brief.inbox, brief.home_region)
    there = region_of(account, brief.bucket, brief.home_region)
    found = head(account, brief.bucket, brief.film_key, brief.home_region) if there else None
    begun = {
        bucket: unfinished(account, brief, bucket)
        for bucket in (brief.inbox, *([brief.bucket] if there else []))
    }
    not_attempted_unless(
        found or len(begun[brief.inbox]) < 2 or begun.get(brief.bucket),
        f"There is no object {brief.film_key} yet, and the unfinished uploads are as they were.",
    )
    own_bucket(account, brief)
    assert found is not None, Because(
        found=f"There is no object {brief.film_key} in {brief.bucket}; {len(begun[brief.bucket])} unfinished "
        f"uploads are there{''.join(f', {key}' for key in begun[brief.bucket])}.",
        consequence="Nobody can watch the film.",
        concept="Parts become an object at the moment when the upload is completed, and not before.",
    )
    of_three(account, brief, found)
    for bucket, keys in begun.items():
        assert not keys, Because(
            found=f"{bucket} holds {len(keys)} unfinished uploads: {', '.join(keys)}.",
            consequence="Their parts are billed as storage every month, and no listing of objects shows "
            "them.",
            concept="An upload that nobody completes ends only when somebody, or a lifecycle rule, aborts "
            "it.",
        )
    aborted(account, brief)


@task(
    "partitions",
    points=4,
    title="A lake in layers of days",
    ref="L02-T9",
    hints=[
        "A query engine skips what the key lets it skip. So which part of an event must stand in the key, "
        "and as seen from which clock?",
        "dt.datetime.fromisoformat reads the offset; astimezone(dt.UTC) turns the clock. Group the lines by "
        "the UTC date, and write one object for each day.",
        'For each line: day = fromisoformat(json.loads(line)["at"]).astimezone(dt.UTC).date(); put_object '
        'Key=f"events/dt={day}/views.jsonl" with that day\'s lines.',
    ],
)
def test_partitions(account: Account, brief: Brief) -> None:
    require_bucket(account, brief.inbox, brief.home_region)
    there = region_of(account, brief.bucket, brief.home_region)
    listed = keys_below(account, brief, brief.bucket, "events/") if there else {}
    keys = [key for key, size in listed.items() if not is_mark(key, size)]
    not_attempted_unless(keys, f"There is nothing under events/ in {brief.bucket} yet.")
    raw = content(account, brief, brief.inbox, "raw/views.jsonl")
    assert raw, Because(
        found=f"{brief.inbox} holds no raw/views.jsonl any more.",
        consequence="What was not copied is lost.",
        concept="Raw data stays as it came; reset_lab() lays the start state again.",
    )
    wanted: dict[str, dict[int, Any]] = {}
    for event in map(json.loads, raw.splitlines()):
        wanted.setdefault(utc_day(event), {})[event["id"]] = event
    astray = sorted(key for key in keys if partition(key) not in wanted)
    assert not astray, Because(
        found=f"{astray[0]} lies in no day of the events, which run from {min(wanted)} to {max(wanted)}, "
        "UTC.",
        consequence="A query with WHERE dt = … does not see what is in there, or sees a day that never was.",
        concept="A partition's name is dt=YYYY-MM-DD/ right after the table's prefix; its value is data.",
    )
    for day in sorted(wanted):
        holds_its_day(account, brief, [key for key in keys if partition(key) == day], day, wanted[day])
