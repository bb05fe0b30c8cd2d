"""Graders of 050-network-security: who may come in, by which gate, and what it costs to stay inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloudlings.cost import break_even_gb, price_table
from cloudlings.grading.acl_rules import difference, first_match, rules_of
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.group_rules import ADMIN, in_words, includes, too_many
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.vpc_state import (
    as_predicted,
    interface_at,
    must_not_reach,
    must_reach,
    network_of,
    ports_at_the_edges,
    shown,
    subnets_of,
    the_one,
    vpcs_in,
    why,
    with_host,
)
from cloudlings.iam import Policies, prove
from cloudlings.network import Network, Trace, trace, view_of, without_zone
from cloudlings.network.model import Endpoint, NetworkAcl, NetworkAclEntry, SecurityGroupRule, Subnet, Vpc

INHERITED = {"launch-wizard-1", "admin", "test-2023"}
ROLES = {"front": ("front_a", "front_b"), "app": ("app_a", "app_b"), "database": ("db_a", "db_b")}


@dataclass(frozen=True)
class Portal:
    """The portal's network as it is now, and its subnets by tier."""

    network: Network
    vpc: Vpc
    tiers: Mapping[str, list[Subnet]]


def _portal(account: Account, brief: Brief) -> Portal:
    network = network_of(account)
    found = vpcs_in(network, brief.vpc_cidr)
    gone = Because(
        found=f"The portal's network ({brief.vpc_cidr}) and its eight subnets were looked for; not all of "
        "them are there.",
        consequence="The portal is down.",
        concept="What runs is made safe in place. reset_lab() lays the start state again.",
    )
    here = {subnet.cidr: subnet for vpc in found for subnet in subnets_of(network, vpc.id)}
    assert {block for blocks in brief.subnets.values() for block in blocks} <= here.keys(), gone
    vpc = the_one(found, brief.vpc_cidr, "the portal's")
    tiers = {tier: [here[block] for block in blocks] for tier, blocks in brief.subnets.items()}
    return Portal(network, vpc, tiers)


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
    portal = _portal(account, brief)
    machines = {name: interface_at(portal.network, at, name) for name, at in brief.hosts.items()}
    groups = {group.id: group for group in portal.network.security_groups}
    worn = {
        groups[name].group_name
        for each in portal.network.interfaces
        if each.id in machines.values() and each.id != machines["bastion"]
        for name in each.security_groups
    }
    not_attempted_unless(
        not worn <= INHERITED or not _open_to_the_world(portal),
        f"All machines still carry only the groups that they were left with: {shown(sorted(worn))}.",
    )
    doors = {"front": 443, "app": brief.app_port, "database": brief.database_port}
    callers = {"front": ["internet"], "app": list(ROLES["front"]), "database": list(ROLES["app"])}
    for role, port in doors.items():
        for name in ROLES[role]:
            for caller in callers[role]:
                _door_is_open(portal.network, machines, caller, name, port)
    sources = ["internet", "front_a", "app_a", "mailer"]
    for role, port in doors.items():
        for name in ROLES[role]:
            for source in sources:
                if machines.get(source) != machines[name]:
                    open_port = port if role == "front" or source in callers[role] else None
                    _nothing_else(portal, machines, source, name, open_port)


def _open_to_the_world(portal: Portal) -> list[SecurityGroupRule]:
    return [
        rule
        for group in portal.network.security_groups
        if group.vpc == portal.vpc.id and group.group_name in INHERITED
        for rule in group.inbound
        if rule.cidr in ("0.0.0.0/0", "::/0")
    ]


def _door_is_open(network: Network, machines: Mapping[str, str], caller: str, name: str, port: int) -> None:
    must_reach(
        network,
        machines.get(caller, caller),
        machines[name],
        port,
        consequence=f"Patients see an error page: {caller} gets no answer from {name}.",
        concept="A connection needs the caller's outbound and the receiver's inbound rules; replies need "
        "none.",
    )


