"""Graders of 090-lambda: functions by the events that they are sent, rights by proof, limits by play."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost import lambda_bill, price_table
from cloudlings.grading import portrait_rules, reminder_rules
from cloudlings.grading.attached_rules import (
    LOGGING,
    in_two_zones,
    interfaces_of,
    makes_interfaces_only,
    without_nat,
)
from cloudlings.grading.crowd_rules import nobody_is_refused
from cloudlings.grading.function_state import (
    Reply,
    answered,
    configuration,
    functions,
    invoked,
    mappings_of,
    policy_of,
    require_function,
    reserved,
    short,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.intake_rules import door, events, quick_when_warm
from cloudlings.grading.portrait_rules import Place, makes_small_ones
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.queue_state import attributes, queue_url, redrive
from cloudlings.grading.reminder_rules import (
    Reader,
    ends_where_it_should,
    keeps_what_fails,
    swallowed,
    tells_what_failed,
    waits_long_enough,
)
from cloudlings.grading.roles import may_exactly, only_takes_on, require_role, role_named, session
from cloudlings.grading.s3_state import or_none, require_bucket
from cloudlings.grading.trigger_rules import (
    clocks,
    hears_of_uploads,
    lets_in_only,
    notifications,
    rings_daily,
    scheduler_may_call,
)
from cloudlings.grading.version_rules import kept_warm, live_version, photographed, versions_of
from cloudlings.grading.vpc_state import (
    interface_at,
    must_not_reach,
    must_reach,
    network_of,
    shown,
    vpcs_in,
)
from cloudlings.models.functions import CALLS, counted

LAMBDA = {"Service": "lambda.amazonaws.com"}
INVOKE = ["lambda:Invoke"]
MEGABYTE = 1_000_000


def _arn(account: Account, function: str) -> str:
    return f"arn:aws:lambda:{account.region_name}:{account.id}:function:{function}"


@task(
    "hello",
    points=3,
    title="A greeting",
    ref="L09-T1",
    probes=INVOKE,
    hints=[
        "A function gets a dictionary and returns a value. Which of its keys may be missing, and what may "
        "be in them instead of a name?",
        "event.get('name') is None where there is none. A text of spaces is a text: strip() shows what is "
        "left.",
        "name = str(event.get('name') or '').strip() or 'everybody'; return the greeting of "
        "brief.greeting, a comma, a space, the name, an exclamation mark. deploy(brief.welcome, code) "
        "makes the function.",
    ],
)
def test_hello(account: Account, brief: Brief) -> None:
    name = brief.welcome
    not_attempted_unless(configuration(account, name), f"There is no function {name} yet.")
    rng = random.Random(f"{name} {brief.greeting}")
    guest = rng.choice(("Øyvind", "Nguyễn Thị", "O'Hara", "李雷"))
    wanted = [(guest, guest), (None, "everybody"), ("Ana", "Ana"), ("   ", "everybody"), (guest, guest)]
    open_to_web = or_none(
        lambda: account.client("lambda").get_function_url_config(FunctionName=name),
        "ResourceNotFoundException",
    )
    for given, greeted in wanted:
        event = {} if given is None else {"name": given}
        reply = invoked(account, name, event)
        if open_to_web and not _greets(reply, brief, greeted):
            reply = invoked(account, name, {"version": "2.0", "rawPath": "/", "queryStringParameters": event})
        answered(reply, f"the event {short(event)}")
        assert _greets(reply, brief, greeted), Because(
            found=f"{name} was called with {short(event)}. It answered {short(reply.value)}.",
            consequence="The screen at the door shows a wrong greeting, or one for the visitor before.",
            concept="Every answer follows from its own event. A key may be missing, and a name may be blank.",
        )


def _greets(reply: Reply, brief: Brief, name: str) -> bool:
    said = reply.value
    if isinstance(said, Mapping) and "body" in said:
        said = said["body"] if said.get("statusCode") == 200 else None
    return str(said).strip().strip('"') == f"{brief.greeting}, {name}!"


@task(
    "counter",
    points=2,
    title="What does it remember?",
    ref="L09-T1",
    hints=[
        "Draw a line for each environment's life. Which steps end it, and which only end a call? What is "
        "run again when a new one begins?",
        "An error in the handler ends the call, and the environment stays: the count was raised before it. "
        "A timeout, new code and new settings lead to a new environment.",
        "Count on for 'call' and for 'error', go back to 0 for everything else, and write the number down "
        "at each 'call'.",
    ],
)
def test_counter(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("counter")
    not_attempted_unless(given is not None, 'No answer "counter" was handed in yet.')
    truth = counted(brief.plan)
    said = list(given) if isinstance(given, list | tuple) else []
    assert len(said) == len(truth), Because(
        found=f'The answer "counter" has {len(said)} numbers; the plan has {len(truth)} steps that are a '
        "call.",
        consequence="Nobody can tell which number belongs to which call.",
        concept="A number for each call, in order; the other steps answer nothing that counts.",
    )
    right = sum(one == other for one, other in zip(said, truth, strict=True))
    assert right == len(truth), Because(
        found=f"{right} of {len(truth)} numbers are what the function answers.",
        consequence="Somebody keeps a basket in a variable, and customers lose it, or find somebody else's.",
        concept="An environment lives on after an error of the handler. It ends with a timeout, and new "
        "code or new settings begin another; then everything outside the handler is run again.",
    )


@task(
    "role",
    points=4,
    title="Exactly the rights of its job",
    ref="L09-T2",
    hints=[
        "Write down the function's calls, each with what it is about: one reads, one writes, and the log. "
        "Which ARN does each of them need, that of the bucket or that of objects?",
        "create_role with a trust policy for lambda.amazonaws.com; put_role_policy with two statements on "
        "BUCKET_ARN/PREFIX*; attach_role_policy for the log.",
        "s3:GetObject on arn:aws:s3:::BUCKET/UPLOADS*, s3:PutObject on arn:aws:s3:::BUCKET/THUMBS*, and "
        "service-role/AWSLambdaBasicExecutionRole.",
    ],
)
def test_role(account: Account, brief: Brief) -> None:
    name, bucket = brief.portraits_role, f"arn:aws:s3:::{brief.bucket}"
    not_attempted_unless(role_named(account, name), f"There is no role {name} yet.")
    require_bucket(account, brief.bucket)
    role = require_role(account, name, "Lambda cannot run the function: it has nobody to be.")
    logs = f"arn:aws:logs:{account.region_name}:{account.id}:log-group:/aws/lambda/{brief.portraits}"
    job = (
        allow("s3:GetObject", f"{bucket}/{brief.uploads}*"),
        allow("s3:PutObject", f"{bucket}/{brief.thumbs}*"),
    )
    own = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs}:*", f"{logs}:log-stream:*"])
    may_exactly(
        account,
        session(account, name, bucket),
        least=document(*job, own),
        most=document(*job, LOGGING),
        job=f"the job (read under {brief.uploads}, write under {brief.thumbs} of {brief.bucket}, write its "
        "log)",
        stops="there are no small portraits, or nobody can read why",
        existing=[
            bucket,
            f"{bucket}/{brief.uploads}a.png",
            f"{bucket}/{brief.thumbs}a.png",
            f"{bucket}/reports/a.json",
        ],
    )
    only_takes_on(account, role, LAMBDA, who="Lambda", context={"aws:SourceAccount": account.id})


@task(
    "thumbnails",
    points=6,
    title="Small portraits",
    ref="L09-T3",
    probes=portrait_rules.PROBES,
    hints=[
        "Follow one object: which key comes in, as it is written in the event; which bytes are read; which "
        "key goes out? Then follow two objects of one event, and the same event a second time.",
        "urllib.parse.unquote_plus undoes what the URL did to the key. The key that goes out should follow "
        "from the one that came in, by a change of the prefix. The layer's pictures.thumbnail takes and "
        "gives bytes.",
        "for record in event['Records']: key = unquote_plus(record['s3']['object']['key']); read it; "
        "thumbnail(bytes, brief.side); put it to brief.thumbs + key.removeprefix(brief.uploads). "
        "Layers=[LAYER], Timeout=15, and the role of task 3.",
    ],
)
def test_thumbnails(account: Account, brief: Brief) -> None:
    name = brief.portraits
    settings = configuration(account, name)
    not_attempted_unless(settings, f"There is no function {name} yet.")
    require_bucket(account, brief.bucket)
    makes_small_ones(account, name, Place(brief.bucket, brief.uploads, brief.thumbs, brief.side))
    size = (settings or {})["CodeSize"]
    assert size < MEGABYTE, Because(
        found=f"The package of {name} has {size / MEGABYTE:.1f} MB, without its layers.",
        consequence="All of it is fetched at each cold start, for a few lines that are used.",
        concept="What several functions share, and what rarely changes, belongs in a layer.",
    )


def _reader(account: Account, brief: Brief) -> Reader:
    """The reminders' function with its queue and its one mapping, or a failed task in words."""
    name = brief.reminders
    settings = require_function(account, name, "Nobody is reminded of anything.")
    arn = f"arn:aws:sqs:{account.region_name}:{account.id}:{name}"
    url = queue_url(account, arn)
    assert url, Because(
        found=f"There is no queue {name} any more.",
        consequence="The reminders that were in it are gone, and their sender gets an error.",
        concept="What runs is changed in place. reset_lab() lays the start state again.",
    )
    found = [row for row in mappings_of(account, name) if row["EventSourceArn"] == arn]
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


