# Near-misses of 080-rds: each loses the tasks that it names, and is told why. One trial is one person's hand-in,
# with a slip in several tasks.

# %% wrong="a-drawing-and-a-guess" task="home" says=["is private", "by its routes"] also=["database", "world"] ref="L08-T1"
# The slip: the name says data.
rds.create_db_subnet_group(
    DBSubnetGroupName=brief.group,
    DBSubnetGroupDescription="all that are called data",
    SubnetIds=[subnet(block) for block in brief.subnets["data"]],
)

# %% wrong="a-drawing-and-a-guess" task="settings" says=["verify-full", "answer in its place"]
# The slip: sslmode require.
mine = database(brief.database)
settings = {
    "host": mine["Endpoint"]["Address"],
    "port": mine["Endpoint"]["Port"],
    "dbname": "appointments",
    "sslmode": "require",
    "secret": mine["MasterUserSecret"]["SecretArn"],
}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="a-drawing-and-a-guess" task="failover" says=["no failover"] ref="L08-T6"
# The slip: plain reboot.
prediction = {
    "endpoint": "same",
    "zone": "changes",
    "connections": "cut",
    "standby_reads": False,
    "committed_rows_lost": 0,
}
answer("failover", prediction)
rds.reboot_db_instance(DBInstanceIdentifier=brief.database)

# %% wrong="a-drawing-and-a-guess" task="restore" says=["nobody asks"]
# The slip: the settings lead to the old one.
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)

# %% wrong="a-drawing-and-a-guess" task="study" says=["no CreateDBInstanceReadReplica"]
# The slip: a restore in place of a replica.
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.restored,
    TargetDBInstanceIdentifier=brief.study,
    UseLatestRestorableTime=True,
    PubliclyAccessible=False,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.study)

# %% wrong="a-drawing-and-a-guess" task="forms" says=["mailer"]
# The slip: private but open inside.
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old,
    PubliclyAccessible=False,
    BackupRetentionPeriod=7,
    DeletionProtection=True,
    ApplyImmediately=True,
)


# %% wrong="a-drawing-and-a-guess" task="registry" says=["1 instance", "reader"]
# The slip: one instance.
def register_password():
    safe = boto3.client("secretsmanager", region_name="us-east-1")
    password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
    login = {"username": brief.master, "password": password}
    safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
    return password


virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=register_password(),
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
virginia.create_db_instance(
    DBInstanceIdentifier=f"{brief.registry['cluster']}-a",
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    DBInstanceClass="db.serverless",
    AvailabilityZone="us-east-1a",
)

# %% wrong="a-drawing-and-a-guess" task="quorum" says=["losses are told", "two zones"]
# The slip: two zones may fail.
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one

# The myth: as long as a copy is left, it reads.
design = Quorum(**brief.design)
answer(
    "quorum",
    {
        "losses": {
            loss: "write" if left_with(AURORA, loss.split()) == "write" else "read" for loss in brief.losses
        }
        | {brief.losses[0]: "read" if left_with(AURORA, brief.losses[0].split()) != "read" else "none"},
        **counts(AURORA),
        "design": {
            "sound": design.sound,
            "zone": survives_zone(design),
            "zone_and_one": survives_zone_and_one(design),
        },
    },
)

# %% wrong="a-drawing-and-a-guess" task="choice" says=["One that does not"]
# The slip: everything in one.
rate = brief.cache_ms / brief.database_ms
answer(
    "choice",
    {
        "stores": dict.fromkeys(brief.cases, "rds"),
        "break_even": rate,
        "cache": brief.hit_rate >= rate,
    },
)

# %% wrong="a-drawing-and-a-guess" task="bill" says=["multi_az", "too little"]
# The slip: standby for free.
prices, sums = price_table(), brief.bill
one_machine = 730 * prices[f"rds.postgres.{sums['kind']}"].usd + sums["gb"] * prices["rds.storage.gp3"].usd
beyond = sums["backup_gb"] * prices["rds.backup.gb_month"].usd
answer(
    "bill",
    {
        "single": one_machine + beyond,
        "multi_az": one_machine + beyond,
        "with_replica": 2 * one_machine + beyond,
        "choose": "replica" if "reports" in sums["need"] else "multi_az",
    },
)

