"""What the cases of the lab on databases ask of their data, for `cloudlings.models.stores`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.errors import GraderError

CASES: Mapping[str, Mapping[str, Any]] = {
    "invoices, with totals over patients and clinics": {
        "access": "relational",
        "transactions": True,
        "joins": True,
    },
    "the register, read and kept in two Regions": {"access": "relational", "regions": 2},
    "the pharmacy's program, which wants Db2": {"access": "relational", "engine": "db2"},
    "opening hours with their clinics, joined and read 50,000 times a second at noon": {
        "access": "relational",
        "joins": True,
        "peak_reads": "many",
    },
    "a reminder by its id, from none to a million an hour, never lost": {"access": "key", "scale": "any"},
    "the last page that a visitor saw, by session, which may be lost": {"access": "key", "keep": False},
    "who infected whom, over any number of steps": {"access": "graph"},
    "words in a million letters, the best match first": {"access": "search"},
    "the temperature of 900 fridges, every ten seconds": {"access": "time-series"},
    "forms of a program that speaks MongoDB's protocol": {"access": "document", "protocol": "mongodb"},
    "x-ray pictures, 40 MB each": {"access": "files"},
    "ten years of appointments, every column summed up once a month": {"access": "analytics"},
}


def asked(case: str) -> Mapping[str, Any]:
    """What a case asks. `GraderError` for a case of the lab's brief that is not here."""
    if case not in CASES:
        raise GraderError(
            f"The case {case!r} is not known.", next_step="add it to src/cloudlings/grading/store_cases.py"
        )
    return CASES[case]
