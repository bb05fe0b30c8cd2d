"""Lambda, API Gateway, Step Functions, EventBridge, CloudFormation, logs, load balancing.

Source: Service Authorization Reference of each; Lambda Developer Guide, "Resources and conditions for Lambda
actions"; API Gateway Developer Guide, "Actions and resources for API Gateway"; CloudWatch Logs User Guide,
"Log group ARNs in policies".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from cloudlings.sandbox.authorization import common
from cloudlings.sandbox.authorization.need import Asked, Context, Need
from cloudlings.sandbox.authorization.registry import needs


@needs("lambda")
def of_lambda(asked: Asked) -> Iterator[Need]:
    """Lambda: a function by name, partial or whole ARN, with its qualifier where the action minds it."""
    operation = asked.call.operation
    name = asked.text("FunctionName")
    context = _lambda_keys(asked)
    if operation in ("Invoke", "InvokeAsync", "InvokeWithResponseStream"):
        yield Need("lambda:InvokeFunction", function_arn(asked, name, asked.text("Qualifier")), context)
    elif "EventSourceMapping" in operation:
        mapping = asked.text("UUID")
        arn = asked.arn(f"event-source-mapping:{mapping}") if mapping else "*"
        yield Need(f"lambda:{operation}", arn, context)
    elif name and "Layer" not in operation:
        qualifier = asked.text("Name") if "Alias" in operation else asked.text("Qualifier")
        if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias", "GetAlias"):
            qualifier = ""
        yield Need(f"lambda:{operation}", function_arn(asked, name, qualifier), context)
    else:
        for need in common.needs_of(asked):
            yield Need(need.action, need.resource, context)


def function_arn(asked: Asked, name: str, qualifier: str = "") -> str:
    """A function's ARN from whatever form of its name a request has."""
    if not name.startswith("arn:"):
        account, _, rest = name.partition(":function:")
        whose = account if rest else asked.account
        name = asked.arn(f"function:{rest or name}", account=whose)
    return f"{name}:{qualifier}" if qualifier and name.count(":") == 6 else name


def _lambda_keys(asked: Asked) -> Context:
    found: dict[str, Any] = {}
    name = asked.text("FunctionName")
    if "EventSourceMapping" in asked.call.operation and name:
        found["lambda:FunctionArn"] = function_arn(asked, name)
    if asked.call.operation in ("AddPermission", "RemovePermission"):
        found["lambda:Principal"] = asked.text("Principal") or None
    if asked.text("FunctionUrlAuthType", "AuthType"):
        found["lambda:FunctionUrlAuthType"] = asked.text("FunctionUrlAuthType", "AuthType")
    vpc = asked.input.get("VpcConfig")
    if isinstance(vpc, dict):
        found["lambda:SubnetIds"] = [str(one) for one in vpc.get("SubnetIds") or ()]
        found["lambda:SecurityGroupIds"] = [str(one) for one in vpc.get("SecurityGroupIds") or ()]
    layers = asked.texts("Layers")
    if layers:
        found["lambda:Layer"] = layers
    return found


@needs("apigateway")
def of_apigateway(asked: Asked) -> Iterator[Need]:
    """API Gateway's actions are HTTP's methods, its resources the paths."""
    path = unquote(asked.call.request.raw_path)
    path = path.removeprefix("/v2") if path.startswith("/v2/") else path
    method = asked.call.request.method
    yield Need(f"apigateway:{method}", f"arn:aws:apigateway:{asked.region}::{path}")


@needs("logs")
def of_logs(asked: Asked) -> Iterator[Need]:
    """CloudWatch Logs: a group's ARN ends in ``:*`` where the action is about its streams, as AWS writes
    it."""
    group = asked.text("logGroupName", "logGroupIdentifier")
    stream = asked.text("logStreamName")
    groups = [group] if group else asked.texts("logGroupNames", "logGroupIdentifiers")
    if not groups:
        yield from common.needs_of(asked)
        return
    with_stream = asked.call.operation in (
        "PutLogEvents", "GetLogEvents", "CreateLogStream", "DeleteLogStream", "FilterLogEvents",
        "StartLiveTail",
    )  # fmt: skip
    for one in groups:
        arn = one.removesuffix(":*") if one.startswith("arn:") else asked.arn(f"log-group:{one}")
        if with_stream and asked.call.operation not in ("CreateLogStream", "FilterLogEvents"):
            arn = f"{arn}:log-stream:{stream or '*'}"
        elif asked.call.operation == "CreateLogStream":
            arn = f"{arn}:log-stream:{stream}"
        else:
            arn = f"{arn}:*" if asked.call.operation == "FilterLogEvents" else f"{arn}:log-stream:"
        yield Need(f"logs:{asked.call.operation}", arn)


