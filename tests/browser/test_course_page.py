"""The course page in a real browser: it follows the account, tells a check, takes back, works by keyboard."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading import page as pages
from cloudlings.grading.workspace import Workspace
from tests.browser.lab_page import CHROMIUM, FLAGS
from tests.web.place import COURSE, LAB, learners_place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
UNNAMED = """[...document.querySelectorAll("button, a, input:not([type=hidden]), select")].filter((one) =>
  !(one.textContent.trim() || one.getAttribute("aria-label") || (one.labels && one.labels.length))).length"""
# axe-core's one file (npm pack axe-core), where whoever runs this has it.
AXE = os.environ.get("CLOUDLINGS_AXE", "")


@pytest.fixture(scope="module")
def space() -> Iterator[Workspace]:
    """The small lab, its checker, and the course page in a process of its own."""
    pytest.importorskip("playwright.sync_api")
    with learners_place() as made:
        pages.start(COURSE, made.running().home)
        yield made
        pages.stop(made.running().home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        yield running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def page(space: Workspace, browser: Any) -> Iterator[Any]:
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


def test_a_lab_is_worked_beside_the_page(space: Workspace, page: Any) -> None:
    """From the map to a verdict; what changes in the account appears by itself; the last change is undone."""
    page.get_by_role("link", name=re.compile("^(Begin|Continue):")).click()
    task = page.locator("#task-keep-note")
    task.get_by_role("button", name="Check: Keep a note").click()
    task.get_by_text("There is no bucket").wait_for()
    s3 = client(space, "s3")
    s3.create_bucket(Bucket=space.brief["bucket"])
    page.get_by_text("s3 CreateBucket").wait_for()
    s3.put_object(Bucket=space.brief["bucket"], Key="note.txt", Body=b"else")
    task.get_by_role("button", name="Check: Keep a note").click()
    task.get_by_text("A reader of the note learns something else.").wait_for()
    s3.put_object(Bucket=space.brief["bucket"], Key="note.txt", Body=str(space.brief["word"]))
    task.get_by_role("button", name="Check: Keep a note").click()
    task.get_by_text("Passed: Keep a note").wait_for()
    ec2 = client(space, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")
    page.locator("svg text", has_text="10.9.1.0/24").first.wait_for()
    page.get_by_text("ec2 CreateSubnet").wait_for()
    page.get_by_role("button", name="Undo the last change").click()
    page.get_by_text("Taken back: ec2:CreateSubnet").wait_for()
    origin = page.evaluate("location.origin")
    assert {url for url in page.requests if not url.startswith((origin, "data:"))} == set()


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
        *(f"/labs/{LAB}{tail}" for tail in ("", "/picture", "/journal", "/decisions", "/cost")),
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
