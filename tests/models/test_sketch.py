"""The lettered sketch of an architecture."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from cloudlings.errors import ModelError
from cloudlings.models.sketch import PLACES, outline, sketch


@pytest.mark.parametrize(
    ("part", "place"), [(part, place) for part, places in PLACES.items() for place in places]
)
def test_every_part_at_every_place(part: str, place: str) -> None:
    """Each part can be drawn at each of its places, as well-formed SVG that shows its letter."""
    root = ElementTree.fromstring(sketch({"Q": (part, place)}))
    assert "Q" in [element.text for element in root.iter() if element.tag.endswith("text")]


def test_outline() -> None:
    """The picture has a description in words."""
    assert outline({"B": ("iam", "global"), "A": ("s3", "region")}).startswith(
        "A: S3 bucket, drawn at region."
    )


def test_unknown_place() -> None:
    """A place where a part cannot be drawn is an error that lists those where it can."""
    with pytest.raises(ModelError, match="route53"):
        sketch({"A": ("route53", "region")})
