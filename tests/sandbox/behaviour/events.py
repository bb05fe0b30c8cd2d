"""EventBridge: rules and what they match, what targets get, retries, archives; schedules and pipes."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same, within
from tests.sandbox.behaviour.wiring import able_role, bodies, function_arn, nothing, open_queue, take, telling

RULES = "EventBridge API reference, PutRule; PutTargets; PutEvents"
PATTERNS = "EventBridge User Guide, Comparison operators for use in event patterns"
TARGETS = "EventBridge User Guide, Event bus targets; Amazon EventBridge input transformation"
DELIVERY = "EventBridge User Guide, How EventBridge retries delivering events; Using dead-letter queues"
ARCHIVES = "EventBridge User Guide, Archiving and replaying events"
SCHEDULES = (
    "EventBridge User Guide, Creating a scheduled rule; EventBridge Scheduler User Guide, Schedule types"
)


def ruled(aws: Aws, pattern: dict[str, Any], bus: str = "default", **target: Any) -> tuple[str, str]:
    """A queue that gets what a rule matches, and the rule's name."""
    url, arn = open_queue(aws, "events")
    rule = aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern), EventBusName=bus)
    targets = [{"Id": "q", "Arn": arn} | target]
    same(aws.events.put_targets(Rule=rule, EventBusName=bus, Targets=targets)["FailedEntryCount"], 0)
    return url, rule


def emit(aws: Aws, detail: Any, bus: str = "default", source: str = "shop", kind: str = "order") -> str:
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = aws.events.put_events(Entries=[entry])
    same(answer["FailedEntryCount"], 0)
    found: str = answer["Entries"][0]["EventId"]
    return found


@probe("EventBridge", RULES)
def an_event(aws: Aws) -> None:
    """A target gets the event with version, id, type, source, account, time, Region, resources and detail."""
    url, _ = ruled(aws, {"source": ["shop"]})
    number = emit(aws, {"total": 5})
    (found,) = bodies(aws, url)
    same(
        {
            name: found[name]
            for name in ("version", "id", "detail-type", "source", "account", "region", "detail")
        },
        {
            "version": "0",
            "id": number,
            "detail-type": "order",
            "source": "shop",
            "account": aws.account_id,
            "region": "us-east-1",
            "detail": {"total": 5},
        },
    )
    same(found["resources"], [])
    dt.datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%SZ")


for _sentence, _pattern, _yes, _no in (
    ("A pattern matches one of several values.", ["a", "b"], {"k": "b"}, {"k": "c"}),
    ("A pattern matches null.", [None], {"k": None}, {"k": "null"}),
    ("A pattern tells a number from its text.", [5], {"k": 5}, {"k": "5"}),
    ("A pattern matches an empty text.", [""], {"k": ""}, {"k": " "}),
    ("A pattern matches one of a list's elements.", ["a"], {"k": ["x", "a"]}, {"k": ["x"]}),
    ("A pattern matches a prefix.", [{"prefix": "or"}], {"k": "order"}, {"k": "border"}),
    (
        "A pattern matches a prefix, ignoring case.",
        [{"prefix": {"equals-ignore-case": "OR"}}],
        {"k": "order"},
        {"k": "x"},
    ),
    ("A pattern matches a suffix.", [{"suffix": ".png"}], {"k": "a.png"}, {"k": "a.jpg"}),
    (
        "A pattern matches a suffix, ignoring case.",
        [{"suffix": {"equals-ignore-case": ".PNG"}}],
        {"k": "a.png"},
        {"k": "a"},
    ),
    ("A pattern ignores case.", [{"equals-ignore-case": "ALICE"}], {"k": "alice"}, {"k": "bob"}),
    ("A pattern matches anything but a text.", [{"anything-but": "a"}], {"k": "b"}, {"k": "a"}),
    ("A pattern matches anything but several.", [{"anything-but": ["a", "b"]}], {"k": "c"}, {"k": "b"}),
    ("A pattern matches anything but a number.", [{"anything-but": [5]}], {"k": 6}, {"k": 5}),
    (
        "A pattern matches anything but a prefix.",
        [{"anything-but": {"prefix": "in"}}],
        {"k": "out"},
        {"k": "inner"},
    ),
    (
        "A pattern matches anything but a suffix.",
        [{"anything-but": {"suffix": ".t"}}],
        {"k": "a.u"},
        {"k": "a.t"},
    ),
    (
        "A pattern matches anything but, ignoring case.",
        [{"anything-but": {"equals-ignore-case": "A"}}],
        {"k": "b"},
        {"k": "a"},
    ),
    (
        "A pattern matches anything but a wildcard.",
        [{"anything-but": {"wildcard": "*/lib/*"}}],
        {"k": "/bin/x"},
        {"k": "/lib/x"},
    ),
    ("Anything but does not match what is not there.", [{"anything-but": "a"}], {"k": "b"}, {"other": 1}),
    ("A pattern matches a range of numbers.", [{"numeric": [">", 0, "<=", 5]}], {"k": 5}, {"k": 5.5}),
    ("A pattern matches an equal number.", [{"numeric": ["=", 3.018e2]}], {"k": 301.8}, {"k": 301.9}),
    ("A numeric pattern does not match text.", [{"numeric": [">", 1]}], {"k": 2}, {"k": "2"}),
    ("A pattern matches an address range.", [{"cidr": "10.0.0.0/24"}], {"k": "10.0.0.9"}, {"k": "10.0.1.9"}),
    ("A pattern matches what exists, even when it is null.", [{"exists": True}], {"k": None}, {"other": 1}),
    ("A pattern matches what does not exist.", [{"exists": False}], {"other": 1}, {"k": 1}),
    ("A pattern matches a wildcard.", [{"wildcard": "dir/*.png"}], {"k": "dir/a/b.png"}, {"k": "dir/a.jpg"}),
    ("A list may mix values and operators.", ["a", {"prefix": "b"}], {"k": "bee"}, {"k": "cee"}),
):

    @probe("EventBridge", PATTERNS, sentence=_sentence)
    def matched(aws: Aws, _p: Any = _pattern, _yes: Any = _yes, _no: Any = _no) -> None:
        url, _ = ruled(aws, {"detail": {"k": _p}})
        emit(aws, _no)
        emit(aws, _yes)
        same([each["detail"] for each in bodies(aws, url, 2, 1)], [_yes])


