"""What graders of a front door ask: TLS, the redirect, its ports, its question to the machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ModelError
from cloudlings.grading.group_rules import in_words
from cloudlings.grading.listener_rules import CALLERS
from cloudlings.grading.scaling_state import Raw, answering, routed, rules_of, told, zones_of
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import must_reach, shown
from cloudlings.models.health import matcher
from cloudlings.models.scaling import metric_name, own_metric
from cloudlings.network import Network, without_zone
from cloudlings.network.model import LoadBalancer


@dataclass(frozen=True)
class Front:
    """The booking page's load balancer: as described, in the network, and its listeners by port."""

    raw: Raw
    balancer: LoadBalancer
    listeners: Mapping[int, Raw]


def speaks_tls(account: Account, brief: Mapping[str, Any], front: Front) -> None:
    """Fails the check unless listener 443 speaks HTTPS with a certificate for the page's name."""
    https = front.listeners.get(443)
    arns = [one["CertificateArn"] for one in (https or {}).get("Certificates") or []]
    ports = [f"{port} ({one['Protocol']})" for port, one in sorted(front.listeners.items())]
    good = https is not None and https["Protocol"] == "HTTPS" and bool(arns)
    assert good, Because(
        found=f"Load balancer {front.raw['LoadBalancerName']} listens on: {shown(ports)}.",
        consequence="A visitor who types https:// gets an error, or what he types about his health travels "
        "in clear.",
        concept="The load balancer ends TLS: it needs an HTTPS listener and a certificate.",
    )
    acm = account.client("acm")
    found = [acm.describe_certificate(CertificateArn=arn)["Certificate"] for arn in arns if ":acm:" in arn]
    names = {name for one in found for name in (one["DomainName"], *one.get("SubjectAlternativeNames", []))}
    wildcard = "*." + brief["domain"].partition(".")[2]
    issued = all(one.get("Status") == "ISSUED" for one in found)
    good = bool(names & {brief["domain"], wildcard}) and issued
    assert good, Because(
        found=f"The certificate of listener 443 ({arns[0].rpartition(':')[2]}) is for "
        f"{shown(sorted(names)) if names else 'a name that ACM does not know'}; the page's name is "
        f"{brief['domain']}.",
        consequence="Every browser shows a warning in place of the booking page.",
        concept="A certificate proves one name. The browser compares it with the name that was typed.",
    )


def sends_to_https(account: Account, brief: Mapping[str, Any], front: Front) -> None:
    """Fails the check unless listener 80 sends every request to https for good."""
    http = front.listeners.get(80)
    assert http is not None, Because(
        found=f"Load balancer {front.raw['LoadBalancerName']} has no listener on 80.",
        consequence=f"Who types {brief['domain']} and nothing before it waits for an answer on port 80.",
        concept="A redirect is an answer: somebody has to listen to give it.",
    )
    rules = rules_of(account, http)
    for request in ("GET /", "GET /doctors?name=li", f"GET /{brief['api']}/times?day=1", "POST /login"):
        method, _, path = request.partition(" ")
        asked = f"{method} http://{brief['domain']}{path}"
        ways = [routed(rules, asked, caller) for caller in CALLERS]
        wanted = ("redirect", f"https://{brief['domain']}{path}", 301)
        way = next((one for one in ways if (one.kind, one.url, one.status) != wanted), ways[0])
        good = (way.kind, way.url, way.status) == wanted
        assert good, Because(
            found=f"{asked} was put to listener 80: {told(way)}.",
            consequence="The visitor stays without TLS, or lands on another page than the one that he "
            "asked for.",
            concept="A permanent redirect (301) to https, port 443. What a redirect does not name stays as "
            "it was "
            "asked.",
        )


def only_its_ports(network: Network, front: Front) -> None:
    """Fails the check if a security group of the load balancer lets in more than tcp 443 and 80."""
    for group in network.security_groups:
        if group.id in front.balancer.security_groups:
            for rule in group.inbound:
                low, high = rule.from_port, rule.to_port
                right = rule.protocol == "tcp" and low == high and low in (80, 443)
                assert right, Because(
                    found=f"Security group {group.group_name} ({group.id}) of the load balancer lets in "
                    f"{in_words(rule)}.",
                    consequence="The next listener that somebody adds for a test, on any of these ports, "
                    "is open to "
                    "whoever the rule names.",
                    concept="The group of a front door holds what visitors need: 443, and 80 where it "
                    "redirects.",
                )


