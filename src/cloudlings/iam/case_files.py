"""Read case files: who asks for what under which policies, and what must come out.

Two forms. JSON (``{"cases": [...]}``, every element spelled out) and YAML, which people write:

    source: https://docs.aws.amazon.com/…        # of every case that names none of its own
    cases:
      - id: condition-02
        title: StringEquals, key missing
        who: user/ana                            # 444455556666:user/zoe, assumed-role/app/run1, root,
                                                 # anonymous, sns.amazonaws.com, oidc-provider/…
        does: s3:PutObject arn:aws:s3:::app-data/a.csv
        with: {s3:x-amz-acl: private}            # the request's condition keys
        identity: {Allow: s3:PutObject, Resource: "*", If: {StringEquals: {s3:x-amz-acl: private}}}
        expected: Allowed                        # ExplicitDeny, ImplicitDeny, denied, or an error's name
        because: the values are equal

A policy is a statement, a list of statements, ``FullAccess``, or a document with its own Version. A list
whose first item is itself a list or a document is several policies. ``Allow:`` and ``Deny:`` hold the actions
(leave them empty beside NotAction), ``If:`` is the Condition. In YAML every value is text, so that account
ids keep their zeros.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cloudlings.errors import CloudlingsError, PolicyDocumentError, PolicyError
from cloudlings.iam.request import Grant, Policies, Principal, PrincipalType, Request

MAIN_ACCOUNT = "111122223333"
"""The account of names written without one, as in AWS's own examples."""
OUTCOMES = ("Allowed", "ExplicitDeny", "ImplicitDeny", "denied")
"""What a case may expect, beside the name of an error. ``denied`` is either kind of deny."""

_LAYERS = ("identity", "groups", "boundary", "session", "resource", "vpce", "scp", "rcp", "trust")
_FULL_ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Case:
    """One case. ``setup`` holds the raw principal, request and policies, read when the case is run, so that
    a case may expect an error. ``file`` says where it stands."""

    id: str
    title: str
    expected: str
    setup: Mapping[str, Any]
    reason: str = ""
    source: str = ""
    confidence: str = ""
    note: str = ""
    file: str = ""

    def request(self) -> Request:
        """The request; PolicyError when it is none."""
        return Request(_principal(self.setup["principal"]), **self.setup["request"])

    def policies(self) -> Policies:
        """The policies; PolicyError when one is none."""
        grants = [Grant(**_grant(grant)) for grant in self.setup.get("grants") or ()]
        return Policies.of(**self.setup["policies"], grants=grants, settings=self.setup.get("settings") or {})


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of one file. PolicyError says which file, and which case where one is not as it must be."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: cannot be read: {error}.") from None
    data = _load_yaml(text, path) if path.suffix in (".yaml", ".yml") else _load_json(text, path)
    cases = data.get("cases") if isinstance(data, Mapping) else data
    if not isinstance(cases, list):
        raise PolicyError(f"{path}: no list of cases.", next_step="Write {cases: [...]}, or a list.")
    defaults = {"source": data.get("source", "")} if isinstance(data, Mapping) else {}
    return tuple(_case(case, defaults, path) for case in cases)


def _case(case: Any, defaults: Mapping[str, Any], path: Path) -> Case:
    if not isinstance(case, Mapping):
        raise PolicyError(f"{path}: a case is a mapping with id, who, does and expected; this is {case!r}.")
    data = {**defaults, **case}
    try:
        setup = _short(data) if "who" in data else _spelled_out(data)
        either = data.get("compare") == "binary" and data["expected"] != "Allowed"
        return Case(
            id=str(data["id"]),
            title=str(data.get("title", "")),
            expected="denied" if either else str(data["expected"]),
            setup=setup,
            reason=str(data.get("because", data.get("reason", ""))),
            source=str(data.get("source", "")),
            confidence=str(data.get("confidence", "")),
            note=str(data.get("note", "")),
            file=str(path),
        )
    except KeyError as error:
        raise PolicyError(f"{path}: case {data.get('id', '?')}: {error.args[0]!r} is missing.") from None


# --- the JSON form ------------------------------------------------------------------------------


def _load_json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PolicyDocumentError(f"{path}: not JSON: {error}.") from None


def _spelled_out(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "principal": data["principal"],
        "request": data["request"],
        "policies": {layer: value for layer, value in data["policies"].items() if value is not None},
        "grants": data.get("grants", ()),
        "settings": data.get("settings", {}),
    }


# --- the YAML form ------------------------------------------------------------------------------


_RESOLVED = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")


