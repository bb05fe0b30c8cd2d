# ---
# title: "Buckets: first steps"
# minutes: 20
# objectives:
#   - make a bucket, and keep old versions of its objects
#   - tell how long a listing is
# regions: [eu-west-1]
# ref: L99
# ---

# %% [markdown]
# ## A bucket of your own
#
# The team {brief.team} keeps its reports in a bucket.
#
# ![A bucket](img/bucket.svg)

# %%
import boto3

s3 = boto3.client("s3")

# %% [markdown] task="make-bucket"
# Make the bucket `brief.bucket`.

# %% task="make-bucket"
### BEGIN SOLUTION
### BEGIN STARTER
# # Make the bucket in eu-west-1.
# s3.create_bucket(Bucket=...)
### END STARTER
where = {"LocationConstraint": "eu-west-1"}
s3.create_bucket(Bucket=brief.bucket, CreateBucketConfiguration=where)
### END SOLUTION

# %% [markdown]
# Old versions are kept only when you say so.


# %% task="keep-versions"
def keep(bucket):
    ### BEGIN SOLUTION
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ### END SOLUTION


keep(brief.bucket)

# %%
# copy this line as it is: it is a comment, no command
# !aws s3 ls
listing = 1000

# %% task="page-size"
### BEGIN SOLUTION
size = listing
### END SOLUTION

# %% task="page-size"
### BEGIN SOLUTION
answer("page-size", size)
### END SOLUTION
