"""The second half of ``nbgrader autograde``: what the account deserves, into gradebook and feedback."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Bool, Float, Int, Unicode

from cloudlings.errors import CloudlingsError, CourseError, GradingError, SandboxError
from cloudlings.grading.isolation import client
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.job import Cell, Graded, Job, files_beside
from cloudlings.grading.nbgrader import quiet, words
from cloudlings.grading.nbgrader.course import DEFAULTS
from cloudlings.grading.nbgrader.gradebook_file import unchanged
from cloudlings.grading.nbgrader.provisioner import BoxedKernelManager
from cloudlings.grading.nbgrader.reading import MARK
from cloudlings.grading.nbgrader.submission import Limits, Submission
from cloudlings.grading.nbgrader.submitted import source_texts
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Catalogue

_RESULT = "cloudlings_verdicts"
GIVEN: dict[tuple[str, str], Graded] = {}
"""What came of submissions (by lab and student) that were run elsewhere, and are only to be recorded."""


class GradeOnAccount(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs a submission in a sandbox of its own; a check cell's score is what the trusted process finds.

    Takes the place of nbgrader's Execute, and leaves assignments that are no labs to it, in a boxed kernel.
    """

    root = Unicode("", help="The checkout of cloudlings, with the labs and their graders.").tag(config=True)
    cell_seconds = Float(DEFAULTS["cell_seconds"], help="How long one cell may run.").tag(config=True)
    submission_seconds = Float(
        DEFAULTS["submission_seconds"], help="How long all cells of a submission may run."
    ).tag(config=True)
    memory_megabytes = Int(
        DEFAULTS["memory_megabytes"], help="The address space of the kernel and each process that it starts."
    ).tag(config=True)
    trust_submissions = Bool(
        False, help="Run students' code outside of a box, as you: it can do what you can do."
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Errors: CourseError when nothing can be said about the work; nbgrader goes on with the next."""
        names = resources["nbgrader"]
        catalogue = self._catalogue()
        if names["assignment"] not in catalogue.names or names["notebook"] != names["assignment"]:
            return self._executed(nb, resources)
        course = Path(self.parent.parent.coursedir.root)
        folder = _folder(self.parent, names)
        submission = Submission(catalogue.root, names["assignment"], names["student"], folder)
        graded = self._grade(nb, submission, names)
        _write(nb, graded, names["student"])
        _quieten(nb, source_texts(self.parent, names))
        resources[_RESULT] = graded.verdicts
        _keep(course, names, graded.verdicts)
        return nb, resources

    def _executed(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What is no lab is graded in its kernel, as nbgrader does it; the kernel is in a box."""
        executor = Execute(parent=self.parent)
        if self.trust_submissions:
            self.log.warning(
                "Students' code runs unboxed, as you: c.GradeOnAccount.trust_submissions is True."
            )
        else:
            names = resources["nbgrader"]
            config = deepcopy(executor.config)
            config.BoxedKernelManager.cell_seconds = float(executor.timeout or self.cell_seconds)
            config.BoxedKernelManager.submission_seconds = self.submission_seconds
            config.BoxedKernelManager.memory_megabytes = self.memory_megabytes
            # The box keeps the time, and what it stops is an error in its cell.
            config.Execute.timeout = None
            executor = Execute(parent=self.parent, config=config, kernel_manager_class=BoxedKernelManager)
            try:
                client.require()
            except GradingError as error:
                _withdraw(names)
                folder = _folder(self.parent, names)
                submission = Submission(Path(), names["assignment"], names["student"], folder)
                raise self._ungraded(submission, error) from error
        executed: tuple[Any, dict[str, Any]] = executor.preprocess(nb, resources)
        return executed

    def _grade(self, nb: Any, submission: Submission, names: Mapping[str, str]) -> Graded:
        """Errors: CourseError, and then the submission has no score at all."""
        mark = nb.metadata.get(MARK, {})
        try:
            known = {task.name: task for task in tasks_of(submission.root, submission.lab)}
            tasks = [name for name in _graded_cells(nb) if name in known]
            if mark.get("unreadable"):
                verdicts = {name: _unread(submission.lab, known[name], mark["unreadable"]) for name in tasks}
                return Graded(verdicts, {}, [mark["unreadable"]])
            given = GIVEN.get((submission.lab, submission.student))
            if given is not None:
                return Graded(given.verdicts, given.outputs, [*_put_back(mark), *given.notes])
            with self._protected(names):
                graded = self._run(submission, _code_cells(nb, tasks), tasks)
        except CloudlingsError as error:
            _withdraw(names)
            raise self._ungraded(submission, error) from error
        except Exception as error:
            _withdraw(names)
            fault = GradingError(
                f"{type(error).__name__}: {str(error).rstrip('.')}.",
                next_step="this is a fault of the lab or of cloudlings, not the student's: mend or report it",
            )
            raise self._ungraded(submission, fault) from error
        return Graded(graded.verdicts, graded.outputs, [*_put_back(mark), *graded.notes])

    def _run(self, submission: Submission, cells: Sequence[Cell], tasks: Sequence[str]) -> Graded:
        """A sandbox that fails once is not held against anybody; twice, and a person has to look."""
        try:
            return self._run_once(submission, cells, tasks)
        except SandboxError as error:
            self.log.warning("%s: %s Trying once more.", submission.student, error.message)
        return self._run_once(submission, cells, tasks)

    def _run_once(self, submission: Submission, cells: Sequence[Cell], tasks: Sequence[str]) -> Graded:
        memory = self.memory_megabytes * 2**20
        if self.trust_submissions:
            # What runs it without a box is a good part of all that there is to import.
            from cloudlings.grading.nbgrader import run

            limits = Limits(self.cell_seconds, self.submission_seconds, memory)
            return run.grade(submission, cells, tasks, limits)
        job = Job(
            str(submission.root),
            submission.lab,
            submission.student,
            cells,
            tasks,
            files_beside(submission.folder),
            self.cell_seconds,
            self.submission_seconds,
            Bounds(memory=memory),
        )
        return client.shared().grade(job)

    def _protected(self, names: Mapping[str, str]) -> AbstractContextManager[None]:
        """Errors: GradingError where no box can be had and nobody said to go without."""
        if not self.trust_submissions:
            client.require()
            return nullcontext()
        self.log.warning("Students' code runs unboxed, as you: c.GradeOnAccount.trust_submissions is True.")
        return unchanged(names["db_url"], lambda what: self.log.warning("%s: %s", names["student"], what))

    def _ungraded(self, submission: Submission, error: CloudlingsError) -> CourseError:
        notice = (
            f"{submission.lab} of {submission.student} was left ungraded: {error.message} "
            "It has no score, which is not a zero."
        )
        self.log.error(notice)
        again = f"nbgrader autograde {submission.lab} --student {submission.student} --force"
        return CourseError(notice, next_step=f"{error.next_step or 'cloudlings doctor'}; then: {again}")

    def _catalogue(self) -> Catalogue:
        if not self.root:
            return Catalogue.here()
        if not (Path(self.root) / "solutions").is_dir():
            raise CourseError(
                f"{self.root} is no checkout of cloudlings.",
                next_step="set c.GradeOnAccount.root in nbgrader_config.py to where it is now",
            )
        return Catalogue(Path(self.root))


class SaveComments(NbGraderPreprocessor):  # type: ignore[misc]
    """Writes each verdict's words as the comment on the task's answer; comes after SaveAutoGrades."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What an instructor has written stays: nbgrader keeps that in another column."""
        verdicts: Mapping[str, Verdict] = resources.get(_RESULT, {})
        if verdicts:
            names = resources["nbgrader"]
            points = {name: cell.metadata.nbgrader["points"] for name, cell in _graded_cells(nb).items()}
            with Gradebook(names["db_url"]) as gradebook:
                notebook = gradebook.find_submission_notebook(
                    names["notebook"], names["assignment"], names["student"]
                )
                for comment in notebook.comments:
                    task = comment.name.partition("_answer")[0]
                    if task in verdicts and comment.name == _last_answer(notebook, task):
                        # It repeats what the learner named things, and is shown as Markdown.
                        comment.auto_comment = quiet.markdown(words.comment(verdicts[task], points[task]))
                gradebook.db.commit()
        return nb, resources


def _graded_cells(nb: Any) -> dict[str, Any]:
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in nb.cells if is_grade(cell)}


