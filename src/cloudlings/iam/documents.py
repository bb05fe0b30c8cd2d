"""Read a policy document: JSON text or a mapping into a ``Policy``, or a named error that says where.

Reading is strict about shape and names and knows nothing of where the policy is attached; what AWS
refuses on write for each kind of policy is in ``validation``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from cloudlings.errors import PolicyDocumentError, UnknownPolicyElement
from cloudlings.iam.operators import OPERATORS
from cloudlings.iam.statements import (
    Condition,
    Effect,
    Place,
    Policy,
    Principals,
    Qualifier,
    Statement,
    Version,
)

MAX_BYTES = 2_000_000
"""The longest document that is read. AWS's own limits (2 kB to 40 kB) are far below."""

KEPT = 50_000
"""The longest text whose policy is kept for the next time it is read; AWS's longest policy has 32,768."""

VERSIONS = ("2012-10-17", "2008-10-17")
POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
PRINCIPAL_KINDS = {
    "AWS": "aws", "Service": "service", "Federated": "federated", "CanonicalUser": "canonical_user",
}  # fmt: skip


def parse(document: str | bytes | Mapping[str, Any] | Policy, name: str = "") -> Policy:
    """The policy that ``document`` holds; ``name`` is what messages call it.

    Raises PolicyDocumentError when it is no policy (bad JSON, duplicate keys, wrong types, too long or
    too deep), UnknownPolicyElement when it uses an element, a version or an operator that is not AWS's.
    """
    if isinstance(document, Policy):
        return document
    if isinstance(document, str) and len(document) <= KEPT:
        return _parsed(document, name)
    data = load(document, name) if isinstance(document, (str, bytes)) else document
    return _policy(data, Place(name))


@lru_cache(maxsize=1024)
def _parsed(text: str, name: str) -> Policy:
    """The same text read again is the same policy, with what was compiled from it."""
    return _policy(load(text, name), Place(name))


def parse_several(documents: Iterable[Any] | Mapping[str, Any] | None, name: str = "") -> tuple[Policy, ...]:
    """Several documents; one alone counts as a list of one, numbered in their names when there are more."""
    if documents is None:
        return ()
    if isinstance(documents, (str, bytes, Mapping, Policy)):
        return (parse(documents, name),)
    found = list(documents)
    if len(found) == 1:
        return (parse(found[0], name),)
    return tuple(parse(document, f"{name} {number}") for number, document in enumerate(found, 1))


def parse_optional(document: Any, name: str = "") -> Policy | None:
    """The policy, or None for None."""
    return None if document is None else parse(document, name)


# --- JSON ---------------------------------------------------------------------------------------


class _Number(str):
    """A number as it is spelled in the document: `10.0` must not become `10`."""


def load(text: str | bytes, name: str = "") -> Any:
    """The JSON in ``text``, without what json.loads lets pass: duplicate keys, NaN, endless nesting."""
    place = Place(name)
    if len(text) > MAX_BYTES:
        raise PolicyDocumentError(
            f"{_at(place)}The document is {len(text):,} bytes long; {MAX_BYTES:,} is the most that is read.",
            next_step="Split the policy, or check that this file is one.",
        )
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PolicyDocumentError(
                f"{_at(place)}Byte {error.start} is not UTF-8.", next_step="Save the document as UTF-8."
            ) from None
    try:
        return json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        raise PolicyDocumentError(
            f"{_at(place)}Not JSON at line {error.lineno}, column {error.colno}: {error.msg}.",
            next_step="Look before that column: a comma, a quote or a bracket is often missing there.",
        ) from None
    except RecursionError:
        raise PolicyDocumentError(f"{_at(place)}The document is nested too deeply to be a policy.") from None
    except PolicyDocumentError as error:
        raise PolicyDocumentError(f"{_at(place)}{error.message}", next_step=error.next_step) from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise PolicyDocumentError(
            f"The key {double!r} stands twice in the same block.",
            next_step="Keep one; several values of one key go into a list.",
        )
    return found


def _refuse(constant: str) -> Any:
    raise PolicyDocumentError(f"{constant} is not JSON.")


# --- elements -----------------------------------------------------------------------------------


def _policy(data: Any, place: Place) -> Policy:
    if not isinstance(data, Mapping):
        raise PolicyDocumentError(
            f"{_at(place)}A policy is a JSON object, this is {_kind(data)}.",
            next_step='Begin with {"Version": "2012-10-17", "Statement": [...]}.',
        )
    _only(data, POLICY_ELEMENTS, place)
    version = data.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise UnknownPolicyElement(
            f"{_at(place / 'Version')}{version!r} is no version of the policy language.",
            next_step="Use 2012-10-17 (variables work) or 2008-10-17.",
        )
    if "Statement" not in data:
        raise PolicyDocumentError(f"{_at(place)}A policy needs a Statement element.")
    statements = data["Statement"]
    if not isinstance(statements, (list, tuple)):
        statements = [statements]
    return Policy(
        statements=tuple(
            _statement(statement, index, version, place / f"Statement[{index}]")
            for index, statement in enumerate(statements)
        ),
        version=version,
        id=_text(data.get("Id", ""), place / "Id"),
        name=place.document,
    )


