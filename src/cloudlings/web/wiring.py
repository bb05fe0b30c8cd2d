"""How events flow through an account: what calls what, read from each service, and drawn as a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cloudlings.errors import CloudlingsError


class Session(Protocol):
    """What is asked of an account."""

    def client(self, service_name: str) -> Any: ...


@dataclass(frozen=True)
class Node:
    """One thing that sends or gets events: its kind (``lambda``, ``sqs`` …) and its name."""

    kind: str
    name: str


@dataclass(frozen=True)
class Wire:
    """Events go from one thing to another; ``how`` says by what, in a few words."""

    source: Node
    target: Node
    how: str


@dataclass(frozen=True)
class Wiring:
    """All that was found, and which services could not be read."""

    wires: tuple[Wire, ...]
    unread: tuple[str, ...] = ()


def read_wiring(session: Session) -> Wiring:
    """Read the account's event wiring in one Region. What cannot be read is named, and the rest is there."""
    wires: list[Wire] = []
    unread = []
    for service, reader in _READERS.items():
        try:
            wires.extend(reader(session.client(service)))
        except (ClientError, BotoCoreError, CloudlingsError, KeyError) as error:
            unread.append(f"{service}: {error}")
    return Wiring(tuple(dict.fromkeys(wires)), tuple(unread))


def node(arn: str) -> Node:
    """The thing that an ARN names."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return Node("other", arn)
    kind, rest = parts[2], parts[5]
    name = rest.split(":", 1)[1] if kind == "lambda" and rest.startswith("function:") else rest
    if kind == "dynamodb":
        name = rest.split("/")[1] if "/" in rest else rest
    for word in ("rule/", "event-bus/", "loggroup:", "log-group:", "stateMachine:", "alarm:"):
        name = name.removeprefix(word)
    return Node(kind, name.removesuffix(":*"))


def _buckets(s3: Any) -> Iterator[Wire]:
    shapes = (("LambdaFunctionConfigurations", "LambdaFunctionArn"), ("QueueConfigurations", "QueueArn"),
              ("TopicConfigurations", "TopicArn"))  # fmt: skip
    for bucket in s3.list_buckets()["Buckets"]:
        found = s3.get_bucket_notification_configuration(Bucket=bucket["Name"])
        source = Node("s3", bucket["Name"])
        for key, arn in shapes:
            for one in found.get(key, []):
                yield Wire(source, node(one[arn]), ", ".join(e.removeprefix("s3:") for e in one["Events"]))
        if "EventBridgeConfiguration" in found:
            yield Wire(source, Node("events", "default"), "all events")


def _topics(sns: Any) -> Iterator[Wire]:
    for page in sns.get_paginator("list_subscriptions").paginate():
        for one in page["Subscriptions"]:
            to = one["Endpoint"]
            target = node(to) if to.startswith("arn:") else Node(one["Protocol"], to)
            yield Wire(node(one["TopicArn"]), target, "subscription")


def _queues(sqs: Any) -> Iterator[Wire]:
    import json

    for url in sqs.list_queues().get("QueueUrls", []):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "RedrivePolicy"])[
            "Attributes"
        ]
        if found.get("RedrivePolicy"):
            policy = json.loads(found["RedrivePolicy"])
            how = f"after {policy.get('maxReceiveCount')} failed receives"
            yield Wire(node(found["QueueArn"]), node(policy["deadLetterTargetArn"]), how)


def _functions(client: Any) -> Iterator[Wire]:
    for page in client.get_paginator("list_event_source_mappings").paginate():
        for one in page["EventSourceMappings"]:
            if one.get("EventSourceArn"):
                how = f"batches of {one.get('BatchSize', 1)}"
                yield Wire(node(one["EventSourceArn"]), node(one["FunctionArn"]), how)
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield from _destinations(client, function["FunctionName"])


def _destinations(client: Any, name: str) -> Iterator[Wire]:
    try:
        found = client.get_function_event_invoke_config(FunctionName=name).get("DestinationConfig", {})
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return
        raise
    for word, how in (("OnSuccess", "on success"), ("OnFailure", "on failure")):
        if found.get(word, {}).get("Destination"):
            yield Wire(Node("lambda", name), node(found[word]["Destination"]), how)


def _rules(events: Any) -> Iterator[Wire]:
    for bus in events.list_event_buses()["EventBuses"]:
        for rule in events.list_rules(EventBusName=bus["Name"])["Rules"]:
            on = "" if rule.get("State", "ENABLED") == "ENABLED" else ", disabled"
            schedule = rule.get("ScheduleExpression")
            source = Node("schedule", schedule) if schedule else Node("events", bus["Name"])
            for one in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]:
                yield Wire(source, node(one["Arn"]), f"rule {rule['Name']}{on}")


def _alarms(cloudwatch: Any) -> Iterator[Wire]:
    for page in cloudwatch.get_paginator("describe_alarms").paginate():
        for one in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]:
            for arn in one.get("AlarmActions", []):
                yield Wire(Node("cloudwatch", one["AlarmName"]), node(arn), "in alarm")


def _log_groups(logs: Any) -> Iterator[Wire]:
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for one in logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]:
                yield Wire(Node("logs", name), node(one["destinationArn"]), f"filter {one['filterName']}")


_READERS: Mapping[str, Callable[[Any], Iterator[Wire]]] = {
    "s3": _buckets,
    "sns": _topics,
    "sqs": _queues,
    "lambda": _functions,
    "events": _rules,
    "cloudwatch": _alarms,
    "logs": _log_groups,
}

# Drawing: columns from left to right by how far a thing is from where events begin.

_BOX, _GAP, _MARGIN = (200, 46), (120, 22), 12
_NAMES = {
    "s3": "Bucket", "sns": "Topic", "sqs": "Queue", "lambda": "Function", "events": "Event bus",
    "logs": "Log group", "cloudwatch": "Alarm", "dynamodb": "Table", "states": "State machine",
    "schedule": "Schedule", "kinesis": "Stream", "autoscaling": "Auto Scaling", "email": "E-mail",
    "https": "HTTPS", "http": "HTTP",
}  # fmt: skip


def title(one: Node) -> str:
    """What a thing is, in a word of AWS's."""
    return _NAMES.get(one.kind, one.kind)


