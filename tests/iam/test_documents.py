"""Reading policy documents: the shape of what comes out, and a named error for what is no policy."""

import contextlib
import json
import pickle
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.errors import CloudlingsError, PolicyDocumentError, PolicyError, UnknownPolicyElement
from cloudlings.iam import Policies, Policy, Principal, Request, decide, parse
from cloudlings.iam.documents import operator_of

STATEMENT: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(**changes: Any) -> dict[str, Any]:
    """A small policy with changes to its one statement."""
    return {"Version": "2012-10-17", "Statement": [{**STATEMENT, **changes}]}


def allows(text: Any, action: str = "s3:GetObject") -> bool:
    """Whether a document as an identity policy lets a user do something."""
    who = Principal("user", "arn:aws:iam::111122223333:user/ana")
    return decide(Request(who, action, "arn:aws:s3:::b/x"), Policies.of(identity=[text])).allowed


def test_every_element_is_kept() -> None:
    """A statement keeps every element, its place and its conditions taken apart."""
    policy = parse(
        {
            "Version": "2012-10-17",
            "Id": "p",
            "Statement": {
                "Sid": "S",
                "Effect": "Deny",
                "NotPrincipal": {"AWS": ["1", "2"], "Service": "s"},
                "NotAction": ["a:b", "c:d"],
                "NotResource": "r",
                "Condition": {
                    "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["${aws:username}", 5, True]}
                },
            },
        },
        "bucket policy of b",
    )
    (statement,) = policy.statements
    (condition,) = statement.conditions
    assert (policy.version, policy.id, policy.name) == ("2012-10-17", "p", "bucket policy of b")
    assert (statement.sid, statement.effect, statement.index) == ("S", "Deny", 0)
    assert statement.action is None
    assert statement.not_action == ("a:b", "c:d")
    assert statement.resource is None
    assert statement.not_resource == ("r",)
    assert statement.principal is None
    assert statement.not_principal is not None
    assert statement.not_principal.aws == ("1", "2")
    assert statement.not_principal.service == ("s",)
    assert (condition.operator, condition.qualifier, condition.if_exists) == (
        "StringLike",
        "ForAnyValue",
        True,
    )
    assert condition.values == ("${aws:username}", "5", "true")
    assert condition.name == "ForAnyValue:StringLikeIfExists"
    assert statement.variables == {"aws:username"}
    assert str(condition.place) == (
        "bucket policy of b, Statement[0].Condition.ForAnyValue:StringLikeIfExists.aws:TagKeys"
    )
    assert statement.label == "statement 'S' of the bucket policy of b"


def test_numbers_keep_their_spelling() -> None:
    """A number in JSON stays as it is written."""
    condition = '"Condition": {"NumericEquals": {"k": 10.0}}'
    text = f'{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*", {condition}}}}}'
    assert parse(text).statements[0].conditions[0].values == ("10.0",)


def test_text_bytes_and_mapping_are_the_same() -> None:
    """JSON text, its bytes and the mapping make equal policies."""
    data = document()
    assert parse(json.dumps(data)) == parse(json.dumps(data).encode()) == parse(data)


def test_a_decided_policy_can_be_pickled() -> None:
    """What was compiled while deciding does not travel with the policy."""
    policy = parse(document(Condition={"StringLike": {"s3:prefix": "a*"}}))
    decide(
        Request(Principal("user", "arn:aws:iam::111122223333:user/ana"), "s3:GetObject"),
        Policies(identity=(policy,)),
    )
    assert pickle.loads(pickle.dumps(policy)) == policy


