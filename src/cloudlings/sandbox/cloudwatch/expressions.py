"""Regular expressions that learners write: named groups as in Java, and never for longer than a moment."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cloudlings.errors import ExpressionError

LONGEST = 0.5
"""Seconds that one search may take: some expressions would take for ever."""


@lru_cache(maxsize=512)
def compiled(text: str, flags: str = "") -> Any:
    """An expression, read. Raises ExpressionError for one that is none."""
    # Here, for it takes long to load, and most requests need none.
    import regex

    try:
        return regex.compile(text, regex.IGNORECASE if "i" in flags else 0)
    except regex.error as error:
        said, at = getattr(error, "msg", str(error)), getattr(error, "pos", None) or 0
        raise ExpressionError(f"Invalid regular expression: {said}", position=at) from None


def search(expression: Any, text: str) -> Any:
    """The first match in a text, or None. Raises ExpressionError for a search that takes too long."""
    try:
        return expression.search(text, timeout=LONGEST, concurrent=True)
    except TimeoutError:
        raise ExpressionError(f"The regular expression /{expression.pattern}/ takes too long") from None
