"""What a learner's notebook imports.

    from cloudlings.notebook import *
    brief = open_lab("030-s3-policies")

`open_lab` points every AWS tool of this kernel at the sandbox and gives the personal values; `check` shows a
verdict, `hint` the next hint, `answer` hands in a value, `progress` shows where you are, `reset_lab` starts
over. `draw` draws a VPC, `reach` follows a packet, `can` asks whether a principal may, `why` shows why
your last request was denied, `cost` prices a month, `as_role` gives a session as one of your roles. `undo`
takes back your last change, `checkpoint` keeps the account under a name, `rewind` returns to one.

`%%aws` runs AWS CLI commands, `%%cfn STACK` makes a stack from the template in the cell.
"""

from cloudlings.notebook.account import can, cost, draw, reach
from cloudlings.notebook.denials import why
from cloudlings.notebook.past import checkpoint, rewind, undo
from cloudlings.notebook.roles import as_role
from cloudlings.notebook.session import answer, check, hint, open_lab, progress, reset_lab

__all__ = [
    "answer",
    "as_role",
    "can",
    "check",
    "checkpoint",
    "cost",
    "draw",
    "hint",
    "open_lab",
    "progress",
    "reach",
    "reset_lab",
    "rewind",
    "undo",
    "why",
]
