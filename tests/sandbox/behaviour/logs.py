"""CloudWatch Logs: filter patterns, metric filters, embedded metrics and subscriptions."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any

from tests.sandbox.behaviour.cloudwatch import FILTERS, LOGS, group, statistics, stream, write
from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

VALUES = "CloudWatch Logs User Guide, Configuring metric values for a metric filter"
EMBEDDED = "CloudWatch User Guide, Specification: Embedded metric format"
SUBSCRIBE = "CloudWatch Logs User Guide, Log group-level subscription filters"
WEB = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


def fitting(aws: Aws, pattern: str, *messages: str) -> list[str]:
    """The messages that FilterLogEvents finds."""
    name = group(aws)
    write(aws, name, *messages)
    found = aws.logs.filter_log_events(logGroupName=name, filterPattern=pattern)["events"]
    return [event["message"] for event in found]


for _sentence, _pattern, _fits, _fits_not in (
    ("Of optional terms one is enough.", "?ERROR ?WARN", ["ERROR x", "WARN x"], ["INFO x"]),
    ("An optional term beside others counts for nothing.", "?ERROR REQUEST", ["INFO REQUEST"], ["ERROR"]),
    ("A phrase in quotes is looked for as it is.", '"db down"', ["the db down"], ["db is down"]),
    ("Terms tell capitals from small letters.", "error", ["an error"], ["an ERROR"]),
    ("Between percent signs is a regular expression.", r"%code=4\d\d%", ["code=404"], ["code=500"]),
    (
        "A star is a wildcard at the ends of a JSON value.",
        '{ $.e = "*Denied*" }',
        ['{"e": "AccessDeniedException"}'],
        ['{"e": "Throttled"}'],
    ),
    ("A selector reaches into lists.", "{ $.a[1].b = 2 }", ['{"a": [0, {"b": 2}]}'], ['{"a": [{"b": 2}]}']),
    (
        "A member can be asked for being there, or null.",
        "{ $.x NOT EXISTS && $.y IS NULL }",
        ['{"y": null}'],
        ['{"x": 1, "y": null}', '{"y": 0}'],
    ),
    ("A member can be asked for being true.", "{ $.ok IS TRUE }", ['{"ok": true}'], ['{"ok": "true"}']),
    (
        "A list equals nothing, and differs from nothing.",
        "{ $.a != 1 }",
        ['{"a": 2}'],
        ['{"a": [1, 2]}', "{}"],
    ),
    (
        "Fields between spaces have conditions of their own.",
        "[ip, user, name, time, request = *.html*, status = 4* && status != 403, bytes > 1000]",
        [WEB],
        [WEB.replace("404", "403"), WEB.replace("1534", "100"), "a b"],
    ),
    (
        "An ellipsis stands for any number of fields.",
        "[..., status = 404 || status = 500, bytes]",
        [WEB],
        ["1 2"],
    ),
):
    gives(
        "Logs",
        _sentence,
        FILTERS,
        _fits,
        lambda a, p=_pattern, yes=_fits, no=_fits_not: fitting(a, p, *yes, *no),
    )
for _sentence, _pattern in {
    "A term with other characters is in quotes.": "foo-bar",
    "An order is between numbers.": "{ $.a > high }",
    "A pattern in braces is a condition.": "{ $.a }",
    "A regular expression has no groups.": "%(a|b)%",
}.items():
    refused(
        "Logs",
        "InvalidParameterException",
        _sentence,
        FILTERS,
        lambda a, p=_pattern: a.logs.filter_log_events(logGroupName=group(a), filterPattern=p),
    )


@probe("Logs", f"{LOGS}, TestMetricFilter")
def tried_pattern(aws: Aws) -> None:
    """TestMetricFilter says what a pattern takes out of a message."""
    found = aws.logs.test_metric_filter(
        filterPattern="[..., request=*.html*, status_code=4*,]", logEventMessages=["a b", WEB]
    )["matches"]
    same([(match["eventNumber"], match["eventMessage"]) for match in found], [(2, WEB)])
    values = found[0]["extractedValues"]
    same((values["$status_code"], values["$7"], values["$3"]), ("404", "1534", "frank"))


@probe("Logs", f"{LOGS}, FilterLogEvents")
def pages(aws: Aws) -> None:
    """FilterLogEvents gives pages, each after the other."""
    name = group(aws)
    write(aws, name, *(f"line {n}" for n in range(5)))
    pages = aws.logs.get_paginator("filter_log_events").paginate(
        logGroupName=name, filterPattern="line", PaginationConfig={"PageSize": 2}
    )
    found = [[event["message"] for event in page["events"]] for page in pages]
    same(found, [["line 0", "line 1"], ["line 2", "line 3"], ["line 4"]])


@probe("Logs", f"{LOGS}, FilterLogEvents")
def streams_by_prefix(aws: Aws) -> None:
    """FilterLogEvents looks at streams by their prefix."""
    name = group(aws)
    aws.logs.create_log_stream(logGroupName=name, logStreamName="other")
    write(aws, name, "one")
    found = aws.logs.filter_log_events(logGroupName=name, logStreamNamePrefix="oth")["events"]
    same(found, [])


def filtered(aws: Aws, pattern: str, *messages: str, **change: Any) -> str:
    """A metric filter, and then messages; the log group's name."""
    name = group(aws)
    made = {"metricName": "M", "metricNamespace": "FromLogs", "metricValue": "1"} | change
    aws.logs.put_metric_filter(
        logGroupName=name, filterName="f", filterPattern=pattern, metricTransformations=[made]
    )
    write(aws, name, *messages)
    return name


