"""An old database that is repaired in place: shut to the world, open to its app, protected, on its own."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.grading.database_rules import is_shut_to_new_machines, on_no_other_port
from cloudlings.grading.database_state import Raw
from cloudlings.grading.portal_database import groups_of
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import must_not_reach, must_reach, shown
from cloudlings.network import Network


def lets_everybody_in(network: Network, database: Raw) -> bool:
    """Whether a group that a database carries has a rule for the whole world."""
    return any(
        rule.cidr in ("0.0.0.0/0", "::/0")
        for each in network.security_groups
        if each.id in groups_of(database)
        for rule in each.inbound
    )


def is_for_the_app(network: Network, database: Raw, port: int, inside: Mapping[str, str]) -> None:
    """Fails the check unless the app reaches a database, on its port only, and nobody else does.

    ``inside`` maps names of machines to their interfaces.
    """
    old = database["DBInstanceIdentifier"]
    for name in ("internet", "mailer"):
        must_not_reach(
            network,
            inside.get(name, name),
            old,
            port,
            consequence=f"{'Anybody' if name == 'internet' else 'Whoever takes over the mailer'} may try "
            "passwords on every form that patients ever filled in.",
            concept="The public address is one half; the rule is the other, and it counts inside the VPC "
            "as well.",
        )
    must_reach(
        network,
        inside["app"],
        old,
        port,
        consequence="The clinics' forms do not open any more.",
        concept="A repair keeps what is in use.",
    )
    is_shut_to_new_machines(network, old, port)
    on_no_other_port(network, inside["app"], old, port, "app")


def is_protected(database: Raw) -> None:
    """Fails the check unless a database cannot be deleted by one call."""
    assert database.get("DeletionProtection"), Because(
        found=f"{database['DBInstanceIdentifier']} has DeletionProtection false.",
        consequence="One call in the wrong window deletes it.",
        concept="Protection costs nothing; it has to be taken off before a delete.",
    )


def shares_no_group(database: Raw, other: Raw) -> None:
    """Fails the check when two databases carry the same security group; ``other`` may be empty."""
    shared = groups_of(database) & groups_of(other)
    assert not shared, Because(
        found=f"{database['DBInstanceIdentifier']} and {other['DBInstanceIdentifier']} both carry "
        f"{shown(sorted(shared))}.",
        consequence="A rule that is added for the forms opens the appointments as well.",
        concept="Separate databases, separate groups: then a mistake stays where it is made.",
    )


def still_runs(every: Mapping[str, Raw], name: str) -> Raw:
    """The old database; fails the check when it is gone."""
    old = every.get(name)
    assert old is not None, Because(
        found=f"{name} is not there any more.",
        consequence="The clinics' forms are gone.",
        concept="What runs is repaired in place. reset_lab() lays the start state again.",
    )
    return old
