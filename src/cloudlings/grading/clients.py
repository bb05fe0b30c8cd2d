"""boto3 clients for one endpoint and one principal, made once and shared by the checks that follow."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

# The sandbox is on this machine: one retry covers a restart, more would only hide that it is down.
CONFIG = Config(
    connect_timeout=3,
    read_timeout=60,
    retries={"total_max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
    user_agent_extra="cloudlings-grader",
    parameter_validation=True,
)


class Clients:
    """A source of boto3 clients; making one costs tens of milliseconds, so each is kept. Thread-safe."""

    def __init__(self, session: boto3.Session, endpoint_url: str | None) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()

    def client(self, service_name: str, *, region_name: str | None = None) -> Any:
        key = (service_name, region_name)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service_name, region_name=region_name, endpoint_url=self._endpoint_url, config=CONFIG
                )
            return self._clients[key]
