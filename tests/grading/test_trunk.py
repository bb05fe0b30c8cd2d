"""Answers that go on from where they part: each finds the accounts, the variables and the folder as there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloudlings.errors import SandboxError
from cloudlings.grading.attempt import Bench, attempt, attempt_from, bench
from cloudlings.grading.runner import Running
from cloudlings.grading.trunk import Trunk, parting
from cloudlings.grading.workspace import reset
from cloudlings.lab import Catalogue, Lab, Step, near_misses, solution_steps, spliced

COURSE = Path(__file__).parent / "course"
LAB = "990-notes"


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Catalogue(COURSE).read(LAB)


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    with bench(COURSE) as found:
        yield found


@pytest.fixture
def trunk(made: Bench, lab: Lab) -> Iterator[Trunk]:
    made.close()
    with closing(Trunk(reset(made.sandbox, COURSE, LAB, "1"), steps(lab))) as found:
        yield found


def cell(lab: Lab, text: str) -> Step:
    return Step("python", text, None, solution_steps(lab)[0].place)


def steps(lab: Lab) -> list[Step]:
    """Three cells, each of which leaves something in the account, the shell and the folder."""
    cells = [f"open('file-{n}', 'w').write('{n}')\nx = {n}" for n in range(3)]
    puts = [
        f"import boto3\nboto3.client('sqs').create_queue(QueueName='queue-{n}')\n{text}"
        for n, text in enumerate(cells)
    ]
    return [cell(lab, text) for text in puts]


def seen(running: Running, lab: Lab) -> tuple[str, str, str]:
    """The queues of the account, the variable and the files, as the next cell finds them."""
    look = """
import boto3, os
urls = boto3.client("sqs").list_queues().get("QueueUrls", [])
ends = ["".join(sorted(name[-1] for name in names)) for names in (urls, os.listdir())]
raise ValueError(*ends, str(globals().get("x", "-")))
"""
    running.go([cell(lab, look)], check=lambda _: None)
    text = running.trouble[-1].text.partition(" (raise")[0]
    queues, files, x = ast.literal_eval(text)
    return queues, x, files


def test_a_branch_finds_everything_as_it_was_there(trunk: Trunk, lab: Lab) -> None:
    """In any order, whatever the branches before it did."""
    for at in (2, 0, 3, 1, 3, 2, 0):
        expected = ("".join(map(str, range(at))), str(at - 1) if at else "-", "".join(map(str, range(at))))
        with closing(trunk.branch(at)) as running:
            assert seen(running, lab) == expected
            mess = (
                "boto3.client('sqs').create_queue(QueueName='queue-9')\nx = 9\nopen('file-9', 'w').close()\n"
            )
            mess += "[os.remove(n) for n in os.listdir() if n == 'file-0']"
            running.go([cell(lab, mess)], check=lambda _: None)


def test_the_journal_knows_nothing_of_other_branches(trunk: Trunk, lab: Lab) -> None:
    """A grader that reads it sees one answer's requests."""
    (account_id,) = trunk.space.account_ids.values()
    sandbox = trunk.space.running()

    def made_queues() -> int:
        return sum(entry.operation == "CreateQueue" for entry in sandbox.journal(account_id))

    for at in (1, 3, 1, 2, 3):
        with closing(trunk.branch(at)) as running:
            assert made_queues() == at
            running.go(steps(lab)[:2], check=lambda _: None)
            assert made_queues() == at + 2


def test_trouble_on_the_way_is_every_branchs(made: Bench, lab: Lab) -> None:
    """A solution that does not run is not hidden by where an answer parts from it."""
    made.close()
    broken = [cell(lab, "raise KeyError('broken')"), *steps(lab)]
    with closing(Trunk(reset(made.sandbox, COURSE, LAB, "1"), broken)) as trunk:
        for at in (2, 1, 0):
            with closing(trunk.branch(at)) as running:
                assert [t.kind for t in running.trouble] == (["KeyError"] if at else [])


def test_an_answer_gets_the_same_from_where_it_parts_as_from_the_start(made: Bench, lab: Lab) -> None:
    """For every near-miss: the same verdicts in the same words, but for what was checked before."""
    solution = solution_steps(lab)
    for miss in near_misses(lab, {}):
        answer = spliced(lab, miss)
        whole = attempt(made, lab, answer, "1", pictures=False)
        short = attempt_from(made, lab, solution, answer, "1")
        told = {v.task: (v.status, v.message) for v in short.verdicts}
        assert told == {v.task: (v.status, v.message) for v in whole.verdicts if v.task in told}, miss.name
        assert {loss.task for loss in miss.loses} <= told.keys()
    assert not made._whole


def test_what_is_passed_before_they_part_is_not_asked_about_again(made: Bench, lab: Lab) -> None:
    """The tasks whose check comes before the first other cell are the solution's own; the rest is checked."""
    solution = solution_steps(lab)
    first = lab.tasks[0]
    last = [miss for miss in near_misses(lab, {}) if miss.loses[0].task != first][-1]
    checked = {v.task for v in attempt_from(made, lab, solution, spliced(lab, last), "1").verdicts}
    assert first not in checked
    assert last.loses[0].task in checked
    assert parting(solution, solution) == len(solution)
    assert attempt_from(made, lab, solution, solution, "1").verdicts == ()


def test_where_accounts_do_not_go_back_an_answer_runs_whole(
    made: Bench, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab is known for it from then on, and every verdict is there all the same."""
    there = Bench(made.root, made.sandbox)
    made.close()

    def refuse(*_: object) -> None:
        raise SandboxError("There are databases here.")

    monkeypatch.setattr(type(made.sandbox), "restore", refuse)
    miss = near_misses(lab, {})[0]
    outcome = attempt_from(there, lab, solution_steps(lab), spliced(lab, miss), "1")
    assert {v.task for v in outcome.verdicts if not v.passed} >= {loss.task for loss in miss.loses}
    assert there._whole == {LAB}