@probe("EventBridge", PATTERNS)
def alternatives(aws: Aws) -> None:
    """$or matches when one of its alternatives does."""
    pattern = {"source": ["shop"], "detail": {"$or": [{"a": [1]}, {"b": {"c": [{"numeric": [">", 5]}]}}]}}
    url, _ = ruled(aws, pattern)
    for detail in ({"a": 2}, {"a": 1}, {"b": {"c": 6}}, {"b": {"c": 5}}):
        emit(aws, detail)
    same([each["detail"] for each in bodies(aws, url, 3, 1)], [{"a": 1}, {"b": {"c": 6}}])


@probe("EventBridge", PATTERNS)
def every_field(aws: Aws) -> None:
    """Every field of a pattern must match."""
    url, _ = ruled(aws, {"source": ["shop"], "detail-type": ["order"], "detail": {"a": [1], "b": [2]}})
    for detail in ({"a": 1}, {"a": 1, "b": 2, "c": 3}):
        emit(aws, detail)
    emit(aws, {"a": 1, "b": 2}, kind="refund")
    same([each["detail"] for each in bodies(aws, url, 2, 1)], [{"a": 1, "b": 2, "c": 3}])


@probe("EventBridge", "EventBridge API reference, TestEventPattern")
def tested(aws: Aws) -> None:
    """A pattern can be tested against an event."""
    event = {
        "id": "1",
        "account": aws.account_id,
        "source": "shop",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "order",
        "detail": {"a": 1},
    }
    found = [
        aws.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]
        for pattern in ({"detail": {"a": [1]}}, {"detail": {"a": [2]}})
    ]
    same(found, [True, False])


for _sentence, _bad in (
    ("A pattern is JSON.", "{"),
    ("A pattern's values are lists.", '{"source": "shop"}'),
    ("A pattern's operators are ones that there are.", '{"source": [{"like": "x"}]}'),
    ("A pattern's numeric condition has a number.", '{"detail": {"a": [{"numeric": [">", "x"]}]}}'),
):
    refused(
        "EventBridge",
        "InvalidEventPatternException",
        _sentence,
        PATTERNS,
        lambda a, _b=_bad: a.events.put_rule(Name="r", EventPattern=_b),
    )