def _statement(data: Any, index: int, version: Version, place: Place) -> Statement:
    if not isinstance(data, Mapping):
        raise PolicyDocumentError(f"{_at(place)}A statement is a JSON object, this is {_kind(data)}.")
    _only(data, STATEMENT_ELEMENTS, place)
    for one, other in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
        if one in data and other in data:
            raise PolicyDocumentError(f"{_at(place)}{one} and {other} exclude each other in one statement.")
    if "Action" not in data and "NotAction" not in data:
        raise PolicyDocumentError(f"{_at(place)}A statement needs Action or NotAction.")
    return Statement(
        effect=_effect(data, place),
        action=_texts(data, "Action", place),
        not_action=_texts(data, "NotAction", place),
        resource=_texts(data, "Resource", place),
        not_resource=_texts(data, "NotResource", place),
        principal=_principals(data, "Principal", place),
        not_principal=_principals(data, "NotPrincipal", place),
        conditions=_conditions(data.get("Condition", {}), place / "Condition"),
        sid=_text(data.get("Sid", ""), place / "Sid"),
        version=version,
        index=index,
        place=place,
        source=data,
    )


def _effect(data: Mapping[str, Any], place: Place) -> Effect:
    effect = data.get("Effect")
    if effect not in ("Allow", "Deny"):
        found = f"{effect!r} is neither" if "Effect" in data else "there is none"
        raise PolicyDocumentError(f"{_at(place / 'Effect')}Effect is Allow or Deny, spelled so; {found}.")
    return cast(Effect, effect)


def _principals(data: Mapping[str, Any], element: str, place: Place) -> Principals | None:
    if element not in data:
        return None
    place, value = place / element, data[element]
    if value == "*":
        return Principals(everyone=True)
    if not isinstance(value, Mapping):
        raise PolicyDocumentError(
            f'{_at(place)}A principal is "*" or an object such as {{"AWS": "111122223333"}}; '
            f"this is {_kind(value)}."
        )
    _only(value, frozenset(PRINCIPAL_KINDS), place)
    named = {PRINCIPAL_KINDS[kind]: _texts(value, kind, place) or () for kind in value}
    everyone = "*" in named.get("aws", ())
    return Principals(everyone=everyone, **named)


def _conditions(data: Any, place: Place) -> tuple[Condition, ...]:
    if not isinstance(data, Mapping):
        raise PolicyDocumentError(f"{_at(place)}Condition is a JSON object, this is {_kind(data)}.")
    found: list[Condition] = []
    for name, block in data.items():
        _text(name, place)
        operator, qualifier, if_exists = operator_of(name, place)
        if not isinstance(block, Mapping):
            raise PolicyDocumentError(
                f"{_at(place / name)}An operator holds an object of keys and values, this is {_kind(block)}."
            )
        found += [
            Condition(
                operator, key, _scalars(values, place / name / key), qualifier, if_exists, place / name / key
            )
            for key, values in ((_text(key, place / name), values) for key, values in block.items())
        ]
    return tuple(found)


_NOWHERE = Place()


def operator_of(name: str, place: Place = _NOWHERE) -> tuple[str, Qualifier, bool]:
    """``ForAnyValue:StringLikeIfExists`` as (``StringLike``, ``ForAnyValue``, True).

    Raises UnknownPolicyElement for an operator or a qualifier that AWS does not have.
    """
    qualifier, colon, rest = name.rpartition(":")
    bare = rest.removesuffix("IfExists")
    if_exists = bare != rest
    known = bare in OPERATORS and not (bare == "Null" and if_exists)
    if not known or (colon and qualifier not in ("ForAllValues", "ForAnyValue")):
        raise UnknownPolicyElement(
            f"{_at(place)}{name!r} is no condition operator.",
            next_step="See AWS's list of condition operators; names are case-sensitive.",
        )
    return bare, cast(Qualifier, qualifier), if_exists


# --- small parts --------------------------------------------------------------------------------


def _only(data: Mapping[str, Any], known: frozenset[str], place: Place) -> None:
    for key in data:
        if key not in known:
            raise UnknownPolicyElement(
                f"{_at(place)}{key!r} is no element of the policy language here.",
                next_step=f"Known here: {', '.join(sorted(known))}; names are case-sensitive.",
            )


def _texts(data: Mapping[str, Any], element: str, place: Place) -> tuple[str, ...] | None:
    if element not in data:
        return None
    value, place = data[element], place / element
    if isinstance(value, (list, tuple)):
        return tuple(_text(item, place / f"[{index}]") for index, item in enumerate(value))
    return (_text(value, place),)


def _text(value: Any, place: Place) -> str:
    if isinstance(value, str) and not isinstance(value, _Number):
        return value
    raise PolicyDocumentError(f"{_at(place)}A string belongs here, this is {_kind(value)}.")


def _scalars(value: Any, place: Place) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(_scalar(item, place / f"[{index}]") for index, item in enumerate(value))
    return (_scalar(value, place),)


def _scalar(value: Any, place: Place) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise PolicyDocumentError(
        f"{_at(place)}A string, number or boolean belongs here, this is {_kind(value)}."
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float, _Number)):
        return "a number"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


def _at(place: Place) -> str:
    return f"{place}: " if str(place) else ""
