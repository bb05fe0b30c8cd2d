"""The way back from a notebook: ``undo``, ``checkpoint`` and ``rewind``."""

from __future__ import annotations

import time

from IPython.display import display

from cloudlings.errors import SandboxError, SandboxUnavailable
from cloudlings.grading.home import find_home
from cloudlings.notebook import render, session
from cloudlings.notebook.session import for_people
from cloudlings.sandbox import RESERVED, JournalEntry, Return, Sandbox


@for_people
def undo(count: int = 1) -> None:
    """Takes back your last request that changed something in the lab, or your last ``count``."""
    display(_card(_sandbox().undo(_accounts(), count)))


@for_people
def checkpoint(name: str) -> None:
    """Keeps the lab's accounts as they are now under a name, to come back to with ``rewind``."""
    if name in RESERVED:
        raise SandboxError(f"The sandbox itself uses the name “{name}”.", next_step="choose another name")
    _sandbox().checkpoint(_accounts(), name)
    print(f'Kept as it is now. Back to here: rewind("{name}")')


@for_people
def rewind(name: str = "") -> None:
    """Returns the lab's accounts to a checkpoint; without a name it lists them."""
    if name:
        display(_card(_sandbox().rewind(_accounts(), name)))
        return
    found = _sandbox().checkpoints(_accounts())
    for each in found:
        print(f'rewind("{each.name}")  {_clock(each.time)}')
    if not found:
        print('There are no checkpoints yet: checkpoint("NAME") makes one.')


def _card(done: Return) -> render.Card:
    groups = [
        (title, [f"{_clock(entry.time)}  {_what(entry)}" for entry in entries])
        for title, entries in (("Taken back", done.taken_back), ("There again", done.brought_back))
        if entries
    ]
    return render.went_back(
        f"{session._lab().title} went back to {_clock(done.to)}",
        groups,
        'To have it as it was before this: rewind("before-undo")',
    )


def _what(entry: JournalEntry) -> str:
    return f"{entry.service}:{entry.operation} {entry.resource}".rstrip()


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _accounts() -> list[str]:
    return list(session._lab().account_ids.values())


def _sandbox() -> Sandbox:
    lab = session._lab()
    sandbox = Sandbox.find(find_home())
    if sandbox is None:
        raise SandboxUnavailable("The sandbox is not running.", next_step=f'open_lab("{lab.lab}")')
    return sandbox
