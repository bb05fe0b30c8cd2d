"""EC2 and EBS: instances, images, volumes, snapshots, templates."""

from __future__ import annotations

from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same

CODES = "EC2 API reference, Error codes"
RUN = "EC2 API reference, RunInstances"
STATES = "EC2 User Guide, Instance lifecycle"
VOLUMES = "EBS User Guide, Amazon EBS volume types"
MODIFY = "EBS User Guide, Requirements for Amazon EBS volume modifications"
IMAGES = "EC2 API reference, CreateImage"


def launch(aws: Aws, **more: Any) -> dict[str, Any]:
    kept = {"ImageId": aws.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    made: dict[str, Any] = aws.ec2.run_instances(**(kept | more))["Instances"][0]
    return made


def plain(aws: Aws, **more: Any) -> str:
    """An instance in a subnet of its own."""
    return aws.instance(aws.subnet(aws.vpc()), **more)


def volume(aws: Aws, zone: str = "a", **more: Any) -> str:
    settings = {"AvailabilityZone": f"{aws.region}{zone}", "Size": 10, "VolumeType": "gp3"} | more
    made: str = aws.ec2.create_volume(**settings)["VolumeId"]
    waiter = aws.ec2.get_waiter("volume_available")
    waiter.wait(VolumeIds=[made], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return made


def described(aws: Aws, instance: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0][
        "Instances"
    ][0]
    return found


for _code, _sentence, _more in (
    (
        "InvalidAMIID.NotFound",
        "An instance is made from an image that there is.",
        {"ImageId": "ami-0123456789abcdef0"},
    ),
    ("InvalidAMIID.Malformed", "An image's id looks like one.", {"ImageId": "amazon-linux"}),
    ("InvalidParameterValue", "An instance's type is one that there is.", {"InstanceType": "t9.micro"}),
    ("InvalidKeyPair.NotFound", "An instance's key pair is there.", {"KeyName": "nobody"}),
    ("InvalidSubnetID.NotFound", "An instance's subnet is there.", {"SubnetId": "subnet-0123456789abcdef0"}),
    (
        "InvalidGroup.NotFound",
        "An instance's groups are there.",
        {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
    ),
    ("InvalidParameterValue", "User data is at most 16 KB.", {"UserData": "x" * 17000}),
    (
        "InvalidParameterValue",
        "No more instances are asked for at least than at most.",
        {"MinCount": 3, "MaxCount": 1},
    ),
    (
        "InvalidParameterValue",
        "Tags of one's own do not begin with aws:.",
        {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "aws:mine", "Value": "1"}]}]},
    ),
    (
        "InvalidParameterValue",
        "An instance's profile is one that there is.",
        {"IamInstanceProfile": {"Name": "nobody"}},
    ),
    ("DryRunOperation", "A dry run launches nothing, and says that it would.", {"DryRun": True}),
    (
        "InvalidBlockDeviceMapping",
        "A root volume is no smaller than the image's snapshot.",
        {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]},
    ),
):
    refused("EC2", _code, _sentence, f"{RUN}; {CODES}", lambda a, _more=_more: launch(a, **_more))


@probe("EC2", "EC2 User Guide, Compatibility for changing the instance type", "InvalidParameterValue")
def wrong_architecture(aws: Aws) -> None:
    """An image of one architecture does not start on a type of another."""
    launch(aws, InstanceType="t4g.micro")


@probe("EC2", CODES, "InvalidParameter")
def group_of_another_network(aws: Aws) -> None:
    """An instance's groups are of its subnet's VPC."""
    group = aws.group(aws.vpc("10.1.0.0/16"))
    launch(aws, SubnetId=aws.subnet(aws.vpc()), SecurityGroupIds=[group])


@probe("EC2", STATES, "IncorrectInstanceState")
def start_terminated(aws: Aws) -> None:
    """A terminated instance does not start."""
    made = plain(aws)
    aws.ec2.terminate_instances(InstanceIds=[made])
    aws.ec2.start_instances(InstanceIds=[made])


