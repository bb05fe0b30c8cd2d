"""An estimate: lines that add up to dollars a month, each with the price that it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field

from cloudlings.cost.prices import HOURS_PER_MONTH, Price, PriceTable


@dataclass(frozen=True)
class Line:
    """One line of a bill: ``quantity`` units of ``what`` for ``resource`` at ``price``.

    ``price`` is None when the table holds no price for it: the line then counts as nothing, and the
    estimate says that it is not complete. ``note`` tells an assumption behind the quantity.
    """

    service: str
    resource: str
    what: str
    quantity: float
    price: Price | None
    note: str = ""

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return self.price.cost(self.quantity) if self.price else 0.0

    @property
    def confirmed(self) -> bool:
        """Whether the price behind this line could be confirmed."""
        return self.price is not None and self.price.confirmed

    def __str__(self) -> str:
        if self.price is None:
            return f"{self.resource}: {self.what}: no price known"
        mark = "" if self.confirmed else " (price not confirmed)"
        note = f"; {self.note}" if self.note else ""
        rate = f"{self.price.usd:.10f}".rstrip("0").rstrip(".") or "0"
        return (
            f"{self.resource}: {self.what}: {self.quantity:,.6g} {self.price.unit} × ${rate}"
            f" = ${self.usd:,.2f}{mark}{note}"
        )


@dataclass(frozen=True)
class Estimate:
    """Lines, and what they add up to. Nothing is rounded before it is shown."""

    title: str
    lines: tuple[Line, ...]
    region: str = "us-east-1"
    assumptions: tuple[str, ...] = field(default=())

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return sum(line.usd for line in self.lines)

    @property
    def complete(self) -> bool:
        """False when a line has no price: the total is then too low."""
        return all(line.price is not None for line in self.lines)

    @property
    def unconfirmed(self) -> tuple[Line, ...]:
        """The lines with a price that could not be confirmed."""
        return tuple(line for line in self.lines if not line.confirmed)

    def by_service(self) -> dict[str, float]:
        """Dollars a month by service, the dearest first."""
        totals: dict[str, float] = {}
        for line in self.lines:
            totals[line.service] = totals.get(line.service, 0.0) + line.usd
        return dict(sorted(totals.items(), key=lambda item: -item[1]))

    def __str__(self) -> str:
        head = f"{self.title}: ${self.usd:,.2f} a month ({self.region} list prices)"
        if not self.complete:
            head += ", and more: some lines have no known price"
        return "\n".join(
            [head, *(f"  {line}" for line in self.lines), *(f"  {text}" for text in self.assumptions)]
        )


def bill(title: str, table: PriceTable, *lines: tuple[str, str, str, float], note: str = "") -> Estimate:
    """An estimate from (price key, resource, what, quantity) rows; lines of nothing are left out."""
    made = tuple(
        Line(key.split(".")[0], resource, what, quantity, table[key], note)
        for key, resource, what, quantity in lines
        if quantity
    )
    return Estimate(title=title, lines=made, region=table.region)


def hours(months: float = 1.0) -> float:
    """Hours in ``months`` months as AWS's calculator counts them (730 each)."""
    return HOURS_PER_MONTH * months
