"""Gather the policies that apply to a caller and a resource from an account, and say what could not be read.

The account is anything with boto3's ``client(service, region)``: a boto3 session, or the read-only view that
graders have. Nothing is raised for an answer that an emulator lacks or a read that is refused: it is in
``unread``, and whoever decides on the policies says so. A policy that is not there is not unread. What a
grader's view could not ask at all (nobody answers, or evidence lacks it) says nothing of the account: raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

from cloudlings.errors import EvidenceMissing, PolicyError, SandboxUnavailable
from cloudlings.iam.documents import parse
from cloudlings.iam.request import (
    ContextValue,
    Grant,
    Policies,
    Principal,
    PrincipalType,
    Settings,
    account_of,
)
from cloudlings.iam.statements import Policy


class SessionLike(Protocol):
    """What is asked of an account: a boto3 client for a service, in a Region where that matters."""

    def client(self, service_name: str, region_name: str | None = None, /) -> Any:
        """A client as boto3 makes it."""


@dataclass(frozen=True)
class Unread:
    """A read that failed: what it was for, and why it failed."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True)
class Gathered:
    """The policies of a caller and a resource, the caller as the engine sees it, and what could not be read.

    ``context`` holds the caller's tags as ``aws:PrincipalTag/…``. SCPs, RCPs and endpoint policies are
    not in an account and stay empty.
    """

    policies: Policies
    principal: Principal
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


def gather(
    session: SessionLike, principal: str, resource: str = "*", *, owner: SessionLike | None = None
) -> Gathered:
    """The policies that have a say when ``principal`` (an ARN) uses ``resource`` (an ARN, or ``*``).

    ``principal`` is the ARN of a user, a role, a role's session or an account's root, a service's name, or
    ``anonymous``; PolicyError when it is none of these. ``owner`` is the resource's account where it is
    another than the caller's.
    """
    reader = _Reader(session)
    caller = _caller(reader, principal)
    found = caller.policies
    owned = _Resource(reader if owner is None else _Reader(owner, reader.unread), resource)
    policy = owned.policy()
    policies = Policies(
        identity=found.identity,
        groups=found.groups,
        boundary=found.boundary,
        resource=policy,
        grants=owned.grants(),
        settings=Settings(s3_block_public_access=owned.blocks_public_access()),
    )
    return Gathered(policies, caller.principal, caller.context, tuple(reader.unread))


# --- reading without falling over ---------------------------------------------------------------

_ABSENT = (
    "NoSuchBucketPolicy", "NoSuchEntity", "ResourceNotFoundException", "NoSuchPublicAccessBlockConfiguration",
    "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound",
    "NotFoundException",
)  # fmt: skip


