"""What the gateway's own services keep: JSON by account, in this process, saved like the rest.

The routing table gives them whole services as the emulator ``gateway``; the functions in ``own`` answer.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators import saved
from cloudlings.sandbox.emulators.contract import Emulator, Informant
from cloudlings.sandbox.model import Request, Response

NAME = "gateway"
MADE_BY = "cloudlings"


def emulator(_run: Path, state: Path | None, _gateway_url: str) -> OwnServices:
    """The keeper of the gateway's own services; ``state`` None keeps nothing over a restart."""
    return OwnServices(state)


class OwnServices(Emulator, Informant):
    """Every account's own-service state, read when first asked for."""

    name = NAME

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._accounts: dict[str, dict[str, Any]] = {}
        self._captured: dict[str, bytes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def of(self, account_id: str) -> dict[str, Any]:
        """What is kept of an account, to be changed in place."""
        if account_id not in self._accounts:
            self._accounts[account_id] = self._read(self.file(account_id))
        return self._accounts[account_id]

    def _read(self, path: Path | None) -> dict[str, Any]:
        if path is None or not path.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(saved.read(path, MADE_BY))
        except (SandboxError, ValueError) as error:
            aside = path.with_suffix(".unreadable")
            path.replace(aside)
            self.notices = (
                *self.notices,
                f"{path.name} could not be read ({error}), and is kept as {aside}.",
            )
            return {}
        return found

    def listen(self) -> None:
        """Nothing to do: it is in this process."""

    def spawn(self) -> None:
        """Nothing to do: it is in this process."""

    async def start(self) -> None:
        """Up at once."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def died(self) -> None:
        await asyncio.Event().wait()

    async def forward(self, request: Request, account_id: str, host: str) -> Response:  # noqa: ARG002
        """An operation that no function answers."""
        return Response(501, (("content-type", "text/plain"),))

    async def reset(self, account_id: str) -> None:
        self._accounts[account_id] = {}
        path = self.file(account_id)
        if path is not None:
            path.unlink(missing_ok=True)

    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        for account_id in accounts:
            self._captured[account_id] = json.dumps(self.of(account_id)).encode()
        return accounts

    async def written(self) -> None:
        captured, self._captured = self._captured, {}
        for account_id, body in captured.items():
            path = self.file(account_id)
            if path is None:
                continue
            try:
                await asyncio.to_thread(saved.write, path, MADE_BY, body)
            except OSError as error:
                raise SandboxError(f"{path.name} cannot be written ({error.strerror or error})") from error

    def file(self, account_id: str) -> Path | None:
        return self._folder / f"{account_id}{saved.SUFFIX}" if self._folder is not None else None

    async def import_state(self, account_id: str, path: Path | None) -> None:
        body = saved.read(path, MADE_BY) if path is not None else b"{}"
        # In place: a function that is under way holds on to the dict that it was given.
        kept = self.of(account_id)
        kept.clear()
        kept.update(copy.deepcopy(json.loads(body)))
        own = self.file(account_id)
        if own is not None:
            saved.write(own, MADE_BY, body)

    async def prune(self, snapshots: Sequence[Path]) -> None:
        """Nothing to remove: a file refers to no other."""

    async def ask(self, verb: str, **args: Any) -> Any:
        """What a policy may ask about a stack; of nothing else is anything kept here that it could name."""
        if verb != "resource_facts" or ":cloudformation:" not in args["arn"]:
            return {}
        name = args["arn"].partition(":stack/")[2].partition("/")[0]
        stacks = self.of(args["account_id"]).get(f"cloudformation/{args['region']}", {}).get("stacks", {})
        for record in stacks.values():
            if record["StackName"] == name and record["status"] != "DELETE_COMPLETE":
                tags = {tag["Key"]: tag["Value"] for tag in record.get("tags", ())}
                return {"arn": record["StackId"], "owner": args["account_id"], "tags": tags}
        return {}

    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        return ()
