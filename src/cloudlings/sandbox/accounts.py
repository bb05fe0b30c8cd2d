"""Accounts and keys: who an access key stands for, and the keys that the sandbox itself gives out.

Two principals of an account are the sandbox's own. ``learner`` is an IAM user with administrator
rights, whose keys stay the same over resets and restarts. The grader exists in the gateway only: its
keys are random for each run, no IAM listing shows it, and it reaches the emulators as the account's
root, so that no policy of the learner's applies to it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators.contract import IdentityKeeper
from cloudlings.sandbox.model import Caller, Credentials, Request, Who
from cloudlings.sandbox.sigv4 import ALGORITHM

_ACCOUNT_ID = re.compile(r"\d{12}")
_NUMBERS = re.compile(rb"(?<!\d)\d{12}(?!\d)")
_LOOKED_AT = 64 * 1024
_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Accounts:
    """The keys that the gateway knows. ``file`` keeps the learners' keys over restarts, if given."""

    def __init__(self, keeper: IdentityKeeper, file: Path | None) -> None:
        self._keeper = keeper
        self._file = file
        self._learners: dict[str, Credentials] = _read(file)
        self._graders: dict[str, Credentials] = {}
        self._grader_callers: dict[str, Caller] = {}
        self._seen: dict[str, Caller] = {}
        # Called whenever keys are looked up anew: whatever else is known of principals is old then, too.
        self.on_forget: list[Callable[[], None]] = []

    @property
    def provisioned(self) -> tuple[str, ...]:
        """The accounts that have been provisioned."""
        return tuple(self._learners)

    def mentioned(self, request: Request) -> set[str]:
        """The accounts that a request names, in an ARN or an address: it may change something of theirs."""
        if len(self._learners) < 2:
            return set()
        text = request.raw_path.encode() + request.query_string.encode() + request.body[:_LOOKED_AT]
        return {found.decode() for found in _NUMBERS.findall(text)} & self._learners.keys()

    async def caller(self, access_key_id: str) -> Caller | None:
        """Whoever a key stands for; None for a key that nobody has."""
        found = self._grader_callers.get(access_key_id) or self._seen.get(access_key_id)
        if found is None:
            found = await self._keeper.find_caller(access_key_id)
            if found is not None:
                self._seen[access_key_id] = found
        return found

    def forget_keys(self, account_id: str = "") -> None:
        """Look keys up anew: something about IAM was written in the account ("" for all of them)."""
        self._seen = {k: v for k, v in self._seen.items() if account_id and v.account_id != account_id}
        for forget in self.on_forget:
            forget()

    async def provision(self, account_id: str) -> Credentials:
        """The learner's keys of an account, made if need be, and put in order if the learner broke them."""
        _check(account_id)
        credentials = self._learners.get(account_id) or _new_credentials(account_id)
        await self._keeper.provision(credentials)
        if account_id not in self._learners:
            self._learners[account_id] = credentials
            self._write()
        self.forget_keys(account_id)
        return credentials

    async def credentials(self, account_id: str, who: Who) -> Credentials:
        """The keys of one of the sandbox's own principals."""
        _check(account_id)
        if who == "learner":
            return self._learners.get(account_id) or await self.provision(account_id)
        if account_id not in self._graders:
            self._add_grader(account_id)
        return self._graders[account_id]

    def _add_grader(self, account_id: str) -> None:
        credentials = _new_credentials(account_id)
        self._graders[account_id] = credentials
        self._grader_callers[credentials.access_key_id] = Caller(
            account_id=account_id,
            access_key_id=credentials.access_key_id,
            secret_access_key=credentials.secret_access_key,
            arn=f"arn:aws:iam::{account_id}:root",
            source="grader",
        )

    def _write(self) -> None:
        if self._file is None:
            return
        draft = self._file.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({key: asdict(value) for key, value in self._learners.items()}, file)
        draft.replace(self._file)


def _check(account_id: str) -> None:
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise SandboxError(
            f"“{account_id}” is not an account id.",
            next_step="An AWS account id has 12 digits; `cloudlings env LAB` prints the ones of a lab.",
        )


def _new_credentials(account_id: str) -> Credentials:
    key = "AKIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
    return Credentials(account_id, key, secrets.token_urlsafe(30))


def _read(file: Path | None) -> dict[str, Credentials]:
    if file is None or not file.exists():
        return {}
    try:
        return {key: Credentials(**value) for key, value in json.loads(file.read_text()).items()}
    except (ValueError, TypeError, AttributeError):
        # Keys can be made anew; kept aside for whoever wants to know what happened.
        file.replace(file.with_suffix(".unreadable"))
        return {}


def as_root(request: Request, account_id: str, region: str, service: str) -> Request:
    """A grader's request as the emulators take one from the account's root.

    The emulators read the account, Region and service from the scope, and check no signature for it.
    """
    scope = f"{account_id}/{time.strftime('%Y%m%d', time.gmtime())}/{region}/{service}/aws4_request"
    authorization = f"{ALGORITHM} Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    dropped = ("authorization", "x-amz-security-token")
    headers = tuple(pair for pair in request.headers if pair[0] not in dropped)
    unsigned = [part for part in request.query_string.split("&") if not part.startswith(_SIGNING)]
    return replace(
        request, headers=(*headers, ("authorization", authorization)), query_string="&".join(unsigned)
    )


# The parameters of a presigned request, which speak for another principal than the root.
_SIGNING = ("X-Amz-", "AWSAccessKeyId=", "Signature=", "Expires=")
