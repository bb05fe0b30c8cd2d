"""The table of docs/sandbox.md: by service, what is probed, what passes, and what is missing by name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.behaviour.probe import Probe

DOCS = Path(__file__).parents[3] / "docs" / "sandbox.md"
BEGIN, END = "<!-- behaviour: begin -->", "<!-- behaviour: end -->"
Gap = dict[str, Any]


def gaps() -> list[Gap]:
    """The probes that are known to differ, and why."""
    found: list[Gap] = yaml.safe_load((Path(__file__).parent / "gaps.yaml").read_text()) or []
    return found


def key(one: Probe) -> tuple[str, str]:
    """What names a probe."""
    return one.service, one.sentence


def table(probes: Sequence[Probe], differing: Collection[tuple[str, str]]) -> str:
    """The table, as it stands between the markers."""
    services = sorted({one.service for one in probes}, key=str.lower)
    missing = {(gap["service"], gap["sentence"]): gap["missing"] for gap in gaps()}
    lines = ["| service | probes | pass | what is missing |", "| --- | ---: | ---: | --- |"]
    for service in services:
        mine = [key(one) for one in probes if one.service == service]
        wrong = [each for each in mine if each in differing]
        words = " ".join(missing.get(each, each[1]) for each in wrong)
        lines.append(f"| {service} | {len(mine)} | {len(mine) - len(wrong)} | {words} |")
    right = sum(key(one) not in differing for one in probes)
    lines.append(f"| **all** | **{len(probes)}** | **{right}** | |")
    return "\n".join(lines)


def written() -> str:
    """The table that docs/sandbox.md has now."""
    return DOCS.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write(text: str) -> None:
    """Put a table between the markers."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
