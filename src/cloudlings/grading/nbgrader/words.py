"""How a verdict reads in the graded notebook, the feedback and nbgrader's comments; and what it scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from nbformat import NotebookNode, v4

from cloudlings.grading.verdict import Status, Verdict

_LOOKS = {
    Status.PASSED: ("✔", "Passed", "#2e8540"),
    Status.FAILED: ("✘", "Not yet", "#d1453b"),
    Status.NOT_ATTEMPTED: ("○", "Not attempted", "#6b7785"),
    Status.UNAVAILABLE: ("!", "Sandbox unavailable", "#b86e00"),
}
# nbgrader's pages let wide pictures run over their edge, and set tables without air.
_TABLE = (
    "<style>.rendered_html img{max-width:100%} .rendered_html td{padding:.15em 1em .15em 0}</style>",
    "",
    "| | Task | Points |",
    "|:--|:--|:--|",
)


def check_outputs(verdict: Verdict, points: float) -> list[Any]:
    """The outputs of a check cell: the words, then the score in the one form that nbgrader reads as one.

    nbgrader's rule: an ``execute_result`` whose text is a number is that many points. ``points`` is what the
    gradebook gives for the task; the verdict earns its share of them.
    """
    earned = points * verdict.points / verdict.max_points
    words = {"text/plain": comment(verdict, points), "text/html": _card(verdict)}
    score = {"text/plain": str(earned), "text/html": f"<p>{earned:g} of {points:g} points</p>"}
    return [
        v4.new_output("display_data", data=words),
        v4.new_output("execute_result", data=score, execution_count=None),
    ]


def comment(verdict: Verdict, points: float) -> str:
    """The verdict in plain words, for the comment beside the answer."""
    icon, word, _ = _LOOKS[verdict.status]
    earned = points * verdict.points / verdict.max_points
    head = f"{icon} {word}: {verdict.title} · {earned:g} of {points:g} points"
    return head if verdict.passed else f"{head}.\n{verdict.message}"


def about(
    student: str, notes: Sequence[str], verdicts: Mapping[str, Verdict], points: Mapping[str, float]
) -> NotebookNode:
    """The cell on top of a graded notebook: each task's outcome, how it was graded, what happened on the way.

    ``points`` are the gradebook's for each task; each row leads to the check cell, where the words are.
    """
    rows = [_row(name, verdict, points[name]) for name, verdict in verdicts.items()]
    first = (
        "**How this was graded.** The notebook ran from top to bottom in a new sandbox, with the personal "
        f"values of `{student}`. Each task was checked in the account itself, at its check cell, and once "
        "more at the end where it was not passed by then."
    )
    text = "\n".join([*_TABLE, *rows, "", first, "", *(f"- {_one_line(note)}" for note in notes)]).strip()
    cell: NotebookNode = v4.new_markdown_cell(text, id="how-this-was-graded")
    return cell


def _row(name: str, verdict: Verdict, points: float) -> str:
    icon, word, _ = _LOOKS[verdict.status]
    title = _one_line(verdict.title).replace("|", "\\|")
    earned = points * verdict.points / verdict.max_points
    return f"| {icon} {word} | [{title}](#{name}) | {earned:g} of {points:g} |"


def _card(verdict: Verdict) -> str:
    icon, word, accent = _LOOKS[verdict.status]
    parts = [] if verdict.passed else [part for part in verdict.message.split("\n") if part]
    body = "".join(f"<p style='margin:.3em 0'>{_inline(part)}</p>" for part in parts)
    return (
        f"<div style='border-left:4px solid {accent};padding:.2em .8em'>"
        f"<p style='margin:.3em 0'><strong>{icon} {word}: {_inline(verdict.title)}</strong></p>{body}</div>"
    )


def _inline(text: str) -> str:
    """Escaped text, with what stands between backticks as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(part if number % 2 == 0 else f"<code>{part}</code>" for number, part in enumerate(parts))


def _one_line(text: str) -> str:
    return " ".join(text.split())
