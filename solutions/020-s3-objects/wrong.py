# Near-misses of 020-s3-objects: each loses the task that it names, and is told why.

# %% wrong="where-the-profile-points" task="bucket" says=["the contest's data must stay"]
away = boto3.client("s3")
away.create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": away.meta.region_name}
)

# %% wrong="the-default-of-old" task="bucket" says=["us-east-1"]
boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=brief.bucket)

# %% wrong="no-type" task="photo-with-metadata" says=["has the type"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="text-for-a-picture" task="photo-with-metadata" says=["has the type text/plain"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="text/plain",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="type-as-metadata" task="photo-with-metadata" says=["has the type"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    Metadata={"Content-Type": "image/svg+xml", "photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="no-metadata" task="photo-with-metadata" says=["photographer and frame"]
s3.put_object(Bucket=brief.bucket, Key=brief.photo_key, Body=photo, ContentType="image/svg+xml")
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="tags-for-metadata" task="photo-with-metadata" says=["photographer and frame"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Tagging=f"photographer={brief.photographer}&frame={brief.frame}",
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-slash-in-front" task="photo-with-metadata" says=["There is no object"] also=["presigned-download"]
s3.put_object(
    Bucket=brief.bucket,
    Key=f"/{brief.photo_key}",
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="a-line-more" task="photo-with-metadata" says=["another picture"] also=["presigned-download"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo + b"\n",
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes).hexdigest())

# %% wrong="digest-of-the-key" task="photo-with-metadata" says=["another digest"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(brief.jury_key.encode()).hexdigest())

# %% wrong="digest-of-the-text-without-its-end" task="photo-with-metadata" says=["another digest"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", hashlib.sha256(minutes.strip()).hexdigest())

# %% wrong="the-etag" task="photo-with-metadata" says=["another digest"]
s3.put_object(
    Bucket=brief.bucket,
    Key=brief.photo_key,
    Body=photo,
    ContentType="image/svg+xml",
    Metadata={"photographer": brief.photographer, "frame": brief.frame},
)
minutes = s3.get_object(Bucket=brief.inbox, Key=brief.jury_key)["Body"].read()
answer("sha256", s3.head_object(Bucket=brief.inbox, Key=brief.jury_key)["ETag"].strip('"'))

# %% wrong="markers-stay" task="folders" says=["still holds the object"]
answer(
    "folders",
    [
        group["Prefix"]
        for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
    ],
)

# %% wrong="everything-empty-goes" task="folders" says=["somebody's file"]
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

# %% wrong="all-depths" task="folders" says=["they are not these"]
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
keys = [thing["Key"] for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]]
answer("folders", sorted({key.rpartition("/")[0] + "/" for key in keys}))

# %% wrong="without-the-slash" task="folders" says=["delimiter included"]
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

# %% wrong="the-neighbour-too" task="folders" says=["they are not these"]
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer(
    "folders",
    [group["Prefix"] for group in s3.list_objects_v2(Bucket=brief.inbox, Delimiter="/")["CommonPrefixes"]],
)

# %% wrong="listed-before-the-markers-went" task="folders" says=["they are not these"]
before = [
    group["Prefix"]
    for group in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/", Delimiter="/")["CommonPrefixes"]
]
for thing in s3.list_objects_v2(Bucket=brief.inbox, Prefix="walks/")["Contents"]:
    if thing["Key"].endswith("/"):
        s3.delete_object(Bucket=brief.inbox, Key=thing["Key"])
answer("folders", before)

# %% wrong="a-folder-emptied" task="folders" says=["no longer in"]
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

# %% wrong="a-week-to-be-safe" task="presigned-download" says=["lives 604800 seconds"] ref="L02-M1"
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=604800
)
answer("download", url)

# %% wrong="a-minute" task="presigned-download" says=["lives 60 seconds"] ref="L02-M1"
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=60
)
answer("download", url)

# %% wrong="life-written-by-hand" task="presigned-download" says=["SignatureDoesNotMatch"]
url = (
    s3.generate_presigned_url(
        "get_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=600
    )
).replace("Expires=600", "Expires=3600")
answer("download", url)

# %% wrong="the-plain-address" task="presigned-download" says=["no signature"]
url = f"{s3.meta.endpoint_url}/{brief.bucket}/{brief.photo_key}"
answer("download", url)

