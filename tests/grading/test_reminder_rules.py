"""What a queue's reader does with its batches, what is kept of them, and how far graders move the clock."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.reminder_rules import (
    TWO_WEEKS,
    ends_where_it_should,
    keeps_what_fails,
    moments_between,
    moves_at_most,
    reader_of,
    swallowed,
    tells_what_failed,
    waits_long_enough,
)

FOUR_DAYS = 4 * 86_400
ARN = "arn:aws:sqs:eu-west-1:111122223333:"
REPORTS = ["ReportBatchItemFailures"]
Raw = dict[str, Any]
Function = Callable[[set[str], Raw], Any]


class World:
    """An account with a queue, its dead letters, and a function that reads it while the grader sleeps.

    ``slow`` says for how many sleeps more the function is at work on a batch.
    """

    id, region_name = "111122223333", "eu-west-1"

    def __init__(self, function: Function, *, slow: int = 0, tries: int = 5, **mapping: Any) -> None:
        self.function, self.slow, self.tries = function, slow, tries
        self.mapping = {"EventSourceArn": f"{ARN}reminders", "State": "Enabled", "BatchSize": 10} | mapping
        self.mappings = [self.mapping]
        self.timeout, self.hidden, self.kept, self.target = 20, 120, TWO_WEEKS, f"{ARN}dead"
        self.table: set[str] = set()
        self.queue: list[Raw] = []
        self.dead: list[Raw] = []
        self.work: list[tuple[int, list[Raw]]] = []
        self.seen: dict[str, Raw] = {}
        self.now, self.sleeps, self.looks = 0.0, 0, 0

    # --- what a client does

    def client(self, _service: str) -> World:
        return self

    def get_function_configuration(self, **_asked: Any) -> Raw:
        return {"Timeout": self.timeout}

    def list_event_source_mappings(self, **_asked: Any) -> Raw:
        return {"EventSourceMappings": self.mappings}

    def get_queue_url(self, QueueName: str) -> Raw:  # noqa: N803
        if QueueName not in ("reminders", "dead"):
            raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "GetQueueUrl")
        return {"QueueUrl": f"https://{QueueName}"}

    def get_queue_attributes(self, QueueUrl: str, **_asked: Any) -> Raw:  # noqa: N803
        found: Raw
        if QueueUrl == "https://dead":
            found = {"MessageRetentionPeriod": self.kept, "ApproximateNumberOfMessages": len(self.dead)}
        else:
            policy = {"deadLetterTargetArn": self.target, "maxReceiveCount": self.tries}
            found = {"VisibilityTimeout": self.hidden, "MessageRetentionPeriod": FOUR_DAYS}
            found |= {"RedrivePolicy": json.dumps(policy)} if self.target else {}
        return {"Attributes": {name: str(value) for name, value in found.items()}}

    def invoke(self, Payload: bytes, **_asked: Any) -> Raw:  # noqa: N803
        log = base64.b64encode(b"").decode()
        try:
            value = self.function(self.table, json.loads(Payload))
        except RuntimeError as error:
            told = json.dumps({"errorType": "RuntimeError", "errorMessage": str(error)})
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(told.encode()), "LogResult": log}
        return {"Payload": io.BytesIO(json.dumps(value).encode()), "LogResult": log}

    def get_item(self, Key: Raw, **_asked: Any) -> Raw:  # noqa: N803
        """What was read is not read again before the clock moves on."""
        number = Key["id"]["S"]
        return self.seen.setdefault(number, {"Item": Key} if number in self.table else {})

    def delete_item(self, Key: Raw, **_asked: Any) -> None:  # noqa: N803
        self.table.discard(Key["id"]["S"])

    def send_message_batch(self, Entries: list[Raw], **_asked: Any) -> None:  # noqa: N803
        for number, each in enumerate(Entries):
            self.queue.append({"id": f"sent-{number}", "Body": each["MessageBody"], "seen": 0, "at": 0.0})

    def receive_message(self, **_asked: Any) -> Raw:
        self.looks += 1
        return {"Messages": [row | {"ReceiptHandle": row["id"]} for row in self.dead]}

    def delete_message(self, ReceiptHandle: str, **_asked: Any) -> None:  # noqa: N803
        self.dead = [row for row in self.dead if row["id"] != ReceiptHandle]

    # --- what Lambda and SQS do

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.seen.clear()

    def sleep(self, _seconds: float) -> None:
        self.sleeps += 1
        there = [row for row in self.queue if row["at"] <= self.now]
        gone = [row for row in there if row["seen"] >= self.tries]
        batch = [row for row in there if row not in gone]
        self.queue = [row for row in self.queue if row not in gone]
        self.dead += gone
        for row in batch:
            row |= {"seen": row["seen"] + 1, "at": self.now + self.hidden}
        self.work += [(self.sleeps + self.slow, batch)] if batch else []
        for due, rows in [(due, rows) for due, rows in self.work if due == self.sleeps]:
            self.work.remove((due, rows))
            again = self._failures(rows)
            self.queue = [row for row in self.queue if row not in rows or row["id"] in again]

    def _failures(self, rows: list[Raw]) -> set[str]:
        event = {"Records": [{"messageId": row["id"], "body": row["Body"]} for row in rows]}
        try:
            value = self.function(self.table, event)
        except RuntimeError:
            return {row["id"] for row in rows}
        listed = (
            (value or {}).get("batchItemFailures", []) if self.mapping.get("FunctionResponseTypes") else []
        )
        return {row["itemIdentifier"] for row in listed}


def naming(bad: list[str], *_: Any) -> Raw:
    """The answer that names what failed."""
    return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}


def function(
    answer: Callable[[list[str], list[str]], Any] = naming,
    *,
    sends: Callable[[list[Raw], int], bool] = lambda *_: True,
) -> Function:
    """One that writes down what has a phone number, and answers by the ids that failed and all ids.

    ``sends`` says whether it sends the reminder at a place of its batch.
    """

    def handler(table: set[str], event: Raw) -> Any:
        rows = [json.loads(record["body"]) for record in event["Records"]]
        table |= {row["id"] for n, row in enumerate(rows) if row["phone"] and sends(rows, n)}
        ids = [record["messageId"] for record in event["Records"]]
        return answer([name for name, row in zip(ids, rows, strict=True) if not row["phone"]], ids)

    return handler


def failing(when: Callable[[list[str], list[str]], bool]) -> Function:
    """One that raises of some batches, and reports of the others."""

    def answer(bad: list[str], ids: list[str]) -> Any:
        if when(bad, ids):
            raise RuntimeError(f"{len(bad)} not sent")
        return naming(bad)

    return function(answer)


def reported(*rows: Any) -> Function:
    """One that answers so of each batch in which something failed."""
    return function(lambda bad, _: {"batchItemFailures": rows[0] if rows else None} if bad else None)


RIGHT = function()
SWALLOWS = function(lambda *_: None)
RAISES = failing(lambda bad, _: bool(bad))
POWERTOOLS = failing(lambda bad, ids: bad == ids)
ALL = function(lambda bad, ids: naming(ids if bad else []))
LAST = function(lambda bad, ids: naming([one for one in bad if one == ids[-1]]))


def told(world: World) -> str:
    """What is said of a function's batches; "" when nothing is wrong."""
    account = cast(Account, world)
    try:
        tells_what_failed(account, reader_of(account, "reminders"))
    except AssertionError as error:
        assert not world.table, "what the check sent is taken away again"
        return " ".join(str(error).split())
    assert not world.table, "what the check sent is taken away again"
    return ""


