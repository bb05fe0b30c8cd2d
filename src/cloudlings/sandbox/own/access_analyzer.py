"""IAM Access Analyzer's policy checks on their real API, answered by the policy engine.

Source: IAM Access Analyzer API reference, ValidatePolicy, CheckNoNewAccess, CheckAccessNotGranted,
CheckNoPublicAccess.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cloudlings.errors import PolicyError
from cloudlings.sandbox import shapes
from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers

if TYPE_CHECKING:
    from cloudlings.iam.validation import Kind
    from cloudlings.sandbox.own.analyzer.access import Reason

_TYPES: Final[Mapping[str, Kind]] = {
    "IDENTITY_POLICY": "inline", "SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp",
    "RESOURCE_POLICY": "key",
}  # fmt: skip
_ATTACHED: Final[Mapping[str, Kind]] = {
    "AWS::S3::Bucket": "bucket", "AWS::IAM::AssumeRolePolicyDocument": "trust",
}  # fmt: skip
_PAGE: Final = 100


@answers("accessanalyzer", "ValidatePolicy")
async def validate_policy(given: Handling) -> Answer:
    """The findings about a policy: errors, security warnings, warnings, suggestions, each with its place."""
    asked = given.input
    refused = _unknown_value(
        asked, "ValidatePolicyRequest", "policyType", "validatePolicyResourceType", "locale"
    )
    if refused is not None:
        return refused
    attached = asked.get("validatePolicyResourceType")
    if attached and asked["policyType"] != "RESOURCE_POLICY":
        return Refusal("ValidationException", "A resource type goes with the policy type RESOURCE_POLICY.")
    kind = _ATTACHED.get(attached or "", _TYPES[asked["policyType"]])
    text = str(asked.get("policyDocument", ""))
    found = await asyncio.to_thread(_findings, text, kind, kind == "key")
    return page(found, "findings", asked)


def _findings(text: str, kind: Kind, generic: bool) -> list[Output]:
    from cloudlings.sandbox.own.analyzer.checks import check, shown

    return [shown(finding, text) for finding in check(text, kind, generic=generic)]


@answers("accessanalyzer", "CheckNoNewAccess")
async def check_no_new_access(given: Handling) -> Answer:
    """Whether a policy grants nothing that another does not."""
    asked = given.input
    refused = _unknown_value(asked, "CheckNoNewAccessRequest", "policyType")
    if refused is not None:
        return refused

    def reasons() -> tuple[Reason, ...]:
        from cloudlings.sandbox.own.analyzer.access import new_access

        documents = (asked["newPolicyDocument"], asked["existingPolicyDocument"])
        return new_access(*documents, given.account_id, of_resource=_of_resource(asked))

    return await _checked(
        reasons,
        "The modified permissions do not grant new access compared to your existing policy.",
        "The modified permissions grant new access compared to your existing policy.",
        "New access in the statement with",
    )


@answers("accessanalyzer", "CheckAccessNotGranted")
async def check_access_not_granted(given: Handling) -> Answer:
    """Whether a policy grants none of some actions on any of some resources."""
    asked = given.input
    refused = _unknown_value(asked, "CheckAccessNotGrantedRequest", "policyType") or _wrong_access(asked)
    if refused is not None:
        return refused
    access = asked["access"][0]
    actions, resources = access.get("actions") or [], access.get("resources") or []

    def reasons() -> tuple[Reason, ...]:
        from cloudlings.sandbox.own.analyzer.access import granted_access

        of_resource = _of_resource(asked)
        document = asked["policyDocument"]
        return granted_access(document, actions, resources, given.account_id, of_resource=of_resource)

    return await _checked(
        reasons,
        "The policy document does not grant access to perform the listed actions or resources.",
        "The policy document grants access to perform one or more of the listed actions or resources.",
        "One or more of the listed actions or resources in the statement with",
    )


@answers("accessanalyzer", "CheckNoPublicAccess")
async def check_no_public_access(given: Handling) -> Answer:
    """Whether a resource's policy lets nobody in whom it does not name."""
    asked = given.input
    refused = _unknown_value(asked, "CheckNoPublicAccessRequest", "resourceType")
    if refused is not None:
        return refused

    def reasons() -> tuple[Reason, ...]:
        from cloudlings.sandbox.own.analyzer.access import public_statements

        return public_statements(asked["policyDocument"], given.account_id)

    return await _checked(
        reasons,
        "The resource policy does not grant public access for the given resource type.",
        "The resource policy grants public access for the given resource type.",
        "Public access granted in the following statement with",
    )


async def _checked(reasons: Callable[[], tuple[Reason, ...]], passed: str, failed: str, words: str) -> Answer:
    """PASS when there are no reasons to fail. Proofs take their time, so they run beside the gateway."""
    from cloudlings.sandbox.own.analyzer.access import TooComplex, shown_reasons

    try:
        found = await asyncio.to_thread(reasons)
    except PolicyError as error:
        return Refusal("InvalidParameterException", f"The policy document is not valid: {error.message}")
    except TooComplex as error:
        return Refusal("UnprocessableEntityException", str(error), 422)
    if not found:
        return {"result": "PASS", "message": passed}
    return {"result": "FAIL", "message": failed, "reasons": shown_reasons(found, words)}


def _of_resource(asked: Output) -> bool:
    return bool(asked["policyType"] == "RESOURCE_POLICY")


def _wrong_access(asked: Output) -> Refusal | None:
    access = asked.get("access") or []
    named = [len(access[0].get(name) or []) for name in ("actions", "resources")] if len(access) == 1 else []
    if not any(named) or max(named) > 100:
        message = "Give one access object with 1 to 100 actions, 1 to 100 resources, or both."
        return Refusal("ValidationException", message)
    return None


def _unknown_value(asked: Output, shape: str, *members: str) -> Refusal | None:
    """A value that is none of those which the model lists."""
    model = shapes.model("accessanalyzer")["shapes"]
    for member in members:
        values = model[model[shape]["members"][member]["shape"]].get("enum", [])
        required = member in model[shape].get("required", [])
        if asked.get(member) not in values and (required or member in asked):
            message = f"Value '{asked.get(member)}' at '{member}' failed to satisfy constraint: Member must "
            return Refusal("ValidationException", f"{message}satisfy enum value set: [{', '.join(values)}]")
    return None


def page(found: list[Any], member: str, asked: Output) -> Answer:
    """A page of a list, by maxResults and nextToken."""
    token, most = str(asked.get("nextToken") or "0"), int(asked.get("maxResults") or _PAGE)
    first = int(token) if token.isdecimal() else -1
    if not 0 <= first <= len(found) or most < 1:
        return Refusal("ValidationException", "The next token or the number of results is not valid.")
    more = str(first + most) if first + most < len(found) else None
    return {member: found[first : first + most], "nextToken": more}
