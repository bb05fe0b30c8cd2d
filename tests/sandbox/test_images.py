"""Images, and the disks that a launch makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudlings.sandbox import Sandbox

AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def ec2(learner: boto3.Session) -> Any:
    """EC2 of the test's account."""
    return learner.client("ec2")


def launch(ec2: Any, image: str = f"resolve:ssm:{AL2023}", **more: Any) -> dict[str, Any]:
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    instance = made["Instances"][0]["InstanceId"]
    found: dict[str, Any] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return found


def disks(ec2: Any, instance: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The volumes of an instance by device."""
    names = {each["Ebs"]["VolumeId"]: each["DeviceName"] for each in instance["BlockDeviceMappings"]}
    found = ec2.describe_volumes(VolumeIds=list(names))["Volumes"]
    return {names[volume["VolumeId"]]: volume for volume in found}


def test_a_public_parameter_names_an_image_that_can_be_launched(learner: boto3.Session, ec2: Any) -> None:
    """AWS's parameter for Amazon Linux 2023 gives an image of that name and architecture."""
    image = learner.client("ssm").get_parameter(Name=AL2023)["Parameter"]["Value"]
    (found,) = ec2.describe_images(ImageIds=[image])["Images"]
    assert found["Name"].startswith("al2023-ami-2023")
    assert found["Architecture"] == "x86_64"


def test_each_account_has_public_images_of_its_own(sandbox: Sandbox) -> None:
    """They are the same everywhere, with the same snapshots; what one account writes on them is its own."""
    ours, theirs = (_ec2_of(sandbox, number) for number in ("666677770001", "666677770002"))
    images, others = (ec2.describe_images(Owners=["amazon"])["Images"] for ec2 in (ours, theirs))
    assert images == others
    assert len(images) > 100
    image = images[0]["ImageId"]
    ours.create_tags(Resources=[image], Tags=[{"Key": "tried", "Value": "yes"}])
    assert ours.describe_images(ImageIds=[image])["Images"][0]["Tags"] == [{"Key": "tried", "Value": "yes"}]
    assert theirs.describe_images(ImageIds=[image])["Images"][0].get("Tags", []) == []
    snapshot = images[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    found = [ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"] for ec2 in (ours, theirs)]
    assert found[0] == found[1] != []


def _ec2_of(sandbox: Sandbox, account: str) -> Any:
    sandbox.provision(account)
    return sandbox.session(account, "learner", "us-east-1").client("ec2")


def test_a_launch_keeps_its_root_disk_beside_a_mapping_of_another(ec2: Any) -> None:
    """A mapping of a data disk adds to the image's root disk, with the figures that it asks for."""
    data = {"VolumeSize": 20, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250}
    made = disks(ec2, launch(ec2, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": data}]))
    assert sorted(made) == ["/dev/sdf", "/dev/xvda"]
    figures = made["/dev/sdf"]
    assert (figures["Iops"], figures["Throughput"], made["/dev/xvda"]["Size"]) == (4000, 250, 8)


def test_a_root_mapping_changes_only_what_it_names(ec2: Any) -> None:
    """Encrypting the root disk leaves its size, type and DeleteOnTermination the image's."""
    made = launch(ec2, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}])
    root = disks(ec2, made)["/dev/xvda"]
    assert (root["Encrypted"], root["Size"], root["VolumeType"]) == (True, 8, "gp3")
    assert made["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is True


def test_encryption_by_default_encrypts_a_launch(ec2: Any) -> None:
    """With encryption by default on, the root disk of a launch is encrypted."""
    ec2.enable_ebs_encryption_by_default()
    assert [volume["Encrypted"] for volume in disks(ec2, launch(ec2)).values()] == [True]


def test_an_image_holds_every_disk_of_its_instance(ec2: Any) -> None:
    """A launch from an own image makes its disks from the snapshots, as encrypted as they were."""
    data = {"VolumeSize": 12, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": False}
    first = launch(ec2, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": data}])
    image = ec2.create_image(InstanceId=first["InstanceId"], Name="with-data")["ImageId"]
    made = disks(ec2, launch(ec2, image))
    snapshots = {one["SnapshotId"]: one for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    sources = {device: volume["VolumeId"] for device, volume in disks(ec2, first).items()}
    assert {device: snapshots[v["SnapshotId"]]["VolumeId"] for device, v in made.items()} == sources
    assert (made["/dev/sdf"]["Encrypted"], made["/dev/sdf"]["Size"]) == (True, 12)


def test_an_image_can_leave_a_disk_out(ec2: Any) -> None:
    """NoDevice in CreateImage, or in a launch, makes no disk there."""
    data = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 12}}]
    first = launch(ec2, BlockDeviceMappings=data)["InstanceId"]
    out = [{"DeviceName": "/dev/sdf", "NoDevice": ""}]
    lean = ec2.create_image(InstanceId=first, Name="lean", BlockDeviceMappings=out)["ImageId"]
    full = ec2.create_image(InstanceId=first, Name="full")["ImageId"]
    assert list(disks(ec2, launch(ec2, lean))) == ["/dev/xvda"]
    assert list(disks(ec2, launch(ec2, full, BlockDeviceMappings=out))) == ["/dev/xvda"]


def test_a_copy_of_a_snapshot_can_be_encrypted(ec2: Any) -> None:
    """CopySnapshot encrypts; a volume made of the copy is encrypted."""
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=5)["VolumeId"]
    plain = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    copy = ec2.copy_snapshot(SourceSnapshotId=plain, SourceRegion="us-east-1", Encrypted=True)["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]["Encrypted"] is True
    assert ec2.create_volume(SnapshotId=copy, AvailabilityZone="us-east-1b")["Encrypted"] is True


def test_a_copy_of_a_snapshot_shows_an_arbitrary_volume(ec2: Any) -> None:
    """Which volume its data came from cannot be told by the copy; its size can."""
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=5)["VolumeId"]
    plain = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    copy = ec2.copy_snapshot(SourceSnapshotId=plain, SourceRegion="us-east-1")["SnapshotId"]
    shown = {each["SnapshotId"]: each for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert (shown[copy]["VolumeId"], shown[copy]["VolumeSize"]) == ("vol-ffffffff", 5)
    assert shown[plain]["VolumeId"] == volume


def test_a_copy_of_an_image_has_its_disks(ec2: Any) -> None:
    """CopyImage copies each snapshot, encrypts where asked, and the copy names its source."""
    data = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 12}}]
    image = ec2.create_image(InstanceId=launch(ec2, BlockDeviceMappings=data)["InstanceId"], Name="one")
    copy = ec2.copy_image(
        Name="two", SourceImageId=image["ImageId"], SourceRegion="us-east-1", Encrypted=True
    )["ImageId"]
    (found,) = ec2.describe_images(ImageIds=[copy])["Images"]
    assert (found["SourceImageId"], found["RootDeviceName"]) == (image["ImageId"], "/dev/xvda")
    made = disks(ec2, launch(ec2, copy))
    assert {name: (each["Size"], each["Encrypted"]) for name, each in made.items()} == {
        "/dev/xvda": (8, True),
        "/dev/sdf": (12, True),
    }


def test_an_image_is_registered_of_a_snapshot(ec2: Any) -> None:
    """A machine of it has a disk of that snapshot."""
    root = disks(ec2, launch(ec2))["/dev/xvda"]["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
    image = ec2.register_image(
        Name="registered",
        Architecture="x86_64",
        RootDeviceName="/dev/xvda",
        VirtualizationType="hvm",
        BlockDeviceMappings=mapping,
    )["ImageId"]
    made = disks(ec2, launch(ec2, image))
    assert (list(made), made["/dev/xvda"]["SnapshotId"]) == (["/dev/xvda"], snapshot)


def test_disks_and_tags_of_a_template(ec2: Any) -> None:
    """A template's mapping may change the image's own disk, and its tags are for the volumes as well."""
    tags = [{"Key": "service", "Value": "readings"}]
    image = launch(ec2)["ImageId"]
    data = {
        "ImageId": image,
        "InstanceType": "t3.micro",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}],
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    }
    ec2.create_launch_template(LaunchTemplateName="readings", LaunchTemplateData=data)
    template = {"LaunchTemplateName": "readings"}
    made = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    (found,) = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"]
    root = disks(ec2, found)["/dev/xvda"]
    assert (root["Encrypted"], root["Size"], root["Tags"]) == (True, 8, tags)
    assert tags[0] in found["Tags"]