@probe("EC2", STATES, "IncorrectInstanceState")
def stop_terminated(aws: Aws) -> None:
    """A terminated instance does not stop."""
    made = plain(aws)
    aws.ec2.terminate_instances(InstanceIds=[made])
    aws.ec2.stop_instances(InstanceIds=[made])


@probe("EC2", STATES)
def terminated_is_seen(aws: Aws) -> None:
    """A terminated instance is described as such for a while, without addresses."""
    made = plain(aws)
    aws.ec2.terminate_instances(InstanceIds=[made])
    found = described(aws, made)
    same(
        (found["State"]["Name"] in ("shutting-down", "terminated"), found.get("PublicIpAddress")),
        (True, None),
    )


@probe("EC2", "EC2 User Guide, Change the instance type", "IncorrectInstanceState")
def resize_running(aws: Aws) -> None:
    """An instance's type changes while it is stopped only."""
    made = plain(aws)
    aws.ec2.modify_instance_attribute(InstanceId=made, InstanceType={"Value": "t3.small"})


@probe("EC2", "EC2 User Guide, Change the instance type", "InvalidParameterValue")
def resize_to_nothing(aws: Aws) -> None:
    """A stopped instance changes to a type that there is."""
    made = plain(aws)
    aws.ec2.stop_instances(InstanceIds=[made])
    aws.ec2.get_waiter("instance_stopped").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    aws.ec2.modify_instance_attribute(InstanceId=made, InstanceType={"Value": "t9.huge"})


@probe("EC2", "EC2 User Guide, Change the instance type")
def resized(aws: Aws) -> None:
    """A stopped instance changes its type and keeps its id, address and volume."""
    made = plain(aws)
    before = described(aws, made)
    aws.ec2.stop_instances(InstanceIds=[made])
    aws.ec2.get_waiter("instance_stopped").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    aws.ec2.modify_instance_attribute(InstanceId=made, InstanceType={"Value": "t3.small"})
    aws.ec2.start_instances(InstanceIds=[made])
    after = described(aws, made)
    same(after["InstanceType"], "t3.small")
    same(after["PrivateIpAddress"], before["PrivateIpAddress"])
    same(after["BlockDeviceMappings"], before["BlockDeviceMappings"])


@probe("EC2", "EC2 User Guide, Change termination protection", "OperationNotPermitted")
def protected(aws: Aws) -> None:
    """A protected instance is not terminated."""
    made = plain(aws, DisableApiTermination=True)
    aws.ec2.terminate_instances(InstanceIds=[made])


@probe("EC2", "EC2 User Guide, Enable stop protection", "OperationNotPermitted")
def stop_protected(aws: Aws) -> None:
    """An instance with stop protection is not stopped."""
    made = plain(aws, DisableApiStop=True)
    aws.ec2.stop_instances(InstanceIds=[made])


refused(
    "EC2",
    "InvalidInstanceID.NotFound",
    "An instance that is not there is not found.",
    CODES,
    lambda a: a.ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"]),
)
refused(
    "EC2",
    "InvalidInstanceID.Malformed",
    "An instance's id looks like one.",
    CODES,
    lambda a: a.ec2.describe_instances(InstanceIds=["web-1"]),
)
refused(
    "EC2",
    "InvalidVolume.NotFound",
    "A volume that is not there is not found.",
    CODES,
    lambda a: a.ec2.describe_volumes(VolumeIds=["vol-0123456789abcdef0"]),
)
refused(
    "EC2",
    "InvalidKeyPair.Duplicate",
    "A key pair's name is given once.",
    CODES,
    lambda a: [a.ec2.create_key_pair(KeyName="mine") for _ in range(2)],
)


