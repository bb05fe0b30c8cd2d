# ---
# title: "IAM: who may do what"
# minutes: 90
# needs: [000-orientation]
# objectives:
#   - read a policy as AWS does, and predict what many policies together decide
#   - give a function, a person and a pipeline exactly what the job needs
#   - take keys off a server, and put a role in their place
#   - borrow a role for fifteen minutes, and see what you lose by it
#   - replace an administrator by a list of what the code calls
# regions: [eu-west-1]
# ref: L01
# ---

# %% [markdown]
# ## Heron Radio
#
# Heron is a local radio station. Recordings, masters and contracts lie in three S3 buckets; a few functions cut, publish
# and count. Everything works, because everything is administrator: the last engineer was in a hurry. You are not.
#
# ![Heron's account: people, programs, buckets, and who may do what today](img/account.svg)
#
# In IAM, a **request** asks for one **action** on one **resource**, made by one **principal**, with some **context** (which
# Region, over TLS or not …). Everything in AWS is such a request: a click in the console, a line of Python, a function that
# writes its log. **Policies** are JSON documents that say Allow or Deny to requests that match.
# <!-- covers: L01-01 L01-02 L01-03 -->
#
# The next cell makes the clients and three small helpers, so that a policy is one line of yours.

# %%
import json

import boto3
from botocore.exceptions import ClientError

iam, sts, s3 = boto3.client("iam"), boto3.client("sts"), boto3.client("s3")
ec2, ecs = boto3.client("ec2"), boto3.client("ecs")
ME = sts.get_caller_identity()
ACCOUNT, REGION = ME["Account"], s3.meta.region_name


