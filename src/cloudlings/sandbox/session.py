"""boto3 sessions whose clients reach the sandbox and nothing else, whatever the machine is set up for."""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from cloudlings.sandbox.guard import drop_host_prefix
from cloudlings.sandbox.model import Credentials

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


class SandboxSession(boto3.Session):  # type: ignore[misc]
    """A boto3 session with an endpoint: each client and resource of it goes there."""

    def __init__(self, endpoint_url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.endpoint_url = endpoint_url

    def client(self, *args: Any, **kwargs: Any) -> Any:
        return super().client(*args, **self._settings(kwargs))

    def resource(self, *args: Any, **kwargs: Any) -> Any:
        return super().resource(*args, **self._settings(kwargs))

    def _settings(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        config = kwargs.get("config")
        kwargs["config"] = _CONFIG.merge(config) if config is not None else _CONFIG
        if kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = self.endpoint_url
        return kwargs


def _drop_host_prefix(request: Any, **_: Any) -> None:
    drop_host_prefix(request)


def session(endpoint_url: str, credentials: Credentials, region: str) -> boto3.Session:
    """A session for these credentials at this endpoint."""
    core = botocore.session.Session(session_vars=_ISOLATED)
    core.register_component("data_loader", _LOADER)
    core.register("before-send.s3-control", _drop_host_prefix)
    return SandboxSession(
        endpoint_url,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token or None,
        region_name=region,
        botocore_session=core,
    )
