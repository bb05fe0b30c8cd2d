# ---
# title: "A machine and its disks: launch it, keep what matters, pay for what runs"
# minutes: 85
# needs: [010-iam, 050-network-security]
# objectives:
#   - read an instance type's name, and choose a family by what a load needs
#   - launch a private machine with a role, without a password or a key on it
#   - give a machine a disk that is quick enough, and say what the quickness costs
#   - stop, resize, copy and end machines without losing a byte that matters
#   - carry a disk's contents to another zone, and encrypt them on the way
#   - tell what a stopped machine still costs
# regions: [eu-west-1]
# ref: L06
# ---

# %% [markdown]
# <!-- covers: L06-01 -->
# ## Brackwater Weather
#
# Brackwater forecasts wind and waves for forty harbours. Radio stations send their readings to a *relay*; a new machine,
# the *collector*, shall take them from there. Two older machines are running: the *forecaster*, and the *archive* with
# fifteen years of observations. The person who set them up has left.
#
# **Amazon EC2** rents you machines by the second. It is no box, though: it is five choices.
#
# ![A machine and the five things that it is made of](img/machine.svg)
#
# Remember which part lives where: half of the surprises with machines are parts that live elsewhere than one thought.

# %%
import json

import boto3
from botocore.exceptions import ClientError

ec2, iam, ssm = boto3.client("ec2"), boto3.client("iam"), boto3.client("ssm")


def machines():
    """Every instance of the Region that is not gone, by id."""
    pages = ec2.get_paginator("describe_instances").paginate()
    every = [one for page in pages for group in page["Reservations"] for one in group["Instances"]]
    return {one["InstanceId"]: one for one in every if one["State"]["Name"] != "terminated"}


