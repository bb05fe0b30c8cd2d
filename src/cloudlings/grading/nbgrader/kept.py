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
    """Nbgrader's steps within ``in_use`` share one session of each gradebook: what one of them has written
    the next one sees, and all of it is there for others at the block's end, or none of it.

    Engines are shared by the blocks, and keep the statements that they compiled. Schemas are looked through
    once; a gradebook's tables and its course are made sure of once.
    """

    def __init__(self) -> None:
        self._api: Any = importlib.import_module("nbgrader.api")
        make_sure = functools.cache(self._api.Base.metadata.create_all)
        self._open = self._api.Gradebook.__init__
        self._books: dict[str, Any] = {}
        self._instead: tuple[tuple[Any, str, Any], ...] = (
            (self._api, "create_engine", functools.cache(self._api.create_engine)),
            (self._api, "Base", SimpleNamespace(metadata=SimpleNamespace(create_all=make_sure))),
            (self._api.Gradebook, "check_course", _once(self._api.Gradebook.check_course)),
            (self._api.Gradebook, "__init__", lambda *given, **named: self._opened(*given, **named)),
            (self._api.Gradebook, "close", _forget_sums),
            *((self._api.Gradebook, name, find) for name, find in _finders(self._api.Gradebook)),
            (importlib.import_module("nbgrader.nbgraderformat.common"), "jsonschema", _Schemas),
            # What a step makes is looked through with the whole notebook after the last one.
            (importlib.import_module("nbformat.v4.nbbase"), "validate", _nothing),
        )

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For the block; what nbgrader does elsewhere in this process is as it was.

        Errors: SQLAlchemy's, where a gradebook does not take what was written.
        """
        before = [(place, name, getattr(place, name)) for place, name, _ in self._instead]
        try:
            for place, name, value in self._instead:
                setattr(place, name, value)
            yield
            for book in self._books.values():
                type(book.db).commit(book.db)
        finally:
            for place, name, value in before:
                setattr(place, name, value)
            for book in self._books.values():
                # It takes back what is not committed.
                book.close()
            self._books.clear()

    def _opened(self, book: Any, db_url: str, *positional: Any, **named: Any) -> None:
        """Gradebook.__init__: a second one of the same address is the first one again."""
        first = self._books.get(db_url)
        if first is None:
            self._open(book, db_url, *positional, **named)
            # Whatever is asked for is preceded by what was written.
            book.db.commit = _nothing
            book.found = {}
            self._books[db_url] = book
        else:
            vars(book).update(vars(first))


def _nothing(*_: Any, **__: Any) -> None:
    """Later, and then all of it together."""


def _forget_sums(book: Any) -> None:
    """Gradebook.close, while others are to use the same: what sums up other rows is asked for anew."""
    if not book.db().is_active:
        return  # What failed is on its way up.
    book.db.flush()
    for each in list(book.db()):
        kind: Any = type(each)
        if known := _sums(kind) & vars(each).keys():
            book.db.expire(each, known)


@functools.cache
def _sums(kind: Any) -> frozenset[str]:
    alchemy: Any = importlib.import_module("sqlalchemy")
    mapped = alchemy.inspect(kind).column_attrs
    return frozenset(each.key for each in mapped if not isinstance(each.columns[0], alchemy.Column))


def _finders(book_of: Any) -> Iterator[tuple[str, Any]]:
    """Gradebook's methods that find one row by names: each row is asked for once, and all of a notebook's
    cells at once."""
    for name in ("find_student", "find_assignment", "find_notebook", "find_submission_notebook"):
        yield name, _found_once(name, getattr(book_of, name))
    for name, parents, cells in (
        ("find_source_cell", "find_notebook", ("source_cells",)),
        ("find_graded_cell", "find_notebook", ("grade_cells", "task_cells")),
        ("find_grade", "find_submission_notebook", ("grades",)),
        ("find_comment", "find_submission_notebook", ("comments",)),
    ):
        yield name, _found_together(getattr(book_of, name), parents, cells)


def _found_once(name: str, find: Callable[..., Any]) -> Callable[..., Any]:
    def found(book: Any, *names: str, **named: str) -> Any:
        key = (name, *names, *named.items())
        if key not in book.found:
            book.found[key] = find(book, *names, **named)
        return book.found[key]

    return found


def _found_together(find: Callable[..., Any], parent: str, parts: tuple[str, ...]) -> Callable[..., Any]:
    def found(book: Any, cell: str, *names: str, **named: str) -> Any:
        if named:
            return find(book, cell, *names, **named)
        key = (parent, parts, *names)
        if key not in book.found:
            whole = getattr(book, parent)(*names)
            book.found[key] = {each.name: each for part in parts for each in getattr(whole, part)}
        # What is not among them is looked for, and missed, in nbgrader's way.
        return book.found[key].get(cell) or find(book, cell, *names)

    return found


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