# %% wrong="as-on-the-web" task="home" says=["is public"] also=["database", "world"]
# The slip: public subnets.
rds.create_db_subnet_group(
    DBSubnetGroupName=brief.group,
    DBSubnetGroupDescription="the web tier",
    SubnetIds=[subnet(block) for block in brief.subnets["web"]],
)

# %% wrong="as-on-the-web" task="settings" says=["leads to", "read from RDS"]
# The slip: endpoint typed.
settings = {
    "host": f"{brief.database}.eu-west-1.rds.amazonaws.com",
    "port": brief.port,
    "dbname": "appointments",
    "sslmode": "verify-full",
    "secret": database(brief.database)["MasterUserSecret"]["SecretArn"],
}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="as-on-the-web" task="failover" says=["standby_reads"]
# The slip: reports on the standby.
prediction = {
    "endpoint": "same",
    "zone": "changes",
    "connections": "cut",
    "standby_reads": True,
    "committed_rows_lost": 0,
}
answer("failover", prediction)
rds.reboot_db_instance(DBInstanceIdentifier=brief.database, ForceFailover=True)

# %% wrong="as-on-the-web" task="restore" says=["a moment too late"]
# The slip: the latest moment, in which the mistake is.
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    UseLatestRestorableTime=True,
    MultiAZ=True,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)

# %% wrong="as-on-the-web" task="study" says=["still follows"]
# The slip: replica left a replica.
rds.create_db_instance_read_replica(
    DBInstanceIdentifier=brief.study, SourceDBInstanceIdentifier=brief.restored
)

# %% wrong="as-on-the-web" task="forms" says=["do not open any more"]
# The slip: shut for everybody.
worn = database(brief.old)["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
(rules,) = ec2.describe_security_groups(GroupIds=[worn])["SecurityGroups"]
ec2.revoke_security_group_ingress(GroupId=worn, IpPermissions=rules["IpPermissions"])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old,
    PubliclyAccessible=False,
    BackupRetentionPeriod=7,
    DeletionProtection=True,
    ApplyImmediately=True,
)


# %% wrong="as-on-the-web" task="registry" says=["of a fixed size"]
# The slip: fixed size.
def register_password():
    safe = boto3.client("secretsmanager", region_name="us-east-1")
    password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
    login = {"username": brief.master, "password": password}
    safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
    return password


virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=register_password(),
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in ("a", "b"):
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-postgresql",
        DBInstanceClass="db.r6g.large",
        AvailabilityZone=f"us-east-1{zone}",
    )

# %% wrong="as-on-the-web" task="quorum" says=["64 sets"]
# The slip: majority of six.
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one

# Writes by half of the copies: three of six.
design = Quorum(**brief.design)
answer(
    "quorum",
    {
        "losses": {loss: left_with(AURORA, loss.split()) for loss in brief.losses},
        **counts(Quorum(2, 3, 3, 3)),
        "design": {
            "sound": design.sound,
            "zone": survives_zone(design),
            "zone_and_one": survives_zone_and_one(design),
        },
    },
)

# %% wrong="as-on-the-web" task="choice" says=["break-even hit rate", "on top of it"]
# The slip: miss costs the database alone.
from cloudlings.grading.store_cases import asked
from cloudlings.models.stores import choose

answer(
    "choice",
    {
        "stores": {case: choose(asked(case)).store for case in brief.cases},
        "break_even": 0.0,
        "cache": True,
    },
)

# %% wrong="as-on-the-web" task="bill" says=["multi_az", "too little"]
# The slip: one disk for two.
prices, sums = price_table(), brief.bill
machine_hours = 730 * prices[f"rds.postgres.{sums['kind']}"].usd
disk = sums["gb"] * prices["rds.storage.gp3"].usd
beyond = sums["backup_gb"] * prices["rds.backup.gb_month"].usd
answer(
    "bill",
    {
        "single": machine_hours + disk + beyond,
        "multi_az": 2 * machine_hours + disk + beyond,
        "with_replica": 2 * (machine_hours + disk) + beyond,
        "choose": "replica" if "reports" in sums["need"] else "multi_az",
    },
)

