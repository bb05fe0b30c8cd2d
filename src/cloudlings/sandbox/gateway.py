"""The one door: every request is identified, authenticated, sent to its emulator, and journalled."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox import identify, oldsigs, rules, sigv4, wire
from cloudlings.sandbox.accounts import Accounts, as_root
from cloudlings.sandbox.authorization.authorizer import Authorizer
from cloudlings.sandbox.emulators.contract import Emulator
from cloudlings.sandbox.emulators.gateway import NAME as OWN_SERVICES
from cloudlings.sandbox.gate import Gate
from cloudlings.sandbox.identify import Target
from cloudlings.sandbox.journal import Journal, entry_of
from cloudlings.sandbox.mirror import Mirror
from cloudlings.sandbox.model import Call, Caller, Request, Response
from cloudlings.sandbox.operations import operation_of, service_index
from cloudlings.sandbox.own.desk import Desk
from cloudlings.sandbox.routes import BY_MODEL, BY_SERVICE, Route
from cloudlings.sandbox.sigv4 import Refusal, Signature

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# Bodies are held in memory while they are checked and sent on.
LARGEST_BODY = 256 * 1024 * 1024
# Keys that open an emulator as root. They never count as keys here.
_ROOT_KEYS = ("test",)
# What anyone may do with a bucket that lets them, unsigned. Making or listing buckets is never that.
_NEVER_ANONYMOUS = ("CreateBucket", "ListBuckets", "DeleteBucket")


@dataclass(frozen=True)
class Refused(Exception):
    """A request that goes no further, and the answer that it gets."""

    status: int
    code: str
    message: str


class Gateway:
    """The ASGI application behind both ports.

    ``emulators`` by name, as the routing table names them. ``wrote`` is called with emulator and account
    after every request that may have changed something. ``gate`` holds requests back while it must.
    """

    def __init__(
        self,
        emulators: Mapping[str, Emulator],
        accounts: Accounts,
        journal: Journal,
        mirror: Mirror,
        wrote: Callable[[str, str], None],
        gate: Gate,
        authorizer: Authorizer,
        desk: Desk | None = None,
    ) -> None:
        self._emulators = emulators
        self._accounts = accounts
        self._journal = journal
        self._mirror = mirror
        self._wrote = wrote
        self._gate = gate
        self._authorizer = authorizer
        self._desk = desk
        if desk is not None:
            desk.door = self._by_desk
            desk.look_up = authorizer.facts

    def port(self, *, secure: bool) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """The ASGI application of one port; requests by it count as TLS, or do not."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            request = _request(scope, secure)
            try:
                body = await _read_body(request, receive)
            except Refused as refused:
                response = wire.error(request, "s3", refused.status, refused.code, refused.message)
            else:
                response = await self.answer(replace(request, body=body))
            await _send(response, send)

        return app

    async def answer(self, request: Request) -> Response:
        """Answer one request. Whatever goes wrong, the answer has AWS's shape."""
        service = "" if request.form.get("Action") else "s3"
        try:
            signature = sigv4.read_signature(request)
            target = _target(request, signature)
            service = target.service
            return await self._answer(request, signature, target)
        except Refused as refused:
            return wire.error(request, service, refused.status, refused.code, refused.message)
        except (ConnectionError, TimeoutError, SandboxError):
            return wire.error(request, service, 503, "ServiceUnavailable", _UNAVAILABLE)
        except Exception as error:
            print(f"{request.method} {request.raw_path}: {type(error).__name__}: {error}", flush=True)
            return wire.error(request, service, 500, "InternalFailure", _INTERNAL)

    async def _answer(
        self, request: Request, signature: Signature | Refusal | None, target: Target
    ) -> Response:
        route = _route(target.service)
        service, operation = _operation(request, route, target)
        caller = await self._authenticate(request, signature, target)
        if caller is None and operation in _NEVER_ANONYMOUS:
            raise Refused(403, "AccessDenied", "Access Denied")
        account_id = caller.account_id if caller else ""
        resource = identify.resource_of(request, target)
        call = Call(request, service, operation, target.region, caller, account_id, resource)
        if not call.reads:
            await self._gate.wait(account_id)
        with self._gate.writing(call):
            response = await self._carry_out(call, route, target.path)
            self._note(call, route, response)
        return response

    async def _by_desk(self, call: Call, waits: bool) -> Response:
        """A call that the gateway itself makes in a caller's name, as if it had come by the port."""
        route = BY_MODEL[call.service]
        # An emulator reads account and Region from a signature's scope; who calls is the authoriser's matter.
        signed = as_root(call.request, call.account_id, call.region, route.service)
        call = replace(call, request=signed)
        if waits and not call.reads:
            await self._gate.wait(call.account_id)
        with self._gate.writing(call):
            try:
                response = await self._carry_out(call, route, signed.raw_path)
            except Refused as refused:
                response = wire.error(signed, call.service, refused.status, refused.code, refused.message)
            except (ConnectionError, TimeoutError, SandboxError):
                response = wire.error(signed, call.service, 503, "ServiceUnavailable", _UNAVAILABLE)
            self._note(call, route, response)
        return response

    async def _carry_out(self, call: Call, route: Route, path: str) -> Response:
        """The answer to a call, if its caller may make it and AWS would take it."""
        ruling = await self._authorizer.before(call, route.service, path)
        if ruling.answer is not None:
            return ruling.answer
        ask = functools.partial(self._follow_up, call)
        checked = await rules.before(call, ask, self._authorizer.facts)
        if isinstance(checked, Response):
            response = checked
        else:
            response = await self._forward(checked, route, ruling.account_id)
        response = await rules.after(call, response, ask, self._authorizer.facts)
        return await self._authorizer.after(call, route.service, response)

    async def _forward(self, call: Call, route: Route, elsewhere: str) -> Response:
        """Send a call on. ``elsewhere`` is the account to answer it in, where that is not the caller's."""
        if self._desk is not None and self._desk.answers(call):
            there = replace(call, account_id=elsewhere or call.account_id)
            return await self._desk.answer(there, lambda *extra: self._follow_up(there, *extra))
        emulator = self._emulators[route.emulator]
        await self._mirror.before(call, emulator)
        request, account_id = call.request, elsewhere or call.account_id
        if elsewhere or call.source == "grader":
            request = as_root(request, account_id, call.region, route.service)
            if elsewhere and not call.reads:
                self._wrote(route.emulator, elsewhere)
        host = service_index(call.service).endpoint_prefix
        response = await emulator.forward(request, account_id, host)
        # LocalStack tells of its own failures in each service's form.
        if not emulator.upstream and _crashed(response):
            raise _failed(call, route, response)
        return wire.readable(response)

    async def _follow_up(self, call: Call, service: str, request: Request) -> Response:
        """Send a request of the gateway's own to a boto3 service, as the root of the call's account."""
        route = BY_MODEL[service]
        if not call.reads:
            self._wrote(route.emulator, call.account_id)
        request = as_root(request, call.account_id, call.region, route.service)
        host = service_index(service).endpoint_prefix
        return await self._emulators[route.emulator].forward(request, call.account_id, host)

    async def _authenticate(
        self, request: Request, signature: Signature | Refusal | None, target: Target
    ) -> Caller | None:
        """Whoever signed the request; None when nobody did."""
        if isinstance(signature, Refusal) and target.service == "execute-api" and not _names_a_key(request):
            # Somebody's token, for an authorizer of the API's own.
            return None
        if isinstance(signature, Refusal):
            raise Refused(400 if target.service == "s3" else 403, signature.code, signature.message)
        if signature is None:
            return await self._authenticate_s3(request, target) if target.service == "s3" else None
        known = await self._known(signature.access_key_id, signature.token, target.service)
        _raise(sigv4.check_time(signature) or sigv4.verify(request, signature, known.secret_access_key))
        return known

    async def _authenticate_s3(self, request: Request, target: Target) -> Caller | None:
        presigned = oldsigs.read_query(request)
        if presigned is not None:
            known = await self._known(presigned.access_key_id, presigned.token, "s3")
            _raise(presigned.refusal(request, target.path, known.secret_access_key))
            return known
        form = oldsigs.read_form(request) if oldsigs.is_form(request) else None
        if form is None:
            return None
        known = await self._known(form.access_key_id, form.token, "s3")
        _raise(form.refusal(known.secret_access_key))
        return known

    async def _known(self, key: str, token: str, service: str) -> Caller:
        """Whoever has a key, if it may be used now."""
        known = None if key in _ROOT_KEYS or key.isdecimal() else await self._accounts.caller(key)
        if known is None or not known.active:
            raise _unknown_key(service)
        if known.session_token != token:
            raise Refused(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        if known.expires is not None and known.expires < time.time():
            code = "ExpiredToken" if service in ("s3", "sts", "iam", "ec2") else "ExpiredTokenException"
            raise Refused(403, code, "The security token included in the request is expired")
        return known

    def _note(self, call: Call, route: Route, response: Response) -> None:
        self._journal.add(entry_of(call, response), call.account_id)
        if call.reads:
            return
        if call.service in ("iam", "sts", "cloudformation"):
            self._accounts.forget_keys(call.account_id)
        for account_id in {call.account_id, *self._accounts.mentioned(call.request)}:
            self._wrote(route.emulator, account_id)


_UNAVAILABLE = "The sandbox is not answering for this service at the moment. Run `cloudlings doctor`."
_INTERNAL = "The sandbox met an error of its own while answering. Run `cloudlings doctor`."


def _request(scope: Scope, secure: bool) -> Request:
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        raw_path=raw_path.decode("latin-1").partition("?")[0] or "/",
        query_string=scope["query_string"].decode("latin-1"),
        headers=tuple(
            (k.decode("latin-1"), v.decode("utf-8", "surrogateescape")) for k, v in scope["headers"]
        ),
        secure=secure,
    )


