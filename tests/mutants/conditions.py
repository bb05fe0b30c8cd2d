"""Every way to negate or drop one condition of a Python file."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Mutant:
    """One changed condition: where it is, what was done to it, the changed file. ``within`` is the function's
    own name, or its class's where it is a method."""

    file: str
    within: str
    function: str
    line: int
    change: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return f"{self.function}: {self.change}"


def mutants(source: str, file: str = "") -> Iterator[Mutant]:
    """The mutants of a file's functions and methods, in the file's order."""
    tree = ast.parse(source)
    functions = [(node.name, node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    functions += [
        (c.name, m)
        for c in tree.body
        if isinstance(c, ast.ClassDef)
        for m in c.body
        if isinstance(m, ast.FunctionDef)
    ]
    for within, function in functions:
        for number, node in enumerate(ast.walk(function)):
            for change, act in _changes(node):
                changed, twin = _copied(tree, function, number)
                act(twin)
                line = getattr(node, "lineno", function.lineno)
                yield Mutant(file, within, function.name, line, change, ast.fix_missing_locations(changed))


def _copied(tree: ast.Module, function: ast.FunctionDef, number: int) -> tuple[ast.Module, ast.AST]:
    """A copy of the module, and in it the same node."""
    changed = copy.deepcopy(tree)
    same = next(
        node
        for node in ast.walk(changed)
        if isinstance(node, ast.FunctionDef) and (node.name, node.lineno) == (function.name, function.lineno)
    )
    return changed, list(ast.walk(same))[number]


Act = Callable[[ast.AST], None]


def _changes(node: ast.AST) -> Iterator[tuple[str, Act]]:
    """What can be done to a node, in words, and how."""
    text = partial(_short, node)
    match node:
        case ast.Assert():
            yield f"negated: assert {_short(node.test)}", partial(_negate, field="test")
            yield f"dropped: assert {_short(node.test)}", partial(_set, field="test", value=True)
        case ast.If() | ast.IfExp() | ast.While():
            yield f"negated: if {_short(node.test)}", partial(_negate, field="test")
        case ast.Expr(value=ast.Call()):
            yield f"dropped: {text()}", _drop
        case ast.Return(value=ast.Compare() | ast.UnaryOp(op=ast.Not())):
            yield f"negated: {text()}", partial(_negate, field="value")
        case ast.Call(func=ast.Name(id="not_attempted_unless"), args=[condition, *_]):
            yield f"negated: not_attempted_unless {_short(condition)}", _negate_first
        case ast.Call(func=ast.Name(id="all" | "any" as name)):
            yield f"the other quantifier: {text()}", partial(_rename, to="any" if name == "all" else "all")
        case ast.BoolOp():
            for place, operand in enumerate(node.values):
                yield f"dropped: {_short(operand)} of {text()}", partial(_without, place=place)
        case ast.comprehension() if node.ifs:
            for place, condition in enumerate(node.ifs):
                yield f"dropped: filter {_short(condition)}", partial(_unfiltered, place=place)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def _negate(node: ast.AST, *, field: str) -> None:
    setattr(node, field, ast.UnaryOp(ast.Not(), getattr(node, field)))


def _set(node: ast.AST, *, field: str, value: object) -> None:
    setattr(node, field, ast.Constant(value))


def _drop(node: ast.AST) -> None:
    node.value = ast.Constant(None)  # type: ignore[attr-defined]


def _negate_first(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args[0] = ast.UnaryOp(ast.Not(), node.args[0])


def _rename(node: ast.AST, *, to: str) -> None:
    assert isinstance(node, ast.Call)
    node.func = ast.Name(to, ast.Load())


def _without(node: ast.AST, *, place: int) -> None:
    assert isinstance(node, ast.BoolOp)
    neutral = isinstance(node.op, ast.And)
    node.values[place] = ast.Constant(neutral)


def _unfiltered(node: ast.AST, *, place: int) -> None:
    assert isinstance(node, ast.comprehension)
    del node.ifs[place]
