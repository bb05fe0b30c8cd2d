"""Checks of every case, run topic by topic: thousands of tests of a moment each would only cost time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import pytest

from cloudlings.iam.case_files import Case


def each_case(cases: Sequence[Case]) -> Callable[[Callable[[Case], None]], Callable[[str], None]]:
    """Decorates a check of one case; a failure names the case."""
    topics = {
        topic: list(found) for topic, found in groupby(sorted(cases, key=lambda c: c.id), key=_topic_of)
    }

    def decorate(check: Callable[[Case], None]) -> Callable[[str], None]:
        @pytest.mark.parametrize("topic", topics)
        def test(topic: str) -> None:
            for case in topics[topic]:
                try:
                    check(case)
                except AssertionError as error:
                    raise AssertionError(f"{case.id} ({case.title}): {error}") from error

        test.__doc__, test.__name__ = check.__doc__, check.__name__
        return test

    return decorate


def _topic_of(case: Case) -> str:
    return case.id.partition("-")[0]
