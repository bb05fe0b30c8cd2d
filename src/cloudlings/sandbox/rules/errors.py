"""Errors by the codes that the services' models give them."""

from __future__ import annotations

import re
from functools import lru_cache

from cloudlings.sandbox import shapes
from cloudlings.sandbox.model import Response
from cloudlings.sandbox.rules.registry import Given, after

_CODE = re.compile(rb"<Code>([\w.]+)</Code>")


@after("*", "*")
async def codes_of_the_model(given: Given, response: Response) -> Response:
    """An error of the Query protocol has its code, which often is not the name of its shape.

    Source: the service models that AWS publishes, each exception's error.code: SNS's NotFoundException is
    NotFound on the wire.
    """
    if response.status < 400 or not response.body.lstrip().startswith(b"<"):
        return response
    codes = _codes(given.call.service)
    found = _CODE.search(response.body)
    code = codes.get(found[1].decode()) if found else None
    if not code:
        return response
    body = response.body.replace(b"<Code>" + found[1] + b"</Code>", f"<Code>{code}</Code>".encode(), 1)  # type: ignore[index]
    headers = tuple(pair for pair in response.headers if pair[0] != "content-length")
    return Response(response.status, headers, body)


@lru_cache(maxsize=64)
def _codes(service: str) -> dict[str, str]:
    """By the name of an exception's shape: its code, where the two differ and no code has that name."""
    found = {
        name: shape["error"]["code"]
        for name, shape in shapes.model(service)["shapes"].items()
        if shape.get("exception") and shape.get("error", {}).get("code", name) != name
    }
    return {name: code for name, code in found.items() if name not in found.values()}
