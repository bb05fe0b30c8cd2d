"""A newcomer's first minutes in a real browser: JupyterLab opens, the first lab runs, a verdict is read."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without the last five, Chromium asks its maker's hosts for this and that at every start.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """``cloudlings open`` on a fresh home and a fresh work/, as after cloning; gives its address."""
    root, home = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("home")
    for name in ("solutions", "graders", "labs"):
        (root / name).symlink_to(ROOT / name)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment = {**kept, "CLOUDLINGS_ROOT": str(root), "CLOUDLINGS_HOME": str(home)}
    cloudlings = [sys.executable, "-c", "from cloudlings.cli import main; main()"]
    log = home / "jupyter.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*cloudlings, "open", "--no-browser", "--port", "0"],
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield _address(log, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
        subprocess.run([*cloudlings, "stop"], env=environment, check=True, stdout=subprocess.DEVNULL)


def _address(log, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\S+token=\w+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture
def page(jupyter):
    """The first lab's notebook in Chromium, its kernel ready."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(jupyter)
        # The kernel's indicator says idle before it listens; the status bar says it when it does.
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        yield page
        browser.close()


def run_to_check(page, cells, answers, task):
    """Works down the notebook by keyboard, typing the answers in, until the task is checked."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Escape")
    for cell in cells:
        if cell["id"] in answers:
            page.keyboard.press("Enter")
            page.keyboard.press("Control+A")
            page.keyboard.insert_text(answers[cell["id"]])
            page.keyboard.press("Escape")
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Escape")
        if cell["id"] == f"{task}_check":
            return
    raise AssertionError(f"{task} has no check cell")


def test_the_first_lab_is_opened_answered_and_passed(page):
    """Run the cells, answer the first task, and read on the page that it is passed."""
    lab = Catalogue(ROOT).read(Catalogue(ROOT).names[0])
    notebook = json.loads(Catalogue(ROOT).built(lab.name).read_text())
    task = lab.tasks[0]
    solutions = [cell.solution for cell in lab.cells_of(task) if cell.regions]
    ids = [
        cell["id"]
        for cell in notebook["cells"]
        if cell["metadata"].get("cloudlings", {}).get("task") == task
        and cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    run_to_check(page, notebook["cells"], dict(zip(ids, solutions, strict=True)), task)
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
