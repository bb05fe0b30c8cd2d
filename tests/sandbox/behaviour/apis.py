"""Functions over HTTP: function URLs, and API Gateway's REST and HTTP APIs."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.sandbox.behaviour.probe import Aws, probe, refused, same
from tests.sandbox.behaviour.wiring import function_arn

URLS = "Lambda Developer Guide, Invoking Lambda function URLs; Control access to Lambda function URLs"
REST = "API Gateway Developer Guide, Lambda proxy integrations in API Gateway"
HTTP = "API Gateway Developer Guide, Create AWS Lambda proxy integrations for HTTP APIs"
ERRORS = "API Gateway Developer Guide, Gateway response types; Handle Lambda errors in API Gateway"
ECHO = (
    "import json\ndef handler(event, context):\n"
    "    return {'statusCode': 200, 'headers': {'content-type': 'application/json', 'x-own': 'yes'}, "
    "'body': json.dumps(event)}\n"
)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    aws: Aws, url: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    """One HTTP request to an address of the sandbox's, whatever its host resolves to."""
    where = urlsplit(url)
    endpoint = urlsplit(aws.lambda_.meta.endpoint_url)
    connection = http.client.HTTPConnection(endpoint.hostname or "", endpoint.port, timeout=30)
    path = (where.path or "/") + (f"?{where.query}" if where.query else "")
    connection.request(method, path, body=body or None, headers={"Host": where.netloc, **(headers or {})})
    answer = connection.getresponse()
    found = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return found


def signed(aws: Aws, url: str, service: str) -> dict[str, str]:
    """The headers of a request signed by the account's own keys."""
    request = AWSRequest("GET", url)
    keys = aws.lambda_._request_signer._credentials.get_frozen_credentials()
    SigV4Auth(keys, service, "us-east-1").add_auth(request)
    return dict(request.headers)


# --- function URLs --------------------------------------------------------------------------------


def address(aws: Aws, code: str = ECHO, kind: str = "NONE", opened: bool = True) -> str:
    """A function's URL."""
    name = aws.function(code)
    url: str = aws.lambda_.create_function_url_config(FunctionName=name, AuthType=kind)["FunctionUrl"]
    if opened:
        aws.lambda_.add_permission(
            FunctionName=name,
            StatementId="url",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType=kind,
        )
        aws.lambda_.add_permission(
            FunctionName=name,
            StatementId="invoke",
            Action="lambda:InvokeFunction",
            Principal="*",
            InvokedViaFunctionUrl=True,
        )
    return url


@probe("Lambda", URLS)
def url_event(aws: Aws) -> None:
    """A function URL gives the request in payload format 2.0."""
    url = address(aws)
    reply = call(
        aws, url + "orders/7?a=1&a=2&b=x%20y", "POST", b'{"n": 1}', {"Content-Type": "application/json"}
    )
    same((reply.status, reply.headers["x-own"]), (200, "yes"))
    found = reply.json
    same(
        (found["version"], found["rawPath"], found["rawQueryString"]), ("2.0", "/orders/7", "a=1&a=2&b=x%20y")
    )
    same((found["queryStringParameters"], found["body"]), ({"a": "1,2", "b": "x y"}, '{"n": 1}'))
    same((found["requestContext"]["http"]["method"], found["isBase64Encoded"]), ("POST", False))


@probe("Lambda", URLS)
def url_plain(aws: Aws) -> None:
    """What a function behind a URL returns without a status is a 200 with that as JSON."""
    reply = call(aws, address(aws, "def handler(event, context): return {'n': 1}\n"))
    same((reply.status, reply.headers["content-type"], reply.json), (200, "application/json", {"n": 1}))


@probe("Lambda", URLS)
def url_binary(aws: Aws) -> None:
    """A body in base64 is sent as its bytes."""
    body = base64.b64encode(b"\x00\xff").decode()
    answer = {"statusCode": 201, "body": body, "isBase64Encoded": True}
    code = f"def handler(event, context): return {answer}\n"
    reply = call(aws, address(aws, code))
    same((reply.status, reply.body), (201, b"\x00\xff"))


