"""The YAML header at the top of a lab's ``lab.py``.

# ---
# title: S3 policies that hold
# minutes: 90
# needs: [020-s3-basics]
# objectives:
#   - refuse plain HTTP, and say why
# regions: [eu-west-1]
# accounts: [main]
# ref: L03
# ---
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from cloudlings.lab._places import Place, nearest, read_text
from cloudlings.lab.model import Header

LAB_NAME = re.compile(r"\d{3}(-[a-z0-9]+)+")
"""A lab's folder: a number in tens, then words: it sorts the course and never changes."""

_REQUIRED = ("title", "minutes", "objectives")
_KNOWN = (*_REQUIRED, "needs", "regions", "accounts", "ref")
# What the Jupytext extension writes into a header when an author opens the lab as a notebook.
_JUPYTER = ("jupyter", "jupytext", "kernelspec")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

SOURCE = "lab.py"


@dataclass(frozen=True, slots=True)
class HeaderText:
    """The header's YAML without its comment signs, and the number of lines that it takes in the file."""

    yaml: str
    lines: int


def read_header(folder: Path) -> Header:
    """The head of the lab in ``folder``, without reading its cells.

    Errors: SourceError with file and line: no header, YAML that does not parse, a field missing,
    unknown or of the wrong kind.
    """
    path = folder / SOURCE
    return parsed(folder, split(read_text(path), path))


def split(text: str, path: Path) -> HeaderText:
    """Find the header at the top of a source. Errors: SourceError."""
    lines = text.splitlines()
    fence = re.compile(r"#\s*---\s*$")
    if not lines or not fence.match(lines[0]):
        raise Place(path).error(
            "the lab has no header.",
            "Begin the file with '# ---', '# title: …', '# minutes: …', '# objectives: […]', '# ---'.",
        )
    for number, line in enumerate(lines[1:], start=2):
        if fence.match(line):
            body = [re.sub(r"^# ?", "", each) for each in lines[1 : number - 1]]
            return HeaderText("\n".join(body), number)
        if not line.startswith("#"):
            raise Place(path, number).error(
                "the header is not closed.", "End the header with a line '# ---'."
            )
    raise Place(path).error("the header is not closed.", "End the header with a line '# ---'.")


@lru_cache(maxsize=64)
def parsed(folder: Path, header: HeaderText) -> Header:
    """A header from its text. Errors: SourceError."""
    place = Place(folder / SOURCE)
    fields = _Fields(_loaded(header, place), header, place)
    fields.check_names()
    return Header(
        name=folder.name,
        folder=folder,
        title=fields.text("title"),
        minutes=fields.minutes(),
        needs=fields.texts("needs", LAB_NAME, "lab names such as 020-s3-basics"),
        objectives=fields.texts("objectives", None, "sentences", at_least=1),
        regions=fields.texts("regions", _REGION, "Regions such as eu-west-1", ("us-east-1",), at_least=1),
        accounts=fields.texts("accounts", _ACCOUNT, "names such as main", ("main",), at_least=1),
        ref=fields.text("ref") if "ref" in fields.values else None,
    )


def _loaded(header: HeaderText, place: Place) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(header.yaml)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or "cannot be read"
        raise place.at(line).error(
            f"the header's YAML does not parse: {problem}.",
            "Mend this line; a title with a colon in it needs quotes.",
        ) from None
    if not isinstance(values, dict):
        raise place.at(2).error("the header holds no fields.", f"Give it {', '.join(_REQUIRED)}.")
    return {str(key): value for key, value in values.items()}


@dataclass(frozen=True, slots=True)
class _Fields:
    values: Mapping[str, Any]
    header: HeaderText
    place: Place

    def at(self, name: str) -> Place:
        """The line of a field, or the header's first."""
        for number, line in enumerate(self.header.yaml.split("\n"), start=2):
            if re.match(rf"[\"']?{re.escape(name)}[\"']?\s*:", line):
                return self.place.at(number)
        return self.place

    def check_names(self) -> None:
        for name in self.values:
            if name not in _KNOWN + _JUPYTER:
                raise self.at(name).error(f"the header has an unknown field {name!r}.", nearest(name, _KNOWN))
        for name in _REQUIRED:
            if name not in self.values:
                raise self.place.error(f"the header has no {name!r}.", f"Add a line '# {name}: …' to it.")

    def text(self, name: str) -> str:
        value = self.values[name]
        if not isinstance(value, str) or not value.strip():
            raise self.at(name).error(f"{name!r} is {value!r}, not text.", "Write it in quotes.")
        return " ".join(value.split())

    def minutes(self) -> int:
        value = self.values["minutes"]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 600:
            raise self.at("minutes").error(
                f"'minutes' is {value!r}, not a number of minutes.",
                "Give the time that a learner needs: 1 to 600.",
            )
        return value

    def texts(
        self,
        name: str,
        form: re.Pattern[str] | None,
        what: str,
        default: tuple[str, ...] = (),
        *,
        at_least: int = 0,
    ) -> tuple[str, ...]:
        value = self.values.get(name, list(default))
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.at(name).error(f"{name!r} is not a list of texts.", f"Write a list of {what}.")
        for each in value:
            if form is not None and not form.fullmatch(each):
                raise self.at(name).error(f"{name!r} holds {each!r}.", f"Write {what}.")
        if len(value) < at_least or len(set(value)) < len(value):
            raise self.at(name).error(
                f"{name!r} is empty or names one twice.", f"Write {what}, each once, at least {at_least}."
            )
        return tuple(" ".join(each.split()) for each in value)
