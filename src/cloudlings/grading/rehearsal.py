"""Days played against an account's alarms: who is woken, and how a check tells of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Feed, Metric, Raw, Woken, woken
from cloudlings.grading.shop_days import EVENT, Shop
from cloudlings.grading.vpc_state import shown

Changes = Mapping[Metric, shop_days.Minutes]
"""What metrics get that is not the usual."""


@dataclass(frozen=True)
class Rehearsal:
    """A shop's alarms, metric and composite, the ARN of the topic that wakes, and the alarms asked about.

    ``names``: the metric alarms that the question is about; None: all of them.
    """

    shop: Shop
    alarms: tuple[Sequence[Raw], Sequence[Raw]]
    topic: str
    names: Collection[str] | None = None

    @property
    def topic_name(self) -> str:
        return self.topic.rpartition(":")[2]

    @property
    def told(self) -> str:
        """How a check's words begin: against which alarms the days were played."""
        return (
            f"Days were played against {shown(list(self.names or ()))}, with the topic {self.topic_name} "
            "as their action"
        )

    def day(self, changes: Changes) -> Woken:
        """Who is woken in a day on which metrics get something else than the usual."""
        return self.play(shop_days.day(self.shop, changes))

    def play(self, feed: Feed) -> Woken:
        """Who is woken in any stretch of time that `shop_days` describes."""
        return woken(self.alarms, self.topic, feed, EVENT, self.names)
