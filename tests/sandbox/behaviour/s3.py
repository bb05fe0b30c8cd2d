"""S3: names, objects, versions, parts, configurations, locks."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.sandbox.behaviour.probe import Aws, Differs, gives, policy, probe, refused, same

NAMES = "S3 User Guide, General purpose bucket naming rules"
ERRORS = "S3 API reference, Error responses"
LIFECYCLE = "S3 User Guide, Lifecycle configuration elements; Transitioning objects"
PARTS = "S3 User Guide, Amazon S3 multipart upload limits"
LOCK = "S3 User Guide, Object Lock considerations"
REPLICATION = "S3 User Guide, Requirements for replication; Replication configuration file elements"
BLOCKED = "S3 User Guide, Blocking public access to your Amazon S3 storage"
OWNERSHIP = "S3 User Guide, Controlling ownership of objects and disabling ACLs"
TAGS = "S3 User Guide, Categorizing your storage using tags"


def code(call: Any, **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        found: str = error.response["Error"]["Code"]
        return found
    return ""


for _sentence, _name in {
    "A bucket's name has no capital letters.": "Shop-{0}",
    "A bucket's name has no underscore.": "shop_{0}",
    "A bucket's name is no IP address.": "192.168.5.4",
    "A bucket's name has no two periods side by side.": "shop..{0}",
    "A bucket's name does not begin with xn--.": "xn--{0}",
    "A bucket's name does not end with -s3alias.": "{0}-s3alias",
    "A bucket's name does not begin with sthree-.": "sthree-{0}",
    "A bucket's name does not end with a hyphen.": "shop-{0}-",
    "A bucket's name has at most 63 characters.": "shop-{0}" + "x" * 60,
}.items():
    refused(
        "S3",
        "InvalidBucketName",
        _sentence,
        NAMES,
        lambda a, _name=_name: a.s3.create_bucket(Bucket=_name.format(a.account_id)),
    )


@probe("S3", ERRORS, "BucketAlreadyOwnedByYou")
def own_bucket(aws: Aws) -> None:
    """A bucket of one's own is not made again outside us-east-1."""
    s3, where = aws.client("s3", "eu-west-1"), {"LocationConstraint": "eu-west-1"}
    for _ in range(2):
        s3.create_bucket(Bucket=f"mine-{aws.account_id}", CreateBucketConfiguration=where)


gives(
    "S3",
    "A bucket of one's own may be made again in us-east-1.",
    ERRORS,
    ["", ""],
    lambda a: [code(a.s3.create_bucket, Bucket=f"mine-{a.account_id}") for _ in range(2)],
)
refused(
    "S3",
    "NoSuchBucket",
    "A bucket that is not there is not found.",
    ERRORS,
    lambda a: a.s3.list_objects_v2(Bucket=f"none-{a.account_id}"),
)
refused(
    "S3",
    "NoSuchKey",
    "An object that is not there is not found.",
    ERRORS,
    lambda a: a.s3.get_object(Bucket=a.bucket(), Key="none"),
)
refused(
    "S3",
    "404",
    "HEAD of an object that is not there has no more than a status.",
    ERRORS,
    lambda a: a.s3.head_object(Bucket=a.bucket(), Key="none"),
)
refused(
    "S3",
    "KeyTooLongError",
    "A key has at most 1,024 bytes.",
    ERRORS,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k" * 1025, Body=b""),
)
refused(
    "S3",
    "MetadataTooLarge",
    "Metadata has at most 2 KB.",
    ERRORS,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"", Metadata={"a": "x" * 2100}),
)
refused(
    "S3",
    "InvalidStorageClass",
    "A storage class is one that there is.",
    ERRORS,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"", StorageClass="COLD"),
)
refused(
    "S3",
    "InvalidArgument",
    "An encryption is one that there is.",
    ERRORS,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"", ServerSideEncryption="AES512"),
)
refused(
    "S3",
    "KMS.NotFoundException",
    "A KMS key that an object names is there.",
    ERRORS,
    lambda a: a.s3.put_object(
        Bucket=a.bucket(),
        Key="k",
        Body=b"",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="11111111-2222-3333-4444-555555555555",
    ),
)
refused(
    "S3",
    "BadDigest",
    "A body that its MD5 does not fit is refused.",
    ERRORS,
    lambda a: a.s3.put_object(
        Bucket=a.bucket(),
        Key="k",
        Body=b"abc",
        ContentMD5=base64.b64encode(hashlib.md5(b"x").digest()).decode(),
    ),
)
refused(
    "S3",
    "InvalidDigest",
    "An MD5 is one.",
    ERRORS,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"abc", ContentMD5="nothing"),
)
refused(
    "S3",
    ("BadDigest", "XAmzContentChecksumMismatch"),
    "A body that its checksum does not fit is refused.",
    "S3 User Guide, Checking object integrity",
    lambda a: a.s3.put_object(
        Bucket=a.bucket(),
        Key="k",
        Body=b"abc",
        ChecksumSHA256=base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
    ),
)


