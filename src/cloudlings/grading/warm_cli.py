"""The AWS CLI held ready: an ``aws`` for scripts that asks a process which has it imported.

Python and the CLI take half a second to start, most of what a script of a few commands takes. The program
that is asked is the same: each command is a fork of a process that has imported it and done nothing. That is
a process of its own, ``python -m cloudlings.grading.warm_cli ADDRESS``, for the CLI brings its own botocore.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import select
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from cloudlings.grading.isolation import warming

# What it needs is built in, so that it starts in ten milliseconds. The command's input and output do not pass
# through it: the descriptors themselves are handed on.
_ASK = """#!{python} -ISE
import _socket, os, sys

asked = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
try:
    asked.connect({address!r})
except OSError:
    os.execv({program!r}, [{program!r}, *sys.argv[1:]])
words = [os.fsencode(each) for each in (os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:])]
words += [name + b"=" + value for name, value in os.environb.items()]
text = b"\\0".join(words)
standard = b"".join(each.to_bytes(4, sys.byteorder) for each in (0, 1, 2))
asked.sendmsg([b"%d\\0" % len(text)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, standard)])
asked.sendall(text)
said = asked.recv(1)
sys.exit(said[0] if said else 255)
"""
_BYTES = 2**16


class WarmCli:
    """An ``aws`` in a folder of its own, ``folder``, to be put first on the PATH; gone with ``close``."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="cloudlings-aws-")
        self.folder = self._place.name
        address = f"{self.folder}/aws.sock"
        program = Path(self.folder) / "aws"
        real = str(Path(sys.executable).with_name("aws"))
        program.write_text(_ASK.format(python=sys.executable, address=address, program=real))
        program.chmod(0o755)
        command = [sys.executable, "-P", "-m", "cloudlings.grading.warm_cli", address]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        # A line once it listens; nothing if it could not start: then the folder's `aws` is the real one.
        self._process.stdout.readline()

    def close(self) -> None:
        """End it; what a command still does ends by itself."""
        self._process.kill()
        self._process.communicate()
        self._place.cleanup()


def serve(address: str) -> None:
    """Run commands until the standard input ends."""
    import awscli.clidriver

    # Imported before anything else asks for botocore, it brings its own.
    warming.read_files_once()
    # Half of the CLI is imported when its first command comes.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        awscli.clidriver.create_clidriver().main(["--version"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while 0 not in select.select([0, listener.fileno()], [], [])[0]:
            asked, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(asked)
            asked.close()


def _answer(asked: socket.socket) -> NoReturn:
    """One command, from the socket's first word to its exit code. Never returns."""
    status = 255
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        folder, words, environment = _read(asked)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        _customize()
        status = _run(words)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        asked.send(bytes([status & 255]))
        os._exit(status & 255)


def _read(asked: socket.socket) -> tuple[str, list[str], dict[str, str]]:
    """The folder, the words after ``aws`` and the environment; the standard descriptors are put in place."""
    said, descriptors, _, _ = socket.recv_fds(asked, _BYTES, 3)
    length, _, text = said.partition(b"\0")
    while len(text) < int(length):
        text += asked.recv(_BYTES)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    folder, count, *rest = (os.fsdecode(each) for each in text.split(b"\0"))
    words, variables = rest[: int(count)], rest[int(count) :]
    return folder, words, dict(each.split("=", 1) for each in variables)


def _customize() -> None:
    """What the environment has every Python import as it starts: the sandbox's guard stands there."""
    sys.path[:0] = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    sys.modules.pop("sitecustomize", None)
    site.execsitecustomize()


def _run(words: list[str]) -> int:
    import awscli
    from awscli.clidriver import main

    # It tells botocore by the environment where its data is.
    importlib.reload(awscli)
    # As a process finds them that has started now.
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = ["aws", *words]
    try:
        sys.exit(main())
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