def columns(wires: Sequence[Wire]) -> dict[Node, int]:
    """How far each thing is from where its events begin. A circle is cut where it closes."""
    nodes = dict.fromkeys(n for wire in wires for n in (wire.source, wire.target))
    before: dict[Node, list[Node]] = {n: [w.source for w in wires if w.target == n] for n in nodes}
    found: dict[Node, int] = {}

    def place(one: Node, on_way: frozenset[Node]) -> int:
        if one not in found:
            earlier = [place(n, on_way | {one}) for n in before[one] if n not in on_way and n != one]
            if on_way and any(n in on_way for n in before[one]):
                return 1 + max(earlier, default=-1)
            found[one] = 1 + max(earlier, default=-1)
        return found[one]

    return {one: place(one, frozenset()) for one in nodes}


def draw(wiring: Wiring) -> str:
    """The graph as SVG, in the page's own colours; "" when there is nothing to draw."""
    if not wiring.wires:
        return ""
    column = columns(wiring.wires)
    corner: dict[Node, tuple[int, int]] = {}
    filled: dict[int, int] = {}
    for one in column:
        row = filled.get(column[one], 0)
        filled[column[one]] = row + 1
        corner[one] = (_MARGIN + column[one] * (_BOX[0] + _GAP[0]), _MARGIN + row * (_BOX[1] + _GAP[1]))
    width = _MARGIN + max(x for x, _ in corner.values()) + _BOX[0]
    height = _MARGIN + max(y for _, y in corner.values()) + _BOX[1]
    said = "; ".join(f"{w.source.name} to {w.target.name}, {w.how}" for w in wiring.wires)
    ways = "".join(_way(corner[w.source], corner[w.target], w.how) for w in wiring.wires)
    boxes = "".join(_box(one, at) for one, at in corner.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="Event wiring: {escape(said)}"'
        ' font-family="system-ui, sans-serif">'
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="var(--muted)"/></marker>{ways}{boxes}</svg>'
    )


def _box(one: Node, corner: tuple[int, int]) -> str:
    x, y = corner
    name = one.name if len(one.name) <= 21 else one.name[:10] + "…" + one.name[-10:]
    return (
        f"<g><title>{escape(one.name)}</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="8" fill="var(--card)"'
        ' stroke="var(--link)" stroke-width="1.5"/>'
        f'<text x="{x + 10}" y="{y + 18}" font-size="11" fill="var(--muted)">{escape(title(one))}</text>'
        f'<text x="{x + 10}" y="{y + 36}" font-size="13" font-weight="600" fill="var(--ink)">'
        f"{escape(name)}</text></g>"
    )


def _way(start: tuple[int, int], end: tuple[int, int], how: str) -> str:
    x1, y1 = start[0] + _BOX[0], start[1] + _BOX[1] // 2
    x2, y2 = end[0], end[1] + _BOX[1] // 2
    if end[0] <= start[0]:  # back, or up in its own column: round the outside
        x2 = end[0] + _BOX[0]
        path = f"M{x1} {y1} C{x1 + 70} {y1} {x2 + 70} {y2} {x2} {y2}"
    else:
        bend = (x2 - x1) // 2
        path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    dashed = ' stroke-dasharray="5 4"' if "disabled" in how or "fail" in how else ""
    return (
        f'<path d="{path}" fill="none" stroke="var(--muted)" stroke-width="1.6"{dashed}'
        f' marker-end="url(#tip)"><title>{escape(how)}</title></path>'
    )