@probe("S3", ERRORS, "BucketNotEmpty")
def full_bucket(aws: Aws) -> None:
    """A bucket with an object in it is not deleted."""
    name = aws.bucket()
    aws.s3.put_object(Bucket=name, Key="k", Body=b"")
    aws.s3.delete_bucket(Bucket=name)


@probe("S3", ERRORS, "BucketNotEmpty")
def bucket_with_versions(aws: Aws) -> None:
    """A bucket with versions or delete markers only is not deleted."""
    name = aws.versioned()
    aws.s3.put_object(Bucket=name, Key="k", Body=b"")
    aws.s3.delete_object(Bucket=name, Key="k")
    same(aws.s3.list_objects_v2(Bucket=name)["KeyCount"], 0)
    aws.s3.delete_bucket(Bucket=name)


for _code, _call in (
    ("NoSuchBucketPolicy", "get_bucket_policy"),
    ("NoSuchLifecycleConfiguration", "get_bucket_lifecycle_configuration"),
    ("NoSuchCORSConfiguration", "get_bucket_cors"),
    ("NoSuchTagSet", "get_bucket_tagging"),
    ("NoSuchWebsiteConfiguration", "get_bucket_website"),
    ("ReplicationConfigurationNotFoundError", "get_bucket_replication"),
    ("ObjectLockConfigurationNotFoundError", "get_object_lock_configuration"),
):
    refused(
        "S3",
        _code,
        f"A new bucket has nothing for {_call}.",
        ERRORS,
        lambda a, _call=_call: getattr(a.s3, _call)(Bucket=a.bucket()),
    )


@probe("S3", BLOCKED, "NoSuchPublicAccessBlockConfiguration")
def unblocked(aws: Aws) -> None:
    """A bucket whose block was deleted has none."""
    name = aws.bucket()
    aws.s3.delete_public_access_block(Bucket=name)
    aws.s3.get_public_access_block(Bucket=name)


def public(aws: Aws, bucket: str) -> None:
    document = policy(
        Effect="Allow", Principal="*", Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*"
    )
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=document)


@probe("S3", BLOCKED, "AccessDenied")
def public_policy(aws: Aws) -> None:
    """A new bucket takes no public policy: Block Public Access is on."""
    public(aws, aws.bucket())


