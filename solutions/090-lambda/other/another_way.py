# Other right answers: an answer for a web page, exact log rights, one message at a time, EventBridge Scheduler, a ceiling at
# the queue's mapping, a security group of the function's own.

# %% task="hello"
deploy(
    brief.welcome,
    """
import json
import os


def handler(event, context):
    name = event.get("name")
    name = name.strip() if isinstance(name, str) and name.strip() else "everybody"
    return {"statusCode": 200, "headers": {}, "body": os.environ["GREETING"] + ", " + name + "!"}
""",
    Environment={"Variables": {"GREETING": brief.greeting}},
)
lambdas.create_function_url_config(FunctionName=brief.welcome, AuthType="AWS_IAM")

# %% task="counter"
# Without a loop over steps: the answers of a row of calls between two new beginnings.
pieces, row = [[]], brief.plan
for step in row:
    if step in ("call", "error"):
        pieces[-1].append(step)
    else:
        pieces.append([])
answer("counter", [n for each in pieces for n, step in enumerate(each, 1) if step == "call"])

# %% task="role"
# Its own log group only; and AWS's check that it is this account's function that asks.
logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{brief.portraits}"
there = f"arn:aws:s3:::{brief.bucket}"
for_lambda = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
iam.create_role(
    RoleName=brief.portraits_role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": for_lambda}),
)
rights = [
    ("s3:GetObject", f"{there}/{brief.uploads}*"),
    ("s3:PutObject", f"{there}/{brief.thumbs}*"),
    ("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:*"),
    (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs}:*", f"{logs}:log-stream:*"]),
]
allowed = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in rights]
made = iam.create_policy(
    PolicyName="portraits", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed})
)
iam.attach_role_policy(RoleName=brief.portraits_role, PolicyArn=made["Policy"]["Arn"])

# %% task="thumbnails"
# Settings in variables, clients at hand, pictures through /tmp; a second file would do as well.
deploy(
    brief.portraits,
    """
import os
import urllib.parse

import boto3
import pictures

S3 = boto3.resource("s3")
UPLOADS, THUMBS, SIDE = os.environ["UPLOADS"], os.environ["THUMBS"], int(os.environ["SIDE"])


def handler(event, context):
    return [small(record["s3"]) for record in event.get("Records", [])]


def small(row):
    bucket = S3.Bucket(row["bucket"]["name"])
    key = urllib.parse.unquote_plus(row["object"]["key"], encoding="utf-8")
    if not key.startswith(UPLOADS):
        return None
    bucket.download_file(key, "/tmp/picture")
    with open("/tmp/picture", "rb") as file:
        body = pictures.write(pictures.shrunk(pictures.read(file.read()), SIDE))
    bucket.put_object(Key=THUMBS + key[len(UPLOADS):], Body=body, ContentType="image/png")
    return key
""",
    brief.portraits_role,
    Layers=[LAYER],
    Timeout=30,
    MemorySize=1024,
    Environment={"Variables": {"UPLOADS": brief.uploads, "THUMBS": brief.thumbs, "SIDE": str(brief.side)}},
)

