"""SQS in MiniStack, put right where it keeps messages: redrives of dead letters, who may be a source,
metrics.

Sources: SQS API reference, StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask,
ListDeadLetterSourceQueues; SQS Developer Guide, "Using dead-letter queues", "Available CloudWatch metrics".
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cloudlings.sandbox.emulators import ministack_lineage

Queue = dict[str, Any]
_MEASURED_EVERY = 30.0
_UNSUPPORTED = "UnsupportedOperation"


@dataclass
class Task:
    """A redrive: where from and to (ARNs; "" for where each message came from), and how far it is."""

    handle: str
    source: str
    destination: str
    rate: int
    started: float
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str = ""

    def shown(self) -> dict[str, Any]:
        """As ListMessageMoveTasks tells it."""
        said = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination or None,
            "MaxNumberOfMessagesPerSecond": self.rate or None,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure or None,
            "StartedTimestamp": int(self.started * 1000),
        }
        return {name: value for name, value in said.items() if value is not None}


# By the ARN of the source, the newest last. A restart forgets them.
_tasks: dict[str, list[Task]] = {}


def correct(sqs: Any) -> None:
    """Put MiniStack's SQS right."""
    sqs._HANDLERS |= {
        "StartMessageMoveTask": lambda data, _: _start(sqs, data),
        "ListMessageMoveTasks": lambda data, _: _list(sqs, data),
        "CancelMessageMoveTask": lambda data, _: _cancel(sqs, data),
        "ListDeadLetterSourceQueues": lambda data, url: _sources(sqs, data.get("QueueUrl") or url),
    }
    _check_sources(sqs)
    _measure(sqs)


# --- redrives -------------------------------------------------------------------------------------


