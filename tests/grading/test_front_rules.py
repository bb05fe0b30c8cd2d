"""What graders ask of a front door: its group's question, its ports, and the metric that is followed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.front_rules import (
    Front,
    asks_the_right_question,
    faces_the_internet,
    only_its_ports,
    sends_to_https,
    speaks_tls,
    watches_its_own,
)
from cloudlings.network import Network
from cloudlings.network.model import LoadBalancer, SecurityGroup, SecurityGroupRule

BRIEF = {
    "app_port": 8080, "health_path": "/ok", "health_code": 204,
    "domain": "booking.clinic.example", "api": "v2",
}  # fmt: skip
GROUP: dict[str, Any] = {
    "TargetGroupName": "page",
    "Port": 8080,
    "Protocol": "HTTP",
    "TargetType": "instance",
    "HealthCheckPath": "/ok",
    "HealthCheckPort": "traffic-port",
    "HealthCheckProtocol": "HTTP",
    "Matcher": {"HttpCode": "204"},
}
ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/door/50dc"
SERVED = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/page/73e2"


def front(scheme: str = "internet-facing", **listeners: dict[str, Any]) -> Front:
    balancer = LoadBalancer(ARN, "vpc-1", scheme=scheme, security_groups=("sg-door",))
    ports = {int(name.removeprefix("on_")): one for name, one in listeners.items()}
    return Front({"LoadBalancerName": "door", "LoadBalancerArn": ARN}, balancer, ports)


@pytest.mark.parametrize("port", ["traffic-port", "8080"])
def test_the_right_question(port: str) -> None:
    """The program's port, by its number or as the requests', and its one right answer."""
    asks_the_right_question(BRIEF, GROUP | {"HealthCheckPort": port})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Port": 80}, "sends HTTP to port 80 of each instance"),
        ({"Protocol": "HTTPS"}, "sends HTTPS"),
        ({"TargetType": "ip"}, "of each ip"),
        ({"HealthCheckPath": "/"}, "asks for / and calls"),
        ({"Matcher": {"HttpCode": "200-299"}}, "answers 200-299"),
        ({"Matcher": {"HttpCode": "200,204"}}, "answers 200,204"),
        ({"Matcher": {"GrpcCode": "12"}}, "answers no HTTP code"),
        ({"Matcher": None}, "answers no HTTP code"),
        ({"HealthCheckPort": "80"}, "health by HTTP on port 80"),
        ({"HealthCheckProtocol": "HTTPS"}, "health by HTTPS on port traffic-port"),
    ],
)
def test_another_question(change: dict[str, Any], words: str) -> None:
    """Another port, for requests or for the check alone, TLS, or more right answers than one."""
    with pytest.raises(AssertionError, match=words):
        asks_the_right_question(BRIEF, GROUP | change)


def network(*rules: SecurityGroupRule) -> Network:
    groups = (SecurityGroup("sg-door", "vpc-1", rules), SecurityGroup("sg-other", "vpc-1", (rule("-1"),)))
    return Network(security_groups=groups)


def rule(protocol: str, low: int | None = None, high: int | None = None) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", protocol, low, high, cidr="0.0.0.0/0")


def test_a_door_with_its_ports() -> None:
    """443 and 80, by rules of their own; other groups are not asked."""
    only_its_ports(network(rule("tcp", 443, 443), rule("tcp", 80, 80)), front())
    only_its_ports(network(), front())


@pytest.mark.parametrize(
    "surplus", [rule("-1"), rule("tcp", 80, 443), rule("tcp", 22, 22), rule("udp", 443, 443)]
)
def test_a_door_with_more(surplus: SecurityGroupRule) -> None:
    """All protocols, a range from one to the other, another port, another protocol."""
    with pytest.raises(AssertionError, match=r"sg-door.* lets in"):
        only_its_ports(network(rule("tcp", 443, 443), surplus), front())


def test_a_door_to_the_inside() -> None:
    """An internal load balancer has no visitors."""
    faces_the_internet(front())
    with pytest.raises(AssertionError, match="scheme internal"):
        faces_the_internet(front("internal"))


def predefined(kind: str, label: str = "") -> dict[str, Any]:
    more = {"ResourceLabel": label} if label else {}
    return {"PredefinedMetricSpecification": {"PredefinedMetricType": kind, **more}}


def customized(name: str, **dimensions: str) -> dict[str, Any]:
    about = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {
        "CustomizedMetricSpecification": {
            "MetricName": name, "Namespace": "AWS/EC2", "Dimensions": about, "Statistic": "Average",
        }
    }  # fmt: skip


def listed(stat: str, **dimensions: str) -> dict[str, Any]:
    """The same as a list of metrics that holds one."""
    about = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": about}
    return {
        "CustomizedMetricSpecification": {
            "Metrics": [{"Id": "cpu", "MetricStat": {"Metric": metric, "Stat": stat}}]
        }
    }


@pytest.mark.parametrize(
    ("config", "own"),
    [
        (predefined("ASGAverageCPUUtilization"), True),
        (predefined("ALBRequestCountPerTarget", "app/door/50dc/targetgroup/page/73e2"), True),
        (predefined("ALBRequestCountPerTarget"), False),
        (predefined("ALBRequestCountPerTarget", "app/other/1/targetgroup/page/73e2"), False),
        (predefined("ALBRequestCountPerTarget", "app/door/50dc/targetgroup/else/9"), False),
        (customized("CPUUtilization", AutoScalingGroupName="booking"), True),
        (customized("CPUUtilization", AutoScalingGroupName="letters"), False),
        (customized("CPUUtilization"), False),
        (listed("Average", AutoScalingGroupName="booking"), True),
        (listed("Average", AutoScalingGroupName="letters"), False),
    ],
)
def test_whose_metric(config: dict[str, Any], own: bool) -> None:
    """A policy follows its own group, or the requests of its own load balancer and target group."""
    policy = {"PolicyName": "p", "TargetTrackingConfiguration": config}
    if own:
        watches_its_own(policy, "booking", front(), [SERVED])
        return
    about = (config.get("PredefinedMetricSpecification") or {}).get("ResourceLabel") or (
        "{'AutoScalingGroupName': 'letters'}" if "letters" in str(config) else "nothing"
    )
    with pytest.raises(AssertionError, match=f"Policy p of group booking follows .* of {about}"):
        watches_its_own(policy, "booking", front(), [SERVED])


def test_the_busiest_machine_is_not_the_group() -> None:
    """The highest value of a group's machines does not halve when the machines double."""
    config = listed("Maximum", AutoScalingGroupName="booking")
    policy = {"PolicyName": "p", "TargetTrackingConfiguration": config}
    with pytest.raises(AssertionError, match=r"follows ASGAverageCPUUtilization \(Maximum\) of"):
        watches_its_own(policy, "booking", front(), [SERVED])


