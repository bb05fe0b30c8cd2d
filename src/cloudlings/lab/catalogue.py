"""The labs of a checkout, found by their folders: nobody lists them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import LabError, SourceError, UnknownLab
from cloudlings.lab._places import Place, nearest
from cloudlings.lab.header import LAB_NAME, SOURCE, read_header
from cloudlings.lab.model import Header, Lab

ROOT_VARIABLE = "CLOUDLINGS_ROOT"
"""Names the checkout when the working directory is not inside it."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The labs below one checkout. ``root`` holds ``solutions/``, ``labs/`` and ``graders/``."""

    root: Path

    @classmethod
    def here(cls, start: Path | None = None) -> Catalogue:
        """The checkout of $CLOUDLINGS_ROOT, else around ``start`` (working directory), else of this package.

        Errors: LabError when none of them is a checkout.
        """
        named = os.environ.get(ROOT_VARIABLE)
        if named:
            if not (Path(named) / "solutions").is_dir():
                raise LabError(
                    f"{ROOT_VARIABLE} names {named}, which has no folder solutions/.",
                    next_step=f"Set {ROOT_VARIABLE} to the checkout, or unset it.",
                )
            return cls(Path(named))
        begin = (start or Path.cwd()).resolve()
        for folder in (begin, *begin.parents, *Path(__file__).resolve().parents):
            if (folder / "solutions").is_dir() and (folder / "graders").is_dir():
                return cls(folder)
        raise LabError(
            f"{begin} is not inside a checkout of cloudlings.",
            next_step=f"Change into the checkout, or set {ROOT_VARIABLE} to it.",
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all labs, in the order of the course."""
        folders = (self.root / "solutions").glob(f"*/{SOURCE}")
        return tuple(sorted(path.parent.name for path in folders if LAB_NAME.fullmatch(path.parent.name)))

    def name(self, given: str) -> str:
        """The full name of a lab from its name, its number (``030``, ``30``) or its words (``s3-policies``).

        Errors: UnknownLab, with the nearest names; also when two labs fit.
        """
        names = self.names
        wanted = given.strip().strip("/").lower()
        if wanted in names:
            return wanted
        fits = [each for each in names if wanted and wanted in (each[:3], each[:3].lstrip("0"), each[4:])]
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise UnknownLab(f"{given!r} fits {', '.join(fits)}.", next_step="Write the whole name.")
        raise UnknownLab(f"There is no lab {given!r}.", next_step=_hint(wanted, names))

    def folder(self, given: str) -> Path:
        """The folder of a lab's source. Errors: UnknownLab."""
        return self.root / "solutions" / self.name(given)

    def header(self, given: str) -> Header:
        """What the head of a lab says: cheap. Errors: UnknownLab, SourceError."""
        return read_header(self.folder(given))

    def read(self, given: str) -> Lab:
        """A lab, read, checked, and its ``needs`` all there. Errors: UnknownLab, SourceError."""
        # Reading cells imports Jupytext: a kernel that only opens a lab must not wait for it.
        from cloudlings.lab.source import read_lab

        lab = read_lab(self.folder(given))
        self._check_needs(lab)
        return lab

    def built(self, given: str) -> Path:
        """Where a lab's built notebook is kept."""
        name = self.name(given)
        return self.root / "labs" / name / f"{name}.ipynb"

    def after(self, given: str) -> Header | None:
        """The lab that comes next in the course, or None after the last. Errors: UnknownLab, SourceError."""
        names = self.names
        at = names.index(self.name(given)) + 1
        return self.header(names[at]) if at < len(names) else None

    def _check_needs(self, lab: Lab) -> None:
        source = lab.folder / SOURCE
        earlier = [name for name in self.names if name < lab.name]
        for need in lab.needs:
            if need not in self.names:
                raise _needs_error(
                    source, f"'needs' names {need!r}, which is no lab.", nearest(need, earlier)
                )
            if need >= lab.name:
                raise _needs_error(
                    source,
                    f"'needs' names {need!r}, which does not come before {lab.name}.",
                    "Name labs with a lower number: the course is worked through in their order.",
                )


def _needs_error(source: Path, message: str, next_step: str) -> SourceError:
    lines = source.read_text(encoding="utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, start=1) if text.lstrip("# ").startswith("needs")), 1)
    return Place(source, line).error(message, next_step)


def _hint(wanted: str, names: tuple[str, ...]) -> str:
    """People type the words of a name more often than its number: compare with both."""
    by_words = {each[4:]: each for each in names}
    clause = nearest(wanted[4:] if wanted[:3].isdigit() else wanted, by_words)
    if clause.startswith("Did you mean"):
        for words, each in by_words.items():
            clause = clause.replace(f"'{words}'", f"'{each}'")
        return clause
    return nearest(wanted, names)
