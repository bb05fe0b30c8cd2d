"""What graders of policies share: reading a document, and saying what a proof found in words.

example = first_example(prove(granted, Policies.of(resource=reference), account=account.id), "over")
assert example is None, Because(found="…", consequence=sentence(example), counterexample=decided_by(example))
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from cloudlings.errors import PolicyError
from cloudlings.grading.task import Because
from cloudlings.iam import Policy, parse


def readable(document: Any, what: str) -> Policy:
    """A policy parsed by the engine; what it cannot read fails the task with the engine's words."""
    try:
        return parse(json.loads(document) if isinstance(document, str) else document, what)
    except (PolicyError, ValueError) as error:
        raise AssertionError(
            Because(
                found=f"The {what} cannot be read: {getattr(error, 'message', error)}",
                consequence="AWS would refuse it, or it would not do what it seems to say.",
                concept="Policies are exact: an unknown operator or element protects nothing.",
            )
        ) from None


def first_example(comparison: Any, direction: Literal["over", "under"]) -> Any:
    """The worst counterexample in one direction, None when there is none.

    A proof that did not end fails the task: what cannot be proven does not pass.
    """
    assert comparison.verdict != "not_proven", Because(
        found=f"This could not be decided for every request: {comparison.reason}.",
        consequence="What cannot be proven does not pass.",
        concept="A policy with fewer wildcards and conditions can be reasoned about, by people too.",
    )
    return next(iter(getattr(comparison, direction)), None)


def sentence(example: Any, *, without: Collection[str] = ()) -> str:
    """A counterexample as the beginning of a sentence: ``Anyone on the internet … can s3:GetObject …``.

    ``without``: condition keys that the question fixed, which say nothing about this example.
    """
    if example and without:
        kept = {key: value for key, value in example.request.context.items() if key not in without}
        example = replace(example, request=replace(example.request, context=kept))
    text = str(example.sentence) if example else ""
    return f"For example, {text}" if text.startswith("arn:") else text[:1].upper() + text[1:]


def decided_by(example: Any) -> str:
    """Which statements of the learner's decided a counterexample, or that none of them refuses it.

    A caller's own permissions, which the grader supposes, are no statement of the learner's.
    """
    statements = example.granted.statements if example else ()
    written = [s.label for s in statements if s.place.document not in ("", SUPPOSED)]
    if written:
        return f"Decided by {', '.join(written)}."
    return "No statement refuses it." if statements and example.direction == "over" else ""


SUPPOSED = "identity policy"
"""The name of a policy that was given to `Policies.of` as a document: the grader's, not the learner's."""


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": [dict(each) for each in statements]}


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """An Allow statement; ``Principal=`` and ``Condition=`` as further elements."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, condition: Mapping[str, Any]) -> dict[str, Any]:
    """A Deny for everybody under a condition."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": dict(condition),
    }