@probe("EC2", "VPC User Guide, IP addressing for your VPCs and subnets")
def public_address(aws: Aws) -> None:
    """An instance has a public address where its subnet says so, and nowhere else."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    public, private = aws.subnets(vpc)
    aws.ec2.modify_subnet_attribute(SubnetId=public, MapPublicIpOnLaunch={"Value": True})
    outside, inside = described(aws, aws.instance(public)), described(aws, aws.instance(private))
    assert outside.get("PublicIpAddress"), "no public address in the public subnet"
    same((inside.get("PublicIpAddress"), inside.get("PublicDnsName", "")), (None, ""))
    same(outside["NetworkInterfaces"][0]["Association"]["PublicIp"], outside["PublicIpAddress"])


@probe("EC2", "EC2 User Guide, Amazon EC2 instance IP addressing")
def address_is_given_back(aws: Aws) -> None:
    """A stopped instance has no public address, and another one when it starts."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    subnet = aws.subnet(vpc)
    aws.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    made = aws.instance(subnet)
    first = described(aws, made)["PublicIpAddress"]
    aws.ec2.stop_instances(InstanceIds=[made])
    aws.ec2.get_waiter("instance_stopped").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    same(described(aws, made).get("PublicIpAddress"), None)
    aws.ec2.start_instances(InstanceIds=[made])
    again = described(aws, made).get("PublicIpAddress")
    assert again not in (None, first), f"{first} before, {again} after"


@probe("EC2", RUN)
def groups_by_interface(aws: Aws) -> None:
    """An instance launched with network interfaces shows their groups as its own."""
    vpc = aws.vpc()
    group = aws.group(vpc)
    card = {
        "DeviceIndex": 0,
        "SubnetId": aws.subnet(vpc),
        "Groups": [group],
        "AssociatePublicIpAddress": False,
    }
    made = launch(aws, NetworkInterfaces=[card])["InstanceId"]
    same([g["GroupId"] for g in described(aws, made)["SecurityGroups"]], [group])


@probe("EC2", RUN)
def default_group_when_none(aws: Aws) -> None:
    """An instance launched without groups has its VPC's default group."""
    vpc = aws.vpc()
    made = aws.instance(aws.subnet(vpc))
    same([g["GroupName"] for g in described(aws, made)["SecurityGroups"]], ["default"])


@probe("EC2", "EC2 User Guide, Configure the Instance Metadata Service options")
def metadata_options(aws: Aws) -> None:
    """IMDSv2 is required when it is asked for, and the hop limit is kept."""
    made = plain(aws, MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2})
    found = described(aws, made)["MetadataOptions"]
    same(
        (found["HttpTokens"], found["HttpPutResponseHopLimit"], found["HttpEndpoint"]),
        ("required", 2, "enabled"),
    )


@probe("EC2", "EC2 User Guide, Preserve data when an instance is terminated")
def volumes_after_termination(aws: Aws) -> None:
    """A terminated instance's root volume goes; a volume with DeleteOnTermination false stays, available."""
    data = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "DeleteOnTermination": False}}
    made = plain(aws, BlockDeviceMappings=[data])
    disks = {d["DeviceName"]: d["Ebs"] for d in described(aws, made)["BlockDeviceMappings"]}
    kept = disks["/dev/sdf"]["VolumeId"]
    roots = [d["VolumeId"] for name, d in disks.items() if name != "/dev/sdf"]
    same(disks["/dev/sdf"]["DeleteOnTermination"], False)
    aws.ec2.terminate_instances(InstanceIds=[made])
    aws.ec2.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    left = aws.ec2.describe_volumes()["Volumes"]
    same([v["State"] for v in left if v["VolumeId"] == kept], ["available"])
    same([v for v in left if v["VolumeId"] in roots], [])


@probe("EC2", "EC2 API reference, AttachVolume")
def attached_volume_stays(aws: Aws) -> None:
    """A volume attached to a running instance stays when the instance is terminated."""
    made, data = plain(aws), volume(aws)
    aws.ec2.attach_volume(InstanceId=made, VolumeId=data, Device="/dev/sdg")
    disks = {
        d["DeviceName"]: d["Ebs"]["DeleteOnTermination"] for d in described(aws, made)["BlockDeviceMappings"]
    }
    same(disks["/dev/sdg"], False)
    aws.ec2.terminate_instances(InstanceIds=[made])
    aws.ec2.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    same(aws.ec2.describe_volumes(VolumeIds=[data])["Volumes"][0]["State"], "available")


