"""Graders of 080-rds: a database that survives a zone, a mistake and a Region, and what each is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost.databases import database_bill
from cloudlings.grading.answer_parts import same
from cloudlings.grading.aurora_rules import (
    answers_in_two_zones,
    follows_in,
    grows_out_of,
    has_somebody_to_answer,
    is_kept_encrypted,
    is_provisioned_postgres,
    members_of,
    scales_between,
    stands_in_its_own,
    was_not_refused,
)
from cloudlings.grading.database_rules import (
    answers_on,
    has_a_standby,
    holds_the_database,
    is_encrypted,
    is_private,
    keeps_backups,
    nobody_types_its_password,
    only_for,
    own_subnet_group,
    wears_its_own,
)
from cloudlings.grading.database_state import Raw, clusters, instances, refused, stands_isolated, subnet_group
from cloudlings.grading.failover_rules import drills_in, predicts_a_failover, was_drilled
from cloudlings.grading.forms_rules import (
    is_for_the_app,
    is_protected,
    lets_everybody_in,
    shares_no_group,
    still_runs,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.portal_database import appointments, groups_of, has_a_snapshot, pointed_at, setting
from cloudlings.grading.quorum_rules import judges_the_design, tells_the_counts, tells_the_losses
from cloudlings.grading.recovery_rules import (
    brings_them_back,
    has_its_patients,
    is_asked,
    is_kept,
    was_promoted,
    was_restored,
)
from cloudlings.grading.setting_rules import (
    asks_who_answers,
    holds_no_password,
    leads_to_a_login,
    names_the_database,
    says_no_password,
)
from cloudlings.grading.store_rules import knows_when_a_cache_pays, names_fitting_stores
from cloudlings.grading.sums import as_billed
from cloudlings.grading.vpc_state import interface_at, network_of
from cloudlings.models.stores import STORES
from cloudlings.network import Network

DATABASE = "appointments"
PRIMARY_REGION = "us-east-1"
SEEDED_GROUPS = {"default", "portal-app", "portal-mailer", "forms"}


@task(
    "home",
    points=3,
    title="A home for databases: isolated, in two zones",
    ref="L08-T1",
    hints=[
        "Three subnets are called data. Which of them have a way out? A name says nothing: look at the "
        "table that each one follows.",
        "draw() colours subnets by their routes; kind(network, subnet) tells it in a word. A subnet group "
        "wants two zones, and RDS may use any subnet in it.",
        "create_db_subnet_group(DBSubnetGroupName=brief.group, DBSubnetGroupDescription='…', "
        "SubnetIds=[…]) with the two data subnets whose table has nothing but local routes.",
    ],
)
def test_home(account: Account, brief: Brief) -> None:
    group = subnet_group(account, brief.group)
    refusal = refused(account.journal(), "CreateDBSubnetGroup", brief.group)
    not_attempted_unless(
        group is not None or refusal, f"There is no subnet group {brief.group} in {account.region_name}."
    )
    assert group is not None, Because(
        found=f"RDS refused to make the subnet group {brief.group}: {refusal}.",
        consequence="There is no place for a standby, so there is no place for a database.",
        concept="RDS wants subnets of two zones, so that a database can go on in the other one.",
    )
    stands_isolated(
        network_of(account),
        group,
        consequence="Whoever gets into the database can carry the records away over that subnet's route.",
    )


def _database(account: Account, name: str, what: str) -> Raw:
    found = instances(account).get(name, {})
    not_attempted_unless(found, f"There is no DB instance {name} ({what}) yet.")
    return found


@task(
    "database",
    points=6,
    title="PostgreSQL with a standby, encrypted, private, its password nobody's",
    ref="L08-T2",
    probes=["sql:Select"],
    hints=[
        "Five decisions: where (the subnet group), who can see it (the public address), what happens when "
        "a zone "
        "fails, what happens when a disk is stolen, and who knows the password. Which of them can be changed "
        "later?",
        "MultiAZ is off unless you ask for it, and so is StorageEncrypted. ManageMasterUserPassword lets "
        "RDS make the password and keep it in Secrets Manager. A read replica is not a standby.",
        "create_db_instance(DBInstanceIdentifier=brief.database, Engine='postgres', DBInstanceClass=…, "
        "AllocatedStorage=20, StorageType='gp3', DBName='appointments', Port=brief.port, "
        "MasterUsername=brief.master, ManageMasterUserPassword=True, MultiAZ=True, StorageEncrypted=True, "
        "PubliclyAccessible=False, DBSubnetGroupName=brief.group).",
    ],
)
def test_database(account: Account, brief: Brief) -> None:
    everything = instances(account)
    found = _database(account, brief.database, "the portal's")
    answers_on(found, brief.port)
    holds_the_database(account, found, DATABASE)
    group = own_subnet_group(found)
    stands_isolated(
        network_of(account),
        group,
        consequence="The database can be put, or fail over, into a subnet with a way out.",
    )
    is_private(found)
    is_encrypted(found)
    has_a_standby(found, everything)
    nobody_types_its_password(account, found)


def _inside(network: Network, brief: Brief) -> dict[str, str]:
    return {name: interface_at(network, at, name) for name, at in brief.hosts.items()}


@task(
    "door",
    points=5,
    title="The app's group, one port, and nobody else",
    ref="L08-T3",
    hints=[
        "The app and the mailer live in the same subnet. What do they carry that tells them apart?",
        "A rule of the database's security group may name the app's group as its source. And the database "
        "must carry that group: which one does it carry now?",
        "new_group(…) makes it, set_rule(…, from_group(group_id('portal-app'))) lets in the app (with the "
        "CLI: create-security-group, authorize-security-group-ingress with UserIdGroupPairs); then "
        "modify_db_instance(DBInstanceIdentifier=…, VpcSecurityGroupIds=[…], ApplyImmediately=True).",
    ],
)
def test_door(account: Account, brief: Brief) -> None:
    found = _database(account, brief.database, "the portal's")
    network = network_of(account, "rds")
    carried = groups_of(found)
    worn = {each.group_name for each in network.security_groups if each.id in carried}
    here = {each.vpc for each in network.interfaces if brief.hosts.app in each.private_ips}
    made = {each.group_name for each in network.security_groups if each.vpc in here} - SEEDED_GROUPS
    not_attempted_unless(
        worn - {"default"} or made, f"{brief.database} has no group of its own, and the VPC has no new one."
    )
    wears_its_own(brief.database, worn, made, SEEDED_GROUPS)
    only_for(network, brief.database, brief.port, _inside(network, brief), {"app"})


@task(
    "settings",
    points=3,
    title="Settings without a password",
    ref="L08-T2",
    probes=["sql:Select"],
    hints=[
        "What does a driver need, and which of it may be read by everybody who can read a parameter?",
        "describe_db_instances tells the endpoint and the secret's ARN. sslmode has a value that encrypts "
        "and one that also asks who is at the other end.",
        "save_settings(**endpoint(brief.database), dbname='appointments', sslmode='verify-full', "
        "secret=the ARN in MasterUserSecret), which puts them into the parameter as a JSON object.",
    ],
)
def test_settings(account: Account, brief: Brief) -> None:
    said = setting(account, brief.setting)
    every = instances(account)
    found = pointed_at(every, said, brief.setting)
    says_no_password(said, brief.setting)
    names_the_database(said, brief.setting, DATABASE)
    asks_who_answers(said, brief.setting)
    login = leads_to_a_login(account, said, found)
    holds_no_password(account, login, every.values())


@task(
    "failover",
    points=5,
    title="A drill: predict, then fail over",
    ref="L08-T6",
    hints=[
        "The standby has every committed write, in another zone, and nobody reads from it. Which of your "
        "five answers follow from that sentence?",
        "An endpoint is a name. After a failover the name leads to the other machine: who holds the "
        "connections that were open? reboot_db_instance has a switch for this drill.",
        "answer('failover', {'endpoint': 'same', 'zone': …, 'connections': …, 'standby_reads': …, "
        "'committed_rows_lost': …}); then reboot_db_instance(DBInstanceIdentifier=brief.database, "
        "ForceFailover=True).",
    ],
)
def test_failover(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("failover")
    events = account.client("rds").describe_events(
        SourceType="db-instance", SourceIdentifier=brief.database, Duration=20160
    )["Events"]
    not_attempted_unless(
        given is not None or drills_in(events),
        f'No answer "failover" was handed in, and no event of {brief.database} tells of a failover.',
    )
    predicts_a_failover(given)
    was_drilled(brief.database, events)


@task(
    "restore",
    points=7,
    title="Back to the minute before, and the portal moved over",
    ref="L08-T4",
    probes=["sql:Select"],
    hints=[
        "A backup never goes back into the database that it came from. What is made instead, and what must "
        "the portal be told afterwards?",
        "restore_db_instance_to_point_in_time takes a source, a new identifier and a time: brief.restored, "
        "and the "
        "moment that the cell kept. On AWS the new one is in one zone with the default security group "
        "unless you say otherwise.",
        "restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier=brief.database, "
        "TargetDBInstanceIdentifier=brief.restored, RestoreTime=BEFORE, MultiAZ=True, "
        "PubliclyAccessible=False, "
        "DBSubnetGroupName=brief.group, VpcSecurityGroupIds=groups_of(brief.database)); then "
        "save_settings(**read_settings() | endpoint(brief.restored)). Retention, of both: "
        "modify_db_instance(BackupRetentionPeriod=brief.retention).",
    ],
)
def test_restore(account: Account, brief: Brief) -> None:
    every = instances(account)
    kept = every.get(brief.database, {})
    not_attempted_unless(
        brief.restored in every or int(kept.get("BackupRetentionPeriod", 0)) > 1,
        f"There is no {brief.restored}, and {brief.database} keeps backups for a day, as it was made.",
    )
    if kept:
        keeps_backups(kept, brief.retention, whose="Hazelmere")
    found = was_restored(brief, every)
    brings_them_back(brief, brief.restored, appointments(account, brief, found))
    is_private(found)
    is_encrypted(found)
    has_a_standby(found, every)
    keeps_backups(found, brief.retention, whose="Hazelmere")
    network = network_of(account, "rds")
    only_for(network, brief.restored, brief.port, _inside(network, brief), {"app"})
    said = setting(account, brief.setting)
    is_asked(brief.restored, pointed_at(every, said, brief.setting), brief.setting)
    leads_to_a_login(account, said, found)
    is_kept(brief.database, brief.database in every or has_a_snapshot(account, brief.database))


@task(
    "study",
    points=4,
    title="A replica that becomes a database of its own",
    ref="L08-T5",
    probes=["sql:Select"],
    hints=[
        "A replica follows its source, a moment behind, and takes no writes. What must happen before the "
        "researchers may write, and what is lost by it?",
        "create_db_instance_read_replica, wait until it is available, then promote_read_replica. Look at "
        "both instances before and after: who names whom?",
        "create_db_instance_read_replica(DBInstanceIdentifier=brief.study, SourceDBInstanceIdentifier="
        "brief.restored); get_waiter('db_instance_available'); promote_read_replica(DBInstanceIdentifier="
        "brief.study, BackupRetentionPeriod=7).",
    ],
)
def test_study(account: Account, brief: Brief) -> None:
    found = _database(account, brief.study, "the researchers'")
    was_promoted(account, found)
    has_its_patients(brief, brief.study, appointments(account, brief, found))
    is_private(found)


@task(
    "forms",
    points=5,
    title="The old database: shut, kept, on its own",
    ref="L08-T3",
    hints=[
        "Two halves make a way in from the internet. Which of them can be changed on a running instance, "
        "and what else did the contractor leave out?",
        "modify_db_instance changes PubliclyAccessible, BackupRetentionPeriod, DeletionProtection and the "
        "groups. Which rule lets in the whole world? The portal's database and this one should not share a "
        "group.",
        "set_rule(groups_of(brief.old)[0], from_group(group_id('portal-app'))) takes the rule for "
        "0.0.0.0/0 from the group that brief.old carries and lets in the app; "
        "modify_db_instance(DBInstanceIdentifier=brief.old, PubliclyAccessible=False, "
        "BackupRetentionPeriod=7, DeletionProtection=True, ApplyImmediately=True).",
    ],
)
def test_forms(account: Account, brief: Brief) -> None:
    every = instances(account)
    old = still_runs(every, brief.old)
    network = network_of(account, "rds")
    inside = _inside(network, brief)
    left = ("PubliclyAccessible", "BackupRetentionPeriod", "DeletionProtection")
    now = ([bool(old.get(key)) for key in left], lets_everybody_in(network, old))
    not_attempted_unless(now != ([True, False, False], True), f"{brief.old} is as it was left.")
    is_private(old)
    is_for_the_app(network, old, brief.port, inside)
    keeps_backups(old, 7, whose="whoever filled in a form")
    is_protected(old)
    shares_no_group(old, every.get(brief.database, {}))


@task(
    "registry",
    points=6,
    title="Circulated Aurora commands, repaired",
    ref="L08-T7",
    probes=["sql:Select"],
    hints=[
        "Five things are wrong in the first command: a mode that is gone, a user's name, a password in "
        "clear, "
        "and two flags that there are not. And a cluster without instances is only storage: who answers?",
        "Serverless v2 is the provisioned mode: the cluster has --serverless-v2-scaling-configuration, and "
        "its instances have the class db.serverless. What a cluster may shrink to decides whether it can "
        "pause.",
        "In us-east-1: create_db_cluster(DBClusterIdentifier=…, Engine='aurora-postgresql', "
        "**new_login(brief.registry['cluster']), "
        "StorageEncrypted=True, ServerlessV2ScalingConfiguration={'MinCapacity': …, 'MaxCapacity': …}); "
        "then two create_db_instance(DBInstanceClass='db.serverless', "
        "DBClusterIdentifier=…, AvailabilityZone=…) in two zones.",
    ],
)
def test_registry(account: Account, brief: Brief) -> None:
    wish = brief.registry
    found = clusters(account, PRIMARY_REGION).get(wish["cluster"])
    refusal = refused(account.journal(), "CreateDBCluster", wish["cluster"])
    not_attempted_unless(
        found is not None or refusal, f"There is no cluster {wish['cluster']} in {PRIMARY_REGION}."
    )
    found = was_not_refused(found, wish["cluster"], refusal)
    name = found["DBClusterIdentifier"]
    is_provisioned_postgres(found)
    scales_between(found, float(wish["min_acu"]), float(wish["max_acu"]))
    members = instances(account, PRIMARY_REGION)
    answers_in_two_zones(
        found, [each for each in members.values() if each.get("DBClusterIdentifier") == name]
    )
    is_kept_encrypted(found)
    place = {"Address": found.get("Endpoint"), "Port": found.get("Port")}
    as_one = {**found, "DBInstanceIdentifier": name, "Endpoint": place, "DBName": found.get("DatabaseName")}
    nobody_types_its_password(account, as_one, PRIMARY_REGION, proved=False)


@task(
    "world",
    points=4,
    title="A second Region, to read from and to live on",
    ref="L08-T8",
    hints=[
        "A global database begins with a cluster that is there. Then a second Region gets a cluster that "
        "belongs to it: which call is made in which Region?",
        "create_global_cluster takes the ARN of its source, and then no engine. A secondary cluster is an "
        "ordinary "
        "create_db_cluster in the other Region that names the global one, without a user and a password. "
        "Without an instance nobody can read there.",
        "us-east-1: create_global_cluster(GlobalClusterIdentifier=…, SourceDBClusterIdentifier=the ARN). "
        "eu-west-1: create_db_cluster(DBClusterIdentifier=…, Engine='aurora-postgresql', "
        "GlobalClusterIdentifier=…, "
        "DBSubnetGroupName=brief.group, StorageEncrypted=True, KmsKeyId='alias/aws/rds', "
        "ServerlessV2ScalingConfiguration={…}), then an instance of class db.serverless.",
    ],
)
def test_world(account: Account, brief: Brief) -> None:
    wish = brief.registry
    worlds = {
        each["GlobalClusterIdentifier"]: each
        for each in account.client("rds", region_name=PRIMARY_REGION).describe_global_clusters()[
            "GlobalClusters"
        ]
    }
    here = clusters(account)
    not_attempted_unless(
        [*worlds, *(here.keys() & {wish["secondary"]})],
        f"There is no global cluster, and no {wish['secondary']} in {account.region_name}.",
    )
    members = members_of(worlds.get(wish["world"], {}))
    source = clusters(account, PRIMARY_REGION).get(wish["cluster"], {})
    grows_out_of(wish["world"], members, source, wish["cluster"])
    follows_in(account.region_name, wish["world"], members, wish["secondary"], here)
    cluster = here[wish["secondary"]]
    group = stands_in_its_own(
        wish["secondary"], cluster, subnet_group(account, str(cluster.get("DBSubnetGroup")))
    )
    stands_isolated(
        network_of(account),
        group,
        consequence="The copy can be carried away where the original could not.",
    )
    answering = [
        each for each in instances(account).values() if each.get("DBClusterIdentifier") == wish["secondary"]
    ]
    has_somebody_to_answer(wish["secondary"], answering)
    for each in answering:
        is_private(each)


@task(
    "quorum",
    points=4,
    title="Six copies, and how many may be lost",
    ref="L08-T9",
    hints=[
        "Draw three zones with two copies each. A write needs four votes, a read three. Cross out what is "
        "lost, and count what is left.",
        "How many sets of six copies are there at all? Those that lose at most two leave writes. For the "
        "colleague's design: do any read and any write share a copy, always?",
        "from cloudlings.models.quorum import AURORA, Quorum, counts, left_with. counts(AURORA) gives the "
        "three numbers; left_with(AURORA, 'a b1'.split()) one loss; Quorum(**brief.design).sound, "
        "survives_zone(…) and survives_zone_and_one(…) the design.",
    ],
)
def test_quorum(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("quorum")
    not_attempted_unless(given is not None, 'No answer "quorum" was handed in yet.')
    said = given if isinstance(given, Mapping) else {}
    tells_the_losses(said, brief.losses)
    tells_the_counts(said)
    judges_the_design(said, brief.design)


@task(
    "choice",
    points=5,
    title="Which store for what, and when a cache pays",
    ref="L08-T10",
    hints=[
        "Begin with the question, not with the product: how is the data asked for? By key, by relation, by "
        "words, by time, as a whole file?",
        "Relations and transactions: RDS, or Aurora for many readers or Regions. A key and any scale: "
        "DynamoDB. A "
        "key that may be lost: ElastiCache. For the cache: every read asks it first, a miss asks the "
        "database as well.",
        "The break-even hit rate is cache_ms / database_ms. Stores are named " + ", ".join(STORES) + ". "
        "answer('choice', {'stores': {case: store}, 'break_even': …, 'cache': True or False}).",
    ],
)
def test_choice(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("choice")
    not_attempted_unless(given is not None, 'No answer "choice" was handed in yet.')
    said = given if isinstance(given, Mapping) else {}
    names_fitting_stores(said, brief.cases)
    knows_when_a_cache_pays(said, brief.cache_ms, brief.database_ms, brief.hit_rate)


@task(
    "bill",
    points=3,
    title="What a standby costs, and what it is for",
    ref="L08-T10",
    hints=[
        "Count machines and disks: how many of each has a Multi-AZ deployment, and how many has an "
        "instance with a read replica?",
        "Hours of a month: 730. Storage is billed for each copy. Backups up to the size of the database "
        "are free; what is beyond is billed once. Equal prices do not make equal things.",
        "from cloudlings.cost.databases import database_bill: database_bill(kind, gb, multi_az=…, "
        "replicas=…, "
        "extra_backup_gb=…).usd. choose is 'multi_az' for a zone that fails, 'replica' for slow reads.",
    ],
)
def test_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("bill")
    not_attempted_unless(given is not None, 'No answer "bill" was handed in yet.')
    sums = brief.bill
    size = (sums["kind"], sums["gb"])
    extra = float(sums["backup_gb"])
    bills = {
        "single": database_bill(*size, extra_backup_gb=extra),
        "multi_az": database_bill(*size, multi_az=True, extra_backup_gb=extra),
        "with_replica": database_bill(*size, replicas=1, extra_backup_gb=extra),
    }
    said = as_billed("bill", given, bills, consequence="The month's bill is a surprise.")
    right = "replica" if "reports" in sums["need"] else "multi_az"
    assert same(said.get("choose"), right), Because(
        found=f"The need is: {sums['need']}. choose is {said.get('choose')!r}.",
        consequence="The money is spent, and the page is as slow, or as dead, as before.",
        concept="Two machines cost the same either way. One waits and takes over; the other answers reads "
        "and does not.",
    )
