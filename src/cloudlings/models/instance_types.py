"""What an EC2 instance type's name says, and how a burstable one earns and spends CPU credits.

Sources: EC2 instance types guide, "Instance type naming conventions"; EC2 User Guide, "Key concepts for
burstable performance instances", "Unlimited mode" and "Standard mode for burstable performance instances".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cloudlings.errors import ModelError

_NAME = re.compile(r"([a-z]+)([0-9]+)([a-z]*(?:-[a-z0-9]+)?)\.([a-z0-9][a-z0-9-]*)")


@dataclass(frozen=True)
class TypeName:
    """The parts of a name: ``c7gd.2xlarge`` is family c, generation 7, options gd, size 2xlarge."""

    family: str
    generation: int
    options: str
    size: str


def type_name(text: str) -> TypeName:
    """The parts of an instance type's name. Errors: ModelError for what is no such name.

    Options are what stands between the generation and the dot, in AWS's order: processor (a AMD, g Graviton,
    i Intel), then what is added (b, d, e, n, z, flex, or a memory size such as ``-12tb``).
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        raise ModelError(
            f"{text!r} is not the name of an instance type.",
            next_step="write a family, a generation, options, a dot and a size, such as c7gd.2xlarge",
        )
    family, generation, options, size = found.groups()
    return TypeName(family, int(generation), options, size)


@dataclass(frozen=True)
class Burstable:
    """A burstable type: its vCPUs, and the percent of each that it may use for ever.

    One credit is one vCPU at 100 % for a minute. An hour earns what the baseline would spend; at most 24
    hours of earnings are kept.
    """

    vcpus: int
    baseline: float

    @property
    def earned(self) -> float:
        """Credits an hour."""
        return self.vcpus * self.baseline / 100 * 60

    @property
    def most(self) -> float:
        """Credits that can be kept."""
        return 24 * self.earned


BURSTABLE = {
    "t3.nano": Burstable(2, 5),
    "t3.micro": Burstable(2, 10),
    "t3.small": Burstable(2, 20),
    "t3.medium": Burstable(2, 20),
    "t3.large": Burstable(2, 30),
    "t3.xlarge": Burstable(4, 40),
    "t3.2xlarge": Burstable(8, 40),
}
"""The T3 types (EC2 User Guide, the table of credits earned for each hour)."""


@dataclass(frozen=True)
class Hour:
    """What an hour came to: percent of each vCPU asked for and given, credits at its end, surplus spent."""

    asked: float
    given: float
    balance: float
    surplus: float


def hours(kind: str, load: Iterable[float], *, balance: float = 0.0, unlimited: bool = True) -> list[Hour]:
    """Follows a burstable type through hours of load (percent of each vCPU). Errors: ModelError.

    In standard mode the CPU falls to the baseline when the balance is spent. In unlimited mode it goes on
    with surplus credits, which later earnings pay back; what is owed beyond a day's earnings is charged at
    once, and no longer owed. ``surplus`` is what is owed at the hour's end, and what was charged in it.
    """
    if kind not in BURSTABLE:
        raise ModelError(f"{kind} is not a T3 type.", next_step=f"choose one of {', '.join(BURSTABLE)}")
    machine, owed, told = BURSTABLE[kind], 0.0, []
    for asked in load:
        net = balance - owed + machine.earned - machine.vcpus * asked / 100 * 60
        short = max(0.0, -net)
        given = asked if unlimited else asked - short / (machine.vcpus * 60) * 100
        balance = min(max(net, 0.0), machine.most)
        owed = min(short, machine.most) if unlimited else 0.0
        told.append(Hour(asked, given, balance, short if unlimited else 0.0))
    return told