@probe("EC2", RUN)
def root_goes(aws: Aws) -> None:
    """A root volume is deleted with its instance unless told otherwise."""
    disks = described(aws, plain(aws))["BlockDeviceMappings"]
    same([d["Ebs"]["DeleteOnTermination"] for d in disks], [True])


@probe("EC2", CODES, "InvalidVolume.ZoneMismatch")
def volume_elsewhere(aws: Aws) -> None:
    """A volume is attached in its own zone only."""
    made, data = plain(aws), volume(aws, "b")
    aws.ec2.attach_volume(InstanceId=made, VolumeId=data, Device="/dev/sdf")


@probe("EC2", CODES, "VolumeInUse")
def attached_twice(aws: Aws) -> None:
    """A volume is attached to one instance."""
    made, other, data = plain(aws), plain(aws), volume(aws)
    aws.ec2.attach_volume(InstanceId=made, VolumeId=data, Device="/dev/sdf")
    aws.ec2.attach_volume(InstanceId=other, VolumeId=data, Device="/dev/sdf")


@probe("EC2", CODES, "VolumeInUse")
def delete_attached(aws: Aws) -> None:
    """An attached volume is not deleted."""
    made, data = plain(aws), volume(aws)
    aws.ec2.attach_volume(InstanceId=made, VolumeId=data, Device="/dev/sdf")
    aws.ec2.delete_volume(VolumeId=data)


@probe("EC2", CODES, "InvalidParameterValue")
def device_taken(aws: Aws) -> None:
    """A device name is taken once."""
    made = plain(aws)
    for data in (volume(aws), volume(aws)):
        aws.ec2.attach_volume(InstanceId=made, VolumeId=data, Device="/dev/sdf")


@probe("EC2", CODES, "IncorrectState")
def detach_free(aws: Aws) -> None:
    """A volume that is not attached is not detached."""
    aws.ec2.detach_volume(VolumeId=volume(aws))


for _code, _sentence, _more in (
    ("InvalidParameterValue", "gp3 has at most 80,000 IOPS.", {"Iops": 100_000, "Size": 1000}),
    ("InvalidParameterValue", "gp3 has at least 3,000 IOPS.", {"Iops": 1000}),
    ("InvalidParameterValue", "gp3 has at most 500 IOPS a GiB.", {"Iops": 16_000}),
    (
        "InvalidParameterValue",
        "gp3 has at most 2,000 MiB/s.",
        {"Throughput": 3000, "Iops": 16_000, "Size": 500},
    ),
    (
        "InvalidParameterValue",
        "gp3 has at most a quarter MiB/s for each IOPS.",
        {"Throughput": 1000, "Size": 500},
    ),
    ("InvalidParameterCombination", "gp2 takes no IOPS.", {"VolumeType": "gp2", "Iops": 3000}),
    ("InvalidParameterCombination", "Throughput is gp3's.", {"VolumeType": "gp2", "Throughput": 250}),
    ("MissingParameter", "io1 needs IOPS.", {"VolumeType": "io1"}),
    ("MissingParameter", "io2 needs IOPS.", {"VolumeType": "io2"}),
    ("InvalidParameterValue", "io1 has at most 50 IOPS a GiB.", {"VolumeType": "io1", "Iops": 5000}),
    (
        "InvalidParameterValue",
        "io2 has at most 256,000 IOPS.",
        {"VolumeType": "io2", "Iops": 300_000, "Size": 1000},
    ),
    ("InvalidParameterValue", "st1 has at least 125 GiB.", {"VolumeType": "st1", "Size": 100}),
    ("InvalidParameterValue", "sc1 has at least 125 GiB.", {"VolumeType": "sc1", "Size": 100}),
    ("InvalidParameterValue", "gp2 has at most 16 TiB.", {"VolumeType": "gp2", "Size": 20_000}),
    ("UnknownVolumeType", "A volume's type is one that there is.", {"VolumeType": "gp9"}),
    ("MissingParameter", "A volume has a size, or is made from a snapshot.", {"Size": None}),
    ("InvalidSnapshot.NotFound", "A volume's snapshot is there.", {"SnapshotId": "snap-0123456789abcdef0"}),
):
    _more = {"AvailabilityZone": "us-east-1a", "Size": 10, "VolumeType": "gp3"} | _more
    _more = {name: value for name, value in _more.items() if value is not None}
    refused("EC2", _code, _sentence, VOLUMES, lambda a, _more=_more: a.ec2.create_volume(**_more))

