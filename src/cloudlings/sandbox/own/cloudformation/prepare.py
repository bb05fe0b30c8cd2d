"""A stack as a request asks for it: its template read, parameters filled in, everything checked first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from cloudlings.sandbox.cloudformation import check, parameters
from cloudlings.sandbox.cloudformation.functions import Scope, references, resolve, text, uses
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import LARGEST_BODY, LARGEST_FILE, Resource, Template
from cloudlings.sandbox.own.cloudformation import store
from cloudlings.sandbox.own.registry import Declined, Handling

_SSM = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


class MissingCapabilities(Exception):
    """The template makes what its maker has not acknowledged."""


@dataclass(frozen=True)
class Plan:
    """A template with its parameters: what a stack is to be."""

    template: Template
    filled: Mapping[str, str]
    """Parameters as texts, as they were given or by default."""
    looked_up: Mapping[str, str]
    scope: Scope
    resources: Mapping[str, Resource]
    """Those whose conditions are met."""
    imports: Sequence[str] = ()


async def template_text(
    handling: Handling, asked: Mapping[str, Any], record: store.Record | None = None
) -> str:
    """The template that a request names. Raises Invalid."""
    if asked.get("UsePreviousTemplate"):
        if record is None or not record.get("template"):
            raise Invalid("Previous template is not available")
        return str(record["template"])
    body, url = asked.get("TemplateBody"), asked.get("TemplateURL")
    if body is not None and url is not None:
        raise Invalid("You may specify either TemplateBody or TemplateURL, not both")
    if body is not None:
        if len(str(body).encode()) > LARGEST_BODY:
            raise Invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                "Member must have "
                f"length less than or equal to {LARGEST_BODY}"
            )
        return str(body)
    if url is None:
        raise Invalid("Either Template URL or Template Body must be specified.")
    return await _from_bucket(handling, str(url))


async def _from_bucket(handling: Handling, url: str) -> str:
    bucket, key = _place(url)
    try:
        found = await handling.act("s3", "GetObject", waits=False, Bucket=bucket, Key=key)
    except Declined as error:
        raise Invalid(f"S3 error: {error.message or error.code}") from error
    body = found["Body"]
    content = body.encode() if isinstance(body, str) else body
    if len(content) > LARGEST_FILE:
        raise Invalid(f"Template may not exceed {LARGEST_FILE} bytes in size.")
    return str(content.decode("utf-8", "replace"))


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path.lstrip("/"))
    virtual = re.fullmatch(r"(.+)\.s3[.-]([\w.-]+\.)?(amazonaws\.com|localhost.*)", host)
    if virtual:
        return virtual[1], path
    bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise Invalid("TemplateURL must be a supported URL.")
    return bucket, key


async def read(body: str) -> Template:
    """A template, read in a thread: a large one takes a while. Raises Invalid."""
    return await asyncio.to_thread(check.read, body)


def given(asked: Mapping[str, Any]) -> dict[str, str | None]:
    """A request's parameters by name; None for one that stays as it is."""
    found: dict[str, str | None] = {}
    for each in asked.get("Parameters", ()):
        use_previous = text(each.get("UsePreviousValue", False)).lower() == "true"
        found[each["ParameterKey"]] = None if use_previous else each.get("ParameterValue", "")
    return found


async def plan(
    handling: Handling,
    template: Template,
    asked: Mapping[str, Any],
    record: store.Record,
    *,
    known: bool = True,
) -> Plan:
    """What a request makes of a template. ``known``: imports must be there by now. Raises Invalid."""
    filled = parameters.fill(template.parameters, given(asked), record.get("parameters"))
    looked_up = {}
    for name, key in parameters.ssm_names(template.parameters, filled).items():
        looked_up[name] = await _parameter(handling, key)
    exported = {name: value for name, (_, value) in store.exports(handling.kept).items()}
    scope = Scope(
        parameters={
            **pseudo(handling, record),
            **parameters.values(template.parameters, filled, looked_up),
        },
        mappings=template.mappings,
        conditions=template.conditions,
        zones=await _zones(handling, template),
        exports=exported if known else None,
    )
    _check_rules(template, scope)
    there = check.active(template, scope)
    return Plan(template, filled, looked_up, scope, there, tuple(_imports(template, there, scope)))


