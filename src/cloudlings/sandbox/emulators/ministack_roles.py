"""What a role may that a service takes inside MiniStack, past the gateway."""

from __future__ import annotations

from typing import Any


def role_may(role: str, action: str, resource: str) -> bool:
    """Whether a role's own policies and boundary allow an action; true when its documents cannot be known."""
    # Here, for this module is loaded when the sandbox starts, and rarely needed.
    from cloudlings.errors import PolicyError
    from cloudlings.iam.decide import decide
    from cloudlings.iam.documents import parse
    from cloudlings.iam.request import Policies, Principal, Request
    from cloudlings.sandbox.authorization import ministack_side

    account, _, path = role.removeprefix("arn:aws:iam::").partition(":role/")
    if not path:
        return True
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/execution"
    facts = ministack_side._role(account, path.rpartition("/")[2], session)
    if not facts["role_arn"]:
        return False
    try:
        identity = tuple(parse(_document(*each)) for each in facts["identity"])
        boundary = parse(_document(*facts["boundary"])) if facts["boundary"] else None
        policies = Policies(identity=identity, boundary=boundary)
        return decide(
            Request(Principal("session", session, role_arn=role), action, resource), policies
        ).allowed
    except (PolicyError, TypeError, ValueError):
        return True


def _document(label: str, document: Any) -> Any:
    from cloudlings.sandbox.authorization import managed

    return document if document is not None else managed.document_of(label)
