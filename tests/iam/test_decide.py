"""Deciding: what a decision tells beside its outcome, and laws that hold for any policies."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.errors import PolicyError
from cloudlings.iam import Decision, Grant, Policies, Principal, Request, Settings, decide, parse
from cloudlings.iam.case_files import Case, expected_is_error, read_cases
from tests.iam.topics import each_case

ANA = Principal("user", "arn:aws:iam::111122223333:user/ana")
ZOE = Principal("user", "arn:aws:iam::444455556666:user/zoe")
SESSION = Principal("session", "arn:aws:sts::111122223333:assumed-role/app/run1")
OBJECT = "arn:aws:s3:::app-data/x"
CASES = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in read_cases(file)
    if not expected_is_error(case)
]


def statement(
    effect: str = "Allow", action: str = "s3:GetObject", resource: str = "*", **more: Any
) -> dict[str, Any]:
    """A statement."""
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def ask(who: Principal = ANA, action: str = "s3:GetObject", on: str = OBJECT, **policies: Any) -> Decision:
    """Decide a request on a resource of account 111122223333."""
    return decide(Request(who, action, on, "111122223333"), Policies.of(**policies))


def names(layers: Any) -> list[str]:
    """The layers' names."""
    return [layer.layer for layer in layers]


def test_allow_names_the_statement() -> None:
    """An Allow carries the statement that allowed."""
    decision = ask(identity=[document(statement(action="s3:PutObject", Sid="Other"), statement(Sid="Read"))])
    assert decision.allowed
    assert [found.sid for found in decision.statements] == ["Read"]
    assert decision.missing == ()


def test_explicit_deny_names_every_denying_statement() -> None:
    """Every Deny that matches is named, whatever layer it stands in."""
    decision = ask(
        identity=[document(statement(), statement("Deny", Sid="Own"))],
        boundary=document(statement("Deny", Sid="Boundary")),
        resource=document(statement("Deny", Sid="Bucket", Principal="*")),
        scp=[[document(statement("Deny", Sid="Guard"))]],
    )
    assert decision.outcome == "ExplicitDeny"
    assert {found.sid for found in decision.statements} == {"Own", "Boundary", "Bucket", "Guard"}


def test_layers_stand_in_order_of_evaluation() -> None:
    """Guardrails first, then the resource's policy, then the caller's own."""
    decision = ask(
        SESSION,
        identity=[document(statement())],
        boundary=document(statement()),
        session=document(statement()),
        resource=document(statement(Principal="*")),
        vpce=document(statement(Principal="*")),
        scp=[[document(statement())]],
        rcp=[[document(statement("Deny", "s3:PutObject", Principal="*"))]],
    )
    assert names(decision.layers) == ["rcp", "scp", "vpce", "resource", "identity", "boundary", "session"]
    assert {layer.verdict for layer in decision.layers} == {"allow"}
    assert decision.layer("trust").verdict == "not-applicable"


def test_missing_names_each_silent_layer() -> None:
    """An implicit deny names every layer that would have had to allow."""
    other = document(statement(action="sqs:SendMessage"))
    decision = ask(
        SESSION,
        identity=[other],
        boundary=other,
        session=other,
        vpce=document(statement(action="sqs:*", Principal="*")),
    )
    assert decision.outcome == "ImplicitDeny"
    assert names(decision.missing) == ["vpce", "identity", "boundary", "session"]
    assert decision.statements == ()


def test_missing_across_accounts_names_the_other_side() -> None:
    """Across accounts both sides are needed, and the one that lacks is named."""
    allow, grant = document(statement()), document(statement(Principal={"AWS": "444455556666"}))
    assert names(ask(ZOE, identity=[allow]).missing) == ["resource"]
    assert names(ask(ZOE, resource=grant).missing) == ["identity"]
    assert names(ask(ZOE).missing) == ["identity", "resource"]
    assert ask(ZOE, identity=[allow], resource=grant).allowed


def test_missing_in_the_scp_says_which_level() -> None:
    """The level of the organization without an Allow is in the note."""
    decision = ask(identity=[document(statement())], scp=[[document(statement())], []])
    assert names(decision.missing) == ["scp"]
    assert "level 2 of 2" in decision.missing[0].note


def test_missing_in_the_trust() -> None:
    """A role whose trust policy is silent is missing its trust, not an identity policy."""
    role = "arn:aws:iam::111122223333:role/app"
    decision = ask(action="sts:AssumeRole", on=role, identity=[document(statement(action="sts:*"))])
    assert names(decision.missing) == ["trust"]


