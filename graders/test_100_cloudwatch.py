"""Graders of 100-cloudwatch: logs that answer, metrics that mean something, alarms that wake for a reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudlings.cost import logs_bill, metrics_bill
from cloudlings.grading import metric_rules, shop_days
from cloudlings.grading.alarm_drill import arrives, lets_no_stranger_in
from cloudlings.grading.alarm_rules import (
    Metric,
    Raw,
    Woken,
    alarms_of,
    is_on_a_band,
    wakes,
    watches,
    woken,
)
from cloudlings.grading.dashboards import Graph, Wanted, answers, drawn, graphs, series, share
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.log_checks import by_region, lines_are_discreet, lines_are_fields, shows_a_life
from cloudlings.grading.log_rules import as_object, ask, least_retention, records, rows, saved
from cloudlings.grading.metric_rules import around_now, total_of
from cloudlings.grading.shop_days import EVENT, ORDERS, Shop, day
from cloudlings.grading.sums import as_billed
from cloudlings.grading.vpc_state import shown
from cloudlings.models.alarms import Alarm, evaluate

CAUSES = ("processor timed out", "currency not set up", "certificate expired", "merchant limit reached")
SERVICES = ("orders", "payments", "shipping")
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA", "same")
MARKS = {"0": 0.0, "X": 5.0, "-": None}


def _shop(brief: Brief) -> Shop:
    return Shop(brief.namespace, brief.service, brief.dead_letters, brief.payments, brief.instance)


def _topic(account: Account, brief: Brief) -> str:
    return f"arn:aws:sns:{account.region_name}:{account.id}:{brief.topic}"


# --- logs -------------------------------------------------------------------------------------------------


@task(
    "keep-logs",
    points=3,
    title="Keep logs as long as they are needed",
    ref="L10-T1",
    hints=[
        "Nobody deletes what has no date. What does a log group do with its events by itself, and which "
        "lengths can one choose from?",
        "describe_log_groups shows retentionInDays, or leaves it out. put_retention_policy takes one of "
        "a list of days; look for the first that is at least what is needed.",
        "logs.put_retention_policy(logGroupName=name, retentionInDays=…) for each name of brief.keep, "
        "with the smallest allowed number that is not below its days.",
    ],
)
def test_keep_logs(account: Account, brief: Brief) -> None:
    pages = account.client("logs").get_paginator("describe_log_groups").paginate()
    kept = {
        group["logGroupName"]: group.get("retentionInDays") for page in pages for group in page["logGroups"]
    }
    as_found = {row.group: None for row in brief.keep} | {brief.groups["payments"]: 7}
    not_attempted_unless(
        any(kept.get(name) != days for name, days in as_found.items()),
        "The log groups keep their events as they did when you came.",
    )
    for name, days in ((row.group, row.days) for row in brief.keep):
        assert name in kept, Because(
            found=f"Log group {name} was looked for. It is not there.",
            consequence="Its lines are gone, and the next ones have nowhere to go.",
            concept="How long a group keeps its events is a setting of the group.",
        )
        found, wanted = kept[name], least_retention(days)
        assert found is not None, Because(
            found=f"{name} has no retention: describe_log_groups shows no retentionInDays.",
            consequence="It keeps every line for ever, and every month costs more than the one before.",
            concept="What is not told to expire never does.",
        )
        assert found >= days, Because(
            found=f"{name} keeps its events for {found} days; they are needed for {days}.",
            consequence=f"On day {found + 1} the line that somebody asks for is gone for good.",
            concept="Retention is a promise to whoever asks late.",
        )
        assert found <= wanted, Because(
            found=f"{name} keeps its events for {found} days; they are needed for {days}, and CloudWatch "
            "offers something between.",
            consequence="Storage is paid for days that nobody asks about, and personal data lies longer "
            "than it may.",
            concept="The list of lengths has steps; the right one is the first that is long enough.",
        )
    endless = sorted(name for name, days in kept.items() if days is None)
    assert not endless, Because(
        found=f"Log groups without retention are there besides: {shown(endless[:3])}.",
        consequence="What is made by the way is what nobody looks after.",
        concept="A function makes its log group by itself, without retention, if nobody made it before.",
    )


def _request(brief: Brief, order: str) -> str:
    """The request id of an order, as the seed lays it."""
    return "r-" + hashlib.sha256(f"{brief.tag}/{order}".encode()).hexdigest()[:12]


def _cause(brief: Brief) -> str:
    return CAUSES[hashlib.sha256(f"{brief.tag}/cause".encode()).digest()[0] % len(CAUSES)]


@task(
    "trace",
    points=5,
    title="One complaint, three services",
    ref="L10-T3",
    hints=[
        "Three services know the same request by one name. Which line of which service holds both that "
        "name and what the customer knows?",
        "Find the order's number in the orders group: its line has a requestId. Then ask all three "
        "groups for that requestId, the oldest first. Which service complained first?",
        'save("timeline", \'filter requestId = "r-…" | fields @timestamp, @log, event, reason | sort '
        '@timestamp asc\', the three groups), and answer("trace", {"request": …, "service": …, "cause": '
        "…}).",
    ],
)
def test_trace(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given, timeline = answer("trace"), saved(account, "timeline")
    not_attempted_unless(
        given is not None or timeline,
        'No query is saved as "timeline", and no answer "trace" was handed in yet.',
    )
    assert timeline, Because(
        found='The account\'s saved queries were looked through. None is called "timeline".',
        consequence="Whoever is woken next begins at an empty page.",
        concept="A saved query is kept for everybody: its text and its log groups, under a name.",
    )
    request = _request(brief, brief.complaint)
    shows_a_life(account.id, brief.groups, timeline, request)
    assert given is not None, Because(
        found='Query "timeline" shows the life of the order. No answer "trace" was handed in.',
        consequence="Nobody knows yet which service to mend.",
        concept="A timeline is there to be read: where did the trouble begin?",
    )
    said = given if isinstance(given, Mapping) else {}
    assert said.get("request") == request, Because(
        found=f'The answer "trace" names the request {said.get("request")!r}. Order {brief.complaint} was '
        "received under another.",
        consequence="One reads the life of somebody else's order.",
        concept="The order's number is known to one service; the request id goes along to all of them.",
    )
    right = (said.get("service"), said.get("cause")) == ("payments", _cause(brief))
    assert right, Because(
        found=f'The answer "trace" says: service {said.get("service")!r}, cause {said.get("cause")!r}. '
        "That is not the first line of this request that tells of trouble.",
        consequence="The team of a service that only suffered is woken, and the cause stays.",
        concept="Errors travel: who shouts loudest is often last. Sorted by time, the first trouble "
        "stands on top. A warning is trouble, too.",
    )


@task(
    "big-orders",
    points=3,
    title="Big orders by region",
    ref="L10-T3",
    hints=[
        "Two steps in a row: first leave out what does not count, then count what is left, in heaps. "
        "What makes a line an order, and what makes it a big one?",
        "An amount stands on other lines, too. filter takes several conditions with and; stats … by "
        "makes one row for each value.",
        "filter event = 'received' and amount > … | stats count(*) as orders by region, saved as big "
        "orders with the orders group.",
    ],
)
def test_big_orders(account: Account, brief: Brief) -> None:
    query = saved(account, "big orders")
    not_attempted_unless(query, 'No query is saved as "big orders" yet.')
    assert query  # for mypy
    group, big = brief.groups["orders"], brief.big
    amounts = {
        "north": [big + 1, big + 900.5, 20],
        "south": [big + 0.01],
        "west": [big, big - 1],
        "islands": [999],
    }
    lines = [
        (second, group, {"level": "INFO", "event": "received", "amount": amount, "region": region})
        for second, (region, amount) in enumerate(
            (region, amount) for region, every in amounts.items() for amount in every
        )
    ]
    refunds = [
        (90 + n, group, {"level": "INFO", "event": "refunded", "amount": 4 * big, "region": "west"})
        for n in range(2)
    ]
    found = rows(query, records(account.id, [*lines, *refunds]))
    counted = {region: number for row in found for region, number in by_region(row, tuple(amounts))}
    wanted = {"north": 2, "south": 1, "islands": 1}
    assert counted, Because(
        found=f"The query was run over new orders from four regions. It gives {len(found)} rows, none "
        "with a region and a number.",
        consequence="The question was how many, and where.",
        concept="stats makes a number of many lines; by says for what.",
    )
    assert counted.get("west", 0) == 0, Because(
        found=f"The query counts {counted.get('west')} in west, where new lines tell of one order of "
        f"exactly {big}, one below, and two refunds.",
        consequence="The campaign is run where nobody buys.",
        concept=f"Above {big} is not from {big} on; and an amount can stand on a line that is no order.",
    )
    assert {key: value for key, value in counted.items() if value} == wanted, Because(
        found=f"The query counts {counted}; the new orders above {big} are spread otherwise.",
        consequence="Regions are compared by wrong numbers.",
        concept="Numbers are compared as numbers, and each line counts once.",
    )


ORDER = {"orderId": "KW-31007", "region": "north", "shipping": 4.9, "amount": 73.2}
SECRETS = ({"email": "ida.brandt@example.org", "card": "4000 0012 3456 7899"},
           {"email": "o'neil+bikes@example.net", "card": "5555444433331111"})  # fmt: skip


@task(
    "logger",
    points=5,
    title="Log a dict, not a sentence",
    ref="L10-T2",
    probes=["lambda:Invoke"],
    hints=[
        "A sentence is for a reader; you want to ask ten thousand of them. What must every line have so "
        'that `filter level = "ERROR"` finds it, and what must no line have?',
        "print(json.dumps({…})) makes a line of fields. context.aws_request_id is the name of this "
        "request. Think of which parts of the event belong to a person.",
        "One function log(level, event, **fields) that prints level, requestId, event, orderId, amount, "
        "region; call it once when an order arrives and once when it is accepted or refused (level "
        "ERROR). Return what was returned.",
    ],
)
def test_logger(account: Account, brief: Brief) -> None:
    first = ask(account, brief.checkout, {**ORDER, **SECRETS[0]})
    untouched = any(line.startswith(f"New order {ORDER['orderId']} from") for line in first.lines)
    not_attempted_unless(not untouched, f"Function {brief.checkout} still writes its old sentences.")
    refused = ask(account, brief.checkout, {**ORDER, **SECRETS[1], "amount": -1, "orderId": "KW-31008"})
    told = (
        {"accepted": True, "total": 78.1, "orderId": "KW-31007"},
        {"accepted": False, "orderId": "KW-31008"},
    )
    for said, wanted in zip((first, refused), told, strict=True):
        assert said.answer == wanted, Because(
            found=f"{brief.checkout} was sent an order and answered {json.dumps(said.answer)[:120]}; "
            f"before, it was {json.dumps(wanted)}.",
            consequence="The shop takes other orders than before.",
            concept="Logging watches. It changes nothing of what it watches.",
        )
    for said, secrets in zip((first, refused), SECRETS, strict=True):
        lines_are_fields(brief.checkout, said)
        lines_are_discreet(brief.checkout, said.lines, secrets)
    levels = [(as_object(line) or {}).get("level") for line in refused.lines]
    assert "ERROR" in levels, Because(
        found=f"{brief.checkout} was sent an order of -1, refused it, and wrote the levels "
        f"{shown(list(map(str, levels)))}.",
        consequence='Who asks for level = "ERROR" learns of no refused order.',
        concept="The level is a field with few values, and errors have one of their own.",
    )
    assert "ERROR" not in [(as_object(line) or {}).get("level") for line in first.lines], Because(
        found=f"{brief.checkout} took a good order, and wrote a line of level ERROR.",
        consequence="Errors that are none hide those that are.",
        concept="The level is a field with few values, and errors have one of their own.",
    )


# --- metrics ----------------------------------------------------------------------------------------------

PAID = [
    {"orderId": "KW-41001", "customer": "c-70311", "ms": 137, "processor": "ok"},
    {"orderId": "KW-41002", "customer": "c-70312", "ms": 842.5, "processor": "ok"},
    {"orderId": "KW-41003", "customer": "c-70313", "ms": 3021, "processor": "declined"},
]


@task(
    "measure",
    points=5,
    title="Numbers from the function and the export",
    ref="L10-T4",
    probes=["lambda:Invoke"],
    hints=[
        "A metric is a name, a place (namespace), what sets it apart (dimensions), a unit, and values. "
        "Which of the fields of a payment are one of few, and which are different for everybody?",
        "A line in the embedded metric format has an _aws member that names the metrics; their values "
        "stand beside it, at the top. Dimensions is a list of lists of names of fields.",
        '{"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{"Namespace": …, '
        '"Dimensions": [["Service"]], "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, …]}]}, '
        '"Service": …, "Latency": ms, "Orders": 1, "Failures": 0 or 1}; and put_metric_data for Exported.',
    ],
)
def test_measure(account: Account, brief: Brief) -> None:
    shop = _shop(brief)
    wanted = {shop.latency: 3, shop.orders: 3, shop.failures: 3}
    sums = {shop.latency: 4000.5, shop.orders: 3.0, shop.failures: 1.0}
    when = around_now(account)
    before = {metric: total_of(account, metric, when) for metric in wanted}
    lines: list[str] = []
    for payment in PAID:
        said = ask(account, brief.payments, payment)
        lines += said.lines
        assert said.answer == {"orderId": payment["orderId"], "paid": payment["processor"] == "ok"}, Because(
            found=f"{brief.payments} was sent a payment and answered {json.dumps(said.answer)[:120]}"
            f"{said.error and ' ' + said.error}.",
            consequence="Whoever waits for the payment reads something else than before.",
            concept="Measuring watches. It changes nothing of what it watches.",
        )
    after = {metric: total_of(account, metric, when) for metric in wanted}
    listed = account.client("cloudwatch").list_metrics(Namespace=brief.namespace)["Metrics"]
    # The notebook itself feeds Latency later on, to ring an alarm: that is not of this task.
    made = [one for one in listed if not shop.latency.is_asked_by({**one, "Namespace": brief.namespace})]
    not_attempted_unless(
        made or after[shop.latency] != before[shop.latency] or any("_aws" in line for line in lines),
        f"{brief.payments} was sent payments, and made no metric; the export has put no value either.",
    )
    for metric, count in wanted.items():
        got = after[metric][0] - before[metric][0]
        assert got, Because(
            found=f"{brief.payments} was sent {len(PAID)} payments. {metric.name} in {brief.namespace}, "
            f"with the dimension Service={brief.service} alone and the unit {metric.unit}, got nothing. "
            f"There are: {metric_rules.listed(listed)}.",
            consequence="An alarm on it would wait for ever: to CloudWatch, another namespace, dimension "
            "or unit is another metric.",
            concept="A metric is its namespace, its name and all of its dimensions; a line that is not "
            "quite as the format says makes none, and no error.",
        )
        total = after[metric][1] - before[metric][1]
        one_each = got == count and abs(total - sums[metric]) < 0.01
        assert one_each, Because(
            found=f"{brief.payments} was sent {len(PAID)} payments that took {_taken()} ms, one of them "
            f"declined. {metric.name} got {got:g} values with the sum {total:g}.",
            consequence="A rate or a percentile of it tells of another shop.",
            concept="One value for each payment: also the zeros, since a share needs what went well.",
        )
    _few_metrics(brief, listed)
    assert total_of(account, shop.exported, when)[0], Because(
        found=f"{brief.payments} is measured. Of the export, Exported in {brief.namespace} with "
        f"Service={brief.service} and the unit Count, there is no value of the last day.",
        consequence="Nobody will see when the export stops: what never came cannot be missed.",
        concept="A program outside of Lambda hands its numbers over by itself.",
    )


def _taken() -> str:
    return shown([f"{payment['ms']:g}" for payment in PAID])


def _few_metrics(brief: Brief, listed: Sequence[Raw]) -> None:
    personal = {payment[name] for payment in PAID for name in ("customer", "orderId")}
    many = [
        (one["MetricName"], pair["Name"])
        for one in listed
        for pair in one["Dimensions"]
        if pair["Value"] in personal
    ]
    assert not many, Because(
        found=f"{len(PAID)} payments made {len(many)} metrics that are one customer's or one order's: "
        f"{many[0][0]} has the dimension {many[0][1]}.",
        consequence="Each value of a dimension is a metric that is paid for by itself: "
        f"{brief.bill['customers']:,} customers would cost more than the shop.",
        concept="What differs for everybody is a field of the line, and is asked with a query. A "
        "dimension has few values.",
    )


# --- alarms -----------------------------------------------------------------------------------------------


@task(
    "pager",
    points=4,
    title="The message that arrives",
    ref="L10-T7",
    probes=["cloudwatch:SetAlarmState", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
    hints=[
        "Walk with the message: the alarm speaks to a topic, the topic to its subscriber, and the "
        "subscriber is a queue. Who decides whether a queue takes something?",
        "set_alarm_state rings an alarm by hand. If the history says that the action succeeded and "
        "nothing lies in the queue, the door is the queue's own policy. Which ARN does it let in?",
        "sqs.set_queue_attributes with a Policy whose condition ArnEquals aws:SourceArn names the "
        "topic's ARN as sns.list_topics shows it.",
    ],
)
def test_pager(account: Account, brief: Brief) -> None:
    sqs = account.client("sqs")
    urls = sqs.list_queues(QueueNamePrefix=brief.pager).get("QueueUrls", [])
    queue = next((url for url in urls if url.endswith(f"/{brief.pager}")), None)
    assert queue, Because(
        found=f"The pager's queue {brief.pager} was looked for. It is not there.",
        consequence="The pager reads from nowhere.",
        concept="What runs is changed in place. reset_lab() lays the start state again.",
    )
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"]).get("Attributes", {})
    policy = str(attributes.get("Policy", ""))
    not_attempted_unless("oncall-2024" not in policy, f"The queue {brief.pager} has the policy that it had.")
    topic = _topic(account, brief)
    ringing = sorted(
        (one for one in alarms_of(account)[0] if wakes(one, topic)), key=lambda one: str(one["AlarmName"])
    )
    assert ringing, Because(
        found=f"Alarms whose action is the topic {brief.topic} were looked for. There is none.",
        consequence="An alarm without an action changes its colour, and nobody sees it.",
        concept="An alarm speaks by its actions, and a topic hands on to whoever subscribed.",
    )
    alarm = ringing[0]
    assert arrives(account, queue, alarm), Because(
        found=f"Alarm {alarm['AlarmName']} was rung by hand. Its message was looked for in the queue "
        f"{brief.pager}; it did not come.",
        consequence="The night's first outage is told to nobody.",
        concept="Each part of the way says for itself whom it takes messages from; the sender is told "
        "“sent” all the same.",
    )
    lets_no_stranger_in(account, brief.pager, brief.topic, policy)


@task(
    "silence",
    points=3,
    title="Six looks at an alarm, told beforehand",
    ref="L10-16",
    hints=[
        "An alarm looks a little further back than it counts: two periods more. What does it take in "
        "place of the points that are missing, and when does it need to take anything?",
        "First gather the points that are there, the newest of them as many as N. Enough? Then they "
        "decide alone. Only what is lacking is filled: breaching with X, notBreaching with 0.",
        'answer("silence", {"row-1": "OK" or "ALARM" or "INSUFFICIENT_DATA" or "same", …}). "missing" '
        'and "ignore" fill nothing: if all that is there breaches and is not enough, ignore keeps the '
        "state.",
    ],
)
def test_silence(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("silence")
    not_attempted_unless(given is not None, 'No answer "silence" was handed in yet.')
    said = given if isinstance(given, Mapping) else {}
    unsaid = [row["name"] for row in brief.rows if said.get(row["name"]) not in STATES]
    assert not unsaid, Because(
        found=f'The answer "silence" has none of {shown(STATES)} for {shown(unsaid)}.',
        consequence="An alarm whose silence nobody understands is believed when it should not be.",
        concept="Each look ends in one of three states, or leaves the state as it is.",
    )
    wrong = [row for row in brief.rows if said[row["name"]] != _state(row)]
    assert not wrong, Because(
        found=f"{len(brief.rows) - len(wrong)} of {len(brief.rows)} looks are told as CloudWatch decides "
        f"them. One of the others is {wrong[0]['name']} "
        f"({wrong[0]['missing']}).",
        consequence="The alarm rings, or is still, when you expect the other.",
        concept="Points that are there decide first, even older ones; only what they lack is filled in, "
        "by the treatment.",
    )


def _state(row: Mapping[str, str]) -> str:
    needed, periods = (int(part) for part in row["alarm"].split(" of "))
    alarm = Alarm(1.0, "GreaterThanThreshold", periods, needed, row["missing"])  # type: ignore[arg-type]
    return evaluate(alarm, [MARKS[mark] for mark in row["data"].split()]).state or "same"


@task(
    "slow",
    points=4,
    title="Slow for one in a hundred, for five minutes",
    ref="L10-T5",
    hints=[
        "The average of a hundred orders hides the one that waited. Which statistic says how long the "
        "slowest hundredth waits, and how long must it go on before somebody is woken?",
        "ExtendedStatistic, not Statistic. Period times EvaluationPeriods is the time that it must last. "
        "The threshold is in the metric's unit. What should a night without orders mean?",
        "put_metric_alarm(Namespace=brief.namespace, MetricName='Latency', Dimensions=[Service], "
        "ExtendedStatistic='p99', Period=60, EvaluationPeriods=5, Threshold=brief.slow_ms, "
        "ComparisonOperator='GreaterThanThreshold', TreatMissingData='notBreaching', "
        "AlarmActions=[topic]).",
    ],
)
def test_slow(account: Account, brief: Brief) -> None:
    shop, topic, alarms = _shop(brief), _topic(account, brief), alarms_of(account)
    mine = [one for one in alarms[0] if watches(one, shop.latency)]
    not_attempted_unless(mine, f"No alarm looks at Latency of {brief.service} in {brief.namespace} yet.")
    names = [str(one["AlarmName"]) for one in mine]
    usual, slowly = brief.slow_ms * 0.2, brief.slow_ms * 4.0

    def waiting(number: int, minutes: int, share: float) -> Woken:
        slow = {shop.latency: shop_days.latency(number, range(minutes), share, usual, slowly)}
        before = {shop.latency: shop_days.latency(number, (), 0.0, usual, slowly)}
        return woken(alarms, topic, day(shop, slow, 30, before), EVENT, names)

    told = f"Days were played against {shown(names)}, with the topic {brief.topic} as their action"
    long = waiting(1000, 7, 0.012)
    assert long.within(7), Because(
        found=f"{told}. For seven minutes 12 of 1,000 payments a minute took {slowly:g} ms, the others "
        f"{usual:g} ms. Woken: {long}.",
        consequence="Hundreds of customers look at a turning wheel, and the graph of the average is flat.",
        concept="The 99th percentile is above a value when more than one in a hundred is; period times "
        "evaluations is how long that must last, in the metric's own unit.",
    )
    short = waiting(1000, 4, 0.012)
    assert short.first is None, Because(
        found=f"{told}. The same for four minutes only. Woken: {short}.",
        consequence="Somebody is woken for what is over before the laptop is open.",
        concept="Five minutes are agreed. An alarm counts breaching points, and how many it wants is how "
        "patient it is.",
    )
    rare = waiting(1000, 15, 0.001)
    assert rare.first is None, Because(
        found=f"{told}. For fifteen minutes one of 1,000 payments a minute took {slowly:g} ms. Woken: "
        f"{rare}.",
        consequence="One unlucky customer an hour is enough to wake a person every night.",
        concept="The slowest of all says something of one payment; a percentile, of many.",
    )
    few = waiting(ORDERS, 12, 0.1)
    assert few.first is not None, Because(
        found=f"{told}. For twelve minutes 4 of {ORDERS} payments a minute took {slowly:g} ms: an "
        f"ordinary hour. Woken: {few}.",
        consequence="In a small shop's traffic the alarm never says a word.",
        concept="For a high percentile of few samples, CloudWatch can be told to decide or to keep still.",
    )
    night = woken(alarms, topic, day(shop, shop_days.nobody(shop), 30), EVENT, names)
    assert night.first is None, Because(
        found=f"{told}. A night in which nobody orders. Woken: {night}.",
        consequence="Every quiet night wakes somebody, until nobody gets up any more.",
        concept="What should silence mean for this metric? No payment is no slow payment.",
    )


def _as_inherited(alarm: Raw, brief: Brief) -> bool:
    """Whether an alarm is one of the three that were there, as it was."""
    known = {
        f"cpu-{brief.tag}": ("CPUUtilization", 80.0, 1, 300),
        f"no-orders-{brief.tag}": ("Orders", 1.0, 1, 60),
        f"any-failure-{brief.tag}": ("Failures", 0.0, 1, 60),
    }
    is_so = tuple(alarm.get(key) for key in ("MetricName", "Threshold", "EvaluationPeriods", "Period"))
    return known.get(str(alarm["AlarmName"])) == is_so


@task(
    "symptoms",
    points=6,
    title="Alarms on what customers feel",
    ref="L10-T6",
    hints=[
        "Three kinds of trouble: a share that is too high, something that should never be there, and "
        "something that should never be missing. For each: what does silence mean?",
        "A share is metric math over two metrics, each with ReturnData False. M of N says how many "
        "minutes of how many. The queue has ApproximateNumberOfMessagesVisible. For the export, look "
        "again at how far back an alarm looks when data is missing.",
        "IF(orders >= few, 100 * failures / orders, 0) with DatapointsToAlarm 3 of 5; Maximum of the "
        "queue's metric above 0; SampleCount of Exported below 1 with Period 600, one evaluation, "
        "TreatMissingData breaching.",
    ],
)
def test_symptoms(account: Account, brief: Brief) -> None:
    shop, topic, alarms = _shop(brief), _topic(account, brief), alarms_of(account)
    mine = [
        str(one["AlarmName"])
        for one in alarms[0]
        if not _as_inherited(one, brief) and not watches(one, shop.latency) and not is_on_a_band(one)
    ]
    not_attempted_unless(
        mine, "Besides the alarms that were there, none looks at failures, dead letters or the export yet."
    )

    def rung(what: Mapping[Metric, shop_days.Minutes]) -> Woken:
        return woken(alarms, topic, day(shop, what), EVENT, mine)

    failed = max(2, -(-2 * ORDERS * brief.error_percent // 100))
    told = f"Days were played against {shown(mine)}, with the topic {brief.topic} as their action"
    # First the calm days: an alarm that rings always would seem to ring for everything.
    _keeps_still(brief, told, rung, shop, failed)
    errors = rung({shop.failures: shop_days.failures(ORDERS, (0, 2, 4), failed)})
    assert errors.within(6), Because(
        found=f"{told}. In three of five minutes {failed} of {ORDERS} payments failed, while the function "
        f"itself ended well. Woken: {errors}.",
        consequence="Every tenth customer goes away without a bicycle, and Lambda's own errors stand at "
        "zero.",
        concept="A symptom is what the customer feels: a share of orders, over minutes that need not "
        "stand side by side.",
    )
    lies = {
        shop.of_queue("ApproximateNumberOfMessagesVisible"): shop_days.from_event(1.0),
        shop.of_queue("ApproximateAgeOfOldestMessage"): shop_days.from_event(600.0),
    }
    dead = rung(lies)
    assert dead.within(10), Because(
        found=f"{told}. One message lay in the queue {brief.dead_letters} for {shop_days.AFTER} minutes. "
        f"Woken: {dead}.",
        consequence="An order that no program could handle waits until it expires.",
        concept="A dead-letter queue is empty when all is well. One is already too many.",
    )
    stopped = rung({shop.exported: shop_days.exports(0)})
    soonest, latest = brief.silent_minutes, 2 * brief.silent_minutes
    assert stopped.within(latest), Because(
        found=f"{told}. The export, which puts a value every {brief.export_minutes} minutes, put its last "
        f"one. Within {latest} minutes, woken: {stopped}.",
        consequence="The warehouse packs yesterday's list, and all the graphs look calm.",
        concept="What should silence mean for this metric? A heartbeat speaks by being there. And an "
        "alarm that lacks points looks further back than it counts.",
    )
    assert not stopped.within(soonest - 1), Because(
        found=f"{told}. The export put its last value. Woken: {stopped}; agreed are {soonest} minutes.",
        consequence="One late run, and somebody is woken.",
        concept="How long may it be still before it counts as dead?",
    )


def _keeps_still(
    brief: Brief,
    told: str,
    rung: Callable[[Mapping[Metric, shop_days.Minutes]], Woken],
    shop: Shop,
    failed: int,
) -> None:
    """Fails the check if anybody is woken on a day on which nobody should be."""
    few = max(3, brief.few // 5)
    small = {
        shop.orders: shop_days.orders(few),
        shop.failures: shop_days.failures(few, range(0, 40, 2), 1),
    }
    calm: Sequence[tuple[str, Mapping[Metric, shop_days.Minutes], str]] = (
        (
            "An ordinary day, on which one payment fails in each third minute",
            {},
            "A single failure is a customer's card.",
        ),
        (
            "Nobody orders all night, and the export runs",
            shop_days.nobody(shop),
            "What should silence mean for this metric?",
        ),
        (
            f"Early morning: {few} orders a minute, of which one fails every other minute",
            small,
            "A share of few says little: below a number of orders it should not count.",
        ),
        (
            f"In two minutes {failed} of {ORDERS} payments failed, then all was well",
            {shop.failures: shop_days.failures(ORDERS, (0, 1), failed)},
            "Patience is a number: of how many minutes, how many?",
        ),
    )
    for what, changes, concept in calm:
        found = rung(changes)
        assert found.first is None, Because(
            found=f"{told}. {what}. Woken: {found}.",
            consequence="Who is woken for nothing turns the pager off, and sleeps through the outage.",
            concept=concept,
        )


@task(
    "noise",
    points=4,
    title="Nobody is woken for nothing",
    ref="L10-19",
    hints=[
        "For each of the three old alarms ask: when it rings, is a customer hurt, and is there something "
        "to do now? What is worth seeing is not always worth waking for.",
        "An alarm can stay and tell nobody, tell somebody else, or go. Two of the three ask about "
        "something that your new alarms already ask better.",
        "delete_alarms for what is asked twice; put_metric_alarm once more without AlarmActions (or "
        "disable_alarm_actions) for what you want to see on a board.",
    ],
)
def test_noise(account: Account, brief: Brief) -> None:
    shop, topic, alarms = _shop(brief), _topic(account, brief), alarms_of(account)
    old = [one for one in alarms[0] if _as_inherited(one, brief) and wakes(one, topic)]
    not_attempted_unless(len(old) < 3, f"The three alarms that were there wake by {brief.topic} as before.")
    calm: Sequence[tuple[str, Mapping[Metric, shop_days.Minutes], str, str]] = (
        (
            "An ordinary day, on which one payment fails in each third minute",
            {},
            "The pager rings all day, and its sound means nothing any more.",
            "A count grows with the shop; a share does not.",
        ),
        (
            "Nobody orders all night",
            shop_days.nobody(shop),
            "Every night the pager rings as the last customer goes to bed.",
            "What should silence mean for this metric?",
        ),
        (
            f"The machine {brief.instance} computed at 97 % for 40 minutes; every order went through, as "
            "fast as ever",
            {shop.cpu: shop_days.busy},
            "A person is woken to watch a machine work.",
            "CPU is a cause at most. A busy machine is what one pays for; waking is for symptoms.",
        ),
    )
    for what, changes, consequence, concept in calm:
        found = woken(alarms, topic, day(shop, changes), EVENT)
        assert found.first is None, Because(
            found=f"A day was played against all alarms that tell {brief.topic}. {what}. Woken: {found}.",
            consequence=consequence,
            concept=concept,
        )


# --- dashboard, band, bill --------------------------------------------------------------------------------


@task(
    "board",
    points=4,
    title="Rate, errors, duration: in one look",
    ref="L10-T8",
    hints=[
        "Three questions that anybody may ask of a service: how much, how much of it fails, how long "
        "does it take? Each is one graph. And the shop overseas is another Region.",
        "A dashboard's body is JSON with widgets; each metric is a list: namespace, name, then "
        "dimensions by name and value. A graph shows its stat, Average unless told; a share is an "
        "expression over hidden metrics. region is a property of each widget.",
        '{"type": "metric", …, "properties": {"region": …, "title": …, "stat": "Sum", "period": 60, '
        '"metrics": [[namespace, "Orders", "Service", service]]}}; [{"expression": "100 * f / o", "id": '
        '"e"}] beside metrics with "visible": False.',
    ],
)
def test_board(account: Account, brief: Brief) -> None:
    every = list(graphs(account))
    not_attempted_unless(every, "No dashboard with a graph is there yet.")
    shop = _shop(brief)
    feed = day(
        shop,
        {
            shop.failures: shop_days.failures(ORDERS, range(0, 30, 4), 9),
            shop.latency: shop_days.latency(ORDERS, range(5, 20), 0.2, 80.0, 900.0),
        },
        30,
    )
    board = max(sorted({name for name, _ in every}), key=lambda name: _score(shop, feed, every, name))
    here = [one for name, one in every if name == board]
    for what, wanted, region in _questions(account, brief, shop):
        near = [one for one in here if one.region == region]
        assert any(answers(one, feed, wanted) for one in near), Because(
            found=f"The graphs of dashboard {board} were drawn for an hour and a half of fed metrics. Of "
            f"{len(near)} for {region}, none shows {what}. " + drawn(near, feed),
            consequence="The first question of an outage needs somebody who can write a query.",
            concept="A graph shows a statistic of a metric, in a Region, per period: how many is a sum, "
            "an average of ones is one.",
        )


def _questions(account: Account, brief: Brief, shop: Shop) -> tuple[tuple[str, Wanted, str], ...]:
    """What the board must show: in words, as a query for a period, and in which Region."""
    home = account.region_name
    return (
        ("how many orders there were, by Sum", lambda p: [series("m", shop.orders, "Sum", p)], home),
        (
            "which share of the orders failed, in percent",
            lambda p: share(shop.failures, shop.orders, p),
            home,
        ),
        ("how long the slowest hundredth took (p99)", lambda p: [series("m", shop.latency, "p99", p)], home),
        (
            "how many orders the shop overseas had, by Sum",
            lambda p: [series("m", shop.orders, "Sum", p)],
            brief.us_region,
        ),
    )


def _score(shop: Shop, feed: Any, every: Sequence[tuple[str, Graph]], name: str) -> int:
    """How many of the home Region's questions a dashboard answers: the best one is looked at."""
    wanted: list[Wanted] = [
        lambda p: [series("m", shop.orders, "Sum", p)],
        lambda p: share(shop.failures, shop.orders, p),
        lambda p: [series("m", shop.latency, "p99", p)],
    ]
    return sum(any(answers(one, feed, each) for board, one in every if board == name) for each in wanted)


