"""Reading S3 Lifecycle rules, and saying what S3 would refuse. See `cloudlings.models.lifecycle`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloudlings.errors import ModelError

IA_CLASSES = frozenset({"STANDARD_IA", "ONEZONE_IA"})
CLASSES = IA_CLASSES | {"INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"}
_KNOWN = {
    "ID", "Status", "Prefix", "Filter", "Transitions", "Transition", "Expiration",
    "NoncurrentVersionTransitions", "NoncurrentVersionTransition", "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
}  # fmt: skip
_KNOWN_FILTER = {"Prefix", "Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"}


class Matched(Protocol):
    """What a filter looks at."""

    @property
    def key(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def tags(self) -> Mapping[str, str]: ...
    @property
    def version(self) -> str: ...


@dataclass(frozen=True)
class Action:
    """When something is done: ``days`` after the clock began or on a ``date``; to which class, for a
    transition; ``newer_versions`` noncurrent versions are spared."""

    days: int | None = None
    date: dt.datetime | None = None
    storage_class: str = ""
    newer_versions: int = 0


@dataclass(frozen=True)
class Rule:
    """One Lifecycle rule. ``filtered`` is False for a rule with the old top-level Prefix, or with nothing."""

    name: str
    enabled: bool
    status: str
    prefix: str
    tags: tuple[tuple[str, str], ...]
    larger_than: int | None
    smaller_than: int | None
    filtered: bool
    current_transitions: tuple[Action, ...]
    noncurrent_transitions: tuple[Action, ...]
    expiration: Action | None
    expired_marker: bool
    noncurrent_expiration: Action | None
    abort: Action | None

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that it may do, whatever to."""
        ends = (self.expiration, self.noncurrent_expiration, self.abort)
        return (*self.current_transitions, *self.noncurrent_transitions, *(end for end in ends if end))

    @property
    def sizes_given(self) -> bool:
        return self.larger_than is not None or self.smaller_than is not None

    def matches(self, subject: Matched) -> bool:
        """Whether the rule's filter takes the subject. An unfinished upload has a key, no tags, no size."""
        if not subject.key.startswith(self.prefix):
            return False
        if subject.version == "upload":
            return not self.tags and not self.sizes_given
        return (
            all(subject.tags.get(key) == value for key, value in self.tags)
            and (self.larger_than is None or subject.size > self.larger_than)
            and (self.smaller_than is None or subject.size < self.smaller_than)
        )

    def transitions(self, subject: Matched) -> tuple[Action, ...]:
        match str(subject.version):
            case "current":
                return self.current_transitions
            case "noncurrent":
                return self.noncurrent_transitions
            case _:
                return ()


def parse(rule: Mapping[str, Any]) -> Rule:
    """One rule as boto3 gives it. Raises `ModelError` for an element that Lifecycle does not have."""
    _only(rule, _KNOWN, "a lifecycle rule")
    given = rule.get("Filter")
    chosen = dict(given or {})
    _only(chosen, _KNOWN_FILTER, "a lifecycle filter")
    chosen = {**chosen, **chosen.pop("And", {})}
    _only(chosen, _KNOWN_FILTER, "a lifecycle filter's And")
    tags = [*chosen.get("Tags", []), *([chosen["Tag"]] if "Tag" in chosen else [])]
    expiration = rule.get("Expiration") or {}
    abort = rule.get("AbortIncompleteMultipartUpload")
    timed = {key for key in ("Days", "Date") if expiration.get(key) is not None}
    return Rule(
        name=str(rule.get("ID") or "(no ID)"),
        enabled=rule.get("Status") == "Enabled",
        status=str(rule.get("Status", "")),
        prefix=str(chosen.get("Prefix", rule.get("Prefix")) or ""),
        tags=tuple((str(tag["Key"]), str(tag["Value"])) for tag in tags),
        larger_than=chosen.get("ObjectSizeGreaterThan"),
        smaller_than=chosen.get("ObjectSizeLessThan"),
        filtered=given is not None,
        current_transitions=tuple(_transitions(rule, "Transition", "Days")),
        noncurrent_transitions=tuple(_transitions(rule, "NoncurrentVersionTransition", "NoncurrentDays")),
        expiration=_action(expiration, "Days") if timed else None,
        expired_marker=bool(expiration.get("ExpiredObjectDeleteMarker")),
        noncurrent_expiration=_optional(rule.get("NoncurrentVersionExpiration"), "NoncurrentDays"),
        abort=_optional(abort, "DaysAfterInitiation"),
    )


