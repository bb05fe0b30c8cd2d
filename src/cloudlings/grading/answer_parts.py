"""Answers that are handed in as dictionaries: their parts, and values that mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def part_of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An answer's part that should be a dict itself; an empty one where it is none."""
    part = said.get(name)
    return part if isinstance(part, Mapping) else {}


def same(said: Any, value: Any) -> bool:
    """Whether an answer is what is true: False, "False" and "false" are one, False and 0 are two."""
    return str(said).strip().lower() == str(value).lower()
