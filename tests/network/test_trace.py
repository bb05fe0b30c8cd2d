"""What a trace tells: its path, its reasons, its sentence, and AWS's shape of it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from cloudlings.network import EndpointRequest, Network, load_topology, trace
from cloudlings.network.cases import _Files, load_cases, merged
from cloudlings.network.model import Route, SecurityGroupRule

CASES = Path(__file__).parent / "cases"
_BASE = _Files(__import__("yaml").safe_load((CASES / "topologies.yaml").read_text())["topologies"])


def network(name: str = "three-tier", **change: Any) -> Network:
    """One of the case files' networks, changed."""
    return load_topology(merged(_BASE.topology(name), change))


def test_the_path_names_each_component_and_the_rule_that_decided() -> None:
    """A reachable trace shows every hop there and back, each with its rule."""
    found = trace(network(), "app", "db", "tcp", 5432)
    assert [hop.component.id for hop in found.forward] == [
        "app", "sg-app", "default-acl:v", "rt-priv", "default-acl:v", "sg-db", "db",
    ]  # fmt: skip
    assert [hop.component.id for hop in found.back] == [
        "db", "default-acl:v", "rt-data", "default-acl:v", "app",
    ]  # fmt: skip
    rules = {hop.component.id: hop.rule for hop in found.forward}
    assert rules["sg-db"] == SecurityGroupRule("ingress", "tcp", 5432, 5432, group="sg-app")
    assert isinstance(rules["rt-priv"], Route)
    assert rules["rt-priv"].target == "local"
    assert [hop.sequence for hop in found.forward] == list(range(1, 8))


def test_the_header_follows_the_packet_through_translation() -> None:
    """Beyond a NAT gateway the packet has its address and ports of its own; the reply goes to them."""
    found = trace(network(), "app", "internet", "tcp", 443)
    out = next(hop for hop in found.forward if hop.component.id == "igw")
    back = next(hop for hop in found.back if hop.component.id == "igw")
    assert out.header is not None
    assert back.header is not None
    assert (out.header.source, out.header.source_ports) == ("10.0.1.10", "1024–65535")
    assert (back.header.destination, back.header.destination_ports) == ("10.0.1.10", "1024–65535")
    first = found.forward[0].header
    assert first is not None
    assert (first.source, first.source_ports) == ("10.0.11.10", "32768–60999")


def test_the_reply_of_a_tracked_connection_is_not_put_to_security_groups() -> None:
    """Security groups are on the way there only."""
    found = trace(network(), "internet", "web", "tcp", 443)
    assert "security group" in {hop.component.kind for hop in found.forward}
    assert "security group" not in {hop.component.kind for hop in found.back}


def test_the_sentence_is_for_a_learner() -> None:
    """It names the ends, what stops it, and how many more things do."""
    found = trace(network(), "internet", "db", "tcp", 5432)
    assert found.sentence == (
        "The internet cannot reach db on tcp port 5432. db has no public IPv4 address, so internet "
        "gateway igw has "
        "nothing to deliver to. 2 more things stop it."
    )
    assert str(found) == found.sentence


def test_the_sentence_of_a_way_through_names_the_gateways() -> None:
    """A learner sees by what it goes."""
    found = trace(network(), "app", "internet", "tcp", 443)
    assert found.sentence == (
        "app can reach the internet on tcp port 443 through nat, then igw, and the replies come back."
    )


@pytest.mark.parametrize(
    ("policy_answer", "verdict"), [(True, "reachable"), (False, "blocked"), (None, "unknown")]
)
def test_an_endpoint_policy_is_asked_of_whoever_can_decide(policy_answer: bool | None, verdict: str) -> None:
    """The callable's answer decides; when it cannot tell, the trace is unknown."""
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
    asked: list[EndpointRequest] = []

    def allows(request: EndpointRequest) -> bool | None:
        asked.append(request)
        return policy_answer

    built = network(
        endpoints={
            "s3": {"type": "Gateway", "service": "s3", "vpc": "v", "tables": ["rt-data"], "policy": policy}
        }
    )
    assert trace(built, "db", "service:s3", "tcp", 443, allows=allows).verdict == verdict
    assert [(each.endpoint, each.service) for each in asked] == [("s3", "s3")]