@task(
    "unusual",
    points=2,
    title="Fewer orders than on such an hour",
    ref="L10-21",
    hints=[
        "A fixed threshold is too high at night and too low at noon. What would you compare this "
        "Monday's ten o'clock with?",
        "An alarm with ThresholdMetricId compares a metric with a band: ANOMALY_DETECTION_BAND(metric, "
        "width) is one of its Metrics. Which comparison rings for too few, and only for too few?",
        "ComparisonOperator='LessThanLowerThreshold', ThresholdMetricId='band', Metrics=[{'Id': "
        "'orders', 'MetricStat': …, 'ReturnData': True}, {'Id': 'band', 'Expression': "
        "f'ANOMALY_DETECTION_BAND(orders, {brief.band})', 'ReturnData': True}].",
    ],
)
def test_unusual(account: Account, brief: Brief) -> None:
    shop = _shop(brief)
    bands = [one for one in alarms_of(account)[0] if is_on_a_band(one)]
    not_attempted_unless(bands, "No alarm compares with an anomaly detection band yet.")
    mine = [one for one in bands if watches(one, shop.orders)]
    assert mine, Because(
        found=f"{shown([str(one['AlarmName']) for one in bands])} compares with a band, and none of them "
        f"looks at Orders of {brief.service} in {brief.namespace}.",
        consequence="The band is that of another metric, or of none that has data.",
        concept="A metric is its namespace, its name and all of its dimensions.",
    )
    for alarm in mine:
        _rings_for_too_few(alarm, brief)


