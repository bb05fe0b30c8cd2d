"""MiniStack: S3, IAM, functions, messaging and the rest (MIT, pip; ``emulators/ministack``).

It runs with AUTH=true: it gives a function a session of its own role, and tells users apart. Policies are
the gateway's to judge (``authorization``). Its own administrator keys are refused by the gateway; the
gateway alone speaks to it as one, for graders.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cloudlings.sandbox import clock
from cloudlings.sandbox.authorization import ministack_side
from cloudlings.sandbox.emulators import aging, inside, ministack_lifecycle, ministack_lineage, ministack_old
from cloudlings.sandbox.emulators.ministack_state import MiniStackAccounts
from cloudlings.sandbox.emulators.served import Served

if TYPE_CHECKING:
    from cloudlings.sandbox.emulators.called import CalledKeeper

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def emulator(run: Path, state: Path | None, gateway_url: str) -> CalledKeeper:
    """The gateway's side of this emulator."""
    # Here, for the emulator's own process has no use for the gateway's HTTP client.
    from cloudlings.sandbox.emulators import process, within

    environment = _environment(run, state, gateway_url)
    if process.FORKS and state is None:
        return within.KeeperWithin("ministack", run, environment)
    return process.IdentityProcess("ministack", run, state, environment=environment)


def _environment(run: Path, state: Path | None, gateway_url: str) -> dict[str, str]:
    """What MiniStack reads when it is imported. Functions inherit it, so it names nothing of the host's."""
    gateway = urlsplit(gateway_url)
    home = run / "functions-home"
    home.mkdir(exist_ok=True, mode=0o700)
    old = "1" if ministack_old.is_there(state) else "0"
    return {
        "AUTH": "true",
        # What functions, and the addresses that MiniStack hands out, call back to.
        "AWS_ENDPOINT_URL": gateway_url,
        "MINISTACK_HOST": "localhost",
        "GATEWAY_PORT": str(gateway.port),
        # AWS's own, whatever the machine's memory.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "MINISTACK_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        # No listeners of its own, no containers, nothing found by way of the home folder.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{run}/no-docker.sock",
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "LOG_LEVEL": "WARNING",
        # Kept by us, account by account; its own way is used once, to read what an older version wrote.
        "PERSIST_STATE": old,
        "S3_PERSIST": old,
        "STATE_DIR": str(state or run),
        "S3_DATA_DIR": str((state or run) / "s3"),
    }


class MiniStack(Served):
    """The inside of MiniStack's process."""

    lifespan = True

    def __init__(self, state: Path | None) -> None:
        self._known = MiniStackAccounts(state / "blobs" if state is not None else None)
        super().__init__(state, self._known)

    def open(self) -> Any:
        import ministack.app

        ministack_side.leave_decisions_to_the_gateway()
        # Loaded now rather than in the first request; these three are in every lab.
        for name in ("s3", "iam", "sts"):
            ministack.app._get_module(name)
        _obey_the_gateway(ministack.app)
        aging.watch(ministack.app)
        self._known.watch_owners()
        ministack_lifecycle.keep_prefixes()
        inside.watch()
        if self.keeper is not None and self.state is not None:
            ministack_old.take_over(self.state, self.keeper)
            self.told = self.keeper.restore_all()
        return ministack.app.app

    async def reset(self, account_id: str) -> None:
        await super().reset(account_id)
        _drop_sessions(account_id)
        _drop_workers(account_id)

    async def import_state(self, account_id: str, path: str | None) -> None:
        await super().import_state(account_id, path)
        # A warm worker has the code and the variables of what was.
        _drop_workers(account_id)

    async def advance(self, account_id: str, seconds: float, at: float) -> None:
        # In a thread: what becomes due may call functions, which call back here.
        await asyncio.to_thread(clock.advance, account_id, seconds, at)

    def happenings(self) -> list[dict[str, Any]]:
        return inside.drain()

    def extra_calls(self) -> dict[str, Callable[..., Any]]:
        return {
            "find_caller": find_caller,
            "provision": provision,
            "identities": identities,
            **ministack_side.calls(),
        }


EMULATOR = MiniStack


