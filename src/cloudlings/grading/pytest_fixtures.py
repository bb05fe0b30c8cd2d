"""The graders' fixtures as pytest's, made from the one list in `cloudlings.grading.fixtures`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudlings.account import Account
from cloudlings.grading.clients import Clients
from cloudlings.grading.fixtures import FIXTURES, Context
from cloudlings.grading.task import MARK
from cloudlings.grading.workspace import brief_behind, journal_behind


@pytest.fixture
def grading_context(request: pytest.FixtureRequest) -> Context:
    """The account behind the endpoint, and the personal values of the lab whose grader asks."""
    task = getattr(request.function, MARK, None)
    if task is None:
        pytest.fail("only a function marked with @task grades an account", pytrace=False)
    url = request.config.getoption("--endpoint-url") or os.environ["AWS_ENDPOINT_URL"]
    brief = brief_behind(Path(str(request.path)), request.config.getoption("--seed"))
    return Context({"main": _account(url, task.probes)}, brief)


def _account(url: str, probes: tuple[str, ...]) -> Account:
    session = boto3.Session()
    region = session.region_name or "us-east-1"
    clients = Clients(session, url)
    account_id = clients.client("sts", region_name=region).get_caller_identity()["Account"]
    return Account(account_id, clients, region=region, probes=probes, journal=journal_behind(url, account_id))


def _as_pytest_fixture(name: str, function: Callable[[Context], Any]) -> Any:
    def value(grading_context: Context) -> Any:
        return function(grading_context)

    value.__doc__ = function.__doc__
    return pytest.fixture(name=name)(value)


for _name, _function in FIXTURES.items():
    globals()[f"fixture_{_name}"] = _as_pytest_fixture(_name, _function)
