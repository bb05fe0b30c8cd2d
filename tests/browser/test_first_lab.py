"""A newcomer's first minutes in a real browser: JupyterLab opens, the first lab runs, a verdict is read."""

from __future__ import annotations

import json
import re

import pytest

from cloudlings.lab import Catalogue
from tests.browser.lab_page import CHROMIUM, ROOT, answer_cells, jupyterlab, notebook_page, run_to_check

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where JupyterLab serves the course."""
    pytest.importorskip("playwright.sync_api")
    with jupyterlab(tmp_path_factory.mktemp("newcomer")) as served:
        yield served


@pytest.fixture
def page(address):
    """The first lab's notebook, its kernel ready."""
    with notebook_page(address, viewport={"width": 1280, "height": 1000}) as shown:
        yield shown


def test_the_first_lab_is_opened_answered_and_passed(page):
    """Run the cells, answer the first task, and read on the page that it is passed."""
    lab = Catalogue(ROOT).read(Catalogue(ROOT).names[0])
    notebook = json.loads(Catalogue(ROOT).built(lab.name).read_text())
    task = lab.tasks[0]
    solutions = [cell.solution for cell in lab.cells_of(task) if cell.regions]
    answers = dict(zip(answer_cells(notebook, task), solutions, strict=True))
    run_to_check(page, notebook["cells"], answers, task)
    page.get_by_role("region", name=re.compile("is open")).wait_for(timeout=60_000)
    verdict = page.locator("[role=status][aria-label]").first
    verdict.wait_for(timeout=60_000)
    assert verdict.get_attribute("aria-label").startswith("Passed: "), verdict.inner_text()
    assert "points" in verdict.inner_text()


def test_nothing_stands_between_a_newcomer_and_the_lab(page):
    """No dialog, no instructor's menu; the notebook's title is on the screen."""
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_text("Nbgrader", exact=True).count() == 0
    title = Catalogue(ROOT).header(Catalogue(ROOT).names[0]).title
    assert page.get_by_role("heading", name=title).first.is_visible()
