# ---
# title: S3 that stays private, cheap and copied
# minutes: 90
# needs: [020-s3-objects]
# objectives:
#   - close a bucket to the public, and prove it as a stranger
#   - refuse plain HTTP and every encryption key but one, in a policy that holds for all requests
#   - let one CloudFront distribution read, and nobody else
#   - move, expire and abort with lifecycle rules, and say on which day
#   - choose storage classes and restore tiers by what they cost
#   - replicate to another Region with a role that can do nothing more
# regions: [eu-west-1]
# ref: L03
# ---

# %% [markdown]
# ## Kestrel Aerial Surveys
#
# Kestrel flies over quarries and harbours, photographs them, and sells maps and volume reports. The account was built
# in a hurry by somebody who has left. You inherit it today.
#
# ![Kestrel's seven buckets, and what is wrong with each](img/account.svg)
#
# Two buckets are open to the world, one of them has no plan for its growing bill either, and one is not being copied
# although everybody believes that it is. A seventh, `reports-copy`, does not exist yet: you build it.
# Every bucket name is yours: it was printed when the lab opened.
#
# The next cell makes the clients, and one function that sends a request **without any credentials**: what a stranger's
# browser would send.

# %%
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
s3_there = boto3.client("s3", region_name=brief.copy_region)
kms = boto3.client("kms")
iam = boto3.client("iam")
ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]
TLS = os.environ["AWS_ENDPOINT_URL"]


