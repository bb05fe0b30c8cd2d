"""Machines that were launched: which is meant, where it stands, from which image, and how it is kept."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.ec2_state import Ec2State
from cloudlings.grading.launches import (
    at_home,
    is_a_twin_of,
    is_amazon_linux_2023,
    is_of_type,
    the_machine_of,
    well_kept,
)
from cloudlings.grading.task import NotAttempted
from cloudlings.network import Network
from cloudlings.network.model import Subnet

AMAZONS = {"ImageId": "ami-1", "Name": "al2023-ami-2023.12.1-x86_64", "ImageOwnerAlias": "amazon"}


class Aws:
    """An account with images, one instance profile, machines by Region, and a journal of launches."""

    region_name = "eu-west-1"

    def __init__(self, *images: dict[str, Any], elsewhere: str = "", status: int = 200) -> None:
        self.images, self.elsewhere, self.status, self.region = images, elsewhere, status, ""

    def client(self, service: str, region: str = "") -> Aws:
        del service
        self.region = region
        return self

    def journal(self) -> list[dict[str, Any]]:
        region = self.elsewhere or self.region_name
        return [{"operation": "RunInstances", "status": self.status, "region": region}]

    def describe_instances(self) -> dict[str, Any]:
        there = [{"InstanceId": "i-far"}] if self.region == self.elsewhere else []
        return {"Reservations": [{"Instances": there}]}

    def describe_images(self, ImageIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"Images": [each for each in self.images if each["ImageId"] in ImageIds]}

    def get_instance_profile(self, InstanceProfileName: str) -> dict[str, Any]:  # noqa: N803
        if InstanceProfileName != "holder":
            raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "GetInstanceProfile")
        return {"InstanceProfile": {"Roles": [{"RoleName": "collector"}]}}


def account(*images: dict[str, Any], **more: Any) -> Account:
    return cast(Account, Aws(*images, **more))


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


COLLECTOR: dict[str, Any] = {
    "InstanceId": "i-1",
    "ImageId": "ami-1",
    "State": {"Name": "running"},
    "SubnetId": "subnet-a",
    "Tags": tags(service="readings"),
    "MetadataOptions": {"HttpTokens": "required"},
    "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/holder"},
    "RootDeviceName": "/dev/xvda",
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1"}}],
}
ROOT: dict[str, Any] = {"VolumeId": "vol-1", "Encrypted": True, "Tags": tags(service="readings")}


def state(*machines: dict[str, Any], root: dict[str, Any] | None = None, **images: Any) -> Ec2State:
    volumes = {"vol-1": root} if root else {}
    return Ec2State({each["InstanceId"]: each for each in machines}, volumes, images)


def other(name: str, **more: Any) -> dict[str, Any]:
    return COLLECTOR | {"InstanceId": name} | more


def meant(*machines: dict[str, Any], asked: Account | None = None) -> Any:
    found = state(*machines, **{"ami-own": {}})
    return the_machine_of(asked or account(), found, "readings", {"i-inherited"})


def test_the_machine_that_is_meant() -> None:
    """The one with the tag; those that were inherited, ended or came of an own image are none."""
    machines = [
        other("i-inherited"),
        other("i-twin", ImageId="ami-own"),
        other("i-ended", State={"Name": "terminated"}),
        other("i-try", Tags=tags(service="try")),
        COLLECTOR,
    ]
    assert meant(*machines) is COLLECTOR


@pytest.mark.parametrize(
    ("machines", "words"),
    [
        ([other("i-2", Tags=tags(Service="readings"))], "tags: {'Service': 'readings'}"),
        ([other("i-2", Tags=[])], r"Launched here: i-2\. .* the first one's tags: none"),
        ([COLLECTOR, other("i-2")], "2 machines have the tag service = readings: i-1 and i-2"),
    ],
    ids=["a capital letter", "no tag", "two"],
)
def test_a_machine_that_cannot_be_told(machines: list[dict[str, Any]], words: str) -> None:
    """A tag is exact, and of one machine."""
    with pytest.raises(AssertionError, match=words):
        meant(*machines)


@pytest.mark.parametrize("asked", [account(), account(elsewhere="us-east-1", status=403)])
def test_nothing_launched_yet(asked: Account) -> None:
    """Neither here nor, as far as the journal tells, in another Region."""
    with pytest.raises(NotAttempted, match="Nothing new was launched yet in eu-west-1"):
        meant(other("i-inherited"), asked=asked)


def test_a_machine_in_another_region() -> None:
    """It was launched, where the network is not."""
    with pytest.raises(AssertionError, match="There is a machine, i-far in us-east-1"):
        meant(asked=account(elsewhere="us-east-1"))


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([AMAZONS | {"Name": "amzn2-ami-hvm-2.0"}], "amzn2-ami-hvm-2.0, of amazon"),
        ([AMAZONS | {"ImageOwnerAlias": "aws-marketplace"}], "x86_64, of aws-marketplace"),
        (
            [{"ImageId": "ami-1", "Name": AMAZONS["Name"], "OwnerId": "666666666666"}],
            "x86_64, of 666666666666",
        ),
        ([], "an image that is gone, of nobody"),
    ],
    ids=["older", "sold", "somebody's", "gone"],
)
def test_another_image(images: list[dict[str, Any]], words: str) -> None:
    """Anybody may make an image of Amazon's name and publish it."""
    is_amazon_linux_2023(account(AMAZONS), COLLECTOR)
    with pytest.raises(AssertionError, match=words):
        is_amazon_linux_2023(account(*images), COLLECTOR)


