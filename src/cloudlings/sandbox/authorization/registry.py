"""How a mapping says which operations it is about: what a request of theirs needs, beyond the common rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cloudlings.sandbox.authorization.need import Asked, Need

Mapper = Callable[[Asked], Iterable[Need]]

# (prefix of the actions, operation) -> the function that says what it needs; "" for the whole service.
WHOLE: dict[tuple[str, str], Mapper] = {}
# What an operation needs on top, such as the right to pass a role.
ALSO: list[Mapper] = []


def needs(prefix: str, *operations: str) -> Callable[[Mapper], Mapper]:
    """Mark the function that says what these operations need; without operations, the service's others."""

    def mark(mapper: Mapper) -> Mapper:
        for operation in operations or ("",):
            WHOLE[prefix, operation] = mapper
        return mapper

    return mark


def also(mapper: Mapper) -> Mapper:
    """Mark a function that is asked about every request, whatever the service."""
    ALSO.append(mapper)
    return mapper