async def _read_body(request: Request, receive: Receive) -> bytes:
    declared = request.header("content-length")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _too_large() -> Refused:
    return Refused(
        400, "EntityTooLarge", f"The sandbox takes bodies of at most {LARGEST_BODY // 1024**2} MiB."
    )


async def _send(response: Response, send: Send) -> None:
    headers = [(k.encode("latin-1"), v.encode("utf-8", "surrogateescape")) for k, v in response.headers]
    if not any(name == b"content-length" for name, _ in headers) and response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _target(request: Request, signature: Signature | Refusal | None) -> Target:
    signed = signature if isinstance(signature, Signature) else None
    target = identify.target_of(request, signed)
    if target is None:
        raise Refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    return target


def _route(service: str) -> Route:
    route = BY_SERVICE.get(service)
    if route is None:
        raise Refused(
            400,
            "UnsupportedService",
            f"No emulator in this sandbox serves “{service}”. It serves: {', '.join(sorted(BY_SERVICE))}.",
        )
    return route


def _operation(request: Request, route: Route, target: Target) -> tuple[str, str]:
    if route.service == "execute-api":
        return "apigatewaymanagementapi", "Invoke"
    if target.bucket:
        if not identify.is_bucket_name(target.bucket):
            raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        if request.method == "OPTIONS":
            return "s3", "PreflightObject"
        if oldsigs.is_form(request) and target.path.strip("/") == target.bucket:
            return "s3", "PostObject"
    found = operation_of(request, route.models, target.path)
    if found is None:
        what = (
            request.header("x-amz-target") or request.form.get("Action") or f"{request.method} {request.path}"
        )
        raise Refused(
            400,
            "UnknownOperationException",
            f"“{what[:200]}” is no operation of {' or '.join(route.models)}, as this sandbox knows it.",
        )
    return found


