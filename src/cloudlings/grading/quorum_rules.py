"""Answers about Aurora's six copies, against the votes as `cloudlings.models.quorum` counts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.grading.answer_parts import part_of, same
from cloudlings.grading.task import Because
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one


def tells_the_losses(said: Mapping[str, Any], named: Sequence[str]) -> None:
    """Fails the check unless an answer says of each loss (``a b1``) what is left: write, read or none."""
    losses = part_of(said, "losses")
    truth = {text: left_with(AURORA, text.split()) for text in named}
    wrong = [text for text in named if str(losses.get(text)).lower() != truth[text]]
    assert not wrong, Because(
        found=f"{len(truth) - len(wrong)} of {len(truth)} losses are told as the votes count. One of the "
        f"others loses {wrong[0]}.",
        consequence="Somebody promises that two zones may fail.",
        concept='Four votes to write, three to read: "write", "read" or "none" is left.',
    )


def tells_the_counts(said: Mapping[str, Any]) -> None:
    """Fails the check unless an answer says how many of the 64 sets of copies leave what."""
    numbers = counts(AURORA)
    off = [name for name, number in numbers.items() if said.get(name) != number]
    assert not off, Because(
        found=f"Of 64 sets, {said.get(off[0])} are said to leave {off[0]}.",
        consequence="A design is judged by the losses that somebody happened to think of.",
        concept="Every copy is lost or not: 2 to the 6th sets, each settled by how many copies are left.",
    )


_MISJUDGED = {
    "sound": "Either a read answers from copies that never saw the last write, or a design is thrown away "
    "that would have held.",
    "zone": "On the day on which a zone fails, the design does something else than was promised.",
    "zone_and_one": "On the day on which a zone and one more copy fail, the design does something else than "
    "was promised.",
}


def judges_the_design(said: Mapping[str, Any], numbers: Mapping[str, int]) -> None:
    """Fails the check unless an answer says of a design by its numbers what it is and what it survives."""
    design = Quorum(**numbers)
    about = part_of(said, "design")
    right = {
        "sound": design.sound,
        "zone": survives_zone(design),
        "zone_and_one": survives_zone_and_one(design),
    }
    off = [name for name, value in right.items() if not same(about.get(name), value)]
    assert not off, Because(
        found=f"Of the colleague's design ({dict(numbers)}), {off[0]} is told as {about.get(off[0])!r}.",
        consequence=_MISJUDGED[off[0]],
        concept="Sound: read + write > copies, and two writes > copies. Then count what a zone, and a copy "
        "more, leave.",
    )
