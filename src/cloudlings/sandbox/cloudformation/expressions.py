"""The small language in which ``resources/*.yaml`` say what an operation is given.

``$Name`` and ``$Name.Part`` are a resource's properties, ``@id`` and other ``@name`` what is known of it (its
physical id, what was saved of an answer, ``@account``, ``@region``, ``@partition``, ``@stack``, ``@item``);
``"{@id}-{$Name}"`` is a text of them; ``{=name: argument}`` calls a transform (``transforms``). What refers
to something that is not there is left out, and so is a whole that has nothing else in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.transforms import TRANSFORMS

MISSING: Final = object()
_REFERENCE = re.compile(r"[$@][A-Za-z][\w.]*")
_INSIDE = re.compile(r"\{([$@][A-Za-z][\w.]*)\}")


@dataclass(frozen=True)
class Known:
    """What an expression may refer to."""

    properties: Mapping[str, Any]
    state: Mapping[str, Any]


def evaluate(expression: Any, known: Known) -> Any:
    """The value of an expression; MISSING when what it needs is not there."""
    match expression:
        case str():
            return _text(expression, known)
        case dict():
            return _mapping(expression, known)
        case list():
            found = [evaluate(each, known) for each in expression]
            kept = [each for each in found if each is not MISSING]
            return MISSING if expression and not kept else kept
    return expression


def _text(expression: str, known: Known) -> Any:
    if _REFERENCE.fullmatch(expression):
        return _look_up(expression, known)
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        found = _look_up(match[1], known)
        missing = missing or found is MISSING
        return text(found)

    filled = _INSIDE.sub(fill, expression)
    return MISSING if missing else filled


def _look_up(reference: str, known: Known) -> Any:
    found: Any = known.properties if reference[0] == "$" else known.state
    for part in reference[1:].split("."):
        if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, Mapping) and found.get(part) is not None:
            found = found[part]
        else:
            return MISSING
    return found


def _mapping(expression: Mapping[str, Any], known: Known) -> Any:
    if len(expression) == 1:
        name, argument = next(iter(expression.items()))
        if str(name).startswith("="):
            value = evaluate(argument, known)
            return value if value is MISSING else TRANSFORMS[str(name)[1:]](value)
    found = {key: evaluate(each, known) for key, each in expression.items()}
    kept = {key: each for key, each in found.items() if each is not MISSING}
    # A whole whose every reference is missing says nothing, whatever fixed words it has beside them.
    referred = [key for key, each in expression.items() if any(references(each))]
    return MISSING if referred and not any(key in kept for key in referred) else kept


def references(expression: Any) -> Iterator[str]:
    """What an expression refers to: ``$Name.Part``, ``@id``."""
    match expression:
        case str():
            if _REFERENCE.fullmatch(expression):
                yield expression
            else:
                yield from (match[1] for match in _INSIDE.finditer(expression))
        case dict():
            for each in expression.values():
                yield from references(each)
        case list():
            for each in expression:
                yield from references(each)


def properties_in(expression: Any) -> frozenset[str]:
    """The properties that an expression refers to, by their first name."""
    found = (each[1:].partition(".")[0] for each in references(expression) if each[0] == "$")
    return frozenset(found)