@task(
    "reminders",
    points=6,
    title="Reminders that vanish",
    ref="L09-T4",
    probes=reminder_rules.PROBES,
    hints=[
        "Follow one message that cannot be sent: who deletes it, and when? Then follow its neighbours of "
        "the same batch. Three parts have a say: the code, the mapping, the queue.",
        "The handler can return {'batchItemFailures': [{'itemIdentifier': messageId}]}; the mapping must "
        "be told (FunctionResponseTypes). The queue has VisibilityTimeout and RedrivePolicy; a dead-letter "
        "queue is an ordinary queue with a MessageRetentionPeriod.",
        "update_event_source_mapping(FunctionResponseTypes=['ReportBatchItemFailures']); the function's "
        "Timeout at least brief.batch_seconds; set_queue_attributes with VisibilityTimeout six times the "
        "Timeout and RedrivePolicy {'deadLetterTargetArn': …, 'maxReceiveCount': brief.tries}; the dead "
        "letters keep 1209600 seconds.",
    ],
)
def test_reminders(account: Account, brief: Brief) -> None:
    reader = _reader(account, brief)
    laid = attributes(account, reader.queue)
    untouched = laid["VisibilityTimeout"] == "30" and not redrive(laid)[0] and not reader.reports
    not_attempted_unless(
        not (untouched and reader.batch == 10 and swallowed(account, reader)),
        f"{reader.function}, its mapping and its queue are as they were left.",
    )
    tells_what_failed(account, reader)
    waits_long_enough(account, reader, brief.batch_seconds)
    dead = keeps_what_fails(account, reader, brief.tries)
    ends_where_it_should(account, reader, dead, brief.tries, f"{brief.reminders} {brief.tries}")


