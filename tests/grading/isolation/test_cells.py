"""The learner's shell runs a cell as IPython does."""

from __future__ import annotations

import json
import subprocess
import sys

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


def test_cells_that_wait_and_others() -> None:
    """What waits at its top level is run as such, anything else is not, and no cell is taken for the other
    kind."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(list(_CELLS))], capture_output=True, text=True, timeout=120
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [[value, True] for value in _CELLS.values()]
