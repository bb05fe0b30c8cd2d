"""SVG by hand: boxes and words, in colours of a light and a dark theme, everything escaped.

A name tag is data: text enters a picture through ``escape`` only, as characters, never as markup.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal

Theme = Literal["auto", "light", "dark"]

# Widths of the characters 32..126 in hundredths of the font size, for a wide font (DejaVu Sans): what fits
# in it fits in the narrower fonts that most machines have.
_REGULAR = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 "
    "100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 "
    "50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84 "
)
_BOLD = (
    "35 46 52 84 70 100 87 31 46 46 52 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 58 "
    "100 77 76 73 83 68 68 82 84 37 37 77 64 100 84 85 73 85 77 72 68 81 77 110 77 72 73 46 37 46 84 50 "
    "50 67 72 59 72 68 44 72 71 34 34 67 34 104 71 69 72 72 49 60 48 71 65 92 65 65 58 71 37 71 84 "
)
WIDTHS = {
    False: [int(width) / 100 for width in _REGULAR.split()],
    True: [int(width) / 100 for width in _BOLD.split()],
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

LIGHT = {
    "bg": "#ffffff",
    "ink": "#18212d",
    "muted": "#55616f",
    "line": "#b9c3ce",
    "soft": "#f4f6f8",
    "chip": "#ffffff",
    "public": "#2c8a57",
    "public-bg": "#e8f6ee",
    "public-ink": "#14613a",
    "private": "#3672c4",
    "private-bg": "#e9f1fb",
    "private-ink": "#1f4f93",
    "isolated": "#7b5dbf",
    "isolated-bg": "#f1edfa",
    "isolated-ink": "#553a97",
    "broken": "#c26f10",
    "broken-bg": "#fdf1e2",
    "broken-ink": "#864a05",
    "unknown": "#64748b",
    "unknown-bg": "#eaeef2",
    "unknown-ink": "#3d4a59",
    "edge": "#475569",
    "bad": "#c62828",
    "bad-bg": "#fdecec",
    "good": "#1d7a41",
    "good-bg": "#e6f5ec",
    "unsure": "#8a5a00",
    "unsure-bg": "#fff4d9",
    "path": "#111827",
    "on-mark": "#ffffff",
}
DARK = {
    "bg": "#0f1620",
    "ink": "#e7edf4",
    "muted": "#a3b1c0",
    "line": "#42505f",
    "soft": "#161f2b",
    "chip": "#1a2431",
    "public": "#4bb07a",
    "public-bg": "#11291d",
    "public-ink": "#94e2b4",
    "private": "#5f9eef",
    "private-bg": "#11233a",
    "private-ink": "#aed0fb",
    "isolated": "#9f88e2",
    "isolated-bg": "#221c38",
    "isolated-ink": "#d1c3f8",
    "broken": "#e29a42",
    "broken-bg": "#33240f",
    "broken-ink": "#f6c888",
    "unknown": "#8494a7",
    "unknown-bg": "#1f2a36",
    "unknown-ink": "#c3cedb",
    "edge": "#94a3b8",
    "bad": "#ff7b7b",
    "bad-bg": "#3a1618",
    "good": "#5fcf8d",
    "good-bg": "#12301f",
    "unsure": "#f0c463",
    "unsure-bg": "#35290d",
    "path": "#f3f6fa",
    "on-mark": "#0f1620",
}


@dataclass(frozen=True)
class Box:
    """A rectangle in user units (pixels at the picture's natural width)."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.h

    @property
    def cx(self) -> float:
        """The x of the middle."""
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        """The y of the middle."""
        return self.y + self.h / 2


def escape(text: str) -> str:
    """Text for SVG: markup characters escaped, characters that XML forbids replaced."""
    legal = "".join(char if char in "\t\n" or ord(char) >= 32 else "\ufffd" for char in text)
    legal = (
        legal.encode("utf-8", "replace")
        .decode("utf-8")
        .replace("\ufffe", "\ufffd")
        .replace("\uffff", "\ufffd")
    )
    return html.escape(legal, quote=True)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide ``text`` is at most, at font size ``size``."""
    table = WIDTHS[bold]
    return size * sum(table[ord(char) - 32] if 32 <= ord(char) < 127 else 1.05 for char in text)


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """``text``, or its beginning with an ellipsis when it is wider than ``room``."""
    if width(text, size, bold=bold) <= room:
        return text
    room -= width("…", size, bold=bold)
    kept = ""
    for char in text:
        if width(kept + char, size, bold=bold) > room:
            break
        kept += char
    return kept.rstrip() + "…"


def wrap(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """``text`` in lines no wider than ``room``; a word too long for a line is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size, bold=bold) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if width(lines[-1] + char, size, bold=bold) > room:
                lines.append("")
            lines[-1] += char
    return lines


