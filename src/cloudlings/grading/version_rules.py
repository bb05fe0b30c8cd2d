"""Whether a function starts without a delay: its versions, its alias, provisioned concurrency, SnapStart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.function_state import configuration, require_function
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def versions_of(account: Account, name: str) -> list[Any]:
    """All versions of a function, $LATEST among them; a function that is gone fails the task."""
    require_function(account, name, "Its callers get an error.")
    pages = account.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=name)
    return [each for page in pages for each in page["Versions"]]


def live_version(account: Account, name: str) -> str:
    """The number of the version that alias live leads to; "" for none, for $LATEST, and for two."""
    require_function(account, name, "Its callers get an error.")
    led = led_to(account, name)
    return led[0] if len(led) == 1 and led[0] != "$LATEST" else ""


def led_to(account: Account, name: str) -> tuple[str, ...]:
    """The versions that alias live of a function leads to; none where there is no such alias."""
    alias = or_none(
        lambda: account.client("lambda").get_alias(FunctionName=name, Name="live"),
        "ResourceNotFoundException",
    )
    if alias is None:
        return ()
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return (str(alias["FunctionVersion"]), *(version for version, weight in weights.items() if weight))


def _provisioned(account: Account, name: str, qualifier: str) -> Mapping[str, Any]:
    """What is kept ready of a version or an alias, as described; empty when nothing is."""
    found: Mapping[str, Any] | None = or_none(
        lambda: account.client("lambda").get_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier
        ),
        "ProvisionedConcurrencyConfigNotFoundException",
        "ResourceNotFoundException",
    )
    return found or {}


def _asked_for(found: Mapping[str, Any]) -> int:
    return int(found.get("RequestedProvisionedConcurrentExecutions", 0))


def kept_warm(account: Account, brief: Brief, version: str) -> None:
    """Fails the task unless the booking's alias keeps as many environments ready as were agreed."""
    name = brief.booking
    on_alias, on_number = _provisioned(account, name, "live"), _provisioned(account, name, version)
    there, by_number = _asked_for(on_alias), _asked_for(on_number)
    assert there or by_number, Because(
        found=f"{name}:live has no provisioned concurrency.",
        consequence="Visitors who come first wait for a cold start, as before.",
        concept="A version and an alias keep nothing ready by themselves: how many environments are is a "
        "setting of its own, and is paid for.",
    )
    assert there, Because(
        found=f"{name}:live has no provisioned concurrency; version {version} has {by_number}.",
        consequence="After the next deployment the alias leads to another version, and what was paid for "
        "stays behind.",
        concept="On an alias it follows the alias; on a number it stays with the number.",
    )
    assert there == brief.warm, Because(
        found=f"{name}:live keeps {there} environments ready; {brief.warm} were agreed.",
        consequence="Visitors wait at a cold start."
        if there < brief.warm
        else "Each one is paid for day and night.",
        concept="Provisioned concurrency is paid for by the second, used or not: it equals the need, no "
        "more.",
    )
    assert not by_number, Because(
        found=f"{name}:live keeps {there} ready, and version {version} keeps {by_number} as well.",
        consequence="Both are paid for.",
        concept="An alias and the number that it leads to are two names of one thing.",
    )
    assert on_alias.get("Status") != "FAILED", Because(
        found=f"{name}:live was to keep {there} environments ready, and Lambda could not start them: "
        f"{on_alias.get('StatusReason', 'it says no more')}",
        consequence="Visitors who come first wait for a cold start, as before.",
        concept="What is asked for is allocated in the background: IN_PROGRESS, then READY or FAILED.",
    )


def photographed(account: Account, brief: Brief, version: str) -> None:
    """Fails the task unless the version of the forms that callers get was published with SnapStart."""
    name = brief.forms
    settings = configuration(account, name, version) or {}
    snap = settings.get("SnapStart") or {}
    assert snap.get("ApplyOn") == "PublishedVersions", Because(
        found=f"{name}:live leads to version {version}, which was published with SnapStart "
        f"{snap.get('ApplyOn', 'None')} ({settings.get('Runtime')}).",
        consequence="Its INIT is run at every cold start, as before.",
        concept="The snapshot is taken when a version is published: a version keeps the settings that "
        "$LATEST had then.",
    )
    kept = sum(_asked_for(_provisioned(account, name, each)) for each in ("live", version))
    assert not kept, Because(
        found=f"{name} has SnapStart and {kept} provisioned environments.",
        consequence="AWS refuses the one while the other is there.",
        concept="Two remedies for one delay: a snapshot to start from, or environments that are started "
        "already.",
    )
    size = (settings.get("EphemeralStorage") or {}).get("Size", 512)
    assert size <= 512, Because(
        found=f"Version {version} of {name} has a /tmp of {size} MB.",
        consequence="AWS refuses SnapStart for it.",
        concept="SnapStart takes functions with a /tmp of 512 MB at most.",
    )
