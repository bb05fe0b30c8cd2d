"""What passes between logs and metrics: events in, data out."""

from __future__ import annotations

from dataclasses import dataclass

_SCALES = ("", "Kilo", "Mega", "Giga", "Tera")
_SIZES = [(scale + size).capitalize() for size in ("bytes", "bits") for scale in _SCALES]
UNITS = frozenset(
    ["Seconds", "Microseconds", "Milliseconds", "Percent", "None", "Count", "Count/Second", *_SIZES]
    + [f"{size}/Second" for size in _SIZES]
)


@dataclass(frozen=True)
class Event:
    """A log event: ``timestamp`` in milliseconds since 1970."""

    timestamp: int
    message: str


@dataclass(frozen=True)
class Datum:
    """A metric's value at a moment (seconds since 1970); ``dimensions`` are pairs of name and value."""

    namespace: str
    name: str
    value: float
    time: float
    unit: str = "None"
    dimensions: tuple[tuple[str, str], ...] = ()
