# ---
# title: "Lambda: code that runs when something happens"
# minutes: 90
# needs: [010-iam, 020-s3-objects]
# objectives:
#   - write a handler, and say what its environment remembers
#   - give a function exactly the rights of its job
#   - let buckets, queues and clocks start it, once for each thing, and lose nothing
#   - choose memory by time and by price
#   - keep a flood from drowning a quiet neighbour
#   - reach a private database, and start without a delay
# regions: [eu-west-1]
# ref: L09
# ---

# %% [markdown]
# <!-- covers: L09-01 L09-23 L09-25 -->
# ## Jobs too small for a machine
#
# Hazelmere's clinics have jobs that come and go: a portrait needs a small copy, a reminder waits, a report is due at night. A
# machine for them would idle all day. **AWS Lambda** keeps your code, and runs it when an *event* comes:
#
# ![An event comes to Lambda, which takes a warm environment or starts a new one, and runs your handler with it](img/environment.svg)
#
# - an **event** is JSON: what happened. Your **handler** is the function that gets it;
# - it runs in an **execution environment**: your code in a [Firecracker microVM](
#   https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html), kept from everybody else's. One environment
#   handles **one event at a time**; two at once need two;
# - it acts as a **role**. No event, no environment, no bill: it scales to zero.
#
# The next cell has this lab's tools. Run it; read only the words under each `def`.

# %%
import base64
import io
import json
import time
import zipfile
from contextlib import suppress
from urllib.parse import quote_plus

import boto3

lambdas, iam, s3, sqs = (boto3.client(name) for name in ("lambda", "iam", "s3", "sqs"))
REGION = boto3.session.Session().region_name
ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]
LAYER = lambdas.list_layer_versions(LayerName="hazelmere")["LayerVersions"][0]["LayerVersionArn"]


def packed(code):
    """A deployment package: a zip file with app.py in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", code)
    return file.getvalue()


def ready(name):
    """Waits until a function can be called, and until its last change has arrived."""
    for change in ("function_active_v2", "function_updated_v2"):
        lambdas.get_waiter(change).wait(FunctionName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})


def deploy(name, code, role=None, env=None, **settings):
    """Makes a function from Python code; one that is there gets the new code, and keeps what you don't name.

    env={"SIDE": 96} is there for the code in os.environ["SIDE"], as text.
    """
    settings = {"Runtime": "python3.13", "Handler": "app.handler", **settings}
    if env:
        settings["Environment"] = {"Variables": {key: str(value) for key, value in env.items()}}
    arn = iam.get_role(RoleName=role or "hazelmere-functions")["Role"]["Arn"]
    try:
        lambdas.create_function(FunctionName=name, Code={"ZipFile": packed(code)}, Role=arn, **settings)
    except lambdas.exceptions.ResourceConflictException:
        lambdas.update_function_code(FunctionName=name, ZipFile=packed(code))
        ready(name)
        if role:
            settings["Role"] = arn
        lambdas.update_function_configuration(FunctionName=name, **settings)
    ready(name)


def until(seen, seconds=10):
    """Looks until seen() says yes, for ten seconds at most."""
    for _ in range(5 * seconds):
        if seen():
            break
        time.sleep(0.2)


def call(name, event=None, **more):
    """Calls a function and waits for its answer: a value, or what it says of its error."""
    reply = lambdas.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    return json.loads(reply["Payload"].read())


for each in lambdas.list_functions()["Functions"]:
    print(f"{each['FunctionName']:20} {each['Runtime']:12} {each['MemorySize']:5} MB {each['Timeout']:4} s")

# %% [markdown]
# These were left behind; some are broken, and you will meet them. First, one that works at once:

# %%
deploy("first", "def handler(event, context):\n    return {'you sent': event, 'I am': context.function_name}")
call("first", {"patient": "Ana"})

# %% [markdown]
# <!-- covers: L09-02 L09-03 L09-27 -->
# `event` is what the caller sent, `context` says who you are and how much time is left. What you return goes back as JSON.
# (Node.js, Python, Java, .NET and Ruby have [runtimes](
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html) kept by AWS; Go, Rust and others bring their own program
# for an OS-only runtime.)
#
# ## Task 1: a greeting
#
# The screen at the door calls `brief.welcome`. For `{"name": "Ana"}` it shows `brief.greeting`, a comma, the name and an
# exclamation mark, such as *Good day, Ana!*; without a name, or with a blank one, it greets *everybody*: *Good day, everybody!*
# Return that text (or, for a web page, `{"statusCode": 200, "body": text}`).
#
# `deploy(name, code)` packs your code and sends it off. It runs on another machine, which knows the package and the event, and no
# name of this notebook, `brief` among them. So values travel as **environment variables**: `deploy(…, env={"GREETING": …})`.

# %%
print(brief.welcome, "says:", f"{brief.greeting}, Ana!", "or", f"{brief.greeting}, everybody!")

# %% task="hello"
### BEGIN SOLUTION
### BEGIN STARTER
# WELCOME = """
# import os
#
# GREETING = os.environ["GREETING"]
#
#
# def handler(event, context):
#     ...  # YOUR CODE HERE
# """
# # and below it, deploy it
### END STARTER
WELCOME = """
import os

GREETING = os.environ["GREETING"]


def handler(event, context):
    name = str(event.get("name") or "").strip() or "everybody"
    return f"{GREETING}, {name}!"
"""
deploy(brief.welcome, WELCOME, env={"GREETING": brief.greeting})
### END SOLUTION

