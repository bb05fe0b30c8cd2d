"""The picture of a network: a learner's own VPC as SVG, with traces drawn on it, and the same in words."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape as html_escape

from cloudlings.errors import NetworkError
from cloudlings.network import picture_trace as tracing
from cloudlings.network.model import Network, Vpc
from cloudlings.network.outline import outline
from cloudlings.network.picture_chips import Chip
from cloudlings.network.picture_layout import KINDS, Cell, Edge, Layout, lay_out
from cloudlings.network.picture_svg import Box, Theme, escape, fit, line, n, pill, rect, style, width, words
from cloudlings.network.result import Trace

WIDTH = 900.0
PANEL = 286.0
Marked = Mapping[Box, Sequence[tracing.Mark]]
KIND_WORDS = {
    "public": "public: a route to an internet gateway",
    "private": "private: a way out only",
    "isolated": "isolated: no way out",
    "broken": "broken: its way out leads nowhere",
    "unknown": "unknown: where its way out leads cannot be told",
}


@dataclass(frozen=True)
class Picture:
    """A drawn network. ``svg`` stands alone; ``outline`` tells the same in words, for a screen reader."""

    title: str
    svg: str
    outline: str

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        words_of_it = html_escape(self.outline)
        return (
            f"<figure style='margin:0'>{self.svg}<details><summary>The same in words</summary>"
            f"<pre style='white-space:pre-wrap'>{words_of_it}</pre></details></figure>"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "image/svg+xml": self.svg, "text/plain": self.outline}

    def __str__(self) -> str:
        return self.outline


def draw(
    network: Network,
    vpc: str = "",
    traces: Trace | Iterable[Trace] = (),
    *,
    theme: Theme = "auto",
    kinds: Callable[[str], str] | None = None,
) -> Picture:
    """Draws one VPC (its id or Name; the one with most in it when left out) and what it is connected with.

    ``traces`` are drawn as paths, with their hops listed beside. ``theme`` "auto" follows the reader's light
    or dark preference. ``kinds`` tells a subnet's kind by its id; the engine's own when left out.
    NetworkError when the VPC is not there.
    """
    drawn = _vpc(network, vpc)
    asked = (traces,) if isinstance(traces, Trace) else tuple(traces)
    tell = kinds or _engine_kinds(network)
    zones = {subnet.az for subnet in network.subnets if subnet.vpc == drawn.id}
    layout = lay_out(network, drawn, tell, WIDTH)
    beside = bool(asked) and len(zones) <= 2 and not layout.beside
    if beside:
        layout = lay_out(network, drawn, tell, WIDTH - PANEL)
    lines = [
        tracing.steps(trace, layout.places, _letter(asked, number)) for number, trace in enumerate(asked)
    ]
    panels, size = _panels(asked, lines, layout, beside=beside)
    text = outline(network, drawn, tell, asked)
    title = f"VPC {drawn.name or drawn.id}, {', '.join(drawn.cidrs)}"
    return Picture(title, _svg(layout, title, text, lines, panels, size, theme), text)


def _vpc(network: Network, asked: str) -> Vpc:
    if asked:
        found = next((vpc for vpc in network.vpcs if asked in (vpc.id, vpc.name)), None)
        if found is None:
            known = ", ".join(vpc.name or vpc.id for vpc in network.vpcs) or "none"
            raise NetworkError(f"There is no VPC {asked} to draw.", next_step=f"There are: {known}.")
        return found
    if not network.vpcs:
        raise NetworkError("There is no VPC to draw.", next_step="Create one, or look in another Region.")
    full = Counter(one.vpc for one in network.interfaces)
    full.update(table.vpc for table in network.route_tables if not table.main)
    return max(network.vpcs, key=lambda vpc: full[vpc.id])


def _engine_kinds(network: Network) -> Callable[[str], str]:
    from cloudlings.network.kinds import kind

    return lambda subnet: str(kind(network, subnet))


def _letter(asked: Sequence[Trace], number: int) -> str:
    return chr(ord("A") + number) if len(asked) > 1 else ""


# Putting it together


def _panels(
    asked: Sequence[Trace], lines: Sequence[Sequence[tracing.Step]], layout: Layout, *, beside: bool
) -> tuple[str, tuple[float, float]]:
    """The lists of hops, beside the network or below it, and the size of the whole picture."""
    if not asked:
        return "", (layout.width, layout.height + _legend_height(layout))
    if beside:
        drawn, y = "", 12.0
        for trace, shown in zip(asked, lines, strict=True):
            one, high = tracing.panel(trace, shown, Box(layout.width, y, PANEL - 12, 0))
            drawn += one
            y += high + 10
        return drawn, (WIDTH, max(layout.height + _legend_height(layout), y + 2))
    columns = min(2, len(asked))
    wide = (layout.width - 24 - 12 * (columns - 1)) / columns
    top = layout.height + _legend_height(layout)
    bottoms = [top] * columns
    drawn = ""
    for number, (trace, shown) in enumerate(zip(asked, lines, strict=True)):
        column = number % columns
        one, high = tracing.panel(trace, shown, Box(12 + column * (wide + 12), bottoms[column], wide, 0))
        drawn += one
        bottoms[column] += high + 10
    return drawn, (layout.width, max(bottoms) + 2)


def _svg(
    layout: Layout,
    title: str,
    text: str,
    lines: Sequence[Sequence[tracing.Step]],
    panels: str,
    size: tuple[float, float],
    theme: Theme,
) -> str:
    marked = tracing.marks(lines)
    body = "".join(
        [
            rect(Box(0, 0, *size), fill="bg", radius=0),
            _heading(layout, title),
            _frame(layout, marked),
            *(_zone(name, box) for name, box in layout.zones),
            *(_cell(cell, marked) for cell in layout.cells),
            _edges(layout, marked),
            *(tracing.path(shown, layout.gutters, 4.0 * number) for number, shown in enumerate(lines)),
            tracing.draw_marks(marked),
            _legend(layout, any(mark.colour == "bad" for group in marked.values() for mark in group)),
            panels,
        ]
    )
    scope = f"cl{zlib.crc32((body + text + theme).encode()):08x}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{scope}" viewBox="0 0 {n(size[0])} {n(size[1])}" '
        f'width="{n(size[0])}" height="{n(size[1])}" style="max-width:100%;height:auto" role="img" '
        f'aria-labelledby="{scope}-t" aria-describedby="{scope}-d">'
        f'<title id="{scope}-t">{escape(title)}</title>'
        f'<desc id="{scope}-d">{escape(text)}</desc>{style(theme, scope)}{body}</svg>'
    )


# The parts


def _heading(layout: Layout, title: str) -> str:
    vpc = layout.vpc
    parts = [vpc.id] if vpc.name not in ("", vpc.id) else []
    parts.append(_many(sum(1 for name, _ in layout.zones if name), "zone"))
    parts.append(_many(len(layout.cells), "subnet"))
    parts.append(_many(sum(chip.count for cell in layout.cells for chip in cell.chips), "resource"))
    parts += [f"IPv6 {', '.join(vpc.ipv6_cidrs)}"] if vpc.ipv6_cidrs else []
    room = layout.width - 24
    below = words(" · ".join(parts), 12, 44, 10.5, fill="muted", room=room)
    return words(title, 12, 26, 16, bold=True, room=room) + below


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _frame(layout: Layout, marked: Marked) -> str:
    frame = layout.frame
    drawn = rect(frame, fill="soft", stroke="edge", radius=10, thick=1.5)
    if not layout.top:
        drawn += words("no internet gateway", frame.right - 12, frame.y + 12, 9.5, fill="muted", anchor="end")
    if layout.internet:
        sky = layout.internet
        for edge in layout.top:
            x = min(max(edge.box.cx, sky.x + 16), sky.right - 16)
            drawn += line(edge.box.cx, edge.box.y, x, sky.bottom)
        drawn += rect(sky, fill="bg", stroke="edge", radius=13, thick=1.5)
        if sky in marked:
            drawn += words("The internet", sky.x + 18, sky.cy + 4, 11.5, bold=True)
        else:
            drawn += words("The internet", sky.cx, sky.cy + 4, 11.5, bold=True, anchor="middle")
    return drawn


def _zone(name: str, box: Box) -> str:
    label = name or "no subnets yet"
    drawn = rect(box, fill="none", stroke="line", radius=8, dash="4 4")
    return drawn + words(label, box.x + 10, box.y + 16, 10.5, fill="muted", bold=True, room=box.w - 20)


def _cell(cell: Cell, marked: Marked) -> str:
    kind = cell.kind if cell.kind in KINDS else "unknown"
    box, subnet = cell.box, cell.subnet
    drawn = rect(box, fill=f"{kind}-bg", stroke=kind, thick=1.3)
    wide = width(cell.kind, 9.5, bold=True) + 12
    drawn += pill(cell.kind, box.right - wide - 8, box.y + 7, kind=kind)[0]
    drawn += words(subnet.name or subnet.id, box.x + 10, box.y + 19, 12, bold=True, room=box.w - wide - 30)
    room = box.w - 18 - tracing.room_for(marked, cell.gate)
    cidrs = " · ".join([subnet.cidr, *subnet.ipv6_cidrs])
    drawn += words(cidrs, box.x + 10, box.y + 35, 10.5, fill="muted", room=room)
    drawn += words(cell.route, box.x + 10, box.y + 50, 10, fill=f"{kind}-ink", room=room)
    return drawn + "".join(_chip(chip, marked) for chip in cell.chips)


def _chip(chip: Chip, marked: Marked) -> str:
    box = chip.box
    drawn = rect(box, fill="chip", stroke="line", radius=5, dash="3 3" if chip.faint else "")
    drawn += _tag(chip.tag, Box(box.x + 4, box.y + 8, 34, 18))
    room = box.w - 48 - tracing.room_for(marked, box)
    detail = chip.detail if width(chip.detail, 9.5) <= room else chip.brief or chip.detail
    if not chip.detail:
        return drawn + words(chip.label, box.x + 44, box.y + 21, 11, bold=True, room=room)
    drawn += words(chip.label, box.x + 44, box.y + 15, 11, bold=True, room=room)
    return drawn + words(detail, box.x + 44, box.y + 28, 9.5, fill="muted", room=room)


def _tag(text: str, box: Box) -> str:
    return rect(box, fill="edge", radius=4) + words(
        text, box.cx, box.cy + 3.4, 9, fill="on-mark", bold=True, anchor="middle"
    )


def _edges(layout: Layout, marked: Marked) -> str:
    drawn = ""
    for edge in layout.beside:
        dash = "4 4" if edge.faint else ""
        drawn += line(layout.frame.right, edge.box.cy, edge.box.x, edge.box.cy, dash=dash)
    every = (*layout.top, *layout.bottom, *layout.beside)
    return drawn + "".join(_edge(edge, marked) for edge in every)


def _edge(edge: Edge, marked: Marked) -> str:
    box = edge.box
    tag_wide = max(34.0, width(edge.tag, 9, bold=True) + 8)
    drawn = rect(box, fill="chip", stroke="edge", radius=8, dash="3 3" if edge.faint else "", thick=1.3)
    drawn += _tag(edge.tag, Box(box.x + 6, box.cy - 9, tag_wide, 18))
    x, room = box.x + tag_wide + 12, box.w - tag_wide - 18
    # Marks sit on the upper side: in a low box they are beside the name, in a high one above it.
    beside_marks = room - (tracing.room_for(marked, edge.gate) if box.h < 40 else 0)
    drawn += words(edge.label, x, box.cy - 2, 10.5, bold=True, room=beside_marks)
    return drawn + words(edge.detail, x, box.cy + 11, 9, fill="muted", room=room)


def _legend_rows(layout: Layout) -> tuple[tuple[str, str, float, float], ...]:
    """What the colours mean: (words, kind, x, y from the legend's top), on a new line where one is full."""
    placed: list[tuple[str, str, float, float]] = []
    x, y = 12.0, 0.0
    for kind in (kind for kind in KINDS if any(cell.kind == kind for cell in layout.cells)):
        wide = width(KIND_WORDS[kind], 9.5) + 30
        if placed and x + wide > layout.width - 12:
            x, y = 12.0, y + 18
        placed.append((KIND_WORDS[kind], kind, x, y))
        x += wide
    if placed and x + width("✕ stopped here", 9.5) > layout.width - 12:
        x, y = 12.0, y + 18
    return (*placed, ("✕ stopped here", "", x, y))


def _legend_height(layout: Layout) -> float:
    return 26.0 + _legend_rows(layout)[-1][3] + 15.0 * len(layout.notes)


def _legend(layout: Layout, stopped: bool) -> str:
    drawn, top, rows = "", layout.height + 4, _legend_rows(layout)
    for text, kind, x, y in rows[:-1]:
        drawn += rect(Box(x, top + y, 11, 11), fill=f"{kind}-bg", stroke=kind, radius=3)
        drawn += words(text, x + 16, top + y + 9, 9.5, fill="muted")
    text, _, x, y = rows[-1]
    if stopped:
        drawn += words(text, x, top + y + 9, 9.5, fill="bad")
    for number, note in enumerate(layout.notes):
        drawn += words(fit(note, layout.width - 24, 10), 12, top + y + 22 + 15 * number, 10, fill="unsure")
    return drawn
