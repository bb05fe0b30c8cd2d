"""Whether a box can be had on this machine, found by entering one: ``python -m
cloudlings.grading.isolation.probe``.

Prints nothing where it can, and else what was refused.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from cloudlings.errors import CloudlingsError
from cloudlings.grading.isolation import box, linux


def main() -> None:
    """Enter a box as a submission does, with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="cloudlings-box-") as folder:
        place = Path(folder)
        for name in ("learner", "checker", "box"):
            (place / name).mkdir()
        child = os.fork()
        if child == 0:
            _try(place)
        os.waitpid(child, 0)


def _try(place: Path) -> None:
    try:
        uid, gid = os.geteuid(), os.getegid()
        if uid != 0:
            linux.unshare(linux.NEWUSER)
            linux.map_only(uid, gid, of_uid=uid, of_gid=gid)
        linux.unshare(linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS)
        child = os.fork()
        if child == 0:
            linux.loopback_up()
            box.enter(
                place / "box", box.Contents(place / "learner", place / "checker", ["000-probe"]), box.Bounds()
            )
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    except (OSError, CloudlingsError) as error:
        print(error.strerror if isinstance(error, OSError) else error.message, flush=True)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
    sys.exit(0)
