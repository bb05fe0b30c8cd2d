"""cloudlings: learn AWS by doing it, on your own machine, and be told precisely what is wrong."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext cloudlings`` gives a notebook the learner's verbs (`cloudlings.notebook`)."""
    # By name: the package that everything imports may not depend on what stands at its top.
    notebook = importlib.import_module("cloudlings.notebook")
    shell.push({name: getattr(notebook, name) for name in notebook.__all__})