def document(*statements):
    """A policy document of these statements, as the text that AWS takes."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusts(principal, action="sts:AssumeRole", **more):
    """A trust policy: who may take the role on."""
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


print("You are", ME["Arn"])
print(json.dumps(json.loads(document(allow("s3:GetObject", f"arn:aws:s3:::{brief.archive}/*"))), indent=2))

# %% [markdown]
# ## How AWS decides
#
# ![One request and the policies that have a say](img/evaluation.svg)
#
# Three rules, whatever the order in which policies are written:
#
# 1. **Deny by default.** No matching Allow, no access. (Only the root user starts with everything.)
# 2. **An explicit Deny wins**, wherever it stands.
# 3. Some policies *grant* (on the principal, on the resource), some only *limit* (boundary, SCP, session policy).
#
# A **role** is an identity without password or key. Whoever its *trust policy* names may take it on and gets credentials that
# end by themselves. Users are for the few people whom no directory knows; **programs get roles**.
#
# **Predict:** you are an administrator. A role that only Lambda may take on: can you take it on? Write True or False.
# <!-- covers: L01-07 L01-09 L01-13 -->

# %%
i_can_take_it_on = None

# %%
try:
    sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}", RoleSessionName="just-looking"
    )
    print("You are it now.")
except ClientError as error:
    print(error.response["Error"]["Code"], "-", error.response["Error"]["Message"])

# %% [markdown]
# Refused: your own policies allow everything, and the role's **trust policy** does not name you. It must: you yourself, or your
# whole account, and then your own policies have to allow `sts:AssumeRole` as well.
#
# ## Task 1: a role for a function that reads one prefix
#
# The *clipper*, a Lambda function, lists the recordings under `brief.incoming` in `brief.archive` (it asks with exactly that
# prefix) and reads them. Nothing else, in no other place.
#
# Make the role `brief.clipper_role`: only the service `lambda.amazonaws.com` may take it on; two permissions:
#
# | call | action | resource | context |
# |---|---|---|---|
# | `list_objects_v2(Bucket=…, Prefix=…)` | `s3:ListBucket` | the bucket's ARN | `s3:prefix` |
# | `get_object(…)` | `s3:GetObject` | the object's ARN | |
#
# The action's name is not always the call's, and not always on the ARN that you expect: the [service authorization reference](
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html) lists all of them. The role may also
# write the function's logs (`AWSLambdaBasicExecutionRole`).
# <!-- covers: L01-12 L01-15 -->

# %% task="read-one-prefix"
### BEGIN SOLUTION
### BEGIN STARTER
# archive = f"arn:aws:s3:::{brief.archive}"
# # YOUR CODE HERE: create_role with a trust policy, then put_role_policy with what it may do
### END STARTER
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read-incoming",
    PolicyDocument=document(
        allow("s3:GetObject", f"{archive}/{brief.incoming}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.incoming}*"}}),
    ),
)
### END SOLUTION

# %% [markdown]
# You cannot become the clipper, but you can ask the evaluation what it would answer. `can()` decides with the policies that
# are in your account now, and names the statement that decided. On AWS the [policy simulator](
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html) does the same.
# <!-- covers: L01-19 -->

# %%
clipper = f"role/{brief.clipper_role}"
can(clipper, "s3:GetObject", f"arn:aws:s3:::{brief.archive}/{brief.incoming}2026-03-02-morning.wav")
can(clipper, "s3:DeleteObject", f"arn:aws:s3:::{brief.archive}/{brief.incoming}2026-03-02-morning.wav")
can(clipper, "s3:ListBucket", f"arn:aws:s3:::{brief.archive}", {"s3:prefix": brief.folders})

# %% [markdown]
# **Conditions** narrow a statement by context. This one allows reading only by requests to one Region. Which of the
# three requests below will be `Allowed`?
#
# For S3 a request goes to the Region *where the bucket is*, so here the key says which buckets, not where the caller sits. It
# earns its place in a Deny over many services, and it needs exceptions: calls to global services such as IAM count as
# [made to `us-east-1`](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
# <!-- covers: L01-11 -->

# %%
from cloudlings.iam import Policies, Principal, Request, decide

only_here = document(
    allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
)
function = Principal("session", f"arn:aws:sts::{ACCOUNT}:assumed-role/{brief.clipper_role}/function")
for action, region in (
    ("s3:GetObject", "us-east-1"),
    ("s3:GetObject", "ap-southeast-1"),
    ("s3:PutObject", "us-east-1"),
):
    asked = Request(
        function, action, "arn:aws:s3:::any-bucket/a.wav", context={"aws:RequestedRegion": region}
    )
    print(f"{action} in {region:15}", decide(asked, Policies.of(identity=[only_here])).outcome)

# %% [markdown]
# ## Task 2: everybody's own folder, one policy
#
# The presenters (`brief.presenters`, both in the group `presenters`) share `brief.archive`. Each may list, read and write
# (`s3:ListBucket`, `s3:GetObject`, `s3:PutObject`) in a folder that bears the own name, `brief.folders` + name + `/`, and
# nowhere else. No deleting yet.
#
# One policy for all of them: a **variable** such as `${aws:username}` is filled in when the request comes. Mind where the
# folder's name ends: one of your presenters has a name that begins with the other's.
#
# **A catch that many recipes leave out:** `aws:username` exists for IAM *users* only. In a role's session it is
# [absent](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html), and a statement with an
# unfilled variable matches nothing. Here that is right: whoever is no user must get nothing from your policy. For people who
# come by role, the key to use is `aws:PrincipalTag/…`.
# <!-- covers: L01-04 L01-05 -->

# %% task="own-folder"
### BEGIN SOLUTION
archive, own = f"arn:aws:s3:::{brief.archive}", brief.folders + "${aws:username}/*"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{own}"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": own}}),
    ),
)
### END SOLUTION

# %%
first, second = brief.presenters
for folder in (first, second):
    can(
        f"user/station/{first}",
        "s3:GetObject",
        f"arn:aws:s3:::{brief.archive}/{brief.folders}{folder}/notes.txt",
    )

# %% [markdown]
# ## Task 3: nobody deletes a master
#
# `brief.masters` holds what cannot be recorded again. The editors (`brief.editors_role`) may do everything there, and last
# month a script of theirs deleted a year. Forbid deletion to the editors' role, **explicitly**: it must hold even if somebody
# attaches AdministratorAccess to the role tomorrow. Everything else that the editors can do stays.
#
# The bucket is versioned, so there are two ways to delete: `s3:DeleteObject` hides the newest version behind a marker,
# `s3:DeleteObjectVersion` destroys one version for good. A Deny that names only the first stops the polite half.
#
# **A myth:** "put the Deny first, the first match wins." Order plays no part, in a document or between documents. A Deny holds
# where it *matches*: its actions, its resources, its conditions.
#
# (Two more ways to lose data: an overwrite, which the versions catch, and a lifecycle rule, so you may refuse
# `s3:PutLifecycleConfiguration` as well.)
# <!-- covers: L01-06 -->

# %% task="no-deletes"
### BEGIN SOLUTION
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {
            "Effect": "Deny",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": f"arn:aws:s3:::{brief.masters}/*",
        }
    ),
)
### END SOLUTION

# %% [markdown]
# Now be an editor: the role trusts everybody in the account, you too. Writing a take should work, deleting it should not.


# %%
def session_of(role, seconds=3600):
    """A boto3 session that acts as a role."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="by-hand", DurationSeconds=seconds)["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)


