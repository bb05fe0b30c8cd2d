"""A kernel provisioner of Jupyter's by which a notebook's kernel runs in a box: ``cloudlings-box``.

A kernel spec names it (``metadata.kernel_provisioner.provisioner_name``), or a manager that is a
`BoxedKernelManager` does so for whatever Python kernel a notebook asks for. A course's ``nbgrader autograde``
uses it for assignments that are no labs; a lab's submission runs in the zygote's box, see `grade`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Float, Int

from cloudlings.errors import GradingError
from cloudlings.grading.isolation import client

NAME = "cloudlings-box"
_MODULE = "cloudlings.grading.nbgrader.boxed_kernel"


class BoxedProvisioner(LocalProvisioner):
    """Launches `boxed_kernel` in place of the spec's own command, with nothing of this environment.

    Limits are the stanza's ``config`` in the kernel spec. Errors: GradingError where no box can be had.
    """

    cell_seconds = Float(120.0, help="How long one cell may run.").tag(config=True)
    submission_seconds = Float(900.0, help="How long all cells may run.").tag(config=True)
    memory_megabytes = Int(2048, help="The address space of each process.").tag(config=True)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Called by the kernel manager before each launch."""
        client.require()
        ready = await super().pre_launch(**kwargs)
        ready["cmd"] = [
            sys.executable, "-P", "-m", _MODULE,
            "--cell-seconds", str(self.cell_seconds),
            "--submission-seconds", str(self.submission_seconds),
            "--memory", str(self.memory_megabytes * 2**20),
            "-f", str(self.parent.connection_file),
        ]  # fmt: skip
        if ready.get("cwd"):
            ready["cmd"] += ["--files", str(Path(ready["cwd"]).absolute())]
        ready |= {"env": client.bare_environment(), "cwd": "/"}
        return ready


class BoxedKernelManager(AsyncKernelManager):
    """Starts any Python kernel in a box, whatever its spec says of its command."""

    cell_seconds = Float(120.0, help="How long one cell may run.").tag(config=True)
    submission_seconds = Float(900.0, help="How long all cells may run.").tag(config=True)
    memory_megabytes = Int(2048, help="The address space of each process.").tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """The notebook's kernel, by way of the box. Errors: GradingError for another language's."""
        spec = super().kernel_spec
        if spec is not None and spec.language != "python":
            raise GradingError(
                f"The kernel {spec.display_name!r} is {spec.language}'s, and only Python runs in a box.",
                next_step="c.GradeOnAccount.trust_submissions = True, if you trust these students",
            )
        if spec is not None:
            names = ("cell_seconds", "submission_seconds", "memory_megabytes")
            config = {name: getattr(self, name) for name in names}
            spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME, "config": config}
        return spec
