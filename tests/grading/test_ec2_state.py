"""What graders read of machines and disks, and who reaches them."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.ec2_state import (
    Ec2State,
    called,
    gets_out,
    inventory_of,
    only_through,
    shut_to,
    still_there,
    wants_token,
)
from cloudlings.network import Network
from cloudlings.network.model import (
    Interface,
    InternetGateway,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)


def instance(name: str, state: str = "running", **more: Any) -> dict[str, Any]:
    """A machine as EC2 describes it, with its Name tag, as far as it is looked at."""
    return {
        "InstanceId": f"i-{name}",
        "State": {"Name": state},
        "Tags": [{"Key": "Name", "Value": name}],
        "BlockDeviceMappings": [],
        **more,
    }


def state(*machines: dict[str, Any], **volumes: Any) -> Ec2State:
    return Ec2State({one["InstanceId"]: one for one in machines}, volumes, {})


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (instance("relay"), "i-relay (relay)"),
        ({"InstanceId": "i-1"}, "i-1"),
        ({"VolumeId": "vol-1", "Tags": [{"Key": "Name", "Value": "scratch"}]}, "vol-1 (scratch)"),
        ({"VolumeId": "vol-1", "Tags": [{"Key": "service", "Value": "s"}]}, "vol-1"),
    ],
)
def test_a_machine_or_a_disk_is_called_by_its_id(thing: dict[str, Any], words: str) -> None:
    """With its name where it has one."""
    assert called(thing) == words


def test_disks_as_far_as_they_are_there() -> None:
    """A disk that is gone is still in the mapping for a moment; the root disk is none of the others."""
    mapping = [
        {"DeviceName": device, "Ebs": {"VolumeId": name}}
        for device, name in (("/dev/xvda", "root"), ("/dev/sdf", "data"), ("/dev/sdg", "gone"))
    ]
    one = instance("relay", BlockDeviceMappings=mapping, RootDeviceName="/dev/xvda")
    found = state(one, root={"VolumeId": "root"}, data={"VolumeId": "data"}, loose={"VolumeId": "loose"})
    assert list(found.disks(one)) == ["/dev/xvda", "/dev/sdf"]
    assert found.others(one) == {"/dev/sdf": {"VolumeId": "data"}}


class Parameters:
    """An account with one parameter, or with none."""

    def __init__(self, found: dict[str, Any] | None, refusal: str = "ParameterNotFound") -> None:
        self.found, self.refusal = found, refusal

    def client(self, _: str) -> Parameters:
        return self

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803
        if self.found is None:
            raise ClientError({"Error": {"Code": self.refusal}}, Name)
        return {"Parameter": self.found}


def inventory(found: dict[str, Any] | None) -> dict[str, Any]:
    return inventory_of(cast(Account, Parameters(found)), "/inventory")


def test_an_inventory_as_it_was_laid() -> None:
    """Its first version is read."""
    laid = {"Value": json.dumps({"relay": "i-1"}), "Version": 1}
    assert inventory(laid) == {"relay": "i-1"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "/inventory is not there any more"),
        ({"Value": "{}", "Version": 2}, "/inventory is not as it was laid"),
    ],
)
def test_an_inventory_that_was_changed(found: dict[str, Any] | None, words: str) -> None:
    """It decides what was inherited, so nobody may write it."""
    with pytest.raises(AssertionError, match=words):
        inventory(found)


def test_a_machine_that_lives_on() -> None:
    """Stopped is alive."""
    one = instance("archive", "stopped")
    assert still_there(state(one), "i-archive", "archive") is one


@pytest.mark.parametrize("ended", ["terminated", "shutting-down"])
@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([instance("relay")], r"archive, i-archive, was terminated\.\n"),
        (
            [instance("relay"), instance("archive") | {"InstanceId": "i-new"}],
            r"was terminated\. i-new \(archive\) is another machine",
        ),
    ],
    ids=["alone", "another of its name"],
)
def test_a_machine_that_was_terminated(ended: str, others: list[dict[str, Any]], words: str) -> None:
    """Another one of its name does not stand in for it."""
    with pytest.raises(AssertionError, match=words):
        still_there(state(instance("archive", ended), *others), "i-archive", "archive")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"HttpTokens": "optional"}, "HttpTokens: optional"),
        ({"HttpTokens": "required", "HttpEndpoint": "disabled"}, "switched off"),
        ({}, "HttpTokens: None"),
    ],
)
def test_a_metadata_service_for_everybody_or_for_nobody(options: dict[str, str], words: str) -> None:
    """It answers, and wants a token."""
    wants_token(instance("relay", MetadataOptions={"HttpTokens": "required"}), "all of it.")
    with pytest.raises(AssertionError, match=words):
        wants_token(instance("relay", MetadataOptions=options), "all of it.")


# --- doors -----------------------------------------------------------------------------------------

CARDS = {"relay": "10.0.0.5", "kiosk": "10.0.0.6", "target": "10.0.0.7"}
NAMES = {"eni-relay": "relay", "eni-kiosk": "kiosk"}
EVERYTHING = SecurityGroupRule("egress", "-1", cidr="0.0.0.0/0")


def rule(port: int | None, protocol: str = "tcp", **source: str) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", protocol, port, port, **(source or {"group": "sg-relay"}))


def network(*rules: SecurityGroupRule) -> Network:
    """Three machines in a public subnet, the target behind these rules; before them one of another VPC."""
    return Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)), Vpc("vpc-2", ("10.9.0.0/16",))),
        subnets=(Subnet("subnet-1", "vpc-1", "10.0.0.0/24"), Subnet("subnet-2", "vpc-2", "10.9.0.0/24")),
        route_tables=(
            RouteTable(
                "rtb-1", "vpc-1", (Route("10.0.0.0/16", "local"), Route("0.0.0.0/0", "igw-1")), main=True
            ),
        ),
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
        network_acls=(
            NetworkAcl(
                "acl-1",
                "vpc-1",
                ("subnet-1",),
                (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow")),
                default=True,
            ),
        ),
        security_groups=(
            *(SecurityGroup(f"sg-{name}", "vpc-1", (EVERYTHING,)) for name in ("relay", "kiosk")),
            SecurityGroup("sg-target", "vpc-1", (*rules, EVERYTHING)),
        ),
        interfaces=(
            Interface("eni-far", "vpc-2", "subnet-2", private_ips=("10.9.0.5",)),
            *(
                Interface(
                    f"eni-{name}",
                    "vpc-1",
                    "subnet-1",
                    private_ips=(address,),
                    public_ips=("3.208.0.7",),
                    security_groups=(f"sg-{name}",),
                )
                for name, address in CARDS.items()
            ),
        ),
    )


def judged(*rules: SecurityGroupRule) -> None:
    """The relay may call on 8080; the kiosk and the internet may not call at all."""
    strangers = ["internet", "eni-kiosk"]
    only_through(network(*rules), "eni-target", "the collector", {"eni-relay": 8080}, strangers, NAMES)


@pytest.mark.parametrize("source", [{"group": "sg-relay"}, {"cidr": "10.0.0.5/32"}], ids=["group", "address"])
def test_one_door(source: dict[str, str]) -> None:
    """One port, for one machine."""
    judged(rule(8080, **source))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "The relay calls the collector and gets no answer"),
        ([rule(8081)], "The relay calls the collector and gets no answer"),
        ([rule(8080), rule(22)], "was tried from the relay.*the relay has a way to the collector"),
        ([rule(8080), rule(53, "udp")], "was tried from the relay.*udp"),
        ([rule(8080), rule(-1, "icmp")], "was tried from the relay.*ICMP"),
        ([rule(None, "-1")], "was tried from the relay"),
        ([rule(8080), rule(22, group="sg-kiosk")], "was tried from the kiosk.*the kiosk has a way"),
        ([rule(8080, cidr="10.0.0.0/24")], "tried from the kiosk. eni-kiosk can reach.* rule of sg-target"),
        ([rule(8080), rule(8080, cidr="0.0.0.0/0")], "internet.*any computer in the world"),
    ],
)
def test_another_door(rules: list[SecurityGroupRule], words: str) -> None:
    """Too few, another port or protocol for the caller, or any for a stranger."""
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        judged(*rules)


@pytest.mark.parametrize("more", [rule(22), rule(8080, cidr="0.0.0.0/0")], ids=["the relay", "the internet"])
def test_the_group_that_lets_somebody_in_is_told(more: SecurityGroupRule) -> None:
    """The receiver's inbound rule, and no other stop on the way, such as the subnet's ACL."""
    with pytest.raises(AssertionError) as failed:
        judged(rule(8080), more)
    said = str(failed.value.args[0])
    assert said.count("It is let in by a rule of") == 1
    assert "It is let in by a rule of sg-target." in said


def test_a_way_out_and_a_door_that_is_shut() -> None:
    """Going out needs no rule for coming in."""
    gets_out(network(), "eni-target", "the collector")
    assert shut_to(network(), "internet", "eni-target")
    assert not shut_to(network(rule(22, cidr="0.0.0.0/0")), "internet", "eni-target")
