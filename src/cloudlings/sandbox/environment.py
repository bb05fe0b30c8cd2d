"""The environment in which every AWS tool reaches the sandbox and nothing else.

A machine may hold real keys, profiles, single sign-on, service endpoints, or be an instance or a
container with a role. Everything that botocore, the AWS CLI and the other SDKs read is therefore set,
or taken away: the variables that begin with AWS_ are ours, all of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cloudlings.sandbox.model import Credentials

if TYPE_CHECKING:
    from cloudlings.sandbox.handle import Sandbox

# Where the guard reads which endpoints are allowed.
ALLOWED = "CLOUDLINGS_ENDPOINTS"
_STARTUP = Path(__file__).parent / "startup"
_LOOPBACK = "127.0.0.1,localhost"
# Read by AWS tools although they do not begin with AWS_.
ALSO_REMOVED = frozenset({"BOTO_CONFIG", "EC2_PRIVATE_KEY", "EC2_CERT", "LOCALSTACK_HOST", "S3_USE_SIGV4"})


def variables(
    sandbox: Sandbox, credentials: Credentials, region: str, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables to set (and to print for a shell). See ``environment`` for a process's whole set.

    Of ``base`` (this process's own environment) only the lists are kept that ours are put in front of.
    Every Python that starts with them loads the guard, which refuses other endpoints.
    """
    base = os.environ if base is None else base
    nothing = _empty_files(sandbox.home)
    return {
        "AWS_ENDPOINT_URL": sandbox.endpoint_url,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        **({"AWS_SESSION_TOKEN": credentials.session_token} if credentials.session_token else {}),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": str(nothing / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{sandbox.endpoint_url}/no-metadata/",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "AWS_PAGER": "",
        "AWS_CLI_AUTO_PROMPT": "off",
        ALLOWED: f"{sandbox.endpoint_url},{sandbox.plain_url}",
        "PYTHONPATH": _in_front(str(_STARTUP), base.get("PYTHONPATH", ""), os.pathsep),
        "NO_PROXY": _in_front(_LOOPBACK, base.get("NO_PROXY", ""), ","),
        "no_proxy": _in_front(_LOOPBACK, base.get("no_proxy", ""), ","),
    }


def environment(
    sandbox: Sandbox, credentials: Credentials, region: str, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The complete environment for a process: ``base`` (this process's own) without anything of AWS's,
    and with the sandbox's."""
    base = os.environ if base is None else base
    kept = {name: value for name, value in base.items() if not _is_aws(name)}
    return kept | variables(sandbox, credentials, region, base)


def _in_front(ours: str, theirs: str, separator: str) -> str:
    if theirs == ours or theirs.startswith(ours + separator):
        return theirs
    return f"{ours}{separator}{theirs}" if theirs else ours


def removed(base: Mapping[str, str]) -> tuple[str, ...]:
    """The variables of ``base`` that ``environment`` takes away or replaces, for a shell to unset."""
    return tuple(sorted(name for name in base if _is_aws(name)))


def _is_aws(name: str) -> bool:
    return name.startswith("AWS_") or name in ALSO_REMOVED


def _empty_files(home: Path) -> Path:
    """A folder with a config and a credentials file that hold nothing."""
    folder = home / "sandbox" / "no-aws-config"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("config", "credentials"):
        path = folder / name
        if not path.exists() or path.stat().st_size:
            path.write_text("")
    return folder
