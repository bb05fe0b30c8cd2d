"""S3: actions named otherwise than operations, and requests that need several.

Source: S3 API reference, "Permissions" of each operation; S3 User Guide, "Required permissions for Amazon
S3 API operations" and "Actions, resources, and condition keys for Amazon S3" (Service Authorization
Reference).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote

from cloudlings.sandbox.authorization.need import Asked, Context, Need
from cloudlings.sandbox.authorization.registry import needs

_BUCKET_ACTIONS: Final = {
    "HeadBucket": "ListBucket", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions", "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS", "PutBucketCors": "PutBucketCORS", "DeleteBucketCors": "PutBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration", "PutBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetBucketTagging": "GetBucketTagging", "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    **{
        f"{verb}Bucket{kind}Configuration{more}":
            f"{'Put' if verb in ('Put', 'Delete') else 'Get'}{kind}Configuration"
        for kind in ("Analytics", "Inventory", "Metrics", "IntelligentTiering")
        for verb, more in (("Get", ""), ("Put", ""), ("Delete", ""), ("List", "s"))
    },
}  # fmt: skip
_OBJECT_ACTIONS: Final = {
    "HeadObject": "GetObject", "SelectObjectContent": "GetObject", "GetObjectAttributes": "GetObject",
    "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
    "PostObject": "PutObject", "ListParts": "ListMultipartUploadParts", "PreflightObject": "GetObject",
    "GetObjectTorrent": "GetObjectTorrent",
}  # fmt: skip
# What has an action of its own when the request names a version.
_VERSIONED: Final = {
    "GetObject": "GetObjectVersion", "HeadObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl", "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging", "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging", "GetObjectAttributes": "GetObjectVersion",
    "GetObjectTorrent": "GetObjectVersionTorrent",
}  # fmt: skip
# Headers that ask for more than the object's bytes, with the permission for it.
_WITH_HEADERS: Final = (
    (("x-amz-tagging",), "PutObjectTagging"),
    (("x-amz-acl", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write-acp",
      "x-amz-grant-full-control", "x-amz-grant-write"), "PutObjectAcl"),
    (("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"), "PutObjectRetention"),
    (("x-amz-object-lock-legal-hold",), "PutObjectLegalHold"),
)  # fmt: skip
# Headers and parameters that are condition keys by their own name, prefixed with s3:.
_HEADER_KEYS: Final = (
    "x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-grant-full-control", "x-amz-grant-read",
    "x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-metadata-directive",
    "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm", "x-amz-storage-class",
    "x-amz-website-redirect-location", "x-amz-object-ownership",
)  # fmt: skip
_LOCK_KEYS: Final = {
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "if-match": "s3:if-match", "if-none-match": "s3:if-none-match",
}  # fmt: skip
WRITES: Final = ("PutObject", "CopyObject", "CreateMultipartUpload", "PostObject")
_ACCOUNT_WIDE: Final = {
    "ListBuckets": "ListAllMyBuckets",
    "ListDirectoryBuckets": "ListAllMyDirectoryBuckets",
}


@needs("s3")
def of_s3(asked: Asked) -> Iterator[Need]:
    """What a request to S3 (or S3 Control) needs."""
    operation = asked.call.operation
    if asked.call.service == "s3control":
        yield from _of_control(asked)
        return
    if operation in _ACCOUNT_WIDE:
        yield Need(f"s3:{_ACCOUNT_WIDE[operation]}", context=request_keys(asked))
        return
    if operation == "WriteGetObjectResponse":
        yield Need("s3-object-lambda:WriteGetObjectResponse")
        return
    bucket, _, key = asked.call.resource.removeprefix("arn:aws:s3:::").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    context = request_keys(asked)
    if operation == "DeleteObjects":
        yield from _deletions(asked, arn, context)
    elif key or operation == "PostObject":
        yield from _of_object(asked, arn, key, context)
    else:
        yield from _of_bucket(asked, arn, context)


def _of_bucket(asked: Asked, arn: str, context: Context) -> Iterator[Need]:
    operation, headers = asked.call.operation, headers_of(asked)
    yield Need(f"s3:{_BUCKET_ACTIONS.get(operation, operation)}", arn, context)
    if operation == "CreateBucket":
        if any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in headers):
            yield Need("s3:PutBucketAcl", arn, context)
        if headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            yield Need("s3:PutBucketObjectLockConfiguration", arn, context)
            yield Need("s3:PutBucketVersioning", arn, context)
        if "x-amz-object-ownership" in headers:
            yield Need("s3:PutBucketOwnershipControls", arn, context)
        if b"<Tag>" in asked.call.request.body:
            yield Need("s3:TagResource", arn, context)


def _of_object(asked: Asked, bucket: str, key: str, context: Context) -> Iterator[Need]:
    operation, version = asked.call.operation, asked.call.request.query.get("versionId", "")
    arn = f"{bucket}/{key or _form_key(asked)}"
    source = headers_of(asked).get("x-amz-copy-source", "")
    if source and operation in ("CopyObject", "UploadPartCopy"):
        yield _source(source)
        operation = "PutObject"
    if operation == "RenameObject":
        yield Need("s3:GetObject", arn, context)
        yield Need("s3:DeleteObject", arn, context)
        operation = "PutObject"
    name = _OBJECT_ACTIONS.get(operation, operation)
    if version:
        name = _VERSIONED.get(operation, name)
        context = {**context, "s3:versionid": version}
    yield Need(f"s3:{name}", arn, context)
    if operation == "GetObjectAttributes":
        yield Need("s3:GetObjectVersionAttributes" if version else "s3:GetObjectAttributes", arn, context)
    yield from _with_headers(asked, arn, context)
    yield from _with_keys(asked, arn)


def _with_headers(asked: Asked, arn: str, context: Context) -> Iterator[Need]:
    headers, operation = headers_of(asked), asked.call.operation
    if operation in WRITES:
        for names, action in _WITH_HEADERS:
            if any(headers.get(name) for name in names):
                yield Need(f"s3:{action}", arn, context)
    if headers.get("x-amz-bypass-governance-retention", "").lower() == "true":
        yield Need("s3:BypassGovernanceRetention", arn, context)


def _with_keys(asked: Asked, arn: str) -> Iterator[Need]:
    """An upload that names a KMS key needs the key too; a download's key only the object knows."""
    headers = headers_of(asked)
    if asked.call.operation not in WRITES:
        return
    if not headers.get("x-amz-server-side-encryption", "").startswith("aws:kms"):
        return
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    if key:
        yield from upload_needs(asked, key, arn)


