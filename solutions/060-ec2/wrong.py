# Near-misses of 060-ec2: each loses the tasks that it names, and is told why. Three begin with the
# curriculum's; all are gathered in a few notebooks, as one learner would make them.

# %% wrong="volume-in-other-zone" task="data-disk" says=["is of one zone", "no disk but its root disk"] ref="L06-M1"
zone_b = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(
    AvailabilityZone=zone_b,
    Size=brief.disk_gib,
    VolumeType="gp3",
    Iops=brief.disk_iops,
    Throughput=brief.disk_throughput,
    Encrypted=True,
)

# %% wrong="volume-in-other-zone" task="names" says=["names"]
# The types were chosen, the names not read.
answer("types", {one["load"]: "m7i.large" for one in brief.loads})

# %% wrong="volume-in-other-zone" task="launch" says=["a t3.small", "t3.micro was ordered"]
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.small",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="volume-in-other-zone" task="open-door" says=["can reach", "way to", "nobody needs"]
# The token only: the door stays open.
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required")

# %% wrong="volume-in-other-zone" task="image" says=["an image of", "a twin of somebody else"]
# The image was made of the forecaster.
first = collector()
data = [
    {"DeviceName": disk["DeviceName"], "NoDevice": ""}
    for disk in first["BlockDeviceMappings"]
    if disk["DeviceName"] != first["RootDeviceName"]
]
golden = ec2.create_image(InstanceId=forecaster, Name=f"{brief.service} 1", BlockDeviceMappings=data)[
    "ImageId"
]
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="volume-in-other-zone" task="other-zone" says=["is a gp2", "older gp2"]
snapshot = ec2.create_snapshot(VolumeId=inventory["archive"]["observations"])["SnapshotId"]
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=there, Encrypted=True)

# %% wrong="terminate-instead-of-stop" task="resize" says=["was terminated", "Stopped is not"] ref="L06-M2"
old = machines()[forecaster]
ec2.terminate_instances(InstanceIds=[forecaster])
ec2.run_instances(
    ImageId=old["ImageId"],
    InstanceType=brief.forecaster_wanted,
    MinCount=1,
    MaxCount=1,
    SubnetId=old["SubnetId"],
    TagSpecifications=[{"ResourceType": "instance", "Tags": old["Tags"]}],
)

# %% wrong="terminate-instead-of-stop" task="names" says=["types"]
# The names were read, no type was chosen.
import re

parts = {}
for name in brief.names:
    family, generation, options, size = re.fullmatch(r"([a-z]+)(\d+)(.*)\.(.+)", name).groups()
    parts[name] = {"family": family, "generation": int(generation), "arm": "g" in options, "size": size}
answer("names", parts)

