"""The IAM policy simulator: actions and resources put to the policy engine, in the shape of its results.

Sources: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy, EvaluationResult,
ResourceSpecificResult, Statement; positions and ids as the AWS CLI's
examples of simulate-custom-policy show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cloudlings.iam.decide import decide
from cloudlings.iam.decision import Decision, LayerVerdict
from cloudlings.iam.documents import parse
from cloudlings.iam.matching import matcher
from cloudlings.iam.request import ContextValue, Levels, Policies, Principal, Request, Settings, account_of
from cloudlings.iam.service_rules import is_kms_key, is_role_trust
from cloudlings.iam.statements import Policy, Statement
from cloudlings.sandbox.authorization.table import actions_of
from cloudlings.sandbox.own.json_places import line_and_column, spans

Layer = Literal["identity", "boundary", "resource"]
_WORDS: Final = {"Allowed": "allowed", "ExplicitDeny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
_HARDEST: Final = ("explicitDeny", "implicitDeny", "allowed")
_TYPES: Final = {"identity": "IAM Policy", "boundary": "IAM Policy", "resource": "Resource Policy"}
_NOBODY: Final = (
    "aws:username", "aws:userid", "aws:PrincipalArn", "aws:PrincipalType", "aws:PrincipalIsAWSService",
)  # fmt: skip
"""Keys that come with a caller; a simulation without one lacks them."""


@dataclass(frozen=True)
class Source:
    """A policy of the simulation: what the results call it, its text, and where it counts."""

    id: str
    text: str
    layer: Layer = "identity"


@dataclass(frozen=True)
class Simulation:
    """What is simulated, all but the action.

    ``resources`` () stands for ``*``. ``scp`` and ``management`` are the organization's, None without one.
    ``caller`` is None where nobody is named; ``account`` then is whose simulation it is.
    """

    sources: tuple[Source, ...]
    resources: tuple[str, ...]
    account: str
    caller: Principal | None = None
    owner: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    scp: Levels | None = None
    management: str = ""

    def of(self, layer: Layer) -> tuple[Policy, ...]:
        """The policies of a layer, each named by its number, so that its statements are found again."""
        numbered = enumerate(self.sources)
        return tuple(parse(one.text, str(number)) for number, one in numbered if one.layer == layer)

    def policies(self, action: str, resource: str) -> Policies:
        """Every policy that has a say about one action on one resource."""
        own = self.of("resource")
        return Policies(
            identity=self.of("identity"),
            boundary=next(iter(self.of("boundary")), None),
            resource=own[0] if own else self._left_to_the_account(action, resource),
            scp=self.scp or (),
            settings=Settings(management_account=self.management),
        )

    def request(self, action: str, resource: str) -> Request:
        """The request that is simulated."""
        caller = self.caller or Principal("user", f"arn:aws:iam::{self.account}:user/-")
        known = {name.lower() for name in self.context}
        absent = () if self.caller else tuple(name for name in _NOBODY if name.lower() not in known)
        owner = account_of(resource) or self.owner or caller.account
        return Request(caller, action, resource, owner, {**dict.fromkeys(absent), **self.context})

    def _left_to_the_account(self, action: str, resource: str) -> Policy | None:
        """What stands for the policy of a key or a role when none is given: it leaves it to the account."""
        request = self.request(action, resource)
        if not request.same_account or not (is_kms_key(request) or is_role_trust(request)):
            return None
        return parse(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": request.owner}},
            },
            "none",
        )


@dataclass(frozen=True)
class _One:
    """One action on one resource, decided."""

    simulation: Simulation
    decision: Decision

    @property
    def word(self) -> str:
        """AWS's word for the decision."""
        return _WORDS[self.decision.outcome]

    def matched(self) -> list[dict[str, Any]]:
        """The statements that made the decision; those of SCPs are never told."""
        decision = self.decision
        layers = ("identity", "resource") if decision.allowed else ("identity", "resource", "boundary")
        shown: list[dict[str, Any]] = []
        for statement in decision.statements:
            number = statement.place.document
            if number.isdecimal() and self.simulation.sources[int(number)].layer in layers:
                shown.append(_statement(self.simulation.sources[int(number)], statement))
        return shown

    def missing(self) -> list[str]:
        """The keys that statements about this action and resource read, and that have no value."""
        request = self.decision.request
        found: dict[str, str] = {}
        for policy in (*self.simulation.of("identity"), *self.simulation.of("resource")):
            for statement in policy.statements:
                about = matcher(statement)
                if about.action(request.folded_action) and about.resource(request):
                    found |= {key.lower(): key for key in keys_of(statement)}
        return [key for folded, key in found.items() if folded not in request.keys]

    def boundary(self) -> dict[str, Any] | None:
        """Whether the boundary lets the action pass; None without one."""
        said = self.decision.layer("boundary")
        if said.verdict == "not-applicable":
            return None
        return {"AllowedByPermissionsBoundary": said.verdict == "allow"}

    def organization(self) -> dict[str, Any] | None:
        """Whether every level of the organization lets the action pass; None without one."""
        if self.simulation.scp is None:
            return None
        return {"AllowedByOrganizations": self.decision.layer("scp").verdict in ("allow", "not-applicable")}

    def details(self) -> dict[str, str] | None:
        """How each kind of policy decided, across accounts; {} inside one; None where an SCP ended it."""
        request = self.decision.request
        if request.same_account:
            return {}
        if self.decision.layer("scp").verdict in ("deny", "silent"):
            return None
        kinds = {"IAM Policy": "identity", "Resource Policy": "resource"}
        if self.boundary():
            kinds["Permissions Boundary Policy"] = "boundary"
        return {name: _layer_word(self.decision.layer(layer)) for name, layer in kinds.items()}  # type: ignore[arg-type]

    def specific(self) -> dict[str, Any]:
        """The result for this resource."""
        return {
            "EvalResourceName": self.decision.request.resource,
            "EvalResourceDecision": self.word,
            "MatchedStatements": self.matched(),
            "MissingContextValues": self.missing(),
            "EvalDecisionDetails": self.details(),
            "PermissionsBoundaryDecisionDetail": self.boundary(),
        }


