"""Where databases are kept: with the state, or in memory for a sandbox that keeps nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudlings.sandbox.databases import machine

OWN = machine.Programs(Path("/somewhere/bin"), "15.1", user=None)
OTHERS = machine.Programs(Path("/somewhere/bin"), "15.1", user="postgres")


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A stand-in for the machine's memory file system, with room."""
    monkeypatch.setattr(machine, "_MEMORY", tmp_path)
    monkeypatch.setattr(machine, "_ROOM", 1)
    return tmp_path


@pytest.mark.parametrize("programs", [None, OWN, OTHERS])
def test_a_temporary_sandbox_has_its_databases_in_memory(memory, programs):
    """Each home has a folder of its own there, in one that is the user's."""
    one, other = (machine.folder_of(programs, None, Path(home)) for home in ("/h/one", "/h/other"))
    assert one.parent == other.parent
    assert one.parent.parent == memory
    assert one != other
    assert machine.is_shared(one.parent)


@pytest.mark.parametrize("missing", ["room", "folder"])
def test_without_memory_a_temporary_sandbox_has_them_in_its_home(memory, monkeypatch, missing):
    """Too little room, and no memory file system at all, are the same."""
    if missing == "room":
        monkeypatch.setattr(machine, "_ROOM", 2**62)
    else:
        monkeypatch.setattr(machine, "_MEMORY", memory / "none")
    assert machine.folder_of(OWN, None, Path("/h")) == Path("/h/sandbox/databases")


def test_what_is_kept_is_kept_on_the_disk(memory, tmp_path):
    """A learner's databases are beside the rest of the state, or where another user's server reaches them."""
    assert machine.folder_of(OWN, tmp_path / "state", Path("/h")) == tmp_path / "state" / "databases"
    elsewhere = machine.folder_of(OTHERS, tmp_path / "state", Path("/h"))
    assert machine.is_shared(elsewhere.parent)
    assert not elsewhere.is_relative_to(memory)


def test_databases_go_when_their_home_is_gone(tmp_path):
    """Those of a home that is there stay."""
    for name, home in (("gone", tmp_path / "nowhere"), ("there", tmp_path)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "home").write_text(str(home))
    machine.clear_up(tmp_path)
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "there").exists()