@probe("S3", BLOCKED)
def public_when_unblocked(aws: Aws) -> None:
    """Once unblocked, a bucket takes a public policy, and its status says so."""
    name = aws.bucket()
    aws.s3.delete_public_access_block(Bucket=name)
    public(aws, name)
    same(aws.s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"], True)


refused(
    "S3",
    "AccessControlListNotSupported",
    "A new bucket takes no ACL.",
    OWNERSHIP,
    lambda a: a.s3.put_bucket_acl(Bucket=a.bucket(), ACL="public-read"),
)
refused(
    "S3",
    "AccessControlListNotSupported",
    "An object of a new bucket takes no public ACL.",
    OWNERSHIP,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"", ACL="public-read"),
)
refused(
    "S3",
    "AccessControlListNotSupported",
    "An object's ACL is not changed where ACLs are off.",
    OWNERSHIP,
    lambda a: (
        lambda b: [
            a.s3.put_object(Bucket=b, Key="k", Body=b""),
            a.s3.put_object_acl(Bucket=b, Key="k", ACL="public-read"),
        ]
    )(a.bucket()),
)
gives(
    "S3",
    "bucket-owner-full-control is taken where ACLs are off.",
    OWNERSHIP,
    200,
    lambda a: a.s3.put_object(Bucket=a.bucket(), Key="k", Body=b"", ACL="bucket-owner-full-control")[
        "ResponseMetadata"
    ]["HTTPStatusCode"],
)

# --- versions --------------------------------------------------------------------------------------


@probe("S3", "S3 User Guide, Working with delete markers", "MethodNotAllowed")
def read_a_marker(aws: Aws) -> None:
    """A delete marker cannot be read by its version."""
    name = aws.versioned()
    aws.s3.put_object(Bucket=name, Key="k", Body=b"1")
    marker = aws.s3.delete_object(Bucket=name, Key="k")["VersionId"]
    aws.s3.get_object(Bucket=name, Key="k", VersionId=marker)


