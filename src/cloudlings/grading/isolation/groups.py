"""Control groups, where this process may make them: what all processes of one box may use together.

Both versions of Linux's are used as they are found mounted. Where none can be made, the limits of each
process remain (`box.limit`).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cloudlings.grading.isolation.box import Bounds

_MOUNT = Path("/sys/fs/cgroup")
_GONE_SECONDS = 2.0


def make(name: str, bounds: Bounds) -> list[str]:
    """Groups for one box, with its bounds set; their folders. None where this process may make none."""
    made = []
    for controllers, parent in _parents():
        folder = parent / name
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            for file, value in _settings(controllers, bounds):
                (folder / file).write_text(value)
            made.append(str(folder))
    return made


def join(folders: Sequence[str]) -> None:
    """Move this process, alone in its thread, into groups. Errors: OSError."""
    for folder in folders:
        # In the first version a thread can move itself alone: for a whole process the kernel holds up all
        # forks of the machine, for some milliseconds.
        alone = Path(folder, "tasks")
        (alone if alone.exists() else Path(folder, "cgroup.procs")).write_text("0")


def remove(name: str) -> None:
    """Take a box's groups away, once their processes have gone."""
    deadline = time.monotonic() + _GONE_SECONDS
    for _, parent in _parents():
        while (folder := parent / name).is_dir() and time.monotonic() < deadline:
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.01)


def remove_all(beginning: str) -> None:
    """Take away all groups whose names begin so."""
    for _, parent in _parents():
        for folder in parent.glob(f"{beginning}*"):
            remove(folder.name)


def _settings(controllers: str, bounds: Bounds) -> Iterator[tuple[str, str]]:
    if "memory" in controllers.split():
        yield ("memory.max" if "v2" in controllers else "memory.limit_in_bytes"), str(bounds.together)
    if "pids" in controllers.split():
        yield "pids.max", str(bounds.processes)


def _parents() -> Iterator[tuple[str, Path]]:
    """Where groups can be made: what they control, and the folder of this process's own group."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, names, path = line.split(":", 2)
            if number == "0":
                found = _second_version(path)
                if found:
                    yield found
            for name in {"memory", "pids"} & set(names.split(",")):
                folder = _inside(_MOUNT / name, path)
                if os.access(folder, os.W_OK):
                    yield name, folder


def _second_version(path: str) -> tuple[str, Path] | None:
    folder = _inside(_MOUNT, path)
    handed_on = folder / "cgroup.subtree_control"
    if not handed_on.is_file() or not os.access(folder, os.W_OK):
        return None
    found = {"memory", "pids"} & set(handed_on.read_text().split())
    return (" ".join(("v2", *sorted(found))), folder) if found else None


def _inside(mount: Path, path: str) -> Path:
    """The folder of a group; in a container the mount may be the group itself."""
    named = mount / path.lstrip("/")
    return named if named.is_dir() else mount