def _raise(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused(403, refusal.code, refusal.message)


def _crashed(response: Response) -> bool:
    """Whether an emulator met an exception of its own: each tells it in a form that is no answer of AWS's."""
    if response.status < 500:
        return False
    told = dict(response.headers).get("content-type", "").startswith("text/plain")
    return told or response.body.startswith(b'{"__type": "InternalError"')


def _failed(call: Call, route: Route, response: Response) -> Refused:
    """What a crash inside an emulator looks like from outside."""
    what = f"{call.service}:{call.operation}"
    if response.status == 501:
        server = "sandbox" if route.emulator == OWN_SERVICES else f"emulator {route.emulator}"
        message = (
            f"The {server} has no {call.operation} of {call.service}; docs/sandbox.md names what is missing."
        )
        return Refused(501, "NotImplemented", message)
    if _is_no_structure(call.request):
        return Refused(400, "SerializationException", "The request's body is no JSON object.")
    print(f"{route.emulator} failed over {what}", flush=True)
    return Refused(500, "InternalFailure", _INTERNAL)


def _is_no_structure(request: Request) -> bool:
    """Whether what names its operation by a header brings along something else than an object in JSON."""
    if not request.header("x-amz-target"):
        return False
    try:
        return not isinstance(json.loads(request.content or b"{}"), dict)
    except (ValueError, RecursionError):
        return True


def _names_a_key(request: Request) -> bool:
    """Whether an Authorization header, or a query, is meant as a signature of AWS's."""
    return request.header("authorization").startswith("AWS4-") or "X-Amz-Credential=" in request.query_string


def _unknown_key(service: str) -> Refused:
    if service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return Refused(403, "InvalidAccessKeyId", message)
    code = "AuthFailure" if service == "ec2" else "InvalidClientTokenId"
    if service in ("dynamodb", "lambda", "ssm", "kms", "secretsmanager", "logs", "states", "events"):
        code = "UnrecognizedClientException"
    return Refused(403, code, "The security token included in the request is invalid.")
