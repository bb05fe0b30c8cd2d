# ---
# title: "RDS and Aurora: what the page must never lose"
# minutes: 90
# needs: [050-network-security]
# objectives:
#   - put a database where only the app can reach it, with a password that nobody types
#   - tell a standby, a read replica and a backup apart, by what each survives
#   - practise a failover before the night when it happens
#   - go back to the minute before a mistake, and move the program over
#   - repair circulated Aurora commands, and carry a cluster into a second Region
#   - choose a store by its access pattern, and say when a cache and a standby pay
# regions: [eu-west-1, us-east-1]
# ref: L08
# ---

# %% [markdown]
# <!-- covers: L08-01 -->
# ## Where Hazelmere's appointments live
#
# The portal's machines come and go; 40 clinics' appointments must stay. Until now a PostgreSQL ran on a machine of its own,
# and one person knew how to restore it. She retires in May.
#
# **Amazon RDS** runs a database for you: machine, disk, patches, backups and failover are AWS's; tables, users and queries are
# yours. Three kinds of copies keep it alive, and most mistakes mix them up:
#
# ![A standby takes over, a read replica answers reads, a backup goes back in time](img/copies.svg)
#
# | | standby (Multi-AZ) | read replica | backup |
# |---|---|---|---|
# | how far behind | not at all: every commit waits for it | a moment | to a point in time |
# | who reads it | nobody | your reports | nobody, until it is restored |
# | helps when | a zone or a machine fails | reads are too many | **somebody deleted it** |

# %%
import datetime as dt
import json
import time

import boto3
import psycopg

from cloudlings.network import kind, read_network

ec2, rds, ssm = boto3.client("ec2"), boto3.client("rds"), boto3.client("ssm")
secrets = boto3.client("secretsmanager")
virginia = boto3.client("rds", region_name="us-east-1")


# Helpers: a name and its first line are enough to read.
def where(name, value):
    """A filter for EC2's describe calls."""
    return [{"Name": name, "Values": [value]}]


PORTAL = ec2.describe_vpcs(Filters=where("cidr", brief.vpc_cidr))["Vpcs"][0]["VpcId"]


def subnet(block):
    """The id of the subnet with this range."""
    return ec2.describe_subnets(Filters=where("cidr-block", block))["Subnets"][0]["SubnetId"]


def group_id(name):
    """The id of the portal's security group of this name."""
    found = ec2.describe_security_groups(Filters=[*where("vpc-id", PORTAL), *where("group-name", name)])
    return found["SecurityGroups"][0]["GroupId"]


def machine(name):
    """The network interface of a machine of brief.hosts."""
    found = ec2.describe_network_interfaces(Filters=where("private-ip-address", brief.hosts[name]))
    return found["NetworkInterfaces"][0]["NetworkInterfaceId"]


def from_group(group, port=brief.port):
    """A rule, for IpPermissions: who carries a security group, given by its id, may call this port."""
    who = [{"GroupId": group}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": who}


def new_group(name):
    """Make a security group in the portal, without an inbound rule; its id, another time as well."""
    found = ec2.describe_security_groups(Filters=[*where("vpc-id", PORTAL), *where("group-name", name)])
    for one in found["SecurityGroups"]:
        return one["GroupId"]
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=PORTAL)["GroupId"]


