"""Graders of 070-scaling: the front door, the group behind it, and how both follow the morning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost import price_table
from cloudlings.grading.fleet_rules import (
    behind_the_door,
    hears_of_illness,
    is_a_good_machine,
    survives_loss_of,
)
from cloudlings.grading.front_rules import (
    Front,
    asks_the_right_question,
    only_its_ports,
    sends_to_https,
    speaks_tls,
    watches_its_own,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.load_rules import in_time, jumps, rings, settles, stands_ready
from cloudlings.grading.scaling_state import (
    Raw,
    answering,
    balancers_of,
    drainer,
    event,
    groups_of,
    heard,
    listeners_of,
    policies_of,
    reached_after_losing,
    routed,
    rules_of,
    subnets_of_group,
    target_group,
    template_of,
    terminates,
    told,
    zones_of,
)
from cloudlings.grading.spot_rules import drains, is_lent_from_many
from cloudlings.grading.vpc_state import must_reach, network_of, shown, the_one, vpcs_in
from cloudlings.models import placement
from cloudlings.models.health import matcher
from cloudlings.models.placement import Member
from cloudlings.network import Network, without_zone
from cloudlings.network.model import Vpc

NAMES = ("main", "pages", "print", "old")
CALLERS = ("198.51.100.7", "203.0.113.200")


def _network(account: Account, brief: Brief) -> tuple[Network, Vpc]:
    network = network_of(account, "elbv2")
    found = vpcs_in(network, brief.vpc_cidr)
    assert found, Because(
        found=f"The portal's network ({brief.vpc_cidr}) was looked for; it is not there.",
        consequence="The portal is down.",
        concept="What runs is changed in place. reset_lab() lays the start state again.",
    )
    return network, the_one(found, brief.vpc_cidr, "the portal's")


@task(
    "six-urls",
    points=3,
    title="Six requests, told beforehand",
    ref="L07-T2",
    hints=[
        "Walk through the rules in the order of their numbers, with one request in hand. Stop at the first "
        "rule "
        "whose conditions all hold. What a later rule would say does not matter any more.",
        "Paths are compared with their case, and as a whole: does /a/* take /a? Hosts are compared without "
        "case. "
        "What comes after ? in a URL is not the path. A condition on methods shuts out the others.",
        'answer("six-urls", {"GET http://…": "main" or "pages" or "print" or "old", …}) with the six texts '
        "of "
        "brief.urls. Rule 20 takes GET and HEAD under the page's path, whatever the host; then rule 30 by "
        "host.",
    ],
)
def test_six_urls(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("six-urls")
    not_attempted_unless(given is not None, 'No answer "six-urls" was handed in yet.')
    said = {_squeezed(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}
    missing = [text for text in brief.urls if said.get(_squeezed(text)) not in NAMES]
    assert not missing, Because(
        found=f'The answer "six-urls" names none of {shown(NAMES)} for {missing[0]}.',
        consequence="A request whose way nobody knows is the one that is reported on Monday.",
        concept="Every request is taken by exactly one rule: the default rule takes what is left.",
    )
    truth = _as_inherited(brief)
    wrong = [text for text in brief.urls if said[_squeezed(text)] != truth[text][0]]
    assert not wrong, Because(
        found=f"{len(brief.urls) - len(wrong)} of {len(brief.urls)} requests are told as the rules take "
        f"them. One of "
        f"the others is taken by rule {truth[wrong[0]][1]}.",
        consequence="A visitor lands on a page that was not meant for him, and the rule that was meant never "
        "sees a request.",
        concept="The lowest number first; all conditions of a rule; paths with their case and without the "
        "query, "
        "hosts without case.",
    )


def _squeezed(text: Any) -> str:
    return "".join(str(text).split())


def _as_inherited(brief: Brief) -> dict[str, tuple[str, str]]:
    """Target group and rule of each request, by the rules that the seed lays."""

    def rule(priority: str, name: str, *conditions: Mapping[str, Any]) -> Raw:
        actions = [{"Type": "forward", "TargetGroupArn": name}]
        return {
            "Priority": priority,
            "IsDefault": not conditions,
            "Conditions": conditions,
            "Actions": actions,
        }

    def path(pattern: str) -> Mapping[str, Any]:
        return {"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}

    methods = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}
    rules = [
        rule("40", "print", path(f"/{brief.page}/print/*")),
        rule("20", "pages", path(f"/{brief.page}/*"), methods),
        rule("30", "old", {"Field": "host-header", "HostHeaderConfig": {"Values": ["old.*"]}}),
        rule("default", "main"),
    ]
    found = {text: routed(rules, text) for text in brief.urls}
    return {text: (way.target_group, way.rule) for text, way in found.items()}


def _front(account: Account, brief: Brief, network: Network, vpc: Vpc) -> Front:
    """The learner's load balancer, or "not attempted"; several with a listener on 443 fail the check."""
    found = [one for one in balancers_of(account, vpc.id) if one["LoadBalancerName"] != brief.letters]
    not_attempted_unless(found, f"{vpc.id} has no load balancer but {brief.letters}.")
    ports = {one["LoadBalancerArn"]: listeners_of(account, one) for one in found}
    served = [one for one in found if 443 in ports[one["LoadBalancerArn"]]] or found
    names = [one["LoadBalancerName"] for one in served]
    assert len(served) == 1, Because(
        found=f"{len(names)} load balancers could be the booking page's: {shown(names)}.",
        consequence="Half of the visitors use one address and half the other, and each is paid for by the "
        "hour.",
        concept="One name leads to one load balancer; it grows by itself.",
    )
    arn = served[0]["LoadBalancerArn"]
    balancer = next(one for one in network.load_balancers if one.id == arn)
    return Front(served[0], balancer, ports[arn])


