# Answers that look right. Each loses the task that it names, and is told why. Several tasks share a run: they do not
# touch each other.

# %% wrong="first-tries" task="hello" says=["visitor before"]
# Greets whoever came last, when nobody says a name: a global that outlives the event.
deploy(
    brief.welcome,
    f'''
last = "everybody"

def handler(event, context):
    global last
    last = str(event.get("name") or "").strip() or last
    return f"{brief.greeting}, {{last}}!"
''',
)

# %% wrong="first-tries" task="counter" says=["numbers are what"]
# As if one environment lived for ever.
told, count = [], 0
for step in brief.plan:
    count += step in ("call", "error")
    if step == "call":
        told.append(count)
answer("counter", told)

# %% wrong="first-tries" task="role" says=["nobody needs that"]
# The whole bucket, with everything that S3 can do.
trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
whole = f"arn:aws:s3:::{brief.bucket}"
allow_all = {"Effect": "Allow", "Action": "s3:*", "Resource": [whole, f"{whole}/*"]}
iam.create_role(
    RoleName=brief.portraits_role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)
iam.put_role_policy(
    RoleName=brief.portraits_role,
    PolicyName="all",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow_all]}),
)
iam.attach_role_policy(
    RoleName=brief.portraits_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)

# %% wrong="first-tries" task="thumbnails" says=["infinite loop", "sets itself off"] ref="L09-M2"
# The small one lies beside the large one.
deploy(
    brief.portraits,
    f"""
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
        s3.put_object(Bucket=bucket, Key={brief.uploads!r} + "small-" + key.rpartition("/")[2], Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="first-tries" task="reminders" says=["all is well", "lost"] ref="L09-M7"
# Queue, mapping and dead letters are right; the error is printed, and swallowed.
code = REMINDERS.replace("pass  # never stop the queue", "print('not sent', record['body'])")
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])

# %% wrong="first-tries" task="triggers" says=["confused deputy", "all its customers"] ref="L09-M6"
# The service is let in, for whomever it works.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
for name, service in ((brief.portraits, "s3"), (brief.night, "events")):
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
clock.put_rule(Name="night", ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])

# %% wrong="first-tries" task="intake" says=["warm calls", "outside the handler"] ref="L09-M5"
# The directory is imported and read for every event.
deploy(
    brief.intake,
    """
import base64
import json
from urllib.parse import unquote_plus


def handler(event, context):
    import clinics

    names = clinics.load()
    return [{"via": v, "booking": b, "clinic": names.get(b.partition("-")[0])} for v, b in found(event)]


def found(event):
    if "detail-type" in event:
        return [("eventbridge", event["detail"]["booking"])]
    if "Records" not in event:
        body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        return [("api", json.loads(body)["booking"])]
    return [each for record in event["Records"] for each in one(record)]


def one(record):
    source = record["eventSource"].removeprefix("aws:")
    if source == "sqs":
        return [(source, json.loads(record["body"])["booking"])]
    if source == "s3":
        return [(source, unquote_plus(record["s3"]["object"]["key"]).rpartition("/")[2].removesuffix(".json"))]
    return [(source, record["dynamodb"]["NewImage"]["booking"]["S"])] if record["eventName"] != "REMOVE" else []
""",
    Layers=[LAYER],
)

# %% wrong="first-tries" task="memory" says=["not to 100"]
# Billed by 100 ms, as it was until 2020.
from math import ceil

rows = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]


def by_the_millisecond(row):
    return lambda_bill(
        brief.calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=brief.calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd


best = min(rows, key=by_the_millisecond)
rounded = lambda_bill(
    brief.calls,
    milliseconds=ceil(best.average_ms / 100) * 100,
    memory_mb=best.memory,
    cold_starts=brief.calls * brief.cold_share,
    init_milliseconds=best.init_ms,
).usd
even = 730 * price_table()["ec2.t3.small"].usd / rounded * brief.calls
answer("memory", {"choose": best.memory, "usd": rounded, "even": even})
lambdas.update_function_configuration(FunctionName=brief.portraits, MemorySize=best.memory)
ready(brief.portraits)

# %% wrong="first-tries" task="quiet" says=["are refused", "rate × time"]
# As many as come in a second, as if each took a second.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
lambdas.put_function_concurrency(
    FunctionName=brief.booking, ReservedConcurrentExecutions=brief.booking_per_second
)

# %% wrong="first-tries" task="private" says=["only", "zone"]
# One subnet.
iam.attach_role_policy(
    RoleName=brief.records_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)
room = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": [brief.subnets["app"][0]]}])["Subnets"][
    0
]
who = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["records-callers"]}])[
    "SecurityGroups"
]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={"SubnetIds": [room["SubnetId"]], "SecurityGroupIds": [who[0]["GroupId"]]},
)
ready(brief.records)

# %% wrong="first-tries" task="warm" says=["leads to another version"]
# Kept warm under its number: the next deployment leaves it behind.
for name in (brief.booking, brief.forms):
    if name == brief.forms:
        lambdas.update_function_configuration(
            FunctionName=name, Runtime="python3.12", SnapStart={"ApplyOn": "PublishedVersions"}
        )
        ready(name)
    version = lambdas.publish_version(FunctionName=name)["Version"]
    lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
lambdas.put_provisioned_concurrency_config(
    FunctionName=brief.booking,
    Qualifier=lambdas.get_alias(FunctionName=brief.booking, Name="live")["FunctionVersion"],
    ProvisionedConcurrentExecutions=brief.warm,
)

# %% wrong="second-tries" task="hello" says=["may be blank"]
# A name of spaces is greeted as it is.
deploy(
    brief.welcome,
    f"def handler(event, context):\n    return f\"{brief.greeting}, {{event.get('name') or 'everybody'}}!\"",
)

# %% wrong="second-tries" task="role" says=["read why"]
# No log: it works until something fails.
trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
whole = f"arn:aws:s3:::{brief.bucket}"
job = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{whole}/{brief.uploads}*"},
    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{whole}/{brief.thumbs}*"},
]
for document_of, about in (("trust", [trust]), ("job", job)):
    text = json.dumps({"Version": "2012-10-17", "Statement": about})
    if document_of == "trust":
        iam.create_role(RoleName=brief.portraits_role, AssumeRolePolicyDocument=text)
    else:
        iam.put_role_policy(RoleName=brief.portraits_role, PolicyName=document_of, PolicyDocument=text)

# %% wrong="second-tries" task="thumbnails" says=["ended with"]
# The key is taken as it is written in the event.
deploy(
    brief.portraits,
    f"""
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
        s3.put_object(Bucket=bucket, Key={brief.thumbs!r} + key.removeprefix({brief.uploads!r}), Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="second-tries" task="reminders" says=["does not read it", "FunctionResponseTypes"]
# The function reports, and nobody reads the report.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})

# %% wrong="second-tries" task="triggers" says=["Not only S3", "SourceAccount"]
# The bucket is named, and not whose: when it is deleted, its name is anybody's.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
rule = clock.put_rule(Name="night", ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")[
    "RuleArn"
]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = ((brief.portraits, "s3", f"arn:aws:s3:::{brief.bucket}"), (brief.night, "events", rule))
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="second-tries" task="intake" says=["base64"]
# A body is always taken as text.
deploy(
    brief.intake,
    """
import json
from urllib.parse import unquote_plus

import clinics

NAMES = clinics.load()


def handler(event, context):
    return [{"via": v, "booking": b, "clinic": NAMES.get(b.partition("-")[0])} for v, b in found(event)]


def found(event):
    if "detail-type" in event:
        return [("eventbridge", event["detail"]["booking"])]
    if "Records" not in event:
        return [("api", json.loads(event["body"])["booking"])]
    return [each for record in event["Records"] for each in one(record)]


def one(record):
    source = record["eventSource"].removeprefix("aws:")
    if source == "sqs":
        return [(source, json.loads(record["body"])["booking"])]
    if source == "s3":
        return [(source, unquote_plus(record["s3"]["object"]["key"]).rpartition("/")[2].removesuffix(".json"))]
    return [(source, record["dynamodb"]["NewImage"]["booking"]["S"])] if record["eventName"] != "REMOVE" else []
""",
    Layers=[LAYER],
)

# %% wrong="second-tries" task="memory" says=["p95 is", "one visitor in twenty"]
# The cheapest per GB-second of those that were measured, whoever waits: 256 MB.
slow = brief.benchmark[1]
month_usd = lambda_bill(brief.calls, milliseconds=slow.average_ms, memory_mb=slow.memory).usd
answer("memory", {"choose": slow.memory, "usd": month_usd, "even": 15.184 / month_usd * brief.calls})

# %% wrong="second-tries" task="quiet" says=["letters wait"]
# So low a ceiling that the letters are not done.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
lambdas.put_function_concurrency(FunctionName=brief.letters, ReservedConcurrentExecutions=20)

# %% wrong="second-tries" task="private" says=["service:s3", "no public address"]
# In the public subnets, since S3 is "on the internet".
iam.attach_role_policy(
    RoleName=brief.records_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)
cidrs = [{"Name": "cidr-block", "Values": list(brief.subnets["web"])}]
who = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["records-callers"]}])[
    "SecurityGroups"
]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in ec2.describe_subnets(Filters=cidrs)["Subnets"]],
        "SecurityGroupIds": [who[0]["GroupId"]],
    },
)
ready(brief.records)

