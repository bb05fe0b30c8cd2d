"""Conformance catches a defect in each invariant, and says what mends it; a sound lab has none."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cloudlings.grading.attempt import Bench, bench
from cloudlings.grading.conformance import (
    answers,
    near_miss_defects,
    other_answer_defects,
    static_defects,
)
from cloudlings.grading.tasks import points
from cloudlings.lab import Catalogue, near_misses, other_answers, write_built

COURSE = Path(__file__).parent / "course"
LAB = "990-notes"
SOURCE = f"solutions/{LAB}/lab.py"
WRONG = f"solutions/{LAB}/wrong.py"
GRADERS = "graders/test_990_notes.py"


@pytest.fixture(scope="module")
def sandbox():
    with bench(COURSE) as made:
        yield made.sandbox


@pytest.fixture
def course(tmp_path):
    """A copy of the small course to break, with its notebook built."""
    shutil.copytree(COURSE, tmp_path / "course")
    root = tmp_path / "course"
    build(root)
    return root


def build(root):
    write_built(Catalogue(root).read(LAB), points(root, LAB), root / "labs")


def change(root, file, old, new):
    path = root / file
    text = path.read_text()
    assert old in text, f"{old!r} is not in {file}: the test changes nothing"
    path.write_text(text.replace(old, new))


def trial(root, sandbox, name):
    there = Bench(root, sandbox)
    with closing(there):
        return "\n".join(map(str, answers(root, Catalogue(root).read(LAB))[name](there, "1")))


def static(root):
    return "\n".join(map(str, static_defects(root, LAB)))


def test_a_sound_lab_has_no_defect(course, sandbox):
    """Every trial of the small lab holds; so what the other tests find is what they broke."""
    assert static(course) == ""
    for name in answers(course, Catalogue(course).read(LAB)):
        assert trial(course, sandbox, name) == "", name


def test_a_near_miss_that_loses_more_later_is_caught_at_the_end_only(course, sandbox):
    """Left early it holds; run to its end, the later loss is a defect."""
    lab = Catalogue(course).read(LAB)
    first, *_, last = lab.tasks
    early, late = (next(m for m in near_misses(lab, {}) if m.loses[0].task == task) for task in (first, last))
    both = replace(early, pieces=(*early.pieces, *late.pieces))
    there = Bench(course, sandbox)
    assert near_miss_defects(lab, both, there, "1", to_the_end=False) == []
    assert any(f"also loses {last}" in d.message for d in near_miss_defects(lab, both, there, "1"))


def test_an_answer_that_spoils_another_task_is_caught_at_the_end_only(course, sandbox):
    """Asked about its own task it holds; run to its end, what it does to a later one is a defect."""
    lab = Catalogue(course).read(LAB)
    last = lab.tasks[-1]
    other = next(each for each in other_answers(lab, {}) if each.name == "resource.py")
    (piece,) = other.pieces
    mute = replace(other, pieces=(replace(piece, text=f"{piece.text}\nanswer = lambda *_: None\n"),))
    there = Bench(course, sandbox)
    assert other_answer_defects(lab, mute, there, "1", to_the_end=False) == []
    assert any(last in defect.message for defect in other_answer_defects(lab, mute, there, "1"))


def test_a_near_miss_that_cannot_lose_what_it_says_is_caught(course, sandbox):
    """A task that is passed before the near-miss begins is not lost by it."""
    lab = Catalogue(course).read(LAB)
    first = lab.tasks[0]
    miss = next(miss for miss in near_misses(lab, {}) if miss.loses[0].task != first)
    path = course / WRONG
    text = path.read_text()
    mark = f'wrong="{miss.name}"'
    assert mark in text
    path.write_text(text.replace(mark, f'{mark} also=["{first}"]', 1))
    assert f"it lists {first} in also=, but passes it" in trial(course, sandbox, f"wrong:{miss.name}")


def test_a_stale_notebook_is_caught(course):
    """The source changed and labs/ was not built again."""
    change(course, SOURCE, "Keep a note in a bucket", "Keep two notes in a bucket")
    assert "cloudlings lab build" in static(course)


def test_an_edited_notebook_is_caught(course):
    """Somebody edited the built file."""
    change(course, f"labs/{LAB}/{LAB}.ipynb", "Keep a note in", "Hide a note in")
    assert "fresh" in static(course)


def test_a_leaked_solution_is_caught(course):
    """A line of the solution stands in the prose."""
    line = 's3.put_object(Bucket=brief.bucket, Key="note.txt", Body=brief.word)'
    change(course, SOURCE, "# Keep a note in a bucket", f"# `{line}` keeps a note in a bucket")
    build(course)
    assert "no leak" in static(course)
    assert "note.txt" in static(course)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('hints=["Look at SSM.", "Overwrite it."]', 'hints=["Look at SSM."]'),
        ('hints=["Look at SSM.", "Overwrite it."]', 'hints=["Look at SSM.", " "]'),
        ('hints=["Look at SSM.", "Overwrite it."]', "hints=[]"),
        ('title="Mend the setting"', 'title=""'),
    ],
)
def test_missing_hints_and_titles_are_caught(course, old, new):
    """A ladder of one rung, an empty rung, no ladder, no title."""
    change(course, GRADERS, old, new)
    assert "test_990_notes.py" in static(course)
    assert "mend-setting" in static(course)
    assert "mend it: write at least" in static(course) or "mend it: say in a few words" in static(course)


def test_a_task_without_a_grader_is_caught(course):
    """The lab asks for something that nobody grades."""
    change(course, GRADERS, '@task("count-notes"', '@task("count-words"')
    assert "count-notes has no grader" in static(course)
    assert "count-words is graded" in static(course)


def test_a_solution_that_loses_points_is_caught(course, sandbox):
    """The solution no longer does what its grader wants."""
    change(course, SOURCE, "Body=brief.word", 'Body="else"')
    found = trial(course, sandbox, "solution")
    assert "full marks" in found
    assert "keep-note" in found


def test_a_solution_that_does_not_run_is_caught(course, sandbox):
    """It earns its points, and then raises."""
    change(course, SOURCE, 'answer("count-notes"', 'listing["Nothing"]\nanswer("count-notes"')
    assert "KeyError" in trial(course, sandbox, "solution")


def test_an_always_passing_check_is_caught(course, sandbox):
    """A grader that asserts nothing gives points to the untouched lab."""
    change(course, GRADERS, "    handed_in = answer(", "    return\n    handed_in = answer(")
    found = trial(course, sandbox, "untouched")
    assert "count-notes says passed" in found
    assert "not_attempted_unless" in found


def test_a_check_that_scolds_the_untouched_is_caught(course, sandbox):
    """What the lab's start left is no failure of the learner's."""
    change(course, GRADERS, "    not_attempted_unless(handed_in is not None", "    not_attempted_unless(True")
    assert "count-notes says failed" in trial(course, sandbox, "untouched")


def test_a_near_miss_that_passes_is_caught(course, sandbox):
    """The grader does not notice what it was written to notice."""
    change(course, GRADERS, "assert text == brief.word", "assert text")
    assert "it passes keep-note" in trial(course, sandbox, "wrong:wrong-word")


def test_a_near_miss_without_its_words_is_caught(course, sandbox):
    """The learner would not be told what is wrong."""
    change(course, GRADERS, "A reader of the note learns something else.", "Wrong.")
    assert "is not told 'reader'" in trial(course, sandbox, "wrong:wrong-word")


def test_a_near_miss_that_loses_more_is_caught(course, sandbox):
    """It takes a task with it that it does not list."""
    change(course, WRONG, "s3.create_bucket(Bucket=brief.bucket)", "pass")
    found = trial(course, sandbox, "wrong:wrong-word")
    assert "also loses count-notes" in found


def test_a_near_miss_that_loses_less_than_it_says_is_caught(course, sandbox):
    """also= lists what it does not lose."""
    change(course, WRONG, 'says=["is set to"]', 'says=["is set to"] also=["count-notes"]')
    assert "passes it" in trial(course, sandbox, "wrong:other-setting")


def test_a_near_miss_that_breaks_the_check_is_caught(course, sandbox):
    """A crash of the grader is no verdict."""
    change(course, GRADERS, '        text = ""\n', "        raise\n")
    change(course, WRONG, '\ns3.put_object(Bucket=brief.bucket, Key="note.txt", Body="something else")', "")
    assert "the check of keep-note broke" in trial(course, sandbox, "wrong:wrong-word")


def test_another_right_answer_that_fails_is_caught(course, sandbox):
    """The grader wants the solution's way and no other."""
    change(course, GRADERS, "brief.word in values.values()", 'values["/notes/setting"] == brief.word')
    assert "full marks" in trial(course, sandbox, "other:stack.yaml")
