"""The learner's records: they survive, stay honest, and a damaged file loses nobody's work."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloudlings.errors import RecordsError
from cloudlings.grading.records import PassingRecords, Records, Standing
from cloudlings.grading.verdict import Status, Verdict


def verdict(status, points=0, task="tls"):
    return Verdict("030-x", task, "Only TLS", status, points, 3, "found")


def test_records_survive_a_restart(tmp_path):
    """What was passed before is passed after the file is opened anew."""
    Records(tmp_path / "progress.db").add(verdict(Status.PASSED, 3), "7")
    standing = Records(tmp_path / "progress.db").standing("030-x", "tls", "7")
    assert (standing.status, standing.points, standing.attempts) == (Status.PASSED, 3, 1)


def test_records_that_are_written_nowhere():
    """They tell what written ones tell, whichever thread asks, and others begin empty."""
    records = PassingRecords()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: records.add(verdict(Status.PASSED, 3), "7"), range(20)))
    records.see_hint("030-x", "tls", "7", 1)
    assert records.standings("7")["030-x", "tls"] == Standing("tls", Status.PASSED, 3, 20, 1)
    assert records.last("030-x", "tls", "7").points == 3
    assert PassingRecords().standings("7") == {}


def test_a_task_passed_once_stays_passed(tmp_path):
    """A later failure, or a reset of the lab, takes no points back."""
    records = Records(tmp_path / "progress.db")
    for status, points in ((Status.FAILED, 0), (Status.PASSED, 3), (Status.FAILED, 0)):
        records.add(verdict(status, points), "7")
    assert records.standing("030-x", "tls", "7").status is Status.PASSED
    assert records.standing("030-x", "tls", "7").attempts == 3


def test_a_sandbox_that_was_down_costs_no_attempt(tmp_path):
    """Unavailable and not attempted are not counted as tries."""
    records = Records(tmp_path / "progress.db")
    records.add(verdict(Status.UNAVAILABLE), "7")
    records.add(verdict(Status.NOT_ATTEMPTED), "7")
    assert records.standing("030-x", "tls", "7").attempts == 0


def test_two_seeds_are_two_learners(tmp_path):
    """One's points are not the other's."""
    records = Records(tmp_path / "progress.db")
    records.add(verdict(Status.PASSED, 3), "7")
    assert records.standing("030-x", "tls", "8").points == 0


def test_a_hint_is_counted_once(tmp_path):
    """Looking at the same rung again is no second hint."""
    records = Records(tmp_path / "progress.db")
    for rung in (1, 1, 2):
        records.see_hint("030-x", "tls", "7", rung)
    assert records.hints_seen("030-x", "tls", "7") == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not a database" * 100, id="text"),
        pytest.param(b"SQLite format 3\x00" + bytes(range(256)) * 16, id="a database's head alone"),
    ],
)
def test_a_damaged_file_is_kept_aside_and_told(tmp_path, content):
    """The file is renamed, not deleted; a new one works; the person is told both."""
    path = tmp_path / "progress.db"
    path.write_bytes(content)
    records = Records(path)
    kept = [file for file in tmp_path.iterdir() if "damaged" in file.name]
    assert [file.read_bytes() for file in kept] == [content]
    assert kept[0].name in records.notice
    records.add(verdict(Status.PASSED, 3), "7")
    assert records.standing("030-x", "tls", "7").points == 3


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path):
    """Data that this version does not know is not overwritten."""
    path = tmp_path / "progress.db"
    with sqlite3.connect(path) as database:
        database.execute("pragma user_version = 99")
    with pytest.raises(RecordsError, match="99"):
        Records(path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """The message names the place and the way out."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordsError, match="CLOUDLINGS_HOME"):
        Records(tmp_path / "file" / "progress.db")
