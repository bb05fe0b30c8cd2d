"""Requests written, and responses read, by botocore itself: for operations that the gateway carries out.

botocore knows every protocol and payload; it is imported on the first use, for it would cost the gateway's
start 0.15 s.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from cloudlings.sandbox.model import Request, Response

if TYPE_CHECKING:
    from botocore.model import ServiceModel


class ParameterError(Exception):
    """Parameters that botocore itself would not send: its words for what is wrong with them."""


def write(service: str, operation: str, parameters: dict[str, Any]) -> Request:
    """An operation as an unsigned request. Raises ParameterError for parameters that its model has not."""
    import botocore.serialize
    from botocore.exceptions import ParamValidationError
    from botocore.validate import ParamValidator

    asked = _model(service).operation_model(operation)
    if asked.input_shape is not None:
        report = ParamValidator().validate(parameters, asked.input_shape)
        if report.has_errors():
            raise ParameterError(str(ParamValidationError(report=report.generate_report())))
    protocol = _model(service).resolved_protocol
    made = botocore.serialize.create_serializer(protocol).serialize_to_request(parameters, asked)
    return _request(made)


def _request(made: dict[str, Any]) -> Request:
    path = urlsplit(made["url_path"])
    query = made["query_string"]
    text = query if isinstance(query, str) else urlencode(query, doseq=True, quote_via=quote)
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    headers = tuple((name.lower(), str(value)) for name, value in made["headers"].items())
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return Request(
        made["method"], path.path or "/", "&".join(filter(None, (path.query, text))), headers, content
    )


def read(service: str, operation: str, response: Response) -> dict[str, Any]:
    """What a response says, as boto3 gives it, dates as ``datetime``; of an error, its ``Error``."""
    import botocore.parsers
    from botocore.awsrequest import HeadersDict

    asked = _model(service).operation_model(operation)
    raw = {
        "status_code": response.status,
        "headers": HeadersDict(dict(response.headers)),
        "body": response.body,
    }
    output = asked.output_shape
    parser = botocore.parsers.create_parser(_model(service).resolved_protocol)
    found: dict[str, Any] = parser.parse(raw, output)
    found.pop("ResponseMetadata", None)
    return found


@lru_cache(maxsize=64)
def _model(service: str) -> ServiceModel:
    return _session().get_service_model(service)


@lru_cache(maxsize=1)
def _session() -> Any:
    import botocore.session

    return botocore.session.Session()