# %%
print(call(brief.welcome, {"name": "Ana"}), call(brief.welcome))

# %% [markdown]
# <!-- covers: L09-10 L09-11 -->
# ## Task 2: what does it remember?
#
# A new environment is made ready first: code fetched, runtime started, everything **outside** the handler run once. That is the
# INIT phase, the *cold start*. Then the environment stays warm for a while, and [is used again](
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html): its globals and its `/tmp` are as the last event
# left them. New code and new settings begin new environments. A handler that raises an error keeps its environment; one that runs
# into its timeout loses it.
#
# This function counts in a global variable, before it does anything else. **Predict** what it answers to each `call` of your
# plan, one after another. Hand in `answer("counter", [number, …])`, one number for each `call` in `brief.plan`.

# %%
COUNTER = """
import time

count = 0

def handler(event, context):
    global count
    count += 1
    if event.get("do") == "error":
        raise RuntimeError("on purpose")
    if event.get("do") == "timeout":
        time.sleep(5)
    return count
"""
print(*brief.plan, sep=", ")

# %% task="counter"
### BEGIN SOLUTION
told, count = [], 0
for step in brief.plan:
    count = count + 1 if step in ("call", "error") else 0  # the rest begins a new environment
    if step == "call":
        told.append(count)
answer("counter", told)
### END SOLUTION

# %% [markdown]
# Now run it, and compare:

# %%
deploy(brief.counter, COUNTER, Timeout=1)
for number, step in enumerate(brief.plan):
    if step == "new code":
        deploy(brief.counter, f"{COUNTER}# version {number}", Timeout=1)
    elif step == "new setting":
        deploy(brief.counter, COUNTER, Timeout=1, Environment={"Variables": {"STEP": str(number)}})
    else:
        print(f"{step:12}", call(brief.counter, {"do": step}))

# %% [markdown]
# On AWS any call may meet another environment. So **keep nothing there that you would miss**: what must last goes into a table
# or a bucket. What may be lost and is dear to make (a client, a directory that was read) belongs outside the handler: made once,
# used often.
#
# The log shows the cold start. Each environment writes a stream of its own in `/aws/lambda/` and the function's name:

# %%
deploy("first", "def handler(event, context):\n    return context.log_stream_name")
for _ in ("cold", "warm"):
    reply = lambdas.invoke(FunctionName="first", Payload="{}", LogType="Tail")
    log = base64.b64decode(reply["LogResult"]).decode()
    print(log.strip().splitlines()[-1].replace("\t", "  "))

from cloudlings.models.functions import billed_ms, vcpus

print("27.4 ms are billed as", billed_ms(27.4), "ms; with 281.5 ms of INIT as", billed_ms(27.4, init=281.5))

# %% [markdown]
# <!-- covers: L09-16 L09-06 L09-07 L09-08 -->
# **Billed Duration** counts whole milliseconds. (**A myth:** *billed by 100 ms*: [not since December 2020](
# https://aws.amazon.com/blogs/aws/new-for-aws-lambda-1ms-billing-granularity-adds-cost-savings/).) Since August 2025 [INIT is
# billed as well](https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/); *here* the line still
# leaves it out. [Limits](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html) to know:
#
# | | |
# |---|---|
# | time | 15 minutes (900 s); 3 s unless told |
# | memory | 128 to 10,240 MB; CPU comes with it |
# | event and answer | 6 MB when the caller waits, 1 MB when it doesn't |
# | package | 50 MB zip, 250 MB unzipped with layers; image 10 GB |
# | `/tmp` | 512 MB, up to 10,240 |
#
# ## Task 3: exactly the rights of its job
#
# Next comes the function `brief.portraits`. It reads a picture under `brief.uploads` of `brief.bucket`, writes a small one
# under `brief.thumbs`, and its own log. Make its **execution role** `brief.portraits_role`, for Lambda and nobody else: two S3
# actions on two prefixes, and logging. (For the log, attach AWS's own policy, `MANAGED + "AWSLambdaBasicExecutionRole"`.)


# %%
def allow(action, **about):
    """A statement that allows an action: about a Resource, or, in a trust policy, to a Principal."""
    return {"Effect": "Allow", "Action": action, **about}