@task(
    "front",
    points=6,
    title="A front door in two zones, with TLS",
    ref="L07-T1",
    hints=[
        "Four parts: the load balancer in two public subnets, a security group of its own, a listener on "
        "443 with "
        "a certificate, and one on 80 whose only action is a redirect. Which part decides what a visitor may "
        "reach, and which what he is told?",
        "create_load_balancer takes Subnets and SecurityGroups. An HTTPS listener takes Certificates=[…]: "
        "the one "
        "whose name is brief.domain. A fixed response needs no machine. A redirect keeps what it does not "
        "name.",
        "create_listener(Port=443, Protocol='HTTPS', Certificates=[{'CertificateArn': …}], "
        "DefaultActions=[{'Type': "
        "'fixed-response', …}]) and create_listener(Port=80, Protocol='HTTP', DefaultActions=[{'Type': "
        "'redirect', "
        "'RedirectConfig': {'Protocol': 'HTTPS', 'Port': '443', 'StatusCode': 'HTTP_301'}}]).",
    ],
)
def test_front(account: Account, brief: Brief) -> None:
    network, vpc = _network(account, brief)
    front = _front(account, brief, network, vpc)
    name = front.raw["LoadBalancerName"]
    assert front.balancer.scheme == "internet-facing", Because(
        found=f"Load balancer {name} has the scheme {front.balancer.scheme}.",
        consequence="Its name resolves to private addresses: no visitor gets there.",
        concept="The scheme decides which addresses a load balancer's machines have; it cannot be changed "
        "later.",
    )
    speaks_tls(account, brief, front)
    sends_to_https(account, brief, front)
    only_its_ports(network, front)
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


def _page_and_api(account: Account, brief: Brief, front: Front) -> tuple[list[Raw], str, str]:
    """The rules of listener 443 and the groups of the page and the API ("" for none or several)."""
    https = front.listeners.get(443)
    rules = rules_of(account, https) if https else []
    if not rules:
        return [], "", ""
    page = routed(rules, f"GET https://{brief.domain}/").target_group
    api = routed(rules, f"GET https://{brief.domain}/{brief.api}/times").target_group
    return rules, page, api


