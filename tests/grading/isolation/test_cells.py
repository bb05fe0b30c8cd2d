"""The learner's shell runs a cell as IPython does."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys

import pytest

_CELLS = {
    "a = 1": "1",
    "import asyncio\nawait asyncio.sleep(0)\na = 2": "2",
    "async def f():\n    return 3\na = 0": "0",
    "a = await f()": "3",
    "async def g():\n    yield 4\nasync for a in g():\n    pass": "4",
    "a = 'await'": "'await'",
    "%time a = 5": "5",
    "!true\na = 6": "6",
    "return 7": "6",
    "a = (": "6",
}
_RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from cloudlings.grading.isolation import cells
made = cells.shell()
found = []
for cell in json.loads(sys.argv[1]):
    text = made.transform_cell(cell)
    alike = made.should_run_async(cell, transformed_cell=text) == InteractiveShell.should_run_async(
        made, cell, transformed_cell=text)
    made.run_cell(cell, store_history=False)
    found.append((repr(made.user_ns.get("a")), alike))
sys.stderr.write(json.dumps(found))
"""


_TRANSFORM = """
import json, sys
from cloudlings.grading.isolation import cells
from IPython.core.inputtransformer2 import TransformerManager
def tried(manager, text):
    try:
        return manager.transform_cell(text)
    except Exception:
        return None
ours, plain = cells.shell().input_transformer_manager, TransformerManager()
found = [[tried(each, text) for each in (ours, plain)] for text in json.load(sys.stdin)]
sys.stderr.write(json.dumps(found))
"""
_WORDS = [
    "%", "!", "?", "??", ",", ";", "/", "=", " ", "\n", "\\\n", "a", "b.c", "# x", "(", ")", "'", '"', "%%t",
    "%time ", "x = ", "if a:\n  ", "\t", "\x0c", "print(1)", "==", "!=", ">>> ", "\r\n", "\r", "f'{a!r}'",
    "a\n", "\u2028", "%s",
]  # fmt: skip
_WRITES = """
import os, sys
print("a", 1, "b")
print("held", end=" "); print("told", file=sys.stderr)
print("until", end=""); sys.stdout.flush(); print(" now")
"x"
"""


def test_ipythons_syntax() -> None:
    """Magics, shell commands and help are found wherever IPython finds them, and nowhere else. Only what no
    Python reads either may come out as it was."""
    chosen = random.Random(20)
    texts = ["".join(chosen.choices(_WORDS, k=chosen.randint(1, 9))) for _ in range(20_000)]
    command, handed = [sys.executable, "-c", _TRANSFORM], json.dumps(texts)
    done = subprocess.run(command, input=handed, capture_output=True, text=True, timeout=120)
    found = json.loads(done.stderr.splitlines()[-1])
    changed = 0
    for text, (ours, plain) in zip(texts, found, strict=True):
        changed += plain is not None and "get_ipython" in plain
        if plain is None:
            with pytest.raises(SyntaxError):
                compile(ours or "(", "cell", "exec")
        else:
            assert ours == plain, text
    assert changed > 500


def test_what_is_written() -> None:
    """A line is one message, and what is not yet a line comes before anything else is shown."""
    ours, theirs = socket.socketpair()
    script = f"""
import socket
from cloudlings.grading.isolation import cells
cells.serve(cells.shell(), socket.socket(fileno={theirs.fileno()}))
"""
    with (
        ours,
        subprocess.Popen([sys.executable, "-c", script], pass_fds=[theirs.fileno()]) as running,
    ):
        theirs.close()
        lines = ours.makefile("rb")
        assert json.loads(lines.readline())["msg_type"] == "ready"
        ours.sendall(json.dumps({"code": _WRITES}).encode() + b"\n")
        found = []
        while (message := json.loads(lines.readline()))["msg_type"] != "status":
            content = message["content"]
            found.append((message["msg_type"], content.get("name"), content.get("text")))
        ours.shutdown(socket.SHUT_RDWR)
        lines.close()
        assert running.wait(30) == 0
    assert found == [
        ("stream", "stdout", "a 1 b\n"),
        ("stream", "stdout", "held "),
        ("stream", "stderr", "told\n"),
        ("stream", "stdout", "until"),
        ("stream", "stdout", " now\n"),
        ("execute_result", None, None),
    ]


def test_cells_that_wait_and_others() -> None:
    """What waits at its top level is run as such, anything else is not, and no cell is taken for the other
    kind."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(list(_CELLS))], capture_output=True, text=True, timeout=120
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [[value, True] for value in _CELLS.values()]
