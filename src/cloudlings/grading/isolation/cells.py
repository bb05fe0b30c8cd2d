"""The learner's side: an IPython shell that runs the cells it is sent, and says what they display.

What goes over the socket is JSON, an object a line, in the shape of Jupyter's messages. The other side
believes none of it: a cell can write here what it likes.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_LINE = 2**20
_CUT = 200_000
# Without one of these words nothing waits: `await`, `async for`, `async with`.
_WAITING = ("await", "async")
# Where IPython's own syntax can stand: magics, shell commands and calls at the beginning of a line or behind
# "=", and "?" at a line's end; it looks for them by taking a cell apart into tokens. A line that goes on in
# the next is left to it.
_IPYTHONS = re.compile(r"\s*[!?%,;/]|.*(?:=\s*[!%]|\?\s*(?:#.*)?$|\\\s*$)", re.DOTALL)
_Send = Callable[[str, Mapping[str, Any]], None]


def _unheard(_: str, __: Mapping[str, Any]) -> None:
    """Nobody listens before the first cell."""


_send: _Send = _unheard


def shell() -> Any:
    """The shell, made before anybody's code has run. Its history is nowhere."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.inputtransformer2 import TransformerManager
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Hook(DisplayHook):  # type: ignore[misc]
        def start_displayhook(self) -> None:
            """Nothing is written before a result."""

        def write_output_prompt(self) -> None:
            """No prompt."""

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:  # noqa: ARG002
            _send("execute_result", {"data": _plain(format_dict), "metadata": {}, "execution_count": None})

        def finish_displayhook(self) -> None:
            """Nothing is written after a result."""

    class Publisher(DisplayPublisher):  # type: ignore[misc]
        def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:  # noqa: ARG002
            _send("display_data", {"data": _plain(data), "metadata": {}})

        def clear_output(self, wait: bool = False) -> None:
            _send("clear_output", {"wait": bool(wait)})

    class Transformers(TransformerManager):  # type: ignore[misc]
        """IPython's, which need not look through a cell that cannot have anything for them."""

        def __init__(self) -> None:
            super().__init__()
            self._own = list(self.token_transformers)

        def do_token_transforms(self, lines: list[str]) -> list[str]:
            if self.token_transformers == self._own and not any(map(_IPYTHONS.match, lines)):
                return lines
            found: list[str] = super().do_token_transforms(lines)
            return found

    class Shell(InteractiveShell):  # type: ignore[misc]
        displayhook_class = Hook
        display_pub_class = Publisher

        def should_run_async(self, raw_cell: str, *, transformed_cell: Any = None, **rest: Any) -> bool:
            # IPython compiles a cell to find out whether it waits for something at its top level.
            if isinstance(transformed_cell, str) and not any(w in transformed_cell for w in _WAITING):
                return False
            found: bool = super().should_run_async(raw_cell, transformed_cell=transformed_cell, **rest)
            return found

        def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
            _send("error", {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)})

    config = Config()
    config.HistoryManager.enabled = False
    made = Shell.instance(config=config)
    made.input_transformer_manager = Transformers()
    # What a first cell would wait for.
    made.run_cell("None", store_history=False)
    return made


class _Stream:
    """Standard output or error, as messages: a line at a time, and what is left when anything else is shown.
    A ``print`` writes each of its words by itself."""

    encoding, errors = "utf-8", "replace"
    _turn = threading.RLock()

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self._descriptor = name, descriptor
        self._held: list[str] = []

    def write(self, text: str) -> int:
        with self._turn:
            for other in (sys.stdout, sys.stderr):
                if isinstance(other, _Stream) and other is not self:
                    other.flush()
            self._held.append(text)
            if "\n" in text or len(text) > _CUT:
                self.flush()
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._turn:
            text = "".join(self._held)
            self._held.clear()
            for start in range(0, len(text), _CUT):
                _send("stream", {"name": self.name, "text": text[start : start + _CUT]})

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._descriptor


def serve(made: Any, channel: socket.socket) -> None:
    """Run the cells that come until nobody sends any more; ends the process."""
    global _send
    lock = threading.Lock()

    def send(kind: str, content: Mapping[str, Any]) -> None:
        if kind != "stream":
            for written in streams:
                written.flush()
        line = json.dumps({"msg_type": kind, "content": content}, default=str).encode()
        if len(line) >= LONGEST_LINE:
            content = {"name": "stdout", "text": "… an output that is too large to be kept …\n"}
            line = json.dumps({"msg_type": "stream", "content": content}).encode()
        with lock:
            channel.sendall(line + b"\n")

    _send = send
    sys.stdout, sys.stderr = streams = _Stream("stdout", 1), _Stream("stderr", 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    lines = channel.makefile("rb")
    send("ready", {})
    while True:
        try:
            line = lines.readline()
            if not line:
                os._exit(0)
            made.run_cell(json.loads(line)["code"], store_history=False)
        except KeyboardInterrupt:
            pass  # it came a moment after the cell
        except SystemExit:
            pass  # as in a notebook, the kernel stays
        send("status", {"execution_state": "idle"})


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
