"""``nbgrader collect``: what students put into the exchange, as plain files. A link could lead anywhere."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect


class PlainCollect(ExchangeCollect):  # type: ignore[misc]
    """nbgrader's own, which follows links with the instructor's rights, and stops at a folder that is too
    large.
    """

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copies one submission. What is no plain file is named and left out."""
        with tempfile.TemporaryDirectory(prefix="cloudlings-collect-") as folder:
            place = Path(folder) / "plain"
            try:
                if self.get_size(src) <= 1000 * self.coursedir.max_dir_size:
                    for left_out in copy_plain(Path(src), place):
                        self.log.warning("%s: %s is no plain file, and was left out.", src, left_out)
                    super().do_copy(str(place), dest, log)
                else:
                    self.log.error("%s is larger than c.CourseDirectory.max_dir_size: not collected.", src)
            except OSError as error:
                self.log.error("%s was not collected: %s", src, error)
                shutil.rmtree(dest, ignore_errors=True)


def copy_plain(source: Path, target: Path) -> Iterator[str]:
    """Copies a folder that somebody else may be changing; yields the names of what was not copied."""
    target.mkdir(parents=True)
    for folder, folders, files, handle in os.fwalk(source, follow_symlinks=False):
        inside = Path(folder).relative_to(source)
        for name in folders:
            if not stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                (target / inside / name).mkdir()
            else:
                yield str(inside / name)
        for name in files:
            if not _copied(name, handle, target / inside / name):
                yield str(inside / name)


def _copied(name: str, folder: int, target: Path) -> bool:
    try:
        # Neither a link nor a pipe that nobody writes to.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return False
        with target.open("wb") as copy:
            shutil.copyfileobj(opened, copy)
    return True