def _rings_for_too_few(alarm: Raw, brief: Brief) -> None:
    name = alarm["AlarmName"]
    band = next(
        (str(q.get("Expression", "")) for q in alarm["Metrics"] if q["Id"] == alarm["ThresholdMetricId"]), ""
    )
    assert _width(band) == brief.band, Because(
        found=f"Alarm {name} has the band {band}; agreed is a width of {brief.band} standard deviations.",
        consequence="Narrower, it rings on ordinary days; wider, it sleeps through a bad one.",
        concept="The width is how unusual something must be. A band that says none has 2.",
    )
    assert alarm["ComparisonOperator"] == "LessThanLowerThreshold", Because(
        found=f"Alarm {name} compares by {alarm['ComparisonOperator']}.",
        consequence="On the first day of the sale somebody is woken because all is well, or nobody "
        "because nothing is sold.",
        concept="A band has two sides. Only one of them hurts here.",
    )
    stats = {q["MetricStat"]["Stat"] for q in alarm["Metrics"] if q.get("MetricStat")}
    assert stats == {"Sum"}, Because(
        found=f"Alarm {name} looks at the {shown(sorted(stats))} of Orders, to which each order gives a one.",
        consequence="An average of ones is one, on the best day and on the worst.",
        concept="How many is a sum.",
    )