# %% wrong="open-the-bucket" task="presigned-download" says=["Anyone on the internet"] ref="L02-M5"
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

# %% wrong="another-photo" task="presigned-download" says=["another photo"]
s3.put_object(Bucket=brief.bucket, Key="entries/other.svg", Body=b"<svg/>")
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": "entries/other.svg"}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="a-head-is-no-get" task="presigned-download" says=["answered with 403"]
url = s3.generate_presigned_url(
    "head_object", Params={"Bucket": brief.bucket, "Key": brief.photo_key}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="somewhere-else" task="presigned-download" says=["does not lead to"]
url = "https://example.com/photo?X-Amz-Expires=3600&X-Amz-Signature=00"
answer("download", url)

# %% wrong="key-typed-in-wrong" task="presigned-download" says=["NoSuchKey"] ref="L02-M1"
url = s3.generate_presigned_url(
    "get_object", Params={"Bucket": brief.bucket, "Key": "entries/photo.svg"}, ExpiresIn=3600
)
answer("download", url)

# %% wrong="any-size" task="presigned-upload" says=["and you pay for them"]
form = s3.generate_presigned_post(
    brief.bucket, f"users/{brief.user_id}/${{filename}}", Conditions=[], ExpiresIn=600
)
answer("upload", form)

# %% wrong="fifty-megabytes" task="presigned-upload" says=["and you pay for them"]
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 50 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="five-kilobytes" task="presigned-upload" says=["is refused"]
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="every-users-folder" task="presigned-upload" says=["writes over the files"]
form = s3.generate_presigned_post(
    brief.bucket,
    "users/${filename}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="folder-without-its-slash" task="presigned-upload" says=["writes over the files of another user"]
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="the-whole-bucket" task="presigned-upload" says=["writes over the files"]
form = s3.generate_presigned_post(
    brief.bucket, "${filename}", Conditions=[["content-length-range", 1, 5 * 1024 * 1024]], ExpiresIn=600
)
answer("upload", form)

# %% wrong="one-name-only" task="presigned-upload" says=["cannot upload"]
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/photo.jpg",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=600,
)
answer("upload", form)

# %% wrong="for-a-week" task="presigned-upload" says=["minutes from now"] ref="L02-M1"
form = s3.generate_presigned_post(
    brief.bucket,
    f"users/{brief.user_id}/${{filename}}",
    Conditions=[["content-length-range", 1, 5 * 1024 * 1024]],
    ExpiresIn=604800,
)
answer("upload", form)

# %% wrong="a-signed-put" task="presigned-upload" says=["takes any size"]
form = s3.generate_presigned_url(
    "put_object", Params={"Bucket": brief.bucket, "Key": f"users/{brief.user_id}/a.jpg"}, ExpiresIn=600
)
answer("upload", form)
form = None

# %% wrong="policy-made-wider-afterwards" task="presigned-upload" says=["cannot upload"]
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

# %% wrong="waits-for-consistency" task="read-after-write" says=["A pause tests nothing"] ref="L02-M3"
import time

stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    time.sleep(0.1)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
try:
    s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)
except ClientError as error:
    print(error.response["Error"]["Code"])
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="twenty-rounds" task="read-after-write" says=["20 overwrites"]
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

# %% wrong="the-books-were-right" task="read-after-write" says=["until December 2020"]
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

# %% wrong="both-are-true" task="read-after-write" says=["Your verdict on claim"]
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

# %% wrong="no-delete" task="read-after-write" says=["0 deletes"]
stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="deleted-and-not-looked" task="read-after-write" says=["no read after it"]
stale = 0
for number in range(200):
    body = f"round {number}".encode()
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=body)
    if s3.get_object(Bucket=brief.bucket, Key=brief.loop_key)["Body"].read() != body:
        stale += 1
s3.delete_object(Bucket=brief.bucket, Key=brief.loop_key)
verdicts = {name: "may answer the old bytes" not in claim for name, claim in brief.claims.items()}
answer("consistency", {"stale": stale, **verdicts})

# %% wrong="writes-and-believes" task="read-after-write" says=["0 overwrites"]
for number in range(200):
    s3.put_object(Bucket=brief.bucket, Key=brief.loop_key, Body=f"{number}".encode())