def measured(aws: Aws, namespace: str = "FromLogs", name: str = "M", **dimensions: str) -> list[Any]:
    """Sum, count and unit of a metric's points, once there are some."""
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    look = {"Namespace": namespace, "MetricName": name, "Period": 7200, "Dimensions": pairs}
    found = within(3, lambda: statistics(aws, **look, Statistics=["Sum", "SampleCount"]))
    return [(point["Sum"], point["SampleCount"], point["Unit"]) for point in found]


@probe("Logs", VALUES)
def value_of_json(aws: Aws) -> None:
    """A metric filter publishes a number that a JSON event has."""
    change = {"metricValue": "$.ms", "unit": "Milliseconds"}
    filtered(aws, "{ $.ms = * }", '{"ms": 40}', '{"ms": 2.5}', '{"a": 1}', **change)
    same(measured(aws), [(42.5, 2.0, "Milliseconds")])


@probe("Logs", VALUES)
def value_of_field(aws: Aws) -> None:
    """A metric filter publishes a field between spaces, by its name."""
    filtered(aws, "[..., status, bytes]", WEB, metricValue="$bytes")
    same(measured(aws), [(1534.0, 1.0, "None")])


@probe("Logs", VALUES)
def default_value(aws: Aws) -> None:
    """A metric filter publishes its default value where nothing matches."""
    filtered(aws, "ERROR", "fine", defaultValue=0.0)
    same(measured(aws), [(0.0, 1.0, "None")])


@probe("Logs", "CloudWatch Logs User Guide, Publishing dimensions with metrics")
def dimensions(aws: Aws) -> None:
    """A metric filter makes a metric for each value of a dimension."""
    paths = ['{"path": "/a"}', '{"path": "/b"}', '{"path": "/a"}']
    filtered(aws, "{ $.path = * }", *paths, dimensions={"Path": "$.path"})
    same((measured(aws, Path="/a"), measured(aws, Path="/b")), ([(2.0, 2.0, "None")], [(1.0, 1.0, "None")]))


@probe("Logs", "CloudWatch Logs User Guide, Creating metrics from log events using filters")
def not_in_retrospect(aws: Aws) -> None:
    """A metric filter does not count what was there before it."""
    name = group(aws)
    write(aws, name, "ERROR before")
    made = {"metricName": "M", "metricNamespace": "FromLogs", "metricValue": "1"}
    aws.logs.put_metric_filter(
        logGroupName=name, filterName="f", filterPattern="ERROR", metricTransformations=[made]
    )
    write(aws, name, "ERROR after")
    same(measured(aws), [(1.0, 1.0, "None")])


for _sentence, _change in {
    "A metric's value is a number or a field of the pattern.": {"metricValue": "$.ms"},
    "A metric filter's dimension is a field of the pattern.": {"dimensions": {"Path": "$.path"}},
}.items():
    refused(
        "Logs",
        "InvalidParameterException",
        _sentence,
        f"{LOGS}, MetricTransformation",
        lambda a, change=_change: filtered(a, "ERROR", **change),
    )
refused(
    "Logs",
    "InvalidParameterException",
    "A metric filter has dimensions or a default value.",
    f"{LOGS}, MetricTransformation",
    lambda a: filtered(a, "{ $.a = * }", dimensions={"A": "$.a"}, defaultValue=0.0),
)