@probe("Lambda", URLS)
def url_fails(aws: Aws) -> None:
    """A function that fails behind a URL is a 502 that does not tell its error."""
    reply = call(aws, address(aws, "def handler(event, context): raise ValueError('secret')\n"))
    same(reply.status, 502)
    assert b"secret" not in reply.body, reply.body


@probe("Lambda", URLS)
def url_needs_a_policy(aws: Aws) -> None:
    """A URL without authentication still wants the function's policy to let everyone in."""
    reply = call(aws, address(aws, opened=False))
    same(reply.status, 403)


@probe("Lambda", URLS)
def url_signed(aws: Aws) -> None:
    """A URL with AWS_IAM refuses who does not sign, and takes who does."""
    url = address(aws, kind="AWS_IAM", opened=False)
    same((call(aws, url).status, call(aws, url, headers=signed(aws, url, "lambda")).status), (403, 200))


@probe("Lambda", URLS)
def url_of_no_function(aws: Aws) -> None:
    """A URL that is deleted answers no more."""
    name = aws.function(ECHO)
    url = aws.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    aws.lambda_.delete_function_url_config(FunctionName=name)
    same(call(aws, url).status in (403, 404), True)


# --- REST APIs ------------------------------------------------------------------------------------


def allow(aws: Aws, name: str) -> None:
    aws.lambda_.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )


def rest(
    aws: Aws, code: str = ECHO, path: str = "{proxy+}", allowed: bool = True, **method: Any
) -> tuple[str, str]:
    """A REST API that hands everything to a function: its address, and its id."""
    name = aws.function(code)
    if allowed:
        allow(aws, name)
    api = aws.apigateway.create_rest_api(name=aws.name("api"))["id"]
    root = aws.apigateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = aws.apigateway.create_resource(restApiId=api, parentId=root, pathPart=path)["id"]
    settings = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
    aws.apigateway.put_method(**settings, **({"authorizationType": "NONE"} | method))
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn(aws, name)}/invocations"
    )
    aws.apigateway.put_integration(**settings, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    aws.apigateway.create_deployment(restApiId=api, stageName="prod")
    port = urlsplit(aws.lambda_.meta.endpoint_url).port
    return f"http://{api}.execute-api.localhost:{port}/prod/", api


@probe("API Gateway", REST)
def rest_event(aws: Aws) -> None:
    """A REST API gives the request in format 1.0, with path, parameters, lists of values and context."""
    url, api = rest(aws)
    reply = call(aws, url + "orders/7?a=1&a=2", "POST", b"text", {"X-Own": "v"})
    same((reply.status, reply.headers["x-own"]), (200, "yes"))
    found = reply.json
    same((found["resource"], found["path"], found["httpMethod"]), ("/{proxy+}", "/orders/7", "POST"))
    same((found["pathParameters"], found["body"]), ({"proxy": "orders/7"}, "text"))
    same(found["multiValueQueryStringParameters"], {"a": ["1", "2"]})
    same((found["queryStringParameters"], found["isBase64Encoded"]), ({"a": "2"}, False))
    context = found["requestContext"]
    same((context["stage"], context["apiId"], context["accountId"]), ("prod", api, aws.account_id))


for _sentence, _code in (
    ("A function that fails is a 502.", "raise ValueError('secret')"),
    ("An answer without a status is a 502.", "return {'message': 'hi'}"),
    ("An answer that is a text is a 502.", "return 'hi'"),
    ("An answer whose body is no text is a 502.", "return {'statusCode': 200, 'body': {'a': 1}}"),
    ("An answer whose status is no number is a 502.", "return {'statusCode': 'fine', 'body': ''}"),
    ("A function that times out is a 502.", "import time; time.sleep(9)"),
):

    @probe("API Gateway", ERRORS, sentence=_sentence)
    def malformed(aws: Aws, _c: str = _code) -> None:
        url, _ = rest(aws, f"def handler(event, context):\n    {_c}\n")
        reply = call(aws, url + "x")
        same((reply.status, reply.json), (502, {"message": "Internal server error"}))


@probe("API Gateway", ERRORS)
def rest_no_route(aws: Aws) -> None:
    """A path that a REST API lacks is a 403, Missing Authentication Token."""
    url, _ = rest(aws, path="orders")
    reply = call(aws, url + "refunds")
    same((reply.status, reply.json), (403, {"message": "Missing Authentication Token"}))


@probe("API Gateway", ERRORS)
def rest_not_deployed(aws: Aws) -> None:
    """A stage that is not there is a 403."""
    url, _ = rest(aws)
    same(call(aws, url.replace("/prod/", "/test/") + "x").status, 403)


@probe(
    "API Gateway",
    "API Gateway Developer Guide, Set up Lambda proxy integrations: permissions; Troubleshooting",
)
def rest_not_allowed(aws: Aws) -> None:
    """A function that does not let API Gateway in is a 500."""
    url, _ = rest(aws, allowed=False)
    reply = call(aws, url + "x")
    same((reply.status, reply.json), (500, {"message": "Internal server error"}))


@probe("API Gateway", "API Gateway Developer Guide, Integration throttling; Lambda errors")
def rest_throttled(aws: Aws) -> None:
    """A throttled function behind a REST API is a 500 or 502 of the API."""
    url, api = rest(aws)
    name = aws.lambda_.list_functions()["Functions"][0]["FunctionName"]
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    reply = call(aws, url + "x")
    same((reply.status in (500, 502), reply.json), (True, {"message": "Internal server error"}))
    assert api


@probe("API Gateway", "API Gateway Developer Guide, Usage plans and API keys for REST APIs")
def api_key(aws: Aws) -> None:
    """A method that wants an API key refuses who has none, and takes one of its usage plan."""
    url, api = rest(aws, apiKeyRequired=True)
    key = aws.apigateway.create_api_key(name="k", enabled=True)
    plan = aws.apigateway.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "prod"}])["id"]
    aws.apigateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    same(call(aws, url + "x").status, 403)
    same(call(aws, url + "x", headers={"X-Api-Key": "wrong"}).status, 403)
    value = aws.apigateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
    same(call(aws, url + "x", headers={"X-Api-Key": value}).status, 200)


