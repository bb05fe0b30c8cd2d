"""Carrying out one check: a grader function on an account, and the verdict that comes of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cloudlings.account import Account, Evidence
from cloudlings.errors import EvidenceMissing, SandboxUnavailable
from cloudlings.grading.fixtures import Context, arguments
from cloudlings.grading.task import Because, NotAttempted, Task
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Brief

Accounts = Callable[[Task], Mapping[str, Account]]


def check(lab: str, task: Task, accounts: Accounts, brief: Brief) -> Verdict:
    """Checks one task and says what came of it; never raises for what a learner or a sandbox did.

    ``accounts`` makes fresh recorded views for this check (`Account` keeps one check's evidence).
    """
    started = time.perf_counter()
    views: Mapping[str, Account] = {}
    try:
        views = accounts(task)
        context = Context(views, brief)
        task.function(**arguments(task.function, context))
        verdict = _verdict(lab, task, Status.PASSED, found=f"{task.title}: done.")
    except NotAttempted as nothing:
        verdict = _verdict(lab, task, Status.NOT_ATTEMPTED, found=str(nothing))
    except AssertionError as failure:
        verdict = _failed(lab, task, failure)
    except SandboxUnavailable as down:
        verdict = _verdict(
            lab,
            task,
            Status.UNAVAILABLE,
            found=f"{down.message} This says nothing about your work, and no point is lost.",
            consequence=f"Next: {down.next_step}.",
        )
    except EvidenceMissing:
        raise
    except Exception:
        verdict = _broken(lab, task)
    return replace(verdict, evidence=_evidence(views), seconds=round(time.perf_counter() - started, 4))


def recheck(
    verdict: Verdict, task: Task, accounts: Mapping[str, str], brief: Brief, *, region: str = "us-east-1"
) -> Verdict:
    """The verdict that a (mended) grader gives on recorded evidence. ``accounts`` maps names to ids.

    ``region`` is the lab's first one, in which the graders read where they name none.

    Raises `EvidenceMissing` when the grader now reads what was not read then.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in accounts}
    for row in verdict.evidence:
        rows[row["account"]].append({key: value for key, value in row.items() if key != "account"})

    def replayed(task: Task) -> Mapping[str, Account]:
        return {
            name: Account(
                account_id, None, region=region, probes=task.probes, evidence=Evidence.from_json(rows[name])
            )
            for name, account_id in accounts.items()
        }

    return check(verdict.lab, task, replayed, brief)


def _failed(lab: str, task: Task, failure: AssertionError) -> Verdict:
    reason = failure.args[0] if failure.args else None
    if isinstance(reason, str) and reason:
        reason = Because(found=reason)
    if not isinstance(reason, Because):
        return _broken(lab, task)
    return _verdict(
        lab,
        task,
        Status.FAILED,
        found=reason.found,
        consequence=reason.consequence,
        counterexample=reason.counterexample,
        trace=tuple(reason.trace),
        concept=reason.concept,
        details=dict(reason.details),
    )


def _broken(lab: str, task: Task) -> Verdict:
    """A grader that crashed has said nothing about the learner's work, so it takes and gives nothing."""
    return _verdict(
        lab,
        task,
        Status.UNAVAILABLE,
        found="The check itself broke. This says nothing about your work, and no point is lost.",
        consequence="Next: check again; if it goes on, report it with the details below.",
        details={"traceback": traceback.format_exc()},
    )


def _verdict(lab: str, task: Task, status: Status, **parts: Any) -> Verdict:
    earned = task.points if status is Status.PASSED else 0
    return Verdict(lab, task.name, task.title, status, earned, task.points, **parts)


def _evidence(views: Mapping[str, Account]) -> tuple[dict[str, Any], ...]:
    return tuple({"account": name, **row} for name, view in views.items() for row in view.evidence.to_json())
