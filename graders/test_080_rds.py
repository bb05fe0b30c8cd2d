"""Graders of 080-rds: a database that survives a zone, a mistake and a Region, and what each is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost.databases import database_bill
from cloudlings.grading.aurora_rules import (
    answers_in_two_zones,
    follows_in,
    grows_out_of,
    is_provisioned_postgres,
    members_of,
    scales_between,
)
from cloudlings.grading.database_rules import (
    ENGINES,
    has_a_standby,
    is_encrypted,
    is_private,
    keeps_backups,
    nobody_types_its_password,
    only_for,
)
from cloudlings.grading.database_state import (
    Raw,
    clusters,
    instances,
    journalled,
    literals,
    password_holds,
    refused,
    secret_login,
    stands_isolated,
    subnet_group,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.portal_database import (
    appointments,
    groups_of,
    has_a_snapshot,
    pointed_at,
    rows_of_clinic,
    setting,
)
from cloudlings.grading.store_cases import asked
from cloudlings.grading.sums import as_billed
from cloudlings.grading.vpc_state import interface_at, must_not_reach, must_reach, network_of, shown
from cloudlings.models.quorum import AURORA, Quorum, counts, left_with, survives_zone, survives_zone_and_one
from cloudlings.models.stores import STORES, break_even, choose, fitting
from cloudlings.network import Network

PRIMARY_REGION = "us-east-1"
PASSWORDS = {"password", "passwd", "pwd", "pass", "pgpassword"}
SEEDED_GROUPS = {"default", "portal-app", "portal-mailer", "forms"}
TRUE_OF_FAILOVER = {
    "endpoint": "same",
    "zone": "changes",
    "connections": "cut",
    "standby_reads": False,
    "committed_rows_lost": 0,
}


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
    name = found["DBInstanceIdentifier"]
    port = found.get("Endpoint", {}).get("Port")
    assert (found["Engine"] in ENGINES, port) == (True, brief.port), Because(
        found=f"{name} is {found['Engine']} on port {port}.",
        consequence=f"The portal's driver speaks to an open-source relational engine on port {brief.port}, "
        "and gets no answer.",
        concept="Engine and port are the database's own: a standard driver is all that a program needs.",
    )
    group = found.get("DBSubnetGroup") or {}
    assert group.get("DBSubnetGroupName", "default") != "default", Because(
        found=f"{name} was put into {group.get('DBSubnetGroupName', 'the default subnet group')}.",
        consequence="It stands in the default VPC, whose subnets are all public, and the app cannot reach "
        "it.",
        concept="Without a subnet group's name, RDS takes the default VPC.",
    )
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
        "create_security_group in the portal's VPC; authorize_security_group_ingress with tcp, brief.port "
        "and "
        "UserIdGroupPairs=[{'GroupId': the group portal-app}]; modify_db_instance(DBInstanceIdentifier=…, "
        "VpcSecurityGroupIds=[…], ApplyImmediately=True).",
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
    assert worn - {"default"}, Because(
        found=f"{brief.database} carries no group but the VPC's default group; "
        f"{shown(sorted(made))} is carried by no database.",
        consequence="The rules are right, and nobody obeys them: the app gets no answer.",
        concept="A group works for those who carry it.",
    )
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
        "put_parameter(Name=brief.setting, Type='String', Value=json.dumps({'host': …, 'port': …, 'dbname': "
        "'appointments', 'sslmode': 'verify-full', 'secret': the ARN in MasterUserSecret})).",
    ],
)
def test_settings(account: Account, brief: Brief) -> None:
    said = setting(account, brief.setting)
    every = instances(account)
    found = pointed_at(every, said, brief.setting)
    assert said.get("sslmode") == "verify-full", Because(
        found=f"The parameter {brief.setting} has sslmode {said.get('sslmode')!r}.",
        consequence="Whoever sits between the app and the database can answer in its place, and reads every "
        "password and every name.",
        concept="require encrypts; verify-full also checks by the certificate who answers.",
    )
    arn = str(said.get("secret", ""))
    login = secret_login(account, {**found, "MasterUserSecret": {"SecretArn": arn}})
    good = login is not None and password_holds(account, login)
    assert good, Because(
        found=f"secret is {arn[:60]!r}: no login to {found['DBInstanceIdentifier']} can be read there.",
        consequence="The portal has an address and no way in.",
        concept="A setting names the secret; the program reads it when it starts, with its own role.",
    )
    kept = [login, *(secret_login(account, each) for each in every.values())]
    typed = any(name.lower() in PASSWORDS for name in said)
    leak = brief.setting if typed else literals(account, [each.password for each in kept if each])
    assert not leak, Because(
        found=f"The parameter {leak} holds a master user's password in clear.",
        consequence="Everybody who may read parameters has the patients' records, and rotation breaks the "
        "portal.",
        concept="A password is in one place, from which programs fetch it.",
    )


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
    drilled = [each for each in events if "failover" in each.get("EventCategories", [])]
    not_attempted_unless(
        given is not None or drilled,
        f'No answer "failover" was handed in, and no event of {brief.database} tells of a failover.',
    )
    said = given if isinstance(given, Mapping) else {}
    missing = [name for name in TRUE_OF_FAILOVER if name not in said]
    assert not missing, Because(
        found=f'The answer "failover" says nothing of {shown(missing)}.',
        consequence="On the night when it happens, somebody will guess.",
        concept="Predict first: then the drill teaches something.",
    )
    wrong = [name for name, value in TRUE_OF_FAILOVER.items() if not _same(said[name], value)]
    assert not wrong, Because(
        found=f"{len(TRUE_OF_FAILOVER) - len(wrong)} of {len(TRUE_OF_FAILOVER)} predictions hold; one that "
        f"does not is {wrong[0]}.",
        consequence="A program is written for a failover that goes otherwise: it waits for an address that "
        "never changes, or trusts a connection that is gone.",
        concept="The standby is synchronous and serves nobody; the name moves to it; connections do not.",
    )
    assert drilled, Because(
        found=f"The events of {brief.database} tell of no failover: "
        f"{shown([e['Message'] for e in events][-3:])}.",
        consequence="Nobody knows whether the portal connects again by itself.",
        concept="A plain reboot restarts the same machine. A failover is asked for by name.",
    )


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An answer's part that should be a dict itself; an empty one where it is none."""
    part = said.get(name)
    return part if isinstance(part, Mapping) else {}