def set_rule(group, rule):
    """Make this the one inbound rule of a security group: every other one goes."""
    (had,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    if had["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=had["IpPermissions"])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def instances(client=rds):
    """The DB instances, by name; who looks waits until they are ready."""
    return {one["DBInstanceIdentifier"]: one for one in client.describe_db_instances()["DBInstances"]}


def database(name, client=rds):
    """One DB instance as RDS describes it."""
    return client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def groups_of(name):
    """The ids of the security groups that a DB instance carries."""
    return [one["VpcSecurityGroupId"] for one in database(name)["VpcSecurityGroups"]]


def endpoint(name):
    """Host and port of a DB instance, as RDS tells them."""
    there = database(name)["Endpoint"]
    return {"host": there["Address"], "port": there["Port"]}


print("databases:", *instances())

# %%
draw(PORTAL)

# %% [markdown]
# <!-- covers: L08-10 -->
# One database is here already, `clinic-forms-…`: a contractor's, and you will come to it in task 8.
#
# ## Task 1: a home for databases
#
# RDS puts an instance into a **DB subnet group**: subnets of one VPC, in [at least two zones](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html), among which it chooses,
# today and at every failover. So each of them must be right. Three subnets of the portal are called *data*. Routes decide
# what a subnet is, not its name: look at the picture, or ask.

# %%
now = read_network(boto3.Session(), services=["ec2"])
for block in brief.subnets["data"]:
    (there,) = ec2.describe_subnets(Filters=where("cidr-block", block))["Subnets"]
    names = {tag["Key"]: tag["Value"] for tag in there["Tags"]}
    print(names["Name"], block, there["SubnetId"], there["AvailabilityZone"])

# %% [markdown]
# Make the subnet group `brief.group` of **isolated** subnets in two zones. `kind(now, subnet(block))` says what a subnet is.

# %% task="home"
### BEGIN SOLUTION
isolated = [subnet(block) for block in brief.subnets["data"] if kind(now, subnet(block)) == "isolated"]
rds.create_db_subnet_group(
    DBSubnetGroupName=brief.group, DBSubnetGroupDescription="the portal's databases", SubnetIds=isolated
)
### END SOLUTION

# %% [markdown]
# Try it with a single subnet, to see what RDS says:

# %%
try:
    rds.create_db_subnet_group(
        DBSubnetGroupName="lonely",
        DBSubnetGroupDescription="one zone",
        SubnetIds=[subnet(brief.subnets["data"][0])],
    )
except Exception as error:
    print(error)

# %% [markdown]
# <!-- covers: L08-02 L08-19 -->
# ## Task 2: the database
#
# RDS runs PostgreSQL, MySQL, MariaDB, SQL Server, Oracle and [Db2](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Welcome.html), and Aurora, AWS's own engine behind PostgreSQL's or
# MySQL's face. The portal speaks PostgreSQL. Make `brief.database`, in your subnet group:
#
# - **encrypted**, which is decided now or never; **not publicly accessible**, said in so many words;
# - with a **standby**. A myth: "RDS does Multi-AZ by default". [The API makes one zone](
#   https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html) unless it is asked for two;
# - with a password that **RDS makes and keeps** in Secrets Manager. `--master-password Hunter2` in a command stays in the
#   shell's history, in the chat, and in every copy of the command.
#
# `create_db_instance` has a parameter for each (`DBSubnetGroupName`, `StorageEncrypted`, `PubliclyAccessible`, `MultiAZ`,
# `ManageMasterUserPassword`). What needs no thought is in `PLAIN`: add `**PLAIN` to your call.

# %%
PLAIN = {
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.medium",
    "AllocatedStorage": 20,
    "StorageType": "gp3",
    "DBName": "appointments",  # a database in the instance
    "Port": brief.port,
    "MasterUsername": brief.master,
}

# %% task="database"
### BEGIN SOLUTION
rds.create_db_instance(
    DBInstanceIdentifier=brief.database,
    **PLAIN,
    ManageMasterUserPassword=True,
    MultiAZ=True,
    StorageEncrypted=True,
    PubliclyAccessible=False,
    DBSubnetGroupName=brief.group,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.database)
### END SOLUTION

# %%
for name, one in instances().items():
    print(name, one["Engine"], one["EngineVersion"], one["DBInstanceStatus"], one.get("Endpoint"))
    print("    zones:", one["AvailabilityZone"], one.get("SecondaryAvailabilityZone", "-"), end="  ")
    print("public:", one["PubliclyAccessible"], " encrypted:", one["StorageEncrypted"])

# %% [markdown]
# *Here*, the endpoint is an address of your own machine, with a real PostgreSQL behind it; on AWS it is a **name** such as
# `appointments.c9x….eu-west-1.rds.amazonaws.com`. Where this machine has no PostgreSQL, the cells with SQL say so, and
# everything else works.
#
# The old appointments move in. The auditors get a user who may look and not touch.


# %%
# The move, and two ways to ask: run it; the first lines are enough to read.
def master(name):
    """The master user's login, from the secret that RDS keeps, or from one of your own; {} where there is none."""
    mine = database(name)
    managed = mine.get("MasterUserSecret")
    arns = [managed["SecretArn"]] if managed else [one["ARN"] for one in secrets.list_secrets()["SecretList"]]
    for arn in arns:
        kept = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        if kept.get("username") == mine["MasterUsername"]:
            return {"user": kept["username"], "password": kept["password"]}
    return {}


def sql(name, statement, **login):
    """Ask a database of this Region, as the auditor unless another login is given."""
    there = database(name)["Endpoint"]
    login = login or {"user": "auditor", "password": brief.auditor_password}
    try:
        with psycopg.connect(
            host=there["Address"], port=there["Port"], dbname="appointments", sslmode="require", **login
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else cursor.statusmessage
    except psycopg.Error as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


FILL = f"""
create table if not exists appointments (id int primary key, clinic text, at timestamptz);
insert into appointments
  select n, (array{list(brief.clinics)}::text[])[n % {len(brief.clinics)} + 1], now() + n * interval '1 hour'
  from generate_series(1, {brief.rows}) n on conflict do nothing;
do $$ begin
  create role auditor login password '{brief.auditor_password}';
  grant select on appointments to auditor;
exception when duplicate_object then null; end $$;
"""
if brief.database in instances():
    print(sql(brief.database, FILL, **master(brief.database)))
    print(sql(brief.database, "select clinic, count(*) from appointments group by 1 order by 1"))

# %% [markdown]
# <!-- covers: L08-31 -->
# ## Task 3: one door
#
# Who reaches it? Be two machines of the same subnet, and a stranger. A myth about this: "an instance profile lets your app
# talk to RDS". It does not: [the way is the security group's, the login is the database's](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html). A role is for fetching the secret.

# %%
for source in ("internet", machine("mailer"), machine("app")):
    reach(source, brief.database, brief.port)

# %% [markdown]
# Without a word of yours it carries the VPC's default group, which lets in only those who carry the same. Give the database a
# group of its own that lets in the carriers of `portal-app`, on `brief.port`, and nobody else. A group for this database
# alone: a mistake in one database's rules must not open another. `new_group`, `set_rule`, `from_group` and `group_id` of the
# first cell make the group; `modify_db_instance` puts it on (`VpcSecurityGroupIds`, in place of those that it carries).

# %% task="door"
### BEGIN SOLUTION
door = new_group("appointments")
set_rule(door, from_group(group_id("portal-app")))
rds.modify_db_instance(DBInstanceIdentifier=brief.database, VpcSecurityGroupIds=[door], ApplyImmediately=True)
### END SOLUTION

# %%
reach(machine("app"), brief.database, brief.port)
reach(machine("mailer"), brief.database, brief.port)

# %% [markdown]
# <!-- covers: L08-03 L08-04 -->
# ## Task 4: settings without a password
#
# Any driver will do: psycopg, JDBC, Node's `pg` with a pool. It needs an endpoint and a login. The portal reads its settings,
# a JSON object, from the parameter `brief.setting`: `host` and `port` as **RDS tells them** (`endpoint` of the first cell), in
# `dbname` the database in the instance, `sslmode`, and in `secret` the ARN of the secret (`MasterUserSecret` of
# `database(…)` has it). No password anywhere.
#
# `sslmode`: *require* encrypts, whoever answers. [*verify-full*](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html) also asks the certificate for the
# name, so nobody can answer in the database's place: the portal wants that one. (*Here* the certificate is the sandbox's own, and
# verify-full fails; the settings are for AWS.)


# %%
def read_settings():
    """The portal's settings, as the parameter has them now."""
    return json.loads(ssm.get_parameter(Name=brief.setting, WithDecryption=True)["Parameter"]["Value"])


def save_settings(**settings):
    """Write settings into the parameter, in place of what was there."""
    ssm.put_parameter(Name=brief.setting, Type="String", Value=json.dumps(settings), Overwrite=True)


# %% task="settings"
### BEGIN SOLUTION
managed = database(brief.database).get("MasterUserSecret", {})
save_settings(
    **endpoint(brief.database),
    dbname="appointments",
    sslmode="verify-full",
    secret=managed.get("SecretArn", ""),
)
### END SOLUTION


# %%
def as_the_portal(statement):
    """Ask as the portal does: settings, then the secret, then the database. A pool would keep connections."""
    said = read_settings()
    login = json.loads(secrets.get_secret_value(SecretId=said["secret"])["SecretString"])
    place = f"host={said['host']} port={said['port']} dbname={said['dbname']} sslmode=require"
    with psycopg.connect(place, user=login["username"], password=login["password"]) as connection:
        return connection.execute(statement).fetchall()


try:
    print(as_the_portal("select count(*) from appointments"))
except Exception as error:
    print(error)

# %% [markdown]
# <!-- covers: L08-32 -->
# A thousand functions that each open a connection would drown it. [RDS Proxy](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html) keeps a pool for them and holds their
# connections through a failover. A myth: it rotates passwords. It **reads** them from Secrets Manager; rotation is Secrets
# Manager's.
#
# <!-- covers: L08-05 -->
# ## Task 5: a drill
#
# **Predict** what a failover does: fill in the cell, and hand it in before you try, `answer("failover", {…})`.
#
# Then do it: `reboot_db_instance` has a switch for a failover, and without it restarts the same machine. [On AWS it takes 60 to 120 seconds](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.Failover.html).

# %%
before = instances().get(brief.database, {})
print(before.get("AvailabilityZone"), before.get("Endpoint"))

# %% task="failover"
prediction = {
    "endpoint": "?",  # "same" or "changes"
    "zone": "?",  # of the primary: "same" or "changes"
    "connections": "?",  # those that are open: "kept" or "cut"
    "standby_reads": "?",  # can reports read from the standby, before it? True or False
    "committed_rows_lost": "?",  # how many rows that were committed are gone after it?
}
### BEGIN SOLUTION
prediction = {
    "endpoint": "same",
    "zone": "changes",
    "connections": "cut",
    "standby_reads": False,
    "committed_rows_lost": 0,
}
answer("failover", prediction)
rds.reboot_db_instance(DBInstanceIdentifier=brief.database, ForceFailover=True)
### END SOLUTION

# %%
after = instances().get(brief.database, {})
print(after.get("AvailabilityZone"), after.get("Endpoint"))
print(sql(brief.database, "select count(*) from appointments") if after else "")
for event in rds.describe_events(SourceType="db-instance", Duration=60)["Events"]:
    if event["SourceIdentifier"] == brief.database:
        print("   ", event["Message"])

# %% [markdown]
# <!-- covers: L08-08 L08-09 -->
# The name stayed, so nobody had to be told; the connections were cut, so programs must connect again by themselves.
#
# ## Task 6: the accident
#
# An update script, a forgotten line, and the appointments of one clinic are gone. Run it.

# %%
ACCIDENT = brief.setting + "-accident"
try:
    BEFORE = dt.datetime.fromisoformat(ssm.get_parameter(Name=ACCIDENT)["Parameter"]["Value"])
except ssm.exceptions.ParameterNotFound:
    BEFORE = dt.datetime.now(dt.UTC)
    if brief.database in instances():
        ssm.put_parameter(Name=ACCIDENT, Type="String", Value=BEFORE.isoformat())
        time.sleep(1.1)
        print(
            sql(
                brief.database,
                f"delete from appointments where clinic = '{brief.clinic}'",
                **master(brief.database),
            )
        )
print("The minute before:", BEFORE)

# %% [markdown]
# Your standby, synchronous as it is, deleted them in the same moment. A replica would have, a blink later. Only a **backup**
# goes back. RDS takes a snapshot each day and archives the log all the time, so it can restore to any second of the
# [retention period](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html), on AWS up to
# about five minutes ago. Made by the API, an instance keeps **one** day; the longest is 35.
#
# A restore [makes a **new** instance](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html). Try the other:

# %%
try:
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=brief.database,
        TargetDBInstanceIdentifier=brief.database,
        UseLatestRestorableTime=True,
    )
except Exception as error:
    print(error)

# %% [markdown]
# So:
#
# 1. let `brief.database` keep backups for `brief.retention` days (`modify_db_instance`; on AWS [many changes wait](
#    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html) for the maintenance window
#    unless you say `ApplyImmediately=True`; *here* none waits);
# 2. restore it to `BEFORE` (`RestoreTime`), as `brief.restored`. Say its standby, subnets and groups (`groups_of`) again: [AWS
#    restores into one zone with the default group](
#    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html) otherwise. (*Here* the
#    source's are kept.) Everything that held for the database must hold for it, its days of backups among them;
# 3. move the portal over: the settings lead to `brief.restored` (`read_settings() | {…}` keeps the rest). Its user and password
#    are those of the backup, so the secret stays the one that you have;
# 4. keep the old one. What was booked since is in it alone.

# %% task="restore"
### BEGIN SOLUTION
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
save_settings(**read_settings() | endpoint(brief.restored))
### END SOLUTION

# %%
for name in (brief.database, brief.restored):
    if name in instances():
        print(name, sql(name, "select clinic, count(*) from appointments group by 1 order by 1"))

# %% [markdown]
# <!-- covers: L08-07 -->
# ## Task 7: a replica, promoted
#
# Researchers want the appointments of the last years, and to write notes beside them. A **read replica** follows its source
# over the network, [asynchronously](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html), has an
# endpoint of its own, may be in another Region, and takes no writes. **Promoted**, it becomes an independent instance, for good.
#
# Make a replica `brief.study` of `brief.restored`; the cell below the check shows whom it follows. Then promote it. Why not a
# replica of the first one? [A database whose password RDS manages has no read replicas](
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html) (but for SQL Server). A restore of PostgreSQL
# cannot ask for that: *here* the restored one has the password that it had, and nobody manages it.

# %% task="study"
### BEGIN SOLUTION
rds.create_db_instance_read_replica(
    DBInstanceIdentifier=brief.study,
    SourceDBInstanceIdentifier=brief.restored,
    DBInstanceClass="db.t4g.medium",
    PubliclyAccessible=False,
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.study)
print("follows", database(brief.study)["ReadReplicaSourceDBInstanceIdentifier"])
print(sql(brief.study, "create table notes (id int, note text)", **master(brief.database)))
rds.promote_read_replica(DBInstanceIdentifier=brief.study, BackupRetentionPeriod=7)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=brief.study)
### END SOLUTION

