"""What things cost: a dated price table, bills to compare answers with, an account's monthly estimate.

See docs/architecture.md.
"""

from cloudlings.cost.account import Session, Usage, estimate
from cloudlings.cost.bills import (
    break_even_gb,
    endpoint_bill,
    instance_bill,
    lambda_bill,
    logs_bill,
    metrics_bill,
    nat_bill,
    total,
    transfer_bill,
    volume_bill,
)
from cloudlings.cost.estimate import Estimate, Line
from cloudlings.cost.prices import HOURS_PER_MONTH, Price, PriceTable, Source, price_table
from cloudlings.cost.storage import (
    STORAGE_CLASSES,
    StorageClass,
    StorageProfile,
    cheapest,
    storage_bill,
    unfit,
)

__all__ = [
    "HOURS_PER_MONTH",
    "STORAGE_CLASSES",
    "Estimate",
    "Line",
    "Price",
    "PriceTable",
    "Session",
    "Source",
    "StorageClass",
    "StorageProfile",
    "Usage",
    "break_even_gb",
    "cheapest",
    "endpoint_bill",
    "estimate",
    "instance_bill",
    "lambda_bill",
    "logs_bill",
    "metrics_bill",
    "nat_bill",
    "price_table",
    "storage_bill",
    "total",
    "transfer_bill",
    "unfit",
    "volume_bill",
]
