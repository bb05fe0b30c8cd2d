"""boto3 sessions whose clients reach the sandbox and nothing else, whatever the machine is set up for."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from cloudlings.sandbox.guard import drop_host_prefix
from cloudlings.sandbox.model import Credentials

_Asked = tuple[str, str, str, Config | None]
# Reading a service's model takes longer than most calls; one loader keeps them for every session.
_LOADER = Loader()
# Neither the environment nor a file of the machine's has a say.
_ISOLATED: dict[str, tuple[Any, ...]] = {
    "profile": (None, [], None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ignore_configured_endpoint_urls": (None, None, False, None),
    "use_fips_endpoint": (None, None, False, None),
    "use_dualstack_endpoint": (None, None, False, None),
    "ca_bundle": (None, None, None, None),
}
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=120,
    retries={"total_max_attempts": 2, "mode": "standard"},
    proxies={},
    # An account id before a loopback address is no name that resolves.
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
)
# Clients that nobody has yet, by service, Region, endpoint and the configuration asked for.
_ready: dict[_Asked, list[Any]] = defaultdict(list)
_missed: deque[_Asked] = deque(maxlen=1000)


class SandboxSession(boto3.Session):  # type: ignore[misc]
    """A boto3 session with an endpoint: each client and resource of it goes there."""

    def __init__(self, endpoint_url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.endpoint_url = endpoint_url

    def client(self, *args: Any, **kwargs: Any) -> Any:
        ready = self._ready_made(args, kwargs)
        return ready if ready is not None else super().client(*args, **self._settings(kwargs))

    def _ready_made(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if len(args) != 1 or not kwargs.keys() <= {"region_name", "endpoint_url", "config"}:
            return None
        region = kwargs.get("region_name") or self.region_name
        endpoint = kwargs.get("endpoint_url") or self.endpoint_url
        asked = (args[0], region, endpoint, kwargs.get("config"))
        made = _ready[asked].pop() if _ready.get(asked) else None
        if made is None:
            _missed.append(asked)
        else:
            mine, its = self.get_credentials(), made._request_signer._credentials
            its.access_key, its.secret_key, its.token = mine.access_key, mine.secret_key, mine.token
        return made

    def resource(self, *args: Any, **kwargs: Any) -> Any:
        return super().resource(*args, **self._settings(kwargs))

    def _settings(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        config = kwargs.get("config")
        kwargs["config"] = _CONFIG.merge(config) if config is not None else _CONFIG
        if kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = self.endpoint_url
        return kwargs


def missed() -> tuple[_Asked, ...]:
    """The clients that were made in this process when they were asked for, none being ready: service, Region,
    endpoint and the configuration asked for."""
    return tuple(_missed)


def make_ready(service: str, region: str, endpoint_url: str, config: Config | None) -> Any:
    """Make a client that the next session that asks for such a one will be given, with its own keys: before
    processes are forked from this one, for each of them to find. It is given back to be looked at.
    """
    maker = session(endpoint_url, Credentials("", "none", "none"), region)
    # Keys that are the client's alone: a session's are shared by all that it makes.
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    made = maker.client(service, region_name=region, config=config, **keys)
    _ready[service, region, endpoint_url, config].append(made)
    return made


def _drop_host_prefix(request: Any, **_: Any) -> None:
    drop_host_prefix(request)


def session(endpoint_url: str, credentials: Credentials, region: str) -> boto3.Session:
    """A session for these credentials at this endpoint."""
    core = botocore.session.Session(session_vars=_ISOLATED)
    core.register_component("data_loader", _LOADER)
    core.register("before-send.s3-control", _drop_host_prefix)
    made = SandboxSession(
        endpoint_url,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token or None,
        region_name=region,
        botocore_session=core,
    )
    # Each of boto3's sessions adds its folder, and what was found in another list of folders is not kept.
    _LOADER.search_paths[:] = dict.fromkeys(_LOADER.search_paths)
    return made