def tags(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


for name, one in machines().items():
    print(
        name,
        f"{tags(one).get('Name'):11}",
        one["InstanceType"],
        one["State"]["Name"],
        one["PrivateIpAddress"],
    )
    for disk in one["BlockDeviceMappings"]:
        print("    ", disk["DeviceName"], disk["Ebs"]["VolumeId"])

inventory = json.loads(ssm.get_parameter(Name="/brackwater/inventory")["Parameter"]["Value"])
print(json.dumps(inventory, indent=2))

# %% [markdown]
# The last lines are the predecessor's inventory, kept in a parameter: the ids of what was there on the day of leaving.
# Leave that parameter as it is; you will use it, and the checks do as well.
#
# *Here*, a machine is a good imitation: states, disks, images, networks and permissions behave as on AWS, but no operating
# system runs inside. What would be typed inside is shown, and said so.
#
# <!-- covers: L06-03 L06-05 -->
# ## Task 1: read a name, choose a type
#
# `c7gd.2xlarge`: **family** c, **generation** 7, **options** gd, **size** 2xlarge. From `large` on, each size
# doubles vCPUs, memory and price. Options come [after the generation](
# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html): `a` AMD, `g` Graviton (AWS's ARM
# processor), `i` Intel; `d` disks in the host, `n` more network, `e` extra memory or storage, `z` high clock, `b` more EBS.
#
# A family may have several letters (`inf2`: inf), and what follows a dash is a variant, none of the four (`m7i-flex`: m, 7, i).
#
# **The trap:** a `g` *before* the number is a family with GPUs. `g5g` is both.


# %%
def look(*names):
    """What AWS says about some types."""
    for kind in ec2.describe_instance_types(InstanceTypes=list(names))["InstanceTypes"]:
        store = kind.get("InstanceStorageInfo", {})
        print(
            f"{kind['InstanceType']:15} {kind['VCpuInfo']['DefaultVCpus']:3} vCPU"
            f" {kind['MemoryInfo']['SizeInMiB'] / 1024:6g} GiB",
            f"{kind['ProcessorInfo']['SupportedArchitectures']} {kind['ProcessorInfo'].get('SustainedClockSpeedInGhz')} GHz",
            f"store {store['TotalSizeInGB']} GB {store['Disks'][0]['Type']}" if store else "",
            [gpu["Name"] for gpu in kind.get("GpuInfo", {}).get("Gpus", [])] or "",
            "burstable" if kind["BurstablePerformanceSupported"] else "",
        )


look(
    "t3.micro",
    "m7i.large",
    "c7i.large",
    "r7i.large",
    "x2gd.large",
    "z1d.large",
    "i4i.large",
    "d3.xlarge",
    "g4dn.xlarge",
)

# %% [markdown]
# <!-- covers: L06-04 L06-20 L06-21 L06-28 -->
# Divide GiB by vCPU, and you see what a family is for: **c** 2, **m** 4, **r** 8, **x** 16 and more. **t** is for
# machines that mostly wait. **z** has a high clock. **i** has fast disks in the host, **d** many slow ones: *instance store*.
# **g** and **p** have GPUs, **inf** and **trn** AWS's own chips, **mac** is a Mac.
#
# Myths: A10G and T4 are GPUs of **g** families (g5, g4dn), not p. "i is for DynamoDB": that is a service, you rent no
# machine for it. And instance store is quick because no network is between (an `im4gn.large` has 937 GB of it), but
# [stopping erases it](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-lifetime.html); so it holds
# what can be made again: caches, sort space, the *shuffle* of a Spark job whose input and output are in S3.

# %%
print(*brief.names)
for one in brief.loads:
    print(f"{one['load']:29}", *(f"{need}: {value};" for need, value in one.items() if need != "load"))

# %% [markdown]
# Hand in two answers:
#
# - `answer("names", {name: {"family": …, "generation": number, "arm": True or False, "size": …}})` for `brief.names`;
# - `answer("types", {load: type})` for `brief.loads`: at least what the load needs of everything, **less than twice**
#   the vCPUs and GiB, no burstable type for a load that works all day.

# %% task="names"
### BEGIN SOLUTION
import re

parts = {}
for name in brief.names:
    family, generation, options, size = re.fullmatch(r"([a-z]+)(\d+)(.*)\.(.+)", name).groups()
    parts[name] = {"family": family, "generation": int(generation), "arm": "g" in options, "size": size}
answer("names", parts)

by_need = {
    "status page": {(2, 1): "t3.micro", (2, 2): "t3.small", (2, 4): "t3.medium"},
    "booking portal": {(2, 8): "m7i.large", (4, 16): "m7i.xlarge"},
    "wave simulation": {(4, 8): "c7i.xlarge", (8, 16): "c7i.2xlarge"},
    "cache of readings": {(2, 16): "r7i.large", (4, 32): "r7i.xlarge"},
    "chart database in memory": {(4, 64): "x2gd.xlarge"},
    "shuffle of the nightly sort": {(2, 16): "i4i.large"},
    "licensed solver": {(2, 16): "z1d.large"},
    "ice seen on pictures": {(4, 16): "g4dn.xlarge"},
    "tape archive's shelf": {(4, 32): "d3.xlarge"},
}
answer("types", {one["load"]: by_need[one["load"]][one["vcpu"], one["gib"]] for one in brief.loads})
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-27 -->
# Why no burstable type all day? A **t** type has a *baseline*: 10 % of each vCPU for a `t3.micro`. Below it, it
# [saves credits](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html); above, it
# spends them (a credit: one vCPU, full, for a minute). With none left, **standard** mode (t2's default) slows down to the
# baseline; **unlimited** (t3's default) goes on and charges the surplus.
#
# **Predict**, then run: a `t3.micro` with 60 credits is asked for 50 % of each vCPU. After how many hours is it slow?

# %%
your_guess = None

# %%
from cloudlings.models.instance_types import hours

for mode in (False, True):
    told = hours("t3.micro", [50, 50, 50, 50, 0, 0], balance=60, unlimited=mode)
    print(
        "unlimited" if mode else "standard ",
        [f"{hour.given:.0f} % (owes {hour.surplus:.0f})" for hour in told],
    )
print("your guess:", your_guess)

# %% [markdown]
# <details><summary>Where do 20 % and 10 % come from?</summary>Two vCPUs at 50 % spend 60 credits an hour, and 12 are earned:
# 48 of 60 are gone after the first hour, the rest a quarter of an hour later. Then there is only the baseline, 10 %; the
# second hour is a quarter at 50 % and the rest at 10 %. With <i>unlimited</i>, what is owed is paid back when the machine
# waits, or charged.</details>
#
# ## Task 2: a badge, no key
#
# The collector writes readings into the bucket `brief.bucket`, under `brief.prefix`, and does nothing else with AWS. A key
# pasted into a file on the machine would be found one day, and works from anywhere. So the machine wears a **role**:
#
# role (trusts `ec2.amazonaws.com`; may do one thing) → in an **instance profile**, its holder → on the machine.
#
# Programs inside ask a local address, the **metadata service** (IMDS, `169.254.169.254`), and get keys that expire.
#
# **The myth:** "the profile lets the app talk to the database." A profile signs calls to AWS's API. The way to a database
# is the security group's matter, and its login is a password or a token of the database.
#
# Make the role `brief.role`: it may **put objects** under the prefix, and nothing else; only EC2 may take it on. Put it
# into an instance profile.

# %% task="badge"
### BEGIN SOLUTION
ec2_only = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
put = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*",
}
iam.create_role(
    RoleName=brief.role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ec2_only]}),
)
iam.put_role_policy(
    RoleName=brief.role,
    PolicyName="put-readings",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [put]}),
)
iam.create_instance_profile(InstanceProfileName=brief.role)
iam.add_role_to_instance_profile(InstanceProfileName=brief.role, RoleName=brief.role)
### END SOLUTION

