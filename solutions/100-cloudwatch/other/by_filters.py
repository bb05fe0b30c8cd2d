# Another right answer: the function's line has the numbers, and metric filters of its log group take them out.

# %% task="measure"
WITH_FIELDS = f"""
import json


def handler(event, context):
    paid = event["processor"] == "ok"
    print(json.dumps({{
        "level": "INFO" if paid else "ERROR", "requestId": context.aws_request_id, "event": "payment",
        "service": {brief.service!r}, "orderId": event["orderId"], "customer": event["customer"],
        "ms": event["ms"], "failed": int(not paid), "answer": event["processor"],
    }}))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, WITH_FIELDS)
for metric, value, unit in (
    ("Latency", "$.ms", "Milliseconds"),
    ("Orders", "1", "Count"),
    ("Failures", "$.failed", "Count"),
):
    change = {"metricNamespace": brief.namespace, "metricName": metric, "metricValue": value, "unit": unit}
    logs.put_metric_filter(
        logGroupName=f"/aws/lambda/{brief.payments}",
        filterName=metric.lower(),
        filterPattern='{ $.event = "payment" }',
        metricTransformations=[{**change, "dimensions": {"Service": "$.service"}}],
    )
cloudwatch.put_metric_data(
    Namespace=brief.namespace,
    MetricData=[
        {
            "MetricName": "Exported",
            "Dimensions": SERVICE,
            "Values": [90.0, 110.0],
            "Counts": [1.0, 2.0],
            "Unit": "Count",
        }
    ],
)
