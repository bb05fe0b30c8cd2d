# ---
# title: "Orientation: where things are, and whose job they are"
# minutes: 45
# needs: []
# objectives:
#   - make clients that work on any machine, and hold no keys
#   - tell what is global, Regional and zonal, and see it with your own calls
#   - take stock of an account that somebody else left behind
#   - say which duties are AWS's and which are yours
# regions: [us-east-1]
# ref: L00
# ---

# %% [markdown]
# ## Saltmarsh Ferries
#
# Saltmarsh sells ferry tickets on both sides of the Atlantic. You are its first cloud engineer. A contractor set the
# account up and left; today you find out what is there, put one thing right and draw the map that everybody will use.
#
# ![The world, a Region, its zones, and the edge](img/world.svg)
#
# AWS is no single computer that you rent. It is some hundreds of services, each with its own API and its own line on the
# bill, that you wire together. Nothing exists in an account until somebody makes it, and you pay for
# what exists and what you use: by the second, the request or the gigabyte, with no contract.
# <!-- covers: L00-02 L00-15 -->
#
# Here all of it runs on your own machine, in a **sandbox** that answers as AWS does. No account, no bill. Say hello:

# %%
import json

import boto3
from botocore.exceptions import ClientError

me = boto3.client("sts").get_caller_identity()
print("account", me["Account"], "as", me["Arn"])

# %% [markdown]
# That worked, and you gave no address and no key. boto3 found them in the environment of this notebook: the address
# (`AWS_ENDPOINT_URL`), the keys of a user called `learner`, and a default Region. Code that leaves these to the
# environment runs unchanged here, on a colleague's laptop and on AWS. Code with a key typed into it leaks the key with
# the first commit.
#
# Now be nobody: the same call, without a signature.

# %%
from botocore import UNSIGNED
from botocore.config import Config

nobody = boto3.client("sts", config=Config(signature_version=UNSIGNED))
try:
    nobody.get_caller_identity()
except ClientError as error:
    print(error.response["Error"]["Code"], "-", error.response["Error"]["Message"])

# %% [markdown]
# <!-- covers: L00-03 -->
# <!-- covers: L00-21 -->
# Refused: AWS tells from a request's signature who sent it, and boto3 makes the signature with the keys. (Few things are
# open to nobody in particular, such as a public file in S3.)
#
# ## Task 1: seven services, one way in
#
# Seven services stand around almost every application: compute you manage (**EC2**), files (**S3**), permissions (**IAM**),
# your network (**VPC**), databases (**RDS**), compute you do not manage (**Lambda**), and the eyes (**CloudWatch**).
#
# Write `client(service, region=None)`, a function that makes a boto3 client from the environment, for the Region that it
# is given. Then use it to make **one call that only looks** (list or describe) to each of the seven: ask EC2 for
# its servers (instances) in `brief.bucket_region`, the others anything in any Region. VPC has no client of its own: its operations are EC2's
# (`describe_vpcs`). Make no access keys: you need none.


# %% task="seven-services"
### BEGIN SOLUTION
### BEGIN STARTER
# def client(service, region=None):
#     ...  # YOUR CODE HERE
#
#
# # and below it, one call that only looks, to each of the seven
### END STARTER
def client(service, region=None):
    return boto3.client(service, region_name=region)


client("ec2", brief.bucket_region).describe_instances()
client("ec2").describe_vpcs()
client("s3").list_buckets()
client("iam").list_roles()
client("rds").describe_db_instances()
client("lambda").list_functions()
client("cloudwatch").list_metrics()
### END SOLUTION

# %% [markdown]
# <!-- covers: L00-01 -->
# <!-- covers: L00-04 -->
# How did the check know? Every request passes one door, which keeps a **journal**. On AWS that is CloudTrail.
#
# Services come in families. Start from the **work**, not from a server: which of them would you look at first for these?
#
# 1. passengers' scanned documents; 2. a nightly job of 40 seconds; 3. bookings that refer to each other; 4. a counter
# read a million times an hour; 5. "who may delete a booking?"; 6. an old program that needs its own Linux; 7. work that
# must wait its turn; 8. "page me when sales stop".
#
# <details><summary>One set of good answers</summary>1 S3 (storage); 2 Lambda (compute); 3 RDS (database); 4 DynamoDB
# (database); 5 IAM (security); 6 EC2 (compute); 7 SQS (integration); 8 CloudWatch (observation). Security groups are no
# service: they are a feature of VPC (networking).</details>

