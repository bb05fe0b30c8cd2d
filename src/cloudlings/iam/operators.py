"""The condition operators of the policy language, by name: which test, and whether it is negated.

Source: AWS, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Test = Literal[
    "string", "string-ignore-case", "like", "arn", "numeric", "date", "bool", "binary", "ip", "null"
]
Order = Literal["", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Operator:
    """What one operator does: its test, the order (of numbers and dates; "" is equality), negated or not."""

    test: Test
    negated: bool = False
    order: Order = ""

    @property
    def takes_variables(self) -> bool:
        """Whether ``${…}`` in its values is replaced: string, ARN and Bool operators."""
        return self.test in ("string", "string-ignore-case", "like", "arn", "bool")


OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator("string"),
    "StringNotEquals": Operator("string", negated=True),
    "StringEqualsIgnoreCase": Operator("string-ignore-case"),
    "StringNotEqualsIgnoreCase": Operator("string-ignore-case", negated=True),
    "StringLike": Operator("like"),
    "StringNotLike": Operator("like", negated=True),
    "NumericEquals": Operator("numeric"),
    "NumericNotEquals": Operator("numeric", negated=True),
    "NumericLessThan": Operator("numeric", order="<"),
    "NumericLessThanEquals": Operator("numeric", order="<="),
    "NumericGreaterThan": Operator("numeric", order=">"),
    "NumericGreaterThanEquals": Operator("numeric", order=">="),
    "DateEquals": Operator("date"),
    "DateNotEquals": Operator("date", negated=True),
    "DateLessThan": Operator("date", order="<"),
    "DateLessThanEquals": Operator("date", order="<="),
    "DateGreaterThan": Operator("date", order=">"),
    "DateGreaterThanEquals": Operator("date", order=">="),
    "Bool": Operator("bool"),
    "BinaryEquals": Operator("binary"),
    "IpAddress": Operator("ip"),
    "NotIpAddress": Operator("ip", negated=True),
    # ArnEquals and ArnLike behave identically, and so do their negations.
    "ArnEquals": Operator("arn"),
    "ArnLike": Operator("arn"),
    "ArnNotEquals": Operator("arn", negated=True),
    "ArnNotLike": Operator("arn", negated=True),
    "Null": Operator("null"),
}