# %% [markdown]
# Be the collector: ask what a session of its role may do.

# %%
can(f"role/{brief.role}", "s3:PutObject", f"arn:aws:s3:::{brief.bucket}/{brief.prefix}today.csv")
can(f"role/{brief.role}", "s3:DeleteObject", f"arn:aws:s3:::{brief.bucket}/{brief.prefix}today.csv")

# %% [markdown]
# <!-- covers: L06-02 L06-06 -->
# ## Task 3: launch the collector
#
# An **AMI** is what the root disk holds at birth. AWS publishes the newest Amazon Linux 2023 under a
# [parameter](https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli), so that nobody copies ids from blogs.
# Its architecture must fit the type's: x86_64 for `t3`.

# %%
latest = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
image = ec2.describe_images(ImageIds=[ssm.get_parameter(Name=latest)["Parameter"]["Value"]])["Images"][0]
print(image["ImageId"], image["Name"], image["Architecture"], "root disk:", image["RootDeviceName"])

brackwater = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief.vpc_cidr]}])["Vpcs"][0]["VpcId"]
inside = [{"Name": "vpc-id", "Values": [brackwater]}]
subnets = {one["CidrBlock"]: one["SubnetId"] for one in ec2.describe_subnets(Filters=inside)["Subnets"]}
subnet = {name: subnets[block] for name, block in brief.subnets.items()}
groups = {
    one["GroupName"]: one["GroupId"] for one in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
}
print(subnet, groups, sep="\n")
draw("brackwater")

# %% [markdown]
# The order for the collector:
#
# - a `t3.micro` with Amazon Linux 2023, running in the private subnet `app_a`, no public address;
# - the **relay** (it wears the group `relay`) reaches it on tcp `brief.port`; nobody else reaches it on anything, the
#   *kiosk* next door included. It can get out to the internet on 443;
# - it wears `brief.role`; its metadata service answers only with a session token (**IMDSv2**): version 1 gives the role's
#   keys to [whoever tricks a program into fetching a URL](
#   https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html);
# - its root disk is encrypted. That cannot be switched on later;
# - the tag `service` = `brief.service` on the machine **and** on its disk: the bill is split by it.
#
# No key pair: nobody logs in here. Where people must, [Session Manager](
# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html) needs no open port, and some more rights in
# the badge. A launch that names no group gets the VPC's *default* group; look at who else wears it.