def fetch(url, **headers):
    """A plain GET with no signature. Gives the HTTP status, and the first bytes or the error code."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:
            return reply.status, reply.read(20)
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        return error.code, text.partition("<Code>")[2].partition("</Code>")[0] or text[:60]


FRAME = s3.list_objects_v2(Bucket=brief.flights, Prefix=brief.raw_prefix)["Contents"][0]["Key"]
print("A frame from the last flight:", FRAME)

# %% [markdown]
# ## Be a stranger
#
# Run this before you change anything. The first request is a stranger's. The second is the same stranger, who types one
# header by hand.

# %%
print("no header:     ", fetch(f"{TLS}/{brief.flights}/{FRAME}"))
print(
    "forged Referer:",
    fetch(f"{TLS}/{brief.flights}/{FRAME}", Referer="https://www.kestrel-surveys.example/x"),
)
print(json.dumps(json.loads(s3.get_bucket_policy(Bucket=brief.flights)["Policy"]), indent=2))

# %% [markdown]
# <!-- covers: L03-02 -->
# A customer's quarry, for anyone who asks. The last owner allowed `Principal: "*"`, everyone on the internet, and
# trusted a condition on `aws:Referer` to narrow it. A Referer is a line of text that the caller writes. It proves
# nothing: any program can send any value. So the rule for the rest of your career: **no Allow to `*` on a bucket**,
# whatever condition makes it look narrow.
#
# ## How S3 decides
#
# ![A request passes four gates](img/gates.svg)
#
# Read the picture from left to right. One explicit **Deny** anywhere ends the walk. Without any **Allow** the answer is
# no: that is why a new bucket is private. **Block Public Access** stands in front: it drops policies and ACLs that
# would open a bucket to the public, whoever wrote them. Is it on?

# %%
for bucket in (brief.flights, brief.tiles, brief.vault):
    try:
        print(bucket, s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"])
    except ClientError as error:
        print(bucket, error.response["Error"]["Code"])

# %% [markdown]
# <!-- covers: L03-01 -->
# ## Task 1: nobody is the public
#
# Buckets that are made today come with Block Public Access on and ACLs off ([since April 2023](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html)). These two were
# opened by hand. Turn on all four settings for `brief.flights` and `brief.tiles`:
#
# | setting | what it does |
# |---|---|
# | `BlockPublicAcls` | refuses new public ACLs |
# | `IgnorePublicAcls` | acts as if existing public ACLs were not there |
# | `BlockPublicPolicy` | refuses a new public bucket policy |
# | `RestrictPublicBuckets` | takes the public out of a public policy that is already there |
#
# Two refuse what is new, two disarm what is old; a bucket with only one pair is half closed.

# %% task="block-public"
### BEGIN SOLUTION
for bucket in (brief.flights, brief.tiles):
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
### END SOLUTION

# %% [markdown]
# Now be the stranger again, with the forged header. Then think: which of the four settings stopped this request, when
# the public policy is still in place?

# %%
print(
    "forged Referer:",
    fetch(f"{TLS}/{brief.flights}/{FRAME}", Referer="https://www.kestrel-surveys.example/x"),
)
print("a map tile:    ", fetch(f"{TLS}/{brief.tiles}/12/2011/1275.png"))

# %% [markdown]
# `RestrictPublicBuckets`: the policy was there before. Block Public Access can also be set once for a whole account, and
# [enforced by the organization](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
#
# <!-- covers: L03-16 -->
# ## Task 2: TLS, and one key
#
# Two rules for `brief.flights`, both for **everybody**, Kestrel's own administrators included. A rule for everybody is
# a **Deny**: an Allow somewhere else cannot undo it.
#
# 1. Every request over plain HTTP is refused. The condition key is `aws:SecureTransport`, `true` or `false`. S3 has two
#    kinds of resource: the bucket (`arn:aws:s3:::name`, listing and settings) and its objects (`arn:aws:s3:::name/*`).
#    A statement speaks only of the ARNs that it names.
# 2. Every upload is encrypted under the key `alias/kestrel-flights`, and no other.
#
# Conditions in **one** statement are ANDed: the Deny holds only when all of them match. Two reasons to refuse are two
# statements.

# %%
for alias in kms.list_aliases()["Aliases"]:
    print(alias["AliasName"], alias.get("TargetKeyId"))
print(
    "default now:",
    s3.get_bucket_encryption(Bucket=brief.flights)["ServerSideEncryptionConfiguration"]["Rules"],
)

# %% [markdown]
# <!-- covers: L03-15 -->
# What can an upload say about encryption? Two rows surprise people:
#
# | the upload says | S3 encrypts with |
# |---|---|
# | nothing | the bucket's default encryption |
# | `aws:kms` and a key | that key |
# | `aws:kms` and **no** key | the AWS managed key `aws/s3`, [not your default key](https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html) |
# | `AES256` | S3's own key (SSE-S3) |
#
# Your policy sees the key as `s3:x-amz-server-side-encryption-aws-kms-key-id` (the key's ARN). If the upload names no
# key, that condition key is absent, and a **negated** operator such as `StringNotEquals` matches an absent key.
#
# Set the bucket's default encryption to the key too (SSE-KMS, or DSSE-KMS), with a Bucket Key: without one, S3
# [calls KMS for each object](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html), and KMS bills by
# the call. Then write the policy with both rules; it replaces the old one.

# %% task="tls-only"
### BEGIN SOLUTION
### BEGIN STARTER
# key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
# # YOUR CODE HERE: the default encryption, then the bucket policy
### END STARTER
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn},
                "BucketKeyEnabled": True,
            }
        ]
    },
)
flights_arn = f"arn:aws:s3:::{brief.flights}"
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [flights_arn, f"{flights_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "RightKeyOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"{flights_arn}/*",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn}},
        },
    ],
}
s3.put_bucket_policy(Bucket=brief.flights, Policy=json.dumps(policy))
### END SOLUTION

# %% [markdown]
# **A myth.** A policy that goes round for "TLS 1.2 or better" tests `aws:SecureTransport` with `NumericLessThan`. That key
# is a Boolean, so the operator and the key do not fit: [IAM Access Analyzer reports a type mismatch](
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html), and you get no protection
# that you can rely on. The TLS version has a key of its own, `s3:TlsVersion`, and a number to compare. In a statement of
# its own: ANDed with `SecureTransport: false`, it would refuse only requests that are both.
#
# <!-- covers: L03-03 -->
# ## Predict, then try
#
# Which of these four will be answered with 200? Write `True` or `False` for each **before** you run the cell after it.

# %%
guess = {
    "a stranger's GET": None,
    "a presigned URL": None,
    "the same presigned URL over plain HTTP": None,
    "your own signed LIST over plain HTTP": None,
}

# %%
PLAIN = os.environ["CLOUDLINGS_ENDPOINTS"].split(",")[1]
s3_plain = boto3.client("s3", endpoint_url=PLAIN)
ask = {"ClientMethod": "get_object", "Params": {"Bucket": brief.flights, "Key": FRAME}, "ExpiresIn": 300}


def listed(client):
    try:
        client.list_objects_v2(Bucket=brief.flights)
        return 200, "listed"
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]


seen = {
    "a stranger's GET": fetch(f"{TLS}/{brief.flights}/{FRAME}"),
    "a presigned URL": fetch(s3.generate_presigned_url(**ask)),
    "the same presigned URL over plain HTTP": fetch(s3_plain.generate_presigned_url(**ask)),
    "your own signed LIST over plain HTTP": listed(s3_plain),
}
for request, answer_seen in seen.items():
    right = (
        ""
        if guess[request] is None
        else ("as you said" if guess[request] == (answer_seen[0] == 200) else "NOT as you said")
    )
    print(f"{request:40} {answer_seen[0]} {answer_seen[1]!s:22} {right}")

# %% [markdown]
# A presigned URL carries its maker's permission for one request and a short time: this is how a customer gets **one**
# file from a private bucket. It is a signed request like any other, so your Deny holds for it too.
#
# *Here and on AWS:* both of the sandbox's ports speak HTTP on your own machine. Requests to the main one count as TLS,
# requests to the second as plain. S3 on AWS answers on both, which is why the Deny is needed.
#
# ## Task 3: one distribution may read the tiles
#
# The website shows map tiles through CloudFront, Amazon's network of caches near the visitors. The bucket stays
# private. CloudFront signs its requests to S3 (**origin access control**, OAC) as the service principal
# `cloudfront.amazonaws.com`. Every CloudFront customer in the world sends requests under that same name, so the
# policy must say on behalf of **which distribution**: S3 hands you that as `aws:SourceArn`.
#
# Replace the policy of `brief.tiles`: Kestrel's distribution (`brief.distribution_id`, ARN
# `arn:aws:cloudfront::ACCOUNT:distribution/ID`) may read objects. No other distribution, no other caller, nothing but
# reading.

# %% task="cloudfront-only"
### BEGIN SOLUTION
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
tiles_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OneDistribution",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{brief.tiles}/*",
            "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
        }
    ],
}
s3.put_bucket_policy(Bucket=brief.tiles, Policy=json.dumps(tiles_policy))
### END SOLUTION

# %% [markdown]
# Block Public Access did not refuse this policy: a service principal with a fixed `aws:SourceArn` is [not public](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status).
# Older guides use an *origin access identity*; [AWS recommends OAC](
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html).
#
# <!-- covers: L03-04 -->
# <!-- covers: L03-10 -->
# ## What cold data costs
#
# ![The storage classes as a waterfall](img/waterfall.svg)
#
# Storage gets cheaper downwards, reading gets dearer, and water does not flow up: a lifecycle rule never moves an object
# back. Three fees hide behind the low prices: a minimum time that is billed anyway, a minimum size (128 KB in the two
# infrequent-access classes and in Glacier Instant Retrieval), and a fee for each GB that is read.
#
# <!-- covers: L03-05 -->
# This course's price list is dated and for us-east-1. How often a month may each GB be read before Standard-IA stops
# paying? Do the sum before you run the cell.

# %%
from cloudlings.cost import price_table

prices = price_table()
for name in ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"):
    read = prices.get(f"s3.{name}.retrieval") or prices.get(f"s3.{name}.retrieval.standard")
    stored = prices[f"s3.{name}.gb_month"].usd
    print(f"{name:14} ${stored:.5f} per GB-month   reading ${read.usd if read else 0:.3f} per GB")
saved = prices["s3.STANDARD.gb_month"].usd - prices["s3.STANDARD_IA.gb_month"].usd
print(
    f"Standard-IA pays while each GB is read less than {saved / prices['s3.STANDARD_IA.retrieval'].usd:.2f} times a month"
)

# %% [markdown]
# <!-- covers: L03-09 -->
# ## Task 4: let age decide
#
# Frames are studied for a few weeks, then hardly ever, and are kept for ever. For the frames of `brief.flights` (keys
# under `brief.raw_prefix`; each also carries the tag `stage` with the value `brief.raw_tag`):
#
# - after `brief.ia_days` days: Standard-IA; after `brief.glacier_days` days: Glacier Flexible Retrieval (`GLACIER`);
# - the newest version of a frame is never deleted; **old** versions go `brief.noncurrent_days` days after they were
#   replaced;
# - uploads in parts that were begun and not finished are dropped after `brief.abort_days` days: they are invisible in a
#   listing, and billed;
# - everything else in the bucket (the `index/` files) stays as it is.
#
# **Predict:** a rule says 30 days, a frame arrives at 09:00. Is it in Standard-IA when it is exactly 30 days old?

# %%
from cloudlings.models.lifecycle import StoredObject, Version, problems, simulate

thirty = [
    {
        "ID": "t",
        "Status": "Enabled",
        "Filter": {},
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
    }
]
for age in (29, 30, 30.6, 30.7, 31):
    print(f"{age:>5} days old: {simulate(thirty, StoredObject('a-frame', size=40_000_000), age)}")

# %% [markdown]
# Lifecycle works at midnight UTC, and S3 [rounds up to the next one](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days).
# On AWS the move itself can come a little later; you are billed as if it came on time.
#
# Your turn. Two facts decide most mistakes: a filter's prefix is compared with the **start of the key** (keys have no
# leading slash), and `Expiration` is about the **current** version while `NoncurrentVersionExpiration` is about the old
# ones.

# %% task="lifecycle"
### BEGIN SOLUTION
rules = [
    {
        "ID": "frames-by-age",
        "Status": "Enabled",
        "Filter": {"Prefix": brief.raw_prefix},
        "Transitions": [
            {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
            {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
    }
]
s3.put_bucket_lifecycle_configuration(Bucket=brief.flights, LifecycleConfiguration={"Rules": rules})
### END SOLUTION

# %% [markdown]
# Look at what your rules do, as they are in the account now. Does the index file sleep well?

# %%
try:
    now = s3.get_bucket_lifecycle_configuration(Bucket=brief.flights)["Rules"]
except ClientError as error:
    now = []
    print("No rules yet:", error.response["Error"]["Code"])
frame = StoredObject(FRAME, size=40_000_000, tags={"stage": brief.raw_tag})
index = StoredObject("index/2026-03-02.csv", size=200_000, tags={"stage": "index"})
old = StoredObject(FRAME, size=40_000_000, tags={"stage": brief.raw_tag}, version=Version.NONCURRENT)
for age in (0, brief.ia_days + 1, brief.glacier_days + 1, 3650):
    fates = [simulate(now, thing, age, versioning="Enabled") for thing in (frame, index, old)]
    print(f"day {age:>4}: frame {fates[0]}; index {fates[1]}; old version {fates[2]}")
print("S3 would refuse:", problems(now) or "nothing")

# %% [markdown]
# *Here and on AWS:* the sandbox keeps your rules and does not wait for months: nothing ages here. The picture above, and
# the check, come from a model of S3's documented rules (`cloudlings.models.lifecycle`). By default S3 also leaves
# [objects under 128 KB](https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html)
# where they are.
#
# <!-- covers: L03-06 -->
# <!-- covers: L03-08 -->
# **A myth.** "Glacier takes hours." Of three Glacier classes, one does not:
#
# | class | first byte |
# |---|---|
# | Glacier Instant Retrieval | milliseconds, like Standard |
# | Glacier Flexible Retrieval | expedited 1–5 minutes, standard 3–5 hours, bulk 5–12 hours |
# | Glacier Deep Archive | standard within 12 hours, bulk within 48 hours |
#
# ([AWS's table](https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html).)

# %%
for name, values in brief.profiles.items():
    print(name, dict(values))

# %% [markdown]
# <!-- covers: L03-11 -->
# ## Task 5: choose, and pay
#
# Three sets of data wait for a home. The cell above says how each is used in a month; `within_hours` is how soon a read
# must be answered (0: at once; count on a standard retrieval, not an expedited one). `puts` and `gets` are requests a
# month, `retrieved_gb` is what they read, `kept_days` is how long an object stays, `untouched_30_days` is the share that
# nobody has read for 30 days. For each, put one sample object into
# `brief.vault` (`samples/previews`, `samples/orders`, `samples/negatives`) in the storage class that is cheapest for it.
# Losing one Availability Zone must not lose data.
#
# Nobody knows which **orders** will be read next. **Intelligent-Tiering** watches each object: unread for 30 days it is
# billed as infrequent, after 90 days as archive, is still answered at once, and reading is free. Watching costs $0.0025 a
# month for every 1,000 objects, and many small objects can make that the largest line of the bill.
#
# `storage_bill` does the sum for one class.

# %%
from cloudlings.cost import StorageProfile, storage_bill


def profile(name):
    known = {key: value for key, value in brief.profiles[name].items() if key != "within_hours"}
    return StorageProfile(**known, immediate=brief.profiles[name]["within_hours"] == 0)


print(storage_bill(profile("orders"), "STANDARD"))

# %% task="storage-class"
### BEGIN SOLUTION
from cloudlings.cost import cheapest

answered_within = {"GLACIER": 5, "DEEP_ARCHIVE": 12}
for name in brief.profiles:
    hours = brief.profiles[name]["within_hours"]
    bills = [bill for bill in cheapest(profile(name)) if answered_within.get(bill.title, 0) <= hours]
    print(name, bills[0].title, f"${bills[0].usd:.2f}")
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", Body=b"a sample", StorageClass=bills[0].title)
### END SOLUTION

# %% [markdown]
# <!-- covers: L03-07 -->
# ## Task 6: an order from the archive
#
# A court asks for an old survey: `brief.survey_key` in `brief.vault`, in the class `brief.survey_class`. It must be readable
# within `brief.deadline_hours` hours of your request and stay readable for `brief.restore_days` days. See first what
# happens when you read it as it is, and what a Glacier Instant Retrieval object says.

# %%
for key in (brief.survey_key, "thumbnails/cover.jpg"):
    try:
        print(key, "->", s3.get_object(Bucket=brief.vault, Key=key)["Body"].read())
    except ClientError as error:
        print(key, "->", error.response["Error"]["Code"], "-", error.response["Error"]["Message"])

# %% [markdown]
# A restore makes a **temporary copy** that you can read for some days; the object stays in its class. You choose the
# tier. Faster costs more, and Deep Archive has no expedited tier. Ask for the cheapest tier that is surely in time.

# %% task="restore"
### BEGIN SOLUTION
hours = {
    ("GLACIER", "Bulk"): 12,
    ("GLACIER", "Standard"): 5,
    ("GLACIER", "Expedited"): 0.1,
    ("DEEP_ARCHIVE", "Bulk"): 48,
    ("DEEP_ARCHIVE", "Standard"): 12,
}
tier = next(
    tier
    for (kind, tier), needs in hours.items()
    if kind == brief.survey_class and needs <= brief.deadline_hours
)
try:
    s3.restore_object(
        Bucket=brief.vault,
        Key=brief.survey_key,
        RestoreRequest={"Days": brief.restore_days, "GlacierJobParameters": {"Tier": tier}},
    )
except s3.exceptions.ClientError as error:
    print(error)
### END SOLUTION

# %%
print(s3.head_object(Bucket=brief.vault, Key=brief.survey_key).get("Restore", "no restore was asked for"))

# %% [markdown]
# `ongoing-request="true"` means wait; later the same field tells when the copy expires. *Here and on AWS:* the sandbox
# shortens the hours to two seconds, and you may ask again with another tier: the check looks at the last one that you
# named. On AWS a restore under way [can be made faster](
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html), never slower.
#
# <!-- covers: L03-12 -->
# <!-- covers: L03-13 -->
# ## Task 7: a copy in another Region
#
# ![S3 takes on a role, reads here, writes there](img/replication.svg)
#
# Reports are contracts: Kestrel wants each new one in `brief.copy_region` as well. Build it for `brief.reports`:
#
# 1. the bucket `brief.reports_copy` in `brief.copy_region`;
# 2. **versioning on both**: replication copies versions, so S3 refuses to start without ([requirements](
#    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html));
# 3. a role that **S3** may take on, and that may do this one job: see the configuration and list the bucket here, read
#    versions with their ACLs and tags here, write replicas, deletes and tags there. Seven or eight [actions](
#    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html) on three ARNs: reading
#    a version *for replication* is an action of its own, and `s3:*` would let the job empty both buckets;
# 4. a rule for every object, with delete markers.

# %% task="replicate"
### BEGIN SOLUTION
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)
### END SOLUTION

# %% [markdown]
# Write a report and look for its copy. Then look for the one that was there before.

# %%
s3.put_object(Bucket=brief.reports, Key="2026/04/harbour.pdf", Body=b"%PDF-1.7")
print(
    "here: ",
    s3.head_object(Bucket=brief.reports, Key="2026/04/harbour.pdf").get(
        "ReplicationStatus", "not replicated"
    ),
)
try:
    print(
        "there:",
        [thing["Key"] for thing in s3_there.list_objects_v2(Bucket=brief.reports_copy).get("Contents", [])],
    )
except ClientError as error:
    print("there:", error.response["Error"]["Code"])

# %% [markdown]
# Replication is about **new** objects: March's report stays behind ([S3 Batch Replication](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-batch.html) copies what exists). On AWS a copy
# takes seconds to minutes, here it is instant.
#
# <!-- covers: L03-14 -->
# ## Task 8: the copy that everybody believes in
#
# The pilots' logbooks (`brief.logbooks`) are "replicated": the last owner followed a recipe from the web. Look.

# %%
s3.put_object(Bucket=brief.logbooks, Key="2026-04-01-GKEST.txt", Body=b"Take-off 10:02\n")
print(
    "a new logbook:",
    s3.head_object(Bucket=brief.logbooks, Key="2026-04-01-GKEST.txt").get("ReplicationStatus"),
)
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
print(json.dumps(config["Rules"], indent=2))

# %% [markdown]
# The recipe read:
#
#     aws s3api put-bucket-versioning --bucket SOURCE --versioning-configuration Status=Enabled
#     aws s3api put-bucket-replication --bucket SOURCE --replication-configuration \
#       '{"Role": "...", "Rules": [{"Status": "Enabled", "Priority": 1, "Destination": {"Bucket": "..."}}]}'
#     aws s3api put-bucket-acceleration-configuration --bucket SOURCE --acceleration-configuration Status=Enabled
#
# Three things are wrong. Only one side is versioned. The recipe's rule has a `Priority`, which belongs to the present
# schema, where a rule also needs a `Filter` and a `DeleteMarkerReplication`; the last owner took it out until S3 said yes
# to what you see above, a rule of the old schema. And the last command [does not exist under that name](
# https://docs.aws.amazon.com/cli/latest/reference/s3api/put-bucket-accelerate-configuration.html).
#
# Repair it: both sides versioned; one rule of the present schema for **every** logbook, with a priority, that also
# copies delete markers, from `brief.logbooks` to `brief.logbooks_copy` with the role that is there; and transfer
# acceleration on for `brief.logbooks`, since crews upload from far away.

# %% task="repair-replica"
### BEGIN SOLUTION
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})
### END SOLUTION

# %%
s3.put_object(Bucket=brief.logbooks, Key="2026-04-02-GKEST.txt", Body=b"Take-off 08:40\n")
print(
    "a new logbook:",
    s3.head_object(Bucket=brief.logbooks, Key="2026-04-02-GKEST.txt").get("ReplicationStatus"),
)

# %% [markdown]
# ## What you know now
#
# - A Deny for everybody beats every Allow; two reasons to refuse are two statements; bucket and objects are two ARNs.
# - Block Public Access disarms what is old and refuses what is new. A header that the caller writes is no lock.
# - A service principal needs a source: which distribution, which bucket.
# - Lifecycle counts from creation, works at midnight UTC, and flows downhill. Class and tier are sums, not tastes.
# - Replication needs versions on both sides, a role with one job, and somebody who looks.
#
# ## What this would cost, and how to clean up
#
# On AWS this lab would cost cents: a few requests, two KMS keys ($1 a month each, until deleted) and transfer
# acceleration only for what it speeds up. The data is what costs; see your three profiles. To clean up there: empty all
# **versions** of each bucket, delete the buckets, both roles, and schedule the keys' deletion. Here, `reset_lab()` puts
# everything back to the start.
