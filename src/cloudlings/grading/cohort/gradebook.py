"""Writing to nbgrader's gradebook and tree by nbgrader's own steps: all that is ours is where the result is
from.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cloudlings.errors import CourseError, GradebookUnavailable
from cloudlings.grading.isolation.job import Graded
from cloudlings.grading.nbgrader import lean
from cloudlings.grading.nbgrader.course import gradebook, settings_of
from cloudlings.grading.nbgrader.kept import Kept
from cloudlings.grading.nbgrader.restore import SourceCell

_STAGE = ".staged"


class Recorder:
    """Writes submissions of one lab, one after the other. Writing one again changes nothing."""

    def __init__(self, course: Path, lab: str) -> None:
        lean.import_nbgrader()
        from nbgrader.coursedir import CourseDirectory

        from cloudlings.grading.nbgrader.in_memory import AutogradeInMemory

        self.course, self.lab = course.absolute(), lab
        self.stage = self.course / "cohort" / _STAGE
        config = settings_of(self.course)
        config.CourseDirectory.root = str(self.course)
        config.CourseDirectory.assignment_id = lab
        # Nothing in between reads what one of nbgrader's steps left, so it is looked through after the last.
        config.Exporter.optimistic_validation = True
        self._kept = Kept()
        self._directory = CourseDirectory(config=config)
        self._converter = AutogradeInMemory(coursedir=self._directory, config=config)
        self._converter.force, self._converter.create_student = True, False
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        # What nbgrader tells of each step is told here once for each submission, or as its error.
        logging.getLogger("traitlets").setLevel(logging.ERROR)

    def write(self, student: str, graded: Graded | None, notes: Sequence[str] = ()) -> None:
        """Scores, comments, lateness and the graded notebook of one student, who is in ``stage``.

        ``graded`` is None for what cannot be read. Errors: CourseError, with nbgrader's words;
        GradebookUnavailable.
        """
        from nbgrader.converters.base import NbGraderException
        from sqlalchemy.exc import DBAPIError

        from cloudlings.grading.nbgrader.grade import GIVEN

        self._directory.student_id = student
        self._directory.submitted_directory = str(self.stage.relative_to(self.course))
        GIVEN[self.lab, student] = Graded(
            graded.verdicts if graded else {},
            graded.outputs if graded else {},
            [*notes, *(graded.notes if graded else ())],
        )
        try:
            with self._kept.in_use():
                self._converter.start()
        except (NbGraderException, SystemExit, DBAPIError) as error:
            why = error if isinstance(error, DBAPIError) else error.__context__
            if isinstance(why, DBAPIError):
                raise GradebookUnavailable(
                    f"The gradebook did not take {self.lab} of {student}: {why.orig}",
                    next_step="start its database; the same command with --resume records what was graded",
                ) from error
            raise CourseError(
                f"nbgrader could not record {self.lab} of {student}: {error}",
                next_step=f"nbgrader autograde {self.lab} --student {student} --force tells more",
            ) from error
        finally:
            del GIVEN[self.lab, student]
            shutil.rmtree(self.stage / student, ignore_errors=True)


def source_cells(course: Path, lab: str) -> list[SourceCell]:
    """The assignment's cells as the gradebook has them. Errors: CourseError where it has none such."""
    from nbgrader.api import MissingEntry

    from cloudlings.grading.nbgrader.reading import grade_id, read
    from cloudlings.grading.nbgrader.source import source_cells as cells_of

    order = [name for name in map(grade_id, read(course / "source" / lab / f"{lab}.ipynb").cells) if name]
    with gradebook(course) as book:
        try:
            return cells_of(book.find_notebook(lab, lab), order)
        except MissingEntry:
            raise CourseError(
                f"{lab} is not in the gradebook of {course.name}.",
                next_step=f"nbgrader generate_assignment {lab}",
            ) from None


def students_of(course: Path) -> Collection[str]:
    """The ids of all students."""
    with gradebook(course) as book:
        return {student.id for student in book.students}


def scores(course: Path, lab: str) -> Mapping[str, float]:
    """Each student's score in a lab, with what was marked by hand and taken off for lateness."""
    with gradebook(course) as book:
        return {each.student.id: float(each.score) for each in book.assignment_submissions(lab)}
