"""VPC endpoints of the portal: the roads to a service, and what their policies let pass."""

from __future__ import annotations

from typing import Any, Literal

from cloudlings.grading.portal_walls import with_open_acls
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.task import Because
from cloudlings.grading.tier_rules import Portal
from cloudlings.grading.vpc_state import why, with_host
from cloudlings.iam import Policies, prove
from cloudlings.network import Network, view_of
from cloudlings.network.model import Endpoint

#: What the portal does with each service, and at which of its ARNs.
S3_NEEDS = (("s3:ListBucket", 0), ("s3:GetObject", 1), ("s3:PutObject", 1))
TABLE_NEEDS = (("dynamodb:GetItem", 0), ("dynamodb:PutItem", 0), ("dynamodb:Query", 0))


def alive(endpoint: Endpoint) -> bool:
    """Whether an endpoint is there, or will be in a moment: a deleted one is shown for a while."""
    return endpoint.state.lower() in ("available", "pending")


def roads_to(portal: Portal, service: str) -> set[str]:
    """The ids of all that the packets of the app and reports tiers pass on their way to a service."""
    passed: set[str] = set()
    open_walls = with_open_acls(portal, *portal.tiers)
    for tier in ("app", "reports"):
        for subnet in portal.tiers[tier]:
            network, host = with_host(open_walls, subnet)
            found = view_of(network)[host].reaches_service_without_nat(service)
            assert found, Because(
                found=f"A packet was followed from {host} ({tier} tier) to {service}. {found.sentence}",
                consequence="Each GB of it is billed by the NAT gateway, and the tier loses its letters and "
                "appointments when the NAT gateway is lost.",
                trace=why(found),
                concept="The table of the caller's own subnet decides. An endpoint that is in no table of "
                "theirs is passed by.",
            )
            passed |= set(found.trace.path) if found.trace else set()
    return passed


def lets_through(
    account: str, endpoint: Endpoint, needs: tuple[tuple[str, int], ...], most: str, arns: list[str]
) -> None:
    """Fails the check unless an endpoint's policy allows what is needed, and nothing outside the ARNs.

    ``needs`` are actions, each with the place in ``arns`` of what it is done to; ``most`` is the widest
    action that may pass, such as ``s3:*``; ``account`` is the id of the learner's.
    """
    least = document(*(allow(action, arns[at], Principal="*") for action, at in needs))
    limit = document(allow(most, arns, Principal="*"))
    refused = _differs(account, endpoint, least, "under")
    assert refused is None, _judged(
        endpoint, f"{sentence(refused, without=_sent_by(endpoint))}: the portal is refused on its own road."
    )
    carried = _differs(account, endpoint, limit, "over")
    assert carried is None, _judged(
        endpoint,
        f"{sentence(carried, without=_sent_by(endpoint))}: records can be carried out through the endpoint "
        "into a stranger's account.",
        decided_by(carried),
    )


def hands_over(account: str, endpoint: Endpoint, action: str, arn: str) -> None:
    """Fails the check unless an endpoint's policy lets an action at an ARN pass."""
    refused = _differs(account, endpoint, document(allow(action, arn, Principal="*")), "under")
    assert refused is None, _judged(
        endpoint,
        f"{sentence(refused, without=_sent_by(endpoint))}: the app reaches the endpoint, and is refused "
        "there.",
    )


def _differs(
    account: str, endpoint: Endpoint, reference: dict[str, Any], direction: Literal["under", "over"]
) -> Any:
    # An endpoint carries its own service's requests and no others.
    service = endpoint.service.rpartition(".")[2]
    anybody = [document(allow(f"{service}:*", "*"))]
    everything = document(allow("*", "*", Principal="*"))
    policy = readable(endpoint.policy or everything, f"policy of endpoint {endpoint.id}")
    comparison = prove(
        Policies.of(identity=anybody, vpce=policy),
        Policies.of(identity=anybody, vpce=reference),
        account=account,
        context=_sent_by(endpoint),
        as_aws_sends=True,
    )
    return first_example(comparison, direction)


def _sent_by(endpoint: Endpoint) -> dict[str, str]:
    """What every request that comes by an endpoint says of its way."""
    return {"aws:SourceVpc": endpoint.vpc, "aws:SourceVpce": endpoint.id}


def _judged(endpoint: Endpoint, consequence: str, decided: str = "") -> Because:
    return Because(
        found=f"The policy of endpoint {endpoint.id} ({endpoint.service}) was put to every request.",
        consequence=consequence,
        counterexample=decided,
        concept="An endpoint policy is a gate on the road: it grants nobody anything, it limits what may "
        "pass.",
    )


def gets_its_secret(network: Network, machine: str, name: str, given: str) -> None:
    """Fails the check unless a machine calls Secrets Manager without NAT; ``given`` goes before the words."""
    found = view_of(network)[machine].reaches_service_without_nat("secretsmanager")
    assert found, Because(
        found=f"{given}A packet was followed from {name} ({machine}) to Secrets Manager, tcp 443. "
        f"{found.sentence}",
        consequence="The app cannot read the database's password when it starts, and does not start.",
        trace=why(found),
        concept="The service's name leads to the endpoint only with private DNS; the endpoint is the one "
        "that "
        "is called, so its group's inbound rules decide.",
    )
