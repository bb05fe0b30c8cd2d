"""A lab in a sandbox: its accounts made ready with their start state, and views of them for checks."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import LabError, SandboxUnavailable
from cloudlings.grading.clients import Clients
from cloudlings.grading.home import find_home
from cloudlings.grading.task import Task
from cloudlings.lab import Brief, Catalogue, Header, account_id, brief_for, learner
from cloudlings.sandbox import START, Credentials, Sandbox, environment, variables


@dataclass(frozen=True)
class Workspace:
    """One learner's place in one lab: whose it is, its personal values and its accounts' ids by name."""

    lab: Header
    seed: str
    brief: Brief
    account_ids: Mapping[str, str]
    sandbox: Sandbox | None
    _clients: dict[str, Clients] = field(default_factory=dict, compare=False, repr=False)

    @property
    def region(self) -> str:
        """The lab's main Region."""
        return self.lab.regions[0]

    def accounts(self, task: Task) -> Mapping[str, Account]:
        """Fresh recorded views of the lab's accounts, as the grader's principal, for one check."""
        return {name: self._view(number, task) for name, number in self.account_ids.items()}

    def variables(self, name: str = "main") -> dict[str, str]:
        """The variables that lead any tool into one of the accounts, as the learner."""
        return variables(self.running(), self.credentials(name), self.region)

    def environment(self, name: str = "main") -> dict[str, str]:
        """The whole environment for a process of the learner's in one of the accounts."""
        return environment(self.running(), self.credentials(name), self.region)

    def credentials(self, name: str = "main") -> Credentials:
        """The learner's keys in one of the accounts."""
        return self.running().credentials(self.account_ids[name], "learner")

    def _view(self, number: str, task: Task) -> Account:
        sandbox = self.running()
        if number not in self._clients:
            session = sandbox.session(number, "grader", self.region)
            self._clients[number] = Clients(session, sandbox.endpoint_url)
        return Account(
            number,
            self._clients[number],
            region=self.region,
            probes=task.probes,
            journal=lambda: [entry.to_json() for entry in sandbox.journal(number)],
            clock=lambda seconds: sandbox.advance(number, seconds),
        )

    def running(self) -> Sandbox:
        if self.sandbox is None:
            raise SandboxUnavailable(
                "The sandbox is not running.", next_step="start it with: cloudlings start"
            )
        return self.sandbox


_spaces: dict[tuple[str, str, str, str], Workspace] = {}


def workspace(sandbox: Sandbox | None, root: Path, lab_name: str, seed: str) -> Workspace:
    """A lab's workspace as it is: nothing is made ready. Without a sandbox its checks are unavailable."""
    lab = Catalogue(root).header(lab_name)
    key = (sandbox.endpoint_url if sandbox else "", str(root), lab.name, seed)
    known = _spaces.get(key)
    if known is None or known.lab != lab or known.sandbox != sandbox:
        ids = {name: account_id(lab.name, seed, name) for name in lab.accounts}
        known = _spaces[key] = Workspace(lab, seed, brief_for(lab, seed), ids, sandbox)
    return known


def forget() -> None:
    """Know of no workspace any more: another sandbox may come to stand where theirs was."""
    _spaces.clear()


def prepare(sandbox: Sandbox, root: Path, lab_name: str, seed: str) -> Workspace:
    """The workspace with its accounts made and, the first time, the lab's start state in them."""
    space = workspace(sandbox, root, lab_name, seed)
    for number in space.account_ids.values():
        sandbox.provision(number)
    marker = _marker(space)
    if not marker.exists():
        _seed(space)
        if sandbox.keeps:
            # So that nobody who takes something back loses what the lab began with.
            sandbox.checkpoint(list(space.account_ids.values()), START)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(space.lab.name)
    return space


def reset(sandbox: Sandbox, root: Path, lab_name: str, seed: str) -> Workspace:
    """Empties the lab's accounts and lays its start state again; no other account is touched."""
    space = workspace(sandbox, root, lab_name, seed)
    _marker(space).unlink(missing_ok=True)
    for number in space.account_ids.values():
        sandbox.reset(number)
    return prepare(sandbox, root, lab_name, seed)


def _marker(space: Workspace) -> Path:
    """The file that says that a lab's start state was laid; another one where all was lost since."""
    sandbox = space.running()
    return sandbox.home / "sandbox" / "seeded" / sandbox.era / space.account_ids["main"]


def _seed(space: Workspace) -> None:
    path = space.lab.folder / "seed.py"
    if not path.is_file():
        return
    sandbox = space.running()
    sessions = {
        name: sandbox.session(number, "grader", space.region) for name, number in space.account_ids.items()
    }
    _module(path).seed(sessions, space.brief)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"cloudlings_seed_{path.parent.name.replace('-', '_')}", path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "seed"):
        raise LabError(f"{path} has no seed().", next_step="define seed(accounts, brief) in it, or remove it")
    return module


def journal_behind(url: str, number: str) -> Callable[[], list[dict[str, Any]]] | None:
    """The journal of the sandbox that answers at ``url``, where that is one of this machine's."""
    sandbox = Sandbox.find(find_home())
    if sandbox is None or sandbox.endpoint_url.rstrip("/") != url.rstrip("/"):
        return None
    return lambda: [entry.to_json() for entry in sandbox.journal(number)]


def clock_behind(url: str, number: str) -> Callable[[float], float] | None:
    """What moves an account's test clock, where a sandbox of this machine answers at ``url``."""
    sandbox = Sandbox.find(find_home())
    if sandbox is None or sandbox.endpoint_url.rstrip("/") != url.rstrip("/"):
        return None
    return lambda seconds: sandbox.advance(number, seconds)


def brief_behind(grader: Path, seed: str | None) -> Brief:
    """The personal values for the lab that a grader file grades."""
    name = grader.stem.removeprefix("test_").replace("_", "-")
    lab = Catalogue(grader.parents[1]).header(name)
    return brief_for(lab, seed or learner(find_home()).seed)