# %%
for name, one in instances().items():
    print(
        f"{name:34} follows {one.get('ReadReplicaSourceDBInstanceIdentifier', '-'):34}",
        "followed by", one["ReadReplicaDBInstanceIdentifiers"],
    )  # fmt: skip

# %% [markdown]
# **A replica is not high availability.** It lacks the last writes, has another name, and waits for a person to promote it.
#
# It stands alone now, so the portal's password can be managed again, if its settings led the portal here:

# %%
try:
    as_the_portal("select 1")
    rds.modify_db_instance(
        DBInstanceIdentifier=brief.restored, ManageMasterUserPassword=True, ApplyImmediately=True
    )
    secret = database(brief.restored)["MasterUserSecret"]["SecretArn"]
    save_settings(**read_settings() | {"secret": secret})
except Exception as error:
    print(error)

# %% [markdown]
# ## Task 8: the contractor's database
#
# `brief.old` holds the forms that patients fill in, and the app uses it. Be the stranger:

# %%
reach("internet", brief.old, brief.port)
one = database(brief.old)
print(
    {key: one[key] for key in ("PubliclyAccessible", "BackupRetentionPeriod", "StorageEncrypted", "MultiAZ")}
)

# %% [markdown]
# Repair it **in place**, while the app uses it: not public; let in the app on `brief.port`, and nobody else; keep backups
# for a week at least; protect it from deletion. It shares no security group with the appointments: mend its own. (On AWS, [turning backups
# on](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html), from 0 days to
# some, is a short outage: do it at night.)