@probe("Logs", "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs")
def logs_of_a_function(aws: Aws) -> None:
    """A metric filter sees what a function logs."""
    name = aws.function("import json\ndef handler(e, c):\n    print(json.dumps({'ms': e['ms']}))\n")
    aws.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    made = {"metricName": "M", "metricNamespace": "FromLogs", "metricValue": "$.ms"}
    aws.logs.put_metric_filter(
        logGroupName=f"/aws/lambda/{name}",
        filterName="f",
        filterPattern="{ $.ms > 5 }",
        metricTransformations=[made],
    )
    for value in (3, 30):
        aws.lambda_.invoke(FunctionName=name, Payload=json.dumps({"ms": value}))
    same(measured(aws), [(30.0, 1.0, "None")])


def embed(aws: Aws, directive: dict[str, Any], **members: Any) -> None:
    made = {"Namespace": "Embedded", "Dimensions": [["Shop"]], "Metrics": [{"Name": "ms"}]} | directive
    head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [made]}
    write(aws, group(aws), json.dumps({"_aws": head, "Shop": "north", "Area": "a", "ms": 42} | members))


@probe("Logs", EMBEDDED)
def embedded_sets(aws: Aws) -> None:
    """Each dimension set of an embedded metric is a metric, the empty one too."""
    embed(aws, {"Dimensions": [["Shop", "Area"], []]})
    found = (measured(aws, "Embedded", "ms", Shop="north", Area="a"), measured(aws, "Embedded", "ms"))
    same(found, ([(42.0, 1.0, "None")], [(42.0, 1.0, "None")]))


@probe("Logs", EMBEDDED)
def embedded_values(aws: Aws) -> None:
    """An embedded metric may have a list of values, and a unit."""
    embed(aws, {"Metrics": [{"Name": "ms", "Unit": "Milliseconds", "StorageResolution": 1}]}, ms=[1, 2, 4.5])
    same(measured(aws, "Embedded", "ms", Shop="north"), [(7.5, 3.0, "Milliseconds")])


@probe("Logs", EMBEDDED)
def embedded_wrong(aws: Aws) -> None:
    """An embedded metric that is no number makes no metric, and is counted as a mistake."""
    embed(aws, {}, ms="slow")
    counted = {"Namespace": "AWS/Logs", "MetricName": "EMFValidationErrors"}
    errors = within(3, lambda: aws.cloudwatch.list_metrics(**counted)["Metrics"])
    same((len(errors), aws.cloudwatch.list_metrics(Namespace="Embedded")["Metrics"]), (1, []))


def subscriber(aws: Aws) -> tuple[str, str]:
    """A function that writes what it is sent into its own log, and its ARN."""
    name = aws.function("import json\ndef handler(e, c):\n    print('GOT ' + e['awslogs']['data'])\n")
    return name, f"arn:aws:lambda:{aws.region}:{aws.account_id}:function:{name}"


