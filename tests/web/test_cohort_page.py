"""An instructor's page: the report of a lab as it is, names as characters, no course but the one named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cloudlings.grading import page
from cloudlings.grading.cohort import report as reports
from cloudlings.grading.cohort.report import Copied, Report, TaskRow
from tests.web.place import LAB, Visitor, words

EVIL = "<img src=x>"


def test_without_a_course_the_way_is_said(tmp_path: Path) -> None:
    """Nobody reaches a folder by an address."""
    answer = asyncio.run(Visitor(tmp_path).ask("GET", f"/cohort?lab={LAB}&course=/etc"))
    assert answer.status_code == 503
    assert "cloudlings page --course FOLDER" in answer.text


def test_a_report_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks with their commonest failure, points, who is stuck, values of another's, who has no mark."""
    task = TaskRow("tls", "TLS only", 3, 2, 1, f"Bucket {EVIL} takes plain requests", 2)
    found = Report(
        LAB, (task,), {"ana": 6.0, EVIL: 1.0}, 6.0, (EVIL,),
        (Copied("ben", "ana", "bucket", "plans-of-ana"),),
        {"cyd": "no notebook: nothing was handed in"},
    )  # fmt: skip
    asked = []
    monkeypatch.setattr(reports, "report", lambda *given: asked.append(given) or found)
    page.tell_course(tmp_path, tmp_path / "course")
    shown = asyncio.run(Visitor(tmp_path).get(f"/cohort?lab={LAB}"))
    assert asked == [(tmp_path / "course", LAB)]
    assert EVIL not in shown
    told = words(shown)
    for part in (
        "TLS only tls 3 2 1 2×: Bucket <img src=x> takes plain requests",
        "<img src=x> 1 ! stuck",
        "ben has ana's bucket",
        "cyd: no notebook",
    ):
        assert part in told
