"""Every need of a request put to ``cloudlings.iam``: who asks, over what, under which policies and keys."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any, Final

from cloudlings.iam.decide import decide
from cloudlings.iam.decision import Decision
from cloudlings.iam.request import ContextValue, Policies, Principal, Request, Settings, account_of
from cloudlings.iam.service_rules import TRUST_ACTIONS
from cloudlings.iam.statements import Policy
from cloudlings.sandbox.authorization.account import (
    Account,
    Documents,
    grants_of,
    levels_of,
    parse_text,
    resource_policy,
)
from cloudlings.sandbox.authorization.context import global_keys
from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.resources import Resource, Resources
from cloudlings.sandbox.authorization.services.identity import web_identity
from cloudlings.sandbox.authorization.source import Facts

# How a resource's policy is called when a decision is explained.
_LABELS: Final = {
    "s3": "bucket policy", "sqs": "queue policy", "sns": "topic policy", "lambda": "function policy",
    "kms": "key policy", "secretsmanager": "secret's policy", "events": "event bus policy",
    "dynamodb": "table policy", "ecr": "repository policy", "kinesis": "stream policy", "sts": "trust policy",
}  # fmt: skip
_ACL_ACTIONS: Final = {
    "READ": ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions",
             "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetBucketAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutBucketAcl", "s3:PutObjectVersionAcl"),
}  # fmt: skip
_OBJECT_ACL: Final = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:GetObjectVersionAcl",
                      "s3:PutObjectAcl", "s3:PutObjectVersionAcl")  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """What came of a request: the needs decided, in order, up to the first that was refused, and all
    needed."""

    needed: tuple[Need, ...]
    decisions: tuple[Decision, ...]

    @property
    def allowed(self) -> bool:
        """Whether every need was allowed."""
        return all(decision.allowed for decision in self.decisions)


class Judge:
    """Decides needs from the live accounts."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def judge(self, asked: Asked, needs: tuple[Need, ...]) -> Judgement:
        """Decide every need, up to the first that is refused. PolicyError when a policy cannot be read."""
        documents = await self._caller(asked)
        mentions = documents.mentions
        shared = global_keys(asked, documents.facts or None, time.time())
        resources = Resources(asked, self._account, mentions)
        completed = await resources.of(needs)
        decisions: list[Decision] = []
        for one in completed:
            decisions.append(await self._decide(one, documents, shared, resources))
            if not decisions[-1].allowed:
                break
        return Judgement(tuple(one.need for one in completed), tuple(decisions))

    async def _caller(self, asked: Asked) -> Documents:
        caller = asked.call.caller
        if caller is None:
            return Documents(_unsigned(asked), Policies(), {}, "")
        found = await self._account.principal(caller.access_key_id)
        if found is None:
            # The key went between the check of its signature and now: nobody has it any more.
            return Documents(Principal("user", caller.arn), Policies(), {}, "")
        return found

    async def _decide(
        self, one: Resource, documents: Documents, shared: dict[str, ContextValue], resources: Resources
    ) -> Decision:
        if one.need.action == "s3:CreateBucket":
            # A bucket that is to be made is nobody's yet: that another account has the name is S3's to say.
            one = replace(one, facts={})
        policy, text = _policy_of(one)
        own = await resources.keys(one, documents.mentions + text)
        organization = _organization(one.facts, documents)
        context = {**shared, **organization, **own, **one.need.context}
        request = Request(
            documents.principal,
            one.need.action,
            one.need.resource,
            resource_account=_owner(one, documents.principal),
            context=context,
        )
        policies = replace(
            documents.policies,
            resource=policy,
            grants=grants_of(one.facts),
            rcp=levels_of(_organization_facts(one.facts, documents).get("rcp") or ()),
            settings=Settings(
                s3_block_public_access=bool(one.facts.get("restricted")),
                management_account=str(documents.facts.get("management") or ""),
            ),
        )
        decision = decide(request, policies)
        if decision.outcome == "ImplicitDeny" and request.service == "s3":
            return await self._by_acl(one, request, policies, decision)
        return decision

    async def _by_acl(
        self, one: Resource, request: Request, policies: Policies, decision: Decision
    ) -> Decision:
        """Access control lists let in whom no policy does, where the bucket still has them."""
        if not one.facts.get("acls"):
            return decision
        bucket, _, key = one.need.resource.removeprefix("arn:aws:s3:::").partition("/")
        grants = one.facts.get("acl") or []
        if key and one.need.action in _OBJECT_ACL:
            version = str(one.need.context.get("s3:versionid") or "")
            grants = (await self._account.object(bucket, key, version)).get("acl") or []
        policy = _acl_policy(grants, one.need.resource)
        if policy is None:
            return decision
        allowed = decide(request, replace(policies, resource=policy, settings=Settings()))
        return allowed if allowed.allowed else decision


