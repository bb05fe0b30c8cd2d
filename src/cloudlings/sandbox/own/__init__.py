"""What the gateway answers itself, in place of an emulator: one function for each operation.

A function is marked ``@answers`` with its operations (see ``registry``). Functions are found, not listed:
every module of this package is loaded, so adding an operation adds a function, and its case in the tests.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    if _module.name != "desk":
        importlib.import_module(f"{__name__}.{_module.name}")
