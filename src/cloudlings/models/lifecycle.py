"""S3 Lifecycle by age: what becomes of an object on day N under a bucket's rules.

    fate = simulate(rules, StoredObject("raw/a.tif", size=40_000_000), age=31)
    fate.storage_class        # "STANDARD_IA"
    fate.changes              # when, what, and which rule did it

``rules`` are as boto3 reads and writes them (``get_bucket_lifecycle_configuration()["Rules"]``). Sources, in
the Amazon S3 User Guide: "Lifecycle configuration elements" (filters, actions, versions, how days are
counted), "Transitioning objects" (the waterfall, 30 days before an IA class, 128 KB), "How Amazon S3 handles
conflicts" (which action wins), and the API reference of LifecycleRule (what S3 refuses).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from cloudlings.models._rules import IA_CLASSES, Action, Rule, parse, refusals

Versioning = Literal["Off", "Enabled", "Suspended"]
MINIMUM_SIZE = 128 * 1024
_DAY = dt.timedelta(days=1)
_NINE_O_CLOCK = dt.datetime(2026, 1, 15, 9, 0, tzinfo=dt.UTC)

# "Supported lifecycle transitions": down the waterfall only.
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_BELOW: dict[str, frozenset[str]] = {
    "STANDARD": frozenset({"STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR"}) | _ARCHIVES,
    "REDUCED_REDUNDANCY": _ARCHIVES,
    "STANDARD_IA": frozenset({"INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR"}) | _ARCHIVES,
    "INTELLIGENT_TIERING": frozenset({"ONEZONE_IA", "GLACIER_IR"}) | _ARCHIVES,
    "ONEZONE_IA": _ARCHIVES,
    "GLACIER_IR": _ARCHIVES,
    "GLACIER": frozenset({"DEEP_ARCHIVE"}),
    "DEEP_ARCHIVE": frozenset(),
}
# Which of several due moves happens: the cheaper class, but Intelligent-Tiering before all save archives.
_PREFERRED = ("DEEP_ARCHIVE", "GLACIER", "INTELLIGENT_TIERING", "GLACIER_IR", "ONEZONE_IA", "STANDARD_IA")


class Version(StrEnum):
    """What a stored thing is. An upload is a multipart upload that was begun and not finished."""

    CURRENT = "current"
    NONCURRENT = "noncurrent"
    DELETE_MARKER = "delete marker"
    UPLOAD = "upload"


@dataclass(frozen=True)
class StoredObject:
    """One version of an object, a delete marker, or an unfinished upload.

    ``size`` is in bytes. ``since`` is when its clock began: creation of a current version, of a delete marker
    or of an upload; for a noncurrent version, when its successor was created. ``newer_noncurrent`` counts the
    noncurrent versions of the key that are newer. A delete marker is ``expired`` when nothing is left behind
    it. A ``null_version`` was made while versioning was not enabled.
    """

    key: str
    size: int = 1024 * 1024
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    version: Version = Version.CURRENT
    since: dt.datetime = _NINE_O_CLOCK
    newer_noncurrent: int = 0
    expired: bool = False
    null_version: bool = False


@dataclass(frozen=True)
class Change:
    """One thing that Lifecycle did: on which day (since the clock began, rounded up), and by which rule."""

    day: int
    at: dt.datetime
    what: str
    rule: str


@dataclass(frozen=True)
class Fate:
    """What is there at an age.

    ``state``: "stored" (a plain GET finds it), "hidden" (noncurrent: behind a newer version or a delete
    marker), "deleted" (gone for good). ``storage_class`` is None when deleted.
    """

    state: Literal["stored", "hidden", "deleted"]
    storage_class: str | None
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        match self.state:
            case "deleted":
                return f"deleted on day {self.changes[-1].day} by rule {self.changes[-1].rule}"
            case "hidden":
                return f"noncurrent, in {self.storage_class}"
            case _:
                return f"in {self.storage_class}"


def simulate(
    rules: Iterable[Mapping[str, Any]],
    stored: StoredObject,
    age: float,
    *,
    versioning: Versioning = "Off",
    default_minimum: str = "all_storage_classes_128K",
) -> Fate:
    """The fate of one stored thing ``age`` days after its clock began.

    Lifecycle runs at midnight UTC: an action of N days is due at the first midnight after N whole days, so
    what has "30 days" is untouched at age 30 and done at age 31. ``default_minimum`` is the configuration's
    TransitionDefaultMinimumObjectSize. Raises `ModelError` for a rule element that the model does not know.
    """
    return fates(rules, stored, (age,), versioning=versioning, default_minimum=default_minimum)[0]


def fates(
    rules: Iterable[Mapping[str, Any]],
    stored: StoredObject,
    ages: Iterable[float],
    *,
    versioning: Versioning = "Off",
    default_minimum: str = "all_storage_classes_128K",
) -> tuple[Fate, ...]:
    """The fates at several ages, in rising order, in one run. Otherwise as `simulate`."""
    run = _Run(tuple(parse(rule) for rule in rules), versioning, default_minimum)
    history = [Fate("hidden" if stored.version is Version.NONCURRENT else "stored", stored.storage_class)]
    moment: dt.datetime | None = _next_midnight(stored.since)
    subject, found = stored, []
    for age in ages:
        while moment is not None and history[-1].state != "deleted" and (moment - stored.since) / _DAY <= age:
            step = run.night(subject, moment)
            if step is None:
                moment = run.next_turn(subject, moment)
                continue
            subject, what, rule = step
            day = (moment - stored.since) // _DAY + 1
            history.append(_after(history[-1], subject, Change(day, moment, what, rule)))
            moment += _DAY
        found.append(history[-1])
    return tuple(found)


def _after(before: Fate, subject: StoredObject, change: Change) -> Fate:
    changes = (*before.changes, change)
    if change.what in _DELETED:
        return Fate("deleted", None, changes)
    return Fate(
        "hidden" if subject.version is Version.NONCURRENT else "stored", subject.storage_class, changes
    )


def problems(rules: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Why S3 refuses these rules (PutBucketLifecycleConfiguration answers InvalidArgument, InvalidRequest or
    MalformedXML); empty when it takes them. Emulators are laxer."""
    return tuple(found for rule in rules for found in refusals(parse(rule)))


