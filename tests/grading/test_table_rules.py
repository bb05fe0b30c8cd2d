"""A table of bookings: its key, and how it is paid for."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.table_rules import holds_bookings


def table(**settings: Any) -> dict[str, Any]:
    """A table as DynamoDB describes it."""
    return {
        "TableName": "tickets",
        "KeySchema": [{"AttributeName": "booking", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "booking", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        **settings,
    }


def test_a_table_of_bookings() -> None:
    """Another index has attributes of its own; the table's key is the booking."""
    holds_bookings(table())
    more = [*table()["AttributeDefinitions"], {"AttributeName": "day", "AttributeType": "S"}]
    holds_bookings(table(AttributeDefinitions=more))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}, "is id .None."),
        ({"AttributeDefinitions": [{"AttributeName": "booking", "AttributeType": "N"}]}, "is booking .N."),
        (
            {
                "KeySchema": [
                    {"AttributeName": "booking", "KeyType": "HASH"},
                    {"AttributeName": "day", "KeyType": "RANGE"},
                ]
            },
            "is booking .S. and day",
        ),
        ({"BillingModeSummary": {"BillingMode": "PROVISIONED"}}, "billed as PROVISIONED"),
        ({"BillingModeSummary": None}, "billed as PROVISIONED"),
    ],
)
def test_another_table(settings: dict[str, Any], words: str) -> None:
    """Another key, another type, a second key, or capacity by the hour: told as it is."""
    with pytest.raises(AssertionError, match=words):
        holds_bookings(table(**settings))
