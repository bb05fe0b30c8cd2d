"""What to run for an answer: the lab's solution, with the answer in place of the regions that it replaces."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cloudlings.lab._places import Place
from cloudlings.lab.answers import Answer, OtherAnswer, Piece
from cloudlings.lab.header import SOURCE
from cloudlings.lab.model import Cell, Given, Lab, Region


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to run, in order.

    ``python``: a notebook cell's code (it may hold IPython's ``!`` and ``%``). ``shell``: a bash script, run
    with the environment of ``cloudlings env`` and ``Brief.env()``. ``template``: a CloudFormation template;
    see ``stack_parameters``. ``check``: where the notebook checks ``task``; it has no text. ``answered`` says
    that the text is (or holds) the answer's own; ``place`` is where the text comes from.
    """

    kind: Literal["python", "shell", "template", "check"]
    text: str
    task: str | None
    place: Place
    answered: bool = False


def solution_steps(lab: Lab) -> tuple[Step, ...]:
    """The lab as its author solves it."""
    return spliced(lab, _NOTHING)


def starter_steps(lab: Lab) -> tuple[Step, ...]:
    """The lab as a learner runs it who has changed nothing."""
    source = Place(lab.folder / SOURCE)
    return tuple(
        _with_checks(
            lab,
            {
                i: _python(cell.starter, cell, source)
                for i, cell in enumerate(lab.cells)
                if cell.kind == "code"
            },
        )
    )


def spliced(lab: Lab, answer: Answer) -> tuple[Step, ...]:
    """The steps that try an answer: its pieces replace their tasks' regions, the rest is the solution's.

    As many pieces as a task has regions replace them one by one; else the pieces together take the place
    of the first, and the others are left out. An answer that stands alone runs by itself, and every task is
    checked after it.

    Errors: SourceError when a script or a template would have to run inside a function or a block.
    """
    if isinstance(answer, OtherAnswer) and answer.alone:
        return (
            *(Step(piece.kind, piece.text, None, piece.place, answered=True) for piece in answer.pieces),
            *(Step("check", "", task, Place(lab.folder / SOURCE)) for task in lab.tasks),
        )
    replaced = _replacements(lab, answer)
    source = Place(lab.folder / SOURCE)
    steps: dict[int, tuple[Step, ...]] = {}
    for index, cell in enumerate(lab.cells):
        if cell.kind != "code":
            continue
        if any(region.line in replaced for region in cell.regions):
            steps[index] = tuple(_Assembly(cell, source, replaced).steps())
        else:
            steps[index] = _python(cell.solution, cell, source)
    return tuple(_with_checks(lab, steps))


_NOTHING = OtherAnswer("solution", ())
# Which pieces stand in the place of a region, by the region's line; none: the region is left out.
_Replaced = Mapping[int, tuple[Piece, ...]]


def _replacements(lab: Lab, answer: Answer) -> _Replaced:
    replaced: dict[int, tuple[Piece, ...]] = {}
    for task in lab.tasks:
        named = [piece for piece in answer.pieces if task in piece.tasks]
        if not named:
            continue
        # A piece that answers several tasks runs once: where the first of them stands.
        own = [piece for piece in named if min(piece.tasks, key=lab.tasks.index) == task]
        lines = [region.line for cell in lab.cells_of(task) for region in cell.regions]
        if len(own) == len(lines):
            replaced |= {line: (piece,) for line, piece in zip(lines, own, strict=True)}
        else:
            replaced |= dict.fromkeys(lines, ()) | {lines[0]: tuple(own)}
    return replaced


def _with_checks(lab: Lab, steps: Mapping[int, tuple[Step, ...]]) -> Iterator[Step]:
    last = {lab.last_cell_of(task): task for task in lab.tasks}
    for index, cell in enumerate(lab.cells):
        yield from steps.get(index, ())
        if index in last:
            yield Step("check", "", last[index], Place(lab.folder / SOURCE, cell.line))


def _python(text: str, cell: Cell, source: Place) -> tuple[Step, ...]:
    return (Step("python", text, cell.task, source.at(cell.line)),) if text.strip() else ()


@dataclass(slots=True)
class _Assembly:
    """Puts one cell together again. A script or template in it divides the cell's code."""

    cell: Cell
    source: Place
    replaced: _Replaced

    def steps(self) -> Iterator[Step]:
        lines: list[str] = []
        answered = False
        for part in self.cell.parts:
            if isinstance(part, Given):
                lines.append(part.text)
            elif part.line not in self.replaced:
                lines.append(part.solution)
            elif any(piece.kind != "python" for piece in self.replaced[part.line]):
                yield from self._code(lines, answered)
                yield from self._outside(part)
                lines, answered = [], False
            else:
                lines.append(_indented(self.replaced[part.line], part.indent))
                answered = True
        yield from self._code(lines, answered)

    def _code(self, lines: list[str], answered: bool) -> Iterator[Step]:
        text = "\n".join(lines).strip("\n")
        if text.strip():
            yield Step("python", text, self.cell.task, self.source.at(self.cell.line), answered=answered)

    def _outside(self, region: Region) -> Iterator[Step]:
        pieces = self.replaced[region.line]
        if region.indent:
            raise pieces[0].place.error(
                f"a script or template cannot replace the region on line {region.line}, inside a block.",
                "Answer this task in Python, or move its region to the cell's outermost level.",
            )
        for piece in pieces:
            yield Step(piece.kind, piece.text, self.cell.task, piece.place, answered=True)


def _indented(pieces: tuple[Piece, ...], indent: str) -> str:
    text = "\n\n".join(textwrap.dedent(piece.text) for piece in pieces)
    return textwrap.indent(text, indent) if text.strip() else indent + "pass" if indent else ""
