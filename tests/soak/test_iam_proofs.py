"""Two thousand random pairs of policies: the proof and z3 must say the same of each."""

from __future__ import annotations

import itertools
import os
import random

import pytest

from cloudlings.iam import Policies, decide, prove
from tests.iam.pairs import HOME, SERVICES, pair, widened
from tests.iam.test_proof_against_z3 import CALLERS, confirmed, proof_of, some_request

PAIRS = int(os.environ.get("CLOUDLINGS_SOAK_PAIRS", "2000"))
SIZE = 50
SEEDS_OF_A_BLOCK = 1_000
FIRST = 1_000
"""The seeds below are the sample that the ordinary tests look at."""


@pytest.mark.slow
@pytest.mark.parametrize("block", range((PAIRS + SIZE - 1) // SIZE))
def test_z3_agrees_on_a_block(block: int) -> None:
    """On fifty random pairs that z3 answers with modest effort it finds the same verdicts."""
    z3_model = pytest.importorskip("tests.iam.z3_model")
    answered = unanswered = 0
    for seed in itertools.count(FIRST + block * SEEDS_OF_A_BLOCK):
        granted, needed, found, _ = proof_of(seed)
        assert confirmed(granted, needed, found), seed
        try:
            expected = z3_model.verdict(*pair(seed), effort=1_000_000)
        except z3_model.Unknown:
            unanswered += 1
            assert unanswered < SIZE, "z3 answers too few to be a witness"
            continue
        assert found.verdict == expected, seed
        answered += 1
        if answered == SIZE:
            return


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_no_request_is_missed_under_every_layer(block: int) -> None:
    """With groups, endpoint policies, RCPs, Block Public Access and KMS grants too, random requests agree."""
    for seed in range(50_000 + block * SIZE, 50_000 + (block + 1) * SIZE):
        rng = random.Random(seed)
        one, other, service = pair(seed)
        granted, needed = (
            Policies.of(**widened(rng, one, service)),
            Policies.of(**widened(rng, other, service)),
        )
        found = prove(granted, needed, principals=CALLERS, actions=SERVICES[service].actions, account=HOME)
        assert confirmed(granted, needed, found), seed
        for _ in range(120):
            request = some_request(rng, service)
            allowed = decide(request, granted).allowed
            if allowed != decide(request, needed).allowed:
                assert found.verdict in ("both", "not_proven", "over" if allowed else "under"), (
                    seed,
                    request,
                )
