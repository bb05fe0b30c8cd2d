"""LocalStack (Apache-2.0, ``localstack``), running already: on this machine, or in a container beside us.

Nothing of ours runs inside it: what the gateway must know, it asks by LocalStack's AWS API. Requests are
sent on as from the root of their account, since the gateway has decided them already. LocalStack's
community edition keeps nothing over a restart and cannot give out an account's state, so there is no way
back to an earlier one.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox import identify, shapes, sigv4, wire
from cloudlings.sandbox.accounts import as_root
from cloudlings.sandbox.emulators import localstack_answers as answers
from cloudlings.sandbox.emulators.contract import Emulator, IdentityKeeper, Informant
from cloudlings.sandbox.emulators.localstack_api import Api
from cloudlings.sandbox.emulators.localstack_facts import ROOT, Resources
from cloudlings.sandbox.emulators.localstack_identities import REGION, Iam
from cloudlings.sandbox.emulators.localstack_keys import Keys
from cloudlings.sandbox.emulators.localstack_reset import Touched, empty
from cloudlings.sandbox.model import Call, Caller, Credentials, Request, Response
from cloudlings.sandbox.operations import operation_of
from cloudlings.sandbox.routes import BY_SERVICE

NAME = "localstack"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LEARNER = "learner"
NO_WAY_BACK = (
    "LocalStack is behind this gateway, and its community edition cannot give out an account's state or take "
    "one back: nothing can be undone here, and there are no checkpoints."
)
# Seconds: how long one is waited for that does not answer yet, and how often it is asked afterwards.
PATIENCE = 15.0
# In a container it starts at the same time as its neighbours.
_CONTAINER, _PATIENCE_THERE = "CLOUDLINGS_BIND", 75.0
_OFTEN = 2.0
_HEALTH, _INFO = "/_localstack/health", "/_localstack/info"


def emulator(run: Path, state: Path | None, gateway_url: str, *, url: str) -> LocalStack:  # noqa: ARG001
    """The gateway's side of the LocalStack at ``url``."""
    return LocalStack(url, state, gateway_url)


