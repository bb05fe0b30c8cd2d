"""Which operation of which service a request is, by the service models that botocore ships.

Every protocol of AWS names its operation in another place: an ``Action`` parameter (Query, EC2), the
``X-Amz-Target`` header (JSON), the path (CBOR), or method and path (REST).
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cloudlings.sandbox.model import Request

_CBOR_PATH = re.compile(r"/service/\w+/operation/(\w+)")
_QUEUE_PATH = re.compile(r"/\d{12}/[\w-]{1,80}(\.fifo)?")
# Services with operations for callers who have no AWS credentials yet.
_HAS_SIGN_IN = ("cognito-idp", "cognito-identity", "sts")
_LABEL = re.compile(r"\{([\w-]+)(\+?)\}")


@dataclass(frozen=True)
class RestPattern:
    """One REST operation: the request shape that selects it.

    ``query`` are parameters that must be there (with a value, when one is given); ``headers`` likewise.
    ``beginning`` is what every such path begins with.
    """

    operation: str
    method: str
    beginning: str
    path: re.Pattern[str]
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]
    literals: int

    @property
    def weight(self) -> tuple[int, int]:
        """The more a pattern asks for, the more it is the operation meant."""
        return (len(self.query) + len(self.headers), self.literals)

    def matches(self, request: Request, path: str, query: dict[str, str]) -> bool:
        # A service has a hundred of them: what tells most apart comes first, and costs least.
        if not path.startswith(self.beginning) or request.method != self.method:
            return False
        for name, value in self.query:
            if name not in query or value not in (None, query[name]):
                return False
        return self.path.fullmatch(path) is not None and all(map(request.header, self.headers))


@dataclass(frozen=True)
class ServiceIndex:
    """What the gateway needs of one service's model."""

    service: str
    endpoint_prefix: str
    protocol: str
    version: str
    target_prefix: str
    operations: frozenset[str]
    rest: tuple[RestPattern, ...]


def operation_of(request: Request, models: tuple[str, ...], path: str) -> tuple[str, str] | None:
    """The (botocore service, operation) of a request, or None when no model of the route has it.

    ``path`` is the percent-encoded path to match REST operations with: for S3, path-style.
    """
    for index in map(service_index, models):
        operation = _operation(request, index, path)
        if operation is not None:
            return index.service, operation
    return None


def _operation(request: Request, index: ServiceIndex, path: str) -> str | None:
    if index.protocol.startswith("rest"):
        return _rest_operation(request, index, path)
    if request.header("smithy-protocol"):
        found = _CBOR_PATH.fullmatch(path)
        return _known(index, found[1]) if found else None
    # The other protocols have one path, and SQS one for each queue. An emulator may see more in a path.
    if path != "/" and not (index.service == "sqs" and _QUEUE_PATH.fullmatch(path)):
        return None
    target = request.header("x-amz-target")
    if target:
        prefix, _, name = target.rpartition(".")
        return _known(index, name) if prefix == index.target_prefix else None
    parameters = {**request.query, **request.form}
    if parameters.get("Version", index.version) != index.version:
        return None
    return _known(index, parameters.get("Action", ""))


def _known(index: ServiceIndex, name: str) -> str | None:
    return name if name in index.operations else None


def _rest_operation(request: Request, index: ServiceIndex, path: str) -> str | None:
    query = request.query
    found = [
        pattern
        for pattern in _by_method(index.service, request.method)
        if pattern.matches(request, path, query)
    ]
    return max(found, key=lambda pattern: pattern.weight).operation if found else None


@lru_cache(maxsize=2048)
def _by_method(service: str, method: str) -> tuple[RestPattern, ...]:
    """The operations of a service that a method may be for: whoever asks may make methods up."""
    return tuple(pattern for pattern in service_index(service).rest if pattern.method == method)


@cache
def service_index(service: str) -> ServiceIndex:
    """The index of one botocore service, read from its model once."""
    model = _load_model(service)
    metadata = model["metadata"]
    rest = _rest_patterns(model) if metadata["protocol"].startswith("rest") else ()
    return ServiceIndex(
        service=service,
        endpoint_prefix=metadata["endpointPrefix"],
        protocol=metadata["protocol"],
        version=metadata["apiVersion"],
        target_prefix=metadata.get("targetPrefix", ""),
        operations=frozenset(model["operations"]),
        rest=rest,
    )


def values_of(service: str, shape: str) -> frozenset[str]:
    """The values that a service's model lists for an enumeration."""
    return enumerations(service)[shape]


@cache
def enumerations(service: str) -> dict[str, frozenset[str]]:
    """All enumerations of a service's model, by the names of their shapes."""
    shapes = _load_model(service)["shapes"].items()
    return {name: frozenset(shape["enum"]) for name, shape in shapes if "enum" in shape}


@cache
def _without_credentials(service: str) -> frozenset[str]:
    operations = _load_model(service)["operations"].items()
    return frozenset(name for name, spec in operations if spec.get("authtype") == "none")


def needs_no_credentials(service: str, operation: str) -> bool:
    """Whether the service's model says that an operation is called without AWS credentials."""
    return service in _HAS_SIGN_IN and operation in _without_credentials(service)


@lru_cache(maxsize=1)
def _load_model(service: str) -> dict[str, Any]:
    # The last one only: what is made of a service's model is mostly made at once, and the models are large.
    # Read straight from botocore's data: importing botocore itself would cost the gateway's start 0.15 s.
    package = find_spec("botocore")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("botocore is not installed")
    versions = Path(package.submodule_search_locations[0], "data", service)
    newest = max(path for path in versions.iterdir() if any(path.glob("service-2.json*")))
    model = next(newest.glob("service-2.json*"))
    data = gzip.decompress(model.read_bytes()) if model.suffix == ".gz" else model.read_bytes()
    loaded: dict[str, Any] = json.loads(data)
    return loaded


def _rest_patterns(model: dict[str, Any]) -> tuple[RestPattern, ...]:
    # S3 has several operations on one method and path, told apart by what they require; elsewhere a
    # request that lacks something required is that operation all the same, for the emulator to refuse.
    by_requirement = model["metadata"]["endpointPrefix"] == "s3"
    return tuple(
        _rest_pattern(name, spec, model["shapes"] if by_requirement else {})
        for name, spec in model["operations"].items()
        if not (by_requirement and spec.get("deprecated"))
    )


def _rest_pattern(name: str, spec: dict[str, Any], shapes: dict[str, Any]) -> RestPattern:
    http = spec["http"]
    path, _, query_text = http["requestUri"].partition("?")
    query: list[tuple[str, str | None]] = []
    for part in filter(None, query_text.split("&")):
        key, equals, value = part.partition("=")
        query.append((key, value if equals else None))
    headers: list[str] = []
    shape = shapes.get(spec.get("input", {}).get("shape"), {})
    for member in shape.get("required", ()):
        where = shape["members"][member]
        if where.get("location") == "querystring":
            query.append((where["locationName"], None))
        elif where.get("location") == "header":
            headers.append(where["locationName"].lower())
    return RestPattern(
        operation=name,
        method=http["method"],
        beginning=path.partition("{")[0].rstrip("/"),
        path=_path_pattern(path),
        query=tuple(query),
        headers=tuple(headers),
        literals=sum(1 for part in path.split("/") if part and not part.startswith("{")),
    )


def _path_pattern(path: str) -> re.Pattern[str]:
    parts, position = [], 0
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[position : label.start()]))
        parts.append(".+" if label[2] else "[^/]+")
        position = label.end()
    parts.append(re.escape(path[position:]).removesuffix("/"))
    return re.compile("".join(parts) + "/?", re.DOTALL)