@task(
    "routes",
    points=5,
    title="Two target groups, and who is well",
    ref="L07-T2",
    hints=[
        "Write the table of requests from the special to the general: the internal part, the API, the "
        "rest. In "
        "which order must a listener read it? And does /x/* take /x?",
        "create_target_group has HealthCheckPath and Matcher. modify_listener changes the default action to "
        "forward; create_rule adds a rule with a Priority, and a path condition may list several patterns.",
        "create_rule(ListenerArn=…, Priority=10, Conditions=[{'Field': 'path-pattern', 'PathPatternConfig': "
        "{'Values': ['/…/internal/*']}}], Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': "
        "{'StatusCode': "
        "'403'}}]); Priority=20 with ['/…', '/…/*'] forwards to the API's group.",
    ],
)
def test_routes(account: Account, brief: Brief) -> None:
    network, vpc = _network(account, brief)
    front = _front(account, brief, network, vpc)
    rules, page, api = _page_and_api(account, brief, front)
    attached = [group for each in front.balancer.listeners for group in each.target_groups]
    not_attempted_unless(attached, "The load balancer forwards to no target group yet.")
    assert rules, Because(
        found=f"Load balancer {front.raw['LoadBalancerName']} has no listener on 443; its listeners are on "
        f"{shown([str(port) for port in front.listeners])}.",
        consequence="Who asks for the page by https waits, and gets nothing.",
        concept="A listener is a port and its rules. What stands behind another port is not the page's.",
    )
    word = brief.api
    wanted = {
        "GET /": "page",
        f"GET /doctors?x=/{word}/y": "page",
        f"GET /{word}tite": "page",
        f"GET /help/{word}/times": "page",
        "POST /login": "page",
        f"GET /{word}": "api",
        f"GET /{word}/": "api",
        f"POST /{word}/book/7": "api",
        f"GET /{word}/times?day=internal/x": "api",
        f"GET /{word}/internally": "api",
        f"GET /{word}/internal/keys": "403",
        f"DELETE /{word}/internal/a/b": "403",
    }
    assert not page or page != api, Because(
        found=f"GET / and GET /{word}/times are both sent to {page.rsplit('/', 2)[-2]}: "
        f"the API's "
        "group is the page's group as well.",
        consequence="One program gets the other's requests, and neither can grow or fall ill alone.",
        concept="A target group stands for one program: its machines, its port, its question.",
    )
    for text, end in wanted.items():
        method, _, path = text.partition(" ")
        asked = f"{method} https://{brief.domain}{path}"
        ways = [routed(rules, asked, caller) for caller in CALLERS]
        arn = {"page": page, "api": api}.get(end)
        good = [way.status == 403 if end == "403" else way.target_group == arn != "" for way in ways]
        way = ways[good.index(False)] if False in good else ways[0]
        assert all(good), Because(
            found=f"{asked} was put to listener 443: {told(way)}.",
            consequence={
                "page": "A visitor who wants the page gets something else.",
                "api": "The booking app asks for times and gets something else.",
                "403": "What only Hazelmere's own programs may ask can be asked by everybody.",
            }[end],
            concept="Rules are read by priority, and the first that fits decides: the special case needs the "
            "lower number. A pattern is compared with the whole path.",
        )
    for arn in (page, api):
        asks_the_right_question(brief, target_group(account, arn))


def _fleet(account: Account, brief: Brief, front: Front) -> tuple[Raw, str, str]:
    """The booking group with the groups of page and API; not attempted while there is no new group."""
    _, page, api = _page_and_api(account, brief, front)
    theirs = {one["TargetGroupArn"] for one in _jobs(account, brief)}
    others = [
        one
        for one in groups_of(account)
        if one["AutoScalingGroupName"] != brief.letters and not theirs & set(one.get("TargetGroupARNs", []))
    ]
    not_attempted_unless(
        others, f"There is no Auto Scaling group for the booking page; {brief.letters} was there."
    )
    found = [one for one in others if {page, api} & set(one.get("TargetGroupARNs", []))]
    assert found, Because(
        found=f"Group {shown([one['AutoScalingGroupName'] for one in others])} is there; none is registered "
        "with the target groups of page and API.",
        consequence="The machines run, and the load balancer has nobody to send a visitor to.",
        concept="A group registers and deregisters its machines itself, once it is told with which target "
        "groups.",
    )
    assert len(found) == 1, Because(
        found=f"{len(found)} groups serve the page: {shown([one['AutoScalingGroupName'] for one in found])}.",
        consequence="Each follows the load as if it were alone.",
        concept="One group, one wish.",
    )
    return found[0], page, api


def _jobs(account: Account, brief: Brief) -> list[Raw]:
    groups = account.client("elbv2").describe_target_groups()["TargetGroups"]
    return [one for one in groups if one["TargetGroupName"] == brief.reports]


def _whereabouts(group: Raw) -> str:
    homes = sorted(f"{one['InstanceId']} in {one['AvailabilityZone']}" for one in group["Instances"])
    return f"Group {group['AutoScalingGroupName']} has {shown(homes)}."