def document(*statements):
    """A policy document of such statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_role(name, trust, *statements):
    """Makes a role, or changes it: a trust policy of one statement, and what it may do as an inline policy."""
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="job", PolicyDocument=document(*statements))


MANAGED = "arn:aws:iam::aws:policy/service-role/"
BUCKET_ARN = f"arn:aws:s3:::{brief.bucket}"
print(document(allow("s3:GetObject", Resource=f"{BUCKET_ARN}/somewhere/*")))

# %% task="role"
### BEGIN SOLUTION
trust = allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
reads = allow("s3:GetObject", Resource=f"{BUCKET_ARN}/{brief.uploads}*")
writes = allow("s3:PutObject", Resource=f"{BUCKET_ARN}/{brief.thumbs}*")
make_role(brief.portraits_role, trust, reads, writes)
iam.attach_role_policy(RoleName=brief.portraits_role, PolicyArn=f"{MANAGED}AWSLambdaBasicExecutionRole")
### END SOLUTION

# %% [markdown]
# Two sides, which are easily confused. The **execution role** says what the *function* may do to others. Its **resource policy**
# says who may *call the function*; you write one in task 6.
#
# ![The resource policy stands at the function's entrance, the execution role at its exit](img/two-sides.svg)

# %%
picture = f"arn:aws:s3:::{brief.bucket}/{brief.uploads}a.png"
for action in ("s3:GetObject", "s3:PutObject"):
    can(f"role/{brief.portraits_role}", action, picture)

# %% [markdown]
# <!-- covers: L09-26 L09-14 -->
# ## Task 4: small portraits
#
# Write `brief.portraits`. The event is S3's: each of its `Records` names a bucket and a key. Write a PNG that fits into
# `brief.side` × `brief.side` pixels, in its own proportions. In its key only the prefix changes,
# `brief.uploads` to `brief.thumbs`; the rest, such as `a/b.png`, stays.
#
# A **layer** is a zip that is unpacked beside your code. `LAYER` has `thumbnail(data, side)`: a PNG's bytes in, those of one that
# fits out. `deploy(…, brief.portraits_role, Layers=[LAYER])` adds it. Keep your own package below 1 MB: each cold start fetches it.
#
# A key comes [**as in a URL**](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html) (a space is `+`). An event [may come
# twice](https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html), and must then leave what it left the
# first time: *idempotent*. 3 s and 128 MB, the defaults, are little: give it 15 s and 512 MB.
#
# (A role that may not *list* a bucket hears `AccessDenied … s3:ListBucket` where [a key isn't
# there](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).)


# %%
def s3_event(*keys):
    """What S3 sends for new objects of your bucket (a real one says more)."""
    rows = [{"bucket": {"name": brief.bucket}, "object": {"key": quote_plus(key, safe="/")}} for key in keys]
    return {
        "Records": [
            {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": REGION, "s3": row}
            for row in rows
        ]
    }


print(json.dumps(s3_event(f"{brief.uploads}Dr Ana Müller.png"), indent=1))

# %% task="thumbnails"
### BEGIN SOLUTION
### BEGIN STARTER
# PORTRAITS = """
# import os
#
# import boto3
# from pictures import thumbnail
#
# s3 = boto3.client("s3")
# UPLOADS, THUMBS, SIDE = os.environ["UPLOADS"], os.environ["THUMBS"], int(os.environ["SIDE"])
#
#
# def handler(event, context):
#     ...  # YOUR CODE HERE
# """
# env = {"UPLOADS": brief.uploads, "THUMBS": brief.thumbs, "SIDE": brief.side}
# # and below it, deploy it with this env
### END STARTER
PORTRAITS = """
import os
from urllib.parse import unquote_plus

import boto3
from pictures import thumbnail

s3 = boto3.client("s3")
UPLOADS, THUMBS, SIDE = os.environ["UPLOADS"], os.environ["THUMBS"], int(os.environ["SIDE"])


def handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        picture = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        small = THUMBS + key.removeprefix(UPLOADS)
        s3.put_object(Bucket=bucket, Key=small, Body=thumbnail(picture, SIDE), ContentType="image/png")
"""
env = {"UPLOADS": brief.uploads, "THUMBS": brief.thumbs, "SIDE": brief.side}
deploy(brief.portraits, PORTRAITS, brief.portraits_role, env, Layers=[LAYER], Timeout=15, MemorySize=512)
### END SOLUTION

# %%
call(brief.portraits, s3_event(f"{brief.uploads}Dr Ana Müller.png"))
for found in s3.list_objects_v2(Bucket=brief.bucket)["Contents"]:
    print(found["Key"], found["Size"])

