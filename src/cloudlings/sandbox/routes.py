"""Which emulator answers which service: the one table, and why.

A service is named as requests name it, in the scope of their signature. ``models`` are the botocore
services that sign by that name: a request passes only when one of them has such an operation, so
nothing but the AWS API of a listed service ever reaches an emulator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Route:
    """One row: requests signed for ``service`` go to ``emulator``, because of ``reason``."""

    service: str
    models: tuple[str, ...]
    emulator: str
    reason: str


def _rows(emulator: str, reason: str, *services: str) -> tuple[Route, ...]:
    """Rows that share a reason; ``"signing=model+model"``, or one name for both."""
    rows = []
    for service in services:
        name, _, models = service.partition("=")
        rows.append(Route(name, tuple((models or name).split("+")), emulator, reason))
    return tuple(rows)


ROUTES: tuple[Route, ...] = (
    # Measured with 150 strict behaviour probes; the counts are probes passed, moto against MiniStack.
    *_rows("moto", "EC2 and VPC: 13 against 5 of 20", "ec2"),
    *_rows("moto", "must see the subnets and instances of EC2", "elasticloadbalancing=elbv2+elb"),
    *_rows("moto", "launches instances in EC2", "autoscaling", "application-autoscaling"),
    *_rows("moto", "5 against 4 of 7, and must see the subnets and security groups of EC2", "rds"),
    *_rows(
        "moto", "MiniStack has none", "xray", "ce", "guardduty", "servicequotas=service-quotas", "ram", "fis"
    ),
    *_rows("moto", "MiniStack has none; reads the volumes of EC2", "ebs"),
    *_rows("ministack", "S3: 19 against 13 of 24", "s3=s3control+s3"),
    *_rows("ministack", "enforces the policies that it keeps, and gives functions a role", "iam", "sts"),
    *_rows("ministack", "runs functions: 14 against 0 of 16", "lambda"),
    *_rows("ministack", "metrics and logs: 7 against 4 of 17", "monitoring=cloudwatch", "logs"),
    *_rows("ministack", "messaging: 11 against 5 of 12", "sqs", "sns", "events", "scheduler", "pipes"),
    *_rows("ministack", "3 against 2 of 5", "dynamodb=dynamodb+dynamodbstreams"),
    *_rows("ministack", "invokes functions: 4 against 0 of 4", "apigateway=apigateway+apigatewayv2"),
    *_rows("ministack", "invokes functions and calls its own services", "states=stepfunctions"),
    *_rows("ministack", "security: 7 against 5 of 11", "kms", "secretsmanager", "ssm", "acm", "cloudtrail"),
    *_rows("ministack", "accounts and guardrails live beside IAM", "organizations", "account"),
    *_rows(
        "ministack", "delivers to its own S3, Lambda and queues", "kinesis", "firehose", "config", "backup"
    ),
    *_rows("ministack", "tags what MiniStack keeps", "tagging=resourcegroupstaggingapi", "resource-groups"),
    *_rows(
        "ministack", "the rest: 13 against 10 of 18", "route53", "cloudfront", "wafv2", "budgets", "athena"
    ),
    *_rows("ministack", "the rest: 13 against 10 of 18", "glue", "ecs", "ecr", "eks", "batch", "elasticache"),
    *_rows(
        "ministack", "the rest: 13 against 10 of 18", "elasticfilesystem=efs", "codebuild", "servicediscovery"
    ),
    *_rows(
        "ministack",
        "the rest: 13 against 10 of 18",
        "cognito-idp",
        "cognito-identity",
        "appsync",
        "inspector2",
    ),
    *_rows(
        "ministack", "the rest: 13 against 10 of 18", "appconfig=appconfig+appconfigdata", "ses=ses+sesv2"
    ),
    *_rows("gateway", "makes what both emulators keep, and says what it cannot make", "cloudformation"),
    *_rows("gateway", "answered by the policy engine; no emulator has it", "access-analyzer=accessanalyzer"),
    *_rows("ministack", "calls of deployed APIs and function URLs", "execute-api=apigatewaymanagementapi"),
)

BY_SERVICE: dict[str, Route] = {route.service: route for route in ROUTES}
# By the boto3 client's name, for requests of the gateway's own.
BY_MODEL: dict[str, Route] = {name: route for route in ROUTES for name in route.models}

# Answered by the gateway itself, whatever is behind it.
_OWN = "gateway"


def give_all_to(emulator: str, reason: str) -> None:
    """Change the table: one emulator answers whatever the gateway does not answer itself.

    Called by the daemon before anything reads the table.
    """
    for table in (BY_SERVICE, BY_MODEL):
        for name, route in table.items():
            if route.emulator != _OWN:
                table[name] = replace(route, emulator=emulator, reason=reason)