def _unsigned(asked: Asked) -> Principal:
    """Whoever sends a request without AWS credentials: nobody, or a provider's token speaks for someone."""
    role = account_of(asked.text("RoleArn"))
    if asked.call.operation == "AssumeRoleWithWebIdentity":
        host, _ = web_identity(asked)
        known = host in ("cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com")
        return Principal("oidc", host if known else f"arn:aws:iam::{role}:oidc-provider/{host}")
    if asked.call.operation == "AssumeRoleWithSAML":
        return Principal("saml", asked.text("PrincipalArn") or "saml")
    return Principal("anonymous")


def _policy_of(one: Resource) -> tuple[Policy | None, str]:
    """The policy of the resource as far as it has a say in this action, and its text in lower case."""
    service, folded = one.need.action.partition(":")[0], one.need.action.lower()
    if service == "iam" or (service == "sts" and folded not in TRUST_ACTIONS):
        return None, ""
    policy, text = resource_policy(one.facts, _LABELS.get(service, "resource policy"))
    if policy is None and service == "kms" and ":key/" in one.need.resource:
        # AWS's own keys, and keys that are not there: their account's policies decide.
        return _default_key_policy(account_of(one.need.resource)), ""
    return policy, text


def _default_key_policy(account: str) -> Policy:
    statement = {
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
    }  # fmt: skip
    return parse_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), "key policy")


def _owner(one: Resource, principal: Principal) -> str:
    """The account that the resource belongs to; AWS's own images and the like count as the caller's."""
    owner = str(one.facts.get("owner") or account_of(one.need.resource) or principal.account)
    return owner if owner.isdecimal() else principal.account


def _organization_facts(facts: Facts, documents: Documents) -> Facts:
    """The organization of the resource's account."""
    found: Facts = facts.get("organization", documents.facts)
    return found


def _organization(facts: Facts, documents: Documents) -> dict[str, ContextValue]:
    found = _organization_facts(facts, documents)
    if not found.get("org"):
        return {}
    return {"aws:ResourceOrgID": found["org"], "aws:ResourceOrgPaths": [found["org_path"]]}


def _acl_policy(grants: list[list[str]], resource: str) -> Policy | None:
    """The statements that an access control list amounts to (S3 User Guide, "Access control list
    overview")."""
    statements: list[dict[str, Any]] = []
    for grantee, permission in grants:
        names = _ACL_ACTIONS if permission == "FULL_CONTROL" else (permission,)
        actions = [action for name in names for action in _ACL_ACTIONS.get(name, ())]
        who: Any = {"AWS": grantee} if grantee.isdecimal() else {"CanonicalUser": grantee}
        statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resource}
        if grantee in ("everyone", "authenticated"):
            who = "*"
        if grantee == "authenticated":
            statement["Condition"] = {"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}
        if actions:
            statements.append({**statement, "Principal": who})
    if not statements:
        return None
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return parse_text(text, "access control list")
