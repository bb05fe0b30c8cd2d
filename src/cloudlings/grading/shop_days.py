"""Days of a shop, by the minute: what its metrics get when all is well, and when something is not.

Every `Feed` begins with an hour in which all is well, so that an alarm of any length has seen it; what then
happens begins at minute `EVENT`. One puts a value for each order, as the embedded metric format does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cloudlings.grading.alarm_rules import Feed, Metric, Minute

EVENT, AFTER = 60, 80
"""The minute at which something happens, and for how many minutes one looks on."""
ORDERS = 40
"""Orders in an ordinary minute."""
Minutes = Callable[[int], Minute]
"""What a metric gets in a minute, counted from the event: negative before it."""


@dataclass(frozen=True)
class Shop:
    """The names of a shop's metrics: namespace and service, its dead letters, function and machine."""

    namespace: str
    service: str
    dead_letters: str
    function: str
    instance: str

    @property
    def orders(self) -> Metric:
        return Metric.of(self.namespace, "Orders", Service=self.service)

    @property
    def failures(self) -> Metric:
        return Metric.of(self.namespace, "Failures", Service=self.service)

    @property
    def latency(self) -> Metric:
        return Metric.of(self.namespace, "Latency", "Milliseconds", Service=self.service)

    @property
    def exported(self) -> Metric:
        return Metric.of(self.namespace, "Exported", Service=self.service)

    @property
    def cpu(self) -> Metric:
        return Metric.of("AWS/EC2", "CPUUtilization", "Percent", InstanceId=self.instance)

    def of_queue(self, name: str) -> Metric:
        return Metric.of("AWS/SQS", name, QueueName=self.dead_letters)

    def of_function(self, name: str) -> Metric:
        return Metric.of("AWS/Lambda", name, FunctionName=self.function)


def day(
    shop: Shop,
    changes: Mapping[Metric, Minutes],
    minutes: int = AFTER,
    before: Mapping[Metric, Minutes] | None = None,
) -> Feed:
    """A stretch of time in which all is well but for the metrics that ``changes`` describes.

    ``before`` has what metrics get until the event, where it is not the usual.
    """
    usual: dict[Metric, Minutes] = {
        shop.orders: orders(ORDERS),
        shop.failures: failures(ORDERS, ()),
        shop.latency: lambda _: [(90.0, float(ORDERS))],
        shop.exported: exports(),
        shop.cpu: lambda minute: [(35.0, 1.0)] if minute % 5 == 0 else [],
        shop.of_function("Invocations"): orders(ORDERS),
        shop.of_function("Errors"): lambda _: [(0.0, float(ORDERS))],
    }
    wanted, first = {**usual, **changes}, {**usual, **(before or {})}
    return Feed(
        EVENT + minutes,
        {
            metric: [
                at(minute) if minute >= 0 else first.get(metric, _nothing)(minute)
                for minute in _span(minutes)
            ]
            for metric, at in wanted.items()
        },
    )


def _span(minutes: int) -> range:
    return range(-EVENT, minutes)


def _nothing(_: int) -> Minute:
    return []


def orders(number: int) -> Minutes:
    """So many orders a minute; with none, the metric gets nothing at all."""
    return lambda _: [(1.0, float(number))] if number else []


def failures(number: int, bad: Collection[int], failed: int = 0) -> Minutes:
    """Of ``number`` orders a minute, ``failed`` fail in the ``bad`` minutes; else one each third minute."""

    def at(minute: int) -> Minute:
        lost = failed if minute in bad else int(minute % 3 == 0 and number >= ORDERS)
        return [(1.0, float(lost)), (0.0, float(number - lost))] if number else []

    return at


def latency(number: int, slow: Collection[int], share: float, usual: float, slowly: float) -> Minutes:
    """Of ``number`` orders a minute a ``share`` takes ``slowly`` ms in ``slow`` minutes, else ``usual``."""

    def at(minute: int) -> Minute:
        late = round(number * share) if minute in slow else 0
        return [(usual, float(number - late)), (slowly, float(late))] if number else []

    return at


def exports(last: int | None = None, every: int = 10, rows: float = 120.0) -> Minutes:
    """The export's rows, put each ten minutes; after minute ``last`` it runs no more."""
    return lambda minute: [(rows, 1.0)] if minute % every == 0 and (last is None or minute <= last) else []


def nobody(shop: Shop) -> dict[Metric, Minutes]:
    """A night without a single order: none of the metrics of orders gets anything. The export runs."""
    silent = (shop.orders, shop.failures, shop.latency)
    functions = [shop.of_function(name) for name in ("Invocations", "Errors")]
    return dict.fromkeys((*silent, *functions), _nothing)


def from_event(value: float) -> Minutes:
    """Nothing until the event, then one value a minute."""
    return lambda minute: [(value, 1.0)] if minute >= 0 else []


def for_minutes(value: float, minutes: int) -> Minutes:
    """One value a minute for so many minutes from the event on, and nothing before or after."""
    return lambda minute: [(value, 1.0)] if 0 <= minute < minutes else []


def many(shop: Shop, number: int, bad: Collection[int], failed: int) -> dict[Metric, Minutes]:
    """So many orders a minute, of which ``failed`` fail in the ``bad`` minutes; the function counts them,
    too."""
    return {
        shop.orders: orders(number),
        shop.failures: failures(number, bad, failed),
        shop.of_function("Invocations"): orders(number),
    }


def busy(minute: int) -> Minute:
    """A machine's CPU, each five minutes: full for seventy minutes, else a third."""
    return [(100.0 if 0 <= minute < 70 else 35.0, 1.0)] if minute % 5 == 0 else []
