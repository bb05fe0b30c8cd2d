"""Where a checkout keeps what is the learner's own: state, records, the sandbox's files."""

from __future__ import annotations

import os
from pathlib import Path

from cloudlings.lab import Catalogue

HOME_VARIABLE = "CLOUDLINGS_HOME"


def find_home() -> Path:
    """``$CLOUDLINGS_HOME``, or ``.cloudlings`` in the checkout. Errors: LabError outside a checkout."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).resolve() if named else Catalogue.here().root / ".cloudlings"
