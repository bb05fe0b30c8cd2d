"""What makes ``pytest graders/test_<lab>.py --endpoint-url URL`` grade a sandbox on its own.

The credentials are those of the usual AWS environment; every read is theirs. Options: ``--endpoint-url``,
``--seed`` (whose personal values; the learner's own by default). A task that is not attempted fails with
that word; a sandbox that does not answer is an error of its own, never a failure of the task.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cloudlings.grading.task import MARK, NotAttempted


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cloudlings")
    group.addoption("--endpoint-url", default=None, help="the sandbox to grade; AWS_ENDPOINT_URL by default")
    group.addoption("--seed", default=None, help="whose personal values; the learner's own by default")


def pytest_configure(config: pytest.Config) -> None:
    """Loads the fixtures, and boto3 with them, only where there is something to grade."""
    if _endpoint_url(config):
        config.pluginmanager.import_plugin("cloudlings.grading.pytest_fixtures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Graders run only where they were asked for: with an endpoint."""
    graders = [item for item in items if hasattr(getattr(item, "function", None), MARK)]
    if graders and not _endpoint_url(config):
        raise pytest.UsageError(
            "graders need a sandbox to grade. Next: cloudlings start, then "
            "pytest graders/test_<lab>.py --endpoint-url http://127.0.0.1:4566"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Turns "not attempted" into a plain failure that says so, without a traceback."""
    try:
        return (yield)
    except NotAttempted as nothing:
        pytest.fail(f"not attempted: {nothing}", pytrace=False)
    except AssertionError as failure:
        if not hasattr(getattr(item, "function", None), MARK):
            raise
        pytest.fail(str(failure.args[0]) if failure.args else str(failure), pytrace=False)


def _endpoint_url(config: pytest.Config) -> str | None:
    given: str | None = config.getoption("--endpoint-url")
    return given or os.environ.get("AWS_ENDPOINT_URL")
