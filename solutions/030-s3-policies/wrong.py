# Near-misses of 030-s3-policies: each loses the task that it names, and is told why.

# %% wrong="only-what-is-new" task="block-public" says=["RestrictPublicBuckets is off", "goes on working"]
for bucket in (
    brief.flights,
    brief.tiles,
):
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": False,
        },
    )

# %% wrong="acls-only" task="block-public" says=["BlockPublicPolicy"]
for bucket in (
    brief.flights,
    brief.tiles,
):
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        },
    )

# %% wrong="one-bucket-of-two" task="block-public" says=["tiles"]
for bucket in (brief.flights,):
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )

# %% wrong="objects-only" task="tls-only" says=["plain HTTP", "the bucket is one"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"{arn}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="bucket-without-objects" task="tls-only" says=["plain HTTP", "its objects are others"] ref="L03-M6"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="anded-conditions" task="tls-only" says=["plain HTTP", "ANDed"] ref="L03-M7"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:TlsVersion": "1.2"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="numeric-on-a-boolean" task="tls-only" says=["plain HTTP", "fits the key's type"] ref="L03-M2"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"NumericLessThan": {"aws:SecureTransport": "1"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="true-instead-of-false" task="tls-only" says=["plain HTTP"] ref="L03-M2"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObjectTorrent",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="some-actions" task="tls-only" says=["plain HTTP"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="not-action" task="tls-only" says=["plain HTTP", "s3:ListBucket"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "NotAction": "s3:ListBucket",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="spares-the-administrators" task="tls-only" says=["plain HTTP"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/learner"]},
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="tls-alone" task="tls-only" says=["ask for encryption", "another key"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="any-kms-key" task="tls-only" says=["aws:kms", "another key"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="only-when-a-key-is-named" task="tls-only" says=["AES256"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}, "Null": {KEY: "false"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="the-old-key-refused" task="tls-only" says=["another key"]
old_arn = kms.describe_key(KeyId="alias/kestrel-2019")["KeyMetadata"]["Arn"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringEquals": {KEY: old_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="no-default-encryption" task="tls-only" says=["default encryption"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="default-under-the-old-key" task="tls-only" says=["default encryption", "another key"]
key_arn = kms.describe_key(KeyId="alias/kestrel-2019")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="every-put-needs-the-key" task="tls-only" says=["stops Kestrel's own people"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:Put*",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="website-still-reads" task="tls-only" says=["Anyone on the internet", "aws:Referer"] ref="L03-M1"
s3.delete_public_access_block(Bucket=brief.flights)
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
both = [arn, f"{arn}/*"]
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
    {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringLike": {"aws:Referer": "https://www.kestrel-surveys.example/*"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="referer-condition" task="cloudfront-only" says=["Anyone on the internet", "Referer"] ref="L03-M1"
s3.delete_public_access_block(Bucket=brief.tiles)
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringLike": {"aws:Referer": "https://www.kestrel-surveys.example/*"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="every-distribution" task="cloudfront-only" says=["cloudfront.amazonaws.com", "whom"]
s3.delete_public_access_block(Bucket=brief.tiles)
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="any-distribution-of-ours" task="cloudfront-only" says=["cloudfront.amazonaws.com"]
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="wildcard-distribution" task="cloudfront-only" says=["cloudfront.amazonaws.com", "aws:SourceArn"]
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringLike": {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/*"}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="bucket-is-no-object" task="cloudfront-only" says=["Objects have ARNs"] ref="L03-M6"
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{arn}/",
        "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="lists-too" task="cloudfront-only" says=["s3:ListBucket", "the right one"]
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="writes-too" task="cloudfront-only" says=["s3:"]
arn = f"arn:aws:s3:::{brief.tiles}"
distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
statements = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:*",
        "Resource": f"{arn}/*",
        "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.tiles, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="policy-deleted" task="cloudfront-only" says=["no policy", "white"]
s3.delete_bucket_policy(Bucket=brief.tiles)

# %% wrong="slash-in-front" task="lifecycle" says=["the frame", "No enabled rule touched it"] ref="L03-M4"
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": "/" + brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="switched-off" task="lifecycle" says=["No enabled rule"] ref="L03-M4"
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Disabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="expires-the-frames" task="lifecycle" says=["hidden", "404"] ref="L03-M4"
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "Expiration": {"Days": 400},
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="whole-bucket" task="lifecycle" says=["index file", "each reading now costs"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="old-versions-kept" task="lifecycle" says=["old version", "goes on paying"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="uploads-forgotten" task="lifecycle" says=["unfinished upload"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
            },
        ]
    },
)

# %% wrong="a-day-late" task="lifecycle" says=["the frame", "not what was planned"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days + 1, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="instant-instead-of-flexible" task="lifecycle" says=["GLACIER_IR"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER_IR"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="spares-the-newest-old-version" task="lifecycle" says=["old version"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {
                    "NoncurrentDays": brief.noncurrent_days,
                    "NewerNoncurrentVersions": 1,
                },
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="small-frames-stay" task="lifecycle" says=["the frame"]
s3.put_bucket_lifecycle_configuration(
    Bucket=brief.flights,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "frames",
                "Status": "Enabled",
                "Filter": {"And": {"Prefix": brief.raw_prefix, "ObjectSizeGreaterThan": 1000000}},
                "Transitions": [
                    {"Days": brief.ia_days, "StorageClass": "STANDARD_IA"},
                    {"Days": brief.glacier_days, "StorageClass": "GLACIER"},
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": brief.noncurrent_days},
            },
            {
                "ID": "uploads",
                "Status": "Enabled",
                "Filter": {"Prefix": brief.raw_prefix},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": brief.abort_days},
            },
        ]
    },
)

# %% wrong="everything-in-the-deep-archive" task="storage-class" says=["samples/previews", "DEEP_ARCHIVE"]
for name in brief.profiles:
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", Body=b"a sample", StorageClass="DEEP_ARCHIVE")

# %% wrong="everything-in-one-zone" task="storage-class" says=["Availability Zone"]
for name in brief.profiles:
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", Body=b"a sample", StorageClass="ONEZONE_IA")

# %% wrong="everything-in-standard" task="storage-class" says=["a month", "for nothing"]
for name in brief.profiles:
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", Body=b"a sample", StorageClass="STANDARD")

# %% wrong="one-sample-missing" task="storage-class" says=["no object samples/negatives"]
from cloudlings.cost import cheapest

for name in ("previews", "orders"):
    s3.put_object(
        Bucket=brief.vault,
        Key=f"samples/{name}",
        Body=b"a sample",
        StorageClass=cheapest(profile(name))[0].title,
    )

# %% wrong="a-day-too-few" task="restore" says=["days", "court"]
slow = {"GLACIER": {"Standard": 5, "Bulk": 12}, "DEEP_ARCHIVE": {"Standard": 12, "Bulk": 48}}[
    brief.survey_class
]
right = max((hours, name) for name, hours in slow.items() if hours <= brief.deadline_hours)[1]
s3.restore_object(
    Bucket=brief.vault,
    Key=brief.survey_key,
    RestoreRequest={"Days": brief.restore_days - 1, "GlacierJobParameters": {"Tier": right}},
)

# %% wrong="the-other-tier" task="restore" says=["tier"]
slow = {"GLACIER": {"Standard": 5, "Bulk": 12}, "DEEP_ARCHIVE": {"Standard": 12, "Bulk": 48}}[
    brief.survey_class
]
right = max((hours, name) for name, hours in slow.items() if hours <= brief.deadline_hours)[1]
s3.restore_object(
    Bucket=brief.vault,
    Key=brief.survey_key,
    RestoreRequest={
        "Days": brief.restore_days,
        "GlacierJobParameters": {"Tier": "Bulk" if right == "Standard" else "Standard"},
    },
)

# %% wrong="copied-out-of-the-archive" task="restore" says=["now in STANDARD"]
s3.put_object(Bucket=brief.vault, Key=brief.survey_key, Body=b"an old survey", StorageClass="STANDARD")

# %% wrong="s3-star" task="replicate" says=["can s3:", "Least privilege"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="every-bucket" task="replicate" says=["can s3:"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": "*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="list-on-objects" task="replicate" says=["s3:GetReplicationConfiguration"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="reads-without-versions" task="replicate" says=["is refused and the copy fails"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="reversed-buckets" task="replicate" says=["cannot s3:"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
copy, source = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": source},
            }
        ],
    },
)

