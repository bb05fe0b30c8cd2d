"""The course page without JavaScript: map, lab, verdicts, way back; odd names, stale pages, long journals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.checker import Checker
from cloudlings.grading.standing import RECORDS
from cloudlings.grading.workspace import Workspace, reset
from cloudlings.sandbox import Sandbox
from cloudlings.web.reading import PAGE_ROWS, Reader
from tests.web.place import COURSE, LAB, Visitor, learners_place, value_of, words

EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def whole() -> Iterator[Workspace]:
    """One sandbox for all of these."""
    with learners_place() as space:
        yield space


@pytest.fixture
def space(whole: Workspace) -> Workspace:
    """The lab at its start."""
    return reset(whole.running(), COURSE, LAB, whole.seed)


@pytest.fixture
def visit(space: Workspace) -> Callable[..., str]:
    """``visit("get", "/")`` or ``visit("send", "undo", …)``, in one browser."""
    visitor = Visitor(space.running().home)
    return lambda verb, *args, **more: asyncio.run(getattr(visitor, verb)(*args, **more))


def client(space: Workspace, service: str) -> Any:
    return space.running().session(space.account_ids["main"], "learner", "us-east-1").client(service)


def test_a_lab_is_worked_through_on_the_page(space: Workspace, visit: Any) -> None:
    """Not attempted, a hint, not yet with what was found, passed, and the map knows it."""
    assert "There is no bucket" in words(visit("send", "check", task="keep-note"))
    assert "Hint 1 of 2: Keep a note Where do files live?" in words(visit("send", "hint", task="keep-note"))
    s3 = client(space, "s3")
    s3.create_bucket(Bucket=space.brief["bucket"])
    s3.put_object(Bucket=space.brief["bucket"], Key="note.txt", Body=b"else")
    shown = words(visit("send", "check", task="keep-note"))
    assert "Not yet: Keep a note" in shown
    assert "A reader of the note learns something else." in shown
    s3.put_object(Bucket=space.brief["bucket"], Key="note.txt", Body=str(space.brief["word"]))
    assert "✔ Passed: Keep a note" in words(visit("send", "check", task="keep-note"))
    assert "1 of 3 tasks pass" in words(visit("send", "check"))
    course = words(visit("get", "/"))
    assert "3 of 6 points · the sandbox answers at" in course
    assert "◐ Begun 3 of 6 points · you are here" in course


def test_what_was_done_is_taken_back_and_brought_again(space: Workspace, visit: Any) -> None:
    """Undo names what went; the checkpoint that it left returns it."""
    client(space, "sqs").create_queue(QueueName="made")
    page = visit("get", f"/labs/{LAB}")
    assert "sqs CreateQueue" in words(page)
    assert "Taken back: sqs:CreateQueue" in words(visit("send", "undo", seen=value_of(page, "seen")))
    assert client(space, "sqs").list_queues().get("QueueUrls", []) == []
    assert "There again: sqs:CreateQueue" in words(visit("send", "rewind", name="before-undo"))
    assert len(client(space, "sqs").list_queues()["QueueUrls"]) == 1
    assert "Kept as it is now, as “mine”" in words(visit("send", "checkpoint", name="mine"))
    assert "mine" in words(visit("get", f"/labs/{LAB}"))


def test_a_page_from_before_takes_nothing_back(space: Workspace, visit: Any) -> None:
    """Two tabs, or a page from before a reset: the form names what it saw; another change is left alone."""
    sqs = client(space, "sqs")
    sqs.create_queue(QueueName="one")
    seen = value_of(visit("get", f"/labs/{LAB}"), "seen")
    sqs.create_queue(QueueName="two")
    assert "Nothing was taken back" in words(visit("send", "undo", seen=seen))
    assert len(sqs.list_queues()["QueueUrls"]) == 2
    reset(space.running(), COURSE, LAB, space.seed)
    assert "Nothing was taken back" in words(visit("send", "undo", seen=seen))


def test_a_reset_asks_to_be_sure(space: Workspace, visit: Any) -> None:
    """Without the tick nothing goes; with it the account is as at the start, and points stay."""
    client(space, "sqs").create_queue(QueueName="made")
    assert "Nothing was reset" in words(visit("send", "reset"))
    assert client(space, "sqs").list_queues()["QueueUrls"]
    assert "is as it was at the start" in words(visit("send", "reset", sure="yes"))
    assert not client(space, "sqs").list_queues().get("QueueUrls")


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("rewind", {"name": "nowhere"}, "nowhere"),
        ("rewind", {"name": EVIL}, "There is no checkpoint"),
        ("checkpoint", {"name": "before-undo"}, "The sandbox itself uses the name"),
        ("checkpoint", {"name": "../up"}, "cannot be a checkpoint"),
        ("check", {"task": "keep-nte"}, "did you mean keep-note"),
        ("hint", {}, "names no task"),
    ],
)
def test_a_slip_in_a_form_is_answered_with_words(
    visit: Any, action: str, fields: dict[str, str], said: str
) -> None:
    """What was wrong and what there is; nothing of it becomes markup."""
    page = visit("send", action, **fields)
    assert said in words(page)
    assert "<img" not in page


def test_decisions_tell_what_was_let_through(space: Workspace, visit: Any) -> None:
    """A request that is allowed has a tick, one that no policy allows a cross, in words and in colour."""
    iam = client(space, "iam")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    guest = boto3.client(
        "sqs",
        endpoint_url=space.running().endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="not authorized"):
        guest.list_queues()
    page = visit("get", f"/labs/{LAB}/decisions")
    shown = words(page)
    assert "✘ not allowed sqs:ListQueues user/guest" in shown
    assert "✔ allowed iam:CreateAccessKey user/learner" in shown
    assert page.count('class="bad">✘') == 1


def test_names_with_markup_are_characters(space: Workspace, visit: Any) -> None:
    """A Name tag, a description: on every page of the lab they stand as they were written."""
    ec2 = client(space, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": EVIL}])
    client(space, "ssm").put_parameter(Name="/x", Value=EVIL, Type="String", Description=EVIL)
    for path in (
        "",
        "/picture",
        "/journal?all=1",
        "/decisions",
        "/cost",
        f"/picture?vpc={vpc}",
        "/picture?vpc=<img>",
    ):
        assert "<img" not in visit("get", f"/labs/{LAB}{path}"), path
    assert "&lt;img src=x" in visit("get", f"/labs/{LAB}/picture")


def test_a_long_journal_is_shown_in_pages(
    space: Workspace, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5,000 rows: a hundred a page, and pages past the end, or that are no number, are the nearest."""
    entry = next(e for e in space.running().journal(space.account_ids["main"]) if not e.reads)
    from dataclasses import replace

    many = tuple(
        replace(entry, number=n, time=float(n), source="learner", resource=f"r-{n}") for n in range(1, 5001)
    )
    monkeypatch.setattr(Sandbox, "journal", lambda *_: many)
    first = visit("get", f"/labs/{LAB}/journal")
    assert first.count("<tr") == PAGE_ROWS + 1
    assert "r-5000" in first
    assert "Page 1 of 50" in words(first)
    assert "Page 50 of 50" in words(visit("get", f"/labs/{LAB}/journal?page=999999"))
    assert "Page 1 of 50" in words(visit("get", f"/labs/{LAB}/journal?page=-1"))
    assert "Page 1 of 50" in words(visit("get", f"/labs/{LAB}/journal?page=x"))
    assert len(visit("get", f"/labs/{LAB}")) < 60_000


