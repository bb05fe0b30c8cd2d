"""Loaded by every Python that starts in a sandbox's environment: stands the guard, then makes way.

Python imports one ``sitecustomize``; a machine's own is run afterwards, as if this one were not there.
"""

import importlib.util
import os
import sys


def _stand_guard() -> None:
    # By path: this Python need not have cloudlings installed (the AWS CLI's own, say).
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guard.py")  # noqa: PTH118, PTH120, PTH100
    spec = importlib.util.spec_from_file_location("_cloudlings_guard", path)
    if spec is not None and spec.loader is not None:
        guard = importlib.util.module_from_spec(spec)
        sys.modules["_cloudlings_guard"] = guard
        spec.loader.exec_module(guard)
        guard.install()


def _run_the_machines_own() -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH120, PTH100
    rest = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if sys.version_info >= (3, 9) and os.environ.get("CLOUDLINGS_ENDPOINTS"):
    _stand_guard()
_run_the_machines_own()