@probe("API Gateway", "API Gateway Developer Guide, Throttle requests to your REST APIs: usage plans, 429")
def usage_plan(aws: Aws) -> None:
    """A usage plan's quota answers 429 once it is used up."""
    url, api = rest(aws, apiKeyRequired=True)
    key = aws.apigateway.create_api_key(name="k", enabled=True)
    plan = aws.apigateway.create_usage_plan(
        name="p", apiStages=[{"apiId": api, "stage": "prod"}], quota={"limit": 2, "period": "DAY"}
    )["id"]
    aws.apigateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    value = aws.apigateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
    found = [call(aws, url + "x", headers={"X-Api-Key": value}) for _ in range(3)]
    same([each.status for each in found], [200, 200, 429])
    same(found[2].json, {"message": "Limit Exceeded"})


AUTHORIZER = (
    "def handler(event, context):\n    token = event['authorizationToken']\n    if token == 'bad':\n"
    "        raise Exception('Unauthorized')\n    effect = 'Allow' if token == 'good' else 'Deny'\n"
    "    statement = {'Action': 'execute-api:Invoke', 'Effect': effect, 'Resource': event['methodArn']}\n"
    "    return {'principalId': 'ada', 'context': {'team': 'shop'}, "
    "'policyDocument': {'Version': '2012-10-17', 'Statement': [statement]}}\n"
)


