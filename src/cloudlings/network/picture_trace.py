"""A trace on the picture: its path through the boxes, numbered where it meets a rule; its list of hops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudlings.network.model import NetworkAclEntry, Route, SecurityGroupRule, TransitGatewayRoute
from cloudlings.network.picture_svg import Box, n, pill, rect, width, words, wrap
from cloudlings.network.result import Hop, Trace

Point = tuple[float, float]
SIZE = 10.5
LEADING = 14.0
VERDICTS = {
    "reachable": ("good", "reachable"),
    "blocked": ("bad", "blocked"),
    "unknown": ("unsure", "unknown"),
}


@dataclass(frozen=True)
class Step:
    """One hop as drawn: its number in the list, and where it is (None: nowhere on this picture)."""

    number: str
    hop: Hop
    where: Box | None


def steps(trace: Trace, places: Mapping[str, Box], letter: str = "") -> tuple[Step, ...]:
    """The hops that are worth showing: the request's, and the reply's when something stops it.

    Hops in a row at one component (into a load balancer, and out of it) are one step.
    """
    hops = list(trace.forward)
    if any(not hop.allowed for hop in trace.back):
        hops += trace.back
    told: list[Hop] = []
    for hop in hops:
        if told and _same(told[-1], hop):
            continue
        told.append(hop)
    return tuple(Step(f"{letter}{number}", hop, _where(hop, places)) for number, hop in enumerate(told, 1))


def _same(last: Hop, hop: Hop) -> bool:
    same = (last.component.id, last.phase) == (hop.component.id, hop.phase)
    return same and last.allowed and hop.allowed and last.rule == hop.rule


def _where(hop: Hop, places: Mapping[str, Box]) -> Box | None:
    component = hop.component.id
    if hop.component.kind == "the internet" or component.startswith("internet"):
        return places.get("internet")
    attached = hop.attached_to.id if hop.attached_to else ""
    names = [component, f"{attached}@{hop.subnet}", attached, hop.subnet, hop.vpc]
    if hop.component.kind in ("network ACL", "route table"):
        names = [hop.subnet, hop.vpc]
    names.insert(0, f"{component}@{hop.subnet}")
    return next((places[name] for name in names if name and name in places), None)


# The path


def path(shown: Sequence[Step], gutters: Sequence[float], shift: float = 0.0) -> str:
    """The way through the boxes: solid up to where it is stopped, dotted and red beyond; the reply dashed.

    It runs down the right side of the columns and crosses them in the ``gutters``, so that it covers no word.
    ``shift`` keeps several traces apart.
    """
    drawn, lost = "", False
    for phase, aside in (("forward", -1.5), ("return", 2.5)):
        run = [step for step in shown if step.hop.phase == phase and step.where is not None]
        drawn += _phase(run, gutters, aside + shift, reply=phase == "return", stopped=lost)
        lost = any(not step.hop.allowed for step in run)
    return drawn


def _phase(run: Sequence[Step], gutters: Sequence[float], shift: float, *, reply: bool, stopped: bool) -> str:
    drawn, last = "", None
    for step in run:
        point = _point(step.where, shift)
        if last is not None and point != last:
            drawn += _stroke(
                _corners(last, point, [y + shift for y in gutters]), stopped=stopped, reply=reply
            )
        stopped = stopped or not step.hop.allowed
        last = point
    return drawn


def _point(box: Box | None, shift: float) -> Point:
    assert box is not None
    return (round(box.right - 5 + shift, 1), round(box.cy, 1))


def _corners(start: Point, end: Point, gutters: Sequence[float]) -> list[Point]:
    """The corners of the way from one point to another, along lanes and gutters."""
    (x1, y1), (x2, y2) = start, end
    if not gutters or (max(y1, y2) < gutters[0]) or abs(x1 - x2) < 2:
        return [start, end]
    if abs(x1 - x2) < 40:
        return [start, (max(x1, x2), y1), (max(x1, x2), y2), end]
    if min(y1, y2) < gutters[0]:
        across = gutters[0]
    elif max(y1, y2) > gutters[-1]:
        across = gutters[-1]
    else:
        across = min(gutters, key=lambda y: abs(y - y1) + abs(y - y2) + abs(y - y2) / 10)
    return [start, (x1, across), (x2, across), end]


def _stroke(corners: list[Point], *, stopped: bool, reply: bool) -> str:
    shape = f"M{n(corners[0][0])} {n(corners[0][1])}"
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        ahead, beyond = _towards(corner, before), _towards(corner, after)
        shape += f"L{n(ahead[0])} {n(ahead[1])}Q{n(corner[0])} {n(corner[1])} {n(beyond[0])} {n(beyond[1])}"
    shape += f"L{n(corners[-1][0])} {n(corners[-1][1])}"
    colour = "bad" if stopped else "path"
    dash = ' stroke-dasharray="1 5"' if stopped else ' stroke-dasharray="6 5"' if reply else ""
    halo = f'<path d="{shape}" class="f-none s-bg" stroke-width="5" stroke-opacity=".75"/>'
    return (
        halo
        + f'<path d="{shape}" class="f-none s-{colour}" stroke-width="2.2" stroke-linecap="round"{dash}/>'
    )


def _towards(corner: Point, other: Point, radius: float = 7.0) -> Point:
    """The point at ``radius`` from a corner towards another point (half way when that is near)."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    far = (dx * dx + dy * dy) ** 0.5
    step = min(radius, far / 2) / far if far else 0.0
    return (corner[0] + dx * step, corner[1] + dy * step)


