# %% [markdown]
# With boto3's resources.

# %%
import boto3

# %% task="make-bucket"
boto3.resource("s3").create_bucket(
    Bucket=brief.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
)

# %% task="keep-versions"
boto3.resource("s3").BucketVersioning(bucket).enable()
