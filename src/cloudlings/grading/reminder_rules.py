"""Whether a function that reads a queue loses nothing: by batches that it is given, and by real messages."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.function_state import Reply, invoked, mappings_of, require_function, short
from cloudlings.grading.queue_state import attributes, messages, queue_url, redrive, sent, taken_out
from cloudlings.grading.task import Because

PROBES = (
    "lambda:Invoke",
    "dynamodb:DeleteItem",
    "sqs:SendMessageBatch",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "clock:Advance",
)
"""What a task must declare to use this page."""

TWO_WEEKS = 14 * 86_400
_MOMENT, _QUICK, _MOST_MOVES = 0.1, 0.02, 25
"""What Lambda's pollers get to fetch a message, in seconds, and how often. A move too many does no harm."""
_LOOKS = 25
"""How often a grader looks whether a good reminder was sent, before the clock moves on."""
_THREE_DAYS = 3 * 86_400
Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """A function, the queue that it reads by one mapping, and the table of what it sent."""

    function: str
    settings: Raw
    mapping: Raw
    queue: str
    table: str

    @property
    def batch(self) -> int:
        return int(self.mapping.get("BatchSize") or 10)

    @property
    def reports(self) -> bool:
        """Whether the mapping reads which messages failed."""
        return "ReportBatchItemFailures" in (self.mapping.get("FunctionResponseTypes") or [])


def batch_event(arn: str, reminders: Mapping[str, Any]) -> dict[str, Any]:
    """What Lambda hands over of a queue: message ids to bodies, in order."""
    return {
        "Records": [
            {
                "messageId": number,
                "receiptHandle": f"handle-{number}",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": arn.split(":")[3],
            }
            for number, body in reminders.items()
        ]
    }


def swallowed(account: Account, reader: Reader) -> bool:
    """Whether the function says that all is well of a reminder that cannot be sent."""
    reply = invoked(account, reader.function, _one_bad(reader))
    return not reply.error and not _failed(reply)


def _one_bad(reader: Reader) -> dict[str, Any]:
    """Its messageId is in no other batch: a function that remembers it names it again."""
    return batch_event(reader.mapping["EventSourceArn"], {"m-alone": {"id": "check-bad", "phone": ""}})


def _failed(reply: Reply) -> set[str]:
    """What an answer reports as failed: message ids, and another text for each row that names none."""
    rows = reply.value.get("batchItemFailures") if isinstance(reply.value, Mapping) else None
    if not rows:
        return set()
    listed = rows if isinstance(rows, list) else [None]
    return {str(row.get("itemIdentifier") if isinstance(row, Mapping) else None) for row in listed}


def tells_what_failed(account: Account, reader: Reader) -> None:
    """Fails the task unless of a batch with one bad reminder the good are sent, and the bad comes again."""
    reply = invoked(account, reader.function, _one_bad(reader))
    assert reply.error or _failed(reply), Because(
        found=f"{reader.function} was given one reminder without a phone number. It answered "
        f"{short(reply.value)}, which says that all is well.",
        consequence="Lambda deletes the message: it is lost, and nobody knows.",
        concept="A handler that returns has handled the batch. An error that is swallowed is a lost message.",
    )
    goods = {f"m-{n}": {"id": f"check-{n}", "phone": f"+1555010{n}"} for n in (1, 2)}
    mixed = {"m-1": goods["m-1"], "m-bad": {"id": "check-bad", "phone": ""}, "m-2": goods["m-2"]}
    batches = [mixed] if reader.batch > 1 else [{key: body} for key, body in mixed.items()]
    try:
        for batch in batches:
            _one_batch(account, reader, batch)
        for body in goods.values():
            assert _sent(account, reader.table, body["id"]), Because(
                found=f"Of a batch of three, the second cannot be sent. Reminder {body['id']} was good, "
                f"and is not in table {reader.table}.",
                consequence="A patient misses an appointment because of somebody else's missing number.",
                concept="One bad message must not stop the others of its batch.",
            )
    finally:
        for body in goods.values():
            account.client("dynamodb").delete_item(TableName=reader.table, Key={"id": {"S": body["id"]}})


