"""Compare two sets of policies over all requests, with the worst counterexamples first.

    found = prove(granted=Policies.of(identity=[written]), needed=Policies.of(identity=[the_need]))
    found.verdict          # "equal", "over", "under", "both" or "not_proven"
    print(found.worst)     # arn:…:user/carlos can s3:DeleteObject arn:aws:s3:::app-data/report.csv

Every verdict rests on ``decide``: requests are cut down to the finitely many kinds that the policies can
tell apart, and one of each kind is decided on both sides. Past a limit the answer is "not_proven".
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest
from typing import Final

from cloudlings.iam.comparison import Comparison, Counterexample, Direction, Verdict
from cloudlings.iam.data import Action
from cloudlings.iam.decide import decide
from cloudlings.iam.difference import Difference
from cloudlings.iam.patterns import until
from cloudlings.iam.request import ContextValue, Policies, Principal, Request
from cloudlings.iam.space import Bounds, NotProvenError, Space

SECONDS: Final = 2.0
"""How much computing time a search may take; typical ones take a hundredth of it."""
_KEPT = 400
"""How many differences of each direction are kept to choose the worst from."""


def prove(
    granted: Policies,
    needed: Policies,
    *,
    principals: Iterable[Principal] = (),
    actions: Iterable[str] = (),
    resources: Iterable[str] = (),
    context: Mapping[str, ContextValue] | None = None,
    existing: Iterable[str] = (),
    account: str = "",
    as_aws_sends: bool = False,
    outsiders_may: bool = False,
    limit: int = 3,
    seconds: float = SECONDS,
) -> Comparison:
    """Whether ``granted`` allows exactly what ``needed`` allows, over all requests.

    ``principals``, ``actions`` and ``resources`` (patterns) narrow the question; ``context`` fixes condition
    keys (None: absent). ``existing`` are ARNs that exist: counterexamples name one of them where they can.
    ``account`` owns the resources (default: the one that the policies name). ``as_aws_sends`` leaves out
    requests that AWS never makes: a key that the action does not carry, or lacking one that is always there.
    ``outsiders_may``: callers of other accounts may do anything as far as their own account goes, so
    that only the resource's policy decides. At most ``limit`` counterexamples of each
    direction are returned. After ``seconds`` of computing time the answer is "not_proven".

    Raises PolicyError when a policy uses what the engine does not know.
    """
    started = time.monotonic()
    bounds = Bounds(
        tuple(principals), tuple(actions), tuple(resources), dict(context or {}), tuple(existing), account,
        as_aws_sends, outsiders_may, seconds,
    )  # fmt: skip
    space = Space(granted, needed, bounds)
    found = _Worst()
    reason = ""
    try:
        with until(space.too_late):
            for difference in space.differences():
                found.add(difference)
    except NotProvenError as stopped:
        reason = str(stopped)
    over, under = (_shown(space, found.of(side), limit) for side in (True, False))
    reason = reason or " ".join(space.reasons)
    verdict = _verdict(found, reason)
    return Comparison(
        verdict,
        over,
        under,
        reason if verdict == "not_proven" else "",
        space.decided,
        time.monotonic() - started,
    )


class _Worst:
    """The differences of each direction, cut to the worst when there are many."""

    def __init__(self) -> None:
        self._kept: dict[bool, list[Difference]] = {True: [], False: []}

    def add(self, difference: Difference) -> None:
        """Keep it, and drop the mildest when there are too many."""
        kept = self._kept[difference.over]
        kept.append(difference)
        if len(kept) >= 2 * _KEPT:
            self._kept[difference.over] = nsmallest(_KEPT, kept, key=Difference.order)

    def of(self, over: bool) -> list[Difference]:
        """Those of one direction, the worst first."""
        return sorted(self._kept[over], key=Difference.order)


def _verdict(found: _Worst, reason: str) -> Verdict:
    over, under = bool(found.of(True)), bool(found.of(False))
    if over and under:
        return "both"
    if reason:
        return "not_proven"
    return "over" if over else "under" if under else "equal"


def _shown(space: Space, differences: Sequence[Difference], limit: int) -> tuple[Counterexample, ...]:
    """The worst as counterexamples; each class of actions has one before any has a second."""
    return tuple(sorted(_chosen(space, differences, limit), key=lambda one: one.order))


def _chosen(space: Space, differences: Sequence[Difference], limit: int) -> Iterable[Counterexample]:
    found: dict[tuple[object, ...], Counterexample] = {}
    for again in (False, True):
        met: set[object] = set()
        for difference in differences:
            for action in difference.actions.members if again else difference.actions.members[:1]:
                if len(found) >= limit:
                    return found.values()
                if not again and action.name in met:
                    continue
                met.add(action.name)
                key = (action.name, difference.caller, difference.resource, difference.context)
                if key not in found and (example := _confirmed(space, difference, action)):
                    found[key] = example
    return found.values()


def _confirmed(space: Space, difference: Difference, action: Action) -> Counterexample | None:
    """The difference as a request that ``decide`` confirms, in its most readable form that holds."""
    granted, needed = space.sides_for(difference.caller)
    direction: Direction = "over" if difference.over else "under"
    for resource in dict.fromkeys((space.readable(difference), difference.resource)):
        request = Request(
            difference.caller, action.name, resource, difference.owner, dict(difference.context)
        )
        one, other = decide(request, granted), decide(request, needed)
        if one.allowed != other.allowed and one.allowed == difference.over:
            example = Counterexample(request, direction, one, other, action.access_level)
            return _plainer(space, example, granted, needed)
    return None


def _plainer(space: Space, example: Counterexample, granted: Policies, needed: Policies) -> Counterexample:
    """The same without the condition keys that play no part in it."""
    for key in tuple(example.request.context):
        if space.must_have(key):
            continue
        context = {name: value for name, value in example.request.context.items() if name != key}
        request = replace(example.request, context=context)
        one, other = decide(request, granted), decide(request, needed)
        if (one.allowed, other.allowed) == (example.granted.allowed, example.needed.allowed):
            example = replace(example, request=request, granted=one, needed=other)
    return example
