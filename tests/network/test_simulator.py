"""The engine against a second, plain simulator of single packets, on random networks."""

from __future__ import annotations

import random
from itertools import permutations

import pytest

from cloudlings.network import load_topology, trace

from .simulator import Simulator, random_topology


@pytest.mark.parametrize("seed", range(40))
def test_both_say_the_same_of_every_pair(seed: int) -> None:
    """Every pair of instances of three VPCs, over peerings and a transit gateway: same verdict."""
    topology = random_topology(random.Random(seed))
    network, simulator = load_topology(topology), Simulator(topology)
    for client, server in permutations(topology["instances"], 2):
        found = trace(network, client, server, "tcp", 443)
        wanted = "reachable" if simulator.connects(client, server) else "blocked"
        assert found.verdict == wanted, f"{client} → {server}: {found.sentence}"


def test_the_random_networks_are_neither_all_open_nor_all_shut() -> None:
    """Over the seeds used, a fair part of the pairs between VPCs connects, and a fair part does not."""
    answers = []
    for seed in range(40):
        topology = random_topology(random.Random(seed))
        simulator = Simulator(topology)
        pairs = permutations(topology["instances"], 2)
        answers += [simulator.connects(*pair) for pair in pairs if pair[0][2] != pair[1][2]]
    assert 0.02 < sum(answers) / len(answers) < 0.9