def _nothing_else(
    portal: Portal, machines: Mapping[str, str], source: str, name: str, open_port: int | None
) -> None:
    """From a source to a machine nothing is possible but tcp on one port: every port, protocol and family."""
    network, target = portal.network, machines[name]
    start = view_of(network)[machines.get(source, source)]
    if open_port is None:
        wrong = start.cannot_reach(target)
        found = None if wrong else wrong.trace
    else:
        found = _surplus(portal, machines.get(source, source), target, open_port)
    assert found is None, Because(
        found=f"Every port of {name} ({target}) was tried from {_caller(source)}. {found.sentence}",
        consequence=f"Whoever sends from {_caller(source)} has a way to {name} that nobody needs.",
        trace=[f"It is let in by {each}." for each in _let_in_by(found)],
        concept="Security groups only allow, and they add up: what one rule of one group lets in, is in.",
    )


def _caller(source: str) -> str:
    return {"internet": "the internet"}.get(source, source)


def _surplus(portal: Portal, source: str, target: str, open_port: int) -> Trace | None:
    """A connection that is possible beside tcp on the open port, None when there is none."""
    network = portal.network
    ports = [port for port in ports_at_the_edges(network, portal.vpc.id, open_port) if port != open_port]
    asked: list[tuple[str, int | None]] = [("udp", None), ("icmp", None), *(("tcp", port) for port in ports)]
    for protocol, port in asked:
        found = trace(network, source, target, protocol, port)
        if not found.blocked:
            return found
    return None


def _let_in_by(found: Trace) -> list[str]:
    inbound = [
        hop for hop in found.forward if hop.direction == "ingress" and hop.component.kind == "security group"
    ]
    return [f"a rule of {hop.component}" for hop in inbound]


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
    portal = _portal(account, brief)
    not_attempted_unless(
        len(_open_to_the_world(portal)) < 5,
        "The five rules that the contractor opened to the whole world are all still there.",
    )
    watched = {**ADMIN, brief.database_port: "the database"}
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


_RULE_200 = NetworkAclEntry(200, False, "deny", "tcp", "0.0.0.0/0", 22, 22)


# The network ACL that the seed lays on the reports tier.
def _inherited_in(brief: Brief) -> tuple[NetworkAclEntry, ...]:
    return (
        NetworkAclEntry(100, False, "allow", "tcp", brief.vpc_cidr, 80, 80),
        NetworkAclEntry(110, False, "allow", "tcp", brief.vpc_cidr, 443, 443),
        _RULE_200,
    )


def _inherited_out(brief: Brief) -> tuple[NetworkAclEntry, ...]:
    return (NetworkAclEntry(100, True, "allow", "-1", brief.vpc_cidr),)


def _with_acl(
    portal: Portal,
    subnets: Iterable[Subnet],
    entries: tuple[NetworkAclEntry, ...],
    name: str = "acl-as-inherited",
) -> Network:
    """The portal's network, with one network ACL of these entries on the subnets."""
    ids = {subnet.id for subnet in subnets}
    others = tuple(
        replace(acl, subnets=tuple(name for name in acl.subnets if name not in ids))
        for acl in portal.network.network_acls
    )
    own = NetworkAcl(name, portal.vpc.id, tuple(sorted(ids)), entries)
    return replace(portal.network, network_acls=(*others, own))


_OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))


def _with_open_acls(portal: Portal, *tiers: str) -> Network:
    """The portal's network with an open network ACL on these tiers: what another task is about stays out."""
    return _with_acl(portal, [subnet for tier in tiers for subnet in portal.tiers[tier]], _OPEN, "acl-open")


