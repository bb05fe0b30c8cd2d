"""Advice about policies that AWS accepts."""

from typing import Any

import pytest

from cloudlings.iam import lint, parse


def advice(version: str = "2012-10-17", **changes: Any) -> list[str]:
    """The advice for one statement, as text."""
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **changes}
    one = {key: value for key, value in one.items() if value is not None}
    return [str(found) for found in lint(parse({"Version": version, "Statement": [one]}))]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Action": None, "NotAction": "iam:*"}, "every action that is not listed"),
        ({"Resource": None, "NotResource": "arn:aws:s3:::b/*"}, "every resource that is not listed"),
        ({"NotPrincipal": {"AWS": "111122223333"}}, "NotPrincipal"),
        ({"Principal": "*"}, "reaches everyone"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}}, "names nobody"),
        ({"Action": "iam:PassRole", "Resource": "*"}, "any role"),
        ({"Action": "iam:*", "Resource": "*"}, "any role"),
        ({"Action": "s3:GetObjekt"}, "no action that is known"),
        ({"Action": "s4:*"}, "no action that is known"),
        ({"Condition": {"StringEquals": {"s3:prefix": "home/*"}}}, "compares them literally"),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}}, "no aws:TagKeys at all"),
        ({"Condition": {"StringNotEquals": {"s3:prefix": "a"}}}, "has no s3:prefix"),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:Referer": "https://a/*"}}}, "Referer"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, "s3:ListBucket, are left out"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}, "s3:GetObject, are left out"),
        ({"version": "2008-10-17", "Resource": "arn:aws:s3:::b/${aws:username}"}, "only text"),
    ],
)
def test_advice(changes: dict[str, Any], words: str) -> None:
    """Each of these policies gets its one piece of advice."""
    found = advice(**changes)
    assert len([text for text in found if words in text]) == 1, found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": None, "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b*"},
        {"Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app"},
        {"Condition": {"StringLike": {"s3:prefix": "home/*"}}},
        {"Condition": {"StringEquals": {"s3:prefix": "a${*}"}}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}}},
        {"Effect": "Deny", "Condition": {"StringNotEquals": {"s3:prefix": "a"}}},
        {"Principal": {"AWS": "111122223333"}},
        {"Resource": "arn:aws:s3:::b/${aws:username}"},
    ],
)
def test_nothing_to_say(changes: dict[str, Any]) -> None:
    """These policies get no advice."""
    assert advice(**changes) == []
