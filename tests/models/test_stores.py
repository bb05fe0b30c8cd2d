"""Which database for which access pattern, and the hit rate at which a cache begins to pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.stores import STORES, break_even, choose, fitting, mean_ms

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "stores.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["source"][-40:])
def test_case(case: dict[str, Any]) -> None:
    """Each case of stores.yaml is answered by the stores that its source names, the chosen one first."""
    assert (choose(case["case"]).store, fitting(case["case"])) == (case["is"][0], set(case["is"]))


def test_every_store_is_chosen() -> None:
    """There is a case for every store."""
    assert {case["is"][0] for case in CASES} | {"aurora"} == set(STORES)


def test_unknown() -> None:
    """What the model does not know is an error, not a default."""
    for wrong in ({}, {"access": "relational", "colour": "blue"}, {"access": "telepathy"}):
        with pytest.raises(ModelError):
            choose(wrong)


def test_break_even() -> None:
    """At the break-even rate a read takes as long with the cache as without; below it, longer."""
    even = break_even(1, 4)
    assert even == 0.25
    assert mean_ms(even, 1, 4) == 4
    assert mean_ms(0.2, 1, 4) > 4 > mean_ms(0.3, 1, 4)
    assert break_even(5, 4) > 1