# %% wrong="single-subnet" task="home" says=["refused", "two zones"] also=["database", "door", "settings", "failover", "restore", "study", "world"] ref="L08-M6"
rds.create_db_subnet_group(
    DBSubnetGroupName=brief.group,
    DBSubnetGroupDescription="one is enough",
    SubnetIds=[subnet(brief.subnets["data"][0])],
)

# %% wrong="single-subnet" task="registry" says=["refused"] also=["world"] ref="L08-M8"
# The slip: engine mode serverless.
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    EngineMode="serverless",
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    StorageEncrypted=True,
)

# %% wrong="single-subnet" task="bill" says=["the need is"]
# The slip: the other need.
prices, sums = price_table(), brief.bill
one_machine = 730 * prices[f"rds.postgres.{sums['kind']}"].usd + sums["gb"] * prices["rds.storage.gp3"].usd
beyond = sums["backup_gb"] * prices["rds.backup.gb_month"].usd
answer(
    "bill",
    {
        "single": one_machine + beyond,
        "multi_az": 2 * one_machine + beyond,
        "with_replica": 2 * one_machine + beyond,
        "choose": "multi_az" if "reports" in sums["need"] else "replica",
    },
)

# %% wrong="single-subnet" task="forms" says=["is not there any more"]
# The slip: nobody knew what it was for.
rds.delete_db_instance(DBInstanceIdentifier=brief.old, SkipFinalSnapshot=True)

# %% wrong="password-in-the-command" task="database" says=["was typed"] also=["restore", "study"]
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    MasterUserPassword="Hunter2-Hunter2",
    EnableIAMDatabaseAuthentication=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)

# %% wrong="password-in-the-command" task="settings" says=["in clear"]
# The slip: the password goes where the address goes.
mine = database(brief.database)
settings = {
    "host": mine["Endpoint"]["Address"],
    "port": mine["Endpoint"]["Port"],
    "dbname": "appointments",
    "sslmode": "verify-full",
    "user": brief.master,
    "password": "Hunter2-Hunter2",
}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="password-in-the-command" task="forms" says=["both carry"]
# The slip: one group for all.
shared = [one["VpcSecurityGroupId"] for one in database(brief.database)["VpcSecurityGroups"]]
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old,
    VpcSecurityGroupIds=shared,
    PubliclyAccessible=False,
    BackupRetentionPeriod=7,
    DeletionProtection=True,
    ApplyImmediately=True,
)

# %% wrong="password-in-the-command" task="world" says=["is not among them", "by its ARN"]
# The slip: a world without a source.
virginia.create_global_cluster(
    GlobalClusterIdentifier=brief.registry["world"], Engine="aurora-postgresql", EngineVersion="16.6"
)
rds.create_db_cluster(
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    EngineVersion="16.6",
    GlobalClusterIdentifier=brief.registry["world"],
    DBSubnetGroupName=brief.group,
)

# %% wrong="password-in-the-command" task="failover" says=["says nothing of", "committed_rows_lost"]
# The slip: four of five.
answer("failover", {"endpoint": "same", "zone": "changes", "connections": "cut", "standby_reads": False})
rds.reboot_db_instance(DBInstanceIdentifier=brief.database, ForceFailover=True)

# %% wrong="password-in-the-command" task="registry" says=["is aurora-mysql", "engine mode"]
# The slip: the engine of another program.
safe = boto3.client("secretsmanager", region_name="us-east-1")
password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
login = {"username": brief.master, "password": password}
safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-mysql",
    MasterUsername=brief.master,
    MasterUserPassword=password,
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in "ab":
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
        PubliclyAccessible=False,
    )

# %% wrong="password-in-the-command" task="choice" says=["names no store for"]
# The slip: a store by its product's name.
answer("choice", {"stores": dict.fromkeys(brief.cases, "PostgreSQL"), "break_even": 0.5, "cache": True})

# %% wrong="publicly-accessible" task="database" says=["PubliclyAccessible true"] ref="L08-M4"
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=True,
    DBSubnetGroupName=brief.group,
)

