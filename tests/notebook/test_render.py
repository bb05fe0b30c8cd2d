"""Cards: the same words in HTML and in text, and nothing from an account becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from cloudlings.errors import LabError
from cloudlings.grading.records import Standing
from cloudlings.grading.replies import Hint, OpenLab
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.notebook import render

EVIL = '<img src=x onerror="alert(1)">'


class Words(HTMLParser):
    """The text of a page, and the tags that it uses."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(html)

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def bundle(card):
    shown = card._repr_mimebundle_()
    return Words(shown["text/html"]), shown["text/plain"]


def opened_lab(text):
    environment = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    return OpenLab(text, text, "1", {"main": "1"}, environment, {"bucket": text}, text, text, text)


def verdict(status=Status.FAILED, **parts):
    fields = {"found": "Bucket `plans` is open", "consequence": "anyone reads it", "concept": "default deny"}
    return Verdict("030-x", "tls", "Only TLS", status, 0, 3, **{**fields, **parts})


def test_a_failure_shows_all_parts_in_both_forms():
    """Icon and word, points, found, consequence, counterexample, trace, concept, next hint."""
    card = render.verdict(
        verdict(counterexample="GET http://…", trace=("igw-1", "acl-2"), next_hint='hint("tls")')
    )
    html, text = bundle(card)
    for words in (
        "Not yet: Only TLS",
        "0 of 3 points",
        "anyone reads it",
        "GET http://…",
        "acl-2",
        "default deny",
    ):
        assert words in html.text
        assert words in text
    assert 'hint("tls")' in html.text
    assert "code" in html.tags


@pytest.mark.parametrize("status", list(Status))
def test_each_verdict_has_its_word(status):
    """Four verdicts, four words; colour is never the only sign."""
    words = {Status.PASSED: "Passed", Status.FAILED: "Not yet", Status.NOT_ATTEMPTED: "Not attempted",
             Status.UNAVAILABLE: "Sandbox unavailable"}  # fmt: skip
    html, text = bundle(render.verdict(verdict(status)))
    assert words[status] in html.text
    assert words[status] in text


def test_names_from_an_account_are_data():
    """A bucket called like markup is shown as it is called, in every card."""
    opened = opened_lab(EVIL)
    cards = [
        render.verdict(verdict(found=EVIL, counterexample=EVIL, trace=(EVIL,), details={"id": EVIL})),
        render.hint(Hint("t", EVIL, 1, 2, EVIL)),
        render.progress(opened, [(EVIL, 3, Standing(EVIL, Status.FAILED, 0, 1, 0))]),
        render.opened(opened),
        render.problem(LabError(EVIL, next_step=EVIL)),
    ]
    for card in cards:
        html, text = bundle(card)
        assert "img" not in html.tags
        assert EVIL in html.text
        assert EVIL in text


def test_an_unpaired_backtick_is_only_a_backtick():
    """Text with an odd number of them is shown as it is."""
    html, _ = bundle(render.verdict(verdict(found="a ` b")))
    assert "a ` b" in html.text


def test_progress_is_readable_without_colour():
    """The table says in words where each task stands, and how far the bar is."""
    rows = [
        ("Only TLS", 3, Standing("tls", Status.PASSED, 3, 2, 1)),
        ("Keys", 2, Standing("k", Status.FAILED, 0, 1, 0)),
    ]
    html, text = bundle(render.progress(opened_lab("S3"), rows))
    assert "S3: 3 of 5 points" in html.text
    assert "2 tried, 1 hints" in text
    assert "Passed" in html.text
    assert "Not yet" in html.text