class _Reader:
    """Calls the account and keeps what failed. An answer that says "there is none" is no failure."""

    def __init__(self, session: SessionLike, unread: list[Unread] | None = None) -> None:
        self.session = session
        self.unread: list[Unread] = [] if unread is None else unread

    def call(
        self, what: str, service: str, operation: str, region: str = "", **arguments: Any
    ) -> dict[str, Any]:
        """The answer of one call; {} when there is nothing, or when it could not be read."""
        try:
            client = self.session.client(service, region) if region else self.session.client(service)
            answer = getattr(client, operation)(**arguments)
        except (EvidenceMissing, SandboxUnavailable):
            raise
        except Exception as error:  # an emulator fails in its own ways: the caller is told, not stopped
            if _code(error) not in _ABSENT:
                self.unread.append(Unread(what, _why(error)))
            return {}
        return answer if isinstance(answer, dict) else {}

    def pages(self, what: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """The items of an IAM listing, page after page."""
        marker: dict[str, str] = {}
        while True:
            answer = self.call(what, "iam", operation, **arguments, **marker)
            yield from answer.get(key, ())
            if not answer.get("IsTruncated") or not answer.get("Marker"):
                return
            marker = {"Marker": answer["Marker"]}

    def note_missing(self, what: str, found: Any) -> None:
        """Say that something is not there that should be, unless it is said already why."""
        if not found and not any(unread.what == what for unread in self.unread):
            self.unread.append(Unread(what, "it is not there"))

    def document(self, what: str, document: Any) -> Policy | None:
        """A policy from what the account holds; None where there is none, or none that can be read."""
        if not document:
            return None
        if isinstance(document, str) and document.lstrip().startswith("%"):
            document = unquote(document)
        try:
            return parse(document, what)
        except PolicyError as error:
            self.unread.append(Unread(what, error.message))
            return None


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


# --- the caller ---------------------------------------------------------------------------------


@dataclass
class _Caller:
    principal: Principal
    policies: Policies = field(default_factory=Policies)
    context: Mapping[str, ContextValue] = field(default_factory=dict)


def _caller(reader: _Reader, arn: str) -> _Caller:
    if arn == "anonymous":
        return _Caller(Principal("anonymous"))
    if arn.endswith(".amazonaws.com"):
        return _Caller(Principal("service", arn))
    kind, _, rest = arn.split(":", 5)[-1].partition("/")
    if kind == "root" and not rest and account_of(arn):
        return _Caller(Principal("root", arn))
    if kind == "user" and rest:
        return _user(reader, arn, rest.rpartition("/")[2])
    if kind == "role" and rest:
        return _role(reader, arn, rest.rpartition("/")[2], "role")
    if kind == "assumed-role" and rest.count("/") == 1:
        return _role(reader, arn, rest.partition("/")[0], "session")
    raise PolicyError(
        f"{arn!r} is no principal whose policies can be gathered.",
        next_step="Give the ARN of a user, a role, a session or root, a service's name, or 'anonymous'.",
    )


def _user(reader: _Reader, arn: str, name: str) -> _Caller:
    about = reader.call(f"user {name}", "iam", "get_user", UserName=name).get("User", {})
    reader.note_missing(f"user {name}", about)
    groups: list[Policy] = []
    for group in reader.pages(f"groups of {name}", "list_groups_for_user", "Groups", UserName=name):
        groups += _of_identity(reader, "group", group["GroupName"])
    policies = Policies(
        identity=tuple(_of_identity(reader, "user", name)),
        groups=tuple(groups),
        boundary=_boundary(reader, about, f"user {name}"),
    )
    principal = Principal("user", about.get("Arn", arn), id=about.get("UserId", ""))
    return _Caller(principal, policies, _tags(about))


def _role(reader: _Reader, arn: str, name: str, type_: PrincipalType) -> _Caller:
    about = reader.call(f"role {name}", "iam", "get_role", RoleName=name).get("Role", {})
    reader.note_missing(f"role {name}", about)
    policies = Policies(
        identity=tuple(_of_identity(reader, "role", name)), boundary=_boundary(reader, about, f"role {name}")
    )
    id_ = about.get("RoleId", "")
    if type_ == "session" and id_:
        id_ = f"{id_}:{arn.rpartition('/')[2]}"
    principal = Principal(type_, arn, role_arn=about.get("Arn", ""), id=id_)
    return _Caller(principal, policies, _tags(about))


def _tags(about: Mapping[str, Any]) -> dict[str, ContextValue]:
    return {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in about.get("Tags") or ()}


def _of_identity(reader: _Reader, kind: str, name: str) -> Iterator[Policy]:
    """The inline and the managed policies of a user, a group or a role."""
    argument = {f"{kind.capitalize()}Name": name}
    listing = f"inline policies of {kind} {name}"
    for inline in reader.pages(listing, f"list_{kind}_policies", "PolicyNames", **argument):
        what = f"inline policy {inline} of {kind} {name}"
        answer = reader.call(what, "iam", f"get_{kind}_policy", PolicyName=inline, **argument)
        policy = reader.document(what, answer.get("PolicyDocument"))
        if policy is not None:
            yield policy
    listing = f"managed policies of {kind} {name}"
    for managed in reader.pages(listing, f"list_attached_{kind}_policies", "AttachedPolicies", **argument):
        policy = _managed(
            reader, managed["PolicyArn"], f"managed policy {managed['PolicyName']} of {kind} {name}"
        )
        if policy is not None:
            yield policy


def _managed(reader: _Reader, arn: str, what: str) -> Policy | None:
    """The default version of a managed policy. Attached and not readable is unread, never absent."""
    version = (
        reader.call(what, "iam", "get_policy", PolicyArn=arn).get("Policy", {}).get("DefaultVersionId", "v1")
    )
    answer = reader.call(what, "iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    document = answer.get("PolicyVersion", {}).get("Document")
    reader.note_missing(what, document)
    return reader.document(what, document)


def _boundary(reader: _Reader, about: Mapping[str, Any], whose: str) -> Policy | None:
    arn = (about.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return _managed(reader, arn, f"permissions boundary of {whose}") if arn else None


# --- the resource -------------------------------------------------------------------------------


class _Resource:
    """One resource, and where its policy is kept."""

    def __init__(self, reader: _Reader, arn: str) -> None:
        self.reader = reader
        parts = arn.split(":", 5) if arn.startswith("arn:") else []
        self.arn = arn
        self.service, self.region, self.account, self.id = parts[2:6] if len(parts) == 6 else ("", "", "", "")

    def policy(self) -> Policy | None:
        """The resource's own policy, in services that have one."""
        readers: dict[str, Callable[[], Policy | None]] = {
            "s3": self._bucket, "sqs": self._queue, "sns": self._topic, "kms": self._key,
            "lambda": self._function, "secretsmanager": self._secret, "iam": self._trust,
        }  # fmt: skip
        reader = readers.get(self.service)
        return reader() if reader else None

    def grants(self) -> tuple[Grant, ...]:
        """The grants on a KMS key."""
        if self.service != "kms" or not self.id.startswith("key/"):
            return ()
        answer = self._call(f"grants on {self.id}", "list_grants", KeyId=self.arn)
        return tuple(Grant.read(grant) for grant in answer.get("Grants", ()))

    def blocks_public_access(self) -> bool:
        """Whether RestrictPublicBuckets is on for the bucket."""
        if self.service != "s3":
            return False
        answer = self._call(
            f"public access block of {self._name}", "get_public_access_block", Bucket=self._name
        )
        return bool(answer.get("PublicAccessBlockConfiguration", {}).get("RestrictPublicBuckets"))

    @property
    def _name(self) -> str:
        return self.id.partition("/")[0]

    def _call(self, what: str, operation: str, **arguments: Any) -> dict[str, Any]:
        return self.reader.call(what, self.service, operation, self.region, **arguments)

    def _bucket(self) -> Policy | None:
        what = f"bucket policy of {self._name}"
        return self.reader.document(
            what, self._call(what, "get_bucket_policy", Bucket=self._name).get("Policy")
        )

    def _queue(self) -> Policy | None:
        what = f"queue policy of {self.id}"
        url = self._call(what, "get_queue_url", QueueName=self.id, QueueOwnerAWSAccountId=self.account).get(
            "QueueUrl"
        )
        if not url:
            return None
        answer = self._call(what, "get_queue_attributes", QueueUrl=url, AttributeNames=["Policy"])
        return self.reader.document(what, answer.get("Attributes", {}).get("Policy"))

    def _topic(self) -> Policy | None:
        what = f"topic policy of {self.id}"
        answer = self._call(what, "get_topic_attributes", TopicArn=self.arn)
        return self.reader.document(what, answer.get("Attributes", {}).get("Policy"))

    def _key(self) -> Policy | None:
        if not self.id.startswith("key/"):
            return None
        what = f"key policy of {self.id}"
        return self.reader.document(
            what, self._call(what, "get_key_policy", KeyId=self.arn, PolicyName="default").get("Policy")
        )

    def _function(self) -> Policy | None:
        what = f"function policy of {self.id}"
        return self.reader.document(what, self._call(what, "get_policy", FunctionName=self.arn).get("Policy"))

    def _secret(self) -> Policy | None:
        what = f"policy of {self.id}"
        answer = self._call(what, "get_resource_policy", SecretId=self.arn)
        return self.reader.document(what, answer.get("ResourcePolicy"))

    def _trust(self) -> Policy | None:
        if not self.id.startswith("role/"):
            return None
        name = self.id.rpartition("/")[2]
        what = f"trust policy of role {name}"
        answer = self._call(what, "get_role", RoleName=name)
        return self.reader.document(what, answer.get("Role", {}).get("AssumeRolePolicyDocument"))
