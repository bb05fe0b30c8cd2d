"""boto3 sessions whose clients reach the sandbox and nothing else, whatever the machine is set up for."""

from __future__ import annotations

import os
from collections import defaultdict
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
# Those that somebody has, with what they were asked for; None where nothing is lent.
_lent: list[tuple[_Asked, Any]] | None = None


class SandboxSession(boto3.Session):  # type: ignore[misc]
    """A boto3 session with an endpoint: each client and resource of it goes there."""

    def __init__(self, endpoint_url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.endpoint_url = endpoint_url

    def client(self, *args: Any, **kwargs: Any) -> Any:
        asked = self._asked(args, kwargs)
        if _lent is None or asked is None:
            return super().client(*args, **self._settings(kwargs))
        try:
            made = _ready[asked].pop()
        except IndexError:
            made = _made(*asked)
        mine, its = self.get_credentials(), made._request_signer._credentials
        its.access_key, its.secret_key, its.token = mine.access_key, mine.secret_key, mine.token
        _lent.append((asked, made))
        return made

    def _asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Asked | None:
        """What is asked for, where one that was made for another could be given."""
        if len(args) != 1 or not kwargs.keys() <= {"region_name", "endpoint_url", "config"}:
            return None
        region = kwargs.get("region_name") or self.region_name
        endpoint = kwargs.get("endpoint_url") or self.endpoint_url
        return args[0], region, endpoint, kwargs.get("config")

    def resource(self, *args: Any, **kwargs: Any) -> Any:
        return super().resource(*args, **self._settings(kwargs))

    def _settings(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        config = kwargs.get("config")
        kwargs["config"] = _CONFIG.merge(config) if config is not None else _CONFIG
        if kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = self.endpoint_url
        return kwargs


def lend() -> None:
    """From here on, sessions of this process lend their clients, until all are given back (`give_back`). What
    one of them learns of its service is known to who has it next; keys are each borrower's own."""
    global _lent
    _lent = _lent or []


def give_back() -> None:
    """Whoever was lent a client needs it no more."""
    while _lent:
        asked, made = _lent.pop()
        keys = made._request_signer._credentials
        keys.access_key, keys.secret_key, keys.token = "none", "none", None
        _ready[asked].append(made)


def _made(service: str, region: str, endpoint_url: str, config: Config | None) -> Any:
    maker = session(endpoint_url, Credentials("", "none", "none"), region)
    # Keys that are the client's alone: a session's are shared by all that it makes.
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return maker.client(service, region_name=region, config=config, **keys)


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
