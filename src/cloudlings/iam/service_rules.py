"""Rules of single services that no policy changes: who may call what without a policy, or never.

Each constant carries its source, since AWS changes such lists. Action names are in lower case.
"""

from __future__ import annotations

from typing import Final

from cloudlings.iam.request import Request

NO_PERMISSION_NEEDED: Final = frozenset({"sts:getcalleridentity"})
"""Allowed to anyone with credentials, whatever is denied. AWS STS API Reference, GetCallerIdentity."""

NO_PERMISSION_NEEDED_FOR_USERS: Final = frozenset({"sts:getsessiontoken"})
"""No permission of a user's controls it. IAM User Guide, "Permissions for GetSessionToken"."""

ASSUME_ROLE: Final = "sts:assumerole"
WEB_IDENTITY: Final = "sts:assumerolewithwebidentity"
SAML: Final = "sts:assumerolewithsaml"
TRUST_ACTIONS: Final = frozenset(
    {ASSUME_ROLE, WEB_IDENTITY, SAML, "sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}
)
"""The actions that a role's trust policy decides. IAM User Guide, "Roles terms and concepts"."""

BUCKET_POLICY_ACTIONS: Final = frozenset(
    {"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}
)
"""What the owner account's root user may do even if the bucket policy denies it. S3 API, PutBucketPolicy."""

ANONYMOUS_SERVICES: Final = frozenset({"s3", "sqs", "sns"})
"""Services that take unsigned requests. IAM User Guide, principal key values, row "Anonymous caller"."""

ANONYMOUS_ACTIONS: Final = frozenset(
    {"lambda:invokefunctionurl", "lambda:invokefunction", "execute-api:invoke"}
)
"""Actions behind a public URL: Lambda function URLs with AuthType NONE, API Gateway without authorizer."""

KMS_CROSS_ACCOUNT: Final = frozenset(
    f"kms:{name}"
    for name in (
        "encrypt", "decrypt", "reencryptfrom", "reencryptto", "generatedatakey", "generatedatakeypair",
        "generatedatakeypairwithoutplaintext", "generatedatakeywithoutplaintext", "generatemac", "verifymac",
        "sign", "verify", "derivesharedsecret", "creategrant", "describekey", "getkeyrotationstatus",
        "getpublickey", "listgrants", "retiregrant", "revokegrant",
    )
)  # fmt: skip
"""What works on another account's key. KMS, "Allowing users in other accounts to use a KMS key"."""

RCP_SERVICES: Final = frozenset(
    {
        "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets",
        "clouddirectory", "cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact",
        "codebuild", "codecommit", "codepipeline", "cognito-identity", "cognito-idp", "comprehend",
        "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
        "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health",
        "inspector-scan", "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor",
        "notifications", "opensearch", "pca-connector-ad", "personalize", "polly", "pricing",
        "resource-groups", "rolesanywhere", "s3", "secretsmanager", "servicediscovery", "signin",
        "sqs", "sts", "support", "swf", "textract", "timestream-influxdb", "transcribe", "transfer",
        "translate", "wafv2", "workspaces", "xray",
    }
)  # fmt: skip
"""Services whose resources RCPs guard. AWS Organizations User Guide, "Resource control policies", 2026."""

RCP_EXEMPT_ACTIONS: Final = frozenset({"kms:retiregrant"})
"""What RCPs leave alone. AWS Organizations User Guide, "Resources and entities not restricted by RCPs"."""


def needs_no_permission(request: Request) -> str:
    """Why the request is allowed without any policy; "" when it is not."""
    who = request.principal.type
    if request.folded_action in NO_PERMISSION_NEEDED and who in (
        "user",
        "role",
        "session",
        "federated-user",
        "root",
    ):
        return "GetCallerIdentity needs no permission, and no policy can deny it"
    if request.folded_action in NO_PERMISSION_NEEDED_FOR_USERS and who in ("user", "root"):
        return "GetSessionToken needs no permission of a user, and no policy controls it"
    return ""


def never(request: Request) -> str:
    """Why no policy can allow the request; "" when policies decide."""
    action, who = request.folded_action, request.principal.type
    if who == "anonymous" and not _takes_anonymous(request):
        return f"{request.service} takes signed requests only"
    if who == "root" and action == ASSUME_ROLE:
        return "the root user cannot assume a role"
    if action in (WEB_IDENTITY, SAML) and who not in ("oidc", "saml"):
        return f"{request.action} is called with an identity provider's token, not with AWS credentials"
    if who == "oidc" and action in TRUST_ACTIONS and action in (ASSUME_ROLE, SAML):
        return "a web identity calls sts:AssumeRoleWithWebIdentity"
    if who == "saml" and action in TRUST_ACTIONS and action in (ASSUME_ROLE, WEB_IDENTITY):
        return "a SAML identity calls sts:AssumeRoleWithSAML"
    if who in ("oidc", "saml") and not is_role_trust(request):
        return "a federated identity has no permissions until it has assumed a role"
    if is_kms_key(request) and _foreign(request) and action not in KMS_CROSS_ACCOUNT:
        return f"{request.action} does not work on a key of another account"
    return ""


def _takes_anonymous(request: Request) -> bool:
    if request.folded_action == "lambda:invokefunction":
        # Behind a function URL without authentication this permission is asked for as well, and says so.
        return request.keys.get("lambda:invokedviafunctionurl") == ("true",)
    return request.service in ANONYMOUS_SERVICES or request.folded_action in ANONYMOUS_ACTIONS


def _foreign(request: Request) -> bool:
    return request.principal.type != "service" and not request.same_account


def is_role_trust(request: Request) -> bool:
    """Whether a role's trust policy decides the request."""
    if request.folded_action not in TRUST_ACTIONS:
        return False
    parts = request.resource.split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/")


def is_kms_key(request: Request) -> bool:
    """Whether the request is about one KMS key, so that its key policy must allow."""
    if request.service != "kms":
        return False
    parts = request.resource.split(":", 5)
    return len(parts) == 6 and parts[5].startswith("key/")


def rcp_applies(request: Request) -> bool:
    """Whether resource control policies have a say."""
    if request.service not in RCP_SERVICES or request.folded_action in RCP_EXEMPT_ACTIONS:
        return False
    if request.principal.is_service_linked:
        return False
    return not (is_role_trust(request) and ":role/aws-service-role/" in request.resource)


def scp_applies(request: Request) -> bool:
    """Whether service control policies have a say: on users, roles and root of a member account."""
    return request.principal.type in ("user", "role", "session", "federated-user", "root") and not (
        request.principal.is_service_linked
    )
