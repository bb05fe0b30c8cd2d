"""What a move of the test clock makes of what MiniStack keeps: one function for each of its services.

A function is marked ``@ages`` with its service; it is found, not listed, and called with the account and the
seconds of the move, in a thread of its own, if MiniStack has loaded the service. Stamps that are shown stay
as they are; deadlines that nobody sees come nearer.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

from cloudlings.sandbox import clock

Ages = Callable[[Any, str, float], None]
"""Called with MiniStack's module, the account, and the seconds of the move."""

_AGES: list[tuple[str, Ages]] = []
SERVICES = "ministack.services."


def ages(service: str) -> Callable[[Ages], Ages]:
    """Mark a function that makes one service's things older."""

    def mark(work: Ages) -> Ages:
        _AGES.append((service, work))
        return work

    return mark


def watch(app: Any) -> None:
    """Follow the clocks of this process, and let executions wait by them. Called once, in MiniStack's own."""
    clock.on_advance(_age)
    load = app._get_module

    def get_module(*args: Any, **kwargs: Any) -> Any:
        module = load(*args, **kwargs)
        loaded = sys.modules.get(f"{SERVICES}stepfunctions")
        if loaded is not None and not _correct(loaded):
            importlib.import_module(f"{__name__}.waits").correct(loaded)
        return module

    app._get_module = get_module


def _correct(module: Any) -> bool:
    """Whether a module was corrected already; the next time it was."""
    done = bool(getattr(module, "_follows_the_test_clock", False))
    module._follows_the_test_clock = True
    return done


def _age(account_id: str, before: float, after: float) -> None:
    # Only now: most sandboxes never move a clock, and S3's rules need a model of their own.
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")
    for service, work in _AGES:
        module = sys.modules.get(SERVICES + service)
        if module is None:
            continue
        try:
            work(module, account_id, after - before)
        except Exception as error:
            # One service's trouble must not keep the others back; the log tells.
            print(f"the test clock: {service}: {type(error).__name__}: {error}", flush=True)
