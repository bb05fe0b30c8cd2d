"""Rules of a load balancer, against cases from AWS's documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.balancer import Request, route

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "balancer.yaml").read_text())
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def forward(name: str) -> list[dict[str, Any]]:
    return [{"Type": "forward", "TargetGroupArn": name}]


DEFAULT = {"Priority": "default", "IsDefault": True, "Conditions": [], "Actions": forward("web")}


def as_described(row: dict[str, Any]) -> dict[str, Any]:
    conditions = [{"Field": name, CONFIGS[name]: {"Values": values}} for name, values in row["if"].items()]
    return {"Priority": str(row["priority"]), "Conditions": conditions, "Actions": forward(row["to"])}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["source"][-40:])
def test_case(case: dict[str, Any]) -> None:
    """Each request of balancer.yaml goes where its source says."""
    rules = [DEFAULT, *map(as_described, case["rules"])]
    found = {}
    for text in case["is"]:
        method, url = text.split(" ")
        found[text] = route(rules, Request(url, method)).target_group
    assert found == case["is"]


def test_old_values() -> None:
    """A path condition in the older form, with Values beside Field, is read as well."""
    rule = {
        "Priority": "1",
        "Conditions": [{"Field": "path-pattern", "Values": ["/x"]}],
        "Actions": forward("x"),
    }
    assert route([rule, DEFAULT], Request("https://a.test/x")).target_group == "x"


def test_headers() -> None:
    """A header's name and value are compared without regard to case, with wildcards in the value."""
    config = {"HttpHeaderName": "User-Agent", "Values": ["*BOT*"]}
    rule = {
        "Priority": "1",
        "Conditions": [{"Field": "http-header", "HttpHeaderConfig": config}],
        "Actions": forward("x"),
    }
    asked = Request("https://a.test/", headers={"user-agent": "a bot from afar"})
    assert route([rule, DEFAULT], asked).target_group == "x"
    assert route([rule, DEFAULT], Request("https://a.test/")).target_group == "web"


def test_weights() -> None:
    """Weights share the requests out; one of weight 0 gets none."""
    groups = [{"TargetGroupArn": "a", "Weight": 3}, {"TargetGroupArn": "b", "Weight": 1}]
    rule = {**DEFAULT, "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]}
    found = route([rule], Request("https://a.test/"))
    assert (found.shares, found.target_group) == ({"a": 0.75, "b": 0.25}, "")


@pytest.mark.parametrize(
    ("config", "asked", "leads"),
    [
        (
            {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
            "http://a.test/x?y=1",
            "https://a.test/x?y=1",
        ),
        ({"Protocol": "HTTPS", "StatusCode": "HTTP_301"}, "http://a.test/x", "https://a.test:80/x"),
        (
            {"Host": "b.test", "Path": "/new/#{path}", "StatusCode": "HTTP_302"},
            "https://a.test/x",
            "https://b.test/new/x",
        ),
        ({"Query": "", "StatusCode": "HTTP_301"}, "https://a.test/x?y=1", "https://a.test/x"),
    ],
)
def test_redirects(config: dict[str, str], asked: str, leads: str) -> None:
    """What a redirect leaves out stays as it was asked, the port, too; an empty query is not left out."""
    rule = {**DEFAULT, "Actions": [{"Type": "redirect", "RedirectConfig": config}]}
    found = route([rule], Request(asked))
    assert (found.url, found.status) == (leads, int(config["StatusCode"][-3:]))


def test_fixed_response_and_login() -> None:
    """The last action decides: a login before it changes nothing."""
    actions = [
        {"Type": "authenticate-oidc"},
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}},
    ]
    found = route([{**DEFAULT, "Actions": actions}], Request("https://a.test/"))
    assert (found.kind, found.status, found.rule) == ("fixed-response", 404, "default")


def test_reasons() -> None:
    """The rules that were passed over are told, in order."""
    rules = [as_described({"priority": n, "if": {"path-pattern": [f"/{n}"]}, "to": "x"}) for n in (12, 2)]
    found = route([*rules, DEFAULT], Request("https://a.test/"))
    assert [text.partition(":")[0] for text in found.passed_over] == ["rule 2", "rule 12"]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ([{"Priority": "1", "Conditions": [{"Field": "moon-phase"}], "Actions": []}, DEFAULT], "moon-phase"),
        (
            [
                {
                    "Priority": "1",
                    "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["x+"]}}],
                },
                DEFAULT,
            ],
            "regular expressions",
        ),
        ([], "default rule"),
        ([{**DEFAULT, "Actions": [{"Type": "teleport"}]}], "teleport"),
    ],
)
def test_unknown(rules: list[dict[str, Any]], named: str) -> None:
    """What the model does not know is an error by name."""
    with pytest.raises(ModelError, match=named):
        route(rules, Request("https://a.test/"))