@dataclass(frozen=True)
class Mark:
    """Numbers of hops at one place, on a ground of one colour."""

    text: str
    colour: str

    @property
    def wide(self) -> float:
        """How wide it is drawn."""
        return max(16.0, width(self.text, 9, bold=True) + 8)


def marks(lines: Iterable[Sequence[Step]]) -> dict[Box, tuple[Mark, ...]]:
    """The marks of every place that a trace meets: its numbers, and in red those where it is stopped."""
    found: dict[Box, tuple[Mark, ...]] = {}
    for shown in lines:
        at: dict[Box, list[Step]] = {}
        for step in shown:
            if step.where is not None:
                at.setdefault(step.where, []).append(step)
        for where, group in at.items():
            good = [step.number for step in group if step.hop.allowed]
            bad = [step.number for step in group if not step.hop.allowed]
            made = [Mark(_numbers(good), "path")] if good else []
            made += [Mark(f"✕ {_numbers(bad)}", "bad")] if bad else []
            found[where] = (*found.get(where, ()), *made)
    return found


def room_for(marked: Mapping[Box, Sequence[Mark]], where: Box) -> float:
    """How much of a box's width its marks take."""
    return sum(mark.wide + 2 for mark in marked.get(where, ())) + 4 if where in marked else 0.0


def draw_marks(marked: Mapping[Box, Sequence[Mark]]) -> str:
    """The marks, at the right end of their boxes."""
    drawn = ""
    for where, group in marked.items():
        x = where.right + 3
        for mark in reversed(group):
            x -= mark.wide
            box = Box(x, where.cy - 8, mark.wide, 16)
            drawn += rect(box, fill=mark.colour, stroke="bg", radius=8)
            drawn += words(mark.text, box.cx, box.y + 11.4, 9, fill="on-mark", bold=True, anchor="middle")
            x -= 2
    return drawn


def _numbers(numbers: Sequence[str]) -> str:
    """``1, 4–6`` for 1, 4, 5, 6; the letter of a trace is said once."""
    letter = numbers[0].rstrip("0123456789")
    values = [int(number.removeprefix(letter)) for number in numbers]
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return letter + ", ".join(parts)


# The list of hops


@dataclass(frozen=True)
class Row:
    """One entry of the list: drawn at 0, 0, and how high it is."""

    drawn: str
    high: float


