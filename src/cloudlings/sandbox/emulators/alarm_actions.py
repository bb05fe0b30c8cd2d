"""What a change of an alarm's state sets off: messages to topics, calls of functions, scaling, an event.

Source: CloudWatch User Guide, "Alarm actions", "Alarm events and EventBridge"; for the messages, what
CloudWatch sends to a topic. Scaling is another emulator's: it is asked for through the gateway's door.
"""

from __future__ import annotations

import contextvars
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cloudlings.sandbox import clock

_LISTS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-north-1": "EU (Stockholm)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "sa-east-1": "South America (Sao Paulo)",
    "ca-central-1": "Canada (Central)",
}
Alarm = dict[str, Any]


def act_apart(cloudwatch: Any, alarm: Alarm, old: str, new: str, reason: str) -> None:
    """``act`` in a thread of its own: a topic's function may take long, and may call back."""
    change = (cloudwatch, dict(alarm), old, new, reason)
    threading.Thread(target=contextvars.copy_context().run, args=(act, *change), daemon=True).start()


def act(cloudwatch: Any, alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Tell EventBridge of a change, and carry out the actions for the new state, if they are enabled."""
    _tell_eventbridge(alarm, old, new, reason)
    if not alarm.get("ActionsEnabled", True):
        return
    suppressed = _suppressed(cloudwatch, alarm)
    kept = cloudwatch._composite_alarms.get(alarm["AlarmName"])
    if kept is not None and kept.get("ActionsSuppressor"):
        kept["ActionsSuppressedBy"] = "Alarm" if suppressed else None
        reason_of = f"Actions suppressed by {kept['ActionsSuppressor']}"
        kept["ActionsSuppressedReason"] = reason_of if suppressed else None
    if suppressed:
        return
    for arn in alarm.get(_LISTS.get(new, "")) or ():
        carry_out(cloudwatch, alarm, str(arn), old, new, reason)


def _suppressed(cloudwatch: Any, alarm: Alarm) -> bool:
    """Whether another alarm holds a composite alarm's actions back (User Guide, "Alarm suppression")."""
    name = str(alarm.get("ActionsSuppressor") or "").rpartition(":alarm:")[2]
    other = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    return bool(name and other and other["StateValue"] == "ALARM")


# When an alarm last scaled something, by its ARN, in test time.
_scaled: dict[str, float] = {}
_COOLDOWN = 300.0


def go_on(cloudwatch: Any, alarm: Alarm, period: int) -> None:
    """Scale again while the state lasts: once a period, and not before a group's default cooldown has passed.

    Source: CloudWatch User Guide, "Alarm actions": a scaling action is invoked for every period that the
    alarm remains in its state.
    """
    from ministack.core.responses import get_account_id

    state, last = alarm["StateValue"], _scaled.get(str(alarm.get("AlarmArn")))
    if last is None or not alarm.get("ActionsEnabled", True):
        return
    if clock.now(get_account_id()) - last >= max(period, _COOLDOWN):
        for arn in alarm.get(_LISTS.get(state, "")) or ():
            if str(arn).split(":")[2:3] == ["autoscaling"]:
                carry_out(cloudwatch, alarm, str(arn), state, state, str(alarm.get("StateReason")))


def carry_out(cloudwatch: Any, alarm: Alarm, arn: str, old: str, new: str, reason: str) -> None:
    """One action, and what came of it in the alarm's history."""
    from cloudlings.sandbox.emulators.ministack_alarms import remember

    service = (arn.split(":") + [""] * 3)[2]
    action: Callable[[Alarm, str, str, str, str], None] | None = _ACTIONS.get(service)
    failure = ""
    if action is None:
        failure = f"no action of {service} in this sandbox"
    else:
        try:
            action(alarm, arn, old, new, reason)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
    said = f"Failed to execute action {arn}. {failure}" if failure else f"Successfully executed action {arn}"
    data = {
        "actionState": "Failed" if failure else "Succeeded",
        "notificationResource": arn,
        "error": failure or None,
    }
    remember(cloudwatch, alarm["AlarmName"], "Action", said, data)


# --- messages ---------------------------------------------------------------------------------------------


def _notify(alarm: Alarm, arn: str, old: str, new: str, reason: str) -> None:
    from ministack.core.responses import get_account_id, get_region, new_uuid
    from ministack.services import sns

    if arn not in sns._topics:
        raise LookupError(f"the topic {arn} does not exist")
    region = _REGIONS.get(get_region(), get_region())
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": _iso(alarm.get("AlarmConfigurationUpdatedTimestamp")),
        "NewStateValue": new,
        "NewStateReason": reason,
        "StateChangeTime": _iso(alarm.get("StateUpdatedTimestamp")),
        "Region": region,
        "AlarmArn": alarm.get("AlarmArn"),
        "OldStateValue": old,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
        **_what(alarm),
    }
    sns._fanout(arn, new_uuid(), json.dumps(message), f'{new}: "{alarm["AlarmName"]}" in {region}'[:100])


def _what(alarm: Alarm) -> dict[str, Any]:
    """The rule of a composite alarm, the trigger of any other."""
    if alarm.get("AlarmRule"):
        data = json.loads(alarm.get("StateReasonData") or "{}")
        children = [
            {
                "Arn": one["arn"],
                "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]},
            }
            for one in data.get("triggeringAlarms", [])
        ]
        return {"AlarmRule": alarm["AlarmRule"], "TriggeringChildren": children}
    trigger: dict[str, Any] = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods"),
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile") or "",
    }
    if alarm.get("Metrics"):
        return {"Trigger": trigger | {"Metrics": alarm["Metrics"]}}
    extended = alarm.get("ExtendedStatistic")
    trigger |= {
        "MetricName": alarm.get("MetricName"),
        "Namespace": alarm.get("Namespace"),
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        "ExtendedStatistic" if extended else "Statistic": extended or str(alarm.get("Statistic")).upper(),
        "Unit": alarm.get("Unit"),
        "Dimensions": [
            {"value": d.get("Value"), "name": d.get("Name")} for d in alarm.get("Dimensions") or ()
        ],
    }
    return {"Trigger": trigger}


