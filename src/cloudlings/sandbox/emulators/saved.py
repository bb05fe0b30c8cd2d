"""The file that an emulator keeps of one account: a header that anyone may read, and a checked body.

A file is written beside its place, flushed to the disk and renamed, so that there is always a whole one, and
never changed afterwards: a snapshot is a second name for it. The first line is JSON; the rest is a compressed
pickle, whose checksum the first line holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from cloudlings.errors import SandboxError

# Raised when the body's meaning changes. A file of another format is put aside, and its account told.
FORMAT = 2
SUFFIX = ".state"
_FASTEST = 1


@dataclass(frozen=True)
class Header:
    """What a file says of itself: ``format``, ``made_by`` (emulator and version), ``blobs`` that it refers
    to."""

    format: int
    made_by: str
    blobs: tuple[str, ...]
    checksum: str


def write(path: Path, made_by: str, body: bytes, blobs: tuple[str, ...] = ()) -> None:
    """Write an account's file; whoever reads ``path`` sees the old one or the new one."""
    packed = zlib.compress(body, _FASTEST)
    header = Header(FORMAT, made_by, blobs, _checksum(packed))
    replace(path, json.dumps(asdict(header)).encode() + b"\n" + packed)


def replace(path: Path, content: bytes) -> None:
    """Put a file in its place whole: beside it first, flushed to the disk, then renamed."""
    draft = path.with_name(f"{path.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read(path: Path, made_by: str) -> bytes:
    """The body of an account's file. Raises SandboxError, with the reason, when it is not to be used."""
    with path.open("rb") as file:
        header = _header(file.readline())
        packed = file.read()
    if header.format != FORMAT:
        raise SandboxError(
            f"it has format {header.format}, and this version of cloudlings reads format {FORMAT}"
        )
    if header.made_by != made_by:
        raise SandboxError(f"it was written by {header.made_by}, and this is {made_by}")
    if header.checksum != _checksum(packed):
        raise SandboxError("it is not whole: its checksum is another one")
    return zlib.decompress(packed)


def header_of(path: Path) -> Header:
    """The header alone. Raises SandboxError when there is none."""
    with path.open("rb") as file:
        return _header(file.readline())


def _header(line: bytes) -> Header:
    try:
        found = json.loads(line)
        return Header(found["format"], found["made_by"], tuple(found["blobs"]), found["checksum"])
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError("it is no file of an account's state, or one of before format 2") from error


def _checksum(packed: bytes) -> str:
    return hashlib.blake2b(packed, digest_size=16).hexdigest()