def test_an_open_endpoint_policy_needs_no_question() -> None:
    """The default policy lets everybody do everything."""
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    built = network(
        endpoints={
            "s3": {"type": "Gateway", "service": "s3", "vpc": "v", "tables": ["rt-data"], "policy": policy}
        }
    )
    found = trace(built, "db", "service:s3", "tcp", 443)
    assert found.reachable
    assert found.warnings == ()


def test_an_interface_endpoints_policy_is_asked_too() -> None:
    """A refusing policy blocks an interface endpoint."""
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}
    built = network(
        sgs={"sg-ep": {"vpc": "v", "in": [["tcp", "443", "10.0.0.0/16"]]}},
        endpoints={
            "q": {
                "type": "Interface",
                "service": "sqs",
                "vpc": "v",
                "subnets": ["priv"],
                "sgs": ["sg-ep"],
                "policy": policy,
            }
        },
    )
    found = trace(built, "db", "service:sqs", "tcp", 443, allows=lambda _: False)
    assert found.codes == ("X_ENDPOINT_POLICY",)


@pytest.mark.parametrize("other", [{"private_dns": False}, {"state": "deleted"}])
def test_of_several_endpoints_the_one_counts_that_is_there_and_has_the_name(other: dict[str, Any]) -> None:
    """A first try without private DNS, or one that was deleted, does not hide the endpoint that works."""
    endpoint = {"type": "Interface", "service": "sqs", "vpc": "v", "subnets": ["priv"], "sgs": ["sg-ep"]}
    built = network(
        sgs={"sg-ep": {"vpc": "v", "in": [["tcp", "443", "10.0.0.0/16"]]}}, endpoints={"good": endpoint}
    )
    (good,) = built.endpoints
    built = replace(built, endpoints=(replace(good, id="first", **other), good))
    assert "good" in trace(built, "db", "service:sqs", "tcp", 443).path


def test_an_endpoint_without_an_interface_is_the_end_of_a_services_name() -> None:
    """When its last zone is lost, the name leads nowhere: blocked, not a crash."""
    endpoint = {"type": "Interface", "service": "sqs", "vpc": "v", "subnets": ["priv"], "sgs": ["sg-app"]}
    built = network(endpoints={"q": endpoint})
    gone = replace(built.endpoints[0], subnets=(), interfaces=())
    found = trace(replace(built, endpoints=(gone,)), "db", "service:sqs", "tcp", 443)
    assert found.blocked
    assert "leads nowhere" in found.sentence


def test_names_are_labels_and_ids_are_found_too() -> None:
    """A component is found by its id or by its name; a name that two have is not guessed at."""
    built = network()
    named = replace(
        built, instances=tuple(replace(each, id=f"i-{each.id}", name=each.id) for each in built.instances)
    )
    assert trace(named, "app", "db", "tcp", 5432).reachable
    assert trace(named, "i-app", "i-db", "tcp", 5432).reachable
    twins = replace(named, instances=tuple(replace(each, name="twin") for each in named.instances))
    found = trace(twins, "twin", "i-db", "tcp", 5432)
    assert found.verdict == "unknown"
    assert "Several things have the name twin: i-web, i-app, i-db" in found.sentence


def test_what_the_reader_could_not_describe_is_unknown() -> None:
    """No route table, no network ACL, no security groups: nothing is claimed."""
    built = network()
    assert trace(replace(built, route_tables=()), "app", "db", "tcp", 5432).verdict == "unknown"
    assert trace(replace(built, network_acls=()), "app", "db", "tcp", 5432).verdict == "unknown"
    bare = tuple(replace(each, security_groups=()) for each in built.interfaces)
    assert trace(replace(built, interfaces=bare), "app", "db", "tcp", 5432).verdict == "unknown"


def test_a_route_to_something_unsupported_is_unknown_with_its_name() -> None:
    """A component that the reader met and cannot look into is named."""
    built = network(
        unsupported={"fw-1": "a firewall"}, tables={"rt-priv": {"routes": [["0.0.0.0/0", "fw-1"]]}}
    )
    found = trace(built, "app", "internet", "tcp", 443)
    assert found.verdict == "unknown"
    assert "a firewall" in found.sentence


def test_two_equal_networks_give_equal_answers() -> None:
    """A trace is a function of its arguments."""
    assert trace(network(), "internet", "db", "tcp", 22) == trace(network(), "internet", "db", "tcp", 22)


