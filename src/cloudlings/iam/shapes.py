"""The shapes that ARNs have, as patterns, and names for a witness that read like real ones.

A shape keeps a proof to resources that can exist: ``s3:GetObject`` asks for ``bucket/key``, never for a
bucket alone. Names may hold what AWS lets them hold; where that is not known, they may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from cloudlings.iam import data
from cloudlings.iam.patterns import ANY, ANY_RUN, Group, Pattern, Token, Witness, literal

_HOLE: Final = re.compile(r"\$\{(\w+)\}|\*")
_DIGIT: Final = Token(frozenset("0123456789"))
NAME_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")

REGIONS: Final = ("us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2", "us-east-2")
STRANGER: Final = "999988887777"
"""An account that no policy mentions (unless one does: see ``stranger``)."""

_WORDS: Final = {
    "BucketName": ("reports-archive", "team-photos", "backup-2024"),
    "ObjectName": ("report.csv", "2024/report.csv", "photos/cat.jpg", "index.html"),
    "RoleNameWithPath": ("Deploy", "app/Deploy"),
    "UserNameWithPath": ("carlos", "staff/carlos"),
    "PolicyNameWithPath": ("ReadReports",),
    "InstanceId": ("i-0a1b2c3d4e5f67890",),
    "KeyId": ("1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321"),
    "FunctionName": ("resize-image",),
    "QueueName": ("orders",),
    "TopicName": ("alerts",),
    "TableName": ("Orders",),
    "SecretId": ("prod/db-AbCdEf",),
    "LogGroupName": ("/aws/lambda/resize-image",),
    "DistributionId": ("E2EXAMPLE1234",),
}
_ANY_WORDS: Final = ("example", "other", "test-1", "a", "x/y")


def expand(template: str, *, partition: str, account: str | None) -> Pattern:
    """An ARN template as a pattern. ``account`` None leaves any twelve digits open."""
    places: list[Token] = []
    end = 0
    for hole in _HOLE.finditer(template):
        places.extend(literal(template[end : hole.start()]))
        end = hole.end()
        places.extend(_hole(hole.group(1) or "", template, end, partition, account))
    places.extend(literal(template[end:]))
    return tuple(places)


def _hole(name: str, template: str, end: int, partition: str, account: str | None) -> Iterable[Token]:
    if name == "Partition":
        return literal(partition)
    if name in ("Account", "AccountId") and template[:end].count(":") == 4:
        return (_DIGIT,) * 12 if account is None else literal(account)
    if name == "Region":
        return (Token(NAME_CHARS), Token(NAME_CHARS, repeat=True))
    if name in data.holes_without_slash():
        return _run_without(":/")
    return _run_without("" if end == len(template) or name == "ObjectName" else ":")


def _run_without(chars: str) -> tuple[Token, Token]:
    if not chars:
        return (ANY, ANY_RUN)
    return (Token(frozenset(chars), but=True), Token(frozenset(chars), but=True, repeat=True))


@cache
def _matcher(template: str, partition: str) -> Group:
    return Group([expand(template, partition=partition, account=None)])


def fits(arn: str, template: str, partition: str) -> bool:
    """Whether an ARN has the template's shape."""
    return _matcher(template, partition).matches(arn)


def words_for(template: str) -> tuple[str, ...]:
    """Words that people use where the template's last name stands."""
    names = [hole.group(1) or "" for hole in _HOLE.finditer(template)]
    found = [word for name in reversed(names) for word in _WORDS.get(name, ())]
    return (*found, *_ANY_WORDS)


def stranger(known: Iterable[str]) -> str:
    """An account number that is none of the known ones."""
    taken = set(known)
    spare = (STRANGER, "888877776666", "777766665555", "666655554444", "123123123123")
    return next(number for number in spare if number not in taken)


def same_matches(groups: Sequence[Group], combination: int) -> Callable[[str], bool]:
    """The test for texts that match exactly these groups (bit i: group i)."""
    return lambda text: combination == sum(1 << n for n, one in enumerate(groups) if one.matches(text))


def presentable(witness: Witness, words: Iterable[str], same: Callable[[str], bool]) -> str:
    """A text that reads well and is ``same``: for a shortest one is seldom what a person would call a thing.

    Tries words in place of the characters that nothing forced, and at the end; keeps the witness otherwise.
    """
    words = tuple(words)
    for text in _dressed(witness, words):
        if same(text):
            return text
    return witness.text


def _dressed(witness: Witness, words: tuple[str, ...]) -> Iterator[str]:
    text = witness.text
    runs = list(witness.runs())
    if not runs:
        if text.endswith(("/", ":")) or not text:
            yield from (text + word for word in words)
        return
    for word in words:
        yield _replace_runs(text, runs, word)
    if len(runs) > 1:
        for word in words:
            start, end = runs[-1]
            yield text[:start] + word + text[end:]


def _replace_runs(text: str, runs: list[tuple[int, int]], word: str) -> str:
    for number, (start, end) in reversed(list(enumerate(runs))):
        last = number == len(runs) - 1
        text = text[:start] + (word if last else word.replace("/", "-").split(".")[0]) + text[end:]
    return text


def regional(text: str, same: Callable[[str], bool]) -> str:
    """The ARN with a real Region in it, where that is the ``same``."""
    parts = text.split(":", 5)
    if len(parts) < 6 or not parts[3]:
        return text
    for region in REGIONS:
        tried = ":".join([*parts[:3], region, *parts[4:]])
        if same(tried):
            return tried
    return text
