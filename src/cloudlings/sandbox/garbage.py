"""How often the processes of a sandbox look for garbage."""

from __future__ import annotations

import gc

_LOOKS = (50_000, 20, 20)


def look_seldom() -> None:
    """Call it once everything is imported. What is there by then stays, and an account's thousands of objects
    stay with the account: looking through them for every few hundred new ones takes a good part of the time
    in which an account is made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOKS)
