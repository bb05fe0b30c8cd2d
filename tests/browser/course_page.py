"""The course page in Chromium, on the small course: fixtures for tests that import them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloudlings.grading import page as pages
from cloudlings.grading.workspace import Workspace
from tests.browser.lab_page import CHROMIUM, FLAGS
from tests.web.place import COURSE, learners_place

MARKS = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module", name="space")
def a_space() -> Iterator[Workspace]:
    """The small lab, its checker, and the course page in a process of its own."""
    pytest.importorskip("playwright.sync_api")
    with learners_place() as made:
        pages.start(COURSE, made.running().home)
        yield made
        pages.stop(made.running().home)


@pytest.fixture(scope="module", name="browser")
def a_browser() -> Iterator[Any]:
    """Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        yield running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture(name="page")
def a_page(space: Workspace, browser: Any) -> Iterator[Any]:
    """The course page, opened with its token; every request that it makes is noted."""
    found = pages.find(space.running().home)
    assert found is not None
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    shown = context.new_page()
    shown.requests = []
    shown.on("request", lambda request: shown.requests.append(request.url))
    shown.goto(found.url)
    yield shown
    context.close()


def client(space: Workspace, service: str) -> Any:
    return space.running().session(space.account_ids["main"], "learner", "us-east-1").client(service)
