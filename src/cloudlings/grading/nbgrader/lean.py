"""nbformat, imported without what it never uses.

It imports jsonschema, which compiles a grammar of internationalised addresses for a second of the processor,
to check a format that no notebook's schema names. jsonschema goes without where the grammar is not installed.
"""

from __future__ import annotations

import importlib
import sys

_GRAMMAR = "rfc3987_syntax"


def import_nbformat() -> None:
    """Import it so, where nobody has imported it before. Who wants the grammar itself still finds it."""
    if "jsonschema" in sys.modules or _GRAMMAR in sys.modules:
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        importlib.import_module("nbformat.validator")
    finally:
        del sys.modules[_GRAMMAR]
