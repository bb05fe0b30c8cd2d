# Other right answers: a secret of one's own beside IAM authentication, a restore by a snapshot,
# a host's address, counting by hand.

# %% task="database"
# A password of Secrets Manager's making, kept in a secret of one's own; IAM authentication beside it.
made = secrets.get_random_password(PasswordLength=24, ExcludeCharacters="/@\"' \\")["RandomPassword"]
secrets.create_secret(
    Name=f"portal/{brief.database}", SecretString=json.dumps({"username": brief.master, "password": made})
)
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.m6g.large",
    AllocatedStorage=50,
    StorageType="gp3",
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    MasterUserPassword=made,
    EnableIAMDatabaseAuthentication=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    BackupRetentionPeriod=35,
    DeletionProtection=True,
    DBSubnetGroupName=brief.group,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.database)

# %% task="settings"
mine = database(brief.database)
own = secrets.describe_secret(SecretId=f"portal/{brief.database}")["ARN"]
settings = {
    "sslmode": "verify-full",
    "dbname": "appointments",
    "secret": own,
    "host": mine["Endpoint"]["Address"],
    "port": str(mine["Endpoint"]["Port"]),
}
ssm.put_parameter(Name=brief.setting, Type="SecureString", Value=json.dumps(settings), Overwrite=True)

# %% task="restore"
# The snapshot is of the restored moment: taken from a restore to BEFORE, kept for the auditors, restored again.
door = [one["VpcSecurityGroupId"] for one in database(brief.database)["VpcSecurityGroups"]]
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=f"{brief.database}-look",
    RestoreTime=BEFORE,
    DBSubnetGroupName=brief.group,
    PubliclyAccessible=False,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=f"{brief.database}-look")
rds.create_db_snapshot(
    DBInstanceIdentifier=f"{brief.database}-look", DBSnapshotIdentifier=f"{brief.database}-before"
)
rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier=f"{brief.database}-before")
rds.restore_db_instance_from_db_snapshot(
    DBInstanceIdentifier=brief.restored,
    DBSnapshotIdentifier=f"{brief.database}-before",
    DBSubnetGroupName=brief.group,
    Port=brief.port,
    MultiAZ=True,
    PubliclyAccessible=False,
    VpcSecurityGroupIds=door,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.restored,
    MultiAZ=True,
    VpcSecurityGroupIds=door,
    BackupRetentionPeriod=max(brief.retention, 14),
    ApplyImmediately=True,
)
rds.delete_db_instance(DBInstanceIdentifier=f"{brief.database}-look", SkipFinalSnapshot=True)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% task="forms"
# A new group in place of the old one, with the app machine's own address in its one rule.
shut = ec2.create_security_group(
    GroupName="forms-app-only", Description="the address of the app", VpcId=PORTAL
)
one_host = {
    "IpProtocol": "tcp",
    "FromPort": brief.port,
    "ToPort": brief.port,
    "IpRanges": [{"CidrIp": f"{brief.hosts.app}/32"}],
}
ec2.authorize_security_group_ingress(GroupId=shut["GroupId"], IpPermissions=[one_host])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old,
    VpcSecurityGroupIds=[shut["GroupId"]],
    PubliclyAccessible=False,
    BackupRetentionPeriod=35,
    DeletionProtection=True,
    ApplyImmediately=True,
)

# %% task="quorum"
# Counted by hand, without the model.
from itertools import combinations

names = [f"{zone}{number}" for zone in "abc" for number in (1, 2)]


def what_is_left(lost):
    gone = {name for name in names for word in lost.split() if word in (name, name[0])}
    there = len(names) - len(gone)
    return "write" if there >= 4 else "read" if there >= 3 else "none"


every = [what_is_left(" ".join(gone)) for many in range(7) for gone in combinations(names, many)]
plan = dict(brief.design)
copies = plan["per_zone"] * plan["zones"]


def with_left(there):
    if there >= max(plan["write"], plan["read"]):
        return "write"
    return "read" if there >= plan["read"] else "none"


answer(
    "quorum",
    {
        "losses": {loss: what_is_left(loss) for loss in brief.losses},
        **{word: every.count(word) for word in ("write", "read", "none")},
        "design": {
            "sound": plan["read"] + plan["write"] > copies and 2 * plan["write"] > copies,
            "zone": with_left(copies - plan["per_zone"]),
            "zone_and_one": with_left(copies - plan["per_zone"] - 1),
        },
    },
)

# %% task="bill"
from cloudlings.cost.databases import database_bill

size, extra = (brief.bill.kind, brief.bill.gb), brief.bill.backup_gb
answer(
    "bill",
    {
        "single": round(database_bill(*size, extra_backup_gb=extra).usd, 2),
        "multi_az": round(database_bill(*size, multi_az=True, extra_backup_gb=extra).usd, 2),
        "with_replica": round(database_bill(*size, replicas=1, extra_backup_gb=extra).usd, 2),
        "choose": "replica" if brief.bill.need.startswith("reports") else "multi_az",
    },
)
