"""Running an answer as a learner would: cells in a kernel's shell, scripts in bash, templates as stacks.

Every answer gets a shell of its own (``shells``) in the learner's environment. Nothing here protects against
the code that it runs.
"""

from __future__ import annotations

import atexit
import contextlib
import copy
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cloudlings.grading.clients import Clients
from cloudlings.grading.shells import CELL_SECONDS, Shell, Trouble
from cloudlings.grading.warm_cli import WarmCli
from cloudlings.grading.workspace import Workspace
from cloudlings.lab import Step, opening_code, stack_parameters

_NO_PICTURES = "draw = reach = can = cost = lambda *_, **__: None"


class Running:
    """An answer under way in a lab's accounts: its shell, its folder, and what went wrong so far.

    ``pictures`` false: the verbs that only show the account do nothing.
    """

    def __init__(self, space: Workspace, *, home: Path, pictures: bool = True) -> None:
        self._space = space
        self._environment = {
            **space.environment(),
            **space.brief.env(),
            "CLOUDLINGS_HOME": str(home),
            "CLOUDLINGS_ROOT": str(space.lab.folder.parents[1]),
        }
        self._folder, self._owns_folder = tempfile.TemporaryDirectory(prefix="cloudlings-answer-"), True
        self._shell = Shell(self._environment, self.folder)
        self.trouble: list[Trouble] = []
        self._cell("the first cell", opening_code(space.lab.name, space.seed))
        if not pictures:
            self._cell("the first cell", _NO_PICTURES)

    @property
    def folder(self) -> Path:
        """Where its cells and scripts run."""
        return Path(self._folder.name)

    def go(self, steps: Iterable[Step], check: Callable[[str], None]) -> None:
        """Run steps in order, as the learner; what failed is noted and the rest still runs.

        Where the notebook checks a task, ``check`` is called with its name.
        """
        for step in steps:
            if step.kind == "check":
                check(str(step.task))
            else:
                self.trouble.extend(_run_step(step, self._space, self._shell, self._environment, self.folder))

    def branch(self) -> Running:
        """Another that goes on from here, with the same variables, in the same folder. This one stays."""
        other = copy.copy(self)
        other._shell, other.trouble = self._shell.fork(), list(self.trouble)
        other._owns_folder = False
        return other

    def close(self) -> None:
        """End its shell, and remove its folder with the first of its branches."""
        self._shell.close()
        if self._owns_folder:
            self._folder.cleanup()

    def _cell(self, where: str, cell: str) -> None:
        self.trouble.extend(self._shell.run(where, cell))


def run(
    space: Workspace,
    steps: Iterable[Step],
    *,
    home: Path,
    check: Callable[[str], None],
    pictures: bool = True,
) -> tuple[Trouble, ...]:
    """Runs a whole answer: see `Running`. What went wrong."""
    with contextlib.closing(Running(space, home=home, pictures=pictures)) as running:
        running.go(steps, check)
        return tuple(running.trouble)


def _run_step(
    step: Step, space: Workspace, shell: Shell, environment: Mapping[str, str], folder: Path
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


@functools.cache
def _command_line() -> WarmCli:
    """This process's own, from its first script on."""
    made = WarmCli()
    atexit.register(made.close)
    return made
