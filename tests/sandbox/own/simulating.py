"""The IAM cases put to SimulateCustomPolicy: what of a case its API can express, and what must come out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cloudlings.errors import CloudlingsError
from cloudlings.iam.case_files import Case, expected_is_error, read_cases
from cloudlings.iam.decide import decide
from cloudlings.iam.request import Request, account_of
from cloudlings.iam.service_rules import is_kms_key, is_role_trust

CASES: Mapping[str, Case] = {
    case.id: case
    for file in sorted((Path(__file__).parents[2] / "iam" / "cases").glob("*.yaml"))
    for case in read_cases(file)
}
WORDS = {"Allowed": "allowed", "ExplicitDeny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
_LAYERS = {"identity", "groups", "boundary", "resource", "scp"}


def gap(case: Case) -> str:
    """Why SimulateCustomPolicy cannot be asked a case; "" when it can."""
    try:
        request = case.request()
    except CloudlingsError:
        return ""
    given = {layer for layer, value in case.setup["policies"].items() if value}
    if given - _LAYERS:
        return f"a simulation has no {', '.join(sorted(given - _LAYERS))}"
    if not expected_is_error(case) and not all(each.statements for each in case.policies().identity):
        return "the simulator refuses a policy without a statement"
    if case.setup.get("grants") or case.setup.get("settings"):
        return "a simulation has neither grants nor settings"
    return _gap_of_request(request, "resource" in given)


def _gap_of_request(request: Request, has_policy: bool) -> str:
    who = request.principal
    if who.type not in ("user", "role") or who.id or who.canonical_id:
        return "its caller is no user or role that an ARN tells all of"
    if has_policy and who.type != "user":
        return "a resource's policy is simulated for users only"
    if not has_policy and (is_kms_key(request) or is_role_trust(request)):
        return "a simulation takes a key or role without a policy for one that leaves it to the account"
    if request.resource_account != account_of(request.resource) != "":
        return "an ARN tells the owner"
    keys = request.context.items()
    if any(value is None or value == [] or value == "" or len(key) < 5 for key, value in keys):
        return "its context says what is absent"
    return ""


def arguments(case: Case) -> dict[str, Any]:
    """A case as the parameters of SimulateCustomPolicy."""
    setup = case.setup
    policies, asked = setup["policies"], setup["request"]
    found: dict[str, Any] = {
        "PolicyInputList": [_text(p) for p in (*policies.get("identity", ()), *policies.get("groups", ()))],
        "ActionNames": [asked["action"]],
        "ResourceArns": [asked["resource"]],
        "ContextEntries": [_entry(key, value) for key, value in asked.get("context", {}).items()],
    }
    who = case.request().principal.arn if not _unreadable(case) else None
    if who:
        found["CallerArn"] = who
    if asked.get("resource_account"):
        found["ResourceOwner"] = f"arn:aws:iam::{asked['resource_account']}:root"
    if policies.get("boundary"):
        found["PermissionsBoundaryPolicyInputList"] = [_text(policies["boundary"])]
    if policies.get("resource"):
        found["ResourcePolicy"] = _text(policies["resource"])
    levels = [
        {"ServiceControlPolicyInputList": [_text(p) for p in level]} for level in policies.get("scp", ())
    ]
    return found | ({"OrderedOrganizationPolicyInputList": levels} if levels else {})


def difference(iam: Any, case: Case) -> str:
    """How the API's answer differs from the engine's; "" when it does not."""
    try:
        answer = iam.simulate_custom_policy(**arguments(case))["EvaluationResults"][0]["EvalDecision"]
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    return "" if answer == expected(case) else f"{case.id}: {answer}, the engine: {expected(case)}"


def expected(case: Case) -> str:
    """What the API must answer: a decision, or ``InvalidInput``."""
    if expected_is_error(case):
        return "InvalidInput"
    return WORDS[decide(case.request(), case.policies()).outcome]


def _unreadable(case: Case) -> bool:
    try:
        case.request()
    except CloudlingsError:
        return True
    return False


def _text(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _entry(key: str, value: Any) -> dict[str, Any]:
    several = isinstance(value, list | tuple)
    values = [_plain(each) for each in (value if several else [value])]
    kind = "stringList" if several else "string"
    return {"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": kind}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