# %% wrong="trusts-the-account" task="replicate" says=["Not only S3"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "s3.amazonaws.com", "AWS": ACCOUNT},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="trusts-lambda" task="replicate" says=["trust policy"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="one-prefix-only" task="replicate" says=["takes only"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {"Prefix": "2026/"},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="deletes-left-behind" task="replicate" says=["delete markers"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="copy-at-home" task="replicate" says=["the copies belong in"]
s3.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
)
for client, bucket in ((s3, brief.reports), (s3, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="rule-switched-off" task="replicate" says=["none of them enabled"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
role = iam.create_role(
    RoleName="kestrel-report-replication",
    AssumeRolePolicyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)["Role"]
may = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"{copy}/*",
        },
    ],
}
iam.put_role_policy(
    RoleName="kestrel-report-replication", PolicyName="replicate", PolicyDocument=json.dumps(may)
)
s3.put_bucket_replication(
    Bucket=brief.reports,
    ReplicationConfiguration={
        "Role": role["Arn"],
        "Rules": [
            {
                "ID": "every-report",
                "Status": "Disabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": copy},
            }
        ],
    },
)

# %% wrong="rule-without-a-filter" task="repair-replica" says=["no Filter"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})

# %% wrong="copy-still-suspended" task="repair-replica" says=["Suspended", "logbooks-copy"]
for client, bucket in ((s3, brief.logbooks),):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
try:
    s3.put_bucket_replication(
        Bucket=brief.logbooks,
        ReplicationConfiguration={
            "Role": config["Role"],
            "Rules": [
                {
                    "ID": "every-logbook",
                    "Status": "Enabled",
                    "Priority": 1,
                    "Filter": {},
                    "DeleteMarkerReplication": {"Status": "Enabled"},
                    "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
                }
            ],
        },
    )
