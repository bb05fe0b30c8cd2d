# Other right answers: resources and sessions in place of clients, another trust, other spellings.

# %% task="seven-services"
import os


def client(service, region=None):
    return boto3.session.Session().client(
        service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"]
    )


list(boto3.resource("s3").buckets.all())
list(boto3.resource("ec2").subnets.all())
list(boto3.resource("ec2", region_name=brief.bucket_region).instances.all())
list(client("iam").get_paginator("list_users").paginate())
client("rds").describe_db_clusters()
client("lambda").get_account_settings()
client("cloudwatch").describe_alarms()

# %% task="zone-ids"
ids = {}
for zone in boto3.client("ec2", region_name=brief.zone_region).describe_availability_zones(
    Filters=[{"Name": "state", "Values": ["available"]}]
)["AvailabilityZones"]:
    ids[zone["ZoneName"]] = zone["ZoneId"]
answer("zones", ids)

# %% task="one-role"
trust = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": me["Account"]}, "Action": ["sts:AssumeRole"]},
}
made = boto3.client("iam").create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))[
    "Role"
]
answer("auditor", {brief.bucket_region: made["RoleId"], brief.table_region: made["RoleId"]})


# %% task="inventory"
def inventory(region):
    ec2 = boto3.resource("ec2", region_name=region)
    return {
        "secrets": [one["Name"] for one in client("secretsmanager", region).list_secrets()["SecretList"]],
        "images": sorted(image.id for image in ec2.images.filter(Owners=[me["Account"]])),
        "snapshots": sorted(
            snapshot.id
            for snapshot in ec2.snapshots.filter(Filters=[{"Name": "owner-id", "Values": [me["Account"]]}])
        ),
    }


answer("inventory", {region: inventory(region) for region in (brief.bucket_region, brief.table_region)})

# %% task="find-errors"
cannot = {
    ("s3", "global"),
    ("igw", "public-subnet-b"),
    ("iam", "region"),
    ("route53", "vpc"),
    ("nat", "app-subnet-a"),
    ("ebs", "az-b"),
    ("app", "two-zones"),
}
answer("errors", [letter.upper() for letter, part in brief.diagram.items() if tuple(part) in cannot][::-1])