refused(
    "EventBridge",
    "ValidationException",
    "A rule has a pattern or a schedule.",
    RULES,
    lambda a: a.events.put_rule(Name="r"),
)
for _schedule in (
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(0 minutes)",
    "cron(0 12 * * *)",
    "every 5 minutes",
):
    refused(
        "EventBridge",
        "ValidationException",
        f"{_schedule} is no schedule.",
        SCHEDULES,
        lambda a, _s=_schedule: a.events.put_rule(Name="r", ScheduleExpression=_s),
    )
refused(
    "EventBridge",
    ("ValidationException",),
    "A schedule is for the default bus.",
    SCHEDULES,
    lambda a: [
        a.events.create_event_bus(Name="own"),
        a.events.put_rule(Name="r", ScheduleExpression="rate(5 minutes)", EventBusName="own"),
    ],
)
refused(
    "EventBridge",
    "ResourceNotFoundException",
    "A rule's bus is there.",
    RULES,
    lambda a: a.events.put_rule(Name="r", EventPattern='{"source": ["x"]}', EventBusName="none"),
)
refused(
    "EventBridge",
    "ResourceNotFoundException",
    "Targets are for a rule that is there.",
    RULES,
    lambda a: a.events.put_targets(Rule="none", Targets=[{"Id": "1", "Arn": a.queue_arn(a.queue())}]),
)
refused(
    "EventBridge",
    "ValidationException",
    "A rule with targets is not deleted.",
    RULES,
    lambda a: a.events.delete_rule(Name=ruled(a, {"source": ["shop"]})[1]),
)
refused(
    "EventBridge",
    "LimitExceededException",
    "A rule has five targets at most.",
    "EventBridge User Guide, Amazon EventBridge quotas",
    lambda a: (
        lambda rule, arn: [
            a.events.put_rule(Name=rule, EventPattern='{"source": ["x"]}'),
            a.events.put_targets(Rule=rule, Targets=[{"Id": str(n), "Arn": arn} for n in range(6)]),
        ]
    )(a.name("rule"), a.queue_arn(a.queue())),
)


@probe("EventBridge", RULES)
def bad_entries(aws: Aws) -> None:
    """An entry with a detail that is no JSON object fails by itself."""
    entries = [{"Source": "shop", "DetailType": "order", "Detail": detail} for detail in ("{}", "{", "[]")]
    answer = aws.events.put_events(Entries=entries)
    same(
        [entry.get("ErrorCode") for entry in answer["Entries"]], [None, "MalformedDetail", "MalformedDetail"]
    )
    same(answer["FailedEntryCount"], 2)


@probe("EventBridge", RULES)
def disabled(aws: Aws) -> None:
    """A disabled rule matches nothing until it is enabled."""
    url, rule = ruled(aws, {"source": ["shop"]})
    aws.events.disable_rule(Name=rule)
    emit(aws, {"n": 1})
    aws.events.enable_rule(Name=rule)
    emit(aws, {"n": 2})
    same([each["detail"]["n"] for each in bodies(aws, url, 2, 1)], [2])


@probe("EventBridge", RULES)
def buses(aws: Aws) -> None:
    """A rule sees the events of its own bus only."""
    aws.events.create_event_bus(Name="orders")
    mine, _ = ruled(aws, {"source": ["shop"]}, "orders")
    other, _ = ruled(aws, {"source": ["shop"]})
    emit(aws, {"n": 1}, "orders")
    same([each["detail"]["n"] for each in bodies(aws, mine)], [1])
    assert nothing(aws, other, 1)


# --- targets --------------------------------------------------------------------------------------


@probe("EventBridge", TARGETS)
def fixed_input(aws: Aws) -> None:
    """A target with an input gets that instead of the event."""
    url, _ = ruled(aws, {"source": ["shop"]}, Input='{"fixed": true}')
    emit(aws, {})
    same(bodies(aws, url), [{"fixed": True}])


@probe("EventBridge", TARGETS)
def part_of_it(aws: Aws) -> None:
    """A target with an input path gets that part of the event."""
    url, _ = ruled(aws, {"source": ["shop"]}, InputPath="$.detail.lines[1]")
    emit(aws, {"lines": ["a", {"sku": "b"}]})
    same(bodies(aws, url), [{"sku": "b"}])


