"""One kind of request that comes out differently, and how bad that is."""

from __future__ import annotations

from dataclasses import dataclass

from cloudlings.iam import actions as known
from cloudlings.iam.actions import ActionClass
from cloudlings.iam.patterns import Witness
from cloudlings.iam.request import ContextValue, Principal


@dataclass(frozen=True)
class Difference:
    """One kind of request that comes out differently, with what is needed to speak of it."""

    over: bool
    actions: ActionClass
    caller: Principal
    caller_rank: int
    owner: str
    resource: str
    witness: Witness | None
    template: str
    mask: int
    context: tuple[tuple[str, ContextValue], ...]
    abroad: bool
    """Whether the resource belongs to another account than the one that the policies are about."""

    def order(self) -> tuple[object, ...]:
        """The worst first: by access level, then what a person reads fastest; what only root may do last."""
        length = len(self.resource) + sum(len(key) + len(str(value)) for key, value in self.context)
        harm, fame, name = known.rank(self.actions.first)
        odd = ("//" in self.resource) + sum(_odd(value) for _, value in self.context)
        root = self.caller.type == "root"
        made_up = self.witness is not None
        return root, harm, fame, self.caller_rank, self.abroad, made_up, odd, length, name, self.resource


def _odd(value: ContextValue) -> bool:
    """Whether people would wonder at it: no word, or the absence of a key that a policy counts on."""
    return value is None or (isinstance(value, str) and len(value) < 2)
