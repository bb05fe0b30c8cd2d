"""A LocalStack of the tests' own: in a container where an engine answers, else on this machine.

``running()`` gives its address, or raises ``Unavailable`` with the one line that says what is missing. On the
machine it needs Python 3.13, and installs LocalStack from the package index into a venv in ``.cloudlings``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".cloudlings" / "localstack-venv"
IMAGE = "localstack/localstack:4.14"
# The newest versions that this LocalStack runs with, measured; Python 3.13 is the only one that it takes.
PACKAGES = (
    "localstack-core[runtime]==4.14.*", "cryptography==46.0.7", "pyopenssl==25.3.0", "service-identity<25",
    "cbor2==5.8.0",
)  # fmt: skip
GIVEN = "LOCALSTACK_TEST_URL"
_STARTS_IN = 120.0
# Keys that look like AWS's, and no telemetry.
_TOLD = ("-e", "PARITY_AWS_ACCESS_KEY_ID=1", "-e", "DISABLE_EVENTS=1")


class Unavailable(Exception):
    """LocalStack cannot run here; the message says what is missing."""


@contextmanager
def running() -> Iterator[str]:
    """The address of a LocalStack that answers; of a new one, unless LOCALSTACK_TEST_URL names one."""
    if os.environ.get(GIVEN):
        yield os.environ[GIVEN]
        return
    port = _free_port()
    process = _start(port)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


# Ends what it runs when its input is closed: when this process ends, however it ends.
_TIED = ("sh", "-c", '"$@" & trap "kill $!" EXIT; cat >/dev/null; kill $!; wait $!', "sh")


def _start(port: int) -> subprocess.Popen[bytes]:
    if _has_image():
        command = ["docker", "run", "--rm", "-p", f"127.0.0.1:{port}:4566", *_TOLD, IMAGE]
        return subprocess.Popen(
            [*_TIED, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    python = installed()
    home = VENV / "home"
    home.mkdir(exist_ok=True)
    with (VENV / "log").open("wb") as log:
        return subprocess.Popen(
            [*_TIED, python, "-m", "localstack.runtime.main"], env=_environment(port, home), cwd=home,
            stdout=log, stderr=log, stdin=subprocess.PIPE,
        )  # fmt: skip


def _environment(port: int, home: Path) -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("AWS_", "PYTHON", "CLOUDLINGS", "LOCALSTACK"))
    }
    return kept | {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}", "LOCALSTACK_HOST": f"localhost.localstack.cloud:{port}",
        # Nothing leaves this machine: no name server, no telemetry, no certificate, no downloads.
        "DNS_ADDRESS": "0", "DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "DISABLE_CORS_CHECKS": "1",
        # Keys that look like AWS's.
        "PARITY_AWS_ACCESS_KEY_ID": "1",
        "FILESYSTEM_ROOT": str(home), "HOME": str(home), "TMPDIR": str(home),
    }  # fmt: skip


def in_a_container() -> bool:
    """Whether the LocalStack of ``running()`` is, or would be, one in a container."""
    return not os.environ.get(GIVEN) and _has_image()


def _has_image() -> bool:
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return False
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True).returncode == 0:
        return True
    return subprocess.run(["docker", "pull", "-q", IMAGE], capture_output=True).returncode == 0


def installed() -> str:
    """The Python that has LocalStack, installed the first time. Raises Unavailable."""
    python = VENV / "bin" / "python"
    if (VENV / "ready").exists():
        return str(python)
    uv = [str(Path(sys.executable).parent / "uv")]
    if not Path(uv[0]).exists():
        raise Unavailable("uv is not beside this Python: run it by `make test-localstack`.")
    _run(
        [*uv, "venv", "--quiet", "--clear", "--python", _python(uv), str(VENV)],
        "a venv for it cannot be made",
    )
    packages = [*uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES]
    _run(packages, "its packages cannot be installed from the package index")
    (VENV / "ready").write_text("")
    return str(python)


def _python(uv: list[str]) -> str:
    known = [str(p) for p in sorted(Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13"), reverse=True)]
    for python in (*known, "python3.13"):
        if (
            subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
            if _is_there(python)
            else False
        ):
            return python
    if subprocess.run([*uv, "python", "install", "--quiet", "3.13"], capture_output=True).returncode == 0:
        return "3.13"
    raise Unavailable("it needs a Docker engine that has or gets its image, or Python 3.13: neither is here.")


def _is_there(python: str) -> bool:
    return Path(python).exists() or shutil.which(python) is not None


def _run(command: list[str], otherwise: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise Unavailable(f"{otherwise}: {last}")


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_IN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"it ended while it was starting; its words are in {VENV / 'log'}.")
        try:
            if httpx.get(f"{url}/_localstack/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise Unavailable(f"it did not answer within {_STARTS_IN:.0f} s.")