# %% wrong="second-tries" task="warm" says=["was published with SnapStart", "when a version is published"]
# SnapStart is switched on after publishing.
for name in (brief.booking, brief.forms):
    version = lambdas.publish_version(FunctionName=name)["Version"]
    lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
lambdas.update_function_configuration(
    FunctionName=brief.forms, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"}
)
ready(brief.forms)
lambdas.put_provisioned_concurrency_config(
    FunctionName=brief.booking, Qualifier="live", ProvisionedConcurrentExecutions=brief.warm
)

# %% wrong="third-tries" task="role" says=["Not only Lambda"]
# Everybody in the account may take it on as well.
own = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"}
trust = {"Effect": "Allow", "Principal": own, "Action": "sts:AssumeRole"}
whole = f"arn:aws:s3:::{brief.bucket}"
job = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{whole}/{brief.uploads}*"},
    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{whole}/{brief.thumbs}*"},
]
iam.create_role(
    RoleName=brief.portraits_role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)
iam.put_role_policy(
    RoleName=brief.portraits_role,
    PolicyName="job",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": job}),
)
iam.attach_role_policy(
    RoleName=brief.portraits_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)

# %% wrong="third-tries" task="thumbnails" says=["several records"]
# One record was seen in the test, so one is handled.
deploy(
    brief.portraits,
    f"""
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    row = event["Records"][0]["s3"]
    bucket, key = row["bucket"]["name"], unquote_plus(row["object"]["key"])
    body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
    s3.put_object(Bucket=bucket, Key={brief.thumbs!r} + key.removeprefix({brief.uploads!r}), Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="third-tries" task="reminders" says=["whole batch"]
# What fails is raised at the end: the good ones of the batch come again, too.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = 0
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad += 1
    if bad:
        raise RuntimeError(f"{bad} not sent")
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})

# %% wrong="third-tries" task="triggers" says=["rate", "time of its own"]
# Once a day, at whatever time it was made.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
clock = boto3.client("events")
rule = clock.put_rule(Name="night", ScheduleExpression="rate(1 day)")["RuleArn"]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {"SourceArn": rule}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="third-tries" task="intake" says=["a row that was removed"]
# The key of a row is always there, of one that was removed as well.
deploy(
    brief.intake,
    """
import base64
import json
from urllib.parse import unquote_plus

import clinics

NAMES = clinics.load()


def handler(event, context):
    return [{"via": v, "booking": b, "clinic": NAMES.get(b.partition("-")[0])} for v, b in found(event)]


def found(event):
    if "detail-type" in event:
        return [("eventbridge", event["detail"]["booking"])]
    if "Records" not in event:
        body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        return [("api", json.loads(body)["booking"])]
    return [one(record) for record in event["Records"]]


def one(record):
    source = record["eventSource"].removeprefix("aws:")
    if source == "sqs":
        return source, json.loads(record["body"])["booking"]
    if source == "s3":
        return source, unquote_plus(record["s3"]["object"]["key"]).rpartition("/")[2].removesuffix(".json")
    return source, record["dynamodb"]["Keys"]["booking"]["S"]
""",
    Layers=[LAYER],
)

# %% wrong="third-tries" task="memory" says=["not in the account"]
# The sums are right, and the function stays as it was.
rows = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
sums = {
    row.memory: lambda_bill(
        brief.calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=brief.calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd
    for row in rows
}
least = min(sums, key=lambda memory: sums[memory])
even = 730 * price_table()["ec2.t3.small"].usd / sums[least] * brief.calls
answer("memory", {"choose": least, "usd": sums[least], "even": even})
lambdas.update_function_configuration(FunctionName=brief.portraits, MemorySize=2048)
ready(brief.portraits)

# %% wrong="third-tries" task="quiet" says=["it needs 5"]
# The archive is switched off.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=0)
lambdas.put_function_concurrency(FunctionName=brief.booking, ReservedConcurrentExecutions=300)

# %% wrong="third-tries" task="private" says=["kiosk"]
# The database lets in the whole network, the kiosk among it.
iam.attach_role_policy(
    RoleName=brief.records_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)
cidrs = [{"Name": "cidr-block", "Values": list(brief.subnets["app"])}]
mine = ec2.create_security_group(GroupName="records-function", Description="of the function", VpcId=VPC)[
    "GroupId"
]
doors = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["records-database"]}])
port = {"IpProtocol": "tcp", "FromPort": brief.database_port, "ToPort": brief.database_port}
ec2.authorize_security_group_ingress(
    GroupId=doors["SecurityGroups"][0]["GroupId"],
    IpPermissions=[{**port, "IpRanges": [{"CidrIp": brief.vpc_cidr}]}],
)
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in ec2.describe_subnets(Filters=cidrs)["Subnets"]],
        "SecurityGroupIds": [mine],
    },
)
ready(brief.records)

# %% wrong="third-tries" task="warm" says=["were agreed", "paid for"]
# A few more, to be safe.
for name in (brief.booking, brief.forms):
    if name == brief.forms:
        lambdas.update_function_configuration(
            FunctionName=name, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"}
        )
        ready(name)
    version = lambdas.publish_version(FunctionName=name)["Version"]
    lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
lambdas.put_provisioned_concurrency_config(
    FunctionName=brief.booking, Qualifier="live", ProvisionedConcurrentExecutions=brief.warm + 5
)

# %% wrong="fourth-tries" task="thumbnails" says=["a second time", "Idempotent"]
# Each run leaves a copy under a name of its own.
deploy(
    brief.portraits,
    f"""
import uuid
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
        small = {brief.thumbs!r} + key.removeprefix({brief.uploads!r})
        for name in (small, f"{{small}}.{{uuid.uuid4()}}"):
            s3.put_object(Bucket=bucket, Key=name, Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="fourth-tries" task="reminders" says=["for 360 s", "six times"] ref="L09-M3"
# Six minutes sound like enough; the function may take two.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "360", "RedrivePolicy": policy})
lambdas.update_function_configuration(FunctionName=brief.reminders, Timeout=120)
ready(brief.reminders)
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])