@task(
    "fleet",
    points=6,
    title="A group that keeps its number in two zones",
    ref="L07-T3",
    hints=[
        "First what a machine is (the launch template), then how many and where (the group). Three "
        "questions: does "
        "the group live without either zone, does it hear when a program dies, and who may talk to the "
        "machines?",
        "VPCZoneIdentifier is a text of subnet ids with a comma between. HealthCheckType='ELB' with a "
        "grace period "
        "of the boot time at least. The machines' security group names the load balancer's group as its "
        "source.",
        "create_launch_template(LaunchTemplateData={'ImageId': IMAGE, 'InstanceType': 't3.small', "
        "'IamInstanceProfile': {'Name': 'hazelmere-web'}, 'MetadataOptions': {'HttpTokens': 'required'}, "
        "'Monitoring': "
        "{'Enabled': True}, 'SecurityGroupIds': […]}), then create_auto_scaling_group(MinSize=2, "
        "MaxSize=brief.most, "
        "VPCZoneIdentifier=','.join(SUBNETS['app']), TargetGroupARNs=[both], HealthCheckType='ELB', …).",
    ],
)
def test_fleet(account: Account, brief: Brief) -> None:
    network, vpc = _network(account, brief)
    front = _front(account, brief, network, vpc)
    group, page, api = _fleet(account, brief, front)
    name = group["AutoScalingGroupName"]
    survives_loss_of(network, group, "The booking page")
    lost = {page, api} - set(group.get("TargetGroupARNs", []))
    assert not lost, Because(
        found=f"Group {name} is not registered with {shown([arn.rsplit('/', 2)[-2] for arn in lost])}.",
        consequence="Half of the booking page's requests meet an empty target group: 503.",
        concept="Each target group has a list of its own, also when the same machines stand on both.",
    )
    assert group["MaxSize"] >= brief.most, Because(
        found=f"Group {name} may grow to {group['MaxSize']}; {brief.most} machines may be needed.",
        consequence="At half past seven it stands at its limit, and no policy can help.",
        concept="A policy moves the wish between least and most, and never beyond.",
    )
    hears_of_illness(group, brief.boot_seconds)
    is_a_good_machine(account, group, kind="t3.small", profile="hazelmere-web")
    behind_the_door(account, network, front.balancer, group, brief.app_port)
    for zone in zones_of(network, front.balancer.subnets):
        assert reached_after_losing(network, front.balancer, 443, zone), Because(
            found=f"Zone {zone} was taken away, and a visitor's request was followed through the load "
            f"balancer: it reaches no machine. {_whereabouts(group)}",
            consequence="The page is down although the other zone is well.",
            concept="Load balancer and group must share their zones, and each zone must be able to do "
            "without the "
            "other.",
        )


@task(
    "letters",
    points=6,
    title="The inherited group, repaired",
    ref="L07-T3",
    hints=[
        "Four things can be seen in what the cell prints: one zone, one machine, a health check that "
        "hardly anything "
        "fails, and a machine that answers to a stranger. The group does not ask the load balancer, either.",
        "update_auto_scaling_group changes subnets, sizes and HealthCheckType in place; "
        "modify_target_group the "
        "Matcher; revoke and authorize_security_group_ingress the rules of the group letters-machines.",
        "update_auto_scaling_group(AutoScalingGroupName=brief.letters, MinSize=2, DesiredCapacity=2, "
        "VPCZoneIdentifier=','.join(SUBNETS['app']), HealthCheckType='ELB'); Matcher={'HttpCode': "
        "'200-299'}; the "
        "rule's source becomes the group letters-door (UserIdGroupPairs).",
    ],
)
def test_letters(account: Account, brief: Brief) -> None:
    network, _ = _network(account, brief)
    there = {one["AutoScalingGroupName"]: one for one in groups_of(account)}
    doors = {one.name: one for one in network.load_balancers}
    assert brief.letters in there.keys() & doors.keys(), Because(
        found=f"The group and the load balancer {brief.letters} were looked for; they are not both there.",
        consequence="No letter is printed.",
        concept="What runs is repaired in place. reset_lab() lays the start state again.",
    )
    group, door = there[brief.letters], doors[brief.letters]
    arns = group.get("TargetGroupARNs", [])
    codes = [str(target_group(account, arn).get("Matcher", {}).get("HttpCode")) for arn in arns]
    world = [
        rule
        for each in network.security_groups
        if each.group_name == "letters-machines"
        for rule in each.inbound
        if rule.cidr == "0.0.0.0/0"
    ]
    now = (len(subnets_of_group(network, group)), group["HealthCheckType"], codes, group["MinSize"])
    not_attempted_unless(
        (*now, bool(world)) != (1, "EC2", ["200-499"], 1, True), f"Group {brief.letters} is as it was left."
    )
    survives_loss_of(network, group, "The letters service")
    hears_of_illness(group, 0)
    fed = {arn for each in door.listeners for arn in each.target_groups}
    assert fed & set(arns), Because(
        found=f"Group {brief.letters} is registered with no target group of its load balancer.",
        consequence="Letters are asked for and nobody prints them.",
        concept="The way from the visitor to the machine goes through listener, rule, target group and "
        "group.",
    )
    for code in codes:
        ill = sorted(matcher(code) & {404, 500, 503})
        assert not ill, Because(
            found=f"The target group of {brief.letters} calls a machine well that answers {code}: "
            f"{ill[0]} "
            "is among it.",
            consequence="A machine on which nothing but an error page is left keeps its share of the "
            "letters.",
            concept="Well is what the program says when it works, and nothing else.",
        )
    behind_the_door(account, network, door, group, brief.letters_port)


