"""What goes to a box and comes back, and where no box can be had."""

from __future__ import annotations

import platform
import struct
from pathlib import Path

import pytest

from cloudlings.errors import GradingError, SandboxUnavailable
from cloudlings.grading.isolation import client, seccomp
from cloudlings.grading.isolation.boxed import _parsed
from cloudlings.grading.isolation.job import Cell, Job, failure, files_beside, raised


def test_job_there_and_back() -> None:
    """A job is the same after its way as a line of JSON, files that are no text too."""
    cells = [Cell(0, 1, 'print("ä\\n")', None), Cell(1, 2, "", "keep-note")]
    job = Job("/course", "990-notes", "amara", cells, ["keep-note"], {"data.bin": b"\x00\xff\n"})
    line = job.to_line()
    assert line.count(b"\n") == 1
    assert Job.from_line(line) == job


def test_errors_there_and_back() -> None:
    """An error of ours comes back as its own kind, with what to do next."""
    error = raised(failure(SandboxUnavailable("It failed.", next_step="again")))
    assert (type(error), error.message, error.next_step) == (SandboxUnavailable, "It failed.", "again")


def test_files_beside(tmp_path: Path) -> None:
    """What is handed in beside the notebook goes along; links, notebooks and what is too much do not."""
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_text("secret")
    (work / "data" / "a.csv").write_text("1")
    (work / "large.bin").write_bytes(bytes(2000))
    (work / "990-notes.ipynb").write_text("{}")
    (work / "link.txt").symlink_to(tmp_path / "secret")
    (work / "linked").symlink_to(tmp_path / "folder")
    assert files_beside(work, largest=1000) == {"data/a.csv": b"1"}
    assert files_beside(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("line", [b"", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"msg_type": '])
def test_no_message(line: bytes) -> None:
    """What a box sends that is no message is nothing."""
    assert _parsed(line) == {}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    """Every jump of the filter stays in it, and it ends by letting through what was not refused."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    program = list(struct.iter_unpack("=HBBI", seccomp.program()))
    for place, (code, if_true, if_false, _) in enumerate(program):
        if code & 7 == 5:
            assert place + 1 + max(if_true, if_false) < len(program)
    assert program[-1] == (6, 0, 0, 0x7FFF0000)
    assert len(program) < 4096


def test_unknown_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a processor whose calls are not known there is no box, rather than one with holes."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(GradingError, match="riscv64"):
        seccomp.program()


def test_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no box can be had, the words say why, how to get one, and how to go without."""
    monkeypatch.setattr(client, "why_not", lambda: "Operation not permitted")
    with pytest.raises(
        GradingError, match="none can be made on this machine: Operation not permitted"
    ) as error:
        client.require()
    assert "docs/instructors.md" in error.value.next_step
    assert "--trust-submissions" in error.value.next_step