def upload_needs(asked: Asked, key: str, object_arn: str) -> Iterator[Need]:
    """What an upload under a KMS key needs of the key; in parts, S3 reads back what it has written."""
    yield kms_need(asked, "kms:GenerateDataKey", key, object_arn)
    if asked.call.operation == "CreateMultipartUpload":
        yield kms_need(asked, "kms:Decrypt", key, object_arn)


def headers_of(asked: Asked) -> dict[str, str]:
    """The headers, with those that a presigned address carries in its query."""
    hoisted = {name.lower(): value for name, value in asked.call.request.query.items()}
    carried = {name: value for name, value in hoisted.items() if name.startswith("x-amz-")}
    return {**carried, **dict(asked.call.request.headers)}


def kms_need(asked: Asked, action: str, key: str, object_arn: str) -> Need:
    """The need for a KMS key that S3 uses on the caller's behalf (S3 User Guide, "Using SSE-KMS")."""
    arn = key if key.startswith("arn:") else asked.arn(f"key/{key.removeprefix('key/')}", service="kms")
    if key.startswith("alias/"):
        arn = asked.arn(key, service="kms")
    context: dict[str, str | list[str]] = {
        "kms:ViaService": f"s3.{asked.region}.amazonaws.com",
        "kms:CallerAccount": asked.account,
        "kms:EncryptionContext:aws:s3:arn": object_arn,
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
        "aws:CalledVia": ["s3.amazonaws.com"],
        "aws:CalledViaFirst": "s3.amazonaws.com",
        "aws:CalledViaLast": "s3.amazonaws.com",
        "aws:ViaAWSService": "true",
    }
    return Need(action, arn, context)


