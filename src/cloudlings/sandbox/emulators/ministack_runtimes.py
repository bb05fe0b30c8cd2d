"""Functions of other runtimes, as MiniStack starts them: Node.js and custom ones, boxed where they can be."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloudlings.sandbox.emulators import function_box, function_process

PATH = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"
_MEANT = (
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)


def correct(runtime: Any, service: Any, longest: float) -> None:
    """Box what MiniStack starts, and end what takes longer than ``longest`` seconds to load."""
    runtime.subprocess = service.subprocess = OtherRuntimes()
    runtime.Worker._spawn = _ended_in_time(runtime.Worker._spawn, longest)


class OtherRuntimes:
    """By what MiniStack starts the processes of other runtimes: boxed, where that can be."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    @staticmethod
    def Popen(command: Sequence[str], **settings: Any) -> Any:  # noqa: N802
        """A process with none of this one's variables but those that MiniStack means it to have."""
        own, folder = dict(settings.pop("env", None) or {}), Path(settings["cwd"])
        own = {name: value for name, value in own.items() if os.environ.get(name) != value or name in _MEANT}
        if function_box.available():
            own_folder = folder.parent if folder.name == "code" else folder
            command = [*function_box.shared(own_folder, folder), *command]
        return function_process.start(command, env=own | {"PATH": PATH}, **settings)


def _ended_in_time(spawn: Any, longest: float) -> Any:
    """MiniStack waits for ever for other runtimes' code to load; a process that does not is ended."""

    def spawn_in_time(worker: Any) -> None:
        def end() -> None:
            process = worker._proc
            if process is not None:
                process.kill()

        timer = threading.Timer(longest, end)
        timer.daemon = True
        timer.start()
        try:
            spawn(worker)
        finally:
            timer.cancel()

    return spawn_in_time
