# Near-misses of 020-s3-objects. Each cell loses the task that it names, and is told why. Cells of tasks that do
# not touch each other share a trial (wrong=), so that proving them all stays quick.

# %% wrong="a-01" task="photo-with-metadata" says=["has the type"]
# no type
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-01" task="presigned-upload" says=["and you pay for them"]
# any size
form = s3.generate_presigned_post(
    brief.bucket, f"users/{brief.user_id}/${{filename}}", Conditions=[], ExpiresIn=600
)
answer("upload", form)

# %% wrong="a-01" task="read-after-write" says=["A pause tests nothing"] ref="L02-M3"
# waits for consistency
import time

stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    time.sleep(0.05)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print(error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-01" task="bring-back" says=["Traceback"]
# only the marker
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
for marker in versions["DeleteMarkers"]:
    s3.delete_object(Bucket=brief.shop, Key="prices.csv", VersionId=marker["VersionId"])

# %% wrong="a-01" task="three-parts" says=["in no parts", "from the start"]
# in one piece
s3.put_object(Bucket=brief.bucket, Key=brief.film_key, Body=film)
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-01" task="partitions" says=["UTC"]
# days of the wall clock
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(event["at"][:10], []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="a-02" task="photo-with-metadata" says=["has the type text/plain"]
# text for a picture
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="text/plain",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-02" task="presigned-upload" says=["and you pay for them"]
# fifty megabytes
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 50 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="a-02" task="read-after-write" says=["20 overwrites"]
# twenty rounds
stale = 0
for number in range(20):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print(error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-02" task="bring-back" says=["Suspended"]
# still suspended
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][-1]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices.csv", CopySource=source)

# %% wrong="a-02" task="three-parts" says=["1 unfinished uploads are there, films/"]
# never completed
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-02" task="partitions" says=["lies in no day"]
# days without dt
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/{day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="a-03" task="photo-with-metadata" says=["has the type"]
# type as metadata
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    Metadata={"Content-Type": "image/svg+xml", "photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-03" task="presigned-upload" says=["is refused"]
# five kilobytes
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="a-03" task="read-after-write" says=["until December 2020"]
# the books were right
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
    print(error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-03" task="bring-back" says=["bytes that begin with"]
# the second
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][0]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices.csv", CopySource=source)

# %% wrong="a-03" task="three-parts" says=["tunnel-1.mp4"]
# leaves the tunnels
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})

# %% wrong="a-03" task="partitions" says=["lies in no day"]
# days as files
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}.jsonl", Body="\n".join(events).encode())

# %% wrong="a-04" task="photo-with-metadata" says=["photographer and frame"]
# no metadata
s3.put_object(Bucket=brief.bucket, Key=brief.photo_key, Body=photo, ContentType="image/svg+xml")
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-04" task="presigned-upload" says=["writes over the files"]
# every users folder
form = s3.generate_presigned_post(
    brief.bucket,
    "users/${filename}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="a-04" task="read-after-write" says=["Your verdict on claim"]
# both are true
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
    print(error.response["Error"]["Code"])
verdicts = {name: True for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-04" task="bring-back" says=["not those of the first version"]
# typed from memory
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
s3.put_object(Bucket=brief.shop, Key="prices.csv", Body=b"item,eur\nprint-1,10.00\n")

# %% wrong="a-04" task="three-parts" says=["unfinished uploads are there"]
# three equal thirds
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = len(film) // 3 + 1, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-04" task="partitions" says=["lies in no day"]
# months
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(event["at"][:7], []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="a-05" task="photo-with-metadata" says=["photographer and frame"]
# tags for metadata
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Tagging=f"photographer={brief.photographer}&frame={brief.frame}",
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-05" task="presigned-upload" says=["writes over the files of another user"]
# folder without its slash
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="a-05" task="read-after-write" says=["holds 0 deletes"]
# no delete
stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-05" task="bring-back" says=["finds nothing"]
# versions on and waits
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})

# %% wrong="a-05" task="three-parts" says=["in 2 parts", "not those that were planned"]
# two parts
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 8 * 1024 * 1024, []
for number in (1, 2):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-05" task="partitions" says=["lies in no day"]
# american days
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(
        Bucket=brief.bucket,
        Key=f"events/dt={day[5:7]}-{day[8:]}-{day[:4]}/views.jsonl",
        Body="\n".join(events).encode(),
    )

# %% wrong="a-06" task="photo-with-metadata" says=["There is no object"] also=["presigned-download"]
# a slash in front
s3.put_object(
    Bucket=brief.bucket,
    Key=f"/{brief.photo_key}",
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-06" task="presigned-upload" says=["writes over the files"]
# the whole bucket
form = s3.generate_presigned_post(
    brief.bucket, "${filename}", Conditions=[["content-length-range", 1, 5 * 1024 * 1024]], ExpiresIn=600
)
answer("upload", form)

# %% wrong="a-06" task="read-after-write" says=["1 deletes", "found nothing"]
# deleted and not looked
stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="a-06" task="bring-back" says=["finds nothing"]
# under another key
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][-1]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices-restored.csv", CopySource=source)

# %% wrong="a-06" task="three-parts" says=["a jump"]
# without the last bytes
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[:-1][(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-06" task="partitions" says=["lies in no day"]
# a copy of all beside it
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
s3.copy_object(
    Bucket=brief.bucket, Key="events/all.jsonl", CopySource={"Bucket": brief.inbox, "Key": "raw/views.jsonl"}
)

# %% wrong="a-07" task="photo-with-metadata" says=["another picture"] also=["presigned-download"]
# a line more
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo + b"\n",
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-07" task="presigned-upload" says=["cannot upload"]
# one name only
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/photo.jpg",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="a-07" task="read-after-write" says=["0 overwrites"]
# writes and believes
for number in range(200):
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=f"{number}".encode())
answer(
    "consistency", {"stale": 0, **{name: "may answer" not in claim for name, claim in brief.claims.items()}}
)

# %% wrong="a-07" task="three-parts" says=["a jump"]
# parts in another order
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[-size:] if number == 3 else film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-07" task="partitions" says=["is there 2 times"]
# twice to be safe
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/backup.jsonl", Body="\n".join(events).encode())

# %% wrong="a-08" task="photo-with-metadata" says=["another digest"]
# digest of the key
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(brief.jury_key.encode()).hexdigest())

# %% wrong="a-08" task="presigned-download" says=["Signature Version 2", "since June 2020"] ref="L02-M1"
# signed by a client for another Region, the old way
url = boto3.client("s3", region_name="us-east-1").generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="a-08" task="presigned-upload" says=["minutes from when"] ref="L02-M1"
# for a week
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=604800,
)
answer("upload", form)

# %% wrong="a-08" task="read-after-write" says=["0 overwrites"]
# no experiment
answer(
    "consistency", {"stale": 0, **{name: "may answer" not in claim for name, claim in brief.claims.items()}}
)

# %% wrong="a-08" task="three-parts" says=["tunnel-2.mp4"]
# one tunnel left
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    sent = s3.upload_part(
        **place, UploadId=upload, PartNumber=number, Body=film[(number - 1) * size : number * size]
    )
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
begun = s3.list_multipart_uploads(Bucket=brief.inbox)["Uploads"][0]
s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="a-08" task="partitions" says=["no JSON object with an id"]
# only the photos
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(
        json.dumps({"photo": event["photo"]})
    )
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="a-09" task="photo-with-metadata" says=["another digest"]
# digest of the text without its end
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes.strip()).hexdigest())

