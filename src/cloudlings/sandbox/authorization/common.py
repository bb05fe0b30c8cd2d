"""The common rule: an operation needs the action of its own name, on the resources that it names.

Which resources an action can have, and the shapes of their ARNs, is AWS's Service Authorization Reference
(see ``table``); which parameter fills which place of an ARN is found by its name, or by ``PARAMETERS``
where AWS calls the two differently. What a request does not name (the id of a thing to be made) is ``*`` in
the ARN, as AWS writes it in its own denials.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from cloudlings.sandbox.authorization import table
from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.table import ResourceType

# Operations whose action has another name. AWS's pages on each service: "Actions, resources, and condition
# keys for …" name the API operations beside the actions where the two differ.
ACTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("lambda", "Invoke"): ("InvokeFunction",),
    ("lambda", "InvokeAsync"): ("InvokeFunction",),
    ("lambda", "InvokeWithResponseStream"): ("InvokeFunction",),
    ("lambda", "GetLayerVersionByArn"): ("GetLayerVersion",),
    ("sqs", "SendMessageBatch"): ("SendMessage",),
    ("sqs", "DeleteMessageBatch"): ("DeleteMessage",),
    ("sqs", "ChangeMessageVisibilityBatch"): ("ChangeMessageVisibility",),
    ("sns", "PublishBatch"): ("Publish",),
    ("cloudfront", "CreateDistributionWithTags"): ("CreateDistribution", "TagResource"),
    ("batch", "CancelJobs"): ("CancelJob",),
    ("batch", "TerminateJobs"): ("TerminateJob",),
    ("ecr", "ListImageReferrers"): ("ListImages",),
    ("secretsmanager", "BatchGetSecretValue"): ("BatchGetSecretValue", "GetSecretValue"),
    **{
        ("budgets", f"{verb}{what}"): ("ModifyBudget",)
        for verb in ("Create", "Update", "Delete")
        for what in ("Budget", "Notification", "Subscriber")
    },
    **{
        ("budgets", name): ("ViewBudget",)
        for name in (
            "DescribeBudget", "DescribeBudgets", "DescribeBudgetPerformanceHistory",
            "DescribeNotificationsForBudget", "DescribeSubscribersForNotification",
            "DescribeBudgetNotificationsForAccount",
        )
    },
}  # fmt: skip

# Place of an ARN, in lower case -> the parameters that fill it, in lower case, beside the one of its own
# name.
PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    # RDS and ElastiCache
    "dbinstancename": ("dbinstanceidentifier", "targetdbinstanceidentifier", "sourcedbinstanceidentifier"),
    "dbclusterinstancename": ("dbclusteridentifier", "sourcedbclusteridentifier"),
    "snapshotname": ("dbsnapshotidentifier", "targetdbsnapshotidentifier", "snapshotname"),
    "clustersnapshotname": ("dbclustersnapshotidentifier",),
    "subnetgroupname": ("dbsubnetgroupname", "cachesubnetgroupname"),
    "parametergroupname": ("dbparametergroupname", "cacheparametergroupname"),
    "clusterparametergroupname": ("dbclusterparametergroupname",),
    "dbproxyid": ("dbproxyname",),
    "globalcluster": ("globalclusteridentifier",),
    # EC2 and its neighbours
    "securitygroupid": ("groupid", "securitygroupids"),
    "keypairname": ("keyname",),
    "naclid": ("networkaclid",),
    "vpcflowlogid": ("flowlogid",),
    "groupfriendlyname": ("autoscalinggroupname", "autoscalinggroupnames"),
    "targetgroupname": ("name",),
    # the rest
    "alarmname": ("alarmnames",),
    "dashboardname": ("dashboardnames",),
    "parameternamewithoutleadingslash": ("name", "names", "path", "resourceid"),
    "documentname": ("name", "documentname"),
    "secretid": ("name",),
    "streamname": ("streamname",),
    "rulename": ("name", "rule"),
    "archivename": ("archivename",),
    "connectionname": ("name",),
    "schedulename": ("name",),
    "groupname": ("groupname",),
    "statemachinename": ("name",),
    "activityname": ("name",),
    "clustername": ("cluster", "name"),
    "servicename": ("service",),
    "taskdefinitionfamilyname": ("family", "taskdefinition"),
    "taskid": ("task", "tasks"),
    "capacityprovidername": ("name",),
    "nodegroupname": ("nodegroupname",),
    "repositoryname": ("repositorynames",),
    "loggroupname": ("loggroupname", "loggroupnameprefix"),
    "workgroupname": ("workgroup", "name"),
    "trailname": ("name", "trailname"),
    "certificateid": (),
    "creationtoken": (),
    "id": ("hostedzoneid", "healthcheckid", "id"),
    "budgetname": ("budgetname",),
    "tablename": ("tablename", "globaltablename"),
    "backupvaultname": ("backupvaultname",),
    "deliverystreamname": ("deliverystreamname",),
    "projectname": ("projectname", "name"),
    "databasename": ("databasename", "name"),
    "userpoolid": ("userpoolid",),
    "identitypoolid": ("identitypoolid",),
}  # fmt: skip

# Places of an ARN that AWS fills with an id of its own when it makes the thing.
MADE_BY_AWS: Final = frozenset(
    {"id", "groupid", "loadbalancerid", "targetgroupid", "uuid", "listenerid", "truststoreid", "executionid",
     "taskdefinitionrevisionnumber", "frameworkid", "reportplanid"}
)  # fmt: skip

_HOLE = re.compile(r"\$\{([^}]+)\}")
_FIXED = ("partition", "region", "account", "accountid")


def needs_of(asked: Asked) -> tuple[Need, ...]:
    """What the operation needs by the common rule."""
    names = ACTIONS.get((asked.prefix, asked.call.operation), (asked.call.operation,))
    return tuple(need for name in names for need in on_named(asked, name))


def on_named(asked: Asked, name: str) -> tuple[Need, ...]:
    """One action on every resource that the parameters name (on ``*`` where they name none)."""
    types = table.actions_of(asked.prefix).get(name, ())
    arns = list(dict.fromkeys(_resources(asked, types))) or [_unnamed(asked, name, types)]
    return tuple(Need(f"{asked.prefix}:{name}", arn) for arn in arns)


def _unnamed(asked: Asked, name: str, types: tuple[ResourceType, ...]) -> str:
    """What a listing that names nothing is asked for: everything of its one kind, or ``*``."""
    if len(types) == 1 and name.startswith(("Describe", "List")):
        return _fill(asked, types[0].template, {})
    return "*"


def is_known(prefix: str, operation: str) -> bool:
    """Whether AWS lists the action that the common rule finds for an operation."""
    known = table.actions_of(prefix)
    return all(name in known for name in ACTIONS.get((prefix, operation), (operation,)))


def _resources(asked: Asked, types: tuple[ResourceType, ...]) -> Iterator[str]:
    given, values = list(arns_in(asked.input)), _values(asked.input)
    direct = {kind.name: [arn for arn in given if _shape(kind.template).fullmatch(arn)] for kind in types}
    # One kind's ARN in the request means that kind, and not its like: one kind of listener, of execution.
    named = any(direct.values())
    for kind in types:
        yield from direct[kind.name] or _filled(asked, kind, values, named=named)


def _filled(
    asked: Asked, kind: ResourceType, values: Mapping[str, list[str]], *, named: bool
) -> Iterator[str]:
    holes = [name for name in _HOLE.findall(kind.template) if name.lower() not in _FIXED]
    found = [_for_hole(name, values) for name in holes]
    unfilled = [name for name, each in zip(holes, found, strict=True) if not each]
    # Named in part: what AWS itself makes up may be missing, nothing else.
    wanting = len(unfilled) == len(holes) or any(name.lower() not in MADE_BY_AWS for name in unfilled)
    if unfilled and wanting and not kind.required:
        return
    if named and holes and len(unfilled) == len(holes):
        return
    for chosen in itertools.islice(itertools.product(*(each or ["*"] for each in found)), 200):
        yield _fill(asked, kind.template, dict(zip(holes, chosen, strict=True)))


def _fill(asked: Asked, template: str, chosen: Mapping[str, str]) -> str:
    fixed = {"partition": "aws", "region": asked.region, "account": asked.account, "accountid": asked.account}
    return _HOLE.sub(lambda hole: chosen.get(hole[1]) or fixed.get(hole[1].lower(), "*"), template)


def _for_hole(name: str, values: Mapping[str, list[str]]) -> list[str]:
    lower = name.lower()
    for parameter in (lower, *PARAMETERS.get(lower, ())):
        found = values.get(parameter) or values.get(f"{parameter}s")
        if found:
            return [one.lstrip("/") if "withoutleadingslash" in lower else one for one in found]
    return []


def _values(tree: Mapping[str, Any]) -> dict[str, list[str]]:
    """The texts of the parameters by lower-case name: of the top level, and of structures right in it."""
    found: dict[str, list[str]] = {}
    for below in (tree, *(one for one in tree.values() if isinstance(one, dict))):
        for name, value in below.items():
            texts = [str(one) for one in (value if isinstance(value, list) else [value]) if _is_name(one)]
            if texts:
                found.setdefault(name.lower(), texts)
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and 0 < len(str(value)) <= 2048


def arns_in(node: Any, depth: int = 0) -> Iterator[str]:
    """Every value anywhere in the parameters that is an ARN."""
    if isinstance(node, str):
        if (
            node.startswith("arn:")
            and node.count(":") >= 5
            and len(node) <= 2048
            and not re.search(r"\s", node)
        ):
            yield node
    elif depth < 12:
        for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from arns_in(below, depth + 1)


@lru_cache(maxsize=4096)
def _shape(template: str) -> re.Pattern[str]:
    """Matches the ARNs of a resource type, in any account and Region."""
    parts = _HOLE.split(template)
    pattern = "".join(
        re.escape(part)
        if number % 2 == 0
        else "[^:]*"
        if part.lower() in _FIXED
        else "[^/:]+"
        if "Path" not in part and _inner(parts, number)
        else ".+"
        for number, part in enumerate(parts)
    )
    return re.compile(pattern)


def _inner(parts: list[str], number: int) -> bool:
    """Whether a hole is followed by more of the ARN: then it holds no separator."""
    return number < len(parts) - 2 or bool(parts[number + 1])
