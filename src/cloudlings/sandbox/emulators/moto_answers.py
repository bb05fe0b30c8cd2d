"""moto's answers as moto writes them, and quicker: of a describe call, nine tenths of the time are these two.

moto looks for each member of an answer under a list of names that it works out anew every time, and writes
EC2's XML through a SAX generator. The names depend on the shape, the member and the class of the object, so
they are worked out once; the XML is joined from strings, and anything unusual in it goes moto's way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

_NAMES = "_cloudlings_names"
_TRANSFORMED = "_cloudlings_transformed"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


class _UnusualError(Exception):
    """Something that only moto's own way of writing knows."""


def apply() -> None:
    """Put both in moto's place."""
    _member_names()
    _xml()


def _member_names() -> None:
    from moto.core.serialize import AttributePicker, AttributePickerContext, ResponseSerializer
    from moto.core.utils import MISSING
    from moto.core.utils import get_value as value_of

    moto_get_value = ResponseSerializer.get_value

    def names_of(picker: Any, value: Any, key: str, shape: Any) -> tuple[str, ...]:
        known = shape.__dict__.setdefault(_NAMES, {})
        mark = (type(picker), type(value), key, len(picker.alias_providers))
        if mark not in known:
            context = AttributePickerContext(obj=value, key=key, shape=shape)
            known[mark] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
        return known[mark]  # type: ignore[no-any-return]

    def get_value(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if not isinstance(picker, AttributePicker) or key.endswith(_transformed(picker)):
            return moto_get_value(self, value, key, shape)
        for name in names_of(picker, value, key, shape):
            found = value_of(value, name, MISSING)
            if found is not MISSING:
                return found
        return None

    ResponseSerializer.get_value = get_value


def _transformed(picker: Any) -> tuple[str, ...]:
    """How the members end that moto may put into another form: it compares the ends of their paths."""
    known: tuple[str, ...] | None = picker.__dict__.get(_TRANSFORMED)
    if known is None:
        paths = picker.response_transformers
        known = picker.__dict__[_TRANSFORMED] = tuple(path.rpartition(".")[2] for path in paths)
    return known


def _xml() -> None:
    from moto.core.serialize import EC2Serializer

    moto_serialize_body = EC2Serializer._serialize_body

    def serialize_body(self: Any, body: Mapping[str, Any]) -> str:
        if self.pretty_print:
            return str(moto_serialize_body(self, body))
        try:
            return _HEAD + "".join(_written(body))
        except _UnusualError:
            return str(moto_serialize_body(self, body))

    EC2Serializer._serialize_body = serialize_body


def _written(body: Mapping[str, Any]) -> Iterator[str]:
    """A mapping's elements, one for each item of a list."""
    for name, value in body.items():
        for each in value if isinstance(value, list) else (value,):
            yield from _element(name, each)


def _element(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        attributes = "".join(
            f' {key[1:]}="{_attribute(part)}"' for key, part in value.items() if key[0] == "@"
        )
        inner = "".join(_written({key: part for key, part in value.items() if key[0] != "@"}))
        if "#text" in value:
            raise _UnusualError
        yield f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"
    elif value is None or value == "":
        yield f"<{name}/>"
    else:
        yield f"<{name}>{escape(_text(value))}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise _UnusualError


def _attribute(value: Any) -> str:
    if not isinstance(value, str) or any(sign in value for sign in "<>&\"'\n\r\t"):
        raise _UnusualError
    return value