# %%
for region in (brief.table_region, brief.bucket_region):
    print(
        region,
        [
            zone["ZoneName"]
            for zone in boto3.client("ec2", region_name=region).describe_availability_zones()[
                "AvailabilityZones"
            ]
        ],
    )

# %% [markdown]
# <!-- covers: L00-05 -->
# <!-- covers: L00-06 -->
# <!-- covers: L00-08 -->
# ## Task 2: a zone's name and its id
#
# A **Region** is a group of **Availability Zones**, at least three in every Region of today. A zone is **one or more** data
# centres with power and cooling of their own, far enough from the other zones (up to about 100 km) not to share a
# disaster. A popular figure says that zones are under 1 ms apart; what [AWS documents](
# https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/availability-zones.html) is single-digit
# milliseconds.
#
# The name `…a` is a label that your account uses. The **zone id** names the place: on AWS another account's `a` can be
# another place, so teams that compare accounts speak of ids ([why](
# https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html)). *Here* the mapping is the same in every account.
#
# Hand in the mapping for `brief.zone_region`: `answer("zones", {name: id, …})`.

# %% task="zone-ids"
### BEGIN SOLUTION
zones = client("ec2", brief.zone_region).describe_availability_zones()["AvailabilityZones"]
answer("zones", {zone["ZoneName"]: zone["ZoneId"] for zone in zones})
### END SOLUTION

# %% [markdown]
# <!-- covers: L00-13 -->
# <!-- covers: L00-14 -->
# Two more kinds of place, for when a Region is too far: a **Local Zone** is an outpost of a Region in a big city, with some
# services (compute, disks) for users who feel every millisecond; **Wavelength** puts the same inside a telecom company's
# 5G network. Both hang on a parent Region, and you opt in.
#
# **Predict:** the contractor made a DynamoDB table in one Region. Will the other Region list it? Write True or False, then
# run both cells.

# %%
other_region_lists_it = None

# %%
for region in (brief.table_region, brief.bucket_region):
    print(region, boto3.client("dynamodb", region_name=region).list_tables()["TableNames"])

# %% [markdown]
# <!-- covers: L00-07 -->
# <!-- covers: L00-09 -->
# ## Task 3: each thing in its Region
#
# Regions are independent. What you make in one is not in another, and your data stays where you put it unless you move
# it. That is safety (a failure stays in one Region) and a promise to customers.
#
# The contractor put the table `brief.table` into `brief.bucket_region`; the ticket app runs in `brief.table_region`. It is
# still empty. Put it right:
#
# - the table in `brief.table_region`, and in no other Region (its key: `booking`, a string; billing by request);
# - a bucket `brief.bucket` for passengers' documents in `brief.bucket_region`.

# %% task="right-regions"
### BEGIN SOLUTION
client("dynamodb", brief.bucket_region).delete_table(TableName=brief.table)
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
)
client("s3", brief.bucket_region).create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": brief.bucket_region}
)
### END SOLUTION

# %% [markdown]
# **A myth:** "S3 is global." A bucket's *name* is shared (unique in a partition such as all commercial Regions; newer
# [account-regional names](https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html) are yours alone).
# Its *data* lies in one Region. Ask it:

# %%
try:
    print(
        boto3.client("s3", region_name=brief.table_region).get_bucket_location(Bucket=brief.bucket)[
            "LocationConstraint"
        ]
    )
except ClientError as error:
    print(error.response["Error"]["Code"])

from cloudlings.cost import price_table

price = price_table()["transfer.region"]
print(
    f"Reading {brief.monthly_gb} GB a month across Regions: {brief.monthly_gb} x ${price.usd} = ${brief.monthly_gb * price.usd:.2f}"
)

