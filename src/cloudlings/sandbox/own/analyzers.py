"""Access Analyzer's analyzers: who outside the account its resources let in, found when findings are read.

Source: IAM Access Analyzer API reference, AnalyzerSummary, FindingSummary, FindingSummaryV2,
ExternalAccessDetails; IAM User Guide, "Resource types supported by IAM Access Analyzer".
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cloudlings.sandbox.own.access_analyzer import page
from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers

if TYPE_CHECKING:
    from cloudlings.sandbox.own.analyzer.access import External, Shared


@answers("accessanalyzer", "CreateAnalyzer")
async def create_analyzer(given: Handling) -> Answer:
    """An analyzer of the account's Region, and its first findings."""
    asked, analyzers = given.input, _analyzers(given)
    name, kind = str(asked.get("analyzerName", "")), asked.get("type")
    if kind != "ACCOUNT":
        message = f"This sandbox has analyzers of type ACCOUNT (external access); {kind} is not one."
        return Refusal("ValidationException", message)
    if name in analyzers:
        return Refusal("ConflictException", f"An analyzer named {name} already exists.", 409)
    if analyzers:
        message = "You have reached the quota of 1 analyzer of type ACCOUNT in this Region."
        return Refusal("ServiceQuotaExceededException", message, 402)
    arn = f"arn:aws:access-analyzer:{given.region}:{given.account_id}:analyzer/{name}"
    analyzers[name] = {
        "arn": arn,
        "name": name,
        "type": kind,
        "createdAt": _now(),
        "status": "ACTIVE",
        "tags": asked.get("tags") or {},
        "_findings": {},
    }
    await _scan(given, analyzers[name])
    return {"arn": arn}


@answers("accessanalyzer", "GetAnalyzer")
def get_analyzer(given: Handling) -> Answer:
    """One analyzer."""
    found = _analyzers(given).get(given.input.get("analyzerName", ""))
    return {"analyzer": _plain(found)} if found else _not_found("Analyzer", given.input.get("analyzerName"))


@answers("accessanalyzer", "ListAnalyzers")
def list_analyzers(given: Handling) -> Answer:
    """The analyzers of the Region."""
    kind = given.input.get("type")
    found = [_plain(one) for one in _analyzers(given).values() if kind in (None, one["type"])]
    return page(found, "analyzers", given.input)


@answers("accessanalyzer", "DeleteAnalyzer")
def delete_analyzer(given: Handling) -> Answer:
    """Forget an analyzer and its findings."""
    name = given.input.get("analyzerName", "")
    if _analyzers(given).pop(name, None) is None:
        return _not_found("Analyzer", name)
    return {}


@answers("accessanalyzer", "StartResourceScan")
async def start_resource_scan(given: Handling) -> Answer:
    """Look at the account's resources now."""
    analyzer = _of_arn(given)
    if isinstance(analyzer, Refusal):
        return analyzer
    await _scan(given, analyzer)
    return {}


@answers("accessanalyzer", "ListFindings", "ListFindingsV2")
async def list_findings(given: Handling) -> Answer:
    """The findings that fit a filter, as the account is now."""
    analyzer = _of_arn(given)
    if isinstance(analyzer, Refusal):
        return analyzer
    await _scan(given, analyzer)
    asked, second = given.input, given.call.operation.endswith("V2")
    found = [one for one in analyzer["_findings"].values() if _fits(one, asked.get("filter") or {})]
    order = asked.get("sort") or {}
    if order.get("attributeName"):
        reverse = order.get("orderBy") == "DESC"
        found.sort(key=lambda one: str(one.get(order["attributeName"], "")), reverse=reverse)
    return page([_summary_v2(one) if second else _plain(one) for one in found], "findings", asked)


@answers("accessanalyzer", "GetFinding", "GetFindingV2")
async def get_finding(given: Handling) -> Answer:
    """One finding, as the account is now."""
    analyzer = _of_arn(given)
    if isinstance(analyzer, Refusal):
        return analyzer
    await _scan(given, analyzer)
    found = analyzer["_findings"].get(given.input.get("id"))
    if found is None:
        return _not_found("Finding", given.input.get("id"))
    if not given.call.operation.endswith("V2"):
        return {"finding": _plain(found)}
    details = {
        name: found[name]
        for name in ("action", "condition", "isPublic", "principal", "sources")
        if name in found
    }
    return {**_summary_v2(found), "findingDetails": [{"externalAccessDetails": details}]}


@answers("accessanalyzer", "UpdateFindings")
def update_findings(given: Handling) -> Answer:
    """Archive findings, or have them active again."""
    analyzer = _of_arn(given)
    if isinstance(analyzer, Refusal):
        return analyzer
    asked = given.input
    ids, arn = asked.get("ids") or [], asked.get("resourceArn")
    for id_, one in analyzer["_findings"].items():
        if (id_ in ids or one["resource"] == arn) and one["status"] != "RESOLVED":
            one |= {"status": asked.get("status"), "updatedAt": _now()}
    return {}


# --- what is kept --------------------------------------------------------------------------------


def _analyzers(given: Handling) -> dict[str, Output]:
    found: dict[str, Output] = given.kept.setdefault("analyzers", {})
    return found


def _of_arn(given: Handling) -> Output | Refusal:
    arn = str(given.input.get("analyzerArn", ""))
    found = next((one for one in _analyzers(given).values() if one["arn"] == arn), None)
    return found if found is not None else _not_found("Analyzer", arn)


def _not_found(what: str, name: Any) -> Refusal:
    return Refusal("ResourceNotFoundException", f"{what} {name} could not be found.", 404)


def _plain(kept: Output) -> Output:
    return {name: value for name, value in kept.items() if not name.startswith("_")}


