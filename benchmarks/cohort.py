"""A cohort graded: submissions a minute by `cloudlings course grade`, by `nbgrader autograde` with our
bridge (warm in its box; and with a cold kernel and sandbox for each submission), and the way a course is
graded today: stock `nbgrader autograde` with a moto server in each kernel (`_stock` tells what is equal).
The same submissions each time, and the same scores.

Who shares a machine with others loses some of it to them, for seconds or minutes. So ours is timed before,
between and after the others, and the stock way in four parts (nbgrader starts in each: three hundredths of
its time), and ``times_stock`` is the best of ours by the best of its parts, as others only ever take;
``times_stock_on_average`` is of all that was timed. ``cores`` is how much two processes did that only
compute, where one does 1, looked at after each of ours.

CLOUDLINGS_BENCH_COHORT sets how many submissions there are (40). Of more than 100, only `course grade` is
measured: how its memory and its rate change on the way.
"""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import _stock
from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.nbgrader.course import Student, add_students, gradebook, make_course
from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[1]
LAB = "030-s3-policies"
COUNT = int(os.environ.get("CLOUDLINGS_BENCH_COHORT", "40"))
STUDENTS = [f"s{number:03}" for number in range(COUNT)]
TOOLS = Path(sys.executable).parent
_COMPARED = 100
_PARTS = 4
# Half a second of nothing but computing.
_WORK = "found = {}\nfor number in range(3_000_000): found[number & 1023] = str(number)"
# Adding up the memory of all processes holds them up for a quarter of a second, which nobody does to a peer.
_LOOK_SECONDS = 10
# Without a box, a kernel and a sandbox are started anew for each submission; the first ten tell how long.
_COLD_COUNT = 10
_COLD = (
    "--GradeOnAccount.trust_submissions=True",
    f"--CourseDirectory.student_id_exclude={','.join(STUDENTS[_COLD_COUNT:])}",
)


def run() -> dict[str, Any]:
    """Submissions a minute of each way and their ratios; what a submission costs, and what the run."""
    with tempfile.TemporaryDirectory(prefix="cloudlings-bench-") as folder:
        ours, stock = Path(folder) / "ours", Path(folder) / "stock"
        _compile()
        _make_ours(ours)
        figures = _course_grade(ours)
        scores = _scores(ours)
        if COUNT > _COMPARED:
            return {"submissions": COUNT, **figures}
        cores = [_cores()]
        _make_stock(stock)
        parts = [_stock_part(stock, number) for number in (0, 1)]
        runs = [figures, _course_grade(ours)]
        cores.append(_cores())
        parts += [_stock_part(stock, number) for number in (2, 3)]
        assert _scores(stock) == scores, "the stock way must give the same scores"
        bridge = _timed(["nbgrader", "autograde", LAB, "--force"], ours)
        assert _scores(ours) == scores, "both ways must give the same scores"
        cold = _timed(["nbgrader", "autograde", LAB, "--force", *_COLD], ours, min(COUNT, _COLD_COUNT))
        assert _scores(ours) == scores, "a cold kernel must give the same scores"
        runs.append(_course_grade(ours))
        cores.append(_cores())
        assert _scores(ours) == scores, "the last time must give the same scores"
    rates = [float(run["a_minute"]) for run in runs]
    best, today = max(rates), max(parts)
    return {
        "submissions": COUNT,
        **runs[rates.index(best)],
        "a_minute_at_worst": min(rates),
        "cores": statistics.mean(cores),
        "stock_nbgrader_a_minute": today,
        "our_bridge_a_minute": bridge,
        "our_bridge_cold_kernel_a_minute": cold,
        "times_stock": best / today,
        "times_stock_on_average": statistics.harmonic_mean(rates) / statistics.harmonic_mean(parts),
        "times_bridge": best / bridge,
        "times_bridge_cold_kernel": best / cold,
    }


def _compile() -> None:
    """What uv installs is not compiled before it is imported: pip does it while it installs, and the first of
    the ways would do it for the others."""
    for place in (sysconfig.get_path("purelib"), ROOT / "src"):
        compileall.compile_dir(place, quiet=2, workers=0)


