"""What AWS refuses when a policy is written, in AWS's wording, with the place in the document.

``validate`` returns every problem that it finds; AWS reports one, which is the first here. Wording: IAM's
and S3's error messages as their users report them. Where AWS's own words are not known, the code is AWS's and
the message ours. Good advice about a policy that AWS would accept is in ``advice``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cloudlings.errors import PolicyError
from cloudlings.iam.documents import load, parse
from cloudlings.iam.globs import glob, plain
from cloudlings.iam.service_rules import TRUST_ACTIONS
from cloudlings.iam.statements import Place, Policy, Principals, Statement

Kind = Literal[
    "managed", "inline", "session", "trust", "bucket", "queue", "topic", "key", "secret", "vpce", "scp", "rcp"
]
"""What a policy is attached to, as far as AWS's checks differ."""

_CODES: Final[Mapping[Kind, str]] = {
    "managed": "MalformedPolicyDocument", "inline": "MalformedPolicyDocument",
    "session": "MalformedPolicyDocument", "trust": "MalformedPolicyDocument", "bucket": "MalformedPolicy",
    "queue": "InvalidAttributeValue", "topic": "InvalidParameter", "key": "MalformedPolicyDocumentException",
    "secret": "MalformedPolicyDocumentException", "vpce": "InvalidParameter",
    "scp": "MalformedPolicyDocumentException", "rcp": "MalformedPolicyDocumentException",
}  # fmt: skip

MAX_SIZES: Final[Mapping[Kind, int]] = {
    "managed": 6144, "trust": 2048, "session": 2048, "bucket": 20_480, "key": 32_768, "secret": 20_480,
    "rcp": 5120,
}  # fmt: skip
"""Characters without the white space between tokens (quotas of IAM and STS, S3, KMS, Secrets Manager).

Inline limits hold for all inline policies of an identity together: whoever holds them checks them."""

_IDENTITY: Final = ("managed", "inline", "session", "scp")
_IAM: Final = ("managed", "inline", "session", "trust")
PARTITIONS: Final = (
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
)
"""What an ARN's second part may be."""

SHARED_OIDC: Final[Mapping[str, str]] = {
    "token.actions.githubusercontent.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
    "gitlab.com": "sub",
    "agent.buildkite.com": "sub",
    "app.terraform.io": "sub",
    "oidc.codefresh.io": "sub",
    "api.pulumi.com/oidc": "aud",
    "oidc.vercel.com": "aud",
    "cognito-identity.amazonaws.com": "aud",
}
"""Identity providers that many organizations share, with the claim that a trust policy must test.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers"."""


@dataclass(frozen=True)
class Problem:
    """Something that AWS refuses: its error code, its message, where it is, and in our words what it is."""

    code: str
    message: str
    place: Place
    detail: str = ""

    def __str__(self) -> str:
        where = f" ({self.place})" if str(self.place) else ""
        return f"{self.code}: {self.message}{where}"


def validate(
    document: str | bytes | Mapping[str, Any] | Policy, kind: Kind, *, bucket: str = "", name: str = ""
) -> tuple[Problem, ...]:
    """Every problem that AWS has with ``document`` as a policy of this kind; () when it takes it.

    ``bucket`` is the name of the bucket that a bucket policy is for. Never raises for a bad document.
    """
    try:
        policy = parse(document, name)
    except PolicyError as error:
        return (_unreadable(error, kind, document, name),)
    found = [Problem(_CODES[kind], message, place) for message, place in _problems(policy, kind, bucket)]
    found += _too_long(document, kind, name)
    return tuple(found)


def _unreadable(error: PolicyError, kind: Kind, document: Any, name: str) -> Problem:
    """A document that is no policy: AWS's few words, and our own, more precise ones as the detail."""
    is_json = not isinstance(document, (str, bytes)) or _is_json(document)
    if kind == "bucket":
        no_json = "Policies must be valid JSON and the first byte must be '{'"
        message = "Invalid policy syntax." if is_json else no_json
    elif kind in _IAM:
        message = "Syntax errors in policy." if is_json else "This policy contains invalid Json"
    else:
        message = _GENERIC.get(kind, "The policy is not valid.")
    return Problem(_CODES[kind], message, Place(name), error.message)


_GENERIC: Final[Mapping[Kind, str]] = {
    "queue": "Invalid value for the parameter Policy.",
    "topic": "Invalid parameter: Policy Error: null",
    "scp": "The provided policy document does not meet the requirements of the specified policy type.",
    "rcp": "The provided policy document does not meet the requirements of the specified policy type.",
}


def _is_json(document: Any) -> bool:
    try:
        return isinstance(json.loads(document), dict)
    except (ValueError, RecursionError):
        return False


