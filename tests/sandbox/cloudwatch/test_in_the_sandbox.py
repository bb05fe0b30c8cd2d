"""What alarms and logs do beside single requests: as time passes, over a restart, in the other protocols."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.serialize
import pytest

from cloudlings.sandbox import Sandbox

ACCOUNT = "210987654321"
ALARM = {
    "Namespace": "Shop",
    "MetricName": "Orders",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with an account."""
    with Sandbox.temporary() as made:
        made.provision(ACCOUNT)
        yield made


def client(sandbox: Sandbox, service: str) -> Any:
    return sandbox.session(ACCOUNT, "learner", "us-east-1").client(service)


def becomes(read: Callable[[], Any], wanted: Any, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while read() != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert read() == wanted


def states(cloudwatch: Any) -> dict[str, str]:
    found = cloudwatch.describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


def test_alarms_follow_the_test_clock(sandbox: Sandbox) -> None:
    """When the clock moves past an alarm's range, missing data is what the alarm takes it for."""
    cloudwatch = client(sandbox, "cloudwatch")
    for treatment in ("missing", "notBreaching", "ignore"):
        cloudwatch.put_metric_alarm(AlarmName=treatment, TreatMissingData=treatment, **ALARM)
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 5}])
    becomes(lambda: set(states(cloudwatch).values()), {"ALARM"})
    sandbox.advance(ACCOUNT, 600)
    wanted = {"missing": "INSUFFICIENT_DATA", "notBreaching": "OK", "ignore": "ALARM"}
    assert states(cloudwatch) == wanted
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 5}])
    becomes(lambda: set(states(cloudwatch).values()), {"ALARM"})
    cloudwatch.delete_alarms(AlarmNames=list(wanted))


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_protocols(sandbox: Sandbox, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudWatch answers in each of its protocols, and reads what is packed."""
    cloudwatch = client(sandbox, "cloudwatch")
    model = cloudwatch.meta.service_model
    # The model is one for all clients of this process.
    monkeypatch.setitem(model.metadata, "protocols", [protocol])
    model.__dict__["resolved_protocol"] = protocol
    cloudwatch._serializer = botocore.serialize.create_serializer(protocol)
    namespace = f"By/{protocol}"
    many = [{"MetricName": f"{'m' * 150}{number}", "Value": 4.0} for number in range(100)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=many)
    watched = {"AlarmName": protocol, "Namespace": namespace, "MetricName": many[0]["MetricName"]}
    cloudwatch.put_metric_alarm(**{**ALARM, **watched})
    becomes(lambda: states(cloudwatch).get(protocol), "ALARM")
    assert len(cloudwatch.list_metrics(Namespace=namespace)["Metrics"]) == 100
    described = cloudwatch.describe_alarms(AlarmNames=[protocol])["MetricAlarms"][0]
    assert (described["Threshold"], described["StateUpdatedTimestamp"].year >= 2026) == (1.0, True)
    query = {"Id": "m1", "Expression": "m2 + 1"}
    with pytest.raises(cloudwatch.exceptions.ClientError, match="Undefined id 'm2'"):
        cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=0, EndTime=60)
    cloudwatch.delete_alarms(AlarmNames=[protocol])
    cloudwatch.put_dashboard(DashboardName=protocol, DashboardBody='{"widgets": []}')
    shown = cloudwatch.list_dashboards(DashboardNamePrefix=protocol)["DashboardEntries"][0]
    assert shown["LastModified"].year >= 2026


@contextmanager
def started(home: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox.start(home, port=0)
    try:
        yield sandbox
    finally:
        sandbox.stop()


def test_kept_over_a_restart(tmp_path: Path) -> None:
    """Alarms and metric filters are there after a restart, and go on working."""
    with started(tmp_path) as first:
        first.provision(ACCOUNT)
        logs, cloudwatch = client(first, "logs"), client(first, "cloudwatch")
        logs.create_log_group(logGroupName="/app")
        logs.create_log_stream(logGroupName="/app", logStreamName="s")
        made = {"metricName": "Orders", "metricNamespace": "Shop", "metricValue": "$.n"}
        logs.put_metric_filter(
            logGroupName="/app", filterName="f", filterPattern="{ $.n > 1 }", metricTransformations=[made]
        )
        cloudwatch.put_metric_alarm(AlarmName="a", **ALARM)
    with started(tmp_path) as second:
        logs, cloudwatch = client(second, "logs"), client(second, "cloudwatch")
        event = {"timestamp": int(time.time() * 1000), "message": '{"n": 7}'}
        logs.put_log_events(logGroupName="/app", logStreamName="s", logEvents=[event])
        becomes(lambda: states(cloudwatch), {"a": "ALARM"})
