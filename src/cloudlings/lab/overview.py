"""The course at a glance, derived from the heads of its labs: ``labs/README.md`` and its map."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from cloudlings.errors import StaleLab
from cloudlings.lab._places import shown
from cloudlings.lab.model import Header

README: Final = "README.md"
MAP: Final = "map.svg"

_BOX: Final = (206, 84)
_GAP: Final = (46, 22)
_MARGIN: Final = 16
_STYLE: Final = """
  .box{fill:#eef4fb;stroke:#2c6aa0} .name{fill:#12395c;font-weight:600} .title,.time{fill:#333}
  .way{fill:none;stroke:#6b7785;stroke-width:1.6} .tip{fill:#6b7785}
  text{font:13px system-ui,sans-serif} .time{font-size:11px}
  @media (prefers-color-scheme: dark){
    .box{fill:#17293a;stroke:#6fa8d6} .name{fill:#cfe4f7} .title,.time{fill:#d5d9de}
    .way{stroke:#9aa5b1} .tip{fill:#9aa5b1}}
"""


def write_overview(headers: Sequence[Header], labs: Path) -> Path:
    """Write the course's page and its map into ``labs/``; return the page's path."""
    for name, text in _files(headers).items():
        (labs / name).write_text(text, encoding="utf-8")
    return labs / README


def check_overview(headers: Sequence[Header], labs: Path) -> None:
    """Errors: StaleLab when the page or the map is not what the labs' heads say now."""
    for name, text in _files(headers).items():
        path = labs / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise StaleLab(
                f"{shown(path)} is not what the labs' heads say now.", next_step="cloudlings lab build"
            )


def _files(headers: Sequence[Header]) -> Mapping[str, str]:
    return {README: page(headers), MAP: course_map(headers)}


def page(headers: Sequence[Header]) -> str:
    """The page in Markdown: the sequence, the minutes, what each lab needs and what is learned in it."""
    total = sum(one.minutes for one in headers)
    rows = [
        f"| [{one.name}]({one.name}/{one.name}.ipynb) | {one.title} | {one.minutes} "
        f"| {', '.join(one.needs) or '–'} |"
        for one in headers
    ]
    learned = [
        f"### {one.name}: {one.title}\n\n" + "\n".join(f"- {each}" for each in one.objectives)
        for one in headers
    ]
    return "\n".join(
        [
            "<!-- Built from the heads of solutions/*/lab.py by `cloudlings lab build`. -->",
            "# The labs",
            "",
            f"{len(headers)} labs, about {_hours(total)} in all. Take them in order, or follow the map: an",
            "arrow leads from what a lab needs to the lab.",
            "",
            f"![{_described(headers)}]({MAP})",
            "",
            "| lab | what it is about | minutes | needs |",
            "|---|---|---|---|",
            *rows,
            "",
            "`cloudlings open 000` opens one: your own copy of it, in `work/`.",
            "",
            "## What you learn",
            "",
            "\n\n".join(learned),
            "",
        ]
    )


def course_map(headers: Sequence[Header]) -> str:
    """The map as SVG: a box for each lab, one column further right than what it needs."""
    places = _places(headers)
    columns = 1 + max((column for column, _ in places.values()), default=0)
    rows = 1 + max((row for _, row in places.values()), default=0)
    width = 2 * _MARGIN + columns * (_BOX[0] + _GAP[0]) - _GAP[0]
    height = 2 * _MARGIN + rows * (_BOX[1] + _GAP[1]) - _GAP[1]
    ways = [_way(places[need], places[one.name]) for one in headers for need in one.needs if need in places]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            ' role="img" aria-labelledby="t d">',
            '<title id="t">The labs and what each needs</title>',
            f'<desc id="d">{escape(_described(headers))}</desc>',
            f"<style>{_STYLE}</style>",
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>',
            *ways,
            *(_box(one, _corner(places[one.name])) for one in headers),
            "</svg>",
            "",
        ]
    )


def _described(headers: Iterable[Header]) -> str:
    """The map in words."""
    return "; ".join(
        f"{one.name} after {' and '.join(one.needs)}" if one.needs else f"{one.name} needs none"
        for one in headers
    )


def _places(headers: Sequence[Header]) -> dict[str, tuple[int, int]]:
    """Column and row of each lab. Labs come after what they need, so one pass is enough."""
    columns: dict[str, int] = {}
    filled: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for one in headers:
        column = 1 + max((columns[need] for need in one.needs if need in columns), default=-1)
        columns[one.name] = column
        places[one.name] = (column, filled.get(column, 0))
        filled[column] = filled.get(column, 0) + 1
    return places


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    return _MARGIN + place[0] * (_BOX[0] + _GAP[0]), _MARGIN + place[1] * (_BOX[1] + _GAP[1])


def _box(one: Header, corner: tuple[int, int]) -> str:
    left, top = corner
    title = textwrap.wrap(one.title, 29, max_lines=2, placeholder=" …")
    lines = "".join(
        f'<text class="title" x="{left + 12}" y="{top + 42 + 16 * number}">{escape(line)}</text>'
        for number, line in enumerate(title)
    )
    return (
        f'<g><rect class="box" x="{left}" y="{top}" width="{_BOX[0]}" height="{_BOX[1]}" rx="8"/>'
        f'<text class="name" x="{left + 12}" y="{top + 22}">{escape(one.name)}</text>{lines}'
        f'<text class="time" x="{left + 12}" y="{top + 76}">{one.minutes} minutes</text></g>'
    )


def _way(start: tuple[int, int], end: tuple[int, int]) -> str:
    from_x, from_y = _corner(start)
    to_x, to_y = _corner(end)
    from_x, from_y, to_y = from_x + _BOX[0], from_y + _BOX[1] // 2, to_y + _BOX[1] // 2
    bend = (to_x - from_x) // 2
    return (
        f'<path class="way" marker-end="url(#tip)" d="M{from_x} {from_y} C{from_x + bend} {from_y}'
        f' {to_x - bend} {to_y} {to_x} {to_y}"/>'
    )


def _hours(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
