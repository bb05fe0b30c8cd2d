# ---
# title: "S3 objects: keys, URLs, versions, parts"
# minutes: 75
# needs: [010-iam]
# objectives:
#   - store and fetch objects with what describes them, in the Region that you mean
#   - let a stranger read one file, and a user upload one, without opening the bucket
#   - say what a read after a write sees, and prove a claim wrong
#   - bring back what was overwritten and deleted
#   - upload in parts, and lay out a data lake that queries can skip through
# regions: [eu-west-1]
# accounts: [main, stranger]
# ref: L02
# ---

# %% [markdown]
# ## Sandpiper
#
# Sandpiper runs a photo contest about the coast: people upload, a jury looks, winners are sold as prints. All of it lives in S3.
#
# ![A bucket is a table from keys to objects](img/keys.svg)
#
# **Amazon S3** keeps *objects* (bytes with metadata) in *buckets*, each under a *key*. There are no disks to fill, no folders, no
# append: you put a whole object, get it (or a range of it), list keys by prefix, delete. That small interface is why it grows
# without limit, and why it is under so much else: web frontends, uploads, backups, data lakes, static sites.
# <!-- covers: L02-01 L02-11 L02-14 -->
#
# Two numbers that are often mixed up: S3 Standard is *designed for* 99.999999999 % **durability** (will my object still exist
# next year?) and for 99.99 % **availability** (does this request get an answer now?). [Both](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/DataDurability.html) say nothing about somebody who deletes it.
# <!-- covers: L02-13 -->

# %%
import datetime as dt
import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3", region_name=brief.home_region)