def tried(call, **arguments):
    """What came of one call: "done", or AWS's error code."""
    try:
        call(**arguments)
        return "done"
    except ClientError as error:
        return error.response["Error"]["Code"]


editor = session_of(brief.editors_role).client("s3")
print("put:   ", tried(editor.put_object, Bucket=brief.masters, Key="take-1.wav", Body=b"RIFF"))
print("delete:", tried(editor.delete_object, Bucket=brief.masters, Key="take-1.wav"))

# %% [markdown]
# ## Task 4: the same access, granted by the bucket
#
# A permission can hang on the principal (**identity-based**) or on the thing (**resource-based**: a bucket's policy, a queue's,
# a key's). The second kind has a `Principal`, and it can let in people from other accounts.
#
# The podcast function (`brief.podcast_role`, it exists and has no policies) needs what the clipper has: list
# `brief.archive` under `brief.incoming`, and read there. Grant it **in the bucket's policy** this time, give the role
# nothing, and let nobody else in.
#
# A `Principal` names an account, a user, a role, a session or a service. An *account* (`…:root`) as Principal leaves it to
# that account's own policies to grant: a role without any gets nothing from it. A *group* is no principal: it is a way to
# attach policies to many users.
#
# You have met the pattern already if you know CloudFront: a bucket policy for the service `cloudfront.amazonaws.com`, on behalf
# of one distribution. Lab [030](../030-s3-policies/030-s3-policies.ipynb) builds that.
# <!-- covers: L01-10 L01-23 -->

# %% task="by-bucket-policy"
### BEGIN SOLUTION
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
    ),
)
### END SOLUTION

# %%
can(f"role/{brief.podcast_role}", "s3:GetObject", f"arn:aws:s3:::{brief.archive}/{brief.incoming}a.wav")
can(f"role/{brief.podcast_role}", "s3:GetObject", f"arn:aws:s3:::{brief.archive}/{brief.folders}a.wav")

# %% [markdown]
# ## Task 5: predict sixteen requests
#
# **A myth:** "permissions add up." Only two kinds of policy add up, identity and resource, and only inside one account. The
# others are ceilings: they grant nothing.
#
# A session of role `dj` asks for `s3:GetObject`. Each row of `brief.table` says what every layer says about this request:
# `allow`, `deny`, `silent` (there is a policy, with no statement that matches), or `none` (there is no such policy). Where the
# resource allows, its policy names the role's ARN. `account` is where the bucket is, seen from the role.
#
# Hand in a word for each row, `answer("table", {"r1": …, …})`: `allowed`, `explicit` (refused by a Deny) or `implicit` (refused
# because an Allow is missing). By hand, or as a function of a few lines: if you can write the function, you know IAM.
# <!-- covers: L01-08 -->

# %%
print(f"{'':4}" + "".join(f"{name:10}" for name in brief.table["r1"]))
for name, row in brief.table.items():
    print(f"{name:4}" + "".join(f"{said:10}" for said in row.values()))


# %% task="truth-table"
### BEGIN SOLUTION
### BEGIN STARTER
# def verdict(row):
#     ...  # YOUR CODE HERE: "allowed", "explicit" or "implicit"
#
#
# answer("table", {name: verdict(row) for name, row in brief.table.items()})
### END STARTER
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said:
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    identity, resource = row["identity"] == "allow", row["resource"] == "allow"
    granted = identity or resource if row["account"] == "same" else identity and resource
    return "allowed" if granted else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})
### END SOLUTION

# %% [markdown]
# (An exception that these rows leave out: a resource policy that names a *session's* or a *user's* ARN itself grants past a
# boundary's silence. [All the combinations](
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html).)
#
# ## Task 6: a key on a server
#
# The encoder, an EC2 instance, reads masters. It does so with the access key of the user `brief.encoder_user`, which stands in
# a file there, and in last year's backup, and in somebody's chat. A transcriber in containers (ECS) is to come next. Look:

# %%
for reservation in ec2.describe_instances()["Reservations"]:
    for instance in reservation["Instances"]:
        print(
            instance["InstanceId"], instance["State"]["Name"], "profile:", instance.get("IamInstanceProfile")
        )
for key in iam.list_access_keys(UserName=brief.encoder_user)["AccessKeyMetadata"]:
    print(key["AccessKeyId"], key["Status"], "since", f"{key['CreateDate']:%Y-%m-%d}")
print(iam.list_attached_user_policies(UserName=brief.encoder_user)["AttachedPolicies"])

