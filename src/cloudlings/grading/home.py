"""Where a checkout keeps what is the learner's own: state, records, the sandbox's files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from cloudlings.lab import Catalogue

HOME_VARIABLE = "CLOUDLINGS_HOME"
_LOOKS_EVERY = 2.0


def find_home() -> Path:
    """``$CLOUDLINGS_HOME``, or ``.cloudlings`` in the checkout. Errors: LabError outside a checkout."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).resolve() if named else Catalogue.here().root / ".cloudlings"


def when_gone(held: IO[str], then: Callable[[], None]) -> None:
    """Call ``then`` once a file of the home that this process holds open is not there any more.

    Whoever made the home has deleted it: a temporary one's maker may have been killed, and tells nobody.
    """

    def look() -> None:
        while _is_there(held):
            time.sleep(_LOOKS_EVERY)
        then()

    threading.Thread(target=look, daemon=True).start()


def _is_there(held: IO[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(held.fileno()), Path(held.name).stat())
    except OSError:
        return False