def test_a_launch_makes_as_many_as_it_may(ec2: Any) -> None:
    """MaxCount, where there is room for them."""
    image = launch(ec2)["ImageId"]
    assert (
        len(ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=3)["Instances"])
        == 3
    )


def test_amazon_linux_2023_wants_session_tokens_unless_told(ec2: Any) -> None:
    """IMDSv2 is required by default on AL2023, and a request that says otherwise counts."""
    assert launch(ec2)["MetadataOptions"]["HttpTokens"] == "required"
    assert launch(ec2, MetadataOptions={"HttpTokens": "optional"})["MetadataOptions"]["HttpTokens"] == (
        "optional"
    )


def test_metadata_options_that_are_not_named_stay(ec2: Any) -> None:
    """Changing the hop limit leaves the tokens as they were."""
    made = launch(ec2)["InstanceId"]
    ec2.modify_instance_metadata_options(InstanceId=made, HttpPutResponseHopLimit=1)
    found = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["MetadataOptions"]
    assert (found["HttpTokens"], found["HttpPutResponseHopLimit"], found["HttpEndpoint"]) == (
        "required",
        1,
        "enabled",
    )


def test_a_volume_is_detached_by_its_id(ec2: Any) -> None:
    """DetachVolume needs no instance."""
    data = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8}}
    made = disks(ec2, launch(ec2, BlockDeviceMappings=[data]))["/dev/sdf"]["VolumeId"]
    ec2.detach_volume(VolumeId=made)
    assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["State"] == "available"


