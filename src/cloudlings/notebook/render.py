"""How verdicts, hints and progress look in a notebook: words first, colour second, details folded.

Each card is HTML (``templates/``, escaped: a bucket's name is data, not markup) and plain text at once, so
that a terminal, a screen reader and a page without styles get the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from cloudlings.errors import CloudlingsError
from cloudlings.grading.records import Standing
from cloudlings.grading.replies import Hint, OpenLab
from cloudlings.grading.verdict import Status, Verdict

# Icon, word, accent. The accents keep their contrast on JupyterLab's light and dark grounds.
_LOOKS = {
    Status.PASSED: ("✔", "Passed", "#2e8540"),
    Status.FAILED: ("✘", "Not yet", "#d1453b"),
    Status.NOT_ATTEMPTED: ("○", "Not attempted", "#6b7785"),
    Status.UNAVAILABLE: ("!", "Sandbox unavailable", "#b86e00"),
}


class Card:
    """Something to display: the same content as HTML and as text."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def said(text: str) -> Card:
    """A sentence; printed, it would be broken inside its words at the window's edge."""
    return Card(str(Markup("<p>{}</p>").format(text)), text)


def verdict(verdict: Verdict) -> Card:
    """A verdict's card: what was found, what follows, the counterexample, the concept, the next hint."""
    icon, word, accent = _LOOKS[verdict.status]
    points = _points(verdict)
    html = _page("verdict", verdict=verdict, icon=icon, word=word, accent=accent, points=points)
    lines = [
        f"{icon} {word}: {verdict.title}" + (f" · {points}" if points else ""),
        "" if verdict.passed else verdict.message,
        f"Next hint: {verdict.next_hint}" if verdict.next_hint else "",
    ]
    return Card(html, _lines(lines))


def hint(hint: Hint) -> Card:
    """One rung of the ladder, and how many there are."""
    more = "" if hint.rung == hint.of else f'hint("{hint.task}")'
    title = f"Hint {hint.rung} of {hint.of}: {hint.title}"
    html = _page("hint", hint=hint, title=title, more=more)
    return Card(html, _lines([title, hint.text, f"Next: {more}" if more else ""]))


def progress(lab: OpenLab, rows: Sequence[tuple[str, int, Standing]]) -> Card:
    """A table of the lab's tasks, with the points so far, and the lab that comes next."""
    earned, total = sum(row[2].points for row in rows), sum(row[1] for row in rows)
    title = f"{lab.title}: {earned} of {total} points"
    shown = [_progress_row(*row) for row in rows]
    percent = 100 * earned // max(total, 1)
    html = _page("progress", lab=lab, title=title, earned=earned, total=total, percent=percent, rows=shown)
    text = "{icon} {word:<14} {points}/{max_points}  {title}  ({task}; {tried})"
    after = f"Next lab: {lab.next_lab}, {lab.next_title}" if lab.next_lab else ""
    return Card(html, _lines([title, *(text.format(**row) for row in shown), after]))


def opened(lab: OpenLab) -> Card:
    """What a learner sees first: the account, the Region, the personal values."""
    account = ", ".join(
        number if name == "main" else f"{number} ({name})" for name, number in lab.account_ids.items()
    )
    region, url = lab.environment["AWS_DEFAULT_REGION"], lab.environment["AWS_ENDPOINT_URL"]
    values = [(key, _shown(value)) for key, value in lab.brief.items()]
    html = _page("opened", lab=lab, account=account, region=region, url=url, values=values)
    first = f"{lab.title} is open. Account {account}, Region {region}, sandbox {url}."
    return Card(html, _lines([first, lab.notice, *(f"  brief.{key} = {value}" for key, value in values)]))


def problem(error: CloudlingsError) -> Card:
    """An error of ours, as words and a next step."""
    step = f"Next: {error.next_step}" if error.next_step else ""
    return Card(_page("problem", error=error, step=step), _lines([error.message, step]))


def failure(title: str, said: str) -> Card:
    """A command that did not succeed, with its own words."""
    return Card(_page("failure", title=title, said=said), _lines([f"! {title}", said]))


def stack(
    title: str, *, well: bool, reasons: Sequence[tuple[str, str]], outputs: Sequence[tuple[str, str]]
) -> Card:
    """What came of a stack: why which resource failed, or its outputs."""
    icon, _, accent = _LOOKS[Status.PASSED if well else Status.FAILED]
    html = _page("stack", title=title, icon=icon, accent=accent, reasons=reasons, outputs=outputs)
    rows = [f"  {name}: {reason}" for name, reason in reasons] + [
        f"  {key} = {value}" for key, value in outputs
    ]
    return Card(html, _lines([f"{icon} {title}", *rows]))


def went_back(title: str, groups: Sequence[tuple[str, Sequence[str]]], after: str) -> Card:
    """What an undo or a rewind did: its requests by what became of them, and how to return."""
    html = _page("went_back", title=title, groups=groups, after=after)
    rows = [line for name, requests in groups for line in (f"{name}:", *(f"  {one}" for one in requests))]
    return Card(html, _lines([title, *rows, after]))


def _progress_row(title: str, points: int, standing: Standing) -> dict[str, Any]:
    icon, word, accent = _LOOKS[standing.status]
    tried = f"{standing.attempts} tried, {standing.hints} hints"
    row = {"icon": icon, "word": word, "accent": accent, "title": title, "task": standing.task}
    return {**row, "points": standing.points, "max_points": points, "tried": tried}


def _points(verdict: Verdict) -> str:
    match verdict.status:
        case Status.UNAVAILABLE:
            return ""
        case Status.NOT_ATTEMPTED:
            return f"worth {verdict.max_points}"
        case _:
            return f"{verdict.points} of {verdict.max_points} points"


def _page(name: str, **values: Any) -> str:
    return _templates.get_template(f"{name}.html").render(**values)


def _inline(text: str) -> Markup:
    """Escaped text, with what stands between backticks as code."""
    parts = str(escape(text)).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup(part) if number % 2 == 0 else Markup(f"<code>{part}</code>")
        for number, part in enumerate(parts)
    )


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


_templates = Environment(loader=PackageLoader("cloudlings.notebook"), autoescape=True)
_templates.filters["inline"] = _inline
