"""Mutants of the network engine: ``python tests/mutants/network_trace.py`` (a few minutes; run it with nice).

Each mutant changes one decision of the engine. It is killed when a case of ``tests/network/cases`` or a test
of ``tests/network`` fails on it. Prints each mutant that survives, then ``killed/all``; exits non-zero when a
survivor is not explained in ``EQUIVALENT``, or a mutant's text is not found in the source any more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted(str(path) for path in (ROOT / "tests/network/cases").glob("*.yaml"))
TESTS = [
    f"tests/network/test_{name}.py"
    for name in ("trace", "statements", "findings", "addresses", "robust", "cases")
]


@dataclass(frozen=True)
class Mutant:
    """One change: what it gets wrong, in which file (of the gateways', any), which text becomes which."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    # Routes.
    Mutant(
        "shortest prefix first",
        "index.py",
        "-row.block.length, row.priority",
        "row.block.length, row.priority",
    ),
    Mutant(
        "order among equal prefixes ignored",
        "index.py",
        "-row.block.length, row.priority",
        "-row.block.length",
    ),
    Mutant(
        "order among equals reversed",
        "index.py",
        "-row.block.length, row.priority",
        "-row.block.length, -row.priority",
    ),
    Mutant("no local route", "index.py", "if local not in explicit:", "if local in explicit:"),
    Mutant(
        "propagated routes beat the local one",
        "index.py",
        "rows = _local_beats_propagated(rows)",
        "rows = rows",
    ),
    Mutant("the main table for every subnet", "index.py", "table = self._tables.get(subnet)", "table = None"),
    Mutant(
        "no main table for subnets without one",
        "index.py",
        "if table is None and subnet in self.subnets:\n            table = self._main",
        "if False:\n            table = self._main",
    ),
    Mutant("the main flag ignored", "index.py", "            if table.main:\n", "            if True:\n"),
    Mutant(
        "prefix lists give no routes", "index.py", "yield Row(each, 2 if propagated else 1, route)", "return"
    ),
    Mutant("secondary CIDRs forgotten", "index.py", "else found.cidrs", "else found.cidrs[:1]"),
    Mutant(
        "gateway endpoints for every table",
        "index.py",
        "and table.id in endpoint.route_tables",
        "and endpoint.route_tables",
    ),
    Mutant("families mixed in routes", "index.py", "if plain.family == family:\n", "if True:\n"),
    Mutant(
        "route state trusted",
        "routing.py",
        "    reason = _broken(index, table.vpc, target)\n",
        "    reason = None\n",
    ),
    Mutant(
        "a missing target is fine if the route says active",
        "routing.py",
        '    part = Component(route.target, "route target")\n    text',
        '    if route.state == "active":\n        return None\n    part = Component(route.target, "route target")\n    text',
    ),
    Mutant("a detached gateway is fine", "routing.py", "if not gateway.vpc:", "if False:"),
    Mutant("another VPC's gateway is fine", "routing.py", "if gateway.vpc != vpc:", "if False:"),
    Mutant(
        "a failed NAT gateway is fine", "routing.py", "if nat.state in DEAD_NAT:", "if False and nat.state:"
    ),
    Mutant("only dead NAT gateways do not work", "routing.py", 'if nat.state != "available":', "if False:"),
    Mutant("a pending peering carries", "routing.py", 'if peering.state != "active":', "if False:"),
    Mutant(
        "a pending attachment carries",
        "routing.py",
        'if attachment.state not in ("available", "modifying"):',
        "if False:",
    ),
    Mutant("opaque targets are deleted ones", "routing.py", "if what:", "if False:"),
    Mutant("the first way only for the internet", "engine.py", "script = _next(walk)", "script = None"),
    Mutant(
        "a reply follows the largest way",
        "travel.py",
        "return back[0] if back and target.outside else found[0]",
        "return found[0]",
    ),
    # Internet gateways.
    Mutant(
        "no public address needed to go out",
        "gateways.py",
        'if phase == "forward" and (source.public is None',
        'if phase == "forward" and (False',
    ),
    Mutant(
        "a spoke's packet may use the hub's gateway", "gateways.py", " or source.vpc != gateway.vpc)", ")"
    ),
    Mutant(
        "no public address needed to come in",
        "gateways.py",
        'if target.public is None and not (phase == "return" and known):',
        "if False:",
    ),
    Mutant(
        "in without an internet gateway",
        "gateways.py",
        'found = walk.stop("NO_PATH", part, text, phase, direction="ingress", leg=leg)\n        walk.hop(leg, phase, part, text, allowed=False, vpc=target.vpc, explanations=(found,))',
        "pass",
    ),
    Mutant(
        "private addresses behind the gateway",
        "gateways.py",
        "        if _within(seen, texts):\n",
        "        if False:\n",
    ),
    Mutant("spoofed sources come in", "gateways.py", "if _within(source.address, texts):", "if False:"),
    Mutant(
        "Block Public Access ignored on the way in",
        "gateways.py",
        'home.block_public_access.startswith("block")',
        "False",
    ),
    Mutant(
        "Block Public Access ignored on the way out",
        "gateways.py",
        'home.block_public_access != "block-bidirectional"',
        "True",
    ),
    Mutant(
        "ingress-only blocking stops requests out",
        "gateways.py",
        'home.block_public_access != "block-bidirectional"',
        'home.block_public_access == "off"',
    ),
    Mutant("gateway route tables ignored", "gateways.py", "if gateway.id not in table.gateways", "if True"),
    Mutant(
        "egress-only gateways carry IPv4",
        "gateways.py",
        'walk.stop("PROTOCOL_RESTRICTION", part, text, phase, direction="egress", leg=leg)\n        return False',
        "pass",
    ),
    Mutant(
        "a reply may leave by an egress-only gateway",
        "gateways.py",
        '    if phase == "return":\n        return astray(walk, leg, phase, part, table, target)\n    text = f"Egress-only',
        '    text = f"Egress-only',
    ),
    Mutant(
        "public instances send by their private addresses",
        "gateways.py",
        "        leg.translated = True\n",
        "        pass\n",
    ),
    # NAT gateways.
    Mutant(
        "a NAT gateway always reaches the internet",
        "gateways.py",
        "    travel.connect(walk, second)\n    if target",
        "    if target",
    ),
    Mutant(
        "a reply may come by a NAT gateway",
        "gateways.py",
        '    if phase == "return":\n        return astray(walk, leg, phase, part, table, target)\n    if nat.mode',
        '    if phase == "return":\n        return True\n    if nat.mode',
    ),
    Mutant(
        "private NAT gateways have public addresses",
        "gateways.py",
        'if public and nat.connectivity == "public" else None',
        "if public else 1",
    ),
    Mutant(
        "NAT gateways carry every protocol",
        "gateways.py",
        'if walk.question.protocol not in ("tcp", "udp", "icmp"):',
        "if False:",
    ),
    Mutant(
        "a NAT gateway's subnet's network ACL is not asked inbound",
        "gateways.py",
        "if nat.subnet != subnet:\n        through_acl",
        "if False:\n        through_acl",
    ),
    Mutant(
        "a NAT gateway keeps the client's ports",
        "gateways.py",
        "pieces = [piece._replace(client=WIDE_PORTS) for piece in leg.pieces]\n    second",
        "pieces = list(leg.pieces)\n    second",
    ),
    Mutant(
        "a NAT gateway accepts connections",
        "places.py",
        'return replace(end, trouble=("NO_POSSIBLE_DESTINATION", text))',
        "return end",
    ),
    Mutant(
        "NAT gateways route by the client's table",
        "gateways.py",
        "        subnet=nat.subnet,\n        vpc=nat.vpc,\n        ports=WIDE_PORTS",
        '        subnet="data",\n        vpc=nat.vpc,\n        ports=WIDE_PORTS',
    ),
    Mutant(
        "a network ACL between a NAT gateway and its own subnet",
        "gateways.py",
        "return isinstance(target, NatGateway) and target.subnet == subnet",
        "return False",
    ),
    # Peerings and transit gateways.
    Mutant(
        "transitive peering",
        "gateways.py",
        "if seen is None or not walk.index.in_vpc(other, seen, walk.question.family):",
        "if False:",
    ),
    Mutant(
        "unconnected VPCs are not told",
        "travel.py",
        "    if server.vpc in _linked(walk, client.vpc):",
        "    if True:",
    ),
    Mutant(
        "any zone may send to a transit gateway",
        "gateways.py",
        "if attachment.subnets and not entry:",
        "if False:",
    ),
    Mutant(
        "the attachment's network ACL is not asked inbound",
        "gateways.py",
        "    if entry:\n        through_acl",
        "    if False:\n        through_acl",
    ),
    Mutant(
        "attachments need no association",
        "gateways.py",
        "    table = walk.index.transit_table_of.get(attachment.id)\n",
        "    table = next(iter(walk.index.network.transit_gateway_route_tables), None)\n",
    ),
    Mutant("transit blackholes ignored", "gateways.py", 'if row[3] != "active":', "if False:"),
    Mutant("transit: shortest prefix first", "transit.py", "-row[0].length, row[1]", "row[0].length, row[1]"),
    Mutant(
        "transit: propagated before static", "transit.py", "-row[0].length, row[1]", "-row[0].length, -row[1]"
    ),
    Mutant(
        "transit: everything propagates",
        "transit.py",
        "for attachment_id in table.propagations:",
        "for attachment_id in attachments:",
    ),
    Mutant(
        "a VPN behind a transit gateway is a VPC",
        "gateways.py",
        'if attachment.resource_type != "vpc" or attachment.resource',
        'if attachment.resource == "none" or attachment.resource',
    ),
    Mutant(
        "a network ACL on the way into the attachment's own subnet",
        "gateways.py",
        "    if target.subnet == landing and not target.outside and not leg.far(target):\n        return",
        "    if False:\n        return",
    ),
    Mutant(
        "groups are known across transit gateways",
        "travel.py",
        'return "SG_REFERENCING_SUPPORT"',
        'return ""',
    ),
    Mutant(
        "groups are never known across transit gateways",
        "travel.py",
        "if target.sg_referencing and all",
        "if False and all",
    ),
    Mutant(
        "groups are not known across peerings",
        "travel.py",
        'return "" if len(regions) < 2 else',
        'return "x" if len(regions) < 2 else',
    ),
    Mutant(
        "groups are known by public addresses",
        "travel.py",
        '    if leg.by_public:\n        return "SG_REFERENCES_NOT_PRESERVED"\n',
        "",
    ),
    # Network ACLs.
    Mutant(
        "rules in the order of the list",
        "index.py",
        "key=lambda entry: entry.number\n",
        "key=lambda entry: 0\n",
    ),
    Mutant(
        "network ACL rules from the highest number",
        "index.py",
        "key=lambda entry: entry.number\n",
        "key=lambda entry: -entry.number\n",
    ),
    Mutant("denies ignored", "index.py", 'entry.action == "allow", entry', "True, entry"),
    Mutant(
        "what no rule matches is allowed",
        "addresses.py",
        "    return join(granted), allowing, denying",
        "    return join([*granted, *left]), allowing, denying",
    ),
    Mutant("stateful network ACLs", "travel.py", "if walk.question.replies and not", "if False and not"),
    Mutant(
        "replies go to the server's port",
        "filters.py",
        'sift(pieces, rects, "server" if towards_server else "client", leg.seen(other))',
        'sift(pieces, rects, "server", leg.seen(other))',
    ),
    Mutant(
        "inbound rules for outbound traffic",
        "filters.py",
        'walk.index.acl_rects(acl, direction == "egress",',
        'walk.index.acl_rects(acl, direction != "egress",',
    ),
    Mutant(
        "rules about the packet's own side",
        "filters.py",
        'other = leg.server if (direction == "egress") == towards_server else leg.client',
        'other = leg.client if (direction == "egress") == towards_server else leg.server',
    ),
    Mutant(
        "network ACLs inside a subnet",
        "travel.py",
        "if source.subnet == target.subnet and not target.outside and not leg.far(target):",
        "if False:",
    ),
    Mutant(
        "the source's subnet's network ACL is not asked",
        "travel.py",
        "    if not gateways.stays_in_subnet(walk, way.route, subnet):\n",
        "    if False:\n",
    ),
    Mutant(
        "the destination's subnet's network ACL is not asked",
        "travel.py",
        "    if target.subnet != from_subnet:\n",
        "    if False:\n",
    ),
    Mutant(
        "the network ACL is not asked for what comes from the internet",
        "gateways.py",
        '    through_acl(walk, leg, phase, target.subnet, "ingress")\n    return travel.arrive(walk, leg, phase, target)\n\n\ndef component_of',
        "    return travel.arrive(walk, leg, phase, target)\n\n\ndef component_of",
    ),
    Mutant(
        "ephemeral ports from 1024 for everybody",
        "journey.py",
        "CLIENT_PORTS: Ports = ((32768, 60999),)",
        "CLIENT_PORTS: Ports = ((1024, 65535),)",
    ),
    Mutant(
        "ephemeral ports from 32768 for NAT gateways",
        "journey.py",
        "WIDE_PORTS: Ports = ((1024, 65535),)",
        "WIDE_PORTS: Ports = ((32768, 60999),)",
    ),
    Mutant(
        "partly open reply ports are not told",
        "filters.py",
        "if sifted.lost and not towards_server:",
        "if False:",
    ),
    Mutant("echo replies are echo requests", "engine.py", '"icmp": {8: 0,', '"icmp": {8: 8,'),
    Mutant(
        "the other default ACL's absence lets through",
        "index.py",
        "        if acl is None and subnet in self.subnets:\n            acl = self._default_acls",
        "        if False:\n            acl = self._default_acls",
    ),
    # Security groups.
    Mutant(
        "stateless security groups",
        "travel.py",
        '    if phase == "forward":\n        through_groups(walk, leg, target, "ingress")',
        '    if True:\n        through_groups(walk, leg, target, "ingress")',
    ),
    Mutant(
        "outbound rules do not count",
        "travel.py",
        '        through_groups(walk, leg, source, "egress")',
        "        pass",
    ),
    Mutant(
        "one group of several counts",
        "filters.py",
        "    for name in end.groups:\n        group = walk.index.groups.get(name)\n        if group is None:\n            continue\n        plain",
        "    for name in end.groups[:1]:\n        group = walk.index.groups.get(name)\n        if group is None:\n            continue\n        plain",
    ),
    Mutant("references let everybody in", "filters.py", "if reference.group not in members:", "if False:"),
    Mutant(
        "references chain", "filters.py", "members = set(other.groups)", "members = set(walk.index.groups)"
    ),
    Mutant("references let nobody in", "filters.py", "if reference.group not in members:", "if True:"),
    Mutant("protocols are not compared", "index.py", "    if name != protocol:\n        return None\n", ""),
    Mutant(
        "protocol -1 is a protocol like another",
        "index.py",
        '    if name == "-1":\n        return (0, 65535)\n',
        "",
    ),
    Mutant(
        "ranges without their last port",
        "index.py",
        "return (first, last) if 0 <= first <= last else None",
        "return (first, max(first, last - 1)) if 0 <= first <= last else None",
    ),
    Mutant(
        "only the first port of a range",
        "index.py",
        "return (first, last) if 0 <= first <= last else None",
        "return (first, first) if 0 <= first <= last else None",
    ),
    Mutant("ICMP types are not compared", "index.py", "    return (kind, kind)\n", "    return (0, 65535)\n"),
    Mutant(
        "rules of the other family count",
        "index.py",
        "found = [one] if one is not None and one.family == family else []",
        "found = [one] if one is not None else []",
    ),
    Mutant(
        "prefix lists in rules are ignored",
        "index.py",
        "            found = self.prefix_blocks(rule.prefix_list, family)\n        else:",
        "            found = []\n        else:",
    ),
    Mutant(
        "interfaces without groups let everything through",
        "filters.py",
        "    if not end.groups:\n        walk.cannot_tell",
        "    if not end.groups:\n        return\n        walk.cannot_tell",
    ),
    # Ends, load balancers, endpoints.
    Mutant(
        "stopped instances answer", "places.py", 'if instance.state in ("running", "pending"):', "if True:"
    ),
    Mutant("stopped databases answer", "places.py", "if database.state in _DEAD_DATABASE:", "if False:"),
    Mutant(
        "databases are public by their addresses",
        "places.py",
        "public=(end.public or public) if database.public else None,",
        "public=end.public or _SOME_PUBLIC[family],",
    ),
    Mutant(
        "functions have public addresses",
        "places.py",
        "public=None if family == 4 else end.address,",
        "public=_SOME_PUBLIC[family],",
    ),
    Mutant(
        "functions accept connections",
        "places.py",
        '    if role == "destination":\n        trouble = ("NO_POSSIBLE',
        '    if role == "nobody":\n        trouble = ("NO_POSSIBLE',
    ),
    Mutant(
        "internal load balancers are public",
        "places.py",
        '_SOME_PUBLIC[family] if balancer.scheme == "internet-facing" else None',
        "_SOME_PUBLIC[family]",
    ),
    Mutant(
        "what is not there is blocked",
        "engine.py",
        'return _settled(asked, "unknown", Explanation(problem.code',
        'return _settled(asked, "blocked", Explanation(problem.code',
    ),
    Mutant(
        "unknown counts as blocked",
        "engine.py",
        'verdict: Verdict = "unknown" if open_walks else "blocked"',
        'verdict: Verdict = "blocked"',
    ),
    Mutant(
        "unknown counts as reachable",
        "engine.py",
        "if not walk.blockers and not walk.unknowns:",
        "if not walk.blockers:",
    ),
    Mutant(
        "listeners take every port",
        "balance.py",
        "        and any(clip(piece.server, each.port, each.port) for piece in leg.pieces)\n",
        "",
    ),
    Mutant("targets are not walked to", "balance.py", "    travel.connect(walk, second)\n", ""),
    Mutant(
        "targets get the listener's port",
        "balance.py",
        "port = target.port or group.port",
        "port = leg.pieces[0].server[0][0]",
    ),
    Mutant(
        "a target's own port is ignored",
        "balance.py",
        "port = target.port or group.port",
        "port = group.port",
    ),
    Mutant(
        "clients' addresses are never passed on",
        "balance.py",
        "    preserved = keeps_client_address(balancer, group)\n",
        "    preserved = False\n",
    ),
    Mutant(
        "clients' addresses are always passed on by network load balancers",
        "balance.py",
        "        return group.preserve_client_ip\n",
        "        return True\n",
    ),
    Mutant(
        "every zone's targets without cross-zone",
        "balance.py",
        "return here is None or here.az == zone",
        "return True",
    ),
    Mutant(
        "targets in zones that are not enabled",
        "balance.py",
        "return zone in enabled or not enabled",
        "return True",
    ),
    Mutant(
        "private DNS off counts as on",
        "index.py",
        "found if found is not None and found.private_dns else None",
        "found",
    ),
    Mutant(
        "private DNS works in every VPC",
        "index.py",
        "if endpoint.vpc == vpc and endpoint.type",
        "if endpoint.type",
    ),
    Mutant(
        "gateway endpoints take every protocol",
        "gateways.py",
        'if walk.question.protocol != "tcp" and not echo:',
        "if False:",
    ),
    Mutant("gateway endpoints serve other VPCs", "gateways.py", "    if came_by:\n", "    if False:\n"),
    Mutant(
        "S3 is the internet",
        "index.py",
        "            own += [each for name in names for each in self.prefix_blocks(name, family)]\n",
        "",
    ),
    Mutant("endpoint policies are not asked", "policies.py", "    if answer is False:", "    if False:"),
    # Kinds.
    Mutant(
        "a kind by the default route only, gateway or not",
        "kinds.py",
        'if "nowhere" in defaults:',
        "if False:",
    ),
    Mutant(
        "NAT gateways always lead out",
        "kinds.py",
        "            return _through_nat(index, target, seen)\n",
        '            return "out"\n',
    ),
    Mutant(
        "endpoints lead out of the VPC",
        "kinds.py",
        'return "inside" if target.type == "Gateway" else "unknown"',
        'return "out"',
    ),
    Mutant(
        "unknown ways out are none",
        "kinds.py",
        '"unknown" if "unknown" in ways else "isolated"',
        '"isolated"',
    ),
)

