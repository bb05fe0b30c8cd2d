"""A decision told to a person."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from cloudlings.iam import Policies, Principal, Request, decide, explain, explain_html, near_misses, summary
from cloudlings.iam.case_files import Case, expected_is_error, read_cases
from tests.iam.topics import each_case

CASES = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in read_cases(file)
    if not expected_is_error(case)
]
NASTY = '<script>alert("x")</script>'


class Tags(HTMLParser):
    """Whether every tag that opens is closed, and which tags there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Remember what opens."""
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what opened last."""
        assert self.open.pop() == tag


@each_case(CASES)
def test_every_decision_can_be_told(case: Case) -> None:
    """The paragraph names caller, action, resource and outcome in whole sentences; text and HTML hold it."""
    decision = decide(case.request(), case.policies())
    told = summary(decision)
    assert decision.request.action in told
    assert decision.request.resource in told
    assert (decision.request.principal.arn or "anonymous") in told
    assert ("allowed" if decision.allowed else "denied") in told
    assert told.endswith(".")
    assert "  " not in told
    assert ".." not in told
    assert len(told) < 900
    assert not re.search(r"\b(just|simply|you forgot)\b", told)
    assert explain(decision).startswith(told)
    tags = Tags()
    tags.feed(explain_html(decision))
    assert tags.open == []


def test_denied_by_a_statement() -> None:
    """An explicit Deny is quoted, and called by its Sid and its policy."""
    deny = {"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
    request = Request(
        Principal("user", "arn:aws:iam::111122223333:user/ana"), "s3:DeleteObject", "arn:aws:s3:::b/x"
    )
    told = explain(decide(request, Policies.of(identity=[{"Version": "2012-10-17", "Statement": deny}])))
    assert "Statement 'NoDelete' of the identity policy denies it." in told
    assert '"Action": "s3:Delete*"' in told


def test_what_was_missing() -> None:
    """An implicit deny names the layers that lacked an Allow."""
    request = Request(
        Principal("user", "arn:aws:iam::444455556666:user/zoe"), "s3:GetObject", "arn:aws:s3:::b/x", "1"
    )
    told = summary(decide(request, Policies()))
    assert "No statement of the caller's identity policies allows it." in told
    assert "There is no resource policy that allows it." in told


def test_html_is_folded_and_escaped() -> None:
    """The table is folded, nothing of a policy is markup, and no colour carries a meaning."""
    statement = {"Sid": NASTY, "Effect": "Deny", "Action": "*", "Resource": f"arn:aws:s3:::{NASTY}*"}
    request = Request(
        Principal("user", f"arn:aws:iam::111122223333:user/{NASTY}"), "s3:GetObject", f"arn:aws:s3:::{NASTY}"
    )
    html = explain_html(decide(request, Policies.of(identity=[{"Statement": statement}])))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.index("<p>") < html.index("<details>")
    assert "<details open" not in html
    assert "color" not in html
    assert "DENIES" in html


def test_a_long_statement_is_cut() -> None:
    """A statement of many lines is cut off, so that the table stays readable."""
    statement = {
        "Effect": "Allow",
        "Action": [f"s3:Get{number}" for number in range(500)] + ["s3:GetObject"],
        "Resource": "*",
    }
    request = Request(
        Principal("user", "arn:aws:iam::111122223333:user/ana"), "s3:GetObject", "arn:aws:s3:::b/x"
    )
    told = explain(decide(request, Policies.of(identity=[{"Statement": statement}])))
    assert len(told) < 1200
    assert "…" in told


def near(changes: dict[str, Any], **policies: Any) -> list[str]:
    """The near misses for one identity statement with changes, as text."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changes}
    ana = Principal("user", "arn:aws:iam::111122223333:user/ana")
    request = Request(ana, "s3:GetObject", "arn:aws:s3:::b/x", context={"k": "v"})
    own = {"Version": "2012-10-17", "Statement": statement}
    decision = decide(request, Policies.of(identity=[own], **policies))
    return [str(miss) for miss in near_misses(decision)]


def test_near_by_a_condition() -> None:
    """A statement that fails on one condition says which, and what the request has instead."""
    lead = "statement 1 of the identity policy would allow it, but its condition"
    assert near({"Condition": {"StringEquals": {"k": "w"}}}) == [
        f"{lead} StringEquals on k (w) does not hold: the request has k = v."
    ]
    assert near({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}) == [
        f"{lead} StringEquals on aws:SourceVpce (vpce-1) does not hold: the request has no aws:SourceVpce."
    ]


def test_near_by_the_resource() -> None:
    """A statement about another resource says which."""
    (told,) = near({"Resource": "arn:aws:s3:::b"})
    assert told.endswith("it covers arn:aws:s3:::b, not arn:aws:s3:::b/x.")


def test_near_by_the_principal() -> None:
    """A resource policy that names someone else says that it does not name the caller."""
    ben = {"AWS": "arn:aws:iam::111122223333:user/ben"}
    bucket = {
        "Statement": {"Effect": "Allow", "Principal": ben, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}
    }
    (told,) = near({"Action": "sqs:*"}, resource=bucket)
    assert "it does not name arn:aws:iam::111122223333:user/ana" in told


def test_not_near() -> None:
    """A statement about another action, a Deny, or one that fails on two points is not close."""
    assert near({"Action": "s3:PutObject"}) == []
    assert near({"Resource": "arn:aws:s3:::c/*", "Condition": {"StringEquals": {"k": "w"}}}) == []
    assert near({"Condition": {"StringEquals": {"k": "w", "j": "w"}}}) == []
    assert near({"Action": "s3:*"}) == []


def test_near_misses_of_every_other_layer() -> None:
    """A boundary and an SCP that come close are named as well."""
    condition = {"Bool": {"k": "true"}}
    limit = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}}
    told = near({}, boundary=limit, scp=[[limit]])
    assert any("permissions boundary" in one for one in told)
    assert any("level-1 SCP" in one for one in told)