def _summary_v2(finding: Output) -> Output:
    names = ("analyzedAt", "createdAt", "id", "resource", "resourceType", "resourceOwnerAccount", "status",
             "updatedAt")  # fmt: skip
    return {**{name: finding[name] for name in names}, "findingType": "ExternalAccess"}


def _now() -> float:
    return round(time.time(), 3)


def _fits(finding: Output, criteria: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(_meets(_values(finding, name), criterion) for name, criterion in criteria.items())


def _values(finding: Output, name: str) -> list[str]:
    """What a finding has of a property that filters know: ``principal.AWS``, ``isPublic``."""
    value: Any = {**finding, "findingType": "ExternalAccess"}
    for part in name.split(".", 1):
        value = value.get(part) if isinstance(value, dict) else None
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in several]


def _meets(values: list[str], criterion: Mapping[str, Any]) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: bool(set(values) & set(map(str, wanted))),
        "neq": lambda wanted: not set(values) & set(map(str, wanted)),
        "contains": lambda wanted: any(str(part) in value for part in wanted for value in values),
        "exists": lambda wanted: bool(values) is bool(wanted),
    }
    return all(tests[name](wanted) for name, wanted in criterion.items() if name in tests)


# --- looking -------------------------------------------------------------------------------------


async def _scan(given: Handling, analyzer: Output) -> None:
    """Bring an analyzer's findings up to date: new ones are active, those that are gone are resolved."""
    resources = [one async for one in _resources(given)]
    found = await asyncio.to_thread(_external, resources, given.account_id)
    now, kept = _now(), analyzer["_findings"]
    seen = set()
    for one in found:
        id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{analyzer['arn']} {one.key}"))
        seen.add(id_)
        before = kept.get(id_)
        kept[id_] = _finding(id_, one, given.account_id, now, before)
    for id_, one in kept.items():
        if id_ not in seen and one["status"] != "RESOLVED":
            one |= {"status": "RESOLVED", "updatedAt": now}
    if resources:
        analyzer |= {"lastResourceAnalyzed": resources[-1].arn, "lastResourceAnalyzedAt": now}
    given.keep()


def _external(resources: list[Shared], account: str) -> list[External]:
    from cloudlings.sandbox.own.analyzer.access import external_access

    return external_access(resources, account)


def _finding(id_: str, one: External, account: str, now: float, before: Output | None) -> Output:
    changed = before is None or before["status"] == "RESOLVED"
    found: Output = {
        "id": id_,
        "principal": {one.principal[0]: one.principal[1]},
        "action": list(one.actions),
        "resource": one.resource,
        "isPublic": one.public,
        "resourceType": one.type,
        "condition": dict(one.condition),
        "createdAt": before["createdAt"] if before else now,
        "analyzedAt": now,
        "updatedAt": now if before is None or changed else before["updatedAt"],
        "status": "ACTIVE" if before is None or changed else before["status"],
        "resourceOwnerAccount": account,
    }
    return found | ({"sources": [{"type": one.source}]} if one.type == "AWS::S3::Bucket" else {})


async def _resources(given: Handling) -> AsyncIterator[Shared]:
    """The account's resources that have a policy or an open list, in this Region; roles are in all."""
    from cloudlings.sandbox.own.analyzer.access import Shared

    async for kind, arn in _arns(given):
        facts = await given.services.facts(arn, given.region)
        if facts.get("owner", given.account_id) != given.account_id:
            continue
        acl = tuple((str(who), str(how)) for who, how in facts.get("acl") or ()) if facts.get("acls") else ()
        opened = tuple(pair for pair in acl if pair[0] in ("everyone", "authenticated"))
        policy = _text(facts.get("policy"))
        if policy or opened:
            yield Shared(arn, kind, policy, bool(facts.get("restricted")), opened)


def _text(policy: Any) -> str:
    import json
    from urllib.parse import unquote

    if not policy:
        return ""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    text = unquote(text) if text.lstrip().startswith("%") else text
    return text if json.loads(text).get("Statement") else ""


async def _arns(given: Handling) -> AsyncIterator[tuple[str, str]]:
    for service, operation, member, kind, name in _LISTINGS:
        for one in (await given.read(operation, service)).get(member, []):
            yield kind, name(given, one)


def _queue(given: Handling, url: Any) -> str:
    return f"arn:aws:sqs:{given.region}:{given.account_id}:{str(url).rpartition('/')[2]}"


def _table(given: Handling, name: Any) -> str:
    return f"arn:aws:dynamodb:{given.region}:{given.account_id}:table/{name}"


_LISTINGS: Final[tuple[tuple[str, str, str, str, Callable[[Handling, Any], str]], ...]] = (
    ("s3", "ListBuckets", "Buckets", "AWS::S3::Bucket", lambda _, one: f"arn:aws:s3:::{one['Name']}"),
    ("iam", "ListRoles", "Roles", "AWS::IAM::Role", lambda _, one: str(one["Arn"])),
    ("kms", "ListKeys", "Keys", "AWS::KMS::Key", lambda _, one: str(one["KeyArn"])),
    ("sqs", "ListQueues", "QueueUrls", "AWS::SQS::Queue", _queue),
    ("sns", "ListTopics", "Topics", "AWS::SNS::Topic", lambda _, one: str(one["TopicArn"])),
    ("lambda", "ListFunctions", "Functions", "AWS::Lambda::Function", lambda _, one: str(one["FunctionArn"])),
    ("secretsmanager", "ListSecrets", "SecretList", "AWS::SecretsManager::Secret",
     lambda _, one: str(one["ARN"])),
    ("dynamodb", "ListTables", "TableNames", "AWS::DynamoDB::Table", _table),
)  # fmt: skip
"""(service, operation, its list, what it lists, the ARN of one)."""
