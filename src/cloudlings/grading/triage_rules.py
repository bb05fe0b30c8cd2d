"""Refused packets, and whether the rule that somebody named is the one that refused them."""

from __future__ import annotations

from typing import Any

from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import interface_at
from cloudlings.lab import Brief
from cloudlings.network import Network, trace
from cloudlings.network.model import NetworkAclEntry


def names_the_rules(network: Network, brief: Brief, given: Any) -> None:
    """Fails the check unless an answer names, for each of the brief's incidents, the rule that refused it."""
    given = given if isinstance(given, dict) else {}
    machines = {name: interface_at(network, at, name) for name, at in brief.kiosk_hosts.items()}
    ways = {"r1": ("till", "ledger"), "r2": ("till", "ledger"), "r3": ("ledger", "printer")}
    for name, (source, destination) in ways.items():
        found = trace(network, machines[source], machines[destination], "tcp", brief.incidents[name])
        said = given.get(name)
        said = said if isinstance(said, dict) else {}
        assert said.get("id"), Because(
            found=f'The answer "triage" names nothing for {name} (tcp {brief.incidents[name]}, {source} to '
            f"{destination}).",
            consequence="The ticket stays open.",
            concept='Each incident has an id, {"id": "acl-… or sg-…", "rule": number}.',
        )
        if not found.explanations:
            continue  # the learner has opened it since: what was named cannot be followed any more
        first = found.explanations[0]
        rule = first.rule.number if isinstance(first.rule, NetworkAclEntry) else None
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
