"""moto: EC2, VPC, load balancers, Auto Scaling, RDS and what refers to them (Apache-2.0, pip).

moto is not made for several threads at once, so one thread does all its work: requests, snapshots and
resets take turns. Its state is one object tree per account, which pickles with ids and references intact.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.authorization import moto_side
from cloudlings.sandbox.emulators import (
    moto_corrections,
    moto_databases,
    moto_failover,
    moto_public_images,
    private_keys,
)
from cloudlings.sandbox.emulators.keeping import Accounts, Keeper, made_by
from cloudlings.sandbox.emulators.served import Served

if TYPE_CHECKING:
    from cloudlings.sandbox.emulators.process import MirroringProcess

DEFAULT_REGION = "us-east-1"
# Beside the services in an account's pickle: the moves of its test clock.
_CLOCK = "cloudlings.clock"


def emulator(run: Path, state: Path | None, gateway_url: str) -> MirroringProcess:  # noqa: ARG001
    """The gateway's side of this emulator."""
    # Here, for the emulator's own process has no use for the gateway's HTTP client.
    from cloudlings.sandbox.emulators.process import MirroringProcess

    return MirroringProcess("moto", run, state, environment={})


class Moto(Served):
    """The inside of moto's process."""

    def __init__(self, state: Path | None) -> None:
        super().__init__(state, MotoAccounts())
        self._turn = ThreadPoolExecutor(max_workers=1, thread_name_prefix="moto")

    def open(self) -> Any:
        self._loaded = self._turn.submit(self._load)
        return self._app

    async def ready(self) -> None:
        await asyncio.wrap_future(self._loaded)
        self._turn.submit(_load_the_rest)

    async def turn(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._turn, work, *args)

    def _load(self) -> None:
        """Import what is answered first, and read the state back."""
        import moto.backends
        from moto.core.botocore_stubber import BotocoreStubber

        self._stubber = BotocoreStubber()
        moto.backends.get_backend("ec2")
        moto_corrections.apply()
        if self.keeper is not None and self.state is not None:
            self.told = _take_over(self.state, self.keeper)
            self.told += self.keeper.restore_all()

    async def _app(
        self, scope: Mapping[str, Any], receive: Callable[[], Any], send: Callable[..., Any]
    ) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, content = await self.turn(self._answer, scope, body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Mapping[str, Any], body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        from botocore.awsrequest import AWSPreparedRequest, HeadersDict

        headers = HeadersDict(
            {k.decode("latin-1"): v.decode("utf-8", "replace") for k, v in scope["headers"]}
        )
        request = AWSPreparedRequest(scope["method"], _aws_url(scope, headers), headers, body, False)
        try:
            answer = self._stubber.process_request(request)
        except NotImplementedError:
            answer = None
        except StopIteration as error:
            # A future cannot carry it: the request would wait for ever.
            raise RuntimeError("moto looked for something that is not there") from error
        if answer is None or (answer[0] == 404 and answer[2] == "Not yet implemented"):
            return 501, [(b"content-type", b"text/plain")], b"moto has no such operation"
        status, found, content = answer
        return status, _encode(found), content.encode() if isinstance(content, str) else content

    def extra_calls(self) -> dict[str, Callable[..., Any]]:
        return {"adopt_identities": self._adopt, "resource_facts": self._facts, "databases": self._databases}

    async def _facts(self, arn: str, account_id: str, region: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.turn(moto_side.facts, arn, account_id, region)
        return found

    async def _databases(self, account_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.turn(moto_databases.facts, account_id)
        return found

    async def _adopt(self, account_id: str, identities: dict[str, Any]) -> None:
        await self.turn(_adopt_identities, account_id, identities)


EMULATOR = Moto


def _aws_url(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """The address that the request would have on AWS: moto finds service and Region by it."""
    authorization = headers.get("authorization", "").split("/")
    region = authorization[2] if len(authorization) > 4 else DEFAULT_REGION
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1")
    host = f"{headers['x-cloudlings-host']}.{region}.amazonaws.com"
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def _encode(headers: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    dropped = ("content-length", "transfer-encoding", "connection")
    return [(k.lower().encode(), str(v).encode()) for k, v in headers.items() if k.lower() not in dropped]


def _backends() -> Iterator[tuple[str, Any]]:
    from moto.core.base_backend import BackendDict

    for backend in list(BackendDict._instances):
        yield backend.service_name, backend


class MotoAccounts(Accounts):
    """The accounts of this process's moto: one tree of objects each, over all services."""

    def __init__(self) -> None:
        self.made_by = made_by("moto")

    def known(self) -> list[str]:
        return sorted({account_id for _, backend in _backends() for account_id in list(backend)})

    def dump(self, account_id: str) -> tuple[bytes, tuple[str, ...]]:
        # All services in one pickle: what they share must stay shared.
        services = {name: backend[account_id] for name, backend in _backends() if account_id in backend}
        services |= {_CLOCK: moves} if (moves := clock.state(account_id)) else {}
        return private_keys.dumps(services, moto_public_images.reducers()) if services else b"", ()

    def load(self, account_id: str, body: bytes) -> None:
        services = pickle.loads(body)
        moto_public_images.put_back(services)
        _restore(account_id, services)

    def prune(self, used: set[str]) -> None:
        """It has no blobs."""

    def drop(self, account_id: str) -> None:
        clock.forget(account_id)
        for _, backend in _backends():
            backend.pop(account_id, None)


def _restore(account_id: str, services: dict[str, Any]) -> None:
    import moto.backends
    from moto.core.base_backend import BackendDict

    clock.put_back(account_id, services.pop(_CLOCK, {}))
    for service, kept in services.items():
        backend = moto.backends.get_backend(service)
        backend[account_id] = kept
        if backend not in BackendDict._instances:
            BackendDict._instances.append(backend)


def _load_the_rest() -> None:
    """Import what nearly every lab uses, so that its first request does not wait for it."""
    import moto.backends

    for service in ("iam", "autoscaling", "elbv2", "rds"):
        moto.backends.get_backend(service)
    moto_corrections.apply_rest()
    moto_databases.correct()
    moto_failover.correct()


def _take_over(state: Path, keeper: Keeper) -> list[str]:
    """Read what cloudlings wrote before format 2, write it in ours, and put the old files aside; what cannot
    be read is told."""
    told = []
    for path in sorted(state.glob("*.pickle")):
        aside = path.with_suffix(".before-format-2")
        try:
            with path.open("rb") as file:
                made_by, services = pickle.load(file)
            if made_by != version("moto"):
                raise ValueError(f"written by moto {made_by}, and this is moto {version('moto')}")
            _restore(path.stem, services)
            keeper.write_all()
        except Exception as error:
            told.append(
                f"The networks, instances and databases of account {path.stem} could not be read back "
                f"({type(error).__name__}: {error}); they start empty, and the file is kept as {aside}."
            )
        path.replace(aside)
    return told


def _adopt_identities(account_id: str, identities: dict[str, Any]) -> None:
    """Make moto hold these roles, profiles and certificates, with the ids that they have elsewhere."""
    import moto.backends

    iam = moto.backends.get_backend("iam")[account_id]["global"]
    for role in [r for r in iam.roles.values() if r.arn not in {x["arn"] for x in identities["roles"]}]:
        del iam.roles[role.id]
    for wanted in identities["roles"]:
        if not any(role.arn == wanted["arn"] for role in iam.roles.values()):
            _adopt_role(iam, wanted)
    iam.instance_profiles.clear()
    for wanted in identities["instance_profiles"]:
        profile = iam.create_instance_profile(wanted["name"], wanted["path"], [], [])
        profile.id = wanted["id"]
        profile.roles = [r for r in iam.roles.values() if r.name in wanted["roles"]]
    _adopt_certificates(account_id, identities["certificates"])


class KnownCertificate:
    """A certificate of another emulator: load balancers ask whether there is one, and note its use."""

    def __init__(self) -> None:
        self.in_use_by: list[str] = []

    def check(self) -> None:
        """Nothing to bring up to date."""


def _adopt_certificates(account_id: str, certificates: list[dict[str, str]]) -> None:
    import moto.backends

    acm = moto.backends.get_backend("acm")[account_id]
    for region in {certificate["region"] for certificate in certificates} | set(acm.keys()):
        arns = [each["arn"] for each in certificates if each["region"] == region]
        acm[region]._certificates = {arn: KnownCertificate() for arn in arns}


def _adopt_role(iam: Any, wanted: dict[str, Any]) -> None:
    role = iam.create_role(
        role_name=wanted["name"],
        assume_role_policy_document=wanted["trust"],
        path=wanted["path"],
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    iam.roles.pop(role.id)
    role.id = wanted["id"]
    iam.roles[role.id] = role
