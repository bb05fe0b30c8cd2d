"""What graders of launches share: where a machine stands, from which image, and how it is kept."""

from __future__ import annotations

from collections.abc import Collection

from cloudlings.account import Account
from cloudlings.grading.ec2_state import Described, Ec2State, called, status, tags_of, wants_token
from cloudlings.grading.lineage import Lineage, ancestors
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because, not_attempted_unless
from cloudlings.grading.vpc_state import made_elsewhere, shown
from cloudlings.network import Network


def the_machine_of(account: Account, state: Ec2State, service: str, inherited: Collection[str]) -> Described:
    """The only machine with a service tag, beside what was inherited and what came of own images.

    None launched yet ends the check as not attempted; one elsewhere, one without the tag, or two, fail it.
    """
    mine = [
        one
        for one in state.alive()
        if one["InstanceId"] not in inherited and one["ImageId"] not in state.own_images
    ]
    found = [one for one in mine if tags_of(one).get("service") == service]
    from_own = [
        called(one)
        for one in state.alive()
        if one["ImageId"] in state.own_images and tags_of(one).get("service") == service
    ]
    assert mine or not from_own, Because(
        found=f"{shown(from_own)} has the tag service = {service}, and runs from an image of yours; nothing "
        "that you launched runs from an image of Amazon's.",
        consequence="What the team tested is Amazon's image as it is: who made one's own copy, and of what, "
        "nobody knows in a year.",
        concept="Amazon keeps its images up to date, and their parameter names the newest.",
    )
    if not mine:
        elsewhere = made_elsewhere(account, "RunInstances", lambda region: instances_in(account, region))
        not_attempted_unless(elsewhere, f"Nothing new was launched yet in {account.region_name}.")
        assert not elsewhere, Because(
            found=f"There is a machine, {elsewhere}; the lab's network is in {account.region_name}.",
            consequence="It has no way to the relay, and it is billed where nobody looks.",
            concept="A client works in one Region, and a machine is where its subnet is.",
        )
    assert found, Because(
        found=f"Launched here: {shown([called(one) for one in mine])}. No new machine has the tag service = "
        f"{service}; the first one's tags: {tags_of(mine[0]) or 'none'}.",
        consequence="On the bill it is nobody's, and the monitoring does not know it.",
        concept="A tag is a key and a value, both exact; capital letters count.",
    )
    assert len(found) == 1, Because(
        found=f"{len(found)} machines have the tag service = {service}: "
        f"{shown([called(one) for one in found])}. Which is the collector cannot be told.",
        consequence="Both take calls, both are billed, and a reading lands on one of two disks.",
        concept="Each call of run_instances launches another machine; running a cell twice does too.",
    )
    return found[0]


def instances_in(account: Account, region: str) -> list[str]:
    """The ids of all instances of a Region."""
    groups = account.client("ec2", region).describe_instances()["Reservations"]
    return [one["InstanceId"] for group in groups for one in group["Instances"]]


def is_amazon_linux_2023(account: Account, instance: Described) -> None:
    """Fails the check unless an instance runs from Amazon's image of that name; anybody may name one so."""
    ec2, wanted = account.client("ec2"), [instance["ImageId"]]
    reply = or_none(lambda: ec2.describe_images(ImageIds=wanted)["Images"], "InvalidAMIID.NotFound")
    image = reply[0] if reply else {"Name": "an image that is gone"}
    whose = image.get("ImageOwnerAlias", image.get("OwnerId", "nobody"))
    right = image["Name"].startswith("al2023-ami") and whose == "amazon"
    assert right, Because(
        found=f"{called(instance)} runs from {instance['ImageId']}, {image['Name']}, of {whose}.",
        consequence="What the team tested on Amazon Linux 2023 may not run there, and old images get no "
        "updates.",
        concept="The image is what the root disk holds at birth; its name tells system and date, its owner "
        "who made it.",
    )