# %% [markdown]
# <!-- covers: L09-05 L09-04 -->
# ## Who calls whom?
#
# Three ways lead to a function:
#
# | | who acts | a failure | where it is written |
# |---|---|---|---|
# | **call** | the service calls, and **waits** for the answer | is the caller's | the function's resource policy, or the caller's role |
# | **event** | the service **hands over** and goes on | Lambda tries twice more, then a dead-letter queue or destination | the function's resource policy, or a role |
# | **poll** | **Lambda fetches** batches from a queue or stream | the batch comes again | an *event source mapping*; the function's **role** may read |
#
# **A myth:** "all triggers are event source mappings". Only what is polled is one ([queues and streams](
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html)).
#
# ## Task 5: reminders that vanish
#
# Patients miss appointments: their reminders were never sent. The function `brief.reminders` reads the queue of the same name.
# Be the sender, with one good reminder and one that cannot be sent:

# %%
QUEUE = sqs.get_queue_url(QueueName=brief.reminders)["QueueUrl"]
MAPPING = lambdas.list_event_source_mappings(FunctionName=brief.reminders)["EventSourceMappings"][0]["UUID"]


def counts(url):
    """How many messages wait, and how many are being worked on."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(found[name]) for name in names]


def queue_arn(url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def set_queue(url, **settings):
    """Sets attributes of a queue; numbers and dictionaries become text, as SQS wants them."""
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={name: json.dumps(value) for name, value in settings.items()}
    )


for reminder in ({"id": "r-1", "phone": "+15550100"}, {"id": "r-2", "phone": ""}):
    sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps(reminder))
until(lambda: not any(counts(QUEUE)))  # Lambda comes by within a moment
rows = boto3.client("dynamodb").scan(TableName=brief.reminders)["Items"]
print("waiting, in work:", counts(QUEUE), " sent:", [row["id"]["S"] for row in rows])

# %% [markdown]
# One was sent, **none is left**, and nobody was told. Read the function's code (its source lies in your bucket):

# %%
REMINDERS = s3.get_object(Bucket=brief.bucket, Key="source/reminders.py")["Body"].read().decode()
SENDING = REMINDERS.partition("def handler")[0]  # all above its handler: this part is right
print(REMINDERS)

# %% [markdown]
# When a handler returns, Lambda **deletes the whole batch**. So a swallowed error is a lost message. When it raises, the whole
# batch comes again, good ones too. Better: say which failed ([partial batch responses](
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)). Return `{"batchItemFailures":
# [{"itemIdentifier": messageId}, …]}`, and tell the mapping to read it (`update_event_source_mapping` takes
# `FunctionResponseTypes=["ReportBatchItemFailures"]`).
#
# Repair it, without losing a message:
#
# - what can be sent is sent; what can't comes again, and after `brief.tries` tries lies in a **dead-letter queue** of your own:
#   an ordinary queue, which keeps it for 14 days (`MessageRetentionPeriod`, in seconds). The reminders' queue leads to it by its
#   `RedrivePolicy`, `{"deadLetterTargetArn": …, "maxReceiveCount": …}`;
# - a batch takes up to `brief.batch_seconds` s. The function's `Timeout` must allow that, and the queue's `VisibilityTimeout` be
#   [at least six times the function's timeout](
#   https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html): else a message comes again while it is being sent.

# %% task="reminders"
### BEGIN SOLUTION
### BEGIN STARTER
# REPAIRED = """
# def handler(event, context):
#     failed = []
#     for record in event["Records"]:
#         ...  # YOUR CODE HERE
#     return {"batchItemFailures": failed}
# """
# # and below it: deploy SENDING + REPAIRED, and see to the mapping, the queue, the dead letters
### END STARTER
REPAIRED = """
def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception as error:
            print("not sent:", record["messageId"], error)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
seconds = brief.batch_seconds + 5
deploy(brief.reminders, SENDING + REPAIRED, Timeout=seconds)
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])
dead = sqs.create_queue(QueueName=f"{brief.reminders}-dead")["QueueUrl"]
set_queue(dead, MessageRetentionPeriod=14 * 86_400)
redrive = {"deadLetterTargetArn": queue_arn(dead), "maxReceiveCount": brief.tries}
set_queue(QUEUE, VisibilityTimeout=6 * seconds, RedrivePolicy=redrive)
### END SOLUTION

# %%
sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps({"id": "r-3", "phone": ""}))
until(lambda: not counts(QUEUE)[0])
print("waiting, in work:", counts(QUEUE))

# %% [markdown]
# It is not lost: it is hidden until the visibility timeout ends. (`cloudlings clock advance 5m --lab 090-lambda` moves your
# account's clock on, and it comes again. The check does that, too.)
#
# ## Task 6: what starts them
#
# **Predict first**: how does each of your eight services bring its events? Say `"call"`, `"event"` or `"poll"` of each:

# %%
print('answer("who-calls", {' + ", ".join(f'"{each}": "?"' for each in brief.triggers) + "})")

# %% [markdown]
# Then wire two of them:
#
# - **S3 → `brief.portraits`**: every new object under `brief.uploads`, and nothing else
#   (`put_bucket_notification_configuration`). If its own thumbnails set it off, it
#   [runs in a circle](https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html), and you pay for each round.
# - **a clock → `brief.night`**: every day at `brief.night_at` UTC. EventBridge's `put_rule` takes a `ScheduleExpression`,
#   `cron(…)` (minutes, hours, day of month, month, weekday, year, with `?` in one of the day fields: `cron(0 18 ? * FRI *)` is
#   Fridays at 18:00); `put_targets` takes `Targets=[{"Id": …, "Arn": …}]`.
#
# Each function must **first** let the service in, by its resource policy (`let_in`, below): else S3 says *Unable to validate the
# following destination configurations*. The service acts **for anybody who asks it**: a stranger could name your function in
# *their* bucket's notification. So say for whose sake: `SourceArn` (this bucket, this rule), and for a bucket `SourceAccount`
# too, since its ARN names no account, and [a deleted name can be taken by somebody else](
# https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html).


# %%
def function_arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def let_in(name, service, **source):
    """Lets a service such as sns.amazonaws.com call a function, for the sake of a source (add_permission)."""
    statement = {"FunctionName": name, "StatementId": service.partition(".")[0]}
    with suppress(lambdas.exceptions.ResourceNotFoundException):  # said before, and now anew
        lambdas.remove_permission(**statement)
    lambdas.add_permission(**statement, Action="lambda:InvokeFunction", Principal=service, **source)


# A bucket's notification to another function, of texts that were removed:
EXAMPLE = {
    "LambdaFunctionConfigurations": [
        {
            "LambdaFunctionArn": function_arn(brief.archive),
            "Events": ["s3:ObjectRemoved:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".txt"}]}},
        }
    ]
}

# %% task="triggers"
### BEGIN SOLUTION
ways = {"SQS": "poll", "DynamoDB stream": "poll", "Kinesis": "poll", "S3": "event", "SNS": "event"}
ways |= {"EventBridge rule": "event"}  # the rest wait for an answer
answer("who-calls", {each: ways.get(each, "call") for each in brief.triggers})

let_in(brief.portraits, "s3.amazonaws.com", SourceArn=BUCKET_ARN, SourceAccount=ACCOUNT)
uploads = {
    "LambdaFunctionArn": function_arn(brief.portraits),
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}},
}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [uploads]}
)
hour, minute = map(int, brief.night_at.split(":"))
events = boto3.client("events")
rule = events.put_rule(Name=brief.night, ScheduleExpression=f"cron({minute} {hour} * * ? *)")["RuleArn"]
let_in(brief.night, "events.amazonaws.com", SourceArn=rule)
events.put_targets(Rule=brief.night, Targets=[{"Id": "night", "Arn": function_arn(brief.night)}])
### END SOLUTION

# %%
portrait = {"Bucket": brief.bucket, "Key": f"{brief.uploads}Dr Ana Müller.png"}
s3.copy_object(Bucket=brief.bucket, Key=f"{brief.uploads}a copy.png", CopySource=portrait)
small_ones = {"Bucket": brief.bucket, "Prefix": brief.thumbs}
until(lambda: s3.list_objects_v2(**small_ones)["KeyCount"] > 1, seconds=2)
for found in s3.list_objects_v2(**small_ones).get("Contents", []):
    print(found["Key"], found["Size"])

# %% [markdown]
# <!-- covers: L09-24 -->
# You copied an object; the thumbnail came by itself. The same shape answers alarms and misconfigurations: EventBridge hears *a
# security group was opened to the world* from CloudTrail, GuardDuty or Config, and a function closes it within seconds.
#
# ## Task 7: five doors, one booking
#
# Bookings reach `brief.intake` through five doors, and each wraps them differently. `door(kind, booking)` shows how (real events say
# more):


# %%
def door(kind, booking):
    """A sample event of each kind that carries one booking."""
    body = json.dumps({"booking": booking, "at": "2026-12-01T09:30"})
    row = {"booking": {"S": booking}, "at": {"S": "2026-12-01T09:30"}}
    return {
        "api v1": {"version": "1.0", "httpMethod": "POST", "body": body, "isBase64Encoded": False},
        "api v2": {"version": "2.0", "routeKey": "POST /book", "body": body, "isBase64Encoded": False},
        "s3": s3_event(f"bookings/{booking}.json"),
        "sqs": {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]},
        "dynamodb": {
            "Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {"NewImage": row}}]
        },
        "eventbridge": {
            "source": "hazelmere.phone",
            "detail-type": "Booked",
            "detail": {"booking": booking, "at": "2026-12-01T09:30"},
        },
    }[kind]


sample = f"{next(iter(brief.clinics))}-0042"
for kind in ("api v1", "api v2", "s3", "sqs", "dynamodb", "eventbridge"):
    print(f"{kind:12}", json.dumps(door(kind, sample))[:150])

# %% [markdown]
# Return a list with one entry for each booking in the event, in order:
# `{"via": "api" | "s3" | "sqs" | "dynamodb" | "eventbridge", "booking": "k7-0042", "clinic": "Old Mill"}`.
#
# - API Gateway has [two formats](
#   https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html), 1.0 and 2.0. The
#   body is text, and base64 when `isBase64Encoded`;
# - S3: the booking is the file's name, without folder and `.json`;
# - DynamoDB: only new and changed rows have a booking; a `REMOVE` has none;
# - the clinic's code is what stands before the hyphen. `clinics.load()`, of a module in `LAYER`, gives a dictionary of names by
#   code; the clinic of a code that isn't in it is `None`. It takes 0.4 s, and a visitor waits for each call.
#
# Three of the five doors are begun:

# %% task="intake"
### BEGIN SOLUTION
### BEGIN STARTER
# INTAKE = """
# import base64
# import json
# from urllib.parse import unquote_plus
#
#
# def found(event):
#     # Via and booking, for each booking of an event.
#     if "detail-type" in event:
#         yield "eventbridge", event["detail"]["booking"]
#     for record in event.get("Records", []):
#         source = record["eventSource"]
#         if source == "aws:sqs":
#             yield "sqs", json.loads(record["body"])["booking"]
#         elif source == "aws:s3":
#             file = unquote_plus(record["s3"]["object"]["key"]).rpartition("/")[2]
#             yield "s3", file.removesuffix(".json")
#     # YOUR CODE HERE: the other doors
#
#
# def handler(event, context):
#     return [{"via": via, "booking": booking, "clinic": "?"} for via, booking in found(event)]
# """
# # and below it, deploy it
### END STARTER
INTAKE = """
import base64
import json
from urllib.parse import unquote_plus

import clinics

NAMES = clinics.load()  # once for each environment, not for each event


def handler(event, context):
    return [
        {"via": via, "booking": booking, "clinic": NAMES.get(booking.partition("-")[0])}
        for via, booking in found(event)
    ]


def found(event):
    if "detail-type" in event:
        yield "eventbridge", event["detail"]["booking"]
    elif "Records" in event:
        for record in event["Records"]:
            yield from one(record)
    else:
        body = event["body"]
        text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
        yield "api", json.loads(text)["booking"]


def one(record):
    source = record["eventSource"]
    if source == "aws:sqs":
        yield "sqs", json.loads(record["body"])["booking"]
    elif source == "aws:s3":
        key = unquote_plus(record["s3"]["object"]["key"])
        yield "s3", key.rpartition("/")[2].removesuffix(".json")
    elif source == "aws:dynamodb" and record["eventName"] != "REMOVE":
        yield "dynamodb", record["dynamodb"]["NewImage"]["booking"]["S"]
"""
deploy(brief.intake, INTAKE, Layers=[LAYER])
### END SOLUTION