def _same(said: Any, value: Any) -> bool:
    """Whether an answer is what is true: False, "False" and "false" are one, False and 0 are two."""
    return str(said).strip().lower() == str(value).lower()


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
        "DBSubnetGroupName=brief.group, VpcSecurityGroupIds=[…]); wait; then put_parameter(…, "
        "Overwrite=True) with "
        "the new endpoint. Retention: modify_db_instance(BackupRetentionPeriod=brief.retention).",
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
    found = every.get(brief.restored)
    assert found is not None, Because(
        found=f"The instances are {shown(sorted(every))}; {brief.restored} is not among them.",
        consequence=f"The appointments of {brief.clinic} are still gone.",
        concept="A restore always makes a new instance, under a new name.",
    )
    rows = appointments(account, brief, found)
    wanted = (brief.rows, rows_of_clinic(brief))
    assert rows is None or rows == wanted, Because(
        found=f"{brief.restored} was asked: {rows[0] if rows else 0} appointments, "
        f"{rows[1] if rows else 0} of "
        f"{brief.clinic}; before the accident there were {wanted[0]} and {wanted[1]}.",
        consequence=f"Patients of {brief.clinic} come for appointments of which nobody knows.",
        concept="A restore has what was committed before its time: a moment too late, and the mistake is "
        "in it.",
    )
    is_private(found)
    is_encrypted(found)
    has_a_standby(found, every)
    keeps_backups(found, brief.retention, whose="Hazelmere")
    network = network_of(account, "rds")
    only_for(network, brief.restored, brief.port, _inside(network, brief), {"app"})
    said = setting(account, brief.setting)
    pointed = pointed_at(every, said, brief.setting)["DBInstanceIdentifier"]
    assert pointed == brief.restored, Because(
        found=f"The parameter {brief.setting} leads to {pointed}.",
        consequence="The rows are back, in a database that nobody asks.",
        concept="A new instance has an endpoint of its own: whoever used the old one must be told.",
    )
    still = brief.database in every or has_a_snapshot(account, brief.database)
    assert still, Because(
        found=f"{brief.database} is gone, and no snapshot of it is there.",
        consequence="What was booked after the accident was in it alone, and so was the proof of what "
        "happened.",
        concept="The old database is kept until somebody has looked at what it has and the new one lacks.",
    )


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
    follows = found.get("ReadReplicaSourceDBInstanceIdentifier")
    assert not follows, Because(
        found=f"{brief.study} still follows {follows}.",
        consequence="The researchers' first write is refused: a replica is read only.",
        concept="Promotion ends the replication, once and for all.",
    )
    journal = account.journal()
    steps = ("CreateDBInstanceReadReplica", "PromoteReadReplica")
    missing = [step for step in steps if not journalled(journal, step, brief.study)]
    assert not missing, Because(
        found=f"{brief.study} stands alone; the journal has no {missing[0]} of it.",
        consequence="It was not made from the portal's database as it runs, or nobody practised the "
        "promotion.",
        concept="A replica is made from a running database, and promoted when it is to live on its own.",
    )
    rows = appointments(account, brief, found)
    assert rows is None or rows[1] == rows_of_clinic(brief), Because(
        found=f"{brief.study} has {rows[1] if rows else 0} appointments of {brief.clinic}; the restored "
        f"database has {rows_of_clinic(brief)}.",
        consequence="The study is about a clinic whose patients it does not have.",
        concept="A replica has what its source has: it matters whom it follows.",
    )
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
        "revoke the rule for 0.0.0.0/0 from the group that brief.old carries, authorize brief.port from "
        "the group portal-app; modify_db_instance(DBInstanceIdentifier=brief.old, PubliclyAccessible=False, "
        "BackupRetentionPeriod=7, DeletionProtection=True, ApplyImmediately=True).",
    ],
)
def test_forms(account: Account, brief: Brief) -> None:
    every = instances(account)
    old = every.get(brief.old)
    assert old is not None, Because(
        found=f"{brief.old} is not there any more.",
        consequence="The clinics' forms are gone.",
        concept="What runs is repaired in place. reset_lab() lays the start state again.",
    )
    network = network_of(account, "rds")
    inside = _inside(network, brief)
    open_rules = [
        rule
        for each in network.security_groups
        if each.id in {g["VpcSecurityGroupId"] for g in old.get("VpcSecurityGroups", [])}
        for rule in each.inbound
        if rule.cidr in ("0.0.0.0/0", "::/0")
    ]
    left = ("PubliclyAccessible", "BackupRetentionPeriod", "DeletionProtection")
    now = ([bool(old.get(key)) for key in left], bool(open_rules))
    not_attempted_unless(now != ([True, False, False], True), f"{brief.old} is as it was left.")
    is_private(old)
    for name in ("internet", "mailer"):
        must_not_reach(
            network,
            inside.get(name, name),
            brief.old,
            brief.port,
            consequence=f"{'Anybody' if name == 'internet' else 'Whoever takes over the mailer'} may try "
            "passwords on every form that patients ever filled in.",
            concept="The public address is one half; the rule is the other, and it counts inside the VPC "
            "as well.",
        )
    must_reach(
        network,
        inside["app"],
        brief.old,
        brief.port,
        consequence="The clinics' forms do not open any more.",
        concept="A repair keeps what is in use.",
    )
    keeps_backups(old, 7, whose="whoever filled in a form")
    assert old.get("DeletionProtection"), Because(
        found=f"{brief.old} has DeletionProtection false.",
        consequence="One call in the wrong window deletes it.",
        concept="Protection costs nothing; it has to be taken off before a delete.",
    )
    shared = groups_of(old) & groups_of(every.get(brief.database, {}))
    assert not shared, Because(
        found=f"{brief.old} and {brief.database} both carry {shown(sorted(shared))}.",
        consequence="A rule that is added for the forms opens the appointments as well.",
        concept="Separate databases, separate groups: then a mistake stays where it is made.",
    )


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
        "In us-east-1: a secret with {'username': brief.master, 'password': …} from get_random_password; "
        "create_db_cluster(Engine='aurora-postgresql', MasterUsername=brief.master, MasterUserPassword=…, "
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
    assert found is not None, Because(
        found=f"RDS refused to make {wish['cluster']}: {refusal}.",
        consequence="The register has no home.",
        concept="What a command asks for must be something that Aurora still has: a mode, a user, a "
        "password.",
    )
    name = found["DBClusterIdentifier"]
    is_provisioned_postgres(found)
    scales_between(found, float(wish["min_acu"]), float(wish["max_acu"]))
    members = instances(account, PRIMARY_REGION)
    answers_in_two_zones(
        found, [each for each in members.values() if each.get("DBClusterIdentifier") == name]
    )
    assert found.get("StorageEncrypted"), Because(
        found=f"{name} has StorageEncrypted false.",
        consequence="The register is kept in clear, and so will be every copy of it in another Region.",
        concept="Encryption is decided when a cluster is made.",
    )
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
    group = subnet_group(account, str(cluster.get("DBSubnetGroup")))
    assert group is not None, Because(
        found=f"{wish['secondary']} stands in the subnet group {cluster.get('DBSubnetGroup')}, which is "
        "the default VPC's or is not there.",
        consequence="A copy of the register in public subnets is as good as the register.",
        concept="A secondary cluster has a network of its own Region, and it needs the same care.",
    )
    stands_isolated(
        network_of(account),
        group,
        consequence="The copy can be carried away where the original could not.",
    )
    answering = [
        each for each in instances(account).values() if each.get("DBClusterIdentifier") == wish["secondary"]
    ]
    assert answering, Because(
        found=f"{wish['secondary']} has no instance.",
        consequence="Dublin has a copy that nobody can read; before it could take over, an instance would "
        "have to be made.",
        concept="A cluster without instances is storage only. It is cheap, and slow to wake.",
    )
    is_private(answering[0])


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
    design = Quorum(**brief.design)
    losses = _part(said, "losses")
    truth = {text: left_with(AURORA, text.split()) for text in brief.losses}
    wrong = [text for text in brief.losses if str(losses.get(text)).lower() != truth[text]]
    assert not wrong, Because(
        found=f"{len(truth) - len(wrong)} of {len(truth)} losses are told as the votes count. One of the "
        f"others loses {wrong[0]}.",
        consequence="Somebody promises that two zones may fail.",
        concept='Four votes to write, three to read: "write", "read" or "none" is left.',
    )
    numbers = counts(AURORA)
    off = [name for name, number in numbers.items() if said.get(name) != number]
    assert not off, Because(
        found=f"Of 64 sets, {said.get(off[0])} are said to leave {off[0]}.",
        consequence="A design is judged by the losses that somebody happened to think of.",
        concept="Every copy is lost or not: 2 to the 6th sets, each settled by how many copies are left.",
    )
    about = _part(said, "design")
    right = {
        "sound": design.sound,
        "zone": survives_zone(design),
        "zone_and_one": survives_zone_and_one(design),
    }
    off = [name for name, value in right.items() if not _same(about.get(name), value)]
    assert not off, Because(
        found=f"Of the colleague's design ({dict(brief.design)}), {off[0]} is told as {about.get(off[0])!r}.",
        consequence="A read answers from copies that never saw the last write, or a zone's loss stops "
        "everything.",
        concept="Sound: read + write > copies, and two writes > copies. Then count what a zone, and a copy "
        "more, leave.",
    )


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
    named = _part(said, "stores")
    stores = {str(key): str(value).strip().lower() for key, value in named.items()}
    unknown = [name for name in brief.cases if stores.get(name) not in STORES]
    assert not unknown, Because(
        found=f'The answer "choice" names no store for: {unknown[0]}.',
        consequence="Everything lands in the database that is there already.",
        concept=f"Each case is one of {shown(STORES)}.",
    )
    wrong = [name for name in brief.cases if stores[name] not in fitting(asked(name))]
    assert not wrong, Because(
        found=f"{len(brief.cases) - len(wrong)} of {len(brief.cases)} fit. One that does not: "
        f"{wrong[0]}: {stores[wrong[0]]}.",
        consequence="The program works around its own database, and pays for it in every request.",
        concept="Ask what the data is asked: " + choose(asked(wrong[0])).because + ".",
    )
    even = break_even(brief.cache_ms, brief.database_ms)
    number = said.get("break_even")
    good = isinstance(number, int | float) and abs(number - even) <= 0.005
    assert good, Because(
        found=f"A break-even hit rate of {number!r} was handed in, for {brief.cache_ms} ms and "
        f"{brief.database_ms} ms.",
        consequence="A cache is bought that makes the page slower.",
        concept="With a cache, every read pays the cache's time, and a miss the database's on top of it.",
    )
    assert said.get("cache") is (brief.hit_rate >= even), Because(
        found=f"cache is {said.get('cache')!r}, at a hit rate of {brief.hit_rate}.",
        consequence="The decision contradicts its own sum.",
        concept="Above the break-even rate a cache saves time, below it costs time.",
    )


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
    assert said.get("choose") == right, Because(
        found=f"The need is: {sums['need']}. choose is {said.get('choose')!r}.",
        consequence="The money is spent, and the page is as slow, or as dead, as before.",
        concept="Two machines cost the same either way. One waits and takes over; the other answers reads "
        "and does not.",
    )