@probe("Logs", SUBSCRIBE)
def subscription(aws: Aws) -> None:
    """A subscribed function is sent the events that fit, packed."""
    name, arn = subscriber(aws)
    aws.lambda_.add_permission(
        FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    watched = group(aws)
    aws.logs.put_subscription_filter(
        logGroupName=watched, filterName="s", filterPattern="{ $.level = ERROR }", destinationArn=arn
    )
    write(aws, watched, '{"level": "INFO"}', '{"level": "ERROR"}', "ERROR")

    def got() -> list[str]:
        found = aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        read = {"logGroupName": f"/aws/lambda/{name}", "filterPattern": "GOT"}
        return [e["message"] for e in aws.logs.filter_log_events(**read)["events"]] if found else []

    sent = json.loads(gzip.decompress(base64.b64decode(within(10, got)[0].partition("GOT ")[2])))
    same([event["message"] for event in sent["logEvents"]], ['{"level": "ERROR"}'])
    same((sent["messageType"], sent["logGroup"], sent["owner"]), ("DATA_MESSAGE", watched, aws.account_id))
    same((sent["logStream"], sent["subscriptionFilters"]), ("s", ["s"]))


refused(
    "Logs",
    "InvalidParameterException",
    "A subscribed function lets CloudWatch Logs call it.",
    SUBSCRIBE,
    lambda a: a.logs.put_subscription_filter(
        logGroupName=group(a), filterName="s", filterPattern="", destinationArn=subscriber(a)[1]
    ),
)


@probe("Logs", SUBSCRIBE)
def subscribed_stream(aws: Aws) -> None:
    """A subscribed Kinesis stream gets the events that fit, packed."""
    arn, watched = stream(aws), group(aws)
    aws.logs.put_subscription_filter(
        logGroupName=watched,
        filterName="s",
        filterPattern="[level = ERROR, what]",
        destinationArn=arn,
        roleArn=aws.role("logs"),
    )
    write(aws, watched, "INFO x", "ERROR y")
    shard = aws.kinesis.list_shards(StreamName="clicks")["Shards"][0]["ShardId"]
    place = {"StreamName": "clicks", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    start = aws.kinesis.get_shard_iterator(**place)["ShardIterator"]
    found = within(4, lambda: aws.kinesis.get_records(ShardIterator=start)["Records"])
    events = json.loads(gzip.decompress(found[0]["Data"]))["logEvents"]
    same(
        [(one["message"], one["extractedFields"]) for one in events],
        [("ERROR y", {"level": "ERROR", "what": "y"})],
    )


def saved(aws: Aws, **asked: Any) -> list[tuple[Any, ...]]:
    """Name, text and log groups of the saved queries that DescribeQueryDefinitions gives."""
    found = aws.logs.describe_query_definitions(**asked)["queryDefinitions"]
    return [(one["name"], one["queryString"], one.get("logGroupNames")) for one in found]


@probe("Logs", f"{LOGS}, PutQueryDefinition")
def saved_query(aws: Aws) -> None:
    """A saved query is put anew as a whole: log groups that are left out are gone."""
    before = int(time.time() * 1000)
    made = aws.logs.put_query_definition(name="errors", queryString="limit 1", logGroupNames=["/a", "/b"])
    same(saved(aws), [("errors", "limit 1", ["/a", "/b"])])
    again = {"queryDefinitionId": made["queryDefinitionId"], "name": "faults", "queryString": "limit 2"}
    same(aws.logs.put_query_definition(**again)["queryDefinitionId"], made["queryDefinitionId"])
    same(saved(aws), [("faults", "limit 2", None)])
    (one,) = aws.logs.describe_query_definitions()["queryDefinitions"]
    same((one["queryLanguage"], one["lastModified"] >= before), ("CWLI", True))


@probe("Logs", f"{LOGS}, DescribeQueryDefinitions")
def saved_queries(aws: Aws) -> None:
    """Saved queries are found by how their names begin, a page at a time, in their Region."""
    for name in ("shop/slow", "shop/errors", "other"):
        aws.logs.put_query_definition(name=name, queryString="limit 1")
    aws.client("logs", "eu-central-1").put_query_definition(name="shop/far", queryString="limit 1")
    same(
        sorted(row[0] for row in saved(aws, queryDefinitionNamePrefix="shop/")), ["shop/errors", "shop/slow"]
    )
    first = aws.logs.describe_query_definitions(maxResults=2)
    rest = aws.logs.describe_query_definitions(maxResults=2, nextToken=first["nextToken"])
    names = [one["name"] for answer in (first, rest) for one in answer["queryDefinitions"]]
    same((sorted(names), "nextToken" in rest), (["other", "shop/errors", "shop/slow"], False))


@probe("Logs", f"{LOGS}, DeleteQueryDefinition", refused="ResourceNotFoundException")
def saved_query_gone(aws: Aws) -> None:
    """A deleted saved query is gone, and cannot be deleted twice."""
    made = aws.logs.put_query_definition(name="errors", queryString="limit 1")["queryDefinitionId"]
    same(aws.logs.delete_query_definition(queryDefinitionId=made)["success"], True)
    same(saved(aws), [])
    aws.logs.delete_query_definition(queryDefinitionId=made)


refused(
    "Logs",
    "ResourceNotFoundException",
    "A saved query that is not there cannot be put anew.",
    f"{LOGS}, PutQueryDefinition",
    lambda a: a.logs.put_query_definition(queryDefinitionId="gone", name="x", queryString="limit 1"),
)


@probe("Logs", "CloudFormation template reference, AWS::Logs::QueryDefinition")
def saved_query_by_stack(aws: Aws) -> None:
    """A stack saves a query, and takes it away."""
    properties = {"Name": "by-stack", "QueryString": "limit 3", "LogGroupNames": ["/a"]}
    template = {"Resources": {"Query": {"Type": "AWS::Logs::QueryDefinition", "Properties": properties}}}
    name = aws.name("queries")
    aws.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    aws.cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    same(saved(aws), [("by-stack", "limit 3", ["/a"])])
    aws.cloudformation.delete_stack(StackName=name)
    aws.cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    same(saved(aws), [])
