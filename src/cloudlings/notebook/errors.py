"""Errors of AWS in a cell: one line, the reason under it, and the traceback folded.

The error still is the cell's error: what runs after it, and what runs the notebook, sees it as ever.
"""

from __future__ import annotations

import re
import time
import traceback
from html import escape
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from IPython.display import display

from cloudlings.errors import CloudlingsError
from cloudlings.grading.home import find_home
from cloudlings.notebook import denials, session
from cloudlings.notebook.render import Card
from cloudlings.sandbox import Denied, Sandbox
from cloudlings.sandbox.guard import EndpointRefusedError

# Codes with which AWS says that a policy did not let a request through.
DENIALS = frozenset({
    "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AllAccessDisabled", "AuthorizationError",
    "AuthorizationErrorException", "Client.UnauthorizedOperation", "KMS.KMSAccessDeniedException", "403",
    "NotAuthorized", "UnauthorizedOperation",
})  # fmt: skip
_CLI_ERROR = re.compile(r"An error occurred \(([\w.]+)\) when calling the (\w+) operation")
# In the file names that IPython gives to cells.
_CELLS = ("ipykernel", "ipython-input")
# A denial that the sandbox noted longer ago than this is another one's.
_RECENT_SECONDS = 60


def install(shell: Any) -> None:
    """Show such errors so in this IPython, from now on."""
    shell.set_custom_exc((ClientError, BotoCoreError, EndpointRefusedError), _shown)


def _shown(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    tb: TracebackType,
    tb_offset: int | None = None,  # noqa: ARG001 IPython passes it by name
) -> list[str]:
    lines = short(error, tb)
    # What IPython itself does with a traceback, so that the frontend and the runner of a notebook see one.
    shell._showtraceback(kind, error, lines)
    display(card(error, tb))
    return lines


def short(error: BaseException, tb: TracebackType | None) -> list[str]:
    """The error in two lines: the learner's own line that led to it, and what it says."""
    own = [frame for frame in traceback.extract_tb(tb) if any(mark in frame.filename for mark in _CELLS)]
    where = [f"line {own[-1].lineno}: {own[-1].line}"] if own and own[-1].line else []
    return [*where, f"{type(error).__name__}: {error}"]


def card(error: BaseException, tb: TracebackType | None) -> Card:
    """Why, as far as the sandbox knows it, and the whole traceback folded."""
    whole = "".join(traceback.format_exception(type(error), error, tb))
    folded = (
        "<details><summary>The whole traceback</summary>"
        f'<pre style="white-space:pre-wrap">{escape(whole)}</pre></details>'
    )
    denied = denial_of(error)
    if denied is not None:
        reason = denials.card(denied)
        html = f"<p>Why this was denied:</p>{reason.html}{folded}"
        return Card(_framed(html), f"Why this was denied:\n{reason.text}")
    return Card(_framed(f"{_advice(error)}{folded}"), _advice(error))


def denial_of(error: BaseException) -> Denied | None:
    """The sandbox's own record of the denial that this error tells of; None for other errors, and where
    nothing is known."""
    if not isinstance(error, ClientError):
        return None
    if error.response.get("Error", {}).get("Code", "") not in DENIALS:
        return None
    return _newest(error.operation_name)


def last_denial(said: str) -> Denied | None:
    """The denial that the AWS CLI's words tell of: ``… occurred (CODE) when calling the X operation``."""
    found = _CLI_ERROR.search(said)
    return _newest(found[2]) if found and found[1] in DENIALS else None


def _newest(operation: str) -> Denied | None:
    """The newest denial of this operation in the open lab's accounts."""
    if session._open is None:
        return None
    try:
        sandbox = Sandbox.find(find_home())
        numbers = session._open.account_ids.values()
        found = [one for number in numbers for one in sandbox.denials(number, 20)] if sandbox else []
    except CloudlingsError:
        return None
    recent = [one for one in found if time.time() - one.time < _RECENT_SECONDS]
    fit = [one for one in recent if one.operation == operation]
    return max(fit, key=lambda one: one.time, default=None)


def _advice(error: BaseException) -> str:
    """A sentence where one helps; "" otherwise: AWS's own words are above."""
    if (
        isinstance(error, ClientError)
        and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    ):
        return "The sandbox failed on this request; cloudlings doctor looks at it."
    if isinstance(error, BotoCoreError) and "Could not connect" in str(error):
        return "The sandbox does not answer. cloudlings start starts it; your work in it is kept."
    return ""


def _framed(html: str) -> str:
    return f'<section aria-label="About this error" style="max-width:860px">{html}</section>'
