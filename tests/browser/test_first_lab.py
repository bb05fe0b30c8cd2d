"""A newcomer's first minutes in a real browser: the map, the first lab, a verdict, the panel, a way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cloudlings.lab import Catalogue
from tests.browser.lab_page import (
    CHROMIUM,
    ROOT,
    answer_cells,
    chromium_page,
    jupyterlab,
    run_to_check,
    wait_for_kernel,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.xdist_group("newcomer"),
]
LAB = Catalogue(ROOT).read(Catalogue(ROOT).names[0])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where JupyterLab serves the course to a newcomer, with its token."""
    with jupyterlab(tmp_path_factory.mktemp("newcomer")) as served:
        yield served


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """JupyterLab as `make start` opens it for the first time: the map, and the notebook that it leads to."""
    pytest.importorskip("playwright.sync_api")
    with chromium_page(address, viewport={"width": 1440, "height": 1000}) as shown:
        course = shown.frame_locator("iframe[title='The course']")
        course.get_by_role("link", name=f"Begin: {LAB.title}").click(timeout=60_000)
        wait_for_kernel(shown)
        yield shown


def test_the_first_task_is_passed_and_taken_back(page: Any) -> None:
    """A verdict is read under the cell; the panel beside knows it, and takes the last change back."""
    notebook = json.loads(Catalogue(ROOT).built(LAB.name).read_text())
    task = LAB.tasks[0]
    solutions = [cell.solution for cell in LAB.cells_of(task) if cell.regions]
    answers = dict(zip(answer_cells(notebook, task), solutions, strict=True))
    run_to_check(page, notebook["cells"], answers, task)
    page.get_by_role("region", name=re.compile("is open")).wait_for(timeout=60_000)
    verdict = page.locator("[role=status][aria-label]").first
    verdict.wait_for(timeout=60_000)
    assert verdict.get_attribute("aria-label").startswith("Passed: "), verdict.inner_text()
    assert "points" in verdict.inner_text()
    panel = page.frame_locator("iframe[title='Course']")
    panel.locator(f"#task-{task}").locator(".chip", has_text="Passed").wait_for(timeout=60_000)
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.keyboard.insert_text('boto3.client("sqs").create_queue(QueueName="tickets")')
    page.keyboard.press("Shift+Enter")
    panel.get_by_text("sqs CreateQueue").wait_for(timeout=60_000)
    panel.get_by_role("button", name="Undo the last change").click()
    panel.get_by_text("Taken back: sqs:CreateQueue").wait_for(timeout=60_000)


def test_nothing_stands_between_a_newcomer_and_the_lab(page: Any) -> None:
    """No dialog, no instructor's menu; the notebook's title is on the screen."""
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_text("Nbgrader", exact=True).count() == 0
    assert page.get_by_role("heading", name=LAB.title).first.is_visible()


def test_jupyterlab_lets_nobody_else_in(address: str) -> None:
    """Without its token no page and no form; another host's name or origin gets nothing with it either."""
    own = re.sub(r"/lab.*", "", address)
    form = f"{own}/course/labs/{LAB.name}/do/reset"
    upgrade = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "origin": "http://evil.example",
    }  # fmt: skip
    with httpx.Client(trust_env=False) as stranger, httpx.Client(trust_env=False) as owner:
        assert "/login" in stranger.get(f"{own}/course/").headers["location"]
        assert stranger.post(form, data={"sure": "yes"}).status_code == 403
        assert owner.get(address.replace("/lab", "/course/", 1)).status_code == 200
        assert owner.get(f"{own}/course/").status_code == 200, "from now on by its cookie"
        assert owner.post(form, data={"sure": "yes"}).status_code == 403, "not without the form's key"
        assert owner.get(f"{own}/course/", headers={"host": "evil.example"}).status_code == 403
        for path in ("/api/events/subscribe", "/course/events"):
            assert owner.get(own + path, headers=upgrade).status_code == 403