def due(since: dt.datetime, days: int) -> dt.datetime:
    """When an action of ``days`` is due: that many days later, rounded up to the next midnight UTC."""
    return _next_midnight(since + days * _DAY)


@dataclass(frozen=True)
class _Run:
    """The nightly run of Lifecycle over one bucket's enabled rules."""

    rules: Sequence[Rule]
    versioning: Versioning
    default_minimum: str

    def night(self, subject: StoredObject, moment: dt.datetime) -> tuple[StoredObject, str, str] | None:
        """What is done to ``subject`` at ``moment``: deletion, else a transition, else a delete marker."""
        matching = [rule for rule in self.rules if rule.enabled and rule.matches(subject)]
        for rule in matching:
            if what := self._deletion(rule, subject, moment):
                return subject, what, rule.name
        moves = [
            (action.storage_class, rule.name)
            for rule in matching
            for action in rule.transitions(subject)
            if self._may_move(rule, action, subject) and _is_due(action, subject, moment)
        ]
        if moves:
            to, name = min(moves, key=lambda move: _PREFERRED.index(move[0]))
            return replace(subject, storage_class=to), f"moved to {to}", name
        for rule in matching:
            if self._hides(rule, subject, moment):
                hidden = replace(subject, version=Version.NONCURRENT, since=moment, newer_noncurrent=0)
                return hidden, "hidden behind a delete marker", rule.name
        return None

    def next_turn(self, subject: StoredObject, moment: dt.datetime) -> dt.datetime | None:
        """The first midnight after one at which nothing was done when something can be: another action is
        due by then. None when nothing more will be."""
        starts = (
            _due_since(action, subject) for rule in self.rules if rule.enabled for action in rule.actions
        )
        later = [start for start in starts if start > moment]
        return moment + -((moment - min(later)) // _DAY) * _DAY if later else None

    def _deletion(self, rule: Rule, subject: StoredObject, moment: dt.datetime) -> str:
        match subject.version:
            case Version.UPLOAD:
                return _ABORTED if _is_due(rule.abort, subject, moment) else ""
            case Version.NONCURRENT:
                gone = self.versioning != "Off" and _is_due(rule.noncurrent_expiration, subject, moment)
                return _REMOVED if gone else ""
            case Version.DELETE_MARKER:
                clean = rule.expired_marker or _is_due(rule.expiration, subject, moment)
                return _MARKER_REMOVED if subject.expired and clean else ""
            case _:
                return _REMOVED if self._expires(rule, subject, moment, for_good=True) else ""

    def _hides(self, rule: Rule, subject: StoredObject, moment: dt.datetime) -> bool:
        return subject.version is Version.CURRENT and self._expires(rule, subject, moment, for_good=False)

    def _expires(self, rule: Rule, subject: StoredObject, moment: dt.datetime, *, for_good: bool) -> bool:
        permanent = self.versioning == "Off" or (self.versioning == "Suspended" and subject.null_version)
        return permanent is for_good and _is_due(rule.expiration, subject, moment)

    def _may_move(self, rule: Rule, action: Action, subject: StoredObject) -> bool:
        if subject.version is Version.NONCURRENT and self.versioning == "Off":
            return False
        if action.storage_class not in _BELOW.get(subject.storage_class, frozenset()):
            return False
        if rule.sizes_given or subject.size >= MINIMUM_SIZE:
            return True
        return self.default_minimum == "varies_by_storage_class" and action.storage_class in _ARCHIVES


_REMOVED, _MARKER_REMOVED, _ABORTED = "deleted", "delete marker removed", "upload aborted"
_DELETED = frozenset({_REMOVED, _MARKER_REMOVED, _ABORTED})


def _is_due(action: Action | None, subject: StoredObject, moment: dt.datetime) -> bool:
    if action is None or subject.newer_noncurrent < action.newer_versions:
        return False
    return moment >= _due_since(action, subject)


def _due_since(action: Action, subject: StoredObject) -> dt.datetime:
    if action.date is not None:
        return action.date
    days = action.days or 0
    if action.storage_class in IA_CLASSES:
        days = max(days, 30)
    return due(subject.since, days)


def _next_midnight(moment: dt.datetime) -> dt.datetime:
    utc = moment.astimezone(dt.UTC)
    return utc.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