def test_missing_in_the_key_policy() -> None:
    """A key policy that does not delegate is what is missing."""
    key = "arn:aws:kms:us-east-1:111122223333:key/k"
    decision = ask(action="kms:Decrypt", on=key, identity=[document(statement(action="kms:*"))])
    assert names(decision.missing) == ["resource"]


def test_limited_grant_names_the_limit() -> None:
    """A grant to the role that its boundary stops is missing the boundary only."""
    decision = ask(
        SESSION,
        boundary=document(statement(action="sqs:*")),
        resource=document(statement(Principal={"AWS": "arn:aws:iam::111122223333:role/app"})),
    )
    assert names(decision.missing) == ["boundary"]


def test_grant_of_kms_is_no_statement() -> None:
    """What a KMS grant allows is credited to the grant, not to a statement that only delegates."""
    key = "arn:aws:kms:us-east-1:111122223333:key/k"
    decision = decide(
        Request(ANA, "kms:Decrypt", key),
        Policies.of(
            resource=document(statement(action="kms:*", Principal={"AWS": "111122223333"})),
            grants=[Grant(ANA.arn or "", ("Decrypt",))],
        ),
    )
    assert decision.allowed
    assert decision.statements == ()
    assert decision.layer("grant").verdict == "allow"


def test_owner_is_taken_from_the_arn() -> None:
    """Without a resource account the ARN's counts, and without one there the caller's."""
    assert Request(ZOE, "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:jobs").owner == "111122223333"
    assert Request(ZOE, "s3:GetObject", OBJECT).owner == "444455556666"


def test_context_values_of_any_type() -> None:
    """Numbers, Booleans and lists in a context become text."""
    request = Request(
        ANA, "s3:GetObject", OBJECT, context={"A:N": 5, "b": True, "c": [1, False], "d": None, "e": []}
    )
    assert request.keys["a:n"] == ("5",)
    assert request.keys["b"] == ("true",)
    assert request.keys["c"] == ("1", "false")
    assert "d" not in request.keys
    assert request.keys["e"] == ()


@pytest.mark.parametrize("action", ["GetObject", "s3:*", "s3:Get?bject", ""])
def test_a_request_has_one_action(action: str) -> None:
    """A request without a service or with a wildcard is an error."""
    with pytest.raises(PolicyError):
        Request(ANA, action, OBJECT)


def test_a_principal_is_complete() -> None:
    """An unknown type of principal, or one without an ARN, is an error."""
    with pytest.raises(PolicyError):
        Principal("robot", "r")  # type: ignore[arg-type]
    with pytest.raises(PolicyError):
        Principal("user")


def test_an_unknown_setting_is_an_error() -> None:
    """A setting that the engine does not know is not passed over."""
    with pytest.raises(PolicyError, match="s3_block"):
        Settings.of({"s3_block": True})


def test_a_condition_made_by_hand_is_checked() -> None:
    """An operator that came in past the parser is an error when it is decided on."""
    policy = parse(document(statement(Condition={"StringEquals": {"k": "v"}})))
    bad = dataclasses.replace(policy.statements[0].conditions[0], operator="StringMatches")
    hand_made = dataclasses.replace(
        policy, statements=(dataclasses.replace(policy.statements[0], conditions=(bad,)),)
    )
    with pytest.raises(PolicyError, match="StringMatches"):
        decide(Request(ANA, "s3:GetObject", OBJECT), Policies(identity=(hand_made,)))


# --- laws ---------------------------------------------------------------------------------------

DENY_ALL = parse(document(statement("Deny", "*")))
ALLOW_ALL = parse(document(statement("Allow", "*")))


@each_case(CASES)
def test_a_deny_of_everything_denies(case: Case) -> None:
    """A Deny of everything in the caller's identity policies ends every request that policies decide."""
    request, policies = case.request(), case.policies()
    decision = decide(request, dataclasses.replace(policies, identity=(*policies.identity, DENY_ALL)))
    if request.principal.type in ("user", "role", "session", "federated-user") and (
        request.action not in ("sts:GetCallerIdentity", "sts:GetSessionToken")
    ):
        assert decision.outcome == "ExplicitDeny"
    else:
        assert decision.outcome == decide(request, policies).outcome


@each_case(CASES)
def test_an_allow_more_never_takes_away(case: Case) -> None:
    """An Allow of everything among the identity policies takes nothing away and undoes no explicit Deny."""
    request, policies = case.request(), case.policies()
    before = decide(request, policies).outcome
    after = decide(request, dataclasses.replace(policies, identity=(*policies.identity, ALLOW_ALL))).outcome
    assert after == before or (before, after) == ("ImplicitDeny", "Allowed")


