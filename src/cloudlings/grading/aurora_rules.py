"""What graders of Aurora ask: a serverless range, instances in two zones, a global database's members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.grading.database_state import Raw
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def is_provisioned_postgres(cluster: Raw) -> None:
    """Fails the check unless a cluster is Aurora PostgreSQL of today's mode."""
    good = cluster["Engine"] == "aurora-postgresql" and cluster.get("EngineMode") != "serverless"
    assert good, Because(
        found=f"{cluster['DBClusterIdentifier']} is {cluster['Engine']}, engine mode "
        f"{cluster.get('EngineMode')}.",
        consequence="The register's program does not start, or the cluster is of a kind that is switched "
        "off.",
        concept="Aurora serverless today is the provisioned mode with a range of capacity.",
    )


def scales_between(cluster: Raw, least: float, most: float) -> None:
    """Fails the check unless a cluster's capacity goes from ``least`` to ``most`` ACUs."""
    range_ = cluster.get("ServerlessV2ScalingConfiguration") or {}
    has = (float(range_.get("MinCapacity", -1)), float(range_.get("MaxCapacity", -1)))
    if has[0] == 0 < least:
        consequence = "The first query of the day waits until the cluster has woken."
    elif has[0] > least:
        consequence = "Capacity is paid for at night, when nobody asks."
    else:
        consequence = "At noon it cannot grow as far as was agreed, or further than was paid for."
    assert has == (least, most), Because(
        found=f"{cluster['DBClusterIdentifier']} scales from {range_.get('MinCapacity')} to "
        f"{range_.get('MaxCapacity')} ACUs.",
        consequence=consequence,
        concept="A least capacity of 0 lets a cluster pause; from 0.5 on it never does, and every hour is "
        "paid.",
    )


def answers_in_two_zones(cluster: Raw, mine: Sequence[Raw]) -> None:
    """Fails the check unless a cluster's instances are serverless, and in two zones at least."""
    name = cluster["DBClusterIdentifier"]
    names = [each["DBInstanceIdentifier"] for each in mine]
    fixed = [each["DBInstanceIdentifier"] for each in mine if each["DBInstanceClass"] != "db.serverless"]
    good = bool(mine) and not fixed
    assert good, Because(
        found=f"{name} has {shown(names) if mine else 'no instance'}"
        f"{'; of a fixed size: ' + shown(fixed) if fixed else ''}.",
        consequence="Nobody answers, or a machine of a fixed size is paid for all night.",
        concept="The cluster is the storage; instances answer. Those of class db.serverless scale.",
    )
    zones = {each["AvailabilityZone"] for each in mine}
    assert len(zones) > 1, Because(
        found=f"{name} has {len(mine)} instance{'s' if len(mine) > 1 else ''}, in {shown(sorted(zones))}.",
        consequence="The data survives the loss of that zone; whoever asks for it waits until a new "
        "instance is made.",
        concept="Aurora's storage is in three zones by itself. Its instances are where you put them, and a "
        "reader in another zone is the failover target.",
    )


def members_of(world: Raw) -> dict[str, bool]:
    """The clusters of a global database by their ARNs, and whether each writes."""
    return {
        each["DBClusterArn"]: bool(each.get("IsWriter")) for each in world.get("GlobalClusterMembers", [])
    }


def grows_out_of(world: str, members: Mapping[str, bool], source: Mapping[str, Any], name: str) -> None:
    """Fails the check unless a cluster is of the global database, and RDS does not manage its password."""
    regions = sorted(arn.split(":")[3] for arn in members)
    assert source.get("DBClusterArn") in members, Because(
        found=f"The global cluster {world} has {shown(regions) if regions else 'no'} members; {name} is "
        "not among them.",
        consequence="An empty world is replicated, and the register is not in it.",
        concept="A global database grows out of a cluster, by its ARN.",
    )
    assert not source.get("MasterUserSecret"), Because(
        found=f"{name} has a master password that RDS manages.",
        consequence="AWS does not take such a cluster into a global database.",
        concept="A managed password is one Region's. Members of a global database share the users, so a "
        "secret of one's own keeps the password.",
    )


def follows_in(
    region: str, world: str, members: Mapping[str, bool], name: str, there: Mapping[str, Raw]
) -> None:
    """Fails the check unless the cluster ``name`` of a Region follows in the global database."""
    regions = {arn.split(":")[3]: arn for arn in members}
    second = regions.get(region, "")
    assert second.rpartition(":")[2] == name, Because(
        found=f"The members of {world} are in {shown(sorted(regions))}; {name} in {region} is "
        f"{'a cluster of its own' if name in there else 'not there'}.",
        consequence="When Virginia is lost, the register is lost with it.",
        concept="A secondary cluster is told, when it is made, to which global cluster it belongs.",
    )
    assert not members[second], Because(
        found=f"{name} is the writer of {world}.",
        consequence="Virginia's program writes to a cluster that is read only now.",
        concept="One member writes; the others follow, usually less than a second behind.",
    )


def is_kept_encrypted(cluster: Raw) -> None:
    """Fails the check unless a cluster's storage is encrypted."""
    name = cluster["DBClusterIdentifier"]
    assert cluster.get("StorageEncrypted"), Because(
        found=f"{name} has StorageEncrypted false.",
        consequence="The register is kept in clear, and so will be every copy of it in another Region.",
        concept="Encryption is decided when a cluster is made.",
    )


def stands_in_its_own(name: str, cluster: Raw, group: Raw | None) -> Raw:
    """Fails the check unless the subnet group of a secondary cluster was found: one that somebody made."""
    assert group is not None, Because(
        found=f"{name} stands in the subnet group {cluster.get('DBSubnetGroup')}, which is "
        "the default VPC's or is not there.",
        consequence="A copy of the register in public subnets is as good as the register.",
        concept="A secondary cluster has a network of its own Region, and it needs the same care.",
    )
    return group


def has_somebody_to_answer(name: str, answering: Sequence[Raw]) -> None:
    """Fails the check unless a cluster has an instance."""
    assert answering, Because(
        found=f"{name} has no instance.",
        consequence="Dublin has a copy that nobody can read; before it could take over, an instance would "
        "have to be made.",
        concept="A cluster without instances is storage only. It is cheap, and slow to wake.",
    )


def was_not_refused(found: Raw | None, name: str, refusal: str) -> Raw:
    """The cluster; fails the check where there is none because RDS refused to make it."""
    assert found is not None, Because(
        found=f"RDS refused to make {name}: {refusal}.",
        consequence="The register has no home.",
        concept="What a command asks for must be something that Aurora still has: a mode, a user, a "
        "password.",
    )
    return found
