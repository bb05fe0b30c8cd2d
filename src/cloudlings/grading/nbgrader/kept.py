"""What nbgrader makes anew for each submission, and for each of its steps, made once for many of them."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any


class Kept:
    """Nbgrader's steps within ``in_use`` share engines, which keep the statements that they compiled, and
    schemas, which are looked through once. A gradebook's tables and its course are made sure of once.
    """

    def __init__(self) -> None:
        api: Any = importlib.import_module("nbgrader.api")
        make_sure = functools.cache(api.Base.metadata.create_all)
        self._instead: tuple[tuple[Any, str, Any], ...] = (
            (api, "create_engine", functools.cache(api.create_engine)),
            (api, "Base", SimpleNamespace(metadata=SimpleNamespace(create_all=make_sure))),
            (api.Gradebook, "check_course", _once(api.Gradebook.check_course)),
            (importlib.import_module("nbgrader.nbgraderformat.common"), "jsonschema", _Schemas),
        )

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For the block; what nbgrader does elsewhere in this process is as it was."""
        before = [(place, name, getattr(place, name)) for place, name, _ in self._instead]
        try:
            for place, name, value in self._instead:
                setattr(place, name, value)
            yield
        finally:
            for place, name, value in before:
                setattr(place, name, value)


def _once(check: Callable[..., Any]) -> Callable[..., Any]:
    """Gradebook.check_course, for a course whose row is there once it was looked for."""
    known: set[tuple[Any, str]] = set()

    def checked(book: Any, course_id: str = "default_course", **more: Any) -> Any:
        if more or (book.engine, course_id) not in known:
            found = check(book, course_id=course_id, **more)
            known.add((book.engine, course_id))
            return found
        return None

    return checked


class _Schemas:
    """jsonschema, as much of it as nbgrader's formats ask for."""

    @staticmethod
    def validate(instance: Any, schema: Mapping[str, Any]) -> None:
        """As jsonschema's; a schema itself is checked once. Errors: jsonschema.ValidationError."""
        errors = _validator(json.dumps(schema)).iter_errors(instance)
        error = importlib.import_module("jsonschema.exceptions").best_match(errors)
        if error is not None:
            raise error


@functools.lru_cache(maxsize=8)
def _validator(schema: str) -> Any:
    loaded = json.loads(schema)
    kind = importlib.import_module("jsonschema.validators").validator_for(loaded)
    kind.check_schema(loaded)
    return kind(loaded)
