# Another design: a managed policy with a condition, one launch with both disks, the old group mended in place, a disk that is detached
# before the end, a copied image with every disk and a launch without, a copied snapshot.

# %% task="names"
types = {
    "status page": {1: "t4g.micro", 2: "t4g.small", 4: "t3a.medium"},
    "booking portal": {8: "m7g.large", 16: "m6i.xlarge"},
    "wave simulation": {8: "c6g.xlarge", 16: "c7i.2xlarge"},
    "cache of readings": {16: "r7g.large", 32: "r6i.xlarge"},
    "chart database in memory": {64: "x2gd.xlarge"},
    "shuffle of the nightly sort": {16: "i3en.large"},
    "licensed solver": {16: "r8a.large"},
    "ice seen on pictures": {16: "g6.xlarge"},
    "tape archive's shelf": {32: "d3.xlarge"},
}
read = {}
for name in brief.names:
    kind, _, size = name.partition(".")
    digits = [character for character in kind.partition("-")[0] if character.isdigit()]
    family, _, options = kind.partition(digits[0])
    read[name] = {"family": family, "generation": digits[0], "arm": "g" in options, "size": size}
answer("names", read)
answer("types", {one["load"]: types[one["load"]][one["gib"]] for one in brief.loads})

# %% task="badge"
where = f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*"
own = boto3.client("sts").get_caller_identity()["Account"]
made = iam.create_policy(
    PolicyName="put-readings",
    PolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": ["s3:PutObject"],
                "Resource": [where],
                "Condition": {"StringEquals": {"aws:ResourceAccount": own}},
            },
        }
    ),
)["Policy"]["Arn"]
trust = {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": "sts:AssumeRole"}
iam.create_role(
    RoleName=brief.role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)
iam.attach_role_policy(RoleName=brief.role, PolicyArn=made)
iam.create_instance_profile(InstanceProfileName="badges")
iam.add_role_to_instance_profile(InstanceProfileName="badges", RoleName=brief.role)

# %% task="launch"
# Both disks in one launch; the relay's address as the source.
ec2.enable_ebs_encryption_by_default()
door = ec2.create_security_group(GroupName="collector door", Description="relay", VpcId=brackwater)["GroupId"]
one_host = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**one_host, "IpRanges": [{"CidrIp": f"{brief.hosts['relay']}/32"}]}]
)
service = [{"Key": "service", "Value": brief.service}, {"Key": "Name", "Value": "Sammler für Messwerte"}]
data = {
    "VolumeSize": brief.disk_gib,
    "VolumeType": "gp3",
    "Iops": brief.disk_iops,
    "Throughput": brief.disk_throughput,
    "DeleteOnTermination": False,
}
ec2.run_instances(
    ImageId=f"resolve:ssm:{latest}",
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet["app_a"], "Groups": [door]}],
    IamInstanceProfile={"Name": "badges"},
    MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": data}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% task="data-disk"
print([disk["DeviceName"] for disk in collector()["BlockDeviceMappings"]])

# %% task="open-door"
group = machines()[forecaster]["SecurityGroups"][0]["GroupId"]
everybody = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=everybody)
relay_only = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
ec2.authorize_security_group_ingress(
    GroupId=group, IpPermissions=[{**relay_only, "IpRanges": [{"CidrIp": f"{brief.hosts['relay']}/32"}]}]
)
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required", HttpPutResponseHopLimit=1)

# %% task="retire"
ec2.detach_volume(VolumeId=inventory["archive"]["observations"])
ec2.terminate_instances(InstanceIds=[archive])

# %% task="image"
first = collector()
golden = ec2.create_image(InstanceId=first["InstanceId"], Name="collector (with data)", NoReboot=True)[
    "ImageId"
]
golden = ec2.copy_image(Name="collector (a copy)", SourceImageId=golden, SourceRegion=ec2.meta.region_name)[
    "ImageId"
]
# First a trial beside the first one; then the twin, with a small empty disk of its own.
ec2.run_instances(ImageId=golden, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet["app_a"])
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": "badges"},
    MetadataOptions={"HttpTokens": "required"},
    BlockDeviceMappings=[
        {"DeviceName": "/dev/sdf", "NoDevice": ""},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 2, "VolumeType": "gp3"}},
    ],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% task="other-zone"
snapshot = ec2.create_snapshot(VolumeId=inventory["archive"]["observations"])["SnapshotId"]
secret = ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion=ec2.meta.region_name, Encrypted=True)
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
copy = ec2.create_volume(SnapshotId=secret["SnapshotId"], AvailabilityZone=there, VolumeType="gp3")[
    "VolumeId"
]
ec2.delete_snapshot(SnapshotId=snapshot)
twins = [one for one in machines().values() if one.get("SubnetId") == subnet["app_b"]]
ec2.attach_volume(VolumeId=copy, InstanceId=twins[0]["InstanceId"], Device="/dev/sdo")
