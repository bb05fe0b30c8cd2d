"""A learner's place for tests: a sandbox with a checker, and the course page of it in this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from cloudlings.grading.checker import Checker
from cloudlings.grading.workspace import Workspace, prepare
from cloudlings.lab import learner
from cloudlings.sandbox import Sandbox
from cloudlings.web.app import application
from cloudlings.web.door import Door

COURSE = Path(__file__).parents[1] / "grading" / "course"
LAB, TOKEN = "990-notes", "a-token-of-this-test"
ADDRESS = "http://127.0.0.1:4580"


@contextmanager
def learners_place(root: Path = COURSE, lab: str = LAB) -> Iterator[Workspace]:
    """A running sandbox that keeps what is done, its checker, and a lab with its start state."""
    with Sandbox.temporary(keeps=True) as sandbox:
        checker = Checker.start(root, sandbox.home)
        try:
            yield prepare(sandbox, root, lab, learner(sandbox.home).seed)
        finally:
            checker.stop()


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, home: Path, root: Path = COURSE) -> None:
        self.door = Door(application(root, home), TOKEN)
        self.cookies: dict[str, str] = {"cloudlings-4580": TOKEN}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, redirects not followed."""
        transport = httpx.ASGITransport(app=self.door)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=self.cookies) as client:
            return await client.request(method, path, **more)

    async def get(self, path: str, **more: Any) -> str:
        """A page that must be there."""
        answer = await self.ask("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, action: str, lab: str = LAB, **fields: str) -> str:
        """A form, with the key of its page; gives the page that it leads to."""
        answer = await self.ask(
            "POST", f"/labs/{lab}/do/{action}", data={"key": self.door.form_key, **fields}
        )
        assert answer.status_code == 303, answer.text
        return await self.get(answer.headers["location"].partition("#")[0])


def words(page: str) -> str:
    """A page's text, as one line."""
    import html

    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def value_of(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]
