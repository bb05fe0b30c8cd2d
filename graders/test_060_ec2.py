"""Graders of 060-ec2: machines, what they may do, their disks, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudlings.cost import instance_bill, price_table, volume_bill
from cloudlings.cost.estimate import bill
from cloudlings.grading.disks import (
    chooses_the_cheapest,
    copies_no_disk,
    lacks,
    lets_go_of_the_rest,
    made_since,
    more_for_io2,
    outlives,
    within,
    worn_by,
)
from cloudlings.grading.ec2_state import (
    Described,
    Ec2State,
    called,
    ec2_state,
    gets_out,
    inventory_of,
    only_through,
    shut_to,
    status,
    still_there,
    tags_of,
    wants_token,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.instance_choice import fits, misread
from cloudlings.grading.launches import (
    at_home,
    is_a_twin_of,
    is_amazon_linux_2023,
    is_of_type,
    the_machine_of,
    well_kept,
)
from cloudlings.grading.lineage import lineage_of
from cloudlings.grading.moved_disks import (
    born_of_snapshots,
    is_encrypted_gp3,
    of_the_observations,
    of_the_zone,
    snapshots_of,
    zone_of,
)
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.roles import may_exactly, only_takes_on, require_role, role_named, session
from cloudlings.grading.strangers import with_strangers
from cloudlings.grading.sums import as_billed
from cloudlings.grading.vpc_state import interface_at, network_of, shown
from cloudlings.network import Network

INVENTORY = "/brackwater/inventory"


@task(
    "names",
    points=5,
    title="Read twelve names, choose eight types",
    ref="L06-T2",
    hints=[
        "Letters, a number, letters, a dot, the size. What stands before the number is the family, and it "
        "may "
        "have more than one letter. A g before the number is about graphics; where does the g of Graviton "
        "stand?",
        "For a load, divide its GiB by its vCPUs: 2 is c, 4 is m, 8 is r, 16 and more is x. Then see "
        "whether it "
        "asks for something of its own: a GPU, a high clock, a disk in the host. look(name) shows a type.",
        're.fullmatch(r"([a-z]+)(\\d+)(.*)\\.(.+)", name).groups() cuts a name. arm is "g" in the third '
        "part. "
        "Types: t3 or t4g for what mostly waits, m7i, c7i, r7i with large for 2 vCPUs and xlarge for 4; "
        "x2gd, "
        "i4i, z1d, g4dn and d3 for the special ones.",
    ],
)
def test_names(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    names, types = answer("names"), answer("types")
    not_attempted_unless((names, types) != (None, None), 'No answer "names" or "types" was handed in yet.')
    misread(account, brief.names, names)
    fits(account, {each["load"]: each for each in brief.loads}, types)


@task(
    "badge",
    points=5,
    title="A badge for the collector",
    ref="L06-02",
    hints=[
        "Two documents: who may take the role on (its trust policy), and what the role may do. And a machine "
        "does not wear a role: it wears the thing that holds one.",
        "Trust: the service ec2.amazonaws.com, sts:AssumeRole. Permission: one action of S3, on the ARN of "
        "the "
        "objects under the prefix. The holder is an instance profile.",
        "create_role(RoleName=brief.role, AssumeRolePolicyDocument=…), put_role_policy with s3:PutObject on "
        "arn:aws:s3:::BUCKET/PREFIX* , create_instance_profile, add_role_to_instance_profile.",
    ],
)
def test_badge(account: Account, brief: Brief) -> None:
    not_attempted_unless(role_named(account, brief.role), f"There is no role {brief.role} yet.")
    role = require_role(account, brief.role, "The collector has no badge.")
    only_takes_on(
        account,
        role,
        {"Service": "ec2.amazonaws.com"},
        who="EC2",
        concept="The trust policy says who may become the role. A machine's badge is for EC2 to hand out.",
    )
    readings = f"arn:aws:s3:::{brief.bucket}/{brief.prefix}*"
    job = document(allow("s3:PutObject", readings))
    may_exactly(
        account,
        session(account, brief.role, f"arn:aws:s3:::{brief.bucket}"),
        least=job,
        most=job,
        job=f"putting objects under {brief.prefix} of {brief.bucket}",
        stops="the collector's readings are not kept",
        existing=[f"arn:aws:s3:::{brief.bucket}", f"arn:aws:s3:::{brief.bucket}/{brief.prefix}today.csv"],
        at_work={
            "aws:RequestedRegion": account.region_name,
            "aws:ResourceAccount": account.id,
            "s3:ResourceAccount": account.id,
        },
    )
    profiles = account.client("iam").list_instance_profiles_for_role(RoleName=brief.role)["InstanceProfiles"]
    assert profiles, Because(
        found=f"The role {brief.role} is right, and no instance profile holds it.",
        consequence="No machine can wear it: a launch asks for an instance profile.",
        concept="An instance profile is the holder in which EC2 hands a role to a machine.",
    )


@task(
    "launch",
    points=6,
    title="The collector, private and encrypted",
    ref="L06-T1",
    hints=[
        "Go through the picture's five parts: image, type, network card (which subnet? which groups?), "
        "badge, "
        "disks. Each is one parameter of run_instances; two more say who may ask for its keys and how it is "
        "tagged.",
        "A group of its own with one rule, whose source is the relay's group. MetadataOptions for the token, "
        "BlockDeviceMappings with the image's root device name for encryption, TagSpecifications twice: "
        "instance and volume.",
        "create_security_group; authorize tcp brief.port from UserIdGroupPairs [groups['relay']]; "
        "run_instances(ImageId, InstanceType='t3.micro', SubnetId=subnet['app_a'], SecurityGroupIds=[…], "
        "IamInstanceProfile={'Name': …}, MetadataOptions={'HttpTokens': 'required'}, …).",
    ],
)
def test_launch(account: Account, brief: Brief) -> None:
    state, network = ec2_state(account), network_of(account)
    collector = _collector(account, state, brief)
    is_amazon_linux_2023(account, collector)
    is_of_type(collector, "t3.micro")
    at_home(network, collector, brief.subnets["app_a"], "app_a")
    well_kept(account, state, collector, brief.role, brief.service)
    _one_door(network, brief, collector)


def _collector(account: Account, state: Ec2State, brief: Brief) -> Described:
    """The learner's machine from Amazon's image, by its service tag."""
    inherited = {each["instance"] for each in inventory_of(account, INVENTORY).values()}
    return the_machine_of(account, state, brief.service, inherited)


def _one_door(network: Network, brief: Brief, instance: Described) -> None:
    card = interface_at(network, instance["PrivateIpAddress"], called(instance))
    relay = interface_at(network, brief.hosts["relay"], "relay")
    known = {address: name for name, address in brief.hosts.items()}
    network, names = with_strangers(network, card, {relay: "relay"}, known)
    strangers = ["internet", *names]
    names |= {relay: "relay"}
    only_through(network, card, called(instance), {relay: brief.port}, strangers, names)
    gets_out(network, card, called(instance))


@task(
    "data-disk",
    points=5,
    title="A disk that is quick enough",
    ref="L06-T3",
    hints=[
        "A volume has a zone, and only machines of that zone can have it. Where is your machine?",
        "gp3: size, IOPS and throughput are three numbers of their own in create_volume. What is attached "
        "after "
        "the launch stays when the machine goes; what is made by the launch goes, unless told.",
        "create_volume(AvailabilityZone=collector()['Placement']['AvailabilityZone'], Size=…, "
        "VolumeType='gp3', "
        "Iops=…, Throughput=…, Encrypted=True), wait, then attach_volume with a device such as /dev/sdf.",
    ],
)
def test_data_disk(account: Account, brief: Brief) -> None:
    state = ec2_state(account)
    ours = {name for each in inventory_of(account, INVENTORY).values() for name in each.values()}
    made = made_since(state, ours, lineage_of(account, state))
    not_attempted_unless(made, "There is no volume yet beside the root disks and what was inherited.")
    collector = _collector(account, state, brief)
    zone = collector["Placement"]["AvailabilityZone"]
    mine = [each for each in state.others(collector).values() if each["VolumeId"] not in ours]
    loose = max(made, key=lambda volume: int(volume["Size"]))
    assert mine, Because(
        found=f"{loose['VolumeId']} is {loose['State']}{worn_by(loose)} in {loose['AvailabilityZone']}; "
        f"the collector, {called(collector)} in {zone}, has no disk but its root disk.",
        consequence="The readings go to the root disk, until it is full.",
        concept="A volume is of one zone for ever, and is attached to a machine of that zone.",
    )
    needs = (brief.disk_gib, brief.disk_iops, brief.disk_throughput)
    best = max(mine, key=lambda one: (lacks(one, *needs) == "", one["Encrypted"], int(one["Size"])))
    lack = lacks(best, *needs)
    assert not lack, Because(
        found=f"{best['VolumeId']} on {called(collector)} is a {best['VolumeType']}: {lack}.",
        consequence="At the top of a storm readings queue up before the disk.",
        concept="gp3 comes with 3,000 IOPS and 125 MiB/s whatever its size; more is asked for, and paid for.",
    )
    assert best["Encrypted"], Because(
        found=f"{best['VolumeId']} on {called(collector)} is not encrypted, and cannot be made so.",
        consequence="A snapshot of it that is shared by mistake can be read by whoever gets it.",
        concept="A disk is encrypted from its birth or never: each snapshot and copy follows it.",
    )
    within(brief.disk_cap, mine)
    outlives(collector, best)


@task(
    "disk-bill",
    points=4,
    title="gp3 or io2?",
    ref="L06-T7",
    hints=[
        "Two bills with two or three lines each. Which IOPS are charged: all, or those above what is "
        "included?",
        "gp3: GiB × price + (IOPS − 3,000) × price + (MiB/s − 125) × price. io2: GiB × price + IOPS × "
        "price. For "
        "the later database: what is the most IOPS that one gp3 volume can have today?",
        'answer("disk-bill", {"gp3": …, "io2": …, "choose": …, "hot": …}); volume_bill("gp3", GiB, iops=…, '
        "throughput=…).usd works a bill out. Up to 80,000 IOPS a gp3 can, above only io2.",
    ],
)
def test_disk_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("disk-bill")
    not_attempted_unless(given is not None, 'No answer "disk-bill" was handed in yet.')
    bills = {
        "gp3": volume_bill("gp3", brief.base_gib, iops=brief.base_iops, throughput=brief.base_throughput),
        "io2": volume_bill("io2", brief.base_gib, iops=brief.base_iops),
    }
    wrong = "Whoever signs the vendor's offer decides by a wrong sum."
    said = as_billed("disk-bill", given, bills, consequence=wrong)
    more = {"choose": bills["io2"].usd - bills["gp3"].usd, "hot": more_for_io2(brief.hot_iops)}
    for key, iops in {"choose": brief.base_iops, "hot": brief.hot_iops}.items():
        chooses_the_cheapest(said, key, iops, more[key])


@task(
    "open-door",
    points=5,
    title="The forecaster's open door",
    ref="L06-M5",
    hints=[
        "Two settings of a running machine: which groups its card wears, and what its metadata service "
        "asks for. "
        "Neither needs a stop.",
        "A group's rules can be changed, or the machine can wear another group. Who has to reach it: which "
        "machine, which port? And what does the outside need, when it asks for updates?",
        "A new group with tcp 443 from the relay's group; modify_instance_attribute(InstanceId=…, "
        "Groups=[…]); "
        "modify_instance_metadata_options(InstanceId=…, HttpTokens='required').",
    ],
)
def test_open_door(account: Account, brief: Brief) -> None:
    state, network = ec2_state(account), network_of(account)
    forecaster = still_there(state, inventory_of(account, INVENTORY)["forecaster"]["instance"], "forecaster")
    card = interface_at(network, brief.hosts["forecaster"], "forecaster")
    worn = {group["GroupName"] for group in forecaster.get("SecurityGroups", [])}
    open_now = not shut_to(network, "internet", card)
    tokens = forecaster.get("MetadataOptions", {}).get("HttpTokens")
    not_attempted_unless(
        (tokens, open_now, worn) != ("optional", True, {"launch-wizard-3"}),
        f"{called(forecaster)} wears launch-wizard-3, which lets everybody in, and HttpTokens is optional: "
        "as it "
        "was left.",
    )
    assert status(forecaster) == "running", Because(
        found=f"{called(forecaster)} is {status(forecaster)}.",
        consequence="No harbour gets a forecast.",
        concept="Groups and metadata options change while a machine runs.",
    )
    relay = interface_at(network, brief.hosts["relay"], "relay")
    only_through(network, card, called(forecaster), {relay: 443}, ["internet"], {relay: "relay"})
    gets_out(network, card, called(forecaster))
    wants_token(forecaster, "it faces strangers all day.")


@task(
    "resize",
    points=4,
    title="A larger forecaster, the same forecaster",
    ref="L06-T5",
    hints=[
        "The message of the call that was refused says which state the machine must be in.",
        "Stop, wait, change, start, wait. Which of stop and terminate can be undone?",
        "stop_instances; get_waiter('instance_stopped'); modify_instance_attribute(InstanceId=…, "
        "InstanceType={'Value': brief.forecaster_wanted}); start_instances; get_waiter('instance_running').",
    ],
)
def test_resize(account: Account, brief: Brief) -> None:
    state, listed = ec2_state(account), inventory_of(account, INVENTORY)["forecaster"]
    forecaster = still_there(state, listed["instance"], "forecaster")
    kind, now = forecaster["InstanceType"], status(forecaster)
    not_attempted_unless(
        (kind, now) != (brief.forecaster_type, "running"),
        f"{called(forecaster)} runs as it was left, a {brief.forecaster_type}.",
    )
    assert kind == brief.forecaster_wanted, Because(
        found=f"{called(forecaster)} is a {kind}, {now}; a {brief.forecaster_wanted} was asked for.",
        consequence="It runs out of memory in the next storm, or memory that nobody uses is paid for.",
        concept="A type is changed while the machine is stopped, and counts from the next start.",
    )
    assert now == "running", Because(
        found=f"{called(forecaster)} is a {kind} now, and {now}.",
        consequence="No harbour gets a forecast.",
        concept="A stopped machine waits, for ever, until somebody starts it.",
    )
    root = state.disks(forecaster).get(forecaster["RootDeviceName"], {})
    assert root.get("VolumeId") == listed["root"], Because(
        found=f"The root disk of {called(forecaster)} is {root.get('VolumeId', 'none')}; it was "
        f"{listed['root']}.",
        consequence="What the forecaster had learned is on another disk.",
        concept="Changing the type leaves the disks alone.",
    )


@task(
    "retire",
    points=5,
    title="Retire the archive, keep the observations",
    ref="L06-T4",
    hints=[
        "Which of the three disks must be there afterwards, and which must not? Each attachment has a flag "
        "that "
        "says what happens to its disk.",
        "The flag can be changed on a running machine, device by device; a disk that is detached before is "
        "not "
        "asked at all. What is left over and not needed costs money every month.",
        "modify_instance_attribute(InstanceId=archive, BlockDeviceMappings=[{'DeviceName': '/dev/sdf', "
        "'Ebs': "
        "{'DeleteOnTermination': False}}]), then terminate_instances.",
    ],
)
def test_retire(account: Account) -> None:
    state, listed = ec2_state(account), inventory_of(account, INVENTORY)["archive"]
    # A machine that was terminated is shown for an hour or so, and then no more.
    archive = state.instances.get(listed["instance"], {})
    alive = archive in state.alive()
    kept = state.volumes.get(listed["observations"])
    if alive:
        flags = [each["Ebs"]["DeleteOnTermination"] for each in archive["BlockDeviceMappings"]]
        not_attempted_unless(
            (status(archive), flags) != ("running", [True, True, True]),
            f"{called(archive)} runs, with its three disks, as it was left.",
        )
    assert kept is not None, Because(
        found=f"The volume {listed['observations']} (observations) is gone.",
        consequence="A week of observations is lost: the backup, "
        f"{listed['weekly_backup']}, is a week old. reset_lab() lays the start state again.",
        concept="DeleteOnTermination: when the machine ends, a disk with that flag is deleted, with no bin "
        "to look "
        "in. A copy of an older snapshot is another disk.",
    )
    assert not alive, Because(
        found=f"The observations are on {called(kept)}; the archive {called(archive)} is {status(archive)}.",
        consequence="It is billed for another month.",
        concept="A stopped machine can come back and its disks are billed; a terminated one is over.",
    )
    lets_go_of_the_rest(state, listed)


@task(
    "image",
    points=5,
    title="A twin from an image",
    ref="L06-T6",
    hints=[
        "An image is made from a machine, and a machine from an image. What of a machine is in its image, "
        "and "
        "what is not: disks, groups, badge, tags?",
        "The image has every disk unless told; the launch says subnet, groups, profile, metadata options "
        "and tags "
        "anew. A device mapping with NoDevice leaves a disk out.",
        "create_image(InstanceId=…, Name=…, BlockDeviceMappings=[{'DeviceName': '/dev/sdf', 'NoDevice': "
        "''}]), "
        "wait for image_available, then run_instances(ImageId=that image, SubnetId=subnet['app_b'], …) as "
        "in task 3.",
    ],
)
def test_image(account: Account, brief: Brief) -> None:
    state, network = ec2_state(account), network_of(account)
    home = {one.cidr: one.id for one in network.subnets}.get(brief.subnets["app_b"])
    twins = [one for one in state.alive() if one["ImageId"] in state.own_images]
    there = [one for one in state.alive() if one.get("SubnetId") == home]
    not_attempted_unless(
        [*state.own_images, *there],
        f"There is no image of yours yet, and no machine in {brief.subnets['app_b']}.",
    )
    assert twins, Because(
        found=f"Own images: {shown(list(state.own_images) or ['none'])}. No machine runs from one of them"
        + (
            f"; {called(there[0])} runs from {there[0]['ImageId']}, which is not yours, or not any more."
            if there
            else "."
        ),
        consequence="When the zone fails, nothing that is like the collector stands in the other.",
        concept="A twin is launched from an image of the machine: everything that was set up inside is on "
        "its disk.",
    )
    twin = next((one for one in twins if one.get("SubnetId") == home), twins[0])
    collector, lineage = _collector(account, state, brief), lineage_of(account, state)
    is_a_twin_of(state, collector, twin, lineage)
    at_home(network, twin, brief.subnets["app_b"], "app_b")
    is_of_type(twin, "t3.micro")
    copies_no_disk(state, collector, twin, lineage)
    well_kept(account, state, twin, brief.role, brief.service)
    assert tags_of(twin).get("service") == brief.service, Because(
        found=f"{called(twin)} has the tags {tags_of(twin) or 'none'}; its service is {brief.service}.",
        consequence="On the bill it is nobody's, and the monitoring does not know it.",
        concept="An image carries no tags of its machine to the machines that come of it.",
    )
    _one_door(network, brief, twin)


@task(
    "other-zone",
    points=5,
    title="The observations in the other zone",
    ref="L06-19",
    hints=[
        "A volume cannot leave its zone. What is made of a volume that is not of one zone?",
        "A snapshot of the disk as it is today, then a volume from it in the other zone. Encryption may "
        "come with "
        "either step: a copy of the snapshot, or the new volume.",
        "create_snapshot(VolumeId=inventory['archive']['observations']), wait, create_volume(SnapshotId=…, "
        "AvailabilityZone=the zone of subnet app_b, VolumeType='gp3', Encrypted=True).",
    ],
)
def test_other_zone(account: Account, brief: Brief) -> None:
    state = ec2_state(account)
    listed = inventory_of(account, INVENTORY)["archive"]
    lineage = lineage_of(account, state)
    own = snapshots_of(account, listed["observations"], lineage)
    born = born_of_snapshots(state, listed["observations"], lineage)
    not_attempted_unless(born or own, "There is no snapshot of the observations yet, and no volume from one.")
    right = of_the_observations(born, own, listed, lineage)
    placed = of_the_zone(right, zone_of(account, brief.subnets["app_b"]))
    is_encrypted_gp3(max(placed, key=lambda volume: (volume["Encrypted"], volume["VolumeType"] == "gp3")))


@task(
    "stopped-bill",
    points=4,
    title="What a machine costs that does nothing",
    ref="L06-T8",
    hints=[
        "Make a small table: hours of the machine, disk, address, snapshot; and the four cases. Which "
        "lines stop "
        "when the machine stops?",
        "Only the machine's hours stop. The disk is billed for its size, full or empty; an Elastic IP "
        "address for "
        "730 hours. After the termination only the snapshot is left.",
        "running = 730 × hour + GiB × gp3 + 730 × ipv4.hour; office the same with its hours; stopped "
        "without the "
        "first term; terminated = snapshot GB × its price.",
    ],
)
def test_stopped_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("stopped-bill")
    not_attempted_unless(given is not None, 'No answer "stopped-bill" was handed in yet.')
    bills = {
        name: instance_bill(
            brief.idle_type, running_hours=hours, volume_gb=brief.idle_gib, elastic_address=True
        )
        for name, hours in (("running", 730), ("office", brief.idle_hours), ("stopped", 0))
    }
    kept = ("ebs.snapshot.gb_month", "snapshot", "storage", brief.idle_snapshot_gib)
    bills["terminated"] = bill("a snapshot", price_table(), kept)
    as_billed(
        "stopped-bill",
        given,
        bills,
        consequence="Somebody stops machines for the holidays and wonders about January's bill.",
    )
