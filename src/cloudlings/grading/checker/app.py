"""The checker's side of the socket: `Learner` over HTTP, one route a verb."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cloudlings.errors import CloudlingsError
from cloudlings.grading.tutor import Tutor
from cloudlings.grading.workspace import Workspace
from cloudlings.lab import Catalogue


def app(tutor: Tutor) -> Starlette:
    """The ASGI application that answers for one learner."""
    verbs: dict[str, tuple[str, Callable[[Request], Any]]] = {
        "/health": ("GET", lambda _: {"pid": os.getpid()}),
        "/labs/{lab}/open": (
            "POST",
            lambda request: _opened(tutor, _for(tutor, request).open(_lab(request))),
        ),
        "/labs/{lab}/reset": (
            "POST",
            lambda request: _opened(tutor, _for(tutor, request).reset(_lab(request))),
        ),
        "/labs/{lab}/check": ("POST", lambda request: _checked(_for(tutor, request), _lab(request), None)),
        "/labs/{lab}/check/{task}": (
            "POST",
            lambda request: _checked(_for(tutor, request), _lab(request), _task(request)),
        ),
        "/labs/{lab}/hint/{task}": (
            "POST",
            lambda request: asdict(_for(tutor, request).hint(_lab(request), _task(request))),
        ),
        "/labs/{lab}/progress": ("GET", lambda request: _progress(_for(tutor, request), _lab(request))),
    }
    routes = [Route(path, _endpoint(verb), methods=[method]) for path, (method, verb) in verbs.items()]
    return Starlette(routes=routes, exception_handlers={CloudlingsError: _refused})


def _endpoint(verb: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(await run_in_threadpool(verb, request))

    return endpoint


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CloudlingsError)
    body = {"error": type(error).__name__, "message": error.message, "next_step": error.next_step}
    return JSONResponse(body, status_code=400)


def _for(tutor: Tutor, request: Request) -> Tutor:
    return tutor.for_seed(request.query_params.get("seed"))


def _lab(request: Request) -> str:
    return str(request.path_params["lab"])


def _task(request: Request) -> str:
    return str(request.path_params["task"])


def _opened(tutor: Tutor, space: Workspace) -> dict[str, Any]:
    after = Catalogue(tutor.root).after(space.lab.name)
    return {
        "next_lab": after.name if after else "",
        "next_title": after.title if after else "",
        "lab": space.lab.name,
        "title": space.lab.title,
        "seed": space.seed,
        "account_ids": dict(space.account_ids),
        "environment": space.variables(),
        "brief": space.brief.to_json(),
        "notice": tutor.records.notice,
    }


def _checked(tutor: Tutor, lab: str, task: str | None) -> list[dict[str, Any]]:
    return [verdict.without_evidence().to_json() for verdict in tutor.check(lab, task)]


def _progress(tutor: Tutor, lab: str) -> list[dict[str, Any]]:
    rows = tutor.progress(lab)
    return [
        {"title": task.title, "points": task.points, "standing": asdict(standing)} for task, standing in rows
    ]