# %% task="forms"
### BEGIN SOLUTION
set_rule(groups_of(brief.old)[0], from_group(group_id("portal-app")))
rds.modify_db_instance(
    DBInstanceIdentifier=brief.old,
    PubliclyAccessible=False,
    BackupRetentionPeriod=7,
    DeletionProtection=True,
    ApplyImmediately=True,
)
### END SOLUTION

# %% [markdown]
# Two things cannot be repaired in place: its storage stays unencrypted, and it stays in public subnets. The way is a snapshot,
# [copied with a key](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html), and restored into the
# right subnet group, on a quiet Sunday.
#
# Two databases for two purposes also fail apart. Stop the forms, and ask for an appointment:

# %%
rds.stop_db_instance(DBInstanceIdentifier=brief.old)
print(brief.old, database(brief.old)["DBInstanceStatus"])
try:
    print("the portal:", as_the_portal("select count(*) from appointments"))
except Exception as error:
    print(error)
rds.start_db_instance(DBInstanceIdentifier=brief.old)
print(brief.old, database(brief.old)["DBInstanceStatus"])

# %% [markdown]
# <!-- covers: L08-11 L08-15 L08-17 -->
# ## Task 9: commands that go round
#
# Hazelmere's new partner in Virginia keeps a register in **Aurora**. An Aurora *cluster* is storage, in three zones by
# itself; *instances* answer: one writer, and readers behind a **reader endpoint**, any of which can take over. These commands came
# by chat:

