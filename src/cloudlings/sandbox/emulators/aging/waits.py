"""Step Functions' Wait states and pauses before a retry, which the test clock shortens.

Source: Step Functions Developer Guide, "Wait workflow state"; "Error handling", IntervalSeconds.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.aging import ages

_moved = threading.Condition()


def correct(stepfunctions: Any) -> None:
    """Let waiting executions follow their account's clock. Called when MiniStack has loaded the service."""
    from ministack.core.responses import get_account_id

    def wait(seconds: float) -> None:
        account_id, began = get_account_id(), time.time()
        with _moved:
            while (left := seconds * stepfunctions._SFN_WAIT_SCALE - clock.elapsed(account_id, began)) > 0:
                _moved.wait(left)

    stepfunctions._scaled_sleep = wait


@ages("stepfunctions")
def executions(_service: Any, _account_id: str, _seconds: float) -> None:
    """Whoever waits looks at the clock again."""
    with _moved:
        _moved.notify_all()