@pytest.mark.parametrize(
    "world",
    [
        World(RIGHT, FunctionResponseTypes=REPORTS),
        World(POWERTOOLS, FunctionResponseTypes=REPORTS),
        World(RIGHT, FunctionResponseTypes=REPORTS, BatchSize=1),
        World(RAISES, BatchSize=1),
        World(ALL, FunctionResponseTypes=REPORTS, BatchSize=1),
    ],
    ids=["reports", "raises when all failed", "one by one", "one by one, raises", "one by one, all"],
)
def test_batches_of_which_nothing_is_lost(world: World) -> None:
    """A report that is read; an error, where it takes no other with it."""
    assert told(world) == ""


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (World(SWALLOWS, FunctionResponseTypes=REPORTS), "It answered null, which says that all is well"),
        (World(reported([]), FunctionResponseTypes=REPORTS), "all is well"),
        (World(reported(), FunctionResponseTypes=REPORTS), "all is well"),
        (World(function(lambda *_: "done"), FunctionResponseTypes=REPORTS), "all is well"),
        (World(RIGHT), "does not read it (FunctionResponseTypes: none)"),
        (World(RIGHT, BatchSize=1, FunctionResponseTypes=[]), "(FunctionResponseTypes: none)"),
        (World(RIGHT, FunctionResponseTypes=["Else"]), "(FunctionResponseTypes: ['Else'])"),
        (World(POWERTOOLS), "does not read it (FunctionResponseTypes: none)"),
        (World(RAISES), "one cannot be sent. The function ended with RuntimeError: 1 not sent The good ones"),
        (World(RAISES, BatchSize=2), "An error gives back the whole batch"),
        (World(RAISES, BatchSize=None), "An error gives back the whole batch"),
        (World(ALL, FunctionResponseTypes=REPORTS), "It reports m-1, m-2, too; why"),
        (
            World(function(sends=lambda rows, n: all(one["phone"] for one in rows[:n])),
                  FunctionResponseTypes=REPORTS),
            "Reminder check-2 was good, and is not in table reminders",
        ),
        (
            World(LAST, FunctionResponseTypes=REPORTS),
            'of 3 had one that cannot be sent; the answer does not name it: {"batchItemFailures": []}',
        ),
    ],
)  # fmt: skip
def test_a_batch_of_which_something_is_lost(world: World, words: str) -> None:
    """Swallowed, reported to nobody, given back with the good ones, forgotten, or never begun."""
    assert words in told(world)


