"""Graders of 000-orientation: whom the clients reached, what is where, and three sorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.s3_state import or_none, region_of
from cloudlings.grading.table_rules import holds_bookings
from cloudlings.iam import Policies, prove

SERVICES = ("EC2", "S3", "IAM", "VPC", "RDS", "Lambda", "CloudWatch")
# What the lab's own cells ask: no sign that a learner's client did.
ASKED_BY_THE_LAB = ("DescribeAvailabilityZones", "GetBucketLocation")
NETWORK = ("Vpc", "Subnet", "RouteTable", "InternetGateway", "NatGateway", "SecurityGroup", "NetworkAcl")


@task(
    "seven-services",
    points=3,
    title="Seven services, one way in",
    ref="L00-T1",
    hints=[
        "A client needs three things: an address, credentials, a Region. All three are in this notebook's "
        "environment; boto3 looks there when you tell it nothing.",
        "client(service, region) can be one line: boto3.client(service, region_name=region). Then call one "
        "operation that only lists or describes for each service; VPC's operations belong to the client "
        '"ec2". The Region of a call is the Region of its client.',
        'client("ec2", brief.bucket_region).describe_instances(), then ec2.describe_vpcs, s3.list_buckets, '
        "iam.list_roles, rds.describe_db_instances, lambda.list_functions, cloudwatch.list_metrics.",
    ],
)
def test_seven_services(account: Account, brief: Brief) -> None:
    rows = [row for row in account.journal() if row["source"] != "grader"]
    reached = {service for row in rows if row["status"] < 400 and (service := _service_read(row))}
    refused = [row for row in rows if row["status"] in (401, 403) and _service_read(row)]
    not_attempted_unless(
        reached or refused, f"The sandbox has seen no request to {', '.join(SERVICES)} from your clients yet."
    )
    missing = [name for name in SERVICES if name not in reached]
    assert not missing, Because(
        found="The sandbox's journal was read: your clients reached "
        f"{', '.join(sorted(reached)) or 'none'}, and not {', '.join(missing)}.{_last_refusal(refused)}",
        consequence="What has not answered you once, you cannot build on.",
        concept="Each service has its own API behind the same address; the network's operations share EC2's.",
    )
    asked = [row for row in rows if row["status"] < 400 and row["operation"].startswith("DescribeInstance")]
    places = {row["region"] for row in asked}
    assert brief.bucket_region in places, Because(
        found=f"Your clients asked EC2 for the servers of {', '.join(sorted(places)) or 'no Region'}, and "
        f"not in {brief.bucket_region}.",
        consequence=f"What runs in {brief.bucket_region} is in none of these answers.",
        concept="A Regional client speaks to one Region: the one that it was made for, or else the "
        "environment's.",
    )
    made = [row for row in rows if row["operation"] == "CreateAccessKey"]
    assert not made, Because(
        found=f"The journal shows CreateAccessKey, asked by {made[-1]['principal']}.",
        consequence="A new long-term key is now alive, and works for whoever copies it until somebody "
        "deletes it.",
        concept="Clients take the credentials that the environment holds; nobody needs a key of their own "
        "for that.",
    )


def _service_read(row: Mapping[str, Any]) -> str:
    """Which of the seven a journal row read from, "" for none."""
    operation, service = row["operation"], row["service"]
    if not operation.startswith(("Describe", "List", "Get", "Head")) or operation in ASKED_BY_THE_LAB:
        return ""
    if service == "ec2":
        return "VPC" if any(name in operation for name in NETWORK) else "EC2"
    names = {"s3": "S3", "iam": "IAM", "rds": "RDS", "lambda": "Lambda", "cloudwatch": "CloudWatch"}
    return names.get(service, "")


def _last_refusal(refused: list[Mapping[str, Any]]) -> str:
    if not refused:
        return ""
    last = refused[-1]
    return f" Refused last: {last['service']}:{last['operation']}, {last['error'] or last['status']}."


@task(
    "zone-ids",
    points=2,
    title="A zone's name and its id",
    ref="L00-T2",
    hints=[
        "The name of a zone (such as eu-west-1a) is a label in your account. Its id names the place "
        "itself. Ask the service that knows; nothing else can tell you.",
        "ec2.describe_availability_zones() answers with ZoneName and ZoneId for the Region of the client. "
        "Which Region is your client for?",
        '{zone["ZoneName"]: zone["ZoneId"] for zone in client("ec2", brief.zone_region)'
        '.describe_availability_zones()["AvailabilityZones"]}, handed in with answer("zones", …).',
    ],
)
def test_zone_ids(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("zones")
    not_attempted_unless(given is not None, 'No answer "zones" was handed in yet.')
    assert isinstance(given, dict), Because(
        found=f'The answer "zones" is {_shown(given)}, not a dictionary.',
        consequence="Nobody can look up a zone in it.",
        concept="The answer maps each zone's name to its id.",
    )
    zones = account.client("ec2", brief.zone_region).describe_availability_zones()["AvailabilityZones"]
    there = {zone["ZoneName"]: zone["ZoneId"] for zone in zones}
    turned = sorted(set(given) & set(there.values()))
    assert not turned, Because(
        found=f"The answer gives something for {turned[0]}, which is a zone's id.",
        consequence="Whoever looks up a zone by the name that the account uses finds nothing.",
        concept="The answer maps each zone's name to its id.",
    )
    strange = sorted(set(given) - set(there))
    assert not strange, Because(
        found=f"The answer names {', '.join(strange)}; {brief.zone_region} has {', '.join(sorted(there))}.",
        consequence="A subnet asked for in a zone that the Region does not have cannot be made.",
        concept="Zones belong to a Region, and how many there are differs. Read them, whenever you need "
        "them.",
    )
    missing = sorted(set(there) - set(given))
    assert not missing, Because(
        found=f"The answer does not name {', '.join(missing)} of {brief.zone_region}.",
        consequence="A design that does not know of a zone cannot use it.",
        concept="How many zones there are differs from Region to Region.",
    )
    wrong = [name for name in sorted(there) if given[name] != there[name]]
    assert not wrong, Because(
        found=f"For {wrong[0]} the answer says {given.get(wrong[0])}; asked now, the Region says another id.",
        consequence='Two teams that speak of "zone a" can mean two buildings, and put both copies in the '
        "same one.",
        concept="A zone's id does not follow from its name: the mapping is kept by AWS, for each account.",
    )


@task(
    "right-regions",
    points=4,
    title="Each thing in its Region",
    ref="L00-T3",
    hints=[
        "A Regional resource exists in the Region whose endpoint was asked to make it, and in no other. "
        "Which Region is your client for when you call create_table?",
        "The table in the wrong Region is empty: delete it there, make it here. A bucket outside us-east-1 "
        "needs a CreateBucketConfiguration with its LocationConstraint.",
        'client("dynamodb", brief.bucket_region).delete_table(…); client("dynamodb", '
        'brief.table_region).create_table(…); client("s3", brief.bucket_region).create_bucket(Bucket=…, '
        'CreateBucketConfiguration={"LocationConstraint": brief.bucket_region}).',
    ],
)
def test_right_regions(account: Account, brief: Brief) -> None:
    here, there = (
        _table(account, brief.table, brief.table_region),
        _table(account, brief.table, brief.bucket_region),
    )
    bucket = region_of(account, brief.bucket)
    not_attempted_unless(
        here or bucket or not there,
        f"The table {brief.table} is still in {brief.bucket_region} only, and there is no bucket "
        f"{brief.bucket}.",
    )
    assert here, Because(
        found=f"There is no table {brief.table} in {brief.table_region}.",
        consequence=f"The app runs in {brief.table_region}; there it gets ResourceNotFoundException.",
        concept="A table is made in the Region of the client that makes it.",
    )
    assert not there, Because(
        found=f"There is a table {brief.table} in {brief.bucket_region} as well as in {brief.table_region}.",
        consequence="Two tables of one name know nothing of each other: a booking in one is not in the "
        "other, and both are paid for.",
        concept="Regions are independent: what you make in one does not appear in, or leave, another.",
    )
    holds_bookings(here)
    assert bucket, Because(
        found=f"There is no bucket {brief.bucket}.",
        consequence="The passengers' documents have nowhere to go.",
        concept="Bucket names are shared by everyone; the bucket itself has to be made.",
    )
    assert bucket == brief.bucket_region, Because(
        found=f"The bucket {brief.bucket} was asked for its location: {bucket}. The passengers' data "
        f"belongs in {brief.bucket_region}.",
        consequence="Passengers' data lies outside the Region that the company promised.",
        concept="A bucket's name is known everywhere, its data lies in one Region: the one it was made for.",
    )


def _table(account: Account, name: str, region: str) -> Mapping[str, Any] | None:
    reply = or_none(
        lambda: account.client("dynamodb", region).describe_table(TableName=name), "ResourceNotFoundException"
    )
    return reply["Table"] if reply else None


@task(
    "one-role",
    points=3,
    title="One role, every Region",
    ref="L00-T4",
    hints=[
        "IAM has no Region. What does a role's trust policy say: what the role may do, or who may become it?",
        "create_role needs a RoleName and an AssumeRolePolicyDocument: a statement with the action "
        "sts:AssumeRole and, as Principal, your account's root ARN. RoleId comes back from get_role.",
        'Principal: {"AWS": f"arn:aws:iam::{account_id}:root"}. Then answer("auditor", {region: '
        'client("iam", region).get_role(RoleName=brief.role)["Role"]["RoleId"] for region in the two '
        "Regions}).",
    ],
)
def test_one_role(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    regions = (brief.table_region, brief.bucket_region)
    seen = {region: _role(account, brief.role, region) for region in regions}
    given = answer("auditor")
    not_attempted_unless(any(seen.values()) or given is not None, f"There is no role {brief.role} yet.")
    role = seen[regions[0]]
    assert role is not None, Because(
        found=f"Asked by way of {' and '.join(regions)}, IAM knows no role {brief.role}.",
        consequence="Nobody can work as the auditor.",
        concept="A role is found by its name, in the account that made it.",
    )
    _trusts_only_us(account, role, brief.role)
    expected = {region: found["RoleId"] for region, found in seen.items() if found}
    assert given == expected, Because(
        found=f'The answer "auditor" is {_shown(given)}. Asked by way of {" and ".join(regions)}, IAM '
        f"gives one RoleId to {brief.role}.",
        consequence="Whoever believes in one role for each Region makes, and forgets, copies.",
        concept="IAM is global: each Region's client reaches the same role, and its RoleId proves it.",
    )


def _role(account: Account, name: str, region: str) -> Mapping[str, Any] | None:
    reply = or_none(lambda: account.client("iam", region).get_role(RoleName=name), "NoSuchEntity")
    return reply["Role"] if reply else None


def _trusts_only_us(account: Account, role: Mapping[str, Any], name: str) -> None:
    found = Policies.of(trust=readable(role["AssumeRolePolicyDocument"], f"trust policy of {name}"))
    ours = {"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"}
    people = document(allow("sts:AssumeRole", "*"))
    granted = Policies.of(identity=[people], trust=found.trust)
    needed = Policies.of(identity=[people], trust=document(ours))
    for direction, wrong in (
        ("over", "Not only people of this account can"),
        ("under", "People of this account cannot"),
    ):
        comparison = prove(
            granted,
            needed,
            account=account.id,
            actions=["sts:AssumeRole"],
            resources=[role["Arn"]],
            as_aws_sends=True,
            outsiders_may=True,
        )
        example = first_example(comparison, direction)
        assert example is None, Because(
            found=f"The trust policy of {name} was put to every caller. {wrong} become the auditor.",
            consequence=f"{sentence(example)}.",
            counterexample=decided_by(example),
            concept="A trust policy says who may take on a role; an account's root ARN stands for the "
            "whole account.",
        )


KINDS = ("snapshots", "images", "secrets")


@task(
    "inventory",
    points=4,
    title="What is where",
    ref="L00-T5",
    hints=[
        "A list of what you own has two traps: the Region of the client, and who the owner is. Public "
        "snapshots and images are in the same lists as yours.",
        "A function inventory(region) makes its own clients, with region_name=region. describe_snapshots "
        'has OwnerIds, describe_images has Owners; both take "self". list_secrets lists yours only.',
        '{"snapshots": [s["SnapshotId"] …OwnerIds=["self"]], "images": [i["ImageId"] …Owners=["self"]], '
        '"secrets": [s["Name"] …]} for each of the two Regions, handed in as answer("inventory", {region: '
        "…}).",
    ],
)
def test_inventory(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("inventory")
    not_attempted_unless(given is not None, 'No answer "inventory" was handed in yet.')
    there = {region: _owned(account, region) for region in (brief.table_region, brief.bucket_region)}
    for region, kinds in there.items():
        listed = given.get(region) if isinstance(given, dict) else None
        assert isinstance(listed, dict), Because(
            found=f'The answer "inventory" has nothing for {region}: {_shown(given)}.',
            consequence=f"What runs in {region} runs on, and is paid for.",
            concept="Most lists are of one Region. To know the account you ask each.",
        )
        for kind in KINDS:
            _same(region, kind, listed.get(kind), kinds[kind])


def _owned(account: Account, region: str) -> dict[str, set[str]]:
    ec2, secrets = account.client("ec2", region), account.client("secretsmanager", region)
    pages = secrets.get_paginator("list_secrets").paginate()
    return {
        "snapshots": {one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]},
        "images": {one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]},
        "secrets": {one["Name"] for page in pages for one in page["SecretList"]},
    }


def _same(region: str, kind: str, listed: Any, there: set[str]) -> None:
    texts = isinstance(listed, list) and all(isinstance(each, str) for each in listed)
    assert texts, Because(
        found=f"The answer for {region} has no list of {kind}.",
        consequence="A list that is not there cannot be compared with last month's.",
        concept=f"The inventory of a Region has three lists: {', '.join(KINDS)}.",
    )
    missing, extra = sorted(there - set(listed)), sorted(set(listed) - there)
    assert not missing, Because(
        found=f"The answer for {region} lacks {len(missing)} of {len(there)} {kind}, among them "
        f"{missing[0]}.",
        consequence="Nobody will ever delete it, and each month's bill holds it.",
        concept="A client sees one Region, and an answer may come in pages.",
    )
    assert not extra, Because(
        found=f"The answer for {region} names {len(extra)} {kind} that this account does not own there, "
        f"among them {extra[0]}.",
        consequence="A clean-up by this list would go looking for other people's things, or in the wrong "
        "Region.",
        concept="Lists of images and snapshots hold public ones too, and each Region has its own.",
    )


# What is wrong with a part at a place; other places are right.
ERRORS = {
    ("s3", "global"): "A bucket's name is known everywhere; where does its data lie?",
    ("igw", "public-subnet-b"): "To what is an internet gateway attached?",
    ("iam", "region"): "From which Region's client did you see the role?",
    ("route53", "vpc"): "Does DNS for the whole world live in one network of yours?",
    ("nat", "app-subnet-a"): "Which way to the internet does a subnet without a route to the gateway have?",
    ("ebs", "az-b"): "How far apart can a volume and its instance be?",
    ("app", "two-zones"): "In how many zones can a subnet be?",
}


@task(
    "find-errors",
    points=3,
    title="Three errors in a drawing",
    ref="L00-T6",
    hints=[
        "Ask each lettered part one question: does it belong to the world, to a Region, to a network "
        "(VPC), or to one zone? Then look where it is drawn.",
        "IAM and Route 53 are global; a bucket is Regional and outside every VPC; an internet gateway is "
        "attached to the VPC; a subnet, a volume and a zonal NAT gateway are in one zone; no standby in a "
        "third zone is no error.",
        "Compare with the picture at the top of the lab. Exactly three letters are wrong; a part that you "
        "drew in the right box in your head is right, whatever its colour.",
    ],
)
def test_find_errors(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("errors")
    not_attempted_unless(given is not None, 'No answer "errors" was handed in yet.')
    letters = {str(each).strip().lower() for each in given} if isinstance(given, list | str) else set()
    assert (len(letters), letters <= set(brief.diagram)) == (3, True), Because(
        found=f'The answer "errors" is {_shown(given)}; it needs three letters out of '
        f"{', '.join(sorted(brief.diagram))}.",
        consequence="A review that marks everything helps as little as one that marks nothing.",
        concept="Three parts stand where they cannot be, and the others are fine.",
    )
    wrong = {letter for letter, part in brief.diagram.items() if tuple(part) in ERRORS}
    fine = sorted(letters - wrong)
    assert not fine, Because(
        found=f"{fine[0].upper()} ({_part(brief, fine)}) is marked as an error, and "
        f"{len(letters & wrong)} of the three are right.",
        consequence="Somebody redraws, and rebuilds, what was sound.",
        concept=ERRORS[tuple(brief.diagram[min(wrong - letters)])],
    )


NAMES = {
    "s3": "S3",
    "igw": "internet gateway",
    "iam": "IAM",
    "route53": "Route 53",
    "nat": "NAT gateway",
    "ebs": "EBS volume",
    "app": "app subnet",
    "db": "no standby in AZ c",
}


def _part(brief: Brief, letters: list[str]) -> str:
    return NAMES[brief.diagram[letters[0]][0]]


# Who does it: AWS ("aws") or the customer ("customer"), and the idea behind it.
HARDWARE = "Buildings, machines, network and the layer that separates customers are always AWS's."
GUEST = "The more of the stack a service manages, the less of it is yours; on EC2 the operating system is."
YOURS = "Data, code, permissions and settings are yours in every service."
DUTY_KEYS: Mapping[str, tuple[str, str]] = {
    "Replace a failed disk in the data centre": ("aws", HARDWARE),
    "Install security patches in the operating system of an EC2 instance": ("customer", GUEST),
    "Install security patches in the operating system under an RDS database": ("aws", GUEST),
    "Decide which ports a security group opens": ("customer", YOURS),
    "Guard the doors of the buildings": ("aws", HARDWARE),
    "Keep the hypervisor separated between customers": ("aws", HARDWARE),
    "Rotate the access key of a user": ("customer", YOURS),
    "Choose whether a bucket is public": ("customer", YOURS),
    "Destroy disks that are taken out of service": ("aws", HARDWARE),
    "Write the code of a Lambda function without holes": ("customer", YOURS),
    "Patch the runtime under a Lambda function that uses a managed runtime": ("aws", GUEST),
    "Run the network between Availability Zones": ("aws", HARDWARE),
    "Turn on encryption for the data in a database": ("customer", YOURS),
    "Classify which data is personal": ("customer", YOURS),
    "Keep S3's own servers running": ("aws", GUEST),
    "Give each person only the permissions that the job needs": ("customer", YOURS),
    "Keep copies of the data that the business cannot lose": ("customer", YOURS),
    "Update the firmware of the network switches": ("aws", HARDWARE),
}
DEAR = "A decision is dear to change later, and shapes what others build."
CHEAP = "A detail can be changed on any afternoon without anybody else noticing."
CHOICE_KEYS: Mapping[str, tuple[str, str]] = {
    "Which Region holds the passengers' data": ("decision", DEAR),
    "Whether the booking data lives in a relational database or in a key-value store": ("decision", DEAR),
    "The name of the log group": ("detail", CHEAP),
    "Whether services talk by queue or by direct call": ("decision", DEAR),
    "The indentation of the CloudFormation template": ("detail", CHEAP),
    "How much data may be lost when a Region fails": ("decision", DEAR),
    "Which port the health check uses": ("detail", CHEAP),
    "Whether one account holds everything or each environment has its own": ("decision", DEAR),
    "The order of the tags on an instance": ("detail", CHEAP),
    "Whether an outage of one Availability Zone may stop sales": ("decision", DEAR),
    "The colour of the dashboard": ("detail", CHEAP),
    "Which person's laptop runs the first deployment": ("detail", CHEAP),
    "Whether customers' files are reached through the application or directly": ("decision", DEAR),
    "The memory size of one nightly function, in steps of 64 MB": ("detail", CHEAP),
}


@task(
    "sort-duties",
    points=3,
    title="Whose job is it, and how dear is the choice",
    ref="L00-T7",
    hints=[
        "Duties: could you do it at all, from outside, with an API? If nobody but AWS can reach it, it is "
        "AWS's. Choices: how much would it cost to change your mind in a year?",
        "The line moves with the service: on EC2 the operating system is yours, under RDS and Lambda it is "
        "not. Your data, code, permissions and settings are always yours. A Region, a kind of database and "
        "what an outage may cost are decisions; names and colours are details.",
        'answer("duties", {"d1": "aws" or "customer", … "d12": …}) and answer("choices", {"c1": "decision" '
        'or "detail", … "c10": …}). Nine of ten must be right in each.',
    ],
)
def test_sort_duties(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = {name: answer(name) for name in ("duties", "choices")}
    not_attempted_unless(
        any(value is not None for value in given.values()),
        'No answer "duties" or "choices" was handed in yet.',
    )
    _sorted_well("duties", given["duties"], brief.duties, DUTY_KEYS)
    _sorted_well("choices", given["choices"], brief.choices, CHOICE_KEYS)


def _sorted_well(
    name: str, given: Any, texts: Mapping[str, str], keys: Mapping[str, tuple[str, str]]
) -> None:
    sides = sorted({side for side, _ in keys.values()})
    given = given if isinstance(given, dict) else {}
    unsorted = [key for key in texts if str(given.get(key, "")).strip().lower() not in sides]
    assert not unsorted, Because(
        found=f'The answer "{name}" does not put {unsorted[0] if unsorted else ""} under '
        f"{' or '.join(sides)}.",
        consequence="Where it is not clear whose a duty is, nobody does it."
        if name == "duties"
        else "An open decision is made by accident.",
        concept=f"Each of the {len(texts)} sentences goes to one side.",
    )
    wrong = [key for key, text in texts.items() if str(given[key]).strip().lower() != keys[text][0]]
    assert len(wrong) <= len(texts) // 10, Because(
        found=f"{len(texts) - len(wrong)} of {len(texts)} {name} are on the right side; "
        f"{len(texts) - len(texts) // 10} are needed.",
        consequence="A duty on the wrong side is done by nobody."
        if name == "duties"
        else "A decision that is taken for a detail is made in passing, by whoever comes first.",
        concept=keys[texts[wrong[0]]][1],
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:160]} …"