@probe("API Gateway", "API Gateway Developer Guide, Use API Gateway Lambda authorizers")
def authorizer(aws: Aws) -> None:
    """A Lambda authorizer lets in, refuses with 403, and is asked nothing without a token (401)."""
    name = aws.function(AUTHORIZER)
    allow(aws, name)
    url, api = rest(aws)
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn(aws, name)}/invocations"
    )
    made = aws.apigateway.create_authorizer(
        restApiId=api,
        name="a",
        type="TOKEN",
        authorizerUri=uri,
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=0,
    )["id"]
    every = aws.apigateway.get_resources(restApiId=api)["items"]
    resource = next(each["id"] for each in every if each["path"] != "/")
    aws.apigateway.update_method(
        restApiId=api,
        resourceId=resource,
        httpMethod="ANY",
        patchOperations=[
            {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
            {"op": "replace", "path": "/authorizerId", "value": made},
        ],
    )
    aws.apigateway.create_deployment(restApiId=api, stageName="prod")
    found = [
        call(aws, url + "x", headers={"Authorization": token} if token else {})
        for token in ("good", "other", "bad", "")
    ]
    same([each.status for each in found], [200, 403, 401, 401])
    same(found[0].json["requestContext"]["authorizer"]["team"], "shop")


@probe("API Gateway", "API Gateway Developer Guide, Mock integrations in API Gateway")
def mocked(aws: Aws) -> None:
    """A mock integration answers by itself."""
    api = aws.apigateway.create_rest_api(name=aws.name("api"))["id"]
    root = aws.apigateway.get_resources(restApiId=api)["items"][0]["id"]
    settings = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    aws.apigateway.put_method(**settings, authorizationType="NONE")
    aws.apigateway.put_integration(
        **settings, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    aws.apigateway.put_method_response(**settings, statusCode="200")
    aws.apigateway.put_integration_response(
        **settings, statusCode="200", responseTemplates={"application/json": '{"fine": true}'}
    )
    aws.apigateway.create_deployment(restApiId=api, stageName="prod")
    port = urlsplit(aws.lambda_.meta.endpoint_url).port
    reply = call(aws, f"http://{api}.execute-api.localhost:{port}/prod")
    same((reply.status, reply.json), (200, {"fine": True}))


# --- HTTP APIs ------------------------------------------------------------------------------------


def web(
    aws: Aws, code: str = ECHO, route: str = "$default", allowed: bool = True, version: str = "2.0"
) -> tuple[str, str]:
    """An HTTP API that hands a route to a function: its address, and its id."""
    name = aws.function(code)
    if allowed:
        allow(aws, name)
    api = aws.apigatewayv2.create_api(Name=aws.name("api"), ProtocolType="HTTP")["ApiId"]
    made = aws.apigatewayv2.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(aws, name),
        PayloadFormatVersion=version,
    )["IntegrationId"]
    aws.apigatewayv2.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{made}")
    aws.apigatewayv2.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    port = urlsplit(aws.lambda_.meta.endpoint_url).port
    return f"http://{api}.execute-api.localhost:{port}/", api


@probe("API Gateway", HTTP)
def web_event(aws: Aws) -> None:
    """An HTTP API gives the request in format 2.0, with its route and path parameters."""
    url, api = web(aws, route="POST /orders/{id}")
    reply = call(
        aws, url + "orders/7?a=1&a=2", "POST", b"text", {"Content-Type": "text/plain", "Cookie": "c=1; d=2"}
    )
    same((reply.status, reply.headers["x-own"]), (200, "yes"))
    found = reply.json
    same((found["version"], found["routeKey"], found["rawPath"]), ("2.0", "POST /orders/{id}", "/orders/7"))
    same((found["pathParameters"], found["body"], found["cookies"]), ({"id": "7"}, "text", ["c=1", "d=2"]))
    same((found["queryStringParameters"], found["rawQueryString"]), ({"a": "1,2"}, "a=1&a=2"))
    same((found["requestContext"]["apiId"], found["requestContext"]["http"]["method"]), (api, "POST"))


@probe("API Gateway", HTTP)
def web_plain(aws: Aws) -> None:
    """In format 2.0, an answer without a status is a 200 with that as JSON."""
    url, _ = web(aws, "def handler(event, context): return {'n': 1}\n")
    reply = call(aws, url)
    same((reply.status, reply.headers["content-type"], reply.json), (200, "application/json", {"n": 1}))


@probe("API Gateway", HTTP)
def web_first_format(aws: Aws) -> None:
    """An HTTP API can give the request in format 1.0."""
    url, _ = web(aws, version="1.0")
    found = call(aws, url + "x?a=1&a=2").json
    same((found["version"], found["httpMethod"]), ("1.0", "GET"))
    same(found["multiValueQueryStringParameters"], {"a": ["1", "2"]})


@probe("API Gateway", HTTP)
def web_fails(aws: Aws) -> None:
    """A function that fails behind an HTTP API is a 500 that does not tell its error."""
    url, _ = web(aws, "def handler(event, context): raise ValueError('secret')\n")
    reply = call(aws, url)
    same((reply.status, reply.json), (500, {"message": "Internal Server Error"}))


@probe("API Gateway", "API Gateway Developer Guide, Create routes for HTTP APIs")
def web_no_route(aws: Aws) -> None:
    """A path that an HTTP API lacks is a 404."""
    url, _ = web(aws, route="GET /orders")
    reply = call(aws, url + "refunds")
    same((reply.status, reply.json), (404, {"message": "Not Found"}))


@probe("API Gateway", "API Gateway Developer Guide, Create routes for HTTP APIs")
def most_specific(aws: Aws) -> None:
    """An exact route goes before one with a parameter, and that before a greedy one."""
    url, api = web(aws, route="GET /{proxy+}")
    integration = aws.apigatewayv2.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
    for route in ("GET /pets/{id}", "GET /pets/dog", "$default"):
        aws.apigatewayv2.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}")
    found = [
        call(aws, url + path, method).json["routeKey"]
        for path, method in (("pets/dog", "GET"), ("pets/7", "GET"), ("x/y", "GET"), ("x", "POST"))
    ]
    same(found, ["GET /pets/dog", "GET /pets/{id}", "GET /{proxy+}", "$default"])


