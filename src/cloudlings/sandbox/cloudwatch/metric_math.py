"""Metric math: expressions over time series, as GetMetricData and alarms compute them.

``parse`` reads an expression, ``evaluate`` computes it from named series. Source: CloudWatch User Guide,
"Using math expressions with CloudWatch metrics" (syntax, data types, what missing values count for).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch.metric_functions import FUNCTIONS, NOT_HERE
from cloudlings.sandbox.cloudwatch.series import NotTaken, Scope, Series, Value, apply


@cache
def _grammar() -> Lark:
    return Lark(
        r"""
        ?start: either
        ?either: both (("||" | "OR") both)*
        ?both: order (("&&" | "AND") order)*
        ?order: sum | sum ORDER sum -> compare
        ?sum: product (PLUS product)*
        ?product: signed (TIMES signed)*
        ?signed: "-" signed -> negative | power
        ?power: atom | atom "^" signed -> raised
        ?atom: NUMBER -> number | STRING -> string | ID -> name | array | call | WORD -> word | "(" either ")"
        array: "[" either ("," either)* "]"
        call: WORD "(" [either ("," either)*] ")"
        ORDER: "==" | "!=" | "<=" | ">=" | "<" | ">"
        PLUS: "+" | "-"
        TIMES: "*" | "/"
        NUMBER: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
        STRING: /"[^"]*"|'[^']*'/
        ID: /[a-z][A-Za-z0-9_]*/
        WORD: /[A-Z][A-Z0-9_]*/
        %ignore /\s+/
        """,
        parser="lalr",
        propagate_positions=True,
    )


@dataclass(frozen=True)
class Expression:
    """An expression, read; ``names`` are the ids that it uses."""

    text: str
    tree: Tree[Token] | Token
    names: tuple[str, ...]


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """Read an expression. Raises ExpressionError with the place of what is wrong."""
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        ends = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        at = len(text) if ends else error.pos_in_stream or 0
        what = "end of the expression" if ends else f"'{text[at]}'"
        raise ExpressionError(f"Unexpected {what} at position {at}", position=at) from None
    found = tree.find_data("name") if isinstance(tree, Tree) else ()
    names = tuple(dict.fromkeys(str(node.children[0]) for node in found))
    for call in tree.find_data("call"):
        _known(call)
    return Expression(text, tree, names)


def _known(call: Tree[Token]) -> None:
    name, *given = call.children
    if name in NOT_HERE:
        raise ExpressionError(f"The function {name} is not available in this sandbox")
    if name not in FUNCTIONS:
        raise ExpressionError(f"Unsupported function {name}")
    count = sum(each is not None for each in given)
    least, most = FUNCTIONS[str(name)].takes
    if not least <= count <= most:
        raise ExpressionError(f"The function {name} does not take {count} arguments")


def evaluate(expression: Expression, scope: Scope) -> tuple[Series, ...]:
    """The series that an expression results in; a time series or an array of them.

    Raises ExpressionError for an unknown id, arguments that a function does not take, and a scalar result.
    """
    found = _value(expression.tree, scope)
    if isinstance(found, float):
        raise ExpressionError("The final result must be a time series or an array of time series")
    if isinstance(found, str):
        raise ExpressionError(f"'{found}' is no time series")
    return found if isinstance(found, tuple) else (found,)


def _value(node: Any, scope: Scope) -> Any:
    if isinstance(node, Token):
        raise ExpressionError(f"'{node}' is not expected here")
    return _NODES[node.data](node.children, scope)


def _name(children: Sequence[Any], scope: Scope) -> Value:
    name = str(children[0])
    if name not in scope.series:
        raise ExpressionError(f"Undefined id '{name}'")
    return scope.series[name]


def _array(children: Sequence[Any], scope: Scope) -> tuple[Series, ...]:
    made: list[Series] = []
    for child in children:
        found = _value(child, scope)
        if isinstance(found, float | str):
            raise ExpressionError("An array holds time series only")
        made += found if isinstance(found, tuple) else (found,)
    return tuple(made)


def _chain(sign: str) -> Callable[[Sequence[Any], Scope], Value]:
    def run(children: Sequence[Any], scope: Scope) -> Value:
        found = _value(children[0], scope)
        for child in children[1:]:
            found = apply(sign, found, _value(child, scope))
        return found  # type: ignore[no-any-return]

    return run


def _arithmetic(children: Sequence[Any], scope: Scope) -> Value:
    found = _value(children[0], scope)
    for sign, child in zip(children[1::2], children[2::2], strict=True):
        found = apply(str(sign), found, _value(child, scope))
    return found  # type: ignore[no-any-return]


def _call(children: Sequence[Any], scope: Scope) -> Value:
    name, *given = children
    function = FUNCTIONS[str(name)]
    arguments = [_value(each, scope) for each in given if each is not None]
    try:
        return function.compute(scope, *arguments)
    except NotTaken:
        raise ExpressionError(f"The function {name} does not take such arguments") from None


_NODES: dict[str, Callable[[Sequence[Any], Scope], Any]] = {
    "number": lambda children, _: float(children[0]),
    "string": lambda children, _: str(children[0])[1:-1],
    "word": lambda children, _: str(children[0]),
    "name": _name,
    "array": _array,
    "call": _call,
    "either": _chain("||"),
    "both": _chain("&&"),
    "compare": _arithmetic,
    "sum": _arithmetic,
    "product": _arithmetic,
    "negative": lambda children, scope: apply("-", 0.0, _value(children[0], scope)),
    "raised": lambda children, scope: apply("^", _value(children[0], scope), _value(children[1], scope)),
}