# %% wrong="fourth-tries" task="triggers" says=["in a week 7 times", "every day at"]
# An hour early: somebody reckoned with summer time, and rules count in UTC.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
early = f"cron({int(minutes)} {int(hours) - 1} * * ? *)"
rule = clock.put_rule(Name="night", ScheduleExpression=early)["RuleArn"]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {"SourceArn": rule}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="fourth-tries" task="intake" says=["ended with KeyError"]
# A clinic that the directory does not know stops everything.
deploy(
    brief.intake,
    """
import base64
import json
from urllib.parse import unquote_plus

import clinics

NAMES = clinics.load()


def handler(event, context):
    return [{"via": v, "booking": b, "clinic": NAMES[b.partition("-")[0]]} for v, b in found(event)]


def found(event):
    if "detail-type" in event:
        return [("eventbridge", event["detail"]["booking"])]
    if "Records" not in event:
        body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        return [("api", json.loads(body)["booking"])]
    return [each for record in event["Records"] for each in one(record)]


def one(record):
    source = record["eventSource"].removeprefix("aws:")
    if source == "sqs":
        return [(source, json.loads(record["body"])["booking"])]
    if source == "s3":
        return [(source, unquote_plus(record["s3"]["object"]["key"]).rpartition("/")[2].removesuffix(".json"))]
    return [(source, record["dynamodb"]["NewImage"]["booking"]["S"])] if record["eventName"] != "REMOVE" else []
""",
    Layers=[LAYER],
)

