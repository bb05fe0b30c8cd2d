"""``why()``: a denial as a card, and words where there is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cloudlings.notebook import denials
from cloudlings.sandbox import Denied

DENIED = Denied(
    time=0.0,
    principal="arn:aws:iam::111122223333:user/ana",
    service="s3",
    operation="PutObject",
    needed=("s3:PutObject on arn:aws:s3:::b/<k>", "s3:PutObjectTagging on x", "kms:GenerateDataKey on y"),
    allowed=("s3:PutObject on arn:aws:s3:::b/<k>",),
    missing="s3:PutObjectTagging on x",
    summary="why",
    explanation="why\n\n  identity policies  does not allow",
    html="<div>why</div>",
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is displayed, in an open lab with two accounts."""
    cards: list[Any] = []
    lab = SimpleNamespace(
        lab="010-a", title="A lab", account_ids={"main": "111122223333", "other": "444455556666"}
    )
    monkeypatch.setattr(denials.session, "_lab", lambda: lab)
    monkeypatch.setattr(denials, "display", cards.append)
    return cards


def _running(monkeypatch: pytest.MonkeyPatch, found: dict[str, tuple[Denied, ...]]) -> None:
    sandbox = SimpleNamespace(denials=lambda number, last: found.get(number, ())[:last])
    monkeypatch.setattr(denials.Sandbox, "find", lambda home: sandbox)


def test_a_denial_is_told_by_its_marks(monkeypatch: pytest.MonkeyPatch, shown: list[Any]) -> None:
    """Each permission stands with its mark, in text and in HTML, where nothing is taken for markup."""
    _running(monkeypatch, {"444455556666": (DENIED,)})
    denials.why()
    (card,) = shown
    bundle = card._repr_mimebundle_()
    assert "missing   s3:PutObjectTagging on x" in bundle["text/plain"]
    assert "not asked kms:GenerateDataKey on y" in bundle["text/plain"]
    assert "does not allow" in bundle["text/plain"]
    assert "b/&lt;k&gt;" in bundle["text/html"]
    assert "<k>" not in bundle["text/html"]


def test_nothing_denied_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, shown: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a denial there is a sentence and no card."""
    _running(monkeypatch, {})
    denials.why(3)
    assert "Nothing has been denied in A lab" in capsys.readouterr().out
    assert not shown