# %%
CIRCULATED = """
aws rds create-db-cluster --db-cluster-identifier registry --engine aurora-postgresql --engine-mode serverless
    --scale-capacity 2-40 --master-username admin --master-password Hunter2-Hunter2 --subnet-group default
aws rds create-global-cluster --global-cluster-identifier registry-world --source-cluster registry
"""
print(CIRCULATED)
for mistake in ({"EngineMode": "serverless"}, {"MasterUsername": "admin"}):
    asked = {"MasterUsername": "keeper", "ManageMasterUserPassword": True} | mistake
    try:
        virginia.create_db_cluster(DBClusterIdentifier="never", Engine="aurora-postgresql", **asked)
    except Exception as error:
        print(mistake, "->", error)

# %% [markdown]
# `serverless` was version 1, [which is gone](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/WhatsNew.html); today's
# Aurora serverless is the *provisioned* mode with a range of capacity units (ACU, about 2 GiB each) and instances of the class
# `db.serverless`. `admin` is reserved in PostgreSQL. The flags for password, capacity and subnets have other names.
#
# A myth: "serverless costs nothing when idle". Only [a least capacity of **0** pauses](
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html), after five minutes without
# a connection or more, and the first caller waits while it wakes; storage is billed all the same. From 0.5 on it always runs.

