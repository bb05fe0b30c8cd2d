"""A new lab: a complete tiny one, to be changed into what its author wants to teach."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from cloudlings.errors import LabError
from cloudlings.lab._places import shown
from cloudlings.lab.catalogue import Catalogue
from cloudlings.lab.header import LAB_NAME

# Where each file of the scaffold goes, below the lab's folder.
_FILES = {
    "lab.py.txt": "lab.py",
    "brief.py.txt": "brief.py",
    "wrong.py.txt": "wrong.py",
    "cli.sh.txt": "other/with-the-cli.sh",
}
_GRADER = "grader.py.txt"


def new_lab(name: str, root: Path) -> tuple[Path, ...]:
    """Write the sources of a new lab below a checkout, ready to build; return the files.

    All of them are written or none. Errors: LabError for a name that is none, is taken, or whose graders are
    there; or when the folders cannot be written.
    """
    folder, grader = root / "solutions" / name, root / "graders" / f"test_{name.replace('-', '_')}.py"
    _check_name(name, root)
    for path in (folder, grader):
        if path.exists():
            raise LabError(
                f"{shown(path)} is there already, and stays as it is.",
                next_step=f"Choose another name than {name}.",
            )
    try:
        _write(name, folder, grader)
    except OSError as error:
        raise LabError(
            f"The lab cannot be written: {error.strerror} ({error.filename}).",
            next_step="Make solutions/ and graders/ yours, and try again.",
        ) from None
    return (*(folder / target for target in _FILES.values()), grader)


def _check_name(name: str, root: Path) -> None:
    if not LAB_NAME.fullmatch(name):
        words = "-".join(part for part in "".join(c if c.isalnum() else " " for c in name.lower()).split())
        stem = words.lstrip("0123456789").strip("-") or "my-lab"
        raise LabError(
            f"{name!r} is no lab name: it takes three digits, then words with hyphens.",
            next_step=f"cloudlings lab new {_next_number(root)}-{stem}",
        )
    taken = [each for each in Catalogue(root).names if each[:3] == name[:3]]
    if taken:
        raise LabError(
            f"The number {name[:3]} is taken by {taken[0]}.",
            next_step=f"cloudlings lab new {_next_number(root)}{name[3:]}, or a number between two labs.",
        )


def _next_number(root: Path) -> str:
    """The next ten after the last lab."""
    last = max((int(name[:3]) for name in Catalogue(root).names), default=-10)
    return f"{min(last // 10 * 10 + 10, 999):03d}"


def _write(name: str, folder: Path, grader: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    grader.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
        draft = Path(temporary) / name
        for source, target in _FILES.items():
            path = draft / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(source, name), encoding="utf-8")
        (draft / "other" / "with-the-cli.sh").chmod(0o755)
        grader.write_text(_filled(_GRADER, name), encoding="utf-8")
        try:
            os.rename(draft, folder)  # noqa: PTH104 (fails on a folder that is not empty, as it must)
        except OSError:
            grader.unlink()
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _filled(source: str, name: str) -> str:
    text = (resources.files("cloudlings.lab") / "scaffold" / source).read_text(encoding="utf-8")
    return text.replace("__LAB__", name).replace("__TITLE__", name[4:].replace("-", " ").capitalize())
