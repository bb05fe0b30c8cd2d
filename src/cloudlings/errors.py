"""Every error that cloudlings raises on purpose, in one tree.

    CloudlingsError
    ├── PolicyError          a policy document that cannot be read, or uses what the engine does not know
    │   ├── PolicyDocumentError    no policy: bad JSON, duplicate keys, wrong types, too long, too deep
    │   └── UnknownPolicyElement   an element, operator or version that is not in AWS's policy language
    ├── NetworkError         a network that cannot be read, or asks what the engine does not know
    ├── PriceError           a price that the table does not hold, or a bill that cannot be made
    ├── LabError             a lab, a task or a lab's source that is not as it must be
    │   ├── UnknownLab           no lab of that name: says the nearest
    │   ├── SourceError          a file that a lab's author writes: says the file and the line
    │   ├── StaleLab             a built lab that is not what its source builds now
    │   ├── NotebookError        a notebook that cannot be read: empty, cut off, not a notebook
    │   └── UnknownTask          no task of that name: says the nearest
    ├── SandboxError         the sandbox cannot start, cannot be reached, or refuses
    │   ├── SandboxUnavailable   it did not answer, or failed: a verdict of "unavailable", never a zero
    │   ├── ExpressionError      a filter pattern, query or metric math that AWS refuses
    │   ├── PortError            no port can be opened for it
    │   └── ClockError           a test clock is moved backwards, or too far
    ├── AccountError         a grader asked an account for something that it may not
    │   ├── LeadsElsewhere       an address of the learner's is none of this sandbox's
    │   └── EvidenceMissing      a recorded check is asked for a read that it did not make
    ├── GradingError         a check that could not be carried out (never: a wrong answer)
    │   ├── RecordsError         the learner's records cannot be kept
    │   ├── CheckerUnavailable   the process that checks does not answer
    │   └── GraderError          a grader's own fault: what it declares, or a crash inside it
    ├── CourseError          an nbgrader course that is not as it must be
    │   └── GradebookUnavailable its gradebook's database does not answer
    └── ModelError           a small model is asked about something that it does not know

A message says what is wrong and where; ``next_step`` says what to do about it. Both are for the
person who reads them, so the command line prints them and no traceback.
"""

from __future__ import annotations


class CloudlingsError(Exception):
    """The root of the tree: a message, and what to do next."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n  Next: {self.next_step}" if self.next_step else self.message


class PolicyError(CloudlingsError):
    """A policy document that cannot be read, or that uses an element the engine does not know."""


class PolicyDocumentError(PolicyError):
    """A document that is no policy: bad JSON, duplicate keys, wrong types, too long or too deep."""


class UnknownPolicyElement(PolicyError):  # named for what it found
    """An element, an operator or a version that is not in AWS's policy language."""


class NetworkError(CloudlingsError):
    """A network that cannot be read, or a question about it that the engine does not know."""


class PriceError(CloudlingsError):
    """A price that the table does not hold, or a quantity that no bill can be made of."""


class LabError(CloudlingsError):
    """A lab, a task or a lab's source that is not as it must be."""


class UnknownLab(LabError):
    """No lab has this name. The message tells the nearest."""


class SourceError(LabError):
    """A file that a lab's author writes is not as it must be: the message begins with file and line."""


class StaleLab(LabError):
    """A built lab is not what its source builds now. ``next_step`` is the command that mends it."""


class NotebookError(LabError):
    """A notebook that cannot be read: missing, empty, cut off, or not a notebook."""


class UnknownTask(LabError):
    """No task of that name; the message names the nearest."""


class SandboxError(CloudlingsError):
    """The sandbox cannot start, cannot be reached, or refuses."""


class SandboxUnavailable(SandboxError):
    """The sandbox did not answer, or failed. Nobody loses a point for it."""


class ExpressionError(SandboxError):
    """A filter pattern, a Logs Insights query, a metric math expression or a statistic that AWS refuses.

    ``position`` is the place in its text, counted from 0, or -1 for the whole.
    """

    def __init__(self, message: str, *, position: int = -1, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.position = position


class PortError(SandboxError):
    """No port of the loopback interface can be opened for the sandbox."""


class ClockError(SandboxError):
    """A test clock is moved backwards, by nothing, or too far."""


class AccountError(CloudlingsError):
    """A grader asked an account for something that it may not, or that is not there."""


class LeadsElsewhere(AccountError):
    """A grader was to follow an address of the learner's that is no address of this sandbox."""


class EvidenceMissing(AccountError):
    """A recorded check is asked for a read that it did not make."""


class GradingError(CloudlingsError):
    """A check that could not be carried out. A wrong answer is a verdict, never this."""


class RecordsError(GradingError):
    """The learner's records cannot be kept."""


class CheckerUnavailable(GradingError):
    """The process that checks does not answer."""


class GraderError(GradingError):
    """A grader's own fault: what it declares, or a crash inside it. For the lab's author."""


class CourseError(CloudlingsError):
    """An nbgrader course that is not as it must be."""


class GradebookUnavailable(CourseError):
    """The database of a course's gradebook does not answer, or its driver is missing."""


class ModelError(CloudlingsError):
    """A small model (lifecycle, storage classes) is asked about something that it does not know."""