# %%
for kind in ("api v1", "api v2", "s3", "sqs", "dynamodb", "eventbridge"):
    print(f"{kind:12}", call(brief.intake, door(kind, sample)))

# %% [markdown]
# <!-- covers: L09-17 L09-15 L09-09 -->
# ## Task 8: how much memory?
#
# You choose memory, and **CPU comes with it**: [1,769 MB are one vCPU](
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html), less is a share of one, 10,240 MB are six. You pay
# memory × time, so twice the memory costs the same if it takes half the time. It may even be cheaper. So one measures. This is
# `brief.portraits` at six sizes:

# %%
print("   MB  vCPUs  average ms   p95 ms  INIT ms")
for row in brief.benchmark:
    print(f"{row.memory:5} {vcpus(row.memory):6.2f} {row.average_ms:11} {row.p95_ms:8} {row.init_ms:8}")
print(
    f"{brief.calls:,} calls a month, {brief.cold_share:.1%} of them cold; p95 must be at most {brief.slo_ms} ms"
)

# %% [markdown]
# `month` knows the prices (us-east-1's, dated): requests, and GB-seconds by the whole millisecond, INIT included. Choose
# **the cheapest size whose p95 holds**. Give the function that memory, and hand in
# `answer("memory", {"choose": MB, "usd": …, "even": …})`: the dollars a month (no free tier), and from **how many calls a month
# on** the function at that size costs more than a `t3.small` that runs all month (730 hours).
#
# Some originals are huge: give the function a `/tmp` of `brief.tmp_mb` MB as well, `EphemeralStorage={"Size": MB}`. (512 are
# free; leave the rest out of the sum.)

