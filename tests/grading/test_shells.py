"""Shells that cells run in: what they say went wrong, and what a fork of one has and shares."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloudlings.grading import shells
from cloudlings.grading.shells import Shell, Trouble


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with closing(Shell({**os.environ, "GREETING": "hello"}, tmp_path)) as made:
        yield made


def said(shell: Shell, expression: str) -> str:
    """What an expression is in a shell."""
    (trouble,) = shell.run("here", f"raise ValueError({expression})")
    return trouble.text.partition(" (raise")[0]


def test_a_cell_has_the_environment_and_the_variables_of_earlier_ones(shell: Shell, tmp_path: Path) -> None:
    """One namespace for all cells, in the folder that was given."""
    assert shell.run("first", "import os\nword = os.environ['GREETING']") == []
    assert said(shell, "word") == "hello"
    assert said(shell, "os.getcwd()") == str(tmp_path)


def test_an_error_is_told_with_its_line(shell: Shell) -> None:
    """Where, its class, its text and the line; the next cell still runs."""
    assert shell.run("cell 3", "x = 1\nx / 0") == [
        Trouble("cell 3", "ZeroDivisionError", "division by zero (x / 0)")
    ]
    assert said(shell, "x") == "1"


def test_a_cell_that_ends_its_process_is_told_and_the_next_starts_anew(shell: Shell) -> None:
    """What was in the shell is gone then."""
    shell.run("first", "x = 1")
    assert [t.kind for t in shell.run("second", "import os\nos._exit(3)")] == ["ended"]
    assert [t.kind for t in shell.run("third", "x")] == ["NameError"]


def test_forks_stand_where_the_shell_does_and_go_their_own_ways(shell: Shell) -> None:
    """Variables are there in each; what one changes, no other sees, nor the shell that was forked."""
    shell.run("first", "x = [1]")
    one, other = shell.fork(), shell.fork()
    one.run("second", "x.append(2)")
    again = one.fork()
    again.run("third", "x.append(3)")
    assert [said(each, "x") for each in (shell, other, one, again)] == ["[1]", "[1]", "[1, 2]", "[1, 2, 3]"]
    for each in (again, one, other):
        each.close()
    assert said(shell, "x") == "[1]"


def test_a_fork_outlives_the_shell_that_it_is_of(shell: Shell) -> None:
    """Whichever is closed first."""
    shell.run("first", "x = 1")
    with closing(shell.fork()) as forked:
        shell.close()
        assert said(forked, "x") == "1"


def test_a_fork_that_hangs_is_ended(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and its process goes, though it does not look at its pipe."""
    shell.run("first", "import os, time")
    forked = shell.fork()
    pid = int(said(forked, "os.getpid()"))
    monkeypatch.setattr(shells, "CELL_SECONDS", 0.2)
    assert [t.kind for t in forked.run("second", "time.sleep(600)")] == ["timeout"]
    monkeypatch.undo()
    # It is the shell's child, which looks after its forks when it is forked again.
    shell.fork().close()
    wait = "next((True for _ in range(500) if not os.path.exists(f'/proc/{pid}/stat') or "
    wait += "open(f'/proc/{pid}/stat').read().split()[2] == 'Z' or time.sleep(0.01)), False)"
    shell.run("third", f"pid = {pid}")
    assert said(shell, wait) == "True"


class _Numbered(http.server.BaseHTTPRequestHandler):
    """Says with which connection a request came."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def test_a_fork_uses_connections_of_its_own(shell: Shell) -> None:
    """A kept connection of the shell's is not the fork's: answers would reach the other."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Numbered)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        shell.run(
            "first",
            f"import urllib3\npool = urllib3.PoolManager()\nurl = 'http://127.0.0.1:{server.server_port}'",
        )
        ask = "pool.request('GET', url).data.decode()"
        mine = said(shell, ask)
        assert said(shell, ask) == mine
        with closing(shell.fork()) as forked:
            theirs = said(forked, ask)
            assert theirs != mine
            assert (said(forked, ask), said(shell, ask)) == (theirs, mine)
    finally:
        server.shutdown()
        server.server_close()
