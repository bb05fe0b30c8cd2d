"""cloudlings: learn AWS by doing it, on your own machine, and be told precisely what is wrong."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext cloudlings`` gives a notebook the learner's verbs (`cloudlings.notebook`)."""
    from cloudlings import notebook

    shell.push({name: getattr(notebook, name) for name in notebook.__all__})