def _obey_the_gateway(app: Any) -> None:
    """Make MiniStack take a request for what the gateway says it is for, whatever its path looks like.

    It goes by paths before anything else: a bucket named ``health`` or ``latest`` would be shadowed, and
    an unsigned request could reach other services, or MiniStack's own controls, by path.
    """
    detect, pre_body = app.detect_service, app._handle_pre_body_request
    shortcuts, special = app._handle_post_body_shortcuts, app._handle_special_data_plane_request

    def detect_service(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> str:
        ministack_lineage.arrive(headers)
        found: str = "s3" if _is_for(headers, "s3") else detect(method, path, headers, query)
        return found

    async def handle_pre_body(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
        if _is_for(headers, "s3", "execute-api") and method != "OPTIONS":
            return None
        return await pre_body(method, path, headers, *rest)

    async def handle_shortcuts(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
        if _is_for(headers, "s3") or (_is_for(headers, "execute-api") and not path.startswith(_TOKENS)):
            return None
        return await shortcuts(method, path, headers, *rest)

    async def handle_special(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        *rest: Any,
        **raw: Any,
    ) -> Any:
        host = headers.get("host", "")
        if _is_for(headers, "execute-api"):
            return await _called(app, host, path, method, headers, body, query, raw)
        if _is_for(headers, "s3") and not app._extract_s3_vhost_bucket(host):
            return None
        return await special(method, path, headers, body, query, *rest, **raw)

    app.detect_service = detect_service
    app._handle_pre_body_request = handle_pre_body
    app._handle_post_body_shortcuts = handle_shortcuts
    app._handle_special_data_plane_request = handle_special


# Where CloudFormation's custom resources and wait conditions answer; each address has a random token.
_TOKENS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")


def _is_for(headers: dict[str, str], *services: str) -> bool:
    return headers.get("x-cloudlings-host") in services


async def _called(
    app: Any,
    host: str,
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    raw: dict[str, Any],
) -> Any:
    """A call of a deployed API or of a function's address, and of nothing else."""
    # What the gateway says to this side is not the caller's.
    ours = ("x-cloudlings-", "x-moto-")
    headers = {name: value for name, value in headers.items() if not name.startswith(ours)}
    called = app._parse_execute_api_url(host, path)
    if called is not None:
        _stand_in_the_account_of(app, called[0])
    named = {"raw_path": raw.get("raw_path"), "raw_query_string": raw.get("raw_query_string")}
    answer = await app._handle_execute_api_request(host, path, method, headers, body, query, **named)
    if answer is None:
        answer = await app._handle_lambda_url_request(host, path, method, headers, body, query)
    return answer or (404, {"Content-Type": "application/json"}, b'{"message":"Not Found"}')


def _stand_in_the_account_of(app: Any, api_id: str) -> None:
    """Let the rest of this request look in the account that has the API: an unsigned call names none."""
    from ministack.core.responses import _request_account_id

    for stored in (app._get_module("apigateway")._apis, app._get_module("apigateway_v1")._rest_apis):
        for (account_id, _, known_id), _api in stored.all_items():
            if known_id == api_id:
                _request_account_id.set(account_id)


def _drop_sessions(account_id: str) -> None:
    from ministack.services import sts

    for key in [k for k, session in sts._sessions.items() if _account_of(session) == account_id]:
        sts._sessions.pop(key, None)


def _account_of(session: dict[str, Any]) -> str:
    parts = str(session.get("Arn", "")).split(":")
    return parts[4] if len(parts) > 4 else ""


def _drop_workers(account_id: str) -> None:
    runtime = sys.modules.get("ministack.core.lambda_runtime")
    if runtime is None:
        return
    with runtime._lock:
        keys = [key for key in runtime._workers if key.startswith(f"{account_id}:")]
        doomed = [worker for key in keys for worker in runtime._workers.pop(key)]
    runtime.kill_workers(doomed)


def find_caller(access_key_id: str) -> dict[str, Any] | None:
    """The fields of a ``Caller`` for a key of a user or a session; None for any other."""
    from ministack.services import sts

    session = sts._sessions.get(access_key_id)
    if session is not None:
        return _session_caller(access_key_id, session)
    from ministack.services import iam

    for (account_id, key), record in list(iam._access_keys._data.items()):
        if key == access_key_id:
            return _user_caller(account_id, record)
    return None


def _session_caller(access_key_id: str, session: dict[str, Any]) -> dict[str, Any]:
    expires = session.get("Expiration")
    return {
        "account_id": _account_of(session),
        "access_key_id": access_key_id,
        "secret_access_key": session.get("SecretAccessKey", ""),
        "session_token": session.get("SessionToken") or "",
        "arn": str(session.get("Arn", "")),
        "expires": expires if isinstance(expires, int | float) else None,
        # Sessions that STS gives out expire; those without an end are MiniStack's own, for functions.
        "source": "learner" if expires else "function",
    }


def _user_caller(account_id: str, record: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import iam

    user = iam._users.get_scoped(account_id, None, record["UserName"]) or {}
    return {
        "account_id": account_id,
        "access_key_id": record["AccessKeyId"],
        "secret_access_key": record["SecretAccessKey"],
        "arn": user.get("Arn") or f"arn:aws:iam::{account_id}:user/{record['UserName']}",
        "active": record.get("Status") == "Active",
    }


def provision(account_id: str, access_key_id: str, secret_access_key: str) -> None:
    """See ``IdentityKeeper.provision``."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account_id, "us-east-1"):
        if "learner" not in iam._users:
            iam._create_user({"UserName": ["learner"]})
        iam._attach_user_policy({"UserName": ["learner"], "PolicyArn": [ADMINISTRATOR]})
        iam._access_keys[access_key_id] = {
            "UserName": "learner",
            "AccessKeyId": access_key_id,
            "SecretAccessKey": secret_access_key,
            "Status": "Active",
            "CreateDate": iam._now(),
        }


def identities(account_id: str) -> dict[str, Any]:
    """See ``IdentityKeeper.identities``."""
    from ministack.services import iam

    roles = [role for (account, _), role in iam._roles._data.items() if account == account_id]
    profiles = [p for (account, _), p in iam._instance_profiles._data.items() if account == account_id]
    return {
        "roles": [
            {
                "name": role["RoleName"],
                "arn": role["Arn"],
                "id": role["RoleId"],
                "path": role["Path"],
                "trust": role["AssumeRolePolicyDocument"],
            }
            for role in roles
        ],
        "instance_profiles": [
            {
                "name": profile["InstanceProfileName"],
                "id": profile["InstanceProfileId"],
                "path": profile["Path"],
                "roles": list(profile["Roles"]),
            }
            for profile in profiles
        ],
        "certificates": _certificates(account_id),
    }


def _certificates(account_id: str) -> list[dict[str, str]]:
    acm = sys.modules.get("ministack.services.acm")
    if acm is None:
        return []
    return [
        {"arn": arn, "region": region}
        for (account, region, arn) in acm._certificates._data
        if account == account_id
    ]