def _one_batch(account: Account, reader: Reader, batch: Mapping[str, Any]) -> None:
    reply = invoked(account, reader.function, batch_event(reader.mapping["EventSourceArn"], batch))
    assert not _failed(reply) or reader.reports, Because(
        found=f"{reader.function} answers which messages failed, and its event source mapping does not "
        f"read it (FunctionResponseTypes: {reader.mapping.get('FunctionResponseTypes') or 'none'}).",
        consequence="An answer counts as success, whatever it says: the message is deleted, and lost.",
        concept="Both sides must know of it: the function reports, and the mapping is told to read the "
        "report.",
    )
    bad = {"m-bad"} & set(batch)
    again = set(batch) if reply.error else _failed(reply)
    assert again <= set(batch), Because(
        found=f"Of a batch of {len(batch)}, one cannot be sent. The answer names something else than its "
        f"messages: {short(reply.value)}",
        consequence="Lambda takes such an answer for a failure of the whole batch, with all that was sent.",
        concept="itemIdentifier is the messageId of the record that failed, in this batch: what an earlier "
        "one left behind in the environment is no part of it.",
    )
    surplus = sorted(again - bad)
    assert not surplus, Because(
        found=f"Of a batch of {len(batch)}, one cannot be sent. "
        + (
            f"The function ended with {reply.error[:160]}"
            if reply.error
            else f"It reports {', '.join(surplus)}, too; why, its log has if it prints what it catches."
        ),
        consequence="The good ones come again with the bad one, and after their tries they lie among the "
        "dead letters.",
        concept="An error gives back the whole batch. A report gives back what it names, and nothing else.",
    )
    assert bad <= again, Because(
        found=f"A batch of {len(batch)} had one that cannot be sent; the answer does not name it: "
        f"{short(reply.value)}",
        consequence="It is deleted, and lost.",
        concept="itemIdentifier is the messageId of the record that failed.",
    )


def _sent(account: Account, table: str, number: str) -> bool:
    reply = account.client("dynamodb").get_item(
        TableName=table, Key={"id": {"S": number}}, ConsistentRead=True
    )
    return bool(reply.get("Item"))


def waits_long_enough(account: Account, reader: Reader, batch_seconds: int) -> None:
    """Fails the task unless the function has the time it needs, and the queue waits six times as long."""
    timeout = int(reader.settings["Timeout"])
    assert timeout >= batch_seconds, Because(
        found=f"{reader.function} has {timeout} s; a batch takes up to {batch_seconds} s.",
        consequence="It is stopped in the middle of a batch, which then comes again: some patients get two "
        "reminders.",
        concept="The function's timeout is the work's time with something to spare.",
    )
    hidden = int(attributes(account, reader.queue)["VisibilityTimeout"])
    assert hidden >= 6 * timeout, Because(
        found=f"The queue hides a message for {hidden} s while it is handled; the function may take "
        f"{timeout} s.",
        consequence="When Lambda is throttled and tries again itself, the message shows up meanwhile, is "
        "sent twice, and uses up its tries.",
        concept="Visibility timeout: six times the function's timeout at least, as AWS advises.",
    )


def keeps_what_fails(account: Account, reader: Reader, tries: int) -> str:
    """Fails the task unless dead letters are kept, after so many tries, for two weeks; gives their URL."""
    target, receives = redrive(attributes(account, reader.queue))
    url = queue_url(account, target) if target else ""
    assert url not in ("", reader.queue), Because(
        found="The queue has no redrive policy."
        if not target
        else f"Its dead-letter queue {target} is {'the queue itself' if url else 'not there'}.",
        consequence="What cannot be sent comes again and again, for four days, and then is gone.",
        concept="A dead-letter queue takes what was received too often, so that a person can look at it.",
    )
    assert receives == tries, Because(
        found=f"A message goes to the dead letters after {receives} receives; {tries} were agreed.",
        consequence="A short trouble empties the queue into the dead letters."
        if receives < tries
        else "Each bad message is tried, and paid for, longer than agreed.",
        concept="maxReceiveCount counts receives, those by a throttled Lambda among them: AWS advises 5 at "
        "least.",
    )
    kept = int(attributes(account, url)["MessageRetentionPeriod"])
    assert kept >= TWO_WEEKS, Because(
        found=f"The dead-letter queue keeps a message for {kept // 86_400} days.",
        consequence="What failed on the first day of somebody's holiday is gone when they are back. (Its age "
        "counts from when it was first sent.)",
        concept="Dead letters are for people, who take their time: keep them longer than the queue they "
        "come from.",
    )
    return url