# %%
from cloudlings.cost import lambda_bill, price_table


def month(row, calls):
    """What so many calls cost in a month, in dollars, at one row of the table."""
    cold = {"cold_starts": calls * brief.cold_share, "init_milliseconds": row.init_ms}
    return lambda_bill(calls, milliseconds=row.average_ms, memory_mb=row.memory, **cold).usd


print("10,000 calls at 128 MB: $", month(brief.benchmark[0], 10_000))
print("a t3.small for an hour: $", price_table()["ec2.t3.small"].usd)

# %% task="memory"
### BEGIN SOLUTION
good = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
best = min(good, key=lambda row: month(row, brief.calls))
machine = 730 * price_table()["ec2.t3.small"].usd
bill = {"choose": best.memory, "usd": month(best, brief.calls), "even": machine / month(best, 1e6) * 1e6}
answer("memory", bill)
lambdas.update_function_configuration(
    FunctionName=brief.portraits, MemorySize=best.memory, EphemeralStorage={"Size": brief.tmp_mb}
)
ready(brief.portraits)
### END SOLUTION

# %% [markdown]
# Below that number the function is cheaper; with no calls it costs nothing. (The machine could serve more than one job, and
# needs somebody who patches it.)
#
# <!-- covers: L09-18 L09-19 L09-20 -->
# ## Task 9: the flood and the quiet neighbour
#
# **Concurrency** is how many events are being handled at once: *events a second × seconds of each*. An account has [1,000 per
# Region](https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html) unless raised (new accounts may begin lower), and
# all functions share it. A function grows by up to [1,000 every ten seconds](
# https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html); a standard queue's mapping begins with 5 and [adds up to 300
# a minute, to 1,250](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html). (**A myth:** "+60 a minute": the
# mapping's old pace.)

