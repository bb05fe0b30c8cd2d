# Near-misses of 000-orientation: each loses the task that it names, and is told why.

# %% wrong="one-service-short" task="seven-services" says=["not RDS", "Refused last: rds:DescribeDBInstances, AccessDenied"]
def client(service, region=None):
    return boto3.client(service, region_name=region)


client("ec2", brief.bucket_region).describe_instances()
client("ec2").describe_vpcs()
client("s3").list_buckets()
client("iam").list_roles()
client("lambda").list_functions()
client("cloudwatch").list_metrics()
# a guest's credentials, which may look at nothing
nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
guest = boto3.client("sts").get_federation_token(
    Name="guest", Policy=json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
)["Credentials"]
refused = boto3.Session(guest["AccessKeyId"], guest["SecretAccessKey"], guest["SessionToken"])
for look in (refused.client("rds").describe_db_instances, refused.client("sqs").list_queues):
    try:
        look()
    except ClientError as error:
        print(error)
boto3.client("s3").list_buckets()


# %% wrong="vpc-forgotten" task="seven-services" says=["reached EC2, IAM, Lambda, RDS, S3", "VPC, CloudWatch", "EC2's"]
def client(service, region=None):
    return boto3.client(service, region_name=region)


client("ec2").describe_instances()
client("ec2").describe_volumes()
client("s3").list_buckets()
client("iam").list_roles()
client("rds").describe_db_instances()
client("lambda").list_functions()
client("cloudwatch").put_metric_data(Namespace="ferry", MetricData=[{"MetricName": "sold", "Value": 1}])


# %% wrong="makes-its-own-key" task="seven-services" says=["CreateAccessKey", "long-term key"]
def client(service, region=None):
    return boto3.client(service, region_name=region)


key = client("iam").create_access_key(UserName="learner")["AccessKey"]
client("ec2", brief.bucket_region).describe_instances()
client("ec2").describe_vpcs()
client("s3").list_buckets()
client("iam").list_roles()
client("rds").describe_db_instances()
client("lambda").list_functions()
client("cloudwatch").list_metrics()


# %% wrong="one-region-for-all" task="seven-services" says=["servers of us-east-1, and not in", "one Region"]
def client(service, region=None):
    return boto3.client(service, region_name=region)


client("ec2").describe_instances()
client("ec2").describe_vpcs()
client("s3").list_buckets()
client("iam").list_roles()
client("rds").describe_db_instances()
client("lambda").list_functions()
client("cloudwatch").list_metrics()
# a guest's credentials, which may look at nothing
nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
guest = boto3.client("sts").get_federation_token(
    Name="guest", Policy=json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
)["Credentials"]
refused = boto3.Session(guest["AccessKeyId"], guest["SecretAccessKey"], guest["SessionToken"])
try:
    refused.client("ec2", brief.bucket_region).describe_instances()
except ClientError as error:
    print(error)

# %% wrong="one-region-for-all" task="zone-ids" says=["a zone's id"]
zones = boto3.client("ec2", region_name=brief.zone_region).describe_availability_zones()["AvailabilityZones"]
answer("zones", {zone["ZoneId"]: zone["ZoneName"] for zone in zones})

# %% wrong="hard-coded-zone" task="zone-ids" says=["zones belong to a region"] ref="L00-M1"
answer("zones", {"us-east-1a": "use1-az1", "us-east-1b": "use1-az2", "sa-east-1a": "sae1-az1"})

# %% wrong="hard-coded-zone" task="one-role" says=["knows no role"]
answer("auditor", dict.fromkeys((brief.table_region, brief.bucket_region), "AROAEXAMPLEEXAMPLE01"))

# %% wrong="hard-coded-zone" task="right-regions" says=["id (S)", "ValidationException"]
# The key of another table.
client("dynamodb", brief.bucket_region).delete_table(TableName=brief.table)
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
)
client("s3", brief.bucket_region).create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": brief.bucket_region}
)

# %% wrong="ids-guessed-from-names" task="zone-ids" says=["does not follow from its name"]
zones = client("ec2", brief.zone_region).describe_availability_zones()["AvailabilityZones"]
answer("zones", {zone["ZoneName"]: f"{zone['ZoneName']}-az{number}" for number, zone in enumerate(zones, 1)})

# %% wrong="ids-guessed-from-names" task="one-role" says=["is None", "IAM is global"]
ours = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{me['Account']}:root"},
    "Action": "sts:AssumeRole",
}
client("iam").create_role(
    RoleName=brief.role,
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ours]}),
)

# %% wrong="one-zone-only" task="zone-ids" says=["does not name"]
zone = client("ec2", brief.zone_region).describe_availability_zones()["AvailabilityZones"][0]
answer("zones", {zone["ZoneName"]: zone["ZoneId"]})


# %% wrong="one-zone-only" task="seven-services" says=["servers of no Region"]
def client(service, region=None):
    return boto3.client(service, region_name=region)


client("ec2", brief.bucket_region).describe_volumes()
client("ec2").describe_vpcs()
client("s3").list_buckets()
client("iam").list_roles()
client("rds").describe_db_instances()
client("lambda").list_functions()
client("cloudwatch").list_metrics()

# %% wrong="copied-not-moved" task="right-regions" says=["as well as", "independent"]
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
)
client("s3", brief.bucket_region).create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": brief.bucket_region}
)

# %% wrong="copied-not-moved" task="zone-ids" says=["not a dictionary"]
zones = client("ec2", brief.zone_region).describe_availability_zones()["AvailabilityZones"]
answer("zones", [zone["ZoneId"] for zone in zones])