class _Loader(yaml.SafeLoader):
    """YAML in which every scalar but null is text, and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
            if key.value != "<<":
                key.tag = "tag:yaml.org,2002:str"  # the operator Null is a word, not nothing
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in resolvers if pair[0] in _RESOLVED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _load_yaml(text: str, path: Path) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise PolicyDocumentError(f"{path}: not YAML: {error}.") from None


def _short(data: Mapping[str, Any]) -> dict[str, Any]:
    action, _, resource = str(data["does"]).partition(" ")
    request = {
        "action": action,
        "resource": resource.strip() or "*",
        "resource_account": data.get("owner", MAIN_ACCOUNT),
        "context": data.get("with") or {},
    }
    policies = {layer: _layer(layer, data[layer]) for layer in _LAYERS if data.get(layer) is not None}
    settings = dict(data.get("settings") or {})
    if "s3_block_public_access" in settings:
        settings["s3_block_public_access"] = settings["s3_block_public_access"] == "true"
    return {
        "principal": data["who"],
        "request": request,
        "policies": policies,
        "grants": data.get("grants") or (),
        "settings": settings,
    }


def _layer(layer: str, value: Any) -> Any:
    if layer in ("scp", "rcp"):
        return [list(_policies(level)) for level in value]
    found = list(_policies(value))
    return found if layer in ("identity", "groups", "session") else found[0]


def _policies(value: Any) -> Iterator[Any]:
    """A policy or several, as documents."""
    first = value[0] if isinstance(value, list) and value else None
    several = isinstance(first, (list, str)) or _is_document(first)
    for policy in value if several else [value]:
        yield _document(policy)


def _is_document(value: Any) -> bool:
    return isinstance(value, Mapping) and "Statement" in value


def _document(policy: Any) -> Any:
    if policy == "FullAccess":
        return _FULL_ACCESS
    if _is_document(policy):
        statements = policy["Statement"]
        many = statements if isinstance(statements, list) else [statements]
        return {**policy, "Statement": [_statement(statement) for statement in many]}
    statements = policy if isinstance(policy, list) else [policy]
    return {"Version": "2012-10-17", "Statement": [_statement(statement) for statement in statements]}


def _statement(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key in ("Allow", "Deny"):
            found["Effect"] = key
            if value is not None:
                found["Action"] = value
        else:
            found["Condition" if key == "If" else key] = value
    return found


# --- principals ---------------------------------------------------------------------------------

_TYPES: Mapping[str, tuple[PrincipalType, str]] = {
    "user": ("user", "iam"), "role": ("role", "iam"), "assumed-role": ("session", "sts"),
    "federated-user": ("federated-user", "sts"), "root": ("root", "iam"), "oidc-provider": ("oidc", "iam"),
    "saml-provider": ("saml", "iam"),
}  # fmt: skip


def _principal(who: str | Mapping[str, Any]) -> Principal:
    if isinstance(who, Mapping):
        if "arn" in who and "type" in who:
            return Principal(**who)
        return Principal(**{**_named(str(who["name"])), **{key: who[key] for key in who if key != "name"}})
    return Principal(**_named(who))


def _named(name: str) -> dict[str, Any]:
    """``user/ana`` and its like as type and ARN."""
    if name == "anonymous":
        return {"type": "anonymous"}
    account, _, resource = name.rpartition(":")
    kind = resource.partition("/")[0]
    if kind in _TYPES:
        type_, service = _TYPES[kind]
        return {"type": type_, "arn": f"arn:aws:{service}::{account or MAIN_ACCOUNT}:{resource}"}
    if name.endswith(".amazonaws.com"):
        return {"type": "service", "arn": name}
    raise PolicyError(
        f"{name!r} names no principal.",
        next_step="Write user/ana, assumed-role/app/run1, root, sns.amazonaws.com …",
    )


def _grant(data: Mapping[str, Any]) -> dict[str, Any]:
    """A grant's fields with lists and mappings as tuples."""
    found = dict(data)
    found["operations"] = tuple(found.get("operations", ()))
    for name in ("context_equals", "context_subset"):
        if isinstance(found.get(name), Mapping):
            found[name] = tuple(found[name].items())
    return found


def expected_is_error(case: Case) -> bool:
    """Whether the case expects an error, by its class's name."""
    return case.expected not in OUTCOMES


def outcome_of(case: Case) -> str:
    """What the engine says: an outcome, or the name of the error it raised."""
    from cloudlings.iam.decide import decide

    try:
        return decide(case.request(), case.policies()).outcome
    except CloudlingsError as error:
        return type(error).__name__
