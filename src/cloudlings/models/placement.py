"""Where an Auto Scaling group launches, whom it terminates, and how it replaces.

Pure. Source: Amazon EC2 Auto Scaling User Guide, "Auto Scaling benefits for application architecture"
(instance distribution, rebalancing), "Configure termination policies", "Allocation strategies for multiple
instance types", "Use an instance refresh".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from cloudlings.errors import ModelError


@dataclass(frozen=True)
class Member:
    """An instance of a group: its zone, its launch template's version, minutes since launch."""

    id: str
    zone: str
    version: int = 1
    age: float = 0
    protected: bool = False


def counts(members: Sequence[Member], zones: Sequence[str]) -> dict[str, int]:
    """How many instances each zone has."""
    return {zone: sum(member.zone == zone for member in members) for zone in zones}


def launch_zone(members: Sequence[Member], zones: Sequence[str]) -> str:
    """The zone of the next launch: the one with the fewest instances, the first named among equals."""
    if not zones:
        raise ModelError("The group has no zone to launch in.", next_step="Give it subnets.")
    there = counts(members, zones)
    return min(zones, key=lambda zone: there[zone])


def spread(capacity: int, zones: Sequence[str]) -> dict[str, int]:
    """How a group of this capacity lies over its zones once it is balanced."""
    members: list[Member] = []
    for number in range(capacity):
        members.append(Member(str(number), launch_zone(members, zones)))
    return counts(members, zones)


def after_loss(capacity: int, zones: Sequence[str], lost: str) -> int:
    """How many instances of a balanced group are left at the moment its zone ``lost`` goes."""
    return capacity - spread(capacity, zones).get(lost, 0)


def moves_to_balance(members: Sequence[Member], zones: Sequence[str]) -> int:
    """How many instances rebalancing replaces: launched in a poorer zone, then terminated in a richer one."""
    there = sorted(counts(members, zones).values())
    moves = 0
    while there and there[-1] - there[0] > 1:
        there[0], there[-1], moves = there[0] + 1, there[-1] - 1, moves + 1
        there.sort()
    return moves


def next_terminated(members: Sequence[Member]) -> tuple[Member | None, str]:
    """Whom the default termination policy takes, and why; None when all are protected from scale-in.

    The zone with the most instances first; in it the oldest launch template; among equals the one closest to
    its next billing hour (on AWS a random one, if there are still several).
    """
    free = [member for member in members if not member.protected]
    if not free:
        return None, "Every instance is protected from scale-in."
    there = counts(members, [member.zone for member in members])
    fullest = max(there[member.zone] for member in free)
    rich = [member for member in free if there[member.zone] == fullest]
    oldest = min(member.version for member in rich)
    old = [member for member in rich if member.version == oldest]
    chosen = min(old, key=lambda member: (60 - member.age % 60, member.id))
    reason = (
        f"{chosen.zone} has the most instances ({fullest}); there, template version {oldest} is the oldest"
    )
    return chosen, reason + ("." if len(old) == 1 else "; among those, its next billing hour is the closest.")


def termination_order(members: Sequence[Member], many: int) -> tuple[str, ...]:
    """The ids that go when the group shrinks by ``many``, one after the other."""
    left, gone = list(members), []
    for _ in range(many):
        chosen, _reason = next_terminated(left)
        if chosen is None:
            break
        gone.append(chosen.id)
        left.remove(chosen)
    return tuple(gone)


def on_demand(capacity: int, distribution: Mapping[str, object]) -> int:
    """How many of a mixed group's instances are On-Demand, by its InstancesDistribution; the rest are Spot.

    What is left out has AWS's defaults: base 0, and 100 % On-Demand above it. Halves go to On-Demand.
    """
    base = min(capacity, _number(distribution.get("OnDemandBaseCapacity"), 0))
    share = _number(distribution.get("OnDemandPercentageAboveBaseCapacity"), 100)
    return base + ceil((capacity - base) * share / 100)


def _number(value: object, default: int) -> int:
    return default if value is None else int(str(value))


def refresh_batches(capacity: int, min_healthy: int = 90) -> tuple[int, ...]:
    """How many instances an instance refresh replaces at a time (terminate and launch), until all are new."""
    if capacity <= 0:
        return ()
    at_once = max(1, capacity - ceil(capacity * min_healthy / 100))
    whole, rest = divmod(capacity, at_once)
    return (at_once,) * whole + ((rest,) if rest else ())