def _course_grade(folder: Path) -> dict[str, Any]:
    """The command with two workers, looked at while it runs.

    ``first_quarter`` and ``last_quarter`` are rates; ``largest_pss_mb`` is of all its processes together,
    each page counted once; ``own_share`` is how much of the time its own process computes, which writes the
    gradebook. ``isolation_ms`` is until a box stands in namespaces of its own, its checker's start included.
    """
    command = ["cloudlings", "course", "grade", LAB, "--workers", "2"]
    began = time.time()
    with subprocess.Popen(command, cwd=folder, env=_environment(), stderr=subprocess.DEVNULL) as running:
        largest, share = _followed(running)
        took = time.time() - began
    assert running.returncode == 0, "every submission is graded"
    outcomes = list(Outcomes(folder, LAB))
    graded = [found for found in (outcome.verdicts for outcome in outcomes) if found]
    checks = [verdict.seconds for each in graded for verdict in each.verdicts.values()]
    done = sorted(path.stat().st_mtime for path in (folder / "cohort" / LAB).glob("*.json"))
    quarter = max(1, len(done) // 4)
    return {
        "a_minute": COUNT / took * 60,
        "first_quarter_a_minute": quarter / (done[quarter] - done[0]) * 60,
        "last_quarter_a_minute": quarter / (done[-1] - done[-1 - quarter]) * 60,
        "seconds_to_the_first": done[0] - began,
        "largest_pss_mb": largest / 2**20,
        "own_share": share,
        "check_median_ms": statistics.median(checks) * 1000,
        "isolation_ms": statistics.median(e.spent["apart"] + e.spent["box"] for e in graded) * 1000,
    }


def _followed(running: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Until it ends: the most memory that it and its descendants had, and what share of the time until the
    last look it computed itself."""
    process, began = psutil.Process(running.pid), time.time()
    largest, share = 0, 0.0
    while True:
        # It is noticed at once when it ends, and not at the next look.
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(_LOOK_SECONDS)
            return largest, share
        with contextlib.suppress(psutil.Error):
            share = sum(process.cpu_times()[:2]) / (time.time() - began)
            largest = max(largest, sum(map(_pss, [process, *process.children(recursive=True)])))


def _pss(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0  # it has ended


def _make_ours(folder: Path) -> None:
    make_course(folder, Catalogue(ROOT), labs=[LAB])
    _call(["nbgrader", "generate_assignment", LAB], folder)
    for student in STUDENTS:
        target = folder / "submitted" / student / LAB
        target.mkdir(parents=True)
        shutil.copy(folder / "source" / LAB / f"{LAB}.ipynb", target)
    add_students(folder, [Student(student) for student in STUDENTS])


def _make_stock(folder: Path) -> None:
    _stock.make_course(folder, ROOT, LAB)
    _call(["nbgrader", "generate_assignment", LAB], folder)
    for student in STUDENTS:
        _stock.hand_in(folder, ROOT, LAB, student)


def _stock_part(folder: Path, number: int) -> float:
    """One of its four parts."""
    these = STUDENTS[number::_PARTS]
    but = f"--CourseDirectory.student_id_exclude={','.join(set(STUDENTS) - set(these))}"
    return _timed(["nbgrader", "autograde", LAB, "--create", but], folder, len(these))


def _cores() -> float:
    """How much two processes do at a time of what one does alone: 2 where both have a core of their own."""
    alone = _computed(1)
    return 2 * alone / _computed(2)


def _computed(processes: int) -> float:
    """Seconds for so many at a time, the best of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        started = [subprocess.Popen([sys.executable, "-S", "-c", _WORK]) for _ in range(processes)]
        for each in started:
            each.wait()
        times.append(time.perf_counter() - began)
    return min(times)


def _timed(command: list[str], folder: Path, count: int = COUNT) -> float:
    began = time.perf_counter()
    _call(command, folder)
    return count / (time.perf_counter() - began) * 60


def _environment() -> dict[str, str]:
    path = os.pathsep.join((str(TOOLS), os.environ["PATH"]))
    # What is imported is compiled, and stays so.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PATH": path, "CLOUDLINGS_ROOT": str(ROOT)}


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _scores(folder: Path) -> dict[str, float]:
    with gradebook(folder) as book:
        return {each.student.id: float(each.score) for each in book.assignment_submissions(LAB)}