def _width(band: str) -> float | None:
    """A band's width in standard deviations; none of what is no band."""
    found = re.fullmatch(r"\s*ANOMALY_DETECTION_BAND\(([^,]+)(?:,\s*(\d+(?:\.\d+)?)\s*)?\)\s*", band)
    return float(found[2] or 2) if found else None


@task(
    "bill",
    points=3,
    title="A dimension or a field",
    ref="L10-03",
    hints=[
        "Two ways to know something of each customer: count it always, or ask when you want to know. "
        "What is paid for in the one, what in the other, and what grows with the customers?",
        "Stored: GB a month × the share that is left when packed × how many months lie there. Metrics: "
        "customers × metrics each, by the tiers. A query pays for the GB that it looks through.",
        'answer("bill", {"for_ever": …, "kept": …, "dimension": metrics_bill(customers × '
        'metrics_each).usd, "field": logs_bill(scanned_gb=questions × gb_scanned).usd, "choose": '
        '"dimension" or "field"}).',
    ],
)
def test_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given, sums = answer("bill"), brief.bill
    not_attempted_unless(given is not None, 'No answer "bill" was handed in yet.')
    a_month = sums["gb"] * sums["stored_share"]
    bills = {
        "for_ever": logs_bill(stored_gb=a_month * sums["months_for_ever"]),
        "kept": logs_bill(stored_gb=a_month * sums["months_kept"]),
        "dimension": metrics_bill(sums["customers"] * sums["metrics_each"]),
        "field": logs_bill(scanned_gb=sums["questions"] * sums["gb_scanned"]),
    }
    said = as_billed("bill", given, bills, consequence="The choice rests on a wrong sum.")
    better = min(("dimension", "field"), key=lambda name: bills[name].usd)
    assert said.get("choose") == better, Because(
        found=f"The answer chooses {said.get('choose')!r}. The dimension costs "
        f"${bills['dimension'].usd:,.2f} a month, the field ${bills['field'].usd:,.2f}.",
        consequence="The choice contradicts its own sum.",
        concept="A metric is paid for as long as it gets data; a question, when it is asked.",
    )
