"""What the bridge's processes do not import."""

from __future__ import annotations

import subprocess
import sys

_LOOK = """
import cloudlings.grading.{part}, sys
print("nbformat" in sys.modules, "rfc3987_syntax" in sys.modules)
import rfc3987_syntax
"""


def test_no_grammar() -> None:
    """Grading a cohort does not wait for a grammar that no notebook needs; whoever imports it has it."""
    look = _LOOK.format(part="cohort.grade")
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("True False\n", "")
