"""The course page by keyboard alone, on a small and a wide screen, and looked at by axe where it is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.workspace import Workspace
from tests.browser.course_page import MARKS, a_browser, a_page, a_space  # noqa: F401 fixtures
from tests.web.place import LAB

pytestmark = MARKS
UNNAMED = """[...document.querySelectorAll("button, a, input:not([type=hidden]), select")].filter((one) =>
  !(one.textContent.trim() || one.getAttribute("aria-label") || (one.labels && one.labels.length))).length"""
TABS = ("", "/picture", "/wiring", "/access", "/journal", "/decisions", "/cost")
# axe-core's one file (npm pack axe-core), where whoever runs this has it.
AXE = os.environ.get("CLOUDLINGS_AXE", "")


def test_a_check_by_keyboard_alone(space: Workspace, page: Any) -> None:
    """Tab reaches the skip link first, then every control; Enter checks, and the focus can be seen."""
    page.goto(f"{page.evaluate('location.origin')}/labs/{LAB}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Check: Count the notes":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.locator("#task-count-notes").get_by_text("Nothing was handed in yet.").wait_for()


@pytest.mark.parametrize("width", [380, 1440])
def test_every_page_fits_and_reads(space: Workspace, page: Any, width: int) -> None:
    """No page is wider than the screen; each has one title and named controls; axe finds nothing serious."""
    page.set_viewport_size({"width": width, "height": 900})
    origin = page.evaluate("location.origin")
    for path in (
        "/",
        *(f"/labs/{LAB}{tail}" for tail in TABS),
    ):
        page.goto(origin + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1
        assert page.evaluate(UNNAMED) == 0, path
        if AXE:
            page.evaluate(Path(AXE).read_text())
            found = page.evaluate("axe.run().then((all) => [all.passes.length, all.violations.map((one) => "
                                  "[one.id, one.impact, one.nodes[0].html])])")  # fmt: skip
            assert found[0] > 5
            assert [one for one in found[1] if one[1] in ("serious", "critical")] == [], path