_ON_BUSES: Final = (
    "PutPermission", "RemovePermission", "DescribeEventBus", "CreateEventBus", "DeleteEventBus",
    "UpdateEventBus",
)  # fmt: skip


@needs("events")
def of_events(asked: Asked) -> Iterator[Need]:
    """EventBridge: rules belong to a bus; each entry of PutEvents goes to its own."""
    operation = asked.call.operation
    if operation == "PutEvents":
        for entry in asked.items("Entries") or [{}]:
            yield Need(
                "events:PutEvents", _bus(asked, str(entry.get("EventBusName") or "default")), _entry(entry)
            )
        return
    rule = asked.text("Rule") or (asked.text("Name") if operation.endswith("Rule") else "")
    if rule:
        bus = asked.text("EventBusName").rpartition("/")[2] or "default"
        where = f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}"
        targets = [str(one.get("Arn")) for one in asked.items("Targets") if one.get("Arn")]
        yield Need(f"events:{operation}", asked.arn(where), {"events:TargetArn": targets or None})
    elif operation in _ON_BUSES:
        yield Need(f"events:{operation}", _bus(asked, asked.text("EventBusName", "Name") or "default"))
    else:
        yield from common.needs_of(asked)


def _bus(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn(f"event-bus/{name}")


def _entry(entry: Any) -> Context:
    return {
        "events:source": entry.get("Source"),
        "events:detail-type": entry.get("DetailType"),
        "events:eventBusInvocation": "false",
    }


@needs("elasticloadbalancing", "CreateLoadBalancer", "CreateTargetGroup")
def of_balancers(asked: Asked) -> Iterator[Need]:
    """What is to be made: its name is known, its id is not."""
    name = asked.text("Name", "LoadBalancerName")
    if asked.call.operation == "CreateTargetGroup":
        arn = asked.arn(f"targetgroup/{name}/*")
    elif asked.call.service == "elb":
        arn = asked.arn(f"loadbalancer/{name}")
    else:
        kind = {"network": "net", "gateway": "gwy"}.get(asked.text("Type"), "app")
        arn = asked.arn(f"loadbalancer/{kind}/{name}/*")
    keys: dict[str, Any] = {
        "elasticloadbalancing:Scheme": asked.text("Scheme") or "internet-facing",
        "elasticloadbalancing:Subnet": asked.texts("Subnets") or None,
        "elasticloadbalancing:SecurityGroup": asked.texts("SecurityGroups") or None,
    }
    yield Need(
        f"elasticloadbalancing:{asked.call.operation}", arn, keys if "Load" in asked.call.operation else {}
    )


@needs("cloudwatch", "PutMetricData")
def of_metrics(asked: Asked) -> Iterator[Need]:
    """CloudWatch: metrics have no ARN, and are guarded by their namespace."""
    yield Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": asked.text("Namespace") or None})


@needs("rds", "CreateDBInstance", "ModifyDBInstance", "CreateDBCluster")
def of_databases(asked: Asked) -> Iterator[Need]:
    """RDS: the keys that policies on databases use."""
    keys: dict[str, Any] = {
        "rds:DatabaseClass": asked.text("DBInstanceClass") or None,
        "rds:DatabaseEngine": asked.text("Engine") or None,
        "rds:DatabaseName": asked.text("DBName", "DatabaseName") or None,
        "rds:MultiAz": asked.text("MultiAZ") or None,
        "rds:Piops": asked.text("Iops") or None,
        "rds:StorageSize": asked.text("AllocatedStorage") or None,
        "rds:StorageEncrypted": asked.text("StorageEncrypted") or None,
        "rds:Vpc": "true",
    }
    for need in common.needs_of(asked):
        yield Need(need.action, need.resource, keys)


@needs("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup")
def of_groups(asked: Asked) -> Iterator[Need]:
    """Auto Scaling: the keys that policies on groups use."""
    keys: dict[str, Any] = {
        "autoscaling:MaxSize": asked.text("MaxSize") or None,
        "autoscaling:MinSize": asked.text("MinSize") or None,
        "autoscaling:InstanceTypes": asked.text("InstanceType") or None,
        "autoscaling:LaunchConfigurationName": asked.text("LaunchConfigurationName") or None,
        "autoscaling:LaunchTemplateVersionSpecified": "true" if asked.input.get("LaunchTemplate") else None,
        "autoscaling:VPCZoneIdentifiers": [one for one in asked.text("VPCZoneIdentifier").split(",") if one]
        or None,
    }
    for need in common.needs_of(asked):
        yield Need(need.action, need.resource, keys)