def _places(network: Network, portal: Portal) -> tuple[Network, dict[str, str]]:
    """The network with a host in each tier, none behind a security group: only routes and ACLs count."""
    tiers, places = portal.tiers, {"internet": "internet"}
    wanted = {
        "web": tiers["web"][0],
        "app": tiers["app"][0],
        "data": tiers["data"][0],
        "reports": tiers["reports"][0],
        "neighbour": tiers["reports"][0],
        "reports-b": tiers["reports"][1],
    }
    for name, subnet in wanted.items():
        network, places[name] = with_host(network, subnet, what=f"host {name}")
    return network, places


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
    portal = _portal(account, brief)
    given = answer("flows")
    reports = portal.tiers["reports"]
    now = {acl.entries for acl in portal.network.network_acls if {s.id for s in reports} & set(acl.subnets)}
    ours = frozenset((e.number, e.egress) for e in (*_inherited_in(brief), *_inherited_out(brief)))
    seen = {frozenset((e.number, e.egress) for e in entries if e.number < 32767) for entries in now}
    not_attempted_unless(
        given is not None or seen != {ours}, 'No answer "flows" was handed in, and the NACL is as inherited.'
    )
    assert given is not None, Because(
        found='The NACL of the reports tier was changed, and no answer "flows" was handed in.',
        consequence="Nobody knows whether the repair was understood or lucky.",
        concept="Predict first: the prediction is about the NACL as it was inherited.",
    )
    inherited = (*_inherited_in(brief), *_inherited_out(brief))
    portal = replace(portal, network=_with_open_acls(portal, "web", "app", "data"))
    network, places = _places(_with_acl(portal, reports, inherited), portal)
    as_predicted("flows", given, {flow: _flow(network, places, flow) for flow in brief.flows})
    _reports_work(portal, brief)


def _flow(network: Network, places: Mapping[str, str], flow: str) -> Trace:
    ends, _, rest = flow.partition(" tcp ") if " tcp " in flow else flow.partition(" udp ")
    source, destination = (part.strip() for part in ends.split(">"))
    return trace(network, places[source], places[destination], "tcp" if " tcp " in flow else "udp", int(rest))


