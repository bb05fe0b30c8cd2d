"""The IAM engine: policy documents, decide any request with reasons, prove what a set of policies allows.

    policies = Policies.of(identity=[document], resource=bucket_policy)
    decision = decide(Request(Principal("user", arn), "s3:GetObject", "arn:aws:s3:::b/a.csv"), policies)
    decision.outcome        # "Allowed", "ExplicitDeny" or "ImplicitDeny"

What is not needed to decide (gathering from an account, explanations, proofs) is imported on first use.
"""

from __future__ import annotations

from typing import Any

from cloudlings.iam.decide import decide
from cloudlings.iam.decision import Decision, LayerVerdict
from cloudlings.iam.documents import parse
from cloudlings.iam.request import Grant, Policies, Principal, Request, Settings
from cloudlings.iam.statements import Condition, Place, Policy, Principals, Statement

# Public name -> the module that holds it, imported when first asked for.
_LAZY: dict[str, str] = {
    "Advice": "cloudlings.iam.advice",
    "Gathered": "cloudlings.iam.gathering",
    "Problem": "cloudlings.iam.validation",
    "explain": "cloudlings.iam.explanation",
    "explain_html": "cloudlings.iam.explanation",
    "gather": "cloudlings.iam.gathering",
    "is_public": "cloudlings.iam.public",
    "lint": "cloudlings.iam.advice",
    "near_misses": "cloudlings.iam.near",
    "summary": "cloudlings.iam.explanation",
    "validate": "cloudlings.iam.validation",
    "Access": "cloudlings.iam.questions",
    "Comparison": "cloudlings.iam.comparison",
    "Counterexample": "cloudlings.iam.comparison",
    "FULL_ACCESS": "cloudlings.iam.questions",
    "PublicAccess": "cloudlings.iam.questions",
    "between": "cloudlings.iam.questions",
    "prove": "cloudlings.iam.proof",
    "prove_resource_policy": "cloudlings.iam.questions",
    "public_access": "cloudlings.iam.questions",
    "who_can": "cloudlings.iam.questions",
}

__all__ = [
    "Condition", "Decision", "Grant", "LayerVerdict", "Place", "Policies", "Policy", "Principal",
    "Principals", "Request", "Settings", "Statement", "decide", "parse", *_LAZY,
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