def ends_where_it_should(account: Account, reader: Reader, dead: str, tries: int, seed: str) -> None:
    """Sends a good and a bad reminder, and moves the clock on until the bad one is a dead letter."""
    word = f"check-{random.Random(seed).randrange(16**8):08x}"
    good, bad = {"id": f"{word}-good", "phone": "+15550199"}, {"id": f"{word}-bad", "phone": ""}
    hidden = int(attributes(account, reader.queue)["VisibilityTimeout"])
    moments = moments_between(tries, hidden)
    before = messages(attributes(account, dead))
    sent(account, reader.queue, [good, bad])
    try:
        _let_it_be_sent(account, reader, good["id"])
        there = _becomes_a_dead_letter(account, dead, bad["id"], before, hidden, moments)
        assert there, Because(
            found=f"A reminder without a number was sent to the queue, and {len(moments)} visibility "
            "timeouts went by. It is not among the dead letters.",
            consequence="Nobody will ever see why this patient was not reminded.",
            concept="Followed from end to end: queue, mapping, function, queue again, dead letters.",
        )
        lost = taken_out(account, dead, good["id"])
        arrived = not lost and _sent(account, reader.table, good["id"])
        assert arrived, Because(
            found="A good reminder was sent with a bad one. It is "
            f"{'among the dead letters' if lost else 'not sent'}.",
            consequence="A patient misses an appointment because of somebody else's missing number.",
            concept="One bad message must not take the others of its batch with it.",
        )
    finally:
        account.client("dynamodb").delete_item(TableName=reader.table, Key={"id": {"S": good["id"]}})


def _let_it_be_sent(account: Account, reader: Reader, number: str) -> None:
    """Gives the function the time to send a good reminder: a clock that moves on while it is at work uses up
    the reminder's tries. A look needs a move of its own, since what was read is not read again before one."""
    for _ in range(_LOOKS):
        time.sleep(_QUICK)
        account.advance(1)
        if _sent(account, reader.table, number):
            return


def _becomes_a_dead_letter(
    account: Account, dead: str, number: str, before: int, hidden: int, moments: Sequence[float]
) -> bool:
    """Whether a message comes to the dead letters while visibility timeouts go by, and is taken out there.

    Others may come there first: they had been tried before.
    """
    for moment in moments:
        time.sleep(moment)
        account.advance(hidden + 1)
        count = messages(attributes(account, dead))
        if count > before and taken_out(account, dead, number):
            return True
        before = count
    return taken_out(account, dead, number)


def moments_between(tries: int, hidden: int) -> tuple[float, ...]:
    """The seconds to wait before each move of the clock: short ones first, and then for a slow machine as
    many long ones as there are tries, and two."""
    moves, least = moves_at_most(tries, hidden), tries + 2
    quick = max(0, min(2 * tries, moves - least))
    return (_QUICK,) * quick + (_MOMENT,) * (moves - quick)


def moves_at_most(tries: int, hidden: int) -> int:
    """How often the clock is moved on at most: spare times for a slow machine, but no message expires."""
    return max(tries + 2, min(_MOST_MOVES, _THREE_DAYS // (hidden + 1)))


def reader_of(account: Account, name: str) -> Reader:
    """The reminders' function with its queue and its one mapping, or a failed task in words."""
    settings = require_function(account, name, "Nobody is reminded of anything.")
    arn = f"arn:aws:sqs:{account.region_name}:{account.id}:{name}"
    url = queue_url(account, arn)
    assert url, Because(
        found=f"There is no queue {name} any more.",
        consequence="The reminders that were in it are gone, and their sender gets an error.",
        concept="What runs is changed in place. reset_lab() lays the start state again.",
    )
    found = mappings_of(account, name, arn)
    ready = [row for row in found if row["State"] in ("Enabled", "Enabling", "Updating", "Creating")]
    assert len(ready) == 1, Because(
        found=f"{len(ready)} event source mappings feed {name} from the queue"
        f"{'' if ready == found else f' ({len(found) - len(ready)} more are disabled)'}.",
        consequence="Reminders pile up until they expire."
        if not ready
        else "Which settings count is left to chance.",
        concept="A queue is polled by one mapping, which must be enabled.",
    )
    return Reader(name, settings, ready[0], url, name)
