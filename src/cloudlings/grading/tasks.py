"""Finding the graders of a lab by its name: ``graders/test_<lab>.py``. Nobody lists them."""

from __future__ import annotations

import importlib.util
import sys
from difflib import get_close_matches
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from cloudlings.errors import GraderError, UnknownTask
from cloudlings.grading.task import MARK, Task

_loaded: dict[Path, tuple[int, tuple[Task, ...]]] = {}


def grader_file(root: Path, lab: str) -> Path:
    """Where a lab's graders are, in a course whose top folder is ``root``."""
    return root / "graders" / f"test_{lab.replace('-', '_')}.py"


def tasks_of(root: Path, lab: str) -> tuple[Task, ...]:
    """The tasks of a lab in the order of its grader file; read again when the file has changed."""
    path = grader_file(root, lab)
    if not path.is_file():
        raise GraderError(
            f"{lab} has no graders: {path.name} is missing.", next_step=f"write graders/{path.name}"
        )
    stamp = path.stat().st_mtime_ns
    if _loaded.get(path, (0, ()))[0] != stamp:
        _loaded[path] = (stamp, _declared(_module(path), path))
    return _loaded[path][1]


def task_of(root: Path, lab: str, name: str) -> Task:
    """One task by its name or its curriculum ref; `UnknownTask` names the nearest."""
    tasks = tasks_of(root, lab)
    for task in tasks:
        if name in (task.name, task.ref):
            return task
    near = get_close_matches(name, [task.name for task in tasks], n=2, cutoff=0.5)
    raise UnknownTask(
        f"{lab} has no task {name!r}.",
        next_step=(f"did you mean {' or '.join(near)}? " if near else "")
        + f"its tasks are: {', '.join(task.name for task in tasks)}",
    )


def points(root: Path, lab: str) -> dict[str, float]:
    """A lab's points by task, from its graders: what the builder is handed."""
    return {task.name: task.points for task in tasks_of(root, lab)}


def refs(root: Path, lab: str) -> dict[str, str]:
    """A lab's task names by curriculum ref, from its graders."""
    return {task.ref: task.name for task in tasks_of(root, lab)}


def _declared(module: ModuleType, path: Path) -> tuple[Task, ...]:
    found = tuple(getattr(value, MARK) for value in vars(module).values() if hasattr(value, MARK))
    names = [task.name for task in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise GraderError(f"{path.name} declares {', '.join(sorted(twice))} twice.", next_step="rename one")
    if not found:
        raise GraderError(f"{path.name} declares no task.", next_step="mark its functions with @task(...)")
    return found


class _FromSource(SourceFileLoader):
    """Python takes bytecode for a source of the same second and size; authors try graders faster."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _module(path: Path) -> ModuleType:
    name = f"cloudlings_graders.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_FromSource(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except GraderError as error:
        raise GraderError(f"{path.name}: {error.message}", next_step=error.next_step) from error
    except Exception as error:
        raise GraderError(
            f"{path.name} cannot be imported: {error}", next_step="run it: pytest graders/"
        ) from error
    return module