def _source(header: str) -> Need:
    path, _, query = header.partition("?")
    name = unquote(path).lstrip("/")
    version = dict(parse_qsl(query)).get("versionId", "")
    arn = name if name.startswith("arn:") else f"arn:aws:s3:::{name}"
    return Need("s3:GetObjectVersion" if version else "s3:GetObject", arn, {"s3:versionid": version or None})


_DELETED = re.compile(rb"<(?:\w+:)?Object>(.*?)</(?:\w+:)?Object>", re.DOTALL)
_DELETED_KEY = re.compile(rb"<(?:\w+:)?Key>(.*?)</(?:\w+:)?Key>", re.DOTALL)
_DELETED_VERSION = re.compile(rb"<(?:\w+:)?VersionId>([^<]+)</")


def _deletions(asked: Asked, bucket: str, context: Context) -> Iterator[Need]:
    from xml.sax.saxutils import unescape

    found = False
    for entry in _DELETED.findall(asked.call.request.body):
        key = _DELETED_KEY.search(entry)
        if key is None:
            continue
        found = True
        version = _DELETED_VERSION.search(entry)
        name = unescape(key[1].decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"})
        action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
        yield Need(
            action, f"{bucket}/{name}", {**context, "s3:versionid": version[1].decode() if version else None}
        )
    if not found:
        yield Need("s3:DeleteObject", f"{bucket}/*", context)


def _form_key(asked: Asked) -> str:
    found = re.search(rb'name="key"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n', asked.call.request.body)
    return found[1].decode("utf-8", "replace") if found else ""


def _of_control(asked: Asked) -> Iterator[Need]:
    """S3 Control: accounts' settings, access points, jobs."""
    operation = asked.call.operation
    name = {
        "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
        "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
        "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
    }.get(operation, operation)  # fmt: skip
    arn = "*"
    if "AccessPoint" in operation and asked.text("Name"):
        arn = asked.arn(f"accesspoint/{asked.text('Name')}")
    elif asked.text("ResourceArn"):
        arn = asked.text("ResourceArn")
    yield Need(f"s3:{name}", arn, request_keys(asked))


def request_keys(asked: Asked) -> Context:
    """The keys that any request to S3 may carry."""
    request = asked.call.request
    headers, query = headers_of(asked), request.query
    found: dict[str, str | list[str] | None] = {f"s3:{n}": headers[n] for n in _HEADER_KEYS if n in headers}
    found |= {key: headers[name] for name, key in _LOCK_KEYS.items() if name in headers}
    for name in ("prefix", "delimiter", "max-keys"):
        if name in query and asked.call.operation.startswith("List"):
            found[f"s3:{name}"] = query[name]
    if "x-amz-tagging" in headers:
        tags = dict(parse_qsl(headers["x-amz-tagging"], keep_blank_values=True))
        found |= {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
        found["s3:RequestObjectTagKeys"] = list(tags)
    if asked.call.operation in ("PutObjectTagging", "PutBucketTagging"):
        tags = _xml_tags(request.body)
        if asked.call.operation == "PutObjectTagging":
            found |= {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
            found["s3:RequestObjectTagKeys"] = list(tags)
    location = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", request.body[:4096])
    if location and asked.call.operation == "CreateBucket":
        found["s3:LocationConstraint"] = location[1].decode("utf-8", "replace")
    return found


def _xml_tags(body: bytes) -> dict[str, str]:
    pairs = re.findall(rb"<Tag>\s*<Key>(.*?)</Key>\s*<Value>(.*?)</Value>\s*</Tag>", body, re.DOTALL)
    return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in pairs}
