"""Templates, and the words and icons that they use for states."""

from __future__ import annotations

import time
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from cloudlings.grading.verdict import Status
from cloudlings.sandbox import JournalEntry

STATES = {
    Status.PASSED: ("✔", "Passed", "good"),
    Status.FAILED: ("✘", "Not yet", "bad"),
    Status.NOT_ATTEMPTED: ("○", "Not attempted", "idle"),
    Status.UNAVAILABLE: ("!", "Sandbox unavailable", "warn"),
}
LABS = {"done": ("✔", "Done", "good"), "begun": ("◐", "Begun", "busy"), "new": ("○", "Not begun", "idle")}
TABS = (
    ("tasks", "Tasks", ""),
    ("picture", "Network", "/picture"),
    ("wiring", "Events", "/wiring"),
    ("access", "Access", "/access"),
    ("journal", "Journal", "/journal"),
    ("decisions", "Decisions", "/decisions"),
    ("cost", "Cost", "/cost"),
)


def page(name: str, **values: Any) -> str:
    """A page as HTML: everything that is not markup of ours is escaped."""
    return _templates.get_template(name).render(**values)


def clock(at: float) -> str:
    """A time of day; with its date when it was not today."""
    local = time.localtime(at)
    today = time.localtime()[:3] == local[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", local)


def who(entry: JournalEntry) -> str:
    """Who asked, in a word."""
    if entry.source == "learner":
        return entry.principal.rpartition(":")[2].removeprefix("user/").removeprefix("assumed-role/") or "you"
    return {"grader": "a check", "service": entry.service, "anonymous": "anybody"}.get(
        entry.source, "a function"
    )


def what(entry: JournalEntry) -> str:
    """Service and operation."""
    return f"{entry.service} {entry.operation}"


def result(entry: JournalEntry) -> str:
    """What came of it, in a word; "" for a success."""
    if entry.undone:
        return "taken back"
    return entry.error or ("" if entry.status < 400 else str(entry.status))


def inline(text: str) -> Markup:
    """Escaped text, with what stands between backticks as code."""
    parts = str(escape(text)).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup(p) if n % 2 == 0 else Markup(f"<code>{p}</code>") for n, p in enumerate(parts)
    )


_templates = Environment(
    loader=PackageLoader("cloudlings.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_templates.filters.update(clock=clock, who=who, what=what, result=result, inline=inline)
_templates.globals.update(STATES=STATES, LABS=LABS, TABS=TABS)
