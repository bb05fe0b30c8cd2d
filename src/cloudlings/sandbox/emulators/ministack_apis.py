"""API Gateway and function URLs in MiniStack, put right where they call functions.

A function must let API Gateway in; what it answers must be what its integration expects; and what went wrong
in it is never told to the caller. Sources: API Gateway Developer Guide, "Lambda proxy integrations", "Create
AWS Lambda proxy integrations for HTTP APIs", "Handle Lambda errors in API Gateway"; Lambda Developer Guide,
"Control access to Lambda function URLs".
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.sandbox.emulators import ministack_delivery as delivery

GATEWAY = "apigateway.amazonaws.com"
_JSON = {"Content-Type": "application/json"}
Answer = tuple[int, dict[str, Any], bytes]

# Which kind of caller a function's answer is for: "http", "http-1.0" or "url"; "" for none of these.
_kind: contextvars.ContextVar[str] = contextvars.ContextVar("kind", default="")
_shape: contextvars.ContextVar[Callable[[dict[str, Any]], dict[str, Any]] | None] = contextvars.ContextVar(
    "shape", default=None
)


def correct(module: Any) -> None:
    """Put one of the modules right, by its name."""
    {"apigateway": _http, "apigateway_v1": _rest}[module.__name__.rpartition(".")[2]](module)


def correct_functions(service: Any) -> None:
    """What MiniStack's Lambda does for its callers over HTTP."""
    execute, to_response = (
        service._execute_function_with_config_scope,
        service.lambda_execute_result_to_api_proxy_response,
    )
    by_url = service.handle_function_url_request

    def execute_shaped(record: dict[str, Any], event: Any) -> Any:
        shape = _shape.get()
        _shape.set(None)
        return execute(record, shape(event) if shape is not None else event)

    def response_of(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        kind = _kind.get()
        if not kind:
            found: tuple[dict[str, Any] | None, str | None] = to_response(result)
            return found
        return _proxied(result, kind), None

    async def handle_url(
        url_id: str, method: str, path: str, headers: dict[str, str], *rest: Any, **more: Any
    ) -> Any:
        refused = _shut(service, url_id)
        if refused is not None:
            return refused
        _kind.set("url")
        return await by_url(url_id, method, path, headers, *rest, **more)

    service._execute_function_with_config_scope = execute_shaped
    service.lambda_execute_result_to_api_proxy_response = response_of
    service.handle_function_url_request = handle_url


def _proxied(result: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a caller over HTTP gets of a function's answer."""
    failed = {"statusCode": 500, "headers": _JSON, "body": '{"message":"Internal Server Error"}'}
    if kind == "url":
        failed = {
            "statusCode": 502,
            "headers": {"Content-Type": "application/json"},
            "body": "Internal Server Error",
        }
        if result.get("throttle"):
            return failed | {
                "statusCode": 429,
                "body": '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}',
            }
    if result.get("error") or result.get("throttle"):
        return failed
    body = result.get("body")
    if isinstance(body, dict) and "statusCode" in body:
        return body if is_response(body) else failed
    if kind == "http-1.0":
        return failed
    if body is None:
        return {"statusCode": 200, "headers": _JSON, "body": "null" if kind == "url" else ""}
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return {"statusCode": 200, "headers": _JSON, "body": text}


def is_response(answer: Any) -> bool:
    """Whether an answer has a proxy integration's form: a status, headers, and a text for a body."""
    if not isinstance(answer, dict):
        return False
    status = answer.get("statusCode")
    try:
        known = not isinstance(status, bool) and 100 <= int(status) <= 599  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    headers = answer.get("headers")
    return (
        known
        and isinstance(answer.get("body", ""), str | None)
        and (headers is None or isinstance(headers, dict))
    )


def _shut(service: Any, url_id: str) -> Answer | None:
    """The refusal of a URL that is open to all, but whose function's policy does not let everyone in."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.core.responses import request_scope

    found = service.resolve_function_url(url_id)
    if found is None or found[4].get("AuthType") != "NONE":
        return None
    account_id, region, name, qualifier, _ = found
    with request_scope(account_id, region):
        base = service._functions.get(name)
        if base is None:
            return None
        arn = base["config"]["FunctionArn"]
        context = EvalContext(
            principal_arn="*",
            principal_type="AWS",
            principal_account="",
            action="lambda:InvokeFunctionUrl",
            resource_arn=f"{arn}:{qualifier}" if qualifier else arn,
            region=region,
            service_context={"lambda:functionurlauthtype": "NONE"},
        )
        if evaluate_resource_policy(base.get("policy"), context).decision == "Allow":
            return None
    headers = _JSON | {"x-amzn-ErrorType": "AccessDeniedException"}
    return 403, headers, b'{"Message":"Forbidden"}'


# --- REST APIs ------------------------------------------------------------------------------------


def _rest(rest: Any) -> None:
    build, invoke = rest._build_lambda_event_v1, rest._invoke_lambda_proxy_v1

    def build_event(
        api_id: Any,
        stage_name: Any,
        stage: Any,
        resource: Any,
        path: Any,
        method: Any,
        headers: Any,
        body: Any,
        query: Any,
        *rest_args: Any,
        **more: Any,
    ) -> Any:
        event = build(
            api_id, stage_name, stage, resource, path, method, headers, body, query, *rest_args, **more
        )
        if query:
            event["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
        return event

    def proxy_response(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        answer: Any = result.get("body")
        if result.get("error") or result.get("throttle") or not is_response(answer):
            return None, "Internal server error"
        return dict(answer) | {
            "statusCode": int(answer["statusCode"]),
            "body": answer.get("body") or "",
        }, None

    async def invoke_proxy(
        integration: Any,
        api_id: str,
        stage_name: str,
        stage: Any,
        resource: Any,
        path: str,
        method: str,
        *more: Any,
        **named: Any,
    ) -> Any:
        ref = rest._extract_lambda_ref_from_integration_uri(integration.get("uri", ""))
        place = (f"{api_id}/{stage_name}/", str(resource["path"]))
        scope = (named.get("owner_account_id"), named.get("owner_region"))
        if not integration.get("credentials") and not _lets_in(ref, place, method, scope):
            return rest._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await invoke(integration, api_id, stage_name, stage, resource, path, method, *more, **named)

    deploy = rest._create_deployment

    def create_deployment(api_id: str, data: dict[str, Any]) -> Any:
        resources = (rest._resources.get(api_id) or {}).values()
        if api_id in rest._rest_apis and not any(each.get("resourceMethods") for each in resources):
            said = {"message": "The REST API doesn't contain any methods"}
            return 400, _JSON | {"x-amzn-ErrorType": "BadRequestException"}, json.dumps(said).encode()
        return deploy(api_id, data)

    rest._create_deployment = create_deployment
    rest._build_lambda_event_v1 = build_event
    rest._lambda_proxy_response = proxy_response
    rest._invoke_lambda_proxy_v1 = invoke_proxy


def _lets_in(ref: str, place: tuple[str, str], method: str, scope: tuple[Any, Any]) -> bool:
    """Whether a function, if it is there at all, lets API Gateway in for a method of an API's path."""
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import lambda_svc

    account_id, region = scope[0] or get_account_id(), scope[1] or get_region()
    with request_scope(account_id, region):
        if not lambda_svc._get_func_record_for_ref(ref)[0]:
            return True
        start, path = f"arn:aws:execute-api:{region}:{account_id}:{place[0]}", place[1]
        return any(delivery.function_lets_in(ref, GATEWAY, f"{start}{each}{path}") for each in (method, "*"))


# --- HTTP APIs ------------------------------------------------------------------------------------


def _http(http: Any) -> None:
    invoke = http._invoke_lambda_proxy

    async def invoke_proxy(
        integration: Any,
        api_id: str,
        stage: str,
        path: str,
        method: str,
        headers: Any,
        body: Any,
        query: Any,
        route_key: str = "$default",
        path_params: Any = None,
        **named: Any,
    ) -> Any:
        ref = http._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        route = route_key.partition(" ")[2] or f"/{route_key}"
        scope = (named.get("owner_account_id"), named.get("owner_region"))
        if not integration.get("credentialsArn") and not _lets_in(
            ref, (f"{api_id}/{stage}/", route), method, scope
        ):
            return 500, dict(_JSON), b'{"message":"Internal Server Error"}'
        first = integration.get("payloadFormatVersion", "2.0") == "1.0"

        def shape(event: dict[str, Any]) -> dict[str, Any]:
            return _first_format(event, query, route) if first else _with_cookies(event)

        _shape.set(shape)
        _kind.set("http-1.0" if first else "http")
        return await invoke(
            integration, api_id, stage, path, method, headers, body, query, route_key, path_params, **named
        )

    http._invoke_lambda_proxy = invoke_proxy


def _with_cookies(event: dict[str, Any]) -> dict[str, Any]:
    """An event of format 2.0 with its cookies apart, and nothing where there are no path parameters."""
    headers = dict(event["headers"])
    cookies = headers.pop("cookie", "")
    found = event | {"headers": headers}
    if cookies:
        found["cookies"] = [each.strip() for each in cookies.split(";")]
    if not found.get("pathParameters"):
        found.pop("pathParameters", None)
    return found


def _first_format(event: dict[str, Any], query: Mapping[str, list[str]] | None, route: str) -> dict[str, Any]:
    """An event of format 2.0 as one of format 1.0.

    Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", payload format.
    """
    context, http = event["requestContext"], event["requestContext"]["http"]
    headers = event["headers"]
    return {
        "version": "1.0",
        "resource": route,
        "path": event["rawPath"],
        "httpMethod": http["method"],
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": {name: list(values) for name, values in query.items()}
        if query
        else None,
        "requestContext": {
            "accountId": context["accountId"],
            "apiId": context["apiId"],
            "authorizer": context.get("authorizer"),
            "domainName": context["domainName"],
            "httpMethod": http["method"],
            "identity": {"sourceIp": http["sourceIp"], "userAgent": http["userAgent"]},
            "path": http["path"],
            "protocol": http["protocol"],
            "requestId": context["requestId"],
            "requestTime": context["time"],
            "requestTimeEpoch": context["timeEpoch"],
            "resourcePath": route,
            "stage": context["stage"],
        },
        "pathParameters": event.get("pathParameters") or None,
        "stageVariables": event.get("stageVariables"),
        "body": event.get("body"),
        "isBase64Encoded": event["isBase64Encoded"],
    }
