"""Graders of 100-cloudwatch: logs that answer, metrics that mean something, alarms that wake for a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost import logs_bill, metrics_bill
from cloudlings.grading.alarm_drill import arrives, is_as_found, lets_no_stranger_in
from cloudlings.grading.alarm_rules import alarms_of, is_on_a_band, wakes, watches
from cloudlings.grading.band_rules import rings_for_too_few
from cloudlings.grading.board_rules import (
    best_board,
    hard_hour,
    questions,
    shows_a_share_alone,
    shows_what_is_asked,
)
from cloudlings.grading.dashboards import graphs
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.latency_rules import Waiting, wakes_for_slow_ones
from cloudlings.grading.log_checks import (
    answers_as_before,
    counts_those_above,
    levels_tell_errors,
    lines_are_discreet,
    lines_are_fields,
    shows_a_life,
)
from cloudlings.grading.log_rules import ask, saved
from cloudlings.grading.metric_rules import around_now, listed_in, total_of
from cloudlings.grading.payment_rules import makes_few_metrics, measures_each, pays, sums_of, values_of
from cloudlings.grading.rehearsal import Rehearsal
from cloudlings.grading.retention_rules import kept_as_long, lines_are_there, none_for_ever
from cloudlings.grading.shop_days import Shop
from cloudlings.grading.sums import as_billed
from cloudlings.grading.symptom_rules import (
    as_inherited,
    keeps_still,
    wakes_for_dead_letters,
    wakes_for_failures,
    wakes_for_silence,
    wakes_nobody_for_nothing,
)
from cloudlings.grading.trace_rules import names_the_cause, request_of
from cloudlings.grading.vpc_state import shown
from cloudlings.models.alarms import Alarm, evaluate

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
    for row in brief.keep:
        kept_as_long(kept, row.group, row.days)
    lines_are_there(account, list(brief.groups.values()))
    none_for_ever(kept)


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
    request = request_of(brief, brief.complaint)
    shows_a_life(account.id, brief.groups, timeline, request)
    assert given is not None, Because(
        found='Query "timeline" shows the life of the order. No answer "trace" was handed in.',
        consequence="Nobody knows yet which service to mend.",
        concept="A timeline is there to be read: where did the trouble begin?",
    )
    names_the_cause(brief, request, given)


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
    counts_those_above(account.id, brief.groups["orders"], brief.big, query)


SECRETS = ({"email": "ida.brandt@example.org", "card": "4000 0012 3456 7899"},
           {"email": "o'neil+bikes@example.net", "card": "5555444433331111"})  # fmt: skip
ORDERS: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
    ({"orderId": "KW-31007", "region": "north", "amount": 73.2, "shipping": 4.9},
     {"accepted": True, "total": 78.1}),
    ({"orderId": "KW-31008", "region": "north", "amount": -1, "shipping": 4.9}, {"accepted": False}),
    ({"orderId": "KW-31009", "region": "west", "amount": 19}, {"accepted": True, "total": 19}),
    ({"orderId": "KW-31010", "region": "west", "amount": 0}, {"accepted": False}),
)  # fmt: skip


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
    sent = [({**order, **SECRETS[n % 2]}, told) for n, (order, told) in enumerate(ORDERS)]
    first = ask(account, brief.checkout, sent[0][0])
    untouched = any(line.startswith(f"New order {sent[0][0]['orderId']} from") for line in first.lines)
    not_attempted_unless(not untouched, f"Function {brief.checkout} still writes its old sentences.")
    answers = [first, *(ask(account, brief.checkout, order) for order, _ in sent[1:])]
    for said, (order, told) in zip(answers, sent, strict=True):
        answers_as_before(brief.checkout, said, {"orderId": order["orderId"], **told})
    for said, (order, _) in zip(answers, sent, strict=True):
        lines_are_fields(brief.checkout, said)
        lines_are_discreet(brief.checkout, said.lines, order)
    levels_tell_errors(brief.checkout, first, answers[1])


# --- metrics ----------------------------------------------------------------------------------------------


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
    when = around_now(account)
    others = values_of(account, listed_in(account, brief.namespace), when)
    before = {metric: total_of(account, metric, when) for metric in sums_of(shop)}
    lines = pays(account, brief.payments)
    after = {metric: total_of(account, metric, when) for metric in sums_of(shop)}
    listed = listed_in(account, brief.namespace)
    # The notebook itself feeds Latency later on, to ring an alarm: that is not of this task.
    made = [one for one in listed if not shop.latency.is_asked_by({**one, "Namespace": brief.namespace})]
    not_attempted_unless(
        made or after[shop.latency] != before[shop.latency] or any("_aws" in line for line in lines),
        f"{brief.payments} was sent payments, and made no metric; the export has put no value either.",
    )
    measures_each(brief, shop, before, after, listed)
    makes_few_metrics(brief, others, values_of(account, listed, when))
    assert total_of(account, shop.exported, when)[0], Because(
        found=f"{brief.payments} is measured. Of the export, Exported in {brief.namespace} with "
        f"Service={brief.service} and the unit Count, there is no value of the last day.",
        consequence="Nobody will see when the export stops: what never came cannot be missed.",
        concept="A program outside of Lambda hands its numbers over by itself.",
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
    policy, topic = str(attributes.get("Policy", "")), _topic(account, brief)
    arn = f"arn:aws:sqs:{account.region_name}:{account.id}:{brief.pager}"
    not_attempted_unless(
        not is_as_found(policy, topic, arn), f"The queue {brief.pager} has the policy that it had."
    )
    # A composite alarm is rung where no other wakes: it may speak for all of them.
    ringing = sorted(
        (one for kind in alarms_of(account) for one in kind if wakes(one, topic)),
        key=lambda one: ("AlarmRule" in one, str(one["AlarmName"])),
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
    lets_no_stranger_in(account, brief.pager, policy)


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
    rehearsal = Rehearsal(shop, alarms, topic, names)
    wakes_for_slow_ones(Waiting(rehearsal, float(brief.slow_ms)))


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
        if not as_inherited(one, brief) and not watches(one, shop.latency) and not is_on_a_band(one)
    ]
    not_attempted_unless(
        mine, "Besides the alarms that were there, none looks at failures, dead letters or the export yet."
    )
    rehearsal = Rehearsal(shop, alarms, topic, mine)
    # First the calm days: an alarm that rings always would seem to ring for everything.
    keeps_still(brief, rehearsal)
    wakes_for_failures(brief, rehearsal)
    wakes_for_dead_letters(brief, rehearsal)
    wakes_for_silence(brief, rehearsal)


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
    old = [one for one in alarms[0] if as_inherited(one, brief) and wakes(one, topic)]
    not_attempted_unless(len(old) < 3, f"The three alarms that were there wake by {brief.topic} as before.")
    wakes_nobody_for_nothing(Rehearsal(shop, alarms, topic))


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
    feed = hard_hour(shop)
    board = best_board(shop, feed, every)
    here = [one for name, one in every if name == board]
    for question in questions(shop, account.region_name, brief.us_region):
        shows_what_is_asked(board, here, feed, question)
    shows_a_share_alone(board, here, feed, shop)


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
        rings_for_too_few(alarm, brief.band)


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
