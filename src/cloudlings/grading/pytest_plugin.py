"""What makes ``pytest graders/test_<lab>.py --endpoint-url URL`` grade a sandbox on its own.

A function marked with ``@task`` becomes an item that runs the same engine as everywhere else, so its verdict
and its words are the same too. The credentials are those of the usual AWS environment; every read is theirs.
Options: ``--endpoint-url`` (AWS_ENDPOINT_URL by default) and ``--seed`` (whose personal values; the learner's
own by default). What is not passed fails, and the first line says whether it is not done, not attempted, or
whether the sandbox did not answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloudlings.grading.task import MARK, Task

if TYPE_CHECKING:
    from cloudlings.account import Account
    from cloudlings.grading.verdict import Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cloudlings")
    group.addoption("--endpoint-url", default=None, help="the sandbox to grade; AWS_ENDPOINT_URL by default")
    group.addoption("--seed", default=None, help="whose personal values; the learner's own by default")


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> pytest.Item | None:
    """A grader is no ordinary test function."""
    declared = getattr(obj, MARK, None)
    if declared is None:
        return None
    return GraderItem.from_parent(collector, name=name, declared=declared)


class NotDone(Exception):
    """A verdict other than passed."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict


class GraderItem(pytest.Item):
    """One task, graded on the account behind the endpoint."""

    def __init__(self, *, declared: Task, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._declared = declared

    def runtest(self) -> None:
        from cloudlings.grading.engine import check
        from cloudlings.grading.tasks import task_of
        from cloudlings.grading.workspace import brief_behind

        url = self._endpoint_url()
        root, lab = self.path.parents[1], _lab_of(self.path)
        # Read by us and not by pytest, whose rewriting turns an assertion's reasons into one string.
        task = task_of(root, lab, self._declared.name)
        brief = brief_behind(self.path, self.config.getoption("--seed"))
        verdict = check(lab, task, lambda task: _accounts(url, task), brief)
        self.add_report_section("call", "verdict", verdict.message)
        if not verdict.passed:
            raise NotDone(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict's words; a traceback only for what is no verdict."""
        if not isinstance(excinfo.value, NotDone):
            return super().repr_failure(excinfo, style)
        verdict = excinfo.value.verdict
        return f"{verdict.status.replace('_', ' ')}: {verdict.title}\n{verdict.message}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self._declared.name}: {self._declared.title}"

    def _endpoint_url(self) -> str:
        url = self.config.getoption("--endpoint-url") or os.environ.get("AWS_ENDPOINT_URL")
        if not url:
            raise pytest.UsageError(
                "a grader needs a sandbox to grade. Next: cloudlings start, then "
                "pytest graders/test_<lab>.py --endpoint-url http://127.0.0.1:4566"
            )
        return str(url)


def _lab_of(path: Path) -> str:
    return path.stem.removeprefix("test_").replace("_", "-")


def _accounts(url: str, task: Task) -> Mapping[str, Account]:
    """The account that the endpoint and the credentials lead to; on its own, pytest knows one."""
    import boto3
    from botocore.exceptions import BotoCoreError

    from cloudlings.account import Account
    from cloudlings.errors import SandboxUnavailable
    from cloudlings.grading.clients import Clients
    from cloudlings.grading.workspace import clock_behind, journal_behind

    session = boto3.Session()
    region = session.region_name or "us-east-1"
    clients = Clients(session, url)
    try:
        number = clients.client("sts", region_name=region).get_caller_identity()["Account"]
    except BotoCoreError as error:
        raise SandboxUnavailable(
            f"Nobody can be asked at {url}: {error}",
            next_step='set the keys and the endpoint of the account: eval "$(cloudlings env LAB)"',
        ) from error
    journal = journal_behind(url, number)
    clock = clock_behind(url, number)
    account = Account(number, clients, region=region, probes=task.probes, journal=journal, clock=clock)
    return {"main": account}