answer(
    "consistency", {"stale": 0, **{name: "may answer" not in claim for name, claim in brief.claims.items()}}
)

# %% wrong="no-experiment" task="read-after-write" says=["0 overwrites"]
answer(
    "consistency", {"stale": 0, **{name: "may answer" not in claim for name, claim in brief.claims.items()}}
)

# %% wrong="only-the-marker" task="bring-back" says=["Traceback"]
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
for marker in versions["DeleteMarkers"]:
    s3.delete_object(Bucket=brief.shop, Key="prices.csv", VersionId=marker["VersionId"])

# %% wrong="still-suspended" task="bring-back" says=["Suspended"]
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][-1]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices.csv", CopySource=source)

# %% wrong="the-second" task="bring-back" says=["bytes that begin with"]
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][0]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices.csv", CopySource=source)

# %% wrong="typed-from-memory" task="bring-back" says=["not those of the first version"]
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
s3.put_object(Bucket=brief.shop, Key="prices.csv", Body=b"item,eur\nprint-1,10.00\n")

# %% wrong="versions-on-and-waits" task="bring-back" says=["finds nothing"]
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})

# %% wrong="under-another-key" task="bring-back" says=["finds nothing"]
s3.put_bucket_versioning(Bucket=brief.shop, VersioningConfiguration={"Status": "Enabled"})
versions = s3.list_object_versions(Bucket=brief.shop, Prefix="prices.csv")
source = {"Bucket": brief.shop, "Key": "prices.csv", "VersionId": versions["Versions"][-1]["VersionId"]}
s3.copy_object(Bucket=brief.shop, Key="prices-restored.csv", CopySource=source)

# %% wrong="in-one-piece" task="three-parts" says=["in no parts"]
s3.put_object(Bucket=brief.bucket, Key=brief.film_key, Body=film)
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="never-completed" task="three-parts" says=["unfinished uploads there"]
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="leaves-the-tunnels" task="three-parts" says=["tunnel-1.mp4"]
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})

# %% wrong="three-equal-thirds" task="three-parts" says=["EntityTooSmall"]
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

# %% wrong="two-parts" task="three-parts" says=["in 2 parts"]
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

# %% wrong="without-the-last-bytes" task="three-parts" says=["a jump"]
place = {"Bucket": brief.bucket, "Key": brief.film_key}
upload = s3.create_multipart_upload(**place)["UploadId"]
size, parts = 5 * 1024 * 1024, []
for number in (1, 2, 3):
    piece = film[(number - 1) * size : number * size - (number == 3)]
    sent = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=piece)
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
for begun in s3.list_multipart_uploads(Bucket=brief.inbox).get("Uploads", []):
    s3.abort_multipart_upload(Bucket=brief.inbox, Key=begun["Key"], UploadId=begun["UploadId"])

# %% wrong="parts-in-another-order" task="three-parts" says=["a jump"]
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

# %% wrong="one-tunnel-left" task="three-parts" says=["tunnel-2.mp4"]
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

# %% wrong="days-of-the-wall-clock" task="partitions" says=["UTC"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(event["at"][:10], []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="days-without-dt" task="partitions" says=["lies in no day"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/{day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="days-as-files" task="partitions" says=["lies in no day"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}.jsonl", Body="\n".join(events).encode())

# %% wrong="months" task="partitions" says=["lies in no day"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(event["at"][:7], []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="american-days" task="partitions" says=["lies in no day"]
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

# %% wrong="a-copy-of-all-beside-it" task="partitions" says=["lies in no day"]
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

# %% wrong="twice-to-be-safe" task="partitions" says=["missing or twice"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/backup.jsonl", Body="\n".join(events).encode())

# %% wrong="only-the-photos" task="partitions" says=["no JSON object with an id"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}", []).append(
        json.dumps({"photo": event["photo"]})
    )
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())

# %% wrong="all-under-the-first-day" task="partitions" says=["is not of that day"]
lines = s3.get_object(Bucket=brief.inbox, Key="raw/views.jsonl")["Body"].read().decode().splitlines()
days = {}
for line in lines:
    event = json.loads(line)
    days.setdefault(brief.first_day, []).append(line)
for day, events in days.items():
    s3.put_object(Bucket=brief.bucket, Key=f"events/dt={day}/views.jsonl", Body="\n".join(events).encode())
