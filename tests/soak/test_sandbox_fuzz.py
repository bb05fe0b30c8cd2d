"""The fuzzing of the gateway, for long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = os.environ.get("CLOUDLINGS_SOAK_FUZZ", "1000")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["test_gateway_fuzz.py", "test_history.py"])
def test_many_examples(name: str) -> None:
    """What holds for a few examples holds for a thousand of each kind."""
    command = [sys.executable, "-m", "pytest", "-q", "--timeout", "3000", f"tests/sandbox/{name}"]
    env = {**os.environ, "CLOUDLINGS_FUZZ_EXAMPLES": EXAMPLES}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
