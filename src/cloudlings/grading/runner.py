"""Running an answer as a learner would: cells in a kernel's shell, scripts in bash, templates as stacks.

Every answer gets a process of its own in the learner's environment. Python's costs most of a second to load
boto3 and IPython, so one fork server holds them ready. Nothing here protects against the code that it runs.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlings.grading.clients import Clients
from cloudlings.grading.warm_cli import WarmCli
from cloudlings.grading.workspace import Workspace
from cloudlings.lab import Step, opening_code, stack_parameters

CELL_SECONDS = 120
# What the fork server imports once, so that no answer waits for it.
_PRELOADED = [
    "boto3",
    "IPython.core.interactiveshell",
    "cloudlings.cost",
    "cloudlings.iam",
    "cloudlings.network.picture",
    "cloudlings.network.reader",
    "cloudlings.notebook",
    "httpx",
    # The last: after it, what there is counts as there for good.
    "cloudlings.grading.warm_clients",
]


_NO_PICTURES = "draw = reach = can = cost = lambda *_, **__: None"


@dataclass(frozen=True)
class Trouble:
    """What went wrong while an answer ran: where, the kind of error (its class, or ``exit 2``), its text."""

    where: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.text}"


def run(
    space: Workspace,
    steps: Iterable[Step],
    *,
    home: Path,
    check: Callable[[str], None],
    pictures: bool = True,
) -> tuple[Trouble, ...]:
    """Runs an answer's steps in order, as the learner; what failed is told and the rest still runs.

    Where the notebook checks a task, ``check`` is called with its name. Without ``pictures``, the verbs that
    only show the account do nothing.
    """
    with tempfile.TemporaryDirectory(prefix="cloudlings-answer-") as folder:
        environment = {
            **space.environment(),
            **space.brief.env(),
            "CLOUDLINGS_HOME": str(home),
            "CLOUDLINGS_ROOT": str(space.lab.folder.parents[1]),
        }
        trouble: list[Trouble] = []
        shell = _Shell(environment, Path(folder))
        try:
            trouble.extend(shell.run("the first cell", opening_code(space.lab.name, space.seed)))
            if not pictures:
                trouble.extend(shell.run("the first cell", _NO_PICTURES))
            for step in steps:
                if step.kind == "check":
                    check(str(step.task))
                else:
                    trouble.extend(_run_step(step, space, shell, environment, Path(folder)))
        finally:
            shell.close()
        return tuple(trouble)


def _run_step(
    step: Step, space: Workspace, shell: _Shell, environment: Mapping[str, str], folder: Path
) -> Sequence[Trouble]:
    match step.kind:
        case "python":
            return shell.run(str(step.place), step.text)
        case "shell":
            return _script(str(step.place), step.text, environment, folder)
        case "template":
            return _template(step, space)
        case "check":
            raise AssertionError("a check is no step to run")


def _script(where: str, text: str, environment: Mapping[str, str], folder: Path) -> Sequence[Trouble]:
    path = folder / "answer.sh"
    path.write_text(text)
    # The venv's own tools first, so that the script's `aws` is the one that was tested.
    tools = (_command_line().folder, str(Path(sys.executable).parent), environment.get("PATH", ""))
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", str(path)],
            env={**environment, "PATH": os.pathsep.join(tools)},
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=CELL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [Trouble(where, "timeout", f"still running after {CELL_SECONDS} s")]
    if done.returncode:
        return [Trouble(where, f"exit {done.returncode}", done.stderr.strip()[-2000:])]
    return []


def _template(step: Step, space: Workspace) -> Sequence[Trouble]:
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError

    sandbox = space.running()
    session = sandbox.session(space.account_ids["main"], "learner", space.region)
    stacks = Clients(session, sandbox.endpoint_url).client("cloudformation", region_name=space.region)
    name = f"answer-{step.task or 'alone'}"
    parameters = stack_parameters(step.text, space.brief, step.place)
    try:
        stacks.create_stack(
            StackName=name,
            TemplateBody=step.text,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        stacks.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": CELL_SECONDS}
        )
    except (BotoCoreError, ClientError, WaiterError) as error:
        return [Trouble(str(step.place), type(error).__name__, str(error))]
    return []


class _Shell:
    """An IPython shell in a process of its own, one cell at a time; started at the first cell."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = dict(environment), folder
        self._process: Any = None
        self._pipe: Any = None

    def run(self, where: str, cell: str) -> Sequence[Trouble]:
        if self._process is None:
            self._start()
        try:
            self._pipe.send((where, cell))
            if self._pipe.poll(CELL_SECONDS):
                return [Trouble(*row) for row in self._pipe.recv()]
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.close()
            return [Trouble(where, "ended", "the cell ended its process")]
        self.close()
        return [Trouble(where, "timeout", f"still running after {CELL_SECONDS} s")]

    def close(self) -> None:
        if self._process is not None:
            self._pipe.close()
            self._process.join(timeout=0.2)
            if self._process.is_alive():
                self._process.kill()
            self._process = None

    def _start(self) -> None:
        self._pipe, theirs = _context().Pipe()
        arguments = (theirs, self._environment, str(self._folder))
        self._process = _context().Process(target=_serve_cells, args=arguments, daemon=True)
        self._process.start()
        theirs.close()


@functools.cache
def _command_line() -> WarmCli:
    """This process's own, from its first script on."""
    made = WarmCli()
    atexit.register(made.close)
    return made


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _serve_cells(pipe: Any, environment: dict[str, str], folder: str) -> None:
    """The other side of `_Shell`: runs cells until the pipe ends."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    from IPython.core.interactiveshell import InteractiveShell

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        shell = InteractiveShell.instance()
        while True:
            try:
                where, cell = pipe.recv()
            except EOFError:
                os._exit(0)
            pipe.send(_cell_trouble(shell, where, cell))


def _cell_trouble(shell: Any, where: str, cell: str) -> list[tuple[str, str, str]]:
    result = shell.run_cell(cell, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return []
    line = traceback.extract_tb(error.__traceback__)[-1].line or ""
    return [(where, type(error).__name__, f"{error} ({line})" if line else str(error))]
