"""What a lab's kernel has beyond Python: cell magics, completion of names, AWS's errors with their reason."""

from __future__ import annotations

from typing import Any

from IPython.core.getipython import get_ipython

_DRESSED = "_cloudlings_dressed"


def dress() -> None:
    """Adds it to the running IPython, once; nothing where there is none (a script that imports the verbs)."""
    shell: Any = get_ipython()
    if shell is None or getattr(shell, _DRESSED, False):
        return
    from cloudlings.notebook import completion, errors, magics

    shell.register_magics(magics.AwsMagics)
    shell.Completer.custom_matchers.append(completion.names)
    errors.install(shell)
    setattr(shell, _DRESSED, True)