# %% wrong="publicly-accessible" task="settings" says=["in clear"]
# The slip: the password is in an address, beside the secret.
mine = database(brief.database)
login = master(brief.database)
settings = {
    "host": mine["Endpoint"]["Address"],
    "port": mine["Endpoint"]["Port"],
    "dbname": "appointments",
    "sslmode": "verify-full",
    "secret": mine["MasterUserSecret"]["SecretArn"],
    "url": f"postgresql://{login['user']}:{login['password']}@{mine['Endpoint']['Address']}/appointments",
}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="publicly-accessible" task="restore" says=["for 1 day;"]
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="publicly-accessible" task="world" says=["has no instance"]
# The slip: headless.
(cluster,) = virginia.describe_db_clusters(DBClusterIdentifier=brief.registry["cluster"])["DBClusters"]
virginia.create_global_cluster(
    GlobalClusterIdentifier=brief.registry["world"], SourceDBClusterIdentifier=cluster["DBClusterArn"]
)
rds.create_db_cluster(
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    EngineVersion="16.6",
    GlobalClusterIdentifier=brief.registry["world"],
    DBSubnetGroupName=brief.group,
    StorageEncrypted=True,
)

# %% wrong="publicly-accessible" task="failover" says=["says nothing of"]
# The slip: the drill without a prediction.
rds.reboot_db_instance(DBInstanceIdentifier=brief.database, ForceFailover=True)

# %% wrong="publicly-accessible" task="forms" says=["automated backups for 0 days"]
# The slip: shut, and without a backup as before.
worn = database(brief.old)["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
(rules,) = ec2.describe_security_groups(GroupIds=[worn])["SecurityGroups"]
ec2.revoke_security_group_ingress(GroupId=worn, IpPermissions=rules["IpPermissions"])
app_only = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
app_only["UserIdGroupPairs"] = [{"GroupId": group_id("portal-app")}]
ec2.authorize_security_group_ingress(GroupId=worn, IpPermissions=[app_only])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old, PubliclyAccessible=False, DeletionProtection=True, ApplyImmediately=True
)

# %% wrong="publicly-accessible" task="quorum" says=["colleague's design"]
# The slip: every design with a quorum is a sound one.
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one

design = Quorum(**brief.design)
about = {"sound": not design.sound, "zone": survives_zone(design)}
about["zone_and_one"] = survives_zone_and_one(design)
losses = {loss: left_with(AURORA, loss.split()) for loss in brief.losses}
answer("quorum", {"losses": losses, **counts(AURORA), "design": about})

# %% wrong="publicly-accessible" task="choice" says=["contradicts its own sum"]
# The slip: the sum is right, and not believed.
from cloudlings.grading.store_cases import asked
from cloudlings.models.stores import break_even, choose

even = break_even(brief.cache_ms, brief.database_ms)
stores = {case: choose(asked(case)).store for case in brief.cases}
answer("choice", {"stores": stores, "break_even": even, "cache": brief.hit_rate < even})

# %% wrong="replica-as-standby" task="database" says=["asynchronous", "one zone"] also=["failover", "settings"] ref="L08-M1"
made = secrets.get_random_password(PasswordLength=24, ExcludePunctuation=True)["RandomPassword"]
secrets.create_secret(
    Name=f"portal/{brief.database}", SecretString=json.dumps({"username": brief.master, "password": made})
)
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    MasterUserPassword=made,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.database)
rds.create_db_instance_read_replica(
    DBInstanceIdentifier=f"{brief.database}-standby", SourceDBInstanceIdentifier=brief.database
)

# %% wrong="replica-as-standby" task="door" says=["mailer", "whoever lives there"]
# The slip: range of the app tier.
door = ec2.create_security_group(GroupName="appointments", Description="by range", VpcId=PORTAL)
tier = [{"CidrIp": block} for block in brief.subnets["app"]]
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port, "IpRanges": tier}
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[rule])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, VpcSecurityGroupIds=[door["GroupId"]], ApplyImmediately=True
)

# %% wrong="replica-as-standby" task="world" says=["a cluster of its own"]
# The slip: a cluster of its own.
(cluster,) = virginia.describe_db_clusters(DBClusterIdentifier=brief.registry["cluster"])["DBClusters"]
virginia.create_global_cluster(
    GlobalClusterIdentifier=brief.registry["world"], SourceDBClusterIdentifier=cluster["DBClusterArn"]
)
rds.create_db_cluster(
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    DBSubnetGroupName=brief.group,
)