# %% [markdown]
# <!-- covers: L00-16 -->
# <!-- covers: L00-18 -->
# **Decide.** The app reads `brief.monthly_gb` GB a month from that bucket, across an ocean, for the sum above. Moving the
# bucket next to the app would save it. Saltmarsh has promised European passengers that their documents stay in Europe.
# What do you do? Write it down before you read on.

# %%
decision, because = None, ""  # "keep" or "move", and the reason that you would put into a record

# %% [markdown]
# <details><summary>What we would do</summary>Keep the bucket. A promise, a law, a recovery goal come before a price: name
# the constraint, then count.</details>
#
# This was an **architecture decision**: dear to change later. The bucket's tags are a detail. A record of it names the goal,
# the scale, the cost and the rule to keep.
#
# <!-- covers: L00-10 -->
# ## Task 4: one role, every Region
#
# A few services are **global**: IAM (who may do what) and Route 53 (names) are the two that you meet first. There is one of
# each for all your Regions.
#
# Make an IAM **role** called `brief.role`: an identity without a password, which people put on for a while. Its *trust
# policy* says who may: this account, `arn:aws:iam::ACCOUNT:root`, which stands for everybody in it, and for nobody outside.
#
# Read the role through a client for `brief.table_region` and one for `brief.bucket_region`, and hand in what you see:
# `answer("auditor", {region: RoleId, …})`.

# %% task="one-role"
### BEGIN SOLUTION
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{me['Account']}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
client("iam").create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
ids = {
    region: client("iam", region).get_role(RoleName=brief.role)["Role"]["RoleId"]
    for region in (brief.table_region, brief.bucket_region)
}
answer("auditor", ids)
### END SOLUTION

# %% [markdown]
# **Be the auditor.** The next cell gives the role a policy (look at secrets' names, nothing else), puts the role on, and
# tries two calls in `brief.bucket_region`. Which one will be refused?

# %%
look = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"}],
}
try:
    boto3.client("iam").put_role_policy(
        RoleName=brief.role, PolicyName="look", PolicyDocument=json.dumps(look)
    )
    keys = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{me['Account']}:role/{brief.role}", RoleSessionName="orientation"
    )["Credentials"]
    auditor = boto3.client(
        "secretsmanager",
        region_name=brief.bucket_region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    secret = auditor.list_secrets()["SecretList"][0]["Name"]
    print("listed:", secret)
    auditor.get_secret_value(SecretId=secret)
except ClientError as error:
    print(error.response["Error"]["Code"], "-", error.response["Error"]["Message"])

# %% [markdown]
# The role's keys lived in one variable and end by themselves within the hour. The refusal names who asked for what, and
# that nothing allows it: IAM says no until a policy says yes.
#
# ## Task 5: what is where
#
# The contractor left things behind, in both Regions: disk **snapshots**, machine **images** (AMIs) and **secrets**. Each is
# paid for every month, whether anybody remembers it or not.
#
# Write `inventory(region)`. It gives a dictionary with three lists, for what **this account owns** in that Region:
# `snapshots` (SnapshotIds), `images` (ImageIds), `secrets` (names). Public snapshots and images of other owners are in the
# same lists as yours, so say whose you want. Hand in both Regions: `answer("inventory", {region: inventory(region), …})`.


# %% task="inventory"
### BEGIN SOLUTION
### BEGIN STARTER
# def inventory(region):
#     ...  # YOUR CODE HERE
#
#
# # and below it, hand in both Regions
### END STARTER
def inventory(region):
    ec2, secrets = client("ec2", region), client("secretsmanager", region)
    return {
        "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [
            one["Name"]
            for page in secrets.get_paginator("list_secrets").paginate()
            for one in page["SecretList"]
        ],
    }


answer("inventory", {region: inventory(region) for region in (brief.table_region, brief.bucket_region)})
### END SOLUTION

# %% [markdown]
# <!-- covers: L00-19 -->
# <!-- covers: L00-20 -->
# Lists come in pages, and everything has a limit. Know the few that shape designs:
#
# | what | limit |
# |---|---|
# | a Lambda invocation | 15 minutes |
# | an object in S3 | 50 TB (a single GET: 5 TB) |
# | an SQS message | 1 MiB |
# | an item in DynamoDB | 400 KB |
# | a function's concurrency in an account and Region | 1,000 by default, less in new accounts |
#
# Where a number here surprises you, look at what is underneath: cold starts, replication, queues. Internals explain the
# slow requests that an average hides.
#
# Now draw. The cell shows Saltmarsh's plan for one Region, as the contractor left it.

