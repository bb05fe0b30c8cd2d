"""What shall become of Kestrel's frames with age, and what to say of rules that do something else."""

from __future__ import annotations

from collections.abc import Iterable

from cloudlings.grading.task import Because
from cloudlings.lab import Brief
from cloudlings.models.lifecycle import StoredObject, Version
from cloudlings.models.plan import Difference, Plan


def plans(brief: Brief) -> Iterable[Plan]:
    """What shall become of the four kinds of thing in the bucket, frames large and small among them."""
    raw, index = {"stage": brief.raw_tag}, {"stage": "index"}
    frame = f"{brief.raw_prefix}2026-05-11/strip-02/frame-0140.tif"
    cold = ((0, "STANDARD"), (brief.ia_days + 1, "STANDARD_IA"), (brief.glacier_days + 1, "GLACIER"))
    for size in (60_000_000, 200_000):
        yield Plan("the frame", StoredObject(frame, size, raw), cold)
        yield Plan("the index file", StoredObject("index/2026-05-11.csv", size, index), ((0, "STANDARD"),))
    for size in (60_000_000, 2_000):
        replaced = StoredObject(frame, size, raw, version=Version.NONCURRENT)
        yield Plan("the old version of", replaced, ((0, "hidden"), (brief.noncurrent_days + 1, "deleted")))
    begun = StoredObject(frame, 0, version=Version.UPLOAD)
    yield Plan("the unfinished upload of", begun, ((0, "STANDARD"), (brief.abort_days + 1, "deleted")))


WHY = {
    "the frame": "Transitions and Expiration are about the newest version, and count from when it was "
    "written.",
    "the index file": "A rule takes every object that its filter lets in.",
    "the old version of": "Old versions have actions of their own, which count from when they were replaced.",
    "the unfinished upload of": "An unfinished upload is no object: it has a key, and neither tags nor "
    "versions.",
}


def off_plan(differs: Difference, bucket: str) -> Because:
    """The first day on which the rules do something else than the plan, in words."""
    what, key = differs.plan.what, differs.plan.stored.key
    last = differs.fate.changes[-1] if differs.fate.changes else None
    return Because(
        found=f"The rules of {bucket} were played day by day. On day {differs.day}, {what} {key} is "
        f"{_in_words(differs.state)}; the plan says {_in_words(differs.planned)}.",
        consequence=_off_plan_consequence(differs),
        counterexample=f"Rule {last.rule} acted last: {last.what} on day {last.day}."
        if last
        else "No enabled rule touched it.",
        concept=WHY[what],
    )


def _in_words(state: str) -> str:
    words = {"hidden": "hidden (not the newest version)", "deleted": "deleted"}
    return words.get(state, f"in {state}")


def _off_plan_consequence(differs: Difference) -> str:
    key = differs.plan.stored.key
    if differs.state == "deleted":
        return f"{key} is gone and cannot be brought back."
    if differs.state == "hidden" and differs.plan.what == "the frame":
        return f"A customer who asks for {key} gets 404: a delete marker hides it."
    if differs.planned == "deleted":
        return f"Kestrel goes on paying for {differs.plan.what} {key}, month after month."
    if differs.plan.what == "the index file":
        return "The index is read every day, and each reading now costs."
    return "The bill is not what was planned, or a frame is not at hand while the analysts still need it."
