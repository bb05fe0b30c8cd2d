"""Names of instance types, and CPU credits."""

from __future__ import annotations

import pytest

from cloudlings.errors import ModelError
from cloudlings.models.instance_types import BURSTABLE, TypeName, hours, type_name

# From the EC2 instance types guide, "Instance type naming conventions", and the types' own pages.
NAMES = {
    "c7gn.4xlarge": TypeName("c", 7, "gn", "4xlarge"),
    "t3.micro": TypeName("t", 3, "", "micro"),
    "x2iedn.xlarge": TypeName("x", 2, "iedn", "xlarge"),
    "m7i-flex.large": TypeName("m", 7, "i-flex", "large"),
    "u7i-12tb.224xlarge": TypeName("u", 7, "i-12tb", "224xlarge"),
    "im4gn.large": TypeName("im", 4, "gn", "large"),
    "inf2.xlarge": TypeName("inf", 2, "", "xlarge"),
    "r8g.metal-24xl": TypeName("r", 8, "g", "metal-24xl"),
    "g5g.2xlarge": TypeName("g", 5, "g", "2xlarge"),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_falls_into_its_parts(text: str) -> None:
    """Family, generation, options and size are told apart, whatever the order of letters."""
    assert type_name(text) == NAMES[text]


@pytest.mark.parametrize("text", ["micro", "t3", "t3.", ".large", "3t.micro", "t3 micro", ""])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Half a name is an error, and says what a name looks like."""
    with pytest.raises(ModelError, match="not the name"):
        type_name(text)


def test_a_day_of_earnings_is_the_most_that_is_kept() -> None:
    """A t3.micro earns 12 credits an hour and keeps 288 (EC2 User Guide's table)."""
    assert (BURSTABLE["t3.micro"].earned, BURSTABLE["t3.micro"].most) == (12, 288)
    assert hours("t3.micro", [0] * 30)[-1].balance == 288


def test_at_the_baseline_nothing_is_saved_and_nothing_owed() -> None:
    """A load at the baseline spends what it earns."""
    last = hours("t3.micro", [10] * 5, balance=40)[-1]
    assert (last.balance, last.surplus) == (40, 0)


def test_standard_mode_falls_to_the_baseline() -> None:
    """Without credits a standard instance is given its baseline."""
    assert [hour.given for hour in hours("t3.micro", [100, 100], balance=108, unlimited=False)] == [100, 10]


def test_unlimited_mode_goes_on_and_owes() -> None:
    """Without credits an unlimited instance goes on, and later hours pay back."""
    told = hours("t3.micro", [100, 0, 0])
    assert [hour.given for hour in told] == [100, 0, 0]
    assert [hour.surplus for hour in told] == [108, 96, 84]


def test_only_burstable_types_have_credits() -> None:
    """m7g.large has none."""
    with pytest.raises(ModelError, match="not a T3 type"):
        hours("m7g.large", [50])
