"""Step Functions' Wait states and pauses before a retry, which the test clock shortens.

Source: Step Functions Developer Guide, "Wait workflow state"; "Error handling", IntervalSeconds.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.aging import ages

_moved = threading.Condition()
_started = threading.local()
_LATE = 3.0


def correct(stepfunctions: Any) -> None:
    """Let waiting executions follow their account's clock. Called when MiniStack has loaded the service."""
    from ministack.core.responses import get_account_id

    def wait(seconds: float) -> None:
        account_id, began = get_account_id(), _began()
        with _moved:
            while (left := seconds * stepfunctions._SFN_WAIT_SCALE - clock.elapsed(account_id, began)) > 0:
                _moved.wait(left)

    run = stepfunctions._run_execution

    def run_execution(arn: str) -> None:
        execution = stepfunctions._executions.get(arn) or {}
        _started.at = _moment(execution.get("startDate"))
        run(arn)

    stepfunctions._scaled_sleep, stepfunctions._run_execution = wait, run_execution


def _moment(stamp: Any) -> float:
    try:
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return time.time()


def _began() -> float:
    """When a wait began: as the first thing of an execution it did so with it, however late its thread comes,
    so that a clock that is moved at once moves it."""
    started, _started.at = getattr(_started, "at", 0.0), 0.0
    return started if time.time() - started < _LATE else time.time()


@ages("stepfunctions")
def executions(_service: Any, _account_id: str, _seconds: float) -> None:
    """Whoever waits looks at the clock again."""
    with _moved:
        _moved.notify_all()