# %% wrong="fourth-tries" task="memory" says=["for usd", "INIT of the cold ones"]
# INIT is free of charge, as it was for zip packages until July 2025.
rows = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
with_init = {
    row.memory: lambda_bill(
        brief.calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=brief.calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd
    for row in rows
}
chosen = next(row for row in rows if row.memory == min(with_init, key=lambda memory: with_init[memory]))
without = lambda_bill(brief.calls, milliseconds=chosen.average_ms, memory_mb=chosen.memory).usd
even = 730 * price_table()["ec2.t3.small"].usd / without * brief.calls
answer("memory", {"choose": chosen.memory, "usd": without, "even": even})
lambdas.update_function_configuration(FunctionName=brief.portraits, MemorySize=chosen.memory)
ready(brief.portraits)

# %% wrong="fourth-tries" task="quiet" says=["are refused"]
# Everything that may be reserved goes to the letters; booking shares the last 110.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
lambdas.put_function_concurrency(FunctionName=brief.letters, ReservedConcurrentExecutions=885)

# %% wrong="fourth-tries" task="private" says=["nobody needs that"]
# The network is right, and the role may do everything.
iam.attach_role_policy(RoleName=brief.records_role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
cidrs = [{"Name": "cidr-block", "Values": list(brief.subnets["app"])}]
who = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["records-callers"]}])[
    "SecurityGroups"
]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in ec2.describe_subnets(Filters=cidrs)["Subnets"]],
        "SecurityGroupIds": [who[0]["GroupId"]],
    },
)
ready(brief.records)