# %% wrong="a-09" task="presigned-upload" says=["takes any size"]
# a signed put
form = s3.generate_presigned_url(
    "put_object", Params={"Bucket": brief.bucket, "Key": f"users/{brief.user_id}/a.jpg"}, ExpiresIn=600
)
answer("upload", form)
form = None

# %% wrong="a-10" task="photo-with-metadata" says=["another digest"]
# the etag
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", s3.head_object(Bucket=brief.inbox, Key=brief.jury_key)["ETag"].strip('"'))

# %% wrong="a-10" task="presigned-upload" says=["cannot upload"]
# policy made wider afterwards
import base64

form = s3.generate_presigned_post(
    brief.bucket, "users/${filename}", Conditions=[["content-length-range", 1, 5242880]], ExpiresIn=600
)
policy = json.loads(base64.b64decode(form["fields"]["policy"]))
policy["conditions"] = [each for each in policy["conditions"] if "users/" not in each] + [
    ["starts-with", "$key", f"users/{brief.user_id}/"]
]
form["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
answer("upload", form)

# %% wrong="b-01" task="folders" says=["still holds the object"]
# markers stay
answer(
    "folders",
    [
        group["Prefix"]
        for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
    ],
)

# %% wrong="b-01" task="presigned-download" says=["lives 604800 seconds", "forwarded mail"] ref="L02-M1"
# a week to be safe
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=604800
)
answer("download", url)

# %% wrong="b-02" task="folders" says=["somebody's file", "is no longer in"]
# everything empty goes
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Size"] == 0:
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer(
    "folders",
    [
        group["Prefix"]
        for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
    ],
)

