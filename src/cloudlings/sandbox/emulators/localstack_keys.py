"""Whose the keys are that LocalStack hands out, noted as its answers pass: it shows a secret only once.

Long-term keys are kept on the disk, sessions as long as the sandbox runs.
"""

from __future__ import annotations

import json
import os
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cloudlings.sandbox.model import Credentials


@dataclass(frozen=True)
class UserKey:
    """A long-term key. ``given`` marks the one that the sandbox itself gives a learner: LocalStack does not
    know it."""

    account_id: str
    user: str
    secret: str
    active: bool = True
    given: bool = False


@dataclass(frozen=True)
class Session:
    """Temporary keys. ``policies`` are [label, document] of session policies, None without any; ``expires``
    and ``issued`` are in epoch seconds."""

    arn: str
    secret: str
    token: str
    expires: float
    issued: float
    role: str = ""
    user: str = ""
    user_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: list[list[Any]] | None = None
    source_identity: str | None = None

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


class Keys:
    """Every key that LocalStack gave out through the gateway. ``file`` None keeps nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.users: dict[str, UserKey] = _read(file)
        self.sessions: dict[str, Session] = {}

    def give(self, credentials: Credentials, user: str) -> None:
        """A key of the sandbox's own for a user."""
        key = UserKey(credentials.account_id, user, credentials.secret_access_key, given=True)
        if self.users.get(credentials.access_key_id) != key:
            self.users[credentials.access_key_id] = key
            self._write()

    def forget(self, account_id: str) -> None:
        """Forget the keys of an account, but for the sandbox's own."""
        mine = [key for key, one in self.users.items() if one.account_id == account_id and not one.given]
        for key in mine:
            del self.users[key]
        self.sessions = {k: one for k, one in self.sessions.items() if one.account_id != account_id}
        self._write()

    def observe_iam(
        self, operation: str, account_id: str, asked: Mapping[str, Any], said: Mapping[str, Any]
    ) -> None:
        """Note what an IAM request that was answered did to keys."""
        user = str(asked.get("UserName") or "")
        key = str(asked.get("AccessKeyId") or "")
        if operation == "CreateAccessKey":
            made = said.get("AccessKey") or {}
            self.users[str(made.get("AccessKeyId"))] = UserKey(
                account_id, str(made.get("UserName") or user), str(made.get("SecretAccessKey"))
            )
        elif operation == "DeleteAccessKey":
            self.users.pop(key, None)
        elif operation == "UpdateAccessKey" and key in self.users:
            self.users[key] = replace(self.users[key], active=asked.get("Status") == "Active")
        elif operation == "UpdateUser" and asked.get("NewUserName"):
            self._rename(account_id, user, str(asked["NewUserName"]))
        else:
            return
        self._write()

    def _rename(self, account_id: str, user: str, new: str) -> None:
        for key, one in self.users.items():
            if (one.account_id, one.user) == (account_id, user):
                self.users[key] = replace(one, user=new)

    def observe_sts(
        self, operation: str, caller: str, asked: Mapping[str, Any], said: Mapping[str, Any]
    ) -> None:
        """Note the session that an STS request opened. ``caller`` is the key that it was signed with."""
        given = said.get("Credentials") or {}
        key = str(given.get("AccessKeyId") or "")
        if not key:
            return
        inline = [["session policy", asked["Policy"]]] if asked.get("Policy") else []
        arns = [[one.get("arn"), None] for one in asked.get("PolicyArns") or ()]
        passed = [*inline, *arns] if asked.get("Policy") or asked.get("PolicyArns") else None
        common: dict[str, Any] = {
            "secret": str(given.get("SecretAccessKey")),
            "token": str(given.get("SessionToken")),
            "expires": _epoch(given.get("Expiration"), asked.get("DurationSeconds")),
            "issued": time.time(),
            "tags": {str(t.get("Key")): str(t.get("Value", "")) for t in asked.get("Tags") or ()},
            "source_identity": asked.get("SourceIdentity"),
            "policies": passed,
        }
        user = self.users.get(caller)
        if operation.startswith("AssumeRole"):
            who = said.get("AssumedRoleUser") or {}
            self.sessions[key] = Session(
                arn=str(who.get("Arn")), role=str(asked.get("RoleArn") or ""),
                user_id=str(who.get("AssumedRoleId") or ""), **common,
            )  # fmt: skip
        elif user is not None:
            who = said.get("FederatedUser") or {}
            arn = str(who.get("Arn") or f"arn:aws:iam::{user.account_id}:user/{user.user}")
            self.sessions[key] = Session(
                arn=arn, user=user.user, user_id=str(who.get("FederatedUserId") or ""), **common
            )

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._file.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({key: asdict(one) for key, one in self.users.items()}, file)
        draft.replace(self._file)


def _epoch(text: Any, seconds: Any) -> float:
    """The time of an ISO 8601 text; without a readable one, so many seconds from now."""
    try:
        return float(timegm(time.strptime(str(text)[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return time.time() + float(seconds or 3600)


def _read(file: Path | None) -> dict[str, UserKey]:
    if file is None or not file.exists():
        return {}
    try:
        return {key: UserKey(**one) for key, one in json.loads(file.read_text()).items()}
    except (ValueError, TypeError, AttributeError):
        file.replace(file.with_suffix(".unreadable"))
        return {}
