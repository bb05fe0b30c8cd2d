"""What graders of policies say: of a document that cannot be read, and of what a proof found."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cloudlings.grading.proofs import allow, decided_by, deny, document, first_example, readable, sentence
from cloudlings.iam import Policies, prove

BUCKET = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]
HTTP = {"Bool": {"aws:SecureTransport": "false"}}
ANYBODY = document(allow("s3:*", "*"))


def compared(found: Policies, needed: Policies, **more: Any) -> Any:
    return prove(found, needed, account="111122223333", resources=BUCKET, actions=["s3:GetObject"], **more)


def public(*statements: Any) -> Policies:
    return Policies.of(resource=readable(document(*statements), "policy of b"))


OPEN = allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*", Sid="Open")
NOTHING = Policies.of(resource=document(deny("s3:*", BUCKET, {})))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "The policy cannot be read: Expecting"),
        ({"Statement": [{"Effect": "Perhaps"}]}, "The policy cannot be read"),
        (document(deny("s3:*", "*", {"StringSeems": {"a": "b"}})), "StringSeems"),
    ],
)
def test_unreadable(text: Any, words: str) -> None:
    """No JSON, and what is no policy: with the engine's words."""
    with pytest.raises(AssertionError, match=words):
        readable(text, "policy")


def test_what_cannot_be_proven() -> None:
    """It does not pass, and says why."""
    undecided = SimpleNamespace(verdict="not_proven", reason="too much", over=(), under=())
    with pytest.raises(AssertionError, match="could not be decided for every request: too much"):
        first_example(undecided, "over")


def test_an_example() -> None:
    """The first in its direction, as the beginning of a sentence, with the statement that decided it."""
    comparison = compared(public(OPEN), NOTHING, outsiders_may=True)
    example = first_example(comparison, "over")
    assert first_example(comparison, "under") is None
    assert sentence(example)[0].isupper()
    assert "s3:GetObject" in sentence(example)
    assert decided_by(example).startswith("Decided by ")
    assert "Open" in decided_by(example)


def test_no_example() -> None:
    """Nothing is said of none: messages are made before it is known whether they are needed."""
    assert sentence(None) == ""
    assert sentence(None, without=["aws:SecureTransport"]) == ""
    assert decided_by(None) == ""


def test_what_the_question_fixed_is_not_said() -> None:
    """Without the condition keys that say nothing about this example."""
    found = compared(public(OPEN), NOTHING, outsiders_may=True, context={"aws:SecureTransport": "false"})
    example = first_example(found, "over")
    assert "SecureTransport" in str(example.request.context)
    assert sentence(example, without=["aws:SecureTransport"]) != sentence(example)
    assert sentence(example, without=["aws:Referer"]) == sentence(example)


def test_only_a_supposed_statement_decided() -> None:
    """What callers are supposed to have is no statement of the learner's."""
    found = Policies.of(
        identity=[ANYBODY], resource=readable(document(deny("s3:PutObject", BUCKET, {})), "p")
    )
    needed = Policies.of(identity=[ANYBODY], resource=document(deny("s3:*", BUCKET, {})))
    surplus = first_example(compared(found, needed), "over")
    assert decided_by(surplus) == "No statement refuses it."
    shut = document(allow("s3:*", "*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    refused = compared(Policies.of(identity=[shut]), Policies.of(identity=[ANYBODY]))
    assert decided_by(first_example(refused, "under")) == ""


def test_an_arn_begins_a_sentence() -> None:
    """With a word before it, since an ARN has no capital letter."""
    who = SimpleNamespace(sentence="arn:aws:iam::1:user/a can s3:GetObject", request=None)
    assert sentence(who) == "For example, arn:aws:iam::1:user/a can s3:GetObject"