# %% wrong="b-02" task="presigned-download" says=["lives 60 seconds", "after lunch"] ref="L02-M1"
# a minute
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=60
)
answer("download", url)

# %% wrong="b-03" task="folders" says=["they are not these"]
# all depths
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
keys = [thing["Key"] for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]]
answer("folders", sorted({key.rpartition("/")[0] + "/" for key in keys}))

# %% wrong="b-03" task="presigned-download" says=["SignatureDoesNotMatch"]
# life written by hand
url = (
    s3.generate_presigned_url(
        "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=600
    )
).replace("Expires=600", "Expires=3600")
answer("download", url)

# %% wrong="b-04" task="folders" says=["delimiter included"]
# without the slash
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer(
    "folders",
    [
        each.rstrip("/")
        for each in [
            group["Prefix"]
            for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")[
                "CommonPrefixes"
            ]
        ]
    ],
)

# %% wrong="b-04" task="presigned-download" says=["carries no signature", "for a stranger"]
# the plain address
url = f"{s3.meta.endpoint_url}/{brief.bucket}/{brief.photo_key}"
answer("download", url)

# %% wrong="b-05" task="folders" says=["they are not these"]
# the neighbour too
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer(
    "folders",
    [group["Prefix"] for group in s3.list_objects_v2(Bucket=brief.inbox, Delimiter="/")["CommonPrefixes"]],
)

