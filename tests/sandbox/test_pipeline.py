"""One pipeline over every kind of hop, checked message by message."""

from __future__ import annotations

from cloudlings.sandbox import Sandbox
from tests.sandbox import pipeline
from tests.sandbox.behaviour.run import Accounts


def test_orders_come_through_once_each(sandbox: Sandbox) -> None:
    """Good orders are billed once each, a duplicate is no order, and of poison an alarm is told."""
    pipeline.run(Accounts(sandbox.endpoint_url, sandbox.provision).new())
