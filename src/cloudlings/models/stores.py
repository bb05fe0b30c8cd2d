"""Which database for which access pattern, and when a cache in front of one pays.

Pure. A case says what is asked of the data; `choose` gives the store to begin with and why, `fitting` all
that do it. Sources: AWS decision guide "Choosing an AWS database service"; the services' own guides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.errors import ModelError

STORES = (
    "rds", "aurora", "dynamodb", "elasticache", "opensearch", "neptune", "timestream", "documentdb", "s3",
    "redshift",
)  # fmt: skip
_KNOWN = {
    "access", "transactions", "joins", "scale", "peak_reads", "regions", "engine", "keep", "protocol",
    "latency_ms", "budget",
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A store, and the requirement that decided."""

    store: str
    because: str


# In order: what only one kind of store does comes before what several do.
_RULES: tuple[tuple[str, str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("neptune", "it walks relations of any depth", lambda case: case["access"] == "graph"),
    ("opensearch", "it searches text by relevance", lambda case: case["access"] == "search"),
    ("timestream", "it keeps measurements by time", lambda case: case["access"] == "time-series"),
    ("redshift", "it scans columns of everything", lambda case: case["access"] == "analytics"),
    ("s3", "it keeps whole files", lambda case: case["access"] == "files"),
    ("documentdb", "the program speaks MongoDB's protocol", lambda case: case.get("protocol") == "mongodb"),
    (
        "elasticache",
        "it answers in less than a millisecond, and may lose what it holds",
        lambda case: case["access"] == "key" and case.get("keep") is False,
    ),
    (
        "dynamodb",
        "it reads and writes by key at any scale",
        lambda case: case["access"] == "key" and not case.get("joins"),
    ),
    (
        "rds",
        "the engine is one that Aurora does not have",
        lambda case: case.get("engine") in ("oracle", "sqlserver", "mariadb", "db2"),
    ),
    (
        "aurora",
        "relational, with many readers or a second Region",
        lambda case: (
            case["access"] == "relational"
            and (case.get("peak_reads") == "many" or int(case.get("regions", 1)) > 1)
        ),
    ),
    ("rds", "relational, of ordinary size", lambda case: case["access"] == "relational"),
)


def choose(case: Mapping[str, Any]) -> Choice:
    """The store that a case asks for, and why. `ModelError` for what the model does not know."""
    unknown = sorted(set(case) - _KNOWN)
    if unknown or "access" not in case:
        raise ModelError(
            f"A case needs access, and knows no {', '.join(unknown) or 'other word'}.",
            next_step=f"Use: {', '.join(sorted(_KNOWN))}.",
        )
    for store, because, asks in _RULES:
        if asks(case):
            return Choice(store, because)
    raise ModelError(f"No store is known for access {case['access']!r}.", next_step="Name another access.")


def fitting(case: Mapping[str, Any]) -> frozenset[str]:
    """Every store that does what the case asks: Aurora is a PostgreSQL or a MySQL, too."""
    chosen = choose(case).store
    either = case["access"] == "relational" and case.get("engine") in (None, "postgres", "mysql")
    plain = case.get("peak_reads") != "many" and int(case.get("regions", 1)) == 1
    return (
        frozenset({"rds", "aurora"})
        if either and plain and case.get("budget") != "least"
        else frozenset({chosen})
    )


def mean_ms(hit_rate: float, cache_ms: float, database_ms: float) -> float:
    """The mean time of a read through a cache: every read asks it, a miss asks the database as well."""
    return cache_ms + (1 - hit_rate) * database_ms


def break_even(cache_ms: float, database_ms: float) -> float:
    """The hit rate from which on a read through a cache is no slower than one without; above 1: never."""
    if cache_ms < 0 or database_ms <= 0:
        raise ModelError("Times are positive.", next_step="Give milliseconds.")
    return cache_ms / database_ms