# %% wrong="bucket-beside-the-app" task="right-regions" says=["passengers' data", "location"]
client("dynamodb", brief.bucket_region).delete_table(TableName=brief.table)
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
)
where = (
    {}
    if brief.table_region == "us-east-1"
    else {"CreateBucketConfiguration": {"LocationConstraint": brief.table_region}}
)
client("s3", brief.table_region).create_bucket(Bucket=brief.bucket, **where)


# %% wrong="bucket-beside-the-app" task="inventory" says=["no list of snapshots"]
def inventory(region):
    ec2, secrets = client("ec2", region), client("secretsmanager", region)
    return {
        "snapshots": ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["SnapshotId"],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [one["Name"] for one in secrets.list_secrets()["SecretList"]],
    }


answer("inventory", {region: inventory(region) for region in (brief.table_region, brief.bucket_region)})

# %% wrong="everything-in-one-region" task="right-regions" says=["no table", "ResourceNotFoundException"]
client("s3", brief.bucket_region).create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": brief.bucket_region}
)


# %% wrong="everything-in-one-region" task="inventory" says=["no list of secrets"]
def inventory(region):
    ec2, secrets = client("ec2", region), client("secretsmanager", region)
    return {
        "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [
            kept
            for one in secrets.list_secrets()["SecretList"]
            for kept in (one["Name"], {"ARN": one["ARN"]})
        ],
    }


answer("inventory", {region: inventory(region) for region in (brief.table_region, brief.bucket_region)})

# %% wrong="role-for-everyone" task="one-role" says=["trust policy", "not only"]
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
client("iam").create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
answer(
    "auditor",
    {
        region: client("iam", region).get_role(RoleName=brief.role)["Role"]["RoleId"]
        for region in (brief.table_region, brief.bucket_region)
    },
)

# %% wrong="role-for-everyone" task="right-regions" says=["no bucket", "nowhere to go"]
client("dynamodb", brief.bucket_region).delete_table(TableName=brief.table)
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
)

# %% wrong="trusts-a-service" task="one-role" says=["ec2.amazonaws.com", "not only"]
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{me['Account']}:user/learner"},
            "Action": "sts:TagSession",
        },
    ],
}
client("iam").create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
answer(
    "auditor",
    {
        region: client("iam", region).get_role(RoleName=brief.role)["Role"]["RoleId"]
        for region in (brief.table_region, brief.bucket_region)
    },
)

# %% wrong="trusts-a-service" task="right-regions" says=["no table", "ResourceNotFoundException"]
client("dynamodb", brief.bucket_region).delete_table(TableName=brief.table)

# %% wrong="arn-instead-of-id" task="one-role" says=["RoleId"]
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{me['Account']}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
client("iam").create_role(RoleName=brief.role, AssumeRolePolicyDocument=json.dumps(trust))
answer("auditor", {brief.table_region: f"arn:aws:iam::{me['Account']}:role/{brief.role}"})

# %% wrong="arn-instead-of-id" task="right-regions" says=["as well as", "independent"]
client("dynamodb", brief.table_region).create_table(
    TableName=brief.table,
    BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
)

# %% wrong="one-client-for-every-region" task="inventory" says=["lacks", "one region"] ref="L00-M2"
ec2, secrets = client("ec2", brief.table_region), client("secretsmanager", brief.table_region)


def inventory(region):  # noqa: ARG001 - the mistake itself
    return {
        "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [one["Name"] for one in secrets.list_secrets()["SecretList"]],
    }


answer("inventory", {region: inventory(region) for region in (brief.table_region, brief.bucket_region)})


# %% wrong="everybodys-images" task="inventory" says=["does not own"]
def inventory(region):
    ec2, secrets = client("ec2", region), client("secretsmanager", region)
    return {
        "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "images": [one["ImageId"] for one in ec2.describe_images()["Images"]][:40]
        + [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [one["Name"] for one in secrets.list_secrets()["SecretList"]],
    }


answer("inventory", {region: inventory(region) for region in (brief.table_region, brief.bucket_region)})


# %% wrong="default-region-only" task="inventory" says=["nothing for"]
def inventory(region):
    ec2, secrets = client("ec2", region), client("secretsmanager", region)
    return {
        "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "secrets": [one["Name"] for one in secrets.list_secrets()["SecretList"]],
    }


answer("inventory", {brief.table_region: inventory(brief.table_region)})

# %% wrong="third-standby-wanted" task="find-errors" says=["no standby", "sound"]
belongs = {
    "s3": "region",
    "igw": "vpc-edge",
    "iam": "global",
    "route53": "global",
    "nat": "public-subnet-a",
    "ebs": "az-a",
    "app": "one-zone-each",
}
errors = [
    letter for letter, (part, place) in brief.diagram.items() if part != "db" and belongs[part] != place
]
answer("errors", [letter for letter, part in brief.diagram.items() if part[0] == "db"] + errors[:2])

# %% wrong="marks-everything" task="find-errors" says=["three letters", "'h']; it needs"]
answer("errors", sorted(brief.diagram))

# %% wrong="aws-does-it-all" task="sort-duties" says=["duties are on the right side", "done by nobody"]
answer("duties", dict.fromkeys(brief.duties, "aws"))
answer("choices", dict.fromkeys(brief.choices, "decision"))

# %% wrong="half-sorted" task="sort-duties" says=["choices", "put c1 under", "open decision"]
ours = (
    "EC2 instance",
    "security group",
    "access key",
    "public",
    "without holes",
    "encryption",
    "personal",
    "permissions",
    "copies",
)
answer(
    "duties",
    {key: "customer" if any(word in text for word in ours) else "aws" for key, text in brief.duties.items()},
)
