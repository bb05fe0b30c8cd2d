"""Where a group launches, whom it terminates, how it replaces."""

from __future__ import annotations

import pytest

from cloudlings.errors import ModelError
from cloudlings.models import placement
from cloudlings.models.placement import Member

A, B, C = "eu-west-1a", "eu-west-1b", "eu-west-1c"


def test_spread() -> None:
    """A group lies over its zones as evenly as its number allows."""
    assert placement.spread(5, [A, B]) == {A: 3, B: 2}
    assert placement.spread(4, [A]) == {A: 4}
    with pytest.raises(ModelError, match="no zone"):
        placement.launch_zone([], [])


@pytest.mark.parametrize(("zones", "left"), [([A, B, C], 4), ([A, B], 3), ([A], 0)])
def test_after_loss(zones: list[str], left: int) -> None:
    """What a lost zone leaves of six instances."""
    assert placement.after_loss(6, zones, A) == left


def test_rebalancing() -> None:
    """Instances move until no zone has two more than another."""
    members = [Member(str(n), A) for n in range(4)]
    assert placement.moves_to_balance(members, [A, B]) == 2
    assert placement.moves_to_balance(members[:1], [A, B]) == 0


@pytest.mark.parametrize(
    ("members", "gone"),
    [
        ([Member("x", A, 1), Member("y", B, 2), Member("z", B, 3)], "y"),  # the fullest zone comes first
        ([Member("x", A, 2), Member("y", A, 1)], "y"),  # then the oldest template
        (
            [Member("x", A, 1, age=50), Member("y", A, 1, age=110)],
            "x",
        ),  # then the billing hour (both 10 left)
        ([Member("x", A, 1, age=20), Member("y", A, 1, age=110)], "y"),
        ([Member("x", A, 1, protected=True), Member("y", A, 2), Member("z", B, 1)], "y"),
    ],
)
def test_default_termination(members: list[Member], gone: str) -> None:
    """The default policy: the fullest zone, the oldest template, the next billing hour."""
    chosen, reason = placement.next_terminated(members)
    assert chosen is not None
    assert chosen.id == gone
    assert chosen.zone in reason


def test_protected() -> None:
    """A group of protected instances does not shrink."""
    assert placement.termination_order([Member("x", A, protected=True)], 1) == ()


@pytest.mark.parametrize(
    ("capacity", "distribution", "number"),
    [
        (10, {}, 10),
        (10, {"OnDemandBaseCapacity": 2, "OnDemandPercentageAboveBaseCapacity": 0}, 2),
        (1, {"OnDemandBaseCapacity": 2, "OnDemandPercentageAboveBaseCapacity": 0}, 1),
        (7, {"OnDemandBaseCapacity": 2, "OnDemandPercentageAboveBaseCapacity": 50}, 5),
        (6, {"OnDemandPercentageAboveBaseCapacity": 50}, 3),
    ],
)
def test_on_demand(capacity: int, distribution: dict[str, object], number: int) -> None:
    """Base first, a percentage above it, fractions in favour of On-Demand."""
    assert placement.on_demand(capacity, distribution) == number


@pytest.mark.parametrize(
    ("capacity", "least", "batches"),
    [(10, 90, (1,) * 10), (10, 50, (5, 5)), (4, 90, (1,) * 4), (5, 60, (2, 2, 1)), (3, 0, (3,)), (0, 90, ())],
)
def test_refresh(capacity: int, least: int, batches: tuple[int, ...]) -> None:
    """As many at a time as the healthy share allows, one at least."""
    assert placement.refresh_batches(capacity, least) == batches
