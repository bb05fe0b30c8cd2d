"""A temporary sandbox ends with its owner, at whatever moment the owner ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENDS_WITHIN = 45


@pytest.mark.parametrize("seconds", [0, 0.4])
def test_owner_gone_while_it_starts(tmp_path: Path, seconds: float) -> None:
    """An owner that is killed before the sandbox answers leaves neither sandbox nor home behind."""
    lifeline, owner = os.pipe()
    ready_out, ready = os.pipe()
    os.set_inheritable(owner, False)
    command = [
        *(sys.executable, "-P", "-m", "cloudlings.sandbox.daemon", "--home", str(tmp_path), "--port", "0"),
        *("--temporary", "--lifeline", str(lifeline), "--ready", str(ready)),
    ]
    process = subprocess.Popen(command, pass_fds=(lifeline, ready), stdout=subprocess.DEVNULL)
    os.close(lifeline)
    os.close(ready)
    time.sleep(seconds)
    os.close(owner)
    try:
        assert process.wait(ENDS_WITHIN) == 0
    finally:
        process.kill()
        os.close(ready_out)
    assert not tmp_path.exists()