# %%
from cloudlings.models.concurrency import Load, after_calls_start, after_queue_starts, needed, simulate

for seconds in (0, 10, 60, 120):
    print(
        f"{seconds:4} s: direct calls {after_calls_start(seconds, 3000):5}, a queue {after_queue_starts(seconds):5}"
    )
print("booking needs", needed(brief.booking_per_second, brief.booking_seconds))

# %% [markdown]
# On Monday `brief.letter_count` letters go into a queue at once, `brief.letter_seconds` s each; they must be done within
# `brief.letter_minutes` minutes. Meanwhile visitors use `brief.booking`. `monday()` plays it with your account's settings; what
# it prints is what you need, not how it counts:


# %%
def reserved(name):
    return lambdas.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")


def monday():
    """Booking and letters, ten seconds at a time, under the reservations that are in the account now."""
    ticks = brief.letter_minutes * 6
    mappings = lambdas.list_event_source_mappings(FunctionName=brief.letters)["EventSourceMappings"]
    if not mappings:
        print("No event source mapping feeds", brief.letters, "any more: its queue fills up.")
        return
    most = mappings[0].get("ScalingConfig", {}).get("MaximumConcurrency")
    flood = [brief.letter_count, *[0] * (ticks - 1)]
    loads = [
        Load("letters", flood, brief.letter_seconds, reserved(brief.letters), queue=True, most=most),
        Load(
            "booking", [brief.booking_per_second * 10] * ticks, brief.booking_seconds, reserved(brief.booking)
        ),
        Load("archive", [0] * ticks, 1, reserved(brief.archive)),
    ]
    for minute, tick in enumerate(simulate(loads)[5::6], 1):
        print(
            f"{minute:3} min  letters run {tick.running['letters']:5.0f}, wait {tick.waiting['letters']:6.0f}   "
            f"booking runs {tick.running['booking']:4.0f}, refused {tick.throttled['booking']:5.0f}"
        )


monday()

# %% [markdown]
# Visitors are refused (*429, throttled*). **Reserved concurrency** (`put_function_concurrency`) is two things at once: a
# **guarantee** (nobody else gets it) and a **ceiling** (more you never get). Reservations are taken from the 1,000, and 100 must
# stay unreserved. A mapping's `ScalingConfig`, its `MaximumConcurrency`, is a ceiling without a guarantee.
#
# Somebody reserved `brief.archive_reserved` for `brief.archive`, which runs once a year and needs 5. Set the account so that no
# visitor is refused, the letters are done in time, and the archive still runs. Several designs are right.

# %% task="quiet"
### BEGIN SOLUTION
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
enough = needed(brief.booking_per_second, brief.booking_seconds) + 20
lambdas.put_function_concurrency(FunctionName=brief.booking, ReservedConcurrentExecutions=enough)
### END SOLUTION

# %%
monday()

# %% [markdown]
# <!-- covers: L09-21 L09-22 -->
# ## Task 10: a database without a public door
#
# A function runs in AWS's network, and reaches the internet, but nothing private of yours. With a `VpcConfig` it gets [network
# interfaces in your subnets](https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html) and **only** what they reach:
# no public address, so no internet but through a NAT gateway, **not even in a public subnet**.
#
# **A myth:** "one address for each concurrent call". Interfaces are shared (*Hyperplane*): one for each pair of subnet and
# set of security groups, 65,000 connections each. They are made when you attach the function, which may take minutes, and
# not when it is called.

# %%
ec2 = boto3.client("ec2")
VPC = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief.vpc_cidr]}])["Vpcs"][0]["VpcId"]
SUBNETS, GROUPS = {}, {}
for tier, blocks in brief.subnets.items():
    found = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": list(blocks)}])["Subnets"]
    SUBNETS[tier] = [each["SubnetId"] for each in found]
    print(f"{tier:5}", *SUBNETS[tier])
