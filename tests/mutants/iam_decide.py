"""Break deciding on purpose, one place at a time, and see that the cases and the tests notice.

``nice python tests/mutants/iam_decide.py [WORD …]`` copies the package aside, makes each change there, runs the
case files against the copy and, for what they let pass, the tests of deciding and of conditions. It prints the
mutants that survive, and ends non-zero when one does that is not listed as equivalent. A WORD picks mutants.
"""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cloudlings.iam.case_files import read_cases

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "src/cloudlings/iam"
TESTS = (
    "tests/iam/test_conditions.py", "tests/iam/test_globs.py", "tests/iam/test_documents.py", "tests/iam/test_decide.py",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: in a file of the engine, ``old`` (its only occurrence) becomes ``new``.

    ``equivalent`` says why no test can tell the change, where that is so.
    """

    file: str
    old: str
    new: str
    breaks: str
    equivalent: str = ""


def _decide(old: str, new: str, breaks: str, equivalent: str = "") -> Mutant:
    return Mutant("decide.py", old, new, breaks, equivalent)


def _conditions(old: str, new: str, breaks: str, equivalent: str = "") -> Mutant:
    return Mutant("conditions.py", old, new, breaks, equivalent)


def _matching(old: str, new: str, breaks: str, equivalent: str = "") -> Mutant:
    return Mutant("matching.py", old, new, breaks, equivalent)


def _rules(old: str, new: str, breaks: str, equivalent: str = "") -> Mutant:
    return Mutant("service_rules.py", old, new, breaks, equivalent)


MUTANTS = (
    # decide: layers
    _decide("    if free:\n", "    if False:\n", "GetCallerIdentity needs a permission"),
    _decide("        if denying:\n", "        if False:\n", "an explicit Deny is no Deny"),
    _decide("        if side.granted and not blocking:", "        if side.granted:", "guardrails do not block"),
    _decide("        if side.granted and not blocking:", "        if not blocking:", "no grant is needed"),
    _decide("return LayerVerdict(\"rule\", \"silent\", note=reason) if reason else None", "return None", "services have no rules"),
    _decide("        if self._is_management(self.request.owner):\n", "        if False:\n", "RCPs bind the management account"),
    _decide("        if self._is_management(self.who.account):\n", "        if False:\n", "SCPs bind the management account"),
    _decide("self._is_management(self.request.owner)", "self._is_management(self.who.account)", "the caller's account decides about RCPs"),
    _decide("return account != \"\" and account == self.policies", "return account == self.policies", "no account is the management account"),
    _decide("        if not service_rules.rcp_applies(self.request):\n", "        if False:\n", "RCPs bind everyone"),
    _decide("        if not service_rules.scp_applies(self.request):\n", "        if False:\n", "SCPs bind services and anonymous callers"),
    _decide("return LayerVerdict(\"rcp\", \"deny\" if found else \"allow\", found)", "return LayerVerdict(\"rcp\", \"allow\", ())", "RCPs deny nothing"),
    _decide("found = self._denying(_flat(self.policies.rcp, \"rcp\"), with_principal=True)", "found = self._denying(_flat(self.policies.rcp[:1], \"rcp\"), with_principal=True)", "only the root's RCPs count"),
    _decide("found = self._denying(_flat(self.policies.scp, \"scp\"))", "found = self._denying(_flat(self.policies.scp[-1:], \"scp\"))", "only the account's SCPs deny"),
    _decide("found = self._denying(_flat(self.policies.scp, \"scp\"))", "found = ()", "SCPs do not deny"),
    _decide("            if not allowed:\n", "            if False:\n", "SCPs need not allow"),
    _decide("            if not allowed:\n", "            if not allowed and number == 1:\n", "only the first level must allow"),
    _decide("        if self.policies.vpce is None:\n", "        if True:\n", "endpoint policies have no say"),
    _decide("if reach(one, self.request))\n        return LayerVerdict(\"vpce\"", ")\n        return LayerVerdict(\"vpce\"", "endpoint policies name nobody"),
    _decide("LayerVerdict(\"vpce\", \"allow\" if allowing else \"silent\", allowing)", "LayerVerdict(\"vpce\", \"allow\", allowing)", "endpoint policies need not allow"),
    _decide("            return LayerVerdict(\"vpce\", \"deny\", found)\n", "            pass\n", "endpoint policies do not deny"),
    _decide("if not self.policies.settings.s3_block_public_access or self.request.service != \"s3\":", "if True:", "Block Public Access does nothing"),
    _decide("if not self.policies.settings.s3_block_public_access or self.request.service != \"s3\":", "if not self.policies.settings.s3_block_public_access:", "Block Public Access binds every service"),
    _decide("        if not is_public(self.policies.resource):\n", "        if False:\n", "every policy is public"),
    _decide("if self.request.same_account or self.who.type == \"service\":", "if self.who.type == \"service\":", "Block Public Access shuts out the owner"),
    _decide("if self.request.same_account or self.who.type == \"service\":", "if self.request.same_account:", "Block Public Access shuts out services"),
    _decide("if self.is_trust and self.policies.trust is not None:", "if False:", "the trust element is not read"),
    _decide("        if found and not self._root_keeps_bucket_policy():\n", "        if found:\n", "root cannot save a bucket"),
    _decide("            and self.request.same_account\n            and self.request.folded_action", "            and self.request.folded_action", "another account's root may replace a bucket policy"),
    _decide("            and self.request.folded_action in service_rules.BUCKET_POLICY_ACTIONS", "", "root may do all with a bucket"),
    _decide("            self.who.type == \"root\"\n            and self.request.same_account", "            self.request.same_account", "every user may replace a bucket policy"),
    _decide("self.reach = max((far for far, _ in reached), default=Reach.NONE)", "self.reach = min((far for far, _ in reached), default=Reach.NONE)", "the least grant counts"),
    _decide("if not self.policies.grants or not service_rules.is_kms_key(self.request):", "if True:", "KMS grants do nothing"),
    _decide("if not self.policies.grants or not service_rules.is_kms_key(self.request):", "if not self.policies.grants:", "KMS grants reach other resources"),
    _decide("(*self.policies.identity, *self.policies.groups)", "self.policies.identity", "groups have no policies"),
    _decide("(*self.policies.identity, *self.policies.groups)", "self.policies.groups", "users have no policies"),
    _decide("if self.policies.boundary is None or self.who.type not in _IDENTITIES:", "if True:", "boundaries do nothing"),
    _decide("            return self._layer(\"session\", self.policies.session)\n", "            return None\n", "session policies do nothing"),
    _decide("        if self.who.type == \"federated-user\":\n", "        if False:\n", "federated users need no session policy"),
    _decide("            return LayerVerdict(name, \"deny\", found)\n", "            pass\n", "identity policies do not deny"),
    _decide("return LayerVerdict(name, \"allow\" if allowing else \"silent\", allowing)", "return LayerVerdict(name, \"allow\", allowing)", "identity policies always allow"),
    # decide: how layers combine
    _decide("        if self.who.type not in (*_IDENTITIES, \"root\"):\n            return self._only_resource()\n", "", "services need identity policies", "a caller without identity layers comes to the resource's policy alone on every way"),
    _decide("        if self.request.same_account:\n            return self._same_account(far)\n", "        return self._same_account(far)\n", "accounts do not matter"),
    _decide("        if self.request.same_account:\n            return self._same_account(far)\n", "", "one's own account counts as another"),
    _decide("        if self.grant >= Reach.LIMITED:\n", "        if False:\n", "grants across accounts need an identity policy"),
    _decide("        if self.grant >= Reach.LIMITED:\n", "        if self.grant:\n", "a grant to an account frees its users of their policies"),
    _decide("return _both(identity, self._only_resource())\n\n    def _same_account", "return identity\n\n    def _same_account", "across accounts the owner need not allow"),
    _decide("return _both(identity, self._only_resource())\n\n    def _same_account", "return self._only_resource()\n\n    def _same_account", "across accounts the caller's side need not allow"),
    _decide("return self._only_resource() if self._needs_resource() else _Side(True)", "return _Side(True)", "root needs no key policy"),
    _decide("return self._only_resource() if self._needs_resource() else _Side(True)", "return self._only_resource()", "root needs a grant"),
    _decide("        if far == Reach.DIRECT:\n            return _Side(True, self._resource_statements())\n", "", "a direct grant is limited by the identity side"),
    _decide("        if far == Reach.DIRECT:\n", "        if far >= Reach.LIMITED:\n", "a grant to a role is not limited"),
    _decide("        if far == Reach.DIRECT:\n", "        if far:\n", "a grant to the account is a grant to its users"),
    _decide("        if far == Reach.LIMITED:\n            return self._limited(self._resource_statements())\n", "", "a grant to a role needs an identity policy"),
    _decide("        if self._needs_resource():\n            return _both(identity, self._only_resource())\n", "", "keys and roles do not guard themselves"),
    _decide("missing = _silent(self.boundary, self.session)", "missing = _silent(self.boundary)", "session policies do not limit a role's grant"),
    _decide("missing = _silent(self.boundary, self.session)", "missing = _silent(self.session)", "boundaries do not limit a role's grant"),
    _decide("missing = _silent(self.identity, self.boundary, self.session)", "missing = _silent(self.identity, self.boundary)", "session policies limit nothing"),
    _decide("missing = _silent(self.identity, self.boundary, self.session)", "missing = _silent(self.identity, self.session)", "boundaries limit nothing"),
    _decide("missing = _silent(self.identity, self.boundary, self.session)", "missing = _silent(self.boundary, self.session)", "identity policies need not allow"),
    _decide("and self.reach >= self.grant else ()", "else ()", "a delegation is credited for a grant"),
    _decide("return self.is_trust or service_rules.is_kms_key(self.request)", "return service_rules.is_kms_key(self.request)", "trust policies need not allow"),
    _decide("return self.is_trust or service_rules.is_kms_key(self.request)", "return self.is_trust", "key policies need not allow"),
    _decide("        if found and with_principal:\n", "        if False:\n", "a Deny means everyone"),
    _decide("has_boundary = self.policies.boundary is not None", "has_boundary = False", "NotPrincipal spares principals with a boundary"),
    _decide("        if has_principal != (layer in _WITH_PRINCIPAL):\n", "        if False:\n", "principals may stand anywhere"),
    _decide("        if layer not in _WITH_PRINCIPAL and statement.resource is None and statement.not_resource is None:\n", "        if False:\n", "no resource is every resource"),
    # matching
    _matching("return all(holds(keys) for holds in self.conditions)", "return any(holds(keys) for holds in self.conditions) or not self.conditions", "one condition is enough"),
    _matching("return all(holds(keys) for holds in self.conditions)", "return True", "conditions do not count"),
    _matching("covered = _any_of([pattern.lower() for pattern in patterns])", "covered = _any_of(list(patterns))", "actions regard case"),
    _matching("    return lambda action: not covered(action)", "    return covered", "NotAction is Action"),
    _matching("return lambda action: action in exact or any(match(action) for match in globs)", "return lambda action: any(match(action) for match in globs)", "exact names beside patterns are lost"),
    _matching("    return lambda request: not covered(request)", "    return covered", "NotResource is Resource"),
    _matching("            if before < 5:\n", "            if False:\n", "variables work before the fifth colon"),
    _matching("            if before < 5:\n", "            if before < 6:\n", "variables need a sixth colon"),
    _matching("    return pattern + \":*\" * max(0, 5 - pattern.count(\":\"))", "    return pattern", "incomplete ARNs are not completed"),
    _matching("return Reach.NONE if named(statement.not_principal, request) else Reach.DIRECT", "return Reach.DIRECT if named(statement.not_principal, request) else Reach.NONE", "NotPrincipal is Principal"),
    _matching("        if not aws.isdisjoint(names.direct):\n            return Reach.DIRECT\n", "", "callers are not known by their own name"),
    _matching("        if not aws.isdisjoint(names.limited):\n            return Reach.LIMITED\n", "", "sessions are not their role's"),
    _matching("            return Reach.LIMITED\n", "            return Reach.DIRECT\n", "a role's grant is direct"),
    _matching("        if not aws.isdisjoint(names.account):\n            return Reach.DELEGATED\n", "", "accounts are no principals"),
    _matching("request.principal.canonical_id in principals.canonical_user:\n        return Reach.DELEGATED", "request.principal.canonical_id in principals.canonical_user:\n        return Reach.NONE", "canonical ids name nobody"),
    _matching("    if names.service and not names.service.isdisjoint(principals.service):\n        return Reach.DIRECT\n", "", "services are no principals"),
    _matching("    if names.federated and not names.federated.isdisjoint(principals.federated):\n        return Reach.DIRECT\n", "", "identity providers are no principals"),
    _matching("        return named(statement.principal, request) is not Reach.NONE\n", "        return named(statement.principal, request) is Reach.DIRECT\n", "a Deny of a role or an account misses its sessions and users"),
    _matching("    if has_boundary and request.principal.type", "    if False and request.principal.type", "a boundary does not undo NotPrincipal"),
    _matching("    return not _spared(statement.not_principal, request)", "    return _spared(statement.not_principal, request)", "NotPrincipal denies those it lists"),
    _matching("    if names.service or names.federated:\n        return named(principals, request) is not Reach.NONE\n", "", "NotPrincipal spares no service"),
    _matching("    return account and not principals.aws_set.isdisjoint(entity)", "    return not principals.aws_set.isdisjoint(entity)", "NotPrincipal without the account spares"),
    _matching("    return account and not principals.aws_set.isdisjoint(entity)", "    return account", "NotPrincipal with the account spares all its users"),
    _matching("entity = names.limited if request.principal.type in (\"session\", \"role\") else names.direct", "entity = names.direct", "NotPrincipal with role and account hits the role's sessions"),
    # conditions
    _conditions("key, missing = condition.folded_key, condition.if_exists or negated", "key, missing = condition.folded_key, condition.if_exists", "negated operators are false without the key"),
    _conditions("key, missing = condition.folded_key, condition.if_exists or negated", "key, missing = condition.folded_key, negated", "IfExists does nothing"),
    _conditions("            return test(values[0], keys) != negated\n", "            return test(values[0], keys)\n", "negated operators are not negated"),
    _conditions("        return negated and not any(test(value, keys) for value in values)", "        return not any(test(value, keys) for value in values)", "a plain operator holds for several values"),
    _conditions("        return negated and not any(test(value, keys) for value in values)", "        return any(test(value, keys) != negated for value in values)", "no qualifier is ForAnyValue"),
    _conditions("        return negated and not any(test(value, keys) for value in values)", "        return False", "a negated operator never holds for several values"),
    _conditions("        if not values or values == (\"\",):\n", "        if not values:\n", "an empty string is a value for ForAllValues"),
    _conditions("        if not values or values == (\"\",):\n            return True", "        if not values or values == (\"\",):\n            return False", "ForAllValues is false of no values"),
    _conditions("        return all(test(value, keys) != negated for value in values)", "        return any(test(value, keys) != negated for value in values)", "ForAllValues is ForAnyValue"),
    _conditions("        return all(test(value, keys) != negated for value in values)", "        return all(test(value, keys) for value in values)", "ForAllValues is never negated"),
    _conditions("key, missing = condition.folded_key, condition.if_exists\n", "key, missing = condition.folded_key, True\n", "ForAnyValue is true of no values"),
    _conditions("key, missing = condition.folded_key, condition.if_exists\n", "key, missing = condition.folded_key, False\n", "ForAnyValue has no IfExists"),
    _conditions("        return any(test(value, keys) != negated for value in values)", "        return all(test(value, keys) != negated for value in values)", "ForAnyValue is ForAllValues"),
    _conditions("        return any(test(value, keys) != negated for value in values)", "        return any(test(value, keys) for value in values)", "ForAnyValue is never negated"),
    _conditions("when_absent, when_present = \"true\" in wanted, \"false\" in wanted", "when_absent, when_present = \"false\" in wanted, \"true\" in wanted", "Null is the other way round"),
    _conditions("wanted = {value.lower() for value in condition.values}", "wanted = set(condition.values)", "Null regards case"),
    _conditions("when_present if any(keys.get(key, ())) else", "when_present if keys.get(key, ()) else", "an empty string is a value for Null"),
    _conditions("    return _equal(values, str)\n", "    return _equal(values, str.lower)\n", "StringEquals ignores case"),
    _conditions("def _string_ignore_case(_: Operator, values: Sequence[Template]) -> Test:\n    return _equal(values, str.lower)", "def _string_ignore_case(_: Operator, values: Sequence[Template]) -> Test:\n    return _equal(values, str)", "StringEqualsIgnoreCase regards case"),
    _conditions("value.lower() in (\"true\", \"false\") and equal(value, keys)", "equal(value, keys)", "Bool compares any text"),
    _conditions("(text := other.text(keys)) is not None and fold(text) == folded", "fold(other.text(keys) or \"\") == folded", "a variable without a value is empty"),
    _conditions("return folded in fixed or any(", "return any(", "values beside variables are lost"),
    _conditions("        if any(match(value) for match in fixed):\n            return True\n        return any((pieces := other.pieces(keys)) is not None and glob(pieces)(value)", "        return any((pieces := other.pieces(keys)) is not None and glob(pieces)(value)", "patterns beside variables are lost"),
    _conditions("        if len(parts) != 6 or parts[0] != \"arn\":\n            return False\n", "        if len(parts) != 6:\n            return False\n", "any text with colons is an ARN"),
    _conditions("parts = value.split(\":\", 5)", "parts = value.split(\":\")", "an ARN ends at its sixth colon"),
    _conditions("    return all(match(part) for match, part in zip(patterns, parts, strict=True))", "    return any(match(part) for match, part in zip(patterns, parts, strict=True))", "one component is enough"),
    _conditions("    if pieces == ((\"*\", False),):\n        return (glob(pieces),) * 6\n", "", "a lone star is no ARN"),
    _conditions("\"<\": operator.lt,", "\"<\": operator.le,", "less than is at most"),
    _conditions("\"<=\": operator.le,", "\"<=\": operator.lt,", "at most is less than"),
    _conditions("\">\": operator.gt,", "\">\": operator.ge,", "greater than is at least"),
    _conditions("\">=\": operator.ge,", "\">=\": operator.gt,", "at least is greater than"),
    _conditions("return found is not None and any(compare(found, limit) for limit in limits)", "return found is not None and all(compare(found, limit) for limit in limits)", "several limits must all hold"),
    _conditions("address.version == range_.version and address in range_", "address in range_", "address families are not told apart", "the library answers False for an address of the other family"),
    _conditions("        return address is not None and any(\n", "        return address is not None and all(\n", "an address must be in every range"),
    _conditions("return _compared(known, values, read_number)", "return _compared(known, values, str)", "numbers compare as text"),
    _conditions("    if not found:\n        return read_number(text)\n", "    if not found:\n        return None\n", "dates have no epoch seconds"),
    _conditions("(1 if zone[0] == \"+\" else -1)", "(-1 if zone[0] == \"+\" else 1)", "zones are the other way round"),
    _conditions("int(zone[1:3]) * 3600 + int(zone[-2:]) * 60", "int(zone[1:3]) * 3600", "zones have no minutes"),
    _conditions(" + Decimal(f\"0.{fraction or 0}\")", "", "seconds have no fraction"),
    _conditions("ipaddress.ip_network(text, strict=False)", "ipaddress.ip_network(text)", "host bits are an error"),
    _conditions("base64.b64decode(text, validate=True)", "text.encode()", "binary values compare as text", "one text stands for one value: canonical base64 decodes to equal bytes only from equal text"),
    Mutant("operators.py", "    \"NotIpAddress\": Operator(\"ip\", negated=True),", "    \"NotIpAddress\": Operator(\"ip\"),", "NotIpAddress is IpAddress"),
    Mutant("operators.py", "    \"ArnNotLike\": Operator(\"arn\", negated=True),", "    \"ArnNotLike\": Operator(\"like\", negated=True),", "ArnNotLike crosses components"),
    Mutant("operators.py", "    \"ArnEquals\": Operator(\"arn\"),", "    \"ArnEquals\": Operator(\"string\"),", "ArnEquals takes no wildcards"),
    Mutant("operators.py", "    \"StringNotLike\": Operator(\"like\", negated=True),", "    \"StringNotLike\": Operator(\"string\", negated=True),", "StringNotLike takes no wildcards"),
    # variables
    Mutant("variables.py", "if version == \"2008-10-17\" or \"${\" not in text:", "if \"${\" not in text:", "variables work in 2008 documents"),
    Mutant("variables.py", "value = values[0] if len(values) == 1 and values[0] else part.default", "value = values[0] if values else part.default", "a key with several values is a variable"),
    Mutant("variables.py", "value = values[0] if len(values) == 1 and values[0] else part.default", "value = part.default or (values[0] if len(values) == 1 else None)", "the default comes first"),
    Mutant("variables.py", "            if value is None:\n                return None\n", "            value = value or \"\"\n", "a variable without a value is empty"),
    Mutant("variables.py", "            found.append((value, True))", "            found.append((value, False))", "a value's star is a wildcard"),
    Mutant("variables.py", "        return (inside, True)\n", "        return (inside, False)\n", "an escaped star is a wildcard"),
    Mutant("variables.py", "Variable(key.strip().lower(), rest[1:-1] if quoted else None)", "Variable(key.strip(), rest[1:-1] if quoted else None)", "variables regard case"),
    Mutant("variables.py", "rest[1:-1] if quoted else None", "None", "variables have no default"),
    # patterns
    Mutant("globs.py", "if len(text) < least or not head.at", "if not head.at", "beginning and end may overlap"),
    Mutant("globs.py", "not tail.at(text, end):", "False:", "a pattern's end does not count"),
    Mutant("globs.py", "            position += chunk.length\n", "", "chunks may overlap"),
    Mutant("globs.py", "position = chunk.find(text, position, end)", "position = chunk.find(text, position, len(text))", "the last chunk may lie in the end"),
    Mutant("globs.py", "return lambda value: len(value) == chunk.length and chunk.at(value, 0)", "return lambda value: chunk.at(value, 0)", "a pattern of ? matches longer texts"),
    Mutant("globs.py", "re.compile(source, re.DOTALL)", "re.compile(source)", "? takes no newline"),
    # rules of services
    _rules("    if who == \"anonymous\" and not _takes_anonymous(request):\n", "    if False:\n", "every service takes anonymous callers"),
    _rules("    if who == \"root\" and action == ASSUME_ROLE:\n", "    if False:\n", "root assumes roles"),
    _rules("    if action in (WEB_IDENTITY, SAML) and who not in (\"oidc\", \"saml\"):\n", "    if False:\n", "users call AssumeRoleWithWebIdentity"),
    _rules("action in (ASSUME_ROLE, WEB_IDENTITY):", "action in (ASSUME_ROLE,):", "SAML calls the web identity's action"),
    _rules("    if who in (\"oidc\", \"saml\") and not is_role_trust(request):\n", "    if False:\n", "a token is good for everything"),
    _rules("    if is_kms_key(request) and _foreign(request) and action not in KMS_CROSS_ACCOUNT:\n", "    if False:\n", "every KMS operation works across accounts"),
    _rules("return request.principal.type != \"service\" and not request.same_account", "return not request.same_account", "services cannot use every KMS operation"),
    _rules("parts[5].startswith(\"key/\")", "True", "every KMS resource has a key policy"),
    _rules("    if request.principal.is_service_linked:\n        return False\n", "", "RCPs bind service-linked roles"),
    _rules("return not (is_role_trust(request) and \":role/aws-service-role/\" in request.resource)", "return True", "RCPs bind a service-linked role's trust"),
    _rules("if request.service not in RCP_SERVICES or request.folded_action in RCP_EXEMPT_ACTIONS:", "if request.service not in RCP_SERVICES:", "RCPs bind RetireGrant"),
    _rules("if request.service not in RCP_SERVICES or request.folded_action in RCP_EXEMPT_ACTIONS:", "if request.folded_action in RCP_EXEMPT_ACTIONS:", "RCPs bind every service"),
    # who asks
    Mutant("request.py", "return self.resource_account or account_of(self.resource) or self.principal.account", "return account_of(self.resource) or self.principal.account", "the resource's account is not read"),
    Mutant("request.py", "found[\"aws:principalarn\"] = (who.role or who.arn or \"\",)", "found[\"aws:principalarn\"] = (who.arn or \"\",)", "a session's aws:PrincipalArn is its own ARN"),
    Mutant("request.py", "            return \"arn:aws:s3:::*\"\n", "            return self.resource\n", "ListAllMyBuckets has no resource"),
    Mutant("request.py", "                found.pop(key.lower(), None)\n", "                pass\n", "a key given as absent is derived"),
    # public policies and grants
    Mutant("public.py", "    if statement.effect != \"Allow\":\n        return False\n", "", "a Deny of everyone makes a policy public"),
    Mutant("public.py", "if known.negated or condition.if_exists or", "if condition.if_exists or", "a negated condition ties a grant"),
    Mutant("public.py", "if known.negated or condition.if_exists or", "if known.negated or", "IfExists ties a grant"),
    Mutant("public.py", "    return \"*\" not in value and \"?\" not in value\n", "    return True\n", "a wildcard is a fixed value"),
    Mutant("public.py", "return range_ is not None and range_.prefixlen >= _BROADEST[range_.version]", "return range_ is not None", "any range is narrow"),
    Mutant("grants.py", "if not any(f\"kms:{operation}\".lower() == request.folded_action for operation in grant.operations):", "if False:", "a grant is for every operation"),
    Mutant("grants.py", "if by_service and grant", "if False and grant", "a grant's SourceArn does not count"),
    Mutant("grants.py", "if by_service and grant", "if grant", "a grant's SourceArn binds users"),
    Mutant("grants.py", "if grant.context_equals is not None and context", "if False and context", "a grant's context does not count"),
    Mutant("grants.py", "    if request.folded_action in _WITHOUT_CONTEXT:\n        return True\n", "", "a grant's context binds DescribeKey"),
)


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether the cases and the tests all pass with the change made. ValueError: the change does not apply."""
    file = folder / ENGINE / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file}: {text.count(mutant.old)} places hold {mutant.old!r}")
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return _all_pass(folder)
    finally:
        file.write_text(text, encoding="utf-8")