class Certificates:
    """An account with certificates, and with the rules of one listener."""

    def __init__(self, *certificates: tuple[str, str], rules: tuple[dict[str, Any], ...] = ()) -> None:
        self.certificates = {certificate(name): (name, status) for name, status in certificates}
        self.rules = rules

    def client(self, service: str) -> Certificates:
        assert service in ("acm", "elbv2")
        return self

    def describe_certificate(self, CertificateArn: str) -> dict[str, Any]:  # noqa: N803
        name, status = self.certificates[CertificateArn]
        first, *others = name.split()
        return {
            "Certificate": {
                "DomainName": first,
                "SubjectAlternativeNames": [first, *others],
                "Status": status,
            }
        }

    def describe_rules(self, ListenerArn: str) -> dict[str, Any]:  # noqa: N803
        assert ListenerArn == "arn:listener"
        return {"Rules": list(self.rules)}


def certificate(name: str) -> str:
    return f"arn:aws:acm:eu-west-1:1:certificate/{name}"


def spoken(*certificates: tuple[str, str], protocol: str = "HTTPS", port: int = 443, more: str = "") -> None:
    arns = [*(certificate(name) for name, _ in certificates), *([more] if more else [])]
    listener = {"Protocol": protocol, "Certificates": [{"CertificateArn": arn} for arn in arns]}
    speaks_tls(cast(Account, Certificates(*certificates)), BRIEF, front(**{f"on_{port}": listener}))


