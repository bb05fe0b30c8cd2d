"""What one request must be allowed: (action, resource, condition keys), once for everything that it
touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudlings.iam.lazy import lazy
from cloudlings.iam.request import ContextValue
from cloudlings.sandbox.authorization import inputs
from cloudlings.sandbox.model import Call

Context = Mapping[str, ContextValue]


@dataclass(frozen=True)
class Need:
    """One permission that a request needs.

    ``context`` holds the keys that belong to this action only (``s3:prefix``, ``iam:PassedToService``); the
    global ones are added for every need. ``resource`` is an ARN as far as the request tells it. Two forms
    wait for the account to tell the rest: ``kms-ciphertext:…`` and ``kms-key-of:ALIAS-ARN`` are the KMS key
    behind them.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True)
class Asked:
    """A call as the mapping to actions sees it.

    ``prefix`` is that of the service's actions (``s3``), ``path`` the percent-encoded path as the service's
    model writes it.
    """

    call: Call
    prefix: str
    path: str = "/"

    @lazy
    def input(self) -> Mapping[str, Any]:
        """The request's parameters, decoded when something first asks for one."""
        return inputs.parameters(self.call, self.path)

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.call.account_id

    @property
    def region(self) -> str:
        """The Region that the request was signed for."""
        return self.call.region

    def arn(
        self, rest: str, *, service: str = "", region: str | None = None, account: str | None = None
    ) -> str:
        """An ARN in the caller's account and Region: ``arn("table/t")``."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:aws:{service or self.prefix}:{where}:{whose}:{rest}"

    def text(self, *names: str) -> str:
        """The first of these parameters that is a text; "" when there is none."""
        for name in names:
            value = self.input.get(name)
            if isinstance(value, str | int) and value != "":
                return str(value)
        return ""

    def texts(self, *names: str) -> list[str]:
        """Every text in the first of these parameters that is there: a list's, or a single one."""
        for name in names:
            value = self.input.get(name)
            if isinstance(value, list):
                return [str(one) for one in value if isinstance(one, str | int)]
            if isinstance(value, str) and value:
                return [value]
        return []

    def items(self, name: str) -> list[Mapping[str, Any]]:
        """The structures in a list parameter."""
        value = self.input.get(name)
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
