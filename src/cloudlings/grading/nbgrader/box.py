"""A first box around a submission's kernel, where this machine has bubblewrap.

In it the kernel sees no process but its own, writes nowhere but in its own folder, and finds neither the
course nor the sandbox's files nor the instructor's home. The network is the machine's.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cloudlings

_BASE = (
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
    "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--cap-drop", "ALL",
)  # fmt: skip


@functools.cache
def available() -> bool:
    """Whether a box can be made here; some systems and containers forbid it."""
    if shutil.which("bwrap") is None:
        return False
    try:
        done = subprocess.run(["bwrap", *_BASE, "true"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def command(own: Path, *, hidden: Iterable[Path], shown: Iterable[Path]) -> tuple[str, ...]:
    """What to put before a command that runs in a box.

    ``own`` is the folder that it may write to; of the ``hidden`` folders, of temporary files and of the home
    it sees nothing, but for ``shown``, and what Python itself needs.
    """
    away = _existing((Path(tempfile.gettempdir()), Path.home(), *hidden))
    needed = _existing((*shown, Path(sys.prefix), Path(sys.base_prefix), Path(cloudlings.__file__).parent))
    arguments = list(_BASE)
    # Outer folders first: a folder that is put over another hides what was inside.
    for folder, is_hidden in sorted([(each, True) for each in away] + [(each, False) for each in needed]):
        if is_hidden:
            arguments += ["--tmpfs", str(folder)]
        elif any(each in folder.parents for each in away):
            arguments += ["--ro-bind", str(folder), str(folder)]
    return ("bwrap", *arguments, "--bind", str(own), str(own))


def _existing(folders: Iterable[Path]) -> Sequence[Path]:
    found = {folder.resolve() for folder in folders if folder.is_dir()}
    return sorted(folder for folder in found if folder != Path("/"))