@probe("API Gateway", HTTP)
def web_not_allowed(aws: Aws) -> None:
    """A function that does not let an HTTP API in is a 500."""
    url, _ = web(aws, allowed=False)
    reply = call(aws, url)
    same((reply.status, reply.json), (500, {"message": "Internal Server Error"}))


@probe("API Gateway", "API Gateway Developer Guide, Configure CORS for HTTP APIs in API Gateway")
def cors(aws: Aws) -> None:
    """An HTTP API with CORS answers the preflight by itself."""
    url, api = web(aws, route="GET /orders")
    aws.apigatewayv2.update_api(
        ApiId=api, CorsConfiguration={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"]}
    )
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    reply = call(aws, url + "orders", "OPTIONS", headers=asked)
    same((reply.status, reply.headers.get("access-control-allow-origin")), (204, "https://shop.example"))
    other = call(aws, url + "orders", "OPTIONS", headers=asked | {"Origin": "https://other.example"})
    same(other.headers.get("access-control-allow-origin"), None)


refused(
    "API Gateway",
    "NotFoundException",
    "A REST API that is not there is not found.",
    "API Gateway API reference, GetRestApi",
    lambda a: a.apigateway.get_rest_api(restApiId="abcdefghij"),
)
refused(
    "API Gateway",
    "BadRequestException",
    "An API without methods is not deployed.",
    "API Gateway API reference, CreateDeployment",
    lambda a: a.apigateway.create_deployment(
        restApiId=a.apigateway.create_rest_api(name="empty")["id"], stageName="prod"
    ),
)
refused(
    "API Gateway",
    "ConflictException",
    "A resource's path is given once.",
    "API Gateway API reference, CreateResource",
    lambda a: [
        a.apigateway.create_resource(
            restApiId=api, parentId=a.apigateway.get_resources(restApiId=api)["items"][0]["id"], pathPart="x"
        )
        for api in [a.apigateway.create_rest_api(name="twice")["id"]] * 2
    ],
)