NETWORK = Network(
    subnets=(Subnet("subnet-a", "vpc-1", "10.0.1.0/24"), Subnet("subnet-b", "vpc-1", "10.0.2.0/24"))
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"State": {"Name": "stopped"}}, "i-1 is stopped"),
        ({"SubnetId": "subnet-b"}, r"stands in subnet-b \(10\.0\.2\.0/24\); app_a is 10\.0\.1\.0/24"),
        ({"SubnetId": "subnet-gone"}, r"subnet-gone \(no subnet\)"),
        ({"PublicIpAddress": "3.208.0.7"}, "has the public address 3.208.0.7"),
    ],
)
def test_a_machine_at_another_place(change: dict[str, Any], words: str) -> None:
    """It runs, in its subnet, without a public address."""
    at_home(NETWORK, COLLECTOR, "10.0.1.0/24", "app_a")
    with pytest.raises(AssertionError, match=words):
        at_home(NETWORK, COLLECTOR | change, "10.0.1.0/24", "app_a")


@pytest.mark.parametrize(
    ("change", "root", "words"),
    [
        ({"MetadataOptions": {"HttpTokens": "optional"}}, ROOT, "HttpTokens: optional"),
        ({"IamInstanceProfile": None}, ROOT, "wears no instance profile"),
        (
            {"IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/gone"}},
            ROOT,
            "wears arn:.*/gone",
        ),
        ({}, None, "i-1 has no root disk any more"),
        ({}, ROOT | {"Encrypted": False}, "root disk vol-1 of i-1 is not encrypted"),
        ({}, ROOT | {"Tags": tags(service="else")}, "root disk vol-1 has {'service': 'else'}"),
        ({}, ROOT | {"Tags": []}, "root disk vol-1 has no tags"),
    ],
)
def test_a_machine_that_is_badly_kept(
    change: dict[str, Any], root: dict[str, Any] | None, words: str
) -> None:
    """Token, badge, and the root disk's encryption and tag."""
    well_kept(account(), state(root=ROOT), COLLECTOR, "collector", "readings")
    with pytest.raises(AssertionError, match=words):
        well_kept(account(), state(root=root), COLLECTOR | change, "collector", "readings")


LINEAGES = [
    {"ami-own": "i-1"},
    {"ami-own": "ami-first", "ami-first": "i-1"},
    {"ami-own": "snap-1", "snap-1": "vol-1"},
]


@pytest.mark.parametrize("lineage", LINEAGES, ids=["made", "copied", "registered"])
def test_a_twin(lineage: dict[str, str]) -> None:
    """Its image was made of the machine, of an image of it, or of a snapshot of its root disk."""
    is_a_twin_of(state(root=ROOT), COLLECTOR, other("i-twin", ImageId="ami-own"), lineage)


@pytest.mark.parametrize(
    ("lineage", "words"),
    [
        ({"ami-own": "ami-2", "ami-2": "i-2"}, "an image of i-2; the collector is i-1"),
        ({"ami-own": "snap-2", "snap-2": "vol-2"}, "an image of no machine"),
        ({}, "an image of no machine"),
    ],
)
def test_a_twin_of_somebody_else(lineage: dict[str, str], words: str) -> None:
    """Whatever is like it."""
    with pytest.raises(AssertionError, match=words):
        is_a_twin_of(state(root=ROOT), COLLECTOR, other("i-twin", ImageId="ami-own"), lineage)


def test_a_collector_without_a_root_disk_has_twins_by_its_images() -> None:
    """A disk that is not there is nobody's ancestor."""
    is_a_twin_of(state(), COLLECTOR, other("i-twin", ImageId="ami-own"), LINEAGES[0])
    with pytest.raises(AssertionError, match="an image of no machine"):
        is_a_twin_of(state(), COLLECTOR, other("i-twin", ImageId="ami-own"), {})


def test_a_machine_of_the_type_that_was_ordered() -> None:
    """Another is told by both names."""
    is_of_type(other("i-1", InstanceType="t3.micro"), "t3.micro")
    with pytest.raises(AssertionError, match=r"i-1 is a t3\.large; a t3\.micro was ordered"):
        is_of_type(other("i-1", InstanceType="t3.large"), "t3.micro")


def test_a_machine_of_an_own_image_only() -> None:
    """It has the tag, and is not the one that was ordered; a machine without the tag is not spoken of."""
    twin = other("i-twin", ImageId="ami-own")
    with pytest.raises(
        AssertionError, match="i-twin has the tag service = readings, and runs from an image of yours"
    ):
        meant(twin)
    with pytest.raises(NotAttempted):
        meant(other("i-twin", ImageId="ami-own", Tags=[]))


def test_an_image_that_is_gone() -> None:
    """EC2 knows nothing of it, and says so."""

    class Forgets(Aws):
        def describe_images(self, ImageIds: list[str]) -> dict[str, Any]:  # noqa: N803
            raise ClientError({"Error": {"Code": "InvalidAMIID.NotFound"}}, "DescribeImages")

    with pytest.raises(AssertionError, match="an image that is gone, of nobody"):
        is_amazon_linux_2023(cast(Account, Forgets()), COLLECTOR)
