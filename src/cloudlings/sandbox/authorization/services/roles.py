"""iam:PassRole: whoever hands a role to a service must be allowed to pass that role to that service.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; each service's page in
the Service Authorization Reference lists iam:PassRole as a dependent action of these operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.registry import also

# (prefix, operation) -> the service that the role is passed to. A role's parameters are found by their names.
PASSES: Final[dict[tuple[str, str], str]] = {
    ("lambda", "CreateFunction"): "lambda.amazonaws.com",
    ("lambda", "UpdateFunctionConfiguration"): "lambda.amazonaws.com",
    ("states", "CreateStateMachine"): "states.amazonaws.com",
    ("states", "UpdateStateMachine"): "states.amazonaws.com",
    ("events", "PutRule"): "events.amazonaws.com",
    ("events", "PutTargets"): "events.amazonaws.com",
    ("events", "CreateArchive"): "events.amazonaws.com",
    ("scheduler", "CreateSchedule"): "scheduler.amazonaws.com",
    ("scheduler", "UpdateSchedule"): "scheduler.amazonaws.com",
    ("pipes", "CreatePipe"): "pipes.amazonaws.com",
    ("pipes", "UpdatePipe"): "pipes.amazonaws.com",
    ("cloudformation", "CreateStack"): "cloudformation.amazonaws.com",
    ("cloudformation", "UpdateStack"): "cloudformation.amazonaws.com",
    ("cloudformation", "DeleteStack"): "cloudformation.amazonaws.com",
    ("cloudformation", "CreateChangeSet"): "cloudformation.amazonaws.com",
    ("ecs", "RegisterTaskDefinition"): "ecs-tasks.amazonaws.com",
    ("ecs", "RunTask"): "ecs-tasks.amazonaws.com",
    ("ecs", "StartTask"): "ecs-tasks.amazonaws.com",
    ("ecs", "CreateService"): "ecs.amazonaws.com",
    ("ecs", "UpdateService"): "ecs.amazonaws.com",
    ("eks", "CreateCluster"): "eks.amazonaws.com",
    ("eks", "CreateNodegroup"): "ec2.amazonaws.com",
    ("batch", "CreateComputeEnvironment"): "batch.amazonaws.com",
    ("batch", "RegisterJobDefinition"): "ecs-tasks.amazonaws.com",
    ("codebuild", "CreateProject"): "codebuild.amazonaws.com",
    ("codebuild", "UpdateProject"): "codebuild.amazonaws.com",
    ("glue", "CreateJob"): "glue.amazonaws.com",
    ("glue", "CreateCrawler"): "glue.amazonaws.com",
    ("firehose", "CreateDeliveryStream"): "firehose.amazonaws.com",
    ("firehose", "UpdateDestination"): "firehose.amazonaws.com",
    ("rds", "CreateDBInstance"): "monitoring.rds.amazonaws.com",
    ("rds", "ModifyDBInstance"): "monitoring.rds.amazonaws.com",
    ("rds", "CreateDBInstanceReadReplica"): "monitoring.rds.amazonaws.com",
    ("rds", "AddRoleToDBInstance"): "rds.amazonaws.com",
    ("rds", "AddRoleToDBCluster"): "rds.amazonaws.com",
    ("rds", "CreateDBProxy"): "rds.amazonaws.com",
    ("rds", "StartExportTask"): "export.rds.amazonaws.com",
    ("backup", "CreateBackupSelection"): "backup.amazonaws.com",
    ("backup", "StartBackupJob"): "backup.amazonaws.com",
    ("backup", "StartRestoreJob"): "backup.amazonaws.com",
    ("config", "PutConfigurationRecorder"): "config.amazonaws.com",
    ("cloudtrail", "CreateTrail"): "cloudtrail.amazonaws.com",
    ("cloudtrail", "UpdateTrail"): "cloudtrail.amazonaws.com",
    ("ec2", "CreateFlowLogs"): "vpc-flow-logs.amazonaws.com",
    ("logs", "PutSubscriptionFilter"): "logs.amazonaws.com",
    ("logs", "PutDestination"): "logs.amazonaws.com",
    ("sns", "SetTopicAttributes"): "sns.amazonaws.com",
    ("sns", "Subscribe"): "sns.amazonaws.com",
    ("ssm", "SendCommand"): "sns.amazonaws.com",
    ("ssm", "CreateActivation"): "ssm.amazonaws.com",
    ("ssm", "RegisterTaskWithMaintenanceWindow"): "ssm.amazonaws.com",
    ("fis", "CreateExperimentTemplate"): "fis.amazonaws.com",
    ("fis", "UpdateExperimentTemplate"): "fis.amazonaws.com",
    ("autoscaling", "PutLifecycleHook"): "autoscaling.amazonaws.com",
    ("application-autoscaling", "RegisterScalableTarget"): "application-autoscaling.amazonaws.com",
    ("apigateway", "UpdateAccount"): "apigateway.amazonaws.com",
    ("apigateway", "PutIntegration"): "apigateway.amazonaws.com",
    ("apigateway", "CreateAuthorizer"): "apigateway.amazonaws.com",
    ("apigateway", "CreateIntegration"): "apigateway.amazonaws.com",
    ("cognito-identity", "SetIdentityPoolRoles"): "cognito-identity.amazonaws.com",
    ("budgets", "CreateBudgetAction"): "budgets.amazonaws.com",
    ("appsync", "CreateDataSource"): "appsync.amazonaws.com",
    ("cloudwatch", "PutMetricStream"): "streams.metrics.cloudwatch.amazonaws.com",
}
# Roles that operations use for callers that are no service: not passed.
_OTHERWISE: Final = ("sts", "iam", "organizations")


@also
def passed_roles(asked: Asked) -> Iterator[Need]:
    """iam:PassRole for every role in the parameters of an operation that passes roles."""
    if asked.prefix == "s3":
        yield from _of_replication(asked)
        return
    service = PASSES.get((asked.prefix, asked.call.operation))
    if service is None or asked.prefix in _OTHERWISE:
        return
    for role in dict.fromkeys(_roles(asked, asked.input)):
        yield pass_role(role, service, associated=_associated(asked))


def pass_role(role: str, service: str, associated: str = "") -> Need:
    """The need to pass one role to one service."""
    context = {"iam:PassedToService": service, "iam:AssociatedResourceArn": associated or None}
    return Need("iam:PassRole", role, context)


def _roles(asked: Asked, node: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """The values of parameters that are named for a role."""
    if isinstance(node, str):
        if "role" in name.lower() and node:
            role = _role_arn(asked, node)
            if role:
                yield role
    elif depth < 12:
        below = (
            node.items()
            if isinstance(node, dict)
            else [(name, one) for one in node]
            if isinstance(node, list)
            else ()
        )
        for inner, value in below:
            yield from _roles(asked, value, str(inner) if isinstance(node, dict) else name, depth + 1)


def _role_arn(asked: Asked, value: str) -> str:
    if value.startswith("arn:"):
        return value if ":role/" in value else ""
    # CodeBuild, Glue and others take a role's bare name as well.
    named = asked.prefix in ("glue", "ecs", "ec2", "batch")
    return asked.arn(f"role/{value}", service="iam", region="") if named else ""


def _associated(asked: Asked) -> str:
    if asked.prefix == "lambda":
        name = asked.text("FunctionName")
        return asked.arn(f"function:{name}") if name and not name.startswith("arn:") else name
    return ""


def _of_replication(asked: Asked) -> Iterator[Need]:
    import re

    if asked.call.operation != "PutBucketReplication":
        return
    for role in re.findall(rb"<Role>\s*(arn:[^<\s]+)\s*</Role>", asked.call.request.body):
        yield pass_role(role.decode("utf-8", "replace"), "s3.amazonaws.com", asked.call.resource)