@task(
    "triggers",
    points=6,
    title="What starts them",
    ref="L09-T4",
    hints=[
        "For each service ask: does it wait for an answer? If not: does it bring the event, or does Lambda "
        "fetch it? And for what is brought: who could bring it as well, if the policy names the service "
        "only?",
        "Queues and streams are polled. Who shows a person or a workflow something at once, waits. "
        "add_permission takes SourceArn and SourceAccount; a notification's filter takes a prefix; cron "
        "has minutes first.",
        "Permissions for s3.amazonaws.com (SourceArn of the bucket, SourceAccount) on brief.portraits and "
        "for events.amazonaws.com (SourceArn of the rule) on brief.night; the notification with "
        "s3:ObjectCreated:* and the prefix brief.uploads; put_rule with cron(MM HH * * ? *), put_targets "
        "with the function's ARN.",
    ],
)
def test_triggers(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    require_bucket(account, brief.bucket)
    portraits, night = _arn(account, brief.portraits), _arn(account, brief.night)
    rows, rung, given = (
        notifications(account, brief.bucket, portraits),
        clocks(account, night),
        answer("who-calls"),
    )
    not_attempted_unless((rows, rung, given) != ([], [], None), "Nothing starts the functions yet.")
    _as_they_come(brief, given)
    assert rows, Because(
        found=f"Bucket {brief.bucket} tells {brief.portraits} nothing.",
        consequence="A portrait is uploaded, and nothing happens.",
        concept="A notification leads from the bucket to the function.",
    )
    elsewhere = [f"{brief.thumbs}a/portrait.png", "reports/2026-12-01.json", "source/reminders.py"]
    hears_of_uploads(rows, brief.uploads, elsewhere)
    bucket = f"arn:aws:s3:::{brief.bucket}"
    lets_in_only(
        account,
        portraits,
        "s3.amazonaws.com",
        source=bucket,
        with_account=True,
        who=f"S3, for bucket {brief.bucket}",
    )
    assert rung, Because(
        found=f"No rule and no schedule has {brief.night} for a target.",
        consequence="The report is never written.",
        concept="A clock has two parts: when (the rule) and whom (its target).",
    )
    assert len(rung) == 1, Because(
        found=f"{shown([row['name'] for row in rung])} wake {brief.night}.",
        consequence="The report is written more than once.",
        concept="One clock for one job.",
    )
    rings_daily(rung[0], brief.night_at)
    if "rule" in rung[0]:
        source = rung[0]["rule"]
        lets_in_only(
            account,
            night,
            "events.amazonaws.com",
            source=source,
            with_account=False,
            who=f"EventBridge, for {source}",
        )
    else:
        scheduler_may_call(account, rung[0], night)
    _polls_need_no_policy(account, brief)


def _as_they_come(brief: Brief, given: Any) -> None:
    assert given is not None, Because(
        found='No answer "who-calls" was handed in yet.',
        consequence="Whoever looks for a lost event does not know where to begin.",
        concept="How a trigger brings its events says where a failed one is found.",
    )
    said = given if isinstance(given, Mapping) else {}
    missing = [name for name in brief.triggers if said.get(name) not in ("call", "event", "poll")]
    assert not missing, Because(
        found=f'The answer "who-calls" says neither call, event nor poll of {shown(missing[:3])}.',
        consequence="Whoever looks for a lost event does not know where to begin.",
        concept="Every trigger is one of the three.",
    )
    right = [name for name in brief.triggers if said[name] == CALLS[name]]
    assert len(right) == len(brief.triggers), Because(
        found=f"{len(right)} of {len(brief.triggers)} services are told as they bring their events.",
        consequence="Retries are looked for at the wrong end: a caller repeats a call, Lambda repeats an "
        "event, a queue brings back a batch.",
        concept="Does it wait for the answer? Does it hand over and go on? Or does Lambda fetch?",
    )


def _polls_need_no_policy(account: Account, brief: Brief) -> None:
    policy = policy_of(account, brief.reminders)
    assert "sqs.amazonaws.com" not in json.dumps(policy or {}), Because(
        found=f"The policy of {brief.reminders} lets sqs.amazonaws.com in.",
        consequence="SQS never calls a function. The statement does nothing, and the next reader believes "
        "it.",
        concept="Lambda polls a queue as the function's own role; only who pushes must be let in.",
    )


@task(
    "intake",
    points=5,
    title="Five doors, one booking",
    ref="L09-T5",
    probes=INVOKE,
    hints=[
        "Find in each sample one thing that only this kind of event has. Write a function for each kind "
        "that gives its bookings, and one that chooses. Which kinds hold several at once?",
        "EventBridge has detail-type. SQS, S3 and DynamoDB have Records, each with an eventSource. The "
        "rest is API Gateway, whose body may be base64. DynamoDB writes {'S': text}. What needs time and "
        "is the same for every event stands outside the handler.",
        "json.loads(record['body'])['booking'] for SQS; unquote_plus(key) without folder and .json for S3; "
        "record['dynamodb']['NewImage']['booking']['S'] unless eventName is REMOVE; NAMES = clinics.load() "
        "once, above the handler; NAMES.get(booking.partition('-')[0]).",
    ],
)
def test_intake(account: Account, brief: Brief) -> None:
    name = brief.intake
    not_attempted_unless(configuration(account, name), f"There is no function {name} yet.")
    rng = random.Random(f"{name} {' '.join(brief.clinics)}")
    codes = [*brief.clinics, "x1"]
    bookings = [f"{rng.choice(codes)}-{rng.randrange(10_000):04d}" for _ in range(12)]
    bookings[3] = f"x1-{rng.randrange(10_000):04d}"
    for what, event, via, held in events(bookings):
        reply = invoked(account, name, event)
        wanted = [
            {"via": via, "booking": each, "clinic": brief.clinics.get(each.partition("-")[0])}
            for each in held
        ]
        assert answered(reply, what) == wanted, Because(
            found=f"{name} was sent {what} with {len(held)} booking{'s' if len(held) != 1 else ''}. It "
            f"answered {short(reply.value)}.",
            consequence="Patients who come by this door have no appointment, or somebody else's.",
            counterexample=f"The event: {short(event, 420)}",
            concept="Each service wraps its events in its own way: text in text, typed values, URL-written "
            "keys, lists.",
        )
    quick_when_warm(account, name, door("sqs", bookings[0]))


@task(
    "memory",
    points=4,
    title="How much memory?",
    ref="L09-T6",
    hints=[
        "First cross out the sizes that are too slow. Of the others, which multiplies memory and time to "
        "the least? What else is paid for at a cold start, and is a part of a millisecond paid for?",
        "lambda_bill(calls, milliseconds=…, memory_mb=…, cold_starts=calls × cold_share, "
        "init_milliseconds=…).usd for each row that holds the p95. The price of one call is the same for "
        "any number of calls.",
        "choose = the row with the least; usd = its bill for brief.calls; even = 730 × the price of "
        "ec2.t3.small ÷ the bill for one call. update_function_configuration(FunctionName=brief.portraits, "
        "MemorySize=choose, EphemeralStorage={'Size': brief.tmp_mb}).",
    ],
)
def test_memory(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("memory")
    not_attempted_unless(given is not None, 'No answer "memory" was handed in yet.')
    said = given if isinstance(given, Mapping) else {}
    quick = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
    bills = {row.memory: _month(brief, row, brief.calls) for row in quick}
    best = min(bills, key=lambda memory: bills[memory])
    slow = [row for row in brief.benchmark if row.memory == said.get("choose") and row.memory not in bills]
    assert said.get("choose") == best, Because(
        found=f"The answer chooses {said.get('choose')!r} MB."
        + (f" Its p95 is {slow[0].p95_ms} ms; {brief.slo_ms} were agreed." if slow else ""),
        consequence="One visitor in twenty waits too long."
        if slow
        else "Another size that is quick enough costs less.",
        concept="CPU comes with memory: more memory may take less time, and cost the same or less. Time is "
        "billed by the whole millisecond, INIT too.",
    )
    machine = 730 * price_table()["ec2.t3.small"].usd
    truth = {"usd": bills[best], "even": machine / bills[best] * brief.calls}
    for key, right in truth.items():
        number = said.get(key)
        good = isinstance(number, int | float) and abs(number - right) <= 0.01 * right
        assert good, Because(
            found=f'The answer "memory" has {number!r} for {key}, which is not within 1 % of the sum.',
            consequence="The choice rests on a wrong sum.",
            concept="Requests, and GB-seconds: each call's time rounded up to the whole millisecond, not "
            "to 100, and the INIT of the cold ones; no free tier.",
        )
    settings = require_function(account, brief.portraits, "There is nothing to give memory to.")
    _as_decided(brief, settings, best)


def _as_decided(brief: Brief, settings: Mapping[str, Any], best: int) -> None:
    assert settings["MemorySize"] == best, Because(
        found=f"{brief.portraits} has {settings['MemorySize']} MB; the answer chooses {best}.",
        consequence="The bill, and the visitors, go by what is set.",
        concept="A decision that is not in the account has not been made.",
    )
    size = (settings.get("EphemeralStorage") or {}).get("Size", 512)
    assert size == brief.tmp_mb, Because(
        found=f"{brief.portraits} has a /tmp of {size} MB; {brief.tmp_mb} were agreed.",
        consequence="A huge original does not fit, and its portrait is never made."
        if size < brief.tmp_mb
        else "What is above 512 MB is paid for with every call.",
        concept="/tmp is a setting of its own: 512 MB are included, up to 10,240 can be had.",
    )


def _month(brief: Brief, row: Any, calls: float) -> float:
    return lambda_bill(
        calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd


@task(
    "quiet",
    points=5,
    title="The flood and the quiet neighbour",
    ref="L09-T7",
    hints=[
        "Add up what is in use at the worst minute: who may take how much, and what is left for the "
        "others? A reservation is a guarantee and a ceiling; which of the two does each function need?",
        "needed(rate, seconds) says what booking needs. Either keep that for booking, or put a ceiling on "
        "the letters (a reservation, or MaximumConcurrency of the mapping) that lets them end in time. Who "
        "holds what nobody uses?",
        "put_function_concurrency on brief.archive with 5; then on brief.booking with needed(…) and a "
        "little more. monday() shows whether anybody is refused and when the letters are done.",
    ],
)
def test_quiet(account: Account, brief: Brief) -> None:
    for name in (brief.booking, brief.letters, brief.archive):
        require_function(account, name, "The surgery stands still on Monday.")
    held = {name: number for name in functions(account) if (number := reserved(account, name)) is not None}
    (mapping,) = mappings_of(account, brief.letters)[:1] or [{}]
    most = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
    not_attempted_unless(
        held != {brief.archive: brief.archive_reserved} or most is not None,
        "The reservations are as they were left.",
    )
    assert mapping.get("State") in ("Enabled", "Enabling", "Updating", "Creating"), Because(
        found=f"The mapping from the queue to {brief.letters} is {mapping.get('State', 'not there')}.",
        consequence="The letters stay where they are.",
        concept="A flood is led, not shut out.",
    )
    archive = held.get(brief.archive)
    assert archive is None or archive >= 5, Because(
        found=f"{brief.archive} has a reservation of {archive}; it needs 5.",
        consequence="Once a year it is refused, and nobody remembers why.",
        concept="A reservation is a ceiling as well; 0 switches a function off.",
    )
    for share in (1.0, 0.8):
        nobody_is_refused(brief, held, most, share)


@task(
    "private",
    points=5,
    title="A database without a public door",
    ref="L09-T8",
    hints=[
        "Be a packet of the function: which subnet does it leave from, which table routes it, who lets it "
        "in? Which of the tiers has a way to S3? And what must the role be able to do before Lambda can "
        "put an interface anywhere?",
        "draw(VPC) shows the tables and the endpoint. The database's group names whom it lets in by a "
        "group: look at the groups' descriptions. attach_role_policy comes before VpcConfig.",
        "service-role/AWSLambdaVPCAccessExecutionRole for brief.records_role; VpcConfig with both app "
        "subnets and the group records-callers.",
    ],
)
def test_private(account: Account, brief: Brief) -> None:
    settings = require_function(account, brief.records, "Nobody reads the records.")
    attached = (settings.get("VpcConfig") or {}).get("SubnetIds")
    not_attempted_unless(attached, f"{brief.records} is attached to no subnet yet.")
    network = network_of(account, "lambda")
    homes = vpcs_in(network, brief.vpc_cidr)
    assert homes, Because(
        found=f"The records' network ({brief.vpc_cidr}) is not there any more.",
        consequence="There is no database.",
        concept="reset_lab() lays the start state again.",
    )
    cards = interfaces_of(network, brief, homes[0].id)
    database = interface_at(network, brief.database, "the records database")
    kiosk = interface_at(network, brief.kiosk, "the kiosk")
    for card in cards:
        must_reach(
            network, card, database, brief.database_port,
            consequence=f"{brief.records} waits for the database until its timeout.",
            concept="The function's own security group is who it is in the network: the database's group "
            "must know it.",
        )  # fmt: skip
        must_reach(
            network, card, "service:s3", 443,
            consequence=f"{brief.records} waits for S3 until its timeout. A function in a subnet has no "
            "public address, so no internet gateway carries it.",
            concept="Only what the subnet's route table knows is there: an endpoint, or a NAT gateway.",
        )  # fmt: skip
    in_two_zones(network, brief, cards)
    without_nat(network, homes[0].id)
    must_not_reach(
        network, kiosk, database, brief.database_port,
        consequence="Anybody at the kiosk reads the records.",
        concept="A door for the function is a rule that names the function's group, not a range or a group "
        "of others.",
    )  # fmt: skip
    makes_interfaces_only(account, brief)


@task(
    "warm",
    points=4,
    title="No cold start",
    ref="L09-T9",
    hints=[
        "What is kept warm, or photographed, must not change any more: which of a function's forms never "
        "changes, and by which name do callers find it?",
        "publish_version gives a number; create_alias(Name='live') leads to it. "
        "put_provisioned_concurrency_config takes the alias as Qualifier. SnapStart is a setting of "
        "$LATEST that takes effect when the next version is published.",
        "booking: publish, alias live, put_provisioned_concurrency_config(Qualifier='live', "
        "ProvisionedConcurrentExecutions=brief.warm). forms: "
        "update_function_configuration(Runtime='python3.13', SnapStart={'ApplyOn': 'PublishedVersions'}), "
        "wait, publish, alias live.",
    ],
)
def test_warm(account: Account, brief: Brief) -> None:
    live = {name: live_version(account, name) for name in (brief.booking, brief.forms)}
    started = [name for name, found in live.items() if found] or [
        name for name in live if len(versions_of(account, name)) > 1
    ]
    not_attempted_unless(started, "Neither function has a published version yet.")
    for name, found in live.items():
        assert found, Because(
            found=f"{name} has no alias live that leads to one published version.",
            consequence="Callers use $LATEST, which changes under their hands, and which nothing can keep "
            "warm.",
            concept="A version is frozen under a number; an alias is the name that callers use.",
        )
    kept_warm(account, brief, live[brief.booking])
    photographed(account, brief, live[brief.forms])
