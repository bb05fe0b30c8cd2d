"""The single checks of a policy document, each a few lines: see ``checks``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from cloudlings.iam import data as table
from cloudlings.iam.conditions import read_date, read_number, read_range
from cloudlings.iam.documents import PRINCIPAL_KINDS, STATEMENT_ELEMENTS, VERSIONS
from cloudlings.iam.globs import glob, plain
from cloudlings.iam.statements import VARIABLE
from cloudlings.iam.validation import MAX_SIZES, PARTITIONS
from cloudlings.sandbox.own.analyzer.checks import Checked, Finding, Level
from cloudlings.sandbox.own.analyzer.elements import Found, Line, lines, texts
from cloudlings.sandbox.own.analyzer.risks import RISKS
from cloudlings.sandbox.own.json_places import Path

_ARN_PRINCIPAL: Final = re.compile(
    r"arn:[a-z-]+:(iam|sts)::\d{12}:.+|\d{12}|A[A-Z]{3}[A-Z0-9]{12,}|arn:.*cloudfront:.+"
)
_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
_NO_ACCOUNT, _NO_REGION = ("s3",), ("s3", "iam", "route53", "cloudfront")


def findings(checked: Checked) -> Found:
    """All findings about a document that is JSON."""
    policy = checked.data
    if not isinstance(policy, dict):
        yield Finding("ERROR", "DATA_TYPE_MISMATCH", "A policy is a JSON object.", ((),))
        return
    for element in policy:
        if element not in ("Version", "Id", "Statement"):
            yield _element((element,))
    yield from _version(policy)
    yield from _size(checked)
    if "Statement" not in policy:
        yield Finding("ERROR", "MISSING_STATEMENT", "A policy needs a Statement element.", ((),))
        return
    alone = not isinstance(policy["Statement"], list)
    statements = [policy["Statement"]] if alone else policy["Statement"]
    for number, statement in enumerate(statements):
        where: Path = ("Statement",) if alone else ("Statement", number)
        if isinstance(statement, dict):
            for rule in _RULES:
                yield from rule(checked, statement, where)
        else:
            yield Finding("ERROR", "DATA_TYPE_MISMATCH", "A statement is a JSON object.", (where,))
    yield from _sids(checked, statements)


# --- the whole document --------------------------------------------------------------------------


def _element(where: Path) -> Finding:
    details = f"{where[-1]} is no element of a policy here. Names are case-sensitive."
    return Finding("ERROR", "INVALID_POLICY_ELEMENT", details, (where,))


def _version(policy: Mapping[str, Any]) -> Found:
    if "Version" not in policy:
        details = "There is no Version, so the policy is read as of 2008-10-17, which has no variables."
        yield Finding("WARNING", "MISSING_VERSION", details, ((),))
    elif policy["Version"] not in VERSIONS:
        details = f"The versions of the policy language are {' and '.join(VERSIONS)}."
        yield Finding("ERROR", "INVALID_VERSION", details, (("Version",),))


def _size(checked: Checked) -> Found:
    import json

    length = len(json.dumps(checked.data, separators=(",", ":"), ensure_ascii=False))
    if checked.kind == "inline" and length > MAX_SIZES["managed"]:
        details = f"The policy has {length:,} characters; a managed policy holds {MAX_SIZES['managed']:,}."
        yield Finding("WARNING", "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", details, ((),))


def _sids(checked: Checked, statements: list[Any]) -> Found:
    named = [s.get("Sid") for s in statements if isinstance(s, dict)]
    twice = {
        sid for sid, times in Counter(filter(None, map(str, named))).items() if times > 1 and sid != "None"
    }
    paths = tuple(("Statement", n, "Sid") for n, sid in enumerate(named) if sid in twice)
    if twice:
        required = checked.names_principals and checked.kind != "trust"
        level: Level = "ERROR" if required else "WARNING"
        code = "UNIQUE_SIDS_REQUIRED" if required else "UNIQUE_SIDS_RECOMMENDED"
        yield Finding(level, code, f"Several statements have the Sid {', '.join(sorted(twice))}.", paths)


# --- a statement's elements ----------------------------------------------------------------------


def _elements(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    for element, value in statement.items():
        if element not in STATEMENT_ELEMENTS:
            yield _element((*where, element))
        elif element in ("Sid", "Effect") and not isinstance(value, str):
            yield Finding("ERROR", "DATA_TYPE_MISMATCH", f"{element} is a text.", ((*where, element),))
    if statement.get("Sid") == "":
        yield Finding("SUGGESTION", "EMPTY_SID_VALUE", "The Sid is empty.", ((*where, "Sid"),))
    if "Effect" not in statement:
        yield Finding("ERROR", "MISSING_EFFECT", "A statement needs an Effect.", (where,))
    elif statement["Effect"] not in ("Allow", "Deny"):
        details = "Effect is Allow or Deny, spelled so."
        yield Finding("ERROR", "INVALID_EFFECT", details, ((*where, "Effect"),))
    for name in ("Action", "Resource", "Principal"):
        both = [element for element in (name, f"Not{name}") if element in statement]
        if len(both) == 2:
            details = f"{both[0]} and {both[1]} exclude each other in one statement."
            paths = tuple((*where, element) for element in both)
            yield Finding("ERROR", "UNSUPPORTED_ELEMENT_COMBINATION", details, paths)
    yield from _missing(checked, statement, where)


def _missing(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    if not {"Action", "NotAction"} & set(statement):
        yield Finding("ERROR", "MISSING_ACTION", "A statement needs Action or NotAction.", (where,))
    needs_resource = checked.kind != "trust" and not checked.generic
    if needs_resource and not {"Resource", "NotResource"} & set(statement):
        yield Finding("ERROR", "MISSING_RESOURCE", "A statement needs Resource or NotResource.", (where,))
    principals = [element for element in ("Principal", "NotPrincipal") if element in statement]
    if checked.names_principals and not principals:
        details = "A statement of a resource's policy names a Principal."
        yield Finding("ERROR", "MISSING_PRINCIPAL", details, (where,))
    if checked.kind == "rcp":
        yield from _rcp(statement, where)
    if not checked.names_principals and principals:
        code = "SCP_SYNTAX_ERROR_PRINCIPAL" if checked.kind == "scp" else "UNSUPPORTED_PRINCIPAL"
        details = f"{principals[0]} has no place in this kind of policy: it is about whom it is attached to."
        yield Finding("ERROR", code, details, ((*where, principals[0]),))


def _rcp(statement: Mapping[str, Any], where: Path) -> Found:
    if "NotPrincipal" in statement or statement.get("Principal") not in ("*", {"AWS": "*"}):
        details = "A resource control policy is about everyone: its Principal is *."
        yield Finding("ERROR", "RCP_SYNTAX_ERROR_PRINCIPAL", details, ((*where, "Principal"),))
    if "NotAction" in statement:
        details = "A resource control policy has no NotAction."
        yield Finding("ERROR", "RCP_SYNTAX_ERROR_NOTACTION", details, ((*where, "NotAction"),))
    if statement.get("Effect") == "Allow":
        details = "A resource control policy only denies: RCPFullAWSAccess allows, and is AWS's."
        yield Finding("ERROR", "RCP_SYNTAX_ERROR_ALLOW", details, ((*where, "Effect"),))


def _empty(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    for element in ("Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"):
        value = statement.get(element)
        if value == [] or value == {}:
            word = "ARRAY" if value == [] else "OBJECT"
            details = f"{element} is empty, so the statement does not do what it seems to."
            yield Finding("SUGGESTION", f"EMPTY_{word}_{element.upper()}", details, ((*where, element),))


# --- actions -------------------------------------------------------------------------------------


def _actions(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    for element in ("Action", "NotAction"):
        named = texts(statement, element, where)
        for text, path in named:
            yield from _action(text, path)
        yield from _redundant([(text.lower(), path) for text, path in named], "REDUNDANT_ACTION", "action")


def _action(text: str, path: Path) -> Found:
    service, colon, name = text.lower().partition(":")
    if text == "*":
        return
    if not colon or not name:
        details = f"{text} is no action: write a service and an action, such as s3:GetObject."
        yield Finding("ERROR", "INVALID_ACTION", details, (path,))
    elif set(service) & set("*?"):
        details = f"The wildcard in the service of {text} covers services that you may not mean."
        yield Finding("SUGGESTION", "WILDCARD_IN_SERVICE_NAME", details, (path,))
    elif not table.actions_of(service):
        yield Finding("ERROR", "INVALID_SERVICE_IN_ACTION", f"There is no service {service}.", (path,))
    else:
        covers = glob(plain(text.lower()))
        if not any(covers(known) for known in table.actions_of(service)):
            yield Finding("ERROR", "INVALID_ACTION", f"The action {text} does not exist.", (path,))


def _redundant(named: list[tuple[str, Path]], code: str, what: str) -> Found:
    """Those of a list that another one of it covers."""
    for number, (text, path) in enumerate(named):
        for other_number, (other, other_path) in enumerate(named):
            if number == other_number or "${" in text + other:
                continue
            same = text == other
            if (same and other_number < number) or (not same and glob(plain(other))(text)):
                details = f"The {what} {text} is covered by {other} already."
                yield Finding("SUGGESTION", code, details, (path, other_path))
                break


# --- resources -----------------------------------------------------------------------------------


def _resources(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    for element in ("Resource", "NotResource"):
        named = texts(statement, element, where)
        for text, path in named:
            yield from _arn(text, path)
            if checked.kind == "bucket" and text.startswith("arn:") and text.split(":")[2:3] != ["s3"]:
                details = f"A bucket's policy is about the bucket and its objects; {text} is neither."
                yield Finding("ERROR", "UNSUPPORTED_RESOURCE_ARN_IN_POLICY", details, (path,))
        yield from _redundant(named, "REDUNDANT_RESOURCE", "resource")


def _arn(text: str, path: Path) -> Found:
    if text == "*":
        return
    parts = text.split(":", 5)
    if parts[0] != "arn":
        if "$" not in parts[0] and not glob(plain(parts[0]))("arn"):
            details = f"{text} does not begin with arn:, so it names no resource."
            yield Finding("ERROR", "INVALID_ARN_PREFIX", details, (path,))
        return
    if len(parts) < 6 and not text.endswith("*"):
        details = f"{text} has {len(parts)} of an ARN's six fields."
        yield Finding("ERROR", "MISSING_ARN_FIELD", details, (path,))
        return
    partition, service, region, account = (*parts[1:5], "*", "*", "*", "*")[:4]
    checks = (
        (_is_open(partition) or partition in PARTITIONS,
         "INVALID_PARTITION", f"{partition} is no partition."),
        (service == service.lower(), "INVALID_ARN_SERVICE_CASE", "The service is written in small letters."),
        (_is_open(account) or account in ("", "aws") or re.fullmatch(r"\d{12}", account) is not None,
         "INVALID_ARN_ACCOUNT", f"{account} is no account: an account's ID has 12 digits."),
        (service not in _NO_ACCOUNT or account in ("", "*") or "accesspoint" in text or "job/" in text,
         "ARN_ACCOUNT_NOT_ALLOWED", f"ARNs of {service} have no account here."),
        (service not in _NO_REGION or region in ("", "*") or "accesspoint" in text or "job/" in text,
         "ARN_REGION_NOT_ALLOWED", f"ARNs of {service} have no Region."),
    )  # fmt: skip
    for holds, code, details in checks:
        if not holds:
            yield Finding("ERROR", code, details, (path,))


def _is_open(text: str) -> bool:
    return bool(set(text) & set("*?$"))


# --- principals ----------------------------------------------------------------------------------


def _principals(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    if not checked.names_principals:
        return
    if "NotPrincipal" in statement and statement.get("Effect") == "Allow":
        details = "Allow with NotPrincipal lets in everyone who is not listed, anonymous callers too."
        yield Finding("SECURITY_WARNING", "ALLOW_WITH_NOTPRINCIPAL", details, ((*where, "NotPrincipal"),))
    for element in ("Principal", "NotPrincipal"):
        named = statement.get(element)
        if isinstance(named, str) and named != "*":
            details = 'A principal is "*", or an object such as {"AWS": "111122223333"}.'
            yield Finding("ERROR", "INVALID_PRINCIPAL_FORMAT", details, ((*where, element),))
        for kind in named if isinstance(named, dict) else ():
            if kind not in PRINCIPAL_KINDS:
                details = f"{kind} is no kind of principal. Known: {', '.join(PRINCIPAL_KINDS)}."
                yield Finding("ERROR", "INVALID_PRINCIPAL_KEY", details, ((*where, element, kind),))
            for text, path in texts(named, kind, (*where, element)) if isinstance(named, dict) else ():
                yield from _principal(kind, text, path)


def _principal(kind: str, text: str, path: Path) -> Found:
    if "*" in text and text != "*" and kind == "AWS":
        details = f"{text} names nobody: a wildcard cannot stand for a part of a principal."
        yield Finding("ERROR", "UNSUPPORTED_WILDCARD_IN_PRINCIPAL", details, (path,))
    elif kind == "AWS" and re.fullmatch(r"A(ROA|IDA)[A-Z0-9]{12,}", text):
        word = "ROLE" if text.startswith("AROA") else "USER"
        details = f"{text} is a unique id: it names nobody once its {word.lower()} has been made anew."
        yield Finding("WARNING", f"INVALID_{word}_REFERENCE", details, (path,))
    elif kind == "AWS" and text != "*" and not _ARN_PRINCIPAL.fullmatch(text):
        details = f"{text} is no account, user, role or session."
        yield Finding("ERROR", "INVALID_PRINCIPAL_FORMAT", details, (path,))
    elif kind == "Service" and not _SERVICE.fullmatch(text):
        details = f"{text} is no service principal, such as lambda.amazonaws.com."
        yield Finding("ERROR", "INVALID_SERVICE_PRINCIPAL_FORMAT", details, (path,))


# --- conditions ----------------------------------------------------------------------------------


def _conditions(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    wrong = {line.name: line.path[:-1] for line in lines(statement, where) if not line.operator}
    for name, path in wrong.items():
        yield Finding("ERROR", "INVALID_CONDITION_OPERATOR", f"{name} is no condition operator.", (path,))
    for line in lines(statement, where):
        if line.name in wrong:
            continue
        if line.operator == "Null" and line.if_exists:
            details = "Null asks whether a key is there; IfExists cannot be added to it."
            yield Finding("ERROR", "NULL_WITH_IF_EXISTS", details, (line.path,))
        yield from _key(line.key, line.path)
        yield from _values(line)


def _key(key: str, path: Path) -> Found:
    service, colon, _ = key.partition(":")
    provider = "/" in service or "." in service
    if not colon:
        details = f"{key} is no condition key: it has the form service:name."
        yield Finding("ERROR", "INVALID_CONDITION_KEY_FORMAT", details, (path,))
    elif key.lower() == "aws:arn":
        details = "aws:ARN is the old name of aws:PrincipalArn."
        yield Finding("WARNING", "DEPRECATED_GLOBAL_CONDITION_KEY", details, (path,))
    elif service.lower() == "aws" and table.key_type(key) is None:
        yield Finding("ERROR", "INVALID_GLOBAL_CONDITION_KEY", f"There is no global key {key}.", (path,))
    elif not provider and service.lower() != "aws" and table.key_type(key) is None:
        details = f"The service {service} has no condition key {key}."
        yield Finding("ERROR", "INVALID_SERVICE_CONDITION_KEY", details, (path,))


_TYPES: Final[Mapping[str, tuple[Callable[[str], Any], str, str]]] = {
    "numeric": (read_number, "number", "NUMBER"), "date": (read_date, "date", "DATE"),
    "ip": (read_range, "address or range", "IP_RANGE"),
}  # fmt: skip
_OF_KEYS: Final = {
    "numeric": ("Numeric",),
    "date": ("Date",),
    "ip": ("IPAddress",),
    "bool": ("Bool",),
}
"""The types of keys that an operator with a type of its own is for; aws:EpochTime takes two."""


def _values(line: Line) -> Found:
    test, operator = line.test, line.operator
    for text, place in line.values:
        if test in ("string", "string-ignore-case") and set("*?") & set(VARIABLE.sub("", text)):
            details = f"{operator} compares {text} character by character; its wildcards match nothing else."
            yield Finding("WARNING", "WILDCARD_WITHOUT_LIKE_OPERATOR", details, (place,))
        reader = _TYPES.get(test)
        if reader is not None and "${" not in text and reader[0](text) is None:
            details = f"{operator} compares with {text}, which is no {reader[1]}: it never matches."
            yield Finding("WARNING", f"TYPE_MISMATCH_{reader[2]}", details, (place,))
        if test in ("bool", "null") and text.lower() not in ("true", "false") and "${" not in text:
            details = f"{operator} compares with {text}, which is neither true nor false."
            yield Finding("WARNING", "TYPE_MISMATCH_BOOLEAN", details, (place,))
    kind = table.key_type(line.key)
    odd = test in _OF_KEYS and kind is not None and kind not in _OF_KEYS[test]
    if (odd and line.key.lower() != "aws:epochtime") or (kind == "IPAddress" and test in ("string", "like")):
        details = f"{operator} does not compare what {line.key} holds, which is of the type {kind}."
        yield Finding("WARNING", "TYPE_MISMATCH", details, (line.path,))


def _variables(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    found = [*texts(statement, "Resource", where), *texts(statement, "NotResource", where)]
    found += [value for line in lines(statement, where) for value in line.values]
    for text, path in found:
        if "${" in text and checked.data.get("Version") != "2012-10-17":
            details = f"Without Version 2012-10-17 the variable in {text} is only text."
            yield Finding("ERROR", "VARIABLE_UNSUPPORTED_IN_VERSION", details, (path,))
        elif any(not found.strip() for found in VARIABLE.findall(text)):
            yield Finding("ERROR", "EMPTY_VARIABLE", f"A variable in {text} has no name.", (path,))
        elif text.count("${") > len(VARIABLE.findall(text)):
            yield Finding("ERROR", "MISSING_BRACE_IN_VARIABLE", f"A variable in {text} has no end.", (path,))


_RULES: Final = (_elements, _empty, _actions, _resources, _principals, _conditions, _variables, *RISKS)