# %% wrong="replica-as-standby" task="restore" says=["runs in one zone"]
# The slip: a restore as it is.
source = database(brief.database)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=False,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
    VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in source["VpcSecurityGroups"]],
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.restored, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="replica-as-standby" task="forms" says=["PubliclyAccessible true"]
# The slip: the rule only.
worn = database(brief.old)["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
(rules,) = ec2.describe_security_groups(GroupIds=[worn])["SecurityGroups"]
ec2.revoke_security_group_ingress(GroupId=worn, IpPermissions=rules["IpPermissions"])
app_only = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
app_only["UserIdGroupPairs"] = [{"GroupId": group_id("portal-app")}]
ec2.authorize_security_group_ingress(GroupId=worn, IpPermissions=[app_only])

# %% wrong="replica-as-standby" task="registry" says=["1 instance"]
# The slip: the second instance belongs to no cluster.
safe = boto3.client("secretsmanager", region_name="us-east-1")
password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
login = {"username": brief.master, "password": password}
safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=password,
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in "a":
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
        PubliclyAccessible=False,
    )
virginia.create_db_instance(
    DBInstanceIdentifier=f"{brief.registry['cluster']}-b",
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    AvailabilityZone="us-east-1b",
)

# %% wrong="replica-as-standby" task="choice" says=["break-even hit rate of '"]
# The slip: a rate in words.
from cloudlings.grading.store_cases import asked
from cloudlings.models.stores import break_even, choose

even = break_even(brief.cache_ms, brief.database_ms)
stores = {case: choose(asked(case)).store for case in brief.cases}
answer("choice", {"stores": stores, "break_even": f"{even:.0%}", "cache": brief.hit_rate >= even})

# %% wrong="unencrypted" task="database" says=["StorageEncrypted false"] also=["restore"]
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)

# %% wrong="unencrypted" task="door" says=["other ports"] also=["restore"]
# The slip: all ports.
door = ec2.create_security_group(GroupName="appointments", Description="every port", VpcId=PORTAL)
every = {
    "IpProtocol": "tcp",
    "FromPort": 0,
    "ToPort": 65535,
    "UserIdGroupPairs": [{"GroupId": group_id("portal-app")}],
}
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[every])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, VpcSecurityGroupIds=[door["GroupId"]], ApplyImmediately=True
)


# %% wrong="unencrypted" task="registry" says=["ACUs"]
# The slip: the other least capacity.
def register_password():
    safe = boto3.client("secretsmanager", region_name="us-east-1")
    password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
    login = {"username": brief.master, "password": password}
    safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
    return password


virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=register_password(),
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": 0.5 if brief.registry["may_sleep"] else 0,
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in ("a", "b"):
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
    )

# %% wrong="unencrypted" task="forms" says=["DeletionProtection false"]
# The slip: shut and kept, and one call away from its end.
worn = database(brief.old)["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
(rules,) = ec2.describe_security_groups(GroupIds=[worn])["SecurityGroups"]
ec2.revoke_security_group_ingress(GroupId=worn, IpPermissions=rules["IpPermissions"])
app_only = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
app_only["UserIdGroupPairs"] = [{"GroupId": group_id("portal-app")}]
ec2.authorize_security_group_ingress(GroupId=worn, IpPermissions=[app_only])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old, PubliclyAccessible=False, BackupRetentionPeriod=7, ApplyImmediately=True
)

# %% wrong="restore-over-the-same-id" task="settings" says=["no login to"]
# The slip: a secret of one's own, in which another password stands.
own = json.dumps({"username": brief.master, "password": "not-the-one-that-RDS-made"})
arn = secrets.create_secret(Name="portal-login", SecretString=own)["ARN"]
mine = database(brief.database)
settings = {
    "host": mine["Endpoint"]["Address"],
    "port": mine["Endpoint"]["Port"],
    "dbname": "appointments",
    "sslmode": "verify-full",
    "secret": arn,
}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="restore-over-the-same-id" task="door" says=["default group"] also=["restore"]
# The slip: group made not worn.
door = ec2.create_security_group(GroupName="appointments", Description="on no database", VpcId=PORTAL)
rule = {
    "IpProtocol": "tcp",
    "FromPort": brief.port,
    "ToPort": brief.port,
    "UserIdGroupPairs": [{"GroupId": group_id("portal-app")}],
}
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[rule])

