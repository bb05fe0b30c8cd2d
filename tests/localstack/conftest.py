from __future__ import annotations

import pytest

from cloudlings.sandbox import Sandbox
from tests.localstack import host


@pytest.fixture(scope="session")
def localstack():
    """The address of a LocalStack that runs for these tests."""
    context = host.running()
    try:
        url = context.__enter__()
    except host.Unavailable as missing:
        pytest.skip(f"LocalStack cannot run here: {missing}")
    try:
        yield url
    finally:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def sandbox(localstack):
    """A gateway in front of it."""
    with Sandbox.temporary(keeps=True, upstream=localstack) as running:
        yield running