@pytest.mark.parametrize(
    ("bad", "error", "word"),
    [
        ("", PolicyDocumentError, "Not JSON"),
        ("[]", PolicyDocumentError, "a list"),
        ("null", PolicyDocumentError, "null"),
        ('"text"', PolicyDocumentError, "the string"),
        ("{", PolicyDocumentError, "line 1, column 2"),
        (b"\xff\xfe{}", PolicyDocumentError, "UTF-8"),
        ('{"Statement": NaN}', PolicyDocumentError, "NaN"),
        ('{"Statement": [], "Statement": []}', PolicyDocumentError, "'Statement' stands twice"),
        (
            json.dumps(document()).replace('"Effect"', '"Effect": "Deny", "Effect"'),
            PolicyDocumentError,
            "'Effect'",
        ),
        ("[" * 100_000, PolicyDocumentError, "nested"),
        ({"Version": "2012-10-17"}, PolicyDocumentError, "Statement"),
        ({"Statement": None}, PolicyDocumentError, "null"),
        ({"Statement": ["x"]}, PolicyDocumentError, "Statement[0]"),
        (document(Effect="allow"), PolicyDocumentError, "Allow or Deny"),
        ({"Statement": {"Action": "*", "Resource": "*"}}, PolicyDocumentError, "there is none"),
        (document(Action=5), PolicyDocumentError, "a number"),
        (document(Action=["s3:GetObject", None]), PolicyDocumentError, "Action[1]"),
        (document(Action={}), PolicyDocumentError, "an object"),
        (document(NotAction="s3:*"), PolicyDocumentError, "exclude each other"),
        (document(NotResource="*"), PolicyDocumentError, "exclude each other"),
        (document(Principal="*", NotPrincipal="*"), PolicyDocumentError, "exclude each other"),
        (document(Principal="arn:aws:iam::111122223333:root"), PolicyDocumentError, "Principal"),
        (document(Principal={"AWS": 1}), PolicyDocumentError, "Principal.AWS"),
        (document(Principal={"Groups": "g"}), UnknownPolicyElement, "'Groups'"),
        (document(Condition=[]), PolicyDocumentError, "Condition"),
        (document(Condition={"StringEquals": "x"}), PolicyDocumentError, "Condition.StringEquals"),
        (document(Condition={"StringEquals": {"k": {}}}), PolicyDocumentError, "StringEquals.k"),
        (document(Condition={"StringEquals": {"k": [None]}}), PolicyDocumentError, "null"),
        (document(Condition={"stringequals": {"k": "v"}}), UnknownPolicyElement, "stringequals"),
        (document(Condition={"StringEqual": {"k": "v"}}), UnknownPolicyElement, "StringEqual"),
        (document(Condition={"Any:StringEquals": {"k": "v"}}), UnknownPolicyElement, "Any:StringEquals"),
        (document(Condition={":StringEquals": {"k": "v"}}), UnknownPolicyElement, ":StringEquals"),
        (document(Condition={"NullIfExists": {"k": "true"}}), UnknownPolicyElement, "NullIfExists"),
        (document(Condition={None: {"k": "true"}}), PolicyDocumentError, "null"),
        (document(Ressource="*"), UnknownPolicyElement, "'Ressource'"),
        ({**document(), "Versions": "1"}, UnknownPolicyElement, "'Versions'"),
        ({**document(), "Version": "2012-10-18"}, UnknownPolicyElement, "2012-10-18"),
        ({**document(), "Version": 2012}, UnknownPolicyElement, "2012"),
        ({**document(), "Version": ["2012-10-17"]}, UnknownPolicyElement, "Version"),
        ({**document(), "Id": 5}, PolicyDocumentError, "Id"),
        (document(Sid=5), PolicyDocumentError, "Sid"),
        ("x" * 3_000_000, PolicyDocumentError, "bytes long"),
    ],
    ids=str,
)
def test_bad_document(bad: Any, error: type[PolicyError], word: str) -> None:
    """What is no policy is an error of its kind that names the document and the fault."""
    with pytest.raises(error) as caught:
        parse(bad, "my policy")
    assert word in caught.value.message
    assert "my policy" in caught.value.message


@pytest.mark.parametrize("name", ["StringEqualsIfExistsIfExists", "IfExists", "", "ForAllValues:", "Bool:"])
def test_operator_names_that_are_none(name: str) -> None:
    """Near-misses of operator names are errors."""
    with pytest.raises(UnknownPolicyElement):
        operator_of(name)


def test_a_megabyte_of_json() -> None:
    """1 MB in one string is read, and decided, in a moment."""
    started = time.process_time()
    assert not allows(json.dumps(document(Resource="arn:aws:s3:::" + "a" * 1_000_000)))
    assert time.process_time() - started < 5


def test_ten_thousand_statements() -> None:
    """10,000 statements are read and decided within the time allowed, and the last one still counts."""
    started = time.process_time()
    many = [{**STATEMENT, "Action": f"s3:Get{number}"} for number in range(10_000)]
    assert allows({"Version": "2012-10-17", "Statement": [*many, STATEMENT]})
    assert not allows({"Version": "2012-10-17", "Statement": many})
    assert time.process_time() - started < 5


def test_deep_mapping() -> None:
    """A mapping nested without end where a string belongs is an error, not a crash."""
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(PolicyDocumentError):
        parse(document(Action=deep))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    ["Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
     "Resource", "NotResource", "Condition", "StringEquals", "ForAllValues:StringLike", "Null", "AWS", "*",
     "Allow", "Deny", "2012-10-17", "s3:*", "aws:username", "${aws:username}", "${", "${*}", "true"]
)  # fmt: skip
near_policies = st.recursive(
    words | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


def read(text: str | bytes) -> Policy | None:
    """The policy, or None for a document that is refused by name; any other error is a failure."""
    try:
        return parse(text)
    except PolicyError as refused:
        return None if refused.message else pytest.fail("an error without a message")


@settings(max_examples=400)
@given(json_values | near_policies | st.fixed_dictionaries({"Statement": near_policies, "Version": words}))
def test_any_json_is_a_policy_or_a_named_error(value: Any) -> None:
    """Whatever JSON comes in: a policy, or an error of ours, and never an Allow for what was refused."""
    policy = read(json.dumps(value))
    if policy is None:
        return
    who = Principal("user", "arn:aws:iam::111122223333:user/ana")
    with contextlib.suppress(CloudlingsError):
        decision = decide(Request(who, "s3:GetObject", "arn:aws:s3:::b/x"), Policies(identity=(policy,)))
        assert decision.allowed == any(found.effect == "Allow" for found in decision.statements)


@settings(max_examples=300)
@given(st.data())
def test_broken_text_is_a_named_error_or_the_same_policy(data: st.DataObject) -> None:
    """A good document with a cut, a doubled or a changed piece is read or refused, never a crash."""
    text = json.dumps(document(Condition={"StringLike": {"s3:prefix": ["a*", "${aws:username}"]}}))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    new = data.draw(
        st.sampled_from(["", text[start:end] * 2, '"', "{", "}", "[", "null", "\x00", "é", "1e999"])
    )
    policy = read(text[:start] + new + text[end:])
    assert policy is None or policy.statements is not None


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Bytes of any kind are read or refused by name."""
    assert read(data) is None or data.lstrip().startswith(b"{")