def _check_rules(template: Template, scope: Scope) -> None:
    if template.rules:
        raise Invalid("The sandbox does not carry out the section Rules of a template.")
    for name, output in template.outputs.items():
        for used, _ in references(output.get("Export", {})):
            if used in template.resources:
                raise Invalid(
                    f"Template format error: Output {name} is malformed. The Name field of every Export "
                    "member must be specified and consist only of alphanumeric characters, colons, or "
                    "hyphens."
                )
    _ = scope


def pseudo(handling: Handling, record: Mapping[str, Any]) -> dict[str, Any]:
    """The pseudo parameters."""
    return {
        "AWS::AccountId": handling.account_id,
        "AWS::Region": handling.region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": record["StackName"],
        "AWS::StackId": record["StackId"],
        "AWS::NotificationARNs": list(record.get("notification_arns", ())),
    }


async def _parameter(handling: Handling, name: str) -> str:
    try:
        found = await handling.act("ssm", "GetParameter", Name=name)
    except Declined as error:
        if "NotFound" in error.code:
            raise Invalid(
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            ) from error
        raise Invalid(error.message) from error
    return str(found["Parameter"]["Value"])


async def _zones(handling: Handling, template: Template) -> dict[str, list[str]]:
    bodies = [dict(one.properties) for one in template.resources.values()]
    if not any(uses(body, "Fn::GetAZs") for body in [*bodies, dict(template.outputs)]):
        return {}
    found = await handling.read("DescribeAvailabilityZones", "ec2")
    return {handling.region: [zone["ZoneName"] for zone in found.get("AvailabilityZones", [])]}


def _imports(template: Template, resources: Mapping[str, Resource], scope: Scope) -> set[str]:
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if len(value) == 1 and "Fn::ImportValue" in value:
                found.add(text(resolve(value["Fn::ImportValue"], scope)))
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look([dict(one.properties) for one in resources.values()])
    look(dict(template.outputs))
    return found


def acknowledged(template: Template, asked: Mapping[str, Any]) -> None:
    """Whether the maker has acknowledged what the template makes. Raises MissingCapabilities.

    Source: CloudFormation User Guide, "Acknowledging IAM resources in CloudFormation templates".
    """
    needed, stated = check.capabilities(template), set(asked.get("Capabilities", ()))
    stated |= {"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in stated else set()
    missing = [name for name in needed if name not in stated]
    if missing:
        raise MissingCapabilities(f"Requires capabilities : [{', '.join(missing)}]")


async def dynamic(act: Any, value: Any) -> Any:
    """A value with its {{resolve:…}} references looked up. Raises Invalid.

    Source: CloudFormation User Guide, "Get values stored in other services using dynamic references".
    """
    if isinstance(value, dict):
        return {key: await dynamic(act, each) for key, each in value.items()}
    if isinstance(value, list):
        return [await dynamic(act, each) for each in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    for match in _SSM.finditer(value):
        value = value.replace(match[0], await _resolved(act, match[1], match[2]))
    return value


async def _resolved(act: Any, service: str, reference: str) -> str:
    try:
        if service.startswith("ssm"):
            name = reference
            found = await act(
                "ssm", "GetParameter", {"Name": name, "WithDecryption": service == "ssm-secure"}
            )
            return str(found["Parameter"]["Value"])
        return await _secret(act, reference)
    except Declined as error:
        raise Invalid(
            f"Could not resolve the dynamic reference {{{{resolve:{service}:{reference}}}}}: "
            f"{error.message or error.code}"
        ) from error


async def _secret(act: Any, reference: str) -> str:
    import json

    arn = re.match(r"arn:[^:]*:secretsmanager:[^:]*:\d*:secret:[^:]+", reference)
    name = arn[0] if arn else reference.partition(":")[0]
    rest = reference[len(name) :].lstrip(":").split(":")
    kind, key, stage, version = [*rest, "", "", "", ""][:4]
    asked = {"SecretId": name, "VersionStage": stage, "VersionId": version}
    found = await act("secretsmanager", "GetSecretValue", {k: v for k, v in asked.items() if v})
    if kind not in ("", "SecretString"):
        raise Invalid(f"Could not resolve the dynamic reference: {kind} is not SecretString")
    secret = str(found.get("SecretString", ""))
    if not key:
        return secret
    try:
        return text(json.loads(secret)[key])
    except (ValueError, KeyError, TypeError):
        raise Invalid(f"Could not find a value associated with JSONKey in SecretString ({key})") from None


def with_refs(scope: Scope, ref: Any, attribute: Any) -> Scope:
    """A scope that knows resources."""
    return replace(scope, ref=ref, attribute=attribute)