class LocalStack(Emulator, IdentityKeeper, Informant):
    """The LocalStack behind the gateway. ``state`` is the folder for the keys that it gave out."""

    name = NAME
    no_way_back = NO_WAY_BACK

    def __init__(self, url: str, state: Path | None, gateway_url: str) -> None:
        self.upstream = url
        self._api = Api(url)
        self._links = answers.Links(url, gateway_url)
        self._keys = Keys(state / "keys.json" if state is not None else None)
        self._touched = Touched(state / "touched.json" if state is not None else None)
        self._iam = Iam(self._api, self._keys)
        self._resources = Resources(self._api, self._iam, lambda: tuple(self._accounts))
        self._accounts: dict[str, None] = {one.account_id: None for one in self._keys.users.values()}
        # Accounts whose learner is there, as far as is known.
        self._furnished: set[str] = set()
        self._about: Mapping[str, Any] = {}
        self.era = ""

    def listen(self) -> None:
        """Nothing to do: LocalStack listens by itself."""

    def spawn(self) -> None:
        """Nothing to do: LocalStack was started by someone else."""

    async def start(self) -> None:
        deadline = time.monotonic() + (_PATIENCE_THERE if os.environ.get(_CONTAINER) else PATIENCE)
        while True:
            try:
                health = await self._api.own(_HEALTH)
                break
            except ConnectionError as error:
                if time.monotonic() > deadline:
                    raise SandboxError(
                        f"No LocalStack answers at {self.upstream}.",
                        next_step="Start LocalStack (docs/sandbox.md tells how), then this command again; "
                        "without --upstream, the sandbox needs none.",
                    ) from error
            await asyncio.sleep(0.3)
        if not isinstance(health.get("services"), dict):
            raise SandboxError(
                f"What answers at {self.upstream} is not LocalStack.",
                next_step="Give --upstream LocalStack's address.",
            )
        # It loads a service when it is first asked for one, which takes longer than a request may.
        for service, operation in (("iam", "ListUsers"), ("s3", "ListBuckets"), ("sts", "GetCallerIdentity")):
            await self._api.ask(ROOT, REGION, service, operation)
        await self._began(health)

    @property
    def _which(self) -> str:
        version, edition = self._about.get("version", ""), self._about.get("edition", "unknown")
        return f"LocalStack {version}" + (f" ({edition} edition)" if edition != "unknown" else "")

    async def _began(self, health: Mapping[str, Any]) -> None:
        before, self.era = self.era, await self._session()
        self._about = health
        self._furnished.clear()
        self._iam.forget()
        told = [
            f"Behind the gateway is {self._which} at {self.upstream}; what you make is there while it runs."
        ]
        if before and before != self.era:
            told.append("LocalStack was started again: what was made in it before is gone.")
        self.notices = tuple(told)

    async def _session(self) -> str:
        """What tells one run of LocalStack from the next."""
        with suppress(SandboxError):
            return str((await self._api.own(_INFO)).get("session_id") or "unknown")
        return "unknown"

    async def stop(self) -> None:
        """LocalStack goes on: whoever started it stops it."""
        await self._api.close()

    async def died(self) -> None:
        missed = 0
        while missed < 3:
            await asyncio.sleep(_OFTEN)
            try:
                if await self._session() != self.era:
                    return
                missed = 0
            except ConnectionError:
                missed += 1

    # --- requests ---------------------------------------------------------------------------------------

    async def forward(self, request: Request, account_id: str, host: str) -> Response:
        signature = sigv4.read_signature(request)
        signed = signature if isinstance(signature, sigv4.Signature) else None
        target = identify.target_of(request, signed)
        if host == "execute-api" or target is None or target.service == "execute-api":
            if answers.is_own_page(request):
                return wire.error(request, "apigateway", 404, "NotFoundException", "Not Found")
            # A deployed API's own: the caller's headers are for it, and so is the name that it is called by.
            return await self._api.send(self._links.inwards(request), account_id, "apigateway")
        account = account_id or answers.account_in_role(request) or ROOT
        found = operation_of(request, BY_SERVICE[target.service].models, target.path)
        service, operation = found or ("s3", "PostObject")
        caller = signed.access_key_id if signed else ""
        call = Call(request, service, operation, target.region, None, account)
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return await self._identity(call, caller)
        if not call.reads:
            self._touched.add(call)
        sent = as_root(self._named(call, target, caller), account, target.region, target.service)
        response = await self._api.send(sent, account, service)
        if response.status == 501:
            return self._missing(call, response)
        await self._noticed(replace(call, request=sent), target, caller, response)
        return self._links.outwards(call, response)

    def _named(self, call: Call, target: identify.Target, caller: str) -> Request:
        """The request by the address that LocalStack expects, naming the caller where AWS would know it."""
        request = call.request
        # LocalStack's own headers say in whose name its services call one another.
        dropped = ("host", "x-localstack")
        headers = tuple(pair for pair in request.headers if not pair[0].startswith(dropped))
        request = replace(request, raw_path=target.path, headers=(*headers, ("host", self._links.inner)))
        user = self._keys.users.get(caller)
        if call.service == "iam" and user is not None:
            return answers.with_user(request, call.operation, user.user)
        return answers.with_defaults(request, call.service, call.operation)

    async def _identity(self, call: Call, caller: str) -> Response:
        """GetCallerIdentity: LocalStack would name the root, as which it is asked."""
        who = await self._iam.principal(caller) or {}
        arn = who.get("arn") or f"arn:aws:iam::{call.account_id}:root"
        said = {"UserId": who.get("id") or call.account_id, "Account": call.account_id, "Arn": arn}
        empty_one = Response(200, (("content-type", "text/xml"),), b"<_/>")
        return shapes.write_output("sts", "GetCallerIdentity", empty_one, said)

    async def _noticed(self, call: Call, target: identify.Target, caller: str, response: Response) -> None:
        """Take note of what an answered request did to keys and policies."""
        if call.service in ("iam", "cloudformation") and not call.reads:
            self._iam.forget()
        if response.status < 300 and call.service == "s3":
            self._resources.observe(call.operation, call.account_id, target.bucket)
        if response.status >= 300 or call.service not in ("iam", "sts"):
            return
        asked = shapes.read_input(call)
        said = shapes.read_output(call.service, call.operation, response)
        if call.service == "sts":
            self._keys.observe_sts(call.operation, caller, asked, said)
        elif not call.reads:
            self._keys.observe_iam(call.operation, call.account_id, asked, said)

    def _missing(self, call: Call, response: Response) -> Response:
        """LocalStack's own word that it does not have something, and what would."""
        said = answers.message_of(response)
        message = (
            f"{self._which}, behind this gateway, does not serve {call.service}:{call.operation}. "
            f"It says: {said} cloudlings' own sandbox may: cloudlings stop, then "
            "cloudlings start without --upstream."
        )
        return wire.error(call.request, call.service, 501, "NotImplemented", message)

    # --- accounts ---------------------------------------------------------------------------------------

    async def reset(self, account_id: str) -> None:
        await empty(self._api, account_id, self._touched)
        self._keys.forget(account_id)
        self._iam.forget()
        self._furnished.discard(account_id)

    async def find_caller(self, access_key_id: str) -> Caller | None:
        session = self._keys.sessions.get(access_key_id)
        if session is not None:
            return Caller(
                session.account_id, access_key_id, session.secret, session.token, session.arn, session.expires
            )
        key = self._keys.users.get(access_key_id)
        if key is None:
            return None
        if key.given and key.account_id not in self._furnished:
            # LocalStack was started anew, and has forgotten the user.
            await self.provision(Credentials(key.account_id, access_key_id, key.secret))
        user = (await self._iam.of(key.account_id)).users.get(key.user)
        if user is None:
            return None
        return Caller(key.account_id, access_key_id, key.secret, "", str(user.get("Arn")), active=key.active)

    async def provision(self, credentials: Credentials) -> None:
        account_id = credentials.account_id

        async def ask(operation: str, **parameters: str) -> dict[str, Any] | None:
            return await self._api.ask(account_id, REGION, "iam", operation, UserName=LEARNER, **parameters)

        if await ask("GetUser") is None:
            await ask("CreateUser")
            self._touched.add(Call(Request("", "", "", ()), "iam", "CreateUser", REGION, None, account_id))
        if await ask("AttachUserPolicy", PolicyArn=ADMINISTRATOR) is None:
            raise SandboxError(f"LocalStack at {self.upstream} did not take the user “{LEARNER}”.")
        self._keys.give(credentials, LEARNER)
        self._accounts[account_id] = None
        self._furnished.add(account_id)
        self._iam.forget()

    async def identities(self, account_id: str) -> dict[str, Any]:  # noqa: ARG002
        """Nothing: there is no other emulator that would have to know."""
        return {}

    async def ask(self, verb: str, **args: Any) -> Any:
        if verb == "principal_facts":
            return await self._iam.principal(args["access_key_id"])
        if verb == "object_facts":
            return await self._resources.object(args["bucket"], args["key"], args["version"])
        if verb == "clocks":
            return {}
        if verb == "resource_facts":
            return await self._resources.of(args["arn"], args["account_id"], args["region"])
        raise SandboxError(f"Nothing here knows “{verb}”.")

    # --- state: LocalStack's own affair -----------------------------------------------------------------

    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        return accounts

    async def written(self) -> None:
        """Nothing to wait for: LocalStack's state is in its memory."""

    def file(self, account_id: str) -> Path | None:  # noqa: ARG002
        return None

    async def import_state(self, account_id: str, path: Path | None) -> None:  # noqa: ARG002
        raise SandboxError(NO_WAY_BACK, next_step="cloudlings reset LAB lays a lab's start state again")

    async def advance(self, account_id: str, seconds: float, at: float) -> None:  # noqa: ARG002
        raise SandboxError(
            "LocalStack is behind this gateway, and goes by the machine's clock: it cannot be moved on.",
            next_step="cloudlings' own sandbox has a test clock: cloudlings start without --upstream",
        )

    async def prune(self, snapshots: Sequence[Path]) -> None:
        """Nothing to remove: no snapshots are taken."""

    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        return ()