def evaluate(simulation: Simulation, action: str) -> dict[str, Any]:
    """The EvaluationResult of an action over all resources. Raises PolicyError for what cannot be decided.

    The whole is as hard as the hardest of its parts.
    """
    each = [_one(simulation, action, resource) for resource in simulation.resources or ("*",)]
    word = next(word for word in _HARDEST if any(one.word == word for one in each))
    deciding = [one for one in each if one.word == word]
    named = [one for one in each if one.decision.request.resource != "*"]
    return {
        "EvalActionName": action,
        "EvalResourceName": resource_name(action, simulation.resources),
        "EvalDecision": word,
        "MatchedStatements": _distinct(shown for one in deciding for shown in one.matched()),
        "MissingContextValues": _distinct(key for one in each for key in one.missing()),
        "OrganizationsDecisionDetail": _hardest([one.organization() for one in each]),
        "PermissionsBoundaryDecisionDetail": _hardest([one.boundary() for one in each]),
        "EvalDecisionDetails": _all_details(each) if named else None,
        "ResourceSpecificResults": [one.specific() for one in named] if named else None,
    }


def _one(simulation: Simulation, action: str, resource: str) -> _One:
    decision = decide(simulation.request(action, resource), simulation.policies(action, resource))
    return _One(simulation, decision)


def keys_of(statement: Statement) -> list[str]:
    """The condition keys that a statement reads, as it spells them, those of its variables included."""
    spelled = {condition.folded_key: condition.key for condition in statement.conditions}
    for name in sorted(statement.variables):
        spelled.setdefault(name, name)
    return list(spelled.values())


def resource_name(action: str, resources: tuple[str, ...]) -> str:
    """What a result is of: ``*``, the one resource, or of several the shape of such ARNs.

    The API reference has the shape in every case; what AWS answered in October 2026 had the ARN, or ``*``.
    """
    if len(resources) < 2:
        return resources[0] if resources else "*"
    service, _, name = action.partition(":")
    known = {each.lower(): kinds for each, kinds in actions_of(service.lower()).items()}
    kinds = sorted(known.get(name.lower(), ()), key=lambda kind: (not kind.required, len(kind.template)))
    templates = [kind.template for kind in kinds]
    fitting = (each for each in templates if any(_has_shape(arn, each) for arn in resources))
    return next(fitting, templates[0] if templates else "*")


def _has_shape(arn: str, template: str) -> bool:
    """Whether an ARN is of a shape, by the words in it that are no variables."""
    ours, shape = arn.split(":", 5), template.split(":", 5)
    if len(ours) < 6 or len(shape) < 6 or ours[2] != shape[2]:
        return False
    words, places = ours[5].split("/"), shape[5].split("/")
    same = all(word == place or "${" in place for word, place in zip(words, places, strict=False))
    return same and (len(words) >= len(places))


def _statement(source: Source, statement: Statement) -> dict[str, Any]:
    shown: dict[str, Any] = {"SourcePolicyId": source.id, "SourcePolicyType": _TYPES[source.layer]}
    span = _span(source.text, statement.index)
    if span is not None:
        for name, offset in zip(("StartPosition", "EndPosition"), span, strict=True):
            line, column = line_and_column(source.text, offset)
            shown[name] = {"Line": line, "Column": column + 1}
    return shown


def _span(text: str, index: int) -> tuple[int, int] | None:
    """Where AWS says that a statement begins and ends: behind the bracket or statement before it, and
    behind its own last bracket."""
    places = spans(text)
    alone, one = places.get(("Statement",)), places.get(("Statement", index))
    if one is not None and alone is not None:
        before = places.get(("Statement", index - 1))
        return (before.end if before else alone.start + 1), one.end
    return (alone.start + 1, alone.end) if alone is not None else None


def _layer_word(layer: LayerVerdict) -> str:
    return {"allow": "allowed", "deny": "explicitDeny"}.get(layer.verdict, "implicitDeny")


def _all_details(each: list[_One]) -> dict[str, str] | None:
    """For each kind of policy its hardest word over all resources."""
    told = [found for one in each if (found := one.details()) is not None]
    if not told:
        return None
    names = dict.fromkeys(name for found in told for name in found)
    return {name: next(w for w in _HARDEST if any(f.get(name) == w for f in told)) for name in names}


def _hardest(found: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Of details with one yes or no: the first no, else the first."""
    told = [one for one in found if one is not None]
    return next((one for one in told if not all(one.values())), told[0] if told else None)


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
