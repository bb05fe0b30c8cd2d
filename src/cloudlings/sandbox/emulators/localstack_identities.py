"""Principals and roles in LocalStack, read by its IAM API: everything about one account in one answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudlings.sandbox.emulators.localstack_api import Api
from cloudlings.sandbox.emulators.localstack_keys import Keys, Session, UserKey

Facts = dict[str, Any]
REGION = "us-east-1"
_AWS = "arn:aws:iam::aws:policy/"
_WANTED = ["User", "Role", "Group", "LocalManagedPolicy"]


@dataclass(frozen=True)
class Identities:
    """The users, groups, roles and customer managed policies of an account, by name or ARN, as
    GetAccountAuthorizationDetails gives them."""

    users: Mapping[str, Facts] = field(default_factory=dict)
    groups: Mapping[str, Facts] = field(default_factory=dict)
    roles: Mapping[str, Facts] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)


class Iam:
    """What LocalStack's IAM keeps, remembered until something is written that may change it."""

    def __init__(self, api: Api, keys: Keys) -> None:
        self._api = api
        self._keys = keys
        self._known: dict[str, Identities] = {}

    def forget(self) -> None:
        """Read everything anew."""
        self._known.clear()

    async def of(self, account_id: str) -> Identities:
        """Everything in an account."""
        if account_id not in self._known:
            self._known[account_id] = await self._read(account_id)
        return self._known[account_id]

    async def _read(self, account_id: str) -> Identities:
        lists: dict[str, list[Facts]] = {}
        marker: Facts = {}
        while True:
            page = await self._api.ask(
                account_id, REGION, "iam", "GetAccountAuthorizationDetails", Filter=_WANTED, **marker
            )
            for name, found in (page or {}).items():
                if isinstance(found, list):
                    lists.setdefault(name, []).extend(found)
            if not page or not page.get("IsTruncated") or not page.get("Marker"):
                break
            marker = {"Marker": page["Marker"]}
        return Identities(
            users={one["UserName"]: one for one in lists.get("UserDetailList", ())},
            groups={one["GroupName"]: one for one in lists.get("GroupDetailList", ())},
            roles={one["RoleName"]: one for one in lists.get("RoleDetailList", ())},
            documents={one["Arn"]: _default_document(one) for one in lists.get("Policies", ())},
        )

    async def principal(self, access_key_id: str) -> Facts | None:
        """Whoever a key stands for, as ``Informant.ask("principal_facts")`` gives it."""
        session = self._keys.sessions.get(access_key_id)
        if session is not None:
            return await self._session(session)
        key = self._keys.users.get(access_key_id)
        return await self._user(key) if key is not None else None

    def _nobody(self, kind: str, arn: str, account: str) -> Facts:
        return {
            "canonical_id": canonical_id(account),
            "type": kind, "arn": arn, "account": account, "role_arn": "", "user_arn": "", "id": "",
            "identity": [], "groups": [], "boundary": None, "session": None, "tags": {},
            "temporary": False, "issued": None, "source_identity": None,
            # LocalStack's community edition has no Organizations.
            "org": None, "org_path": None, "management": None, "scp": [], "rcp": [],
        }  # fmt: skip

    async def _user(self, key: UserKey) -> Facts:
        known = await self.of(key.account_id)
        user = known.users.get(key.user) or {}
        arn = str(user.get("Arn") or f"arn:aws:iam::{key.account_id}:user/{key.user}")
        found = self._nobody("user", arn, key.account_id)
        found["id"] = user.get("UserId", "")
        found["identity"] = _policies(user, "UserPolicyList", known)
        for name in user.get("GroupList") or ():
            found["groups"] += _policies(known.groups.get(name) or {}, "GroupPolicyList", known)
        return await self._with_entity(found, user, known, "User", key.user)

    async def _with_entity(
        self, found: Facts, entity: Facts, known: Identities, kind: str, name: str
    ) -> Facts:
        """Adds tags and boundary, which LocalStack's list of everything may leave out."""
        if entity and not (entity.get("Tags") and entity.get("PermissionsBoundary")):
            asked = {f"{kind}Name": name}
            shown = await self._api.ask(found["account"], REGION, "iam", f"Get{kind}", **asked) or {}
            entity = {**entity, **(shown.get(kind) or {})}
        found["tags"] = pairs(entity.get("Tags"))
        boundary = (entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        if boundary:
            found["boundary"] = [boundary, known.documents.get(boundary)]
        return found

    async def _session(self, session: Session) -> Facts:
        account = session.account_id
        known = await self.of(account)
        if session.role:
            name = session.role.rpartition("/")[2]
            role = known.roles.get(name) or {}
            found = self._nobody("session", session.arn, account)
            found["role_arn"] = role.get("Arn", "")
            found["identity"] = _policies(role, "RolePolicyList", known)
            found = await self._with_entity(found, role, known, "Role", name)
            found["id"] = session.user_id
        else:
            found = await self._user(UserKey(account, session.user, ""))
            if ":federated-user/" in session.arn:
                found |= {"type": "federated-user", "user_arn": found["arn"], "arn": session.arn}
        found["tags"] |= session.tags
        found |= {"temporary": True, "issued": session.issued, "source_identity": session.source_identity}
        if session.policies is not None:
            found["session"] = [[label, known.documents.get(label, text)] for label, text in session.policies]
        return found

    async def resource(self, arn: str, account: str) -> Facts:
        """What is known of a user, role, group, instance profile or policy."""
        known = await self.of(account)
        kind, _, name = arn.split(":", 5)[5].partition("/")
        last = name.rpartition("/")[2]
        if kind == "instance-profile":
            return await self._profile(account, last)
        stores = {"user": known.users, "role": known.roles, "group": known.groups}
        if kind not in stores:
            return {}
        entity = stores[kind].get(last) or {}
        found: Facts = {"owner": account, "missing": not entity, "tags": {}}
        if entity.get("Arn"):
            found["arn"] = entity["Arn"]
        if kind == "role":
            found["policy"] = entity.get("AssumeRolePolicyDocument")
        if entity and kind != "group":
            shown = self._nobody("", "", account)
            full = await self._with_entity(shown, entity, known, kind.capitalize(), last)
            found["tags"] = full["tags"]
            if full["boundary"]:
                found["boundary"] = full["boundary"][0]
        return found

    async def _profile(self, account: str, name: str) -> Facts:
        asked = {"InstanceProfileName": name}
        shown = await self._api.ask(account, REGION, "iam", "GetInstanceProfile", **asked) or {}
        profile = shown.get("InstanceProfile") or {}
        roles = [role["Arn"] for role in profile.get("Roles") or () if role.get("Arn")]
        return {"arn": profile.get("Arn"), "roles": roles}


def canonical_id(account_id: str) -> str:
    """An account as access control lists name it: LocalStack has one name for all of them."""
    return hashlib.sha256(f"canonical user of {account_id}".encode()).hexdigest()


def _default_document(policy: Facts) -> Any:
    versions = policy.get("PolicyVersionList") or ()
    wanted = policy.get("DefaultVersionId")
    return next((v.get("Document") for v in versions if v.get("VersionId") == wanted), None)


def _policies(entity: Facts, inline: str, known: Identities) -> list[list[Any]]:
    """[label, document] of the policies of a user, group or role; AWS's own are the gateway's to find."""
    attached = [one["PolicyArn"] for one in entity.get("AttachedManagedPolicies") or ()]
    return [
        *([one["PolicyName"], one["PolicyDocument"]] for one in entity.get(inline) or ()),
        *([arn, None if arn.startswith(_AWS) else known.documents.get(arn)] for arn in attached),
    ]


def pairs(stored: Any) -> dict[str, str]:
    """Tags as a mapping, whatever their service calls key and value."""
    if isinstance(stored, dict):
        return {str(key): str(value) for key, value in stored.items()}
    found = {}
    for tag in stored or ():
        key = tag.get("Key", tag.get("TagKey", tag.get("key")))
        if key is not None:
            found[str(key)] = str(tag.get("Value", tag.get("TagValue", tag.get("value"))) or "")
    return found
