# ---
# title: "Notes: a small lab for tests"
# minutes: 5
# objectives:
#   - keep a note and mend an inherited setting
# regions: [us-east-1]
# ref: L99
# ---

# %% [markdown]
# Keep a note in a bucket, and mend the parameter that the last owner left.

# %%
import boto3

s3, ssm = boto3.client("s3"), boto3.client("ssm")

# %% task="keep-note"
### BEGIN SOLUTION
s3.create_bucket(Bucket=brief.bucket)
s3.put_object(Bucket=brief.bucket, Key="note.txt", Body=brief.word)
### END SOLUTION

# %% task="mend-setting"
### BEGIN SOLUTION
ssm.put_parameter(Name="/notes/setting", Value=brief.word, Overwrite=True)
### END SOLUTION

# %% task="count-notes"
### BEGIN SOLUTION
listing = s3.list_objects_v2(Bucket=brief.bucket)
answer("count-notes", {"count": listing["KeyCount"], "word": brief.word})
### END SOLUTION
