"""A lab's kernel beyond Python: %%aws, %%cfn, names on Tab, errors with their reason, the way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from IPython.testing.globalipapp import start_ipython

from cloudlings.errors import LabError
from cloudlings.grading.checker import Checker
from cloudlings.notebook import magics, session
from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parents[1] / "grading" / "course"
STACK = """
Parameters: {Bucket: {Type: String}, Word: {Type: String, Default: none}}
Resources:
  Notes: {Type: AWS::SSM::Parameter, Properties: {Name: /notes/stack, Type: String, Value: !Ref Word}}
Outputs: {Named: {Value: !Ref Bucket}}
"""


@pytest.fixture(scope="module")
def shell() -> Iterator[object]:
    """An IPython of this process with the small lab open in it; what a kernel keeps is taken back."""
    environment = dict(os.environ)
    with Sandbox.temporary(keeps=True) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOUDLINGS_HOME", str(sandbox.home))
        patch.setenv("CLOUDLINGS_ROOT", str(COURSE))
        patch.setenv("IPYTHONDIR", str(sandbox.home / "ipython"))
        # The guard of a kernel stands for good, and other tests of this process have sandboxes of their own.
        patch.setattr(session, "install", lambda: None)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        checker = Checker.start(COURSE, sandbox.home)
        shell = start_ipython()
        shell.run_cell(
            "import boto3\nfrom cloudlings.notebook import *\nbrief = open_lab('990-notes', seed='kernel')\n"
        )
        yield shell
        session._open = None
        checker.stop()
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def cell(shell, capsys):
    """Runs a cell; gives what it showed."""

    def run(text: str) -> str:
        shell.run_cell(text)
        return "".join(capsys.readouterr())

    return run


def test_aws_commands_run_with_the_notebooks_values(cell, shell):
    """Lines with and without aws, a comment, a continued line, a value in quotes; the answer is kept."""
    shown = cell(
        "%%aws -o listed --region us-east-1\n"
        "# a note\n"
        'aws ssm put-parameter --name /notes/x --type String \\\n --value \'{"word": "$brief.word"}\'\n'
        "ssm get-parameter --name /notes/x\n"
    )
    assert "Version" in shown
    assert shell.user_ns["brief"].word in shell.user_ns["listed"]["Parameter"]["Value"]


def test_the_first_command_that_fails_ends_the_cell(cell):
    """What failed is told in AWS's words, without a traceback; nothing runs after it."""
    shown = cell(
        "%%aws\nssm get-parameter --name /not/there\nssm put-parameter --name /late --value x --type String\n"
    )
    assert "! aws ssm get-parameter did not succeed" in shown
    assert "ParameterNotFound" in shown
    assert "Traceback" not in shown
    assert "ParameterNotFound" in cell("%%aws\nssm get-parameter --name /late\n")


def test_a_template_becomes_a_stack(cell):
    """Made, then updated, then unchanged; parameters named like personal values have them."""
    shown = cell(f"%%cfn notes\n{STACK}")
    assert "✔ Stack notes: CREATE_COMPLETE" in shown
    assert "Named = " in shown
    assert "UPDATE_COMPLETE" in cell(f"%%cfn notes Word=other\n{STACK}")
    assert "is as the template says already" in cell(f"%%cfn notes Word=other\n{STACK}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%cfn notes\nResources: [", "no template that CloudFormation can read"),
        (f"%%cfn notes Wrod=1\n{STACK}", "its parameters are: Bucket, Word"),
        (f"%%cfn\n{STACK}", "does not name its stack"),
        ("%%aws\nssm get-parameter --name 'x", "cannot be read"),
    ],
)
def test_a_slip_in_a_magic_is_answered_with_words(cell, text, said):
    """What was wrong and what to write; no traceback."""
    shown = cell(text)
    assert said in shown
    assert "Traceback" not in shown


def test_a_stack_that_fails_says_which_resource_and_why(cell):
    """The reason is the failed resource's own."""
    template = (
        "Resources: {Bad: {Type: AWS::SSM::Parameter, Properties: {Name: /aws/x, Type: String, Value: a}}}"
    )
    shown = cell(f"%%cfn broken\n{template}")
    assert "✘ Stack broken: ROLLBACK_COMPLETE" in shown
    assert "Bad: " in shown


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ('check("ke', ["keep-note"]),
        ("hint('", ["keep-note", "mend-setting", "count-notes"]),
        ('open_lab("9', ["990-notes"]),
        ('x = answer("co', ["count-notes"]),
    ],
)
def test_names_are_offered_between_quotes(shell, typed, offered):
    """Tab offers the lab's tasks, or the labs, and nothing else."""
    assert sorted(shell.complete(typed, typed)[1]) == sorted(offered)


def test_a_denial_in_a_cell_shows_its_reason_and_folds_the_traceback(cell, shell, monkeypatch):
    """The learner's line, AWS's words, each permission with its mark; its traceback is folded."""
    cards = []
    monkeypatch.setattr("cloudlings.notebook.errors.display", cards.append)
    shown = cell(
        "import boto3, json\niam = boto3.client('iam')\n"
        "key = iam.create_user(UserName='ana') and iam.create_access_key(UserName='ana')['AccessKey']\n"
        "ana = boto3.Session(key['AccessKeyId'], key['SecretAccessKey']).client('s3')\n"
        "ana.list_buckets()\n"
    )
    assert "line 5: ana.list_buckets()" in shown
    assert "AccessDenied" in shown
    assert "_api_call" not in shown
    (card,) = cards
    assert "missing   s3:ListAllMyBuckets on *" in card.text
    assert "<details><summary>The whole traceback" in card.html
    assert "_api_call" in card.html


def test_other_errors_of_aws_are_short_too(cell, shell):
    """One line for the place and one for what AWS said; the cell still failed."""
    result = shell.run_cell("boto3.client('s3').get_object(Bucket='nowhere-at-all', Key='k')")
    assert type(result.error_in_exec).__name__ == "NoSuchBucket"
    assert "_api_call" not in cell("boto3.client('s3').get_object(Bucket='nowhere-at-all', Key='k')")


def test_the_way_back_is_in_the_notebook(cell):
    """A change is taken back, and comes again by the checkpoint that the undo left."""
    cell("boto3.client('sqs').create_queue(QueueName='made')")
    shown = cell("undo()")
    assert "went back to" in shown
    assert "sqs:CreateQueue" in shown
    assert "QueueDoesNotExist" in cell("boto3.client('sqs').get_queue_url(QueueName='made')")
    cell("rewind('before-undo')")
    assert "made" in cell("print(boto3.client('sqs').get_queue_url(QueueName='made')['QueueUrl'])")
    assert "checkpoint(" in cell("rewind('nowhere')") or "no checkpoint" in cell("rewind('nowhere')")


def test_values_are_put_in_where_there_are_some():
    """Unknown names stay as they are (JMESPath, file names); text after a value's dot stays text."""

    class Brief:
        bucket = "plans"
        ports = (80, 443)

    known = {"brief": Brief(), "n": 3}
    filled = [
        magics.filled(text, known)
        for text in ("s3://$brief.bucket/a", "${n}x", "$unknown", "$n.txt", "$brief.ports")
    ]
    assert filled == ["s3://plans/a", "3x", "$unknown", "3.txt", "[80, 443]"]
    with pytest.raises(LabError, match="cannot be read"):
        magics.commands("s3 ls 'x", known)