# %% task="reminders"
# One message at a time: then an error gives back this one, and nothing else.
alone = (
    REMINDERS.partition("def handler")[0]
    + """def handler(event, context):
    (record,) = event["Records"]
    send(json.loads(record["body"]))
"""
)
lambdas.update_event_source_mapping(UUID=MAPPING, BatchSize=1)
lambdas.update_function_code(FunctionName=brief.reminders, ZipFile=packed(alone))
ready(brief.reminders)
keep = sqs.create_queue(QueueName="nicht-zugestellt", Attributes={"MessageRetentionPeriod": "1209600"})[
    "QueueUrl"
]
to = sqs.get_queue_attributes(QueueUrl=keep, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
sqs.set_queue_attributes(
    QueueUrl=QUEUE,
    Attributes={
        "VisibilityTimeout": "300",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": to, "maxReceiveCount": str(brief.tries)}),
    },
)
# A second queue of the same function, for what is due today.
urgent = sqs.create_queue(QueueName="dringend", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
today = sqs.get_queue_attributes(QueueUrl=urgent, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
reads = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
iam.put_role_policy(
    RoleName=f"{brief.reminders}-role",
    PolicyName="urgent",
    PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": reads, "Resource": today}]}
    ),
)
lambdas.create_event_source_mapping(EventSourceArn=today, FunctionName=brief.reminders, BatchSize=1)

# %% task="triggers"
# The clock is a schedule of EventBridge Scheduler: a role in place of a resource policy, and a time zone of its own.
pushed = {"S3", "SNS", "EventBridge rule"}
fetched = {"SQS", "DynamoDB stream", "Kinesis"}
answer(
    "who-calls",
    {each: "event" if each in pushed else "poll" if each in fetched else "call" for each in brief.triggers},
)
where = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
lambdas.add_permission(
    FunctionName=brief.portraits,
    StatementId="portraits",
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn=f"arn:aws:s3:::{brief.bucket}",
    SourceAccount=ACCOUNT,
)
events_of = ["Put", "Post", "Copy", "CompleteMultipartUpload"]
s3.put_bucket_notification_configuration(
    Bucket=brief.bucket,
    NotificationConfiguration={
        "LambdaFunctionConfigurations": [
            {
                "Id": "portraits",
                "LambdaFunctionArn": where + brief.portraits,
                "Events": [f"s3:ObjectCreated:{each}" for each in events_of],
                "Filter": {
                    "Key": {
                        "FilterRules": [
                            {"Name": "prefix", "Value": brief.uploads},
                            {"Name": "suffix", "Value": ".png"},
                        ]
                    }
                },
            }
        ]
    },
)
for_scheduler = {
    "Effect": "Allow",
    "Principal": {"Service": "scheduler.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}
may_call = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": where + brief.night}
waker = iam.create_role(
    RoleName="waker",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [for_scheduler]}),
)["Role"]["Arn"]
iam.put_role_policy(
    RoleName="waker",
    PolicyName="call",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may_call]}),
)
at_hour, at_minute = brief.night_at.split(":")
boto3.client("scheduler").create_schedule(
    Name="night-report",
    ScheduleExpression=f"cron({int(at_minute)} {int(at_hour)} ? * * *)",
    ScheduleExpressionTimezone="UTC",
    FlexibleTimeWindow={"Mode": "OFF"},
    Target={
        "Arn": where + brief.night,
        "RoleArn": waker,
        "Input": json.dumps({"time": "<aws.scheduler.scheduled-time>"}),
    },
)

# %% task="intake"
# One function that matches shapes.
deploy(
    brief.intake,
    """
import base64
import json
import urllib.parse

import clinics as directory

clinics = directory.load()


def entry(via, booking):
    return {"clinic": clinics.get(booking.split("-")[0]), "via": via, "booking": booking}


def handler(event, context):
    match event:
        case {"detail": {"booking": booking}}:
            return [entry("eventbridge", booking)]
        case {"Records": records}:
            return [each for record in records for each in unwrap(record)]
        case {"body": body, "isBase64Encoded": True}:
            return [entry("api", json.loads(base64.b64decode(body))["booking"])]
        case {"body": body}:
            return [entry("api", json.loads(body)["booking"])]


def unwrap(record):
    match record:
        case {"s3": {"object": {"key": key}}}:
            yield entry("s3", urllib.parse.unquote_plus(key).split("/")[-1][: -len(".json")])
        case {"dynamodb": {"NewImage": {"booking": {"S": booking}}}}:
            yield entry("dynamodb", booking)
        case {"body": body}:
            yield entry("sqs", json.loads(body)["booking"])
""",
    Layers=[LAYER],
    MemorySize=256,
)

# %% task="quiet"
# A ceiling at the mapping: the letters can never take more, and booking needs no reservation.
lambdas.delete_function_concurrency(FunctionName=brief.archive)
wide = needed(brief.letter_count / (brief.letter_minutes * 60), brief.letter_seconds) + 250
(feeds,) = lambdas.list_event_source_mappings(FunctionName=brief.letters)["EventSourceMappings"]
lambdas.update_event_source_mapping(UUID=feeds["UUID"], ScalingConfig={"MaximumConcurrency": wide})

# %% task="private"
# A security group of the function's own, which the database's group lets in; the needed rights one by one.
rights = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
rights += ["ec2:DescribeSubnets"]
cards = [{"Effect": "Allow", "Action": rights, "Resource": "*"}]
iam.put_role_policy(
    RoleName=brief.records_role,
    PolicyName="cards",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": cards}),
)
mine = ec2.create_security_group(GroupName="the function", Description="records", VpcId=VPC)["GroupId"]
(base,) = ec2.describe_security_groups(
    Filters=[{"Name": "vpc-id", "Values": [VPC]}, {"Name": "group-name", "Values": ["records-database"]}]
)["SecurityGroups"]
ec2.authorize_security_group_ingress(
    GroupId=base["GroupId"],
    IpPermissions=[
        {
            "IpProtocol": "tcp",
            "FromPort": brief.database_port,
            "ToPort": brief.database_port,
            "UserIdGroupPairs": [{"GroupId": mine}],
        }
    ],
)
blocks = [{"Name": "cidr-block", "Values": list(brief.subnets["app"])}]
lambdas.update_function_configuration(
    FunctionName=brief.records,
    VpcConfig={
        "SubnetIds": [each["SubnetId"] for each in ec2.describe_subnets(Filters=blocks)["Subnets"]],
        "SecurityGroupIds": [mine],
    },
)
ready(brief.records)