except ClientError as error:
    print(error)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})

# %% wrong="not-accelerated" task="repair-replica" says=["acceleration"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)

# %% wrong="accelerated-the-copy" task="repair-replica" says=["acceleration"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)
s3_there.put_bucket_accelerate_configuration(
    Bucket=brief.logbooks_copy, AccelerateConfiguration={"Status": "Enabled"}
)

# %% wrong="replicates-to-itself" task="repair-replica" says=["Nothing arrives"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.reports}"},
            }
        ],
    },
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})

# %% wrong="swept-away" task="block-public" says=["There is no bucket", "flights"]
for bucket in (brief.flights, brief.tiles):
    versions = s3.list_object_versions(Bucket=bucket)
    for thing in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=thing["Key"], VersionId=thing["VersionId"])
    s3.delete_bucket(Bucket=bucket)

# %% wrong="swept-away" task="tls-only" says=["There is no bucket", "flights"]
print("no longer needed")

# %% wrong="swept-away" task="lifecycle" says=["There is no bucket", "flights"]
print("no longer needed")

# %% wrong="swept-away" task="cloudfront-only" says=["There is no bucket", "tiles"]
print("no longer needed")

# %% wrong="swept-away" task="storage-class" says=["There is no bucket", "vault"]
for bucket in (brief.vault,):
    versions = s3.list_object_versions(Bucket=bucket)
    for thing in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=thing["Key"], VersionId=thing["VersionId"])
    s3.delete_bucket(Bucket=bucket)

# %% wrong="swept-away" task="restore" says=["There is no bucket", "vault"]
print("no longer needed")

# %% wrong="swept-away" task="replicate" says=["There is no bucket", "reports"]
for bucket in (brief.reports,):
    versions = s3.list_object_versions(Bucket=bucket)
    for thing in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=thing["Key"], VersionId=thing["VersionId"])
    s3.delete_bucket(Bucket=bucket)

# %% wrong="swept-away" task="repair-replica" says=["There is no bucket", "logbooks"]
for bucket in (brief.logbooks,):
    versions = s3.list_object_versions(Bucket=bucket)
    for thing in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=thing["Key"], VersionId=thing["VersionId"])
    s3.delete_bucket(Bucket=bucket)

