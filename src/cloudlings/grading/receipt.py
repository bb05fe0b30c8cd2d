"""A receipt: what one learner passed in one lab, signed, with the evidence to check it again.

It proves that its words are those that were signed, and that the graders, run again on the evidence in it,
say the same. It does not prove who worked, with whose help, nor that the account was a real one: sandbox and
key are the learner's own. Whoever needs that grades a submission instead.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import cloudlings
from cloudlings.errors import EvidenceMissing, GradingError, LabError
from cloudlings.grading.engine import recheck
from cloudlings.grading.records import Records
from cloudlings.grading.standing import RECORDS
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.verdict import Verdict
from cloudlings.lab import Catalogue, account_id, brief_for

KEY = "receipt-key"
FORMAT = 1
PROVES = (
    "This receipt was not changed since it was signed.",
    "The graders, run again on the evidence in it, say the same, for the personal values of this id.",
)
DOES_NOT_PROVE = (
    "Who did the work, and with whose help: the key is the learner's own.",
    "That the evidence was recorded by a sandbox as it was delivered: it is on the learner's own machine.",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was verified: what, whether it holds, and why not."""

    what: str
    holds: bool
    why: str = ""


def make(root: Path, home: Path, lab: str, seed: str) -> dict[str, Any]:
    """The signed receipt of a lab, as JSON. Errors: GradingError when no task of it was ever checked."""
    header = Catalogue(root).header(lab)
    records = Records(home / RECORDS)
    rows = [
        {"title": task.title, "max_points": task.points, **_task(records, header.name, task.name, seed)}
        for task in tasks_of(root, header.name)
    ]
    if not any(row["verdict"] for row in rows):
        raise GradingError(
            f"Nothing was checked in {header.name} yet.", next_step=f"cloudlings check {header.name}"
        )
    content = {
        "format": FORMAT, "cloudlings": cloudlings.__version__, "lab": header.name, "title": header.title,
        "id": seed, "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "points": sum(row["points"] for row in rows), "max_points": sum(row["max_points"] for row in rows),
        "tasks": rows, "proves": list(PROVES), "does_not_prove": list(DOES_NOT_PROVE),
    }  # fmt: skip
    key = _key(home)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = key.sign(_canonical(content))
    return {**content, "key": _text(public), "signature": _text(signature)}


def verify(root: Path, receipt: Mapping[str, Any], expected_id: str | None = None) -> Iterator[Finding]:
    """What holds of a receipt: its signature, its id, and each verdict by the graders of this checkout.

    ``expected_id`` is whose it should be. Errors: GradingError for what is no receipt.
    """
    _check_shape(receipt)
    yield _signed(receipt)
    if expected_id is not None:
        same = receipt["id"] == expected_id
        yield Finding(
            f"made for the id {expected_id}", same, "" if same else f"it was made for {receipt['id']}"
        )
    total = sum(row["points"] for row in receipt["tasks"])
    why = "" if total == receipt["points"] else f"the tasks make {total}"
    yield Finding(f"{receipt['points']} of {receipt['max_points']} points add up", not why, why)
    yield from _rerun(root, receipt)


def _rerun(root: Path, receipt: Mapping[str, Any]) -> Iterator[Finding]:
    header, seed = Catalogue(root).header(receipt["lab"]), str(receipt["id"])
    brief = brief_for(header, seed)
    accounts = {name: account_id(header.name, seed, name) for name in header.accounts}
    tasks = {task.name: task for task in tasks_of(root, header.name)}
    for row in receipt["tasks"]:
        what = f"{row['task']}: {row['status']}, {row['points']} of {row['max_points']} points"
        if not row["verdict"]:
            yield Finding(what, not row["points"], "points without evidence" if row["points"] else "")
            continue
        if row["task"] not in tasks:
            yield Finding(what, False, "this checkout has no such task")
            continue
        verdict = Verdict.from_json(row["verdict"])
        try:
            again = recheck(verdict, tasks[row["task"]], accounts, brief, region=header.regions[0])
        except (EvidenceMissing, KeyError) as missing:
            yield Finding(what, False, f"the evidence is not enough to check it again ({missing})")
            continue
        claimed, found = (row["status"], row["points"]), (str(again.status), again.points)
        why = "" if claimed == found else f"checked again it is {found[0]}, {found[1]} points: {again.found}"
        yield Finding(what, not why, why)


def read(path: Path) -> dict[str, Any]:
    """A receipt from its file. Errors: GradingError for what is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(
            f"{path} cannot be read: {error.strerror}.", next_step="name the receipt's file"
        ) from None
    except ValueError:
        found = None
    _check_shape(found)
    assert isinstance(found, dict)
    return found


def _check_shape(receipt: object) -> None:
    wanted = {"format", "lab", "id", "points", "max_points", "tasks", "key", "signature"}
    if not isinstance(receipt, Mapping) or not wanted <= set(receipt):
        raise GradingError("This is no receipt.", next_step="cloudlings receipt make LAB writes one")
    if receipt["format"] != FORMAT:
        raise GradingError(
            f"This receipt has format {receipt['format']}, and this version reads {FORMAT}.",
            next_step="verify it with the version that made it",
        )


def _task(records: Records, lab: str, task: str, seed: str) -> dict[str, Any]:
    standing = records.standing(lab, task, seed)
    verdict = records.best(lab, task, seed)
    return {
        "task": task,
        "status": str(standing.status),
        "points": standing.points,
        "attempts": standing.attempts,
        "hints": standing.hints,
        "verdict": verdict.to_json() if verdict else None,
    }


def _signed(receipt: Mapping[str, Any]) -> Finding:
    content = {name: value for name, value in receipt.items() if name not in ("key", "signature")}
    what = f"signed with the key {str(receipt['key'])[:12]}…"
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(receipt["key"]), validate=True))
        public.verify(base64.b64decode(str(receipt["signature"]), validate=True), _canonical(content))
    except (InvalidSignature, ValueError):
        return Finding(what, False, "it was changed after it was signed, or the key is another's")
    return Finding(what, True)


def _key(home: Path) -> Ed25519PrivateKey:
    """The home's own key, made on first use and readable by its owner alone."""
    path = home / KEY
    if not path.exists():
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
