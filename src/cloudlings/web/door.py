"""Who may come in: the owner's browser with its token, or JupyterLab by the socket; forms from here alone."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cloudlings.web import looks

# Nothing but what this process serves is loaded or asked, and no page of another address frames it.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_CLOSED = "This page is for whoever started it, and this browser has not shown the token of this start."
_OPENS = "`cloudlings page` opens it, and prints its address. In JupyterLab, load JupyterLab again."
_ELSEWHERE = "The course page answers at 127.0.0.1 and localhost, and takes forms from its own pages only."


class Door:
    """An ASGI application around another: lets in who may, and marks each request's ``scope``.

    ``request.state.base`` is where JupyterLab shows the page ("" directly), ``request.state.form_key`` what a
    form must carry.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token
        self.form_key = hmac.new(token.encode(), b"forms", "sha256").hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # No page speaks it: whoever asks is not one of ours.
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        refusal = _from_elsewhere(request) or (None if _by_socket(scope) else self._refusal(request))
        if refusal is not None:
            return await _with_headers(refusal, scope, receive, send)
        base = request.headers.get("x-proxycontextpath", "") if _by_socket(scope) else ""
        scope.setdefault("state", {}).update(form_key=self.form_key, base=base)

        async def marked(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                assert isinstance(headers, list)
                present = {name for name, _ in headers}
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in present]
                message = {**message, "headers": [*headers, *more]}
            await send(message)

        return await self._app(scope, receive, marked)  # type: ignore[arg-type]

    def _refusal(self, request: Request) -> Response | None:
        port = request.scope["server"][1]
        own = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        # A name of somebody else's that leads here is how a page elsewhere would get in (DNS rebinding).
        if request.headers.get("host", "") not in own:
            return _said(_ELSEWHERE, 421)
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc not in own:
            return _said(_ELSEWHERE, 403)
        if self._is(request.query_params.get("token", "")):
            return self._let_in(request, f"cloudlings-{port}")
        if not self._is(_cookie(request.headers, f"cloudlings-{port}")):
            return _said(_CLOSED, 403, _OPENS)
        return None

    def _is(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _let_in(self, request: Request, cookie: str) -> Response:
        """The same address without the token, so that it stays in no history."""
        rest = [(k, v) for k, v in parse_qsl(request.url.query) if k != "token"]
        answer = RedirectResponse(request.url.path + (f"?{urlencode(rest)}" if rest else ""), 303)
        answer.set_cookie(cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer


def form_is_ours(request: Request, form: Mapping[str, object]) -> bool:
    """Whether a form came from one of these pages: its key says so, wherever it is shown."""
    return hmac.compare_digest(str(form.get("key", "")), request.state.form_key)


def _from_elsewhere(request: Request) -> Response | None:
    """The refusal of what a page of another origin loads or sends; a link from there may lead here."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site in ("same-origin", "none") or request.headers.get("sec-fetch-mode") == "navigate":
        return None
    return _said(_ELSEWHERE, 403)


def _said(message: str, status: int, next_step: str = "") -> Response:
    """A page that loads nothing: whoever is not let in gets no style sheet either."""
    return HTMLResponse(looks.page("closed.html", message=message, next_step=next_step), status)


def _by_socket(scope: Scope) -> bool:
    """Whether a request came by the UNIX socket: the system lets its owner alone connect there."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _cookie(headers: Mapping[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _with_headers(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    for name, value in HEADERS.items():
        answer.headers[name] = value
    await answer(scope, receive, send)