# %% [markdown]
# Each kind of compute has its door to a role, and a service that takes the role on for it:
#
# | where code runs | door | service in the trust policy |
# |---|---|---|
# | EC2 | **instance profile**, a holder for one role | `ec2.amazonaws.com` |
# | ECS | **task role** in the task definition | `ecs-tasks.amazonaws.com` |
# | Lambda | execution role | `lambda.amazonaws.com` |
#
# (An ECS task's *execution* role is another one: ECS uses it to fetch the image and write logs, before your code runs.)
#
# 1. A role for EC2 with the policy `read-masters` and nothing more, in an instance profile, attached to the running instance.
# 2. A role for ECS tasks with the same policy, as the task role of a task definition of family `brief.task_family`.
# 3. No access key left for `brief.encoder_user`.
#
# **A myth:** "the instance profile lets the server into the database." It grants AWS requests. A database's door is its
# security group and its login.
# <!-- covers: L01-14 -->

# %% task="no-long-keys"
### BEGIN SOLUTION
read_masters = f"arn:aws:iam::{ACCOUNT}:policy/read-masters"
for role, service in (("encoder", "ec2.amazonaws.com"), ("transcriber", "ecs-tasks.amazonaws.com")):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts({"Service": service}))
    iam.attach_role_policy(RoleName=role, PolicyArn=read_masters)
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
### END SOLUTION

# %% [markdown]
# No line of the encoder's program has to change: boto3 looks for credentials [in a fixed order](
# https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html) (arguments, environment, files, then the
# container's or the instance's role) and renews them before they end.
#
# ## Task 7: borrow a role for fifteen minutes
#
# The contracts (`brief.contracts`) are closed to everybody, you too. Their bucket policy has one Deny, for every principal
# but a role `brief.lawyer_role`, which nobody has made yet. (In `aws:PrincipalArn`, a session counts under its role's ARN.)
# Try, as administrator:
# <!-- covers: L01-17 -->

# %%
print("as yourself:", tried(s3.get_object, Bucket=brief.contracts, Key=brief.contract))
print(json.dumps(json.loads(s3.get_bucket_policy(Bucket=brief.contracts)["Policy"]), indent=2))

# %% [markdown]
# Finance asks for the fee in `brief.contract`.
#
# 1. Make the role `brief.lawyer_role`. Your user, and nobody else, may take it on: name it. (`arn:aws:iam::ACCOUNT:root` would
#    trust everybody in the account whose own policy allows `sts:AssumeRole`: every administrator.)
# 2. It may read objects under `contracts/` in that bucket, and nothing more.
# 3. Take it on for **900 seconds**, the shortest that [STS gives](
#    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). The longest is the role's `MaxSessionDuration`
#    (1 to 12 hours), and one hour when one role takes on another.
# 4. As the role, read the contract, and hand in the number: `answer("fee", …)`.
#
# While you are the role you have **only** what the role has.
# <!-- covers: L01-20 L01-21 -->

# %% task="borrow-a-role"
### BEGIN SOLUTION
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read-contracts",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)
keys = sts.assume_role(
    RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}", RoleSessionName="finance", DurationSeconds=900
)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
print(lawyer.client("sts").get_caller_identity()["Arn"], "until", keys["Expiration"])
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))
### END SOLUTION

# %% [markdown]
# ## Task 8: a pipeline without a key
#
# The website is deployed from GitHub, repository `brief.repository`, branch `brief.branch`. A workflow there can show a signed
# token (**OIDC**); AWS checks it and gives a role's credentials for it. No key is stored anywhere.
#
# 1. An OIDC provider for `https://token.actions.githubusercontent.com` with the audience `sts.amazonaws.com`.
# 2. The role `brief.ci_role`, which that provider alone may take on (`sts:AssumeRoleWithWebIdentity`), with two conditions on the
#    token's claims, keys `token.actions.githubusercontent.com:aud` and `…:sub`. The audience is the one above, the subject
#    `repo:REPOSITORY:ref:refs/heads/BRANCH`.
#
# All of GitHub signs with that one provider. Without `sub`, anybody's workflow can become your role, and `repo:yours/*` lets in
# every repository and branch, pull requests too. (AWS [refuses](
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html) the broadest of such policies
# since 2025.) It needs no permissions for now.
# <!-- covers: L01-16 -->

