"""Following a journal: who waits hears at once what changed or failed, and nothing of the checks."""

from __future__ import annotations

import asyncio
from typing import Any

from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.model import JournalEntry

HERE, OTHER = "111122223333", "444455556666"


def entry(operation: str, source: Any = "learner", status: int = 200) -> JournalEntry:
    """A request to S3, as the journal notes it."""
    return JournalEntry(
        0.0, "arn:aws:iam::111122223333:user/learner", "", "s3", operation, "", "", status, "", source
    )


def heard(journal: Journal, after: dict[str, int], seconds: float = 0) -> dict[str, Any]:
    """What a follower is told."""
    return asyncio.run(journal.news(after, seconds))


def test_news_are_changes_and_failures_of_all_but_the_checks() -> None:
    """Reads, and the checks' own probes, wake nobody; denied reads do."""
    journal = Journal(None)
    for one in (
        entry("ListBuckets"),
        entry("PutObject", "grader"),
        entry("GetObject", status=403),
        entry("PutObject"),
    ):
        journal.add(one, HERE)
    told = heard(journal, {HERE: 0})
    assert [one["operation"] for one in told["entries"]] == ["GetObject", "PutObject"]
    assert told["last"] == {HERE: 4}
    assert heard(journal, told["last"])["entries"] == []


def test_who_waits_is_woken_by_a_change() -> None:
    """The answer comes with the change, not at the end of the wait; other accounts' changes are not told."""
    journal = Journal(None)

    async def wait() -> dict[str, Any]:
        waiting = asyncio.ensure_future(journal.news({HERE: 0}, 600))
        await asyncio.sleep(0)
        journal.add(entry("CreateBucket"), OTHER)
        await asyncio.sleep(0)
        assert not waiting.done()
        journal.add(entry("CreateBucket"), HERE)
        return await waiting

    assert len(asyncio.run(wait())["entries"]) == 1


def test_a_reset_is_news() -> None:
    """An account that was emptied counts from one again, and its followers are told."""
    journal = Journal(None)
    journal.add(entry("CreateBucket"), HERE)
    before = heard(journal, {HERE: 0})["last"]
    journal.forget(HERE)
    told = heard(journal, before, 600)
    assert told["emptied"]
    assert told["last"] == {HERE: 0}


def test_an_undo_is_news() -> None:
    """Taking something back is noted in the sandbox's own name, and heard."""
    journal = Journal(None)
    journal.add(entry("CreateBucket"), HERE)
    note = JournalEntry(0.0, "", "", "cloudlings", "undo 1", "", "", 200, "", "service")
    journal.add(note, HERE)
    assert heard(journal, {HERE: 1})["entries"][0]["operation"] == "undo 1"
