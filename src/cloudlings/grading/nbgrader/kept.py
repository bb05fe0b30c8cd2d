"""What nbgrader makes anew for each submission, and for each of its steps, made once for many of them."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Kept:
    """Nbgrader's steps within ``in_use`` share engines, which keep the statements that they compiled, and
    schemas, which are looked through once."""

    def __init__(self) -> None:
        self._api: Any = importlib.import_module("nbgrader.api")
        self._formats: Any = importlib.import_module("nbgrader.nbgraderformat.common")
        self._engine: Callable[..., Any] = functools.cache(self._api.create_engine)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For the block; what nbgrader does elsewhere in this process is as it was."""
        before = self._api.create_engine, self._formats.jsonschema
        self._api.create_engine, self._formats.jsonschema = self._engine, _Schemas
        try:
            yield
        finally:
            self._api.create_engine, self._formats.jsonschema = before


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
