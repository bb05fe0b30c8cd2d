"""S3: names, objects and policies, as AWS takes and refuses them."""

from __future__ import annotations

import base64
import binascii
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from cloudlings.sandbox import shapes
from cloudlings.sandbox.model import Response
from cloudlings.sandbox.operations import values_of
from cloudlings.sandbox.rules.registry import Given, Refusal, after, before

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NO_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_NO_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def invalid_name() -> Refusal:
    return Refusal("InvalidBucketName", "The specified bucket is not valid.")


@before("s3", "CreateBucket")
def name_of_a_bucket(given: Given) -> Refusal | None:
    """A bucket's name has 3 to 63 small letters, digits, periods and hyphens, and is no IP address.

    Source: S3 User Guide, "General purpose bucket naming rules".
    """
    name = given.input.get("Bucket", "")
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or name.startswith(_NO_STARTS[:2])
        or name.endswith(_NO_ENDS)
    ):
        return invalid_name()
    try:
        ip_address(name)
    except ValueError:
        return None
    return invalid_name()


@after(
    "s3", "PutObject", "GetObject", "HeadObject", "CopyObject", "CreateMultipartUpload", "UploadPart",
    "CompleteMultipartUpload",
)  # fmt: skip
async def encrypted_by_default(given: Given, response: Response) -> Response:  # noqa: ARG001
    """Every new object is encrypted with SSE-S3 unless something else is asked for, and answers say so.

    Source: S3 User Guide, "Using server-side encryption with Amazon S3 managed keys" (since January 2023).
    """
    named = any(name.startswith("x-amz-server-side-encryption") for name, _ in response.headers)
    if response.status >= 300 or named:
        return response
    header = ("x-amz-server-side-encryption", "AES256")
    return Response(response.status, (*response.headers, header), response.body)


@before("s3", "CreateBucket")
def known_location(given: Given) -> Refusal | None:
    """A bucket's location is a Region that there is.

    Source: S3 API reference, CreateBucket: LocationConstraint's valid values, as in the service model.
    """
    found = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", given.call.request.body)
    if found is None or found[1].decode() in {
        *values_of("s3", "BucketLocationConstraint"),
        given.call.region,
    }:
        return None
    return Refusal("InvalidLocationConstraint", "The specified location-constraint is not valid")


@before("s3", "PutBucketPolicy")
def well_formed_policy(given: Given) -> Refusal | None:
    """A bucket policy is JSON, keeps to the policy language, names a principal, and is about its bucket.

    Source: S3 User Guide, "Bucket policies"; IAM User Guide, "Grammar of the IAM JSON policy language"
    and "IAM JSON policy elements: Principal".
    """
    # Imported here: the engine is not needed for the gateway's first answer.
    from cloudlings.iam.validation import validate

    body = given.call.request.body
    if not body.lstrip().startswith(b"{"):
        return Refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    document = body.decode("utf-8", "replace")
    problems = validate(document, "bucket", bucket=_bucket(given))
    return Refusal(problems[0].code, problems[0].message) if problems else None


def _bucket(given: Given) -> str:
    return given.call.resource.removeprefix("arn:aws:s3:::").partition("/")[0]


@before("s3", "PutBucketPolicy")
async def principals_that_are_there(given: Given) -> Refusal | None:
    """A principal of the account that a bucket policy names by its ARN is there.

    Source: S3 User Guide, "Bucket policies" troubleshooting; IAM User Guide, "Troubleshoot Amazon S3 and
    IAM": Invalid principal in policy.
    """
    from cloudlings.sandbox.rules.principals import missing

    if await missing(given, given.call.request.body.decode("utf-8", "replace")):
        return Refusal("MalformedPolicy", "Invalid principal in policy")
    return None


@before("s3", "PutBucketPolicy")
async def no_public_policy(given: Given) -> Refusal | None:
    """A bucket that blocks public policies takes none.

    Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", BlockPublicPolicy.
    """
    from cloudlings.iam.documents import parse
    from cloudlings.iam.public import is_public

    found = await given.read("GetPublicAccessBlock", "s3", Bucket=_bucket(given))
    settings = found.get("PublicAccessBlockConfiguration", {})
    if settings.get("BlockPublicPolicy") and is_public(
        parse(given.call.request.body.decode("utf-8", "replace"))
    ):
        return Refusal("AccessDenied", "Access Denied", 403)
    return None


