"""The learner's place: what a terminal waits for, and what a browser does on the course page.

Wall time is the best of several, since a busy machine only ever adds; CPU time is of the whole command.
Without Chromium, the browser's figures are left out.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloudlings.grading import page as pages
from cloudlings.grading.checker import Checker
from cloudlings.grading.workspace import Workspace, prepare
from cloudlings.lab import Catalogue, learner
from cloudlings.sandbox import Sandbox

LAB = "040-vpc"
TIMES, RESOURCES = 7, 60
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
PAINT = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0] || 0"


def run() -> dict[str, Any]:
    """Milliseconds by name; ``limit`` is what the course promises."""
    with Sandbox.temporary(keeps=True) as sandbox:
        root = Catalogue.here().root
        checker = Checker.start(root, sandbox.home)
        try:
            space = prepare(sandbox, root, LAB, learner(sandbox.home).seed)
            made = _fill(space)
            found = pages.start(root, sandbox.home)
            return {**_terminal(sandbox.home), "resources": made, **_browser(found, space)}
        finally:
            pages.stop(sandbox.home)
            checker.stop()


def _terminal(home: Path) -> dict[str, Any]:
    limits = {"alone": ((), 400), "help": (("--help",), 200)}
    return {f"cloudlings_{name}": _command(home, words, limit) for name, (words, limit) in limits.items()}


def _command(home: Path, words: tuple[str, ...], limit: int) -> dict[str, float]:
    command = [str(Path(sys.executable).with_name("cloudlings")), *words]
    environment = {**os.environ, "CLOUDLINGS_HOME": str(home), "CLOUDLINGS_ROOT": str(Catalogue.here().root)}
    wall, cpu = [], []
    for _ in range(TIMES):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        wall.append((time.perf_counter() - began) * 1000)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return {"wall_ms": min(wall), "cpu_ms": min(cpu), "limit": limit}


def _client(space: Workspace, service: str) -> Any:
    return space.running().session(space.account_ids["main"], "learner", space.region).client(service)


def _fill(space: Workspace) -> int:
    """A network of its own, with subnets and interfaces up to what the page must bear."""
    ec2 = _client(space, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.77.{n}.0/24", AvailabilityZone=f"{space.region}{'ab'[n % 2]}"
        )["Subnet"]["SubnetId"]
        for n in range(12)
    ]
    for number in range(RESOURCES - len(subnets) - 1):
        ec2.create_network_interface(SubnetId=subnets[number % len(subnets)])
    return RESOURCES


def _browser(found: pages.Page, space: Workspace) -> dict[str, Any]:
    if CHROMIUM is None:
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        shown = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        shown.goto(found.url)
        origin = f"http://127.0.0.1:{found.port}"
        lab = f"{origin}/labs/{LAB}"
        figures = {
            "map_first_paint": _best(lambda: _painted(shown, f"{origin}/"), 300),
            "panel_first_paint": _best(lambda: _painted(shown, lab, width=290), 300),
            "lab_60_resources_first_paint": _best(lambda: _painted(shown, lab), 500),
            "lab_60_resources_complete": _best(lambda: _drawn(shown, lab), 500),
            "picture_60_resources": _best(lambda: _painted(shown, f"{lab}/picture"), 500),
            "update_after_a_change": _best(lambda: _updated(shown, lab, space), 1000),
        }
        browser.close()
    return figures


def _best(measure: Callable[[], float], limit: int) -> dict[str, float]:
    measure()  # the first one loads what later ones have
    taken = [measure() for _ in range(TIMES)]
    return {"best_ms": min(taken), "median_ms": statistics.median(taken), "limit": limit}


def _painted(shown: Any, address: str, *, width: int = 1440) -> float:
    """From the request to the first paint with something on it."""
    shown.set_viewport_size({"width": width, "height": 900})
    shown.goto(address)
    shown.wait_for_function(f"({PAINT}) > 0")
    return float(shown.evaluate(PAINT))


def _drawn(shown: Any, address: str) -> float:
    """From the request until the picture of the network stands on the lab's page."""
    shown.goto(address)
    shown.wait_for_function("document.querySelector('.loaded svg')")
    return float(shown.evaluate("performance.now()"))


def _updated(shown: Any, address: str, space: Workspace) -> float:
    """From the answer to a change until the page shows it."""
    shown.goto(address)
    shown.wait_for_function("document.querySelector('.loaded svg')")
    name = f"n-{time.monotonic_ns()}"
    _client(space, "sqs").create_queue(QueueName=name)
    began = time.perf_counter()
    shown.get_by_text(name).first.wait_for()
    return (time.perf_counter() - began) * 1000
