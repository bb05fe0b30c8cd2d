"""What was decided, bounded: the last denials of every account with their reasons, and the last decisions."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from typing import Any

from cloudlings.iam.decision import Decision
from cloudlings.sandbox.authorization.judge import Judgement
from cloudlings.sandbox.model import Call, Denied

# Kept of one account: denials with all that decided them, and decisions in a line each.
DENIALS, DECISIONS = 200, 5_000


@dataclass(frozen=True)
class _Denial:
    """A denial as it is kept: explained when somebody asks, not when it happens."""

    time: float
    service: str
    operation: str
    judged: Judgement


class DecisionLog:
    """Decisions by the account of the caller; those on anonymous callers by the account of the resource."""

    def __init__(self) -> None:
        self._denials: dict[str, deque[_Denial]] = defaultdict(lambda: deque(maxlen=DENIALS))
        self._decisions: dict[str, deque[tuple[float, str, str, str, str]]] = defaultdict(
            lambda: deque(maxlen=DECISIONS)
        )

    def add(self, call: Call, judged: Judgement) -> None:
        """Note what came of a request. Its body is not kept."""
        if not judged.decisions:
            return
        last, now = judged.decisions[-1], time.time()
        account = call.account_id or last.request.owner
        who = call.caller.arn if call.caller else ""
        named = f"{call.service}:{call.operation}"
        self._decisions[account].append((now, who, named, last.request.resource, last.outcome))
        if not judged.allowed:
            self._denials[account].append(_Denial(now, call.service, call.operation, judged))

    def denials(self, account_id: str, last: int) -> list[dict[str, Any]]:
        """The last denials of an account as the fields of ``Denied``, the newest first."""
        kept = list(self._denials.get(account_id, ()))[-last:] if last > 0 else []
        return [asdict(_told(one)) for one in reversed(kept)]

    def decisions(self, account_id: str, last: int) -> list[dict[str, Any]]:
        """The last decisions, the newest first: when, who, which operation on what, and what came out."""
        kept = list(self._decisions.get(account_id, ()))[-last:] if last > 0 else []
        names = ("time", "principal", "operation", "resource", "outcome")
        return [dict(zip(names, one, strict=True)) for one in reversed(kept)]

    def forget(self, account_id: str) -> None:
        """Drop an account's decisions: its lab was reset."""
        self._denials.pop(account_id, None)
        self._decisions.pop(account_id, None)


def _told(one: _Denial) -> Denied:
    # Needed for none of the gateway's answers, so not at its start.
    from cloudlings.iam.explanation import explain, explain_html, summary

    decisions = one.judged.decisions
    last = decisions[-1]
    return Denied(
        time=one.time,
        principal=str(last.request.principal),
        service=one.service,
        operation=one.operation,
        needed=tuple(map(str, one.judged.needed)),
        allowed=tuple(_named(decision) for decision in decisions if decision.allowed),
        missing=_named(last),
        summary=summary(last),
        explanation=explain(last),
        html=explain_html(last),
    )


def _named(decision: Decision) -> str:
    return f"{decision.request.action} on {decision.request.resource}"
