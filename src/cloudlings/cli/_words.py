"""Words and colours of a terminal: an icon and a word for each state, colour only where it is wanted."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from cloudlings.grading.verdict import Status

LOOKS = {
    Status.PASSED: ("✔", "passed", "green"),
    Status.FAILED: ("✘", "not yet", "red"),
    Status.NOT_ATTEMPTED: ("○", "not attempted", "bright_black"),
    Status.UNAVAILABLE: ("!", "sandbox unavailable", "yellow"),
}
_CODES = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bright_black": 90, "bold": 1}


def colourful(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal, where NO_COLOR is not set (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """The text in a colour, or as it is where colours are not wanted."""
    if not colourful(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