def test_a_sandbox_that_is_down_is_said(tmp_path: Path) -> None:
    """Reading works on: the map and the tasks are there; what needs the sandbox says what starts it."""
    visitor = Visitor(tmp_path)
    assert "the sandbox is not running: cloudlings start" in words(asyncio.run(visitor.get("/")))
    shown = words(asyncio.run(visitor.get(f"/labs/{LAB}")))
    assert "The sandbox is not running. What you made is kept." in shown
    assert "Keep a note" in shown
    assert "cloudlings start" in words(asyncio.run(visitor.send("check", task="keep-note")))
    answer = asyncio.run(visitor.ask("GET", f"/labs/{LAB}/picture"))
    assert answer.status_code == 503
    assert "cloudlings start" in answer.text
    assert asyncio.run(visitor.ask("GET", "/labs/nowhere")).status_code == 404


def test_an_open_page_hears_of_a_change(space: Workspace) -> None:
    """One event comes for a change in the account, none before; the page's own reads cause none."""
    from cloudlings.web.follow import Followers

    async def follow() -> list[str]:
        followers = Followers(Reader(COURSE, space.running().home).space, space.running().home / RECORDS)
        events = followers.events(LAB)
        heard = [await anext(events)]
        assert followers.is_waiting(LAB), "the greeting says that from here on every change is heard"
        coming = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(client(space, "sqs").create_queue, QueueName="heard")
        heard.append(await coming)
        await events.aclose()
        return heard

    first, second = asyncio.run(follow())
    assert "event: hello" in first
    assert "event: changed" in second


def test_an_open_page_hears_of_a_check_from_a_notebook(space: Workspace) -> None:
    """A check leaves no change in the account; the lab's page and the map hear of it all the same."""
    from cloudlings.web.follow import MAP, Followers

    home = space.running().home
    checker = Checker(home)

    async def follow(name: str) -> list[str]:
        followers = Followers(Reader(COURSE, home).space, home / RECORDS)
        events = followers.events(name)
        heard = [await anext(events)]
        coming = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(checker.check, LAB, "keep-note")
        heard.append(await coming)
        await events.aclose()
        return heard

    for name in (LAB, MAP):
        assert "event: changed" in asyncio.run(follow(name))[1]


def test_an_open_page_hears_that_the_sandbox_went_and_came(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down once, however often it is asked; up when it answers again."""
    from cloudlings.errors import SandboxUnavailable
    from cloudlings.web import follow

    monkeypatch.setattr(follow, "_PAUSE", 0.01)
    asked = 0

    def where(name: str) -> Workspace:
        nonlocal asked
        asked += 1
        if asked < 4:
            raise SandboxUnavailable("gone")
        return space

    async def heard() -> list[str]:
        events = follow.Followers(where, space.running().home / RECORDS).events(LAB)
        said = [(await anext(events)).splitlines() for _ in range(3)]
        await events.aclose()
        return [line for lines in said for line in lines if line.startswith("event")]

    assert asyncio.run(heard()) == ["event: hello", "event: down", "event: up"]