def refusals(rule: Rule) -> Iterator[str]:
    """What S3 answers to a rule that it does not take, in our words."""
    where = f"Rule {rule.name}: "
    if rule.status not in ("Enabled", "Disabled"):
        yield f"{where}Status is {rule.status!r}; S3 knows Enabled and Disabled."
    if (
        rule.larger_than is not None
        and rule.smaller_than is not None
        and rule.larger_than >= rule.smaller_than
    ):
        yield f"{where}no size is above {rule.larger_than} and below {rule.smaller_than}."
    if rule.abort and (rule.tags or rule.sizes_given):
        yield f"{where}an unfinished upload has no tags and no size, so this rule may not abort uploads."
    if rule.expired_marker and (rule.tags or rule.expiration):
        yield f"{where}ExpiredObjectDeleteMarker goes with neither tags nor Days nor Date."
    actions = (*rule.current_transitions, *rule.noncurrent_transitions, rule.expiration, rule.abort)
    if not rule.expired_marker and not rule.noncurrent_expiration and not any(actions):
        yield f"{where}it has no action."
    if rule.expiration and rule.expiration.days is not None and rule.expiration.days < 1:
        yield f"{where}Expiration needs at least 1 day."
    for kind in (rule.current_transitions, rule.noncurrent_transitions):
        yield from (where + found for found in _chain_refusals(kind))
    yield from (where + found for found in _expiration_refusals(rule))


def _chain_refusals(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        if action.storage_class not in CLASSES:
            yield f"nothing can be moved to {action.storage_class or 'no class'}."
        if action.storage_class in IA_CLASSES and action.days is not None and action.days < 30:
            yield f"{action.storage_class} takes objects after 30 days or more, not after {action.days}."
    infrequent = [
        action.days for action in actions if action.storage_class in IA_CLASSES and action.days is not None
    ]
    for action in actions:
        archive = action.storage_class in ("GLACIER", "DEEP_ARCHIVE") and action.days is not None
        if archive and infrequent and (action.days or 0) < max(infrequent) + 30:
            yield f"{action.storage_class} must come 30 days after the IA class ({max(infrequent)})."


def _expiration_refusals(rule: Rule) -> Iterator[str]:
    last = max((action.days or 0 for action in rule.current_transitions), default=-1)
    if rule.expiration and rule.expiration.days is not None and rule.expiration.days <= last:
        yield f"objects would expire after {rule.expiration.days} days, not after the move on day {last}."


def _transitions(rule: Mapping[str, Any], name: str, days: str) -> Iterator[Action]:
    single = rule.get(name)
    for item in [*rule.get(f"{name}s", []), *([single] if single else [])]:
        yield _action(item, days)


def _optional(item: Mapping[str, Any] | None, days: str) -> Action | None:
    return _action(item, days) if item else None


def _action(item: Mapping[str, Any], days: str) -> Action:
    given = item.get(days)
    return Action(
        days=int(given) if given is not None else None,
        date=_date(item.get("Date")),
        storage_class=str(item.get("StorageClass", "")),
        newer_versions=int(item.get("NewerNoncurrentVersions", 0)),
    )


def _date(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    moment = (
        value
        if isinstance(value, dt.datetime)
        else dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    )
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ModelError(
            f"The lifecycle model does not know {unknown[0]} in {where}.",
            next_step=f"use one of: {', '.join(sorted(known))}",
        )