def words(
    text: str,
    x: float,
    y: float,
    size: float = 11,
    *,
    fill: str = "ink",
    bold: bool = False,
    room: float = 0,
    anchor: Literal["start", "middle", "end"] = "start",
) -> str:
    """One line of text with its baseline at ``y``; cut to ``room``, with the whole of it as a tooltip."""
    shown = fit(text, room, size, bold=bold) if room else text
    tip = f"<title>{escape(text)}</title>" if shown != text else ""
    weight = ' font-weight="600"' if bold else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    start = f'<text x="{n(x)}" y="{n(y)}" font-size="{n(size)}" class="t-{fill}"{weight}{place}>'
    return f"{start}{tip}{escape(shown)}</text>"


def rect(
    box: Box, *, fill: str = "none", stroke: str = "", radius: float = 6, dash: str = "", thick: float = 1
) -> str:
    """A box; ``fill`` and ``stroke`` are names of the theme's colours."""
    classes = " ".join([f"f-{fill}", *([f"s-{stroke}"] if stroke else [])])
    more = f' stroke-dasharray="{dash}"' if dash else ""
    more += f' stroke-width="{n(thick)}"' if stroke and thick != 1 else ""
    return (
        f'<rect x="{n(box.x)}" y="{n(box.y)}" width="{n(box.w)}" height="{n(box.h)}" rx="{n(radius)}" '
        f'class="{classes}"{more}/>'
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, stroke: str = "edge", dash: str = "", thick: float = 1.5
) -> str:
    """A straight line."""
    more = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" class="s-{stroke}" '
        f'stroke-width="{n(thick)}"{more}/>'
    )


def pill(text: str, x: float, y: float, *, kind: str, size: float = 9.5) -> tuple[str, float]:
    """A rounded word on its own ground, and how wide it came out; ``x``, ``y``: its upper left corner."""
    wide = width(text, size, bold=True) + 12
    box = Box(x, y, wide, size + 7)
    drawn = rect(box, fill=f"{kind}-bg", stroke=kind, radius=box.h / 2)
    drawn += words(text, box.cx, y + size + 2, size, fill=f"{kind}-ink" if f"{kind}-ink" in LIGHT else kind,
                   bold=True, anchor="middle")  # fmt: skip
    return drawn, wide


def n(number: float) -> str:
    """A number in its shortest form with at most one decimal."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def style(theme: Theme, scope: str) -> str:
    """The picture's style sheet; ``scope`` is its own id, so that two pictures on a page do not mix."""
    light, dark = _variables(LIGHT), _variables(DARK)
    own = f"#{scope}"
    rules = [f"{own}{{{dark if theme == 'dark' else light};font-family:{FONT}}}"]
    if theme == "auto":
        rules.append(f"@media (prefers-color-scheme:dark){{{own}{{{dark}}}}}")
        # JupyterLab has a theme of its own, whatever the system prefers.
        rules.append(f'[data-jp-theme-light="true"] {own}{{{light}}}')
        rules.append(f'[data-jp-theme-light="false"] {own}{{{dark}}}')
    rules += [f"{own} .t-{name}{{fill:var(--{name})}}" for name in LIGHT]
    rules += [f"{own} .f-{name}{{fill:var(--{name})}}" for name in LIGHT]
    rules += [f"{own} .s-{name}{{stroke:var(--{name})}}" for name in LIGHT]
    rules.append(f"{own} .f-none{{fill:none}}")
    return f"<style>{''.join(rules)}</style>"


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())