def _code_cells(nb: Any, tasks: Sequence[str]) -> list[Cell]:
    code = [(number, cell) for number, cell in enumerate(nb.cells) if cell.cell_type == "code"]
    return [
        Cell(number, prompt, cell.source, _checked(cell, tasks))
        for prompt, (number, cell) in enumerate(code, start=1)
    ]


def _checked(cell: Any, tasks: Sequence[str]) -> str | None:
    name = cell.metadata.nbgrader["grade_id"] if is_grade(cell) else None
    return name if name in tasks else None


def _write(nb: Any, graded: Graded, student: str) -> None:
    for number, outputs in graded.outputs.items():
        nb.cells[number].outputs = [from_dict(row) for row in outputs]
    cells = {name: cell for name, cell in _graded_cells(nb).items() if name in graded.verdicts}
    points = {name: float(cell.metadata.nbgrader["points"]) for name, cell in cells.items()}
    for name, cell in cells.items():
        cell.outputs = words.check_outputs(graded.verdicts[name], points[name])
    for number, cell in enumerate([cell for cell in nb.cells if cell.cell_type == "code"], start=1):
        cell.execution_count = number
    nb.cells.insert(0, words.about(student, graded.notes, graded.verdicts, points))
    nb.metadata.pop(MARK, None)