# %% task="ci-role"
### BEGIN SOLUTION
GITHUB = "token.actions.githubusercontent.com"
provider = iam.create_open_id_connect_provider(
    Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["f" * 40]
)["OpenIDConnectProviderArn"]
claims = {
    f"{GITHUB}:aud": "sts.amazonaws.com",
    f"{GITHUB}:sub": f"repo:{brief.repository}:ref:refs/heads/{brief.branch}",
}
iam.create_role(
    RoleName=brief.ci_role,
    AssumeRolePolicyDocument=trusts(
        {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": claims}
    ),
)
### END SOLUTION

# %% [markdown]
# Four situations, four kinds of principal. Cover the right column and guess.
#
# | who acts | how |
# |---|---|
# | a person | signs in by the company's directory (IAM Identity Center), gets a role's session |
# | a program in AWS | the service takes on its role |
# | another company's account | its principal takes on a role of yours that names it |
# | automation outside AWS | a signed token (OIDC) or certificate for a role's session |
#
# ## Task 9: no more administrators
#
# Two functions run as administrator. What do they call? The code of the chart job, and of the jingle player:
# <!-- covers: L01-22 -->

# %%
print(f"""{brief.chart_role}:
    {brief.reads_with} on the table {brief.plays_table}
    s3:PutObject to {brief.archive}/{brief.chart_prefix}…
    {brief.tells_with} to {brief.tells}
{brief.jingle_role}:
    nothing but its own logs (group, stream, events)""")
print(iam.list_attached_role_policies(RoleName=brief.chart_role)["AttachedPolicies"])

# %% [markdown]
# Take AdministratorAccess away from both, and give each what it calls, no more.
#
# AWS keeps some thousand **managed policies**. Some are exact for a job: `service-role/AWSLambdaBasicExecutionRole` is what a
# function needs for its logs. Others are wide: `AmazonS3FullAccess` is every bucket of yours, and grows when AWS adds actions.
# Use one where it is exact; otherwise write your own. The chart job may write logs too.
#
# ARNs: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`, `arn:aws:sns:REGION:ACCOUNT:NAME`, `arn:aws:sqs:REGION:ACCOUNT:NAME`.
# <!-- covers: L01-18 -->

# %% task="less-than-admin"
### BEGIN SOLUTION
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    iam.attach_role_policy(RoleName=role, PolicyArn=LOGS)
here = f"{REGION}:{ACCOUNT}"
iam.put_role_policy(
    RoleName=brief.chart_role,
    PolicyName="charts",
    PolicyDocument=document(
        allow(brief.reads_with, f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"),
        allow("s3:PutObject", f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"),
        allow(brief.tells_with, f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"),
    ),
)
### END SOLUTION

# %% [markdown]
# ## Decide: what is it worth to know?
#
# You read two jobs' code. For `brief.people_and_roles` users and roles, who reads? Ways to find out what is used:
#
# | | tells | on AWS it costs |
# |---|---|---|
# | last-accessed information | which services, and many actions, a role used | nothing |
# | CloudTrail's event history | management calls of 90 days | nothing |
# | CloudTrail data events | each read of each object | $0.10 for 100,000 events |
# | Access Analyzer, unused access | findings: unused roles, keys, permissions | about $0.20 a month for each role or user |
#
# The next cell does the sum for you. Which one do you take for Heron, and for what question? Write it down.

# %%
people, reads = brief.people_and_roles, brief.reads_a_month
print(f"unused-access findings: {people} x $0.20 = ${people * 0.20:,.2f} a month")
print(f"data events:            {reads:,} / 100,000 x $0.10 = ${reads / 100_000 * 0.10:,.2f} a month")
decision, because = None, ""

# %% [markdown]
# <details><summary>What we would do</summary>They answer different questions. "Which permissions can go?" is answered by
# last-accessed information, for nothing, as long as somebody looks every quarter; with hundreds of roles, the findings are
# cheaper than that somebody's day. "Who read this contract?" is answered by data events alone: take them for the one bucket
# where the question will be asked, not for all.</details>
#
# ## What you know now
#
# - A request is a principal, an action, a resource and a context. No matching Allow: no. A matching Deny: no, for good.
# - Identity and resource policies grant (in one account either will do, across accounts both must); boundaries, SCPs and session
#   policies only limit.
# - `${aws:username}` is for users, trust policies name somebody, `sub` and `aud` name one workflow.
# - Programs get roles: instance profile, task role, execution role, OIDC. A key that does not exist is not stolen.
# - Least privilege is a list: what the job calls, on what.
#
# ## What this would cost, and how to clean up
#
# IAM and STS cost nothing on AWS, used or unused. The t3.micro costs about $8 a month while it runs, the rest of this lab cents.
# To clean up there: terminate the instance; empty and delete the buckets, table, topic or queue; then roles (policies off first),
# profile, provider, users. Here, `reset_lab()` puts everything back to the start.