def _iso(moment: Any) -> str:
    at = float(moment or time.time())
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at % 1 * 1000):03d}+0000"


def _state(value: str, reason: str, at: Any, data: Any = None) -> dict[str, Any]:
    state = {"value": value, "reason": reason, "timestamp": _iso(at)}
    return state | ({"reasonData": data} if data else {})


def _tell_eventbridge(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """The event of a change of state, on the default bus."""
    from ministack.services import eventbridge

    detail = {
        "alarmName": alarm["AlarmName"],
        "state": _state(new, reason, alarm.get("StateUpdatedTimestamp"), alarm.get("StateReasonData")),
        "previousState": {"value": old},
        "configuration": _configuration(alarm),
    }
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Resources": [alarm.get("AlarmArn")],
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _configuration(alarm: Alarm) -> dict[str, Any]:
    if alarm.get("AlarmRule"):
        return {"alarmRule": alarm["AlarmRule"]}
    queries = alarm.get("Metrics")
    if not queries:
        metric = {
            "namespace": alarm.get("Namespace"),
            "name": alarm.get("MetricName"),
            "dimensions": {d.get("Name"): d.get("Value") for d in alarm.get("Dimensions") or ()},
        }
        stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
        measured = {"metric": metric, "period": alarm.get("Period"), "stat": stat}
        queries = [{"id": "m1", "metricStat": measured, "returnData": True}]
    found = {"metrics": queries, "description": alarm.get("AlarmDescription") or None}
    return {name: each for name, each in found.items() if each is not None}


# --- functions --------------------------------------------------------------------------------------------


def _invoke(alarm: Alarm, arn: str, old: str, new: str, reason: str) -> None:
    """Source: User Guide, "Lambda alarm actions"; the function's policy lets CloudWatch's alarms call it."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import lambda_svc

    function = lambda_svc._functions.get(arn.split(":function:")[-1].split(":")[0])
    if function is None:
        raise LookupError(f"the function {arn} does not exist")
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.get("AlarmArn"),
        "accountId": get_account_id(),
        "time": _iso(alarm.get("StateUpdatedTimestamp")),
        "region": get_region(),
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": _state(new, reason, alarm.get("StateUpdatedTimestamp"), alarm.get("StateReasonData")),
            "previousState": {"value": old},
            "configuration": _configuration(alarm),
        },
    }
    threading.Thread(
        target=lambda_svc._execute_function_with_config_scope, args=(function, event), daemon=True
    ).start()


# --- scaling ----------------------------------------------------------------------------------------------


def _scale(alarm: Alarm, arn: str, old: str, new: str, reason: str) -> None:  # noqa: ARG001 - as every action
    """Execute a policy of an Auto Scaling group.

    ``arn:aws:autoscaling:…:scalingPolicy:…:autoScalingGroupName/GROUP:policyName/POLICY``. A policy
    of steps is told how far past the threshold the metric is.
    """
    from ministack.core.responses import get_account_id, get_region

    group = arn.partition(":autoScalingGroupName/")[2].partition(":policyName/")
    if not group[2]:
        raise LookupError(f"{arn} is no policy of a group")
    asked = {
        "Action": "ExecutePolicy",
        "Version": "2011-01-01",
        "AutoScalingGroupName": group[0],
        "PolicyName": group[2],
        "HonorCooldown": "true",
    }
    recent = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints") or []
    if recent:
        asked |= {"MetricValue": repr(float(recent[-1])), "BreachThreshold": repr(float(alarm["Threshold"]))}
    scope = (get_account_id(), get_region())
    _scaled[str(alarm.get("AlarmArn"))] = clock.now(get_account_id())
    # In a thread of its own: the gateway's answer may need this process.
    threading.Thread(target=_ask_gateway, args=("autoscaling", scope, asked), daemon=True).start()


def _ask_gateway(service: str, scope: tuple[str, str], form: dict[str, str]) -> None:
    """Send a form to a service of another emulator, as the account's root: CloudWatch acts for it."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from ministack.services import sts

    account, region = scope
    key, secret, token = (secrets.token_hex(size) for size in (8, 20, 20))
    key = f"ASIA{key.upper()}"
    sts._sessions[key] = {
        "Arn": f"arn:aws:iam::{account}:root",
        "AccountId": account,
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    try:
        address = os.environ["AWS_ENDPOINT_URL"] + "/"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        asked = AWSRequest("POST", address, headers, urlencode(form))
        SigV4Auth(Credentials(key, secret, token), service, region).add_auth(asked)
        made = asked.prepare()
        body = made.body.encode() if isinstance(made.body, str) else made.body
        with urlopen(Request(address, body, dict(made.headers), method="POST"), timeout=60):
            pass
    except (HTTPError, OSError) as error:
        said = error.read().decode("utf-8", "replace")[:500] if isinstance(error, HTTPError) else str(error)
        print(f"{service} {form.get('Action')} for an alarm: {said}", flush=True)
    finally:
        sts._sessions.pop(key, None)


_ACTIONS: dict[str, Callable[[Alarm, str, str, str, str], None]] = {
    "sns": _notify,
    "lambda": _invoke,
    "autoscaling": _scale,
}
