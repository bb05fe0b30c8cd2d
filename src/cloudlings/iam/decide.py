"""Decide one request: AWS's published evaluation logic over every policy that has a say.

Sources: IAM User Guide, "How AWS enforcement code logic evaluates requests", "Cross-account policy
evaluation logic", "Permissions boundaries"; AWS Organizations, "SCP evaluation" and "RCP evaluation"; KMS,
"Troubleshooting permissions"; PrivateLink, "Control access using endpoint policies".

An explicit Deny anywhere decides. Otherwise every guardrail that applies (RCP, SCP, endpoint policy, Block
Public Access) must let the request pass, and then someone must grant it: inside one account the identity
side or the resource's policy, across accounts both, on a KMS key and on a role's trust always the
resource's policy too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudlings.errors import PolicyError
from cloudlings.iam import service_rules
from cloudlings.iam.decision import Decision, Layer, LayerVerdict
from cloudlings.iam.grants import grant_reach
from cloudlings.iam.matching import Reach, denies, matcher, reach
from cloudlings.iam.public import is_public
from cloudlings.iam.request import Policies, Request
from cloudlings.iam.statements import Policy, Statement

_IDENTITIES = ("user", "role", "session", "federated-user")


def decide(request: Request, policies: Policies) -> Decision:
    """Whether ``policies`` let ``request`` through, with the reasons.

    Raises PolicyError when a policy or the request uses what the engine does not know.
    """
    free = service_rules.needs_no_permission(request)
    if free:
        return Decision(request, "Allowed", (LayerVerdict("rule", "allow", note=free),))
    return _Evaluation(request, policies).decision()


@dataclass
class _Side:
    """One side that must grant: the layers that would have to allow, and those that do not."""

    granted: bool
    statements: tuple[Statement, ...] = ()
    missing: tuple[LayerVerdict, ...] = ()


class _Evaluation:
    """One decision in the making: every layer's verdict, then how they combine."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self.request = request
        self.policies = policies
        self.who = request.principal
        self.is_trust = service_rules.is_role_trust(request)
        self.reach = Reach.NONE
        self.grant = Reach.NONE

    def decision(self) -> Decision:
        guards = [self._rule(), self._rcp(), self._scp(), self._vpce(), self._public_access_block()]
        self.resource, self.granted = self._resource(), self._grants()
        self.identity, self.boundary, self.session = self._identity(), self._boundary(), self._session()
        layers = tuple(
            layer
            for layer in (*guards, self.resource, self.granted, self.identity, self.boundary, self.session)
            if layer is not None
        )
        denying = [layer for layer in layers if layer.verdict == "deny"]
        if denying:
            statements = tuple(statement for layer in denying for statement in layer.statements)
            return Decision(self.request, "ExplicitDeny", layers, statements)
        blocking = tuple(guard for guard in guards if guard is not None and guard.verdict == "silent")
        side = self._sides()
        if side.granted and not blocking:
            return Decision(self.request, "Allowed", layers, side.statements)
        missing = (*blocking, *side.missing)
        return Decision(self.request, "ImplicitDeny", layers, (), missing, self.policies)

    # --- guardrails: each may stop the request, none grants it ---------------------------------

    def _rule(self) -> LayerVerdict | None:
        reason = service_rules.never(self.request)
        return LayerVerdict("rule", "silent", note=reason) if reason else None

    def _rcp(self) -> LayerVerdict | None:
        """RCPs only deny: RCPFullAWSAccess, which cannot be detached, allows at every level."""
        if not self.policies.rcp:
            return None
        if self._is_management(self.request.owner):
            return LayerVerdict("rcp", "not-applicable", note="RCPs do not touch the management account")
        if not service_rules.rcp_applies(self.request):
            return LayerVerdict("rcp", "not-applicable", note="RCPs do not apply to this caller or service")
        found = self._denying(_flat(self.policies.rcp, "rcp"), with_principal=True)
        return LayerVerdict("rcp", "deny" if found else "allow", found)

    def _scp(self) -> LayerVerdict | None:
        """Every level must allow; the caller's account is the one whose SCPs count."""
        if not self.policies.scp:
            return None
        if self._is_management(self.who.account):
            return LayerVerdict("scp", "not-applicable", note="SCPs do not touch the management account")
        if not service_rules.scp_applies(self.request):
            return LayerVerdict(
                "scp", "not-applicable", note="SCPs bind users, roles and root of a member account only"
            )
        found = self._denying(_flat(self.policies.scp, "scp"))
        if found:
            return LayerVerdict("scp", "deny", found)
        allowing: tuple[Statement, ...] = ()
        for number, level in enumerate(self.policies.scp, 1):
            allowed = self._allowing(_statements(level, "scp"))
            if not allowed:
                note = f"no SCP at level {number} of {len(self.policies.scp)} allows it"
                return LayerVerdict("scp", "silent", note=note)
            allowing += allowed
        return LayerVerdict("scp", "allow", allowing)

    def _vpce(self) -> LayerVerdict | None:
        if self.policies.vpce is None:
            return None
        statements = _statements((self.policies.vpce,), "vpce")
        found = self._denying(statements, with_principal=True)
        if found:
            return LayerVerdict("vpce", "deny", found)
        allowing = tuple(one for one in self._allowing(statements) if reach(one, self.request))
        return LayerVerdict("vpce", "allow" if allowing else "silent", allowing)

    def _public_access_block(self) -> LayerVerdict | None:
        """RestrictPublicBuckets: a public policy serves AWS services and the owner's account only."""
        if not self.policies.settings.s3_block_public_access or self.request.service != "s3":
            return None
        if not is_public(self.policies.resource):
            return LayerVerdict("public-access-block", "allow", note="the bucket policy is not public")
        if self.request.same_account or self.who.type == "service":
            return LayerVerdict(
                "public-access-block", "allow", note="the caller belongs to the bucket's account"
            )
        note = "the bucket policy is public, and Block Public Access leaves only the bucket's own account in"
        return LayerVerdict("public-access-block", "silent", note=note)

    def _is_management(self, account: str) -> bool:
        return account != "" and account == self.policies.settings.management_account

    # --- grants ---------------------------------------------------------------------------------

    def _resource(self) -> LayerVerdict | None:
        """The resource's policy, a role's trust policy included; keeps how far its grants reach."""
        policy = self.policies.resource
        if self.is_trust and self.policies.trust is not None:
            policy = self.policies.trust
        layer: Layer = "trust" if self.is_trust else "resource"
        if policy is None:
            return LayerVerdict(layer, "silent", note="there is none") if self._needs_resource() else None
        statements = _statements((policy,), "resource")
        found = self._denying(statements, with_principal=True)
        if found and not self._root_keeps_bucket_policy():
            return LayerVerdict(layer, "deny", found)
        reached = [(reach(one, self.request), one) for one in self._allowing(statements)]
        self.reach = max((far for far, _ in reached), default=Reach.NONE)
        allowing = tuple(one for far, one in reached if far)
        if self.reach == Reach.DELEGATED and self.who.type != "root":
            note = "it names the account, which leaves the decision to the account's own policies"
            return LayerVerdict(layer, "allow", allowing, note)
        return LayerVerdict(layer, "allow" if allowing else "silent", allowing)

    def _grants(self) -> LayerVerdict | None:
        if not self.policies.grants or not service_rules.is_kms_key(self.request):
            return None
        self.grant = max(
            (grant_reach(grant, self.request) for grant in self.policies.grants), default=Reach.NONE
        )
        return LayerVerdict("grant", "allow" if self.grant else "silent")

    def _identity(self) -> LayerVerdict | None:
        if self.who.type == "root":
            return LayerVerdict("identity", "allow", note="the root user needs no policy of its own")
        if self.who.type not in _IDENTITIES:
            return None
        return self._layer("identity", (*self.policies.identity, *self.policies.groups))

    def _boundary(self) -> LayerVerdict | None:
        if self.policies.boundary is None or self.who.type not in _IDENTITIES:
            return None
        return self._layer("boundary", (self.policies.boundary,))

    def _session(self) -> LayerVerdict | None:
        if self.who.type not in _IDENTITIES:
            return None
        if self.policies.session:
            return self._layer("session", self.policies.session)
        if self.who.type == "federated-user":
            return LayerVerdict(
                "session", "silent", note="a federated user without a session policy has no permissions"
            )
        return None

    def _layer(self, name: Layer, policies: Sequence[Policy]) -> LayerVerdict:
        statements = _statements(policies, name)
        found = self._denying(statements)
        if found:
            return LayerVerdict(name, "deny", found)
        allowing = self._allowing(statements)
        return LayerVerdict(name, "allow" if allowing else "silent", allowing)

    # --- how they combine -----------------------------------------------------------------------

    def _sides(self) -> _Side:
        """Whether someone grants it, and who."""
        far = max(self.reach, self.grant)
        if self.who.type not in (*_IDENTITIES, "root"):
            return self._only_resource()
        if self.request.same_account:
            return self._same_account(far)
        identity = self._identity_side()
        if self.grant >= Reach.LIMITED:
            return self._limited(self._resource_statements())
        return _both(identity, self._only_resource())

    def _same_account(self, far: Reach) -> _Side:
        if self.who.type == "root":
            return self._only_resource() if self._needs_resource() else _Side(True)
        if far == Reach.DIRECT:
            return _Side(True, self._resource_statements())
        if far == Reach.LIMITED:
            return self._limited(self._resource_statements())
        identity = self._identity_side()
        if self._needs_resource():
            return _both(identity, self._only_resource())
        return identity

    def _limited(self, statements: tuple[Statement, ...]) -> _Side:
        """A grant to the role behind the caller: boundary and session policy still limit it."""
        missing = _silent(self.boundary, self.session)
        return _Side(not missing, statements, missing)

    def _identity_side(self) -> _Side:
        """Identity policies, cut by the boundary and the session policy. Root has everything."""
        missing = _silent(self.identity, self.boundary, self.session)
        statements = tuple(
            statement
            for layer in (self.identity, self.boundary, self.session)
            if layer is not None
            for statement in layer.statements
        )
        return _Side(not missing, statements, missing)

    def _only_resource(self) -> _Side:
        if max(self.reach, self.grant):
            return _Side(True, self._resource_statements())
        layer: Layer = "trust" if self.is_trust else "resource"
        return _Side(False, missing=(self.resource or LayerVerdict(layer, "silent", note="there is none"),))

    def _resource_statements(self) -> tuple[Statement, ...]:
        """The statements that granted; none where a KMS grant reached further than they did."""
        return self.resource.statements if self.resource is not None and self.reach >= self.grant else ()

    def _needs_resource(self) -> bool:
        """Whether the resource's policy must allow even inside one account."""
        return self.is_trust or service_rules.is_kms_key(self.request)

    def _root_keeps_bucket_policy(self) -> bool:
        return (
            self.who.type == "root"
            and self.request.same_account
            and self.request.folded_action in service_rules.BUCKET_POLICY_ACTIONS
        )

    # --- statements -----------------------------------------------------------------------------

    def _allowing(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        request = self.request
        return tuple(one for one in statements if one.effect == "Allow" and matcher(one).applies(request))

    def _denying(
        self, statements: Iterable[Statement], *, with_principal: bool = False
    ) -> tuple[Statement, ...]:
        request = self.request
        found = [one for one in statements if one.effect == "Deny" and matcher(one).applies(request)]
        if found and with_principal:
            has_boundary = self.policies.boundary is not None
            found = [one for one in found if denies(one, request, has_boundary=has_boundary)]
        return tuple(found)


def _both(first: _Side, second: _Side) -> _Side:
    return _Side(
        first.granted and second.granted,
        (*first.statements, *second.statements),
        (*first.missing, *second.missing),
    )


def _silent(*layers: LayerVerdict | None) -> tuple[LayerVerdict, ...]:
    return tuple(layer for layer in layers if layer is not None and layer.verdict == "silent")


# Which policies name principals. These may leave Resource out (a trust policy always does), and then mean
# what they are attached to; all others must name resources.
_WITH_PRINCIPAL: frozenset[str] = frozenset({"resource", "vpce", "rcp"})


def _flat(levels: Sequence[Sequence[Policy]], layer: Layer) -> list[Statement]:
    return [statement for level in levels for statement in _statements(level, layer)]


def _statements(policies: Sequence[Policy], layer: Layer) -> Sequence[Statement]:
    """All statements of a layer's policies, each policy checked once for what the layer asks of it."""
    for policy in policies:
        if layer not in policy.checked:
            _check(policy, layer)
            policy.checked.add(layer)
    if len(policies) == 1:
        return policies[0].statements
    return [statement for policy in policies for statement in policy.statements]


def _check(policy: Policy, layer: Layer) -> None:
    """Refuse what can stand in no policy of this layer, so that it never counts as a match or as none."""
    for statement in policy.statements:
        has_principal = statement.principal is not None or statement.not_principal is not None
        if has_principal != (layer in _WITH_PRINCIPAL):
            wrong = "has no Principal" if layer in _WITH_PRINCIPAL else "has a Principal"
            raise PolicyError(
                f"{statement.label}: a statement of this kind of policy ({layer}) {wrong}.",
                next_step="Principal belongs into policies on resources, and into no others.",
            )
        if layer not in _WITH_PRINCIPAL and statement.resource is None and statement.not_resource is None:
            raise PolicyError(f"{statement.label}: it needs Resource or NotResource.")