# %% wrong="b-05" task="presigned-download" says=["Anyone on the internet"] ref="L02-M5"
# open the bucket
s3.put_public_access_block(
    Bucket=brief.bucket,
    PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False},
)
everybody = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{brief.bucket}/*",
}
s3.put_bucket_policy(
    Bucket=brief.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
)
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="b-06" task="folders" says=["they are not these"]
# listed before the markers went
before = [
    group["Prefix"]
    for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
]
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer("folders", before)

# %% wrong="b-06" task="presigned-download" says=["another photo"]
# another photo
s3.put_object(Bucket=brief.bucket, Key="entries/other.svg", Body=b"<svg/>")
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": "entries/other.svg"}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="b-07" task="folders" says=["are no longer in"]
# a folder emptied
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix=f"walks/{brief.beaches[0]}/")["Contents"]:
    s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer(
    "folders",
    [
        group["Prefix"]
        for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
    ],
)

# %% wrong="b-07" task="presigned-download" says=["answered with 403"]
# a head is no get
url = s3.generate_presigned_url(
    "head_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="b-08" task="presigned-download" says=["does not lead to"]
# somewhere else
url = "http://127.0.0.1:9/photo?X-Amz-Expires=3600&X-Amz-Signature=00"
answer("download", url)

# %% wrong="b-09" task="presigned-download" says=["NoSuchKey"] ref="L02-M1"
# key typed in wrong
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": "entries/photo.svg"}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="where-the-profile-points" task="bucket" says=["the contest's data must stay"] also=["presigned-download", "presigned-upload"]
# where the profile points
away = boto3.client("s3")
away.create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": away.meta.region_name}
)

# %% wrong="the-default-of-old" task="bucket" says=["us-east-1"] also=["presigned-download", "presigned-upload"]
# the default of old
boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=brief.bucket)

# %% wrong="a-name-of-ones-own" task="bucket" says=["There is no bucket", "NoSuchBucket", "-inbox"] also=["partitions"]
# the address has a letter too many
s3.create_bucket(
    Bucket=f"{brief.bucket}-2", CreateBucketConfiguration={"LocationConstraint": brief.home_region}
)

# %% wrong="a-name-of-ones-own" task="photo-with-metadata" says=["There is no bucket"]
# nowhere to put it
answer("sha256", hashlib.sha256(b"").hexdigest())

# %% wrong="a-name-of-ones-own" task="presigned-download" says=["There is no bucket"]
# signed for a bucket that is not there
answer(
    "download",
    s3.generate_presigned_url(
        "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
    ),
)

# %% wrong="a-name-of-ones-own" task="presigned-upload" says=["There is no bucket"]
# signed for a bucket that is not there
answer(
    "upload", s3.generate_presigned_post(brief.bucket, f"users/{brief.user_id}/${{filename}}", ExpiresIn=600)
)

# %% wrong="a-name-of-ones-own" task="read-after-write" says=["There is no bucket"]
# from a book
answer("consistency", {"stale": 0, "a": True, "b": False})

# %% wrong="a-name-of-ones-own" task="three-parts" says=["There is no bucket"]
# tidied, and no film
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="the-inbox-emptied" task="folders" says=["There is no bucket", "-inbox"]
# a clean inbox
for thing in s3.list_object_versions(Bucket=brief.inbox).get("Versions", []):
    s3.delete_object(Bucket=brief.inbox, Key=thing["Key"], VersionId=thing["VersionId"])
for thing in s3.list_object_versions(Bucket=brief.inbox).get("DeleteMarkers", []):
    s3.delete_object(Bucket=brief.inbox, Key=thing["Key"], VersionId=thing["VersionId"])
s3.delete_bucket(Bucket=brief.inbox)
answer("folders", [])

# %% wrong="the-inbox-emptied" task="three-parts" says=["There is no bucket", "-inbox"]
# a clean inbox
print("nothing unfinished any more")

# %% wrong="the-inbox-emptied" task="partitions" says=["There is no bucket", "-inbox"]
# no views any more
s3.put_object(Bucket=brief.bucket, Key="events/dt=2026-01-01/views.jsonl", Body=b'{"photo": "1.jpg"}')

# %% wrong="the-inbox-emptied" task="bring-back" says=["There is no bucket", "-shop"]
# a clean shop
for thing in s3.list_object_versions(Bucket=brief.shop).get("Versions", []):
    s3.delete_object(Bucket=brief.shop, Key=thing["Key"], VersionId=thing["VersionId"])
for thing in s3.list_object_versions(Bucket=brief.shop).get("DeleteMarkers", []):
    s3.delete_object(Bucket=brief.shop, Key=thing["Key"], VersionId=thing["VersionId"])
s3.delete_bucket(Bucket=brief.shop)

# %% wrong="half-of-each" task="photo-with-metadata" says=["handed in yet", "is not known"]
# no digest
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)

# %% wrong="half-of-each" task="folders" says=["The answer \"folders\" is None"]
# no answer
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])

# %% wrong="half-of-each" task="presigned-upload" says=["not the url and fields"]
# fields in another shape
form = s3.generate_presigned_post(brief.bucket, f"users/{brief.user_id}/${{filename}}", ExpiresIn=600)
answer("upload", {"url": form["url"], "fields": list(form["fields"].items())})

# %% wrong="half-of-each" task="read-after-write" says=["counts None stale reads"]
# looked, and not told
for number in range(200):
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=f"round {number}".encode())
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print(error.response["Error"]["Code"])

# %% wrong="half-of-each" task="three-parts" says=["There is no object", "0 unfinished uploads are there"]
# tidied, and no film
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="half-of-each" task="partitions" says=["lies in no day"]
# a file in place of a folder
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}", Body="\n".join(events).encode())

# %% wrong="told-otherwise" task="presigned-upload" says=["not the url and fields"]
# no address
form = s3.generate_presigned_post(brief.bucket, f"users/{brief.user_id}/${{filename}}", ExpiresIn=600)
answer("upload", {"fields": form["fields"]})

# %% wrong="told-otherwise" task="read-after-write" says=["counts 3 stale reads"]
# a number from somewhere
for number in range(200):
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=f"round {number}".encode())
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print(error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": 3, **verdicts})

# %% wrong="told-otherwise" task="three-parts" says=["a jump"]
# the second part first
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number, piece in enumerate((film[size : 2 * size], film[:size], film[2 * size :]), 1):
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="told-otherwise" task="partitions" says=["no raw/views.jsonl"]
# moved, not copied
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
s3.delete_object(Bucket=brief.inbox, Key="raw/views.jsonl")

# %% wrong="a-form-without-a-policy" task="presigned-upload" says=["no policy that can be read"]
# the long field left out
form = s3.generate_presigned_post(brief.bucket, f"users/{brief.user_id}/${{filename}}", ExpiresIn=600)
form["fields"].pop("policy")
answer("upload", form)

# %% wrong="c-tunnels-completed" task="three-parts" says=["uploads were unfinished", "throws it away"]
# the unfinished uploads are finished, as short as they are
from boto3.s3.transfer import TransferConfig

Path("film.mp4").write_bytes(film)
cut = TransferConfig(multipart_threshold=1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
s3.upload_file("film.mp4", brief.bucket, brief.film_key, Config=cut)
for begun in s3.list_multipart_uploads(Bucket=brief.inbox)["Uploads"]:
    place = {"Bucket": brief.inbox, "Key": begun["Key"], "UploadId": begun["UploadId"]}
    parts = [
        {"PartNumber": each["PartNumber"], "ETag": each["ETag"]} for each in s3.list_parts(**place)["Parts"]
    ]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})

# %% wrong="c-tunnels-completed" task="partitions" says=["is not of that day"]
# all under the first day
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(brief.first_day, []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
