"""nbformat and nbgrader, imported without what is never used of them.

nbformat imports jsonschema, which imports what checks dates, colours and addresses, and compiles a grammar
for a second of the processor. No notebook's schema names such formats, and jsonschema goes without what is
not installed.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_FORMATS = ("fqdn", "isoduration", "rfc3986_validator", "rfc3987_syntax", "uri_template", "webcolors")
_EXTENSIONS = "nbgrader.server_extensions"
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
