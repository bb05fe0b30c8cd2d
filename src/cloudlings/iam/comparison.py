"""What a proof answers with: a verdict over all requests, and the requests that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cloudlings.iam import actions, data
from cloudlings.iam.decision import Decision
from cloudlings.iam.request import Request

Verdict = Literal["equal", "over", "under", "both", "not_proven"]
Direction = Literal["over", "under"]
CALLER_ORDER: Final = (
    "anonymous", "user", "session", "role", "federated-user", "service", "oidc", "saml", "root",
)  # fmt: skip
"""Types of caller, the one that says most to a reader first."""


@dataclass(frozen=True)
class Counterexample:
    """One request on which two sets of policies differ, with both decisions.

    ``direction`` is "over" when the request is granted and not needed, "under" when it is needed and
    refused. ``access_level`` is AWS's level of the action, "" for an action that AWS does not list.
    """

    request: Request
    direction: Direction
    granted: Decision
    needed: Decision
    access_level: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        """The worst first: by access level, then what a person knows best and reads fastest."""
        request = self.request
        known = data.action(request.action)
        rank = actions.rank(known) if known else (1, 10_000, request.action)
        root = request.principal.type == "root"
        return (
            root,
            *rank,
            CALLER_ORDER.index(request.principal.type),
            len(request.resource),
            len(request.context),
        )

    @property
    def sentence(self) -> str:
        """The request in words: ``user/ana can s3:DeleteObject arn:aws:s3:::app-data/a.csv (with …)``."""
        verb = "can" if self.direction == "over" else "cannot"
        context = _in_words(self.request)
        resource = "" if self.request.resource == "*" else f" {self.request.resource}"
        return f"{_caller(self.request)} {verb} {self.request.action}{resource}{context}"

    def __str__(self) -> str:
        return self.sentence


def _caller(request: Request) -> str:
    who = request.principal
    if who.type == "anonymous":
        return "anyone on the internet, without signing in,"
    if who.type == "service":
        return f"the service {who.arn}"
    names = {"session": "a session of", "root": "the root user"}
    return " ".join(part for part in (names.get(who.type, ""), who.role or who.arn or "") if part)


def _in_words(request: Request) -> str:
    parts = []
    for key, value in request.context.items():
        if value is None:
            parts.append(f"no {key}")
        elif isinstance(value, str):
            parts.append(f"{key} = {value!r}")
        else:
            parts.append(f"{key} = {value}")
    return f" ({', '.join(parts)})" if parts else ""


@dataclass(frozen=True)
class Comparison:
    """How what is granted compares with what is needed, over all requests.

    ``equal``, ``over`` (some requests are granted that are not needed), ``under`` (some are needed and
    refused), ``both``, or ``not_proven``: the search had to stop, so nothing may be concluded.
    Counterexamples come worst first: by access level, then the shortest. A comparison that is not proven
    keeps those it met.
    """

    verdict: Verdict
    over: tuple[Counterexample, ...] = ()
    under: tuple[Counterexample, ...] = ()
    reason: str = ""
    """Why it is not proven; empty otherwise."""
    decided: int = 0
    """How many kinds of request were put to ``decide``."""
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        """Proven: exactly what is needed."""
        return self.verdict == "equal"

    @property
    def grants_no_more(self) -> bool:
        """Proven: nothing is granted beyond the need."""
        return self.verdict in ("equal", "under")

    @property
    def grants_enough(self) -> bool:
        """Proven: everything needed is granted."""
        return self.verdict in ("equal", "over")

    @property
    def worst(self) -> Counterexample | None:
        """The first counterexample: of those granted in excess, else of those refused."""
        return next(iter((*self.over, *self.under)), None)

    def __str__(self) -> str:
        if self.verdict == "not_proven":
            return f"not proven: {self.reason}"
        return "\n".join([self.verdict, *(f"  {example}" for example in (*self.over, *self.under))])
