"""An emulator that cannot start: whoever starts the sandbox learns it soon, and by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import cloudlings

# Seconds; longer where the processors are shared with much else.
LIMIT = 15.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 4)
MISSING = "raise ModuleNotFoundError(\"No module named 'a_package_of_its'\")"
HANGS = "import time; print('still loading', flush=True); time.sleep(300)"
STARTS = {
    "cloudlings start": "from cloudlings.cli import main; main(['start', '--port', '0'])",
    "Sandbox.temporary": "from cloudlings.sandbox import Sandbox\nwith Sandbox.temporary(): pass",
    "open_lab": "from cloudlings.notebook import open_lab; open_lab('000-orientation')",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of cloudlings, which stands before the installed packages."""
    folder = tmp_path_factory.mktemp("package")
    source = Path(cloudlings.__file__).parent
    shutil.copytree(source, folder / "cloudlings", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(package: Path, emulator: str, body: str, code: str, home: Path) -> tuple[str, float]:
    """What is said by a process in which the emulator's package is this, and how long it took."""
    fake = package / emulator
    fake.mkdir(exist_ok=True)
    (fake / "__init__.py").write_text(body)
    env = {**os.environ, "PYTHONPATH": str(package), "CLOUDLINGS_HOME": str(home), "TMPDIR": str(home)}
    home.mkdir()
    began = time.monotonic()
    try:
        command = [sys.executable, "-c", code]
        root = Path(__file__).parents[2]
        done = subprocess.run(
            command, env=env, cwd=root, capture_output=True, text=True, timeout=100, check=False
        )
    finally:
        shutil.rmtree(fake)
    # A notebook's verb shows an error and ends well; the others end with it.
    assert done.returncode != 0 or "open_lab" in code
    return done.stdout + done.stderr, time.monotonic() - began


def left_behind(home: Path) -> list[psutil.Process]:
    running = psutil.process_iter(["cmdline"])
    return [process for process in running if str(home) in " ".join(process.info["cmdline"] or ())]


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize("emulator", ["moto", "ministack"])
def test_a_missing_package_is_told_at_once(package: Path, tmp_path: Path, emulator: str, how: str) -> None:
    """However the sandbox is started, the error names the emulator and the last line of its log, and nothing
    stays behind."""
    home = tmp_path / "home"
    said, took = run(package, emulator, MISSING, STARTS[how], home)
    assert f"The emulator “{emulator}” did not start" in said
    assert "ModuleNotFoundError: No module named 'a_package_of_its'" in said
    assert took < LIMIT
    assert left_behind(home) == []


@pytest.mark.slow
def test_an_emulator_that_hangs_is_told_and_ended(package: Path, tmp_path: Path) -> None:
    """An emulator that neither answers nor ends is given up after a while, and ended."""
    home = tmp_path / "home"
    said, took = run(package, "moto", HANGS, STARTS["Sandbox.temporary"], home)
    assert "The emulator “moto” did not start: it did not answer" in said
    assert "The last line of its log: still loading" in said
    assert took < LIMIT + 5
    assert left_behind(home) == []
