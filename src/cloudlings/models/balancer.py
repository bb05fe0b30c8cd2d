"""Which rule of an Application Load Balancer's listener takes a request, and what it does with it.

Pure: rules as ``describe_rules`` gives them and a request in, what happens and why out. Source: Application
Load Balancers Guide, "Listener rules", "Condition types for listener rules", "Action types for listener
rules".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from cloudlings.errors import ModelError

Kind = Literal["forward", "redirect", "fixed-response"]


@dataclass(frozen=True)
class Request:
    """One HTTP request as the load balancer sees it. ``source_ip`` is the client's own, never
    X-Forwarded-For's."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    source_ip: str = "198.51.100.7"

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme or "https"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (80 if self.scheme == "http" else 443)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        return urlsplit(self.url).query

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True)
class Routed:
    """What becomes of a request: the rule's priority ("default" for the last), what it does, and why.

    ``shares`` is the part of such requests that each target group gets (ARN to 0…1), ``url`` where a redirect
    leads, ``status`` the code of a redirect or of a fixed response. ``passed_over`` says which rules did not
    take it and why, in order.
    """

    kind: Kind
    rule: str
    shares: Mapping[str, float] = field(default_factory=dict)
    url: str = ""
    status: int = 0
    passed_over: tuple[str, ...] = ()

    @property
    def target_group(self) -> str:
        """The only group that gets such requests; "" when there are several, or none."""
        taking = [arn for arn, share in self.shares.items() if share > 0]
        return taking[0] if len(taking) == 1 else ""


def route(rules: Iterable[Mapping[str, Any]], request: Request) -> Routed:
    """The first rule, by priority, whose conditions all hold; the default rule when none does.

    Raises `ModelError` for a condition or an action that this model does not know, and without a default
    rule.
    """
    passed_over: list[str] = []
    for rule in sorted(rules, key=_order):
        reason = "" if rule.get("IsDefault") else _unmet(rule.get("Conditions") or [], request)
        if not reason:
            return _act(rule, request, tuple(passed_over))
        passed_over.append(f"rule {rule.get('Priority')}: {reason}")
    raise ModelError(
        "The listener has no default rule.", next_step="Read all of its rules with describe_rules."
    )


def _order(rule: Mapping[str, Any]) -> tuple[bool, int]:
    number = str(rule.get("Priority", ""))
    return (bool(rule.get("IsDefault")), int(number) if number.isdecimal() else 0)


def _unmet(conditions: Sequence[Mapping[str, Any]], request: Request) -> str:
    """The first condition that does not hold, in words; "" when all hold."""
    for condition in conditions:
        name = str(condition.get("Field", ""))
        if name not in _TESTS:
            raise ModelError(
                f"“{name}” is no rule condition that this model knows.",
                next_step=f"It knows: {', '.join(_TESTS)}.",
            )
        config, holds = _TESTS[name]
        given: Mapping[str, Any] = condition.get(config) or {"Values": condition.get("Values") or []}
        if given.get("RegexValues") or condition.get("RegexValues"):
            raise ModelError(
                "This model does not read regular expressions in rule conditions.",
                next_step="Use value matching with * and ? instead.",
            )
        if not holds(given, request):
            return f"{name} is none of {', '.join(map(_shown, given.get('Values') or []))}"
    return ""


def _shown(value: Any) -> str:
    return f"{value.get('Key', '')}={value.get('Value', '')}" if isinstance(value, Mapping) else str(value)