_GATEWAYS = ("gateways.py", "internet.py", "nat.py", "between.py")

#: Survivors that change no answer, and why.
EQUIVALENT: dict[str, str] = {
    "a failed NAT gateway is fine": "it is not available either, which the next line says in other words",
    "a detached gateway is fine": 'its VPC is then "", which is another VPC: the next line says so in other words',
}


def file_of(mutant: Mutant) -> str:
    """The file that holds the mutant's text: the one named, or one of those that gateways are spread over."""
    names = _GATEWAYS if mutant.file == "gateways.py" else (mutant.file,)
    for name in names:
        if mutant.old in (ROOT / "src/cloudlings/network" / name).read_text(encoding="utf-8"):
            return name
    raise SystemExit(f"The mutant {mutant.name!r} does not fit {mutant.file} any more.")


def survives(mutant: Mutant) -> bool:
    """Whether every case and test passes on a mutant; the source itself is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / "cloudlings/network" / file_of(mutant)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        cases = [sys.executable, "-m", "cloudlings.network.cases", *CASES]
        if _fails(cases, environment):
            return False
        return not _fails(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS], environment
        )


def _fails(command: list[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main(names: list[str]) -> int:
    """Try the mutants whose names hold one of the words, or all."""
    chosen = [each for each in MUTANTS if not names or any(name in each.name for name in names)]
    unexplained = killed = 0
    for mutant in chosen:
        if not survives(mutant):
            killed += 1
            continue
        reason = EQUIVALENT.get(mutant.name)
        unexplained += reason is None
        print(f"survives: {mutant.name} ({mutant.file}): {reason or 'NOT EXPLAINED'}", flush=True)
    print(f"{killed}/{len(chosen)} killed, {len(chosen) - killed - unexplained} explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