@pytest.mark.parametrize(
    "rows",
    [
        [{"itemIdentifier": "check-bad"}], [{"messageId": "m-bad"}], [{"itemIdentifier": None}], ["m-bad"],
        {"itemIdentifier": "m-bad"}, "m-bad", 1, True, [{"itemIdentifier": "m-bad"}, {"itemIdentifier": ""}],
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 10])
def test_a_report_that_makes_no_sense(rows: Any, batch: int) -> None:
    """Lambda takes it for a failure of the whole batch; it is no reminder that is swallowed."""
    world = World(reported(rows), FunctionResponseTypes=REPORTS, BatchSize=batch)
    account = cast(Account, world)
    assert not swallowed(account, reader_of(account, "reminders"))
    assert "The answer names something else than its messages" in told(world)


@pytest.mark.parametrize("batch", [1, 10])
def test_a_report_that_goes_on_from_batch_to_batch(batch: int) -> None:
    """A list outside of the handler keeps what failed before, as long as the environment lives."""
    failed: list[str] = []

    def answer(bad: list[str], _: list[str]) -> Raw:
        failed.extend(bad)
        return naming(failed)

    words = told(World(function(answer), FunctionResponseTypes=REPORTS, BatchSize=batch))
    assert "The answer names something else than its messages" in words
    assert "m-alone" in words


@pytest.mark.parametrize(("handler", "lost"), [(SWALLOWS, True), (RIGHT, False), (RAISES, False)])
def test_what_is_swallowed(handler: Function, lost: bool) -> None:
    """Neither an error nor a report of what cannot be sent."""
    account = cast(Account, World(handler))
    assert swallowed(account, reader_of(account, "reminders")) is lost


@pytest.mark.parametrize(
    ("timeout", "hidden", "words"),
    [
        (15, 90, ""),
        (20, 120, ""),
        (14, 90, "reminders has 14 s; a batch takes up to 15 s"),
        (15, 89, "hides a message for 89 s while it is handled; the function may take 15 s"),
    ],
)
def test_time_for_a_batch(timeout: int, hidden: int, words: str) -> None:
    """The function has what the work takes; the queue waits six times as long as the function may take."""
    world = World(RIGHT)
    world.timeout, world.hidden = timeout, hidden
    account = cast(Account, world)
    if not words:
        waits_long_enough(account, reader_of(account, "reminders"), 15)
        return
    with pytest.raises(AssertionError, match=words):
        waits_long_enough(account, reader_of(account, "reminders"), 15)


def test_dead_letters_that_are_kept() -> None:
    """After the tries that were agreed, for two weeks; where they lie is told."""
    account = cast(Account, World(RIGHT, tries=6))
    assert keeps_what_fails(account, reader_of(account, "reminders"), 6) == "https://dead"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": ""}, "The queue has no redrive policy"),
        ({"target": f"{ARN}gone"}, f"Its dead-letter queue {ARN}gone is not there"),
        ({"target": f"{ARN}reminders"}, f"Its dead-letter queue {ARN}reminders is the queue itself"),
        ({"tries": 5}, r"after 5 receives; 6 were agreed\.\nA short trouble empties"),
        ({"tries": 7}, r"after 7 receives; 6 were agreed\.\nEach bad message is tried, and paid for"),
        ({"kept": FOUR_DAYS}, "keeps a message for 4 days"),
        ({"kept": TWO_WEEKS - 1}, "keeps a message for 13 days"),
    ],
)
def test_dead_letters_that_are_not_kept(change: Raw, words: str) -> None:
    """No queue for them, one that is gone or the same, too few tries or too many, too short a time."""
    world = World(RIGHT, tries=6)
    world.__dict__.update(change)
    account = cast(Account, world)
    with pytest.raises(AssertionError, match=words):
        keeps_what_fails(account, reader_of(account, "reminders"), 6)


