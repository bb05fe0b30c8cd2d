"""Every lab proves its graders: found by its folder, tried on three seeds, nobody lists it.

One test a trial and a seed; a failure says what does not hold and which file or command mends it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from cloudlings.errors import CloudlingsError
from cloudlings.grading.conformance import SEEDS, answers, static_defects
from cloudlings.lab import Catalogue, check_coverage, check_overview

ROOT = Path(__file__).resolve().parents[1]
LABS = Catalogue(ROOT).names


def _trials():
    """Seed by seed, so that labs that wait and labs that work run beside each other; the later a lab comes in
    the course, the longer its trials take: it begins first."""
    labs = [(name, _trials_of(name)) for name in reversed(LABS)]
    return [_parameter(name, seed, *trial) for seed in SEEDS for name, trials in labs for trial in trials]


def _trials_of(name):
    try:
        return list(enumerate(answers(ROOT, Catalogue(ROOT).read(name)).items()))
    except CloudlingsError as error:
        return [(0, ("unreadable", _unreadable(error)))]


def _unreadable(error):
    return lambda _bench, _seed: [error]


def _parameter(name, seed, number, named):
    trial, defects = named
    # `make test` tries near-misses and other answers on one of the seeds, in turn; `make test-labs` on each.
    # What they do to the tasks beside their own is looked for on that one seed.
    again = trial.startswith(("wrong:", "other:")) and seed != SEEDS[number % len(SEEDS)]
    # Trials that go on from one run of the solution stay on one worker, one after the other.
    marks = [pytest.mark.xdist_group(f"{name}-{seed}"), *([pytest.mark.repeated] if again else [])]
    tried = partial(defects, to_the_end=False) if again else defects
    return pytest.param(tried, seed, id=f"{name}-{trial}-seed{seed}", marks=marks)


def _report(defects):
    return "\n".join(map(str, defects))


def test_labs_are_found():
    """There are labs to prove: a wrong path must not pass as an empty course."""
    assert len(LABS) >= 2


@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_whole(name):
    """Tasks and graders match, hints are there, labs/ is fresh, and the notebook gives nothing away."""
    defects = static_defects(ROOT, name)
    assert not defects, _report(defects)


def test_the_course_page_is_fresh():
    """labs/README.md and its map say what the labs' heads say."""
    check_overview([Catalogue(ROOT).header(name) for name in LABS], ROOT / "labs")


def test_what_the_course_must_cover_is_covered():
    """Every row of a lab's inventory is met somewhere, and docs/coverage.md says where."""
    check_coverage(ROOT, [Catalogue(ROOT).read(name) for name in LABS])


@pytest.mark.slow
@pytest.mark.parametrize(("defects", "seed"), _trials())
def test_an_answer_gets_what_it_deserves(answers_bench, defects, seed):
    """Solution and other answers earn all, the untouched lab nothing, each near-miss loses its task."""
    found = defects(answers_bench, seed)
    assert not found, _report(found)
