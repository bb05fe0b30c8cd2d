"""Graders of 050-network-security: who may come in, by which gate, and what it costs to stay inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cloudlings.cost import break_even_gb, price_table
from cloudlings.grading.acl_rules import difference, first_match, rules_of
from cloudlings.grading.endpoint_rules import (
    S3_NEEDS,
    TABLE_NEEDS,
    alive,
    gets_its_secret,
    hands_over,
    lets_through,
    roads_to,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.group_rules import ADMIN, in_words, includes, too_many
from cloudlings.grading.portal_walls import (
    INHERITED,
    RULE_200,
    inherited_in,
    inherited_out,
    open_to_the_world,
    portal_of,
    with_acl,
    with_open_acls,
    with_places,
)
from cloudlings.grading.triage_rules import names_the_rules
from cloudlings.grading.vpc_state import as_predicted, interface_at, ports_at_the_edges, shown, with_host
from cloudlings.grading.wall_rules import (
    all_but_ssh,
    calls_nobody,
    door_is_open,
    followed,
    nothing_else,
    reports_work,
    stays_out,
)
from cloudlings.network import without_zone

ROLES = {"front": ("front_a", "front_b"), "app": ("app_a", "app_b"), "database": ("db_a", "db_b")}


@task(
    "chain",
    points=6,
    title="Front, app, database: one door each",
    ref="L05-T1",
    hints=[
        "Write the matrix first: internet, front, app and mailer down, front, app and database across. Three "
        "cells hold one port each. Everything else is shut: also for the mailer, which lives in the app "
        "subnet.",
        "A rule's source can be a security group: whoever carries that group is let in, in any subnet, under "
        "any address. A range of addresses lets in whoever is in the range, the mailer too. And a machine "
        "lets in what any of its groups lets in.",
        "Three groups. front: tcp 443 from 0.0.0.0/0. app: tcp brief.app_port from the front group. "
        "database: "
        "tcp brief.database_port from the app group. Then modify_network_interface_attribute(Groups=[…]) for "
        "all six machines, so that no old group stays on them.",
    ],
)
def test_chain(account: Account, brief: Brief) -> None:
    portal = portal_of(account, brief)
    machines = {name: interface_at(portal.network, at, name) for name, at in brief.hosts.items()}
    groups = {group.id: group for group in portal.network.security_groups}
    worn = {
        groups[name].group_name
        for each in portal.network.interfaces
        if each.id in machines.values() and each.id != machines["bastion"]
        for name in each.security_groups
    }
    not_attempted_unless(
        not worn <= INHERITED or not open_to_the_world(portal),
        f"All machines still carry only the groups that they were left with: {shown(sorted(worn))}.",
    )
    doors = {"front": 443, "app": brief.app_port, "database": brief.database_port}
    callers = {"front": ["internet"], "app": list(ROLES["front"]), "database": list(ROLES["app"])}
    for role, port in doors.items():
        for name in ROLES[role]:
            for caller in callers[role]:
                door_is_open(portal.network, machines, caller, name, port)
    sources = ["internet", *(name for names in ROLES.values() for name in names), "mailer"]
    for role, port in doors.items():
        for name in ROLES[role]:
            for source in sources:
                # Whether databases copy to each other is theirs to say.
                if source not in (name, *(ROLES["database"] if role == "database" else ())):
                    open_port = port if role == "front" or source in callers[role] else None
                    nothing_else(portal, machines, source, name, open_port)


@task(
    "no-world-ssh",
    points=4,
    title="Nobody administers from the whole internet",
    ref="L05-T2",
    hints=[
        "List the inbound rules of every group of the VPC, those that nobody carries too, and of both "
        "families. Which of them include port 22? A range that begins at 0 does.",
        "Three answers are right: no rule at all (Session Manager needs no open port), a rule for one host "
        "(/32) that can exist, or a rule that names a group. Five addresses of each subnet belong to AWS.",
        "revoke_security_group_ingress(GroupId=…, IpPermissions=group['IpPermissions']) takes all inbound "
        "rules of a group; authorize again only what somebody needs, such as tcp 22 from "
        "the address of brief.hosts['bastion'] with /32.",
    ],
)
def test_no_world_ssh(account: Account, brief: Brief) -> None:
    portal = portal_of(account, brief)
    watched = {**ADMIN, brief.database_port: "the database"}
    left = [rule for rule in open_to_the_world(portal) if any(includes(rule, port) for port in watched)]
    not_attempted_unless(
        len(left) < 5,
        "The five rules that the contractor opened to the whole world are all still there.",
    )
    for group in portal.network.security_groups:
        if group.vpc != portal.vpc.id:
            continue
        for rule in group.inbound:
            for port, what in watched.items():
                if includes(rule, port):
                    problem = too_many(portal.network, portal.vpc, rule, port)
                    assert not problem, Because(
                        found=f"Security group {group.group_name} ({group.id}) has an inbound rule "
                        f"{in_words(rule)}, which includes tcp {port}, {what}: {problem}",
                        consequence=f"A machine that carries {group.id}, today or next year, answers them on "
                        f"port {port}, and passwords are guessed by the thousand.",
                        concept="A rule covers every port between its two, each family has rules of its own, "
                        "and a group that nobody carries is one click away from being carried.",
                    )


@task(
    "nacl",
    points=6,
    title="Ten flows through an inherited NACL, and its repair",
    ref="L05-T3",
    hints=[
        "A network ACL forgets: the reply is a packet of its own, and needs a rule in the other direction. "
        "To which port does a reply go? Not to the one that was called.",
        "Callers choose a port of their own, 1024 or above: that is where replies go. So the inbound rules "
        "must "
        "let replies to your own calls in, and the outbound rules must let replies and your own calls out. "
        "Between two machines of one subnet no network ACL is asked.",
        'Hand in answer("flows", {text: True or False}) about the NACL as inherited. Then repair: inbound '
        "tcp "
        "1024–65535 from anywhere; outbound all, or tcp 443 to anywhere and tcp 1024–65535 to the VPC. "
        "Putting "
        "the reports subnets back to the default NACL is right as well.",
    ],
)
def test_nacl(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    portal = portal_of(account, brief)
    given = answer("flows")
    reports = portal.tiers["reports"]
    now = {acl.entries for acl in portal.network.network_acls if {s.id for s in reports} & set(acl.subnets)}
    ours = frozenset((e.number, e.egress) for e in (*inherited_in(brief), *inherited_out(brief)))
    seen = {frozenset((e.number, e.egress) for e in entries if e.number < 32767) for entries in now}
    not_attempted_unless(
        given is not None or seen != {ours}, 'No answer "flows" was handed in, and the NACL is as inherited.'
    )
    assert given is not None, Because(
        found='The NACL of the reports tier was changed, and no answer "flows" was handed in.',
        consequence="Nobody knows whether the repair was understood or lucky.",
        concept="Predict first: the prediction is about the NACL as it was inherited.",
    )
    inherited = (*inherited_in(brief), *inherited_out(brief))
    portal = replace(portal, network=with_open_acls(portal, "web", "app", "data"))
    network, places = with_places(with_acl(portal, reports, inherited), portal)
    as_predicted("flows", given, {flow: followed(network, places, flow) for flow in brief.flows})
    reports_work(portal, brief)


@task(
    "rule-200",
    points=4,
    title="Two proofs about rule 200",
    ref="L05-T4",
    hints=[
        "Take one SSH packet and read the inherited rules by number. Which rule decides? And which one "
        "would, "
        "if rule 200 were not there?",
        "First proof: the list without any deny, that lets in exactly the same. Second proof: a list that "
        "keeps "
        "rule 200 as it is, and in which SSH from inside gets in all the same. What must be read before 200?",
        'answer("rule-200", {"redundant": [rules 100 and 110], "dead": [a rule with a number below 200 that '
        "allows everything from the VPC, and rule 200]}); each rule is a dictionary with number, action, "
        "protocol, cidr, from, to.",
    ],
)
def test_rule_200(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("rule-200")
    not_attempted_unless(given is not None, 'No answer "rule-200" was handed in yet.')
    given = given if isinstance(given, dict) else {}
    without = rules_of(given.get("redundant"), "rule-200", "redundant")
    dead = rules_of(given.get("dead"), "rule-200", "dead")
    assert not any(rule.action == "deny" for rule in without), Because(
        found=f'"redundant" holds a deny rule, number '
        f"{next(r.number for r in without if r.action == 'deny')}.",
        consequence="It proves nothing about doing without.",
        concept="Redundant means: the list does the same when the rule is gone.",
    )
    packet = difference(inherited_in(brief), without, [brief.hosts["front_a"], brief.office])
    assert packet is None, Because(
        found=f'"redundant" and the inherited rules were put to packets of every kind. They differ about '
        f"{packet}.",
        consequence="Taking rule 200 out like this would change who gets in.",
        concept="What no rule lets in, the closing rule * keeps out.",
    )
    assert RULE_200 in dead, Because(
        found=f'"dead" has the rules {shown([str(r.number) for r in dead])}; rule 200 is not among them as '
        f"it was "
        "(deny, tcp 22, from 0.0.0.0/0).",
        consequence="A rule that is not there is not dead, it is gone.",
        concept="The proof is that rule 200 stands there and does nothing.",
    )
    caller = brief.hosts["front_a"]
    decides = first_match(dead, "tcp", caller, 22)
    action = decides.action if decides else "deny"
    assert action == "allow", Because(
        found=f'With "dead", an SSH packet from {caller} is decided by rule '
        f"{decides.number if decides else '*'}, which refuses it.",
        consequence="The rule is still doing its work, so nothing is shown.",
        concept="Rules are read by number, lowest first, and the first that fits decides. The rest is not "
        "read.",
    )


@task(
    "own-nacl",
    points=5,
    title="A NACL of your own: everything but SSH",
    ref="L05-T5",
    hints=[
        "Two rules inbound would do if they were read in the right order. And which packets leave the data "
        "tier? Only replies: to which ports do they go?",
        "A NACL of your own denies everything until you write rules. Inbound: deny tcp 22 with a low number, "
        "then allow tcp 0–65535 from each block of app and reports. Outbound: tcp 1024–65535 to the same "
        "blocks.",
        "create_network_acl, create_network_acl_entry (Protocol '6', RuleAction, Egress, PortRange), and "
        "replace_network_acl_association for both data subnets, with the association id that "
        "describe_network_acls shows for them.",
    ],
)
def test_own_nacl(account: Account, brief: Brief) -> None:
    portal = portal_of(account, brief)
    data = portal.tiers["data"]
    found = {s.id: [a for a in portal.network.network_acls if s.id in a.subnets] for s in data}
    not_attempted_unless(
        any(not acl.default for acls in found.values() for acl in acls),
        "Both data subnets still have the VPC's default network ACL.",
    )
    network, callers, targets = with_open_acls(portal, "web", "app", "reports"), {}, []
    for tier in ("app", "reports", "web"):
        for subnet in portal.tiers[tier]:
            network, name = with_host(network, subnet, what=f"host {tier}")
            callers[name] = tier
    for subnet in data:
        network, name = with_host(network, subnet, what="host data")
        targets.append(name)
    ports = ports_at_the_edges(network, portal.vpc.id, 22, brief.database_port)
    for target in targets:
        for caller, tier in callers.items():
            if tier == "web":
                stays_out(network, caller, target)
            else:
                all_but_ssh(network, caller, target, ports)
                calls_nobody(network, target, caller, ports)
        for other in targets:
            if other != target:
                stays_out(network, other, target, "Who gets hold of one database has a way to the other.")


@task(
    "gateway-endpoints",
    points=5,
    title="S3 and DynamoDB without the detour",
    ref="L05-T6",
    hints=[
        "A gateway endpoint works by a route. In whose table must the route be: in that of the subnet where "
        "the NAT gateway stands, or in that of the machine that calls?",
        "Two endpoints, each with the route tables of both zones' private subnets. An endpoint policy says "
        "what "
        "may pass: it names the bucket twice, as a bucket and as its objects, and the table once.",
        "create_vpc_endpoint(VpcId, ServiceName='com.amazonaws.REGION.s3', RouteTableIds=[both], "
        "PolicyDocument=…) with Allow, Principal '*', Action 's3:*', Resource [arn of the bucket, arn/*]; "
        "the "
        "same for dynamodb with 'dynamodb:*' and the table's ARN.",
    ],
)
def test_gateway_endpoints(account: Account, brief: Brief) -> None:
    portal = portal_of(account, brief)
    mine = [each for each in portal.network.endpoints if each.vpc == portal.vpc.id and alive(each)]
    gateways = [each for each in mine if each.type == "Gateway"]
    not_attempted_unless(gateways, f"{portal.vpc.id} has no gateway endpoint yet.")
    arn = f"arn:aws:dynamodb:{account.region_name}:{account.id}:table/{brief.table}"
    bucket = f"arn:aws:s3:::{brief.bucket}"
    # A gateway endpoint carries requests to its own Region: a policy that names any names no more.
    anywhere = f"arn:aws:dynamodb:*:{account.id}:table/{brief.table}"
    wanted = {
        "s3": (S3_NEEDS, [bucket, f"{bucket}/*"]),
        "dynamodb": (TABLE_NEEDS, [arn, f"{arn}/*", anywhere, f"{anywhere}/*"]),
    }
    roads = {service: roads_to(portal, service) for service in wanted}
    for service, (needs, arns) in wanted.items():
        for endpoint in gateways:
            if endpoint.id in roads[service]:
                lets_through(account.id, endpoint, needs, f"{service}:*", arns)


@task(
    "secrets-endpoint",
    points=4,
    title="Secrets, with no internet at all",
    ref="L05-T7",
    hints=[
        "An interface endpoint is a network interface in your subnet. Who calls whom, and whose security "
        "group "
        "must let the call in?",
        "For each zone a subnet of the app tier; private DNS, so that the service's own name leads to it; a "
        "group with an inbound rule for tcp 443 from the app machines.",
        "create_vpc_endpoint(VpcEndpointType='Interface', ServiceName='com.amazonaws.REGION.secretsmanager', "
        "SubnetIds=[both app subnets], SecurityGroupIds=[group], PrivateDnsEnabled=True).",
    ],
)
def test_secrets_endpoint(account: Account, brief: Brief) -> None:
    portal = portal_of(account, brief)
    mine = [
        each
        for each in portal.network.endpoints
        if each.vpc == portal.vpc.id and each.type == "Interface" and alive(each)
    ]
    not_attempted_unless(mine, f"{portal.vpc.id} has no interface endpoint yet.")
    apart = replace(portal.network, nat_gateways=())
    for name in ROLES["app"]:
        machine = interface_at(apart, brief.hosts[name], name)
        home = next(each.subnet for each in apart.interfaces if each.id == machine)
        zone = next(subnet.az for subnet in portal.tiers["app"] if subnet.id == home)
        gets_its_secret(apart, machine, name, "The NAT gateways were taken away. ")
        for lost in {subnet.az for subnet in portal.tiers["app"]} - {zone}:
            given = f"The NAT gateways and zone {lost} were taken away. "
            gets_its_secret(without_zone(apart, lost), machine, name, given)
    for secret in account.client("secretsmanager").list_secrets()["SecretList"]:
        for endpoint in mine:
            if secret["Name"] == brief.secret and endpoint.service.endswith(".secretsmanager"):
                hands_over(account.id, endpoint, "secretsmanager:GetSecretValue", secret["ARN"])


@task(
    "break-even",
    points=3,
    title="When does an endpoint pay?",
    ref="L05-T8",
    hints=[
        "NAT gateways stay anyway, so only what changes counts: the hours of the endpoints on one side, the "
        "difference between two prices for each GB on the other.",
        "Fixed: endpoints × 2 zones × 730 hours × endpoint.interface.hour. Saved for each GB: nat.gb minus "
        "endpoint.interface.gb. A gateway endpoint costs nothing, so all of nat.gb is saved.",
        'answer("break-even", {"gb": fixed / saved for each GB, "s3_saved": brief.s3_gb × nat.gb, "build": '
        "whether brief.service_gb is more than the first}).",
    ],
)
def test_break_even(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("break-even")
    not_attempted_unless(given is not None, 'No answer "break-even" was handed in yet.')
    given = given if isinstance(given, dict) else {}
    even = break_even_gb(zones=2, endpoints=brief.endpoints)
    right = {"gb": even, "s3_saved": brief.s3_gb * (price_table()["nat.gb"].usd or 0)}
    for name, value in right.items():
        number = given.get(name)
        assert isinstance(number, int | float), Because(
            found=f'The answer "break-even" has {number!r} for {name}; it needs a number.',
            consequence="The endpoints are built, or not, by taste.",
            concept="gb is a GB a month, s3_saved dollars a month.",
        )
        assert abs(number - value) <= value / 100, Because(
            found=f"{name}: {number:,.1f} was handed in, which is {abs(number - value) / value:.1%} off.",
            consequence=f"{brief.endpoints} endpoints in two zones are built for a saving that does not "
            f"come, or "
            "not built for one that would.",
            concept="An interface endpoint bills an hour in each zone, and a smaller price for each GB "
            "than NAT; "
            "a gateway endpoint bills nothing.",
        )
    assert given.get("build") is (brief.service_gb > even), Because(
        found=f'"build" is {given.get("build")!r}; {brief.service_gb} GB a month go to these services, and '
        f"the "
        f"break-even that was handed in is {given['gb']:,.0f} GB.",
        consequence="The decision contradicts its own sum.",
        concept="Above the break-even endpoints are cheaper, below they are dearer; True or False.",
    )


@task(
    "triage",
    points=4,
    title="Which rule said no?",
    ref="L05-T9",
    hints=[
        "A REJECT says that a packet was refused at an interface, not by whom. Look at which interface, in "
        "which direction the packet went, and what was ACCEPTed just before.",
        "Group or NACL? A group remembers, so it never refuses a reply. A NACL is asked only where a packet "
        "enters or leaves a subnet. In a NACL, read the rules of that direction by number.",
        'answer("triage", {"r1": {"id": "acl-… or sg-…", "rule": number}, …}); a group that has no rule '
        "for the "
        'packet has no number. And create_flow_logs(ResourceType="VPC", TrafficType="REJECT" or "ALL") on '
        "the "
        "portal's VPC.",
    ],
)
def test_triage(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    portal = portal_of(account, brief)
    given = answer("triage")
    rows = account.client("ec2").describe_flow_logs()["FlowLogs"]
    logs = [row for row in rows if row.get("ResourceId") == portal.vpc.id]
    not_attempted_unless(
        given is not None or logs, 'No answer "triage" was handed in, and the portal\'s VPC has no flow log.'
    )
    names_the_rules(portal.network, brief, given)
    good = [row for row in logs if row["TrafficType"] != "ACCEPT"]
    assert good, Because(
        found=f"The flow logs of {portal.vpc.id} were read: "
        f"{shown([row['FlowLogId'] + ' (' + row['TrafficType'] + ')' for row in logs])}.",
        consequence="The next refused connection of the portal leaves no trace: there is nothing to triage.",
        concept="A flow log is made before the incident, and keeps what it was told to keep: ACCEPT, "
        "REJECT or "
        "ALL.",
    )