def _quieten(nb: Any, known: Collection[str]) -> None:
    for cell in nb.cells[1:]:
        if cell.cell_type == "markdown" and cell.source.strip() not in known:
            cell.source = quiet.markdown(cell.source)


def _unread(lab: str, task: Any, why: str) -> Verdict:
    found = f"There was nothing to check. {why}"
    return Verdict(lab, task.name, task.title, Status.NOT_ATTEMPTED, 0, task.points, found)


def _put_back(mark: Mapping[str, Any]) -> list[str]:
    missing = ", ".join(f"`{name}`" for name in mark.get("missing", ()))
    if not missing:
        return []
    return [
        f"These cells of the assignment were missing or changed, and were put back: {missing}. "
        "No point is lost for that."
    ]


def _last_answer(notebook: Any, task: str) -> str:
    names = [comment.name for comment in notebook.comments if comment.name.partition("_answer")[0] == task]
    return str(max(names, key=lambda name: (len(name), name)))


def _withdraw(names: Mapping[str, str]) -> None:
    """Takes a submission without any score out of the gradebook, where it would count as a zero."""
    with Gradebook(names["db_url"]) as gradebook:
        notebook = gradebook.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        if all(grade.auto_score is None and grade.manual_score is None for grade in notebook.grades):
            gradebook.remove_submission(names["assignment"], names["student"])


def _folder(exporter: Any, names: Mapping[str, str]) -> Path:
    coursedir = exporter.parent.coursedir
    return Path(coursedir.format_path(coursedir.submitted_directory, names["student"], names["assignment"]))


def _keep(course: Path, names: Mapping[str, str], verdicts: Mapping[str, Verdict]) -> None:
    """Keeps the verdicts with their evidence, where neither a release nor feedback takes them from."""
    path = course / "verdicts" / names["assignment"] / f"{names['student']}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps([verdict.to_json() for verdict in verdicts.values()]))
