"""Starting what a learner needs: the sandbox, then the checker beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cloudlings.errors import CheckerUnavailable, SandboxError
from cloudlings.grading import page
from cloudlings.grading.checker import Checker
from cloudlings.sandbox import Sandbox

GIVEN = "CLOUDLINGS_GIVEN"
"""Set where others start and stop sandbox and checker: in a cohort's grading, in containers."""


def ensure_running(
    root: Path,
    home: Path,
    *,
    tell: Callable[[str], None],
    port: int = 4566,
    seed: str | None = None,
    upstream: str | None = None,
) -> Checker:
    """The checker of a home, with its sandbox, and the course page where there was one; starts what does not
    run and ``tell``s what it does.

    ``upstream``: see ``Sandbox.start``.
    """
    if os.environ.get(GIVEN):
        return _given(home, seed)
    running = Sandbox.find(home)
    if running is not None and upstream:
        # Refuses when something else is behind it.
        Sandbox.start(home, upstream=upstream)
    if running is None:
        tell("Starting the sandbox …")
        sandbox = Sandbox.start(home, port=port, upstream=upstream)
        tell(f"The sandbox answers at {sandbox.endpoint_url}.")
        for notice in sandbox.notices:
            tell(notice)
    checker = Checker.start(root, home, seed=seed)
    if (home / page.FILE).exists():
        # It was shown before a stop: JupyterLab's panel finds it again.
        page.begin(root, home)
    return checker


def _given(home: Path, seed: str | None) -> Checker:
    checker = Checker.find(home, seed=seed)
    if checker is None:
        raise CheckerUnavailable(
            "The sandbox that this program was given does not answer.",
            next_step="run the notebook again; in containers: docker compose restart",
        )
    return checker


def stop_all(home: Path) -> bool:
    """Stops the checker, the sandbox and the course page of a home; False when none of the first two ran.
    Errors: SandboxError where others started them."""
    if os.environ.get(GIVEN):
        raise SandboxError(
            "The sandbox was started outside of this program, and stops there.",
            next_step="in containers: docker compose stop",
        )
    page.stop(home)
    checker, sandbox = Checker.find(home), Sandbox.find(home)
    if checker is not None:
        checker.stop()
    if sandbox is not None:
        sandbox.stop()
    return checker is not None or sandbox is not None
