"""S3's lifecycle rules and restored copies, as the test clock moves.

What is to become of an object is the model's to say (``cloudlings.models.lifecycle``); it is done by
MiniStack's own functions, so that versions, locks and notifications are minded.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudlings.models.lifecycle import StoredObject, Version, Versioning, fates
from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.aging import ages

_NAMES = {
    "s3:ObjectRemoved:Delete": "s3:LifecycleExpiration:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated": "s3:LifecycleExpiration:DeleteMarkerCreated",
}
_acting = threading.local()


def correct(s3: Any) -> None:
    """Name what Lifecycle removes as S3 does in its notifications (S3 User Guide, "Supported event types").
    Called before the first move of a clock."""
    if getattr(s3, "_names_what_lifecycle_does", False):
        return
    s3._names_what_lifecycle_does = True
    fire = s3._fire_s3_event_async

    def fire_s3_event(bucket: str, key: str, event: str, *more: Any, **named: Any) -> None:
        by_lifecycle = getattr(_acting, "lifecycle", False)
        fire(bucket, key, _NAMES.get(event, event) if by_lifecycle else event, *more, **named)

    s3._fire_s3_event_async = fire_s3_event


@ages("s3")
def restored_copies(s3: Any, account_id: str, seconds: float) -> None:
    """A restore that was asked for arrives, and a copy whose days are over is gone.

    Source: S3 User Guide, "Restoring an archived object".
    """
    for name, bucket in _buckets(s3, account_id):
        for key, stored in list(bucket["objects"].items()):
            copy = stored.get("restore")
            if not copy:
                continue
            copy["available_at"] -= seconds
            if clock.reaches(account_id, ("restored", name, key), copy["expires_at"], seconds):
                copy["expires_at"] = time.time()
            with _scope(s3, account_id, name):
                s3._sync_restore(name, key, stored)


@ages("s3")
def lifecycle(s3: Any, account_id: str, seconds: float) -> None:  # noqa: ARG001 - as every one
    """Objects, versions, delete markers and uploads meet what their bucket's rules say by then.

    Source: S3 User Guide, "Managing the lifecycle of objects"; "Lifecycle configuration elements".
    """
    correct(s3)
    for name, bucket in _buckets(s3, account_id):
        rules = s3._bucket_lifecycle._data.get((account_id, name))
        if isinstance(rules, list):
            with _scope(s3, account_id, name):
                _acting.lifecycle = True
                try:
                    _Bucket(s3, account_id, name, bucket, [_read(rule) for rule in rules]).run()
                finally:
                    _acting.lifecycle = False


def _buckets(s3: Any, account_id: str) -> Iterator[tuple[str, Any]]:
    for (owner, name), bucket in list(s3._buckets._data.items()):
        if owner == account_id:
            yield name, bucket


def _scope(s3: Any, account_id: str, bucket: str) -> Any:
    from ministack.core.responses import request_scope

    return request_scope(account_id, s3._buckets._data[account_id, bucket].get("region") or "us-east-1")


def _read(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as MiniStack keeps it, with its dates as the model reads them."""
    read = dict(rule)
    if "Expiration" in read:
        read["Expiration"] = _dated(read["Expiration"])
    if "Transitions" in read:
        read["Transitions"] = [_dated(each) for each in read["Transitions"]]
    return read


def _dated(action: Mapping[str, Any]) -> dict[str, Any]:
    return {**action, **({"Date": _moment(action["Date"])} if action.get("Date") else {})}


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


