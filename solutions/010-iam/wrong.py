# Near-misses of 010-iam: each loses the task that it names, and is told why.

# %% wrong="all-of-s3" task="read-one-prefix" says=["s3:", "Least privilege"] ref="L01-M1"
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:*", [archive, f"{archive}/*"])),
)

# %% wrong="star" task="read-one-prefix" says=["iam:", "Least privilege"] ref="L01-M1"
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(RoleName=brief.clipper_role, PolicyName="read", PolicyDocument=document(allow("*", "*")))

# %% wrong="everything-but" task="read-one-prefix" says=["Least privilege"] ref="L01-M3"
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

# %% wrong="every-other-resource" task="read-one-prefix" says=["Least privilege"] ref="L01-M3"
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

# %% wrong="get-object-star" task="read-one-prefix" says=["GetObjectAcl"]
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

# %% wrong="lists-everything" task="read-one-prefix" says=["can s3:ListBucket"]
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

# %% wrong="lists-if-a-prefix-exists" task="read-one-prefix" says=["can s3:ListBucket"] ref="L01-M6"
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

# %% wrong="any-prefix" task="read-one-prefix" says=["can s3:ListBucket"] ref="L01-M6"
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

# %% wrong="lists-the-objects" task="read-one-prefix" says=["cannot s3:ListBucket", "different ARNs"]
archive = f"arn:aws:s3:::{brief.archive}"
iam.create_role(
    RoleName=brief.clipper_role, AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"})
)
iam.put_role_policy(
    RoleName=brief.clipper_role,
    PolicyName="read",
    PolicyDocument=document(allow(["s3:GetObject", "s3:ListBucket"], f"{archive}/{brief.incoming}*")),
)

# %% wrong="calls-instead-of-actions" task="read-one-prefix" says=["cannot s3:ListBucket"]
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

# %% wrong="prefix-without-its-slash" task="read-one-prefix" says=["can s3:GetObject"]
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

# %% wrong="reads-no-more-than-lists" task="read-one-prefix" says=["cannot s3:GetObject"]
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

# %% wrong="trusts-the-account" task="read-one-prefix" says=["cannot take it on"] ref="L01-M4"
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

# %% wrong="trusts-everybody" task="read-one-prefix" says=["Not only Lambda"] ref="L01-M4"
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

# %% wrong="trusts-lambda-and-the-account" task="read-one-prefix" says=["Not only Lambda"] ref="L01-M4"
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

# %% wrong="another-name" task="read-one-prefix" says=["There is no role"]
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

# %% wrong="name-without-its-slash" task="own-folder" says=["can s3:", "Least privilege"]
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

# %% wrong="the-whole-shelf" task="own-folder" says=["can s3:", "Least privilege"]
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], f"{archive}/{brief.folders}*"),
        allow("s3:ListBucket", archive, Condition={"StringLike": {"s3:prefix": f"{brief.folders}*"}}),
    ),
)

# %% wrong="both-names-written-out" task="own-folder" says=["can s3:"]
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

# %% wrong="a-policy-for-each-name" task="own-folder" says=["session of a role", "written-out name"]
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

# %% wrong="a-default-for-nobody" task="own-folder" says=["session of a role"]
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

# %% wrong="of-2008" task="own-folder" says=["cannot s3:"]
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

# %% wrong="by-id-not-by-name" task="own-folder" says=["cannot s3:"]
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

# %% wrong="lists-all-folders" task="own-folder" says=["can s3:ListBucket"]
archive = f"arn:aws:s3:::{brief.archive}"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="own-folder",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject"], archive + "/" + brief.folders + "${aws:username}/*"),
        allow("s3:ListBucket", archive),
    ),
)

# %% wrong="deletes-too" task="own-folder" says=["can s3:DeleteObject"]
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

# %% wrong="only-the-first" task="own-folder" says=["cannot s3:"]
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

# %% wrong="folders-by-a-tag-that-nobody-has" task="own-folder" says=["cannot s3:"]
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

# %% wrong="only-the-polite-half" task="no-deletes" says=["s3:DeleteObjectVersion"]
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document({"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": f"{masters}/*"}),
)

# %% wrong="only-the-bucket" task="no-deletes" says=["can s3:DeleteObject", "objects are not the bucket"] ref="L01-M5"
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": masters}
    ),
)

# %% wrong="only-one-year" task="no-deletes" says=["can s3:DeleteObject"] ref="L01-M5"
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document({"Effect": "Deny", "Action": "s3:Delete*", "Resource": f"{masters}/2019/*"}),
)

# %% wrong="deny-first-in-one-document" task="no-deletes" says=["can s3:DeleteObject"] ref="L01-M5"
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": masters},
        allow("s3:*", [masters, f"{masters}/*"]),
    ),
)

# %% wrong="an-allow-less" task="no-deletes" says=["AdministratorAccess", "can s3:DeleteObject"]
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="edit-masters",
    PolicyDocument=document(
        {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": [masters, f"{masters}/*"]}
    ),
)

# %% wrong="no-writing-either" task="no-deletes" says=["cannot s3:Put"]
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "Action": ["s3:Put*", "s3:Delete*"], "Resource": [masters, f"{masters}/*"]}
    ),
)

# %% wrong="unless-with-mfa" task="no-deletes" says=["can s3:DeleteObject"]
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

# %% wrong="only-for-the-one-who-did-it" task="no-deletes" says=["can s3:DeleteObject"]
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

# %% wrong="all-but-reading" task="no-deletes" says=["cannot s3:"]
masters = f"arn:aws:s3:::{brief.masters}"
iam.put_role_policy(
    RoleName=brief.editors_role,
    PolicyName="never-delete",
    PolicyDocument=document(
        {"Effect": "Deny", "NotAction": ["s3:Get*", "s3:List*"], "Resource": [masters, f"{masters}/*"]}
    ),
)

# %% wrong="for-everybody" task="by-bucket-policy" says=["anyone on the internet"] ref="L01-M4"
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

# %% wrong="for-the-account" task="by-bucket-policy" says=["cannot s3:"] ref="L01-M4"
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

# %% wrong="on-the-role-again" task="by-bucket-policy" says=["has no policy"]
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

# %% wrong="the-whole-bucket" task="by-bucket-policy" says=["Least privilege"]
archive = f"arn:aws:s3:::{brief.archive}"
podcast = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{brief.podcast_role}"}
s3.put_bucket_policy(
    Bucket=brief.archive,
    Policy=document(allow(["s3:GetObject", "s3:ListBucket"], [archive, f"{archive}/*"], Principal=podcast)),
)

# %% wrong="for-the-clipper-as-well" task="by-bucket-policy" says=["callers other than"]
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

# %% wrong="for-lambda-of-anybody" task="by-bucket-policy" says=["cannot s3:"]
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

# %% wrong="and-nobody-else-at-all" task="by-bucket-policy" says=["cannot s3:", "no Deny for those who worked before"]
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

# %% wrong="half-here-half-there" task="by-bucket-policy" says=["granted by the bucket alone"]
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


# %% wrong="permissions-add-up" task="truth-table" says=["rows hold"]
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    return "explicit" if "deny" in said else "allowed" if "allow" in said else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})


# %% wrong="one-side-is-enough" task="truth-table" says=["which of them has to agree"]
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said:
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    return "allowed" if "allow" in said[:2] else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})


# %% wrong="both-sides-at-home-too" task="truth-table" says=["which kinds of policy can grant"]
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said:
        return "explicit"
    if "silent" in said[2:]:
        return "implicit"
    return "allowed" if said[:2] == ["allow", "allow"] else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})


# %% wrong="the-resource-outvotes" task="truth-table" says=["outvote"]
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


# %% wrong="no-is-no" task="truth-table" says=["rows hold"]
def verdict(row):
    said = [row[layer] for layer in ("identity", "resource", "boundary", "scp", "session")]
    if "deny" in said or "silent" in said[2:]:
        return "explicit"
    identity, resource = row["identity"] == "allow", row["resource"] == "allow"
    granted = identity or resource if row["account"] == "same" else identity and resource
    return "allowed" if granted else "implicit"


answer("table", {name: verdict(row) for name, row in brief.table.items()})

# %% wrong="fifteen-rows" task="truth-table" says=["no verdict for"]
table = dict.fromkeys(list(brief.table)[:15], "implicit")
answer("table", table)

# %% wrong="a-guess" task="truth-table" says=["rows hold"]
answer("table", dict.fromkeys(brief.table, "allowed"))

# %% wrong="profile-not-attached" task="no-long-keys" says=["has no instance profile"]
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

# %% wrong="an-empty-profile" task="no-long-keys" says=["holds no role"]
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

# %% wrong="execution-role-instead" task="no-long-keys" says=["has no task role"]
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

# %% wrong="trusts-ecs-itself" task="no-long-keys" says=["cannot take it on"]
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

# %% wrong="trusts-the-wrong-compute" task="no-long-keys" says=["cannot take it on"]
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

# %% wrong="key-switched-off" task="no-long-keys" says=["Inactive"]
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

# %% wrong="key-kept-in-case" task="no-long-keys" says=["still has AKIA"]
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

# %% wrong="key-rotated" task="no-long-keys" says=["still has AKIA"]
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

# %% wrong="all-of-s3-read-only" task="no-long-keys" says=["Least privilege"]
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

# %% wrong="no-transcriber" task="no-long-keys" says=["no active task definition"]
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

# %% wrong="trusts-all-administrators" task="borrow-a-role" says=["Not only your user"] ref="L01-M4"
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

# %% wrong="trusts-everybody-with-a-condition" task="borrow-a-role" says=["Not only your user"] ref="L01-M6"
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

# %% wrong="an-hour-by-default" task="borrow-a-role" says=["3600 seconds"]
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

# %% wrong="reads-all-objects-of-all-buckets" task="borrow-a-role" says=["Least privilege"]
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role, PolicyName="read", PolicyDocument=document(allow("s3:GetObject", "*"))
)
role = f"arn:aws:iam::{ACCOUNT}:role/{brief.lawyer_role}"
keys = sts.assume_role(RoleArn=role, RoleSessionName="finance", DurationSeconds=900)["Credentials"]
lawyer = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
text = lawyer.client("s3").get_object(Bucket=brief.contracts, Key=brief.contract)["Body"].read().decode()
answer("fee", int(text.split("fee of ")[1].split()[0]))

# %% wrong="opens-the-bucket-instead" task="borrow-a-role" says=["allowed", "The Deny in the bucket's policy"]
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

# %% wrong="a-wrong-number" task="borrow-a-role" says=["another number"]
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

# %% wrong="assumed-and-never-used" task="borrow-a-role" says=["no successful GetObject"]
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

# %% wrong="never-assumed" task="borrow-a-role" says=["no successful AssumeRole"]
iam.create_role(RoleName=brief.lawyer_role, AssumeRolePolicyDocument=trusts({"AWS": ME["Arn"]}))
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)

# %% wrong="trusts-a-group" task="borrow-a-role" says=["cannot take it on"]
iam.create_group(GroupName="lawyers")
iam.create_role(
    RoleName=brief.lawyer_role,
    AssumeRolePolicyDocument=trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/lawyers-group"}),
)
iam.put_role_policy(
    RoleName=brief.lawyer_role,
    PolicyName="read",
    PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::{brief.contracts}/contracts/*")),
)

# %% wrong="anybodys-workflow" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="every-branch" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="every-repository" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="a-repository-whose-name-begins-so" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="pull-requests" task="ci-role" says=["cannot take it on"]
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

# %% wrong="pull-requests-as-well" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="no-audience" task="ci-role" says=["Not only a workflow"]
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

# %% wrong="if-there-is-a-subject" task="ci-role" says=["Not only a workflow"] ref="L01-M6"
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

# %% wrong="for-all-values" task="ci-role" says=["Not only a workflow"] ref="L01-M6"
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

# %% wrong="stars-in-string-equals" task="ci-role" says=["cannot take it on"]
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

# %% wrong="assumes-without-a-token" task="ci-role" says=["cannot take it on"]
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

# %% wrong="for-another-audience" task="ci-role" says=["made out to sts.amazonaws.com"]
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

# %% wrong="another-provider" task="ci-role" says=["does not know GitHub"]
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

# %% wrong="administrator-beside-it" task="less-than-admin" says=["iam:", "Least privilege"]
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

# %% wrong="power-user" task="less-than-admin" says=["Least privilege"]
for role in (brief.chart_role, brief.jingle_role):
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
here = f"{REGION}:{ACCOUNT}"
table = f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"
charts = f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"
tells = f"arn:aws:{brief.tells_with[:3]}:{here}:{brief.tells}"
for role in (brief.chart_role, brief.jingle_role):
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")

# %% wrong="whole-services" task="less-than-admin" says=["Least privilege"] ref="L01-M1"
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

# %% wrong="any-table" task="less-than-admin" says=["dynamodb:"]
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

# %% wrong="the-whole-archive" task="less-than-admin" says=["s3:PutObject"]
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

# %% wrong="all-in-one-statement" task="less-than-admin" says=["Least privilege"] ref="L01-M1"
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

# %% wrong="tells-nobody" task="less-than-admin" says=["cannot "]
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

# %% wrong="mute-jingle" task="less-than-admin" says=["cannot logs:", "nobody can read why"]
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

# %% wrong="all-of-the-logs" task="less-than-admin" says=["logs:"]
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

# %% wrong="denied-instead-of-taken-away" task="less-than-admin" says=["Least privilege"]
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