def panel(trace: Trace, shown: Sequence[Step], box: Box) -> tuple[str, float]:
    """The list in ``box`` (its height does not count): question, verdict, hops. Returns it and its height."""
    x, y, drawn = box.x + 10, box.y + 20, ""
    for text in wrap(heading(trace), box.w - 20, 12.5, bold=True):
        drawn += words(text, x, y, 12.5, bold=True)
        y += 17
    kind, verdict = VERDICTS[trace.verdict]
    drawn += pill(verdict, x, y - 9, kind=kind, size=10)[0]
    y += 24
    columns = max(1, int(box.w // 270))
    wide = (box.w - 20 - 16 * (columns - 1)) / columns
    rows = list(_list_rows(trace, shown, wide))
    limit = max(sum(row.high for row in rows) / columns, max((row.high for row in rows), default=0)) + 8
    column, top, lowest = 0, y, y
    for row in rows:
        if y > top and y - top + row.high > limit + 14 and column < columns - 1:
            column, y = column + 1, top
        drawn += f'<g transform="translate({n(x + column * (wide + 16))} {n(y)})">{row.drawn}</g>'
        y += row.high
        lowest = max(lowest, y)
    high = lowest - box.y
    return rect(Box(box.x, box.y, box.w, high), fill="soft", stroke="line") + drawn, high


def _list_rows(trace: Trace, shown: Sequence[Step], room: float) -> Iterator[Row]:
    last_phase = "forward"
    for step in shown:
        if step.hop.phase != last_phase:
            yield Row(words("The reply", 0, 0, SIZE, fill="muted", bold=True), 16)
            last_phase = step.hop.phase
        yield _step_row(step, room)
    if not shown:
        for explanation in trace.explanations:
            yield _paragraph(f"{explanation.text} ({explanation.code})", 0, 0, room, "bad")
    elif trace.verdict == "reachable":
        yield _paragraph("The replies come back: every hop lets them through.", 0, 2, room, "muted")
    for warning in trace.warnings:
        yield _paragraph(f"But: {warning.text}", 0, 2, room, "unsure")


def _step_row(step: Step, room: float) -> Row:
    hop, colour, indent, y = step.hop, "ink" if step.hop.allowed else "bad", 40.0, 0.0
    number = step.number if hop.allowed else f"✕ {step.number}"
    drawn = words(
        number, indent - 8, y, SIZE, fill="muted" if hop.allowed else "bad", bold=True, anchor="end"
    )
    name = hop.component.name or hop.component.id
    title = f"{hop.component.kind} {name}" if hop.component.kind != "the internet" else "the internet"
    for text in wrap(title, room - indent, SIZE, bold=not hop.allowed):
        drawn += words(text, indent, y, SIZE, fill=colour, bold=not hop.allowed)
        y += LEADING
    codes = ", ".join(dict.fromkeys(explanation.code for explanation in hop.explanations))
    below = [(rule_words(hop), "muted")] if hop.allowed else [(hop.text, "bad"), (codes, "muted")]
    for text, fill in below:
        if text:
            row = _paragraph(text, indent, y, room - indent, fill)
            drawn += row.drawn
            y = row.high
    return Row(drawn, y + 3)


def _paragraph(text: str, x: float, y: float, room: float, fill: str) -> Row:
    drawn = ""
    for one in wrap(text, room, 10):
        drawn += words(one, x, y, 10, fill=fill)
        y += 13
    return Row(drawn, y)


def rule_words(hop: Hop) -> str:
    """The rule by which a hop let the packet through, in a few words; "" when there is none."""
    rule = hop.rule
    way = {"ingress": "in", "egress": "out"}.get(hop.direction, "")
    if isinstance(rule, NetworkAclEntry):
        return f"{way} by rule {rule.number}".strip()
    if isinstance(rule, (Route, TransitGatewayRoute)):
        return f"route {rule.destination}"
    if isinstance(rule, SecurityGroupRule):
        ports = "" if rule.from_port in (None, -1) else f" {rule.from_port}"
        ports += f"–{rule.to_port}" if ports and rule.to_port not in (rule.from_port, None) else ""
        protocol = "all" if rule.protocol == "-1" else rule.protocol
        preposition = "from" if rule.direction == "ingress" else "to"
        peer = rule.cidr or rule.group or rule.prefix_list
        return f"{way}: {protocol}{ports} {preposition} {peer}".strip(": ")
    return ""


def _end(trace: Trace, which: int) -> str:
    """The name of one end: that of the first or last hop when it has one."""
    asked = trace.source if which == 0 else trace.destination
    ends = [hop.component for hop in trace.forward]
    if ends and ends[which].id == asked and ends[which].name:
        return ends[which].name
    named = next((c.name for c in (*ends, *trace.blocking) if c.id == asked and c.name), "")
    return named or {"internet": "the internet", "internet6": "the internet (IPv6)"}.get(asked, asked)


def _asked(trace: Trace) -> str:
    protocol = {"-1": "any protocol"}.get(trace.protocol, trace.protocol)
    return f"{protocol} {trace.port}" if trace.port is not None else protocol


def heading(trace: Trace) -> str:
    """The question of a trace in one line, for outlines."""
    return f"{_end(trace, 0)} → {_end(trace, -1)}, {_asked(trace)}"
