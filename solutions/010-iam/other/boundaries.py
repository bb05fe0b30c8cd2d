# Ceilings instead of narrower grants: what may be done at most is written once, as a permissions boundary.

# %% task="own-folder"
bucket, own = f"arn:aws:s3:::{brief.archive}", brief.folders + "${aws:username}/*"
iam.put_group_policy(
    GroupName="presenters",
    PolicyName="the-archive",
    PolicyDocument=document(
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], [bucket, f"{bucket}/*"])
    ),
)
ceiling = iam.create_policy(
    PolicyName="own-folder-at-most",
    PolicyDocument=document(
        allow("s3:*", f"{bucket}/{own}"),
        allow("s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": own}}),
    ),
)["Policy"]["Arn"]
for name in brief.presenters:
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=ceiling)

# %% task="no-deletes"
ceiling = iam.create_policy(
    PolicyName="everything-but-deleting",
    PolicyDocument=document({"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}),
)["Policy"]["Arn"]
iam.put_role_permissions_boundary(RoleName=brief.editors_role, PermissionsBoundary=ceiling)
