"""Graders of 090-lambda: functions by the events that they are sent, rights by proof, limits by play."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    configuration,
    functions,
    mappings_of,
    require_function,
    reserved,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.greeting_rules import greets_everybody
from cloudlings.grading.intake_rules import books_by_every_door
from cloudlings.grading.memory_rules import chosen_as_billed, set_as_decided
from cloudlings.grading.portrait_rules import Place, makes_small_ones
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.queue_state import attributes, redrive
from cloudlings.grading.reminder_rules import (
    ends_where_it_should,
    keeps_what_fails,
    reader_of,
    swallowed,
    tells_what_failed,
    waits_long_enough,
)
from cloudlings.grading.roles import may_exactly, only_takes_on, require_role, role_named, session
from cloudlings.grading.s3_state import require_bucket
from cloudlings.grading.trigger_rules import (
    clocks,
    hears_of_uploads,
    lets_in_only,
    moment,
    notifications,
    only_one,
    polls_need_no_policy,
    rings_daily,
    scheduler_may_call,
    tells_the_time,
    told_as_they_come,
)
from cloudlings.grading.version_rules import kept_warm, led_to, live_version, photographed, versions_of
from cloudlings.grading.vpc_state import (
    interface_at,
    must_not_reach,
    must_reach,
    network_of,
    shown,
    vpcs_in,
)
from cloudlings.models.functions import counted

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
        "name = str(event.get('name') or '').strip() or 'everybody'; return GREETING, a comma, a space, the "
        "name, an exclamation mark. deploy(brief.welcome, WELCOME, env={'GREETING': brief.greeting}) makes "
        "the function.",
    ],
)
def test_hello(account: Account, brief: Brief) -> None:
    name = brief.welcome
    not_attempted_unless(configuration(account, name), f"There is no function {name} yet.")
    greets_everybody(account, brief)


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
        "make_role takes the statement by which lambda.amazonaws.com may sts:AssumeRole, then two on "
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
    reader = reader_of(account, brief.reminders)
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
        "let_in takes SourceArn and SourceAccount; a notification's filter takes a prefix; cron "
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
    told_as_they_come(brief, given)
    assert rows, Because(
        found=f"Bucket {brief.bucket} tells {brief.portraits} nothing.",
        consequence="A portrait is uploaded, and nothing happens.",
        concept="A notification leads from the bucket to the function.",
    )
    elsewhere = [f"{brief.thumbs}a/portrait.png", "reports/2026-12-01.json", "source/reminders.py"]
    hears_of_uploads(rows, brief.uploads, elsewhere)
    bucket = f"arn:aws:s3:::{brief.bucket}"
    for called in dict.fromkeys(row["LambdaFunctionArn"] for row in rows):
        lets_in_only(
            account,
            called,
            "s3.amazonaws.com",
            source=bucket,
            with_account=True,
            who=f"S3, for bucket {brief.bucket}",
        )
    only_one(rung, brief.night)
    rings_daily(rung[0], brief.night_at, moment(account))
    tells_the_time(rung[0], brief.night)
    if "rule" in rung[0]:
        source = rung[0]["rule"]
        lets_in_only(
            account,
            rung[0]["target"]["Arn"],
            "events.amazonaws.com",
            source=source,
            with_account=False,
            who=f"EventBridge, for {source}",
        )
    else:
        scheduler_may_call(account, rung[0])
    polls_need_no_policy(account, brief.reminders)


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
    books_by_every_door(account, name, brief.clinics)


@task(
    "memory",
    points=4,
    title="How much memory?",
    ref="L09-T6",
    hints=[
        "First cross out the sizes that are too slow. Of the others, which multiplies memory and time to "
        "the least? What else is paid for at a cold start, and is a part of a millisecond paid for?",
        "month(row, brief.calls) for each row that holds the p95. The price of one call is the same for any "
        "number of calls.",
        "choose = the row with the least; usd = its bill for brief.calls; even = 730 × the price of "
        "ec2.t3.small ÷ the bill for one call. update_function_configuration(FunctionName=brief.portraits, "
        "MemorySize=choose, EphemeralStorage={'Size': brief.tmp_mb}).",
    ],
)
def test_memory(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("memory")
    not_attempted_unless(given is not None, 'No answer "memory" was handed in yet.')
    said = given if isinstance(given, Mapping) else {}
    best = chosen_as_billed(brief, said)
    settings = require_function(account, brief.portraits, "There is nothing to give memory to.")
    set_as_decided(brief, settings, best)


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
    queue = f"arn:aws:sqs:{account.region_name}:{account.id}:{brief.letters}"
    (mapping,) = mappings_of(account, brief.letters, queue)[:1] or [{}]
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
    makes_interfaces_only(account, brief, cards)


@task(
    "warm",
    points=4,
    title="No cold start",
    ref="L09-T9",
    hints=[
        "What is kept warm, or photographed, must not change any more: which of a function's forms never "
        "changes, and by which name do callers find it?",
        "lead_live publishes what the function is at that moment, and leads the alias there. "
        "put_provisioned_concurrency_config takes the alias as Qualifier. SnapStart is a setting of "
        "$LATEST that takes effect when the next version is published.",
        "booking: lead_live, put_provisioned_concurrency_config(Qualifier='live', "
        "ProvisionedConcurrentExecutions=brief.warm). forms: "
        "update_function_configuration(Runtime='python3.13', SnapStart={'ApplyOn': 'PublishedVersions'}), "
        "ready, lead_live.",
    ],
)
def test_warm(account: Account, brief: Brief) -> None:
    live = {name: live_version(account, name) for name in (brief.booking, brief.forms)}
    led = {name: led_to(account, name) for name in live}
    started = any(led.values()) or any(len(versions_of(account, name)) > 1 for name in live)
    not_attempted_unless(started, "Neither function has a published version or an alias live yet.")
    for name, found in live.items():
        assert found, Because(
            found=f"Alias live of {name} leads to {shown(led[name])}, not to one published version."
            if led[name]
            else f"{name} has no alias live.",
            consequence="Callers meet what changes under their hands, or one version today and another in a "
            "moment; nothing can keep it warm.",
            concept="A version is frozen under a number, $LATEST is not; an alias is the name that callers "
            "use, and it may lead to two at once.",
        )
    kept_warm(account, brief, live[brief.booking])
    photographed(account, brief, live[brief.forms])
