"""Operations: botocore writes a request for every operation of every service, and it is read back as that."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import botocore.session
import pytest
from botocore.model import Shape
from botocore.serialize import create_serializer

from cloudlings.sandbox.model import Request
from cloudlings.sandbox.operations import operation_of, service_index
from cloudlings.sandbox.routes import ROUTES

MODELS = sorted((model, route.models) for route in ROUTES for model in route.models)
# Pairs that no request can tell apart: same method, path, and nothing required that differs.
SAME_REQUEST = {
    ("lambda", "InvokeAsync"),  # deprecated
    ("s3", "GetBucketNotification"),
    ("s3", "PutBucketNotification"),
    ("s3", "GetBucketLifecycle"),
    ("s3", "PutBucketLifecycle"),
    ("s3", "ListDirectoryBuckets"),  # at another host than ListBuckets
}


@cache
def session() -> botocore.session.Session:
    return botocore.session.Session()


def example(shape: Shape, depth: int = 0) -> Any:
    """The least value that a shape takes: its required members, with text in every text."""
    if shape.type_name == "structure":
        wanted = shape.required_members if depth < 6 else ()
        return {name: example(shape.members[name], depth + 1) for name in wanted}
    if shape.type_name == "list":
        return [example(shape.member, depth + 1)] if depth < 6 else []
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "aa-1"
    return {"boolean": True, "blob": b"x", "timestamp": 0}.get(shape.type_name, 1)


def written(model: str, operation: str) -> Request:
    """The request that botocore writes for the least input of an operation."""
    service = session().get_service_model(model)
    spec = service.operation_model(operation)
    serializer = create_serializer(service.resolved_protocol, include_validation=False)
    parameters = example(spec.input_shape) if spec.input_shape else {}
    made = serializer.serialize_to_request(parameters, spec)
    path, _, query = made["url_path"].partition("?")
    more = made["query_string"]
    pairs = urlencode(list(more.items()) if isinstance(more, dict) else more, doseq=True, quote_via=quote)
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    body = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = tuple((k.lower(), str(v)) for k, v in made["headers"].items())
    return Request(made["method"], path, "&".join(filter(None, (query, pairs))), headers, body)


@pytest.mark.parametrize(("model", "models"), MODELS, ids=[model for model, _ in MODELS])
def test_every_operation_is_recognised(model: str, models: tuple[str, ...]) -> None:
    """What botocore writes for an operation is read back as that operation of that service."""
    wrong = {}
    for operation in sorted(service_index(model).operations):
        if (model, operation) in SAME_REQUEST:
            continue
        request = written(model, operation)
        found = operation_of(request, models, request.raw_path)
        if found != (model, operation):
            wrong[operation] = (found, request.method, request.raw_path, request.query_string)
    assert wrong == {}


@pytest.mark.parametrize(
    ("service", "headers", "path"),
    [
        ("sqs", (("x-amz-target", "AmazonSQS.ListQueues"),), "/_ministack/reset"),
        ("sqs", (("x-amz-target", "DynamoDB_20120810.ListTables"),), "/"),
        ("sqs", (("x-amz-target", "AmazonSQS.NoSuchThing"),), "/"),
        ("cloudwatch", (("smithy-protocol", "rpc-v2-cbor"),), "/_ministack/reset/operation/ListMetrics"),
        ("lambda", (), "/_ministack/reset"),
        ("ec2", (), "/"),
    ],
)
def test_anything_else_is_no_operation(service: str, headers: tuple[tuple[str, str], ...], path: str) -> None:
    """A path, target or action that the service does not have is no operation of it."""
    assert operation_of(Request("POST", path, "", headers), (service,), path) is None


def test_a_queue_has_a_path_of_its_own() -> None:
    """SQS takes Query requests at a queue's address as well."""
    form = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/111122223333/orders", "", form, b"Action=SendMessage&MessageBody=x")
    assert operation_of(request, ("sqs",), request.raw_path) == ("sqs", "SendMessage")


def test_the_version_tells_load_balancers_apart() -> None:
    """Both generations of load balancers sign alike; the Version parameter says which is meant."""
    form = (("content-type", "application/x-www-form-urlencoded"),)
    for version, service in (("2015-12-01", "elbv2"), ("2012-06-01", "elb")):
        body = f"Action=DescribeLoadBalancers&Version={version}".encode()
        found = operation_of(Request("POST", "/", "", form, body), ("elbv2", "elb"), "/")
        assert found == (service, "DescribeLoadBalancers")
