"""The error tree: drawn at the top of its file, complete, and each error says what to do next."""

from __future__ import annotations

import cloudlings.errors as errors
from cloudlings.errors import CloudlingsError


def classes(root):
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from classes(child)


def test_the_drawing_is_the_tree():
    """Every error is in the drawing, at its depth, below its parent."""
    drawn = [line for line in errors.__doc__.splitlines() if "──" in line]
    names = [line.split("── ")[1].split()[0] for line in drawn]
    depths = {name: line.index("──") for name, line in zip(names, drawn, strict=True)}
    assert sorted(names) == sorted(child.__name__ for child in classes(CloudlingsError))
    for child in classes(CloudlingsError):
        parent = child.__base__
        if parent is CloudlingsError:
            continue
        before = names[: names.index(child.__name__)]
        above = [name for name in before if depths[name] < depths[child.__name__]]
        assert above[-1] == parent.__name__, f"{child.__name__} is drawn below {above[-1]}"


def test_an_error_shows_its_next_step():
    """Whoever prints it reads what to do."""
    assert str(CloudlingsError("The port is taken.", next_step="stop the other one")).endswith(
        "Next: stop the other one"
    )
