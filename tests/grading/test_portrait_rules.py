"""What graders of small pictures plant, and the event that they send."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote_plus

from cloudlings.grading.portrait_rules import Place, event, pictures

PLACE = Place("b", "in/", "small/", 96)


def test_the_same_place_gets_the_same_pictures() -> None:
    """A verdict can be recomputed: what is planted follows from the learner's values alone."""
    assert pictures(PLACE) == pictures(PLACE)
    assert pictures(PLACE) != pictures(replace(PLACE, bucket="c"))


def test_one_is_wide_and_one_is_small_already() -> None:
    """One picture must shrink, the other must not grow."""
    wide, small = pictures(PLACE).values()
    assert wide.width > wide.height > PLACE.side
    assert max(small.width, small.height) < PLACE.side


def test_keys_in_events_are_as_in_a_url() -> None:
    """A key with spaces, a plus, a percent sign and an accent is another text in the event."""
    keys = list(pictures(PLACE))
    told = [row["s3"]["object"]["key"] for row in event(PLACE, *keys)["Records"]]
    assert [unquote_plus(key) for key in told] == keys
    assert told[0] != keys[0]


def test_a_folder_repeats_the_prefix() -> None:
    """Who changes the prefix wherever it stands in a key writes another key than the one asked for."""
    _, small = pictures(PLACE)
    everywhere = small.replace(PLACE.uploads, PLACE.thumbs)
    assert everywhere != PLACE.thumbs + small.removeprefix(PLACE.uploads)
