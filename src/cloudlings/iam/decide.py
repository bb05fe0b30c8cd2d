"""Decide one request: AWS's published evaluation logic over every policy that has a say."""

from __future__ import annotations

from cloudlings.iam.decision import Decision
from cloudlings.iam.request import Policies, Request


def decide(request: Request, policies: Policies) -> Decision:
    """Whether ``policies`` let ``request`` through, with the reasons.

    Raises PolicyError when a policy or the request uses what the engine does not know.
    """
    raise NotImplementedError
