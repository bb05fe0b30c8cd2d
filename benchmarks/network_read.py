"""How long it takes to read a lab's VPC from the sandbox, and what is made of it: picture, outline, bill.

The VPC has three tiers in two zones, with a load balancer, NAT gateways, endpoints, a database and
instances. It is read through the sandbox's gateway as a grader reads it, with clients that exist already
(``read_ms``) and with a session that has to make them (``first_read_ms``). The peer is the same calls made
bare, by as many workers, with nothing made of the answers (``bare_calls_ms``): ``read_to_bare`` is the ratio.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore import xform_name

from cloudlings.cost import estimate
from cloudlings.network.picture import draw
from cloudlings.network.reader import WORKERS, read_network
from cloudlings.sandbox import Sandbox
from tests.network.build import build

ACCOUNT = "111122223333"
REGION = "us-east-1"
READS = 31


def lab() -> dict[str, Any]:
    """Three tiers in two zones: what the networking labs end with."""
    tiers = ("public", "app", "data")
    subnets = {
        f"{tier}-{zone}": {"vpc": "shop", "cidr": f"10.0.{10 * row + column + 1}.0/24", "az": zone}
        for row, tier in enumerate(tiers)
        for column, zone in enumerate("ab")
    }
    private = {
        f"rt-app-{zone}": {
            "vpc": "shop",
            "subnets": [f"app-{zone}"],
            "routes": [["0.0.0.0/0", f"nat-{zone}"]],
        }
        for zone in "ab"
    }
    return {
        "vpcs": {"shop": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "shop"},
        "subnets": subnets,
        "nats": {f"nat-{zone}": {"subnet": f"public-{zone}"} for zone in "ab"},
        "tables": {
            "rt-public": {
                "vpc": "shop",
                "subnets": ["public-a", "public-b"],
                "routes": [["0.0.0.0/0", "igw"]],
            },
            "rt-data": {"vpc": "shop", "subnets": ["data-a", "data-b"], "routes": []},
            **private,
        },
        "sgs": {
            "sg-alb": {"vpc": "shop", "in": [["tcp", "443", "0.0.0.0/0"]]},
            "sg-app": {"vpc": "shop", "in": [["tcp", "8080", "sg-alb"]]},
            "sg-db": {"vpc": "shop", "in": [["tcp", "5432", "sg-app"]]},
        },
        "nacls": {
            "data": {
                "vpc": "shop",
                "subnets": ["data-a", "data-b"],
                "in": [[100, "allow", "tcp", "5432", "10.0.0.0/16"]],
                "out": [[100, "allow", "tcp", "1024-65535", "10.0.0.0/16"]],
            }
        },
        "instances": {
            f"web-{zone}{number}": {"subnet": f"app-{zone}", "sgs": ["sg-app"]}
            for zone in "ab"
            for number in range(4)
        },
        "dbs": {"orders": {"subnets": ["data-a", "data-b"], "sgs": ["sg-db"]}},
        "lbs": {
            "alb": {
                "subnets": ["public-a", "public-b"],
                "sgs": ["sg-alb"],
                "scheme": "internet-facing",
                "listeners": [443],
                "targets": ["web-a0", "web-b0"],
                "target_port": 8080,
            }
        },
        "endpoints": {
            "s3": {
                "type": "Gateway",
                "service": "s3",
                "vpc": "shop",
                "tables": ["rt-app-a", "rt-app-b"],
            }
        },
    }


def run() -> dict[str, Any]:
    """Milliseconds: medians of 31 readings, and of as many drawings."""
    with Sandbox.temporary() as sandbox:
        sandbox.provision(ACCOUNT)
        vpc = build(lab(), sandbox.session(ACCOUNT, "learner", REGION)).ids["shop"]
        started = time.perf_counter()
        fresh = sandbox.session(ACCOUNT, "grader", REGION)
        network = read_network(fresh, vpc)
        first = (time.perf_counter() - started) * 1000
        held = _Held(fresh)
        calls = held.calls_of(lambda: read_network(held, vpc))
        reads, bare = _times(lambda: read_network(held, vpc), lambda: held.replay(calls))
        (bills,) = _times(lambda: estimate(held))
    (pictures,) = _times(lambda: draw(network, vpc))
    return {
        "read_ms": statistics.median(reads),
        "read_p90_ms": statistics.quantiles(reads, n=10)[8],
        "calls": len(calls),
        "bare_calls_ms": statistics.median(bare),
        "read_to_bare": statistics.median(one / other for one, other in zip(reads, bare, strict=True)),
        "first_read_ms": first,
        "estimate_ms": statistics.median(bills),
        "picture_ms": statistics.median(pictures),
        "interfaces": len(network.interfaces),
    }


class _Held:
    """A session that keeps its clients, as a grader's account does."""

    region_name = REGION

    def __init__(self, session: Any) -> None:
        self._session = session
        self._made: dict[str, Any] = {}

    def client(self, service_name: str) -> Any:
        if service_name not in self._made:
            self._made[service_name] = self._session.client(service_name)
        return self._made[service_name]

    def calls_of(self, what: Callable[[], object]) -> list[tuple[str, str, dict[str, Any]]]:
        """The calls (service, method, parameters) that ``what`` makes."""
        calls: list[tuple[str, str, dict[str, Any]]] = []

        def note(params: dict[str, Any], model: Any, **_: Any) -> None:
            service = str(model.service_model.service_name)
            calls.append((service, xform_name(model.name), dict(params)))

        what()
        for client in self._made.values():
            client.meta.events.register("provide-client-params.*.*", note)
        what()
        for client in self._made.values():
            client.meta.events.unregister("provide-client-params.*.*", note)
        return calls

    def replay(self, calls: list[tuple[str, str, dict[str, Any]]]) -> None:
        """The same calls, bare."""
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            for made in [pool.submit(getattr(self._made[s], name), **params) for s, name, params in calls]:
                made.result()


def _times(*whats: Callable[[], object]) -> tuple[list[float], ...]:
    """The milliseconds of each, taken by turns, so that a busy moment of the machine hits all of them."""
    found: tuple[list[float], ...] = tuple([] for _ in whats)
    for turn in range(READS + 1):
        for times, what in zip(found, whats, strict=True):
            started = time.perf_counter()
            what()
            if turn:
                times.append((time.perf_counter() - started) * 1000)
    return found
