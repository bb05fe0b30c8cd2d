# Other right answers: resources and transfer managers, other listings, other ways round.

# %% task="bucket"
store = boto3.resource("s3", region_name=brief.home_region)
store.Bucket(brief.bucket).create(CreateBucketConfiguration={"LocationConstraint": brief.home_region})

# %% task="photo-with-metadata"
with Path("photo.svg").open("wb") as file:
    file.write(photo)
about = {"photographer": brief.photographer, "Frame": brief.frame, "camera": "pinhole"}
s3.upload_file(
    "photo.svg",
    brief.bucket,
    brief.photo_key,
    ExtraArgs={"ContentType": "image/svg+xml; charset=utf-8", "Metadata": about},
)
digest = hashlib.sha256()
for chunk in s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].iter_chunks(16):
    digest.update(chunk)
answer("sha256", digest.hexdigest().upper())

# %% task="folders"
pages = s3.get_paginator("list_objects").paginate(
    Bucket=brief.inbox, Prefix="walks/", PaginationConfig={"PageSize": 3}
)
things = [thing["Key"] for page in pages for thing in page.get("Contents", [])]
markers = [{"Key": key} for key in things if key.endswith("/")]
s3.delete_objects(Bucket=brief.inbox, Delete={"Objects": markers})
groups = {"/".join(key.split("/")[:2]) + "/" for key in things if not key.endswith("/")}
answer("folders", sorted(groups, reverse=True))
s3.put_object(Bucket=brief.inbox, Key="next year/")

# %% task="presigned-download"
from botocore.config import Config

signer = boto3.client(
    "s3",
    region_name=brief.home_region,
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
)
wish = {"Bucket": brief.bucket, "Key": brief.photo_key, "ResponseContentDisposition": "inline"}
url = signer.generate_presigned_url("get_object", Params=wish)
answer("download", url)

# %% task="presigned-upload"
own = f"users/{brief.user_id}/"
form = s3.generate_presigned_post(
    Bucket=brief.bucket,
    Key=own + "${filename}",
    Fields={"success_action_status": "201"},
    Conditions=[
        {"success_action_status": "201"},
        ["starts-with", "$key", own],
        ["content-length-range", 0, 5_000_000],
    ],
    ExpiresIn=300,
)
answer("upload", form)

# %% task="read-after-write"
import contextlib
import itertools

counts = {"stale": 0}
for number in itertools.count():
    if number == 230:
        break
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=bytes([number]))
    counts["stale"] += s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read(1) != bytes(
        [number]
    )
s3.delete_objects(Bucket=brief.bucket, Delete={"Objects": [{"Key": "checks/nothing"}]})
s3.delete_objects(Bucket=brief.bucket, Delete={"Objects": [{"Key": brief.loop_key}]})
with contextlib.suppress(ClientError):
    s3.head_object(Bucket=brief.bucket, Key=brief.loop_key)
with contextlib.suppress(s3.exceptions.NoSuchKey):
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
answer("consistency", counts | {name: "answers the new" in claim for name, claim in brief.claims.items()})
s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=b"for the next time")
s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)

# %% task="bring-back"
# What lies above version one is taken away, newest first.
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
history = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
for above in [*history["DeleteMarkers"], *history["Versions"][:-1]]:
    s3.delete_object(Bucket=brief.shop, Key="prices.csv", VersionId=above["VersionId"])

# %% task="three-parts"
import io

from boto3.s3.transfer import TransferConfig

quarter = TransferConfig(
    multipart_threshold=1024 * 1024, multipart_chunksize=5 * 1024 * 1024, max_concurrency=3
)
s3.upload_fileobj(io.BytesIO(film), brief.bucket, brief.film_key, Config=quarter)
inbox = boto3.resource("s3", region_name=brief.home_region).Bucket(brief.inbox)
for begun in inbox.multipart_uploads.all():
    begun.abort()

# %% task="partitions"
# Two files a day, one for each half of it; a folder that a console shows, and a job's mark.
s3.put_object(Bucket=brief.bucket, Key="events/")
s3.put_object(Bucket=brief.bucket, Key="events/_SUCCESS")
for line in s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].iter_lines():
    moment = dt.datetime.fromisoformat(json.loads(line)["at"]).astimezone(dt.timezone.utc)
    key = f"events/dt={moment.date().isoformat()}/{'am' if moment.hour < 12 else 'pm'} views.jsonl"
    try:
        before = s3.get_object(Bucket=brief.bucket, Key=key)["Body"].read()
    except ClientError:
        before = b""
    s3.put_object(Bucket=brief.bucket, Key=key, Body=before + line + b"\n")
