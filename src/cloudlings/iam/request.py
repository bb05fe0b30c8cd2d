"""Who asks for what, and every policy that has a say: the input of ``decide``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cloudlings.errors import PolicyError
from cloudlings.iam.lazy import lazy
from cloudlings.iam.statements import Policy

PrincipalType = Literal[
    "user", "role", "session", "federated-user", "oidc", "saml", "service", "root", "anonymous"
]
PRINCIPAL_TYPES: tuple[PrincipalType, ...] = (
    "user", "role", "session", "federated-user", "oidc", "saml", "service", "root", "anonymous"
)  # fmt: skip
ContextValue = str | int | float | bool | None | Sequence[str | int | float | bool]


def account_of(arn: str | None) -> str:
    """The account of an ARN ("" where it holds none, as an S3 bucket's)."""
    parts = (arn or "").split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else ""


@dataclass(frozen=True)
class Principal:
    """Who makes a request.

    ``arn`` is the caller's own: of a session the ``assumed-role`` ARN, of a service its name
    (``sns.amazonaws.com``), of ``oidc`` and ``saml`` the identity provider's (or its host), of an
    anonymous caller None. ``role_arn`` of a session is the role's ARN with its path, which the session's
    ARN lacks; left out, the role has no path. ``user_arn`` of a federated user is the user who called
    GetFederationToken. ``id`` is the unique id (AIDA…, AROA…:session), where known.
    ``service_names`` are further names of a service principal (regional ones). ``canonical_id`` is the
    account's canonical user id, which bucket policies may name.
    """

    type: PrincipalType
    arn: str | None = None
    role_arn: str = ""
    user_arn: str = ""
    id: str = ""
    service_names: tuple[str, ...] = ()
    canonical_id: str = ""

    def __post_init__(self) -> None:
        if self.type not in PRINCIPAL_TYPES:
            raise PolicyError(
                f"{self.type!r} is no type of principal.",
                next_step=f"Use one of {', '.join(PRINCIPAL_TYPES)}.",
            )
        if self.arn is None and self.type != "anonymous":
            raise PolicyError(f"A principal of type {self.type!r} needs an ARN or a name.")

    @lazy
    def account(self) -> str:
        """The caller's account; "" for services and anonymous callers."""
        return "" if self.type in ("service", "anonymous") else account_of(self.arn)

    @lazy
    def name(self) -> str:
        """What follows the last slash or colon: a user's name, a session's name."""
        return (self.arn or "").rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    @lazy
    def role(self) -> str:
        """The ARN of the role behind a session (or of the role itself); "" for others."""
        if self.role_arn:
            return self.role_arn
        if self.type == "role":
            return self.arn or ""
        if self.type != "session":
            return ""
        parts = (self.arn or "").split(":", 5)
        if len(parts) != 6 or not parts[5].startswith("assumed-role/"):
            return ""
        return f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"

    @lazy
    def is_service_linked(self) -> bool:
        """Whether this is a service-linked role's session; SCPs and RCPs leave those alone."""
        resource = self.role.split(":", 5)[-1]
        return resource.startswith(("role/aws-service-role/", "role/AWSServiceRoleFor"))

    def __str__(self) -> str:
        return self.arn or "anonymous"


def _text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _values(value: ContextValue) -> tuple[str, ...]:
    if isinstance(value, (str, bool, int, float)):
        return (_text(value),)
    return tuple(_text(item) for item in value or ())


@dataclass(frozen=True)
class Names:
    """What policies may call a caller: itself, who stands behind it, its account; a service, a provider."""

    direct: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    service: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Request:
    """One request: an action (``s3:GetObject``) by a principal on one resource ARN (``*`` where it has none).

    ``context`` holds the condition keys as AWS would fill them: a value, or a list for a multivalued
    key. Keys that follow from the principal and the resource's account (aws:PrincipalArn, aws:username …)
    are added where they are not given; a key given as None is absent whatever would be derived.
    ``resource_account`` is the account that owns the resource; left out, it is the ARN's, else the caller's.
    """

    principal: Principal
    action: str
    resource: str = "*"
    resource_account: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if ":" not in self.action or "*" in self.action or "?" in self.action:
            raise PolicyError(
                f"A request has one action such as s3:GetObject; {self.action!r} is none.",
                next_step="Name one service and one action, with no wildcard.",
            )

    @lazy
    def owner(self) -> str:
        """The account that owns the resource."""
        return self.resource_account or account_of(self.resource) or self.principal.account

    @lazy
    def same_account(self) -> bool:
        """Whether the caller belongs to the account that owns the resource."""
        return self.principal.account != "" and self.principal.account == self.owner

    @lazy
    def folded_action(self) -> str:
        """The action in lower case: action names compare without regard to case."""
        return self.action.lower()

    @lazy
    def service(self) -> str:
        """The action's service prefix in lower case, ``s3``."""
        return self.folded_action.partition(":")[0]

    @lazy
    def target(self) -> str:
        """The resource as Resource elements see it: ListAllMyBuckets is checked on ``arn:aws:s3:::*``."""
        if self.resource == "*" and self.folded_action == "s3:listallmybuckets":
            return "arn:aws:s3:::*"
        return self.resource

    @lazy
    def names(self) -> Names:
        """What Principal elements may call the caller. Unique ids stand for their user or role."""
        who = self.principal
        if who.type == "anonymous":
            return Names()
        if who.type == "service":
            return Names(service=frozenset((who.arn or "", *who.service_names)))
        if who.type in ("oidc", "saml"):
            return Names(federated=frozenset((who.arn or "",)))
        partition = (who.arn or "arn:aws").split(":")[1]
        account = frozenset((f"arn:{partition}:iam::{who.account}:root", who.account))
        if who.type == "root":
            return Names(direct=account, account=account)
        return Names(
            direct=frozenset(self._own_names()), limited=frozenset(self._names_behind()), account=account
        )

    def _own_names(self) -> Iterable[str]:
        who = self.principal
        if who.type != "role":
            yield who.arn or ""
        if who.type == "user" and who.id:
            yield who.id

    def _names_behind(self) -> Iterable[str]:
        """The role behind a session (aws:PrincipalArn may tell its path), the user who federated."""
        who = self.principal
        if who.type == "federated-user" and who.user_arn:
            yield who.user_arn
        if who.type in ("session", "role"):
            yield who.role
            if who.id:
                yield who.id.partition(":")[0]
            for arn in self.keys.get("aws:principalarn", ()):
                if ":role/" in arn and arn.rpartition("/")[2] == who.role.rpartition("/")[2]:
                    yield arn

    @lazy
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """Every condition key that is present: its name in lower case, with its values."""
        found = self._derived()
        for key, value in self.context.items():
            if value is None:
                found.pop(key.lower(), None)
            else:
                found[key.lower()] = _values(value)
        return found

    def _derived(self) -> dict[str, tuple[str, ...]]:
        """The keys that follow from who calls, by AWS's table of principal key values."""
        who = self.principal
        found: dict[str, tuple[str, ...]] = {}
        if self.owner:
            found["aws:resourceaccount"] = (self.owner,)
        if who.type == "anonymous":
            return {**found, "aws:principaltype": ("Anonymous",), "aws:userid": ("anonymous",)}
        found["aws:principalisawsservice"] = ("true" if who.type == "service" else "false",)
        if who.type == "service":
            found["aws:principalservicename"] = (who.arn or "",)
            found["aws:principalservicenameslist"] = (who.arn or "", *who.service_names)
            return found
        if who.type in ("oidc", "saml"):
            return found
        found["aws:principalarn"] = (who.role or who.arn or "",)
        found["aws:principalaccount"] = (who.account,)
        found["aws:principaltype"] = (_PRINCIPAL_KEY_TYPE[who.type],)
        found.update(self._derived_ids())
        return found

    def _derived_ids(self) -> dict[str, tuple[str, ...]]:
        who = self.principal
        if who.type == "user":
            ids = {"aws:userid": (who.id,)} if who.id else {}
            return {"aws:username": (who.name,), **ids}
        if who.type == "root":
            return {"aws:userid": (who.account,)}
        if who.type == "federated-user":
            return {"aws:userid": (f"{who.account}:{who.name}",)}
        return {"aws:userid": (who.id,)} if who.id else {}


_PRINCIPAL_KEY_TYPE = {
    "user": "User", "root": "Account", "session": "AssumedRole", "role": "AssumedRole",
    "federated-user": "FederatedUser",
}  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """A KMS grant on the key: who may do which operations (``Decrypt``), under which encryption context.

    ``grantee`` is an ARN, an account, or a service principal. ``context_equals``, ``context_subset`` and
    ``source_arn`` are the grant's constraints, as ``CreateGrant`` takes them; None is no constraint.
    """

    grantee: str
    operations: tuple[str, ...]
    id: str = ""
    context_equals: tuple[tuple[str, str], ...] | None = None
    context_subset: tuple[tuple[str, str], ...] | None = None
    source_arn: str | None = None
    retiring_principal: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Grant:
        """One grant of KMS's ``ListGrants``."""
        constraints = data.get("Constraints") or {}
        equals, subset = (
            constraints.get("EncryptionContextEquals"),
            constraints.get("EncryptionContextSubset"),
        )
        return cls(
            grantee=data.get("GranteePrincipal") or data.get("GranteeServicePrincipal", ""),
            operations=tuple(data.get("Operations", ())),
            id=data.get("GrantId", ""),
            context_equals=tuple(equals.items()) if equals else None,
            context_subset=tuple(subset.items()) if subset else None,
            source_arn=constraints.get("SourceArn"),
            retiring_principal=data.get("RetiringPrincipal", ""),
        )


@dataclass(frozen=True)
class Settings:
    """What is set outside policies and changes a decision.

    ``s3_block_public_access``: RestrictPublicBuckets is on for the bucket (or its account).
    ``management_account``: the organization's management account, which SCPs and RCPs do not touch.
    """

    s3_block_public_access: bool = False
    management_account: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """From a mapping; a setting that the engine does not know is a PolicyError."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise PolicyError(
                f"{unknown[0]!r} is no setting of the engine.",
                next_step=f"Known: {', '.join(cls.__dataclass_fields__)}.",
            )
        return cls(**values)


Levels = tuple[tuple[Policy, ...], ...]


@dataclass(frozen=True)
class Policies:
    """Every policy that has a say in a request.

    ``identity`` holds the caller's own (of a session, its role's), inline and managed; ``groups`` those of
    the user's groups. ``session`` policies count together, and none passed is (). ``scp`` and
    ``rcp`` are levels, the root's first and the account's own last; the implicit RCPFullAWSAccess is not
    listed. ``resource`` is the resource's policy: of a KMS key its key policy, of a role its trust policy
    (which may stand in ``trust`` as well). ``vpce`` is the policy of the VPC endpoint that the request
    came through, None when it came through none.
    """

    identity: tuple[Policy, ...] = ()
    groups: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    resource: Policy | None = None
    vpce: Policy | None = None
    scp: Levels = ()
    rcp: Levels = ()
    grants: tuple[Grant, ...] = ()
    trust: Policy | None = None
    settings: Settings = Settings()

    @classmethod
    def of(
        cls,
        *,
        identity: Iterable[Any] = (),
        groups: Iterable[Any] = (),
        boundary: Any = None,
        session: Any = None,
        resource: Any = None,
        vpce: Any = None,
        scp: Iterable[Iterable[Any]] = (),
        rcp: Iterable[Iterable[Any]] = (),
        grants: Iterable[Grant] = (),
        trust: Any = None,
        settings: Settings | Mapping[str, Any] | None = None,
    ) -> Policies:
        """The same from documents: JSON text, mappings, or policies already parsed, in any mixture."""
        from cloudlings.iam.documents import parse_optional, parse_several

        if not isinstance(settings, Settings):
            settings = Settings.of(settings or {})
        return cls(
            identity=parse_several(identity, "identity policy"),
            groups=parse_several(groups, "group policy"),
            boundary=parse_optional(boundary, "permissions boundary"),
            session=parse_several(session, "session policy"),
            resource=parse_optional(resource, "resource policy"),
            vpce=parse_optional(vpce, "VPC endpoint policy"),
            scp=tuple(parse_several(level, f"level-{number} SCP") for number, level in enumerate(scp, 1)),
            rcp=tuple(parse_several(level, f"level-{number} RCP") for number, level in enumerate(rcp, 1)),
            grants=tuple(grants),
            trust=parse_optional(trust, "trust policy"),
            settings=settings,
        )
