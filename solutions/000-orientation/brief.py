"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

HARBOURS = ("amble", "bude", "cromer", "deal", "exmouth", "fowey", "gorran", "hove", "ilfracombe", "looe")
ACROSS = ("us-east-1", "us-east-2", "us-west-2")
EUROPE = ("eu-west-1", "eu-central-1", "eu-north-1")

# Each part of the sketch: where it really belongs, and where it cannot be.
PLACES = {
    "s3": ("region", "global"),
    "igw": ("vpc-edge", "public-subnet-b"),
    "iam": ("global", "region"),
    "route53": ("global", "vpc"),
    "nat": ("public-subnet-a", "app-subnet-a"),
    "ebs": ("az-a", "az-b"),
    "app": ("one-zone-each", "two-zones"),
}

DUTIES = (
    "Replace a failed disk in the data centre",
    "Install security patches in the operating system of an EC2 instance",
    "Install security patches in the operating system under an RDS database",
    "Decide which ports a security group opens",
    "Guard the doors of the buildings",
    "Keep the hypervisor separated between customers",
    "Rotate the access key of a user",
    "Choose whether a bucket is public",
    "Destroy disks that are taken out of service",
    "Write the code of a Lambda function without holes",
    "Patch the runtime under a Lambda function that uses a managed runtime",
    "Run the network between Availability Zones",
    "Turn on encryption for the data in a database",
    "Classify which data is personal",
    "Keep S3's own servers running",
    "Give each person only the permissions that the job needs",
    "Keep copies of the data that the business cannot lose",
    "Update the firmware of the network switches",
)

CHOICES = (
    "Which Region holds the passengers' data",
    "Whether the booking data lives in a relational database or in a key-value store",
    "The name of the log group",
    "Whether services talk by queue or by direct call",
    "The indentation of the CloudFormation template",
    "How much data may be lost when a Region fails",
    "Which port the health check uses",
    "Whether one account holds everything or each environment has its own",
    "The order of the tags on an instance",
    "Whether an outage of one Availability Zone may stop sales",
    "The colour of the dashboard",
    "Which person's laptop runs the first deployment",
    "Whether customers' files are reached through the application or directly",
    "The memory size of one nightly function, in steps of 64 MB",
)


def brief(rng: random.Random) -> dict[str, Any]:
    """Regions, names, the sketch with its three errors, and the sentences to sort, of one learner."""
    harbour, tag = rng.choice(HARBOURS), f"{rng.randrange(16**5):05x}"
    across, europe = rng.choice(ACROSS), rng.choice(EUROPE)
    duties, choices = rng.sample(DUTIES, 12), rng.sample(CHOICES, 10)
    return {
        "table_region": across,
        "bucket_region": europe,
        "table": f"bookings-{harbour}-{tag}",
        "bucket": f"saltmarsh-{harbour}-{tag}-passengers",
        "role": f"auditor-{harbour}",
        "zone_region": rng.choice((across, europe)),
        "monthly_gb": rng.choice((120, 400, 900, 2500)),
        "diagram": _diagram(rng),
        "duties": {f"d{number}": text for number, text in enumerate(duties, 1)},
        "choices": {f"c{number}": text for number, text in enumerate(choices, 1)},
    }


def _diagram(rng: random.Random) -> dict[str, list[str]]:
    """Letter to (part, place): three of the seven parts stand where they cannot."""
    wrong = set(rng.sample(sorted(PLACES), 3))
    parts = [[name, places[name in wrong]] for name, places in PLACES.items()]
    parts.append(["db", "az-c"])
    letters = list("abcdefgh")
    rng.shuffle(letters)
    return dict(sorted(zip(letters, parts, strict=True)))
