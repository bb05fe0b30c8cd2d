"""nbformat and nbgrader, imported without what is never used of them.

nbformat imports jsonschema, which imports what checks dates, colours and addresses, and compiles a grammar
for a second of the processor. No notebook's schema names such formats, and jsonschema goes without what is
not installed.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_FORMATS = ("fqdn", "isoduration", "rfc3986_validator", "rfc3987_syntax", "uri_template", "webcolors")
_EXTENSIONS = "nbgrader.server_extensions"
# How nbgrader takes archives apart: by setuptools, the whole of it.
_WHEN_CALLED = {"setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile")}
_EACH = ("assignment_list", "course_list", "formgrader", "validate_assignment")


def import_nbformat() -> None:
    """Import it so, where nobody has imported it before. Who wants the formats' own modules finds them."""
    if "jsonschema" in sys.modules or "rfc3987_syntax" in sys.modules:
        return
    unknown = [name for name in _FORMATS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(unknown))  # type: ignore[arg-type]
    try:
        importlib.import_module("nbformat.validator")
    finally:
        for name in unknown:
            del sys.modules[name]


def import_nbgrader() -> None:
    """Import it without its pages of Jupyter's server, and without what is wanted for archives only, where
    nobody has imported it before. Who wants those still finds them."""
    if "nbgrader" in sys.modules:
        return
    instead = {name: ModuleType(name) for name in (_EXTENSIONS, *(f"{_EXTENSIONS}.{each}" for each in _EACH))}
    for module in instead.values():
        vars(module)["load_jupyter_server_extension"] = None
    instead |= {name: _later(name, names) for name, names in _WHEN_CALLED.items() if name not in sys.modules}
    sys.modules.update(instead)
    try:
        importlib.import_module("nbgrader")
        importlib.import_module("nbgrader.utils")
    finally:
        for name in instead:
            del sys.modules[name]


def _later(name: str, functions: Sequence[str]) -> ModuleType:
    """In a module's place: what it is called for imports it when it is called."""

    def call(function: str, *arguments: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(name), function)(*arguments, **named)

    module = ModuleType(name)
    vars(module).update({function: functools.partial(call, function) for function in functions})
    return module
