"""What a learner did, kept in SQLite: attempts with their verdicts, and hints seen."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import RecordsError
from cloudlings.grading.verdict import Status, Verdict

_SCHEMA = """
create table if not exists attempts (
    id integer primary key, at text not null, lab text not null, task text not null, seed text not null,
    status text not null, points integer not null, verdict text not null
);
create index if not exists attempts_by_task on attempts (lab, task, seed);
create table if not exists hints (
    lab text not null, task text not null, seed text not null, rung integer not null, at text not null,
    primary key (lab, task, seed, rung)
);
"""
_VERSION = 1


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one task: its best verdict, how often tried, hints seen."""

    task: str
    status: Status
    points: int
    attempts: int
    hints: int


class Records:
    """The records of one learner. ``notice`` is a sentence for the person when something was put aside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._prepare()
        except (OSError, sqlite3.OperationalError) as error:
            raise RecordsError(
                f"Your progress cannot be written to {path}: {error}.",
                next_step="give yourself the right to write there, or set CLOUDLINGS_HOME to another folder",
            ) from error
        except sqlite3.DatabaseError:
            self._put_aside()
            self._prepare()

    def add(self, verdict: Verdict, seed: str) -> None:
        """Keeps one verdict, with its evidence."""
        row = (_now(), verdict.lab, verdict.task, seed, verdict.status.value, verdict.points)
        with self._open() as database:
            database.execute(
                "insert into attempts (at, lab, task, seed, status, points, verdict)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (*row, json.dumps(verdict.to_json())),
            )

    def see_hint(self, lab: str, task: str, seed: str, rung: int) -> None:
        """Keeps that a hint was seen, once."""
        with self._open() as database:
            database.execute(
                "insert or ignore into hints (lab, task, seed, rung, at) values (?, ?, ?, ?, ?)",
                (lab, task, seed, rung, _now()),
            )

    def hints_seen(self, lab: str, task: str, seed: str) -> int:
        """How many hints of a task were seen."""
        with self._open() as database:
            query = "select count(*) from hints where lab = ? and task = ? and seed = ?"
            count: int = database.execute(query, (lab, task, seed)).fetchone()[0]
            return count

    def standing(self, lab: str, task: str, seed: str) -> Standing:
        """A task passed once stays passed; otherwise the last verdict counts."""
        with self._open() as database:
            query = "select status, points from attempts where lab = ? and task = ? and seed = ? order by id"
            rows = database.execute(query, (lab, task, seed)).fetchall()
        tried = [row for row in rows if row[0] not in (Status.NOT_ATTEMPTED, Status.UNAVAILABLE)]
        best = next((row for row in rows if row[0] == Status.PASSED), rows[-1] if rows else None)
        status, points = best or (Status.NOT_ATTEMPTED, 0)
        return Standing(task, Status(status), points, len(tried), self.hints_seen(lab, task, seed))

    def standings(self, seed: str) -> dict[tuple[str, str], Standing]:
        """Every task that was tried or had a hint read, by lab and task, as ``standing`` tells one."""
        with self._open() as database:
            tasks = database.execute(
                "select distinct lab, task from attempts where seed = ?"
                " union select lab, task from hints where seed = ?",
                (seed, seed),
            ).fetchall()
        return {(lab, task): self.standing(lab, task, seed) for lab, task in tasks}

    def touched(self, seed: str) -> dict[str, str]:
        """When a task of each lab was last checked (ISO time); labs that were never checked are left out."""
        with self._open() as database:
            rows = database.execute("select lab, max(at) from attempts where seed = ? group by lab", (seed,))
            return dict(rows.fetchall())

    def last(self, lab: str, task: str, seed: str) -> Verdict | None:
        """The newest verdict of a task, with its evidence."""
        with self._open() as database:
            query = "select verdict from attempts where lab = ? and task = ? and seed = ? order by id desc"
            row = database.execute(query, (lab, task, seed)).fetchone()
        return Verdict.from_json(json.loads(row[0])) if row else None

    def best(self, lab: str, task: str, seed: str) -> Verdict | None:
        """The verdict that a task's standing rests on, with its evidence: the first passed, else the last."""
        with self._open() as database:
            query = (
                "select verdict from attempts where lab = ? and task = ? and seed = ?"
                " order by status = 'passed' desc, case when status = 'passed' then id else -id end limit 1"
            )
            row = database.execute(query, (lab, task, seed)).fetchone()
        return Verdict.from_json(json.loads(row[0])) if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path, timeout=10)
        try:
            with database:
                yield database
        finally:
            database.close()

    def _prepare(self) -> None:
        with self._open() as database:
            version = database.execute("pragma user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise RecordsError(
                    f"Your progress in {self.path} was written by another version of cloudlings ({version}).",
                    next_step="update cloudlings, or set CLOUDLINGS_HOME to another folder",
                )
            database.execute("pragma journal_mode = wal")
            database.executescript(_SCHEMA)
            database.execute(f"pragma user_version = {_VERSION}")

    def _put_aside(self) -> None:
        kept = self.path.with_name(f"{self.path.name}.damaged-{dt.datetime.now():%Y%m%d-%H%M%S}")
        self.path.rename(kept)
        for tail in ("-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        self.notice = (
            f"Your progress file could not be read. It was kept as {kept.name}, and a new one was begun: "
            "check your tasks again to fill it; the work in your account is untouched."
        )


class PassingRecords(Records):
    """Records of one process, for as long as it runs: nothing is written anywhere. Thread-safe."""

    def __init__(self) -> None:
        self.path, self.notice = Path(":memory:"), ""
        self._turn = threading.RLock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._prepare()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._database:
            yield self._database


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