@probe("EventBridge", TARGETS)
def transformed(aws: Aws) -> None:
    """An input transformer makes JSON of parts of the event, with the rule's name where asked."""
    transformer = {
        "InputPathsMap": {"who": "$.detail.who", "lines": "$.detail.lines", "none": "$.detail.none"},
        "InputTemplate": '{"text": "<who> ordered", "who": <who>, "lines": <lines>, '
        '"rule": <aws.events.rule-name>}',
    }
    url, rule = ruled(aws, {"source": ["shop"]}, InputTransformer=transformer)
    emit(aws, {"who": "ada", "lines": [1, 2]})
    same(bodies(aws, url), [{"text": "ada ordered", "who": "ada", "lines": [1, 2], "rule": rule}])


@probe("EventBridge", TARGETS)
def transformed_text(aws: Aws) -> None:
    """An input transformer can make a text."""
    transformer = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '"<who> ordered"'}
    url, _ = ruled(aws, {"source": ["shop"]}, InputTransformer=transformer)
    emit(aws, {"who": "ada"})
    same(bodies(aws, url), ["ada ordered"])


def targeted(aws: Aws, body: str, allowed: bool = True, **target: Any) -> tuple[str, str]:
    """A function that a rule invokes, and the queue that it tells things to."""
    out, rule = aws.queue(), aws.name("rule")
    name = telling(aws, out, body)
    rule_arn = aws.events.put_rule(Name=rule, EventPattern='{"source": ["shop"]}')["RuleArn"]
    if allowed:
        aws.lambda_.add_permission(
            FunctionName=name,
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=rule_arn,
        )
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": function_arn(aws, name)} | target])
    return name, out


@probe("EventBridge", TARGETS)
def to_function(aws: Aws) -> None:
    """A rule invokes a function that lets it in."""
    _, out = targeted(aws, "tell(event['detail'])")
    emit(aws, {"n": 1})
    same(bodies(aws, out), [{"n": 1}])


@probe("EventBridge", "EventBridge User Guide, Using resource-based policies for Amazon EventBridge")
def function_shut(aws: Aws) -> None:
    """An event for a function that does not let the rule in goes to the target's dead letters."""
    dead, arn = open_queue(aws, "events")
    _, out = targeted(aws, "tell(1)", allowed=False, DeadLetterConfig={"Arn": arn})
    emit(aws, {"n": 1})
    (found,) = take(aws, dead)
    same(json.loads(found["Body"])["detail"], {"n": 1})
    same(found["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS")
    assert nothing(aws, out, 1)


@probe("EventBridge", "EventBridge User Guide, Using resource-based policies for Amazon EventBridge")
def queue_shut(aws: Aws) -> None:
    """A rule does not send to a queue whose policy does not let it."""
    url, rule = aws.queue(), aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern='{"source": ["shop"]}')
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": aws.queue_arn(url)}])
    emit(aws, {})
    assert nothing(aws, url)


@probe("EventBridge", "EventBridge User Guide, Using resource-based policies: Amazon SNS permissions")
def topic_shut(aws: Aws) -> None:
    """A rule does not publish to a topic whose policy does not let it, and does where it lets it."""
    topic = aws.topic()
    url, arn = open_queue(aws, "sns")
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    rule = aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern='{"source": ["shop"]}')
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": topic}])
    emit(aws, {"n": 1})
    allow = policy(
        Effect="Allow", Principal={"Service": "events.amazonaws.com"}, Action="sns:Publish", Resource=topic
    )
    time.sleep(0.5)
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow)
    emit(aws, {"n": 2})
    same([each["detail"]["n"] for each in bodies(aws, url, 2, 2)], [2])


@probe("EventBridge", DELIVERY)
def target_gone(aws: Aws) -> None:
    """An event for a queue that is gone goes to the target's dead letters, with rule, target and error."""
    dead, arn = open_queue(aws, "events")
    url, rule = ruled(aws, {"source": ["shop"]}, DeadLetterConfig={"Arn": arn})
    target = aws.queue_arn(url)
    aws.sqs.delete_queue(QueueUrl=url)
    emit(aws, {"n": 1})
    (found,) = take(aws, dead)
    same(json.loads(found["Body"])["detail"], {"n": 1})
    said = {name: each["StringValue"] for name, each in found["MessageAttributes"].items()}
    same((said["TARGET_ARN"], said["RULE_ARN"].rpartition("/")[2]), (target, rule))
    same((said["ERROR_CODE"], bool(said["ERROR_MESSAGE"])), ("NO_RESOURCE", True))


