"""The checker: a warm process beside the sandbox that grades, so that nobody forges a verdict in a kernel.

`Checker` is the handle that notebooks and the command line hold; `cloudlings.grading.checker.app` is what
answers on the other side.
"""

from cloudlings.grading.checker.client import Checker

__all__ = ["Checker"]
