"""S3: what AWS refuses or fills in, and MiniStack does not."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from cloudlings.errors import PolicyError
from cloudlings.sandbox.model import Call, Response
from cloudlings.sandbox.operations import values_of
from cloudlings.sandbox.rules.registry import Given, Refusal, after, before

_S3_ARN = re.compile(r"arn:aws(-cn|-us-gov)?:s3:::([^/]+)(/.*)?")


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
    found = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", call.request.body)
    if found is None or found[1].decode() in {*values_of("s3", "BucketLocationConstraint"), call.region}:
        return None
    return Refusal("InvalidLocationConstraint", "The specified location-constraint is not valid")


@before("s3", "PutBucketPolicy")
def well_formed_policy(given: Given) -> Refusal | None:
    """A bucket policy is JSON, keeps to the policy language, names a principal, and is about its bucket.

    Source: S3 User Guide, "Bucket policies"; IAM User Guide, "Grammar of the IAM JSON policy language"
    and "IAM JSON policy elements: Principal".
    """
    # Imported here: the engine is not needed for the gateway's first answer.
    from cloudlings.iam.documents import parse

    if not call.request.body.lstrip().startswith(b"{"):
        message = "Policies must be valid JSON and the first byte must be '{'"
        return Refusal("MalformedPolicy", message)
    try:
        policy = parse(call.request.body.decode("utf-8", "replace"))
    except PolicyError as error:
        return Refusal("MalformedPolicy", error.message)
    for statement in policy.statements:
        if statement.principal is None and statement.not_principal is None:
            return Refusal("MalformedPolicy", "Missing required field Principal")
        resources = statement.resource or statement.not_resource or ()
        if any(not _is_about(resource, _bucket(call)) for resource in resources):
            return Refusal("MalformedPolicy", "Policy has invalid resource")
    return None


def _bucket(call: Call) -> str:
    return call.resource.removeprefix("arn:aws:s3:::").partition("/")[0]


def _is_about(resource: str, bucket: str) -> bool:
    if resource == "*":
        return False
    found = _S3_ARN.fullmatch(resource)
    if found is None:
        # Access points and variables have forms of their own, which the emulator looks at.
        return ":accesspoint/" in resource
    pattern = re.escape(found[2]).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, bucket) is not None


@before("s3", "PutBucketLifecycleConfiguration")
def thirty_days_before_infrequent_access(given: Given) -> Refusal | None:
    """Objects stay 30 days before a rule moves them to an Infrequent Access class.

    Source: S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle", constraints.
    """
    for kind, days_element in (("Transition", "Days"), ("NoncurrentVersionTransition", "NoncurrentDays")):
        for days, storage_class in _transitions(call.request.body, kind, days_element):
            if storage_class in ("STANDARD_IA", "ONEZONE_IA") and days < 30:
                message = (
                    f"'{days_element}' in {kind} action must be greater than or equal to 30 "
                    f"for storageClass '{storage_class}'"
                )
                return Refusal("InvalidArgument", message)
    return None


def _transitions(body: bytes, kind: str, days_element: str) -> list[tuple[int, str]]:
    if b"<!" in body:
        return []  # no document type or entity belongs in a request; the emulator refuses it
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return []
    found = []
    for action in (e for e in root.iter() if e.tag.rpartition("}")[2] == kind):
        values = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in action}
        if values.get(days_element, "").isdecimal():
            found.append((int(values[days_element]), values.get("StorageClass", "")))
    return found