# %% wrong="restore-over-the-same-id" task="restore" says=["always makes a new instance"] also=["study"] ref="L08-M2"
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.database,
    RestoreTime=BEFORE,
)

# %% wrong="restore-over-the-same-id" task="database" says=["on port"]
# The slip: a port beside the agreed one.
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port + 1,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)

# %% wrong="restore-over-the-same-id" task="registry" says=["StorageEncrypted false", "kept in clear"]
# The slip: in clear.
safe = boto3.client("secretsmanager", region_name="us-east-1")
password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
login = {"username": brief.master, "password": password}
safe.create_secret(Name=brief.registry["cluster"], SecretString=json.dumps(login))
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=password,
    StorageEncrypted=False,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in "ab":
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
        PubliclyAccessible=False,
    )

# %% wrong="default-subnet-group" task="database" says=["default"] also=["door"]
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    DBName="appointments",
    Port=brief.port,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
)

# %% wrong="default-subnet-group" task="restore" says=["PubliclyAccessible true"]
# The slip: a public address, to look at it from home.
source = database(brief.database)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
    PubliclyAccessible=True,
    DBSubnetGroupName=brief.group,
    VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in source["VpcSecurityGroups"]],
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.restored, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)

# %% wrong="default-subnet-group" task="forms" says=["PubliclyAccessible true"]
# The slip: protected, and as open as before.
rds.modify_db_instance(DBInstanceIdentifier=brief.old, DeletionProtection=True, ApplyImmediately=True)

# %% wrong="default-subnet-group" task="registry" says=["was typed"]
# The slip: the password is in a variable, and in no secret.
safe = boto3.client("secretsmanager", region_name="us-east-1")
password = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)["RandomPassword"]
login = {"username": brief.master, "password": password}
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    MasterUsername=brief.master,
    MasterUserPassword=password,
    StorageEncrypted=True,
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
for zone in "ab":
    virginia.create_db_instance(
        DBInstanceIdentifier=f"{brief.registry['cluster']}-{zone}",
        DBClusterIdentifier=brief.registry["cluster"],
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
        PubliclyAccessible=False,
    )

# %% wrong="half-restored" task="door" says=["those of others, portal-app"]
# It carries what the app carries, and they let each other in.
ours = group_id("portal-app")
ec2.authorize_security_group_ingress(GroupId=ours, IpPermissions=[from_group(ours)])
rds.modify_db_instance(DBInstanceIdentifier=brief.database, VpcSecurityGroupIds=[ours], ApplyImmediately=True)

# %% wrong="half-restored" task="restore" says=["automated backups for 1 day"]
# The slip: the old one keeps its backups longer from now on; the new one as long as the old one did.
source = database(brief.database)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
    VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in source["VpcSecurityGroups"]],
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)

# %% wrong="half-restored" task="study" says=["PubliclyAccessible true"]
# The slip: the researchers come from their homes.
rds.create_db_instance_read_replica(
    DBInstanceIdentifier=brief.study, SourceDBInstanceIdentifier=brief.restored, PubliclyAccessible=True
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.study)
rds.promote_read_replica(DBInstanceIdentifier=brief.study, BackupRetentionPeriod=7)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.study)

# %% wrong="half-restored" task="world" says=["PubliclyAccessible true"]
# The slip: readers from everywhere.
(cluster,) = virginia.describe_db_clusters(DBClusterIdentifier=brief.registry["cluster"])["DBClusters"]
virginia.create_global_cluster(
    GlobalClusterIdentifier=brief.registry["world"], SourceDBClusterIdentifier=cluster["DBClusterArn"]
)
rds.create_db_cluster(
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    EngineVersion="16.6",
    GlobalClusterIdentifier=brief.registry["world"],
    DBSubnetGroupName=brief.group,
    StorageEncrypted=True,
    KmsKeyId="alias/aws/rds",
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
rds.create_db_instance(
    DBInstanceIdentifier=f"{brief.registry['secondary']}-1",
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    DBInstanceClass="db.serverless",
    PubliclyAccessible=True,
)

# %% wrong="old-one-gone" task="restore" says=["is gone, and no snapshot"] also=["study"]
# The slip: the old database costs money, so it goes.
source = database(brief.database)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
    VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in source["VpcSecurityGroups"]],
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.restored, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
settings = json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])
place = database(brief.restored)["Endpoint"]
settings |= {"host": place["Address"], "port": place["Port"]}
ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)
rds.delete_db_instance(DBInstanceIdentifier=brief.database, SkipFinalSnapshot=True)