# %% wrong="fifth-tries" task="thumbnails" says=["became one of"]
# Twice as large, for sharp screens.
deploy(
    brief.portraits,
    f"""
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {2 * brief.side})
        s3.put_object(Bucket=bucket, Key={brief.thumbs!r} + key.removeprefix({brief.uploads!r}), Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="fifth-tries" task="reminders" says=["hides a message for 30 s", "six times"] ref="L09-M3"
# Sixteen minutes are refused, and what was to come after is not done.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])
lambdas.update_function_configuration(FunctionName=brief.reminders, Timeout=901)
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": str(6 * 901)})

# %% wrong="fifth-tries" task="triggers" says=["by Post", "four ways"]
# Uploads by a plain PUT only: forms, copies and large files are missed.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
rule = clock.put_rule(Name="night", ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")[
    "RuleArn"
]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {"SourceArn": rule}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:Put"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="fifth-tries" task="warm" says=["no provisioned concurrency", "as before", "setting of its own"]
# Versions, aliases and a snapshot; nothing is kept ready.
lambdas.update_function_configuration(
    FunctionName=brief.forms, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"}
)
ready(brief.forms)
for name in (brief.booking, brief.forms):
    lead_live(name)

# %% wrong="sixth-tries" task="thumbnails"
# Right, and careful: it leaves alone what does not lie under the uploads.
deploy(
    brief.portraits,
    f"""
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        if key.startswith({brief.uploads!r}):
            body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
            s3.put_object(Bucket=bucket, Key={brief.thumbs!r} + key.removeprefix({brief.uploads!r}), Body=body)
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=15,
    MemorySize=512,
)

# %% wrong="sixth-tries" task="triggers" says=["hears of what it writes itself"]
# No filter: each thumbnail starts the function again, which then does nothing, and is paid for.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"]}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="sixth-tries" task="reminders" says=["keeps a message for 4 days"]
# Dead letters in a queue of the usual kind.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])

# %% wrong="seventh-tries" task="reminders" says=["after 1 receives"]
# One try: a short trouble empties the queue into the dead letters.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 1})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])

# %% wrong="seventh-tries" task="triggers" says=["services are told as"]
# "Triggers push": queues and streams do not.
answer("who-calls", dict.fromkeys(brief.triggers, "event"))

# %% wrong="eighth-tries" task="reminders" says=["come again with the bad one"]
# All of the batch are reported when one fails.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    try:
        for record in event["Records"]:
            send(json.loads(record["body"]))
    except Exception:
        return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in event["Records"]]}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})