@probe(
    "EventBridge",
    "Lambda Developer Guide, Asynchronous invocation; EventBridge User Guide, Event bus targets",
)
def function_fails(aws: Aws) -> None:
    """A function that fails over an event is tried three times, as for any asynchronous event."""
    _, out = targeted(aws, "tell(1)\nraise ValueError('no')")
    emit(aws, {})
    same(bodies(aws, out, 3, 12), [1, 1, 1])


@probe("EventBridge", TARGETS)
def to_fifo(aws: Aws) -> None:
    """A FIFO queue as target gets the message group that the target names."""
    url = aws.queue(aws.name("q") + ".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    from tests.sandbox.behaviour.wiring import let_in

    arn, rule = let_in(aws, url, "events"), aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern='{"source": ["shop"]}')
    aws.events.put_targets(
        Rule=rule, Targets=[{"Id": "q", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}}]
    )
    emit(aws, {"n": 1})
    (found,) = take(aws, url)
    same(found["Attributes"]["MessageGroupId"], "g")


@probe(
    "EventBridge",
    "EventBridge User Guide, Sending and receiving events between event buses in the same account",
)
def bus_to_bus(aws: Aws) -> None:
    """A rule can send to another bus, where rules see the event as it was."""
    bus = aws.events.create_event_bus(Name="orders")["EventBusArn"]
    url, _ = ruled(aws, {"source": ["shop"]}, "orders")
    role = able_role(aws, "events:PutEvents", service="events")
    aws.events.put_rule(Name="on", EventPattern='{"source": ["shop"]}')
    aws.events.put_targets(Rule="on", Targets=[{"Id": "b", "Arn": bus, "RoleArn": role}])
    number = emit(aws, {"n": 1})
    (found,) = bodies(aws, url)
    same((found["detail"], found["id"]), ({"n": 1}, number))


@probe("EventBridge", TARGETS)
def to_a_workflow(aws: Aws) -> None:
    """A rule starts a state machine with the event as its input."""
    machine = aws.stepfunctions.create_state_machine(
        name=aws.name("m"),
        roleArn=aws.role("states"),
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
    )["stateMachineArn"]
    role = able_role(aws, "states:StartExecution", service="events")
    aws.events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    aws.events.put_targets(Rule="r", Targets=[{"Id": "m", "Arn": machine, "RoleArn": role}])
    emit(aws, {"n": 1})
    found = within(5, lambda: aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"])
    given = aws.stepfunctions.describe_execution(executionArn=found[0]["executionArn"])["input"]
    same(json.loads(given)["detail"], {"n": 1})


# --- archives -------------------------------------------------------------------------------------


@probe("EventBridge", ARCHIVES)
def replayed(aws: Aws) -> None:
    """A replay sends the archived events of a time again, marked with its name."""
    bus = f"arn:aws:events:us-east-1:{aws.account_id}:event-bus/default"
    aws.events.create_archive(
        ArchiveName="kept", EventSourceArn=bus, EventPattern='{"detail": {"keep": [true]}}'
    )
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=60)
    emit(aws, {"keep": True, "n": 1})
    emit(aws, {"keep": False, "n": 2})
    url, _ = ruled(aws, {"source": ["shop"]})
    archive = f"arn:aws:events:us-east-1:{aws.account_id}:archive/kept"

    def settled() -> bool:
        return bool(aws.events.describe_archive(ArchiveName="kept")["EventCount"] == 1)

    assert within(4, settled), aws.events.describe_archive(ArchiveName="kept")
    aws.events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=began,
        EventEndTime=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1),
        Destination={"Arn": bus},
    )
    found = bodies(aws, url, 2, 4)
    same([(each["detail"]["n"], each.get("replay-name")) for each in found], [(1, "again")])
    assert within(4, lambda: aws.events.describe_replay(ReplayName="again")["State"] == "COMPLETED")


@probe("EventBridge", "EventBridge API reference, StartReplay: ReplayDestination")
def replayed_to_rules(aws: Aws) -> None:
    """A replay can be for some rules only."""
    bus = f"arn:aws:events:us-east-1:{aws.account_id}:event-bus/default"
    aws.events.create_archive(ArchiveName="kept", EventSourceArn=bus)
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=60)
    emit(aws, {"n": 1})
    one, rule = ruled(aws, {"source": ["shop"]})
    other, _ = ruled(aws, {"source": ["shop"]})
    arn = aws.events.describe_rule(Name=rule)["Arn"]
    aws.events.start_replay(
        ReplayName="some",
        EventStartTime=began,
        EventSourceArn=f"arn:aws:events:us-east-1:{aws.account_id}:archive/kept",
        EventEndTime=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1),
        Destination={"Arn": bus, "FilterArns": [arn]},
    )
    same([each["detail"]["n"] for each in bodies(aws, one)], [1])
    assert nothing(aws, other, 1)