def fetch(url, data=None, **headers):
    """One request as a stranger's browser sends it. Gives the status, and the first bytes or the error code."""
    try:
        request = urllib.request.Request(url, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read(40)
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        return error.code, text.partition("<Code>")[2].partition("</Code>")[0] or text[:60]
    except urllib.error.URLError as error:
        return 0, f"nobody answers: {error.reason}"


for bucket in s3.list_buckets()["Buckets"]:
    print(bucket["Name"])

# %% [markdown]
# **Predict:** the contest is called *sandpiper photos*, so you call the bucket `brief.obvious_name`. You have never used that
# name. Will S3 take it?

# %%
s3_takes_it = None

# %%
HERE = {"LocationConstraint": brief.home_region}
try:
    s3.create_bucket(Bucket=brief.obvious_name, CreateBucketConfiguration=HERE)
    print("it is yours")
except ClientError as error:
    print(error.response["Error"]["Code"], "-", error.response["Error"]["Message"])

# %% [markdown]
# ## Task 1: a bucket, in its Region
#
# Somebody else has it. A bucket's name is shared by **all accounts** of a partition (the commercial Regions are one), so begin
# names with company and stage: nobody else's, and a script cannot take prod for dev. There are [account-regional
# names](https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html) too, which end in your account and Region
# and are yours alone.
#
# The *data* lies in the one Region that you say at creation. Make `brief.bucket` in `brief.home_region`: the
# contest's data must stay there.
#
# **A myth:** "S3 is global." The namespace is; neither a bucket nor its outage is. It cannot be moved later, only copied.
# <!-- covers: L02-07 -->

# %% task="bucket"
### BEGIN SOLUTION
s3.create_bucket(Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": brief.home_region})
### END SOLUTION

# %%
try:
    print("location:", s3.get_bucket_location(Bucket=brief.bucket)["LocationConstraint"])
    print(s3.get_public_access_block(Bucket=brief.bucket)["PublicAccessBlockConfiguration"])
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% [markdown]
# Private by default: Block Public Access is on for [every new bucket](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html). Leave it on through this lab.
#
# ## Task 2: bytes, and what describes them
#
# An object carries its `ContentType` (what a browser is told) and *metadata* of yours (`x-amz-meta-…`). Both are set **with the
# upload**; to change them you write the object again. boto3 guesses no type: without one it is `binary/octet-stream`, and a
# browser offers a download in place of a picture.
#
# 1. Upload `photo` to `brief.photo_key` in your bucket: type `image/svg+xml`, metadata `photographer` (`brief.photographer`) and
#    `frame` (`brief.frame`).
# 2. Download `brief.jury_key` from `brief.inbox` and hand in its SHA-256 in hex: `answer("sha256", …)`.
# <!-- covers: L02-02 -->

# %% task="photo-with-metadata"
photo = brief.photo.encode()
### BEGIN SOLUTION
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
s3.download_file(brief.inbox, brief.jury_key, "minutes.txt")
answer("sha256", hashlib.sha256(Path("minutes.txt").read_bytes()).hexdigest())
### END SOLUTION

# %% [markdown]
# How large may an object be? **50 TB** (48.8 TiB) since December 2025; the 5 TB that you find everywhere is the [old limit](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). One `PUT` takes at most 5 GB, everything above goes in
# parts (task 8).
# <!-- covers: L02-06 -->
#
# ## Task 3: folders that are none
#
# A key is a string. `walks/Skagen/1.jpg` lies in no folder; the slash is a character. Ask S3 to **group** by it
# (`Delimiter="/"`), and everything up to the next slash comes back once, as a *common prefix*: a listing that looks like folders.
#
# The last team "made folders" in the console: it puts an empty object whose key ends in `/`. In `brief.inbox`:
#
# 1. remove those marker objects under `walks/`, and nothing else;
# 2. hand in the folders directly under `walks/` as S3 then groups them: `answer("folders", ["walks/…/", …])`.
# <!-- covers: L02-05 -->

# %%
for thing in s3.list_objects_v2(Bucket=brief.inbox)["Contents"]:
    print(f"{thing['Size']:6}  {thing['Key']}")

# %% task="folders"
### BEGIN SOLUTION
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
listing = s3.get_paginator("list_objects_v2").paginate(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")
answer("folders", [group["Prefix"] for page in listing for group in page.get("CommonPrefixes", [])])
### END SOLUTION

# %% [markdown]
# A listing gives at most 1,000 keys a page. Code that reads the first page works for a year, then loses files: use the
# paginator.
#
# ## Task 4: one file, one hour, no credentials
#
# ![The client asks your server for a URL, and S3 for the bytes](img/presigned.svg)
#
# A juror has no AWS account. Opening the bucket would let in everybody. Sending the file through your server would make your
# server carry every byte. A **presigned URL** is one request, signed in advance by you: who has it may send that request until it
# expires. Nothing is created in S3; the signature is made on your machine.
#
# Make a presigned GET for your photo that lives one hour (3600 seconds), and hand it in: `answer("download", …)`. The longest
# is seven days, and a URL dies with the credentials that signed it, whichever comes first. It can be forwarded: give it the
# shortest life that works.
# <!-- covers: L02-03 -->

# %% task="presigned-download"
url = ""
### BEGIN SOLUTION
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
)
answer("download", url)
### END SOLUTION

# %%
# Be the juror: no keys. Then somebody who changes a letter, and somebody who wants a longer life.
if url:
    print("as it is:     ", fetch(url))
    print("another key:  ", fetch(url.replace("entries/2026", "entries/2025")))
    print("a longer life:", fetch(url.replace("Expires=3600", "Expires=604800")))
    print("no signature: ", fetch(url.partition("?")[0]))

# %% [markdown]
# ## Task 5: let them upload, within limits
#
# The same pattern the other way round keeps large uploads out of your server. A presigned **PUT** fixes one key, and takes any
# size. A presigned **POST** is a form with a *policy*: S3 checks each field, and the size, before it keeps a byte.
#
# Make a presigned POST for your bucket for the user `brief.user_id`: any file name under `users/` + id + `/`, at most 5 MB
# (count 5,242,880 bytes), valid for ten minutes. Hand in what boto3 gives: `answer("upload", {"url": …, "fields": {…}})`.
#
# `generate_presigned_post(Bucket, Key, Fields, Conditions, ExpiresIn)`: with `${filename}` at the end of `Key`, boto3 adds the
# condition that the key starts with what stands before it. The [other conditions](
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html) are lists such as
# `["content-length-range", smallest, largest]`.
# <!-- covers: L02-04 -->

# %% task="presigned-upload"
form = None
### BEGIN SOLUTION
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)
### END SOLUTION


