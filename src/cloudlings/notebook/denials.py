"""``why()``: what the last denied requests needed, what they were allowed, and what was missing."""

from __future__ import annotations

import time
from html import escape

from IPython.display import display

from cloudlings.errors import SandboxUnavailable
from cloudlings.grading.home import find_home
from cloudlings.notebook import session
from cloudlings.notebook.render import Card
from cloudlings.notebook.session import for_people
from cloudlings.sandbox import Denied, Sandbox


@for_people
def why(last: int = 1) -> None:
    """Shows why your last request was denied, or your ``last`` ones, the newest first."""
    lab = session._lab()
    sandbox = Sandbox.find(find_home())
    if sandbox is None:
        raise SandboxUnavailable("The sandbox is not running.", next_step=f'open_lab("{lab.lab}")')
    found = [one for number in lab.account_ids.values() for one in sandbox.denials(number, last)]
    newest = sorted(found, key=lambda denied: denied.time, reverse=True)[:last]
    if not newest:
        print(f"Nothing has been denied in {lab.title} since the sandbox started.")
    for denied in newest:
        display(card(denied))


def card(denied: Denied) -> Card:
    """One denial: each permission with its mark, then the decision on the missing one, layer by layer."""
    at = time.strftime("%H:%M:%S", time.localtime(denied.time))
    head = f"{at}  {denied.service}:{denied.operation}  by {denied.principal}"
    marks = [f"{mark:<9} {need}" for need, mark in denied.marks]
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(mark)}</th>'
        f'<td style="text-align:left"><code>{escape(need)}</code></td></tr>'
        for need, mark in denied.marks
    )
    html = f"<p><strong>{escape(head)}</strong></p><table>{rows}</table>{denied.html}"
    return Card(html, "\n".join([head, *(f"  {mark}" for mark in marks), "", denied.explanation]))
