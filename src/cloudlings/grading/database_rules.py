"""What graders of a database ask: private, encrypted, in two zones, and a password that nobody types."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.database_state import Raw, has_by_now, own_secret_login
from cloudlings.grading.strangers import let_in
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import (
    must_not_reach,
    must_reach,
    ports_at_the_edges,
    shown,
    subnets_of,
    with_host,
)
from cloudlings.network import Network, trace


def is_private(database: Raw) -> None:
    """Fails the check unless a database has no public address."""
    name = database["DBInstanceIdentifier"]
    assert not database.get("PubliclyAccessible"), Because(
        found=f"{name} has PubliclyAccessible true.",
        consequence="Its name resolves to a public address for everybody: a rule that is too wide, today "
        "or next year, is all that is missing.",
        concept="A public address is one half of a way in, the subnets' route the other. A database needs "
        "neither.",
    )


def is_encrypted(database: Raw) -> None:
    """Fails the check unless a database's storage is encrypted."""
    name = database["DBInstanceIdentifier"]
    assert database.get("StorageEncrypted"), Because(
        found=f"{name} has StorageEncrypted false.",
        consequence="Its storage, its snapshots and its replicas hold patients' names in clear.",
        concept="Storage is encrypted from the first moment or never: it is decided when an instance is "
        "made.",
    )


def has_a_standby(database: Raw, everything: Mapping[str, Raw]) -> None:
    """Fails the check unless a database is a Multi-AZ deployment; a replica does not count."""
    name = database["DBInstanceIdentifier"]
    copies = [
        each
        for each, found in everything.items()
        if found.get("ReadReplicaSourceDBInstanceIdentifier") == name
    ]
    replica = (
        f" Its read replica {copies[0]} is asynchronous: it lacks the last writes, and nobody takes over "
        "until a person promotes it."
        if copies
        else ""
    )
    assert database.get("MultiAZ"), Because(
        found=f"{name} runs in one zone, {database.get('AvailabilityZone')}: MultiAZ is false.{replica}",
        consequence="When that zone fails, no appointment can be booked until somebody wakes up and "
        "restores a backup.",
        concept="High availability is a standby that has every write and takes over by itself, under the "
        "same endpoint.",
    )


def nobody_types_its_password(
    account: Account, database: Raw, region: str | None = None, *, proved: bool = True
) -> None:
    """Fails the check unless the master password is in Secrets Manager.

    Whether a secret of the learner's own lets in is tried if ``proved``: that wakes the database. IAM
    authentication does not do instead: the master user keeps a password beside it (RDS User Guide, "IAM
    database authentication").
    """
    name = database["DBInstanceIdentifier"]
    assert database.get("MasterUserSecret") or own_secret_login(account, database, region, proved=proved), (
        Because(
            found=f"{name} has no managed password, and no secret holds the password of its user "
            f"{database.get('MasterUsername')}.",
            consequence="The password was typed: it stays in a notebook, in the shell's history and in the "
            "chat, and nobody dares to change it.",
            concept="A password that no person knows can be changed every week.",
        )
    )


def keeps_backups(database: Raw, least: int, *, whose: str) -> None:
    """Fails the check unless automated backups are kept for ``least`` to 35 days."""
    days = int(database.get("BackupRetentionPeriod") or 0)
    name = database["DBInstanceIdentifier"]
    assert least <= days <= 35, Because(
        found=f"{name} keeps automated backups for {days} day{'' if days == 1 else 's'}; {whose} needs "
        f"{least} at least.",
        consequence="A mistake that is noticed later than that cannot be undone any more.",
        concept="A restore to a point in time reaches back as far as the retention period, 35 days at most.",
    )


def only_for(network: Network, target: str, port: int, inside: Mapping[str, str], callers: set[str]) -> None:
    """Fails the check unless exactly the callers reach the database, and on its port only.

    ``inside`` maps names of machines to their interfaces.
    """
    for name in sorted(callers):
        must_reach(
            network,
            inside[name],
            target,
            port,
            consequence=f"{name} gets no answer from the database: no appointment is shown.",
            concept="The rule is at the database: which group may call, and which port.",
        )
    for name, source in [("internet", "internet"), *sorted(inside.items())]:
        if name not in callers:
            must_not_reach(
                network,
                source,
                target,
                port,
                consequence=f"Whoever takes over {'any computer' if name == 'internet' else name} can try "
                "passwords on the patients' records.",
                concept="A rule that names a group lets in whoever carries it; a range of addresses lets in "
                "whoever lives there.",
            )
    is_shut_to_new_machines(network, target, port)
    for name in sorted(callers):
        on_no_other_port(network, inside[name], target, port, name)


