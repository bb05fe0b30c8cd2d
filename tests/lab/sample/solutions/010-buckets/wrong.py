# %% [markdown]
# Near-misses of the buckets lab.

# %% wrong="wrong-region" task="make-bucket" says=["eu-west-1", "Region"] also=["keep-versions"] ref="L99-M1"
where = {"LocationConstraint": "eu-central-1"}
s3.create_bucket(Bucket=brief.bucket, CreateBucketConfiguration=where)

# %% wrong="suspended" task="keep-versions" says=["Suspended"]
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})

# %% wrong="off-by-one" task="L99-T3" says="1000"
answer("page-size", 999)