def ended(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of the way of two real messages; "" when nothing is wrong."""
    monkeypatch.setattr("time.sleep", world.sleep)
    account = cast(Account, world)
    try:
        ends_where_it_should(account, reader_of(account, "reminders"), "https://dead", world.tries, "seed")
    except AssertionError as error:
        return " ".join(str(error).split())
    return ""


@pytest.mark.parametrize("slow", [0, 1, 20])
@pytest.mark.parametrize("handler", [RIGHT, POWERTOOLS])
def test_a_bad_message_becomes_a_dead_letter(
    handler: Function, slow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a function that takes its time; nothing of the check is left, and other dead letters are."""
    world = World(handler, slow=slow, FunctionResponseTypes=REPORTS)
    world.dead = [{"id": "old", "Body": "an old one"}]
    assert ended(world, monkeypatch) == ""
    assert [row["id"] for row in world.dead] == ["old"]
    assert not world.table


@pytest.mark.parametrize("slow", [0, 1])
def test_a_quick_function_is_not_waited_for(slow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves on as soon as the good one was sent: a look, then a move for each try and the last."""
    world = World(RIGHT, slow=slow, FunctionResponseTypes=REPORTS)
    assert ended(world, monkeypatch) == ""
    assert world.sleeps <= 1 + slow + world.tries + 1


def test_dead_letters_are_searched_when_one_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who receives a message hides it from others: one look finds the bad one, three find no good one."""
    world = World(RIGHT, FunctionResponseTypes=REPORTS)
    assert ended(world, monkeypatch) == ""
    assert world.looks == 1 + 3


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (World(SWALLOWS), "25 visibility timeouts went by. It is not among the dead letters"),
        (World(RIGHT), "It is not among the dead letters"),
        (World(RAISES), "A good reminder was sent with a bad one. It is among the dead letters"),
        (
            World(function(sends=lambda rows, _: len(rows) == 1), FunctionResponseTypes=REPORTS),
            "A good reminder was sent with a bad one. It is not sent",
        ),
    ],
    ids=["swallowed", "reported to nobody", "taken along", "not sent"],
)
def test_a_message_that_ends_elsewhere(world: World, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bad one is lost, or a good one is."""
    assert words in ended(world, monkeypatch)
    assert not world.table


def row(state: str, source: str = "reminders") -> Raw:
    return {"EventSourceArn": f"{ARN}{source}", "State": state}


@pytest.mark.parametrize("state", ["Enabled", "Enabling", "Creating", "Updating"])
def test_the_one_mapping(state: str) -> None:
    """It may be on its way; one that is disabled, and one of another queue, do not count."""
    world = World(RIGHT)
    world.mappings = [row("Disabled"), row(state), row("Enabled", "else")]
    assert reader_of(cast(Account, world), "reminders").mapping["State"] == state


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([], r"0 event source mappings feed reminders from the queue\.\nReminders pile up"),
        (["Disabled"], r"0 event source mappings .* \(1 more are disabled\)\.\nReminders pile up"),
        (["Enabled", "Enabled"], r"2 event source mappings feed reminders from the queue\.\nWhich settings"),
    ],
)
def test_no_mapping_or_two(states: list[str], words: str) -> None:
    """Nothing is read, or by chance."""
    world = World(RIGHT)
    world.mappings = [row(each) for each in states]
    with pytest.raises(AssertionError, match=words):
        reader_of(cast(Account, world), "reminders")


def test_the_queue_is_gone() -> None:
    """What feeds the function now is not looked at."""
    with pytest.raises(AssertionError, match="There is no queue others any more"):
        reader_of(cast(Account, World(RIGHT)), "others")


@pytest.mark.parametrize(("tries", "hidden"), [(5, 30), (5, 360), (7, 5_400), (6, 40_000)])
def test_there_are_spare_moves_and_no_message_expires(tries: int, hidden: int) -> None:
    """More moves than tries, and never so many that the queue, which keeps four days, drops a message."""
    count = moves_at_most(tries, hidden)
    assert count >= tries + 2
    assert count * (hidden + 1) < FOUR_DAYS


@pytest.mark.parametrize(
    ("tries", "hidden", "short", "long"),
    [(5, 180, 10, 15), (7, 180, 14, 11), (7, 5_400, 14, 11), (6, 40_000, 0, 8)],
)
def test_the_last_moves_leave_a_slow_machine_its_time(tries: int, hidden: int, short: int, long: int) -> None:
    """Short moments first, and long ones for every try and two more, also where few moves are left."""
    moments = moments_between(tries, hidden)
    assert (len(moments), moments.count(min(moments)) if short else 0) == (short + long, short)
    assert list(moments) == sorted(moments)
    assert long >= tries + 2
