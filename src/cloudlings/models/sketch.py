"""A small architecture picture with lettered parts, each at a place, drawn as SVG.

The picture draws what it is told, right or wrong: saying which parts cannot be so is somebody's task.

    svg = sketch({"A": ("s3", "region"), "B": ("igw", "vpc-edge"), ...})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from cloudlings.errors import ModelError

NAMES = {
    "s3": "S3 bucket",
    "igw": "internet gateway",
    "iam": "IAM",
    "route53": "Route 53",
    "nat": "NAT gateway",
    "ebs": "EBS volume",
    "app": "app subnet",
    "db": "no standby here",
}
"""The parts that can be drawn, and what is written on them."""

# Where a chip stands (left, top, width): by part and place.
_CHIPS: Mapping[tuple[str, str], tuple[int, int, int]] = {
    ("s3", "region"): (60, 596, 150),
    ("s3", "global"): (60, 22, 150),
    ("iam", "global"): (240, 22, 110),
    ("iam", "region"): (240, 596, 110),
    ("route53", "global"): (380, 22, 140),
    ("route53", "vpc"): (676, 104, 140),
    ("igw", "vpc-edge"): (360, 80, 180),
    ("igw", "public-subnet-b"): (350, 204, 180),
    ("nat", "public-subnet-a"): (92, 204, 160),
    ("nat", "app-subnet-a"): (92, 340, 160),
    ("ebs", "az-a"): (92, 376, 160),
    ("ebs", "az-b"): (350, 376, 160),
    ("db", "az-c"): (610, 478, 180),
}
_ZONES = (66, 326, 586)
_SUBNETS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "one-zone-each": ((78, 226), (338, 226)),
    "two-zones": ((78, 486),),
}
PLACES: Mapping[str, tuple[str, ...]] = {
    **{part: tuple(place for name, place in _CHIPS if name == part) for part, _ in _CHIPS},
    "app": tuple(_SUBNETS),
}
"""Where each part can be drawn."""

_INK, _PAPER = "#1f2a37", "#ffffff"
_FONT = "font-family='Helvetica, Arial, sans-serif'"


@dataclass(frozen=True)
class _Box:
    x: int
    y: int
    width: int
    height: int
    fill: str
    line: str
    label: str = ""
    dashed: bool = False

    def svg(self) -> str:
        dash = " stroke-dasharray='6 4'" if self.dashed else ""
        label = _text(self.x + 12, self.y + 19, self.label, self.line, weight="bold") if self.label else ""
        return (
            f"<rect x='{self.x}' y='{self.y}' width='{self.width}' height='{self.height}' rx='8' "
            f"fill='{self.fill}' stroke='{self.line}' stroke-width='1.5'{dash}/>{label}"
        )


def sketch(parts: Mapping[str, tuple[str, str]]) -> str:
    """The picture of ``parts``: letter to (part, place). Raises `ModelError` for what it cannot draw."""
    for letter, (part, place) in parts.items():
        if place not in PLACES.get(part, ()):
            raise ModelError(
                f"There is no picture of {part!r} at {place!r} (part {letter}).",
                next_step=f"a part is one of {', '.join(PLACES)}; {part} can be at: "
                f"{', '.join(PLACES.get(part, ()))}",
            )
    by_part = {part: (letter, place) for letter, (part, place) in parts.items()}
    drawn = [*_frame(), *_subnets(by_part), *_wires(by_part)]
    drawn += [_chip(letter, part, place) for part, (letter, place) in by_part.items() if part != "app"]
    body = "\n".join(drawn)
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 880 660' width='760' role='img' "
        f"aria-label='{escape(outline(parts), quote=True)}'><rect width='880' height='660' "
        f"fill='{_PAPER}'/>\n{body}\n</svg>"
    )


def outline(parts: Mapping[str, tuple[str, str]]) -> str:
    """The picture in words, a part a sentence, for who cannot see it."""
    return " ".join(
        f"{letter}: {NAMES[part]}, drawn at {place}." for letter, (part, place) in sorted(parts.items())
    )


def _frame() -> list[str]:
    boxes = [
        _Box(12, 62, 856, 586, "#f5f8fc", "#2f6f9f", "Region", dashed=True),
        _Box(40, 94, 812, 480, "#f3fbf4", "#2e7d4f", "VPC"),
    ]
    for x, zone in zip(_ZONES, "abc", strict=True):
        boxes.append(_Box(x, 140, 250, 414, "#ffffff", "#8896a6", f"AZ {zone}", dashed=True))
        boxes.append(_Box(x + 12, 168, 226, 76, "#e4f3e6", "#57a26b"))
        boxes.append(_Box(x + 12, 436, 226, 96, "#f1ecf8", "#7d5bb3"))
    drawn = [box.svg() for box in boxes]
    for x in _ZONES:
        drawn.append(_text(x + 24, 188, "public subnet", "#3d7d50"))
        drawn.append(_text(x + 24, 456, "data subnet", "#5c3f8f"))
    drawn += [_server(90, 472, "RDS primary", "#7d5bb3"), _server(350, 472, "RDS standby", "#7d5bb3")]
    return drawn


def _subnets(by_part: Mapping[str, tuple[str, str]]) -> list[str]:
    letter, place = by_part.get("app", ("", "one-zone-each"))
    drawn = []
    for x, width in _SUBNETS[place]:
        drawn.append(_Box(x, 262, width, 158, "#e9eefb", "#4a63b5").svg())
        if letter:
            drawn.append(_badge(x + 18, 281, letter))
        drawn.append(_text(x + 36, 286, NAMES["app"], "#2b3f87"))
    return [*drawn, _server(90, 300, "app server", "#4a63b5"), _server(350, 300, "app server", "#4a63b5")]


def _server(x: int, y: int, name: str, line: str) -> str:
    return f"{_Box(x, y, 118, 28, _PAPER, line).svg()}{_text(x + 12, y + 18, name, line)}"


def _wires(by_part: Mapping[str, tuple[str, str]]) -> list[str]:
    """The volume is attached to the server in AZ a."""
    if "ebs" not in by_part:
        return []
    x, y, _ = _CHIPS["ebs", by_part["ebs"][1]]
    curve = f"M 204 328 C 230 350, {x + 60} 340, {x + 80} {y}"
    return [f"<path d='{curve}' fill='none' stroke='{_INK}' stroke-width='1.6'/>"]


def _chip(letter: str, part: str, place: str) -> str:
    x, y, width = _CHIPS[part, place]
    box = _Box(x, y, width, 28, "#fff7e6", "#b7791f").svg()
    return f"{box}{_badge(x + 16, y + 14, letter)}{_text(x + 32, y + 19, NAMES[part], _INK)}"


def _badge(x: int, y: int, letter: str) -> str:
    return (
        f"<circle cx='{x}' cy='{y}' r='10' fill='{_INK}'/><text x='{x}' y='{y + 4}' {_FONT} font-size='12' "
        f"font-weight='bold' fill='#fff' text-anchor='middle'>{escape(letter)}</text>"
    )


def _text(x: int, y: int, text: str, colour: str, *, weight: str = "normal", anchor: str = "start") -> str:
    return (
        f"<text x='{x}' y='{y}' {_FONT} font-size='12' font-weight='{weight}' fill='{colour}' "
        f"text-anchor='{anchor}'>{escape(text)}</text>"
    )
