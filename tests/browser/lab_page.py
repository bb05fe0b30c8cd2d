"""JupyterLab as a newcomer meets it: opened on a fresh home, in Chromium, worked by keyboard."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without the last five, Chromium asks its maker's hosts for this and that at every start.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def jupyterlab(folder: Path, *lab: str) -> Iterator[str]:
    """``cloudlings open`` on a fresh home and work/, as after cloning; gives its address."""
    root, home = folder / "checkout", folder / "home"
    root.mkdir()
    home.mkdir()
    for name in ("solutions", "graders", "labs"):
        (root / name).symlink_to(ROOT / name)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment = {**kept, "CLOUDLINGS_ROOT": str(root), "CLOUDLINGS_HOME": str(home)}
    cloudlings = [sys.executable, "-c", "from cloudlings.cli import main; main()"]
    log = home / "jupyter.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*cloudlings, "open", *lab, "--no-browser", "--port", "0"],
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


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\S+token=\w+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@contextmanager
def notebook_page(address: str, **options: Any) -> Iterator[Any]:
    """The open notebook in Chromium, its kernel ready. ``options`` are the page's."""
    with chromium_page(address, **options) as page:
        wait_for_kernel(page)
        yield page


@contextmanager
def chromium_page(address: str, **options: Any) -> Iterator[Any]:
    """JupyterLab in Chromium, as it opens."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(**options)
        page.goto(address)
        yield page
        browser.close()


def wait_for_kernel(page: Any) -> None:
    """The kernel's indicator says idle before it listens; the status bar says it when it does."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def answer_cells(notebook: Mapping[str, Any], task: str) -> list[str]:
    """The ids of the cells that a learner answers a task in."""
    return [
        cell["id"]
        for cell in notebook["cells"]
        if cell["metadata"].get("cloudlings", {}).get("task") == task
        and cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def run_to_check(
    page: Any, cells: Sequence[Mapping[str, Any]], answers: Mapping[str, str], task: str
) -> None:
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