# %% wrong="old-one-gone" task="world" says=["stands in the subnet group", "public subnets"]
# The slip: no subnet group is named.
(cluster,) = virginia.describe_db_clusters(DBClusterIdentifier=brief.registry["cluster"])["DBClusters"]
virginia.create_global_cluster(
    GlobalClusterIdentifier=brief.registry["world"], SourceDBClusterIdentifier=cluster["DBClusterArn"]
)
rds.create_db_cluster(
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    EngineVersion="16.6",
    GlobalClusterIdentifier=brief.registry["world"],
    StorageEncrypted=True,
    KmsKeyId="alias/aws/rds",
    ServerlessV2ScalingConfiguration={
        "MinCapacity": brief.registry["min_acu"],
        "MaxCapacity": brief.registry["max_acu"],
    },
)
rds.create_db_instance(
    DBInstanceIdentifier=f"{brief.registry['secondary']}-1",
    DBClusterIdentifier=brief.registry["secondary"],
    Engine="aurora-postgresql",
    DBInstanceClass="db.serverless",
    PubliclyAccessible=False,
)

# %% wrong="neighbours-let-in" task="door" says=["mailer", "whoever lives there"] also=["restore"]
# The slip: the app's subnet as the source, and the mailer lives there.
door = ec2.create_security_group(GroupName="appointments", Description="the subnet of the app", VpcId=PORTAL)
rule = {"IpProtocol": "tcp", "FromPort": brief.port, "ToPort": brief.port}
rule["IpRanges"] = [{"CidrIp": block} for block in brief.subnets["app"]]
ec2.authorize_security_group_ingress(GroupId=door["GroupId"], IpPermissions=[rule])
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, VpcSecurityGroupIds=[door["GroupId"]], ApplyImmediately=True
)

# %% wrong="neighbours-let-in" task="settings" says=["has dbname 'postgres'"]
# The slip: the database that every PostgreSQL has, and in which no appointment is.
mine = database(brief.database)
save_settings(
    host=mine["Endpoint"]["Address"],
    port=mine["Endpoint"]["Port"],
    dbname="postgres",
    sslmode="verify-full",
    secret=mine["MasterUserSecret"]["SecretArn"],
)

# %% wrong="nothing-inside" task="database" says=["holds no database appointments", "no DBName"] also=["restore", "study"]
# The slip: an instance, and no database in it.
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    Port=brief.port,
    MasterUsername=brief.master,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)

# %% wrong="moved-without-its-secret" task="restore" says=["no login to", "no way in"]
# The slip: as for the first database, the secret that RDS manages; the restored one has none.
rds.modify_db_instance(
    DBInstanceIdentifier=brief.database, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
rds.restore_db_instance_to_point_in_time(
    SourceDBInstanceIdentifier=brief.database,
    TargetDBInstanceIdentifier=brief.restored,
    RestoreTime=BEFORE,
    MultiAZ=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
    VpcSecurityGroupIds=groups_of(brief.database),
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.restored)
rds.modify_db_instance(
    DBInstanceIdentifier=brief.restored, BackupRetentionPeriod=brief.retention, ApplyImmediately=True
)
managed = database(brief.restored).get("MasterUserSecret", {})
save_settings(**read_settings() | endpoint(brief.restored) | {"secret": managed.get("SecretArn", "")})

# %% wrong="moved-without-its-secret" task="study" says=["still follows"]
# The slip: a replica that nobody promotes.
rds.create_db_instance_read_replica(
    DBInstanceIdentifier=brief.study, SourceDBInstanceIdentifier=brief.restored
)
