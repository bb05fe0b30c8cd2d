"""``nbgrader generate_assignment``: from a lab's source to what a student may see."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor

from cloudlings.errors import CloudlingsError, CourseError, SourceError
from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import grading_settings
from cloudlings.grading.nbgrader.secret import secret_of
from cloudlings.grading.verdict import Status
from cloudlings.lab import Catalogue, cleared
from cloudlings.lab.markers import has_region


class ClearToStarter(ClearSolutions):  # type: ignore[misc]
    """Replaces each solution region by its author's starter; takes the place of ClearSolutions."""

    def preprocess_cell(
        self, cell: Any, resources: dict[str, Any], cell_index: int
    ) -> tuple[Any, dict[str, Any]]:
        """A cell without our regions is nbgrader's. Errors: CourseError for markers that do not pair."""
        if not has_region(cell.source):
            cleared_by_nbgrader: tuple[Any, dict[str, Any]] = super().preprocess_cell(
                cell, resources, cell_index
            )
            return cleared_by_nbgrader
        try:
            cell.source = cleared(cell.source)
        except SourceError as error:
            raise CourseError(f"Cell {cell_index + 1}: {error.message}", next_step=error.next_step) from None
        return cell, resources


class RefuseSecrets(NbGraderPreprocessor):  # type: ignore[misc]
    """Lets no release through that holds the course's secret or what is left of a solution; comes last."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Errors: CourseError; nbgrader then takes the release away."""
        course = Path(self.parent.parent.coursedir.root)
        forbidden = {"the course's secret": secret_of(course), "a solution marker": "### BEGIN SOLUTION"}
        for number, cell in enumerate(nb.cells, start=1):
            for what, text in forbidden.items():
                if text and text in str(cell):
                    raise CourseError(
                        f"Cell {number} holds {what}.", next_step="mend the notebook in source/"
                    )
        return nb, resources


class Rehearse(NbGraderPreprocessor):  # type: ignore[misc]
    """Grades a lab's own solution in a box, as submissions will be, and tells what it got.

    So an instructor knows before the students whether the lab can be graded on this machine. It refuses
    nothing: grading may happen elsewhere.
    """

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What is no lab has no solution that we know, and where students are trusted no box is needed."""
        course, lab = Path(self.parent.parent.coursedir.root), resources["nbgrader"]["assignment"]
        settings = grading_settings(course)
        try:
            root = Path(settings["root"]) if settings["root"] else Catalogue.here().root
            if lab in Catalogue(root).names and not settings["trusted"]:
                self._rehearse(root, lab, settings)
        except CloudlingsError as error:
            what = f"{error.message} Next: {error.next_step}"
            self.log.warning("%s cannot be graded on this machine yet: %s", lab, what)
        return nb, resources

    def _rehearse(self, root: Path, lab: str, settings: Mapping[str, Any]) -> None:
        # Its imports are most of what grades, and no other step here needs them.
        from cloudlings.grading.isolation import rehearsal

        client.require()
        self.log.info("Grading the solution of %s in a box, as submissions will be: up to half a minute", lab)
        # Formgrader's server, which generates too, is not to keep it.
        with closing(client.Zygote()) as zygote:
            graded = zygote.grade(rehearsal.job_of(rehearsal.nobodys(root, lab, settings)))
        verdicts = graded.verdicts.values()
        points, most = sum(each.points for each in verdicts), sum(each.max_points for each in verdicts)
        lost = [f"{each.task}: {each.found}" for each in verdicts if each.status is not Status.PASSED]
        if lost:
            self.log.warning(
                "The solution of %s gets %s of %s points here: do not release it before that is mended. %s",
                lab, points, most, " ".join(lost),
            )  # fmt: skip
        else:
            self.log.info("The solution gets %s of %s points: %s can be graded here", points, most, lab)
