"""Whether the learner's notebook gives a solution away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloudlings.lab import Lab, Variant, build, leaks

DECISION = 's3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})'
TASK = '# %% task="a"\n### BEGIN SOLUTION\n{}\n### END SOLUTION\n'


def found(lab: Lab, notebook: bytes | None = None) -> list[str]:
    points = dict.fromkeys(lab.tasks, 1)
    return [leak.text for leak in leaks(lab, notebook or build(lab, points))]


def test_a_sound_lab_leaks_nothing(lab: Lab) -> None:
    """The sample's learner notebook shows no solution; the instructor's shows all of them."""
    assert found(lab) == []
    shown = found(lab, build(lab, dict.fromkeys(lab.tasks, 1), variant=Variant.SOURCE))
    assert DECISION in shown
    assert 'answer("page-size", size)' in shown


@pytest.mark.parametrize(
    "before",
    [
        f"# %%\n{DECISION}\n",
        f"# %%\nif ready:\n    {DECISION}\n",
        f"# %%\n# {DECISION}\n",
        f"# %% [markdown]\n# Try this:\n#\n#     {DECISION}\n",
        f"# %% [markdown]\n# Try `{DECISION}` first.\n",
        f"# %%\n{DECISION.replace('=bucket, ', '=bucket,   ')}\n",
    ],
)
def test_a_solution_line_shown_elsewhere_leaks(written: Callable[..., Lab], before: str) -> None:
    """In code, deeper, commented out, in prose, or with other spaces: the line is told, with its region."""
    lab = written(f"{before}\n{TASK.format(DECISION)}")
    (leak,) = leaks(lab, build(lab, {"a": 1}))
    assert (leak.task, leak.text) == ("a", DECISION)
    assert f"lab.py:{lab.cells[-1].regions[0].line}: " in str(leak)


def test_a_starter_that_is_the_solution_leaks(written: Callable[..., Lab]) -> None:
    """A starter may show a part of the solution, and not most of it."""
    first, second, third = (
        "key = find_the_key(alias)",
        "rotate(key, every='90 days')",
        "limit(key, to=role_arn)",
    )
    for shown, expected in (([first], []), ([first, second], [first, second])):
        starter = "### BEGIN STARTER\n" + "".join(f"# {line}\n" for line in shown) + "### END STARTER\n"
        lab = written(TASK.format(starter + "\n".join((first, second, third))))
        assert found(lab) == expected


def test_given_code_may_recur_in_a_solution_but_not_in_prose(written: Callable[..., Lab]) -> None:
    """A line that the source gives as code elsewhere is no leak in a longer solution; told in prose it is."""
    common, rest = "config = read_the_config(name)", "change_one(config, 7)\nchange_two(config, 8)"
    given_code = f"# %%\n{common}\n\n"
    task = TASK.format(f"{common}\n{rest}")
    assert found(written(given_code + task)) == []
    assert found(written(given_code + f"# %% [markdown]\n# Write `{common}`.\n\n" + task)) == [common]


def test_lines_that_decide_nothing_do_not_leak(written: Callable[..., Lab]) -> None:
    """Imports, clients, brackets and names passed on may stand in both."""
    lines = (
        "import boto3", "from json import dumps", 's3 = boto3.client("s3")', "things = {",
        '    "Name": brief.name_of_it,', '    "Version": "2012-10-17",', '    "Status": "Enabled",', "}",
        'print("the things are", things)',
    )  # fmt: skip
    common = "\n".join(lines) + "\n"
    lab = written(
        f"# %%\n{common}\n" + TASK.format(common + "s3.decide_everything(Things=things, Really=True)")
    )
    assert found(lab) == []


@pytest.mark.parametrize("line", ['answer("a", "b")', "x = 443", 'tier = "Bulk"'])
def test_a_short_solution_leaks_too(written: Callable[..., Lab], line: str) -> None:
    """Where the whole solution is a small line, that line counts, as a whole word."""
    assert found(written(f"# %% [markdown]\n# Write {line}.\n\n" + TASK.format(line))) == [line]
    assert found(written(f"# %% [markdown]\n# Write {line}0\n\n" + TASK.format(line))) == (
        [] if line == "x = 443" else [line]
    )


def test_a_solution_put_into_a_built_notebook_leaks(lab: Lab) -> None:
    """A notebook that was edited by hand is read as it is, outputs and metadata included."""
    built = build(lab, dict.fromkeys(lab.tasks, 1)).decode()
    quoted = DECISION.replace('"', '\\"')
    for old, new in (
        ("# YOUR CODE HERE\\n", f"{quoted}\\n"),
        ('"outputs": []', f'"outputs": [{{"text": ["{quoted}"]}}]'),
        ('"metadata": {}', f'"metadata": {{"hint": "{quoted}"}}'),
    ):
        assert old in built
        assert found(lab, built.replace(old, new, 1).encode()) == [DECISION]
