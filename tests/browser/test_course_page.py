"""The course page in a real browser: it follows the account, tells a check, and takes back."""

from __future__ import annotations

import re
from typing import Any

from cloudlings.grading.checker import Checker
from cloudlings.grading.workspace import Workspace
from tests.browser.course_page import MARKS, a_browser, a_page, a_space, client  # noqa: F401 fixtures
from tests.web.place import LAB

pytestmark = MARKS


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


def test_a_session_that_has_ended_says_so(space: Workspace, page: Any) -> None:
    """An open page whose cookie is gone is told how to come in again at the next change."""
    page.goto(f"{page.evaluate('location.origin')}/labs/{LAB}")
    page.locator("#journal").wait_for()
    page.context.clear_cookies()
    # A check needs no waiting for the sandbox: the page looks at the records itself.
    Checker(space.running().home).check(LAB, "keep-note")
    page.get_by_text("This page's session has ended: open it again with cloudlings page").wait_for()