# %%
from IPython.display import SVG

from cloudlings.models.sketch import sketch

SVG(sketch({letter.upper(): tuple(part) for letter, part in brief.diagram.items()}))

# %% [markdown]
# <!-- covers: L00-11 -->
# ## Task 6: three errors in a drawing
#
# Eight parts carry letters. **Three** of them stand where they cannot be. What you need to know: a VPC (your network) lives
# in one Region and spans its zones; a subnet lives in one zone; the gateway to the internet is attached to the VPC itself,
# and only public subnets have a route to it; a NAT gateway of the zonal kind needs such a route; a disk and the server that
# uses it are in the same zone. Buckets are in a Region, outside any VPC. A database with a primary and a standby needs no
# third copy.
#
# Hand in three letters: `answer("errors", ["x", "y", "z"])`.

# %% task="find-errors"
### BEGIN SOLUTION
belongs = {
    "s3": "region",
    "igw": "vpc-edge",
    "iam": "global",
    "route53": "global",
    "nat": "public-subnet-a",
    "ebs": "az-a",
    "app": "one-zone-each",
    "db": "az-c",
}
answer("errors", [letter for letter, (part, place) in brief.diagram.items() if belongs[part] != place])
### END SOLUTION

# %%
for key, text in (*brief.duties.items(), *brief.choices.items()):
    print(f"{key:>4}  {text}")

# %% [markdown]
# <!-- covers: L00-12 -->
# <!-- covers: L00-17 -->
# ## Task 7: whose job is it?
#
# ![The line between AWS's duties and yours moves with the service](img/shared.svg)
#
# AWS is responsible for the security **of** the cloud, you for security **in** it ([the model](
# https://aws.amazon.com/compliance/shared-responsibility-model/)). The line moves up as a service manages more; data,
# permissions and settings never cross it.
#
# Sort the sentences above. Duties (`d1` …): `"aws"` or `"customer"`. Choices (`c1` …): `"decision"` (dear to change, shapes
# what others build) or `"detail"`. Between two decisions that both hold, take the simpler: the one that a tired colleague
# understands at night beats the elegant one.
#
# `answer("duties", {"d1": "aws", …})` and `answer("choices", {"c1": "detail", …})`. One in ten may be wrong.

# %% task="sort-duties"
### BEGIN SOLUTION
aws_does = (
    "failed disk",
    "under an RDS database",
    "Guard the doors",
    "hypervisor",
    "Destroy disks",
    "managed runtime",
    "network between",
    "own servers",
    "firmware",
)
details = ("log group", "indentation", "health check", "order of the tags", "colour", "laptop", "memory size")
duties = {
    key: "aws" if any(word in text for word in aws_does) else "customer" for key, text in brief.duties.items()
}
choices = {
    key: "detail" if any(word in text for word in details) else "decision"
    for key, text in brief.choices.items()
}
answer("duties", duties)
answer("choices", choices)
### END SOLUTION

# %% [markdown]
# ## What you know now
#
# - A client is an address, credentials and a Region, and the environment holds all three.
# - Global, Regional, zonal: IAM and Route 53; tables, buckets and VPCs; subnets, disks and instances.
# - An account is the sum of its Regions. You know one only when you have asked each.
# - AWS guards the building, you guard the data. Decisions come before details.
#
# ## What this would cost, and how to clean up
#
# <!-- covers: L00-22 -->
# On AWS: the empty table, bucket and role are free, the leftovers a few cents to a few dollars a month: a snapshot costs
# about $0.05 a GB-month, a secret about $0.40 a month (list prices, not confirmed by an AWS page here). New accounts start
# with [credits](https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier.html). To clean up there: delete bucket,
# table and role, deregister the images, then delete snapshots and secrets. Here `reset_lab()` does it all.
#
# On AWS you would also look around in the **console**, the website: its search bar finds any service by name. Look there, and
# build with code: clicks cannot be reviewed or repeated. It is not part of the sandbox.
