"""The course page by keyboard alone, on a small and a wide screen, light and dark, and looked at by axe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading import page as pages
from cloudlings.grading.checker import Checker
from cloudlings.grading.isolation import client as box
from cloudlings.grading.workspace import Workspace
from tests.browser.cohort import graded_course
from tests.browser.course_page import MARKS, a_browser, a_page, a_space, client  # noqa: F401 fixtures
from tests.web.place import LAB

pytestmark = MARKS
UNNAMED = """[...document.querySelectorAll("button, a, input:not([type=hidden]), select")].filter((one) =>
  !(one.textContent.trim() || one.getAttribute("aria-label") || (one.labels && one.labels.length))).length"""
PAGES = (
    "/",
    *(
        f"/labs/{LAB}{tail}"
        for tail in ("", "/picture", "/picture?from=internet&to=app", "/wiring", "/access", "/journal?all=1")
    ),
    *(f"/labs/{LAB}{tail}" for tail in ("/decisions", "/cost", "/receipt")),
    "/labs/nowhere",
)


def axe() -> str:
    """axe-core's one file: that of axe-playwright-python, or the one that CLOUDLINGS_AXE names."""
    if named := os.environ.get("CLOUDLINGS_AXE"):
        return Path(named).read_text()
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text()


def look(page: Any, what: str, width: int) -> None:
    """The page is no wider than the screen, has one title and named controls; axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width, what
    assert page.locator("h1").count() == 1, what
    assert page.evaluate(UNNAMED) == 0, what
    page.evaluate(axe())
    passes, found = page.evaluate(
        "axe.run().then((all) => [all.passes.length, all.violations.map((one) => "
        "[one.id, one.impact, one.nodes[0].html])])"
    )
    assert passes > 5, what
    assert [one for one in found if one[1] in ("serious", "critical")] == [], what


@pytest.fixture(scope="module")
def filled(space: Workspace) -> Workspace:
    """The lab with something on every page: a network, wires, a failed check."""
    ec2, sqs, sns, s3 = (client(space, name) for name in ("ec2", "sqs", "sns", "s3"))
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    door = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.create_tags(Resources=[door], Tags=[{"Key": "Name", "Value": "app"}])
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    s3.create_bucket(Bucket=space.brief["bucket"])
    s3.put_object(Bucket=space.brief["bucket"], Key="note.txt", Body=b"else")
    Checker(space.running().home).check(LAB)
    return space


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [290, 380, 1440])
def test_every_page_fits_and_reads(filled: Workspace, page: Any, width: int, scheme: str) -> None:
    """In the panel, on a telephone and on a wide screen; the page of a browser without the token as well."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    origin = page.evaluate("location.origin")
    for path in PAGES:
        page.goto(origin + path)
        look(page, path, width)
    page.context.clear_cookies()
    page.goto(origin)
    look(page, "without the token", width)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that was graded by the command."""
    pytest.importorskip("distributed")
    if box.why_not():
        pytest.skip(f"needs a box: {box.why_not()}")
    return graded_course(tmp_path_factory.mktemp("instructor") / "clouds-2026")


@pytest.mark.timeout(600)
def test_an_instructor_reads_how_a_lab_went(space: Workspace, page: Any, course: Path) -> None:
    """The lab is chosen; tasks with their commonest failure, points, whom to look at, what was not graded."""
    pages.tell_course(space.running().home, course)
    origin = page.evaluate("location.origin")
    for width in (380, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{origin}/cohort")
        look(page, "/cohort", width)
        page.get_by_label("Lab").select_option(LAB)
        page.get_by_role("button", name="Show").click()
        tasks = page.get_by_role("region", name="Table of tasks")
        assert (
            "/notes/setting is set to nope" in tasks.get_by_role("row", name="Mend the setting").inner_text()
        )
        students = page.get_by_role("region", name="Table of students")
        students.get_by_role("row", name="right 6").first.wait_for()
        assert "stuck" in students.get_by_role("row", name="untouched").inner_text()
        page.get_by_text("corrupt: ").wait_for()
        look(page, "the report", width)
