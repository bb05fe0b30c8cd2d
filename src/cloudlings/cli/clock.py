"""``cloudlings clock advance`` and ``cloudlings clock show``: a lab's test clock."""

from __future__ import annotations

import json
import re
import time
from typing import Annotated

import typer

from cloudlings.cli.history import Json, Lab, Seed, _accounts, _workspace
from cloudlings.errors import ClockError

GROUP = "clock"
app = typer.Typer(help="Move a lab's time on, so that what takes days on AWS is shown in a second.")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


# So that -3d is read as a time, and refused as one.
@app.command(context_settings={"ignore_unknown_options": True})
def advance(
    span: Annotated[str, typer.Argument(metavar="TIME", help="how far: 90s, 15m, 6h, 3d, 2w, 1d12h")],
    lab: Lab = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Move a lab's time on, and do what is due by then: expiries, schedules, alarms, waits.

    Dates that AWS shows stay real ones. A reset of the lab sets the clock back; nothing else does.
    """
    seconds = read_span(span)
    space = _workspace(lab, seed)
    for number in _accounts(space):
        space.running().advance(number, seconds)
    _tell(space.lab.name, space.running().now(number), f"time has moved on by {span}. ", as_json=as_json)


@app.command()
def show(lab: Lab = None, seed: Seed = None, as_json: Json = False) -> None:
    """Show how far a lab's test clock is ahead of real time."""
    space = _workspace(lab, seed)
    _tell(space.lab.name, space.running().now(space.account_ids["main"]), "", as_json=as_json)


def _tell(lab: str, now: float, done: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"lab": lab, "now": now, "ahead_seconds": round(now - time.time())}))
    else:
        typer.echo(f"{lab}: {done}{_ahead(now)}")


def read_span(text: str) -> float:
    """The seconds of a time such as ``1d12h``. Raises ClockError for what is none, or none forward."""
    parts = _PART.findall(text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        backwards = text.strip().startswith("-")
        why = (
            "The test clock only moves forward" if backwards else "That is no time that the clock can move by"
        )
        raise ClockError(
            f"{why}: “{text}”.",
            next_step="give a number and a unit, such as 90s, 15m, 6h, 3d or 1d12h; "
            "`cloudlings reset LAB` sets the clock back to real time",
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _ahead(now: float) -> str:
    ahead = round(now - time.time())
    if ahead < 1:
        return "The test clock shows real time."
    days, rest = divmod(ahead, _UNITS["d"])
    hours, rest = divmod(rest, _UNITS["h"])
    minutes, seconds = divmod(rest, _UNITS["m"])
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    return "The test clock is " + " ".join(f"{n} {unit}" for n, unit in parts if n) + " ahead of real time."
