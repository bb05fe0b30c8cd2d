"""Where values stand in a JSON text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cloudlings.sandbox.own.json_places import line_and_column, spans

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]))
def test_each_span_holds_its_value(value: object, indent: int | None) -> None:
    """The text of every span is the value that its path leads to."""
    text = json.dumps(value, indent=indent)
    for path, span in spans(text).items():
        found = value
        for step in path:
            found = found[step]  # type: ignore[index]
        assert json.loads(text[span.start : span.end]) == found
    assert spans(text)[()].end == len(text)


def test_a_text_that_breaks_off_tells_what_came_before() -> None:
    """What stands before the error is told, the rest is not."""
    assert set(spans('{"a": 1, "b": [2, "c}')) == {("a",), ("b", 0)}


def test_lines_are_counted_from_one_and_columns_from_zero() -> None:
    """An offset becomes its line and the column in it."""
    assert line_and_column("ab\ncd", 4) == (2, 1)
