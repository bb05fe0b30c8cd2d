"""What graders of Auto Scaling groups ask: does it survive, hear of illness, and stand behind its door?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cloudlings.account import Account
from cloudlings.grading.scaling_state import (
    Raw,
    interfaces_of,
    reached_after_losing,
    subnets_of_group,
    template_groups,
    template_of,
    types_of,
    with_machine,
    zones_of,
)
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import (
    must_not_reach,
    must_reach,
    ports_at_the_edges,
    shown,
    subnets_of,
    with_host,
)
from cloudlings.models import placement
from cloudlings.models.health import matcher
from cloudlings.network import Network, kind
from cloudlings.network.model import LoadBalancer

NEEDED = {"AddToLoadBalancer", "HealthCheck", "Launch", "ReplaceUnhealthy", "Terminate"}
"""The processes of an Auto Scaling group without which it does not keep its number of machines that serve."""


def survives_loss_of(network: Network, group: Raw, what: str) -> None:
    """Fails the check unless a group still has a machine after the loss of any one of its zones."""
    subnets = subnets_of_group(network, group)
    zones = sorted({subnet.az for subnet in subnets})
    least, name = int(group["MinSize"]), group["AutoScalingGroupName"]
    for zone in zones or ["its zone"]:
        left = placement.after_loss(least, zones, zone) if zones else 0
        assert left >= 1, Because(
            found=f"Group {name} keeps at least {least} machine{'s' * (least != 1)} in {shown(zones)} "
            f"(subnets "
            f"{shown([subnet.id for subnet in subnets])}). Zone {zone} was taken away: {left} are left.",
            consequence=f"{what} is down until AWS has the zone back.",
            concept="A group launches in the subnets that it was given, and spreads evenly over their zones. "
            "A zone fails as a whole.",
        )


def only_through(
    network: Network, balancer: LoadBalancer, machine: str, port: int, strangers: Sequence[str]
) -> None:
    """Fails the check unless a machine is reached by its load balancer on a port, and by no stranger on
    any."""
    must_reach(
        network,
        balancer.id,
        machine,
        port,
        consequence="The load balancer calls every machine unwell, and visitors read an error page.",
        concept="The load balancer opens a connection of its own to the machine, from an interface of its "
        "own.",
    )
    vpc = balancer.vpc
    asked: list[tuple[str, int | None]] = [("udp", None), ("icmp", None)]
    asked += [("tcp", each) for each in ports_at_the_edges(network, vpc, port)]
    for stranger in strangers:
        for protocol, each in asked:
            must_not_reach(
                network,
                stranger,
                machine,
                each,
                protocol=protocol,
                consequence="Whoever takes over any machine of the network talks to the program directly: "
                "no TLS, "
                "no rules, no log of the load balancer between.",
                concept="Who may call is named by the caller's security group. A range lets in all who live "
                "there.",
            )


def strangers_in(network: Network, vpc: str) -> tuple[Network, list[str]]:
    """The network with a stranger's machine in each subnet of a VPC, and who must not get in: they and the
    world."""
    names = ["internet"]
    for subnet in subnets_of(network, vpc):
        network, name = with_host(network, subnet, what="a stranger's machine")
        names.append(name)
    return network, names


def hears_of_illness(group: Raw, boot: int) -> None:
    """Fails the check unless a group asks its load balancer who is well, after ``boot`` seconds."""
    name, checks = group["AutoScalingGroupName"], str(group.get("HealthCheckType"))
    assert "ELB" in checks.split(","), Because(
        found=f"Group {name} judges its machines by {checks}.",
        consequence="A machine whose program has died runs on for ever: the load balancer sends it nobody, "
        "and the "
        "group, content with its number, launches no other. App death goes unseen.",
        concept="EC2's check sees the machine, the load balancer's sees the program.",
    )
    held = sorted({one["ProcessName"] for one in group.get("SuspendedProcesses") or []} & NEEDED)
    assert not held, Because(
        found=f"Group {name} has its processes {shown(held)} suspended.",
        consequence="A machine that dies is not missed, or not replaced: the group keeps its number on "
        "paper.",
        concept="A group works by processes; one that is suspended does nothing until somebody resumes it.",
    )
    grace = int(group.get("HealthCheckGracePeriod") or 0)
    assert grace >= boot, Because(
        found=f"Group {name} judges a machine {grace} seconds after its launch; its program answers after "
        f"{boot}.",
        consequence="Each new machine is replaced before it is ready, by one that is replaced before it is "
        "ready.",
        concept="The grace period is the time in which nobody is called ill.",
    )


def is_a_good_machine(account: Account, group: Raw, *, kind: str, profile: str) -> None:
    """Fails the check unless a group's template has the account's own image, a type (``kind``), IMDSv2,
    detailed monitoring, an instance profile by this name, and no key pair."""
    template = template_of(account, group)
    name = group["AutoScalingGroupName"]
    own = {one["ImageId"] for one in account.client("ec2").describe_images(Owners=["self"])["Images"]}
    assert template.get("ImageId") in own, Because(
        found=f"Group {name} launches image {template.get('ImageId')}; Hazelmere's is {shown(sorted(own))}.",
        consequence="The machines boot, and no program answers on them.",
        concept="An image is the disk that a machine starts with: what is not on it must be installed while "
        "visitors wait.",
    )
    tokens = (template.get("MetadataOptions") or {}).get("HttpTokens")
    assert tokens == "required", Because(
        found=f"The template of group {name} has HttpTokens {tokens or 'not set'}.",
        consequence="A page that can be made to fetch a URL can be made to fetch the machine's "
        "credentials, by IMDSv1.",
        concept="IMDSv2 asks for a token first, which such a page cannot fetch.",
    )
    _is_as_measured(group, template, kind)
    worn = template.get("IamInstanceProfile") or {}
    called = worn.get("Name") or str(worn.get("Arn") or "none").rsplit("/", 1)[-1]
    good = called == profile and not template.get("KeyName")
    assert good, Because(
        found=f"The template of group {name} has the instance profile {called} and the key pair "
        f"{template.get('KeyName') or 'none'}.",
        consequence="Programs without a role need keys on disk, and a key pair is a secret that opens "
        "every machine "
        "of the group.",
        concept="Machines of a group are all alike and never visited: they get a role, and nobody's key.",
    )


def _is_as_measured(group: Raw, template: Raw, kind: str) -> None:
    name, types = group["AutoScalingGroupName"], types_of(group, template)
    assert types == [kind], Because(
        found=f"The template of group {name} has the type {shown(types)}; a {kind} was asked for.",
        consequence="What a machine carries was measured on another type: the group grows too late, or pays "
        "too much.",
        concept="A group multiplies its template: what is wrong there is wrong on every machine.",
    )
    assert (template.get("Monitoring") or {}).get("Enabled"), Because(
        found=f"The template of group {name} leaves detailed monitoring off.",
        consequence="CPU is told every five minutes: a storm is over before an alarm has seen it.",
        concept="Basic monitoring has a value every five minutes, detailed monitoring every minute.",
    )


def behind_the_door(
    account: Account, network: Network, balancer: LoadBalancer, group: Raw, port: int
) -> None:
    """Machines of a group, those that run and the next in each subnet, are reached by their balancer only."""
    world, strangers = strangers_in(network, balancer.vpc)
    name = group["AutoScalingGroupName"]
    for subnet in subnets_of_group(network, group):
        found = kind(network, subnet)
        assert found != "public", Because(
            found=f"Group {name} launches in {subnet.id} ({subnet.name or subnet.cidr}), a public subnet.",
            consequence="One setting gives every new machine an address on the internet, beside the load "
            "balancer.",
            concept="Machines behind a load balancer need no public subnet: it reaches them by their "
            "private address.",
        )
    groups = template_groups(template_of(account, group))
    worn = {
        (one.subnet, one.security_groups): one.id
        for one in interfaces_of(network, [each["InstanceId"] for each in group.get("Instances") or []])
    }
    for machine in worn.values():
        only_through(world, balancer, machine, port, strangers)
    for subnet in subnets_of_group(network, group):
        if (subnet.id, groups) not in worn:
            planned, machine = with_machine(world, subnet, groups)
            only_through(planned, balancer, machine, port, strangers)


def serves_all(group: Raw, served: Collection[str], most: int) -> None:
    """Fails the check unless a group is registered with target groups (ARNs), and may grow to ``most``."""
    name = group["AutoScalingGroupName"]
    lost = set(served) - set(group.get("TargetGroupARNs", []))
    assert not lost, Because(
        found=f"Group {name} is not registered with {shown([arn.rsplit('/', 2)[-2] for arn in lost])}.",
        consequence="Half of the booking page's requests meet an empty target group: 503.",
        concept="Each target group has a list of its own, also when the same machines stand on both.",
    )
    assert group["MaxSize"] >= most, Because(
        found=f"Group {name} may grow to {group['MaxSize']}; {most} machines may be needed.",
        consequence="At half past seven it stands at its limit, and no policy can help.",
        concept="A policy moves the wish between least and most, and never beyond.",
    )


def each_zone_can_do_alone(network: Network, balancer: LoadBalancer, group: Raw) -> None:
    """Fails the check unless a visitor reaches a machine through a load balancer without any one zone."""
    for zone in zones_of(network, balancer.subnets):
        assert reached_after_losing(network, balancer, 443, zone), Because(
            found=f"Zone {zone} was taken away, and a visitor's request was followed through the load "
            f"balancer: it reaches no machine. {_whereabouts(group)}",
            consequence="The page is down although the other zone is well.",
            concept="Load balancer and group must share their zones, and each zone must be able to do "
            "without the "
            "other.",
        )


def _whereabouts(group: Raw) -> str:
    homes = sorted(f"{one['InstanceId']} in {one['AvailabilityZone']}" for one in group["Instances"])
    return f"Group {group['AutoScalingGroupName']} has {shown(homes)}."


def calls_no_error_well(name: str, codes: Sequence[str]) -> None:
    """Fails the check where a target group's codes for a machine that is well hold an error's."""
    for code in codes:
        ill = sorted(matcher(code) & {404, 500, 503})
        assert not ill, Because(
            found=f"The target group of {name} calls a machine well that answers {code}: "
            f"{ill[0]} "
            "is among it.",
            consequence="A machine on which nothing but an error page is left keeps its share of the "
            "letters.",
            concept="Well is what the program says when it works, and nothing else.",
        )