def _of_policy(queue: Queue, name: str) -> dict[str, Any]:
    try:
        found = json.loads(queue["attributes"].get(name) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _feeding(sqs: Any, arn: str) -> Iterator[Queue]:
    """The queues whose dead letters go to a queue."""
    for queue in list(sqs._queues.values()):
        if _of_policy(queue, "RedrivePolicy").get("deadLetterTargetArn") == arn:
            yield queue


def _sources(sqs: Any, url: str) -> dict[str, Any]:
    arn = sqs._get_q(url)["attributes"]["QueueArn"]
    return {
        "queueUrls": [
            sqs._queue_url(q["attributes"]["QueueArn"].rpartition(":")[2]) for q in _feeding(sqs, arn)
        ]
    }


def _known(sqs: Any, arn: str) -> Queue:
    queue: Queue | None = sqs._queue_by_arn(arn)
    if queue is None:
        said = "The resource that you specified for the SourceArn parameter doesn't exist."
        raise sqs._Err("ResourceNotFoundException", said, 404)
    return queue


def _start(sqs: Any, data: dict[str, Any]) -> dict[str, Any]:
    from ministack.core.responses import get_account_id, get_region, request_scope

    source, destination = str(data.get("SourceArn", "")), str(data.get("DestinationArn") or "")
    queue = _known(sqs, source)
    if destination:
        _known(sqs, destination)
    if not any(_feeding(sqs, source)):
        raise sqs._Err(_UNSUPPORTED, "Source queue must be configured as a Dead Letter Queue.")
    if any(task.status == "RUNNING" for task in _tasks.get(source, ())):
        raise sqs._Err(
            _UNSUPPORTED,
            "There is already a task running. Only one active task is allowed for a source "
            "queue arn at a given time.",
        )
    now = time.time()
    text = json.dumps({"taskId": f"{now:.6f}", "sourceArn": source})
    handle = base64.b64encode(text.encode()).decode()
    task = Task(
        handle,
        source,
        destination,
        int(data.get("MaxNumberOfMessagesPerSecond") or 0),
        now,
        len(queue["messages"]),
    )
    _tasks.setdefault(source, []).append(task)
    account_id, region = get_account_id(), get_region()

    def work() -> None:
        with request_scope(account_id, region):
            _move_all(sqs, task)

    threading.Thread(target=work, daemon=True, name="sqs-redrive").start()
    return {"TaskHandle": handle}


def _move_all(sqs: Any, task: Task) -> None:
    while task.status == "RUNNING":
        with sqs._queues_lock:
            why = _move_one(sqs, task)
        if why:
            task.status, task.failure = ("COMPLETED", "") if why == "done" else ("FAILED", why)
        elif task.rate:
            time.sleep(1 / task.rate)


def _move_one(sqs: Any, task: Task) -> str:
    """Move the next message that is to be seen; why there is no next one: "done", or what went wrong."""
    queue, now = sqs._queue_by_arn(task.source), time.time()
    if queue is None:
        return "AWS.SimpleQueueService.NonExistentQueue"
    message = next((each for each in queue["messages"] if each["visible_at"] <= now), None)
    if message is None:
        return "done"
    came_from = (message.get("sys") or {}).get("DeadLetterQueueSourceArn", "")
    target = sqs._queue_by_arn(task.destination or came_from)
    if target is None:
        return (
            "CouldNotDetermineMessageSource" if not came_from else "AWS.SimpleQueueService.NonExistentQueue"
        )
    from ministack.core.responses import new_uuid

    system = {name: each for name, each in message["sys"].items() if name != "DeadLetterQueueSourceArn"}
    system["SentTimestamp"] = str(int(now * 1000))
    fresh = {
        "id": new_uuid(),
        "receipt_handle": None,
        "receive_count": 0,
        "first_receive_at": None,
        "sent_at": now,
        "visible_at": now,
        "sys": system,
    }
    moved = message | fresh
    moved.pop("enqueued_at", None)
    if target["is_fifo"]:
        target["fifo_seq"] += 1
        moved["seq"] = str(target["fifo_seq"]).zfill(20)
    queue["messages"].remove(message)
    target["messages"].append(moved)
    task.moved += 1
    sqs.esm_wake.set()
    for each in (queue, target):
        measure(sqs, each)
    return ""


def _list(sqs: Any, data: dict[str, Any]) -> dict[str, Any]:
    source = str(data.get("SourceArn", ""))
    _known(sqs, source)
    newest = list(reversed(_tasks.get(source, [])))[: int(data.get("MaxResults") or 1)]
    return {"Results": [task.shown() for task in newest]}


def _cancel(sqs: Any, data: dict[str, Any]) -> dict[str, Any]:
    for task in [task for tasks in _tasks.values() for task in tasks]:
        if task.handle == data.get("TaskHandle"):
            if task.status != "RUNNING":
                raise sqs._Err(_UNSUPPORTED, "Only active tasks can be cancelled.")
            task.status = "CANCELLED"
            return {"ApproximateNumberOfMessagesMoved": task.moved}
    raise sqs._Err("ResourceNotFoundException", "Task does not exist.", 404)


def _check_sources(sqs: Any) -> None:
    """A dead-letter queue may say whose dead letters it takes (RedriveAllowPolicy)."""
    create, change = sqs._HANDLERS["CreateQueue"], sqs._HANDLERS["SetQueueAttributes"]

    def check(data: dict[str, Any], own: str) -> None:
        try:
            policy = json.loads((data.get("Attributes") or {}).get("RedrivePolicy") or "{}")
        except ValueError:
            return
        target = (
            sqs._queue_by_arn(str(policy.get("deadLetterTargetArn", "")))
            if isinstance(policy, dict)
            else None
        )
        allowed = _of_policy(target, "RedriveAllowPolicy") if target is not None else {}
        kind = allowed.get("redrivePermission", "allowAll")
        if kind == "denyAll" or (kind == "byQueue" and own not in allowed.get("sourceQueueArns", [])):
            said = f"Value {json.dumps(policy)} for parameter RedrivePolicy is invalid. Reason: "
            said += "Source queue is not permitted to use the dead-letter queue."
            raise sqs._Err("InvalidParameterValue", said)

    def create_queue(data: dict[str, Any], url: str) -> Any:
        from ministack.core.responses import get_account_id, get_region

        check(data, f"arn:aws:sqs:{get_region()}:{get_account_id()}:{data.get('QueueName', '')}")
        return create(data, url)

    def set_attributes(data: dict[str, Any], url: str) -> Any:
        check(data, sqs._get_q(data.get("QueueUrl") or url)["attributes"].get("QueueArn", ""))
        return change(data, url)

    sqs._HANDLERS |= {"CreateQueue": create_queue, "SetQueueAttributes": set_attributes}


# --- metrics --------------------------------------------------------------------------------------


def _measure(sqs: Any) -> None:
    """Count what is sent, received and deleted, by whomever; look at what waits now and then."""
    send, receive, delete = (
        sqs._act_send_message,
        sqs._HANDLERS["ReceiveMessage"],
        sqs._HANDLERS["DeleteMessage"],
    )
    collect, forget, sweep = sqs._collect_msgs, sqs._delete_messages_for_esm, sqs._dlq_sweep

    def send_message(data: dict[str, Any], url: str) -> Any:
        queue = sqs._get_q(data.get("QueueUrl") or url)
        before = len(queue["messages"])
        answer = send(data, url)
        for message in queue["messages"][before:]:
            ministack_lineage.mark(message)
        _count(queue, "NumberOfMessagesSent", 1)
        _count(queue, "SentMessageSize", len(str(data.get("MessageBody", "")).encode()), "Bytes")
        measure(sqs, queue)
        return answer

    async def receive_message(data: dict[str, Any], url: str) -> Any:
        answer = await receive(data, url)
        if not answer.get("Messages"):
            _count(sqs._get_q(data.get("QueueUrl") or url), "NumberOfEmptyReceives", 1)
        return answer

    def collect_messages(queue: Queue, *args: Any) -> Any:
        found = collect(queue, *args)
        if found:
            _count(queue, "NumberOfMessagesReceived", len(found))
            measure(sqs, queue)
        return found

    def delete_message(data: dict[str, Any], url: str) -> Any:
        queue = sqs._get_q(data.get("QueueUrl") or url)
        before = len(queue["messages"])
        answer = delete(data, url)
        _count(queue, "NumberOfMessagesDeleted", max(before - len(queue["messages"]), 0))
        measure(sqs, queue)
        return answer

    def delete_for_mapping(url: str, handles: set[str]) -> None:
        forget(url, handles)
        queue = sqs._queues.get(url)
        if queue is not None:
            _count(queue, "NumberOfMessagesDeleted", len(handles))
            measure(sqs, queue)

    def dead_letters(queue: Queue) -> None:
        before = len(queue["messages"])
        sweep(queue)
        if len(queue["messages"]) < before:
            target = sqs._queue_by_arn(_of_policy(queue, "RedrivePolicy").get("deadLetterTargetArn", ""))
            for each in (queue, target) if target is not None else (queue,):
                measure(sqs, each)

    sqs._act_send_message, sqs._act_delete_message = send_message, delete_message
    sqs._collect_msgs, sqs._delete_messages_for_esm, sqs._dlq_sweep = (
        collect_messages,
        delete_for_mapping,
        dead_letters,
    )
    sqs._HANDLERS |= {
        "SendMessage": send_message,
        "ReceiveMessage": receive_message,
        "DeleteMessage": delete_message,
    }
    threading.Thread(target=_look, args=(sqs,), daemon=True, name="sqs-metrics").start()


def _look(sqs: Any) -> None:
    """Measure every queue that has messages, as often as AWS would show a change."""
    from ministack.core.responses import request_scope

    while True:
        time.sleep(_MEASURED_EVERY)
        for queue in [each for _, each in sqs._queues.all_items() if each["messages"]]:
            owner, region = sqs._owner_from_queue_arn(queue["attributes"].get("QueueArn", ""))
            if owner and region:
                with request_scope(owner, region):
                    measure(sqs, queue)


def measure(sqs: Any, queue: Queue) -> None:
    """Record how many messages a queue has, and how old the oldest is."""
    sqs._refresh_counts(queue)
    attributes = queue["attributes"]
    for metric, attribute in (
        ("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessages"),
        ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesNotVisible"),
        ("ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesDelayed"),
    ):
        _count(queue, metric, float(attributes.get(attribute, 0)))
    oldest = min((message["sent_at"] for message in list(queue["messages"])), default=time.time())
    _count(queue, "ApproximateAgeOfOldestMessage", max(time.time() - oldest, 0.0), "Seconds")


def _count(queue: Queue, metric: str, value: float, unit: str = "Count") -> None:
    from ministack.services import cloudwatch

    name = str(queue["attributes"].get("QueueArn", "")).rpartition(":")[2]
    record: Callable[..., None] = cloudwatch.record_metric
    record("AWS/SQS", metric, float(value), unit, {"QueueName": name})
