"""State that cloudlings kept before format 2, as MiniStack itself writes it: read once, and written in
ours."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from cloudlings.sandbox.emulators.keeping import Keeper


def is_there(state: Path | None) -> bool:
    """Whether a folder holds state as MiniStack writes it."""
    return state is not None and (state / "iam.json").exists()


def take_over(state: Path, keeper: Keeper) -> None:
    """Read the old files, write every account in our format, and put the old files aside. Called before
    anything else is read back; a process that is killed half way does it again."""
    if not is_there(state):
        return
    from ministack import app
    from ministack.core import persistence
    from ministack.services import s3

    app._load_persisted_state()
    _fetch_objects(s3)
    s3.S3_PERSIST = persistence.PERSIST_STATE = app.PERSIST_STATE = False
    keeper.write_all()
    aside = state / "before-format-2"
    aside.mkdir(exist_ok=True)
    for path in [*state.glob("*.json"), state / "s3", state / "lambda-blobs"]:
        if path.exists():
            shutil.rmtree(aside / path.name, ignore_errors=True)
            path.replace(aside / path.name)


def _fetch_objects(s3: Any) -> None:
    """Bring the contents of objects, which lie in files of their own, into memory."""
    from ministack.core.responses import request_scope

    for (account_id, name), bucket in list(s3._buckets._data.items()):
        with request_scope(account_id, bucket.get("region") or "us-east-1"):
            for key, record in bucket["objects"].items():
                if record.get("body") is None:
                    record["body"] = s3._read_body(name, key, record)
            for (owner, place), versions in list(s3._object_versions._data.items()):
                if owner == account_id and place[0] == name:
                    for version in versions:
                        if version.get("data") is None and not version.get("is_delete_marker"):
                            version["data"] = s3._version_body(bucket, name, place[1], version)
