"""Tab between the quotes of ``check("…")`` offers the lab's tasks, of ``open_lab("…")`` the labs."""

from __future__ import annotations

import re

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from cloudlings.errors import CloudlingsError
from cloudlings.grading.home import find_home
from cloudlings.grading.standing import tasks_built
from cloudlings.lab import Catalogue
from cloudlings.notebook import session

_NAMES_A_TASK = re.compile(r"\b(?:check|hint|answer)\(\s*[\"']([\w-]*)$")
_NAMES_A_LAB = re.compile(r"\bopen_lab\(\s*[\"']([\w-]*)$")
_NAMES_A_CHECKPOINT = re.compile(r"\brewind\(\s*[\"']([\w.-]*)$")


@context_matcher()  # type: ignore[untyped-decorator]
def names(context: CompletionContext) -> SimpleMatcherResult:
    """The names that fit where the cursor is, and then nothing else."""
    line = context.text_until_cursor.rpartition("\n")[2]
    for place, known in (
        (_NAMES_A_TASK, _tasks),
        (_NAMES_A_LAB, _labs),
        (_NAMES_A_CHECKPOINT, _checkpoints),
    ):
        found = place.search(line)
        if found:
            offered = [SimpleCompletion(text=name) for name in known() if name.startswith(found[1])]
            return {"completions": offered, "matched_fragment": found[1], "suppress": bool(offered)}
    return {"completions": []}


def _tasks() -> tuple[str, ...]:
    if session._open is None:
        return ()
    return tuple(name for name, _ in tasks_built(Catalogue.here(), session._open.lab))


def _labs() -> tuple[str, ...]:
    return Catalogue.here().names


def _checkpoints() -> tuple[str, ...]:
    from cloudlings.sandbox import Sandbox

    running = Sandbox.find(find_home())
    if running is None or session._open is None:
        return ()
    try:
        return tuple(each.name for each in running.checkpoints(list(session._open.account_ids.values())))
    except CloudlingsError:
        return ()