def fits(pattern: str, text: str, *, case: bool) -> bool:
    """Whether a pattern with * (any characters, also none) and ? (exactly one) is the whole of a text."""
    parts = [".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL | (0 if case else re.IGNORECASE)) is not None


def _host(given: Mapping[str, Any], request: Request) -> bool:
    return any(fits(str(value), request.host, case=False) for value in given["Values"])


def _path(given: Mapping[str, Any], request: Request) -> bool:
    return any(fits(str(value), request.path, case=True) for value in given["Values"])


def _method(given: Mapping[str, Any], request: Request) -> bool:
    return request.method in given["Values"]


def _header(given: Mapping[str, Any], request: Request) -> bool:
    name = str(given.get("HttpHeaderName", "")).lower()
    values = [value for key, value in request.headers.items() if key.lower() == name]
    return any(fits(str(pattern), value, case=False) for pattern in given["Values"] for value in values)


def _query(given: Mapping[str, Any], request: Request) -> bool:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    return any(
        (wanted.get("Key") is None or fits(str(wanted["Key"]), key, case=False))
        and fits(str(wanted.get("Value", "")), value, case=False)
        for wanted in given["Values"]
        for key, value in pairs
    )


def _source(given: Mapping[str, Any], request: Request) -> bool:
    address = ipaddress.ip_address(request.source_ip)
    return any(address in ipaddress.ip_network(str(block), strict=False) for block in given["Values"])


_TESTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Request], bool]]] = {
    "host-header": ("HostHeaderConfig", _host),
    "path-pattern": ("PathPatternConfig", _path),
    "http-request-method": ("HttpRequestMethodConfig", _method),
    "http-header": ("HttpHeaderConfig", _header),
    "query-string": ("QueryStringConfig", _query),
    "source-ip": ("SourceIpConfig", _source),
}


def _act(rule: Mapping[str, Any], request: Request, passed_over: tuple[str, ...]) -> Routed:
    """What the rule's last action does; logins (authenticate-…) come before it and change no route."""
    name = "default" if rule.get("IsDefault") else str(rule.get("Priority"))
    actions = [a for a in rule.get("Actions") or [] if not str(a.get("Type", "")).startswith("authenticate-")]
    action = actions[-1] if actions else {}
    match action.get("Type"):
        case "forward":
            return Routed("forward", name, _shares(action), passed_over=passed_over)
        case "redirect":
            config = action.get("RedirectConfig") or {}
            status = 301 if config.get("StatusCode") == "HTTP_301" else 302
            return Routed(
                "redirect", name, url=_location(config, request), status=status, passed_over=passed_over
            )
        case "fixed-response":
            status = int((action.get("FixedResponseConfig") or {}).get("StatusCode") or 0)
            return Routed("fixed-response", name, status=status, passed_over=passed_over)
    raise ModelError(
        f"Rule {name} has no action that this model knows ({action.get('Type')}).",
        next_step="It knows: forward, redirect, fixed-response, and logins before them.",
    )


def _shares(action: Mapping[str, Any]) -> dict[str, float]:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    weights = {str(g["TargetGroupArn"]): float(1 if g.get("Weight") is None else g["Weight"]) for g in groups}
    if not weights and action.get("TargetGroupArn"):
        weights = {str(action["TargetGroupArn"]): 1.0}
    whole = sum(weights.values())
    return {arn: (weight / whole if whole else 0.0) for arn, weight in weights.items()}


def _location(config: Mapping[str, Any], request: Request) -> str:
    """Where a redirect leads; what its configuration leaves out stays as the client asked. An empty query is
    not left out: it takes the client's away."""
    own = {
        "protocol": request.scheme,
        "host": request.host,
        "port": str(request.port),
        "path": request.path.removeprefix("/"),
        "query": request.query,
    }

    def filled(key: str, default: str) -> str:
        text = str(default if config.get(key) is None else config[key])
        return re.sub(r"#\{(\w+)\}", lambda found: own.get(found[1], found[0]), text)

    scheme = filled("Protocol", "#{protocol}").lower()
    port, query = filled("Port", "#{port}"), filled("Query", "#{query}")
    usual = {"http": "80", "https": "443"}.get(scheme)
    place = filled("Host", "#{host}") + ("" if port == usual else f":{port}")
    return f"{scheme}://{place}{filled('Path', '/#{path}')}" + (f"?{query}" if query else "")
