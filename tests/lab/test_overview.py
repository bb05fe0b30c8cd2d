"""The course at a glance: the page and the map say what the labs' heads say."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from cloudlings.errors import StaleLab
from cloudlings.lab import Catalogue, check_overview, write_overview
from cloudlings.lab.overview import course_map, page


def _headers(sample: Catalogue):
    return [sample.header(name) for name in sample.names]


def test_the_page_leads_to_each_lab(sample: Catalogue) -> None:
    """Each lab is linked, with its minutes, what it needs, and what is learned."""
    headers = _headers(sample)
    text = page(headers)
    for one in headers:
        assert f"[{one.name}]({one.name}/{one.name}.ipynb) | {one.title} | {one.minutes}" in text
        assert all(f"- {objective}" in text for objective in one.objectives)


def test_a_lab_is_drawn_right_of_what_it_needs(sample: Catalogue) -> None:
    """A box stands in a column after those that it needs, and an arrow leads to it."""
    first, second = _headers(sample)[:2]
    drawn = ElementTree.fromstring(course_map([first, replace(second, needs=(first.name,))]))
    space = "{http://www.w3.org/2000/svg}"
    lefts = [float(box.attrib["x"]) for box in drawn.iter(f"{space}rect")]
    assert lefts[0] < lefts[1]
    assert len([one for one in drawn.iter(f"{space}path") if one.get("class") == "way"]) == 1


def test_a_title_is_text_and_not_markup(sample: Catalogue) -> None:
    """A title with markup in it is shown as it is written."""
    odd = replace(_headers(sample)[0], title="Queues <b>&</b> you")
    words = "".join(ElementTree.fromstring(course_map([odd])).itertext())
    assert "Queues <b>&</b> you" in words


def test_a_stale_page_is_told_with_its_command(sample: Catalogue) -> None:
    """A lab that was added or changed makes the page stale; building mends it."""
    labs, headers = sample.root / "labs", _headers(sample)
    labs.mkdir(exist_ok=True)
    with pytest.raises(StaleLab):
        check_overview(headers, labs)
    write_overview(headers, labs)
    check_overview(headers, labs)
    with pytest.raises(StaleLab) as caught:
        check_overview([replace(headers[0], minutes=7), *headers[1:]], labs)
    assert caught.value.next_step == "cloudlings lab build"