# %% task="launch"
### BEGIN SOLUTION
door = ec2.create_security_group(GroupName=brief.service, Description="calls of the relay", VpcId=brackwater)[
    "GroupId"
]
relay = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
ec2.authorize_security_group_ingress(
    GroupId=door, IpPermissions=[{**relay, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
service = [{"Key": "service", "Value": brief.service}]
launched = ec2.run_instances(
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
ec2.get_waiter("instance_running").wait(InstanceIds=[launched["Instances"][0]["InstanceId"]])
### END SOLUTION

# %% [markdown]
# The next cells find your machine by its tag, whatever made it. Be the relay, then the kiosk:


# %%
def collector():
    """The machine with your service's tag that runs from Amazon's image; None while there is none."""
    own = {one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]}
    found = [one for one in machines().values() if tags(one).get("service") == brief.service]
    return next((one for one in found if one["ImageId"] not in own), None)


if collector():
    for caller in ("relay", "kiosk"):
        reach(brief.hosts[caller], collector()["PrivateIpAddress"], brief.port)

# %% [markdown]
# <!-- covers: L06-11 L06-12 L06-13 L06-15 -->
# ## Task 4: a disk that is quick enough
#
# An **EBS volume** is a disk on the network, in one zone. Six types, plus one of history:
#
# | | for | most |
# |---|---|---|
# | **gp3** | almost everything: size, IOPS and MiB/s are bought apart | 80,000 IOPS, 2,000 MiB/s |
# | gp2 | the older one: 3 IOPS a GiB; `modify_volume` makes it a gp3 while it is in use | 16,000 IOPS |
# | **io2** | databases that wait for nothing else; Block Express | 256,000 IOPS, 1,000 a GiB |
# | io1 | its forerunner | 64,000 IOPS |
# | st1, sc1 | long reads of logs; HDD, never a boot disk | 500 and 250 **MiB/s** (500 and 250 IOPS of 1 MiB) |
#
# **Myths:** "gp3 ends at 16,000 IOPS and 1,000 MB/s": [so it was until 2025](
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html). "io2: 1,000 IOPS per *TB*": per **GiB**. See the
# limits refuse:

# %%
zone = ec2.describe_subnets(SubnetIds=[subnet["app_a"]])["Subnets"][0]["AvailabilityZone"]
for asked in (
    {"Size": 100, "VolumeType": "gp3", "Iops": 81000},
    {"Size": 20, "VolumeType": "gp3", "Iops": 12000},
    {"Size": 500, "VolumeType": "gp3", "Iops": 4000, "Throughput": 1200},
):
    try:
        ec2.create_volume(AvailabilityZone=zone, **asked)
    except ClientError as error:
        print(asked, "->", error.response["Error"]["Message"])

# %% [markdown]
# <!-- covers: L06-16 L06-14 -->
# Three walls: the type's most, 500 IOPS for each GiB, and a quarter MiB/s for each IOPS.
#
# The collector's team tested its disk: at least `brief.disk_gib` GiB, `brief.disk_iops` IOPS and
# `brief.disk_throughput` MiB/s. It may cost at most `brief.disk_cap` dollars a month. Make one such volume, **encrypted**,
# and attach it to your machine. The readings must stay when the machine goes.

# %%
print(
    f"{brief.disk_gib} GiB, {brief.disk_iops} IOPS, {brief.disk_throughput} MiB/s, at most ${brief.disk_cap}"
)

# %% task="data-disk"
### BEGIN SOLUTION
volume = ec2.create_volume(
    AvailabilityZone=collector()["Placement"]["AvailabilityZone"],
    Size=brief.disk_gib,
    VolumeType="gp3",
    Iops=brief.disk_iops,
    Throughput=brief.disk_throughput,
    Encrypted=True,
)["VolumeId"]
ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
ec2.attach_volume(VolumeId=volume, InstanceId=collector()["InstanceId"], Device="/dev/sdf")
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-17 -->
# *On AWS*, the new disk is empty and raw. Inside the machine, once:
#
#     lsblk                                   # on Nitro types /dev/sdf shows as /dev/nvme1n1
#     sudo file -s /dev/nvme1n1               # "data": no file system yet
#     sudo mkfs -t xfs /dev/nvme1n1           # once in its life: it erases
#     sudo mkdir /readings
#     sudo blkid /dev/nvme1n1                 # its UUID: device names may change, this does not
#     echo 'UUID=…  /readings  xfs  defaults,noatime,nofail  0  2' | sudo tee -a /etc/fstab
#     sudo mount -a
#
# `noatime` saves a write for every read; `nofail` lets the machine boot without the disk. ([AWS's steps](
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-using-volumes.html).)
#
# A disk is as quick as the slower of two: the machine has a ceiling for EBS, too. Here it is; the team ordered the
# disk for the larger machine of next spring. Until then you would buy less, and `modify_volume` later, while it runs.