@each_case(CASES)
def test_a_guardrail_never_grants(case: Case) -> None:
    """An SCP, an RCP, a boundary or an endpoint policy that allows everything grants nothing."""
    request, policies = case.request(), case.policies()
    if decide(request, policies).allowed:
        return
    everyone = parse(document(statement("Allow", "*", Principal="*")))
    for more in (
        {"scp": (*policies.scp, (ALLOW_ALL,))},
        {"rcp": (*policies.rcp, (everyone,))},
        {"boundary": policies.boundary or ALLOW_ALL},
        {"vpce": policies.vpce or everyone},
    ):
        assert not decide(request, dataclasses.replace(policies, **more)).allowed  # type: ignore[arg-type]


@each_case(CASES)
def test_every_decision_tells_why(case: Case) -> None:
    """A deny names its statements or what was missing; an Allow its statements, a grant or a rule."""
    decision = decide(case.request(), case.policies())
    if decision.outcome == "ExplicitDeny":
        assert decision.statements
        assert all(found.effect == "Deny" for found in decision.statements)
    elif decision.outcome == "ImplicitDeny":
        assert decision.missing
    else:
        assert decision.statements or any(layer.verdict == "allow" for layer in decision.layers)
        assert all(found.effect == "Allow" for found in decision.statements)


# A KMS grant's encryption context is the one thing that regards the case of a key.
FOLDED = [case for case in CASES if not any("context" in key for one in case.setup["grants"] for key in one)]


@each_case(FOLDED)
def test_letter_case_of_action_and_keys_never_matters(case: Case) -> None:
    """The same request with its action and its condition keys in capitals gets the same answer."""
    request, policies = case.request(), case.policies()
    service, _, name = request.action.partition(":")
    shouted = dataclasses.replace(
        request,
        action=f"{service.upper()}:{name.upper()}",
        context={key.upper(): value for key, value in request.context.items()},
    )
    assert decide(shouted, policies).outcome == decide(request, policies).outcome


actions = st.sampled_from(
    ["s3:GetObject", "s3:PutObject", "s3:*", "*", "sqs:SendMessage", "s3:Get*", "s3:?utObject"]
)
resources = st.sampled_from(
    ["*", OBJECT, "arn:aws:s3:::app-data/*", "arn:aws:s3:::app-data/${aws:username}", "arn:aws:s3"]
)
conditions = st.sampled_from(
    [{}, {"Bool": {"k": "true"}}, {"StringLike": {"k": "a*"}}, {"Null": {"k": "true"}},
     {"StringNotEquals": {"k": "a"}}, {"ForAllValues:StringEquals": {"k": ["a", "true"]}},
     {"NumericLessThanIfExists": {"k": "5"}}, {"ForAnyValue:StringNotLike": {"k": "a*"}}]
)  # fmt: skip
statements = st.builds(
    lambda effect, action, resource, condition: statement(effect, action, resource, Condition=condition),
    st.sampled_from(["Allow", "Deny"]), actions, resources, conditions,
)  # fmt: skip
values = st.sampled_from([None, "a", "ab", "true", "4", "9", [], ["a"], ["a", "b"], ["true", "a"]])


@settings(max_examples=300)
@given(st.lists(statements, max_size=4), st.randoms(), values)
def test_order_and_repetition_do_not_matter(found: list[dict[str, Any]], random: Any, value: Any) -> None:
    """Statements in another order, repeated, or spread over policies get the same answer."""
    shuffled = found * 2
    random.shuffle(shuffled)
    request = Request(ANA, "s3:GetObject", OBJECT, context={"k": value})
    one = decide(request, Policies.of(identity=[document(*found)]))
    two = decide(request, Policies.of(identity=[document(*shuffled)]))
    spread = decide(request, Policies.of(identity=[document(one_) for one_ in found]))
    assert one.outcome == two.outcome == spread.outcome


@settings(max_examples=300)
@given(st.lists(statements, max_size=3), st.lists(statements, max_size=3), values)
def test_a_boundary_is_an_intersection(
    own: list[dict[str, Any]], limit: list[dict[str, Any]], value: Any
) -> None:
    """With a boundary a request passes exactly when identity and boundary would each let it pass."""
    request = Request(ANA, "s3:GetObject", OBJECT, context={"k": value})
    alone = decide(request, Policies.of(identity=[document(*own)])).allowed
    ceiling = decide(request, Policies.of(identity=[document(*limit)])).allowed
    both = decide(request, Policies.of(identity=[document(*own)], boundary=document(*limit))).allowed
    assert both == (alone and ceiling)