class _Bucket:
    """One bucket on the night that the clock has come to."""

    def __init__(
        self, s3: Any, account_id: str, name: str, bucket: Any, rules: Sequence[dict[str, Any]]
    ) -> None:
        self.s3, self.account_id, self.name, self.bucket, self.rules = s3, account_id, name, bucket, rules
        self.versioning: Versioning = s3._bucket_versioning._data.get((account_id, name)) or "Off"

    def run(self) -> None:
        self.abort_uploads()
        for key in self.keys():
            for entry, since, newer in self.noncurrent(key):
                self.meet(key, entry, Version.NONCURRENT, since, newer)
            self.current(key)
            self.lone_marker(key)

    def keys(self) -> list[str]:
        versioned = {key for (owner, (bucket, key)) in self.versions() if (owner, bucket) == self.mine}
        return sorted(versioned | set(self.bucket["objects"]))

    @property
    def mine(self) -> tuple[str, str]:
        return self.account_id, self.name

    def versions(self) -> dict[Any, list[dict[str, Any]]]:
        found: dict[Any, list[dict[str, Any]]] = self.s3._object_versions._data
        return found

    def history(self, key: str) -> list[dict[str, Any]]:
        return self.versions().get((self.account_id, (self.name, key)), [])

    def noncurrent(self, key: str) -> list[tuple[dict[str, Any], str, int]]:
        """Each noncurrent version, when it became one, and how many are newer; the oldest first."""
        history = self.history(key)
        found = []
        for place, entry in enumerate(history[:-1]):
            if not entry.get("is_delete_marker"):
                newer = [e for e in history[place + 1 : -1] if not e.get("is_delete_marker")]
                found.append((entry, history[place + 1]["last_modified"], len(newer)))
        return found

    def current(self, key: str) -> None:
        stored = self.bucket["objects"].get(key)
        if stored is not None:
            self.meet(key, stored, Version.CURRENT, stored["last_modified"])

    def lone_marker(self, key: str) -> None:
        """A delete marker with nothing left behind it."""
        history = self.history(key)
        if len(history) == 1 and history[0].get("is_delete_marker"):
            self.meet(key, history[0], Version.DELETE_MARKER, history[0]["last_modified"], alone=True)

    def abort_uploads(self) -> None:
        for (owner, upload_id), upload in list(self.s3._multipart_uploads._data.items()):
            if owner == self.account_id and upload["bucket"] == self.name:
                began = _moment(upload["created"])
                stored = StoredObject(upload["key"], size=0, version=Version.UPLOAD, since=began)
                if self.fate(stored).state == "deleted":
                    self.s3._multipart_uploads._data.pop((owner, upload_id), None)

    def fate(self, stored: StoredObject) -> Any:
        days = clock.elapsed(self.account_id, stored.since.timestamp()) / 86_400
        return fates(self.rules, stored, (days,), versioning=self.versioning)[0]

    def meet(
        self,
        key: str,
        entry: dict[str, Any],
        kind: Version,
        since: str,
        newer: int = 0,
        *,
        alone: bool = False,
    ) -> None:
        """Do with one version what the rules say by now, step by step."""
        version = entry.get("version_id")
        stored = StoredObject(
            key,
            size=int(entry.get("size") or 0),
            tags=self.s3._object_tags._data.get((self.account_id, (self.name, key, version))) or {},
            storage_class=entry.get("storage_class") or "STANDARD",
            version=kind,
            since=_moment(since),
            newer_noncurrent=newer,
            expired=alone,
            null_version=version in (None, "null"),
        )
        for change in self.fate(stored).changes:
            if change.what.startswith("moved to "):
                self.move(key, entry, change.what.removeprefix("moved to "))
            elif kind is Version.CURRENT and (self.versioning == "Off" or not _is_gone(change.what)):
                self.s3._delete_object(self.name, key)
            else:
                self.s3._delete_object(self.name, key, {}, {"versionId": [version or "null"]})

    def move(self, key: str, entry: dict[str, Any], to: str) -> None:
        """Another storage class; the date stays, as on S3."""
        entry["storage_class"] = to
        for other in self.history(key):
            if other["version_id"] == entry.get("version_id"):
                other["storage_class"] = to
        self.s3._fire_s3_event_async(self.name, key, "s3:LifecycleTransition", size=entry.get("size", 0))


def _is_gone(what: str) -> bool:
    """Whether nothing is left after a change, not even something hidden."""
    return what in ("deleted", "delete marker removed")