@before("s3", "PutObject", "CopyObject", "CreateMultipartUpload")
def what_an_object_can_be(given: Given) -> Refusal | None:
    """Key, metadata, storage class and encryption are within S3's bounds.

    Source: S3 User Guide, "Naming Amazon S3 objects", "Working with object metadata"; S3 API reference,
    Error responses: KeyTooLongError, MetadataTooLarge, InvalidStorageClass.
    """
    request = given.call.request
    key = given.call.resource.removeprefix("arn:aws:s3:::").partition("/")[2]
    if len(key.encode()) > 1024:
        return Refusal("KeyTooLongError", "Your key is too long")
    prefix = "x-amz-meta-"
    notes = [(k.removeprefix(prefix), v) for k, v in request.headers if k.startswith(prefix)]
    if sum(len(k) + len(v.encode("utf-8", "replace")) for k, v in notes) > 2048:
        return Refusal("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
    kind = request.header("x-amz-storage-class")
    if kind and kind not in values_of("s3", "StorageClass"):
        return Refusal("InvalidStorageClass", "The storage class you specified is not valid")
    cipher = request.header("x-amz-server-side-encryption")
    if cipher and cipher not in values_of("s3", "ServerSideEncryption"):
        return Refusal("InvalidArgument", "The encryption method specified is not supported")
    return None


@before("s3", "PutObject", "UploadPart")
def digest_that_is_one(given: Given) -> Refusal | None:
    """A Content-MD5 is the base64 of 16 bytes.

    Source: S3 API reference, Error responses, InvalidDigest.
    """
    given_digest = given.call.request.header("content-md5")
    if not given_digest:
        return None
    try:
        valid = len(base64.b64decode(given_digest, validate=True)) == 16
    except binascii.Error:
        valid = False
    return None if valid else Refusal("InvalidDigest", "The Content-MD5 you specified is not valid.")


@before("s3", "PutObject", "CopyObject", "CreateMultipartUpload")
async def key_of_an_object(given: Given) -> Refusal | None:
    """A KMS key that an object names is there.

    Source: S3 API reference, Error responses, KMS.NotFoundException.
    """
    key = given.call.request.header("x-amz-server-side-encryption-aws-kms-key-id")
    if not key or await given.read("DescribeKey", "kms", KeyId=key):
        return None
    account, region = given.call.account_id, given.call.region
    name = key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"
    return Refusal("KMS.NotFoundException", f"Key '{name}' does not exist")


@before("s3", "PutObject", "CreateMultipartUpload", "CopyObject", "PutObjectAcl", "PutBucketAcl")
async def acls_are_off(given: Given) -> Refusal | None:
    """Where the bucket owner owns every object, no ACL is taken but bucket-owner-full-control.

    Source: S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket".
    """
    request = given.call.request
    granted = any(name.startswith("x-amz-grant-") for name, _ in request.headers)
    acl = request.header("x-amz-acl")
    of_acl = given.call.operation.endswith("Acl")
    if not granted and acl in ("", "bucket-owner-full-control", "private") and not (of_acl and not acl):
        return None
    found = await given.read("GetBucketOwnershipControls", "s3", Bucket=_bucket(given))
    rules = found.get("OwnershipControls", {}).get("Rules", [])
    if any(rule.get("ObjectOwnership") == "BucketOwnerEnforced" for rule in rules):
        return Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")
    return None


@before("s3", "UploadPart", "UploadPartCopy")
def number_of_a_part(given: Given) -> Refusal | None:
    """A part's number is from 1 to 10,000.

    Source: S3 User Guide, "Amazon S3 multipart upload limits".
    """
    number = given.input.get("PartNumber")
    if isinstance(number, int) and 1 <= number <= 10_000:
        return None
    return Refusal("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")


@before("s3", "RestoreObject")
async def object_to_restore(given: Given) -> Refusal | None:
    """Only an archived object is restored, for a day at least, in a tier that there is.

    Source: S3 API reference, RestoreObject (InvalidObjectState); Tier's valid values.
    """
    body = given.call.request.body.decode("utf-8", "replace")
    tier = re.search(r"<Tier>([^<]*)</Tier>", body)
    if tier and tier[1] not in values_of("s3", "Tier"):
        return Refusal("MalformedXML", _MALFORMED)
    days = re.search(r"<Days>(-?\d+)</Days>", body)
    if days and int(days[1]) < 1:
        return Refusal("InvalidArgument", "restoration days should be at least 1")
    asked = given.input
    found = await given.ask("s3", _head(asked))
    if found.status != 200:
        return None
    kind = dict(found.headers).get("x-amz-storage-class", "STANDARD")
    if kind not in ("GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"):
        message = "Restore is not allowed for the object's current storage class"
        return Refusal("InvalidObjectState", message, 403)
    return None


_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"


def _head(asked: dict[str, Any]) -> Any:
    return shapes.write_input("s3", "HeadObject", {"Bucket": asked["Bucket"], "Key": asked["Key"]})


@before("s3", "CopyObject")
def copy_that_changes_something(given: Given) -> Refusal | None:
    """An object is copied onto itself to change something only.

    Source: S3 API reference, CopyObject, and Error responses, InvalidRequest.
    """
    asked = given.input
    source = unquote(str(asked.get("CopySource", ""))).lstrip("/").partition("?")[0]
    if source != f"{asked.get('Bucket')}/{asked.get('Key')}":
        return None
    changes = ("x-amz-metadata-directive", "x-amz-storage-class", "x-amz-website",
               "x-amz-server-side-encryption", "x-amz-tagging-directive", "x-amz-object-lock",
               "x-amz-checksum-algorithm")  # fmt: skip
    if "versionId" in str(asked.get("CopySource", "")) or any(
        name.startswith(changes) and value != "COPY" for name, value in given.call.request.headers
    ):
        return None
    message = (
        "This copy request is illegal because it is trying to copy an object to itself without changing the "
        "object's metadata, storage class, website redirect location or encryption attributes."
    )
    return Refusal("InvalidRequest", message)


SMALLEST_PART = 5 * 1024**2


@before("s3", "CompleteMultipartUpload")
async def parts_of_an_object(given: Given) -> Refusal | None:
    """Parts are completed in order, and every one but the last has 5 MiB at least.

    Source: S3 User Guide, "Amazon S3 multipart upload limits"; InvalidPartOrder, EntityTooSmall.
    """
    asked = given.input
    parts = (asked.get("MultipartUpload") or {}).get("Parts", [])
    numbers = [part.get("PartNumber", 0) for part in parts]
    if not parts:
        return Refusal("MalformedXML", _MALFORMED)
    if numbers != sorted(set(numbers)):
        message = (
            "The list of parts was not in ascending order. The parts "
            "list must be specified in order by part number."
        )
        return Refusal("InvalidPartOrder", message)
    where = {"Bucket": asked["Bucket"], "Key": asked["Key"], "UploadId": asked.get("UploadId", "")}
    listed = (await given.read("ListParts", "s3", **where)).get("Parts", [])
    sizes = {part["PartNumber"]: part.get("Size", SMALLEST_PART) for part in listed}
    if any(sizes.get(number, SMALLEST_PART) < SMALLEST_PART for number in numbers[:-1]):
        message = "Your proposed upload is smaller than the minimum allowed size"
        return Refusal("EntityTooSmall", message)
    return None


@after("s3", "PutObject", "HeadObject", "GetObject", "CopyObject")
async def bucket_key(given: Given, response: Response) -> Response:
    """An object encrypted with KMS in a bucket with a Bucket Key says so.

    Source: S3 User Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys".
    """
    headers = dict(response.headers)
    name = "x-amz-server-side-encryption-bucket-key-enabled"
    if response.status >= 300 or headers.get("x-amz-server-side-encryption") != "aws:kms" or name in headers:
        return response
    found = await given.read("GetBucketEncryption", "s3", Bucket=_bucket(given))
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    if not any(rule.get("BucketKeyEnabled") for rule in rules):
        return response
    return Response(response.status, (*response.headers, (name, "true")), response.body)


@before("s3", "GetBucketPolicyStatus")
async def status_of_a_policy(given: Given) -> Response | None:
    """A bucket's policy status says whether the policy is public.

    Source: S3 API reference, GetBucketPolicyStatus; S3 User Guide, "The meaning of public".
    """
    from cloudlings.iam.documents import parse
    from cloudlings.iam.public import is_public

    asked = shapes.write_input("s3", "GetBucketPolicy", {"Bucket": _bucket(given)})
    found = await given.ask("s3", asked)
    if found.status != 200:
        return found
    public = "true" if is_public(parse(found.body.decode("utf-8", "replace"))) else "false"
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = (
        f'<?xml version="1.0"?>\n<PolicyStatus xmlns="{space}"><IsPublic>{public}</IsPublic></PolicyStatus>'
    )
    return Response(200, (("content-type", "application/xml"),), body.encode())
