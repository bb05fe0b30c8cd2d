"""What a grader declares: everything a learner needs is there, or the author is told."""

from __future__ import annotations

import pytest

from cloudlings.errors import GraderError
from cloudlings.grading.task import MARK, Because, NotAttempted, not_attempted_unless, task

GOOD = {"points": 2, "title": "Close it", "ref": "L99-T1", "hints": ["think", "look"]}


def test_a_declared_task_is_found_on_its_function():
    """The declaration stays with the function that grades."""

    @task("close-it", **GOOD)
    def test_close_it():
        pass

    declared = getattr(test_close_it, MARK)
    assert (declared.name, declared.points, declared.hints) == ("close-it", 2, ("think", "look"))
    assert declared.function is test_close_it


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Close It"}, "slug"),
        ({"points": 0}, "points"),
        ({"title": " "}, "title"),
        ({"ref": ""}, "ref"),
        ({"hints": []}, "hints"),
        ({"hints": ["think", " "]}, "hints"),
    ],
)
def test_a_declaration_that_lacks_something_is_refused(changed, said):
    """A task without a name, points, a title, a ref or real hints never reaches a learner."""
    fields = {"name": "close-it", **GOOD, **changed}
    with pytest.raises(GraderError, match=said):
        task(fields.pop("name"), **fields)


def test_not_attempted_only_where_nothing_is_there():
    """The check goes on where something was done, and ends kindly where nothing was."""
    not_attempted_unless(["a bucket"], "never shown")
    with pytest.raises(NotAttempted, match="No bucket"):
        not_attempted_unless([], "No bucket is there yet.")


def test_a_reason_reads_in_teaching_order():
    """What was found comes first, then what follows, the counterexample, the way there, the concept."""
    reason = Because("found", "so", "idea", counterexample="GET /x", trace=["one", "two"])
    assert str(reason).split("\n") == ["found", "so", "GET /x", "one", "two", "idea"]
