"""The sandbox: AWS on the learner's own machine, behind one door.

``Sandbox.start(home)`` runs it in processes of its own; ``environment`` is what a tool needs to use it.

A request goes through these modules: ``gateway`` asks ``identify`` and ``operations`` what it is for,
``routes`` who answers it, ``accounts`` and ``sigv4`` who sent it, ``authorization`` whether they may,
``rules`` whether AWS would take it; then
an emulator (``emulators``) answers, and ``journal`` notes it. ``daemon`` and ``control`` keep it running.
"""

from cloudlings.sandbox.environment import environment, variables
from cloudlings.sandbox.handle import Sandbox
from cloudlings.sandbox.model import (
    RESERVED,
    START,
    Checkpoint,
    Credentials,
    Denied,
    JournalEntry,
    News,
    Return,
    Who,
)

__all__ = [
    "RESERVED",
    "START",
    "Checkpoint",
    "Credentials",
    "Denied",
    "JournalEntry",
    "News",
    "Return",
    "Sandbox",
    "Who",
    "environment",
    "variables",
]
