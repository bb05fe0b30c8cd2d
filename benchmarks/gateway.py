"""The sandbox's numbers: cold start, what a hop through the gateway adds, memory before the first request."""

from __future__ import annotations

import http.client
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from cloudlings.sandbox import Credentials, Sandbox

ACCOUNT = "111122223333"
STARTS, CALLS = 3, 400
BODY = b"x" * 1024


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket: the emulator alone."""

    def __init__(self, path: Path) -> None:
        super().__init__("emulator")
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def run() -> dict[str, float]:
    """Milliseconds and MiB by name. Those that begin with ``hop`` are gateway and emulator in one run."""
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder, f"home-{number}") for number in range(STARTS)]
        starts = [_cold_start(home) for home in homes]
        sandbox = Sandbox.start(Path(folder, "bench"), port=0)
        try:
            memory = _memory(sandbox)
            hops = _hops(sandbox)
        finally:
            sandbox.stop()
    return {
        "cold_start_to_first_list_buckets_ms": statistics.median(starts),
        "memory_pss_mib": memory,
        **hops,
    }


def _cold_start(home: Path) -> float:
    began = time.perf_counter()
    sandbox = Sandbox.start(home, port=0)
    try:
        keys = sandbox.provision(ACCOUNT)
        connection = _gateway(sandbox)
        _call(connection, "GET", "/", _signed(sandbox, keys, "GET", "/"))
        return (time.perf_counter() - began) * 1000
    finally:
        sandbox.stop()


def _memory(sandbox: Sandbox) -> float:
    deadline = time.monotonic() + 15
    while not all(sandbox.health()["emulators"].values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    main = psutil.Process(sandbox.health()["pid"])
    time.sleep(2)  # moto goes on importing after its first answer
    return sum(p.memory_full_info().pss for p in (main, *main.children(recursive=True))) / 1024**2


def _hops(sandbox: Sandbox) -> dict[str, float]:
    keys = sandbox.provision(ACCOUNT)
    through = _gateway(sandbox)
    alone = UnixConnection(sandbox.home / "sandbox" / "run" / "ministack.sock")
    _call(through, "PUT", "/bench-bucket", _signed(sandbox, keys, "PUT", "/bench-bucket"))
    found: dict[str, float] = {}
    for method, body in (("PUT", BODY), ("GET", b"")):
        headers = _signed(sandbox, keys, method, "/bench-bucket/key", body)
        ways = {"through": through, "alone": alone}
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(CALLS):
            # In turn, so that whatever else the machine does hits both.
            for way, connection in ways.items():
                began = time.perf_counter()
                _call(connection, method, "/bench-bucket/key", headers, body)
                taken[way].append((time.perf_counter() - began) * 1000)
        name = f"hop_{method.lower()}"
        medians = {way: statistics.median(each) for way, each in taken.items()}
        found |= {f"{name}_{way}_ms": median for way, median in medians.items()}
        found[f"{name}_added_ms"] = medians["through"] - medians["alone"]
        found[f"{name}_ratio"] = medians["through"] / medians["alone"]
    return found


def _gateway(sandbox: Sandbox) -> http.client.HTTPConnection:
    host, _, port = sandbox.endpoint_url.removeprefix("http://").partition(":")
    return http.client.HTTPConnection(host, int(port))


def _signed(sandbox: Sandbox, keys: Credentials, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    request = AWSRequest(method, f"{sandbox.endpoint_url}{path}", data=body)
    request.context["payload_signing_enabled"] = True
    signer: Callable[[AWSRequest], None] = S3SigV4Auth(
        BotoCredentials(keys.access_key_id, keys.secret_access_key), "s3", "us-east-1"
    ).add_auth
    signer(request)
    return {"Host": sandbox.endpoint_url.removeprefix("http://"), **dict(request.headers)}


def _call(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> None:
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status}")


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:40} {value:10.2f}")
