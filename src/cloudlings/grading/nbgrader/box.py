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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cloudlings

_BASE = (
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
    "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--cap-drop", "ALL",
)  # fmt: skip


def available() -> bool:
    """Whether a box can be made here; some systems and containers forbid it."""
    return not why_not()


@functools.cache
def why_not() -> str:
    """Why no box can be made on this machine, in words; "" where one can. A real box is tried, once."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    try:
        with tempfile.TemporaryDirectory(prefix="cloudlings-box-") as own:
            (Path(own) / "tmp").mkdir()
            trial = command(Path(own), hidden=(), shown=())
            done = subprocess.run([*trial, sys.executable, "-c", ""], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run here ({type(error).__name__})"
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return f"bubblewrap is not permitted here ({said[-1] if said else f'exit code {done.returncode}'})"
    return ""


def command(own: Path, *, hidden: Iterable[Path], shown: Iterable[Path]) -> tuple[str, ...]:
    """What to put before a command that runs in a box.

    ``own`` is the folder that it may write to, and its ``tmp`` is the machine's there. Of the ``hidden``
    folders and of the home it sees nothing, but for ``shown``, and what Python itself needs.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    away = _existing((Path.home(), *hidden))
    needed = _existing((*shown, Path(sys.prefix), Path(sys.base_prefix), Path(cloudlings.__file__).parent))
    arguments, last = list(_BASE), list[str]()
    wanted = {temporary: False, **dict.fromkeys(away, False), **dict.fromkeys(needed, True)}
    for folder, is_shown in _changes(wanted):
        if is_shown:
            arguments += ["--ro-bind", str(folder), str(folder)]
        elif folder == temporary:
            arguments += ["--bind", str(own / "tmp"), str(folder)]
        else:
            arguments += ["--tmpfs", str(folder)]
            # Only at the end, when the folders that are shown in it have been made.
            last += ["--remount-ro", str(folder)]
    return ("bwrap", *arguments, "--bind", str(own), str(own), *last)


def _changes(wanted: Mapping[Path, bool]) -> Iterator[tuple[Path, bool]]:
    """The folders that must be shown or hidden because what they are in is not, outer ones first."""
    placed = {Path("/"): True}
    for folder, is_shown in sorted(wanted.items()):
        around = max(
            (each for each in placed if folder.is_relative_to(each)), key=lambda each: len(each.parts)
        )
        if placed[around] != is_shown:
            placed[folder] = is_shown
            yield folder, is_shown


def _existing(folders: Iterable[Path]) -> Sequence[Path]:
    found = {folder.resolve() for folder in folders if folder.is_dir()}
    return sorted(folder for folder in found if folder != Path("/"))
