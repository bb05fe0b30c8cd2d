"""The numbers of the refused system calls are the kernel's own, on each processor that the filter is for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cloudlings.grading.isolation import seccomp

TABLE = json.loads(Path(seccomp.__file__).with_name("syscalls.json").read_text())
# Of the kernel's headers (linux-libc-dev): aarch64 has the generic numbers.
HEADERS = {
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
}
# AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64: the ELF machine, 64 bits, little-endian.
ARCHITECTURES = {"aarch64": 183 | 0xC0000000, "x86_64": 62 | 0xC0000000}
# From Linux 6.8 on; the same on every processor, as is all from 424 on.
NEW = {"statmount": 457, "listmount": 458}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers(machine: str) -> None:
    """Each call is refused under its own number."""
    if not HEADERS[machine].is_file():
        pytest.skip("needs the kernel's headers")
    found = re.findall(
        r"^#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", HEADERS[machine].read_text(), re.MULTILINE
    )
    known = NEW | {name: int(number) for name, number in found}
    entry = TABLE[machine]
    ours = entry["refused"] | {name: entry[name] for name in ("clone", "clone3", "socket", "ioctl")}
    assert {name: number for name, number in ours.items() if known.get(name) != number} == {}
    # Nothing that is refused on one of them, and exists on the other, is let through there.
    wanted = {name for other in TABLE.values() for name in other["refused"]}
    assert sorted(wanted & known.keys() - ours.keys()) == []


@pytest.mark.parametrize("machine", HEADERS)
def test_machine(machine: str) -> None:
    """The filter ends what calls by another processor's numbers, and nothing newer than its table passes."""
    assert TABLE[machine]["audit"] == ARCHITECTURES[machine]
    assert TABLE[machine]["highest"] >= max(TABLE[machine]["refused"].values())
