"""A learner's personal values: made from a seed by the lab's ``brief.py``, the same on every machine."""

from __future__ import annotations

import difflib
import hashlib
import json
import keyword
import math
import random
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from cloudlings.errors import SourceError
from cloudlings.lab._places import Place, read_text, shown
from cloudlings.lab.model import Header

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | Brief | None"
"""What a brief holds: JSON's values, frozen."""

FILE = "brief.py"

_KEY = re.compile(r"[a-z][a-z0-9_]*")


class Brief(Mapping[str, Any]):
    """Frozen personal values: ``brief.bucket`` and ``brief["bucket"]`` are the same."""

    __slots__ = ("_values",)

    _values: dict[str, Value]

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", {key: _frozen(value) for key, value in values.items()})

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise KeyError(self._missing(key)) from None

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") or key == "_values":
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            raise AttributeError(self._missing(key)) from None

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"the brief is fixed: {key} cannot be set.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return "Brief(" + ", ".join(f"{key}={value!r}" for key, value in self._values.items()) + ")"

    def __reduce__(self) -> tuple[type[Brief], tuple[dict[str, Any]]]:
        return Brief, (self.to_json(),)

    def to_json(self) -> dict[str, Any]:
        """The values as plain JSON data: ``Brief(brief.to_json()) == brief``."""
        return {key: _thawed(value) for key, value in self._values.items()}

    def env(self) -> dict[str, str]:
        """The values as environment variables for a shell: ``BRIEF_BUCKET``, ``BRIEF_TEAM_NAME``.

        A dict is there as a whole too, as JSON: ``BRIEF_TEAM``.
        """
        whole = {key: json.dumps(value.to_json()) for key, value in self.items() if isinstance(value, Brief)}
        flat = {"_".join(path): text for path, text in _flat(self)}
        return {"BRIEF_" + name.upper(): text for name, text in (whole | flat).items()}

    def parameters(self) -> dict[str, str]:
        """The values as CloudFormation parameters: ``Bucket``, ``TeamName``."""
        return {camel("_".join(path)): text for path, text in _flat(self)}

    def _missing(self, key: str) -> str:
        close = difflib.get_close_matches(str(key), self._values, n=1)
        known = (
            f"did you mean {close[0]!r}?"
            if close
            else "it has " + (", ".join(self._values) or "nothing") + "."
        )
        return f"the brief has no {key!r}: {known}"


def brief_for(lab: Header, seed: str) -> Brief:
    """The personal values of one seed in one lab; a lab without ``brief.py`` has none.

    Deterministic across processes, machines and Python versions. Errors: SourceError when the lab's
    ``brief.py`` fails, or gives what cannot be a brief.
    """
    path = lab.folder / FILE
    if not path.exists():
        return Brief({})
    make = _author_function(path)
    try:
        values = make(generator(lab.name, seed))
    except SourceError:
        raise
    except Exception as error:
        raise _raised(path, error) from error
    return Brief(_checked(values, path))


def generator(*names: str) -> random.Random:
    """A random number generator that depends on the names alone, wherever it runs."""
    return random.Random(int.from_bytes(_digest(*names)))


def account_id(lab_name: str, seed: str, name: str = "main") -> str:
    """The 12-digit id of one of a learner's accounts in a lab; it never begins with 0."""
    low, high = 10**11, 10**12
    return str(low + int.from_bytes(_digest("account", lab_name, seed, name)) % (high - low))


def camel(key: str) -> str:
    """``data_bucket`` as ``DataBucket``: a CloudFormation parameter's name."""
    return "".join(word[:1].upper() + word[1:] for word in key.split("_"))


def _digest(*names: str) -> bytes:
    """Joined so that no two lists of names give the same bytes."""
    return hashlib.sha256(json.dumps([str(name) for name in names]).encode()).digest()


def _author_function(path: Path) -> Callable[[random.Random], Any]:
    namespace: dict[str, Any] = {"__name__": f"cloudlings_brief_{path.parent.name}", "__file__": str(path)}
    try:
        exec(compile(read_text(path), str(path), "exec"), namespace)
    except SyntaxError as error:
        raise Place(path, error.lineno or 1).error(
            f"the file is not Python: {error.msg}.", "Mend this line."
        ) from None
    except SourceError:
        raise
    except Exception as error:
        raise _raised(path, error) from error
    function = namespace.get("brief")
    if not callable(function):
        raise Place(path).error(
            "there is no function 'brief'.",
            "Define brief(rng), which returns a dict of the learner's values.",
        )
    return function  # type: ignore[no-any-return]


def _raised(path: Path, error: Exception) -> SourceError:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path) and frame.lineno]
    return Place(path, lines[-1] if lines else 1).error(
        f"{type(error).__name__}: {error}", f"Mend {shown(path)}: brief(rng) must work for every seed."
    )


def _checked(values: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise Place(path).error(
            f"brief(rng) gave {type(values).__name__}, not a dict.", "Return a dict of names and values."
        )
    _check_keys(values, path)
    flat = ["_".join(keys) for keys, _ in _flat(Brief(values))]
    names = flat + [key for key, value in values.items() if isinstance(value, Mapping)]
    for name in names:
        if names.count(name) > 1:
            raise Place(path).error(
                f"two values would both be called BRIEF_{name.upper()} in a shell.", "Rename one of them."
            )
    return values


def _check_keys(values: Mapping[Any, Any], path: Path) -> None:
    for key, value in values.items():
        if (
            not isinstance(key, str)
            or not _KEY.fullmatch(key)
            or keyword.iskeyword(key)
            or hasattr(Brief, key)
        ):
            raise Place(path).error(
                f"{key!r} cannot be the name of a value.",
                "Use small letters, digits and underscores, and no word of Python's or a dict's (keys, …).",
            )
        _check_value(key, value, path)


def _check_value(key: str, value: Any, path: Path) -> None:
    if isinstance(value, Mapping):
        _check_keys(value, path)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_value(key, each, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Place(path).error(f"{key!r} is {value}, which is no JSON.", "Use a finite number.")
    elif not (value is None or isinstance(value, str | int | float)):
        raise Place(path).error(
            f"{key!r} is a {type(value).__name__}, which is no JSON.",
            "Use text, numbers, true or false, lists and dicts; write a network as text: str(network).",
        )


def _frozen(value: Any) -> Any:
    if isinstance(value, Brief):
        return value
    if isinstance(value, Mapping):
        return Brief(value)
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, Brief):
        return value.to_json()
    return [_thawed(each) for each in value] if isinstance(value, tuple) else value


def _flat(brief: Brief, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in brief.items():
        if isinstance(value, Brief):
            yield from _flat(value, (*path, key))
        else:
            yield (*path, key), _text(value)


def _text(value: Any) -> str:
    """A list of plain values is comma-separated, as CloudFormation's lists are; the rest is JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and not any(isinstance(each, tuple | Brief) for each in value):
        return ",".join(_text(each) for each in value)
    return "" if value is None else json.dumps(_thawed(value))