# Its password: nobody types it, and this time RDS cannot manage it, because [clusters of a global database](
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html) (task 10) may not have that. So Secrets
# Manager makes one, and a secret of your own keeps it:


# %%
def new_login(name):
    """User and password for a create call; a secret of this name in us-east-1 keeps them, from the first call on."""
    safe = boto3.client("secretsmanager", region_name="us-east-1")
    try:
        kept = json.loads(safe.get_secret_value(SecretId=name)["SecretString"])
    except safe.exceptions.ResourceNotFoundException:
        made = safe.get_random_password(PasswordLength=30, ExcludePunctuation=True)
        kept = {"username": brief.master, "password": made["RandomPassword"]}
        safe.create_secret(Name=name, SecretString=json.dumps(kept))
    return {"MasterUsername": kept["username"], "MasterUserPassword": kept["password"]}


print(dict(brief.registry))

# %% [markdown]
# Make the cluster **in us-east-1** (client `virginia`): `brief.registry["cluster"]`, PostgreSQL, encrypted, its login from
# `new_login`, capacity from `min_acu` (0 where it `may_sleep`) to `max_acu` (`ServerlessV2ScalingConfiguration`); then two
# instances in two zones, which name it (`DBClusterIdentifier`).

# %% task="registry"
### BEGIN SOLUTION
virginia.create_db_cluster(
    DBClusterIdentifier=brief.registry["cluster"],
    Engine="aurora-postgresql",
    EngineVersion="16.6",
    DatabaseName="register",
    **new_login(brief.registry["cluster"]),
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
        DBInstanceClass="db.serverless",
        AvailabilityZone=f"us-east-1{zone}",
        PubliclyAccessible=False,
    )
### END SOLUTION

# %%
for one in virginia.describe_db_clusters()["DBClusters"]:
    print(one["DBClusterArn"], "writer:", one["Endpoint"], "readers:", one["ReaderEndpoint"])
    for member in one["DBClusterMembers"]:
        print("   ", member["DBInstanceIdentifier"], "writes" if member["IsClusterWriter"] else "reads")

# %% [markdown]
# <!-- covers: L08-13 L08-16 -->
# *Here*, the cluster's endpoints are addresses that move with the writer; on AWS the names stay.
#
# **How large?** "Up to 128 TB" goes round. [It depends on the engine's version](
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html): 128 TiB, on newer ones 256 TiB; it grows by
# itself, and you pay for what is used. **Backtrack**, rewinding a cluster in place by up to 72 hours (259,200 seconds), is
# [Aurora MySQL's only](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html):

# %%
try:
    virginia.create_db_cluster(
        DBClusterIdentifier="never",
        Engine="aurora-postgresql",
        MasterUsername="keeper",
        ManageMasterUserPassword=True,
        BacktrackWindow=259_200,
    )
except Exception as error:
    print(error)

# %% [markdown]
# <!-- covers: L08-14 L08-18 L08-33 -->
# ## Task 10: a second Region
#
# Dublin reads the register, and it must outlive Virginia. An [**Aurora global database**](
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html) copies a cluster's storage into other
# Regions, usually in less than a second. One cluster writes; a switchover or failover moves the role, when you ask for it: "it
# happens by itself" is half true at best.
#
# The second circulated command has a flag that there is not: the source is `SourceDBClusterIdentifier`, the **ARN** of a
# cluster. Make, in us-east-1, the global cluster `brief.registry["world"]` of your register. Then, in **eu-west-1** (client
# `rds`), the cluster `brief.registry["secondary"]`: like the first one, but it names the global one
# (`GlobalClusterIdentifier`) and no user, and stands in your isolated subnet group; with one serverless instance, not public. (On AWS [a global database's primary does not pause](
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html), whatever its least capacity.)