refused(
    "EC2",
    ("InvalidParameterValue", "InvalidZone.NotFound"),
    "A volume's zone is one of the Region's.",
    CODES,
    lambda a: volume(a, "z"),
)
gives(
    "EC2",
    "gp3 starts with 3,000 IOPS and 125 MiB/s.",
    VOLUMES,
    (3000, 125),
    lambda a: (lambda v: (v["Iops"], v["Throughput"]))(
        a.ec2.describe_volumes(VolumeIds=[volume(a)])["Volumes"][0]
    ),
)
gives(
    "EC2",
    "gp2 has three IOPS a GiB, and a hundred at least.",
    VOLUMES,
    [100, 600],
    lambda a: [
        a.ec2.describe_volumes(VolumeIds=[volume(a, VolumeType="gp2", Size=size)])["Volumes"][0]["Iops"]
        for size in (10, 200)
    ],
)
gives(
    "EC2",
    "A volume of no stated type is gp2.",
    "EC2 API reference, CreateVolume",
    "gp2",
    lambda a: a.ec2.create_volume(AvailabilityZone="us-east-1a", Size=10)["VolumeType"],
)
refused(
    "EC2",
    "InvalidParameterValue",
    "A volume does not shrink.",
    MODIFY,
    lambda a: a.ec2.modify_volume(VolumeId=volume(a), Size=5),
)


@probe("EC2", "EBS User Guide, Amazon EBS encryption", "InvalidParameter")
def encrypted_snapshot(aws: Aws) -> None:
    """A volume from an encrypted snapshot is encrypted."""
    data = volume(aws, Encrypted=True)
    snapshot = aws.ec2.create_snapshot(VolumeId=data)["SnapshotId"]
    zone = f"{aws.region}b"
    made = aws.ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=zone)
    same(made["Encrypted"], True)
    aws.ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=zone, Encrypted=False)


@probe("EC2", "EBS User Guide, Amazon EBS encryption")
def encrypted_by_default(aws: Aws) -> None:
    """With encryption by default on, every new volume is encrypted."""
    aws.ec2.enable_ebs_encryption_by_default()
    found = aws.ec2.describe_volumes(VolumeIds=[volume(aws)])["Volumes"][0]
    same(found["Encrypted"], True)


@probe("EC2", CODES, "InvalidParameterValue")
def smaller_than_snapshot(aws: Aws) -> None:
    """A volume is no smaller than its snapshot."""
    snapshot = aws.ec2.create_snapshot(VolumeId=volume(aws, Size=20))["SnapshotId"]
    aws.ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=f"{aws.region}a", Size=10)


@probe("EC2", CODES, "InvalidSnapshot.InUse")
def snapshot_of_an_image(aws: Aws) -> None:
    """A snapshot that an image is made of is not deleted."""
    image = aws.ec2.create_image(InstanceId=plain(aws), Name="golden")["ImageId"]
    disks = aws.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    aws.ec2.delete_snapshot(SnapshotId=disks[0]["Ebs"]["SnapshotId"])


@probe("EC2", CODES, "InvalidAMIName.Duplicate")
def image_name(aws: Aws) -> None:
    """An account's images have names of their own."""
    made = plain(aws)
    for _ in range(2):
        aws.ec2.create_image(InstanceId=made, Name="golden")


refused(
    "EC2",
    "InvalidAMIName.Malformed",
    "An image's name keeps to its characters.",
    IMAGES,
    lambda a: a.ec2.create_image(InstanceId=plain(a), Name="golden*image"),
)


