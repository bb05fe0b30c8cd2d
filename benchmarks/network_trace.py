"""The network engine: one trace, all pairs of a lab, a large VPC, and how cost grows with rules on a path."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

from cloudlings.network import Network, kind, load_topology, trace


def run() -> dict[str, Any]:
    """Milliseconds: medians and worst times, and the best of five for growth, where noise would look like it.

    A network is built anew for each "cold" figure.
    """
    return {
        "one trace": _one_trace(),
        "all pairs of a lab (3 tiers, 2 zones, 20 resources)": _all_pairs(),
        "1,000 interfaces and 200 security groups": _large(),
        "rules on the path": {str(count): _rules(count) for count in (10, 100, 1000)},
        "rules on the path, any host of the internet": {
            str(count): _rules(count, "internet") for count in (10, 100, 1000)
        },
        "routes on the path": {str(count): _routes(count) for count in (10, 100, 1000)},
    }


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def lab() -> dict[str, Any]:
    """Three tiers over two zones: a load balancer, machines, a database, a function, two endpoints."""
    subnets, tables, nats, instances = {}, {}, {}, {}
    for number, zone in enumerate("ab"):
        for offset, tier in enumerate(("pub", "app", "data")):
            subnets[f"{tier}-{zone}"] = {"vpc": "v", "cidr": f"10.0.{offset * 10 + number}.0/24", "az": zone}
        nats[f"nat-{zone}"] = {"subnet": f"pub-{zone}"}
        tables[f"rt-app-{zone}"] = {
            "vpc": "v",
            "subnets": [f"app-{zone}"],
            "routes": [["0.0.0.0/0", f"nat-{zone}"]],
        }
        for each in range(3):
            instances[f"app-{zone}{each}"] = {"subnet": f"app-{zone}", "sgs": ["sg-app"]}
            instances[f"web-{zone}{each}"] = {"subnet": f"pub-{zone}", "sgs": ["sg-web"], "public": True}
        instances[f"cache-{zone}"] = {"subnet": f"data-{zone}", "sgs": ["sg-db"]}
    tables["rt-pub"] = {"vpc": "v", "subnets": ["pub-a", "pub-b"], "routes": [["0.0.0.0/0", "igw"]]}
    tables["rt-data"] = {"vpc": "v", "subnets": ["data-a", "data-b"], "routes": []}
    return {
        "vpcs": {"v": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "v"},
        "subnets": subnets,
        "nats": nats,
        "tables": tables,
        "sgs": {
            "sg-alb": {"vpc": "v", "in": [["tcp", "443", "0.0.0.0/0"]]},
            "sg-web": {"vpc": "v", "in": [["tcp", "443", "sg-alb"]]},
            "sg-app": {"vpc": "v", "in": [["tcp", "8080", "sg-web"], ["tcp", "8080", "sg-alb"]]},
            "sg-db": {"vpc": "v", "in": [["tcp", "5432", "sg-app"]]},
            "sg-ep": {"vpc": "v", "in": [["tcp", "443", "10.0.0.0/16"]]},
        },
        "instances": instances,
        "dbs": {"orders": {"subnets": ["data-a", "data-b"], "sgs": ["sg-db"]}},
        "lbs": {
            "alb": {
                "subnets": ["pub-a", "pub-b"],
                "sgs": ["sg-alb"],
                "listeners": [[443, "HTTPS"]],
                "targets": [f"app-{zone}{each}" for zone in "ab" for each in range(3)],
                "target_port": 8080,
            }
        },
        "lambdas": {"fn": {"subnets": ["app-a", "app-b"], "sgs": ["sg-app"]}},
        "endpoints": {
            "sm": {
                "type": "Interface",
                "service": "secretsmanager",
                "vpc": "v",
                "subnets": ["app-a", "app-b"],
                "sgs": ["sg-ep"],
            },
            "s3": {"type": "Gateway", "service": "s3", "vpc": "v", "tables": ["rt-app-a", "rt-app-b"]},
        },
        "nacls": {
            "acl-data": {
                "vpc": "v",
                "subnets": ["data-a", "data-b"],
                "in": [[100, "allow", "tcp", "5432", "10.0.0.0/16"]],
                "out": [[100, "allow", "tcp", "1024-65535", "10.0.0.0/16"]],
            }
        },
    }


def _resources(network: Network) -> list[str]:
    groups = (
        network.instances,
        network.databases,
        network.load_balancers,
        network.functions,
        network.endpoints,
    )
    return [each.id for group in groups for each in group] + ["internet"]


def _one_trace() -> dict[str, float]:
    cold, warm = [], []
    for source, destination, port in (
        ("internet", "alb", 443),
        ("app-a0", "orders", 5432),
        ("fn", "internet", 443),
    ):
        for _ in range(20):
            network = load_topology(lab())
            cold.append(_timed(lambda: trace(network, source, destination, "tcp", port)))  # noqa: B023
            warm.append(_timed(lambda: trace(network, source, destination, "tcp", port)))  # noqa: B023
    return {
        "cold median ms": statistics.median(cold),
        "warm median ms": statistics.median(warm),
        "worst ms": max(cold),
    }


def _all_pairs() -> dict[str, float]:
    def pairs() -> None:
        network = load_topology(lab())
        for source, destination in permutations(_resources(network), 2):
            trace(network, source, destination, "tcp", 443)

    network = load_topology(lab())
    times = [_timed(pairs) for _ in range(5)]
    return {
        "resources": len(_resources(network)),
        "median ms": statistics.median(times),
        "worst ms": max(times),
    }


def _large() -> dict[str, float]:
    topology: dict[str, Any] = {
        "vpcs": {"v": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "v"},
        "subnets": {
            f"s{each}": {"vpc": "v", "cidr": f"10.0.{each}.0/24", "az": "abc"[each % 3]} for each in range(50)
        },
        "nats": {"nat": {"subnet": "s0"}},
        "tables": {
            "rt-pub": {"vpc": "v", "subnets": ["s0", "s1"], "routes": [["0.0.0.0/0", "igw"]]},
            "rt-priv": {
                "vpc": "v",
                "subnets": [f"s{each}" for each in range(2, 50)],
                "routes": [["0.0.0.0/0", "nat"]],
            },
        },
        "sgs": {
            f"sg{each}": {
                "vpc": "v",
                "in": [["tcp", str(8000 + port), f"sg{(each + 1) % 200}"] for port in range(20)],
            }
            for each in range(200)
        },
        "instances": {
            f"i{each}": {"subnet": f"s{each % 50}", "sgs": [f"sg{each % 200}"]} for each in range(1000)
        },
    }
    cold, kinds = [], []
    for _ in range(5):
        network = load_topology(topology)
        cold.append(_timed(lambda: trace(network, "i7", "i206", "tcp", 8010)))  # noqa: B023
        network = load_topology(topology)
        kinds.append(_timed(lambda: [kind(network, subnet.id) for subnet in network.subnets]))  # noqa: B023
    warm = [
        _timed(partial(trace, network, f"i{each}", f"i{each - 1}", "tcp", 8010)) for each in range(1, 200)
    ]
    return {
        "trace cold median ms": statistics.median(cold),
        "trace warm median ms": statistics.median(warm),
        "trace worst ms": max(cold),
        "kind of 50 subnets, cold median ms": statistics.median(kinds),
    }


def _rules(count: int, source: str = "web") -> float:
    """A security group and a network ACL with ``count`` rules each, the last of which let the packet in."""
    blocks = [f"198.{18 + each // 250}.{each % 250}.0/24" for each in range(count - 1)]
    topology: dict[str, Any] = {
        "vpcs": {"v": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "v"},
        "subnets": {
            "pub": {"vpc": "v", "cidr": "10.0.1.0/24", "az": "a"},
            "data": {"vpc": "v", "cidr": "10.0.2.0/24", "az": "a"},
        },
        "tables": {"rt": {"vpc": "v", "subnets": ["pub", "data"], "routes": [["0.0.0.0/0", "igw"]]}},
        "sgs": {
            "sg-web": {"vpc": "v", "in": []},
            "sg-db": {
                "vpc": "v",
                "in": [*(["tcp", "5432", each] for each in blocks), ["tcp", "5432", "0.0.0.0/0"]],
            },
        },
        "nacls": {
            "acl": {
                "vpc": "v",
                "subnets": ["data"],
                "in": [
                    *([number, "deny", "tcp", "5432", each] for number, each in enumerate(blocks, 1)),
                    [30000, "allow", "tcp", "5432", "0.0.0.0/0"],
                ],
                "out": [[100, "allow", "all", "", "0.0.0.0/0"]],
            }
        },
        "instances": {
            "web": {"subnet": "pub", "sgs": ["sg-web"], "public": True},
            "db": {"subnet": "data", "sgs": ["sg-db"], "public": True},
        },
    }
    times = []
    for _ in range(5):
        network = load_topology(topology)
        found = trace(network, source, "db", "tcp", 5432)
        assert found.reachable, found.sentence
        times.append(_timed(lambda: trace(network, source, "db", "tcp", 5432)))  # noqa: B023
    return min(times)


def _routes(count: int) -> float:
    """A table with ``count`` routes, the shortest of which takes the packet."""
    routes = [[f"198.{18 + each // 250}.{each % 250}.0/24", "gone"] for each in range(count - 1)]
    topology: dict[str, Any] = {
        "vpcs": {"v": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "v"},
        "subnets": {"pub": {"vpc": "v", "cidr": "10.0.1.0/24", "az": "a"}},
        "tables": {"rt": {"vpc": "v", "subnets": ["pub"], "routes": [*routes, ["0.0.0.0/0", "igw"]]}},
        "sgs": {"sg-web": {"vpc": "v", "in": []}},
        "instances": {"web": {"subnet": "pub", "sgs": ["sg-web"], "public": True}},
    }
    times = []
    for _ in range(5):
        network = load_topology(topology)
        found = trace(network, "web", "internet", "tcp", 443)
        assert found.reachable, found.sentence
        times.append(_timed(lambda: trace(network, "web", "internet", "tcp", 443)))  # noqa: B023
    return min(times)