def test_other_groups_take_the_place_of_the_old_ones(ec2: Any) -> None:
    """Changing an instance's groups, or its interface's, leaves none of the old ones on the interface."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    first, second, third = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in "abc"
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    card = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [first]}
    made = launch(ec2, NetworkInterfaces=[card])

    def worn() -> list[list[str]]:
        again = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
        places = (again, again["NetworkInterfaces"][0])
        return [
            [group["GroupId"] for group in place[key]]
            for place, key in zip(places, ("SecurityGroups", "Groups"), strict=True)
        ]

    ec2.modify_instance_attribute(InstanceId=made["InstanceId"], Groups=[second])
    assert worn() == [[second], [second]]
    number = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=number, Groups=[third])
    assert worn() == [[third], [third]]


def test_images_are_the_same_after_a_restart(tmp_path: Path) -> None:
    """The public images and their snapshots come back with the account's own, though only these are kept."""
    account = "100000000888"

    def seen(ec2: Any) -> tuple[dict[str, str], dict[str, str]]:
        images = {one["ImageId"]: one["Name"] for one in ec2.describe_images()["Images"]}
        snapshots = ec2.describe_snapshots(Filters=[{"Name": "status", "Values": ["completed"]}])["Snapshots"]
        return images, {one["SnapshotId"]: one["VolumeId"] for one in snapshots}

    for start in ("first", "again"):
        sandbox = Sandbox.start(tmp_path / "home", port=0)
        try:
            sandbox.provision(account)
            ec2 = sandbox.session(account, "learner", "us-east-1").client("ec2")
            if start == "first":
                made = launch(ec2)["InstanceId"]
                own = ec2.create_image(InstanceId=made, Name="own")["ImageId"]
                before = seen(ec2)
                assert len(before[0]) > 1000
            else:
                assert seen(ec2) == before
                assert ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"] == own
                assert disks(ec2, launch(ec2, own))
        finally:
            sandbox.stop()
    file = next((tmp_path / "home").rglob(f"moto/{account}.state"))
    assert file.stat().st_size < 30_000
