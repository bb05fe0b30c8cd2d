"""What a shell completes: the names of labs, and of a lab's tasks. Nothing is started or graded for it."""

from __future__ import annotations

from collections.abc import Iterator


def labs(incomplete: str) -> list[str]:
    """The labs whose name begins so."""
    from cloudlings.lab.catalogue import Catalogue

    return [name for name in Catalogue.here().names if name.startswith(incomplete)]


def lab_tasks(incomplete: str) -> list[str]:
    """LAB or LAB/TASK: tasks once the lab is there."""
    lab, slash, task = incomplete.partition("/")
    if not slash:
        return labs(incomplete)
    return [f"{lab}/{name}" for name in _tasks(lab) if name.startswith(task)]


def _tasks(lab: str) -> Iterator[str]:
    from cloudlings.grading.standing import tasks_built
    from cloudlings.lab.catalogue import Catalogue

    return (name for name, _ in tasks_built(Catalogue.here(), Catalogue.here().name(lab)))