# %% wrong="terminate-instead-of-stop" task="launch" says=["old images get no updates"]
# The system that the team knew until last year.
older = [{"Name": "name", "Values": ["amzn2-ami-hvm-*x86_64*"]}]
found = ec2.describe_images(Owners=["amazon"], Filters=older)["Images"]
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=found[0]["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="terminate-instead-of-stop" task="image" says=["stands in", "other neighbours"]
# The twin stands beside the first.
first = collector()
data = [
    {"DeviceName": disk["DeviceName"], "NoDevice": ""}
    for disk in first["BlockDeviceMappings"]
    if disk["DeviceName"] != first["RootDeviceName"]
]
golden = ec2.create_image(
    InstanceId=first["InstanceId"], Name=f"{brief.service} 1", BlockDeviceMappings=data
)["ImageId"]
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="terminate-instead-of-stop" task="other-zone" says=["no volume was made"]
# A snapshot only.
ec2.create_snapshot(VolumeId=inventory["archive"]["observations"])

# %% wrong="all-by-default" task="launch" says=["public address"] also=["image"] ref="L06-M5"
# A public address, the default group, an unencrypted disk: what a quick launch gives.
service = [{"Key": "service", "Value": brief.service}]
card = {"DeviceIndex": 0, "SubnetId": subnet["app_a"], "AssociatePublicIpAddress": True}
launched = ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    NetworkInterfaces=[card],
    IamInstanceProfile={"Name": brief.role},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="beginner" task="names" says=["arm", "before the number"]
# Any g is Graviton.
import re

parts = {}
for name in brief.names:
    family, generation, options, size = re.fullmatch(r"([a-z]+)(\d+)(.*)\.(.+)", name).groups()
    parts[name] = {"family": family, "generation": generation, "arm": "g" in family + options, "size": size}
answer("names", parts)
answer("types", {one["load"]: "m7i.large" for one in brief.loads})

# %% wrong="beginner" task="badge" says=["and nobody needs that", "s3:PutObject"]
# The whole bucket.
ec2_only = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{brief.bucket}/*"}
trust, policy = ({"Version": "2012-10-17", "Statement": [each]} for each in (ec2_only, put))
iam.create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName=brief.role, PolicyName="put", PolicyDocument=json.dumps(policy))
iam.create_instance_profile(InstanceProfileName=brief.role)
iam.add_role_to_instance_profile(InstanceProfileName=brief.role, RoleName=brief.role)

# %% wrong="beginner" task="launch" says=["kiosk", "The default group lets in"] also=["image"]
# The right group, and the default one in addition.
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door, groups["default"]],
    IamInstanceProfile={"Name": brief.role},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="beginner" task="data-disk" says=["3,000 IOPS, where", "queue up"]
# gp3, with what it comes with.
home = collector()["Placement"]["AvailabilityZone"]
made = ec2.create_volume(AvailabilityZone=home, Size=brief.disk_gib, VolumeType="gp3", Encrypted=True)
ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=collector()["InstanceId"], Device="/dev/sdf")

# %% wrong="beginner" task="disk-bill" says=["gp3", "too much"]
# Every IOPS and MiB/s is charged.
price = {
    key: price_table()[f"ebs.{key}"].usd for key in ("gp3.gb_month", "gp3.iops_month", "gp3.throughput_month")
}
wrong = (
    brief.base_gib * price["gp3.gb_month"]
    + brief.base_iops * price["gp3.iops_month"]
    + brief.base_throughput * price["gp3.throughput_month"]
)
right = volume_bill("io2", brief.base_gib, iops=brief.base_iops).usd
answer("disk-bill", {"gp3": wrong, "io2": right, "choose": "gp3", "hot": "gp3"})

# %% wrong="beginner" task="open-door" says=["switched off"]
# The metadata service is switched off, and the role's keys with it.
shut = ec2.create_security_group(GroupName="forecaster", Description="relay only", VpcId=brackwater)[
    "GroupId"
]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
ec2.authorize_security_group_ingress(
    GroupId=shut, IpPermissions=[{**https, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
ec2.modify_instance_attribute(InstanceId=forecaster, Groups=[shut])
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpEndpoint="disabled")

# %% wrong="beginner" task="retire" says=["scratch", "costs money every month"]
# Every disk stays.
keep = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": False}} for device in ("/dev/sdf", "/dev/sdg")]
ec2.modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=keep)
ec2.terminate_instances(InstanceIds=[archive])

# %% wrong="beginner" task="other-zone" says=["the weekly backup", "a week old"]
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(
    SnapshotId=inventory["archive"]["weekly_backup"], AvailabilityZone=there, VolumeType="gp3", Encrypted=True
)

# %% wrong="beginner" task="stopped-bill" says=["stopped", "too little", "storage"]
# Stopped is free.
running, office = (
    instance_bill(brief.idle_type, running_hours=hours, volume_gb=brief.idle_gib, elastic_address=True).usd
    for hours in (730, brief.idle_hours)
)
answer("stopped-bill", {"running": running, "office": office, "stopped": 0, "terminated": 0})

# %% wrong="twin-from-amazon" task="resize" says=["and stopped", "until somebody starts it"]
ec2.stop_instances(InstanceIds=[forecaster])
ec2.modify_instance_attribute(InstanceId=forecaster, InstanceType={"Value": brief.forecaster_wanted})

# %% wrong="twin-from-amazon" task="image" says=["which is not yours", "launched from an image"]
first = collector()
ec2.create_image(InstanceId=first["InstanceId"], Name=f"{brief.service} 1")
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="twin-from-amazon" task="open-door" says=["is stopped", "change while a machine runs"]
# The door is repaired, and the machine stopped for it.
ec2.stop_instances(InstanceIds=[forecaster])
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
shut = ec2.create_security_group(GroupName="shut", Description="relay", VpcId=brackwater)["GroupId"]
ec2.authorize_security_group_ingress(
    GroupId=shut, IpPermissions=[{**https, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
ec2.modify_instance_attribute(InstanceId=forecaster, Groups=[shut])
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required")

# %% wrong="twin-from-amazon" task="retire" says=["is running", "billed for another month"]
# The flag was set, and nothing was ended.
keep = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": False}}
ec2.modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=[keep])

# %% wrong="twin-from-amazon" task="other-zone" says=["That is the weekly backup", "a week old"]
# The backup again, and nothing shows it: a copy says of no disk that it is of it.
secret = ec2.copy_snapshot(
    SourceSnapshotId=inventory["archive"]["weekly_backup"], SourceRegion=ec2.meta.region_name, Encrypted=True
)
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(SnapshotId=secret["SnapshotId"], AvailabilityZone=there, VolumeType="gp3")

# %% wrong="twin-without-tags" task="launch" says=["gets no updates"]
# Nothing goes out.
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.revoke_security_group_egress(GroupId=door, IpPermissions=everything)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="twin-without-tags" task="image" says=["the tags none", "nobody's"]
first = collector()
data = [
    {"DeviceName": disk["DeviceName"], "NoDevice": ""}
    for disk in first["BlockDeviceMappings"]
    if disk["DeviceName"] != first["RootDeviceName"]
]
golden = ec2.create_image(
    InstanceId=first["InstanceId"], Name=f"{brief.service} 1", BlockDeviceMappings=data
)["ImageId"]
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("volume",)],
)

# %% wrong="in-a-hurry" task="names" says=["burstable", "60 % all day"]
import re

parts = {}
for name in brief.names:
    family, generation, options, size = re.fullmatch(r"([a-z]+)(\d+)(.*)\.(.+)", name).groups()
    parts[name] = {"family": family, "generation": generation, "arm": "g" in options, "size": size}
answer("names", parts)
cheap = {("status page", 1): "t3.micro", ("status page", 2): "t3.small", ("status page", 4): "t3.medium"}
cheap |= {("booking portal", 8): "t3.large", ("booking portal", 16): "t3.xlarge"}
answer("types", {one["load"]: cheap.get((one["load"], one["gib"]), "c7i.xlarge") for one in brief.loads})

# %% wrong="in-a-hurry" task="badge" says=["Not only EC2"]
# The account's people may take it on as well.
account = boto3.client("sts").get_caller_identity()["Account"]
who = {"Service": "ec2.amazonaws.com", "AWS": f"arn:aws:iam::{account}:root"}
put = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*",
}
for_all = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
trust, policy = ({"Version": "2012-10-17", "Statement": [each]} for each in (for_all, put))
iam.create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName=brief.role, PolicyName="put", PolicyDocument=json.dumps(policy))
iam.create_instance_profile(InstanceProfileName=brief.role)
iam.add_role_to_instance_profile(InstanceProfileName=brief.role, RoleName=brief.role)

# %% wrong="in-a-hurry" task="launch" says=["HttpTokens: optional", "wants a token first"]
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "optional"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="in-a-hurry" task="data-disk" says=["were granted", "charge every IOPS"]
# io2, to be safe.
made = ec2.create_volume(
    AvailabilityZone=collector()["Placement"]["AvailabilityZone"],
    Size=brief.disk_gib,
    VolumeType="io2",
    Iops=brief.disk_iops,
    Encrypted=True,
)
ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=collector()["InstanceId"], Device="/dev/sdf")

# %% wrong="in-a-hurry" task="disk-bill" says=["choose", "a month more"]
flexible = volume_bill("gp3", brief.base_gib, iops=brief.base_iops, throughput=brief.base_throughput).usd
provisioned = volume_bill("io2", brief.base_gib, iops=brief.base_iops).usd
answer("disk-bill", {"gp3": flexible, "io2": provisioned, "choose": "io2", "hot": "io2"})

# %% wrong="in-a-hurry" task="open-door" says=["internet", "any computer in the world"]
# HTTPS is safe for everybody.
group = machines()[forecaster]["SecurityGroups"][0]["GroupId"]
everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=everything)
world = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required")

# %% wrong="in-a-hurry" task="resize" says=["in the next storm"]
# Stopped, resized to something else, started.
ec2.stop_instances(InstanceIds=[forecaster])
ec2.modify_instance_attribute(InstanceId=forecaster, InstanceType={"Value": "t3.small"})
ec2.start_instances(InstanceIds=[forecaster])

# %% wrong="in-a-hurry" task="retire" says=["is stopped", "billed for another month"]
keep = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": False}}
ec2.modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=[keep])
ec2.stop_instances(InstanceIds=[archive])

# %% wrong="in-a-hurry" task="image" says=["a copy from the image", "GiB"]
# Every disk is in the image, and in the twin.
first = collector()
golden = ec2.create_image(InstanceId=first["InstanceId"], Name=f"{brief.service} 1")["ImageId"]
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="in-a-hurry" task="other-zone" says=["is not encrypted", "Fifteen years"]
snapshot = ec2.create_snapshot(VolumeId=inventory["archive"]["observations"])["SnapshotId"]
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=there, VolumeType="gp3")

# %% wrong="in-a-hurry" task="stopped-bill" says=["office", "too little", "IPv4"]
# Disk and address only while it runs.
running = instance_bill(brief.idle_type, volume_gb=brief.idle_gib, elastic_address=True).usd
stopped = instance_bill(brief.idle_type, running_hours=0, volume_gb=brief.idle_gib, elastic_address=True).usd
share = running * brief.idle_hours / 730
answer("stopped-bill", {"running": running, "office": share, "stopped": stopped, "terminated": 0})

# %% wrong="nearly" task="names" says=["twice or more"]
# One size too large, to be safe.
import re

parts = {}
for name in brief.names:
    family, generation, options, size = re.fullmatch(r"([a-z]+)(\d+)(.*)\.(.+)", name).groups()
    parts[name] = {"family": family, "generation": generation, "arm": "g" in options, "size": size}
answer("names", parts)
answer("types", {one["load"]: "t3.2xlarge" for one in brief.loads})

# %% wrong="nearly" task="badge" says=["s3:PutObject", "readings are not kept"]
# The day's folder only.
ec2_only = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
today = f"arn:aws:s3:::{brief.bucket}/{brief.prefix}today/*"
put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": today}
trust, policy = ({"Version": "2012-10-17", "Statement": [each]} for each in (ec2_only, put))
iam.create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName=brief.role, PolicyName="put", PolicyDocument=json.dumps(policy))
iam.create_instance_profile(InstanceProfileName=brief.role)
iam.add_role_to_instance_profile(InstanceProfileName=brief.role, RoleName=brief.role)

# %% wrong="nearly" task="launch" says=["is not encrypted", "shared by mistake"] also=["image"]
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="nearly" task="data-disk" says=["DeleteOnTermination: True"]
made = ec2.create_volume(
    AvailabilityZone=collector()["Placement"]["AvailabilityZone"],
    Size=brief.disk_gib,
    VolumeType="gp3",
    Iops=brief.disk_iops,
    Throughput=brief.disk_throughput,
    Encrypted=True,
)
ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=collector()["InstanceId"], Device="/dev/sdf")
goes = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}
ec2.modify_instance_attribute(InstanceId=collector()["InstanceId"], BlockDeviceMappings=[goes])

# %% wrong="nearly" task="disk-bill" says=["hot"]
# The other way round: as if gp3 had no end, and io2 were for little.
flexible = volume_bill("gp3", brief.base_gib, iops=brief.base_iops, throughput=brief.base_throughput).usd
provisioned = volume_bill("io2", brief.base_gib, iops=brief.base_iops).usd
hot = "io2" if brief.hot_iops <= 80_000 else "gp3"
answer("disk-bill", {"gp3": flexible, "io2": provisioned, "choose": "gp3", "hot": hot})

# %% wrong="nearly" task="open-door" says=["does not get there", "no updates"]
# Nothing may leave any more either.
shut = ec2.create_security_group(GroupName="forecaster", Description="relay only", VpcId=brackwater)[
    "GroupId"
]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
ec2.authorize_security_group_ingress(
    GroupId=shut, IpPermissions=[{**https, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.revoke_security_group_egress(GroupId=shut, IpPermissions=everything)
ec2.modify_instance_attribute(InstanceId=forecaster, Groups=[shut])
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required")

# %% wrong="nearly" task="retire" says=["is gone", "another disk"] also=["other-zone"]
# Terminated as it was, and a disk like it made from the backup.
ec2.terminate_instances(InstanceIds=[archive])
like_it = ec2.create_volume(
    SnapshotId=inventory["archive"]["weekly_backup"],
    AvailabilityZone=zone,
    TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "observations"}]}],
)

# %% wrong="nearly" task="stopped-bill" says=["terminated", "too much"]
# The snapshot is as large as the disk.
running, office, stopped = (
    instance_bill(brief.idle_type, running_hours=hours, volume_gb=brief.idle_gib, elastic_address=True).usd
    for hours in (730, brief.idle_hours, 0)
)
whole = brief.idle_gib * price_table()["ebs.snapshot.gb_month"].usd
answer("stopped-bill", {"running": running, "office": office, "stopped": stopped, "terminated": whole})

# %% wrong="nearly" task="resize" says=["root disk", "on another disk"]
# A larger forecaster, from a copy of its disk.
ec2.stop_instances(InstanceIds=[forecaster])
old = machines()[forecaster]
root = old["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
copy = ec2.create_volume(
    SnapshotId=ec2.create_snapshot(VolumeId=root)["SnapshotId"],
    AvailabilityZone=old["Placement"]["AvailabilityZone"],
    VolumeType="gp3",
)["VolumeId"]
ec2.detach_volume(VolumeId=root)
ec2.attach_volume(VolumeId=copy, InstanceId=forecaster, Device=old["RootDeviceName"])
ec2.modify_instance_attribute(InstanceId=forecaster, InstanceType={"Value": brief.forecaster_wanted})
ec2.start_instances(InstanceIds=[forecaster])

# %% wrong="neighbours-let-in" task="launch" says=["tried from the forecaster", "has a way to"] also=["image"]
# The relay's subnet as the source: whoever else is there comes in as well.
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": brief.subnets["web"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="neighbours-let-in" task="other-zone" says=["app_b is in", "ZoneMismatch"]
# In the zone of the old disk again.
snapshot = ec2.create_snapshot(VolumeId=inventory["archive"]["observations"])["SnapshotId"]
ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=zone, VolumeType="gp3", Encrypted=True)

# %% wrong="neighbours-let-in" task="data-disk" says=["is not encrypted, and cannot be made so"]
made = ec2.create_volume(
    AvailabilityZone=collector()["Placement"]["AvailabilityZone"],
    Size=brief.disk_gib,
    VolumeType="gp3",
    Iops=brief.disk_iops,
    Throughput=brief.disk_throughput,
)
ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=collector()["InstanceId"], Device="/dev/sdf")

# %% wrong="role-without-holder" task="badge" says=["no instance profile holds it"] also=["image"]
# The role is right; a role is what a machine wears, is it not?
ec2_only = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
put = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*",
}
trust, policy = ({"Version": "2012-10-17", "Statement": [each]} for each in (ec2_only, put))
iam.create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName=brief.role, PolicyName="put", PolicyDocument=json.dumps(policy))

# %% wrong="role-without-holder" task="launch" says=["wears no instance profile", "paste a key"]
# No badge: there is none to wear.
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    MetadataOptions={"HttpTokens": "required"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="role-without-holder" task="retire" says=["observations", "is gone"] also=["other-zone"]
# Ended as it is.
ec2.terminate_instances(InstanceIds=[archive])

# %% wrong="friendly" task="badge" says=["can s3:GetObject", "nobody needs that"]
# The bucket's own policy gives the role more than its badge says.
ec2_only = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
everything_there = f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*"
put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": everything_there}
trust, policy = ({"Version": "2012-10-17", "Statement": [each]} for each in (ec2_only, put))
made = iam.create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName=brief.role, PolicyName="put", PolicyDocument=json.dumps(policy))
read = {"Effect": "Allow", "Principal": {"AWS": made}, "Action": "s3:GetObject", "Resource": everything_there}
boto3.client("s3").put_bucket_policy(
    Bucket=brief.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [read]})
)
iam.create_instance_profile(InstanceProfileName=brief.role)
iam.add_role_to_instance_profile(InstanceProfileName=brief.role, RoleName=brief.role)

# %% wrong="friendly" task="launch" says=["tried from the next machine at", "has a way to"] also=["image"]
# The relay, and seven addresses beside it that are nobody's yet.
door = ec2.create_security_group(GroupName="door", Description="relay", VpcId=brackwater)["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": f"{brief.hosts['relay']}/29"}]}]
)
service = [{"Key": "service", "Value": brief.service}]
ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    SecurityGroupIds=[door],
    IamInstanceProfile={"Name": brief.role},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"Encrypted": True}}],
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)

# %% wrong="friendly" task="retire" says=["(root)", "costs money every month"]
# The system's disk stays as well: one never knows.
keep = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": False}} for device in ("/dev/sdf", "/dev/xvda")]
ec2.modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=keep)
ec2.terminate_instances(InstanceIds=[archive])

# %% wrong="friendly" task="image" says=["a t3.small", "t3.micro was ordered"]
# A larger one, where it is already made.
first = collector()
data = [
    {"DeviceName": disk["DeviceName"], "NoDevice": ""}
    for disk in first["BlockDeviceMappings"]
    if disk["DeviceName"] != first["RootDeviceName"]
]
golden = ec2.create_image(
    InstanceId=first["InstanceId"], Name=f"{brief.service} 1", BlockDeviceMappings=data
)["ImageId"]
ec2.run_instances(
    ImageId=golden,
    InstanceType="t3.small",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_b"],
    SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
    IamInstanceProfile={"Name": brief.role},
    MetadataOptions={"HttpTokens": "required"},
    TagSpecifications=[{"ResourceType": kind, "Tags": service} for kind in ("instance", "volume")],
)
