"""KMS grants: whether one lets the caller do what it asks.

Source: KMS Developer Guide, "Grants in AWS KMS".
"""

from __future__ import annotations

from cloudlings.iam.matching import Reach, named
from cloudlings.iam.request import Grant, Request
from cloudlings.iam.statements import Principals

_PREFIX = "kms:encryptioncontext:"
# Encryption context constrains cryptographic operations; these others carry none (CreateGrant's constraint
# binds the grants that are made with it).
_WITHOUT_CONTEXT = frozenset({"kms:describekey", "kms:retiregrant", "kms:creategrant", "kms:getpublickey"})


def grant_reach(grant: Grant, request: Request) -> Reach:
    """How far the grant reaches the caller; NONE when it is not his, or its constraints do not hold."""
    if request.folded_action == "kms:retiregrant" and grant.retiring_principal:
        retiring = _named(grant.retiring_principal, request)
        if retiring:
            return retiring
    if not any(f"kms:{operation}".lower() == request.folded_action for operation in grant.operations):
        return Reach.NONE
    return _named(grant.grantee, request) if _constraints_hold(grant, request) else Reach.NONE


def _named(principal: str, request: Request) -> Reach:
    return named(Principals(aws=(principal,), service=(principal,)), request)


def _constraints_hold(grant: Grant, request: Request) -> bool:
    """The grant's constraints. SourceArn counts for services only; encryption contexts compare with case."""
    by_service = request.principal.type == "service"
    if by_service and grant.source_arn not in (None, *request.keys.get("aws:sourcearn", ())):
        return False
    if request.folded_action in _WITHOUT_CONTEXT:
        return True
    context = {
        key[len(_PREFIX) :]: value
        for key, value in request.context.items()
        if key.lower().startswith(_PREFIX) and value is not None
    }
    if grant.context_equals is not None and context != dict(grant.context_equals):
        return False
    return all(context.get(key) == value for key, value in grant.context_subset or ())
