"""``cloudlings watch``: the current lab is checked again whenever its accounts change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli.history import OneLab, Seed
from cloudlings.sandbox.model import OWN

if TYPE_CHECKING:
    from cloudlings.grading.verdict import Status, Verdict
    from cloudlings.grading.workspace import Workspace
    from cloudlings.sandbox import JournalEntry, News

app = typer.Typer()

# A change seldom comes alone: what follows it within this time is checked with it.
_SETTLES = 0.4


@app.command()
def watch(
    lab: OneLab = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="print a JSON line a verdict that changed")] = False,
    once: Annotated[bool, typer.Option("--once", help="check, wait for one change, check, and end")] = False,
) -> None:
    """Check a lab whenever something changes in its accounts, and say what turned green.

    The sandbox tells of each change; between changes nothing runs. End it with Ctrl-C.
    """
    from cloudlings.cli.history import _workspace
    from cloudlings.cli.learning import _checker

    space, checker = _workspace(lab, seed), _checker(seed)
    numbers = space.running().news(dict.fromkeys(space.account_ids.values(), 0), 0).last
    known: dict[str, Status] = {}
    _tell(space, _changed(checker.check(space.lab.name), known), as_json=as_json, first=True)
    for news in _changes(space, numbers):
        if not as_json:
            typer.echo(_heard(news))
        verdicts = checker.check(space.lab.name)
        _tell(space, _changed(verdicts, known), as_json=as_json, first=False)
        whole = all(verdict.passed for verdict in verdicts)
        if whole and not as_json:
            typer.echo(f"Every task of {space.lab.name} is passed. What comes next: cloudlings")
        if once or whole:
            return


def _changes(space: Workspace, last: Mapping[str, int]) -> Iterator[News]:
    """Each burst of changes in the lab's accounts that asks for a check.

    What functions and services did after a change is checked once: a check may set them to work itself, and
    would otherwise follow itself for ever.
    """
    from cloudlings.sandbox import News

    sandbox, may_follow = space.running(), False
    while True:
        news = sandbox.news(last, 25)
        last = news.last
        own = news.emptied or any(_is_own(entry) for entry in news.entries)
        if not own and not (may_follow and any(entry.status < 400 for entry in news.entries)):
            continue
        may_follow = own
        entries, emptied = list(news.entries), news.emptied
        while (more := sandbox.news(last, _SETTLES)).is_any:
            entries, emptied, last = [*entries, *more.entries], emptied or more.emptied, more.last
        yield News(tuple(entries), last, emptied)


def _is_own(entry: JournalEntry) -> bool:
    """Whether the learner changed something, or took something back."""
    return (entry.changes and entry.source == "learner") or entry.service == OWN


def _changed(verdicts: Sequence[Verdict], known: dict[str, Status]) -> list[Verdict]:
    """The verdicts that are not what they were, which are then what is known."""
    changed = [verdict for verdict in verdicts if known.get(verdict.task) != verdict.status]
    known.update({verdict.task: verdict.status for verdict in verdicts})
    return changed


def _tell(space: Workspace, verdicts: Sequence[Verdict], *, as_json: bool, first: bool) -> None:
    from cloudlings.cli._shown import console, show_verdict

    for verdict in verdicts:
        if as_json:
            typer.echo(json.dumps(verdict.to_json()))
        elif first:
            typer.echo(_line(verdict))
        else:
            show_verdict(console, verdict)
    if first and not as_json:
        if all(verdict.passed for verdict in verdicts):
            typer.echo(f"Every task of {space.lab.name} is passed.")
        typer.echo(f"Watching {space.lab.name}. Ctrl-C ends it.")
    sys.stdout.flush()


def _line(verdict: Verdict) -> str:
    from cloudlings.cli._words import LOOKS, painted

    icon, word, colour = LOOKS[verdict.status]
    return painted(f"{icon} {verdict.task}: {word}", colour)


def _heard(news: News) -> str:
    from cloudlings.cli._words import painted
    from cloudlings.cli.history import _what

    names = list(dict.fromkeys(_what(entry) for entry in news.entries if entry.status < 400))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    what = ", ".join(names[:3]) + more if names else "the lab was reset"
    return painted(f"… {what}", "bright_black")
