# Other right answers: more statements, other operators, DSSE, Intelligent-Tiering by the same sum.

# %% task="tls-only"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms:dsse",
                    "KMSMasterKeyID": key_arn,
                }
            }
        ]
    },
)
bucket_arn = f"arn:aws:s3:::{brief.flights}"
SSE = "s3:x-amz-server-side-encryption"
KEY = f"{SSE}-aws-kms-key-id"


def refuse(sid, action, resource, **condition):
    return {
        "Sid": sid, "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": action, "Resource": resource,
        "Condition": condition,
    }  # fmt: skip


# Uploads that say nothing get the default, which is the right key; all that ask for anything else are refused.
statements = [
    refuse("PlainListing", "s3:*", bucket_arn, Bool={"aws:SecureTransport": "false"}),
    refuse("PlainObjects", "s3:*", f"{bucket_arn}/*", BoolIfExists={"aws:SecureTransport": ["false"]}),
    refuse("OldTls", "s3:*", [bucket_arn, f"{bucket_arn}/*"], NumericLessThan={"s3:TlsVersion": "1.2"}),
    refuse(
        "OtherKey", "s3:PutObject", f"{bucket_arn}/*", StringNotEquals={KEY: key_arn}, Null={KEY: "false"}
    ),
    refuse("KindWithoutKey", "s3:PutObject", f"{bucket_arn}/*", Null={SSE: "false", KEY: "true"}),
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% task="lifecycle"
# Three rules in place of one; the frames by prefix and tag together.
frames = {"And": {"Prefix": brief.raw_prefix, "Tags": [{"Key": "stage", "Value": brief.raw_tag}]}}
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "cool",
                "Status": "Enabled",
                "Filter": frames,
                "Transitions": [{"Days": brief.ia_days, "StorageClass": "STANDARD_IA"}],
            },
            {
                "ID": "freeze",
                "Status": "Enabled",
                "Filter": {"Tag": {"Key": "stage", "Value": brief.raw_tag}},
                "Transitions": [{"Days": brief.glacier_days, "StorageClass": "GLACIER"}],
            },
            {
                "ID": "tidy",
                "Status": "Enabled",
                "Filter": {},
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% task="storage-class"
# Intelligent-Tiering wherever the sum says that it costs within 2 % of the cheapest.
from cloudlings.cost import cheapest

waits = {"GLACIER": 5, "DEEP_ARCHIVE": 12}
for name in brief.profiles:
    fit = [
        e for e in cheapest(profile(name)) if waits.get(e.title, 0) <= brief.profiles[name]["within_hours"]
    ]
    near = [e.title for e in fit if e.usd <= fit[0].usd * 1.02]
    chosen = "INTELLIGENT_TIERING" if "INTELLIGENT_TIERING" in near else near[-1]
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", Body=b"", StorageClass=chosen)

# %% task="restore"
# Another object first; then ours in the tier that is right, and once more for the days that the court needs.
import time

s3.put_object(Bucket=brief.vault, Key="surveys/another.tar", Body=b"another", StorageClass="GLACIER")
s3.restore_object(
    Bucket=brief.vault,
    Key="surveys/another.tar",
    RestoreRequest={"Days": 2, "GlacierJobParameters": {"Tier": "Expedited"}},
)
slow = {"GLACIER": {"Standard": 5, "Bulk": 12}, "DEEP_ARCHIVE": {"Standard": 12, "Bulk": 48}}
in_time = {hours: tier for tier, hours in slow[brief.survey_class].items() if hours <= brief.deadline_hours}
for days, more in ((1, {"GlacierJobParameters": {"Tier": in_time[max(in_time)]}}), (brief.restore_days, {})):
    s3.restore_object(Bucket=brief.vault, Key=brief.survey_key, RestoreRequest={"Days": days, **more})
    while (
        'ongoing-request="false"' not in s3.head_object(Bucket=brief.vault, Key=brief.survey_key)["Restore"]
    ):
        time.sleep(0.2)
for bucket, key, days in ((brief.vault, "surveys/another.tar", 3), (brief.vault, brief.survey_key, 0)):
    try:
        s3.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": days})
    except ClientError as error:
        print(error)

# %% task="replicate"
# Resources, a managed policy, and a trust policy that names the bucket it works for.
home, away = boto3.resource("s3"), boto3.resource("s3", region_name=brief.copy_region)
away.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
home.BucketVersioning(brief.reports).enable()
away.BucketVersioning(brief.reports_copy).enable()
here, there = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
trust = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": here}},
    },
}
job = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": here},
        {"Effect": "Allow", "Action": "s3:GetReplicationConfiguration", "Resource": here},
        {
            "Effect": "Allow",
            "Action": [f"s3:{name}" for name in (
                "GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging",
                "GetObjectRetention", "GetObjectLegalHold",
            )],
            "Resource": here + "/*",
        },
        {"Effect": "Allow", "Action": "s3:Replicate*", "Resource": there + "/*"},
    ],
}  # fmt: skip
worker = iam.create_role(
    RoleName="reports-to-" + brief.copy_region, AssumeRolePolicyDocument=json.dumps(trust)
)
managed = iam.create_policy(PolicyName="reports-replication", PolicyDocument=json.dumps(job))
iam.attach_role_policy(RoleName="reports-to-" + brief.copy_region, PolicyArn=managed["Policy"]["Arn"])
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": worker["Role"]["Arn"],
        "Rules": [
            {
                "Status": "Enabled",
                "Priority": 0,
                "Filter": {"Prefix": ""},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": there, "StorageClass": "STANDARD_IA"},
            }
        ],
    },
)
