"""nbformat and nbgrader, imported without what is never used of them.

nbformat imports jsonschema, which compiles a grammar of internationalised addresses for a second of the
processor, to check a format that no notebook's schema names. jsonschema goes without where the grammar is
not installed.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_GRAMMAR = "rfc3987_syntax"
_EXTENSIONS = "nbgrader.server_extensions"
_EACH = ("assignment_list", "course_list", "formgrader", "validate_assignment")


def import_nbformat() -> None:
    """Import it so, where nobody has imported it before. Who wants the grammar itself still finds it."""
    if "jsonschema" in sys.modules or _GRAMMAR in sys.modules:
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        importlib.import_module("nbformat.validator")
    finally:
        del sys.modules[_GRAMMAR]


def import_nbgrader() -> None:
    """Import it without its pages of Jupyter's server, where nobody has imported it before. Who wants those
    still finds them."""
    if "nbgrader" in sys.modules:
        return
    instead = {name: ModuleType(name) for name in (_EXTENSIONS, *(f"{_EXTENSIONS}.{each}" for each in _EACH))}
    for module in instead.values():
        vars(module)["load_jupyter_server_extension"] = None
    sys.modules.update(instead)
    try:
        importlib.import_module("nbgrader")
    finally:
        for name in instead:
            del sys.modules[name]