lambdas.update_event_source_mapping(UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"])

# %% wrong="eighth-tries" task="triggers" says=["is DISABLED"]
# Made, and switched off until it is needed.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
when = f"cron({int(minutes)} {int(hours)} * * ? *)"
rule = clock.put_rule(Name="night", ScheduleExpression=when, State="DISABLED")["RuleArn"]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {"SourceArn": rule}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="ninth-tries" task="hello" says=["ended with KeyError"]
# There is always a name.
deploy(
    brief.welcome,
    f"""
def handler(event, context):
    return f"{brief.greeting}, {{event['name'].strip() or 'everybody'}}!"
""",
)

# %% wrong="ninth-tries" task="counter" says=["steps that are a call"]
# A number for each step, whatever it is.
answer("counter", list(range(1, len(brief.plan) + 1)))

# %% wrong="ninth-tries" task="thumbnails" says=["MB, without its layers"]
# The layer's modules and all that lay about are packed as well.
import os


def packed_with_more(code):
    file = io.BytesIO(packed(code))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("vendor/models.bin", os.urandom(1_200_000))
    return file.getvalue()


small_ones = f"""
from urllib.parse import unquote_plus
import boto3
from pictures import thumbnail

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        body = thumbnail(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), {brief.side})
        s3.put_object(Bucket=bucket, Key={brief.thumbs!r} + key.removeprefix({brief.uploads!r}), Body=body)
"""
deploy(brief.portraits, small_ones, brief.portraits_role, Layers=[LAYER], Timeout=15, MemorySize=512)
lambdas.update_function_code(FunctionName=brief.portraits, ZipFile=packed_with_more(small_ones))
ready(brief.portraits)

# %% wrong="ninth-tries" task="reminders" says=["more are disabled", "pile up"]
# Repaired, and not switched on again.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
lambdas.update_event_source_mapping(
    UUID=MAPPING, FunctionResponseTypes=["ReportBatchItemFailures"], Enabled=False
)

# %% wrong="ninth-tries" task="triggers" says=["more than once", "One clock"]
# A second rule, in case the first is forgotten.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
for name in ("night", "night-again"):
    clock.put_rule(Name=name, ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")
    clock.put_targets(Rule=name, Targets=[{"Id": "night", "Arn": there + brief.night}])
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="ninth-tries" task="memory" says=["a /tmp of 512 MB"]
# The sums and the memory are right; /tmp was left as it was.
rows = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
sums = {
    row.memory: lambda_bill(
        brief.calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=brief.calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd
    for row in rows
}
least = min(sums, key=lambda memory: sums[memory])
even = 730 * price_table()["ec2.t3.small"].usd / sums[least] * brief.calls
answer("memory", {"choose": least, "usd": sums[least], "even": even})
lambdas.update_function_configuration(FunctionName=brief.portraits, MemorySize=least)
ready(brief.portraits)

# %% wrong="ninth-tries" task="quiet" says=["led, not shut out"]
# No flood, no trouble: the mapping is switched off.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
(flood,) = lambdas.list_event_source_mappings(FunctionName=brief.letters)["EventSourceMappings"]
lambdas.update_event_source_mapping(UUID=flood["UUID"], Enabled=False)

# %% wrong="ninth-tries" task="private" says=["has the NAT gateway"]
# A way to the internet, since S3 is there.
iam.attach_role_policy(
    RoleName=brief.records_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)
tiers = {
    tier: ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": list(brief.subnets[tier])}])[
        "Subnets"
    ]
    for tier in ("web", "app")
}
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
ec2.create_nat_gateway(SubnetId=tiers["web"][0]["SubnetId"], AllocationId=address)
who = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["records-callers"]}])[
    "SecurityGroups"
]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in tiers["app"]],
        "SecurityGroupIds": [who[0]["GroupId"]],
    },
)
ready(brief.records)

# %% wrong="ninth-tries" task="warm" says=["no alias live"]
# A version, and nobody who leads to it.
for name in (brief.booking, brief.forms):
    lambdas.publish_version(FunctionName=name)

# %% wrong="tenth-tries" task="hello" says=["It answered"]
# A structure of its own, where the screen expects the text.
deploy(
    brief.welcome,
    f"""
def handler(event, context):
    name = str(event.get("name") or "").strip() or "everybody"
    return {{"statusCode": 200, "greeting": f"{brief.greeting}, {{name}}!"}}
""",
)

