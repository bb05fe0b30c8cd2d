"""The course's secret: what hidden values are made from. It stays beside the gradebook."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cloudlings.errors import CourseError

FILE = "course_secret"


def make_secret(course: Path) -> Path:
    """Writes a new secret that only its owner can read. Errors: CourseError where one is already."""
    path = course / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CourseError(
            f"{path} is already there.", next_step="keep it: every hidden value hangs on it"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    return path


def secret_of(course: Path) -> str:
    """The secret's text, "" for a course that has none."""
    try:
        return (course / FILE).read_text().strip()
    except FileNotFoundError:
        return ""


def hidden_seed(course: Path, lab: str, student: str) -> str:
    """What the hidden values (events, inputs) of one student in one lab are made from: nobody else can."""
    message = "\0".join((lab, student)).encode()
    return hmac.new(secret_of(course).encode(), message, hashlib.sha256).hexdigest()
