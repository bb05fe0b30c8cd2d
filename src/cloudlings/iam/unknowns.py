"""The values of a policy variable that policies can tell apart.

A variable's value matters by where it leads: read after what stands before the variable in its pattern,
it takes every other pattern beside it from one state to another. One value for each set of states reached,
and one that is like nobody else's, stand for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from cloudlings.iam.patterns import Group, Pattern, TooManyStatesError, states
from cloudlings.iam.values import Comparand
from cloudlings.iam.variables import Variable

_MAX_VALUES: Final = 300
_OWN_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "aws:username": ("dana", "erin"),
    "aws:userid": ("AROAEXAMPLEID:dana",),
}
_WORDS: Final = ("blue", "green")


def values_of_variable(
    name: str,
    fixed: Sequence[Comparand],
    texts: Sequence[tuple[tuple[Any, ...], list[Pattern]]],
    within: Pattern,
    inexact: Callable[[str], None],
) -> list[str]:
    """One value of each kind, the ones that read well first; values are never empty.

    ``fixed`` are the conditions on the key itself, ``texts`` the texts with the variable in them, each with
    the patterns that stand beside it.
    """
    starts: list[tuple[Group, int]] = []
    for comparand in fixed:
        if not comparand.patterns or comparand.test == "null":
            continue
        group = Group(comparand.patterns)
        starts.append((group, group.start))
    for parts, beside in texts:
        before = _before(parts, name)
        if before is None:
            inexact("A policy variable stands behind a wildcard or another variable.")
            before = ""
        starts += [(group, group.read(group.start, before)) for group in map(_alone, beside)]
    words = list(_OWN_WORDS.get(name, _WORDS))
    try:
        found = [w.text for w in states(starts, within=within, max_states=_MAX_VALUES)]
    except TooManyStatesError:
        inexact("A policy variable can be told apart in more ways than can be followed.")
        found = []
    return [value for value in dict.fromkeys([*words, *found]) if value]


def _alone(pattern: Pattern) -> Group:
    return Group([pattern])


def _before(parts: Iterable[Any], name: str) -> str | None:
    """The literal text before the variable; None when it is not literal."""
    text = ""
    for part in parts:
        if isinstance(part, Variable):
            return text if part.key == name else None
        if not part[1] and ("*" in part[0] or "?" in part[0]):
            return None
        text += part[0]
    return text