def _reports_work(portal: Portal, brief: Brief) -> None:
    network, places = _places(portal.network, portal)
    needs = (
        ("web", "reports", 80, "the doctors' report pages do not open"),
        ("web", "reports", 443, "the doctors' report pages do not open"),
        ("reports", "data", brief.database_port, "reports stay empty: the database's answers do not arrive"),
        ("reports", "internet", 443, "no report can be sent to a hospital"),
        ("reports", "reports-b", 443, "the two halves of the reporting cluster lose each other"),
        ("reports-b", "data", brief.database_port, "in the second zone, reports stay empty"),
    )
    for source, destination, port, consequence in needs:
        must_reach(
            network,
            places[source],
            places[destination],
            port,
            given="The NACLs as they are now. ",
            consequence=f"With this NACL {consequence}.",
            concept="Stateless: each packet is judged alone, the reply as well, by the other direction's "
            "rules.",
        )


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
    packet = difference(_inherited_in(brief), without, [brief.hosts["front_a"], brief.office])
    assert packet is None, Because(
        found=f'"redundant" and the inherited rules were put to packets of every kind. They differ about '
        f"{packet}.",
        consequence="Taking rule 200 out like this would change who gets in.",
        concept="What no rule lets in, the closing rule * keeps out.",
    )
    assert _RULE_200 in dead, Because(
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
    portal = _portal(account, brief)
    data = portal.tiers["data"]
    found = {s.id: [a for a in portal.network.network_acls if s.id in a.subnets] for s in data}
    not_attempted_unless(
        any(not acl.default for acls in found.values() for acl in acls),
        "Both data subnets still have the VPC's default network ACL.",
    )
    network, callers, targets = _with_open_acls(portal, "web", "app", "reports"), {}, []
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
                _stays_out(network, caller, target)
            else:
                _all_but_ssh(network, caller, target, ports)


def _all_but_ssh(network: Network, caller: str, target: str, ports: list[int]) -> None:
    must_not_reach(
        network,
        caller,
        target,
        22,
        consequence="The auditors' one sentence, no SSH into the data tier, is not true: one careless "
        "security "
        "group and it is open.",
        concept="The lowest number that fits decides: a deny that is read after an allow is never read.",
    )
    for port in ports:
        if port != 22:
            must_reach(
                network,
                caller,
                target,
                port,
                consequence="Monitoring and the portal itself lose the databases.",
                concept="A network ACL of your own refuses all that no rule allows, in each direction; the "
                "reply "
                "goes to the caller's port, 1024 or above.",
            )


def _stays_out(network: Network, caller: str, target: str) -> None:
    found = view_of(network)[caller].cannot_reach(target, None, "tcp")
    assert found, Because(
        found=f"A packet was followed from {caller} to {target}. {shown(why(found))}",
        consequence="The machines that face the internet are one security group away from the records.",
        concept="A second wall is worth having where it says less than the first: here, which tiers.",
    )


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
    portal = _portal(account, brief)
    mine = [each for each in portal.network.endpoints if each.vpc == portal.vpc.id and _alive(each)]
    gateways = [each for each in mine if each.type == "Gateway"]
    not_attempted_unless(gateways, f"{portal.vpc.id} has no gateway endpoint yet.")
    arn = f"arn:aws:dynamodb:{account.region_name}:{account.id}:table/{brief.table}"
    bucket = f"arn:aws:s3:::{brief.bucket}"
    wanted = {"s3": (_S3_NEEDS, [bucket, f"{bucket}/*"]), "dynamodb": (_TABLE_NEEDS, [arn, f"{arn}/*"])}
    roads = {service: _roads_to(portal, service) for service in wanted}
    for service, (needs, arns) in wanted.items():
        for endpoint in gateways:
            if endpoint.id in roads[service]:
                _lets_through(account, endpoint, needs, f"{service}:*", arns)


def _roads_to(portal: Portal, service: str) -> set[str]:
    """The ids of all that the packets of the app and reports tiers pass on their way to a service."""
    passed: set[str] = set()
    open_walls = _with_open_acls(portal, *portal.tiers)
    for tier in ("app", "reports"):
        for subnet in portal.tiers[tier]:
            network, host = with_host(open_walls, subnet)
            found = view_of(network)[host].reaches_service_without_nat(service)
            assert found, Because(
                found=f"A packet was followed from {host} ({tier} tier) to {service}. {found.sentence}",
                consequence="Each GB of it is billed by the NAT gateway, and the tier loses its letters and "
                "appointments when the NAT gateway is lost.",
                trace=why(found),
                concept="The table of the caller's own subnet decides. An endpoint that is in no table of "
                "theirs is passed by.",
            )
            passed |= set(found.trace.path) if found.trace else set()
    return passed


_S3_NEEDS = (("s3:ListBucket", 0), ("s3:GetObject", 1), ("s3:PutObject", 1))
_TABLE_NEEDS = (("dynamodb:GetItem", 0), ("dynamodb:PutItem", 0), ("dynamodb:Query", 0))


def _alive(endpoint: Endpoint) -> bool:
    return endpoint.state.lower() in ("available", "pending")


def _lets_through(
    account: Account, endpoint: Endpoint, needs: tuple[tuple[str, int], ...], most: str, arns: list[str]
) -> None:
    """An endpoint's policy allows what the portal needs, and nothing outside its own bucket or table."""
    # A gateway endpoint carries its own service's requests and no others.
    anybody = [document(allow(f"{needs[0][0].partition(':')[0]}:*", "*"))]
    everything = document(allow("*", "*", Principal="*"))
    policy = readable(endpoint.policy or everything, f"policy of endpoint {endpoint.id}")
    found = Policies.of(identity=anybody, vpce=policy)
    least = document(*(allow(action, arns[at], Principal="*") for action, at in needs))
    limit = document(allow(most, arns, Principal="*"))
    for direction, reference in (("under", least), ("over", limit)):
        comparison = prove(
            found, Policies.of(identity=anybody, vpce=reference), account=account.id, as_aws_sends=True
        )
        example = first_example(comparison, "under" if direction == "under" else "over")
        lost = direction == "under"
        assert example is None, Because(
            found=f"The policy of endpoint {endpoint.id} ({endpoint.service}) was put to every request.",
            consequence=f"{sentence(example)}: "
            + (
                "the portal is refused on its own road."
                if lost
                else "records can be carried out through the endpoint into a stranger's account."
            ),
            counterexample="" if lost else decided_by(example),
            concept="An endpoint policy is a gate on the road: it grants nobody anything, it limits what may "
            "pass.",
        )


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
    portal = _portal(account, brief)
    mine = [
        each
        for each in portal.network.endpoints
        if each.vpc == portal.vpc.id and each.type == "Interface" and _alive(each)
    ]
    not_attempted_unless(mine, f"{portal.vpc.id} has no interface endpoint yet.")
    apart = replace(portal.network, nat_gateways=())
    for name in ROLES["app"]:
        machine = interface_at(apart, brief.hosts[name], name)
        home = next(each.subnet for each in apart.interfaces if each.id == machine)
        zone = next(subnet.az for subnet in portal.tiers["app"] if subnet.id == home)
        _gets_its_secret(apart, machine, name, "The NAT gateways were taken away. ")
        for lost in {subnet.az for subnet in portal.tiers["app"]} - {zone}:
            given = f"The NAT gateways and zone {lost} were taken away. "
            _gets_its_secret(without_zone(apart, lost), machine, name, given)


def _gets_its_secret(network: Network, machine: str, name: str, given: str) -> None:
    found = view_of(network)[machine].reaches_service_without_nat("secretsmanager")
    assert found, Because(
        found=f"{given}A packet was followed from {name} ({machine}) to Secrets Manager, tcp 443. "
        f"{found.sentence}",
        consequence="The app cannot read the database's password when it starts, and does not start.",
        trace=why(found),
        concept="The service's name leads to the endpoint only with private DNS; the endpoint is the one "
        "that "
        "is called, so its group's inbound rules decide.",
    )


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
    portal = _portal(account, brief)
    given = answer("triage")
    rows = account.client("ec2").describe_flow_logs()["FlowLogs"]
    logs = [row for row in rows if row.get("ResourceId") == portal.vpc.id]
    not_attempted_unless(
        given is not None or logs, 'No answer "triage" was handed in, and the portal\'s VPC has no flow log.'
    )
    _names_the_rules(portal.network, brief, given)
    good = [row for row in logs if row["FlowLogStatus"] == "ACTIVE" and row["TrafficType"] != "ACCEPT"]
    assert good, Because(
        found=f"The flow logs of {portal.vpc.id} were read: "
        f"{shown([row['FlowLogId'] + ' (' + row['TrafficType'] + ')' for row in logs])}.",
        consequence="The next refused connection of the portal leaves no trace: there is nothing to triage.",
        concept="A flow log is made before the incident, and keeps what it was told to keep: ACCEPT, "
        "REJECT or "
        "ALL.",
    )


def _names_the_rules(network: Network, brief: Brief, given: Any) -> None:
    given = given if isinstance(given, dict) else {}
    machines = {name: interface_at(network, at, name) for name, at in brief.kiosk_hosts.items()}
    ways = {"r1": ("till", "ledger"), "r2": ("till", "ledger"), "r3": ("ledger", "printer")}
    for name, (source, destination) in ways.items():
        found = trace(network, machines[source], machines[destination], "tcp", brief.incidents[name])
        if not found.explanations:
            continue  # the learner has opened it since: nothing to name any more
        first = found.explanations[0]
        rule = first.rule.number if isinstance(first.rule, NetworkAclEntry) else None
        said = given.get(name)
        said = said if isinstance(said, dict) else {}
        assert said.get("id"), Because(
            found=f'The answer "triage" names nothing for {name} (tcp {brief.incidents[name]}, {source} to '
            f"{destination}).",
            consequence="The ticket stays open.",
            concept='Each incident has an id, {"id": "acl-… or sg-…", "rule": number}.',
        )
        right = said["id"] == first.component.id and (rule is None or _number(said.get("rule")) == rule)
        assert right, Because(
            found=f"{name}: {said.get('id')}, rule {said.get('rule')}, was named for the REJECT of tcp "
            f"{brief.incidents[name]} between {source} and {destination}. Followed through the account, the "
            "packet passes there.",
            consequence="A rule that was not the reason is opened, and the reason stays.",
            concept=_clue(first.phase, first.component.kind),
        )


def _number(value: Any) -> int | None:
    try:
        return 32767 if value == "*" else int(value)
    except (TypeError, ValueError):
        return None


def _clue(phase: str, kind: str) -> str:
    if phase == "return":
        return "The request was ACCEPTed, its reply REJECTed: something here does not remember the request."
    if kind == "network ACL":
        return "The first rule that fits decides, for the direction in which the subnet's edge is crossed."
    return "No subnet's edge is crossed between neighbours, so one of the two walls was never asked."