def _too_long(document: Any, kind: Kind, name: str) -> list[Problem]:
    most = MAX_SIZES.get(kind)
    if most is None or isinstance(document, Policy):
        return []
    data = document if isinstance(document, Mapping) else load(document)
    if len(json.dumps(data, separators=(",", ":"), ensure_ascii=False)) <= most:
        return []
    if kind == "bucket":
        message = f"Normalized policy document exceeds the maximum allowed size of {most} bytes."
        return [Problem("PolicyTooLarge", message, Place(name))]
    if kind == "session":
        return [Problem("PackedPolicyTooLarge", "The session policy is too long.", Place(name))]
    return [Problem("LimitExceeded", f"Cannot exceed quota for PolicySize: {most}", Place(name))]


# --- what is wrong ------------------------------------------------------------------------------

Found = Iterator[tuple[str, Place]]


def _problems(policy: Policy, kind: Kind, bucket: str) -> Found:
    if not policy.statements:
        yield (
            ("Syntax errors in policy." if kind in _IAM else "Missing required field Statement"),
            Place(policy.name),
        )
    for statement in policy.statements:
        yield from _elements(statement, kind)
        yield from _principals(statement, kind)
        yield from _trust(statement, kind)
        if kind == "bucket":
            yield from _bucket(statement, bucket)
        else:
            yield from _actions(statement)
            yield from _resources(statement, kind)
    yield from _sids(policy, kind)


def _elements(statement: Statement, kind: Kind) -> Found:
    """Which elements a policy of this kind must have, and must not."""
    has_principal = statement.principal is not None or statement.not_principal is not None
    has_resource = statement.resource is not None or statement.not_resource is not None
    if kind in _IDENTITY and has_principal:
        yield "Policy document should not specify a principal.", statement.place / "Principal"
    if kind not in _IDENTITY and not has_principal:
        yield "Missing required field Principal", statement.place
    if kind == "trust" and has_resource:
        yield "Has prohibited field Resource", statement.place / "Resource"
    if kind in _IDENTITY and not (statement.resource or statement.not_resource):
        yield "Policy statement must contain resources.", statement.place
    if kind in ("bucket", "rcp") and not has_resource:
        yield "Missing required field Resource", statement.place
    if not (statement.action or statement.not_action):
        yield "Policy statement must contain actions.", statement.place
    if statement.not_principal is not None and (statement.effect == "Allow" or kind in ("trust", "rcp")):
        yield (
            "NotPrincipal is supported with Deny only, and not in this kind of policy.",
            statement.place / "NotPrincipal",
        )