def _all_pass(folder: Path) -> bool:
    """The cases first, which notice most in a moment; the tests for what is left."""
    return _passes(folder, ["-m", "cloudlings.iam.cases", "cases.json"]) and _passes(
        folder, ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *TESTS]
    )


def _passes(folder: Path, arguments: list[str]) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _set_aside(folder: Path) -> None:
    """A copy of the package and of its tests as they are now, with all cases in one file that is read fast."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", folder / "src", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "iam", folder / "tests" / "iam", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    found = [case for file in sorted((ROOT / "tests/iam/cases").glob("*.yaml")) for case in read_cases(file)]
    spelled_out = [{"id": case.id, "expected": case.expected, **case.setup} for case in found]
    (folder / "cases.json").write_text(json.dumps({"cases": spelled_out}), encoding="utf-8")


def main(words: list[str]) -> int:
    """Run the mutants that hold all the words (all of them without words)."""
    chosen = [mutant for mutant in MUTANTS if all(word in f"{mutant.file} {mutant.breaks}" for word in words)]
    survivors = unexplained = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _set_aside(folder)
        if not _all_pass(folder):
            print("The cases or the tests fail without any change: see to that first.")
            return 2
        for number, mutant in enumerate(chosen, 1):
            if survives(mutant, folder):
                survivors += 1
                unexplained += not mutant.equivalent
                reason = f" (equivalent: {mutant.equivalent})" if mutant.equivalent else ""
                print(f"SURVIVES {mutant.file}: {mutant.breaks}{reason}", flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(chosen)} done", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} noticed; {survivors} survive, {unexplained} unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
