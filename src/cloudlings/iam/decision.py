"""What ``decide`` answers: the outcome, what every layer said, which statements decided, what was missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cloudlings.iam.request import Policies, Request
from cloudlings.iam.statements import Statement

Outcome = Literal["Allowed", "ExplicitDeny", "ImplicitDeny"]
Layer = Literal[
    "rule", "rcp", "scp", "vpce", "public-access-block", "resource", "trust", "grant", "identity", "boundary",
    "session",
]  # fmt: skip
"""A layer of policies. "rule" is a service's own rule that no policy changes, "trust" the resource policy
of a role, "public-access-block" S3's RestrictPublicBuckets."""
Verdict = Literal["allow", "deny", "silent", "not-applicable"]


@dataclass(frozen=True)
class LayerVerdict:
    """What one layer of policies said: "silent" is a layer with a say that allowed nothing.

    ``statements`` are those that matched and made the verdict. ``note`` says in a few words why, where
    that is not plain ("no boundary is set", "a grant to the account only delegates").
    """

    layer: Layer
    verdict: Verdict
    statements: tuple[Statement, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """The answer to one request.

    ``layers`` stand in the order in which AWS evaluates them. ``statements`` decided: the denying ones
    of an explicit deny, the allowing ones of an allow, none of an implicit deny, whose ``missing``
    names the layers that would have had to allow. ``policies`` are those that were asked.
    """

    request: Request
    outcome: Outcome
    layers: tuple[LayerVerdict, ...] = ()
    statements: tuple[Statement, ...] = ()
    missing: tuple[LayerVerdict, ...] = ()
    policies: Policies | None = field(default=None, repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.outcome == "Allowed"

    def layer(self, name: Layer) -> LayerVerdict:
        """The verdict of one layer; "not-applicable" when it had no say."""
        for found in self.layers:
            if found.layer == name:
                return found
        return LayerVerdict(name, "not-applicable")
