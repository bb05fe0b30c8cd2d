"""An answer's own part: what of its steps tells how the tasks fare that it answers in its own way.

The cells of tasks stay, since a task needs what was built before it. A cell that only shows something goes:
one whose names nothing that stays asks for.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Collection, Iterator, Sequence

from cloudlings.lab.splice import Step

# What hands something in, wherever it stands.
_HANDS_IN = "answer"
_CHANGING = frozenset({
    *("add", "append", "clear", "discard", "extend", "insert"),
    *("pop", "remove", "reverse", "setdefault", "sort", "update"),
})  # fmt: skip


def own_part(steps: Sequence[Step], tasks: Collection[str]) -> tuple[Step, ...]:
    """The steps up to the last check of ``tasks``, with no other check and no cell that only shows something.

    A cell outside of tasks stays if a later step that stays uses a name that it sets, if it hands in an
    answer, and where its code cannot be read as Python.
    """
    places = [i for i, step in enumerate(steps) if step.kind == "check" and step.task in tasks]
    kept: list[Step] = []
    asked_for = {_HANDS_IN}
    for step in reversed(steps[: max(places, default=-1) + 1]):
        if step.kind == "check":
            if step.task in tasks:
                kept.append(step)
            continue
        used, changed = _names(step)
        if step.task is not None or step.answered or not changed.isdisjoint(asked_for):
            kept.append(step)
            asked_for |= used
    return tuple(reversed(kept))


def _names(step: Step) -> tuple[set[str], set[str]]:
    """The names that a step wants to be there, and those that it sets, changes, or hands in by.

    What a step both uses and sets it is taken to set first.
    """
    if step.kind != "python":
        return set(), set()
    try:
        tree, names = ast.parse(step.text), symtable.symtable(step.text, str(step.place), "exec")
    except SyntaxError:
        words = set(re.findall(r"\w+", step.text))
        return words, words | {_HANDS_IN}
    set_here = {each.get_name() for each in names.get_symbols() if each.is_assigned() or each.is_imported()}
    changed = set(_changed(tree))
    return (_used(names) - set_here) | changed, set_here | changed


def _used(table: symtable.SymbolTable) -> set[str]:
    inner = (_used(child) for child in table.get_children())
    return {
        *(each.get_name() for each in table.get_symbols() if each.is_referenced() and each.is_global()),
        *(name for names in inner for name in names),
    }


def _changed(tree: ast.AST) -> Iterator[str]:
    """The names whose old value goes into a new one, and of what is changed in place."""
    for node in ast.walk(tree):
        match node:
            case ast.AugAssign(target=target):
                yield from _at_the_root(target)
            case ast.Assign(targets=targets, value=value):
                old = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
                yield from old.intersection(name for target in targets for name in _at_the_root(target))
            case ast.Attribute(value=base, ctx=ast.Store()) | ast.Subscript(value=base, ctx=ast.Store()):
                yield from _at_the_root(base)
            case ast.Call(func=ast.Attribute(value=base, attr=attr)) if attr in _CHANGING:
                yield from _at_the_root(base)
            case ast.Call(func=ast.Name(id=name)) if name == _HANDS_IN:
                yield name


def _at_the_root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
