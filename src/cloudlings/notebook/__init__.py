"""What a learner's notebook imports.

    from cloudlings.notebook import *
    brief = open_lab("030-s3-policies")

`open_lab` points every AWS tool of this kernel at the sandbox and gives the personal values; `check` shows a
verdict, `hint` the next hint, `answer` hands in a value, `progress` shows where you are, `reset_lab` starts
over. `draw` draws a VPC, `reach` follows a packet, `can` asks whether a principal may, `why` shows why
your last request was denied, `cost` prices a month, `as_role` gives a session as one of your roles.
"""

from cloudlings.notebook.account import can, cost, draw, reach
from cloudlings.notebook.denials import why
from cloudlings.notebook.roles import as_role
from cloudlings.notebook.session import answer, check, hint, open_lab, progress, reset_lab

__all__ = [
    "answer",
    "as_role",
    "can",
    "check",
    "cost",
    "draw",
    "hint",
    "open_lab",
    "progress",
    "reach",
    "reset_lab",
    "why",
]
