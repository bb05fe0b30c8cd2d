"""The calls of Linux that Python 3.11 has no name for. Each raises OSError with what it was about."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

FS, NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00000200, 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_HIGHEST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name for new ones; with `FS`, share root and working folder with no
    other thread."""
    _checked(_libc.unshare(flags), "unshare")


def enter(descriptor: int, flags: int = 0) -> None:
    """Enter the namespace that an open file of /proc/PID/ns names."""
    _checked(_libc.setns(descriptor, flags), "setns")


def mount(source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    done = _libc.mount(
        source.encode(),
        str(target).encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(done, f"mount {kind or source} on {target}")


def unmount(target: str | Path, flags: int = DETACH) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(str(target).encode(), flags), f"unmount {target}")


def bind(source: Path, target: Path, *, read_only: bool = True) -> None:
    """Show a file or a folder at another place, without devices and set-user-id."""
    mount(str(source), target, flags=BIND | REC)
    if read_only:
        mount("", target, flags=BIND | REMOUNT | RDONLY | NOSUID | _locked(target))


def _locked(target: Path) -> int:
    """What a user namespace may not take away from a mount: it has to be said again."""
    said = os.statvfs(target).f_flag
    # statvfs and mount number these alike.
    return said & (NOSUID | NODEV | NOEXEC | 1024 | 2048)


def become_root_of(folder: Path) -> None:
    """Make ``folder``, a mount point, the root of this mount namespace, and forget the old root."""
    os.chdir(folder)
    # Both at one place: the old root lies on top of the new one, and is taken off.
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def prctl(option: int, value: int = 0, more: int = 0) -> None:
    """prctl(2)."""
    _checked(_libc.prctl(option, value, more, 0, 0), f"prctl {option}")


def drop_capabilities() -> None:
    """Give up every capability, and the way to get one again."""
    for number in range(_HIGHEST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:
            break
    prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def map_only(uid: int, gid: int, *, of_uid: int, of_gid: int) -> None:
    """In a new user namespace: this process's user is ``uid`` inside, and nobody else is anybody."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {of_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {of_gid} 1")


def loopback_up() -> None:
    """Bring up ``lo`` in a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


@contextlib.contextmanager
def ended_with(descriptor: int) -> Iterator[None]:
    """For the block: this process is killed when the other end of a socket closes, or says anything, and by
    the kernel, whatever its threads are at."""
    set_signal, flags = 10, fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(descriptor, set_signal, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        before = select.poll()
        before.register(descriptor, select.POLLIN | select.POLLRDHUP)
        if before.poll(0):
            os.kill(os.getpid(), signal.SIGKILL)
        yield
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def gather_memory() -> None:
    """Put this process's own memory into huge pages, as far as the kernel can (from 6.1 on).

    A fork copies the table of its pages, and there are some hundred times fewer of them.
    """
    collapse, huge = 25, 2 * 2**20
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, *rest = line.split()
        if rights != "rw-p" or (len(rest) > 3 and rest[3] != "[heap]"):
            continue
        start, end = (int(number, 16) for number in place.split("-"))
        first, last = -(-start // huge) * huge, end // huge * huge
        if last > first:
            # What cannot be gathered stays as it is.
            _libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), collapse)


def set_filter(program: bytes) -> None:
    """Install a seccomp filter (classic BPF) for this process and all that it starts."""
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are.
    argument = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    pr_set_seccomp, filter_mode = 22, 2
    _checked(_libc.prctl(pr_set_seccomp, filter_mode, argument, 0, 0), "seccomp")
