"""Lifecycle rules of the old kind, with a prefix and no filter: MiniStack loses the prefix, and such a rule
would be for every object.

Source: S3 API reference, LifecycleRule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_FILTER = re.compile(rb"<Filter>.*?</Filter>", re.DOTALL)
"""What MiniStack shows of a rule, once in each; what is inside is escaped."""


def keep_prefixes() -> None:
    """Have MiniStack's S3 keep a rule's own prefix, and show it."""
    from ministack.services import s3

    put, get = s3._put_bucket_lifecycle, s3._get_bucket_lifecycle

    def put_rules(name: str, body: bytes) -> Any:
        answer = put(name, body)
        rules = s3._bucket_lifecycle.get(name)
        if answer[0] == 200 and isinstance(rules, list):
            for rule, prefix in zip(rules, _prefixes(body), strict=True):
                if prefix is not None:
                    del rule["Filter"]
                    rule["Prefix"] = prefix
        return answer

    def get_rules(name: str) -> Any:
        status, headers, body = get(name)
        rules = s3._bucket_lifecycle.get(name)
        if status == 200 and isinstance(rules, list):
            left = iter(rules)

            def shown(match: re.Match[bytes]) -> bytes:
                rule = next(left)
                own = f"<Prefix>{s3._esc(rule['Prefix'])}</Prefix>" if "Prefix" in rule else ""
                return own.encode() or match[0]

            body = _FILTER.sub(shown, body if isinstance(body, bytes) else body.encode())
        return status, headers, body

    s3._put_bucket_lifecycle, s3._get_bucket_lifecycle = put_rules, get_rules


def _prefixes(body: bytes) -> Iterator[str | None]:
    """Of each rule its own prefix, None where it has a filter or neither.

    MiniStack has read the body by now, and keeps no rules of one that is no harmless XML.
    """
    root = ElementTree.fromstring(body)
    # As MiniStack looks for them: one kind or the other.
    for rule in root.findall("Rule") or root.findall(f"{_NAMESPACE}Rule"):
        parts = {part.tag.removeprefix(_NAMESPACE): part for part in rule}
        own = parts.get("Prefix") if "Filter" not in parts else None
        yield None if own is None else own.text or ""