for group in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["SecurityGroups"]:
    GROUPS[group["GroupName"]] = group["GroupId"]
    print(group["GroupId"], group["GroupName"], "-", group["Description"])
draw(VPC)

# %% [markdown]
# Attach `brief.records` (`update_function_configuration` takes `VpcConfig={"SubnetIds": […], "SecurityGroupIds": […]}`). It must
# reach the records database (`brief.database`, tcp `brief.database_port`) and S3, if one zone fails, too; without a NAT gateway,
# which costs by the hour; and the kiosk must not get to the database. **First** its role, `brief.records_role`, needs the right
# to make interfaces, and no more than that: `MANAGED + "AWSLambdaVPCAccessExecutionRole"`.

# %% task="private"
### BEGIN SOLUTION
iam.attach_role_policy(RoleName=brief.records_role, PolicyArn=f"{MANAGED}AWSLambdaVPCAccessExecutionRole")
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={"SubnetIds": SUBNETS["app"], "SecurityGroupIds": [GROUPS["records-callers"]]},
)
ready(brief.records)
### END SOLUTION

# %%
arn = function_arn(brief.records)
reach(arn, brief.database, brief.database_port)
reach(arn, "service:s3", 443)
reach(arn, "internet", 443)

# %% [markdown]
# <!-- covers: L09-12 L09-13 -->
# ## Task 11: no cold start
#
# Two remedies, for **published versions** only (a version is code and settings frozen under a number; an **alias** is a name that
# leads to one, and callers use the alias):
#
# - **provisioned concurrency** keeps environments ready, [always paid for](
#   https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html);
# - **SnapStart** takes a picture of the initialised environment when you publish, and starts from it: [Java 11, Python 3.12, .NET 8
#   and later](https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html); not together with provisioned concurrency, EFS, or
#   a `/tmp` above 512 MB. (**A myth:** "for Java only".)
#
# Give both functions an alias `live` that leads to a published version: `lead_live`, below, does that. `brief.booking`:
# `brief.warm` environments always ready, on the alias (`put_provisioned_concurrency_config`). `brief.forms`, an old function with
# a long INIT: the setting `SnapStart={"ApplyOn": "PublishedVersions"}`; `ready` waits until it has arrived. Is its runtime new
# enough?


# %%
def lead_live(name):
    """Publishes what a function is now as a version, and leads its alias live there."""
    number = lambdas.publish_version(FunctionName=name)["Version"]
    alias = {"FunctionName": name, "Name": "live", "FunctionVersion": number}
    try:
        lambdas.create_alias(**alias)
    except lambdas.exceptions.ResourceConflictException:
        lambdas.update_alias(**alias)


# %% task="warm"
### BEGIN SOLUTION
lead_live(brief.booking)
lambdas.put_provisioned_concurrency_config(
    FunctionName=brief.booking, Qualifier="live", ProvisionedConcurrentExecutions=brief.warm
)
lambdas.update_function_configuration(
    FunctionName=brief.forms, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"}
)
ready(brief.forms)
lead_live(brief.forms)
### END SOLUTION

# %%
for name in (brief.booking, brief.forms):
    alias = lambdas.get_alias(FunctionName=name, Name="live")
    found = lambdas.get_function_configuration(FunctionName=name, Qualifier="live")
    print(name, "live ->", alias["FunctionVersion"], found["Runtime"], found.get("SnapStart"))

# %% [markdown]
# *Here* nothing is started ahead, and no snapshot is taken: the settings are checked.
#
# ## What you know now
#
# - A handler gets one event at a time. What is outside of it runs once for each environment; nothing there is safe.
# - The role says what a function may; its resource policy says who may call it, and for whose sake.
# - Polled, handed over or called: that decides who repeats, and where failures end. Report what failed; never swallow.
# - Idempotent, because everything comes twice some day. Never write where you listen.
# - Memory is CPU. Concurrency = rate × time, shared by all, unless you reserve.
#
# New since 2025, and not needed here: [durable functions](
# https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html) go on for up to a year by checkpoints; Managed Instances run
# functions on EC2 machines of yours, several events in one environment.
#
# ## What this would cost, and how to clean up

# %%
cost()

# %% [markdown]
# The sum leaves Lambda out. Functions that nobody calls cost nothing; the logs cost by the GB, and **provisioned concurrency costs
# by the second, used or not**, about $5.50 a month [in us-east-1](https://aws.amazon.com/lambda/pricing/) for each environment of
# 512 MB: on AWS delete it first (`delete_provisioned_concurrency_config`). Then mappings and rules, functions,
# queues, the layer, log groups (Lambda leaves them behind), the bucket, the network. *Here*, `reset_lab()` puts
# everything back.
#
# Next you learn to see all of this from outside: **100-cloudwatch**.