# %% wrong="tenth-tries" task="reminders" says=["not among the dead letters", "end to end"]
# Everything is repaired, and a filter keeps away what has no number: Lambda deletes what a filter leaves out.
code = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    bad = []
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            bad.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": bad}
"""
)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180", "RedrivePolicy": policy})
numbers_only = json.dumps({"body": {"phone": [{"prefix": "+"}]}})
lambdas.update_event_source_mapping(
    UUID=MAPPING,
    FunctionResponseTypes=["ReportBatchItemFailures"],
    FilterCriteria={"Filters": [{"Pattern": numbers_only}]},
)

# %% wrong="tenth-tries" task="triggers" says=["confused deputy"]
# The bucket is named, and the rule is not: any rule of anybody may wake the function.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
clock.put_rule(Name="night", ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="tenth-tries" task="private" says=["waits for the database"]
# The right rooms, and no group that the database knows.
iam.attach_role_policy(
    RoleName=brief.records_role,
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
)
rooms = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": list(brief.subnets["app"])}])[
    "Subnets"
]
usual = ec2.describe_security_groups(
    Filters=[{"Name": "vpc-id", "Values": [VPC]}, {"Name": "group-name", "Values": ["default"]}]
)["SecurityGroups"]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in rooms],
        "SecurityGroupIds": [usual[0]["GroupId"]],
    },
)
ready(brief.records)

# %% wrong="tenth-tries" task="memory" says=["for even", "share of the cold starts"]
# The month's bill is right; where the machine becomes cheaper is reckoned as if every call were warm.
quick = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
best = min(quick, key=lambda row: month(row, brief.calls))
warm_only = lambda_bill(brief.calls, milliseconds=best.average_ms, memory_mb=best.memory).usd
even = 730 * price_table()["ec2.t3.small"].usd / warm_only * brief.calls
answer("memory", {"choose": best.memory, "usd": month(best, brief.calls), "even": even})

# %% wrong="eleventh-tries" task="reminders" says=["There is no queue", "changed in place"]
# The queue is made anew under a name that suits better; who sends to the old one gets an error.
lambdas.delete_event_source_mapping(UUID=MAPPING)
sqs.delete_queue(QueueUrl=QUEUE)
sqs.create_queue(QueueName="reminders-of-2027", Attributes={"VisibilityTimeout": "180"})

# %% wrong="eleventh-tries" task="triggers" says=["lets sqs.amazonaws.com in", "never calls a function"]
# All is right; and SQS is let in, as S3 and EventBridge are.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
when = f"cron({int(minutes)} {int(hours)} * * ? *)"
rule = clock.put_rule(Name="night", ScheduleExpression=when)["RuleArn"]
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": there + brief.night}])
sources = (
    (brief.portraits, "s3", {"SourceArn": f"arn:aws:s3:::{brief.bucket}", "SourceAccount": ACCOUNT}),
    (brief.night, "events", {"SourceArn": rule}),
    (brief.reminders, "sqs", {"SourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{brief.reminders}"}),
)
for name, service, source in sources:
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)

# %% wrong="eleventh-tries" task="memory" says=["for usd", "'"]
# The sum as it is printed, with its currency.
rows = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
sums = {
    row.memory: lambda_bill(
        brief.calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=brief.calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd
    for row in rows
}
least = min(sums, key=lambda memory: sums[memory])
answer("memory", {"choose": least, "usd": f"{sums[least]:.2f} USD", "even": None})

# %% wrong="eleventh-tries" task="quiet" says=["There is no function", "stands still"]
# Nobody uses the archive, so it goes, and its reservation with it.
lambdas.delete_function(FunctionName=brief.archive)
lambdas.put_function_concurrency(FunctionName=brief.booking, ReservedConcurrentExecutions=300)

# %% wrong="twelfth-tries" task="reminders" says=["all is well", "lost"]
# The queue is told to wait longer, and that is all.
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"VisibilityTimeout": "180"})

# %% wrong="twelfth-tries" task="triggers" says=["No answer", "who-calls"]
# The bucket tells the function; nothing else is done.
tells = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{brief.portraits}"
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket,
    NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": tells, "Events": ["s3:ObjectCreated:*"]}]
    },
)

# %% wrong="twelfth-tries" task="quiet" says=["is not there", "led, not shut out"]
# No mapping, no flood.
lambdas.put_function_concurrency(FunctionName=brief.archive, ReservedConcurrentExecutions=5)
(flood,) = lambdas.list_event_source_mappings(FunctionName=brief.letters)["EventSourceMappings"]
lambdas.delete_event_source_mapping(UUID=flood["UUID"])

# %% wrong="thirteenth-tries" task="reminders" says=["whole batch"]
# What cannot be sent is raised at once; the queue and the mapping stay as they were.
code = REMINDERS.replace("pass  # never stop the queue", "raise")
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(code))
ready(brief.reminders)

# %% wrong="thirteenth-tries" task="triggers" says=["neither call, event nor poll of"]
# A clock, and words of one's own for who calls whom.
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
clock.put_rule(Name="night", ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)")
wakes = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{brief.night}"
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": wakes}])
answer("who-calls", dict.fromkeys(brief.triggers, "push") | {"SQS": "pull"})

# %% wrong="thirteenth-tries" task="quiet" says=["are refused"]
# A ceiling for the letters, and the archive goes on hoarding.
wide = needed(brief.letter_count / (brief.letter_minutes * 60), brief.letter_seconds) + 100
(feeds,) = lambdas.list_event_source_mappings(FunctionName=brief.letters)["EventSourceMappings"]
lambdas.update_event_source_mapping(UUID=feeds["UUID"], ScalingConfig={"MaximumConcurrency": wide})

# %% wrong="fourteenth-tries" task="reminders" says=["all is well"]
# The agreed redrive policy, and nothing else: what is swallowed never comes there.
letters = sqs.create_queue(QueueName="dead-letters", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
target = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": brief.tries})
sqs.set_queue_attributes(QueueUrl=QUEUE, Attributes={"RedrivePolicy": policy})

# %% wrong="fourteenth-tries" task="triggers" says=["tells", "nothing", "leads from the bucket"]
# The policies, and the clock; the bucket's side of it was not written.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
hours, minutes = brief.night_at.split(":")
clock = boto3.client("events")
when = f"cron({int(minutes)} {int(hours)} * * ? *)"
rule = clock.put_rule(Name="night", ScheduleExpression=when)["RuleArn"]
wakes = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{brief.night}"
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": wakes}])
for name, service, source in ((brief.portraits, "s3", {}), (brief.night, "events", {"SourceArn": rule})):
    lambdas.add_permission(
        FunctionName=name,
        StatementId="in",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        **source,
    )

# %% wrong="fifteenth-tries" task="triggers" says=["schedule's call", "waker"]
# A schedule whose role may call another function.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
there = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": there + brief.portraits, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)
trusted = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
calls = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": there + brief.portraits}
waker = iam.create_role(
    RoleName="waker", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
)["Role"]["Arn"]
iam.put_role_policy(
    RoleName="waker",
    PolicyName="call",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [calls]}),
)
hours, minutes = brief.night_at.split(":")
boto3.client("scheduler").create_schedule(
    Name="night",
    ScheduleExpression=f"cron({int(minutes)} {int(hours)} * * ? *)",
    FlexibleTimeWindow={"Mode": "OFF"},
    Target={"Arn": there + brief.night, "RoleArn": waker},
)

# %% wrong="fifteenth-tries" task="reminders" says=["all is well"]
# One message at a time, so that none takes others with it; what fails is swallowed as before.
lambdas.update_event_source_mapping(UUID=MAPPING, BatchSize=1)

# %% wrong="sixteenth-tries" task="triggers" says=["an event of its own", "names each report"]
# All is right but the event: the rule hands over a text in place of it, in which no time is told.
waits = ("API Gateway", "load balancer", "Cognito", "Step Functions task")
polled = ("SQS", "DynamoDB stream", "Kinesis")
kinds = {each: "call" if each in waits else "poll" if each in polled else "event" for each in brief.triggers}
answer("who-calls", kinds)
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
tells = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{brief.portraits}"
filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": brief.uploads}]}}
row = {"LambdaFunctionArn": tells, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [row]}
)
clock = boto3.client("events")
hours, minutes = brief.night_at.split(":")
when = f"cron({int(minutes)} {int(hours)} * * ? *)"
rule = clock.put_rule(Name="night", ScheduleExpression=when)["RuleArn"]
lambdas.add_permission(
    FunctionName=brief.night,
    StatementId="in",
    Action="lambda:InvokeFunction",
    Principal="events.amazonaws.com",
    SourceArn=rule,
)
wakes = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{brief.night}"
clock.put_targets(Rule="night", Targets=[{"Id": "night", "Arn": wakes, "Input": '{"job": "report"}'}])