# --- schedules ------------------------------------------------------------------------------------


def soon(seconds: int = 2) -> str:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


@probe("Scheduler", SCHEDULES)
def once(aws: Aws) -> None:
    """A one-time schedule sends its input at its time, and is deleted when it is to be."""
    url, arn = aws.queue(), ""
    arn = aws.queue_arn(url)
    role = able_role(aws, "sqs:SendMessage", service="scheduler")
    aws.scheduler.create_schedule(
        Name="once",
        ScheduleExpression=soon(),
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={"Arn": arn, "RoleArn": role, "Input": '{"due": true}'},
    )
    same(bodies(aws, url, 1, 15), [{"due": True}])
    assert within(8, lambda: not aws.scheduler.list_schedules()["Schedules"])


ROLE = "EventBridge Scheduler User Guide, Setting up the execution role"


def scheduled(aws: Aws, arn: str, role: str, **target: Any) -> None:
    aws.scheduler.create_schedule(
        Name=aws.name("s"),
        ScheduleExpression=soon(1),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": '{"due": true}', **target},
    )


@probe("Scheduler", ROLE)
def to_a_function(aws: Aws) -> None:
    """A schedule invokes a function by its role; the function's policy need not let it in."""
    out = aws.queue()
    arn = function_arn(aws, telling(aws, out, "tell(event)"))
    scheduled(aws, arn, able_role(aws, "lambda:InvokeFunction", service="scheduler"))
    same(bodies(aws, out, 1, 15), [{"due": True}])


@probe("Scheduler", ROLE)
def role_may_not(aws: Aws) -> None:
    """What a schedule's role may not deliver goes to the target's dead letters, if it may send there."""
    out, dead = aws.queue(), aws.queue()
    arn = function_arn(aws, telling(aws, out, "tell(event)"))
    role = able_role(aws, "sqs:SendMessage", service="scheduler")
    scheduled(aws, arn, role, DeadLetterConfig={"Arn": aws.queue_arn(dead)})
    same(bodies(aws, dead, 1, 15), [{"due": True}])
    same(take(aws, out, 1, 1), [])


refused(
    "Scheduler",
    "ValidationException",
    "A schedule's role trusts the scheduler.",
    ROLE,
    lambda a: scheduled(a, a.queue_arn(a.queue()), a.role("events")),
)


@probe("Scheduler", SCHEDULES)
def not_yet(aws: Aws) -> None:
    """A schedule that is disabled sends nothing."""
    url = aws.queue()
    role = able_role(aws, "sqs:SendMessage", service="scheduler")
    aws.scheduler.create_schedule(
        Name="off",
        ScheduleExpression=soon(1),
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={"Arn": aws.queue_arn(url), "RoleArn": role, "Input": "{}"},
    )
    assert nothing(aws, url, 3)


for _expression in ("rate(5)", "cron(0 12 * * *)", "at(tomorrow)"):
    refused(
        "Scheduler",
        "ValidationException",
        f"{_expression} is no schedule of the scheduler.",
        SCHEDULES,
        lambda a, _e=_expression: a.scheduler.create_schedule(
            Name="s",
            ScheduleExpression=_e,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": a.queue_arn(a.queue()), "RoleArn": a.role("scheduler")},
        ),
    )
refused(
    "Scheduler",
    "ResourceNotFoundException",
    "A schedule's group is there.",
    "EventBridge Scheduler API reference, CreateSchedule",
    lambda a: a.scheduler.create_schedule(
        Name="s",
        GroupName="none",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": a.queue_arn(a.queue()), "RoleArn": a.role("scheduler")},
    ),
)
gives(
    "EventBridge",
    "A rule's ARN has its bus, but for the default one.",
    RULES,
    ["rule/r", "rule/own/r"],
    lambda a: [
        a.events.put_rule(Name="r", EventPattern='{"source": ["x"]}')["RuleArn"].rpartition(":")[2],
        a.events.create_event_bus(Name="own")
        and a.events.put_rule(Name="r", EventPattern='{"source": ["x"]}', EventBusName="own")[
            "RuleArn"
        ].rpartition(":")[2],
    ],
)