def at_home(network: Network, instance: Described, cidr: str, home: str) -> None:
    """Fails the check unless an instance runs in the subnet of a range (``home``), without public address."""
    assert status(instance) == "running", Because(
        found=f"{called(instance)} is {status(instance)}.",
        consequence="It takes no calls.",
        concept="A machine works while it is running.",
    )
    places = {one.id: one.cidr for one in network.subnets}
    place = places.get(instance.get("SubnetId", ""), "no subnet")
    assert place == cidr, Because(
        found=f"{called(instance)} stands in {instance.get('SubnetId')} ({place}); {home} is {cidr}.",
        consequence="It is in another network or zone than its order says, with other neighbours and other "
        "routes.",
        concept="The subnet is chosen at the launch and decides zone, routes and neighbours.",
    )
    assert not instance.get("PublicIpAddress"), Because(
        found=f"{called(instance)} has the public address {instance.get('PublicIpAddress')}.",
        consequence="One mistaken route or rule, and the world reaches it; the address is billed by the "
        "hour.",
        concept="A machine that nobody calls from the internet needs no public address: it goes out by NAT.",
    )


def well_kept(account: Account, state: Ec2State, instance: Described, role: str, service: str) -> None:
    """Fails the check unless token rule, badge, the root disk's encryption and its tag are as ordered."""
    wants_token(instance, f"{role} may put readings: with its keys, so may the thief.")
    worn = str((instance.get("IamInstanceProfile") or {}).get("Arn", "no instance profile"))
    assert role in roles_in(account, worn), Because(
        found=f"{called(instance)} wears {worn}.",
        consequence="Its calls to S3 are refused, and somebody will paste a key into a file to help it.",
        concept="A machine has the rights of the role in its instance profile, and no others.",
    )
    root = state.disks(instance).get(instance["RootDeviceName"])
    assert root is not None, Because(
        found=f"{called(instance)} has no root disk any more.",
        consequence="It cannot start again.",
        concept="The root disk is the one that the image filled.",
    )
    assert root["Encrypted"], Because(
        found=f"The root disk {called(root)} of {called(instance)} is not encrypted.",
        consequence="A snapshot of it that is shared by mistake can be read by whoever gets it.",
        concept="A disk is encrypted from its birth or never: each snapshot and copy follows it.",
    )
    assert tags_of(root).get("service") == service, Because(
        found=f"{called(instance)} has the tag service = {service}; its root disk {called(root)} has "
        f"{tags_of(root) or 'no tags'}.",
        consequence="On the bill the machine is the service's and its disk is nobody's.",
        concept="An instance and its volumes are separate resources: each has tags of its own.",
    )


def roles_in(account: Account, profile: str) -> list[str]:
    """The roles in an instance profile, by its ARN; none when there is no such profile."""
    name = profile.rpartition("/")[2]
    reply = or_none(
        lambda: account.client("iam").get_instance_profile(InstanceProfileName=name), "NoSuchEntity"
    )
    return [role["RoleName"] for role in reply["InstanceProfile"]["Roles"]] if reply else []


def is_a_twin_of(state: Ec2State, collector: Described, twin: Described, lineage: Lineage) -> None:
    """Fails the check unless a machine runs from an own image that was made of the collector, or of an image
    or a snapshot of it."""
    came_of = ancestors(twin["ImageId"], lineage)
    root = state.disks(collector).get(collector["RootDeviceName"], {}).get("VolumeId")
    machine = next((each for each in came_of if each.startswith("i-")), "no machine")
    assert {collector["InstanceId"], root} & set(came_of), Because(
        found=f"{called(twin)} runs from {twin['ImageId']}, an image of {machine}; the "
        "collector is "
        f"{called(collector)}.",
        consequence="It is a twin of somebody else.",
        concept="describe_images says of each own image which machine it was made of: SourceInstanceId.",
    )


def is_of_type(instance: Described, kind: str) -> None:
    """Fails the check unless a machine is of the type that was ordered."""
    assert instance["InstanceType"] == kind, Because(
        found=f"{called(instance)} is a {instance['InstanceType']}; a {kind} was ordered.",
        consequence="The bill and the speed are not those that were agreed on.",
        concept="The type is how much CPU and memory a machine has, and most of what it costs.",
    )