# %%
for kind in ec2.describe_instance_types(InstanceTypes=["t3.micro", "m7i.12xlarge"])["InstanceTypes"]:
    most = kind["EbsInfo"]["EbsOptimizedInfo"]
    print(kind["InstanceType"], most["MaximumIops"], "IOPS,", most["MaximumThroughputInMBps"], "MB/s at most")

# %% [markdown]
# <!-- covers: L06-18 -->
# ## Task 5: decide between gp3 and io2
#
# The tide database needs `brief.base_gib` GiB, `brief.base_iops` IOPS and `brief.base_throughput` MiB/s. A vendor offers
# "io2, to be safe". Work out both months. gp3: a price for each GiB, and only what is **above** 3,000 IOPS and 125 MiB/s.
# io2: a price for each GiB, and for **every** IOPS; throughput comes with them.
#
# A second database will need `brief.hot_iops` IOPS one day, on 800 GiB: which of the two types is the cheapest that can?

# %%
from cloudlings.cost import instance_bill, lambda_bill, price_table, volume_bill

for key in (
    "ebs.gp3.gb_month",
    "ebs.gp3.iops_month",
    "ebs.gp3.throughput_month",
    "ebs.io2.gb_month",
    "ebs.io2.iops_month",
):
    print(f"{key:26}", price_table()[key].usd)
print(
    f"{brief.base_gib} GiB, {brief.base_iops} IOPS, {brief.base_throughput} MiB/s; later {brief.hot_iops} IOPS"
)

# %% [markdown]
# `answer("disk-bill", {"gp3": dollars, "io2": dollars, "choose": "gp3" or "io2", "hot": "gp3" or "io2"})`

# %% task="disk-bill"
### BEGIN SOLUTION
flexible = volume_bill("gp3", brief.base_gib, iops=brief.base_iops, throughput=brief.base_throughput).usd
provisioned = volume_bill("io2", brief.base_gib, iops=brief.base_iops).usd
choices = {"choose": "gp3", "hot": "gp3" if brief.hot_iops <= 80_000 else "io2"}
answer("disk-bill", {"gp3": flexible, "io2": provisioned, **choices})
### END SOLUTION

# %% [markdown]
# <details><summary>When is io2 worth it?</summary>Above 80,000 IOPS; when a latency that varies is a loss of money; or for
# its durability (AWS says 99.999 % a year, against 99.8–99.9 % for gp3). Never "to be safe": the tide database would pay
# about ten times as much for what it cannot feel.</details>
#
# ## Task 6: the forecaster's open door
#
# Now the machine that you inherited. Be a stranger on the internet:

# %%
forecaster = inventory["forecaster"]["instance"]
reach("internet", forecaster, 22)
for group in machines()[forecaster]["SecurityGroups"]:
    for rule in ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )["SecurityGroupRules"]:
        print(
            group["GroupName"], "out" if rule["IsEgress"] else "in ", rule["IpProtocol"], rule.get("CidrIpv4")
        )
print(machines()[forecaster]["MetadataOptions"])

# %% [markdown]
# Everything is open, and `HttpTokens: optional` means that version 1 of the metadata service answers. Put both right **while
# it runs**, nobody restarts the forecaster in daytime:
#
# - from the internet nothing reaches it; the relay still reaches it on tcp 443, and on nothing else; it still gets out to the
#   internet on 443;
# - its metadata service wants a token, and still answers.
#
# (New in 2026: an account setting can [enforce version 2](
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html) for all launches.)

# %% task="open-door"
### BEGIN SOLUTION
shut = ec2.create_security_group(GroupName="forecaster", Description="relay only", VpcId=brackwater)[
    "GroupId"
]
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
ec2.authorize_security_group_ingress(
    GroupId=shut, IpPermissions=[{**https, "UserIdGroupPairs": [{"GroupId": groups["relay"]}]}]
)
ec2.modify_instance_attribute(InstanceId=forecaster, Groups=[shut])
ec2.modify_instance_metadata_options(InstanceId=forecaster, HttpTokens="required")
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-10 -->
# ## Task 7: a larger forecaster, the same forecaster
#
# It runs out of memory. A type is changed while the machine is **stopped**: it then starts on a host of the new kind.
#
# ![Pending, running, stopped, terminated](img/life.svg)
#
# **Predict** which of these are the same afterwards: its id, private address, public address, root disk, host. Then make it
# a `brief.forecaster_wanted`, running. Stopped is not terminated: one word, and there is nothing left to start.