@probe("EC2", "EC2 API reference, DeregisterImage", ("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound"))
def gone_image(aws: Aws) -> None:
    """No instance is launched from a deregistered image."""
    image = aws.ec2.create_image(InstanceId=plain(aws), Name="golden")["ImageId"]
    aws.ec2.deregister_image(ImageId=image)
    launch(aws, ImageId=image)


refused(
    "EC2",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    "A launch template's name is given once.",
    CODES,
    lambda a: [
        a.ec2.create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"}
        )
        for _ in range(2)
    ],
)
refused(
    "EC2",
    "InvalidLaunchTemplateName.NotFoundException",
    "A launch template that is not there is not found.",
    CODES,
    lambda a: a.ec2.describe_launch_templates(LaunchTemplateNames=["web"]),
)
refused(
    "EC2",
    "TagLimitExceeded",
    "A resource has at most 50 tags.",
    "EC2 User Guide, Tag restrictions",
    lambda a: a.ec2.create_tags(
        Resources=[a.vpc()], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)]
    ),
)
refused(
    "EC2",
    "InvalidParameterValue",
    "A tag's key has at most 127 characters.",
    "EC2 User Guide, Tag restrictions",
    lambda a: a.ec2.create_tags(Resources=[a.vpc()], Tags=[{"Key": "k" * 129, "Value": "v"}]),
)
refused(
    "EC2",
    "InvalidNetworkInterface.InUse",
    "An interface in use is not deleted.",
    CODES,
    lambda a: a.ec2.delete_network_interface(
        NetworkInterfaceId=described(a, plain(a))["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ),
)


@probe("EC2", "EC2 API reference, ReplaceIamInstanceProfileAssociation", "IncorrectState")
def two_profiles(aws: Aws) -> None:
    """An instance has one instance profile."""
    names = [aws.name("profile") for _ in range(2)]
    for name in names:
        aws.iam.create_instance_profile(InstanceProfileName=name)
        role = aws.name("role")
        aws.role("ec2", role)
        aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    made = plain(aws, IamInstanceProfile={"Name": names[0]})
    aws.ec2.associate_iam_instance_profile(InstanceId=made, IamInstanceProfile={"Name": names[1]})


@probe("EC2", "EC2 User Guide, Launch instances with a launch template")
def from_template(aws: Aws) -> None:
    """An instance launched from a template has what the template says, and what the call says above it."""
    data = {
        "ImageId": aws.image,
        "InstanceType": "t3.small",
        "MetadataOptions": {"HttpTokens": "required"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
    }
    aws.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    made = aws.ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "web"},
        SubnetId=aws.subnet(aws.vpc()),
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.medium",
    )["Instances"][0]["InstanceId"]
    found = described(aws, made)
    same((found["ImageId"], found["InstanceType"]), (aws.image, "t3.medium"))
    same(found["MetadataOptions"]["HttpTokens"], "required")
    same([t for t in found["Tags"] if t["Key"] == "from"], [{"Key": "from", "Value": "template"}])


@probe("EC2", "EC2 User Guide, Monitor your instances using CloudWatch")
def basic_monitoring(aws: Aws) -> None:
    """Monitoring is basic unless asked for in detail."""
    same(described(aws, plain(aws))["Monitoring"]["State"], "disabled")
    same(described(aws, plain(aws, Monitoring={"Enabled": True}))["Monitoring"]["State"], "enabled")


@probe("EC2", "EC2 API reference, RunInstances (ClientToken)")
def idempotent(aws: Aws) -> None:
    """The same client token launches the same instance."""
    subnet = aws.subnet(aws.vpc())
    first, second = (launch(aws, SubnetId=subnet, ClientToken="once")["InstanceId"] for _ in range(2))
    same(first, second)


@probe("EC2", STATES)
def reservation_count(aws: Aws) -> None:
    """One launch of two instances is one reservation."""
    made = aws.ec2.run_instances(
        ImageId=aws.image, InstanceType="t3.micro", MinCount=2, MaxCount=2, SubnetId=aws.subnet(aws.vpc())
    )
    found = aws.ec2.describe_instances()["Reservations"]
    same([len(r["Instances"]) for r in found if r["ReservationId"] == made["ReservationId"]], [2])
