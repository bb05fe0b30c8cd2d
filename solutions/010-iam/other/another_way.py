# Other right answers: managed policies of one's own, tags instead of names, the other side's documents.

# %% task="read-one-prefix"
bucket = f"arn:aws:s3:::{brief.archive}"
trust = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
iam.create_role(
    RoleName=brief.clipper_role,
    Path="/service-role/",
    AssumeRolePolicyDocument=trusts({"Service": ["lambda.amazonaws.com"]}, Condition=trust),
)
policy = iam.create_policy(
    PolicyName="clipper-reads",
    PolicyDocument=document(
        allow(["s3:getobject"], [f"{bucket}/{brief.incoming}*"]),
        allow("s3:List*", bucket, Condition={"StringEquals": {"s3:prefix": [brief.incoming]}}),
        {"Effect": "Deny", "NotAction": ["s3:GetObject", "s3:ListBucket", "logs:*"], "Resource": "*"},
    ),
)["Policy"]["Arn"]
for arn in (policy, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"):
    iam.attach_role_policy(RoleName=brief.clipper_role, PolicyArn=arn)

# %% task="own-folder"
# People by a tag of theirs: it works for sessions that carry the tag, too.
for name in brief.presenters:
    iam.tag_user(UserName=name, Tags=[{"Key": "desk", "Value": name}])
bucket, mine = f"arn:aws:s3:::{brief.archive}", brief.folders + "${aws:PrincipalTag/desk}/"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-desk",
    PolicyDocument=document(
        allow("s3:GetObject", f"{bucket}/{mine}*"),
        allow("s3:PutObject", f"{bucket}/{mine}*"),
        allow("s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": [mine, f"{mine}*"]}}),
    ),
)

# %% task="no-deletes"
# On the bucket's side, for everybody, and with the rule that would delete by age.
masters = f"arn:aws:s3:::{brief.masters}"
s3.put_bucket_policy(
    Bucket=brief.masters,
    Policy=document(
        {
            "Sid": "Keep",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject*", "s3:PutLifecycleConfiguration"],
            "Resource": [masters, f"{masters}/*"],
        }
    ),
)

# %% task="by-bucket-policy"
bucket = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"]}
plain = {"Bool": {"aws:SecureTransport": "false"}}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": plain,
        },
        allow(
            "s3:ListBucket",
            bucket,
            Principal=podcast,
            Condition={"StringEquals": {"s3:prefix": brief.incoming}},
        ),
        allow("s3:GetObject", f"{bucket}/{brief.incoming}*", Principal=podcast),
    ),
)

# %% task="truth-table"
# By the engine that can() uses; each word becomes a policy.
from cloudlings.iam import Policies, Principal, Request, decide

ROLE = f"arn:aws:iam::{ACCOUNT}:role/dj"


def spoken(word, **more):
    action = "s3:PutObject" if word == "silent" else "s3:GetObject"
    effect = "Deny" if word == "deny" else "Allow"
    return [] if word == "none" else [document(allow(action, "*", **more) | {"Effect": effect})]


def asked(row):
    single = {layer: next(iter(spoken(row[layer])), None) for layer in ("boundary", "session")}
    resource = next(iter(spoken(row["resource"], Principal={"AWS": ROLE})), None)
    scp = [spoken(row["scp"])] if row["scp"] != "none" else []
    policies = Policies.of(identity=spoken(row["identity"]), resource=resource, scp=scp, **single)
    who = Principal("session", f"arn:aws:sts::{ACCOUNT}:assumed-role/dj/x", role_arn=ROLE)
    owner = ACCOUNT if row["account"] == "same" else "444455556666"
    return decide(Request(who, "s3:GetObject", "arn:aws:s3:::b/k", resource_account=owner), policies).outcome


words = {"Allowed": "Allowed", "ExplicitDeny": "EXPLICIT", "ImplicitDeny": "implicit "}
answer("table", {name: words[asked(row)] for name, row in brief.table.items()})