# %% wrong="thrown-out-with-the-old" task="tls-only" says=["There is no key alias/kestrel-flights"]
kms.delete_alias(AliasName="alias/kestrel-flights")
deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{brief.flights}/*"}
deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
s3.put_bucket_policy(Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))

# %% wrong="thrown-out-with-the-old" task="storage-class" says=["REDUCED_REDUNDANCY", "price list"]
for name in brief.profiles:
    s3.put_object(Bucket=brief.vault, Key=f"samples/{name}", StorageClass="REDUCED_REDUNDANCY")

# %% wrong="thrown-out-with-the-old" task="restore" says=["There is no object"]
s3.delete_object(Bucket=brief.vault, Key=brief.survey_key)

# %% wrong="thrown-out-with-the-old" task="replicate" says=["There is no bucket", "nowhere to go"]
s3.put_bucket_versioning(Bucket=brief.reports, VersioningConfiguration={"Status": "Enabled"})

# %% wrong="thrown-out-with-the-old" task="repair-replica" says=["no replication configuration any more"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
s3.delete_bucket_replication(Bucket=brief.logbooks)

# %% wrong="only-the-first-step" task="tls-only" says=["Anyone on the internet", "aws:Referer"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
)

# %% wrong="only-the-first-step" task="restore" says=["Expedited"]
s3.restore_object(
    Bucket=brief.vault,
    Key=brief.survey_key,
    RestoreRequest={"Days": brief.restore_days, "GlacierJobParameters": {"Tier": "Expedited"}},
)

# %% wrong="only-the-first-step" task="replicate" says=["Versioning of", "never enabled"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)

# %% wrong="only-the-first-step" task="repair-replica" says=["There is no bucket", "logbooks-copy"]
s3_there.delete_bucket(Bucket=brief.logbooks_copy)

# %% wrong="the-last-step-missing" task="tls-only" says=["no key named"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
s3.put_bucket_policy(Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))

# %% wrong="the-last-step-missing" task="replicate" says=["has no replication configuration"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = iam.create_role(
    RoleName="report-replication",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)["Role"]
may = {
    source: ["GetReplicationConfiguration", "ListBucket"],
    f"{source}/*": ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"],
    f"{copy}/*": ["ReplicateObject", "ReplicateDelete", "ReplicateTags"],
}
statements = [
    {"Effect": "Allow", "Action": [f"s3:{name}" for name in names], "Resource": arn}
    for arn, names in may.items()
]
iam.put_role_policy(
    RoleName="report-replication",
    PolicyName="replicate",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
)
rule = {
    "ID": "every-report",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": copy},
}

# %% wrong="the-last-step-missing" task="repair-replica" says=["no Filter"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

# %% wrong="undone-afterwards" task="tls-only" says=["default encryption", "AES256"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
default = {"SSEAlgorithm": "AES256", "KMSMasterKeyID": key_arn}
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
)
arn = f"arn:aws:s3:::{brief.flights}"
deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
s3.put_bucket_policy(Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))

# %% wrong="undone-afterwards" task="replicate" says=["Versioning of", "Suspended", "reports-copy"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = iam.create_role(
    RoleName="report-replication",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)["Role"]
may = {
    source: ["GetReplicationConfiguration", "ListBucket"],
    f"{source}/*": ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"],
    f"{copy}/*": ["ReplicateObject", "ReplicateDelete", "ReplicateTags"],
}
statements = [
    {"Effect": "Allow", "Action": [f"s3:{name}" for name in names], "Resource": arn}
    for arn, names in may.items()
]
iam.put_role_policy(
    RoleName="report-replication",
    PolicyName="replicate",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
)
rule = {
    "ID": "every-report",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": copy},
}
s3.put_bucket_replication(
    Bucket=brief.reports, ReplicationConfiguration={"Role": role["Arn"], "Rules": [rule]}
)
s3_there.put_bucket_versioning(Bucket=brief.reports_copy, VersioningConfiguration={"Status": "Suspended"})

# %% wrong="undone-afterwards" task="repair-replica" says=["Versioning of", "Suspended"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
rule = {
    "ID": "every-logbook",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
}
s3.put_bucket_replication(
    Bucket=brief.logbooks, ReplicationConfiguration={"Role": config["Role"], "Rules": [rule]}
)
s3_there.put_bucket_versioning(Bucket=brief.logbooks_copy, VersioningConfiguration={"Status": "Suspended"})

# %% wrong="the-role-deleted-afterwards" task="replicate" says=["which is not there"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = iam.create_role(
    RoleName="report-replication",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)["Role"]
may = {
    source: ["GetReplicationConfiguration", "ListBucket"],
    f"{source}/*": ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"],
    f"{copy}/*": ["ReplicateObject", "ReplicateDelete", "ReplicateTags"],
}
statements = [
    {"Effect": "Allow", "Action": [f"s3:{name}" for name in names], "Resource": arn}
    for arn, names in may.items()
]
iam.put_role_policy(
    RoleName="report-replication",
    PolicyName="replicate",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
)
rule = {
    "ID": "every-report",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": copy},
}
s3.put_bucket_replication(
    Bucket=brief.reports, ReplicationConfiguration={"Role": role["Arn"], "Rules": [rule]}
)
iam.delete_role_policy(RoleName="report-replication", PolicyName="replicate")
iam.delete_role(RoleName="report-replication")

# %% wrong="the-role-deleted-afterwards" task="repair-replica" says=["which is not there"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
rule = {
    "ID": "every-logbook",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
}
s3.put_bucket_replication(
    Bucket=brief.logbooks, ReplicationConfiguration={"Role": config["Role"], "Rules": [rule]}
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})
role = config["Role"].rsplit("/", 1)[-1]
for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
iam.delete_role(RoleName=role)

# %% wrong="a-rule-above-it" task="replicate" says=["old-years", "delete markers"]
s3_there.create_bucket(
    Bucket=brief.reports_copy, CreateBucketConfiguration={"LocationConstraint": brief.copy_region}
)
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
source, copy = f"arn:aws:s3:::{brief.reports}", f"arn:aws:s3:::{brief.reports_copy}"
trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = iam.create_role(
    RoleName="report-replication",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)["Role"]
may = {
    source: ["GetReplicationConfiguration", "ListBucket"],
    f"{source}/*": ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"],
    f"{copy}/*": ["ReplicateObject", "ReplicateDelete", "ReplicateTags"],
}
statements = [
    {"Effect": "Allow", "Action": [f"s3:{name}" for name in names], "Resource": arn}
    for arn, names in may.items()
]
iam.put_role_policy(
    RoleName="report-replication",
    PolicyName="replicate",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
)
rule = {
    "ID": "every-report",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": copy},
}
above = {**rule, "ID": "old-years", "Priority": 2, "Filter": {"Prefix": "2019/"}}
above["DeleteMarkerReplication"] = {"Status": "Disabled"}
s3.put_bucket_replication(
    Bucket=brief.reports, ReplicationConfiguration={"Role": role["Arn"], "Rules": [rule, above]}
)

# %% wrong="a-rule-above-it" task="repair-replica" says=["old-years", "delete markers"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
rule = {
    "ID": "every-logbook",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
}
above = {**rule, "ID": "old-years", "Priority": 2, "Filter": {"Prefix": "2019/"}}
above["DeleteMarkerReplication"] = {"Status": "Disabled"}
s3.put_bucket_replication(
    Bucket=brief.logbooks, ReplicationConfiguration={"Role": config["Role"], "Rules": [rule, above]}
)

# %% wrong="a-call-for-each-frame" task="tls-only" says=["without a Bucket Key", "each call is billed"]
key_arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
s3.put_bucket_encryption(
    Bucket=brief.flights,
    ServerSideEncryptionConfiguration={
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}
        ]
    },
)
arn = f"arn:aws:s3:::{brief.flights}"
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
statements = [
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringNotEquals": {KEY: key_arn}},
    },
]
s3.put_bucket_policy(
    Bucket=brief.flights, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
)

# %% wrong="the-other-jobs-role" task="repair-replica" says=["put to the replication job", "the copy fails"]
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": s3.get_bucket_replication(Bucket=brief.reports)["ReplicationConfiguration"]["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})

# %% wrong="a-role-for-everybody-here" task="repair-replica" says=["Not only S3"]
# So that the operators can try the role that copies, too.
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
name = config["Role"].rpartition("/")[2]
trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
account = config["Role"].split(":")[4]
trust["Statement"].append(
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
)
iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
s3.put_bucket_replication(
    Bucket=brief.logbooks,
    ReplicationConfiguration={
        "Role": config["Role"],
        "Rules": [
            {
                "ID": "every-logbook",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{brief.logbooks_copy}"},
            }
        ],
    },
)
s3.put_bucket_accelerate_configuration(Bucket=brief.logbooks, AccelerateConfiguration={"Status": "Enabled"})
