"""Believable values for the authors of a ``brief.py``: each takes the learner's generator first.

    from cloudlings.lab import names

    def brief(rng):
        team = names.team(rng)
        app, data = names.cidrs(rng, 2, prefix=24)
        return {"team": team, "bucket": names.bucket(rng, team, "logs"), "app_cidr": app, "data_cidr": data}

Only ``random``, ``randrange``, ``choice``, ``sample`` and ``shuffle`` are used, whose streams the supported
Python versions share.
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Sequence
from typing import TypeVar

from cloudlings.errors import LabError

T = TypeVar("T")

_FIRST = (
    "amber", "arctic", "autumn", "birch", "bright", "cedar", "clear", "cobalt", "copper", "coral",
    "crimson", "dawn", "delta", "ember", "fern", "flint", "forest", "golden", "granite", "harbor",
    "hazel", "indigo", "ivory", "jade", "juniper", "lunar", "maple", "marble", "meadow", "misty",
    "north", "oak", "ocean", "olive", "opal", "pebble", "pine", "prairie", "quartz", "quiet", "river",
    "rowan", "ruby", "sable", "sage", "silver", "slate", "solar", "spruce", "sterling", "stone",
    "summit", "swift", "tidal", "timber", "velvet", "violet", "willow", "winter", "zephyr",
)  # fmt: skip
_SECOND = (
    "analytics", "bakery", "bikes", "books", "coffee", "couriers", "energy", "farms", "fitness",
    "foods", "freight", "games", "gardens", "health", "homes", "hotels", "insurance", "labs",
    "logistics", "maps", "market", "media", "mobility", "music", "outdoors", "payments", "pharmacy",
    "photos", "press", "rail", "robotics", "school", "seeds", "shipping", "sports", "studios", "supply",
    "tickets", "tools", "travel", "weather", "works",
)  # fmt: skip
_TEAMS = (
    "accounts", "billing", "catalog", "checkout", "claims", "content", "delivery", "dispatch", "events",
    "fleet", "forecast", "identity", "imaging", "inventory", "invoices", "ledger", "listings",
    "loyalty", "messaging", "metering", "onboarding", "orders", "partners", "pricing", "profiles",
    "quotes", "ratings", "refunds", "reports", "returns", "reviews", "rewards", "routing", "search",
    "sensors", "signup", "stock", "support", "telemetry", "tracking", "uploads", "vouchers",
    "warehouse",
)  # fmt: skip
_PEOPLE = (
    "Aisha", "Amara", "Anders", "Ben", "Carmen", "Chidi", "Dana", "Elif", "Emil", "Farah", "Grace",
    "Hana", "Ines", "Jonas", "Kofi", "Lena", "Mateo", "Mei", "Nadia", "Omar", "Priya", "Ravi", "Rosa",
    "Sami", "Tariq", "Uma", "Vera", "Wei", "Yara", "Zoe",
)  # fmt: skip
# Ports that a learner meets with a meaning of their own: a personal port is never one of them.
_KNOWN_PORTS = frozenset(
    {1433, 1521, 3000, 3306, 3389, 4566, 5000, 5432, 6379, 8000, 8080, 8443, 8888, 9000, 9092}
)


def company(rng: random.Random) -> str:
    """A company's name, as part of resource names: ``cedar-freight``."""
    return f"{rng.choice(_FIRST)}-{rng.choice(_SECOND)}"


def team(rng: random.Random) -> str:
    """A team's or service's name: ``invoices``."""
    return rng.choice(_TEAMS)


def teams(rng: random.Random, count: int) -> tuple[str, ...]:
    """Different teams. Errors: LabError when more are asked for than there are."""
    return pick(rng, _TEAMS, count)


def person(rng: random.Random) -> str:
    """A first name."""
    return rng.choice(_PEOPLE)


def token(rng: random.Random, length: int = 6) -> str:
    """Letters and digits that begin with a letter, without those that read alike (0 o, 1 l i)."""
    letters, others = "abcdefghjkmnpqrstuvwxyz", "abcdefghjkmnpqrstuvwxyz23456789"
    return rng.choice(letters) + "".join(rng.choice(others) for _ in range(length - 1))


def bucket(rng: random.Random, *words: str) -> str:
    """A valid S3 bucket name from words (else a company's) and a token: ``cedar-freight-logs-k7mq2x``.

    By the rules for general purpose buckets: 3 to 63 small letters, digits and hyphens, a letter or digit at
    both ends, none of the reserved beginnings and endings (the token makes no such ending).
    """
    text = "-".join(words or (company(rng),)).lower()
    stem = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9-]", "-", text)).strip("-")
    if not stem or stem.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        raise LabError(f"{'-'.join(words)!r} makes no bucket name.", next_step="Use other words.")
    return f"{stem[: 63 - 7].rstrip('-')}-{token(rng)}"


def cidr(rng: random.Random, prefix: int = 16, within: str = "10.0.0.0/8") -> str:
    """One network of a prefix length inside another. Errors: LabError when it does not fit."""
    return cidrs(rng, 1, prefix, within)[0]


def cidrs(rng: random.Random, count: int, prefix: int = 16, within: str = "10.0.0.0/8") -> tuple[str, ...]:
    """Networks that do not overlap, in no order. Errors: LabError when they do not fit."""
    outer = ipaddress.ip_network(within)
    if not outer.prefixlen <= prefix <= outer.max_prefixlen or count > 2 ** (prefix - outer.prefixlen):
        raise LabError(
            f"{count} networks of /{prefix} do not fit into {within}.",
            next_step="Ask for fewer, or smaller ones.",
        )
    size = outer.max_prefixlen - prefix
    chosen = _distinct(rng, 2 ** (prefix - outer.prefixlen), count)
    first = int(outer.network_address)
    kind = type(outer)
    return tuple(str(kind((first + (number << size), prefix))) for number in chosen)


def subnets(rng: random.Random, network: str, count: int, prefix: int = 24) -> tuple[str, ...]:
    """Subnets of a network that do not overlap, in no order. Errors: LabError when they do not fit."""
    return cidrs(rng, count, prefix, network)


def port(rng: random.Random) -> int:
    """A port from 1024 to 32767 (below Linux's ephemeral ports) that is no well-known service's."""
    return ports(rng, 1)[0]


def ports(rng: random.Random, count: int) -> tuple[int, ...]:
    """Different ports, as ``port``."""
    free = [number for number in range(1024, 32768) if number not in _KNOWN_PORTS]
    return tuple(free[i] for i in _distinct(rng, len(free), count))


def threshold(rng: random.Random, low: int, high: int, step: int = 1) -> int:
    """A number from ``low`` to ``high``, both included, in steps. Errors: LabError when there is none."""
    if step < 1 or high < low:
        raise LabError(
            f"There is no number from {low} to {high} in steps of {step}.", next_step="Mend the limits."
        )
    return rng.randrange(low, high + 1, step)


def pick(rng: random.Random, among: Sequence[T], count: int) -> tuple[T, ...]:
    """Different members of a sequence, in no order. Errors: LabError when there are not so many."""
    return tuple(among[i] for i in _distinct(rng, len(among), count))


def _distinct(rng: random.Random, size: int, count: int) -> list[int]:
    if not 0 <= count <= size:
        raise LabError(f"{count} different values out of {size}.", next_step="Ask for fewer.")
    chosen: dict[int, None] = {}
    while len(chosen) < count and count * 2 <= size:
        chosen[rng.randrange(size)] = None
    if len(chosen) == count:
        return list(chosen)
    everything = list(range(size))
    rng.shuffle(everything)
    return everything[:count]