# %%
def post(form, key, body):
    """The form as a browser sends it, file last."""
    lines = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**form["fields"], "key": key}.items()
    ]
    file = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    data = "".join([*lines, file]).encode() + body + b"\r\n--edge--\r\n"
    return fetch(form["url"], data, **{"Content-Type": "multipart/form-data; boundary=edge"})


if form:
    print("own folder:     ", post(form, f"users/{brief.user_id}/a.jpg", b"\xff\xd8"))
    print("somebody else's:", post(form, "users/u-ffff/a.jpg", b"\xff\xd8"))
    print("too large:      ", post(form, f"users/{brief.user_id}/b.jpg", bytes(5 * 1024 * 1024 + 1)))

# %% [markdown]
# **Then what?** S3 can tell somebody that an object has arrived: a queue, a topic, or a Lambda function that makes a thumbnail. The
# filter is by prefix and suffix. Mind where the result goes: a function that writes under the prefix it listens to
# calls itself, without end and with a bill. Write to another prefix, or better to another bucket.
#
# (An older answer for pictures on the way out, S3 Object Lambda, is [closed to new customers](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/WhatsNew.html) since November 2025.)
#
# **Predict:** three uploads come. How many messages?
# <!-- covers: L02-21 L02-20 -->

# %%
messages_expected = None

# %%
sqs = boto3.client("sqs", region_name=brief.home_region)
queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
may_send = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{brief.bucket}"}},
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
rules = [{"Name": "prefix", "Value": "originals/"}, {"Name": "suffix", "Value": ".jpg"}]
wish = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
try:
    s3.put_bucket_notification_configuration(
        Bucket=brief.bucket, NotificationConfiguration={"QueueConfigurations": [wish]}
    )
    for key in ("originals/1.jpg", "originals/1.txt", "thumbnails/1.jpg"):
        s3.put_object(Bucket=brief.bucket, Key=key, Body=b"")
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        for record in json.loads(message["Body"]).get("Records", []):
            print(record["eventName"], record["s3"]["object"]["key"])
except ClientError as error:
    print(error.response["Error"]["Code"], "- is task 1 done?")

# %% [markdown]
# ## Task 6: what does a read see?
#
# `brief.claims` holds two sentences that say the opposite. Both are in books and courses. Find out:
#
# 1. On `brief.loop_key` in your bucket, 200 times: overwrite the object with new bytes, read it at once (no waiting: waiting
#    is what the first claim would make you do), and count the reads that gave old bytes.
# 2. Delete it, and read once more.
# 3. Hand in the count and your verdict on each claim: `answer("consistency", {"stale": …, "a": True or False, "b": …})`.
# <!-- covers: L02-08 L02-09 L02-10 -->

# %%
for name, claim in brief.claims.items():
    print(f"{name}: {claim}")

# %% task="read-after-write"
### BEGIN SOLUTION
stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print("after the delete:", error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})
### END SOLUTION

# %% [markdown]
# An emulator cannot prove AWS's guarantee; [the guarantee](
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel) is AWS's own, since December 2020: reads and
# listings after a successful PUT or DELETE see it, in all Regions. (Bucket *settings* may take a moment.) What S3 does not do is
# lock: of two writers at the same time the last one wins, unless they write with a condition (`IfMatch`, `IfNoneMatch`).
#
# ## Task 7: bring back version one
#
# Somebody overwrote the shop's price list with garbage, somebody suspended versioning "to save money", somebody deleted the list.
# In `brief.shop`, for the key `prices.csv`: make the **first** version the one that everybody gets again, and see to it that the
# next accident can be undone as well. (S3 lists the versions of a key newest first.)
# <!-- covers: L02-18 -->

# %%
history = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
for version in [*history.get("DeleteMarkers", []), *history.get("Versions", [])]:
    print(
        f"{version['VersionId']:36}",
        f"{version['LastModified']:%H:%M:%S}",
        "latest" if version["IsLatest"] else "      ",
        version.get("Size", "a delete marker"),
    )
try:
    s3.get_object(Bucket=brief.shop, Key="prices.csv")
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% task="bring-back"
### BEGIN SOLUTION
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
first = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")["Versions"][-1]["VersionId"]
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": first}
s3.copy_object(Bucket=brief.shop, Key="prices.csv", CopySource=source)
### END SOLUTION

