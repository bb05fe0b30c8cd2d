"""The course page's addresses: which shows what, which form does what."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cloudlings.errors import CloudlingsError, UnknownLab, UnknownTask
from cloudlings.grading.standing import RECORDS
from cloudlings.web import door, looks
from cloudlings.web.actions import ACTIONS, Said
from cloudlings.web.follow import MAP, Followers
from cloudlings.web.pages import PAGES, Shown, cohort, course, current, lab_page
from cloudlings.web.reading import Reader

_STATIC = Path(__file__).parent / "static"
_MOST_SAID = 200
_LONGEST_FORM = 100_000


class Site:
    """The pages of one learner's course. ``_said`` keeps what forms did until the next page has told it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.reader = Reader(root, home)
        self.followers = Followers(self.reader.space, home / RECORDS)
        self._said: OrderedDict[str, Said] = OrderedDict()
        self._numbers = itertools.count(1)

    def page(self, make: Callable[..., Shown]) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that shows what ``make(reader, request)`` gathers."""

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._shown, make, request)

        return endpoint

    async def now(self, _: Request) -> Response:
        """The lab to go on with."""
        name = await run_in_threadpool(current, self.reader)
        # Without the place where JupyterLab shows the page: it puts that before an address itself.
        return RedirectResponse(f"/labs/{name}" if name else "/", 303)

    async def act(self, request: Request) -> Response:
        """What a form asks for; the answer leads back to the lab's page, which tells what came of it."""
        if int(request.headers.get("content-length") or 0) > _LONGEST_FORM:
            return self._problem(request, "This form is too long.", "", 413)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        if not door.form_is_ours(request, form):
            return self._problem(
                request,
                "This form is not from the page as it runs now: nothing was done.",
                "load the page again, and send the form from there",
                403,
            )
        lab, action = request.path_params["lab"], ACTIONS.get(request.path_params["action"])
        if action is None:
            return self._problem(request, "There is no such form.", "", 404)
        try:
            said = await run_in_threadpool(action, self.reader, lab, form)
        except CloudlingsError as error:
            said = Said(error.message, (f"Next: {error.next_step}",) if error.next_step else (), well=False)
        self.followers.tell(lab)
        self.followers.tell(MAP)
        return self._back(lab, said)

    async def events(self, request: Request) -> Response:
        """The news of a lab, or of the whole course for the map, as they come."""
        name = request.path_params.get("lab", MAP)
        if name != MAP:
            await run_in_threadpool(self.reader.standing, name)
        return StreamingResponse(
            self.followers.events(name),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        """An error of ours as a page with words."""
        assert isinstance(error, CloudlingsError)
        status = 404 if isinstance(error, UnknownLab | UnknownTask) else 503
        return self._problem(request, error.message, error.next_step, status)

    async def missing(self, request: Request, _: Exception) -> Response:
        """No such page."""
        return self._problem(request, "There is no such page.", "the map leads to every one", 404)

    def _shown(self, make: Callable[..., Shown], request: Request) -> Response:
        shown = make(self.reader, request)
        said = self._said.pop(request.query_params.get("said", ""), None)
        return _html(request, shown.template, {**shown.values, "said": said})

    def _back(self, lab: str, said: Said) -> Response:
        number = str(next(self._numbers))
        self._said[number] = said
        while len(self._said) > _MOST_SAID:
            self._said.popitem(last=False)
        where = f"/labs/{quote(lab)}?said={number}"
        return RedirectResponse(where + (f"#{quote(said.anchor)}" if said.anchor else ""), 303)

    def _problem(self, request: Request, message: str, next_step: str, status: int) -> Response:
        return _html(request, "problem.html", {"message": message, "next_step": next_step}, status)


def _html(request: Request, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    base = request.state.base
    key = request.state.form_key
    return HTMLResponse(looks.page(template, base=base, key=key, **values), status)


def application(root: Path, home: Path) -> Starlette:
    """The ASGI application of one home's course page. ``door.Door`` stands before it."""
    site = Site(root, home)
    routes = [
        Route("/", site.page(course)),
        Route("/now", site.now),
        Route("/events", site.events),
        Route("/cohort", site.page(cohort)),
        Route("/labs/{lab}", site.page(lab_page)),
        Route("/labs/{lab}/events", site.events),
        *(Route(f"/labs/{{lab}}/{name}", site.page(make)) for name, make in PAGES.items()),
        Route("/labs/{lab}/do/{action}", site.act, methods=["POST"]),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    return Starlette(routes=routes, exception_handlers={CloudlingsError: site.refused, 404: site.missing})