@probe("S3", "S3 User Guide, Working with delete markers")
def marked(aws: Aws) -> None:
    """An object under a delete marker is not found, and the answer says that it is a marker."""
    name = aws.versioned()
    aws.s3.put_object(Bucket=name, Key="k", Body=b"1")
    aws.s3.delete_object(Bucket=name, Key="k")
    try:
        aws.s3.get_object(Bucket=name, Key="k")
    except ClientError as error:
        same(error.response["Error"]["Code"], "NoSuchKey")
        same(error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-delete-marker"), "true")
        return
    raise Differs("the object was read")


@probe("S3", "S3 User Guide, Retaining multiple versions of objects")
def undelete(aws: Aws) -> None:
    """Deleting the marker brings the object back."""
    name = aws.versioned()
    aws.s3.put_object(Bucket=name, Key="k", Body=b"1")
    marker = aws.s3.delete_object(Bucket=name, Key="k")
    same(marker["DeleteMarker"], True)
    aws.s3.delete_object(Bucket=name, Key="k", VersionId=marker["VersionId"])
    same(aws.s3.get_object(Bucket=name, Key="k")["Body"].read(), b"1")


refused(
    "S3",
    "NoSuchVersion",
    "A version that is not there is not found.",
    ERRORS,
    lambda a: (
        lambda b: [
            a.s3.put_object(Bucket=b, Key="k", Body=b""),
            a.s3.get_object(Bucket=b, Key="k", VersionId="x" * 32),
        ]
    )(a.versioned()),
)
gives(
    "S3",
    "An object put before versioning has the version null.",
    "S3 User Guide, Adding objects to versioning-enabled buckets",
    "null",
    lambda a: (
        lambda b: [
            a.s3.put_object(Bucket=b, Key="k", Body=b""),
            a.s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"}),
            a.s3.list_object_versions(Bucket=b)["Versions"][0]["VersionId"],
        ][-1]
    )(a.bucket()),
)

# --- conditional requests and ranges ---------------------------------------------------------------


def stored(aws: Aws, body: bytes = b"12345") -> dict[str, str]:
    where = {"Bucket": aws.bucket(), "Key": "k"}
    aws.s3.put_object(**where, Body=body)
    return where


refused(
    "S3",
    "PreconditionFailed",
    "If-None-Match: * does not overwrite.",
    "S3 User Guide, Conditional requests",
    lambda a: a.s3.put_object(**stored(a), Body=b"2", IfNoneMatch="*"),
)
refused(
    "S3",
    "PreconditionFailed",
    "If-Match overwrites the object that it names only.",
    "S3 User Guide, Conditional requests",
    lambda a: a.s3.put_object(**stored(a), Body=b"2", IfMatch='"0123456789abcdef0123456789abcdef"'),
)
refused(
    "S3",
    "PreconditionFailed",
    "If-Match reads the object that it names only.",
    ERRORS,
    lambda a: a.s3.get_object(**stored(a), IfMatch='"0123456789abcdef0123456789abcdef"'),
)
refused(
    "S3",
    "304",
    "If-None-Match reads nothing that is known.",
    ERRORS,
    lambda a: (lambda w: a.s3.get_object(**w, IfNoneMatch=a.s3.head_object(**w)["ETag"]))(stored(a)),
)
refused(
    "S3",
    "InvalidRange",
    "A range begins within the object.",
    ERRORS,
    lambda a: a.s3.get_object(**stored(a), Range="bytes=10-20"),
)
gives(
    "S3",
    "A range gives its bytes, and says which.",
    "S3 API reference, GetObject",
    (b"23", "bytes 1-2/5"),
    lambda a: (lambda r: (r["Body"].read(), r["ContentRange"]))(
        a.s3.get_object(**stored(a), Range="bytes=1-2")
    ),
)
refused(
    "S3",
    "InvalidRequest",
    "An object is not copied onto itself unchanged.",
    "S3 API reference, CopyObject",
    lambda a: (lambda w: a.s3.copy_object(**w, CopySource={"Bucket": w["Bucket"], "Key": "k"}))(stored(a)),
)

# --- parts -----------------------------------------------------------------------------------------


def upload(aws: Aws, *parts: bytes, numbers: tuple[int, ...] = ()) -> dict[str, Any]:
    bucket = aws.bucket()
    made = aws.s3.create_multipart_upload(Bucket=bucket, Key="k")
    where = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    tags = [aws.s3.upload_part(**where, PartNumber=n, Body=body)["ETag"] for n, body in enumerate(parts, 1)]
    wanted = numbers or tuple(range(1, len(parts) + 1))
    chosen = [{"PartNumber": n, "ETag": tags[n - 1] if n <= len(tags) else tags[0]} for n in wanted]
    found: dict[str, Any] = aws.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": chosen})
    return found


refused(
    "S3",
    "EntityTooSmall",
    "A part but the last has 5 MiB at least.",
    PARTS,
    lambda a: upload(a, b"1" * 1024, b"2"),
)
refused(
    "S3",
    "InvalidPartOrder",
    "Parts are completed in order.",
    ERRORS,
    lambda a: upload(a, b"1" * 5 * 1024**2, b"2" * 5 * 1024**2, numbers=(2, 1)),
)
refused(
    "S3",
    "InvalidPart",
    "Parts that were uploaded are completed.",
    ERRORS,
    lambda a: upload(a, b"1" * 5 * 1024**2, numbers=(1, 2)),
)
refused(
    "S3",
    "NoSuchUpload",
    "An upload that is not there is not found.",
    ERRORS,
    lambda a: a.s3.upload_part(Bucket=a.bucket(), Key="k", UploadId="none", PartNumber=1, Body=b""),
)
refused(
    "S3",
    "InvalidArgument",
    "A part's number is at most 10,000.",
    PARTS,
    lambda a: (
        lambda b: a.s3.upload_part(
            Bucket=b,
            Key="k",
            PartNumber=10_001,
            Body=b"",
            UploadId=a.s3.create_multipart_upload(Bucket=b, Key="k")["UploadId"],
        )
    )(a.bucket()),
)
gives(
    "S3",
    "The ETag of an object of two parts ends with -2.",
    PARTS,
    "-2",
    lambda a: upload(a, b"1" * 5 * 1024**2, b"2")["ETag"].strip('"')[-2:],
)

# --- configurations --------------------------------------------------------------------------------


def lifecycle(aws: Aws, *rules: dict[str, Any]) -> None:
    whole = [
        {"ID": f"r{n}", "Status": "Enabled", "Filter": {"Prefix": ""}} | each for n, each in enumerate(rules)
    ]
    aws.s3.put_bucket_lifecycle_configuration(Bucket=aws.bucket(), LifecycleConfiguration={"Rules": whole})


def move(days: int, kind: str) -> dict[str, Any]:
    return {"Days": days, "StorageClass": kind}


for _code, _sentence, _rules in (
    (
        "InvalidArgument",
        "Objects stay 30 days before Standard-IA.",
        [{"Transitions": [move(29, "STANDARD_IA")]}],
    ),
    (
        "InvalidArgument",
        "Objects stay 30 days before One Zone-IA.",
        [{"Transitions": [move(7, "ONEZONE_IA")]}],
    ),
    ("InvalidArgument", "Objects expire after a day at least.", [{"Expiration": {"Days": 0}}]),
    (
        "InvalidArgument",
        "Objects expire after they move.",
        [{"Transitions": [move(30, "STANDARD_IA")], "Expiration": {"Days": 20}}],
    ),
    (
        "InvalidArgument",
        "Objects move to Glacier 30 days after Standard-IA at least.",
        [{"Transitions": [move(30, "STANDARD_IA"), move(40, "GLACIER")]}],
    ),
    (
        "InvalidArgument",
        "Rules have ids of their own.",
        [{"ID": "one", "Expiration": {"Days": 9}}, {"ID": "one", "Expiration": {"Days": 8}}],
    ),
    ("InvalidRequest", "A rule has an action at least.", [{}]),
    ("MalformedXML", "A rule is enabled or disabled.", [{"Status": "On", "Expiration": {"Days": 3}}]),
    (
        "InvalidRequest",
        "Uploads are not aborted by tag.",
        [
            {
                "Filter": {"Tag": {"Key": "a", "Value": "b"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
            }
        ],
    ),
    (
        "InvalidArgument",
        "A rule's id has at most 255 characters.",
        [{"ID": "x" * 256, "Expiration": {"Days": 3}}],
    ),
    (
        "MalformedXML",
        "An expiration is by days or by date.",
        [{"Expiration": {"Days": 3, "Date": datetime(2030, 1, 1, tzinfo=UTC)}}],
    ),
    (
        "InvalidArgument",
        "A date is at midnight UTC.",
        [{"Expiration": {"Date": datetime(2030, 1, 1, 7, 30, tzinfo=UTC)}}],
    ),
    ("MalformedXML", "A transition is to a class that there is.", [{"Transitions": [move(60, "COLD")]}]),
):
    refused("S3", _code, _sentence, LIFECYCLE, lambda a, _rules=_rules: lifecycle(a, *_rules))


@probe("S3", LIFECYCLE)
def old_prefix(aws: Aws) -> None:
    """A lifecycle rule of the old kind keeps a prefix of its own."""
    day = {"Status": "Enabled", "Expiration": {"Days": 1}}
    rules = [
        {"ID": "old", "Prefix": "a&b/", **day},
        {"ID": "all", "Prefix": "", **day},
        {"ID": "new", "Filter": {"Prefix": "c/"}, **day},
    ]
    bucket = aws.bucket()
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    kept = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    same([(rule.get("Prefix"), rule.get("Filter")) for rule in kept],
         [("a&b/", None), ("", None), (None, {"Prefix": "c/"})])  # fmt: skip


def replicate(aws: Aws, source: str, target: str, **rule: Any) -> None:
    whole = {
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    } | rule
    rules = [{name: value for name, value in whole.items() if value is not None}]
    aws.s3.put_bucket_replication(
        Bucket=source, ReplicationConfiguration={"Role": aws.role("s3"), "Rules": rules}
    )


refused(
    "S3",
    "InvalidRequest",
    "Replication needs versioning on the source.",
    REPLICATION,
    lambda a: replicate(a, a.bucket(), a.versioned()),
)
refused(
    "S3",
    "InvalidRequest",
    "Replication needs versioning on the destination.",
    REPLICATION,
    lambda a: replicate(a, a.versioned(), a.bucket()),
)
refused(
    "S3",
    "InvalidRequest",
    "A replication rule with a filter says what becomes of delete markers.",
    REPLICATION,
    lambda a: replicate(a, a.versioned(), a.versioned(), DeleteMarkerReplication=None),
)
refused(
    "S3",
    "InvalidRequest",
    "A replication rule with a filter has a priority.",
    REPLICATION,
    lambda a: replicate(a, a.versioned(), a.versioned(), Priority=None),
)
refused(
    "S3",
    "InvalidRequest",
    "A replication's destination is there.",
    REPLICATION,
    lambda a: replicate(a, a.versioned(), f"none-{a.account_id}"),
)


@probe("S3", REPLICATION, "InvalidBucketState")
def suspend_under_replication(aws: Aws) -> None:
    """Versioning is not suspended while a bucket replicates."""
    source = aws.versioned()
    replicate(aws, source, aws.versioned())
    aws.s3.put_bucket_versioning(Bucket=source, VersioningConfiguration={"Status": "Suspended"})


refused(
    "S3",
    ("BadRequest", "InvalidTag"),
    "An object has at most ten tags.",
    TAGS,
    lambda a: a.s3.put_object_tagging(
        **stored(a), Tagging={"TagSet": [{"Key": f"k{n}", "Value": "v"} for n in range(11)]}
    ),
)
refused(
    "S3",
    "InvalidTag",
    "A bucket's tags have keys of their own.",
    TAGS,
    lambda a: a.s3.put_bucket_tagging(
        Bucket=a.bucket(), Tagging={"TagSet": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}
    ),
)
refused(
    "S3",
    "InvalidTag",
    "A bucket's tags do not begin with aws:.",
    TAGS,
    lambda a: a.s3.put_bucket_tagging(
        Bucket=a.bucket(), Tagging={"TagSet": [{"Key": "aws:k", "Value": "1"}]}
    ),
)
refused(
    "S3",
    "InvalidRequest",
    "CORS knows five methods.",
    "S3 User Guide, Elements of a CORS configuration",
    lambda a: a.s3.put_bucket_cors(
        Bucket=a.bucket(),
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}]},
    ),
)
refused(
    "S3",
    "InvalidTargetBucketForLogging",
    "A log's bucket is there.",
    ERRORS,
    lambda a: a.s3.put_bucket_logging(
        Bucket=a.bucket(),
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": f"none-{a.account_id}", "TargetPrefix": ""}},
    ),
)
refused(
    "S3",
    "InvalidArgument",
    "A notification's destination can be reached.",
    "S3 User Guide, Amazon S3 Event Notifications",
    lambda a: a.s3.put_bucket_notification_configuration(
        Bucket=a.bucket(),
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": f"arn:aws:sqs:us-east-1:{a.account_id}:none", "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    ),
)
refused(
    "S3",
    "InvalidArgument",
    "A notification's queue lets S3 send.",
    "S3 User Guide, Granting permissions to publish event notification messages",
    lambda a: a.s3.put_bucket_notification_configuration(
        Bucket=a.bucket(),
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": a.queue_arn(a.queue()), "Events": ["s3:ObjectCreated:*"]}]
        },
    ),
)
refused(
    "S3",
    "InvalidRequest",
    "Acceleration takes no bucket with periods.",
    "S3 User Guide, Requirements for using Amazon S3 Transfer Acceleration",
    lambda a: [
        a.s3.create_bucket(Bucket=f"a.b.{a.account_id}"),
        a.s3.put_bucket_accelerate_configuration(
            Bucket=f"a.b.{a.account_id}", AccelerateConfiguration={"Status": "Enabled"}
        ),
    ],
)
for _sentence, _document in {
    "A bucket policy is JSON.": "Effect: Allow",
    "A bucket policy's effect is Allow or Deny.": policy(
        Effect="Permit", Principal="*", Action="s3:*", Resource="arn:aws:s3:::{0}/*"
    ),
    "A bucket policy names a principal.": policy(Effect="Deny", Action="s3:*", Resource="arn:aws:s3:::{0}/*"),
    "A bucket policy's actions are ones that S3 has.": policy(
        Effect="Deny", Principal="*", Action="s3:ReadObject", Resource="arn:aws:s3:::{0}/*"
    ),
    "A bucket policy is about its own bucket.": policy(
        Effect="Deny", Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::other/*"
    ),
    "A bucket policy's actions fit its resources.": policy(
        Effect="Deny", Principal="*", Action="s3:ListBucket", Resource="arn:aws:s3:::{0}/*"
    ),
    "A bucket policy's principals are there.": policy(
        Effect="Deny",
        Principal={"AWS": "arn:aws:iam::{1}:role/nobody"},
        Action="s3:GetObject",
        Resource="arn:aws:s3:::{0}/*",
    ),
}.items():
    refused(
        "S3",
        "MalformedPolicy",
        _sentence,
        "S3 User Guide, Policies and permissions in Amazon S3",
        lambda a, _document=_document: (
            lambda b: a.s3.put_bucket_policy(
                Bucket=b, Policy=_document.replace("{0}", b).replace("{1}", a.account_id)
            )
        )(a.bucket()),
    )

# --- archive, locks ---------------------------------------------------------------------------------


def archived(aws: Aws) -> dict[str, str]:
    where = {"Bucket": aws.bucket(), "Key": "k"}
    aws.s3.put_object(**where, Body=b"1", StorageClass="GLACIER")
    return where


refused(
    "S3",
    "InvalidObjectState",
    "An archived object is not read.",
    "S3 User Guide, Working with archived objects",
    lambda a: a.s3.get_object(**archived(a)),
)
refused(
    "S3",
    "InvalidObjectState",
    "An object that is not archived is not restored.",
    "S3 API reference, RestoreObject",
    lambda a: a.s3.restore_object(**stored(a), RestoreRequest={"Days": 1}),
)
refused(
    "S3",
    "MalformedXML",
    "A restore's tier is one that there is.",
    "S3 API reference, RestoreObject",
    lambda a: a.s3.restore_object(
        **archived(a), RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Fast"}}
    ),
)


def locked(aws: Aws, mode: str = "COMPLIANCE") -> dict[str, Any]:
    bucket = aws.bucket(ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=2)
    made = aws.s3.put_object(
        Bucket=bucket, Key="k", Body=b"1", ObjectLockMode=mode, ObjectLockRetainUntilDate=until
    )
    return {"Bucket": bucket, "Key": "k", "VersionId": made["VersionId"]}


refused(
    "S3", "AccessDenied", "A locked version is not deleted.", LOCK, lambda a: a.s3.delete_object(**locked(a))
)
refused(
    "S3",
    "AccessDenied",
    "A version under COMPLIANCE is not deleted by a bypass either.",
    LOCK,
    lambda a: a.s3.delete_object(**locked(a), BypassGovernanceRetention=True),
)
gives(
    "S3",
    "A version under GOVERNANCE is deleted by a bypass.",
    LOCK,
    204,
    lambda a: a.s3.delete_object(**locked(a, "GOVERNANCE"), BypassGovernanceRetention=True)[
        "ResponseMetadata"
    ]["HTTPStatusCode"],
)
refused(
    "S3",
    "AccessDenied",
    "A COMPLIANCE lock is not made shorter.",
    LOCK,
    lambda a: a.s3.put_object_retention(
        **locked(a),
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)},
    ),
)
refused(
    "S3",
    "InvalidRequest",
    "An object of a bucket without Object Lock is not locked.",
    LOCK,
    lambda a: a.s3.put_object_retention(
        **stored(a),
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)},
    ),
)
refused(
    "S3",
    "InvalidBucketState",
    "Versioning is not suspended under Object Lock.",
    LOCK,
    lambda a: a.s3.put_bucket_versioning(
        Bucket=a.bucket(ObjectLockEnabledForBucket=True), VersioningConfiguration={"Status": "Suspended"}
    ),
)
refused(
    "S3",
    "InvalidArgument",
    "A lock ends in the future.",
    LOCK,
    lambda a: (
        lambda b: a.s3.put_object(
            Bucket=b,
            Key="k",
            Body=b"",
            ObjectLockMode="GOVERNANCE",
            ObjectLockRetainUntilDate=datetime(2020, 1, 1, tzinfo=UTC),
        )
    )(a.bucket(ObjectLockEnabledForBucket=True)),
)


@probe("S3", LOCK, "AccessDenied")
def legal_hold(aws: Aws) -> None:
    """A version under a legal hold is not deleted."""
    bucket = aws.bucket(ObjectLockEnabledForBucket=True)
    made = aws.s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    aws.s3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})
    aws.s3.delete_object(Bucket=bucket, Key="k", VersionId=made)


# --- listings ---------------------------------------------------------------------------------------


@probe("S3", "S3 User Guide, Organizing objects using prefixes")
def folders(aws: Aws) -> None:
    """A delimiter rolls keys up into common prefixes, which count as keys."""
    bucket = aws.bucket()
    for key in ("a/1", "a/2", "b/1", "c"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = aws.s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    same([each["Prefix"] for each in found["CommonPrefixes"]], ["a/", "b/"])
    same(([each["Key"] for each in found["Contents"]], found["KeyCount"]), (["c"], 3))


@probe("S3", "S3 API reference, ListObjectsV2")
def pages(aws: Aws) -> None:
    """A page that is full says so, and its token leads on."""
    bucket = aws.bucket()
    for number in range(5):
        aws.s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    first = aws.s3.list_objects_v2(Bucket=bucket, MaxKeys=3)
    second = aws.s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    same((first["IsTruncated"], second["IsTruncated"]), (True, False))
    same([each["Key"] for each in second["Contents"]], ["k3", "k4"])


@probe("S3", "S3 User Guide, Website endpoints; Setting default server-side encryption")
def defaults(aws: Aws) -> None:
    """A new bucket blocks public access, owns its objects, and encrypts with SSE-S3."""
    bucket = aws.bucket()
    blocked = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    rules = aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    owner = aws.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    same(set(blocked.values()), {True})
    same(rules[0]["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
    same(owner, [{"ObjectOwnership": "BucketOwnerEnforced"}])
    same(aws.s3.put_object(Bucket=bucket, Key="k", Body=b"").get("ServerSideEncryption"), "AES256")


@probe("S3", "S3 User Guide, Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys")
def bucket_key(aws: Aws) -> None:
    """A bucket's default KMS key and Bucket Key hold for an object that says nothing."""
    bucket, key = aws.bucket(), aws.key()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    rules = {"Rules": [rule | {"BucketKeyEnabled": True}]}
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"")
    found = aws.s3.head_object(Bucket=bucket, Key="k")
    same((found["ServerSideEncryption"], found.get("BucketKeyEnabled")), ("aws:kms", True))
    assert found["SSEKMSKeyId"].endswith(key), found["SSEKMSKeyId"]


@probe("S3", "S3 API reference, HeadBucket")
def region_of_a_bucket(aws: Aws) -> None:
    """HEAD of a bucket says its Region."""
    name = f"west-{aws.account_id}"
    s3, where = aws.client("s3", "eu-west-1"), {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    same(
        s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region"), "eu-west-1"
    )


@probe("S3", "S3 API reference, PutBucketNotificationConfiguration", "InvalidArgument")
def overlapping_notifications(aws: Aws) -> None:
    """Two notifications of one event do not overlap in prefix and suffix."""
    bucket = aws.bucket()
    arns = []
    for _ in range(2):
        url = aws.queue()
        arn = aws.queue_arn(url)
        allow = policy(
            Effect="Allow", Principal={"Service": "s3.amazonaws.com"}, Action="sqs:SendMessage", Resource=arn
        )
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(json.loads(allow))})
        arns.append(arn)
    settings = [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]} for arn in arns]
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": settings}
    )
