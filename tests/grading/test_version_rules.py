"""A function that starts without a delay: what alias live leads to, is kept ready, or is photographed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.version_rules import kept_warm, led_to, live_version, photographed, versions_of
from cloudlings.lab import Brief

BRIEF = Brief({"booking": "booking", "forms": "forms", "warm": 4})
SNAP = {"Runtime": "python3.13", "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}}
Raw = dict[str, Any]


class Lambda:
    """An account with one function of each name: its alias live, what is kept by qualifier, its versions."""

    def __init__(
        self, *, alias: Raw | None = None, kept: Raw | None = None, versions: Raw | None = None
    ) -> None:
        self.alias, self.kept, self.versions = alias, kept or {}, versions or {}

    def client(self, _service: str) -> Lambda:
        return self

    def get_function_configuration(self, FunctionName: str, Qualifier: str = "$LATEST") -> Raw:  # noqa: N803
        found = {"$LATEST": {}, **self.versions}.get(Qualifier)
        if FunctionName == "gone" or found is None:
            raise refused("ResourceNotFoundException")
        return cast(Raw, found)

    def get_paginator(self, operation: str) -> Pages:
        return Pages(operation)

    def get_alias(self, Name: str, **_asked: Any) -> Raw:  # noqa: N803
        if self.alias is None or Name != "live":
            raise refused("ResourceNotFoundException")
        return self.alias

    def get_provisioned_concurrency_config(self, Qualifier: str, **_asked: Any) -> Raw:  # noqa: N803
        if Qualifier not in self.kept:
            raise refused("ProvisionedConcurrencyConfigNotFoundException")
        found = self.kept[Qualifier]
        return found if isinstance(found, dict) else ready(found)


class Pages:
    """Two pages of versions, or of functions."""

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def paginate(self, **_asked: Any) -> list[Raw]:
        if self.operation == "list_functions":
            return [{"Functions": [{"FunctionName": "booking"}]}]
        return [{"Versions": [{"Version": "$LATEST"}]}, {"Versions": [{"Version": "1"}]}]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Get")


def ready(count: int, **more: Any) -> Raw:
    return {"RequestedProvisionedConcurrentExecutions": count, "Status": "READY"} | more


def account(**there: Any) -> Account:
    return cast(Account, Lambda(**there))


def said(check: Callable[[Account, Brief, str], None], there: Account) -> str:
    """What a check says of version 2; "" when nothing is wrong."""
    try:
        check(there, BRIEF, "2")
    except AssertionError as error:
        return " ".join(str(error).split())
    return ""


def test_versions() -> None:
    """Those of all pages."""
    assert [each["Version"] for each in versions_of(account(), "booking")] == ["$LATEST", "1"]


@pytest.mark.parametrize("ask", [versions_of, live_version])
def test_a_function_that_is_gone(ask: Callable[[Account, str], Any]) -> None:
    """It is told, with those that are there: it is no function without versions."""
    with pytest.raises(AssertionError, match=r"There is no function gone\. The functions are booking"):
        ask(account(alias={"FunctionVersion": "2"}), "gone")


@pytest.mark.parametrize(
    ("alias", "version"),
    [
        (None, ""),
        ({"FunctionVersion": "2"}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": {}}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": None}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {}}}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": None}}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.0}}}, "2"),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}}}, ""),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.0, "3": 0.5}}}, ""),
        ({"FunctionVersion": "$LATEST"}, ""),
    ],
)
def test_what_live_leads_to(alias: Raw | None, version: str) -> None:
    """One published version; a weight of nothing leads nobody to another."""
    assert live_version(account(alias=alias), "booking") == version


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({"live": 4}, ""),
        ({"live": ready(4, Status="IN_PROGRESS")}, ""),
        ({}, "booking:live has no provisioned concurrency. Visitors who come first"),
        ({"2": 4}, "booking:live has no provisioned concurrency; version 2 has 4"),
        (
            {"live": 3},
            "booking:live keeps 3 environments ready; 4 were agreed. Visitors wait at a cold start",
        ),
        ({"live": 5}, "booking:live keeps 5 environments ready; 4 were agreed. Each one is paid for"),
        ({"live": 4, "2": 1}, "booking:live keeps 4 ready, and version 2 keeps 1 as well"),
        (
            {"live": ready(4, Status="FAILED", StatusReason="FUNCTION_ERROR_INIT_FAILURE")},
            "was to keep 4 environments ready, and Lambda could not start them: FUNCTION_ERROR_INIT_FAILURE",
        ),
        ({"live": ready(4, Status="FAILED")}, "could not start them: it says no more"),
    ],
)
def test_what_is_kept_ready(kept: Raw, words: str) -> None:
    """As many as were agreed, by the alias and by nothing else; they may still be on their way."""
    found = said(kept_warm, account(kept=kept, versions={"2": {}}))
    assert (words in found) if words else found == ""


@pytest.mark.parametrize(
    ("settings", "kept", "words"),
    [
        (SNAP, {}, ""),
        (SNAP | {"EphemeralStorage": None}, {}, ""),
        (SNAP | {"EphemeralStorage": {"Size": 512}}, {}, ""),
        (SNAP | {"EphemeralStorage": {"Size": 513}}, {}, "Version 2 of forms has a /tmp of 513 MB"),
        ({"Runtime": "python3.11"}, {}, "version 2, which was published with SnapStart None (python3.11)"),
        (SNAP | {"SnapStart": None}, {}, "SnapStart None (python3.13)"),
        (SNAP | {"SnapStart": {"ApplyOn": "None"}}, {}, "SnapStart None (python3.13)"),
        (None, {}, "SnapStart None (None)"),
        (SNAP, {"live": 2, "2": 1}, "forms has SnapStart and 3 provisioned environments"),
        (SNAP, {"2": 1}, "forms has SnapStart and 1 provisioned environments"),
    ],
)
def test_what_is_photographed(settings: Raw | None, kept: Raw, words: str) -> None:
    """The version has SnapStart, whatever $LATEST has; and nothing that SnapStart goes not with."""
    found = said(photographed, account(kept=kept, versions={"2": settings} if settings else {}))
    assert (words in found) if words else found == ""


@pytest.mark.parametrize(
    ("alias", "led"),
    [
        (None, ()),
        ({"FunctionVersion": "$LATEST"}, ("$LATEST",)),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.0}}}, ("2",)),
        ({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}, ("2", "1")),
    ],
)
def test_led_to(alias: Raw | None, led: tuple[str, ...]) -> None:
    """All that an alias leads to, for the words of a check."""
    assert led_to(account(alias=alias), "booking") == led
