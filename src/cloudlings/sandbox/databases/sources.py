"""Where the databases learn what they are to be: moto for RDS, and whoever keeps the secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudlings.sandbox import shapes
from cloudlings.sandbox.accounts import as_root
from cloudlings.sandbox.databases.service import Databases, serve
from cloudlings.sandbox.emulators.contract import Emulator, Informant
from cloudlings.sandbox.routes import BY_MODEL

_KEEPER = "moto"


def of(emulators: Mapping[str, Emulator], home: Path, state: Path | None) -> Databases:
    """The databases of a sandbox; this process serves them from here on."""

    async def facts(account_id: str) -> Mapping[str, Any]:
        keeper: Emulator | Informant | None = emulators.get(_KEEPER)
        if not isinstance(keeper, Informant):
            return {"instances": [], "snapshots": []}
        found: Mapping[str, Any] = await keeper.ask("databases", account_id=account_id)
        return found

    async def secret(account_id: str, region: str, name: str) -> str:
        return await _password(emulators, account_id, region, name)

    databases = Databases(home, state, facts, secret)
    serve(databases)
    return databases


async def _password(emulators: Mapping[str, Emulator], account_id: str, region: str, name: str) -> str:
    """The password in a secret, as the account's root reads it; "" where there is none."""
    service = "secretsmanager"
    route = BY_MODEL[service]
    request = shapes.write_input(service, "GetSecretValue", {"SecretId": name})
    request = as_root(request, account_id, region, route.service)
    response = await emulators[route.emulator].forward(request, account_id, service)
    if response.status >= 300:
        return ""
    text = shapes.read_output(service, "GetSecretValue", response).get("SecretString", "")
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("password", "")) if isinstance(found, dict) else ""