# %%
same_afterwards = {
    "id": None,
    "private address": None,
    "public address": None,
    "root disk": None,
    "host": None,
}
print("wanted:", brief.forecaster_wanted)
before = machines()[forecaster]
try:
    ec2.modify_instance_attribute(InstanceId=forecaster, InstanceType={"Value": brief.forecaster_wanted})
except ClientError as error:
    print(error.response["Error"]["Message"])

# %% task="resize"
### BEGIN SOLUTION
ec2.stop_instances(InstanceIds=[forecaster])
ec2.get_waiter("instance_stopped").wait(InstanceIds=[forecaster])
ec2.modify_instance_attribute(InstanceId=forecaster, InstanceType={"Value": brief.forecaster_wanted})
ec2.start_instances(InstanceIds=[forecaster])
ec2.get_waiter("instance_running").wait(InstanceIds=[forecaster])
### END SOLUTION

# %%
after = machines().get(forecaster, {})
for what in ("InstanceId", "PrivateIpAddress", "PublicIpAddress", "InstanceType"):
    print(f"{what:17}", before.get(what), "->", after.get(what))
print(
    "disks", *([d["Ebs"]["VolumeId"] for d in one.get("BlockDeviceMappings", [])] for one in (before, after))
)

# %% [markdown]
# <!-- covers: L06-07 L06-08 -->
# Id, private address and disks stay; the public address was lent and is another now (an Elastic IP address would have
# stayed); the host, which you cannot see, is usually another, whatever "it usually comes back to the same host" says.
#
# ## Task 8: retire the archive, keep the observations
#
# Each disk of a machine has a flag, **DeleteOnTermination**. What is it when nobody says anything?
# **Predict**: a throwaway machine gets its root disk, a second disk attached **after** the launch, and a third **at** launch
# with the flag set to false. It is terminated. Which of the three are left?

# %%
your_guess = None

# %%
throwaway = ec2.run_instances(
    ImageId=image["ImageId"],
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    SubnetId=subnet["app_a"],
    BlockDeviceMappings=[{"DeviceName": "/dev/sdh", "Ebs": {"VolumeSize": 3, "DeleteOnTermination": False}}],
)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[throwaway])
second = ec2.create_volume(AvailabilityZone=zone, Size=2, VolumeType="gp3")["VolumeId"]
ec2.get_waiter("volume_available").wait(VolumeIds=[second])
ec2.attach_volume(VolumeId=second, InstanceId=throwaway, Device="/dev/sdg")
disks = {each["Ebs"]["VolumeId"]: each["DeviceName"] for each in machines()[throwaway]["BlockDeviceMappings"]}
ec2.terminate_instances(InstanceIds=[throwaway])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[throwaway])
left = [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"] if one["VolumeId"] in disks]
about = {"/dev/sdg": "attached after the launch", "/dev/sdh": "at launch, flag false"}
print("left:", *(f"{disks[name]} ({about.get(disks[name], 'root')})" for name in left), sep="\n  ")
print("your guess:", your_guess)
for name in left:
    ec2.delete_volume(VolumeId=name)

# %% [markdown]
# The root disk goes by default, what was attached later stays, and [a flag that was set counts](
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html). Now look at the archive's:

# %%
archive = inventory["archive"]["instance"]
for disk in machines().get(archive, {}).get("BlockDeviceMappings", []):
    one = ec2.describe_volumes(VolumeIds=[disk["Ebs"]["VolumeId"]])["Volumes"][0]
    flag = disk["Ebs"]["DeleteOnTermination"]
    print(
        disk["DeviceName"],
        tags(one)["Name"],
        f"{one['Size']} GiB {one['VolumeType']}",
        "goes with the machine:",
        flag,
    )

# %% [markdown]
# All three would go. Terminate the archive so that the volume `observations` stays (the one that is there now: the weekly
# backup is a week old), and the other two go: what stays is billed.
#
# A second guard to know: *termination protection* (`DisableApiTermination`) refuses the call itself.

