"""An experiment in the journal: overwrites, each read at once, and a delete that a read sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def about(rows: Iterable[Mapping[str, Any]], brief: Brief) -> list[dict[str, Any]]:
    """The journal's rows about the experiment's key; to delete it as the first of several is a delete."""
    bucket = f"arn:aws:s3:::{brief.bucket}"
    several = ("DeleteObjects", bucket, brief.loop_key)
    found = []
    for row in rows:
        if row["resource"] == f"{bucket}/{brief.loop_key}":
            found.append(dict(row))
        elif (row["operation"], row["resource"], row["parameters"].get("Key")) == several:
            found.append({**row, "operation": "DeleteObject"})
    return found


def looped(brief: Brief, rows: list[dict[str, Any]]) -> None:
    """The journal holds the experiment: overwrites, a read after each, a delete and a read after it."""
    done = [row for row in rows if _was_done(row)]
    pairs = [
        (first, second)
        for first, second in pairwise(done)
        if (first["operation"], second["operation"]) == ("PutObject", "GetObject")
    ]
    assert len(pairs) >= 200, Because(
        found=f"The journal holds {len(pairs)} overwrites of {brief.loop_key} with a read right after.",
        consequence="What happens once in two hundred times, a short look does not show.",
        concept="A rare thing is refuted by many tries, or by a guarantee.",
    )
    _did_not_wait(brief, done)
    gone = [row for row in done if row["operation"] == "DeleteObject"]
    after = {(first["operation"], second["operation"], second["status"]) for first, second in pairwise(done)}
    assert ("DeleteObject", "GetObject", 404) in after, Because(
        found=f"The journal holds {len(gone)} deletes of {brief.loop_key}, and after none of them a read, "
        "right after it, that found nothing.",
        consequence="Half of the question is open: does a read see a delete?",
        concept="Deletes are writes too.",
    )


def _was_done(row: dict[str, Any]) -> bool:
    """Whether a row is a step of the experiment: what was refused is none, and a read may find nothing."""
    usual = row["operation"] in ("PutObject", "GetObject", "DeleteObject") and row["status"] < 300
    return usual or (row["operation"], row["status"]) == ("GetObject", 404)


def _did_not_wait(brief: Brief, done: list[dict[str, Any]]) -> None:
    """A pause before each read shows in the journal: even the fastest read comes long after its write."""
    gaps: dict[tuple[str, str], float] = {}
    for first, second in pairwise(done):
        step = (first["operation"], second["operation"])
        gaps[step] = min(gaps.get(step, 1e9), second["time"] - first["time"])
    waited = gaps.get(("PutObject", "GetObject"), 0.0)
    usual = gaps.get(("GetObject", "PutObject"), 0.0)
    assert waited < 3 * usual + 0.006, Because(
        found=f"Each read of {brief.loop_key} came {waited * 1000:.0f} ms after its write or later; from a "
        f"read to the next write it took {usual * 1000:.0f} ms.",
        consequence="A pause tests nothing: both claims allow that a read sees the new bytes after a while.",
        concept="An experiment must be able to show the other result.",
    )