@pytest.mark.parametrize(
    "name", ["booking.clinic.example", "*.clinic.example", "old.example booking.clinic.example"]
)
def test_a_certificate_for_the_name(name: str) -> None:
    """The name itself, a wildcard one level above it, or one name of several."""
    spoken((name, "ISSUED"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"port": 80}, r"listens on: 80 \(HTTPS\)"),
        ({"protocol": "HTTP"}, r"listens on: 443 \(HTTP\)"),
    ],
)
def test_no_tls(said: dict[str, Any], words: str) -> None:
    """Nobody listens on 443, or speaks in clear there."""
    with pytest.raises(AssertionError, match=words):
        spoken(("booking.clinic.example", "ISSUED"), **said)


@pytest.mark.parametrize("listener", [{"Protocol": "HTTPS"}, {"Protocol": "HTTPS", "Certificates": []}])
def test_tls_without_a_certificate(listener: dict[str, Any]) -> None:
    """The key is missing: nothing can be proved."""
    with pytest.raises(AssertionError, match="it needs an HTTPS listener and a certificate"):
        speaks_tls(cast(Account, Certificates()), BRIEF, front(on_443=listener))
    with pytest.raises(AssertionError, match="listens on: none"):
        speaks_tls(cast(Account, Certificates()), BRIEF, front())


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        ([("www.clinic.example", "ISSUED")], "is for www.clinic.example; the page's name is booking"),
        ([("clinic.example", "ISSUED")], "is for clinic.example"),
        ([("*.example", "ISSUED")], r"is for \*.example"),
        ([("booking.clinic.example", "PENDING_VALIDATION")], "the page's name is"),
        ([("booking.clinic.example", "EXPIRED"), ("else.example", "ISSUED")], "the page's name is"),
    ],
)
def test_a_certificate_that_proves_nothing(certificates: list[tuple[str, str]], words: str) -> None:
    """For another name, for the name above, two levels above; asked for and not issued; or expired."""
    with pytest.raises(AssertionError, match=words):
        spoken(*certificates)


def test_a_certificate_of_iam_s() -> None:
    """ACM is not asked about it: whose it is is not known."""
    with pytest.raises(AssertionError, match="a name that ACM does not know"):
        spoken(more="arn:aws:iam::1:server-certificate/mine")


def redirect(**config: str) -> dict[str, Any]:
    action = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **config}}
    return {"Priority": "default", "IsDefault": True, "Conditions": [], "Actions": [action]}


LISTENS = {"on_80": {"Protocol": "HTTP", "ListenerArn": "arn:listener"}}
TO_443 = {"Protocol": "HTTPS", "Port": "443"}


def redirected(*rules: dict[str, Any]) -> None:
    sends_to_https(cast(Account, Certificates(rules=rules)), BRIEF, front(**LISTENS))


def test_sent_to_https() -> None:
    """Path and query as they were asked, also where the redirect names them so."""
    redirected(redirect(**TO_443))
    redirected(redirect(**TO_443, Host="#{host}", Path="/#{path}", Query="#{query}"))


@pytest.mark.parametrize(
    "config",
    [
        TO_443 | {"StatusCode": "HTTP_302"}, {"Protocol": "HTTPS", "Port": "8443"}, TO_443 | {"Path": "/"},
        TO_443 | {"Host": "www.clinic.example"}, TO_443 | {"Query": ""},
    ],
    ids=["for now", "another port", "the first page", "another host", "no query"],
)  # fmt: skip
def test_sent_elsewhere(config: dict[str, str]) -> None:
    """What the visitor asked for is lost, or he comes back in clear tomorrow."""
    with pytest.raises(AssertionError, match="was put to listener 80: rule default redirects to"):
        redirected(redirect(**config))


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
            "POST http",
        ),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["198.51.100.0/24"]}}, "GET http"),
    ],
    ids=["who only reads", "some callers"],
)
def test_everybody_is_sent(condition: dict[str, Any], asked: str) -> None:
    """A redirect for some leaves the others in clear."""
    some = {**redirect(**TO_443), "Priority": "1", "IsDefault": False, "Conditions": [condition]}
    no = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    with pytest.raises(AssertionError, match=f"{asked}.* was put to listener 80: rule default answers 404"):
        redirected(some, {**redirect(), "Actions": [no]})
    redirected(some, redirect(**TO_443))


def test_nobody_to_redirect() -> None:
    """Without a listener on 80 there is no answer at all."""
    with pytest.raises(AssertionError, match="has no listener on 80"):
        sends_to_https(cast(Account, Certificates()), BRIEF, front())
