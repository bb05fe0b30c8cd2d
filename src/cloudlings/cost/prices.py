"""The price table: what AWS asks for, where that figure comes from, and whether it could be confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from cloudlings.errors import PriceError

HOURS_PER_MONTH = 730
"""The hours that AWS's own calculator takes for a month (8,760 / 12)."""


@dataclass(frozen=True)
class Source:
    """Where a figure was read, and the date of what was read."""

    title: str
    where: str
    date: date


@dataclass(frozen=True)
class Price:
    """One row of the table.

    ``tiers`` are (up to this quantity a month, dollars per unit), the last one open-ended; a flat
    price is one tier. ``confirmed`` is False when no second source, and no text of AWS's own, says the same.
    """

    key: str
    tiers: tuple[tuple[float, float], ...]
    unit: str
    sources: tuple[Source, ...]
    confirmed: bool

    @property
    def usd(self) -> float:
        """Dollars per unit, of the first tier that is not free (for showing; ``cost`` knows all tiers)."""
        return next((rate for _, rate in self.tiers if rate), 0.0)

    def cost(self, quantity: float) -> float:
        """Dollars for ``quantity`` units in one month, tier by tier."""
        total, below = 0.0, 0.0
        for up_to, rate in self.tiers:
            total += max(0.0, min(quantity, up_to) - below) * rate
            below = up_to
        return total


@dataclass(frozen=True)
class PriceTable:
    """The prices of one Region as of one date."""

    region: str
    as_of: date
    prices: Mapping[str, Price]

    def __getitem__(self, key: str) -> Price:
        """The price of ``key``; PriceError, by name, when the table does not hold it."""
        if key not in self.prices:
            raise PriceError(
                f"The price table for {self.region} has no price for {key!r}.",
                next_step=f"It knows, near it: {', '.join(self._near(key)) or 'nothing of that kind'}.",
            )
        return self.prices[key]

    def get(self, key: str) -> Price | None:
        """The price of ``key``, or None."""
        return self.prices.get(key)

    def _near(self, key: str) -> list[str]:
        family = key.rsplit(".", 1)[0]
        return [known for known in self.prices if known.startswith(family)][:8]


@cache
def price_table(region: str = "us-east-1") -> PriceTable:
    """The table of ``region``, read once. Only us-east-1 is held; others raise PriceError."""
    file = resources.files(__package__) / f"{region}.yaml"
    if not file.is_file():
        raise PriceError(
            f"There is no price table for {region}.", next_step="Estimates are made for us-east-1."
        )
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    sources = {name: _source(name, row) for name, row in data["sources"].items()}
    rows = [_price(row, sources) for row in data["prices"]]
    return PriceTable(region=data["region"], as_of=data["as_of"], prices={row.key: row for row in rows})


def _source(name: str, row: Mapping[str, Any]) -> Source:
    if not isinstance(row.get("date"), date):
        raise PriceError(f"The source {name!r} has no date.", next_step="Write it as date: YYYY-MM-DD.")
    return Source(row["title"], row["where"], row["date"])


def _price(row: list[Any], sources: Mapping[str, Source]) -> Price:
    key, figure, unit, names, confirmed = row
    unknown = [name for name in names if name not in sources]
    if unknown or not names:
        raise PriceError(
            f"The price {key!r} names no known source: {unknown}.", next_step="Add it to `sources`."
        )
    tiers = figure if isinstance(figure, list) else [[None, figure]]
    return Price(
        key=key,
        tiers=tuple((float("inf") if up_to is None else float(up_to), float(rate)) for up_to, rate in tiers),
        unit=unit,
        sources=tuple(sources[name] for name in names),
        confirmed=bool(confirmed),
    )