# %% task="world"
### BEGIN SOLUTION
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
    PubliclyAccessible=False,
)
### END SOLUTION

# %%
for world in virginia.describe_global_clusters()["GlobalClusters"]:
    for member in world["GlobalClusterMembers"]:
        print(
            world["GlobalClusterIdentifier"],
            member["DBClusterArn"],
            "writer" if member["IsWriter"] else "reader",
        )

# %% [markdown]
# <!-- covers: L08-12 -->
# *Here*, both clusters are listed as AWS lists them, and the rows are not copied between Regions.
#
# ## Task 11: six copies
#
# Aurora keeps [six copies of everything, two in each of three zones](
# https://aws.amazon.com/blogs/database/amazon-aurora-under-the-hood-quorum-and-correlated-failure/). A write is done when **four**
# have it; a read (for repair) asks **three**. 4 + 3 > 6, so every read meets the last write; 2 × 4 > 6, so every write meets
# the one before.
#
# ![Six copies in three zones: lose a zone and write, lose a zone and one more and read](img/quorum.svg)
#
# **A myth:** "Aurora survives the loss of two zones". Count.

# %%
from itertools import combinations

COPIES = ("a1", "a2", "b1", "b2", "c1", "c2")
LOST = [
    set(some) for number in range(7) for some in combinations(COPIES, number)
]  # each set that can be lost


def lost(text):
    """The copies that a loss takes: 'a b1' takes zone a, and copy b1."""
    return {copy for copy in COPIES if copy in text.split() or copy[0] in text.split()}


print(len(LOST), "sets, among them", LOST[0] or "nothing", LOST[8], LOST[63], lost("a b1"))
print("a colleague's own design:", dict(brief.design))
print('"losses":', dict.fromkeys(brief.losses, "?"))
print('"write": "?", "read": "?", "none": "?"')
print('"design":', dict.fromkeys(("sound", "zone", "zone_and_one"), "?"))

# %% [markdown]
# Fill in the last three lines, by head or by code, and hand them in, `answer("quorum", {…})`:
#
# - `losses`: for each text of `brief.losses` what is left: `"write"` (and read), `"read"`, or `"none"`;
# - `write`, `read`, `none`: of the 64 sets in `LOST`, how many leave what;
# - `design`: for the colleague's design (`per_zone` copies in each of `zones` zones) `sound` (`True` when the quorums
#   overlap as above), `zone` and `zone_and_one`: what is left when any zone, any zone and one more copy, are lost.

# %% task="quorum"
### BEGIN SOLUTION
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one

design = Quorum(**brief.design)
counted = {
    "losses": {loss: left_with(AURORA, loss.split()) for loss in brief.losses},
    **counts(AURORA),
    "design": {
        "sound": design.sound,
        "zone": survives_zone(design),
        "zone_and_one": survives_zone_and_one(design),
    },
}
answer("quorum", counted)
### END SOLUTION

# %% [markdown]
# <!-- covers: L08-20 L08-21 L08-27 L08-28 L08-29 L08-30 -->
# ## Task 12: which store for what
#
# | asked for | store |
# |---|---|
# | by relation, with transactions | `rds`; `aurora` for many readers, or Regions |
# | by one key, at any scale | `dynamodb` |
# | by one key, at once, and it may be lost | `elasticache` |
# | by words, the best match first | `opensearch` |
# | along relations, any number of steps | `neptune` |
# | measurements by time | `timestream` |
# | documents, in MongoDB's protocol | `documentdb` |
# | whole files; columns of everything | `s3`; `redshift` |
#
# *Timestream* today means [for InfluxDB](
# https://docs.aws.amazon.com/timestream/latest/developerguide/timestream-for-influxdb.html): LiveAnalytics takes no new customers
# since June 2025. Aurora is PostgreSQL and MySQL only.
#
# <!-- covers: L08-22 -->
# Several stores in one program (*polyglot persistence*) are right when each has a question of its own, and one is the truth.
# Each is one more thing to back up and pay.

# %%
for case in brief.cases:
    print(f'    "{case}": "?",')

# %% [markdown]
# <!-- covers: L08-23 L08-24 L08-25 -->
# **ElastiCache** runs Valkey, Redis OSS and Memcached. A replication group of the first two has replicas and fails over:

# %%
try:
    made = boto3.client("elasticache").create_replication_group(
        ReplicationGroupId="visitors",
        ReplicationGroupDescription="last pages",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
    )["ReplicationGroup"]
    print(made["AutomaticFailover"], made["MultiAZ"], made["ClusterMode"])
