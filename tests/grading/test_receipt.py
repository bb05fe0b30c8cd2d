"""Receipts: what was passed is verified from its evidence alone; what was changed is found out."""

from __future__ import annotations

import copy
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudlings.account import Evidence
from cloudlings.account.evidence import Read, canonical
from cloudlings.errors import GradingError
from cloudlings.grading import receipt
from cloudlings.grading.records import Records
from cloudlings.grading.standing import RECORDS
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Catalogue, brief_for

COURSE = Path(__file__).parent / "course"
LAB, SEED = "990-notes", "ana"


def evidence(count: int) -> list[dict[str, Any]]:
    """What the check of count-notes read: the answer that was handed in."""
    word = brief_for(Catalogue(COURSE).header(LAB), SEED)["word"]
    value = json.dumps({"count": count, "word": word})
    parameters = canonical({"Name": "/cloudlings/answers/count-notes"})
    read = Read("ssm", "us-east-1", "GetParameter", parameters, 0, {"Parameter": {"Value": value}})
    return [{"account": "main", **row} for row in Evidence([read]).to_json()]


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    """A receipt with one task passed, after a failure, and two never tried."""
    records = Records(tmp_path / RECORDS)
    for status, points, count in ((Status.FAILED, 0, 7), (Status.PASSED, 1, 1), (Status.FAILED, 0, 8)):
        verdict = Verdict(
            LAB, "count-notes", "Count the notes", status, points, 1, "x", evidence=evidence(count)
        )
        records.add(verdict, SEED)
    return json.loads(json.dumps(receipt.make(COURSE, tmp_path, LAB, SEED)))


def test_a_receipt_holds_without_the_account(made: dict[str, Any]) -> None:
    """Signature, id, sum, and the passed verdict, which comes from its evidence again."""
    findings = list(receipt.verify(COURSE, made, SEED))
    assert [one for one in findings if not one.holds] == []
    assert any("count-notes: passed, 1 of 1 points" in one.what for one in findings)
    assert (made["points"], made["max_points"]) == (1, 6)


def changed_points(made: dict[str, Any]) -> None:
    made["points"] = 6


def changed_word(made: dict[str, Any]) -> None:
    made["tasks"][2]["verdict"]["evidence"] = evidence(2)


def changed_id(made: dict[str, Any]) -> None:
    made["id"] = "ben"


def changed_key(made: dict[str, Any]) -> None:
    made["key"] = "AAAA"


@pytest.mark.parametrize("change", [changed_points, changed_word, changed_id, changed_key])
def test_a_change_breaks_the_signature(
    made: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    """Whatever is changed after signing, the signature says so."""
    change(made)
    first = next(iter(receipt.verify(COURSE, made)))
    assert not first.holds
    assert "changed after it was signed" in first.why


@pytest.mark.parametrize("change", [changed_word, changed_id])
def test_signed_again_it_still_is_found_out(
    made: dict[str, Any], tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """With a good signature, evidence that does not give the verdict, or is another id's, does not hold."""
    forged = copy.deepcopy(made)
    change(forged)
    content = {name: value for name, value in forged.items() if name not in ("key", "signature")}
    forged["signature"] = receipt._text(receipt._key(tmp_path).sign(receipt._canonical(content)))
    findings = list(receipt.verify(COURSE, forged))
    assert findings[0].holds
    assert any("checked again it is failed" in one.why for one in findings)


def test_points_without_evidence_do_not_hold(made: dict[str, Any]) -> None:
    """A task that claims points and shows nothing is named."""
    made["tasks"][0].update(status="passed", points=3)
    assert any(one.why == "points without evidence" for one in receipt.verify(COURSE, made))


def test_another_students_receipt_is_named(made: dict[str, Any]) -> None:
    """The id that it was made for is said."""
    assert any(one.why == "it was made for ana" for one in receipt.verify(COURSE, made, "ben"))


def test_nothing_checked_and_no_receipt_are_told(tmp_path: Path) -> None:
    """Words, and what to do."""
    with pytest.raises(GradingError, match="Nothing was checked in 990-notes yet"):
        receipt.make(COURSE, tmp_path, LAB, SEED)
    for text in ("{}", "[", '{"format": 1}'):
        (tmp_path / "r.json").write_text(text)
        with pytest.raises(GradingError, match="no receipt"):
            receipt.read(tmp_path / "r.json")


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_the_key_is_its_owners_alone(made: dict[str, Any], tmp_path: Path) -> None:
    """Nobody else on the machine signs with it."""
    assert stat.S_IMODE((tmp_path / receipt.KEY).stat().st_mode) == 0o600