# %% [markdown]
# A delete without a version id removes nothing: it lays a **marker** on top. Removing the marker brings back what lies under it
# (here: garbage). Versions cost storage each, so age them out with a lifecycle rule (lab 030).
#
# **Predict** what a GET answers after each step; then run the cell below.

# %%
guess = {"put A, put B": "", "then delete": "", "then delete the marker": "", "then delete version B": ""}


# %%
def seen():
    try:
        return s3.get_object(Bucket=brief.shop, Key="trial.txt")["Body"].read().decode()
    except ClientError as error:
        return error.response["Error"]["Code"]


if s3.get_bucket_versioning(Bucket=brief.shop).get("Status") == "Enabled":
    versions = [
        s3.put_object(Bucket=brief.shop, Key="trial.txt", Body=body)["VersionId"] for body in (b"A", b"B")
    ]
    answers = [seen()]
    marker = s3.delete_object(Bucket=brief.shop, Key="trial.txt")["VersionId"]
    answers.append(seen())
    for version in (marker, versions[1]):
        s3.delete_object(Bucket=brief.shop, Key="trial.txt", VersionId=version)
        answers.append(seen())
    for step, answer_seen in zip(guess, answers, strict=True):
        print(f"{step:24} {answer_seen:12} you said: {guess[step]}")

# %% [markdown]
# ## Task 8: three parts
#
# Above 100 MB an upload goes better in **parts**: in parallel, and a part that fails is sent again alone. Each part but the last has 5
# MiB or more, the object appears when you *complete* the upload, and its ETag ends in the number of parts.
#
# 1. Upload `film` (some 10 MB) to `brief.film_key` in your bucket, in exactly **three** parts. (`upload_file` does it with a
#    `TransferConfig`; by hand it is `create_multipart_upload`, `upload_part`, `complete_multipart_upload`.)
# 2. In `brief.inbox` lie unfinished uploads: in no listing of objects, and **billed** as storage until somebody ends them.
#    Abort them.