def is_shut_to_new_machines(network: Network, target: str, port: int) -> None:
    """Fails the check when a machine that is launched later, in a subnet of the VPC, reaches the database."""
    carried = next((each.security_groups for each in network.databases if each.id == target), ())
    for subnet in subnets_of(network, _home(network, target)):
        for address in ("", *let_in(network, carried, subnet)):
            planted, newcomer = with_host(network, subnet, what="a new machine", address=address)
            must_not_reach(
                planted,
                newcomer,
                target,
                port,
                consequence="Whoever launches a machine there, or takes one over, can try passwords on the "
                "patients' records.",
                concept="A range of addresses lets in whoever lives there, today or next year.",
            )


def on_no_other_port(network: Network, source: str, target: str, port: int, name: str) -> None:
    """Fails the check when a caller, called ``name``, reaches the database on another port than its own."""
    for other in ports_at_the_edges(network, _home(network, target), port):
        if other == port:
            continue
        found = trace(network, source, target, "tcp", other)
        assert not found.reachable, Because(
            found=f"{name} was let knock at other ports of {target}. {found.sentence}",
            consequence="A port that nobody watches is open to the machine that talks to the internet.",
            concept="One rule, one port: the one that the database listens on.",
        )


def _home(network: Network, database: str) -> str:
    return next((each.vpc for each in network.databases if each.id == database), "")


def endpoint_of(database: Raw) -> dict[str, Any]:
    """Address and port of an instance, as it is reached now."""
    place = database.get("Endpoint") or {}
    return {"host": place.get("Address"), "port": place.get("Port")}


def answers_on(database: Raw, port: int) -> None:
    """Fails the check unless a database is a PostgreSQL, on this port."""
    name = database["DBInstanceIdentifier"]
    found = endpoint_of(database)["port"]
    assert (database["Engine"], found) == ("postgres", port), Because(
        found=f"{name} is {database['Engine']} on port {found}.",
        consequence=f"The portal's driver speaks to a PostgreSQL on port {port}, and gets no answer.",
        concept="Engine and port are the database's own: a standard driver is all that a program needs.",
    )


def holds_the_database(account: Account, found: Raw, wanted: str) -> None:
    """Fails the check unless an instance was made with a database of this name, or has it by now."""
    made = found.get("DBName")
    about = f"its DBName is {made}" if made else "it has no DBName"
    assert made == wanted or has_by_now(account, found, wanted), Because(
        found=f"{found['DBInstanceIdentifier']} holds no database {wanted}: {about}.",
        consequence="The portal connects to a database that is not there, and is refused.",
        concept="An instance holds several databases. It is made with the one that DBName names, and with "
        "none of yours where nothing is said.",
    )


def own_subnet_group(database: Raw) -> Raw:
    """The subnet group in which a database stands; fails the check for the default one."""
    name = database["DBInstanceIdentifier"]
    group: Raw = database.get("DBSubnetGroup") or {}
    assert group.get("DBSubnetGroupName", "default") != "default", Because(
        found=f"{name} was put into {group.get('DBSubnetGroupName', 'the default subnet group')}.",
        consequence="It stands in the default VPC, whose subnets are all public, and the app cannot reach "
        "it.",
        concept="Without a subnet group's name, RDS takes the default VPC.",
    )
    return group


def wears_its_own(name: str, worn: Set[str], made: Set[str], laid: Set[str]) -> None:
    """Fails the check unless a database carries a group that is its own: none of those that were ``laid``."""
    of_others = worn - {"default"}
    carried = f"those of others, {shown(sorted(of_others))}" if of_others else "the VPC's default group"
    waiting = f"; {shown(sorted(made))} {'is' if len(made) == 1 else 'are'} carried by no database"
    assert worn - laid, Because(
        found=f"{name} carries no group but {carried}{waiting if made else ''}.",
        consequence="A rule that is made for another opens the appointments as well."
        if of_others
        else "The rules are right, and nobody obeys them: the app gets no answer.",
        concept="A group works for those who carry it.",
    )
