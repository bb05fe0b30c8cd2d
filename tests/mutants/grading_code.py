"""What a lab's graders are made of: the grader file, and the modules of ``cloudlings.grading`` that only
graders reach. Any of them can be changed, and all be loaded again with the change, beside the real ones.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cloudlings.grading
from cloudlings.grading.task import MARK, Task
from cloudlings.grading.tasks import grader_file

PACKAGE = "cloudlings.grading"
_FOLDER = Path(cloudlings.grading.__file__).parent
# What the engine is made of, and all of that: a fault there is the engine's tests' to notice.
_ENGINE = ("engine", "graders", "runner", "conformance", "pytest_plugin", "tutor", "receipt", "updates")
_LOADED = "mutant_graders"


@dataclass(frozen=True)
class Code:
    """A lab's grading code: its files by module name, each after those that it imports; the last one is the
    grader file. ``reached`` tells of a function or class which others call it in the end, itself included.
    """

    lab: str
    files: Mapping[str, Path]

    @property
    def graders(self) -> str:
        """The grader file's module name."""
        return list(self.files)[-1]

    @functools.cached_property
    def trees(self) -> dict[str, ast.Module]:
        """The files, parsed, by module name."""
        return {name: _parsed(path) for name, path in self.files.items()}

    @functools.cached_property
    def reached(self) -> dict[tuple[str, str], set[str]]:
        """By module and function (a method counts as its class): the grader file's functions reaching it."""
        calls = _calls(self.trees)
        found: dict[tuple[str, str], set[str]] = {}
        for module, function in calls:
            if module == self.graders:
                for each in _closure((module, function), calls):
                    found.setdefault(each, set()).add(function)
        return found

    @contextlib.contextmanager
    def loaded(self, module: str = "", tree: ast.Module | None = None) -> Iterator[dict[str, Task]]:
        """The lab's tasks with one module's text changed. The real modules are back afterwards."""
        names = list(self.files)
        # What does not import the changed one, directly or not, stays as it is.
        again = names[names.index(module) :] if module else [self.graders]
        before = {name: sys.modules.get(name) for name in again}
        package = sys.modules[PACKAGE]
        try:
            for name in again:
                made = ModuleType(name)
                made.__file__ = str(self.files[name])
                sys.modules[name] = made
                code = compile(tree if name == module and tree else self.trees[name], made.__file__, "exec")
                exec(code, vars(made))
                if name != self.graders:
                    setattr(package, name.rpartition(".")[2], made)
            yield _declared(sys.modules[self.graders])
        finally:
            for name, real in before.items():
                if real is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = real
                    if name != self.graders:
                        setattr(package, name.rpartition(".")[2], real)


def code_of(root: Path, lab: str) -> Code:
    """A lab's grading code."""
    path = grader_file(root, lab)
    found: dict[str, Path] = {}

    def visit(name: str, file: Path) -> None:
        for imported in sorted(_imports(_parsed(file)) - _engine()):
            if f"{PACKAGE}.{imported}" not in found:
                visit(f"{PACKAGE}.{imported}", _FOLDER / f"{imported}.py")
        found[name] = file

    visit(_LOADED, path)
    return Code(lab, found)


@functools.cache
def _engine() -> frozenset[str]:
    """The modules that grading itself is made of, which all graders stand on."""
    found: set[str] = set()
    waiting = list(_ENGINE)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imports(_parsed(_FOLDER / f"{name}.py"))
    return frozenset(found)


@functools.cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> set[str]:
    """The modules of the package, its folders left out, that a file imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == PACKAGE:
                found |= {alias.name for alias in node.names}
            elif node.module.startswith(f"{PACKAGE}."):
                found.add(node.module.removeprefix(f"{PACKAGE}.").partition(".")[0])
    return {name for name in found if (_FOLDER / f"{name}.py").is_file()}


def _declared(module: ModuleType) -> dict[str, Task]:
    return {found.name: found for value in vars(module).values() if (found := getattr(value, MARK, None))}


_Node = tuple[str, str]


def _calls(trees: Mapping[str, ast.Module]) -> dict[_Node, set[_Node]]:
    """By function or class, with its module: those that it names. What a module names outside of them counts
    for each of its own."""
    found: dict[_Node, set[_Node]] = {}
    for module, tree in trees.items():
        known = _known(module, tree, trees)
        outside: set[_Node] = set()
        own = []
        for node in tree.body:
            named = {known[name] for name in _names(node) if name in known}
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[(module, node.name)] = named
                own.append((module, node.name))
            else:
                outside |= named
        for each in own:
            found[each] |= outside
    return found


def _names(node: ast.AST) -> set[str]:
    """Plain names, and ``module.name``."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {
        f"{each.value.id}.{each.attr}"
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
    }


def _known(module: str, tree: ast.Module, trees: Mapping[str, ast.Module]) -> dict[str, _Node]:
    """By the name that a module has for it: the functions and classes of its own and of those it imports."""
    known = {name: (module, name) for name in _defined(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in trees:
            for alias in node.names:
                known[alias.asname or alias.name] = (str(node.module), alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            for alias in node.names:
                there = f"{PACKAGE}.{alias.name}"
                for name in _defined(trees[there]) if there in trees else ():
                    known[f"{alias.asname or alias.name}.{name}"] = (there, name)
    return known


def _defined(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _closure(start: _Node, calls: Mapping[_Node, set[_Node]]) -> set[_Node]:
    seen: set[_Node] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += calls.get(each, ())
    return seen
