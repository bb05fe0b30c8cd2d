"""What is read before the fork: no more than botocore's own files say, and the same for everybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.grading.isolation.warming import services_of


def test_services_of(tmp_path: Path) -> None:
    """The services that a lab makes clients of, those that every lab uses, and no name that is none."""
    lab, seed = tmp_path / "lab.py", tmp_path / "seed.py"
    lab.write_text('kms = boto3.client("kms")\nodd = boto3.client("no-such-service")\n')
    seed.write_text("table = session.resource(\n    'dynamodb', region_name=r)\n")
    assert services_of(lab, seed, tmp_path / "none.py") == ("dynamodb", "iam", "kms", "s3", "ssm", "sts")


_ALIKE = """
import boto3
from cloudlings.grading.isolation import linux, warming
def asked(made):
    seen = []
    def stop(request, **_):
        seen.append((request.method, request.url))
        raise Stop
    made.meta.events.register("before-send.*.*", stop)
    return seen
class Stop(Exception): pass
def url(region):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": region}
    client = boto3.Session(**keys).client("s3")
    seen = asked(client)
    try: client.list_objects_v2(Bucket="a-bucket")
    except Stop: pass
    return seen, client
def alias(name):
    return hooks.EventAliaser(hooks.HierarchicalEmitter())._alias_event_name(name)
from botocore import hooks
names = [f"{a}.{b}{c}" for b in (*hooks.EVENT_ALIASES, "s3", "sts")
         for a, c in (("before-call", ".Op"), ("x", ""), ("a.b", "s.Op"))]
def plain(**kwargs): pass
def strict(one): pass
class Handles:
    def any(self, **kwargs): pass
    def __call__(self, **kwargs): pass
handlers = [plain, strict, Handles().any, Handles()]
before = [url(region)[0] for region in ("eu-west-1", "cn-north-1")]
aliases = [alias(name) for name in names]
assert [bool(hooks.accepts_kwargs(each)) for each in handlers] == [True, False, True, True], handlers
warming.keep_what_is_read()
assert [alias(name) for name in names] == aliases and aliases != names
assert [bool(hooks.accepts_kwargs(each)) for each in handlers] == [True, False, True, True], handlers
warming.clients(("s3", "sts"))
warming.settle(many=True)
after = [url(region) for region in ("eu-west-1", "cn-north-1")]
assert [seen for seen, _ in after] == before and all(before), (before, after)
one, other = (client for _, client in after)
assert type(one) is not type(other) and one.meta.events is not other.meta.events
assert one.meta.service_model is other.meta.service_model and one.meta.region_name != other.meta.region_name
print("alike")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the zygote is Linux's")
def test_clients_alike() -> None:
    """A client that shares what was read asks the same place in the same way as one that reads anew."""
    done = subprocess.run([sys.executable, "-c", _ALIKE], capture_output=True, text=True, timeout=200)
    assert (done.stdout, done.stderr) == ("alike\n", "")


_BUCKETS = """
import boto3
from botocore.config import Config
from cloudlings.grading.isolation import warming
names = ["a-bucket", "another.one", "x" * 63, "x" * 64, "ab", "abc", "a--b", "Upper", "a_b", "-a", "a-",
         "1.2.3.4", "b--use1-az4--x-s3", "b--xa-s3", "a" * 20 + "--op-s3", "stands-for-all-0", "b-s3alias",
         "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3", "so-does-this-one", "xn--a",
         "arn:aws:s3:us-east-1:111122223333:accesspoint/a", "b\u00fccket", "", "amzn-s3-demo-bucket"]
def asked(client):
    seen = []
    def stop(request, **_):
        seen.append((request.method, request.url, request.headers.get("Host")))
        raise Stop
    client.meta.events.register("before-send.*.*", stop)
    for name in names:
        for key in ("k", "another/key"):
            try: client.get_object(Bucket=name, Key=key)
            except Stop: pass
            except Exception as error: seen.append((type(error).__name__, str(error)))
    return seen
class Stop(Exception): pass
def all_of():
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    found = []
    for region, endpoint, settings, more in (
        ("us-east-1", "http://127.0.0.1:4566", {}, {}),
        ("eu-west-1", "http://127.0.0.1:4566", {"addressing_style": "path"}, {}),
        ("eu-west-1", "https://s3.example.com/base", {"addressing_style": "virtual"}, {}),
        ("us-east-1", None, {}, {}),
        ("eu-west-1", None, {"use_accelerate_endpoint": True}, {}),
        ("cn-north-1", None, {"addressing_style": "path"}, {"use_dualstack_endpoint": True}),
    ):
        config = Config(s3=settings, **more)
        client = boto3.Session(region_name=region, **keys).client("s3", endpoint_url=endpoint, config=config)
        found.append(asked(client))
    return found
warming.read_files_once()
from botocore.endpoint_provider import EndpointProvider, RuleSet
looked, look = [], RuleSet.evaluate
def counted(rules, asked):
    looked.append(asked)
    return look(rules, asked)
RuleSet.evaluate = counted
before, first = all_of(), len(looked)
EndpointProvider.resolve_endpoint = warming._buckets_alike(EndpointProvider)
after, second = all_of(), len(looked) - first
assert second < first, (first, second)
for one, other in zip(before, after): assert one == other, [p for p in zip(one, other) if p[0] != p[1]]
assert len({str(each) for each in before}) == 6
"""


def test_buckets_are_where_they_were() -> None:
    """Whatever a bucket's name, and however a client reaches it, its address is the one that S3's rules
    give."""
    done = subprocess.run([sys.executable, "-c", _BUCKETS], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")


_AGENTS = """
import boto3
from botocore.config import Config
from cloudlings.grading.isolation import warming
class Stop(Exception): pass
def sorted_words(text):
    return [",".join(sorted(word.split(","))) if word.startswith("m/") else word for word in text.split()]
def said():
    seen = []
    def stop(request, **_):
        name = request.headers["User-Agent"]
        seen.append(sorted_words(name.decode() if isinstance(name, bytes) else name))
        raise Stop
    for extra in ("", "extra/1"):
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        session = boto3.Session(**keys)
        session._session.user_agent_extra = extra
        for config in ({}, {"user_agent_extra": "x"}, {"user_agent": "mine"}, {"user_agent_appid": "app"},
                       {"retries": {"mode": "standard"}}, {"user_agent_extra": "x"}):
            client = session.client("s3", config=Config(**config))
            client.meta.events.register("before-send.*.*", stop)
            for ask in (client.list_buckets, client.list_buckets,
                        lambda: client.get_paginator("list_buckets").paginate().build_full_result()):
                try: ask()
                except Stop: pass
    return seen
before = said()
warming.keep_what_is_read()
assert said() == before and len({tuple(each) for each in before}) > 10, before
"""


def test_clients_say_who_they_are() -> None:
    """The words of a client's User-Agent are those of its session, its configuration and what it does."""
    subprocess.run([sys.executable, "-c", _AGENTS], check=True, timeout=120)


_RESOURCES = """
import boto3
from cloudlings.grading.isolation import warming
keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
before = boto3.Session(**keys).get_available_resources()
warming.keep_what_is_read()
warming.clients(("s3",))
assert boto3.Session(**keys).get_available_resources() == before and "s3" in before
assert boto3.Session(**keys).resource("s3").Bucket("a-bucket").name == "a-bucket"
"""


def test_resources_are_found() -> None:
    """boto3's resources, whose descriptions lie in another folder than botocore's, are there as before."""
    subprocess.run([sys.executable, "-c", _RESOURCES], check=True, timeout=120)
