# Near-misses of 010-iam. Each cell loses the task that it names, and is told why. Cells of tasks that do not
# touch each other share a trial (wrong=), so that proving them all stays quick.

# %% wrong="a-01" task="read-one-prefix" says=["s3:", "Least privilege"] ref="L01-M1"
# all of s3
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:*", [archive, f"{archive}/*"])),
)

# %% wrong="a-01" task="no-deletes" says=["s3:DeleteObjectVersion"]
# only the polite half
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document({"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": f"{masters}/*"}),
)


# %% wrong="a-01" task="truth-table" says=["rows hold"]
# permissions add up
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    return "explicit" if "deny" in said else "allowed" if "allow" in said else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="a-01" task="borrow-a-role" says=["Not only your user"] ref="L01-M4"
# trusts all administrators
iam.create_role(
    RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
)
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="a-01" task="less-than-admin" says=["iam:", "Least privilege"]
# administrator beside it
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, table), allow("s3:PutObject", charts), allow(brief.tells_with, tells)
    ),
)

# %% wrong="a-02" task="read-one-prefix" says=["iam:", "Least privilege"] ref="L01-M1"
# star
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(RoleName=brief.clipper_role, PolicyName="read", PolicyDocument=document(allow("*", "*")))

# %% wrong="a-02" task="no-deletes" says=["can s3:DeleteObject", "objects are not the bucket"] ref="L01-M5"
# only the bucket
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": masters}
    ),
)


# %% wrong="a-02" task="truth-table" says=["which of them has to agree"]
# one side is enough
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said:
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    return "allowed" if "allow" in said[:2] else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="a-02" task="borrow-a-role" says=["Not only your user"] ref="L01-M6"
# trusts everybody with a condition
iam.create_role(
    RoleName=brief.lawyer_role,
    AssumeRolePolicyDocument=trusts("*", Condition={"StringLike": {"aws:PrincipalArn": "*"}}),
)
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="a-02" task="less-than-admin" says=["Least privilege"]
# power user
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")

# %% wrong="a-03" task="read-one-prefix" says=["Least privilege"] ref="L01-M3"
# everything but
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        {
            "Effect": "Allow",
            "NotAction": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": [archive, f"{archive}/*"],
        }
    ),
)

# %% wrong="a-03" task="no-deletes" says=["can s3:DeleteObject"] ref="L01-M5"
# only one year
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document({"Effect": "Deny", "Action": "s3:Delete*", "Resource": f"{masters}/2019/*"}),
)


# %% wrong="a-03" task="truth-table" says=["which kinds of policy can grant"]
# both sides at home too
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said:
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    return "allowed" if said[:2] == ["allow", "allow"] else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="a-03" task="borrow-a-role" says=["3600 seconds"]
# an hour by default
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance")["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="a-03" task="less-than-admin" says=["Least privilege"] ref="L01-M1"
# whole services
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow([f"{brief.reads_with.split(':')[0]}:*"], table),
        allow("s3:PutObject", charts),
        allow(brief.tells_with, tells),
    ),
)

# %% wrong="a-04" task="read-one-prefix" says=["Least privilege"] ref="L01-M3"
# every other resource
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"arn:aws:s3:::{brief.contracts}/*"},
    ),
)

# %% wrong="a-04" task="no-deletes" says=["can s3:DeleteObject"] ref="L01-M5"
# deny first in one document
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": masters},
        allow("s3:*", [masters, f"{masters}/*"]),
    ),
)


# %% wrong="a-04" task="truth-table" says=["outvote"]
# the resource outvotes
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in (row["identity"], row["scp"]) and row["resource"] != "allow":
        return "explicit"
    if row["resource"] == "deny":
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    identity, resource = row["identity"] == "allow", row["resource"] == "allow"
    granted = identity or resource if row["account"] == "same" else identity and resource
    return "allowed" if granted else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="a-04" task="borrow-a-role" says=["Least privilege"]
# reads all objects of all buckets
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role, PolicyName="read", PolicyDocument=document(allow("s3:GetObject", "*"))
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="a-04" task="less-than-admin" says=["dynamodb:"]
# any table
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, "*"), allow("s3:PutObject", charts), allow(brief.tells_with, tells)
    ),
)

# %% wrong="a-05" task="read-one-prefix" says=["GetObjectAcl"]
# get object star
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject*", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="a-05" task="no-deletes" says=["AdministratorAccess", "can s3:DeleteObject"]
# an allow less
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document(
        {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": [masters, f"{masters}/*"]}
    ),
)


# %% wrong="a-05" task="truth-table" says=["rows hold"]
# no is no
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said or "silent" in said[2:]:
        return "explicit"
    identity, resource = row["identity"] == "allow", row["resource"] == "allow"
    granted = identity or resource if row["account"] == "same" else identity and resource
    return "allowed" if granted else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="a-05" task="borrow-a-role" says=["allowed", "The Deny in the bucket's policy"]
# opens the bucket instead
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
s3.delete_bucket_policy(Bucket=brief.contracts)
text = s3.get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="a-05" task="less-than-admin" says=["s3:PutObject"]
# the whole archive
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, table),
        allow("s3:PutObject", f"arn:aws:s3:::{brief.archive}/*"),
        allow(brief.tells_with, tells),
    ),
)

# %% wrong="a-06" task="read-one-prefix" says=["can s3:ListBucket"]
# lists everything
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"), allow("s3:ListBucket", archive)
    ),
)

# %% wrong="a-06" task="no-deletes" says=["cannot s3:Put"]
# no writing either
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:Put*", "s3:Delete*"], "Resource": [masters, f"{masters}/*"]}
    ),
)

# %% wrong="a-06" task="truth-table" says=["no verdict for"]
# fifteen rows
table = dict.fromkeys(list(brief.table)[:15], "implicit")
answer("table", table)

# %% wrong="a-06" task="borrow-a-role" says=["another number"]
# a wrong number
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", 12)

# %% wrong="a-06" task="less-than-admin" says=["Least privilege"] ref="L01-M1"
# all in one statement
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(allow([brief.reads_with, "s3:*", brief.tells_with], "*")),
)

# %% wrong="a-07" task="read-one-prefix" says=["can s3:ListBucket"] ref="L01-M6"
# lists if a prefix exists
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow(
            "s3:ListBucket", archive, Condition={"StringLikeIfExists": {"s3:prefix": f"{brief.incoming}*"}}
        ),
    ),
)

# %% wrong="a-07" task="no-deletes" says=["can s3:DeleteObject"]
# unless with mfa
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {
            "Effect": "Deny",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": f"{masters}/*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ),
)

# %% wrong="a-07" task="truth-table" says=["rows hold"]
# a guess
answer("table", dict.fromkeys(brief.table, "allowed"))

# %% wrong="a-07" task="borrow-a-role" says=["no successful GetObject"]
# assumed and never used
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
sts.assume_role(
    RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}", RoleSessionName="finance", DurationSeconds=900
)
answer("fee", 1000)
# Looked at, and another one read.
s3.put_object(Bucket=brief.contracts, Key="contracts/draft.txt", Body=b"no fee yet")
as_lawyer = session_of(brief.lawyer_role, 900).client("s3")
as_lawyer.head_object(Bucket=brief.contracts, Key=brief.contract)
as_lawyer.get_object(Bucket=brief.contracts, Key="contracts/draft.txt")

# %% wrong="a-07" task="less-than-admin" says=["cannot "]
# tells nobody
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(allow(brief.reads_with, table), allow("s3:PutObject", charts)),
)

# %% wrong="a-08" task="read-one-prefix" says=["can s3:ListBucket"] ref="L01-M6"
# any prefix
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": "*"}}),
    ),
)

# %% wrong="a-08" task="no-deletes" says=["can s3:DeleteObject"]
# only for the one who did it
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {
            "Effect": "Deny",
            "Action": "s3:Delete*",
            "Resource": f"{masters}/*",
            "Condition": {"StringEquals": {"aws:username": "editor"}},
        }
    ),
)

# %% wrong="a-08" task="borrow-a-role" says=["no successful AssumeRole"]
# never assumed
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
boto3.client("events").put_rule(
    Name="every-friday",
    ScheduleExpression="rate(7 days)",
    RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}",
)

# %% wrong="a-08" task="less-than-admin" says=["cannot logs:", "nobody can read why"]
# mute jingle
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, table),
        allow("s3:PutObject", charts),
        allow(brief.tells_with, tells),
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*"),
    ),
)

# %% wrong="a-09" task="read-one-prefix" says=["cannot s3:ListBucket", "different ARNs"]
# lists the objects
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(allow(["s3:GetObject", "s3:ListBucket"], f"{archive}/{brief.incoming}*")),
)

# %% wrong="a-09" task="no-deletes" says=["cannot s3:"]
# all but reading
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "NotAction": ["s3:Get*", "s3:List*"], "Resource": [masters, f"{masters}/*"]}
    ),
)

# %% wrong="a-09" task="borrow-a-role" says=["cannot take it on"]
# trusts a colleague
iam.create_role(
    RoleName=brief.lawyer_role,
    AssumeRolePolicyDocument=trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/station/{brief.presenters[0]}"}),
)
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)

# %% wrong="a-09" task="less-than-admin" says=["logs:"]
# all of the logs
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/CloudWatchLogsFullAccess")
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, table), allow("s3:PutObject", charts), allow(brief.tells_with, tells)
    ),
)

# %% wrong="a-10" task="read-one-prefix" says=["cannot s3:ListBucket"]
# calls instead of actions
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow(["s3:ListObjects", "s3:ListObjectsV2"], archive),
    ),
)

# %% wrong="a-10" task="less-than-admin" says=["Least privilege"]
# denied instead of taken away
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
for role in (brief.chart_role, brief.jingle_role):
    iam.put_role_policy(
        RoleName=role,
        PolicyName="less",
        PolicyDocument=document(
            {"Effect": "Deny", "Action": ["iam:*", "organizations:*", "kms:*"], "Resource": "*"}
        ),
    )

# %% wrong="a-11" task="read-one-prefix" says=["can s3:GetObject"]
# prefix without its slash
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming[:-1]}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="a-12" task="read-one-prefix" says=["cannot s3:GetObject"]
# reads no more than lists
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}})
    ),
)

# %% wrong="a-13" task="read-one-prefix" says=["cannot take it on"] ref="L01-M4"
# trusts the account
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="a-14" task="read-one-prefix" says=["Not only Lambda"] ref="L01-M4"
# trusts everybody
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts("*"))
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="a-15" task="read-one-prefix" says=["Not only Lambda"] ref="L01-M4"
# trusts lambda and the account
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role,
    AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com", "AWS": ACCOUNT}),
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="a-16" task="read-one-prefix" says=["There is no role"]
# another name
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName="Clipper Läufer".replace(" ", "-").replace("ä", "a"),
    AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"}),
)
iam.put_role_policy(
    RoleName="Clipper Läufer".replace(" ", "-").replace("ä", "a"),
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="b-01" task="own-folder" says=["can s3:", "Least privilege"]
# name without its slash
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}${{aws:username}}*"),
        allow(
            "s3:ListBucket",
            archive,
            Condition={"StringLike": {"s3:prefix": f"{brief.folders}${{aws:username}}*"}},
        ),
    ),
)

# %% wrong="b-01" task="by-bucket-policy" says=["anyone on the internet"] ref="L01-M4"
# for everybody
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_public_access_block(
    Bucket=brief.archive,
    PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False},
)
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*", Principal="*"),
        allow(
            "s3:ListBucket",
            archive,
            Principal="*",
            Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}},
        ),
    ),
)

# %% wrong="b-01" task="no-long-keys" says=["has no instance profile"]
# profile not attached
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-01" task="ci-role" says=["There is no role"]
# anybodys workflow
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com"}},
    ),
)

# %% wrong="b-02" task="own-folder" says=["can s3:", "Least privilege"]
# the whole shelf
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.folders}*"}}),
    ),
)

# %% wrong="b-02" task="by-bucket-policy" says=["cannot s3:"] ref="L01-M4"
# for the account
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        allow(
            "s3:GetObject", f"{archive}/{brief.incoming}*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        ),
        allow(
            "s3:ListBucket",
            archive,
            Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}},
        ),
    ),
)

# %% wrong="b-02" task="no-long-keys" says=["holds no role"]
# an empty profile
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-02" task="ci-role" says=["Not only a workflow"]
# every branch
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={
            "StringEquals": {aud: "sts.amazonaws.com"},
            "StringLike": {sub: f"repo:{brief.repository}:*"},
        },
    ),
)

# %% wrong="b-03" task="own-folder" says=["can s3:"]
# both names written out
archive = f"arn:aws:s3:::{brief.archive}"
owns = [f"{archive}/{brief.folders}{name}/*" for name in brief.presenters]
lists = [f"{brief.folders}{name}/*" for name in brief.presenters]
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], owns),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": lists}}),
    ),
)

# %% wrong="b-03" task="by-bucket-policy" says=["has no policy"]
# on the role again
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
iam.put_role_policy(
    RoleName=brief.podcast_role,
    PolicyName="read",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)

# %% wrong="b-03" task="no-long-keys" says=["has no task role"]
# execution role instead
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-03" task="ci-role" says=["Not only a workflow"]
# every repository
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={
            "StringEquals": {aud: "sts.amazonaws.com"},
            "StringLike": {sub: f"repo:{brief.repository.split('/')[0]}/*"},
        },
    ),
)

# %% wrong="b-04" task="own-folder" says=["session of a role", "written-out name"]
# a policy for each name
archive = f"arn:aws:s3:::{brief.archive}"
for name in brief.presenters:
    own = f"{brief.folders}{name}/*"
    iam.put_user_policy(
        UserName=name,
        PolicyName="own-folder",
        PolicyDocument=document(
            allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{own}"),
            allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": own}}),
        ),
    )

# %% wrong="b-04" task="by-bucket-policy" says=["Least privilege"]
# the whole bucket
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(allow(["s3:GetObject", "s3:ListBucket"], [archive, f"{archive}/*"], Principal=podcast)),
)

# %% wrong="b-04" task="no-long-keys" says=["cannot take it on"]
# trusts ecs itself
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-04" task="ci-role" says=["Not only a workflow"]
# a repository whose name begins so
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={
            "StringEquals": {aud: "sts.amazonaws.com"},
            "StringLike": {sub: f"repo:{brief.repository}*:ref:refs/heads/{brief.branch}"},
        },
    ),
)

# %% wrong="b-05" task="own-folder" says=["session of a role"]
# a default for nobody
archive = f"arn:aws:s3:::{brief.archive}"
own = brief.folders + "${aws:username, 'guests'}/*"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{own}"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": own}}),
    ),
)

# %% wrong="b-05" task="by-bucket-policy" says=["callers other than"]
# for the clipper as well
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        allow(
            "s3:GetObject",
            f"{archive}/{brief.incoming}*",
            Principal={"AWS": [podcast["AWS"], f"arn:aws:iam::{ACCOUNT}:role/{brief.clipper_role}"]},
        ),
        allow(
            "s3:ListBucket",
            archive,
            Principal={"AWS": [podcast["AWS"], f"arn:aws:iam::{ACCOUNT}:role/{brief.clipper_role}"]},
            Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}},
        ),
    ),
)

# %% wrong="b-05" task="no-long-keys" says=["cannot take it on"]
# trusts the wrong compute
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "lambda.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-05" task="ci-role" says=["cannot take it on"]
# pull requests
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com", sub: f"repo:{brief.repository}:pull_request"}},
    ),
)

# %% wrong="b-06" task="own-folder" says=["cannot s3:"]
# of 2008
archive = f"arn:aws:s3:::{brief.archive}"
old = json.loads(
    document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}${{aws:username}}/*"),
        allow(
            "s3:ListBucket",
            archive,
            Condition={"StringLike": {"s3:prefix": f"{brief.folders}${{aws:username}}/*"}},
        ),
    )
)
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=json.dumps({**old, "Version": "2008-10-17"}),
)

# %% wrong="b-06" task="by-bucket-policy" says=["cannot s3:"]
# for lambda of anybody
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*", Principal={"Service": "lambda.amazonaws.com"}),
        allow(
            "s3:ListBucket",
            archive,
            Principal={"Service": "lambda.amazonaws.com"},
            Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}},
        ),
    ),
)

# %% wrong="b-06" task="no-long-keys" says=["Inactive", "one call makes good again"]
# key switched off
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.update_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"], Status="Inactive")

# %% wrong="b-06" task="ci-role" says=["Not only a workflow"]
# pull requests as well
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={
            "StringEquals": {aud: "sts.amazonaws.com", sub: [right, f"repo:{brief.repository}:pull_request"]}
        },
    ),
)

# %% wrong="b-07" task="own-folder" says=["cannot s3:"]
# by id not by name
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}${{aws:userid}}/*"),
        allow(
            "s3:ListBucket",
            archive,
            Condition={"StringLike": {"s3:prefix": f"{brief.folders}${{aws:userid}}/*"}},
        ),
    ),
)

# %% wrong="b-07" task="by-bucket-policy" says=["granted by the bucket alone"]
# half here half there
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(allow("s3:GetObject", f"{archive}/{brief.incoming}*", Principal=podcast)),
)
iam.put_role_policy(
    RoleName=brief.podcast_role,
    PolicyName="list",
    PolicyDocument=document(
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}})
    ),
)

# %% wrong="b-07" task="no-long-keys" says=["still has AKIA", "until somebody thinks"]
# key kept in case
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)

# %% wrong="b-07" task="ci-role" says=["Not only a workflow"]
# no audience
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": {sub: right}}
    ),
)

# %% wrong="b-08" task="own-folder" says=["can s3:ListBucket", "name by name"]
# lists all folders
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], archive + "/" + brief.folders + "${aws:username}/*"),
        allow("s3:ListBucket", archive),
    ),
)

# %% wrong="b-08" task="no-long-keys" says=["still has AKIA"]
# key rotated
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])
iam.create_access_key(UserName=brief.encoder_user)

# %% wrong="b-08" task="ci-role" says=["Not only a workflow"] ref="L01-M6"
# if there is a subject
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com"}, "StringEqualsIfExists": {sub: right}},
    ),
)

# %% wrong="b-09" task="own-folder" says=["can s3:DeleteObject"]
# deletes too
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            archive + "/" + brief.folders + "${aws:username}/*",
        ),
        allow(
            "s3:ListBucket",
            archive,
            Condition={"StringLike": {"s3:prefix": brief.folders + "${aws:username}/*"}},
        ),
    ),
)

# %% wrong="b-09" task="no-long-keys" says=["Least privilege"]
# all of s3 read only
policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-09" task="ci-role" says=["Not only a workflow"] ref="L01-M6"
# for all values
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com"}, "ForAllValues:StringEquals": {sub: right}},
    ),
)

# %% wrong="b-10" task="own-folder" says=["cannot s3:"]
# only the first
archive = f"arn:aws:s3:::{brief.archive}"
own = brief.folders + "${aws:username}/*"
iam.put_user_policy(
    UserName=brief.presenters[0],
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{own}"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": own}}),
    ),
)

# %% wrong="b-10" task="no-long-keys" says=["no active task definition"]
# no transcriber
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="b-10" task="ci-role" says=["cannot take it on"]
# stars in string equals
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com", sub: f"repo:{brief.repository}:*"}},
    ),
)

# %% wrong="b-11" task="own-folder" says=["cannot s3:"]
# folders by a tag that nobody has
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}${{aws:PrincipalTag/folder}}/*"),
        allow(
            "s3:ListBucket",
            archive,
            Condition={"StringLike": {"s3:prefix": f"{brief.folders}${{aws:PrincipalTag/folder}}/*"}},
        ),
    ),
)

# %% wrong="b-11" task="ci-role" says=["cannot take it on"]
# assumes without a token
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRole",
        Condition={"StringEquals": {aud: "sts.amazonaws.com", sub: right}},
    ),
)

# %% wrong="b-12" task="ci-role" says=["made out to sts.amazonaws.com", "tokens for https://github.com"]
# for another audience
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["https://github.com/heron-radio"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com", sub: right}},
    ),
)

# %% wrong="b-13" task="ci-role" says=["does not know GitHub", "oidc-provider/gitlab.com"]
# another provider
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url="https://gitlab.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
aud, sub = f"{GITHUB}:aud", f"{GITHUB}:sub"
right = f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {aud: "sts.amazonaws.com", sub: right}},
    ),
)

# %% wrong="and-nobody-else-at-all" task="by-bucket-policy" says=["cannot s3:", "no Deny for those who worked before"]
# and nobody else at all
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*", Principal=podcast),
        allow(
            "s3:ListBucket",
            archive,
            Principal=podcast,
            Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}},
        ),
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [archive, f"{archive}/*"],
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": podcast["AWS"]}},
        },
    ),
)

# %% wrong="c-01" task="read-one-prefix" says=["There is no bucket", "archive"]
# the bucket went with the old recordings
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
for version in s3.list_object_versions(Bucket=brief.archive).get("Versions", []):
    s3.delete_object(Bucket=brief.archive, Key=version["Key"], VersionId=version["VersionId"])
s3.delete_bucket(Bucket=brief.archive)

# %% wrong="c-01" task="own-folder" says=["There is no bucket", "archive"]
# no bucket
print("nothing to share any more")

# %% wrong="c-01" task="by-bucket-policy" says=["There is no bucket", "archive"]
# no bucket
print("nothing to share any more")

# %% wrong="c-01" task="no-deletes" says=["There is no bucket", "masters"]
# a bucket that is gone cannot be emptied
for version in s3.list_object_versions(Bucket=brief.masters).get("Versions", []):
    s3.delete_object(Bucket=brief.masters, Key=version["Key"], VersionId=version["VersionId"])
s3.delete_bucket(Bucket=brief.masters)

# %% wrong="c-01" task="no-long-keys" says=["No instance is left"]
# the server gone with its key
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.terminate_instances(InstanceIds=[encoder])
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])

# %% wrong="c-01" task="borrow-a-role" says=["There is no bucket", "contracts"]
# the contracts thrown away
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
for version in s3.list_object_versions(Bucket=brief.contracts).get("Versions", []):
    s3.delete_object(Bucket=brief.contracts, Key=version["Key"], VersionId=version["VersionId"])
s3.delete_bucket(Bucket=brief.contracts)

# %% wrong="c-01" task="ci-role" says=["providers are none"]
# a provider that nobody made
GITHUB = "token.actions.githubusercontent.com"
claims = {
    f"{GITHUB}:aud": "sts.amazonaws.com",
    f"{GITHUB}:sub": f"repo:{brief.repository}:ref:refs/heads/{brief.branch}",
}
provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": claims}
    ),
)

# %% wrong="c-01" task="less-than-admin" says=["There is no role", "chart"]
# less than a role
for attached in iam.list_attached_role_policies(RoleName=brief.chart_role)["AttachedPolicies"]:
    iam.detach_role_policy(RoleName=brief.chart_role, PolicyArn=attached["PolicyArn"])
iam.delete_role(RoleName=brief.chart_role)

# %% wrong="c-02" task="own-folder" says=["There is no user"]
# one of the two dismissed
name = brief.presenters[0]
iam.remove_user_from_group(GroupName="presenters", UserName=name)
iam.delete_user(UserName=name)

# %% wrong="c-02" task="no-deletes" says=["There is no role", "editors"]
# no editors, no deletes
for policy in iam.list_role_policies(RoleName=brief.editors_role)["PolicyNames"]:
    iam.delete_role_policy(RoleName=brief.editors_role, PolicyName=policy)
iam.delete_role(RoleName=brief.editors_role)

# %% wrong="c-02" task="by-bucket-policy" says=["There is no role", "podcast"]
# the role deleted, since it needs no policy
iam.delete_role(RoleName=brief.podcast_role)

# %% wrong="c-02" task="truth-table" says=["no verdict for"]
# one row
answer("table", {"r1": "allowed"})

# %% wrong="c-02" task="no-long-keys" says=["no active task definition"]
# the first of three steps
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
iam.create_role(RoleName="encoder", AssumeRolePolicyDocument=trusts({"Service": "ec2.amazonaws.com"}))
iam.attach_role_policy(RoleName="encoder", PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})

# %% wrong="c-02" task="borrow-a-role" says=["There is no role", "lawyer"]
# a guess, and no role
answer("fee", 5000)

# %% wrong="c-02" task="ci-role" says=["tokens for nobody"]
# a provider without an audience
GITHUB = "token.actions.githubusercontent.com"
claims = {
    f"{GITHUB}:aud": "sts.amazonaws.com",
    f"{GITHUB}:sub": f"repo:{brief.repository}:ref:refs/heads/{brief.branch}",
}
provider = iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ThumbprintList=["f" * 40])
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider["OpenIDConnectProviderArn"]},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": claims},
    ),
)

# %% wrong="c-02" task="less-than-admin" says=["chart", "Least privilege"]
# one of the two roles
iam.detach_role_policy(RoleName=brief.jingle_role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
iam.attach_role_policy(
    RoleName=brief.jingle_role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)

# %% wrong="c-03" task="own-folder" says=["cannot s3:"]
# a ceiling that grants nothing
boundary = iam.create_policy(
    PolicyName="desk", PolicyDocument=document(allow("s3:*", f"arn:aws:s3:::{brief.archive}/*"))
)["Policy"]["Arn"]
for name in brief.presenters:
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)

# %% wrong="c-03" task="no-deletes" says=["cannot s3:"]
# the word turned round
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document({"Effect": "Deny", "Action": "s3:*", "Resource": [masters, f"{masters}/*"]}),
)

# %% wrong="c-03" task="no-long-keys" says=["has no instance profile"]
# the second of three steps
iam.create_role(
    RoleName="transcriber", AssumeRolePolicyDocument=trusts({"Service": "ecs-tasks.amazonaws.com"})
)
iam.attach_role_policy(RoleName="transcriber", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/read-masters")
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)

# %% wrong="c-03" task="borrow-a-role" says=["No answer \"fee\""]
# read, and not told
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
lawyer = session_of(brief.lawyer_role, 900).client("s3")
lawyer.get_object(Bucket=brief.contracts, Key=brief.contract)

# %% wrong="c-03" task="less-than-admin" says=["Least privilege"]
# the small policy beside the large one
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )

# %% wrong="c-04" task="no-deletes" says=["can s3:DeleteObject"]
# narrower, and nothing refused
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document(allow("s3:*", f"{masters}/*")),
)

# %% wrong="c-04" task="no-long-keys" says=["has no instance profile"]
# the last of three steps, half
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.update_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"], Status="Inactive")

# %% wrong="c-04" task="borrow-a-role" says=["which is no number"]
# no number
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
lawyer = session_of(brief.lawyer_role, 900).client("s3")
lawyer.get_object(Bucket=brief.contracts, Key=brief.contract)
answer("fee", "a lot")

# %% wrong="c-04" task="less-than-admin" says=["Least privilege"]
# a ceiling as high as the sky
for role in (brief.chart_role, brief.jingle_role):
    iam.put_role_permissions_boundary(
        RoleName=role, PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"
    )

# %% wrong="c-05" task="no-long-keys" says=["there is no such role"]
# the role made again, under a path
policy = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
iam.create_role(RoleName="encoder", AssumeRolePolicyDocument=trusts({"Service": "ec2.amazonaws.com"}))
iam.attach_role_policy(RoleName="encoder", PolicyArn=policy)
iam.create_instance_profile(InstanceProfileName="encoder")
iam.add_role_to_instance_profile(InstanceProfileName="encoder", RoleName="encoder")
encoder = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
ec2.associate_iam_instance_profile(InstanceId=encoder, IamInstanceProfile={"Name": "encoder"})
iam.create_role(
    RoleName="transcriber", AssumeRolePolicyDocument=trusts({"Service": "ecs-tasks.amazonaws.com"})
)
iam.attach_role_policy(RoleName="transcriber", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/read-masters")
ecs.register_task_definition(
    family=brief.task_family,
    taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/transcriber",
    containerDefinitions=[{"name": "transcriber", "image": "heron/transcriber:1", "memory": 256}],
)
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=brief.encoder_user, AccessKeyId=key["AccessKeyId"])
read_masters = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
iam.detach_role_policy(RoleName="transcriber", PolicyArn=read_masters)
iam.delete_role(RoleName="transcriber")
iam.create_role(
    RoleName="transcriber",
    Path="/station/",
    AssumeRolePolicyDocument=trusts({"Service": "ecs-tasks.amazonaws.com"}),
)
iam.attach_role_policy(RoleName="transcriber", PolicyArn=read_masters)

# %% wrong="c-05" task="borrow-a-role" says=["There is no object"]
# read and burnt
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
lawyer = session_of(brief.lawyer_role, 900).client("s3")
lawyer.get_object(Bucket=brief.contracts, Key=brief.contract)
s3.delete_object(Bucket=brief.contracts, Key=brief.contract)
answer("fee", 5000)

# %% wrong="c-06" task="borrow-a-role" says=["3600 seconds"]
# fifteen minutes asked for too early
try:
    session_of(brief.lawyer_role, 900)
except ClientError as error:
    print(error)
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
lawyer = session_of(brief.lawyer_role).client("s3")
lawyer.get_object(Bucket=brief.contracts, Key=brief.contract)