except Exception as error:
    print(error)

# %% [markdown]
# A myth: "Memcached fails over between zones". [Its nodes copy nothing](
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SelectEngine.html); only the serverless kind does. *Cluster mode* spreads
# keys over shards, each with up to five replicas; without it there is one shard. A *Global Datastore* follows in other Regions.
# *Serverless* bills GB-hours and ElastiCache processing units (ECPU), not DynamoDB's read and write units.
#
# <!-- covers: L08-26 -->
# **When does a cache hurt?** Every read asks the cache (`brief.cache_ms`); a miss asks the database as well
# (`brief.database_ms`). From which hit rate on is it no slower than the database alone?
#
# `answer("choice", {"stores": {case: store}, "break_even": rate, "cache": True or False})`: `cache` for your hit rate,
# `brief.hit_rate`.

# %%
print("cache", brief.cache_ms, "ms; database", brief.database_ms, "ms; hit rate", brief.hit_rate)

# %% task="choice"
### BEGIN SOLUTION
words = {
    "invoices": "rds",
    "Regions": "aurora",
    "Db2": "rds",
    "50,000": "aurora",
    "reminder": "dynamodb",
    "visitor": "elasticache",
    "infected": "neptune",
    "letters": "opensearch",
    "fridges": "timestream",
    "MongoDB": "documentdb",
    "pictures": "s3",
    "summed": "redshift",
}
# A read costs cache_ms + (1 - rate) * database_ms with the cache, and database_ms without.
rate = brief.cache_ms / brief.database_ms
chosen = {
    "stores": {case: next(store for word, store in words.items() if word in case) for case in brief.cases},
    "break_even": rate,
    "cache": brief.hit_rate >= rate,
}
answer("choice", chosen)
### END SOLUTION

# %% [markdown]
# <!-- covers: L08-06 -->
# ## Task 13: what a standby costs
#
# A Multi-AZ deployment with one standby bills the instance and its storage twice: it is two machines. An instance with a read
# replica is two machines, too. Backups are free up to the size of the database; what is beyond is billed. For `brief.bill`, a
# PostgreSQL with gp3 storage, 730 hours, us-east-1:

# %%
from cloudlings.cost import price_table

print(dict(brief.bill))
PER_MONTH = {}
for key, many in (
    (f"rds.postgres.{brief.bill['kind']}", 730),
    ("rds.storage.gp3", brief.bill["gb"]),
    ("rds.backup.gb_month", brief.bill["backup_gb"]),
):
    price = price_table()[key]
    PER_MONTH[key] = many * price.usd
    print(f"{key:32} {many:4} × ${price.usd} per {price.unit} = ${PER_MONTH[key]:.2f}")

# %% [markdown]
# Hand in `answer("bill", {"single": …, "multi_az": …, "with_replica": …, "choose": …})`, in dollars a month, each with
# `backup_gb` beyond the free part, counted once; and what you choose for `brief.bill["need"]`: `"multi_az"` or `"replica"`.

# %% task="bill"
### BEGIN SOLUTION
hours, disk, beyond = PER_MONTH.values()
one_machine = hours + disk
monthly = {
    "single": one_machine + beyond,
    "multi_az": 2 * one_machine + beyond,
    "with_replica": 2 * one_machine + beyond,
    "choose": "replica" if "reports" in brief.bill["need"] else "multi_az",
}
answer("bill", monthly)
### END SOLUTION

# %% [markdown]
# ## What you know now
#
# - A database stands in isolated subnets of two zones, without a public address, behind one rule that names the app's group.
# - A **standby** survives a zone, a **replica** answers reads, a **backup** survives people. None replaces another.
# - A restore makes a new instance: the rest of the work is to move the programs over.
# - Encryption and the subnet group are decided when it is made.
# - Aurora is storage with six copies, and instances that you place. It survives a zone; not two.
# - The password is in one place, and no person knows it.
#
# ## What this would cost, and how to clean up

# %%
cost()

# %% [markdown]
# Instances are nearly all of it, by the hour, twice with a standby; Aurora, the cache and the second Region come on top and
# are not in this sum. On AWS: take off deletion protection; delete the instances **with a last snapshot**; in the global
# database the secondary first, then its membership, then the rest; then subnet groups and parameters. A stopped instance
# [starts again by itself after seven days](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html).
# *Here*, `reset_lab()` puts everything back.
#
# Next, code that runs without a machine: **090-lambda**.
