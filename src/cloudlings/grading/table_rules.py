"""What the grader of a table of bookings asks: is it found by its booking, and paid for by request?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def holds_bookings(table: Mapping[str, Any]) -> None:
    """Fails the check unless a described table has the key ``booking``, a string, and bills by request."""
    name = table["TableName"]
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    keys = [f"{one['AttributeName']} ({types.get(one['AttributeName'])})" for one in table["KeySchema"]]
    assert keys == ["booking (S)"], Because(
        found=f"The key of the table {name} is {shown(keys)}.",
        consequence="The app asks for a booking by its text, and gets a ValidationException.",
        concept="A table's key is laid down when it is made: which attributes, and of which type.",
    )
    mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    assert mode == "PAY_PER_REQUEST", Because(
        found=f"The table {name} is billed as {mode}.",
        consequence="Capacity is paid for by the hour, all night, and what comes beyond it is refused.",
        concept="A table is paid for by what is reserved, or by what is asked.",
    )