# %% task="retire"
### BEGIN SOLUTION
keep = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": False}}
ec2.modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=[keep])
ec2.terminate_instances(InstanceIds=[archive])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[archive])
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-19 -->
# ## Task 9: a second collector, from an image of the first
#
# A zone may fail, so a twin shall stand in the other one. An **AMI of your own** is made of
# [snapshots](https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html): copies of each disk of the machine, kept
# by AWS in S3 (in no bucket of yours), in the whole Region. Only what changed since the last one is stored and billed.
#
# Two things to know before you press the button. `create_image` reboots the machine, so that the disks are at rest, unless
# told `NoReboot`. And it takes **every** disk: each machine from it would get its own copy of your large disk, and the bill.
# A device mapping with `NoDevice` (an empty text) leaves one out, in the image or in the launch. An image remembers each
# disk's DeleteOnTermination as well: a copy that came along by mistake stays, and is billed, when its machine goes.

# %%
copy = volume_bill("gp3", brief.disk_gib, iops=brief.disk_iops, throughput=brief.disk_throughput).usd
print(f"a copy of the collector's large disk: ${copy:,.2f} a month for each machine")

# %% [markdown]
# Make an image of the collector, and from it launch a machine in the subnet `app_b`: `t3.micro`, with the same door, badge,
# token rule, encryption and tag, and with a root disk only. Do not count on an image to carry the metadata rule: say it.

# %% task="image"
### BEGIN SOLUTION
first = collector()
data = [
    disk["DeviceName"]
    for disk in first["BlockDeviceMappings"]
    if disk["DeviceName"] != first["RootDeviceName"]
]
golden = ec2.create_image(
    InstanceId=first["InstanceId"],
    Name=f"{brief.service} 1",
    BlockDeviceMappings=[{"DeviceName": device, "NoDevice": ""} for device in data],
)["ImageId"]
ec2.get_waiter("image_available").wait(ImageIds=[golden])
twin = ec2.run_instances(
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
ec2.get_waiter("instance_running").wait(InstanceIds=[twin["Instances"][0]["InstanceId"]])
### END SOLUTION

# %% [markdown]
# ## Task 10: the observations in the other zone
#
# The analysts' machine is in the subnet `app_b`. Try the short way first:

# %%
twins = [one for one in machines().values() if one.get("SubnetId") == subnet["app_b"]]
if twins:
    try:
        observations = inventory["archive"]["observations"]
        ec2.attach_volume(VolumeId=observations, InstanceId=twins[0]["InstanceId"], Device="/dev/sdo")
    except ClientError as error:
        print(error.response["Error"]["Message"])

# %% [markdown]
# A volume never leaves its zone. A snapshot is of the Region, and from it a volume can be made in any zone.
#
# Make a volume in the zone of `app_b` with the observations **as they are now**, gp3, and **encrypted**: the old disk is
# not, and [cannot be made so](https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html) in place. A copy can.

# %% task="other-zone"
### BEGIN SOLUTION
snapshot = ec2.create_snapshot(VolumeId=inventory["archive"]["observations"], Description="before the move")[
    "SnapshotId"
]
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot])
there = ec2.describe_subnets(SubnetIds=[subnet["app_b"]])["Subnets"][0]["AvailabilityZone"]
ec2.create_volume(SnapshotId=snapshot, AvailabilityZone=there, VolumeType="gp3", Encrypted=True)
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-22 L06-23 L06-26 -->
# Where else can files live?
#
# | | what | when |
# |---|---|---|
# | EBS | a disk in one zone, normally of one machine | system disks, databases |
# | instance store | a disk in the host, gone at every stop | caches, sort space |
# | **EFS** | a Linux file system (NFS, tcp 2049) for many machines in all zones: a mount target in each, open to their group only | shared files |
# | **FSx** | the same for other worlds: Windows, Lustre, NetApp ONTAP, OpenZFS | software that asks for them |
# | S3 | objects, by HTTP | everything that is read and written whole |
#
# And **Lightsail** is a machine, disk and traffic in one monthly price: fine for one small site; it leaves out most of what
# this lab is about. (EFS, FSx and Lightsail are reading here.)
#
# One thing to take along: the old disk is a gp2. A type is changed [while the disk is in use](
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modify-volume.html), and gp3 is a fifth cheaper:

