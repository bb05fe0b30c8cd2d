"""The system calls that learner code may not make: a filter in classic BPF, from the table ``syscalls.json``.

What changes mounts, namespaces, other processes, the clock, the kernel or its keys is refused, and so are
sockets that no network namespace holds (AF_VSOCK, AF_PACKET …) and calls newer than the table.
"""

from __future__ import annotations

import errno
import json
import platform
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloudlings.errors import GradingError

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE = 0, 4
# Of struct seccomp_data: the low half of an argument.
_FIRST, _SECOND = 16, 24
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
_NAMESPACES = 0x7E020000
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
# TIOCSTI types into the terminal of somebody else, TIOCLINUX pastes.
_TYPES_FOR_OTHERS = (0x5412, 0x541C)


def program() -> bytes:
    """The filter for this machine. Errors: GradingError for a processor that the table does not have."""
    table = json.loads(Path(__file__).with_name("syscalls.json").read_text())
    machine = platform.machine()
    if machine not in table:
        raise GradingError(
            f"There is no list of system calls for {machine}, so no box can be made here.",
            next_step="grade on x86_64 or aarch64",
        )
    return b"".join(_instructions(table[machine]))


def _instructions(calls: dict[str, Any]) -> Iterator[bytes]:
    yield _step(_LOAD, _MACHINE)
    yield _step(_EQUAL, calls["audit"], 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    if calls["foreign"]:
        yield from _when(_AT_LEAST, calls["foreign"], errno.ENOSYS)
    yield from _when(_AT_LEAST, calls["highest"] + 1, errno.ENOSYS)
    # Its flags are behind a pointer, which no filter can follow: libraries then fall back to clone.
    yield from _when(_EQUAL, calls["clone3"], errno.ENOSYS)
    for number in sorted(calls["refused"].values()):
        yield from _when(_EQUAL, number, errno.EPERM)
    yield from _looked_into(calls["clone"], _FIRST, [_when(_ANY_BIT, _NAMESPACES, errno.EPERM)])
    yield from _looked_into(
        calls["ioctl"], _SECOND, [_when(_EQUAL, request, errno.EPERM) for request in _TYPES_FOR_OTHERS]
    )
    yield from _only_families(calls["socket"])
    yield _step(_RETURN, _ALLOW)


def _looked_into(number: int, argument: int, checks: list[Iterator[bytes]]) -> Iterator[bytes]:
    """For one call: an argument loaded, checks of it, then the number again."""
    body = [step for check in checks for step in check]
    yield _step(_EQUAL, number, 0, len(body) + 2)
    yield _step(_LOAD, argument)
    yield from body
    yield _step(_RETURN, _ALLOW)


def _only_families(number: int) -> Iterator[bytes]:
    yield _step(_EQUAL, number, 0, len(_FAMILIES) + 2)
    yield _step(_LOAD, _FIRST)
    for place, family in enumerate(_FAMILIES):
        yield _step(_EQUAL, family, len(_FAMILIES) - place, 0)
    yield _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)


def _when(comparison: int, value: int, error: int) -> Iterator[bytes]:
    yield _step(comparison, value, 0, 1)
    yield _step(_RETURN, _ERRNO | error)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
