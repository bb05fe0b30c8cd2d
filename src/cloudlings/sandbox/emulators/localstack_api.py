"""LocalStack over the network: which address may be one, and its AWS API asked as the root of an account.

LocalStack takes a 12-digit access key for the account that a request is for, and checks no signature.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from yarl import URL

from cloudlings.errors import SandboxError
from cloudlings.sandbox import shapes
from cloudlings.sandbox.accounts import as_root
from cloudlings.sandbox.model import Request, Response
from cloudlings.sandbox.routes import BY_MODEL
from cloudlings.sandbox.upstream import NetworkUpstream

# Asked for as an upstream by this word, it is where the package localstack-client finds it.
FOUND = "localstack"
# LocalStack's own name, which the world's name servers give as 127.0.0.1.
_ITS_NAME = "localhost.localstack.cloud"
_AWS = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws|aws\.amazon\.com|aws)$")
# Set in a container, whose neighbours have names without a dot.
_CONTAINER = "CLOUDLINGS_BIND"
_NEXT = "Give the address of a LocalStack on this machine: cloudlings start --upstream http://127.0.0.1:4566"
_UNDERSTOOD_BEFORE_ARGUMENTS = ("AWS_ENDPOINT_URL", "USE_SSL", "USE_LEGACY_PORTS")


def check_address(given: str) -> str:
    """The URL of what may stand behind the gateway. Raises SandboxError for real AWS, for another machine,
    and for what is no URL of the form http://HOST:PORT."""
    if given == FOUND:
        given = _endpoints(None)["s3"]
    url = urlsplit(given)
    host = url.hostname or ""
    if _AWS.search(host):
        raise SandboxError(
            f"{given} is AWS itself: cloudlings sends nothing there, and needs no keys of yours.",
            next_step=_NEXT,
        )
    if url.scheme != "http" or not host or url.path.strip("/") or url.query or url.username:
        raise SandboxError(
            f"“{given}” cannot be an upstream: it has the form http://HOST:PORT.", next_step=_NEXT
        )
    try:
        port = url.port or 4566
    except ValueError:
        raise SandboxError(f"“{given}” has no port between 1 and 65535.", next_step=_NEXT) from None
    if _is_loopback(host):
        return f"http://{host if _is_ipv4(host) else '127.0.0.1'}:{port}"
    if os.environ.get(_CONTAINER) and re.fullmatch(r"[a-z0-9][a-z0-9_-]*", host):
        return f"http://{host}:{port}"
    raise SandboxError(
        f"{given} is not on this machine: an upstream listens on the loopback interface.", next_step=_NEXT
    )


def _is_loopback(host: str) -> bool:
    if host in ("localhost", _ITS_NAME) or host.endswith(".localhost"):
        return True
    return _is_ipv4(host) and ip_address(host).is_loopback


def _is_ipv4(host: str) -> bool:
    try:
        return ip_address(host).version == 4
    except ValueError:
        return False


def _endpoints(host: str | None) -> dict[str, str]:
    """The endpoint of each boto3 client, as localstack-client knows them."""
    # Here, for only a gateway with an upstream has a use for it.
    from localstack_client import config

    # It believes these variables more than its argument; inside a lab's shell they name the gateway itself.
    kept = {name: os.environ.pop(name) for name in _UNDERSTOOD_BEFORE_ARGUMENTS if name in os.environ}
    try:
        found: dict[str, str] = config.get_service_endpoints(localstack_host=host)
    finally:
        os.environ.update(kept)
    return found


class Api:
    """The AWS API of the LocalStack at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._endpoints = _endpoints(urlsplit(url).netloc)
        self._upstreams: dict[str, NetworkUpstream] = {}

    def serves(self, service: str) -> bool:
        """Whether there is an endpoint for a boto3 service."""
        return service in self._endpoints

    async def send(self, request: Request, account_id: str, service: str) -> Response:
        """Send a request to the endpoint of a boto3 service, as it is. Raises ConnectionError."""
        endpoint = self._endpoints.get(service, self.url)
        if endpoint not in self._upstreams:
            self._upstreams[endpoint] = NetworkUpstream(URL(endpoint))
        return await self._upstreams[endpoint].send(request, account_id, service)

    async def ask(
        self, account_id: str, region: str, service: str, operation: str, **parameters: Any
    ) -> dict[str, Any] | None:
        """What an operation answers the root of an account, as boto3 would give it; None when it is refused,
        or not served. Raises SandboxError when LocalStack does not answer, or fails."""
        response = await self.answer(account_id, region, service, operation, **parameters)
        return shapes.read_output(service, operation, response) if response.status < 300 else None

    async def answer(
        self, account_id: str, region: str, service: str, operation: str, **parameters: Any
    ) -> Response:
        """The raw answer to such a question."""
        request = shapes.write_input(service, operation, parameters)
        signed = as_root(request, account_id, region, BY_MODEL[service].service)
        try:
            response = await self.send(signed, account_id, service)
        except ConnectionError as error:
            raise SandboxError(f"LocalStack at {self.url} does not answer ({error}).") from error
        if response.status >= 500 and response.status != 501:
            raise SandboxError(f"LocalStack answered {response.status} to {service}:{operation}.")
        return response

    async def own(self, path: str) -> Mapping[str, Any]:
        """What LocalStack says of itself at one of its own paths. Raises ConnectionError when nothing
        answers, and SandboxError when what answers is no LocalStack."""
        response = await self.send(Request("GET", path, "", ()), "", FOUND)
        try:
            found = json.loads(response.body) if response.status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise SandboxError(f"What answers at {self.url} is not LocalStack.", next_step=_NEXT)
        return found

    async def close(self) -> None:
        """Close the open connections."""
        for upstream in self._upstreams.values():
            await upstream.close()