def asks_the_right_question(brief: Mapping[str, Any], group: Raw) -> None:
    """Fails the check unless a target group reaches the program and asks it for its health as agreed."""
    name = group["TargetGroupName"]
    assert (group["Port"], group["Protocol"], group["TargetType"]) == (
        brief["app_port"],
        "HTTP",
        "instance",
    ), Because(
        found=f"Target group {name} sends {group['Protocol']} to port {group['Port']} of each "
        f"{group['TargetType']}.",
        consequence=f"Nobody listens there: the programs speak HTTP on {brief['app_port']} of their "
        f"instances.",
        concept="TLS ends at the load balancer; the target group says how it talks to the machines.",
    )
    codes = (group.get("Matcher") or {}).get("HttpCode") or ""
    path = group.get("HealthCheckPath")
    good = path == brief["health_path"] and _well(codes) == {int(brief["health_code"])}
    assert good, Because(
        found=f"Target group {name} asks for {path} and calls a machine well that answers "
        f"{codes or 'no HTTP code'}. The program says that it is well by {brief['health_code']} on "
        f"{brief['health_path']}.",
        consequence="A machine whose program is broken goes on getting its share of the visitors, or one "
        "that is "
        "well gets none.",
        concept="A health check is a question with one right answer. Too many right answers, and nobody is "
        "ever "
        "ill.",
    )
    way = (str(group.get("HealthCheckPort")), group.get("HealthCheckProtocol"))
    assert way in (("traffic-port", "HTTP"), (str(brief["app_port"]), "HTTP")), Because(
        found=f"Target group {name} asks for its machines' health by {way[1]} on port {way[0]}.",
        consequence="Nobody answers there: every machine is called unwell, and is replaced by one that is "
        "called unwell as well.",
        concept="A health check has a port and a protocol of its own; left alone, it goes to the requests' "
        "port.",
    )


def _well(codes: str) -> frozenset[int]:
    """The HTTP codes of a matcher; none where it names none, as a gRPC one does."""
    try:
        return matcher(codes)
    except ModelError:
        return frozenset()


def watches_its_own(policy: Raw, group: str, front: Front, served: list[str]) -> None:
    """Fails the check where a policy's metric is that of another group, or of another load balancer."""
    config = policy["TargetTrackingConfiguration"]
    own = own_metric(policy)
    about = {one["Name"]: one["Value"] for one in own.get("Dimensions") or []}
    label = str((config.get("PredefinedMetricSpecification") or {}).get("ResourceLabel") or "")
    balancer = front.raw["LoadBalancerArn"].partition("loadbalancer/")[2]
    labels = [f"{balancer}/{arn.rpartition(':')[2]}" for arn in served]
    right = not own or (about, own.get("Statistic")) == ({"AutoScalingGroupName": group}, "Average")
    if metric_name(policy) == "ALBRequestCountPerTarget":
        right = label in labels
    assert right, Because(
        found=f"Policy {policy['PolicyName']} of group {group} follows {metric_name(policy)}"
        f"{' (' + str(own.get('Statistic')) + ')' if own else ''} of {about or label or 'nothing'}.",
        consequence="The group grows when somebody else is busy, and sleeps through its own morning.",
        concept="A metric has dimensions: they say whose it is. Adding machines must change the very "
        "number that is "
        "followed.",
    )


def faces_the_internet(front: Front) -> None:
    """Fails the check unless visitors can reach the load balancer's addresses at all."""
    name = front.raw["LoadBalancerName"]
    assert front.balancer.scheme == "internet-facing", Because(
        found=f"Load balancer {name} has the scheme {front.balancer.scheme}.",
        consequence="Its name resolves to private addresses: no visitor gets there.",
        concept="The scheme decides which addresses a load balancer's machines have; it cannot be changed "
        "later.",
    )


def lets_visitors_in(network: Network, front: Front) -> None:
    """Fails the check unless 443 and 80 are reached from the internet, also without any one zone."""
    network = answering(network, front.balancer.id)
    for zone in ("", *zones_of(network, front.balancer.subnets)):
        for port in (443, 80):
            must_reach(
                without_zone(network, zone) if zone else network,
                "internet",
                front.balancer.id,
                port,
                given=f"Zone {zone} was taken away. " if zone else "",
                consequence="Visitors who get the address of this zone's node wait for a page that never "
                "comes.",
                concept="An internet-facing load balancer has a node in each of its subnets, and each "
                "needs a "
                "way to the internet and a rule that lets visitors in.",
            )