# %%
still = [{"Name": "volume-id", "Values": [inventory["archive"]["observations"]]}]
for one in ec2.describe_volumes(Filters=still)["Volumes"]:
    ec2.modify_volume(VolumeId=one["VolumeId"], VolumeType="gp3")
    for kind in ("gp2", "gp3"):
        print(f"{one['Size']} GiB of {kind}: ${volume_bill(kind, one['Size']).usd:.2f} a month")

# %% [markdown]
# <!-- covers: L06-09 -->
# ## Task 11: what a machine costs that does nothing
#
# A test machine of the type `brief.idle_type` has a gp3 disk of `brief.idle_gib` GiB and an Elastic IP address. **A stopped
# machine is not free**: its disk is billed, and so is [every public IPv4 address](https://aws.amazon.com/vpc/pricing/),
# in use or not. Work out a month (730 hours) of each, in dollars:
#
# - `running`: all the time;
# - `office`: it runs `brief.idle_hours` hours and is stopped otherwise; disk and address stay;
# - `stopped`: the whole month; disk and address stay;
# - `terminated`: disk deleted and address released, one snapshot of `brief.idle_snapshot_gib` GB kept.

# %%
print(
    f"{brief.idle_type}, {brief.idle_gib} GiB gp3, {brief.idle_hours} office hours, snapshot {brief.idle_snapshot_gib} GB"
)
for key in (f"ec2.{brief.idle_type}", "ebs.gp3.gb_month", "ipv4.hour", "ebs.snapshot.gb_month"):
    print(f"{key:24}", price_table()[key].usd)

# %% [markdown]
# `answer("stopped-bill", {"running": …, "office": …, "stopped": …, "terminated": …})`


# %% task="stopped-bill"
### BEGIN SOLUTION
def month(hours):
    return instance_bill(
        brief.idle_type, running_hours=hours, volume_gb=brief.idle_gib, elastic_address=True
    ).usd


months = {"running": month(730), "office": month(brief.idle_hours), "stopped": month(0)}
kept = brief.idle_snapshot_gib * price_table()["ebs.snapshot.gb_month"].usd
answer("stopped-bill", {**months, "terminated": kept})
### END SOLUTION

# %% [markdown]
# <!-- covers: L06-24 -->
# One more comparison, to run and think about. A machine costs the same whether it works or waits: you pay for what is
# *allocated*. A Lambda function costs by the millisecond of work. So EC2 fits steady, predictable work:

# %%
machine_month = instance_bill("t3.small", volume_gb=8).usd
for a_second in (0.1, 1, 5, 10, 20):
    calls = a_second * 730 * 3600
    function_month = lambda_bill(calls, milliseconds=120, memory_mb=512).usd
    print(
        f"{a_second:5} calls a second: Lambda ${function_month:7.2f}, t3.small ${machine_month:.2f} (in one zone only)"
    )

# %% [markdown]
# <!-- covers: L06-25 -->
# ## What you know now
#
# - A name tells family, generation, options and size; GiB per vCPU tells the family's purpose.
# - A machine needs no password and no key: a role, IMDSv2 and Session Manager.
# - Disks and machines are of one zone, snapshots and images of the Region.
# - Stop keeps the disks and their bill; terminate is for ever, but for disks that were told to stay.
# - gp3 is the answer until numbers say otherwise.
#
# For real machines, write this down as code: **CloudFormation** or **Terraform** build the same thing twice, and show what
# changes before it does (lab 220). The console is for looking.
#
# ## What this would cost, and how to clean up

# %%
cost()

# %% [markdown]
# Look at the lines for disks: most of it is the large disk, which costs the same while its machine sleeps. (Is it there
# twice? Then a copy of task 9 outlived its machine.) On AWS, clean up
# in this order: terminate the machines; delete volumes that stayed; deregister the image, **then** delete its snapshots
# (deregistering alone leaves them on the bill); release addresses. *Here*, `reset_lab()` puts everything back.
#
# Next: two machines by hand are two too many to watch. A load balancer in front and a group that replaces what fails:
# **070-scaling**.
