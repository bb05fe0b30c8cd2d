"""S3 replication: what a bucket's configuration copies.

Source: Amazon S3 API reference, ReplicationRule, and User Guide, "Replication configuration file elements".
The present schema (V2) is told by a Filter, and then needs Priority and DeleteMarkerReplication; the old one
(V1) has a Prefix beside the destination, and copies delete markers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PRESENT_SCHEMA = ("Filter", "Priority", "DeleteMarkerReplication")


def enabled_rules(config: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The rules that are at work."""
    return [rule for rule in (config or {}).get("Rules", []) if rule.get("Status") == "Enabled"]


def lacking(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Which parts of the present schema a rule does not have."""
    return tuple(name for name in PRESENT_SCHEMA if name not in rule)


def takes(rule: Mapping[str, Any], key: str, tags: Mapping[str, str] | None = None) -> bool:
    """Whether a rule's filter lets an object in."""
    chosen = rule.get("Filter") or {}
    both = chosen.get("And") or {}
    prefix = both.get("Prefix") or chosen.get("Prefix") or rule.get("Prefix") or ""
    wanted = [*both.get("Tags", []), *([chosen["Tag"]] if chosen.get("Tag") else [])]
    return key.startswith(prefix) and all((tags or {}).get(tag["Key"]) == tag["Value"] for tag in wanted)


def takes_everything(rule: Mapping[str, Any]) -> bool:
    """Whether a rule lets in every object: its filter asks for no prefix and no tag."""
    return takes(rule, "")


def copies_delete_markers(rule: Mapping[str, Any]) -> bool:
    """Whether a delete without a version id appears in the copy too."""
    if "Filter" not in rule:
        return True
    return (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled" and not _by_tag(rule)


def keeps_deletes_back(
    rules: Iterable[Mapping[str, Any]], whole: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Which rules of the present schema leave delete markers behind, of all those to one destination.

    ``whole`` are the ones among them that take every object. Of rules with the same destination, the one
    with the highest priority decides about an object (User Guide, "Replication configuration file
    elements", Priority): a rule below one that takes everything decides about nothing.
    """
    least = max(int(rule.get("Priority", 0)) for rule in whole)
    deciding = [rule for rule in rules if int(rule.get("Priority", 0)) >= least]
    return [rule for rule in deciding if not copies_delete_markers(rule)]


def destinations(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ARNs of the buckets that rules copy to."""
    return [str(rule.get("Destination", {}).get("Bucket", "")) for rule in rules]


def _by_tag(rule: Mapping[str, Any]) -> bool:
    chosen = rule.get("Filter") or {}
    return bool(chosen.get("Tag") or (chosen.get("And") or {}).get("Tags"))
