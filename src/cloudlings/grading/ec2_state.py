"""What graders of machines share: instances and disks as they are, the lab's inventory, doors.

state = ec2_state(account)
instance = state.instances["i-…"]; state.root(instance); state.others(instance)
only_through(network, card, {"eni-of-the-relay": 8080}, strangers=["internet", "eni-of-a-kiosk"], …)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import must_reach, ports_at_the_edges
from cloudlings.network import Network, Trace, trace, view_of

Described = Mapping[str, Any]
"""An instance, a volume or a snapshot as EC2 describes it."""


@dataclass(frozen=True)
class Ec2State:
    """Instances (the terminated too) and volumes of the lab's Region by id, and the ids of own images."""

    instances: Mapping[str, Described]
    volumes: Mapping[str, Described]
    own_images: Mapping[str, Described]

    def alive(self) -> list[Described]:
        """Instances that are not terminated, nor on the way there."""
        return [one for one in self.instances.values() if status(one) not in ("terminated", "shutting-down")]

    def disks(self, instance: Described) -> dict[str, Described]:
        """The volumes of an instance by device, as far as they are there."""
        found = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]}
        return {device: self.volumes[name] for device, name in found.items() if name in self.volumes}

    def others(self, instance: Described) -> dict[str, Described]:
        """The volumes of an instance but its root disk, by device."""
        return {
            device: volume
            for device, volume in self.disks(instance).items()
            if device != instance["RootDeviceName"]
        }


def ec2_state(account: Account) -> Ec2State:
    """The machines and disks of the account, read once."""
    ec2 = account.client("ec2")
    groups = ec2.describe_instances()["Reservations"]
    return Ec2State(
        {one["InstanceId"]: one for group in groups for one in group["Instances"]},
        {one["VolumeId"]: one for one in ec2.describe_volumes()["Volumes"]},
        {one["ImageId"]: one for one in ec2.describe_images(Owners=["self"])["Images"]},
    )


def status(instance: Described) -> str:
    """``running``, ``stopped``, …"""
    return str(instance["State"]["Name"])


def tags_of(thing: Described) -> dict[str, str]:
    """The tags of something, by key."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or []}


def called(thing: Described) -> str:
    """The id of an instance or volume, with its Name tag: ``i-0a1b (forecaster)``."""
    number = str(thing.get("InstanceId") or thing.get("VolumeId"))
    name = tags_of(thing).get("Name")
    return f"{number} ({name})" if name else number


def inventory_of(account: Account, parameter: str) -> dict[str, Any]:
    """The ids that the lab's seed wrote down. A parameter that was changed or deleted fails the check."""
    ssm = account.client("ssm")
    found = or_none(lambda: ssm.get_parameter(Name=parameter)["Parameter"], "ParameterNotFound")
    as_laid = found is not None and found.get("Version") == 1
    now = "not there any more" if found is None else "not as it was laid"
    assert as_laid, Because(
        found=f"The parameter {parameter} is {now}.",
        consequence="Which machines and disks were there at the start cannot be told any more.",
        concept="An inventory is read, and kept as it is. reset_lab() lays the start state again.",
    )
    ids: dict[str, Any] = json.loads(found["Value"])
    return ids


def still_there(state: Ec2State, instance: str, name: str) -> Described:
    """An inherited instance that must live on; one that was terminated fails the check."""
    found = next((one for one in state.alive() if one["InstanceId"] == instance), None)
    others = [called(one) for one in state.alive() if tags_of(one).get("Name") == name]
    instead = f" {others[0]} is another machine, whatever it is called." if others else ""
    assert found is not None, Because(
        found=f"The {name}, {instance}, was terminated.{instead}",
        consequence="Its root disk, its id and its private address are gone; who called it calls nobody.",
        concept="Stopped is not terminated: only a stopped machine can be started again. reset_lab() lays "
        "the "
        "start state again.",
    )
    return found


def only_through(
    network: Network,
    target: str,
    name: str,
    allowed: Mapping[str, int],
    strangers: Iterable[str],
    names: Mapping[str, str],
) -> None:
    """Fails the check unless each allowed source reaches the target on its one port, and nobody on any other.

    Sources and target are ids of interfaces (or ``internet``); ``names`` says what people call them.
    """
    for source, port in allowed.items():
        must_reach(
            network,
            source,
            target,
            port,
            consequence=f"The {names.get(source, source)} calls {name} and gets no answer.",
            concept="A connection needs an inbound rule of one of the receiver's groups; its source may be a "
            "group.",
        )
        _no_more(network, source, target, name, port, names)
    for source in strangers:
        verdict = view_of(network)[source].cannot_reach(target)
        found = None if verdict else verdict.trace
        _nobody(found, bool(verdict), source, target, name, names)


def _no_more(
    network: Network, source: str, target: str, name: str, port: int, names: Mapping[str, str]
) -> None:
    home = next(one.vpc for one in network.interfaces if one.id == target)
    asked: list[tuple[str, int | None]] = [("udp", None), ("icmp", None)]
    asked += [("tcp", each) for each in ports_at_the_edges(network, home, port) if each != port]
    traces = (trace(network, source, target, protocol, each) for protocol, each in asked)
    found = next((each for each in traces if not each.blocked), None)
    _nobody(found, found is None, source, target, name, names)


def _nobody(
    found: Trace | None, good: bool, source: str, target: str, name: str, names: Mapping[str, str]
) -> None:
    who = names.get(source, source)
    thief = "any computer in the world" if source == "internet" else f"the {who}"
    assert good, Because(
        found=f"Every port of {name} ({target}) was tried from the {who}. {found.sentence if found else ''}",
        consequence=f"Whoever takes over {thief} has a way to {name} that nobody needs.",
        trace=_let_in_by(found),
        concept="Security groups only allow, and they add up. The default group lets in everybody who wears "
        "it.",
    )


def _let_in_by(found: Trace | None) -> list[str]:
    hops = found.forward if found else ()
    return [
        f"It is let in by a rule of {hop.component}."
        for hop in hops
        if hop.direction == "ingress" and hop.component.kind == "security group"
    ]


def wants_token(instance: Described, consequence: str) -> None:
    """Fails the check unless the metadata service answers, and only with a session token (IMDSv2)."""
    options = instance.get("MetadataOptions", {})
    assert options.get("HttpEndpoint", "enabled") == "enabled", Because(
        found=f"The metadata service of {called(instance)} is switched off.",
        consequence="Its programs cannot fetch the role's keys either.",
        concept="The badge's keys come from the metadata service: it is guarded, not closed.",
    )
    assert options.get("HttpTokens") == "required", Because(
        found=f"The metadata service of {called(instance)} says HttpTokens: {options.get('HttpTokens')}.",
        consequence=f"Whoever tricks one of its programs into fetching a URL reads the keys of its role: "
        f"{consequence}",
        concept="Version 1 answers any GET. Version 2 wants a token first, which needs a PUT and a header.",
    )


def gets_out(network: Network, card: str, name: str) -> None:
    """Fails the check unless a machine reaches the internet on 443."""
    must_reach(
        network,
        card,
        "internet",
        443,
        consequence=f"{name} gets no updates and reaches no API of AWS.",
        concept="Going out needs an outbound rule and a route; replies come back by themselves.",
    )


def shut_to(network: Network, source: str, target: str) -> bool:
    """Whether nothing gets from a source to a target, whatever the port."""
    return bool(view_of(network)[source].cannot_reach(target))