_ARN_PRINCIPAL = re.compile(
    r"arn:[a-z-]+:(iam::\d{12}:(root|user/.+|role/.+)|sts::\d{12}:(assumed-role/[^/]+/.+|federated-user/.+)"
    r"|iam::cloudfront:user/.+)"
)
_OTHER_PRINCIPAL = re.compile(r"\*|\d{12}|A(IDA|ROA|GPA|NPA|PKA|SCA)[A-Z0-9]{12,}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
_FEDERATED = re.compile(r"arn:[a-z-]+:iam::\d{12}:(saml-provider|oidc-provider)/.+|[a-z0-9.-]+\.[a-z]+")


def _principals(statement: Statement, kind: Kind) -> Found:
    named = statement.principal or statement.not_principal
    if named is None or kind in _IDENTITY:
        return
    for type_, value in _invalid_principals(named):
        if kind == "trust":
            message = f'Invalid principal in policy: "{type_}":"{value}"'
        elif kind == "key":
            message = "Policy contains a statement with one or more invalid principals."
        else:
            message = "Invalid principal in policy"
        yield message, statement.place / "Principal" / type_
    if kind == "rcp" and not named.everyone:
        yield _GENERIC["rcp"], statement.place / "Principal"


def _invalid_principals(named: Principals) -> Iterator[tuple[str, str]]:
    for value in named.aws:
        partial = "*" in value and value != "*"
        if partial or not (_OTHER_PRINCIPAL.fullmatch(value) or _ARN_PRINCIPAL.fullmatch(value)):
            yield "AWS", value
    for value in named.service:
        if not _SERVICE.fullmatch(value):
            yield "Service", value
    for value in named.federated:
        if not _FEDERATED.fullmatch(value):
            yield "Federated", value


def _trust(statement: Statement, kind: Kind) -> Found:
    if kind != "trust":
        return
    for action in statement.action or ():
        covers = glob(plain(action.lower()))
        if action == "*" or not any(covers(name) for name in TRUST_ACTIONS):
            yield "AssumeRole policy may only specify STS AssumeRole actions.", statement.place / "Action"
    if statement.effect != "Allow" or statement.principal is None:
        return
    tested = {condition.folded_key for condition in statement.conditions}
    for provider in statement.principal.federated:
        host = provider.partition("oidc-provider/")[2] or provider
        claim = SHARED_OIDC.get(host)
        if claim and f"{host}:{claim}" not in tested:
            yield f"A trust in {host} must evaluate {host}:{claim}.", statement.place / "Condition"


def _sids(policy: Policy, kind: Kind) -> Found:
    sids = [statement.sid for statement in policy.statements if statement.sid]
    if len(set(sids)) != len(sids):
        yield "Statement IDs (SID) in a single policy must be unique.", Place(policy.name)
    for statement in policy.statements:
        if kind in _IAM and not re.fullmatch(_SID, statement.sid):
            message = "Statement IDs (SID) must be alpha-numeric."
            hint = f"Check that your input satisfies the regular expression {_SID}"
            yield f"{message} {hint}", statement.place / "Sid"


_SID: Final = "[0-9A-Za-z]*"


# --- actions and resources ----------------------------------------------------------------------


def _actions(statement: Statement) -> Found:
    element = "Action" if statement.action is not None else "NotAction"
    for action in statement.action or statement.not_action or ():
        vendor, colon, name = action.partition(":")
        if action == "*":
            continue
        if not colon or not vendor:
            message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            yield message, statement.place / element
        elif ":" in name:
            yield "Actions/Condition can contain only one colon.", statement.place / element
        elif not re.fullmatch(r"[a-zA-Z0-9.*?-]+", vendor):
            yield f"Vendor {vendor} is not valid", statement.place / element
    for condition in statement.conditions:
        if ":" not in condition.key:
            message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            yield message, condition.place


def _resources(statement: Statement, kind: Kind) -> Found:
    element = "Resource" if statement.resource is not None else "NotResource"
    for resource in statement.resource or statement.not_resource or ():
        message = _resource_problem(resource)
        if not message and kind == "session" and resource.startswith("arn:") and resource.count(":") < 5:
            message = f"Resource {resource} is incomplete, which a session policy does not support."
        if message:
            yield message, statement.place / element


def _resource_problem(resource: str) -> str:
    if resource == "*":
        return ""
    parts = resource.split(":")
    if parts[0] != "arn":
        return f'Resource {resource} must be in ARN format or "*".'
    if len(parts) > 1 and parts[1] not in PARTITIONS and not set(parts[1]) & set("*?"):
        return f'Partition "{parts[1]}" is not valid for resource "{resource}".'
    if len(parts) > 2 and set(parts[2]) & set("*?") and len(parts) > 3:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    if len(parts) > 4 and parts[3] not in ("", "*"):
        if parts[2] == "iam":
            return f"IAM resource {resource} cannot contain region information."
        if parts[2] == "s3" and len(parts) == 6 and not parts[5].startswith(_REGIONAL_S3):
            return f"Resource {resource} can not contain region information."
    return ""


_REGIONAL_S3: Final = ("accesspoint", "job/", "storage-lens", "access-grants")


# --- bucket policies ----------------------------------------------------------------------------


def _bucket(statement: Statement, bucket: str) -> Found:
    resources = statement.resource or statement.not_resource or ()
    for resource in resources:
        if not _within(resource, bucket):
            yield "Policy has invalid resource", statement.place / "Resource"
            return
    for action in statement.action or statement.not_action or ():
        types = _s3_resource_types(action)
        if not types:
            yield "Policy has invalid action", statement.place / "Action"
        elif statement.action and statement.resource and not types & _types_of(resources):
            yield "Action does not apply to any resource(s) in statement", statement.place / "Action"
    yield from _s3_keys(statement)


def _s3_keys(statement: Statement) -> Found:
    """S3's own condition keys must exist, and belong to every action of the statement that is spelled out."""
    from cloudlings.iam import data

    actions = [found for name in statement.action or () if (found := data.action(name)) is not None]
    for condition in statement.conditions:
        if not condition.folded_key.startswith("s3:"):
            continue
        if data.key_type(condition.key) is None:
            yield "Policy has an invalid condition key", condition.place
        elif not all(data.applies(condition.key, action) for action in actions):
            message = "Conditions do not apply to combination of actions and resources in statement"
            yield message, condition.place


def _within(resource: str, bucket: str) -> bool:
    """Whether the ARN can only mean this bucket or what is in it."""
    prefix = "arn:aws:s3:::"
    if not resource.startswith(prefix):
        return False
    name = resource.removeprefix(prefix).partition("/")[0]
    return not bucket or glob(plain(name))(bucket)


def _types_of(resources: tuple[str, ...]) -> set[str]:
    """Bucket or object: an ARN without a slash that ends in no star is a bucket's."""
    found: set[str] = set()
    for resource in resources:
        name = resource.rpartition(":")[2]
        if "/" in name:
            found.add("object")
        else:
            found |= {"bucket", "object"} if name.endswith("*") else {"bucket"}
    return found


def _s3_resource_types(action: str) -> set[str]:
    """What the S3 actions behind a pattern are about: bucket, object or both. Empty: no such action."""
    from cloudlings.iam.data import actions_of

    if action in ("*", "s3:*"):
        return {"bucket", "object"}
    covers = glob(plain(action.lower()))
    matched = [known for known in actions_of("s3").values() if covers(known.name.lower())]
    types: set[str] = set()
    for known in matched:
        names = {resource_type.name for resource_type in known.resource_types}
        types |= {"object"} & names | ({"bucket"} if "bucket" in names and "object" not in names else set())
        if not names & {"object", "bucket"}:
            types.add("bucket")
    return types