# %% task="no-long-keys"
# Policies of one's own, another profile name, and the user gone with its key.
masters = f"arn:aws:s3:::{brief.masters}"
for role, service in (("ec2-reader", "ec2.amazonaws.com"), ("task-reader", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, Path="/station/", AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.put_role_policy(
        RoleName=role, PolicyName="read", PolicyDocument=document(allow("s3:GetObject", f"{masters}/*"))
    )
iam.create_instance_profile(InstanceProfileName="Encoder_2", Path="/station/")
iam.add_role_to_instance_profile(InstanceProfileName="Encoder_2", RoleName="ec2-reader")
profile = iam.get_instance_profile(InstanceProfileName="Encoder_2")["InstanceProfile"]["Arn"]
for reservation in ec2.describe_instances()["Reservations"]:
    for instance in reservation["Instances"]:
        ec2.associate_iam_instance_profile(
            InstanceId=instance["InstanceId"], IamInstanceProfile={"Arn": profile}
        )
task = iam.get_role(RoleName="task-reader")["Role"]["Arn"]
ecs.register_task_definition(
    family=brief.task_family,
    networkMode="awsvpc",
    requiresCompatibilities=["FARGATE"],
    cpu="256",
    memory="512",
    taskRoleArn=task,
    containerDefinitions=[{"name": "main", "image": "heron/transcriber:1"}],
)
user = brief.encoder_user
for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
for attached in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
    iam.detach_user_policy(UserName=user, PolicyArn=attached["PolicyArn"])
iam.delete_user(UserName=user)

# %% task="borrow-a-role"
# The account as principal, narrowed to one caller; a managed policy; a longer session first.
contracts = f"arn:aws:s3:::{brief.contracts}"
iam.create_role(
    RoleName=brief.lawyer_role,
    MaxSessionDuration=7200,
    AssumeRolePolicyDocument=trusts(
        {"AWS": ACCOUNT}, Condition={"ArnEquals": {"aws:PrincipalArn": ME["Arn"]}}
    ),
)
policy = iam.create_policy(
    PolicyName="contracts", PolicyDocument=document(allow("s3:GetObject", f"{contracts}/contracts/*"))
)["Policy"]["Arn"]
iam.attach_role_policy(RoleName=brief.lawyer_role, PolicyArn=policy)
role = iam.get_role(RoleName=brief.lawyer_role)["Role"]["Arn"]
for seconds in (3600, 900):
    keys = sts.assume_role(RoleArn=role, RoleSessionName="legal@heron", DurationSeconds=seconds)[
        "Credentials"
    ]
there = boto3.resource(
    "s3",
    aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"],
    aws_session_token=keys["SessionToken"],
)
words = there.Object(brief.contracts, brief.contract).get()["Body"].read().decode().split()
answer("fee", words[words.index("EUR.") - 1])

# %% task="ci-role"
host = "token.actions.githubusercontent.com"
github = iam.create_open_id_connect_provider(
    Url=f"https://{host}", ClientIDList=["https://github.com/heron-radio", "sts.amazonaws.com"]
)["OpenIDConnectProviderArn"]
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": github},
        ["sts:AssumeRoleWithWebIdentity"],
        Condition={
            "StringEquals": {f"{host}:aud": ["sts.amazonaws.com"]},
            "StringLike": {f"{host}:sub": f"repo:{brief.repository}:ref:refs/heads/{brief.branch}"},
        },
    ),
)

# %% task="less-than-admin"
# Managed policies of one's own; the jingle player may write to its own log group only.
here = f"{REGION}:{ACCOUNT}"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn=ADMIN)
group = f"arn:aws:logs:{here}:log-group:/aws/lambda/{brief.jingle_role}"
iam.put_role_policy(
    RoleName=brief.jingle_role,
    PolicyName="own-logs",
    PolicyDocument=document(
        allow("logs:CreateLogGroup", group),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group}:*"]),
    ),
)
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
policy = iam.create_policy(
    PolicyName="charts",
    PolicyDocument=document(
        allow(
            [brief.reads_with, brief.tells_with],
            [f"arn:aws:dynamodb:{here}:table/{brief.plays_table}", tells],
        ),
        allow("s3:PutObject", f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"),
    ),
)["Policy"]["Arn"]
iam.attach_role_policy(RoleName=brief.chart_role, PolicyArn=policy)
