"""Who may come in: the owner's browser, JupyterLab by the socket; other hosts, origins and forms may not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.web.place import ADDRESS, LAB, TOKEN, Visitor


def ask(visitor: Visitor, method: str = "GET", path: str = "/", **more: Any) -> Any:
    return asyncio.run(visitor.ask(method, path, **more))


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """A browser that has shown its token before, at a page whose sandbox is down."""
    return Visitor(tmp_path)


@pytest.mark.parametrize("cookie", ["", "wrong", TOKEN[:-1], TOKEN + "x"])
def test_without_the_token_nothing_is_shown(visitor: Visitor, cookie: str) -> None:
    """An expired session is told how to come in again."""
    visitor.cookies = {"cloudlings-4580": cookie}
    answer = ask(visitor)
    assert answer.status_code == 403
    assert "cloudlings page" in answer.text
    assert LAB not in answer.text


def test_the_token_becomes_a_cookie_and_leaves_the_address(visitor: Visitor) -> None:
    """No script reads it, and no other site's request carries it."""
    visitor.cookies = {}
    answer = ask(visitor, path=f"/labs/{LAB}?token={TOKEN}&page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/labs/{LAB}?page=2")
    cookie = answer.headers["set-cookie"]
    assert TOKEN in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize(
    "host", ["evil.example:4580", "127.0.0.1:9999", "127.0.0.1", "127.0.0.1.evil.example:4580", ""]
)
def test_a_name_that_was_pointed_here_gets_nothing(visitor: Visitor, host: str) -> None:
    """DNS rebinding: another Host is refused whatever cookie comes with it."""
    answer = ask(visitor, headers={"host": host})
    assert answer.status_code == 421
    assert LAB not in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:8888", "null", "http://127.0.0.1:4580.evil.example"]
)
def test_another_origin_gets_nothing(visitor: Visitor, origin: str) -> None:
    """Not even with the cookie, which browsers send along between ports of one host."""
    for method, path in (("GET", "/"), ("GET", f"/labs/{LAB}/events"), ("POST", f"/labs/{LAB}/do/undo")):
        assert ask(visitor, method, path, headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_loads_is_refused(visitor: Visitor, site: str) -> None:
    """A request without an Origin (an image, a script, JupyterLab's neighbour) says where it is from; a link
    from elsewhere leads here all the same."""
    loads = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert ask(visitor, headers=loads).status_code == 403
    assert ask(visitor, path="/static/live.js", headers=loads).status_code == 403
    assert ask(visitor, headers={**loads, "sec-fetch-mode": "navigate"}).status_code == 200
    assert ask(visitor, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_no_websocket_is_opened(visitor: Visitor) -> None:
    """Whatever its origin, and with the token: no page of ours asks for one."""

    async def knock() -> list[Any]:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {
            "type": "websocket", "path": f"/labs/{LAB}/events", "server": ("127.0.0.1", 4580),
            "query_string": b"", "headers": [(b"cookie", f"cloudlings-4580={TOKEN}".encode())],
        }  # fmt: skip
        await visitor.door(scope, None, send)  # type: ignore[arg-type]
        return said

    assert [one["type"] for one in asyncio.run(knock())] == ["websocket.close"]


@pytest.mark.parametrize("key", [None, "", "0" * 64])
def test_a_form_from_elsewhere_does_nothing(visitor: Visitor, key: str | None) -> None:
    """A form without this start's key is refused, with the way out for a page from before a restart."""
    answer = ask(
        visitor,
        "POST",
        f"/labs/{LAB}/do/reset",
        data={"sure": "yes", **({} if key is None else {"key": key})},
    )
    assert answer.status_code == 403
    assert "load the page again" in answer.text


def test_pages_load_nothing_from_elsewhere_and_are_framed_by_nobody_else(visitor: Visitor) -> None:
    """The policy says so, refusals included, and no page names another host."""
    for answer in (ask(visitor), ask(visitor, path="/zzz"), ask(visitor, headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "//" not in ask(visitor).text.replace(ADDRESS, "")


def test_jupyterlab_comes_by_the_socket(visitor: Visitor) -> None:
    """By the UNIX socket no token is asked for: links lead to where JupyterLab shows the page, forms work."""

    async def by_socket(path: str, method: str = "GET", body: bytes = b"") -> tuple[int, str]:
        headers = [
            (b"host", b"localhost"),
            (b"origin", b"http://localhost:8888"),
            (b"x-proxycontextpath", b"/user/a/course"),
        ]
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": headers, "server": ("/home/page.sock", None), "scheme": "http",
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            # Who asks for more waits for the visitor to leave, who does not.
            return asked.pop() if asked else await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            sent.append(message)

        await visitor.door(scope, receive, send)
        return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]).decode()

    status, page = asyncio.run(by_socket("/"))
    assert status == 200
    assert f'href="/user/a/course/labs/{LAB}"' in page
    assert asyncio.run(by_socket("/static/style.css"))[0] == 200
    assert asyncio.run(by_socket(f"/labs/{LAB}/do/undo", "POST", b"key=wrong"))[0] == 403
    right = f"key={visitor.door.form_key}".encode()
    assert asyncio.run(by_socket(f"/labs/{LAB}/do/undo", "POST", right))[0] == 303
