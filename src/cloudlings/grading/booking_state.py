"""What graders of a booking page read: its network, its front door, its group, and the jobs beside it."""

from __future__ import annotations

from cloudlings.account import Account
from cloudlings.grading.front_rules import Front
from cloudlings.grading.scaling_state import Raw, balancers_of, groups_of, listeners_of, routed, rules_of
from cloudlings.grading.task import Because, not_attempted_unless
from cloudlings.grading.vpc_state import network_of, shown, the_one, vpcs_in
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import Vpc


def portal_network(account: Account, brief: Brief) -> tuple[Network, Vpc]:
    """The account's network and the portal's VPC in it, which must be there."""
    network = network_of(account, "elbv2")
    found = vpcs_in(network, brief.vpc_cidr)
    assert found, Because(
        found=f"The portal's network ({brief.vpc_cidr}) was looked for; it is not there.",
        consequence="The portal is down.",
        concept="What runs is changed in place. reset_lab() lays the start state again.",
    )
    return network, the_one(found, brief.vpc_cidr, "the portal's")


def front_of(account: Account, brief: Brief, network: Network, vpc: Vpc) -> Front:
    """The learner's load balancer, or "not attempted"; several with a listener on 443 fail the check."""
    found = [one for one in balancers_of(account, vpc.id) if one["LoadBalancerName"] != brief.letters]
    not_attempted_unless(found, f"{vpc.id} has no load balancer but {brief.letters}.")
    ports = {one["LoadBalancerArn"]: listeners_of(account, one) for one in found}
    served = [one for one in found if 443 in ports[one["LoadBalancerArn"]]] or found
    names = [one["LoadBalancerName"] for one in served]
    assert len(served) == 1, Because(
        found=f"{len(names)} load balancers could be the booking page's: {shown(names)}.",
        consequence="Half of the visitors use one address and half the other, and each is paid for by the "
        "hour.",
        concept="One name leads to one load balancer; it grows by itself.",
    )
    arn = served[0]["LoadBalancerArn"]
    balancer = next(one for one in network.load_balancers if one.id == arn)
    return Front(served[0], balancer, ports[arn])


def page_and_api(account: Account, brief: Brief, front: Front) -> tuple[list[Raw], str, str]:
    """The rules of listener 443 and the groups of the page and the API ("" for none or several)."""
    https = front.listeners.get(443)
    rules = rules_of(account, https) if https else []
    if not rules:
        return [], "", ""
    page = routed(rules, f"GET https://{brief.domain}/").target_group
    api = routed(rules, f"GET https://{brief.domain}/{brief.api}/times").target_group
    return rules, page, api


def fleet_of(account: Account, brief: Brief, front: Front) -> tuple[Raw, str, str]:
    """The booking group with the groups of page and API; not attempted while there is no new group."""
    _, page, api = page_and_api(account, brief, front)
    theirs = {one["TargetGroupArn"] for one in jobs_of(account, brief)}
    others = [
        one
        for one in groups_of(account)
        if one["AutoScalingGroupName"] != brief.letters and not theirs & set(one.get("TargetGroupARNs", []))
    ]
    not_attempted_unless(
        others, f"There is no Auto Scaling group for the booking page; {brief.letters} was there."
    )
    found = [one for one in others if {page, api} & set(one.get("TargetGroupARNs", []))]
    assert found, Because(
        found=f"Group {shown([one['AutoScalingGroupName'] for one in others])} is there; none is registered "
        "with the target groups of page and API.",
        consequence="The machines run, and the load balancer has nobody to send a visitor to.",
        concept="A group registers and deregisters its machines itself, once it is told with which target "
        "groups.",
    )
    assert len(found) == 1, Because(
        found=f"{len(found)} groups serve the page: {shown([one['AutoScalingGroupName'] for one in found])}.",
        consequence="Each follows the load as if it were alone.",
        concept="One group, one wish.",
    )
    return found[0], page, api


def jobs_of(account: Account, brief: Brief) -> list[Raw]:
    """The target groups of the jobs: the one of that name, or none."""
    groups = account.client("elbv2").describe_target_groups()["TargetGroups"]
    return [one for one in groups if one["TargetGroupName"] == brief.reports]


def booking_of(account: Account, brief: Brief) -> tuple[Raw, Front, list[str]]:
    """The booking group, its front door, and the target groups of page and API."""
    network, vpc = portal_network(account, brief)
    front = front_of(account, brief, network, vpc)
    group, page, api = fleet_of(account, brief, front)
    return group, front, [page, api]