def _booking(account: Account, brief: Brief) -> tuple[Raw, Front, list[str]]:
    """The booking group, its front door, and the target groups of page and API."""
    network, vpc = _network(account, brief)
    front = _front(account, brief, network, vpc)
    group, page, api = _fleet(account, brief, front)
    return group, front, [page, api]


@task(
    "kill",
    points=3,
    title="Pull the plug",
    ref="L07-T6",
    hints=[
        "For the prediction, count first: which zone has the most machines? Only those can go. When one is "
        "gone, "
        "count again before you choose the second. For the experiment, write down the group's machines "
        "before "
        "and after.",
        "In the fullest zone the lowest template number goes; among equals the one with the most minutes "
        "past its "
        "last full hour (minutes % 60). terminate_instances is the accident; members(fleet()) shows who is "
        "there.",
        "before = members(fleet()); ec2.terminate_instances(InstanceIds=[…]); the new one is in "
        'set(members(fleet())) - set(before). answer("kill", {"killed": …, "instead": …, "shrinks": [name, '
        "name]}).",
    ],
)
def test_kill(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("kill")
    not_attempted_unless(given is not None, 'No answer "kill" was handed in yet.')
    said = given if isinstance(given, dict) else {}
    group, _, _ = _booking(account, brief)
    name = group["AutoScalingGroupName"]
    there = {one["InstanceId"]: one["AvailabilityZone"] for one in group["Instances"]}
    ran = {
        one["InstanceId"]: one
        for each in account.client("ec2").describe_instances()["Reservations"]
        for one in each["Instances"]
    }
    dead, new = ran.get(str(said.get("killed")), {}), str(said.get("instead"))
    tags = {tag["Key"]: tag["Value"] for tag in dead.get("Tags", [])}
    state = dead.get("State", {}).get("Name", "not there")
    was_ours = tags.get("aws:autoscaling:groupName") == name
    good = was_ours and state in ("terminated", "shutting-down")
    assert good, Because(
        found=f"The answer says that {said.get('killed')} was terminated. It is {state}"
        f"{'' if was_ours else f', and was no machine of group {name}'}.",
        consequence="Nobody knows yet what happens when a machine of the page dies.",
        concept="An experiment changes the thing that it asks about.",
    )
    died = re.search(r"\((\S+ \S+)", str(dead.get("StateTransitionReason")))
    came = ran.get(new, {}).get("LaunchTime")
    earlier = bool(came and died and str(came)[:19].replace("T", " ") < died[1])
    good = new in there and not earlier
    assert good, Because(
        found=f"The answer says that {new} came for it. In group {name} are {shown(sorted(there))}"
        f"{f'; {new} ran before already' if earlier else ''}.",
        consequence="The count was not looked at after the accident, or somebody else's machine was.",
        concept="A group repairs its number with a new machine: another id, another address, nothing on "
        "its disk.",
    )
    assert len(there) >= group["DesiredCapacity"], Because(
        found=f"Group {name} wishes for {group['DesiredCapacity']} machines and has {len(there)}.",
        consequence="The next accident meets a group that is short already.",
        concept="Wish and number meet again when the group is left to do its work.",
    )
    members = [Member(row["name"], row["zone"], row["template"], row["minutes"]) for row in brief.machines]
    order = placement.termination_order(members, 2)
    given_up = said.get("shrinks")
    named = [str(one) for one in given_up] if isinstance(given_up, list) else []
    assert named == list(order), Because(
        found=f"Of the group of five, {shown(named)} were said to go first, "
        "in this order. By the default termination policy they do not.",
        consequence="Somebody keeps his notes on a machine that goes tonight.",
        concept="The fullest zone first, in it the oldest template, among equals the next full hour; then "
        "the zones "
        "are counted anew.",
    )


@task(
    "track",
    points=4,
    title="Follow the load",
    ref="L07-T4",
    hints=[
        "What should stay the same while the number of visitors changes? A thermostat needs a metric that "
        "halves "
        "when the machines double, and the value at which it should stand.",
        "put_scaling_policy with PolicyType='TargetTrackingScaling' and a TargetTrackingConfiguration. The "
        "metric "
        "ASGAverageCPUUtilization needs nothing more; ALBRequestCountPerTarget needs a ResourceLabel.",
        "TargetTrackingConfiguration={'PredefinedMetricSpecification': {'PredefinedMetricType': "
        "'ASGAverageCPUUtilization'}, 'TargetValue': brief.cpu}, and DisableScaleIn is left out.",
    ],
)
def test_track(account: Account, brief: Brief) -> None:
    group, front, served = _booking(account, brief)
    name = group["AutoScalingGroupName"]
    driven = policies_of(account, name).of("TargetTrackingScaling")
    not_attempted_unless(driven, f"Group {name} has no target tracking policy yet.")
    for each in driven:
        watches_its_own(each.policy, name, front, served)
    settles(
        driven,
        target=brief.cpu,
        boot=brief.boot_seconds // 60,
        most=brief.most,
        loads=[brief.cpu * brief.most * share for share in (0.37, 0.66, 0.93)],
        requests=brief.full_machine / 100,
    )


@task(
    "surge",
    points=6,
    title="The storm at opening time",
    ref="L07-T5",
    hints=[
        "Draw the CPU line from the first value of brief.steps to 100 %, and write over each piece what is "
        "added. "
        "Then write the bounds as differences from the threshold: where does the first piece begin, and "
        "where does "
        "the last one end? For the timetable: what goes up must come down, and whose clock is it?",
        "put_scaling_policy(PolicyType='StepScaling', AdjustmentType='ChangeInCapacity', "
        "StepAdjustments=[…]) gives a "
        "PolicyARN; the alarm (CPUUtilization of AWS/EC2, dimension AutoScalingGroupName, Average, Period "
        "60) has it "
        "in AlarmActions. Detailed monitoring is in the template. put_scheduled_update_group_action has a "
        "TimeZone.",
        "Three steps: lower 0, then the differences; the last has no upper bound. "
        "Threshold=brief.steps[0][0], "
        "GreaterThanOrEqualToThreshold, EvaluationPeriods=2. Two actions: Recurrence='15 7 * * 1-5' "
        "(opening less boot "
        "and a little) with MinSize=brief.ramp, and '0 18 * * 1-5' with MinSize=2, TimeZone='Europe/London'.",
    ],
)
def test_surge(account: Account, brief: Brief) -> None:
    group, _, _ = _booking(account, brief)
    name = group["AutoScalingGroupName"]
    actions = account.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=name)
    detailed = bool((template_of(account, group).get("Monitoring") or {}).get("Enabled"))
    policies = policies_of(account, name, detailed=detailed)
    driven = policies.of("StepScaling", "SimpleScaling")
    scheduled = actions["ScheduledUpdateGroupActions"]
    not_attempted_unless(
        [*driven, *scheduled], f"Group {name} has neither a step policy nor a timetable yet."
    )
    jumps(driven, brief.steps, policies.left_out)
    in_time(driven, brief.steps, boot=brief.boot_seconds // 60, most=brief.most)
    rings(driven)
    stands_ready(
        scheduled,
        opening=brief.opening,
        closing=brief.closing,
        ramp=brief.ramp,
        boot=brief.boot_seconds,
        most=brief.most,
    )


@task(
    "drain",
    points=4,
    title="Let machines go politely",
    ref="L07-T8",
    hints=[
        "Two things: something that makes a machine wait before it goes, and somebody who hears that it "
        "waits. Which "
        "of the two ends of a machine's life is it, and how long may it take?",
        "put_lifecycle_hook has a LifecycleTransition and a HeartbeatTimeout in seconds. An EventBridge "
        "pattern lists "
        "allowed values for each key; what is inside detail can be asked for as well.",
        "put_lifecycle_hook(LifecycleTransition='autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout "
        "between "
        "brief.drain_seconds and twice that); put_rule(EventPattern with source, detail-type and detail."
        "AutoScalingGroupName, each a list); put_targets(Targets=[{'Id': 'drainer', 'Arn': QUEUE}]).",
    ],
)
def test_drain(account: Account, brief: Brief) -> None:
    group, _, _ = _booking(account, brief)
    name = group["AutoScalingGroupName"]
    hooks = account.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=name)[
        "LifecycleHooks"
    ]
    not_attempted_unless(hooks, f"Group {name} has no lifecycle hook yet.")
    leaving = [one for one in hooks if one["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"]
    assert leaving, Because(
        found=f"Group {name} has a hook at {shown([one['LifecycleTransition'] for one in hooks])}.",
        consequence="A machine that goes takes its last logs with it.",
        concept="A machine waits at a hook of the transition that it is in: being launched, or being "
        "terminated.",
    )
    least = brief.drain_seconds
    waits = max(int(one.get("HeartbeatTimeout", 3600)) for one in leaving)
    assert least <= waits <= 2 * least, Because(
        found=f"A machine of group {name} waits up to {waits} seconds; its logs take up to {least}.",
        consequence="It is gone before its last logs are."
        if waits < least
        else "When the drain program is down, each machine that goes is paid for until the timeout, and "
        "the group "
        "is slow to shrink and to repair itself.",
        concept="The timeout is for the day on which nobody says done: long enough for the work, and not "
        "much "
        "longer.",
    )
    heard_of = heard(account, terminates(account, name), drainer(account))
    assert heard_of, Because(
        found=f"The event of a terminating machine of group {name} was put to EventBridge's rules. None "
        f"takes it and "
        "hands it to the queue drainer.",
        consequence="Machines wait at the hook, and nobody knows: every one waits for the whole timeout.",
        concept="A hook holds; an event tells; a target hears. A pattern lists the values that it takes, "
        "key by key.",
    )
    for other in (terminates(account, "another-group"), terminates(account, name, "launch")):
        wrong = heard(account, other, drainer(account))
        assert not wrong, Because(
            found=f"Rule {wrong[0]} also takes “{other['detail-type']}” of group "
            f"{other['detail']['AutoScalingGroupName']}.",
            consequence="The drain program fetches logs from machines that are being born, or that are not "
            "ours.",
            concept="A pattern that names less takes more.",
        )


@task(
    "spot",
    points=6,
    title="Reports on Spot, and the two minutes",
    ref="L07-T7",
    hints=[
        "Three things: who is paid in full and who is lent (the mixed instances policy), who hears the "
        "warning (an "
        "event rule), and what is done in which order (the runbook). Where does the next job come from "
        "while the "
        "present one is saved?",
        "OnDemandBaseCapacity is a number, OnDemandPercentageAboveBaseCapacity a share of the rest; "
        "Overrides lists "
        "the types. First take the worker off its target group, then save. The target group's "
        "deregistration_delay.timeout_seconds is 300 unless told.",
        "InstancesDistribution={'OnDemandBaseCapacity': brief.reports_base, "
        "'OnDemandPercentageAboveBaseCapacity': 0, "
        "'SpotAllocationStrategy': 'price-capacity-optimized'}, CapacityRebalance=True; steps "
        "elbv2:DeregisterTargets "
        "with Targets [{'Id': '$.detail.instance-id'}], then s3:PutObject with Key '$.detail.instance-id'.",
    ],
)
def test_spot(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    network, _ = _network(account, brief)
    jobs = [one["TargetGroupArn"] for one in _jobs(account, brief)]
    found = [one for one in groups_of(account) if set(jobs) & set(one.get("TargetGroupARNs", []))]
    given = answer("runbook")
    not_attempted_unless(
        [*found, given] != [None],
        f"No group is registered with {brief.reports}, and no runbook was handed in.",
    )
    assert len(found) == 1, Because(
        found=f"Registered with target group {brief.reports}: "
        f"{shown([one['AutoScalingGroupName'] for one in found])}.",
        consequence="No worker gets a job, or two groups fight for them.",
        concept="A group tells its target groups about its machines by itself.",
    )
    group = found[0]
    is_lent_from_many(brief, network, group)
    warning = event(account, "aws.ec2", "EC2 Spot Instance Interruption Warning", **{
        "instance-id": "i-0aaaabbbbccccdddd", "instance-action": "terminate"
    })  # fmt: skip
    assert heard(account, warning, drainer(account)), Because(
        found="A Spot interruption warning was put to EventBridge's rules. None takes it and hands it to "
        "the queue "
        "drainer.",
        consequence="Two minutes pass, the machine is gone, and so is its job.",
        concept="The notice is an event. Who is not asked to listen does not hear it.",
    )
    drains(brief, given, jobs[0])
    attributes = account.client("elbv2").describe_target_group_attributes(TargetGroupArn=jobs[0])[
        "Attributes"
    ]
    delay = int({a["Key"]: a["Value"] for a in attributes}["deregistration_delay.timeout_seconds"])
    needs = delay + brief.checkpoint_seconds
    assert needs <= 120, Because(
        found=f"Target group {brief.reports} gives the job in hand {delay} seconds to end; saving takes "
        f"{brief.checkpoint_seconds}. Together that is {needs} of 120.",
        consequence="EC2 takes the machine while its job is being saved.",
        concept="Two minutes are all there is, for both waits.",
    )


@task(
    "bill",
    points=3,
    title="What scaling saves",
    ref="L07-T4",
    hints=[
        "Count machine-hours first, for each of the designs; then multiply. The load balancer is in both, "
        "and is "
        "billed twice: for its hours, and for the units that it uses in each of them.",
        "Scaled: peak machines in the peak hours, base machines in the rest of 730. The timetable's extra "
        "machines are "
        "those above 2, in ramp_hours hours of 22 days.",
        'answer("bill", {"always_peak": peak × 730 × price + door, "scaled": (peak × peak_hours + base × '
        "(730 − "
        'peak_hours)) × price + door, "ramp": (brief.ramp − 2) × ramp_hours × 22 × price, "choose": …}) '
        "with door = 730 × "
        "(hour + lcu × price of one).",
    ],
)
def test_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("bill")
    not_attempted_unless(given is not None, 'No answer "bill" was handed in yet.')
    said, sums, prices = (given if isinstance(given, dict) else {}), brief.bill, price_table()
    machine = prices[f"ec2.{sums['type']}"].usd
    door = 730 * (prices["lb.application.hour"].usd + sums["lcu"] * prices["lb.application.lcu"].usd)
    rest = 730 - sums["peak_hours"]
    wanted = {
        "always_peak": sums["peak"] * 730 * machine + door,
        "scaled": (sums["peak"] * sums["peak_hours"] + sums["base"] * rest) * machine + door,
        "ramp": (brief.ramp - 2) * sums["ramp_hours"] * 22 * machine,
    }
    for name, usd in wanted.items():
        number = said.get(name)
        good = isinstance(number, int | float) and abs(number - usd) <= 0.01 * usd
        assert good, Because(
            found=f'The answer "bill" has {number!r} for {name}, which is not within 1 % of the sum.',
            consequence="The choice rests on a wrong sum.",
            concept="Machine-hours times price, and for the load balancer 730 hours and its units in each "
            "of them. "
            "The timetable's extra machines are those above the two that run anyway.",
        )
    better = "ramp" if wanted["ramp"] < 730 * machine else "spare"
    assert said.get("choose") == better, Because(
        found=f"The answer chooses {said.get('choose')!r}. The timetable costs ${wanted['ramp']:.2f} a "
        f"month, one spare "
        f"machine ${730 * machine:.2f}.",
        consequence="The choice contradicts its own sum.",
        concept="Hours are what is paid for: many machines for a few hours, or one for all of them.",
    )