def test_any_protocol_means_each_of_them() -> None:
    """ "-1" is reachable when one protocol is, and blocked when none is."""
    udp_only = network(sgs={"sg-web": {"in": [["udp", "53", "0.0.0.0/0"]]}})
    assert trace(udp_only, "internet", "web", "-1").reachable
    assert trace(network(sgs={"sg-web": {"in": []}}), "internet", "web", "-1").blocked


def test_a_port_that_does_not_exist_is_unknown() -> None:
    """Nothing is claimed of port 70000."""
    assert trace(network(), "app", "db", "tcp", 70000).verdict == "unknown"


def test_ways_that_fail_beside_one_that_works_are_warnings() -> None:
    """The sentence says so, after the good news."""
    built = network(
        "balanced",
        lbs={"alb": {"subnets": ["pub", "priv2"]}},
        sgs={"sg-app": {"in": [["all", "", "sg-alb"]]}},
    )
    found = trace(built, "internet", "alb", "tcp", 80)
    assert found.reachable
    assert [each.code for each in found.warnings] == ["X_ASYMMETRIC_RETURN"]
    assert "But: Another way fails: The reply to" in found.sentence


_ANALYSIS = botocore.session.get_session().get_service_model("ec2").shape_for("NetworkInsightsAnalysis")


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_trace_has_the_shape_of_awss_analysis(path: Path) -> None:
    """botocore's own model of NetworkInsightsAnalysis accepts every trace of the cases."""
    for case in load_cases(path):
        if "src" in case.query:
            port = case.query.get("port")
            found = trace(
                load_topology(case.topology), case.query["src"], case.query["dst"], case.query["proto"], port
            )
            shown = found.as_analysis()
            assert ParamValidator().validate(shown, _ANALYSIS).generate_report() == "", case.id
            assert shown["NetworkPathFound"] is found.reachable


def test_the_analysis_names_codes_rules_and_components() -> None:
    """The blocker is under the member for its kind, with the rule that denied."""
    denied = {"vpc": "v", "subnets": ["data"], "in": [[90, "deny", "tcp", "5432", "10.0.0.0/16"]], "out": []}
    found = trace(network(nacls={"n-data": denied}), "app", "db", "tcp", 5432).as_analysis()
    first = found["Explanations"][0]
    assert first["ExplanationCode"] == "SUBNET_ACL_RESTRICTION"
    assert first["Acl"] == {"Id": "n-data", "Name": "n-data"}
    assert first["Subnet"]["Id"] == "data"
    assert first["AclRule"]["RuleNumber"] == 90
    assert first["AclRule"]["PortRange"] == {"From": 5432, "To": 5432}


def test_a_public_address_on_a_secondary_private_one_counts() -> None:
    """An interface is reached by any of its addresses that has a public one."""
    built = network(instances={"web": {"public": False}})
    more = tuple(
        replace(each, private_ips=(*each.private_ips, "10.0.1.77"), public_ips=("", "54.80.1.1"))
        if each.id == "eni-web"
        else each
        for each in built.interfaces
    )
    assert trace(built, "internet", "web", "tcp", 443).blocked
    assert trace(replace(built, interfaces=more), "internet", "web", "tcp", 443).reachable


def test_two_places_that_have_both_families_may_be_asked_about_ipv6() -> None:
    """IPv4 is the default; the other family has rules of its own."""
    built = network("dual-stack", sgs={"sg-app": {"in": [["tcp", "8080", "::/0"]]}})
    assert trace(built, "web", "app", "tcp", 8080).blocked
    assert trace(built, "web", "app", "tcp", 8080, family=6).reachable


def test_a_public_address_that_an_emulator_handed_out_is_somebodys_whatever_its_range() -> None:
    """Some hand out 127.…: what has such an address is found by it."""
    built = network()
    web = next(each for each in built.interfaces if each.attached_to == "web")
    odd = dataclasses.replace(web, public_ips=("127.52.183.21",))
    others = tuple(each for each in built.interfaces if each.id != web.id)
    built = dataclasses.replace(built, interfaces=(*others, odd))
    assert trace(built, "internet", "127.52.183.21", "tcp", 443).reachable
    assert trace(built, "internet", "127.52.183.22", "tcp", 443).blocked