# %% task="three-parts"
film = (f"{brief.film_key};".encode() * (brief.film_bytes // len(brief.film_key) + 1))[: brief.film_bytes]
### BEGIN SOLUTION
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place, ContentType="video/mp4")["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])
### END SOLUTION

# %% [markdown]
# A part below 5 MiB that is not the last, and S3 refuses to complete the upload: `EntityTooSmall`. Its parts stay, and are billed.
#
# Crews far from the Region can have **transfer acceleration**: uploads enter at a CloudFront place near them. The command is
# `put-bucket-accelerate-configuration`; recipes with `acceleration` in it never worked. (Bucket names with dots cannot use it.)
# <!-- covers: L02-19 -->

# %%
try:
    s3.put_bucket_accelerate_configuration(Bucket=brief.bucket, AccelerateConfiguration={"Status": "Enabled"})
    print(s3.get_bucket_accelerate_configuration(Bucket=brief.bucket)["Status"])
    for thing in s3.list_objects_v2(Bucket=brief.bucket).get("Contents", []):
        print(f"{thing['Size'] / 2**20:6.1f} MiB  {thing['Key']}")
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% [markdown]
# ## Task 9: a lake in layers of days
#
# `raw/views.jsonl` in the inbox holds who looked at which photo, one JSON object a line. Every question is about days ("how many
# yesterday?"), and a query that reads all history to count one day pays for all history. Put the day **into the key**: engines
# such as Athena know the form `dt=YYYY-MM-DD` and skip the rest.
#
# Write the events to your bucket under `events/dt=YYYY-MM-DD/` (any file name, JSON lines as they are), each event in the day
# of its moment **in UTC**. The times carry the offset of whoever looked: 23:30 in New York is tomorrow in UTC.
# <!-- covers: L02-17 -->

# %% task="partitions"
### BEGIN SOLUTION
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    moment = dt.datetime.fromisoformat(json.loads(line)["at"]).astimezone(dt.UTC)
    days.setdefault(f"{moment:%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(
        Bucket=brief.bucket,
        Key=f"events/dt={day}/views.jsonl",
        Body="".join(f"{line}\n" for line in events).encode(),
    )
### END SOLUTION

# %% [markdown]
# **Athena** runs SQL over such a prefix and bills by the bytes that it reads (see the sum below). The sandbox takes the query
# and computes nothing, so SQLite stands in for the answer. **S3 Select**, which searched inside one object, is closed to new
# customers: read the object yourself, or ask Athena.
# <!-- covers: L02-16 L02-15 -->

# %%
import sqlite3

database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE views (dt TEXT, photo TEXT)")
try:
    for thing in s3.list_objects_v2(Bucket=brief.bucket, Prefix="events/dt=").get("Contents", []):
        day = thing["Key"].partition("dt=")[2].partition("/")[0]
        for line in s3.get_object(Bucket=brief.bucket, Key=thing["Key"])["Body"].read().splitlines():
            database.execute("INSERT INTO views VALUES (?, ?)", (day, json.loads(line)["photo"]))
    athena = boto3.client("athena", region_name=brief.home_region)
    query = "SELECT dt, count(*) FROM views GROUP BY dt ORDER BY dt"
    output = {"OutputLocation": f"s3://{brief.bucket}/athena-results/"}
    asked = athena.start_query_execution(QueryString=query, WorkGroup="primary", ResultConfiguration=output)
    print("Athena has taken", asked["QueryExecutionId"])
    print(*database.execute(query), sep="\n")
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% [markdown]
# ## A website without a server
#
# The contest's page is HTML, CSS and pictures: S3 can hold all of it. S3's own *website hosting* (index and error document) speaks
# HTTP only and needs **public** objects. Today the bucket stays private and [CloudFront with origin access control](
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html) stands in
# front, with TLS and caches; lab 030 writes that bucket policy. The setting itself is one call:
# <!-- covers: L02-12 -->

# %%
pages = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}
try:
    s3.put_object(Bucket=brief.bucket, Key="index.html", Body=b"<h1>Coast</h1>", ContentType="text/html")
    s3.put_bucket_website(Bucket=brief.bucket, WebsiteConfiguration=pages)
    print(s3.get_bucket_website(Bucket=brief.bucket)["IndexDocument"])
    print("a visitor:", fetch(f"{s3.meta.endpoint_url}/{brief.bucket}/index.html"))
    s3.delete_bucket_website(Bucket=brief.bucket)
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% [markdown]
# ## Decide: who carries the bytes?
#
# Visitors download `brief.downloads_gb` GB of winners' photos a month. Either two servers behind a load balancer fetch from S3 and pass on,
# or the servers hand out presigned URLs. The next cell does the sum. What do you choose, and what would make you choose the other? Write
# it down.

# %%
from cloudlings.cost import price_table

prices = price_table()
out = prices["transfer.internet"].cost(brief.downloads_gb)
servers = 2 * 730 * prices["ec2.t3.medium"].usd
print(f"to the internet, either way: {brief.downloads_gb} GB = ${out:,.2f}")
print(f"two t3.medium that pass bytes on, all month: ${servers:,.2f}")
decision, because = None, ""

# %% [markdown]
# <details><summary>What we would do</summary>URLs. The bytes cost the same on their way out whoever carries them, so servers that pass
# them on are paid for nothing, and they are what breaks on the day of the prize. We would proxy when every byte must be
# looked at (watermarks, a limit for each reader), or when the address must not be forwarded. For the same file to many
# visitors, CloudFront beats both.</details>
#
# ## What you know now
#
# - A bucket is a table from keys to objects in one Region; folders are a way to list.
# - Type and metadata come with the upload; reads after a write see it.
# - A presigned URL is one request with an end; a presigned POST has rules for key and size.
# - A delete in a versioned bucket is a marker; unfinished parts are billed and seen in no listing.
# - Put into the key what queries ask for.
#
# ## What this would cost, and how to clean up
#
# On AWS: 400 requests for the loop are a fifth of a cent, the 10 MB film $0.0002 a month. Athena bills by the terabyte read, with a
# minimum of 10 MB a query. To clean up there: abort uploads, delete all **versions** and markers, then the buckets and the queue. Here,
# `reset_lab()` puts everything back to the start.
