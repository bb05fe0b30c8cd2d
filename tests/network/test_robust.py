"""Broken networks: an answer with a reason, never a traceback, a hang, or "reachable" by default."""

from __future__ import annotations

import dataclasses
import random
import time
from pathlib import Path
from typing import Any

import pytest

from cloudlings.errors import NetworkError
from cloudlings.network import Network, findings, kind, load_topology, trace, without_zone
from cloudlings.network.addresses import block, show
from cloudlings.network.cases import load_cases
from cloudlings.network.index import index_of

from .test_trace import network

CASES = Path(__file__).parent / "cases"
TOPOLOGIES = [case.topology for path in sorted(CASES.glob("*.yaml")) for case in load_cases(path)]
_ODD = ["", "garbage", "0.0.0.0/0", "10.0.0.0/99", "10.0.0.1/8", "::/0", "-1"]


def _spoil(rng: random.Random, built: Network) -> Network:
    """Take things away, point references elsewhere, put nonsense into fields."""
    ids = [
        each.id
        for part in vars(built).values()
        if isinstance(part, tuple)
        for each in part
        if hasattr(each, "id")
    ]
    for _ in range(rng.randint(1, 6)):
        part = rng.choice(
            [each for each in dataclasses.fields(built) if isinstance(getattr(built, each.name), tuple)]
        )
        items = [each for each in getattr(built, part.name) if dataclasses.is_dataclass(each)]
        if not items:
            continue
        at = rng.randrange(len(items))
        if rng.random() < 0.3:
            items.pop(at)
        else:
            items[at] = _scramble(rng, items[at], ids)
        built = dataclasses.replace(built, **{part.name: tuple(items)})
    return built


def _scramble(rng: random.Random, thing: Any, ids: list[str]) -> Any:
    name = rng.choice(dataclasses.fields(thing)).name
    value = getattr(thing, name)
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, str):
        value = rng.choice([*_ODD, rng.choice(ids)])
    elif isinstance(value, int):
        value = rng.choice([0, -1, 70000])
    elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        spoiled = list(value)
        at = rng.randrange(len(spoiled))
        spoiled[at] = _scramble(rng, spoiled[at], ids)
        value = tuple(spoiled)
    elif isinstance(value, tuple) and value:
        value = (*rng.sample(value, rng.randint(0, len(value))), rng.choice(ids))
    return dataclasses.replace(thing, **{name: value})


@pytest.mark.parametrize("seed", range(150))
def test_a_spoiled_network_still_gets_an_answer(seed: int) -> None:
    """Deleted references, nonsense in fields: a verdict with its reason, and soon."""
    rng = random.Random(seed)
    built = _spoil(rng, load_topology(rng.choice(TOPOLOGIES)))
    places = [
        each.id
        for part in ("subnets", "instances", "load_balancers", "vpcs")
        for each in getattr(built, part)
    ]
    places += ["internet", "internet6", "service:s3", "8.8.8.8", "nobody", ""]
    start = time.perf_counter()
    for _ in range(3):
        found = trace(
            built,
            rng.choice(places),
            rng.choice(places),
            rng.choice(["tcp", "icmp", "-1"]),
            rng.choice([None, 443]),
        )
        assert found.sentence
        assert found.reachable or found.explanations
    for subnet in built.subnets:
        assert kind(built, subnet.id) in ("public", "private", "isolated", "broken", "unknown")
    findings(built)
    without_zone(built, "us-east-1a")
    assert time.perf_counter() - start < 5


def _random_filters(rng: random.Random) -> dict[str, Any]:
    def cidr() -> str:
        first, length = rng.choice([8, 54, 63, 198, 203]), rng.choice([0, 0, 0, 1, 2, 8, 16])
        found = block(f"{first}.{rng.randrange(256)}.0.0/{length}")
        assert found is not None
        return f"{show(found.low, 4)}/{found.length}"

    def ports() -> str:
        return f"{rng.choice([0, 0, 0, 22, 443, 40000])}-{rng.choice([65535, 65535, 65535, 60000, 40000])}"

    def rules(count: int) -> list[list[Any]]:
        return [
            [100 + each, rng.choice(["allow", "allow", "deny"]), "tcp", ports(), cidr()]
            for each in range(count)
        ]

    return {
        "sgs": {
            "sg-web": {"in": [["tcp", ports(), cidr()] for _ in range(3)], "out": [["tcp", ports(), cidr()]]}
        },
        "nacls": {"n": {"vpc": "v", "subnets": ["pub"], "in": rules(4), "out": rules(4)}},
        "tables": {
            "rt-pub": {"routes": [[cidr(), rng.choice(["igw", "igw", "nat", "gone"])] for _ in range(3)]}
        },
    }


@pytest.mark.parametrize("seed", range(40))
def test_the_internet_is_reached_exactly_when_one_of_its_hosts_is(seed: int) -> None:
    """The set of all hosts and single hosts agree: those at every edge of every rule are tried one by one."""
    rng = random.Random(seed)
    change = _random_filters(rng)
    built = network(**change)
    texts = [rule[-1] for side in change["nacls"]["n"].values() if isinstance(side, list) for rule in side]
    texts += [rule[-1] for side in change["sgs"]["sg-web"].values() for rule in side]
    texts += [route[0] for route in change["tables"]["rt-pub"]["routes"]]
    blocks = [found for text in texts if (found := block(str(text)))]
    space = index_of(built).internet(4)
    edges = {edge for each in blocks for edge in (each.low, each.high, each.low - 1, each.high + 1)}
    hosts = [
        host for host in edges | {low for low, _ in space} if any(low <= host <= high for low, high in space)
    ]
    for source, destination in (("internet", "web"), ("web", "internet")):
        one_by_one = any(
            trace(
                built,
                *(show(host, 4) if end == "internet" else end for end in (source, destination)),
                "tcp",
                443,
            ).reachable
            for host in hosts
        )
        assert trace(built, source, destination, "tcp", 443).reachable is one_by_one


def test_route_tables_that_send_a_packet_round_and_round_end() -> None:
    """A loop through a transit gateway is told as one."""
    built = network("central-egress", tables={"rt-att": {"routes": [["0.0.0.0/0", "tgw"]]}})
    assert "X_ROUTING_LOOP" in trace(built, "peer", "internet", "tcp", 443).codes


def test_load_balancers_that_are_each_others_targets_end() -> None:
    """A ring of load balancers is a loop, not a traceback."""
    ring = {
        "one": {
            "type": "network",
            "subnets": ["pub"],
            "listeners": [80],
            "targets": ["two"],
            "target_port": 80,
        },
        "two": {
            "type": "network",
            "subnets": ["priv"],
            "listeners": [80],
            "targets": ["one"],
            "target_port": 80,
        },
    }
    assert "X_ROUTING_LOOP" in trace(network(lbs=ring), "internet", "one", "tcp", 80).codes


@pytest.mark.parametrize(
    "topology", [{"unheard": {}}, {"subnets": {"s": {}}}, {"vpcs": []}, {"instances": {"i": {"subnet": "s"}}}]
)
def test_a_topology_that_cannot_be_read_is_an_error_by_name(topology: dict[str, Any]) -> None:
    """What is wrong is said, with what to do next."""
    with pytest.raises(NetworkError) as caught:
        load_topology(topology)
    assert caught.value.next_step


def test_an_empty_network_answers_unknown() -> None:
    """There is nothing to reach in it."""
    assert trace(Network(), "internet", "i-1", "tcp", 22).verdict == "unknown"
    assert kind(Network(), "subnet-1") == "unknown"
    assert findings(Network()) == ()
