"""A learner's personal values."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlings.errors import SourceError
from cloudlings.lab import Brief, Catalogue, Header, Lab, account_id, brief_for


@pytest.fixture
def authored(lab: Lab) -> Callable[[str], Header]:
    """A lab whose brief.py is the given text."""

    def write(text: str) -> Header:
        (lab.folder / "brief.py").write_text(text, encoding="utf-8")
        return lab

    return write


def test_the_values_of_a_seed_are_these(lab: Lab) -> None:
    """Pinned: a change in any of them would change what learners have already built."""
    assert brief_for(lab, "alice").to_json() == {
        "team": "onboarding",
        "bucket": "onboarding-reports-gs54fp",
        "subnets": ["10.48.101.0/24", "10.60.6.0/24"],
        "limit": {"days": 70, "strict": True},
    }
    assert account_id("010-buckets", "alice") == "285084736306"


def test_another_process_makes_the_same_values(sample: Catalogue, lab: Lab) -> None:
    """A seed's values depend on nothing of the process."""
    program = (
        "import sys, json; from pathlib import Path; from cloudlings.lab import Catalogue, brief_for;"
        "print(json.dumps(brief_for(Catalogue(Path(sys.argv[1])).header('010'), 'alice').to_json()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(sample.root)],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "12"},
    )
    assert json.loads(done.stdout) == brief_for(lab, "alice").to_json()


def test_seeds_and_labs_differ(lab: Lab) -> None:
    """Two learners get different values, and one learner different ones in each lab."""
    assert brief_for(lab, "alice") != brief_for(lab, "bob")
    other = Header(**{name: getattr(lab, name) for name in Header.__slots__} | {"name": "020-queues"})
    assert brief_for(lab, "alice") != brief_for(other, "alice")


def test_a_lab_without_values_has_an_empty_brief(sample: Catalogue) -> None:
    """brief.py may be left out."""
    assert dict(brief_for(sample.header("020"), "alice")) == {}


def test_values_are_read_as_attributes_and_as_items(lab: Lab) -> None:
    """Both ways give the same, at every depth."""
    brief = brief_for(lab, "alice")
    assert brief.bucket == brief["bucket"]
    assert brief.limit.days == brief["limit"]["days"] == 70
    assert list(brief) == ["team", "bucket", "subnets", "limit"]
    assert "bucket" in dir(brief)


def test_a_brief_is_fixed(lab: Lab) -> None:
    """Nothing in a brief can be set, not even inside its lists."""
    brief = brief_for(lab, "alice")
    with pytest.raises(AttributeError, match="fixed"):
        brief.bucket = "mine"
    with pytest.raises(TypeError):
        brief["bucket"] = "mine"  # type: ignore[index]
    assert isinstance(brief.subnets, tuple)


def test_a_misspelt_value_is_told_the_nearest(lab: Lab) -> None:
    """A learner who mistypes a name reads the right one."""
    brief = brief_for(lab, "alice")
    with pytest.raises(AttributeError, match="did you mean 'bucket'"):
        _ = brief.bukcet
    with pytest.raises(KeyError, match="did you mean 'bucket'"):
        brief["bukcet"]
    with pytest.raises(AttributeError, match="it has team, bucket"):
        _ = brief.zzz


def test_values_for_a_shell(lab: Lab) -> None:
    """Names in capitals, nested ones joined; lists comma-separated; a dict also as JSON."""
    assert brief_for(lab, "alice").env() == {
        "BRIEF_TEAM": "onboarding",
        "BRIEF_BUCKET": "onboarding-reports-gs54fp",
        "BRIEF_SUBNETS": "10.48.101.0/24,10.60.6.0/24",
        "BRIEF_LIMIT": '{"days": 70, "strict": true}',
        "BRIEF_LIMIT_DAYS": "70",
        "BRIEF_LIMIT_STRICT": "true",
    }


def test_values_for_cloudformation(lab: Lab) -> None:
    """Names in CamelCase, as a template's parameters must be."""
    assert brief_for(lab, "alice").parameters() == {
        "Team": "onboarding",
        "Bucket": "onboarding-reports-gs54fp",
        "Subnets": "10.48.101.0/24,10.60.6.0/24",
        "LimitDays": "70",
        "LimitStrict": "true",
    }


keys = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda key: not hasattr(Brief, key))
plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


@given(st.dictionaries(keys, values, max_size=5))
def test_a_brief_survives_json_and_pickle(made: dict[str, Any]) -> None:
    """Whatever values a brief holds, it comes back equal from JSON and from pickle, and hashes alike."""
    brief = Brief(made)
    for again in (Brief(json.loads(json.dumps(brief.to_json()))), pickle.loads(pickle.dumps(brief))):
        assert again == brief
        assert again.to_json() == brief.to_json()
        assert hash(again) == hash(brief)
    assert all(isinstance(value, str) for value in (brief.env() | brief.parameters()).values())
    assert all(name.isalnum() for name in brief.parameters() if "_" not in name)


@given(st.text(), st.text(), st.text())
def test_an_account_id_is_twelve_digits(lab_name: str, seed: str, name: str) -> None:
    """Any names give an id that AWS could have given, the same each time."""
    number = account_id(lab_name, seed, name)
    assert len(number) == 12
    assert number.isdecimal()
    assert number[0] != "0"
    assert number == account_id(lab_name, seed, name)


def test_account_ids_differ() -> None:
    """Labs, learners and accounts of one lab have accounts of their own; joined names do not collide."""
    ids = {
        account_id(lab, seed, name) for lab in ("a", "ab") for seed in ("b", "") for name in ("main", "other")
    }
    assert len(ids) == 8


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("def brief(rng:\n", 1, "not Python"),
        ("x = 1\n", 1, "no function 'brief'"),
        ("import nothing_of_that_name\n", 1, "ModuleNotFoundError"),
        ("def brief(rng):\n    a = 1\n    return {'b': a / 0}\n", 3, "ZeroDivisionError"),
        ("def brief(rng):\n    return [1]\n", 1, "gave list, not a dict"),
        ("def brief(rng):\n    return {'a': {1, 2}}\n", 1, "'a' is a set"),
        ("def brief(rng):\n    return {'a': float('nan')}\n", 1, "nan"),
        ("def brief(rng):\n    return {'Bucket': 1}\n", 1, "'Bucket' cannot be the name"),
        ("def brief(rng):\n    return {'items': 1}\n", 1, "'items' cannot be the name"),
        ("def brief(rng):\n    return {'class': 1}\n", 1, "'class' cannot be the name"),
        ("def brief(rng):\n    return {'a': {'b c': 1}}\n", 1, "'b c' cannot be the name"),
        ("def brief(rng):\n    return {'a': {'b': 1}, 'a_b': 2}\n", 1, "BRIEF_A_B"),
        ("def brief(rng):\n    return {'a': [b'x']}\n", 1, "'a' is a bytes"),
        (
            "from cloudlings.lab import names\ndef brief(rng):\n    return {'a': names.cidrs(rng, 9, 8)}\n",
            3,
            "do not fit",
        ),
    ],
)
def test_an_author_is_told_what_a_brief_cannot_be(
    authored: Callable[[str], Header], text: str, line: int, says: str
) -> None:
    """A brief.py that fails or gives what is no brief is an error with its line."""
    with pytest.raises(SourceError) as caught:
        brief_for(authored(text), "alice")
    assert f"brief.py:{line}: " in caught.value.message
    assert says in caught.value.message
    assert caught.value.next_step
